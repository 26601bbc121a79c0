package sample

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sort"
	"sync/atomic"
	"time"

	"dealwiki/wiki"
	"dealwiki/wiki/handoff"
	"dealwiki/wiki/maillog"
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

// Past reports whether the clock stands at a time that was set.
func (c *Clock) Past() bool { return c.set.Load() != nil }

// Apply writes the company into an empty wiki, which must have been opened with
// clock. The stages move by handoffs in book, each at its time. It answers the
// accounts by handle.
func (c *Company) Apply(ctx context.Context, w *wiki.Wiki, book *handoff.Book, clock *Clock) (map[string]people.Person, error) {
	defer clock.Run()
	funnel, err := w.Funnel(ctx)
	if err != nil {
		return nil, err
	}
	a := &applier{w: w, book: book, log: maillog.New(maillog.Config{Wiki: w}), clock: clock, now: c.now, funnel: funnel,
		system: people.System("sample"), people: map[string]people.Person{}}
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
	if len(c.Playbook) > 0 {
		clock.Set(c.Playbook[0].At)
	}
	if err := a.target(ctx); err != nil {
		return nil, err
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
		if err := a.guests(ctx, c.Guests, p); err != nil {
			return nil, err
		}
	}
	return a.people, nil
}

type applier struct {
	w      *wiki.Wiki
	book   *handoff.Book
	log    *maillog.Log
	clock  *Clock
	now    time.Time // when the company was loaded
	funnel *wiki.Funnel
	system people.Caller
	people map[string]people.Person
}

// shared says what the customer reads of the deal as such: the steps in their own
// words, where they are, and the date both sides work towards.
func (a *applier) shared(ctx context.Context, p Prospect) error {
	if p.Goal.IsZero() {
		return nil
	}
	side, err := a.w.Shared(ctx, a.system, p.Slug)
	if err != nil {
		return err
	}
	return side.SetInfo(ctx, a.system, func(i *wiki.SpaceInfo) {
		i.Goal, i.Step, i.Steps = p.Goal.Format(time.DateOnly), p.Stage, map[string]string{}
		for _, st := range a.funnel.Stages {
			i.Steps[st.Key] = st.Buyer
		}
	})
}

func (a *applier) prospect(ctx context.Context, p Prospect) error {
	first := p.Stages[0]
	n := wiki.NewProspect{Owner: a.people[first.By].ID, Prospect: wiki.Prospect{Slug: p.Slug, Title: p.Title, Stage: first.Stage,
		Since: first.At.Format(time.DateOnly), Created: first.At.Format(time.DateOnly),
		Value: float64(p.Value), Currency: p.Currency, Tags: p.Tags, Source: p.Source}}
	if !p.Close.IsZero() {
		n.ExpectedClose = p.Close.Format(time.DateOnly)
	}
	a.clock.Set(first.At)
	if _, err := a.w.Create(ctx, a.system, n); err != nil {
		return err
	}
	if err := a.shared(ctx, p); err != nil {
		return err
	}
	d := &deal{applier: a, p: p}
	var err error
	if d.sp, err = a.w.Space(ctx, a.system, p.Slug); err != nil {
		return err
	}
	for i := range p.Stages {
		d.enter(i)
	}
	for _, r := range p.Revisions {
		d.add(r.At, func(ctx context.Context) error { return a.revision(ctx, p.Slug, r) })
	}
	for _, f := range p.Files {
		d.add(f.At, func(ctx context.Context) error { return a.file(ctx, p, f) })
	}
	d.beside()
	if p.Outcome != wiki.OutcomeOpen {
		d.add(p.Close.Add(15*time.Hour), d.end)
	}
	sort.SliceStable(d.events, func(i, j int) bool { return d.events[i].at.Before(d.events[j].at) })
	for _, e := range d.events {
		a.clock.Set(e.at)
		if err := e.do(ctx); err != nil {
			return fmt.Errorf("on %s: %w", e.at.Format(time.DateOnly), err)
		}
	}
	// Whoever takes a stage of the work need not own the deal.
	access, err := a.w.People().Access(ctx, p.Slug)
	if err != nil || access.Owner == a.people[p.Owner].ID {
		return err
	}
	return a.w.People().SetOwner(ctx, a.system, p.Slug, a.people[p.Owner].ID)
}

// target sets what is to be won in a quarter.
func (a *applier) target(ctx context.Context) error {
	text, err := a.w.FunnelText(ctx, a.system)
	if err != nil {
		return err
	}
	text = bytes.Replace(text, []byte("\ntarget: 0\n"), []byte("\ntarget: 600000\n"), 1)
	if err := a.w.ChangeFunnel(ctx, a.system, text, nil); err != nil {
		return fmt.Errorf("setting the target: %w", err)
	}
	return nil
}

func (a *applier) caller(handle string) people.Caller {
	return people.Caller{Person: a.people[handle], Scopes: people.AllScopes, Via: "sample"}
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
