package people

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"time"
)

// LinkAsks is what a reusable link asks of whoever comes by it.
type LinkAsks string

// What a link asks; each is stricter than the one before. A password can be
// asked for besides.
const (
	AsksNothing LinkAsks = "nothing" // anybody with the link comes in, to read
	AsksName    LinkAsks = "name"
	AsksAddress LinkAsks = "address" // a name and an address, which is confirmed by mail
	AsksList    LinkAsks = "list"    // the same, of those allowed
)

// Lives and limits of reusable links.
const (
	GuestLinkLife    = 30 * 24 * time.Hour // when none is named
	MaxGuestLinkLife = 366 * 24 * time.Hour
	MaxGuestLinks    = 20 // of one prospect at a time
	ConfirmationLife = time.Hour

	maxAllowed       = 100 // addresses and domains of one link
	maxConfirmations = 3   // waiting for one address at one link
)

// nobodyDomain is the domain of guests who have named no address; no mail leads
// there.
const nobodyDomain = "guests.invalid"

// Reachable reports whether the person has an address that mail can be sent to.
func (p Person) Reachable() bool { return !strings.HasSuffix(p.Email, "@"+nobodyDomain) }

// NewGuestLink is a reusable link to the shared side of a prospect.
type NewGuestLink struct {
	Prospect string
	Label    string    // for staff: whom it was made for; may be empty
	Role     GuestRole // "": GuestViewer
	Asks     LinkAsks
	Allowed  []string  // with AsksList: addresses, and domains like "example.com"
	Password string    // asked for besides; "": none
	Until    time.Time // until when whoever comes by it may stay; zero: no end
	Expires  time.Time // when the link itself ends; zero: in thirty days
}

// GuestLink is a reusable link without its secret.
type GuestLink struct {
	ID       string
	Prospect string
	Label    string
	Role     GuestRole
	Asks     LinkAsks
	Allowed  []string // for staff only
	Password bool     // one is asked for
	Until    time.Time
	Expires  time.Time
	Inviter  string // person id, or the name of a system caller
	Created  time.Time
	Used     int       // how many have come by it
	Last     time.Time // zero: nobody has
}

// normal checks all values and brings them into the form that is kept.
func (n NewGuestLink) normal(now time.Time) (NewGuestLink, error) {
	var err error
	if err = checkProspect(n.Prospect); err != nil {
		return n, err
	}
	if n.Label, err = line("label", n.Label, 100); err != nil {
		return n, err
	}
	if n.Role, err = ParseGuestRole(string(cmp.Or(n.Role, GuestViewer))); err != nil {
		return n, err
	}
	if err = checkUntil(now, n.Until); err != nil {
		return n, err
	}
	if n.Expires.IsZero() {
		n.Expires = now.Add(GuestLinkLife)
	}
	if !n.Expires.After(now) || n.Expires.Sub(now) > MaxGuestLinkLife {
		return n, invalid("expires", "must be in the future and within a year")
	}
	if n.Password != "" && (len(n.Password) < 6 || len(n.Password) > MaxPassword) {
		return n, invalid("password", "must have 6 to %d bytes", MaxPassword)
	}
	switch n.Asks {
	case AsksNothing:
		if n.Role != GuestViewer {
			return n, invalid("role", "of people without a name must be viewer; ask for a name at least")
		}
	case AsksName, AsksAddress, AsksList:
	default:
		return n, invalid("asks", "must be nothing, name, address or list")
	}
	if n.Allowed, err = normalAllowed(n.Allowed); err != nil {
		return n, err
	}
	if (n.Asks == AsksList) != (len(n.Allowed) > 0) {
		return n, invalid("allowed", "must name the addresses and domains that may come in, when a list is asked for and only then")
	}
	return n, nil
}

// normalAllowed is addresses and domains as they are kept and compared.
func normalAllowed(list []string) ([]string, error) {
	var out []string
	for _, s := range list {
		if s = strings.TrimSpace(s); s == "" {
			continue
		}
		if !strings.Contains(strings.TrimPrefix(s, "@"), "@") {
			whole, err := NormalEmail("a@" + strings.TrimPrefix(s, "@"))
			if err != nil {
				return nil, invalid("allowed", "must be addresses like ingrid@example.com and domains like example.com")
			}
			s = strings.TrimPrefix(whole, "a")
		} else {
			var err error
			if s, err = NormalEmail(s); err != nil {
				return nil, invalid("allowed", "must be addresses like ingrid@example.com and domains like example.com")
			}
		}
		out = append(out, s)
	}
	slices.Sort(out)
	if out = slices.Compact(out); len(out) > maxAllowed {
		return nil, invalid("allowed", "must be at most %d addresses and domains", maxAllowed)
	}
	return out, nil
}

