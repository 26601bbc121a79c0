package web

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/webauthn"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dealwiki/internal/chrome"
	"dealwiki/wiki/people"
)

// A passkey is added in the settings, signs in without a name, instead of the
// second step too, and opens nothing once it is removed.
func TestPasskeysInABrowser(t *testing.T) {
	s := newSite(t)
	b := chrome.Open(t)
	local := strings.Replace(s.server.URL, "127.0.0.1", "localhost", 1)
	var device webauthn.AuthenticatorID
	b.Do("adding a device",
		webauthn.Enable(),
		chromedp.ActionFunc(func(ctx context.Context) (err error) {
			device, err = webauthn.AddVirtualAuthenticator(&webauthn.VirtualAuthenticatorOptions{
				Protocol: webauthn.AuthenticatorProtocolCtap2, Ctap2version: webauthn.Ctap2versionCtap21, Transport: webauthn.AuthenticatorTransportInternal,
				HasResidentKey: true, HasUserVerification: true, IsUserVerified: true, AutomaticPresenceSimulation: true,
			}).Do(ctx)
			return err
		}),
	)
	signOut := func() { b.Do("signing out", network.ClearBrowserCookies()) }
	at := func(path string) {
		t.Helper()
		var where string
		b.Do("going on", chromedp.WaitReady("body"), chromedp.Location(&where))
		assert.Equal(t, local+path, where)
	}

	b.Do("signing in by password",
		chromedp.Navigate(local+"/sign-in?next=/settings"),
		chromedp.WaitVisible("[data-passkey] button"),
		chromedp.SendKeys("#email", s.dana.Email), chromedp.SendKeys("#password", password), chromedp.Submit("#password"),
		chromedp.WaitVisible("#passkey-name"),
	)
	b.Do("adding a passkey",
		chromedp.SetValue("#passkey-name", "Work laptop"),
		chromedp.Click("#passkeys form[data-passkey] button"),
		chromedp.WaitVisible("#passkeys .grant-list"),
	)
	var row, failure string
	b.Do("reading it", chromedp.Text("#passkeys .grant-list", &row))
	assert.Contains(t, row, "Work laptop")
	b.Do("adding it again",
		chromedp.Click("#passkeys form[data-passkey] button"),
		chromedp.WaitVisible("#passkeys [data-passkey-error]"), chromedp.Text("#passkeys [data-passkey-error]", &failure),
	)
	assert.Equal(t, "This device has a passkey of yours already.", failure)
	var made []*webauthn.Credential
	b.Do("looking into the device", chromedp.ActionFunc(func(ctx context.Context) (err error) {
		made, err = webauthn.GetCredentials(device).Do(ctx)
		return err
	}))
	require.Len(t, made, 1)
	assert.True(t, made[0].IsResidentCredential)
	assert.Equal(t, "localhost", made[0].RpID)

	// In again, with nothing typed.
	in := chromedp.Tasks{chromedp.Navigate(local + "/sign-in?next=/settings"), chromedp.WaitVisible("[data-passkey] button"), chromedp.Click("[data-passkey] button")}
	signOut()
	b.Do("signing in by the passkey", in, chromedp.WaitVisible("#sessions .grant-list"))
	at("/settings")
	var sessions string
	b.Do("reading sessions", chromedp.Text("#sessions", &sessions))
	assert.Contains(t, sessions, "by a passkey")

	// Instead of a code.
	d := s.signedIn(s.dana)
	page := d.post("/settings/two-step", map[string][]string{"do": {"begin"}})
	require.Equal(t, http.StatusOK, d.post("/settings/two-step/confirm", map[string][]string{"code": {codes(t, page.body)()}}).status)
	signOut()
	b.Do("instead of a code",
		chromedp.Navigate(local+"/sign-in?next=/settings"),
		chromedp.SendKeys("#email", s.dana.Email), chromedp.SendKeys("#password", password), chromedp.Submit("#password"),
		chromedp.WaitVisible("#code"), chromedp.Click("[data-passkey] button"), chromedp.WaitVisible("#sessions .grant-list"),
	)
	at("/settings")

	// A device that does not make sure of its person.
	signOut()
	var said string
	b.Do("not being sure", webauthn.SetUserVerified(device, false), in,
		chromedp.WaitVisible("[data-passkey-error]"), chromedp.Text("[data-passkey-error]", &said), webauthn.SetUserVerified(device, true))
	assert.Equal(t, "Nothing was chosen, or it took too long. Try again.", said)

	// Removed.
	all, err := s.people.Passkeys(t.Context(), s.as(s.dana), s.dana.ID)
	require.NoError(t, err)
	require.Len(t, all, 1)
	require.NoError(t, s.people.RemovePasskey(t.Context(), people.System("test"), all[0].ID))
	b.Do("coming by one that is removed", in, chromedp.WaitVisible(".banner-danger"), chromedp.Text(".banner-danger", &said))
	assert.Contains(t, said, "This passkey opens nothing here.")
	var cookies []*network.Cookie
	b.Do("looking at cookies", chromedp.ActionFunc(func(ctx context.Context) (err error) {
		cookies, err = network.GetCookies().Do(cdp.WithExecutor(ctx, chromedp.FromContext(ctx).Target))
		return err
	}))
	for _, c := range cookies {
		assert.NotEqual(t, cookiePlain, c.Name, "nobody is signed in")
	}
	b.Quiet()
}
