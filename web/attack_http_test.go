package web

import (
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dealwiki/wiki/people"
)

// raw sends bytes as they are and answers all that comes back until the server
// ends the connection.
func (s *site) raw(sent string) string {
	s.t.Helper()
	c, err := net.Dial("tcp", s.server.Listener.Addr().String())
	require.NoError(s.t, err)
	defer c.Close()
	require.NoError(s.t, c.SetDeadline(time.Now().Add(time.Minute)))
	_, err = io.WriteString(c, sent)
	require.NoError(s.t, err)
	got, err := io.ReadAll(c)
	require.NoError(s.t, err, "the server ends the connection")
	return string(got)
}

// A request whose length can be read in two ways ends its connection: what
// follows is answered to nobody, whoever sent it through which proxy.
func TestRequestsAreNotSmuggled(t *testing.T) {
	s := newSite(t)
	const host, second = "Host: wiki.example.com\r\n", "GET /robots.txt HTTP/1.1\r\nHost: wiki.example.com\r\n\r\n"
	for name, sent := range map[string]string{
		"both lengths":              "POST /sign-in HTTP/1.1\r\n" + host + "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + second,
		"both, the other way round": "POST /api/v1/join/x HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\nContent-Length: 200\r\n\r\n0\r\n\r\n" + second,
		"both, without a body":      "GET /robots.txt HTTP/1.1\r\n" + host + "Content-Length: 64\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + second,
		"two lengths":               "POST /sign-in HTTP/1.1\r\n" + host + "Content-Length: 4\r\nContent-Length: 5\r\n\r\nabcd" + second,
		"no coding":                 "POST /sign-in HTTP/1.1\r\n" + host + "Transfer-Encoding: xchunked\r\n\r\n" + second,
		"space before the colon":    "POST /sign-in HTTP/1.1\r\n" + host + "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n" + second,
		"two hosts":                 "GET /sign-in HTTP/1.1\r\n" + host + "Host: evil.example\r\n\r\n" + second,
	} {
		got := s.raw(sent)
		assert.Equal(t, 1, strings.Count(got, "HTTP/1.1 "), "%s: %s", name, got)

	}
}

// What a request says of its host comes back nowhere when the server knows its
// address, and never in what is said to others.
func TestForgedHosts(t *testing.T) {
	s := newSite(t, func(c *Config) { c.URL = "https://wiki.example.com" })
	for _, path := range []string{"/sign-in", "/settings", "/p/northwind", "/shared/northwind", "/shared/northwind/x/", "/join/x", "/feeds/all.atom", "/api/v1/openapi.json", "/git/northwind/internal.git/info/refs"} {
		got := s.raw("GET " + path + " HTTP/1.1\r\nHost: evil.example\r\nX-Forwarded-Host: evil.example\r\nX-Forwarded-Proto: gopher\r\nForwarded: host=evil.example\r\nX-Forwarded-For: 203.0.113.9\r\nConnection: close\r\n\r\n")
		assert.NotContains(t, got, "evil.example", path)
		assert.NotContains(t, got, "gopher", path)
	}
}

// What somebody joins with can be read in one way only.
func TestJoiningCannotBeReadInTwoWays(t *testing.T) {
	s := newSite(t)
	token, _, err := s.people.NewGuestLink(t.Context(), s.as(s.dana), people.NewGuestLink{Prospect: "northwind", Asks: people.AsksName})
	require.NoError(t, err)
	join := func(body string) int {
		b := s.browser()
		r := b.request(http.MethodPost, "/api/v1/join/"+token, strings.NewReader(body))
		r.Header.Set("Content-Type", "application/json")
		return b.do(r).status
	}
	for _, body := range []string{`{"name":"A","name":"B"}`, `{"Name":"A","name":"B"}`, `{"name":"A","role":"editor"}`, `{"name":["A"]}`, `["name"]`, `{"name":"\ud800"}`, `{"name":"A"}{}`, `{"name":"A`, strings.Repeat("[", 20_000)} {
		assert.Equal(t, http.StatusBadRequest, join(body), clip(body, 40))
	}
	assert.Equal(t, http.StatusUnprocessableEntity, join(`{}`))
	assert.Equal(t, http.StatusRequestEntityTooLarge, join(`{"name":"`+strings.Repeat("a", 70<<10)+`"}`))
	assert.Equal(t, http.StatusOK, join(`{"name":"Ingrid"}`))
}
