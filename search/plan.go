package search

import (
	"context"
	"fmt"
	"sort"
	"strings"
	"time"

	"github.com/blevesearch/bleve/v2/mapping"
	bsearch "github.com/blevesearch/bleve/v2/search"
	bquery "github.com/blevesearch/bleve/v2/search/query"
	index "github.com/blevesearch/bleve_index_api"

	"dealwiki/search/query"
)

// Weights of where a word stands.
const (
	weightTitle = 4.0
	weightHead  = 2.0
	weightBody  = 1.0
	weightStem  = 0.7 // of what it would be as it was typed
	weightFuzzy = 0.5
)

const (
	maxPrefixTerms  = 64   // words that a prefix stands for, the commonest ones
	maxPrefixRanked = 6    // of these, those that are ranked
	maxPrefixSeen   = 5000 // words looked at to choose them
	fuzzyPrefix     = 2    // letters that must be right
)

// plan is a query as one section is asked it.
type plan struct {
	query  bquery.Query
	marker *marker
	// guarded tells that every prospect whose entries the query can find was
	// put to the caller's permission beforehand.
	guarded bool
}

// hasWords tells whether anything is looked for by words.
func hasWords(q query.Query) bool {
	for _, g := range q.Groups {
		if !g.Not {
			return true
		}
	}
	return false
}

// canCorrect tells whether forgiving typing errors can find more.
func canCorrect(q query.Query) bool {
	for _, g := range q.Groups {
		for _, t := range g.Any {
			if !g.Not && !t.Phrase && distance(t.Text) > 0 {
				return true
			}
		}
	}
	return false
}

// distance is how many typing errors are forgiven in a word.
func distance(word string) int {
	switch n := len([]rune(word)); {
	case n < 4 || n > 32:
		return 0
	case n < 8:
		return 1
	}
	return 2
}

// plan makes Bleve's query: the words, the filters and access all in one
// conjunction, the latter with no weight.
func (s *Section) plan(r Request, fuzzy bool, hidden map[string]bool) (*plan, error) {
	p := &plan{marker: newMarker(s.owner.analyzers)}
	var must, not []bquery.Query
	for _, g := range r.Query.Groups {
		var any []bquery.Query
		for _, t := range g.Any {
			q, err := s.term(t, fuzzy && !g.Not, p.marker, !g.Not)
			if err != nil {
				return nil, err
			}
			if q != nil {
				any = append(any, q)
			}
		}
		switch {
		case len(any) == 0:
			if !g.Not {
				must = append(must, bquery.NewMatchNoneQuery())
			}
		case g.Not:
			not = append(not, any...)
		default:
			must = append(must, either(any))
		}
	}
	var narrow []bquery.Query
	access := make([]string, 0, len(r.Access))
	for _, t := range r.Access {
		if t != "" {
			access = append(access, t)
		}
	}
	narrow = append(narrow, anyOf(fieldAccess, access))
	after, before := "", ""
	for _, f := range r.Query.Filters {
		field, values := "", f.Values
		switch f.Name {
		case query.In: // chooses the sections
			continue
		case query.Before:
			before = f.Values[0]
			continue
		case query.After:
			after = f.Values[0]
			continue
		case query.Stage:
			field = fieldStage
		case query.By:
			field = fieldAuthor
		case query.Kind:
			field = fieldKind
			values = nil
			for _, v := range f.Values {
				if v == "fact" {
					values = append(values, query.FactKinds()...)
				} else {
					values = append(values, v)
				}
			}
		case query.Prospect:
			field = fieldProspect
		case query.Tag:
			field = fieldTag
		case query.Has:
			field = fieldHas
		case query.Type:
			field = fieldType
		case query.Is:
			field = fieldState
		default:
			return nil, fmt.Errorf("no such filter: %s", f.Name)
		}
		if f.Not {
			not = append(not, anyOf(field, values))
		} else {
			narrow = append(narrow, anyOf(field, values))
		}
	}
	if before != "" || after != "" {
		narrow = append(narrow, anyOf(fieldWhen, days(after, before)))
	}
	if len(hidden) > 0 {
		var list []string
		for h := range hidden {
			list = append(list, h)
		}
		sort.Strings(list)
		not = append(not, anyOf(fieldProspect, list))
	}
	must = append(must, quiet{bquery.NewConjunctionQuery(narrow)})
	if len(not) == 0 {
		p.query = bquery.NewConjunctionQuery(must)
	} else {
		p.query = bquery.NewBooleanQuery([]bquery.Query{bquery.NewConjunctionQuery(must)}, nil, []bquery.Query{quiet{either(not)}})
	}
	return p, nil
}

