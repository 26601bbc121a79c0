package search

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"path"
	"slices"
	"strings"
	"sync"
	"time"

	"dealwiki/search/extract"
	"dealwiki/search/query"
	"dealwiki/wiki"
	"dealwiki/wiki/people"
	"dealwiki/wiki/repo"
)

// Shared finds what guests may see. It is handed the shared side of one prospect
// and reads nothing else: no index, whose words, counts and weights come from all
// prospects. What is found, in which order, corrected or completed, follows from
// the caller's own pages and files alone. A shared side is small; its words are
// kept until they change.
//
// A Shared is safe for concurrent use and has no goroutines.
type Shared struct {
	analyzers *analyzers
	detector  *detector

	mu    sync.Mutex
	kept  map[string][]entry // by side, path and content
	bytes int                // of the texts kept
}

// Limits of what is kept and read for guests.
const (
	maxSharedBytes = 64 << 20 // of texts kept; then all is read anew
	entryCost      = 400      // of an entry beside its texts, roughly
	maxSharedFile  = 20 << 20 // larger attachments are found by their name
)

// NewShared makes a searcher for guests.
func NewShared() *Shared {
	return &Shared{analyzers: newAnalyzers(), detector: newDetector(), kept: map[string][]entry{}}
}

// SharedRequest is one search on a shared side.
type SharedRequest struct {
	Caller people.Caller
	Side   *wiki.Side // the shared one
	Query  query.Query
	Limit  int    // hits wanted, 1 to MaxLimit; zero: 20
	Skip   int    // hits passed over
	Kind   string // narrows what is found, not what is counted; "" for all
	// Handle names the author of a version as by: has it; nil: nobody is named.
	Handle func(repo.Person) string
}

// SharedResult is an answer.
type SharedResult struct {
	Hits      []SharedHit
	Total     int // all that match
	Kinds     []Count
	Corrected bool // nothing matched as typed; these match with typing errors forgiven
}

// SharedHit is one thing found. It names no stage.
type SharedHit struct {
	Type      string // page, fact or file
	Kind      string // the type; for facts their kind, or action
	Page      string // name of the page; "" for a file
	File      string // name of the attachment
	Title     string
	PageTitle string // facts: of the page it stands on
	Label     string // files: which page, slide or sheet
	FactID    string
	Open      bool
	Author    repo.Person
	Updated   time.Time

	TitleParts []Fragment
	Fragments  []Fragment
}

// candidate is an entry and what it is an entry of.
type candidate struct {
	*entry
	hit   SharedHit
	score float64
	found []float64 // weight of each group in it
}

// Search finds on a shared side. A query for internal pages, for a stage, or for
// another prospect finds nothing.
func (s *Shared) Search(ctx context.Context, r SharedRequest) (SharedResult, error) {
	if r.Limit == 0 {
		r.Limit = defaultLimit
	}
	if r.Limit < 1 || r.Limit > MaxLimit || r.Skip < 0 {
		return SharedResult{}, ErrLimit
	}
	if r.Side.Section() != wiki.External {
		return SharedResult{}, wiki.ErrNotFound
	}
	all, err := s.entries(ctx, r)
	if err != nil || r.Query.Empty() {
		return SharedResult{}, err
	}
	var res SharedResult
	found, words := s.match(all, r, false)
	if len(found) == 0 && canCorrect(r.Query) {
		found, words = s.match(all, r, true)
		res.Corrected = len(found) > 0
	}
	rank(found, hasWords(r.Query))
	kinds := map[string]int{}
	for i := range found {
		kinds[found[i].hit.Kind]++
	}
	res.Kinds = ranked(kinds)
	if r.Kind != "" {
		found = slices.DeleteFunc(found, func(c candidate) bool { return c.hit.Kind != r.Kind })
	}
	res.Total = len(found)
	for i := min(r.Skip, len(found)); i < min(r.Skip+r.Limit, len(found)); i++ {
		c := &found[i]
		c.hit.TitleParts = words.title(c.hit.Title, c.lang)
		c.hit.Fragments = words.passage(cutText(c.body, maxStored), c.lang)
		res.Hits = append(res.Hits, c.hit)
	}
	return res, nil
}

