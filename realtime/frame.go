package realtime

import (
	"encoding/binary"
	"errors"
	"unicode/utf8"
)

// Frames to clients are written by this package itself, so that one is made
// once for all readers of a room and all that waits for a socket goes out in one
// write. (RFC 6455, 5.2: never masked, never compressed, never in fragments.)

// Kinds of frames.
const (
	opBinary = 0x2
	opClose  = 0x8
	opPing   = 0x9
	opPong   = 0xA
)

func appendHeader(b []byte, op byte, n int) []byte {
	b = append(b, 0x80|op)
	switch {
	case n < 126:
		return append(b, byte(n))
	case n < 1<<16:
		return binary.BigEndian.AppendUint16(append(b, 126), uint16(n))
	default:
		return binary.BigEndian.AppendUint64(append(b, 127), uint64(n))
	}
}

func closeFrame(code int, reason string) []byte {
	if len(reason) > 123 {
		cut := 123
		for !utf8.RuneStart(reason[cut]) {
			cut--
		}
		reason = reason[:cut]
	}
	b := appendHeader(make([]byte, 0, 4+len(reason)), opClose, 2+len(reason))
	b = binary.BigEndian.AppendUint16(b, uint16(code))
	return append(b, reason...)
}

func controlFrame(op byte, data string) []byte {
	return append(appendHeader(make([]byte, 0, 2+len(data)), op, len(data)), data...)
}

// uintSize is the length of a number of the y-protocols.
func uintSize(v uint64) int {
	n := 1
	for ; v >= 0x80; v >>= 7 {
		n++
	}
	return n
}

// bytesFrame is the frame of a message that is some numbers below 128 and then
// one array of bytes.
func bytesFrame(data []byte, types ...byte) []byte {
	n := len(types) + uintSize(uint64(len(data))) + len(data)
	b := appendHeader(make([]byte, 0, n+10), opBinary, n)
	b = append(b, types...)
	b = binary.AppendUvarint(b, uint64(len(data)))
	return append(b, data...)
}

func syncFrame(kind byte, data []byte) []byte { return bytesFrame(data, MessageSync, kind) }

func persistedFrame(count uint64) []byte {
	b := appendHeader(make([]byte, 0, 16), opBinary, 1+uintSize(count))
	return binary.AppendUvarint(append(b, MessagePersisted), count)
}

// nothing is a message that changes nothing: awareness of nobody. A stock client
// drops a connection that is silent for 30 seconds.
var nothing = bytesFrame([]byte{0}, MessageAwareness)

// errMessage is wrapped by errors about messages that do not read as such.
var errMessage = errors.New("malformed message")

// maxSafe is the largest number that JavaScript holds exactly.
const maxSafe = 1<<53 - 1

// readUint takes a number from the beginning of a message.
func readUint(b []byte) (v uint64, rest []byte, err error) {
	v, n := binary.Uvarint(b)
	if n <= 0 || v > maxSafe {
		return 0, nil, errMessage
	}
	return v, b[n:], nil
}

// readBytes takes an array of bytes; what it answers is part of b.
func readBytes(b []byte) (data, rest []byte, err error) {
	n, b, err := readUint(b)
	if err != nil || n > uint64(len(b)) {
		return nil, nil, errMessage
	}
	return b[:n:n], b[n:], nil
}
