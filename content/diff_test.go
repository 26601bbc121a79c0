package content_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dealwiki/content"
)

// applyLines makes b of a by a diff, and checks that the steps are in order
// and say the truth.
func applyLines(t testing.TB, a, b []byte, ops []content.LineOp) []byte {
	t.Helper()
	x, y := content.SplitLines(a), content.SplitLines(b)
	var out []byte
	i, j := 0, 0
	for _, o := range ops {
		require.Equal(t, []int{i, j}, []int{o.A0, o.B0})
		switch o.Kind {
		case content.Equal:
			require.Equal(t, o.A1-o.A0, o.B1-o.B0)
			require.Equal(t, x[o.A0:o.A1], y[o.B0:o.B1])
			out = append(out, bytes.Join(x[o.A0:o.A1], nil)...)
		case content.Insert:
			require.Equal(t, o.A0, o.A1)
			out = append(out, bytes.Join(y[o.B0:o.B1], nil)...)
		case content.Delete:
			require.Equal(t, o.B0, o.B1)
		}
		require.True(t, o.A1 > o.A0 || o.B1 > o.B0)
		i, j = o.A1, o.B1
	}
	require.Equal(t, []int{len(x), len(y)}, []int{i, j})
	return out
}

func sides(ops []content.WordOp) (a, b string) {
	for _, o := range ops {
		if o.Kind != content.Insert {
			a += o.Text
		}
		if o.Kind != content.Delete {
			b += o.Text
		}
	}
	return a, b
}

func marked(ops []content.WordOp) string {
	var b strings.Builder
	for _, o := range ops {
		switch o.Kind {
		case content.Insert:
			b.WriteString("{+" + o.Text + "+}")
		case content.Delete:
			b.WriteString("[-" + o.Text + "-]")
		default:
			b.WriteString(o.Text)
		}
	}
	return b.String()
}

func TestSplitLines(t *testing.T) {
	for in, want := range map[string]int{"": 0, "a": 1, "a\n": 1, "a\nb": 2, "\n\n": 2, "a\r\nb\r": 2} {
		lines := content.SplitLines([]byte(in))
		assert.Len(t, lines, want, "%q", in)
		assert.Equal(t, in, string(bytes.Join(lines, nil)))
	}
}

func TestDiffLines(t *testing.T) {
	cases := []struct{ a, b, want string }{
		{"", "", ""}, {"a\n", "a\n", "=1"}, {"", "a\n", "+1"}, {"a\n", "", "-1"},
		{"a\nb\nc\n", "a\nx\nc\n", "=1 -1 +1 =1"},
		{"a\nb\nc\n", "a\nc\n", "=1 -1 =1"},
		{"a\nc\n", "a\nb\nc\n", "=1 +1 =1"},
		{"a\nb\n", "b\na\n", "-1 =1 +1"},
		{"a", "a\n", "-1 +1"},
		{"a\n\nb\n\nc\n", "a\n\nc\n", "=2 -2 =1"},
		{"{\n}\n", "{\n}\n{\n}\n", "=2 +2"},
	}
	for _, c := range cases {
		ops := content.DiffLines([]byte(c.a), []byte(c.b))
		assert.Equal(t, c.b, string(applyLines(t, []byte(c.a), []byte(c.b), ops)))
		var got []string
		for _, o := range ops {
			got = append(got, fmt.Sprintf("%c%d", "=+-"[o.Kind], max(o.A1-o.A0, o.B1-o.B0)))
		}
		assert.Equal(t, c.want, strings.Join(got, " "), "%q to %q", c.a, c.b)
	}
}

// randomText is lines of few different words, so that much is repeated.
func randomText(r *rand.Rand, lines int) []byte {
	words := strings.Fields("a b c d the quick deal price 10 % | - [ ] # é")
	var b bytes.Buffer
	for range r.IntN(lines + 1) {
		for range r.IntN(4) {
			b.WriteString(words[r.IntN(len(words))] + " ")
		}
		b.WriteString([]string{"\n", "\n", "\r\n"}[r.IntN(3)])
	}
	if r.IntN(4) == 0 {
		b.WriteString("end")
	}
	return b.Bytes()
}

