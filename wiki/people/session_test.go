package people_test

import (
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dealwiki/wiki/people"
)

func TestSession(t *testing.T) {
	db, c := fresh(t)
	dana := add(t, db, "dana@example.com", people.Member)
	token, s, err := db.StartSession(ctx, dana.ID, "192.0.2.1", "Firefox\x00"+strings.Repeat("é", 1000))
	require.NoError(t, err)
	other, _, err := db.StartSession(ctx, dana.ID, "", "")
	require.NoError(t, err)
	assert.NotEqual(t, token, other)
	assert.LessOrEqual(t, len(s.Agent), 200)

	for range 2 { // from the file and from memory
		caller, got, err := db.Session(ctx, token)
		require.NoError(t, err)
		assert.Equal(t, s, got)
		assert.Equal(t, dana, caller.Person)
		assert.True(t, caller.Can(people.Read|people.Write|people.Git|people.Feed))
		assert.False(t, caller.Can(people.Administer), "not an administrator")
	}
	for _, bad := range []string{"", "x", token[1:] + "a", strings.Repeat("a", 52), strings.Repeat("a", 1<<20), by(t, db, dana, people.Read).Token} {
		_, _, err := db.Session(ctx, bad)
		assert.ErrorIs(t, err, people.ErrNotFound)
	}
	c.Move(time.Minute)
	require.NoError(t, db.EndSession(ctx, token))
	require.NoError(t, db.EndSession(ctx, token))
	_, _, err = db.Session(ctx, token)
	require.ErrorIs(t, err, people.ErrNotFound)
	_, _, err = db.Session(ctx, other)
	require.NoError(t, err)
	_, _, err = db.StartSession(ctx, "nobody", "", "")
	require.ErrorIs(t, err, people.ErrNotFound)
}

func TestSessionsEndByTheClockAndStayEnded(t *testing.T) {
	for name, tc := range map[string]struct {
		moves []time.Duration // between looks
		alive bool
	}{
		"used":                  {[]time.Duration{13 * 24 * time.Hour, 13 * 24 * time.Hour}, true},
		"idle":                  {[]time.Duration{people.SessionIdle}, false},
		"idle, then clock back": {[]time.Duration{people.SessionIdle, -people.SessionIdle}, false},
		"absolute":              {repeat(10*24*time.Hour, 9), false},
		"to 2038 and back":      {[]time.Duration{12 * 365 * 24 * time.Hour, -12 * 365 * 24 * time.Hour}, false},
		"a day back":            {[]time.Duration{-24 * time.Hour}, true},
		// 80 days used, then the clock set back: the ten days left stay ten.
		"back does not prolong": {append(repeat(10*24*time.Hour, 8), -60*24*time.Hour, 5*24*time.Hour, 5*24*time.Hour), false},
		// The last use before the clock went back must not count against it twice.
		"often back":        {repeat(-24*time.Hour, 60), true},
		"ten minutes forth": {[]time.Duration{10 * time.Minute}, true},
	} {
		t.Run(name, func(t *testing.T) {
			db, c := fresh(t)
			token, _, err := db.StartSession(ctx, add(t, db, "dana@example.com", people.Member).ID, "", "")
			require.NoError(t, err)
			for i, by := range tc.moves {
				c.Move(by)
				_, _, err = db.Session(ctx, token)
				if i < len(tc.moves)-1 && tc.alive {
					require.NoError(t, err)
				}
			}
			if tc.alive {
				require.NoError(t, err)
			} else {
				require.ErrorIs(t, err, people.ErrNotFound)
			}
		})
	}
}

func repeat(d time.Duration, n int) []time.Duration {
	all := make([]time.Duration, n)
	for i := range all {
		all[i] = d
	}
	return all
}

func TestExpiredIsDeletedWithoutBeingLookedAt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		db, err := people.Open(filepath.Join(t.TempDir(), "dealwiki.db"), people.Options{Cost: cheap})
		require.NoError(t, err)
		dana := add(t, db, "dana@example.com", people.Member)
		_, _, err = db.StartSession(ctx, dana.ID, "", "")
		require.NoError(t, err)
		_, _, err = db.NewToken(ctx, system, dana.ID, "", people.Read, time.Now().Add(time.Minute))
		require.NoError(t, err)
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		tokens, err := db.Tokens(ctx, system, dana.ID)
		require.NoError(t, err)
		assert.Empty(t, tokens)
		sessions, err := db.Sessions(ctx, system, dana.ID)
		require.NoError(t, err)
		assert.Len(t, sessions, 1)
		require.NoError(t, db.Close())
	})
}

