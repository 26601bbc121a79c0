package load

import (
	"fmt"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// These benchmarks measure dealwiki, which keeps everything on disk, beside two
// servers that keep nothing, in one run and by one generator. Run them on a
// still machine, one at a time:
//
//	go test ./realtime/load -run '^$' -bench . -benchtime 1x -timeout 1h -v
//
// DEALWIKI_BENCH_SECONDS is how long each measurement takes (default 5),
// DEALWIKI_BENCH_PEERS=only leaves ours out.

func seconds() time.Duration {
	if n, err := strconv.Atoi(os.Getenv("DEALWIKI_BENCH_SECONDS")); err == nil && n > 0 {
		return time.Duration(n) * time.Second
	}
	return 5 * time.Second
}

// each runs f on every server; rooms and sockets are what ours needs made
// before.
func each(b *testing.B, rooms, sockets int, f func(b *testing.B, t *Target)) {
	if os.Getenv("DEALWIKI_BENCH_PEERS") != "only" {
		b.Run("dealwiki", func(b *testing.B) { f(b, ours(b, rooms, sockets)) })
	}
	b.Run("y-websocket", func(b *testing.B) { f(b, yWebsocket(b)) })
	b.Run("hocuspocus", func(b *testing.B) { f(b, hocuspocus(b)) })
}

func report(b *testing.B, r Report) {
	b.Helper()
	b.Logf("%v", r)
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(r.Sent, "updates/s")
	b.ReportMetric(r.Delivered, "deliveries/s")
	b.ReportMetric(ms(r.P50), "p50-ms")
	b.ReportMetric(ms(r.P99), "p99-ms")
	b.ReportMetric(ms(r.Ack99), "ack-p99-ms")
	b.ReportMetric(float64(r.CPU)/1e3, "µs-cpu/delivery")
	b.ReportMetric(r.Own, "generator-cpus")
	b.ReportMetric(float64(r.Lost), "lost")
}

// BenchmarkLight is an office at work: ten rooms of ten, somebody types in each.
func BenchmarkLight(b *testing.B) {
	for _, rate := range []float64{20, 60} {
		b.Run(fmt.Sprintf("%.0f", rate), func(b *testing.B) {
			each(b, 10, 10, func(b *testing.B, t *Target) {
				for range b.N {
					r, err := Run(b.Context(), t, Plan{Rooms: 10, Sockets: 10, Writers: 1, Rate: rate, WarmUp: 2 * time.Second, Duration: 2 * seconds()})
					require.NoError(b, err)
					report(b, r)
				}
			})
		})
	}
}

// BenchmarkFive is five people who write on one page at once.
func BenchmarkFive(b *testing.B) {
	each(b, 1, 5, func(b *testing.B, t *Target) {
		for range b.N {
			r, err := Run(b.Context(), t, Plan{Rooms: 1, Sockets: 5, Writers: 5, Rate: 10, WarmUp: 2 * time.Second, Duration: 2 * seconds()})
			require.NoError(b, err)
			report(b, r)
		}
	})
}

// BenchmarkCapacity looks for the most updates a second that reach ten readers
// each, 99 of 100 within 100 ms: twenty rooms of eleven, all of whom write.
func BenchmarkCapacity(b *testing.B) {
	p := Plan{Rooms: 20, Sockets: 11, Writers: 11, Rate: 10, WarmUp: 2 * time.Second, Duration: seconds()}
	each(b, 20*20, 11, func(b *testing.B, t *Target) {
		for range b.N {
			r, err := Capacity(b.Context(), t, p, Goals{P99: 100 * time.Millisecond, Kept: 0.97}, b.Logf)
			require.NoError(b, err)
			report(b, r)
		}
	})
}

// BenchmarkIdle is people who have a page open and do nothing.
func BenchmarkIdle(b *testing.B) {
	each(b, 100, 10, func(b *testing.B, t *Target) {
		for range b.N {
			bytes, err := Idle(b.Context(), t, 100, 10, 2*seconds())
			require.NoError(b, err)
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(float64(bytes)/1e3, "kB/socket")
		}
	})
}
