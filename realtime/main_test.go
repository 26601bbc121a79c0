package realtime_test

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"dealwiki/realtime"
	"dealwiki/realtime/journal"
	"dealwiki/realtime/yjs"
	"dealwiki/wiki"
	"dealwiki/wiki/people"
	"dealwiki/wiki/repo"
)

// TestMain fails when a goroutine outlives the tests.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var cheap = people.Cost{Memory: 64, Iterations: 1}

// soon is how long a test waits for what has to happen.
const soon = 20 * time.Second

// site is a wiki with live rooms, in a folder of its own, behind a server.
type site struct {
	*wiki.Wiki
	t       testing.TB
	dir     string
	cfg     realtime.Config
	db      *people.DB
	journal *journal.Journal
	hub     *realtime.Hub
	ran     chan struct{}
	server  *httptest.Server

	dana, tom, ada people.Caller
	slug           string

	mu    sync.Mutex
	write map[string]error // what Check says of a person: nil, errMayRead, or another error
}

var errMayRead = errors.New("may read")

func newSite(t testing.TB, cfg realtime.Config) *site {
	s := &site{t: t, dir: t.TempDir(), cfg: cfg, write: map[string]error{}}
	s.open()
	s.dana = s.person("Dana Reyes", "dana@example.com")
	s.tom = s.person("Tom Okafor", "tom@example.com")
	s.ada = s.person("Ada Admin", "ada@example.com")
	e, err := s.Create(s.ctx(), s.dana, wiki.NewProspect{Prospect: wiki.Prospect{Title: "Acme"}})
	require.NoError(t, err)
	s.slug = e.Slug
	t.Cleanup(s.close)
	return s
}

func (s *site) ctx() context.Context { return context.Background() }

func (s *site) log() *slog.Logger {
	return slog.New(slog.NewTextHandler(s.t.Output(), &slog.HandlerOptions{Level: slog.LevelDebug}))
}

func (s *site) open() {
	var err error
	s.db, err = people.Open(filepath.Join(s.dir, "dealwiki.db"), people.Options{Cost: cheap})
	require.NoError(s.t, err)
	s.Wiki, err = wiki.Open(s.ctx(), wiki.Config{Dir: s.dir, People: s.db, Company: "Fairlead"})
	require.NoError(s.t, err)
	s.journal, err = journal.Open(filepath.Join(s.dir, "journal.db"), journal.Options{Logger: s.log()})
	require.NoError(s.t, err)
	cfg := s.cfg
	cfg.Wiki, cfg.Journal, cfg.People, cfg.Logger = s.Wiki, s.journal, s.db, s.log()
	s.hub, err = realtime.New(cfg)
	require.NoError(s.t, err)
	s.SetRooms(s.hub)
	s.ran = make(chan struct{})
	go func() {
		defer close(s.ran)
		s.hub.Run(s.ctx())
	}()
	s.server = httptest.NewServer(http.HandlerFunc(s.serve))
}

// serve is the door that package web has.
func (s *site) serve(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	p, err := s.db.Find(r.Context(), q.Get("person"))
	if err != nil {
		s.hub.Refuse(w, r, realtime.CodeSignedOut, "sign in")
		return
	}
	at, err := wiki.ParsePlace(strings.TrimPrefix(r.URL.Path, "/"))
	if err != nil {
		s.hub.Refuse(w, r, realtime.CodeNotFound, "not found")
		return
	}
	caller := people.Caller{Person: p, Scopes: people.AllScopes, Via: "session"}
	s.hub.Serve(w, r, realtime.Visitor{
		Caller: caller, Side: s.side(at.Section), Place: at, Name: p.Name, Color: "#3060c0", Guest: q.Has("guest"),
		Write: !q.Has("read"), Epoch: q.Get("epoch"), HasEpoch: q.Has("epoch"),
		Check: func(context.Context) (bool, error) {
			s.mu.Lock()
			defer s.mu.Unlock()
			err := s.write[p.ID]
			if errors.Is(err, errMayRead) {
				return false, nil
			}
			return !q.Has("read"), err
		},
	})
}

