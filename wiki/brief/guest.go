package brief

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"dealwiki/wiki"
	"dealwiki/wiki/people"
	"dealwiki/wiki/register"
)

// GuestBrief is what a guest of a deal has before them: made of the shared side
// alone. It knows nothing of stages, of the record of the deal, of pages that
// are not shared, nor of how many there are.
type GuestBrief struct {
	Computed time.Time      `json:"computed"`
	Lead     string         `json:"lead"`
	Facts    []GuestGroup   `json:"facts"` // what stands open, by kind
	Answers  []Answer       `json:"answers"`
	Reading  []GuestReading `json:"reading"` // the latest first
	Left     int            `json:"minutes_left"`
}

// GuestGroup is the open facts of one kind.
type GuestGroup struct {
	Kind  string      `json:"kind"`
	Facts []GuestFact `json:"facts"`
}

// GuestFact is a fact on a shared page.
type GuestFact struct {
	ID    string    `json:"id"`
	Title string    `json:"title"`
	Body  string    `json:"body,omitempty"`
	Owner string    `json:"owner,omitempty"` // handle
	Due   string    `json:"due,omitempty"`
	Late  bool      `json:"late"`
	By    string    `json:"by"` // name of who raised it
	At    time.Time `json:"at"`
	Page  string    `json:"page"` // name of the page
	On    string    `json:"page_title"`
}

// GuestReading is a shared page.
type GuestReading struct {
	Page    string    `json:"page"`
	Title   string    `json:"title"`
	Minutes int       `json:"minutes"`
	Updated time.Time `json:"updated"`
	Read    bool      `json:"read"`
	Changed bool      `json:"changed"` // since it was read
}

// ForGuest makes the brief of the shared side of a deal, for a guest or for
// staff who want to see what guests see. Side is the external one, as
// wiki.Shared answers it.
func (m *Maker) ForGuest(ctx context.Context, caller people.Caller, side *wiki.Side) (*GuestBrief, error) {
	if side.Section() != wiki.External {
		return nil, wiki.ErrNotFound
	}
	now := m.w.Now()
	b := &GuestBrief{Computed: now, Facts: []GuestGroup{}, Answers: []Answer{}, Reading: []GuestReading{}}
	pages, err := m.pages(ctx, caller, []*wiki.Side{side})
	if err != nil {
		return nil, err
	}
	facts, err := m.register.Side(ctx, caller, side)
	if err != nil {
		return nil, fmt.Errorf("reading facts: %w", err)
	}
	titles := map[wiki.Place]string{}
	for _, p := range pages {
		titles[p.Place] = p.Title
	}
	b.facts(facts, titles, now.UTC().Format(time.DateOnly))
	whole := &Brief{}
	whole.answer(pages, knownOf(facts, titles, now.UTC().Format(time.DateOnly)), now.UTC().Format(time.DateOnly))
	for _, a := range whole.Answers {
		for i := range a.Passages {
			src := &a.Passages[i].Source
			src.At = src.Place.Page // a guest knows of no stages
			src.Place = wiki.Place{Section: wiki.External, Page: src.Place.Page}
		}
		b.Answers = append(b.Answers, a)
	}
	marks, err := m.people.ReadMarks(ctx, caller.Person.ID, side.Prospect())
	if err != nil {
		return nil, err
	}
	slices.SortStableFunc(pages, func(x, y page) int { return y.Updated.Compare(x.Updated) })
	for _, p := range pages {
		if p.Untouched {
			continue
		}
		if b.Lead == "" && p.Stage == wiki.StageAccount {
			b.Lead = p.notes.opening
		}
		r := GuestReading{Page: p.Page, Title: p.Title, Minutes: minutes(p.Words), Updated: p.Updated}
		if mark, ok := marks[p.Place.String()]; ok {
			r.Read = mark.Version == p.Version.String()
			r.Changed = !r.Read
		}
		if !r.Read {
			b.Left += r.Minutes
		}
		if len(b.Reading) < maxReading {
			b.Reading = append(b.Reading, r)
		}
	}
	return b, nil
}

func (b *GuestBrief) facts(all []register.Fact, titles map[wiki.Place]string, today string) {
	for _, kind := range kinds {
		g := GuestGroup{Kind: kind}
		for _, f := range all {
			if f.Kind != kind || f.Copy || !f.State.Stands() {
				continue
			}
			raised := f.Raised()
			g.Facts = append(g.Facts, GuestFact{ID: f.ID, Title: f.Title, Body: f.Body, Owner: f.Owner, Due: f.Due, Late: f.Overdue(today), By: raised.By.Name, At: raised.At, Page: f.Place.Page, On: titles[f.Place]})
		}
		slices.SortStableFunc(g.Facts, func(x, y GuestFact) int {
			if (x.Due == "") != (y.Due == "") {
				return cmp.Compare(y.Due, x.Due)
			}
			return cmp.Compare(x.Due, y.Due)
		})
		if len(g.Facts) > 0 {
			b.Facts = append(b.Facts, g)
		}
	}
}
