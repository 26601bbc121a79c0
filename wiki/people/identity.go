package people

import (
	"context"
	"errors"
	"strings"
	"time"
)

// Identity is somebody as a provider of sign-ins vouches for them.
type Identity struct {
	Issuer  string // address of the provider; with Subject it names a person there for good
	Subject string
	Email   string
	// Verified says that the provider states the address is theirs. Nothing is
	// made of an address without it.
	Verified bool
	Name     string
}

// SignOnRules say who may come in by a provider.
type SignOnRules struct {
	// Role, when it is not empty, becomes the person's at each sign-in.
	Role Role
	// Create lets people in who have no account and were not invited, as members
	// or with the Role; Domains, when there are any, are those their addresses
	// must be of.
	Create  bool
	Domains []string
}

// Reason is why somebody was not let in by a provider.
type Reason string

// Reasons.
const (
	Unverified   Reason = "unverified" // the provider does not vouch for the address
	Unknown      Reason = "unknown"    // there is no account, and none is made
	IsDisabled   Reason = "disabled"
	IsGuest      Reason = "guest" // guests come by links
	AnotherThere Reason = "other" // the account belongs to another name at the provider
)

// SignOnRefused says that a provider vouches for somebody who is not let in.
type SignOnRefused struct{ Reason Reason }

func (e *SignOnRefused) Error() string { return "not let in by the provider: " + string(e.Reason) }

// maxSubject bounds what a provider calls a person, in bytes (OpenID Connect
// allows 255).
const maxSubject = 255

// SignOn answers who a provider's identity is here. An identity that was here
// before is its person, whatever address it has now. A new one is linked to the
// account of its verified address, once: an address that the provider gives to
// somebody else later opens nothing. Invitations to the address are accepted,
// accounts are made where the rules say so. A disabled person stays disabled.
// *SignOnRefused says why somebody is not let in; it is on record.
func (d *DB) SignOn(ctx context.Context, id Identity, rules SignOnRules, ip string) (Person, error) {
	if id.Issuer == "" || id.Subject == "" || len(id.Subject) > maxSubject || len(id.Issuer) > 1000 {
		return Person{}, invalid("identity", "has no name or one that is too long")
	}
	who := Caller{Via: ByProvider, IP: ip}
	var p Person
	err := d.write(ctx, func(t *tx) (err error) {
		if p, err = t.identified(who, id, rules); err != nil {
			return err
		}
		switch {
		case p.Disabled:
			return &SignOnRefused{IsDisabled}
		case p.Guest:
			return &SignOnRefused{IsGuest}
		}
		who.Person = p
		if _, err := t.exec("UPDATE identities SET seen = ? WHERE issuer = ? AND subject = ?", millis(t.now), id.Issuer, id.Subject); err != nil {
			return err
		}
		return t.takeRole(who, &p, rules.Role)
	})
	var refused *SignOnRefused
	if errors.As(err, &refused) {
		e := Event{Actor: p.ID, Via: ByProvider, Action: "identity.refuse", Object: p.ID, IP: ip, Detail: string(refused.Reason)}
		if err := d.write(ctx, func(t *tx) error { e.At = t.now; return t.recordEvent(e) }); err != nil {
			return Person{}, err
		}
	}
	if err != nil {
		return Person{}, err
	}
	return p, nil
}

// identified is the person of an identity, linked to it now where it is new.
// Also with *SignOnRefused it says who that is, if it is somebody.
func (t *tx) identified(who Caller, id Identity, rules SignOnRules) (p Person, err error) {
	var person string
	err = t.one("SELECT person FROM identities WHERE issuer = ? AND subject = ?", []any{id.Issuer, id.Subject}, &person)
	switch {
	case err == nil:
		return t.person(person)
	case !errors.Is(err, ErrNotFound):
		return Person{}, err
	}
	email, err := NormalEmail(id.Email)
	if !id.Verified || err != nil {
		return Person{}, &SignOnRefused{Unverified}
	}
	err = t.one("SELECT id FROM people WHERE email = ?", []any{email}, &person)
	switch {
	case err == nil:
		p, err = t.linkable(person, id.Issuer)
	case errors.Is(err, ErrNotFound):
		p, err = t.newcomer(who, email, id.Name, rules)
	}
	if err != nil {
		return p, err
	}
	if _, err := t.exec("INSERT INTO identities (issuer, subject, person, created, seen) VALUES (?, ?, ?, ?, ?)", id.Issuer, id.Subject, p.ID, millis(t.now), millis(t.now)); err != nil {
		return p, err
	}
	who.Person.ID = p.ID
	return p, t.record(who, "identity.link", p.ID, "", id.Issuer)
}

// linkable is a person whom a new identity of an issuer may be linked to.
func (t *tx) linkable(person, issuer string) (Person, error) {
	p, err := t.person(person)
	if err != nil {
		return Person{}, err
	}
	if p.Guest {
		return p, &SignOnRefused{IsGuest}
	}
	if p.Disabled {
		return p, &SignOnRefused{IsDisabled}
	}
	n, err := t.count("SELECT count(*) FROM identities WHERE person = ? AND issuer = ?", p.ID, issuer)
	if err == nil && n > 0 {
		err = &SignOnRefused{AnotherThere}
	}
	return p, err
}

