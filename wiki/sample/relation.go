package sample

import (
	"fmt"
	"io/fs"
	"path"
	"slices"
	"time"
)

// StageEntry says when a prospect entered a stage, and what was said then.
type StageEntry struct {
	Stage    string
	At       time.Time
	By       string // who handed it on; handle
	To       string // who took it; handle
	Note     string
	Offered  time.Time // not after At
	Returned *Return   // an offer before this one; nil: none
	Refused  string    // a lead that nobody took: why; "": it was taken
	Ratings  []int     // content, collaboration, communication; none: what the applier thinks of
	Reply    string    // of who took it
	Told
}

// Told is what the record of a handoff says in the sender's words.
type Told struct {
	Why, Success, Sold, Unclear, Terms, Keeps string
	NotSold                                   string            `yaml:"not_sold"`
	Evidence                                  map[string]string // exit criterion → what shows it; the others are met without
	Waived                                    map[string]string
	Documents                                 map[string]string // external page → sent or agreed
}

// Return is an offer that was sent back.
type Return struct {
	Offered, At   time.Time
	Note, Missing string
}

// Sleep puts a prospect on the nurturing list.
type Sleep struct {
	At, Wake time.Time
	By       string // handle
	Reason   string
}

// Readiness answers an early warning.
type Readiness struct {
	At   time.Time
	By   string // handle
	Days int    // of ramp-up
	Note string
}

// Mail is a message that somebody dropped into the log.
type Mail struct {
	At      time.Time
	By      string // handle
	Section string
	Data    []byte // RFC 5322
}

// Thread is a conversation beside a page.
type Thread struct {
	Page     string // SECTION/STAGE/PAGE
	Quote    string // the words that it is about; "": the whole page
	Comments []Comment
	Resolved *Comment // who resolved it and when; nil: open
}

// Comment is what one person said.
type Comment struct {
	At   time.Time
	By   string // handle
	Text string
}

// Reading says which pages somebody read at a visit.
type Reading struct {
	At    time.Time
	By    string   // handle
	Pages []string // SECTION/STAGE/PAGE; those that were not there yet are left out
}

type stageData struct {
	Stage    string
	Day      int
	By, To   string
	Note     string
	Offered  *int
	Returned *struct {
		Offered, Day  int
		Note, Missing string
	}
	Refused string
	Ratings []int
	Reply   string
	Told    `yaml:",inline"`
}

// moment is a time of day at which somebody did something.
type momentData struct {
	By  string
	Day int
	At  string
}

func (m momentData) time(cal calendar) (time.Time, error) {
	minute, err := clock(m.At)
	if err != nil {
		return time.Time{}, err
	}
	return cal.moment(m.Day, minute), nil
}

type commentData struct {
	momentData `yaml:",inline"`
	Text       string
}

type relationData struct {
	Pending *stageData
	Sleep   *struct {
		momentData `yaml:",inline"`
		Wake       int
		Reason     string
	}
	Warned []struct {
		momentData `yaml:",inline"`
		Days       int
		Note       string
	}
	Mails []struct {
		momentData `yaml:",inline"`
		Section    string
		File       string
	}
	Comments []struct {
		Page, Quote string
		Thread      []commentData
		Resolved    *momentData
	}
	Reads []struct {
		momentData `yaml:",inline"`
		Pages      []string
	}
}

// handedAt is when offers are made and leads are written down, in minutes.
const handedAt = 16*60 + 20

