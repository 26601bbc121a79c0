package wiki

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"dealwiki/wiki/people"
	"dealwiki/wiki/repo"
)

// Entry is what the board and other lists show of a prospect.
type Entry struct {
	Prospect
	Updated time.Time // the last commit on either side
	heads   [2]string // internal, external: what the entry was read from
}

// catalogue is the list of all prospects in memory, so that lists cost nothing
// per repository. Its table in derived.db lets a server with thousands of
// prospects start without opening any of them.
type catalogue struct {
	db       *sql.DB
	verified atomic.Bool

	// reading is held while an entry is read and put, or removed, so that an
	// older state never follows a newer one and what is gone stays gone.
	reading sync.Mutex

	mu      sync.RWMutex
	entries map[string]*Entry // replaced, never changed
}

type catalogueRow struct {
	Prospect Prospect
	Updated  time.Time
	Heads    [2]string
}

func openCatalogue(ctx context.Context, db *sql.DB) (*catalogue, error) {
	_, err := db.ExecContext(ctx, `CREATE TABLE IF NOT EXISTS prospects(slug TEXT PRIMARY KEY, row BLOB NOT NULL) WITHOUT ROWID`)
	if err != nil {
		return nil, fmt.Errorf("making the catalogue: %w", err)
	}
	return &catalogue{db: db, entries: map[string]*Entry{}}, nil
}

