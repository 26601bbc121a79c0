package web

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dealwiki/realtime"
	"dealwiki/realtime/journal"
	"dealwiki/realtime/load"
	"dealwiki/wiki"
	"dealwiki/wiki/people"
	"dealwiki/wiki/repo"
)

// newLiveSite is newSite with live editing. Versions are made on demand only.
func newLiveSite(t testing.TB, change ...func(*Config)) *site {
	var hub *realtime.Hub
	return newSite(t, append(change, func(cfg *Config) {
		j, err := journal.Open(filepath.Join(cfg.Wiki.Dir(), "journal.db"), journal.Options{Logger: cfg.Logger})
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, j.Close()) })
		hub, err = realtime.New(realtime.Config{Wiki: cfg.Wiki, Journal: j, People: cfg.People, Logger: cfg.Logger, Idle: time.Hour, Steady: time.Hour})
		require.NoError(t, err)
		cfg.Wiki.SetRooms(hub)
		done := make(chan struct{})
		go func() {
			defer close(done)
			hub.Run(context.Background())
		}()
		t.Cleanup(func() {
			require.NoError(t, hub.Close(context.Background()))
			<-done
		})
		cfg.Live = hub
	})...)
}

// soon bounds what should come at once.
func soon(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	t.Cleanup(cancel)
	return ctx
}

const (
	closePlanAt   = "internal/closing/close-plan"
	closePlanPage = "/p/northwind/" + closePlanAt
	closePlanLive = "/live/northwind/" + closePlanAt
)

func (s *site) socket(path string) string {
	return "ws" + strings.TrimPrefix(s.server.URL, "http") + path
}

// header is what the browser sends to open a socket.
func (b *browser) header() http.Header {
	h := http.Header{"Origin": {b.server.URL}}
	var cookies []string
	for _, c := range b.jar {
		cookies = append(cookies, c.Name+"="+c.Value)
	}
	h.Set("Cookie", strings.Join(cookies, "; "))
	return h
}

// open opens a page's socket and answers the status, or with 101 the close code
// and reason; 0 for one that stays open.
func (s *site) open(path string, header http.Header) (status, code int, reason string) {
	s.t.Helper()
	ws, res, err := websocket.DefaultDialer.DialContext(soon(s.t), s.socket(path), header)
	if err != nil {
		require.NotNil(s.t, res, "%v", err)
		return res.StatusCode, 0, ""
	}
	defer ws.Close()
	require.NoError(s.t, ws.SetReadDeadline(time.Now().Add(20*time.Second)))
	_, _, err = ws.ReadMessage()
	if closed, ok := err.(*websocket.CloseError); ok {
		return res.StatusCode, closed.Code, closed.Text
	}
	require.NoError(s.t, err)
	return res.StatusCode, 0, ""
}

var editorIDs uint64 = 1000

// editor opens a page live in a browser's name.
func (b *browser) editor(path string) *load.Editor {
	b.t.Helper()
	editorIDs++
	e := load.NewEditor(editorIDs)
	require.NoError(b.t, e.Connect(soon(b.t), b.socket(path), b.header()))
	b.t.Cleanup(e.Disconnect)
	return e
}

// typed changes the text and waits until it is on disk.
func typed(t testing.TB, e *load.Editor, from, to string) {
	t.Helper()
	text := e.Text()
	require.Contains(t, text, from)
	require.NoError(t, e.Replace(strings.Replace(text, from, to, 1)))
	require.NoError(t, e.Settled(soon(t)))
	require.True(t, e.Online())
}

// shows waits until an editor has a text.
func shows(t testing.TB, e *load.Editor, parts ...string) {
	t.Helper()
	require.Eventually(t, func() bool {
		text := e.Text()
		for _, part := range parts {
			if strings.Count(text, part) != 1 {
				return false
			}
		}
		return true
	}, 20*time.Second, 5*time.Millisecond, "%q in %q", parts, e.Text())
}

// ended waits until the server has closed an editor's socket.
func ended(t testing.TB, e *load.Editor) (code int, reason string) {
	t.Helper()
	require.Eventually(t, func() bool { return !e.Online() }, 20*time.Second, 5*time.Millisecond)
	return e.Closed()
}

