package journal_test

import (
	"database/sql"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dealwiki/realtime/journal"
)

func TestWhatIsAppendedIsThereAfterOpeningAgain(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal.db")
	j, err := journal.Open(path, journal.Options{})
	require.NoError(t, err)
	id, doc := create(t, j, page, "one\n")
	first, second := edit(t, doc, 4, "two\n"), edit(t, doc, 8, "three\n")
	second.Person, second.Removed = "ingrid", 3
	seq1, err := j.Append(ctx, id, journal.Batch{Updates: []journal.Update{first}, Owners: map[uint64]string{1 << 63: "dana"}})
	require.NoError(t, err)
	seq2, err := j.Append(ctx, id, journal.Batch{Updates: []journal.Update{second}, Owners: map[uint64]string{1 << 63: "ingrid", 7: "ingrid"}})
	require.NoError(t, err)
	assert.Greater(t, seq2, seq1)
	require.NoError(t, j.Close())
	require.NoError(t, j.Close())

	j = open(t, path, journal.Options{})
	d := load(t, j, page)
	assert.Equal(t, id, d.ID)
	assert.Equal(t, page, d.Name)
	assert.Equal(t, "e1", d.Epoch)
	assert.False(t, d.Rebuilt)
	assert.False(t, d.Recovering)
	assert.Equal(t, []journal.Update{first, second}, d.Updates)
	assert.Equal(t, map[uint64]string{1: "", 1 << 63: "dana", 7: "ingrid"}, d.Owners, "the first owner stays")
	assert.Equal(t, map[string]int{"ingrid": 3}, d.Removed)
	assert.Equal(t, "c0", d.Last)
	assert.Equal(t, seq2, d.Seq)
	assert.Equal(t, "one\ntwo\nthree\n", text(t, d))

	third, err := j.Append(ctx, id, journal.Batch{Updates: []journal.Update{edit(t, doc, 0, "zero\n")}})
	require.NoError(t, err)
	assert.Greater(t, third, seq2, "a seq is never given twice")

	unsaved, err := j.Unsaved(ctx)
	require.NoError(t, err)
	assert.Equal(t, []string{page}, unsaved)
	require.NoError(t, j.Check(ctx))
}

func TestUnknownDocuments(t *testing.T) {
	j, _ := fresh(t)
	id, _ := create(t, j, page, "one\n")
	_, err := j.Load(ctx, "acme/internal/pricing/none")
	assert.ErrorIs(t, err, journal.ErrUnknown)
	has, err := j.Has(ctx, page)
	require.NoError(t, err)
	assert.True(t, has)
	has, err = j.Has(ctx, "acme/internal/pricing/none")
	require.NoError(t, err)
	assert.False(t, has)
	_, err = j.Append(ctx, id+1, journal.Batch{Updates: []journal.Update{{Data: []byte{0, 0}}}})
	assert.ErrorIs(t, err, journal.ErrUnknown)
	assert.ErrorIs(t, j.Save(ctx, id+1, journal.Saving{}), journal.ErrUnknown)
	assert.ErrorIs(t, j.Saved(ctx, id+1, journal.Version{Commit: "c"}, 1), journal.ErrUnknown)
	assert.ErrorIs(t, j.Compact(ctx, id+1, 1, nil), journal.ErrUnknown)
	assert.ErrorIs(t, j.Recovered(ctx, id+1), journal.ErrUnknown)
	_, err = j.State(ctx, id, "c1")
	assert.ErrorIs(t, err, journal.ErrUnknown)
	_, err = j.Create(ctx, journal.Document{Name: page}, journal.Version{})
	assert.ErrorIs(t, err, journal.ErrExists)
	unsaved, err := j.Unsaved(ctx)
	require.NoError(t, err)
	assert.Empty(t, unsaved)
}

