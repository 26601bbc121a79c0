package search

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sort"
	"strings"
	"time"

	"github.com/blevesearch/bleve/v2"
	bsearch "github.com/blevesearch/bleve/v2/search"
	"golang.org/x/sync/errgroup"

	"dealwiki/search/query"
)

// Limits of one search.
const (
	MaxLimit     = 100 // hits in one answer
	defaultLimit = 20
	maxFacet     = 50      // values of one facet
	allValues    = 1 << 20 // more than there are of any
)

// Sort orders hits.
type Sort string

// The orders there are. A query without words is always in the order Newest.
const (
	Best   Sort = ""       // best match first
	Newest Sort = "newest" // last changed first
)

// Request is one search by one caller.
type Request struct {
	Query    query.Query
	Access   []string // the caller's access tokens; without any nothing is found
	Sections []string // which to search; empty: all that the receiver holds
	Limit    int      // hits wanted, 1 to MaxLimit; zero: 20
	Cursor   string   // "" or the Next of the answer before
	Facets   bool     // count what was found by prospect, section, stage, …
	Sort     Sort
}

// Result is an answer.
type Result struct {
	Hits      []Hit
	Total     int    // all that the caller may see of what matches
	Next      string // cursor of the hits that follow; "" at the end
	Facets    Facets // when asked for
	Corrected bool   // nothing matched as typed; these match with typing errors forgiven
	Building  bool   // the index is still being built: more may be found later
}

// Facets counts what was found, the most frequent first.
type Facets struct {
	Prospect, Section, Stage, Kind, Author []Count
}

// Count is one value of a facet.
type Count struct {
	Value string
	N     int
}

// Hit is one thing found.
type Hit struct {
	ID            string // unique over both sections
	Prospect      string // slug
	ProspectTitle string
	Section       string
	Stage         string
	Path          string // in the repository, "closing/plan.md", "closing/files/x.pdf"; "" for a prospect
	Type          string // page, fact, file or prospect
	Kind          string // the type, for facts their kind or action
	Title         string // of a page, its file or its prospect; the first line of a fact
	TitleParts    []Fragment
	Fragments     []Fragment // the passage that matches best
	PageTitle     string     // facts: of the page it stands on
	Label         string     // files: which page, slide or sheet
	FactID        string     // facts: without the ^; "" when it has none yet
	Line          int        // facts: 1-based line of the page
	Open          bool       // facts: not closed
	Status        string     // facts: as written
	Owner         string     // facts: handle
	Due           string     // facts: YYYY-MM-DD
	Author        string     // handle of who changed the file last
	Authors       []string   // handles of all who wrote the file
	Updated       time.Time  // of the file's last change
	Score         float64
}

// Fragment is a piece of text, plain and unescaped.
type Fragment struct {
	Text  string
	Match bool // to be marked
}

// Search finds on both sides of the wall what the caller may see: what carries
// one of the access tokens and belongs to a prospect that visible allows.
// visible must answer for the moment and may be called often; nil allows
// everything. Errors are ErrLimit, ErrCursor, ErrClosed, ErrDamaged, the end
// of ctx, or wrap what went wrong in the index.
func (x *Index) Search(ctx context.Context, r Request, visible func(prospect string) bool) (Result, error) {
	return x.search(ctx, []*Section{x.internal, x.external}, r, visible)
}

// Search is Index.Search on one section alone.
func (s *Section) Search(ctx context.Context, r Request, visible func(prospect string) bool) (Result, error) {
	return s.owner.search(ctx, []*Section{s}, r, visible)
}

