package web

import (
	"encoding/json"
	"net/http"
	"net/url"
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
	require.NoError(t, s.people.RecordPush(t.Context(), s.as(s.mara), event, [][]byte{at[:]}))
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
