package journal_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dealwiki/realtime/journal"
)

func TestRewinding(t *testing.T) {
	j, _ := fresh(t)
	id, doc := create(t, j, page, "one\n")
	states := map[string][]byte{"c0": doc.Encode(nil)}
	for i := 1; i <= 3; i++ {
		upto, err := j.Append(ctx, id, journal.Batch{Updates: []journal.Update{edit(t, doc, 0, fmt.Sprint(i, "\n"))}})
		require.NoError(t, err)
		states[fmt.Sprintf("c%d", i)] = doc.Encode(nil)
		require.NoError(t, j.Saved(ctx, id, journal.Version{Commit: fmt.Sprintf("c%d", i), State: doc.Encode(nil)}, upto))
		if i == 2 {
			require.NoError(t, j.Compact(ctx, id, upto, doc.Encode(nil)))
		}
	}
	all := func(string) (bool, error) { return true, nil }
	n, err := j.Rewind(ctx, id, all)
	require.NoError(t, err)
	assert.Zero(t, n)
	unsaved, err := j.Unsaved(ctx)
	require.NoError(t, err)
	assert.Empty(t, unsaved)

	n, err = j.Rewind(ctx, id, func(commit string) (bool, error) { return commit < "c2", nil })
	require.NoError(t, err)
	assert.Equal(t, 2, n)
	d := load(t, j, page)
	assert.Equal(t, "c1", d.Last)
	assert.Equal(t, "3\n2\n1\none\n", text(t, d), "no edit is lost")
	unsaved, err = j.Unsaved(ctx)
	require.NoError(t, err)
	assert.Equal(t, []string{page}, unsaved)
	_, err = j.State(ctx, id, "c2")
	assert.ErrorIs(t, err, journal.ErrUnknown)
	got, err := j.State(ctx, id, "c1")
	require.NoError(t, err)
	assert.Equal(t, states["c1"], got)
	require.NoError(t, j.Saved(ctx, id, journal.Version{Commit: "c2'", State: doc.Encode(nil)}, d.Seq))
	assert.Equal(t, "c2'", load(t, j, page).Last)

	fresh, _ := create(t, j, page+"-new", "a page made after the backup began\n")
	_, err = j.Rewind(ctx, fresh, func(string) (bool, error) { return false, nil })
	require.NoError(t, err)
	assert.Empty(t, load(t, j, page+"-new").Last)
	unsaved, err = j.Unsaved(ctx)
	require.NoError(t, err)
	assert.Equal(t, []string{page + "-new"}, unsaved)
	require.NoError(t, j.Check(ctx))
}

func TestRepairing(t *testing.T) {
	for _, c := range []struct {
		name   string
		damage func(file []byte) []byte
		kept   int
	}{
		{"the file is none", func([]byte) []byte { return bytes.Repeat([]byte("no database "), 1000) }, 0},
		{"one state is overwritten", func(file []byte) []byte {
			at := bytes.Index(file, []byte("page 7 begins"))
			copy(file[at-40:], bytes.Repeat([]byte{0xff}, 50))
			return file
		}, 19},
		{"nothing is damaged", func(file []byte) []byte { return file }, 20},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, "journal.db")
			j, err := journal.Open(path, journal.Options{})
			require.NoError(t, err)
			var last int64
			for i := range 20 {
				name := fmt.Sprintf("%s-%d", page, i)
				id, doc := create(t, j, name, fmt.Sprintf("page %d begins\n%s", i, words(6000)))
				last, err = j.Append(ctx, id, journal.Batch{Updates: []journal.Update{edit(t, doc, 0, "typed\n")}, Owners: map[uint64]string{5: "dana"}})
				require.NoError(t, err)
			}
			require.NoError(t, j.Close())
			file, err := os.ReadFile(path)
			require.NoError(t, err)
			file = c.damage(file)
			require.NoError(t, os.WriteFile(path, file, 0o600))
			if c.kept < 20 {
				require.Error(t, journal.CheckFile(ctx, path))
			}

			kept, aside, err := journal.Repair(ctx, path, journal.Options{Now: noonNow})
			require.NoError(t, err)
			assert.Equal(t, c.kept, kept)
			assert.Equal(t, path+".damaged-20261102T120000Z", aside)
			old, err := os.ReadFile(aside)
			require.NoError(t, err)
			assert.True(t, bytes.Equal(file, old))
			require.NoError(t, journal.CheckFile(ctx, path))

			j = open(t, path, journal.Options{})
			list, err := j.Documents(ctx)
			require.NoError(t, err)
			assert.Len(t, list, kept)
			for _, b := range list {
				assert.True(t, b.Unsaved)
				d := load(t, j, b.Name)
				assert.True(t, d.Recovering)
				assert.Equal(t, "typed\n", text(t, d)[:6])
				seq, err := j.Append(ctx, d.ID, journal.Batch{Updates: []journal.Update{{Data: nothing}}})
				require.NoError(t, err)
				assert.Greater(t, seq, last)
			}
			create(t, j, page, "made anew\n")
			assert.True(t, load(t, j, page).Rebuilt)
		})
	}
}