// mutate changes, adds and takes away some lines.
func mutate(r *rand.Rand, src []byte) []byte {
	var out []byte
	for _, l := range content.SplitLines(src) {
		switch r.IntN(12) {
		case 0:
		case 1:
			out = append(out, fmt.Sprintf("new %d\n", r.IntN(1000))...)
			out = append(out, l...)
		case 2:
			out = append(out, fmt.Sprintf("w%d ", r.IntN(1000))...)
			out = append(out, l...)
		default:
			out = append(out, l...)
		}
	}
	return out
}

func TestDiffProperties(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for i := range 3000 {
		a := randomText(r, 30)
		b := randomText(r, 30)
		if i%2 == 0 {
			b = mutate(r, a)
		}
		require.Equal(t, string(b), string(applyLines(t, a, b, content.DiffLines(a, b))))
		x, y := sides(content.DiffWords(string(a), string(b)))
		require.Equal(t, string(a), x)
		require.Equal(t, string(b), y)
		for _, o := range content.DiffLines(a, a) {
			require.Equal(t, content.Equal, o.Kind)
		}
		s := content.Similar(a, b)
		require.InDelta(t, s, content.Similar(b, a), 1e-9)
		require.True(t, s >= 0 && s <= 1)
	}
}

// A diff is as short as it can be where no line is unique, which leaves the
// work to the shortest-path search: checked against the textbook table.
func TestDiffIsShortest(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 2000 {
		var a, b []byte
		for range r.IntN(14) {
			a = append(a, "xyz"[r.IntN(3)], '\n')
		}
		for range r.IntN(14) {
			b = append(b, "xyz"[r.IntN(3)], '\n')
		}
		a, b = append(a, a...), append(b, b...) // nothing stands once
		same := 0
		for _, o := range content.DiffLines(a, b) {
			if o.Kind == content.Equal {
				same += o.A1 - o.A0
			}
		}
		want := commonSubsequence(content.SplitLines(a), content.SplitLines(b))
		if !once(a, b) {
			require.Equal(t, want, same, "%q %q", a, b)
		}
	}
}

// once reports whether any prefix or suffix trimming can leave a unique line.
func once(a, b []byte) bool {
	for _, c := range "xyz" {
		if bytes.Count(a, []byte(string(c))) < 8 || bytes.Count(b, []byte(string(c))) < 8 {
			return true
		}
	}
	return false
}

func commonSubsequence(a, b [][]byte) int {
	row := make([]int, len(b)+1)
	for i := range a {
		prev := 0
		for j := range b {
			old := row[j+1]
			if bytes.Equal(a[i], b[j]) {
				row[j+1] = prev + 1
			} else {
				row[j+1] = max(row[j+1], row[j])
			}
			prev = old
		}
	}
	return row[len(b)]
}

func TestDiffIsBounded(t *testing.T) {
	var a, b bytes.Buffer
	r := rand.New(rand.NewPCG(5, 6))
	for range 200_000 {
		fmt.Fprintf(&a, "%d\n", r.IntN(3))
		fmt.Fprintf(&b, "%d\n", r.IntN(3))
	}
	assert.True(t, bytes.Equal(b.Bytes(), applyLinesFast(a.Bytes(), b.Bytes(), content.DiffLines(a.Bytes(), b.Bytes()))))
	x, y := sides(content.DiffWords(a.String(), b.String()))
	assert.True(t, x == a.String() && y == b.String())
}

func applyLinesFast(a, b []byte, ops []content.LineOp) []byte {
	x, y := content.SplitLines(a), content.SplitLines(b)
	var out []byte
	for _, o := range ops {
		switch o.Kind {
		case content.Equal:
			out = append(out, bytes.Join(x[o.A0:o.A1], nil)...)
		case content.Insert:
			out = append(out, bytes.Join(y[o.B0:o.B1], nil)...)
		}
	}
	return out
}

