package yjs

import (
	"slices"
	"sort"
)

// An Effect is what an update did to a document.
type Effect struct {
	// Written is how many characters (UTF-16 units) came of which client,
	// those that an earlier update had left waiting included. Text that was
	// deleted before it arrived does not count.
	Written []Count
	// Removed is how many visible characters, of whomever, went.
	Removed int
	// Changed is false if the document knew everything already. What now waits
	// for missing parts counts as a change.
	Changed bool
}

// A Count is a number of characters (UTF-16 units) of one client.
type Count struct {
	Client uint64
	Units  int
}

// Apply integrates an update of format v1. Order does not matter and neither do
// repetitions: what comes too early waits. An error wraps [ErrRefused], and
// then the document is as it was.
func (d *Doc) Apply(update []byte) (Effect, error) {
	u := &d.scratch
	if err := u.decode(update, d.limits); err != nil {
		u.release()
		return Effect{}, err
	}
	e, err := d.ApplyUpdate(u)
	d.scratch.release()
	return e, err
}

// ApplyUpdate is [Doc.Apply] for an update that is decoded already.
func (d *Doc) ApplyUpdate(u *Update) (Effect, error) {
	queues := d.unknown(u)
	if err := d.believable(queues); err != nil && !d.trusting {
		return Effect{}, err
	}
	if !d.mayExceed(u, queues) {
		return d.integrate(u, queues)
	}
	// It may turn out too costly halfway, so it is tried on a copy.
	trial := d.Fork(d.client)
	trial.transaction, trial.epoch = d.transaction, d.epoch
	e, err := trial.integrate(u, queues)
	if err != nil {
		return Effect{}, err
	}
	*d = *trial
	return e, nil
}

// Unknown answers which characters of which clients an update holds that the
// document has not integrated: what an honest sender wrote since, or brings
// for others.
func (d *Doc) Unknown(u *Update) map[uint64][]Range {
	wrote := u.Wrote()
	for client, list := range wrote {
		list = without(list, []Range{{0, d.history(client).state()}})
		if len(list) == 0 {
			delete(wrote, client)
		} else {
			wrote[client] = list
		}
	}
	return wrote
}

// A queue is the records of one client that are still to be integrated.
type queue struct {
	client  uint64
	records []record
	pos     int
	parked  bool // waits for what is not here
}

// unknown answers the update's records without those that the document has,
// clients descending.
func (d *Doc) unknown(u *Update) []queue {
	queues := make([]queue, 0, len(u.groups))
	for _, g := range u.groups {
		list := u.records[g.from:g.to]
		state := d.history(g.client).state()
		for len(list) > 0 && list[0].end() <= state {
			list = list[1:]
		}
		if len(list) > 0 {
			queues = append(queues, queue{client: g.client, records: list})
		}
	}
	if len(queues) > 1 {
		slices.SortFunc(queues, func(a, b queue) int {
			if a.client > b.client {
				return -1
			}
			return 1
		})
	}
	return queues
}

// believable refuses records that were typed between two characters of one run,
// but in the wrong order: documents would not agree on a place for them.
func (d *Doc) believable(queues []queue) error {
	for k := range queues {
		for i := range queues[k].records {
			r := &queues[k].records[i]
			if r.marks&(hasOrigin|hasRight) == hasOrigin|hasRight &&
				r.origin.client == r.right.client && r.origin.clock >= r.right.clock &&
				d.oneRun(queues, r.origin.client, r.right.clock, r.origin.clock) {
				return malformed("right neighbour stands left of the left one")
			}
		}
	}
	return nil
}

// oneRun tells whether two characters of a client are in one item of the
// document or in one record of an update.
func (d *Doc) oneRun(queues []queue, client, from, to uint64) bool {
	if h := d.history(client); to < h.state() {
		return h.at(from) == h.at(to)
	}
	for _, q := range queues {
		if q.client == client {
			i := sort.Search(len(q.records), func(i int) bool { return q.records[i].end() > to })
			return i < len(q.records) && q.records[i].id.clock <= from
		}
	}
	return false
}

