package web

import (
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The menu of the last row of a table is there as a whole: the panel around the
// table cuts nothing off.
func TestMenusOfTheLastRowAreWhole(t *testing.T) {
	s := newSite(t)
	ctx := chromium(t, s, s.ada)
	var hidden []string
	require.NoError(t, chromedp.Run(ctx,
		chromedp.EmulateViewport(1440, 900),
		chromedp.Navigate(s.server.URL+"/admin/people"),
		chromedp.Click("tbody tr:last-child .menu-anchor > summary"),
		chromedp.WaitReady("tbody tr:last-child .menu-anchor[open] .menu-item"),
		chromedp.Evaluate(`[...document.querySelectorAll("tbody tr:last-child .menu-item")].filter(item => {
			const box = item.getBoundingClientRect();
			return !item.contains(document.elementFromPoint(box.left + box.width / 2, box.top + box.height / 2));
		}).map(item => item.textContent)`, &hidden),
	))
	assert.Empty(t, hidden)
}
