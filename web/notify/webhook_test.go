package notify_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dealwiki/web/notify"
	"dealwiki/web/outbound"
	"dealwiki/web/webhook"
	"dealwiki/wiki"
	"dealwiki/wiki/handoff"
	"dealwiki/wiki/people"
	"dealwiki/wiki/register"
)

// receiver keeps the messages it was sent.
type receiver struct {
	mu   sync.Mutex
	got  []webhook.Data
	what []string
	code int
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	r.mu.Lock()
	defer r.mu.Unlock()
	body, _ := io.ReadAll(req.Body)
	var m struct {
		Type string
		Data webhook.Data
	}
	if json.Unmarshal(body, &m) == nil {
		r.got, r.what = append(r.got, m.Data), append(r.what, m.Type)
	}
	w.WriteHeader(r.code)
}

// take answers the types of what was received since, with their data.
func (r *receiver) take() ([]string, []webhook.Data) {
	r.mu.Lock()
	defer r.mu.Unlock()
	what, got := r.what, r.got
	r.what, r.got = nil, nil
	return what, got
}

func TestProgramsAreToldOfWhatHappens(t *testing.T) {
	d := newDesk(t)
	ctx := t.Context()
	reg, err := register.Open(ctx, d.w, nil)
	require.NoError(t, err)
	defer reg.Close()
	book := handoff.New(d.w, reg)
	ada, err := d.db.Add(ctx, people.System("test"), people.NewPerson{Name: "Ada Stern", Email: "ada@example.com", Role: people.Admin, Job: "manager"})
	require.NoError(t, err)
	_, err = d.db.Add(ctx, people.System("test"), people.NewPerson{Name: "Otto Lind", Email: "otto@example.com", Role: people.Admin, Job: "manager"})
	require.NoError(t, err)
	admin := people.Caller{Person: ada, Scopes: people.AllScopes, Via: "session"}
	rec := &receiver{code: http.StatusNoContent}
	srv := httptest.NewServer(rec)
	defer srv.Close()
	sender := webhook.New(webhook.Config{People: d.db, URL: "https://wiki.example.com", Now: func() time.Time { return d.clock },
		Client: outbound.New(outbound.Config{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}})})
	d.c.Close()
	d.c = notify.New(notify.Config{Wiki: d.w, People: d.db, Handoffs: book, Webhooks: sender})
	_, _, err = sender.Add(ctx, admin, srv.URL, "", nil)
	require.NoError(t, err)
	round := func() ([]string, []webhook.Data) {
		d.c.CatchUp(ctx)
		_, err := sender.Send(ctx)
		require.NoError(t, err)
		return rec.take()
	}
	round()

	d.edit(d.dana, "internal/closing/plan", "# Plan\n\n> [!commitment] We deliver in March @tom ^c-1\n")
	what, got := round()
	require.Equal(t, []string{"page.created", "fact.raised"}, what)
	assert.Equal(t, "northwind", got[0].Prospect)
	assert.Equal(t, "https://wiki.example.com/p/northwind/internal/closing/plan", got[0].URL)
	assert.Equal(t, webhook.By{ID: d.dana.Person.ID, Name: "Dana Reyes"}, got[0].By)
	assert.Equal(t, "Plan", got[0].Title)
	assert.Equal(t, "internal/closing/plan#c-1", got[1].Path)
	assert.Equal(t, []string{"c-1", "commitment", "open"}, []string{got[1].ID, got[1].Kind, got[1].State})
	what, _ = round()
	assert.Empty(t, what, "once")

	d.edit(d.tom, "internal/closing/plan", "# Plan\n\n> [!commitment] We deliver in March @tom status:done ^c-1\n")
	what, got = round()
	require.Equal(t, []string{"page.changed", "fact.changed"}, what)
	assert.Equal(t, "done", got[1].State)

	d.edit(d.tom, "internal/closing/plan", "# Plan\n\nNothing.\n")
	what, _ = round()
	assert.Equal(t, []string{"page.changed", "fact.removed"}, what)

	// More than ten thousand waiting messages would disable whoever listens.
	d.edit(d.tom, "internal/closing/flood", "# Flood\n\n"+strings.Repeat("- [ ] step\n", 12_000))
	what, _ = round()
	assert.Equal(t, []string{"page.created"}, what, "one message stands for very many facts")

	side, err := d.sp.Side(wiki.Internal)
	require.NoError(t, err)
	from, to := wiki.Place{Section: wiki.Internal, Stage: "closing", Page: "plan"}, wiki.Place{Section: wiki.Internal, Stage: "closing", Page: "new-plan"}
	_, err = side.Move(ctx, d.dana, from, to)
	require.NoError(t, err)
	what, got = round()
	require.Equal(t, []string{"page.moved"}, what)
	assert.Equal(t, []string{"internal/closing/plan", "internal/closing/new-plan"}, []string{got[0].From, got[0].Path})

	guest, token, err := d.db.InviteGuest(ctx, d.dana, people.NewGuest{Prospect: "northwind", Name: "Ingrid Solberg", Email: "ingrid@customer.example", Role: people.GuestViewer})
	require.NoError(t, err)
	tell := func() ([]string, []webhook.Data) {
		require.NoError(t, d.c.TellGuests(ctx))
		return round()
	}
	what, _ = tell()
	assert.Empty(t, what, "invited is not yet there")
	_, _, err = d.db.JoinAsGuest(ctx, people.Caller{}, token, "")
	require.NoError(t, err)
	what, got = tell()
	require.Equal(t, []string{"guest.joined"}, what)
	assert.Equal(t, []string{guest, "Ingrid Solberg", "external", "guests"}, []string{got[0].ID, got[0].Title, got[0].Section, got[0].Path})
	require.NoError(t, d.db.RevokeGuest(ctx, d.dana, "northwind", guest))
	what, got = tell()
	require.Equal(t, []string{"guest.revoked"}, what, "and nothing twice")
	assert.Equal(t, "Dana Reyes", got[0].By.Name)

	// What the maker may not see is not told, nor what was queued before.
	d.edit(d.dana, "internal/closing/new-plan", "# Plan\n\nSecret.\n")
	d.c.CatchUp(ctx)
	_, err = d.db.Update(ctx, people.System("test"), ada.ID, people.Patch{Role: ptr(people.Member)})
	require.NoError(t, err)
	what, _ = round()
	assert.Empty(t, what)
	d.edit(d.dana, "internal/closing/new-plan", "# Plan\n\nMore secret.\n")
	what, _ = round()
	assert.Empty(t, what)
}

func ptr[T any](v T) *T { return &v }
