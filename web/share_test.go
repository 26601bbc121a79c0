package web

import (
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dealwiki/wiki/people"
)

var digestField = regexp.MustCompile(`name="confirm" value="([0-9a-f]{64})"`)

func TestSharingInTheBrowser(t *testing.T) {
	s := newSite(t)
	b := s.signedIn(s.dana)
	assert.Contains(t, b.ok(closePlanPath), `href="`+closePlanPath+`/move?to=external"`)
	assert.Contains(t, b.ok(closePlanPath), "Share with Northwind Rail…")
	assert.Contains(t, b.ok(closePlanPath+"/move?to=external"), `<option value="external" selected>`)
	assert.NotContains(t, s.signedIn(s.mara).ok(closePlanPath), "Share with", "of the owner alone")
	form := url.Values{"section": {"external"}, "stage": {"closing"}, "page": {"plan"}}
	shown := b.post(closePlanPath+"/move", form)
	require.Equal(t, http.StatusConflict, shown.status)
	for _, want := range []string{"Share this page with Northwind Rail?", "What must happen until the ink is dry", "@dana", "another prospect, secretco", "Go-live on 1 March 2027", "No guest is invited yet", "Its history stays on your side"} {
		assert.Contains(t, shown.body, want)
	}
	digest := digestField.FindStringSubmatch(shown.body)
	require.NotNil(t, digest)

	form.Set("confirm", digest[1])
	form.Set("typed", "Someone Else")
	slip := b.post(closePlanPath+"/move", form)
	assert.Equal(t, http.StatusConflict, slip.status)
	assert.Contains(t, slip.body, "Type the customer’s name")

	s.write("northwind", "internal/closing/close-plan", closePlan+"\nOur floor is 700k.\n")
	form.Set("typed", " northwind  rail")
	changed := b.post(closePlanPath+"/move", form)
	assert.Equal(t, http.StatusConflict, changed.status)
	assert.Contains(t, changed.body, "Something has changed since you looked")
	assert.Contains(t, changed.body, "Our floor is 700k.")

	form.Set("confirm", digestField.FindStringSubmatch(changed.body)[1])
	done := b.post(closePlanPath+"/move", form)
	require.Equal(t, "/p/northwind/external/closing/plan", done.location(), done.body)
	assert.Contains(t, b.ok(done.location()), "Our floor is 700k.")
	assert.Contains(t, b.ok(done.location()), "Bring back to internal…")

	// Staff are led on, and read who did it.
	old := s.signedIn(s.mara).get(closePlanPath)
	assert.Equal(t, done.location(), old.location())
	assert.Contains(t, b.ok(done.location()+"/history"), "Shared with the customer as external/closing/plan")
	assert.Contains(t, b.ok(closePlanPath+"/history"), "Share Close plan with the customer")

	// Only the owner, and nobody who may not see it.
	mara := s.signedIn(s.mara)
	back := url.Values{"section": {"internal"}, "stage": {"closing"}, "page": {"close-plan"}}
	assert.Equal(t, http.StatusForbidden, mara.post(done.location()+"/move", back).status)
	assert.Equal(t, http.StatusNotFound, mara.post("/p/secretco/internal/account/overview/move", form).status)

	shown = b.post(done.location()+"/move", back)
	require.Equal(t, http.StatusConflict, shown.status)
	assert.Contains(t, shown.body, "It may have been read")
	back.Set("confirm", digestField.FindStringSubmatch(shown.body)[1])
	require.Equal(t, closePlanPath, b.post(done.location()+"/move", back).location())
	assert.Contains(t, b.ok(closePlanPath+"/history"), "Brought back from the customer")
}

func TestSharingByTheAPI(t *testing.T) {
	s := newSite(t)
	dana := s.program(s.dana, people.AllScopes)
	type shown struct {
		Status                       int
		Digest, Text, HTML, From, To string
		Changed                      bool
		Facts                        []struct{ Kind, Title string }
		Warnings                     []struct{ Text string }
	}
	move := func(confirm string) answer {
		body, err := json.Marshal(map[string]string{"to": "external/closing/plan", "confirm": confirm})
		require.NoError(t, err)
		return dana.call("POST", planPath+"/move", string(body))
	}
	first := move("")
	require.Equal(t, http.StatusConflict, first.status, first.body)
	assert.Equal(t, "application/problem+json", first.header.Get("Content-Type"))
	seen := decode[shown](t, first)
	assert.Equal(t, http.StatusConflict, seen.Status)
	assert.Equal(t, string(s.read("northwind", "internal/closing/close-plan").Text), seen.Text)
	assert.Contains(t, seen.HTML, "Send the redlines")
	assert.NotEmpty(t, seen.Facts)
	assert.NotEmpty(t, seen.Warnings)
	assert.False(t, seen.Changed)
	wrong := decode[shown](t, move("0123"))
	assert.True(t, wrong.Changed)
	assert.Equal(t, seen.Digest, wrong.Digest)
	done := move(seen.Digest)
	require.Equal(t, http.StatusOK, done.status, done.body)
	assert.Equal(t, http.StatusNotFound, dana.call("GET", planPath, "").status)
	assert.Equal(t, http.StatusForbidden, s.program(s.mara, people.AllScopes).call("POST", "/prospects/northwind/pages/external/closing/plan/move", `{"to":"internal/closing/plan"}`).status)
	assert.Equal(t, http.StatusUnprocessableEntity, s.program(s.ada, people.AllScopes).call("POST", "/prospects/playbook/pages/internal/account/products/move", `{"to":"external/account/products"}`).status)
	read := s.program(s.dana, people.Read)
	assert.Equal(t, http.StatusForbidden, read.call("POST", "/prospects/northwind/pages/external/closing/plan/move", `{"to":"internal/closing/plan"}`).status)
}
