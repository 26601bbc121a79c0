package main

import (
	"context"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dealwiki/wiki/people"
)

// copies is what the browser keeps of pages: names of lists and databases.
func (w *window) copies() string {
	w.t.Helper()
	var s string
	w.do(chromedp.Evaluate(`indexedDB.databases().then(all => [...all.map(d => d.name), ...Object.keys(localStorage)].filter(n => n.startsWith("dealwiki:live:")).join(" "))`, &s,
		func(p *runtime.EvaluateParams) *runtime.EvaluateParams { return p.WithAwaitPromise(true) }))
	return s
}

// Signing out ends every window of the browser, asks before it throws away what
// never reached the server, and leaves no copy of a page behind.
func TestSigningOutWhileWriting(t *testing.T) {
	s := startServer(t, t.TempDir())
	dana, token := addPerson(t, s.people, "Dana Reyes", "dana@example.com", people.Admin)
	api := &client{url: s.url, token: token, http: http.DefaultClient}
	res, err := api.json("POST", "/api/v1/prospects", map[string]any{"name": "Northwind Rail"})
	require.NoError(t, err)
	require.Equal(t, http.StatusCreated, res.status, "%s", res.body)
	const at = "/api/v1/prospects/northwind-rail/pages/internal/closing/call-notes"
	res, err = api.json("PUT", at, map[string]any{"text": "# Call notes\n"}, "If-None-Match", "*")
	require.NoError(t, err)
	require.Equal(t, http.StatusCreated, res.status, "%s", res.body)

	a := openWindow(t, s, dana, "/p/northwind-rail/internal/closing/call-notes")
	b := &window{t: t, own: a.own, page: a.page}
	b.open()
	b.untilStatus("Saved")
	b.offline(true)
	b.untilStatus("Offline")
	b.goTo(kb.End)
	b.do(chromedp.KeyEvent("Offline words."))
	b.untilStatus("14 changes kept here")
	b.do(chromedp.Evaluate(`window.dispatchEvent(new Event("pagehide"))`, nil))

	// The other window has nothing unsent, and does not speak for this one.
	a.do(chromedp.Evaluate(`window.dispatchEvent(new Event("pagehide")); document.querySelector('form[action="/sign-out"]').requestSubmit()`, nil))
	a.until(`!!document.querySelector("dialog[open]")`, "the window asks")
	assert.Contains(t, a.ask(`document.querySelector("dialog[open]").innerText`), "changes of a page that did not reach the server")
	a.do(chromedp.KeyEvent(kb.Escape))
	b.offline(false)
	b.untilStatus("Saved")
	a.until(`document.querySelector(".live .cm-content").textContent.includes("Offline words.")`, "the words come to the other window")

	// Typed to the last moment.
	a.goTo(kb.End)
	a.do(chromedp.KeyEvent("To the last moment. "),
		chromedp.Evaluate(`document.querySelector('form[action="/sign-out"]').requestSubmit()`, nil),
		chromedp.WaitVisible(`form[action^="/sign-in"], form[action^="/login"], input[name=email]`, chromedp.ByQuery))
	b.until(`document.querySelector("[data-live-banners]").textContent.includes("You are signed out.")`, "the other window says so")
	b.until(`!document.querySelector('.live .cm-content[contenteditable="true"]')`, "and is closed")
	assert.Contains(t, b.ask(`document.querySelector("[data-live-banners]").textContent`), "was saved before")
	assert.Eventually(t, func() bool { return a.copies() == "" }, time.Minute, 50*time.Millisecond, "no copy stays")
	b.do(chromedp.Evaluate(`window.dispatchEvent(new Event("pagehide"))`, nil))
	assert.Empty(t, b.copies(), "nor comes back with a window that goes")
	res, err = api.json("GET", at, nil)
	require.NoError(t, err)
	assert.Contains(t, string(res.body), "To the last moment.")
	assert.Contains(t, string(res.body), "Offline words.")
}

// A document that had to be made anew does not take copies of the old one: who
// wrote nothing meanwhile goes on, who did is handed the text.
func TestDocumentIsMadeAnew(t *testing.T) {
	data := t.TempDir()
	run := func(addr string) *server {
		s, err := start(context.Background(), options{data: data, addr: addr, log: slog.New(slog.DiscardHandler), cost: cheap})
		require.NoError(t, err)
		return s
	}
	s := run("127.0.0.1:0")
	defer func() { require.NoError(t, s.close(context.Background())) }()
	dana, token := addPerson(t, s.people, "Dana Reyes", "dana@example.com", people.Admin)
	priya, _ := addPerson(t, s.people, "Priya Nair", "priya@example.com", people.Member)
	api := &client{url: s.url, token: token, http: http.DefaultClient}
	res, err := api.json("POST", "/api/v1/prospects", map[string]any{"name": "Northwind Rail"})
	require.NoError(t, err)
	require.Equal(t, http.StatusCreated, res.status, "%s", res.body)
	res, err = api.json("PUT", "/api/v1/prospects/northwind-rail/pages/internal/closing/call-notes", map[string]any{"text": "# Call notes\n\nThe middle stays.\n"}, "If-None-Match", "*")
	require.NoError(t, err)
	require.Equal(t, http.StatusCreated, res.status, "%s", res.body)

	a := openWindow(t, s, dana, "/p/northwind-rail/internal/closing/call-notes")
	b := openWindow(t, s, priya, "/p/northwind-rail/internal/closing/call-notes")
	equal(t, []*window{a, b}, "The middle stays.")
	b.offline(true)
	b.untilStatus("Offline")
	b.goTo(kb.End)
	b.do(chromedp.KeyEvent("Only Priya has this."))
	b.untilStatus("20 changes kept here")

	addr := strings.TrimPrefix(s.url, "http://")
	require.NoError(t, s.close(context.Background()))
	for _, end := range []string{"", "-wal", "-shm"} {
		if err := os.Remove(filepath.Join(data, "journal.db"+end)); end == "" {
			require.NoError(t, err)
		}
	}
	s = run(addr)

	a.untilStatus("Saved")
	assert.Equal(t, 1, strings.Count(a.text(), "The middle stays."), "nothing is doubled")
	b.offline(false)
	b.until(`document.querySelector("[data-live-banners]").textContent.includes("restored from a backup")`, "Priya is told")
	assert.Contains(t, b.text(), "Only Priya has this.", "her text stays in sight")
	assert.Contains(t, b.ask(`document.querySelector("[data-live-banners]").textContent`), "Copy the text")
	assert.NotContains(t, a.text(), "Only Priya has this.")

	// Closed and opened again, the text is still handed over, once.
	b.do(chromedp.Navigate(b.page), chromedp.WaitVisible(`.live .cm-content[contenteditable="true"]`, chromedp.ByQuery))
	b.untilStatus("Saved")
	b.until(`document.querySelector("[data-live-banners]").textContent.includes("Throw it away")`, "the old text is offered")
	equal(t, []*window{a, b}, "The middle stays.")
	a.goTo(kb.End)
	a.do(chromedp.KeyEvent("And on."))
	assert.Equal(t, 1, strings.Count(equal(t, []*window{a, b}, "And on."), "The middle stays."))
}
