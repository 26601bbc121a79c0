package pipeline_test

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dealwiki/wiki"
	"dealwiki/wiki/handoff"
	"dealwiki/wiki/people"
	"dealwiki/wiki/pipeline"
	"dealwiki/wiki/register"
)

// The pasts of deals outlive a restart, and go with the deal.
func TestBookKeepsAndForgets(t *testing.T) {
	dir, ctx := t.TempDir(), t.Context()
	clock := date("2026-03-01")
	now := func() time.Time { return clock }
	db, err := people.Open(filepath.Join(dir, "dealwiki.db"), people.Options{Cost: people.Cost{Memory: 64, Iterations: 1}, Now: now})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, db.Close()) })
	admin := people.System("test")
	open := func() (*wiki.Wiki, *pipeline.Book, func()) {
		w, err := wiki.Open(ctx, wiki.Config{Dir: dir, People: db, Now: now})
		require.NoError(t, err)
		r, err := register.Open(ctx, w, nil)
		require.NoError(t, err)
		b, err := pipeline.Open(ctx, w, handoff.New(w, r), nil)
		require.NoError(t, err)
		return w, b, func() {
			require.NoError(t, b.Close())
			require.NoError(t, r.Close())
			require.NoError(t, w.Close())
		}
	}
	w, b, shut := open()
	for _, title := range []string{"Acme", "Beta"} {
		_, err := w.Create(ctx, admin, wiki.NewProspect{Prospect: wiki.Prospect{Title: title, Stage: "qualifying"}})
		require.NoError(t, err)
	}
	before, unread, err := b.Deals(ctx, admin)
	require.NoError(t, err)
	assert.Zero(t, unread)
	require.Len(t, before, 2)
	require.Len(t, before[0].Stays, 1)
	shut()

	w, b, shut = open()
	after, unread, err := b.Deals(ctx, admin)
	require.NoError(t, err)
	assert.Zero(t, unread)
	require.Len(t, after, 2)
	assert.Equal(t, before[0].History, after[0].History)
	clock = clock.AddDate(0, 0, 10)
	sp, err := w.Space(ctx, admin, "acme")
	require.NoError(t, err)
	_, err = sp.Transact(ctx, admin, people.Editor, func(tx *wiki.Transaction) (string, error) {
		tx.Prospect().Outcome = wiki.OutcomeLost
		return "Lose the deal", nil
	})
	require.NoError(t, err)
	after, _, err = b.Deals(ctx, admin)
	require.NoError(t, err)
	for _, d := range after {
		assert.Equal(t, d.Slug == "acme", !d.Stays[0].To.IsZero(), d.Slug)
	}
	require.NoError(t, w.Delete(ctx, admin, "acme"))
	after, _, err = b.Deals(ctx, admin)
	require.NoError(t, err)
	require.Len(t, after, 1)
	assert.Equal(t, "beta", after[0].Slug)
	_, _, err = b.Deals(ctx, people.Caller{Person: people.Person{ID: "g", Guest: true}, Scopes: people.AllScopes})
	assert.ErrorIs(t, err, people.ErrForbidden)
	shut()
}
