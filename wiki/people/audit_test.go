package people_test

import (
	"database/sql"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dealwiki/wiki/people"
)

func TestAudit(t *testing.T) {
	db, c := fresh(t)
	start := c.Now()
	for i := range 25 {
		e := people.Event{Action: "page.delete", Prospect: "acme", Object: "internal/a/b", Detail: strings.Repeat("x", 10_000)}
		if i%5 == 0 {
			e.Action, e.Prospect = "prospect.make", "globex"
		}
		require.NoError(t, db.Record(ctx, people.Caller{Person: people.Person{ID: "p1"}, Via: "session", IP: "192.0.2.1"}, e))
		c.Move(-time.Minute) // the order is the sequence's, not the clock's
	}
	require.Error(t, db.Record(ctx, system, people.Event{}))

	var all []people.Event
	var cursor int64
	for pages := 0; ; pages++ {
		require.Less(t, pages, 10)
		events, next, err := db.Audit(ctx, system, people.AuditFilter{}, 10, cursor)
		require.NoError(t, err)
		all = append(all, events...)
		if cursor = next; next == 0 {
			break
		}
	}
	require.Len(t, all, 25)
	for i, e := range all {
		assert.EqualValues(t, 25-i, e.Seq)
		assert.Equal(t, "p1", e.Actor)
		assert.Equal(t, "session", e.Via)
		assert.Equal(t, "192.0.2.1", e.IP)
		assert.LessOrEqual(t, len(e.Detail), 4000)
	}
	for name, tc := range map[string]struct {
		filter people.AuditFilter
		want   int
	}{
		"action":       {people.AuditFilter{Action: "prospect.make"}, 5},
		"actions":      {people.AuditFilter{Action: "page."}, 20},
		"none":         {people.AuditFilter{Action: "page"}, 0},
		"prospect":     {people.AuditFilter{Prospect: "acme"}, 20},
		"actor":        {people.AuditFilter{Actor: "p1", Prospect: "globex"}, 5},
		"nobody":       {people.AuditFilter{Actor: "p2"}, 0},
		"since":        {people.AuditFilter{Since: start.Add(-4 * time.Minute)}, 5},
		"until":        {people.AuditFilter{Until: start.Add(-4 * time.Minute)}, 20},
		"quoted names": {people.AuditFilter{Actor: "' OR 1=1 --"}, 0},
	} {
		events, next, err := db.Audit(ctx, system, tc.filter, 0, 0)
		require.NoError(t, err, name)
		assert.Len(t, events, tc.want, name)
		assert.Zero(t, next, name)
	}
}

func TestEverythingIsOnRecord(t *testing.T) {
	db, _ := fresh(t)
	root := signIn(t, db, add(t, db, "root@example.com", people.Admin))
	root.IP = "192.0.2.5"
	dana := add(t, db, "dana@example.com", people.Member)
	name := "Dana X"
	for action, do := range map[string]func() error{
		"person.add": func() error {
			_, err := db.Add(ctx, root, people.NewPerson{Email: "x@example.com", Name: "X"})
			return err
		},
		"person.update": func() error {
			_, err := db.Update(ctx, root, dana.ID, people.Patch{Name: &name})
			return err
		},
		"person.password": func() error { return db.SetPassword(ctx, root, dana.ID, goodPwd) },
		"person.reset":    func() error { _, err := db.ResetPassword(ctx, root, dana.ID); return err },
		"link.make":       func() error { _, err := db.NewLoginLink(ctx, root, dana.ID, 0); return err },
		"invitation.make": func() error {
			_, err := db.Invite(ctx, root, "y@example.com", "Y", people.Member, "")
			return err
		},
		"token.make":        func() error { _, _, err := db.NewToken(ctx, root, dana.ID, "", people.Read, noTime); return err },
		"access.add":        func() error { return db.AddProspect(ctx, root, "added", "", false) },
		"access.owner":      func() error { return db.SetOwner(ctx, root, "acme", root.Person.ID) },
		"access.restricted": func() error { return db.SetRestricted(ctx, root, "b", true) },
		"access.grant":      func() error { return db.Grant(ctx, root, "c", dana.ID, people.Viewer) },
		"access.delete":     func() error { return db.DeleteProspect(ctx, root, "d") },
		"access.rename":     func() error { return db.RenameProspect(ctx, root, "e", "f") },
	} {
		require.NoError(t, do(), action)
		events, _, err := db.Audit(ctx, root, people.AuditFilter{Action: action, Actor: root.Person.ID}, 0, 0)
		require.NoError(t, err)
		require.NotEmpty(t, events, action)
		assert.Equal(t, "192.0.2.5", events[0].IP, action)
		assert.NotContains(t, events[0].Detail, goodPwd)
	}
}

func TestTheAuditLogCannotBeAltered(t *testing.T) {
	path := filepath.Join(t.TempDir(), "dealwiki.db")
	db := open(t, path, nil)
	require.NoError(t, db.Record(ctx, system, people.Event{Action: "test"}))
	raw, err := sql.Open("sqlite", "file:"+path)
	require.NoError(t, err)
	defer raw.Close()
	for _, query := range []string{"UPDATE audit SET actor = 'x'", "DELETE FROM audit"} {
		_, err = raw.Exec(query)
		require.ErrorContains(t, err, "append only")
	}
}
