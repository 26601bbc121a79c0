package search

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"dealwiki/search/extract"
)

// format is of the entries and files; indexes of another are made again.
const format = 2

// maxUnpersisted is how many batches may be on their way to disk.
const maxUnpersisted = 4

// closePatience is how long Close waits for batches to reach the disk.
const closePatience = 5 * time.Second

var (
	// ErrClosed is a search in an index that was closed.
	ErrClosed = errors.New("search is shut down")
	// ErrBusy is an index that another process has open.
	ErrBusy = errors.New("the search index is in use by another process: stop the other one first")
	// ErrDamaged is a search that met damage; the index is made again at the
	// next start.
	ErrDamaged = errors.New("the search index is damaged: restart the server to rebuild it")
	// ErrCursor is a cursor that is not of this search.
	ErrCursor = errors.New("this place in the results is not known any more: search again")
	// ErrLimit is a limit outside 1 to MaxLimit.
	ErrLimit = fmt.Errorf("the limit must be between 1 and %d", MaxLimit)
)

// Options are all optional.
type Options struct {
	Logger *slog.Logger // nil: slog.DiscardHandler
	// Gather is how long changes are gathered before they are written; zero:
	// 200 ms.
	Gather time.Duration
	// Retry is how long a side that could not be read is left alone; zero:
	// 10 s.
	Retry time.Duration
	// Now is the clock by which a rebuild is timed in the log; nil: time.Now.
	Now func() time.Time
}

// Index finds what the caller may see, on both sides of the wall. See the
// package comment.
type Index struct {
	dir       string
	src       Source
	log       *slog.Logger
	gather    time.Duration
	retry     time.Duration
	now       func() time.Time
	began     time.Time // when an index that was not complete was opened
	analyzers *analyzers
	detector  *detector
	key       []byte // signs cursors

	internal, external *Section

	unpersisted chan struct{} // one token for every batch not yet on disk

	// gate lets searches in and is closed for good by Close.
	gate   sync.RWMutex
	closed bool

	// run is held by Run as long as it runs; stop ends it.
	run      sync.Mutex
	stop     chan struct{}
	stopOnce sync.Once

	// sync is held by whoever writes. Protects the two below.
	sync   sync.Mutex
	failed map[SideID]bool // sides that could not be read
	forced map[SideID]bool // sides to be read from the start

	state   atomic.Pointer[State]
	damaged atomic.Bool
	nudge   chan struct{} // level trigger: forced has grown
}

// State tells how complete the index is.
type State struct {
	Building bool // made anew and not yet read through once
	Done     int  // sides read so far while building
	Failed   int  // sides that could not be read and are tried again
}

// header is the file that tells a whole index from others.
type header struct {
	Format int    `json:"format"`
	Key    []byte `json:"key"`
}

// Open opens the indexes in the folder dir, or makes them, with all else in it
// removed, when they are missing, damaged or of another format. They follow
// src once Run is called.
func Open(dir string, src Source, o Options) (*Index, error) {
	x := &Index{
		dir: dir, src: src, log: o.Logger, gather: o.Gather, retry: o.Retry, now: o.Now,
		analyzers: newAnalyzers(), detector: newDetector(),
		unpersisted: make(chan struct{}, maxUnpersisted), stop: make(chan struct{}), nudge: make(chan struct{}, 1),
		failed: map[SideID]bool{}, forced: map[SideID]bool{},
	}
	if x.log == nil {
		x.log = slog.New(slog.DiscardHandler)
	}
	if x.gather <= 0 {
		x.gather = 200 * time.Millisecond
	}
	if x.retry <= 0 {
		x.retry = 10 * time.Second
	}
	if x.now == nil {
		x.now = time.Now
	}
	h, err := x.readHeader()
	if err == nil {
		err = x.open(false)
	}
	if busy(err) {
		return nil, ErrBusy
	}
	if err != nil {
		if !errors.Is(err, fs.ErrNotExist) {
			x.log.Warn("the search index cannot be used and is built again", "err", err)
		}
		if h, err = x.create(); err != nil {
			return nil, err
		}
	}
	x.key = h.Key
	built := x.internal.built() && x.external.built()
	x.state.Store(&State{Building: !built})
	x.began = x.now()
	return x, nil
}

func (x *Index) headerFile() string { return filepath.Join(x.dir, "index.json") }

