package web

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dealwiki/internal/chrome"
	"dealwiki/wiki/people"
)

// chromium starts a browser that is signed in.
func chromium(t *testing.T, s *site, p people.Person) context.Context {
	t.Helper()
	return inChromium(t, s.signedIn(p))
}

// inChromium starts a browser with the cookies of another.
func inChromium(t *testing.T, b *browser) context.Context {
	t.Helper()
	ctx, cookies, s := chrome.Open(t).Ctx, b.jar, b.site
	require.NoError(t, chromedp.Run(ctx, chromedp.ActionFunc(func(ctx context.Context) error {
		for _, c := range cookies {
			if err := network.SetCookie(c.Name, c.Value).WithURL(s.server.URL).WithHTTPOnly(true).Do(ctx); err != nil {
				return err
			}
		}
		return nil
	})))
	return ctx
}

// selectWords selects words in the page's text as a reader does.
const selectWords = `(words) => {
	const walker = document.createTreeWalker(document.querySelector("[data-prose]"), NodeFilter.SHOW_TEXT);
	for (let node = walker.nextNode(); node; node = walker.nextNode()) {
		const at = node.data.indexOf(words);
		if (at < 0) continue;
		const range = new Range();
		range.setStart(node, at);
		range.setEnd(node, at + words.length);
		getSelection().removeAllRanges();
		getSelection().addRange(range);
		return true;
	}
	return false;
}`

// Words are selected, commented on, answered and resolved without leaving the
// page; the words are marked, and an address leads to a thread.
func TestCommentsInABrowser(t *testing.T) {
	s := newSite(t)
	s.write("northwind", "external/closing/timeline", "# Timeline\n\n## What we prepare\n\n- [ ] **Tablet** Wi-Fi survey in hall 2\n- [ ] Tablet Wi-Fi survey in hall 3\n\nSee [[closing/terms|the terms]] for the rest.\n")
	ctx := chromium(t, s, s.dana)
	const at = "/p/northwind/external/closing/timeline"
	var marked []string
	var threads, active, quote, before string
	var selected, button bool
	const marks = `[...document.querySelectorAll("mark.commented")].map(m => m.textContent)`
	require.NoError(t, chromedp.Run(ctx,
		chromedp.Navigate(s.server.URL+at),
		chromedp.WaitReady("[data-comments]"),
		chromedp.Evaluate("("+selectWords+")('Wi-Fi survey in hall 3')", &selected),
		chromedp.WaitVisible(".comment-here"),
		chromedp.Click(".comment-here"),
		chromedp.WaitVisible("#comment-text"),
		chromedp.Evaluate(`document.querySelector("#comment-quote").value`, &quote),
		chromedp.Evaluate(`document.querySelector("[name=before]").value`, &before),
		chromedp.SendKeys("#comment-text", "Has it *moved*?"),
		chromedp.Click(`[data-comment-new] button[value=start]`),
		chromedp.WaitVisible(".comment-thread"),
		chromedp.Evaluate(marks, &marked),
		chromedp.Evaluate(`document.querySelector(".comment-thread").innerText`, &threads),
		chromedp.Evaluate(`document.activeElement.id`, &active),
		chromedp.Evaluate(`document.querySelector(".comment-here").hidden`, &button),
	))
	assert.True(t, selected)
	assert.Equal(t, "Wi-Fi survey in hall 3", quote)
	assert.True(t, strings.HasSuffix(before, "Tablet "), before)
	assert.Equal(t, []string{"Wi-Fi survey in hall 3"}, marked)
	assert.Contains(t, threads, "Has it moved?")
	assert.Contains(t, threads, "guests see this thread")
	assert.True(t, strings.HasPrefix(active, "c-"), active)
	assert.True(t, button)

	// What the text stresses is one with what it reads as.
	require.NoError(t, chromedp.Run(ctx,
		chromedp.Evaluate(`document.querySelector("[data-comment-new]").open = true`, nil),
		chromedp.SetValue("#comment-quote", "Tablet Wi-Fi survey in hall 2"),
		chromedp.SendKeys("#comment-text", "And this one?"),
		chromedp.Click(`[data-comment-new] button[value=start]`),
		chromedp.WaitReady(`.comment-thread:nth-of-type(2)`),
		chromedp.Evaluate(marks, &marked),
	))
	assert.Equal(t, []string{"Tablet", " Wi-Fi survey in hall 2", "Wi-Fi survey in hall 3"}, marked)

	var broken string
	require.NoError(t, chromedp.Run(ctx,
		chromedp.SendKeys(`.comment-thread > .comment-reply textarea`, "Yes, "+"by two metres", chromedp.ByQuery),
		chrome.Axe(t, &broken),
		chromedp.Click(`.comment-thread button[value=reply]`, chromedp.ByQuery),
		chromedp.Poll(`document.querySelectorAll(".comment").length === 3`, nil),
		chromedp.Click(`.comment-thread button[value=resolve]`, chromedp.ByQuery),
		chromedp.Poll(`document.querySelectorAll("mark.commented").length === 1`, nil),
		chromedp.Evaluate(`document.querySelector("[data-comments-resolved] summary").textContent`, &threads),
	))
	assert.Empty(t, broken)
	assert.Contains(t, threads, "Resolved 1")

	// The address of a thread opens it, also when it is resolved; an error leaves
	// what was typed.
	require.NoError(t, chromedp.Run(ctx,
		chromedp.Evaluate(`document.querySelector("[data-comments-resolved] .comment-thread").id`, &active),
		chromedp.Navigate(s.server.URL+at+"?"),
		chromedp.ActionFunc(func(ctx context.Context) error { return chromedp.Navigate(s.server.URL + at + "#" + active).Do(ctx) }),
		chromedp.WaitVisible(`[data-comments-resolved] .comment-thread.is-active`),
		chromedp.Click(`[data-comments-resolved] button[value=reopen]`),
		chromedp.Poll(`document.querySelectorAll("mark.commented").length === 3`, nil),
		chromedp.Evaluate(`document.querySelector("[data-comment-new]").open = true`, nil),
		chromedp.SetValue("#comment-quote", "nowhere on this page"),
		chromedp.SendKeys("#comment-text", "Lost?"),
		chromedp.Click(`[data-comment-new] button[value=start]`),
		chromedp.WaitVisible(`[data-comment-new] [role=alert]`),
		chromedp.Evaluate(`document.querySelector("#comment-text").value`, &quote),
	))
	assert.Equal(t, "Lost?", quote)

	// Whoever opens the form writes at once, and no letter is taken for a key of
	// the page, such as E.
	require.NoError(t, chromedp.Run(ctx,
		chromedp.Navigate(s.server.URL+at),
		chromedp.Click("[data-comment-new] > summary"),
		chromedp.Poll(`document.activeElement.id === "comment-text"`, nil),
		chromedp.KeyEvent("Else?"),
		chromedp.Evaluate(`document.querySelector("#comment-text").value`, &quote),
	))
	assert.Equal(t, "Else?", quote)
}

