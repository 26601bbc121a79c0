package yjs

import (
	"slices"
	"unicode/utf8"
)

const (
	maxNumber = 1<<53 - 1 // the largest whole number that JavaScript counts exactly
	maxClock  = 1 << 48   // far above any real clock, far below overflow of sums
)

// Bits of the first byte of a struct; the lower five are its content's kind.
const (
	bitOrigin = 0x80
	bitRight  = 0x40
	bitKey    = 0x20 // stands in a map under a key
	kindMask  = 0x1f
)

// A decoder reads bytes that anybody may have sent. Every length is checked
// against what is left before it is used, nothing recurses.
type decoder struct {
	buf []byte
	pos int
}

func (d *decoder) left() int { return len(d.buf) - d.pos }

func (d *decoder) byte() (byte, error) {
	if d.pos >= len(d.buf) {
		return 0, malformed("cut off")
	}
	d.pos++
	return d.buf[d.pos-1], nil
}

// uint reads a variable-length number: seven bits a byte, lowest first.
func (d *decoder) uint() (uint64, error) {
	var v uint64
	for shift := uint(0); ; shift += 7 {
		if d.pos >= len(d.buf) {
			return 0, malformed("cut off in a number")
		}
		if shift > 49 {
			return 0, malformed("number too long")
		}
		c := d.buf[d.pos]
		d.pos++
		v |= uint64(c&0x7f) << shift
		if c < 0x80 {
			break
		}
	}
	if v > maxNumber {
		return 0, malformed("number above 2^53")
	}
	return v, nil
}

// clock reads a number that a clock or a length may be.
func (d *decoder) clock() (uint64, error) {
	v, err := d.uint()
	if err == nil && v > maxClock {
		err = malformed("clock out of range")
	}
	return v, err
}

// text reads a length and so many bytes of valid UTF-8. The answer is a part
// of the input.
func (d *decoder) text() ([]byte, error) {
	n, err := d.uint()
	if err != nil {
		return nil, err
	}
	if n > uint64(d.left()) {
		return nil, malformed("text of %d bytes in %d", n, d.left())
	}
	s := d.buf[d.pos : d.pos+int(n) : d.pos+int(n)]
	d.pos += int(n)
	if !utf8.Valid(s) {
		return nil, malformed("text is not UTF-8")
	}
	return s, nil
}

func (d *decoder) id() (i id, err error) {
	if i.client, err = d.uint(); err != nil {
		return i, err
	}
	i.clock, err = d.clock()
	return i, err
}

// record reads one struct that begins at the given id. A skip has kindSkip and
// a length only.
func (d *decoder) record(at id) (r record, err error) {
	r.id = at
	info, err := d.byte()
	if err != nil {
		return r, err
	}
	r.kind = kind(info & kindMask)
	switch r.kind {
	case kindSkip:
		r.n, err = d.clock()
		if err == nil && (r.n == 0 || info != byte(kindSkip)) {
			err = malformed("empty skip")
		}
		return r, err
	case kindText, kindDeleted:
	default:
		if r.kind > kindSkip {
			return r, malformed("content of unknown kind %d", r.kind)
		}
		return r, foreign("content of kind %d", r.kind)
	}
	if info&bitKey != 0 {
		return r, foreign("entry of a map")
	}
	if info&bitOrigin != 0 {
		r.marks |= hasOrigin
		if r.origin, err = d.id(); err != nil {
			return r, err
		}
	}
	if info&bitRight != 0 {
		r.marks |= hasRight
		if r.right, err = d.id(); err != nil {
			return r, err
		}
	}
	if info&(bitOrigin|bitRight) == 0 {
		if err = d.root(); err != nil {
			return r, err
		}
	}
	if r.kind == kindText {
		r.text, err = d.text()
		r.n = units(r.text)
	} else {
		r.n, err = d.clock()
		r.marks |= deleted
	}
	if err != nil {
		return r, err
	}
	if r.n == 0 {
		return r, malformed("empty struct")
	}
	return r, r.check()
}

// root reads the name of the list that a struct without neighbours stands in.
func (d *decoder) root() error {
	named, err := d.uint()
	if err != nil {
		return err
	}
	if named != 1 {
		return foreign("inside of another struct")
	}
	name, err := d.text()
	if err == nil && string(name) != Root {
		err = foreign("root %.40q", name)
	}
	return err
}

// check refuses neighbours that cannot have been there when the struct was
// made: clients of Yjs throw on them or wait for ever.
func (r *record) check() error {
	if r.marks&hasOrigin != 0 && r.origin.client == r.id.client && r.origin.clock >= r.id.clock ||
		r.marks&hasRight != 0 && r.right.client == r.id.client && r.right.clock >= r.id.clock {
		return malformed("struct refers to its own future")
	}
	if r.marks&(hasOrigin|hasRight) == hasOrigin|hasRight && r.origin == r.right {
		return malformed("struct between a character and itself")
	}
	return nil
}

// update reads a whole update into u, which is emptied first and keeps its
// memory.
func (d *decoder) update(u *Update) error {
	u.reset()
	clients, err := d.uint()
	if err != nil {
		return err
	}
	for ; clients > 0; clients-- {
		if err := d.group(u); err != nil {
			return err
		}
	}
	if err := d.deletes(u); err != nil {
		return err
	}
	if d.left() != 0 {
		return malformed("%d bytes too many", d.left())
	}
	return nil
}

func (d *decoder) group(u *Update) error {
	count, err := d.uint()
	if err != nil {
		return err
	}
	at, err := d.id()
	if err != nil {
		return err
	}
	if count > uint64(d.left())/2 { // a struct has two bytes at least
		return malformed("%d structs in %d bytes", count, d.left())
	}
	if !u.seenStructs.add(at.client) {
		return malformed("client %d twice", at.client)
	}
	from := len(u.records)
	u.records = slices.Grow(u.records, int(min(count, uint64(d.left())/4))) // those that are kept have four
	for ; count > 0; count-- {
		r, err := d.record(at)
		if err != nil {
			return err
		}
		at.clock += r.n
		if at.clock > maxClock {
			return malformed("clock out of range")
		}
		if r.kind != kindSkip {
			u.records = append(u.records, r)
			u.textBytes += len(r.text)
		}
	}
	if len(u.records) > from {
		u.groups = append(u.groups, group{client: at.client, from: from, to: len(u.records)})
	}
	return nil
}

func (d *decoder) deletes(u *Update) error {
	clients, err := d.uint()
	if err != nil {
		return err
	}
	for ; clients > 0; clients-- {
		client, err := d.uint()
		if err != nil {
			return err
		}
		count, err := d.uint()
		if err != nil {
			return err
		}
		if count > uint64(d.left())/2 {
			return malformed("%d ranges in %d bytes", count, d.left())
		}
		if !u.seenDeletes.add(client) {
			return malformed("deletions of client %d twice", client)
		}
		from := len(u.ranges)
		u.ranges = slices.Grow(u.ranges, int(count))
		for ; count > 0; count-- {
			clock, err := d.clock()
			if err != nil {
				return err
			}
			n, err := d.clock()
			if err != nil {
				return err
			}
			if n == 0 {
				return malformed("empty deletion")
			}
			u.ranges = append(u.ranges, Range{From: clock, To: clock + n})
		}
		if list := join(u.ranges[from:]); len(list) > 0 {
			u.ranges = u.ranges[:from+len(list)]
			u.deleted = append(u.deleted, group{client: client, from: from, to: len(u.ranges)})
		}
	}
	return nil
}
