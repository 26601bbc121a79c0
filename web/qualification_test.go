package web

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dealwiki/wiki/people"
)

func TestQualification(t *testing.T) {
	s := newSite(t)
	b := s.signedIn(s.dana)
	page := b.ok("/p/northwind/qualification")
	assert.Contains(t, page, "0 of 14 asked")
	say := func(who, said string) answer {
		a := b.post("/p/northwind/qualification", url.Values{"question": {"Is a budget allocated?"}, "answer": {said}, "who": {who}, "when": {"2026-11-12"}, "evidence": {"[[closing/close-plan]]"}})
		return a
	}
	require.Equal(t, http.StatusSeeOther, say("Ingrid", "Yes, EUR 900k").status)
	require.Equal(t, http.StatusSeeOther, say("Lars", "Not before spring").status)
	page = b.ok("/p/northwind/qualification")
	for _, has := range []string{"1 of 14 asked, 1 of more than one person; the answers to 1 differ", "Yes, EUR 900k", "Not before spring", "answers differ", `href="/p/northwind/internal/closing/close-plan">`} {
		assert.Contains(t, page, has)
	}
	text := string(s.read("northwind", "internal/qualifying/qualification").Text)
	assert.Contains(t, text, "### 2. Is a budget allocated?\n\n- Yes, EUR 900k · said by Ingrid · on 2026-11-12 · evidence: [[closing/close-plan]]\n- Not before spring")
	assert.Equal(t, http.StatusUnprocessableEntity, say("", "who knows").status)
	assert.Equal(t, http.StatusForbidden, s.signedIn(s.vera).post("/p/northwind/qualification", url.Values{"question": {"Why?"}, "answer": {"x"}, "who": {"y"}}).status)
	out := decode[struct {
		Page     string
		Coverage struct{ Questions, Asked, Several int }
	}](t, s.program(s.vera, people.Read).call("GET", "/prospects/northwind/qualification", ""))
	assert.Equal(t, "internal/qualifying/qualification", out.Page)
	assert.Equal(t, 14, out.Coverage.Questions)
	assert.Equal(t, 1, out.Coverage.Several)
	dana := s.program(s.dana, people.Read|people.Write)
	at := "/prospects/northwind/qualification"
	said := dana.call("POST", at, `{"question":"Is a budget allocated?","answer":"Only half of it","who":"Henrik","when":"2026-11-13"}`)
	require.Equal(t, http.StatusOK, said.status, said.body)
	assert.Contains(t, said.body, "Only half of it")
	assert.Contains(t, string(s.read("northwind", "internal/qualifying/qualification").Text), "- Only half of it · said by Henrik · on 2026-11-13\n")
	assert.Equal(t, http.StatusUnprocessableEntity, dana.call("POST", at, `{"question":"Is a budget allocated?","answer":"x","who":""}`).status)
	assert.Equal(t, http.StatusForbidden, s.program(s.vera, people.Read|people.Write).call("POST", at, `{"question":"Why?","answer":"x","who":"y"}`).status)
	assert.Equal(t, http.StatusForbidden, s.program(s.dana, people.Read).call("POST", at, `{"question":"Why?","answer":"x","who":"y"}`).status, "a token that reads writes nothing")
	assert.Equal(t, http.StatusNotFound, s.program(s.mara, people.Read|people.Write).call("POST", "/prospects/secretco/qualification", `{"question":"Why?","answer":"x","who":"y"}`).status)
	assert.Equal(t, http.StatusNotFound, s.signedIn(s.mara).get("/p/secretco/qualification").status)
}
