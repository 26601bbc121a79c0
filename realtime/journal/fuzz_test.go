package journal_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dealwiki/realtime/journal"
)

// FuzzDiff: what was taken apart is put together again, whatever it was.
func FuzzDiff(f *testing.F) {
	long := []byte(words(3000))
	f.Add([]byte(nil), []byte(nil))
	f.Add([]byte("short"), []byte("shorter"))
	f.Add(long, bytes.Replace(long, []byte(" "), []byte(" x"), 20))
	f.Add(long, append(bytes.Clone(long[1500:]), long[:1500]...))
	f.Add(bytes.Repeat([]byte("a"), 500), bytes.Repeat([]byte("a"), 700))
	f.Fuzz(func(t *testing.T, base, target []byte) {
		delta := journal.Diff(base, target)
		require.LessOrEqual(t, len(delta), 21*len(target)+21)
		got, err := journal.Patch(base, delta, len(target))
		require.NoError(t, err)
		require.True(t, bytes.Equal(target, got))
		out, err := journal.Unsqueeze(journal.Squeeze(delta), len(delta))
		require.NoError(t, err)
		require.True(t, bytes.Equal(delta, out))
	})
}

// FuzzPatch: a difference from a damaged file gives an error or as many bytes as
// were asked for.
func FuzzPatch(f *testing.F) {
	f.Add([]byte("a base of some length"), []byte{2, 'x'}, 1)
	f.Add([]byte("a base of some length"), journal.Diff([]byte("a base of some length"), []byte("base of some length")), 19)
	f.Add([]byte("b"), []byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 1}, 1<<20)
	f.Fuzz(func(t *testing.T, base, delta []byte, size int) {
		if size < 0 || size > 1<<20 {
			return
		}
		if data, err := journal.Unsqueeze(delta, size); err == nil {
			require.LessOrEqual(t, len(data), size)
		} else {
			require.ErrorIs(t, err, journal.ErrDamaged)
		}
		got, err := journal.Patch(base, delta, size)
		if err != nil {
			require.ErrorIs(t, err, journal.ErrDamaged)
			return
		}
		require.Len(t, got, size)
	})
}

// FuzzFile: a file that was damaged on disk makes errors and nothing worse.
func FuzzFile(f *testing.F) {
	path := filepath.Join(f.TempDir(), "journal.db")
	j, err := journal.Open(path, journal.Options{})
	require.NoError(f, err)
	id, doc := create(f, j, page, words(9000))
	for i := range 20 {
		upto, err := j.Append(ctx, id, journal.Batch{Updates: []journal.Update{edit(f, doc, i*100, "word")}, Owners: map[uint64]string{uint64(i): "dana"}})
		require.NoError(f, err)
		require.NoError(f, j.Saved(ctx, id, journal.Version{Commit: string(rune('a' + i)), State: doc.Encode(nil)}, upto))
	}
	require.NoError(f, j.Save(ctx, id, journal.Saving{Upto: 99}))
	require.NoError(f, j.Close())
	whole, err := os.ReadFile(path)
	require.NoError(f, err)
	for at := 0; at < len(whole); at += 1511 {
		f.Add(uint32(at), []byte{0xff, 0, 0x81})
	}
	f.Add(uint32(len(whole)/2), []byte(nil))
	f.Fuzz(func(t *testing.T, at uint32, put []byte) {
		file := bytes.Clone(whole)
		if int(at) < len(file) {
			if len(put) == 0 {
				file = file[:at] // cut off
			}
			copy(file[at:], put)
		}
		path := filepath.Join(t.TempDir(), "journal.db")
		require.NoError(t, os.WriteFile(path, file, 0o600))
		j, err := journal.Open(path, journal.Options{})
		if err != nil {
			return
		}
		defer j.Close()
		checked := j.Check(ctx)
		if d, err := j.Load(ctx, page); err == nil {
			for c := range 20 {
				_, _ = j.State(ctx, d.ID, string(rune('a'+c)))
			}
			_, err = j.Append(ctx, d.ID, journal.Batch{Updates: []journal.Update{{Data: nothing}}, Version: &journal.Version{Commit: "new", State: d.State}})
			if checked == nil {
				assert.NoError(t, err)
			}
		}
		_, _ = j.Unsaved(ctx)
	})
}
