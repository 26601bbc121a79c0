package signon_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"dealwiki/web/signon"
	"dealwiki/web/signon/signontest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const back = "https://wiki.example.com/sign-in/sso/callback"

// canaries are of a person, and must not be in the log.
var canaries = []string{"canary@example.com", "Canary Name", "canary-group", "canary-in-a-description", "canary-sub"}

func person() map[string]any {
	return map[string]any{"sub": "canary-sub", "email": "canary@example.com", "email_verified": true, "name": "Canary Name", "groups": []string{"canary-group", "staff"}}
}

// provider is a client of the server; its log must not have what is private.
func provider(t *testing.T, s *signontest.Server, change ...func(*signon.Config)) *signon.Provider {
	t.Helper()
	var log bytes.Buffer
	transport := &http.Transport{}
	cfg := signon.Config{Name: "Fairlead SSO", Issuer: s.URL, ClientID: signontest.ClientID, ClientSecret: signontest.ClientSecret, GroupsClaim: "groups",
		Transport: transport, Logger: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))}
	for _, f := range change {
		f(&cfg)
	}
	p, err := signon.New(cfg)
	require.NoError(t, err)
	t.Cleanup(func() {
		p.Close()
		transport.CloseIdleConnections()
		for _, canary := range canaries {
			assert.NotContains(t, log.String(), canary)
		}
	})
	return p
}

// visit goes to the provider as a browser does and answers what it sends back.
func visit(t *testing.T, to string) url.Values {
	t.Helper()
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	client := &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := client.Get(to)
	require.NoError(t, err)
	require.NoError(t, res.Body.Close())
	require.Equal(t, http.StatusFound, res.StatusCode)
	u, err := url.Parse(res.Header.Get("Location"))
	require.NoError(t, err)
	require.True(t, strings.HasPrefix(u.String(), back))
	return u.Query()
}

// signIn is the whole way.
func signIn(t *testing.T, p *signon.Provider) (signon.Identity, error) {
	t.Helper()
	to, flow, err := p.Begin(t.Context(), back, "/settings")
	require.NoError(t, err)
	return p.Finish(t.Context(), flow, visit(t, to))
}

func refused(t *testing.T, why string, err error) {
	t.Helper()
	var no *signon.Refused
	if assert.ErrorAs(t, err, &no) {
		assert.Equal(t, why, no.Why)
	}
}

func TestSignIn(t *testing.T) {
	s := signontest.New(t)
	s.Claims = person()
	p := provider(t, s)
	id, err := signIn(t, p)
	require.NoError(t, err)
	assert.NotEmpty(t, id.Hint)
	id.Hint = ""
	assert.Equal(t, signon.Identity{Issuer: s.URL, Subject: "canary-sub", Email: "canary@example.com", Verified: true, Name: "Canary Name", Groups: []string{"canary-group", "staff"}}, id)
}

func TestVerifiedIsTheBooleanTrue(t *testing.T) {
	s := signontest.New(t)
	p := provider(t, s)
	for _, c := range []struct {
		says any
		want bool
	}{{true, true}, {false, false}, {"true", false}, {"false", false}, {1, false}, {nil, false}, {[]bool{true}, false}, {map[string]bool{"true": true}, false}} {
		s.Claims = person()
		s.Claims["email_verified"] = c.says
		id, err := signIn(t, p)
		require.NoError(t, err)
		assert.Equal(t, c.want, id.Verified, "%v", c.says)
	}
	// The address of one place is not verified by another.
	s.Claims = person()
	delete(s.Claims, "email")
	s.UserInfo = map[string]any{"email": "canary@example.com", "email_verified": "true"}
	id, err := signIn(t, p)
	require.NoError(t, err)
	assert.False(t, id.Verified)
	s.UserInfo["email_verified"] = true
	id, err = signIn(t, p)
	require.NoError(t, err)
	assert.True(t, id.Verified)
	s.UserInfo["sub"] = "somebody else"
	_, err = signIn(t, p)
	assert.Error(t, err)
}

func TestGroups(t *testing.T) {
	s := signontest.New(t)
	p := provider(t, s)
	for _, c := range []struct {
		says any
		want []string
	}{{[]string{"a", "b"}, []string{"a", "b"}}, {"a", []string{"a"}}, {map[string]string{"a": "b"}, nil}, {[]any{"a", 1}, nil}, {true, nil}, {nil, nil}} {
		s.Claims = person()
		s.Claims["groups"] = c.says
		id, err := signIn(t, p)
		require.NoError(t, err)
		assert.Equal(t, c.want, id.Groups, "%v", c.says)
	}
}

