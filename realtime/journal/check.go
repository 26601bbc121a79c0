package journal

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"

	"dealwiki/realtime/yjs"
)

// Check reads the whole file and reports what is wrong with it: with the file
// itself, with documents that cannot be loaded and with states that cannot be
// put together. The error then wraps [ErrDamaged].
func (j *Journal) Check(ctx context.Context) error {
	var word string
	if err := j.readers.QueryRowContext(ctx, "PRAGMA integrity_check(1)").Scan(&word); err != nil {
		return j.failed("checking the journal", err)
	}
	if word != "ok" {
		return fmt.Errorf("checking the journal: %w: %s", ErrDamaged, word)
	}
	strays, err := j.list(ctx, `SELECT "table" FROM pragma_foreign_key_check`)
	if err != nil {
		return j.failed("checking the journal", err)
	}
	if len(strays) > 0 {
		return fmt.Errorf("checking the journal: %w: a row of table %s belongs to no document", ErrDamaged, strays[0])
	}
	names, err := j.list(ctx, "SELECT name FROM document ORDER BY name")
	if err != nil {
		return j.failed("checking the journal", err)
	}
	var wrong []error
	for _, name := range names {
		if err := j.checkDocument(ctx, name); err != nil && !errors.Is(err, ErrUnknown) {
			wrong = append(wrong, fmt.Errorf("document %s: %w", name, err))
		}
		if len(wrong) == 100 {
			break
		}
	}
	return j.failed("checking the journal", errors.Join(wrong...))
}

// CheckFile is [Journal.Check] for a file that another process may have open as
// a Journal. The error wraps [os.ErrNotExist] if there is no file.
func CheckFile(ctx context.Context, path string) (err error) {
	j, err := reading(path)
	if err != nil {
		return fmt.Errorf("checking the journal: %w", err)
	}
	defer func() { err = errors.Join(err, j.readers.Close()) }()
	return j.Check(ctx)
}

// reading answers a journal without a writer.
func reading(path string) (*Journal, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	if _, err := os.Stat(path); err != nil {
		return nil, err
	}
	j := &Journal{path: path, log: slog.New(slog.DiscardHandler), stop: make(chan struct{})}
	j.packer.init()
	j.readers, err = sql.Open("sqlite", source(path)+"&_pragma=query_only(1)")
	return j, err
}

// list answers the one column of a query.
func (j *Journal) list(ctx context.Context, query string) ([]string, error) {
	rows, err := j.readers.QueryContext(ctx, query)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var list []string
	for rows.Next() {
		var s string
		if err := rows.Scan(&s); err != nil {
			return nil, err
		}
		list = append(list, s)
	}
	return list, rows.Err()
}

func (j *Journal) checkDocument(ctx context.Context, name string) error {
	d, err := j.Load(ctx, name)
	if err != nil {
		return err
	}
	if err := d.check(); err != nil {
		return err
	}
	// Most are differences from the one before them, which is at hand.
	var before int64
	var state []byte
	return each(ctx, j.readers, "SELECT id, hash, base, size, sum, data FROM version WHERE document = ? ORDER BY id", d.ID, func(rows *sql.Rows) error {
		var id int64
		p := new(packed)
		if err := rows.Scan(&id, &p.hash, &p.base, &p.size, &p.sum, &p.data); err != nil {
			return err
		}
		base := state
		if p.base.Valid && p.base.Int64 != before {
			var err error
			if _, base, err = j.unpack(ctx, j.readers, p.base.Int64); err != nil {
				return err
			}
		}
		var err error
		if state, err = j.packer.grow(base, p); err != nil {
			return fmt.Errorf("version %s: %w", p.hash, err)
		}
		if checksum(state) != p.sum {
			return fmt.Errorf("version %s: %w: checksum differs", p.hash, ErrDamaged)
		}
		before = id
		return nil
	})
}

// check sees whether the document's text can be had of it.
func (d *Document) check() error {
	doc := yjs.New(yjs.Options{})
	if len(d.State) > 0 {
		var err error
		if doc, err = yjs.Load(d.State, yjs.Options{}); err != nil {
			return fmt.Errorf("%w: its state: %w", ErrDamaged, err)
		}
	}
	for i, u := range d.Updates {
		if _, err := doc.Apply(u.Data); err != nil {
			return fmt.Errorf("%w: edit %d: %w", ErrDamaged, i, err)
		}
	}
	if d.Merging != nil {
		if _, err := yjs.Decode(d.Merging.Data, yjs.Limits{}); err != nil {
			return fmt.Errorf("%w: an edit to be merged: %w", ErrDamaged, err)
		}
	}
	return nil
}
