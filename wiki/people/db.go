package people

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"time"

	_ "modernc.org/sqlite" // the driver "sqlite"
)

// Options of a [DB]. The zero value works.
type Options struct {
	Logger *slog.Logger     // nil: no log
	Now    func() time.Time // nil: time.Now
	Random io.Reader        // where ids and secrets come from; nil: crypto/rand. Read under a lock
	Cost   Cost             // of hashing a password; zero: 19 MiB, two passes
	// Hashing is how many passwords are hashed at once; zero: 2. Together with
	// Cost it bounds the memory that sign-ins take.
	Hashing int
	// Poll is how often other processes' changes are looked for; zero: 500 ms.
	Poll time.Duration
	// SignIn limits attempts to sign in; zero values: see [SignInLimits].
	SignIn SignInLimits
}

// DB is the accounts file. It is safe for concurrent use.
type DB struct {
	log    *slog.Logger
	now    func() time.Time
	hasher *hasher
	limits *signInLimiter
	// guestLimits are of joining by links and of asking for mails with one.
	guestLimits *signInLimiter
	// resetLimits are of asking for new passwords.
	resetLimits *signInLimiter

	randomMu sync.Mutex
	random   io.Reader

	dsn     string
	readers *sql.DB
	writers *sql.DB
	// writer holds the one connection that writes; taking it is the lock.
	writer  chan *sql.Conn
	version int64 // data_version seen last; owned by whoever holds the writer

	cache   cache
	secrets secretCache
	watch   watchers
	reading reading

	stop context.CancelFunc
	done chan struct{} // closed when the goroutine has ended
	gone chan struct{} // closed when nothing may be written any more

	closing sync.Once
	closed  error
}

// Open opens the accounts file at path and makes it when it is missing. Another
// process may have it open too.
func Open(path string, o Options) (_ *DB, err error) {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Random == nil {
		o.Random = rand.Reader
	}
	if o.Poll <= 0 {
		o.Poll = 500 * time.Millisecond
	}
	path, err = filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("naming the accounts file: %w", err)
	}
	// SQLite would make it readable for everybody; its -wal and -shm files get
	// the permissions of this one.
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("opening the accounts file: %w", err)
	}
	if err := f.Close(); err != nil {
		return nil, fmt.Errorf("opening the accounts file: %w", err)
	}

	d := &DB{
		log: o.Logger, now: o.Now, random: o.Random,
		writer: make(chan *sql.Conn, 1),
		done:   make(chan struct{}),
		gone:   make(chan struct{}),
	}
	d.hasher = newHasher(o.Cost, o.Hashing)
	d.limits = newSignInLimiter(o.SignIn)
	d.guestLimits = newGuestLimiter()
	d.resetLimits = newSignInLimiter(SignInLimits{PerAddress: resetBurst, AddressEvery: resetEvery, PerIP: resetsPerIP, IPEvery: time.Minute})
	d.dsn = "file:" + (&url.URL{Path: filepath.ToSlash(path)}).EscapedPath()
	if d.writers, err = sql.Open("sqlite", d.dsn+"?_pragma=busy_timeout(5000)&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_pragma=foreign_keys(1)"); err != nil {
		return nil, fmt.Errorf("opening the accounts file: %w", err)
	}
	d.writers.SetMaxOpenConns(1)
	defer func() {
		if err != nil {
			select {
			case conn := <-d.writer:
				_ = conn.Close()
			default:
			}
			if d.readers != nil {
				_ = d.readers.Close()
			}
			_ = d.writers.Close()
		}
	}()
	ctx := context.Background()
	conn, err := d.writers.Conn(ctx)
	if err != nil {
		return nil, fmt.Errorf("opening the accounts file: %w", err)
	}
	d.writer <- conn
	if err := migrate(ctx, conn); err != nil {
		return nil, err
	}
	if d.readers, err = sql.Open("sqlite", d.dsn+"?_pragma=busy_timeout(5000)&_pragma=foreign_keys(1)&_pragma=query_only(1)"); err != nil {
		return nil, fmt.Errorf("opening the accounts file: %w", err)
	}
	d.readers.SetMaxOpenConns(4)
	d.readers.SetMaxIdleConns(4)
	if err := d.poll(ctx, true); err != nil {
		return nil, err
	}
	if err := errors.Join(d.sweep(ctx), d.sweepGuests(ctx)); err != nil {
		return nil, err
	}
	running, cancel := context.WithCancel(ctx)
	d.stop = cancel
	d.watch.wake = make(chan struct{}, 1)
	go d.run(running, o.Poll)
	return d, nil
}

// Close stops the goroutine, writes down what it still held and closes the file.
// It may be called more than once.
func (d *DB) Close() error {
	d.closing.Do(func() {
		d.stop()
		<-d.done
		err := d.flush(context.Background())
		close(d.gone)
		d.closed = errors.Join(err, d.closeFiles())
	})
	return d.closed
}