func TestLiveDoor(t *testing.T) {
	s := newLiveSite(t)
	ctx := context.Background()
	token := func(p people.Person, scopes people.Scope) string {
		secret, _, err := s.people.NewToken(ctx, people.System("test"), p.ID, "test", scopes, time.Time{})
		require.NoError(t, err)
		return "?token=" + secret
	}
	dana, mara := s.signedIn(s.dana), s.signedIn(s.mara)
	s.write("northwind", "internal/closing/gone", "# Gone\n")
	require.Equal(t, http.StatusSeeOther, dana.post("/p/northwind/internal/closing/gone/move", url.Values{"stage": {"delivering"}, "page": {"there"}}).status)
	with := func(h http.Header, origin ...string) http.Header {
		h = h.Clone()
		h["Origin"] = origin
		return h
	}
	nobody := http.Header{"Origin": {s.server.URL}}
	for name, c := range map[string]struct {
		path   string
		header http.Header
		status int
		code   int
		reason string
	}{
		"session":                   {closePlanLive, dana.header(), 101, 0, ""},
		"session without origin":    {closePlanLive, with(dana.header()), 403, 0, ""},
		"session from null":         {closePlanLive, with(dana.header(), "null"), 403, 0, ""},
		"session from elsewhere":    {closePlanLive, with(dana.header(), "https://evil.example"), 403, 0, ""},
		"session from another port": {closePlanLive, with(dana.header(), "http://127.0.0.1:1"), 403, 0, ""},
		"two origins":               {closePlanLive, with(dana.header(), s.server.URL, "https://evil.example"), 403, 0, ""},
		"token":                     {closePlanLive + token(s.dana, people.Write), nil, 101, 0, ""},
		"token from elsewhere":      {closePlanLive + token(s.dana, people.Write), http.Header{"Origin": {"https://evil.example"}}, 403, 0, ""},
		"token for feeds":           {closePlanLive + token(s.dana, people.Feed), nil, 101, realtime.CodeSignedOut, "sign in"},
		"wrong token":               {closePlanLive + "?token=dw_nothing", nil, 101, realtime.CodeSignedOut, "sign in"},
		"wrong token, good session": {closePlanLive + "?token=", dana.header(), 101, realtime.CodeSignedOut, "sign in"},
		"nobody":                    {closePlanLive, nobody, 101, realtime.CodeSignedOut, "sign in"},
		"nobody, page not there":    {"/live/northwind/internal/closing/none", nobody, 101, realtime.CodeSignedOut, "sign in"},
		"hidden prospect":           {"/live/secretco/internal/account/overview", mara.header(), 101, realtime.CodeNotFound, "not found"},
		"no prospect":               {"/live/nosuchco/internal/account/overview", mara.header(), 101, realtime.CodeNotFound, "not found"},
		"no page":                   {"/live/northwind/internal/closing/none", mara.header(), 101, realtime.CodeNotFound, "not found"},
		"no section":                {"/live/northwind/shared/closing/close-plan", mara.header(), 101, realtime.CodeNotFound, "not found"},
		"no external playbook":      {"/live/playbook/external/account/icp", mara.header(), 101, realtime.CodeNotFound, "not found"},
		"moved":                     {"/live/northwind/internal/closing/gone", dana.header(), 101, realtime.CodeMoved, "internal/delivering/there"},
		"other epoch":               {closePlanLive + "?epoch=0123456789abcdef", dana.header(), 101, realtime.CodeStaleCopy, "your copy is of an older document"},
	} {
		t.Run(name, func(t *testing.T) {
			status, code, reason := s.open(c.path, c.header)
			assert.Equal(t, []any{c.status, c.code, c.reason}, []any{status, code, reason})
		})
	}
	assert.Equal(t, http.StatusUpgradeRequired, dana.get(closePlanLive).status)
	assert.Equal(t, http.StatusUpgradeRequired, mara.get("/live/secretco/internal/account/overview").status)

	// A token that only reads, like a viewer, takes part and changes nothing.
	reader := load.NewEditor(7)
	require.NoError(t, reader.Connect(soon(t), s.socket(closePlanLive+token(s.dana, people.Read)), nil))
	defer reader.Disconnect()
	vera, writer := s.signedIn(s.vera).editor(closePlanLive), dana.editor(closePlanLive)
	require.NoError(t, reader.Replace("forged by a reader"))
	require.NoError(t, vera.Replace("forged by a viewer"))
	typed(t, writer, "ink is dry", "ink is quite dry")
	shows(t, reader, "quite")
	require.Eventually(t, func() bool { return len(vera.Notices()) > 0 && len(reader.Notices()) > 0 }, 20*time.Second, 5*time.Millisecond)
	assert.NotContains(t, writer.Text(), "forged")
}

