package sample_test

import (
	"io/fs"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"

	"dealwiki/content"
	"dealwiki/wiki/playbook"
	"dealwiki/wiki/sample"
)

var now = time.Date(2026, 11, 12, 14, 21, 0, 0, time.UTC)

func load(t *testing.T) *sample.Company {
	t.Helper()
	c, err := sample.Load(now)
	require.NoError(t, err)
	return c
}

// pages returns the last text of every page, by path.
func pages(revisions []sample.Revision) map[string]string {
	texts := map[string]string{}
	for _, r := range revisions {
		texts[r.Path()] = r.Text
	}
	return texts
}

func stages(t *testing.T) map[string]bool {
	t.Helper()
	text, err := fs.ReadFile(playbook.Files(), "funnel.yaml")
	require.NoError(t, err)
	var f struct{ Stages []struct{ Key string } }
	require.NoError(t, yaml.Unmarshal(text, &f))
	known := map[string]bool{}
	for _, s := range f.Stages {
		known[s.Key] = true
	}
	return known
}

func TestEveryPageHasAPlace(t *testing.T) {
	c := load(t)
	known := stages(t)
	for _, p := range c.Prospects {
		assert.True(t, known[p.Stage], p.Slug)
		assert.NotEmpty(t, p.Revisions, p.Slug)
		assert.False(t, p.Revisions[0].At.Before(p.Stages[0].At), "%s/%s is older than the deal", p.Slug, p.Revisions[0].Path())
		external := map[string]string{}
		reached := map[string]bool{"account": true, "log": true}
		for _, s := range p.Stages {
			assert.True(t, known[s.Stage], "%s: %s", p.Slug, s.Stage)
			reached[s.Stage] = true
		}
		for _, r := range p.Revisions {
			assert.Contains(t, []string{"internal", "external"}, r.Section, r.Path())
			assert.True(t, reached[r.Stage], "%s/%s is in a stage the deal has not reached", p.Slug, r.Path())
			if r.Section == "external" {
				if place, ok := external[r.Page]; ok {
					assert.Equal(t, place, r.Path(), "external page names are unique")
				}
				external[r.Page] = r.Path()
			}
		}
		for _, f := range p.Files {
			assert.True(t, reached[f.Stage], "%s/%s", p.Slug, f.Path())
			assert.NotEmpty(t, f.Data, f.Path())
		}
	}
	for _, r := range c.Playbook {
		assert.True(t, strings.HasPrefix(r.Path(), "internal/account/"), r.Path())
	}
}

var wikilink = regexp.MustCompile(`\[\[(?:([a-z0-9-]+):)?([^\]|#]+)(?:#[^\]|]*)?(?:\|[^\]]*)?\]\]`)

func TestEveryLinkLeadsSomewhere(t *testing.T) {
	c := load(t)
	texts := map[string]map[string]string{"playbook": pages(c.Playbook)}
	for _, p := range c.Prospects {
		texts[p.Slug] = pages(p.Revisions)
	}
	starting := func(page string) bool {
		_, err := fs.Stat(playbook.Files(), page+".md")
		return err == nil
	}
	for slug, all := range texts {
		for path, text := range all {
			for _, m := range wikilink.FindAllStringSubmatch(text, -1) {
				prospect, page := m[1], m[2]
				if strings.HasPrefix(path, "external/") {
					assert.Empty(t, prospect, "%s/%s links to another prospect", slug, path)
					assert.Contains(t, all, "external/"+page+".md", "%s/%s", slug, path)
					continue
				}
				if prospect == "" {
					prospect = slug
				}
				target := texts[prospect]
				_, in := target["internal/"+page+".md"]
				_, out := target["external/"+page+".md"]
				assert.True(t, in || out || (prospect == "playbook" && starting(page)), "%s/%s links to %s:%s", slug, path, prospect, page)
			}
		}
	}
}

