package main

import (
	"net/http"
	"testing"
	"time"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dealwiki/wiki/people"
)

const notes = "internal/closing/call-notes"

// startNotes runs a server with one page, which Dana and Priya may write.
func startNotes(t *testing.T, text string) (s *server, dana, priya people.Person, api *client) {
	t.Helper()
	s = startServer(t, t.TempDir())
	dana, token := addPerson(t, s.people, "Dana Reyes", "dana@example.com", people.Admin)
	priya, _ = addPerson(t, s.people, "Priya Nair", "priya@example.com", people.Member)
	api = &client{url: s.url, token: token, http: http.DefaultClient}
	res, err := api.json("POST", "/api/v1/prospects", map[string]any{"name": "Northwind Rail"})
	require.NoError(t, err)
	require.Equal(t, http.StatusCreated, res.status, "%s", res.body)
	res, err = api.json("PUT", "/api/v1/prospects/northwind-rail/pages/"+notes, map[string]any{"text": text}, "If-None-Match", "*")
	require.NoError(t, err)
	require.Equal(t, http.StatusCreated, res.status, "%s", res.body)
	return s, dana, priya, api
}

// draw shows the page drawn rather than its source.
func (w *window) draw() {
	w.t.Helper()
	w.do(chromedp.Evaluate(`document.querySelector('[data-do="source"]').click()`, nil))
	w.until(`document.querySelector(".live").dataset.mode === "preview"`, "the page is drawn")
}

// source is the text as it is written, also while it is drawn.
func (w *window) source() string {
	w.t.Helper()
	return w.ask(`document.querySelector(".live .cm-content").cmTile.view.state.doc.toString()`)
}

// codes are those of Windows, which browsers go by.
var codes = map[string]int64{"Enter": 13, "Tab": 9, "Escape": 27, "Backspace": 8, "End": 35, "Home": 36, "ArrowLeft": 37, "ArrowUp": 38, "ArrowRight": 39, "ArrowDown": 40, "F10": 121, "m": 77, "s": 83, "/": 191}

// key presses one key as a keyboard does, with others held: what takes the key
// keeps its letter from being typed, which [chromedp.KeyEvent] types anyway.
func (w *window) key(name string, held input.Modifier) {
	w.t.Helper()
	require.Contains(w.t, codes, name)
	key := func(kind input.KeyType) *input.DispatchKeyEventParams {
		return input.DispatchKeyEvent(kind).WithKey(name).WithCode(name).WithWindowsVirtualKeyCode(codes[name]).WithModifiers(held)
	}
	down := key(input.KeyRawDown)
	if name == "Enter" && held == 0 {
		down = key(input.KeyDown).WithText("\r")
	}
	w.do(down, key(input.KeyUp))
}

// seen tells in a script whether the element e shows that it has the focus: by a
// ring of its own or of what is around it, or by a caret.
const seen = `(e.matches(".cm-content") || [e, e.parentElement, e.parentElement?.parentElement].some((x) =>
	x && ["", "::before", "::after"].some((part) => getComputedStyle(x, part || null).outlineStyle !== "none")))`

// focused waits until the focus is on what a selector finds, and in sight.
func (w *window) focused(selector, why string) {
	w.t.Helper()
	w.until(`(() => {
		const e = document.activeElement;
		if (!e?.matches(`+"`"+selector+"`"+`) || !e.matches(":focus-visible")) return false;
		const box = e.getBoundingClientRect();
		return box.width > 0 && box.bottom > 0 && box.top < innerHeight && `+seen+`;
	})()`, why)
}

// tabTo goes on with Tab until the focus is on what a selector finds; wherever
// it is on the way, it is seen.
func (w *window) tabTo(selector string) {
	w.t.Helper()
	for range 150 {
		w.key("Tab", 0)
		if w.ask(`String(document.activeElement.matches(`+"`"+selector+"`"+`))`) == "true" {
			w.focused(selector, "the focus is seen")
			return
		}
		assert.Equal(w.t, "true", w.ask(`(() => { const e = document.activeElement; return String(e === document.body || `+seen+`) })()`),
			w.ask(`document.activeElement.outerHTML.slice(0, 200)`))
	}
	w.t.Fatal("Tab does not lead to ", selector)
}

// choose takes a choice of the open list with Enter. The list takes keys only a
// moment after it has changed.
func (w *window) choose(label string) {
	w.t.Helper()
	w.until(`document.querySelector(".live-menu li[aria-selected]")?.textContent.includes("`+label+`")`, label+" is offered")
	w.do(chromedp.Sleep(300 * time.Millisecond))
	w.key("Enter", 0)
	w.until(`!document.querySelector(".live-menu")`, "the list is closed")
}

