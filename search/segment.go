package search

import zapx "github.com/blevesearch/zapx/v17"

func init() {
	// Before it writes a segment, zapx asks for memory in advance: the bytes per
	// entry of whatever it wrote last, times the entries of this one. After one
	// large page that is gigabytes for a thousand facts. Without the guess its
	// buffer grows with what is written.
	zapx.NewSegmentBufferNumResultsFactor = 0
}
