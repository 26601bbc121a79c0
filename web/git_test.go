package web

import (
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dealwiki/wiki/people"
)

func TestGitDoorIsShutInOneWay(t *testing.T) {
	s := newSite(t)
	nobody, dana := s.browser(), s.signedIn(s.dana)
	first := nobody.get("/git/northwind/internal.git/info/refs?service=git-upload-pack")
	require.Equal(t, http.StatusUnauthorized, first.status)
	assert.Contains(t, first.header.Get("WWW-Authenticate"), "Basic")
	for _, path := range []string{"/git/", "/git/x", "/git/secretco/internal.git/info/refs", "/git/northwind/internal.git/info/refs?service=a&service=b", "/git/a;b", "/git/a%2fb", "/git/northwind/external.git/git-receive-pack"} {
		for _, b := range []*browser{nobody, dana} { // a session opens nothing here
			a := b.get(path)
			assert.Equal(t, first.status, a.status, path)
			assert.Equal(t, first.body, a.body, path)
		}
	}
	secret, _, err := s.people.NewToken(t.Context(), people.System("test"), s.dana.ID, "git", people.Git, time.Time{})
	require.NoError(t, err)
	r := nobody.request("GET", "/git/northwind/internal.git/info/refs?service=git-upload-pack", nil)
	r.SetBasicAuth("dana", secret)
	a := nobody.do(r)
	assert.Equal(t, http.StatusNotImplemented, a.status, "the site has no git")
	assert.Contains(t, a.body, "everything else works")
}

func TestWhoPushedStandsInTheHistory(t *testing.T) {
	s := newSite(t)
	done := s.write("northwind", "internal/closing/close-plan", closePlan+"\nMore.\n") // as Dana
	at := done.Version
	event := people.Event{Action: "git.push", Prospect: "northwind"}
	require.NoError(t, s.people.RecordPush(t.Context(), s.as(s.vera), event, [][]byte{at[:]}))
	require.NoError(t, s.people.RecordPush(t.Context(), s.as(s.mara), event, [][]byte{at[:]}))
	// A push that is cut short has brought nothing: who pushes again is who did.
	// The same commit somewhere else is another matter.
	require.NoError(t, s.people.RecordPush(t.Context(), s.as(s.ada), people.Event{Action: "git.push", Prospect: "secretco"}, [][]byte{at[:]}))
	b := s.signedIn(s.dana)
	assert.Contains(t, b.ok(closePlanPath+"/history"), "Dana Test, pushed by Mara Test")
	assert.NotContains(t, b.ok("/p/northwind/external/closing/terms/history"), "pushed by")
	const api = "/api/v1/prospects/northwind"
	for _, path := range []string{"/pages/internal/closing/close-plan/history", "/changes?section=internal"} {
		var list struct {
			Items []struct {
				Version string
				Pushed  *APIPerson `json:"pushed_by"`
			}
		}
		require.NoError(t, json.Unmarshal([]byte(b.ok(api+path)), &list))
		require.Equal(t, at.String(), list.Items[0].Version)
		require.NotNil(t, list.Items[0].Pushed, path)
		assert.Equal(t, s.mara.ID, list.Items[0].Pushed.ID, path)
		assert.Nil(t, list.Items[1].Pushed, "made here")
	}
}

