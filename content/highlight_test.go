package content_test

import (
	"fmt"
	"html"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dealwiki/content"
)

var tags = regexp.MustCompile(`<[^>]*>`)

// codeOf renders code and gives what stands between the code tags.
func codeOf(t testing.TB, language, code string) string {
	t.Helper()
	out := string(content.Parse([]byte("```"+language+"\n"+code+"\n```\n")).HTML(nil, content.RenderOptions{}))
	_, out, ok := strings.Cut(out, "<code")
	require.True(t, ok, out)
	_, out, _ = strings.Cut(out, ">")
	out, _, ok = strings.Cut(out, "</code>")
	require.True(t, ok, out)
	if o, ok := strings.CutSuffix(out, "\n</span>"); ok {
		return o + "</span>"
	}
	return strings.TrimSuffix(out, "\n")
}

func TestHighlight(t *testing.T) {
	for _, c := range []struct{ language, code, want string }{
		{"go", `return "a" // b`, `<key>return</key> <str>"a"</str> <com>// b</com>`},
		{"GO", "x := `a\nb` + f(1)", "x := <str>`a\nb`</str> + <name>f</name>(<num>1</num>)"},
		{"sql", "SELECT count(*) -- all", `<key>SELECT</key> <key>count</key>(*) <com>-- all</com>`},
		{"python", "s = '''a\nb''' # c", "s = <str>'''a\nb'''</str> <com># c</com>"},
		{"json", `{"a": 1, "b": "c"}`, `{<attr>"a"</attr>: <num>1</num>, <attr>"b"</attr>: <str>"c"</str>}`},
		{"yaml", "a-b: true # c#d", `<attr>a-b</attr>: <key>true</key> <com># c#d</com>`},
		{"html", `<a href="x">if 1</a><!-- c -->`, `<key><a</key> <attr>href</attr>=<str>"x"</str><key>></key>if 1<key></a</key><key>></key><com><!-- c --></com>`},
		{"diff", "+a\n-b\n c\n@@ d", "<ins>+a</ins>\n<del>-b</del>\n c\n<head>@@ d</head>"},
		{"js", `'a\'b' + "open`, `<str>'a\'b'</str> + <str>"open</str>`},
		{"c", "/* open\nend", "<com>/* open\nend</com>"},
		{"unknown", "if x", "if x"},
		{"", "if x", "if x"},
	} {
		want := html.EscapeString(c.want)
		want = regexp.MustCompile(`&lt;(/?)(key|str|com|name|num|attr|ins|del|head)&gt;`).ReplaceAllStringFunc(want, func(m string) string {
			if strings.Contains(m, "/") {
				return "</span>"
			}
			return `<span class="tok-` + strings.TrimSuffix(strings.TrimPrefix(m, "&lt;"), "&gt;") + `">`
		})
		assert.Equal(t, want, codeOf(t, c.language, c.code), c.language)
	}
}

// Whatever the code and the language, the text is the code, and the work is
// one pass: long inputs of every shape end.
func TestHighlightKeepsTheCode(t *testing.T) {
	r := strings.Repeat
	shapes := []string{r("\n", 500) + "x", r("a[b{c(", 300), r("\"'`", 500), r("/*//<!--", 300), r("\\", 900), r("<a ", 500), r("#$@%&;", 300), r("0x1e5.", 300),
		r("a=b:c;", 300), r("--- a\n", 300), r("'''\"\"\"", 300), "é\xff\x00<b>&amp;", r("/*", 900), r("<!--", 500), r("a", 2000)}
	for _, language := range strings.Fields("go sql python json yaml html diff js c css toml ini sh rust php kotlin swift hcl proto ruby cs java") {
		for i, code := range shapes {
			got := html.UnescapeString(tags.ReplaceAllString(codeOf(t, language, code), ""))
			want := strings.ReplaceAll(strings.ToValidUTF8(code, "\uFFFD"), "\x00", "\uFFFD")
			require.Equal(t, want, got, fmt.Sprintf("%s %d", language, i))
		}
	}
}
