package content_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dealwiki/content"
)

var update = flag.Bool("update", false, "write golden files anew")

// world knows three pages, one file and two people.
type world struct{}

func (world) Page(l content.Link) content.Target {
	switch l.Page {
	case "closing/close-plan", "close-plan":
		return content.Target{Href: "/p/northwind/internal/closing/close-plan", Title: "Close plan", Section: "internal", Found: true}
	}
	return content.Target{Href: "/p/northwind/new?page=" + l.Page}
}

func (world) Dest(dest string) (string, bool) {
	switch {
	case strings.Contains(dest, "://"), strings.HasPrefix(dest, "mailto:"):
		return dest, false
	case strings.HasPrefix(dest, "missing"):
		return "", true
	}
	return "/p/northwind/" + dest, false
}

func (world) Person(handle string) (string, string, bool) {
	switch handle {
	case "sam":
		return "Sam Field", "/people/sam", true
	case "ingrid":
		return "Ingrid Berg", "", true
	}
	return "", "", false
}

// Each golden file holds a page as in.md, what is read from it as read.json,
// and how it is shown as out.html.
func TestGolden(t *testing.T) {
	files, err := filepath.Glob("testdata/golden/*.txtar")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			b, err := os.ReadFile(file)
			require.NoError(t, err)
			parts := cutArchive(b)
			in := parts["in.md"]
			require.NotNil(t, in)
			d := content.Parse(in)
			require.Equal(t, string(in), string(d.Source()))
			got := map[string][]byte{
				"read.json": read(t, d),
				"out.html":  d.HTML(world{}, content.RenderOptions{}),
			}
			if *update {
				var out bytes.Buffer
				fmt.Fprintf(&out, "-- in.md --\n%s-- read.json --\n%s-- out.html --\n%s", in, got["read.json"], got["out.html"])
				require.NoError(t, os.WriteFile(file, out.Bytes(), 0o666))
				return
			}
			for name, b := range got {
				assert.Equal(t, string(parts[name]), string(b), name)
			}
		})
	}
}

// cutArchive reads the txtar format: parts after lines “-- name --”.
func cutArchive(b []byte) map[string][]byte {
	parts := map[string][]byte{}
	name := ""
	for _, l := range bytes.SplitAfter(b, []byte{'\n'}) {
		if n, ok := bytes.CutPrefix(l, []byte("-- ")); ok {
			if n, ok := bytes.CutSuffix(n, []byte(" --\n")); ok {
				name = string(n)
				parts[name] = []byte{}
				continue
			}
		}
		parts[name] = append(parts[name], l...)
	}
	return parts
}

func read(t *testing.T, d *content.Doc) []byte {
	t.Helper()
	out := struct {
		Notice, Title, Lead string
		Words               int
		Front               map[string]any    `json:",omitempty"`
		FrontErr            string            `json:",omitempty"`
		Outline             []content.Heading `json:",omitempty"`
		Facts               []content.Fact    `json:",omitempty"`
		Tasks               []content.Task    `json:",omitempty"`
		Actions             []content.Action  `json:",omitempty"`
		Links               []content.Link    `json:",omitempty"`
		Mentions            []string          `json:",omitempty"`
		Text                []string
	}{
		Notice: d.Notice(), Title: d.Title(), Lead: d.Lead(), Words: d.Words(), Front: d.Front().Values, Outline: d.Outline(),
		Facts: d.Facts(), Tasks: d.Tasks(), Actions: d.Actions(), Links: d.Links(), Mentions: d.Mentions(), Text: strings.Split(d.Text(), "\n"),
	}
	if err := d.Front().Err; err != nil {
		out.FrontErr = err.Error()
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", " ")
	require.NoError(t, enc.Encode(out))
	return b.Bytes()
}
