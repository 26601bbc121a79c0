package people

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"slices"
	"time"

	"dealwiki/wiki/guard"
)

// GuestRole is what a guest may do on the shared side of a prospect.
type GuestRole string

// Roles of guests; each includes the ones before.
const (
	GuestViewer    GuestRole = "viewer"    // reads
	GuestCommenter GuestRole = "commenter" // comments
	GuestEditor    GuestRole = "editor"    // writes pages
)

// ParseGuestRole reads a role.
func ParseGuestRole(s string) (GuestRole, error) {
	switch r := GuestRole(s); r {
	case GuestViewer, GuestCommenter, GuestEditor:
		return r, nil
	}
	return "", invalid("role", "must be viewer, commenter or editor")
}

// MaxGuests is how many guests a prospect may have. Who was sent away does not
// count, so that there is a way out when a reusable link got about.
const MaxGuests = 1000

// invitable is how many of them come by invitation only: whoever fills a
// prospect with guests by a link keeps out nobody whom the owner invites.
const invitable = 100

// GuestGrant is a guest of a prospect.
type GuestGrant struct {
	Person   string // id
	Prospect string
	Role     GuestRole
	Until    time.Time // they may come in before it; zero: no end
	Revoked  time.Time // zero: they were not sent away
	Inviter  string    // person id, or the name of a system caller
	Link     string    // id of the reusable link they came by; "": they were invited
	Created  time.Time
	Accepted time.Time // zero: they have not come yet
	LastSeen time.Time // to some minutes; zero: never
	Expires  time.Time // until when the invitation can be accepted; zero: there is none
}

// Active reports whether the guest may come in at a time.
func (g GuestGrant) Active(now time.Time) bool {
	return !g.Accepted.IsZero() && g.Revoked.IsZero() && (g.Until.IsZero() || now.Before(g.Until))
}

// guestGrant is what the memory holds of one that was accepted and not revoked.
type guestGrant struct {
	role  GuestRole
	until int64 // milliseconds; 0: no end
}

const guestGrantsInForce = " FROM guest_grants WHERE accepted > 0 AND revoked = 0 AND over = 0"

func readGuests(ctx context.Context, conn *sql.Conn, prospect string) (map[string]guestGrant, error) {
	rows, err := conn.QueryContext(ctx, "SELECT person, role, until"+guestGrantsInForce+" AND prospect = ?", prospect)
	if err != nil {
		return nil, readError(err)
	}
	defer rows.Close()
	var guests map[string]guestGrant
	for rows.Next() {
		var person string
		var g guestGrant
		if err := rows.Scan(&person, &g.role, &g.until); err != nil {
			return nil, readError(err)
		}
		if guests == nil {
			guests = map[string]guestGrant{}
		}
		guests[person] = g
	}
	if err := rows.Err(); err != nil {
		return nil, readError(err)
	}
	return guests, nil
}

// addGuests puts the guests of all prospects to what is known of their access.
func addGuests(ctx context.Context, conn *sql.Conn, all map[string]*access) error {
	rows, err := conn.QueryContext(ctx, "SELECT prospect, person, role, until"+guestGrantsInForce)
	if err != nil {
		return readError(err)
	}
	defer rows.Close()
	for rows.Next() {
		var prospect, person string
		var g guestGrant
		if err := rows.Scan(&prospect, &person, &g.role, &g.until); err != nil {
			return readError(err)
		}
		a := all[prospect]
		if a == nil {
			continue
		}
		if a.guests == nil {
			a.guests = map[string]guestGrant{}
		}
		a.guests[person] = g
	}
	if err := rows.Err(); err != nil {
		return readError(err)
	}
	return nil
}

// sharedLevelOf is the one place that decides who may do what on the shared side
// of a prospect.
//
//   - staff: what they may on the prospect; whoever sees it may comment
//   - guests: by their grant of this prospect, which they have accepted, while
//     it lasts
//   - disabled people and nobody: None
//
// The door narrows it as it does for staff.
func sharedLevelOf(p *Person, scopes Scope, a *access, now int64) (level Level, comment bool) {
	if p == nil || guard.NotDisabled.Stops(p.Disabled) || scopes&(Read|Write) == 0 {
		return None, false
	}
	writes := scopes&Write != 0
	if !p.Guest {
		level = levelOf(p, scopes, a)
		return level, writes && level >= Viewer
	}
	if a == nil {
		return None, false
	}
	g, ok := a.guests[p.ID]
	if guard.GuestGranted.Stops(!ok) || g.until != 0 && now >= g.until {
		return None, false
	}
	level, comment = Editor, true
	if guard.GuestRole.Stops(g.role != GuestEditor) {
		level = Viewer
	}
	if guard.GuestComments.Stops(g.role == GuestViewer) {
		comment = false
	}
	if !writes {
		level = min(level, Viewer)
	}
	return level, comment && writes
}

