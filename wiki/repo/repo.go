package repo

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"github.com/go-git/go-git/v5/plumbing"
)

// Hash names an object of a repository. The zero hash stands for "nothing":
// no commit yet, no file.
type Hash = plumbing.Hash

// Zero is the hash of nothing.
var Zero Hash

// ParseHash reads the 40 hexadecimal digits of a hash.
func ParseHash(s string) (Hash, error) {
	if len(s) != 40 || !plumbing.IsHash(s) {
		return Zero, fmt.Errorf("%q is not a version: it must be 40 hexadecimal digits", s)
	}
	return plumbing.NewHash(s), nil
}

var (
	// ErrExists says that there is something where a repository should be made.
	ErrExists = errors.New("there is a repository already")
	// ErrConflict says that main has moved on since the commit it was compared with.
	ErrConflict = errors.New("somebody else has saved meanwhile")
	// ErrNoChange says that a commit would change nothing.
	ErrNoChange = errors.New("nothing has changed")
	// ErrReadOnly says that a repository was opened only to be read.
	ErrReadOnly = errors.New("the repository is open for reading only")
	// ErrLocked says that some other program holds git's lock on main.
	ErrLocked = errors.New("another program is writing to the repository")
)

// Options says how repositories are opened. The zero value works.
type Options struct {
	// Logger is told of what was mended or passed over; nil: nobody is.
	Logger *slog.Logger
	// Now is the clock; nil: time.Now.
	Now func() time.Time
	// Cache is shared by the repositories of a process; nil: 16 MiB of its own.
	Cache *Cache
	// Git is the path of the system's git; empty: it is never called, nothing
	// is packed and Check does without fsck.
	Git string
	// ReadOnly opens a repository that another process owns: nothing is swept
	// and nothing can be written.
	ReadOnly bool
	// Volatile answers whether what is written now may be lost with the power,
	// main and all: for data that would be made again. nil: never.
	Volatile func() bool
}

// Repo is one bare repository. All methods are safe for concurrent use; those
// that write wait for one another.
type Repo struct {
	dir   string
	o     Options
	log   *slog.Logger
	now   func() time.Time
	store *store

	// writer is held by whoever changes the repository: a channel of one, so
	// that waiting for it ends with the caller's context.
	writer chan struct{}

	// loose counts object files, unpacked those in packs without deltas, since
	// the last packing; -1 until somebody counted.
	loose    atomic.Int64
	unpacked atomic.Int64
}

const config = "[core]\n\trepositoryformatversion = 0\n\tfilemode = true\n\tbare = true\n\tfsync = all\n[gc]\n\tauto = 0\n[receive]\n\tautogc = false\n"

