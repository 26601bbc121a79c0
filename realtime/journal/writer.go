package journal

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// Most that one transaction takes together.
const (
	groupWrites = 1024
	groupBytes  = 4 << 20
)

// A transaction begins at the earliest a pause after the one before, unless
// that one held at least small writes, or something urgent waits.
const (
	pause = 8 * time.Millisecond
	small = 8
)

// A writer owns the connection that writes and the goroutine that uses it.
type writer struct {
	log   *slog.Logger
	queue chan *write // unbuffered: what was taken from it will be answered
	stop  <-chan struct{}
	done  chan struct{}
	err   error // of closing; read after done

	// Owned by the goroutine.
	conn  *sql.Conn
	stmts map[string]*sql.Stmt
	seq   int64
}

// A write is one call that waits for its turn.
type write struct {
	ctx    context.Context
	bytes  int
	urgent bool
	do     func(*tx) error
	err    error
	done   chan struct{}
}

func newWriter(conn *sql.Conn, seq int64, stop <-chan struct{}, log *slog.Logger) *writer {
	w := &writer{
		log: log, conn: conn, seq: seq,
		queue: make(chan *write),
		stop:  stop,
		done:  make(chan struct{}),
		stmts: make(map[string]*sql.Stmt),
	}
	go w.run()
	return w
}

// close waits until the goroutine has ended, which it does when stop is closed.
func (w *writer) close() error {
	<-w.done
	return w.err
}

// write has do called within a transaction and answers when that is on disk.
// Once the writer has begun with it, its outcome is waited for, whatever
// becomes of ctx: nobody may be left in doubt.
//
// A [refusal] from do fails this write alone; do must not have changed anything
// then. Any other error fails the whole transaction.
func (w *writer) write(ctx context.Context, bytes int, do func(*tx) error) error {
	return w.hand(&write{ctx: ctx, bytes: bytes, do: do, done: make(chan struct{})})
}

// writeNow is write for what others wait for, who are not writing themselves:
// nothing is gathered before it.
func (w *writer) writeNow(ctx context.Context, bytes int, do func(*tx) error) error {
	return w.hand(&write{ctx: ctx, bytes: bytes, urgent: true, do: do, done: make(chan struct{})})
}

func (w *writer) hand(it *write) error {
	select {
	case <-w.stop:
		return ErrClosed
	default:
	}
	select {
	case w.queue <- it:
	case <-w.stop:
		return ErrClosed
	case <-it.ctx.Done():
		return it.ctx.Err()
	}
	<-it.done
	return it.err
}

func (w *writer) run() {
	defer close(w.done)
	group := make([]*write, 0, groupWrites)
	var last time.Time // when the last group was begun
	grown := 0         // how many writes it had
	for {
		select {
		case it := <-w.queue:
			group = append(group[:0], it)
		case <-w.stop:
			for _, stmt := range w.stmts {
				w.err = errors.Join(w.err, stmt.Close())
			}
			w.err = errors.Join(w.err, w.conn.Close())
			return
		}
		bytes := group[0].bytes
		take := func(it *write) bool {
			group = append(group, it)
			bytes += it.bytes
			return !it.urgent && len(group) < groupWrites && bytes < groupBytes
		}
		// Rooms that are written in here and there share a transaction, which
		// costs more than what is in it. Nobody waits who is alone, and large
		// groups gather by themselves.
		if wait := pause - time.Since(last); wait > 0 && grown < small && !group[0].urgent {
			timer := time.NewTimer(wait)
			for more := true; more; {
				select {
				case it := <-w.queue:
					more = take(it)
				case <-timer.C:
					more = false
				}
			}
			timer.Stop()
		}
		last = time.Now()
	gather:
		for len(group) < groupWrites && bytes < groupBytes {
			select {
			case it := <-w.queue:
				take(it)
			default:
				break gather
			}
		}
		grown = len(group)
		if err := w.commit(group); err != nil {
			w.log.Error("writing the journal failed", "error", err, "writes", len(group))
			for _, it := range group {
				it.err = err
			}
		}
		for i, it := range group {
			close(it.done)
			group[i] = nil
		}
	}
}

// commit does a group in one transaction. Errors of a write alone are put into
// it; what is answered is why none is done.
func (w *writer) commit(group []*write) (err error) {
	ctx := context.Background() // a transaction that began is ended
	tx := &tx{ctx: ctx, writer: w, seq: w.seq}
	if err := tx.exec("BEGIN IMMEDIATE"); err != nil {
		return fmt.Errorf("beginning a transaction: %w", err)
	}
	defer func() {
		if err != nil {
			// It may have been rolled back by itself.
			_, _ = w.conn.ExecContext(ctx, "ROLLBACK")
		}
	}()
	for _, it := range group {
		if it.err = it.ctx.Err(); it.err != nil {
			continue
		}
		if it.err = it.do(tx); it.err != nil {
			if refused := (refusal{}); errors.As(it.err, &refused) {
				it.err = refused.error
				continue
			}
			return it.err
		}
	}
	if err := tx.exec("COMMIT"); err != nil {
		return fmt.Errorf("committing: %w", err)
	}
	w.seq = tx.seq
	return nil
}

// A refusal is an error that concerns one write only.
type refusal struct{ error }

func (r refusal) Unwrap() error { return r.error }

// tx is a transaction of the writer.
type tx struct {
	ctx    context.Context
	writer *writer
	seq    int64 // the last one given
}

func (t *tx) stmt(query string) (*sql.Stmt, error) {
	if s, ok := t.writer.stmts[query]; ok {
		return s, nil
	}
	s, err := t.writer.conn.PrepareContext(t.ctx, query)
	if err != nil {
		return nil, err
	}
	t.writer.stmts[query] = s
	return s, nil
}

func (t *tx) exec(query string, args ...any) error {
	s, err := t.stmt(query)
	if err != nil {
		return err
	}
	_, err = s.ExecContext(t.ctx, args...)
	if failed := (*sqlite.Error)(nil); errors.As(err, &failed) && failed.Code() == sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY {
		return refusal{ErrUnknown} // all that there is belongs to documents
	}
	return err
}

// insert answers the new row's id, or 0 if the statement ignored it.
func (t *tx) insert(query string, args ...any) (int64, error) {
	s, err := t.stmt(query)
	if err != nil {
		return 0, err
	}
	res, err := s.ExecContext(t.ctx, args...)
	if err != nil {
		return 0, err
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		return 0, err
	}
	return res.LastInsertId()
}

// get scans one row and says whether there was one.
func (t *tx) get(query string, args []any, into ...any) (bool, error) {
	s, err := t.stmt(query)
	if err != nil {
		return false, err
	}
	err = s.QueryRowContext(t.ctx, args...).Scan(into...)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	return err == nil, err
}
