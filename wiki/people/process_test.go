package people_test

import (
	"bytes"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dealwiki/wiki/people"
)

// TestTheCommandLineBesideTheServer opens the file twice, as two processes do.
func TestTheCommandLineBesideTheServer(t *testing.T) {
	path := filepath.Join(t.TempDir(), "dealwiki.db")
	server, cli := open(t, path, nil), open(t, path, nil)
	told := make(chan people.Change, 100)
	defer server.Watch(func(c people.Change) { told <- c })()

	// What the command line adds is there for the server at once.
	dana := add(t, cli, "dana@example.com", people.Member)
	secret, _, err := cli.NewToken(ctx, people.System("cli"), dana.ID, "x", people.AllScopes, noTime)
	require.NoError(t, err)
	caller, err := server.Token(ctx, secret, "")
	require.NoError(t, err)
	assert.Equal(t, dana, caller.Person)
	_, err = server.CheckPassword(ctx, "dana@example.com", goodPwd, "")
	require.NoError(t, err)
	session := signIn(t, server, dana)

	// What it takes away is gone as soon as the server was told.
	for len(told) > 0 {
		<-told
	}
	require.NoError(t, cli.Disable(ctx, people.System("cli"), dana.ID))
	require.Eventually(t, func() bool {
		_, err := server.Token(ctx, secret, "")
		return err != nil && server.LevelOn(ctx, session, "acme") == people.None
	}, 5*time.Second, time.Millisecond)
	for c := range told {
		if c.Kind == people.Everything {
			break
		}
	}
	_, err = server.Refresh(ctx, session)
	require.ErrorIs(t, err, people.ErrNotFound)
	_, err = server.CheckPassword(ctx, "dana@example.com", goodPwd, "")
	require.ErrorIs(t, err, people.ErrSignIn)

	require.NoError(t, cli.Enable(ctx, system, dana.ID))
	require.NoError(t, cli.SetRestricted(ctx, system, "acme", true))
	again := signIn(t, cli, dana)
	require.Eventually(t, func() bool {
		return server.LevelOn(ctx, again, "other") == people.Editor && server.LevelOn(ctx, again, "acme") == people.None
	}, 5*time.Second, time.Millisecond)
}

func TestTwoProcessesWriteAtOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "dealwiki.db")
	var wg sync.WaitGroup
	dbs := make([]*people.DB, 3)
	for i := range dbs {
		wg.Go(func() {
			db, err := people.Open(path, people.Options{Cost: cheap, Poll: 5 * time.Millisecond})
			if assert.NoError(t, err) {
				dbs[i] = db
			}
		})
	}
	wg.Wait()
	for i, db := range dbs {
		require.NotNil(t, db)
		defer db.Close()
		wg.Go(func() {
			for j := range 20 {
				p, err := db.Add(ctx, system, people.NewPerson{Email: fmt.Sprintf("dana@%d-%d.example", i, j), Name: "Dana"})
				if assert.NoError(t, err) {
					assert.NoError(t, db.Grant(ctx, system, "acme", p.ID, people.Viewer))
				}
			}
		})
	}
	wg.Wait()
	require.Eventually(t, func() bool {
		for _, db := range dbs {
			handles := map[string]bool{}
			all, err := db.List(ctx)
			if err != nil || len(all) != 60 {
				return false
			}
			for _, p := range all {
				handles[p.Handle] = true
			}
			if len(handles) != 60 {
				return false
			}
			if a, err := db.Access(ctx, "acme"); err != nil || len(a.Grants) != 60 {
				return false
			}
		}
		return true
	}, 5*time.Second, 5*time.Millisecond)
	require.NoError(t, dbs[0].Check(ctx))
}

