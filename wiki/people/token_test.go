package people_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dealwiki/wiki/people"
)

func TestParseScopes(t *testing.T) {
	for in, want := range map[string]people.Scope{
		"":                 people.AllScopes,
		" ":                people.AllScopes,
		"read":             people.Read,
		"write":            people.Read | people.Write,
		" Git , feed":      people.Git | people.Feed,
		"admin,write,read": people.Read | people.Write | people.Administer,
	} {
		got, err := people.ParseScopes(in)
		require.NoError(t, err, in)
		assert.Equal(t, want, got, in)
		again, err := people.ParseScopes(got.String())
		require.NoError(t, err)
		assert.Equal(t, got, again)
	}
	for _, in := range []string{"x", "read,", ",", "read write"} {
		_, err := people.ParseScopes(in)
		var bad *people.Invalid
		assert.ErrorAs(t, err, &bad, in)
	}
}

func TestToken(t *testing.T) {
	db, c := fresh(t)
	dana := add(t, db, "dana@example.com", people.Member)
	me := signIn(t, db, dana)
	secret, tok, err := db.NewToken(ctx, me, dana.ID, "ci", people.Write, c.Now().Add(time.Hour))
	require.NoError(t, err)
	assert.True(t, strings.HasPrefix(secret, "dw_"))
	assert.True(t, strings.HasPrefix(secret, tok.Hint))
	assert.Equal(t, people.Read|people.Write, tok.Scopes)

	caller, err := db.Token(ctx, secret, "192.0.2.9")
	require.NoError(t, err)
	assert.Equal(t, dana, caller.Person)
	assert.Equal(t, "token", caller.Via)
	_, _, err = db.Session(ctx, secret)
	assert.ErrorIs(t, err, people.ErrNotFound, "a token is no cookie")

	c.Move(time.Hour)
	_, err = db.Token(ctx, secret, "")
	assert.ErrorIs(t, err, people.ErrNotFound)
	c.Move(-time.Hour)
	_, err = db.Token(ctx, secret, "")
	assert.ErrorIs(t, err, people.ErrNotFound, "setting the clock back does not revive it")

	for _, bad := range []string{"", "dw_", "x", secret[3:], "dw_" + strings.Repeat("a", 52), strings.Repeat("dw_", 1<<20)} {
		_, err := db.Token(ctx, bad, "")
		assert.ErrorIs(t, err, people.ErrNotFound)
	}
}

func TestTokensAreMadeWithinWhatTheCallerMay(t *testing.T) {
	db, c := fresh(t)
	root := add(t, db, "root@example.com", people.Admin)
	dana := add(t, db, "dana@example.com", people.Member)
	adminToken := by(t, db, root, people.Read|people.Administer)
	for name, tc := range map[string]struct {
		caller people.Caller
		of     people.Person
		scopes people.Scope
		want   error
	}{
		"own, by session":              {signIn(t, db, dana), dana, people.AllScopes, nil},
		"own, by token":                {by(t, db, dana, people.AllScopes), dana, people.Read, people.ErrForbidden},
		"an administrator's, by token": {adminToken, dana, people.Read, nil},
		"more than the token has":      {adminToken, dana, people.Write, people.ErrForbidden},
		"another's":                    {signIn(t, db, dana), root, people.Read, people.ErrForbidden},
		"the system's":                 {system, dana, people.AllScopes, nil},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := db.NewToken(ctx, tc.caller, tc.of.ID, "x", tc.scopes, noTime)
			require.ErrorIs(t, err, tc.want)
		})
	}
	var bad *people.Invalid
	_, _, err := db.NewToken(ctx, system, dana.ID, "x", 0, noTime)
	require.ErrorAs(t, err, &bad)
	_, _, err = db.NewToken(ctx, system, dana.ID, "x", people.Read, c.Now())
	require.ErrorAs(t, err, &bad)
	_, _, err = db.NewToken(ctx, system, dana.ID, "a\nb", people.Read, noTime)
	require.ErrorAs(t, err, &bad)
	_, _, err = db.NewToken(ctx, system, "nobody", "x", people.Read, noTime)
	require.ErrorIs(t, err, people.ErrNotFound)
	off := add(t, db, "off@example.com", people.Member)
	require.NoError(t, db.Disable(ctx, system, off.ID))
	_, _, err = db.NewToken(ctx, system, off.ID, "x", people.Read, noTime)
	require.ErrorAs(t, err, &bad)

	// A member's token with the scope admin is no administrator.
	c2 := by(t, db, dana, people.AllScopes)
	assert.False(t, c2.Can(people.Administer))
	assert.ErrorIs(t, db.Disable(ctx, c2, root.ID), people.ErrForbidden)
}

func TestRevokeToken(t *testing.T) {
	db, _ := fresh(t)
	dana, sam := add(t, db, "dana@example.com", people.Member), add(t, db, "sam@example.com", people.Member)
	me := signIn(t, db, dana)
	secret, tok, err := db.NewToken(ctx, me, dana.ID, "x", people.Read, noTime)
	require.NoError(t, err)
	caller, err := db.Token(ctx, secret, "")
	require.NoError(t, err)
	require.ErrorIs(t, db.RevokeToken(ctx, signIn(t, db, sam), tok.ID), people.ErrNotFound)
	require.NoError(t, db.RevokeToken(ctx, caller, tok.ID), "a token may end itself")
	_, err = db.Token(ctx, secret, "")
	require.ErrorIs(t, err, people.ErrNotFound)
	_, err = db.Refresh(ctx, caller)
	require.ErrorIs(t, err, people.ErrNotFound)
	require.ErrorIs(t, db.RevokeToken(ctx, me, tok.ID), people.ErrNotFound)

	for range people.MaxTokens {
		_, _, err = db.NewToken(ctx, me, dana.ID, "x", people.Read, noTime)
		require.NoError(t, err)
	}
	var bad *people.Invalid
	_, _, err = db.NewToken(ctx, me, dana.ID, "x", people.Read, noTime)
	require.ErrorAs(t, err, &bad)
}

func TestDropSecrets(t *testing.T) {
	db, _ := fresh(t)
	dana := add(t, db, "dana@example.com", people.Member)
	session, token := signIn(t, db, dana), by(t, db, dana, people.Read)
	require.NoError(t, db.DropSecrets(ctx, system))
	_, err := db.Refresh(ctx, system)
	require.NoError(t, err)
	for _, c := range []people.Caller{session, token} {
		_, err := db.Refresh(ctx, c)
		assert.ErrorIs(t, err, people.ErrNotFound)
	}
}
