package web

import (
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dealwiki/wiki/people"
)

// commitmentID is the id that the server gave the commitment of the close plan.
func commitmentID(t *testing.T, s *site) string {
	t.Helper()
	found := regexp.MustCompile(`\^(c-[0-9a-z]+)`).FindStringSubmatch(string(s.read("northwind", "internal/closing/close-plan").Text))
	require.NotNil(t, found)
	return found[1]
}

func offer(s *site, to people.Person) url.Values {
	return url.Values{"from": {"closing"}, "to": {"delivering"}, "last": {"0"}, "receiver": {to.ID}, "note": {"Ingrid decides fast.\r\nShow her a board."}, "do": {"offer"}}
}

func TestHandOverReturnAndAccept(t *testing.T) {
	s := newSite(t)
	dana, vera := s.signedIn(s.dana), s.signedIn(s.vera)
	id := commitmentID(t, s)
	assert.Contains(t, dana.ok("/p/northwind/handoffs"), "Nothing was handed over yet")
	form := dana.ok("/p/northwind/handoff?to=delivering")
	for _, has := range []string{"Hand Northwind Rail to Delivering", "Move it on myself", `name="fact-` + id + `"`, "Vera Test, delivery", `name="doc-external/closing/terms"`, "What happens next"} {
		assert.Contains(t, form, has)
	}

	preview := offer(s, s.vera)
	preview.Set("do", "preview")
	a := dana.post("/p/northwind/handoff", preview)
	assert.Equal(t, http.StatusOK, a.status)
	assert.Contains(t, a.body, "What the receiver gets")
	assert.Contains(t, a.body, "Ingrid decides fast.")
	assert.Contains(t, dana.ok("/p/northwind/handoffs"), "Nothing was handed over yet", "a preview is no offer")

	good := offer(s, s.vera)
	good.Set("doc-external/closing/terms", "agreed")
	a = dana.post("/p/northwind/handoff", good)
	require.Equal(t, http.StatusSeeOther, a.status, a.body)
	assert.Equal(t, "/p/northwind/handoffs/1", a.location())
	a = dana.post("/p/northwind/handoff", good)
	assert.Equal(t, "/p/northwind/handoffs/1", a.location(), "the same form sent twice")
	stale := offer(s, s.mara)
	stale.Set("note", "What Dana typed")
	a = dana.post("/p/northwind/handoff", stale)
	assert.Equal(t, http.StatusConflict, a.status)
	assert.Contains(t, a.body, "What Dana typed")
	assert.Contains(t, a.body, "It waits for Vera Test")

	page := vera.ok("/p/northwind/handoffs/1")
	assert.Contains(t, page, `name="ack-`+id+`"`)
	assert.Contains(t, page, `value="yes" required`, "the browser asks for what is not acknowledged")
	assert.Contains(t, page, `Commitment: <a href="/p/northwind/internal/closing/close-plan#`+id+`"`, "the record leads to its facts")
	assert.Contains(t, page, `<a href="/p/northwind/external/closing/terms">Terms</a>, version`)
	assert.NotContains(t, dana.ok("/p/northwind/handoffs/1"), `name="ack-`, "the sender does not answer")
	a = vera.post("/p/northwind/handoffs/1/return", url.Values{"missing": {" "}})
	assert.Equal(t, http.StatusUnprocessableEntity, a.status)
	a = vera.post("/p/northwind/handoffs/1/return", url.Values{"missing": {"Nobody owns the export account."}})
	require.Equal(t, http.StatusSeeOther, a.status, a.body)
	a = vera.post("/p/northwind/handoffs/1/return", url.Values{"missing": {"Nobody owns the export account."}})
	assert.Equal(t, http.StatusSeeOther, a.status, "the same answer sent twice")
	a = vera.post("/p/northwind/handoffs/1/accept", url.Values{"content": {"4"}, "collaboration": {"4"}, "communication": {"4"}})
	assert.Equal(t, http.StatusConflict, a.status)

	again := dana.ok("/p/northwind/handoff?to=delivering")
	assert.Contains(t, again, "Nobody owns the export account.")
	assert.Contains(t, again, "Show her a board.", "what was said before is filled in")
	good.Set("last", "1")
	a = dana.post("/p/northwind/handoff", good)
	require.Equal(t, "/p/northwind/handoffs/2", a.location(), a.body)

	rated := url.Values{"content": {"4"}, "collaboration": {"5"}, "communication": {"4"}, "note": {"I knew what to do."}}
	a = vera.post("/p/northwind/handoffs/2/accept", rated)
	assert.Equal(t, http.StatusUnprocessableEntity, a.status)
	assert.Contains(t, a.body, "I knew what to do.", "what was typed stays")
	rated.Set("ack-"+id, "yes")
	rated.Del("communication")
	a = vera.post("/p/northwind/handoffs/2/accept", rated)
	assert.Equal(t, http.StatusUnprocessableEntity, a.status)
	rated.Set("communication", "4")
	a = vera.post("/p/northwind/handoffs/2/accept", rated)
	require.Equal(t, http.StatusSeeOther, a.status, a.body)
	history := vera.ok("/p/northwind/handoffs")
	for _, has := range []string{"1 accepted, 1 returned", "Nobody owns the export account.", "4 of 5", "Offered again after handoff 1", "Accepted first time"} {
		assert.Contains(t, history, has)
	}

	// The space as it was, and what changed since.
	time.Sleep(time.Until(time.Now().Truncate(time.Second).Add(time.Second))) // commits tell seconds apart
	s.write("northwind", "internal/closing/close-plan", strings.ReplaceAll(string(s.read("northwind", "internal/closing/close-plan").Text), "1 March 2027", "1 April 2027"))
	was := vera.ok("/p/northwind/handoffs/2/as-it-was/internal/closing/close-plan")
	assert.Contains(t, was, "1 March 2027")
	assert.Contains(t, was, "As it was when Dana Test handed it over")
	assert.Contains(t, was, "What changed since")
	assert.Contains(t, vera.ok("/p/northwind/handoffs/2/as-it-was?q=REDLINES"), "1 page holds")
	assert.Contains(t, vera.ok("/p/northwind/handoffs/2/as-it-was"), "Terms")
	assert.Equal(t, http.StatusNotFound, vera.get("/p/northwind/handoffs/2/as-it-was/internal/closing/nothing").status)
	assert.Equal(t, http.StatusNotFound, vera.get("/p/northwind/handoffs/7").status)
	assert.Contains(t, vera.ok("/p/northwind/handoffs"), "Acknowledge 1 change")
	a = vera.post("/p/northwind/handoffs/2/acknowledge", url.Values{"ack-" + id: {"yes"}})
	require.Equal(t, http.StatusSeeOther, a.status, a.body)
	assert.NotContains(t, vera.ok("/p/northwind/handoffs"), "Acknowledge 1 change")
}