// load reads which prospects there are from the folder, and what was known of
// them from the table.
func (c *catalogue) load(ctx context.Context, spaces string) error {
	dirs, err := os.ReadDir(spaces)
	if err != nil {
		return fmt.Errorf("listing prospects: %w", err)
	}
	known := map[string]*Entry{}
	rows, err := c.db.QueryContext(ctx, `SELECT slug, row FROM prospects`)
	if err != nil {
		return fmt.Errorf("reading the catalogue: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var slug string
		var data []byte
		var row catalogueRow
		if err := rows.Scan(&slug, &data); err != nil {
			return fmt.Errorf("reading the catalogue: %w", err)
		}
		if json.Unmarshal(data, &row) == nil {
			row.Prospect.Slug = slug
			known[slug] = &Entry{Prospect: row.Prospect, Updated: row.Updated, heads: row.Heads}
		}
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("reading the catalogue: %w", err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, d := range dirs {
		slug := d.Name()
		if !d.IsDir() || slug == Playbook || CheckProspect(slug) != nil {
			continue
		}
		if e := known[slug]; e != nil {
			c.entries[slug] = e
		} else {
			c.entries[slug] = &Entry{Prospect: Prospect{Slug: slug, Title: titleOf(slug)}}
		}
	}
	return nil
}

func (c *catalogue) has(slug string) bool {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.entries[slug] != nil
}

func (c *catalogue) get(slug string) *Entry {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.entries[slug]
}

func (c *catalogue) names() []string {
	c.mu.RLock()
	defer c.mu.RUnlock()
	out := make([]string, 0, len(c.entries))
	for name := range c.entries {
		out = append(out, name)
	}
	sort.Strings(out)
	return out
}

func (c *catalogue) put(ctx context.Context, e *Entry) error {
	row, err := json.Marshal(catalogueRow{Prospect: e.Prospect, Updated: e.Updated, Heads: e.heads})
	if err != nil {
		return fmt.Errorf("keeping the catalogue: %w", err)
	}
	c.mu.Lock()
	c.entries[e.Slug] = e
	c.mu.Unlock()
	if _, err := c.db.ExecContext(ctx, `INSERT OR REPLACE INTO prospects VALUES(?,?)`, e.Slug, row); err != nil {
		return fmt.Errorf("keeping the catalogue: %w", err)
	}
	return nil
}

// expect lists a prospect that has just been made, until refresh reads it.
func (c *catalogue) expect(p Prospect) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.entries[p.Slug] = &Entry{Prospect: p}
}

func (c *catalogue) remove(ctx context.Context, slug string) error {
	c.reading.Lock()
	defer c.reading.Unlock()
	c.mu.Lock()
	delete(c.entries, slug)
	c.mu.Unlock()
	if _, err := c.db.ExecContext(ctx, `DELETE FROM prospects WHERE slug=?`, slug); err != nil {
		return fmt.Errorf("keeping the catalogue: %w", err)
	}
	return nil
}

// refresh reads a prospect's entry from its repositories when either has moved
// since, and answers it.
func (w *Wiki) refresh(ctx context.Context, slug string) (*Entry, error) {
	w.cat.reading.Lock()
	defer w.cat.reading.Unlock()
	old := w.cat.get(slug)
	if old == nil {
		return nil, ErrNotFound
	}
	var heads [2]string
	for i, section := range []Section{Internal, External} {
		head, err := w.peekHead(slug, section)
		if err != nil {
			return nil, fmt.Errorf("reading the head of %s: %w", slug, err)
		}
		heads[i] = head
	}
	if heads == old.heads && heads[0] != "" {
		return old, nil
	}
	in, err := w.side(slug, Internal)
	if err != nil {
		return nil, err
	}
	out, err := w.side(slug, External)
	if err != nil {
		return nil, err
	}
	e := &Entry{heads: heads}
	var head repo.Hash
	for _, s := range []*side{out, in} {
		if head, err = s.repo.Head(); err != nil {
			return nil, err
		}
		if head.IsZero() {
			continue
		}
		c, err := s.repo.Lookup(head)
		if err != nil {
			return nil, err
		}
		if c.CommittedAt.After(e.Updated) {
			e.Updated = c.CommittedAt
		}
	}
	tree, err := in.repo.Tree(head)
	if err != nil {
		return nil, err
	}
	data, err := tree.ReadFile(prospectFile)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("reading %s of %s: %w", prospectFile, slug, err)
	}
	p, err := parseProspect(data)
	if err != nil {
		w.log.Warn("reading prospect.yaml", "prospect", slug, "err", err)
		p = &Prospect{}
	}
	e.Prospect = *p
	e.Slug = slug
	if e.Title == "" {
		e.Title = titleOf(slug)
	}
	if e.Outcome == "" {
		e.Outcome = OutcomeOpen
	}
	return e, w.cat.put(ctx, e)
}

// peekHead reads where a side's main is without opening the repository, which
// is cheap enough to do for ten thousand, unless its references are packed.
func (w *Wiki) peekHead(slug string, section Section) (string, error) {
	data, err := os.ReadFile(filepath.Join(w.repoDir(slug, section), "refs", "heads", "main"))
	if err == nil {
		return strings.TrimSpace(string(data)), nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	s, err := w.side(slug, section)
	if err != nil {
		return "", err
	}
	head, err := s.repo.Head()
	return head.String(), err
}

// Prospects lists what the caller may see, by title.
func (w *Wiki) Prospects(ctx context.Context, caller people.Caller) []Entry {
	if caller.Person.Guest {
		return nil
	}
	level := w.people.Visible(ctx, caller)
	w.cat.mu.RLock()
	out := make([]Entry, 0, len(w.cat.entries))
	for slug, e := range w.cat.entries {
		if level(slug) >= people.Viewer {
			out = append(out, *e)
		}
	}
	w.cat.mu.RUnlock()
	sort.Slice(out, func(i, j int) bool {
		a, b := strings.ToLower(out[i].Title), strings.ToLower(out[j].Title)
		if a != b {
			return a < b
		}
		return out[i].Slug < out[j].Slug
	})
	return out
}

// Prospect answers one prospect that the caller may see.
func (w *Wiki) Prospect(ctx context.Context, caller people.Caller, slug string) (Entry, error) {
	if caller.Person.Guest || w.people.LevelOn(ctx, caller, slug) < people.Viewer {
		return Entry{}, ErrNotFound
	}
	e := w.cat.get(slug)
	if e == nil {
		return Entry{}, ErrNotFound
	}
	if e.heads == [2]string{} { // derived.db was lost, and nobody has read it yet
		var err error
		if e, err = w.refresh(ctx, slug); err != nil {
			return Entry{}, err
		}
	}
	return *e, nil
}
