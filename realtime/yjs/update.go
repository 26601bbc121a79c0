package yjs

import (
	"cmp"
	"maps"
	"slices"
)

// An Update is a decoded update: the structs and deletions that one document
// tells another. It is checked against everything that can be known without a
// document, and never changes, so that many documents may take it.
type Update struct {
	records   []record // those of one client together, by clock
	groups    []group  // into records
	ranges    []Range
	deleted   []group // into ranges
	textBytes int

	seenStructs, seenDeletes clientSet
}

// A group is the part of a list that belongs to one client.
type group struct {
	client   uint64
	from, to int
}

// Decode reads an update of format v1, strictly. Errors wrap [ErrRefused]. The
// Update keeps parts of b, which must not change while it is in use.
func Decode(b []byte, limits Limits) (*Update, error) {
	u := &Update{}
	if err := u.decode(b, limits.filled()); err != nil {
		return nil, err
	}
	return u, nil
}

func (u *Update) decode(b []byte, limits Limits) error {
	if len(b) > limits.MaxMessage {
		return ErrTooLarge
	}
	return (&decoder{buf: b}).update(u)
}

func (u *Update) reset() {
	*u = Update{
		records: u.records[:0], groups: u.groups[:0], ranges: u.ranges[:0], deleted: u.deleted[:0],
		seenStructs: u.seenStructs.emptied(), seenDeletes: u.seenDeletes.emptied(),
	}
}

// release lets go of the input, and of memory that a usual update will not
// need again.
func (u *Update) release() {
	const usual = 64
	if cap(u.records) > usual || cap(u.ranges) > usual || u.seenStructs.many != nil || u.seenDeletes.many != nil {
		*u = Update{}
		return
	}
	clear(u.records)
}

// Wrote answers, for each client that the update has structs of, which of its
// characters (whatever the document knows already, see [Doc.Unknown]).
// Deletions do not count: they belong to whoever sends them.
func (u *Update) Wrote() map[uint64][]Range {
	wrote := make(map[uint64][]Range, len(u.groups))
	for _, g := range u.groups {
		var list []Range
		for _, r := range u.records[g.from:g.to] {
			list = append(list, Range{r.id.clock, r.end()})
		}
		wrote[g.client] = join(list)
	}
	return wrote
}

// Merge makes one update of several. Applying it is applying them all. Nothing
// is left out of it but what is there twice, so updates that wait for others
// may be merged as well. Errors wrap [ErrRefused].
func Merge(updates ...[]byte) ([]byte, error) {
	records := map[uint64][]record{}
	deletes := DeleteSet{}
	for _, b := range updates {
		u, err := Decode(b, unlimited)
		if err != nil {
			return nil, err
		}
		for _, g := range u.groups {
			records[g.client] = append(records[g.client], u.records[g.from:g.to]...)
		}
		for _, g := range u.deleted {
			deletes[g.client] = append(deletes[g.client], u.ranges[g.from:g.to]...)
		}
	}
	var structs []byte
	var groups uint64
	var w groupWriter
	for _, client := range descending(maps.Keys(records)) {
		for _, r := range inOrder(records[client]) {
			w.put(&r)
		}
		var some bool
		if structs, some = w.flush(structs, client); some {
			groups++
		}
	}
	for client, list := range deletes {
		deletes[client] = join(list)
	}
	return assemble(groups, structs, deletes), nil
}

// inOrder sorts records of one client by clock, the longest first, and leaves
// out those that another covers. It works in place.
func inOrder(list []record) []record {
	slices.SortStableFunc(list, func(a, b record) int {
		return cmp.Or(cmp.Compare(a.id.clock, b.id.clock), cmp.Compare(b.n, a.n))
	})
	w := 0
	for _, r := range list {
		if w > 0 && r.end() <= list[w-1].end() {
			continue
		}
		list[w] = r
		w++
	}
	clear(list[w:])
	return list[:w]
}

// A clientSet is a set of client ids, made for few.
type clientSet struct {
	few  []uint64
	many map[uint64]bool
}

// add answers whether the client was new.
func (s *clientSet) add(client uint64) bool {
	const enough = 16
	if s.many == nil {
		if slices.Contains(s.few, client) {
			return false
		}
		if len(s.few) < enough {
			s.few = append(s.few, client)
			return true
		}
		s.many = make(map[uint64]bool, 4*enough)
		for _, c := range s.few {
			s.many[c] = true
		}
	}
	if s.many[client] {
		return false
	}
	s.many[client] = true
	return true
}

func (s *clientSet) emptied() clientSet { return clientSet{few: s.few[:0]} }