// SharedLevel is what the caller may do on the shared side of the prospect now,
// and whether they may comment there. On the other side a guest may nothing:
// [DB.LevelOn] answers None for them.
func (d *DB) SharedLevel(_ context.Context, c Caller, prospect string) (level Level, comment bool) {
	if c.system {
		return Owner, true
	}
	p, a := d.cache.on(c.Person.ID, prospect)
	return sharedLevelOf(p, c.Scopes, a, millis(d.now()))
}

// GuestProspects names, in order, the prospects that a guest may come to now.
// For staff it is empty.
func (d *DB) GuestProspects(_ context.Context, c Caller) []string {
	p, all := d.cache.snapshot(c.Person.ID)
	if p == nil || !p.Guest {
		return nil
	}
	now := millis(d.now())
	var names []string
	for name, a := range all {
		if _, ok := a.guests[p.ID]; !ok {
			continue
		}
		if level, _ := sharedLevelOf(p, c.Scopes, a, now); level >= Viewer {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

const guestColumns = `g.person, g.prospect, g.role, g.until, g.revoked, g.inviter, g.link, g.created, g.accepted, g.seen,
	coalesce((SELECT i.expires FROM guest_invitations i WHERE i.prospect = g.prospect AND i.person = g.person), 0)`

func scanGuest(s scanner) (g GuestGrant, err error) {
	var until, revoked, created, accepted, seen, expires int64
	err = s.Scan(&g.Person, &g.Prospect, &g.Role, &until, &revoked, &g.Inviter, &g.Link, &created, &accepted, &seen, &expires)
	g.Until, g.Revoked, g.Created = fromMillis(until), fromMillis(revoked), fromMillis(created)
	g.Accepted, g.LastSeen, g.Expires = fromMillis(accepted), fromMillis(seen), fromMillis(expires)
	return g, err
}

// Guests lists everybody who was ever invited to the prospect or came by a link
// of it, the latest first. Staff who see the prospect may read it.
func (d *DB) Guests(ctx context.Context, c Caller, prospect string) ([]GuestGrant, error) {
	if d.LevelOn(ctx, c, prospect) < Viewer {
		return nil, ErrNotFound
	}
	rows, err := d.readers.QueryContext(ctx, "SELECT "+guestColumns+" FROM guest_grants g WHERE g.prospect = ?", prospect)
	if err != nil {
		return nil, readError(err)
	}
	defer rows.Close()
	var all []GuestGrant
	for rows.Next() {
		g, err := scanGuest(rows)
		if err != nil {
			return nil, readError(err)
		}
		all = append(all, g)
	}
	if err := rows.Err(); err != nil {
		return nil, readError(err)
	}
	slices.SortFunc(all, func(a, b GuestGrant) int {
		return cmp.Or(b.Created.Compare(a.Created), cmp.Compare(a.Person, b.Person))
	})
	return all, nil
}

func (t *tx) guest(prospect, person string) (GuestGrant, error) {
	g, err := scanGuest(t.conn.QueryRowContext(t.ctx, "SELECT "+guestColumns+" FROM guest_grants g WHERE g.prospect = ? AND g.person = ?", prospect, person))
	if errors.Is(err, sql.ErrNoRows) {
		return GuestGrant{}, ErrNotFound
	}
	if err != nil {
		return GuestGrant{}, readError(err)
	}
	return g, nil
}

// allowOwner admits the prospect's owner. To whoever does not see it, it is not
// there.
func (t *tx) allowOwner(c Caller, prospect string) error {
	level, err := t.level(c, prospect)
	switch {
	case err != nil:
		return err
	case level == Owner:
		return nil
	case level == None:
		return ErrNotFound
	}
	return ErrForbidden
}

// changeGuest changes a guest's row on behalf of the owner.
func (d *DB) changeGuest(ctx context.Context, c Caller, prospect, person string, f func(*tx, GuestGrant) error) error {
	if err := checkProspect(prospect); err != nil {
		return err
	}
	return d.write(ctx, func(t *tx) error {
		if err := t.allowOwner(c, prospect); err != nil {
			return err
		}
		g, err := t.guest(prospect, person)
		if err != nil {
			return err
		}
		return f(t, g)
	})
}

// RevokeGuest sends a guest away at once: their invitation ends, watchers are
// told, and no reusable link of the prospect lets the same person in again. The
// owner may; inviting them anew takes it back.
func (d *DB) RevokeGuest(ctx context.Context, c Caller, prospect, person string) error {
	return d.changeGuest(ctx, c, prospect, person, func(t *tx, g GuestGrant) error {
		if !g.Revoked.IsZero() {
			return nil
		}
		if _, err := t.exec("UPDATE guest_grants SET revoked = ? WHERE prospect = ? AND person = ?", millis(t.now), prospect, person); err != nil {
			return err
		}
		if _, err := t.exec("DELETE FROM guest_invitations WHERE prospect = ? AND person = ?", prospect, person); err != nil {
			return err
		}
		if err := t.touch(prospect); err != nil {
			return err
		}
		return t.record(c, "guest.revoke", person, prospect, "")
	})
}

// SetGuestRole changes what a guest may do. The owner may.
func (d *DB) SetGuestRole(ctx context.Context, c Caller, prospect, person string, role GuestRole) error {
	role, err := ParseGuestRole(string(role))
	if err != nil {
		return err
	}
	return d.changeGuest(ctx, c, prospect, person, func(t *tx, g GuestGrant) error {
		if !g.Revoked.IsZero() {
			return invalid("guest", "was sent away; invite them again")
		}
		if g.Role == role {
			return nil
		}
		if _, err := t.exec("UPDATE guest_grants SET role = ? WHERE prospect = ? AND person = ?", role, prospect, person); err != nil {
			return err
		}
		if err := t.touch(prospect); err != nil {
			return err
		}
		return t.record(c, "guest.role", person, prospect, string(role))
	})
}

// SetGuestUntil changes until when a guest may come in; zero is for as long as
// the prospect is there. The owner may.
func (d *DB) SetGuestUntil(ctx context.Context, c Caller, prospect, person string, until time.Time) error {
	return d.changeGuest(ctx, c, prospect, person, func(t *tx, g GuestGrant) error {
		if !g.Revoked.IsZero() {
			return invalid("guest", "was sent away; invite them again")
		}
		if millis(g.Until) == millis(until) {
			return nil
		}
		if err := checkUntil(t.now, until); err != nil {
			return err
		}
		if _, err := t.exec("UPDATE guest_grants SET until = ?, over = 0 WHERE prospect = ? AND person = ?", millis(until), prospect, person); err != nil {
			return err
		}
		if err := t.touch(prospect); err != nil {
			return err
		}
		return t.record(c, "guest.until", person, prospect, untilWord(until))
	})
}

func checkUntil(now, until time.Time) error {
	if !until.IsZero() && !until.After(now) {
		return invalid("until", "must be in the future")
	}
	return nil
}

func untilWord(until time.Time) string {
	if until.IsZero() {
		return "no end"
	}
	return "until " + until.UTC().Format(time.RFC3339)
}

// endGuests notes the grants whose time is over, so that no clock revives them,
// and tells watchers, who close what is open.
func (d *DB) endGuests(ctx context.Context) error {
	next := d.cache.nextEnd()
	if next == 0 || millis(d.now()) < next {
		return nil
	}
	defer d.cache.recountEnds()
	return d.write(ctx, func(t *tx) error {
		rows, err := t.conn.QueryContext(t.ctx, "UPDATE guest_grants SET over = 1 WHERE over = 0 AND until > 0 AND until <= ? RETURNING prospect, person", millis(t.now))
		if err != nil {
			return readError(err)
		}
		var ended [][2]string
		for rows.Next() {
			var prospect, person string
			if err := rows.Scan(&prospect, &person); err != nil {
				return errors.Join(readError(err), rows.Close())
			}
			ended = append(ended, [2]string{prospect, person})
		}
		if err := errors.Join(rows.Err(), rows.Close()); err != nil {
			return readError(err)
		}
		for _, e := range ended {
			if err := t.touch(e[0]); err != nil {
				return err
			}
			if err := t.record(System("clock"), "guest.end", e[1], e[0], ""); err != nil {
				return err
			}
		}
		return nil
	})
}
