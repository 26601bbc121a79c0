package web

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"net/http"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dealwiki/wiki"
	"dealwiki/wiki/people"
)

const guestPlan = `# Mutual action plan

## Steps to signature

- [x] Proposal handed in @dana due:2026-01-02
- [ ] Choose who signs @ingrid @dana due:2026-01-10
- [ ] Sign (Lars Nyberg) due:2099-01-01
`

// shared makes northwind a shared space with something on either side, and a
// guest of each kind.
func (s *site) shared() (editor *browser, ingrid people.Person) {
	s.t.Helper()
	s.write("northwind", "external/account/mutual-action-plan", guestPlan)
	s.write("northwind", "external/closing/terms", "# Terms\n\nSee [[closing/close-plan]], [[no-such]], [[mutual-action-plan]], [[secretco:account/overview]], "+
		"[plan](close-plan.md), [in](/p/northwind/internal/closing/close-plan), [out](/p/northwind/external/account/mutual-action-plan), @mara and @nobody.\n\n> [!decision] We roll out by depot\n")
	s.write("northwind", "internal/closing/close-plan", closePlan+"\nWe walk away at 700k, qqcanary, [[closing/terms]].\n")
	return s.guest("ingrid@northwind.example", people.GuestEditor, time.Time{})
}

// What serves guests names a side of the wall only as something it was handed:
// it has no word for what it must not show.
func TestPortalNamesOnlyWhatIsShared(t *testing.T) {
	files, err := filepath.Glob("portal*.go")
	require.NoError(t, err)
	files = append(files, "api_shared.go")
	banned := map[string]bool{"wiki.Wiki": true, "wiki.Space": true, "wiki.Internal": true, "wiki.Prospect": true, "wiki.Entry": true, "wiki.Playbook": true, "wiki.Funnel": true,
		"search.Index": true, "search.Section": true, "people.DB": true, "register.Register": true, "facts.Register": true, "brief.Maker": true, "handoff.Book": true}
	idents := map[string]bool{"Server": true, "frame": true, "resolver": true, "openSpace": true, "openSide": true, "pagePath": true, "filePath": true, "personView": true, "AudienceInternal": true}
	walked := 0
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		walked++
		fset := token.NewFileSet()
		f, err := parser.ParseFile(fset, file, nil, 0)
		require.NoError(t, err)
		ast.Inspect(f, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.SelectorExpr:
				if x, ok := n.X.(*ast.Ident); ok {
					assert.False(t, banned[x.Name+"."+n.Sel.Name], "%s names %s.%s", fset.Position(n.Pos()), x.Name, n.Sel.Name)
				}
				assert.NotContains(t, []string{"Space", "Sides", "Internal", "Prospects"}, n.Sel.Name, "%s", fset.Position(n.Pos()))
				if x, ok := n.X.(*ast.Ident); ok && x.Name == "a" {
					assert.NotEqual(t, "s", n.Sel.Name, "%s reaches for the server", fset.Position(n.Pos()))
				}
			case *ast.Ident:
				assert.False(t, idents[n.Name], "%s names %s", fset.Position(n.Pos()), n.Name)
			case *ast.BasicLit:
				assert.NotContains(t, n.Value, "internal", "%s", fset.Position(n.Pos()))
			}
			return true
		})
	}
	assert.Greater(t, walked, 10)
}

