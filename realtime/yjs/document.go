package yjs

import (
	"encoding/binary"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strings"
)

// Root is the name of the one text of a document.
const Root = "content"

// Options say how a document is used. The zero value makes one that reads and
// merges, with the default limits.
type Options struct {
	// Client is the id under which this process edits; 0 if it does not. It
	// has to be fresh in each process and each fork (see [FreshClient]): an id
	// used twice can give one clock to two characters.
	Client uint64
	// Limits bound what others send. Zero fields have defaults.
	Limits Limits
}

// A Doc is one document: the text "content" with its past. It belongs to one
// goroutine at a time.
type Doc struct {
	client uint64
	limits Limits
	// trusting is set while an own state is loaded: it is taken as it is.
	trusting bool

	clients map[uint64]*history
	recent  *history // the one looked up last
	first   *item    // of the list, deleted items included
	units   uint64   // visible UTF-16 units
	bytes   int      // visible bytes
	items   int      // in all histories

	waiting waiting

	// Of the running transaction.
	transaction uint64
	touched     []*history
	dropped     []*item
	work        int
	progress    uint64 // grows whenever something is integrated
	removed     uint64

	epoch uint64 // of the conflict scan's marks
	mark  position

	scratch Update
}

// New answers an empty document.
func New(o Options) *Doc {
	return &Doc{client: o.Client, limits: o.Limits.filled(), clients: map[uint64]*history{}}
}

// Load answers the document that [Doc.Encode] wrote. The limits do not hold
// for the state itself, it was within them when it came; they hold for what is
// applied afterwards. A state that is no such thing gives an error that wraps
// [ErrRefused].
func Load(state []byte, o Options) (*Doc, error) {
	d := New(Options{Client: o.Client, Limits: unlimited})
	if len(state) > 0 {
		d.trusting = true
		if _, err := d.Apply(state); err != nil {
			return nil, fmt.Errorf("loading a document: %w", err)
		}
	}
	d.limits, d.trusting = o.Limits.filled(), false
	return d, nil
}

// Fork answers a copy of the document, which edits under the given client id.
// The two share nothing that changes.
func (d *Doc) Fork(client uint64) *Doc {
	f := &Doc{client: client, limits: d.limits, clients: make(map[uint64]*history, len(d.clients)),
		units: d.units, bytes: d.bytes, items: d.items, waiting: d.waiting.clone()}
	for id, h := range d.clients {
		items := make([]*item, len(h.items))
		for i, from := range h.items {
			items[i] = &item{record: from.record}
			items[i].text = slices.Clip(from.text)
		}
		f.clients[id] = &history{client: id, items: items}
	}
	var prev *item
	for from := d.first; from != nil; from = from.next {
		to := f.history(from.id.client).at(from.id.clock)
		if to.prev = prev; prev == nil {
			f.first = to
		} else {
			prev.next = to
		}
		prev = to
	}
	return f
}

// Client is the id under which the document edits.
func (d *Doc) Client() uint64 { return d.client }

// Text is the text as it is now. Half a surrogate pair is U+FFFD.
func (d *Doc) Text() string {
	var sb strings.Builder
	sb.Grow(d.bytes)
	for i := d.first; i != nil; i = i.next {
		if i.visible() {
			sb.Write(i.text)
		}
	}
	return sb.String()
}

// Units is the length of the text in UTF-16 units, as browsers count.
func (d *Doc) Units() int { return int(d.units) }

// Bytes is the length of the text in bytes of UTF-8.
func (d *Doc) Bytes() int { return d.bytes }

// Items is the number of stored runs of text, deleted ones included.
func (d *Doc) Items() int { return d.items }

// Pending tells whether something waits for a part that has not come.
func (d *Doc) Pending() bool { return d.waiting.size > 0 }

// StateVector says what the document knows. What waits is not in it.
func (d *Doc) StateVector() StateVector {
	v := make(StateVector, len(d.clients))
	for client, h := range d.clients {
		v[client] = h.state()
	}
	return v
}

// Deleted answers which characters are deleted.
func (d *Doc) Deleted() DeleteSet {
	s := DeleteSet{}
	for client, h := range d.clients {
		for _, i := range h.items {
			if !i.visible() {
				s.add(client, i.id.clock, i.end())
			}
		}
	}
	return s
}

// Encode writes what a document with the state vector have lacks, as an update
// of format v1; all of it when have is nil. Deletions are always all in it.
// What waits for missing parts is in it too, so that a document loaded from it
// has lost nothing.
func (d *Doc) Encode(have StateVector) []byte {
	clients := make(map[uint64]bool, len(d.clients))
	for c := range d.clients {
		clients[c] = true
	}
	for c := range d.waiting.records {
		clients[c] = true
	}
	var structs []byte
	var groups uint64
	var w groupWriter
	for _, client := range descending(maps.Keys(clients)) {
		w.have = have[client]
		if h := d.clients[client]; h.state() > w.have {
			for _, i := range h.items[h.find(w.have):] {
				w.put(&i.record)
			}
		}
		for _, r := range d.waiting.records[client] {
			w.have = max(w.have, d.clients[client].state())
			w.put(&r)
		}
		var some bool
		if structs, some = w.flush(structs, client); some {
			groups++
		}
	}
	deletes := d.Deleted()
	for client, list := range d.waiting.deletes {
		deletes[client] = join(append(deletes[client], list...))
	}
	return assemble(groups, structs, deletes)
}

// FreshClient draws an id for [Options.Client] or [Doc.Fork] that the document
// does not know. Errors are those of random.
func (d *Doc) FreshClient(random io.Reader) (uint64, error) {
	for {
		var b [4]byte
		if _, err := io.ReadFull(random, b[:]); err != nil {
			return 0, fmt.Errorf("drawing a client id: %w", err)
		}
		// Yjs draws from 32 bits as well.
		client := uint64(binary.BigEndian.Uint32(b[:]))
		if client != 0 && client != math.MaxUint32 && d.clients[client] == nil && d.waiting.records[client] == nil {
			return client, nil
		}
	}
}

func (d *Doc) history(client uint64) *history {
	if h := d.recent; h != nil && h.client == client {
		return h
	}
	h := d.clients[client]
	if h != nil {
		d.recent = h
	}
	return h
}