// Suggest finds pages and attachments whose title has words that begin as those
// of text do.
func (s *Shared) Suggest(ctx context.Context, r SharedRequest, text string) ([]SharedHit, error) {
	terms := s.analyzers.terms(cutText(text, 256))
	terms = terms[:min(len(terms), 8)]
	if len(terms) == 0 || r.Side.Section() != wiki.External {
		return nil, nil
	}
	all, err := s.entries(ctx, r)
	if err != nil {
		return nil, err
	}
	var out []SharedHit
	for i := range all {
		c := &all[i]
		if c.typ == typeFact || c.noTitle {
			continue
		}
		title := s.analyzers.terms(joinLines(c.hit.Title, words(c.hit.Page)))
		has := func(w string) bool {
			return slices.ContainsFunc(title, func(t string) bool { return strings.HasPrefix(fold(t), fold(w)) })
		}
		if !slices.ContainsFunc(terms, func(w string) bool { return !has(w) }) {
			out = append(out, c.hit)
		}
	}
	slices.SortStableFunc(out, func(a, b SharedHit) int {
		return cmp.Or(b.Updated.Compare(a.Updated), strings.Compare(a.Title, b.Title))
	})
	return out[:min(len(out), max(r.Limit, 1))], nil
}

// entries are everything on the side that can be found.
func (s *Shared) entries(ctx context.Context, r SharedRequest) ([]candidate, error) {
	pages, err := r.Side.Pages(ctx, r.Caller)
	if err != nil {
		return nil, err
	}
	files, err := r.Side.Files(ctx, r.Caller)
	if err != nil {
		return nil, err
	}
	var all []candidate
	for i := range pages {
		p := &pages[i]
		list, err := s.page(ctx, r, p)
		if errors.Is(err, wiki.ErrNotFound) {
			continue // gone meanwhile
		}
		if err != nil {
			return nil, err
		}
		for k := range list {
			e := &list[k]
			h := SharedHit{Type: e.typ, Kind: e.kind, Page: p.Page, Title: e.shown.Title, PageTitle: e.shown.Page, FactID: e.shown.Fact, Open: e.shown.State == "open", Author: p.Author, Updated: p.Updated}
			all = append(all, candidate{entry: e, hit: h})
		}
	}
	for i := range files {
		f := &files[i]
		list, err := s.file(ctx, r, f)
		if errors.Is(err, wiki.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		for k := range list {
			e := &list[k]
			all = append(all, candidate{entry: e, hit: SharedHit{Type: e.typ, Kind: e.kind, File: f.Name, Title: f.Name, Label: e.shown.Label, Author: f.Author, Updated: f.Updated}})
		}
	}
	return all, nil
}

func (s *Shared) page(ctx context.Context, r SharedRequest, p *wiki.PageInfo) ([]entry, error) {
	key := r.Side.Prospect() + "\x00" + p.Path() + "\x00" + p.Version.String()
	return s.keep(key, func() ([]entry, error) {
		page, err := r.Side.Read(ctx, r.Caller, p.Place)
		if err != nil {
			return nil, err
		}
		return pageEntries(s.detector, SideID{Prospect: r.Side.Prospect(), Section: string(wiki.External)}, "", p.Path(), page.Text, Meta{}), nil
	})
}

func (s *Shared) file(ctx context.Context, r SharedRequest, f *wiki.FileInfo) ([]entry, error) {
	key := r.Side.Prospect() + "\x00" + f.Path() + "\x00" + f.Version.String()
	return s.keep(key, func() ([]entry, error) {
		var parts []extract.Part
		if f.Size <= maxSharedFile {
			open, err := r.Side.OpenFile(ctx, r.Caller, f.File)
			if err != nil {
				return nil, err
			}
			data, err := io.ReadAll(open)
			if err := errors.Join(err, open.Close()); err != nil {
				return nil, fmt.Errorf("reading a shared file: %w", err)
			}
			// One that cannot be read is found by its name.
			parts, _ = extract.Parts(path.Base(f.Name), data)
		}
		return fileEntries(s.detector, SideID{Prospect: r.Side.Prospect(), Section: string(wiki.External)}, "", f.Path(), parts, Meta{}), nil
	})
}

// keep answers entries kept under a key, or makes them.
func (s *Shared) keep(key string, read func() ([]entry, error)) ([]entry, error) {
	s.mu.Lock()
	list, ok := s.kept[key]
	s.mu.Unlock()
	if ok {
		return list, nil
	}
	list, err := read()
	if err != nil {
		return nil, err
	}
	size := 0
	for i := range list {
		list[i].body = normal(cutText(list[i].body, maxBody))
		size += len(list[i].body) + len(list[i].head) + len(list[i].shown.Title) + entryCost
	}
	if size > maxSharedBytes/4 {
		return list, nil // would push out what is asked for more often
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if other, ok := s.kept[key]; ok {
		return other, nil // somebody else was faster
	}
	if s.bytes+size > maxSharedBytes {
		s.kept, s.bytes = map[string][]entry{}, 0
	}
	s.kept[key], s.bytes = list, s.bytes+size
	return list, nil
}

// match leaves the entries that the query finds, weighed by group.
func (s *Shared) match(all []candidate, r SharedRequest, fuzzy bool) ([]candidate, *marker) {
	shown := newMarker(s.analyzers)
	var groups []matcher
	for _, g := range r.Query.Groups {
		m := matcher{not: g.Not}
		for _, t := range g.Any {
			m.terms = append(m.terms, s.term(t, fuzzy && !g.Not))
			if !g.Not {
				s.tell(shown, t, fuzzy)
			}
		}
		groups = append(groups, m)
	}
	var out []candidate
next:
	for _, c := range all {
		if !s.passes(&c, r) {
			continue
		}
		c.found = nil
		for i := range groups {
			weight := s.weigh(&groups[i], c.entry)
			if groups[i].not == (weight > 0) {
				continue next
			}
			if !groups[i].not {
				c.found = append(c.found, weight)
			}
		}
		out = append(out, c)
	}
	return out, shown
}

// rank orders what was found: the best first, by weights that follow from what
// was found itself; without words the latest first.
func rank(found []candidate, words bool) {
	for i := range found {
		for _, w := range found[i].found {
			found[i].score += 1 + math.Log(w)
		}
		if found[i].typ == typePage {
			found[i].score *= 1.2 // the page before what stands on it
		}
	}
	slices.SortStableFunc(found, func(a, b candidate) int {
		if words && a.score != b.score {
			return cmp.Compare(b.score, a.score)
		}
		return cmp.Or(b.hit.Updated.Compare(a.hit.Updated), strings.Compare(a.id, b.id))
	})
}

// matcher is a group of the query: any of its terms.
type matcher struct {
	not   bool
	terms []termMatcher
}

// termMatcher is a word, or a phrase and maybe the beginning of a word after it.
type termMatcher struct {
	phrase []string
	word   *marker
}

func (s *Shared) term(t query.Term, fuzzy bool) termMatcher {
	list := s.analyzers.terms(t.Text)
	switch {
	case len(list) == 0:
		return termMatcher{}
	case t.Phrase && len(list) == 1:
		m := newMarker(s.analyzers)
		m.word(list[0])
		return termMatcher{word: m}
	case t.Phrase || len(list) > 1 && !t.Prefix:
		return termMatcher{phrase: list}
	}
	last := list[len(list)-1]
	m := newMarker(s.analyzers)
	s.oneWord(m, last, t.Prefix, fuzzy)
	return termMatcher{phrase: list[:len(list)-1], word: m}
}

// oneWord tells a marker a word of the query in all its forms.
func (s *Shared) oneWord(m *marker, w string, prefix, fuzzy bool) {
	m.word(w)
	for _, l := range languages {
		m.stem(l.code, s.analyzers.stem(l.code, w))
	}
	if prefix && len([]rune(w)) > 1 {
		m.prefix(w)
	}
	if d := distance(w); fuzzy && d > 0 {
		m.fuzzy(w, d)
	}
}

// tell tells the marker of what is shown one term of the query.
func (s *Shared) tell(m *marker, t query.Term, fuzzy bool) {
	list := s.analyzers.terms(t.Text)
	for i, w := range list {
		if t.Phrase || i < len(list)-1 || len(list) > 1 && !t.Prefix {
			m.exact(w)
			continue
		}
		s.oneWord(m, w, t.Prefix, fuzzy)
	}
}

// weigh is how much an entry says about a group, 0 for nothing.
func (s *Shared) weigh(g *matcher, e *entry) float64 {
	title := e.shown.Title
	if e.noTitle {
		title = ""
	}
	best := 0.0
	for i := range g.terms {
		t := &g.terms[i]
		weight := 0.0
		for _, part := range []struct {
			text   string
			weight float64
		}{{title, weightTitle}, {e.head, weightHead}, {strings.Join(e.tags, "\n"), weightHead}, {e.body, weightBody}} {
			if part.text != "" {
				weight += part.weight * float64(s.count(t, part.text, e.lang))
			}
		}
		best = max(best, weight)
	}
	return best
}

// count is how often a term stands in a text.
func (s *Shared) count(t *termMatcher, text, lang string) int {
	n := 0
	switch {
	case t.word != nil:
		n = len(t.word.find(text, lang))
	case len(t.phrase) == 0:
		return 0
	}
	if len(t.phrase) == 0 {
		return n
	}
	if t.word != nil && n == 0 {
		return 0
	}
	return s.phrase(t.phrase, text)
}

// phrase counts where words stand side by side.
func (s *Shared) phrase(list []string, text string) int {
	if !strings.Contains(fold(lower(text)), fold(list[0])) {
		return 0 // which costs less than taking the text apart
	}
	n, at := 0, s.analyzers.terms(text)
	for i := 0; i+len(list) <= len(at); i++ {
		if slices.EqualFunc(at[i:i+len(list)], list, func(a, b string) bool { return fold(a) == fold(b) }) {
			n++
		}
	}
	return n
}

// passes tells whether an entry is within the query's filters.
func (s *Shared) passes(c *candidate, r SharedRequest) bool {
	for _, f := range r.Query.Filters {
		if s.within(c, r, f) == f.Not {
			return false
		}
	}
	return true
}

func (s *Shared) within(c *candidate, r SharedRequest, f query.Filter) bool {
	any := func(has func(v string) bool) bool { return slices.ContainsFunc(f.Values, has) }
	switch f.Name {
	case query.In:
		return any(func(v string) bool { return v == string(wiki.External) })
	case query.Prospect:
		return any(func(v string) bool { return v == r.Side.Prospect() })
	case query.By:
		if r.Handle == nil {
			return false
		}
		handle := r.Handle(c.hit.Author)
		return handle != "" && any(func(v string) bool { return v == handle })
	case query.Kind:
		return any(func(v string) bool { return v == c.kind || v == "fact" && slices.Contains(query.FactKinds(), c.kind) })
	case query.Type:
		return any(func(v string) bool { return v == c.typ })
	case query.Tag:
		return any(func(v string) bool { return slices.ContainsFunc(c.tags, func(t string) bool { return lower(t) == v }) })
	case query.Has:
		return any(func(v string) bool { return slices.Contains(c.has, v) })
	case query.Is:
		return c.shown.State != "" && any(func(v string) bool { return v == c.shown.State })
	case query.Before:
		return c.hit.Updated.UTC().Format(time.DateOnly) < f.Values[0]
	case query.After:
		return c.hit.Updated.UTC().Format(time.DateOnly) >= f.Values[0]
	}
	return false // stages among them: guests know of none
}
