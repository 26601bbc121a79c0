package main

import (
	"encoding/json"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dealwiki/wiki"
	"dealwiki/wiki/people"
	"dealwiki/wiki/repo"
)

// joinWindow comes in by an invitation, in a browser of the guest's own, and
// opens a shared page.
func joinWindow(t *testing.T, s *server, join, page string) *window {
	t.Helper()
	own := browse(t)
	w := &window{t: t, own: own, page: s.url + page + "?edit"}
	require.NoError(t, chromedp.Run(own, chromedp.Navigate(join), chromedp.Click("main form button", chromedp.ByQuery),
		chromedp.WaitVisible(`a[href="`+page+`"]`, chromedp.ByQuery), chromedp.Evaluate(`localStorage.setItem("dealwiki:source", "on")`, nil)), "coming in")
	w.open()
	return w
}

// Somebody of the customer's is invited, comes in, writes together with staff,
// and is sent away in the middle of a sentence: out at once, told so, with the
// text still before them. Staff lose nothing, and git knows who wrote.
func TestGuestWritesAlongUntilSentAway(t *testing.T) {
	data := t.TempDir()
	s := startServer(t, data)
	dana, token := addPerson(t, s.people, "Dana Reyes", "dana@example.com", people.Admin)
	api := &client{url: s.url, token: token, http: http.DefaultClient}
	call := func(status int, method, path string, body any, header ...string) []byte {
		t.Helper()
		res, err := api.json(method, path, body, header...)
		require.NoError(t, err)
		require.Equal(t, status, res.status, "%s", res.body)
		return res.body
	}
	call(http.StatusCreated, "POST", "/api/v1/prospects", map[string]any{"name": "Northwind Rail"})
	const prospect = "/api/v1/prospects/northwind-rail"
	const place = "external/closing/close-plan"
	call(http.StatusCreated, "PUT", prospect+"/pages/"+place, map[string]any{"text": "# Close plan\n\nThe middle stays.\n"}, "If-None-Match", "*")
	var invited struct{ ID, Join string }
	require.NoError(t, json.Unmarshal(call(http.StatusCreated, "POST", prospect+"/guests",
		map[string]any{"name": "Ingrid Solberg", "email": "ingrid@northwind.example", "role": "editor"}), &invited))

	a := openWindow(t, s, dana, "/p/northwind-rail/"+place)
	b := joinWindow(t, s, invited.Join, "/shared/northwind-rail/close-plan")
	both := []*window{a, b}
	equal(t, both, "The middle stays.")
	assert.NotContains(t, b.ask(`document.documentElement.outerHTML`), "internal/", "nothing tells the guest of the other side")

	// Both type at once, and see each other.
	a.goTo(kb.End)
	b.goTo(kb.Home)
	var wg sync.WaitGroup
	for w, text := range map[*window]string{a: "From Dana, while the guest types. ", b: "From Ingrid, while Dana types. "} {
		wg.Go(func() {
			for _, letter := range text {
				assert.NoError(t, chromedp.Run(w.tab, chromedp.KeyEvent(string(letter))))
			}
		})
	}
	wg.Wait()
	equal(t, both, "From Dana, while the guest types. ", "From Ingrid, while Dana types. ", "The middle stays.")
	a.until(`document.querySelector(".live-caret.is-guest .live-flag")?.textContent === "Ingrid Solberg"`, "Dana sees the guest's caret")
	b.until(`document.querySelector(".live-caret .live-flag")?.textContent === "Dana Reyes"`, "the guest sees Dana's caret")

	// In the middle of a sentence the guest is sent away.
	b.goTo(kb.Home)
	stop := make(chan struct{})
	wg.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
				if chromedp.Run(b.tab, chromedp.KeyEvent("x")) != nil {
					return
				}
			}
		}
	})
	a.until(`document.querySelector(".live .cm-content").textContent.includes("xxx")`, "Dana reads along")
	b.ask(`new MutationObserver((_, o) => {
		if (document.querySelector('.live .cm-content[contenteditable="true"]')) return;
		window.closedAt = Date.now();
		o.disconnect();
	}).observe(document.querySelector(".live"), {subtree: true, attributes: true}), ""`)
	call(http.StatusNoContent, "DELETE", prospect+"/guests/"+invited.ID, nil)
	sent := time.Now()
	b.until(`!document.querySelector('.live .cm-content[contenteditable="true"]')`, "the guest's text is closed")
	close(stop)
	wg.Wait()
	var at float64
	b.do(chromedp.Evaluate(`window.closedAt`, &at))
	t.Logf("closed %s after being sent away", time.UnixMilli(int64(at)).Sub(sent).Round(time.Millisecond))
	b.until(`document.querySelector("[data-live-banners]").textContent.includes("may no longer open it")`, "the guest is told")
	assert.Contains(t, b.ask(`document.querySelector("[data-live-banners]").textContent`), "Copy the text")
	written := func(text string) string { return text[:strings.Index(text, "From Ingrid")] }
	local := written(b.text())
	assert.Contains(t, local, "xxx", "the guest's words stay on the screen")
	assert.Contains(t, b.text(), "From Dana, while the guest types. ")

	// Staff write on; nothing that they have seen is gone.
	a.until(`!document.querySelector(".live-caret")`, "the guest's caret is gone")
	a.goTo(kb.End)
	a.do(chromedp.KeyEvent("Dana goes on. "))
	all := equal(t, []*window{a}, "From Ingrid, while Dana types. ", "From Dana, while the guest types. ", "Dana goes on. ", "xxx")
	assert.LessOrEqual(t, len(written(all)), len(local), "what staff have is what the guest wrote")
	assert.NotContains(t, b.text(), "Dana goes on.")

	// The guest does not come back, and is told no more than anybody is.
	b.do(chromedp.Navigate(b.page), chromedp.WaitVisible("main h1", chromedp.ByQuery))
	assert.NotContains(t, b.ask(`document.body.textContent`), "From Dana")

	a.do(chromedp.Focus(".live .cm-content", chromedp.ByQuery), press("s"))
	a.untilStatus("Saved · version")
	c := people.Caller{Person: dana, Scopes: people.AllScopes, Via: "session"}
	side, err := s.wiki.Shared(t.Context(), c, "northwind-rail")
	require.NoError(t, err)
	versions, err := side.History(t.Context(), c, wiki.Place{Section: wiki.External, Stage: "closing", Page: "close-plan"}, 50, repo.Hash{})
	require.NoError(t, err)
	names := map[string]bool{}
	for _, v := range versions {
		names[v.Author.Name] = true
		for _, p := range v.CoAuthors {
			names[p.Name] = true
		}
	}
	assert.True(t, names["Dana Reyes"] && names["Ingrid Solberg"], "%v", names)
	fsck(t, data)
}
