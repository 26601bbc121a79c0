package people

import (
	"context"
	"errors"
	"time"
)

// Lives and limits of links by which a forgotten password is replaced.
const (
	ResetLife   = time.Hour
	maxResets   = 3 // waiting at a time for one person; the oldest end beyond it
	resetBurst  = 3
	resetEvery  = 20 * time.Minute
	resetsPerIP = 20
)

// Reset is a link to be mailed to the person.
type Reset struct {
	Person  Person
	Token   string // "": they have no password here and sign in by a provider
	Expires time.Time
}

// AskReset counts an asking for a new password. *TooMany says that one IP asks
// too much. ok is false when enough was asked for this address: nothing more is
// to be mailed then, and whoever asks is told the same as always.
func (d *DB) AskReset(email, ip string) (ok bool, err error) {
	now := d.now()
	if network := ipKey(ip); network != "" {
		if wait := d.resetLimits.ips.take(now, network); wait > 0 {
			return false, &TooMany{RetryAfter: wait}
		}
	}
	email, err = NormalEmail(email)
	if err != nil {
		return false, nil
	}
	return d.resetLimits.addresses.take(now, email) == 0, nil
}

// NewReset makes a link for a new password for whoever has the address, for an
// hour. ErrNotFound when nobody has it, or only a guest or somebody disabled.
// It takes longer for known addresses: whoever asked must not wait for it.
func (d *DB) NewReset(ctx context.Context, email, ip string) (Reset, error) {
	p, err := d.ByEmail(ctx, email)
	if err != nil {
		return Reset{}, err
	}
	if p.Disabled || p.Guest {
		return Reset{}, ErrNotFound
	}
	secret, hashed, err := d.newSecret("")
	if err != nil {
		return Reset{}, err
	}
	r := Reset{Person: p}
	err = d.write(ctx, func(t *tx) error {
		n, err := t.count("SELECT count(*) FROM people p WHERE id = ? AND disabled = 0 AND (password <> '' OR NOT EXISTS (SELECT 1 FROM identities i WHERE i.person = p.id))", p.ID)
		if err != nil || n == 0 {
			return err
		}
		r.Token, r.Expires = secret, fromMillis(millis(t.now.Add(ResetLife)))
		if _, err := t.exec("INSERT INTO resets (hash, person, expires) VALUES (?, ?, ?)", hashed, p.ID, millis(r.Expires)); err != nil {
			return err
		}
		if _, err := t.exec("DELETE FROM resets WHERE person = ?1 AND hash NOT IN (SELECT hash FROM resets WHERE person = ?1 ORDER BY expires DESC LIMIT ?2)", p.ID, maxResets); err != nil {
			return err
		}
		return t.record(Caller{Via: "reset", IP: ip}, "reset.ask", p.ID, "", "")
	})
	if err != nil {
		return Reset{}, err
	}
	return r, nil
}

// Reset answers for whom the link is; ErrNotFound when it was used or is over.
func (d *DB) Reset(ctx context.Context, token string) (Person, error) {
	if !plausible(token) {
		return Person{}, ErrNotFound
	}
	h := hash(token)
	var id string
	var expires int64
	if err := scanOne(d.readers.QueryRowContext(ctx, "SELECT person, expires FROM resets WHERE hash = ?", h[:]), &id, &expires); err != nil {
		return Person{}, err
	}
	if !d.now().Before(fromMillis(expires)) {
		return Person{}, ErrNotFound
	}
	return d.active(ctx, id)
}

// UseReset gives the person a new password, once, and ends their sessions and
// links. The caller then goes on to the second step or starts a session.
func (d *DB) UseReset(ctx context.Context, token, password, ip string) (Person, error) {
	if err := checkPassword(password); err != nil {
		return Person{}, err
	}
	if _, err := d.Reset(ctx, token); err != nil {
		return Person{}, err // before the work of hashing
	}
	fresh, err := d.hasher.hash(ctx, password)
	if err != nil {
		return Person{}, err
	}
	h := hash(token)
	var p Person
	err = d.write(ctx, func(t *tx) error {
		var id string
		if err := t.one("DELETE FROM resets WHERE hash = ? AND expires > ? RETURNING person", []any{h[:], millis(t.now)}, &id); err != nil {
			return err
		}
		var err error
		if p, err = t.person(id); err != nil {
			return err
		}
		if p.Disabled {
			return ErrNotFound
		}
		return t.setPassword(Caller{Person: p, Via: "reset", IP: ip}, id, fresh)
	})
	if err != nil && !errors.Is(err, ErrNotFound) {
		return Person{}, err
	}
	return p, err
}
