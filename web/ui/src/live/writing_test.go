package live_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"dealwiki/content"
	"dealwiki/internal/chrome"
	"dealwiki/internal/need"
	"dealwiki/web/ui"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/evanw/esbuild/pkg/api"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// policy is what the server sends with every page.
const policy = "default-src 'none'; script-src 'self'; style-src 'self' 'nonce-n0nce'; img-src 'self' data:; font-src 'self'; connect-src 'self'; media-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"

var rewrite = flag.Bool("rewrite", false, "write the expected markdown of testdata/clipboard anew")

// desk is a browser with the parts that help while writing, under the policy of
// the wiki, and a server that answers them.
type desk struct {
	*chrome.Browser
	url string

	mu     sync.Mutex
	answer http.HandlerFunc // of /api/ and /-/complete
}

const deskPage = `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1"><title>Writing</title>
<link rel="stylesheet" href="%s"><body data-icons="%s"><main><h1>Writing</h1><div id="editor" class="live"></div></main><script type="module" src="/writing.js"></script></body></html>`

// sit starts a browser at a desk; it is gone with the test.
func sit(t *testing.T) *desk {
	t.Helper()
	window := chrome.Open(t)
	window.Size(900, 700)
	_, err := os.Stat("../../node_modules/@codemirror/view")
	need.OK(t, "codemirror (npm ci in web/ui)", err)
	root, err := filepath.Abs(".")
	require.NoError(t, err)
	built := api.Build(api.BuildOptions{AbsWorkingDir: root, EntryPoints: []string{"testdata/writing.ts"}, Bundle: true, Format: api.FormatESModule,
		Target: api.ES2022, Outdir: "out", Charset: api.CharsetUTF8})
	require.Empty(t, built.Errors)
	assets, err := ui.NewAssets()
	require.NoError(t, err)

	d := &desk{Browser: window, answer: http.NotFound}
	html := fmt.Appendf(nil, deskPage, assets.URL("app.css"), assets.URL("icons.svg"))
	mux := http.NewServeMux()
	mux.Handle(ui.AssetPath, assets)
	mux.HandleFunc("/writing.js", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/javascript")
		_, _ = w.Write(built.OutputFiles[0].Contents)
	})
	mux.HandleFunc("/{$}", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Security-Policy", policy)
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write(html)
	})
	answer := func(w http.ResponseWriter, r *http.Request) {
		d.mu.Lock()
		then := d.answer
		d.mu.Unlock()
		then(w, r)
	}
	mux.HandleFunc("/api/", answer)
	mux.HandleFunc("/-/complete", answer)
	mux.HandleFunc("/favicon.ico", func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusNoContent) })
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	d.url = server.URL + "/"

	d.open(t)
	return d
}

// open loads the page anew.
func (d *desk) open(t *testing.T) {
	t.Helper()
	require.NoError(t, chromedp.Run(d.Ctx, chromedp.Navigate(d.url), chromedp.Poll(`window.writing !== undefined`, nil)))
}

type converted struct {
	Markdown string
	Pictures []struct{ Mark, Data, Alt string }
	Notes    []string
}

func (d *desk) convert(t *testing.T, html string) converted {
	t.Helper()
	quoted, err := json.Marshal(html)
	require.NoError(t, err)
	var c converted
	d.Eval("writing.toMarkdown("+string(quoted)+")", &c)
	return c
}

// What office programs and mail put on the clipboard becomes the markdown that
// stands beside it.
func TestClipboardBecomesMarkdown(t *testing.T) {
	d := sit(t)
	files, err := filepath.Glob("testdata/clipboard/*.html")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".html"), func(t *testing.T) {
			html, err := os.ReadFile(file)
			require.NoError(t, err)
			c := d.convert(t, string(html))
			got := c.Markdown + "\n"
			for _, p := range c.Pictures {
				got = strings.ReplaceAll(got, p.Mark, "{picture "+p.Alt+"}")
			}
			for _, n := range c.Notes {
				got += "\nNOTE " + n + "\n"
			}
			golden := strings.TrimSuffix(file, ".html") + ".md"
			if *rewrite {
				require.NoError(t, os.WriteFile(golden, []byte(got), 0o644))
			}
			want, err := os.ReadFile(golden)
			require.NoError(t, err)
			assert.Equal(t, string(want), got)
			noTags(t, c.Markdown)
			d.Quiet()
		})
	}
}