// allows reports whether an address in normal form may come by the link.
func (l GuestLink) allows(email string) bool {
	if l.Asks != AsksList {
		return true
	}
	at := strings.LastIndexByte(email, '@')
	return slices.Contains(l.Allowed, email) || at >= 0 && slices.Contains(l.Allowed, email[at:])
}

// NewGuestLink makes a reusable link; its token is answered this once. The owner
// may.
func (d *DB) NewGuestLink(ctx context.Context, c Caller, n NewGuestLink) (token string, link GuestLink, err error) {
	if n, err = n.normal(d.now()); err != nil {
		return "", GuestLink{}, err
	}
	if !c.system && d.LevelOn(ctx, c, n.Prospect) == None {
		return "", GuestLink{}, ErrNotFound // before the work of hashing
	}
	hashedPassword := ""
	if n.Password != "" {
		if hashedPassword, err = d.hasher.hash(ctx, n.Password); err != nil {
			return "", GuestLink{}, err
		}
	}
	id, err := d.newID()
	if err != nil {
		return "", GuestLink{}, err
	}
	secret, hashed, err := d.newSecret("")
	if err != nil {
		return "", GuestLink{}, err
	}
	err = d.write(ctx, func(t *tx) error {
		if err := t.allowOwner(c, n.Prospect); err != nil {
			return err
		}
		count, err := t.count("SELECT count(*) FROM guest_links WHERE prospect = ? AND expires > ?", n.Prospect, millis(t.now))
		if err != nil {
			return err
		}
		if count >= MaxGuestLinks {
			return invalid("links", "are limited to %d for one prospect; end one first", MaxGuestLinks)
		}
		if err := t.touch(n.Prospect); err != nil {
			return err
		}
		if _, err := t.exec("INSERT INTO guest_links (id, hash, prospect, label, role, asks, allowed, password, until, expires, inviter, created) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
			id, hashed, n.Prospect, n.Label, n.Role, n.Asks, strings.Join(n.Allowed, "\n"), hashedPassword, millis(n.Until), millis(n.Expires), c.actor(), millis(t.now)); err != nil {
			return err
		}
		detail := string(n.Role) + ", asks for " + string(n.Asks)
		if hashedPassword != "" {
			detail += " and a password"
		}
		if err := t.record(c, "guest.link", id, n.Prospect, detail); err != nil {
			return err
		}
		link, err = scanGuestLink(t.conn.QueryRowContext(t.ctx, "SELECT "+guestLinkColumns+" FROM guest_links WHERE id = ?", id))
		return err
	})
	if err != nil {
		return "", GuestLink{}, err
	}
	return secret, link, nil
}

const guestLinkColumns = "id, prospect, label, role, asks, allowed, password <> '', until, expires, inviter, created, used, last"

func scanGuestLink(s scanner) (l GuestLink, err error) {
	var allowed string
	var until, expires, created, last int64
	err = s.Scan(&l.ID, &l.Prospect, &l.Label, &l.Role, &l.Asks, &allowed, &l.Password, &until, &expires, &l.Inviter, &created, &l.Used, &last)
	if allowed != "" {
		l.Allowed = strings.Split(allowed, "\n")
	}
	l.Until, l.Expires, l.Created, l.Last = fromMillis(until), fromMillis(expires), fromMillis(created), fromMillis(last)
	return l, err
}

