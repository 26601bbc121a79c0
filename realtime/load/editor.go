package load

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/gorilla/websocket"

	"dealwiki/realtime/yjs"
)

// An Editor is a client as browsers are: it keeps a document of its own, in
// which one edits online and offline, and syncs when it comes back. It also
// keeps what the server acknowledged, so that a test can hold it to that. Its
// methods may be called from any goroutine.
type Editor struct {
	mu      sync.Mutex
	changed chan struct{} // closed and made anew when anything changes
	doc     *yjs.Doc
	line    *line // nil when offline
	acked   [][]byte
	commits []Commit
	notices []Notice
	close   *websocket.CloseError // why the server ended the last connection
}

// line is one connection of an Editor.
type line struct {
	ws     *websocket.Conn
	synced bool
	sent   [][]byte // updates, in the order they were sent
	acked  int
	done   chan struct{}
}

// A Commit is a version that the server told of (message 101).
type Commit struct {
	Version string `json:"version"`
	Number  int    `json:"number"`
	At      string `json:"at"`
	Message string `json:"message"`
}

// A Notice is what the server told people (message 102).
type Notice struct {
	Code string `json:"code"`
	Text string `json:"text"`
}

// ErrOffline answers what needs a connection.
var ErrOffline = errors.New("not connected")

// NewEditor answers an editor that types under a client id, which nobody else
// may have.
func NewEditor(client uint64) *Editor {
	return &Editor{doc: yjs.New(yjs.Options{Client: client}), changed: make(chan struct{})}
}

// Connect opens a connection to a room, ws://…, and waits until both sides have
// told each other what the other lacks.
func (e *Editor) Connect(ctx context.Context, address string, header http.Header) error {
	e.Disconnect()
	ws, res, err := websocket.DefaultDialer.DialContext(ctx, address, header)
	if err != nil {
		if res != nil {
			err = fmt.Errorf("%w: %s", err, res.Status)
		}
		return fmt.Errorf("connecting: %w", err)
	}
	l := &line{ws: ws, done: make(chan struct{})}
	e.mu.Lock()
	e.line, e.close = l, nil
	e.mu.Unlock()
	go e.read(l)
	e.mu.Lock()
	err = l.write(appendBytes([]byte{messageSync, syncStep1}, e.doc.StateVector().Encode()))
	e.mu.Unlock()
	if err == nil {
		err = e.await(ctx, func() bool { return l.synced && len(l.sent) > 0 || e.line != l })
	}
	e.mu.Lock()
	ended := e.line != l
	closed := e.close
	e.mu.Unlock()
	if ended && closed != nil {
		return fmt.Errorf("syncing: %w", closed)
	}
	if ended && err == nil {
		err = ErrOffline
	}
	if err != nil {
		e.Disconnect()
		return fmt.Errorf("syncing: %w", err)
	}
	return nil
}

// Disconnect cuts the connection without a farewell, if there is one, and waits
// for its end.
func (e *Editor) Disconnect() {
	e.mu.Lock()
	l := e.line
	e.mu.Unlock()
	if l != nil {
		_ = l.ws.Close() // the reader sees it
		<-l.done
	}
}

func (l *line) write(m []byte) error {
	_ = l.ws.SetWriteDeadline(time.Now().Add(10 * time.Second)) // an error shows in the write
	return l.ws.WriteMessage(websocket.BinaryMessage, m)
}

// sendUpdate sends an update and remembers it.
func (l *line) sendUpdate(kind byte, update []byte) error {
	l.sent = append(l.sent, update)
	return l.write(appendBytes([]byte{messageSync, kind}, update))
}

func (e *Editor) read(l *line) {
	defer close(l.done)
	var err error
	for err == nil {
		var m []byte
		if _, m, err = l.ws.ReadMessage(); err == nil {
			e.mu.Lock()
			err = e.take(l, m)
			e.tell()
			e.mu.Unlock()
		}
	}
	_ = l.ws.Close() // it has ended already
	e.mu.Lock()
	defer e.mu.Unlock()
	e.line = nil
	var closed *websocket.CloseError
	if errors.As(err, &closed) {
		e.close = closed
	}
	e.tell()
}

// tell wakes who waits. The caller holds the lock.
func (e *Editor) tell() {
	close(e.changed)
	e.changed = make(chan struct{})
}

var errMessage = errors.New("message cannot be read")

