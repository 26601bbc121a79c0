package main

import (
	"net/http"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dealwiki/wiki/people"
)

// Words that were typed a moment ago are commented on in the editor; the thread
// follows them, comes to the others, and is answered and resolved there.
func TestCommentWhileWriting(t *testing.T) {
	s := startServer(t, t.TempDir())
	dana, token := addPerson(t, s.people, "Dana Reyes", "dana@example.com", people.Admin)
	priya, _ := addPerson(t, s.people, "Priya Nair", "priya@example.com", people.Member)
	api := &client{url: s.url, token: token, http: http.DefaultClient}
	made := func(res *response, err error) {
		t.Helper()
		require.NoError(t, err)
		require.Equal(t, http.StatusCreated, res.status, "%s", res.body)
	}
	made(api.json("POST", "/api/v1/prospects", map[string]any{"name": "Northwind Rail"}))
	const place = "/p/northwind-rail/external/closing/timeline"
	const at = "/api/v1/prospects/northwind-rail/pages/external/closing/timeline"
	made(api.json("PUT", at, map[string]any{"text": "# Timeline\n\nThe survey of the halls.\n"}, "If-None-Match", "*"))
	made(api.json("POST", at+"/comments", map[string]any{"quote": "survey", "text": "Which **one**?"}))

	a := openWindow(t, s, dana, place)
	a.until(`document.querySelector(".live .commented")?.textContent === "survey"`, "the words are marked")
	a.until(`document.querySelector("[data-live-comments]").innerText.includes("Which one?")`, "the thread has a card")
	assert.Equal(t, "true", a.ask(`String(document.querySelector("[data-live-comments]").innerText.includes("guests see this thread"))`))

	// Typed, selected with the keyboard, commented on.
	a.goTo(kb.End)
	a.do(chromedp.KeyEvent("Tablets too."))
	for range len("Tablets too.") {
		a.do(chromedp.KeyEvent(kb.ArrowLeft, chromedp.KeyModifiers(8))) // with Shift
	}
	a.do(chromedp.KeyEvent("m", chromedp.KeyModifiers(1|2)), // Ctrl+Alt+M
		chromedp.WaitVisible(`[aria-label="New comment"] textarea`, chromedp.ByQuery),
		chromedp.KeyEvent("All of them?"),
		chromedp.Click(`[aria-label="New comment"] button[type=submit]`, chromedp.ByQuery))
	a.until(`[...document.querySelectorAll(".live .commented")].map(m => m.textContent).join("|") === "survey|Tablets too."`, "the new words are marked")

	// They move with what is written above, and the cards stay in their order.
	b := openWindow(t, s, priya, place)
	b.until(`document.querySelectorAll(".live .commented").length === 2`, "both threads come to others")
	b.goTo(kb.Home)
	b.do(chromedp.KeyEvent("Above. "))
	equal(t, []*window{a, b}, "Above. ", "Tablets too.")
	for _, w := range []*window{a, b} {
		w.until(`[...document.querySelectorAll(".live .commented")].map(m => m.textContent).join("|") === "survey|Tablets too."`, "the marks follow")
	}

	// Answered and resolved.
	b.do(chromedp.SendKeys(`[data-live-comments] .comment-thread textarea`, "The one of 2024.", chromedp.ByQuery),
		chromedp.Click(`[data-live-comments] .comment-thread button[type=submit]`, chromedp.ByQuery))
	b.until(`document.querySelectorAll("[data-live-comments] .comment").length === 3`, "the answer stands in the card")
	b.do(chromedp.Click(`[data-live-comments] .comment-thread .push-right`, chromedp.ByQuery))
	b.until(`document.querySelectorAll(".live .commented").length === 1`, "what is resolved is not marked")
	a.until(`document.querySelectorAll(".live .commented").length === 1`, "nor for others")
	assert.Equal(t, "Resolved 1", b.ask(`document.querySelector("[data-live-comments] [aria-expanded]").textContent`))
}
