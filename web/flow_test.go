package web

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dealwiki/wiki"
	"dealwiki/wiki/people"
)

const closePlanPath = "/p/northwind/internal/closing/close-plan"

func TestEditing(t *testing.T) {
	s := newSite(t)
	b := s.signedIn(s.dana)
	base := head(t, s, "internal/closing/close-plan").String()
	text := string(s.read("northwind", "internal/closing/close-plan").Text)

	preview := b.post(closePlanPath, url.Values{"text": {text + "\n**bold new words**\n"}, "base": {base}, "do": {"preview"}, "message": {"mine"}})
	require.Equal(t, http.StatusOK, preview.status)
	assert.Contains(t, preview.body, "<strong>bold new words</strong>")
	assert.Contains(t, preview.body, `value="mine"`)
	assert.Equal(t, base, head(t, s, "internal/closing/close-plan").String(), "a preview saves nothing")

	saved := b.post(closePlanPath, url.Values{"text": {strings.ReplaceAll(text+"\nA last line.\n", "\n", "\r\n")}, "base": {base}, "message": {"Add a line"}})
	require.Equal(t, http.StatusSeeOther, saved.status, saved.body)
	assert.Equal(t, text+"\nA last line.\n", string(s.read("northwind", "internal/closing/close-plan").Text), "line ends stay")
	page := b.ok(saved.location())
	assert.Contains(t, page, "Saved as version")
	assert.NotContains(t, b.ok(closePlanPath), "Saved as version", "a message is shown once")

	// Somebody else began from the old version and changed another line.
	merged := b.post(closePlanPath, url.Values{"text": {strings.Replace(text, "Name the lawyer", "Name a good lawyer", 1)}, "base": {base}})
	require.Equal(t, http.StatusSeeOther, merged.status)
	now := string(s.read("northwind", "internal/closing/close-plan").Text)
	assert.Contains(t, now, "good lawyer")
	assert.Contains(t, now, "A last line.")

	// And one who changed the same line: both are kept, and the form says so.
	overlap := b.post(closePlanPath, url.Values{"text": {strings.Replace(text, "Name the lawyer", "Name our lawyer", 1)}, "base": {base}})
	require.Equal(t, http.StatusOK, overlap.status)
	assert.Contains(t, overlap.body, "changed the same lines")
	assert.Regexp(t, `yours</span><pre>[^<]*our lawyer[^<]*</pre>.*theirs</span><pre>[^<]*good lawyer`, strings.ReplaceAll(overlap.body, "\n", " "), "whose is whose")
	now = string(s.read("northwind", "internal/closing/close-plan").Text)
	assert.Contains(t, now, "good lawyer")
	assert.Contains(t, now, "our lawyer")

	same := b.post(closePlanPath, url.Values{"text": {now}, "base": {head(t, s, "internal/closing/close-plan").String()}})
	assert.Contains(t, b.ok(same.location()), "no version was made")

	refused := b.post(closePlanPath, url.Values{"text": {"kept <words>"}, "base": {base}, "message": {strings.Repeat("x", 600)}})
	assert.Equal(t, http.StatusUnprocessableEntity, refused.status)
	assert.Contains(t, refused.body, "kept &lt;words&gt;")

	taken := b.post(closePlanPath, url.Values{"text": {"a page of this name"}})
	assert.Equal(t, http.StatusConflict, taken.status)
	assert.Contains(t, taken.body, "a page of this name")
}

func TestLineEndsStay(t *testing.T) {
	for name, tt := range map[string]struct{ original, sent, want string }{
		"unix":          {"a\nb\n", "a\r\nc\r\n", "a\nc\n"},
		"windows":       {"a\r\nb\r\n", "a\r\nc\r\n", "a\r\nc\r\n"},
		"mixed":         {"a\r\nb\nc\r\n", "a\r\nb\r\nnew\r\nc\r\n", "a\r\nb\nnew\r\nc\r\n"},
		"old mac":       {"a\rb\rc", "a\r\nb\r\nc", "a\rb\rc"},
		"no final end":  {"a\nb", "a\r\nb\r\nc", "a\nb\nc"},
		"mark":          {"\ufeffa\r\nb", "\ufeffa\r\nb", "\ufeffa\r\nb"},
		"empty":         {"a\r\n", "", ""},
		"new page":      {"", "a\r\nb\rc\n", "a\nb\nc\n"},
		"only one left": {"a\r\nb\r\n", "b", "b"},
	} {
		var original []byte
		if name != "new page" {
			original = []byte(tt.original)
		}
		assert.Equal(t, tt.want, string(asBefore(original, []byte(tt.sent))), name)
	}
}