func TestWhoMayHandOver(t *testing.T) {
	s := newSite(t)
	dana, vera, mara := s.signedIn(s.dana), s.signedIn(s.vera), s.signedIn(s.mara)
	assert.Equal(t, http.StatusForbidden, vera.get("/p/northwind/handoff").status, "a reader does not hand over")
	assert.Equal(t, http.StatusForbidden, vera.post("/p/northwind/handoff", offer(s, s.vera)).status)
	assert.NotContains(t, vera.ok("/p/northwind/handoffs"), "/p/northwind/handoff\"")
	for _, path := range []string{"/p/secretco/handoffs", "/p/secretco/handoff", "/p/secretco/handoffs/1", "/p/nothing/handoffs"} {
		assert.Equal(t, http.StatusNotFound, mara.get(path).status, path)
	}
	require.NoError(t, s.people.Disable(t.Context(), people.System("test"), s.mara.ID))
	a := dana.post("/p/northwind/handoff", offer(s, s.mara))
	assert.Equal(t, http.StatusUnprocessableEntity, a.status)
	assert.Contains(t, a.body, "has left")
	assert.Contains(t, a.body, "Ingrid decides fast.")

	// The receiver of a restricted deal can read it from the offer on.
	assert.Equal(t, http.StatusNotFound, vera.get("/p/secretco/handoffs").status)
	give := url.Values{"from": {"prospecting"}, "to": {"qualifying"}, "last": {"0"}, "receiver": {s.vera.ID}}
	a = dana.post("/p/secretco/handoff", give)
	assert.Equal(t, http.StatusConflict, a.status)
	assert.Contains(t, a.body, "The receiver reads that nothing was said.", "asked once")
	give.Set("silent", "yes")
	a = dana.post("/p/secretco/handoff", give)
	require.Equal(t, "/p/secretco/handoffs/1", a.location(), a.body)
	assert.Contains(t, vera.ok("/p/secretco/handoffs/1"), "Nothing was said here.")
	a = vera.post("/p/secretco/handoffs/1/accept", url.Values{"content": {"1"}, "collaboration": {"2"}, "communication": {"3"}})
	require.Equal(t, http.StatusSeeOther, a.status, a.body)
	vera.ok("/p/secretco/handoff")
}

