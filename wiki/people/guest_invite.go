package people

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// GuestInvitationLife is how long a guest's invitation can be accepted.
const GuestInvitationLife = 14 * 24 * time.Hour

// NewGuest is whom to invite to the shared side of a prospect.
type NewGuest struct {
	Prospect string
	Name     string
	Email    string
	Role     GuestRole // "": GuestViewer
	Until    time.Time // zero: no end
}

// ErrOtherGuest: the invitation is for another address than that of whoever is
// signed in.
var ErrOtherGuest = errors.New("this invitation is for somebody else")

// InviteGuest asks somebody of the customer's to the shared side of a prospect.
// It answers the person's id and the token that accepts, once; an earlier one
// for the same person and prospect ends. They have an account from now on and
// may come in once they have accepted. The owner may.
func (d *DB) InviteGuest(ctx context.Context, c Caller, n NewGuest) (id, token string, err error) {
	if err := checkProspect(n.Prospect); err != nil {
		return "", "", err
	}
	if n.Role == "" {
		n.Role = GuestViewer
	}
	if n.Role, err = ParseGuestRole(string(n.Role)); err != nil {
		return "", "", err
	}
	person, err := NewPerson{Email: n.Email, Name: n.Name, Guest: true}.normal()
	if err != nil {
		return "", "", err
	}
	if !reachable(person.Email) {
		return "", "", invalid("email", "must be an address that mail can be sent to")
	}
	secret, hashed, err := d.newSecret("")
	if err != nil {
		return "", "", err
	}
	err = d.write(ctx, func(t *tx) error {
		if err := t.allowOwner(c, n.Prospect); err != nil {
			return err
		}
		if err := checkUntil(t.now, n.Until); err != nil {
			return err
		}
		p, err := t.guestAt(c, person)
		if err != nil {
			return err
		}
		id = p.ID
		old, err := t.guest(n.Prospect, id)
		switch {
		case err == nil && old.Active(t.now):
			return invalid("email", "is that of a guest who is here already; change what they may do in the list")
		case err != nil && !errors.Is(err, ErrNotFound):
			return err
		}
		if err := t.touch(n.Prospect); err != nil {
			return err
		}
		if err := t.putGuest(GuestGrant{Person: id, Prospect: n.Prospect, Role: n.Role, Until: n.Until, Inviter: c.actor()}); err != nil {
			return err
		}
		if _, err := t.exec("INSERT INTO guest_invitations (prospect, person, hash, expires) VALUES (?1, ?2, ?3, ?4) ON CONFLICT (prospect, person) DO UPDATE SET hash = ?3, expires = ?4",
			n.Prospect, id, hashed, millis(t.now.Add(GuestInvitationLife))); err != nil {
			return err
		}
		return t.record(c, "guest.invite", id, n.Prospect, string(n.Role)+", "+untilWord(n.Until))
	})
	if err != nil {
		return "", "", err
	}
	return id, secret, nil
}

// guestAt is the guest with the address, who is added when nobody has it.
func (t *tx) guestAt(c Caller, n NewPerson) (Person, error) {
	p, err := t.byEmail(n.Email)
	switch {
	case errors.Is(err, ErrNotFound):
		invited, err := t.count("SELECT count(*) FROM invitations WHERE email = ?", n.Email)
		if err != nil {
			return Person{}, err
		}
		if invited > 0 {
			return Person{}, invalid("email", "is that of somebody who was invited to the staff")
		}
		return t.add(c, n, "")
	case err != nil:
		return Person{}, err
	case !p.Guest:
		return Person{}, invalid("email", "is that of a colleague, who can see the shared side already")
	case p.Disabled:
		return Person{}, invalid("email", "is that of a guest whom an administrator has disabled")
	}
	return p, nil
}

func (t *tx) byEmail(email string) (Person, error) {
	var id string
	if err := t.one("SELECT id FROM people WHERE email = ?", []any{email}, &id); err != nil {
		return Person{}, err
	}
	return t.person(id)
}

// putGuest gives a grant that is to be accepted, in place of one before.
func (t *tx) putGuest(g GuestGrant) error {
	n, err := t.count("SELECT count(*) FROM guest_grants WHERE prospect = ? AND revoked = 0 AND person <> ?", g.Prospect, g.Person)
	if err != nil {
		return err
	}
	most := int64(MaxGuests)
	if g.Link != "" {
		most -= invitable
	}
	if n >= most {
		return invalid("guests", "are limited to %d for one prospect; its owner can send some away", most)
	}
	_, err = t.exec(`INSERT INTO guest_grants (prospect, person, role, until, inviter, link, created) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
		ON CONFLICT (prospect, person) DO UPDATE SET role = ?3, until = ?4, over = 0, revoked = 0, inviter = ?5, link = ?6, created = ?7, accepted = 0`,
		g.Prospect, g.Person, g.Role, millis(g.Until), g.Inviter, g.Link, millis(t.now))
	return err
}

