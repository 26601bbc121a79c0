package journal_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dealwiki/realtime/journal"
)

func TestStatesOfManyVersions(t *testing.T) {
	j, _ := fresh(t)
	const n = 150 // more than one state is put together from
	each := longPast(t, j, n)
	assert.Less(t, each, 5000.0, "bytes that a version of a page of 50 kB takes")
	d := load(t, j, page)
	assert.Equal(t, fmt.Sprintf("%040d", n-1), d.Last)
	var before int
	for v := range n {
		state, err := j.State(ctx, d.ID, fmt.Sprintf("%040d", v))
		require.NoError(t, err)
		assert.Greater(t, len(state), before, "each of them did more than the one before")
		before = len(state)
	}
	last, err := j.State(ctx, d.ID, d.Last)
	require.NoError(t, err)
	assert.Equal(t, d.State, last, "the document is as its last version is")
	require.NoError(t, j.Check(ctx))
}

func TestStatesThatHaveNothingInCommon(t *testing.T) {
	j, _ := fresh(t)
	id, _ := create(t, j, page, "one\n")
	states := [][]byte{nil, {}, []byte("x"), []byte(words(5000)), make([]byte, 100_000), []byte("x"), nil}
	for i, state := range states {
		require.NoError(t, j.Saved(ctx, id, journal.Version{Commit: fmt.Sprint(i), State: state}, 0))
	}
	for i, want := range states {
		got, err := j.State(ctx, id, fmt.Sprint(i))
		require.NoError(t, err)
		assert.Equal(t, string(want), string(got))
	}
	require.NoError(t, j.Check(ctx))
	assert.Error(t, j.Saved(ctx, id, journal.Version{}, 0), "a version has a commit")
}
