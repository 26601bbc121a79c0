package content_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"dealwiki/content"
)

// benchPage is a page as people write them, of about a thousand words.
func benchPage() []byte {
	var b bytes.Buffer
	b.WriteString("---\ntitle: Close plan\ntags: [closing]\n---\n# Close plan\n\n")
	for i := range 12 {
		fmt.Fprintf(&b, "## Section %d\n\n", i)
		b.WriteString("Northwind signs on **27 November** if three things land: the data processing terms, the penalty cap and the migration rehearsal. Everything else in [[closing/close-plan]] is agreed, see https://example.com/terms_of_use and @sam.\n\n")
		fmt.Fprintf(&b, "> [!commitment] Go-live on 1 March 2027 @sam due:2027-03-01 ^c-%d\n> Promised by Dana to *Ingrid*.\n\n", i)
		b.WriteString("- [ ] Countersign the agreement @sam due:2026-11-17\n- [x] Redlines back\n- a plain item with `code`\n\n")
		b.WriteString("| EUR | Year 1 | Year 2 |\n|-----|-------:|-------:|\n| Platform | 230,000 | 230,000 |\n| Services | 110,000 | 40,000 |\n\n")
	}
	b.WriteString("```sql\nselect count(*) from orders where asset is null -- orphans\n```\n")
	return b.Bytes()
}

func BenchmarkParse(b *testing.B) {
	page := benchPage()
	b.SetBytes(int64(len(page)))
	b.ReportAllocs()
	for b.Loop() {
		content.Parse(page)
	}
}

func BenchmarkHTML(b *testing.B) {
	page := benchPage()
	d := content.Parse(page)
	b.SetBytes(int64(len(page)))
	b.ReportAllocs()
	for b.Loop() {
		d.HTML(world{}, content.RenderOptions{})
	}
}

func BenchmarkParseAndHTML(b *testing.B) {
	page := benchPage()
	b.SetBytes(int64(len(page)))
	b.ReportAllocs()
	for b.Loop() {
		content.Parse(page).HTML(world{}, content.RenderOptions{})
	}
}

func BenchmarkDiffWords(b *testing.B) {
	x := string(benchPage())
	y := strings.NewReplacer("27 November", "4 December", "Dana", "Tom", "Platform", "The platform").Replace(x)
	b.SetBytes(int64(len(x) + len(y)))
	b.ReportAllocs()
	for b.Loop() {
		content.DiffWords(x, y)
	}
}

func BenchmarkDiffLines(b *testing.B) {
	x := bytes.Repeat(benchPage(), 20)
	y := bytes.ReplaceAll(x, []byte("Section 7"), []byte("Section seven"))
	b.SetBytes(int64(len(x) + len(y)))
	b.ReportAllocs()
	for b.Loop() {
		content.DiffLines(x, y)
	}
}

func BenchmarkMerge(b *testing.B) {
	base := benchPage()
	ours := bytes.Replace(base, []byte("27 November"), []byte("28 November"), 1)
	theirs := bytes.Replace(base, []byte("penalty cap"), []byte("penalty limit"), 1)
	b.ReportAllocs()
	for b.Loop() {
		content.Merge(base, ours, theirs)
	}
}
