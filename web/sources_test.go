package web

import (
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dealwiki/wiki"
	"dealwiki/wiki/maillog"
	"dealwiki/wiki/people"
	"dealwiki/wiki/source"
)

// outside answers every request the same.
type outside struct {
	status int
	body   string
}

func (o *outside) Do(*http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: o.status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(o.body))}, nil
}

const someNews = `<rss version="2.0"><channel><title>N</title><item><guid>1</guid><title>Depot &lt;script&gt;alert(1)&lt;/script&gt; opens</title><link>https://news.example/1?a=1&amp;b=2</link><description>&lt;img src=x onerror=alert(1)&gt;On Monday.</description><pubDate>Thu, 12 Nov 2026 10:00:00 GMT</pubDate></item><item><guid>2</guid><title>Fares rise</title><link>javascript:alert(1)</link><pubDate>Wed, 11 Nov 2026 10:00:00 GMT</pubDate></item></channel></rss>`

func newSourceSite(t *testing.T) (*site, *source.Book, *outside) {
	news := &outside{200, someNews}
	var book *source.Book
	s := newSite(t, func(c *Config) {
		c.Log = maillog.New(maillog.Config{Wiki: c.Wiki})
		book = source.New(source.Config{Wiki: c.Wiki, People: c.People, Log: c.Log, Client: news, Chance: func() float64 { return 0.5 }})
		c.Sources = book
	})
	return s, book, news
}

func TestSourcesAreSetUp(t *testing.T) {
	s, book, news := newSourceSite(t)
	ada, dana := s.signedIn(s.ada), s.signedIn(s.dana)
	assert.Contains(t, ada.ok("/playbook"), `href="/playbook/sources"`)
	assert.NotContains(t, dana.ok("/playbook"), `href="/playbook/sources"`)
	for _, at := range []string{"/playbook/sources", "/playbook/sources/text"} {
		assert.Equal(t, http.StatusForbidden, dana.get(at).status, at)
		assert.Equal(t, http.StatusForbidden, dana.post(at, url.Values{"do": {"save"}, "sources": {"0"}, "text": {"sources: []"}}).status, at)
	}
	page := ada.ok("/playbook/sources")
	assert.Contains(t, page, "No sources yet")
	a := ada.post("/playbook/sources", url.Values{"do": {"add"}, "sources": {"0"}})
	require.Equal(t, http.StatusOK, a.status)
	assert.Contains(t, a.body, "A new source")

	typed := url.Values{"do": {"save"}, "sources": {"1"}, "s0-name": {"News"}, "s0-where": {"ftp://news.example"}, "s0-kind": {"feed"}, "s0-every": {"6h"}}
	a = ada.post("/playbook/sources", typed)
	assert.Equal(t, http.StatusUnprocessableEntity, a.status)
	assert.Contains(t, a.body, "This is not an address such as")
	assert.Contains(t, a.body, "ftp://news.example", "what was typed is still there")
	typed.Set("s0-where", "https://news.example/rss?q={prospect}")
	typed.Set("do", "try-0")
	typed.Set("for", "northwind")
	a = ada.post("/playbook/sources", typed)
	require.Equal(t, http.StatusOK, a.status, a.body)
	assert.Contains(t, a.body, "Fares rise")
	news.status = 500
	assert.Contains(t, ada.post("/playbook/sources", typed).body, "It answers 500.")
	news.status = 200
	typed.Set("for", "secretco")
	assert.Equal(t, http.StatusNotFound, ada.post("/playbook/sources", typed).status, "nothing is asked for what one does not see")
	typed.Set("do", "save")
	a = ada.post("/playbook/sources", typed)
	require.Equal(t, http.StatusSeeOther, a.status, a.body)
	set, err := book.Settings(t.Context())
	require.NoError(t, err)
	require.Len(t, set.Sources, 1)
	assert.Equal(t, "news", set.Sources[0].Key)

	text := ada.ok("/playbook/sources/text")
	assert.Contains(t, text, "{prospect} is replaced", "the comments are kept")
	a = ada.post("/playbook/sources/text", url.Values{"text": {"sources:\n  - name: A\n    link: x\n"}})
	assert.Equal(t, http.StatusUnprocessableEntity, a.status)
	assert.Contains(t, a.body, "line 3: link is no setting here")
	typed.Set("base", "older")
	assert.Equal(t, http.StatusConflict, ada.post("/playbook/sources", typed).status)
	assert.Equal(t, http.StatusConflict, ada.post("/playbook/sources/text", url.Values{"text": {"sources: []"}, "base": {"older"}}).status)
	for _, bad := range []url.Values{{"do": {"save"}}, {"do": {"remove-7"}, "sources": {"1"}}, {"do": {"try-x"}, "sources": {"1"}}, {"sources": {"9999"}}} {
		assert.Equal(t, http.StatusBadRequest, ada.post("/playbook/sources", bad).status, "%v", bad)
	}
	a = ada.post("/playbook/sources/text", url.Values{"text": {"sources: []\n"}})
	require.Equal(t, http.StatusSeeOther, a.status, a.body)
}