func FuzzLineEnds(f *testing.F) {
	f.Add([]byte("a\r\nb\nc\r"), []byte("a\r\nx\r\nc\r\n"))
	f.Fuzz(func(t *testing.T, original, sent []byte) {
		got := asBefore(original, sent)
		if flat := joinLines(splitEnds(got)); !bytes.Equal(flat, joinLines(splitEnds(sent))) {
			t.Fatalf("the text changed: %q became %q", sent, got)
		}
		// What a text area makes of a page and sends back is the page again.
		crlf := bytes.ReplaceAll(joinLines(splitEnds(original)), []byte("\n"), []byte("\r\n"))
		if again := asBefore(original, crlf); original != nil && !bytes.Equal(again, original) {
			t.Fatalf("%q came back as %q", original, again)
		}
	})
}

func TestMakingPages(t *testing.T) {
	s := newSite(t)
	b := s.signedIn(s.dana)
	missing := b.get("/p/northwind/internal/closing/open-redlines")
	require.Equal(t, http.StatusNotFound, missing.status)
	assert.Contains(t, missing.body, "Create this page")
	assert.Contains(t, missing.body, "template")
	made := b.post("/p/northwind/internal/closing/open-redlines/create", nil)
	require.Equal(t, "/p/northwind/internal/closing/open-redlines?edit", made.location())
	assert.Contains(t, b.ok("/p/northwind/internal/closing/open-redlines"), "Nobody has filled this in yet")
	again := b.post("/p/northwind/internal/closing/open-redlines/create", nil)
	assert.Equal(t, http.StatusSeeOther, again.status, "twice is once")
	plain := b.post("/p/northwind/internal/pricing/own-idea/create", url.Values{"title": {"Our own idea"}, "template": {""}})
	require.Equal(t, http.StatusSeeOther, plain.status)
	assert.Equal(t, "# Our own idea\n", string(s.read("northwind", "internal/pricing/own-idea").Text))
	log := b.post("/p/northwind/new", url.Values{"title": {"Call with Ingrid"}, "section": {"internal"}, "stage": {"log"}})
	require.Equal(t, http.StatusSeeOther, log.status, log.body)
	assert.Contains(t, log.location(), "/internal/log/"+time.Now().UTC().Format("2006-01-02")+"-call-with-ingrid")
	space := b.ok("/p/northwind")
	assert.Contains(t, space, "Our own idea")
	assert.Contains(t, space, " missing")
}

