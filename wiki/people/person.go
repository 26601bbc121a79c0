package people

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// Role is what a person may do.
type Role string

// Roles.
const (
	Admin  Role = "admin"
	Member Role = "member"
)

// Job is what a person does; it may be empty.
type Job string

// Jobs.
const (
	Sales     Job = "sales"
	Technical Job = "technical"
	Delivery  Job = "delivery"
	Marketing Job = "marketing"
	Manager   Job = "manager"
)

// Settings are a person's own.
type Settings struct {
	Theme     string // "light", "dark" or "system"
	Shortcuts bool   // single keys do things
	Zone      string // name of a time zone like "Europe/Berlin"; "": the browser's
}

// Person is somebody with an account. Nobody is ever removed, only disabled:
// history refers to them.
type Person struct {
	ID       string // random, short, url-safe
	Handle   string // for @mentions; never changes
	Name     string
	Email    string // normal form
	Role     Role
	Job      Job
	Disabled bool
	Guest    bool   // of the customer's side; no access here
	Skills   string // one line in their own words
	Created  time.Time
	Settings Settings
}

// NewPerson is what an account starts with.
type NewPerson struct {
	Email    string
	Name     string
	Role     Role // "": Member
	Job      Job
	Skills   string
	Guest    bool
	Password string // "": signs in by link until one is set
}

// Patch changes what is not nil.
type Patch struct {
	Name   *string
	Email  *string
	Role   *Role
	Job    *Job
	Skills *string
}

const personColumns = "id, handle, name, email, role, job, skills, guest, disabled, theme, shortcuts, zone, created"

type scanner interface{ Scan(...any) error }

func scanPerson(s scanner) (p Person, err error) {
	var created int64
	err = s.Scan(&p.ID, &p.Handle, &p.Name, &p.Email, &p.Role, &p.Job, &p.Skills, &p.Guest, &p.Disabled,
		&p.Settings.Theme, &p.Settings.Shortcuts, &p.Settings.Zone, &created)
	p.Created = fromMillis(created)
	return p, err
}

func readError(err error) error { return fmt.Errorf("reading accounts: %w", err) }

func readPeople(ctx context.Context, conn *sql.Conn) ([]*Person, error) {
	rows, err := conn.QueryContext(ctx, "SELECT "+personColumns+" FROM people")
	if err != nil {
		return nil, readError(err)
	}
	defer rows.Close()
	var all []*Person
	for rows.Next() {
		p, err := scanPerson(rows)
		if err != nil {
			return nil, readError(err)
		}
		all = append(all, &p)
	}
	if err := rows.Err(); err != nil {
		return nil, readError(err)
	}
	return all, nil
}

func (t *tx) person(id string) (Person, error) {
	p, err := scanPerson(t.conn.QueryRowContext(t.ctx, "SELECT "+personColumns+" FROM people WHERE id = ?", id))
	if errors.Is(err, sql.ErrNoRows) {
		return Person{}, ErrNotFound
	}
	if err != nil {
		return Person{}, readError(err)
	}
	return p, nil
}

func checkRole(r Role, guest bool) error {
	if r != Admin && r != Member {
		return invalid("role", "must be admin or member")
	}
	if guest && r == Admin {
		return invalid("role", "of a guest must be member")
	}
	return nil
}

func checkJob(j Job) error {
	switch j {
	case "", Sales, Technical, Delivery, Marketing, Manager:
		return nil
	}
	return invalid("job", "must be sales, technical, delivery, marketing or manager")
}

// normal checks all values and brings them into the form that is kept.
func (n NewPerson) normal() (NewPerson, error) {
	var err error
	if n.Email, err = NormalEmail(n.Email); err != nil {
		return n, err
	}
	if n.Name, err = NormalName(n.Name); err != nil {
		return n, err
	}
	if n.Skills, err = line("skills", n.Skills, 300); err != nil {
		return n, err
	}
	if n.Role == "" {
		n.Role = Member
	}
	if err = checkRole(n.Role, n.Guest); err != nil {
		return n, err
	}
	return n, checkJob(n.Job)
}

// Add makes an account; administrators only. An address that is taken is
// ErrExists; values that cannot be taken are *Invalid.
func (d *DB) Add(ctx context.Context, c Caller, n NewPerson) (Person, error) {
	n, err := n.normal()
	if err != nil {
		return Person{}, err
	}
	if !c.system && !d.Live(c).Can(Administer) {
		return Person{}, ErrForbidden // before the work of hashing
	}
	hashed, err := d.hashNew(ctx, n.Password)
	if err != nil {
		return Person{}, err
	}
	var p Person
	err = d.write(ctx, func(t *tx) error {
		if _, err := t.allow(c, Administer); err != nil {
			return err
		}
		p, err = t.add(c, n, hashed)
		return err
	})
	return p, err
}

