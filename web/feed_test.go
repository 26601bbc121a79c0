package web

import (
	"context"
	"encoding/xml"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dealwiki/wiki/people"
)

func TestFeeds(t *testing.T) {
	s := newSite(t)
	token := func(p people.Person, scope people.Scope) string {
		secret, _, err := s.people.NewToken(context.Background(), s.as(p), p.ID, "reader", scope, time.Time{})
		require.NoError(t, err)
		return url.QueryEscape(secret)
	}
	s.write("northwind", "internal/closing/close-plan", closePlan+"\n<b>&]]>\n")
	b := s.browser()
	dana, mara := token(s.dana, people.Feed), token(s.mara, people.Feed)
	a := b.get("/feeds/northwind.atom?token=" + dana)
	require.Equal(t, http.StatusOK, a.status, a.body)
	assert.Equal(t, "application/atom+xml; charset=utf-8", a.header.Get("Content-Type"))
	var feed struct {
		Title   string `xml:"title"`
		Entries []struct {
			ID    string `xml:"id"`
			Title string `xml:"title"`
			Link  struct {
				Href string `xml:"href,attr"`
			} `xml:"link"`
		} `xml:"entry"`
	}
	require.NoError(t, xml.Unmarshal([]byte(a.body), &feed))
	assert.Equal(t, "Northwind Rail", feed.Title)
	require.NotEmpty(t, feed.Entries)
	assert.Equal(t, "Close plan", feed.Entries[0].Title)
	assert.True(t, strings.HasSuffix(feed.Entries[0].Link.Href, "/p/northwind/internal/closing/close-plan"))
	ids := map[string]bool{}
	for _, e := range feed.Entries {
		assert.False(t, ids[e.ID], "ids are unique")
		ids[e.ID] = true
	}
	assert.NotContains(t, a.body, dana, "the token is not repeated")
	again := b.request(http.MethodGet, "/feeds/northwind.atom?token="+dana, nil)
	again.Header.Set("If-None-Match", a.header.Get("ETag"))
	assert.Equal(t, http.StatusNotModified, b.do(again).status)

	assert.Contains(t, b.get("/feeds/all.atom?token="+dana).body, "Hidden overview")
	assert.NotContains(t, b.get("/feeds/all.atom?token="+mara).body, "Hidden", "nothing of what she may not see")
	assert.Equal(t, http.StatusNotFound, b.get("/feeds/secretco.atom?token="+mara).status)
	assert.Equal(t, http.StatusNotFound, b.get("/feeds/nothing.atom?token="+mara).status)
	for _, bad := range []string{"", "?token=", "?token=x", "?token=" + token(s.dana, people.Read)} {
		assert.Equal(t, http.StatusUnauthorized, b.get("/feeds/northwind.atom"+bad).status, bad)
	}
	require.Eventually(t, func() bool {
		return strings.Contains(b.get("/feeds/search.atom?q=redlines&token="+dana).body, "close-plan")
	}, 10*time.Second, 20*time.Millisecond)
	assert.Equal(t, http.StatusOK, s.signedIn(s.mara).get("/feeds/northwind.atom").status, "a session reads them too")
	r := b.request(http.MethodGet, "/api/v1/prospects", nil)
	r.Header.Set("Authorization", "Bearer "+dana)
	assert.Equal(t, http.StatusForbidden, b.do(r).status, "the token opens nothing else")
}
