package people

import (
	"context"
	"crypto/subtle"
	"encoding/base32"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/totp"
)

// Signing in by two steps: a code from an authenticator (RFC 6238: SHA-1, six
// digits, 30 seconds) after the first step, or a recovery code. A code is taken
// once.
const (
	// RecoveryCodes is how many recovery codes are made.
	RecoveryCodes = 10
	codePeriod    = 30 // seconds
	codeSkew      = 1  // periods before and after now in which a code is taken
)

// ErrCode: the code is not right, or was used already.
var ErrCode = errors.New("this code is not right")

var codeOptions = totp.ValidateOpts{Period: codePeriod, Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1}

// TwoStep is how a person's second step stands.
type TwoStep struct {
	On       bool      // a code is asked for
	Since    time.Time // when it was turned on
	Codes    int       // recovery codes that are left
	Required bool      // an administrator wants it: it cannot be turned off
}

// TwoStepOf is how a person's second step stands: one's own, or for
// administrators anybody's.
func (d *DB) TwoStepOf(ctx context.Context, c Caller, personID string) (TwoStep, error) {
	if live := d.Live(c); !live.Can(Administer) && (live.Person.ID != personID || !live.Can(Read)) {
		return TwoStep{}, ErrForbidden
	}
	return d.twoStep(ctx, personID)
}

func (d *DB) twoStep(ctx context.Context, personID string) (TwoStep, error) {
	var s TwoStep
	var since int64
	err := scanOne(d.readers.QueryRowContext(ctx, `SELECT p.two_step_required, coalesce(t.since, 0), (SELECT count(*) FROM recovery_codes WHERE person = p.id)
		FROM people p LEFT JOIN two_step t ON t.person = p.id WHERE p.id = ?`, personID), &s.Required, &since, &s.Codes)
	if err != nil {
		return TwoStep{}, err
	}
	s.On, s.Since = since > 0, fromMillis(since)
	return s, nil
}

// TwoSteps are the ids of all who sign in by two steps, and of those who are
// required to. Administrators only.
func (d *DB) TwoSteps(ctx context.Context, c Caller) (on, required map[string]bool, err error) {
	if !d.Live(c).Can(Administer) {
		return nil, nil, ErrForbidden
	}
	rows, err := d.readers.QueryContext(ctx, `SELECT p.id, p.two_step_required, coalesce(t.since, 0) > 0 FROM people p LEFT JOIN two_step t ON t.person = p.id
		WHERE p.two_step_required = 1 OR t.since > 0`)
	if err != nil {
		return nil, nil, readError(err)
	}
	defer rows.Close()
	on, required = map[string]bool{}, map[string]bool{}
	for rows.Next() {
		var id string
		var must, is bool
		if err := rows.Scan(&id, &must, &is); err != nil {
			return nil, nil, readError(err)
		}
		if must {
			required[id] = true
		}
		if is {
			on[id] = true
		}
	}
	if err := rows.Err(); err != nil {
		return nil, nil, readError(err)
	}
	return on, required, nil
}

// BeginTwoStep makes the caller a new key, which counts for nothing until
// [DB.ConfirmTwoStep]. The answer is the address that authenticators read from a
// QR code (otpauth://…) and the key as people type it. Where the second step is
// on already it is *Invalid: it has to be turned off first. Only for people
// signed in by a session, or at a [SignIn].
func (d *DB) BeginTwoStep(ctx context.Context, c Caller, company string) (uri, key string, err error) {
	if err := d.mayTwoStep(c); err != nil {
		return "", "", err
	}
	raw := make([]byte, 20)
	d.randomMu.Lock()
	_, err = io.ReadFull(d.random, raw)
	d.randomMu.Unlock()
	if err != nil {
		return "", "", fmt.Errorf("reading random bytes: %w", err)
	}
	key = keyBase.EncodeToString(raw)
	err = d.write(ctx, func(t *tx) error {
		if err := t.mayTwoStep(c); err != nil {
			return err
		}
		on, err := t.count("SELECT count(*) FROM two_step WHERE person = ? AND since > 0", c.Person.ID)
		if err != nil {
			return err
		}
		if on > 0 {
			return invalid("two-step sign-in", "is on already; turn it off first to use another authenticator")
		}
		_, err = t.exec("INSERT INTO two_step (person, key, created) VALUES (?1, ?2, ?3) ON CONFLICT (person) DO UPDATE SET key = ?2, created = ?3, step = 0",
			c.Person.ID, key, millis(t.now))
		return err
	})
	if err != nil {
		return "", "", err
	}
	uri, err = keyURI(key, company, c.Person.Email)
	return uri, key, err
}