func (e *Editor) take(l *line, m []byte) error {
	kind, n := binary.Uvarint(m)
	if n <= 0 {
		return errMessage
	}
	m = m[n:]
	switch kind {
	case messageSync:
		step, n := binary.Uvarint(m)
		if n <= 0 {
			return errMessage
		}
		payload, ok := readBytes(m[n:])
		if !ok {
			return errMessage
		}
		if step == syncStep1 {
			have, err := yjs.DecodeStateVector(payload)
			if err != nil {
				return err
			}
			return l.sendUpdate(syncStep2, e.doc.Encode(have))
		}
		if _, err := e.doc.Apply(payload); err != nil {
			return err
		}
		if step == syncStep2 {
			l.synced = true
		}
	case messagePersisted:
		count, n := binary.Uvarint(m)
		if n <= 0 || count > uint64(len(l.sent)) {
			return fmt.Errorf("%w: %d acknowledged of %d", errMessage, count, len(l.sent))
		}
		for ; l.acked < int(count); l.acked++ {
			e.acked = append(e.acked, l.sent[l.acked])
		}
	case messageCommitted:
		var c Commit
		payload, ok := readBytes(m)
		if !ok {
			return errMessage
		}
		if err := json.Unmarshal(payload, &c); err != nil {
			return fmt.Errorf("reading a commit: %w", err)
		}
		e.commits = append(e.commits, c)
	case messageNotice:
		var c Notice
		payload, ok := readBytes(m)
		if !ok {
			return errMessage
		}
		if err := json.Unmarshal(payload, &c); err != nil {
			return fmt.Errorf("reading a notice: %w", err)
		}
		e.notices = append(e.notices, c)
	}
	return nil
}

func readBytes(b []byte) ([]byte, bool) {
	size, n := binary.Uvarint(b)
	if n <= 0 || size > uint64(len(b)-n) {
		return nil, false
	}
	return b[n : n+int(size)], true
}

// Edit changes the document by what f answers for the text as it is, and sends
// it when there is a connection. An error is one of the edit itself: a
// connection that breaks is seen by Online.
func (e *Editor) Edit(f func(d *yjs.Doc) []yjs.Edit) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	update, err := e.doc.Change(f(e.doc)...)
	if err != nil {
		return fmt.Errorf("editing: %w", err)
	}
	if l := e.line; update != nil && l != nil && len(l.sent) > 0 {
		// Before the server has asked, what is typed goes with step 2.
		if err := l.sendUpdate(syncUpdate, update); err != nil {
			_ = l.ws.Close() // the reader ends the connection
		}
	}
	e.tell()
	return nil
}

// Replace types what makes the text another one.
func (e *Editor) Replace(text string) error {
	return e.Edit(func(d *yjs.Doc) []yjs.Edit { return yjs.Diff(d.Text(), text) })
}

// Send sends a message as it is.
func (e *Editor) Send(message []byte) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.line == nil {
		return ErrOffline
	}
	return e.line.write(message)
}

// Checkpoint asks for a version now (message 103).
func (e *Editor) Checkpoint(message string) error {
	b, err := json.Marshal(map[string]string{"message": message})
	if err != nil {
		return err
	}
	return e.Send(appendBytes([]byte{messageCheckpoint}, b))
}

// Ended waits until the connection has ended.
func (e *Editor) Ended(ctx context.Context) error {
	return e.await(ctx, func() bool { return e.line == nil })
}

// await waits until done says so; it is asked, under the lock, whenever
// something has changed.
func (e *Editor) await(ctx context.Context, done func() bool) error {
	for {
		e.mu.Lock()
		ok, changed := done(), e.changed
		e.mu.Unlock()
		if ok {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// Settled waits until everything that was sent on this connection is
// acknowledged, or the connection has ended.
func (e *Editor) Settled(ctx context.Context) error {
	return e.await(ctx, func() bool { return e.line == nil || e.line.acked == len(e.line.sent) })
}

// Client is the id under which the editor types.
func (e *Editor) Client() uint64 { return e.doc.Client() }

// Text is the document's text.
func (e *Editor) Text() string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.doc.Text()
}

// Doc is a copy of the document, which may be read and changed.
func (e *Editor) Doc() *yjs.Doc {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.doc.Fork(0)
}

// Acknowledged are the updates that the server has ever said are safe.
func (e *Editor) Acknowledged() [][]byte {
	e.mu.Lock()
	defer e.mu.Unlock()
	return append([][]byte{}, e.acked...)
}

// Commits are the versions that the server told of.
func (e *Editor) Commits() []Commit {
	e.mu.Lock()
	defer e.mu.Unlock()
	return append([]Commit{}, e.commits...)
}

// Notices are what the server told.
func (e *Editor) Notices() []Notice {
	e.mu.Lock()
	defer e.mu.Unlock()
	return append([]Notice{}, e.notices...)
}

// Online tells whether there is a connection.
func (e *Editor) Online() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.line != nil
}

// Closed answers the code and the reason with which the server ended the last
// connection; 0 if it did not say.
func (e *Editor) Closed() (code int, reason string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.close == nil {
		return 0, ""
	}
	return e.close.Code, e.close.Text
}