// For a guest there is nothing but the shared space: whatever else they ask for
// answers the same bytes.
func TestWhatIsNotSharedIsNotThere(t *testing.T) {
	s := newSite(t)
	guest, _ := s.shared()
	other, _ := s.guest("old@northwind.example", people.GuestEditor, time.Time{})
	stranger, who := s.guest("gone@northwind.example", people.GuestViewer, time.Time{})
	require.NoError(t, s.people.RevokeGuest(t.Context(), s.as(s.dana), "northwind", who.ID))
	_ = other

	none := guest.get("/shared/northwind/no-such-page")
	require.Equal(t, http.StatusNotFound, none.status)
	same := func(b *browser, path string) {
		t.Helper()
		a := b.get(path)
		assert.Equal(t, none.status, a.status, path)
		assert.Equal(t, none.body, a.body, path)
		for _, name := range []string{"Content-Type", "Cache-Control", "Content-Security-Policy", "Etag", "Last-Modified", "Content-Length"} {
			assert.Equal(t, none.header.Get(name), a.header.Get(name), "%s of %s", name, path)
		}
	}
	for _, path := range []string{
		"/shared/northwind/close-plan", "/shared/northwind/close-plan/history", "/shared/northwind/close-plan/compare", "/shared/northwind/no-such-page/history",
		"/shared/northwind/terms/blame", "/shared/northwind/terms/move", "/shared/northwind/files/no.pdf", "/shared/northwind/internal/closing/close-plan",
		"/shared/northwind/terms?at=" + s.read("northwind", "internal/closing/close-plan").Version.String(), "/shared/northwind/close-plan?edit",
		"/shared/secretco", "/shared/secretco/overview", "/shared/secretco/search", "/shared/secretco/new", "/shared/secretco/brief", "/shared/secretco/files", "/shared/secretco/files/x.png",
		"/shared/no-such", "/shared/no-such/search", "/shared/playbook", "/shared/playbook/start-here",
		"/-/shared/secretco/present", "/-/shared/secretco/complete?kind=page", "/-/shared/no-such/complete?kind=page",
		"/p/northwind", "/p/northwind/internal/closing/close-plan", "/p/northwind/external/closing/terms", "/p/northwind/brief", "/p/northwind/guests", "/p/northwind/shared-space", "/p/no-such",
		"/playbook", "/search?q=terms", "/people", "/people/dana", "/pipeline", "/facts", "/incoming", "/inbox", "/admin", "/-/palette?q=t", "/-/complete?prospect=northwind&section=internal&kind=page",
	} {
		same(guest, path)
	}
	for _, path := range []string{"/shared/northwind", "/shared/northwind/terms", "/shared/northwind/search?q=terms", "/shared/northwind/new", "/shared/northwind/files"} {
		same(stranger, path)
	}
	// To programs the same, and to those without a session the way in alone.
	noneAPI := guest.get("/api/v1/shared/northwind/pages/no-such-page")
	for _, path := range []string{"/api/v1/shared/northwind/pages/close-plan", "/api/v1/shared/northwind/pages/close-plan/history", "/api/v1/shared/northwind/files/x", "/api/v1/shared/secretco", "/api/v1/shared/secretco/pages",
		"/api/v1/shared/secretco/search?q=x", "/api/v1/shared/no-such"} {
		a := guest.get(path)
		assert.Equal(t, http.StatusNotFound, a.status, path)
		assert.Equal(t, noneAPI.body, a.body, path)
	}
	noneAPI = guest.get("/api/v1/prospects/no-such")
	for _, path := range []string{"/api/v1/prospects/northwind", "/api/v1/prospects/northwind/pages", "/api/v1/prospects/northwind/pages/internal/closing/close-plan", "/api/v1/prospects/northwind/brief"} {
		a := guest.get(path)
		assert.Equal(t, http.StatusNotFound, a.status, path)
		assert.Equal(t, noneAPI.body, a.body, path)
	}
	anonymous := s.browser()
	for _, path := range []string{"/shared", "/shared/northwind", "/shared/no-such", "/shared/northwind/close-plan"} {
		a := anonymous.get(path)
		assert.Equal(t, http.StatusSeeOther, a.status, path)
		assert.True(t, strings.HasPrefix(a.location(), "/sign-in/link?next="), path)
	}
	assert.Contains(t, anonymous.ok("/sign-in/link?next=%2Fshared%2Fnorthwind"), `href="/sign-in?next=%2Fshared%2Fnorthwind"`, "staff come in behind it")
}

