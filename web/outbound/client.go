package outbound

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"syscall"
	"time"
)

// Errors of requests that may not be made, or answers that may not be read on.
var (
	ErrRefused  = errors.New("not a public address")
	ErrTooLarge = errors.New("the answer is too large")
)

// Config bounds what a client may do. Zero values are what a server should use.
type Config struct {
	Timeout   time.Duration  // of a request with its redirects and answer; zero is 15 seconds
	MaxBody   int64          // bytes of an answer; zero is 5 MB
	Redirects int            // followed at most; zero: none, the redirect is the answer
	Allow     []netip.Prefix // reached although they are not public; for tests, where the other end is this machine
}

const (
	defaultTimeout = 15 * time.Second
	defaultMaxBody = 5 << 20
	dialTimeout    = 5 * time.Second
	maxHeader      = 64 << 10 // bytes of an answer's header
	maxURL         = 2000     // bytes
)

// New makes a client. Its answers' bodies end in ErrTooLarge where they are
// longer than allowed; requests to addresses that are not public in ErrRefused.
func New(cfg Config) *http.Client {
	if cfg.Timeout <= 0 {
		cfg.Timeout = defaultTimeout
	}
	if cfg.MaxBody <= 0 {
		cfg.MaxBody = defaultMaxBody
	}
	dialer := &net.Dialer{Timeout: dialTimeout, ControlContext: func(_ context.Context, network, address string, _ syscall.RawConn) error {
		return control(network, address, cfg.Allow)
	}}
	return &http.Client{
		Timeout: cfg.Timeout,
		Transport: &bounded{max: cfg.MaxBody, next: &http.Transport{
			DialContext:            dialer.DialContext,
			TLSHandshakeTimeout:    dialTimeout,
			ResponseHeaderTimeout:  cfg.Timeout,
			MaxResponseHeaderBytes: maxHeader,
			DisableKeepAlives:      true, // requests are few and far between
			ForceAttemptHTTP2:      true,
		}},
		CheckRedirect: func(req *http.Request, via []*http.Request) error {
			switch {
			case cfg.Redirects == 0:
				return http.ErrUseLastResponse
			case len(via) > cfg.Redirects:
				return fmt.Errorf("more than %d redirects", cfg.Redirects)
			case via[0].URL.Scheme == "https" && req.URL.Scheme != "https":
				return fmt.Errorf("redirected from https to %s: %w", req.URL.Scheme, ErrRefused)
			}
			return Check(req.URL.String())
		},
	}
}

// Check says what is wrong with an address before anything is asked: it is http
// or https, has a host and no name or password. Whether the host is public is
// seen when it is connected to.
func Check(address string) error {
	u, err := url.Parse(address)
	switch {
	case err != nil || len(address) > maxURL:
		return fmt.Errorf("no address of at most %d bytes: %w", maxURL, ErrRefused)
	case u.Scheme != "http" && u.Scheme != "https":
		return fmt.Errorf("an address begins with https:// or http://: %w", ErrRefused)
	case u.Hostname() == "":
		return fmt.Errorf("the address names no host: %w", ErrRefused)
	case u.User != nil:
		return fmt.Errorf("the address holds a name or password: %w", ErrRefused)
	}
	return nil
}

func control(network, address string, allow []netip.Prefix) error {
	if network != "tcp4" && network != "tcp6" {
		return fmt.Errorf("connecting by %s: %w", network, ErrRefused)
	}
	at, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("connecting to %q: %w", address, ErrRefused)
	}
	if slices.ContainsFunc(allow, func(p netip.Prefix) bool { return p.Contains(at.Addr()) }) || Public(at.Addr()) {
		return nil
	}
	return fmt.Errorf("connecting to %s: %w", at.Addr(), ErrRefused)
}

// bounded cuts answers that are too long.
type bounded struct {
	next http.RoundTripper
	max  int64
}

func (b *bounded) RoundTrip(r *http.Request) (*http.Response, error) {
	res, err := b.next.RoundTrip(r)
	if err == nil {
		res.Body = &body{ReadCloser: res.Body, left: b.max}
	}
	return res, err
}

type body struct {
	io.ReadCloser
	left int64 // bytes that may still come
}

func (b *body) Read(p []byte) (int, error) {
	// One byte more than allowed is asked for, to know that there is one.
	if int64(len(p)) > b.left+1 {
		p = p[:b.left+1]
	}
	n, err := b.ReadCloser.Read(p)
	if int64(n) > b.left {
		n, b.left = int(b.left), 0
		return n, ErrTooLarge
	}
	b.left -= int64(n)
	return n, err
}