func TestMoveOnAloneSleepAndWake(t *testing.T) {
	s := newSite(t)
	dana, mara := s.signedIn(s.dana), s.signedIn(s.mara)
	alone := url.Values{"from": {"closing"}, "to": {"delivering"}, "last": {"0"}, "do": {"alone"}}
	a := dana.post("/p/northwind/handoff", alone)
	require.Equal(t, "/p/northwind", a.location(), a.body)
	a = dana.post("/p/northwind/handoff", alone)
	assert.Equal(t, "/p/northwind", a.location(), "sent twice, moved once")
	assert.Contains(t, mara.ok("/p/northwind/handoffs/1"), "How well was this stage left?")
	a = mara.post("/p/northwind/handoffs/1/rate", url.Values{"content": {"3"}, "collaboration": {"3"}, "communication": {"3"}})
	assert.Equal(t, http.StatusSeeOther, a.status, a.body)

	sleep := url.Values{"from": {"delivering"}, "to": {"nurture"}, "last": {"1"}, "receiver": {s.dana.ID}, "note": {"No budget this year"}, "wake": {"2020-01-01"}}
	a = dana.post("/p/northwind/handoff", sleep)
	assert.Equal(t, http.StatusUnprocessableEntity, a.status)
	sleep.Set("wake", time.Now().AddDate(0, 1, 0).Format(time.DateOnly))
	a = dana.post("/p/northwind/handoff", sleep)
	require.Equal(t, "/nurturing", a.location(), a.body)
	assert.Contains(t, dana.ok("/nurturing"), "No budget this year")
	assert.Contains(t, s.program(s.dana, people.Read).call("GET", "/nurturing", "").body, "No budget this year")
	a = dana.post("/p/northwind/wake", nil)
	require.Equal(t, "/p/northwind", a.location(), a.body)
	assert.Contains(t, dana.ok("/nurturing"), "No deal sleeps")

	assert.Contains(t, dana.ok("/p/northwind/handoff?to=closing"), "Move Northwind Rail back to Closing")
	assert.Equal(t, http.StatusUnprocessableEntity, dana.get("/p/northwind/handoff?to=paradise").status)
}

func TestIncomingOutcomeAndNextOpportunity(t *testing.T) {
	s := newSite(t)
	dana, vera := s.signedIn(s.dana), s.signedIn(s.vera)
	assert.Contains(t, vera.ok("/incoming"), "Northwind Rail")
	assert.NotContains(t, vera.ok("/incoming"), "Secret Co")
	calls := s.program(s.vera, people.Read|people.Write)
	assert.Contains(t, calls.call("GET", "/incoming", "").body, `"prospect":"northwind"`)
	assert.NotContains(t, calls.call("GET", "/incoming", "").body, "secretco")
	assert.Equal(t, http.StatusConflict, s.program(s.dana, people.Read|people.Write).call("POST", "/prospects/northwind/wake", "").status)
	wrong := vera.post("/p/northwind/ready", url.Values{"days": {"soon"}, "note": {"Two engineers"}})
	assert.Equal(t, http.StatusUnprocessableEntity, wrong.status)
	assert.Contains(t, wrong.body, "Coming to delivery")
	assert.Equal(t, http.StatusForbidden, vera.post("/p/northwind/opportunity", url.Values{"name": {"x"}}).status, "a reader may not, whether it is won or not")
	assert.Equal(t, http.StatusConflict, dana.post("/p/northwind/opportunity", url.Values{"name": {"x"}}).status)
	a := dana.post("/p/northwind/outcome", url.Values{"outcome": {"lost"}, "reason": {""}})
	assert.Equal(t, http.StatusUnprocessableEntity, a.status)
	assert.Equal(t, http.StatusForbidden, vera.get("/p/northwind/outcome").status)
	a = dana.post("/p/northwind/outcome", url.Values{"outcome": {"won"}, "date": {"2026-11-01"}})
	require.Equal(t, "/p/northwind/handoffs", a.location(), a.body)
	dana.ok("/p/northwind/internal/account/win-loss-review")
	assert.Contains(t, dana.ok("/p/northwind/outcome"), "Read the review")
	a = dana.post("/p/northwind/opportunity", url.Values{"name": {"Northwind buses"}})
	require.Equal(t, "/p/northwind-buses", a.location(), a.body)
	assert.Contains(t, dana.ok("/p/northwind-buses/internal/account/from-the-last-deal"), "Go-live on 1 March 2027")
}

