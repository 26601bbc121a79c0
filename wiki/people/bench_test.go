package people_test

import (
	"fmt"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"dealwiki/wiki/people"
)

// many is a DB with n prospects: a third restricted, each with an owner and two
// people named.
func many(b *testing.B, n int) (*people.DB, people.Caller, []string, string) {
	b.Helper()
	path := filepath.Join(b.TempDir(), "dealwiki.db")
	db, err := people.Open(path, people.Options{Cost: cheap})
	require.NoError(b, err)
	b.Cleanup(func() { _ = db.Close() })
	dana, sam := add(b, db, "dana@example.com", people.Member), add(b, db, "sam@example.com", people.Member)
	slugs := make([]string, n)
	for i := range slugs {
		slugs[i] = fmt.Sprintf("prospect-%05d", i)
		require.NoError(b, db.AddProspect(ctx, system, slugs[i], sam.ID, i%3 == 0))
		if i%6 == 0 {
			require.NoError(b, db.Grant(ctx, system, slugs[i], dana.ID, people.Viewer))
		}
	}
	return db, signIn(b, db, dana), slugs, path
}

func BenchmarkSession(b *testing.B) {
	db, _, _, _ := many(b, 10)
	p, err := db.Find(ctx, "dana")
	require.NoError(b, err)
	token, _, err := db.StartSession(ctx, p.ID, "", "")
	require.NoError(b, err)
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := db.Session(ctx, token); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkLevelOn(b *testing.B) {
	db, c, slugs, _ := many(b, 10_000)
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		db.LevelOn(ctx, c, slugs[i%len(slugs)])
		i++
	}
}

func BenchmarkVisible(b *testing.B) {
	db, c, slugs, _ := many(b, 10_000)
	b.ReportAllocs()
	for b.Loop() {
		visible := db.Visible(ctx, c)
		for _, slug := range slugs {
			visible(slug)
		}
	}
}

func BenchmarkMarkReadAgain(b *testing.B) {
	db, c, slugs, _ := many(b, 10)
	b.ReportAllocs()
	for b.Loop() {
		if err := db.MarkRead(ctx, c, slugs[1], "internal", "closing/plan", "v1"); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkOpen is the part that accounts have in the start of a server with
// 10,000 prospects.
func BenchmarkOpen(b *testing.B) {
	db, _, _, path := many(b, 10_000)
	require.NoError(b, db.Close())
	for b.Loop() {
		db, err := people.Open(path, people.Options{Cost: cheap})
		if err != nil {
			b.Fatal(err)
		}
		if err := db.Close(); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkCheckPassword(b *testing.B) {
	db, err := people.Open(filepath.Join(b.TempDir(), "dealwiki.db"), people.Options{})
	require.NoError(b, err)
	defer db.Close()
	add(b, db, "dana@example.com", people.Member)
	for b.Loop() {
		if _, err := db.CheckPassword(ctx, "dana@example.com", goodPwd, ""); err != nil {
			b.Fatal(err)
		}
	}
}