// noTags fails when the markdown holds HTML, or a link that runs something.
func noTags(t *testing.T, markdown string) {
	t.Helper()
	assert.NotRegexp(t, `(?i)(^|[^\\])<(/?[a-z][^>]*>|!--)`, outsideCode(markdown), "HTML in the markdown")
	for _, l := range content.Parse([]byte(markdown)).Links() {
		if l.Kind == content.URL {
			assert.Regexp(t, `^(https?:|mailto:)`, l.Dest)
		}
	}
}

// outsideCode leaves out fenced blocks and code spans.
func outsideCode(markdown string) string {
	var out []string
	fence := ""
	for line := range strings.SplitSeq(markdown, "\n") {
		trimmed := strings.TrimLeft(line, " >")
		switch {
		case fence != "":
			if strings.HasPrefix(trimmed, fence) {
				fence = ""
			}
		case strings.HasPrefix(trimmed, "```"):
			fence = trimmed[:len(trimmed)-len(strings.TrimLeft(trimmed, "`"))]
		default:
			for i, part := range strings.Split(line, "`") {
				if i%2 == 0 {
					out = append(out, part)
				}
			}
		}
	}
	return strings.Join(out, "\n")
}

// Whatever stands on the clipboard: no tag and no script comes out, the policy
// is not even asked, and the browser stays alive.
func TestHostileClipboard(t *testing.T) {
	d := sit(t)
	for name, html := range map[string]string{
		"script":        `<p>a</p><script>window.pwned=1</script><img src=x onerror="window.pwned=1"><svg onload="window.pwned=1"><script>window.pwned=1</script></svg>b`,
		"handlers":      `<p onclick="window.pwned=1" style="background:url(javascript:window.pwned=1)">text</p><body onload="window.pwned=1">`,
		"frames":        `<iframe srcdoc="<script>parent.pwned=1</script>"></iframe><object data="x"></object><embed src="x"><base href="https://evil.example/"><meta http-equiv=refresh content="0;url=https://evil.example">x`,
		"links":         `<a href="javascript:alert(1)">a</a> <a href=" java&#10;script:alert(1)">b</a> <a href="data:text/html,x">c</a> <a href="https://x.example/&quot;><script>">d</a> <a href='https://x.example/" onclick="x'>e</a>`,
		"tags as text":  `&lt;script&gt;alert(1)&lt;/script&gt; <b>&lt;</b>img src=x onerror=alert(1)&gt; &lt;!-- x --&gt; &amp;lt;b&amp;gt;`,
		"split tags":    `<i>&lt;</i><b>script&gt;</b> a&lt;<u>b</u>&gt;`,
		"in a table":    `<table><tr><td>&lt;br&gt;</td><td>a|b</td></tr><tr><td>| x</td><td><pre>a | b</pre></td></tr></table>`,
		"in a heading":  `<h2>&lt;b&gt; # x</h2><h1><table><tr><td>a</td><td>b</td></tr></table></h1>`,
		"in alt":        `<img src="https://x.example/a.png" alt="](javascript:alert(1)) <b>">`,
		"code fences":   "<pre>```\n</pre><pre class=\"language-js\">a\n````\nb</pre><code>`` `</code>",
		"data pictures": `<img src="data:image/svg+xml;base64,PHN2Zz4="><img src="data:text/html,<script>">`,
		"unclosed":      `<style>` + strings.Repeat("<style>", 1000) + `x`,
		"comments":      strings.Repeat("<!--", 50_000),
		"attributes":    `<p ` + strings.Repeat(`style="color:red" `, 20_000) + `>x</p>`,
		"nul":           "a\x00b<p\x00>c\uFEFF\u202e</p>\uE0000\uE001",
	} {
		t.Run(name, func(t *testing.T) {
			c := d.convert(t, html)
			noTags(t, c.Markdown)
			var pwned bool
			d.Eval(`window.pwned !== undefined`, &pwned)
			assert.False(t, pwned)
			d.Quiet()
		})
	}
	for name, test := range map[string]struct{ html, has string }{
		"deep":            {strings.Repeat("<div>", 100_000) + "bottom", ""},
		"deep lists":      {strings.Repeat("<ul><li>x", 20_000), ""},
		"deep quotes":     {strings.Repeat("<blockquote>x", 20_000), ""},
		"deep marks":      {strings.Repeat("<b><i>", 50_000) + "x", ""},
		"deep tables":     {strings.Repeat("<table><tr><td>", 5_000) + "x", ""},
		"many tables":     {strings.Repeat("<table><tr><td>a<td>b<tr><td>c<td>d</table>", 20_000), "| a | b |"},
		"wide table":      {"<table>" + strings.Repeat("<tr>"+strings.Repeat("<td>x", 200), 1_000) + "</table>", "| x |"},
		"spanning":        {`<table>` + strings.Repeat(`<tr><td colspan=1000 rowspan=65534>x<td>y`, 2_000) + "</table>", "x"},
		"paragraphs":      {strings.Repeat("<p>some words in a row</p>\n", 200_000), "some words"},
		"one text":        {strings.Repeat("some words ", 450_000), "some words"},
		"brackets":        {strings.Repeat("[", 2_000_000), ""},
		"stars":           {strings.Repeat("<b>*</b>a", 300_000), ""},
		"breaks":          {strings.Repeat("<br>", 1_000_000), ""},
		"spaces":          {"a" + strings.Repeat("&nbsp;", 800_000) + "b", "a b"},
		"runs":            {strings.Repeat("<i>a</i><b>b</b>", 150_000), ""},
		"one item each":   {strings.Repeat("<p style='mso-list:l0 level1 lfo1'><span style='mso-list:Ignore'>1.</span>x</p>", 40_000), "1. x"},
		"large picture":   {`<img src="data:image/png;base64,` + strings.Repeat("A", 5_000_000) + `">`, ""},
		"backticks":       {"<code>" + strings.Repeat("`", 1_000_000) + "</code>", ""},
		"open angles":     {strings.Repeat("<", 2_000_000), ""},
		"unclosed styles": {strings.Repeat("<style ", 700_000), ""},
	} {
		t.Run(name, func(t *testing.T) {
			quoted, err := json.Marshal(test.html)
			require.NoError(t, err)
			var c struct {
				Length int
				Start  string
				Took   float64
			}
			d.Eval(`(() => { const at = performance.now(), c = writing.toMarkdown(`+string(quoted)+`); return {length: c.markdown.length, start: c.markdown.slice(0, 2000), took: performance.now() - at} })()`, &c)
			t.Logf("%d bytes in %.0f ms", len(test.html), c.Took)
			assert.LessOrEqual(t, c.Length, 5_100_000)
			assert.Contains(t, c.Start, test.has)
			d.Quiet()
		})
	}
}

