package content_test

import (
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"

	"dealwiki/content"
)

// Inputs that are known to make parsers of Markdown work much more than their
// length asks for. The bound is on counted work, so these tests need no clock:
// a page is past the limit or is shown, and either way the test ends.
func TestPathologicalPages(t *testing.T) {
	r := strings.Repeat
	number := func(n int, format string) string {
		var b strings.Builder
		for i := range n {
			b.WriteString(strings.ReplaceAll(format, "%d", strconv.Itoa(i)))
		}
		return b.String()
	}
	deep := ""
	for i := range 1000 {
		deep += r(" ", 2*i) + "* a\n"
	}
	ticks := ""
	for i := 1; len(ticks) < 900_000; i++ {
		ticks += "e" + r("`", i) + "\n"
	}
	wide := func(columns, rows int) string {
		return "|" + r("a|", columns) + "\n|" + r("-|", columns) + "\n" + r("|a|\n", rows)
	}
	many := 20_000
	if os.Getenv("DEALWIKI_SOAK") == "1" {
		many = 80_000
	}
	cases := []struct {
		name, page string
		shown      bool // formatted, as it is within the limits
	}{
		{"nested emphasis", r("*a **a ", 20_000) + "b" + r(" a** a*", 20_000), false},
		{"closers", r("a_ ", 60_000), false},
		{"openers", r("_a ", 60_000), false},
		{"mismatched", r("*a_ ", 20_000), false},
		{"mismatched in lines", r("*a_\n", 20_000), false},
		{"mismatched, few", r("*a_ ", 2_000), true},
		{"mismatched in cells", "|a|\n|-|\n" + r("|"+r("*a_ ", 20)+"|\n", 2000), true},
		{"multiple of three", "a**b" + r("c* ", 20_000), false},
		{"strikes", r("a~~b ~c ", 20_000), false},
		{"tildes", "a " + r("~", 150_000), true},
		{"link closers", r("a]", 60_000), true},
		{"link openers", r("[a", 60_000), true},
		{"links and emphasis", r("[ a_", 40_000), false},
		{"brackets and parentheses", r("[ (](", 40_000), false},
		{"nested brackets", r("[", 40_000) + "a" + r("]", 40_000), false},
		{"nested images", r("![", 20_000) + "a" + r("](b)", 20_000), false},
		{"quotes", r("> ", 50_000) + "a", false},
		{"quotes without spaces", r(">", 50_000) + "a", false},
		{"99 quotes", r("> ", 99) + "a", true},
		{"lists on one line", r("- ", 500) + "a", false},
		{"deep lists", deep, false},
		{"backticks", ticks, false},
		{"unclosed destination", r("[a](<b", 20_000), false},
		{"unclosed link", r("[a](b", 20_000), false},
		{"unclosed title", r("[a](b (c\n", 20_000), false},
		{"references", number(60_000, "[%d]: u\n") + r("[0] ", 1_000), false},
		{"references apart", number(20_000, "[%d]: u\n\n") + r("[0] ", 1_000), true},
		{"long reference", "[a]: " + r("x", 10_000) + "\n\n" + r("[a] ", 20_000), false},
		{"wide table", wide(5000, 2000), false},
		{"table of 200 columns", wide(200, 2), true},
		{"table of 201 columns", "|" + r("a|", 201) + "\n|" + r("-|", 201) + "\n", false},
		{"many cells", wide(200, 2000), false},
		{"bare delimiter row", r("a|", 201) + "a\n" + r("-|", 201) + "-\n", false},
		{"escaped pipes", "|a|\n|-|\n" + r("|`\\|`|\n", 20_000), false},
		{"carriage returns", r("aaa\rbbb\n-\v\n", 30_000), true},
		{"footnote references", r("[^a]", 40_000) + "\n\n[^a]: x", false},
		{"footnotes", number(20_000, "[^%d]\n\n[^%d]: x\n\n"), false},
		{"comments", r("<!--", 40_000), true},
		{"tags", r("<a b=\n", 60_000), false},
		{"tag quotes", r("a <a b=\"\n", 60_000), false},
		{"bare links", r("http://a.b\n", many), true},
		{"bare link parts", r("(http://a_", 15_000), false},
		{"underscores", r("_a", 60_000), false},
		{"mail", r("a.", 90_000) + "@", true},
		{"wiki links", r("[[a", 60_000), true},
		{"attributes", "> [!risk] " + r("due:a ", 30_000), true},
		{"mentions", r("@a ", 60_000), true},
		{"one line", r("x", 300_000), false},
		{"1 MB", r("a word \n", 1<<20/8), true},
		{"1 MB and a byte", r("a word \n", 1<<20/8) + "x", false},
		{"10 MB line", r("x", 10<<20), false},
		{"raw tags", r("<b>\n", 100_000), true},
		{"facts in facts", number(90, "") + r("> ", 80) + "[!risk] x\n" + r(r("> ", 80)+"text\n", 3000), true},
		{"code of one language", "```go\n" + r("a[b{c(", 5000) + "\n```", true},
		{"bad UTF-8", r("\xff\xfe*\xc3(", 50_000), false},
		{"zeros", r("\x00", 100_000), true},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			d := content.Parse([]byte(c.page))
			out := string(d.HTML(nil, content.RenderOptions{}))
			shown := d.Notice() == "" && !strings.Contains(out, "page-source")
			assert.Equal(t, c.shown, shown, d.Notice())
			assert.LessOrEqual(t, len(out), 13<<20)
			if !shown {
				assert.Contains(t, out, `class="banner banner-warn"`)
			}
			if len(c.page) < 100_000 {
				harmless(t, c.name, out)
			}
			assert.Equal(t, len(c.page), len(d.Source()))
		})
	}
}

// A page past a limit is still a page: it has its text and its front matter,
// and nothing on it is a fact.
func TestPagePastLimit(t *testing.T) {
	src := "---\ntitle: Big\n---\n> [!risk] <b>x</b> ^k-1\n\n" + strings.Repeat("*a_ ", 20_000)
	d := content.Parse([]byte(src))
	assert.NotEmpty(t, d.Notice())
	assert.Equal(t, "Big", d.Title())
	assert.Empty(t, d.Facts())
	assert.Contains(t, d.Text(), "*a_ *a_")
	assert.Contains(t, string(d.HTML(nil, content.RenderOptions{})), "&lt;b&gt;x&lt;/b&gt;")
	out, changed := content.AssignIDs([]byte(src), func(string) string { return "x" })
	assert.False(t, changed)
	assert.Equal(t, src, string(out))
}

// A Doc may be read by many at once; run with -race this proves it.
func TestDocIsSharedSafely(t *testing.T) {
	d := content.Parse(benchPage())
	want := string(d.HTML(world{}, content.RenderOptions{}))
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			assert.Equal(t, want, string(d.HTML(world{}, content.RenderOptions{})))
			assert.Len(t, d.Facts(), 12)
		})
	}
	wg.Wait()
}
