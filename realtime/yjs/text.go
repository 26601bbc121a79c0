package yjs

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// ErrReadOnly answers edits of a document without a client id of its own.
var ErrReadOnly = errors.New("document has no client id to edit under")

// An Edit replaces Delete units of the text at Pos by Insert. Pos and Delete
// count UTF-16 units.
type Edit struct {
	Pos, Delete int
	Insert      string
}

// A position is where an item begins, to walk from there instead of from the
// first.
type position struct {
	item  *item
	units uint64 // visible units before it
}

// Change makes edits as [Options.Client] and answers the update to keep and to
// send, nil if nothing changed. All positions are those of the text before the
// call; edits ascend and do not overlap. Invalid UTF-8 becomes U+FFFD, and so
// does each half of a surrogate pair that an edit cuts. Errors are
// [ErrReadOnly], [ErrTooLarge] and [ErrRange]; then nothing has changed.
func (d *Doc) Change(edits ...Edit) ([]byte, error) {
	edits, err := d.prepare(edits)
	if err != nil || len(edits) == 0 {
		return nil, err
	}
	d.begin()
	before := d.history(d.client).state()
	shift := 0
	for _, e := range edits {
		at := uint64(e.Pos + shift)
		left, right := d.seek(at)
		left, right = d.deleteNext(left, right, uint64(e.Delete))
		d.mark = position{left, at}
		if left != nil && left.visible() {
			d.mark.units -= left.n
		}
		d.insert(left, right, e.Insert)
		shift += int(units([]byte(e.Insert))) - e.Delete
	}
	deletes := DeleteSet{}
	for _, h := range d.touched {
		if list := join(slices.Clone(h.touch.removed)); len(list) > 0 {
			deletes[h.client] = list
		}
	}
	d.commit()
	var w groupWriter
	var structs []byte
	var groups uint64
	if h := d.history(d.client); h.state() > before {
		w.have = before
		for _, i := range h.items[h.find(before):] {
			w.put(&i.record)
		}
		structs, _ = w.flush(nil, d.client)
		groups = 1
	}
	return assemble(groups, structs, deletes), nil
}

// prepare checks edits, leaves out those that do nothing and mends their text.
func (d *Doc) prepare(edits []Edit) ([]Edit, error) {
	if d.client == 0 {
		return nil, ErrReadOnly
	}
	var out []Edit
	end, length := 0, d.bytes
	for _, e := range edits {
		if e.Pos < end || e.Delete < 0 || uint64(e.Pos) > d.units || uint64(e.Delete) > d.units-uint64(e.Pos) {
			return nil, fmt.Errorf("replacing %d units at %d of %d: %w", e.Delete, e.Pos, d.units, ErrRange)
		}
		end = e.Pos + e.Delete
		if e.Insert == "" && e.Delete == 0 {
			continue
		}
		e.Insert = strings.ToValidUTF8(e.Insert, replacement)
		length += len(e.Insert)
		out = append(out, e)
	}
	if length > d.limits.MaxText {
		if length -= d.width(out); length > d.limits.MaxText && length > d.bytes {
			return nil, ErrTooLarge
		}
	}
	return out, nil
}

// width is how many bytes the edits delete.
func (d *Doc) width(edits []Edit) int {
	text := []byte(d.Text())
	n := 0
	for _, e := range edits {
		from, _ := offset(text, d.units, uint64(e.Pos))
		to, _ := offset(text, d.units, uint64(e.Pos+e.Delete))
		n += to - from
	}
	return n
}

// seek answers the items left and right of a position, cutting one if need be.
func (d *Doc) seek(at uint64) (left, right *item) {
	i, passed := d.first, uint64(0)
	if m := d.mark; m.item != nil && at >= m.units/2 {
		i, passed = m.item, m.units
	}
	for i != nil && passed > at {
		if i = i.prev; i != nil && i.visible() {
			passed -= i.n
		}
	}
	if i == nil {
		i, passed = d.first, 0
	}
	if i != nil {
		left = i.prev
	}
	for i != nil && passed < at {
		if i.visible() {
			if at-passed < i.n {
				h := d.history(i.id.client)
				d.split(h, h.find(i.id.clock), i.id.clock+at-passed)
			}
			passed += i.n
		}
		left, i = i, i.next
	}
	return left, i
}

// deleteNext deletes so many visible units from right on.
func (d *Doc) deleteNext(left, right *item, units uint64) (*item, *item) {
	for ; units > 0; left, right = right, right.next {
		if !right.visible() {
			continue
		}
		h := d.history(right.id.client)
		if units < right.n {
			d.split(h, h.find(right.id.clock), right.id.clock+units)
		}
		d.touch(h)
		units -= right.n
		d.delete(h, right)
	}
	return left, right
}

// insert puts text between two items. Like Yjs it goes behind what is deleted
// there.
func (d *Doc) insert(left, right *item, text string) {
	if text == "" {
		return
	}
	for right != nil && !right.visible() {
		left, right = right, right.next
	}
	h := d.history(d.client)
	if h == nil {
		h = &history{client: d.client}
		d.clients[d.client] = h
	}
	d.touch(h)
	r := record{id: id{d.client, h.state()}, text: []byte(text), kind: kindText}
	r.n = units(r.text)
	if left != nil {
		r.origin, r.marks = left.last(), r.marks|hasOrigin
	}
	if right != nil {
		r.right, r.marks = right.id, r.marks|hasRight
	}
	if !d.appendTo(h, &r) {
		d.link(h, &item{record: r}, left, right)
	}
}
