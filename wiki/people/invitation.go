package people

import (
	"context"
	"fmt"
	"time"
)

// InvitationLife is how long an invitation can be accepted.
const InvitationLife = 7 * 24 * time.Hour

// Invitation asks somebody to join the staff.
type Invitation struct {
	ID      string
	Email   string
	Name    string
	Role    Role
	Job     Job
	Inviter string // person id, or the name of the system caller
	Created time.Time
	Expires time.Time
}

// Invite makes an invitation and answers its one-time token; an earlier one to
// the same address ends. Administrators only. ErrExists when the address has an
// account.
func (d *DB) Invite(ctx context.Context, c Caller, email, name string, role Role, job Job) (token string, err error) {
	n, err := NewPerson{Email: email, Name: name, Role: role, Job: job}.normal()
	if err != nil {
		return "", err
	}
	id, err := d.newID()
	if err != nil {
		return "", err
	}
	secret, hashed, err := d.newSecret("")
	if err != nil {
		return "", err
	}
	err = d.write(ctx, func(t *tx) error {
		if _, err := t.allow(c, Administer); err != nil {
			return err
		}
		used, err := t.count("SELECT count(*) FROM people WHERE email = ?", n.Email)
		if err != nil {
			return err
		}
		if used > 0 {
			return fmt.Errorf("an account with this address %w", ErrExists)
		}
		if _, err := t.exec("DELETE FROM invitations WHERE email = ?", n.Email); err != nil {
			return err
		}
		if _, err := t.exec("INSERT INTO invitations (id, hash, email, name, role, job, inviter, created, expires) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
			id, hashed, n.Email, n.Name, n.Role, n.Job, c.actor(), millis(t.now), millis(t.now.Add(InvitationLife))); err != nil {
			return err
		}
		return t.record(c, "invitation.make", n.Email, "", string(n.Role))
	})
	if err != nil {
		return "", err
	}
	return secret, nil
}

const invitationColumns = "id, email, name, role, job, inviter, created, expires"

func scanInvitation(s scanner) (i Invitation, err error) {
	var created, expires int64
	err = s.Scan(&i.ID, &i.Email, &i.Name, &i.Role, &i.Job, &i.Inviter, &created, &expires)
	i.Created, i.Expires = fromMillis(created), fromMillis(expires)
	return i, err
}

// Invitation is the one that the token would accept.
func (d *DB) Invitation(ctx context.Context, token string) (Invitation, error) {
	if !plausible(token) {
		return Invitation{}, ErrNotFound
	}
	h := hash(token)
	var i Invitation
	var created, expires int64
	err := scanOne(d.readers.QueryRowContext(ctx, "SELECT "+invitationColumns+" FROM invitations WHERE hash = ?", h[:]),
		&i.ID, &i.Email, &i.Name, &i.Role, &i.Job, &i.Inviter, &created, &expires)
	if err != nil {
		return Invitation{}, err
	}
	i.Created, i.Expires = fromMillis(created), fromMillis(expires)
	if !d.now().Before(i.Expires) {
		return Invitation{}, ErrNotFound
	}
	return i, nil
}

// Invitations lists those not yet accepted, newest first. Administrators only.
func (d *DB) Invitations(ctx context.Context, c Caller) ([]Invitation, error) {
	if !d.Live(c).Can(Administer) {
		return nil, ErrForbidden
	}
	rows, err := d.readers.QueryContext(ctx, "SELECT "+invitationColumns+" FROM invitations WHERE expires > ? ORDER BY created DESC, id", millis(d.now()))
	if err != nil {
		return nil, readError(err)
	}
	defer rows.Close()
	var all []Invitation
	for rows.Next() {
		i, err := scanInvitation(rows)
		if err != nil {
			return nil, readError(err)
		}
		all = append(all, i)
	}
	if err := rows.Err(); err != nil {
		return nil, readError(err)
	}
	return all, nil
}

// RevokeInvitation ends an invitation by its id. Administrators only.
func (d *DB) RevokeInvitation(ctx context.Context, c Caller, id string) error {
	return d.write(ctx, func(t *tx) error {
		if _, err := t.allow(c, Administer); err != nil {
			return err
		}
		var email string
		if err := t.one("DELETE FROM invitations WHERE id = ? RETURNING email", []any{id}, &email); err != nil {
			return err
		}
		return t.record(c, "invitation.revoke", email, "", "")
	})
}

// AcceptInvite makes the account, once. An empty name keeps the one given by
// whoever invited. An invitation that was used, revoked or has expired is
// ErrNotFound.
func (d *DB) AcceptInvite(ctx context.Context, token, name, password string) (Person, error) {
	if err := checkPassword(password); err != nil {
		return Person{}, err
	}
	i, err := d.Invitation(ctx, token)
	if err != nil {
		return Person{}, err // before the work of hashing
	}
	if name == "" {
		name = i.Name
	}
	n, err := NewPerson{Email: i.Email, Name: name, Role: i.Role, Job: i.Job, Password: password}.normal()
	if err != nil {
		return Person{}, err
	}
	hashed, err := d.hashNew(ctx, password)
	if err != nil {
		return Person{}, err
	}
	h := hash(token)
	var p Person
	err = d.write(ctx, func(t *tx) error {
		used, err := t.exec("DELETE FROM invitations WHERE hash = ? AND expires > ?", h[:], millis(t.now))
		if err != nil {
			return err
		}
		if used == 0 {
			return ErrNotFound
		}
		p, err = t.add(Caller{Via: "invitation"}, n, hashed)
		return err
	})
	if err != nil {
		return Person{}, err
	}
	return p, nil
}