// complete answers as the wiki does: pages of one prospect, and its people.
func complete(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	type item map[string]any
	var all []item
	switch q.Get("kind") {
	case "page":
		all = []item{
			{"value": "closing/implementation-timeline", "label": "Implementation timeline", "detail": "Closing · external", "section": "external"},
			{"value": "closing/security-answers", "label": "Security answers", "detail": "Closing · external", "section": "external"},
		}
		if q.Get("section") == "internal" {
			all = append(all, item{"value": "negotiating/walk-away-price", "label": "Walk-away price", "detail": "Negotiating · internal", "section": "internal"})
		}
	case "person":
		all = []item{
			{"value": "tom", "label": "Tom Okafor", "detail": "technical", "color": 3, "initials": "TO"},
			{"value": "ingrid", "label": "Ingrid Solberg", "detail": "guest", "color": 7, "initials": "IS"},
		}
	case "template":
		all = []item{{"value": "site-visit", "label": "Site visit", "text": "## Site visit at Northwind\n\n- [ ] Who comes along\n"}}
	}
	items := []item{}
	for _, i := range all {
		if strings.Contains(strings.ToLower(fmt.Sprint(i["value"], i["label"])), strings.ToLower(q.Get("q"))) {
			items = append(items, i)
		}
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string]any{"items": items})
}