// mayExceed is a quick upper bound: false means that integrating the update
// cannot hit a limit.
func (d *Doc) mayExceed(u *Update, queues []queue) bool {
	records, stirred, text := 0, 0, u.textBytes
	memory := d.waiting.size + rangeFootprint*len(u.ranges)
	for _, q := range queues {
		records += len(q.records)
		for i := range q.records {
			memory += q.records[i].footprint()
		}
		if d.waiting.movable(q.client, q.records[len(q.records)-1].end()) {
			stirred, text = d.waiting.count, u.textBytes+d.waiting.size
		}
	}
	records += stirred
	items := d.items + 3*records + 2*len(u.ranges) + 2*d.waiting.size/rangeFootprint
	steps := float64(records) * (float64(items) + float64(items)/32 + 4)
	if stirred > 0 { // what waits may be tried again after each that moves
		steps += float64(records) * float64(records)
	}
	return steps > float64(d.limits.MaxWork) ||
		items > d.limits.MaxItems ||
		memory > d.limits.MaxPending ||
		d.bytes+text > d.limits.MaxText
}

// integrate does the work of ApplyUpdate. After an error the document is
// spoilt.
func (d *Doc) integrate(u *Update, queues []queue) (Effect, error) {
	d.begin()
	d.mark = position{}
	bytes, progress := d.bytes, d.progress
	held, err := d.drain(queues)
	for err == nil && d.movable() {
		before, again := d.progress, d.waiting.take()
		for _, q := range again {
			d.work += len(q.records)
		}
		if _, err = d.drain(again); d.progress == before {
			break
		}
	}
	if err != nil {
		return Effect{}, err
	}
	for _, g := range u.deleted {
		held = d.waiting.holdDeletes(g.client, d.deleteRanges(g.client, u.ranges[g.from:g.to])) || held
	}
	for k := 0; k < len(d.touched) && len(d.waiting.deletes) > 0; k++ {
		if client := d.touched[k].client; d.waiting.deletes[client] != nil {
			d.waiting.holdDeletes(client, d.deleteRanges(client, d.waiting.takeDeletes(client)))
		}
	}
	d.commit()
	switch {
	case d.work > d.limits.MaxWork, d.waiting.size > d.limits.MaxPending:
		return Effect{}, ErrTooCostly
	case d.bytes > d.limits.MaxText && d.bytes > bytes, d.items > d.limits.MaxItems && d.progress > progress:
		return Effect{}, ErrTooLarge
	}
	return d.effect(held || d.progress > progress), nil
}

func (d *Doc) effect(changed bool) Effect {
	e := Effect{Removed: int(d.removed), Changed: changed}
	for _, h := range d.touched {
		if h.touch.written > 0 {
			e.Written = append(e.Written, Count{h.client, int(h.touch.written)})
		}
	}
	return e
}

func (d *Doc) movable() bool {
	if len(d.waiting.records) == 0 {
		return false
	}
	for _, h := range d.touched {
		if d.waiting.movable(h.client, h.state()) {
			return true
		}
	}
	return false
}

// A claim is a record that waits on the stack of drain for another.
type claim struct {
	queue *queue
	index int
}

// drain integrates what it can of the queues and leaves the rest waiting. It
// answers whether something new waits.
func (d *Doc) drain(queues []queue) (held bool, err error) {
	find := finder(queues)
	var stack []claim
	for k := range queues {
		for q := &queues[k]; !q.parked && q.pos < len(q.records); {
			stack = append(stack[:0], q.next())
			for len(stack) > 0 {
				if d.work > d.limits.MaxWork {
					return false, ErrTooCostly
				}
				top := stack[len(stack)-1]
				r := &top.queue.records[top.index]
				h := d.history(r.id.client)
				state := h.state()
				if r.end() <= state {
					stack = stack[:len(stack)-1]
					continue
				}
				// Of a record that begins too late the client's own state is
				// what is wanted, not the clock just before it: others that
				// wait with it may want less, and would never be tried again.
				needed, wanted := r.id.client, r.id.clock > state
				if !wanted {
					needed, wanted = d.missing(r)
					if wanted && needed != r.id.client {
						if dep := find(needed); dep != nil && !dep.parked && dep.pos < len(dep.records) {
							stack = append(stack, dep.next())
							continue
						}
					}
				}
				if wanted {
					d.waiting.want(needed, d.history(needed).state())
					for _, c := range stack {
						c.queue.parked = true
						c.queue.pos = min(c.queue.pos, c.index)
					}
					break
				}
				d.place(h, r, state-r.id.clock)
				stack = stack[:len(stack)-1]
			}
		}
	}
	for _, q := range queues {
		if q.parked {
			held = d.waiting.hold(q.client, q.records[q.pos:]) || held
		}
	}
	return held, nil
}

func (q *queue) next() claim {
	q.pos++
	return claim{q, q.pos - 1}
}

