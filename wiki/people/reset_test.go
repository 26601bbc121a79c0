package people_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dealwiki/wiki/people"
)

func TestForgottenPasswords(t *testing.T) {
	db, now := fresh(t)
	add(t, db, "ada@example.com", people.Admin)
	dana := add(t, db, "dana@example.com", people.Member)
	guest, err := db.Add(ctx, system, people.NewPerson{Email: "ingrid@example.org", Name: "Ingrid", Guest: true})
	require.NoError(t, err)
	c := signIn(t, db, dana)

	for _, email := range []string{"nobody@example.com", guest.Email, "not an address", ""} {
		_, err := db.NewReset(ctx, email, "")
		assert.ErrorIs(t, err, people.ErrNotFound, email)
	}
	first, err := db.NewReset(ctx, " DANA@example.com", "192.0.2.1")
	require.NoError(t, err)
	p, err := db.Reset(ctx, first.Token)
	require.NoError(t, err)
	assert.Equal(t, dana.ID, p.ID)
	_, err = db.CheckPassword(ctx, dana.Email, goodPwd, "")
	assert.NoError(t, err, "asking changes nothing")

	second, err := db.NewReset(ctx, dana.Email, "")
	require.NoError(t, err)
	_, err = db.UseReset(ctx, second.Token, "short", "")
	var invalid *people.Invalid
	require.ErrorAs(t, err, &invalid)
	p, err = db.UseReset(ctx, second.Token, "another fine phrase", "192.0.2.1")
	require.NoError(t, err)
	assert.Equal(t, dana.ID, p.ID)
	for _, token := range []string{first.Token, second.Token} {
		_, err = db.UseReset(ctx, token, goodPwd, "")
		assert.ErrorIs(t, err, people.ErrNotFound, "one use ends all")
	}
	_, err = db.Refresh(ctx, c)
	assert.ErrorIs(t, err, people.ErrNotFound, "sessions have ended")
	_, err = db.CheckPassword(ctx, dana.Email, "another fine phrase", "")
	assert.NoError(t, err)

	// An hour, and not revived by the clock.
	third, err := db.NewReset(ctx, dana.Email, "")
	require.NoError(t, err)
	now.Move(people.ResetLife)
	_, err = db.Reset(ctx, third.Token)
	assert.ErrorIs(t, err, people.ErrNotFound)

	// A new address ends what was mailed to the old one.
	fourth, err := db.NewReset(ctx, dana.Email, "")
	require.NoError(t, err)
	moved := "dana.smith@example.com"
	_, err = db.Update(ctx, system, dana.ID, people.Patch{Email: &moved})
	require.NoError(t, err)
	_, err = db.UseReset(ctx, fourth.Token, goodPwd, "")
	assert.ErrorIs(t, err, people.ErrNotFound)

	// Who comes by a provider alone gets no link around it.
	sso, err := db.Add(ctx, system, people.NewPerson{Email: "tom@example.com", Name: "Tom"})
	require.NoError(t, err)
	_, err = db.SignOn(ctx, people.Identity{Issuer: "https://login.example.com", Subject: "7", Email: sso.Email, Verified: true}, people.SignOnRules{}, "")
	require.NoError(t, err)
	r, err := db.NewReset(ctx, sso.Email, "")
	require.NoError(t, err)
	assert.Equal(t, sso.ID, r.Person.ID)
	assert.Empty(t, r.Token)
}

func TestAskingForPasswordsIsLimited(t *testing.T) {
	db, now := fresh(t)
	add(t, db, "dana@example.com", people.Member)
	// Known and unknown addresses alike.
	for _, email := range []string{"dana@example.com", "nobody@example.com"} {
		for i := range 5 {
			ok, err := db.AskReset(email, "")
			require.NoError(t, err)
			assert.Equal(t, i < 3, ok, "%s %d", email, i)
		}
	}
	now.Move(20 * time.Minute)
	ok, err := db.AskReset("Dana@example.com", "")
	require.NoError(t, err)
	assert.True(t, ok)
	for i := range 30 {
		_, err = db.AskReset("x"+string(rune('a'+i))+"@example.com", "2001:db8::1")
	}
	var many *people.TooMany
	require.ErrorAs(t, err, &many)
}