// begin opens an editor with a text and the cursor at its end.
func (d *desk) begin(t *testing.T, text, section string) {
	t.Helper()
	d.mu.Lock()
	d.answer = complete
	d.mu.Unlock()
	d.open(t)
	quoted, err := json.Marshal(text)
	require.NoError(t, err)
	d.Eval(fmt.Sprintf(`window.view = writing.start(%s, %q); 0`, quoted, section), nil)
}

// types presses keys one after the other, as fast as a good typist. Keys that
// write nothing are sent as keys only.
func (d *desk) types(t *testing.T, keys string) {
	t.Helper()
	codes := map[string]int64{"Enter": 13, "Tab": 9, "Escape": 27, "ArrowUp": 38, "ArrowDown": 40}
	for _, k := range keys {
		action := chromedp.Action(chromedp.KeyEvent(string(k)))
		if name := kb.Keys[k].Key; codes[name] > 0 {
			press := func(kind input.KeyType) chromedp.Action {
				return input.DispatchKeyEvent(kind).WithKey(name).WithCode(name).WithWindowsVirtualKeyCode(codes[name])
			}
			action = chromedp.Tasks{press(input.KeyRawDown), press(input.KeyUp)}
		}
		require.NoError(t, chromedp.Run(d.Ctx, action))
	}
}

func (d *desk) written(t *testing.T) string {
	t.Helper()
	var text string
	d.Eval(`view.state.doc.toString()`, &text)
	return text
}

// options waits until something is offered and answers the labels.
func (d *desk) options(t *testing.T, first string) []string {
	t.Helper()
	quoted, err := json.Marshal(first)
	require.NoError(t, err)
	var labels []string
	require.NoError(t, chromedp.Run(d.Ctx, chromedp.Poll(`(() => {
		const all = [...document.querySelectorAll(".live-menu [role=option] .cm-completionLabel")].map((e) => e.textContent);
		return all[0] === `+string(quoted)+` && document.querySelector(".live-menu [aria-selected=true]") ? all : null })()`, &labels, chromedp.WithPollingTimeout(10*time.Second))), "offering %q", first)
	time.Sleep(100 * time.Millisecond) // the list takes keys only a moment after it opened
	return labels
}

// picture keeps what is on the screen when SHOTS names a folder.
func (d *desk) picture(t *testing.T, name string) {
	t.Helper()
	dir := os.Getenv("SHOTS")
	if dir == "" {
		return
	}
	var shot []byte
	require.NoError(t, chromedp.Run(d.Ctx, chromedp.CaptureScreenshot(&shot)))
	require.NoError(t, os.WriteFile(filepath.Join(dir, name+".png"), shot, 0o644))
}