// Whoever may no longer be there is gone within a second.
func TestLiveSocketsEndWithTheRightToThem(t *testing.T) {
	s := newLiveSite(t)
	ctx := context.Background()
	admin := s.as(s.ada)
	dana, mara, vera := s.signedIn(s.dana), s.signedIn(s.mara), s.signedIn(s.vera)
	require.NoError(t, s.people.Grant(ctx, s.as(s.dana), "secretco", s.mara.ID, people.Editor))
	secret := mara.editor("/live/secretco/internal/account/overview")
	open, both := mara.editor(closePlanLive), vera.editor(closePlanLive)
	require.NoError(t, s.people.Revoke(ctx, s.as(s.dana), "secretco", s.mara.ID))
	code, _ := ended(t, secret)
	assert.Equal(t, realtime.CodeNotFound, code)
	assert.True(t, open.Online())

	// A viewer who becomes an editor comes again, and writes.
	require.NoError(t, s.people.Grant(ctx, s.as(s.dana), "northwind", s.vera.ID, people.Editor))
	code, _ = ended(t, both)
	assert.Equal(t, realtime.CodeComeAgain, code)
	typed(t, vera.editor(closePlanLive), "ink is dry", "ink is wet")
	shows(t, open, "wet")

	require.Equal(t, http.StatusSeeOther, mara.post("/sign-out", url.Values{}).status)
	code, _ = ended(t, open)
	assert.Equal(t, realtime.CodeSignedOut, code)

	own := dana.editor(closePlanLive)
	began := time.Now()
	require.NoError(t, s.people.Disable(ctx, admin, s.dana.ID))
	code, _ = ended(t, own)
	assert.Equal(t, realtime.CodeSignedOut, code)
	t.Logf("disabled people are gone after %s", time.Since(began))
}

