package webhook_test

import (
	"context"
	"database/sql"
	"encoding/base64"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dealwiki/web/outbound"
	"dealwiki/web/webhook"
	"dealwiki/wiki"
	"dealwiki/wiki/people"
)

type desk struct {
	t      *testing.T
	db     *people.DB
	s      *webhook.Sender
	clock  time.Time
	admin  people.Caller
	member people.Caller
	url    string

	mu   sync.Mutex
	got  []*http.Request
	text []string
	code int
}

var local = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}

func newDesk(t *testing.T, allow []netip.Prefix) *desk {
	d := &desk{t: t, clock: time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC), code: http.StatusOK}
	var err error
	d.db, err = people.Open(filepath.Join(t.TempDir(), "dealwiki.db"), people.Options{Cost: people.Cost{Memory: 64, Iterations: 1}, Now: func() time.Time { return d.clock }})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, d.db.Close()) })
	person := func(name string, role people.Role) people.Caller {
		p, err := d.db.Add(t.Context(), people.System("test"), people.NewPerson{Name: name, Email: name + "@example.com", Role: role, Job: "sales"})
		require.NoError(t, err)
		return people.Caller{Person: p, Scopes: people.AllScopes, Via: "session"}
	}
	d.admin, d.member = person("ada", people.Admin), person("tom", people.Member)
	require.NoError(t, d.db.AddProspect(t.Context(), d.member, "northwind", d.member.Person.ID, false))
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		d.mu.Lock()
		defer d.mu.Unlock()
		body, _ := io.ReadAll(r.Body)
		d.got, d.text = append(d.got, r), append(d.text, string(body))
		w.WriteHeader(d.code)
	}))
	t.Cleanup(srv.Close)
	d.url = srv.URL
	d.s = webhook.New(webhook.Config{People: d.db, Client: outbound.New(outbound.Config{Allow: allow}), URL: "https://wiki.example.com/", Now: func() time.Time { return d.clock }})
	return d
}

func (d *desk) happen(types ...string) {
	d.t.Helper()
	var events []webhook.Event
	for _, what := range types {
		events = append(events, webhook.Event{Type: what, At: d.clock, Data: webhook.Data{Path: "internal/closing/plan", Title: what}})
	}
	d.queue(events)
}

func (d *desk) queue(events []webhook.Event) {
	d.t.Helper()
	b, err := d.s.Prepare(d.t.Context(), "northwind", events)
	require.NoError(d.t, err)
	require.NoError(d.t, d.db.UpdateAttention(d.t.Context(), func(ctx context.Context, conn *sql.Conn) error { return b.Queue(ctx, conn) }))
	b.Done()
}

func (d *desk) send() time.Duration {
	d.t.Helper()
	wait, err := d.s.Send(d.t.Context())
	require.NoError(d.t, err)
	return wait
}

func (d *desk) hook() webhook.Hook {
	d.t.Helper()
	all, err := d.s.List(d.t.Context(), d.admin)
	require.NoError(d.t, err)
	require.Len(d.t, all, 1)
	return all[0]
}

func (d *desk) audited(action string) (out []string) {
	events, _, err := d.db.Audit(d.t.Context(), d.admin, people.AuditFilter{Action: action}, 100, 0)
	require.NoError(d.t, err)
	for _, e := range events {
		out = append(out, e.Detail)
	}
	return out
}

