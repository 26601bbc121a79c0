package load

import (
	"context"
	"fmt"
	"time"
)

// Goals that a server keeps up with when it meets them.
type Goals struct {
	P99 time.Duration
	// Kept is the share of the offered updates that has to be taken in time,
	// such as 0.97.
	Kept float64
}

func (g Goals) met(r Report) bool {
	return r.Lost == 0 && r.P99 <= g.P99 && r.Sent >= g.Kept*r.Offered
}

// Capacity looks for the highest rate at which a target meets the goals, by
// raising the plan's rate by half until it does not twice and halving the gap
// some times. It answers the report of the best run; each run is told to log.
func Capacity(ctx context.Context, t *Target, p Plan, g Goals, log func(format string, args ...any)) (best Report, err error) {
	const halvings = 3
	good, bad := 0.0, 0.0
	for step := 0; step < halvings; {
		rate := p.Rate
		switch {
		case bad > 0 && good > 0:
			rate = (good + bad) / 2
			step++
		case bad > 0:
			rate = bad / 2
			step++
		case good > 0:
			rate = good * 1.5
		}
		p.Rate = rate
		r, err := Run(ctx, t, p)
		if err != nil || !g.met(r) { // it may have been the machine: once more
			log("%s, first try: %v %v", t.Name, r, err)
			sleep(ctx, time.Second)
			r, err = Run(ctx, t, p)
		}
		if ctx.Err() != nil {
			return best, fmt.Errorf("measuring capacity: %w", ctx.Err())
		}
		switch {
		case err != nil:
			log("%s at %.0f updates/s: %v", t.Name, rate*float64(p.Rooms*p.Writers), err)
			bad = rate
		case g.met(r):
			log("%s keeps up: %v", t.Name, r)
			good = rate
			if r.Delivered > best.Delivered {
				best = r
			}
		default:
			log("%s falls behind: %v", t.Name, r)
			bad = rate
		}
		sleep(ctx, time.Second) // so that it ends what it has begun
	}
	return best, nil
}
