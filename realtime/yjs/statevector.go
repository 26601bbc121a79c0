package yjs

import (
	"iter"
	"maps"
	"slices"
)

// A StateVector says how much a document knows of each client: all its
// characters below the clock. Clients it knows nothing of are left out.
type StateVector map[uint64]uint64

// Encode writes the vector in format v1.
func (v StateVector) Encode() []byte {
	b := putUint(make([]byte, 0, 2+8*len(v)), uint64(len(v)))
	for _, client := range descending(maps.Keys(v)) {
		b = putUint(putUint(b, client), v[client])
	}
	return b
}

// Covers tells whether everything in other is in v as well.
func (v StateVector) Covers(other StateVector) bool {
	for client, clock := range other {
		if v[client] < clock {
			return false
		}
	}
	return true
}

// Meets tells whether some client is in both: whether two documents have a
// common past.
func (v StateVector) Meets(other StateVector) bool {
	for client := range other {
		if v[client] > 0 && other[client] > 0 {
			return true
		}
	}
	return false
}

// DecodeStateVector reads a vector of format v1. No bytes at all stand for the
// empty vector. Anything else that is no vector is refused with
// [ErrMalformed].
func DecodeStateVector(b []byte) (StateVector, error) {
	v := StateVector{}
	if len(b) == 0 {
		return v, nil
	}
	d := &decoder{buf: b}
	count, err := d.uint()
	if err != nil {
		return nil, err
	}
	if count > uint64(d.left())/2 {
		return nil, malformed("%d clients in %d bytes", count, d.left())
	}
	for ; count > 0; count-- {
		i, err := d.id()
		if err != nil {
			return nil, err
		}
		if _, twice := v[i.client]; twice {
			return nil, malformed("client %d twice", i.client)
		}
		v[i.client] = i.clock
	}
	if d.left() != 0 {
		return nil, malformed("%d bytes too many", d.left())
	}
	return v, nil
}

// descending is the order in which Yjs writes clients.
func descending(clients iter.Seq[uint64]) []uint64 {
	list := slices.Sorted(clients)
	slices.Reverse(list)
	return list
}
