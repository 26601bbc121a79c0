package web

import (
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dealwiki/web/notify"
	"dealwiki/wiki/people"
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

	// What has only changed stands below, by prospect and day, and rings no bell.
	require.Equal(t, http.StatusSeeOther, b.post("/p/northwind/watch", url.Values{"watch": {"yes"}}).status)
	s.write("northwind", "internal/closing/risks", "# Risks\n\nOne.\n")
	s.write("northwind", "internal/closing/terms", "# Terms\n\nNet 30.\n")
	center.CatchUp(t.Context())
	page = b.ok("/inbox")
	assert.Contains(t, page, `aria-label="Inbox: 1 unread"`)
	_, changes, _ := strings.Cut(page, "What has changed")
	assert.Contains(t, changes, "</strong></a> 2 pages")
	ids := url.Values{"seen": {"yes"}}
	ids.Set("id", regexp.MustCompile(`name="id" value="(\d+ \d+)"`).FindStringSubmatch(changes)[1])
	require.Equal(t, http.StatusSeeOther, b.post("/inbox/seen", ids).status)
	assert.NotContains(t, b.ok("/inbox"), "What has changed")

	stranger := s.signedIn(s.vera)
	require.Equal(t, http.StatusNotFound, stranger.post("/inbox/seen", url.Values{"id": {id}, "seen": {"yes"}}).status)
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

func TestInboxCalls(t *testing.T) {
	var center *notify.Center
	s := newSite(t, func(c *Config) {
		center = notify.New(notify.Config{Wiki: c.Wiki, People: c.People})
		c.Notices = center
	})
	t.Cleanup(center.Close)
	center.CatchUp(t.Context())
	mara, reader, other := s.program(s.mara, people.Write), s.program(s.mara, people.Read), s.program(s.vera, people.Write)
	s.write("northwind", "internal/closing/close-plan", closePlan+"\nAsk @mara.\n")
	s.write("secretco", "internal/account/overview", "# Hidden overview\n\nAsk @mara.\n")
	center.CatchUp(t.Context())
	a := mara.call("GET", "/inbox?unread=true", "")
	require.Equal(t, http.StatusOK, a.status, a.body)
	list := decode[Listing[apiNotice]](t, a).Items
	require.Len(t, list, 1, "nothing of what she may not see")
	assert.Equal(t, []string{"mention", "northwind", "/p/northwind/internal/closing/close-plan", "named you on"}, []string{list[0].Kind, list[0].Prospect, list[0].URL, list[0].Did})
	at := "/inbox/" + strconv.FormatInt(list[0].ID, 10)
	assert.Equal(t, http.StatusForbidden, reader.call("PATCH", at, `{"seen":true}`).status)
	assert.Equal(t, http.StatusForbidden, reader.call("POST", "/inbox/seen", `{"upto":1000}`).status)
	assert.Equal(t, http.StatusNotFound, other.call("PATCH", at, `{"seen":true}`).status)
	require.Equal(t, http.StatusNoContent, mara.call("PATCH", at, `{"seen":true}`).status)
	assert.Empty(t, decode[Listing[apiNotice]](t, mara.call("GET", "/inbox?unread=true", "")).Items)
	assert.Len(t, decode[Listing[apiNotice]](t, reader.call("GET", "/inbox", "")).Items, 1)
	require.Equal(t, http.StatusNoContent, mara.call("PATCH", at, `{"seen":false}`).status)
	require.Equal(t, http.StatusNoContent, mara.call("POST", "/inbox/seen", `{"upto":1000}`).status)
	assert.Empty(t, decode[Listing[apiNotice]](t, mara.call("GET", "/inbox?unread=true", "")).Items)
}
