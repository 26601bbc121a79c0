package journal

import (
	"context"
	"database/sql"
	_ "embed" // the schema
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"time"

	_ "modernc.org/sqlite" // the driver "sqlite"
)

//go:embed schema.sql
var schema string

// version of the schema, in SQLite's user_version.
const schemaVersion = 2

// upgrade brings a file of the schema before to this one.
//
//go:embed upgrade.sql
var upgrade string

// Options of a [Journal]. The zero value works.
type Options struct {
	Logger *slog.Logger     // nil: no log
	Now    func() time.Time // for updates without a time; nil: time.Now
	// Rebuilt says that a file which has to be made takes the place of one that
	// was lost: every document made in it, now or later, is marked rebuilt. It
	// does nothing to a file that is there.
	Rebuilt bool
}

// A Journal is an open file of live documents. It is safe for concurrent use.
type Journal struct {
	log  *slog.Logger
	now  func() time.Time
	path string

	readers *sql.DB
	writers *sql.DB
	writer  *writer
	packer  packer
	stop    chan struct{} // closed when the journal is

	closing sync.Once
	closed  error
}

// Open opens the file at path and makes it when it is missing.
func Open(path string, o Options) (_ *Journal, err error) {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	fail := func(err error) (*Journal, error) { return nil, fmt.Errorf("opening the journal: %w", err) }
	if path, err = filepath.Abs(path); err != nil {
		return fail(err)
	}
	if err := prepare(path); err != nil {
		return fail(err)
	}
	j := &Journal{path: path, log: o.Logger, now: o.Now, stop: make(chan struct{})}
	j.packer.init()
	if j.writers, err = sql.Open("sqlite", source(path)+"&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_pragma=journal_size_limit(67108864)&_pragma=foreign_keys(1)"); err != nil {
		return fail(err)
	}
	j.writers.SetMaxOpenConns(1)
	defer func() {
		if err != nil {
			if j.readers != nil {
				_ = j.readers.Close()
			}
			_ = j.writers.Close()
		}
	}()
	ctx := context.Background()
	conn, err := j.writers.Conn(ctx)
	if err != nil {
		return fail(err)
	}
	defer func() {
		if err != nil {
			_ = conn.Close()
		}
	}()
	if err := migrate(ctx, conn, o.Rebuilt); err != nil {
		return fail(err)
	}
	var seq int64
	// Edits that are gone live on in what they were folded into.
	if err := conn.QueryRowContext(ctx, `SELECT coalesce(max(seq), 0) FROM (SELECT max(seq) AS seq FROM edit
		UNION ALL SELECT max(compacted) FROM document UNION ALL SELECT max(saved) FROM document UNION ALL SELECT max(upto) FROM version
		UNION ALL SELECT max(upto) FROM saving)`).Scan(&seq); err != nil {
		return fail(err)
	}
	if j.readers, err = sql.Open("sqlite", source(path)+"&_pragma=query_only(1)"); err != nil {
		return fail(err)
	}
	j.readers.SetMaxOpenConns(4)
	j.readers.SetMaxIdleConns(4)
	j.writer = newWriter(conn, seq, j.stop, o.Logger)
	return j, nil
}

// prepare makes the file if it is missing, for its owner alone, and syncs the
// folder so that its name is there for ever. SQLite would make it readable for
// everybody; its -wal and -shm files get the permissions of this one.
func prepare(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, os.ErrExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	return syncFolder(filepath.Dir(path))
}

func syncFolder(path string) error {
	dir, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

// source is what database/sql calls a data source name; it takes more
// parameters after it.
func source(path string) string {
	return "file:" + (&url.URL{Path: filepath.ToSlash(path)}).EscapedPath() + "?mode=rw&_pragma=busy_timeout(5000)"
}

// migrate brings an empty file, or one of the schema before, to the schema.
func migrate(ctx context.Context, conn *sql.Conn, rebuilt bool) (err error) {
	var have int
	if err := conn.QueryRowContext(ctx, "PRAGMA user_version").Scan(&have); err != nil {
		return fmt.Errorf("reading the schema's version: %w", err)
	}
	switch {
	case have == schemaVersion:
		return nil
	case have > schemaVersion:
		return fmt.Errorf("the file has schema %d and this program knows %d: it was written by a newer dealwiki; use that version or a later one", have, schemaVersion)
	}
	if _, err := conn.ExecContext(ctx, "BEGIN IMMEDIATE"); err != nil {
		return fmt.Errorf("beginning to make the schema: %w", err)
	}
	defer func() {
		if err != nil {
			_, _ = conn.ExecContext(context.WithoutCancel(ctx), "ROLLBACK")
		}
	}()
	script := schema
	if have == 1 {
		script = upgrade
	}
	if _, err := conn.ExecContext(ctx, script); err != nil {
		return fmt.Errorf("making the schema: %w", err)
	}
	if have == 0 {
		if _, err := conn.ExecContext(ctx, "INSERT INTO journal (only, rebuilt) VALUES (1, ?)", rebuilt); err != nil {
			return fmt.Errorf("making the schema: %w", err)
		}
	}
	if _, err := conn.ExecContext(ctx, fmt.Sprintf("PRAGMA user_version = %d", schemaVersion)); err != nil {
		return fmt.Errorf("noting the schema's version: %w", err)
	}
	if _, err := conn.ExecContext(ctx, "COMMIT"); err != nil {
		return fmt.Errorf("making the schema: %w", err)
	}
	return nil
}

// Close ends the writing of what the writer has taken, and closes the file.
// Calls that come later or still wait answer [ErrClosed]. It may be called more
// than once.
func (j *Journal) Close() error {
	j.closing.Do(func() {
		close(j.stop)
		j.closed = errors.Join(j.writer.close(), j.readers.Close(), j.writers.Close())
	})
	return j.closed
}