// finder looks queues up by client.
func finder(queues []queue) func(client uint64) *queue {
	if len(queues) <= 8 {
		return func(client uint64) *queue {
			for i := range queues {
				if queues[i].client == client {
					return &queues[i]
				}
			}
			return nil
		}
	}
	index := make(map[uint64]*queue, len(queues))
	for i := range queues {
		index[queues[i].client] = &queues[i]
	}
	return func(client uint64) *queue { return index[client] }
}

// missing answers the client whose characters have to come before r can be
// placed, if there is one.
func (d *Doc) missing(r *record) (client uint64, yes bool) {
	if r.marks&hasOrigin != 0 && r.origin.clock >= d.history(r.origin.client).state() {
		return r.origin.client, true
	}
	if r.marks&hasRight != 0 && r.right.clock >= d.history(r.right.client).state() {
		return r.right.client, true
	}
	return 0, false
}

// place puts a record into the list, without its first skip characters, which
// the document has. Nothing that it needs is missing.
func (d *Doc) place(h *history, r *record, skip uint64) {
	d.progress++
	if h == nil {
		h = &history{client: r.id.client}
		d.clients[r.id.client] = h
	}
	d.touch(h)
	if skip == 0 && d.appendTo(h, r) {
		return
	}
	i := &item{record: *r}
	if skip > 0 {
		i.id.clock += skip
		i.n -= skip
		i.origin, i.marks = id{i.id.client, i.id.clock - 1}, i.marks|hasOrigin
		if i.kind == kindText {
			_, i.text = cut(i.text, r.n, skip)
		}
	}
	i.text = slices.Clone(i.text) // it is a part of the message
	var left, right *item
	if i.marks&hasOrigin != 0 {
		left = d.endingAt(i.origin)
	}
	if i.marks&hasRight != 0 {
		right = d.startingAt(i.right)
	}
	d.link(h, i, left, right)
}

// appendTo handles the usual case: the record goes on where its client's last
// item ends, and nothing stands between. The two would become one item when
// the transaction ends anyway.
func (d *Doc) appendTo(h *history, r *record) bool {
	if len(h.items) == 0 || r.kind != kindText {
		return false
	}
	last := h.items[len(h.items)-1]
	if last.kind != kindText || !last.visible() ||
		r.marks&hasOrigin == 0 || r.origin != last.last() ||
		r.marks&hasRight != last.marks&hasRight || r.right != last.right {
		return false
	}
	if r.marks&hasRight != 0 && (last.next == nil || last.next.id != r.right) ||
		r.marks&hasRight == 0 && last.next != nil {
		return false
	}
	last.text = append(last.text, r.text...)
	last.n += r.n
	d.count(h, r)
	return true
}

func (d *Doc) count(h *history, r *record) {
	d.units += r.n
	d.bytes += len(r.text)
	h.touch.written += r.n
}

// link inserts i between left and right, either of which may be nil for the
// list's end. If others were inserted there meanwhile, all documents have to
// agree on the order: this is the algorithm of Yjs.
func (d *Doc) link(h *history, i, left, right *item) {
	if left == nil && (right == nil || right.prev != nil) || left != nil && left.next != right {
		left = d.settle(i, left, right)
	}
	i.prev = left
	if left != nil {
		i.next = left.next
		left.next = i
	} else {
		i.next = d.first
		d.first = i
	}
	if i.next != nil {
		i.next.prev = i
	}
	h.items = append(h.items, i)
	d.items++
	if i.visible() {
		d.count(h, &i.record)
	} else {
		h.touch.remove(i)
	}
}

// settle answers the item after which i belongs, among those that were typed
// between its neighbours by others. It walks from left to right. An item o on
// the way
//
//   - that was typed at the same place comes first if its client's id is
//     smaller; if it had the same right neighbour too, this is the place;
//   - that was typed after an item already passed belongs to that one: it is
//     passed if that one was;
//   - else belongs to something left of here, which ends the walk.
func (d *Doc) settle(i, left, right *item) *item {
	o := d.first
	if left != nil {
		o = left.next
	}
	d.epoch++
	seen := d.epoch
	for ; o != nil && o != right; o = o.next {
		d.work++
		o.seen, o.conflict = seen, d.epoch
		switch {
		case o.marks&hasOrigin == i.marks&hasOrigin && o.origin == i.origin:
			if o.id.client < i.id.client {
				left = o
				d.epoch++
			} else if o.marks&hasRight == i.marks&hasRight && o.right == i.right {
				return left
			}
		case o.marks&hasOrigin != 0:
			before := d.history(o.origin.client).at(o.origin.clock)
			if before.seen < seen {
				return left
			}
			if before.conflict != d.epoch {
				left = o
				d.epoch++
			}
		default:
			return left
		}
	}
	return left
}
