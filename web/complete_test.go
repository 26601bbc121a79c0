package web

import (
	"encoding/json"
	"net/http"
	"os"
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func (b *browser) completions(query string) []string {
	b.t.Helper()
	a := b.get("/-/complete?" + query)
	require.Equal(b.t, http.StatusOK, a.status, a.body)
	var answer struct{ Items []Completion }
	require.NoError(b.t, json.Unmarshal([]byte(a.body), &answer))
	out := []string{}
	for _, item := range answer.Items {
		out = append(out, item.Value)
	}
	return out
}

func TestCompletions(t *testing.T) {
	s := newSite(t)
	s.write("northwind", "internal/pricing/prices", "# Prices of close friends\n")
	mara, dana := s.signedIn(s.mara), s.signedIn(s.dana)
	for query, want := range map[string][]string{
		"prospect=northwind&section=internal&kind=page&q=clo&stage=closing": {"closing/close-plan", "pricing/prices", "closing/terms"},
		"prospect=northwind&section=internal&kind=page&q=closing/cl":        {"closing/close-plan"},
		"prospect=northwind&section=external&kind=page&q=":                  {"closing/terms"},
		"prospect=northwind&section=external&kind=page&q=close-plan":        {},
		"prospect=northwind&section=internal&kind=page&q=secretco:":         {},
		"prospect=northwind&section=internal&kind=page&q=northwind:pri":     {"pricing/prices"},
		"prospect=northwind&section=internal&kind=person&q=v":               {"vera"},
		"prospect=northwind&section=external&kind=person&q=test":            {"ada", "dana", "mara", "vera"},
		"prospect=playbook&section=internal&kind=person&q=ma":               {"mara"},
	} {
		assert.Equal(t, want, mara.completions(query), query)
	}
	assert.Equal(t, []string{"secretco:account/overview"}, dana.completions("prospect=northwind&section=internal&kind=page&q=secretco:over"))
	assert.Empty(t, dana.completions("prospect=northwind&section=external&kind=page&q=secretco:over"), "external pages name no other prospects")
	assert.Equal(t, []string{"close-plan"}, mara.completions("prospect=northwind&section=internal&kind=template&stage=closing&q=")[:1])
	assert.Empty(t, mara.completions("prospect=northwind&section=internal&kind=template&stage=nowhere&q="))
	// On a restricted prospect only those on it are named.
	assert.Equal(t, []string{"dana"}, dana.completions("prospect=secretco&section=internal&kind=person&q=test"))
	for query, status := range map[string]int{
		"prospect=secretco&section=internal&kind=page&q=": http.StatusNotFound,
		"prospect=nosuchco&section=internal&kind=page&q=": http.StatusNotFound,
		"prospect=playbook&section=external&kind=page&q=": http.StatusNotFound,
		"prospect=northwind&section=internal&kind=all&q=": http.StatusBadRequest,
	} {
		assert.Equal(t, status, mara.get("/-/complete?"+query).status, query)
	}
	assert.Equal(t, mara.get("/-/complete?prospect=secretco&section=internal&kind=page&q=").body, mara.get("/-/complete?prospect=nosuchco&section=internal&kind=page&q=").body)
}

// The colours of carets are those of the design tokens.
func TestPersonColorsAreTheTokens(t *testing.T) {
	css, err := os.ReadFile("ui/css/tokens.css")
	require.NoError(t, err)
	var tokens []string
	for _, m := range regexp.MustCompile(`--person-[1-8]: (#[0-9a-f]{6});`).FindAllStringSubmatch(string(css), 8) {
		tokens = append(tokens, m[1])
	}
	assert.Equal(t, personColors[:], tokens)
}
