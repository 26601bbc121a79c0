package web

import (
	"context"
	"net/http"
	"net/mail"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	gomail "github.com/wneessen/go-mail"

	"dealwiki/web/notify"
)

// outbox keeps letters.
type outbox struct{ letters []*gomail.Msg }

func (o *outbox) Send(_ context.Context, m *gomail.Msg) error {
	o.letters = append(o.letters, m)
	return nil
}

func TestMailInTheBrowser(t *testing.T) {
	var center *notify.Center
	out := &outbox{}
	s := newSite(t, func(c *Config) {
		center = notify.New(notify.Config{Wiki: c.Wiki, People: c.People, Mail: &notify.Mail{From: mail.Address{Address: "wiki@fairlead.example"}, Sender: out, URL: "https://wiki.fairlead.example"}})
		c.Notices = center
	})
	t.Cleanup(center.Close)
	center.CatchUp(t.Context())
	b := s.signedIn(s.mara)
	assert.Regexp(t, `value="daily" checked`, b.ok("/settings"))
	require.Equal(t, http.StatusSeeOther, b.post("/settings/mail", url.Values{"mail": {"once"}, "zone": {"Europe/Berlin"}}).status)
	assert.Regexp(t, `value="once" checked`, b.ok("/settings"))
	assert.Contains(t, b.ok("/settings"), `value="Europe/Berlin"`)
	assert.Equal(t, http.StatusUnprocessableEntity, b.post("/settings/mail", url.Values{"mail": {"often"}}).status)
	assert.Equal(t, http.StatusUnprocessableEntity, b.post("/settings/mail", url.Values{"mail": {"once"}, "zone": {"Mars/Base"}}).status)

	s.write("northwind", "internal/closing/close-plan", closePlan+"\nAsk @mara.\n")
	center.CatchUp(t.Context())
	require.NoError(t, center.Deliver(t.Context()))
	require.Len(t, out.letters, 1)
	var raw strings.Builder
	_, err := out.letters[0].WriteTo(&raw)
	require.NoError(t, err)
	m, err := mail.ReadMessage(strings.NewReader(raw.String()))
	require.NoError(t, err)
	link := strings.Trim(strings.Join(strings.Fields(m.Header.Get("List-Unsubscribe")), ""), "<>")
	path := strings.TrimPrefix(link, "https://wiki.fairlead.example")
	require.True(t, strings.HasPrefix(path, "/unsubscribe/"), link)

	// Looking at it ends nothing; without a session it is the same.
	page, err := http.Get(s.server.URL + path)
	require.NoError(t, err)
	require.NoError(t, page.Body.Close())
	assert.Equal(t, http.StatusOK, page.StatusCode)
	assert.Equal(t, "no-store", page.Header.Get("Cache-Control"))
	assert.Regexp(t, `value="once" checked`, b.ok("/settings"))
	bad, err := http.PostForm(s.server.URL+path+"x", url.Values{"List-Unsubscribe": {"One-Click"}})
	require.NoError(t, err)
	require.NoError(t, bad.Body.Close())
	assert.Equal(t, http.StatusNotFound, bad.StatusCode)
	done, err := http.PostForm(s.server.URL+path, url.Values{"List-Unsubscribe": {"One-Click"}})
	require.NoError(t, err)
	require.NoError(t, done.Body.Close())
	assert.Equal(t, http.StatusOK, done.StatusCode)
	assert.Regexp(t, `value="none" checked`, b.ok("/settings"))
}

func TestWithoutMailThereIsNothingToChoose(t *testing.T) {
	s := newSite(t)
	b := s.signedIn(s.mara)
	assert.NotContains(t, b.ok("/settings"), "/settings/mail")
	assert.Equal(t, http.StatusNotFound, b.post("/settings/mail", url.Values{"mail": {"once"}}).status)
	assert.Equal(t, http.StatusNotFound, b.get("/unsubscribe/x").status)
}
