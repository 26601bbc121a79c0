package extract_test

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"compress/zlib"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/xuri/excelize/v2"

	"dealwiki/internal/need"
	"dealwiki/search/extract"
)

// archive makes a zip of name, text pairs, fast: some are bombs.
func archive(t testing.TB, pairs ...string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	z.RegisterCompressor(zip.Deflate, func(w io.Writer) (io.WriteCloser, error) { return flate.NewWriter(w, flate.BestSpeed) })
	for i := 0; i < len(pairs); i += 2 {
		w, err := z.Create(pairs[i])
		require.NoError(t, err)
		_, err = w.Write([]byte(pairs[i+1]))
		require.NoError(t, err)
	}
	require.NoError(t, z.Close())
	return b.Bytes()
}

const wordHead = `<?xml version="1.0" encoding="UTF-8"?><w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body>`

func TestDocx(t *testing.T) {
	doc := wordHead + `<w:p><w:r><w:t>Master </w:t></w:r><w:r><w:t>agreement</w:t></w:r></w:p>
<w:p><w:r><w:delText>struck out</w:delText><w:t>kept</w:t><w:tab/><w:t>R&amp;D</w:t></w:r></w:p>
<w:p><w:r><w:lastRenderedPageBreak/><w:t>Second page</w:t></w:r></w:p></w:body></w:document>`
	notes := strings.Replace(wordHead, "document", "footnotes", 1) + `<w:p><w:r><w:t>See annex B.</w:t></w:r></w:p>`
	parts, err := extract.Parts("Contract.DOCX", archive(t, "word/document.xml", doc, "word/footnotes.xml", notes))
	require.NoError(t, err)
	assert.Equal(t, []extract.Part{{"Page 1", "Master agreement\nkept\tR&D"}, {"Page 2", "Second page"}, {"Footnotes", "See annex B."}}, parts)

	parts, err = extract.Parts("one.docx", archive(t, "word/document.xml", wordHead+`<w:p><w:r><w:t>Only</w:t></w:r></w:p></w:body></w:document>`))
	require.NoError(t, err)
	assert.Equal(t, []extract.Part{{"", "Only"}}, parts)
}

func TestPptx(t *testing.T) {
	slide := func(s string) string {
		return `<p:sld xmlns:p="p" xmlns:a="a"><a:p><a:r><a:t>` + s + `</a:t></a:r></a:p></p:sld>`
	}
	rels := func(s string) string {
		return `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">` + s + `</Relationships>`
	}
	rel := func(id, typ, target string) string {
		return fmt.Sprintf(`<Relationship Id=%q Type="http://x/%s" Target=%q/>`, id, typ, target)
	}
	data := archive(t,
		"ppt/presentation.xml", `<p:presentation xmlns:p="p" xmlns:r="r"><p:sldIdLst><p:sldId id="256" r:id="rId2"/><p:sldId id="257" r:id="rId1"/></p:sldIdLst></p:presentation>`,
		"ppt/_rels/presentation.xml.rels", rels(rel("rId1", "slide", "slides/slide1.xml")+rel("rId2", "slide", "/ppt/slides/slide2.xml")),
		"ppt/slides/slide1.xml", slide("Shown last"), "ppt/slides/slide2.xml", slide("Shown first"),
		"ppt/slides/_rels/slide1.xml.rels", rels(rel("rId9", "notesSlide", "../notesSlides/notesSlide1.xml")),
		"ppt/notesSlides/notesSlide1.xml", slide("Say it slowly"))
	parts, err := extract.Parts("deck.pptx", data)
	require.NoError(t, err)
	assert.Equal(t, []extract.Part{{"Slide 1", "Shown first"}, {"Slide 2", "Shown last\n\nSay it slowly"}}, parts)
}

