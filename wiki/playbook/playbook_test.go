package playbook_test

import (
	"io/fs"
	"path"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"

	"dealwiki/wiki/playbook"
)

type needed struct {
	Section, Page, Title, Template string
	Optional                       bool
}

type funnel struct {
	Target     float64
	Currency   string
	PeriodDays int `yaml:"period_days"`
	Account    struct{ Needed []needed }
	Stages     []struct {
		Key, Title, Buyer, Is string
		WatchOut              string `yaml:"watch_out"`
		TypicalDays           int    `yaml:"typical_days"`
		Warn                  []string
		Exit                  []struct{ ID, Text string }
		Tasks                 []struct {
			Text, Job string
			Due       int
		}
		Needed []needed
	}
}

var jobs = []string{"sales", "technical", "delivery", "marketing", "manager"}

func load(t *testing.T) (fs.FS, funnel) {
	t.Helper()
	files := playbook.Files()
	text, err := fs.ReadFile(files, "funnel.yaml")
	require.NoError(t, err)
	var f funnel
	d := yaml.NewDecoder(strings.NewReader(string(text)))
	d.KnownFields(true)
	require.NoError(t, d.Decode(&f))
	return files, f
}

func TestFunnelIsComplete(t *testing.T) {
	files, f := load(t)
	require.Len(t, f.Stages, 8)
	assert.Equal(t, "EUR", f.Currency)
	assert.Equal(t, 90, f.PeriodDays)

	used := map[string]bool{}
	external := map[string]string{}
	check := func(stage string, pages []needed) {
		for _, n := range pages {
			assert.Contains(t, []string{"internal", "external"}, n.Section, n.Page)
			assert.NotEmpty(t, n.Title, n.Page)
			assert.Equal(t, n.Section+"-"+stage+"-"+n.Page+".md", n.Template)
			text, err := fs.ReadFile(files, "templates/"+n.Template)
			if assert.NoError(t, err) {
				assert.True(t, strings.HasPrefix(string(text), "# "), "%s starts with its title", n.Template)
			}
			used[n.Template] = true
			if n.Section == "external" {
				assert.Empty(t, external[n.Page], "external page names are unique: %s", n.Page)
				external[n.Page] = stage
			}
		}
	}
	check("account", f.Account.Needed)
	for _, s := range f.Stages {
		assert.NotEmpty(t, s.Title)
		assert.NotEmpty(t, s.Buyer)
		assert.NotEmpty(t, s.Is)
		assert.NotEmpty(t, s.WatchOut)
		assert.Positive(t, s.TypicalDays)
		assert.NotEmpty(t, s.Exit)
		assert.NotEmpty(t, s.Tasks)
		for _, e := range s.Exit {
			assert.NotEmpty(t, e.ID)
			assert.NotEmpty(t, e.Text)
		}
		for _, task := range s.Tasks {
			assert.Contains(t, jobs, task.Job)
			assert.Positive(t, task.Due)
		}
		for _, w := range s.Warn {
			assert.Contains(t, jobs, w)
		}
		assert.GreaterOrEqual(t, len(s.Needed), 2, s.Key)
		check(s.Key, s.Needed)
	}

	entries, err := fs.ReadDir(files, "templates")
	require.NoError(t, err)
	for _, e := range entries {
		if strings.Contains(e.Name(), "-log-") {
			continue
		}
		assert.True(t, used[e.Name()], "%s is asked for by no stage", e.Name())
	}
}

var (
	link        = regexp.MustCompile(`\[\[([^\]|]+)`)
	placeholder = regexp.MustCompile(`\{\{(\w+)\}\}`)
)

// A template must name only pages the funnel knows, and an external one only
// external pages: whatever stands in it may be read by guests.
func TestTemplatesNameKnownPages(t *testing.T) {
	files, f := load(t)
	known := map[string]bool{}
	for _, n := range f.Account.Needed {
		known[n.Section+"/account/"+n.Page] = true
	}
	for _, s := range f.Stages {
		for _, n := range s.Needed {
			known[n.Section+"/"+s.Key+"/"+n.Page] = true
		}
	}
	entries, err := fs.ReadDir(files, "templates")
	require.NoError(t, err)
	for _, e := range entries {
		text, err := fs.ReadFile(files, path.Join("templates", e.Name()))
		require.NoError(t, err)
		for _, m := range placeholder.FindAllStringSubmatch(string(text), -1) {
			assert.Contains(t, []string{"prospect", "company", "date", "owner", "stage"}, m[1], e.Name())
		}
		for _, m := range link.FindAllStringSubmatch(string(text), -1) {
			ok := known["external/"+m[1]]
			if strings.HasPrefix(e.Name(), "internal-") {
				ok = ok || known["internal/"+m[1]]
			}
			assert.True(t, ok, "%s links to %s", e.Name(), m[1])
		}
		assert.NotContains(t, string(text), "> [!", "%s: an untouched template must hold no facts", e.Name())
	}
}

func TestCompanyPagesLinkToEachOther(t *testing.T) {
	files := playbook.Files()
	entries, err := fs.ReadDir(files, "account")
	require.NoError(t, err)
	require.NotEmpty(t, entries)
	for _, e := range entries {
		text, err := fs.ReadFile(files, "account/"+e.Name())
		require.NoError(t, err)
		for _, m := range link.FindAllStringSubmatch(string(text), -1) {
			_, err := fs.Stat(files, m[1]+".md")
			assert.NoError(t, err, "%s links to %s", e.Name(), m[1])
		}
	}
}

func TestSourcesStartEmpty(t *testing.T) {
	text, err := fs.ReadFile(playbook.Files(), "sources.yaml")
	require.NoError(t, err)
	var s struct{ Sources []any }
	require.NoError(t, yaml.Unmarshal(text, &s))
	assert.Empty(t, s.Sources)
}
