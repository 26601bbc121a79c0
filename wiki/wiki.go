package wiki

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gofrs/flock"

	"dealwiki/wiki/people"
	"dealwiki/wiki/playbook"
	"dealwiki/wiki/repo"
)

// Config says where a wiki lives and what it needs.
type Config struct {
	Dir    string           // required: the data folder; made when missing
	People *people.DB       // required: accounts and grants
	Rooms  Rooms            // optional: live rooms; nil means no page is ever open for live editing
	Logger *slog.Logger     // optional: nil discards
	Now    func() time.Time // optional: the clock; nil is time.Now
	Random io.Reader        // optional: what ids of facts and comments are made of, read by several at once; nil is crypto/rand
	Git    string           // optional: the system's git; "" looks for it in PATH, "-" does without
	// Beside opens the wiki next to a running server: nothing is locked, and
	// nothing may be written.
	Beside  bool
	Company string // optional: our company's name as the customer reads it
	// MaxFile is the largest attachment in bytes; zero means 50 MB.
	MaxFile int64
	// Volatile answers whether what is written now may be lost with the power:
	// for data that would be made again. It is fast where the disk is slow.
	// nil: never.
	Volatile func() bool
}

// MaxPage is the largest page in bytes.
const MaxPage = 1 << 20

const (
	defaultMaxFile = 50 << 20
	objectCache    = 64 << 20
	maxOpenSides   = 512
)

// Wiki is all prospects of a company. It is safe for concurrent use.
type Wiki struct {
	dir     string
	people  *people.DB
	rooms   Rooms
	log     *slog.Logger
	now     func() time.Time
	random  io.Reader
	git     string
	beside  bool
	maxFile int64
	company string
	// volatile is Config.Volatile.
	volatile func() bool

	lock    *flock.Flock
	derived *sql.DB
	history *repo.History
	texts   *textTable
	cache   *repo.Cache
	cat     *catalogue
	moved   *moved
	create  sync.Mutex // one prospect is made or deleted at a time

	sides  sideCache
	funnel atomic.Pointer[funnelAt]

	unwatch func()
	cancel  context.CancelFunc
	done    chan struct{} // closed when the background goroutine has ended
}

// Open opens the wiki in cfg.Dir and makes what is missing, the playbook
// included. It fails with ErrLocked when another process holds the folder.
func Open(ctx context.Context, cfg Config) (*Wiki, error) {
	w := &Wiki{
		dir: cfg.Dir, people: cfg.People, rooms: cfg.Rooms, log: cfg.Logger, now: cfg.Now, random: cfg.Random,
		git: cfg.Git, volatile: cfg.Volatile, beside: cfg.Beside, maxFile: cfg.MaxFile, company: cfg.Company,
		cache: repo.NewCache(objectCache), moved: newMoved(), done: make(chan struct{}),
	}
	if w.log == nil {
		w.log = slog.New(slog.DiscardHandler)
	}
	if w.now == nil {
		w.now = time.Now
	}
	if w.random == nil {
		w.random = rand.Reader
	}
	if w.maxFile == 0 {
		w.maxFile = defaultMaxFile
	}
	switch w.git {
	case "":
		w.git, _ = exec.LookPath("git")
	case "-":
		w.git = ""
	}
	w.sides.init(maxOpenSides)
	if err := w.open(ctx); err != nil {
		w.closeParts()
		return nil, err
	}
	background, cancel := context.WithCancel(context.Background())
	w.cancel = cancel
	w.unwatch = w.people.Watch(func(c people.Change) {
		if c.Kind == people.AccessChanged && c.Prospect != "" {
			w.moved.note(c.Prospect, Internal)
			w.moved.note(c.Prospect, External)
		}
	})
	if w.beside {
		close(w.done)
	} else {
		if err := w.followFunnel(ctx); err != nil {
			w.log.Error("prospects could not follow the funnel; they are shown in stages it does not have", "err", err)
		}
		go w.tend(background)
	}
	return w, nil
}