func workbook(t testing.TB) []byte {
	t.Helper()
	f := excelize.NewFile()
	defer f.Close()
	require.NoError(t, f.SetSheetName("Sheet1", "Prices"))
	require.NoError(t, f.SetSheetRow("Prices", "A1", &[]any{"Item", "Price", "From", "Share", "OK"}))
	require.NoError(t, f.SetSheetRow("Prices", "A2", &[]any{"Licence & care", 1250.1 + 0.2, 46082, 0.125, true}))
	day, err := f.NewStyle(&excelize.Style{NumFmt: 14})
	require.NoError(t, err)
	percent, err := f.NewStyle(&excelize.Style{NumFmt: 10})
	require.NoError(t, err)
	require.NoError(t, f.SetCellStyle("Prices", "C2", "C2", day))
	require.NoError(t, f.SetCellStyle("Prices", "D2", "D2", percent))
	require.NoError(t, f.SetCellValue("Prices", "B4", "below a gap"))
	_, err = f.NewSheet("Terms")
	require.NoError(t, err)
	require.NoError(t, f.SetCellValue("Terms", "A1", "30 days net"))
	b, err := f.WriteToBuffer()
	require.NoError(t, err)
	return b.Bytes()
}

func TestXlsx(t *testing.T) {
	data := workbook(t)
	parts, err := extract.Parts("prices.xlsx", data)
	require.NoError(t, err)
	assert.Equal(t, []extract.Part{{"Prices", "Item\tPrice\tFrom\tShare\tOK\nLicence & care\t1250.3\t2026-03-01\t12.5%\tTRUE\nbelow a gap"}, {"Terms", "30 days net"}}, parts)

	sheets, err := extract.Table("prices.xlsx", data)
	require.NoError(t, err)
	require.Len(t, sheets, 2)
	assert.Equal(t, extract.Sheet{Name: "Prices", Cols: 5, Rows: [][]string{
		{"Item", "Price", "From", "Share", "OK"}, {"Licence & care", "1250.3", "2026-03-01", "12.5%", "TRUE"}, nil, {"", "below a gap"}}}, sheets[0])
}

func TestTableOfText(t *testing.T) {
	tests := []struct {
		name, file, data string
		want             [][]string
	}{
		{"commas", "a.csv", "a,b\n\"x, y\",\"say \"\"hi\"\"\"\n", [][]string{{"a", "b"}, {"x, y", `say "hi"`}}},
		{"semicolons", "a.csv", "a;b\n1,5;2\n3,5;4", [][]string{{"a", "b"}, {"1,5", "2"}, {"3,5", "4"}}},
		{"tabs", "a.tsv", "a\tb\n1\t2\n", [][]string{{"a", "b"}, {"1", "2"}}},
		{"byte order mark", "a.csv", "\xef\xbb\xbfa,b", [][]string{{"a", "b"}}},
		{"western", "a.csv", "caf\xe9,\x80", [][]string{{"café", "€"}}},
		{"utf-16", "a.csv", "\xff\xfea\x00,\x00b\x00", [][]string{{"a", "b"}}},
		{"ragged and stray quote", "a.csv", "a\nb\"c,d\n", [][]string{{"a"}, {`b"c`, "d"}}},
		{"empty", "a.csv", "", nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			sheets, err := extract.Table(tt.file, []byte(tt.data))
			require.NoError(t, err)
			require.Len(t, sheets, 1)
			assert.Equal(t, tt.want, sheets[0].Rows)
		})
	}
	sheets, err := extract.Table("long.csv", []byte(strings.Repeat(strings.Repeat("x,", 200)+"\n", 3000)))
	require.NoError(t, err)
	assert.LessOrEqual(t, len(sheets[0].Rows), extract.MaxRows)
	assert.Equal(t, extract.MaxCols, sheets[0].Cols)
	assert.True(t, sheets[0].More)
}

// pdfFile puts objects into a PDF without any table of where they are.
func pdfFile(objects ...string) []byte {
	var b bytes.Buffer
	b.WriteString("%PDF-1.7\n")
	for i, o := range objects {
		fmt.Fprintf(&b, "%d 0 obj\n%s\nendobj\n", i+1, o)
	}
	b.WriteString("trailer << /Root 1 0 R >>\nstartxref\n0\n%%EOF")
	return b.Bytes()
}

func deflate(s []byte) []byte {
	var b bytes.Buffer
	z, err := zlib.NewWriterLevel(&b, zlib.BestSpeed)
	if err != nil {
		return nil // the level is a valid one
	}
	_, _ = z.Write(s)
	_ = z.Close()
	return b.Bytes()
}