// The other doors to a page's text while it is open.
func TestOtherDoorsWhileAPageIsOpen(t *testing.T) {
	s := newLiveSite(t)
	dana, mara := s.signedIn(s.dana), s.signedIn(s.mara)
	api := s.program(s.mara, people.Write)
	e := dana.editor(closePlanLive)
	get := func() (text, version string) {
		page := decode[apiPageText](t, api.call("GET", "/prospects/northwind/pages/"+closePlanAt, ""))
		return page.Text, page.Version
	}
	put := func(text, base string) answer {
		body, err := json.Marshal(map[string]string{"text": text})
		require.NoError(t, err)
		return api.call("PUT", "/prospects/northwind/pages/"+closePlanAt, string(body), "If-Match", `"`+base+`"`)
	}
	names := func(n int) (out []string) {
		space, err := s.wiki.Space(context.Background(), s.as(s.dana), "northwind")
		require.NoError(t, err)
		all, err := space.Internal().History(context.Background(), s.as(s.dana), place(t, closePlanAt), n, repo.Zero)
		require.NoError(t, err)
		for _, v := range all {
			out = append(out, v.Author.Name)
		}
		return out
	}

	// A program's PUT: what is pending becomes Dana's version first, though the
	// program knows the version before.
	first, base := get()
	typed(t, e, "ink is dry", "ink is almost dry")
	text, version := get()
	assert.Equal(t, []string{first, base}, []string{text, version}, "GET answers what was last committed")
	a := put(strings.Replace(first, "## Steps", "## The steps", 1), base)
	require.Equal(t, http.StatusOK, a.status, a.body)
	merged := decode[apiPageText](t, a)
	assert.Contains(t, merged.Text, "almost dry")
	assert.Contains(t, merged.Text, "## The steps")
	shows(t, e, "almost dry", "## The steps")
	assert.Equal(t, []string{"Mara Test", "Dana Test"}, names(2))
	assert.Equal(t, http.StatusPreconditionFailed, put("x", base).status, "412 when the base is not the last version")

	// Both changed the same words: both are kept, and it is said.
	_, base = get()
	typed(t, e, "almost dry", "nearly dry")
	a = put(strings.Replace(merged.Text, "almost dry", "fully dry", 1), base)
	require.Equal(t, http.StatusOK, a.status, a.body)
	both := decode[apiPageText](t, a)
	assert.NotEmpty(t, both.Overlaps)
	assert.Contains(t, both.Text, "nearly")
	assert.Contains(t, both.Text, "fully")
	shows(t, e, "nearly", "fully")
	assert.Equal(t, both.Text, e.Text())

	// A form merges from any version.
	typed(t, e, "## The steps", "## All the steps")
	require.Equal(t, http.StatusSeeOther, mara.post(closePlanPage, url.Values{"base": {version}, "text": {strings.Replace(first, "# Close plan", "# Closing plan", 1)}}).status)
	shows(t, e, "# Closing plan", "## All the steps", "nearly")

	// A fact typed in a form gets its id in the document too.
	text, version = get()
	require.Equal(t, http.StatusSeeOther, mara.post(closePlanPage, url.Values{"base": {version}, "text": {text + "\n> [!risk] Their board meets late\n"}}).status)
	require.Eventually(t, func() bool {
		return regexp.MustCompile(`\[!risk\] Their board meets late \^[a-z]-[0-9a-z]+\n`).MatchString(e.Text())
	}, 20*time.Second, 5*time.Millisecond, e.Text())
	// And so does one typed live, when it is saved.
	typed(t, e, "## All the steps", "> [!decision] We ship in March\n\n## All the steps")
	require.NoError(t, e.Checkpoint("Settled on the call"))
	require.Eventually(t, func() bool {
		return regexp.MustCompile(`\[!decision\] We ship in March \^[a-z]-[0-9a-z]+\n`).MatchString(e.Text())
	}, 20*time.Second, 5*time.Millisecond, e.Text())
	text, version = get()
	assert.Equal(t, e.Text(), text)

	// Ticking a task in the reading view, of a version that is not the newest.
	line := 0
	for i, l := range strings.Split(text, "\n") {
		if strings.Contains(l, "Send the redlines") {
			line = i + 1
		}
	}
	typed(t, e, "- [ ] Send", "Somebody writes above.\n\n- [ ] Send")
	a = mara.post(closePlanPage+"/task", url.Values{"version": {version}, "line": {strconv.Itoa(line)}, "done": {"true"}})
	require.Equal(t, http.StatusSeeOther, a.status, a.body)
	shows(t, e, "- [x] Send the redlines", "Somebody writes above.")

	// Restoring the first version keeps what came before it in the history.
	require.Equal(t, http.StatusSeeOther, mara.post(closePlanPage+"/restore", url.Values{"at": {base}}).status)
	require.Eventually(t, func() bool { return !strings.Contains(e.Text(), "Somebody writes above") }, 20*time.Second, 5*time.Millisecond)
	text, _ = get()
	assert.Equal(t, merged.Text, text)
	assert.Equal(t, text, e.Text())
	require.True(t, e.Online(), "nobody was sent away")
}

