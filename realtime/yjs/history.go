package yjs

import (
	"slices"
	"sort"
)

// A history is all that a document knows of one client: items with
// consecutive clocks from 0, without a hole.
type history struct {
	client uint64
	items  []*item
	touch  touch
}

// touch is what the running transaction did to a history.
type touch struct {
	transaction uint64 // the transaction these fields belong to
	before      uint64 // the state before it
	written     uint64 // visible characters that came
	removed     []Range
	splits      []uint64
}

// state is the clock that the client's next character will have.
func (h *history) state() uint64 {
	if h == nil || len(h.items) == 0 {
		return 0
	}
	return h.items[len(h.items)-1].end()
}

// find answers the index of the item that holds the clock, or len(h.items).
func (h *history) find(clock uint64) int {
	if k := len(h.items) - 1; k >= 0 && h.items[k].id.clock <= clock {
		if h.items[k].end() > clock {
			return k
		}
		return k + 1
	}
	return sort.Search(len(h.items), func(i int) bool { return h.items[i].end() > clock })
}

func (h *history) at(clock uint64) *item { return h.items[h.find(clock)] }

// splitAt cuts the item with the given index before a clock inside it. It
// answers as [item.split] does.
func (h *history) splitAt(i int, clock uint64) (right *item, grown int) {
	right, grown = h.items[i].split(clock - h.items[i].id.clock)
	h.items = slices.Insert(h.items, i+1, right)
	h.touch.splits = append(h.touch.splits, clock)
	return right, grown
}

// cutAll cuts items before each of the clocks, which ascend and lie inside
// items. However many they are, the list is moved once. It answers by how many
// bytes the visible text grew.
func (h *history) cutAll(clocks []uint64) (grown int) {
	k := len(clocks)
	if k == 0 {
		return 0
	}
	from, to := len(h.items), len(h.items)+k // ends of what is still to be moved, and where to
	h.items = slices.Grow(h.items, k)[:to]
	for ; k > 0; k-- {
		clock := clocks[k-1]
		i := sort.Search(from, func(i int) bool { return h.items[i].end() > clock })
		to -= copy(h.items[to-(from-i-1):to], h.items[i+1:from]) + 1
		from = i + 1
		right, more := h.items[i].split(clock - h.items[i].id.clock)
		h.items[to] = right
		grown += more
	}
	h.touch.splits = append(h.touch.splits, clocks...)
	return grown
}

// compact makes one item of neighbours that the transaction brought together:
// at its new end, where it deleted and where it cut.
func (h *history) compact(merged func(a, b *item)) {
	t := &h.touch
	state := h.state()
	spots := len(t.removed) + len(t.splits)
	if spots > 4 { // one pass over all of it
		from, to := state, t.before
		if t.before < state {
			from, to = t.before, state
		}
		for _, r := range t.removed {
			from, to = min(from, r.From), max(to, r.To)
		}
		for _, c := range t.splits {
			from, to = min(from, c), max(to, c)
		}
		h.compactRange(from, to, merged)
		return
	}
	if t.before < state {
		h.compactRange(t.before, state, merged)
	}
	for _, r := range t.removed {
		h.compactRange(r.From, r.To, merged)
	}
	for _, c := range t.splits {
		h.compactRange(c, c, merged)
	}
}

func (h *history) compactRange(from, to uint64, merged func(a, b *item)) {
	if len(h.items) == 0 {
		return
	}
	lo := max(h.find(from), 1) - 1
	hi := min(h.find(to)+1, len(h.items))
	w := lo
	for i := lo + 1; i < hi; i++ {
		if a, b := h.items[w], h.items[i]; a.continues(b) {
			merged(a, b)
			a.absorb(b)
		} else {
			w++
			h.items[w] = b
		}
	}
	if w+1 < hi {
		h.items = slices.Delete(h.items, w+1, hi)
	}
}