// accept lets a guest in from now on. One whose time is over stays out.
func (t *tx) accept(by Caller, prospect, person string) error {
	n, err := t.exec("UPDATE guest_grants SET accepted = ?1, seen = ?1 WHERE prospect = ?2 AND person = ?3 AND accepted = 0 AND revoked = 0 AND over = 0 AND (until = 0 OR until > ?1)",
		millis(t.now), prospect, person)
	if err != nil || n == 0 {
		return err
	}
	if _, err := t.exec("DELETE FROM guest_invitations WHERE prospect = ? AND person = ?", prospect, person); err != nil {
		return err
	}
	if err := t.touch(prospect); err != nil {
		return err
	}
	return t.record(by, "guest.join", person, prospect, "")
}

// GuestInvitation is what an invitation says to whoever opens it.
type GuestInvitation struct {
	Prospect string
	Person   Person // the guest it is for
	Inviter  string // person id, or the name of a system caller
	Role     GuestRole
	Until    time.Time
	Expires  time.Time
}

// GuestInvitation is the one that the token would accept, else ErrNotFound.
func (d *DB) GuestInvitation(ctx context.Context, token string) (GuestInvitation, error) {
	if !plausible(token) {
		return GuestInvitation{}, ErrNotFound
	}
	h := hash(token)
	var i GuestInvitation
	var person string
	var until, expires int64
	err := scanOne(d.readers.QueryRowContext(ctx, `SELECT g.prospect, g.person, g.inviter, g.role, g.until, i.expires
		FROM guest_invitations i JOIN guest_grants g ON g.prospect = i.prospect AND g.person = i.person WHERE i.hash = ?`, h[:]),
		&i.Prospect, &person, &i.Inviter, &i.Role, &until, &expires)
	if err != nil {
		return GuestInvitation{}, err
	}
	i.Until, i.Expires = fromMillis(until), fromMillis(expires)
	if now := d.now(); !now.Before(i.Expires) || until != 0 && !now.Before(i.Until) {
		return GuestInvitation{}, ErrNotFound
	}
	if i.Person, err = d.active(ctx, person); err != nil {
		return GuestInvitation{}, err
	}
	return i, nil
}

// JoinAsGuest accepts an invitation, once: without a password. c is whoever is
// signed in, or nobody; somebody other than the invited guest is ErrOtherGuest
// and uses nothing up. A name replaces the one given by whoever invited, unless
// the guest has come before. The caller starts a session for the person. An
// invitation that was used, revoked or has expired is ErrNotFound.
func (d *DB) JoinAsGuest(ctx context.Context, c Caller, token, name string) (p Person, prospect string, err error) {
	i, err := d.GuestInvitation(ctx, token)
	if err != nil {
		return Person{}, "", err // so that guessing never takes the writer
	}
	if c.Person.ID != "" && c.Person.ID != i.Person.ID {
		return Person{}, "", ErrOtherGuest
	}
	if name != "" {
		if name, err = NormalName(name); err != nil {
			return Person{}, "", err
		}
	}
	h := hash(token)
	err = d.write(ctx, func(t *tx) error {
		var person string
		if err := t.one("DELETE FROM guest_invitations WHERE hash = ? AND expires > ? RETURNING prospect, person", []any{h[:], millis(t.now)}, &prospect, &person); err != nil {
			return err
		}
		var err error
		if p, err = t.person(person); err != nil {
			return err
		}
		if p.Disabled {
			return ErrNotFound
		}
		came, err := t.count("SELECT count(*) FROM guest_grants WHERE person = ? AND accepted > 0", person)
		if err != nil {
			return err
		}
		if name != "" && came == 0 && name != p.Name {
			if _, err := t.exec("UPDATE people SET name = ? WHERE id = ?", name, person); err != nil {
				return err
			}
			t.changed(person)
			p.Name = name
		}
		if err := t.accept(Caller{Person: p, Via: "invitation", IP: c.IP}, prospect, person); err != nil {
			return err
		}
		g, err := t.guest(prospect, person)
		if err != nil {
			return err
		}
		if !g.Active(t.now) {
			return fmt.Errorf("joining as a guest: %w", ErrNotFound)
		}
		return nil
	})
	if err != nil {
		return Person{}, "", err
	}
	return p, prospect, nil
}