var (
	mention = regexp.MustCompile(`(?:^|[\s(*])@([a-z0-9-]+)`)
	fact    = regexp.MustCompile(`^> \[!(\w+)\] .*`)
	id      = regexp.MustCompile(` \^([a-z])-([0-9a-f]{4})$`)
	link    = regexp.MustCompile(`\]\((files/[^)]+)\)`)
)

func TestFactsHaveTheirIDs(t *testing.T) {
	letter := map[string]string{"decision": "d", "commitment": "c", "requirement": "r", "risk": "k", "question": "q", "stakeholder": "s"}
	for _, p := range load(t).Prospects {
		seen := map[string]string{}
		kinds := map[string]int{}
		for path, text := range pages(p.Revisions) {
			for _, line := range strings.Split(text, "\n") {
				m := id.FindStringSubmatch(line)
				action := strings.HasPrefix(strings.TrimSpace(line), "- [") && (strings.Contains(line, " due:") || strings.Contains(line, "@"))
				if f := fact.FindStringSubmatch(line); f != nil {
					if assert.NotNil(t, m, "%s/%s: %s", p.Slug, path, line) {
						assert.Equal(t, letter[f[1]], m[1], "%s/%s: %s", p.Slug, path, line)
					}
					kinds[f[1]]++
				} else if action {
					assert.NotNil(t, m, "%s/%s: %s", p.Slug, path, line)
				} else {
					assert.Nil(t, m, "%s/%s: %s", p.Slug, path, line)
				}
				if m != nil {
					assert.Empty(t, seen[m[0]], "%s: %s stands twice", p.Slug, m[0])
					seen[m[0]] = path
				}
			}
		}
		if p.Slug == "northwind-rail" {
			for kind := range letter {
				assert.Positive(t, kinds[kind], "Northwind Rail should show a %s", kind)
			}
		}
	}
}

func TestMentionsAndAttachmentsExist(t *testing.T) {
	c := load(t)
	for _, p := range c.Prospects {
		files := map[string]bool{}
		for _, f := range p.Files {
			files[f.Path()] = true
		}
		for path, text := range pages(p.Revisions) {
			for _, m := range mention.FindAllStringSubmatch(text, -1) {
				_, ok := c.Person(m[1])
				assert.True(t, ok, "%s/%s mentions %s", p.Slug, path, m[1])
			}
			for _, m := range link.FindAllStringSubmatch(text, -1) {
				folder := path[:strings.LastIndexByte(path, '/')+1]
				assert.True(t, files[folder+m[1]], "%s/%s shows %s", p.Slug, path, m[1])
			}
			assert.NotContains(t, text, "{{", "%s/%s", p.Slug, path)
		}
	}
}

// Whatever day it is shown on, nothing lies ahead, everything is in order, and
// a page's revisions differ.
func TestHistoryIsInOrderOnAnyDay(t *testing.T) {
	for day := range 9 {
		at := now.AddDate(0, 0, day)
		if day == 8 {
			at = time.Date(2027, 1, 1, 0, 3, 0, 0, time.UTC)
		}
		c, err := sample.Load(at)
		require.NoError(t, err)
		for _, p := range c.Prospects {
			last := map[string]sample.Revision{}
			for i, r := range p.Revisions {
				assert.False(t, r.At.After(at), "%s/%s lies ahead", p.Slug, r.Path())
				if i > 0 {
					assert.False(t, r.At.Before(p.Revisions[i-1].At))
				}
				before := last[r.Path()]
				assert.Equal(t, before.Number+1, r.Number, "%s/%s", p.Slug, r.Path())
				assert.NotEqual(t, before.Text, r.Text, "%s/%s", p.Slug, r.Path())
				assert.NotEmpty(t, r.Message, "%s/%s", p.Slug, r.Path())
				assert.True(t, strings.HasSuffix(r.Text, "\n"))
				last[r.Path()] = r
			}
		}
	}
}

