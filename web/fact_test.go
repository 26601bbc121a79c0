package web

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dealwiki/wiki/people"
)

// factID is the id of a fact by its title.
func factID(t testing.TB, s *site, title string) string {
	t.Helper()
	list := decode[Listing[apiFact]](t, s.program(s.dana, people.Read).call("GET", "/prospects/northwind/facts", ""))
	for _, f := range list.Items {
		if f.Text == title {
			return f.Key
		}
	}
	require.Failf(t, "no such fact", "%s in %v", title, list.Items)
	return ""
}

func TestRegisterOfAProspect(t *testing.T) {
	s := newSite(t)
	s.write("northwind", "internal/pricing/model", "# Model\n\n> [!question] =Who pays? @dana\n> They did not say.\n\n> [!risk] Late plans status:done\n\n```\n> [!risk] Only code\n```\n")
	b := s.signedIn(s.dana)
	page := b.ok("/p/northwind/facts")
	for _, has := range []string{"Go-live on 1 March 2027", "=Who pays?", "Send the redlines", "line 5", "Dana Test", "Answered"} {
		assert.Contains(t, page, has)
	}
	assert.NotContains(t, page, "Late plans", "closed")
	assert.NotContains(t, page, "Only code")
	assert.Contains(t, b.ok("/p/northwind/facts?state=closed"), "Late plans")
	only := b.ok("/p/northwind/facts?kind=question&owner=me&sort=raised")
	assert.Contains(t, only, "=Who pays?")
	assert.NotContains(t, only, "Go-live on")
	assert.Contains(t, b.ok("/p/northwind/facts?due=late&q=redlines"), "No fact fits")

	csv := b.get("/p/northwind/facts?state=all&format=csv")
	assert.Equal(t, "text/csv; charset=utf-8", csv.header.Get("Content-Type"))
	assert.Contains(t, csv.body, "'=Who pays?", "no formula")
	assert.Equal(t, 5, strings.Count(csv.body, "\n"), csv.body)

	over := b.ok("/facts")
	assert.Contains(t, over, "Northwind Rail")
	assert.Contains(t, over, "Questions for me")
	assert.NotContains(t, s.signedIn(s.mara).ok("/facts?state=all"), "Hidden")
	assert.Equal(t, http.StatusNotFound, s.signedIn(s.mara).get("/p/secretco/facts").status)
	assert.Equal(t, http.StatusNotFound, b.get("/p/playbook/facts").status)
}

func TestChangingAFactFromARegister(t *testing.T) {
	s := newSite(t)
	b := s.signedIn(s.mara)
	id := factID(t, s, "Go-live on 1 March 2027")
	a := b.post("/p/northwind/facts/"+id, url.Values{"what": {"done"}, "next": {"/facts?owner=me"}})
	require.Equal(t, http.StatusSeeOther, a.status, a.body)
	assert.Equal(t, "/facts?owner=me", a.location())
	text := string(s.read("northwind", "internal/closing/close-plan").Text)
	assert.Contains(t, text, "status:done ^"+id)
	toast := b.ok("/facts")
	assert.Contains(t, toast, "Done: Go-live on 1 March 2027")
	assert.Contains(t, toast, `action="/p/northwind/facts/`+id+`"`)

	a = b.post("/p/northwind/facts/"+id, url.Values{"what": {"open"}, "next": {"//evil.example"}})
	require.Equal(t, http.StatusSeeOther, a.status, a.body)
	assert.Equal(t, "/p/northwind/internal/closing/close-plan#"+id, a.location(), "never away from here")
	assert.Equal(t, closePlanNow(t, s), string(s.read("northwind", "internal/closing/close-plan").Text))

	task := factID(t, s, "Send the redlines")
	require.Equal(t, http.StatusSeeOther, b.post("/p/northwind/facts/"+task, url.Values{"what": {"done"}}).status)
	assert.Contains(t, string(s.read("northwind", "internal/closing/close-plan").Text), "- [x] Send the redlines")

	assert.Equal(t, http.StatusUnprocessableEntity, b.post("/p/northwind/facts/"+task, url.Values{"what": {"evaded"}}).status)
	assert.Equal(t, http.StatusNotFound, b.post("/p/northwind/facts/c-none", url.Values{"what": {"done"}}).status)
	assert.Equal(t, http.StatusForbidden, s.signedIn(s.vera).post("/p/northwind/facts/"+id, url.Values{"what": {"done"}}).status, "she reads only")
}

