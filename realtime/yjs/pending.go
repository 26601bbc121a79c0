package yjs

import (
	"maps"
	"slices"
)

// waiting holds what came before the parts it builds on. It is bounded by
// [Limits.MaxPending]; past it the update that would add more is refused.
type waiting struct {
	records map[uint64][]record // by client, in order
	deletes map[uint64][]Range  // by client, joined
	// wants says, for clients whose next characters something waits for, the
	// clock that has to be passed before trying again makes sense.
	wants map[uint64]uint64
	count int // records
	size  int // of all, estimated bytes
}

const rangeFootprint = 32

func (w *waiting) clone() waiting {
	c := waiting{records: maps.Clone(w.records), deletes: maps.Clone(w.deletes), wants: maps.Clone(w.wants), count: w.count, size: w.size}
	for client, list := range c.records {
		c.records[client] = slices.Clone(list)
	}
	for client, list := range c.deletes {
		c.deletes[client] = slices.Clone(list)
	}
	return c
}

func (w *waiting) want(client, clock uint64) {
	if w.wants == nil {
		w.wants = map[uint64]uint64{}
	}
	if old, ok := w.wants[client]; !ok || clock < old {
		w.wants[client] = clock
	}
}

// hold keeps the records; their texts are copied, as they may be a part of a
// much larger message. It answers whether any of them was new.
func (w *waiting) hold(client uint64, list []record) bool {
	if w.records == nil {
		w.records = map[uint64][]record{}
	}
	old := w.records[client]
	oldCount, oldSize, oldUnits := len(old), 0, uint64(0)
	for i := range old {
		oldSize += old[i].footprint()
		oldUnits += old[i].n
	}
	all := slices.Grow(old, len(list))
	for _, r := range list {
		r.text = slices.Clone(r.text)
		all = append(all, r)
	}
	all = inOrder(all)
	size, units := 0, uint64(0)
	for i := range all {
		size += all[i].footprint()
		units += all[i].n
	}
	w.records[client] = all
	w.count += len(all) - oldCount
	w.size += size - oldSize
	return len(all) != oldCount || size != oldSize || units != oldUnits
}

// holdDeletes keeps ranges and answers whether any of them was new.
func (w *waiting) holdDeletes(client uint64, list []Range) bool {
	if len(list) == 0 {
		return false
	}
	if w.deletes == nil {
		w.deletes = map[uint64][]Range{}
	}
	old := w.deletes[client]
	if len(without(list, old)) == 0 {
		return false
	}
	all := join(append(slices.Clone(old), list...))
	w.deletes[client] = all
	w.size += rangeFootprint * (len(all) - len(old))
	return true
}

// take answers all records that wait, and forgets them.
func (w *waiting) take() []queue {
	queues := make([]queue, 0, len(w.records))
	for _, client := range descending(maps.Keys(w.records)) {
		list := w.records[client]
		queues = append(queues, queue{client: client, records: list})
		for i := range list {
			w.size -= list[i].footprint()
		}
	}
	w.records, w.wants, w.count = nil, nil, 0
	return queues
}

func (w *waiting) takeDeletes(client uint64) []Range {
	list := w.deletes[client]
	delete(w.deletes, client)
	w.size -= rangeFootprint * len(list)
	return list
}

// movable tells whether what came of a client lets something move.
func (w *waiting) movable(client, state uint64) bool {
	if clock, ok := w.wants[client]; ok && state > clock {
		return true
	}
	// Known from elsewhere by now.
	list := w.records[client]
	return len(list) > 0 && list[0].id.clock < state
}
