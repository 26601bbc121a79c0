package main

import (
	"net/http"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Who may only read sees the words and carets of the others; what they type is
// answered and goes nowhere, and they hear when they may write, and when not any
// more. On a phone the caret stays above the keyboard.
func TestAReaderReadsAlong(t *testing.T) {
	s, dana, priya, api := startNotes(t, "# Call notes\n\nThe middle stays.\n\n| Topic |\n| --- |\n| Price |\n")
	level := func(level string) {
		t.Helper()
		res, err := api.json("PUT", "/api/v1/prospects/northwind-rail/access/priya", map[string]any{"level": level})
		require.NoError(t, err)
		require.Equal(t, http.StatusOK, res.status, "%s", res.body)
	}
	banner := func(w *window, part string) {
		t.Helper()
		w.until(`document.querySelector("[data-live-banners]").textContent.includes("`+part+`")`, part)
	}
	const page = "/p/northwind-rail/" + notes
	a, b := openWindow(t, s, dana, page), openWindow(t, s, priya, page)

	// Demoted while writing.
	b.draw()
	b.goTo(kb.End)
	b.do(chromedp.KeyEvent("Priya was here."))
	b.untilStatus("Saved")
	level("viewer")
	banner(b, "not change it any more")
	b.until(`!document.querySelector('.live [contenteditable="true"], .live [contenteditable="plaintext-only"]')`, "text and cells are closed")
	b.untilStatus("Reading along")

	// Opened as a reader.
	b.do(chromedp.Navigate(b.page), chromedp.WaitVisible(".live .cm-content", chromedp.ByQuery))
	b.untilStatus("Reading along")
	banner(b, "You are reading along.")
	assert.Equal(t, "true", b.ask(`String(document.querySelector(".live-toolbar").hidden && !document.querySelector(".live-banners .banner-warn, .live-banners .banner-danger"))`), "and it is calm")
	a.do(chromedp.EmulateViewport(390, 844))
	a.goTo(kb.End)
	a.do(chromedp.KeyEvent("\r\r\r\r\r\r\r\r\r\r\r\r\r\r\r\rDana goes on."))
	b.until(`document.querySelector(".live .cm-content").textContent.includes("Dana goes on.")`, "the words come live")
	b.until(`!!document.querySelector(".live-caret")`, "and the caret")
	before := a.source()
	for _, key := range "hello [e" { // H, L and E are keys of every page
		b.do(chromedp.KeyEvent(string(key)))
	}
	b.until(`document.querySelector(".toast-region").textContent.includes("not change it")`, "it is answered")
	b.do(press("s"))
	assert.Equal(t, page, b.ask(`location.pathname`))
	assert.Equal(t, before, b.source())

	// A keyboard takes the lower half of Dana's phone.
	a.do(chromedp.EmulateViewport(390, 430))
	a.until(`(() => {
		const caret = document.querySelector(".cm-cursor-primary").getBoundingClientRect();
		const tools = document.querySelector(".live-toolbar").getBoundingClientRect();
		return caret.height > 0 && caret.bottom <= tools.top && tools.bottom <= innerHeight && document.documentElement.scrollWidth <= 390
			&& !document.querySelector(".dealbar")?.offsetParent;
	})()`, "caret and tools stay in sight")

	level("editor")
	banner(b, "You may write here now.")
	b.do(chromedp.Click("[data-live-banners] button", chromedp.ByQuery))
	b.until(`!!document.querySelector('.live .cm-content[contenteditable="true"]')`, "and one can")
}