// Nothing of the staff's side is on any screen of a guest: no page, no stage, no
// number, no mail address, no name of anybody who does not take part.
func TestGuestsReadNothingOfOurs(t *testing.T) {
	s := newSite(t)
	guest, _ := s.shared()
	ctx := t.Context()
	_, err := s.wiki.Update(ctx, s.as(s.dana), "northwind", wiki.Patch{Source: new(string)})
	require.NoError(t, err)
	side, err := s.wiki.Shared(ctx, s.as(s.dana), "northwind")
	require.NoError(t, err)
	require.NoError(t, side.SetInfo(ctx, s.as(s.dana), func(i *wiki.SpaceInfo) {
		i.Goal, i.Step, i.Steps = "2099-01-01", "closing", map[string]string{"qualifying": "Getting to know", "negotiating": "Agreeing", "closing": "Putting it in ink", "delivering": "Going live"}
	}))
	old := head(t, s, "external/closing/terms")
	s.write("northwind", "external/closing/terms", string(s.read("northwind", "external/closing/terms").Text)+"\nMore.\n")
	at := "/shared/northwind"
	for _, path := range []string{at, at + "/terms", at + "/mutual-action-plan", at + "/terms/history", at + "/terms/compare", at + "/terms?at=" + old.String(), at + "/terms?edit=form", at + "/new", at + "/files", at + "/brief",
		at + "/search", at + "/search?q=terms", at + "/search?q=qqcanary", at + "/search?q=zzz",
		"/-/shared/northwind/complete?kind=page&q=", "/-/shared/northwind/complete?kind=person&q=", "/-/shared/northwind/complete?kind=template&q=", "/feeds/shared/northwind.atom",
		"/api/v1/shared/northwind", "/api/v1/shared/northwind/pages", "/api/v1/shared/northwind/pages/terms/history", "/api/v1/shared/northwind/brief", "/api/v1/shared/northwind/facts", "/api/v1/shared/northwind/files",
		"/api/v1/shared/northwind/search?q=decision+OR+depot+OR+terms"} {
		body := guest.ok(path)
		if strings.Contains(path, "edit=form") || strings.Contains(path, "/compare") {
			// The source of a page is the guests' to read, addresses in it included.
			body = strings.NewReplacer("(/p/northwind", "", "(<ins>/p/northwind", "").Replace(body)
		}
		for _, secret := range []string{"qqcanary,", "Close plan", "Hidden overview", "Secret Co", "fairlead.example", "€840", "Qualifying", "Negotiating", "prospect.yaml", "Vera Test", "Ada Test", "/p/northwind", "xyzzy", ">Closing<"} {
			assert.NotContains(t, body, secret, path)
		}
		if !strings.Contains(path, "edit=form") && !strings.Contains(path, "/api/") {
			// A stage is in the source of a link that staff wrote, and nowhere else.
			assert.NotRegexp(t, regexp.MustCompile(`(?i)(stage|/)closing["/]`), strings.ReplaceAll(body, "closing/close-plan", ""), path)
		}
	}
	overview := guest.ok(at)
	for _, shown := range []string{"Getting to know", "Putting it in ink", "Goal:", "1 January 2099", "Waiting for you", "Choose who signs", "Northwind Rail", "Fairlead", "Dana Test"} {
		assert.Contains(t, overview, shown)
	}
	assert.Regexp(t, `aria-current="step"><span class="step"><span class="stage-name" title="Putting it in ink">Putting it in ink`, overview)
}

// Links of shared pages lead to shared pages; all others look alike.
func TestLinksOfSharedPages(t *testing.T) {
	s := newSite(t)
	guest, _ := s.shared()
	body := guest.ok("/shared/northwind/terms")
	assert.Contains(t, body, `href="/shared/northwind/mutual-action-plan"`)
	missing := func(text string) string {
		m := regexp.MustCompile(`<(a|span)[^>]*>` + regexp.QuoteMeta(text) + `</(a|span)>`).FindString(body)
		require.NotEmpty(t, m, text)
		return strings.ReplaceAll(m, text, "X")
	}
	assert.Equal(t, missing("no-such"), missing("closing/close-plan"), "a page of ours looks like one that is not there")
	assert.Contains(t, body, ">out</a>")
	assert.NotContains(t, body, `href="/p/`)
	assert.NotContains(t, body, "/people/")
	assert.Contains(t, body, "Mara Test", "staff named her")
	assert.Contains(t, body, "@nobody")
	assert.Contains(t, guest.ok("/shared/northwind"), "See close plan, no such, mutual action plan, overview", "in lists a link is a name, not a place")
	// What a guest types names nobody who does not take part.
	assert.Equal(t, http.StatusSeeOther, guest.post("/shared/northwind/new", url.Values{"title": {"Who is who"}}).status)
	page := s.read("northwind", "external/account/who-is-who")
	a := guest.post("/shared/northwind/who-is-who", url.Values{"base": {page.Version.String()}, "text": {"# Who is who\n\n@ada and @dana\n"}})
	require.Equal(t, http.StatusSeeOther, a.status, a.body)
	body = guest.ok("/shared/northwind/who-is-who")
	assert.NotContains(t, body, "Ada Test")
	assert.Contains(t, body, "@ada")
	assert.Contains(t, body, "Dana Test")
}

