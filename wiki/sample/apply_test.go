package sample_test

import (
	"context"
	"maps"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dealwiki/wiki"
	"dealwiki/wiki/handoff"
	"dealwiki/wiki/maillog"
	"dealwiki/wiki/people"
	"dealwiki/wiki/register"
	"dealwiki/wiki/repo"
	"dealwiki/wiki/sample"
)

// applied is the sample company in a wiki of its own, as it is at a moment.
type applied struct {
	company *sample.Company
	w       *wiki.Wiki
	db      *people.DB
	facts   *register.Register
	book    *handoff.Book
	staff   map[string]people.Person
}

func apply(t testing.TB, now time.Time) *applied {
	t.Helper()
	ctx := context.Background()
	clock := &sample.Clock{}
	dir := t.TempDir()
	db, err := people.Open(filepath.Join(dir, "dealwiki.db"), people.Options{Now: clock.Now})
	require.NoError(t, err)
	t.Cleanup(func() { db.Close() })
	company, err := sample.Load(now)
	require.NoError(t, err)
	w, err := wiki.Open(ctx, wiki.Config{Dir: dir, People: db, Now: clock.Now, Company: company.Name, Volatile: clock.Past})
	require.NoError(t, err)
	t.Cleanup(func() { w.Close() })
	facts, err := register.Open(ctx, w, nil)
	require.NoError(t, err)
	t.Cleanup(func() { facts.Close() })
	book := handoff.New(w, facts)
	staff, err := company.Apply(ctx, w, book, clock)
	require.NoError(t, err)
	return &applied{company, w, db, facts, book, staff}
}

// Weekends move what people do; every day of the week is a day to begin on. The
// Wednesday is looked at closely by TestApply.
func TestApplyOnEveryDay(t *testing.T) {
	if testing.Short() {
		t.Skip("a company takes some seconds")
	}
	for day := range 7 {
		now := time.Date(2026, 11, 16+day, 9, 30, 0, 0, time.UTC)
		if now.Weekday() == time.Wednesday {
			continue
		}
		t.Run(now.Weekday().String(), func(t *testing.T) {
			t.Parallel()
			apply(t, now)
		})
	}
}

func TestApply(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	now := time.Date(2026, 11, 18, 9, 30, 0, 0, time.UTC)
	a := apply(t, now)
	company, w, db, facts, book, staff := a.company, a.w, a.db, a.facts, a.book, a.staff
	dana := people.Caller{Person: staff["dana"], Scopes: people.AllScopes}

	all := w.Prospects(ctx, dana)
	assert.Len(t, all, len(company.Prospects))
	stages := map[string]bool{}
	for _, e := range all {
		stages[e.Stage] = true
		assert.NotZero(t, e.Since, e.Slug)
	}
	funnel, err := w.Funnel(ctx)
	require.NoError(t, err)
	for _, st := range funnel.Stages {
		assert.True(t, stages[st.Key], "a prospect in %s", st.Title)
	}

	// What was written is there, byte for byte, with the past as it was told.
	for _, p := range company.Prospects {
		sp, err := w.Space(ctx, dana, p.Slug)
		require.NoError(t, err)
		last := map[string]sample.Revision{}
		for _, r := range p.Revisions {
			last[r.Path()] = r
		}
		for _, r := range last {
			sd, err := sp.Side(wiki.Section(r.Section))
			require.NoError(t, err)
			place := wiki.Place{Section: wiki.Section(r.Section), Stage: r.Stage, Page: r.Page}
			page, err := sd.Read(ctx, dana, place)
			require.NoError(t, err, r.Path())
			assert.Equal(t, r.Text, string(page.Text), r.Path())
			history, err := sd.History(ctx, dana, place, 100, repo.Zero)
			require.NoError(t, err)
			require.GreaterOrEqual(t, len(history), r.Number, r.Path()) // a page may have begun as its template
			assert.True(t, r.At.Equal(history[0].When.Truncate(time.Second)) || r.At.Truncate(time.Second).Equal(history[0].When), "%s at %s, not %s", r.Path(), history[0].When, r.At)
			assert.Len(t, history[0].CoAuthors, len(r.CoAuthors), r.Path())
		}
	}

	// Stages have come by handoffs, at their times.
	states := map[handoff.State]int{}
	for _, p := range company.Prospects {
		sp, err := w.Space(ctx, dana, p.Slug)
		require.NoError(t, err)
		list, err := book.List(ctx, dana, sp)
		require.NoError(t, err)
		for _, h := range list {
			states[h.State]++
			assert.False(t, h.Offered.After(now), "%s: handoff %d", p.Slug, h.Number)
		}
		history, err := w.StageHistory(ctx, dana, p.Slug)
		require.NoError(t, err)
		was := map[string]time.Time{}
		for _, st := range history {
			if _, known := was[st.Stage]; !known {
				was[st.Stage] = st.At
			}
		}
		for _, st := range p.Stages[1:] {
			assert.Equal(t, st.At.Unix(), was[st.Stage].Unix(), "%s in %s", p.Slug, st.Stage)
		}
		access, err := db.Access(ctx, p.Slug)
		require.NoError(t, err)
		assert.Equal(t, staff[p.Owner].ID, access.Owner, p.Slug)
	}
	assert.Equal(t, 3, states[handoff.StateReturned], "two offers and a lead")
	assert.Equal(t, 1, states[handoff.StateOffered])
	assert.Greater(t, states[handoff.StateAccepted], 60)
	assert.Len(t, book.Nurturing(ctx, dana), 2)

	sp, err := w.Space(ctx, dana, "northwind-rail")
	require.NoError(t, err)
	warnings, err := book.Warnings(ctx, dana, sp)
	require.NoError(t, err)
	require.Len(t, warnings, 2)
	for _, w := range warnings {
		assert.Len(t, w.Acks, 1, w.Stage)
	}
	known, err := facts.Space(ctx, dana, sp)
	require.NoError(t, err)
	kinds := map[string]bool{}
	for _, f := range known {
		kinds[f.Kind] = true
	}
	for _, kind := range []string{"decision", "commitment", "requirement", "risk", "question", "stakeholder", register.Action} {
		assert.True(t, kinds[kind], kind)
	}
	entries, err := maillog.New(maillog.Config{Wiki: w}).List(ctx, dana, sp)
	require.NoError(t, err)
	threads := map[string]int{}
	for _, e := range entries {
		threads[e.Thread]++
	}
	assert.Equal(t, 2, slices.Max(slices.Collect(maps.Values(threads))), "a mail and its answer")

	// Sam has been there before the last changes, Joel never.
	last, err := db.LastVisit(ctx, staff["sam"].ID, "northwind-rail")
	require.NoError(t, err)
	assert.Equal(t, now.AddDate(0, 0, -2).Format(time.DateOnly), last.Format(time.DateOnly))
	last, err = db.LastVisit(ctx, staff["joel"].ID, "northwind-rail")
	require.NoError(t, err)
	assert.Zero(t, last)
}
