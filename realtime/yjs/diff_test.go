package yjs_test

import (
	"math/rand/v2"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dealwiki/realtime/yjs"
)

func TestDiffIsSmall(t *testing.T) {
	for _, c := range []struct {
		name, from, to string
		edits          []yjs.Edit
	}{
		{"equal", "a\nb\n", "a\nb\n", nil},
		{"from nothing", "", "a", []yjs.Edit{insert(0, "a")}},
		{"to nothing", "a\nb", "", []yjs.Edit{remove(0, 3)}},
		{"one letter", "hello", "hallo", []yjs.Edit{{Pos: 1, Delete: 1, Insert: "a"}}},
		{"a line between", "a\nb\n", "a\nx\nb\n", []yjs.Edit{insert(2, "x\n")}},
		{"two places", "one\ntwo\nthree\n", "1ne\ntwo\nthree!\n", []yjs.Edit{{Pos: 0, Delete: 1, Insert: "1"}, insert(13, "!")}},
		{"two words of one line", "the quick brown fox jumps", "the slow brown fox sleeps", []yjs.Edit{{Pos: 4, Delete: 5, Insert: "slow"}, {Pos: 20, Delete: 3, Insert: "slee"}}},
		{"a tick", "- [ ] one\n- [ ] two\n- [ ] three\n", "- [ ] one\n- [x] two\n- [ ] three\n", []yjs.Edit{{Pos: 13, Delete: 1, Insert: "x"}}},
		{"pairs are not cut", "a😀b", "a😁b", []yjs.Edit{{Pos: 1, Delete: 2, Insert: "😁"}}},
		{"nor letters", "é", "è", []yjs.Edit{{Pos: 0, Delete: 1, Insert: "è"}}},
		{"behind pairs", "😀😀x", "😀😀y", []yjs.Edit{{Pos: 4, Delete: 1, Insert: "y"}}},
		{"a moved line", "a\nb\nc\n", "c\na\nb\n", []yjs.Edit{insert(0, "c\n"), remove(4, 2)}},
		{"nothing in common but spaces", "aa bb cc", "dd ee ff", []yjs.Edit{{Pos: 0, Delete: 8, Insert: "dd ee ff"}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			assert.Equal(t, c.edits, yjs.Diff(c.from, c.to))
		})
	}
}

func apply(text string, edits []yjs.Edit) string {
	u := utf16.Encode([]rune(text))
	var out []uint16
	at := 0
	for _, e := range edits {
		out = append(append(out, u[at:e.Pos]...), utf16.Encode([]rune(e.Insert))...)
		at = e.Pos + e.Delete
	}
	return string(utf16.Decode(append(out, u[at:]...)))
}

func TestDiffTurnsOneTextIntoTheOther(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	words := []string{"a", "b\n", "\n", "😀", "é", "line\n", "🇩🇪", "x y", "", "word ", "  ", "漢字"}
	for range 5000 {
		var a, b strings.Builder
		for range r.IntN(25) {
			a.WriteString(words[r.IntN(len(words))])
		}
		for _, w := range strings.SplitAfter(a.String(), []string{"\n", " ", ""}[r.IntN(3)]) {
			if r.IntN(5) > 0 {
				b.WriteString(w)
			}
			if r.IntN(5) == 0 {
				b.WriteString(words[r.IntN(len(words))])
			}
		}
		edits := yjs.Diff(a.String(), b.String())
		require.Equal(t, b.String(), apply(a.String(), edits), "%q", a.String())
		end := -1
		for _, e := range edits {
			require.Greater(t, e.Pos, end, "edits ascend and do not touch: %q to %q: %v", a.String(), b.String(), edits)
			end = e.Pos + e.Delete
		}
		d := editor(1, a.String())
		must(d.Replace(b.String()))
		require.Equal(t, b.String(), d.Text())
	}
}

// Texts that have nothing in common do not take for ever.
func TestDiffIsBounded(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	text := func(n int, words ...string) string {
		var sb strings.Builder
		for sb.Len() < n {
			sb.WriteString(words[r.IntN(len(words))])
		}
		return sb.String()
	}
	for _, c := range [][2]string{
		{text(500_000, "a\n", "b\n", "\n"), text(500_000, "a\n", "c\n", "\n")},
		{text(500_000, "a ", "b "), text(500_000, "a ", "c ", "b")},
		{strings.Repeat("\n", 500_000), strings.Repeat("x\n\n", 150_000)},
		{strings.Repeat("x", 1<<20), strings.Repeat("y", 1<<20)},
	} {
		require.Equal(t, c[1], apply(c[0], yjs.Diff(c[0], c[1])))
	}
}

func TestReplaceTakesAnyText(t *testing.T) {
	d := editor(1, "some text\n")
	for _, c := range [][2]string{{"a\xffb", "a\uFFFDb"}, {"\x00", "\x00"}, {"", ""}, {"\r\n\r\n", "\r\n\r\n"}, {"e\u0301", "e\u0301"}} {
		must(d.Replace(c[0]))
		assert.Equal(t, c[1], d.Text())
		require.NoError(t, d.Check())
	}
	assert.Nil(t, must(d.Replace(d.Text())))
}
