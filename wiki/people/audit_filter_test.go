package people_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dealwiki/wiki/people"
)

func TestAuditFilters(t *testing.T) {
	db, now := fresh(t)
	dana := add(t, db, "dana@example.com", people.Member)
	tom := add(t, db, "tom@example.com", people.Member)
	guest, err := db.Add(ctx, system, people.NewPerson{Email: "ingrid@example.org", Name: "Ingrid", Guest: true})
	require.NoError(t, err)
	now.Move(time.Hour)
	start := now.Now()
	record := func(actor people.Person, action, object, prospect, detail string) {
		require.NoError(t, db.Record(ctx, people.Caller{Person: actor, IP: "192.0.2.1"}, people.Event{Action: action, Object: object, Prospect: prospect, Detail: detail}))
		now.Move(time.Minute)
	}
	record(dana, "a.one", tom.ID, "acme", "50%")
	record(tom, "a.two", "x_y", "globex", "")
	record(guest, "b.three", "page", "acme", `back\slash`)
	record(dana, "guest.invite", "new", "acme", "")
	for _, c := range []struct {
		name string
		f    people.AuditFilter
		want string
	}{
		{"what they did and what was done to them", people.AuditFilter{Who: tom.ID}, "a.two a.one"},
		{"kind", people.AuditFilter{Action: "a."}, "a.two a.one"},
		{"any of several", people.AuditFilter{Actions: []string{"a.one", "b."}}, "b.three a.one"},
		{"prospect", people.AuditFilter{Prospect: "acme", Actor: dana.ID}, "guest.invite a.one"},
		{"guests", people.AuditFilter{Guests: true}, "guest.invite b.three"},
		{"a percent sign is one", people.AuditFilter{Text: "0%"}, "a.one"},
		{"a line is one", people.AuditFilter{Text: "x_"}, "a.two"},
		{"a backslash is one", people.AuditFilter{Text: `K\S`}, "b.three"},
		{"a quote is nothing special", people.AuditFilter{Text: `' OR 1=1 --`}, ""},
		{"what it means", people.AuditFilter{Text: "zzz", TextActions: []string{"b."}, TextPeople: []string{tom.ID}}, "b.three a.two a.one"},
		{"time", people.AuditFilter{Since: start.Add(time.Minute), Until: start.Add(3 * time.Minute)}, "b.three a.two"},
		{"all at once", people.AuditFilter{Text: "acme", Who: dana.ID, Action: "a."}, "a.one"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.f.Since.IsZero() {
				c.f.Since = start
			}
			var got string
			for cursor := int64(0); ; {
				events, next, err := db.Audit(ctx, system, c.f, 1, cursor)
				require.NoError(t, err)
				for _, e := range events {
					if got != "" {
						got += " "
					}
					got += e.Action
				}
				if cursor = next; next == 0 {
					break
				}
			}
			assert.Equal(t, c.want, got)
		})
	}
}