func TestSlashMenu(t *testing.T) {
	d := sit(t)
	t.Run("a commitment, field by field", func(t *testing.T) {
		d.begin(t, "# Timeline\n\nFirst line.\n", "internal")
		d.types(t, "/")
		labels := d.options(t, "Commitment")
		assert.Subset(t, labels, []string{"Open question", "Heading 2", "Table", "Task", "Page link", "Image or file", "Site visit"})
		var aria map[string]string
		d.Eval(`(() => { const c = view.contentDOM, o = document.getElementById(c.getAttribute("aria-activedescendant"));
			return {popup: c.getAttribute("aria-haspopup"), active: o?.textContent ?? "", selected: o?.getAttribute("aria-selected") ?? "", list: document.getElementById(c.getAttribute("aria-controls"))?.getAttribute("role") ?? ""} })()`, &aria)
		assert.Equal(t, "listbox", aria["popup"])
		assert.Equal(t, "listbox", aria["list"])
		assert.Contains(t, aria["active"], "Commitment")
		assert.Equal(t, "true", aria["selected"])
		d.picture(t, "slash")
		d.types(t, kb.Enter)
		assert.Regexp(t, `^# Timeline\n\nFirst line.\n\n> \[!commitment\]  @ due: \^c-[0-9a-z]{6}\n> \n$`, d.written(t))
		d.types(t, "Go-live"+kb.Tab)
		d.options(t, "Tom Okafor")
		d.picture(t, "people")
		d.types(t, kb.Enter+kb.Tab)
		d.options(t, "Today")
		d.picture(t, "dates")
		d.types(t, kb.ArrowDown+kb.Tab)
		assert.Regexp(t, `\n\n> \[!commitment\] Go-live @tom due:2026-11-19 \^c-[0-9a-z]{6}\n> \n$`, d.written(t))
		facts := content.Parse([]byte(d.written(t))).Facts()
		require.Len(t, facts, 1)
		assert.Equal(t, "Go-live", facts[0].Title)
		assert.Equal(t, "tom", facts[0].Owner)
	})
	t.Run("fields nobody fills in go", func(t *testing.T) {
		d.begin(t, "", "internal")
		d.types(t, "/ques")
		d.options(t, "Open question")
		d.types(t, kb.Enter+"Who signs?"+kb.Enter+"Ask Ingrid"+kb.ArrowDown+kb.ArrowDown)
		require.NoError(t, chromedp.Run(d.Ctx, chromedp.Poll(`!view.state.doc.toString().includes("due:")`, nil, chromedp.WithPollingTimeout(5*time.Second))), d.written(t))
		assert.Regexp(t, `^> \[!question\] Who signs\? \^q-[0-9a-z]{6}\n> Ask Ingrid\n$`, d.written(t))
	})
	t.Run("guests see risks", func(t *testing.T) {
		d.begin(t, "", "external")
		d.types(t, "/")
		d.options(t, "Commitment")
		var risk string
		d.Eval(`[...document.querySelectorAll(".live-menu [role=option]")].find((o) => o.textContent.includes("Risk")).textContent`, &risk)
		assert.Contains(t, risk, "guests will see it")
		d.picture(t, "slash-external")
	})
	for name, test := range map[string]struct{ before, keys, first, want string }{
		"heading":           {"", "/h2", "Heading 2", `^## $`},
		"in a sentence":     {"See you on ", "/today", "Date", `^See you on 2026-11-18$`},
		"next Monday":       {"", "/monday", "Next Monday", `^2026-11-23$`},
		"table":             {"Words", kb.Enter + "/tab", "Table", `^Words\n\n\| Column \| Column 2 \| Column 3 \|\n\| --- \| --- \| --- \|\n\|  \|  \|  \|\n\|  \|  \|  \|\n$`},
		"task":              {"", "/task", "Task", `^- \[ \]  @ due: \^t-[0-9a-z]{6}\n$`},
		"block mid-line":    {"Words ", "/div", "Divider", `^Words\n\n---\n\n\n?$`},
		"template":          {"", "/site", "Site visit", `^## Site visit at Northwind\n\n- \[ \] Who comes along\n$`},
		"code":              {"", "/code", "Code block", "^```\n\n```\n$"},
		"numbered":          {"", "/numb", "Numbered list", `^1\. $`},
		"quote":             {"", "/quote", "Quote", `^> $`},
		"stakeholder words": {"", "/person", "Stakeholder", `\[!stakeholder\]`},
	} {
		t.Run(name, func(t *testing.T) {
			d.begin(t, test.before, "internal")
			d.types(t, test.keys)
			d.options(t, test.first)
			d.types(t, kb.Enter)
			assert.Regexp(t, test.want, d.written(t))
		})
	}
	t.Run("not in words, addresses and code", func(t *testing.T) {
		for _, before := range []string{"and", "https:/", "```\ncode\n"} {
			d.begin(t, before, "internal")
			d.types(t, "/")
			time.Sleep(300 * time.Millisecond)
			var open bool
			d.Eval(`document.querySelector(".live-menu") !== null`, &open)
			assert.False(t, open, before)
		}
	})
	t.Run("escape leaves the text", func(t *testing.T) {
		d.begin(t, "", "internal")
		d.types(t, "/he")
		d.options(t, "Heading 1")
		d.types(t, kb.Escape)
		assert.Equal(t, "/he", d.written(t))
	})
	d.Quiet()
}

