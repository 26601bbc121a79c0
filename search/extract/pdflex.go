package extract

import (
	"bytes"
	"strconv"
)

// pdfLexer reads PDF values from bytes.
type pdfLexer struct {
	f    *pdfFile
	buf  []byte
	pos  int
	page bool // a page's content: operators, no references
}

// pdfEnd is what value returns at the end, or for what cannot be read.
type pdfEnd struct{}

// pdfClose is a closing bracket.
type pdfClose byte

func (l *pdfLexer) space() {
	for l.pos < len(l.buf) {
		switch c := l.buf[l.pos]; {
		case pdfSpace(c):
			l.pos++
		case c == '%':
			for l.pos < len(l.buf) && l.buf[l.pos] != '\n' && l.buf[l.pos] != '\r' {
				l.pos++
			}
		default:
			return
		}
	}
}

func pdfSpace(c byte) bool {
	return c == ' ' || c == '\n' || c == '\r' || c == '\t' || c == '\f' || c == 0
}

func pdfDelim(c byte) bool {
	switch c {
	case '(', ')', '<', '>', '[', ']', '{', '}', '/', '%':
		return true
	}
	return false
}

// value reads the next value. Nothing it meets makes it fail: what is no
// value is an operator, or the end.
func (l *pdfLexer) value(depth int) any {
	l.space()
	if l.pos >= len(l.buf) || depth > maxNesting {
		return pdfEnd{}
	}
	spent := &l.f.nodes
	if l.page {
		spent = &l.f.ops
	}
	if *spent--; *spent <= 0 {
		return pdfEnd{}
	}
	c := l.buf[l.pos]
	switch {
	case c == '/':
		l.pos++
		return pdfName(pdfUnescape(l.word()))
	case c == '(':
		return l.literal()
	case c == '<' && l.pos+1 < len(l.buf) && l.buf[l.pos+1] == '<':
		l.pos += 2
		return l.dict(depth)
	case c == '<':
		end := bytes.IndexByte(l.buf[l.pos:], '>')
		if end < 0 {
			l.pos = len(l.buf)
			return pdfEnd{}
		}
		s := pdfUnhex(l.buf[l.pos+1 : l.pos+end])
		l.pos += end + 1
		return pdfString(s)
	case c == '[':
		l.pos++
		a := pdfArray{}
		for {
			switch v := l.value(depth + 1).(type) {
			case pdfEnd, pdfClose:
				return a
			case pdfOp:
			default:
				if !l.page || len(a) < 1<<16 {
					a = append(a, v)
				}
			}
		}
	case c == '>' && l.pos+1 < len(l.buf) && l.buf[l.pos+1] == '>':
		l.pos += 2
		return pdfClose('>')
	case pdfDelim(c):
		l.pos++
		return pdfClose(c)
	}
	w := l.word()
	if n, ok := pdfNumeral(w); ok {
		if !l.page && n >= 0 && n < 1e9 && n == float64(int(n)) && l.reference() {
			return pdfRef(int(n))
		}
		return n
	}
	switch string(w) {
	case "true":
		return true
	case "false":
		return false
	case "null":
		return nil
	case "endobj", "endstream", "stream":
		if !l.page {
			l.pos -= len(w)
			return pdfEnd{}
		}
	}
	return pdfOp(w)
}

// reference reads " 0 R" if it follows.
func (l *pdfLexer) reference() bool {
	p := l.pos
	skip := func() {
		for p < len(l.buf) && pdfSpace(l.buf[p]) {
			p++
		}
	}
	skip()
	digits := p
	for p < len(l.buf) && p-digits < 6 && l.buf[p] >= '0' && l.buf[p] <= '9' {
		p++
	}
	if p == digits {
		return false
	}
	skip()
	if p >= len(l.buf) || l.buf[p] != 'R' || p+1 < len(l.buf) && !pdfSpace(l.buf[p+1]) && !pdfDelim(l.buf[p+1]) {
		return false
	}
	l.pos = p + 1
	return true
}

