package search_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"sort"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dealwiki/search"
	"dealwiki/search/query"
)

// TestMain fails the package when a goroutine of ours is left behind.
func TestMain(m *testing.M) {
	code := m.Run()
	if code == 0 {
		if left := leftover(); left != "" {
			fmt.Fprintf(os.Stderr, "goroutines left behind:\n%s\n", left)
			code = 1
		}
	}
	os.Exit(code)
}

func leftover() string {
	var left string
	for range 50 {
		buf := make([]byte, 1<<20)
		left = ""
		for _, g := range strings.Split(string(buf[:runtime.Stack(buf, true)]), "\n\n") {
			// Bleve's workers that analyse text live as long as the process.
			if strings.Contains(g, "bleve_index_api.AnalysisWorker") || strings.Contains(g, "TestMain") || strings.Contains(g, "os/signal") {
				continue
			}
			left += g + "\n\n"
		}
		if left == "" {
			return ""
		}
		time.Sleep(20 * time.Millisecond)
	}
	return left
}

func open(t testing.TB, dir string, src search.Source) *search.Index {
	t.Helper()
	x, err := search.Open(dir, src, search.Options{Logger: slog.New(slog.NewTextHandler(t.Output(), nil)), Gather: time.Millisecond, Retry: time.Millisecond})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, x.Close()) })
	return x
}

// synced opens an index in a new folder and catches up.
func synced(t testing.TB, src search.Source) *search.Index {
	t.Helper()
	x := open(t, t.TempDir(), src)
	require.NoError(t, x.Sync(context.Background()))
	return x
}

func parse(t testing.TB, s string) query.Query {
	t.Helper()
	q, err := query.Parse(s)
	require.NoError(t, err)
	return q
}

func find(t testing.TB, x *search.Index, q string) search.Result {
	t.Helper()
	res, err := x.Search(context.Background(), search.Request{Query: parse(t, q), Access: []string{"open"}, Limit: 100, Facets: true}, nil)
	require.NoError(t, err)
	return res
}

// names lists what was found: prospect:path#fact, in order.
func names(hits []search.Hit) []string {
	out := []string{}
	for _, h := range hits {
		s := h.Prospect + ":" + h.Path
		if h.Type == "fact" {
			s += "#" + h.FactID
		}
		if h.Label != "" {
			s += "[" + h.Label + "]"
		}
		out = append(out, s)
	}
	return out
}

func sorted(list []string) []string { sort.Strings(list); return list }

const closePlan = `---
tags: [legal, priority]
---
# Close plan

Three things must land: the data processing terms, the penalty cap and the migration rehearsal.

## Who signs

We take a 10 % cap only if the first go-live moves to 15 March. See [the contract](files/contract.txt).

> [!risk] Procurement may delay the signature @tom due:2026-12-01 ^r-1a2b
> The steering group meets once a month only.

> [!decision] Penalty runs from week three status:done ^d-77aa

- [ ] Send the redlines @dana due:2026-11-18 ^t-9z9z
`

// company fills a source with two prospects.
func company() *fakeSource {
	src := newFake()
	src.commit("northwind/internal", map[string]string{
		"closing/close-plan.md":            closePlan,
		"closing/open-redlines.md":         "# Open redlines\n\nClause 14.3, penalty: Northwind asks for a cap of 10 % of the yearly fee.\n",
		"account/überblick.md":             "---\nlang: de\n---\n# Überblick\n\nDie Verträge wurden geprüft und die Gespräche mit dem Einkauf laufen in Zürich.\n",
		"prospect.yaml":                    "stage: closing",
		"closing/close-plan.comments.yaml": "- penalty",
	})
	src.commit("northwind/internal", map[string]string{
		"closing/files/contract.txt": "Master agreement. Liability is limited to the yearly fee.",
	})
	src.commit("northwind/external", map[string]string{
		"closing/mutual-action-plan.md": "# Mutual action plan\n\nAgree the penalty schedule and its cap.\n\n> [!commitment] No penalty for delays of the network ^c-7f3a\n",
	})
	src.commit("sund/internal", map[string]string{
		"pricing/calculation.md": "# Calculation\n\nThe discounted price of the licences, negotiated with their engineers.\n",
	})
	src.edit("northwind", "internal", func(s *fakeSide) {
		s.meta["closing/open-redlines.md"] = search.Meta{Author: "lars", Authors: []string{"lars", "dana"}, Updated: time.Date(2026, 10, 22, 0, 0, 0, 0, time.UTC)}
	})
	return src
}

