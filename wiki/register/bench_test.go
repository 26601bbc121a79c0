package register_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"dealwiki/wiki"
)

// BenchmarkFollow is what one edit costs the register of a page that had a
// thousand versions before, in a space of hundred pages.
func BenchmarkFollow(b *testing.B) {
	d := newDesk(b)
	text := func(i int) string {
		return fmt.Sprintf("# Plan\n\n> [!commitment] Go-live @sam due:2027-03-01 ^c-7f3a\n> Take %d.\n\n- [ ] Call them @dana ^t-0001\n", i)
	}
	for i := range 100 {
		d.edit(d.dana, fmt.Sprintf("internal/account/page-%d", i), "# Page\n\n> [!risk] It may rain\n")
	}
	var done *wiki.Edited
	for i := range 1000 {
		done = d.edit(d.dana, "internal/account/plan", text(i))
	}
	require.Equal(b, 1000, done.Number)
	d.facts()
	i := 1000
	for b.Loop() {
		b.StopTimer()
		d.edit(d.dana, "internal/account/plan", text(i))
		i++
		b.StartTimer()
		d.facts()
	}
}
