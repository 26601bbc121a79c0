package yjs

import (
	"errors"
	"fmt"
)

// Check verifies the links and counts inside a document.
func (d *Doc) Check() error {
	var errs []error
	note := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	items := 0
	for client, h := range d.clients {
		at := uint64(0)
		for _, i := range h.items {
			if i.id.client != client || i.id.clock != at || i.n == 0 {
				note("hole in history at %v", i.id)
			}
			if i.visible() != (i.kind == kindText) || i.visible() && units(i.text) != i.n {
				note("content of %v", i.id)
			}
			at = i.end()
			items++
		}
		if len(h.items) == 0 {
			note("empty history of %d", client)
		}
	}
	var prev *item
	units, bytes, linked := uint64(0), 0, 0
	for i := d.first; i != nil; prev, i = i, i.next {
		if i.prev != prev {
			note("broken link at %v", i.id)
			break
		}
		if linked++; linked > items {
			note("list is longer than its histories")
			break
		}
		if d.mark.item == i && d.mark.units != units {
			note("position mark %d instead of %d", d.mark.units, units)
		}
		if i.visible() {
			units += i.n
			bytes += len(i.text)
		}
	}
	if items != d.items || linked != items {
		note("%d items counted, %d in histories, %d in the list", d.items, items, linked)
	}
	if units != d.units || bytes != d.bytes {
		note("%d units %d bytes counted, %d and %d in the list", d.units, d.bytes, units, bytes)
	}
	size, count := 0, 0
	for _, list := range d.waiting.records {
		count += len(list)
		for i := range list {
			size += list[i].footprint()
		}
	}
	for _, list := range d.waiting.deletes {
		size += rangeFootprint * len(list)
	}
	if size != d.waiting.size || count != d.waiting.count {
		note("%d records of %d bytes waiting counted, %d of %d there", d.waiting.count, d.waiting.size, count, size)
	}
	return errors.Join(errs...)
}