// add is for normal values.
func (t *tx) add(c Caller, n NewPerson, hashed string) (Person, error) {
	used, err := t.count("SELECT count(*) FROM people WHERE email = ?", n.Email)
	if err != nil {
		return Person{}, err
	}
	if used > 0 {
		return Person{}, fmt.Errorf("an account with this address %w", ErrExists)
	}
	handle, err := freeHandle(HandleFor(n.Email), func(h string) (bool, error) {
		used, err := t.count("SELECT count(*) FROM people WHERE handle = ? OR id = ?", h, h)
		return used > 0, err
	})
	if err != nil {
		return Person{}, err
	}
	id, err := t.db.newID()
	if err != nil {
		return Person{}, err
	}
	_, err = t.exec("INSERT INTO people (id, handle, name, email, role, job, skills, guest, password, created) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
		id, handle, n.Name, n.Email, n.Role, n.Job, n.Skills, n.Guest, hashed, millis(t.now))
	if err != nil {
		return Person{}, err
	}
	if _, err := t.exec("DELETE FROM invitations WHERE email = ?", n.Email); err != nil {
		return Person{}, err
	}
	if _, err := t.exec("DELETE FROM setup"); err != nil {
		return Person{}, err
	}
	t.changed(id)
	if c.actor() == "" {
		c.Person.ID = id // whoever made their own account by a link
	}
	if err := t.record(c, "person.add", id, "", string(n.Role)); err != nil {
		return Person{}, err
	}
	return t.person(id)
}

// Get is the person with the id.
func (d *DB) Get(ctx context.Context, id string) (Person, error) {
	return d.lookUp(ctx, func(c *cache) *Person { return c.people[id] })
}

// ByHandle is the person with the handle, without its @.
func (d *DB) ByHandle(ctx context.Context, handle string) (Person, error) {
	return d.lookUp(ctx, func(c *cache) *Person { return c.byHandle[handle] })
}

// ByEmail is the person with the address, in any spelling.
func (d *DB) ByEmail(ctx context.Context, email string) (Person, error) {
	email, err := NormalEmail(email)
	if err != nil {
		return Person{}, ErrNotFound
	}
	return d.lookUp(ctx, func(c *cache) *Person { return c.byEmail[email] })
}

// Find is the person named by id, handle (with or without @) or address.
func (d *DB) Find(ctx context.Context, ref string) (Person, error) {
	handle := ref
	if len(ref) > 1 && ref[0] == '@' {
		handle = ref[1:]
	}
	email, err := NormalEmail(ref)
	if err != nil {
		email = ""
	}
	return d.lookUp(ctx, func(c *cache) *Person {
		if p := c.people[ref]; p != nil {
			return p
		}
		if p := c.byHandle[handle]; p != nil {
			return p
		}
		return c.byEmail[email]
	})
}

func (d *DB) lookUp(ctx context.Context, by func(*cache) *Person) (Person, error) {
	p := d.cache.find(by)
	if p == nil {
		d.catchUp(ctx)
		p = d.cache.find(by)
	}
	if p == nil {
		return Person{}, ErrNotFound
	}
	return *p, nil
}

// List is everybody, disabled people and guests too, by name. Somebody added by
// another process may be missing for half a second.
func (d *DB) List(ctx context.Context) ([]Person, error) {
	d.catchUp(ctx)
	return d.cache.list(), nil
}

