package people_test

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dealwiki/wiki/people"
)

// TestLevels is who may do what: kinds of prospect by kinds of caller.
func TestLevels(t *testing.T) {
	db, _ := fresh(t)
	root := add(t, db, "root@example.com", people.Admin)
	owner := add(t, db, "owner@example.com", people.Member)
	member := add(t, db, "member@example.com", people.Member)
	viewer := add(t, db, "viewer@example.com", people.Member)
	editor := add(t, db, "editor@example.com", people.Member)
	added := add(t, db, "added@example.com", people.Admin)
	off := add(t, db, "off@example.com", people.Member)
	guest, err := db.Add(ctx, system, people.NewPerson{Email: "guest@buyer.example", Name: "Guest", Guest: true})
	require.NoError(t, err)

	for prospect, restricted := range map[string]bool{"open": false, "closed": true} {
		require.NoError(t, db.AddProspect(ctx, system, prospect, owner.ID, restricted))
	}
	require.NoError(t, db.AddProspect(ctx, system, "closed-ownerless", "", true))
	require.NoError(t, db.AddProspect(ctx, system, "ownerless", "", false))
	for _, prospect := range []string{"open", "closed", "closed-ownerless", "ownerless"} {
		require.NoError(t, db.Grant(ctx, system, prospect, viewer.ID, people.Viewer))
		require.NoError(t, db.Grant(ctx, system, prospect, editor.ID, people.Editor))
		require.NoError(t, db.Grant(ctx, system, prospect, off.ID, people.Editor))
		require.NoError(t, db.Grant(ctx, system, prospect, added.ID, people.Viewer))
	}

	session := func(p people.Person) people.Caller { return signIn(t, db, p) }
	callers := map[string]people.Caller{
		"nobody":       {},
		"forged":       {Person: people.Person{ID: "forged", Role: people.Admin}, Scopes: people.AllScopes, Via: "session"},
		"guest":        session(guest),
		"disabled":     session(off),
		"owner":        session(owner),
		"member":       session(member),
		"viewer":       session(viewer),
		"editor":       session(editor),
		"admin":        session(root),
		"admin, added": session(added),
		"system":       system,
		"owner, read":  by(t, db, owner, people.Read),
		"owner, write": by(t, db, owner, people.Write),
		"owner, git":   by(t, db, owner, people.Git),
		"owner, feed":  by(t, db, owner, people.Feed),
		"owner, admin": by(t, db, owner, people.Administer),
		"admin, read":  by(t, db, root, people.Read),
		"viewer, all":  by(t, db, viewer, people.AllScopes),
	}
	require.NoError(t, db.Disable(ctx, system, off.ID))

	const n, v, e, o = people.None, people.Viewer, people.Editor, people.Owner
	prospects := []string{"unheard-of", "open", "ownerless", "closed", "closed-ownerless"}
	for who, want := range map[string][]people.Level{
		"nobody":       {n, n, n, n, n},
		"forged":       {n, n, n, n, n},
		"guest":        {n, n, n, n, n},
		"disabled":     {n, n, n, n, n},
		"owner":        {e, o, e, o, n},
		"member":       {e, e, e, n, n},
		"viewer":       {e, v, v, v, v},
		"editor":       {e, e, e, e, e},
		"admin":        {o, e, o, n, o},
		"admin, added": {o, e, o, v, o},
		"system":       {o, o, o, o, o},
		"owner, read":  {v, v, v, v, n},
		"owner, write": {e, o, e, o, n},
		"owner, git":   {n, n, n, n, n},
		"owner, feed":  {n, n, n, n, n},
		"owner, admin": {n, n, n, n, n},
		"admin, read":  {v, v, v, n, v},
		"viewer, all":  {e, v, v, v, v},
	} {
		visible := db.Visible(ctx, callers[who])
		for i, prospect := range prospects {
			assert.Equal(t, want[i].String(), db.LevelOn(ctx, callers[who], prospect).String(), "%s on %s", who, prospect)
			assert.Equal(t, want[i].String(), visible(prospect).String(), "%s sees %s", who, prospect)
		}
	}

	for who, want := range map[string][]string{
		"nobody": nil, "guest": nil, "disabled": nil, "member": nil, "owner, git": nil,
		"owner":  {"closed"},
		"viewer": {"closed", "closed-ownerless"},
		"admin":  {"closed-ownerless"},
		"system": {"closed", "closed-ownerless"},
	} {
		assert.Equal(t, want, db.Restricted(ctx, callers[who]), who)
	}

	git, ok := callers["owner, git"].AtGit()
	require.True(t, ok)
	assert.Equal(t, o, db.LevelOn(ctx, git, "closed"))
	_, ok = callers["owner, write"].AtGit()
	assert.False(t, ok)
	feed, ok := callers["owner, feed"].AtFeed()
	require.True(t, ok)
	assert.Equal(t, v, db.LevelOn(ctx, feed, "closed"))
	_, ok = callers["owner, git"].AtFeed()
	assert.False(t, ok)
}

