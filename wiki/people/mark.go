package people

import (
	"context"
	"database/sql"
	"errors"
	"sync"
	"time"
)

// visitGap is how long somebody must have been away from a prospect for their
// next look at it to count as a new visit.
const visitGap = time.Hour

// sharedSection is the one whose pages guests read too.
const sharedSection = "external"

// Mark is what somebody has read last of a page.
type Mark struct {
	Person  string
	Section string
	Page    string // STAGE/PAGE
	Version string
	At      time.Time
}

// reading remembers marks just made, so that reading a page again and again
// costs nothing. It may forget at any time.
type reading struct {
	mu    sync.Mutex
	marks map[[4]string]markedAt // by person, prospect, section, page
}

type markedAt struct {
	version string
	at      time.Time
}

const (
	maxReading  = 10_000
	markAgainIn = 5 * time.Minute
)

func (m markedAt) covers(version string, now time.Time) bool {
	age := now.Sub(m.at)
	return m.version == version && age >= 0 && age < markAgainIn
}

func (r *reading) get(key [4]string) markedAt {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.marks[key]
}

func (r *reading) put(key [4]string, m markedAt) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.marks == nil || len(r.marks) >= maxReading {
		r.marks = map[[4]string]markedAt{}
	}
	r.marks[key] = m
}

func (r *reading) drop(key [4]string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.marks, key)
}

func (r *reading) forget() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.marks = nil
}

// MarkRead notes that the caller has read a version of a page ("STAGE/PAGE") and
// visits the prospect. Reading the same version again within some minutes costs
// no write. The system reads nothing.
func (d *DB) MarkRead(ctx context.Context, c Caller, prospect, section, page, version string) error {
	if c.system {
		return nil
	}
	level := d.LevelOn(ctx, c, prospect)
	if section == sharedSection {
		level, _ = d.SharedLevel(ctx, c, prospect)
	}
	if level < Viewer {
		return ErrNotFound
	}
	for _, s := range []string{prospect, section, page, version} {
		if len(s) > 1024 {
			return invalid("page", "must be shorter")
		}
	}
	key, now := [4]string{c.Person.ID, prospect, section, page}, d.now()
	if d.reading.get(key).covers(version, now) {
		return nil
	}
	err := d.write(ctx, func(t *tx) error {
		if _, err := t.exec("INSERT INTO marks (person, prospect, section, page, version, at) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET version = excluded.version, at = excluded.at",
			c.Person.ID, prospect, section, page, version, millis(t.now)); err != nil {
			return err
		}
		return t.visit(c.Person.ID, prospect)
	})
	if err == nil {
		d.reading.put(key, markedAt{version: version, at: now})
	}
	return err
}

func (t *tx) visit(person, prospect string) error {
	_, err := t.exec(`INSERT INTO visits (person, prospect, last) VALUES (?1, ?2, ?3)
		ON CONFLICT DO UPDATE SET before = CASE WHEN ?3 - last >= ?4 THEN last ELSE before END, last = ?3`,
		person, prospect, millis(t.now), visitGap.Milliseconds())
	return err
}

// ReadAgain makes the next MarkRead of a page note its time, though the version be
// the same: something that belongs to the page, such as a comment, is new.
func (d *DB) ReadAgain(c Caller, prospect, section, page string) {
	d.reading.drop([4]string{c.Person.ID, prospect, section, page})
}

// ReadMarks is what a person has read of a prospect, by "SECTION/STAGE/PAGE".
func (d *DB) ReadMarks(ctx context.Context, personID, prospect string) (map[string]Mark, error) {
	marks, err := d.marks(ctx, "SELECT person, section, page, version, at FROM marks WHERE person = ? AND prospect = ?", personID, prospect)
	if err != nil {
		return nil, err
	}
	byPage := make(map[string]Mark, len(marks))
	for _, m := range marks {
		byPage[m.Section+"/"+m.Page] = m
	}
	return byPage, nil
}

// Readers is who has read what of a prospect, the latest first.
func (d *DB) Readers(ctx context.Context, prospect string) ([]Mark, error) {
	return d.marks(ctx, "SELECT person, section, page, version, at FROM marks WHERE prospect = ? ORDER BY at DESC, person, section, page", prospect)
}

func (d *DB) marks(ctx context.Context, query string, args ...any) ([]Mark, error) {
	rows, err := d.readers.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, readError(err)
	}
	defer rows.Close()
	var all []Mark
	for rows.Next() {
		var m Mark
		var at int64
		if err := rows.Scan(&m.Person, &m.Section, &m.Page, &m.Version, &at); err != nil {
			return nil, readError(err)
		}
		m.At = fromMillis(at)
		all = append(all, m)
	}
	if err := rows.Err(); err != nil {
		return nil, readError(err)
	}
	return all, nil
}

// LastVisit is when a person was in the prospect last, before the visit that is
// going on now; the zero time when they never were. Looks less than an hour
// apart are one visit.
func (d *DB) LastVisit(ctx context.Context, personID, prospect string) (time.Time, error) {
	var last, before int64
	err := d.readers.QueryRowContext(ctx, "SELECT last, before FROM visits WHERE person = ? AND prospect = ?", personID, prospect).Scan(&last, &before)
	if errors.Is(err, sql.ErrNoRows) {
		return time.Time{}, nil
	}
	if err != nil {
		return time.Time{}, readError(err)
	}
	if d.now().Sub(fromMillis(last)) >= visitGap {
		return fromMillis(last), nil
	}
	return fromMillis(before), nil
}