// closePlanNow is the close plan as it should be: every fact open.
func closePlanNow(t testing.TB, s *site) string {
	t.Helper()
	text := string(s.read("northwind", "internal/closing/close-plan").Text)
	assert.NotContains(t, text, "status:")
	return text
}

func TestFactsForPrograms(t *testing.T) {
	s := newSite(t)
	p := s.program(s.dana, people.Write)
	id := factID(t, s, "Go-live on 1 March 2027")
	one := decode[apiFact](t, p.call("GET", "/prospects/northwind/facts/"+id, ""))
	assert.Equal(t, "internal/closing/close-plan", one.Page)
	assert.Equal(t, 5, one.Line)
	assert.Equal(t, "closing", one.Stage)
	assert.Equal(t, "Dana Test", one.Author.Name)
	assert.NotEmpty(t, one.FirstCommit)
	done := decode[apiFact](t, p.call("PATCH", "/prospects/northwind/facts/"+id, `{"state":"done"}`))
	assert.Equal(t, "done", done.State)
	assert.NotEqual(t, done.FirstCommit, done.LastCommit)
	open := decode[Listing[apiFact]](t, p.call("GET", "/facts?state=standing&due_before=2026-12-02", ""))
	require.Len(t, open.Items, 1)
	assert.Equal(t, "Send the redlines", open.Items[0].Text)
	assert.Equal(t, http.StatusUnprocessableEntity, p.call("GET", "/facts?due_before=tomorrow", "").status)
	assert.Equal(t, http.StatusBadRequest, p.call("GET", "/facts?kind=wish", "").status)
	assert.Equal(t, http.StatusNotFound, s.program(s.mara, people.Read).call("GET", "/prospects/secretco/facts", "").status)
}

func TestFactsOnTheReadingPage(t *testing.T) {
	s := newSite(t)
	_, err := s.wiki.SetStage(t.Context(), people.System("test"), "northwind", "qualifying")
	require.NoError(t, err)
	s.write("northwind", "internal/qualifying/notes", "# Notes\n\nThey want it by May. Nobody else bids.\n\n> [!question] Who signs?\n")
	b := s.signedIn(s.dana)
	page := b.ok("/p/northwind/internal/qualifying/notes")
	id := factID(t, s, "Who signs?")
	assert.Contains(t, page, `formaction="/p/northwind/facts/`+id+`" name="what" value="answered"`)
	a := b.post("/p/northwind/facts/"+id, url.Values{"what": {"answered"}, "version": {"x"}})
	assert.Equal(t, "/p/northwind/internal/qualifying/notes#"+id, a.location())
	assert.Contains(t, b.ok("/p/northwind/internal/qualifying/notes"), `value="open">Open again`)
	assert.NotContains(t, s.signedIn(s.vera).ok("/p/northwind/internal/qualifying/notes"), "fact-do", "she reads only")
	b.post("/p/northwind/facts/"+id, url.Values{"what": {"open"}})

	a = b.post("/p/northwind/facts", url.Values{"page": {"internal/qualifying/notes"}, "kind": {"commitment"}, "text": {"They want it  by May."}})
	require.Equal(t, http.StatusSeeOther, a.status, a.body)
	assert.Contains(t, a.location(), "/p/northwind/internal/qualifying/notes#c-")
	assert.Contains(t, string(s.read("northwind", "internal/qualifying/notes").Text), "> [!commitment] They want it by May. ^c-")

	_, err = s.wiki.SetStage(t.Context(), people.System("test"), "northwind", "pricing")
	require.NoError(t, err)
	s.write("northwind", "internal/pricing/model", "# Model\n\nNothing yet.\n")
	for _, path := range []string{"/p/northwind/internal/pricing/model", "/p/northwind"} {
		carried := b.ok(path)
		assert.Contains(t, carried, "still open from earlier stages", path)
		assert.Contains(t, carried, "From Qualifying", path)
		assert.Contains(t, carried, "/p/northwind/internal/qualifying/notes#"+id, path)
	}
	assert.NotContains(t, b.ok("/p/northwind/internal/qualifying/notes"), "still open from earlier stages")
}
