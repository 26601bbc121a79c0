package people_test

import (
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dealwiki/wiki/people"
)

func TestAdd(t *testing.T) {
	db, c := fresh(t)
	p, err := db.Add(ctx, system, people.NewPerson{Email: " Dana.Smith@Example.COM ", Name: " Dana  Smith ", Role: people.Admin, Job: people.Sales, Skills: "pricing, SAP"})
	require.NoError(t, err)
	assert.Equal(t, "dana.smith@example.com", p.Email)
	assert.Equal(t, "dana-smith", p.Handle)
	assert.Equal(t, people.Admin, p.Role)
	assert.True(t, p.Created.Equal(c.Now()))
	assert.Equal(t, people.Settings{Theme: "system", Shortcuts: true}, p.Settings)

	_, err = db.Add(ctx, system, people.NewPerson{Email: "DANA.smith@example.com", Name: "Other"})
	require.ErrorIs(t, err, people.ErrExists)
	second := add(t, db, "dana-smith@other.example", people.Member)
	assert.Equal(t, "dana-smith-2", second.Handle)
	third := add(t, db, "dana_smith@third.example", people.Member)
	assert.Equal(t, "dana-smith-3", third.Handle)

	for _, ref := range []string{p.ID, "dana-smith", "@dana-smith", "Dana.Smith@example.com"} {
		got, err := db.Find(ctx, ref)
		require.NoError(t, err, ref)
		assert.Equal(t, p, got, ref)
	}
	for _, ref := range []string{"", "@", "nobody", "x@example.com", strings.Repeat("a", 1<<20)} {
		_, err := db.Find(ctx, ref)
		assert.ErrorIs(t, err, people.ErrNotFound)
	}
	all, err := db.List(ctx)
	require.NoError(t, err)
	assert.Len(t, all, 3)
}

func TestAHandleIsNeverSomebodysID(t *testing.T) {
	db, _ := fresh(t)
	p := add(t, db, "dana@example.com", people.Member)
	q := add(t, db, p.ID+"@example.com", people.Member)
	assert.Equal(t, p.ID+"-2", q.Handle)
}

func TestAddRefuses(t *testing.T) {
	db, _ := fresh(t)
	good := people.NewPerson{Email: "dana@example.com", Name: "Dana"}
	for name, tc := range map[string]struct {
		change func(*people.NewPerson)
		field  string
	}{
		"no address":      {func(n *people.NewPerson) { n.Email = "" }, "email"},
		"no at":           {func(n *people.NewPerson) { n.Email = "dana.example.com" }, "email"},
		"two at":          {func(n *people.NewPerson) { n.Email = "dana@a@example.com" }, "email"},
		"space":           {func(n *people.NewPerson) { n.Email = "da na@example.com" }, "email"},
		"header":          {func(n *people.NewPerson) { n.Email = "dana@example.com\r\nBcc: x@y.z" }, "email"},
		"long":            {func(n *people.NewPerson) { n.Email = strings.Repeat("a", 1<<20) + "@example.com" }, "email"},
		"a little long":   {func(n *people.NewPerson) { n.Email = "a@" + strings.Repeat("abcdefgh.", 28) + "x" }, "email"},
		"angle":           {func(n *people.NewPerson) { n.Email = "<dana@example.com>" }, "email"},
		"domain hyphen":   {func(n *people.NewPerson) { n.Email = "dana@-example.com" }, "email"},
		"bytes":           {func(n *people.NewPerson) { n.Email = "da\xc3\x28@example.com" }, "email"},
		"no name":         {func(n *people.NewPerson) { n.Name = "  " }, "name"},
		"invisible name":  {func(n *people.NewPerson) { n.Name = "\u200b" }, "name"},
		"long name":       {func(n *people.NewPerson) { n.Name = strings.Repeat("é", 101) }, "name"},
		"huge name":       {func(n *people.NewPerson) { n.Name = strings.Repeat("a", 1<<20) }, "name"},
		"line in name":    {func(n *people.NewPerson) { n.Name = "Dana\nSmith" }, "name"},
		"bidi name":       {func(n *people.NewPerson) { n.Name = "Dana \u202egnp" }, "name"},
		"isolate in name": {func(n *people.NewPerson) { n.Name = "Dana \u2066x" }, "name"},
		"NUL in name":     {func(n *people.NewPerson) { n.Name = "Da\x00na" }, "name"},
		"markup in name":  {func(n *people.NewPerson) { n.Name = "Dana <x@y.z>" }, "name"},
		"role":            {func(n *people.NewPerson) { n.Role = "root" }, "role"},
		"job":             {func(n *people.NewPerson) { n.Job = "king" }, "job"},
		"guest admin":     {func(n *people.NewPerson) { n.Guest, n.Role = true, people.Admin }, "role"},
		"short password":  {func(n *people.NewPerson) { n.Password = "123456789" }, "password"},
		"long password":   {func(n *people.NewPerson) { n.Password = strings.Repeat("a", 1025) }, "password"},
		"skills":          {func(n *people.NewPerson) { n.Skills = "a\nb" }, "skills"},
	} {
		t.Run(name, func(t *testing.T) {
			n := good
			tc.change(&n)
			_, err := db.Add(ctx, system, n)
			var bad *people.Invalid
			require.ErrorAs(t, err, &bad)
			assert.Equal(t, tc.field, bad.Field)
			all, err := db.List(ctx)
			require.NoError(t, err)
			assert.Empty(t, all)
		})
	}
	for _, name := range []string{strings.Repeat("é", 100), "محمد", "👨‍👩‍👧", "O'Neil, J. \"Jo\""} {
		got, err := people.NormalName(name)
		require.NoError(t, err)
		assert.Equal(t, name, got)
	}
}

