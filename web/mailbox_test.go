package web

import (
	"html"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dealwiki/web/inmail"
	"dealwiki/wiki/maillog"
)

func TestTheLogHasAnAddress(t *testing.T) {
	s := newSite(t, func(c *Config) {
		c.Log = maillog.New(maillog.Config{Wiki: c.Wiki})
		c.Mailbox = inmail.New(inmail.Config{Wiki: c.Wiki, People: c.People, Log: c.Log, Domain: "deals.example"})
	})
	dana, vera := s.signedIn(s.dana), s.signedIn(s.vera)
	assert.Contains(t, dana.ok("/p/northwind/log"), "Get an address")
	assert.NotContains(t, vera.ok("/p/northwind/log"), "Get an address")
	assert.Equal(t, http.StatusForbidden, vera.post("/p/northwind/log/address", nil).status)
	assert.Equal(t, http.StatusNotFound, vera.post("/p/secretco/log/address", nil).status)
	assert.Equal(t, http.StatusNotFound, dana.post("/p/playbook/log/address", nil).status)
	require.Equal(t, http.StatusSeeOther, dana.post("/p/northwind/log/address", nil).status)
	first, err := s.web.mailbox.Address(t.Context(), s.as(s.dana), "northwind")
	require.NoError(t, err)
	assert.Contains(t, html.UnescapeString(dana.ok("/p/northwind/log")), first)
	assert.Contains(t, html.UnescapeString(vera.ok("/p/northwind/log")), first, "whoever may read may know it")
	require.Equal(t, http.StatusSeeOther, dana.post("/p/northwind/log/address", nil).status)
	assert.NotContains(t, html.UnescapeString(dana.ok("/p/northwind/log")), first)

	without := newSite(t)
	assert.NotContains(t, without.signedIn(without.dana).ok("/p/northwind/log"), "Mail to this log")
	assert.Equal(t, http.StatusNotFound, without.signedIn(without.dana).post("/p/northwind/log/address", nil).status)
}
