package load

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gorilla/websocket"
)

// A socket is one connection to a room that looks for stamps only.
type socket struct {
	dialect Dialect
	prefix  []byte
	sender  int
	start   time.Time // stamps count from here
	ws      *websocket.Conn
	writing sync.Mutex
	synced  chan struct{}
	done    chan struct{} // the reader has ended
	err     error         // why, once done

	// Only stamps from..to (microseconds) are measured; to is set when the
	// last is known.
	from, to *atomic.Int64
	arrived  atomic.Int64 // stamps of others that were measured

	mu       sync.Mutex
	seen     times   // from sending to reading, of others' edits
	acked    times   // from sending to the word that it is safe
	waiting  []int64 // moments at which own updates were sent
	answered int     // of them
}

// dial opens a socket and waits until it has the document.
func (t *Target) dial(ctx context.Context, room, number, sender int, start time.Time, from, to *atomic.Int64) (*socket, error) {
	dialer := websocket.Dialer{ReadBufferSize: 4096, WriteBufferSize: 512, NetDialContext: (&net.Dialer{}).DialContext}
	ws, res, err := dialer.DialContext(ctx, t.Address(room, number), nil)
	if err != nil {
		if res != nil {
			err = fmt.Errorf("%w: %s", err, res.Status)
		}
		return nil, fmt.Errorf("connecting to room %d of %s: %w", room, t.Name, err)
	}
	s := &socket{dialect: t.Dialect, prefix: t.prefix(room), sender: sender, start: start, ws: ws,
		synced: make(chan struct{}), done: make(chan struct{}), from: from, to: to}
	go func() {
		defer close(s.done)
		s.err = s.read()
	}()
	for _, m := range t.hello(s.prefix) {
		if err := s.write(m); err != nil {
			s.close()
			return nil, fmt.Errorf("greeting room %d of %s: %w", room, t.Name, err)
		}
	}
	select {
	case <-s.synced:
		return s, nil
	case <-s.done:
		s.close()
		return nil, fmt.Errorf("syncing with room %d of %s: %w", room, t.Name, s.err)
	case <-ctx.Done():
		s.close()
		return nil, fmt.Errorf("syncing with room %d of %s: %w", room, t.Name, ctx.Err())
	}
}

func (s *socket) write(m []byte) error {
	s.writing.Lock()
	defer s.writing.Unlock()
	return s.ws.WriteMessage(websocket.BinaryMessage, m)
}

// send writes an own edit.
func (s *socket) send(w *writer) error {
	now := time.Since(s.start).Microseconds()
	s.mu.Lock()
	s.waiting = append(s.waiting, now)
	s.mu.Unlock()
	return s.write(w.update(s.prefix, now))
}

// close ends the socket and waits for its reader.
func (s *socket) close() {
	_ = s.ws.Close() // the reader ends by it, and nobody else cares
	<-s.done
}

func (s *socket) read() error {
	buf := make([]byte, 0, 1024)
	for {
		_, r, err := s.ws.NextReader()
		if err != nil {
			return err
		}
		buf = buf[:0]
		for {
			if len(buf) == cap(buf) {
				buf = append(buf, 0)[:len(buf)]
			}
			n, err := r.Read(buf[len(buf):cap(buf)])
			buf = buf[:len(buf)+n]
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				return err
			}
		}
		if err := s.take(buf); err != nil {
			return err
		}
	}
}

// take looks at one message.
func (s *socket) take(m []byte) error {
	if len(m) < len(s.prefix)+2 {
		return nil
	}
	m = m[len(s.prefix):]
	switch m[0] {
	case messageSync:
		switch m[1] {
		case syncStep1: // it wants to know what we have: nothing
			return s.write(appendBytes(append(append([]byte{}, s.prefix...), messageSync, syncStep2), []byte{0, 0}))
		case syncStep2:
			select {
			case <-s.synced:
			default:
				close(s.synced)
				return nil
			}
		}
		s.look(m[2:])
	case messageStatus:
		if s.dialect == Hocuspocus && m[1] == 1 {
			s.mu.Lock()
			// The first answers the empty step 2, if anything does.
			s.acknowledge(s.answered + 1)
			s.mu.Unlock()
		}
	case messagePersisted:
		n, _ := binary.Uvarint(m[1:])
		s.mu.Lock()
		s.acknowledge(int(n) - 1) // the first was step 2
		s.mu.Unlock()
	}
	return nil
}

// look measures the stamps of a message.
func (s *socket) look(m []byte) {
	now := time.Since(s.start).Microseconds()
	from, to := s.from.Load(), s.to.Load()
	s.mu.Lock()
	defer s.mu.Unlock()
	stamps(m, func(sender int, at int64) {
		if sender != s.sender && at >= from && at < to {
			s.seen.add(time.Duration(now-at) * time.Microsecond)
			s.arrived.Add(1)
		}
	})
}

func (s *socket) acknowledge(n int) {
	now := time.Since(s.start).Microseconds()
	from, to := s.from.Load(), s.to.Load()
	for s.answered < min(n, len(s.waiting)) {
		if at := s.waiting[s.answered]; at >= from && at < to {
			s.acked.add(time.Duration(now-at) * time.Microsecond)
		}
		s.answered++
	}
}
