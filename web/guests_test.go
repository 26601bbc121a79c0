package web

import (
	"net/http"
	"net/mail"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dealwiki/web/notify"
	"dealwiki/wiki/people"
)

// mailed is a site that sends mail, and its letters.
func mailed(t *testing.T) (*site, *notify.Center, *outbox) {
	t.Helper()
	var center *notify.Center
	out := &outbox{}
	s := newSite(t, func(c *Config) {
		center = notify.New(notify.Config{Wiki: c.Wiki, People: c.People, Mail: &notify.Mail{From: mail.Address{Address: "wiki@fairlead.example"}, Sender: out, URL: "https://wiki.fairlead.example"}})
		c.Notices = center
	})
	t.Cleanup(center.Close)
	return s, center, out
}

// lastLink is the path that the latest letter leads to, and the letter. It waits
// for one more than there were.
func lastLink(t *testing.T, center *notify.Center, out *outbox, were int) (path, letter string) {
	t.Helper()
	require.Eventually(t, func() bool {
		require.NoError(t, center.Deliver(t.Context()))
		return len(out.letters) > were
	}, 10*time.Second, 10*time.Millisecond)
	var raw strings.Builder
	_, err := out.letters[len(out.letters)-1].WriteTo(&raw)
	require.NoError(t, err)
	letter = strings.NewReplacer("=\r\n", "", "=E2=80=9C", "“", "=E2=80=9D", "”").Replace(raw.String())
	return regexp.MustCompile(`/(join|login)/[a-z2-7]{40,}`).FindString(letter), letter
}

// secret is a link that a page shows this once.
func secret(t *testing.T, body string) string {
	t.Helper()
	m := regexp.MustCompile(`data-copy="[^"]*(/join/[a-z2-7]+)"`).FindStringSubmatch(body)
	require.NotNil(t, m, body)
	return m[1]
}

const guestsPath = "/p/northwind/guests"

func TestInviteAGuestByLink(t *testing.T) {
	s := newSite(t)
	dana, mara, ada := s.signedIn(s.dana), s.signedIn(s.mara), s.signedIn(s.ada)
	page := dana.ok(guestsPath)
	assert.Contains(t, page, "no mail is set up")
	assert.Contains(t, dana.ok("/p/northwind/settings"), guestsPath)
	invite := url.Values{"name": {"Ingrid Solberg"}, "email": {"ingrid@northwind.example"}, "role": {"editor"}, "until": {"2099-12-31"}}
	assert.Equal(t, http.StatusForbidden, mara.post(guestsPath, invite).status, "an editor")
	assert.Equal(t, http.StatusForbidden, ada.post(guestsPath, invite).status, "an administrator who is not the owner")
	for field, bad := range map[string]url.Values{
		"email": {"name": {"I"}, "email": {"dana@fairlead.example"}, "role": {"viewer"}, "until": {""}},
		"until": {"name": {"I"}, "email": {"i@northwind.example"}, "role": {"viewer"}, "until": {"2001-01-01"}},
		"role":  {"name": {"I"}, "email": {"i@northwind.example"}, "role": {"owner"}, "until": {""}},
	} {
		a := dana.post(guestsPath, bad)
		assert.Equal(t, http.StatusUnprocessableEntity, a.status, field)
		assert.Contains(t, a.body, `value="I"`, field)
	}
	a := dana.post(guestsPath, invite)
	require.Equal(t, http.StatusOK, a.status, a.body)
	assert.Equal(t, "no-store", a.header.Get("Cache-Control"))
	join := secret(t, a.body)
	assert.Contains(t, dana.ok(guestsPath), "not here yet")
	assert.NotContains(t, dana.ok(guestsPath), join)

	// Whoever opens it sees whom it is for; looking uses nothing up.
	ingrid := s.browser()
	page = ingrid.ok(join)
	assert.Contains(t, page, "Ingrid Solberg")
	assert.Contains(t, page, "Dana Test")
	assert.NotContains(t, page, "closing", "no stage of ours")
	assert.Contains(t, mara.ok(join), "You are signed in as Mara Test")
	assert.Equal(t, http.StatusConflict, mara.post(join, url.Values{"name": {"Mara"}}).status)
	a = ingrid.post(join, url.Values{"name": {"Ingrid S."}})
	require.Equal(t, http.StatusSeeOther, a.status, a.body)
	assert.Equal(t, "/shared/northwind", a.location())
	other := s.browser()
	assert.Equal(t, http.StatusNotFound, other.post(join, url.Values{"name": {"X"}}).status)
	assert.Equal(t, http.StatusNotFound, other.get(join).status)
	assert.Empty(t, other.jar)

	// She is a guest and nothing else.
	assert.Equal(t, "/shared", ingrid.get("/").location())
	for _, path := range []string{"/p/northwind", guestsPath, "/search?q=terms", "/people", "/settings", "/admin/people"} {
		assert.Equal(t, http.StatusNotFound, ingrid.get(path).status, path)
	}
	assert.Equal(t, http.StatusNotFound, ingrid.post(guestsPath, invite).status)
	p, err := s.people.ByEmail(t.Context(), "ingrid@northwind.example")
	require.NoError(t, err)
	assert.Equal(t, "Ingrid S.", p.Name)
	guest := s.as(p)
	level, _ := s.people.SharedLevel(t.Context(), guest, "northwind")
	assert.Equal(t, people.Editor, level)
	require.NoError(t, s.people.GuestOpened(t.Context(), guest, "northwind", "terms"))
	assert.Contains(t, dana.ok(guestsPath), "/p/northwind/external/closing/terms")

	// Change, revoke, invite again.
	row := guestsPath + "/" + p.ID
	assert.Equal(t, http.StatusForbidden, mara.post(row+"/revoke", nil).status)
	require.Equal(t, http.StatusSeeOther, dana.post(row+"/change", url.Values{"role": {"viewer"}, "until": {""}}).status)
	level, _ = s.people.SharedLevel(t.Context(), guest, "northwind")
	assert.Equal(t, people.Viewer, level)
	assert.Equal(t, http.StatusUnprocessableEntity, dana.post(row+"/change", url.Values{"role": {"viewer"}, "until": {"soon"}}).status)
	require.Equal(t, http.StatusSeeOther, dana.post(row+"/revoke", nil).status)
	level, _ = s.people.SharedLevel(t.Context(), guest, "northwind")
	assert.Equal(t, people.None, level)
	assert.Contains(t, dana.ok(guestsPath), "sent away")
	a = dana.post(row+"/invitation", url.Values{"by": {"link"}})
	require.Equal(t, http.StatusOK, a.status)
	require.Equal(t, http.StatusSeeOther, ingrid.post(secret(t, a.body), url.Values{}).status)
	level, _ = s.people.SharedLevel(t.Context(), guest, "northwind")
	assert.Equal(t, people.Viewer, level)
	assert.Equal(t, http.StatusNotFound, dana.post(guestsPath+"/nobody/revoke", nil).status)
	assert.Equal(t, http.StatusNotFound, dana.post("/p/playbook/guests", invite).status)
	assert.Contains(t, ada.ok("/admin/audit?action=guest."), "Ingrid S.")
}

