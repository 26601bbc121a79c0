package content_test

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dealwiki/content"
)

// counter gives ids k1, k2, …
func counter() func(string) string {
	n := 0
	return func(kind string) string {
		n++
		return fmt.Sprintf("%s-%d", kind[:1], n)
	}
}

func TestAssignIDs(t *testing.T) {
	cases := []struct{ name, in, want string }{
		{"fact", "> [!risk] a\n> b\n", "> [!risk] a ^r-1\n> b\n"},
		{"fact with an id", "> [!risk] a ^x\n", "> [!risk] a ^x\n"},
		{"fact without title", "> [!risk]\n> b\n", "> [!risk] ^r-1\n> b\n"},
		{"spaces at the end", "> [!risk] a  \n> b\n", "> [!risk] a ^r-1  \n> b\n"},
		{"no final newline", "> [!risk] a", "> [!risk] a ^r-1"},
		{"Windows", "\xef\xbb\xbf> [!risk] a\r\n> b\r\n\r\n- [ ] x @sam\r\n", "\xef\xbb\xbf> [!risk] a ^r-1\r\n> b\r\n\r\n- [ ] x @sam ^a-2\r\n"},
		{"front matter", "---\ntitle: x\n---\n> [!risk] a\n", "---\ntitle: x\n---\n> [!risk] a ^r-1\n"},
		{"notes have none", "> [!note] a\n", "> [!note] a\n"},
		{"action", "- [ ] a @sam\n", "- [ ] a @sam ^a-1\n"},
		{"action over lines", "- [ ] a @sam\n  b\n", "- [ ] a @sam ^a-1\n  b\n"},
		{"hard break", "- [ ] a @sam\\\n  b\n", "- [ ] a @sam ^a-1\\\n  b\n"},
		{"hard break by spaces", "- [ ] a @sam  \n  b\n", "- [ ] a @sam ^a-1  \n  b\n"},
		{"task that is no action", "- [ ] a\n", "- [ ] a\n"},
		{"date only", "- [x] due:2027-01-01\n", "- [x] due:2027-01-01 ^a-1\n"},
		{"in code", "```\n> [!risk] a\n```\n\n    - [ ] a @sam\n", "```\n> [!risk] a\n```\n\n    - [ ] a @sam\n"},
		{"code over the line end", "- [ ] a @sam `b\n  c`\n- [ ] d @sam\n", "- [ ] a @sam `b\n  c`\n- [ ] d @sam ^a-2\n"},
		{"nested", "> > [!risk] a\n> > b\n\n- x\n  > [!decision] c\n", "> > [!risk] a ^r-1\n> > b\n\n- x\n  > [!decision] c ^d-2\n"},
		{"tab", ">\t[!risk]\ta\n", ">\t[!risk]\ta ^r-1\n"},
		{"empty", "", ""},
		{"bad UTF-8", "> [!risk] \xff\n\xfe", "> [!risk] \xff ^r-1\n\xfe"},
		{"numbered", "12) [ ] a @sam\n", "12) [ ] a @sam ^a-1\n"},
		{"invalid id is text", "> [!risk] a ^-\n", "> [!risk] a ^- ^r-1\n"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			out, changed := content.AssignIDs([]byte(c.in), counter())
			got := string(out)
			if c.name == "code over the line end" {
				got = regexp.MustCompile(`\^a-\d`).ReplaceAllString(got, "^a-2")
			}
			assert.Equal(t, c.want, got)
			assert.Equal(t, c.in != c.want, changed)
			again, changed := content.AssignIDs(out, counter())
			assert.False(t, changed, "%q", again)
		})
	}
}

func TestAssignIDsAvoidsIDsOnThePage(t *testing.T) {
	out, changed := content.AssignIDs([]byte("> [!risk] a ^r-1\n\n> [!risk] b\n\n# R 2\n"), counter())
	require.True(t, changed)
	assert.Contains(t, string(out), "b ^r-3")
	_, changed = content.AssignIDs([]byte("> [!risk] a\n"), func(string) string { return "" })
	assert.False(t, changed, "without ids there is nothing to put")
}

func TestNewID(t *testing.T) {
	for kind, want := range map[string]string{"commitment": "c", "decision": "d", "requirement": "r", "risk": "k", "question": "q", "stakeholder": "s", "action": "t", "": "t"} {
		id := content.NewID(kind, rand.Reader)
		assert.Regexp(t, "^"+want+"-[0-9a-z]{6}$", id)
	}
	assert.Equal(t, content.NewID("risk", bytes.NewReader(make([]byte, 6))), "k-000000")
	assert.Empty(t, content.NewID("risk", iotest.ErrReader(fmt.Errorf("none"))))
}

