package content_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"dealwiki/content"
)

// seeds are the pages every fuzz target begins with: the specification, the
// attacks and the golden pages.
func seeds(f *testing.F) []string {
	var out []string
	for _, name := range []string{"commonmark-0.31.2.json", "gfm-extensions.json"} {
		for _, e := range examples(f, name) {
			out = append(out, e.Markdown)
		}
	}
	files, err := filepath.Glob("testdata/golden/*.txtar")
	require.NoError(f, err)
	for _, file := range files {
		b, err := os.ReadFile(file)
		require.NoError(f, err)
		out = append(out, string(cutArchive(b)["in.md"]))
	}
	return append(out, attacks...)
}

// FuzzParse checks what must hold for every page: nothing panics, the source
// is kept, the HTML can do no harm, lines and ids are real, and the output is
// in proportion to the input or within the cap.
func FuzzParse(f *testing.F) {
	for _, s := range seeds(f) {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		kept := bytes.Clone(src)
		steps, budget, nodes := content.Work(src)
		// A single charge is at most some times the size of the page.
		require.LessOrEqual(t, steps, budget+8*len(src)+1<<20)
		// A byte makes at most a row of 200 cells.
		require.LessOrEqual(t, nodes, 201*len(src)+100)
		d := content.Parse(src)
		for _, r := range []content.Resolver{nil, hostile{}} {
			out := d.HTML(r, content.RenderOptions{Tasks: true, RemoteImages: true})
			harmless(t, string(src), string(out))
			require.True(t, utf8.Valid(out))
			require.LessOrEqual(t, len(out), 13<<20)
		}
		require.Equal(t, kept, d.Source())
		require.True(t, utf8.ValidString(d.Text()) && utf8.ValidString(d.Title()) && utf8.ValidString(d.Lead()))
		lines := bytes.Count(src, []byte{'\n'}) + 1
		ids := map[string]bool{}
		for _, h := range d.Outline() {
			require.NotEmpty(t, h.ID)
			require.False(t, ids[h.ID], h.ID)
			ids[h.ID] = true
			require.True(t, h.Line >= 1 && h.Line <= lines, "%d of %d", h.Line, lines)
		}
		for _, l := range d.Facts() {
			require.True(t, l.Line >= 1 && l.Line <= l.EndLine && l.EndLine <= lines, "%d to %d of %d", l.Line, l.EndLine, lines)
		}
		for _, l := range d.Links() {
			require.True(t, l.Line >= 1 && l.Line <= lines)
		}
		for _, task := range d.Tasks() {
			out, err := content.SetTask(src, task.Line, !task.Done)
			require.NoError(t, err)
			require.Len(t, out, len(src))
			back, err := content.SetTask(out, task.Line, task.Done)
			require.NoError(t, err, "%q", out)
			require.True(t, bytes.EqualFold(src, back))
		}
	})
}

// FuzzAssignIDs checks that ids are put once, by insertions only, and change
// nothing else that can be read.
func FuzzAssignIDs(f *testing.F) {
	for _, s := range seeds(f) {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		n := 0
		newID := func(kind string) string { n++; return fmt.Sprintf("zz-%d", n) }
		before := content.Parse(src)
		out, changed := content.AssignIDs(src, newID)
		require.Equal(t, changed, !bytes.Equal(src, out))
		if !changed {
			return
		}
		// Without the ids it is the page it was.
		plain := out
		for i := n; i > 0; i-- {
			if !bytes.Contains(src, fmt.Appendf(nil, " ^zz-%d", i)) {
				plain = bytes.Replace(plain, fmt.Appendf(nil, " ^zz-%d", i), nil, 1)
			}
		}
		if !bytes.Contains(src, []byte("^zz-")) {
			require.Equal(t, string(src), string(plain))
		}
		after := content.Parse(out)
		require.Equal(t, len(before.Facts()), len(after.Facts()), "%q", out)
		require.Equal(t, len(before.Tasks()), len(after.Tasks()), "%q", out)
		again, changed := content.AssignIDs(out, newID)
		require.False(t, changed, "%q then %q", out, again)
	})
}

// FuzzMerge checks the laws of merging and comparing.
func FuzzMerge(f *testing.F) {
	all := seeds(f)
	for i, s := range all {
		f.Add([]byte(s), []byte(all[(i+1)%len(all)]), []byte(strings.ToUpper(s)))
	}
	f.Fuzz(func(t *testing.T, base, ours, theirs []byte) {
		for _, c := range [][4][]byte{{base, ours, base, ours}, {base, base, theirs, theirs}, {base, ours, ours, ours}} {
			got, overlaps := content.Merge(c[0], c[1], c[2])
			require.Equal(t, string(c[3]), string(got))
			require.Empty(t, overlaps)
		}
		merged, overlaps := content.Merge(base, ours, theirs)
		require.LessOrEqual(t, len(merged), len(base)+len(ours)+len(theirs)+2)
		for _, o := range overlaps {
			require.Contains(t, string(merged)+"\n", o.Ours)
			require.Contains(t, string(merged)+"\n", o.Theirs)
			require.True(t, o.Line >= 1)
		}
		require.Equal(t, string(theirs), string(applyLines(t, ours, theirs, content.DiffLines(ours, theirs))))
		x, y := sides(content.DiffWords(string(ours), string(theirs)))
		require.Equal(t, string(ours), x)
		require.Equal(t, string(theirs), y)
		content.Compare(ours, theirs, 3)
		s := content.Similar(ours, theirs)
		require.True(t, s >= 0 && s <= 1)
	})
}
