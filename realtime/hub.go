package realtime

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/gorilla/websocket"

	"dealwiki/realtime/journal"
	"dealwiki/wiki"
	"dealwiki/wiki/people"
)

// ErrClosed answers calls of a Hub that is closed or closing.
var ErrClosed = errors.New("live editing is shutting down")

var (
	errNoDocument = errors.New("page has no live document")
	errEnded      = errors.New("room has ended") // ask the room that follows it
)

// A Hub holds all rooms of a process. It is safe for concurrent use.
type Hub struct {
	cfg      Config
	log      *slog.Logger
	random   io.Reader
	upgrader websocket.Upgrader
	began    time.Time

	ctx     context.Context // ends what still works when Close has no more time
	cancel  context.CancelFunc
	closing chan struct{}
	once    sync.Once
	nudge   chan people.Change
	wake    chan struct{}  // something was added to waking
	work    sync.WaitGroup // rooms, sockets and Run

	mu      sync.Mutex
	shut    bool
	rooms   map[string]*room
	sockets map[*socket]struct{}
	persons map[string]int // sockets by person id
	sides   map[wiki.SideID]map[*socket]struct{}
	notes   map[wiki.SideID]map[noteKey]note
	waking  []string // documents to be opened, since something of them is not saved
}

// New answers a Hub that works as soon as it is asked. Run does what nobody asks
// for.
func New(cfg Config) (*Hub, error) {
	if cfg.Wiki == nil || cfg.Journal == nil || cfg.People == nil {
		return nil, errors.New("making the live hub: wiki, journal and people are required")
	}
	cfg = cfg.filled()
	if cfg.Random == nil {
		cfg.Random = rand.Reader
	}
	h := &Hub{
		cfg: cfg, log: cfg.Logger, random: &lockedReader{r: cfg.Random}, began: time.Now(),
		closing: make(chan struct{}), nudge: make(chan people.Change, 64), wake: make(chan struct{}, 1),
		rooms: map[string]*room{}, sockets: map[*socket]struct{}{}, persons: map[string]int{},
		sides: map[wiki.SideID]map[*socket]struct{}{}, notes: map[wiki.SideID]map[noteKey]note{},
	}
	h.ctx, h.cancel = context.WithCancel(context.Background())
	h.upgrader = websocket.Upgrader{
		ReadBufferSize: readBuffer, WriteBufferPool: &sync.Pool{}, WriteBufferSize: 256,
		CheckOrigin:      func(*http.Request) bool { return true }, // web has
		HandshakeTimeout: 10 * time.Second,
	}
	var err error
	if h.waking, err = cfg.Journal.Unsaved(h.ctx); err != nil {
		h.cancel()
		return nil, fmt.Errorf("making the live hub: %w", err)
	}
	return h, nil
}

// A lockedReader makes a source of random bytes safe for several rooms.
type lockedReader struct {
	mu sync.Mutex
	r  io.Reader
}

func (l *lockedReader) Read(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.r.Read(b)
}

// Run makes versions of what was left unsaved when the last process ended, and
// asks again and again whether everybody may still be where they are. It returns
// when ctx ends or the Hub closes.
func (h *Hub) Run(ctx context.Context) {
	h.mu.Lock()
	if h.shut {
		h.mu.Unlock()
		return
	}
	h.work.Add(1)
	h.mu.Unlock()
	defer h.work.Done()
	stop := h.cfg.People.Watch(func(c people.Change) {
		select {
		case h.nudge <- c:
		default: // the next look over everybody is soon
		}
	})
	defer stop()
	tick := time.NewTicker(checkEvery)
	defer tick.Stop()
	h.work.Add(1)
	go func() {
		defer h.work.Done()
		h.wakeUnsaved(ctx)
	}()
	for {
		select {
		case <-ctx.Done():
			return
		case <-h.closing:
			return
		case c := <-h.nudge:
			h.round("asking who may stay", func() { h.recheck(ctx, &c) })
		case <-tick.C:
			h.round("asking who may stay", func() {
				h.recheck(ctx, nil)
				h.forgetNotes()
			})
		}
	}
}

// round does something in the background that must not end the process.
func (h *Hub) round(what string, f func()) {
	_ = wiki.Guard(h.log, what, func() error { f(); return nil }) // which has logged it
}

const checkEvery = 3 * time.Second

