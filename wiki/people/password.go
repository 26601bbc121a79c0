package people

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"time"
	"unicode/utf8"

	"github.com/alexedwards/argon2id"
	"golang.org/x/crypto/argon2"
)

// Lengths of a password in bytes.
const (
	MinPassword = 10
	MaxPassword = 1024
)

// Cost is what hashing one password takes (argon2id).
type Cost struct {
	Memory     uint32 // KiB
	Iterations uint32
}

// maxWaiting is how many people may wait for their password to be hashed.
const maxWaiting = 64

// hasher bounds the memory that hashing takes: as many at once as it has slots,
// and a bounded queue behind them.
type hasher struct {
	params  argon2id.Params
	slots   chan struct{}
	waiting chan struct{}
	dummy   string
}

func newHasher(c Cost, parallel int) *hasher {
	if c.Memory == 0 {
		c.Memory = 19 * 1024
	}
	if c.Iterations == 0 {
		c.Iterations = 2
	}
	if parallel <= 0 {
		parallel = 2
	}
	h := &hasher{
		params:  argon2id.Params{Memory: c.Memory, Iterations: c.Iterations, Parallelism: 1, SaltLength: 16, KeyLength: 32},
		slots:   make(chan struct{}, parallel),
		waiting: make(chan struct{}, maxWaiting+parallel),
	}
	// A hash that no password has, of the same cost: comparing with it is the
	// work done for an unknown address.
	h.dummy = fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=1$%s$%s", argon2.Version, c.Memory, c.Iterations,
		base64.RawStdEncoding.EncodeToString(make([]byte, 16)), base64.RawStdEncoding.EncodeToString(make([]byte, 32)))
	return h
}

func (h *hasher) enter(ctx context.Context) (leave func(), err error) {
	select {
	case h.waiting <- struct{}{}:
	default:
		return nil, &TooMany{RetryAfter: 2 * time.Second}
	}
	select {
	case h.slots <- struct{}{}:
		return func() { <-h.slots; <-h.waiting }, nil
	case <-ctx.Done():
		<-h.waiting
		return nil, ctx.Err()
	}
}

func (h *hasher) hash(ctx context.Context, password string) (string, error) {
	leave, err := h.enter(ctx)
	if err != nil {
		return "", err
	}
	defer leave()
	s, err := argon2id.CreateHash(password, &h.params)
	if err != nil {
		return "", fmt.Errorf("hashing a password: %w", err)
	}
	return s, nil
}

// check compares; an empty hash never matches and costs the same. It also says
// whether the hash should be made anew at today's cost.
func (h *hasher) check(ctx context.Context, password, hash string) (ok, outdated bool, err error) {
	known := hash != ""
	if !known {
		hash = h.dummy
	}
	leave, err := h.enter(ctx)
	if err != nil {
		return false, false, err
	}
	defer leave()
	match, params, err := argon2id.CheckHash(password, hash)
	if err != nil {
		return false, false, fmt.Errorf("comparing a password: %w", err)
	}
	return match && known, *params != h.params, nil
}

// checkPassword is done before any hashing, so that a huge one costs nothing.
func checkPassword(password string) error {
	if len(password) < MinPassword || len(password) > MaxPassword {
		return invalid("password", "must have %d to %d bytes", MinPassword, MaxPassword)
	}
	if !utf8.ValidString(password) {
		return invalid("password", "must be valid UTF-8")
	}
	return nil
}

// hashNew checks and hashes a new password; none stays none.
func (d *DB) hashNew(ctx context.Context, password string) (string, error) {
	if password == "" {
		return "", nil
	}
	if err := checkPassword(password); err != nil {
		return "", err
	}
	return d.hasher.hash(ctx, password)
}

// CheckPassword answers who signs in with an address and a password, or
// ErrSignIn, which is the same and costs the same work whether the address is
// unknown, the password wrong or the person disabled. Attempts are limited per
// address and per IP (*TooMany); ip may be empty for the command line.
func (d *DB) CheckPassword(ctx context.Context, email, password, ip string) (Person, error) {
	if len(password) > MaxPassword {
		return Person{}, invalid("password", "must have %d to %d bytes", MinPassword, MaxPassword)
	}
	email, err := NormalEmail(email)
	if err != nil {
		email = "" // known to nobody; does the same work
	}
	refund, err := d.limits.take(d.now(), email, ip)
	if err != nil {
		return Person{}, err
	}
	var id, hash string
	var disabled bool
	err = scanOne(d.readers.QueryRowContext(ctx, "SELECT id, password, disabled FROM people WHERE email = ?", email), &id, &hash, &disabled)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return Person{}, err
	}
	ok, outdated, err := d.hasher.check(ctx, password, hash)
	if err != nil {
		return Person{}, err
	}
	if !ok || disabled {
		// Not the address: people type passwords into the wrong field.
		d.log.Info("sign-in refused", "ip", ip, "person", id)
		return Person{}, ErrSignIn
	}
	refund()
	if outdated {
		d.rehash(ctx, id, password, hash)
	}
	p, err := d.active(ctx, id)
	if errors.Is(err, ErrNotFound) {
		return Person{}, ErrSignIn
	}
	return p, err
}