func TestSearch(t *testing.T) {
	x := synced(t, company())
	tests := []struct {
		q    string
		want []string
	}{
		{"penalty cap", []string{"northwind:closing/close-plan.md", "northwind:closing/open-redlines.md", "northwind:closing/mutual-action-plan.md"}},
		{`"penalty cap"`, []string{"northwind:closing/close-plan.md"}},
		{"penalties", []string{"northwind:closing/close-plan.md", "northwind:closing/open-redlines.md", "northwind:closing/mutual-action-plan.md", "northwind:closing/mutual-action-plan.md#c-7f3a", "northwind:closing/close-plan.md#d-77aa"}},
		{"negotiate discounts", []string{"sund:pricing/calculation.md"}},
		{"penalty -schedule type:page", []string{"northwind:closing/close-plan.md", "northwind:closing/open-redlines.md"}},
		{"rehearsal OR calculation", []string{"northwind:closing/close-plan.md", "sund:pricing/calculation.md"}},
		{"rehears*", []string{"northwind:closing/close-plan.md"}},
		{"liability", []string{"northwind:closing/files/contract.txt"}},
		{"contract type:file", []string{"northwind:closing/files/contract.txt"}},
		{"kind:risk", []string{"northwind:closing/close-plan.md#r-1a2b"}},
		{"kind:fact is:open", []string{"northwind:closing/close-plan.md#r-1a2b", "northwind:closing/mutual-action-plan.md#c-7f3a"}},
		{"kind:action by:dana", []string{"northwind:closing/close-plan.md#t-9z9z"}},
		{"penalty in:external type:page", []string{"northwind:closing/mutual-action-plan.md"}},
		{"penalty -in:external type:page", []string{"northwind:closing/close-plan.md", "northwind:closing/open-redlines.md"}},
		{"tag:legal", []string{"northwind:closing/close-plan.md"}},
		{"has:attachment", []string{"northwind:closing/close-plan.md"}},
		{"has:risk", []string{"northwind:closing/close-plan.md"}},
		{"by:lars", []string{"northwind:closing/open-redlines.md"}},
		{"type:page before:2026-11-01", []string{"northwind:closing/open-redlines.md"}},
		{"type:page after:2026-10-22 before:2026-10-23", []string{"northwind:closing/open-redlines.md"}},
		{"type:file after:2026-11-02", []string{"northwind:closing/files/contract.txt"}},
		{"type:file after:1990 before:2100", []string{"northwind:closing/files/contract.txt"}},
		{"type:file after:2026-11-02 before:2026-12", []string{"northwind:closing/files/contract.txt"}},
		{"type:file after:2027", []string{}},
		{"stage:pricing prospect:sund", []string{"sund:pricing/calculation.md"}},
		{"vertrag", []string{"northwind:account/überblick.md"}},
		{"zurich", []string{"northwind:account/überblick.md"}},
		{"überblick", []string{"northwind:account/überblick.md"}},
		{"rehersal", []string{"northwind:closing/close-plan.md"}},
		{"Sund", []string{"sund:"}},
		{"type:prospect rail", []string{"northwind:", "sund:"}},
		{"penalty AND nowherefound", []string{}},
		{"follow-up", []string{}},
		{"the", nil},
	}
	for _, tt := range tests {
		t.Run(tt.q, func(t *testing.T) {
			res := find(t, x, tt.q)
			if tt.want == nil {
				assert.NotZero(t, res.Total)
				return
			}
			assert.Equal(t, sorted(tt.want), sorted(names(res.Hits)))
			assert.Equal(t, len(tt.want), res.Total)
			assert.False(t, res.Building)
		})
	}
}