// quiet is a query that takes no part in the score. Bleve then answers it with
// bit sets, however many keywords it has.
type quiet struct{ bquery.Query }

// Searcher is part of bquery.Query.
func (q quiet) Searcher(ctx context.Context, i index.IndexReader, m mapping.IndexMapping, o bsearch.SearcherOptions) (bsearch.Searcher, error) {
	o.Score = "none"
	return q.Query.Searcher(ctx, i, m, o)
}

// either is met by any of several queries.
func either(q []bquery.Query) bquery.Query {
	if len(q) == 1 {
		return q[0]
	}
	d := bquery.NewDisjunctionQuery(q)
	d.SetMin(1)
	return d
}

func keyword(field, value string) bquery.Query {
	q := bquery.NewTermQuery(value)
	q.SetField(field)
	q.SetBoost(0)
	return q
}

// anyOf is met by any of several keywords and adds nothing to the score.
func anyOf(field string, values []string) bquery.Query {
	if len(values) == 0 {
		return bquery.NewMatchNoneQuery()
	}
	list := make([]bquery.Query, len(values))
	for i, v := range values {
		list[i] = keyword(field, v)
	}
	if len(list) == 1 {
		return list[0]
	}
	d := bquery.NewDisjunctionQuery(list)
	d.SetMin(1)
	d.SetBoost(0)
	return d
}

func weighted(field, term string, boost float64) bquery.Query {
	q := bquery.NewTermQuery(term)
	q.SetField(field)
	q.SetBoost(boost)
	return q
}

// term makes the query for one word or phrase, and tells the marker what to
// mark; nil when nothing of it can be found.
func (s *Section) term(t query.Term, fuzzy bool, m *marker, mark bool) (bquery.Query, error) {
	list := s.owner.analyzers.terms(t.Text)
	if len(list) == 0 {
		return nil, nil
	}
	if t.Phrase || len(list) > 1 {
		if t.Prefix && !t.Phrase {
			// "follow-u" while it is typed: all but the last word are whole.
			last, err := s.word(list[len(list)-1], true, false, m, mark)
			if err != nil {
				return nil, err
			}
			return bquery.NewConjunctionQuery([]bquery.Query{s.phrase(list[:len(list)-1], m, mark), last}), nil
		}
		return s.phrase(list, m, mark), nil
	}
	return s.word(list[0], t.Prefix, fuzzy, m, mark)
}

func (s *Section) phrase(list []string, m *marker, mark bool) bquery.Query {
	if mark {
		for _, w := range list {
			m.exact(w)
		}
	}
	if len(list) == 1 {
		return either([]bquery.Query{weighted(fieldExact, list[0], weightBody), weighted(fieldTitle, list[0], weightTitle)})
	}
	q := bquery.NewPhraseQuery(list, fieldExact)
	q.SetBoost(weightTitle)
	return q
}

