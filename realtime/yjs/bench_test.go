package yjs_test

import (
	"math/rand/v2"
	"strings"
	"testing"

	"dealwiki/realtime/yjs"
)

// BenchmarkHostile is what the costliest message of 2 MiB costs a document
// whose text is long and much edited, refused or not.
func BenchmarkHostile(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 2))
	page := yjs.New(yjs.Options{Client: 9})
	must(page.Change(insert(0, strings.Repeat("é", 200_000))))
	for range 20_000 {
		must(page.Change(yjs.Edit{Pos: r.IntN(page.Units() - 1), Delete: r.IntN(2), Insert: "x"}))
	}
	for _, c := range []struct {
		name   string
		update []byte
	}{
		{"scan", scanBomb(240_000)},
		{"cuts", splitBomb(200_000)},
		{"deletions", build(0, 1, 9, 400_000, repeat(400_000, func(i int) []byte { return build(2*i, 1) }))},
		{"waiting", build(1, 300_000, 1, 1, repeat(300_000, func(int) []byte { return build(byte(0x84), 2, 0, "a") }), 0)},
		{"clients", build(200_000, repeat(200_000, func(i int) []byte { return build(1, i+10, 0, byte(0x44), 9, 7, "a") }), 0)},
		{"text", single(1, atRoot(4), strings.Repeat("x", 2_000_000))},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			b.ReportMetric(float64(len(c.update)), "message-bytes")
			for b.Loop() {
				b.StopTimer()
				d := page.Fork(2)
				b.StartTimer()
				_, _ = d.Apply(c.update)
			}
		})
	}
}