func TestAVersionOnItsWay(t *testing.T) {
	j, _ := fresh(t)
	id, doc := create(t, j, page, "one\n")
	u := edit(t, doc, 4, "two\n")
	u.Removed = 5
	upto, err := j.Append(ctx, id, journal.Batch{Updates: []journal.Update{u}})
	require.NoError(t, err)
	state := doc.Encode(nil)
	intent := journal.Saving{Text: hash(doc.Text()), State: state, Upto: upto}
	require.NoError(t, j.Save(ctx, id, intent))
	later := edit(t, doc, 0, "zero\n")
	later.Person, later.Removed = "ingrid", 2
	_, err = j.Append(ctx, id, journal.Batch{Updates: []journal.Update{later}})
	require.NoError(t, err)

	d := load(t, j, page)
	assert.Equal(t, []journal.Saving{intent}, d.Saving)
	assert.Equal(t, map[string]int{"dana": 5, "ingrid": 2}, d.Removed)

	require.NoError(t, j.Saved(ctx, id, journal.Version{Commit: "c1", State: state}, upto))
	d = load(t, j, page)
	assert.Empty(t, d.Saving)
	assert.Equal(t, map[string]int{"ingrid": 2}, d.Removed, "what came after the version is kept")
	assert.Equal(t, "c1", d.Last)
	got, err := j.State(ctx, id, "c1")
	require.NoError(t, err)
	assert.Equal(t, state, got)
	unsaved, err := j.Unsaved(ctx)
	require.NoError(t, err)
	assert.Equal(t, []string{page}, unsaved)

	require.NoError(t, j.Saved(ctx, id, journal.Version{Commit: "c2", State: doc.Encode(nil)}, d.Seq))
	require.NoError(t, j.Saved(ctx, id, journal.Version{Commit: "c1", State: doc.Encode(nil)}, upto), "told again")
	d = load(t, j, page)
	assert.Equal(t, "c2", d.Last)
	got, err = j.State(ctx, id, "c1")
	require.NoError(t, err)
	assert.Equal(t, state, got, "a version's state does not change")
	unsaved, err = j.Unsaved(ctx)
	require.NoError(t, err)
	assert.Empty(t, unsaved)
	assert.Equal(t, "zero\none\ntwo\n", text(t, d))
	require.NoError(t, j.Check(ctx))
}

func TestAMergedVersion(t *testing.T) {
	j, _ := fresh(t)
	id, doc := create(t, j, page, "one\n")
	merged := edit(t, doc, 4, "merged\n")
	seq, err := j.Append(ctx, id, journal.Batch{Updates: []journal.Update{merged}, Owners: map[uint64]string{9: "dana"},
		Version: &journal.Version{Commit: "c1", State: doc.Encode(nil)}})
	require.NoError(t, err)
	d := load(t, j, page)
	assert.Equal(t, "c1", d.Last)
	assert.Equal(t, seq, d.Seq)
	unsaved, err := j.Unsaved(ctx)
	require.NoError(t, err)
	assert.Empty(t, unsaved, "nothing else was pending")

	_, err = j.Append(ctx, id, journal.Batch{Updates: []journal.Update{edit(t, doc, 0, "typed\n")}})
	require.NoError(t, err)
	_, err = j.Append(ctx, id, journal.Batch{Updates: []journal.Update{edit(t, doc, 0, "merged too\n")},
		Version: &journal.Version{Commit: "c2", State: doc.Encode(nil)}})
	require.NoError(t, err)
	unsaved, err = j.Unsaved(ctx)
	require.NoError(t, err)
	assert.Equal(t, []string{page}, unsaved, "what was typed before the merge is in no version yet")
}

