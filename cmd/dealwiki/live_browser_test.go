package main

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/inspector"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dealwiki/internal/chrome"
	"dealwiki/wiki"
	"dealwiki/wiki/people"
	"dealwiki/wiki/repo"
)

// window is a person's browser with the live editor of a page open.
type window struct {
	t    *testing.T
	own  context.Context // the person's browser: cookies and kept copies
	tab  context.Context
	page string // address
}

// openWindow signs a person in, in a browser of their own.
func openWindow(t *testing.T, s *server, p people.Person, page string) *window {
	t.Helper()
	link, err := s.people.NewLoginLink(t.Context(), cli, p.ID, time.Hour)
	require.NoError(t, err)
	own := browse(t)
	w := &window{t: t, own: own, page: s.url + page + "?edit"}
	require.NoError(t, chromedp.Run(own, chromedp.Navigate(s.url+"/login/"+link), chromedp.Click("form button", chromedp.ByQuery),
		chromedp.WaitVisible(`a[href="/p/northwind-rail"]`, chromedp.ByQuery)), "signing in")
	// The source is what can be compared; drawing has tests of its own.
	require.NoError(t, chromedp.Run(own, chromedp.Evaluate(`localStorage.setItem("dealwiki:source", "on")`, nil)))
	w.open()
	return w
}

// open opens the page in a new tab.
func (w *window) open() {
	w.t.Helper()
	tab, cancel := chromedp.NewContext(w.own)
	w.t.Cleanup(cancel)
	w.tab = tab
	chromedp.ListenTarget(tab, func(event any) {
		switch e := event.(type) {
		case *page.EventJavascriptDialogOpening:
			go chromedp.Run(tab, page.HandleJavaScriptDialog(true))
		case *runtime.EventExceptionThrown:
			w.t.Error("the page's script failed: ", e.ExceptionDetails.Error())
		}
	})
	w.do(chromedp.Navigate(w.page), chromedp.WaitVisible(`.live .cm-content[contenteditable="true"]`, chromedp.ByQuery))
}

// crash ends the tab at once: one that closes in order is online for a moment.
func (w *window) crash() {
	w.t.Helper()
	gone := make(chan struct{})
	chromedp.ListenTarget(w.tab, func(event any) {
		if _, ok := event.(*inspector.EventTargetCrashed); ok {
			close(gone)
		}
	})
	ctx, cancel := context.WithCancel(w.tab)
	defer cancel()
	go func() { _ = chromedp.Run(ctx, page.Crash()) }() // never answers
	select {
	case <-gone:
	case <-time.After(patience):
		w.t.Fatal("the tab does not crash")
	}
}

func (w *window) do(actions ...chromedp.Action) {
	w.t.Helper()
	require.NoError(w.t, chromedp.Run(w.tab, actions...))
}

// ask evaluates what answers a text.
func (w *window) ask(js string) string {
	w.t.Helper()
	var s string
	w.do(chromedp.Evaluate(js, &s))
	return s
}

// text is the whole of a short page.
func (w *window) text() string {
	return w.ask(`[...document.querySelectorAll(".live .cm-line")].map(l => l.textContent).join("\n")`)
}

// status is what the page says of itself.
func (w *window) status() string {
	return w.ask(`document.querySelector(".editor-status [data-live-text]")?.textContent ?? ""`)
}

// until waits until js is true.
func (w *window) until(js, why string) {
	w.t.Helper()
	var last string
	ok := assert.Eventually(w.t, func() bool {
		var yes bool
		err := chromedp.Run(w.tab, chromedp.Evaluate(js, &yes))
		last = w.status()
		return err == nil && yes
	}, time.Minute, 50*time.Millisecond)
	require.True(w.t, ok, "%s; the page says %q", why, last)
}

func (w *window) untilStatus(part string) {
	w.t.Helper()
	w.until(`document.querySelector(".editor-status [data-live-text]").textContent.includes(`+"`"+part+"`"+`)`, "the status is "+part)
}

// offline pulls the plug, or puts it back in.
func (w *window) offline(on bool) {
	w.t.Helper()
	w.do(network.Enable(), network.EmulateNetworkConditions(on, 0, -1, -1))
}

func (w *window) goTo(key string) {
	w.do(chromedp.Focus(".live .cm-content", chromedp.ByQuery), press(key))
}

