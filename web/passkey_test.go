package web

import (
	"database/sql"
	"maps"
	"net/http"
	"net/mail"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dealwiki/web/notify"
	"dealwiki/web/signon"
	"dealwiki/web/signon/signontest"
	"dealwiki/wiki/people"
)

const publicAddress = "https://wiki.fairlead.example"

// keyed is a site at a public address.
func keyed(t *testing.T, change ...func(*Config)) *site {
	return newSite(t, append([]func(*Config){func(c *Config) { c.URL = publicAddress }}, change...)...)
}

// script posts as a script of our pages does.
func (b *browser) script(path string) answer {
	b.t.Helper()
	r := b.request(http.MethodPost, path, nil)
	r.Header.Set("Accept", "application/json")
	r.Header.Set("Origin", publicAddress)
	return b.do(r)
}

// addKey adds a passkey to whoever is signed in on the browser.
func (b *browser) addKey(name string) *signontest.Device {
	b.t.Helper()
	device := signontest.NewDevice(b.t, publicAddress)
	asked := b.script("/settings/passkeys/begin")
	require.Equal(b.t, http.StatusOK, asked.status, asked.body)
	a := b.post("/settings/passkeys", url.Values{"do": {"add"}, "name": {name}, "passkey": {string(device.Make([]byte(asked.body)))}})
	require.Equal(b.t, "/settings#passkeys", a.location(), a.body)
	return device
}

// show signs in by a passkey.
func (b *browser) show(device *signontest.Device, next string) answer {
	b.t.Helper()
	asked := b.script("/sign-in/passkey/begin")
	require.Equal(b.t, http.StatusOK, asked.status, asked.body)
	return b.post("/sign-in/passkey", url.Values{"next": {next}, "passkey": {string(device.Show([]byte(asked.body)))}})
}

func TestPasskeysByForms(t *testing.T) {
	s := keyed(t)
	dana := s.signedIn(s.dana)
	phone := dana.addKey("Phone")
	assert.Contains(t, dana.ok("/settings"), "never used")

	// Signing in makes a new session, whatever was there before.
	b := s.browser()
	b.jar[cookieSecure] = &http.Cookie{Name: cookieSecure, Value: "chosen-by-somebody-else-chosen-by-somebody-else"}
	phone.Count = 5
	a := b.show(phone, "/settings")
	require.Equal(t, "/settings", a.location(), a.body)
	assert.NotContains(t, b.jar[cookieSecure].Value, "chosen")
	page := b.ok("/settings")
	assert.Contains(t, page, "by a passkey")
	assert.NotContains(t, page, "never used")
	assert.NotContains(t, b.jar, cookieSecure+passkeySuffix)
	assert.Equal(t, "/", s.browser().show(phone, "//evil.example").location())

	// Names.
	all, err := s.people.Passkeys(t.Context(), s.as(s.dana), s.dana.ID)
	require.NoError(t, err)
	id := all[0].ID
	assert.Equal(t, http.StatusUnprocessableEntity, b.post("/settings/passkeys", url.Values{"do": {"rename"}, "id": {id}, "name": {""}}).status)
	require.Equal(t, http.StatusSeeOther, b.post("/settings/passkeys", url.Values{"do": {"rename"}, "id": {id}, "name": {"<b>Old</b>"}}).status)
	assert.Contains(t, b.ok("/settings"), "&lt;b&gt;Old&lt;/b&gt;")
	assert.Equal(t, http.StatusBadRequest, b.post("/settings/passkeys", url.Values{}).status)

	// The same count again is on record; not who comes, but that.
	require.Equal(t, http.StatusSeeOther, s.browser().show(phone, "/").status)
	assert.Contains(t, s.signedIn(s.ada).ok("/admin/audit?action=passkey."), "used a passkey that counts backwards")

	// Those of others are not there.
	mara := s.signedIn(s.mara)
	for _, do := range []string{"rename", "remove"} {
		assert.Equal(t, http.StatusNotFound, mara.post("/settings/passkeys", url.Values{"do": {do}, "id": {id}, "name": {"x"}}).status)
	}
	require.Equal(t, http.StatusSeeOther, b.post("/settings/passkeys", url.Values{"do": {"remove"}, "id": {id}}).status)
	gone := s.browser().show(phone, "/")
	assert.Equal(t, http.StatusUnprocessableEntity, gone.status)
	assert.Contains(t, gone.body, "This passkey opens nothing here.")
}

