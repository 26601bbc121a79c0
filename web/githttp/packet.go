package githttp

import (
	"fmt"
	"io"
	"strconv"
)

// Packets of git's protocol: four hexadecimal digits of length, which count
// themselves, and the content.
const (
	flushPacket = "0000"
	maxPacket   = 65516 // bytes of content
)

// writePacket writes one packet.
func writePacket(w io.Writer, data []byte) error {
	_, err := fmt.Fprintf(w, "%04x%s", len(data)+4, data)
	return err
}

// readPacket reads one packet; ok is false for a flush. It reads not a byte more.
func readPacket(r io.Reader) (data []byte, ok bool, err error) {
	var head [4]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return nil, false, err
	}
	n, err := strconv.ParseUint(string(head[:]), 16, 16)
	if err != nil || n != 0 && n < 4 {
		return nil, false, errUnread
	}
	if n == 0 {
		return nil, false, nil
	}
	data = make([]byte, n-4)
	if _, err := io.ReadFull(r, data); err != nil {
		return nil, false, err
	}
	return data, true, nil
}