func TestMovingAndDeletingAnOpenPage(t *testing.T) {
	s := newLiveSite(t)
	dana, mara := s.signedIn(s.dana), s.signedIn(s.mara)
	e := dana.editor(closePlanLive)
	typed(t, e, "ink is dry", "ink is almost dry")
	require.Equal(t, http.StatusSeeOther, mara.post(closePlanPage+"/move", url.Values{"stage": {"delivering"}, "page": {"plan"}}).status)
	code, reason := ended(t, e)
	assert.Equal(t, []any{realtime.CodeMoved, "internal/delivering/plan"}, []any{code, reason})
	moved := s.read("northwind", "internal/delivering/plan")
	assert.Contains(t, string(moved.Text), "almost dry")

	// The document went along: the same editor goes on at the new place, with
	// what it typed meanwhile.
	require.NoError(t, e.Replace(strings.Replace(e.Text(), "almost dry", "as good as dry", 1)))
	require.NoError(t, e.Connect(soon(t), s.socket("/live/northwind/internal/delivering/plan"), dana.header()))
	shows(t, e, "as good as dry")
	require.NoError(t, e.Settled(soon(t)))
	known := len(e.Commits())
	require.NoError(t, e.Checkpoint("Moved"))
	require.Eventually(t, func() bool { return len(e.Commits()) > known }, 20*time.Second, 5*time.Millisecond)
	assert.Equal(t, e.Text(), string(s.read("northwind", "internal/delivering/plan").Text))

	typed(t, e, "as good as dry", "dry at last")
	before := epochOf(t, dana, "/p/northwind/internal/delivering/plan")
	require.Equal(t, http.StatusSeeOther, mara.post("/p/northwind/internal/delivering/plan/delete", url.Values{"confirm": {"yes"}}).status)
	code, _ = ended(t, e)
	assert.Equal(t, realtime.CodeNotFound, code)
	require.Equal(t, http.StatusSeeOther, mara.post("/p/northwind/internal/delivering/plan/restore", url.Values{"at": {moved.Version.String()}}).status)
	after := epochOf(t, dana, "/p/northwind/internal/delivering/plan")
	assert.NotEqual(t, before, after, "the page that came back has a document of its own")

	// A prospect in the trash takes its sockets along.
	e = dana.editor("/live/northwind/internal/delivering/plan")
	require.Equal(t, http.StatusSeeOther, dana.post("/p/northwind/delete", url.Values{"typed": {"Northwind Rail"}}).status)
	code, _ = ended(t, e)
	assert.Equal(t, realtime.CodeNotFound, code)
}

// liveConfig reads what a live editor's page tells its script.
func liveConfig(t testing.TB, page string) LiveConfig {
	t.Helper()
	m := regexp.MustCompile(`(?s)<script type="application/json" id="live-config">(.*?)</script>`).FindStringSubmatch(page)
	require.NotNil(t, m, page)
	var c LiveConfig
	require.NoError(t, json.Unmarshal([]byte(m[1]), &c))
	return c
}

func epochOf(t testing.TB, b *browser, page string) string {
	t.Helper()
	return liveConfig(t, b.ok(page+"?edit")).Epoch
}

func TestLiveEditorsPage(t *testing.T) {
	s := newLiveSite(t)
	dana, vera := s.signedIn(s.dana), s.signedIn(s.vera)
	a := dana.get(closePlanPage + "?edit")
	require.Equal(t, http.StatusOK, a.status, a.body)
	checkHeaders(t, a)
	c := liveConfig(t, a.body)
	assert.Contains(t, a.header.Get("Content-Security-Policy"), "style-src 'self' 'nonce-"+c.Nonce+"'")
	assert.NotEqual(t, c.Nonce, liveConfig(t, dana.ok(closePlanPage+"?edit")).Nonce)
	assert.Len(t, c.Epoch, 16)
	me := livePerson(s.dana)
	assert.Equal(t, LiveConfig{Socket: closePlanLive, Epoch: c.Epoch, Place: closePlanAt, Prospect: "northwind", Section: "internal", Stage: "closing", Title: "Close plan",
		Write: true, Me: *me, Version: head(t, s, closePlanAt).String(), Number: 2, Files: "/api/v1/prospects/northwind/files/internal/closing/", MaxFile: 1 << 20,
		Complete: "/-/complete", Comments: "/api/v1/prospects/northwind/pages/" + closePlanAt + "/comments", Present: "/p/northwind/present?at=" + url.QueryEscape(closePlanAt),
		Page: closePlanPage, Form: closePlanPage + "?edit=form", Leave: closePlanPage, Nonce: c.Nonce}, c)
	assert.Contains(t, a.body, `<noscript>`)
	assert.Contains(t, a.body, `href="`+closePlanPage+`?edit=form"`)
	assert.Contains(t, dana.ok(closePlanPage+"?edit=form"), `name="text"`)
	assert.Equal(t, "Northwind Rail", liveConfig(t, dana.ok("/p/northwind/external/closing/terms?edit")).Readers)

	// Who may not write reads along.
	c = liveConfig(t, vera.ok(closePlanPage+"?edit"))
	assert.Equal(t, []any{false, ""}, []any{c.Write, c.Form})
	assert.Equal(t, http.StatusForbidden, vera.get(closePlanPage+"?edit=form").status)

	// A page that is made is opened live; one that is not there is the form.
	a = dana.post("/p/northwind/new", url.Values{"title": {"Kick-off"}, "section": {"internal"}, "stage": {"closing"}})
	require.Equal(t, "/p/northwind/internal/closing/kick-off?edit", a.location(), a.body)
	assert.Equal(t, "Kick-off", liveConfig(t, dana.ok(a.location())).Title)
	a = dana.post("/p/northwind/internal/closing/open-redlines/create", url.Values{})
	require.Equal(t, "/p/northwind/internal/closing/open-redlines?edit", a.location(), a.body)
	liveConfig(t, dana.ok(a.location()))
	assert.Contains(t, dana.ok("/p/northwind/internal/closing/not-yet?edit"), `name="text"`)
	require.Equal(t, http.StatusSeeOther, dana.post(closePlanPage+"/move", url.Values{"stage": {"closing"}, "page": {"plan"}}).status)
	assert.Equal(t, "/p/northwind/internal/closing/plan?edit", dana.get(closePlanPage+"?edit").location())
}