// GuestLinks lists the reusable links of a prospect that have not ended, the
// latest first. Staff who see the prospect may read it.
func (d *DB) GuestLinks(ctx context.Context, c Caller, prospect string) ([]GuestLink, error) {
	if d.LevelOn(ctx, c, prospect) < Viewer {
		return nil, ErrNotFound
	}
	rows, err := d.readers.QueryContext(ctx, "SELECT "+guestLinkColumns+" FROM guest_links WHERE prospect = ? AND expires > ? ORDER BY created DESC, id", prospect, millis(d.now()))
	if err != nil {
		return nil, readError(err)
	}
	defer rows.Close()
	var all []GuestLink
	for rows.Next() {
		l, err := scanGuestLink(rows)
		if err != nil {
			return nil, readError(err)
		}
		all = append(all, l)
	}
	if err := rows.Err(); err != nil {
		return nil, readError(err)
	}
	return all, nil
}

// EndGuestLink ends a reusable link: nobody comes by it any more. away sends
// those away too who came by it. The owner may.
func (d *DB) EndGuestLink(ctx context.Context, c Caller, prospect, id string, away bool) error {
	if err := checkProspect(prospect); err != nil {
		return err
	}
	return d.write(ctx, func(t *tx) error {
		if err := t.allowOwner(c, prospect); err != nil {
			return err
		}
		n, err := t.exec("DELETE FROM guest_links WHERE id = ? AND prospect = ?", id, prospect)
		if err != nil {
			return err
		}
		if n == 0 {
			return ErrNotFound
		}
		detail := ""
		if away {
			if _, err := t.exec("UPDATE guest_grants SET revoked = ? WHERE prospect = ? AND link = ? AND revoked = 0", millis(t.now), prospect, id); err != nil {
				return err
			}
			detail = "and sent away who came by it"
		}
		if err := t.touch(prospect); err != nil {
			return err
		}
		return t.record(c, "guest.link-end", id, prospect, detail)
	})
}

// GuestLink is the reusable link with the token, else ErrNotFound.
func (d *DB) GuestLink(ctx context.Context, token string) (GuestLink, error) {
	l, _, err := d.guestLink(ctx, token)
	return l, err
}

func (d *DB) guestLink(ctx context.Context, token string) (l GuestLink, password string, err error) {
	if !plausible(token) {
		return GuestLink{}, "", ErrNotFound
	}
	h := hash(token)
	var id string
	if err := scanOne(d.readers.QueryRowContext(ctx, "SELECT id, password FROM guest_links WHERE hash = ? AND expires > ?", h[:], millis(d.now())), &id, &password); err != nil {
		return GuestLink{}, "", err
	}
	l, err = scanGuestLink(d.readers.QueryRowContext(ctx, "SELECT "+guestLinkColumns+" FROM guest_links WHERE id = ?", id))
	if err != nil {
		return GuestLink{}, "", ErrNotFound // ended in between
	}
	return l, password, nil
}

// Joining is what somebody types at a reusable link.
type Joining struct {
	Name     string
	Email    string
	Password string
	IP       string
}

// admit checks what anybody at a link must get past: limits, and the password.
func (d *DB) admit(ctx context.Context, l GuestLink, password string, j Joining) error {
	if network := ipKey(j.IP); network != "" {
		if wait := d.guestLimits.ips.take(d.now(), network); wait > 0 {
			return &TooMany{RetryAfter: wait}
		}
	}
	if password == "" {
		return nil
	}
	if len(j.Password) > MaxPassword {
		return invalid("password", "is not right")
	}
	refund, err := d.limits.take(d.now(), "link "+l.ID, j.IP)
	if err != nil {
		return err
	}
	ok, _, err := d.hasher.check(ctx, j.Password, password)
	if err != nil {
		return err
	}
	if !ok {
		return invalid("password", "is not right")
	}
	refund()
	return nil
}