func TestLastUseIsWrittenDown(t *testing.T) {
	path := filepath.Join(t.TempDir(), "dealwiki.db")
	c := newClock()
	db := open(t, path, c)
	dana := add(t, db, "dana@example.com", people.Member)
	token, _, err := db.StartSession(ctx, dana.ID, "", "")
	require.NoError(t, err)
	secret, _, err := db.NewToken(ctx, system, dana.ID, "", people.Read, noTime)
	require.NoError(t, err)
	c.Move(time.Hour)
	_, _, err = db.Session(ctx, token)
	require.NoError(t, err)
	_, err = db.Token(ctx, secret, "192.0.2.7")
	require.NoError(t, err)
	require.NoError(t, db.Close())

	db = open(t, path, c)
	sessions, err := db.Sessions(ctx, system, dana.ID)
	require.NoError(t, err)
	assert.Equal(t, c.Now(), sessions[0].Seen)
	tokens, err := db.Tokens(ctx, system, dana.ID)
	require.NoError(t, err)
	assert.Equal(t, c.Now(), tokens[0].Used)
	assert.Equal(t, "192.0.2.7", tokens[0].IP)
}

func TestSessionsAreManagedByTheirPerson(t *testing.T) {
	db, _ := fresh(t)
	dana, sam := add(t, db, "dana@example.com", people.Member), add(t, db, "sam@example.com", people.Member)
	a, b, s := signIn(t, db, dana), signIn(t, db, dana), signIn(t, db, sam)
	list, err := db.Sessions(ctx, a, dana.ID)
	require.NoError(t, err)
	require.Len(t, list, 2)
	assert.Equal(t, b.Session, list[0].ID, "newest first")

	require.ErrorIs(t, db.EndSessionID(ctx, s, a.Session), people.ErrNotFound)
	require.NoError(t, db.EndSessionID(ctx, a, b.Session))
	_, err = db.Refresh(ctx, b)
	require.ErrorIs(t, err, people.ErrNotFound)
	signIn(t, db, dana)
	require.NoError(t, db.EndSessions(ctx, a, dana.ID))
	list, err = db.Sessions(ctx, a, dana.ID)
	require.NoError(t, err)
	require.Len(t, list, 1)
	assert.Equal(t, a.Session, list[0].ID)
}

func TestSessionsAreBounded(t *testing.T) {
	db, c := fresh(t)
	dana := add(t, db, "dana@example.com", people.Member)
	first, _, err := db.StartSession(ctx, dana.ID, "", "")
	require.NoError(t, err)
	c.Move(-time.Hour) // the order is the sequence's, not the clock's
	var last string
	for range people.MaxSessions {
		last, _, err = db.StartSession(ctx, dana.ID, "", "")
		require.NoError(t, err)
	}
	_, _, err = db.Session(ctx, first)
	require.ErrorIs(t, err, people.ErrNotFound)
	_, _, err = db.Session(ctx, last)
	require.NoError(t, err)
}

func TestDisablingClosesEveryDoor(t *testing.T) {
	db, _ := fresh(t)
	dana := add(t, db, "dana@example.com", people.Admin)
	add(t, db, "root@example.com", people.Admin)
	token, _, err := db.StartSession(ctx, dana.ID, "", "")
	require.NoError(t, err)
	session, _, err := db.Session(ctx, token)
	require.NoError(t, err)
	secret, _, err := db.NewToken(ctx, system, dana.ID, "", people.AllScopes, noTime)
	require.NoError(t, err)
	link, err := db.NewLoginLink(ctx, system, dana.ID, 0)
	require.NoError(t, err)

	told := make(chan people.Change, 10)
	stop := db.Watch(func(c people.Change) { told <- c })
	defer stop()
	require.NoError(t, db.Disable(ctx, system, dana.ID))
	assert.Equal(t, people.Change{Kind: people.PersonChanged, Person: dana.ID}, <-told)

	check := func() {
		t.Helper()
		_, _, err = db.Session(ctx, token)
		assert.ErrorIs(t, err, people.ErrNotFound)
		_, err = db.Token(ctx, secret, "")
		assert.ErrorIs(t, err, people.ErrNotFound)
		_, err = db.UseLoginLink(ctx, link)
		assert.ErrorIs(t, err, people.ErrNotFound)
		_, err = db.Refresh(ctx, session)
		assert.ErrorIs(t, err, people.ErrNotFound)
	}
	check()
	_, err = db.CheckPassword(ctx, "dana@example.com", goodPwd, "")
	assert.ErrorIs(t, err, people.ErrSignIn)
	_, _, err = db.StartSession(ctx, dana.ID, "", "")
	assert.ErrorIs(t, err, people.ErrForbidden)
	assert.Equal(t, people.None, db.LevelOn(ctx, session, "acme"))
	assert.Equal(t, people.None, db.Visible(ctx, session)("acme"))
	assert.False(t, db.Live(session).Can(people.Read))

	require.NoError(t, db.Enable(ctx, system, dana.ID))
	check()
	_, err = db.CheckPassword(ctx, "dana@example.com", goodPwd, "")
	assert.NoError(t, err)
}
