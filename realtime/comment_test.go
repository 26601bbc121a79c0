package realtime_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"dealwiki/realtime"
	"dealwiki/wiki"
)

// Whoever has a page open hears that its comments have changed, and nobody else.
func TestCommentsAreTold(t *testing.T) {
	s := newSite(t, realtime.Config{})
	const other = "internal/closing/offer"
	s.page(planAt, "# Plan\n\nWho pays?\n")
	s.page(other, "# Offer\n")
	dana, tom := s.join(s.dana, planAt, "").in(), s.join(s.tom, other, "").in()
	reader := s.join(s.ada, planAt, "&read").in()
	side := s.side(wiki.Internal)
	thread, err := side.StartThread(s.ctx(), s.tom, place(planAt), wiki.NewThread{Quote: "Who pays?", Text: "They do."})
	require.NoError(t, err)
	told := func(c *client, times int) {
		t.Helper()
		c.until("a notice", func() bool {
			n := 0
			for _, code := range c.notices {
				if code == "comments" {
					n++
				}
			}
			return n == times
		})
	}
	told(dana, 1)
	told(reader, 1)
	_, err = side.Reply(s.ctx(), s.dana, place(planAt), thread.ID, "Who says so?")
	require.NoError(t, err)
	told(dana, 2)
	told(reader, 2)
	tom.mu.Lock()
	defer tom.mu.Unlock()
	require.False(t, slices.Contains(tom.notices, "comments"))
}
