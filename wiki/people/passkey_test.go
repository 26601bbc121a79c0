package people_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dealwiki/wiki/people"
)

func key(credential string) people.Passkey {
	return people.Passkey{Name: "Phone", Credential: []byte(credential), Key: []byte("public"), Synced: true, Count: 3}
}

func TestPasskeys(t *testing.T) {
	db, clock := fresh(t)
	root, dana, tom := add(t, db, "root@example.com", people.Admin), add(t, db, "dana@example.com", people.Member), add(t, db, "tom@example.com", people.Member)
	admin, me, other := signIn(t, db, root), signIn(t, db, dana), signIn(t, db, tom)
	require.NoError(t, db.MayAddPasskey(ctx, me))
	k, err := db.AddPasskey(ctx, me, key("one"))
	require.NoError(t, err)
	got, err := db.PasskeyOf(ctx, []byte("one"))
	require.NoError(t, err)
	assert.Equal(t, k, got)
	assert.Equal(t, dana.ID, got.Person)
	for _, c := range []people.Caller{me, other} {
		_, err = db.AddPasskey(ctx, c, key("one"))
		require.ErrorIs(t, err, people.ErrExists, "a credential is of one person")
	}

	// Who sees and changes them.
	all, err := db.Passkeys(ctx, me, dana.ID)
	require.NoError(t, err)
	assert.Equal(t, []people.Passkey{k}, all)
	_, err = db.Passkeys(ctx, other, dana.ID)
	require.ErrorIs(t, err, people.ErrForbidden)
	require.ErrorIs(t, db.RenamePasskey(ctx, other, k.ID, "Mine"), people.ErrNotFound)
	require.ErrorIs(t, db.RemovePasskey(ctx, other, k.ID), people.ErrNotFound)
	require.ErrorIs(t, db.RemovePasskey(ctx, me, "none"), people.ErrNotFound)
	require.NoError(t, db.RenamePasskey(ctx, me, k.ID, "Old phone"))
	var bad *people.Invalid
	for _, name := range []string{"", " ", "a\nb", strings.Repeat("x", 81)} {
		require.ErrorAs(t, db.RenamePasskey(ctx, me, k.ID, name), &bad, name)
	}
	all, err = db.Passkeys(ctx, admin, dana.ID)
	require.NoError(t, err)
	assert.Equal(t, "Old phone", all[0].Name)

	// Use, and a count that goes back.
	clock.Move(time.Hour)
	p, err := db.UsePasskey(ctx, []byte("one"), 4, "192.0.2.9")
	require.NoError(t, err)
	assert.Equal(t, dana.ID, p.ID)
	p, err = db.UsePasskey(ctx, []byte("one"), 4, "192.0.2.9")
	require.NoError(t, err)
	assert.Equal(t, dana.ID, p.ID)
	events, _, err := db.Audit(ctx, admin, people.AuditFilter{Action: "passkey."}, 10, 0)
	require.NoError(t, err)
	var actions []string
	for _, e := range events {
		actions = append(actions, e.Action)
		assert.Equal(t, dana.ID, e.Actor)
	}
	assert.Equal(t, []string{"passkey.backwards", "passkey.rename", "passkey.add"}, actions)
	assert.Equal(t, "Old phone: use 4 after 4", events[0].Detail)
	assert.Equal(t, "192.0.2.9", events[0].IP)

	// A device that does not count.
	me = signIn(t, db, dana)
	silent := key("two")
	silent.Count = 0
	_, err = db.AddPasskey(ctx, me, silent)
	require.NoError(t, err)
	_, err = db.UsePasskey(ctx, []byte("two"), 0, "")
	require.NoError(t, err)

	require.NoError(t, db.RemovePasskey(ctx, admin, k.ID))
	_, err = db.PasskeyOf(ctx, []byte("one"))
	require.ErrorIs(t, err, people.ErrNotFound)
	_, err = db.UsePasskey(ctx, []byte("one"), 9, "")
	require.ErrorIs(t, err, people.ErrNotFound)

	// The disabled stay out, and come back with what they had.
	require.NoError(t, db.Disable(ctx, system, dana.ID))
	_, err = db.PasskeyOf(ctx, []byte("two"))
	require.ErrorIs(t, err, people.ErrNotFound)
	_, err = db.UsePasskey(ctx, []byte("two"), 0, "")
	require.ErrorIs(t, err, people.ErrNotFound)
	require.NoError(t, db.Enable(ctx, system, dana.ID))
	_, err = db.PasskeyOf(ctx, []byte("two"))
	require.NoError(t, err)
	require.NoError(t, db.DropSecrets(ctx, system))
	_, err = db.PasskeyOf(ctx, []byte("two"))
	require.ErrorIs(t, err, people.ErrNotFound)
}

func TestWhoMayAddPasskeys(t *testing.T) {
	h := newHost(t)
	db, clock := h.db, h.clock
	dana := add(t, db, "dee@example.com", people.Member)
	me := signIn(t, db, dana)
	guest := h.guest("kim@customer.example", people.GuestEditor, clock.Now().Add(24*time.Hour))
	for name, tt := range map[string]struct {
		c    people.Caller
		want error
	}{
		"token":    {by(t, db, dana, people.Read|people.Write), people.ErrForbidden},
		"system":   {system, people.ErrForbidden},
		"nobody":   {people.Caller{}, people.ErrForbidden},
		"guest":    {guest, people.ErrForbidden},
		"no more":  {people.Caller{Person: dana, Scopes: people.AllScopes, Via: "session", Session: "ended"}, people.ErrStale},
		"sign-ins": {people.SignIn{Person: dana}.Caller(""), people.ErrForbidden},
	} {
		require.ErrorIs(t, db.MayAddPasskey(ctx, tt.c), tt.want, name)
		_, err := db.AddPasskey(ctx, tt.c, key(name))
		require.ErrorIs(t, err, tt.want, name)
	}
	clock.Move(people.FreshSession)
	require.NoError(t, db.MayAddPasskey(ctx, me))
	clock.Move(time.Second)
	require.ErrorIs(t, db.MayAddPasskey(ctx, me), people.ErrStale)
	_, err := db.AddPasskey(ctx, me, key("late"))
	require.ErrorIs(t, err, people.ErrStale)

	me = signIn(t, db, dana)
	var bad *people.Invalid
	for name, k := range map[string]people.Passkey{
		"no name":         {Credential: []byte("x"), Key: []byte("x")},
		"no credential":   {Name: "x", Key: []byte("x")},
		"no key":          {Name: "x", Credential: []byte("x")},
		"long credential": {Name: "x", Credential: make([]byte, 1024), Key: []byte("x")},
		"long key":        {Name: "x", Credential: []byte("x"), Key: make([]byte, 5000)},
	} {
		_, err := db.AddPasskey(ctx, me, k)
		require.ErrorAs(t, err, &bad, name)
	}
	for i := range people.MaxPasskeys {
		_, err := db.AddPasskey(ctx, me, key(strings.Repeat("k", i+1)))
		require.NoError(t, err)
	}
	_, err = db.AddPasskey(ctx, me, key("more"))
	require.ErrorAs(t, err, &bad)
}

func TestAttemptsByPasskeyAreLimited(t *testing.T) {
	db, _ := fresh(t)
	for range 50 {
		_, err := db.TryPasskey("192.0.2.7")
		require.NoError(t, err)
	}
	_, err := db.TryPasskey("192.0.2.7")
	var many *people.TooMany
	require.ErrorAs(t, err, &many)
	for range 200 {
		refund, err := db.TryPasskey("192.0.2.8")
		require.NoError(t, err)
		refund()
	}
}
