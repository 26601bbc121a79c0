package yjs

import (
	"cmp"
	"maps"
	"slices"
)

// A Range is the characters of one client from clock From up to, not
// including, clock To. Clocks count UTF-16 units.
type Range struct{ From, To uint64 }

// A DeleteSet says which characters are deleted: for each client ascending
// ranges that do not touch.
type DeleteSet map[uint64][]Range

// Units is how many characters (UTF-16 units) are in the set.
func (s DeleteSet) Units() uint64 {
	n := uint64(0)
	for _, list := range s {
		for _, r := range list {
			n += r.To - r.From
		}
	}
	return n
}

func (s DeleteSet) ranges() int {
	n := 0
	for _, list := range s {
		n += len(list)
	}
	return n
}

// add puts a range at the end of a client's list, or makes the last one
// longer. Ranges that come out of order need a [join] later.
func (s DeleteSet) add(client, from, to uint64) {
	list := s[client]
	if k := len(list); k > 0 && list[k-1].To == from {
		list[k-1].To = to
		return
	}
	s[client] = append(list, Range{from, to})
}

// append writes the set as updates and snapshots end and begin.
func (s DeleteSet) append(b []byte) []byte {
	b = putUint(b, uint64(len(s)))
	for _, client := range descending(maps.Keys(s)) {
		b = putUint(putUint(b, client), uint64(len(s[client])))
		for _, r := range s[client] {
			b = putUint(putUint(b, r.From), r.To-r.From)
		}
	}
	return b
}

// join sorts ranges and makes one of those that overlap or touch, in place.
func join(list []Range) []Range {
	ordered := true
	for i := 1; i < len(list) && ordered; i++ {
		ordered = list[i-1].To < list[i].From
	}
	if ordered {
		return list
	}
	slices.SortFunc(list, func(a, b Range) int { return cmp.Compare(a.From, b.From) })
	w := 0
	for i, r := range list {
		if i > 0 && list[w-1].To >= r.From {
			list[w-1].To = max(list[w-1].To, r.To)
			continue
		}
		list[w] = r
		w++
	}
	return list[:w]
}

// without answers the characters of list that are not in other. Both are
// joined.
func without(list, other []Range) []Range {
	var out []Range
	for _, r := range list {
		for len(other) > 0 && other[0].To <= r.From {
			other = other[1:]
		}
		for _, o := range other {
			if o.From >= r.To {
				break
			}
			if o.From > r.From {
				out = append(out, Range{r.From, o.From})
			}
			r.From = max(r.From, o.To)
			if r.From >= r.To {
				break
			}
		}
		if r.From < r.To {
			out = append(out, r)
		}
	}
	return out
}
