//go:build mutation

package web

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dealwiki/wiki/guard"
)

// TestEveryGuardIsMissed lets one guard after the other sleep, and finds that
// somebody gets what is not theirs.
func TestEveryGuardIsMissed(t *testing.T) {
	w := newWall(t)
	require.Empty(t, w.deviations(0), "with all guards awake")
	require.Empty(t, w.otherDoors(), "with all guards awake")
	others := map[guard.Guard]func() []string{
		guard.FeedToken: w.otherDoors, guard.GitScope: w.otherDoors, guard.GuestsClone: w.otherDoors, guard.GuestsPush: w.otherDoors, guard.OwnerShares: w.otherDoors,
		guard.ReadersUpdate: w.forgeries,
	}
	for _, g := range guard.All() {
		before := w.everything()
		guard.Without(g, func() {
			find, ok := others[g]
			if !ok {
				find = func() []string { return w.deviations(1) }
			}
			assert.NotEmpty(t, find(), "nobody misses: %s", g)
		})
		if w.everything() != before {
			w.again()
		}
	}
}

// again puts back what came through a sleeping guard: who may do what.
func (w *wall) again() {
	w.t.Helper()
	*w = *newWall(w.t)
}
