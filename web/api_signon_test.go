package web

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dealwiki/wiki/people"
)

func TestSessionsAndTokensByTheAPI(t *testing.T) {
	s := newSite(t)
	b := s.signedIn(s.mara)
	mara, dana, ada := s.program(s.mara, people.Write), s.program(s.dana, people.Write), s.program(s.ada, people.AllScopes)

	sessions := decode[Listing[apiSession]](t, mara.call("GET", "/people/me/sessions", ""))
	require.Len(t, sessions.Items, 1)
	assert.Equal(t, "password", sessions.Items[0].How)
	at := "/people/" + s.mara.Handle + "/sessions/" + sessions.Items[0].ID
	for _, path := range []string{"/people/mara/sessions", "/people/mara/tokens", "/people/mara/two-step", "/people/nobody/tokens"} {
		assert.Equal(t, http.StatusNotFound, dana.call("GET", path, "").status, path)
	}
	assert.Equal(t, http.StatusNotFound, dana.call("DELETE", at, "").status)
	assert.Equal(t, http.StatusNotFound, dana.call("DELETE", "/people/me/sessions/"+sessions.Items[0].ID, "").status)
	assert.Equal(t, http.StatusNotFound, ada.call("DELETE", "/people/dana/sessions/"+sessions.Items[0].ID, "").status, "two ids that do not belong together")
	b.ok("/settings")
	assert.Equal(t, http.StatusNoContent, ada.call("DELETE", at, "").status)
	assert.Equal(t, http.StatusSeeOther, b.get("/settings").status)
	s.signedIn(s.mara)
	s.signedIn(s.mara)
	assert.Equal(t, http.StatusNoContent, mara.call("DELETE", "/people/me/sessions/all", "").status)
	assert.Empty(t, decode[Listing[apiSession]](t, mara.call("GET", "/people/me/sessions", "")).Items)

	tokens := decode[Listing[apiToken]](t, mara.call("GET", "/people/me/tokens", ""))
	require.Len(t, tokens.Items, 1)
	assert.True(t, tokens.Items[0].Current)
	assert.Equal(t, http.StatusForbidden, mara.call("POST", "/people/me/tokens", `{"name":"x","scopes":["read"]}`).status, "a token makes no others")
	assert.Equal(t, http.StatusUnprocessableEntity, ada.call("POST", "/people/mara/tokens", `{"name":"x","scopes":["everything"]}`).status)
	made := ada.call("POST", "/people/mara/tokens", `{"name":"CI","scopes":["read"],"expires":"2099-01-01T00:00:00Z"}`)
	require.Equal(t, http.StatusCreated, made.status, made.body)
	tok := decode[struct {
		ID, Secret string
		Scopes     []string
	}](t, made)
	assert.Equal(t, []string{"read"}, tok.Scopes)
	_, err := s.people.Token(t.Context(), tok.Secret, "")
	require.NoError(t, err)
	assert.Equal(t, http.StatusNotFound, dana.call("DELETE", "/people/me/tokens/"+tok.ID, "").status)
	assert.Equal(t, http.StatusNoContent, mara.call("DELETE", "/people/me/tokens/"+tok.ID, "").status)
	_, err = s.people.Token(t.Context(), tok.Secret, "")
	assert.ErrorIs(t, err, people.ErrNotFound)
}

func TestTwoStepAndRolesByTheAPI(t *testing.T) {
	s := newSite(t)
	mara, ada := s.program(s.mara, people.Write), s.program(s.ada, people.AllScopes)
	assert.Equal(t, http.StatusForbidden, mara.call("PATCH", "/people/me/two-step", `{"required":true}`).status)
	assert.Equal(t, http.StatusNotFound, mara.call("PATCH", "/people/dana/two-step", `{"required":true}`).status)
	assert.True(t, decode[apiTwoStep](t, ada.call("PATCH", "/people/mara/two-step", `{"required":true}`)).Required)
	state := decode[apiTwoStep](t, mara.call("GET", "/people/me/two-step", ""))
	assert.True(t, state.Required)
	assert.False(t, state.On)
	assert.Equal(t, http.StatusNotFound, ada.call("DELETE", "/people/mara/two-step", "").status, "there is none")

	assert.Equal(t, http.StatusForbidden, mara.call("PATCH", "/people/mara", `{"role":"admin"}`).status)
	assert.Equal(t, http.StatusBadRequest, ada.call("PATCH", "/people/mara", `{"role":"owner"}`).status)
	require.Equal(t, http.StatusOK, ada.call("PATCH", "/people/mara", `{"role":"admin","job":"manager"}`).status)
	p, err := s.people.Get(t.Context(), s.mara.ID)
	require.NoError(t, err)
	assert.Equal(t, people.Admin, p.Role)
	assert.Equal(t, people.Manager, p.Job)

	found := decode[Listing[apiEvent]](t, ada.call("GET", "/audit?"+url.Values{"who": {"mara"}, "q": {"role admin"}, "since": {"2020-01-01T00:00:00Z"}}.Encode(), ""))
	require.Len(t, found.Items, 1)
	assert.Equal(t, "person.update", found.Items[0].Action)
	assert.Empty(t, decode[Listing[apiEvent]](t, ada.call("GET", "/audit?until=2020-01-01T00:00:00Z", "")).Items)
}
