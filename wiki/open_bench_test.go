package wiki_test

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"dealwiki/wiki"
	"dealwiki/wiki/people"
)

// BenchmarkOpen opens a data folder with 10,000 prospects, as a server does
// when it starts: accounts, catalogue, playbook. MB is the heap in use then.
func BenchmarkOpen(b *testing.B) {
	const prospects = 10_000
	s := newSite(b)
	s.write(s.prospect("Northwind Rail").Internal(), s.dana, "internal/closing/close-plan", "# Close plan\n")
	s.close()
	// Files are linked, not copied: objects never change, and nothing is written.
	from := filepath.Join(s.dir, "spaces", "northwind-rail")
	for i := range prospects - 1 {
		linkTree(b, from, filepath.Join(s.dir, "spaces", fmt.Sprintf("prospect-%05d", i)))
	}
	s.open()
	for !s.Verified() {
		time.Sleep(10 * time.Millisecond)
	}
	s.close()
	b.ResetTimer()
	for b.Loop() {
		db, err := people.Open(filepath.Join(s.dir, "dealwiki.db"), people.Options{Cost: cheap})
		require.NoError(b, err)
		w, err := wiki.Open(context.Background(), wiki.Config{Dir: s.dir, People: db})
		require.NoError(b, err)
		b.StopTimer()
		require.Len(b, w.Prospects(context.Background(), s.dana), prospects)
		for !w.Verified() {
			time.Sleep(10 * time.Millisecond)
		}
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		b.ReportMetric(float64(m.HeapInuse)/(1<<20), "MB")
		require.NoError(b, w.Close())
		require.NoError(b, db.Close())
		b.StartTimer()
	}
	b.StopTimer()
	s.open()
}

func linkTree(b *testing.B, from, to string) {
	err := filepath.WalkDir(from, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(from, p)
		if err != nil {
			return err
		}
		if d.IsDir() {
			return os.Mkdir(filepath.Join(to, rel), 0o755)
		}
		return os.Link(p, filepath.Join(to, rel))
	})
	require.NoError(b, err)
}
