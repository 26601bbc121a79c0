package extract

import (
	"bytes"
	"compress/zlib"
	"errors"
	"fmt"
	"io"
	"strings"
)

// Limits of one PDF.
const (
	maxObjects = 200_000   // objects a file may define
	maxNodes   = 1 << 20   // values of objects, which are kept
	maxOps     = 8 << 20   // operators and operands on all pages
	maxScan    = 256 << 20 // bytes read to take objects apart; only in hostile files do they overlap
	maxNesting = 64        // of values, of the page tree
	maxForms   = 8         // of drawings inside drawings
)

// pdfParts reads a PDF page by page. Objects are found by looking through the
// file, not by its own tables: those are what damaged and hostile files get
// wrong.
func pdfParts(data []byte) ([]Part, error) {
	head := data[:min(len(data), 1024)]
	if !bytes.Contains(head, []byte("%PDF-")) {
		return nil, fmt.Errorf("%w: it does not begin like a PDF", ErrFormat)
	}
	f := &pdfFile{data: data, at: map[int]pdfPlace{}, cache: map[int]any{}, loading: map[int]bool{}, fonts: map[int]*pdfFont{}, nodes: maxNodes, bytes: maxUnpacked, ops: maxOps, scan: maxScan}
	if err := f.index(); err != nil {
		return nil, err
	}
	root, locked := f.root()
	if locked {
		return nil, fmt.Errorf("%w: it is protected by a password", ErrUnsupported)
	}
	var c collector
	n := 0
	f.pages(root["Pages"], nil, map[int]bool{}, 0, func(page, resources pdfDict) bool {
		n++
		t := pdfText{f: f, limit: MaxText - c.size}
		t.run(f.contents(page["Contents"]), resources, pdfIdentity, 0)
		c.add(fmt.Sprintf("Page %d", n), t.b.String())
		return n < MaxParts && !c.full() && f.spent() == nil
	})
	if n == 0 {
		return nil, fmt.Errorf("%w: it has no pages", ErrFormat)
	}
	if len(c.parts) == 0 {
		return nil, f.spent()
	}
	return c.parts, nil
}

// The values of a PDF. Numbers are float64, strings pdfString, null nil.
type (
	pdfName   string
	pdfString string
	pdfDict   map[string]any
	pdfArray  []any
	pdfRef    int // the number of an object
	pdfStream struct {
		dict pdfDict
		raw  []byte
	}
	pdfOp string // an operator in a page's content
)

// pdfPlace is where an object stands: in the file, or in an unpacked object
// stream.
type pdfPlace struct {
	buf []byte
	pos int
}

type pdfFile struct {
	data    []byte
	at      map[int]pdfPlace
	cache   map[int]any
	loading map[int]bool // guards against objects that need themselves
	fonts   map[int]*pdfFont

	// What may still be spent.
	nodes, bytes, ops, scan int
}

// spent tells whether a budget has run out.
func (f *pdfFile) spent() error {
	if f.nodes <= 0 || f.bytes <= 0 || f.ops <= 0 || f.scan <= 0 {
		return ErrTooLarge
	}
	return nil
}

// index finds the objects. Of several with one number the last counts, as when
// a program has saved its changes at the end of the file.
func (f *pdfFile) index() error {
	rest, base := f.data, 0
	for count := 0; ; {
		i := bytes.Index(rest, []byte("obj"))
		if i < 0 {
			return nil
		}
		pos := base + i
		rest, base = rest[i+3:], pos+3
		if pos < 4 || pos >= 3 && string(f.data[pos-3:pos]) == "end" {
			continue
		}
		number, ok := pdfObjectNumber(f.data[max(0, pos-24):pos])
		if !ok {
			continue
		}
		if count++; count > maxObjects {
			return ErrTooLarge
		}
		if err := f.spent(); err != nil {
			return err
		}
		f.at[number] = pdfPlace{f.data, base}
		delete(f.cache, number)
		if bytes.Contains(f.data[base:min(len(f.data), base+512)], []byte("/ObjStm")) {
			if s, ok := f.object(number).(pdfStream); ok && s.dict["Type"] == pdfName("ObjStm") {
				count += f.unpack(s)
			}
		}
	}
}

// pdfObjectNumber reads "12 0 " at the end of b.
func pdfObjectNumber(b []byte) (int, bool) {
	fields := bytes.Fields(b)
	if len(fields) < 2 {
		return 0, false
	}
	gen, num := fields[len(fields)-1], fields[len(fields)-2]
	// What stands before may touch the number, as in "endobj12 0 obj".
	for i := len(num); i > 0; i-- {
		if num[i-1] < '0' || num[i-1] > '9' {
			num = num[i:]
			break
		}
	}
	n := 0
	if len(num) == 0 || len(num) > 9 || len(gen) > 5 {
		return 0, false
	}
	for _, c := range num {
		n = n*10 + int(c-'0')
	}
	for _, c := range gen {
		if c < '0' || c > '9' {
			return 0, false
		}
	}
	return n, true
}

