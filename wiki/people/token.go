package people

import (
	"context"
	"errors"
	"time"
)

// MaxTokens is how many API tokens one person may have.
const MaxTokens = 100

// tokenPrefix makes a token recognisable in a file it should not stand in.
const tokenPrefix = "dw_"

// Token is an API token without its secret.
type Token struct {
	ID      string
	Person  string
	Name    string
	Hint    string // how the secret begins
	Scopes  Scope
	Created time.Time
	Expires time.Time // zero: never
	Used    time.Time // to a minute or so; zero: never
	IP      string    // where it was used from last
}

// NewToken makes an API token; the secret is answered this once. People make
// their own, signed in by a session; administrators anybody's. The scopes are at
// most the caller's; a zero expires is never.
func (d *DB) NewToken(ctx context.Context, c Caller, personID, name string, scopes Scope, expires time.Time) (secret string, tok Token, err error) {
	if name, err = line("token name", name, 100); err != nil {
		return "", Token{}, err
	}
	scopes = scopes.closed()
	if scopes == 0 {
		return "", Token{}, invalid("scope", "must name at least one of read, write, git, feed, admin")
	}
	if !expires.IsZero() && !expires.After(d.now()) {
		return "", Token{}, invalid("expires", "must be in the future")
	}
	id, err := d.newID()
	if err != nil {
		return "", Token{}, err
	}
	secret, hashed, err := d.newSecret(tokenPrefix)
	if err != nil {
		return "", Token{}, err
	}
	err = d.write(ctx, func(t *tx) error {
		if _, err := t.allow(c, Administer); err != nil {
			if !errors.Is(err, ErrForbidden) || c.Via != "session" {
				return err // a token does not make others
			}
			if err := t.allowSelf(c, personID, Write); err != nil {
				return err
			}
		}
		if !c.system && scopes&^c.Scopes != 0 {
			return ErrForbidden
		}
		p, err := t.person(personID)
		if err != nil {
			return err
		}
		if p.Disabled {
			return invalid("person", "is disabled")
		}
		n, err := t.count("SELECT count(*) FROM tokens WHERE person = ?", p.ID)
		if err != nil {
			return err
		}
		if n >= MaxTokens {
			return invalid("tokens", "are limited to %d a person; revoke one first", MaxTokens)
		}
		tok = Token{ID: id, Person: p.ID, Name: name, Hint: secret[:len(tokenPrefix)+4], Scopes: scopes, Created: fromMillis(millis(t.now)), Expires: fromMillis(millis(expires))}
		if _, err := t.exec("INSERT INTO tokens (id, hash, person, name, hint, scopes, created, expires) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
			tok.ID, hashed, tok.Person, tok.Name, tok.Hint, tok.Scopes, millis(tok.Created), millis(tok.Expires)); err != nil {
			return err
		}
		return t.record(c, "token.make", p.ID, "", id+" "+scopes.String())
	})
	if err != nil {
		return "", Token{}, err
	}
	return secret, tok, nil
}

const tokenColumns = "id, person, name, hint, scopes, created, expires, used, ip"

func scanToken(row scanner) (t Token, err error) {
	var created, expires, used int64
	err = row.Scan(&t.ID, &t.Person, &t.Name, &t.Hint, &t.Scopes, &created, &expires, &used, &t.IP)
	t.Created, t.Expires, t.Used = fromMillis(created), fromMillis(expires), fromMillis(used)
	return t, err
}

// Token answers who a secret belongs to and what it may do; ErrNotFound when it
// is none (any more). ip is where it comes from.
func (d *DB) Token(ctx context.Context, secret, ip string) (Caller, error) {
	if !plausible(secret) || secret[:len(tokenPrefix)] != tokenPrefix {
		return Caller{}, ErrNotFound
	}
	h := hash(secret)
	x, gen := d.secrets.get(h)
	if x == nil {
		var tok Token
		var created, expires, used int64
		err := scanOne(d.readers.QueryRowContext(ctx, "SELECT "+tokenColumns+" FROM tokens WHERE hash = ?", h[:]),
			&tok.ID, &tok.Person, &tok.Name, &tok.Hint, &tok.Scopes, &created, &expires, &used, &tok.IP)
		if err != nil {
			return Caller{}, err
		}
		tok.Created, tok.Expires = fromMillis(created), fromMillis(expires)
		x = &door{token: tok}
		x.used.Store(used)
		d.secrets.put(h, x, gen)
	}
	tok, now := x.token, d.now()
	if !tok.Expires.IsZero() && !now.Before(tok.Expires) {
		if err := d.expire(ctx, "tokens", tok.ID, tok.Person); err != nil {
			return Caller{}, err
		}
		return Caller{}, ErrNotFound
	}
	p, err := d.active(ctx, tok.Person)
	if err != nil {
		return Caller{}, err
	}
	d.secrets.touch(x, now, clip(ip, 64))
	return Caller{Person: p, Scopes: tok.Scopes, Via: "token", IP: ip, Token: tok.ID}, nil
}

// Tokens lists a person's tokens, newest first: one's own, or for administrators
// anybody's.
func (d *DB) Tokens(ctx context.Context, c Caller, personID string) ([]Token, error) {
	if live := d.Live(c); !live.Can(Administer) && (live.Person.ID != personID || !live.Can(Read)) {
		return nil, ErrForbidden
	}
	rows, err := d.readers.QueryContext(ctx, "SELECT "+tokenColumns+" FROM tokens WHERE person = ? ORDER BY seq DESC", personID)
	if err != nil {
		return nil, readError(err)
	}
	defer rows.Close()
	var all []Token
	for rows.Next() {
		tok, err := scanToken(rows)
		if err != nil {
			return nil, readError(err)
		}
		all = append(all, tok)
	}
	if err := rows.Err(); err != nil {
		return nil, readError(err)
	}
	return all, nil
}

// RevokeToken ends a token by its id, at once: one's own, or for administrators
// anybody's. A token may also revoke itself.
func (d *DB) RevokeToken(ctx context.Context, c Caller, id string) error {
	return d.write(ctx, func(t *tx) error {
		var person string
		if err := t.one("SELECT person FROM tokens WHERE id = ?", []any{id}, &person); err != nil {
			return err
		}
		if c.Token != id || c.Person.ID != person {
			if err := t.allowSelf(c, person, Write); err != nil {
				if errors.Is(err, ErrForbidden) {
					return ErrNotFound
				}
				return err
			}
		}
		if _, err := t.exec("DELETE FROM tokens WHERE id = ?", id); err != nil {
			return err
		}
		t.changed(person)
		return t.record(c, "token.revoke", person, "", id)
	})
}

// DropSecrets ends every session, token, link, invitation and passkey. It is for a
// restored backup, in which revoked ones would live again. System callers only.
func (d *DB) DropSecrets(ctx context.Context, c Caller) error {
	if !c.system {
		return ErrForbidden
	}
	return d.write(ctx, func(t *tx) error {
		for _, table := range []string{"sessions", "tokens", "links", "invitations", "setup", "guest_invitations", "guest_links", "guest_confirmations", "sign_ins", "resets", "passkeys"} {
			if _, err := t.exec("DELETE FROM " + table); err != nil {
				return err
			}
		}
		t.secrets = true
		t.changes = append(t.changes, Change{Kind: Everything})
		return t.record(c, "secrets.drop", "", "", "")
	})
}
