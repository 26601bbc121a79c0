package people

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"maps"
	"sync"
	"sync/atomic"
	"time"
)

// Lives of a session, and how many one person may have.
const (
	SessionIdle = 14 * 24 * time.Hour
	SessionLife = 90 * 24 * time.Hour
	MaxSessions = 50 // the oldest end beyond it
)

// seenEvery is how exactly it is kept when a session or token was last used.
const seenEvery = time.Minute

// Session is one browser signed in.
type Session struct {
	ID      string // not the secret
	Person  string
	IP      string
	Agent   string
	Created time.Time
	Seen    time.Time // to a minute or so
	Expires time.Time // if it is used until then
	How     string    // it began; see [Entry]; may be empty
	// Renew says that the person's rights have changed since its secret was made:
	// the next page should give it a new one, by [DB.RenewSession].
	Renew bool
}

// door is a session or a token as it is kept in memory, found by the hash of its
// secret. All but used is never changed.
type door struct {
	session Session // ID is empty for a token
	token   Token
	until   time.Time    // when a session's secret that was replaced counts no more; zero: it is the session's own
	used    atomic.Int64 // milliseconds
	ip      atomic.Pointer[string]
}

// secretCache spares reading the same row at every request.
type secretCache struct {
	mu    sync.RWMutex
	gen   uint64
	doors map[[sha256.Size]byte]*door
	dirty map[*door]bool // used since it was last written down
}

// maxDoors bounds the cache.
const maxDoors = 20_000

func (s *secretCache) get(h [sha256.Size]byte) (*door, uint64) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.doors[h], s.gen
}

// put keeps a row read while gen was current. A row read before a change is not
// kept after it.
func (s *secretCache) put(h [sha256.Size]byte, d *door, gen uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.gen != gen {
		return
	}
	if s.doors == nil || len(s.doors) >= maxDoors {
		s.doors = map[[sha256.Size]byte]*door{}
	}
	s.doors[h] = d
}

func (s *secretCache) clear() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.gen++
	s.doors = nil
}

// touch notes a use.
func (s *secretCache) touch(d *door, now time.Time, ip string) {
	last := d.used.Load()
	if millis(now)-last < seenEvery.Milliseconds() || !d.used.CompareAndSwap(last, millis(now)) {
		return
	}
	if ip != "" {
		d.ip.Store(&ip)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.dirty == nil {
		s.dirty = map[*door]bool{}
	}
	if len(s.dirty) < maxDoors {
		s.dirty[d] = true
	}
}

func (s *secretCache) takeDirty() map[*door]bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	dirty := s.dirty
	s.dirty = nil
	return dirty
}

func (s *secretCache) putBack(dirty map[*door]bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	maps.Copy(dirty, s.dirty)
	s.dirty = dirty
}