func TestHit(t *testing.T) {
	x := synced(t, company())
	res := find(t, x, "penalty cap type:page")
	assert.Equal(t, search.Facets{
		Prospect: []search.Count{{"northwind", 3}}, Section: []search.Count{{"internal", 2}, {"external", 1}}, Stage: []search.Count{{"closing", 3}},
		Kind: []search.Count{{"page", 3}}, Author: []search.Count{{"dana", 3}, {"lars", 1}}}, res.Facets)
	h := res.Hits[0]
	for _, h = range res.Hits {
		if h.Path == "closing/close-plan.md" {
			break
		}
	}
	assert.Equal(t, "Close plan", h.Title)
	assert.Equal(t, "Northwind Rail", h.ProspectTitle)
	assert.Equal(t, "internal", h.Section)
	assert.Equal(t, "closing", h.Stage)
	assert.Equal(t, "dana", h.Author)
	assert.Equal(t, epoch, h.Updated.UTC())
	var marked []string
	text := ""
	for _, f := range h.Fragments {
		text += f.Text
		if f.Match {
			marked = append(marked, f.Text)
		}
	}
	assert.Subset(t, marked, []string{"penalty", "cap"})
	assert.Contains(t, text, "data processing terms, the penalty cap and")

	fact := find(t, x, "procurement signature kind:risk").Hits[0]
	assert.Equal(t, "Procurement may delay the signature", fact.Title)
	assert.Equal(t, []search.Fragment{{Text: "Procurement", Match: true}, {Text: " may delay the "}, {Text: "signature", Match: true}}, fact.TitleParts)
	assert.Equal(t, "Close plan", fact.PageTitle)
	assert.Equal(t, "tom", fact.Owner)
	assert.Equal(t, "2026-12-01", fact.Due)
	assert.True(t, fact.Open)
	assert.Equal(t, 12, fact.Line)

	res = find(t, x, "penatly")
	assert.True(t, res.Corrected)
	require.NotEmpty(t, res.Hits)
	res, err := x.Search(context.Background(), search.Request{Query: parse(t, "pena").Typing(), Access: []string{"open"}}, nil)
	require.NoError(t, err)
	assert.False(t, res.Corrected)
	assert.Equal(t, 5, res.Total)
}

func TestPaging(t *testing.T) {
	src := newFake()
	for i := range 30 {
		for _, section := range []string{"internal", "external"} {
			src.commit(fmt.Sprintf("p%d/%s", i%7, section), map[string]string{fmt.Sprintf("closing/page-%d.md", i): fmt.Sprintf("# Page %d\n\nterms %s\n", i, strings.Repeat("terms and ", i%4))})
		}
	}
	x := synced(t, src)
	for _, sort := range []search.Sort{search.Best, search.Newest} {
		for _, q := range []string{"terms", "type:page"} {
			r := search.Request{Query: parse(t, q), Access: []string{"open"}, Limit: 7, Sort: sort}
			seen := map[string]bool{}
			pages := 0
			for {
				res, err := x.Search(context.Background(), r, nil)
				require.NoError(t, err)
				assert.Equal(t, 60, res.Total)
				for _, h := range res.Hits {
					assert.False(t, seen[h.ID], "%s twice", h.ID)
					seen[h.ID] = true
				}
				pages++
				if res.Next == "" {
					break
				}
				r.Cursor = res.Next
			}
			assert.Len(t, seen, 60)
			assert.Equal(t, 9, pages)
		}
	}
	r := search.Request{Query: parse(t, "terms"), Access: []string{"open"}, Limit: 5}
	res, err := x.Search(context.Background(), r, nil)
	require.NoError(t, err)
	for _, forged := range []string{"x", "AAAA", res.Next[:len(res.Next)-4], res.Next + "AAAA", strings.ToLower(res.Next), strings.Repeat("A", 1<<16)} {
		r.Cursor = forged
		_, err := x.Search(context.Background(), r, nil)
		assert.ErrorIs(t, err, search.ErrCursor, "%.40s", forged)
	}
	r.Cursor, r.Query = res.Next, parse(t, "page")
	_, err = x.Search(context.Background(), r, nil)
	assert.ErrorIs(t, err, search.ErrCursor, "the cursor of another search")
	for _, limit := range []int{-1, 101, 1e9} {
		_, err = x.Search(context.Background(), search.Request{Query: parse(t, "terms"), Limit: limit}, nil)
		assert.ErrorIs(t, err, search.ErrLimit)
	}
}

