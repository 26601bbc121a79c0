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
	for _, g := range guard.All() {
		guard.Without(g, func() {
			assert.NotEmpty(t, w.deviations(1), "nobody misses: %s", g)
		})
		w.again()
	}
}

// again puts back what came through a sleeping guard: who may do what.
func (w *wall) again() {
	w.t.Helper()
	*w = *newWall(w.t)
}
