package dealwiki_test

import (
	"io/fs"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// documents are the README and what lies in docs.
func documents(t *testing.T) []string {
	t.Helper()
	list, err := fs.Glob(os.DirFS("docs"), "*.md")
	require.NoError(t, err)
	for i := range list {
		list[i] = "docs/" + list[i]
	}
	return append(list, "README.md")
}

// A fence of any length, up to the same one.
var (
	fenced  = regexp.MustCompile("(?s)(?:^|\n)(````?).*?\n````?(?:\n|$)")
	inline  = regexp.MustCompile("`[^`\n]*`")
	links   = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	heading = regexp.MustCompile(`(?m)^#+ +(.+)$`)
	dropped = regexp.MustCompile(`[^\p{L}\p{N} _-]`)
)

// anchors are the names that a document's headings can be linked by.
func anchors(text string) []string {
	var out []string
	for _, m := range heading.FindAllStringSubmatch(fenced.ReplaceAllString(text, "\n"), -1) {
		out = append(out, strings.ReplaceAll(dropped.ReplaceAllString(strings.ToLower(m[1]), ""), " ", "-"))
	}
	return out
}

func TestLinksOfDocumentsLeadSomewhere(t *testing.T) {
	for _, name := range documents(t) {
		data, err := os.ReadFile(name)
		require.NoError(t, err)
		text := inline.ReplaceAllString(fenced.ReplaceAllString(string(data), "\n"), "")
		for _, m := range links.FindAllStringSubmatch(text, -1) {
			u, err := url.Parse(m[1])
			if !assert.NoError(t, err, "%s: %s", name, m[1]) || u.Scheme != "" {
				continue
			}
			target := name
			if u.Path != "" {
				target = path.Join(path.Dir(name), u.Path)
			}
			_, err = os.Stat(filepath.FromSlash(target))
			if assert.NoError(t, err, "%s links %s", name, m[1]) && u.Fragment != "" {
				there, err := os.ReadFile(filepath.FromSlash(target))
				require.NoError(t, err)
				assert.Contains(t, anchors(string(there)), u.Fragment, "%s links %s", name, m[1])
			}
		}
	}
}

func TestReadmeNamesTheTwoCommandsAndEveryDocument(t *testing.T) {
	data, err := os.ReadFile("README.md")
	require.NoError(t, err)
	for _, command := range []string{"go run ./cmd/dealwiki demo", "go test ./..."} {
		assert.Contains(t, string(data), "\n    "+command+"\n")
	}
	for _, name := range documents(t) {
		if name != "README.md" {
			assert.Contains(t, string(data), "("+name+")")
		}
	}
}

// NOTICE sends whoever wants to know the licences of modules to the list.
func TestModulesUsedDirectlyAreListed(t *testing.T) {
	mod, err := os.ReadFile("go.mod")
	require.NoError(t, err)
	decisions, err := os.ReadFile("docs/decisions.md")
	require.NoError(t, err)
	_, list, found := strings.Cut(string(decisions), "## Modules used directly")
	require.True(t, found)
	named := map[string]bool{}
	for _, cell := range regexp.MustCompile(`(?m)^\| ([^|]+) \|`).FindAllStringSubmatch(list, -1) {
		for name := range strings.SplitSeq(cell[1], ", ") {
			named[name] = true // in full, or without host and owner
		}
	}
	some := 0
	for line := range strings.Lines(string(mod)) {
		fields := strings.Fields(line)
		if len(fields) != 2 || !strings.HasPrefix(fields[1], "v") || strings.HasPrefix(line, "module") {
			continue // an indirect one has a comment
		}
		some++
		parts := strings.SplitN(fields[0], "/", 3)
		assert.True(t, named[fields[0]] || named[parts[len(parts)-1]], "%s is not in the list of docs/decisions.md", fields[0])
	}
	assert.Greater(t, some, 20)
}
