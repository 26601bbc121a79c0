package dealwiki_test

import (
	"encoding/json"
	"os/exec"
	"path"
	"sort"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// allowed says which packages of the house a package may import, itself and
// what lies below it aside. Imports run one way:
//
//	content ← wiki ← search, realtime ← web ← cmd
var allowed = map[string][]string{
	"content":               {},
	"wiki/people":           {"wiki/guard"},
	"wiki/repo":             {"content"},
	"wiki/playbook":         {},
	"wiki":                  {"wiki/guard", "content", "wiki/people", "wiki/playbook", "wiki/repo"},
	"wiki/handoff":          {"content", "wiki", "wiki/people", "wiki/repo", "wiki/register"},
	"wiki/brief":            {"content", "wiki", "wiki/people", "wiki/repo", "wiki/register"},
	"wiki/maillog":          {"content", "wiki", "wiki/people"},
	"wiki/actionplan":       {"content"},
	"wiki/source":           {"wiki", "wiki/maillog", "wiki/people", "wiki/repo"},
	"wiki/mailtest":         {},
	"wiki/qualification":    {},
	"wiki/register":         {"content", "wiki", "wiki/people", "wiki/repo"},
	"wiki/pipeline":         {"content", "wiki", "wiki/people", "wiki/repo", "wiki/register", "wiki/handoff", "wiki/brief"},
	"wiki/credit":           {"content", "wiki", "wiki/people", "wiki/repo", "wiki/register", "wiki/handoff", "wiki/brief", "wiki/pipeline"},
	"wiki/transfer":         {"content", "realtime/journal", "wiki", "wiki/people", "wiki/repo"},
	"internal/need":         {},
	"internal/chrome":       {"internal/need"},
	"wiki/guard":            {},
	"wiki/wikitest":         {"wiki", "wiki/people"},
	"wiki/sample":           {"content", "wiki", "wiki/handoff", "wiki/maillog", "wiki/people", "wiki/repo"},
	"search/query":          {},
	"search/extract":        {},
	"search":                {"content", "wiki", "wiki/people", "wiki/repo", "search/query", "search/extract"},
	"realtime":              {"wiki/guard", "content", "wiki", "wiki/people", "wiki/repo", "realtime/yjs", "realtime/journal"},
	"realtime/yjs":          {},
	"realtime/journal":      {"realtime/yjs"},
	"realtime/load":         {"realtime/yjs"},
	"realtime/powercut":     {},
	"web/ui":                {},
	"web/notify":            {"content", "wiki", "wiki/people", "wiki/repo", "wiki/handoff", "wiki/pipeline", "web/webhook"},
	"web/inmail":            {"wiki", "wiki/maillog", "wiki/people"},
	"web/githttp":           {"wiki", "wiki/people", "wiki/repo"},
	"web/outbound":          {},
	"web/webhook":           {"web/outbound", "wiki", "wiki/people"},
	"web/signon":            {},
	"web/signon/signontest": {}, // for tests
	"web/ui/build":          {},
	"web/ui/src/live":       {}, // tests of the scripts beside them
	"web":                   {"wiki/guard", "content", "realtime", "wiki", "wiki/maillog", "wiki/source", "wiki/people", "wiki/actionplan", "wiki/repo", "wiki/qualification", "wiki/playbook", "wiki/register", "wiki/handoff", "wiki/brief", "wiki/pipeline", "wiki/credit", "wiki/transfer", "search", "search/query", "search/extract", "web/githttp", "web/inmail", "web/notify", "web/signon", "web/webhook", "web/ui"},
	"cmd/dealwiki":          {"realtime", "realtime/journal", "wiki", "wiki/people", "wiki/repo", "wiki/register", "wiki/handoff", "wiki/brief", "wiki/pipeline", "wiki/credit", "wiki/transfer", "wiki/maillog", "wiki/source", "wiki/sample", "search", "web", "web/signon", "web/inmail", "web/notify", "web/outbound", "web/webhook"},
}

// only says which package alone may name a module, so that a part can be
// replaced in one place.
var only = map[string][]string{
	"github.com/blevesearch/bleve/v2":  {"search"},
	"github.com/go-git/go-git/v5":      {"wiki/repo", "wiki/transfer"},
	"github.com/yuin/goldmark":         {"content"},
	"github.com/danielgtaylor/huma/v2": {"web"},
	"github.com/evanw/esbuild":         {"web/ui/build"},
	"github.com/mmcdole/gofeed":        {"wiki/source"},
	"github.com/emersion/go-smtp":      {"web/inmail"},
	"github.com/coreos/go-oidc/v3":     {"web/signon"},
	"golang.org/x/oauth2":              {"web/signon"},
	"github.com/wneessen/go-mail":      {"web/notify"},
}

func TestImportsRunOneWay(t *testing.T) {
	out, err := exec.Command("go", "list", "-json=ImportPath,Imports", "./...").Output()
	require.NoError(t, err)
	dec := json.NewDecoder(strings.NewReader(string(out)))
	seen := 0
	for dec.More() {
		var pkg struct {
			ImportPath string
			Imports    []string
		}
		require.NoError(t, dec.Decode(&pkg))
		name := strings.TrimPrefix(pkg.ImportPath, "dealwiki/")
		if pkg.ImportPath == "dealwiki" {
			continue
		}
		may, known := allowed[name]
		if !assert.True(t, known, "package %s has no place in the house; say here what it may import", name) {
			continue
		}
		seen++
		for _, imported := range pkg.Imports {
			if ours, ok := strings.CutPrefix(imported, "dealwiki/"); ok {
				assert.Contains(t, may, ours, "%s imports %s", name, ours)
			}
			for module, rooms := range only {
				if imported == module || strings.HasPrefix(imported, module+"/") {
					assert.Contains(t, rooms, name, "%s names %s", name, module)
				}
			}
		}
	}
	names := make([]string, 0, len(allowed))
	for name := range allowed {
		names = append(names, path.Clean(name))
	}
	sort.Strings(names)
	assert.Equal(t, len(names), seen, "every package named here exists: %v", names)
}