// The example of the Standard Webhooks libraries.
func TestSign(t *testing.T) {
	got, err := webhook.Sign("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", []byte(`{"test": 2432232314}`))
	require.NoError(t, err)
	assert.Equal(t, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=", got)
	_, err = webhook.Sign("whsec_!", "", "", nil)
	assert.Error(t, err)
}

func TestMessages(t *testing.T) {
	d := newDesk(t, local)
	h, secret, err := d.s.Add(t.Context(), d.admin, d.url+"/hook?x=1", "northwind", []string{"page", "fact", "page"})
	require.NoError(t, err)
	assert.Equal(t, []string{"fact", "page"}, h.Events)
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
	require.NoError(t, err)
	assert.Len(t, key, 24)

	d.happen("page.changed", "comment.added", "fact.raised")
	assert.Equal(t, 2, d.hook().Waiting)
	d.send()
	require.Len(t, d.got, 2)
	for i, r := range d.got {
		assert.Equal(t, http.MethodPost, r.Method)
		assert.Equal(t, "/hook?x=1", r.URL.String())
		assert.Equal(t, "application/json", r.Header.Get("Content-Type"))
		want, err := webhook.Sign(secret, r.Header.Get("webhook-id"), r.Header.Get("webhook-timestamp"), []byte(d.text[i]))
		require.NoError(t, err)
		assert.Equal(t, want, r.Header.Get("webhook-signature"))
		assert.Equal(t, "1793610000", r.Header.Get("webhook-timestamp"))
	}
	assert.JSONEq(t, `{"type":"page.changed","timestamp":"2026-11-02T09:00:00Z","data":{"prospect":"northwind","section":"","path":"internal/closing/plan",
		"url":"https://wiki.example.com/p/northwind/internal/closing/plan","title":"page.changed","by":{"name":""}}}`, d.text[0])
	assert.Equal(t, 0, d.hook().Waiting)
	assert.Equal(t, d.clock, d.hook().Sent)

	once := []webhook.Event{{Type: "page.changed", Once: "a"}}
	d.queue(once)
	d.queue(once)
	assert.Equal(t, 1, d.hook().Waiting)

	assert.ErrorIs(t, d.s.Remove(t.Context(), d.member, h.ID), people.ErrForbidden)
	require.NoError(t, d.s.Remove(t.Context(), d.admin, h.ID))
	assert.ErrorIs(t, d.s.Remove(t.Context(), d.admin, h.ID), wiki.ErrNotFound)
	d.send()
	assert.Len(t, d.got, 2)
	assert.Len(t, d.audited("webhook.add"), 1)
	assert.Len(t, d.audited("webhook.remove"), 1)
}

func TestRetries(t *testing.T) {
	d := newDesk(t, local)
	_, _, err := d.s.Add(t.Context(), d.admin, d.url, "", nil)
	require.NoError(t, err)
	d.code = http.StatusInternalServerError
	d.happen("page.changed", "page.deleted")
	assert.Equal(t, 5*time.Second, d.send())
	assert.Equal(t, 5*time.Second, d.send(), "not before its time")
	require.Len(t, d.got, 1, "the second waits for the first")
	assert.Equal(t, "the receiver answered 500", d.hook().Problem)

	d.code, d.clock = http.StatusAccepted, d.clock.Add(5*time.Second)
	d.send()
	require.Len(t, d.got, 3)
	assert.Equal(t, d.got[0].Header.Get("webhook-id"), d.got[1].Header.Get("webhook-id"), "the same message")
	assert.NotEqual(t, d.got[0].Header.Get("webhook-timestamp"), d.got[1].Header.Get("webhook-timestamp"))
	assert.Equal(t, 0, d.hook().Failures)
	assert.Empty(t, d.hook().Problem)

	d.code = http.StatusFound
	d.happen("page.changed")
	tries, began := len(d.got), d.clock
	for range 20 {
		if d.hook().Disabled {
			break
		}
		d.send()
		if h := d.hook(); !h.Disabled {
			d.clock = h.Retry
		}
	}
	assert.True(t, d.hook().Disabled)
	assert.Equal(t, 11, len(d.got)-tries)
	assert.Greater(t, d.clock.Sub(began), 72*time.Hour)
	assert.Equal(t, []string{"the receiver answered 302"}, d.audited("webhook.disable"))
	d.happen("page.changed")
	assert.Equal(t, 0, d.hook().Waiting, "a disabled hook hears nothing")
}

func TestGone(t *testing.T) {
	d := newDesk(t, local)
	_, _, err := d.s.Add(t.Context(), d.admin, d.url, "", nil)
	require.NoError(t, err)
	d.code = http.StatusGone
	d.happen("page.changed")
	d.send()
	assert.True(t, d.hook().Disabled)
	assert.Len(t, d.audited("webhook.disable"), 1)
}

func TestNobodyIsToldInside(t *testing.T) {
	d := newDesk(t, nil)
	_, _, err := d.s.Add(t.Context(), d.admin, d.url, "", nil)
	require.NoError(t, err)
	d.happen("page.changed")
	d.send()
	assert.Empty(t, d.got)
	assert.Contains(t, d.hook().Problem, "not a public address")
}

func TestWhoMayAndWhat(t *testing.T) {
	d := newDesk(t, local)
	_, _, err := d.s.Add(t.Context(), d.member, d.url, "", nil)
	assert.ErrorIs(t, err, people.ErrForbidden)
	_, err = d.s.List(t.Context(), d.member)
	assert.ErrorIs(t, err, people.ErrForbidden)
	for field, in := range map[string][3]string{"url": {"ftp://example.com", "", "page"}, "prospect": {d.url, "nobody", "page"}, "events": {d.url, "", "pages"}} {
		_, _, err := d.s.Add(t.Context(), d.admin, in[0], in[1], []string{in[2]})
		var bad *wiki.Invalid
		require.ErrorAs(t, err, &bad)
		assert.Equal(t, field, bad.Field)
	}
	for range 50 {
		_, _, err := d.s.Add(t.Context(), d.admin, d.url, "", nil)
		require.NoError(t, err)
	}
	var bad *wiki.Invalid
	_, _, err = d.s.Add(t.Context(), d.admin, d.url, "", nil)
	assert.ErrorAs(t, err, &bad)
}

func TestRun(t *testing.T) {
	d := newDesk(t, local)
	_, _, err := d.s.Add(t.Context(), d.admin, d.url, "", nil)
	require.NoError(t, err)
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- d.s.Run(ctx) }()
	d.happen("page.changed")
	assert.Eventually(t, func() bool { d.mu.Lock(); defer d.mu.Unlock(); return len(d.got) == 1 }, 10*time.Second, 5*time.Millisecond)
	stop()
	assert.ErrorIs(t, <-done, context.Canceled)
}

