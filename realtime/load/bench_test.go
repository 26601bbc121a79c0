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

// each runs f on every server, and says how ours stands beside them; rooms and
// sockets are what ours needs made before. f answers the figure that counts.
func each(b *testing.B, rooms, sockets int, what string, f func(b *testing.B, t *Target) float64) {
	b.Helper()
	figures := map[string]float64{}
	run := func(name string, start func(testing.TB) *Target) {
		b.Run(name, func(b *testing.B) {
			t := start(b)
			for range b.N {
				figures[name] = f(b, t)
			}
		})
	}
	if os.Getenv("DEALWIKI_BENCH_PEERS") != "only" {
		run("dealwiki", func(t testing.TB) *Target { return ours(t, rooms, sockets) })
	}
	run("y-websocket", yWebsocket)
	run("hocuspocus", hocuspocus)
	if own, ok := figures["dealwiki"]; ok {
		for _, name := range []string{"y-websocket", "hocuspocus"} {
			b.Logf("%s: dealwiki %.4g, %s %.4g: %.2f times", what, own, name, figures[name], own/figures[name])
		}
	}
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

// measure runs one plan.
func measure(b *testing.B, t *Target, p Plan) Report {
	b.Helper()
	r, err := Run(b.Context(), t, p)
	require.NoError(b, err)
	report(b, r)
	return r
}

// BenchmarkLight is an office at work: ten rooms of ten, somebody types in each.
func BenchmarkLight(b *testing.B) {
	for _, rate := range []float64{20, 60} {
		b.Run(fmt.Sprintf("%.0f", rate), func(b *testing.B) {
			each(b, 10, 10, "µs of CPU a delivery", func(b *testing.B, t *Target) float64 {
				r := measure(b, t, Plan{Rooms: 10, Sockets: 10, Writers: 1, Rate: rate, WarmUp: 2 * time.Second, Duration: 2 * seconds()})
				return float64(r.CPU) / 1e3
			})
		})
	}
}

// BenchmarkFive is five people who write on one page at once.
func BenchmarkFive(b *testing.B) {
	each(b, 1, 5, "p99 in ms", func(b *testing.B, t *Target) float64 {
		return ms(measure(b, t, Plan{Rooms: 1, Sockets: 5, Writers: 5, Rate: 10, WarmUp: 2 * time.Second, Duration: 2 * seconds()}).P99)
	})
}

// crowded is twenty rooms of eleven, all of whom write, so that every update is
// delivered to ten.
func crowded() Plan {
	return Plan{Rooms: 20, Sockets: 11, Writers: 11, Rate: 10, WarmUp: 2 * time.Second, Duration: seconds()}
}

// BenchmarkCapacity looks for the most updates a second that reach ten readers
// each, 99 of 100 within 100 ms.
func BenchmarkCapacity(b *testing.B) {
	p := crowded()
	each(b, 30*p.Rooms, p.Sockets, "updates a second at capacity", func(b *testing.B, t *Target) float64 {
		r, err := Capacity(b.Context(), t, p, Goals{P99: 100 * time.Millisecond, Kept: 0.97}, b.Logf)
		require.NoError(b, err)
		report(b, r)
		return r.Sent
	})
}

// BenchmarkCrowded offers 8,800 updates a second to all: unlike the capacity, the
// processor time of a delivery says something on a busy machine too.
func BenchmarkCrowded(b *testing.B) {
	p := crowded()
	p.Rate = 40
	each(b, p.Rooms, p.Sockets, "µs of CPU a delivery", func(b *testing.B, t *Target) float64 {
		return float64(measure(b, t, p).CPU) / 1e3
	})
}

// BenchmarkIdle is people who have a page open and do nothing.
func BenchmarkIdle(b *testing.B) {
	const rooms, sockets = 100, 10
	each(b, rooms, sockets, "kB an idle socket", func(b *testing.B, t *Target) float64 {
		bytes, err := Idle(b.Context(), t, rooms, sockets, 2*seconds())
		require.NoError(b, err)
		b.ReportMetric(0, "ns/op")
		b.ReportMetric(float64(bytes)/1e3, "kB/socket")
		return float64(bytes) / 1e3
	})
}
