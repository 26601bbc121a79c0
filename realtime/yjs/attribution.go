package yjs

import (
	"cmp"
	"slices"
)

// A Span is a part of the visible text that one client wrote.
type Span struct {
	Client     uint64
	From, To   int // UTF-16 units of the text
	Start, End int // bytes of [Doc.Text]
}

// Spans answers, in the order of the text, which parts of it were written after
// the document had the given state, and by which client; with nil, who wrote
// all of it. Parts of one client that touch are one.
func (d *Doc) Spans(since StateVector) []Span {
	var out []Span
	unit, byte := 0, 0
	for i := d.first; i != nil; i = i.next {
		if !i.visible() {
			continue
		}
		from, start := unit, byte
		unit += int(i.n)
		byte += len(i.text)
		known := since[i.id.client]
		if known >= i.end() {
			continue
		}
		if known > i.id.clock {
			skip, first := offset(i.text, i.n, known-i.id.clock)
			from += int(first)
			start += skip
		}
		if k := len(out) - 1; k >= 0 && out[k].Client == i.id.client && out[k].To == from {
			out[k].To, out[k].End = unit, byte
			continue
		}
		out = append(out, Span{i.id.client, from, unit, start, byte})
	}
	return out
}

// A Share is what one client wrote.
type Share struct {
	Client uint64
	// Written is how many units the client typed; Kept is how many of them are
	// in the text.
	Written, Kept int
}

// Shares answers for each client that wrote something after the document had
// the given state how much it was, clients ascending. Who deleted is not in a
// document: that is the person whose update [Doc.Apply] reports in
// [Effect.Removed].
func (d *Doc) Shares(since StateVector) []Share {
	var out []Share
	for client, h := range d.clients {
		if known := since[client]; h.state() > known {
			s := Share{Client: client, Written: int(h.state() - known)}
			for _, i := range h.items[h.find(known):] {
				if i.visible() {
					s.Kept += int(i.end() - max(i.id.clock, known))
				}
			}
			out = append(out, s)
		}
	}
	slices.SortFunc(out, func(a, b Share) int { return cmp.Compare(a.Client, b.Client) })
	return out
}
