package people

import (
	"context"
	"time"
)

// renewGrace is how long the secret before counts beside the new one, for
// requests that were under way.
const renewGrace = 30 * time.Second

// renewSessions lets all sessions of a person get new secrets at their next
// page, because what they open has changed.
func (t *tx) renewSessions(person string) error {
	_, err := t.exec("UPDATE sessions SET renew = 1 WHERE person = ?", person)
	return err
}

// RenewSession gives a session a new secret, which goes into the cookie. The old
// one counts for half a minute more. ErrNotFound when the token is none, or no
// longer its session's own.
func (d *DB) RenewSession(ctx context.Context, token string) (string, error) {
	if !plausible(token) {
		return "", ErrNotFound
	}
	secret, hashed, err := d.newSecret("")
	if err != nil {
		return "", err
	}
	h := hash(token)
	err = d.write(ctx, func(t *tx) error {
		var person string
		if err := t.one("UPDATE sessions SET hash = ?2, old_hash = ?1, old_until = ?3, renew = 0 WHERE hash = ?1 RETURNING person", []any{h[:], hashed, millis(t.now.Add(renewGrace))}, &person); err != nil {
			return err
		}
		t.secrets = true
		return nil
	})
	if err != nil {
		return "", err
	}
	return secret, nil
}

// SignOutHint is what ends the session at the provider that it came from, "" when
// it came from none.
func (d *DB) SignOutHint(ctx context.Context, token string) (string, error) {
	if !plausible(token) {
		return "", ErrNotFound
	}
	h := hash(token)
	var hint string
	err := scanOne(d.readers.QueryRowContext(ctx, "SELECT hint FROM sessions WHERE hash = ?", h[:]), &hint)
	return hint, err
}
