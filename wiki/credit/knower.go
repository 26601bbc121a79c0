package credit

import (
	"cmp"
	"context"
	"errors"
	"math"
	"slices"
	"strings"
	"time"

	"dealwiki/content"
	"dealwiki/wiki"
	"dealwiki/wiki/people"
)

// Found is a page that a search for the subject has found, best first.
type Found struct {
	Prospect string
	Place    wiki.Place
}

// Knower is somebody who knows about a subject.
type Knower struct {
	Person people.Person `json:"-"`
	Skills bool          `json:"skills"` // their stated skills name it
	Lines  int           `json:"lines"`  // of theirs that stand on the pages found
	Words  int           `json:"words"`  // of those lines hold a word of the question
	Last   time.Time     `json:"last,omitzero"`
	Pages  []Source      `json:"pages"` // most of theirs first
	score  float64
}

// Source is where a number comes from.
type Source struct {
	Prospect string     `json:"prospect"`
	Place    wiki.Place `json:"place,omitzero"`   // "" for a handoff
	Handoff  int        `json:"handoff,omitzero"` // its number
	Fact     string     `json:"fact,omitempty"`   // its key
	Line     int        `json:"line,omitzero"`
	Title    string     `json:"title"`
	Lines    int        `json:"lines,omitzero"` // of the person there
}

const (
	readPages  = 25                   // of those found
	halfLife   = 180 * 24 * time.Hour // text that old counts half
	plainLine  = 0.1                  // of a line that holds none of the words
	skillScore = 8                    // of each word of the question among the skills
	shownPages = 5
	maxKnowers = 12
)

// Who ranks the staff by what they know about a subject: its words, and the
// pages that a search for them has found.
func (b *Book) Who(ctx context.Context, caller people.Caller, words []string, found []Found) ([]Knower, error) {
	if caller.Person.Guest || !caller.Can(people.Read) {
		return nil, people.ErrForbidden
	}
	all, err := b.people.List(ctx)
	if err != nil {
		return nil, err
	}
	words = stems(words)
	known := map[string]*Knower{}
	for _, p := range all {
		if p.Guest || p.Disabled {
			continue
		}
		k := &Knower{Person: p, Pages: []Source{}}
		skills := strings.ToLower(p.Skills)
		for _, w := range words {
			if holds(skills, w) {
				k.Skills = true
				k.score += skillScore
			}
		}
		known[p.ID] = k
	}
	now := b.w.Now()
	for i, f := range found[:min(len(found), readPages)] {
		weight := 1 / (1 + float64(i)/8) // the best hits say most
		err := b.weigh(ctx, caller, f, words, now, weight, known)
		if err != nil && !errors.Is(err, wiki.ErrNotFound) {
			return nil, err
		}
	}
	var out []Knower
	for _, k := range known {
		if k.score > 0 {
			slices.SortStableFunc(k.Pages, func(a, b Source) int { return b.Lines - a.Lines })
			k.Pages = k.Pages[:min(len(k.Pages), shownPages)]
			out = append(out, *k)
		}
	}
	slices.SortFunc(out, func(a, b Knower) int {
		return cmp.Or(cmp.Compare(b.score, a.score), cmp.Compare(a.Person.Name, b.Person.Name), cmp.Compare(a.Person.ID, b.Person.ID))
	})
	return out[:min(len(out), maxKnowers)], nil
}

// weigh adds what people have written on a page.
func (b *Book) weigh(ctx context.Context, caller people.Caller, f Found, words []string, now time.Time, weight float64, known map[string]*Knower) error {
	sp, err := b.w.Space(ctx, caller, f.Prospect)
	if err != nil {
		return err
	}
	side, err := sp.Side(f.Place.Section)
	if err != nil {
		return err
	}
	lines, page, err := side.Blame(ctx, caller, f.Place)
	if err != nil {
		return err
	}
	text := content.SplitLines(page.Text)
	theirs := map[string]int{}
	for i, l := range lines[:min(len(lines), len(text))] {
		k := known[wiki.PersonID(l.Author)]
		line := strings.ToLower(string(text[i]))
		if k == nil || strings.TrimSpace(line) == "" {
			continue
		}
		value := plainLine
		if slices.ContainsFunc(words, func(w string) bool { return holds(line, w) }) {
			value = 1
			k.Words++
		}
		age := max(now.Sub(l.When), 0)
		k.score += weight * value * math.Pow(0.5, float64(age)/float64(halfLife))
		k.Lines++
		theirs[k.Person.ID]++
		if l.When.After(k.Last) {
			k.Last = l.When
		}
	}
	for id, n := range theirs {
		k := known[id]
		k.Pages = append(k.Pages, Source{Prospect: f.Prospect, Place: f.Place, Title: page.Title, Lines: n})
	}
	return nil
}

// stems cuts words to what they have in common with their other forms.
func stems(words []string) []string {
	var out []string
	for _, w := range words {
		r := []rune(strings.ToLower(w))
		if len(r) < 2 {
			continue
		}
		if len(r) > 5 {
			r = r[:len(r)-len(r)/3]
		}
		out = append(out, string(r))
	}
	return out
}

// holds tells whether a word of a text begins with w; both are in lower case.
func holds(text, w string) bool {
	for from := 0; ; {
		i := strings.Index(text[from:], w)
		if i < 0 {
			return false
		}
		at := from + i
		if at == 0 || !wordRune(text[:at]) {
			return true
		}
		from = at + len(w)
	}
}