// After “@” in a comment the people of that side are offered, by keys alone; the
// customer is offered those who take part.
func TestMentionsAreOfferedInComments(t *testing.T) {
	s := newSite(t)
	s.write("northwind", "external/closing/timeline", "# Timeline\n\nIn spring.\n")
	ingrid, _ := s.guest("ingrid@northwind.example", people.GuestEditor, time.Time{})
	for _, tc := range []struct {
		who       *browser
		at, typed string
		want      string
	}{
		{s.signedIn(s.dana), "/p/northwind/external/closing/timeline", "Ask @mar", "Ask @mara "},
		{ingrid, "/shared/northwind/timeline", "Ask @dan", "Ask @dana "},
	} {
		ctx, stop := context.WithTimeout(inChromium(t, tc.who), 40*time.Second)
		defer stop()
		var role, got, left string
		require.NoError(t, chromedp.Run(ctx,
			chromedp.Navigate(s.server.URL+tc.at),
			chromedp.WaitReady("[data-comments]"),
			chromedp.Evaluate(`document.querySelector("[data-comment-new]").open = true`, nil),
			chromedp.SendKeys("#comment-text", tc.typed),
			chromedp.WaitVisible(".mention-list [role=option]"),
			chromedp.Evaluate(`document.getElementById(document.querySelector("#comment-text").getAttribute("aria-activedescendant")).getAttribute("aria-selected")`, &role),
			chromedp.SendKeys("#comment-text", kb.Tab),
			chromedp.Evaluate(`document.querySelector("#comment-text").value`, &got),
			chromedp.Evaluate(`String(document.querySelectorAll(".mention-list").length)`, &left),
		), tc.typed)
		assert.Equal(t, "true", role)
		assert.Equal(t, tc.want, got)
		assert.Equal(t, "0", left)
	}
}
