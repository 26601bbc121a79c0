package transfer_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dealwiki/wiki"
	"dealwiki/wiki/transfer"
)

var realDeals = []string{"opm-eqip", "fedramp-dashboard"}

func bundle(name string) string {
	return filepath.Join("testdata", "realdeals", name+".bundle")
}

// clone is the bundle as the system's git reads it.
func clone(t testing.TB, name string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), name+".git")
	abs, err := filepath.Abs(bundle(name))
	require.NoError(t, err)
	git(t, t.TempDir(), "clone", "-q", "--bare", abs, dir)
	return dir
}

const identities = "%an|%ae|%at|%ai|%cn|%ce|%ct|%ci|%B"

func TestRealDealsKeepEverything(t *testing.T) {
	for _, name := range realDeals {
		t.Run(name, func(t *testing.T) {
			src := clone(t, name)
			w := newWorld(t)
			res := w.importFrom(bundle(name), transfer.ImportOptions{Prospect: "Real Deal"})
			assert.True(t, res.Created)
			assert.Equal(t, "real-deal", res.Slug)
			internal := w.repo(res.Slug, wiki.Internal)

			targets := map[string]string{}
			seen := map[string]bool{}
			for _, p := range res.Pairs {
				section, path, ok := wiki.ImportTarget(p.To)
				require.True(t, ok, p.To)
				require.Equal(t, wiki.Internal, section)
				require.False(t, seen[path], "two files became %s", path)
				seen[path] = true
				targets[p.From] = path
			}

			// Every file at HEAD is there, byte for byte; every path has a name.
			for _, line := range lines(git(t, src, "ls-tree", "-r", "HEAD")) {
				meta, path, _ := strings.Cut(line, "\t")
				blob := strings.Fields(meta)[2]
				require.Contains(t, targets, path)
				assert.Equal(t, blob, strings.TrimSpace(git(t, internal, "rev-parse", "main:"+targets[path])), path)
			}
			all := map[string]bool{}
			for _, path := range lines(git(t, src, "log", "-m", "--name-only", "--format=", "HEAD")) {
				if path != "" {
					all[path] = true
				}
			}
			assert.Len(t, targets, len(all))

			// The graph, its authors, dates and messages.
			imported := git(t, internal, "rev-parse", "main^1")
			imported = strings.TrimSpace(imported)
			assert.Equal(t, git(t, src, "log", "--topo-order", "--format="+identities, "HEAD"),
				git(t, internal, "log", "--topo-order", "--format="+identities, imported))
			assert.Equal(t, shape(git(t, src, "log", "--topo-order", "--format=%H %P", "HEAD")),
				shape(git(t, internal, "log", "--topo-order", "--format=%H %P", imported)))

			// Each path's history, by git and by the wiki's table.
			for from, to := range targets {
				want := git(t, src, "log", "--format=%an%at%s", "HEAD", "--", from)
				assert.Equal(t, want, git(t, internal, "log", "--format=%an%at%s", "main", "--", to), from)
			}
			assert.NotContains(t, git(t, internal, "fsck", "--strict", "--no-dangling"), "error")
			git(t, w.repo(res.Slug, wiki.External), "fsck", "--strict", "--no-dangling")

			// Nothing of it is external.
			assert.Equal(t, "space.yaml\n", git(t, w.repo(res.Slug, wiki.External), "ls-tree", "-r", "--name-only", "main"))
			assert.Len(t, lines(git(t, w.repo(res.Slug, wiki.External), "log", "--all", "--format=%H")), 1)

			// Once more adds nothing.
			before := git(t, internal, "count-objects", "-v") + git(t, internal, "rev-parse", "main")
			again := w.importFrom(bundle(name), transfer.ImportOptions{Prospect: "Real Deal"})
			assert.False(t, again.Changed)
			assert.False(t, again.Created)
			assert.Equal(t, res.Pairs, again.Pairs)
			assert.Equal(t, before, git(t, internal, "count-objects", "-v")+git(t, internal, "rev-parse", "main"))
			// And also under its address, from a repository instead of the bundle.
			again = w.importFrom(src, transfer.ImportOptions{Prospect: "real-deal"})
			assert.False(t, again.Changed)
			assert.Equal(t, before, git(t, internal, "count-objects", "-v")+git(t, internal, "rev-parse", "main"))
		})
	}
}

func TestRealDealsReadInTheWiki(t *testing.T) {
	ctx := t.Context()
	for _, name := range realDeals {
		t.Run(name, func(t *testing.T) {
			src := clone(t, name)
			w := newWorld(t)
			res := w.importFrom(bundle(name), transfer.ImportOptions{Prospect: name})
			sp, err := w.Space(ctx, cli, res.Slug)
			require.NoError(t, err)
			sd := sp.Internal()
			m, err := sp.ImportMap(ctx, cli)
			require.NoError(t, err)
			for _, p := range res.Pairs {
				place, err := wiki.ParsePlace(p.To)
				if err != nil {
					continue // an attachment
				}
				if _, err := sd.Lookup(ctx, cli, place); err != nil {
					continue // a name from the past
				}
				versions, err := sd.History(ctx, cli, place, 1000, wiki.Edited{}.Version)
				require.NoError(t, err, p)
				// The wiki's history goes on over renames where git's ends.
				var got []string
				for _, v := range versions {
					if v.Path == place.Path() {
						got = append(got, fmt.Sprintf("%s%d%s", v.Author.Name, v.When.Unix(), v.Subject))
					}
				}
				want := lines(git(t, src, "log", "--format=%an%at%s", "HEAD", "--", p.From))
				assert.Equal(t, want, got, p.From)
				from, ok := m.Source("internal/" + place.Path())
				assert.True(t, ok)
				assert.Equal(t, p.From, from)
			}
			pages, err := sd.Pages(ctx, cli)
			require.NoError(t, err)
			for _, page := range pages {
				from, ok := m.Source("internal/" + page.Path())
				require.True(t, ok)
				assert.Equal(t, git(t, src, "show", "HEAD:"+from), w.read(res.Slug, page.String()), from)
			}
		})
	}
}

// shape names the commits of a log by their place in it, so that two histories
// can be compared.
func shape(log string) []string {
	n := map[string]int{}
	for _, line := range lines(log) {
		id, _, _ := strings.Cut(line, " ")
		n[id] = len(n)
	}
	var out []string
	for _, line := range lines(log) {
		var s []string
		for _, id := range strings.Fields(line) {
			s = append(s, fmt.Sprint(n[id]))
		}
		out = append(out, strings.Join(s, " "))
	}
	return out
}

func BenchmarkImportFedramp(b *testing.B) {
	for b.Loop() {
		w := newWorld(b)
		w.importFrom(bundle("fedramp-dashboard"), transfer.ImportOptions{Prospect: "FedRAMP"})
	}
}
