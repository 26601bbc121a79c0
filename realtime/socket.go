package realtime

import (
	"bytes"
	"errors"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"github.com/gorilla/websocket"
)

const (
	readBuffer = 1 << 10
	writeTime  = 20 * time.Second // for one write to a reader that takes nothing
	lingerTime = 2 * time.Second  // for the other side to read why it is closed
	pingEvery  = 15 * time.Second
	quietAfter = 15 * time.Second // then a message is sent that says nothing
)

// A socket is one connection of one visitor.
type socket struct {
	hub  *Hub
	room *room
	ws   *websocket.Conn
	net  *meteredConn
	who  Visitor

	write atomic.Bool // the visitor may write

	// Owned by the room.
	in        bool // has been told what there is
	greeted   bool // its step 1 has come
	synced    bool // it was sent what it lacked, and is told of updates
	asked     []byte
	taken     uint64 // update messages that were taken
	told      uint64 // and acknowledged
	awareness uint64 // its client id
	aware     bool   // which is known
	sentAt    time.Time
	pingAt    time.Time
	lookedAt  time.Time // when an update of a reader's was compared with the document

	// Owned by the reader.
	bucket bucket
	freshT time.Time

	mu     sync.Mutex
	direct *direct // nil if there is no such way
	queue  [][]byte
	queued int
	closed bool
	code   int
	reason string
	wake   chan struct{} // capacity 1
	ended  chan struct{} // closed when the writer has ended
}

// send queues frames, which must not change any more. A socket whose reader is
// too slow is cut off.
func (s *socket) send(frames ...[]byte) {
	n := 0
	for _, f := range frames {
		n += len(f)
	}
	if n == 0 {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return
	}
	if s.queued > 0 && s.queued+n > s.hub.cfg.Limits.Queue {
		s.hub.cfg.Logger.Info("cutting off a slow reader", "room", s.room.name, "person", s.who.Caller.Person.ID)
		s.queue, s.queued = nil, 0
		s.end(CodeComeAgain, "too slow, come again")
		_ = s.net.SetWriteDeadline(time.Now().Add(time.Second)) // a write that hangs ends
		return
	}
	if s.direct != nil && s.queued == 0 { // nothing waits, the writer sleeps
		if frames, n = s.atOnce(frames, n); n == 0 {
			return
		}
	}
	s.queue = append(s.queue, frames...)
	s.queued += n
	s.rouse()
}

// atOnce writes what the system takes without waiting and answers what is left.
func (s *socket) atOnce(frames [][]byte, size int) (left [][]byte, n int) {
	if size > maxJoined {
		return frames, size
	}
	one := frames[0]
	if len(frames) > 1 {
		b := joined.Get().(*[]byte) //nolint:errcheck // nothing else is put there
		defer joined.Put(b)
		one = join(b, frames)
	}
	taken := s.direct.write(one)
	if taken == size {
		return nil, 0
	}
	return [][]byte{bytes.Clone(one[taken:])}, size - taken
}

// close ends the socket with a code after what is queued; the first call counts.
func (s *socket) close(code int, reason string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.end(code, reason)
}

func (s *socket) end(code int, reason string) {
	if s.closed {
		return
	}
	s.closed, s.code, s.reason = true, code, reason
	s.rouse()
}

func (s *socket) rouse() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

func (s *socket) isClosed() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.closed
}

// maxJoined is up to how many bytes frames are copied together for one write.
const maxJoined = 64 << 10

var joined = sync.Pool{New: func() any { return new([]byte) }}

// writing sends what is queued, all that waits in one write.
func (s *socket) writing() {
	defer close(s.ended)
	var batch [][]byte
	gone := s.room.done
	for {
		select {
		case <-s.wake:
		case <-gone:
			gone = nil
			s.close(CodeComeAgain, "come again")
		}
		for {
			s.mu.Lock()
			batch, s.queue = s.queue, batch[:0]
			size := s.queued
			closed, code, reason := s.closed, s.code, s.reason
			s.mu.Unlock()
			if len(batch) == 0 {
				if closed {
					s.bye(code, reason)
					return
				}
				break
			}
			err := s.put(batch, size)
			clear(batch)
			s.mu.Lock()
			s.queued = max(0, s.queued-size)
			s.mu.Unlock()
			if err != nil {
				s.close(0, "")
				_ = s.net.Close() // the reader ends too
				return
			}
		}
	}
}

func (s *socket) put(batch [][]byte, size int) error {
	if err := s.net.SetWriteDeadline(time.Now().Add(writeTime)); err != nil {
		return err
	}
	defer func() { _ = s.net.SetWriteDeadline(time.Time{}) }() // one that has passed would stop direct writes
	if len(batch) == 1 {
		_, err := s.net.Conn.Write(batch[0])
		return err
	}
	if size > maxJoined {
		for _, f := range batch {
			if _, err := s.net.Conn.Write(f); err != nil {
				return err
			}
		}
		return nil
	}
	b := joined.Get().(*[]byte) //nolint:errcheck // nothing else is put there
	defer joined.Put(b)
	_, err := s.net.Conn.Write(join(b, batch))
	return err
}

// join copies frames into a buffer.
func join(b *[]byte, frames [][]byte) []byte {
	*b = (*b)[:0]
	for _, f := range frames {
		*b = append(*b, f...)
	}
	return *b
}

