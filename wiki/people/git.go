package people

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

// GuestsMayClone reports whether guests of a prospect may clone its shared side,
// which holds everything that was ever shared and the names of our stages.
func (d *DB) GuestsMayClone(ctx context.Context, prospect string) (bool, error) {
	var since int64
	err := scanOne(d.readers.QueryRowContext(ctx, "SELECT since FROM guest_cloning WHERE prospect = ?", prospect), &since)
	if errors.Is(err, ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

// SetGuestsMayClone lets guests of a prospect clone its shared side, or not any
// more. What they have cloned stays with them. Its owner may.
func (d *DB) SetGuestsMayClone(ctx context.Context, c Caller, prospect string, may bool) error {
	return d.asOwner(ctx, c, prospect, func(t *tx) error {
		n, err := t.count("SELECT count(*) FROM guest_cloning WHERE prospect = ?", prospect)
		if err != nil || n > 0 == may {
			return err
		}
		if !may {
			if _, err := t.exec("DELETE FROM guest_cloning WHERE prospect = ?", prospect); err != nil {
				return err
			}
			return t.record(c, "access.no-cloning", "", prospect, "")
		}
		if err := t.touch(prospect); err != nil {
			return err
		}
		if _, err := t.exec("INSERT INTO guest_cloning (prospect, since) VALUES (?, ?)", prospect, millis(t.now)); err != nil {
			return err
		}
		return t.record(c, "access.cloning", "", prospect, "")
	})
}

// GuestClones answers which prospects a guest may clone now, each with the time
// until which they may come there; zero is no end. For staff it is empty.
func (d *DB) GuestClones(ctx context.Context, c Caller) (map[string]time.Time, error) {
	out := map[string]time.Time{}
	for _, prospect := range d.GuestProspects(ctx, c) {
		may, err := d.GuestsMayClone(ctx, prospect)
		if err != nil {
			return nil, err
		}
		if _, a := d.cache.on(c.Person.ID, prospect); may && a != nil {
			out[prospect] = fromMillis(a.guests[c.Person.ID].until)
		}
	}
	return out, nil
}

// RecordPush notes who pushes commits to the event's prospect, named by the bytes
// of their ids, and adds the event to the audit log. It is called before they are
// there: of a push that was cut short nothing comes, so who pushes them again is
// who pushed them.
func (d *DB) RecordPush(ctx context.Context, c Caller, e Event, commits [][]byte) error {
	return d.write(ctx, func(t *tx) error {
		for _, id := range commits {
			if _, err := t.exec("INSERT OR REPLACE INTO pushes (prospect, id, person, at) VALUES (?, ?, ?, ?)", e.Prospect, id, c.actor(), millis(t.now)); err != nil {
				return err
			}
		}
		return t.record(c, e.Action, e.Object, e.Prospect, e.Detail)
	})
}

// maxAsked is how many commits are asked about at once.
const maxAsked = 500

// Pushers tells who pushed commits of a prospect: person ids by the bytes of the commits' ids.
// What was made here is not among them.
func (d *DB) Pushers(ctx context.Context, prospect string, commits [][]byte) (map[string]string, error) {
	out := map[string]string{}
	for len(commits) > 0 {
		n := min(len(commits), maxAsked)
		args := []any{prospect}
		for _, id := range commits[:n] {
			args = append(args, id)
		}
		query := "SELECT id, person FROM pushes WHERE prospect IN ('', ?) AND id IN (?" + strings.Repeat(", ?", n-1) + ") ORDER BY prospect"
		rows, err := d.readers.QueryContext(ctx, query, args...)
		if err != nil {
			return nil, readError(err)
		}
		for rows.Next() {
			var id []byte
			var person string
			if err := rows.Scan(&id, &person); err != nil {
				rows.Close()
				return nil, readError(err)
			}
			out[string(id)] = person
		}
		if err := errors.Join(rows.Err(), rows.Close()); err != nil {
			return nil, fmt.Errorf("reading who pushed: %w", readError(err))
		}
		commits = commits[n:]
	}
	return out, nil
}
