package web

import (
	"net/http"
	"net/mail"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dealwiki/web/notify"
	"dealwiki/wiki/people"
)

var (
	keyLine  = regexp.MustCompile(`two-step-key">([A-Z2-7 ]+)<`)
	codeLine = regexp.MustCompile(`<li>([a-z2-7]{4}-[a-z2-7]{4}-[a-z2-7]{4}-[a-z2-7]{4})</li>`)
)

// codes of the authenticator: each call one that was not shown before.
func codes(t testing.TB, page string) func() string {
	t.Helper()
	m := keyLine.FindStringSubmatch(page)
	require.NotNil(t, m, page)
	key, at := strings.ReplaceAll(m[1], " ", ""), time.Now().Add(-30*time.Second)
	return func() string {
		code, err := totp.GenerateCode(key, at)
		require.NoError(t, err)
		at = at.Add(30 * time.Second)
		return code
	}
}

func TestTwoStepsInTheBrowser(t *testing.T) {
	s := newSite(t)
	b, elsewhere := s.signedIn(s.dana), s.signedIn(s.dana)
	a := b.post("/settings/two-step", url.Values{"do": {"begin"}})
	require.Equal(t, http.StatusOK, a.status, a.body)
	assert.Contains(t, a.body, `<svg class="qr"`)
	assert.NotContains(t, a.body, "style=")
	code := codes(t, a.body)
	wrong := b.post("/settings/two-step/confirm", url.Values{"code": {"000000"}})
	assert.Equal(t, http.StatusUnprocessableEntity, wrong.status)
	assert.Equal(t, keyLine.FindString(a.body), keyLine.FindString(wrong.body), "the same key is shown again")
	before := b.jar["dealwiki"].Value
	a = b.post("/settings/two-step/confirm", url.Values{"code": {code()}})
	require.Equal(t, http.StatusOK, a.status, a.body)
	recovery := codeLine.FindAllStringSubmatch(a.body, -1)
	require.Len(t, recovery, people.RecoveryCodes)
	assert.NotEqual(t, before, b.jar["dealwiki"].Value, "the session has a new secret")
	assert.Contains(t, b.ok("/settings"), "10 recovery codes are left")
	assert.Equal(t, http.StatusSeeOther, elsewhere.get("/settings").status, "other browsers are signed out")

	// Signing in asks for it, once for each code.
	b = s.browser()
	a = b.post("/sign-in", url.Values{"email": {s.dana.Email}, "password": {password}, "next": {"/settings"}})
	require.Equal(t, http.StatusSeeOther, a.status)
	assert.Equal(t, "/sign-in/code?next=%2Fsettings", a.location())
	assert.NotContains(t, b.jar, "dealwiki", "no session yet")
	assert.Contains(t, b.ok(a.location()), "Dana Test")
	assert.Equal(t, http.StatusSeeOther, b.get("/settings").status)
	assert.Equal(t, http.StatusUnprocessableEntity, b.post("/sign-in/code", url.Values{"code": {"123456"}}).status)
	used := code()
	a = b.post("/sign-in/code", url.Values{"code": {used}, "next": {"/settings"}})
	require.Equal(t, http.StatusSeeOther, a.status, a.body)
	assert.Equal(t, "/settings", a.location())
	assert.Contains(t, b.ok("/settings"), "by password")
	assert.NotContains(t, b.jar, "dealwiki-step")

	other := s.browser()
	other.post("/sign-in", url.Values{"email": {s.dana.Email}, "password": {password}})
	assert.Equal(t, http.StatusUnprocessableEntity, other.post("/sign-in/code", url.Values{"code": {used}}).status, "a code is taken once")
	assert.Equal(t, http.StatusSeeOther, other.post("/sign-in/code", url.Values{"code": {recovery[0][1]}, "next": {"//evil.example"}}).status)
	assert.Contains(t, other.ok("/settings"), "9 recovery codes are left")

	// A link is a first step too.
	token, err := s.people.NewLoginLink(t.Context(), people.System("test"), s.dana.ID, 0)
	require.NoError(t, err)
	link := s.browser()
	a = link.post("/login/"+token, url.Values{})
	assert.True(t, strings.HasPrefix(a.location(), "/sign-in/code"), a.location())
	for range 5 {
		link.post("/sign-in/code", url.Values{"code": {"000000"}})
	}
	assert.Equal(t, "/sign-in", link.post("/sign-in/code", url.Values{"code": {recovery[1][1]}}).location(), "after five wrong ones it starts over")

	// Off again, with a code.
	assert.Equal(t, http.StatusUnprocessableEntity, other.post("/settings/two-step", url.Values{"do": {"off"}, "code": {"1"}}).status)
	require.Equal(t, http.StatusSeeOther, other.post("/settings/two-step", url.Values{"do": {"off"}, "code": {recovery[2][1]}}).status)
	s.signedIn(s.dana)
}

