package people

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"dealwiki/wiki/guard"
)

// tx is a write transaction, and what has to be taken over into memory once it
// is committed.
type tx struct {
	ctx  context.Context
	conn *sql.Conn
	db   *DB
	now  time.Time

	people    map[string]bool
	prospects map[string]bool
	secrets   bool
	changes   []Change
}

// write runs f in a transaction. When f returns an error nothing is changed.
// Once begun it is finished, even if ctx ends.
func (d *DB) write(ctx context.Context, f func(*tx) error) (err error) {
	conn, err := d.lock(ctx)
	if err != nil {
		return err
	}
	defer d.unlock(conn)
	ctx = context.WithoutCancel(ctx)
	if _, err := conn.ExecContext(ctx, "BEGIN IMMEDIATE"); err != nil {
		return fmt.Errorf("beginning to write accounts: %w", err)
	}
	defer func() {
		if err != nil {
			if _, e := conn.ExecContext(ctx, "ROLLBACK"); e != nil {
				d.log.Error("rolling back accounts failed", "error", e)
			}
		}
	}()
	t := &tx{ctx: ctx, conn: conn, db: d, now: d.now(), people: map[string]bool{}, prospects: map[string]bool{}}
	if err := f(t); err != nil {
		return err
	}
	// Read inside the transaction, so that nothing can fail after the commit.
	var people []*Person
	for id := range t.people {
		p, err := t.person(id)
		if err != nil {
			return err
		}
		people = append(people, &p)
	}
	prospects := map[string]*access{}
	for name := range t.prospects {
		a, err := readAccess(ctx, conn, name)
		if err != nil {
			return err
		}
		prospects[name] = a
	}
	if _, err := conn.ExecContext(ctx, "COMMIT"); err != nil {
		return fmt.Errorf("writing accounts: %w", err)
	}
	d.cache.put(people, prospects)
	if t.secrets || len(people) > 0 {
		d.secrets.clear()
	}
	if len(t.changes) > 0 {
		d.watch.tell(t.changes...)
	}
	return nil
}

func (t *tx) exec(query string, args ...any) (int64, error) {
	r, err := t.conn.ExecContext(t.ctx, query, args...)
	if err != nil {
		return 0, fmt.Errorf("writing accounts: %w", err)
	}
	return r.RowsAffected()
}

// one reads one row into dest; without a row it is ErrNotFound.
func (t *tx) one(query string, args []any, dest ...any) error {
	return scanOne(t.conn.QueryRowContext(t.ctx, query, args...), dest...)
}

func scanOne(row *sql.Row, dest ...any) error {
	err := row.Scan(dest...)
	if errors.Is(err, sql.ErrNoRows) {
		return ErrNotFound
	}
	if err != nil {
		return fmt.Errorf("reading accounts: %w", err)
	}
	return nil
}

// count answers a query for one number.
func (t *tx) count(query string, args ...any) (n int64, err error) {
	err = t.one(query, args, &n)
	return n, err
}

// changed notes a person whose row or doors were touched.
func (t *tx) changed(id string) {
	t.people[id] = true
	t.secrets = true
	t.changes = append(t.changes, Change{Kind: PersonChanged, Person: id})
}

// allow reads the caller's person as it is now. Whoever is disabled, or has none
// of the scopes asked for, is refused. The person of the system is empty.
func (t *tx) allow(c Caller, s Scope) (Person, error) {
	if c.system {
		return Person{}, nil
	}
	if c.Person.ID == "" {
		return Person{}, ErrForbidden
	}
	p, err := t.person(c.Person.ID)
	if errors.Is(err, ErrNotFound) {
		return Person{}, ErrForbidden
	}
	if err != nil {
		return Person{}, err
	}
	c.Person = p
	if guard.MayAtAll.Stops(!c.Can(s)) {
		return Person{}, ErrForbidden
	}
	return p, nil
}

// allowSelf admits an administrator, or the person themselves through a door
// with the scopes.
func (t *tx) allowSelf(c Caller, id string, s Scope) error {
	if _, err := t.allow(c, Administer); err == nil || !errors.Is(err, ErrForbidden) {
		return err
	}
	p, err := t.allow(c, s)
	if err != nil {
		return err
	}
	if p.ID != id {
		return ErrForbidden
	}
	return nil
}
