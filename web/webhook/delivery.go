package webhook

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"dealwiki/wiki"
	"dealwiki/wiki/people"
)

// keepDeliveries is how many tries are kept of each hook.
const keepDeliveries = 50

// Test is the type of the message that an administrator sends to try a hook.
const Test = "webhook.test"

// Delivery is one try to tell a hook something.
type Delivery struct {
	ID       int64
	Hook     string
	Prospect string // "" is a test
	Message  string // id; each try of a message has the same
	Type     string // such as "page.changed"
	At       time.Time
	Took     time.Duration
	Status   int    // of the answer; 0 is none
	Problem  string // empty: it was taken
}

// Deliveries lists the last tries of a hook, the newest first: at most 50, and only
// of prospects that the caller sees. Administrators only.
func (s *Sender) Deliveries(ctx context.Context, caller people.Caller, hook string) ([]Delivery, error) {
	caller = s.people.Live(caller)
	if !caller.Can(people.Administer) {
		return nil, people.ErrForbidden
	}
	if _, err := s.find(ctx, hook); err != nil {
		return nil, err
	}
	level := s.people.Visible(ctx, caller)
	var out []Delivery
	err := s.people.AskAttention(ctx, func(rows *sql.Rows) error {
		var d Delivery
		var at, took int64
		if err := rows.Scan(&d.ID, &d.Hook, &d.Prospect, &d.Message, &d.Type, &at, &took, &d.Status, &d.Problem); err != nil {
			return err
		}
		if d.At, d.Took = moment(at), time.Duration(took)*time.Millisecond; d.Prospect == "" || level(d.Prospect) >= people.Viewer {
			out = append(out, d)
		}
		return nil
	}, `SELECT seq, hook, coalesce(prospect, ''), message, type, at, took, status, problem FROM webhook_deliveries WHERE hook=? ORDER BY seq DESC`, hook)
	return out, err
}

// Try sends a hook a test message at once, whether it is disabled or not, and
// answers what came of it; it waits as long as the client lets it. Nothing else of
// the hook changes by it. Administrators only.
func (s *Sender) Try(ctx context.Context, caller people.Caller, hook string) (*Delivery, error) {
	caller = s.people.Live(caller)
	if !caller.Can(people.Administer) {
		return nil, people.ErrForbidden
	}
	h, err := s.find(ctx, hook)
	if err != nil {
		return nil, err
	}
	body, err := json.Marshal(map[string]any{"type": Test, "timestamp": s.now().UTC().Format(time.RFC3339Nano), "data": map[string]string{"webhook": h.ID, "title": "A test: nothing has happened."}})
	if err != nil {
		return nil, fmt.Errorf("writing a message: %w", err)
	}
	m := &message{id: newMessage(), what: Test, body: body}
	if _, _, err := s.try(ctx, h, m); err != nil {
		return nil, err
	}
	all, err := s.Deliveries(ctx, caller, hook)
	for i := range all {
		if all[i].Message == m.id {
			return &all[i], nil
		}
	}
	return nil, errors.Join(err, wiki.ErrNotFound)
}

// SetDisabled ends the telling of a hook, with what is waiting for it, or begins
// it anew. Administrators only.
func (s *Sender) SetDisabled(ctx context.Context, caller people.Caller, hook string, disabled bool) error {
	caller = s.people.Live(caller)
	if !caller.Can(people.Administer) {
		return people.ErrForbidden
	}
	h, err := s.find(ctx, hook)
	if err != nil || h.Disabled == disabled {
		return err
	}
	action := "webhook.enable"
	if disabled {
		action = "webhook.disable"
		err = s.stop(ctx, hook, "")
	} else {
		err = s.update(ctx, `UPDATE webhooks SET disabled=0, failures=0, retry=0, problem='' WHERE id=?`, hook)
	}
	if err != nil {
		return err
	}
	return s.people.Record(ctx, caller, people.Event{Action: action, Object: hook, Prospect: h.Prospect})
}

// stop disables a hook and forgets what is waiting for it.
func (s *Sender) stop(ctx context.Context, hook, problem string) error {
	return s.people.UpdateAttention(ctx, func(ctx context.Context, conn *sql.Conn) error {
		if _, err := conn.ExecContext(ctx, `DELETE FROM webhook_queue WHERE hook=?`, hook); err != nil {
			return err
		}
		_, err := conn.ExecContext(ctx, `UPDATE webhooks SET disabled=1, problem=? WHERE id=?`, problem, hook)
		return err
	})
}

func (s *Sender) find(ctx context.Context, id string) (*Hook, error) {
	all, err := s.hooks(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading webhooks: %w", err)
	}
	for i := range all {
		if all[i].ID == id {
			return &all[i], nil
		}
	}
	return nil, wiki.ErrNotFound
}

// try posts a message and keeps what came of it. The error is not the receiver's.
func (s *Sender) try(ctx context.Context, h *Hook, m *message) (status int, problem string, err error) {
	began := s.now()
	status, problem = s.post(ctx, h, m)
	if ctx.Err() != nil {
		return status, problem, ctx.Err() // cut short here, not there
	}
	err = s.people.UpdateAttention(ctx, func(ctx context.Context, conn *sql.Conn) error {
		// A hook or prospect that was removed meanwhile has no deliveries.
		if _, err := conn.ExecContext(ctx, `INSERT INTO webhook_deliveries(hook, prospect, message, type, at, took, status, problem)
			SELECT id, (SELECT name FROM prospects WHERE name=?), ?, ?, ?, ?, ?, ? FROM webhooks WHERE id=? AND (?='' OR EXISTS (SELECT 1 FROM prospects WHERE name=?))`,
			m.prospect, m.id, m.what, began.UnixMilli(), s.now().Sub(began).Milliseconds(), status, problem, h.ID, m.prospect, m.prospect); err != nil {
			return err
		}
		_, err := conn.ExecContext(ctx, `DELETE FROM webhook_deliveries WHERE hook=? AND seq NOT IN (SELECT seq FROM webhook_deliveries WHERE hook=? ORDER BY seq DESC LIMIT ?)`, h.ID, h.ID, keepDeliveries)
		return err
	})
	if err != nil {
		return status, problem, fmt.Errorf("keeping what came of a message: %w", err)
	}
	return status, problem, nil
}