func TestTasks(t *testing.T) {
	s := newSite(t)
	b := s.signedIn(s.dana)
	page := s.read("northwind", "internal/closing/close-plan")
	body := b.ok(closePlanPath)
	assert.Contains(t, body, `name="task" value="10" data-line="10"`)
	r := b.request(http.MethodPost, closePlanPath+"/task", strings.NewReader(url.Values{"version": {page.Version.String()}, "line": {"10"}, "done": {"true"}}.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Accept", "application/json")
	a := b.do(r)
	require.Equal(t, http.StatusOK, a.status, a.body)
	var answer struct{ Version string }
	require.NoError(t, json.Unmarshal([]byte(a.body), &answer))
	assert.Equal(t, head(t, s, "internal/closing/close-plan").String(), answer.Version)
	assert.Contains(t, string(s.read("northwind", "internal/closing/close-plan").Text), "- [x] Send the redlines")

	// Without scripts: all that are ticked.
	plain := b.post(closePlanPath+"/task", url.Values{"version": {answer.Version}, "task": {"10"}})
	require.Equal(t, http.StatusSeeOther, plain.status, plain.body)
	text := string(s.read("northwind", "internal/closing/close-plan").Text)
	assert.Contains(t, text, "- [x] Send the redlines")
	assert.Contains(t, text, "- [ ] Name the lawyer")
	for _, form := range []url.Values{{"version": {"zzz"}, "line": {"10"}}, {"version": {answer.Version}, "line": {"-1"}}, {"version": {answer.Version}, "line": {"1"}}} {
		assert.Contains(t, []int{http.StatusBadRequest, http.StatusUnprocessableEntity}, b.post(closePlanPath+"/task", form).status)
	}
}

func TestMoving(t *testing.T) {
	s := newSite(t)
	b := s.signedIn(s.dana)
	moved := b.post(closePlanPath+"/move", url.Values{"section": {"internal"}, "stage": {"negotiating"}, "page": {"plan-b"}})
	require.Equal(t, "/p/northwind/internal/negotiating/plan-b", moved.location(), moved.body)
	assert.Contains(t, b.ok(moved.location()), "Close plan")
	old := b.get(closePlanPath)
	assert.Equal(t, http.StatusFound, old.status)
	assert.Equal(t, moved.location(), old.location())
	wall := b.post(moved.location()+"/move", url.Values{"section": {"external"}, "stage": {"closing"}, "page": {"plan-b"}})
	assert.Equal(t, http.StatusConflict, wall.status, "first it is shown, see TestSharingInTheBrowser")
	assert.Contains(t, wall.body, "Share this page with Northwind Rail?")
	s.write("northwind", "internal/closing/second", "# Second\n")
	taken := b.post("/p/northwind/internal/closing/second/move", url.Values{"section": {"internal"}, "stage": {"negotiating"}, "page": {"plan-b"}})
	assert.Equal(t, http.StatusConflict, taken.status)
	for _, page := range []string{"", "UPPER", "a/b", "..", "con"} {
		assert.Equal(t, http.StatusUnprocessableEntity, b.post("/p/northwind/internal/closing/second/move", url.Values{"section": {"internal"}, "stage": {"closing"}, "page": {page}}).status, page)
	}
}

func TestDeletingAndRestoring(t *testing.T) {
	s := newSite(t)
	b := s.signedIn(s.dana)
	first := head(t, s, "internal/closing/close-plan").String()
	s.write("northwind", "internal/closing/close-plan", "# Close plan\n\nRewritten.\n")
	back := b.post(closePlanPath+"/restore", url.Values{"at": {first}})
	require.Equal(t, http.StatusSeeOther, back.status, back.body)
	assert.Contains(t, b.ok(closePlanPath), "Send the redlines")
	assert.Equal(t, closePlanPath+"/delete", b.post(closePlanPath+"/delete", nil).location(), "asks first")
	gone := b.post(closePlanPath+"/delete", url.Values{"confirm": {"yes"}})
	require.Equal(t, "/p/northwind", gone.location())
	assert.Contains(t, b.ok("/p/northwind"), "Bring it back")
	missing := b.get(closePlanPath)
	assert.Equal(t, http.StatusNotFound, missing.status)
	assert.Contains(t, missing.body, "removed it")
	history := b.ok(closePlanPath + "/history")
	assert.Contains(t, history, "deleted")
	require.Equal(t, http.StatusSeeOther, b.post(closePlanPath+"/restore", url.Values{"at": {first}}).status)
	assert.Contains(t, b.ok(closePlanPath), "Send the redlines")
	terms := head(t, s, "external/closing/terms").String()
	assert.Equal(t, http.StatusNotFound, b.post(closePlanPath+"/restore", url.Values{"at": {terms}}).status)
}

func TestLinks(t *testing.T) {
	s := newSite(t)
	dana, mara := s.signedIn(s.dana), s.signedIn(s.mara)
	page := dana.ok(closePlanPath)
	assert.Contains(t, page, `href="/p/secretco/internal/account/overview"`, "Dana sees the other prospect")
	assert.Contains(t, page, `href="/p/northwind/external/closing/terms"`)
	assert.Contains(t, page, "/people/dana")
	page = mara.ok(closePlanPath)
	assert.NotContains(t, page, `href="/p/secretco`, "to Mara it is not there")
	assert.NotContains(t, page, "Hidden overview")
	shared := dana.ok("/p/northwind/external/closing/terms")
	article, _, _ := strings.Cut(shared[strings.Index(shared, "data-prose"):], "</article>")
	assert.NotContains(t, article, "internal/closing/close-plan", "an external page leads to external pages only")
	assert.Contains(t, article, "is-new")
}

func TestFirstRun(t *testing.T) {
	dir := t.TempDir()
	ctx := context.Background()
	db, err := people.Open(filepath.Join(dir, "dealwiki.db"), people.Options{Cost: people.Cost{Memory: 8, Iterations: 1}})
	require.NoError(t, err)
	defer db.Close()
	w, err := wiki.Open(ctx, wiki.Config{Dir: dir, People: db, Git: "-"})
	require.NoError(t, err)
	defer w.Close()
	web, err := New(Config{Wiki: w, People: db})
	require.NoError(t, err)
	defer web.Close()
	s := &site{t: t, dir: dir, wiki: w, people: db, web: web}
	server := serve(t, web)
	s.server = server
	b := s.browser()
	for _, path := range []string{"/", "/sign-in", "/p/x", "/no/such"} {
		assert.Equal(t, "/setup", b.get(path).location(), path)
	}
	assert.Contains(t, b.ok("/setup"), "one-time link")
	token, needed, err := db.SetupLink(ctx)
	require.NoError(t, err)
	require.True(t, needed)
	assert.Equal(t, http.StatusNotFound, b.get("/setup/wrong").status)
	first := b.ok("/setup/" + token)
	assert.Contains(t, first, "Create account")
	assert.NotContains(t, first, `name="company"`, "the company is configured; what is asked for is kept")
	weak := b.post("/setup/"+token, url.Values{"name": {"Ada"}, "email": {"ada@x.example"}, "password": {"short"}})
	assert.Equal(t, http.StatusUnprocessableEntity, weak.status)
	assert.Contains(t, weak.body, "10 to 1024")
	assert.NotContains(t, weak.body, "short\"")
	done := b.post("/setup/"+token, url.Values{"name": {"Ada"}, "email": {"ada@x.example"}, "password": {password}})
	require.Equal(t, "/admin/people", done.location(), done.body)
	assert.Contains(t, b.ok("/admin/people"), "ada@x.example")
	assert.Equal(t, http.StatusNotFound, s.browser().get("/setup/"+token).status, "once")
	assert.Equal(t, "/sign-in", s.browser().get("/setup").location())
	assert.Equal(t, http.StatusServiceUnavailable, b.get("/search?q=x").status, "without an index")
}

func TestInvitationsAndLinks(t *testing.T) {
	s := newSite(t)
	admin := s.signedIn(s.ada)
	made := admin.post("/admin/people", url.Values{"name": {"Tom"}, "email": {"tom@fairlead.example"}, "role": {"member"}, "job": {"delivery"}})
	require.Equal(t, http.StatusOK, made.status, made.body)
	link := between(t, made.body, s.server.URL+"/join/", `"`)
	tom := s.browser()
	assert.Contains(t, tom.ok("/join/"+link), "tom@fairlead.example")
	joined := tom.post("/join/"+link, url.Values{"name": {"Tom Okafor"}, "password": {password}})
	require.Equal(t, "/", joined.location(), joined.body)
	assert.Contains(t, tom.ok("/"), "Welcome, Tom Okafor")
	assert.Equal(t, http.StatusNotFound, s.browser().get("/join/"+link).status, "once")

	token, err := s.people.NewLoginLink(context.Background(), people.System("test"), s.mara.ID, time.Hour)
	require.NoError(t, err)
	mara := s.browser()
	for range 3 {
		assert.Contains(t, mara.ok("/login/"+token), "signs you in once", "looking at a link does not use it")
	}
	assert.Equal(t, "/", mara.post("/login/"+token, nil).location())
	assert.Equal(t, http.StatusNotFound, s.browser().post("/login/"+token, nil).status)
	assert.Contains(t, mara.ok("/settings"), "Mara Test")

	// A link for a new password ends what was before; then the first password is
	// chosen without the old one.
	reset := admin.post("/admin/people/"+s.mara.ID+"/link", nil)
	require.Equal(t, http.StatusOK, reset.status)
	assert.Equal(t, http.StatusSeeOther, mara.get("/").status, "the old session is over")
	token = between(t, reset.body, s.server.URL+"/login/", `"`)
	require.Equal(t, "/", mara.post("/login/"+token, nil).location())
	chosen := mara.post("/settings/password", url.Values{"old": {""}, "new": {"a quite new password"}})
	require.Equal(t, http.StatusSeeOther, chosen.status, chosen.body)
	wrong := mara.post("/settings/password", url.Values{"old": {""}, "new": {"yet another password"}})
	assert.Equal(t, http.StatusUnprocessableEntity, wrong.status)
	forAdmin := admin.post("/settings/password", url.Values{"old": {"not the old one"}, "new": {"yet another password"}})
	assert.Equal(t, http.StatusUnprocessableEntity, forAdmin.status, "an administrator names the old one too")
	forAdmin = admin.post("/settings/password", url.Values{"old": {""}, "new": {"yet another password"}})
	assert.Equal(t, http.StatusUnprocessableEntity, forAdmin.status)
	s.signedIn(s.ada) // still the same password

	assert.Equal(t, http.StatusSeeOther, admin.post("/admin/people/"+s.mara.ID+"/disable", nil).status)
	assert.Equal(t, http.StatusSeeOther, mara.get("/settings").status)
	assert.Equal(t, http.StatusConflict, admin.post("/admin/people/"+s.ada.ID+"/role", url.Values{"role": {"member"}}).status, "the last administrator")
	assert.Equal(t, http.StatusNotFound, admin.post("/admin/people/"+s.mara.ID+"/sideways", nil).status)
	assert.Contains(t, admin.ok("/admin/audit"), "disabled an account")
	assert.Contains(t, admin.ok("/admin/audit?action=person.&who="+s.ada.ID), "disabled an account")
	assert.Equal(t, http.StatusBadRequest, admin.get("/admin/audit?before=x").status)
}

func TestTokensAndSessions(t *testing.T) {
	s := newSite(t)
	b, other := s.signedIn(s.dana), s.signedIn(s.dana)
	made := b.post("/settings/tokens", url.Values{"name": {"script"}, "scope": {"read", "git"}, "expires": {"30"}})
	require.Equal(t, http.StatusOK, made.status, made.body)
	secret := between(t, made.body, `readonly value="`, `"`)
	c, err := s.people.Token(context.Background(), secret, "")
	require.NoError(t, err)
	assert.Equal(t, people.Read|people.Git, c.Scopes)
	assert.NotContains(t, b.ok("/settings"), secret, "shown once")
	assert.Equal(t, http.StatusUnprocessableEntity, b.post("/settings/tokens", url.Values{"name": {"none"}}).status)
	require.Equal(t, http.StatusSeeOther, b.post("/settings/tokens", url.Values{"revoke": {c.Token}}).status)
	_, err = s.people.Token(context.Background(), secret, "")
	assert.Error(t, err)
	other.ok("/")
	require.Equal(t, http.StatusSeeOther, b.post("/settings/sessions", url.Values{"end": {"others"}}).status)
	assert.Equal(t, http.StatusSeeOther, other.get("/").status)
	b.ok("/")
	require.Equal(t, http.StatusSeeOther, b.post("/settings/look", url.Values{"theme": {"dark"}, "next": {"/playbook"}}).status)
	assert.Contains(t, b.ok("/"), `data-theme="dark"`)
	assert.Equal(t, http.StatusUnprocessableEntity, b.post("/settings/look", url.Values{"theme": {"pink"}}).status)
	require.Equal(t, http.StatusSeeOther, b.post("/settings/profile", url.Values{"name": {"Dana Reyes"}, "job": {"sales"}, "skills": {"rail"}}).status)
	assert.Contains(t, b.ok("/people/dana"), "Dana Reyes")
	assert.Equal(t, http.StatusUnprocessableEntity, b.post("/settings/profile", url.Values{"name": {""}, "job": {"sales"}}).status)
}

func TestProspectSettings(t *testing.T) {
	s := newSite(t)
	b := s.signedIn(s.dana)
	made := b.post("/new", url.Values{"name": {"Acme Ltd"}, "value": {"1.250.000,50"}, "currency": {"GBP"}, "close": {"2027-03-01"}, "owner": {s.dana.ID}, "stage": {"pricing"}, "restricted": {"yes"}})
	require.Equal(t, "/p/acme-ltd", made.location(), made.body)
	assert.Contains(t, b.ok("/p/acme-ltd"), "is ready")
	assert.Equal(t, http.StatusNotFound, s.signedIn(s.mara).get("/p/acme-ltd").status)
	board := b.ok("/")
	assert.Contains(t, board, "£1.25M")
	assert.Contains(t, board, "£1.25M &#43; €840k &#43; $5,000", "currencies stay apart")
	assert.Equal(t, http.StatusConflict, b.post("/new", url.Values{"name": {"x"}, "slug": {"acme-ltd"}}).status)
	for _, form := range []url.Values{{"name": {""}}, {"name": {"x"}, "value": {"lots"}}, {"name": {"x"}, "close": {"tomorrow"}}, {"name": {"x"}, "slug": {"playbook"}}, {"name": {"x"}, "stage": {"nowhere"}}, {"name": {"a\u202eb"}}} {
		a := b.post("/new", form)
		assert.Equal(t, http.StatusUnprocessableEntity, a.status, "%v", form)
	}
	save := b.post("/p/acme-ltd/settings", url.Values{"name": {"Acme Limited"}, "value": {"900000"}, "currency": {"GBP"}, "tags": {"rail, big"}, "source": {"Trade fair in Oslo"}, "close": {""}, "owner": {s.dana.ID}, "restricted": {"yes"}})
	require.Equal(t, http.StatusSeeOther, save.status, save.body)
	assert.Contains(t, b.ok("/?tag=big"), "Acme Limited")
	assert.Contains(t, b.ok("/p/acme-ltd/settings"), `value="Trade fair in Oslo"`, "where it came from")
	assert.NotContains(t, b.ok("/?tag=big"), ">Northwind Rail<")
	require.Equal(t, http.StatusSeeOther, b.post("/p/acme-ltd/settings/grant", url.Values{"person": {s.mara.ID}, "level": {"viewer"}}).status)
	s.signedIn(s.mara).ok("/p/acme-ltd")
	require.Equal(t, http.StatusSeeOther, b.post("/p/acme-ltd/settings/revoke", url.Values{"person": {s.mara.ID}}).status)
	assert.Equal(t, http.StatusNotFound, s.signedIn(s.mara).get("/p/acme-ltd").status)
	assert.Equal(t, http.StatusUnprocessableEntity, b.post("/p/acme-ltd/settings/outcome", url.Values{"outcome": {"lost"}}).status, "why?")
	require.Equal(t, http.StatusSeeOther, b.post("/p/acme-ltd/settings/outcome", url.Values{"outcome": {"lost"}, "reason": {"price"}}).status)
	assert.NotContains(t, b.ok("/"), "Acme Limited")
	assert.Contains(t, b.ok("/?closed=1"), "Acme Limited")
	assert.Equal(t, http.StatusUnprocessableEntity, b.post("/p/acme-ltd/delete", url.Values{"typed": {"acme"}}).status)
	require.Equal(t, "/", b.post("/p/acme-ltd/delete", url.Values{"typed": {"Acme Limited"}}).location())
	assert.Equal(t, http.StatusNotFound, b.get("/p/acme-ltd").status)
}

func TestFunnel(t *testing.T) {
	s := newSite(t)
	admin := s.signedIn(s.ada)
	text, err := s.wiki.FunnelText(context.Background(), s.as(s.ada))
	require.NoError(t, err)
	bad := admin.post("/playbook/funnel/text", url.Values{"text": {"stages: [\n"}})
	assert.Equal(t, http.StatusUnprocessableEntity, bad.status)
	assert.Contains(t, bad.body, "line")
	few := admin.post("/playbook/funnel/text", url.Values{"text": {"stages: []\n"}})
	assert.Contains(t, few.body, "3 to 12")
	good := admin.post("/playbook/funnel/text", url.Values{"text": {strings.Replace(string(text), "title: Prospecting", "title: Hunting", 1)}})
	require.Equal(t, "/playbook", good.location(), good.body)
	assert.Contains(t, admin.ok("/playbook"), "Hunting")
	assert.Contains(t, admin.ok("/"), "Hunting")
}

func TestSearchFinds(t *testing.T) {
	s := newSite(t)
	b := s.signedIn(s.dana)
	require.Eventually(t, func() bool {
		body := b.get("/search?q=redlines").body
		return strings.Contains(body, "<mark>") && strings.Contains(body, closePlanPath)
	}, time.Minute, 20*time.Millisecond)
	body := b.ok("/search?q=redlines")
	assert.Contains(t, body, "<mark>")
	assert.Contains(t, body, closePlanPath)
	assert.NotContains(t, b.ok("/search?q=redlines&prospect=secretco"), "Close plan")
	assert.Equal(t, http.StatusNotFound, s.signedIn(s.mara).get("/search?q=x&prospect=secretco").status)
	var palette struct{ Items []PaletteItem }
	require.NoError(t, json.Unmarshal([]byte(b.ok("/-/palette?q=clo")), &palette))
	require.NotEmpty(t, palette.Items)
	require.NoError(t, json.Unmarshal([]byte(b.ok("/-/palette?q=")), &palette))
	assert.NotEmpty(t, palette.Items)
}

func TestImports(t *testing.T) {
	s := newSite(t)
	admin := s.signedIn(s.ada)
	var archive bytes.Buffer
	z := zip.NewWriter(&archive)
	for name, text := range map[string]string{"README.md": "# Read me\n\nSee [notes](docs/notes.md).\n", "docs/notes.md": "# Notes\n"} {
		f, err := z.Create(name)
		require.NoError(t, err)
		_, err = f.Write([]byte(text))
		require.NoError(t, err)
	}
	require.NoError(t, z.Close())
	begun := admin.upload("/admin/import", "file", map[string]string{"prospect": "imported", "owner": s.ada.ID, "map": ""}, map[string][]byte{"deal.zip": archive.Bytes()})
	require.Equal(t, "/admin/import", begun.location(), begun.body)
	require.Eventually(t, func() bool { return !strings.Contains(admin.ok("/admin/import"), "<progress") }, 20*time.Second, 20*time.Millisecond)
	page := admin.ok("/admin/import")
	assert.Contains(t, page, "/p/imported", page)
	readme := admin.ok("/p/imported/internal/account/readme")
	assert.Contains(t, readme, `href="/p/imported/internal/account/notes"`, "links of the source lead where its files went")

	csv := admin.upload("/admin/import/csv", "csv", nil, map[string][]byte{"crm.csv": []byte("Opportunity Name,Amount,Stage,Opportunity ID\nBaltika Ferries,1000,Prospecting,001\n")})
	require.Equal(t, "/admin/import", csv.location(), csv.body)
	require.Eventually(t, func() bool { return !strings.Contains(admin.ok("/admin/import"), "<progress") }, 20*time.Second, 20*time.Millisecond)
	assert.Contains(t, admin.ok("/"), "Baltika Ferries")

	for name, upload := range map[string]map[string][]byte{"none": {}, "nonsense": {"x.bundle": []byte("not a bundle")}} {
		a := admin.upload("/admin/import", "file", map[string]string{"prospect": "other"}, upload)
		if name == "none" {
			assert.Equal(t, http.StatusUnprocessableEntity, a.status)
			continue
		}
		require.Equal(t, http.StatusSeeOther, a.status)
		require.Eventually(t, func() bool { return strings.Contains(admin.ok("/admin/import"), "failed") }, 20*time.Second, 20*time.Millisecond)
	}
	assert.Equal(t, http.StatusUnprocessableEntity, admin.upload("/admin/import", "file", map[string]string{"prospect": "x", "map": "nonsense: ["}, map[string][]byte{"a.zip": archive.Bytes()}).status)
	assert.Equal(t, http.StatusNotFound, admin.get("/p/other").status)
}

func TestHostileArchives(t *testing.T) {
	s := newSite(t)
	admin := s.signedIn(s.ada)
	for name, entry := range map[string]zip.FileHeader{"climbing": {Name: "../../evil.md"}, "absolute": {Name: "/etc/evil.md"}, "windows": {Name: `a\..\..\evil.md`}, "link": link("evil.md")} {
		var archive bytes.Buffer
		z := zip.NewWriter(&archive)
		f, err := z.CreateHeader(&entry)
		require.NoError(t, err)
		_, err = f.Write([]byte("/etc/passwd"))
		require.NoError(t, err)
		require.NoError(t, z.Close())
		require.Equal(t, http.StatusSeeOther, admin.upload("/admin/import", "file", map[string]string{"prospect": "evil-" + name}, map[string][]byte{"a.zip": archive.Bytes()}).status)
		require.Eventually(t, func() bool { return !strings.Contains(admin.ok("/admin/import"), "<progress") }, 20*time.Second, 20*time.Millisecond)
		assert.Equal(t, http.StatusNotFound, admin.get("/p/evil-"+name).status, name)
	}
	assert.Contains(t, admin.ok("/admin/import"), "holds a")
}

func link(name string) zip.FileHeader {
	h := zip.FileHeader{Name: name}
	h.SetMode(0o777 | 1<<27) // fs.ModeSymlink
	return h
}

func between(t *testing.T, text, from, to string) string {
	t.Helper()
	_, rest, ok := strings.Cut(text, from)
	require.True(t, ok, from)
	found, _, ok := strings.Cut(rest, to)
	require.True(t, ok)
	return found
}
