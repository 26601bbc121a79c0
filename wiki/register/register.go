package register

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"

	"dealwiki/wiki"
	"dealwiki/wiki/people"
	"dealwiki/wiki/repo"
)

// format is raised whenever what is kept changes; older tables are dropped.
const format = 3

// Register is the facts of all prospects. It is safe for concurrent use.
type Register struct {
	w     *wiki.Wiki
	db    *sql.DB
	log   *slog.Logger
	moves *wiki.Follower

	parsed parsed

	mu    sync.Mutex
	locks map[wiki.SideID]*sync.Mutex // one side is followed by one caller at a time
	dirty map[wiki.SideID]struct{}    // sides that have moved and were not followed yet
}

// Open opens the register of a wiki, in its derived tables. Close it before the
// wiki. Logger may be nil.
func Open(ctx context.Context, w *wiki.Wiki, logger *slog.Logger) (*Register, error) {
	if logger == nil {
		logger = slog.New(slog.DiscardHandler)
	}
	r := &Register{w: w, db: w.Derived(), log: logger, locks: map[wiki.SideID]*sync.Mutex{}, dirty: map[wiki.SideID]struct{}{}}
	if err := r.prepare(ctx); err != nil {
		return nil, fmt.Errorf("opening the register of facts: %w", err)
	}
	r.moves = w.Follow()
	for _, id := range w.Streams() {
		r.dirty[id] = struct{}{}
	}
	return r, nil
}

func (r *Register) prepare(ctx context.Context) error {
	var kept int
	err := r.db.QueryRowContext(ctx, `SELECT format FROM register_format`).Scan(&kept)
	if err != nil || kept != format {
		if _, err := r.db.ExecContext(ctx, `DROP TABLE IF EXISTS register_format; DROP TABLE IF EXISTS register_sides;
			DROP TABLE IF EXISTS register_pages; DROP TABLE IF EXISTS register_facts`); err != nil {
			return err
		}
	}
	_, err = r.db.ExecContext(ctx, `
		CREATE TABLE IF NOT EXISTS register_format(format INTEGER NOT NULL);
		CREATE TABLE IF NOT EXISTS register_sides(side TEXT PRIMARY KEY, head TEXT NOT NULL) WITHOUT ROWID;
		CREATE TABLE IF NOT EXISTS register_pages(side TEXT NOT NULL, path TEXT NOT NULL, version TEXT NOT NULL, PRIMARY KEY(side, path)) WITHOUT ROWID;
		CREATE TABLE IF NOT EXISTS register_facts(side TEXT NOT NULL, path TEXT NOT NULL, key TEXT NOT NULL, prospect TEXT NOT NULL, kind TEXT NOT NULL,
			state TEXT NOT NULL, owner TEXT NOT NULL, due TEXT NOT NULL, raised INTEGER NOT NULL, fact BLOB NOT NULL, PRIMARY KEY(side, path, key)) WITHOUT ROWID;
		CREATE INDEX IF NOT EXISTS register_open ON register_facts(state, kind, due);`)
	if err == nil && kept != format {
		_, err = r.db.ExecContext(ctx, `INSERT INTO register_format VALUES(?)`, format)
	}
	return err
}

// Close stops noting what moves.
func (r *Register) Close() error {
	r.moves.Stop()
	return nil
}

// Run follows all sides until ctx is done, so that questions over all prospects
// find the tables near the commits.
func (r *Register) Run(ctx context.Context) error {
	for {
		if err := r.catchUp(ctx); err != nil && ctx.Err() == nil {
			r.log.Warn("following facts", "err", err)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-r.moves.C:
		}
	}
}

