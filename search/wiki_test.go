package search_test

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/xuri/excelize/v2"

	"dealwiki/search"
	"dealwiki/wiki"
	"dealwiki/wiki/people"
)

// TestWiki follows a real wiki: what people do there is found, by those who
// may see it.
func TestWiki(t *testing.T) {
	ctx := context.Background()
	dir := t.TempDir()
	db, err := people.Open(filepath.Join(dir, "dealwiki.db"), people.Options{Cost: people.Cost{Memory: 64, Iterations: 1}})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, db.Close()) })
	w, err := wiki.Open(ctx, wiki.Config{Dir: dir, People: db, Company: "Fairlead"})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, w.Close()) })
	person := func(name, email string) people.Caller {
		p, err := db.Add(ctx, people.System("test"), people.NewPerson{Name: name, Email: email, Role: people.Member, Job: "sales"})
		require.NoError(t, err)
		return people.Caller{Person: p, Scopes: people.AllScopes, Via: "session"}
	}
	dana, tom := person("Dana Reyes", "dana@example.com"), person("Tom Okafor", "tom@example.com")
	src := search.NewSource(w)
	t.Cleanup(src.Stop)
	x, err := search.Open(filepath.Join(dir, "index"), src, search.Options{Gather: time.Millisecond})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, x.Close()) })
	done := make(chan error, 1)
	running, stop := context.WithCancel(ctx)
	go func() { done <- x.Run(running) }()
	t.Cleanup(func() { stop(); assert.NoError(t, <-done) })

	ask := func(c people.Caller, q string) []string {
		level := db.Visible(ctx, c)
		res, err := x.Search(ctx, search.Request{Query: parse(t, q), Access: search.Tokens(ctx, w, c), Limit: 100}, func(p string) bool { return level(p) >= people.Viewer })
		require.NoError(t, err)
		return sorted(names(res.Hits))
	}
	finds := func(c people.Caller, q string, want ...string) {
		t.Helper()
		if want == nil {
			want = []string{}
		}
		require.Eventually(t, func() bool { return assert.ObjectsAreEqual(want, ask(c, q)) }, 30*time.Second, 10*time.Millisecond, "%s finds %v and not %v", q, ask(c, q), want)
	}

	e, err := w.Create(ctx, dana, wiki.NewProspect{Prospect: wiki.Prospect{Title: "Northwind Rail"}})
	require.NoError(t, err)
	sp, err := w.Space(ctx, dana, e.Slug)
	require.NoError(t, err)
	side, err := sp.Side(wiki.Internal)
	require.NoError(t, err)
	at := wiki.Place{Section: wiki.Internal, Stage: "closing", Page: "close-plan"}
	edited, err := side.Edit(ctx, dana, wiki.Edit{Place: at, Text: []byte("# Close plan\n\nThe quokka clause.\n\n> [!risk] Quokka procurement is slow @tom\n")})
	require.NoError(t, err)
	finds(dana, "quokka type:page", "northwind-rail:closing/close-plan.md")
	finds(tom, "quokka by:dana type:page", "northwind-rail:closing/close-plan.md")
	finds(dana, "northwind type:prospect", "northwind-rail:")
	require.Eventually(t, func() bool { return len(ask(tom, "kind:risk quokka by:tom")) == 1 }, 30*time.Second, 10*time.Millisecond)

	f := excelize.NewFile()
	require.NoError(t, f.SetCellValue("Sheet1", "A1", "wombat licences"))
	book, err := f.WriteToBuffer()
	require.NoError(t, err)
	require.NoError(t, f.Close())
	_, err = side.PutFile(ctx, dana, wiki.File{Section: wiki.Internal, Stage: "closing", Name: "prices.xlsx"}, book.Bytes(), false)
	require.NoError(t, err)
	finds(tom, "wombat", "northwind-rail:closing/files/prices.xlsx[Sheet1]")

	to := wiki.Place{Section: wiki.Internal, Stage: "closing", Page: "signing-plan"}
	_, err = side.Move(ctx, dana, at, to)
	require.NoError(t, err)
	finds(dana, "quokka type:page", "northwind-rail:closing/signing-plan.md")
	_ = edited

	_, err = w.Update(ctx, dana, e.Slug, wiki.Patch{Title: ptr("Aardvark Rail")})
	require.NoError(t, err)
	finds(dana, "aardvark type:prospect", "northwind-rail:")

	require.NoError(t, db.SetRestricted(ctx, dana, e.Slug, true))
	assert.Empty(t, ask(tom, "quokka"), "at once, whatever the index says")
	finds(tom, "quokka")
	finds(dana, "quokka type:page", "northwind-rail:closing/signing-plan.md")
	require.NoError(t, w.Delete(ctx, dana, e.Slug))
	finds(dana, "quokka")
	finds(dana, "aardvark")
}

func ptr[T any](v T) *T { return &v }
