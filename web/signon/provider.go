package signon

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

// ErrDown: the provider does not answer, or not as a provider does.
var ErrDown = errors.New("the provider does not answer")

// Times of asking a provider.
const (
	slow    = 10 * time.Second // for one answer
	slowAsk = 5 * time.Second  // for somebody who waits to be sent there
	stale   = 30 * time.Second // what is known of its state
)

// maxAnswer bounds one answer of a provider, in bytes.
const maxAnswer = 1 << 20

// algorithms are those by which tokens may be signed: with a private key that the
// provider alone has.
var algorithms = []string{oidc.RS256, oidc.RS384, oidc.RS512, oidc.ES256, oidc.ES384, oidc.ES512, oidc.PS256, oidc.PS384, oidc.PS512, oidc.EdDSA}

// Config of a [Provider].
type Config struct {
	Name         string // as people call it: "Fairlead SSO"
	Issuer       string // https, or http on this machine
	ClientID     string
	ClientSecret string   // may be empty for a public client
	Scopes       []string // besides openid, profile and email
	GroupsClaim  string   // that lists a person's groups; empty: none
	// Transport is how it is reached; nil is the usual one.
	Transport http.RoundTripper
	Now       func() time.Time // nil: time.Now
	Logger    *slog.Logger     // nil: no log
}

// Provider is a provider of sign-ins. It is safe for concurrent use.
type Provider struct {
	cfg    Config
	client *http.Client
	seal   *seal

	ctx  context.Context
	stop context.CancelFunc
	gone sync.WaitGroup

	asking chan struct{} // held by whoever asks the provider

	mu      sync.Mutex
	known   *discovered // nil: it has never answered
	checked time.Time
	down    bool
	closed  bool
}

// discovered is what a provider says of itself.
type discovered struct {
	provider *oidc.Provider
	endpoint oauth2.Endpoint
	leave    string // where sessions are ended; empty: not offered
	person   string // where more is told of a person; empty: nowhere
	namesIss bool   // its answers name the issuer
}

// New makes a provider. It asks it nothing yet.
func New(cfg Config) (*Provider, error) {
	if err := checkAddress("issuer", cfg.Issuer, cfg.Issuer); err != nil {
		return nil, err
	}
	if cfg.ClientID == "" {
		return nil, errors.New("client_id is missing: it is what the provider calls this wiki")
	}
	if cfg.Name == "" {
		u, err := url.Parse(cfg.Issuer)
		if err != nil {
			return nil, fmt.Errorf("issuer: %w", err)
		}
		cfg.Name = u.Hostname()
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	if cfg.Transport == nil {
		cfg.Transport = http.DefaultTransport
	}
	s, err := newSeal()
	if err != nil {
		return nil, err
	}
	p := &Provider{cfg: cfg, seal: s, asking: make(chan struct{}, 1)}
	p.client = &http.Client{Transport: bounded{cfg.Transport}, Timeout: slow, CheckRedirect: func(*http.Request, []*http.Request) error {
		return errors.New("the provider redirects")
	}}
	p.ctx, p.stop = context.WithCancel(context.Background())
	return p, nil
}

// Close ends what is being asked and waits.
func (p *Provider) Close() {
	p.mu.Lock()
	p.closed = true
	p.mu.Unlock()
	p.stop()
	p.gone.Wait()
}

// Name is what people call the provider.
func (p *Provider) Name() string { return p.cfg.Name }

// Issuer is the provider's address.
func (p *Provider) Issuer() string { return p.cfg.Issuer }

// Down reports whether the provider did not answer when it was asked last. It
// never waits: what it knows is at most half a minute old, once it was asked
// twice.
func (p *Provider) Down() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.closed && p.cfg.Now().Sub(p.checked).Abs() >= stale {
		p.checked = p.cfg.Now() // one goroutine for many who look
		p.gone.Go(func() { _ = p.Check(p.ctx) })
	}
	return p.down
}