func TestCompletions(t *testing.T) {
	d := sit(t)
	t.Run("pages", func(t *testing.T) {
		d.begin(t, "See ", "external")
		d.types(t, "[[sec")
		d.options(t, "Security answers")
		d.picture(t, "pages")
		d.types(t, kb.Enter)
		assert.Equal(t, "See [[closing/security-answers]]", d.written(t))
	})
	t.Run("a page that is not there", func(t *testing.T) {
		d.begin(t, "See ", "external")
		d.types(t, "[[Exit Plan")
		d.options(t, "Link “Exit Plan”")
		d.types(t, kb.Enter)
		assert.Equal(t, "See [[exit-plan|Exit Plan]]", d.written(t))
	})
	t.Run("people", func(t *testing.T) {
		d.begin(t, "Ask ", "internal")
		d.types(t, "@in")
		d.options(t, "Ingrid Solberg")
		d.types(t, kb.Tab)
		assert.Equal(t, "Ask @ingrid", d.written(t))
	})
	t.Run("no people in addresses", func(t *testing.T) {
		d.begin(t, "", "internal")
		d.types(t, "dana@in")
		time.Sleep(300 * time.Millisecond)
		var open bool
		d.Eval(`document.querySelector(".live-menu") !== null`, &open)
		assert.False(t, open)
	})
	t.Run("status", func(t *testing.T) {
		d.begin(t, "> [!risk] x status:", "internal")
		d.types(t, "d")
		d.options(t, "done")
		d.types(t, kb.Enter)
		assert.Equal(t, "> [!risk] x status:done", d.written(t))
	})
	t.Run("offline from memory", func(t *testing.T) {
		d.begin(t, "", "internal")
		d.types(t, "@")
		d.options(t, "Tom Okafor")
		d.mu.Lock()
		d.answer = func(w http.ResponseWriter, r *http.Request) { http.Error(w, "gone", http.StatusBadGateway) }
		d.mu.Unlock()
		d.types(t, "ing")
		d.options(t, "Ingrid Solberg")
	})
	t.Run("an internal page named to guests", func(t *testing.T) {
		d.begin(t, "See [[negotiating/walk-away-price]], [[security-answers]] and [[nowhere]].", "external")
		var marked []string
		require.NoError(t, chromedp.Run(d.Ctx, chromedp.Poll(`(() => { const all = [...document.querySelectorAll(".link-internal")].map((e) => e.textContent); return all.length > 0 ? all : null })()`, &marked, chromedp.WithPollingTimeout(10*time.Second))))
		assert.Equal(t, []string{"[[negotiating/walk-away-price]]"}, marked)
		d.picture(t, "warning")
		d.begin(t, "See [[negotiating/walk-away-price]].", "internal")
		time.Sleep(700 * time.Millisecond)
		var count int
		d.Eval(`document.querySelectorAll(".link-internal").length`, &count)
		assert.Zero(t, count)
	})
	d.Quiet()
}

// pastes puts something on the clipboard and pastes it.
func (d *desk) pastes(t *testing.T, html, plain string) {
	t.Helper()
	parts, err := json.Marshal(map[string]string{"text/html": html, "text/plain": plain})
	require.NoError(t, err)
	d.Eval(`writing.paste(view, Object.fromEntries(Object.entries(`+string(parts)+`).filter(([, v]) => v !== ""))); 0`, nil)
}