func TestCompacting(t *testing.T) {
	j, _ := fresh(t)
	id, doc := create(t, j, page, "one\n")
	first := edit(t, doc, 0, "a")
	first.Removed = 4
	upto, err := j.Append(ctx, id, journal.Batch{Updates: []journal.Update{first, edit(t, doc, 0, "b")}})
	require.NoError(t, err)
	state := doc.Encode(nil)
	last := edit(t, doc, 0, "c")
	seq, err := j.Append(ctx, id, journal.Batch{Updates: []journal.Update{last}})
	require.NoError(t, err)
	require.NoError(t, j.Compact(ctx, id, upto, state))
	d := load(t, j, page)
	assert.Equal(t, state, d.State)
	assert.Equal(t, []journal.Update{last}, d.Updates)
	assert.Equal(t, map[string]int{"dana": 4}, d.Removed, "it is not credited yet")
	assert.Equal(t, "cbaone\n", text(t, d))

	require.NoError(t, j.Compact(ctx, id, seq, doc.Encode(nil)))
	require.NoError(t, j.Compact(ctx, id, upto, state), "an older state changes nothing")
	d = load(t, j, page)
	assert.Equal(t, doc.Encode(nil), d.State)
	assert.Empty(t, d.Updates)
	assert.Equal(t, seq, d.Seq)
	unsaved, err := j.Unsaved(ctx)
	require.NoError(t, err)
	assert.Equal(t, []string{page}, unsaved)

	require.NoError(t, j.Saved(ctx, id, journal.Version{Commit: "c1", State: doc.Encode(nil)}, seq))
	d = load(t, j, page)
	assert.Empty(t, d.Removed)
	assert.Equal(t, seq, d.Seq)
	unsaved, err = j.Unsaved(ctx)
	require.NoError(t, err)
	assert.Empty(t, unsaved)
}

func TestRenamingAndRemoving(t *testing.T) {
	j, path := fresh(t)
	id, doc := create(t, j, page, "one\n")
	other, _ := create(t, j, "acme2/internal/pricing/price-model", "other\n")
	create(t, j, "acme/external/account/welcome", "hello\n")
	const to = "acme/internal/closing/price"
	require.NoError(t, j.Rename(ctx, page, to))
	require.NoError(t, j.Rename(ctx, to, to))
	assert.ErrorIs(t, j.Rename(ctx, page, to), journal.ErrUnknown)
	assert.ErrorIs(t, j.Rename(ctx, to, "acme/external/account/welcome"), journal.ErrExists)
	_, err := j.Append(ctx, id, journal.Batch{Updates: []journal.Update{edit(t, doc, 0, "x")}})
	require.NoError(t, err)
	assert.Equal(t, "xone\n", text(t, load(t, j, to)))

	require.NoError(t, j.Remove(ctx, to))
	require.NoError(t, j.Remove(ctx, to), "it is gone already")
	_, err = j.Append(ctx, id, journal.Batch{Updates: []journal.Update{edit(t, doc, 0, "x")}})
	assert.ErrorIs(t, err, journal.ErrUnknown)
	again, _ := create(t, j, to, "one\n")
	assert.NotEqual(t, id, again, "a room of the old document cannot write into the new one")
	assert.Greater(t, again, other)

	require.NoError(t, j.RemoveAll(ctx, "acme"))
	_, err = j.Load(ctx, to)
	assert.ErrorIs(t, err, journal.ErrUnknown)
	assert.Equal(t, "other\n", text(t, load(t, j, "acme2/internal/pricing/price-model")))
	require.NoError(t, j.Check(ctx))
	info, err := os.Stat(path)
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o600), info.Mode().Perm())
}

func TestMarks(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal.db")
	j, err := journal.Open(path, journal.Options{Rebuilt: true})
	require.NoError(t, err)
	create(t, j, page, "one\n")
	require.NoError(t, j.Close())
	j = open(t, path, journal.Options{})
	id, _ := create(t, j, page+"-2", "two\n")
	assert.True(t, load(t, j, page).Rebuilt)
	assert.True(t, load(t, j, page+"-2").Rebuilt, "also what is made later")
	require.NoError(t, j.SetRecovering(ctx))
	require.NoError(t, j.Recovered(ctx, id))
	assert.True(t, load(t, j, page).Recovering)
	assert.False(t, load(t, j, page+"-2").Recovering)

	ordinary, _ := fresh(t)
	create(t, ordinary, page, "one\n")
	assert.False(t, load(t, ordinary, page).Rebuilt)
}