func TestDatesFollowToday(t *testing.T) {
	c := load(t)
	for _, p := range c.Prospects {
		if p.Slug != "northwind-rail" {
			continue
		}
		assert.Equal(t, "2026-11-27", p.Close.Format(time.DateOnly))
		texts := pages(p.Revisions)
		assert.Contains(t, texts["internal/closing/close-plan.md"], "signs on **27 November**")
		assert.Contains(t, texts["external/closing/implementation-timeline.md"], "live by 1 March 2027")
		assert.Contains(t, texts, "internal/log/2026-11-10-call-with-astrid.md")
		return
	}
	require.Fail(t, "Northwind Rail is missing")
}

// Every version, old ones too, is what the server would keep: an id that had to
// be added would make a commit that nobody wrote.
func TestPagesAreKeptAsTheyAre(t *testing.T) {
	newID := func(kind string) string { return kind[:1] + "-0000" }
	for _, p := range load(t).Prospects {
		for _, r := range p.Revisions {
			_, changed := content.AssignIDs([]byte(r.Text), newID)
			assert.False(t, changed, "%s/%s version %d lacks an id", p.Slug, r.Path(), r.Number)
			doc := content.Parse([]byte(r.Text))
			assert.Empty(t, doc.Notice(), "%s/%s", p.Slug, r.Path())
			assert.NotEmpty(t, doc.Title(), "%s/%s", p.Slug, r.Path())
			written, ids := 0, map[string]bool{}
			for _, line := range strings.Split(r.Text, "\n") {
				if m := id.FindString(line); m != "" {
					written++
					assert.False(t, ids[m], "%s/%s version %d holds%s twice", p.Slug, r.Path(), r.Number, m)
					ids[m] = true
				}
			}
			assert.Equal(t, written, len(doc.Facts())+len(doc.Actions()), "%s/%s version %d", p.Slug, r.Path(), r.Number)
			for _, f := range doc.Facts() {
				assert.NotEmpty(t, f.Title, "%s/%s:%d", p.Slug, r.Path(), f.Line)
				assert.NotContains(t, f.Title, "^", "%s/%s:%d", p.Slug, r.Path(), f.Line)
			}
		}
	}
}

// The board shows what is missing in a deal's stage: four deals have gaps, so
// that a visitor sees what a gap looks like.
func TestNeededPagesAreThereButForAFew(t *testing.T) {
	text, err := fs.ReadFile(playbook.Files(), "funnel.yaml")
	require.NoError(t, err)
	type needed struct {
		Section, Page string
		Optional      bool
	}
	var f struct {
		Account struct{ Needed []needed }
		Stages  []struct {
			Key    string
			Needed []needed
		}
	}
	require.NoError(t, yaml.Unmarshal(text, &f))
	want := map[string][]string{
		"northwind-rail":        {"internal/closing/reference-call-notes.md", "external/closing/countersigned-documents.md"},
		"sund-bridge-authority": {"internal/negotiating/early-word-to-delivery.md"},
		"lakeland-water":        {"internal/pricing/value-case.md"},
		"silverline-coaches":    {"internal/prospecting/first-call.md", "internal/prospecting/opportunity.md"},
		"port-of-haugesund":     {"internal/qualifying/qualification.md", "external/qualifying/requirements.md"},
	}
	for _, p := range load(t).Prospects {
		if p.Outcome == "lost" || p.Outcome == "no-decision" {
			continue
		}
		texts := pages(p.Revisions)
		var missing []string
		check := func(stage string, list []needed) {
			for _, n := range list {
				path := n.Section + "/" + stage + "/" + n.Page + ".md"
				if _, ok := texts[path]; !ok && !n.Optional {
					missing = append(missing, path)
				}
			}
		}
		check("account", f.Account.Needed)
		for _, s := range f.Stages {
			if s.Key == p.Stage {
				check(s.Key, s.Needed)
			}
		}
		assert.Equal(t, want[p.Slug], missing, p.Slug)
	}
}