func TestAccessIsChangedByOwnersAndAdministrators(t *testing.T) {
	db, _ := fresh(t)
	root := add(t, db, "root@example.com", people.Admin)
	owner := add(t, db, "owner@example.com", people.Member)
	editor := add(t, db, "editor@example.com", people.Member)
	viewer := add(t, db, "viewer@example.com", people.Member)
	outside := add(t, db, "outside@example.com", people.Member)
	other := add(t, db, "other@example.com", people.Member)
	require.NoError(t, db.AddProspect(ctx, signIn(t, db, owner), "acme", owner.ID, true))
	require.ErrorIs(t, db.AddProspect(ctx, system, "acme", "", false), people.ErrExists)
	require.NoError(t, db.Grant(ctx, system, "acme", editor.ID, people.Editor))
	require.NoError(t, db.Grant(ctx, system, "acme", viewer.ID, people.Viewer))

	doors := []struct {
		name string
		do   func(people.Caller) error
	}{
		{"grant", func(c people.Caller) error { return db.Grant(ctx, c, "acme", other.ID, people.Viewer) }},
		{"revoke", func(c people.Caller) error { return db.Revoke(ctx, c, "acme", other.ID) }},
		{"restrict", func(c people.Caller) error { return db.SetRestricted(ctx, c, "acme", true) }},
		{"owner", func(c people.Caller) error { return db.SetOwner(ctx, c, "acme", owner.ID) }},
	}
	for name, tc := range map[string]struct {
		caller people.Caller
		want   error
	}{
		"nobody":             {people.Caller{}, people.ErrNotFound},
		"outside":            {signIn(t, db, outside), people.ErrNotFound},
		"viewer":             {signIn(t, db, viewer), people.ErrForbidden},
		"editor":             {signIn(t, db, editor), people.ErrForbidden},
		"owner's read token": {by(t, db, owner, people.Read), people.ErrForbidden},
		"admin's write only": {by(t, db, root, people.Write), people.ErrNotFound},
		"owner":              {signIn(t, db, owner), nil},
		"admin":              {signIn(t, db, root), nil},
	} {
		for _, door := range doors {
			assert.ErrorIs(t, door.do(tc.caller), tc.want, "%s by %s", door.name, name)
		}
	}
	for name, do := range map[string]func(people.Caller) error{
		"rename": func(c people.Caller) error { return db.RenameProspect(ctx, c, "acme", "acme-2") },
		"delete": func(c people.Caller) error { return db.DeleteProspect(ctx, c, "acme") },
	} {
		assert.ErrorIs(t, do(signIn(t, db, root)), people.ErrNotFound, "%s by an administrator who was not added", name)
		assert.ErrorIs(t, do(signIn(t, db, editor)), people.ErrForbidden, name)
		assert.ErrorIs(t, do(people.Caller{}), people.ErrNotFound, name)
	}

	// An administrator comes in on record.
	me := signIn(t, db, root)
	require.Equal(t, people.None, db.LevelOn(ctx, me, "acme"))
	require.NoError(t, db.Grant(ctx, me, "acme", root.ID, people.Editor))
	require.Equal(t, people.Editor, db.LevelOn(ctx, me, "acme"))
	events, _, err := db.Audit(ctx, me, people.AuditFilter{Actor: root.ID, Action: "access.grant", Prospect: "acme"}, 1, 0)
	require.NoError(t, err)
	require.Len(t, events, 1)
	assert.Equal(t, root.ID, events[0].Object)

	// Whoever was named may leave.
	v := signIn(t, db, viewer)
	require.NoError(t, db.Revoke(ctx, v, "acme", viewer.ID))
	require.Equal(t, people.None, db.LevelOn(ctx, v, "acme"))
	// On an open prospect leaving would win rights.
	require.NoError(t, db.Grant(ctx, system, "acme", viewer.ID, people.Viewer))
	require.NoError(t, db.SetRestricted(ctx, system, "acme", false))
	require.ErrorIs(t, db.Revoke(ctx, v, "acme", viewer.ID), people.ErrForbidden)

	// Who gives it away keeps writing.
	o := signIn(t, db, owner)
	require.NoError(t, db.SetRestricted(ctx, o, "acme", true))
	require.NoError(t, db.SetOwner(ctx, o, "acme", editor.ID))
	require.Equal(t, people.Editor, db.LevelOn(ctx, o, "acme"))
	require.Equal(t, people.Owner, db.LevelOn(ctx, signIn(t, db, editor), "acme"))
	a, err := db.Access(ctx, "acme")
	require.NoError(t, err)
	assert.Equal(t, editor.ID, a.Owner)
	assert.True(t, a.Restricted)
	assert.Contains(t, a.Grants, people.Grant{Person: owner.ID, Level: people.Editor})
	assert.NotContains(t, a.Grants, people.Grant{Person: editor.ID, Level: people.Editor})
}

