package load

import (
	"encoding/binary"
	"time"
)

// A writer makes the updates of a client that types stamps one behind the
// other: what a browser would send, without keeping a document.
type writer struct {
	client uint64
	clock  uint64
	sender int
	buf    []byte
}

// update answers the message of the next edit; it is valid until the next call.
func (w *writer) update(prefix []byte, micros int64) []byte {
	b := append(w.buf[:0], prefix...)
	b = append(b, messageSync, syncUpdate, 0)
	at := len(b)
	b = append(b, 1, 1) // one group of one struct
	b = binary.AppendUvarint(b, w.client)
	b = binary.AppendUvarint(b, w.clock)
	const text, origin = 4, 0x80
	if w.clock == 0 {
		b = append(b, text, 1)
		b = appendBytes(b, []byte("content"))
	} else {
		b = append(b, text|origin)
		b = binary.AppendUvarint(b, w.client)
		b = binary.AppendUvarint(b, w.clock-1)
	}
	b = append(b, byte(stampLength))
	b = appendStamp(b, w.sender, micros, w.clock/uint64(stampLength)%8 == 7)
	b = append(b, 0) // nothing deleted
	b[at-1] = byte(len(b) - at)
	w.clock += uint64(stampLength)
	w.buf = b
	return b
}

// pace answers the moments at which something happens n times a second.
func pace(start time.Time, perSecond float64, i int) time.Time {
	return start.Add(time.Duration(float64(i) / perSecond * float64(time.Second)))
}