func TestAPasskeyAnswersOnceAndOnOneBrowser(t *testing.T) {
	s := keyed(t)
	phone := s.signedIn(s.dana).addKey("Phone")
	b := s.browser()
	asked := b.script("/sign-in/passkey/begin")
	kept := maps.Clone(b.jar)
	form := url.Values{"passkey": {string(phone.Show([]byte(asked.body)))}}
	other := s.browser()
	other.script("/sign-in/passkey/begin")
	for name, on := range map[string]*browser{"a browser that was asked something else": other, "a browser that was not asked": s.browser()} {
		assert.Equal(t, http.StatusUnprocessableEntity, on.post("/sign-in/passkey", form).status, name)
		assert.NotContains(t, on.jar, cookieSecure, name)
	}
	require.Equal(t, http.StatusSeeOther, b.post("/sign-in/passkey", form).status)
	thief := s.browser()
	thief.jar = kept
	a := thief.post("/sign-in/passkey", form)
	assert.Equal(t, http.StatusUnprocessableEntity, a.status, "the same answer and cookie again")
	assert.Contains(t, a.body, "Try again.")
	assert.NotContains(t, thief.jar, cookieSecure)

	// What was asked of one person adds nothing to another.
	dana, mara := s.signedIn(s.dana), s.signedIn(s.mara)
	asked = dana.script("/settings/passkeys/begin")
	made := url.Values{"do": {"add"}, "name": {"x"}, "passkey": {string(signontest.NewDevice(t, publicAddress).Make([]byte(asked.body)))}}
	mara.jar[cookieSecure+passkeySuffix] = dana.jar[cookieSecure+passkeySuffix]
	assert.Equal(t, http.StatusUnprocessableEntity, mara.post("/settings/passkeys", made).status)
	// Nor does a credential that somebody else has.
	asked = mara.script("/settings/passkeys/begin")
	assert.Equal(t, http.StatusConflict, mara.post("/settings/passkeys", url.Values{"do": {"add"}, "name": {"x"}, "passkey": {string(phone.Make([]byte(asked.body)))}}).status)

	// Attempts are limited as those by passwords are.
	var last answer
	for range 60 {
		if last = other.post("/sign-in/passkey", url.Values{"passkey": {"{}"}}); last.status == http.StatusTooManyRequests {
			break
		}
	}
	assert.Equal(t, http.StatusTooManyRequests, last.status)
	assert.NotEmpty(t, last.header.Get("Retry-After"))
}

func TestWhoComesByPasskeys(t *testing.T) {
	var provider *signon.Provider
	s := keyed(t, func(c *Config) {
		var err error
		provider, err = signon.New(signon.Config{Name: "Fairlead SSO", Issuer: "https://sso.fairlead.example", ClientID: "wiki"})
		require.NoError(t, err)
		c.SignOn = SignOn{Provider: provider}
	})
	t.Cleanup(provider.Close)
	dana, ada := s.signedIn(s.dana).addKey("Phone"), s.signedIn(s.ada).addKey("Phone")
	mara := s.signedIn(s.mara)

	// Where passwords are for administrators, so are passkeys.
	s.web.signOn.AdminPasswords = true
	assert.Equal(t, http.StatusUnprocessableEntity, s.browser().show(dana, "/").status)
	assert.Equal(t, http.StatusForbidden, mara.script("/settings/passkeys/begin").status)
	assert.Contains(t, mara.ok("/settings"), "passkeys are for administrators")
	require.Equal(t, http.StatusSeeOther, s.browser().show(ada, "/").status)
	s.web.signOn.AdminPasswords = false

	// No second step is asked for: the device has made sure.
	s.web.signOn.TwoSteps = TwoStepsEverybody
	assert.Equal(t, "/settings", s.browser().show(dana, "/settings").location())
	s.web.signOn.TwoSteps = ""

	// The disabled stay out, and are told what everybody is.
	nobody := signontest.NewDevice(t, publicAddress)
	asked := mara.script("/settings/passkeys/begin")
	nobody.Make([]byte(asked.body))
	require.NoError(t, s.people.Disable(t.Context(), people.System("test"), s.dana.ID))
	b := s.browser()
	assert.Equal(t, b.show(nobody, "/").body, b.show(dana, "/").body)

	// Somebody who has been in for long does not add one.
	db, err := sql.Open("sqlite", "file:"+filepath.Join(s.dir, "dealwiki.db"))
	require.NoError(t, err)
	defer db.Close()
	_, err = db.Exec("UPDATE sessions SET created = created - ?", (people.FreshSession + time.Minute).Milliseconds())
	require.NoError(t, err)
	assert.Contains(t, mara.ok("/settings"), "You signed in a while ago.")
	stale := mara.script("/settings/passkeys/begin")
	assert.Equal(t, http.StatusForbidden, stale.status)
	assert.Contains(t, stale.body, "Sign out and in again first")
}

