package yjs_test

import (
	"bytes"
	"errors"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"dealwiki/realtime/yjs"
)

// strict are limits low enough that the fuzzer reaches them.
var strict = yjs.Limits{MaxMessage: 1 << 16, MaxText: 1 << 12, MaxItems: 2_000, MaxPending: 1 << 13, MaxWork: 20_000}

func genuine() [][]byte {
	a := yjs.New(yjs.Options{Client: 5})
	first := must(a.Change(insert(0, "hello 😀 world")))
	second := must(a.Change(yjs.Edit{Pos: 3, Delete: 2, Insert: "é"}))
	b := a.Fork(70_000)
	third := must(b.Change(insert(0, "漢字\n"), remove(5, 3)))
	fourth := must(a.Change(insert(7, "x")))
	_ = must(a.Apply(third))
	return [][]byte{first, second, third, fourth, a.Encode(nil), a.Encode(yjs.StateVector{5: 4}), must(yjs.Merge(first, third))}
}

func FuzzDecode(f *testing.F) {
	for _, u := range genuine() {
		f.Add(u)
	}
	for _, c := range hostile {
		if len(c.update) < 1<<12 {
			f.Add(c.update)
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		_, _ = yjs.DecodeStateVector(b)
		u, err := yjs.Decode(b, yjs.Limits{})
		if err != nil {
			require.ErrorIs(t, err, yjs.ErrRefused)
			return
		}
		again, err := yjs.Merge(b)
		require.NoError(t, err)
		v, err := yjs.Decode(again, yjs.Limits{})
		require.NoError(t, err, "what we write can be read")
		require.Equal(t, u.Wrote(), v.Wrote())
		twice, err := yjs.Merge(again, again)
		require.NoError(t, err)
		require.Equal(t, again, twice)
	})
}

func FuzzApply(f *testing.F) {
	list := genuine()
	for i, u := range list {
		f.Add(u, list[(i+1)%len(list)])
		f.Add(list[(i+1)%len(list)], u)
	}
	f.Add(scanBomb(20), splitBomb(20))
	f.Add(single(2, atRoot(4), "abcdef", byte(0xc4), 1, 5, 1, 0, "y"), build(0, 1, 1, 1, 1, 3))
	f.Fuzz(func(t *testing.T, a, b []byte) {
		d := yjs.New(yjs.Options{Client: 1 << 40, Limits: strict})
		for _, u := range [][]byte{a, b} {
			before := d.Encode(nil)
			e, err := d.Apply(u)
			require.NoError(t, d.Check())
			if err != nil || !e.Changed {
				require.Equal(t, before, d.Encode(nil))
			}
			if err != nil {
				require.ErrorIs(t, err, yjs.ErrRefused)
			}
		}
		state := d.Encode(nil)
		again, err := yjs.Load(state, yjs.Options{})
		require.NoError(t, err, "our own state")
		require.NoError(t, again.Check())
		// Forged twins of one clock may let move what waited. Where a right
		// neighbour stands left of the left one the order is luck, in Yjs too;
		// so texts are not compared.
		if !d.Pending() {
			require.Equal(t, d.StateVector(), again.StateVector())
			require.Equal(t, d.Deleted(), again.Deleted())
			require.Equal(t, d.Units(), again.Units())
		}
		fork := d.Fork(2)
		require.NoError(t, fork.Check())
		require.True(t, bytes.Equal(state, fork.Encode(nil)))
		if _, err := d.Replace("something else"); err != nil {
			require.True(t, errors.Is(err, yjs.ErrTooLarge), "%v", err)
		} else {
			require.Equal(t, "something else", d.Text())
		}
		require.NoError(t, d.Check())
		require.Equal(t, state, fork.Encode(nil), "a fork shares nothing")
	})
}

// FuzzConverge lets three documents edit and hear of each other as the input
// says, in any order and more than once. When all have heard everything they
// are equal.
func FuzzConverge(f *testing.F) {
	f.Add([]byte("some random script, 0123456789, which edits and delivers"))
	f.Add(bytes.Repeat([]byte{0, 3, 7, 1, 5, 9, 2, 8, 11, 4, 200, 13}, 20))
	f.Fuzz(func(t *testing.T, script []byte) {
		if len(script) > 600 {
			return
		}
		next := func() int {
			if len(script) == 0 {
				return 0
			}
			b := script[0]
			script = script[1:]
			return int(b)
		}
		words := []string{"a", "bc", "😀", "é\n", "漢字", "long word ", "\n", "x"}
		var docs []*yjs.Doc
		for i := range 3 {
			docs = append(docs, yjs.New(yjs.Options{Client: uint64(i*100 + 1)}))
		}
		var log [][]byte
		cuts := false
		for len(script) > 0 {
			d := docs[next()%3]
			switch op := next(); {
			case op < 90:
				log = append(log, must(d.Change(insert(next()%(d.Units()+1), words[next()%len(words)]))))
			case op < 130 && d.Units() > 0:
				pos := next() % d.Units()
				log = append(log, must(d.Change(remove(pos, min(1+next()%5, d.Units()-pos)))))
			case op < 150:
				if u := must(d.Replace(d.Text() + words[next()%len(words)])); u != nil {
					log = append(log, u)
				}
			case op < 230 && len(log) > 0:
				must(d.Apply(log[next()%len(log)]))
			default:
				other := docs[next()%3]
				must(d.Apply(other.Encode(d.StateVector())))
			}
			require.NoError(t, d.Check())
			cuts = cuts || bytes.Contains([]byte(d.Text()), []byte("\uFFFD"))
		}
		for i, d := range docs {
			for k := range log {
				must(d.Apply(log[(k*7+i*3)%max(len(log), 1)]))
			}
			for _, u := range log {
				must(d.Apply(u))
			}
			require.False(t, d.Pending())
			require.NoError(t, d.Check())
		}
		for _, d := range docs[1:] {
			require.Equal(t, docs[0].Text(), d.Text())
			require.Equal(t, docs[0].StateVector(), d.StateVector())
			require.Equal(t, docs[0].Deleted(), d.Deleted())
			require.Equal(t, docs[0].Spans(nil), d.Spans(nil))
		}
		if !cuts {
			slices.Reverse(log)
			merged := must(yjs.Load(must(yjs.Merge(log...)), yjs.Options{}))
			require.Equal(t, docs[0].Text(), merged.Text())
			one, other := must(yjs.Load(docs[0].Encode(nil), yjs.Options{})), must(yjs.Load(docs[2].Encode(nil), yjs.Options{}))
			require.Equal(t, one.Encode(nil), other.Encode(nil))
		}
	})
}
