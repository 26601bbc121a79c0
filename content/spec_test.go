package content_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/yuin/goldmark"
	mdhtml "github.com/yuin/goldmark/renderer/html"
	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"dealwiki/content"
)

type example struct {
	Markdown string `json:"markdown"`
	HTML     string `json:"html"`
	Example  int    `json:"example"`
	Section  string `json:"section"`
}

func examples(t testing.TB, name string) []example {
	t.Helper()
	b, err := os.ReadFile("testdata/" + name)
	require.NoError(t, err)
	var out []example
	require.NoError(t, json.Unmarshal(b, &out))
	return out
}

// The parser everything is built on passes the whole specification.
func TestCommonMarkBareParser(t *testing.T) {
	all := examples(t, "commonmark-0.31.2.json")
	require.Len(t, all, 652)
	md := goldmark.New(goldmark.WithRendererOptions(mdhtml.WithXHTML(), mdhtml.WithUnsafe()))
	for _, e := range all {
		var b bytes.Buffer
		require.NoError(t, md.Convert([]byte(e.Markdown), &b))
		assert.Equal(t, strings.TrimSpace(e.HTML), strings.TrimSpace(b.String()), "example %d", e.Example)
	}
}

// What the wiki shows is what the specification says, but for the examples in
// the list of reasons. An example that agrees must not stand there.
func TestCommonMarkShippedDialect(t *testing.T) {
	compareExamples(t, "commonmark-0.31.2.json", "commonmark-differs.txt")
}

func TestGFMExtensions(t *testing.T) {
	compareExamples(t, "gfm-extensions.json", "gfm-differs.txt")
}

func compareExamples(t *testing.T, name, reasonsName string) {
	reasons := readReasons(t, reasonsName)
	var report strings.Builder
	for _, e := range examples(t, name) {
		got := content.Parse([]byte(e.Markdown)).HTML(nil, content.RenderOptions{RemoteImages: true})
		want, have := essence(t, e.HTML), essence(t, string(got))
		reason, listed := reasons[e.Example]
		delete(reasons, e.Example)
		switch {
		case want != have && !listed:
			t.Errorf("example %d (%s) differs\nmarkdown %q\nwant %q\ngot  %q", e.Example, e.Section, e.Markdown, want, have)
		case want == have && listed:
			t.Errorf("example %d (%s) agrees; take it off the list (%s)", e.Example, e.Section, reason)
		}
	}
	for n, reason := range reasons {
		fmt.Fprintf(&report, "no example %d (%s)\n", n, reason)
	}
	assert.Empty(t, report.String())
}

// readReasons reads lines “number reason”; a reason is required.
func readReasons(t *testing.T, name string) map[int]string {
	t.Helper()
	f, err := os.Open("testdata/" + name)
	require.NoError(t, err)
	defer f.Close()
	out := map[int]string{}
	for s := bufio.NewScanner(f); s.Scan(); {
		line := strings.TrimSpace(s.Text())
		if line == "" || line[0] == '#' {
			continue
		}
		var n int
		_, err := fmt.Sscan(line, &n)
		require.NoError(t, err, line)
		_, reason, ok := strings.Cut(line, " ")
		require.True(t, ok && len(reason) > 10, line)
		out[n] = reason
	}
	return out
}

// essence is HTML without what the wiki adds on purpose and without spaces
// that browsers do not show: ids and anchors of headings, frames of tables and
// code, attributes of links and images, spans of highlighted code.
func essence(t *testing.T, s string) string {
	t.Helper()
	nodes, err := html.ParseFragment(strings.NewReader(s), &html.Node{Type: html.ElementNode, Data: "div", DataAtom: atom.Div})
	require.NoError(t, err)
	var b strings.Builder
	for _, n := range nodes {
		essenceOf(&b, n, false)
	}
	return strings.TrimSpace(b.String())
}

var blockTags = map[string]bool{"p": true, "h1": true, "h2": true, "h3": true, "h4": true, "h5": true, "h6": true, "ul": true, "ol": true, "li": true,
	"blockquote": true, "pre": true, "hr": true, "div": true, "table": true, "thead": true, "tbody": true, "tr": true, "td": true, "th": true, "section": true, "input": true}

func essenceOf(b *strings.Builder, n *html.Node, pre bool) {
	switch n.Type {
	case html.TextNode:
		text := n.Data
		if !pre {
			text = strings.Join(strings.Fields(" "+text+" "), " ")
			if text == "" {
				if n.PrevSibling != nil && n.NextSibling != nil && !blockTags[n.PrevSibling.Data] && !blockTags[n.NextSibling.Data] {
					b.WriteByte(' ')
				}
				return
			}
			if strings.TrimLeft(n.Data, " \n\t") != n.Data && n.PrevSibling != nil && !blockTags[n.PrevSibling.Data] {
				text = " " + text
			}
			if strings.TrimRight(n.Data, " \n\t") != n.Data && n.NextSibling != nil && !blockTags[n.NextSibling.Data] {
				text += " "
			}
		}
		b.WriteString(html.EscapeString(text))
		return
	case html.CommentNode:
		b.WriteString("<!--" + n.Data + "-->")
		return
	}
	attr := func(key string) string {
		for _, a := range n.Attr {
			if a.Key == key {
				return a.Val
			}
		}
		return ""
	}
	class := attr("class")
	children := func() {
		for c := n.FirstChild; c != nil; c = c.NextSibling {
			essenceOf(b, c, pre || n.Data == "pre")
		}
	}
	switch {
	case n.Data == "a" && class == "anchor":
		return
	case n.Data == "div" && class == "table-scroll", n.Data == "span" && strings.HasPrefix(class, "tok-"),
		strings.HasPrefix(class, "task-text"):
		children()
		return
	}
	b.WriteString("<" + n.Data)
	slices.SortFunc(n.Attr, func(x, y html.Attribute) int { return strings.Compare(x.Key, y.Key) })
	for _, a := range n.Attr {
		switch a.Key {
		case "id", "rel", "loading", "tabindex", "role", "aria-label", "scope", "data-line":
			continue
		case "alt":
			if a.Val == "" {
				continue
			}
		case "class":
			if !strings.HasPrefix(a.Val, "language-") {
				continue
			}
		}
		fmt.Fprintf(b, " %s=%q", a.Key, a.Val)
	}
	b.WriteString(">")
	children()
	b.WriteString("</" + n.Data + ">")
}