func TestANewPasskeyIsToldByMail(t *testing.T) {
	var center *notify.Center
	out := &outbox{}
	s := keyed(t, func(c *Config) {
		center = notify.New(notify.Config{Wiki: c.Wiki, People: c.People, Mail: &notify.Mail{From: mail.Address{Address: "wiki@fairlead.example"}, Sender: out, URL: publicAddress}})
		c.Notices = center
	})
	t.Cleanup(center.Close)
	s.signedIn(s.dana).addKey("Found it")
	require.Eventually(t, func() bool {
		require.NoError(t, center.Deliver(t.Context()))
		return len(out.letters) == 1
	}, 10*time.Second, 10*time.Millisecond)
	var raw strings.Builder
	_, err := out.letters[0].WriteTo(&raw)
	require.NoError(t, err)
	text := strings.ReplaceAll(raw.String(), "=\r\n", "")
	for _, want := range []string{s.dana.Email, "A passkey was added", "Found it", publicAddress + "/settings#passkeys"} {
		assert.Contains(t, text, want)
	}
}

func TestWherePasskeysAreNot(t *testing.T) {
	for address, why := range map[string]string{
		"":                        "the server does not know it yet",
		"http://wiki.example.com": "https only",
		"https://192.0.2.1":       "an address with a full name",
	} {
		s := newSite(t, func(c *Config) { c.URL = address })
		b := s.signedIn(s.dana)
		assert.Contains(t, b.ok("/settings"), why, address)
		assert.NotContains(t, s.browser().ok("/sign-in"), "/sign-in/passkey", address)
		for _, path := range []string{"/settings/passkeys/begin", "/sign-in/passkey/begin"} {
			a := b.post(path, url.Values{})
			assert.Equal(t, http.StatusConflict, a.status, address)
			assert.Contains(t, a.body, why, address)
		}
		assert.Equal(t, http.StatusConflict, b.post("/sign-in/passkey", url.Values{"passkey": {"{}"}}).status, address)
		assert.Equal(t, http.StatusConflict, b.post("/settings/passkeys", url.Values{"do": {"add"}, "name": {"x"}, "passkey": {"{}"}}).status, address)
	}
}

func TestPasskeysByTheAPI(t *testing.T) {
	s := keyed(t)
	phone := s.signedIn(s.mara).addKey("Phone")
	mara, dana, ada := s.program(s.mara, people.Write), s.program(s.dana, people.Write), s.program(s.ada, people.AllScopes)
	all := decode[Listing[apiPasskey]](t, mara.call("GET", "/people/me/passkeys", ""))
	require.Len(t, all.Items, 1)
	assert.Equal(t, "Phone", all.Items[0].Name)
	assert.Nil(t, all.Items[0].Used)
	require.Equal(t, http.StatusSeeOther, s.browser().show(phone, "/").status)
	assert.NotNil(t, decode[Listing[apiPasskey]](t, ada.call("GET", "/people/mara/passkeys", "")).Items[0].Used)
	at := "/passkeys/" + all.Items[0].ID
	assert.Equal(t, http.StatusNotFound, dana.call("GET", "/people/mara/passkeys", "").status)
	assert.Equal(t, http.StatusNotFound, dana.call("DELETE", "/people/mara"+at, "").status)
	assert.Equal(t, http.StatusNotFound, dana.call("DELETE", "/people/me"+at, "").status)
	assert.Equal(t, http.StatusNotFound, ada.call("DELETE", "/people/dana"+at, "").status, "two ids that do not belong together")
	assert.Equal(t, http.StatusForbidden, s.program(s.mara, people.Read).call("DELETE", "/people/me"+at, "").status)
	assert.Equal(t, http.StatusNoContent, mara.call("DELETE", "/people/me"+at, "").status)
	assert.Equal(t, http.StatusUnprocessableEntity, s.browser().show(phone, "/").status)
}
