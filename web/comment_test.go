package web

import (
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The reading page shows its threads with forms that work without scripts.
func TestCommentsWithoutScripts(t *testing.T) {
	s := newSite(t)
	vera := s.signedIn(s.vera)
	dana := s.signedIn(s.dana)
	const page = "/p/northwind/internal/closing/close-plan"
	a := vera.get(page)
	require.Equal(t, http.StatusOK, a.status)
	assert.Contains(t, a.body, `name="do" value="start"`, "a viewer may comment")

	a = vera.post(page+"/comments", url.Values{"do": {"start"}, "quote": {"until the ink is dry"}, "before": {"What must happen "}, "text": {"Which ink, @dana?\r\n\r\n# Not a heading of the page"}})
	require.Equal(t, http.StatusSeeOther, a.status, a.body)
	where := a.header.Get("Location")
	id, ok := strings.CutPrefix(where, page+"#c-")
	require.True(t, ok, where)
	a = dana.get(page)
	assert.Contains(t, a.body, `id="c-`+id+`"`)
	assert.Contains(t, a.body, `data-quote="until the ink is dry"`)
	assert.Contains(t, a.body, `href="/people/dana"`, "mentions are links")
	assert.NotContains(t, a.body, `id="not-a-heading-of-the-page"`)
	assert.Contains(t, a.body, "1 open")

	require.Equal(t, http.StatusSeeOther, dana.post(page+"/comments", url.Values{"do": {"reply"}, "thread": {id}, "text": {"Blue ink"}}).status)
	require.Equal(t, http.StatusSeeOther, dana.post(page+"/comments", url.Values{"do": {"resolve"}, "thread": {id}, "text": {""}}).status)
	a = vera.get(page)
	assert.Contains(t, a.body, "Resolved by Dana Test")
	assert.NotContains(t, a.body, `data-quote=`, "what is resolved is not marked in the text")
	require.Equal(t, http.StatusSeeOther, vera.post(page+"/comments", url.Values{"do": {"reopen"}, "thread": {id}}).status)
	comments := regexp.MustCompile(`name="comment" value="([a-z0-9]+)"`).FindAllStringSubmatch(vera.get(page).body, -1)
	require.Len(t, comments, 1, "one's own can be changed")
	require.Equal(t, http.StatusSeeOther, vera.post(page+"/comments", url.Values{"do": {"edit"}, "comment": {comments[0][1]}, "text": {"Which colour?"}}).status)
	assert.Contains(t, vera.get(page).body, "Which colour?")
	assert.Equal(t, http.StatusForbidden, dana.post(page+"/comments", url.Values{"do": {"edit"}, "comment": {comments[0][1]}, "text": {"x"}}).status)
	require.Equal(t, http.StatusSeeOther, dana.post(page+"/comments", url.Values{"do": {"remove"}, "comment": {comments[0][1]}}).status, "the owner removes any")
	assert.NotContains(t, vera.get(page).body, "Which colour?")

	assert.Equal(t, http.StatusBadRequest, dana.post(page+"/comments", url.Values{"do": {"dance"}}).status)
	assert.Equal(t, http.StatusUnprocessableEntity, dana.post(page+"/comments", url.Values{"do": {"start"}, "text": {" "}}).status)
	assert.Equal(t, http.StatusNotFound, vera.post("/p/secretco/internal/account/overview/comments", url.Values{"do": {"start"}, "text": {"x"}}).status)
}

// On an external page it is said who reads along, and a note inside is offered.
func TestCommentsOnAnExternalPage(t *testing.T) {
	s := newSite(t)
	dana, vera := s.signedIn(s.dana), s.signedIn(s.vera)
	const page = "/p/northwind/external/closing/terms"
	a := dana.post(page+"/comments", url.Values{"do": {"start"}, "quote": {"See Close plan and"}, "text": {"Do they know?"}})
	require.Equal(t, http.StatusUnprocessableEntity, a.status, "words that are not there")
	require.Equal(t, http.StatusSeeOther, dana.post(page+"/comments", url.Values{"do": {"start"}, "quote": {"See"}, "text": {"Do they know?"}}).status)
	a = dana.get(page)
	assert.Contains(t, a.body, "guests see this thread")
	note := regexp.MustCompile(`href="(/p/northwind/new\?[^"]+text=[^"]+)">Write a note on an internal page instead`).FindStringSubmatch(a.body)
	require.NotNil(t, note)
	a = dana.get(html.UnescapeString(note[1]))
	require.Equal(t, http.StatusOK, a.status)
	assert.Contains(t, a.body, "&gt; See")
	assert.Regexp(t, `value="internal" checked`, a.body)
	a = dana.post("/p/northwind/new", url.Values{"title": {"Note on Terms"}, "section": {"internal"}, "stage": {"closing"}, "text": {"About [[closing/terms]]:\r\n\r\n> See\r\n"}})
	require.Equal(t, http.StatusSeeOther, a.status, a.body)
	assert.Contains(t, dana.get("/p/northwind/internal/closing/note-on-terms").body, "<blockquote>")
	assert.NotContains(t, vera.get(page).body, "Write a note on an internal page", "who may not write is not sent there")
}

func TestWordsOfAThread(t *testing.T) {
	for quote, want := range map[string]string{
		"plain words": "plain words",
		"[!decision] Roll out by **depot** @ingrid due:2027-03-01 ^d-3b5c": "Roll out by depot",
		"see [[closing/terms|the terms]] and\n[ours](https://x.example)":   "see the terms and ours",
		"[[closing/terms]] `code` a@b.example 2^3":                         "closing/terms code a@b.example 2^3",
		"@dana": "@dana",
	} {
		assert.Equal(t, want, CommentThread{Quote: quote}.Words())
	}
}
