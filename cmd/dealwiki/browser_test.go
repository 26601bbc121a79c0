package main

import (
	"context"
	"io"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dealwiki/internal/chrome"
	"dealwiki/wiki"
	"dealwiki/wiki/people"
)

// browse opens a real browser, or skips where there is none.
func browse(t *testing.T) context.Context { return chrome.Open(t).Ctx }

// TestRealDealsInABrowser imports both real deals and then reads, edits,
// searches, compares and restores them as a person does.
func TestRealDealsInABrowser(t *testing.T) {
	ctx := browse(t)
	data := t.TempDir()
	deals := filepath.Join("..", "..", "wiki", "transfer", "testdata", "realdeals")
	std := stdio{strings.NewReader(""), io.Discard, io.Discard}
	for name, bundle := range map[string]string{"FedRAMP dashboard": "fedramp-dashboard.bundle", "OPM e-QIP": "opm-eqip.bundle"} {
		require.Equal(t, exitDone, run(t.Context(), []string{"import", "-data", data, "-prospect", name, filepath.Join(deals, bundle)}, std), name)
	}
	s := startServer(t, data)
	dana, _ := addPerson(t, s.people, "Dana Reyes", "dana@example.com", people.Member)
	link, err := s.people.NewLoginLink(t.Context(), cli, dana.ID, time.Hour)
	require.NoError(t, err)

	do := func(what string, actions ...chromedp.Action) {
		t.Helper()
		require.NoError(t, chromedp.Run(ctx, actions...), what)
	}
	text := func() string {
		t.Helper()
		var s string
		do("reading the page", chromedp.Text("main", &s, chromedp.ByQuery))
		return s
	}
	var blocked []string
	chromedp.ListenTarget(ctx, func(ev any) {
		if d, ok := ev.(*page.EventJavascriptDialogOpening); ok {
			blocked = append(blocked, d.Message)
			go chromedp.Run(ctx, page.HandleJavaScriptDialog(true))
		}
	})
	do("signing in", chromedp.Navigate(s.url+"/login/"+link), chromedp.Click("form button", chromedp.ByQuery), chromedp.WaitVisible(`a[href="/p/fedramp-dashboard"]`, chromedp.ByQuery))

	for slug, words := range map[string]string{"fedramp-dashboard": "FedRAMP", "opm-e-qip": "e-QIP"} {
		// Every page of the deal opens and says something.
		caller := people.Caller{Person: dana, Scopes: people.AllScopes, Via: "session"}
		sp, err := s.wiki.Space(t.Context(), caller, slug)
		require.NoError(t, err)
		pages, err := sp.Internal().Pages(t.Context(), caller)
		require.NoError(t, err)
		require.NotEmpty(t, pages)
		var about *wiki.PageInfo
		for i := range pages {
			p := &pages[i]
			at := s.url + "/p/" + slug + "/" + p.Place.String()
			do("opening "+at, chromedp.Navigate(at), chromedp.WaitVisible("article h1", chromedp.ByQuery))
			if p.Page == "readme" {
				about = p
			}
		}
		require.NotNil(t, about, "%s has its README", slug)
		at := s.url + "/p/" + slug + "/" + about.Place.String()

		// Edit by the form.
		do("opening the editor", chromedp.Navigate(at+"?edit=form"), chromedp.WaitVisible("#text", chromedp.ByQuery),
			chromedp.Evaluate(`{const t = document.querySelector("#text"); t.focus(); t.setSelectionRange(t.value.length, t.value.length)}`, nil),
			chromedp.KeyEvent("\n\nA sentence about zanzibar typed in a browser.\n"),
			chromedp.Click(`button[name="do"][value="save"]`, chromedp.ByQuery),
			chromedp.WaitVisible(`article .prose`, chromedp.ByQuery))
		assert.Contains(t, text(), "A sentence about zanzibar typed in a browser.")

		// Compare with what was before, then restore it.
		do("opening the history", chromedp.Navigate(at+"/history"), chromedp.WaitVisible(`input[name="from"]`, chromedp.ByQuery),
			chromedp.Click(`.history-bar button[type="submit"]`, chromedp.ByQuery), chromedp.WaitVisible("ins, .diff-block", chromedp.ByQuery))
		assert.Contains(t, text(), "zanzibar")

		// Search finds it within two seconds of being saved, and leads back.
		require.Eventually(t, func() bool {
			do("searching", chromedp.Navigate(s.url+"/search?q=zanzibar+prospect:"+slug), chromedp.WaitVisible("main", chromedp.ByQuery))
			var links int
			do("counting hits", chromedp.Evaluate(`document.querySelectorAll('main a[href^="/p/`+slug+`/"]').length`, &links))
			return links > 0
		}, time.Minute, 100*time.Millisecond, "%s is found", words)
		do("opening the hit", chromedp.Click(`main a[href^="/p/`+slug+`/"]`, chromedp.ByQuery), chromedp.WaitVisible("article h1", chromedp.ByQuery))

		do("restoring", chromedp.Navigate(at+"/history"), chromedp.WaitVisible(`button[form="restore"]`, chromedp.ByQuery),
			chromedp.Click(`button[form="restore"]`, chromedp.ByQuery))
		require.Eventually(t, func() bool {
			p, err := sp.Internal().Read(t.Context(), caller, about.Place)
			require.NoError(t, err)
			if !strings.Contains(string(p.Text), "zanzibar") {
				return true
			}
			// The restore asks in a dialog of the page.
			do("confirming", chromedp.Evaluate(`{const b = document.querySelector("dialog[open] button[value=ok], dialog[open] .btn-primary, dialog[open] .btn-danger"); if (b) b.click()}`, nil))
			return false
		}, time.Minute, 100*time.Millisecond, "the version before is back")
		// The browser follows to the page; until it is there, the next address
		// would cut it off.
		require.Eventually(t, func() bool {
			var there bool
			err := chromedp.Run(ctx, chromedp.Evaluate(`document.readyState === "complete" && !location.pathname.endsWith("/history")`, &there))
			return err == nil && there
		}, time.Minute, 50*time.Millisecond, "the browser is on the page that was restored")
	}
	fsck(t, data)
}