// EnterByLink lets somebody in by a link that asks for no address. c is whoever
// is signed in, or nobody: a guest comes in as who they are, staff are
// ErrOtherGuest. The caller starts a session for the person. A link that has
// ended, or whoever was sent away, is ErrNotFound.
func (d *DB) EnterByLink(ctx context.Context, c Caller, token string, j Joining) (p Person, prospect string, err error) {
	l, password, err := d.guestLink(ctx, token)
	if err != nil {
		return Person{}, "", err
	}
	c = d.Live(c)
	if c.Person.ID != "" && !c.Person.Guest {
		return Person{}, "", ErrOtherGuest
	}
	if l.Asks != AsksNothing && l.Asks != AsksName {
		return Person{}, "", invalid("email", "must be confirmed; ask for a mail")
	}
	name := "Guest"
	if l.Asks == AsksName && c.Person.ID == "" {
		if name, err = NormalName(j.Name); err != nil {
			return Person{}, "", err
		}
	}
	if err := d.admit(ctx, l, password, j); err != nil {
		return Person{}, "", err
	}
	nobody, err := d.newID()
	if err != nil {
		return Person{}, "", err
	}
	err = d.write(ctx, func(t *tx) error {
		if c.Person.ID != "" {
			if p, err = t.person(c.Person.ID); err != nil {
				return err
			}
			return t.come(l, p, j.IP)
		}
		n, err := NewPerson{Name: name, Email: "guest-" + nobody + "@" + nobodyDomain, Guest: true}.normal()
		if err != nil {
			return err
		}
		if p, err = t.add(Caller{Via: "link", IP: j.IP}, n, ""); err != nil {
			return err
		}
		return t.come(l, p, j.IP)
	})
	if err != nil {
		return Person{}, "", err
	}
	return p, l.Prospect, nil
}

// come lets a guest in by a link. Who is in already stays as they are; who was
// sent away, or whose time is over, stays out.
func (t *tx) come(l GuestLink, p Person, ip string) error {
	if p.Disabled || !p.Guest {
		return ErrNotFound
	}
	n, err := t.exec("UPDATE guest_links SET used = used + 1, last = ?1 WHERE id = ?2 AND expires > ?1", millis(t.now), l.ID)
	if err != nil {
		return err
	}
	if n == 0 {
		return ErrNotFound
	}
	g, err := t.guest(l.Prospect, p.ID)
	switch {
	case errors.Is(err, ErrNotFound):
		if !l.Until.IsZero() && !t.now.Before(l.Until) {
			return ErrNotFound
		}
		g = GuestGrant{Person: p.ID, Prospect: l.Prospect, Role: l.Role, Until: l.Until, Inviter: l.Inviter, Link: l.ID}
		if err := t.putGuest(g); err != nil {
			return err
		}
	case err != nil:
		return err
	case g.Active(t.now):
		return nil
	}
	if err := t.accept(Caller{Person: p, Via: "link", IP: ip}, l.Prospect, p.ID); err != nil {
		return err
	}
	if g, err = t.guest(l.Prospect, p.ID); err != nil {
		return err
	}
	if !g.Active(t.now) {
		return ErrNotFound
	}
	return nil
}

// AskByLink checks what was typed at a link that asks for an address. When it
// returns nil whoever asked is told that a mail is on its way, if the address
// may come in, and [DB.NewConfirmation] makes what is mailed: later, so that the
// time of the answer tells nothing.
func (d *DB) AskByLink(ctx context.Context, token string, j Joining) error {
	l, password, err := d.guestLink(ctx, token)
	if err != nil {
		return err
	}
	if l.Asks != AsksAddress && l.Asks != AsksList {
		return ErrNotFound
	}
	if _, err := NormalName(j.Name); err != nil {
		return err
	}
	if _, err := NormalEmail(j.Email); err != nil {
		return err
	}
	return d.admit(ctx, l, password, j)
}

// NewConfirmation makes the one-time token that proves an address and lets in by
// the link. ErrNotFound when the address may not come in, or enough was mailed
// to it.
func (d *DB) NewConfirmation(ctx context.Context, token string, j Joining) (confirm string, l GuestLink, err error) {
	if l, err = d.GuestLink(ctx, token); err != nil {
		return "", GuestLink{}, err
	}
	name, err := NormalName(j.Name)
	if err != nil {
		return "", GuestLink{}, err
	}
	email, err := NormalEmail(j.Email)
	if err != nil {
		return "", GuestLink{}, err
	}
	if !l.allows(email) || !reachable(email) || d.guestLimits.addresses.take(d.now(), email) > 0 {
		return "", GuestLink{}, ErrNotFound
	}
	secret, hashed, err := d.newSecret("")
	if err != nil {
		return "", GuestLink{}, err
	}
	err = d.write(ctx, func(t *tx) error {
		p, err := t.byEmail(email)
		if err == nil && (!p.Guest || p.Disabled) {
			return ErrNotFound
		}
		if err != nil && !errors.Is(err, ErrNotFound) {
			return err
		}
		if err == nil {
			if g, err := t.guest(l.Prospect, p.ID); err == nil && !g.Revoked.IsZero() {
				return ErrNotFound
			}
		}
		invited, err := t.count("SELECT count(*) FROM invitations WHERE email = ?", email)
		if err != nil {
			return err
		}
		if invited > 0 {
			return ErrNotFound // soon a colleague
		}
		if _, err := t.exec("INSERT INTO guest_confirmations (hash, link, email, name, expires) VALUES (?, ?, ?, ?, ?)",
			hashed, l.ID, email, name, millis(t.now.Add(ConfirmationLife))); err != nil {
			return err
		}
		_, err = t.exec("DELETE FROM guest_confirmations WHERE link = ?1 AND email = ?2 AND hash NOT IN (SELECT hash FROM guest_confirmations WHERE link = ?1 AND email = ?2 ORDER BY expires DESC LIMIT ?3)",
			l.ID, email, maxConfirmations)
		return err
	})
	if err != nil {
		return "", GuestLink{}, err
	}
	return secret, l, nil
}

