package brief_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"dealwiki/wiki"
	"dealwiki/wiki/brief"
	"dealwiki/wiki/people"
)

// largeDesk is a space of pages of many words, whose history was imported: so
// many commits would take too long to make by edits.
func largeDesk(b *testing.B, pages, commits int) *desk {
	d := newDesk(b)
	text := func(i, version int) string {
		var s strings.Builder
		fmt.Fprintf(&s, "# Page %d\n\nNorthwind runs %d trainsets, in version %d.\n\n## Dates\n\nDepot %d is to go live by %d March 2027.\n\n> [!commitment] Depot %d goes live @dana due:2027-03-01 ^c-%04d\n\n", i, i, version, i, i%28+1, i, i)
		for j := range 12 {
			fmt.Fprintf(&s, "## Part %d of %d\n\nThe supplier shall deliver module %d of lot %d because the old sheet %d loses work orders. Nobody knows yet who pays for it.\n\n", j, i, j, i, i*j)
		}
		return s.String()
	}
	n := 0
	for n < commits {
		_, err := d.sp.Transact(b.Context(), d.dana, people.Editor, func(tx *wiki.Transaction) (string, error) {
			place := wiki.Place{Section: wiki.Internal, Stage: "account", Page: fmt.Sprintf("page-%d", n%pages)}
			return "Write", tx.Page(place, []byte(text(n%pages, n/pages)))
		})
		require.NoError(b, err)
		n++
	}
	return d
}

// BenchmarkBrief is a brief of a space of 500 pages and 10,000 commits: cold, as
// the first one after a start; warm, as every other.
func BenchmarkBrief(b *testing.B) {
	if testing.Short() {
		b.Skip("makes ten thousand commits")
	}
	d := largeDesk(b, 500, 10_000)
	d.brief(d.tom, "2026-11-01")
	b.Run("cold", func(b *testing.B) {
		for b.Loop() {
			b.StopTimer()
			m := brief.New(d.Wiki, d.register)
			b.StartTimer()
			_, err := m.Make(b.Context(), d.tom, d.sp, "")
			require.NoError(b, err)
		}
	})
	b.Run("warm", func(b *testing.B) {
		for b.Loop() {
			d.brief(d.tom, "")
		}
	})
	b.Run("since", func(b *testing.B) {
		for b.Loop() {
			d.brief(d.tom, "2026-11-01")
		}
	})
}
