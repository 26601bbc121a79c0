package repo_test

import (
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dealwiki/wiki/repo"
)

func TestTag(t *testing.T) {
	dir := t.TempDir()
	r, err := repo.Create(dir+"/a.git", repo.Options{})
	require.NoError(t, err)
	defer r.Close()
	commit := func(base repo.Hash, text string) repo.Hash {
		h, err := r.Commit(t.Context(), base, []repo.Edit{{Path: "a.md", Data: []byte(text)}}, repo.Message{Author: dana, Text: "Write " + text})
		require.NoError(t, err)
		return h
	}
	first := commit(repo.Zero, "one")
	second := commit(first, "two")

	_, err = r.Tagged("handoff/0001")
	assert.ErrorIs(t, err, os.ErrNotExist)
	require.NoError(t, r.Tag(t.Context(), "handoff/0001", first))
	require.NoError(t, r.Tag(t.Context(), "handoff/0001", first), "again is nothing new")
	assert.ErrorIs(t, r.Tag(t.Context(), "handoff/0001", second), repo.ErrConflict, "a tag never moves")
	at, err := r.Tagged("handoff/0001")
	require.NoError(t, err)
	assert.Equal(t, first, at)
	assert.Error(t, r.Tag(t.Context(), "handoff/0002", repo.Hash{1}), "a commit that is not there")

	assert.Equal(t, first.String(), run(t, r.Dir(), "rev-parse", "handoff/0001"), "git finds it")
	run(t, r.Dir(), "pack-refs", "--all")
	at, err = r.Tagged("handoff/0001")
	require.NoError(t, err)
	assert.Equal(t, first, at, "also when references are packed")
	fsck(t, r.Dir())
}
