package web

import (
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dealwiki/realtime"
	"dealwiki/wiki/people"
)

const (
	termsPage = "external/closing/terms"
	termsLive = "/live/northwind/" + termsPage
	guestLive = "/live/shared/northwind/terms"
)

// guest is a browser of somebody of the customer's who has joined northwind.
func (s *site) guest(email string, role people.GuestRole, until time.Time) (*browser, people.Person) {
	s.t.Helper()
	id, token, err := s.people.InviteGuest(s.t.Context(), s.as(s.dana), people.NewGuest{Prospect: "northwind", Name: "Guest " + email, Email: email, Role: role, Until: until})
	require.NoError(s.t, err)
	b := s.browser()
	a := b.post("/join/"+token, url.Values{})
	require.Equal(s.t, "/shared/northwind", a.location(), a.body)
	p, err := s.people.Get(s.t.Context(), id)
	require.NoError(s.t, err)
	return b, p
}

// Guests type together with staff, as far as they may, and are out within a
// second when they are sent away, made readers, or their time is over. Nothing
// that they or others have typed is lost.
func TestGuestsAreSentAwayWhileTheyType(t *testing.T) {
	s := newLiveSite(t)
	dana := s.signedIn(s.dana).editor(termsLive)
	b, p := s.guest("ingrid@northwind.example", people.GuestEditor, time.Time{})
	ingrid := b.editor(guestLive)
	shows(t, ingrid, "# Terms")
	typed(t, ingrid, "# Terms", "# Terms of both")
	shows(t, dana, "# Terms of both")
	for _, role := range []people.GuestRole{people.GuestViewer, people.GuestCommenter} {
		reader, _ := s.guest(string(role)+"@northwind.example", role, time.Time{})
		e := reader.editor(guestLive)
		shows(t, e, "of both")
		require.NoError(t, e.Replace("# Mine\n"))
		require.Eventually(t, func() bool { return !e.Online() || e.Text() != "" }, 5*time.Second, 5*time.Millisecond)
	}
	assert.Contains(t, dana.Text(), "# Terms of both", "who may not write reaches nobody")

	other, otherPerson := s.guest("henrik@northwind.example", people.GuestEditor, time.Now().Add(1500*time.Millisecond))
	henrik := other.editor(guestLive)
	shows(t, henrik, "of both")

	began := time.Now()
	require.NoError(t, s.people.RevokeGuest(t.Context(), s.as(s.dana), "northwind", p.ID))
	code, _ := ended(t, ingrid)
	assert.Equal(t, realtime.CodeNotFound, code)
	t.Logf("closed %s after being sent away", time.Since(began).Round(time.Millisecond))
	status, code, _ := s.open(guestLive, b.header())
	assert.Equal(t, 101, status)
	assert.Equal(t, realtime.CodeNotFound, code, "and does not come back")
	none, noneCode, _ := s.open("/live/shared/northwind/no-such-page", b.header())
	assert.Equal(t, status, none)
	assert.Equal(t, code, noneCode)

	code, _ = ended(t, henrik)
	assert.Equal(t, realtime.CodeNotFound, code, "the time is over")
	level, _ := s.people.SharedLevel(t.Context(), s.as(otherPerson), "northwind")
	assert.Equal(t, people.None, level)

	typed(t, dana, "See", "Please see")
	assert.Contains(t, dana.Text(), "# Terms of both")
	require.True(t, dana.Online(), "others stay")
	// The staff's doors are shut for guests all along.
	third, _ := s.guest("lars@northwind.example", people.GuestEditor, time.Time{})
	for _, path := range []string{termsLive, closePlanLive, "/live/secretco/internal/account/overview", "/live/shared/secretco/overview", "/live/shared/northwind/close-plan"} {
		_, code, _ := s.open(path, third.header())
		assert.Equal(t, realtime.CodeNotFound, code, path)
	}
}
