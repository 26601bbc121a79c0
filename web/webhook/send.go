package webhook

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"database/sql"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"dealwiki/wiki"
	"dealwiki/wiki/people"
)

// backoff is how long is waited after so many failures in a row; after the last
// the hook is disabled.
var backoff = [...]time.Duration{5 * time.Second, time.Minute, 5 * time.Minute, 30 * time.Minute, 2 * time.Hour, 5 * time.Hour, 10 * time.Hour, 14 * time.Hour, 20 * time.Hour, 24 * time.Hour}

const (
	perRound = 20              // messages to one hook before it is looked at again: it may be removed or disabled meanwhile
	idle     = 5 * time.Minute // looked again without a call
)

var system = people.System("webhooks")

// Run sends what is due until ctx is done.
func (s *Sender) Run(ctx context.Context) error {
	var running sync.WaitGroup
	defer running.Wait()
	for {
		wait := idle
		err := wiki.Guard(s.log, "sending webhooks", func() (err error) { wait, err = s.begin(ctx, &running); return err })
		if err != nil && ctx.Err() == nil {
			s.log.Warn("sending webhooks", "err", err)
		}
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			timer.Stop()
			return ctx.Err()
		case <-s.wake:
		case <-timer.C:
		}
		timer.Stop()
	}
}

// Send sends what is due now, at most 20 messages to each hook, waits for it and
// answers when to look again. It is for tests without Run.
func (s *Sender) Send(ctx context.Context) (wait time.Duration, err error) {
	var running sync.WaitGroup
	_, err = s.begin(ctx, &running)
	running.Wait()
	if err != nil {
		return idle, err
	}
	due, wait, err := s.due(ctx)
	if len(due) > 0 {
		wait = 0
	}
	return wait, err
}

// begin begins to send what is due, in goroutines that running counts, one for
// each hook, and answers how long it takes until something else is. It waits for
// none of them: a receiver that is slow or never answers holds up its own hook
// alone. There are as many goroutines as hooks at most, which are few.
func (s *Sender) begin(ctx context.Context, running *sync.WaitGroup) (time.Duration, error) {
	due, wait, err := s.due(ctx)
	if err != nil {
		return idle, err
	}
	for _, h := range due {
		if !s.take(h.ID) {
			continue // what is due of it is looked for when it is done
		}
		running.Go(func() {
			err := wiki.Guard(s.log, "sending webhook "+h.ID, func() error { return s.hook(ctx, h.ID) })
			s.free(h.ID)
			if err == nil {
				s.Wake() // for the rest, or its next try
			} else if ctx.Err() == nil {
				s.log.Warn("sending a webhook", "hook", h.ID, "err", err)
			}
		})
	}
	return wait, nil
}

// due are the hooks that have something to be sent now, and how long it takes
// until another has.
func (s *Sender) due(ctx context.Context) (due []Hook, wait time.Duration, err error) {
	hooks, err := s.hooks(ctx)
	if err != nil {
		return nil, idle, fmt.Errorf("reading webhooks: %w", err)
	}
	now := s.now()
	wait = idle
	for _, h := range hooks {
		switch until := h.until(now); {
		case h.Disabled || h.Waiting == 0:
		case until > 0:
			wait = min(wait, until)
		default:
			due = append(due, h)
		}
	}
	return due, wait, nil
}

// until is how long a hook is left alone after a failure; one that would be
// disabled at once is not.
func (h *Hook) until(now time.Time) time.Duration {
	if h.Waiting > maxWaiting {
		return 0
	}
	return h.Retry.Sub(now)
}

// take lets one goroutine at a time send to a hook, so that its messages stay in
// order.
func (s *Sender) take(hook string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.busy[hook] {
		return false
	}
	s.busy[hook] = true
	return true
}

func (s *Sender) free(hook string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.busy, hook)
}

// Wake lets Run look soon whether something is due.
func (s *Sender) Wake() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

type message struct {
	seq                int64
	id, prospect, what string
	body               []byte
}

