package transfer_test

import (
	"archive/zip"
	"bytes"
	"flag"
	"fmt"
	"io"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dealwiki/wiki"
	"dealwiki/wiki/transfer"
)

var update = flag.Bool("update", false, "write the golden files anew")

func export(t testing.TB, w *world, o transfer.ExportOptions) (map[string]string, []byte) {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, transfer.Export(t.Context(), w.Wiki, cli, &b, o))
	zr, err := zip.NewReader(bytes.NewReader(b.Bytes()), int64(b.Len()))
	require.NoError(t, err)
	files := map[string]string{}
	for _, f := range zr.File {
		r, err := f.Open()
		require.NoError(t, err)
		data, err := io.ReadAll(r)
		require.NoError(t, err)
		require.NotContains(t, files, f.Name)
		files[f.Name] = string(data)
	}
	return files, b.Bytes()
}

func golden(t testing.TB, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", "golden", name)
	if *update {
		require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o755))
		require.NoError(t, os.WriteFile(file, []byte(got), 0o644))
	}
	want, err := os.ReadFile(file)
	require.NoError(t, err)
	assert.Equal(t, string(want), got)
}

// exported is a prospect with pages, links and attachments on both sides.
func exported(t testing.TB) *world {
	w := newWorld(t)
	_, err := w.Create(t.Context(), cli, wiki.NewProspect{Prospect: wiki.Prospect{Title: "Northwind <Rail>"}})
	require.NoError(t, err)
	put := func(f wiki.File, data string) {
		sp, err := w.Space(t.Context(), cli, "northwind-rail")
		require.NoError(t, err)
		sd, err := sp.Side(f.Section)
		require.NoError(t, err)
		_, err = sd.PutFile(t.Context(), cli, f, []byte(data), false)
		require.NoError(t, err)
	}
	w.edit("northwind-rail", "internal/account/overview", "# Canary overview\n\nWhat they *want*. See [[proposing/offer]], [terms](../closing/terms.md#x), [gone](gone.md), [[account/none]],\n"+
		"[the table](files/Price%20list.csv), <https://example.com/> and [the offer](../proposing/offer.md).\n\n<script>alert(1)</script>\n\n![](https://example.com/x.png)\n")
	w.edit("northwind-rail", "internal/closing/terms", "# Terms\n\nCanary terms.\n")
	w.edit("northwind-rail", "external/proposing/offer", "---\ntitle: Our offer\n---\n\nFor you: [[closing/terms]], [inside](../account/overview.md), [plan](../closing/plan.md), ![](files/map.png)\n")
	w.edit("northwind-rail", "external/closing/plan", "# Plan\n\n- [ ] sign\n")
	put(wiki.File{Section: wiki.Internal, Stage: "account", Name: "Price list.csv"}, "a,b\n")
	put(wiki.File{Section: wiki.External, Stage: "proposing", Name: "map.png"}, "png")
	return w
}

func TestExport(t *testing.T) {
	w := exported(t)
	files, raw := export(t, w, transfer.ExportOptions{Prospect: "northwind-rail"})
	var listing strings.Builder
	for _, name := range sorted(keys(files)) {
		fmt.Fprintf(&listing, "%s\n", name)
	}
	golden(t, "export.txt", listing.String())
	_, again := export(t, w, transfer.ExportOptions{Prospect: "northwind-rail"})
	assert.Equal(t, raw, again, "the same bytes")
	// Commit ids depend on random ids of facts; there are none here.
	golden(t, "overview.html", files["internal/account/overview.html"])
	golden(t, "offer.html", files["external/proposing/offer.html"])
	golden(t, "index.html", regexp.MustCompile(`[0-9a-f]{40}`).ReplaceAllString(files["index.html"], "COMMIT"))
	checkLinks(t, files)

	for _, section := range []wiki.Section{wiki.Internal, wiki.External} {
		for _, p := range lines(git(t, w.repo("northwind-rail", section), "ls-tree", "-r", "--name-only", "main")) {
			assert.Equal(t, git(t, w.repo("northwind-rail", section), "show", "main:"+p), files[string(section)+"/"+p])
		}
	}
}

func TestExportOfExternalHoldsNothingOfInternal(t *testing.T) {
	w := exported(t)
	files, _ := export(t, w, transfer.ExportOptions{Prospect: "northwind-rail", Sections: []wiki.Section{wiki.External}})
	for name, text := range files {
		assert.False(t, strings.HasPrefix(name, "internal"), name)
		assert.NotContains(t, text, "Canary", name)
		assert.NotContains(t, text, "href=\"../../internal", name)
	}
	assert.Contains(t, files["index.html"], "External")
	assert.NotContains(t, files["index.html"], "Internal")
	checkLinks(t, files)
}

func TestExportOfRealDealsHasWorkingLinks(t *testing.T) {
	w := newWorld(t)
	for _, name := range realDeals {
		res := w.importFrom(bundle(name), transfer.ImportOptions{Prospect: name})
		files, raw := export(t, w, transfer.ExportOptions{Prospect: res.Slug, Sections: []wiki.Section{wiki.Internal}})
		n := checkLinks(t, files)
		assert.Positive(t, n)
		_, again := export(t, w, transfer.ExportOptions{Prospect: res.Slug, Sections: []wiki.Section{wiki.Internal}})
		assert.True(t, bytes.Equal(raw, again))
	}
}

var linkAttribute = regexp.MustCompile(`(?:href|src)="([^"]*)"`)

// checkLinks follows every relative link of the site and answers how many
// there are; nothing may be loaded from elsewhere.
func checkLinks(t testing.TB, files map[string]string) int {
	t.Helper()
	n := 0
	for name, text := range files {
		if !strings.HasSuffix(name, ".html") {
			continue
		}
		assert.NotContains(t, text, "<script", name)
		assert.NotContains(t, text, "style=", name)
		assert.NotRegexp(t, `src="(https?:)?//`, text, name)
		for _, m := range linkAttribute.FindAllStringSubmatch(text, -1) {
			u, err := url.Parse(strings.ReplaceAll(m[1], "&amp;", "&"))
			if !assert.NoError(t, err, m[1]) || u.IsAbs() || u.Path == "" {
				continue
			}
			n++
			target := path.Join(path.Dir(name), u.Path)
			assert.Contains(t, keys(files), target, "%s links to %s", name, m[1])
		}
	}
	return n
}

func keys[V any](m map[string]V) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	return out
}
