package load

import (
	"math/bits"
	"time"
)

// times counts durations in buckets that are 1/16 wide of what they hold.
type times struct {
	count   int
	buckets [16 * 36]uint32
}

func (t *times) add(d time.Duration) {
	t.count++
	t.buckets[bucket(max(0, d.Microseconds()))]++
}

func bucket(micros int64) int {
	if micros < 32 {
		return int(micros)
	}
	shift := bits.Len64(uint64(micros)) - 5
	return min(16*shift+int(micros>>shift), len(times{}.buckets)-1)
}

// merge adds another count to this one.
func (t *times) merge(other *times) {
	t.count += other.count
	for i, n := range other.buckets {
		t.buckets[i] += n
	}
}

// quantile answers the duration that a share of all does not exceed, to 1/16 of
// it; 0 if there are none.
func (t *times) quantile(share float64) time.Duration {
	want := int(share * float64(t.count))
	for i, n := range t.buckets {
		if want -= int(n); want < 0 {
			return upper(i)
		}
	}
	return 0
}

// upper is the end of a bucket.
func upper(i int) time.Duration {
	if i < 32 {
		return time.Duration(i) * time.Microsecond
	}
	shift := i/16 - 1
	return time.Duration(int64(i-16*shift+1)<<shift) * time.Microsecond
}
