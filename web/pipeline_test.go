package web

import (
	"encoding/csv"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dealwiki/wiki"
	"dealwiki/wiki/people"
	"dealwiki/wiki/pipeline"
)

func TestPipelinePage(t *testing.T) {
	s := newSite(t)
	dana := s.signedIn(s.dana)
	ctx := t.Context()
	_, err := s.wiki.Create(ctx, s.as(s.dana), wiki.NewProspect{Prospect: wiki.Prospect{Title: "=Formula", Slug: "won", Value: 1000, Currency: "EUR", Stage: "closing", Source: "=cmd()"}})
	require.NoError(t, err)
	_, err = s.wiki.SetOutcome(ctx, s.as(s.dana), "won", wiki.OutcomeWon, "", "")
	require.NoError(t, err)

	page := dana.get("/pipeline")
	require.Equal(t, http.StatusOK, page.status)
	for _, want := range []string{"Unit win rate", "100 %", "1 of 1 decided", "in USD", "<svg class=\"chart chart-wide\"", "Show the numbers", "How it is worked out"} {
		assert.Contains(t, page.body, want)
	}
	assert.NotContains(t, page.body, "style=")
	assert.Contains(t, dana.get("/pipeline?owner="+s.mara.ID).body, "none decided yet")
	assert.Equal(t, http.StatusUnprocessableEntity, dana.get("/pipeline?from=yesterday").status)
	assert.Equal(t, http.StatusUnprocessableEntity, dana.get("/pipeline?from=2027-01-01&to=2026-01-01").status)

	// Mara does not see Secret Co, nor its currency.
	mara := s.signedIn(s.mara)
	assert.NotContains(t, mara.get("/pipeline").body, "USD")

	table := dana.get("/pipeline?format=csv")
	assert.Contains(t, table.header.Get("Content-Type"), "text/csv")
	rows, err := csv.NewReader(strings.NewReader(table.body)).ReadAll()
	require.NoError(t, err)
	assert.Contains(t, table.body, "'=cmd()")
	assert.Equal(t, []string{"figure", "of", "value", "unit", "from", "to"}, rows[0])

	f := decode[struct {
		pipeline.Figures
		Flags []pipeline.Flag
	}](t, s.program(s.dana, people.Read).call("GET", "/pipeline?from=2020-01-01", ""))
	assert.Equal(t, "2020-01-01", f.From)
	assert.Equal(t, 1, f.WinRate.Won)
	assert.Equal(t, "EUR", f.Currency)
	require.Len(t, f.Others, 1)
	assert.Empty(t, f.Flags)
	assert.Equal(t, http.StatusUnprocessableEntity, s.program(s.dana, people.Read).call("GET", "/pipeline?to=x", "").status)
}

func TestAskedWhetherADealIsAlive(t *testing.T) {
	s := newSite(t)
	past := "2020-01-31"
	_, err := s.wiki.Update(t.Context(), s.as(s.dana), "northwind", wiki.Patch{ExpectedClose: &past})
	require.NoError(t, err)
	dana := s.signedIn(s.dana)
	page := dana.get("/pipeline").body
	for _, want := range []string{"Alive, lost, or to be nurtured?", "expected to close on 31 January 2020", "/p/northwind/handoff?to=nurture", "/p/northwind/settings#outcome"} {
		assert.Contains(t, page, want)
	}
	// A reader sees the question and has no answer to give.
	vera := s.signedIn(s.vera)
	assert.NotContains(t, vera.get("/pipeline").body, "/pipeline/alive")
	assert.Equal(t, http.StatusForbidden, vera.post("/pipeline/alive", url.Values{"prospect": {"northwind"}, "expected": {"2099-01-01"}}).status)

	dana.post("/pipeline/alive", url.Values{"prospect": {"northwind"}, "expected": {""}})
	assert.Contains(t, dana.get("/pipeline").body, "expected to close on", "without a new date it is as late as before")
	dana.post("/pipeline/alive", url.Values{"prospect": {"northwind"}, "expected": {time.Now().AddDate(0, 3, 0).Format(time.DateOnly)}})
	assert.NotContains(t, dana.get("/pipeline").body, "expected to close on")
	assert.Equal(t, http.StatusNotFound, s.signedIn(s.mara).post("/pipeline/alive", url.Values{"prospect": {"secretco"}, "expected": {"2099-01-01"}}).status)
}
