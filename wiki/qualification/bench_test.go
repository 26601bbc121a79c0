package qualification_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"dealwiki/wiki/qualification"
)

// BenchmarkParse reads a page of a hundred questions with five answers each.
func BenchmarkParse(b *testing.B) {
	var s strings.Builder
	s.WriteString("# Qualification questions\n")
	for i := range 100 {
		fmt.Fprintf(&s, "\n### %d. Is part %d of the budget allocated?\n\n", i+1, i)
		for j := range 5 {
			fmt.Fprintf(&s, "- Yes, in the plan of %d · said by Person %d · on 2026-11-12 · evidence: [[qualifying/call-%d]]\n", 2027+j, j, i)
		}
	}
	text := []byte(s.String())
	for b.Loop() {
		require.Len(b, qualification.Parse(text), 100)
	}
}