func TestAccessRefuses(t *testing.T) {
	db, _ := fresh(t)
	dana := add(t, db, "dana@example.com", people.Member)
	sam := add(t, db, "sam@example.com", people.Member)
	off := add(t, db, "off@example.com", people.Member)
	require.NoError(t, db.Disable(ctx, system, off.ID))
	guest, err := db.Add(ctx, system, people.NewPerson{Email: "guest@buyer.example", Name: "Guest", Guest: true})
	require.NoError(t, err)
	require.NoError(t, db.SetOwner(ctx, system, "acme", dana.ID))
	for name, err := range map[string]error{
		"owner level":    db.Grant(ctx, system, "acme", sam.ID, people.Owner),
		"no level":       db.Grant(ctx, system, "acme", sam.ID, people.None),
		"the owner":      db.Grant(ctx, system, "acme", dana.ID, people.Viewer),
		"guest":          db.Grant(ctx, system, "acme", guest.ID, people.Viewer),
		"disabled":       db.Grant(ctx, system, "acme", off.ID, people.Viewer),
		"unknown":        db.Grant(ctx, system, "acme", "nobody", people.Viewer),
		"unknown owner":  db.SetOwner(ctx, system, "acme", "nobody"),
		"guest as owner": db.SetOwner(ctx, system, "acme", guest.ID),
		"no prospect":    db.SetOwner(ctx, system, "", dana.ID),
		"slash":          db.SetOwner(ctx, system, "a/b", dana.ID),
		"control":        db.SetRestricted(ctx, system, "a\nb", true),
	} {
		var bad *people.Invalid
		assert.ErrorAs(t, err, &bad, name)
	}
	assert.ErrorIs(t, db.AddProspect(ctx, signIn(t, db, guest), "new", "", false), people.ErrForbidden)
	assert.ErrorIs(t, db.AddProspect(ctx, by(t, db, dana, people.Read), "new", "", false), people.ErrForbidden)
}

