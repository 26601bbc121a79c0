package pipeline

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
	"dealwiki/wiki/handoff"
	"dealwiki/wiki/people"
)

// format is raised whenever what is kept changes; older tables are dropped.
const format = 2

// Book keeps the pasts of all deals. It is safe for concurrent use.
type Book struct {
	w        *wiki.Wiki
	handoffs *handoff.Book
	db       *sql.DB
	log      *slog.Logger
	moves    *wiki.Follower

	following sync.Mutex // held while deals are read and kept
	mu        sync.RWMutex
	known     map[string]kept // by prospect
	dirty     map[string]struct{}
}

// kept is the past of a deal up to a head of its internal side.
type kept struct {
	head string
	History
}

// Open opens the book of a wiki, in its derived tables. Close it before the
// wiki. Logger may be nil.
func Open(ctx context.Context, w *wiki.Wiki, handoffs *handoff.Book, logger *slog.Logger) (*Book, error) {
	if logger == nil {
		logger = slog.New(slog.DiscardHandler)
	}
	b := &Book{w: w, handoffs: handoffs, db: w.Derived(), log: logger, known: map[string]kept{}, dirty: map[string]struct{}{}}
	if err := b.load(ctx); err != nil {
		return nil, fmt.Errorf("opening the pipeline: %w", err)
	}
	b.moves = w.Follow()
	for _, id := range w.Streams() {
		b.note(id)
	}
	return b, nil
}

func (b *Book) load(ctx context.Context) error {
	var was int
	err := b.db.QueryRowContext(ctx, `SELECT format FROM pipeline_format`).Scan(&was)
	if err != nil || was != format {
		_, err := b.db.ExecContext(ctx, `DROP TABLE IF EXISTS pipeline_format; DROP TABLE IF EXISTS pipeline_deals;
			CREATE TABLE pipeline_format(format INTEGER NOT NULL);
			CREATE TABLE pipeline_deals(prospect TEXT PRIMARY KEY, head TEXT NOT NULL, history BLOB NOT NULL) WITHOUT ROWID;`)
		if err != nil {
			return err
		}
		_, err = b.db.ExecContext(ctx, `INSERT INTO pipeline_format VALUES(?)`, format)
		return err
	}
	rows, err := b.db.QueryContext(ctx, `SELECT prospect, head, history FROM pipeline_deals`)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var prospect string
		var data []byte
		var k kept
		if err := rows.Scan(&prospect, &k.head, &data); err != nil {
			return err
		}
		if json.Unmarshal(data, &k.History) == nil {
			b.known[prospect] = k
		}
	}
	return rows.Err()
}

// Close stops noting what moves.
func (b *Book) Close() error {
	b.moves.Stop()
	return nil
}

// Run follows all deals until ctx is done.
func (b *Book) Run(ctx context.Context) error {
	for {
		if err := b.catchUp(ctx, -1); err != nil && ctx.Err() == nil {
			b.log.Warn("following the pipeline", "err", err)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-b.moves.C:
		}
	}
}

func (b *Book) note(id wiki.SideID) {
	if id.Prospect != wiki.Playbook && id.Section == wiki.Internal {
		b.dirty[id.Prospect] = struct{}{}
	}
}

// Deals that one question reads itself, at most; where more have moved, as at
// the first start with a large wiki, the rest is left to Run.
const readAtOnce = 100

// keepAtOnce is how many deals are read before they are written down together.
const keepAtOnce = 50

// catchUp reads deals that have moved, up to a limit if there is one.
func (b *Book) catchUp(ctx context.Context, limit int) error {
	b.mu.Lock()
	for _, id := range b.moves.Take() {
		b.note(id)
	}
	var names []string
	for name := range b.dirty {
		if limit >= 0 && len(names) == limit {
			break
		}
		names = append(names, name)
	}
	b.mu.Unlock()
	var errs []error
	for some := range slices.Chunk(names, keepAtOnce) {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		errs = append(errs, b.follow(ctx, some))
	}
	return errors.Join(errs...)
}

var system = people.System("pipeline")