func (x *Index) readHeader() (header, error) {
	var h header
	b, err := os.ReadFile(x.headerFile())
	if err != nil {
		return h, fmt.Errorf("opening the search index: %w", err)
	}
	if err := json.Unmarshal(b, &h); err != nil || len(h.Key) != 32 {
		return h, errors.New("opening the search index: its header cannot be read")
	}
	if h.Format != format {
		return h, fmt.Errorf("opening the search index: its format is %d and not %d", h.Format, format)
	}
	return h, nil
}

func (x *Index) writeHeader(h header) error {
	b, err := json.Marshal(h)
	if err != nil {
		return err
	}
	tmp := x.headerFile() + ".tmp"
	if err := os.WriteFile(tmp, b, 0o600); err != nil {
		return fmt.Errorf("writing the search index: %w", err)
	}
	if err := os.Rename(tmp, x.headerFile()); err != nil {
		return fmt.Errorf("writing the search index: %w", err)
	}
	return nil
}

func (x *Index) open(create bool) (err error) {
	if x.internal, err = openSection(x, Internal, filepath.Join(x.dir, Internal), create); err != nil {
		return err
	}
	if x.external, err = openSection(x, External, filepath.Join(x.dir, External), create); err != nil {
		_ = x.internal.close()
		return err
	}
	return nil
}

// create makes empty indexes in place of whatever there is.
func (x *Index) create() (header, error) {
	if err := os.RemoveAll(x.dir); err != nil {
		return header{}, fmt.Errorf("removing the old search index: %w", err)
	}
	if err := os.MkdirAll(x.dir, 0o700); err != nil {
		return header{}, fmt.Errorf("making the search index: %w", err)
	}
	if err := x.open(true); err != nil {
		return header{}, err
	}
	h := header{Format: format, Key: make([]byte, 32)}
	_, _ = rand.Read(h.Key) // never fails
	if err := x.writeHeader(h); err != nil {
		return header{}, errors.Join(err, x.internal.close(), x.external.close())
	}
	return h, nil
}

// State tells how complete the index is now.
func (x *Index) State() State { return *x.state.Load() }

// External is the index of what is shared, for code that serves guests.
func (x *Index) External() *Section { return x.external }

// Internal is the index of what is not.
func (x *Index) Internal() *Section { return x.internal }

// Close ends Run, waits for it and for searches, and closes the indexes.
func (x *Index) Close() error {
	x.stopOnce.Do(func() { close(x.stop) })
	x.run.Lock()
	defer x.run.Unlock()
	x.sync.Lock()
	defer x.sync.Unlock()
	x.gate.Lock()
	defer x.gate.Unlock()
	if x.closed {
		return nil
	}
	x.closed = true
	// What is not on disk yet would be indexed again at the next start: give
	// it a moment.
	patience := time.NewTimer(closePatience)
	defer patience.Stop()
	for range maxUnpersisted {
		select {
		case x.unpersisted <- struct{}{}:
			continue
		case <-patience.C:
		}
		break
	}
	return errors.Join(x.internal.close(), x.external.close())
}

// enter lets a search in; it must call leave when the answer is nil.
func (x *Index) enter() error {
	x.gate.RLock()
	if x.closed {
		x.gate.RUnlock()
		return ErrClosed
	}
	return nil
}

func (x *Index) leave() { x.gate.RUnlock() }

// damage notes that an index cannot be trusted: the next Open makes it again.
func (x *Index) damage(cause any) error {
	if !x.damaged.Swap(true) {
		x.log.Error("the search index is damaged; it is built again at the next start", "cause", fmt.Sprint(cause))
		if err := os.Remove(x.headerFile()); err != nil && !errors.Is(err, fs.ErrNotExist) {
			x.log.Error("marking the search index as damaged failed", "err", err)
		}
	}
	return ErrDamaged
}

// partsOf reads an attachment's text; what cannot be read is found by its
// name only.
func (x *Index) partsOf(p string, data []byte) []extract.Part {
	parts, err := extract.Parts(p, data)
	if err != nil && !errors.Is(err, extract.ErrUnsupported) {
		x.log.Debug("an attachment's text could not be read", "err", err)
	}
	return parts
}

// context ends when ctx does or the index is closed.
func (x *Index) context(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		select {
		case <-x.stop:
			cancel()
		case <-ctx.Done():
		}
		close(done)
	}()
	return ctx, func() { cancel(); <-done }
}
