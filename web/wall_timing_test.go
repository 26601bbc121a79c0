package web

import (
	"math"
	"net/http"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestTimesTellNothing asks for what is internal and for what is not there, in
// turns, and holds the times against each other by Welch's t. It runs in the
// soak alone: on a machine that does something else too, times are no evidence.
func TestTimesTellNothing(t *testing.T) {
	if os.Getenv("DEALWIKI_SOAK") == "" {
		t.Skip("runs in make soak")
	}
	w := newWall(t)
	guest := w.callers[slices.IndexFunc(w.callers, func(c *wallCaller) bool { return c.name == "guest editor" })].own
	for name, pair := range map[string][2]string{
		"page":     {"/shared/northwind/close-plan", "/shared/northwind/cross-plan"},
		"call":     {apiPrefix + "/shared/northwind/pages/close-plan", apiPrefix + "/shared/northwind/pages/cross-plan"},
		"file":     {"/shared/northwind/files/a.png", "/shared/northwind/files/x.png"},
		"prospect": {"/shared/secretco/terms", "/shared/nosuchco/terms"},
		"search":   {"/shared/northwind/search?q=" + canary, "/shared/northwind/search?q=yzzyx"},
	} {
		var took [2][]float64
		ask := func(i int) {
			began := time.Now()
			a := guest.get(pair[i])
			took[i] = append(took[i], time.Since(began).Seconds())
			if name != "search" {
				require.Equal(t, http.StatusNotFound, a.status)
			}
		}
		for i := range 1000 { // who is first changes too
			ask(i % 2)
			ask(1 - i%2)
		}
		got := welch(took[0][100:], took[1][100:])
		t.Logf("%s: |t| = %.2f", name, math.Abs(got))
		assert.Less(t, math.Abs(got), 4.5, name)
	}
}

// welch is Welch's t of two samples, without their slowest twentieth, which is
// the machine's.
func welch(a, b []float64) float64 {
	mean := func(x []float64) (m, v float64) {
		x = slices.Sorted(slices.Values(x))
		x = x[:len(x)*19/20]
		for _, one := range x {
			m += one / float64(len(x))
		}
		for _, one := range x {
			v += (one - m) * (one - m) / float64(len(x)-1)
		}
		return m, v / float64(len(x))
	}
	m, v := mean(a)
	n, u := mean(b)
	return (m - n) / math.Sqrt(v+u)
}
