package sample_test

import (
	"testing"
	"time"
)

// The sample company is what the demo waits for.
func BenchmarkApply(b *testing.B) {
	for b.Loop() {
		apply(b, time.Date(2026, 11, 18, 9, 30, 0, 0, time.UTC))
	}
}