// follow brings what is kept of some deals to their newest commits. What cannot
// be read stays behind and is tried again.
func (b *Book) follow(ctx context.Context, names []string) error {
	b.following.Lock()
	defer b.following.Unlock()
	b.mu.Lock()
	for _, name := range names {
		delete(b.dirty, name)
	}
	b.mu.Unlock()
	var errs []error
	fresh, gone := map[string]kept{}, []string(nil)
	for _, name := range names {
		var k *kept
		err := wiki.Guard(b.log, "following the pipeline of "+name, func() (err error) {
			k, err = b.read(ctx, name)
			return err
		})
		switch {
		case errors.Is(err, wiki.ErrNotFound):
			gone = append(gone, name)
		case err != nil:
			errs = append(errs, fmt.Errorf("reading the past of %s: %w", name, err))
			b.mu.Lock()
			b.dirty[name] = struct{}{}
			b.mu.Unlock()
		case k != nil:
			fresh[name] = *k
		}
	}
	if err := b.keep(ctx, fresh, gone); err != nil {
		errs = append(errs, fmt.Errorf("keeping the past of deals: %w", err))
	}
	return errors.Join(errs...)
}

// read answers the past of a deal, nil when what is kept is of its newest
// commit.
func (b *Book) read(ctx context.Context, name string) (*kept, error) {
	stream, err := b.w.Stream(system, wiki.SideID{Prospect: name, Section: wiki.Internal})
	if err != nil {
		return nil, err
	}
	head, err := stream.Head()
	if err != nil {
		return nil, err
	}
	b.mu.RLock()
	was, ok := b.known[name]
	b.mu.RUnlock()
	if ok && was.head == head.String() {
		return nil, nil
	}
	versions, err := b.w.StageHistory(ctx, system, name)
	if err != nil {
		return nil, err
	}
	sp, err := b.w.Space(ctx, system, name)
	if err != nil {
		return nil, err
	}
	handoffs, err := b.handoffs.List(ctx, system, sp)
	if err != nil {
		b.log.Warn("reading handoffs", "prospect", name, "err", err)
	}
	return &kept{head.String(), Read(versions, handoffs)}, nil
}

func (b *Book) keep(ctx context.Context, fresh map[string]kept, gone []string) error {
	if len(fresh) == 0 && len(gone) == 0 {
		return nil
	}
	b.mu.Lock()
	for name, k := range fresh {
		b.known[name] = k
	}
	for _, name := range gone {
		delete(b.known, name)
	}
	b.mu.Unlock()
	tx, err := b.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	for name, k := range fresh {
		row, err := json.Marshal(k.History)
		if err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `INSERT OR REPLACE INTO pipeline_deals VALUES(?,?,?)`, name, k.head, row); err != nil {
			return err
		}
	}
	for _, name := range gone {
		if _, err := tx.ExecContext(ctx, `DELETE FROM pipeline_deals WHERE prospect=?`, name); err != nil {
			return err
		}
	}
	return tx.Commit()
}

// Deals lists the deals that the caller, a member of staff, may see. unread is
// how many of them have a past that was not read yet.
func (b *Book) Deals(ctx context.Context, caller people.Caller) (deals []Deal, unread int, err error) {
	if caller.Person.Guest || !caller.Can(people.Read) {
		return nil, 0, people.ErrForbidden
	}
	if err := b.catchUp(ctx, readAtOnce); err != nil {
		if ctx.Err() != nil {
			return nil, 0, err
		}
		b.log.Warn("following the pipeline", "err", err)
	}
	entries := b.w.Prospects(ctx, caller)
	deals = make([]Deal, 0, len(entries))
	b.mu.RLock()
	defer b.mu.RUnlock()
	for i := range entries {
		e := &entries[i]
		d := Deal{Prospect: e.Prospect, Updated: e.Updated}
		if access, err := b.w.People().Access(ctx, e.Slug); err == nil {
			d.Owner = access.Owner
		}
		if k, ok := b.known[e.Slug]; ok {
			d.History = k.History
		} else {
			unread++
			d.History = Read([]wiki.Standing{{Prospect: e.Prospect, At: e.Updated}}, nil)
		}
		deals = append(deals, d)
	}
	return deals, unread, nil
}

// Figures makes the figures of the deals that the caller may see.
func (b *Book) Figures(ctx context.Context, caller people.Caller, q Query) (*Figures, error) {
	funnel, err := b.w.Funnel(ctx)
	if err != nil {
		return nil, err
	}
	deals, unread, err := b.Deals(ctx, caller)
	if err != nil {
		return nil, err
	}
	f := Compute(deals, funnel, q)
	f.Unread = unread
	return f, nil
}
