package people

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"slices"
	"unicode"
	"unicode/utf8"

	"dealwiki/wiki/guard"
)

// Grant names a person on a prospect.
type Grant struct {
	Person string // id
	Level  Level  // Viewer or Editor
}

// Access is who may do what on a prospect. One that nothing was ever said about
// is open and has no owner.
type Access struct {
	Owner      string // person id; "": the administrators
	Restricted bool
	Grants     []Grant // by person id
}

// access is the same, for looking up.
type access struct {
	owner      string
	restricted bool
	grants     map[string]Level
	guests     map[string]guestGrant // those who may come to the shared side
}

func readAccess(ctx context.Context, conn *sql.Conn, prospect string) (*access, error) {
	a := access{}
	var owner sql.NullString
	err := conn.QueryRowContext(ctx, "SELECT owner, restricted FROM prospects WHERE name = ?", prospect).Scan(&owner, &a.restricted)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, readError(err)
	}
	a.owner = owner.String
	rows, err := conn.QueryContext(ctx, "SELECT person, level FROM grants WHERE prospect = ?", prospect)
	if err != nil {
		return nil, readError(err)
	}
	defer rows.Close()
	for rows.Next() {
		var person string
		var level Level
		if err := rows.Scan(&person, &level); err != nil {
			return nil, readError(err)
		}
		if a.grants == nil {
			a.grants = map[string]Level{}
		}
		a.grants[person] = level
	}
	if err := rows.Err(); err != nil {
		return nil, readError(err)
	}
	if a.guests, err = readGuests(ctx, conn, prospect); err != nil {
		return nil, err
	}
	return &a, nil
}

func readAllAccess(ctx context.Context, conn *sql.Conn) (map[string]*access, error) {
	all := map[string]*access{}
	rows, err := conn.QueryContext(ctx, "SELECT p.name, p.owner, p.restricted, g.person, g.level FROM prospects p LEFT JOIN grants g ON g.prospect = p.name")
	if err != nil {
		return nil, readError(err)
	}
	defer rows.Close()
	for rows.Next() {
		var name string
		var owner, person sql.NullString
		var restricted bool
		var level sql.NullInt64
		if err := rows.Scan(&name, &owner, &restricted, &person, &level); err != nil {
			return nil, readError(err)
		}
		a := all[name]
		if a == nil {
			a = &access{owner: owner.String, restricted: restricted}
			all[name] = a
		}
		if person.Valid {
			if a.grants == nil {
				a.grants = map[string]Level{}
			}
			a.grants[person.String] = Level(level.Int64)
		}
	}
	if err := rows.Err(); err != nil {
		return nil, readError(err)
	}
	return all, addGuests(ctx, conn, all)
}

// Access is who may do what on the prospect. It is for code that has checked its
// caller: it tells everything about restricted prospects too.
func (d *DB) Access(_ context.Context, prospect string) (Access, error) {
	_, a := d.cache.on("", prospect)
	if a == nil {
		return Access{}, nil
	}
	out := Access{Owner: a.owner, Restricted: a.restricted}
	for person, level := range a.grants {
		out.Grants = append(out.Grants, Grant{Person: person, Level: level})
	}
	slices.SortFunc(out.Grants, func(a, b Grant) int { return cmp.Compare(a.Person, b.Person) })
	return out, nil
}

func checkProspect(name string) error {
	if name == "" || len(name) > 200 || !utf8.ValidString(name) {
		return invalid("prospect", "must be a name of 1 to 200 bytes")
	}
	for _, r := range name {
		if unicode.IsControl(r) || r == '/' || r == '\\' {
			return invalid("prospect", "must not contain control characters or slashes")
		}
	}
	return nil
}

// allowAccess admits the prospect's owner and administrators. To whoever does
// not see it, it is not there.
func (t *tx) allowAccess(c Caller, prospect string) error {
	level, err := t.level(c, prospect)
	if err != nil || level == Owner {
		return err
	}
	if _, err := t.allow(c, Administer|Write); err == nil || !errors.Is(err, ErrForbidden) {
		return err
	}
	if level == None {
		return ErrNotFound
	}
	if guard.OwnersAlone.Stops(true) {
		return ErrForbidden
	}
	return nil
}

// staff is a person who can be named on a prospect.
func (t *tx) staff(id string) (Person, error) {
	p, err := t.person(id)
	if errors.Is(err, ErrNotFound) {
		return p, invalid("person", "is not known")
	}
	if err != nil {
		return p, err
	}
	if p.Guest {
		return p, invalid("person", "is a guest; guests are invited to the shared side")
	}
	if p.Disabled {
		return p, invalid("person", "is disabled")
	}
	return p, nil
}

