package realtime_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dealwiki/realtime"
	"dealwiki/wiki"
	"dealwiki/wiki/repo"
)

// cross moves the plan through the wall, asking as often as it is told to.
func (s *site) cross(from, to string) *wiki.Page {
	s.t.Helper()
	sp, err := s.Space(s.ctx(), s.dana, s.slug)
	require.NoError(s.t, err)
	confirm := ""
	for {
		page, err := sp.Cross(s.ctx(), s.dana, place(from), place(to), confirm)
		var not *wiki.Unconfirmed
		if !errors.As(err, &not) {
			require.NoError(s.t, err)
			return page
		}
		confirm = not.Crossing.Digest
	}
}

func TestEditorsGoAlongWhenAPageCrossesTheWall(t *testing.T) {
	s := newSite(t, realtime.Config{})
	outside := "external/closing/plan"
	s.page(planAt, "# Plan\n")
	epoch := s.epoch(planAt)
	dana := s.join(s.dana, planAt, "").in()
	dana.appends("typed\n")
	dana.saved()
	page := s.cross(planAt, outside)
	assert.Equal(t, "# Plan\ntyped\n", string(page.Text), "what was typed is shared as it was shown")
	assert.Equal(t, realtime.CodeMoved, dana.closed())
	assert.Equal(t, outside, dana.reason)
	assert.Equal(t, "moved", dana.notices[len(dana.notices)-1])
	assert.NotEqual(t, epoch, s.epoch(outside), "the other side's document has no past")

	dana = s.join(s.dana, outside, "").in()
	guest := s.join(s.tom, outside, "&guest").in()
	guest.appends("by the customer\n")
	guest.saved()
	page = s.cross(outside, planAt)
	assert.Equal(t, "# Plan\ntyped\nby the customer\n", string(page.Text))
	assert.Equal(t, realtime.CodeMoved, dana.closed())
	assert.Equal(t, planAt, dana.reason)
	assert.Equal(t, realtime.CodeNotFound, guest.closed())
	assert.NotContains(t, guest.reason, "internal")
	assert.NotContains(t, guest.notices, "moved")
	past, err := s.side(wiki.External).History(s.ctx(), s.dana, place(outside), 10, repo.Zero)
	require.NoError(t, err)
	assert.Equal(t, "Tom Okafor", past[1].Author.Name, "what was typed last is in the past under its author")
}