func TestGrantReaderOnlyAdds(t *testing.T) {
	db, _ := fresh(t)
	dana, sam := add(t, db, "dana@example.com", people.Member), add(t, db, "sam@example.com", people.Member)
	d, s := signIn(t, db, dana), signIn(t, db, sam)
	require.NoError(t, db.AddProspect(ctx, d, "acme", dana.ID, false))
	require.NoError(t, db.GrantReader(ctx, d, "acme", sam.ID))
	assert.Equal(t, people.Editor, db.LevelOn(ctx, s, "acme"))
	a, err := db.Access(ctx, "acme")
	require.NoError(t, err)
	assert.Empty(t, a.Grants)
	require.NoError(t, db.SetRestricted(ctx, d, "acme", true))
	assert.ErrorIs(t, db.GrantReader(ctx, s, "acme", sam.ID), people.ErrNotFound)
	require.NoError(t, db.GrantReader(ctx, d, "acme", sam.ID))
	assert.Equal(t, people.Viewer, db.LevelOn(ctx, s, "acme"))
	assert.ErrorIs(t, db.GrantReader(ctx, s, "acme", sam.ID), people.ErrForbidden)
	require.NoError(t, db.Grant(ctx, d, "acme", sam.ID, people.Editor))
	require.NoError(t, db.GrantReader(ctx, s, "acme", sam.ID))
	assert.Equal(t, people.Editor, db.LevelOn(ctx, s, "acme"))
}

func TestRenameAndDeleteProspect(t *testing.T) {
	db, _ := fresh(t)
	dana, sam := add(t, db, "dana@example.com", people.Member), add(t, db, "sam@example.com", people.Member)
	d, s := signIn(t, db, dana), signIn(t, db, sam)
	require.NoError(t, db.AddProspect(ctx, d, "acme", dana.ID, true))
	require.NoError(t, db.AddProspect(ctx, d, "taken", dana.ID, false))
	require.NoError(t, db.Grant(ctx, d, "acme", sam.ID, people.Viewer))
	require.NoError(t, db.MarkRead(ctx, s, "acme", "internal", "closing/plan", "1"))
	require.ErrorIs(t, db.RenameProspect(ctx, d, "acme", "taken"), people.ErrExists)
	require.NoError(t, db.RenameProspect(ctx, d, "acme", "acme-corp"))
	assert.Equal(t, people.Viewer, db.LevelOn(ctx, s, "acme-corp"))
	assert.Equal(t, people.Owner, db.LevelOn(ctx, d, "acme-corp"))
	a, err := db.Access(ctx, "acme")
	require.NoError(t, err)
	assert.Zero(t, a)
	marks, err := db.ReadMarks(ctx, sam.ID, "acme-corp")
	require.NoError(t, err)
	assert.Contains(t, marks, "internal/closing/plan")

	require.NoError(t, db.DeleteProspect(ctx, d, "acme-corp"))
	marks, err = db.ReadMarks(ctx, sam.ID, "acme-corp")
	require.NoError(t, err)
	assert.Empty(t, marks)
	a, err = db.Access(ctx, "acme-corp")
	require.NoError(t, err)
	assert.Zero(t, a)
	require.NoError(t, db.AddProspect(ctx, d, "old", dana.ID, true))
	require.NoError(t, db.RenameProspect(ctx, system, "old", "older"))
	require.NoError(t, db.DeleteProspect(ctx, system, "older"))
	// A new one of that name inherits nobody.
	require.NoError(t, db.AddProspect(ctx, d, "acme-corp", dana.ID, true))
	assert.Equal(t, people.None, db.LevelOn(ctx, s, "acme-corp"))
}

func TestASnapshotDoesNotFollowChanges(t *testing.T) {
	db, _ := fresh(t)
	dana := add(t, db, "dana@example.com", people.Member)
	c := signIn(t, db, dana)
	before := db.Visible(ctx, c)
	require.NoError(t, db.SetRestricted(ctx, system, "acme", true))
	assert.Equal(t, people.Editor, before("acme"))
	assert.Equal(t, people.None, db.Visible(ctx, c)("acme"))
	assert.Equal(t, people.None, db.LevelOn(ctx, c, "acme"))
}

