package web

import (
	"bytes"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dealwiki/web/signon"
	"dealwiki/web/signon/signontest"
	"dealwiki/wiki/people"
)

// withProvider is a site with single sign-on.
func withProvider(t *testing.T, change ...func(*SignOn)) (*site, *signontest.Server, *bytes.Buffer) {
	t.Helper()
	idp := signontest.New(t)
	log := &bytes.Buffer{}
	logger := slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	transport := &http.Transport{}
	p, err := signon.New(signon.Config{Name: "Fairlead SSO", Issuer: idp.URL, ClientID: signontest.ClientID, ClientSecret: signontest.ClientSecret, GroupsClaim: "groups", Transport: transport, Logger: logger})
	require.NoError(t, err)
	t.Cleanup(func() {
		p.Close()
		transport.CloseIdleConnections()
		for _, private := range []string{"@fairlead.example", "Dana Test", "canary", "id_token", "code="} {
			assert.NotContains(t, log.String(), private)
		}
	})
	s := newSite(t, func(c *Config) {
		c.Logger = logger
		c.SignOn = SignOn{Provider: p}
		for _, f := range change {
			f(&c.SignOn)
		}
	})
	return s, idp, log
}

func claims(p people.Person) map[string]any {
	return map[string]any{"sub": "sub-" + p.Handle, "email": p.Email, "email_verified": true, "name": p.Name}
}

// away follows an address at the provider and answers where it sends the browser
// back to, on the site.
func away(t *testing.T, s *site, to string) string {
	t.Helper()
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	res, err := (&http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}).Get(to)
	require.NoError(t, err)
	require.NoError(t, res.Body.Close())
	require.Equal(t, http.StatusFound, res.StatusCode)
	back := res.Header.Get("Location")
	require.True(t, strings.HasPrefix(back, s.server.URL), back)
	return strings.TrimPrefix(back, s.server.URL)
}

// sso is the whole way of a browser.
func (b *browser) sso(t *testing.T) answer {
	t.Helper()
	a := b.get("/sign-in/sso?next=/settings")
	require.Equal(t, http.StatusFound, a.status, a.body)
	return b.get(away(t, b.site, a.location()))
}

func TestSingleSignOn(t *testing.T) {
	s, idp, _ := withProvider(t)
	idp.Claims = claims(s.dana)
	b := s.browser()
	page := b.ok("/sign-in?next=/settings")
	assert.Contains(t, page, "Continue with Fairlead SSO")
	assert.Contains(t, page, `href="/sign-in/sso?next=%2Fsettings"`)
	a := b.sso(t)
	require.Equal(t, http.StatusSeeOther, a.status, a.body)
	assert.Equal(t, "/settings", a.location())
	page = b.ok("/settings")
	assert.Contains(t, page, "by single sign-on")
	assert.Contains(t, page, s.dana.Email)
	assert.Contains(t, s.signedIn(s.ada).ok("/admin/people"), "SSO")

	// Out here, and there too.
	a = b.post("/sign-out", url.Values{})
	require.Equal(t, "/signed-out", a.location())
	assert.Equal(t, http.StatusSeeOther, b.get("/settings").status)
	assert.Contains(t, b.ok("/signed-out"), "Sign out of Fairlead SSO too")
	a = b.get("/signed-out/provider")
	require.Equal(t, http.StatusFound, a.status)
	assert.Equal(t, "/sign-in", away(t, s, a.location()))
	require.Len(t, idp.Hints, 1)
	assert.Equal(t, 2, strings.Count(idp.Hints[0], "."), "the id token says whose session ends")
	assert.Equal(t, "/sign-in", b.get("/signed-out/provider").location(), "once")

	// Whoever came by a password has nothing to end there.
	c := s.signedIn(s.mara)
	assert.Equal(t, "/sign-in", c.post("/sign-out", url.Values{}).location())
}