// unpack registers the objects in an object stream and returns their number.
func (f *pdfFile) unpack(s pdfStream) int {
	body := f.decode(s)
	first, n := int(pdfNumber(f.get(s.dict["First"]))), int(pdfNumber(f.get(s.dict["N"])))
	if first < 0 || first > len(body) || n < 0 {
		return 0
	}
	l := pdfLexer{f: f, buf: body[:first]}
	count := 0
	for ; count < n && count < maxObjects; count++ {
		number, ok1 := l.value(0).(float64)
		offset, ok2 := l.value(0).(float64)
		if !ok1 || !ok2 {
			break
		}
		if p := first + int(offset); number >= 0 && number < 1e9 && offset >= 0 && p >= 0 && p < len(body) {
			f.at[int(number)] = pdfPlace{body, p}
			delete(f.cache, int(number))
		}
	}
	return count
}

// root finds the catalog, and tells whether the file is encrypted.
func (f *pdfFile) root() (root pdfDict, locked bool) {
	look := func(d pdfDict) bool {
		if d["Encrypt"] != nil {
			locked = true
		}
		if r, ok := f.get(d["Root"]).(pdfDict); ok && r["Pages"] != nil {
			root = r
		}
		return root != nil
	}
	rest := f.data
	for tries := 0; tries < 64; tries++ {
		i := bytes.LastIndex(rest, []byte("trailer"))
		if i < 0 {
			break
		}
		l := pdfLexer{f: f, buf: f.data, pos: i + len("trailer")}
		d, ok := l.value(0).(pdfDict)
		f.scan -= l.pos - i
		if ok && look(d) {
			return root, locked
		}
		if f.spent() != nil {
			return nil, locked
		}
		rest = rest[:i]
	}
	for n, p := range f.at {
		if bytes.Contains(p.buf[p.pos:min(len(p.buf), p.pos+512)], []byte("/XRef")) {
			if s, ok := f.object(n).(pdfStream); ok && s.dict["Type"] == pdfName("XRef") {
				look(s.dict)
			}
		}
	}
	if root != nil || locked {
		return root, locked
	}
	for n := range f.at {
		if d, ok := f.object(n).(pdfDict); ok && d["Type"] == pdfName("Catalog") {
			return d, false
		}
	}
	return nil, false
}

// object returns the object with a number; nil when there is none.
func (f *pdfFile) object(n int) any {
	if v, ok := f.cache[n]; ok {
		return v
	}
	p, ok := f.at[n]
	if !ok || f.loading[n] || f.spent() != nil {
		return nil
	}
	f.loading[n] = true
	l := pdfLexer{f: f, buf: p.buf, pos: p.pos}
	v := l.value(0)
	if d, ok := v.(pdfDict); ok {
		if raw, ok := l.stream(d); ok {
			v = pdfStream{d, raw}
		}
	}
	f.scan -= l.pos - p.pos
	delete(f.loading, n)
	f.cache[n] = v
	return v
}

// get follows references.
func (f *pdfFile) get(v any) any {
	for range 8 {
		r, ok := v.(pdfRef)
		if !ok {
			return v
		}
		v = f.object(int(r))
	}
	return nil
}

func (f *pdfFile) dict(v any) pdfDict {
	switch d := f.get(v).(type) {
	case pdfDict:
		return d
	case pdfStream:
		return d.dict
	}
	return nil
}

func pdfNumber(v any) float64 { n, _ := v.(float64); return n }

// pages walks the page tree in order; page returns false to end it.
func (f *pdfFile) pages(node any, resources pdfDict, seen map[int]bool, depth int, page func(page, resources pdfDict) bool) bool {
	if r, ok := node.(pdfRef); ok {
		if seen[int(r)] {
			return true
		}
		seen[int(r)] = true
	}
	d := f.dict(node)
	if d == nil || depth > maxNesting || f.spent() != nil {
		return true
	}
	if r := f.dict(d["Resources"]); r != nil {
		resources = r
	}
	kids, ok := f.get(d["Kids"]).(pdfArray)
	if !ok {
		return page(d, resources)
	}
	for _, k := range kids {
		if _, ok := k.(pdfRef); !ok {
			continue // kids are references, or the tree could repeat itself
		}
		if !f.pages(k, resources, seen, depth+1, page) {
			return false
		}
	}
	return true
}

