package people

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// Limits of passkeys.
const (
	MaxPasskeys = 20 // of one person
	// FreshSession is how long after signing in a passkey may be added: whoever
	// finds a browser open or has stolen its session cannot stay by one.
	FreshSession  = 15 * time.Minute
	maxCredential = 1023 // bytes, as WebAuthn has it
	maxKey        = 4096 // bytes
)

// ErrStale: the session began too long ago for what was asked.
var ErrStale = errors.New("this needs a session that has just begun")

// Passkey is what is known of somebody's passkey; nothing of it is secret.
type Passkey struct {
	ID         string
	Person     string
	Name       string // as its person calls it
	Credential []byte // as the device calls it
	Key        []byte // its public key
	Synced     bool   // it may be on several devices
	Count      uint32 // of its uses, as the device counts; 0 where it does not
	Created    time.Time
	Used       time.Time // zero: never
}

const passkeyColumns = "id, person, name, credential, key, synced, uses, created, used"

func scanPasskey(row scanner) (k Passkey, err error) {
	var created, used int64
	err = row.Scan(&k.ID, &k.Person, &k.Name, &k.Credential, &k.Key, &k.Synced, &k.Count, &created, &used)
	k.Created, k.Used = fromMillis(created), fromMillis(used)
	return k, err
}

// MayAddPasskey reports why the caller may not add a passkey to their account:
// ErrForbidden, or ErrStale when they signed in longer than [FreshSession] ago.
// Guests have none: they come by links, for as long as they are invited.
func (d *DB) MayAddPasskey(ctx context.Context, c Caller) error {
	if live := d.Live(c); c.Via != "session" || !live.Can(Write) || live.Person.Guest {
		return ErrForbidden
	}
	return freshSession(d.readers.QueryRowContext(ctx, sessionCreated, c.Session, c.Person.ID), d.now())
}

const sessionCreated = "SELECT created FROM sessions WHERE id = ? AND person = ?"

// freshSession is ErrStale unless a session that was read by sessionCreated is
// there and has just begun.
func freshSession(row *sql.Row, now time.Time) error {
	var created int64
	if err := scanOne(row, &created); errors.Is(err, ErrNotFound) {
		return ErrStale
	} else if err != nil {
		return err
	}
	if age := now.Sub(fromMillis(created)); age < -time.Minute || age > FreshSession {
		return ErrStale
	}
	return nil
}

// AddPasskey adds a passkey, whose Name, Credential, Key, Synced and Count are
// given, to the caller's account; the errors are those of [DB.MayAddPasskey],
// ErrExists where the credential is known, and *Invalid.
func (d *DB) AddPasskey(ctx context.Context, c Caller, k Passkey) (Passkey, error) {
	name, err := passkeyName(k.Name)
	if err != nil {
		return Passkey{}, err
	}
	if len(k.Credential) == 0 || len(k.Credential) > maxCredential || len(k.Key) == 0 || len(k.Key) > maxKey {
		return Passkey{}, invalid("passkey", "is empty or too long")
	}
	if k.ID, err = d.newID(); err != nil {
		return Passkey{}, err
	}
	err = d.write(ctx, func(t *tx) error {
		if p, err := t.allow(c, Write); err != nil {
			return err
		} else if c.Via != "session" || p.Guest {
			return ErrForbidden
		}
		if err := freshSession(t.conn.QueryRowContext(t.ctx, sessionCreated, c.Session, c.Person.ID), t.now); err != nil {
			return err
		}
		n, err := t.count("SELECT count(*) FROM passkeys WHERE person = ?", c.Person.ID)
		if err != nil {
			return err
		}
		if n >= MaxPasskeys {
			return invalid("passkeys", "are limited to %d; remove one first", MaxPasskeys)
		}
		if n, err = t.count("SELECT count(*) FROM passkeys WHERE credential = ?", k.Credential); err != nil {
			return err
		}
		if n > 0 {
			return ErrExists
		}
		k.Person, k.Name, k.Created, k.Used = c.Person.ID, name, fromMillis(millis(t.now)), time.Time{}
		if _, err := t.exec("INSERT INTO passkeys (id, person, name, credential, key, synced, uses, created) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
			k.ID, k.Person, k.Name, k.Credential, k.Key, k.Synced, k.Count, millis(k.Created)); err != nil {
			return err
		}
		return t.record(c, "passkey.add", k.Person, "", k.Name)
	})
	if err != nil {
		return Passkey{}, err
	}
	return k, nil
}

func passkeyName(name string) (string, error) {
	name, err := line("name", name, 80)
	if err == nil && name == "" {
		err = invalid("name", "must not be empty")
	}
	return name, err
}