func TestPasting(t *testing.T) {
	d := sit(t)
	for name, test := range map[string]struct{ before, html, plain, want string }{
		"words in a line":       {"Say ", "<p>hello <b>you</b></p>", "hello you", "Say hello **you**"},
		"blocks below a line":   {"Words", "<h2>Head</h2><p>a</p>", "Head a", "Words\n\n## Head\n\na"},
		"blocks on a new line":  {"Words\n", "<ul><li>a</li><li>b</li></ul>", "a b", "Words\n\n- a\n- b"},
		"into a list":           {"- one\n- ", "<ul><li>a</li><li>b</li></ul>", "a b", "- one\n- a\n- b"},
		"into a callout":        {"> [!decision] x\n> ", "<p>a</p><p>b</p>", "a b", "> [!decision] x\n> a\n> \n> b"},
		"a table of tabs":       {"", "", "Depot\tSeats\nVarden\t80\n", "| Depot | Seats |\n| --- | --- |\n| Varden | 80 |\n\n"},
		"plain text stays":      {"", "", "# as it is\r\n*yes*", "# as it is\n*yes*"},
		"into code as it is":    {"```\n", "<p>a <b>b</b></p>", "a b", "```\na b"},
		"html without any text": {"", "<div></div>", "words", "words"},
	} {
		t.Run(name, func(t *testing.T) {
			d.begin(t, test.before, "internal")
			d.pastes(t, test.html, test.plain)
			assert.Equal(t, test.want, d.written(t))
		})
	}
	t.Run("an address on words", func(t *testing.T) {
		d.begin(t, "see the plan", "internal")
		d.Eval(`view.dispatch({selection: {anchor: 8, head: 12}}); 0`, nil)
		d.pastes(t, "", "https://northwind.example/a(b)")
		assert.Equal(t, "see the [plan](https://northwind.example/a%28b%29)", d.written(t))
	})
	t.Run("without format", func(t *testing.T) {
		d.begin(t, "", "internal")
		d.Eval(`view.contentDOM.dispatchEvent(new KeyboardEvent("keydown", {key: "V", code: "KeyV", keyCode: 86, ctrlKey: true, shiftKey: true, bubbles: true, cancelable: true})); 0`, nil)
		d.pastes(t, "<p>a <b>b</b></p>", "a b")
		assert.Equal(t, "a b", d.written(t))
	})
	d.Quiet()
}

func TestUploads(t *testing.T) {
	d := sit(t)
	release := make(chan struct{}, 10)
	status := http.StatusOK
	begin := func(t *testing.T, text string) {
		d.begin(t, text, "external")
		d.mu.Lock()
		defer d.mu.Unlock()
		d.answer = func(w http.ResponseWriter, r *http.Request) {
			// Only then does the server notice when the browser goes away.
			_, _ = io.Copy(io.Discard, r.Body)
			select {
			case <-release:
			case <-r.Context().Done():
				return
			}
			if status != http.StatusOK {
				w.Header().Set("Content-Type", "application/problem+json")
				w.WriteHeader(status)
				_, _ = w.Write([]byte(`{"detail":"Files of this kind are not kept."}`))
				return
			}
			name := r.URL.Path[strings.LastIndex(r.URL.Path, "/")+1:]
			_ = json.NewEncoder(w).Encode(map[string]string{"name": name, "markdown": "![" + strings.TrimSuffix(name, ".png") + "](files/" + name + ")"})
		}
	}
	shows := func(t *testing.T, state string) {
		t.Helper()
		require.NoError(t, chromedp.Run(d.Ctx, chromedp.Poll(`document.querySelector(".upload-place")?.dataset.state === "`+state+`"`, nil, chromedp.WithPollingTimeout(10*time.Second))))
	}
	until := func(t *testing.T, expression string) {
		t.Helper()
		require.NoError(t, chromedp.Run(d.Ctx, chromedp.Poll(expression, nil, chromedp.WithPollingTimeout(10*time.Second))), d.written(t))
	}
	t.Run("lands where its place went", func(t *testing.T) {
		begin(t, "Before. ")
		d.Eval(`writing.paste(view, {}, [new File(["x"], "hall 2.png", {type: "image/png"})]); 0`, nil)
		shows(t, "sending")
		assert.Equal(t, "Before. ", d.written(t), "others see nothing of it yet")
		d.picture(t, "upload")
		d.Eval(`view.dispatch({changes: {from: 0, insert: "Somebody else writes. "}}); 0`, nil)
		release <- struct{}{}
		until(t, `view.state.doc.toString() === "Somebody else writes. Before. ![hall-2](files/hall-2.png)"`)
	})
	t.Run("cancelled", func(t *testing.T) {
		begin(t, "")
		d.Eval(`writing.attach(view, [new File(["x"], "a.png")]); 0`, nil)
		shows(t, "sending")
		d.Eval(`document.querySelector(".upload-place button").click(); 0`, nil)
		until(t, `!document.querySelector(".upload-place")`)
		assert.Empty(t, d.written(t))
	})
	t.Run("refused and tried again", func(t *testing.T) {
		begin(t, "")
		status = http.StatusUnprocessableEntity
		d.Eval(`writing.attach(view, [new File(["x"], "a.png")]); 0`, nil)
		release <- struct{}{}
		shows(t, "failed")
		d.picture(t, "upload-failed")
		var why string
		d.Eval(`document.querySelector(".upload-place [role=alert]").textContent`, &why)
		assert.Equal(t, "Files of this kind are not kept.", why)
		status = http.StatusOK
		d.Eval(`document.querySelector(".upload-place button").click(); 0`, nil)
		release <- struct{}{}
		until(t, `view.state.doc.toString() === "![a](files/a.png)"`)
	})
	t.Run("too large", func(t *testing.T) {
		begin(t, "")
		d.Eval(`writing.attach(view, [new File(["x".repeat(2000)], "a.png")]); 0`, nil)
		shows(t, "failed")
		d.Eval(`[...document.querySelectorAll(".upload-place button")].at(-1).click(); 0`, nil)
		until(t, `!document.querySelector(".upload-place")`)
	})
	t.Run("waits for the connection", func(t *testing.T) {
		begin(t, "")
		require.NoError(t, chromedp.Run(d.Ctx, network.Enable(), network.EmulateNetworkConditions(true, 0, -1, -1)))
		d.Eval(`writing.attach(view, [new File(["x"], "a.png")]); 0`, nil)
		shows(t, "waiting")
		d.picture(t, "upload-waiting")
		require.NoError(t, chromedp.Run(d.Ctx, network.EmulateNetworkConditions(false, 0, -1, -1)))
		release <- struct{}{}
		until(t, `view.state.doc.toString() === "![a](files/a.png)"`)
	})
	t.Run("pictures inside of rich text", func(t *testing.T) {
		begin(t, "")
		d.pastes(t, `<p>Look: <img alt="The plan" src="data:image/png;base64,iVBORw0KGgo="> here</p>`, "")
		shows(t, "sending")
		release <- struct{}{}
		until(t, `view.state.doc.toString() === "Look: ![The plan](files/The-plan.png) here"`)
	})
	d.Quiet()
}

