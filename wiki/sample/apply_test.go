package sample_test

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dealwiki/wiki"
	"dealwiki/wiki/people"
	"dealwiki/wiki/repo"
	"dealwiki/wiki/sample"
)

func TestApply(t *testing.T) {
	ctx := context.Background()
	clock := &sample.Clock{}
	dir := t.TempDir()
	db, err := people.Open(filepath.Join(dir, "dealwiki.db"), people.Options{})
	require.NoError(t, err)
	defer db.Close()
	now := time.Date(2026, 11, 18, 12, 0, 0, 0, time.UTC)
	company, err := sample.Load(now)
	require.NoError(t, err)
	w, err := wiki.Open(ctx, wiki.Config{Dir: dir, People: db, Now: clock.Now, Company: company.Name})
	require.NoError(t, err)
	defer w.Close()
	staff, err := company.Apply(ctx, w, clock)
	require.NoError(t, err)
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
			assert.Len(t, history, r.Number, r.Path())
			assert.True(t, r.At.Equal(history[0].When.Truncate(time.Second)) || r.At.Truncate(time.Second).Equal(history[0].When), "%s at %s, not %s", r.Path(), history[0].When, r.At)
			assert.Len(t, history[0].CoAuthors, len(r.CoAuthors), r.Path())
		}
	}
}