// Check asks the provider what it says of itself. The error is ErrDown.
func (p *Provider) Check(ctx context.Context) error {
	select {
	case p.asking <- struct{}{}:
		defer func() { <-p.asking }()
	case <-ctx.Done():
		return ErrDown
	}
	found, err := p.discover(ctx)
	if err != nil && (ctx.Err() == nil || p.ctx.Err() == nil) {
		p.cfg.Logger.Warn("single sign-on: the provider does not answer", "issuer", p.cfg.Issuer, "err", plain(err))
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.checked, p.down = p.cfg.Now(), err != nil
	if err != nil {
		return ErrDown
	}
	p.known = found
	return nil
}

func (p *Provider) discover(ctx context.Context) (*discovered, error) {
	ctx, cancel := context.WithTimeout(ctx, slow)
	defer cancel()
	provider, err := oidc.NewProvider(oidc.ClientContext(ctx, p.client), p.cfg.Issuer)
	if err != nil {
		return nil, err
	}
	var claims struct {
		Authorize string   `json:"authorization_endpoint"`
		Token     string   `json:"token_endpoint"`
		Keys      string   `json:"jwks_uri"`
		Person    string   `json:"userinfo_endpoint"`
		Leave     string   `json:"end_session_endpoint"`
		NamesIss  bool     `json:"authorization_response_iss_parameter_supported"`
		Methods   []string `json:"token_endpoint_auth_methods_supported"`
	}
	if err := provider.Claims(&claims); err != nil {
		return nil, err
	}
	for what, address := range map[string]string{"authorization_endpoint": claims.Authorize, "token_endpoint": claims.Token, "jwks_uri": claims.Keys} {
		if err := checkAddress(what, address, p.cfg.Issuer); err != nil {
			return nil, err
		}
	}
	d := &discovered{provider: provider, endpoint: provider.Endpoint(), namesIss: claims.NamesIss}
	if checkAddress("userinfo_endpoint", claims.Person, p.cfg.Issuer) == nil {
		d.person = claims.Person
	}
	if checkAddress("end_session_endpoint", claims.Leave, p.cfg.Issuer) == nil {
		d.leave = claims.Leave
	}
	d.endpoint.AuthStyle = oauth2.AuthStyleInHeader
	if p.cfg.ClientSecret == "" || len(claims.Methods) > 0 && !slices.Contains(claims.Methods, "client_secret_basic") {
		d.endpoint.AuthStyle = oauth2.AuthStyleInParams
	}
	return d, nil
}

// now answers what the provider says of itself, asked a moment ago.
func (p *Provider) now(ctx context.Context) (*discovered, error) {
	p.mu.Lock()
	known, fresh := p.known, !p.down && p.cfg.Now().Sub(p.checked).Abs() < stale
	p.mu.Unlock()
	if known != nil && fresh {
		return known, nil
	}
	ctx, cancel := context.WithTimeout(ctx, slowAsk)
	defer cancel()
	if err := p.Check(ctx); err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.known, nil
}

// last answers what the provider said of itself last, without asking.
func (p *Provider) last() *discovered {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.known
}

// Leaves reports whether the provider offers to end its own session.
func (p *Provider) Leaves() bool {
	d := p.last()
	return d != nil && d.leave != ""
}

// SignOut is the address where a browser ends its session at the provider, empty
// when that is not offered. hint is what the session began with, if it is known;
// back is where the provider sends the browser afterwards.
func (p *Provider) SignOut(hint, back string) string {
	d := p.last()
	if d == nil || d.leave == "" {
		return ""
	}
	u, err := url.Parse(d.leave)
	if err != nil {
		return ""
	}
	q := u.Query()
	q.Set("client_id", p.cfg.ClientID)
	q.Set("post_logout_redirect_uri", back)
	if hint != "" {
		q.Set("id_token_hint", hint)
	}
	u.RawQuery = q.Encode()
	return u.String()
}

// checkAddress admits https, and http on this machine where the issuer is so too.
func checkAddress(what, address, issuer string) error {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.User != nil || u.Fragment != "" || what == "issuer" && u.RawQuery != "" {
		return fmt.Errorf("%s is an address such as https://login.example.com, not %q", what, clip(address))
	}
	if u.Scheme == "https" {
		return nil
	}
	if from, err := url.Parse(issuer); u.Scheme == "http" && err == nil && from.Scheme == "http" && isLocal(u.Hostname()) && isLocal(from.Hostname()) {
		return nil
	}
	return fmt.Errorf("%s has to begin with https://, not %q", what, clip(address))
}

func isLocal(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

func clip(s string) string {
	if len(s) > 200 {
		s = s[:200]
	}
	return strings.ToValidUTF8(s, "?")
}

// plain is the sort of an error without what a provider has written.
func plain(err error) string {
	var retrieve *oauth2.RetrieveError
	var timeout net.Error
	switch {
	case errors.As(err, &retrieve):
		status := 0
		if retrieve.Response != nil {
			status = retrieve.Response.StatusCode
		}
		return fmt.Sprintf("status %d, error %q", status, word(retrieve.ErrorCode))
	case errors.Is(err, context.Canceled):
		return "canceled"
	case errors.As(err, &timeout) && timeout.Timeout(), errors.Is(err, context.DeadlineExceeded):
		return "it takes too long"
	case errors.As(err, new(*net.OpError)):
		return "it cannot be reached"
	}
	return "its answer is not that of a provider"
}

// word is an error code of the protocol, or nothing when it does not look like
// one.
func word(s string) string {
	if len(s) > 40 || strings.Trim(s, "abcdefghijklmnopqrstuvwxyz_") != "" {
		return ""
	}
	return s
}

// bounded cuts answers that are too long.
type bounded struct{ http.RoundTripper }

func (b bounded) RoundTrip(r *http.Request) (*http.Response, error) {
	res, err := b.RoundTripper.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	res.Body = struct {
		io.Reader
		io.Closer
	}{io.LimitReader(res.Body, maxAnswer), res.Body}
	return res, nil
}