func (x *Index) search(ctx context.Context, sections []*Section, r Request, visible func(string) bool) (res Result, err error) {
	if r.Limit == 0 {
		r.Limit = defaultLimit
	}
	if r.Limit < 1 || r.Limit > MaxLimit {
		return Result{}, ErrLimit
	}
	if !hasWords(r.Query) {
		r.Sort = Newest
	}
	sections = chosen(sections, r)
	var at *position
	if r.Cursor != "" {
		if at, err = x.openCursor(r, sections); err != nil {
			return Result{}, err
		}
	}
	res.Building = x.State().Building
	if r.Query.Empty() || len(r.Access) == 0 || len(sections) == 0 {
		return res, nil
	}
	if visible == nil {
		visible = func(string) bool { return true }
	}
	if err := x.enter(); err != nil {
		return Result{}, err
	}
	defer x.leave()
	fuzzy := at != nil && at.Fuzzy
	found, plans, err := x.find(ctx, sections, r, at, fuzzy, visible)
	if err != nil {
		return Result{}, err
	}
	if found.total == 0 && at == nil && canCorrect(r.Query) {
		fuzzy = true
		if found, plans, err = x.find(ctx, sections, r, at, fuzzy, visible); err != nil {
			return Result{}, err
		}
		res.Corrected = found.total > 0
	}
	res.Total = found.total
	if r.Facets {
		res.Facets = found.facets
	}
	for i, m := range found.matches {
		if i == r.Limit {
			last := found.matches[i-1]
			res.Next = x.cursor(r, sections, position{Fuzzy: fuzzy, Score: last.Score, Updated: sortValue(last.DocumentMatch), ID: last.ID})
			break
		}
		h, err := m.hit(plans[m.section])
		if err != nil {
			return Result{}, x.damage(err)
		}
		// The prospects of an answer were all asked about above; this one
		// answer decides over what is shown.
		if visible(h.Prospect) {
			res.Hits = append(res.Hits, h)
		}
	}
	return res, nil
}

// chosen leaves the sections that the request and its in: filters allow.
func chosen(sections []*Section, r Request) []*Section {
	allowed := func(name string) bool {
		in := func(list []string) bool {
			for _, v := range list {
				if v == name {
					return true
				}
			}
			return false
		}
		only := r.Query.Filter(query.In, false)
		return (len(r.Sections) == 0 || in(r.Sections)) && (len(only) == 0 || in(only)) && !in(r.Query.Filter(query.In, true))
	}
	var out []*Section
	for _, s := range sections {
		if allowed(s.name) {
			out = append(out, s)
		}
	}
	return out
}

// match is a hit of one section.
type match struct {
	*bsearch.DocumentMatch
	section *Section
}

// found is what all sections together answer.
type found struct {
	matches []match // at most one more than the limit
	total   int
	facets  Facets
}

// find asks the sections, until no prospect that contributes to the answer is
// hidden from the caller.
func (x *Index) find(ctx context.Context, sections []*Section, r Request, at *position, fuzzy bool, visible func(string) bool) (found, map[*Section]*plan, error) {
	hidden := map[string]bool{}
	for range 8 {
		plans := map[*Section]*plan{}
		for _, s := range sections {
			known := s.outdated(r.Access, visible, hidden)
			p, err := s.plan(r, fuzzy, hidden)
			if err != nil {
				return found{}, nil, x.trouble(ctx, err)
			}
			p.guarded = known
			plans[s] = p
		}
		results := make([]*bleve.SearchResult, len(sections))
		g, gctx := errgroup.WithContext(ctx)
		for i, s := range sections {
			g.Go(func() (err error) {
				results[i], err = s.ask(gctx, plans[s], r, at)
				return err
			})
		}
		if err := g.Wait(); err != nil {
			return found{}, nil, x.trouble(ctx, err)
		}
		more := false
		for _, res := range results {
			for _, t := range terms(res, fieldProspect) {
				if !hidden[t.Term] && !visible(t.Term) {
					hidden[t.Term], more = true, true
				}
			}
		}
		if !more {
			return merge(sections, results, r), plans, nil
		}
	}
	return found{}, nil, errors.New("searching: permissions change faster than can be searched: try again")
}

// trouble names an error of the index by its cause.
func (x *Index) trouble(ctx context.Context, err error) error {
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(err, ErrDamaged):
		return ErrDamaged
	}
	return fmt.Errorf("searching: %w", err)
}

// ask runs one section's part of a search.
func (s *Section) ask(ctx context.Context, p *plan, r Request, at *position) (res *bleve.SearchResult, err error) {
	defer func() {
		if c := recover(); c != nil {
			res, err = nil, s.owner.damage(c)
		}
	}()
	req := bleve.NewSearchRequestOptions(p.query, r.Limit+1, 0, false)
	req.Fields = []string{fieldData}
	if r.Sort == Newest {
		req.SortBy([]string{"-" + fieldUpdated, "_id"})
		req.Score = "none"
	} else {
		req.SortBy([]string{"-_score", "_id"})
	}
	if at != nil {
		req.SetSearchAfter(at.after(r.Sort))
	}
	if r.Facets || !p.guarded {
		req.AddFacet(fieldProspect, bleve.NewFacetRequest(fieldProspect, allValues))
	}
	if r.Facets {
		req.AddFacet(fieldFacets, bleve.NewFacetRequest(fieldFacets, allValues))
	}
	return s.bleve.SearchInContext(ctx, req)
}