// press is a key with Ctrl.
func press(key string) chromedp.Action {
	return chromedp.KeyEvent(key, chromedp.KeyModifiers(2))
}

// equal waits until the windows show the same text, with all of the parts in
// it, and everything is safe.
func equal(t *testing.T, windows []*window, parts ...string) string {
	t.Helper()
	var texts []string
	ok := assert.Eventually(t, func() bool {
		texts = texts[:0]
		for _, w := range windows {
			texts = append(texts, w.text())
			if texts[0] != w.text() || !strings.HasPrefix(w.status(), "Saved") {
				return false
			}
		}
		for _, part := range parts {
			if !strings.Contains(texts[0], part) {
				return false
			}
		}
		return true
	}, time.Minute, 50*time.Millisecond)
	require.True(t, ok, "the windows end equal, with %q: %q", parts, texts)
	return texts[0]
}

// Two people type at once, see each other, go offline and come back, and end
// equal; what they wrote is in git under both their names.
func TestTwoWindowsWriteTogether(t *testing.T) {
	data := t.TempDir()
	s := startServer(t, data)
	dana, token := addPerson(t, s.people, "Dana Reyes", "dana@example.com", people.Admin)
	priya, _ := addPerson(t, s.people, "Priya Nair", "priya@example.com", people.Member)
	api := &client{url: s.url, token: token, http: http.DefaultClient}
	made := func(res *response, err error) {
		t.Helper()
		require.NoError(t, err)
		require.Equal(t, http.StatusCreated, res.status, "%s", res.body)
	}
	made(api.json("POST", "/api/v1/prospects", map[string]any{"name": "Northwind Rail"}))
	const place = "internal/closing/call-notes"
	made(api.json("PUT", "/api/v1/prospects/northwind-rail/pages/"+place, map[string]any{"text": "# Call notes\n\nThe middle stays.\n"}, "If-None-Match", "*"))

	a := openWindow(t, s, dana, "/p/northwind-rail/"+place)
	b := openWindow(t, s, priya, "/p/northwind-rail/"+place)
	both := []*window{a, b}
	equal(t, both, "The middle stays.")

	// Each sees who else is there.
	a.until(`!!document.querySelector('[data-live-people] button[aria-label*="Priya Nair"]')`, "Dana sees Priya's face")
	b.until(`!!document.querySelector('[data-live-people] button[aria-label*="Dana Reyes"]')`, "Priya sees Dana's face")

	// At once, Dana at the end and Priya at the beginning.
	a.goTo(kb.End)
	b.goTo(kb.Home)
	var wg sync.WaitGroup
	for w, text := range map[*window]string{a: "Dana types this while Priya types too. ", b: "Priya types this while Dana types too. "} {
		wg.Go(func() {
			for _, letter := range text {
				assert.NoError(t, chromedp.Run(w.tab, chromedp.KeyEvent(string(letter))))
			}
		})
	}
	wg.Wait()
	equal(t, both, "Dana types this while Priya types too. ", "Priya types this while Dana types too. ", "The middle stays.")
	a.until(`document.querySelector(".live-caret .live-flag")?.textContent === "Priya Nair"`, "Dana sees Priya's caret")
	b.until(`document.querySelector(".live-caret .live-flag")?.textContent === "Dana Reyes"`, "Priya sees Dana's caret")

	// One's own undo takes back one's own words only.
	a.do(press("z"))
	a.until(`!document.querySelector(".live .cm-content").textContent.includes("Priya types too. ")`, "Dana's words are gone")
	a.do(press("y"))
	equal(t, both, "Dana types this while Priya types too. ", "Priya types this while Dana types too. ")

	// Offline both write on; the words meet when the connection is back.
	b.offline(true)
	b.untilStatus("Offline")
	b.goTo(kb.Home)
	b.do(chromedp.KeyEvent("Written without a network. "))
	b.untilStatus("27 changes kept here")
	a.goTo(kb.End)
	a.do(chromedp.KeyEvent("Written meanwhile. "))
	a.untilStatus("Saved")
	assert.NotContains(t, b.text(), "Written meanwhile.")
	assert.NotContains(t, a.text(), "Written without a network.")
	b.offline(false)
	equal(t, both, "Written without a network. ", "Written meanwhile. ")

	// What is written offline outlives its tab.
	b.offline(true)
	b.untilStatus("Offline")
	b.goTo(kb.Home)
	b.do(chromedp.KeyEvent("Kept by the browser. "))
	b.untilStatus("21 changes kept here")
	b.crash()
	a.goTo(kb.End)
	a.do(chromedp.KeyEvent("And Dana goes on. "))
	a.untilStatus("Saved")
	assert.NotContains(t, a.text(), "Kept by the browser.")
	b.open()
	all := equal(t, both, "Kept by the browser. ", "And Dana goes on. ", "Written without a network. ")
	assert.Equal(t, 1, strings.Count(all, "The middle stays."), "nothing is doubled")

	// A version on request, by both.
	a.do(chromedp.Focus(".live .cm-content", chromedp.ByQuery), press("s"))
	a.untilStatus("Saved · version")
	a.do(chromedp.Click("[data-live-done]", chromedp.ByQuery), chromedp.WaitVisible("article .prose", chromedp.ByQuery))
	assert.Contains(t, a.ask(`document.querySelector("article .prose").textContent`), "And Dana goes on.")
	c := people.Caller{Person: dana, Scopes: people.AllScopes, Via: "session"}
	sp, err := s.wiki.Space(t.Context(), c, "northwind-rail")
	require.NoError(t, err)
	versions, err := sp.Internal().History(t.Context(), c, wiki.Place{Section: wiki.Internal, Stage: "closing", Page: "call-notes"}, 50, repo.Hash{})
	require.NoError(t, err)
	names := map[string]bool{}
	for _, v := range versions {
		names[v.Author.Name] = true
		for _, p := range v.CoAuthors {
			names[p.Name] = true
		}
	}
	assert.True(t, names["Dana Reyes"] && names["Priya Nair"], "%v", names)
	fsck(t, data)
}

