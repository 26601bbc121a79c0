package search_test

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dealwiki/search"
	"dealwiki/search/query"
	"dealwiki/wiki"
	"dealwiki/wiki/people"
	"dealwiki/wiki/repo"
)

// customer is a wiki with one prospect, one of the staff and a guest of it.
type customer struct {
	t     testing.TB
	wiki  *wiki.Wiki
	db    *people.DB
	slug  string
	dana  people.Caller
	guest people.Caller
}

func newCustomer(t testing.TB) *customer {
	t.Helper()
	ctx := context.Background()
	dir := t.TempDir()
	db, err := people.Open(filepath.Join(dir, "dealwiki.db"), people.Options{Cost: people.Cost{Memory: 64, Iterations: 1}})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, db.Close()) })
	w, err := wiki.Open(ctx, wiki.Config{Dir: dir, People: db, Company: "Fairlead"})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, w.Close()) })
	caller := func(p people.Person) people.Caller {
		return people.Caller{Person: p, Scopes: people.AllScopes, Via: "session"}
	}
	p, err := db.Add(ctx, people.System("test"), people.NewPerson{Name: "Dana Reyes", Email: "dana@example.com", Role: people.Member, Job: "sales"})
	require.NoError(t, err)
	c := &customer{t: t, wiki: w, db: db, dana: caller(p)}
	e, err := w.Create(ctx, c.dana, wiki.NewProspect{Prospect: wiki.Prospect{Title: "Northwind Rail"}})
	require.NoError(t, err)
	c.slug = e.Slug
	_, token, err := db.InviteGuest(ctx, c.dana, people.NewGuest{Prospect: e.Slug, Name: "Ingrid Solberg", Email: "ingrid@northwind.example", Role: people.GuestEditor})
	require.NoError(t, err)
	p, _, err = db.JoinAsGuest(ctx, people.Caller{}, token, "")
	require.NoError(t, err)
	c.guest = caller(p)
	return c
}

// side is one side of the wall in Dana's hands.
func (c *customer) side(section wiki.Section) *wiki.Side {
	c.t.Helper()
	sp, err := c.wiki.Space(context.Background(), c.dana, c.slug)
	require.NoError(c.t, err)
	s, err := sp.Side(section)
	require.NoError(c.t, err)
	return s
}

func (c *customer) write(section wiki.Section, stage, page, text string) {
	c.t.Helper()
	ctx := context.Background()
	e := wiki.Edit{Place: wiki.Place{Section: section, Stage: stage, Page: page}, Text: []byte(text)}
	side := c.side(section)
	if now, err := side.Read(ctx, c.dana, e.Place); err == nil {
		e.Base = now.Version
	}
	_, err := side.Edit(ctx, c.dana, e)
	require.NoError(c.t, err)
}

// shared is the shared side in the guest's hands.
func (c *customer) shared() *wiki.Side {
	c.t.Helper()
	s, err := c.wiki.Shared(context.Background(), c.guest, c.slug)
	require.NoError(c.t, err)
	return s
}

func (c *customer) request(q query.Query) search.SharedRequest {
	return search.SharedRequest{Caller: c.guest, Side: c.shared(), Query: q, Limit: search.MaxLimit}
}

// sharedName is page, page#fact or file[part] of a hit.
func sharedName(h search.SharedHit) string {
	s := h.Page + h.File
	if h.Type == "fact" {
		s += "#" + h.FactID
	}
	if h.Label != "" {
		s += "[" + h.Label + "]"
	}
	return s
}

func sharedNames(hits []search.SharedHit) []string {
	out := []string{}
	for _, h := range hits {
		out = append(out, sharedName(h))
	}
	return out
}

// deal writes a customer's pages, and on the other side of the wall the same
// words and more.
func deal(t testing.TB) *customer {
	c := newCustomer(t)
	c.write(wiki.External, "closing", "close-plan", closePlan)
	c.write(wiki.External, "closing", "rollout", "# Rollout by depot\n\nThe migration begins in Malmö. Nobody pays a penalty before.\n\n## Café visits\n\nThe penalties cap is elsewhere.\n")
	c.write(wiki.External, "account", "overview", "# Overview\n\nWho takes part. See [[rollout]].\n")
	c.write(wiki.Internal, "closing", "walk-away", "# Walk away\n\nThe quokka clause, a penalty cap of 20 %, and the migration.\n\n> [!risk] Quokka @dana ^r-9z9z\n")
	_, err := c.side(wiki.External).PutFile(context.Background(), c.dana, wiki.File{Section: wiki.External, Stage: "closing", Name: "depot-list.txt"}, []byte("Wombat street 7\n"), false)
	require.NoError(t, err)
	return c
}