func stream(dict, body string) string {
	return fmt.Sprintf("<< %s /Length %d >>\nstream\n%s\nendstream", dict, len(body), body)
}

func packed(dict string, body []byte) string {
	return stream(dict+" /Filter /FlateDecode", string(deflate(body)))
}

func TestPDF(t *testing.T) {
	page := "<< /Type /Page /Parent 2 0 R /Contents %d 0 R /Resources << /Font << /F1 5 0 R /F2 6 0 R >> >> >>"
	data := pdfFile(
		"<< /Type /Catalog /Pages 2 0 R >>",
		"<< /Type /Pages /Kids [3 0 R 4 0 R] /Count 2 >>",
		fmt.Sprintf(page, 7), fmt.Sprintf(page, 8),
		"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding << /Differences [65 /eacute /germandbls] >> >>",
		"<< /Type /Font /Subtype /Type0 /Encoding /Identity-H /DescendantFonts [<< /DW 500 >>] /ToUnicode 9 0 R >>",
		packed("", []byte(`BT /F1 12 Tf 72 700 Td (Penalty) Tj 60 0 Td (cap \(5 %\)) Tj 0 -14 Td [(sec) -20 (ond) -400 (l\151ne)] TJ (AB) ' ET`)),
		stream("", "BT /F2 10 Tf 1 0 0 1 50 500 Tm <000100020003> Tj ET"),
		packed("", []byte("1 begincodespacerange <0000> <ffff> endcodespacerange 1 beginbfchar <0001> <0047> endbfchar 1 beginbfrange <0002> <0003> <006F> endbfrange")),
	)
	parts, err := extract.Parts("offer.pdf", data)
	require.NoError(t, err)
	require.Len(t, parts, 2)
	assert.Equal(t, "Page 1", parts[0].Label)
	assert.Equal(t, "Penalty cap (5 %)\nsecond line éß", parts[0].Text)
	assert.Equal(t, extract.Part{Label: "Page 2", Text: "Gop"}, parts[1])
}

func TestPDFObjectStream(t *testing.T) {
	inner := []string{"<< /Type /Catalog /Pages 2 0 R >>", "<< /Kids [3 0 R] /Type /Pages >>", "<< /Type /Page /Contents 11 0 R /Resources << /Font << /F 4 0 R >> >> >>", "<< /Type /Font /Subtype /TrueType >>"}
	var index, body string
	for i, o := range inner {
		index += fmt.Sprintf("%d %d ", i+1, len(body))
		body += o + " "
	}
	var b bytes.Buffer
	b.WriteString("%PDF-1.5\n10 0 obj\n" + packed(fmt.Sprintf("/Type /ObjStm /N %d /First %d", len(inner), len(index)), []byte(index+body)) + "\nendobj\n")
	b.WriteString("11 0 obj\n" + packed("", []byte("BT /F 9 Tf (Packed away) Tj ET")) + "\nendobj\n")
	b.WriteString("12 0 obj\n" + packed("/Type /XRef /Root 1 0 R /W [1 2 1] /Size 99999999999", []byte("x")) + "\nendobj\n%%EOF")
	parts, err := extract.Parts("a.pdf", b.Bytes())
	require.NoError(t, err)
	assert.Equal(t, []extract.Part{{"Page 1", "Packed away"}}, parts)
}

func repeat(n int, format string) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, format, i+1)
	}
	return b.String()
}

