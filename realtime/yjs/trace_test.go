package yjs_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"os"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dealwiki/realtime/yjs"
)

// A trace is a recorded writing of a text; see testdata/README.md. It is all
// ASCII, so its positions are UTF-16 units as well.
type trace struct {
	EndContent string
	Txns       []struct{ Patches [][3]any }
}

// recorded is the trace, read once.
var recorded struct {
	sync.Once
	ops []yjs.Edit
	end string
	err error
}

func readTrace(t testing.TB) (ops []yjs.Edit, end string) {
	t.Helper()
	recorded.Do(func() {
		var tr trace
		tr, recorded.err = unpackTrace()
		for _, txn := range tr.Txns {
			for _, p := range txn.Patches {
				recorded.ops = append(recorded.ops, yjs.Edit{Pos: int(p[0].(float64)), Delete: int(p[1].(float64)), Insert: p[2].(string)})
			}
		}
		recorded.end = tr.EndContent
	})
	require.NoError(t, recorded.err)
	require.Len(t, recorded.ops, 259_778)
	return recorded.ops, recorded.end
}

func unpackTrace() (tr trace, err error) {
	f, err := os.Open("testdata/automerge-paper.json.gz")
	if err != nil {
		return tr, err
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		return tr, err
	}
	return tr, json.NewDecoder(z).Decode(&tr)
}

// typed makes the updates of a trace: one for each keystroke.
func typed(t testing.TB, ops []yjs.Edit, client uint64) ([][]byte, *yjs.Doc) {
	t.Helper()
	d := yjs.New(yjs.Options{Client: client})
	updates := make([][]byte, 0, len(ops))
	for _, op := range ops {
		u, err := d.Change(op)
		require.NoError(t, err)
		updates = append(updates, u)
	}
	return updates, d
}

func TestTraceKeystrokeByKeystroke(t *testing.T) {
	ops, end := readTrace(t)
	updates, source := typed(t, ops, 1001)
	require.True(t, end == source.Text())

	d := yjs.New(yjs.Options{})
	for _, u := range updates {
		_, err := d.Apply(u)
		require.NoError(t, err)
	}
	require.NoError(t, d.Check())
	assert.True(t, end == d.Text())
	assert.False(t, d.Pending())
	assert.Equal(t, source.StateVector(), d.StateVector())

	state := d.Encode(nil)
	assert.True(t, bytes.Equal(source.Encode(nil), state))
	loaded, err := yjs.Load(state, yjs.Options{})
	require.NoError(t, err)
	require.NoError(t, loaded.Check())
	assert.True(t, end == loaded.Text())
	assert.True(t, bytes.Equal(state, loaded.Encode(nil)))
	assert.Len(t, state, 245_323)
}

func BenchmarkTrace(b *testing.B) {
	ops, _ := readTrace(b)
	updates, source := typed(b, ops, 1001)
	state := source.Encode(nil)

	b.Run("apply", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			d := yjs.New(yjs.Options{})
			for _, u := range updates {
				if _, err := d.Apply(u); err != nil {
					b.Fatal(err)
				}
			}
		}
	})
	b.Run("type", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			d := yjs.New(yjs.Options{Client: 1001})
			for _, op := range ops {
				if _, err := d.Change(op); err != nil {
					b.Fatal(err)
				}
			}
		}
	})
	b.Run("load", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := yjs.Load(state, yjs.Options{}); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("encode", func(b *testing.B) {
		for b.Loop() {
			source.Encode(nil)
		}
	})
	b.Run("fork", func(b *testing.B) {
		for b.Loop() {
			source.Fork(1)
		}
	})
}