func TestAnEditToBeMerged(t *testing.T) {
	j, path := fresh(t)
	id, doc := create(t, j, page, "one\n")
	assert.Nil(t, load(t, j, page).Merging)
	two := edit(t, doc, 4, "two\n")
	m := journal.Merging{Text: hash("one\ntwo\n"), Head: "c0", Client: 1<<63 + 1, Person: "dana", Data: two.Data}
	require.NoError(t, j.Merge(ctx, id, journal.Merging{Text: hash("another\n"), Head: "c0", Client: 3, Data: []byte{0, 0}}))
	require.NoError(t, j.Merge(ctx, id, m), "which takes its place")
	assert.ErrorIs(t, j.Merge(ctx, id+1, m), journal.ErrUnknown)
	require.NoError(t, j.Close())

	j = open(t, path, journal.Options{})
	assert.Equal(t, &m, load(t, j, page).Merging)
	assert.Equal(t, "one\n", text(t, load(t, j, page)))
	unsaved, err := j.Unsaved(ctx)
	require.NoError(t, err)
	assert.Empty(t, unsaved)
	require.NoError(t, j.Check(ctx))

	// A version that was known says nothing about it, a new one ends it.
	state, err := j.State(ctx, id, "c0")
	require.NoError(t, err)
	require.NoError(t, j.Saved(ctx, id, journal.Version{Commit: "c0", State: state}, 0))
	assert.NotNil(t, load(t, j, page).Merging)
	_, err = j.Append(ctx, id, journal.Batch{Updates: []journal.Update{two}, Version: &journal.Version{Commit: "c1", State: doc.Encode(nil)}})
	require.NoError(t, err)
	assert.Nil(t, load(t, j, page).Merging)
	require.NoError(t, j.Merge(ctx, id, m))
	require.NoError(t, j.Saved(ctx, id, journal.Version{Commit: "c2", State: doc.Encode(nil)}, 1))
	assert.Nil(t, load(t, j, page).Merging)
	require.NoError(t, j.Merge(ctx, id, m))
	require.NoError(t, j.Remove(ctx, page))
	require.NoError(t, j.Check(ctx))
}

// A file that an older program has made is read as it is, and brought to the
// schema when it is opened.
func TestTheSchemaBefore(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal.db")
	j, err := journal.Open(path, journal.Options{Rebuilt: true})
	require.NoError(t, err)
	id, doc := create(t, j, page, "one\n")
	require.NoError(t, j.Close())
	old, err := sql.Open("sqlite", path)
	require.NoError(t, err)
	_, err = old.ExecContext(ctx, "DROP TABLE merging; PRAGMA user_version = 1")
	require.NoError(t, err)
	require.NoError(t, old.Close())

	require.NoError(t, journal.CheckFile(ctx, path))
	list, err := journal.ListFile(ctx, path)
	require.NoError(t, err)
	assert.Len(t, list, 1)
	damaged := filepath.Join(t.TempDir(), "journal.db")
	require.NoError(t, journal.CopyFile(ctx, path, damaged))
	kept, _, err := journal.Repair(ctx, damaged, journal.Options{})
	require.NoError(t, err)
	assert.Equal(t, 1, kept)

	j = open(t, path, journal.Options{})
	require.NoError(t, j.Merge(ctx, id, journal.Merging{Text: hash("one\ntwo\n"), Head: "c0", Client: 2, Data: edit(t, doc, 4, "two\n").Data}))
	d := load(t, j, page)
	assert.NotNil(t, d.Merging)
	assert.Equal(t, "one\n", text(t, d))
	assert.True(t, d.Rebuilt)
}
