package realtime

import "time"

// A pace keeps a busy room from answering every message by itself: the faster
// its people type, the longer a group is waited for, and the fewer messages each
// of them gets. In a room of ordinary size nothing waits.
type pace struct {
	timer   *time.Timer
	last    time.Time // when the last group was sent
	since   time.Time // when counting began
	updates int       // since then
	gap     time.Duration
}

const (
	paceFrom   = 100 // updates a second from which groups are waited for
	paceWindow = 200 * time.Millisecond
	maxGap     = 25 * time.Millisecond
)

func (p *pace) init() {
	p.timer = time.NewTimer(time.Hour)
	p.since = time.Now()
}

// sent notes a group of so many updates.
func (p *pace) sent(updates int) {
	now := time.Now()
	p.last = now
	p.updates += updates
	if passed := now.Sub(p.since); passed >= paceWindow {
		rate := float64(p.updates) / passed.Seconds()
		p.gap = 0
		if rate > paceFrom {
			p.gap = min(maxGap, time.Duration(rate/20*float64(time.Millisecond)))
		}
		p.since, p.updates = now, 0
	}
}

// wait reports whether the group goes on for a while.
func (p *pace) wait() bool {
	if p.gap == 0 {
		return false
	}
	left := p.gap - time.Since(p.last)
	if left <= 0 {
		return false
	}
	p.timer.Reset(left)
	return true
}