func TestHostile(t *testing.T) {
	bomb := bytes.Repeat([]byte{'('}, 80<<20)
	bombed := packed("", bomb)
	bombDoc := archive(t, "word/document.xml", wordHead+strings.Repeat("<w:p/>", 12<<20))
	many := make([]string, 0, 40_000)
	for i := range 11_000 {
		many = append(many, fmt.Sprintf("word/%d.xml", i), "")
	}
	pdfPage := func(content string) []byte {
		return pdfFile("<< /Type /Catalog /Pages 2 0 R >>", "<< /Type /Pages /Kids [3 0 R 3 0 R 2 0 R] >>", "<< /Type /Page /Contents [4 0 R 4 0 R] /Resources << /XObject << /X 5 0 R >> >> >>", content, stream("/Subtype /Form", "/X Do /X Do /X Do"))
	}
	tests := []struct {
		name, file string
		data       []byte
		want       error // nil: anything that ends
	}{
		{"unknown kind", "a.exe", []byte("MZ"), extract.ErrUnsupported},
		{"too large", "a.pdf", make([]byte, extract.MaxInput+1), extract.ErrTooLarge},
		{"empty pdf", "a.pdf", nil, extract.ErrFormat},
		{"not a pdf", "a.pdf", []byte("<html>"), extract.ErrFormat},
		{"pdf without pages", "a.pdf", []byte("%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 1 0 R>>"), nil},
		{"pdf that names itself", "a.pdf", pdfFile("1 0 R", "<< /Length 2 0 R >>\nstream\n"), extract.ErrFormat},
		{"pdf bomb", "a.pdf", pdfPage(bombed), nil},
		{"drawings in drawings", "a.pdf", pdfPage(stream("", "/X Do")), nil},
		{"deep pdf", "a.pdf", pdfFile(strings.Repeat("[", 1_000_000)), extract.ErrFormat},
		{"deep pdf dictionaries", "a.pdf", pdfFile(strings.Repeat("<</A", 500_000)), extract.ErrFormat},
		{"streams without end", "a.pdf", []byte("%PDF-1.4\n" + repeat(150_000, "%d 0 obj<</Type/ObjStm/N 1/First 1>>stream ")), nil},
		{"strings without end", "a.pdf", []byte("%PDF-1.4\n" + repeat(150_000, "%d 0 obj<</Type/ObjStm>>(( ")), nil},
		{"hex without end", "a.pdf", []byte("%PDF-1.4\n" + repeat(150_000, "%d 0 obj</ObjStm ")), nil},
		{"many trailers", "a.pdf", []byte("%PDF-1.4\n" + strings.Repeat("trailer(", 1_000_000)), nil},
		{"wide font", "a.pdf", pdfFile("<< /Type /Catalog /Pages 2 0 R >>", "<< /Kids [3 0 R] >>", "<< /Contents 4 0 R /Resources << /Font << /F << /Subtype /Type0 /DescendantFonts [<< /W 5 0 R >>] /ToUnicode 6 0 R >> >> >> >>",
			packed("", []byte(strings.Repeat("/F 1 Tf <0001> Tj ", 200_000))), "["+strings.Repeat("0 65535 500 ", 50_000)+"]", packed("", []byte(strings.Repeat("<0000> <ffff> <0041> endbfrange ", 50_000)))), nil},
		{"long meanings", "a.pdf", pdfFile("<< /Type /Catalog /Pages 2 0 R >>", "<< /Kids [3 0 R] >>", "<< /Contents 4 0 R /Resources << /Font << /F 5 0 R >> >> >>",
			packed("", []byte("/F 1 Tf <"+strings.Repeat("00", 20_000_000)+"> Tj")), "<< /ToUnicode 6 0 R >>", stream("", "<00> <"+strings.Repeat("0041", 16)+"> endbfchar")), nil},
		{"many attributes", "a.docx", archive(t, "word/document.xml", "<w:p "+strings.Repeat("a='' ", 10<<20)+"/>"), extract.ErrTooLarge},
		{"protected pdf", "a.pdf", []byte("%PDF-1.4\ntrailer <</Encrypt 3 0 R>>"), extract.ErrUnsupported},
		{"not a zip", "a.docx", []byte("PK"), extract.ErrFormat},
		{"zip without document", "a.docx", archive(t, "a", "b"), extract.ErrFormat},
		{"zip bomb", "a.docx", bombDoc, extract.ErrTooLarge},
		{"many entries", "a.docx", archive(t, many...), extract.ErrTooLarge},
		{"deep xml", "a.docx", archive(t, "word/document.xml", strings.Repeat("<w:p>", 100_000)), nil},
		{"entity bomb", "a.docx", archive(t, "word/document.xml", `<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><w:t>&b;</w:t>`), extract.ErrFormat},
		{"pptx without slides", "a.pptx", archive(t, "ppt/presentation.xml", "<p/>"), nil},
		{"far cell", "a.xlsx", archive(t, "xl/workbook.xml", `<workbook xmlns:r="r"><sheet name="x" r:id="r1"/></workbook>`, "xl/_rels/workbook.xml.rels", `<R><Relationship Id="r1" Type="x/worksheet" Target="s.xml"/></R>`, "xl/s.xml", `<row r="1048576"><c r="XFD1048576"><v>1</v></c><c r="AAA99999999999999999"><v>2</v></c></row>`), nil},
		{"binary text", "a.txt", []byte("a\x00b"), extract.ErrFormat},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := extract.Parts(tt.file, tt.data)
			if tt.want != nil {
				require.ErrorIs(t, err, tt.want)
			}
			if strings.HasSuffix(tt.file, ".xlsx") {
				sheets, err := extract.Table(tt.file, tt.data)
				require.NoError(t, err)
				assert.True(t, sheets[0].More)
			}
		})
	}
}

