package repo

import (
	"bytes"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
)

// Whatever stands in an object, a pack or a commit message may have come with a
// push: reading it never panics, and what was read can be written again.

func FuzzParseTree(f *testing.F) {
	f.Add([]byte("100644 a.md\x0001234567890123456789" + "40000 b\x0001234567890123456789"))
	f.Add([]byte("100644 \x00"))
	f.Fuzz(func(t *testing.T, data []byte) {
		entries, err := parseTree(data)
		if err != nil {
			return
		}
		again, err := parseTree(encodeTree(entries))
		assert.NoError(t, err)
		assert.Equal(t, entries, again)
	})
}

func FuzzParseCommit(f *testing.F) {
	f.Add([]byte("tree 0123456789012345678901234567890123456789\nauthor A <a@b> 1 +0100\ncommitter A <a@b> 1 -9959\n\nSubject\n\nCo-authored-by: B <b@c>\nAuthorship: x/y.md a 1-3,7 b 4\n"))
	f.Add([]byte("author <<>> 99999999999999999999 +9999999\n\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := parseCommit(data)
		if err != nil {
			return
		}
		_ = c.Subject()
		people := c.CoAuthors()
		for _, v := range c.trailers(AuthorshipTrailer) {
			credited(parseShares(v), "x/y.md", 2, c.Author, people)
		}
		again, err := parseCommit(c.encode())
		assert.NoError(t, err)
		assert.Equal(t, c.Parents, again.Parents)
		assert.Equal(t, strings.ReplaceAll(c.Text, "\x00", ""), again.Text)
	})
}

func FuzzReadPacked(f *testing.F) {
	var buf bytes.Buffer
	buf.WriteString("PACK\x00\x00\x00\x02\x00\x00\x00\x01")
	buf.WriteByte(0x35)
	_ = deflate(&buf, true, []byte("hello"))
	f.Add(buf.Bytes())
	f.Add([]byte("PACK........\x6f\x01\x78\x9c"))
	f.Fuzz(func(t *testing.T, data []byte) {
		_, _, _ = readPacked(bytes.NewReader(data), int64(len(data)), 12, func(Hash) (raw, error) { return raw{}, errMissing }, 0)
		_, _ = packedSize(bytes.NewReader(data), int64(len(data)), 12)
		_, _, _ = parseLoose(data)
	})
}

func FuzzParseIndex(f *testing.F) {
	f.Add(encodeIndex(map[Hash]packed{{1}: {12, 0}, {2}: {1 << 33, 1}}, make([]byte, 20)))
	f.Fuzz(func(t *testing.T, data []byte) {
		x, err := parseIndex(data)
		if err != nil {
			return
		}
		for i := range min(x.count, 100) {
			x.find(Hash(x.name(i)))
		}
		x.find(Hash{0xff})
	})
}

func FuzzCheckPath(f *testing.F) {
	for _, s := range []string{"a/b.md", ".git", "a\\b", "g\u200cit", "..", "a//b"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if CheckPath(s) != nil {
			return
		}
		assert.True(t, utf8.ValidString(s))
		assert.NotContains(t, s, "\\")
		assert.NotContains(t, s, "//")
		assert.NotContains(t, s, "\n")
	})
}

func TestIndexRoundTrip(t *testing.T) {
	want := map[Hash]packed{{1}: {12, 0}, {2}: {1 << 33, 1}, {2, 1}: {77, 2}, {0xff}: {1<<31 - 1, 3}}
	x, err := parseIndex(encodeIndex(want, make([]byte, 20)))
	assert.NoError(t, err)
	for h, p := range want {
		off, ok := x.find(h)
		assert.True(t, ok)
		assert.Equal(t, p.offset, off)
	}
	_, ok := x.find(Hash{3})
	assert.False(t, ok)
}