func TestGuestsDoWhatTheirRoleAllows(t *testing.T) {
	s := newSite(t)
	editor, _ := s.shared()
	viewer, _ := s.guest("viewer@northwind.example", people.GuestViewer, time.Time{})
	commenter, _ := s.guest("commenter@northwind.example", people.GuestCommenter, time.Time{})
	plan := s.read("northwind", "external/account/mutual-action-plan")
	const at = "/shared/northwind/mutual-action-plan"
	tick := url.Values{"version": {plan.Version.String()}, "line": {"6"}, "done": {"true"}, "back": {"overview"}}
	for _, b := range []*browser{viewer, commenter} {
		assert.NotContains(t, b.ok(at), "?edit")
		for _, path := range []string{at + "/task", at, "/shared/northwind/new", at + "/restore"} {
			a := b.post(path, url.Values{"version": tick["version"], "line": tick["line"], "done": tick["done"], "text": {"x"}, "base": tick["version"], "title": {"Mine"}, "at": tick["version"]})
			assert.Equal(t, http.StatusForbidden, a.status, "%s %s", path, a.body)
		}
		assert.Equal(t, http.StatusForbidden, b.upload("/shared/northwind/files", "file", nil, map[string][]byte{"a.txt": []byte("x")}).status)
	}
	comment := url.Values{"do": {"start"}, "quote": {"Choose who signs"}, "text": {"Is it Lars?"}}
	assert.Equal(t, http.StatusForbidden, viewer.post(at+"/comments", comment).status)
	assert.NotContains(t, viewer.ok(at), "data-may")
	require.Equal(t, http.StatusSeeOther, commenter.post(at+"/comments", comment).status)
	assert.Contains(t, viewer.ok(at), "Is it Lars?")

	a := editor.post(at+"/task", tick)
	assert.Equal(t, "/shared/northwind", a.location(), a.body)
	assert.Contains(t, string(s.read("northwind", "external/account/mutual-action-plan").Text), "- [x] Choose who signs")
	overview := editor.ok("/shared/northwind")
	assert.Contains(t, overview, "2 finished steps")
	assert.Contains(t, overview, "Nothing. Enjoy the quiet.")

	a = editor.upload("/shared/northwind/files", "file", nil, map[string][]byte{"depots.txt": []byte("Lillestrand")})
	require.Equal(t, http.StatusSeeOther, a.status, a.body)
	file := viewer.get("/shared/northwind/files/depots.txt")
	assert.Equal(t, "Lillestrand", file.body)
	assert.Equal(t, filePolicy, file.header.Get("Content-Security-Policy"))
	assert.Contains(t, file.header.Get("Content-Disposition"), "attachment")
	assert.Contains(t, viewer.ok("/shared/northwind/search?q=lillestrand"), "depots.txt", "what is in a file is found")

	page := editor.get("/shared/northwind/who")
	assert.Equal(t, http.StatusNotFound, page.status)
	a = editor.post("/shared/northwind/new", url.Values{"title": {"Terms"}})
	assert.Equal(t, http.StatusConflict, a.status)
	assert.Contains(t, a.body, "A page of this name is there already")
}

func TestPlanIsStartedByHand(t *testing.T) {
	s := newSite(t)
	dana := s.signedIn(s.dana)
	ctx := t.Context()
	side, err := s.wiki.Shared(ctx, s.as(s.dana), "northwind")
	require.NoError(t, err)
	_, err = side.Named(ctx, s.as(s.dana), "mutual-action-plan")
	require.ErrorIs(t, err, wiki.ErrNotFound, "nothing external is made by itself")
	form := url.Values{"title": {"Northwind Rail"}, "customer": {"Northwind Rail"}, "company": {"Fairlead"}, "goal": {time.Now().AddDate(0, 6, 0).Format(time.DateOnly)}, "step": {"closing"}, "step-closing": {"Signing"}}
	a := dana.post("/p/northwind/shared-space", form)
	require.Equal(t, http.StatusSeeOther, a.status, a.body)
	assert.Contains(t, dana.ok("/p/northwind/shared-space"), "Start a mutual action plan")
	form.Set("step", "pricing")
	a = dana.post("/p/northwind/shared-space", form)
	assert.Equal(t, http.StatusUnprocessableEntity, a.status)
	assert.Contains(t, a.body, "has no name that the customer can read")
	assert.Equal(t, http.StatusForbidden, s.signedIn(s.mara).post("/p/northwind/shared-space", form).status, "only the owner")
	a = dana.post("/shared/northwind/mutual-action-plan/start", url.Values{})
	require.Equal(t, "/shared/northwind/mutual-action-plan?edit", a.location(), a.body)
	assert.Contains(t, string(s.read("northwind", "external/account/mutual-action-plan").Text), "due:")
	again := dana.post("/shared/northwind/mutual-action-plan/start", url.Values{})
	assert.Equal(t, a.location(), again.location(), "once is enough")
	body := dana.ok("/shared/northwind")
	assert.Contains(t, body, "You look through the customer’s eyes")
	assert.Contains(t, body, `class="chart map-line"`)
}

