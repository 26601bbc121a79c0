package main

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dealwiki/wiki/people"
)

// cell is a cell of the first drawn table.
func cell(row, column string) string {
	return `.lp-grid tr:nth-child(` + row + `) > td:nth-child(` + column + `) .lp-cell`
}

// In the cells of a table people are mentioned and pages linked like anywhere
// else, and two who write in one table see each other in their cells.
func TestCellsOfTablesAreWrittenTogether(t *testing.T) {
	s := startServer(t, t.TempDir())
	dana, token := addPerson(t, s.people, "Dana Reyes", "dana@example.com", people.Admin)
	priya, _ := addPerson(t, s.people, "Priya Nair", "priya@example.com", people.Member)
	api := &client{url: s.url, token: token, http: http.DefaultClient}
	res, err := api.json("POST", "/api/v1/prospects", map[string]any{"name": "Northwind Rail"})
	require.NoError(t, err)
	require.Equal(t, http.StatusCreated, res.status, "%s", res.body)
	const place = "internal/closing/call-notes"
	const at = "/api/v1/prospects/northwind-rail/pages/" + place
	res, err = api.json("PUT", at, map[string]any{"text": "# Call notes\n\n| Topic | Owner |\n| --- | --- |\n| Price | |\n| **Legal** terms | |\n"}, "If-None-Match", "*")
	require.NoError(t, err)
	require.Equal(t, http.StatusCreated, res.status, "%s", res.body)

	a := openWindow(t, s, dana, "/p/northwind-rail/"+place)
	b := openWindow(t, s, priya, "/p/northwind-rail/"+place)
	for _, w := range []*window{a, b} {
		w.do(chromedp.Click(`[data-do="source"]`, chromedp.ByQuery), chromedp.WaitVisible(cell("1", "2"), chromedp.ByQuery))
	}
	open := `!!document.querySelector(".live-menu li[aria-selected]")`
	// The list takes keys only a moment after it has changed; a key that comes
	// before would leave the cell.
	take := func(option, end, what string) {
		t.Helper()
		a.until(`document.querySelector(".live-menu li[aria-selected]")?.textContent.includes("`+option+`")`, option+" is offered")
		a.do(chromedp.Sleep(300*time.Millisecond), chromedp.Evaluate(`document.activeElement.dispatchEvent(new KeyboardEvent("keydown", {key: "Enter", bubbles: true, cancelable: true})); 0`, nil))
		a.until(`document.activeElement.textContent.trimEnd().endsWith("`+end+`")`, what)
	}

	// A person and a page, by the keys alone.
	a.do(chromedp.Click(cell("1", "2"), chromedp.ByQuery), chromedp.KeyEvent("ask @Pri"))
	a.until(open, "people are offered in a cell")
	assert.Equal(t, "true", a.ask(`String((() => {
		const menu = document.querySelector(".live-menu").getBoundingClientRect(), cell = document.activeElement.getBoundingClientRect();
		return Math.abs(menu.top - cell.bottom) < 40 && menu.left >= cell.left - 8 && document.activeElement.hasAttribute("aria-activedescendant");
	})())`), "the list stands at the caret, and the cell says so")
	take("Priya", "ask @priya", "the person is taken")
	a.do(chromedp.KeyEvent(" see [[Payment Plan"))
	a.until(open, "pages are offered in a cell")
	take("Payment", "]]", "the page is taken")
	b.until(`document.querySelector('`+cell("1", "2")+` [data-wiki]')?.textContent === "Payment Plan"`, "the link is one, in one cell")

	// Each caret stands in its cell, where its words are drawn.
	within := func(w *window, row, column, name string) {
		t.Helper()
		w.until(`(() => {
			const caret = document.querySelector(".live-caret"), box = document.querySelector("`+cell(row, column)+`").getBoundingClientRect();
			if (caret?.textContent !== "`+name+`") return false;
			const at = caret.getBoundingClientRect();
			return at.left >= box.left && at.right <= box.right + 1 && at.top >= box.top - 4 && at.bottom <= box.bottom + 4;
		})()`, name+"'s caret stands in the cell")
	}
	within(b, "1", "2", "Dana Reyes")
	b.do(chromedp.Click(cell("2", "1"), chromedp.ByQuery), chromedp.KeyEvent(kb.End))
	within(a, "2", "1", "Priya Nair")
	b.do(chromedp.KeyEvent(" 2027"))
	a.until(`document.querySelector("`+cell("2", "1")+`").textContent === "Legal terms 2027"`, "Dana reads along")
	within(a, "2", "1", "Priya Nair")
	a.untilStatus("Saved")
	a.do(press("s"))
	a.untilStatus("Saved · version")
	res, err = api.json("GET", at, nil)
	require.NoError(t, err)
	assert.Contains(t, string(res.body), `[[payment-plan\\|Payment Plan]]`)
	assert.Contains(t, string(res.body), `| **Legal** terms 2027 |`)
}