func (w *Wiki) open(ctx context.Context) error {
	if err := os.MkdirAll(w.spacesDir(), 0o700); err != nil {
		return fmt.Errorf("making the data folder: %w", err)
	}
	derivedPath := filepath.Join(w.dir, "derived.db")
	if w.beside {
		// A reader beside the server keeps its tables in memory, so that the
		// server's are its own.
		derivedPath = ""
	} else {
		lock, err := Lock(w.dir)
		if err != nil {
			return err
		}
		w.lock = lock
	}
	if err := w.openTables(ctx, derivedPath); err != nil {
		return err
	}
	if w.beside {
		return nil
	}
	return w.ensurePlaybook(ctx, playbook.Files())
}

// Lock takes the exclusive lock of a data folder, or fails with ErrLocked.
func Lock(dir string) (*flock.Flock, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("making the data folder: %w", err)
	}
	lock := flock.New(filepath.Join(dir, "lock"))
	ok, err := lock.TryLock()
	if err != nil {
		return nil, fmt.Errorf("locking the data folder: %w", err)
	}
	if !ok {
		return nil, fmt.Errorf("%w: another dealwiki runs on %s; stop it first", ErrLocked, dir)
	}
	return lock, nil
}

// Close stops the background work, waits for it and closes what is open.
func (w *Wiki) Close() error {
	w.unwatch()
	w.cancel()
	<-w.done
	return w.closeParts()
}

func (w *Wiki) closeParts() error {
	var errs []error
	errs = append(errs, w.sides.closeAll())
	if w.derived != nil {
		errs = append(errs, w.derived.Close())
	}
	if w.lock != nil {
		errs = append(errs, w.lock.Unlock())
	}
	return errors.Join(errs...)
}

// Dir is the data folder.
func (w *Wiki) Dir() string { return w.dir }

// People is where accounts and grants are.
func (w *Wiki) People() *people.DB { return w.people }

// Git is the system's git, or "" where there is none.
func (w *Wiki) Git() string { return w.git }

// Company is our company's name as the customer reads it.
func (w *Wiki) Company() string { return w.company }

// MaxFile is the largest attachment in bytes.
func (w *Wiki) MaxFile() int64 { return w.maxFile }

// Now is the wiki's clock.
func (w *Wiki) Now() time.Time { return w.now() }

// SetRooms joins the live rooms to the wiki. It must be called before the first
// change; rooms need the wiki to be made, so they cannot be in Config then.
func (w *Wiki) SetRooms(r Rooms) { w.rooms = r }

func (w *Wiki) spacesDir() string { return filepath.Join(w.dir, "spaces") }

func (w *Wiki) repoDir(prospect string, section Section) string {
	return filepath.Join(w.spacesDir(), prospect, string(section)+".git")
}

// tend checks the catalogue against the repositories once, then packs
// repositories that have gathered many loose objects.
func (w *Wiki) tend(ctx context.Context) {
	defer close(w.done)
	w.verify(ctx)
	tick := time.NewTicker(time.Minute)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			w.pack(ctx)
		}
	}
}

// verify brings the catalogue up to date with repositories that moved while it
// was not followed: after a crash, or when derived.db was deleted.
func (w *Wiki) verify(ctx context.Context) {
	for _, name := range w.cat.names() {
		if ctx.Err() != nil {
			return
		}
		if _, err := w.refresh(ctx, name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			w.log.Warn("checking a prospect", "prospect", name, "err", err)
		}
	}
	w.cat.verified.Store(true)
}

// Verified reports whether every prospect has been checked since Open.
func (w *Wiki) Verified() bool { return w.cat.verified.Load() }

func (w *Wiki) pack(ctx context.Context) {
	if w.git == "" {
		return
	}
	for _, s := range w.sides.idle(w.now().Add(-time.Minute)) {
		if ctx.Err() != nil {
			return
		}
		if !s.repo.NeedsPacking() {
			continue
		}
		if err := s.repo.Pack(ctx); err != nil && ctx.Err() == nil {
			w.log.Warn("packing a repository", "prospect", s.prospect, "section", s.section, "err", err)
		}
	}
}
