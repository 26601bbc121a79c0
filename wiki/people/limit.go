package people

import (
	"cmp"
	"container/list"
	"net/netip"
	"sync"
	"time"
)

// SignInLimits say how often signing in may be tried and fail. Successful
// sign-ins are not counted.
type SignInLimits struct {
	PerAddress   int           // attempts at once on one address; zero: 10
	AddressEvery time.Duration // then one more in this time; zero: 1 minute
	PerIP        int           // attempts at once from one IP (IPv6: /64); zero: 50
	IPEvery      time.Duration // then one more in this time; zero: 6 seconds
}

// maxBuckets bounds the memory of each kind of limit; beyond it whoever has been
// quiet longest is forgotten.
const maxBuckets = 10_000

type signInLimiter struct {
	addresses, ips *limiter
}

func newSignInLimiter(l SignInLimits) *signInLimiter {
	return &signInLimiter{
		addresses: newLimiter(cmp.Or(l.PerAddress, 10), cmp.Or(l.AddressEvery, time.Minute)),
		ips:       newLimiter(cmp.Or(l.PerIP, 50), cmp.Or(l.IPEvery, 6*time.Second)),
	}
}

// take counts an attempt, or is *TooMany. refund takes the count back.
func (s *signInLimiter) take(now time.Time, email, ip string) (refund func(), err error) {
	network := ipKey(ip)
	if network != "" {
		if wait := s.ips.take(now, network); wait > 0 {
			return nil, &TooMany{RetryAfter: wait}
		}
	}
	if email != "" {
		if wait := s.addresses.take(now, email); wait > 0 {
			return nil, &TooMany{RetryAfter: wait}
		}
	}
	return func() {
		s.ips.refund(network)
		s.addresses.refund(email)
	}, nil
}

// ipKey is what an address counts as: IPv6 customers have a whole /64.
func ipKey(ip string) string {
	a, err := netip.ParseAddr(ip)
	if err != nil {
		return clip(ip, 64)
	}
	a = a.Unmap().WithZone("")
	if a.Is6() {
		if p, err := a.Prefix(64); err == nil {
			return p.String()
		}
	}
	return a.String()
}

// limiter is token buckets by key.
type limiter struct {
	burst float64
	every time.Duration

	mu      sync.Mutex
	buckets map[string]*list.Element
	recent  *list.List // of *bucket, used last first
}

type bucket struct {
	key  string
	left float64
	last time.Time
}

func newLimiter(burst int, every time.Duration) *limiter {
	return &limiter{burst: float64(burst), every: every, buckets: map[string]*list.Element{}, recent: list.New()}
}

// take is zero, or how long to wait.
func (l *limiter) take(now time.Time, key string) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	e := l.buckets[key]
	if e == nil {
		if len(l.buckets) >= maxBuckets {
			oldest := l.recent.Back()
			delete(l.buckets, oldest.Value.(*bucket).key)
			l.recent.Remove(oldest)
		}
		e = l.recent.PushFront(&bucket{key: key, left: l.burst, last: now})
		l.buckets[key] = e
	}
	l.recent.MoveToFront(e)
	b := e.Value.(*bucket)
	// A clock set back gives nothing and takes nothing.
	if passed := now.Sub(b.last); passed > 0 {
		b.left = min(l.burst, b.left+float64(passed)/float64(l.every))
	}
	b.last = now
	if b.left < 1 {
		return max(time.Second, time.Duration((1-b.left)*float64(l.every)))
	}
	b.left--
	return 0
}

func (l *limiter) refund(key string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if e := l.buckets[key]; e != nil {
		b := e.Value.(*bucket)
		b.left = min(l.burst, b.left+1)
	}
}