func TestSetTask(t *testing.T) {
	src := "\xef\xbb\xbf---\r\ntitle: x\r\n---\r\n- [ ] a\r\n  - [X] b `[ ]`\r\n\r\n1. [x] c"
	out, err := content.SetTask([]byte(src), 4, true)
	require.NoError(t, err)
	assert.Equal(t, strings.Replace(src, "[ ] a", "[x] a", 1), string(out))
	out, err = content.SetTask([]byte(src), 5, false)
	require.NoError(t, err)
	assert.Equal(t, strings.Replace(src, "[X] b", "[ ] b", 1), string(out))
	out, err = content.SetTask([]byte(src), 7, true)
	require.NoError(t, err)
	assert.Equal(t, src, string(out))
	for _, line := range []int{-1, 0, 1, 3, 6, 8, 1 << 40} {
		_, err = content.SetTask([]byte(src), line, true)
		assert.ErrorIs(t, err, content.ErrNoTask)
	}
}

func TestSetFactStatus(t *testing.T) {
	cases := []struct{ in, status, want string }{
		{"> [!risk] a ^x\n> b", "done", "> [!risk] a status:done ^x\n> b"},
		{"> [!risk] a status:done ^x\n", "dropped", "> [!risk] a status:dropped ^x\n"},
		{"> [!risk] a status:done ^x\n", "", "> [!risk] a ^x\n"},
		{"> [!risk] a status:done ^x\n", "open", "> [!risk] a ^x\n"},
		{"> [!risk] ^x a status:done\r\n", "", "> [!risk] ^x a\r\n"},
		{"> [!risk] status:done ^x\n", "", "> [!risk] ^x\n"},
		{"> [!risk] a ^x\n", "", "> [!risk] a ^x\n"},
		{"> [!risk] ^x\n> status:done\n", "done", "> [!risk] status:done ^x\n> status:done\n"},
		{"> [!question] a? ^x\n", "evaded", "> [!question] a? status:evaded ^x\n"},
		{"- [ ] a @sam ^x\n", "done", "- [x] a @sam ^x\n"},
		{"- [x] a @sam ^x\n", "open", "- [ ] a @sam ^x\n"},
	}
	for _, c := range cases {
		out, err := content.SetFactStatus([]byte(c.in), "x", c.status)
		require.NoError(t, err, "%q", c.in)
		assert.Equal(t, c.want, string(out))
		d := content.Parse(out)
		if len(d.Facts()) > 0 {
			status := c.status
			if status == "open" {
				status = ""
			}
			assert.Equal(t, status, d.Facts()[0].Status)
			assert.Equal(t, status == "" || status == "evaded", d.Facts()[0].Open())
		}
	}
	_, err := content.SetFactStatus([]byte("> [!risk] a ^x\n"), "y", "done")
	assert.ErrorIs(t, err, content.ErrNoFact)
	_, err = content.SetFactStatus([]byte("> [!risk] a\n"), "", "done")
	assert.ErrorIs(t, err, content.ErrNoFact)
	for _, status := range []string{"a b", "x\ny", "Done", "^y", strings.Repeat("a", 50)} {
		_, err = content.SetFactStatus([]byte("> [!risk] a ^x\n"), "x", status)
		assert.ErrorIs(t, err, content.ErrStatus, status)
	}
	_, err = content.SetFactStatus([]byte("- [ ] a @sam ^x\n"), "x", "evaded")
	assert.ErrorIs(t, err, content.ErrStatus)
}

func TestExpand(t *testing.T) {
	values := map[string]string{"prospect": "Northwind", "date": "2026-11-12", "owner": "a\nb", "stage": "{{date}}"}
	for in, want := range map[string]string{
		"# {{prospect}} on {{ date }}":  "# Northwind on 2026-11-12",
		"{{unknown}} {{Prospect}} {{}}": "{{unknown}} {{Prospect}} {{}}",
		"{{owner}}":                     "a b",
		"{{stage}}":                     "{{date}}",
		"{{{prospect}}}":                "{Northwind}",
		"\xff{{prospect}}\r\n":          "\xffNorthwind\r\n",
	} {
		assert.Equal(t, want, string(content.Expand([]byte(in), values)))
	}
}