func TestInviteAGuestByMailAndComeBack(t *testing.T) {
	s, center, out := mailed(t)
	dana := s.signedIn(s.dana)
	a := dana.post(guestsPath, url.Values{"name": {"Ingrid"}, "email": {"ingrid@northwind.example"}, "role": {"viewer"}, "until": {""}, "by": {"mail"}})
	require.Equal(t, http.StatusSeeOther, a.status, a.body)
	path, letter := lastLink(t, center, out, 0)
	assert.Contains(t, letter, "Dana Test invites you")
	assert.NotContains(t, letter, "dana@fairlead.example")
	assert.Equal(t, "/shared/northwind", s.browser().post(path, url.Values{"name": {"Ingrid"}}).location())

	// The answer is the same for every address.
	ask := func(email string) answer { return s.browser().post("/sign-in/link", url.Values{"email": {email}}) }
	known := ask("ingrid@northwind.example")
	assert.Equal(t, http.StatusOK, known.status)
	for _, email := range []string{"nobody@northwind.example", "dana@fairlead.example", "nonsense", ""} {
		unknown := ask(email)
		assert.Equal(t, known.status, unknown.status)
		assert.Equal(t, known.body, unknown.body, email)
	}
	path, letter = lastLink(t, center, out, 1)
	assert.Contains(t, letter, "To: \"Ingrid\" <ingrid@northwind.example>")
	require.Len(t, out.letters, 2)
	again := s.browser()
	require.Contains(t, path, "/login/")
	a = again.post(path, url.Values{})
	require.Equal(t, http.StatusSeeOther, a.status)
	assert.Equal(t, "/shared", again.get("/").location())
	assert.Equal(t, http.StatusNotFound, s.browser().post(path, url.Values{}).status, "once")
	assert.Contains(t, s.browser().ok("/sign-in"), "/sign-in/link")

	for range 40 {
		a = ask("x@northwind.example")
	}
	assert.Equal(t, http.StatusTooManyRequests, a.status)
	assert.NotEmpty(t, a.header.Get("Retry-After"))
}

