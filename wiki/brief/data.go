package brief

import (
	"dealwiki/wiki"
	"dealwiki/wiki/repo"
)

// whole makes lists of what holds nothing, so that a program finds lists.
func (b *Brief) whole() {
	full(&b.Lines)
	full(&b.Facts)
	full(&b.Settled)
	full(&b.Yours)
	full(&b.Answers)
	full(&b.Openings)
	full(&b.Sections)
	full(&b.Log)
	full(&b.Possible)
	full(&b.Weak)
	full(&b.People)
	full(&b.Reading)
	full(&b.Missing)
	if s := b.Since; s != nil {
		full(&s.Raised)
		full(&s.Closed)
		full(&s.Moved)
		full(&s.Pages)
		full(&s.Joined)
		full(&s.Gone)
		for i := range s.Pages {
			full(&s.Pages[i].By)
			full(&s.Pages[i].Digest)
		}
	}
}

func full[T any](list *[]T) {
	if *list == nil {
		*list = []T{}
	}
}

// name fills in what programs read: places as text, and people by their ids.
func (b *Brief) name(person func(repo.Person) Person) {
	known := map[repo.Person]Person{}
	facts := func(all []Fact) {
		for i := range all {
			f := &all[i]
			f.At, f.Life = f.Place.String(), make([]Event, 0, len(f.Fact.Life))
			for _, e := range f.Fact.Life {
				who, ok := known[e.By]
				if !ok {
					who = person(e.By)
					known[e.By] = who
				}
				f.Life = append(f.Life, Event{e, Person{ID: who.ID, Handle: who.Handle, Name: who.Name}})
			}
		}
	}
	for _, g := range b.Facts {
		facts(g.Facts)
	}
	facts(b.Settled)
	facts(b.Yours)
	at := func(s *Source) {
		if s != nil && s.Place != (wiki.Place{}) {
			s.At = s.Place.String()
		}
	}
	for _, l := range b.Lines {
		at(l.Source)
	}
	for _, a := range b.Answers {
		for i := range a.Passages {
			at(&a.Passages[i].Source)
		}
	}
	for i := range b.Openings {
		at(&b.Openings[i].Source)
	}
	for i := range b.Sections {
		at(&b.Sections[i].Source)
	}
	for i := range b.Log {
		at(&b.Log[i].Source)
	}
	for i := range b.Possible {
		at(&b.Possible[i].Source)
	}
	for _, w := range b.Weak {
		at(w.Source)
	}
	for i := range b.People {
		for j := range b.People[i].Pages {
			at(&b.People[i].Pages[j])
		}
	}
	for i := range b.Reading {
		b.Reading[i].At = b.Reading[i].Place.String()
	}
	for i := range b.Missing {
		b.Missing[i].At = b.Missing[i].Place.String()
	}
	if s := b.Since; s != nil {
		facts(s.Raised)
		facts(s.Closed)
		facts(s.Moved)
		for i := range s.Pages {
			s.Pages[i].Where = s.Pages[i].Place.String()
		}
	}
}