// A guest who guesses a handle does not learn whose it is when a colleague ticks
// or mends that line, only when one names them.
func TestGuessedHandlesStayGuesses(t *testing.T) {
	s := newSite(t)
	guest, _ := s.shared()
	const page = "external/account/probe"
	put := guest.request(http.MethodPut, "/api/v1/shared/northwind/pages/probe", strings.NewReader(`{"text":"# Probe\n\n- [ ] send it @vera\n\nAsk @ada about hte rest\n"}`))
	put.Header.Set("Content-Type", "application/json")
	put.Header.Set("If-None-Match", "*")
	a := guest.do(put)
	require.Equal(t, http.StatusCreated, a.status, a.body)
	text := strings.NewReplacer("[ ]", "[x]", "hte", "the").Replace(string(s.read("northwind", page).Text))
	s.write("northwind", page, text)
	unknown := func(names ...string) {
		t.Helper()
		for _, path := range []string{"/shared/northwind/probe", "/shared/northwind", "/api/v1/shared/northwind", "/-/shared/northwind/complete?kind=person&q="} {
			for _, name := range names {
				assert.NotContains(t, guest.ok(path), name, path)
			}
		}
	}
	unknown("Vera Test", "Ada Test")
	s.write("northwind", page, text+"\n@ada decides.\n")
	assert.Contains(t, guest.ok("/shared/northwind/probe"), "Ada Test", "whom a colleague names is named")
	unknown("Vera Test")
	s.write("northwind", page, text+"\n@ada decides. Then on.\n")
	assert.Contains(t, guest.ok("/shared/northwind/probe"), "Ada Test")
}

// What one editor writes into the plan costs nobody else their overview: dates at
// the ends of time are not drawn, and of very many steps some are listed.
func TestPlansThatCostTooMuch(t *testing.T) {
	s := newSite(t)
	guest, _ := s.shared()
	usual := guest.get("/shared/northwind")
	for name, text := range map[string]string{
		"dates at the ends of time": guestPlan + "- [ ] First @ingrid due:0001-01-02\n- [ ] Last @ingrid due:9999-12-31\n",
		"very many steps":           "# Plan\n\n" + strings.Repeat("- [ ] step @ingrid due:2026-01-01\n- [x] done @ingrid\n", 2_000),
	} {
		s.write("northwind", "external/account/mutual-action-plan", text)
		for _, path := range []string{"/shared/northwind", "/shared/northwind/brief"} {
			a := guest.get(path)
			require.Equal(t, http.StatusOK, a.status, name)
			assert.Less(t, len(a.body), len(usual.body)+600_000, "%s: %s", name, path)
			if path == "/shared/northwind" && strings.HasPrefix(name, "very") {
				assert.Contains(t, a.body, "3600 more steps")
			}
		}
	}
}

// In short, a step stands under whoever does it, not whoever wrote it down, and
// its day is written as people write days.
func TestStepsInShortAreTheirDoers(t *testing.T) {
	s := newSite(t)
	guest, ingrid := s.shared()
	s.write("northwind", "external/account/mutual-action-plan", "# Plan\n\n- [ ] Sign the order @"+ingrid.Handle+" due:2047-03-11\n- [ ] Book a room due:2047-03-12\n")
	body := guest.ok("/shared/northwind/brief")
	assert.Contains(t, body, `Sign the order</a></p></div><p class="provenance">`+ingrid.Name+` · <span>due <time datetime="2047-03-11">11 Mar 2047</time></span>`)
	assert.Contains(t, body, `Book a room</a></p></div><p class="provenance"><span>due <time datetime="2047-03-12">`)
}

