package people

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// The tables of what people watch and are told, and of the programs that are
// told, lie in the accounts file, so that
// they go with people and prospects, backups included. What stands in them is
// for packages notify and webhook to say.

// UpdateAttention runs f in a write transaction over the tables of subscriptions,
// notices and webhooks. When f returns an error nothing is changed. f must not call the
// DB otherwise.
func (d *DB) UpdateAttention(ctx context.Context, f func(context.Context, *sql.Conn) error) error {
	return d.write(ctx, func(t *tx) error { return f(t.ctx, t.conn) })
}

// AskAttention reads from the tables of subscriptions, notices and webhooks.
func (d *DB) AskAttention(ctx context.Context, each func(*sql.Rows) error, query string, args ...any) (err error) {
	rows, err := d.readers.QueryContext(ctx, query, args...)
	if err != nil {
		return fmt.Errorf("reading accounts: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		if err := each(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}