func TestFinding(t *testing.T) {
	d := sit(t)
	d.begin(t, "Depot one, depot two, depots three.", "internal")
	d.Eval(`view.dispatch({selection: {anchor: 0}}); writing.openSearchPanel(view); 0`, nil)
	d.types(t, "depot")
	count := func(want string) {
		t.Helper()
		require.NoError(t, chromedp.Run(d.Ctx, chromedp.Poll(`document.querySelector(".find-count")?.textContent === "`+want+`"`, nil, chromedp.WithPollingTimeout(10*time.Second))), want)
	}
	count("3 found")
	d.types(t, kb.Enter)
	count("1 of 3")
	d.types(t, kb.Enter)
	count("2 of 3")
	d.picture(t, "find")
	d.Eval(`document.querySelectorAll(".find-how input")[1].click(); 0`, nil)
	count("2 of 2")
	d.Eval(`document.querySelectorAll(".find-how input")[2].click(); 0`, nil)
	d.Eval(`(() => { const f = document.querySelector(".find-panel input"); f.value = "(["; f.dispatchEvent(new Event("input")) })()`, nil)
	count("not a pattern")
	d.Eval(`(() => { const f = document.querySelector(".find-panel input"); f.value = "d.p"; f.dispatchEvent(new Event("input")); document.querySelectorAll(".find-how input")[1].click(); const r = document.querySelector("[aria-label='Replace with']"); r.value = "X"; r.dispatchEvent(new Event("input")); [...document.querySelectorAll(".find-panel button")].find((b) => b.textContent === "Replace all").click() })()`, nil)
	assert.Equal(t, "Xot one, Xot two, Xots three.", d.written(t))
	d.types(t, kb.Escape)
	d.Eval(`view.focus(); view.dispatch({changes: {from: view.state.doc.length, insert: "\n"}, selection: {anchor: view.state.doc.length + 1}}); writing.openSearchPanel(view); view.focus(); 0`, nil)
	d.types(t, "/")
	d.options(t, "Commitment")
	var broken string
	// The arrow keys of the text scroll the list, which never has the focus.
	d.Do("checking", chrome.Axe(t, &broken, "scrollable-region-focusable"))
	assert.Empty(t, broken)
}