func TestSourcesInTheBrowser(t *testing.T) {
	s, book, news := newSourceSite(t)
	ada, dana, vera := s.signedIn(s.ada), s.signedIn(s.dana), s.signedIn(s.vera)
	assert.Contains(t, dana.ok("/p/northwind/sources"), "No outside sources yet")
	before, err := book.SettingsText(t.Context(), s.as(s.ada))
	require.NoError(t, err)
	require.NoError(t, book.SetSettings(t.Context(), s.as(s.ada), before, []byte("sources:\n  - {name: News, url: 'https://news.example/rss?q={prospect}'}\n  - {name: Odd, url: 'https://odd.example/', kind: json}\n")))
	_, err = book.AskDue(t.Context())
	require.NoError(t, err)

	assert.Contains(t, dana.ok("/p/northwind/internal/closing/close-plan"), `<span class="nav-text">Sources</span><span class="count">2</span>`)
	page := dana.ok("/p/northwind/sources")
	assert.Contains(t, page, "Depot opens")
	assert.NotContains(t, page, "alert(1)")
	assert.NotContains(t, page, "javascript:")
	assert.Contains(t, page, "https://news.example/1?a=1&amp;b=2")
	assert.Contains(t, page, "2 new")
	assert.Contains(t, page, "is not JSON that can be read", "who fails, since when and why")
	assert.NotContains(t, dana.ok("/p/northwind/internal/closing/close-plan"), `Sources</span><span class="count">`, "they were seen")

	items, _, err := book.Inbox(t.Context(), s.as(s.dana), "northwind", source.Filter{})
	require.NoError(t, err)
	keep, dismiss := "/p/northwind/sources/1/keep", "/p/northwind/sources/1/dismiss"
	if items[0].ID == 2 {
		keep = "/p/northwind/sources/2/keep"
	}
	for range 2 {
		a := dana.post(keep, nil)
		require.Equal(t, http.StatusSeeOther, a.status, a.body)
	}
	assert.Contains(t, dana.ok("/p/northwind/log"), "Depot opens")
	assert.Contains(t, dana.ok("/p/northwind/internal/log/2026-11-12-depot-opens"), "On Monday.")
	assert.Contains(t, dana.ok("/p/northwind/sources?show=kept"), "/p/northwind/internal/log/2026-11-12-depot-opens")
	require.Equal(t, http.StatusSeeOther, dana.post(dismiss, nil).status)
	assert.Contains(t, dana.ok("/p/northwind/sources"), "Nothing new")
	assert.Contains(t, dana.ok("/p/northwind/sources?show=dismissed&source=news"), "Fares rise")
	require.Equal(t, http.StatusSeeOther, dana.post("/p/northwind/sources/1/back", nil).status)
	assert.Contains(t, dana.ok("/p/northwind/sources?source=news&from=0"), "Fares rise")

	require.Equal(t, http.StatusSeeOther, dana.post("/p/northwind/sources/words", url.Values{"words": {"Nord, Wind"}}).status)
	assert.Contains(t, dana.ok("/p/northwind/sources"), `value="Nord, Wind"`)
	a := dana.post("/p/northwind/sources/words", url.Values{"words": {strings.Repeat("long ", 100)}})
	assert.Equal(t, http.StatusUnprocessableEntity, a.status)

	// Who only reads, who is not there, what is not theirs.
	page = vera.ok("/p/northwind/sources")
	assert.NotContains(t, page, "/keep")
	assert.NotContains(t, page, "/words")
	for _, what := range []string{"1/keep", "1/dismiss", "1/back", "words"} {
		assert.Equal(t, http.StatusForbidden, vera.post("/p/northwind/sources/"+what, url.Values{}).status, what)
		assert.Equal(t, http.StatusNotFound, vera.post("/p/secretco/sources/"+what, url.Values{}).status, what)
	}
	assert.Equal(t, http.StatusNotFound, vera.get("/p/secretco/sources").status)
	assert.Equal(t, http.StatusNotFound, dana.get("/p/playbook/sources").status)
	for _, odd := range []string{"99/keep", "x/keep", "-1/keep", "1/eat", "99/dismiss"} {
		assert.Equal(t, http.StatusNotFound, dana.post("/p/northwind/sources/"+odd, nil).status, odd)
	}
	_ = news

	// A sources.yaml that cannot be read is told, and mended as text.
	sp, err := s.wiki.Space(t.Context(), s.as(s.ada), wiki.Playbook)
	require.NoError(t, err)
	_, err = sp.Transact(t.Context(), s.as(s.ada), people.Editor, func(tx *wiki.Transaction) (string, error) {
		return "Break the sources", tx.Write("sources.yaml", []byte("sources: [\n"))
	})
	require.NoError(t, err)
	assert.Contains(t, dana.ok("/p/northwind/sources"), "No source is asked")
	assert.Contains(t, ada.ok("/playbook/sources"), "The sources as text")
}