// catchUp follows every side that has moved. A side that cannot be read stays
// behind and does not keep back the others.
func (r *Register) catchUp(ctx context.Context) error {
	r.mu.Lock()
	for _, id := range r.moves.Take() {
		r.dirty[id] = struct{}{}
	}
	ids := make([]wiki.SideID, 0, len(r.dirty))
	for id := range r.dirty {
		ids = append(ids, id)
	}
	r.mu.Unlock()
	var errs []error
	for _, id := range ids {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err := r.follow(ctx, id); err != nil {
			errs = append(errs, fmt.Errorf("side %s/%s: %w", id.Prospect, id.Section, err))
		}
	}
	return errors.Join(errs...)
}

func sideName(id wiki.SideID) string { return id.Prospect + "/" + string(id.Section) }

var system = people.System("register")

// follow brings the tables of one side to its newest commit.
func (r *Register) follow(ctx context.Context, id wiki.SideID) error {
	r.mu.Lock()
	lock := r.locks[id]
	if lock == nil {
		lock = new(sync.Mutex)
		r.locks[id] = lock
	}
	delete(r.dirty, id)
	r.mu.Unlock()
	lock.Lock()
	defer lock.Unlock()
	err := wiki.Guard(r.log, "following facts of "+sideName(id), func() error { return r.followSide(ctx, id) })
	if err != nil {
		r.mu.Lock()
		r.dirty[id] = struct{}{}
		r.mu.Unlock()
	}
	return err
}

func (r *Register) followSide(ctx context.Context, id wiki.SideID) error {
	stream, err := r.w.Stream(system, id)
	if errors.Is(err, wiki.ErrNotFound) {
		return r.forget(ctx, sideName(id))
	}
	if err != nil {
		return err
	}
	head, err := stream.Head()
	if err != nil {
		return err
	}
	var known string
	err = r.db.QueryRowContext(ctx, `SELECT head FROM register_sides WHERE side=?`, sideName(id)).Scan(&known)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	if known == head.String() {
		return nil
	}
	pages, err := stream.Pages(ctx)
	if err != nil {
		return err
	}
	had, err := r.pages(ctx, sideName(id))
	if err != nil {
		return err
	}
	stages, err := r.stages(ctx, id.Prospect)
	if err != nil {
		return err
	}
	// Everything is read before the first write: reading may write to other
	// tables of the same file.
	lives, now := map[string]map[string]*Fact{}, map[string]string{}
	read := func(place wiki.Place, upto string) error {
		facts, err := r.lives(ctx, stream, id, place, had[place.Path()], upto, stages)
		if err != nil {
			return fmt.Errorf("page %s: %w", place, err)
		}
		lives[place.Path()] = facts
		return nil
	}
	for _, p := range pages {
		now[p.Path()] = p.Version.String()
		if had[p.Path()] != p.Version.String() {
			if err := read(p.Place, p.Version.String()); err != nil {
				return err
			}
		}
	}
	for path := range had {
		place, ok := wiki.PlaceOf(id.Section, path)
		if now[path] == "" && ok {
			if err := read(place, ""); err != nil {
				return err
			}
		}
	}
	return r.write(ctx, id, head, lives, now)
}

// write puts down the lives of the pages that have changed, and how far the
// side was followed.
func (r *Register) write(ctx context.Context, id wiki.SideID, head repo.Hash, lives map[string]map[string]*Fact, now map[string]string) error {
	tx, err := r.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	side := sideName(id)
	for path, facts := range lives {
		if _, err := tx.ExecContext(ctx, `DELETE FROM register_facts WHERE side=? AND path=?`, side, path); err != nil {
			return err
		}
		for _, f := range facts {
			row, err := json.Marshal(f)
			if err != nil {
				return err
			}
			if _, err := tx.ExecContext(ctx, `INSERT INTO register_facts VALUES(?,?,?,?,?,?,?,?,?,?)`, side, path, f.Key, id.Prospect, f.Kind,
				string(f.State), f.Owner, f.Due, f.Raised().At.Unix(), row); err != nil {
				return err
			}
		}
		if now[path] == "" {
			_, err = tx.ExecContext(ctx, `DELETE FROM register_pages WHERE side=? AND path=?`, side, path)
		} else {
			_, err = tx.ExecContext(ctx, `INSERT OR REPLACE INTO register_pages VALUES(?,?,?)`, side, path, now[path])
		}
		if err != nil {
			return err
		}
	}
	if _, err := tx.ExecContext(ctx, `INSERT OR REPLACE INTO register_sides VALUES(?,?)`, side, head.String()); err != nil {
		return err
	}
	return tx.Commit()
}

