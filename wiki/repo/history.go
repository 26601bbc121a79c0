package repo

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"sync"
	"time"
	"weak"
)

// History is the table of which commits changed which path, for any number of
// repositories; history_walk.go tells how it is kept. It is safe for concurrent
// use; one call at a time writes. It answers for the commit that the last Follow
// saw.
type History struct {
	db  *sql.DB
	ask *prepared

	// writer is held while the table is changed.
	writer sync.Mutex

	// mu protects sources, where each repository followed so far can be read.
	mu      sync.Mutex
	sources map[string]source
}

// source is how to read a repository without keeping it open.
type source struct {
	dir  string
	o    Options
	open weak.Pointer[Repo]
}

// Version is one commit's change of one path.
type Version struct {
	Commit    Hash
	Path      string // the name it had then
	Number    int    // 1 is the page's first version, over all its names
	Author    Person
	CoAuthors []Person
	When      time.Time // the author's date
	Subject   string
	Added     int    // lines; 0 for what is not text
	Removed   int    // lines
	Renamed   string // the name it had before, when this version changed it
	Deleted   bool   // this version removed it
	Moved     bool   // it was removed because it went to another name
	Blob      Hash   // its content; zero when deleted
}

// Line tells where a line of a page comes from: the version that brought it in,
// and the name and 1-based number it had there.
type Line struct {
	Commit Hash
	Path   string
	Line   int
	Author Person
	When   time.Time
}

// historyFormat is raised whenever the tables change; older ones are dropped.
const historyFormat = 1

const historySchema = `
CREATE TABLE IF NOT EXISTS history_format(version INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS history_repos(
	id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, cursor BLOB NOT NULL, ord INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS history_commits(
	repo INTEGER NOT NULL, ord INTEGER NOT NULL, hash BLOB NOT NULL, name TEXT NOT NULL, email TEXT NOT NULL,
	at INTEGER NOT NULL, zone INTEGER NOT NULL, subject TEXT NOT NULL, coauthors TEXT NOT NULL, shares TEXT NOT NULL,
	PRIMARY KEY(repo, ord)) WITHOUT ROWID;
CREATE UNIQUE INDEX IF NOT EXISTS history_commits_hash ON history_commits(repo, hash);
CREATE TABLE IF NOT EXISTS history_paths(
	id INTEGER PRIMARY KEY, repo INTEGER NOT NULL, path TEXT NOT NULL, line INTEGER NOT NULL, seq INTEGER NOT NULL, blob BLOB,
	UNIQUE(repo, path));
CREATE TABLE IF NOT EXISTS history_lines(
	id INTEGER PRIMARY KEY, repo INTEGER NOT NULL, path INTEGER NOT NULL, base INTEGER NOT NULL, joins TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS history_lines_repo ON history_lines(repo);
CREATE TABLE IF NOT EXISTS history_versions(
	line INTEGER NOT NULL, seq INTEGER NOT NULL, repo INTEGER NOT NULL, ord INTEGER NOT NULL,
	blob BLOB, old BLOB, renamed INTEGER, moved INTEGER, added INTEGER, removed INTEGER,
	PRIMARY KEY(line, seq)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS history_versions_ord ON history_versions(repo, ord);
CREATE INDEX IF NOT EXISTS history_versions_gone ON history_versions(line, seq) WHERE blob IS NULL;
CREATE TABLE IF NOT EXISTS history_blames(line INTEGER NOT NULL, seq INTEGER NOT NULL, data BLOB NOT NULL, PRIMARY KEY(line, seq)) WITHOUT ROWID;
`

var historyTables = []string{"format", "repos", "commits", "paths", "lines", "versions", "blames"}

// OpenHistory makes the tables in a database of the driver "sqlite" that the
// caller opened and will close. Tables of another format are dropped: they will
// be filled again. Transactions should begin immediate (_txlock=immediate).
func OpenHistory(ctx context.Context, db *sql.DB) (*History, error) {
	h := &History{db: db, ask: &prepared{db: db, statements: map[string]*sql.Stmt{}}, sources: map[string]source{}}
	err := h.update(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, historySchema); err != nil {
			return err
		}
		var version int
		err := tx.QueryRowContext(ctx, `SELECT version FROM history_format`).Scan(&version)
		if err == nil && version == historyFormat {
			return nil
		}
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		for _, t := range historyTables {
			if _, err := tx.ExecContext(ctx, `DROP TABLE history_`+t); err != nil {
				return err
			}
		}
		if _, err := tx.ExecContext(ctx, historySchema); err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `INSERT INTO history_format VALUES(?)`, historyFormat)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("opening history: %w", err)
	}
	return h, nil
}

// update runs f in a transaction, alone.
func (h *History) update(ctx context.Context, f func(*sql.Tx) error) error {
	h.writer.Lock()
	defer h.writer.Unlock()
	tx, err := h.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	if err := f(tx); err != nil {
		return errors.Join(err, tx.Rollback())
	}
	return tx.Commit()
}

