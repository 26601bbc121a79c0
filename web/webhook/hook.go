package webhook

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"dealwiki/web/outbound"
	"dealwiki/wiki"
	"dealwiki/wiki/people"
)

// Config says what a Sender needs.
type Config struct {
	People *people.DB       // required
	Client *http.Client     // required: of package outbound, without redirects
	URL    string           // required: of this server, for the links in messages
	Logger *slog.Logger     // optional: nil discards
	Now    func() time.Time // optional: nil is time.Now
}

// Limits.
const (
	maxHooks    = 50
	maxWaiting  = 10_000 // messages of one hook
	secretBytes = 24
)

// Sender is the webhooks of a wiki. It is safe for concurrent use.
type Sender struct {
	people *people.DB
	client *http.Client
	url    string
	log    *slog.Logger
	now    func() time.Time
	wake   chan struct{}

	mu   sync.Mutex      // protects what follows
	busy map[string]bool // hooks that are being told something
}

// New makes a sender.
func New(cfg Config) *Sender {
	s := &Sender{people: cfg.People, client: cfg.Client, url: strings.TrimRight(cfg.URL, "/"), log: cfg.Logger, now: cfg.Now, wake: make(chan struct{}, 1), busy: map[string]bool{}}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if s.now == nil {
		s.now = time.Now
	}
	return s
}

// Hook is an address that is told of events.
type Hook struct {
	ID       string
	URL      string
	Events   []string // of Names
	Prospect string   // "" is all that the maker may see
	Maker    string   // person id
	Created  time.Time
	Failures int       // in a row
	Retry    time.Time // not before; zero: now
	Problem  string    // of the last failure, while it lasts
	Sent     time.Time // when the last message was taken; zero: never
	Waiting  int       // messages
	Disabled bool

	secret string
}

// List answers the hooks, the oldest first. Administrators only.
func (s *Sender) List(ctx context.Context, caller people.Caller) ([]Hook, error) {
	if !s.people.Live(caller).Can(people.Administer) {
		return nil, people.ErrForbidden
	}
	return s.hooks(ctx)
}

func (s *Sender) hooks(ctx context.Context) ([]Hook, error) {
	var out []Hook
	err := s.people.AskAttention(ctx, func(rows *sql.Rows) error {
		var h Hook
		var events string
		var created, retry, sent int64
		if err := rows.Scan(&h.ID, &h.URL, &h.secret, &events, &h.Prospect, &h.Maker, &created, &h.Failures, &retry, &h.Problem, &sent, &h.Disabled, &h.Waiting); err != nil {
			return err
		}
		h.Events, h.Created, h.Retry, h.Sent = strings.Fields(events), moment(created), moment(retry), moment(sent)
		out = append(out, h)
		return nil
	}, `SELECT id, url, secret, events, COALESCE(prospect, ''), maker, created, failures, retry, problem, sent, disabled,
		(SELECT count(*) FROM webhook_queue q WHERE q.hook=webhooks.id) FROM webhooks ORDER BY created, id`)
	return out, err
}

func moment(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}

// Add makes a hook and answers its secret, which is told this once. Of no events
// all are meant. Administrators only.
func (s *Sender) Add(ctx context.Context, caller people.Caller, address, prospect string, events []string) (*Hook, string, error) {
	caller = s.people.Live(caller)
	if !caller.Can(people.Administer) || caller.Person.ID == "" {
		return nil, "", people.ErrForbidden
	}
	if err := outbound.Check(address); err != nil {
		return nil, "", &wiki.Invalid{Field: "url", Problem: "is not an address that can be told: it begins with https:// or http:// and holds no name or password"}
	}
	if prospect != "" && s.people.LevelOn(ctx, caller, prospect) < people.Viewer {
		return nil, "", &wiki.Invalid{Field: "prospect", Problem: "is not known"}
	}
	if len(events) == 0 {
		events = Names()
	}
	for _, e := range events {
		if !slices.Contains(Names(), e) {
			return nil, "", &wiki.Invalid{Field: "events", Problem: "are " + strings.Join(Names(), ", ")}
		}
	}
	key := make([]byte, secretBytes)
	rand.Read(key) // never fails
	h := &Hook{ID: "wh_" + strings.ToLower(rand.Text()), URL: address, Events: slices.Compact(slices.Sorted(slices.Values(events))), Prospect: prospect, Maker: caller.Person.ID,
		Created: s.now().UTC().Truncate(time.Millisecond), secret: "whsec_" + base64.StdEncoding.EncodeToString(key)}
	err := s.people.UpdateAttention(ctx, func(ctx context.Context, conn *sql.Conn) error {
		var count int
		if err := conn.QueryRowContext(ctx, `SELECT count(*) FROM webhooks`).Scan(&count); err != nil {
			return err
		}
		if count >= maxHooks {
			return &wiki.Invalid{Field: "url", Problem: fmt.Sprintf("is one too many: there may be %d webhooks; remove one first", maxHooks)}
		}
		var there int
		if err := conn.QueryRowContext(ctx, `SELECT count(*) FROM prospects WHERE name=?`, prospect).Scan(&there); err != nil {
			return err
		}
		if prospect != "" && there == 0 {
			return &wiki.Invalid{Field: "prospect", Problem: "is not known"}
		}
		_, err := conn.ExecContext(ctx, `INSERT INTO webhooks(id, url, secret, events, prospect, maker, created) VALUES(?,?,?,?,NULLIF(?, ''),?,?)`,
			h.ID, h.URL, h.secret, strings.Join(h.Events, " "), h.Prospect, h.Maker, h.Created.UnixMilli())
		return err
	})
	if err != nil {
		return nil, "", fmt.Errorf("keeping a webhook: %w", err)
	}
	return h, h.secret, s.people.Record(ctx, caller, people.Event{Action: "webhook.add", Object: h.ID, Prospect: prospect, Detail: address})
}

// Remove forgets a hook with what is waiting for it. Administrators only.
func (s *Sender) Remove(ctx context.Context, caller people.Caller, id string) error {
	if !s.people.Live(caller).Can(people.Administer) {
		return people.ErrForbidden
	}
	err := s.people.UpdateAttention(ctx, func(ctx context.Context, conn *sql.Conn) error {
		res, err := conn.ExecContext(ctx, `DELETE FROM webhooks WHERE id=?`, id)
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			return errors.Join(err, wiki.ErrNotFound)
		}
		return nil
	})
	if err != nil {
		return err
	}
	return s.people.Record(ctx, caller, people.Event{Action: "webhook.remove", Object: id})
}

// sees reports whether the maker of a hook may know of a prospect now: they are
// still an administrator and see it.
func (s *Sender) sees(ctx context.Context, h *Hook, prospect string) bool {
	p, err := s.people.Get(ctx, h.Maker)
	if err != nil || p.Disabled || p.Role != people.Admin {
		return false
	}
	return s.people.LevelOn(ctx, people.Caller{Person: p, Scopes: people.Read, Via: "webhook"}, prospect) >= people.Viewer
}
