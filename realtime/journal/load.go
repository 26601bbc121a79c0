package journal

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// failed puts an error into words. A call on a closed journal answers
// [ErrClosed].
func (j *Journal) failed(doing string, err error) error {
	if err == nil {
		return nil
	}
	select {
	case <-j.stop:
		return ErrClosed
	default:
	}
	if errors.Is(err, ErrUnknown) || errors.Is(err, ErrExists) || errors.Is(err, ErrClosed) {
		return err
	}
	return fmt.Errorf("%s: %w", doing, err)
}

// Has says whether there is a document of that name.
func (j *Journal) Has(ctx context.Context, name string) (bool, error) {
	var has bool
	err := j.readers.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM document WHERE name = ?)", name).Scan(&has)
	return has, j.failed("looking for document "+name, err)
}

// Load answers a document, or [ErrUnknown].
func (j *Journal) Load(ctx context.Context, name string) (*Document, error) {
	tx, err := j.readers.BeginTx(ctx, &sql.TxOptions{ReadOnly: true}) // all of one moment
	if err != nil {
		return nil, j.failed("loading document "+name, err)
	}
	defer func() { _ = tx.Rollback() }()
	d, err := load(ctx, tx, name)
	return d, j.failed("loading document "+name, err)
}

func load(ctx context.Context, q querier, name string) (*Document, error) {
	d := &Document{Name: name, Owners: map[uint64]string{}, Removed: map[string]int{}}
	var compacted, saved int64
	err := q.QueryRowContext(ctx, `
		SELECT d.id, d.epoch, d.rebuilt, d.recovering, d.compacted, d.saved, coalesce(v.hash, ''), s.data
		FROM document d JOIN state s ON s.document = d.id LEFT JOIN version v ON v.id = d.last
		WHERE d.name = ?`, name).
		Scan(&d.ID, &d.Epoch, &d.Rebuilt, &d.Recovering, &compacted, &saved, &d.Last, &d.State)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, ErrUnknown
	}
	if err != nil {
		return nil, err
	}
	d.Seq = max(compacted, saved)
	err = each(ctx, q, "SELECT seq, person, at, removed, data FROM edit WHERE document = ? ORDER BY seq", d.ID, func(rows *sql.Rows) error {
		var u Update
		var seq, at int64
		if err := rows.Scan(&seq, &u.Person, &at, &u.Removed, &u.Data); err != nil {
			return err
		}
		d.Seq = max(d.Seq, seq)
		if seq > saved && u.Removed > 0 {
			d.Removed[u.Person] += u.Removed
		}
		if seq > compacted {
			u.At = time.UnixMilli(at).UTC()
			d.Updates = append(d.Updates, u)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	err = each(ctx, q, "SELECT client, person FROM owner WHERE document = ?", d.ID, func(rows *sql.Rows) error {
		var client int64
		var person string
		if err := rows.Scan(&client, &person); err != nil {
			return err
		}
		d.Owners[uint64(client)] = person
		return nil
	})
	if err != nil {
		return nil, err
	}
	err = each(ctx, q, "SELECT text, state, upto FROM saving WHERE document = ? ORDER BY id", d.ID, func(rows *sql.Rows) error {
		var s Saving
		var text []byte
		if err := rows.Scan(&text, &s.State, &s.Upto); err != nil {
			return err
		}
		if copy(s.Text[:], text) != len(s.Text) || len(text) != len(s.Text) {
			return fmt.Errorf("%w: a hash of %d bytes", ErrDamaged, len(text))
		}
		d.Saving = append(d.Saving, s)
		return nil
	})
	if err != nil {
		return nil, err
	}
	if d.Merging, err = merging(ctx, q, d.ID); err != nil {
		return nil, err
	}
	return d, nil
}

// merging answers the edit that was on its way into a document. A file of the
// first schema that is only read has no such table.
func merging(ctx context.Context, q querier, id int64) (*Merging, error) {
	var schema int
	if err := q.QueryRowContext(ctx, "PRAGMA user_version").Scan(&schema); err != nil || schema < 2 {
		return nil, err
	}
	m := new(Merging)
	var text []byte
	var client int64
	err := q.QueryRowContext(ctx, "SELECT text, head, client, person, data FROM merging WHERE document = ?", id).
		Scan(&text, &m.Head, &client, &m.Person, &m.Data)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if copy(m.Text[:], text) != len(m.Text) || len(text) != len(m.Text) {
		return nil, fmt.Errorf("%w: a hash of %d bytes", ErrDamaged, len(text))
	}
	m.Client = uint64(client)
	return m, nil
}

// each calls f for every row.
func each(ctx context.Context, q querier, query string, arg any, f func(*sql.Rows) error) error {
	rows, err := q.QueryContext(ctx, query, arg)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := f(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

// Unsaved answers the names, in order, of the documents with edits or intents
// after their last version.
func (j *Journal) Unsaved(ctx context.Context) ([]string, error) {
	var names []string
	rows, err := j.readers.QueryContext(ctx, `
		SELECT name FROM document d
		WHERE compacted > saved
		   OR EXISTS (SELECT 1 FROM edit WHERE document = d.id AND seq > d.saved)
		   OR EXISTS (SELECT 1 FROM saving WHERE document = d.id)
		ORDER BY name`)
	if err != nil {
		return nil, j.failed("looking for unsaved documents", err)
	}
	defer rows.Close()
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return nil, j.failed("looking for unsaved documents", err)
		}
		names = append(names, name)
	}
	return names, j.failed("looking for unsaved documents", rows.Err())
}