func TestHostileTokens(t *testing.T) {
	s := signontest.New(t)
	p := provider(t, s)
	hour := time.Now().Add(time.Hour).Unix()
	for name, lie := range map[string]func(){
		"not signed":                       func() { s.Sign = signontest.Unsigned },
		"signed with the public key":       func() { s.Sign = signontest.PublicHMAC },
		"signed with the client's secret":  func() { s.Sign = signontest.SecretHMAC },
		"signed with another key":          func() { s.Sign = signontest.Stranger },
		"changed after it was signed":      func() { s.Sign = changed },
		"not a token":                      func() { s.Sign = func(*signontest.Server, map[string]any) string { return "a.b.c" } },
		"none at all":                      func() { s.Sign = func(*signontest.Server, map[string]any) string { return "" } },
		"for another client":               func() { s.Claims["aud"] = "another" },
		"for nobody":                       func() { s.Claims["aud"] = nil },
		"for several, made for another":    func() { s.Claims["aud"], s.Claims["azp"] = []string{signontest.ClientID, "another"}, "another" },
		"for several, made for nobody":     func() { s.Claims["aud"] = []string{signontest.ClientID, "another"} },
		"of another issuer":                func() { s.Claims["iss"] = "https://login.example.org" },
		"of an issuer that begins like it": func() { s.Claims["iss"] = s.URL + "/" },
		"another nonce":                    func() { s.Claims["nonce"] = "another" },
		"no nonce":                         func() { s.Claims["nonce"] = nil },
		"expired":                          func() { s.Claims["exp"] = time.Now().Add(-time.Minute).Unix() },
		"never expires":                    func() { s.Claims["exp"] = nil },
		"not valid yet":                    func() { s.Claims["nbf"] = hour },
		"names nobody":                     func() { s.Claims["sub"] = "" },
		"belongs to another access token":  func() { s.Claims["at_hash"] = "AAAAAAAAAAAAAAAAAAAAAA" },
	} {
		t.Run(name, func(t *testing.T) {
			s.Sign, s.Claims = nil, person()
			lie()
			_, err := signIn(t, p)
			refused(t, signon.Token, err)
		})
	}
	s.Sign, s.Claims = nil, person()
	_, err := signIn(t, p)
	assert.NoError(t, err)
}

// changed is a good token with one claim changed.
func changed(s *signontest.Server, claims map[string]any) string {
	good := strings.Split(signontest.RS256(s, claims), ".")
	claims["email"] = "ada@example.com"
	other := strings.Split(signontest.RS256(s, claims), ".")
	return good[0] + "." + other[1] + "." + good[2]
}

func TestHostileAnswers(t *testing.T) {
	s := signontest.New(t)
	s.Claims = person()
	now := time.Now()
	p := provider(t, s, func(c *signon.Config) { c.Now = func() time.Time { return now } })
	begin := func() (signon.Flow, url.Values) {
		to, flow, err := p.Begin(t.Context(), back, "/")
		require.NoError(t, err)
		return flow, visit(t, to)
	}
	finish := func(f signon.Flow, q url.Values) error {
		_, err := p.Finish(t.Context(), f, q)
		return err
	}

	flow, q := begin()
	refused(t, signon.Foreign, finish(signon.Flow{}, q))
	refused(t, signon.Foreign, finish(signon.Flow{}, url.Values{}))
	other, _ := begin()
	refused(t, signon.Foreign, finish(other, q))
	require.NoError(t, finish(flow, q))
	refused(t, signon.Foreign, finish(flow, q))

	// The same state with a fresh code, and a code of somebody else's flow.
	_, mine := begin()
	mine.Set("state", flow.State)
	refused(t, signon.Foreign, finish(flow, mine))
	victim, _ := begin()
	_, attacker := begin()
	attacker.Set("state", victim.State)
	refused(t, signon.Rejected, finish(victim, attacker)) // by PKCE

	flow, q = begin()
	now = now.Add(signon.FlowLife)
	refused(t, signon.Expired, finish(flow, q))
	now = now.Add(-2 * signon.FlowLife)
	refused(t, signon.Expired, finish(flow, q))
	now = now.Add(signon.FlowLife)

	flow, q = begin()
	q.Set("iss", "https://login.example.org")
	refused(t, signon.Foreign, finish(flow, q))
	flow, q = begin()
	refused(t, signon.Denied, finish(flow, url.Values{"state": {flow.State}, "error": {"access_denied"}, "error_description": {"canary-in-a-description"}}))
	flow, _ = begin()
	refused(t, signon.Rejected, finish(flow, url.Values{"state": {flow.State}}))
	flow, _ = begin()
	refused(t, signon.Rejected, finish(flow, url.Values{"state": {flow.State}, "code": {"guessed"}}))
}

