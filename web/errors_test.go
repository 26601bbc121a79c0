package web

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"dealwiki/wiki"
	"dealwiki/wiki/people"
)

type sqliteError int

func (e sqliteError) Error() string { return "database or disk is full" }
func (e sqliteError) Code() int     { return int(e) }

func TestErrorStatus(t *testing.T) {
	s := &Server{}
	for _, tt := range []struct {
		err    error
		status int
		says   string
	}{
		{wiki.ErrNotFound, 404, "not for you"},
		{people.ErrNotFound, 404, ""},
		{people.ErrForbidden, 403, "an administrator"},
		{&wiki.Invalid{Field: "title", Problem: "is empty"}, 422, "Title is empty."},
		{&people.Invalid{Field: "email", Problem: "is not an address"}, 422, "Email is not an address."},
		{wiki.ErrExists, 409, ""},
		{people.ErrExists, 409, ""},
		{people.ErrLastAdmin, 409, ""},
		{&wiki.Stale{}, 412, ""},
		{wiki.ErrTooLarge, 413, ""},
		{&http.MaxBytesError{Limit: 4 << 20}, 413, "4 MB"},
		{&people.TooMany{RetryAfter: 90 * time.Second}, 429, "90 seconds"},
		{&fs.PathError{Op: "write", Path: "/data/secret", Err: syscall.ENOSPC}, 507, "Nothing was saved"},
		{&fs.PathError{Op: "write", Path: "/data/secret", Err: syscall.EROFS}, 507, ""},
		{sqliteError(13), 507, ""},
		{sqliteError(1), 500, ""},
		{wiki.ErrLocked, 503, ""},
		{errors.New("open /data/secret: kaboom"), 500, "our mistake"},
		{context.DeadlineExceeded, 500, ""},
	} {
		status, title, detail := s.errorStatus(fmt.Errorf("doing something in /data/secret: %w", tt.err))
		assert.Equal(t, tt.status, status, "%v", tt.err)
		assert.Contains(t, detail, tt.says)
		assert.NotContains(t, title+detail, "/data")
		assert.NotEmpty(t, title)
	}
	assert.Equal(t, "90", retryAfter(&people.TooMany{RetryAfter: 90 * time.Second}))
	assert.Equal(t, "1", retryAfter(&people.TooMany{}))
	assert.Empty(t, retryAfter(errors.New("x")))
}

// A mistake in a handler is a page with a number, and the next request works.
func TestPanics(t *testing.T) {
	s := newSite(t)
	s.web.handle("GET /-/test/panic", Anonymous, func(http.ResponseWriter, *http.Request, people.Caller) error { panic("kaboom in /data") })
	s.web.handle("GET /-/test/error", Anonymous, func(http.ResponseWriter, *http.Request, people.Caller) error { return errors.New("kaboom in /data") })
	for _, path := range []string{"/-/test/panic", "/-/test/error"} {
		a := s.browser().get(path)
		assert.Equal(t, http.StatusInternalServerError, a.status)
		assert.NotContains(t, a.body, "kaboom")
		assert.Contains(t, a.body, "tell your administrator")
	}
	assert.Equal(t, "ok\n", s.browser().ok("/-/healthz"))
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	w := httptest.NewRecorder()
	s.web.fail(w, httptest.NewRequest(http.MethodGet, "/", nil).WithContext(canceled), people.Caller{}, fmt.Errorf("reading: %w", context.Canceled))
	assert.Empty(t, w.Body.String(), "nobody waits for it")
}

func TestNumbers(t *testing.T) {
	for text, want := range map[string]float64{"": 0, "840000": 840000, "840 000": 840000, "840,000": 840000, "840.000,50": 840000.5, "1,250,000.50": 1250000.5, "1.250.000": 1250000, "12,5": 12.5, "12.5": 12.5, "1’000": 1000} {
		got, err := number("value", text)
		assert.NoError(t, err, text)
		assert.Equal(t, want, got, text)
	}
	for _, text := range []string{"lots", "-5", "1e400", "NaN", "Inf", "1.2.3", "€5", "0x10", "1,2,3"} {
		_, err := number("value", text)
		assert.Error(t, err, text)
	}
	assert.Equal(t, "€1.25M + $5,000", sums{"EUR": 1_250_000, "USD": 5000}.String())
	for v, want := range map[float64]string{0: "", 950: "€950", 9500: "€9,500", 694_600: "€695k", 999_600: "€1M", 1_240_000: "€1.24M", 2e9: "€2bn"} {
		assert.Equal(t, want, money(v, "EUR"))
	}
	assert.Equal(t, "CHF 12k", money(12_000, "CHF"))
}

func FuzzLocalPath(f *testing.F) {
	for _, s := range []string{"/", "//evil", "/\\evil", "https://evil", "/p/x?y#z", "\t//evil", "/%2f/evil", "/a\nb"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, next string) {
		got := localPath(next, "/")
		u, err := url.Parse(got)
		if err != nil || u.Host != "" || u.Scheme != "" || !strings.HasPrefix(got, "/") || strings.HasPrefix(got, "//") || strings.HasPrefix(got, `/\`) {
			t.Fatalf("%q leads to %q", next, got)
		}
	})
}