// The live editor passes the accessibility rules, wide and narrow, drawn and as
// source.
func TestLiveEditorIsAccessible(t *testing.T) {
	s := startServer(t, t.TempDir())
	dana, token := addPerson(t, s.people, "Dana Reyes", "dana@example.com", people.Admin)
	priya, _ := addPerson(t, s.people, "Priya Nair", "priya@example.com", people.Member)
	api := &client{url: s.url, token: token, http: http.DefaultClient}
	res, err := api.json("POST", "/api/v1/prospects", map[string]any{"name": "Northwind Rail"})
	require.NoError(t, err)
	require.Equal(t, http.StatusCreated, res.status, "%s", res.body)
	for _, section := range []string{"internal", "external"} {
		t.Run(section, func(t *testing.T) {
			place := section + "/closing/close-plan"
			res, err := api.json("PUT", "/api/v1/prospects/northwind-rail/pages/"+place, map[string]any{"text": everything}, "If-None-Match", "*")
			require.NoError(t, err)
			require.Equal(t, http.StatusCreated, res.status, "%s", res.body)
			a := openWindow(t, s, dana, "/p/northwind-rail/"+place)
			b := openWindow(t, s, priya, "/p/northwind-rail/"+place)
			b.goTo(kb.Home)
			a.until(`!!document.querySelector(".live-caret")`, "Dana sees Priya's caret")
			a.do(emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{{Name: "prefers-reduced-motion", Value: "reduce"}}))
			for _, theme := range []string{"light", "dark"} {
				for _, size := range []struct{ width, height int64 }{{1440, 900}, {390, 844}} {
					for _, mode := range []string{"source", "preview"} {
						a.do(chromedp.EmulateViewport(size.width, size.height),
							chromedp.Evaluate(`document.documentElement.dataset.theme = "`+theme+`"; if (document.querySelector(".live").dataset.mode !== "`+mode+`") document.querySelector('[data-do="source"]').click()`, nil))
						a.until(`document.querySelector(".live").dataset.mode === "`+mode+`"`, "the text is shown as "+mode)
						var wide int64
						var broken string
						a.do(chromedp.Evaluate(`document.documentElement.scrollWidth - innerWidth`, &wide),
							chrome.Axe(t, &broken))
						assert.Empty(t, broken, "%s %s at %d", theme, mode, size.width)
						assert.LessOrEqual(t, wide, int64(0), "%s %s is wider than the window at %d", theme, mode, size.width)
					}
				}
			}
		})
	}
}

