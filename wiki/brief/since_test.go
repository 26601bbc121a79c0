package brief_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A page that has changed often since is compared with what it was then.
func TestAPageThatHasChangedOften(t *testing.T) {
	for _, times := range []int{1, 3, 4, 5, 9} {
		d := newDesk(t)
		first := d.edit(d.dana, "internal/account/plan", "# Plan\n\nVersion 0 of a plan for four depots.\n")
		day := d.Clock.Now().Add(time.Minute).UTC().Format(time.RFC3339)
		for i := range times {
			by := d.tom
			if i == 0 {
				by = d.dana
			}
			d.edit(by, "internal/account/plan", fmt.Sprintf("# Plan\n\nVersion %d of a plan for four depots.\n", i+1))
		}
		s := d.brief(d.tom, day).Since
		require.NotNil(t, s)
		require.Len(t, s.Pages, 1, times)
		page := s.Pages[0]
		assert.False(t, page.New, times)
		assert.Equal(t, first.Version.String(), page.From, times)
		assert.Contains(t, page.By, "Dana Reyes", times)
		assert.Equal(t, []int{1, 1}, []int{page.Added, page.Removed}, times)
	}
}