// Close ends the Hub: sockets are closed with CodeComeAgain, what was typed is
// made versions, and everything that runs is waited for. When ctx ends first,
// what is not in git yet is in the journal, and the next process goes on there.
func (h *Hub) Close(ctx context.Context) error {
	h.once.Do(func() {
		h.mu.Lock()
		h.shut = true
		h.mu.Unlock()
		close(h.closing)
	})
	done := make(chan struct{})
	go func() {
		h.work.Wait()
		close(done)
	}()
	var err error
	select {
	case <-done:
	case <-ctx.Done():
		err = fmt.Errorf("closing the live hub: %w", ctx.Err())
	}
	h.cancel()
	h.mu.Lock()
	for s := range h.sockets {
		_ = s.net.Close()
	}
	h.mu.Unlock()
	<-done
	return err
}

func nameOf(prospect string, place wiki.Place) string { return prospect + "/" + place.String() }

func placeOf(name string) (prospect string, place wiki.Place, ok bool) {
	prospect, rest, ok := strings.Cut(name, "/")
	if !ok {
		return "", wiki.Place{}, false
	}
	place, err := wiki.ParsePlace(rest)
	return prospect, place, err == nil
}

// acquire answers the room of a page, opened if need be, which stays until it is
// released. Without a live document it is errNoDocument, unless one may be made.
func (h *Hub) acquire(ctx context.Context, prospect string, place wiki.Place, create bool) (*room, error) {
	name := nameOf(prospect, place)
	for {
		h.mu.Lock()
		r := h.rooms[name]
		if r == nil {
			if h.shut {
				h.mu.Unlock()
				return nil, ErrClosed
			}
			r = newRoom(h, prospect, place, create)
			h.rooms[name] = r
			h.work.Add(1)
			go func() {
				defer h.work.Done()
				r.run()
				r.wait()
			}()
		}
		r.refs++
		h.mu.Unlock()
		select {
		case <-r.ready:
		case <-ctx.Done():
			h.release(r)
			return nil, ctx.Err()
		}
		switch {
		case r.err == nil:
			return r, nil
		case errors.Is(r.err, errNoDocument) && create && !r.create:
			h.release(r)
			<-r.done
		default:
			h.release(r)
			return nil, r.err
		}
	}
}

func (h *Hub) release(r *room) {
	h.mu.Lock()
	defer h.mu.Unlock()
	r.refs--
}

// held reports that somebody uses the room.
func (h *Hub) held(r *room) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return r.refs > 0
}

// drop takes a room that ends out of the table, so that the next who asks opens
// the document anew; unless, with idle, somebody holds it.
func (h *Hub) drop(r *room, idle bool) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if idle && r.refs > 0 {
		return false
	}
	if h.rooms[r.name] == r {
		delete(h.rooms, r.name)
	}
	return true
}

// with calls f with the page's room, and again with the next if that one ends
// meanwhile.
func (h *Hub) with(ctx context.Context, prospect string, place wiki.Place, create bool, f func(*room) error) error {
	var err error
	for range 5 {
		var r *room
		if r, err = h.acquire(ctx, prospect, place, create); err != nil {
			return err
		}
		err = f(r)
		h.release(r)
		if !errors.Is(err, errEnded) {
			return err
		}
		<-r.done
	}
	return err
}

// open is with for pages that have a live document; for others nothing is done.
func (h *Hub) open(ctx context.Context, prospect string, place wiki.Place, f func(*room) error) error {
	h.mu.Lock()
	there := h.rooms[nameOf(prospect, place)] != nil
	h.mu.Unlock()
	if !there {
		has, err := h.cfg.Journal.Has(ctx, nameOf(prospect, place))
		if err != nil || !has {
			return err
		}
	}
	if err := h.with(ctx, prospect, place, false, f); !errors.Is(err, errNoDocument) {
		return err
	}
	return nil
}

// Epoch answers the epoch of a page's document, which is made if there is none.
func (h *Hub) Epoch(ctx context.Context, side *wiki.Side, place wiki.Place) (string, error) {
	if place.Section != side.Section() {
		return "", wiki.ErrNotFound
	}
	var epoch string
	err := h.with(ctx, side.Prospect(), place, true, func(r *room) error {
		epoch = r.epoch
		return nil
	})
	return epoch, err
}

// newEpoch draws a name for a document.
func (h *Hub) newEpoch() (string, error) {
	var b [8]byte
	if _, err := io.ReadFull(h.random, b[:]); err != nil {
		return "", fmt.Errorf("drawing an epoch: %w", err)
	}
	return hex.EncodeToString(b[:]), nil
}

var _ wiki.Rooms = (*Hub)(nil)

func unknown(err error) bool { return errors.Is(err, journal.ErrUnknown) }
