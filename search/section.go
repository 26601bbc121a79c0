package search

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"slices"
	"strings"
	"sync"

	"github.com/blevesearch/bleve/v2"
	"github.com/blevesearch/bleve/v2/index/scorch"
	"github.com/blevesearch/bleve/v2/mapping"
	"github.com/blevesearch/bleve/v2/search/query"
)

// Section is the index of one side of the wall. What holds only a Section can
// find nothing of the other.
type Section struct {
	name  string
	owner *Index
	bleve bleve.Index

	// mu protects the following.
	mu    sync.RWMutex
	langs map[string]bool // languages that have entries
	// tokens are the access tokens that a prospect's entries carry, or more;
	// whole tells that all prospects are in it.
	tokens map[string][]string
	whole  bool
}

// cursor is how far a side has been read, stored in the index itself.
type cursor struct {
	Head   string `json:"head"`
	Sum    string `json:"sum"`              // of access tokens and title
	Format int    `json:"format,omitempty"` // of the entries
}

func cursorKey(prospect string) []byte { return []byte("cursor/" + prospect) }

// builtKey is set once an index has been read through. It goes with the
// entries when Bleve falls back to nothing over damaged files.
var builtKey = []byte("built")

func (s *Section) built() bool {
	b, err := s.bleve.GetInternal(builtKey)
	return err == nil && len(b) > 0
}

// openSection opens or makes the index in dir.
func openSection(owner *Index, name, dir string, create bool) (s *Section, err error) {
	defer func() {
		// A damaged file makes Bleve reach outside its slices.
		if r := recover(); r != nil {
			s, err = nil, fmt.Errorf("opening the %s index: %v", name, r)
		}
	}()
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	if !create {
		if err := checkRoot(dir); err != nil {
			return nil, fmt.Errorf("opening the %s index: %w", name, err)
		}
	}
	s = &Section{name: name, owner: owner, langs: map[string]bool{}, tokens: map[string][]string{}}
	config := map[string]any{"unsafe_batch": true, "bolt_timeout": "2s"}
	if create {
		m := mapping.NewIndexMapping()
		m.DefaultMapping.Enabled = false // entries are made field by field
		s.bleve, err = bleve.NewUsing(dir, m, scorch.Name, scorch.Name, config)
	} else {
		s.bleve, err = bleve.OpenUsing(dir, config)
	}
	if err != nil {
		return nil, fmt.Errorf("opening the %s index: %w", name, err)
	}
	fields, err := s.bleve.Fields()
	if err != nil {
		_ = s.bleve.Close()
		return nil, fmt.Errorf("reading the %s index: %w", name, err)
	}
	for _, f := range fields {
		if l, ok := strings.CutPrefix(f, fieldStem); ok {
			s.langs[l] = true
		}
	}
	return s, nil
}

// Name is Internal or External.
func (s *Section) Name() string { return s.name }

func (s *Section) languages() []string {
	s.mu.RLock()
	defer s.mu.RUnlock()
	var out []string
	for _, l := range languages {
		if s.langs[l.code] {
			out = append(out, l.code)
		}
	}
	return out
}

func (s *Section) sawLanguage(l string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.langs[l] = true
}

// carries notes the tokens of a prospect's entries. When they are just being
// written, those before count too: nobody can tell when a search begins.
func (s *Section) carries(prospect string, tokens []string, written bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !written {
		tokens = append(slices.Clone(tokens), s.tokens[prospect]...)
		slices.Sort(tokens)
		tokens = slices.Compact(tokens)
	}
	s.tokens[prospect] = tokens
}

// complete notes that all prospects have been named to carries.
func (s *Section) complete() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.whole = true
}

// outdated adds to hidden the prospects whose entries the tokens would find
// though the caller may not see them. It answers whether it knew all
// prospects.
func (s *Section) outdated(access []string, visible func(string) bool, hidden map[string]bool) bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	held := make(map[string]bool, len(access))
	for _, t := range access {
		held[t] = true
	}
	for prospect, tokens := range s.tokens {
		if !hidden[prospect] && slices.ContainsFunc(tokens, func(t string) bool { return held[t] }) && !visible(prospect) {
			hidden[prospect] = true
		}
	}
	return s.whole
}