func (s *site) may(c people.Caller, err error) {
	s.mu.Lock()
	s.write[c.Person.ID] = err
	s.mu.Unlock()
}

func (s *site) close() {
	ctx, cancel := context.WithTimeout(s.ctx(), soon)
	defer cancel()
	assert.NoError(s.t, s.hub.Close(ctx))
	<-s.ran
	s.server.Close()
	s.shut()
}

func (s *site) shut() {
	assert.NoError(s.t, s.Wiki.Close())
	assert.NoError(s.t, s.journal.Close())
	assert.NoError(s.t, s.db.Close())
}

// crash ends the site as if its process was killed: nothing is saved any more.
func (s *site) crash() {
	assert.NoError(s.t, s.journal.Close())
	ctx, cancel := context.WithCancel(s.ctx())
	cancel()
	_ = s.hub.Close(ctx)
	<-s.ran
	s.server.CloseClientConnections()
	s.server.Close()
	s.shut()
}

func (s *site) person(name, email string) people.Caller {
	p, err := s.db.Add(s.ctx(), people.System("test"), people.NewPerson{Name: name, Email: email, Role: people.Member, Job: "sales"})
	require.NoError(s.t, err)
	return people.Caller{Person: p, Scopes: people.AllScopes, Via: "session"}
}

func (s *site) side(section wiki.Section) *wiki.Side {
	sp, err := s.Space(s.ctx(), people.System("test"), s.slug)
	require.NoError(s.t, err)
	sd, err := sp.Side(section)
	require.NoError(s.t, err)
	return sd
}

func place(s string) wiki.Place {
	p, err := wiki.ParsePlace(s)
	if err != nil {
		panic(err)
	}
	return p
}

const planAt = "internal/closing/plan"

// page writes a page by the door of forms.
func (s *site) page(at, text string) *wiki.Edited {
	s.t.Helper()
	p := place(at)
	e := wiki.Edit{Place: p, Text: []byte(text)}
	if info, err := s.side(p.Section).Lookup(s.ctx(), s.dana, p); err == nil {
		e.Base = info.Version
	}
	got, err := s.side(p.Section).Edit(s.ctx(), s.dana, e)
	require.NoError(s.t, err)
	return got
}

func (s *site) read(at string) *wiki.Page {
	s.t.Helper()
	p := place(at)
	page, err := s.side(p.Section).Read(s.ctx(), s.dana, p)
	require.NoError(s.t, err)
	return page
}

func (s *site) history(at string) []repo.Version {
	s.t.Helper()
	p := place(at)
	list, err := s.side(p.Section).History(s.ctx(), s.dana, p, 0, repo.Zero)
	require.NoError(s.t, err)
	return list
}

func (s *site) epoch(at string) string {
	s.t.Helper()
	p := place(at)
	epoch, err := s.hub.Epoch(s.ctx(), s.side(p.Section), p)
	require.NoError(s.t, err)
	return epoch
}

// client is a stock client in Go: a document that is kept equal over a socket.
type client struct {
	mute bool // only waits for the end, and answers nothing of its own
	t    testing.TB
	ws   *websocket.Conn

	mu        sync.Mutex
	doc       *yjs.Doc
	synced    bool
	sent      int
	before    int // sent before keepTyping
	persisted uint64
	committed []committed
	notices   []string
	aware     map[uint64]string
	clock     uint64
	code      int
	reason    string
	updates   int
	ended     chan struct{}
}

type committed struct {
	Version string
	Number  int
	At      time.Time
	Message string
	Authors []struct{ ID, Handle, Name string }
}

var clientIDs struct {
	sync.Mutex
	next uint64
}

func newDoc() *yjs.Doc {
	clientIDs.Lock()
	defer clientIDs.Unlock()
	clientIDs.next++
	return yjs.New(yjs.Options{Client: 1000 + clientIDs.next})
}

