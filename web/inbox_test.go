package web

import (
	"net/http"
	"net/url"
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dealwiki/web/notify"
)

func TestInboxInTheBrowser(t *testing.T) {
	var center *notify.Center
	s := newSite(t, func(c *Config) {
		center = notify.New(notify.Config{Wiki: c.Wiki, People: c.People, Handoffs: c.Handoffs})
		c.Notices = center
	})
	t.Cleanup(center.Close)
	center.CatchUp(t.Context())
	b := s.signedIn(s.mara)
	assert.Contains(t, b.ok("/inbox"), "Nothing waits for you")
	s.write("northwind", "internal/closing/close-plan", closePlan+"\nAsk @mara.\n")
	s.write("secretco", "internal/account/overview", "# Hidden overview\n\nAsk @mara.\n")
	center.CatchUp(t.Context())
	page := b.ok("/inbox")
	assert.Contains(t, page, `aria-label="Inbox: 1 unread"`)
	assert.Contains(t, page, "/p/northwind/internal/closing/close-plan")
	assert.NotContains(t, page, "Hidden overview", "nothing of what she may not see")
	id := regexp.MustCompile(`name="id" value="(\d+)"`).FindStringSubmatch(page)[1]

	stranger := s.signedIn(s.vera)
	require.Equal(t, http.StatusSeeOther, stranger.post("/inbox/seen", url.Values{"id": {id}, "seen": {"yes"}}).status)
	assert.Contains(t, b.ok("/inbox"), "1 unread", "nobody reads for somebody else")
	require.Equal(t, http.StatusSeeOther, b.post("/inbox/seen", url.Values{"id": {id}, "seen": {"yes"}}).status)
	assert.Contains(t, b.ok("/inbox"), "Nothing waits for you")
	assert.Contains(t, b.ok("/inbox?show=all"), "Mark unread")
	require.Equal(t, http.StatusSeeOther, b.post("/inbox/seen", url.Values{"id": {id}, "seen": {"no"}}).status)
	b.ok("/p/northwind/internal/closing/close-plan")
	assert.Contains(t, b.ok("/inbox"), "Nothing waits for you", "looking at the page is reading")
	assert.Equal(t, http.StatusNotFound, b.post("/inbox/seen", url.Values{"id": {"x"}}).status)

	require.Equal(t, http.StatusSeeOther, b.post("/p/northwind/watch", url.Values{"watch": {"no"}}).status)
	assert.Contains(t, b.ok("/p/northwind"), "Only what is meant for you")
	assert.Equal(t, http.StatusNotFound, b.post("/p/secretco/watch", url.Values{"watch": {"yes"}}).status)
	assert.Equal(t, http.StatusNotFound, b.post("/p/playbook/watch", url.Values{"watch": {"yes"}}).status)
}
