package content_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dealwiki/content"
)

func TestMerge(t *testing.T) {
	cases := []struct {
		name, base, ours, theirs, want string
		overlaps                       int
	}{
		{"nothing", "a\n", "a\n", "a\n", "a\n", 0},
		{"ours only", "a\n", "b\n", "a\n", "b\n", 0},
		{"theirs only", "a\n", "a\n", "b\n", "b\n", 0},
		{"same change", "a\nx\n", "b\nx\n", "b\nx\n", "b\nx\n", 0},
		{"apart", "a\nb\nc\n", "A\nb\nc\n", "a\nb\nC\n", "A\nb\nC\n", 0},
		{"beside one another", "a\nb\n", "A\nb\n", "a\nB\n", "A\nB\n", 0},
		{"words apart in a line", "The price is 10 % for Acme.\n", "The price is 12 % for Acme.\n", "The price is 10 % for Globex.\n", "The price is 12 % for Globex.\n", 0},
		{"same word", "price 10\n", "price 11\n", "price 12\n", "price 11\nprice 12\n", 1},
		{"both insert", "a\nb\n", "a\nx\nb\n", "a\ny\nb\n", "a\nx\ny\nb\n", 1},
		{"both insert the same", "a\nb\n", "a\nx\nb\n", "a\nx\nb\n", "a\nx\nb\n", 0},
		{"both insert, partly the same", "a\nb\n", "a\nx\ny\nb\n", "a\nx\nz\nb\n", "a\nx\ny\nz\nb\n", 1},
		{"both append", "a", "a\nx", "a\ny", "a\nx\ny", 1},
		{"delete and change", "a\nb\nc\n", "a\nc\n", "a\nB\nc\n", "a\nB\nc\n", 1},
		{"delete and change elsewhere", "a\nb\nc\n", "a\nc\n", "a\nb\nC\n", "a\nC\n", 0},
		{"both delete", "a\nb\nc\n", "a\nc\n", "a\nc\n", "a\nc\n", 0},
		{"final newline taken", "a\nb\n", "a\nb", "A\nb\n", "A\nb", 0},
		{"final newline added", "a\nb", "a\nb\n", "A\nb", "A\nb\n", 0},
		{"Windows", "a\r\nb\r\nc\r\n", "A\r\nb\r\nc\r\n", "a\r\nb\r\nC\r\n", "A\r\nb\r\nC\r\n", 0},
		{"from nothing", "", "a\n", "b\n", "a\nb\n", 1},
		{"all gone on one side", "a\n", "", "a\nb\n", "b\n", 0},
		{"paragraph edited at both ends", "one two three four five six\n", "ONE two three four five six\n", "one two three four five SIX\n", "ONE two three four five SIX\n", 0},
		{"only the disputed line is kept twice", "a 1\nb 2\nc 3\n", "a 9\nb 8\nc 3\n", "a 1\nb 7\nc 6\n", "a 9\nb 8\nb 7\nc 6\n", 1},
		{"tick and text", "- [ ] call Ingrid\n", "- [x] call Ingrid\n", "- [ ] call Ingrid @sam\n", "- [x] call Ingrid @sam\n", 0},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got, overlaps := content.Merge([]byte(c.base), []byte(c.ours), []byte(c.theirs))
			assert.Equal(t, c.want, string(got))
			assert.Len(t, overlaps, c.overlaps)
		})
	}
}

func TestMergeReportsWhere(t *testing.T) {
	got, overlaps := content.Merge([]byte("1\n2\n3\n4\n"), []byte("1\n2\nours\n4\n"), []byte("0\n1\n2\ntheirs\n4\n"))
	assert.Equal(t, "0\n1\n2\nours\ntheirs\n4\n", string(got))
	require.Len(t, overlaps, 1)
	assert.Equal(t, content.Overlap{Base: "3\n", Ours: "ours\n", Theirs: "theirs\n", Line: 4}, overlaps[0])
}

func TestMergeProperties(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 10))
	for i := range 3000 {
		base := randomText(r, 25)
		ours, theirs := mutate(r, base), mutate(r, base)
		for _, c := range []struct{ base, ours, theirs, want []byte }{
			{base, ours, base, ours}, {base, base, theirs, theirs}, {base, ours, ours, ours},
		} {
			got, overlaps := content.Merge(c.base, c.ours, c.theirs)
			require.Equal(t, string(c.want), string(got))
			require.Empty(t, overlaps)
		}
		merged, overlaps := content.Merge(base, ours, theirs)
		// Every word that a side brought is there.
		for _, side := range [][]byte{ours, theirs} {
			for _, w := range strings.Fields(string(side)) {
				if !strings.Contains(string(base), w) {
					require.Contains(t, string(merged), w, "%d: %q %q %q", i, base, ours, theirs)
				}
			}
		}
		other, back := content.Merge(base, theirs, ours)
		require.Equal(t, len(overlaps), len(back))
		if len(overlaps) == 0 {
			require.Equal(t, string(merged), string(other), "%q %q %q", base, ours, theirs)
		}
	}
}

// Edits of two people in different places always both survive without overlap.
func TestMergeOfEditsApart(t *testing.T) {
	r := rand.New(rand.NewPCG(11, 12))
	for range 500 {
		var lines []string
		for i := range 20 + r.IntN(20) {
			lines = append(lines, fmt.Sprintf("line %d with some words in it\n", i))
		}
		i, j := r.IntN(len(lines)), r.IntN(len(lines))
		if i == j {
			continue
		}
		edit := func(at int, word string) []byte {
			l := append([]string{}, lines...)
			l[at] = strings.Replace(l[at], "some", word, 1)
			return []byte(strings.Join(l, ""))
		}
		merged, overlaps := content.Merge([]byte(strings.Join(lines, "")), edit(i, "OURS"), edit(j, "THEIRS"))
		require.Empty(t, overlaps)
		require.Equal(t, 1, strings.Count(string(merged), "OURS"))
		require.Equal(t, 1, strings.Count(string(merged), "THEIRS"))
		require.Len(t, content.SplitLines(merged), len(lines))
	}
}
