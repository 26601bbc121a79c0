package load

import "encoding/binary"

// A Dialect is how a server frames the messages of the Yjs sync protocol.
type Dialect int

const (
	// YWebsocket is the protocol of y-websocket, and ours.
	YWebsocket Dialect = iota
	// Hocuspocus puts the name of the document before every message and wants
	// a token first.
	Hocuspocus
)

// A Target is a server under test.
type Target struct {
	Name    string
	Dialect Dialect
	// PID is the server's process.
	PID int
	// Address is where a room is reached, as ws://…; socket numbers the sockets
	// of the room, so that they may belong to different people. Rooms are
	// numbered from 0; none is used by two runs.
	Address func(room, socket int) string
	// Room names a room to a server that wants it in each message.
	Room func(room int) string

	rooms int // that were used
}

// Messages of the protocol.
const (
	messageSync       = 0
	messageAwareness  = 1
	messageAuth       = 2
	messageStatus     = 8   // Hocuspocus: an update was taken
	messagePersisted  = 100 // ours: how many updates of this connection are on disk
	messageCommitted  = 101
	messageNotice     = 102
	messageCheckpoint = 103

	syncStep1  = 0
	syncStep2  = 1
	syncUpdate = 2
)

func (t *Target) prefix(room int) []byte {
	if t.Dialect != Hocuspocus {
		return nil
	}
	return appendBytes(nil, []byte(t.Room(room)))
}

// hello is what a client says first.
func (t *Target) hello(prefix []byte) [][]byte {
	step1 := appendBytes(append(append([]byte{}, prefix...), messageSync, syncStep1), []byte{0})
	if t.Dialect != Hocuspocus {
		return [][]byte{step1}
	}
	const token = 0
	auth := appendBytes(append(append([]byte{}, prefix...), messageAuth, token), []byte("any"))
	return [][]byte{auth, step1}
}

func appendBytes(b, s []byte) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}
