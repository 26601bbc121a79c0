package web

import (
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var linkIn = regexp.MustCompile(`(?:href|src|action)="([^"]*)"`)

// Every address on every page leads somewhere: no door is left out, none is
// spelled wrong, and nothing fails.
func TestEveryLinkLeadsSomewhere(t *testing.T) {
	s := newSite(t)
	b := s.signedIn(s.ada)
	d := s.signedIn(s.dana)
	for _, name := range []string{"sheet.csv", "pic.png", "sound.mp3", "film.mp4", "notes.txt", "mail.eml", "blob.bin", "bad.xlsx"} {
		require.Equal(t, http.StatusSeeOther, d.upload("/p/northwind/files/external", "file", map[string]string{"stage": "closing"}, map[string][]byte{name: []byte("a,b\n1,2\n")}).status)
	}
	s.write("northwind", "external/closing/terms", "# Terms\n\n![pic](files/pic.png) [sheet](files/sheet.csv) [gone](files/gone.png) [[closing/kick-off]] [[#terms]] [out](../../../etc/passwd) [abs](/p/northwind/internal/closing/close-plan)\n")
	require.NoError(t, s.people.Grant(t.Context(), s.as(s.dana), "secretco", s.ada.ID, 2))
	seen := map[string]bool{"/": true}
	queue := []string{"/"}
	for len(queue) > 0 && len(seen) < 3000 {
		path := queue[0]
		queue = queue[1:]
		a := b.get(path)
		require.Less(t, a.status, 500, "%s: %s", path, a.body)
		assert.NotEqual(t, http.StatusBadRequest, a.status, path)
		if a.status == http.StatusNotFound {
			assert.Contains(t, a.body, "does not exist yet", "%s is not there", path)
		}
		if !strings.HasPrefix(a.header.Get("Content-Type"), "text/html") {
			continue
		}
		for _, m := range linkIn.FindAllStringSubmatch(a.body, -1) {
			link := html.UnescapeString(m[1])
			u, err := url.Parse(link)
			require.NoError(t, err, "%s on %s", link, path)
			if u.Scheme == "mailto" || link == "" || strings.HasPrefix(link, "#") {
				continue
			}
			require.True(t, u.Scheme == "" && u.Host == "" && strings.HasPrefix(u.Path, "/"), "%s on %s leads away", link, path)
			u.Fragment = ""
			next := u.String()
			if strings.HasPrefix(m[0], "action=") {
				_, pattern := s.web.mux.Handler(b.request(http.MethodPost, next, nil))
				_, get := s.web.mux.Handler(b.request(http.MethodGet, next, nil))
				assert.False(t, pattern == "/" && get == "/", "%s on %s takes no form", next, path)
				continue
			}
			if !seen[next] {
				seen[next] = true
				queue = append(queue, next)
			}
		}
	}
	assert.Greater(t, len(seen), 150)
	assert.Empty(t, queue)
	for _, must := range []string{"/p/northwind/files/external/closing/pic.png?raw", "/p/northwind/external/closing/kick-off", "/people/dana", "/admin/audit"} {
		assert.True(t, seen[must], must)
	}
	shared := b.ok("/p/northwind/external/closing/terms")
	article, _, _ := strings.Cut(shared[strings.Index(shared, "data-prose"):], "</article>")
	assert.NotContains(t, article, "/internal/", "not even by an address of its own")
	assert.NotContains(t, article, "passwd\"")
}
