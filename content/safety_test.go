package content_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/html"

	"dealwiki/content"
)

// attacks are payloads for every place where text of a page becomes HTML.
var attacks = []string{
	`<script>alert(1)</script>`, `<ScRiPt src=//x.example/a.js></sCrIpT>`, `<img src=x onerror=alert(1)>`, `<img src="x" onload='a' style="x:y">`,
	`<svg onload=alert(1)>`, `<svg><style><img src=x onerror=alert(1)></style></svg>`, `<svg><script>alert(1)</script></svg>`,
	`<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=1 onerror=alert(1)&gt;">`,
	`<math><mtext></p><img src=x onerror=alert(1)>`, `<noscript><p title="</noscript><img src=x onerror=alert(1)>"></noscript>`,
	`<svg></p><style><a id="</style><img src=1 onerror=alert(1)>">`, `<form><math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>`,
	`<template><script>alert(1)</script></template>`, `<iframe srcdoc="<script>alert(1)</script>"></iframe>`, `<iframe src=javascript:alert(1)>`,
	`<object data="data:text/html,x"></object>`, `<embed src=x>`, `<base href=//x.example>`, `<meta http-equiv=refresh content=0>`, `<link rel=stylesheet href=x>`,
	`<form action=//x.example><input name=q><button>go</button></form>`, `<textarea></textarea><script>alert(1)</script>`, `<title></title><img src=x onerror=a>`,
	`<xmp><img src=x onerror=alert(1)></xmp>`, `<plaintext><b>`, `<a href="javascript:alert(1)">x</a>`, `<a href="java&#115;cript:alert(1)">x</a>`,
	"<a href=\"java\tscript:alert(1)\">x</a>", "<a href=\" \x01javascript:alert(1)\">x</a>", `<a href=javascript&colon;alert(1)>x</a>`, `<a href="JaVaScRiPt:alert(1)">x</a>`,
	`<a href="vbscript:x">x</a>`, `<a href="data:text/html,<script>">x</a>`, `<details ontoggle=alert(1) open>x</details>`, `<div style="background:url(javascript:1)">x</div>`,
	`<b class="scrim" id="main" data-line="1">x</b>`, `</div></div></main><h1>spoof`, `<!--><img src=x onerror=alert(1)>-->`, `<![CDATA[<img src=x onerror=a>]]>`, `<?x <img src=x onerror=a>?>`,
	`[x](javascript:alert(1))`, `[x](javascript&colon;alert(1))`, `[x](java&#115;cript:alert(1))`, "[x](<java\tscript:alert(1)>)", `[x](&#x6A;avascript:alert(1))`, `[x](\javascript:alert(1))`,
	`[x](data:text/html;base64,PHNjcmlwdD4=)`, `![x](data:image/svg+xml,<svg/onload=alert(1)>)`, `![x](javascript:alert(1))`, `[x]: javascript:alert(1)` + "\n\n[x]",
	`<javascript:alert(1)>`, `<data:text/html,x>`, `[x](vbscript:a)`, `[x](//x.example "a\" onclick=alert(1) b=\"")`, `![a" onerror="alert(1)](x.png)`, `[a](x "</a><script>alert(1)</script>")`,
	"```\"><script>alert(1)</script>\ncode\n```", "```js onload=alert(1)\n</code></pre><script>alert(1)</script>\n```", "`</code><script>alert(1)</script>`",
	`[["><script>alert(1)</script>]]`, `[[a|<img src=x onerror=alert(1)>]]`, `[[javascript:alert(1)]]`, `[[x#"onclick=alert(1)]]`,
	`> [!risk] <img src=x onerror=alert(1)> @sam due:2027-01-01 role:"><script>" ^x`, `> [!stakeholder] a role:"x' onclick=a" influence:<script> by:@"><b> ^a`,
	`> [!risk]<script>alert(1)</script>`, `- [ ] <script>alert(1)</script> @sam`, `- [ ] " onfocus=alert(1) autofocus x=" @sam`, `# <script>alert(1)</script>`, `# " onclick="alert(1)`,
	"[^1]\n\n[^1]: <script>alert(1)</script>", "[^\"><script>]\n\n[^\"><script>]: x", "|<script>alert(1)</script>|\n|-|\n|<img src=x onerror=a>|",
	"---\ntitle: <script>alert(1)</script>\n---\nx", "&lt;script&gt;alert(1)&lt;/script&gt;", "&#60;script&#62;", "<b\x00><script>", "\xff<script>\xfe", "<scr\x00ipt>", "@<script>", "https://example.com/\"onclick=alert(1)//",
	"http://example.com/<script>", "javascript:alert(1)", "www.example.com\"><script>", `<audio src=x onerror=alert(1)>`, `<video><source onerror=alert(1)></video>`, `![x](a.mp4"onerror=alert(1))`,
	`<use href="data:image/svg+xml,x#a">`, `<input type=checkbox checked autofocus onfocus=alert(1)>`, `<svg><use href="#i-gavel"></use></svg>`, `<p align="center" onclick=a>`, `<td background=x>`, `<a name="x" ping="//x">y</a>`,
}

