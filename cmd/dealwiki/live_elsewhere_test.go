package main

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// hand gives something to an element as a browser does: kind is drop or paste,
// files are names of files to be made up, html and text what a program put on the
// clipboard.
func (w *window) hand(kind, selector string, files []string, html, text string) {
	w.t.Helper()
	in, err := json.Marshal(map[string]any{"kind": kind, "selector": selector, "files": files, "html": html, "text": text})
	require.NoError(w.t, err)
	w.do(chromedp.Evaluate(`((o) => {
		const dot = Uint8Array.from(atob("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="), (c) => c.charCodeAt(0));
		const data = new DataTransfer();
		for (const name of o.files ?? []) data.items.add(name.endsWith(".png") ? new File([dot], name, {type: "image/png"}) : new File(["Depot,Seats\n"], name, {type: "text/csv"}));
		if (o.html) data.setData("text/html", o.html);
		if (o.text) data.setData("text/plain", o.text);
		const to = [...document.querySelectorAll(o.selector)].at(-1), box = to.getBoundingClientRect();
		const at = {bubbles: true, cancelable: true, dataTransfer: data, clipboardData: data, clientX: box.left + 6, clientY: box.top + box.height / 2};
		if (o.kind === "paste") to.dispatchEvent(new ClipboardEvent("paste", at));
		else for (const kind of ["dragenter", "dragover", "drop"]) to.dispatchEvent(new DragEvent(kind, at));
	})(`+string(in)+`); 0`, nil))
}

// written waits until the text is, or has been taken back to, this.
func (w *window) written(want, why string) {
	w.t.Helper()
	ok := assert.Eventually(w.t, func() bool { return w.source() == want }, time.Minute, 50*time.Millisecond)
	require.True(w.t, ok, "%s: %q is not %q", why, w.source(), want)
}