func TestOnlyAdministratorsManageAccounts(t *testing.T) {
	db, _ := fresh(t)
	adm := add(t, db, "root@example.com", people.Admin)
	dana := add(t, db, "dana@example.com", people.Member)
	sam := add(t, db, "sam@example.com", people.Member)
	disabled := signIn(t, db, add(t, db, "gone@example.com", people.Admin))
	require.NoError(t, db.Disable(ctx, system, disabled.Person.ID))

	admin := people.Admin
	email := "new@example.com"
	doors := map[string]func(people.Caller) error{
		"add": func(c people.Caller) error {
			_, err := db.Add(ctx, c, people.NewPerson{Email: "x@example.com", Name: "X"})
			return err
		},
		"invite": func(c people.Caller) error {
			_, err := db.Invite(ctx, c, "y@example.com", "Y", people.Member, "")
			return err
		},
		"invitations":       func(c people.Caller) error { _, err := db.Invitations(ctx, c); return err },
		"revoke invitation": func(c people.Caller) error { return db.RevokeInvitation(ctx, c, "x") },
		"role": func(c people.Caller) error {
			_, err := db.Update(ctx, c, dana.ID, people.Patch{Role: &admin})
			return err
		},
		"email": func(c people.Caller) error {
			_, err := db.Update(ctx, c, dana.ID, people.Patch{Email: &email})
			return err
		},
		"another's name": func(c people.Caller) error {
			name := "X"
			_, err := db.Update(ctx, c, sam.ID, people.Patch{Name: &name})
			return err
		},
		"disable":  func(c people.Caller) error { return db.Disable(ctx, c, sam.ID) },
		"enable":   func(c people.Caller) error { return db.Enable(ctx, c, sam.ID) },
		"password": func(c people.Caller) error { return db.SetPassword(ctx, c, sam.ID, goodPwd) },
		"reset":    func(c people.Caller) error { _, err := db.ResetPassword(ctx, c, sam.ID); return err },
		"link":     func(c people.Caller) error { _, err := db.NewLoginLink(ctx, c, sam.ID, 0); return err },
		"another's token": func(c people.Caller) error {
			_, _, err := db.NewToken(ctx, c, sam.ID, "", people.Read, noTime)
			return err
		},
		"another's tokens":   func(c people.Caller) error { _, err := db.Tokens(ctx, c, sam.ID); return err },
		"another's sessions": func(c people.Caller) error { _, err := db.Sessions(ctx, c, sam.ID); return err },
		"end sessions":       func(c people.Caller) error { return db.EndSessions(ctx, c, sam.ID) },
		"audit":              func(c people.Caller) error { _, _, err := db.Audit(ctx, c, people.AuditFilter{}, 0, 0); return err },
		"drop secrets":       func(c people.Caller) error { return db.DropSecrets(ctx, c) },
	}
	callers := map[string]people.Caller{
		"nobody":                {},
		"forged":                {Person: people.Person{ID: dana.ID, Role: people.Admin}, Scopes: people.AllScopes, Via: "session"},
		"member":                signIn(t, db, dana),
		"member's token":        by(t, db, dana, people.AllScopes),
		"admin's read token":    by(t, db, adm, people.Read),
		"admin's token but one": by(t, db, adm, people.AllScopes&^people.Administer),
		"disabled admin":        disabled,
	}
	for who, c := range callers {
		for what, do := range doors {
			t.Run(what+" by "+who, func(t *testing.T) { assert.ErrorIs(t, do(c), people.ErrForbidden) })
		}
	}
	root := signIn(t, db, adm)
	delete(doors, "drop secrets")
	delete(doors, "revoke invitation")
	for what, do := range doors {
		t.Run(what+" by an administrator", func(t *testing.T) {
			require.NoError(t, db.Enable(ctx, system, sam.ID))
			assert.NoError(t, do(root))
		})
	}
}

