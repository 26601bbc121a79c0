package wiki_test

import (
	"errors"
	"io/fs"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dealwiki/wiki"
	"dealwiki/wiki/people"
)

func TestTransact(t *testing.T) {
	s := newSite(t)
	sp := s.prospect("Northwind")
	tasks := wiki.Place{Section: wiki.Internal, Stage: "qualifying", Page: "tasks"}
	before, err := sp.Internal().Head(t.Context(), s.dana)
	require.NoError(t, err)

	head, err := sp.Transact(t.Context(), s.dana, people.Editor, func(tx *wiki.Transaction) (string, error) {
		in, out := tx.Heads()
		assert.Equal(t, before, in)
		assert.False(t, out.IsZero())
		tx.Prospect().Stage = "qualifying"
		require.NoError(t, tx.Write("handoffs/0001.md", []byte("# Handoff\n")))
		require.NoError(t, tx.Start(wiki.Place{Section: wiki.Internal, Stage: "qualifying", Page: "who-decides"}))
		require.NoError(t, tx.Page(tasks, []byte("# Tasks\n\n- [ ] Ask @dana due:2026-12-01\n")))
		assert.Error(t, tx.Write(tasks.Path(), nil), "a page is no plain file")
		assert.Error(t, tx.Page(wiki.Place{Section: wiki.External, Stage: "account", Page: "x"}, nil), "the other side is out of reach")
		data, err := tx.Read("handoffs/0001.md")
		require.NoError(t, err)
		assert.Equal(t, "# Handoff\n", string(data))
		_, err = tx.Read("handoffs/0002.md")
		assert.ErrorIs(t, err, fs.ErrNotExist)
		return "Hand over to Qualifying", nil
	})
	require.NoError(t, err)
	assert.NotEqual(t, before, head)
	e, err := s.Prospect(t.Context(), s.dana, "northwind")
	require.NoError(t, err)
	assert.Equal(t, "qualifying", e.Stage)
	page, err := sp.Internal().Read(t.Context(), s.dana, tasks)
	require.NoError(t, err)
	assert.Contains(t, string(page.Text), " ^t-", "actions have their ids at once")
	assert.Equal(t, head, page.Version, "all of it is one commit")

	again, err := sp.Transact(t.Context(), s.dana, people.Editor, func(tx *wiki.Transaction) (string, error) {
		assert.Equal(t, []string{"handoffs/0001.md"}, tx.Files("handoffs/"))
		return "Nothing", tx.Page(tasks, page.Text)
	})
	require.NoError(t, err)
	assert.Equal(t, head, again, "without changes there is no commit")

	failed := errors.New("stop")
	_, err = sp.Transact(t.Context(), s.dana, people.Editor, func(tx *wiki.Transaction) (string, error) {
		tx.Prospect().Stage = "pricing"
		return "", failed
	})
	assert.ErrorIs(t, err, failed)
	_, err = sp.Transact(t.Context(), s.dana, people.Editor, func(tx *wiki.Transaction) (string, error) {
		tx.Prospect().Value = -1
		return "Break it", nil
	})
	var invalid *wiki.Invalid
	assert.ErrorAs(t, err, &invalid)
	_, err = sp.Transact(t.Context(), s.tom, people.Owner, func(*wiki.Transaction) (string, error) { return "", nil })
	assert.ErrorIs(t, err, people.ErrForbidden)
	now, err := sp.Internal().Head(t.Context(), s.dana)
	require.NoError(t, err)
	assert.Equal(t, head, now)
}
