package people

import (
	"context"
	"time"
)

// maxOpened is how many pages are remembered of one guest, the latest.
const maxOpened = 200

// GuestOpen is a page that a guest has opened.
type GuestOpen struct {
	Page  string // its name; "": the overview
	First time.Time
	Last  time.Time // to some minutes
	Times int       // more than some minutes apart
}

// GuestOpened notes that a guest has opened a page of the shared side ("": the
// overview). Opening the same one again within some minutes costs no write.
// Others than guests leave no trace here.
func (d *DB) GuestOpened(ctx context.Context, c Caller, prospect, page string) error {
	if c.system || !c.Person.Guest {
		return nil
	}
	if level, _ := d.SharedLevel(ctx, c, prospect); level < Viewer {
		return ErrNotFound
	}
	if len(page) > 200 {
		return invalid("page", "must be shorter")
	}
	key, now := [4]string{c.Person.ID, prospect, "opened", page}, d.now()
	if d.reading.get(key).covers("", now) {
		return nil
	}
	err := d.write(ctx, func(t *tx) error {
		n, err := t.exec("UPDATE guest_grants SET seen = ? WHERE prospect = ? AND person = ?", millis(t.now), prospect, c.Person.ID)
		if err != nil || n == 0 {
			return err
		}
		if _, err := t.exec("INSERT INTO guest_opens (prospect, person, page, first, last) VALUES (?1, ?2, ?3, ?4, ?4) ON CONFLICT (prospect, person, page) DO UPDATE SET last = ?4, times = times + 1",
			prospect, c.Person.ID, page, millis(t.now)); err != nil {
			return err
		}
		_, err = t.exec("DELETE FROM guest_opens WHERE prospect = ?1 AND person = ?2 AND page NOT IN (SELECT page FROM guest_opens WHERE prospect = ?1 AND person = ?2 ORDER BY last DESC, page LIMIT ?3)",
			prospect, c.Person.ID, maxOpened)
		return err
	})
	if err == nil {
		d.reading.put(key, markedAt{at: now})
	}
	return err
}

// GuestOpens is what each guest of a prospect has opened, the latest first, at
// most limit pages each. Staff who see the prospect may read it.
func (d *DB) GuestOpens(ctx context.Context, c Caller, prospect string, limit int) (map[string][]GuestOpen, error) {
	if d.LevelOn(ctx, c, prospect) < Viewer {
		return nil, ErrNotFound
	}
	rows, err := d.readers.QueryContext(ctx, `SELECT person, page, first, last, times FROM (
		SELECT *, row_number() OVER (PARTITION BY person ORDER BY last DESC, page) AS place FROM guest_opens WHERE prospect = ?)
		WHERE place <= ? ORDER BY person, place`, prospect, limit)
	if err != nil {
		return nil, readError(err)
	}
	defer rows.Close()
	all := map[string][]GuestOpen{}
	for rows.Next() {
		var person string
		var o GuestOpen
		var first, last int64
		if err := rows.Scan(&person, &o.Page, &first, &last, &o.Times); err != nil {
			return nil, readError(err)
		}
		o.First, o.Last = fromMillis(first), fromMillis(last)
		all[person] = append(all[person], o)
	}
	if err := rows.Err(); err != nil {
		return nil, readError(err)
	}
	return all, nil
}