// hostile answers everything with payloads of its own.
type hostile struct{}

func (hostile) Page(content.Link) content.Target {
	return content.Target{Href: `javascript:alert(1)//"><script>`, Title: `<script>alert(1)</script>`, Section: `"><script>`, Found: true}
}
func (hostile) Dest(d string) (string, bool) { return "java\nscript:alert(1)//" + d, false }
func (hostile) Person(string) (string, string, bool) {
	return `<img src=x onerror=alert(1)>`, `javascript:alert(1)`, true
}

var onAttribute = regexp.MustCompile(`^on`)

// harmless asserts that HTML can do nothing: known elements and attributes
// only, balanced, no scheme but the safe ones.
func harmless(t testing.TB, page, out string) {
	t.Helper()
	elements := map[string]bool{}
	for _, e := range strings.Fields(`a abbr audio b blockquote br cite code dd del details dfn div dl dt em h1 h2 h3 h4 h5 h6 hr i img input ins kbd li mark ol p pre q
		s samp section small span strong sub summary sup table tbody td tfoot th thead time tr u ul var video wbr`) {
		elements[e] = true
	}
	var open []string
	z := html.NewTokenizer(strings.NewReader(out))
	for {
		tt := z.Next()
		if tt == html.ErrorToken {
			break
		}
		tok := z.Token()
		switch tt {
		case html.CommentToken, html.DoctypeToken:
			t.Fatalf("comment in %q for %q", out, page)
		case html.EndTagToken:
			if len(open) == 0 || open[len(open)-1] != tok.Data {
				t.Fatalf("unbalanced </%s> in %q for %q", tok.Data, out, page)
			}
			open = open[:len(open)-1]
		case html.StartTagToken, html.SelfClosingTagToken:
			if !elements[tok.Data] {
				t.Fatalf("element %s in %q for %q", tok.Data, out, page)
			}
			switch tok.Data {
			case "br", "hr", "img", "input", "wbr":
			default:
				open = append(open, tok.Data)
			}
			for _, a := range tok.Attr {
				if onAttribute.MatchString(a.Key) || a.Key == "style" || a.Key == "srcdoc" || a.Key == "name" {
					t.Fatalf("attribute %s in %q for %q", a.Key, out, page)
				}
				if a.Key == "href" || a.Key == "src" {
					v := strings.ToLower(strings.Map(func(r rune) rune {
						if r <= ' ' {
							return -1
						}
						return r
					}, a.Val))
					for _, bad := range []string{"javascript:", "vbscript:", "data:"} {
						if strings.HasPrefix(v, bad) {
							t.Fatalf("address %q in %q for %q", a.Val, out, page)
						}
					}
				}
				if a.Key == "id" && strings.ContainsAny(a.Val, " \"'<>") {
					t.Fatalf("id %q for %q", a.Val, page)
				}
			}
		}
	}
	if len(open) > 0 {
		t.Fatalf("open %v in %q for %q", open, out, page)
	}
}

func TestAttacksAreHarmless(t *testing.T) {
	frames := []string{"%s", "text %s text", "> %s", "- %s", "- [ ] %s @sam", "> [!risk] %s ^k-1", "> [!note]\n> %s", "| a |\n|---|\n| %s |", "# %s", "**%s**", "[%s](x)", "![%s](x.png)",
		"[a](<%s>)", "[a](x \"%s\")", "[[%s]]", "[[a|%s]]", "```%s\n```", "`%s`", "<div>\n%s\n</div>", "<b>%s</i>", "<a href=\"%s\">x</a>", "<img alt=\"%s\">", "x[^1]\n\n[^1]: %s", "<table><tr><td>%s",
		"<details>\n\n%s\n\n</details>", "<svg>%s</svg>", "<math><mtext>%s", "<style>%s</style>", "<!-- %s -->", "<pre>%s"}
	for _, frame := range frames {
		for _, attack := range attacks {
			page := fmt.Sprintf(frame, attack)
			d := content.Parse([]byte(page))
			for _, r := range []content.Resolver{nil, world{}, hostile{}} {
				harmless(t, page, string(d.HTML(r, content.RenderOptions{RemoteImages: true, Tasks: true})))
			}
		}
	}
}

