package web

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dealwiki/wiki"
	"dealwiki/wiki/playbook"
)

func TestReadyMadeFunnels(t *testing.T) {
	for name, stages := range map[string]int{"eight": 8, "six": 6, "four": 4} {
		text, err := playbook.Funnel(name)
		require.NoError(t, err)
		f, err := wiki.ParseFunnel(text)
		require.NoError(t, err, name)
		assert.Len(t, f.Stages, stages, name)
	}
	s := newSite(t)
	b := s.signedIn(s.ada)
	assert.Contains(t, b.ok("/playbook/funnel?start=four"), "Four steps, for short sales")
	assert.Equal(t, http.StatusNotFound, b.get("/playbook/funnel?start=none").status)
}

func TestAStageWithProspectsGoes(t *testing.T) {
	s := newSite(t)
	b := s.signedIn(s.ada)
	four, err := playbook.Funnel("four")
	require.NoError(t, err)
	a := b.post("/playbook/funnel", url.Values{"text": {string(four)}})
	require.Equal(t, http.StatusConflict, a.status, a.body)
	assert.Contains(t, a.body, "From Prospecting to")
	assert.Contains(t, a.body, "and 1 you cannot see", "a restricted one is not named")
	assert.NotContains(t, a.body, "Secret Co")
	a = b.post("/playbook/funnel", url.Values{"text": {string(four)}, "move-prospecting": {"nowhere"}})
	assert.Equal(t, http.StatusUnprocessableEntity, a.status)
	a = b.post("/playbook/funnel", url.Values{"text": {string(four)}, "move-prospecting": {"qualifying"}})
	require.Equal(t, http.StatusSeeOther, a.status, a.body)
	e, err := s.wiki.Prospect(t.Context(), s.as(s.dana), "secretco")
	require.NoError(t, err)
	assert.Equal(t, "qualifying", e.Stage)
}