// TwoStepKey is the key that was begun last and is not confirmed yet, to be shown
// again after a wrong code.
func (d *DB) TwoStepKey(ctx context.Context, c Caller, company string) (uri, key string, err error) {
	if err := d.mayTwoStep(c); err != nil {
		return "", "", err
	}
	if err := scanOne(d.readers.QueryRowContext(ctx, "SELECT key FROM two_step WHERE person = ? AND since = 0", c.Person.ID), &key); err != nil {
		return "", "", err
	}
	uri, err = keyURI(key, company, c.Person.Email)
	return uri, key, err
}

var keyBase = base32.StdEncoding.WithPadding(base32.NoPadding)

// keyURI is the address that authenticators read from a QR code.
func keyURI(key, company, email string) (string, error) {
	issuer := strings.TrimSpace(strings.ReplaceAll(clip(company, 60), ":", " "))
	if issuer == "" {
		issuer = "dealwiki"
	}
	raw, err := keyBase.DecodeString(key)
	if err != nil {
		return "", fmt.Errorf("reading a key for codes: %w", err)
	}
	k, err := totp.Generate(totp.GenerateOpts{Issuer: issuer, AccountName: email, Secret: raw, Period: codePeriod})
	if err != nil {
		return "", fmt.Errorf("writing a key for codes: %w", err)
	}
	return k.URL(), nil
}

// ConfirmTwoStep turns the second step on: the code shows that the authenticator
// has the key. It answers the recovery codes, this once, and ends the caller's
// other sessions. ErrCode when the code is wrong.
func (d *DB) ConfirmTwoStep(ctx context.Context, c Caller, code string) (codes []string, err error) {
	if err := d.mayTwoStep(c); err != nil {
		return nil, err
	}
	refund, err := d.limits.take(d.now(), "code "+c.Person.ID, c.IP)
	if err != nil {
		return nil, err
	}
	codes, hashes, err := d.newCodes()
	if err != nil {
		return nil, err
	}
	err = d.write(ctx, func(t *tx) error {
		if err := t.mayTwoStep(c); err != nil {
			return err
		}
		var key string
		if err := t.one("SELECT key FROM two_step WHERE person = ? AND since = 0", []any{c.Person.ID}, &key); errors.Is(err, ErrNotFound) {
			return invalid("two-step sign-in", "was not begun; start again")
		} else if err != nil {
			return err
		}
		step, ok := matchCode(key, code, t.now, 0)
		if !ok {
			return ErrCode
		}
		if _, err := t.exec("UPDATE two_step SET since = ?, step = ? WHERE person = ?", millis(t.now), step, c.Person.ID); err != nil {
			return err
		}
		if err := t.keepCodes(c.Person.ID, hashes); err != nil {
			return err
		}
		if _, err := t.exec("DELETE FROM sessions WHERE person = ? AND id <> ?", c.Person.ID, c.Session); err != nil {
			return err
		}
		t.changed(c.Person.ID)
		return t.record(c, "two-step.on", c.Person.ID, "", "")
	})
	if err != nil {
		return nil, err
	}
	refund()
	return codes, nil
}