func reachable(email string) bool { return Person{Email: email}.Reachable() }

// Confirmation is an address that is about to be proved.
type Confirmation struct {
	Link  GuestLink
	Email string
	Name  string
}

// Confirmation is the one that the token would use, else ErrNotFound.
func (d *DB) Confirmation(ctx context.Context, token string) (Confirmation, error) {
	if !plausible(token) {
		return Confirmation{}, ErrNotFound
	}
	h := hash(token)
	var c Confirmation
	var link string
	now := millis(d.now())
	if err := scanOne(d.readers.QueryRowContext(ctx, "SELECT link, email, name FROM guest_confirmations WHERE hash = ? AND expires > ?", h[:], now), &link, &c.Email, &c.Name); err != nil {
		return Confirmation{}, err
	}
	var err error
	if c.Link, err = scanGuestLink(d.readers.QueryRowContext(ctx, "SELECT "+guestLinkColumns+" FROM guest_links WHERE id = ? AND expires > ?", link, now)); err != nil {
		return Confirmation{}, ErrNotFound
	}
	return c, nil
}

// UseConfirmation lets in whoever has the address, once. c is whoever is signed
// in, or nobody; staff are ErrOtherGuest and use nothing up.
func (d *DB) UseConfirmation(ctx context.Context, c Caller, token string) (p Person, prospect string, err error) {
	k, err := d.Confirmation(ctx, token)
	if err != nil {
		return Person{}, "", err
	}
	if c = d.Live(c); c.Person.ID != "" && !c.Person.Guest {
		return Person{}, "", ErrOtherGuest
	}
	h := hash(token)
	err = d.write(ctx, func(t *tx) error {
		n, err := t.exec("DELETE FROM guest_confirmations WHERE hash = ? AND expires > ?", h[:], millis(t.now))
		if err != nil {
			return err
		}
		if n == 0 {
			return ErrNotFound
		}
		by := Caller{Via: "link", IP: c.IP}
		var bad *Invalid
		fresh, err := NewPerson{Name: k.Name, Email: k.Email, Guest: true}.normal()
		if err != nil {
			return err
		}
		if p, err = t.guestAt(by, fresh); errors.As(err, &bad) {
			return ErrNotFound // has become a colleague, or was disabled
		} else if err != nil {
			return err
		}
		return t.come(k.Link, p, c.IP)
	})
	if err != nil {
		return Person{}, "", err
	}
	return p, k.Link.Prospect, nil
}

// sweepGuests deletes what has expired, so that no clock revives it.
func (d *DB) sweepGuests(ctx context.Context) error {
	now := millis(d.now())
	var some bool
	err := d.readers.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM guest_invitations WHERE expires <= ?1) OR
		EXISTS (SELECT 1 FROM guest_links WHERE expires <= ?1) OR EXISTS (SELECT 1 FROM guest_confirmations WHERE expires <= ?1)`, now).Scan(&some)
	if err != nil {
		return readError(err)
	}
	if !some {
		return nil
	}
	return d.write(ctx, func(t *tx) error {
		for _, table := range []string{"guest_invitations", "guest_links", "guest_confirmations"} {
			if _, err := t.exec("DELETE FROM "+table+" WHERE expires <= ?", now); err != nil {
				return err
			}
		}
		return nil
	})
}