// TestRealDeals reads the workbooks of the two real prospects.
func TestRealDeals(t *testing.T) {
	bundles, _ := filepath.Glob("../../wiki/transfer/testdata/realdeals/*.bundle")
	require.NotEmpty(t, bundles)
	git := need.Program(t, "git")
	for _, bundle := range bundles {
		t.Run(filepath.Base(bundle), func(t *testing.T) {
			dir := t.TempDir()
			out, err := exec.Command(git, "clone", "-q", bundle, dir).CombinedOutput()
			require.NoError(t, err, "%s", out)
			found := 0
			require.NoError(t, filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
				if err != nil || d.IsDir() || !strings.EqualFold(filepath.Ext(path), ".xlsx") {
					return err
				}
				found++
				data, err := os.ReadFile(path)
				require.NoError(t, err)
				parts, err := extract.Parts(path, data)
				require.NoError(t, err)
				require.NotEmpty(t, parts)
				assert.NotEmpty(t, parts[0].Label)
				assert.Greater(t, len(parts[0].Text), 50)
				sheets, err := extract.Table(path, data)
				require.NoError(t, err)
				assert.NotEmpty(t, sheets[0].Rows)
				t.Logf("%s: %d parts, first %q: %.120q", filepath.Base(path), len(parts), parts[0].Label, parts[0].Text)
				return nil
			}))
			assert.NotZero(t, found, "no workbook found")
		})
	}
}

func FuzzPDF(f *testing.F) {
	f.Add([]byte("1 0 obj<</Type/Catalog/Pages 2 0 R>>2 0 obj<</Kids[3 0 R]>>3 0 obj<</Contents 4 0 R/Resources<</Font<</F 5 0 R>>>>>>4 0 obj<<>>stream BT/F 9 Tf(x)Tj[(a)-300<62>]TJ T*(c)' ET endstream 5 0 obj<</Encoding<</Differences[97/eacute]>>/Widths[1 2]/FirstChar 97/ToUnicode 6 0 R>>6 0 obj<<>>stream <61><62><0041>endbfrange"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if _, err := extract.Parts("a.pdf", append([]byte("%PDF-1.7\n"), data...)); err != nil && strings.Contains(err.Error(), "runtime error") {
			t.Fatal(err)
		}
	})
}

func FuzzParts(f *testing.F) {
	f.Add("a.pdf", pdfFile("<< /Type /Catalog /Pages 2 0 R >>", "<< /Kids [3 0 R] >>", "<< /Contents 4 0 R >>", stream("", "BT (x) Tj ET")))
	f.Add("a.docx", archive(f, "word/document.xml", wordHead+"<w:p/>"))
	f.Add("a.xlsx", workbook(f))
	f.Add("a.csv", []byte("a,b\n\"c"))
	f.Fuzz(func(t *testing.T, name string, data []byte) {
		parts, err := extract.Parts(name, data)
		if err == nil && len(parts) > extract.MaxParts {
			t.Fatal("too many parts")
		}
		if err != nil && strings.Contains(err.Error(), "runtime error") {
			t.Fatal(err)
		}
		if _, err := extract.Table(name, data); err != nil && strings.Contains(err.Error(), "runtime error") {
			t.Fatal(err)
		}
	})
}