func TestWhoIsHere(t *testing.T) {
	s := newLiveSite(t)
	dana, mara, vera := s.signedIn(s.dana), s.signedIn(s.mara), s.signedIn(s.vera)
	type who struct {
		Name, Title, Href string
		Me, Editing, Here bool
	}
	ask := func(b *browser, query string) (out []who) {
		t.Helper()
		a := b.get("/p/northwind/present" + query)
		require.Equal(t, http.StatusOK, a.status, a.body)
		for _, p := range decode[struct{ People []Present }](t, a).People {
			out = append(out, who{p.Name, p.Title, p.Href, p.Me, p.Editing, p.Here})
		}
		return out
	}
	assert.Equal(t, []who{{"Vera Test", "", "/p/northwind", true, false, true}}, ask(vera, ""))
	dana.editor(closePlanLive)
	mara.editor("/live/northwind/external/closing/terms")
	ask(mara, "?at="+closePlanAt)
	assert.Equal(t, []who{
		{"Dana Test", "Close plan", closePlanPage, false, true, true},
		{"Mara Test", "Close plan", closePlanPage, false, false, true},
		{"Vera Test", "Close plan", closePlanPage, true, false, true},
	}, ask(vera, "?at="+closePlanAt))
	ask(dana, "?at=external/closing/terms")
	assert.Contains(t, ask(vera, ""), who{"Dana Test", "Close plan", closePlanPage, false, true, false})
	assert.NotContains(t, ask(vera, ""), who{"Vera Test", "Close plan", closePlanPage, true, false, false}, "one is where one looked last")
	assert.Contains(t, ask(vera, ""), who{"Mara Test", "Terms", "/p/northwind/external/closing/terms", false, true, false}, "writing says more than reading")
	assert.Contains(t, dana.ok("/p/northwind"), `data-present="/p/northwind/present"`)
	assert.Contains(t, dana.ok(closePlanPage), `data-present="/p/northwind/present?at=`)
	for _, path := range []string{"/p/secretco/present", "/p/nosuchco/present", "/p/northwind/present?at=internal/closing/none", "/p/northwind/present?at=x"} {
		assert.Equal(t, http.StatusNotFound, mara.get(path).status, path)
	}
}