func (s *Section) cursor(prospect string) (cursor, error) {
	var c cursor
	b, err := s.bleve.GetInternal(cursorKey(prospect))
	if err != nil || len(b) == 0 {
		return c, err
	}
	if json.Unmarshal(b, &c) != nil || c.Format != format {
		return cursor{}, nil // not ours: read the side from the start
	}
	return c, nil
}

// ids lists up to n entries with a keyword.
func (s *Section) ids(ctx context.Context, field, value string, n int) ([]string, error) {
	q := query.NewTermQuery(value)
	q.SetField(field)
	req := bleve.NewSearchRequestOptions(q, n, 0, false)
	req.Score = "none"
	res, err := s.bleve.SearchInContext(ctx, req)
	if err != nil {
		return nil, fmt.Errorf("looking up entries: %w", err)
	}
	ids := make([]string, len(res.Hits))
	for i, h := range res.Hits {
		ids[i] = h.ID
	}
	return ids, nil
}

// prospects lists those that have, or lately had, entries.
func (s *Section) prospects() ([]string, error) {
	dict, err := s.bleve.FieldDict(fieldProspect)
	if err != nil {
		return nil, fmt.Errorf("listing prospects: %w", err)
	}
	defer dict.Close()
	var out []string
	for {
		e, err := dict.Next()
		if err != nil {
			return nil, fmt.Errorf("listing prospects: %w", err)
		}
		if e == nil {
			return out, nil
		}
		out = append(out, e.Term)
	}
}

// writer gathers changes of one section into batches.
type writer struct {
	s     *Section
	batch *bleve.Batch
	bytes int
}

// One batch: enough to be fast, small enough to be held in memory.
const (
	batchEntries = 1000
	batchBytes   = 16 << 20
)

func (s *Section) writer() *writer { return &writer{s: s, batch: s.bleve.NewBatch()} }

func (w *writer) put(e entry, access []string) error {
	d, err := w.s.owner.analyzers.document(e, access)
	if err != nil {
		return err
	}
	w.s.sawLanguage(e.lang)
	if err := w.batch.IndexAdvanced(d); err != nil {
		return fmt.Errorf("indexing %s: %w", e.id, err)
	}
	w.bytes += len(e.body) + 500
	return nil
}

// drop deletes all entries with a keyword. What is still in the batch is
// written first, so that it is found too.
func (w *writer) drop(ctx context.Context, field, value string) error {
	const step = 5000
	for {
		ids, err := w.s.ids(ctx, field, value, step)
		if err != nil || len(ids) == 0 {
			return err
		}
		for _, id := range ids {
			w.batch.Delete(id)
		}
		if len(ids) < step {
			return nil
		}
		if err := w.flush(ctx); err != nil {
			return err
		}
	}
}

func (w *writer) full() bool { return w.batch.Size() >= batchEntries || w.bytes >= batchBytes }

// flush writes the batch: it can be found when flush returns, and is on disk
// soon after. Few batches may be on their way to disk at a time.
func (w *writer) flush(ctx context.Context) error {
	if w.batch.Size() == 0 {
		return nil
	}
	select {
	case w.s.owner.unpersisted <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	w.batch.SetPersistedCallback(func(err error) {
		<-w.s.owner.unpersisted
		if err != nil {
			w.s.owner.log.Error("writing the search index to disk failed; what is missing is indexed again at the next start", "section", w.s.name, "err", err)
		}
	})
	err := w.s.bleve.Batch(w.batch)
	w.batch, w.bytes = w.s.bleve.NewBatch(), 0
	if err != nil {
		return fmt.Errorf("writing the search index: %w", err)
	}
	return nil
}

// close closes the index; damage met on the way does not matter any more.
func (s *Section) close() (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("closing the %s index: %v", s.name, r)
		}
	}()
	return s.bleve.Close()
}

// busy tells that another process has the index open.
func busy(err error) bool {
	return err != nil && (errors.Is(err, os.ErrDeadlineExceeded) || strings.HasSuffix(err.Error(), "timeout"))
}
