package people

import (
	"context"
	"crypto/subtle"
)

// SetupLink makes the one-time token for the first administrator's link, in
// place of an earlier one. needed is false, and nothing is made, once there is
// any account.
func (d *DB) SetupLink(ctx context.Context) (token string, needed bool, err error) {
	secret, hashed, err := d.newSecret("")
	if err != nil {
		return "", false, err
	}
	err = d.write(ctx, func(t *tx) error {
		n, err := t.count("SELECT count(*) FROM people")
		if err != nil || n > 0 {
			return err
		}
		needed = true
		_, err = t.exec("INSERT INTO setup (only, hash) VALUES (1, ?) ON CONFLICT (only) DO UPDATE SET hash = excluded.hash", hashed)
		return err
	})
	if err != nil || !needed {
		return "", false, err
	}
	return secret, true, nil
}

// CheckSetup is nil while the token would make the first administrator, else
// ErrNotFound.
func (d *DB) CheckSetup(ctx context.Context, token string) error {
	var kept []byte
	if err := scanOne(d.readers.QueryRowContext(ctx, "SELECT hash FROM setup WHERE NOT EXISTS (SELECT 1 FROM people)"), &kept); err != nil {
		return err
	}
	if h := hash(token); subtle.ConstantTimeCompare(h[:], kept) != 1 {
		return ErrNotFound
	}
	return nil
}

// UseSetup makes the first administrator, once. Role and Guest of n are ignored;
// a password is needed.
func (d *DB) UseSetup(ctx context.Context, token string, n NewPerson) (Person, error) {
	n.Role, n.Guest = Admin, false
	n, err := n.normal()
	if err != nil {
		return Person{}, err
	}
	if err := checkPassword(n.Password); err != nil {
		return Person{}, err
	}
	if err := d.CheckSetup(ctx, token); err != nil {
		return Person{}, err // before the work of hashing
	}
	hashed, err := d.hashNew(ctx, n.Password)
	if err != nil {
		return Person{}, err
	}
	h := hash(token)
	var p Person
	err = d.write(ctx, func(t *tx) error {
		// Adding an account deletes the row, so the second of two is refused.
		used, err := t.exec("DELETE FROM setup WHERE hash = ? AND NOT EXISTS (SELECT 1 FROM people)", h[:])
		if err != nil {
			return err
		}
		if used == 0 {
			return ErrNotFound
		}
		p, err = t.add(Caller{Via: "setup"}, n, hashed)
		return err
	})
	if err != nil {
		return Person{}, err
	}
	return p, nil
}