func terms(res *bleve.SearchResult, facet string) []*bsearch.TermFacet {
	f := res.Facets[facet]
	if f == nil || f.Terms == nil {
		return nil
	}
	return f.Terms.Terms()
}

// sortValue is what a match was sorted by, apart from its score and id.
func sortValue(m *bsearch.DocumentMatch) string {
	if len(m.Sort) > 0 {
		return m.Sort[0]
	}
	return ""
}

// merge makes one answer of those of the sections.
func merge(sections []*Section, results []*bleve.SearchResult, r Request) found {
	var f found
	prospects, stages, kinds, authors := map[string]int{}, map[string]int{}, map[string]int{}, map[string]int{}
	sectionCounts := map[string]int{}
	for i, res := range results {
		f.total += int(res.Total)
		sectionCounts[sections[i].name] += int(res.Total)
		for _, m := range res.Hits {
			f.matches = append(f.matches, match{m, sections[i]})
		}
		for _, t := range terms(res, fieldProspect) {
			prospects[t.Term] += t.Count
		}
		for _, t := range terms(res, fieldFacets) {
			for i, v := range strings.Split(t.Term, facetSep) {
				switch i {
				case 0:
					stages[v] += t.Count
				case 1:
					kinds[v] += t.Count
				default:
					authors[v] += t.Count
				}
			}
		}
	}
	sort.SliceStable(f.matches, func(i, j int) bool {
		a, b := f.matches[i], f.matches[j]
		if r.Sort == Newest {
			if x, y := sortValue(a.DocumentMatch), sortValue(b.DocumentMatch); x != y {
				return x > y
			}
		} else if a.Score != b.Score {
			return a.Score > b.Score
		}
		return a.ID < b.ID
	})
	if len(f.matches) > r.Limit+1 {
		f.matches = f.matches[:r.Limit+1]
	}
	if r.Facets {
		f.facets = Facets{Prospect: ranked(prospects), Section: ranked(sectionCounts), Stage: ranked(stages), Kind: ranked(kinds), Author: ranked(authors)}
	}
	return f
}

func ranked(counts map[string]int) []Count {
	var out []Count
	for v, n := range counts {
		if n > 0 && v != "" {
			out = append(out, Count{v, n})
		}
	}
	sort.Slice(out, func(i, j int) bool {
		if out[i].N != out[j].N {
			return out[i].N > out[j].N
		}
		return out[i].Value < out[j].Value
	})
	if len(out) > maxFacet {
		out = out[:maxFacet]
	}
	return out
}

// hit makes what is shown of a match.
func (m match) hit(p *plan) (Hit, error) {
	s, err := stored(m.DocumentMatch)
	if err != nil {
		return Hit{}, err
	}
	h := s.hit(m.section.name, m.ID, m.Score)
	h.TitleParts = p.marker.title(s.Title, s.Lang)
	h.Fragments = p.marker.passage(s.Body, s.Lang)
	return h, nil
}

func stored(m *bsearch.DocumentMatch) (shown, error) {
	var s shown
	data, _ := m.Fields[fieldData].(string)
	head, body, _ := strings.Cut(data, "\n")
	if err := json.Unmarshal([]byte(head), &s); err != nil {
		return s, fmt.Errorf("reading entry %s: %w", m.ID, err)
	}
	s.Body = body
	return s, nil
}

func (s shown) hit(section, id string, score float64) Hit {
	return Hit{
		ID: id, Prospect: s.Prospect, ProspectTitle: s.Deal, Section: section, Stage: s.Stage, Path: s.Path, Type: s.Type, Kind: s.Kind,
		Title: s.Title, PageTitle: s.Page, Label: s.Label, FactID: s.Fact, Line: s.Line, Open: s.State == "open", Status: s.Status,
		Owner: s.Owner, Due: s.Due, Author: s.Author, Authors: s.Authors, Updated: s.Updated, Score: score,
	}
}