func (d *DB) closeFiles() error {
	var errs []error
	select {
	case conn := <-d.writer:
		errs = append(errs, conn.Close())
	case <-time.After(10 * time.Second): // a write that hangs must not hang Close too
	}
	errs = append(errs, d.readers.Close(), d.writers.Close())
	return errors.Join(errs...)
}

// maxFailed is after how many failures in a row to see what other processes did
// memory is trusted no longer and access is refused.
const maxFailed = 4

// run is the goroutine that the DB owns.
func (d *DB) run(ctx context.Context, every time.Duration) {
	defer close(d.done)
	poll := time.NewTicker(every)
	defer poll.Stop()
	tidy := time.NewTicker(30 * time.Second)
	defer tidy.Stop()
	failed := 0 // polls in a row
	for {
		var err error
		select {
		case <-ctx.Done():
			return
		case <-d.watch.wake:
			d.watch.deliver()
			continue
		case <-poll.C:
			if err = d.poll(ctx, false); err == nil {
				failed = 0
				err = d.endGuests(ctx)
			} else {
				failed++
			}
			d.cache.blind.Store(failed >= maxFailed)
		case <-tidy.C:
			err = errors.Join(d.flush(ctx), d.sweep(ctx), d.sweepGuests(ctx))
		}
		if err != nil && ctx.Err() == nil {
			d.log.Error("looking after the accounts file failed", "error", err)
		}
	}
}

// poll takes over what other processes changed since it last looked. SQLite's
// data_version of a connection changes exactly when another connection has
// written, so it is asked of the writer, whose own writes it leaves out.
func (d *DB) poll(ctx context.Context, force bool) error {
	conn, err := d.lock(ctx)
	if err != nil {
		return err
	}
	defer d.unlock(conn)
	return d.pollLocked(ctx, conn, force)
}

func (d *DB) pollLocked(ctx context.Context, conn *sql.Conn, force bool) error {
	var version int64
	if err := conn.QueryRowContext(ctx, "PRAGMA data_version").Scan(&version); err != nil {
		return fmt.Errorf("looking for changes: %w", err)
	}
	if version == d.version && !force {
		return nil
	}
	if err := d.cache.reload(ctx, conn); err != nil {
		return err
	}
	d.secrets.clear()
	d.version = version
	if !force {
		d.watch.tell(Change{Kind: Everything})
	}
	return nil
}

// catchUp polls now, unless somebody is writing. It is for look-ups that found
// nothing: another process may have added it a moment ago.
func (d *DB) catchUp(ctx context.Context) {
	select {
	case conn := <-d.writer:
		defer d.unlock(conn)
		if err := d.pollLocked(context.WithoutCancel(ctx), conn, false); err != nil {
			d.log.Error("looking for changes of accounts failed", "error", err)
		}
	default:
	}
}

func (d *DB) lock(ctx context.Context) (*sql.Conn, error) {
	select {
	case conn := <-d.writer:
		return conn, nil
	case <-d.gone:
		return nil, ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (d *DB) unlock(conn *sql.Conn) { d.writer <- conn }

func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

func fromMillis(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}

// CopyTo writes a consistent copy of the whole file to path, which must not
// exist, while the database is in use.
func (d *DB) CopyTo(ctx context.Context, path string) (err error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("copying accounts: %w", err)
	}
	defer func() {
		if err != nil {
			_ = os.Remove(path)
		}
	}()
	if err := f.Close(); err != nil {
		return fmt.Errorf("copying accounts: %w", err)
	}
	// A connection of its own: the readers' refuse every kind of writing.
	copier, err := sql.Open("sqlite", d.dsn+"?_pragma=busy_timeout(5000)")
	if err != nil {
		return fmt.Errorf("copying accounts: %w", err)
	}
	defer copier.Close()
	if _, err := copier.ExecContext(ctx, "VACUUM INTO ?", path); err != nil {
		return fmt.Errorf("copying accounts: %w", err)
	}
	return nil
}

// Check reads the whole file and reports the first thing wrong with it.
func (d *DB) Check(ctx context.Context) error {
	var word string
	if err := d.readers.QueryRowContext(ctx, "PRAGMA integrity_check(1)").Scan(&word); err != nil {
		return fmt.Errorf("checking accounts: %w", err)
	}
	if word != "ok" {
		return fmt.Errorf("checking accounts: %s", word)
	}
	rows, err := d.readers.QueryContext(ctx, "PRAGMA foreign_key_check")
	if err != nil {
		return fmt.Errorf("checking accounts: %w", err)
	}
	defer rows.Close()
	if rows.Next() {
		return errors.New("checking accounts: a row refers to one that is missing")
	}
	return rows.Err()
}