func TestHandoffCalls(t *testing.T) {
	s := newSite(t)
	dana, vera, mara := s.program(s.dana, people.Read|people.Write), s.program(s.vera, people.Read|people.Write), s.program(s.mara, people.Read|people.Write)
	id := commitmentID(t, s)
	at := "/prospects/northwind/handoffs"
	body := func(v any) string {
		data, err := json.Marshal(v)
		require.NoError(t, err)
		return string(data)
	}
	give := map[string]any{"to_stage": "delivering", "receiver": s.vera.Email, "note": "Ingrid decides fast.", "facts": map[string]string{id: "carry"}, "waived": map[string]string{"internal/closing/open-redlines": "none are open"}}
	refused := vera.call("POST", at, body(give))
	assert.Equal(t, http.StatusForbidden, refused.status, refused.body)
	bad := map[string]any{"to_stage": "delivering", "receiver": "nobody-at-all"}
	assert.Equal(t, http.StatusUnprocessableEntity, dana.call("POST", at, body(bad)).status)
	bad = map[string]any{"to_stage": "delivering", "receiver": s.vera.Handle, "waived": map[string]string{"internal/none/such": "x"}}
	assert.Equal(t, http.StatusUnprocessableEntity, dana.call("POST", at, body(bad)).status)
	made := dana.call("POST", at, body(give))
	require.Equal(t, http.StatusCreated, made.status, made.body)
	one := decode[struct {
		Number   int       `json:"number"`
		State    string    `json:"state"`
		By       APIPerson `json:"by"`
		Receiver APIPerson `json:"receiver"`
		Facts    []struct{ ID, As string }
	}](t, made)
	assert.Equal(t, 1, one.Number)
	assert.Equal(t, "offered", one.State)
	assert.Equal(t, s.dana.Handle, one.By.Handle)
	assert.Equal(t, s.vera.ID, one.Receiver.ID)
	assert.Equal(t, http.StatusConflict, dana.call("POST", at, body(give)).status, "one at a time")
	assert.Equal(t, http.StatusForbidden, mara.call("POST", at+"/1/accept", `{"ratings":{"content":5,"collaboration":5,"communication":5}}`).status)
	assert.Equal(t, http.StatusUnprocessableEntity, vera.call("POST", at+"/1/return", `{"missing":""}`).status)
	assert.Equal(t, http.StatusUnprocessableEntity, vera.call("POST", at+"/1/accept", `{"ratings":{"content":5,"collaboration":5,"communication":5}}`).status, "a commitment is not acknowledged")
	assert.Equal(t, http.StatusUnprocessableEntity, vera.call("POST", at+"/1/accept", `{"acknowledged":["`+id+`"],"ratings":{"content":9,"collaboration":5,"communication":5}}`).status)
	done := vera.call("POST", at+"/1/accept", `{"acknowledged":["`+id+`"],"ratings":{"content":5,"collaboration":4,"communication":5},"note":"Fine"}`)
	require.Equal(t, http.StatusOK, done.status, done.body)
	assert.Equal(t, http.StatusConflict, vera.call("POST", at+"/1/accept", `{"acknowledged":["`+id+`"],"ratings":{"content":5,"collaboration":4,"communication":5}}`).status)
	assert.Equal(t, "delivering", decode[struct{ Stage string }](t, dana.call("GET", "/prospects/northwind", "")).Stage)
	list := decode[Listing[struct {
		Number int
		State  string
	}]](t, mara.call("GET", at, ""))
	require.Len(t, list.Items, 1)
	assert.Equal(t, "accepted", list.Items[0].State)
	assert.Equal(t, http.StatusNotFound, mara.call("GET", at+"/"+strconv.Itoa(9), "").status)
	assert.Equal(t, http.StatusNotFound, mara.call("GET", "/prospects/secretco/handoffs", "").status)
	assert.Equal(t, http.StatusOK, mara.call("GET", at+"/1/changes", "").status)
}