// contents joins the streams that make up a page.
func (f *pdfFile) contents(v any) []byte {
	switch c := f.get(v).(type) {
	case pdfStream:
		return f.decode(c)
	case pdfArray:
		var b []byte
		for _, e := range c {
			if s, ok := f.get(e).(pdfStream); ok && f.spent() == nil {
				b = append(append(b, f.decode(s)...), '\n')
			}
		}
		return b
	}
	return nil
}

// decode unpacks a stream; what cannot be unpacked is left out.
func (f *pdfFile) decode(s pdfStream) []byte {
	var filters, params pdfArray
	switch v := f.get(s.dict["Filter"]).(type) {
	case pdfName:
		filters = pdfArray{v}
	case pdfArray:
		filters = v
	}
	switch v := f.get(s.dict["DecodeParms"]).(type) {
	case pdfDict:
		params = pdfArray{v}
	case pdfArray:
		params = v
	}
	data := s.raw
	if len(filters) > 4 {
		return nil
	}
	for i, name := range filters {
		var p pdfDict
		if i < len(params) {
			p = f.dict(params[i])
		}
		n, _ := f.get(name).(pdfName)
		switch n {
		case "FlateDecode", "Fl":
			data = f.predict(f.inflate(data), p)
		case "ASCIIHexDecode", "AHx":
			data = pdfUnhex(data)
		case "ASCII85Decode", "A85":
			data = pdfUnbase85(data)
		default:
			return nil // images, mostly
		}
	}
	f.bytes -= len(data)/4 + 1
	return data
}

// inflate unpacks as much as there is and the budget allows.
func (f *pdfFile) inflate(data []byte) []byte {
	if f.bytes <= 0 {
		return nil
	}
	z, err := zlib.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil
	}
	defer z.Close()
	out, err := io.ReadAll(io.LimitReader(z, int64(f.bytes)))
	f.bytes -= len(out)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) && len(out) == 0 {
		return nil
	}
	return out
}

// predict undoes the row-wise differences that object streams may be stored
// as.
func (f *pdfFile) predict(data []byte, p pdfDict) []byte {
	predictor := int(pdfNumber(f.get(p["Predictor"])))
	if predictor < 10 {
		return data
	}
	number := func(key string, def int) int {
		if v, ok := f.get(p[key]).(float64); ok && v >= 1 && v < 1<<16 {
			return int(v)
		}
		return def
	}
	bits := number("Colors", 1) * number("BitsPerComponent", 8)
	width, step := (bits*number("Columns", 1)+7)/8, max(1, bits/8)
	if width > 1<<20 {
		return nil
	}
	prev, out := make([]byte, width), make([]byte, 0, len(data))
	for len(data) > 1 {
		kind := data[0]
		row := make([]byte, width)
		n := copy(row, data[1:])
		data = data[1+n:]
		for i := range row[:n] {
			var left, up, corner int
			if i >= step {
				left, corner = int(row[i-step]), int(prev[i-step])
			}
			up = int(prev[i])
			switch kind {
			case 1:
				row[i] += byte(left)
			case 2:
				row[i] += byte(up)
			case 3:
				row[i] += byte((left + up) / 2)
			case 4:
				row[i] += byte(paeth(left, up, corner))
			}
		}
		out = append(out, row[:n]...)
		prev = row
	}
	return out
}

func paeth(a, b, c int) int {
	abs := func(n int) int { return max(n, -n) }
	p := a + b - c
	pa, pb, pc := abs(p-a), abs(p-b), abs(p-c)
	switch {
	case pa <= pb && pa <= pc:
		return a
	case pb <= pc:
		return b
	}
	return c
}

func pdfUnhex(data []byte) []byte {
	out := make([]byte, 0, len(data)/2)
	half, have := byte(0), false
	for _, c := range data {
		if c == '>' {
			break
		}
		i := strings.IndexByte("0123456789abcdef", c|0x20)
		if c < '0' || i < 0 {
			continue
		}
		if have {
			out = append(out, half<<4|byte(i))
		}
		half, have = byte(i), !have
	}
	if have {
		out = append(out, half<<4)
	}
	return out
}

func pdfUnbase85(data []byte) []byte {
	var out []byte
	var group [5]byte
	n := 0
	emit := func(count int) {
		var v uint32
		for _, c := range group {
			v = v*85 + uint32(c)
		}
		b := [4]byte{byte(v >> 24), byte(v >> 16), byte(v >> 8), byte(v)}
		out = append(out, b[:count]...)
	}
	for _, c := range data {
		switch {
		case c == '~':
			goto end
		case c == 'z' && n == 0:
			out = append(out, 0, 0, 0, 0)
		case c >= '!' && c <= 'u':
			group[n] = c - '!'
			if n++; n == 5 {
				emit(4)
				n = 0
			}
		}
	}
end:
	if n > 1 {
		for i := n; i < 5; i++ {
			group[i] = 84
		}
		emit(n - 1)
	}
	return out
}
