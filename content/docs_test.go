package content_test

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dealwiki/content"
)

// What the guide to writing pages claims, in the order of its examples.
func TestDocumentedExamples(t *testing.T) {
	b, err := os.ReadFile("../docs/markdown.md")
	require.NoError(t, err)
	var pages []string
	fence := ""
	for _, l := range strings.SplitAfter(string(b), "\n") {
		switch f, ok := strings.CutSuffix(l, "markdown\n"); {
		case fence == "" && ok && strings.HasPrefix(f, "```"):
			fence = f
			pages = append(pages, "")
		case fence != "" && strings.TrimSpace(l) == fence:
			fence = ""
		case fence != "":
			pages[len(pages)-1] += l
		}
	}
	claims := [][]string{
		{`<h1 id="a-page-has-one-title">`, "<strong>bold</strong>", "<em>italic</em>", "<del>struck</del>", "<code>code</code>", "end<br>", "<ol>", "<blockquote>", "<hr>"},
		{`<td align="right" class="num">230,000</td>`, `<div class="table-scroll"`},
		{`<span class="tok-key">select</span>`},
		{`href="#fn-1"`, `<li id="fn-1">`, "Agreed by mail"},
		{`class="wikilink" data-section="internal">Close plan</a> links`, ">the plan</a>", "close-plan#price-as-agreed", `is-new" title="This page does not exist yet">globex:pricing/offer`, `href="/p/northwind/files/offer.pdf"`, `href="https://example.com"`, `href="mailto:mail@example.com"`, `<img src="/p/northwind/files/depot.jpg" alt="The depot in Malmö"`},
		{`data-line="1" aria-label="Countersign the agreement"`, `<li class="is-done">`, "Sam Field</a> · due"},
		{`class="fact fact-commitment"`, "Go-live on 1 March 2027</p>", "Sam Field"},
		{`class="fact fact-stakeholder"`, "economic buyer · high influence · we have met · by", "met 29 Oct 2026", "Lars Nyberg, CFO</p>"},
		{`class="callout callout-warning"`, "Do not reopen"},
		{"<p>Northwind signs"},
		{"<kbd>Ctrl</kbd>", "<details><summary>More</summary>", "<em>until</em>", "</details>"},
	}
	require.Len(t, pages, len(claims))
	for i, page := range pages {
		d := content.Parse([]byte(page))
		out := string(d.HTML(world{}, content.RenderOptions{}))
		for _, claim := range claims[i] {
			assert.Contains(t, out, claim, page)
		}
		if strings.HasPrefix(page, "---") {
			assert.Equal(t, "Close plan", d.Title())
			assert.Equal(t, []string{"closing", "legal"}, d.Front().Tags)
		}
		harmless(t, page, out)
	}
	d := content.Parse([]byte(pages[5]))
	require.Len(t, d.Actions(), 1)
	assert.Equal(t, "sam", d.Actions()[0].Owner)
	require.Len(t, content.Parse([]byte(pages[6])).Facts(), 1)
	assert.Empty(t, content.Parse([]byte(pages[8])).Facts())
}
