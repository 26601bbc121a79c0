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
	Who      string   // person id: what they did and what was done to them
	Action   string   // "person.disable", or "person." for all that begin with it
	Actions  []string // any of these, each as Action
	Prospect string
	Since    time.Time // this or later
	Until    time.Time // before this
	// Guests leaves what guests did and what was done to them.
	Guests bool
	// Text is in the action, the object, the prospect, the address or the detail,
	// in any case; or the event has one of TextActions or is of one of
	// TextPeople, which are what the text means to people.
	Text        string
	TextActions []string
	TextPeople  []string // ids
}

// where is the filter as SQL.
func (f AuditFilter) where() (conditions string, args []any) {
	var all []string
	and := func(condition string, values ...any) {
		all = append(all, condition)
		args = append(args, values...)
	}
	if f.Actor != "" {
		and("actor = ?", f.Actor)
	}
	if f.Who != "" {
		and("(actor = ? OR object = ?)", f.Who, f.Who)
	}
	if f.Action != "" {
		condition, values := anyAction([]string{f.Action})
		and(condition, values...)
	}
	if len(f.Actions) > 0 {
		condition, values := anyAction(f.Actions)
		and(condition, values...)
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
	if f.Guests {
		and("(actor IN (SELECT id FROM people WHERE guest = 1) OR object IN (SELECT id FROM people WHERE guest = 1) OR (action >= 'guest.' AND action < 'guest/'))")
	}
	if f.Text != "" {
		like := "%" + strings.NewReplacer(`\`, `\\`, "%", `\%`, "_", `\_`).Replace(f.Text) + "%"
		var either []string
		var values []any
		for _, column := range []string{"action", "object", "prospect", "ip", "detail"} {
			either = append(either, column+` LIKE ? ESCAPE '\'`)
			values = append(values, like)
		}
		if len(f.TextActions) > 0 {
			condition, more := anyAction(f.TextActions)
			either, values = append(either, condition), append(values, more...)
		}
		for _, column := range []string{"actor", "object"} {
			if len(f.TextPeople) > 0 {
				either = append(either, column+" IN (?"+strings.Repeat(", ?", len(f.TextPeople)-1)+")")
				for _, id := range f.TextPeople {
					values = append(values, id)
				}
			}
		}
		and("("+strings.Join(either, " OR ")+")", values...)
	}
	return strings.Join(all, " AND "), args
}

func anyAction(actions []string) (condition string, args []any) {
	var either []string
	for _, action := range actions {
		if prefix, ok := strings.CutSuffix(action, "."); ok {
			either = append(either, "action >= ? AND action < ?")
			args = append(args, prefix+".", prefix+"/")
		} else {
			either = append(either, "action = ?")
			args = append(args, action)
		}
	}
	return "(" + strings.Join(either, " OR ") + ")", args
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
	conditions, args := f.where()
	if cursor > 0 {
		if conditions != "" {
			conditions += " AND "
		}
		conditions, args = conditions+"seq < ?", append(args, cursor)
	}
	query := "SELECT seq, at, actor, via, action, object, prospect, ip, detail FROM audit"
	if conditions != "" {
		query += " WHERE " + conditions
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
