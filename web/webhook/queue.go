package webhook

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// Batch is events of one prospect with the hooks that hear of them.
type Batch struct {
	s        *Sender
	prospect string
	hooks    []Hook
	events   []Event
}

// Prepare finds who hears of events of a prospect. It is called before the
// transaction that keeps them.
func (s *Sender) Prepare(ctx context.Context, prospect string, events []Event) (*Batch, error) {
	b := &Batch{s: s, prospect: prospect, events: events}
	if len(events) == 0 {
		return b, nil
	}
	hooks, err := s.hooks(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading webhooks: %w", err)
	}
	for _, h := range hooks {
		if !h.Disabled && s.sees(ctx, &h, prospect) {
			b.hooks = append(b.hooks, h)
		}
	}
	return b, nil
}

// Queue keeps the messages in the caller's transaction.
func (b *Batch) Queue(ctx context.Context, conn *sql.Conn) error {
	for _, e := range b.events {
		if e.Once != "" {
			res, err := conn.ExecContext(ctx, `INSERT OR IGNORE INTO webhook_told VALUES(?,?)`, b.prospect, e.Once)
			if err != nil {
				return err
			}
			if n, err := res.RowsAffected(); err != nil {
				return err
			} else if n == 0 {
				continue
			}
		}
		e.Data.Prospect = b.prospect
		e.Data.URL = b.s.url + "/p/" + b.prospect + "/" + e.Data.Path
		body, err := json.Marshal(map[string]any{"type": e.Type, "timestamp": e.At.UTC().Format(time.RFC3339Nano), "data": e.Data})
		if err != nil {
			return fmt.Errorf("writing a message: %w", err)
		}
		for i := range b.hooks {
			if h := &b.hooks[i]; h.wants(&e) {
				// One that was removed meanwhile hears nothing.
				if _, err := conn.ExecContext(ctx, `INSERT INTO webhook_queue(hook, prospect, message, type, body) SELECT id, ?, ?, ?, ? FROM webhooks WHERE id=?`,
					b.prospect, newMessage(), e.Type, body, h.ID); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// newMessage is the id of a message, the same for each try.
func newMessage() string { return "msg_" + strings.ToLower(rand.Text()) }

// Done lets what was queued be sent. It is called after the transaction.
func (b *Batch) Done() {
	if len(b.hooks) > 0 {
		b.s.Wake()
	}
}
