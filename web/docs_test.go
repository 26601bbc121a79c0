package web

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dealwiki/wiki/people"
)

// The manual lists every call that there is, and no other.
func TestEveryCallIsInTheManual(t *testing.T) {
	manual, err := os.ReadFile("../docs/api.md")
	require.NoError(t, err)
	listed := map[string]bool{}
	for line := range strings.Lines(string(manual)) {
		if call, ok := strings.CutPrefix(line, "| `"); ok {
			call, _, _ = strings.Cut(call, "`")
			if strings.Contains(call, " "+apiPrefix+"/") {
				listed[call] = true
			}
		}
	}
	s := newSite(t)
	doc := decode[struct {
		Paths map[string]map[string]any
	}](t, s.program(s.dana, people.Read).call("GET", "/openapi.json", ""))
	require.NotEmpty(t, doc.Paths)
	for path, calls := range doc.Paths {
		for method := range calls {
			call := strings.ToUpper(method) + " " + path
			assert.True(t, listed[call], "docs/api.md does not list %s", call)
			delete(listed, call)
		}
	}
	assert.Empty(t, listed, "docs/api.md lists calls that are not there")
}