func TestRestricted(t *testing.T) {
	src := company()
	src.commit("secretive/internal", map[string]string{"closing/takeover.md": "# Takeover\n\nThe penalty xyzzy.\n\n> [!risk] Penalty xyzzy ^r-0\n"})
	src.edit("secretive", "internal", func(s *fakeSide) {
		s.access = []string{"prospect:secretive"}
		s.meta["closing/takeover.md"] = search.Meta{Author: "mole", Authors: []string{"mole"}, Updated: epoch}
	})
	x := synced(t, src)
	ctx := context.Background()
	open := find(t, x, "penalty")
	hidden := func(p string) bool { return p != "secretive" }
	for _, q := range []string{"xyzzy", "xyzz*", "xyzzi", `"penalty xyzzy"`, "prospect:secretive", "by:mole", "secretive", "type:prospect secretive", "penalty -schedule", "penalty", "kind:risk", "pen*"} {
		for name, r := range map[string]search.Request{
			"without the token":                {Access: []string{"open"}},
			"with a token that is out of date": {Access: []string{"open", "prospect:secretive"}},
			"without any token":                {},
		} {
			t.Run(q+" "+name, func(t *testing.T) {
				r.Query, r.Facets, r.Limit = parse(t, q), true, 100
				res, err := x.Search(ctx, r, hidden)
				require.NoError(t, err)
				assert.NotContains(t, fmt.Sprint(res), "secretive")
				assert.NotContains(t, fmt.Sprint(res), "mole")
				assert.NotContains(t, strings.ToLower(fmt.Sprint(res.Hits)), "xyzzy")
				if q == "penalty" && len(r.Access) > 0 {
					assert.Equal(t, open.Total, res.Total)
					assert.Equal(t, open.Facets, res.Facets)
				}
				if len(r.Access) == 0 {
					assert.Zero(t, res.Total)
				}
			})
		}
	}
	for _, access := range [][]string{{"open"}, {"open", "prospect:secretive"}, nil} {
		hits, err := x.Suggest(ctx, "take", access, 10, hidden)
		require.NoError(t, err)
		assert.Empty(t, hits)
		hits, err = x.Suggest(ctx, "secr", access, 10, hidden)
		require.NoError(t, err)
		assert.Empty(t, hits)
	}
	res, err := x.Search(ctx, search.Request{Query: parse(t, "xyzzy"), Access: []string{"prospect:secretive"}}, nil)
	require.NoError(t, err)
	assert.Equal(t, 2, res.Total)

	// Opened, it is found by all; restricted, by nobody else.
	src.edit("secretive", "internal", func(s *fakeSide) { s.access = []string{"open"} })
	require.NoError(t, x.Sync(ctx))
	assert.Equal(t, 2, find(t, x, "xyzzy").Total)
	src.edit("secretive", "internal", func(s *fakeSide) { s.access = []string{"prospect:secretive"} })
	require.NoError(t, x.Sync(ctx))
	assert.Zero(t, find(t, x, "xyzzy").Total)
}

