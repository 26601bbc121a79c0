package yjs

// A transaction is one update or one local change. What it deletes loses its
// text, and items that have become neighbours join, when it ends: the stored
// form is then the one that Yjs has.

func (d *Doc) begin() {
	d.transaction++
	clear(d.touched)
	d.touched = d.touched[:0]
	d.work, d.removed = 0, 0
}

// touch notes that the transaction changes a history, before it does.
func (d *Doc) touch(h *history) {
	if h.touch.transaction == d.transaction {
		return
	}
	h.touch = touch{transaction: d.transaction, before: h.state(), removed: h.touch.removed[:0], splits: h.touch.splits[:0]}
	d.touched = append(d.touched, h)
}

func (d *Doc) commit() {
	for _, i := range d.dropped {
		i.kind, i.text = kindDeleted, nil
	}
	clear(d.dropped)
	d.dropped = d.dropped[:0]
	for _, h := range d.touched {
		h.compact(d.merged)
		if len(h.touch.removed) > 64 {
			h.touch.removed = nil
		}
		if len(h.touch.splits) > 64 {
			h.touch.splits = nil
		}
	}
}

// merged hears of b before it becomes a part of a.
func (d *Doc) merged(a, b *item) {
	d.items--
	if d.mark.item == b {
		d.mark.item = a
		if a.visible() {
			d.mark.units -= a.n
		}
	}
}

// split cuts an item of h before the clock, which is inside it.
func (d *Doc) split(h *history, i int, clock uint64) *item {
	d.touch(h)
	d.items++
	d.work += 1 + (len(h.items)-i)/128
	right, grown := h.splitAt(i, clock)
	d.bytes += grown
	return right
}

// startingAt answers the item that begins with the character c, cutting one if
// need be.
func (d *Doc) startingAt(c id) *item {
	h := d.history(c.client)
	i := h.find(c.clock)
	if h.items[i].id.clock == c.clock {
		return h.items[i]
	}
	return d.split(h, i, c.clock)
}

// endingAt answers the item that ends with the character c, cutting one if
// need be.
func (d *Doc) endingAt(c id) *item {
	h := d.history(c.client)
	i := h.find(c.clock)
	if h.items[i].end() != c.clock+1 {
		d.split(h, i, c.clock+1)
	}
	return h.items[i]
}

// delete hides an item; its text goes when the transaction ends.
func (d *Doc) delete(h *history, i *item) {
	i.marks |= deleted
	d.units -= i.n
	d.bytes -= len(i.text)
	d.removed += i.n
	d.dropped = append(d.dropped, i)
	h.touch.remove(i)
}

func (t *touch) remove(i *item) {
	if k := len(t.removed); k > 0 && t.removed[k-1].To == i.id.clock {
		t.removed[k-1].To = i.end()
		return
	}
	t.removed = append(t.removed, Range{i.id.clock, i.end()})
}

// deleteRanges deletes what the document has of the ranges, which ascend, and
// answers the rest.
func (d *Doc) deleteRanges(client uint64, ranges []Range) []Range {
	h := d.history(client)
	state := h.state()
	var beyond []Range
	for k, r := range ranges {
		if r.To <= state {
			continue
		}
		beyond = append(beyond, Range{max(r.From, state), r.To})
		beyond = append(beyond, ranges[k+1:]...)
		if ranges = ranges[:k:k]; r.From < state {
			ranges = append(ranges, Range{r.From, state})
		}
		break
	}
	if len(ranges) == 0 {
		return beyond
	}
	d.touch(h)
	d.cut(h, ranges)
	for _, r := range ranges {
		for i := h.find(r.From); i < len(h.items) && h.items[i].id.clock < r.To; i++ {
			if item := h.items[i]; item.visible() {
				d.delete(h, item)
				d.progress++
			}
		}
	}
	return beyond
}

// cut makes visible items begin and end where the ranges do.
func (d *Doc) cut(h *history, ranges []Range) {
	var cuts []uint64
	note := func(clock uint64) {
		i := h.find(clock)
		if i < len(h.items) && h.items[i].visible() && h.items[i].id.clock < clock {
			cuts = append(cuts, clock)
		}
	}
	for _, r := range ranges {
		note(r.From)
		note(r.To)
	}
	d.items += len(cuts)
	d.bytes += h.cutAll(cuts)
}
