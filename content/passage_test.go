package content_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"dealwiki/content"
)

func TestPassages(t *testing.T) {
	doc := content.Parse([]byte(`Before any heading.

# Plan

## Why

They *lose* trains
every week.

> We cannot see the depot.

> [!decision] Buy it ^d-0001

### Dates

- Start on 1 March
- [ ] Ask the depot @dana due:2026-12-01 ^t-0001

| Depot | Date |
|---|---|
| Varden | 12 April |

` + "```\ncode is not prose\n```" + `

## Next

Done.
`))
	assert.Equal(t, []content.Passage{
		{Kind: content.ParagraphPassage, Text: "Before any heading.", Line: 1},
		{Kind: content.ParagraphPassage, Text: "They lose trains every week.", Headings: []string{"Plan", "Why"}, Anchor: "why", Line: 7},
		{Kind: content.QuotePassage, Text: "We cannot see the depot.", Headings: []string{"Plan", "Why"}, Anchor: "why", Line: 10},
		{Kind: content.ItemPassage, Text: "Start on 1 March", Headings: []string{"Plan", "Why", "Dates"}, Anchor: "dates", Line: 16},
		{Kind: content.ItemPassage, Text: "Ask the depot", Headings: []string{"Plan", "Why", "Dates"}, Anchor: "dates", Line: 17},
		{Kind: content.RowPassage, Text: "Varden · 12 April", Headings: []string{"Plan", "Why", "Dates"}, Anchor: "dates", Line: 21},
		{Kind: content.ParagraphPassage, Text: "Done.", Headings: []string{"Plan", "Next"}, Anchor: "next", Line: 29},
	}, doc.Passages())
}
