package content_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"dealwiki/content"
)

// What a line says is read without knowing markdown; code and front matter stay.
func TestReading(t *testing.T) {
	for text, want := range map[string]string{
		"":                      "",
		"Plain words":           "Plain words",
		"## A *new* heading ^x": "## A new heading ^x",
		"- [ ] Rehearsal, [[closing/migration-rehearsal|Migration rehearsal]] @priya due:2026-11-30 ^t-44d2": "☐ Rehearsal, Migration rehearsal @priya, due 30 November 2026",
		"  - [x] Done it":       "☑ Done it",
		"- **bold** and `code`": "• bold and code",
		"1. first":              "first",
		"> [!risk] It slips @dana due:2026-12-01 status:done ^k-1": "Risk: It slips @dana, due 1 December 2026, done",
		"> He said so.":                     "He said so.",
		"| Price | **840,000** |":           "Price | 840,000",
		"|---|---:|":                        "",
		"|---|":                             "",
		"[words](https://example.com)":      "words",
		"---\ntitle: A\n---\n# A":           "---\ntitle: A\n---\n# A",
		"a\n\n```sql\nselect *2*\n```\n*b*": "a\n\n\nselect *2*\n\nb",
		"a\r\n**b**\r\n":                    "a\nb\n",
		"<div>":                             "<div>",
	} {
		assert.Equal(t, want, string(content.Reading([]byte(text))), text)
		assert.Equal(t, strings.Count(text, "\n"), strings.Count(want, "\n"), text)
	}
}

func FuzzReading(f *testing.F) {
	f.Add("- [ ] a @b due:2026-11-30 ^t-1\n> [!risk] x ^k-1\n|a|b|\n|---|---|\n```\n*x*\n```\n")
	f.Add("---\na: b\n---\n# T\n\n~~~\n")
	f.Fuzz(func(t *testing.T, text string) {
		said := content.Reading([]byte(text))
		assert.Equal(t, strings.Count(text, "\n"), strings.Count(string(said), "\n"))
	})
}
