package people_test

import (
	"context"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"runtime/pprof"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"dealwiki/wiki/people"
)

// TestMain fails when a goroutine outlives the tests.
func TestMain(m *testing.M) {
	if path := os.Getenv(crashEnv); path != "" {
		addUntilKilled(path)
	}
	before := runtime.NumGoroutine()
	code := m.Run()
	if f := flag.Lookup("test.fuzz"); f != nil && f.Value.String() != "" {
		os.Exit(code) // fuzzing keeps goroutines of its own
	}
	for range 100 {
		if runtime.NumGoroutine() <= before {
			os.Exit(code)
		}
		time.Sleep(20 * time.Millisecond)
	}
	fmt.Fprintln(os.Stderr, "goroutines outlived the tests:")
	_ = pprof.Lookup("goroutine").WriteTo(os.Stderr, 1)
	os.Exit(1)
}

// clock is a time that tests set.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock { return &clock{now: time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC)} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) Move(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

var (
	ctx     = context.Background()
	cheap   = people.Cost{Memory: 64, Iterations: 1}
	system  = people.System("test")
	goodPwd = "correct horse battery"
)

func open(t testing.TB, path string, c *clock) *people.DB {
	t.Helper()
	o := people.Options{Cost: cheap, Poll: 10 * time.Millisecond, Logger: slog.New(slog.NewTextHandler(t.Output(), nil))}
	if c != nil {
		o.Now = c.Now
	}
	db, err := people.Open(path, o)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	return db
}

func fresh(t testing.TB) (*people.DB, *clock) {
	t.Helper()
	c := newClock()
	return open(t, filepath.Join(t.TempDir(), "dealwiki.db"), c), c
}

func add(t testing.TB, db *people.DB, email string, role people.Role) people.Person {
	t.Helper()
	p, err := db.Add(ctx, system, people.NewPerson{Email: email, Name: "Name of " + email, Role: role, Password: goodPwd})
	require.NoError(t, err)
	return p
}

// signIn is the person's caller, by a new session.
func signIn(t testing.TB, db *people.DB, p people.Person) people.Caller {
	t.Helper()
	token, _, err := db.StartSession(ctx, p.ID, "192.0.2.1", "test")
	require.NoError(t, err)
	c, _, err := db.Session(ctx, token)
	require.NoError(t, err)
	return c
}

// by is the person's caller by a token with the scopes.
func by(t testing.TB, db *people.DB, p people.Person, scopes people.Scope) people.Caller {
	t.Helper()
	secret, _, err := db.NewToken(ctx, system, p.ID, "test", scopes, time.Time{})
	require.NoError(t, err)
	c, err := db.Token(ctx, secret, "192.0.2.2")
	require.NoError(t, err)
	return c
}