// Create makes a bare repository with a branch main that has no commits. The
// folder must not exist; the one above it must.
func Create(dir string, o Options) (*Repo, error) {
	if o.ReadOnly {
		return nil, ErrReadOnly
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	if exists(dir) {
		return nil, fmt.Errorf("creating repository: %w", ErrExists)
	}
	// Built under another name and renamed, so that a repository is there
	// whole or not at all.
	tmp, err := os.MkdirTemp(filepath.Dir(dir), ".new-"+filepath.Base(dir)+"-")
	if err != nil {
		return nil, fmt.Errorf("creating repository: %w", err)
	}
	if err := build(tmp, dir, disk{volatile: o.Volatile}); err != nil {
		_ = os.RemoveAll(tmp)
		if exists(dir) {
			err = ErrExists
		}
		return nil, fmt.Errorf("creating repository: %w", err)
	}
	return newRepo(dir, o), nil
}

func build(tmp, dir string, d disk) error {
	if err := os.Chmod(tmp, 0o755); err != nil {
		return err
	}
	dirs := []string{"objects", "objects/pack", "objects/info", "refs", "refs/heads", "refs/tags"}
	for _, name := range dirs {
		if err := d.mkdir(filepath.Join(tmp, filepath.FromSlash(name))); err != nil {
			return err
		}
	}
	if err := d.create(filepath.Join(tmp, "HEAD"), []byte("ref: "+mainRef+"\n"), 0o644); err != nil {
		return err
	}
	if err := d.create(filepath.Join(tmp, "config"), []byte(config), 0o644); err != nil {
		return err
	}
	all := []string{tmp}
	for _, name := range dirs {
		all = append(all, filepath.Join(tmp, filepath.FromSlash(name)))
	}
	if err := d.syncDirs(all); err != nil {
		return err
	}
	if err := d.rename(tmp, dir); err != nil {
		return err
	}
	return d.syncDir(filepath.Dir(dir))
}

// Open opens a bare repository. Unless it is opened read-only, this process
// owns it, and what an earlier one left behind when it died is swept: lock
// files and half-written objects. An absent one is fs.ErrNotExist.
func Open(dir string, o Options) (*Repo, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	for _, part := range []string{"HEAD", "objects", "refs"} {
		if _, err := os.Stat(filepath.Join(dir, part)); err != nil {
			if errors.Is(err, fs.ErrNotExist) {
				return nil, fmt.Errorf("opening repository: %w", fs.ErrNotExist)
			}
			return nil, fmt.Errorf("opening repository: %w", err)
		}
	}
	r := newRepo(dir, o)
	if !o.ReadOnly {
		if err := r.sweep(); err != nil {
			return nil, fmt.Errorf("opening repository: %w", err)
		}
	}
	return r, nil
}

func newRepo(dir string, o Options) *Repo {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Cache == nil {
		o.Cache = NewCache(16 << 20)
	}
	r := &Repo{
		dir: dir, o: o, log: o.Logger, now: o.Now,
		store:  &store{dir: filepath.Join(dir, "objects"), disk: disk{volatile: o.Volatile}, cache: o.Cache, owner: new(owner)},
		writer: make(chan struct{}, 1),
	}
	r.loose.Store(-1)
	return r
}

// Dir is the folder of the repository, absolute.
func (r *Repo) Dir() string { return r.dir }

// Close lets go of the files that reading has opened. A Repo has nothing that
// runs; one used after Close opens its files again, so that a pool may close
// repositories without asking who still reads.
func (r *Repo) Close() error { return r.store.close() }

// started is about when this process began: files older than it were not made
// by it.
var started = time.Now()

// sweep removes what a process that died has left behind.
func (r *Repo) sweep() error {
	var stale []string
	add := func(dir string, match func(string) bool) error {
		entries, err := os.ReadDir(dir)
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		for _, e := range entries {
			if match(e.Name()) {
				stale = append(stale, filepath.Join(dir, e.Name()))
			}
		}
		return err
	}
	locks := func(name string) bool { return strings.HasSuffix(name, ".lock") || name == "gc.pid" }
	temps := func(name string) bool {
		return strings.HasPrefix(name, "tmp_") || strings.HasPrefix(name, ".tmp-") || strings.HasSuffix(name, ".lock")
	}
	err := errors.Join(
		add(r.dir, locks),
		add(r.store.dir, temps),
		add(filepath.Join(r.store.dir, "pack"), temps),
		add(filepath.Join(r.store.dir, "info"), temps),
	)
	if err != nil {
		return err
	}
	err = filepath.WalkDir(filepath.Join(r.dir, "refs"), func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && locks(d.Name()) {
			stale = append(stale, path)
		}
		return err
	})
	if err != nil {
		return err
	}
	soon := time.Now().Add(time.Minute) // later than this is a clock set back
	for _, path := range stale {
		// What this process has made itself belongs to a Repo that is in use.
		st, err := os.Lstat(path)
		if err != nil || !st.ModTime().Before(started) && !st.ModTime().After(soon) {
			continue
		}
		if err := os.RemoveAll(path); err != nil {
			return err
		}
		r.log.Warn("removed what an interrupted write had left behind", "file", path)
	}
	return nil
}

// Exclusive runs f while no other method writes. It is for programs that
// change the repository from outside, such as git receiving a push; f must
// not call a method that writes.
func (r *Repo) Exclusive(ctx context.Context, f func(context.Context) error) error {
	if err := r.lock(ctx); err != nil {
		return err
	}
	defer r.unlock()
	return f(ctx)
}

func (r *Repo) lock(ctx context.Context) error {
	if r.o.ReadOnly {
		return ErrReadOnly
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case r.writer <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (r *Repo) unlock() { <-r.writer }
