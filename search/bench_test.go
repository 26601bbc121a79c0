package search_test

import (
	"context"
	"fmt"
	"io/fs"
	"iter"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"dealwiki/search"
)

// corpus is a made-up company of so many pages, 50 to a prospect, one in five
// of them external. Pages are made when they are read and always the same.
type corpus struct {
	pages int
	words []string
	watch chan struct{}
}

const perProspect = 50

var stages = []string{"prospecting", "qualifying", "pricing", "proposing", "negotiating", "closing", "delivering", "servicing"}

func newCorpus(pages int) *corpus {
	c := &corpus{pages: pages, watch: make(chan struct{}, 1)}
	rnd := rand.New(rand.NewPCG(1, 2))
	const vowels, consonants = "aeiou", "bcdfghjklmnprstvwz"
	seen := map[string]bool{}
	for len(c.words) < 60_000 {
		var b strings.Builder
		for range 2 + rnd.IntN(3) {
			b.WriteByte(consonants[rnd.IntN(len(consonants))])
			b.WriteByte(vowels[rnd.IntN(len(vowels))])
		}
		if rnd.IntN(2) == 0 {
			b.WriteByte(consonants[rnd.IntN(len(consonants))])
		}
		if w := b.String(); !seen[w] {
			seen[w] = true
			c.words = append(c.words, w)
		}
	}
	return c
}

// word draws one as language does: the n-th commonest 1/n as often.
func (c *corpus) word(rnd *rand.Rand) string {
	n := math.Pow(float64(len(c.words)), rnd.Float64())
	return c.words[min(int(n)-1, len(c.words)-1)]
}

func (c *corpus) page(n int) string {
	rnd := rand.New(rand.NewPCG(uint64(n), 7))
	var b strings.Builder
	sentence := func(words int) {
		for i := range words {
			if i > 0 {
				b.WriteByte(' ')
			}
			b.WriteString(c.word(rnd))
		}
	}
	b.WriteString("# ")
	sentence(4)
	for range 5 {
		b.WriteString("\n\n## ")
		sentence(3)
		for range 2 {
			b.WriteString("\n\n")
			for range 4 {
				sentence(12)
				b.WriteString(". ")
			}
		}
	}
	if n%2 == 0 {
		fmt.Fprintf(&b, "\n\n> [!%s] ", []string{"decision", "commitment", "requirement", "risk", "question"}[rnd.IntN(5)])
		sentence(8)
		fmt.Fprintf(&b, " @p%d ^f-%d\n", rnd.IntN(40), n)
	}
	b.WriteString("\n")
	return b.String()
}

func (c *corpus) Sides(context.Context) iter.Seq[search.Side] {
	return func(yield func(search.Side) bool) {
		for p := range (c.pages + perProspect - 1) / perProspect {
			for _, section := range []string{search.Internal, search.External} {
				if !yield(corpusSide{c, p, section}) {
					return
				}
			}
		}
	}
}

func (c *corpus) Side(context.Context, search.SideID) (search.Side, error) {
	return nil, fs.ErrNotExist
}
func (c *corpus) Watch() <-chan struct{} { return c.watch }
func (c *corpus) Dirty() []search.SideID { return nil }

type corpusSide struct {
	*corpus
	p       int
	section string
}

func (s corpusSide) ID() search.SideID {
	return search.SideID{Prospect: fmt.Sprintf("prospect-%d", s.p), Section: s.section}
}
func (s corpusSide) Head() (string, error) { return "1", nil }
func (s corpusSide) Title() string         { return fmt.Sprintf("Prospect %d", s.p) }
func (s corpusSide) Access() []string {
	if s.p%20 == 0 {
		return []string{fmt.Sprintf("prospect:prospect-%d", s.p)}
	}
	return []string{"open"}
}
func (s corpusSide) Changes(context.Context, string, string) ([]search.Change, error) {
	var out []search.Change
	for i := range perProspect {
		if n := s.p*perProspect + i; n < s.pages && (i%5 == 0) == (s.section == search.External) {
			out = append(out, search.Change{Path: fmt.Sprintf("%s/page-%d.md", stages[n%len(stages)], n)})
		}
	}
	return out, nil
}
func (s corpusSide) Read(_ context.Context, _, path string) ([]byte, error) {
	n, err := strconv.Atoi(strings.TrimSuffix(path[strings.LastIndexByte(path, '-')+1:], ".md"))
	return []byte(s.page(n)), err
}
func (s corpusSide) Meta(_ context.Context, path string) (search.Meta, error) {
	n, err := strconv.Atoi(strings.TrimSuffix(path[strings.LastIndexByte(path, '-')+1:], ".md"))
	author := fmt.Sprintf("p%d", n%40)
	return search.Meta{Author: author, Authors: []string{author, fmt.Sprintf("p%d", n%7)}, Updated: time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(n) * 13 * time.Minute)}, err
}

