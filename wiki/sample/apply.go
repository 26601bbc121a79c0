package sample

import (
	"context"
	"errors"
	"fmt"
	"sort"
	"sync/atomic"
	"time"

	"dealwiki/wiki"
	"dealwiki/wiki/people"
	"dealwiki/wiki/repo"
)

// Clock is a clock that can be set, so that a wiki opened with it writes the
// past of the sample company at the times when it happened.
type Clock struct{ set atomic.Pointer[time.Time] }

// Now is the time that was set, or the real one.
func (c *Clock) Now() time.Time {
	if t := c.set.Load(); t != nil {
		return *t
	}
	return time.Now()
}

// Set stops the clock at a time.
func (c *Clock) Set(t time.Time) { c.set.Store(&t) }

// Run lets the clock show the real time again.
func (c *Clock) Run() { c.set.Store(nil) }

// Apply writes the company into an empty wiki, which must have been opened with
// clock. It answers the accounts by handle.
func (c *Company) Apply(ctx context.Context, w *wiki.Wiki, clock *Clock) (map[string]people.Person, error) {
	defer clock.Run()
	a := &applier{w: w, clock: clock, system: people.System("sample"), people: map[string]people.Person{}}
	for _, p := range c.People {
		added, err := w.People().Add(ctx, a.system, people.NewPerson{Name: p.Name, Email: p.Email, Role: people.Role(p.Role), Job: people.Job(p.Job), Skills: p.Skills})
		if err != nil {
			return nil, fmt.Errorf("adding %s: %w", p.Name, err)
		}
		a.people[p.Handle] = added
	}
	for _, g := range c.Guests {
		added, err := w.People().Add(ctx, a.system, people.NewPerson{Name: g.Name, Email: g.Email, Guest: true})
		if err != nil {
			return nil, fmt.Errorf("adding %s: %w", g.Name, err)
		}
		a.people[g.Handle] = added
	}
	for _, r := range c.Playbook {
		if err := a.revision(ctx, wiki.Playbook, r); err != nil {
			return nil, err
		}
	}
	for _, p := range c.Prospects {
		if err := a.prospect(ctx, p); err != nil {
			return nil, fmt.Errorf("writing %s: %w", p.Title, err)
		}
	}
	clock.Run()
	for _, p := range c.Prospects {
		if err := a.read(ctx, p); err != nil {
			return nil, fmt.Errorf("marking %s as read: %w", p.Title, err)
		}
	}
	return a.people, nil
}

type applier struct {
	w      *wiki.Wiki
	clock  *Clock
	system people.Caller
	people map[string]people.Person
}

// event is something that happened to a prospect.
type event struct {
	at time.Time
	do func() error
}

func (a *applier) prospect(ctx context.Context, p Prospect) error {
	first := p.Stages[0]
	n := wiki.NewProspect{Owner: a.people[p.Owner].ID, Prospect: wiki.Prospect{Slug: p.Slug, Title: p.Title, Stage: first.Stage,
		Since: first.At.Format(time.DateOnly), Created: first.At.Format(time.DateOnly),
		Value: float64(p.Value), Currency: p.Currency, Tags: p.Tags, Source: p.Source}}
	if !p.Close.IsZero() {
		n.ExpectedClose = p.Close.Format(time.DateOnly)
	}
	a.clock.Set(first.At)
	if _, err := a.w.Create(ctx, a.system, n); err != nil {
		return err
	}
	var events []event
	for _, st := range p.Stages[1:] {
		events = append(events, event{st.At, func() error {
			_, err := a.w.SetStage(ctx, a.system, p.Slug, st.Stage)
			return err
		}})
	}
	for _, r := range p.Revisions {
		events = append(events, event{r.At, func() error { return a.revision(ctx, p.Slug, r) }})
	}
	for _, f := range p.Files {
		events = append(events, event{f.At, func() error { return a.file(ctx, p, f) }})
	}
	sort.SliceStable(events, func(i, j int) bool { return events[i].at.Before(events[j].at) })
	for _, e := range events {
		a.clock.Set(e.at)
		if err := e.do(); err != nil {
			return err
		}
	}
	if p.Outcome == wiki.OutcomeOpen {
		return nil
	}
	_, err := a.w.SetOutcome(ctx, a.system, p.Slug, p.Outcome, p.Close.Format(time.DateOnly), p.Reason)
	return err
}

func (a *applier) side(ctx context.Context, caller people.Caller, prospect, section string) (*wiki.Side, error) {
	sp, err := a.w.Space(ctx, caller, prospect)
	if err != nil {
		return nil, err
	}
	return sp.Side(wiki.Section(section))
}

func (a *applier) revision(ctx context.Context, prospect string, r Revision) error {
	a.clock.Set(r.At)
	sd, err := a.side(ctx, a.system, prospect, r.Section)
	if err != nil {
		return err
	}
	place := wiki.Place{Section: wiki.Section(r.Section), Stage: r.Stage, Page: r.Page}
	base := repo.Zero
	info, err := sd.Lookup(ctx, a.system, place)
	if err == nil {
		base = info.Version
	} else if !errors.Is(err, wiki.ErrNotFound) {
		return err
	}
	by := &wiki.Authors{Author: a.people[r.Author]}
	for _, h := range r.CoAuthors {
		by.With = append(by.With, a.people[h])
	}
	_, err = sd.Edit(ctx, a.system, wiki.Edit{Place: place, Text: []byte(r.Text), Base: base, Message: r.Message, By: by})
	if err != nil {
		return fmt.Errorf("writing %s: %w", place, err)
	}
	return nil
}

// file attaches a file; what a guest brought is attached by the owner.
func (a *applier) file(ctx context.Context, p Prospect, f File) error {
	caller := people.Caller{Person: a.people[f.Author], Scopes: people.AllScopes, Via: "sample"}
	if caller.Person.ID == "" || caller.Person.Guest {
		caller.Person = a.people[p.Owner]
	}
	sd, err := a.side(ctx, caller, p.Slug, f.Section)
	if err != nil {
		return err
	}
	_, err = sd.PutFile(ctx, caller, wiki.File{Section: wiki.Section(f.Section), Stage: f.Stage, Name: f.Name}, f.Data, false)
	return err
}

// fresh is how long after a page's last change nobody but its author has read
// it, so that there is something new to see.
const fresh = 4 * 24 * time.Hour

// read marks older pages as read by the prospect's owner and their authors.
func (a *applier) read(ctx context.Context, p Prospect) error {
	now := a.clock.Now()
	readers := map[string]bool{p.Owner: true}
	for _, r := range p.Revisions {
		readers[r.Author] = true
	}
	for handle := range readers {
		person, ok := a.people[handle]
		if !ok || person.Guest {
			continue
		}
		caller := people.Caller{Person: person, Scopes: people.AllScopes, Via: "sample"}
		for _, section := range []wiki.Section{wiki.Internal, wiki.External} {
			sd, err := a.side(ctx, caller, p.Slug, string(section))
			if err != nil {
				return err
			}
			pages, err := sd.Pages(ctx, caller)
			if err != nil {
				return err
			}
			for _, page := range pages {
				if wiki.PersonID(page.Author) != person.ID && now.Sub(page.Updated) < fresh {
					continue
				}
				if err := a.w.People().MarkRead(ctx, caller, p.Slug, string(section), page.Stage+"/"+page.Page, page.Version.String()); err != nil {
					return err
				}
			}
		}
	}
	return nil
}