// followed is where the table stands with a repository.
type followed struct {
	id     int64
	cursor Hash
	ord    int64
}

func followedAt(ctx context.Context, q querier, name string) (followed, error) {
	var f followed
	var cursor []byte
	err := q.QueryRowContext(ctx, `SELECT id, cursor, ord FROM history_repos WHERE name = ?`, name).Scan(&f.id, &cursor, &f.ord)
	if errors.Is(err, sql.ErrNoRows) {
		return f, nil
	}
	copy(f.cursor[:], cursor)
	return f, err
}

// Follow catches up with main of a repository that callers know by a name. It
// goes over the new commits only, and over all of them when main no longer
// descends from what was seen, or when something older was merged. The cursor
// moves in the same transaction as the table.
func (h *History) Follow(ctx context.Context, name string, r *Repo) error {
	h.remember(name, r)
	head, err := r.Head()
	if err != nil {
		return err
	}
	at, err := followedAt(ctx, h.ask, name)
	if err == nil && at.id != 0 && at.cursor == head {
		return nil
	}
	if err == nil {
		err = h.update(ctx, func(tx *sql.Tx) error { return follow(ctx, tx, name, r, head) })
	}
	if err != nil {
		return fmt.Errorf("following %s: %w", name, err)
	}
	return nil
}

func follow(ctx context.Context, tx *sql.Tx, name string, r *Repo, head Hash) error {
	at, err := followedAt(ctx, tx, name)
	if err != nil || at.id != 0 && at.cursor == head {
		return err
	}
	if at.id == 0 {
		res, err := tx.ExecContext(ctx, `INSERT INTO history_repos(name, cursor, ord) VALUES(?, ?, 0)`, name, Zero[:])
		if err != nil {
			return err
		}
		if at.id, err = res.LastInsertId(); err != nil {
			return err
		}
	}
	list, ok, err := pending(ctx, tx, r, at, head)
	if err != nil {
		return err
	}
	if !ok {
		if err := wipe(ctx, tx, at.id); err != nil {
			return err
		}
		at.cursor, at.ord = Zero, 0
		if list, _, err = pending(ctx, tx, r, at, head); err != nil {
			return err
		}
	}
	w, err := newWalk(ctx, tx, r, at)
	if err != nil {
		return err
	}
	defer w.close()
	for _, c := range list {
		for _, p := range c.Parents {
			w.uses[p]++
		}
	}
	for _, c := range list {
		if err := w.add(c); err != nil {
			return err
		}
	}
	if err := w.finish(head); err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `UPDATE history_repos SET cursor = ?, ord = ? WHERE id = ?`, head[:], w.ord, at.id)
	return err
}

func wipe(ctx context.Context, tx *sql.Tx, id int64) error {
	for _, q := range []string{
		`DELETE FROM history_blames WHERE line IN (SELECT id FROM history_lines WHERE repo = ?)`,
		`DELETE FROM history_versions WHERE line IN (SELECT id FROM history_lines WHERE repo = ?)`,
		`DELETE FROM history_lines WHERE repo = ?`,
		`DELETE FROM history_paths WHERE repo = ?`,
		`DELETE FROM history_commits WHERE repo = ?`,
	} {
		if _, err := tx.ExecContext(ctx, q, id); err != nil {
			return err
		}
	}
	return nil
}

// Forget removes all that is kept of a repository. Forgetting one that is not
// known does nothing.
func (h *History) Forget(ctx context.Context, name string) error {
	h.mu.Lock()
	delete(h.sources, name)
	h.mu.Unlock()
	err := h.update(ctx, func(tx *sql.Tx) error {
		at, err := followedAt(ctx, tx, name)
		if err != nil || at.id == 0 {
			return err
		}
		if err := wipe(ctx, tx, at.id); err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `DELETE FROM history_repos WHERE id = ?`, at.id)
		return err
	})
	if err != nil {
		return fmt.Errorf("forgetting %s: %w", name, err)
	}
	return nil
}

func (h *History) remember(name string, r *Repo) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if s, ok := h.sources[name]; ok && s.open.Value() == r {
		return
	}
	h.sources[name] = source{dir: r.dir, o: r.o, open: weak.Make(r)}
}

// repo returns a repository to read from, one that was followed before.
func (h *History) repo(name string) (*Repo, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	s, ok := h.sources[name]
	if !ok {
		return nil, fmt.Errorf("%s was not followed: %w", name, fs.ErrNotExist)
	}
	if r := s.open.Value(); r != nil {
		return r, nil
	}
	s.o.ReadOnly = true
	r, err := Open(s.dir, s.o)
	if err != nil {
		return nil, err
	}
	s.open = weak.Make(r)
	h.sources[name] = s
	return r, nil
}
