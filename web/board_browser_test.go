package web

import (
	"testing"
	"time"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A card that is dragged to another stage, by mouse or by the keyboard, opens the
// form that hands the deal over to it.
func TestCardsAreDraggedToAStage(t *testing.T) {
	s := newSite(t)
	ctx := chromium(t, s, s.dana)
	dragged := make(chan *input.DragData, 1)
	chromedp.ListenTarget(ctx, func(event any) {
		if e, ok := event.(*input.EventDragIntercepted); ok {
			dragged <- e.Data
		}
	})
	const middle = `(q => { const r = document.querySelector(q).getBoundingClientRect(); return [r.left + r.width / 2, r.top + r.height / 2]; })`
	const card = `[data-move="/p/northwind/handoff"]`
	var from, to []float64
	var target, address, heading string
	require.NoError(t, chromedp.Run(ctx,
		chromedp.EmulateViewport(1440, 900),
		chromedp.Navigate(s.server.URL+"/"),
		chromedp.WaitVisible(card+`[draggable=true]`),
		chromedp.Evaluate(middle+"('"+card+" .deal-foot')", &from),
		chromedp.Evaluate(middle+`('[data-stage=delivering] h2')`, &to),
	))
	require.NoError(t, chromedp.Run(ctx,
		input.SetInterceptDrags(true),
		input.DispatchMouseEvent(input.MousePressed, from[0], from[1]).WithButton(input.Left).WithButtons(1).WithClickCount(1),
		input.DispatchMouseEvent(input.MouseMoved, from[0]+30, from[1]+10).WithButton(input.Left).WithButtons(1),
		input.DispatchMouseEvent(input.MouseMoved, to[0], to[1]).WithButton(input.Left).WithButtons(1),
	))
	var data *input.DragData
	select {
	case data = <-dragged:
	case <-time.After(20 * time.Second):
		require.Fail(t, "the card is not dragged")
	}
	require.NoError(t, chromedp.Run(ctx,
		input.DispatchDragEvent(input.DragEnter, to[0], to[1], data),
		input.DispatchDragEvent(input.DragOver, to[0], to[1], data),
		chromedp.Evaluate(`document.querySelector(".board-column.is-target").dataset.stage`, &target),
		input.DispatchDragEvent(input.Drop, to[0], to[1], data),
		input.SetInterceptDrags(false),
		chromedp.WaitVisible("main form [name=receiver]"),
		chromedp.Location(&address),
		chromedp.Text("h1", &heading),
	))
	assert.Equal(t, "delivering", target, "the stage under the card is marked")
	assert.Equal(t, s.server.URL+"/p/northwind/handoff?to=delivering", address)
	assert.Equal(t, "Hand Northwind Rail to Delivering", heading)

	// By the keyboard: the card's arrow, and a stage of its menu.
	var focused string
	require.NoError(t, chromedp.Run(ctx,
		chromedp.Navigate(s.server.URL+"/"),
		chromedp.WaitVisible(card+`[draggable=true]`),
		chromedp.Focus(card+" .deal-move"),
		chromedp.KeyEvent(kb.Enter),
		chromedp.WaitVisible("#board-menu a"),
		chromedp.KeyEvent(kb.ArrowDown),
		chromedp.Evaluate(`document.activeElement.textContent`, &focused),
		chromedp.KeyEvent(kb.Enter),
		chromedp.WaitVisible("main form [name=receiver]"),
		chromedp.Location(&address),
	))
	assert.Equal(t, "Qualifying", focused)
	assert.Equal(t, s.server.URL+"/p/northwind/handoff?to=qualifying", address)
}
