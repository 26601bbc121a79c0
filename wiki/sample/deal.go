package sample

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"slices"
	"strings"
	"time"

	"dealwiki/content"
	"dealwiki/wiki"
	"dealwiki/wiki/handoff"
	"dealwiki/wiki/people"
)

// deal writes what happened to one prospect, event by event.
type deal struct {
	*applier
	p      Prospect
	sp     *wiki.Space
	last   int // number of the newest handoff
	events []event
}

// event is something that happened to a prospect.
type event struct {
	at time.Time
	do func(context.Context) error
}

func (d *deal) add(at time.Time, do func(context.Context) error) {
	d.events = append(d.events, event{at, do})
}

// enter plans how the deal comes to its i-th stage: an offer, perhaps one that
// was sent back, and its acceptance; then the tasks of the stage are done one
// after the other.
func (d *deal) enter(i int) {
	s := d.p.Stages[i]
	lead := i == 0
	switch {
	case lead && s.By == s.To: // who found the prospect keeps it
	case lead:
		d.add(s.At.Add(5*time.Minute), func(ctx context.Context) error { return d.offer(ctx, s, s.Note) })
		d.add(s.At.Add(45*time.Minute), func(ctx context.Context) error { return d.answer(ctx, s) })
	default:
		if r := s.Returned; r != nil {
			d.add(r.Offered, func(ctx context.Context) error {
				if err := d.leave(ctx, d.p.Stages[i-1]); err != nil {
					return err
				}
				return d.offer(ctx, s, r.Note)
			})
			d.add(r.At, func(ctx context.Context) error {
				_, err := d.book.Return(ctx, d.caller(s.To), d.sp, d.last, r.Missing, "", nil)
				return err
			})
		}
		if s.By == s.To {
			s.Offered = s.At
		}
		d.add(s.Offered, func(ctx context.Context) error {
			if err := d.leave(ctx, d.p.Stages[i-1]); err != nil {
				return err
			}
			return d.offer(ctx, s, s.Note)
		})
		if s.By == s.To {
			d.rate(s)
		} else {
			d.add(s.At, func(ctx context.Context) error { return d.answer(ctx, s) })
		}
	}
	if st := d.funnel.Stage(s.Stage); st != nil && (!lead || s.By != s.To) {
		d.works(s, st, i)
	}
}

// works plans the ticking of a stage's tasks, each when it is due.
func (d *deal) works(s StageEntry, st *wiki.Stage, i int) {
	until := d.now
	if i+1 < len(d.p.Stages) {
		until = d.p.Stages[i+1].Offered
	}
	last := time.Time{}
	for _, t := range st.Tasks {
		due := s.At.AddDate(0, 0, t.Due).Add(7 * time.Hour)
		for due.Weekday() == time.Saturday || due.Weekday() == time.Sunday {
			due = due.AddDate(0, 0, 1) // nobody works then
		}
		if due.Before(until) && due.After(last) {
			last = due
		}
	}
	if !last.IsZero() {
		d.add(last, func(ctx context.Context) error { return d.tick(ctx, s, last.Format(time.DateOnly)) })
	}
}

