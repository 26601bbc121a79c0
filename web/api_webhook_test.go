package web

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dealwiki/web/outbound"
	"dealwiki/web/webhook"
	"dealwiki/wiki/people"
)

func TestWebhookCalls(t *testing.T) {
	s := newSite(t, func(cfg *Config) {
		cfg.Webhooks = webhook.New(webhook.Config{People: cfg.People, Client: outbound.New(outbound.Config{})})
	})
	admin, write, dana := s.program(s.ada, people.AllScopes), s.program(s.ada, people.Write), s.program(s.dana, people.AllScopes)
	body := `{"url":"https://127.0.0.1/x","events":["page","handoff"],"prospect":"northwind"}`
	for _, refused := range []struct{ method, path, body string }{{"GET", "/webhooks", ""}, {"POST", "/webhooks", body}, {"DELETE", "/webhooks/wh_1", ""}, {"PATCH", "/webhooks/wh_1", `{"disabled":true}`}, {"POST", "/webhooks/wh_1/test", ""}, {"GET", "/webhooks/wh_1/deliveries", ""}} {
		assert.Equal(t, http.StatusForbidden, dana.call(refused.method, refused.path, refused.body).status, refused)
		assert.Equal(t, http.StatusForbidden, write.call(refused.method, refused.path, refused.body).status, refused)
	}
	a := admin.call("POST", "/webhooks", body)
	require.Equal(t, http.StatusCreated, a.status, a.body)
	made := decode[apiWebhook](t, a)
	assert.Regexp(t, `^whsec_[A-Za-z0-9+/]{32}$`, made.Secret)
	assert.Equal(t, []string{"handoff", "page"}, made.Events)

	a = admin.call("GET", "/webhooks", "")
	list := decode[Listing[apiWebhook]](t, a)
	require.Len(t, list.Items, 1)
	assert.NotContains(t, a.body, "whsec_", "told once")
	assert.Equal(t, made.ID, list.Items[0].ID)
	for _, bad := range []string{`{"url":"file:///etc/passwd"}`, `{"url":"https://a:b@example.com"}`, `{"url":"https://example.com","events":["pages"]}`, `{"url":"https://example.com","prospect":"nobody"}`} {
		assert.Equal(t, http.StatusUnprocessableEntity, admin.call("POST", "/webhooks", bad).status, bad)
	}
	a = admin.call("POST", "/webhooks/"+made.ID+"/test", "")
	require.Equal(t, http.StatusOK, a.status, a.body)
	assert.NotEmpty(t, decode[apiDelivery](t, a).Problem, "there is no such host")
	a = admin.call("GET", "/webhooks/"+made.ID+"/deliveries", "")
	assert.Len(t, decode[Listing[apiDelivery]](t, a).Items, 1)
	assert.Equal(t, http.StatusNoContent, admin.call("PATCH", "/webhooks/"+made.ID, `{"disabled":true}`).status)
	assert.Contains(t, admin.call("GET", "/webhooks", "").body, `"disabled":true`)
	assert.Equal(t, http.StatusNoContent, admin.call("DELETE", "/webhooks/"+made.ID, "").status)
	assert.Equal(t, http.StatusNotFound, admin.call("DELETE", "/webhooks/"+made.ID, "").status)
}
