package people

import (
	"context"
	"strings"
	"time"
)

// Event is a line of the audit log.
type Event struct {
	Seq      int64     // its place in the log
	At       time.Time // by the clock; the order is Seq
	Actor    string    // person id, or the name of a system caller
	Via      string    // the door they came through
	Action   string    // like "person.disable"
	Object   string    // what it was done to, as the action has it
	Prospect string    // slug, when it was about one
	IP       string
	Detail   string
}

// AuditFilter selects events; what is empty does not matter.
type AuditFilter struct {
	Actor    string
	Action   string // "person.disable", or "person." for all that begin with it
	Prospect string
	Since    time.Time // this or later
	Until    time.Time // before this
}

// record adds to the log in the transaction of the deed.
func (t *tx) record(c Caller, action, object, prospect, detail string) error {
	return t.recordEvent(Event{At: t.now, Actor: c.actor(), Via: c.Via, Action: action, Object: object, Prospect: prospect, IP: c.IP, Detail: detail})
}

func (t *tx) recordEvent(e Event) error {
	_, err := t.exec("INSERT INTO audit (at, actor, via, action, object, prospect, ip, detail) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
		millis(e.At), clip(e.Actor, 200), clip(e.Via, 20), clip(e.Action, 100), clip(e.Object, 1000), clip(e.Prospect, 200), clip(e.IP, 64), clip(e.Detail, 4000))
	return err
}

// Record adds an event about something done elsewhere. Empty fields are filled
// from the caller and the clock; long ones are cut.
func (d *DB) Record(ctx context.Context, c Caller, e Event) error {
	if e.Action == "" {
		return invalid("action", "must not be empty")
	}
	return d.write(ctx, func(t *tx) error {
		if e.Actor == "" {
			e.Actor = c.actor()
		}
		if e.Via == "" {
			e.Via = c.Via
		}
		if e.IP == "" {
			e.IP = c.IP
		}
		if e.At.IsZero() {
			e.At = t.now
		}
		return t.recordEvent(e)
	})
}

// Audit lists events, newest first, at most limit (1 to 1000; else 100), those
// before cursor when it is not zero. next is the cursor for those that follow,
// zero when there are none. Administrators only.
func (d *DB) Audit(ctx context.Context, c Caller, f AuditFilter, limit int, cursor int64) (events []Event, next int64, err error) {
	if !d.Live(c).Can(Administer) {
		return nil, 0, ErrForbidden
	}
	if limit < 1 || limit > 1000 {
		limit = 100
	}
	var where []string
	var args []any
	and := func(cond string, values ...any) {
		where = append(where, cond)
		args = append(args, values...)
	}
	if cursor > 0 {
		and("seq < ?", cursor)
	}
	if f.Actor != "" {
		and("actor = ?", f.Actor)
	}
	if prefix, ok := strings.CutSuffix(f.Action, "."); ok {
		and("action >= ? AND action < ?", prefix+".", prefix+"/")
	} else if f.Action != "" {
		and("action = ?", f.Action)
	}
	if f.Prospect != "" {
		and("prospect = ?", f.Prospect)
	}
	if !f.Since.IsZero() {
		and("at >= ?", millis(f.Since))
	}
	if !f.Until.IsZero() {
		and("at < ?", millis(f.Until))
	}
	query := "SELECT seq, at, actor, via, action, object, prospect, ip, detail FROM audit"
	if len(where) > 0 {
		query += " WHERE " + strings.Join(where, " AND ")
	}
	rows, err := d.readers.QueryContext(ctx, query+" ORDER BY seq DESC LIMIT ?", append(args, limit+1)...)
	if err != nil {
		return nil, 0, readError(err)
	}
	defer rows.Close()
	for rows.Next() {
		var e Event
		var at int64
		if err := rows.Scan(&e.Seq, &at, &e.Actor, &e.Via, &e.Action, &e.Object, &e.Prospect, &e.IP, &e.Detail); err != nil {
			return nil, 0, readError(err)
		}
		e.At = fromMillis(at)
		events = append(events, e)
	}
	if err := rows.Err(); err != nil {
		return nil, 0, readError(err)
	}
	if len(events) > limit {
		events = events[:limit]
		next = events[limit-1].Seq
	}
	return events, next, nil
}