func (s stageData) entry(cal calendar, owner string) (StageEntry, error) {
	e := StageEntry{Stage: s.Stage, At: cal.moment(s.Day, 9*60), By: s.By, To: s.To, Refused: s.Refused, Ratings: s.Ratings, Told: s.Told}
	if e.By == "" {
		e.By = owner
	}
	if e.To == "" {
		e.To = owner
	}
	day := s.Day - 1
	if s.Offered != nil {
		day = *s.Offered
	}
	// Moving weekends to Friday may put the offer behind its answer.
	if e.Offered = cal.moment(day, handedAt); !e.Offered.Before(e.At) {
		e.Offered = e.At.Add(-17 * time.Hour)
	}
	if s.Returned != nil {
		r := &Return{Offered: cal.moment(s.Returned.Offered, handedAt), At: cal.moment(s.Returned.Day, 11*60), Note: s.Returned.Note, Missing: s.Returned.Missing}
		if !r.At.Before(e.Offered) {
			r.At = e.Offered.Add(-3 * time.Hour)
		}
		if !r.Offered.Before(r.At) {
			r.Offered = r.At.Add(-19 * time.Hour)
		}
		e.Returned = r
	}
	var err error
	if e.Note, err = cal.expand(s.Note); err != nil {
		return e, err
	}
	if e.Reply, err = cal.expand(s.Reply); err != nil {
		return e, err
	}
	for _, text := range []*string{&e.Why, &e.Success, &e.Sold, &e.NotSold, &e.Unclear, &e.Terms, &e.Keeps} {
		if *text, err = cal.expand(*text); err != nil {
			return e, err
		}
	}
	for id, text := range e.Evidence {
		if e.Evidence[id], err = cal.expand(text); err != nil {
			return e, err
		}
	}
	return e, nil
}

// relations reads what happened to a deal beside its pages.
func (d *relationData) relations(data fs.FS, cal calendar, p *Prospect) error {
	if d.Pending != nil {
		e, err := d.Pending.entry(cal, p.Owner)
		if err != nil {
			return err
		}
		e.Offered = e.At
		p.Pending = &e
	}
	if s := d.Sleep; s != nil {
		at, err := s.time(cal)
		if err != nil {
			return err
		}
		p.Sleep = &Sleep{At: at, By: s.By, Wake: cal.date(s.Wake), Reason: s.Reason}
	}
	for _, w := range d.Warned {
		at, err := w.time(cal)
		if err != nil {
			return err
		}
		p.Warned = append(p.Warned, Readiness{At: at, By: w.By, Days: w.Days, Note: w.Note})
	}
	for _, m := range d.Mails {
		at, err := m.time(cal)
		if err != nil {
			return err
		}
		raw, err := fs.ReadFile(data, path.Join(p.Slug, "mails", m.File))
		if err != nil {
			return fmt.Errorf("reading a mail: %w", err)
		}
		text, err := cal.expand(string(raw))
		if err != nil {
			return fmt.Errorf("%s: %w", m.File, err)
		}
		p.Mails = append(p.Mails, Mail{At: at, By: m.By, Section: m.Section, Data: []byte(text)})
	}
	for _, c := range d.Comments {
		t := Thread{Page: c.Page, Quote: c.Quote}
		for _, said := range c.Thread {
			at, err := said.time(cal)
			if err != nil {
				return err
			}
			text, err := cal.expand(said.Text)
			if err != nil {
				return err
			}
			t.Comments = append(t.Comments, Comment{At: at, By: said.By, Text: text})
		}
		if c.Resolved != nil {
			at, err := c.Resolved.time(cal)
			if err != nil {
				return err
			}
			t.Resolved = &Comment{At: at, By: c.Resolved.By}
		}
		p.Comments = append(p.Comments, t)
	}
	for _, r := range d.Reads {
		at, err := r.time(cal)
		if err != nil {
			return err
		}
		p.Readings = append(p.Readings, Reading{At: at, By: r.By, Pages: r.Pages})
	}
	return nil
}

// stranger is the first who did something to a deal without being on the staff.
func (p *Prospect) stranger(staff map[string]bool) string {
	var who []string
	if p.Pending != nil {
		who = append(who, p.Pending.By, p.Pending.To)
	}
	if p.Sleep != nil {
		who = append(who, p.Sleep.By)
	}
	for _, w := range p.Warned {
		who = append(who, w.By)
	}
	for _, m := range p.Mails {
		who = append(who, m.By)
	}
	for _, t := range p.Comments {
		for _, c := range t.Comments {
			who = append(who, c.By)
		}
	}
	for _, r := range p.Readings {
		who = append(who, r.By)
	}
	if i := slices.IndexFunc(who, func(handle string) bool { return !staff[handle] }); i >= 0 {
		return who[i]
	}
	return ""
}
