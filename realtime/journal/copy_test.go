package journal_test

import (
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dealwiki/realtime/journal"
)

func TestACopyTakenInUseIsOfOneMoment(t *testing.T) {
	j, path := fresh(t)
	id, doc := create(t, j, page, "one\n")
	stop := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		for i := 0; ; i++ {
			select {
			case <-stop:
				return
			default:
			}
			if _, err := j.Append(ctx, id, journal.Batch{Updates: []journal.Update{edit(t, doc, 0, "x"), edit(t, doc, 0, "y")}}); !assert.NoError(t, err) {
				return
			}
		}
	})
	for i := range 4 {
		before, err := j.Append(ctx, id, journal.Batch{Updates: []journal.Update{{Data: nothing}}})
		require.NoError(t, err)
		to := filepath.Join(t.TempDir(), fmt.Sprintf("%d.db", i))
		require.NoError(t, journal.CopyFile(ctx, path, to))
		info, err := os.Stat(to)
		require.NoError(t, err)
		assert.Equal(t, os.FileMode(0o600), info.Mode().Perm())
		assert.Error(t, journal.CopyFile(ctx, path, to), "it overwrites nothing")
		require.NoError(t, journal.CheckFile(ctx, to))
		copied := open(t, to, journal.Options{})
		d := load(t, copied, page)
		assert.GreaterOrEqual(t, d.Seq, before)
		n := 0
		for _, u := range d.Updates {
			if len(u.Data) > len(nothing) {
				n++
			}
		}
		assert.Zero(t, n%2, "batches are whole")
	}
	close(stop)
	wg.Wait()
	assert.ErrorIs(t, journal.CopyFile(ctx, path+"-none", path+"-copy"), os.ErrNotExist)
	assert.NoFileExists(t, path+"-none")
	assert.NoFileExists(t, path+"-copy")
	require.NoError(t, journal.CheckFile(ctx, path), "also beside the server")
	assert.ErrorIs(t, journal.CheckFile(ctx, path+"-none"), os.ErrNotExist)

	require.NoError(t, j.Close())
	assert.ErrorIs(t, j.Copy(ctx, path+"-copy"), journal.ErrClosed)
	_, err := j.Load(ctx, page)
	assert.ErrorIs(t, err, journal.ErrClosed)
	_, err = j.Append(ctx, id, journal.Batch{})
	assert.ErrorIs(t, err, journal.ErrClosed)
}