// NewRecoveryCodes replaces the caller's recovery codes; a code from the
// authenticator (or one of the old ones) shows that they may.
func (d *DB) NewRecoveryCodes(ctx context.Context, c Caller, code string) (codes []string, err error) {
	codes, hashes, err := d.newCodes()
	if err != nil {
		return nil, err
	}
	err = d.withCode(ctx, c, code, func(t *tx) error {
		if err := t.keepCodes(c.Person.ID, hashes); err != nil {
			return err
		}
		return t.record(c, "two-step.codes", c.Person.ID, "", "")
	})
	if err != nil {
		return nil, err
	}
	return codes, nil
}

// EndTwoStep turns the caller's own second step off; a code shows that they may.
// ErrForbidden where an administrator requires it.
func (d *DB) EndTwoStep(ctx context.Context, c Caller, code string) error {
	return d.withCode(ctx, c, code, func(t *tx) error {
		required, err := t.count("SELECT two_step_required FROM people WHERE id = ?", c.Person.ID)
		if err != nil {
			return err
		}
		if required > 0 {
			return ErrForbidden
		}
		return t.endTwoStep(c, c.Person.ID)
	})
}

// RemoveTwoStep turns somebody's second step off without a code, for whoever has
// lost their authenticator. Where it is required they set it up anew when they
// sign in next. Their sessions end. Administrators only, and not their own.
func (d *DB) RemoveTwoStep(ctx context.Context, c Caller, personID string) error {
	return d.write(ctx, func(t *tx) error {
		if _, err := t.allow(c, Administer); err != nil {
			return err
		}
		if !c.system && c.Person.ID == personID {
			return ErrForbidden
		}
		if _, err := t.person(personID); err != nil {
			return err
		}
		return t.endTwoStep(c, personID)
	})
}

// RequireTwoStep makes somebody sign in by two steps, or lets them choose again.
// Who has none yet sets it up when they sign in next. Administrators only.
func (d *DB) RequireTwoStep(ctx context.Context, c Caller, personID string, required bool) error {
	return d.write(ctx, func(t *tx) error {
		if _, err := t.allow(c, Administer); err != nil {
			return err
		}
		p, err := t.person(personID)
		if err != nil {
			return err
		}
		if p.Guest {
			return invalid("person", "is a guest; guests sign in by links")
		}
		n, err := t.exec("UPDATE people SET two_step_required = ?2 WHERE id = ?1 AND two_step_required <> ?2", personID, required)
		if err != nil || n == 0 {
			return err
		}
		action := "two-step.require"
		if !required {
			action = "two-step.free"
		}
		return t.record(c, action, personID, "", "")
	})
}

// mayTwoStep admits people signed in by a session of their own, and those at
// their second step.
func (d *DB) mayTwoStep(c Caller) error {
	live := d.Live(c)
	if live.Person.ID == "" || c.system || live.Person.Guest || (c.Via != "session" || !live.Can(Write)) && c.Via != viaSignIn {
		return ErrForbidden
	}
	return nil
}

func (t *tx) mayTwoStep(c Caller) error {
	p, err := t.person(c.Person.ID)
	if err != nil {
		return err
	}
	if p.Disabled {
		return ErrForbidden
	}
	return nil
}

// withCode does what takes a code.
func (d *DB) withCode(ctx context.Context, c Caller, code string, do func(*tx) error) error {
	if err := d.mayTwoStep(c); err != nil || c.Via != "session" {
		return ErrForbidden
	}
	refund, err := d.limits.take(d.now(), "code "+c.Person.ID, c.IP)
	if err != nil {
		return err
	}
	err = d.write(ctx, func(t *tx) error {
		if err := t.mayTwoStep(c); err != nil {
			return err
		}
		if err := t.useCode(c.Person.ID, code); err != nil {
			return err
		}
		return do(t)
	})
	if !errors.Is(err, ErrCode) {
		refund()
	}
	return err
}