func TestReusableLinksInTheBrowser(t *testing.T) {
	s, center, out := mailed(t)
	dana := s.signedIn(s.dana)
	links := "/p/northwind/guest-links"
	link := func(form url.Values) string {
		t.Helper()
		form.Set("days", "30")
		form.Set("until", "")
		a := dana.post(links, form)
		require.Equal(t, http.StatusOK, a.status, a.body)
		return secret(t, a.body)
	}
	// Anybody.
	b := s.browser()
	open := link(url.Values{"label": {"Visit"}, "asks": {"nothing"}, "role": {"viewer"}})
	assert.NotContains(t, b.ok(open), `name="name"`)
	assert.Equal(t, "/shared/northwind", b.post(open, url.Values{}).location())
	assert.Equal(t, "/shared/northwind", b.post(open, url.Values{}).location(), "again as the same")
	guests, err := s.people.Guests(t.Context(), s.as(s.dana), "northwind")
	require.NoError(t, err)
	assert.Len(t, guests, 1)
	assert.NotContains(t, dana.ok(guestsPath), "guests.invalid")

	// A name and a password.
	named := link(url.Values{"label": {""}, "asks": {"name"}, "role": {"commenter"}, "password": {"north star"}})
	assert.Contains(t, s.browser().ok(named), `type="password"`)
	a := s.browser().post(named, url.Values{"name": {"Henrik"}, "password": {"wrong"}})
	assert.Equal(t, http.StatusUnprocessableEntity, a.status)
	assert.Contains(t, a.body, `value="Henrik"`)
	assert.Equal(t, "/shared/northwind", s.browser().post(named, url.Values{"name": {"Henrik"}, "password": {"north star"}}).location())

	// An address of a list, confirmed by mail; the answer tells nothing.
	listed := link(url.Values{"label": {"Theirs"}, "asks": {"list"}, "role": {"editor"}, "allowed": {"northwind.example, jo@elsewhere.example"}})
	page := s.browser().ok(listed)
	assert.NotContains(t, page, "elsewhere.example")
	in := s.browser().post(listed, url.Values{"name": {"Jo"}, "email": {"jo@elsewhere.example"}})
	no := s.browser().post(listed, url.Values{"name": {"Jo"}, "email": {"zz@elsewhere.example"}})
	assert.Equal(t, http.StatusOK, in.status)
	assert.Equal(t, strings.ReplaceAll(in.body, "jo@", "zz@"), no.body)
	path, _ := lastLink(t, center, out, 0)
	require.Contains(t, path, "/join/")
	c := s.browser()
	assert.Contains(t, c.ok(path), "jo@elsewhere.example")
	assert.Equal(t, "/shared/northwind", c.post(path, url.Values{}).location())
	assert.Equal(t, http.StatusNotFound, s.browser().post(path, url.Values{}).status, "once")
	time.Sleep(20 * time.Millisecond)
	require.NoError(t, center.Deliver(t.Context()))
	assert.Len(t, out.letters, 1)

	assert.Equal(t, http.StatusUnprocessableEntity, dana.post(links, url.Values{"asks": {"list"}, "role": {"viewer"}, "allowed": {""}}).status)
	assert.Equal(t, http.StatusForbidden, s.signedIn(s.mara).post(links, url.Values{"asks": {"name"}, "role": {"viewer"}}).status)
	end := regexp.MustCompile(links+`/[a-z2-7]+/end`).FindAllString(dana.ok(guestsPath), -1)
	require.Len(t, end, 3)
	for _, path := range end {
		assert.Equal(t, http.StatusForbidden, s.signedIn(s.mara).post(path, url.Values{}).status)
		assert.Equal(t, http.StatusSeeOther, dana.post(path, url.Values{"away": {"yes"}}).status)
	}
	for _, path := range []string{open, named, listed} {
		assert.Equal(t, http.StatusNotFound, s.browser().get(path).status)
	}
	guests, err = s.people.Guests(t.Context(), s.as(s.dana), "northwind")
	require.NoError(t, err)
	for _, g := range guests {
		assert.False(t, g.Revoked.IsZero())
	}
}

func TestLinksThatNeedMailAreRefusedWithoutIt(t *testing.T) {
	s := newSite(t)
	dana := s.signedIn(s.dana)
	a := dana.post("/p/northwind/guest-links", url.Values{"asks": {"address"}, "role": {"viewer"}})
	assert.Equal(t, http.StatusUnprocessableEntity, a.status)
	assert.Contains(t, a.body, "no mail is set up")
	assert.Contains(t, s.browser().ok("/sign-in/link"), "sends no mail")
	known := s.browser().post("/sign-in/link", url.Values{"email": {"dana@fairlead.example"}})
	assert.Contains(t, known.body, "sends no mail")
}