func (s *Section) word(w string, prefix, fuzzy bool, m *marker, mark bool) (bquery.Query, error) {
	if mark {
		m.word(w)
	}
	stems := map[string]bool{}
	// The stems of all languages find the word as it is written, too.
	any := []bquery.Query{weighted(fieldTitle, w, weightTitle), weighted(fieldHead, w, weightHead)}
	for _, lang := range s.languages() {
		stem := s.owner.analyzers.stem(lang, w)
		any = append(any, weighted(fieldStem+lang, stem, weightBody))
		if stem != w && !stems[stem] {
			stems[stem] = true
			any = append(any, weighted(fieldTitle, stem, weightTitle*weightStem), weighted(fieldHead, stem, weightHead*weightStem))
		}
		if mark {
			m.stem(lang, stem)
		}
	}
	if prefix {
		if mark {
			m.prefix(w)
		}
		list, err := s.beginning(w)
		if err != nil {
			return nil, err
		}
		// The commonest take part in the score, the others are only found.
		var rest []string
		for i, t := range list {
			if i < maxPrefixRanked {
				any = append(any, weighted(fieldExact, t, weightStem))
			} else {
				rest = append(rest, t)
			}
		}
		if len(rest) > 0 {
			any = append(any, quiet{anyOf(fieldExact, rest)})
		}
		any = append(any, weighted(fieldPrefix, cutRunes(fold(w), maxTitlePrefix), weightHead))
	}
	if d := distance(w); fuzzy && d > 0 {
		if mark {
			m.fuzzy(w, d)
		}
		q := bquery.NewFuzzyQuery(w)
		q.SetField(fieldExact)
		q.SetPrefix(fuzzyPrefix)
		q.SetFuzziness(d)
		q.SetBoost(weightFuzzy)
		any = append(any, q)
	}
	return either(any), nil
}

// beginning lists the commonest words that begin so.
func (s *Section) beginning(prefix string) ([]string, error) {
	if len([]rune(prefix)) < 2 {
		return nil, nil // a letter says too little
	}
	dict, err := s.bleve.FieldDictPrefix(fieldExact, []byte(prefix))
	if err != nil {
		return nil, fmt.Errorf("reading words: %w", err)
	}
	defer dict.Close()
	type counted struct {
		term string
		n    uint64
	}
	var list []counted
	for range maxPrefixSeen {
		e, err := dict.Next()
		if err != nil {
			return nil, fmt.Errorf("reading words: %w", err)
		}
		if e == nil {
			break
		}
		if e.Term != prefix {
			list = append(list, counted{e.Term, e.Count})
		}
	}
	sort.Slice(list, func(i, j int) bool {
		if list[i].n != list[j].n {
			return list[i].n > list[j].n
		}
		return list[i].term < list[j].term
	})
	if len(list) > maxPrefixTerms {
		list = list[:maxPrefixTerms]
	}
	out := make([]string, len(list))
	for i, c := range list {
		out[i] = c.term
	}
	return out, nil
}

func cutRunes(s string, n int) string {
	r := []rune(s)
	if len(r) > n {
		r = r[:n]
	}
	return string(r)
}

// Times that are searched for; nothing was written outside of them.
const (
	firstYear = 1900
	lastYear  = 2200
)

// days covers the time from the day after on until before the day before,
// with as few centuries, decades, years, months and days as there can be.
// Either may be "".
func days(after, before string) []string {
	from := time.Date(firstYear, 1, 1, 0, 0, 0, 0, time.UTC)
	to := time.Date(lastYear, 1, 1, 0, 0, 0, 0, time.UTC)
	if t, err := time.Parse(time.DateOnly, after); err == nil && t.After(from) {
		from = t
	}
	if t, err := time.Parse(time.DateOnly, before); err == nil && t.Before(to) {
		to = t
	}
	var out []string
	for from.Before(to) {
		january := from.YearDay() == 1
		switch {
		case january && from.Year()%100 == 0 && !from.AddDate(100, 0, 0).After(to):
			out = append(out, from.Format("2006")[:2])
			from = from.AddDate(100, 0, 0)
		case january && from.Year()%10 == 0 && !from.AddDate(10, 0, 0).After(to):
			out = append(out, from.Format("2006")[:3])
			from = from.AddDate(10, 0, 0)
		case january && !from.AddDate(1, 0, 0).After(to):
			out = append(out, from.Format("2006"))
			from = from.AddDate(1, 0, 0)
		case from.Day() == 1 && !from.AddDate(0, 1, 0).After(to):
			out = append(out, from.Format("2006-01"))
			from = from.AddDate(0, 1, 0)
		default:
			out = append(out, from.Format(time.DateOnly))
			from = from.AddDate(0, 0, 1)
		}
	}
	return out
}

// lower is how words are compared when they are marked.
func lower(s string) string { return strings.ToLower(s) }
