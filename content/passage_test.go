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

// The lead tells what was said, not who sat there.
func TestLeadPassesLabels(t *testing.T) {
	for text, want := range map[string]string{
		"# A\n\nFirst.\n\nSecond.\n":                                              "First.",
		"# A\n\n**Who:** Astrid, @dana\n\nThree of five.\n\nMore.\n":              "Three of five.",
		"# A\n\n**Who:** Lars\n**Why:** the date\n\n- Money is there.\n- Go on":   "Money is there.",
		"# A\n\n**From:** a\\\n**To:** b\\\n**Sent:** today\n\nDear Dana,\n":      "From: a To: b Sent: today",
		"# A\n\n**From:** a\\\n**To:** b\n\nHello Priya,\n\nThe answer is yes.\n": "The answer is yes.",
		"# A\n\nDear Dana,\n\nWe sign on Friday.\n":                               "We sign on Friday.",
		"# A\n\nHello Priya, we sign on Friday.\n":                                "Hello Priya, we sign on Friday.",
		"# A\n\nDear Dana,\n":                                                     "Dear Dana,",
		"# A\n\n**Who:** Astrid\n":                                                "Who: Astrid",
		"# A\n\n**In short:** they buy it.\n\nMore.\n":                            "In short: they buy it.",
		"# A\n\n**Who:** Astrid\nand others came.\n\nMore.\n":                     "Who: Astrid and others came.",
		"# A\n\n- A list\n\nText.\n":                                              "Text.",
		"# A\n\n**Who:** x\n\n> - quoted\n\nText.\n":                              "Text.",
	} {
		assert.Equal(t, want, content.Parse([]byte(text)).Lead(), text)
	}
}