func TestRawHTMLCannotPretend(t *testing.T) {
	out := string(content.Parse([]byte(`<div class="scrim" id="main" data-line="3">x</div> <input type="checkbox" data-line="9">`+"\n\n"+
		`a <span class="btn">b</span> <input type="checkbox" data-line="9">`)).HTML(nil, content.RenderOptions{Tasks: true}))
	for _, s := range []string{"class=", "id=", "data-line", "<input"} {
		assert.NotContains(t, out, s)
	}
}

func TestStrictPolicyNeedsNothingInline(t *testing.T) {
	out := string(content.Parse([]byte("| a |\n|--:|\n| b |\n\n```go\nfunc main() {}\n```\n\n![x](y.png)")).HTML(nil, content.RenderOptions{}))
	assert.NotContains(t, out, "style")
	assert.Contains(t, out, `align="right"`)
	assert.Contains(t, out, `<span class="tok-key">func</span>`)
	assert.Contains(t, out, `loading="lazy"`)
}

func TestFrontMatterThatIsRefused(t *testing.T) {
	bomb := "a: &a [x,x,x,x,x,x,x,x,x]\n"
	for i, prev := 'b', 'a'; i <= 'j'; i, prev = i+1, i {
		bomb += fmt.Sprintf("%c: &%c [%s*%c]\n", i, i, strings.Repeat(fmt.Sprintf("*%c,", prev), 8), prev)
	}
	cases := map[string]string{
		"alias bomb":      bomb,
		"endless alias":   "a: &a [*a]",
		"deep":            strings.Repeat("[", 20_000),
		"deep in blocks":  strings.Repeat("- ", 5_000) + "a",
		"duplicate key":   "title: a\ntitle: b",
		"not a number":    "x: .nan",
		"infinite":        "x: .inf",
		"binary":          "x: !!binary aGVsbG8=",
		"odd type":        "x: !thing y",
		"year as a date":  "x: !!timestamp 99999-01-01",
		"list":            "- a\n- b",
		"text":            "just text",
		"key of a list":   "[a]: b",
		"bad YAML":        "a: [",
		"tab":             "a:\n\tb: c",
		"control":         "a: \x01",
		"bad UTF-8":       "a: \xff\xfe",
		"too long":        "a: " + strings.Repeat("x", 70<<10),
		"too many values": "a: [" + strings.Repeat("1,", 6000) + "1]",
	}
	for name, yaml := range cases {
		t.Run(name, func(t *testing.T) {
			src := "---\n" + yaml + "\n---\n# Body\n"
			d := content.Parse([]byte(src))
			require.Equal(t, src, string(d.Source()))
			if name != "year as a date" { // harmless: dates are kept as text
				assert.Error(t, d.Front().Err)
				assert.Empty(t, d.Front().Values)
			}
			assert.Equal(t, "Body", d.Title())
			assert.Contains(t, string(d.HTML(nil, content.RenderOptions{})), "<h1")
		})
	}
}

func TestFrontMatterEdges(t *testing.T) {
	for src, title := range map[string]string{
		"---\ntitle: a\n---\n":            "a",
		"---\r\ntitle: a\r\n---\r\n# b":   "a",
		"\xef\xbb\xbf---\ntitle: a\n---":  "a",
		"--- \ntitle: 12\n---  \n":        "12",
		"---\n---\n# b":                   "b",
		"---\n\n---\n# b":                 "b",
		"---\ntitle: a\n# b":              "b",
		" ---\ntitle: a\n---\n# b":        "b",
		"----\ntitle: a\n----\n# b":       "b",
		"text\n\n---\ntitle: a\n---\n# b": "b",
		"---":                             "",
		"":                                "",
	} {
		d := content.Parse([]byte(src))
		assert.Equal(t, title, d.Title(), "%q", src)
		assert.NoError(t, d.Front().Err, "%q", src)
	}
}