func TestSingleSignOnIsForOneBrowserOnce(t *testing.T) {
	s, idp, _ := withProvider(t)
	idp.Claims = claims(s.dana)
	attacker, victim := s.browser(), s.browser()
	a := attacker.get("/sign-in/sso")
	back := away(t, s, a.location())
	kept := *attacker.jar["dealwiki-sso"]
	assert.True(t, kept.HttpOnly)
	assert.Equal(t, http.SameSiteLaxMode, kept.SameSite)

	refused := victim.get(back)
	assert.Equal(t, http.StatusForbidden, refused.status, "an answer that this browser did not ask for")
	assert.Contains(t, refused.body, "was not asked for by this browser")
	assert.NotContains(t, victim.jar, "dealwiki")
	victim.get("/sign-in/sso")
	assert.Equal(t, http.StatusForbidden, victim.get(back).status, "nor one of another flow")

	require.Equal(t, http.StatusSeeOther, attacker.get(back).status)
	again := s.browser()
	again.jar["dealwiki-sso"] = &kept
	assert.Equal(t, http.StatusForbidden, again.get(back).status, "a state is used once")
	assert.Equal(t, http.StatusForbidden, s.browser().get("/sign-in/sso/callback").status)
	forged := s.browser()
	forged.jar["dealwiki-sso"] = &http.Cookie{Name: "dealwiki-sso", Value: "forged"}
	assert.Equal(t, http.StatusForbidden, forged.get("/sign-in/sso/callback?state=x&code=y").status)
}

func TestSingleSignOnRefusesWhomItShould(t *testing.T) {
	s, idp, log := withProvider(t)
	require.NoError(t, s.people.Disable(t.Context(), people.System("test"), s.vera.ID))
	for _, c := range []struct {
		name   string
		lie    func(map[string]any)
		status int
		says   string
	}{
		{"an address that is not verified", func(m map[string]any) { m["email_verified"] = false }, http.StatusForbidden, "does not confirm your mail address"},
		{"verified by a word", func(m map[string]any) { m["email_verified"] = "true" }, http.StatusForbidden, "does not confirm"},
		{"verified by silence", func(m map[string]any) { delete(m, "email_verified") }, http.StatusForbidden, "does not confirm"},
		{"no address", func(m map[string]any) { delete(m, "email") }, http.StatusForbidden, "does not confirm"},
		{"somebody unknown", func(m map[string]any) { m["email"] = "canary@elsewhere.example" }, http.StatusForbidden, "no account here"},
		{"somebody disabled", func(m map[string]any) { m["email"] = s.vera.Email }, http.StatusForbidden, "is disabled"},
		{"a token of another key", func(m map[string]any) { idp.Sign = signontest.Stranger }, http.StatusForbidden, "cannot be trusted"},
		{"a claim to be somebody", func(m map[string]any) { m["admin"], m["role"], m["groups"] = true, "admin", []string{"admin"} }, http.StatusSeeOther, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			idp.Sign, idp.Claims = nil, claims(s.dana)
			c.lie(idp.Claims)
			b := s.browser()
			a := b.sso(t)
			assert.Equal(t, c.status, a.status)
			assert.Contains(t, a.body, c.says)
			if c.status == http.StatusForbidden {
				assert.NotContains(t, b.jar, "dealwiki")
				assert.Contains(t, a.body, "Back to signing in")
				checkHeaders(t, a)
			}
		})
	}
	dana, err := s.people.Get(t.Context(), s.dana.ID)
	require.NoError(t, err)
	assert.Equal(t, people.Member, dana.Role)
	vera, err := s.people.Get(t.Context(), s.vera.ID)
	require.NoError(t, err)
	assert.True(t, vera.Disabled, "signing in enables nobody")
	assert.Contains(t, log.String(), "refused")

	// Disabled after they were linked.
	idp.Sign, idp.Claims = nil, claims(s.mara)
	b := s.browser()
	require.Equal(t, http.StatusSeeOther, b.sso(t).status)
	require.NoError(t, s.people.Disable(t.Context(), people.System("test"), s.mara.ID))
	assert.Equal(t, http.StatusSeeOther, b.get("/settings").status)
	assert.Equal(t, http.StatusForbidden, b.sso(t).status)
}