// On a page from Windows a row that is added to a table and a fact that is made
// of selected lines end like all its other lines.
func TestToolsKeepTheLinesOfWindows(t *testing.T) {
	s := startServer(t, t.TempDir())
	dana, token := addPerson(t, s.people, "Dana Reyes", "dana@example.com", people.Admin)
	api := &client{url: s.url, token: token, http: http.DefaultClient}
	res, err := api.json("POST", "/api/v1/prospects", map[string]any{"name": "Northwind Rail"})
	require.NoError(t, err)
	require.Equal(t, http.StatusCreated, res.status, "%s", res.body)
	const place = "internal/closing/call-notes"
	const at = "/api/v1/prospects/northwind-rail/pages/" + place
	res, err = api.json("PUT", at, map[string]any{"text": "They may leave\r\nin spring\r\n\r\n| A | B |\r\n| --- | --- |\r\n| 1 | 2 |\r\n\r\nThe end.\r\n"}, "If-None-Match", "*")
	require.NoError(t, err)
	require.Equal(t, http.StatusCreated, res.status, "%s", res.body)

	w := openWindow(t, s, dana, "/p/northwind-rail/"+place)
	w.do(chromedp.Click(`[data-do="source"]`, chromedp.ByQuery), chromedp.WaitVisible(cell("1", "2"), chromedp.ByQuery),
		chromedp.Click(cell("1", "2"), chromedp.ByQuery), chromedp.KeyEvent("\t3"))
	w.until(`document.querySelector("`+cell("2", "1")+`")?.textContent === "3"`, "Tab in the last cell makes a row")
	w.do(chromedp.KeyEvent(kb.Escape))
	w.goTo(kb.Home)
	w.do(chromedp.KeyEvent(kb.ArrowDown, chromedp.KeyModifiers(8)), chromedp.KeyEvent(kb.End, chromedp.KeyModifiers(8)),
		chromedp.Evaluate(`document.querySelector('[data-do="fact-risk"]').click()`, nil))
	w.until(`document.querySelector(".live .cm-content").textContent.includes("Risk")`, "the lines are a risk")
	w.untilStatus("Saved")
	w.do(chromedp.Focus(".live .cm-content", chromedp.ByQuery), press("s"))
	w.untilStatus("Saved · version")
	res, err = api.json("GET", at, nil)
	require.NoError(t, err)
	var page struct{ Text string }
	require.NoError(t, json.Unmarshal(res.body, &page))
	assert.Regexp(t, `^> \[!risk\] They may leave( \^[a-z]-\w+)?\r\n> in spring\r\n`, page.Text)
	assert.Contains(t, page.Text, "| 1 | 2 |\r\n| 3 |  |\r\n")
	assert.Equal(t, strings.Count(page.Text, "\n"), strings.Count(page.Text, "\r\n"), "%q", page.Text)
}