func (r *Register) pages(ctx context.Context, side string) (map[string]string, error) {
	rows, err := r.db.QueryContext(ctx, `SELECT path, version FROM register_pages WHERE side=?`, side)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	out := map[string]string{}
	for rows.Next() {
		var path, version string
		if err := rows.Scan(&path, &version); err != nil {
			return nil, err
		}
		out[path] = version
	}
	return out, rows.Err()
}

// allVersions is more than a page has.
const allVersions = 1 << 30

// resume answers the versions of a page that its facts have not gone through,
// newest first, and the facts as the last one they went through left them.
func (r *Register) resume(ctx context.Context, stream *wiki.Stream, id wiki.SideID, place wiki.Place, known string) ([]repo.Version, *life, error) {
	l := &life{prospect: id.Prospect, place: place, facts: map[string]*Fact{}, here: map[string]stand{}}
	for limit := 8; ; limit *= 8 {
		if known == "" {
			limit = allVersions
		}
		versions, err := stream.Versions(ctx, place.Path(), limit)
		if err != nil {
			return nil, nil, err
		}
		i := slices.IndexFunc(versions, func(v repo.Version) bool { return v.Commit.String() == known })
		if i < 0 && len(versions) == limit {
			continue
		}
		if i < 0 || versions[i].Deleted {
			return versions, l, nil
		}
		facts, err := r.read(ctx, `SELECT fact FROM register_facts WHERE side=? AND path=?`, sideName(id), place.Path())
		if err != nil {
			return nil, nil, err
		}
		for j := range facts {
			l.facts[facts[j].Key] = &facts[j]
		}
		text, err := stream.Repo().Blob(versions[i].Blob)
		if err != nil {
			return nil, nil, err
		}
		for _, st := range standing(text) {
			l.here[st.key()] = st
		}
		return versions[:i], l, nil
	}
}

// lives brings the lives of a page's facts from a known version up to another;
// "" is the newest. What is written down as known has to be what was read: pages
// move on meanwhile.
func (r *Register) lives(ctx context.Context, stream *wiki.Stream, id wiki.SideID, place wiki.Place, known, upto string, stages stages) (map[string]*Fact, error) {
	versions, l, err := r.resume(ctx, stream, id, place, known)
	if err != nil {
		return nil, err
	}
	if i := slices.IndexFunc(versions, func(v repo.Version) bool { return v.Commit.String() == upto }); i > 0 {
		versions = versions[i:]
	}
	for i := len(versions) - 1; i >= 0; i-- {
		v := versions[i]
		var now []stand
		if !v.Deleted {
			text, err := stream.Repo().Blob(v.Blob)
			if err != nil {
				return nil, err
			}
			now = standing(text)
		}
		var commit *repo.Commit
		var failed error
		l.step(v, stages.at(v.When, place.Stage), now, func(line int) repo.Person {
			if len(v.CoAuthors) == 0 {
				return v.Author
			}
			if commit == nil {
				c, err := stream.Repo().Lookup(v.Commit)
				if err != nil {
					failed = err
					return v.Author
				}
				commit = &c
			}
			return commit.Wrote(v.Path, line)
		})
		if failed != nil {
			return nil, failed
		}
	}
	return l.facts, nil
}

func (r *Register) forget(ctx context.Context, side string) error {
	tx, err := r.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	for _, table := range []string{"register_sides", "register_pages", "register_facts"} {
		if _, err := tx.ExecContext(ctx, `DELETE FROM `+table+` WHERE side=?`, side); err != nil {
			return err
		}
	}
	return tx.Commit()
}
