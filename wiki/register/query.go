package register

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"

	"dealwiki/wiki"
	"dealwiki/wiki/people"
)

// Side answers all facts of one side, those that are gone included, in the
// order of their pages. A fact's stage is left out for guests.
func (r *Register) Side(ctx context.Context, caller people.Caller, side *wiki.Side) ([]Fact, error) {
	if _, err := side.Head(ctx, caller); err != nil {
		return nil, err
	}
	id := wiki.SideID{Prospect: side.Prospect(), Section: side.Section()}
	if err := r.follow(ctx, id); err != nil {
		return nil, fmt.Errorf("following the facts of %s: %w", sideName(id), err)
	}
	facts, err := r.read(ctx, `SELECT fact FROM register_facts WHERE side=?`, sideName(id))
	if err != nil {
		return nil, err
	}
	facts = join(facts)
	if caller.Person.Guest {
		for i := range facts {
			facts[i].Life = slices.Clone(facts[i].Life)
			for j := range facts[i].Life {
				facts[i].Life[j].Stage = ""
			}
		}
	}
	return facts, nil
}

// Space answers all facts of a prospect, of both sides.
func (r *Register) Space(ctx context.Context, caller people.Caller, sp *wiki.Space) ([]Fact, error) {
	var all []Fact
	for _, side := range sp.Sides() {
		if _, err := side.Head(ctx, caller); err != nil {
			return nil, err
		}
		id := wiki.SideID{Prospect: side.Prospect(), Section: side.Section()}
		if err := r.follow(ctx, id); err != nil {
			return nil, fmt.Errorf("following the facts of %s: %w", sideName(id), err)
		}
		facts, err := r.read(ctx, `SELECT fact FROM register_facts WHERE side=?`, sideName(id))
		if err != nil {
			return nil, err
		}
		all = append(all, facts...)
	}
	return join(all), nil
}

// Filter says which facts are asked for over all prospects. Empty fields do
// not filter.
type Filter struct {
	Kinds    []string
	States   []State
	Owners   []string // handles
	DueFrom  string   // YYYY-MM-DD
	DueUntil string   // YYYY-MM-DD, that day included
	Stage    string   // of origin
	Text     string   // words that the title or body holds, any case
}

func (f *Filter) holds(fact *Fact) bool {
	is := func(list []string, v string) bool { return len(list) == 0 || slices.Contains(list, v) }
	switch {
	case !is(f.Kinds, fact.Kind), len(f.States) > 0 && !slices.Contains(f.States, fact.State), !is(f.Owners, fact.Owner):
		return false
	case f.DueFrom != "" && fact.Due < f.DueFrom, f.DueUntil != "" && (fact.Due == "" || fact.Due > f.DueUntil):
		return false
	case f.Stage != "" && fact.Origin() != f.Stage:
		return false
	}
	text := strings.ToLower(fact.Title + "\n" + fact.Body)
	for word := range strings.FieldsSeq(strings.ToLower(f.Text)) {
		if !strings.Contains(text, word) {
			return false
		}
	}
	return true
}

// Select keeps the facts that a filter asks for.
func Select(facts []Fact, f Filter) []Fact {
	return slices.DeleteFunc(slices.Clone(facts), func(fact Fact) bool { return !f.holds(&fact) })
}

// All answers the facts that a member of staff may see over all prospects, by
// date due, those without one last.
func (r *Register) All(ctx context.Context, caller people.Caller, f Filter) ([]Fact, error) {
	if caller.Person.Guest || !caller.Can(people.Read) {
		return nil, people.ErrForbidden
	}
	if err := r.catchUp(ctx); err != nil {
		r.log.Warn("following facts", "err", err)
	}
	query, args := `SELECT fact FROM register_facts WHERE 1`, []any(nil)
	in := func(column string, list []string) {
		if len(list) == 0 {
			return
		}
		query += ` AND ` + column + ` IN (?` + strings.Repeat(",?", len(list)-1) + `)`
		for _, v := range list {
			args = append(args, v)
		}
	}
	states := make([]string, len(f.States))
	for i, s := range f.States {
		states[i] = string(s)
	}
	in("state", states)
	in("kind", f.Kinds)
	in("owner", f.Owners)
	if f.DueUntil != "" {
		query += ` AND due<>'' AND due<=?`
		args = append(args, f.DueUntil)
	}
	facts, err := r.read(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	level := r.w.People().Visible(ctx, caller)
	facts = slices.DeleteFunc(join(facts), func(fact Fact) bool {
		return fact.Prospect == wiki.Playbook || level(fact.Prospect) < people.Viewer || !f.holds(&fact)
	})
	slices.SortFunc(facts, func(a, b Fact) int {
		return cmp.Or(compareDue(a.Due, b.Due), strings.Compare(a.Prospect, b.Prospect), strings.Compare(a.Place.String(), b.Place.String()), a.Line-b.Line)
	})
	return facts, nil
}

func compareDue(a, b string) int {
	if (a == "") != (b == "") {
		return strings.Compare(b, a)
	}
	return strings.Compare(a, b)
}

// Find answers one fact of a prospect by its id or key.
func Find(facts []Fact, key string) (Fact, error) {
	for _, f := range facts {
		if f.Key == key && !f.Copy {
			return f, nil
		}
	}
	return Fact{}, wiki.ErrNotFound
}

func (r *Register) read(ctx context.Context, query string, args ...any) ([]Fact, error) {
	rows, err := r.db.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, fmt.Errorf("reading facts: %w", err)
	}
	defer rows.Close()
	var out []Fact
	for rows.Next() {
		var data sql.RawBytes
		if err := rows.Scan(&data); err != nil {
			return nil, fmt.Errorf("reading facts: %w", err)
		}
		f, err := r.parsed.fact(data)
		if err != nil {
			return nil, fmt.Errorf("reading facts: %w", err)
		}
		out = append(out, f)
	}
	return out, rows.Err()
}

// join makes one fact of those with one id: it has been moved by hand from page
// to page, or shared. Where it stands on several pages at once, the oldest is
// the fact and the others are copies.
func join(facts []Fact) []Fact {
	slices.SortStableFunc(facts, func(a, b Fact) int {
		return cmp.Or(strings.Compare(a.Prospect, b.Prospect), a.Raised().At.Compare(b.Raised().At), strings.Compare(a.Place.String(), b.Place.String()), a.Line-b.Line)
	})
	type at struct{ prospect, id string }
	first := map[at]int{}
	out := facts[:0:0]
	for _, f := range facts {
		i, twice := first[at{f.Prospect, f.ID}]
		switch {
		case f.ID == "" || !twice:
			if f.ID != "" {
				first[at{f.Prospect, f.ID}] = len(out)
			}
			out = append(out, f)
		case out[i].State != StateGone && f.State != StateGone:
			f.Copy = true
			out = append(out, f)
		default:
			life := slices.Concat(out[i].Life, f.Life)
			slices.SortStableFunc(life, func(a, b Event) int { return a.At.Compare(b.At) })
			if out[i].State == StateGone {
				out[i] = f
			}
			out[i].Life = life
		}
	}
	slices.SortStableFunc(out, func(a, b Fact) int {
		return cmp.Or(strings.Compare(a.Prospect, b.Prospect), strings.Compare(a.Place.String(), b.Place.String()), a.Line-b.Line)
	})
	return out
}