// A receiver that does not answer holds up no other.
func TestAHangingReceiverHoldsUpNobody(t *testing.T) {
	d := newDesk(t, local)
	hangs, release := make(chan struct{}, 100), make(chan struct{})
	bad := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		hangs <- struct{}{}
		<-release
	}))
	defer bad.Close()
	defer close(release)
	_, _, err := d.s.Add(t.Context(), d.admin, bad.URL, "", nil)
	require.NoError(t, err)
	_, _, err = d.s.Add(t.Context(), d.admin, d.url, "", nil)
	require.NoError(t, err)
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- d.s.Run(ctx) }()
	received := func() int { d.mu.Lock(); defer d.mu.Unlock(); return len(d.got) }
	d.happen("page.changed")
	<-hangs
	require.Eventually(t, func() bool { return received() == 1 }, 10*time.Second, 5*time.Millisecond)
	for range 45 { // more than a round
		d.happen("page.changed")
	}
	require.Eventually(t, func() bool { return received() == 46 }, 10*time.Second, 5*time.Millisecond, "while the other still hangs")
	waiting := func() map[string]int {
		all, err := d.s.List(t.Context(), d.admin)
		require.NoError(t, err)
		return map[string]int{all[0].URL: all[0].Waiting, all[1].URL: all[1].Waiting}
	}
	require.Eventually(t, func() bool { return waiting()[d.url] == 0 }, 10*time.Second, 5*time.Millisecond)
	stop()
	assert.ErrorIs(t, <-done, context.Canceled)
	assert.Empty(t, hangs, "one message at a time")
	assert.Equal(t, 46, waiting()[bad.URL], "what was cut short waits")
}

func (d *desk) deliveries(hook string) []webhook.Delivery {
	d.t.Helper()
	all, err := d.s.Deliveries(d.t.Context(), d.admin, hook)
	require.NoError(d.t, err)
	return all
}