// Commits that come from elsewhere, as by an import, become the side's as they
// are; what is pending on open pages follows as a version of its own.
func TestHistoryThatComesWhilePagesAreOpen(t *testing.T) {
	for _, section := range []wiki.Section{wiki.Internal, wiki.External} {
		t.Run(string(section), func(t *testing.T) {
			s := newLiveSite(t)
			ctx := context.Background()
			at := string(section) + "/pricing/offer"
			s.write("northwind", at, "# Offer\n\nTen seats.\n\nFor a year.\n")
			s.write("northwind", string(section)+"/pricing/old", "# Old\n")
			dana := s.signedIn(s.dana)
			draft, final := string(section)+"/pricing/draft", string(section)+"/pricing/final"
			s.write("northwind", draft, "# Draft\n\nWhat we offer.\n\nWhat it costs in the first year, and what in those that follow.\n\nWho does what, and until which day.\n\nWhen we begin.\n")
			e, old := dana.editor("/live/northwind/"+at), dana.editor("/live/northwind/"+string(section)+"/pricing/old")
			typed(t, e, "Ten seats", "Twelve seats")
			renamed := dana.editor("/live/northwind/" + draft)
			typed(t, renamed, "What we offer", "What we really offer")

			foreign := repo.Person{Name: "Kim Berg", Email: "kim@users.invalid"}
			require.NoError(t, s.wiki.ImportHistory(ctx, s.as(s.mara), "northwind", section, wiki.HistoryImport{Join: func(ctx context.Context, r *repo.Repo, head repo.Hash) (repo.Hash, error) {
				for _, edits := range [][]repo.Edit{
					{{Path: "pricing/offer.md", Data: []byte("# The offer\n\nTen seats.\n\nFor a year.\n")}},
					{{Path: "pricing/offer.md", Data: []byte("# The offer\n\nTen seats.\n\nFor two years.\n")}, {Path: "pricing/old.md", Delete: true}},
					{{Path: "pricing/draft.md", Delete: true}, {Path: "pricing/final.md", Data: []byte("# Draft\n\nWhat we offer.\n\nWhat it costs in the first year, and what in those that follow.\n\nWho does what, and until which day.\n\nWhen we begin: in May.\n")}},
				} {
					c, err := r.Lookup(head)
					if err != nil {
						return head, err
					}
					if c.Tree, err = r.WriteEdits(c.Tree, edits); err != nil {
						return head, err
					}
					now := time.Now()
					c = repo.Commit{Tree: c.Tree, Parents: []repo.Hash{head}, Author: foreign, Committer: foreign, AuthoredAt: now, CommittedAt: now, Text: "From elsewhere\n"}
					if head, err = r.WriteCommit(c); err != nil {
						return head, err
					}
				}
				return head, r.Sync()
			}}))
			shows(t, e, "# The offer", "Twelve seats", "For two years")
			code, _ := ended(t, old)
			assert.Equal(t, realtime.CodeNotFound, code)
			code, reason := ended(t, renamed)
			assert.Equal(t, realtime.CodeMoved, code)
			assert.Equal(t, final, reason)
			require.NoError(t, renamed.Connect(ctx, dana.socket("/live/northwind/"+final), dana.header()))
			shows(t, renamed, "really offer", "in May")
			require.NoError(t, renamed.Checkpoint(""))
			require.Eventually(t, func() bool { return string(s.read("northwind", final).Text) == renamed.Text() }, 20*time.Second, 10*time.Millisecond)

			require.NoError(t, e.Checkpoint(""))
			require.Eventually(t, func() bool { return string(s.read("northwind", at).Text) == e.Text() }, 20*time.Second, 10*time.Millisecond)
			space, err := s.wiki.Space(ctx, s.as(s.dana), "northwind")
			require.NoError(t, err)
			side, err := space.Side(section)
			require.NoError(t, err)
			versions, err := side.History(ctx, s.as(s.dana), place(t, at), 10, repo.Zero)
			require.NoError(t, err)
			var authors []string
			for _, v := range versions {
				authors = append(authors, v.Author.Name)
			}
			assert.Equal(t, []string{"Dana Test", "Kim Berg", "Kim Berg", "Dana Test"}, authors)
			lines, _, err := side.Blame(ctx, s.as(s.dana), place(t, at))
			require.NoError(t, err)
			authors = authors[:0]
			for _, l := range lines {
				authors = append(authors, l.Author.Name)
			}
			assert.Equal(t, []string{"Kim Berg", "Dana Test", "Dana Test", "Dana Test", "Kim Berg"}, authors)
		})
	}
}
