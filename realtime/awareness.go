package realtime

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"time"
	"unicode/utf8"
)

// Limits of awareness.
const (
	maxAwareness        = 4 << 10 // bytes of one state
	maxAwarenessEntries = 1000    // in one message; stock clients repeat those of others
	maxAwarenessClock   = 1 << 50
	maxShown            = 10_000 // client ids kept for those who have not written
)

// presence is the awareness of one client: its cursor and who it is.
type presence struct {
	socket *socket
	clock  uint64 // the client's
	told   uint64 // the room's
	state  []byte // JSON; "null" is never kept
}

// next is the clock under which something is told after another. Stock clients
// keep the clocks of clients that are gone and would not see them when they come
// back; so a room counts by the time of day, for each client by itself.
func next(clock uint64) uint64 { return max(clock+1, uint64(time.Now().UnixMilli())) }

// userJSON is what others are told of a visitor. Names and colours are the
// server's.
type userJSON struct {
	Name       string `json:"name"`
	Color      string `json:"color"`
	ColorLight string `json:"colorLight"`
	ID         string `json:"id,omitempty"` // handle of staff
}

func (v *Visitor) user() userJSON {
	u := userJSON{Name: v.Name, Color: v.Color, ColorLight: v.Color + "33"}
	if !v.Guest {
		u.ID = v.Caller.Person.Handle
	}
	return u
}

// awareness takes what a client says of itself. The first client id that it
// names and that is nobody else's is its own for as long as the socket lives;
// what it repeats of others is passed over.
func (r *room) awareness(s *socket, data []byte) error {
	n, rest, err := readUint(data)
	if err != nil {
		return err
	}
	if n > maxAwarenessEntries {
		return fmt.Errorf("%w: awareness of %d clients", errMessage, n)
	}
	for range n {
		var client, clock uint64
		var state []byte
		if client, rest, err = readUint(rest); err != nil {
			return err
		}
		if clock, rest, err = readUint(rest); err != nil {
			return err
		}
		if state, rest, err = readBytes(rest); err != nil {
			return err
		}
		if clock > maxAwarenessClock {
			return fmt.Errorf("%w: awareness clock %d", errMessage, clock)
		}
		if err := r.present(s, client, clock, state); err != nil {
			return err
		}
	}
	if len(rest) > 0 {
		return fmt.Errorf("%w: something follows awareness", errMessage)
	}
	return nil
}

func (r *room) present(s *socket, client, clock uint64, state []byte) error {
	held := r.aware[client]
	switch {
	case s.aware && client != s.awareness:
		return nil
	case held != nil && held.socket != s:
		// The same person comes back before the old connection is known to be
		// dead; or this is another's state, repeated.
		if s.aware || held.socket.who.Caller.Person.ID != s.who.Caller.Person.ID || clock < held.clock {
			return nil
		}
		held.socket.aware = false
	}
	if len(state) > maxAwareness {
		return fmt.Errorf("%w: awareness of %d bytes", errTooLarge, len(state))
	}
	if !utf8.Valid(state) {
		return fmt.Errorf("%w: awareness that is not UTF-8", errMessage) // browsers fail on it
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(state, &fields); err != nil {
		return fmt.Errorf("%w: awareness: %w", errMessage, err)
	}
	if held == nil && fields == nil {
		return nil
	}
	if held != nil && held.socket == s && (clock < held.clock || clock == held.clock && fields != nil) {
		return nil
	}
	s.aware, s.awareness = true, client
	r.show(client, s.who.Caller.Person.ID)
	if fields == nil {
		r.forget(s)
		return nil
	}
	user, err := json.Marshal(s.who.user())
	if err != nil {
		return fmt.Errorf("writing awareness: %w", err)
	}
	fields["user"] = user
	if state, err = json.Marshal(fields); err != nil {
		return fmt.Errorf("writing awareness: %w", err)
	}
	told := next(0)
	if held != nil {
		told = next(held.told)
	}
	r.aware[client] = &presence{socket: s, clock: clock, told: told, state: state}
	r.group.awareness(client, told)
	return nil
}

// show keeps a client id for the person who shows it first, while the room is in
// memory: others see it, and would take it by writing under it before its owner.
func (r *room) show(client uint64, person string) {
	if _, written := r.owners[client]; written || r.shown[client] != "" || len(r.shown) >= maxShown {
		return
	}
	r.shown[client] = person
}

// forget keeps no state of a client and tells the others that it is gone.
func (r *room) forget(s *socket) {
	if p := r.aware[s.awareness]; p != nil && p.socket == s {
		delete(r.aware, s.awareness)
		r.group.awareness(s.awareness, next(p.told))
	}
}

// everybody is a message of all states but the reader's own.
func (r *room) everybody(reader *socket) []byte {
	all := make(map[uint64]uint64, len(r.aware))
	for client, p := range r.aware {
		p.told = next(p.told)
		all[client] = p.told
	}
	return r.awarenessFrame(all, reader)
}

// awarenessFrame is a message of the states of some clients, under the given
// clocks, without the reader's own.
func (r *room) awarenessFrame(clients map[uint64]uint64, reader *socket) []byte {
	own := func(client uint64) bool { return reader != nil && reader.aware && reader.awareness == client }
	n := 0
	for client := range clients {
		if !own(client) {
			n++
		}
	}
	b := binary.AppendUvarint(nil, uint64(n))
	for client, clock := range clients {
		if own(client) {
			continue
		}
		state := []byte("null")
		if p := r.aware[client]; p != nil {
			state = p.state
		}
		b = binary.AppendUvarint(b, client)
		b = binary.AppendUvarint(b, clock)
		b = binary.AppendUvarint(b, uint64(len(state)))
		b = append(b, state...)
	}
	return bytesFrame(b, MessageAwareness)
}