func TestGuestsAPI(t *testing.T) {
	s := newSite(t)
	dana, mara, reader := s.program(s.dana, people.AllScopes), s.program(s.mara, people.AllScopes), s.program(s.dana, people.Read)
	path := "/prospects/northwind/guests"
	body := `{"name":"Ingrid","email":"ingrid@northwind.example","role":"commenter","until":"2099-12-31"}`
	assert.Equal(t, http.StatusForbidden, mara.call("POST", path, body).status)
	assert.Equal(t, http.StatusForbidden, reader.call("POST", path, body).status)
	assert.Equal(t, http.StatusNotFound, mara.call("POST", "/prospects/secretco/guests", body).status)
	assert.Equal(t, http.StatusNotFound, dana.call("POST", "/prospects/playbook/guests", body).status)
	a := dana.call("POST", path, body)
	require.Equal(t, http.StatusCreated, a.status, a.body)
	made := decode[struct{ ID, Join string }](t, a)
	require.True(t, strings.HasPrefix(made.Join, s.server.URL+"/join/"), made.Join)
	assert.Equal(t, http.StatusUnprocessableEntity, dana.call("POST", path, `{"name":"I","email":"x@northwind.example","mail":true}`).status)

	token := strings.TrimPrefix(made.Join, s.server.URL+"/join/")
	guest := s.browser()
	join := func(b *browser, token, body string) answer {
		r := b.request(http.MethodPost, "/api/v1/join/"+token, strings.NewReader(body))
		r.Header.Set("Content-Type", "application/json")
		return b.do(r)
	}
	assert.Equal(t, http.StatusConflict, join(s.signedIn(s.mara), token, "").status)
	assert.Equal(t, http.StatusBadRequest, join(s.browser(), token, `{"name":"a","name":"b"}`).status)
	a = join(guest, token, `{"name":"Ingrid S."}`)
	require.Equal(t, http.StatusOK, a.status, a.body)
	assert.Contains(t, a.body, `"shared":"/shared/northwind"`)
	assert.NotEmpty(t, guest.jar)
	a = join(s.browser(), token, "")
	assert.Equal(t, http.StatusNotFound, a.status)
	assert.Contains(t, a.header.Get("Content-Type"), "application/problem+json")

	type row struct{ ID, State, Role, Email string }
	list := decode[struct{ Items []row }](t, mara.call("GET", path, ""))
	require.Len(t, list.Items, 1)
	assert.Equal(t, row{made.ID, "here", "commenter", "ingrid@northwind.example"}, list.Items[0])
	assert.Equal(t, http.StatusForbidden, mara.call("PATCH", path+"/"+made.ID, `{"role":"viewer"}`).status)
	a = dana.call("PATCH", path+"/"+made.ID, `{"role":"viewer","until":""}`)
	require.Equal(t, http.StatusOK, a.status, a.body)
	assert.Contains(t, a.body, `"until":null`)
	assert.Equal(t, http.StatusForbidden, mara.call("DELETE", path+"/"+made.ID, "").status)
	require.Equal(t, http.StatusNoContent, dana.call("DELETE", path+"/"+made.ID, "").status)
	assert.Equal(t, "revoked", decode[row](t, dana.call("GET", path+"/"+made.ID, "")).State)
	assert.Equal(t, http.StatusNotFound, dana.call("GET", path+"/nobody", "").status)
	assert.Equal(t, http.StatusNotFound, dana.call("DELETE", path+"/nobody", "").status)

	links := "/prospects/northwind/guest-links"
	assert.Equal(t, http.StatusForbidden, mara.call("POST", links, `{"asks":"nothing"}`).status)
	a = dana.call("POST", links, `{"asks":"name","label":"Workshop"}`)
	require.Equal(t, http.StatusCreated, a.status, a.body)
	link := decode[struct{ ID, Join string }](t, a)
	assert.Equal(t, http.StatusOK, join(s.browser(), strings.TrimPrefix(link.Join, s.server.URL+"/join/"), `{"name":"Henrik"}`).status)
	assert.NotContains(t, mara.call("GET", links, "").body, "/join/")
	require.Equal(t, http.StatusNoContent, dana.call("DELETE", links+"/"+link.ID+"?away=true", "").status)
	assert.Contains(t, dana.call("GET", links, "").body, `"items":[]`)
	list = decode[struct{ Items []row }](t, dana.call("GET", path, ""))
	require.Len(t, list.Items, 2)
	assert.Equal(t, "revoked", list.Items[0].State)
}

// Whoever opens the link of an old mail again finds the way back in.
func TestUsedLinksLeadToNewOnes(t *testing.T) {
	s := newSite(t)
	for _, a := range []answer{s.browser().get("/join/used"), s.browser().post("/login/used", url.Values{})} {
		assert.Equal(t, http.StatusNotFound, a.status)
		assert.Contains(t, a.body, `href="/sign-in/link">Get a new link</a>`)
	}
	assert.Contains(t, s.browser().ok("/sign-in/link"), "Members of staff sign in here")
}