func TestShared(t *testing.T) {
	c := deal(t)
	finder := search.NewShared()
	for _, one := range []struct {
		name, query string
		want        []string // in any order
	}{
		{"a word", "steering", []string{"close-plan", "close-plan#r-1a2b"}},
		{"a word of the title comes with its page", "rollout type:page", []string{"rollout", "overview"}},
		{"in any form", "penalties type:page", []string{"close-plan", "rollout"}},
		{"without its accents", "malmo", []string{"rollout"}},
		{"a heading", "cafe", []string{"rollout"}},
		{"two words, both", "penalty depot", []string{"rollout"}},
		{"either word", "steering OR malmo type:page", []string{"close-plan", "rollout"}},
		{"side by side", `"penalty cap"`, []string{"close-plan"}},
		{"not side by side", `"cap penalty"`, nil},
		{"a beginning", "migrat* type:page", []string{"close-plan", "rollout"}},
		{"without a word", "migration -malmo type:page", []string{"close-plan"}},
		{"a typing error", "steerimg type:page", []string{"close-plan"}},
		{"a file by its name", "depot type:file", []string{"depot-list.txt"}},
		{"a file by its text", "wombat", []string{"depot-list.txt"}},
		{"a tag", "tag:legal type:page", []string{"close-plan"}},
		{"a kind", "kind:risk", []string{"close-plan#r-1a2b"}},
		{"what is open", "is:open kind:action", []string{"close-plan#t-9z9z"}},
		{"who wrote", "by:dana wombat", []string{"depot-list.txt"}},
		{"who did not", "by:tom wombat", nil},
		{"the shared section", "in:external wombat", []string{"depot-list.txt"}},
		{"the customer's own name", "prospect:northwind-rail wombat", []string{"depot-list.txt"}},
		{"a word from behind the wall", "quokka", nil},
		{"a mistyped word from behind the wall", "quokkb", nil},
		{"the other section", "in:internal penalty", nil},
		{"not this section", "-in:external penalty", nil},
		{"a stage", "stage:closing penalty", nil},
		{"another prospect", "prospect:secretco penalty", nil},
		{"before anything", "before:2001-01-01 penalty", nil},
		{"nothing", "", nil},
	} {
		t.Run(one.name, func(t *testing.T) {
			r := c.request(parse(t, one.query))
			r.Handle = func(p repo.Person) string {
				if wiki.PersonID(p) == c.dana.Person.ID {
					return "dana"
				}
				return ""
			}
			res, err := finder.Search(context.Background(), r)
			require.NoError(t, err)
			assert.ElementsMatch(t, one.want, sharedNames(res.Hits))
			assert.Equal(t, len(one.want), res.Total)
			counted := 0
			for _, k := range res.Kinds {
				counted += k.N
			}
			assert.Equal(t, res.Total, counted, "the counts are of what was found")
		})
	}
}

// What somebody finds changes with what is shared, at once, although the words
// are kept.
func TestSharedFollows(t *testing.T) {
	ctx := context.Background()
	c := deal(t)
	finder := search.NewShared()
	find := func(q string) []string {
		t.Helper()
		res, err := finder.Search(ctx, c.request(parse(t, q)))
		require.NoError(t, err)
		return sharedNames(res.Hits)
	}
	assert.Equal(t, []string{"rollout"}, find("malmö"))
	c.write(wiki.External, "closing", "rollout", "# Rollout\n\nIt begins in Lund.\n")
	assert.Empty(t, find("malmö"), "a word of an earlier version")
	assert.Equal(t, []string{"rollout"}, find("lund"))
	_, err := c.side(wiki.External).Move(ctx, c.dana, wiki.Place{Section: wiki.External, Stage: "closing", Page: "rollout"}, wiki.Place{Section: wiki.External, Stage: "account", Page: "rollout-by-depot"})
	require.NoError(t, err)
	assert.Equal(t, []string{"rollout-by-depot"}, find("lund"))

	r := c.request(parse(t, "lund"))
	require.NoError(t, c.db.RevokeGuest(ctx, c.dana, c.slug, c.guest.Person.ID))
	_, err = finder.Search(ctx, r)
	assert.ErrorIs(t, err, wiki.ErrNotFound, "a guest sent away, whose side is still open")
	_, err = finder.Suggest(ctx, r, "rollout")
	assert.ErrorIs(t, err, wiki.ErrNotFound)
}