// everything is a page with all that the editor draws.
const everything = `# Close plan

Northwind signs on **27 November** if *three* things land. See [[account/readme]] and [their site](https://example.com), ask @dana.

> [!decision] Three-year term at EUR 840,000 @dana
> Uplift capped at 4 % a year.

## What is left

- [x] Redlines back from legal @dana due:2026-11-06
- [ ] Data processing agreement countersigned
- plain
  - nested

1. first
2. second

| Depot | Fleet | Go-live |
| --- | ---: | :---: |
| Lillestrand | 64 | 1 Mar 2027 |
| Varden | 58 | |

> A quotation.

` + "```sql\nselect 1\n```" + `

---

~~gone~~ and ` + "`code`" + `
`

// Whoever has a page open is led along when it moves, and keeps what is on the
// screen when it goes.
func TestOpenPageMovesAndGoes(t *testing.T) {
	s := startServer(t, t.TempDir())
	dana, token := addPerson(t, s.people, "Dana Reyes", "dana@example.com", people.Admin)
	api := &client{url: s.url, token: token, http: http.DefaultClient}
	res, err := api.json("POST", "/api/v1/prospects", map[string]any{"name": "Northwind Rail"})
	require.NoError(t, err)
	require.Equal(t, http.StatusCreated, res.status, "%s", res.body)
	const pages = "/api/v1/prospects/northwind-rail/pages/"
	res, err = api.json("PUT", pages+"internal/closing/call-notes", map[string]any{"text": "# Call notes\r\n\r\nFrom Windows.\r\n"}, "If-None-Match", "*")
	require.NoError(t, err)
	require.Equal(t, http.StatusCreated, res.status, "%s", res.body)

	w := openWindow(t, s, dana, "/p/northwind-rail/internal/closing/call-notes")
	w.goTo(kb.End)
	w.do(chromedp.KeyEvent("Written before."))
	w.untilStatus("Saved")

	// Moved: the window goes along with all that was written.
	res, err = api.json("POST", pages+"internal/closing/call-notes/move", map[string]any{"to": "internal/closing/minutes"})
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, res.status, "%s", res.body)
	w.until(`location.pathname === "/p/northwind-rail/internal/closing/minutes" && !!document.querySelector('.live .cm-content[contenteditable="true"]')`, "the window is at the new address")
	w.untilStatus("Saved")
	assert.Contains(t, w.text(), "Written before.")
	w.goTo(kb.End)
	w.do(chromedp.KeyEvent(" Written after."))
	w.untilStatus("Saved")

	// Without scripts the way to the form is in sight.
	plain, cancel := chromedp.NewContext(w.own)
	t.Cleanup(cancel)
	var whole bool
	require.NoError(t, chromedp.Run(plain, emulation.SetScriptExecutionDisabled(true), chromedp.Navigate(s.url+"/p/northwind-rail/internal/closing/minutes?edit"),
		chromedp.WaitVisible(`noscript a[href*="form"]`, chromedp.ByQuery),
		chromedp.Evaluate(`(() => { const box = document.querySelector("noscript .editor-messages"); return box.clientHeight > 30 && box.clientHeight >= box.scrollHeight })()`, &whole)))
	assert.True(t, whole, "the note is not cut off")

	// Gone: nothing can be typed, the text can be kept.
	res, err = api.json("DELETE", pages+"internal/closing/minutes", nil)
	require.NoError(t, err)
	require.Less(t, res.status, 300, "%s", res.body)
	w.until(`document.querySelector("[data-live-banners]").textContent.includes("not there any more")`, "the window says that the page is gone")
	w.until(`!document.querySelector('.live .cm-content[contenteditable="true"]')`, "the text is closed")
	assert.Contains(t, w.text(), "Written before. Written after.")
	assert.Contains(t, w.ask(`document.querySelector("[data-live-banners]").textContent`), "Copy the text")
	left := -1
	w.do(chromedp.Evaluate(`indexedDB.databases().then(all => all.filter(d => d.name.includes("minutes")).length)`, &left,
		func(p *runtime.EvaluateParams) *runtime.EvaluateParams { return p.WithAwaitPromise(true) }))
	assert.Zero(t, left, "no copy is left behind")
}