// hook sends a hook's messages in order until one fails, at most perRound.
func (s *Sender) hook(ctx context.Context, id string) error {
	// As it is now: it may have been told something since it was found due.
	h, err := s.find(ctx, id)
	if errors.Is(err, wiki.ErrNotFound) {
		return nil
	}
	if err != nil || h.Disabled || h.until(s.now()) > 0 {
		return err
	}
	if h.Waiting > maxWaiting {
		return s.disable(ctx, h, fmt.Sprintf("more than %d messages are waiting", maxWaiting))
	}
	var due []message
	err = s.people.AskAttention(ctx, func(rows *sql.Rows) error {
		var m message
		err := rows.Scan(&m.seq, &m.id, &m.prospect, &m.what, &m.body)
		due = append(due, m)
		return err
	}, `SELECT seq, message, prospect, type, body FROM webhook_queue WHERE hook=? ORDER BY seq LIMIT ?`, h.ID, perRound)
	if err != nil {
		return err
	}
	for _, m := range due {
		taken := false
		if s.sees(ctx, h, m.prospect) { // what its maker may not see any more is dropped
			status, problem, err := s.try(ctx, h, &m)
			switch {
			case err != nil:
				return err
			case status == http.StatusGone:
				return s.disable(ctx, h, "the receiver answered 410 Gone")
			case problem != "" && h.Failures >= len(backoff):
				return s.disable(ctx, h, problem)
			case problem != "":
				return s.update(ctx, `UPDATE webhooks SET failures=failures+1, retry=?, problem=? WHERE id=?`, s.now().Add(backoff[h.Failures]).UnixMilli(), problem, h.ID)
			}
			taken, h.Failures = true, 0
		}
		err := s.people.UpdateAttention(ctx, func(ctx context.Context, conn *sql.Conn) error {
			if _, err := conn.ExecContext(ctx, `DELETE FROM webhook_queue WHERE seq=?`, m.seq); err != nil || !taken {
				return err
			}
			_, err := conn.ExecContext(ctx, `UPDATE webhooks SET failures=0, retry=0, problem='', sent=? WHERE id=?`, s.now().UnixMilli(), h.ID)
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// post sends one message and answers what was wrong, "" when it was taken.
func (s *Sender) post(ctx context.Context, h *Hook, m *message) (status int, problem string) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, h.URL, bytes.NewReader(m.body))
	if err != nil {
		return 0, "the address cannot be used"
	}
	stamp := strconv.FormatInt(s.now().Unix(), 10)
	signature, err := Sign(h.secret, m.id, stamp, m.body)
	if err != nil {
		return 0, "the secret cannot be used"
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "dealwiki")
	req.Header.Set("webhook-id", m.id)
	req.Header.Set("webhook-timestamp", stamp)
	req.Header.Set("webhook-signature", signature)
	res, err := s.client.Do(req)
	if err != nil {
		if failed, ok := errors.AsType[*url.Error](err); ok {
			err = failed.Err // without the address, which may hold a key
		}
		return 0, clip(err.Error(), 500)
	}
	defer res.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(res.Body, 4<<10)) // what it says does not matter
	if res.StatusCode < 200 || res.StatusCode > 299 {
		return res.StatusCode, "the receiver answered " + strconv.Itoa(res.StatusCode)
	}
	return res.StatusCode, ""
}

// Sign answers the signature of a message, "v1," and base64 of the HMAC-SHA256
// over id, timestamp and body. The secret is "whsec_" and base64 of the key.
func Sign(secret, id, timestamp string, body []byte) (string, error) {
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
	if err != nil {
		return "", fmt.Errorf("reading a webhook's secret: %w", err)
	}
	mac := hmac.New(sha256.New, key)
	fmt.Fprintf(mac, "%s.%s.", id, timestamp)
	mac.Write(body)
	return "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil)), nil
}

// disable ends a hook, with what was waiting for it.
func (s *Sender) disable(ctx context.Context, h *Hook, problem string) error {
	if err := s.stop(ctx, h.ID, problem); err != nil {
		return err
	}
	return s.people.Record(ctx, system, people.Event{Action: "webhook.disable", Object: h.ID, Prospect: h.Prospect, Detail: problem})
}

func (s *Sender) update(ctx context.Context, query string, args ...any) error {
	return s.people.UpdateAttention(ctx, func(ctx context.Context, conn *sql.Conn) error {
		_, err := conn.ExecContext(ctx, query, args...)
		return err
	})
}

func clip(s string, bytes int) string {
	if len(s) > bytes {
		s = s[:bytes]
	}
	return strings.ToValidUTF8(s, "")
}
