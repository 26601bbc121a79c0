package realtime_test

import (
	"fmt"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/stretchr/testify/require"

	"dealwiki/realtime"
	"dealwiki/realtime/yjs"
)

// BenchmarkRelay is one person typing as fast as the room acknowledges while
// others look on; the load package measures whole servers.
func BenchmarkRelay(b *testing.B) {
	for _, readers := range []int{1, 10, 50} {
		b.Run(fmt.Sprint(readers), func(b *testing.B) {
			s := newSite(b, realtime.Config{Limits: realtime.Limits{Messages: 1 << 30, Burst: 1 << 30}})
			s.page(planAt, "# Plan\n")
			var got atomic.Int64
			var all sync.WaitGroup
			for range readers {
				k := s.dial(s.tom, planAt, "")
				k.step1()
				all.Add(1)
				go func() {
					defer all.Done()
					for {
						_, r, err := k.ws.NextReader()
						if err != nil {
							return
						}
						var head [2]byte
						if n, _ := r.Read(head[:]); n == 2 && head[0] == 0 && head[1] == 2 {
							got.Add(1)
						}
					}
				}()
				defer k.ws.Close()
			}
			dana := s.join(s.dana, planAt, "").in()
			b.ResetTimer()
			for i := range b.N {
				dana.types(7+i, 0, "x")
				if i%64 == 63 {
					dana.saved()
				}
			}
			dana.saved()
			b.StopTimer()
			b.ReportMetric(float64(got.Load())/float64(b.N), "messages/update")
		})
	}
}

// BenchmarkIdleSockets tells the memory of sockets that only listen, both ends
// of the connection's Go side included.
func BenchmarkIdleSockets(b *testing.B) {
	const n = 2000
	s := newSite(b, realtime.Config{Limits: realtime.Limits{Sockets: n}})
	s.page(planAt, "# Plan\n")
	for range b.N {
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		list := make([]*websocket.Conn, n)
		for i := range list {
			k := s.dial(s.tom, planAt, "")
			k.step1()
			for {
				_, data, err := k.ws.ReadMessage()
				require.NoError(b, err)
				if data[0] == 0 && data[1] == 1 {
					break
				}
			}
			list[i] = k.ws
		}
		runtime.GC()
		runtime.ReadMemStats(&after)
		b.ReportMetric(float64(after.HeapInuse+after.StackInuse-before.HeapInuse-before.StackInuse)/n/1e3, "kB/socket")
		for _, ws := range list {
			_ = ws.Close()
		}
	}
}

// BenchmarkOpen is opening a page with a long past.
func BenchmarkOpen(b *testing.B) {
	s := newSite(b, realtime.Config{Limits: realtime.Limits{Linger: 20 * time.Millisecond}})
	s.page(planAt, "# Plan\n")
	dana := s.join(s.dana, planAt, "").in()
	dana.mu.Lock()
	for i := range 20_000 {
		_, err := dana.doc.Change(yjs.Edit{Pos: (i * 7919) % dana.doc.Units(), Insert: "word "})
		require.NoError(b, err)
	}
	state := dana.doc.Encode(nil)
	dana.mu.Unlock()
	dana.update(state)
	dana.saved().leave()
	b.ResetTimer()
	for range b.N {
		b.StopTimer()
		time.Sleep(100 * time.Millisecond)
		b.StartTimer()
		s.join(s.dana, planAt, "").in().leave()
	}
}

// BenchmarkEditElsewhere is an edit by another door, of a page that is open.
func BenchmarkEditElsewhere(b *testing.B) {
	s := newSite(b, realtime.Config{})
	s.page(planAt, "# Plan\n")
	s.join(s.dana, planAt, "").in()
	for i := range b.N {
		s.page(planAt, fmt.Sprintf("# Plan\n\n%s\n\nChange %d.\n", strings.Repeat("A line of text that nobody changes.\n", 100), i))
	}
}
