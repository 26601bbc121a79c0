package web

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dealwiki/web/outbound"
	"dealwiki/web/webhook"
)

func TestWebhooksInTheBrowser(t *testing.T) {
	answer := http.StatusNoContent
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(answer) }))
	defer receiver.Close()
	s := newSite(t, func(cfg *Config) {
		cfg.Webhooks = webhook.New(webhook.Config{People: cfg.People, Client: outbound.New(outbound.Config{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}})})
	})
	member := s.signedIn(s.mara)
	assert.Equal(t, http.StatusForbidden, member.get("/admin/webhooks").status)
	assert.Equal(t, http.StatusForbidden, member.post("/admin/webhooks", url.Values{"url": {receiver.URL}, "page": {"on"}}).status)

	b := s.signedIn(s.ada)
	assert.Contains(t, b.ok("/admin/webhooks"), "No program is told what happens")
	bad := b.post("/admin/webhooks", url.Values{"url": {"ftp://example.com"}, "page": {"on"}, "prospect": {""}})
	assert.Equal(t, http.StatusUnprocessableEntity, bad.status)
	assert.Contains(t, bad.body, `value="ftp://example.com"`)
	assert.Regexp(t, `name="page" value="on" checked`, bad.body)
	none := b.post("/admin/webhooks", url.Values{"url": {receiver.URL}, "prospect": {""}})
	assert.Equal(t, http.StatusUnprocessableEntity, none.status)
	assert.Contains(t, none.body, "must be chosen")

	made := b.post("/admin/webhooks", url.Values{"url": {receiver.URL}, "page": {"on"}, "prospect": {"northwind"}})
	require.Equal(t, http.StatusOK, made.status, made.body)
	assert.Contains(t, made.body, "whsec_")
	assert.Equal(t, "no-store", made.header.Get("Cache-Control"))
	page := b.ok("/admin/webhooks")
	assert.NotContains(t, page, "whsec_", "told once")
	at := regexp.MustCompile(`action="(/admin/webhooks/wh_[a-z0-9]+)/test"`).FindStringSubmatch(page)
	require.NotNil(t, at, page)

	follow := func(what string) string {
		a := b.post(at[1]+"/"+what, nil)
		require.Equal(t, http.StatusSeeOther, a.status, what)
		return b.ok(a.header.Get("Location"))
	}
	assert.Contains(t, follow("test"), "The test was taken: the receiver answered 204")
	answer = http.StatusTeapot
	page = follow("test")
	assert.Contains(t, page, "the receiver answered 418")
	assert.Contains(t, page, "webhook.test")
	assert.Contains(t, follow("disable"), "disabled")
	assert.Contains(t, follow("enable"), "is told what happens from now on")
	assert.Equal(t, http.StatusForbidden, member.post(at[1]+"/remove", nil).status)
	assert.Contains(t, follow("remove"), "No program is told what happens")
	assert.Equal(t, http.StatusNotFound, b.post(at[1]+"/test", nil).status)
	assert.Contains(t, b.ok("/admin/audit?action=webhook."), "removed a webhook")
}