// tick ticks the tasks of a stage that were due by a day; "" is all of them.
func (d *deal) tick(ctx context.Context, s StageEntry, day string) error {
	place := wiki.Place{Section: wiki.Internal, Stage: s.Stage, Page: "tasks"}
	page, err := d.sp.Internal().Read(ctx, d.system, place)
	if errors.Is(err, wiki.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	text := page.Text
	for _, a := range content.Parse(text).Actions() {
		if !a.Done && (day == "" || a.Due <= day) {
			if text, err = content.SetTask(text, a.Line, true); err != nil {
				return err
			}
		}
	}
	_, err = d.sp.Internal().Edit(ctx, d.caller(s.To), wiki.Edit{Place: place, Text: text, Base: page.Version, Message: "Done"})
	return err
}

// leave tidies up a stage before the deal is handed on: what was to be done is
// done, and pages that nobody has needed go.
func (d *deal) leave(ctx context.Context, s StageEntry) error {
	if err := d.tick(ctx, s, ""); err != nil {
		return err
	}
	pages, err := d.sp.Internal().Pages(ctx, d.system)
	if err != nil {
		return err
	}
	for _, page := range pages {
		if page.Untouched && page.Stage == s.Stage {
			if err := d.sp.Internal().DeletePage(ctx, d.caller(s.To), page.Place, page.Version); err != nil {
				return err
			}
		}
	}
	return nil
}

// offer hands the deal on as the data tells it.
func (d *deal) offer(ctx context.Context, s StageEntry, note string) error {
	by := d.caller(s.By)
	form, err := d.book.Form(ctx, by, d.sp, s.Stage)
	if err != nil {
		return err
	}
	o := handoff.Offer{To: s.Stage, Receiver: d.people[s.To].ID, Evidence: s.Evidence, Waived: s.Waived, Documents: s.Documents,
		Why: s.Why, Success: s.Success, Sold: s.Sold, NotSold: s.NotSold, Unclear: s.Unclear, Terms: s.Terms, Keeps: s.Keeps, Note: note}
	for _, c := range form.Criteria {
		if s.Waived[c.ID] == "" {
			o.Met = append(o.Met, c.ID)
		}
	}
	h, err := d.book.Offer(ctx, by, d.sp, o)
	if err != nil {
		return fmt.Errorf("offering %s: %w", s.Stage, err)
	}
	d.last = h.Number
	return nil
}

// answer accepts what was offered last, or refuses a lead.
func (d *deal) answer(ctx context.Context, s StageEntry) error {
	to := d.caller(s.To)
	if s.Refused != "" {
		_, err := d.book.Return(ctx, to, d.sp, d.last, s.Refused, "", nil)
		return err
	}
	h, err := d.book.Get(ctx, to, d.sp, d.last)
	if err != nil {
		return err
	}
	if _, err := d.book.Accept(ctx, to, d.sp, d.last, h.Unacknowledged(), d.ratings(s), s.Reply); err != nil {
		return fmt.Errorf("accepting %s: %w", s.Stage, err)
	}
	return nil
}

// ratings are those of the data, or what a passer-by would give: the front of
// the funnel does worse than its end.
func (d *deal) ratings(s StageEntry) handoff.Ratings {
	if len(s.Ratings) == 3 {
		return handoff.Ratings{Content: s.Ratings[0], Collaboration: s.Ratings[1], Communication: s.Ratings[2]}
	}
	base := uint32(3)
	if d.funnel.Index(s.Stage) < 2 {
		base = 2
	}
	n := d.chance(s)
	return handoff.Ratings{Content: int(base + n%3), Collaboration: int(base + n/3%3), Communication: int(base + n/9%3)}
}

// chance is a number that is the same each time.
func (d *deal) chance(s StageEntry) uint32 {
	h := fnv.New32a()
	h.Write([]byte(d.p.Slug + "/" + s.Stage))
	return h.Sum32() >> 8
}

// rate lets a colleague rate some of the stages that somebody handed to
// themselves.
func (d *deal) rate(s StageEntry) {
	rater := "wen"
	if s.By == rater {
		rater = "priya"
	}
	at := s.At.Add(28 * time.Hour)
	if d.chance(s)%2 == 0 && len(s.Ratings) == 0 || !at.Before(d.now) {
		return
	}
	d.add(at, func(ctx context.Context) error {
		all, err := d.book.List(ctx, d.system, d.sp)
		if err != nil {
			return err
		}
		i := slices.IndexFunc(all, func(h handoff.Handoff) bool { return h.To == s.Stage && h.Self() })
		if i < 0 {
			return nil
		}
		_, err = d.book.Rate(ctx, d.caller(rater), d.sp, all[i].Number, d.ratings(s), "")
		return err
	})
}

// beside plans what happened beside pages and stages.
func (d *deal) beside() {
	if s := d.p.Pending; s != nil {
		d.add(s.Offered, func(ctx context.Context) error { return d.offer(ctx, *s, s.Note) })
	}
	if s := d.p.Sleep; s != nil {
		d.add(s.At, func(ctx context.Context) error {
			_, err := d.book.Offer(ctx, d.caller(s.By), d.sp, handoff.Offer{To: string(handoff.Nurture), Wake: s.Wake.Format(time.DateOnly), Note: s.Reason})
			return err
		})
	}
	for _, w := range d.p.Warned {
		d.add(w.At, func(ctx context.Context) error {
			return d.book.AcknowledgeWarning(ctx, d.caller(w.By), d.sp, w.Days, w.Note)
		})
	}
	for _, m := range d.p.Mails {
		d.add(m.At, func(ctx context.Context) error {
			_, _, err := d.log.AddMail(ctx, d.caller(m.By), d.sp, wiki.Section(m.Section), m.Data)
			return err
		})
	}
	for _, t := range d.p.Comments {
		d.talk(t)
	}
	d.readings()
}

// talk plans a conversation beside a page.
func (d *deal) talk(t Thread) {
	var id string
	// Nobody speaks of words before they are there, nor answers before they are
	// asked, however weekends have moved the days.
	last := d.written(t)
	for i, c := range t.Comments {
		if !c.At.After(last) {
			c.At = last.Add(7 * time.Minute)
		}
		last = c.At
		d.add(c.At, func(ctx context.Context) error {
			place, sd, err := d.at(t.Page)
			if err != nil {
				return err
			}
			if i > 0 {
				_, err = sd.Reply(ctx, d.caller(c.By), place, id, c.Text)
				return err
			}
			begun, err := sd.StartThread(ctx, d.caller(c.By), place, wiki.NewThread{Quote: t.Quote, Text: c.Text})
			if err != nil {
				return fmt.Errorf("commenting on %s: %w", t.Page, err)
			}
			id = begun.ID
			return nil
		})
	}
	if r := t.Resolved; r != nil {
		at := r.At
		if !at.After(last) {
			at = last.Add(7 * time.Minute)
		}
		d.add(at, func(ctx context.Context) error {
			place, sd, err := d.at(t.Page)
			if err != nil {
				return err
			}
			_, err = sd.Resolve(ctx, d.caller(r.By), place, id, true)
			return err
		})
	}
}

// written is when the words that a conversation is about came to their page.
func (d *deal) written(t Thread) time.Time {
	for _, r := range d.p.Revisions {
		if r.Section+"/"+r.Stage+"/"+r.Page == t.Page && strings.Contains(r.Text, t.Quote) {
			return r.At
		}
	}
	return time.Time{}
}

func (d *deal) at(page string) (wiki.Place, *wiki.Side, error) {
	place, err := wiki.ParsePlace(page)
	if err != nil {
		return place, nil, err
	}
	sd, err := d.sp.Side(place.Section)
	return place, sd, err
}

// readings plans the visits: whoever wrote something has read everything at
// their last revision, but for those of whom the data says what they read.
func (d *deal) readings() {
	told := map[string]bool{}
	for _, r := range d.p.Readings {
		told[r.By] = true
		d.add(r.At, func(ctx context.Context) error { return d.read(ctx, r.By, r.Pages) })
	}
	last := map[string]time.Time{}
	for _, r := range d.p.Revisions {
		if p := d.people[r.Author]; !p.Guest && !told[r.Author] {
			last[r.Author] = r.At
		}
	}
	for who, at := range last {
		d.add(at.Add(time.Minute), func(ctx context.Context) error { return d.read(ctx, who, nil) })
	}
}

// read marks pages as read by somebody, as they are now; nil is all of them.
func (d *deal) read(ctx context.Context, who string, only []string) error {
	caller := d.caller(who)
	for _, sd := range d.sp.Sides() {
		pages, err := sd.Pages(ctx, caller)
		if err != nil {
			return err
		}
		for _, page := range pages {
			if only != nil && !slices.Contains(only, page.Place.String()) {
				continue
			}
			if err := d.w.People().MarkRead(ctx, caller, d.p.Slug, string(sd.Section()), page.Stage+"/"+page.Page, page.Version.String()); err != nil {
				return err
			}
		}
	}
	return nil
}

// end says how the deal has ended, by whoever owns it then.
func (d *deal) end(ctx context.Context) error {
	owner := people.Caller{}
	access, err := d.w.People().Access(ctx, d.p.Slug)
	if err != nil {
		return err
	}
	if owner.Person, err = d.w.People().Get(ctx, access.Owner); err != nil {
		return err
	}
	owner.Scopes, owner.Via = people.AllScopes, "sample"
	_, err = d.book.SetOutcome(ctx, owner, d.sp, d.p.Outcome, d.p.Close.Format(time.DateOnly), d.p.Reason)
	return err
}
