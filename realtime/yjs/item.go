package yjs

// An id names one character of one client for ever. The n-th character that a
// client ever wrote has the clock n, from 0.
type id struct{ client, clock uint64 }

type kind byte

// Kinds of content, as the format numbers them. All others (0 collected,
// 2 JSON, 3 binary, 5 embed, 6 format, 7 type, 8 any, 9 document) are refused.
const (
	kindDeleted kind = 1
	kindText    kind = 4
	kindSkip    kind = 10
)

type marks byte

const (
	deleted   marks = 1 << iota
	hasOrigin       // origin is set: the character that stood to the left when this was typed
	hasRight        // right is set: the one that stood to the right
)

// A record is a struct as it travels: a run of characters with consecutive
// clocks that were typed one after the other, or what is left of such a run
// when it is deleted, its length.
type record struct {
	id            id
	n             uint64 // UTF-16 units
	origin, right id
	text          []byte // UTF-8; nil when deleted
	kind          kind
	marks         marks
}

func (r *record) end() uint64 { return r.id.clock + r.n }
func (r *record) last() id    { return id{r.id.client, r.id.clock + r.n - 1} }

// footprint is about the memory a record takes while it waits.
func (r *record) footprint() int { return 96 + len(r.text) }

// An item is a record in its place in the document's list.
type item struct {
	record
	prev, next *item
	// Marks of the conflict scan that saw this item last.
	seen, conflict uint64
}

func (i *item) visible() bool { return i.marks&deleted == 0 }

// split cuts i after k characters and answers the right part, which is linked
// into the list but not yet into a history, and by how many bytes the visible
// text grew: a pair that is cut in two takes more.
func (i *item) split(k uint64) (right *item, grown int) {
	right = &item{record: record{
		id:     id{i.id.client, i.id.clock + k},
		n:      i.n - k,
		origin: id{i.id.client, i.id.clock + k - 1},
		right:  i.right,
		kind:   i.kind,
		marks:  i.marks | hasOrigin,
	}, prev: i, next: i.next}
	if i.kind == kindText {
		whole := len(i.text)
		i.text, right.text = cut(i.text, i.n, k)
		if i.visible() {
			grown = len(i.text) + len(right.text) - whole
		}
	}
	i.n = k
	i.next = right
	if right.next != nil {
		right.next.prev = right
	}
	return right, grown
}

// continues tells whether b, the neighbour of a by clock, can be one item with
// it: typed right after it, and still next to it.
func (a *item) continues(b *item) bool {
	return a.kind == b.kind && a.marks&deleted == b.marks&deleted &&
		a.end() == b.id.clock && a.next == b &&
		b.marks&hasOrigin != 0 && b.origin == a.last() &&
		a.marks&hasRight == b.marks&hasRight && a.right == b.right
}

// absorb appends b, which continues a. The caller takes b out of its history.
func (a *item) absorb(b *item) {
	if a.kind == kindText {
		a.text = append(a.text, b.text...)
	}
	a.n += b.n
	a.next = b.next
	if a.next != nil {
		a.next.prev = a
	}
}
