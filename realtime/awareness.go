package realtime

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
)

// Limits of awareness.
const (
	maxAwareness        = 4 << 10 // bytes of one state
	maxAwarenessEntries = 1000    // in one message; stock clients repeat those of others
	maxAwarenessClock   = 1 << 50
)

// presence is the awareness of one client: its cursor and who it is.
type presence struct {
	socket *socket
	clock  uint64
	state  []byte // JSON; "null" is never kept
}

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
	if fields == nil {
		r.gone(s, clock)
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
	r.aware[client] = &presence{socket: s, clock: clock, state: state}
	r.group.awareness(s, client)
	return nil
}

// gone keeps no state of a client, and tells that.
func (r *room) gone(s *socket, clock uint64) {
	client := s.awareness
	if p := r.aware[client]; p != nil && p.socket == s {
		delete(r.aware, client)
		r.group.leaver(s, client, clock)
	}
}

// forget tells the others that a client has left.
func (r *room) forget(s *socket) {
	if p := r.aware[s.awareness]; p != nil && p.socket == s {
		r.gone(s, p.clock+1)
	}
}

// awarenessOf writes the states of some clients, or of all.
func (r *room) awarenessOf(clients map[uint64]uint64) []byte {
	var b []byte
	one := func(client, clock uint64, state []byte) {
		b = binary.AppendUvarint(b, client)
		b = binary.AppendUvarint(b, clock)
		b = binary.AppendUvarint(b, uint64(len(state)))
		b = append(b, state...)
	}
	if clients == nil {
		b = binary.AppendUvarint(b, uint64(len(r.aware)))
		for client, p := range r.aware {
			one(client, p.clock, p.state)
		}
		return b
	}
	b = binary.AppendUvarint(b, uint64(len(clients)))
	for client, clock := range clients {
		if p := r.aware[client]; p != nil {
			one(client, p.clock, p.state)
		} else {
			one(client, clock, []byte("null"))
		}
	}
	return b
}