func TestAdministratorsRequireTwoSteps(t *testing.T) {
	s := newSite(t)
	ada, mara := s.signedIn(s.ada), s.browser()
	at := "/admin/people/" + s.mara.ID
	require.Equal(t, http.StatusSeeOther, ada.post(at+"/two-step-require", url.Values{}).status)
	assert.Contains(t, ada.ok("/admin/people"), "second step wanted")
	a := mara.post("/sign-in", url.Values{"email": {s.mara.Email}, "password": {password}})
	a = mara.get(a.location())
	require.True(t, strings.HasPrefix(a.location(), "/sign-in/two-step"), a.location())
	page := mara.ok(a.location())
	assert.NotContains(t, page, "Not now")
	code := codes(t, page)
	assert.Equal(t, http.StatusUnprocessableEntity, mara.post("/sign-in/two-step", url.Values{"code": {"12"}}).status)
	assert.Equal(t, http.StatusSeeOther, mara.get("/settings").status, "not in yet")
	a = mara.post("/sign-in/two-step", url.Values{"code": {code()}, "next": {"/settings"}})
	require.Equal(t, http.StatusOK, a.status, a.body)
	assert.Contains(t, a.body, `href="/settings"`)
	assert.Contains(t, mara.ok("/settings"), "so it stays on")
	assert.Equal(t, http.StatusForbidden, mara.post("/settings/two-step", url.Values{"do": {"off"}, "code": {code()}}).status)
	assert.Equal(t, http.StatusForbidden, mara.post(at+"/two-step-remove", url.Values{}).status)

	assert.Contains(t, ada.ok("/admin/people"), "two steps")
	require.Equal(t, http.StatusSeeOther, ada.post(at+"/two-step-free", url.Values{}).status)
	require.Equal(t, http.StatusSeeOther, ada.post(at+"/two-step-remove", url.Values{}).status)
	assert.Equal(t, http.StatusSeeOther, mara.get("/settings").status, "her sessions have ended")
	s.signedIn(s.mara)
}

func TestTheConfigurationRequiresTwoSteps(t *testing.T) {
	s := newSite(t, func(c *Config) { c.SignOn = SignOn{TwoSteps: TwoStepsAdmins, Help: "Call Hana on 12."} })
	s.signedIn(s.mara)
	b := s.browser()
	assert.Contains(t, b.ok("/sign-in"), "Call Hana on 12.")
	a := b.post("/sign-in", url.Values{"email": {s.ada.Email}, "password": {password}})
	assert.True(t, strings.HasPrefix(b.get(a.location()).location(), "/sign-in/two-step"))
}

func TestForgottenPasswordsInTheBrowser(t *testing.T) {
	var center *notify.Center
	out := &outbox{}
	s := newSite(t, func(c *Config) {
		center = notify.New(notify.Config{Wiki: c.Wiki, People: c.People, Mail: &notify.Mail{From: mail.Address{Address: "wiki@fairlead.example"}, Sender: out, URL: "https://wiki.fairlead.example"}})
		c.Notices = center
	})
	t.Cleanup(center.Close)
	signedIn, b := s.signedIn(s.dana), s.browser()
	assert.Contains(t, b.ok("/sign-in"), "/sign-in/forgotten")
	known := b.post("/sign-in/forgotten", url.Values{"email": {s.dana.Email}})
	unknown := b.post("/sign-in/forgotten", url.Values{"email": {"nobody@fairlead.example"}})
	require.Equal(t, http.StatusOK, known.status)
	assert.Equal(t, known.status, unknown.status)
	assert.Equal(t, known.body, unknown.body)
	for range 5 {
		again := b.post("/sign-in/forgotten", url.Values{"email": {s.dana.Email}})
		assert.Equal(t, known.body, again.body, "also when too much was asked for one address")
	}
	require.Eventually(t, func() bool {
		require.NoError(t, center.Deliver(t.Context()))
		return len(out.letters) == 3
	}, 10*time.Second, 10*time.Millisecond)
	var raw strings.Builder
	_, err := out.letters[0].WriteTo(&raw)
	require.NoError(t, err)
	text := strings.ReplaceAll(raw.String(), "=\r\n", "")
	m := regexp.MustCompile(`https://wiki\.fairlead\.example(/reset/[a-z2-7]+)`).FindStringSubmatch(text)
	require.NotNil(t, m, text)
	assert.Contains(t, text, s.dana.Email)

	page := b.ok(m[1])
	assert.Contains(t, page, s.dana.Email)
	assert.Equal(t, http.StatusUnprocessableEntity, b.post(m[1], url.Values{"password": {"short"}}).status)
	a := b.post(m[1], url.Values{"password": {"another fine phrase"}})
	require.Equal(t, http.StatusSeeOther, a.status, a.body)
	b.ok("/settings")
	assert.Equal(t, http.StatusNotFound, s.browser().get(m[1]).status, "once")
	assert.Equal(t, http.StatusSeeOther, signedIn.get("/settings").status)
	assert.Empty(t, s.log.String(), "no address or secret is logged")
}

func TestWithoutMailThePageSaysWhomToAsk(t *testing.T) {
	s := newSite(t)
	b := s.browser()
	assert.Contains(t, b.ok("/sign-in/forgotten"), "Ask one of your administrators")
	assert.Contains(t, b.post("/sign-in/forgotten", url.Values{"email": {s.dana.Email}}).body, "Ask one of your administrators")
}

func TestSessionsGetNewSecretsWithNewRights(t *testing.T) {
	s := newSite(t)
	b := s.signedIn(s.mara)
	before := b.jar["dealwiki"].Value
	b.ok("/settings")
	assert.Equal(t, before, b.jar["dealwiki"].Value)
	require.Equal(t, http.StatusSeeOther, s.signedIn(s.ada).post("/admin/people/"+s.mara.ID+"/role", url.Values{"role": {"admin"}}).status)
	b.ok("/admin/people")
	after := b.jar["dealwiki"].Value
	assert.NotEqual(t, before, after)
	b.ok("/settings")
	assert.Equal(t, after, b.jar["dealwiki"].Value)
}