// touch makes sure of the prospect's row and notes the change.
func (t *tx) touch(prospect string) error {
	t.prospects[prospect] = true
	t.changes = append(t.changes, Change{Kind: AccessChanged, Prospect: prospect})
	_, err := t.exec("INSERT INTO prospects (name) VALUES (?) ON CONFLICT DO NOTHING", prospect)
	return err
}

func orNull(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// AddProspect is for making a prospect: it puts down owner ("": the
// administrators) and restriction before anybody can see it. Any member of staff
// with the scope write may. ErrExists when something was said about it already.
func (d *DB) AddProspect(ctx context.Context, c Caller, prospect, owner string, restricted bool) error {
	if err := checkProspect(prospect); err != nil {
		return err
	}
	return d.write(ctx, func(t *tx) error {
		p, err := t.allow(c, Write)
		if err != nil {
			return err
		}
		if p.Guest {
			return ErrForbidden
		}
		if owner != "" {
			if _, err := t.staff(owner); err != nil {
				return err
			}
		}
		n, err := t.exec("INSERT INTO prospects (name, owner, restricted) VALUES (?, ?, ?) ON CONFLICT DO NOTHING", prospect, orNull(owner), restricted)
		if err != nil {
			return err
		}
		if n == 0 {
			return ErrExists
		}
		if err := t.touch(prospect); err != nil {
			return err
		}
		return t.record(c, "access.add", owner, prospect, restrictedWord(restricted))
	})
}

func restrictedWord(restricted bool) string {
	if restricted {
		return "restricted"
	}
	return "open"
}

// SetOwner gives the prospect to somebody ("": to the administrators). Its owner
// and administrators may. The owner before keeps writing it: on a restricted
// prospect as a named editor.
func (d *DB) SetOwner(ctx context.Context, c Caller, prospect, person string) error {
	return d.changeAccess(ctx, c, prospect, func(t *tx, a *access) error {
		if a.owner == person {
			return nil
		}
		if person != "" {
			if _, err := t.staff(person); err != nil {
				return err
			}
		}
		if err := t.touch(prospect); err != nil {
			return err
		}
		if a.owner != "" {
			if _, err := t.exec("INSERT INTO grants (prospect, person, level) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET level = excluded.level", prospect, a.owner, Editor); err != nil {
				return err
			}
		}
		if _, err := t.exec("DELETE FROM grants WHERE prospect = ? AND person = ?", prospect, person); err != nil {
			return err
		}
		if _, err := t.exec("UPDATE prospects SET owner = ? WHERE name = ?", orNull(person), prospect); err != nil {
			return err
		}
		return t.record(c, "access.owner", person, prospect, "")
	})
}

// SetRestricted closes the prospect to all but its owner and those named, or
// opens it to all staff. Its owner and administrators may.
func (d *DB) SetRestricted(ctx context.Context, c Caller, prospect string, restricted bool) error {
	return d.changeAccess(ctx, c, prospect, func(t *tx, a *access) error {
		if a.restricted == restricted {
			return nil
		}
		if err := t.touch(prospect); err != nil {
			return err
		}
		if _, err := t.exec("UPDATE prospects SET restricted = ? WHERE name = ?", restricted, prospect); err != nil {
			return err
		}
		return t.record(c, "access."+restrictedWord(restricted), "", prospect, "")
	})
}

// Grant names somebody on the prospect as Viewer or Editor, in place of what
// they had. On an open prospect naming a member as Viewer takes writing from
// them; [DB.GrantReader] only ever adds. Its owner and administrators may, which
// is how an administrator comes into a restricted prospect: on record.
func (d *DB) Grant(ctx context.Context, c Caller, prospect, person string, level Level) error {
	if level != Viewer && level != Editor {
		return invalid("level", "must be viewer or editor; the owner is set apart")
	}
	return d.changeAccess(ctx, c, prospect, func(t *tx, a *access) error {
		if _, err := t.staff(person); err != nil {
			return err
		}
		if a.owner == person {
			return invalid("person", "owns the prospect already")
		}
		if a.grants[person] == level {
			return nil
		}
		return t.grant(c, prospect, person, level)
	})
}

func (t *tx) grant(c Caller, prospect, person string, level Level) error {
	if err := t.touch(prospect); err != nil {
		return err
	}
	if _, err := t.exec("INSERT INTO grants (prospect, person, level) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET level = excluded.level", prospect, person, level); err != nil {
		return err
	}
	return t.record(c, "access.grant", person, prospect, level.String())
}

// GrantReader makes sure that somebody can read the prospect, and changes
// nothing when they can. Editors may, since they hand off.
func (d *DB) GrantReader(ctx context.Context, c Caller, prospect, person string) error {
	if err := checkProspect(prospect); err != nil {
		return err
	}
	return d.write(ctx, func(t *tx) error {
		level, err := t.level(c, prospect)
		if err != nil {
			return err
		}
		if level == None {
			return ErrNotFound
		}
		if level < Editor {
			return ErrForbidden
		}
		p, err := t.staff(person)
		if err != nil {
			return err
		}
		a, err := readAccess(t.ctx, t.conn, prospect)
		if err != nil || levelOf(&p, AllScopes, a) >= Viewer {
			return err
		}
		return t.grant(c, prospect, person, Viewer)
	})
}

// Revoke takes somebody's grant away. Its owner and administrators may, and
// people may leave a restricted prospect by themselves.
func (d *DB) Revoke(ctx context.Context, c Caller, prospect, person string) error {
	if err := checkProspect(prospect); err != nil {
		return err
	}
	return d.write(ctx, func(t *tx) error {
		if err := t.allowAccess(c, prospect); err != nil {
			if !errors.Is(err, ErrForbidden) || c.Person.ID != person || c.Scopes&Write == 0 {
				return err
			}
			// Only where leaving takes rights away.
			if a, e := readAccess(t.ctx, t.conn, prospect); e != nil || a == nil || !a.restricted {
				return errors.Join(err, e)
			}
		}
		n, err := t.exec("DELETE FROM grants WHERE prospect = ? AND person = ?", prospect, person)
		if err != nil || n == 0 {
			return err
		}
		if err := t.touch(prospect); err != nil {
			return err
		}
		return t.record(c, "access.revoke", person, prospect, "")
	})
}

func (d *DB) changeAccess(ctx context.Context, c Caller, prospect string, f func(*tx, *access) error) error {
	if err := checkProspect(prospect); err != nil {
		return err
	}
	return d.write(ctx, func(t *tx) error {
		if err := t.allowAccess(c, prospect); err != nil {
			return err
		}
		a, err := readAccess(t.ctx, t.conn, prospect)
		if err != nil {
			return err
		}
		if a == nil {
			a = &access{}
		}
		return f(t, a)
	})
}

// RenameProspect carries access, read marks and visits over to a new name that
// must be free (ErrExists). The owner may.
func (d *DB) RenameProspect(ctx context.Context, c Caller, from, to string) error {
	if err := errors.Join(checkProspect(from), checkProspect(to)); err != nil {
		return err
	}
	return d.asOwner(ctx, c, from, func(t *tx) error {
		n, err := t.count("SELECT count(*) FROM prospects WHERE name = ?", to)
		if err != nil {
			return err
		}
		if n > 0 {
			return ErrExists
		}
		if err := t.touch(from); err != nil {
			return err
		}
		for _, query := range []string{
			"UPDATE prospects SET name = ? WHERE name = ?",
			"UPDATE OR REPLACE marks SET prospect = ? WHERE prospect = ?",
			"UPDATE OR REPLACE visits SET prospect = ? WHERE prospect = ?",
		} {
			if _, err := t.exec(query, to, from); err != nil {
				return err
			}
		}
		if err := t.touch(to); err != nil {
			return err
		}
		return t.record(c, "access.rename", from, to, "")
	})
}

// DeleteProspect forgets access, read marks and visits. The owner may. The audit
// log stays.
func (d *DB) DeleteProspect(ctx context.Context, c Caller, prospect string) error {
	if err := checkProspect(prospect); err != nil {
		return err
	}
	return d.asOwner(ctx, c, prospect, func(t *tx) error {
		if err := t.touch(prospect); err != nil {
			return err
		}
		for _, query := range []string{
			"DELETE FROM prospects WHERE name = ?",
			"DELETE FROM marks WHERE prospect = ?",
			"DELETE FROM visits WHERE prospect = ?",
		} {
			if _, err := t.exec(query, prospect); err != nil {
				return err
			}
		}
		return t.record(c, "access.delete", "", prospect, "")
	})
}

func (d *DB) asOwner(ctx context.Context, c Caller, prospect string, f func(*tx) error) error {
	defer d.reading.forget()
	return d.write(ctx, func(t *tx) error {
		level, err := t.level(c, prospect)
		if err != nil {
			return err
		}
		switch level {
		case Owner:
			return f(t)
		case None:
			return ErrNotFound
		}
		return ErrForbidden
	})
}