func TestDeliveriesAreKept(t *testing.T) {
	d := newDesk(t, local)
	h, _, err := d.s.Add(t.Context(), d.admin, d.url+"?key=hidden", "", nil)
	require.NoError(t, err)
	d.code = http.StatusInternalServerError
	d.happen("page.changed")
	d.send()
	d.code, d.clock = http.StatusNoContent, d.clock.Add(5*time.Second)
	d.send()
	all := d.deliveries(h.ID)
	require.Len(t, all, 2)
	assert.Equal(t, []any{204, "", "page.changed", "northwind"}, []any{all[0].Status, all[0].Problem, all[0].Type, all[0].Prospect})
	assert.Equal(t, []any{500, "the receiver answered 500"}, []any{all[1].Status, all[1].Problem})
	assert.Equal(t, all[0].Message, all[1].Message)

	for range 60 {
		d.happen("page.changed")
	}
	for range 4 {
		d.send()
	}
	assert.Len(t, d.deliveries(h.ID), 50, "the last")

	require.NoError(t, d.db.DeleteProspect(t.Context(), d.member, "northwind"))
	assert.Empty(t, d.deliveries(h.ID), "of a prospect that is no more nothing is kept")
	_, err = d.s.Deliveries(t.Context(), d.member, h.ID)
	assert.ErrorIs(t, err, people.ErrForbidden)
	_, err = d.s.Deliveries(t.Context(), d.admin, "wh_x")
	assert.ErrorIs(t, err, wiki.ErrNotFound)
}

func TestTryAndDisable(t *testing.T) {
	d := newDesk(t, local)
	h, secret, err := d.s.Add(t.Context(), d.admin, d.url, "", []string{"page"})
	require.NoError(t, err)
	tried, err := d.s.Try(t.Context(), d.admin, h.ID)
	require.NoError(t, err)
	assert.Equal(t, []any{200, "", webhook.Test, ""}, []any{tried.Status, tried.Problem, tried.Type, tried.Prospect})
	require.Len(t, d.got, 1)
	want, err := webhook.Sign(secret, d.got[0].Header.Get("webhook-id"), d.got[0].Header.Get("webhook-timestamp"), []byte(d.text[0]))
	require.NoError(t, err)
	assert.Equal(t, want, d.got[0].Header.Get("webhook-signature"))

	d.code = http.StatusGone
	tried, err = d.s.Try(t.Context(), d.admin, h.ID)
	require.NoError(t, err)
	assert.Equal(t, "the receiver answered 410", tried.Problem)
	assert.False(t, d.hook().Disabled, "a test changes nothing")

	d.happen("page.changed")
	require.NoError(t, d.s.SetDisabled(t.Context(), d.admin, h.ID, true))
	require.NoError(t, d.s.SetDisabled(t.Context(), d.admin, h.ID, true), "again")
	assert.True(t, d.hook().Disabled)
	assert.Zero(t, d.hook().Waiting)
	d.happen("page.changed")
	d.send()
	assert.Len(t, d.got, 2)
	require.NoError(t, d.s.SetDisabled(t.Context(), d.admin, h.ID, false))
	d.code = http.StatusOK
	d.happen("page.changed")
	d.send()
	assert.Len(t, d.got, 3)
	assert.Len(t, d.audited("webhook.disable"), 1)
	assert.Len(t, d.audited("webhook.enable"), 1)

	_, err = d.s.Try(t.Context(), d.member, h.ID)
	assert.ErrorIs(t, err, people.ErrForbidden)
	assert.ErrorIs(t, d.s.SetDisabled(t.Context(), d.member, h.ID, true), people.ErrForbidden)
	assert.ErrorIs(t, d.s.SetDisabled(t.Context(), d.admin, "wh_x", true), wiki.ErrNotFound)
}

func TestAProblemDoesNotTellTheAddress(t *testing.T) {
	d := newDesk(t, nil)
	h, _, err := d.s.Add(t.Context(), d.admin, d.url+"?key=hidden", "", nil)
	require.NoError(t, err)
	tried, err := d.s.Try(t.Context(), d.admin, h.ID)
	require.NoError(t, err)
	assert.Contains(t, tried.Problem, "not a public address")
	assert.NotContains(t, tried.Problem, "hidden")
}