func TestWhatIsNewToAGuest(t *testing.T) {
	s := newSite(t)
	guest, ingrid := s.shared()
	guest.ok("/shared/northwind/terms")
	before := head(t, s, "external/closing/terms")
	assert.NotContains(t, guest.ok("/shared/northwind/new"), "see change")
	time.Sleep(1100 * time.Millisecond) // versions have whole seconds
	s.write("northwind", "external/closing/terms", string(s.read("northwind", "external/closing/terms").Text)+"\nOne more line.\n")
	body := guest.ok("/shared/northwind/new")
	assert.Contains(t, body, "/shared/northwind/terms/compare?from="+before.String())
	assert.Contains(t, guest.ok("/shared/northwind/terms/compare?from="+before.String()), "One more line.")
	assert.NotContains(t, guest.ok("/shared/northwind/new"), "see change", "what was compared was read")
	assert.Contains(t, guest.ok("/feeds/shared/northwind.atom"), "<title>Terms</title>")

	_, tok, err := s.people.NewToken(t.Context(), s.as(ingrid), ingrid.ID, "reader", people.Feed, time.Time{})
	_ = tok
	require.NoError(t, err)
	assert.Equal(t, http.StatusUnauthorized, s.browser().get("/feeds/shared/northwind.atom").status)
	assert.Equal(t, http.StatusUnauthorized, s.browser().get("/feeds/shared/northwind.atom?token=dw_wrong").status)
}

func TestSharedCalls(t *testing.T) {
	s := newSite(t)
	guest, _ := s.shared()
	const base = "/api/v1/shared/northwind"
	var info struct {
		Level string
		Plan  struct {
			Steps   []struct{ Text, Due string }
			Waiting []string
		}
	}
	require.NoError(t, json.Unmarshal([]byte(guest.ok(base)), &info))
	assert.Equal(t, "edit", info.Level)
	assert.Len(t, info.Plan.Steps, 3)
	assert.Len(t, info.Plan.Waiting, 1)
	call := func(method, path, body string, header ...string) answer {
		t.Helper()
		r := guest.request(method, base+path, strings.NewReader(body))
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Sec-Fetch-Site", "same-origin")
		for i := 0; i+1 < len(header); i += 2 {
			r.Header.Set(header[i], header[i+1])
		}
		return guest.do(r)
	}
	a := call("PUT", "/pages/notes", `{"text":"# Notes\n"}`, "If-None-Match", "*")
	require.Equal(t, http.StatusCreated, a.status, a.body)
	assert.Equal(t, "# Notes\n", string(s.read("northwind", "external/account/notes").Text), "a guest's page goes to the account")
	etag := a.header.Get("Etag")
	assert.Equal(t, http.StatusPreconditionRequired, call("PUT", "/pages/notes", `{"text":"x"}`).status)
	a = call("PUT", "/pages/notes", `{"text":"# Notes\n\nMore.\n"}`, "If-Match", etag)
	require.Equal(t, http.StatusOK, a.status, a.body)
	assert.Equal(t, http.StatusPreconditionFailed, call("PUT", "/pages/notes", `{"text":"y"}`, "If-Match", etag).status)
	assert.Equal(t, http.StatusPreconditionFailed, call("PUT", "/pages/terms", `{"text":"y"}`, "If-None-Match", "*").status)
	zeros := call("PUT", "/pages/notes", `{"text":"y"}`, "If-Match", `"`+strings.Repeat("0", 40)+`"`)
	assert.Equal(t, http.StatusPreconditionFailed, zeros.status, zeros.body)
	a = call("POST", "/pages/notes/comments", `{"text":"Good","quote":"More."}`)
	require.Equal(t, http.StatusCreated, a.status, a.body)
	assert.Contains(t, guest.ok(base+"/pages/notes/comments"), `"Good"`)
	a = call("PUT", "/pages/terms/files/map.png", "png", "Content-Type", "application/octet-stream")
	require.Equal(t, http.StatusOK, a.status, a.body)
	assert.Contains(t, a.body, "files/map.png")
	assert.Contains(t, guest.ok(base+"/files"), `"map.png"`)
	assert.Contains(t, guest.ok(base+"/search?q=depot"), `"We roll out by depot"`)
	assert.Equal(t, http.StatusBadRequest, guest.get(base+"/search?q=in:nowhere").status)
	for _, q := range []string{"stage:closing", "in:internal terms", "prospect:secretco terms", "qqcanary"} {
		assert.Contains(t, guest.ok(base+"/search?q="+url.QueryEscape(q)), `"total":0`, q)
	}
}