// dial opens a socket without a word.
func (s *site) dial(c people.Caller, at, query string) *client {
	s.t.Helper()
	url := "ws" + strings.TrimPrefix(s.server.URL, "http") + "/" + at + "?person=" + c.Person.ID + query
	ws, res, err := websocket.DefaultDialer.Dial(url, nil)
	require.NoError(s.t, err)
	require.NoError(s.t, res.Body.Close())
	return &client{t: s.t, ws: ws, doc: newDoc(), aware: map[uint64]string{}, ended: make(chan struct{})}
}

// join opens a page as a stock client does.
func (s *site) join(c people.Caller, at, query string) *client {
	s.t.Helper()
	return s.joinWith(c, at, query, newDoc())
}

// joinWith is join with a copy from before.
func (s *site) joinWith(c people.Caller, at, query string, doc *yjs.Doc) *client {
	s.t.Helper()
	k := s.dial(c, at, query)
	k.doc = doc
	k.start()
	return k
}

func (c *client) start() {
	c.step1() // before anything is answered, as y-websocket does when it opens
	go c.listen()
	c.present(`{"cursor":null}`)
	c.t.Cleanup(c.leave)
}

// in waits until the client has synced.
func (c *client) in() *client {
	c.t.Helper()
	c.until("sync", func() bool { return c.synced })
	return c
}

func (c *client) listen() {
	defer close(c.ended)
	for {
		_, data, err := c.ws.ReadMessage()
		if err != nil {
			var closed *websocket.CloseError
			c.mu.Lock()
			if errors.As(err, &closed) {
				c.code, c.reason = closed.Code, closed.Text
			} else {
				c.code = -1
			}
			c.mu.Unlock()
			return
		}
		if c.mute {
			continue
		}
		c.mu.Lock()
		err = c.take(data)
		c.mu.Unlock()
		if err != nil {
			c.t.Errorf("a message of the server: %v: % x", err, data)
			return
		}
	}
}

func number(b []byte) (uint64, []byte) {
	v, n := binary.Uvarint(b)
	if n <= 0 {
		return 0, nil
	}
	return v, b[n:]
}

func array(b []byte) (data, rest []byte) {
	n, b := number(b)
	if n > uint64(len(b)) {
		return nil, nil
	}
	return b[:n], b[n:]
}

func (c *client) take(data []byte) error {
	kind, rest := number(data)
	switch kind {
	case realtime.MessageSync:
		kind, rest = number(rest)
		payload, _ := array(rest)
		if kind == 0 {
			vector, err := yjs.DecodeStateVector(payload)
			if err != nil {
				return err
			}
			c.sent++
			_ = c.write(append([]byte{0, 1}, bytesOf(c.doc.Encode(vector))...)) // closed: seen when reading
			return nil
		}
		_, err := c.doc.Apply(payload)
		if err != nil {
			return err
		}
		c.updates++
		c.synced = c.synced || kind == 1
	case realtime.MessageAwareness:
		payload, _ := array(rest)
		n, payload := number(payload)
		for range n {
			var id uint64
			var state []byte
			id, payload = number(payload)
			_, payload = number(payload)
			state, payload = array(payload)
			if string(state) == "null" {
				delete(c.aware, id)
			} else {
				c.aware[id] = string(state)
			}
		}
	case realtime.MessagePersisted:
		c.persisted, _ = number(rest)
	case realtime.MessageCommitted:
		payload, _ := array(rest)
		var v committed
		if err := json.Unmarshal(payload, &v); err != nil {
			return err
		}
		c.committed = append(c.committed, v)
	case realtime.MessageNotice:
		payload, _ := array(rest)
		var n struct{ Code, Text string }
		if err := json.Unmarshal(payload, &n); err != nil {
			return err
		}
		c.notices = append(c.notices, n.Code)
	default:
		return fmt.Errorf("unknown type %d", kind)
	}
	return nil
}

func bytesOf(data []byte) []byte {
	return append(binary.AppendUvarint(nil, uint64(len(data))), data...)
}