// flush writes down when doors were last used.
func (d *DB) flush(ctx context.Context) error {
	dirty := d.secrets.takeDirty()
	if len(dirty) == 0 {
		return nil
	}
	err := d.write(ctx, func(t *tx) error {
		for x := range dirty {
			var err error
			if x.session.ID != "" {
				_, err = t.exec("UPDATE sessions SET seen = max(seen, ?) WHERE id = ?", x.used.Load(), x.session.ID)
			} else {
				ip := ""
				if p := x.ip.Load(); p != nil {
					ip = *p
				}
				_, err = t.exec("UPDATE tokens SET used = max(used, ?), ip = ? WHERE id = ?", x.used.Load(), ip, x.token.ID)
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		d.secrets.putBack(dirty)
		return fmt.Errorf("noting last use: %w", err)
	}
	return nil
}

// sweep deletes what has expired, so that no clock revives it.
func (d *DB) sweep(ctx context.Context) error {
	now := d.now()
	var some bool
	err := d.readers.QueryRowContext(ctx, `SELECT
		EXISTS (SELECT 1 FROM sessions WHERE expires <= ?1 OR seen <= ?2) OR
		EXISTS (SELECT 1 FROM tokens WHERE expires > 0 AND expires <= ?1) OR
		EXISTS (SELECT 1 FROM links WHERE expires <= ?1) OR
		EXISTS (SELECT 1 FROM invitations WHERE expires <= ?1) OR
		EXISTS (SELECT 1 FROM sign_ins WHERE expires <= ?1) OR
		EXISTS (SELECT 1 FROM resets WHERE expires <= ?1) OR
		EXISTS (SELECT 1 FROM sessions WHERE old_hash IS NOT NULL AND old_until <= ?1)`,
		millis(now), millis(now.Add(-SessionIdle))).Scan(&some)
	if err != nil {
		return fmt.Errorf("looking for what has expired: %w", err)
	}
	if !some {
		return nil
	}
	return d.write(ctx, func(t *tx) error {
		if _, err := t.exec("DELETE FROM sessions WHERE expires <= ? OR seen <= ?", millis(t.now), millis(t.now.Add(-SessionIdle))); err != nil {
			return err
		}
		for _, query := range []string{
			"DELETE FROM tokens WHERE expires > 0 AND expires <= ?",
			"DELETE FROM links WHERE expires <= ?",
			"DELETE FROM invitations WHERE expires <= ?",
			"DELETE FROM sign_ins WHERE expires <= ?",
			"DELETE FROM resets WHERE expires <= ?",
			"UPDATE sessions SET old_hash = NULL WHERE old_hash IS NOT NULL AND old_until <= ?",
		} {
			if _, err := t.exec(query, millis(t.now)); err != nil {
				return err
			}
		}
		t.secrets = true
		t.changes = append(t.changes, Change{Kind: Everything})
		return nil
	})
}

// StartSession signs a person in: after their password, link or invitation was
// checked. The token goes into the cookie; it is always a new one.
func (d *DB) StartSession(ctx context.Context, personID, ip, agent string) (token string, s Session, err error) {
	return d.Enter(ctx, personID, Entry{IP: ip, Agent: agent})
}

// Enter is [DB.StartSession], and keeps how the person signed in.
func (d *DB) Enter(ctx context.Context, personID string, e Entry) (token string, s Session, err error) {
	if len(e.Hint) > maxHint {
		e.Hint = ""
	}
	id, err := d.newID()
	if err != nil {
		return "", Session{}, err
	}
	secret, hashed, err := d.newSecret("")
	if err != nil {
		return "", Session{}, err
	}
	err = d.write(ctx, func(t *tx) error {
		p, err := t.person(personID)
		if err != nil {
			return err
		}
		if p.Disabled {
			return ErrForbidden
		}
		now := fromMillis(millis(t.now))
		s = Session{ID: id, Person: p.ID, IP: clip(e.IP, 64), Agent: clip(e.Agent, 200), Created: now, Seen: now, Expires: now.Add(SessionLife), How: clip(e.How, 20)}
		if _, err := t.exec("INSERT INTO sessions (id, hash, person, ip, agent, created, seen, expires, how, hint) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
			s.ID, hashed, s.Person, s.IP, s.Agent, millis(s.Created), millis(s.Seen), millis(s.Expires), s.How, e.Hint); err != nil {
			return err
		}
		ended, err := t.exec("DELETE FROM sessions WHERE person = ?1 AND seq NOT IN (SELECT seq FROM sessions WHERE person = ?1 ORDER BY seq DESC LIMIT ?2)", p.ID, MaxSessions)
		if err != nil {
			return err
		}
		if ended > 0 {
			t.changed(p.ID)
		}
		return t.record(Caller{Person: p, IP: s.IP, Via: "session"}, "session.start", p.ID, "", s.How)
	})
	if err != nil {
		return "", Session{}, err
	}
	return secret, s, nil
}

const sessionColumns = "id, person, ip, agent, created, seen, expires, how, renew"

func scanSession(row scanner) (s Session, err error) {
	var created, seen, expires int64
	err = row.Scan(&s.ID, &s.Person, &s.IP, &s.Agent, &created, &seen, &expires, &s.How, &s.Renew)
	s.Created, s.Seen, s.Expires = fromMillis(created), fromMillis(seen), fromMillis(expires)
	return s, err
}

// Session answers who a cookie's token belongs to; ErrNotFound when it does not
// sign anybody in (any more). The caller's IP is left for whoever knows it.
func (d *DB) Session(ctx context.Context, token string) (Caller, Session, error) {
	if !plausible(token) {
		return Caller{}, Session{}, ErrNotFound
	}
	h := hash(token)
	x, gen := d.secrets.get(h)
	if x == nil {
		var s Session
		var created, seen, expires, until int64
		err := scanOne(d.readers.QueryRowContext(ctx, "SELECT "+sessionColumns+", iif(hash = ?1, 0, old_until) FROM sessions WHERE hash = ?1 OR old_hash = ?1", h[:]),
			&s.ID, &s.Person, &s.IP, &s.Agent, &created, &seen, &expires, &s.How, &s.Renew, &until)
		if err != nil {
			return Caller{}, Session{}, err
		}
		s.Created, s.Seen, s.Expires = fromMillis(created), fromMillis(seen), fromMillis(expires)
		x = &door{session: s, until: fromMillis(until)}
		x.used.Store(seen)
		d.secrets.put(h, x, gen)
	}
	s := x.session
	if s.ID == "" {
		return Caller{}, Session{}, ErrNotFound
	}
	s.Seen = fromMillis(x.used.Load())
	now := d.now()
	if !x.until.IsZero() && (!now.Before(x.until) || x.until.Sub(now) > renewGrace) {
		return Caller{}, Session{}, ErrNotFound
	}
	if now.Add(seenEvery).Before(s.Seen) {
		var err error
		if s, err = d.rebase(ctx, s, now); err != nil {
			return Caller{}, Session{}, err
		}
	}
	if !now.Before(s.Expires) || now.Sub(s.Seen) >= SessionIdle {
		if err := d.expire(ctx, "sessions", s.ID, s.Person); err != nil {
			return Caller{}, Session{}, err
		}
		return Caller{}, Session{}, ErrNotFound
	}
	p, err := d.active(ctx, s.Person)
	if err != nil {
		return Caller{}, Session{}, err
	}
	d.secrets.touch(x, now, "")
	return Caller{Person: p, Scopes: AllScopes, Via: "session", Session: s.ID}, s, nil
}

// rebase moves a session's times when the clock was set back, so that it lives
// no longer for it.
func (d *DB) rebase(ctx context.Context, s Session, now time.Time) (Session, error) {
	// A last use still in memory is of the time before; written down later it
	// would look like the clock going back once more.
	if err := d.flush(ctx); err != nil {
		return s, err
	}
	back := s.Seen.Sub(now).Truncate(time.Millisecond)
	s.Seen, s.Created, s.Expires = s.Seen.Add(-back), s.Created.Add(-back), s.Expires.Add(-back)
	err := d.write(ctx, func(t *tx) error {
		t.secrets = true
		n, err := t.exec("UPDATE sessions SET seen = ?, created = ?, expires = ? WHERE id = ? AND expires > ?",
			millis(s.Seen), millis(s.Created), millis(s.Expires), s.ID, millis(s.Expires))
		if err != nil || n > 0 {
			return err
		}
		// Somebody else did it, or it was ended.
		fresh, err := scanSession(t.conn.QueryRowContext(t.ctx, "SELECT "+sessionColumns+" FROM sessions WHERE id = ?", s.ID))
		if err != nil {
			return ErrNotFound
		}
		s = fresh
		return nil
	})
	return s, err
}

// expire deletes a session or token whose time is over.
func (d *DB) expire(ctx context.Context, table, id, person string) error {
	return d.write(ctx, func(t *tx) error {
		if _, err := t.exec("DELETE FROM "+table+" WHERE id = ?", id); err != nil {
			return err
		}
		t.changed(person)
		return nil
	})
}

// active is a person who may come in. Their session or token refers to them, so
// if they are not known yet another process has just added them.
func (d *DB) active(ctx context.Context, id string) (Person, error) {
	p := d.cache.person(id)
	if p == nil {
		if err := d.poll(ctx, false); err != nil {
			return Person{}, err
		}
		p = d.cache.person(id)
	}
	if p == nil || p.Disabled {
		return Person{}, ErrNotFound
	}
	return *p, nil
}

// EndSession signs out. A token that is none already is no error.
func (d *DB) EndSession(ctx context.Context, token string) error {
	if !plausible(token) {
		return nil
	}
	h := hash(token)
	return d.write(ctx, func(t *tx) error {
		var id, person string
		err := t.one("DELETE FROM sessions WHERE hash = ?1 OR old_hash = ?1 RETURNING id, person", []any{h[:]}, &id, &person)
		if errors.Is(err, ErrNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		t.changed(person)
		return t.record(Caller{Person: Person{ID: person}, Via: "session"}, "session.end", person, "", "")
	})
}

// EndSessionID ends one session by its id: one's own, or for administrators
// anybody's.
func (d *DB) EndSessionID(ctx context.Context, c Caller, id string) error {
	return d.write(ctx, func(t *tx) error {
		var person string
		if err := t.one("SELECT person FROM sessions WHERE id = ?", []any{id}, &person); err != nil {
			return err
		}
		if err := t.allowSelf(c, person, Write); err != nil {
			if errors.Is(err, ErrForbidden) {
				return ErrNotFound
			}
			return err
		}
		if _, err := t.exec("DELETE FROM sessions WHERE id = ?", id); err != nil {
			return err
		}
		t.changed(person)
		return t.record(c, "session.end", person, "", "")
	})
}

// EndSessions ends all sessions of a person but the one the caller came by:
// one's own, or for administrators anybody's.
func (d *DB) EndSessions(ctx context.Context, c Caller, personID string) error {
	return d.write(ctx, func(t *tx) error {
		if err := t.allowSelf(c, personID, Write); err != nil {
			return err
		}
		n, err := t.exec("DELETE FROM sessions WHERE person = ? AND id <> ?", personID, c.Session)
		if err != nil || n == 0 {
			return err
		}
		t.changed(personID)
		return t.record(c, "session.end", personID, "", "all")
	})
}

// Sessions lists a person's sessions, newest first: one's own, or for
// administrators anybody's.
func (d *DB) Sessions(ctx context.Context, c Caller, personID string) ([]Session, error) {
	if live := d.Live(c); !live.Can(Administer) && (live.Person.ID != personID || !live.Can(Read)) {
		return nil, ErrForbidden
	}
	rows, err := d.readers.QueryContext(ctx, "SELECT "+sessionColumns+" FROM sessions WHERE person = ? ORDER BY seq DESC", personID)
	if err != nil {
		return nil, readError(err)
	}
	defer rows.Close()
	var all []Session
	for rows.Next() {
		s, err := scanSession(rows)
		if err != nil {
			return nil, readError(err)
		}
		all = append(all, s)
	}
	if err := rows.Err(); err != nil {
		return nil, readError(err)
	}
	return all, nil
}

// Live is the caller with their person as it is now. Of somebody who is gone or
// disabled nothing is left: the answer may do nothing.
func (d *DB) Live(c Caller) Caller {
	if c.system {
		return c
	}
	p := d.cache.person(c.Person.ID)
	if p == nil || p.Disabled {
		return Caller{}
	}
	c.Person = *p
	return c
}

// Refresh is for whoever holds a caller for long, such as an open socket: the
// caller as they are now, or ErrNotFound when their session or token has ended
// or their person is disabled.
func (d *DB) Refresh(ctx context.Context, c Caller) (Caller, error) {
	if c.system {
		return c, nil
	}
	now := millis(d.now())
	var n int
	var err error
	switch {
	case c.Session != "":
		err = scanOne(d.readers.QueryRowContext(ctx, "SELECT 1 FROM sessions WHERE id = ? AND person = ? AND expires > ?", c.Session, c.Person.ID, now), &n)
	case c.Token != "":
		err = scanOne(d.readers.QueryRowContext(ctx, "SELECT 1 FROM tokens WHERE id = ? AND person = ? AND (expires = 0 OR expires > ?)", c.Token, c.Person.ID, now), &n)
	default:
		err = ErrNotFound
	}
	if err != nil {
		return Caller{}, err
	}
	p, err := d.active(ctx, c.Person.ID)
	if err != nil {
		return Caller{}, err
	}
	c.Person = p
	return c, nil
}
