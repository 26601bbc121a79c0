package handoff_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"dealwiki/wiki"
	"dealwiki/wiki/handoff"
	"dealwiki/wiki/people"
)

// BenchmarkList is the handoffs of a deal that was handed over twenty times with
// forty facts: each is read once, as "first" is without what was kept.
func BenchmarkList(b *testing.B) {
	d := newDesk(b)
	_, err := d.sp.Transact(b.Context(), d.dana, people.Editor, func(tx *wiki.Transaction) (string, error) {
		for n := 1; n <= 20; n++ {
			text := fmt.Sprintf("---\nhandoff: %d\nkind: forward\nfrom: pricing\nto: proposing\nby: %s\nreceiver: %s\noffered: 2026-11-01T10:00:00Z\nprevious: %d\nfacts:\n", n, d.dana.Person.ID, d.tom.Person.ID, n-1)
			for i := range 40 {
				text += fmt.Sprintf("    - id: c-%04d\n      kind: commitment\n      title: Depot %d goes live\n      place: internal/account/plan\n      line: %d\n      as: carry\n", i, i, i)
			}
			if err := tx.Write(fmt.Sprintf("handoffs/%04d.md", n), []byte(text+"---\n\n# Handoff\n")); err != nil {
				return "", err
			}
			if err := tx.Write(fmt.Sprintf("handoffs/%04d.response.yaml", n), []byte("- at: 2026-11-02T10:00:00Z\n  by: "+d.tom.Person.ID+"\n  what: accepted\n")); err != nil {
				return "", err
			}
		}
		return "Hand over", nil
	})
	require.NoError(b, err)
	list := func(b *testing.B, book *handoff.Book) {
		all, err := book.List(b.Context(), d.dana, d.sp)
		require.NoError(b, err)
		require.Len(b, all, 20)
	}
	b.Run("first", func(b *testing.B) {
		for b.Loop() {
			list(b, handoff.New(d.Wiki, nil))
		}
	})
	b.Run("again", func(b *testing.B) {
		for b.Loop() {
			list(b, d.b)
		}
	})
}