func (c *client) write(message []byte) error {
	return c.ws.WriteMessage(websocket.BinaryMessage, message)
}

// say sends a message as it is.
func (c *client) say(message []byte) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.write(message)
}

func (c *client) step1() {
	c.mu.Lock()
	defer c.mu.Unlock()
	_ = c.write(append([]byte{0, 0}, bytesOf(c.doc.StateVector().Encode())...))
}

// update sends an update as it is.
func (c *client) update(data []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sent++
	_ = c.write(append([]byte{0, 2}, bytesOf(data)...))
}

// present says something of the client itself.
func (c *client) present(state string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.clock++
	_ = c.write(awareness(entry{c.doc.Client(), c.clock, state}))
}

type entry struct {
	client, clock uint64
	state         string
}

func awareness(entries ...entry) []byte {
	b := binary.AppendUvarint(nil, uint64(len(entries)))
	for _, e := range entries {
		b = binary.AppendUvarint(b, e.client)
		b = binary.AppendUvarint(b, e.clock)
		b = append(b, bytesOf([]byte(e.state))...)
	}
	return append([]byte{realtime.MessageAwareness}, bytesOf(b)...)
}

func (c *client) checkpoint(message string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	text, _ := json.Marshal(map[string]string{"message": message})
	_ = c.write(append([]byte{realtime.MessageCheckpoint}, bytesOf(text)...))
}

// edit types without a connection, and answers the update.
func (c *client) edit(pos, remove int, insert string) []byte {
	c.t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	update, err := c.doc.Change(yjs.Edit{Pos: pos, Delete: remove, Insert: insert})
	require.NoError(c.t, err)
	return update
}

// type_ types and sends.
func (c *client) types(pos, remove int, insert string) {
	c.t.Helper()
	c.update(c.edit(pos, remove, insert))
}

// appends types at the end.
func (c *client) appends(text string) {
	c.t.Helper()
	c.mu.Lock()
	n := c.doc.Units()
	c.mu.Unlock()
	c.types(n, 0, text)
}

func (c *client) text() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.doc.Text()
}

// saved waits until everything sent is on disk.
func (c *client) saved() *client {
	c.t.Helper()
	c.until("acknowledgement", func() bool { return c.persisted == uint64(c.sent) })
	return c
}

func (c *client) sees(text string) *client {
	c.t.Helper()
	c.until("text "+text, func() bool { return c.doc.Text() == text })
	return c
}

// until waits for something about the client.
func (c *client) until(what string, f func() bool) {
	c.t.Helper()
	end := time.Now().Add(soon)
	for {
		c.mu.Lock()
		ok := f()
		text, code, reason := c.doc.Text(), c.code, c.reason
		c.mu.Unlock()
		if ok {
			return
		}
		if time.Now().After(end) {
			c.t.Fatalf("no %s; text %.300q, closed %d %q", what, text, code, reason)
		}
		time.Sleep(2 * time.Millisecond)
	}
}

// closed waits until the server has closed, and answers the code.
func (c *client) closed() int {
	c.t.Helper()
	select {
	case <-c.ended:
	case <-time.After(soon):
		c.t.Fatal("the server does not close")
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.code
}

func (c *client) leave() {
	_ = c.ws.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(1000, ""), time.Now().Add(time.Second))
	select {
	case <-c.ended:
	case <-time.After(soon):
		c.t.Error("the server does not answer a close")
	}
	_ = c.ws.Close()
}

// copied is what a browser keeps of the document, under another client id.
func (c *client) copied() *yjs.Doc {
	c.mu.Lock()
	defer c.mu.Unlock()
	doc := newDoc()
	_, err := doc.Apply(c.doc.Encode(nil))
	require.NoError(c.t, err)
	return doc
}

func hashOf(text string) [sha256.Size]byte { return sha256.Sum256([]byte(text)) }

// twin is the client's copy of the document, under the same client id.
func (c *client) twin() *yjs.Doc {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.doc.Fork(c.doc.Client())
}
