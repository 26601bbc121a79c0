package brief

import (
	"context"
	"slices"
	"strings"
	"time"

	"dealwiki/wiki"
	"dealwiki/wiki/people"
	"dealwiki/wiki/repo"
)

// Person is somebody who works or worked on the deal, and what they know.
type Person struct {
	ID       string    `json:"id,omitempty"` // "" for somebody without an account
	Handle   string    `json:"handle,omitempty"`
	Name     string    `json:"name"`
	Job      string    `json:"job,omitempty"`
	Skills   string    `json:"skills,omitempty"`
	Guest    bool      `json:"guest,omitempty"`
	Versions int       `json:"versions,omitempty"`
	Last     time.Time `json:"last,omitzero"`
	Pages    []Source  `json:"pages,omitempty"` // that they changed last
}

const (
	knownPages = 3
	maxPeople  = 20
)

// contributors is who made the commits of a side up to one of them.
type contributors struct {
	head repo.Hash
	list []repo.Contributor
}

// contributors answers who made the commits of a side. Counting goes through
// all of them, so it is done once for each new head.
func (m *Maker) contributors(ctx context.Context, caller people.Caller, side *wiki.Side) ([]repo.Contributor, error) {
	head, err := side.Head(ctx, caller)
	if err != nil {
		return nil, err
	}
	id := wiki.SideID{Prospect: side.Prospect(), Section: side.Section()}
	m.mu.Lock()
	known, ok := m.who[id]
	m.mu.Unlock()
	if ok && known.head == head {
		return known.list, nil
	}
	list, err := side.Contributors(ctx, caller)
	if err != nil {
		return nil, err
	}
	m.mu.Lock()
	m.who[id] = contributors{head, list}
	m.mu.Unlock()
	return list, nil
}

// person answers who a git identity is.
func (m *Maker) person(ctx context.Context, who repo.Person) Person {
	p := Person{Name: who.Name}
	if id := wiki.PersonID(who); id != "" {
		if found, err := m.people.Get(ctx, id); err == nil {
			p = account(found)
		}
	}
	return p
}

func account(p people.Person) Person {
	return Person{ID: p.ID, Handle: p.Handle, Name: p.Name, Job: string(p.Job), Skills: p.Skills, Guest: p.Guest}
}

// whoIsWho lists who made versions of either side, with the pages that are
// theirs last, and names the owner.
func (m *Maker) whoIsWho(ctx context.Context, caller people.Caller, sp *wiki.Space, b *Brief, pages []page) error {
	access, err := m.people.Access(ctx, sp.Prospect())
	if err != nil {
		return err
	}
	if access.Owner != "" {
		if p, err := m.people.Get(ctx, access.Owner); err == nil {
			owner := account(p)
			b.Owner = &owner
		}
	}
	all := map[repo.Person]*Person{}
	var order []*Person
	for _, side := range sp.Sides() {
		list, err := m.contributors(ctx, caller, side)
		if err != nil {
			return err
		}
		for _, c := range list {
			if wiki.PersonID(c.Person) == "dealwiki" {
				continue // the program itself, under whatever name
			}
			p := all[c.Person]
			if p == nil {
				found := m.person(ctx, c.Person)
				p = &found
				all[c.Person] = p
				order = append(order, p)
			}
			p.Versions += c.Commits
			if c.Last.After(p.Last) {
				p.Last = c.Last
			}
		}
	}
	byDate := slices.Clone(pages)
	slices.SortStableFunc(byDate, func(a, b page) int { return b.Updated.Compare(a.Updated) })
	for _, pg := range byDate {
		for _, who := range append([]repo.Person{pg.Author}, pg.CoAuthors...) {
			if p := all[who]; p != nil && len(p.Pages) < knownPages && !pg.Untouched {
				p.Pages = append(p.Pages, Source{Place: pg.Place, Title: pg.Title, Line: 1})
			}
		}
	}
	slices.SortStableFunc(order, func(a, b *Person) int {
		if a.Versions != b.Versions {
			return b.Versions - a.Versions
		}
		return strings.Compare(a.Name, b.Name)
	})
	for _, p := range order {
		if len(b.People) < maxPeople {
			b.People = append(b.People, *p)
		}
	}
	return nil
}