// TestMemoryAgreesWithTheFile does many random things and compares what is
// answered from memory with a DB opened anew.
func TestMemoryAgreesWithTheFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "dealwiki.db")
	db := open(t, path, nil)
	random := rand.New(rand.NewPCG(1, 2))
	var ids []string
	for i := range 6 {
		role := people.Member
		if i < 2 {
			role = people.Admin
		}
		ids = append(ids, add(t, db, fmt.Sprintf("p%d@example.com", i), role).ID)
	}
	prospects := []string{"a", "b", "c", "d"}
	pick := func(s []string) string { return s[random.IntN(len(s))] }
	for range 400 {
		a, b, id := pick(prospects), pick(prospects), pick(ids)
		// What is refused changes nothing, which is just as good here.
		switch random.IntN(9) {
		case 0:
			_ = db.Grant(ctx, system, a, id, people.Level(1+random.IntN(2)))
		case 1:
			_ = db.Revoke(ctx, system, a, id)
		case 2:
			_ = db.SetOwner(ctx, system, a, id)
		case 3:
			_ = db.SetOwner(ctx, system, a, "")
		case 4:
			_ = db.SetRestricted(ctx, system, a, random.IntN(2) == 0)
		case 5:
			_ = db.RenameProspect(ctx, system, a, b)
		case 6:
			_ = db.DeleteProspect(ctx, system, a)
		case 7:
			_ = db.Disable(ctx, system, id)
		case 8:
			_ = db.Enable(ctx, system, id)
		}
	}
	other, err := people.Open(path, people.Options{Cost: cheap})
	require.NoError(t, err)
	defer other.Close()
	for _, id := range ids {
		c := people.Caller{Person: people.Person{ID: id}, Scopes: people.AllScopes}
		visible := db.Visible(ctx, c)
		for _, p := range prospects {
			want := other.LevelOn(ctx, c, p)
			assert.Equal(t, want, db.LevelOn(ctx, c, p))
			assert.Equal(t, want, visible(p))
		}
	}
	for _, p := range prospects {
		want, err := other.Access(ctx, p)
		require.NoError(t, err)
		got, err := db.Access(ctx, p)
		require.NoError(t, err)
		assert.Equal(t, want, got)
	}
	require.NoError(t, db.Check(ctx))
}

func TestManyAtOnce(t *testing.T) {
	db, _ := fresh(t)
	dana := add(t, db, "dana@example.com", people.Member)
	c := signIn(t, db, dana)
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for j := range 25 {
				prospect := fmt.Sprintf("p%d", j)
				switch (i + j) % 4 {
				case 0:
					assert.NoError(t, db.Grant(ctx, system, prospect, dana.ID, people.Viewer))
				case 1:
					token, _, err := db.StartSession(ctx, dana.ID, "", "")
					assert.NoError(t, err)
					_, _, err = db.Session(ctx, token)
					assert.NoError(t, err)
					assert.NoError(t, db.EndSession(ctx, token))
				case 2:
					visible := db.Visible(ctx, c)
					assert.NotEqual(t, people.None, visible(prospect))
					assert.NotEqual(t, people.None, db.LevelOn(ctx, c, prospect))
					_, err := db.List(ctx)
					assert.NoError(t, err)
				case 3:
					assert.NoError(t, db.MarkRead(ctx, c, prospect, "internal", "a/b", fmt.Sprint(i)))
				}
			}
		})
	}
	wg.Wait()
	names := []string{}
	for j := range 25 {
		a, err := db.Access(ctx, fmt.Sprintf("p%d", j))
		require.NoError(t, err)
		if len(a.Grants) > 0 {
			names = append(names, a.Grants[0].Person)
		}
	}
	assert.Len(t, slices.Compact(names), 1)
}
