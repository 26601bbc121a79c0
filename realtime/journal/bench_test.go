package journal_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dealwiki/realtime/journal"
	"dealwiki/realtime/yjs"
)

// BenchmarkAppend is what rooms do: each appends 300 bytes and waits until they
// are on disk.
func BenchmarkAppend(b *testing.B) {
	for _, rooms := range []int{1, 64} {
		b.Run(fmt.Sprintf("rooms=%d", rooms), func(b *testing.B) { appendAtOnce(b, rooms, 0) })
	}
}

// BenchmarkAppendBesideOthers is one page's cost in a file of many others.
func BenchmarkAppendBesideOthers(b *testing.B) {
	for _, others := range []int{0, 1000, 20000} {
		b.Run(fmt.Sprintf("others=%d", others), func(b *testing.B) { appendAtOnce(b, 1, others) })
	}
}

func appendAtOnce(b *testing.B, rooms, others int) {
	j, _ := fresh(b)
	var wg sync.WaitGroup
	for w := range 16 {
		wg.Go(func() {
			state := []byte{0, 0}
			for i := w; i < others; i += 16 {
				id, err := j.Create(ctx, journal.Document{Name: fmt.Sprintf("p%d/internal/pricing/other", i), State: state}, journal.Version{Commit: "c0", State: state})
				if err == nil {
					_, err = j.Append(ctx, id, journal.Batch{Updates: []journal.Update{{Person: "dana", Data: make([]byte, 300)}}})
				}
				assert.NoError(b, err)
			}
		})
	}
	wg.Wait()
	ids := make([]int64, rooms)
	for i := range ids {
		var err error
		ids[i], err = j.Create(ctx, journal.Document{Name: fmt.Sprintf("acme/internal/pricing/page-%d", i)}, journal.Version{})
		require.NoError(b, err)
	}
	var left atomic.Int64
	left.Store(int64(b.N))
	b.ResetTimer()
	for _, id := range ids {
		wg.Go(func() {
			data := make([]byte, 300)
			for left.Add(-1) >= 0 {
				_, err := j.Append(ctx, id, journal.Batch{Updates: []journal.Update{{Person: "dana", Data: data, At: noon}}})
				if err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	b.StopTimer()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "appends/s")
}

// longPast makes a document of 50 kB with n versions behind it, each of which
// changed a few places, and answers how many bytes the file grew by for each.
func longPast(b testing.TB, j *journal.Journal, n int) float64 {
	id, doc := create(b, j, page, words(50_000))
	size := func() int64 {
		to := filepath.Join(b.TempDir(), "copy.db")
		require.NoError(b, j.Copy(ctx, to))
		info, err := os.Stat(to)
		require.NoError(b, err)
		return info.Size()
	}
	before := size()
	random := rand.New(rand.NewPCG(1, 2))
	for v := range n {
		doc = doc.Fork(uint64(100 + v%40)) // as many people and tabs
		var batch journal.Batch
		for range 5 { // places
			at := random.IntN(len(doc.Text()) - 20)
			for k := range 20 { // keystrokes
				u, err := doc.Change(yjs.Edit{Pos: at + k, Insert: string(rune('a' + random.IntN(26)))})
				require.NoError(b, err)
				batch.Updates = append(batch.Updates, journal.Update{Person: "dana", Data: u, At: noon})
			}
			u, err := doc.Change(yjs.Edit{Pos: at + 20, Delete: 20})
			require.NoError(b, err)
			batch.Updates = append(batch.Updates, journal.Update{Person: "dana", Data: u, Removed: 20, At: noon})
		}
		upto, err := j.Append(ctx, id, batch)
		require.NoError(b, err)
		state := doc.Encode(nil)
		require.NoError(b, j.Save(ctx, id, journal.Saving{Text: hash(doc.Text()), State: state, Upto: upto}))
		require.NoError(b, j.Saved(ctx, id, journal.Version{Commit: fmt.Sprintf("%040d", v), State: state}, upto))
		if v%50 == 49 || v == n-1 {
			require.NoError(b, j.Compact(ctx, id, upto, state))
		}
	}
	b.Logf("state of the last version: %d bytes", len(doc.Encode(nil)))
	return float64(size()-before) / float64(n)
}

func words(n int) string {
	random := rand.New(rand.NewPCG(3, 4))
	text := make([]byte, 0, n)
	for len(text) < n {
		for range 2 + random.IntN(8) {
			text = append(text, byte('a'+random.IntN(26)))
		}
		text = append(text, " \n"[random.IntN(12)/11])
	}
	return string(text)
}

// BenchmarkVersions is how the file grows by the states of versions, and what
// one costs in time.
func BenchmarkVersions(b *testing.B) {
	const n = 500
	for range b.N {
		j, _ := fresh(b)
		b.ReportMetric(longPast(b, j, n), "B/version")
		b.ReportMetric(float64(b.Elapsed().Milliseconds())/float64(n)/float64(b.N), "ms/version")
	}
}

// BenchmarkOpening opens a page with 500 versions and 1,000 edits that are not
// yet in its state, as a room does: the document, and the state of its last
// version.
func BenchmarkOpening(b *testing.B) {
	j, _ := fresh(b)
	longPast(b, j, 500)
	d := load(b, j, page)
	doc, err := yjs.Load(d.State, yjs.Options{Client: 7})
	require.NoError(b, err)
	for i := range 1000 {
		_, err := j.Append(ctx, d.ID, journal.Batch{Updates: []journal.Update{edit(b, doc, i*10, "x")}})
		require.NoError(b, err)
	}
	for b.Loop() {
		d := load(b, j, page)
		doc, err := yjs.Load(d.State, yjs.Options{})
		require.NoError(b, err)
		for _, u := range d.Updates {
			_, err := doc.Apply(u.Data)
			require.NoError(b, err)
		}
		_, err = j.State(ctx, d.ID, d.Last)
		require.NoError(b, err)
	}
}