func TestSourcesOfPrograms(t *testing.T) {
	s, book, _ := newSourceSite(t)
	require.NoError(t, book.SetSettings(t.Context(), s.as(s.ada), mustText(t, book, s), []byte("sources:\n  - {name: News, url: 'https://news.example/rss?q={prospect}'}\n")))
	_, err := book.AskDue(t.Context())
	require.NoError(t, err)
	dana, vera := s.program(s.dana, people.AllScopes), s.program(s.vera, people.AllScopes)
	type list struct {
		Items []APISourceItem
		Next  *string
	}
	got := decode[list](t, dana.call("GET", "/prospects/northwind/sources?limit=1", ""))
	require.Len(t, got.Items, 1)
	require.NotNil(t, got.Next)
	assert.Equal(t, "Depot opens", got.Items[0].Title)
	assert.True(t, got.Items[0].Unread)
	rest := decode[list](t, dana.call("GET", "/prospects/northwind/sources?limit=1&cursor="+*got.Next, ""))
	require.Len(t, rest.Items, 1)
	health := dana.call("GET", "/prospects/northwind/sources/health", "")
	assert.Contains(t, health.body, `"key":"news"`)
	at := "/prospects/northwind/sources/" + got.Items[0].ID
	assert.Equal(t, http.StatusForbidden, vera.call("POST", at+"/keep", "").status)
	a := dana.call("POST", at+"/keep", "")
	require.Equal(t, http.StatusCreated, a.status, a.body)
	a = dana.call("POST", at+"/keep", "")
	require.Equal(t, http.StatusOK, a.status, a.body)
	assert.Contains(t, a.body, `"known":true`)
	at = "/prospects/northwind/sources/" + rest.Items[0].ID
	assert.Equal(t, http.StatusForbidden, vera.call("POST", at+"/dismiss", "").status)
	assert.Equal(t, http.StatusNoContent, dana.call("POST", at+"/dismiss", "").status)
	assert.Contains(t, dana.call("GET", "/prospects/northwind/sources?state=dismissed", "").body, "Fares rise")
	assert.Equal(t, http.StatusNoContent, dana.call("POST", at+"/dismiss?back=true", "").status)
	for _, at := range []string{"/prospects/secretco/sources", "/prospects/secretco/sources/health", "/prospects/playbook/sources"} {
		assert.Equal(t, http.StatusNotFound, vera.call("GET", at, "").status, at)
	}
	assert.Equal(t, http.StatusNotFound, dana.call("POST", "/prospects/northwind/sources/99/keep", "").status)
	assert.Equal(t, http.StatusBadRequest, dana.call("POST", "/prospects/northwind/sources/0/keep", "").status)
	assert.Equal(t, http.StatusBadRequest, dana.call("GET", "/prospects/northwind/sources?state=odd", "").status)
}

func mustText(t *testing.T, book *source.Book, s *site) []byte {
	text, err := book.SettingsText(t.Context(), s.as(s.ada))
	require.NoError(t, err)
	return text
}