func TestSectionsApart(t *testing.T) {
	x := synced(t, company())
	for _, q := range []string{"penalty", "close plan", "in:internal penalty", "kind:risk", "type:prospect rail", "redlines", "redl*", "redlinse"} {
		res, err := x.External().Search(context.Background(), search.Request{Query: parse(t, q), Access: []string{"open"}, Facets: true}, nil)
		require.NoError(t, err)
		for _, h := range res.Hits {
			assert.Equal(t, "external", h.Section)
		}
		assert.NotContains(t, fmt.Sprint(res), "internal")
	}
	hits, err := x.External().Suggest(context.Background(), "plan", []string{"open"}, 10, nil)
	require.NoError(t, err)
	assert.Equal(t, []string{"northwind:closing/mutual-action-plan.md"}, names(hits))
}

func TestSuggest(t *testing.T) {
	x := synced(t, company())
	for text, want := range map[string][]string{
		"":          {},
		"n":         {"northwind:"},
		"nor":       {"northwind:"},
		"plan":      {"northwind:closing/close-plan.md", "northwind:closing/mutual-action-plan.md"},
		"clo pl":    {"northwind:closing/close-plan.md"},
		"uber":      {"northwind:account/überblick.md"},
		"contract":  {"northwind:closing/files/contract.txt"},
		"procure":   {},
		"zzz":       {},
		"\"*(":      {},
		"rail nort": {"northwind:"},
	} {
		hits, err := x.Suggest(context.Background(), text, []string{"open"}, 10, nil)
		require.NoError(t, err)
		assert.Equal(t, sorted(want), sorted(names(hits)), "%q", text)
	}
	_, err := x.Suggest(context.Background(), "x", []string{"open"}, 0, nil)
	assert.ErrorIs(t, err, search.ErrLimit)
}

func TestFollowing(t *testing.T) {
	src := company()
	x := open(t, t.TempDir(), src)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- x.Run(ctx) }()
	eventually := func(q string, n int) {
		t.Helper()
		require.Eventually(t, func() bool { return find(t, x, q).Total == n }, 20*time.Second, 5*time.Millisecond, "%s should find %d", q, n)
	}
	eventually("penalty cap", 3)
	require.Eventually(t, func() bool { return !x.State().Building }, 20*time.Second, 5*time.Millisecond)

	src.commit("northwind/internal", map[string]string{"closing/open-redlines.md": "# Open redlines\n\nAll settled.\n"})
	eventually("penalty cap", 2)
	eventually("settled", 1)
	src.commit("northwind/internal", map[string]string{"closing/close-plan.md": "", "closing/signing-plan.md": closePlan})
	require.Eventually(t, func() bool {
		got := names(find(t, x, "rehearsal").Hits)
		assert.Len(t, got, 1, "never twice, never missing while a page is renamed")
		return got[0] == "northwind:closing/signing-plan.md"
	}, 20*time.Second, 5*time.Millisecond)
	assert.Equal(t, []string{"northwind:closing/signing-plan.md#r-1a2b"}, names(find(t, x, "kind:risk").Hits))

	src.edit("sund", "internal", func(s *fakeSide) { s.title = "Sund Bridge Authority" })
	eventually("authority type:prospect", 1)
	src.remove("sund")
	eventually("prospect:sund", 0)

	src.commit("northwind/internal", map[string]string{"closing/late.md": "# Late\n\nlatecomer\n", "closing/later.md": "# Later\n\nlatecomer\n"})
	src.edit("northwind", "internal", func(s *fakeSide) { s.fail = errors.New("disk trouble"); s.reads = 0 })
	src.commit("northwind/external", map[string]string{"closing/other.md": "# Other\n\nunharmed\n"})
	eventually("unharmed", 1)
	src.mu.Lock()
	src.sides[search.SideID{Prospect: "northwind", Section: "internal"}].fail = nil
	src.mu.Unlock()
	eventually("latecomer", 2)
	x.Reindex("northwind")
	eventually("latecomer", 2)
	cancel()
	require.NoError(t, <-done)
}