func TestDiffWords(t *testing.T) {
	for _, c := range []struct{ a, b, want string }{
		{"", "", ""},
		{"same text", "same text", "same text"},
		{"The price is 10 %.", "The price is 12 %.", "The price is [-10-]{+12+} %."},
		{"a deal", "a very good deal", "a {+very good +}deal"},
		{"Go-live in March.", "Go-live in April!", "Go-live in [-March.-]{+April!+}"},
		{"we pay yearly in advance", "they invoice monthly in arrears", "[-we pay yearly in advance-]{+they invoice monthly in arrears+}"},
		{"one two three", "1 2 3", "[-one two three-]{+1 2 3+}"},
		{"价格是十元", "价格是九元", "价格是[-十-]{+九+}元"},
		{"line\none", "line\ntwo", "line\n[-one-]{+two+}"},
		{"über alles", "über allem", "über [-alles-]{+allem+}"},
	} {
		assert.Equal(t, c.want, marked(content.DiffWords(c.a, c.b)), "%q to %q", c.a, c.b)
	}
}

func TestCompare(t *testing.T) {
	a := "# Plan\n\none\ntwo\nthree\nfour\nfive\nsix\nseven\n## Price\neight\nnine\nThe price is 10 % lower.\nend\n"
	b := "# Plan\n\none\n2\nthree\nfour\nfive\nsix\nseven\n## Price\neight\nnine\nThe price is 12 % lower.\nend"
	hunks := content.Compare([]byte(a), []byte(b), 1)
	require.Len(t, hunks, 2)
	assert.Equal(t, [4]int{3, 3, 3, 3}, [4]int{hunks[0].A, hunks[0].ALines, hunks[0].B, hunks[0].BLines})
	assert.Equal(t, "# Plan", hunks[0].Heading)
	assert.Equal(t, "## Price", hunks[1].Heading)
	assert.Equal(t, [4]int{12, 3, 12, 3}, [4]int{hunks[1].A, hunks[1].ALines, hunks[1].B, hunks[1].BLines})
	assert.Nil(t, hunks[0].Lines[1].Spans, "nothing in common")
	var del content.HunkLine
	for _, l := range hunks[1].Lines {
		if l.Kind == content.Delete && strings.HasPrefix(l.Text, "The") {
			del = l
		}
	}
	assert.Equal(t, "The price is [-10-] % lower.", marked(del.Spans))
	assert.Nil(t, content.Compare([]byte(a), []byte(a), 3))
	assert.Len(t, content.Compare([]byte(a), []byte(b), -1), 1)
	assert.Len(t, content.Compare(nil, []byte("a\n"), 3), 1)
}

func TestCompareProperties(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	for range 500 {
		a := randomText(r, 40)
		b := mutate(r, a)
		x, y := content.SplitLines(a), content.SplitLines(b)
		for _, h := range content.Compare(a, b, r.IntN(5)-1) {
			na, nb := h.A, h.B
			for _, l := range h.Lines {
				if l.A > 0 {
					require.Equal(t, na, l.A)
					require.Equal(t, strings.TrimRight(string(x[l.A-1]), "\r\n"), l.Text)
					na++
				}
				if l.B > 0 {
					require.Equal(t, nb, l.B)
					require.Equal(t, strings.TrimRight(string(y[l.B-1]), "\r\n"), l.Text)
					nb++
				}
				if l.Spans != nil {
					text := ""
					for _, s := range l.Spans {
						text += s.Text
					}
					require.Equal(t, l.Text, text)
				}
			}
			require.Equal(t, []int{h.A + h.ALines, h.B + h.BLines}, []int{na, nb})
		}
	}
}

func TestSimilar(t *testing.T) {
	text := []byte(strings.Repeat("a line of text that is about so long\n", 1) + "second\nthird line here\n")
	assert.Equal(t, 1.0, content.Similar(text, text))
	assert.Equal(t, 1.0, content.Similar(nil, nil))
	assert.Zero(t, content.Similar(text, nil))
	assert.Zero(t, content.Similar(text, []byte("something else\n")))
	assert.Greater(t, content.Similar(text, append([]byte("new\n"), text...)), 0.8)
	assert.InDelta(t, 0.5, content.Similar([]byte("aaaa\nbbbb\n"), []byte("aaaa\ncccc\n")), 0.15)
}