// bye says why the socket ends and leaves the other side a moment to read it.
func (s *socket) bye(code int, reason string) {
	if code != 0 {
		_ = s.net.SetWriteDeadline(time.Now().Add(time.Second))
		_, _ = s.net.Conn.Write(closeFrame(code, reason))
	}
	linger := lingerTime
	if code == 0 {
		linger = 0
	}
	_ = s.net.SetReadDeadline(time.Now().Add(linger))
}

// Errors that end the reading of a socket, each with its code.
var (
	errTooFast  = errors.New("too many messages")
	errTooLarge = errors.New("message is too large")
	errText     = errors.New("message is not binary")
	errUTF8     = errors.New("text message is not UTF-8")
)

// reading takes messages until the socket ends, and then closes it with the
// code that says why.
func (s *socket) reading() {
	s.ws.SetPingHandler(func(data string) error {
		s.net.payload += len(data)
		s.fresh()
		if !s.bucket.take(1) {
			return errTooFast
		}
		s.send(controlFrame(opPong, data))
		return nil
	})
	s.ws.SetPongHandler(func(data string) error {
		s.net.payload += len(data)
		s.fresh()
		if !s.bucket.take(1) {
			return errTooFast
		}
		return nil
	})
	s.ws.SetCloseHandler(func(int, string) error { return nil }) // the writer answers
	s.fresh()
	err := s.messages()
	var closed *websocket.CloseError
	switch {
	case errors.Is(err, errTooFast):
		s.close(CodeTooFast, "too many messages, come again")
	case errors.Is(err, errTooLarge), errors.Is(err, websocket.ErrReadLimit):
		s.close(CodeTooLarge, "message is too large")
	case errors.Is(err, errText):
		s.close(CodeRefused, "messages have to be binary")
	case errors.Is(err, errUTF8):
		s.close(codeInvalidText, "text that is not UTF-8")
	case errors.As(err, &closed) && closed.Code != websocket.CloseAbnormalClosure && closed.Code != websocket.CloseNoStatusReceived:
		s.close(closed.Code, "")
	case errors.As(err, &closed) && closed.Code == websocket.CloseNoStatusReceived:
		s.close(websocket.CloseNormalClosure, "")
	default:
		s.close(0, "") // gone, or gorilla has said why
	}
	s.room.leave(s)
	<-s.ended
	if s.code != 0 && !errors.As(err, &closed) {
		// Closed at once, what the other side still sends would make its system
		// throw away the code before it is read.
		_, _ = io.CopyN(io.Discard, s.net.Conn, 64<<20)
	}
}

// fresh notes that the other side lives.
func (s *socket) fresh() {
	now := time.Now()
	if slack := s.hub.cfg.Limits.Silence / 9; now.Sub(s.freshT) < slack {
		return
	}
	s.freshT = now
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.closed {
		_ = s.net.SetReadDeadline(now.Add(s.hub.cfg.Limits.Silence * 8 / 9))
	}
}

func (s *socket) messages() error {
	var small [512]byte
	for {
		kind, r, err := s.ws.NextReader()
		if err != nil {
			return err
		}
		data, err := s.message(r, small[:])
		if err != nil {
			return err
		}
		s.fresh()
		s.net.messages++
		if s.isClosed() {
			continue // taken no more
		}
		switch {
		case !s.bucket.take(cost(data)):
			return errTooFast
		case kind != websocket.BinaryMessage && !utf8.Valid(data):
			return errUTF8
		case kind != websocket.BinaryMessage:
			return errText
		case len(data) == 0:
			continue
		}
		if !s.room.put(event{socket: s, data: data}) {
			return nil
		}
	}
}

// cost is how many messages a message counts as: those that have the room encode
// much count more.
func cost(data []byte) int {
	n := 1 + len(data)/4096
	if len(data) >= 2 && data[0] == MessageSync && data[1] == syncStep1 || len(data) > 0 && data[0] == MessageQueryAwareness {
		n += 25
	}
	return n
}

// message reads one message of at most Limits.Document.MaxMessage and the few
// bytes around it. What is allocated grows with what has come.
func (s *socket) message(r io.Reader, small []byte) ([]byte, error) {
	limit := s.hub.cfg.Limits.Document.MaxMessage + 16
	var data []byte
	n := 0
	for {
		if n == len(small) {
			grown := make([]byte, min(2*len(small), limit+1))
			copy(grown, small[:n])
			small = grown
		}
		k, err := r.Read(small[n:])
		n += k
		s.net.payload += k
		if n > limit {
			return nil, errTooLarge
		}
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
	}
	data = make([]byte, n)
	copy(data, small)
	return data, nil
}

// meteredConn counts what comes: frames of no use (empty fragments, headers
// around single bytes) end the connection before they keep the machine busy.
// Reading belongs to one goroutine.
type meteredConn struct {
	net.Conn
	wire, payload, messages int
}

// Allowances of bytes that are no payload.
const (
	overheadMessage = 64
	overhead        = 256 << 10
)

func (c *meteredConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	c.wire += n
	if err == nil && c.wire-c.payload-overheadMessage*c.messages > overhead+len(b) {
		return 0, errTooFast
	}
	return n, err
}

// A bucket of tokens bounds how often something is done.
type bucket struct {
	rate, size, have float64
	at               time.Time
}

func newBucket(rate, size int) bucket {
	return bucket{rate: float64(rate), size: float64(size), have: float64(size), at: time.Now()}
}

func (b *bucket) take(n int) bool {
	now := time.Now()
	b.have = min(b.size, b.have+now.Sub(b.at).Seconds()*b.rate)
	b.at = now
	b.have -= float64(n)
	return b.have >= 0
}
