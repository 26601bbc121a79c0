package yjs

import "math"

// Limits bound what an update may cost. A zero field stands for its default, a
// negative one for no limit.
type Limits struct {
	// MaxMessage is the length of one encoded update in bytes. Default 2 MiB.
	// Decoding allocates at most about 60 times this, and integrating the
	// smallest structs there are again as much.
	MaxMessage int
	// MaxText is the length of the visible text in bytes of UTF-8. Default
	// 1 MiB. An update that makes the text shorter is always taken.
	MaxText int
	// MaxItems is the number of stored runs of text, deleted ones included.
	// Default 500,000, about 80 MB. A document that reaches it is worn out and
	// has to be made anew from its text.
	MaxItems int
	// MaxPending is how much may wait for missing parts, in bytes of memory
	// (estimated). Default 2 MiB. What waits is never dropped: it may have been
	// acknowledged already.
	MaxPending int
	// MaxWork is the number of steps that integrating one update may take: an
	// item that is compared with another, or 128 that are moved in memory.
	// Default 4,000,000, some tenths of a second.
	MaxWork int
}

var unlimited = Limits{MaxMessage: -1, MaxText: -1, MaxItems: -1, MaxPending: -1, MaxWork: -1}

// filled replaces defaults by their values, and none by the largest int.
func (l Limits) filled() Limits {
	set := func(v *int, standard int) {
		switch {
		case *v == 0:
			*v = standard
		case *v < 0:
			*v = math.MaxInt
		}
	}
	set(&l.MaxMessage, 2<<20)
	set(&l.MaxText, 1<<20)
	set(&l.MaxItems, 500_000)
	set(&l.MaxPending, 2<<20)
	set(&l.MaxWork, 4_000_000)
	return l
}
