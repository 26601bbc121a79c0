package load

import (
	"context"
	"fmt"
	"math"
	"sync/atomic"
	"time"
)

// Idle opens sockets that only listen and answers how many bytes of memory each
// costs the server, once they have been still for a while: rooms included.
func Idle(ctx context.Context, t *Target, rooms, each int, still time.Duration) (bytes int64, err error) {
	var from, to atomic.Int64
	from.Store(math.MaxInt64)
	before, err := Memory(t.PID)
	if err != nil {
		return 0, err
	}
	first := t.rooms
	t.rooms += rooms
	sockets, err := t.open(ctx, first, rooms, each, time.Now(), &from, &to)
	defer closeAll(sockets)
	if err != nil {
		return 0, err
	}
	if !sleep(ctx, still) {
		return 0, fmt.Errorf("measuring idle sockets: %w", ctx.Err())
	}
	after, err := Memory(t.PID)
	if err != nil {
		return 0, err
	}
	for _, s := range sockets {
		select {
		case <-s.done:
			return 0, fmt.Errorf("an idle socket of %s was closed: %w", t.Name, s.err)
		default:
		}
	}
	return (after - before) / int64(len(sockets)), nil
}
