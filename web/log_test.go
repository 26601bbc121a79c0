package web

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const aMail = "Message-ID: <one@northwind.example>\r\nFrom: Ingrid <ingrid@northwind.example>\r\nTo: dana@fairlead.example\r\nDate: Thu, 12 Nov 2026 14:20:00 +0100\r\nSubject: Dates for the pilot\r\n" +
	"Content-Type: multipart/mixed; boundary=xx\r\n\r\n--xx\r\nContent-Type: text/plain\r\n\r\nWe need March. Yyzzy.\r\n--xx\r\nContent-Type: text/html; name=run.html\r\nContent-Disposition: attachment; filename=\"run.html\"\r\n\r\n<script>alert(1)</script>\r\n--xx--\r\n"

func TestLogInTheBrowser(t *testing.T) {
	s := newSite(t)
	b := s.signedIn(s.dana)
	page := b.ok("/p/northwind/log")
	assert.Contains(t, page, "Nothing here yet")
	assert.Contains(t, b.ok("/p/northwind"), `data-log-at="/p/northwind/log"`, "L goes there from anywhere in the space")

	a := b.post("/p/northwind/log", url.Values{"title": {"Call with Ingrid"}, "kind": {"call"}, "date": {"2026-11-02"}, "people": {"Ingrid, Tom"}, "text": {"She wants **March**.\r\n"}, "section": {"internal"}})
	require.Equal(t, http.StatusSeeOther, a.status, a.body)
	page = b.ok("/p/northwind/log")
	assert.Contains(t, page, "/p/northwind/internal/log/2026-11-02-call-with-ingrid")
	assert.Contains(t, page, "Ingrid, Tom")
	assert.Contains(t, b.ok("/p/northwind/internal/log/2026-11-02-call-with-ingrid"), "<strong>March</strong>")

	a = b.post("/p/northwind/log", url.Values{"title": {""}, "kind": {"call"}, "date": {"soon"}, "people": {"Ingrid"}, "text": {"kept"}, "section": {"external"}})
	assert.Equal(t, http.StatusUnprocessableEntity, a.status)
	assert.Contains(t, a.body, "kept", "what was typed is still there")

	a = b.upload("/p/northwind/log/mail", "file", map[string]string{"section": "external"}, map[string][]byte{"a.eml": []byte(aMail)})
	require.Equal(t, http.StatusSeeOther, a.status, a.body)
	page = b.ok("/p/northwind/log?side=external")
	assert.Contains(t, page, "Dates for the pilot")
	assert.NotContains(t, page, "Ingrid, Tom")
	a = b.upload("/p/northwind/log/mail", "file", nil, map[string][]byte{"a.eml": []byte(aMail)})
	require.Equal(t, http.StatusSeeOther, a.status, a.body)
	assert.Contains(t, b.ok("/p/northwind/log"), "This mail was in the log already.")
	assert.Contains(t, b.ok("/p/northwind/external/log/2026-11-12-dates-for-the-pilot"), "We need March.")
	file := b.get("/p/northwind/files/external/log/run.html?raw")
	assert.Equal(t, "application/octet-stream", file.header.Get("Content-Type"), "what could run is a plain download")
	assert.True(t, strings.HasPrefix(file.header.Get("Content-Disposition"), "attachment"))

	assert.Equal(t, http.StatusUnprocessableEntity, b.upload("/p/northwind/log/mail", "file", nil, map[string][]byte{"a.eml": []byte("no mail")}).status)
	assert.Equal(t, http.StatusBadRequest, b.upload("/p/northwind/log/mail", "file", nil, nil).status)
	assert.Contains(t, b.ok("/p/northwind/log?template=internal-log-call"), "What they said", "the playbook's template")
	assert.Equal(t, http.StatusNotFound, b.get("/p/playbook/log").status)

	vera := s.signedIn(s.vera)
	assert.NotContains(t, vera.ok("/p/northwind/log"), "Add to the log", "a viewer only reads")
	assert.Equal(t, http.StatusForbidden, vera.post("/p/northwind/log", url.Values{"title": {"x"}, "kind": {"call"}}).status)
	assert.Equal(t, http.StatusForbidden, vera.upload("/p/northwind/log/mail", "file", nil, map[string][]byte{"a.eml": []byte(aMail)}).status)
	assert.Equal(t, http.StatusNotFound, vera.get("/p/secretco/log").status)
	assert.Equal(t, http.StatusNotFound, vera.post("/p/secretco/log", url.Values{"title": {"x"}}).status)
}

func TestLogOfPrograms(t *testing.T) {
	s := newSite(t)
	b := s.signedIn(s.dana)
	send := func(path, kind, body string) answer {
		r := b.request(http.MethodPost, path, strings.NewReader(body))
		r.Header.Set("Content-Type", kind)
		r.Header.Set("Sec-Fetch-Site", "same-origin")
		return b.do(r)
	}
	const at = "/api/v1/prospects/northwind/log"
	a := send(at, "application/json", `{"title":"Kick-off","kind":"meeting","date":"2026-11-03","people":["Ingrid"],"section":"external"}`)
	require.Equal(t, http.StatusCreated, a.status, a.body)
	assert.Contains(t, a.body, `"place":"external/log/2026-11-03-kick-off"`)
	a = send(at, "message/rfc822", aMail)
	require.Equal(t, http.StatusCreated, a.status, a.body)
	assert.Contains(t, a.body, `"message_id":"one@northwind.example"`)
	a = send(at+"?section=external", "message/rfc822", aMail)
	require.Equal(t, http.StatusOK, a.status, a.body)
	assert.Contains(t, a.body, `"known":true`)
	assert.Contains(t, a.body, `"section":"internal"`)
	for body, status := range map[string]int{`{"title":""}`: 422, `{"title":"x","date":"x"}`: 422, `{"titel":"x"}`: 400, `{`: 400, `{"title":"a"}{}`: 400, ``: 400} {
		assert.Equal(t, status, send(at, "application/json", body).status, body)
	}
	assert.Equal(t, http.StatusUnprocessableEntity, send(at, "message/rfc822", "hello").status)
	assert.Equal(t, http.StatusUnsupportedMediaType, send(at, "text/plain", "hello").status)
	assert.Equal(t, http.StatusNotFound, send("/api/v1/prospects/playbook/log", "application/json", `{"title":"x"}`).status)
	list := b.ok(at)
	assert.Less(t, strings.Index(list, "Dates for the pilot"), strings.Index(list, "Kick-off"), "the newest first")
	assert.NotContains(t, b.ok(at+"?kind=mail"), "Kick-off")
	assert.Equal(t, http.StatusNotFound, s.signedIn(s.vera).get("/api/v1/prospects/secretco/log").status)
}