// A page is found, written, commented on and left without a mouse: what has the
// focus is seen, and whatever was open gives it back.
func TestAPageIsWrittenByKeysAlone(t *testing.T) {
	s, dana, _, _ := startNotes(t, "# Call notes\n\nThe survey of the halls.\n\n| Topic | Owner |\n| --- | --- |\n| Price | |\n\nThe end.\n")
	w := openWindow(t, s, dana, "/p/northwind-rail/"+notes)
	w.draw()

	w.do(chromedp.Navigate(s.url+"/"), chromedp.WaitVisible(`a[href="/p/northwind-rail"]`, chromedp.ByQuery))
	w.tabTo(`a[href="/p/northwind-rail"]`)
	w.key("Enter", 0)
	w.until(`location.pathname === "/p/northwind-rail" && document.readyState === "complete"`, "the prospect is open")
	w.tabTo(`a[href="/p/northwind-rail/` + notes + `"]`)
	w.key("Enter", 0)
	w.until(`location.pathname.endsWith("/call-notes") && document.readyState === "complete"`, "the page is open")
	w.do(chromedp.KeyEvent("e"))
	w.untilStatus("Saved")
	const text = ".live .cm-content"
	w.focused(text, "one writes at once")

	// The slash menu, put down and taken; a person in a field that has its sign.
	w.key("End", input.ModifierCtrl)
	w.key("Enter", 0)
	w.do(chromedp.KeyEvent("/ri"))
	w.until(`!!document.querySelector(".live-menu li[aria-selected]")`, "the menu is open")
	w.key("Escape", 0)
	w.do(chromedp.KeyEvent("s"))
	w.until(`document.querySelector("`+text+`").textContent.includes("/ris") && !document.querySelector(".live-menu")`, "it stays away")
	for range "/ris" {
		w.key("Backspace", 0)
	}
	w.do(chromedp.KeyEvent("/risk"))
	w.choose("Risk")
	w.do(chromedp.KeyEvent("It slips"))
	w.key("Tab", 0)
	w.do(chromedp.KeyEvent("@pri"))
	w.choose("Priya")
	w.key("ArrowDown", 0)
	w.do(chromedp.KeyEvent("By weeks."))
	assert.Regexp(t, `> \[!risk\] It slips @priya( due:)? \^k-\w+\n> By weeks\.`, w.source())

	// The tools, their menu and the list of keys; each gives the focus back.
	w.key("F10", input.ModifierAlt)
	w.focused(`.live-toolbar [data-do="undo"]`, "the tools have the focus")
	for range 40 {
		if w.ask(`String(document.activeElement.matches('[popovertarget="live-facts"]'))`) == "true" {
			break
		}
		w.key("ArrowRight", 0)
	}
	w.key("Enter", 0)
	w.focused(`#live-facts [role=menuitem]`, "the menu of facts is open")
	w.key("Escape", 0)
	w.focused(text, "its Escape leads back into the text")
	w.key("F10", input.ModifierAlt)
	w.focused(`.live-toolbar button`, "the tools again")
	w.key("Escape", 0)
	w.focused(text, "theirs too, and the page is not left")
	w.key("/", input.ModifierCtrl)
	w.focused(`dialog[open] button`, "the keys are listed")
	w.key("Escape", 0)
	w.focused(text, "and closed")

	// Into the table, its tools, and out.
	w.key("Home", input.ModifierCtrl)
	for range 4 {
		w.key("ArrowDown", 0)
	}
	w.focused(`.lp-cell[aria-label="Heading of column 1"]`, "the arrows lead into the table")
	for range 3 {
		w.key("Tab", 0)
	}
	w.do(chromedp.KeyEvent("Dana"))
	w.key("F10", input.ModifierAlt)
	w.focused(`.lp-table-tools button`, "its tools have the focus")
	w.key("Escape", 0)
	w.focused(`.lp-cell[aria-label="Owner, row 1"]`, "and give it back")
	w.key("Escape", 0)
	w.focused(text, "out of the table")
	assert.Contains(t, w.source(), "| Price | Dana |")

	// A comment, thought over, sent, answered.
	w.key("ArrowDown", 0)
	w.key("End", input.ModifierShift)
	w.key("m", input.ModifierAlt|input.ModifierCtrl)
	w.focused(`[aria-label="New comment"] textarea`, "a comment is begun")
	w.do(chromedp.KeyEvent("Really?"))
	w.key("Escape", 0)
	w.until(`!!document.querySelector("dialog[open]")`, "what was typed is not thrown away unasked")
	w.key("Escape", 0)
	w.focused(`[aria-label="New comment"] textarea`, "one writes on")
	w.key("Enter", input.ModifierCtrl)
	w.until(`document.querySelector(".live .commented")?.textContent === "The end."`, "it is sent")
	w.focused(text, "and the text has the focus")
	w.key("ArrowLeft", 0)
	w.key("ArrowRight", 0)
	w.key("m", input.ModifierAlt|input.ModifierCtrl)
	w.focused(`.comment-thread textarea[name=reply]`, "in words that are spoken about one joins in")
	w.key("Escape", 0)
	w.focused(text, "and goes back to them")

	// Saved under one number wherever it is said, and left by Escape: the first
	// ends the selection, the second the writing.
	w.do(chromedp.KeyEvent("The very end."))
	w.key("s", input.ModifierCtrl)
	w.until(`(() => {
		const said = /version (\d+)/.exec(document.querySelector(".toast-region").textContent)?.[1];
		return said !== undefined && document.querySelector("[data-live-text]").textContent.includes("Saved · version " + said + " ");
	})()`, "both say the same version")
	w.key("Escape", 0)
	w.key("Escape", 0)
	w.do(chromedp.WaitVisible("article .prose", chromedp.ByQuery))
	assert.Contains(t, w.ask(`document.querySelector("article .prose").innerText`), "It slips")
}
