package people_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dealwiki/wiki/people"
)

func TestReadMarks(t *testing.T) {
	db, c := fresh(t)
	dana, sam := add(t, db, "dana@example.com", people.Member), add(t, db, "sam@example.com", people.Member)
	d, s := signIn(t, db, dana), signIn(t, db, sam)
	require.NoError(t, db.MarkRead(ctx, d, "acme", "internal", "closing/plan", "v1"))
	require.NoError(t, db.MarkRead(ctx, d, "acme", "external", "closing/plan", "v2"))
	require.NoError(t, db.MarkRead(ctx, s, "acme", "internal", "closing/plan", "v1"))
	c.Move(time.Minute)
	require.NoError(t, db.MarkRead(ctx, d, "acme", "internal", "closing/plan", "v3"))
	marks, err := db.ReadMarks(ctx, dana.ID, "acme")
	require.NoError(t, err)
	require.Len(t, marks, 2)
	assert.Equal(t, people.Mark{Person: dana.ID, Section: "internal", Page: "closing/plan", Version: "v3", At: c.Now()}, marks["internal/closing/plan"])
	readers, err := db.Readers(ctx, "acme")
	require.NoError(t, err)
	require.Len(t, readers, 3)
	assert.Equal(t, "v3", readers[0].Version)

	require.NoError(t, db.SetRestricted(ctx, system, "acme", true))
	require.ErrorIs(t, db.MarkRead(ctx, d, "acme", "internal", "closing/plan", "v4"), people.ErrNotFound)
	require.ErrorIs(t, db.MarkRead(ctx, people.Caller{}, "other", "internal", "a/b", "v4"), people.ErrNotFound)
	require.NoError(t, db.MarkRead(ctx, system, "acme", "internal", "a/b", "v4"))
}

func TestLastVisit(t *testing.T) {
	db, c := fresh(t)
	dana := add(t, db, "dana@example.com", people.Member)
	me := signIn(t, db, dana)
	last := func() time.Time {
		t.Helper()
		at, err := db.LastVisit(ctx, dana.ID, "acme")
		require.NoError(t, err)
		return at
	}
	assert.Zero(t, last())
	require.NoError(t, db.MarkRead(ctx, me, "acme", "internal", "a/b", "1"))
	assert.Zero(t, last(), "the visit going on now does not count")
	c.Move(30 * time.Minute)
	require.NoError(t, db.MarkRead(ctx, me, "acme", "internal", "a/b", "1"))
	end := c.Now()
	c.Move(72 * time.Hour)
	assert.Equal(t, end, last())
	require.NoError(t, db.MarkRead(ctx, me, "acme", "internal", "a/b", "2"))
	assert.Equal(t, end, last())
	c.Move(10 * time.Minute)
	require.NoError(t, db.MarkRead(ctx, me, "acme", "internal", "a/c", "2"))
	assert.Equal(t, end, last())
}