func (l *pdfLexer) word() []byte {
	start := l.pos
	for l.pos < len(l.buf) && !pdfSpace(l.buf[l.pos]) && !pdfDelim(l.buf[l.pos]) {
		l.pos++
	}
	return l.buf[start:l.pos]
}

func pdfNumeral(w []byte) (float64, bool) {
	if len(w) == 0 || len(w) > 32 || w[0] > '9' {
		return 0, false
	}
	for _, c := range w {
		if (c < '0' || c > '9') && c != '.' && c != '-' && c != '+' {
			return 0, false
		}
	}
	n, err := strconv.ParseFloat(string(w), 64)
	return n, err == nil
}

// pdfUnescape undoes #xx in names.
func pdfUnescape(w []byte) string {
	if bytes.IndexByte(w, '#') < 0 {
		return string(w)
	}
	out := make([]byte, 0, len(w))
	for i := 0; i < len(w); i++ {
		if w[i] == '#' && i+2 < len(w) {
			if n, err := strconv.ParseUint(string(w[i+1:i+3]), 16, 8); err == nil {
				out = append(out, byte(n))
				i += 2
				continue
			}
		}
		out = append(out, w[i])
	}
	return string(out)
}

func (l *pdfLexer) dict(depth int) pdfDict {
	d := pdfDict{}
	for {
		key := l.value(depth + 1)
		name, ok := key.(pdfName)
		if !ok {
			switch key.(type) {
			case pdfEnd, pdfClose:
				return d
			}
			continue
		}
		v := l.value(depth + 1)
		switch v.(type) {
		case pdfEnd, pdfClose:
			return d
		case pdfOp:
			continue
		}
		d[string(name)] = v
	}
}

// literal reads a string in parentheses.
func (l *pdfLexer) literal() pdfString {
	l.pos++
	var out []byte
	for open := 1; l.pos < len(l.buf); l.pos++ {
		c := l.buf[l.pos]
		switch c {
		case '(':
			open++
		case ')':
			if open--; open == 0 {
				l.pos++
				return pdfString(out)
			}
		case '\\':
			l.pos++
			if l.pos >= len(l.buf) {
				return pdfString(out)
			}
			c = l.buf[l.pos]
			switch c {
			case 'n':
				c = '\n'
			case 'r':
				c = '\r'
			case 't':
				c = '\t'
			case 'b':
				c = '\b'
			case 'f':
				c = '\f'
			case '\r':
				if l.pos+1 < len(l.buf) && l.buf[l.pos+1] == '\n' {
					l.pos++
				}
				continue
			case '\n':
				continue
			default:
				if c >= '0' && c <= '7' {
					n := 0
					for i := 0; i < 3 && l.pos < len(l.buf) && l.buf[l.pos] >= '0' && l.buf[l.pos] <= '7'; i++ {
						n = n*8 + int(l.buf[l.pos]-'0')
						l.pos++
					}
					l.pos--
					c = byte(n)
				}
			}
		}
		out = append(out, c)
	}
	return pdfString(out)
}

// stream takes the bytes of a stream that begins here.
func (l *pdfLexer) stream(d pdfDict) ([]byte, bool) {
	l.space()
	if !bytes.HasPrefix(l.buf[l.pos:], []byte("stream")) {
		return nil, false
	}
	p := l.pos + len("stream")
	if p < len(l.buf) && l.buf[p] == '\r' {
		p++
	}
	if p < len(l.buf) && l.buf[p] == '\n' {
		p++
	}
	rest := l.buf[p:]
	if n, ok := l.f.get(d["Length"]).(float64); ok && n >= 0 && int(n) <= len(rest) {
		tail := bytes.TrimLeft(rest[int(n):min(len(rest), int(n)+16)], "\r\n\t ")
		if bytes.HasPrefix(tail, []byte("endstream")) {
			return rest[:int(n)], true
		}
	}
	if l.f.scan <= 0 {
		return nil, true
	}
	if i := bytes.Index(rest, []byte("endstream")); i >= 0 {
		l.f.scan -= i
		return bytes.TrimRight(rest[:i], "\r\n"), true
	}
	l.f.scan -= len(rest)
	return rest, true
}
