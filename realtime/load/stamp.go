package load

import "bytes"

// A stamp is a piece of text of constant length that says who typed it when:
// two signs, the sender in 3 digits of base 32, microseconds since the start in
// 8, and a blank or a line's end.
const (
	stampMark   = "@@"
	stampSender = 3
	stampTime   = 8
	stampLength = len(stampMark) + stampSender + stampTime + 1
	digits      = "0123456789abcdefghijklmnopqrstuv"
)

// appendStamp writes the stamp of a sender's edit.
func appendStamp(b []byte, sender int, micros int64, newline bool) []byte {
	b = append(b, stampMark...)
	b = appendDigits(b, int64(sender), stampSender)
	b = appendDigits(b, micros, stampTime)
	if newline {
		return append(b, '\n')
	}
	return append(b, ' ')
}

func appendDigits(b []byte, n int64, width int) []byte {
	for i := width - 1; i >= 0; i-- {
		b = append(b, digits[n>>(5*i)&31])
	}
	return b
}

// stamps calls f for every stamp in a message. What merely looks like one is
// passed over.
func stamps(b []byte, f func(sender int, micros int64)) {
	for {
		i := bytes.Index(b, []byte(stampMark))
		if i < 0 || len(b)-i < stampLength {
			return
		}
		b = b[i+len(stampMark):]
		sender, ok := readDigits(b[:stampSender])
		micros, also := readDigits(b[stampSender : stampSender+stampTime])
		if ok && also {
			b = b[stampSender+stampTime:]
			f(int(sender), micros)
		}
	}
}

func readDigits(b []byte) (n int64, ok bool) {
	for _, c := range b {
		switch {
		case c >= '0' && c <= '9':
			n = n<<5 | int64(c-'0')
		case c >= 'a' && c <= 'v':
			n = n<<5 | int64(c-'a'+10)
		default:
			return 0, false
		}
	}
	return n, true
}