// CountRefused counts an attempt to sign in whose password was right but is not
// to be used, so that nobody can tell it from a wrong one by trying on. The
// address is that of the account.
func (d *DB) CountRefused(email, ip string) {
	_, _ = d.limits.take(d.now(), email, ip) // the attempt itself was refused already
}

// rehash keeps the password at today's cost. Failing at it is no reason to turn
// the person away.
func (d *DB) rehash(ctx context.Context, id, password, old string) {
	fresh, err := d.hasher.hash(ctx, password)
	if err == nil {
		err = d.write(ctx, func(t *tx) error {
			_, err := t.exec("UPDATE people SET password = ? WHERE id = ? AND password = ?", fresh, id, old)
			return err
		})
	}
	if err != nil {
		d.log.Warn("hashing a password anew failed", "person", id, "error", err)
	}
}

// SetPassword gives somebody a password and ends their sessions: administrators
// anybody's, and people their own as long as they have none. Who has one uses
// [DB.ChangePassword].
func (d *DB) SetPassword(ctx context.Context, c Caller, id, password string) error {
	if err := checkPassword(password); err != nil {
		return err
	}
	if live := d.Live(c); !live.Can(Administer) && live.Person.ID != id {
		return ErrForbidden
	}
	fresh, err := d.hasher.hash(ctx, password)
	if err != nil {
		return err
	}
	return d.write(ctx, func(t *tx) error {
		if _, err := t.allow(c, Administer); err != nil {
			if !errors.Is(err, ErrForbidden) || c.Via != "session" {
				return err
			}
			if err := t.allowSelf(c, id, Write); err != nil {
				return err
			}
			var old string
			if err := t.one("SELECT password FROM people WHERE id = ?", []any{id}, &old); err != nil {
				return err
			}
			if old != "" {
				return ErrForbidden
			}
		}
		return t.setPassword(c, id, fresh)
	})
}

// ChangePassword gives the caller, signed in by a session, a new password; the
// current one must be named (ErrSignIn when it is not it).
// All their other sessions end. Attempts are limited as at sign-in.
func (d *DB) ChangePassword(ctx context.Context, c Caller, current, password string) error {
	if err := checkPassword(password); err != nil {
		return err
	}
	if len(current) > MaxPassword {
		return ErrSignIn
	}
	live := d.Live(c)
	if live.Via != "session" || !live.Can(Write) {
		return ErrForbidden
	}
	id := live.Person.ID
	refund, err := d.limits.take(d.now(), live.Person.Email, c.IP)
	if err != nil {
		return err
	}
	var old string
	if err := scanOne(d.readers.QueryRowContext(ctx, "SELECT password FROM people WHERE id = ?", id), &old); err != nil {
		return err
	}
	ok, _, err := d.hasher.check(ctx, current, old)
	if err != nil {
		return err
	}
	if !ok {
		return ErrSignIn
	}
	refund()
	fresh, err := d.hasher.hash(ctx, password)
	if err != nil {
		return err
	}
	return d.write(ctx, func(t *tx) error {
		if _, err := t.allow(c, Write); err != nil {
			return err
		}
		var now string
		if err := t.one("SELECT password FROM people WHERE id = ?", []any{id}, &now); err != nil {
			return err
		}
		if now != old {
			return ErrSignIn // changed in between
		}
		return t.setPassword(c, id, fresh)
	})
}

func (t *tx) setPassword(c Caller, id, hashed string) error {
	n, err := t.exec("UPDATE people SET password = ? WHERE id = ?", hashed, id)
	if err != nil {
		return err
	}
	if n == 0 {
		return ErrNotFound
	}
	if _, err := t.exec("DELETE FROM sessions WHERE person = ? AND id <> ?", id, c.Session); err != nil {
		return err
	}
	for _, table := range []string{"links", "resets", "sign_ins"} {
		if _, err := t.exec("DELETE FROM "+table+" WHERE person = ?", id); err != nil {
			return err
		}
	}
	t.changed(id)
	return t.record(c, "person.password", id, "", "")
}