func TestAFileThatCannotBeReadRefuses(t *testing.T) {
	path := filepath.Join(t.TempDir(), "dealwiki.db")
	db, err := people.Open(path, people.Options{Cost: cheap, Poll: 5 * time.Millisecond})
	require.NoError(t, err)
	defer db.Close()
	c := signIn(t, db, add(t, db, "dana@example.com", people.Member))
	require.Equal(t, people.Editor, db.LevelOn(ctx, c, "acme"))

	raw, err := sql.Open("sqlite", "file:"+path+"?_pragma=busy_timeout(5000)")
	require.NoError(t, err)
	defer raw.Close()
	_, err = raw.Exec("ALTER TABLE grants RENAME TO lost")
	require.NoError(t, err)
	require.Eventually(t, func() bool {
		return db.LevelOn(ctx, c, "acme") == people.None && db.Visible(ctx, c)("acme") == people.None
	}, 5*time.Second, 5*time.Millisecond)
	_, err = raw.Exec("ALTER TABLE lost RENAME TO grants")
	require.NoError(t, err)
	require.Eventually(t, func() bool { return db.LevelOn(ctx, c, "acme") == people.Editor }, 5*time.Second, 5*time.Millisecond)
}

func TestOpen(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a folder ?with#odd%41 name")
	require.NoError(t, os.Mkdir(dir, 0o700))
	path := filepath.Join(dir, "dealwiki.db")
	db := open(t, path, nil)
	dana := add(t, db, "dana@example.com", people.Admin)
	c := signIn(t, db, dana)
	info, err := os.Stat(path)
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o600), info.Mode().Perm())

	// A copy taken while it is open is whole.
	copied := filepath.Join(dir, "copy.db")
	require.NoError(t, db.CopyTo(ctx, copied))
	require.Error(t, db.CopyTo(ctx, copied))
	other := open(t, copied, nil)
	got, err := other.Get(ctx, dana.ID)
	require.NoError(t, err)
	assert.Equal(t, dana, got)
	require.NoError(t, other.Check(ctx))
	require.NoError(t, db.Check(ctx))

	// Closed is closed, and says so.
	require.NoError(t, db.Close())
	require.NoError(t, db.Close())
	require.ErrorIs(t, db.Disable(ctx, system, dana.ID), people.ErrClosed)
	_, err = db.Refresh(ctx, c)
	require.Error(t, err)

	// A newer file is refused.
	newer := filepath.Join(t.TempDir(), "newer.db")
	require.NoError(t, other.CopyTo(ctx, newer))
	raw, err := sql.Open("sqlite", "file:"+newer)
	require.NoError(t, err)
	_, err = raw.Exec("PRAGMA user_version = 99")
	require.NoError(t, err)
	require.NoError(t, raw.Close())
	_, err = people.Open(newer, people.Options{})
	require.ErrorContains(t, err, "newer dealwiki")

	// So is one that is no database.
	junk := filepath.Join(dir, "junk.db")
	require.NoError(t, os.WriteFile(junk, bytes.Repeat([]byte("not a database. "), 512), 0o600))
	_, err = people.Open(junk, people.Options{})
	require.Error(t, err)
	_, err = people.Open(filepath.Join(dir, "missing", "x.db"), people.Options{})
	require.ErrorIs(t, err, os.ErrNotExist)
}

func TestSecretsAreNotInTheFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "dealwiki.db")
	db := open(t, path, nil)
	setup, _, err := db.SetupLink(ctx)
	require.NoError(t, err)
	dana := add(t, db, "dana@example.com", people.Member)
	session, _, err := db.StartSession(ctx, dana.ID, "", "")
	require.NoError(t, err)
	token, _, err := db.NewToken(ctx, system, dana.ID, "", people.Read, noTime)
	require.NoError(t, err)
	link, err := db.NewLoginLink(ctx, system, dana.ID, 0)
	require.NoError(t, err)
	invitation, err := db.Invite(ctx, system, "x@example.com", "X", people.Member, "")
	require.NoError(t, err)
	for _, name := range []string{path, path + "-wal"} {
		data, err := os.ReadFile(name)
		require.NoError(t, err)
		for _, secret := range []string{setup, session, token, link, invitation, goodPwd} {
			assert.NotContains(t, string(data), secret)
		}
	}
}