// Passkeys lists a person's passkeys, in the order they were added: one's own, or
// for administrators anybody's.
func (d *DB) Passkeys(ctx context.Context, c Caller, personID string) ([]Passkey, error) {
	if live := d.Live(c); !live.Can(Administer) && (live.Person.ID != personID || !live.Can(Read)) {
		return nil, ErrForbidden
	}
	rows, err := d.readers.QueryContext(ctx, "SELECT "+passkeyColumns+" FROM passkeys WHERE person = ? ORDER BY seq", personID)
	if err != nil {
		return nil, readError(err)
	}
	defer rows.Close()
	var all []Passkey
	for rows.Next() {
		k, err := scanPasskey(rows)
		if err != nil {
			return nil, readError(err)
		}
		all = append(all, k)
	}
	if err := rows.Err(); err != nil {
		return nil, readError(err)
	}
	return all, nil
}

// RenamePasskey gives a passkey another name: one's own, or for administrators
// anybody's. Those of others are not there.
func (d *DB) RenamePasskey(ctx context.Context, c Caller, id, name string) error {
	name, err := passkeyName(name)
	if err != nil {
		return err
	}
	return d.changePasskey(ctx, c, id, "passkey.rename", "UPDATE passkeys SET name = ?2 WHERE id = ?1", id, name)
}

// RemovePasskey takes a passkey away, at once; sessions that began by it go on.
// One's own, or for administrators anybody's; those of others are not there.
func (d *DB) RemovePasskey(ctx context.Context, c Caller, id string) error {
	return d.changePasskey(ctx, c, id, "passkey.remove", "DELETE FROM passkeys WHERE id = ?", id)
}

func (d *DB) changePasskey(ctx context.Context, c Caller, id, action, query string, args ...any) error {
	return d.write(ctx, func(t *tx) error {
		var person, name string
		if err := t.one("SELECT person, name FROM passkeys WHERE id = ?", []any{id}, &person, &name); err != nil {
			return err
		}
		if err := t.allowSelf(c, person, Write); errors.Is(err, ErrForbidden) {
			return ErrNotFound
		} else if err != nil {
			return err
		}
		if _, err := t.exec(query, args...); err != nil {
			return err
		}
		return t.record(c, action, person, "", name)
	})
}

// TryPasskey counts an attempt to sign in by a passkey from an IP, as attempts by
// password are (*TooMany). refund takes it back when it was right.
func (d *DB) TryPasskey(ip string) (refund func(), err error) {
	return d.limits.take(d.now(), "", ip)
}

// PasskeyOf is the passkey of a credential; ErrNotFound when nobody has it who
// may sign in.
func (d *DB) PasskeyOf(ctx context.Context, credential []byte) (Passkey, error) {
	if len(credential) > maxCredential {
		return Passkey{}, ErrNotFound
	}
	k, err := scanPasskey(d.readers.QueryRowContext(ctx, "SELECT "+passkeyColumns+" FROM passkeys WHERE credential = ?", credential))
	if errors.Is(err, sql.ErrNoRows) {
		return Passkey{}, ErrNotFound
	}
	if err != nil {
		return Passkey{}, readError(err)
	}
	if _, err := d.active(ctx, k.Person); err != nil {
		return Passkey{}, err
	}
	return k, nil
}

// UsePasskey notes that a credential was shown, and how often the device says
// that it was used by now; it answers whose it is. A count that does not grow may
// come from a copy of the device: it goes on record and to the log. ErrNotFound as
// [DB.PasskeyOf].
func (d *DB) UsePasskey(ctx context.Context, credential []byte, count uint32, ip string) (Person, error) {
	var p Person
	err := d.write(ctx, func(t *tx) error {
		var person, name string
		var before uint32
		err := t.one("SELECT person, name, uses FROM passkeys WHERE credential = ?", []any{credential}, &person, &name, &before)
		if err != nil {
			return err
		}
		if p, err = t.person(person); err != nil {
			return err
		}
		if p.Disabled {
			return ErrNotFound
		}
		if _, err := t.exec("UPDATE passkeys SET uses = max(uses, ?), used = ? WHERE credential = ?", count, millis(t.now), credential); err != nil {
			return err
		}
		if count > before || count == 0 && before == 0 {
			return nil
		}
		d.log.Warn("a passkey counts backwards; there may be a copy of it", "person", p.ID, "count", count, "before", before)
		return t.record(Caller{Person: p, Via: viaSignIn, IP: ip}, "passkey.backwards", p.ID, "", fmt.Sprintf("%s: use %d after %d", name, count, before))
	})
	if err != nil {
		return Person{}, err
	}
	return p, nil
}