func (t *tx) endTwoStep(c Caller, personID string) error {
	n, err := t.exec("DELETE FROM two_step WHERE person = ?", personID)
	if err != nil {
		return err
	}
	if n == 0 {
		return ErrNotFound
	}
	if _, err := t.exec("DELETE FROM recovery_codes WHERE person = ?", personID); err != nil {
		return err
	}
	if _, err := t.exec("DELETE FROM sessions WHERE person = ? AND id <> ?", personID, c.Session); err != nil {
		return err
	}
	t.changed(personID)
	return t.record(c, "two-step.off", personID, "", "")
}

// useCode takes a code of the authenticator or a recovery code, once.
func (t *tx) useCode(personID, code string) error {
	var key string
	var last int64
	if err := t.one("SELECT key, step FROM two_step WHERE person = ? AND since > 0", []any{personID}, &key, &last); errors.Is(err, ErrNotFound) {
		return ErrCode
	} else if err != nil {
		return err
	}
	if step, ok := matchCode(key, code, t.now, last); ok {
		_, err := t.exec("UPDATE two_step SET step = ? WHERE person = ?", step, personID)
		return err
	}
	if plain, ok := plainRecovery(code); ok {
		h := hash(plain)
		n, err := t.exec("DELETE FROM recovery_codes WHERE person = ? AND hash = ?", personID, h[:])
		if err != nil {
			return err
		}
		if n > 0 {
			return t.record(Caller{Person: Person{ID: personID}, Via: viaSignIn}, "two-step.recovery", personID, "", "")
		}
	}
	return ErrCode
}

// matchCode answers of which period the code is, if it is one of now or next to
// it and after the last that was taken.
func matchCode(key, code string, now time.Time, last int64) (step int64, ok bool) {
	code = strings.Map(func(r rune) rune {
		if r == ' ' || r == '-' || r == '\u00a0' {
			return -1
		}
		return r
	}, clip(code, 40))
	if len(code) != codeOptions.Digits.Length() {
		return 0, false
	}
	for skew := int64(-codeSkew); skew <= codeSkew; skew++ {
		at := now.Unix()/codePeriod + skew
		want, err := totp.GenerateCodeCustom(key, time.Unix(at*codePeriod, 0), codeOptions)
		if err != nil {
			return 0, false
		}
		if subtle.ConstantTimeCompare([]byte(want), []byte(code)) == 1 && at > last {
			step, ok = at, true
		}
	}
	return step, ok
}

// newCodes makes recovery codes of 80 random bits each, with their hashes.
func (d *DB) newCodes() (codes []string, hashes [][]byte, err error) {
	for range RecoveryCodes {
		text, err := d.randomText(10)
		if err != nil {
			return nil, nil, err
		}
		h := hash(text)
		hashes = append(hashes, h[:])
		codes = append(codes, text[:4]+"-"+text[4:8]+"-"+text[8:12]+"-"+text[12:])
	}
	return codes, hashes, nil
}

func (t *tx) keepCodes(personID string, hashes [][]byte) error {
	if _, err := t.exec("DELETE FROM recovery_codes WHERE person = ?", personID); err != nil {
		return err
	}
	for _, h := range hashes {
		if _, err := t.exec("INSERT INTO recovery_codes (person, hash) VALUES (?, ?)", personID, h); err != nil {
			return err
		}
	}
	return nil
}

// plainRecovery is a recovery code as it was hashed, however it was typed.
func plainRecovery(code string) (string, bool) {
	if len(code) > 40 {
		return "", false
	}
	plain := strings.Map(func(r rune) rune {
		switch {
		case r >= 'A' && r <= 'Z':
			return r + 'a' - 'A'
		case r >= 'a' && r <= 'z' || r >= '2' && r <= '7':
			return r
		}
		return -1
	}, code)
	return plain, len(plain) == 16
}
