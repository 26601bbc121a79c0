package realtime

import (
	"time"

	"dealwiki/realtime/journal"
	"dealwiki/realtime/yjs"
)

// A group is what a room takes before it writes to the journal once and tells
// everybody.
type group struct {
	batch  journal.Batch
	sender *socket // of the updates to be told; nil if there are several
	tell   [][]byte
	bytes  int // of updates
	many   bool

	acks   map[*socket]struct{}
	greets map[*socket]struct{}
	aware  map[uint64]uint64 // clients whose awareness changed, and the clocks to tell
}

func (g *group) reset() { *g = group{} }

// update adds an update to be told to all but its sender.
func (g *group) update(s *socket, data []byte) {
	if len(g.tell) == 0 {
		g.sender = s
	} else if g.sender != s {
		g.many = true
	}
	g.tell = append(g.tell, data)
	g.bytes += len(data)
}

func (g *group) ack(s *socket) {
	if g.acks == nil {
		g.acks = map[*socket]struct{}{}
	}
	g.acks[s] = struct{}{}
}

func (g *group) greet(s *socket) {
	if g.greets == nil {
		g.greets = map[*socket]struct{}{}
	}
	g.greets[s] = struct{}{}
}

func (g *group) awareness(client, clock uint64) {
	if g.aware == nil {
		g.aware = map[uint64]uint64{}
	}
	g.aware[client] = clock
}

// A heldUpdate waits for something that has not come. Clients would keep it
// waiting for longer than they have to, so they get it when it can be applied.
type heldUpdate struct {
	socket *socket
	update *yjs.Update
	data   []byte
}

// gather makes one edit for the journal of each person's in the group.
func (r *room) gather() {
	all := r.group.batch.Updates
	if len(all) < 2 {
		return
	}
	var order []string
	parts := map[string][][]byte{}
	sums := map[string]journal.Update{}
	for _, u := range all {
		if parts[u.Person] == nil {
			order = append(order, u.Person)
		}
		parts[u.Person] = append(parts[u.Person], u.Data)
		sums[u.Person] = journal.Update{Person: u.Person, Removed: sums[u.Person].Removed + u.Removed, At: u.At}
	}
	gathered := make([]journal.Update, 0, len(order))
	for _, person := range order {
		u := sums[person]
		if u.Data = parts[person][0]; len(parts[person]) > 1 {
			merged, err := yjs.Merge(parts[person]...)
			if err != nil {
				r.log.Error("merging updates that were taken", "err", err)
				return // then one by one
			}
			u.Data = merged
		}
		gathered = append(gathered, u)
	}
	r.group.batch.Updates = gathered
}

// flush writes what came to the journal, then tells everybody and acknowledges.
func (r *room) flush() {
	g := &r.group
	if r.ended {
		g.reset()
		return
	}
	if n := len(g.batch.Updates); n > 0 || len(g.batch.Owners) > 0 {
		r.gather()
		r.pace.sent(n)
		if r.append(r.hub.ctx, g.batch) != nil {
			return
		}
		// Where in the group somebody removed something does not matter: a version
		// holds whole groups.
		for _, u := range g.batch.Updates {
			if u.Removed > 0 {
				r.removed = append(r.removed, removal{seq: r.seq, person: u.Person, units: u.Removed})
			}
		}
	}
	r.release()
	r.tell()
	g.reset()
}

// release tells held updates that can be applied by now.
func (r *room) release() {
	kept := r.held[:0]
	for _, h := range r.held {
		if len(r.doc.Unknown(h.update)) > 0 {
			kept = append(kept, h)
			continue
		}
		r.group.update(h.socket, h.data)
	}
	clear(r.held[len(kept):])
	r.held = kept
}

// tell sends what the group brought: one message of updates and one of awareness
// for each reader, made once.
func (r *room) tell() {
	g := &r.group
	if len(g.tell) == 0 && len(g.acks) == 0 && len(g.greets) == 0 && len(g.aware) == 0 {
		return
	}
	updates := r.updateFrames()
	var aware []byte
	if len(g.aware) > 0 {
		aware = r.awarenessFrame(g.aware, nil)
	}
	var frames [4][]byte
	now := time.Now()
	for s := range r.sockets {
		out := frames[:0]
		if _, greet := g.greets[s]; greet {
			out = append(out, r.answerStep1(s))
		} else if s.synced && len(updates) > 0 && (g.many || g.sender != s) {
			out = append(out, updates...)
		}
		if aware != nil && s.in {
			// Nobody is told of themselves: they know better.
			if _, own := g.aware[s.awareness]; !own || !s.aware {
				out = append(out, aware)
			} else if len(g.aware) > 1 {
				out = append(out, r.awarenessFrame(g.aware, s))
			}
		}
		if _, ack := g.acks[s]; ack && s.taken > s.told {
			s.told = s.taken
			out = append(out, persistedFrame(s.taken))
		}
		if len(out) > 0 {
			s.sentAt = now
			s.send(out...)
		}
	}
}

// updateFrames makes the group's updates one message.
func (r *room) updateFrames() [][]byte {
	g := &r.group
	switch len(g.tell) {
	case 0:
		return nil
	case 1:
		return [][]byte{syncFrame(syncUpdate, g.tell[0])}
	}
	merged, err := yjs.Merge(g.tell...)
	if err == nil {
		return [][]byte{syncFrame(syncUpdate, merged)}
	}
	r.log.Error("merging updates that were taken", "err", err)
	var frames [][]byte
	for _, u := range g.tell {
		frames = append(frames, syncFrame(syncUpdate, u))
	}
	return frames
}
