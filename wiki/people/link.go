package people

import (
	"context"
	"time"
)

// Lives of a sign-in link.
const (
	LinkLife    = 24 * time.Hour      // when none is named
	MaxLinkLife = 30 * 24 * time.Hour // longer ones are cut
)

// NewLoginLink makes a token that signs a person in once. Administrators only.
func (d *DB) NewLoginLink(ctx context.Context, c Caller, personID string, life time.Duration) (token string, err error) {
	return d.newLink(ctx, c, personID, life, false)
}

// ResetPassword removes a person's password, ends their sessions and answers a
// link to sign in with, after which they may choose a new one. Administrators
// only.
func (d *DB) ResetPassword(ctx context.Context, c Caller, personID string) (token string, err error) {
	return d.newLink(ctx, c, personID, LinkLife, true)
}

func (d *DB) newLink(ctx context.Context, c Caller, personID string, life time.Duration, reset bool) (string, error) {
	if life <= 0 {
		life = LinkLife
	}
	life = min(life, MaxLinkLife)
	secret, hashed, err := d.newSecret("")
	if err != nil {
		return "", err
	}
	err = d.write(ctx, func(t *tx) error {
		if _, err := t.allow(c, Administer); err != nil {
			return err
		}
		p, err := t.person(personID)
		if err != nil {
			return err
		}
		if p.Disabled {
			return invalid("person", "is disabled and cannot sign in")
		}
		action := "link.make"
		if reset {
			action = "person.reset"
			if err := t.setPassword(c, p.ID, ""); err != nil {
				return err
			}
		}
		if _, err := t.exec("INSERT INTO links (hash, person, expires) VALUES (?, ?, ?)", hashed, p.ID, millis(t.now.Add(life))); err != nil {
			return err
		}
		return t.record(c, action, p.ID, "", "")
	})
	if err != nil {
		return "", err
	}
	return secret, nil
}

// UseLoginLink answers whose link it is, once; the caller then starts a session.
// A guest is let in with it to all that they were invited to.
func (d *DB) UseLoginLink(ctx context.Context, token string) (Person, error) {
	if !plausible(token) {
		return Person{}, ErrNotFound
	}
	h := hash(token)
	// Looked up first, so that guessing never takes the writer.
	var n int
	if err := scanOne(d.readers.QueryRowContext(ctx, "SELECT 1 FROM links WHERE hash = ?", h[:]), &n); err != nil {
		return Person{}, err
	}
	var p Person
	found := false
	err := d.write(ctx, func(t *tx) error {
		var id string
		var expires int64
		if err := t.one("DELETE FROM links WHERE hash = ? RETURNING person, expires", []any{h[:]}, &id, &expires); err != nil {
			return err
		}
		if expires <= millis(t.now) {
			return nil // deleted all the same
		}
		var err error
		if p, err = t.person(id); err != nil || p.Disabled {
			return err
		}
		found = true
		if p.Guest {
			if err := t.acceptAll(p); err != nil {
				return err
			}
		}
		return t.record(Caller{Person: p, Via: "link"}, "link.use", p.ID, "", "")
	})
	if err != nil {
		return Person{}, err
	}
	if !found {
		return Person{}, ErrNotFound
	}
	return p, nil
}