// contents describes everything in an index.
func contents(t testing.TB, x *search.Index) []string {
	t.Helper()
	var out []string
	for _, typ := range []string{"page", "fact", "file", "prospect"} {
		r := search.Request{Query: parse(t, "type:"+typ), Access: []string{"open", "team"}, Limit: 100}
		for {
			res, err := x.Search(context.Background(), r, nil)
			require.NoError(t, err)
			for _, h := range res.Hits {
				h.Score = 0
				h.Updated = h.Updated.UTC()
				out = append(out, fmt.Sprintf("%+v", h))
			}
			if r.Cursor = res.Next; r.Cursor == "" {
				break
			}
		}
	}
	return sorted(out)
}

// TestSameAsRebuilt makes random histories, follows them with crashes and
// restarts between, and compares with an index made at once.
func TestSameAsRebuilt(t *testing.T) {
	for seed := range uint64(4) {
		rnd := rand.New(rand.NewPCG(seed, 1))
		src := newFake()
		dir := t.TempDir()
		x, err := search.Open(dir, src, search.Options{})
		require.NoError(t, err)
		for step := range 60 {
			place := fmt.Sprintf("p%d/%s", rnd.IntN(4), []string{"internal", "external"}[rnd.IntN(2)])
			switch n := rnd.IntN(20); {
			case n < 12:
				path := fmt.Sprintf("%s/page-%d.md", []string{"closing", "pricing"}[rnd.IntN(2)], rnd.IntN(6))
				text := fmt.Sprintf("# Title %d\n\nbody %d\n\n> [!risk] risk %d ^r-%d\n", step, rnd.IntN(9), step, rnd.IntN(3))
				if rnd.IntN(4) == 0 {
					text = ""
				}
				src.commit(place, map[string]string{path: text})
			case n < 14:
				src.commit(place, map[string]string{fmt.Sprintf("closing/files/f%d.txt", rnd.IntN(3)): fmt.Sprintf("file %d", step)})
			case n < 15:
				src.remove(strings.Split(place, "/")[0])
			case n < 17:
				prospect, section, _ := strings.Cut(place, "/")
				if src.sides[search.SideID{Prospect: prospect, Section: section}] != nil {
					src.edit(prospect, section, func(s *fakeSide) {
						s.title, s.access = fmt.Sprintf("Title %d", step), []string{[]string{"open", "team"}[rnd.IntN(2)]}
					})
				}
			case n < 18:
				require.NoError(t, x.Close())
				if rnd.IntN(2) == 0 { // as it was at some earlier moment on disk
					require.NoError(t, os.RemoveAll(filepath.Join(dir, "internal", "store")))
				}
				x, err = search.Open(dir, src, search.Options{})
				require.NoError(t, err)
			default:
				require.NoError(t, x.Sync(context.Background()))
			}
		}
		require.NoError(t, x.Sync(context.Background()))
		fresh := synced(t, src)
		assert.Equal(t, contents(t, fresh), contents(t, x), "seed %d", seed)
		require.NoError(t, x.Close())
	}
}

func TestReplayAfterCrash(t *testing.T) {
	src := newFake()
	files := map[string]string{}
	for i := range 2500 {
		files[fmt.Sprintf("closing/page-%d.md", i)] = fmt.Sprintf("# Page %d\n\nreplayed %d\n", i, i)
	}
	src.commit("big/internal", files)
	src.edit("big", "internal", func(s *fakeSide) { s.reads = -2000; s.fail = errors.New("power cut") })
	dir := t.TempDir()
	x, err := search.Open(dir, src, search.Options{})
	require.NoError(t, err)
	require.Error(t, x.Sync(context.Background()), "the side fails after some batches")
	partly := find(t, x, "replayed").Total
	assert.Positive(t, partly)
	assert.Less(t, partly, 2500)
	assert.True(t, x.State().Building)
	require.NoError(t, x.Close())

	src.edit("big", "internal", func(s *fakeSide) { s.fail = nil })
	src.commit("big/internal", map[string]string{"closing/page-7.md": ""})
	x = open(t, dir, src)
	assert.True(t, find(t, x, "replayed").Building, "results say that more is to come")
	require.NoError(t, x.Sync(context.Background()))
	assert.Equal(t, 2499, find(t, x, "replayed").Total)
	assert.False(t, x.State().Building)
	fresh := synced(t, src)
	assert.Equal(t, find(t, fresh, "replayed").Facets, find(t, x, "replayed").Facets)
}