func TestSingleSignOnGivesRolesByGroups(t *testing.T) {
	s, idp, _ := withProvider(t, func(c *SignOn) {
		c.Roles = map[string]people.Role{"wiki-admins": people.Admin, "sales": people.Member}
		c.Create, c.Domains = true, []string{"fairlead.example"}
	})
	in := func(b *browser, sub, email string, groups any) answer {
		idp.Claims = map[string]any{"sub": sub, "email": email, "email_verified": true, "name": "New Comer", "groups": groups}
		return b.sso(t)
	}
	b := s.browser()
	a := in(b, "n", "new@fairlead.example", []string{"cooks"})
	assert.Equal(t, http.StatusForbidden, a.status)
	assert.Contains(t, a.body, "none of the groups")
	require.Equal(t, http.StatusSeeOther, in(b, "n", "new@fairlead.example", []string{"sales", "cooks"}).status)
	assert.Equal(t, http.StatusForbidden, b.get("/admin/people").status)
	require.Equal(t, http.StatusSeeOther, in(s.browser(), "n", "new@fairlead.example", []string{"wiki-admins", "sales"}).status)
	before := b.jar["dealwiki"].Value
	b.ok("/admin/people")
	assert.NotEqual(t, before, b.jar["dealwiki"].Value, "the other browser's secret changes with the rights")
	require.Equal(t, http.StatusSeeOther, in(s.browser(), "n", "new@fairlead.example", "sales").status)
	assert.Equal(t, http.StatusForbidden, b.get("/admin/people").status)
	assert.Equal(t, http.StatusForbidden, in(s.browser(), "n", "new@fairlead.example", nil).status)
	assert.Equal(t, http.StatusForbidden, in(s.browser(), "o", "other@elsewhere.example", []string{"sales"}).status)
	assert.Equal(t, http.StatusForbidden, in(s.browser(), "o", s.dana.Email, []string{"Sales"}).status, "names of groups are compared exactly")
}

func TestAProviderThatIsDown(t *testing.T) {
	s, idp, _ := withProvider(t)
	idp.Server.Close()
	b := s.browser()
	a := b.get("/sign-in/sso?next=/settings")
	assert.Equal(t, http.StatusServiceUnavailable, a.status)
	assert.Contains(t, a.body, "Fairlead SSO does not answer right now")
	assert.Contains(t, a.body, "Sign in with your password")
	assert.Contains(t, b.ok("/sign-in"), "does not answer right now", "the page says so")
	a = b.post("/sign-in", url.Values{"email": {s.dana.Email}, "password": {password}, "next": {"/settings"}})
	assert.Equal(t, "/settings", a.location())
	b.ok("/settings")
}

func TestPasswordsForAdministrators(t *testing.T) {
	s, _, _ := withProvider(t, func(c *SignOn) { c.AdminPasswords = true })
	b := s.browser()
	assert.Contains(t, b.ok("/sign-in"), "for administrators")
	known := b.post("/sign-in", url.Values{"email": {s.dana.Email}, "password": {password}})
	wrong := b.post("/sign-in", url.Values{"email": {s.dana.Email}, "password": {"wrong words in a row"}})
	assert.Equal(t, http.StatusUnprocessableEntity, known.status)
	assert.Equal(t, wrong.body, known.body)
	s.signedIn(s.ada)
	// Right ones run into the limit as wrong ones do, or they could be told apart.
	tries := func(email, password string) (n int) {
		for b.post("/sign-in", url.Values{"email": {email}, "password": {password}}).status != http.StatusTooManyRequests {
			n++
			require.Less(t, n, 40)
		}
		return n
	}
	assert.Equal(t, tries(s.vera.Email, "wrong words in a row"), tries(s.mara.Email, password))
}

func TestWithoutAProviderTheDoorsAreShut(t *testing.T) {
	s := newSite(t)
	b := s.browser()
	for _, path := range []string{"/sign-in/sso", "/sign-in/sso/callback?state=x&code=y"} {
		assert.Equal(t, http.StatusNotFound, b.get(path).status)
	}
	assert.NotContains(t, b.ok("/sign-in"), "/sign-in/sso")
	assert.Equal(t, "/sign-in", b.get("/signed-out").location())
}
