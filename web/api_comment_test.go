package web

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dealwiki/wiki/people"
)

func TestAPIComments(t *testing.T) {
	s := newSite(t)
	dana, reader := s.program(s.dana, people.AllScopes), s.program(s.dana, people.Read)
	ada := s.program(s.ada, people.AllScopes)
	page := decode[struct{ Text, Version string }](t, dana.call("GET", planPath, ""))
	path := planPath + "/comments"
	type thread struct {
		ID, Quote, Version, Heading string
		Gone                        bool
		Position                    *struct {
			Line, Start, End int
			Text             string
		}
		Resolved *struct{ By struct{ Handle string } }
		Comments []struct {
			ID, Text, HTML string
			Author         struct{ ID, Handle string }
			Mentions       []string
			Mine, Remove   bool
		}
	}
	type list struct {
		Items []thread
		Next  *string
	}
	a := dana.call("GET", path, "")
	require.Equal(t, http.StatusOK, a.status, a.body)
	assert.JSONEq(t, `{"items":[],"next":null}`, a.body)

	words := page.Text[2:7] // of the title
	a = dana.call("POST", path, `{"quote":"`+words+`","text":"Is this *right*, @ada?"}`)
	require.Equal(t, http.StatusCreated, a.status, a.body)
	th := decode[thread](t, a)
	assert.Equal(t, words, th.Quote)
	assert.Equal(t, page.Version, th.Version)
	require.NotNil(t, th.Position)
	assert.Equal(t, 2, th.Position.Start)
	assert.Equal(t, 1, th.Position.Line)
	assert.Equal(t, words, th.Position.Text)
	require.Len(t, th.Comments, 1)
	assert.Equal(t, []string{"ada"}, th.Comments[0].Mentions)
	assert.Contains(t, th.Comments[0].HTML, "<em>right</em>")
	assert.True(t, th.Comments[0].Mine && th.Comments[0].Remove)

	a = ada.call("POST", path, `{"thread":"`+th.ID+`","text":"It is.\n\n# No element of the page"}`)
	require.Equal(t, http.StatusCreated, a.status, a.body)
	th = decode[thread](t, a)
	require.Len(t, th.Comments, 2)
	assert.Equal(t, "ada", th.Comments[1].Author.Handle)
	assert.NotContains(t, th.Comments[1].HTML, ` id="`)

	a = ada.call("PATCH", path, `{"comment":"`+th.Comments[1].ID+`","text":"It was."}`)
	require.Equal(t, http.StatusOK, a.status, a.body)
	assert.Equal(t, http.StatusForbidden, ada.call("PATCH", path, `{"comment":"`+th.Comments[0].ID+`","text":"No"}`).status)
	a = ada.call("PATCH", path, `{"thread":"`+th.ID+`","resolved":true}`)
	require.Equal(t, http.StatusOK, a.status, a.body)
	assert.Equal(t, "ada", decode[thread](t, a).Resolved.By.Handle)
	assert.Len(t, decode[list](t, dana.call("GET", path+"?state=resolved", "")).Items, 1)
	assert.Empty(t, decode[list](t, dana.call("GET", path+"?state=open", "")).Items)
	assert.Equal(t, http.StatusOK, dana.call("GET", path+"/"+th.ID, "").status)
	assert.Equal(t, http.StatusNotFound, dana.call("GET", path+"/nothing", "").status)

	for body, status := range map[string]int{
		`{}`:          http.StatusBadRequest,
		`{"text":""}`: http.StatusUnprocessableEntity,
		`{"text":"x","quote":"not on the page, this"}`: http.StatusUnprocessableEntity,
		`{"text":"x","version":"1"}`:                   http.StatusBadRequest,
		`{"text":"x","line":100000}`:                   http.StatusUnprocessableEntity,
		`{"text":"x","line":-1}`:                       http.StatusBadRequest,
		`{"text":"x","thread":"nothing"}`:              http.StatusNotFound,
		`{"text":"x","thread":"a","quote":"b"}`:        http.StatusUnprocessableEntity,
		`{"text":"x","more":1}`:                        http.StatusBadRequest,
	} {
		a := dana.call("POST", path, body)
		assert.Equal(t, status, a.status, body+" "+a.body)
		assert.Equal(t, "application/problem+json", a.header.Get("Content-Type"))
	}
	assert.Equal(t, http.StatusUnprocessableEntity, dana.call("PATCH", path, `{"thread":"x"}`).status)
	assert.Equal(t, http.StatusForbidden, reader.call("POST", path, `{"text":"x"}`).status)
	assert.Equal(t, http.StatusNotFound, dana.call("GET", "/prospects/northwind/pages/internal/closing/nothing/comments", "").status)
	assert.Equal(t, http.StatusNotFound, dana.call("GET", "/prospects/nothing/pages/internal/closing/close-plan/comments", "").status)

	for _, c := range th.Comments {
		assert.Equal(t, http.StatusNoContent, ada.call("DELETE", path+"/"+c.ID, "").status)
	}
	assert.Empty(t, decode[list](t, dana.call("GET", path, "")).Items)
	assert.Equal(t, page.Version, decode[struct{ Version string }](t, dana.call("GET", planPath, "")).Version, "comments are no versions of the page")
}