func TestDamage(t *testing.T) {
	header := func(s string) func(t *testing.T, dir string) {
		return func(t *testing.T, dir string) {
			require.NoError(t, os.WriteFile(filepath.Join(dir, "index.json"), []byte(s), 0o600))
		}
	}
	each := func(pattern string, change func([]byte) []byte) func(t *testing.T, dir string) {
		return func(t *testing.T, dir string) {
			paths, err := filepath.Glob(filepath.Join(dir, pattern))
			require.NoError(t, err)
			require.NotEmpty(t, paths)
			for _, p := range paths {
				b, err := os.ReadFile(p)
				require.NoError(t, err)
				require.NoError(t, os.WriteFile(p, change(b), 0o600))
			}
		}
	}
	for name, break_ := range map[string]func(t *testing.T, dir string){
		"newer format":        header(`{"format":99,"key":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="}`),
		"header gone":         func(t *testing.T, dir string) { require.NoError(t, os.Remove(filepath.Join(dir, "index.json"))) },
		"header torn":         header(`{"format":`),
		"all gone":            func(t *testing.T, dir string) { require.NoError(t, os.RemoveAll(dir)) },
		"one index gone":      func(t *testing.T, dir string) { require.NoError(t, os.RemoveAll(filepath.Join(dir, "external"))) },
		"root cut short":      each("*/store/root.bolt", func(b []byte) []byte { return b[:len(b)/3] }),
		"root is garbage":     each("*/store/root.bolt", func(b []byte) []byte { return []byte(strings.Repeat("garbage", 999)) }),
		"segments gone":       each("*/store/*.zap", func(b []byte) []byte { return nil }),
		"segments cut short":  each("*/store/*.zap", func(b []byte) []byte { return b[:len(b)/2] }),
		"description garbage": each("*/index_meta.json", func(b []byte) []byte { return []byte("{") }),
	} {
		t.Run(name, func(t *testing.T) {
			src := company()
			dir := t.TempDir()
			x, err := search.Open(dir, src, search.Options{})
			require.NoError(t, err)
			require.NoError(t, x.Sync(context.Background()))
			want := contents(t, x)
			require.NoError(t, x.Close())
			break_(t, dir)
			x = open(t, dir, src)
			require.NoError(t, x.Sync(context.Background()))
			assert.Equal(t, want, contents(t, x))
		})
	}
}

func TestClosed(t *testing.T) {
	x, err := search.Open(t.TempDir(), company(), search.Options{})
	require.NoError(t, err)
	done := make(chan error, 1)
	go func() { done <- x.Run(context.Background()) }()
	require.NoError(t, x.Close())
	require.NoError(t, <-done)
	require.NoError(t, x.Close())
	_, err = x.Search(context.Background(), search.Request{Query: parse(t, "x"), Access: []string{"open"}}, nil)
	assert.ErrorIs(t, err, search.ErrClosed)
	_, err = x.Suggest(context.Background(), "x", []string{"open"}, 5, nil)
	assert.ErrorIs(t, err, search.ErrClosed)
	assert.ErrorIs(t, x.Sync(context.Background()), search.ErrClosed)
}

