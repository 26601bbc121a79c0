package brief

import (
	"cmp"
	"context"
	"slices"

	"dealwiki/wiki"
	"dealwiki/wiki/people"
)

// Reading is a page worth reading, in the best order.
type Reading struct {
	Place   wiki.Place `json:"-"`
	At      string     `json:"place"` // the same, as programs read it
	Title   string     `json:"title"`
	Minutes int        `json:"minutes"`
	Read    bool       `json:"read"`    // the reader has read this version
	Changed bool       `json:"changed"` // and another one before
	Why     string     `json:"why"`
}

const maxReading = 15

// reading makes the reading list: needed pages of the account and of the stage
// the deal is in first, then what carries facts, then what was written lately.
func (m *Maker) reading(ctx context.Context, caller people.Caller, sp *wiki.Space, b *Brief, needs []wiki.Need, pages []page) error {
	marks, err := m.people.ReadMarks(ctx, caller.Person.ID, sp.Prospect())
	if err != nil {
		return err
	}
	needed := map[wiki.Place]bool{}
	for _, n := range needs {
		if n.Present {
			needed[n.Place()] = true
		}
	}
	type candidate struct {
		page
		points int
		why    string
	}
	var list []candidate
	for _, p := range pages {
		if p.Untouched || p.Words < 20 {
			continue
		}
		c := candidate{page: p}
		add := func(points int, why string) {
			c.points += points
			if c.why == "" {
				c.why = why
			}
		}
		if needed[p.Place] && p.Stage == wiki.StageAccount {
			add(12, "what the deal is about")
		}
		if needed[p.Place] && p.Stage == b.Prospect.Stage {
			add(8, "belongs to the stage the deal is in")
		}
		if p.Stage == b.Prospect.Stage {
			add(3, "of the stage the deal is in")
		}
		if needed[p.Place] {
			add(4, "every deal should have it")
		}
		if p.Facts > 0 {
			add(min(p.Facts, 6), "holds what was promised and decided")
		}
		answers := 0
		for _, found := range p.notes.claims {
			answers += min(len(found), 3)
		}
		add(min(answers, 8), "answers most of a newcomer's questions")
		switch w := p.notes.weight; {
		case w < 0.5:
			c.points /= 4
		case w < 1:
			c.points /= 2
		case w > 1:
			c.points++
		}
		if p.Stage == wiki.StageLog {
			c.points /= 2
		}
		list = append(list, c)
	}
	slices.SortStableFunc(list, func(a, b candidate) int {
		return cmp.Or(b.points-a.points, b.Updated.Compare(a.Updated))
	})
	for _, c := range list[:min(len(list), maxReading)] {
		r := Reading{Place: c.Place, Title: c.Title, Minutes: minutes(c.Words), Why: c.why}
		if mark, ok := marks[c.Place.String()]; ok {
			r.Read = mark.Version == c.Version.String()
			r.Changed = !r.Read
		}
		if r.Read {
			b.ReadCount++
		} else {
			b.Left += r.Minutes
		}
		b.Reading = append(b.Reading, r)
	}
	return nil
}
