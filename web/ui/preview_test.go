package ui_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"dealwiki/internal/chrome"
	"dealwiki/internal/need"
	"dealwiki/web/ui"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/evanw/esbuild/pkg/api"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const previewPage = `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1"><title>Preview</title>
<link rel="stylesheet" href="%s"><body><main><h1>Preview</h1><div id="editor"></div><div id="other"></div></main><script type="module" src="/preview.js"></script></body></html>`

// livePolicy is what the server sends with the editor: the policy of all pages
// and a nonce for its styles.
const livePolicy = "default-src 'none'; script-src 'self'; style-src 'self' 'nonce-n0nce'; img-src 'self' data:; font-src 'self'; connect-src 'self'; base-uri 'none'"

// stage is a browser with the live preview in it.
type stage struct{ *chrome.Browser }

// openStage starts a browser that shows the live preview under its policy.
func openStage(t *testing.T) *stage {
	t.Helper()
	window := chrome.Open(t)
	window.Size(1000, 800)
	_, err := os.Stat("node_modules/@codemirror/view")
	need.OK(t, "codemirror (npm ci in web/ui)", err)
	root, err := filepath.Abs("src/live")
	require.NoError(t, err)
	built := api.Build(api.BuildOptions{AbsWorkingDir: root, EntryPoints: []string{"testdata/preview.ts"}, Bundle: true, Format: api.FormatESModule,
		Target: api.ES2022, Outdir: "out", Charset: api.CharsetUTF8})
	require.Empty(t, built.Errors)
	assets, err := ui.NewAssets()
	require.NoError(t, err)

	mux := http.NewServeMux()
	mux.Handle(ui.AssetPath, assets)
	mux.HandleFunc("/preview.js", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/javascript")
		_, _ = w.Write(built.OutputFiles[0].Contents)
	})
	mux.HandleFunc("/{$}", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Security-Policy", livePolicy)
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = fmt.Fprintf(w, previewPage, assets.URL("app.css"))
	})
	mux.HandleFunc("/favicon.ico", func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusNoContent) })
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	d := &stage{window}
	d.Do("opening the preview", chromedp.Navigate(server.URL+"/"), chromedp.Poll(`window.preview !== undefined`, nil))
	return d
}

// show puts a text into a fresh editor; a bar (‸) is where the caret is put, and
// is not part of it.
func (d *stage) show(t *testing.T, text string) {
	t.Helper()
	doc := strings.Replace(text, "‸", "", 1)
	d.Eval("window.view = preview.one("+quoted(t, doc)+"); view.focus(); 1", nil)
	if before, _, ok := strings.Cut(text, "‸"); ok {
		d.Eval(fmt.Sprintf("view.dispatch({selection: {anchor: %s.length}}); 1", quoted(t, before)), nil)
	}
	d.settle(t)
}

// settle waits until the browser has drawn what there is to draw.
func (d *stage) settle(t *testing.T) {
	t.Helper()
	d.Eval("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done))))", nil)
}

// keys types on the keyboard.
func (d *stage) keys(t *testing.T, keys ...string) {
	t.Helper()
	for _, k := range keys {
		if k == kb.Enter { // one event, as a keyboard sends it: a handler can cancel it
			down := input.DispatchKeyEvent(input.KeyDown).WithKey("Enter").WithCode("Enter").WithWindowsVirtualKeyCode(13).WithText("\r")
			up := input.DispatchKeyEvent(input.KeyUp).WithKey("Enter").WithCode("Enter").WithWindowsVirtualKeyCode(13)
			require.NoError(t, chromedp.Run(d.Ctx, down, up))
			continue
		}
		require.NoError(t, chromedp.Run(d.Ctx, chromedp.KeyEvent(k)))
	}
	d.settle(t)
}

func (d *stage) shifted(t *testing.T, key string) {
	t.Helper()
	require.NoError(t, chromedp.Run(d.Ctx, chromedp.KeyEvent(key, chromedp.KeyModifiers(8))))
	d.settle(t)
}

func (d *stage) controlled(t *testing.T, key string) {
	t.Helper()
	require.NoError(t, chromedp.Run(d.Ctx, chromedp.KeyEvent(key, chromedp.KeyModifiers(2))))
	d.settle(t)
}

// text is the document with the caret in it as a bar.
func (d *stage) text(t *testing.T) string {
	t.Helper()
	var s string
	d.Eval(`(() => { const {head} = view.state.selection.main, doc = view.state.doc; return doc.sliceString(0, head) + "‸" + doc.sliceString(head) })()`, &s)
	return s
}

// doc is the document.
func (d *stage) doc(t *testing.T) string {
	t.Helper()
	var s string
	d.Eval("view.state.doc.toString()", &s)
	return s
}

// shown is the text that people see in the editor.
func (d *stage) shown(t *testing.T) string {
	t.Helper()
	var s string
	d.Eval("view.contentDOM.innerText", &s)
	return s
}

// cell puts the caret into a cell.
func (d *stage) cell(t *testing.T, row, column int) {
	t.Helper()
	d.Eval(fmt.Sprintf(`(() => { const c = document.querySelectorAll("#editor tr")[%d].querySelectorAll(".lp-cell")[%d]; c.focus(); getSelection().selectAllChildren(c); getSelection().collapseToEnd() })()`, row, column), nil)
	d.settle(t)
}

func quoted(t *testing.T, s string) string {
	t.Helper()
	b, err := json.Marshal(s)
	require.NoError(t, err)
	return string(b)
}

const richPage = "src/live/testdata/preview.md"

// Nothing drawn changes the text, wherever the caret goes.
func TestPreviewKeepsTheText(t *testing.T) {
	d := openStage(t)
	rich, err := os.ReadFile(richPage)
	require.NoError(t, err)
	d.show(t, string(rich))
	for _, key := range []string{kb.ArrowDown, kb.ArrowRight, kb.ArrowUp} {
		for range 60 {
			require.NoError(t, chromedp.Run(d.Ctx, chromedp.KeyEvent(key)))
		}
	}
	d.Eval(`(async () => { for (let i = 0; i <= view.state.doc.length; i += 3) { view.focus(); view.dispatch({selection: {anchor: i}}); } })()`, nil)
	d.settle(t)
	assert.Equal(t, string(rich), d.doc(t))
	shown := d.shown(t)
	for _, hidden := range []string{"**", "^c-7f3a", "^t-1", "[!decision]", "# Close", "due:2026", "~~", "[["} {
		assert.NotContains(t, shown, hidden)
	}
	d.Quiet()
}

func TestPreviewShowsSyntaxAtTheCaret(t *testing.T) {
	d := openStage(t)
	for _, c := range []struct{ name, text, seen string }{
		{"heading away", "## Prices\n\nText‸", "Prices"},
		{"heading", "## Pri‸ces\n\nText", "## Prices"},
		{"bold away", "a **word** here, and‸", "a word here"},
		{"bold at its edge", "a **word**‸ here", "a **word** here"},
		{"link away", "see [the site](https://example.com)\n\n‸", "see the site"},
		{"link", "see [the ‸site](https://example.com)", "see [the site](https://example.com)"},
		{"wiki link", "[[closing/plan]]\n\n‸", "Title of closing/plan"},
		{"wiki link with text", "[[closing/plan|The plan]]\n\n‸", "The plan"},
		{"mention", "ask @sam\n\n‸", "ask @Sam Reed"},
		{"unknown mention", "ask @nobody\n\n‸", "ask @nobody"},
		{"callout", "> [!risk] Late @sam due:2027-03-01 ^k-1\n> Body\n\n‸", "Sam Reed · due 1 Mar 2027\nLate"},
		{"in a callout", "> [!risk] Late @sam due:2027-03-01 ^k-1\n> Bo‸dy", "> [!risk] Late @Sam Reed due:2027-03-01\n> Body"},
		{"escape", "1 \\* 2\n\n‸", "1 * 2"},
		{"front matter", "---\ntitle: Plan\n---\nText‸", "Properties\ntitle"},
	} {
		t.Run(c.name, func(t *testing.T) {
			d.show(t, c.text)
			assert.Contains(t, strings.ReplaceAll(d.shown(t), "\u200b", ""), c.seen)
			assert.Equal(t, strings.Replace(c.text, "‸", "", 1), d.doc(t))
		})
	}
	d.Quiet()
}

func TestTaskIsTicked(t *testing.T) {
	d := openStage(t)
	d.show(t, "- [ ] One @sam due:2027-03-01 ^t-1\n- [x] Two\n\n‸")
	require.NoError(t, chromedp.Run(d.Ctx, chromedp.Click("#editor .lp-check", chromedp.ByQuery)))
	d.settle(t)
	assert.Equal(t, "- [x] One @sam due:2027-03-01 ^t-1\n- [x] Two\n\n", d.doc(t))
	var checked bool
	d.Eval(`document.querySelector("#editor .lp-check").checked`, &checked)
	assert.True(t, checked)
	d.controlled(t, "z")
	assert.Equal(t, "- [ ] One @sam due:2027-03-01 ^t-1\n- [x] Two\n\n", d.doc(t))
	d.Eval(`document.querySelector("#editor .lp-check").checked`, &checked)
	assert.False(t, checked)
	d.Quiet()
}

// Nobody sees, types or damages an id.
func TestIDsAreOutOfReach(t *testing.T) {
	d := openStage(t)
	for _, c := range []struct {
		name, text string
		keys       []string
		want       string
	}{
		{"end of the line", "- [ ] O‸ne ^t-1\nNext", []string{kb.End, "!"}, "- [ ] One!‸ ^t-1\nNext"},
		{"right over the end", "- [ ] One‸ ^t-1\nNext", []string{kb.ArrowRight}, "- [ ] One ^t-1\n‸Next"},
		{"left from below", "- [ ] One ^t-1\n‸Next", []string{kb.ArrowLeft}, "- [ ] One‸ ^t-1\nNext"},
		{"backspace", "- [ ] One‸ ^t-1", []string{kb.Backspace}, "- [ ] On‸ ^t-1"},
		{"delete joins the next line", "- [ ] One‸ ^t-1\nNext", []string{kb.Delete}, "- [ ] One‸ ^t-1Next"},
		{"enter at the end", "- [ ] One‸ ^t-1\nNext", []string{kb.Enter, "x"}, "- [ ] One ^t-1\n- [ ] x‸\nNext"},
		{"enter in the middle", "- [ ] One‸ two ^t-1\nNext", []string{kb.Enter}, "- [ ] One ^t-1\n- [ ] ‸ two\nNext"},
		{"enter in a fact", "> [!risk] One‸ two @sam ^k-1", []string{kb.Enter}, "> [!risk] One ^k-1\n> ‸ two @sam"},
	} {
		t.Run(c.name, func(t *testing.T) {
			d.show(t, c.text)
			d.keys(t, c.keys...)
			assert.Equal(t, c.want, d.text(t))
		})
	}
	t.Run("the whole line goes with its id", func(t *testing.T) {
		d.show(t, "Above\n- [ ] One ^t-1\nNext‸")
		d.Eval(`view.dispatch({selection: {anchor: 6, head: 21}}); 1`, nil)
		d.keys(t, kb.Backspace)
		assert.Equal(t, "Above\n‸Next", d.text(t))
	})
	t.Run("a piece from the text into the next line", func(t *testing.T) {
		d.show(t, "- [ ] One ^t-1\nNext‸")
		d.Eval(`view.dispatch({selection: {anchor: 7, head: 17}}); 1`, nil)
		d.keys(t, kb.Backspace)
		assert.Equal(t, "- [ ] O ^t-1xt", d.doc(t))
	})
	d.Quiet()
}

func TestListsContinue(t *testing.T) {
	d := openStage(t)
	for _, c := range []struct {
		name, text string
		keys       []string
		want       string
	}{
		{"bullet", "- one‸", []string{kb.Enter, "two"}, "- one\n- two‸"},
		{"number", "9. one‸", []string{kb.Enter, "two"}, "9. one\n10. two‸"},
		{"task", "- [x] one‸", []string{kb.Enter, "two"}, "- [x] one\n- [ ] two‸"},
		{"nested", "- a\n  - one‸", []string{kb.Enter, "two"}, "- a\n  - one\n  - two‸"},
		{"callout", "> [!risk] one‸", []string{kb.Enter, "two"}, "> [!risk] one\n> two‸"},
		{"an empty item ends", "- one\n- ‸", []string{kb.Enter, "x"}, "- one\nx‸"},
		{"an empty quote ends", "> one\n> ‸", []string{kb.Enter, "x"}, "> one\nx‸"},
		{"code does not", "```\n- one‸\n```", []string{kb.Enter, "x"}, "```\n- one\nx‸\n```"},
		{"backspace takes the mark", "- ‸one", []string{kb.Backspace}, "‸one"},
		{"backspace takes a task's box", "- [ ] ‸one", []string{kb.Backspace}, "‸one"},
		{"backspace takes a heading's mark", "## ‸one", []string{kb.Backspace}, "‸one"},
		{"a heading stays one when written at its beginning", "‸# one", []string{"two ", "x"}, "# two x‸one"},
		{"a task stays one when written at its beginning", "‸- [ ] one", []string{"two "}, "- [ ] two ‸one"},
		{"another # is a mark", "‸# one", []string{"#"}, "#‸# one"},
		{"a page from Windows goes on like one", "a\r\nb‸\r\nc\r\n", []string{kb.Enter, "x"}, "a\r\nb\r\nx‸\r\nc\r\n"},
		{"its tasks too", "a\r\n- [x] b‸\r\n", []string{kb.Enter, "x"}, "a\r\n- [x] b\r\n- [ ] x‸\r\n"},
		{"its lines join by backspace", "a\r\n‸b\r\n", []string{kb.Backspace}, "a‸b\r\n"},
		{"its lines join by delete", "a‸\r\nb\r\n", []string{kb.Delete}, "a‸b\r\n"},
		{"its lines end before the return", "‸a\r\nb\r\n", []string{kb.End, "x"}, "ax‸\r\nb\r\n"},
		{"from line to line in one step", "a‸\r\nb\r\n", []string{kb.ArrowRight, "x", kb.ArrowLeft, kb.ArrowLeft, "y"}, "ay‸\r\nxb\r\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			d.show(t, c.text)
			d.keys(t, c.keys...)
			assert.Equal(t, c.want, d.text(t))
		})
	}
	d.Quiet()
}

// The tables of a page from Windows are cells too, and keep its ends of lines.
func TestTableFromWindows(t *testing.T) {
	d := openStage(t)
	d.show(t, "‸"+strings.ReplaceAll(prices, "\n", "\r\n"))
	var n int
	d.Eval(`document.querySelectorAll(".lp-table").length`, &n)
	assert.Equal(t, 1, n)
	d.Quiet()
}

const prices = "Before\n\n| EUR | Year 1 |\n| --- | ---: |\n| Platform | 10 |\n| Work \\| four | **20** |\n\nAfter"

func TestTableIsEditedByKeys(t *testing.T) {
	d := openStage(t)
	for _, c := range []struct {
		name        string
		row, column int
		keys        []string
		want        string
	}{
		{"typing", 1, 0, []string{" x"}, strings.Replace(prices, "Platform", "Platform x", 1)},
		{"a bar is escaped", 1, 0, []string{"|"}, strings.Replace(prices, "Platform", `Platform\|`, 1)},
		{"a bar stays escaped", 2, 0, []string{"!"}, strings.Replace(prices, "four", "four!", 1)},
		{"markdown is shown for editing", 2, 1, []string{"0"}, strings.Replace(prices, "**20**", "**20**0", 1)},
		{"tab selects the next cell", 1, 0, []string{kb.Tab, "7"}, strings.Replace(prices, "10", "7", 1)},
		{"tab wraps to the next row", 1, 1, []string{kb.Tab, "W"}, strings.Replace(prices, `Work \| four`, "W", 1)},
		{"tab adds a row", 2, 1, []string{kb.Tab, "new"}, strings.Replace(prices, "**20** |", "**20** |\n| new |  |", 1)},
		{"enter goes down", 1, 0, []string{kb.Enter, "W"}, strings.Replace(prices, `Work \| four`, "W", 1)},
		{"enter adds a row", 2, 1, []string{kb.Enter, "5"}, strings.Replace(prices, "**20** |", "**20** |\n|  | 5 |", 1)},
		{"arrow down", 0, 0, []string{kb.ArrowDown, "1"}, strings.Replace(prices, "Platform", "1Platform", 1)},
		{"arrow right over the end", 1, 0, []string{kb.ArrowRight, "1"}, strings.Replace(prices, "10", "110", 1)},
		{"arrow down leaves", 2, 0, []string{kb.ArrowDown, "x"}, strings.Replace(prices, "\n\nAfter", "\n\nx\nAfter", 1)},
		{"arrow up leaves", 0, 0, []string{kb.ArrowUp, "x"}, strings.Replace(prices, "Before\n", "Before\nx", 1)},
		{"emptied", 1, 1, []string{kb.Backspace, kb.Backspace}, strings.Replace(prices, "10", "", 1)},
		{"escape leaves", 1, 1, []string{kb.Escape, "x"}, strings.Replace(prices, "\n\nAfter", "\n\nx\nAfter", 1)},
	} {
		t.Run(c.name, func(t *testing.T) {
			d.show(t, prices)
			d.cell(t, c.row, c.column)
			d.keys(t, c.keys...)
			assert.Equal(t, c.want, d.doc(t))
		})
	}
	d.Quiet()
}

func TestTableToolsAndPaste(t *testing.T) {
	d := openStage(t)
	click := func(t *testing.T, tool string) {
		t.Helper()
		require.NoError(t, chromedp.Run(d.Ctx, chromedp.Click("#editor .lp-tool-"+tool, chromedp.ByQuery)))
		d.settle(t)
	}
	paste := func(t *testing.T, kind, data string) {
		t.Helper()
		d.Eval(fmt.Sprintf(`(() => { const data = new DataTransfer(); data.setData(%s, %s); document.activeElement.dispatchEvent(new ClipboardEvent("paste", {clipboardData: data, bubbles: true, cancelable: true})) })()`, quoted(t, kind), quoted(t, data)), nil)
		d.settle(t)
	}
	const table = "| A | B |\n| --- | --- |\n| 1 | 2 |\n\n"
	for _, c := range []struct {
		name        string
		row, column int
		do          func(t *testing.T)
		want        string
	}{
		{"a row", 1, 0, func(t *testing.T) { click(t, "row-below"); d.keys(t, "x") }, "| A | B |\n| --- | --- |\n| 1 | 2 |\n| x |  |\n\n"},
		{"a row after the head", 0, 1, func(t *testing.T) { click(t, "row-below"); d.keys(t, "x") }, "| A | B |\n| --- | --- |\n|  | x |\n| 1 | 2 |\n\n"},
		{"a column", 0, 0, func(t *testing.T) { click(t, "column-after"); d.keys(t, "x") }, "| A | x | B |\n| --- | --- | --- |\n| 1 |  | 2 |\n\n"},
		{"without the row", 1, 0, func(t *testing.T) { click(t, "row-remove") }, "| A | B |\n| --- | --- |\n\n"},
		{"without the column", 1, 1, func(t *testing.T) { click(t, "column-remove") }, "| A |\n| --- |\n| 1 |\n\n"},
		{"aligned", 1, 1, func(t *testing.T) {
			require.NoError(t, chromedp.Run(d.Ctx, chromedp.SetValue("#editor .lp-tool-align", "right", chromedp.ByQuery)))
			d.Eval(`document.querySelector("#editor .lp-tool-align").dispatchEvent(new Event("change")); 1`, nil)
		}, "| A | B |\n| --- | --: |\n| 1 | 2 |\n\n"},
		{"as text", 1, 1, func(t *testing.T) { click(t, "text"); d.keys(t, "9") }, "| A | B |\n| --- | --- |\n| 1 | 92 |\n\n"},
		{"cells of a spreadsheet", 1, 1, func(t *testing.T) { paste(t, "text/plain", "a\tb\nc\td|e\n") }, "| A | B |  |\n| --- | --- | --- |\n| 1 | a | b |\n|  | c | d\\|e |\n\n"},
		{"a table of HTML", 0, 0, func(t *testing.T) { paste(t, "text/html", "<table><tr><td>x<td>y<tr><td>1<br>2<td><b>z</b></table>") }, "| x | y |\n| --- | --- |\n| 1<br>2 | z |\n\n"},
		{"words", 1, 0, func(t *testing.T) { paste(t, "text/plain", "one, two") }, "| A | B |\n| --- | --- |\n| 1one, two | 2 |\n\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			d.show(t, table)
			d.cell(t, c.row, c.column)
			c.do(t)
			d.settle(t)
			assert.Equal(t, c.want, d.doc(t))
		})
	}
	t.Run("undone", func(t *testing.T) {
		d.show(t, table)
		d.cell(t, 1, 0)
		d.keys(t, "x")
		d.controlled(t, "z")
		assert.Equal(t, table, d.doc(t))
		var cell string
		d.Eval(`document.activeElement.textContent`, &cell)
		assert.Equal(t, "1", cell)
	})
	d.Quiet()
}

// Text that is typed below or beside a table does not become part of it, and a
// table that is just being written is not taken away.
func TestTableIsKeptApart(t *testing.T) {
	d := openStage(t)
	for _, c := range []struct {
		name, text string
		keys       []string
		want       string
	}{
		{"below", "| A |\n| - |\n| 1 |\n‸", []string{"x"}, "| A |\n| - |\n| 1 |\n\nx"},
		{"between", "| A |\n| - |\n| 1 |\n‸\nText", []string{"x"}, "| A |\n| - |\n| 1 |\n\nx\nText"},
		{"into it from above", "Text‸\n\n| A |\n| - |\n| 1 |", []string{kb.ArrowDown, kb.ArrowDown, "x"}, "Text\n\n| xA |\n| - |\n| 1 |"},
		{"into it from below", "| A |\n| - |\n| 1 |\n‸", []string{kb.ArrowUp, "x"}, "| A |\n| - |\n| 1x |\n"},
		{"backspace below it", "| A |\n| - |\n| 1 |\n‸\nText", []string{kb.Backspace, "x"}, "| A |\n| - |\n| 1x |\n\nText"},
		{"being written", "| A | B |‸", []string{kb.Enter, "|-|-", "-", "|", kb.Enter, "| 1 | 2 |"}, "| A | B |\n|-|--|\n| 1 | 2 |"},
	} {
		t.Run(c.name, func(t *testing.T) {
			d.show(t, c.text)
			d.keys(t, c.keys...)
			assert.Equal(t, c.want, d.doc(t))
		})
	}
	d.Quiet()
}

// Two people fill one row at once; nobody's caret or cell is taken away.
func TestTwoPeopleInOneTable(t *testing.T) {
	d := openStage(t)
	const table = "Above\n\n| A | B |\n| --- | --- |\n| 1 | 2 |\n"
	start := func(t *testing.T) {
		t.Helper()
		d.Eval("window.pair = preview.two("+quoted(t, table)+"); window.view = pair.a; 1", nil)
		d.settle(t)
		d.cell(t, 1, 0)
		d.keys(t, "x")
	}
	both := func(t *testing.T, want string) {
		t.Helper()
		d.settle(t)
		var a, b, cells string
		d.Eval("pair.a.state.doc.toString()", &a)
		d.Eval("pair.b.state.doc.toString()", &b)
		assert.Equal(t, want, a)
		assert.Equal(t, want, b)
		d.Eval(`[...document.querySelectorAll("#other .lp-cell")].map((c) => c.textContent).join("|")`, &cells)
		d.Eval(`[...document.querySelectorAll("#editor .lp-cell")].map((c) => c.textContent).join("|")`, &a)
		assert.Equal(t, cells, a)
	}
	other := func(t *testing.T, from, to, insert string) {
		t.Helper()
		d.Eval(fmt.Sprintf(`(() => { const doc = pair.b.state.doc.toString(), at = doc.indexOf(%s); pair.b.dispatch({changes: {from: at, to: at + %s.length, insert: %s}, userEvent: "input"}) })()`, quoted(t, from), quoted(t, to), quoted(t, insert)), nil)
		d.settle(t)
	}
	focused := func(t *testing.T) string {
		t.Helper()
		var s string
		d.Eval(`document.activeElement.className + ":" + document.activeElement.textContent`, &s)
		return s
	}
	t.Run("another cell of the row", func(t *testing.T) {
		start(t)
		other(t, "2 |", "2", "22")
		assert.Equal(t, "lp-cell:1x", focused(t))
		d.keys(t, "y")
		both(t, "Above\n\n| A | B |\n| --- | --- |\n| 1xy | 22 |\n")
	})
	t.Run("at the same moment", func(t *testing.T) {
		start(t)
		d.Eval("pair.hold(true)", nil)
		other(t, "2 |", "2", "22")
		d.keys(t, "y")
		d.Eval("pair.hold(false)", nil)
		both(t, "Above\n\n| A | B |\n| --- | --- |\n| 1xy | 22 |\n")
	})
	t.Run("a row above", func(t *testing.T) {
		start(t)
		other(t, "| 1x", "", "| 0 | 0 |\n")
		assert.Equal(t, "lp-cell:1x", focused(t))
		d.keys(t, "y")
		both(t, "Above\n\n| A | B |\n| --- | --- |\n| 0 | 0 |\n| 1xy | 2 |\n")
	})
	t.Run("text above the table", func(t *testing.T) {
		start(t)
		other(t, "Above", "Above", "Much\n\nmore above")
		assert.Equal(t, "lp-cell:1x", focused(t))
		d.keys(t, "y")
		both(t, "Much\n\nmore above\n\n| A | B |\n| --- | --- |\n| 1xy | 2 |\n")
	})
	t.Run("the same cell", func(t *testing.T) {
		start(t)
		other(t, "1x", "", "0")
		assert.Equal(t, "lp-cell:01x", focused(t))
		d.keys(t, "y")
		both(t, "Above\n\n| A | B |\n| --- | --- |\n| 01xy | 2 |\n")
	})
	t.Run("the row goes", func(t *testing.T) {
		start(t)
		other(t, "\n| 1x | 2 |", "\n| 1x | 2 |", "")
		both(t, "Above\n\n| A | B |\n| --- | --- |\n")
	})
	d.Quiet()
}

func TestFrontMatterFolds(t *testing.T) {
	d := openStage(t)
	for _, c := range []struct {
		name, text string
		keys       []string
		want       string
	}{
		{"the caret begins below", "‸---\ntitle: Plan\n---\nText", []string{"x"}, "---\ntitle: Plan\n---\nxText"},
		{"up opens it", "---\ntitle: Plan\n---\n‸Text", []string{kb.ArrowUp, "s"}, "---\ntitle: Plans\n---\nText"},
		{"backspace does not break it", "---\ntitle: Plan\n---\n‸Text", []string{kb.Backspace, "x"}, "---\ntitle: Plan\n---\nxText"},
		{"a rule is none", "---\n\n‸Text", []string{"x"}, "---\n\nxText"},
	} {
		t.Run(c.name, func(t *testing.T) {
			d.show(t, c.text)
			d.keys(t, c.keys...)
			assert.Equal(t, c.want, d.doc(t))
		})
	}
	d.Quiet()
}

// Texts that are composed, as in Japanese or on a phone, are not disturbed by what is drawn.
func TestComposingIsNotDisturbed(t *testing.T) {
	d := openStage(t)
	compose := func(t *testing.T, text string) {
		t.Helper()
		require.NoError(t, chromedp.Run(d.Ctx, input.ImeSetComposition(text, int64(len([]rune(text))), int64(len([]rune(text))))))
		d.settle(t)
	}
	t.Run("in the text", func(t *testing.T) {
		d.show(t, "## Head\n\n- [ ] task ‸ ^t-1\n")
		compose(t, "に")
		compose(t, "にほ")
		d.Eval(`view.dispatch({changes: {from: 3, insert: "New "}}); 1`, nil) // somebody else
		compose(t, "にほん")
		require.NoError(t, chromedp.Run(d.Ctx, input.InsertText("日本")))
		d.settle(t)
		assert.Equal(t, "## New Head\n\n- [ ] task 日本 ^t-1\n", strings.ReplaceAll(d.doc(t), "日本  ^", "日本 ^"))
	})
	t.Run("in a cell", func(t *testing.T) {
		d.show(t, "| A |\n| - |\n| x |\n\n")
		d.cell(t, 1, 0)
		compose(t, "に")
		d.Eval(`view.dispatch({changes: {from: 14, insert: "0"}}); 1`, nil) // in the same cell
		compose(t, "にほ")
		require.NoError(t, chromedp.Run(d.Ctx, input.InsertText("日本")))
		d.settle(t)
		assert.Equal(t, "| A |\n| - |\n| 0x日本 |\n\n", d.doc(t))
	})
	d.Quiet()
}

// The preview passes the accessibility rules, at rest and while a cell is edited.
func TestPreviewIsAccessible(t *testing.T) {
	d := openStage(t)
	rich, err := os.ReadFile(richPage)
	require.NoError(t, err)
	d.show(t, string(rich))
	var broken string
	d.Do("checking", chrome.Axe(t, &broken))
	assert.Empty(t, broken)
	d.cell(t, 1, 0)
	d.Do("checking while a cell is edited", chrome.Axe(t, &broken))
	assert.Empty(t, broken)
	d.Quiet()
}

// Whatever a table looks like, an edit changes what it is about and nothing else.
func TestTableLaws(t *testing.T) {
	d := openStage(t)
	var broken []string
	d.Eval("preview.tableLaws(4000)", &broken)
	assert.Empty(t, strings.Join(broken, "\n"))
	for _, c := range [][4]string{
		{"abc", "abcd", "xabc", "xabcd"},
		{"abc", "xabc", "abcd", "xabcd"},
		{"abc", "abc", "new", "new"},
		{"abc", "aXc", "aYc", "aYXc"},
		{"", "mine", "theirs", "theirsmine"},
	} {
		var got string
		d.Eval(fmt.Sprintf("preview.model.rebase(%s, %s, %s)", quoted(t, c[0]), quoted(t, c[1]), quoted(t, c[2])), &got)
		assert.Equal(t, c[3], got)
	}
	var grid [][]string
	for text, want := range map[string][][]string{
		"a\tb\n\"c\td\"\te":      {{"a", "b"}, {"c\td", "e"}},
		"a,b\n1,\"x, y\"":        {{"a", "b"}, {"1", "x, y"}},
		"a;b\n1,5;2":             {{"a", "b"}, {"1,5", "2"}},
		"one, two":               nil,
		"a line,\nand more, yes": nil,
	} {
		grid = nil
		d.Eval("preview.paste.textGrid("+quoted(t, text)+")", &grid)
		assert.Equal(t, want, grid, text)
	}
	d.Quiet()
}

// With the mouse: a press in a cell puts the caret there, with Ctrl a link is
// followed, and what a command does at the selection happens in the cell.
func TestPreviewByMouse(t *testing.T) {
	d := openStage(t)
	d.show(t, prices+"\n\n[here](https://example.com/a) and [[closing/plan]] and [bad](javascript:alert(1))\n")
	require.NoError(t, chromedp.Run(d.Ctx, chromedp.Click("#editor td strong", chromedp.ByQuery)))
	d.settle(t)
	var cell string
	d.Eval(`document.activeElement.textContent`, &cell)
	assert.Equal(t, "**20**", cell)
	d.Eval(`(() => { const {from, to} = view.state.selection.main, doc = view.state.doc.toString(), at = doc.indexOf("20"); return from === to && from >= at && from <= at + 2 })()`, new(bool))
	d.keys(t, "5")
	assert.Regexp(t, `\*\*(520|250|205)\*\*`, d.doc(t))
	d.Eval(`(() => { const at = view.state.selection.main.head; view.dispatch({changes: {from: at, insert: "_"}, selection: {anchor: at + 1}, userEvent: "input"}) })()`, nil)
	d.keys(t, "!")
	assert.Regexp(t, `\*\*[205]+_![20]*\*\*`, d.doc(t))

	var opened []string
	for _, link := range []string{"[data-dest='https://example.com/a']", "[data-wiki='closing/plan']", "[data-dest^='javascript']"} {
		d.Eval(fmt.Sprintf(`document.querySelector("#editor " + %s).dispatchEvent(new MouseEvent("mousedown", {ctrlKey: true, bubbles: true, cancelable: true})); 1`, quoted(t, link)), nil)
	}
	d.Eval("preview.opened()", &opened)
	assert.Equal(t, []string{"https://example.com/a", "/pages/closing/plan"}, opened)
	d.Quiet()
}

// A reader sees cells and check boxes, but cannot change them.
func TestPreviewForReaders(t *testing.T) {
	d := openStage(t)
	d.Eval("window.view = preview.one("+quoted(t, prices+"\n\n- [ ] task @sam\n")+", 'preview', true); 1", nil)
	d.settle(t)
	var editable, boxes, tools int
	d.Eval(`document.querySelectorAll("#editor [contenteditable=plaintext-only]").length`, &editable)
	d.Eval(`document.querySelectorAll("#editor .lp-check:not([disabled])").length`, &boxes)
	d.Eval(`document.querySelectorAll("#editor .lp-table-tools").length`, &tools)
	assert.Zero(t, editable+boxes+tools)
	d.Quiet()
}

// What reads right to left is set so, line by line and cell by cell.
func TestPreviewReadsRightToLeft(t *testing.T) {
	d := openStage(t)
	d.show(t, "Left\n\nمرحبا **مهم**\n\n> [!risk] مرحبا @sam\n\n| مرحبا |\n| - |\n| x |\n\n")
	var directions []string
	d.Eval(`[...document.querySelectorAll("#editor .cm-line, #editor .lp-cell")].filter((e) => e.textContent.trim()).map((e) => getComputedStyle(e).direction)`, &directions)
	assert.Equal(t, []string{"ltr", "rtl", "rtl", "rtl", "ltr"}, directions)
	d.Quiet()
}