func TestSharedSuggest(t *testing.T) {
	c := deal(t)
	finder := search.NewShared()
	for _, one := range []struct {
		text string
		want []string
	}{
		{"roll", []string{"rollout"}},
		{"dep", []string{"rollout", "depot-list.txt"}},
		{"by rol", []string{"rollout"}},
		{"close", []string{"close-plan"}},
		{"penalty", nil}, // in no title
		{"walk", nil},    // behind the wall
		{"", nil},
		{" \x00 ", nil},
		{strings.Repeat("a", 1<<20), nil},
	} {
		hits, err := finder.Suggest(context.Background(), c.request(query.Query{}), one.text)
		require.NoError(t, err)
		assert.ElementsMatch(t, one.want, sharedNames(hits), "%.20q", one.text)
	}
	r := c.request(query.Query{})
	r.Limit = 1
	hits, err := finder.Suggest(context.Background(), r, "dep")
	require.NoError(t, err)
	assert.Len(t, hits, 1)
}

func TestSharedBounds(t *testing.T) {
	ctx := context.Background()
	c := deal(t)
	finder := search.NewShared()
	whole, err := finder.Search(ctx, c.request(parse(t, "plan OR penalty OR depot OR migration")))
	require.NoError(t, err)
	require.Greater(t, len(whole.Hits), 3)
	for _, one := range []struct {
		limit, skip int
		want        []search.SharedHit
	}{
		{1, 0, whole.Hits[:1]},
		{2, 1, whole.Hits[1:3]},
		{search.MaxLimit, len(whole.Hits) - 1, whole.Hits[len(whole.Hits)-1:]},
		{0, 0, whole.Hits},
		{search.MaxLimit, len(whole.Hits), nil},
		{search.MaxLimit, math.MaxInt, nil},
	} {
		r := c.request(parse(t, "plan OR penalty OR depot OR migration"))
		r.Limit, r.Skip = one.limit, one.skip
		res, err := finder.Search(ctx, r)
		require.NoError(t, err)
		assert.Equal(t, one.want, res.Hits, "%d after %d", one.limit, one.skip)
		assert.Equal(t, whole.Total, res.Total)
	}
	for _, bad := range [][2]int{{-1, 0}, {search.MaxLimit + 1, 0}, {1, -1}} {
		r := c.request(parse(t, "plan"))
		r.Limit, r.Skip = bad[0], bad[1]
		_, err := finder.Search(ctx, r)
		assert.ErrorIs(t, err, search.ErrLimit)
	}
	// Handed the other side by mistake, it finds nothing, for staff neither.
	r := search.SharedRequest{Caller: c.dana, Side: c.side(wiki.Internal), Query: parse(t, "quokka")}
	_, err = finder.Search(ctx, r)
	assert.ErrorIs(t, err, wiki.ErrNotFound)
	hits, err := finder.Suggest(ctx, r, "walk")
	require.NoError(t, err)
	assert.Empty(t, hits)
}

