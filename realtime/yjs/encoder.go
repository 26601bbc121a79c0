package yjs

func putUint(b []byte, v uint64) []byte {
	for v >= 0x80 {
		b = append(b, byte(v)|0x80)
		v >>= 7
	}
	return append(b, byte(v))
}

func putID(b []byte, i id) []byte { return putUint(putUint(b, i.client), i.clock) }

func putText(b, s []byte) []byte { return append(putUint(b, uint64(len(s))), s...) }

// put writes the struct without its first skip characters.
func (r *record) put(b []byte, skip uint64) []byte {
	marks, origin := r.marks, r.origin
	if skip > 0 {
		marks, origin = marks|hasOrigin, id{r.id.client, r.id.clock + skip - 1}
	}
	info := byte(r.kind)
	if marks&hasOrigin != 0 {
		info |= bitOrigin
	}
	if marks&hasRight != 0 {
		info |= bitRight
	}
	b = append(b, info)
	if marks&hasOrigin != 0 {
		b = putID(b, origin)
	}
	if marks&hasRight != 0 {
		b = putID(b, r.right)
	}
	if marks&(hasOrigin|hasRight) == 0 {
		b = append(putUint(append(b, 1), uint64(len(Root))), Root...)
	}
	if r.kind == kindDeleted {
		return putUint(b, r.n-skip)
	}
	text := r.text
	if skip > 0 {
		_, text = cut(text, r.n, skip)
	}
	return putText(b, text)
}

// A groupWriter gathers the structs of one client, in the order of their
// clocks, and fills the gaps between them with skips.
type groupWriter struct {
	buf        []byte
	count      uint64
	start, end uint64
	have       uint64 // clocks below it are left out
}

func (w *groupWriter) put(r *record) {
	from := max(w.have, w.end, r.id.clock)
	if from >= r.end() {
		return
	}
	switch {
	case w.count == 0:
		w.start = from
	case from > w.end:
		w.buf = putUint(append(w.buf, byte(kindSkip)), from-w.end)
		w.count++
	}
	w.buf = r.put(w.buf, from-r.id.clock)
	w.count++
	w.end = r.end()
}

// flush writes the group to b, if it has anything, and empties itself for the
// next client.
func (w *groupWriter) flush(b []byte, client uint64) (_ []byte, written bool) {
	written = w.count > 0
	if written {
		b = putUint(putUint(putUint(b, w.count), client), w.start)
		b = append(b, w.buf...)
	}
	*w = groupWriter{buf: w.buf[:0]}
	return b, written
}

// assemble puts the parts of an update together.
func assemble(groups uint64, structs []byte, deletes DeleteSet) []byte {
	b := make([]byte, 0, len(structs)+16+8*deletes.ranges())
	b = append(putUint(b, groups), structs...)
	return deletes.append(b)
}