func TestSeals(t *testing.T) {
	s := signontest.New(t)
	p, other := provider(t, s), provider(t, s)
	sealed, err := p.Seal("flow", signon.Flow{State: "x"})
	require.NoError(t, err)
	var f signon.Flow
	require.NoError(t, p.Unseal("flow", sealed, &f))
	assert.Equal(t, "x", f.State)
	assert.Error(t, p.Unseal("leave", sealed, &f), "for another use")
	assert.Error(t, other.Unseal("flow", sealed, &f), "of another program")
	assert.Error(t, p.Unseal("flow", sealed[:len(sealed)-2], &f))
	assert.Error(t, p.Unseal("flow", "", &f))
	assert.Error(t, p.Unseal("flow", "?", &f))
}

func TestAProviderThatIsDown(t *testing.T) {
	s := signontest.New(t)
	s.Claims = person()
	now := time.Now()
	p := provider(t, s, func(c *signon.Config) { c.Now = func() time.Time { return now } })
	assert.False(t, p.Down(), "nothing is known yet, and nobody waits")
	require.NoError(t, p.Check(t.Context()))
	to, flow, err := p.Begin(t.Context(), back, "/")
	require.NoError(t, err)
	q := visit(t, to)

	s.Broken = func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "canary-in-a-description", http.StatusBadGateway)
	}
	_, err = p.Finish(t.Context(), flow, q)
	assert.ErrorIs(t, err, signon.ErrDown)
	s.Server.Close()
	now = now.Add(time.Minute)
	assert.ErrorIs(t, p.Check(t.Context()), signon.ErrDown)
	assert.True(t, p.Down())
	_, _, err = p.Begin(t.Context(), back, "/")
	assert.ErrorIs(t, err, signon.ErrDown)
}

func TestAProviderThatHangs(t *testing.T) {
	s := signontest.New(t)
	hang := make(chan struct{})
	t.Cleanup(func() { close(hang) })
	p := provider(t, s, func(c *signon.Config) {
		c.Transport = roundTrip(func(r *http.Request) (*http.Response, error) {
			select {
			case <-hang:
				return nil, errors.New("the test is over")
			case <-r.Context().Done():
				return nil, r.Context().Err()
			}
		})
	})
	assert.False(t, p.Down(), "nobody waits")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, _, err := p.Begin(ctx, back, "/")
	assert.ErrorIs(t, err, signon.ErrDown)
	// Closing, at the end of the test, ends what hangs.
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestProvidersThatAreNone(t *testing.T) {
	s := signontest.New(t)
	for name, body := range map[string]string{
		"a page":         "<html>canary-in-a-description</html>",
		"another issuer": `{"issuer":"https://login.example.org","authorization_endpoint":"https://login.example.org/a"}`,
		"plain keys":     `{"issuer":"` + s.URL + `","authorization_endpoint":"` + s.URL + `/a","token_endpoint":"` + s.URL + `/t","jwks_uri":"http://login.example.org/keys"}`,
		"endless":        strings.Repeat(" ", 2<<20) + "{}",
	} {
		t.Run(name, func(t *testing.T) {
			p := provider(t, s, func(c *signon.Config) {
				c.Transport = roundTrip(func(r *http.Request) (*http.Response, error) {
					return &http.Response{StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(strings.NewReader(body)), Request: r}, nil
				})
			})
			assert.ErrorIs(t, p.Check(t.Context()), signon.ErrDown)
		})
	}
	for _, bad := range []signon.Config{
		{Issuer: "http://login.example.com", ClientID: "x"}, {Issuer: "ftp://localhost", ClientID: "x"}, {Issuer: "login.example.com", ClientID: "x"}, {Issuer: "https://a:b@login.example.com", ClientID: "x"},
		{Issuer: "https://login.example.com?x=y", ClientID: "x"}, {Issuer: "https://login.example.com"}, {ClientID: "x"},
	} {
		_, err := signon.New(bad)
		assert.Error(t, err, "%+v", bad)
	}
}

func TestLeaving(t *testing.T) {
	s := signontest.New(t)
	p := provider(t, s)
	assert.Empty(t, p.SignOut("x", "https://wiki.example.com/"), "nothing is known yet")
	require.NoError(t, p.Check(t.Context()))
	u, err := url.Parse(p.SignOut("x", "https://wiki.example.com/"))
	require.NoError(t, err)
	assert.Equal(t, url.Values{"client_id": {"dealwiki"}, "id_token_hint": {"x"}, "post_logout_redirect_uri": {"https://wiki.example.com/"}}, u.Query())
	s.NoLeave = true
	require.NoError(t, p.Check(t.Context()))
	assert.False(t, p.Leaves())
	assert.Empty(t, p.SignOut("x", "https://wiki.example.com/"))
}