// Update changes a person: administrators anything, others their own name, job
// and skills.
func (d *DB) Update(ctx context.Context, c Caller, id string, patch Patch) (Person, error) {
	var p Person
	err := d.write(ctx, func(t *tx) error {
		_, err := t.allow(c, Administer)
		admin := err == nil
		if !admin {
			if err := t.allowSelf(c, id, Write); err != nil {
				return err
			}
			if patch.Email != nil || patch.Role != nil {
				return ErrForbidden
			}
		}
		if p, err = t.person(id); err != nil {
			return err
		}
		old := p
		if patch.Name != nil {
			if p.Name, err = NormalName(*patch.Name); err != nil {
				return err
			}
		}
		if patch.Email != nil {
			if p.Email, err = NormalEmail(*patch.Email); err != nil {
				return err
			}
			used, err := t.count("SELECT count(*) FROM people WHERE email = ? AND id <> ?", p.Email, id)
			if err != nil {
				return err
			}
			if used > 0 {
				return fmt.Errorf("an account with this address %w", ErrExists)
			}
			if _, err := t.exec("DELETE FROM invitations WHERE email = ?", p.Email); err != nil {
				return err
			}
			// Links that were mailed to the address before open nothing more.
			if _, err := t.exec("DELETE FROM resets WHERE person = ?", id); err != nil {
				return err
			}
		}
		if patch.Job != nil {
			p.Job = *patch.Job
			if err := checkJob(p.Job); err != nil {
				return err
			}
		}
		if patch.Skills != nil {
			if p.Skills, err = line("skills", *patch.Skills, 300); err != nil {
				return err
			}
		}
		if patch.Role != nil {
			p.Role = *patch.Role
			if err := checkRole(p.Role, p.Guest); err != nil {
				return err
			}
		}
		if p == old {
			return nil
		}
		if _, err := t.exec("UPDATE people SET name = ?, email = ?, role = ?, job = ?, skills = ? WHERE id = ?",
			p.Name, p.Email, p.Role, p.Job, p.Skills, id); err != nil {
			return err
		}
		if err := t.keepAdmin(old); err != nil {
			return err
		}
		t.changed(id)
		detail := ""
		if p.Role != old.Role {
			if err := t.renewSessions(id); err != nil {
				return err
			}
			detail = "role " + string(p.Role)
		}
		return t.record(c, "person.update", id, "", detail)
	})
	if err != nil {
		return Person{}, err
	}
	return p, nil
}

// keepAdmin refuses the transaction when the person was the last administrator
// who could sign in.
func (t *tx) keepAdmin(old Person) error {
	if old.Role != Admin || old.Disabled {
		return nil
	}
	left, err := t.count("SELECT count(*) FROM people WHERE role = 'admin' AND disabled = 0")
	if err != nil {
		return err
	}
	if left == 0 {
		return ErrLastAdmin
	}
	return nil
}

// Disable closes every door to a person at once: sessions, tokens and links are
// deleted, and watchers are told. Administrators only; the last active one
// cannot be disabled (ErrLastAdmin).
func (d *DB) Disable(ctx context.Context, c Caller, id string) error {
	return d.setDisabled(ctx, c, id, true)
}

// Enable lets a disabled person sign in again. Their old sessions, tokens and
// links stay gone.
func (d *DB) Enable(ctx context.Context, c Caller, id string) error {
	return d.setDisabled(ctx, c, id, false)
}

func (d *DB) setDisabled(ctx context.Context, c Caller, id string, disabled bool) error {
	return d.write(ctx, func(t *tx) error {
		if _, err := t.allow(c, Administer); err != nil {
			return err
		}
		p, err := t.person(id)
		if err != nil {
			return err
		}
		if p.Disabled == disabled {
			return nil
		}
		if _, err := t.exec("UPDATE people SET disabled = ? WHERE id = ?", disabled, id); err != nil {
			return err
		}
		action := "person.enable"
		if disabled {
			action = "person.disable"
			if err := t.keepAdmin(p); err != nil {
				return err
			}
			for _, table := range []string{"sessions", "tokens", "links", "sign_ins", "resets"} {
				if _, err := t.exec("DELETE FROM "+table+" WHERE person = ?", id); err != nil {
					return err
				}
			}
		}
		t.changed(id)
		return t.record(c, action, id, "", "")
	})
}

// SaveSettings keeps a person's settings; only they may change them.
func (d *DB) SaveSettings(ctx context.Context, c Caller, s Settings) error {
	if s.Theme == "" {
		s.Theme = "system"
	}
	if s.Theme != "system" && s.Theme != "light" && s.Theme != "dark" {
		return invalid("theme", "must be light, dark or system")
	}
	if err := checkZone(s.Zone); err != nil {
		return err
	}
	return d.write(ctx, func(t *tx) error {
		p, err := t.allow(c, Write)
		if err != nil {
			return err
		}
		if p.ID == "" {
			return ErrForbidden
		}
		if _, err := t.exec("UPDATE people SET theme = ?, shortcuts = ?, zone = ? WHERE id = ?", s.Theme, s.Shortcuts, s.Zone, p.ID); err != nil {
			return err
		}
		t.people[p.ID] = true
		return nil
	})
}
