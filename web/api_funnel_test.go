package web

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dealwiki/wiki/people"
)

func TestAPIFunnel(t *testing.T) {
	s := newSite(t)
	admin, dana := s.program(s.ada, people.AllScopes), s.program(s.dana, people.AllScopes)
	type funnel struct {
		PeriodDays int `json:"period_days"`
		Stages     []struct{ Key, Title string }
		Text       string
	}
	got := decode[funnel](t, dana.call("GET", "/funnel", ""))
	assert.Equal(t, 90, got.PeriodDays)
	require.NotEmpty(t, got.Stages)
	assert.Equal(t, "Prospecting", got.Stages[0].Title)

	body := func(text string) string {
		data, err := json.Marshal(map[string]string{"text": text})
		require.NoError(t, err)
		return string(data)
	}
	next := strings.Replace(got.Text, "title: Prospecting", "title: Hunting", 1)
	assert.Equal(t, http.StatusForbidden, dana.call("PUT", "/funnel", body(next)).status)
	bad := admin.call("PUT", "/funnel", body("stages: []\n"))
	assert.Equal(t, http.StatusUnprocessableEntity, bad.status)
	assert.Contains(t, bad.body, "3 to 12")
	assert.Equal(t, got, decode[funnel](t, dana.call("GET", "/funnel", "")), "nothing has changed")

	// Deals whose stage goes have to go somewhere.
	hunting := strings.Replace(got.Text, "key: prospecting", "key: hunting", 1)
	refused := admin.call("PUT", "/funnel", body(hunting))
	assert.Equal(t, http.StatusUnprocessableEntity, refused.status)
	assert.Contains(t, refused.body, "prospecting (1)")
	data, err := json.Marshal(map[string]any{"text": hunting, "moves": map[string]string{"prospecting": "hunting"}})
	require.NoError(t, err)
	moved := admin.call("PUT", "/funnel", string(data))
	require.Equal(t, http.StatusOK, moved.status, moved.body)
	e, err := s.wiki.Prospect(t.Context(), s.as(s.dana), "secretco")
	require.NoError(t, err)
	assert.Equal(t, "hunting", e.Stage)

	next = strings.Replace(hunting, "title: Prospecting", "title: Hunting", 1)
	set := admin.call("PUT", "/funnel", body(next))
	require.Equal(t, http.StatusOK, set.status, set.body)
	assert.Equal(t, "Hunting", decode[funnel](t, dana.call("GET", "/funnel", "")).Stages[0].Title)
}