func TestUpdate(t *testing.T) {
	db, _ := fresh(t)
	dana := add(t, db, "dana@example.com", people.Member)
	add(t, db, "sam@example.com", people.Member)
	c := signIn(t, db, dana)

	name, job, skills := "Dana S.", people.Technical, "networks"
	p, err := db.Update(ctx, c, dana.ID, people.Patch{Name: &name, Job: &job, Skills: &skills})
	require.NoError(t, err)
	assert.Equal(t, name, p.Name)
	got, err := db.Get(ctx, dana.ID)
	require.NoError(t, err)
	assert.Equal(t, p, got)

	taken := "SAM@example.com"
	_, err = db.Update(ctx, system, dana.ID, people.Patch{Email: &taken})
	require.ErrorIs(t, err, people.ErrExists)
	free := "Dana@new.example"
	p, err = db.Update(ctx, system, dana.ID, people.Patch{Email: &free})
	require.NoError(t, err)
	assert.Equal(t, "dana@new.example", p.Email)
	assert.Equal(t, "dana", p.Handle)
	_, err = db.ByEmail(ctx, "dana@example.com")
	require.ErrorIs(t, err, people.ErrNotFound)
	_, err = db.Update(ctx, system, "nobody", people.Patch{})
	require.ErrorIs(t, err, people.ErrNotFound)

	require.NoError(t, db.SaveSettings(ctx, c, people.Settings{Theme: "dark", Zone: "Europe/Berlin"}))
	got, err = db.Get(ctx, dana.ID)
	require.NoError(t, err)
	assert.Equal(t, people.Settings{Theme: "dark", Zone: "Europe/Berlin"}, got.Settings)
	for _, s := range []people.Settings{{Theme: "pink"}, {Zone: "Mars/Base"}, {Zone: "../../etc/passwd"}, {Zone: "Local"}} {
		var bad *people.Invalid
		assert.ErrorAs(t, db.SaveSettings(ctx, c, s), &bad)
	}
	assert.ErrorIs(t, db.SaveSettings(ctx, people.Caller{}, people.Settings{}), people.ErrForbidden)
}

func TestTheLastAdministratorStays(t *testing.T) {
	db, _ := fresh(t)
	one := add(t, db, "one@example.com", people.Admin)
	two := add(t, db, "two@example.com", people.Admin)
	member := people.Member
	for _, c := range []people.Caller{system, signIn(t, db, one)} {
		require.NoError(t, db.Disable(ctx, c, two.ID))
		require.ErrorIs(t, db.Disable(ctx, c, one.ID), people.ErrLastAdmin)
		_, err := db.Update(ctx, c, one.ID, people.Patch{Role: &member})
		require.ErrorIs(t, err, people.ErrLastAdmin)
		p, err := db.Get(ctx, one.ID)
		require.NoError(t, err)
		require.Equal(t, people.Admin, p.Role)
		require.False(t, p.Disabled)
		require.NoError(t, db.Enable(ctx, c, two.ID))
	}
	_, err := db.Update(ctx, system, one.ID, people.Patch{Role: &member})
	require.NoError(t, err)
}

func TestTwoAdministratorsCannotDisableEachOtherAtOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "dealwiki.db")
	a, b := open(t, path, nil), open(t, path, nil)
	for range 5 {
		var ids []string
		for _, email := range []string{"one@example.com", "two@example.com"} {
			p, err := a.ByEmail(ctx, email)
			if err != nil {
				p = add(t, a, email, people.Admin)
			}
			require.NoError(t, a.Enable(ctx, system, p.ID))
			ids = append(ids, p.ID)
		}
		errs := make([]error, 2)
		var wg sync.WaitGroup
		for i, db := range []*people.DB{a, b} {
			wg.Go(func() { errs[i] = db.Disable(ctx, system, ids[i]) })
		}
		wg.Wait()
		if errs[0] == nil {
			require.ErrorIs(t, errs[1], people.ErrLastAdmin)
		} else {
			require.ErrorIs(t, errs[0], people.ErrLastAdmin)
			require.NoError(t, errs[1])
		}
	}
}