// Random pages, of words that no language has other forms of, are found as
// looking through the texts of all that the guest can read finds them.
func TestSharedAsByHand(t *testing.T) {
	ctx := context.Background()
	rnd := rand.New(rand.NewPCG(5, 7))
	vocabulary := []string{"a1x", "b2x", "c3x", "d4x", "e5x", "f6x"}
	some := func(n int) []string {
		out := make([]string, n)
		for i := range out {
			out[i] = vocabulary[rnd.IntN(len(vocabulary))]
		}
		return out
	}
	c := newCustomer(t)
	for i := range 12 {
		text := fmt.Sprintf("# %s\n\n%s.\n", strings.Join(some(2), " "), strings.Join(some(1+rnd.IntN(6)), " "))
		c.write(wiki.External, "closing", fmt.Sprintf("page-%d", i), text)
		c.write(wiki.Internal, "closing", fmt.Sprintf("own-%d", i), text)
	}
	side := c.shared()
	pages, err := side.Pages(ctx, c.guest)
	require.NoError(t, err)
	texts := map[string][]string{} // the words of title and body: what stands side by side may do so across lines
	for _, p := range pages {
		page, err := side.Read(ctx, c.guest, p.Place)
		require.NoError(t, err)
		texts[p.Page] = strings.Fields(strings.NewReplacer(".", " ", "#", " ").Replace(string(page.Text)))
	}
	// has tells whether words stand side by side in a text, or begin its words.
	has := func(text, list []string, prefix bool) bool {
	next:
		for i := 0; i+len(list) <= len(text); i++ {
			for k, w := range list {
				if text[i+k] != w && (!prefix || !strings.HasPrefix(text[i+k], w)) {
					continue next
				}
			}
			return true
		}
		return false
	}
	finder := search.NewShared()
	for range 40 {
		a, b, d := some(1)[0], some(2), some(1)[0]
		for q, match := range map[string]func(text []string) bool{
			a:                             func(p []string) bool { return has(p, []string{a}, false) },
			a + " " + d:                   func(p []string) bool { return has(p, []string{a}, false) && has(p, []string{d}, false) },
			a + " OR " + d:                func(p []string) bool { return has(p, []string{a}, false) || has(p, []string{d}, false) },
			a + " -" + d:                  func(p []string) bool { return has(p, []string{a}, false) && !has(p, []string{d}, false) },
			"-" + d:                       func(p []string) bool { return !has(p, []string{d}, false) },
			a[:2] + "*":                   func(p []string) bool { return has(p, []string{a[:2]}, true) },
			`"` + b[0] + " " + b[1] + `"`: func(p []string) bool { return has(p, b, false) },
		} {
			want := []string{}
			for name, text := range texts {
				if match(text) {
					want = append(want, name)
				}
			}
			res, err := finder.Search(ctx, c.request(parse(t, q)))
			require.NoError(t, err)
			assert.Equal(t, sorted(want), sorted(sharedNames(res.Hits)), q)
			assert.Equal(t, len(want), res.Total, q)
		}
	}
}

// Whatever a guest types, the answer names only what they can open, is in
// bounds, and is the same the second time, from what is kept.
func FuzzShared(f *testing.F) {
	for _, s := range []string{"penalty", `"penalty cap" -draft`, "migrat* in:internal", "quokka OR malmö", "steerimg", "kind:risk is:open by:dana", "tag:legal before:2030", "\xff\"", "-", "depot type:file", "a OR OR b", "é*"} {
		f.Add(s)
	}
	ctx := context.Background()
	c := deal(f)
	kept := search.NewShared()
	open := map[string]bool{"depot-list.txt": true}
	base := c.request(query.Query{})
	pages, err := base.Side.Pages(ctx, c.guest)
	require.NoError(f, err)
	for _, p := range pages {
		open[p.Page] = true
	}
	f.Fuzz(func(t *testing.T, text string) {
		q, err := query.Parse(text)
		if err != nil {
			return
		}
		r := base
		r.Query = q
		res, err := kept.Search(ctx, r)
		require.NoError(t, err)
		require.LessOrEqual(t, len(res.Hits), res.Total)
		for _, h := range res.Hits {
			require.True(t, open[h.Page+h.File], "%q finds %q", text, sharedName(h))
			title := ""
			for _, part := range h.TitleParts {
				title += part.Text
			}
			require.Equal(t, h.Title, title)
			for _, part := range h.Fragments {
				require.NotContains(t, strings.ToLower(part.Text), "quokka")
			}
		}
		again, err := kept.Search(ctx, r)
		require.NoError(t, err)
		require.Equal(t, res, again)
		_, err = kept.Suggest(ctx, r, text)
		require.NoError(t, err)
	})
}

// BenchmarkSharedSearch searches a shared side of 500 pages, whose words are
// kept, and finds a tenth of them.
func BenchmarkSharedSearch(b *testing.B) {
	c := newCustomer(b)
	side := c.side(wiki.External)
	words := strings.Fields(strings.Repeat("rollout depot signature invoice schedule training ", 60))
	for i := range 500 {
		text := fmt.Sprintf("# Page %d\n\n%s\n", i, strings.Join(words, " "))
		if i%10 == 0 {
			text += "\nThe needle is here.\n"
		}
		_, err := side.Edit(b.Context(), c.dana, wiki.Edit{Place: wiki.Place{Section: wiki.External, Stage: wiki.StageAccount, Page: fmt.Sprintf("page-%d", i)}, Text: []byte(text)})
		require.NoError(b, err)
	}
	q, err := query.Parse("needle depot")
	require.NoError(b, err)
	finder := search.NewShared()
	for b.Loop() {
		found, err := finder.Search(b.Context(), c.request(q))
		require.NoError(b, err)
		require.Equal(b, 50, found.Total)
	}
}
