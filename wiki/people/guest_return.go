package people

import (
	"context"
	"errors"
	"time"
)

// Lives and limits of the links by which guests come back.
const (
	GuestReturnLife = time.Hour
	maxReturns      = 3 // waiting at a time for one guest; the oldest end beyond it
	guestBurst      = 3 // mails at once to one address
	guestEvery      = 10 * time.Minute
	guestsPerIP     = 30
	guestsPerIPIn   = 30 * time.Second
)

func newGuestLimiter() *signInLimiter {
	return newSignInLimiter(SignInLimits{PerAddress: guestBurst, AddressEvery: guestEvery, PerIP: guestsPerIP, IPEvery: guestsPerIPIn})
}

// AskGuestReturn counts an asking for a link to come back by; *TooMany says that
// one IP asks too much. Whoever asks is told the same for every address, and
// [DB.RequestGuestLink] makes what is mailed: later, so that the time of the
// answer tells nothing.
func (d *DB) AskGuestReturn(ip string) error {
	if network := ipKey(ip); network != "" {
		if wait := d.guestLimits.ips.take(d.now(), network); wait > 0 {
			return &TooMany{RetryAfter: wait}
		}
	}
	return nil
}

// RequestGuestLink makes a one-time link, for an hour, that signs in the guest
// who has the address; [DB.UseLoginLink] takes it. ErrNotFound when nobody has
// it who may come to a prospect, or enough was mailed to it. It takes longer for
// known addresses: whoever asked must not wait for it.
func (d *DB) RequestGuestLink(ctx context.Context, email, ip string) (p Person, token string, err error) {
	email, err = NormalEmail(email)
	if err != nil || !reachable(email) {
		return Person{}, "", ErrNotFound
	}
	if d.guestLimits.addresses.take(d.now(), email) > 0 {
		return Person{}, "", ErrNotFound
	}
	if p, err = d.ByEmail(ctx, email); err != nil {
		return Person{}, "", err
	}
	secret, hashed, err := d.newSecret("")
	if err != nil {
		return Person{}, "", err
	}
	err = d.write(ctx, func(t *tx) error {
		if p, err = t.person(p.ID); err != nil {
			return err
		}
		if !p.Guest || p.Disabled {
			return ErrNotFound
		}
		n, err := t.count("SELECT count(*) FROM guest_grants WHERE person = ? AND revoked = 0 AND over = 0 AND (until = 0 OR until > ?)", p.ID, millis(t.now))
		if err != nil {
			return err
		}
		if n == 0 {
			return ErrNotFound
		}
		if _, err := t.exec("INSERT INTO links (hash, person, expires) VALUES (?, ?, ?)", hashed, p.ID, millis(t.now.Add(GuestReturnLife))); err != nil {
			return err
		}
		if _, err := t.exec("DELETE FROM links WHERE person = ?1 AND hash NOT IN (SELECT hash FROM links WHERE person = ?1 ORDER BY expires DESC LIMIT ?2)", p.ID, maxReturns); err != nil {
			return err
		}
		return t.record(Caller{Via: "mail", IP: ip}, "guest.return", p.ID, "", "")
	})
	if err != nil {
		return Person{}, "", err
	}
	return p, secret, nil
}

// acceptAll lets a guest whose address is proved in to all that they were
// invited to.
func (t *tx) acceptAll(p Person) error {
	rows, err := t.conn.QueryContext(t.ctx, "SELECT prospect FROM guest_grants WHERE person = ? AND accepted = 0 AND revoked = 0 AND over = 0", p.ID)
	if err != nil {
		return readError(err)
	}
	var prospects []string
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return errors.Join(readError(err), rows.Close())
		}
		prospects = append(prospects, name)
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return readError(err)
	}
	for _, name := range prospects {
		if err := t.accept(Caller{Person: p, Via: "link"}, name, p.ID); err != nil {
			return err
		}
	}
	return nil
}