// Files and what office programs put on the clipboard come into a page that has
// a table and a fact; words are replaced in all of it; each is taken back by one
// undo, and it can be printed.
func TestAPageTakesWhatComesFromElsewhere(t *testing.T) {
	const text = "# Depot plan\n\nThe depot opens.\n\n| Depot | Note |\n| --- | --- |\n| North depot | x |\n\n> [!risk] The depot slips @dana ^k-7fjexf\n> Another depot.\n\nLast.\n"
	s, dana, _, api := startNotes(t, text)
	w := openWindow(t, s, dana, "/p/northwind-rail/"+notes)
	w.draw()
	w.untilStatus("Saved")
	undone := func(why string) {
		t.Helper()
		w.do(chromedp.Focus(".live .cm-content", chromedp.ByQuery), press("z"))
		w.written(text, why)
	}

	// A picture below the paragraph that it is dropped on, and drawn.
	w.hand("drop", ".live .cm-line:nth-of-type(3)", []string{"hall 2.png"}, "", "")
	with := strings.Replace(text, "The depot opens.\n", "The depot opens.\n\n![hall-2](files/hall-2.png)\n", 1)
	w.written(with, "a picture is dropped")
	w.until(`document.querySelector(".lp-picture img")?.naturalWidth === 1`, "and drawn")
	undone("a picture is taken back")
	// Another file into a cell, one beside the text where the caret is.
	w.hand("drop", ".lp-grid td:nth-child(2) .lp-cell", []string{"seats.csv"}, "", "")
	w.written(strings.Replace(text, "| x |", "| x [seats.csv](files/seats.csv) |", 1), "a file is dropped into a cell")
	undone("a file is taken back")
	w.goTo(kb.End)
	w.hand("drop", ".live-toolbar", []string{"rates.csv"}, "", "")
	w.written(text+"[rates.csv](files/rates.csv)", "a file is dropped beside the text")
	undone("that too")
	// One that is too large says so, and leaves nothing behind.
	w.do(chromedp.Evaluate(`Object.defineProperty(File.prototype, "size", {configurable: true, get: () => 1e12}); 0`, nil))
	w.hand("paste", ".live .cm-content", []string{"image.png"}, "", "")
	w.until(`document.querySelector(".upload-place [role=alert]")?.textContent.includes("is larger than")`, "it is told")
	w.do(chromedp.Evaluate(`delete File.prototype.size; [...document.querySelectorAll(".upload-place button")].at(-1).click()`, nil))
	w.until(`!document.querySelector(".upload-place")`, "it goes")
	w.written(text, "nothing is left")
	res, err := api.do("GET", "/api/v1/prospects/northwind-rail/files/internal/closing/rates.csv", "", nil)
	require.NoError(t, err)
	assert.Equal(t, http.StatusOK, res.status)
	assert.Equal(t, "Depot,Seats\n", string(res.body))

	// What programs put on the clipboard, typed around at once.
	clipboard := filepath.Join("..", "..", "web", "ui", "src", "live", "testdata", "clipboard")
	for _, program := range []string{"word", "excel", "google-docs", "outlook"} {
		html, err := os.ReadFile(filepath.Join(clipboard, program+".html"))
		require.NoError(t, err)
		golden, err := os.ReadFile(filepath.Join(clipboard, program+".md"))
		require.NoError(t, err)
		w.goTo(kb.End)
		w.do(chromedp.KeyEvent("So: "))
		w.hand("paste", ".live .cm-content", nil, string(html), "x")
		first, _, _ := strings.Cut(string(golden), "\n")
		w.until(`document.querySelector(".live .cm-content").textContent.length > 150`, "it is pasted")
		assert.Contains(t, w.source(), strings.TrimSpace(first), program)
		assert.NotRegexp(t, `[^\\]<[a-z]+|mso-|style=`, w.source(), program)
		w.do(press("z"))
		w.written(text+"So: ", "the paste alone is taken back")
		undone("and what was typed")
	}

	// One is replaced and taken back, then all of them; a bar stays in its cell.
	w.goTo(kb.Home)
	w.do(press("f"), chromedp.WaitVisible(".find-panel", chromedp.ByQuery), chromedp.KeyEvent("depot"))
	w.until(`document.querySelector(".find-count").textContent === "6 found"`, "they are counted")
	w.until(`CSS.highlights.get("live-found").size === 2`, "and marked in cells")
	w.do(chromedp.Focus(`[aria-label="Replace with"]`, chromedp.ByQuery), chromedp.KeyEvent("a|b\r"))
	w.written(strings.Replace(text, "Depot plan", "a|b plan", 1), "one is replaced")
	w.do(press("z"))
	w.written(text, "and taken back where one is")
	w.do(chromedp.Evaluate(`[...document.querySelectorAll(".find-panel button")].find((b) => b.textContent === "Replace all").click()`, nil))
	all := strings.ReplaceAll(strings.ReplaceAll(text, "Depot", "depot"), "depot", "a|b")
	all = strings.NewReplacer("| a|b | Note |", `| a\|b | Note |`, "| North a|b |", `| North a\|b |`).Replace(all)
	w.written(all, "all are replaced, and the table is one")
	w.until(`document.querySelector(".find-count").textContent === "6 replaced"`, "it is told how many")
	w.do(chromedp.Focus(`[aria-label="Replace with"]`, chromedp.ByQuery), press("z"))
	w.written(text, "all are taken back at once")
	w.do(chromedp.KeyEvent(kb.Escape))

	// On paper there are no tools, and nothing is cut off.
	var cut []string
	w.do(emulation.SetEmulatedMedia().WithMedia("print"), chromedp.EmulateViewport(680, 960), chromedp.Evaluate(`[
		...[".live-toolbar", ".editor-status", ".cm-panels", ".lp-table-tools", ".topbar", ".dealbar"].filter((s) => [...document.querySelectorAll(s)].some((e) => e.getClientRects().length > 0)),
		...[...document.querySelectorAll(".live .cm-line, .live .lp-cell")].filter((e) => { const box = e.getBoundingClientRect(); return box.right > 680 || box.bottom > document.documentElement.scrollHeight }).map((e) => e.textContent),
		...[...document.querySelectorAll(".live, .live-pane, .cm-scroller, .lp-table-scroll")].filter((e) => getComputedStyle(e).overflowY !== "visible").map((e) => e.className),
	]`, &cut))
	assert.Empty(t, cut)
}
