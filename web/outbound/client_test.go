package outbound_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dealwiki/web/outbound"
)

func TestPublic(t *testing.T) {
	for _, a := range []string{"8.8.8.8", "1.1.1.1", "172.32.0.1", "100.128.0.1", "2606:4700::1111", "2a00:1450:4001::1"} {
		assert.True(t, outbound.Public(netip.MustParseAddr(a)), a)
	}
	for _, a := range []string{"0.0.0.0", "10.1.2.3", "100.64.0.1", "100.127.255.255", "127.0.0.1", "127.8.8.8", "169.254.169.254", "172.16.0.1", "172.31.255.255",
		"192.0.0.8", "192.168.1.1", "198.19.0.1", "224.0.0.1", "239.1.1.1", "255.255.255.255", "::", "::1", "::127.0.0.1", "::ffff:127.0.0.1", "::ffff:8.8.8.8",
		"64:ff9b::7f00:1", "64:ff9b::808:808", "64:ff9b:1::1", "100::1", "fc00::1", "fd12::1", "fe80::1", "fe80::1%eth0", "fec0::1", "ff02::1", "2001::1", "2001:db8::1", "2002:7f00:1::", "5f00::1"} {
		assert.False(t, outbound.Public(netip.MustParseAddr(a)), a)
	}
	assert.False(t, outbound.Public(netip.Addr{}))
}

func TestCheck(t *testing.T) {
	for _, a := range []string{"https://example.com/hook", "http://example.com:8080/?q=1"} {
		assert.NoError(t, outbound.Check(a), a)
	}
	for _, a := range []string{"", "example.com", "ftp://example.com", "file:///etc/passwd", "gopher://x", "https://", "http://:80/", "https://me:secret@example.com", "https://example.com/" + strings.Repeat("a", 3000), "http://[::1", "javascript:1"} {
		assert.ErrorIs(t, outbound.Check(a), outbound.ErrRefused, a)
	}
}

func TestNothingPrivateIsReached(t *testing.T) {
	var reached atomic.Int32
	srv := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached.Add(1) }))
	defer srv.Close()
	port := srv.URL[strings.LastIndexByte(srv.URL, ':'):]
	c := outbound.New(outbound.Config{Redirects: 3})
	for _, host := range []string{"127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0", "127.1.1.1", "[::]"} {
		_, err := c.Get("http://" + host + port)
		require.Error(t, err, host)
	}
	_, err := c.Get(srv.URL)
	assert.ErrorIs(t, err, outbound.ErrRefused)
	assert.Zero(t, reached.Load())
}

// Only what is allowed is reached, by redirects too.
func TestRedirects(t *testing.T) {
	var reached atomic.Int32
	inner := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached.Add(1) }))
	defer inner.Close()
	to := ""
	outer := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, to, http.StatusFound) }))
	defer outer.Close()
	allow := []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}
	c := outbound.New(outbound.Config{Redirects: 2, Allow: allow})

	port := inner.URL[strings.LastIndexByte(inner.URL, ':'):]
	for _, to = range []string{"http://127.0.0.2" + port, "file:///etc/passwd", "http://me:secret@127.0.0.1" + port, outer.URL} {
		_, err := c.Get(outer.URL)
		assert.Error(t, err, to)
	}
	assert.Zero(t, reached.Load())
	to = inner.URL
	res, err := c.Get(outer.URL)
	require.NoError(t, err)
	res.Body.Close()
	assert.EqualValues(t, 1, reached.Load())

	res, err = outbound.New(outbound.Config{Allow: allow}).Get(outer.URL)
	require.NoError(t, err)
	res.Body.Close()
	assert.Equal(t, http.StatusFound, res.StatusCode, "none are followed")
	assert.EqualValues(t, 1, reached.Load())
}

func TestBounds(t *testing.T) {
	release := make(chan struct{})
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/slow" {
			<-release
			return
		}
		io.WriteString(w, strings.Repeat("x", 100))
	}))
	defer srv.Close()
	defer close(release)
	allow := []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
	read := func(max int64) (string, error) {
		res, err := outbound.New(outbound.Config{MaxBody: max, Allow: allow}).Get(srv.URL)
		require.NoError(t, err)
		defer res.Body.Close()
		text, err := io.ReadAll(res.Body)
		return string(text), err
	}
	text, err := read(100)
	assert.NoError(t, err)
	assert.Len(t, text, 100)
	text, err = read(99)
	assert.ErrorIs(t, err, outbound.ErrTooLarge)
	assert.Len(t, text, 99)
	_, err = outbound.New(outbound.Config{Timeout: 50 * time.Millisecond, Allow: allow}).Get(srv.URL + "/slow")
	assert.Error(t, err)
}