func TestGuestsCloneWhereTheOwnerAllowsIt(t *testing.T) {
	s := newSite(t)
	dana, mara := s.signedIn(s.dana), s.signedIn(s.mara)
	page := dana.ok("/p/northwind/git")
	for _, want := range []string{"Guests cannot clone anything", "everything that was ever shared", "names of your stages", "/git/northwind/external.git", s.dana.ID + "@users.invalid", "git is not installed on this server"} {
		assert.Contains(t, page, want)
	}
	assert.NotContains(t, mara.ok("/p/northwind/git"), "Let guests clone")
	yes := url.Values{"guests": {"yes"}}
	assert.Equal(t, http.StatusForbidden, mara.post("/p/northwind/git", yes).status)
	assert.Equal(t, http.StatusNotFound, mara.post("/p/secretco/git", yes).status)
	assert.Equal(t, http.StatusBadRequest, dana.post("/p/northwind/git", url.Values{}).status)
	require.Equal(t, "/p/northwind/git", dana.post("/p/northwind/git", yes).location())
	assert.Contains(t, dana.ok("/p/northwind/git"), "Guests may clone")
	may, err := s.people.GuestsMayClone(t.Context(), "northwind")
	require.NoError(t, err)
	assert.True(t, may)
	require.Equal(t, http.StatusSeeOther, dana.post("/p/northwind/git", url.Values{"guests": {"no"}}).status)
	assert.Contains(t, dana.ok("/p/northwind/git"), "Guests cannot clone anything")
}

// Where the owner allows it a guest needs nobody else to clone: they make
// themselves a token, which opens git alone and no longer than they may come.
func TestGuestsMakeTheirOwnTokens(t *testing.T) {
	s := newSite(t)
	until := time.Now().Add(10 * 24 * time.Hour)
	guest, p := s.guest("ingrid@northwind.example", people.GuestViewer, until)
	page := guest.ok("/account")
	assert.Contains(t, page, "ingrid@northwind.example")
	assert.NotContains(t, page, "oken")
	assert.NotContains(t, guest.ok("/shared/northwind"), `href="/account"`)
	name := url.Values{"name": {"My laptop"}}
	assert.Equal(t, http.StatusUnprocessableEntity, guest.post("/account", name).status)
	require.NoError(t, s.people.SetGuestsMayClone(t.Context(), s.as(s.dana), "northwind", true))
	assert.Contains(t, guest.ok("/shared/northwind"), `href="/account"`)
	assert.Contains(t, guest.ok("/account"), "/git/northwind/external.git")
	assert.Equal(t, http.StatusUnprocessableEntity, guest.post("/account", url.Values{"name": {strings.Repeat("x", 200)}}).status)

	a := guest.post("/account", name)
	require.Equal(t, http.StatusOK, a.status, a.body)
	secret := regexp.MustCompile(`value="(dw[^"]+)"`).FindStringSubmatch(a.body)
	require.NotNil(t, secret, a.body)
	assert.NotContains(t, guest.ok("/account"), secret[1], "shown once")
	tokens, err := s.people.Tokens(t.Context(), s.as(p), p.ID)
	require.NoError(t, err)
	require.Len(t, tokens, 1)
	assert.Equal(t, people.Git, tokens[0].Scopes)
	assert.WithinDuration(t, until, tokens[0].Expires, time.Second)

	ask := func(path string) int {
		r := s.browser().request("GET", path, nil)
		r.SetBasicAuth("ingrid", secret[1])
		return s.browser().do(r).status
	}
	const refs = "/info/refs?service=git-upload-pack"
	assert.Equal(t, http.StatusNotImplemented, ask("/git/northwind/external.git"+refs), "the site has no git")
	for _, path := range []string{"/git/northwind/internal.git" + refs, "/git/secretco/external.git" + refs, "/git/northwind/external.git/info/refs?service=git-receive-pack"} {
		assert.Equal(t, http.StatusNotFound, ask(path), path)
	}
	// What is another's is not there; their own ends at once.
	_, other, err := s.people.NewToken(t.Context(), people.System("test"), s.dana.ID, "script", people.Git, time.Time{})
	require.NoError(t, err)
	assert.Equal(t, http.StatusNotFound, guest.post("/account", url.Values{"revoke": {other.ID}}).status)
	require.Equal(t, "/account", guest.post("/account", url.Values{"revoke": {tokens[0].ID}}).location())
	assert.Equal(t, http.StatusUnauthorized, ask("/git/northwind/external.git"+refs))
	assert.Equal(t, "/settings", s.signedIn(s.dana).get("/account").location())
}