// benchIndex opens the index over the corpus, which is kept between runs in
// the user's cache folder: building it takes minutes. DEALWIKI_BENCH_PAGES
// sets how many pages; the figures published are of 100,000.
func benchIndex(b *testing.B) (*corpus, *search.Index) {
	b.Helper()
	pages := 100_000
	if s := os.Getenv("DEALWIKI_BENCH_PAGES"); s != "" {
		n, err := strconv.Atoi(s)
		require.NoError(b, err)
		pages = n
	}
	cache, err := os.UserCacheDir()
	require.NoError(b, err)
	dir := filepath.Join(cache, "dealwiki-bench", fmt.Sprintf("search-%d", pages))
	require.NoError(b, os.MkdirAll(dir, 0o700))
	c := newCorpus(pages)
	x, err := search.Open(dir, c, search.Options{})
	require.NoError(b, err)
	b.Cleanup(func() { require.NoError(b, x.Close()) })
	building, start := x.State().Building, time.Now()
	require.NoError(b, x.Sync(context.Background()))
	if building {
		b.Logf("built %d pages in %v", pages, time.Since(start).Round(time.Second))
	}
	return c, x
}

// BenchmarkSearch measures searches of several kinds over the corpus, each
// with words that differ from search to search.
func BenchmarkSearch(b *testing.B) {
	c, x := benchIndex(b)
	rare := func(i int) string { return c.words[2000+i*37%20_000] }
	medium := func(i int) string { return c.words[150+i*13%1000] }
	common := func(i int) string { return c.words[5+i%40] }
	kinds := []struct {
		name   string
		facets bool
		query  func(i int) string
	}{
		{"rare", false, rare},
		{"medium", false, medium},
		{"common", false, common},
		{"common-in-one-prospect", false, func(i int) string { return fmt.Sprintf("%s prospect:prospect-%d", common(i), 1+i%19) }},
		{"two-words", false, func(i int) string { return medium(i) + " " + common(i) }},
		{"phrase", false, func(i int) string { return `"` + common(i) + " " + common(i+7) + `"` }},
		{"filter-facets-highlights", true, func(i int) string {
			return medium(i) + " " + medium(i+5) + " in:internal stage:" + stages[i%len(stages)]
		}},
		{"medium-section-facets", true, func(i int) string { return medium(i) + " in:internal" }},
		{"common-facets", true, func(i int) string { return common(i) + " in:internal" }},
		{"prefix", true, func(i int) string { return medium(i)[:3] + "*" }},
		{"typo", true, func(i int) string { w := rare(i); return w[:len(w)-1] + "qx" }},
		{"filters-only", true, func(i int) string { return "kind:risk stage:" + stages[i%len(stages)] + " after:2024-06-01" }},
	}
	for _, k := range kinds {
		b.Run(k.name, func(b *testing.B) {
			var times []time.Duration
			hits := 0
			for i := 0; b.Loop(); i++ {
				q := parse(b, k.query(i))
				start := time.Now()
				res, err := x.Search(context.Background(), search.Request{Query: q, Access: []string{"open", "prospect:prospect-20"}, Facets: k.facets, Limit: 20}, func(string) bool { return true })
				times = append(times, time.Since(start))
				if err != nil {
					b.Fatal(err)
				}
				hits += res.Total
			}
			report(b, times)
			b.ReportMetric(float64(hits)/float64(len(times)), "hits")
		})
	}
	b.Run("suggest", func(b *testing.B) {
		var times []time.Duration
		for i := 0; b.Loop(); i++ {
			start := time.Now()
			if _, err := x.Suggest(context.Background(), medium(i)[:1+i%4], []string{"open"}, 10, nil); err != nil {
				b.Fatal(err)
			}
			times = append(times, time.Since(start))
		}
		report(b, times)
	})
}

func report(b *testing.B, times []time.Duration) {
	slices.Sort(times)
	at := func(p int) float64 { return float64(times[(len(times)-1)*p/100].Microseconds()) / 1000 }
	b.ReportMetric(at(50), "p50-ms")
	b.ReportMetric(at(95), "p95-ms")
	b.ReportMetric(0, "ns/op")
}

// BenchmarkIndex measures how fast pages are taken in.
func BenchmarkIndex(b *testing.B) {
	c := newCorpus(1000)
	for b.Loop() {
		x, err := search.Open(b.TempDir(), c, search.Options{})
		require.NoError(b, err)
		require.NoError(b, x.Sync(context.Background()))
		require.NoError(b, x.Close())
	}
	b.ReportMetric(1000*float64(b.N)/b.Elapsed().Seconds(), "pages/s")
}