// newcomer accepts an invitation to the address or makes an account by the
// rules; *SignOnRefused when neither applies.
func (t *tx) newcomer(who Caller, email, name string, rules SignOnRules) (Person, error) {
	n := NewPerson{Email: email, Name: name, Role: Member}
	i, err := scanInvitation(t.conn.QueryRowContext(t.ctx, "SELECT "+invitationColumns+" FROM invitations WHERE email = ? AND expires > ?", email, millis(t.now)))
	switch {
	case err == nil:
		n.Name, n.Role, n.Job = i.Name, i.Role, i.Job
	case !rules.Create || !inDomains(email, rules.Domains):
		return Person{}, &SignOnRefused{Unknown}
	case rules.Role != "":
		n.Role = rules.Role
	}
	if n.Name, err = NormalName(n.Name); err != nil {
		n.Name, _, _ = strings.Cut(email, "@")
	}
	if n, err = n.normal(); err != nil {
		return Person{}, err
	}
	return t.add(who, n, "")
}

// takeRole gives a person the role that their provider's groups stand for. The
// last administrator keeps theirs.
func (t *tx) takeRole(who Caller, p *Person, role Role) error {
	if role == "" || role == p.Role {
		return nil
	}
	if role == Member {
		others, err := t.count("SELECT count(*) FROM people WHERE role = 'admin' AND disabled = 0 AND id <> ?", p.ID)
		if err != nil {
			return err
		}
		if others == 0 {
			t.db.log.Warn("the provider's groups would leave no administrator; the last one stays", "person", p.ID)
			return nil
		}
	}
	if _, err := t.exec("UPDATE people SET role = ? WHERE id = ?", role, p.ID); err != nil {
		return err
	}
	if err := t.renewSessions(p.ID); err != nil {
		return err
	}
	p.Role = role
	t.changed(p.ID)
	return t.record(who, "person.update", p.ID, "", "role "+string(role)+" by groups")
}

func inDomains(email string, domains []string) bool {
	_, domain, _ := strings.Cut(email, "@")
	for _, d := range domains {
		if strings.EqualFold(d, domain) {
			return true
		}
	}
	return len(domains) == 0
}

// LinkedIdentity is a provider somebody signs in by.
type LinkedIdentity struct {
	Issuer  string
	Created time.Time
	Seen    time.Time
}

// Identities lists the providers that a person signs in by: one's own, or for
// administrators anybody's.
func (d *DB) Identities(ctx context.Context, c Caller, personID string) ([]LinkedIdentity, error) {
	if live := d.Live(c); !live.Can(Administer) && (live.Person.ID != personID || !live.Can(Read)) {
		return nil, ErrForbidden
	}
	rows, err := d.readers.QueryContext(ctx, "SELECT issuer, created, seen FROM identities WHERE person = ? ORDER BY issuer", personID)
	if err != nil {
		return nil, readError(err)
	}
	defer rows.Close()
	var all []LinkedIdentity
	for rows.Next() {
		var i LinkedIdentity
		var created, seen int64
		if err := rows.Scan(&i.Issuer, &created, &seen); err != nil {
			return nil, readError(err)
		}
		i.Created, i.Seen = fromMillis(created), fromMillis(seen)
		all = append(all, i)
	}
	if err := rows.Err(); err != nil {
		return nil, readError(err)
	}
	return all, nil
}

// Linked are the ids of all who sign in by a provider. Administrators only.
func (d *DB) Linked(ctx context.Context, c Caller) (map[string]bool, error) {
	if !d.Live(c).Can(Administer) {
		return nil, ErrForbidden
	}
	rows, err := d.readers.QueryContext(ctx, "SELECT DISTINCT person FROM identities")
	if err != nil {
		return nil, readError(err)
	}
	defer rows.Close()
	all := map[string]bool{}
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			return nil, readError(err)
		}
		all[id] = true
	}
	if err := rows.Err(); err != nil {
		return nil, readError(err)
	}
	return all, nil
}

// Unlink takes a person's names at providers from their account; who signs in
// there next with the account's verified address is linked anew. It ends their
// sessions that came from a provider. Administrators only.
func (d *DB) Unlink(ctx context.Context, c Caller, personID string) error {
	return d.write(ctx, func(t *tx) error {
		if _, err := t.allow(c, Administer); err != nil {
			return err
		}
		n, err := t.exec("DELETE FROM identities WHERE person = ?", personID)
		if err != nil {
			return err
		}
		if n == 0 {
			return ErrNotFound
		}
		if _, err := t.exec("DELETE FROM sessions WHERE person = ? AND how = ?", personID, ByProvider); err != nil {
			return err
		}
		t.changed(personID)
		return t.record(c, "identity.unlink", personID, "", "")
	})
}