// TestHalfOpened has a prospect opened to all, the writing of that cut short,
// and restricted again: nothing of it may stay open.
func TestHalfOpened(t *testing.T) {
	src := company()
	files := map[string]string{}
	for i := range 1500 {
		files[fmt.Sprintf("closing/page-%d.md", i)] = "# Secret\n\nxyzzy\n"
	}
	src.commit("secretive/internal", files)
	restricted := []string{"prospect:secretive"}
	src.edit("secretive", "internal", func(s *fakeSide) { s.access = restricted })
	x := synced(t, src)
	src.edit("secretive", "internal", func(s *fakeSide) {
		s.access, s.fail, s.reads = []string{"open"}, errors.New("power cut"), -1200
	})
	require.Error(t, x.Sync(context.Background()))
	assert.Positive(t, find(t, x, "xyzzy").Total)
	res, err := x.Search(context.Background(), search.Request{Query: parse(t, "xyzzy"), Access: []string{"open"}}, func(p string) bool { return p != "secretive" })
	require.NoError(t, err)
	assert.Zero(t, res.Total)
	src.edit("secretive", "internal", func(s *fakeSide) { s.access, s.fail = restricted, nil })
	require.NoError(t, x.Sync(context.Background()))
	assert.Zero(t, find(t, x, "xyzzy").Total)
}

func TestSecondProcess(t *testing.T) {
	dir := t.TempDir()
	src := company()
	x := open(t, dir, src)
	require.NoError(t, x.Sync(context.Background()))
	_, err := search.Open(dir, src, search.Options{})
	require.ErrorIs(t, err, search.ErrBusy)
	assert.Equal(t, 3, find(t, x, "penalty cap").Total, "the first goes on")
}

func TestCheck(t *testing.T) {
	src := company()
	x := open(t, t.TempDir(), src)
	check := func() []string {
		problems, err := x.Check(context.Background())
		require.NoError(t, err)
		return problems
	}
	assert.Len(t, check(), 4, "nothing is indexed yet")
	require.NoError(t, x.Sync(context.Background()))
	assert.Empty(t, check())
	src.commit("northwind/external", map[string]string{"closing/new.md": "# New\n"})
	assert.Equal(t, []string{"external of northwind: the search index is behind"}, check())
	src.remove("sund")
	assert.Len(t, check(), 2)
	require.NoError(t, x.Sync(context.Background()))
	assert.Empty(t, check())
}

func TestHostileQueries(t *testing.T) {
	x := synced(t, company())
	many := func(s string) string { return strings.TrimSpace(strings.Repeat(s+" ", 64)) }
	for _, q := range []string{"(a+)+$", many("the"), many("pe*"), many("x OR y"), many("-the"), "a*", strings.Repeat("a", 256), "\u202eabc", "𝒶𝒷", "日本語 テスト", `"` + strings.Repeat("the ", 60) + `"`, "-penalty", "-in:internal -in:external", "before:1000-01-01", "after:9999-12-31", "before:2026-01-01 after:2027-01-01", "tag:\"{{7*7}}\"", "prospect:../../etc", many("zzzzzzzzzz"), "'", "café́"} {
		parsed, err := query.Parse(q)
		if err != nil {
			var e *query.Error
			require.ErrorAs(t, err, &e)
			continue
		}
		_, err = x.Search(context.Background(), search.Request{Query: parsed, Access: []string{"open"}, Facets: true}, nil)
		assert.NoError(t, err, "%.60q", q)
		_, err = x.Search(context.Background(), search.Request{Query: parsed.Typing(), Access: []string{"open"}}, nil)
		assert.NoError(t, err, "%.60q", q)
		_, err = x.Suggest(context.Background(), q, []string{"open"}, 10, nil)
		assert.NoError(t, err, "%.60q", q)
	}
	_, err := x.Search(context.Background(), search.Request{Query: parse(t, "penalty"), Access: []string{"", "open\x00", strings.Repeat("x", 1<<16)}}, nil)
	assert.NoError(t, err)
}
