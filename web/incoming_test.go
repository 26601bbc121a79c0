package web

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"dealwiki/wiki"
	"dealwiki/wiki/handoff"
)

// A warning that nobody answers, and a ramp-up that is too long, are marked.
func TestIncomingMarksWhatDoesNotFit(t *testing.T) {
	now := time.Date(2026, 11, 22, 15, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		start string
		days  []int
		soon  bool
		says  string
	}{
		"unanswered and soon": {start: "2026-12-07", soon: true},
		"unanswered and far":  {start: "2027-06-01"},
		"fits":                {start: "2026-12-22", days: []int{20}},
		"too long":            {start: "2026-12-07", days: []int{3, 20}, says: "Ramp-up of 20 days does not fit: it starts in 15."},
		"today":               {start: "2026-11-22", days: []int{1}, says: "Ramp-up of 1 day does not fit: it starts today."},
		"past":                {start: "2026-11-01", days: []int{10}, says: "Ramp-up of 10 days does not fit: it was to start already."},
		"no date":             {days: []int{10}},
	} {
		row := IncomingRow{Ack: "/p/x/ready"}
		for _, d := range c.days {
			row.Acks = append(row.Acks, ReadyRow{Days: d})
		}
		row.warn(handoff.Incoming{Entry: wiki.Entry{}, Start: c.start}, now)
		assert.Equal(t, c.soon, row.Soon, name)
		assert.Equal(t, c.says, row.Misfit, name)
	}
}
