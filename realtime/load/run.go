package load

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// A Plan says what a run does.
type Plan struct {
	Rooms int
	// Sockets is how many there are in each room, Writers how many of them
	// type.
	Sockets, Writers int
	// Rate is how many updates a second each writer sends.
	Rate float64
	// WarmUp passes before anything is measured, Duration is measured.
	WarmUp, Duration time.Duration
}

// A Report is what a run measured.
type Report struct {
	// Offered is how many updates a second were planned, Sent how many the
	// server took, Delivered how many deliveries a second that made.
	Offered, Sent, Delivered float64
	// Lost is how many deliveries had not come when the run gave up waiting.
	Lost int
	// P50 and P99 are from sending an edit to reading it on another socket,
	// Ack50 and Ack99 from sending it to the word that it is safe (0 if the
	// server says none).
	P50, P99, Ack50, Ack99 time.Duration
	// CPU is the processor time of the server by delivery.
	CPU time.Duration
	// Busy is how many processors the server kept busy, Own the generator's
	// share of its own.
	Busy, Own float64
}

func (r Report) String() string {
	return fmt.Sprintf("%.0f updates/s of %.0f, %.0f deliveries/s, p50 %.1f ms, p99 %.1f ms, acknowledged p50 %.1f ms p99 %.1f ms, %.1f µs CPU a delivery, server %.2f CPU, generator %.2f CPU, %d lost",
		r.Sent, r.Offered, r.Delivered, ms(r.P50), ms(r.P99), ms(r.Ack50), ms(r.Ack99), float64(r.CPU)/1e3, r.Busy, r.Own, r.Lost)
}

func ms(d time.Duration) float64 { return float64(d) / 1e6 }

// drain is how long a run waits for what was sent last.
const drain = 3 * time.Second

// Run carries out a plan in rooms that no run has used. An error means that it
// could not be carried out: a socket was refused or closed.
func Run(ctx context.Context, t *Target, p Plan) (Report, error) {
	start := time.Now()
	var from, to atomic.Int64
	from.Store(math.MaxInt64)
	to.Store(math.MaxInt64)
	first := t.rooms
	t.rooms += p.Rooms
	sockets, err := t.open(ctx, first, p.Rooms, p.Sockets, start, &from, &to)
	defer closeAll(sockets)
	if err != nil {
		return Report{}, err
	}

	var typing sync.WaitGroup
	var sent atomic.Int64
	begin := time.Now()
	measured := begin.Add(p.WarmUp)
	end := measured.Add(p.Duration)
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	for i, s := range sockets {
		if i%p.Sockets >= p.Writers {
			continue
		}
		typing.Go(func() {
			w := &writer{client: uint64(rand.Uint32()>>1) + 1, sender: s.sender}
			phase := begin.Add(time.Duration(rand.Float64() / p.Rate * float64(time.Second)))
			for n := 0; ; n++ {
				next := pace(phase, p.Rate, n)
				if !next.Before(end) || !sleep(ctx, time.Until(next)) {
					return
				}
				if err := s.send(w); err != nil {
					<-s.done
					cancel(fmt.Errorf("typing: %w", errors.Join(err, s.err)))
					return
				}
			}
		})
	}
	if !sleep(ctx, time.Until(measured)) {
		typing.Wait()
		return Report{}, context.Cause(ctx)
	}
	cpu, err := CPU(t.PID)
	own, _ := CPU(os.Getpid())
	from.Store(time.Since(start).Microseconds())
	typing.Wait()
	to.Store(time.Since(start).Microseconds())
	took := time.Since(measured)
	if err := errors.Join(err, context.Cause(ctx)); err != nil {
		return Report{}, err
	}
	for _, s := range sockets {
		s.mu.Lock()
		for _, at := range s.waiting {
			if at >= from.Load() {
				sent.Add(1)
			}
		}
		s.mu.Unlock()
	}
	want := int(sent.Load()) * (p.Sockets - 1)
	arrived := 0
	for until := time.Now().Add(drain); ; {
		arrived = 0
		for _, s := range sockets {
			arrived += int(s.arrived.Load())
		}
		if arrived >= want || time.Now().After(until) || !sleep(ctx, 5*time.Millisecond) {
			break
		}
	}
	cpuEnd, err := CPU(t.PID)
	ownEnd, _ := CPU(os.Getpid())
	if err != nil {
		return Report{}, err
	}
	var seen, acked times
	for _, s := range sockets {
		select {
		case <-s.done:
			return Report{}, fmt.Errorf("a socket of %s was closed: %w", t.Name, s.err)
		default:
		}
		s.mu.Lock()
		seen.merge(&s.seen)
		acked.merge(&s.acked)
		s.mu.Unlock()
	}
	r := Report{
		Offered:   float64(p.Rooms*p.Writers) * p.Rate,
		Sent:      float64(sent.Load()) / took.Seconds(),
		Delivered: float64(arrived) / took.Seconds(),
		Lost:      want - arrived,
		P50:       seen.quantile(0.5), P99: seen.quantile(0.99),
		Ack50: acked.quantile(0.5), Ack99: acked.quantile(0.99),
		Busy: (cpuEnd - cpu).Seconds() / took.Seconds(),
		Own:  (ownEnd - own).Seconds() / took.Seconds(),
	}
	if arrived > 0 {
		r.CPU = (cpuEnd - cpu) / time.Duration(arrived)
	}
	return r, nil
}

// open opens the sockets of some rooms, a few at a time. What it opened is to
// be closed also when it answers an error.
func (t *Target) open(ctx context.Context, first, rooms, each int, start time.Time, from, to *atomic.Int64) ([]*socket, error) {
	const atOnce = 8
	sockets := make([]*socket, rooms*each)
	errs := make([]error, rooms*each)
	var wait sync.WaitGroup
	var next atomic.Int64
	for range atOnce {
		wait.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= len(sockets) {
					return
				}
				sockets[i], errs[i] = t.dial(ctx, first+i/each, i%each, i, start, from, to)
			}
		})
	}
	wait.Wait()
	opened := sockets[:0]
	for _, s := range sockets {
		if s != nil {
			opened = append(opened, s)
		}
	}
	return opened, errors.Join(errs...)
}

func closeAll(sockets []*socket) {
	for _, s := range sockets {
		s.close()
	}
}

// sleep waits, and tells whether it was not cut short.
func sleep(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return ctx.Err() == nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
