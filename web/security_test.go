package web

import (
	"context"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dealwiki/wiki"
	"dealwiki/wiki/people"
)

// fill makes an address of a route's pattern.
func fill(pattern string) (method, path string) {
	method, path, ok := strings.Cut(pattern, " ")
	if !ok {
		method, path = http.MethodGet, pattern
	}
	for from, to := range map[string]string{"{$}": "", "{prospect}": "northwind", "{stage}": "closing", "{page}": "close-plan", "{name}": "a.png", "{token}": "x",
		"{handle}": "dana", "{id}": "nobody", "{what}": "role", "{section}": "internal"} {
		path = strings.ReplaceAll(path, from, to)
	}
	return method, path
}

// Every door, whoever asks: the headers of safety, no 5xx, and nothing for
// nobody.
func TestDoors(t *testing.T) {
	s := newSite(t)
	nobody, dana := s.browser(), s.signedIn(s.dana)
	for _, door := range s.web.Doors() {
		method, path := fill(door.Pattern)
		if strings.HasPrefix(path, apiPrefix) {
			continue // the API's own test
		}
		t.Run(door.Pattern, func(t *testing.T) {
			for name, b := range map[string]*browser{"nobody": nobody, "dana": dana} {
				var a answer
				if method == http.MethodGet {
					a = b.get(path)
				} else if path == "/sign-out" {
					continue
				} else {
					a = b.post(path, url.Values{})
				}
				assert.Less(t, a.status, 500, "%s: %s", name, a.body)
				assert.NotContains(t, a.body, s.dir)
				assert.NotContains(t, a.body, "xyzzy")
				checkHeaders(t, a)
				if door.Audience == Anonymous || door.Audience == Live || door.Audience == Git {
					continue
				}
				switch {
				case name == "nobody" && method == http.MethodGet:
					assert.Equal(t, http.StatusSeeOther, a.status)
					assert.True(t, strings.HasPrefix(a.location(), "/sign-in"), a.location())
				case name == "nobody":
					assert.Equal(t, http.StatusUnauthorized, a.status)
				case door.Audience == Administrators:
					assert.Equal(t, http.StatusForbidden, a.status)
				}
			}
		})
	}
}

func checkHeaders(t *testing.T, a answer) {
	t.Helper()
	csp := a.header.Get("Content-Security-Policy")
	assert.Contains(t, csp, "default-src 'none'")
	assert.Contains(t, csp, "frame-ancestors 'none'")
	assert.NotContains(t, csp, "unsafe")
	assert.Equal(t, "nosniff", a.header.Get("X-Content-Type-Options"))
	assert.Equal(t, "same-origin", a.header.Get("Referrer-Policy"))
	assert.Equal(t, "same-origin", a.header.Get("Cross-Origin-Opener-Policy"))
	assert.NotEmpty(t, a.header.Get("Permissions-Policy"))
	assert.NotEmpty(t, a.header.Get("Cache-Control"))
}

// A prospect that somebody may not see answers as one that is not there, at
// every door.
func TestNotYoursIsNotThere(t *testing.T) {
	s := newSite(t)
	mara := s.signedIn(s.mara)
	for _, door := range s.web.Doors() {
		method, path := fill(door.Pattern)
		if !strings.HasPrefix(path, "/p/") {
			continue
		}
		t.Run(door.Pattern, func(t *testing.T) {
			ask := func(prospect string) answer {
				p := strings.Replace(path, "northwind", prospect, 1)
				if method == http.MethodGet {
					return mara.get(p)
				}
				return mara.post(p, url.Values{"text": {"x"}})
			}
			yours, none := ask("secretco"), ask("nosuchco")
			assert.Equal(t, http.StatusNotFound, yours.status)
			assert.Equal(t, none.status, yours.status)
			assert.Equal(t, none.body, yours.body)
		})
	}
	for _, path := range []string{"/", "/?view=table", "/search?q=xyzzy", "/search?q=hidden", "/-/palette?q=secret", "/-/palette?q=hidden", "/people", "/people/dana", "/p/northwind/internal/closing/close-plan", "/search?q=prospect:secretco"} {
		a := mara.get(path)
		assert.Equal(t, http.StatusOK, a.status, path)
		body := strings.ReplaceAll(a.body, url.QueryEscape("prospect:secretco"), "")
		if !strings.Contains(path, "close-plan") && !strings.Contains(path, "prospect:") {
			assert.NotContains(t, body, "secretco", path)
		}
		assert.NotContains(t, body, "Secret Co", path)
		assert.NotContains(t, body, "Hidden overview", path)
	}
}

// Whoever only reads can change nothing.
func TestReadersChangeNothing(t *testing.T) {
	s := newSite(t)
	vera := s.signedIn(s.vera)
	page := "/p/northwind/internal/closing/close-plan"
	version := head(t, s, "internal/closing/close-plan").String()
	assert.NotContains(t, vera.ok(page), "?edit")
	assert.NotContains(t, vera.ok(page), "/task")
	for path, form := range map[string]url.Values{
		page: {"text": {"x"}, "base": {version}}, page + "/task": {"version": {version}, "line": {"10"}, "done": {"true"}}, page + "/move": {"stage": {"pricing"}, "page": {"x"}},
		page + "/delete": {"confirm": {"yes"}}, page + "/restore": {"at": {version}}, "/p/northwind/internal/closing/other/create": {"title": {"x"}},
		"/p/northwind/new": {"title": {"x"}, "section": {"internal"}, "stage": {"closing"}}, "/p/northwind/settings": {"name": {"x"}}, "/p/northwind/settings/outcome": {"outcome": {"won"}},
		"/p/northwind/settings/grant": {"person": {s.mara.ID}, "level": {"editor"}}, "/p/northwind/settings/revoke": {"person": {s.mara.ID}}, "/p/northwind/delete": {"typed": {"Northwind Rail"}},
	} {
		assert.Equal(t, http.StatusForbidden, vera.post(path, form).status, path)
	}
	assert.Equal(t, http.StatusForbidden, vera.upload("/p/northwind/files/internal", "file", map[string]string{"stage": "closing"}, map[string][]byte{"a.txt": []byte("a")}).status)
	for _, path := range []string{page + "?edit", page + "/move", page + "/delete", "/p/northwind/new", "/p/northwind/delete"} {
		assert.Equal(t, http.StatusForbidden, vera.get(path).status, path)
	}
	assert.Equal(t, version, head(t, s, "internal/closing/close-plan").String())
}

// SECURITY 3 A, at the form that names a page.
func TestTitles(t *testing.T) {
	s := newSite(t)
	b := s.signedIn(s.dana)
	for _, tt := range []struct {
		name, title string
		status      int
		page        string // slug when it is taken
	}{
		{"empty", "", 422, ""},
		{"spaces", "   ", 422, ""},
		{"zero width", "\u200b", 422, ""},
		{"dots", "..", 303, "page"},
		{"climbing", "../../etc/passwd", 303, "etc-passwd"},
		{"windows path", `a\..\b`, 303, "a-b"},
		{"git", ".git/config", 303, "git-config"},
		{"option", "--output=x", 303, "output-x"},
		{"reserved by windows", "CON", 303, "con-page"},
		{"right to left override", "a\u202eb", 422, ""},
		{"isolate", "a\u2066b", 422, ""},
		{"honest arabic", "خطة الإغلاق", 303, "خطة-الإغلاق"},
		{"NUL", "a\x00b", 422, ""},
		{"header split", "a\r\nSet-Cookie: x=y", 303, "a-set-cookie-x-y"},
		{"255 bytes", strings.Repeat("a", 255), 303, strings.Repeat("a", 80)},
		{"256 bytes", strings.Repeat("b", 256), 422, ""},
		{"64 kB", strings.Repeat("c", 64<<10), 413, ""},
		{"family", "Family 👨‍👩‍👧", 303, "family"},
		{"markup", "<img onerror> {{7*7}}", 303, "img-onerror-7-7"},
		{"decomposed", "Cafe\u0301", 303, "caf\u00e9"},
		{"composed, which is the same", "Caf\u00e9", 409, ""},
		{"in capitals, which is the same", "CAF\u00c9", 409, ""},
		{"cyrillic that looks like latin", "\u0430\u0441me", 303, "\u0430\u0441me"},
		{"a thousand accents", "a" + strings.Repeat("\u0301", 1000), 422, ""},
		{"a thousand steps", strings.Repeat("a/", 1000), 422, ""},
		{"an address of ours", "_ws", 303, "ws"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a := b.post("/p/northwind/new", url.Values{"title": {tt.title}, "section": {"internal"}, "stage": {"pricing"}})
			require.Equal(t, tt.status, a.status, a.body)
			assert.Empty(t, a.header.Get("Set-Cookie"))
			if tt.page == "" {
				return
			}
			to, err := url.PathUnescape(a.location())
			require.NoError(t, err)
			assert.Equal(t, "/p/northwind/internal/pricing/"+tt.page+"?edit", to)
			body := b.ok(strings.TrimSuffix(a.location(), "?edit"))
			assert.NotContains(t, body, "<img onerror")
		})
	}
	taken := b.post("/p/northwind/new", url.Values{"title": {"Close plan"}, "section": {"internal"}, "stage": {"closing"}})
	assert.Equal(t, http.StatusConflict, taken.status)
	assert.Contains(t, taken.body, "is there already")
	for _, v := range []url.Values{{"title": {"x"}, "section": {"nowhere"}, "stage": {"closing"}}, {"title": {"x"}, "section": {"internal"}, "stage": {"nowhere"}}, {"title": {"x"}, "section": {"internal"}, "stage": {"../.."}}} {
		assert.Equal(t, http.StatusUnprocessableEntity, b.post("/p/northwind/new", v).status)
	}
}

// SECURITY 3 B, at the editor's form.
func TestBodies(t *testing.T) {
	s := newSite(t)
	b := s.signedIn(s.dana)
	save := func(page, text string) answer {
		return b.post("/p/northwind/internal/pricing/"+page, url.Values{"text": {text}, "do": {"save"}})
	}
	for name, text := range map[string]string{
		"emphasis":      strings.Repeat("*a_ ", 20_000),
		"emphasis-2":    "a**b" + strings.Repeat("c* ", 20_000),
		"brackets":      strings.Repeat("[", 50_000),
		"quotes":        strings.Repeat("> ", 50_000),
		"scripts":       "[x](javascript&colon;alert(1)) [y](java&#115;cript:alert(1)) [z](java\tscript:alert(1)) ![d](data:text/html,<script>alert(1)</script>) <svg><style><script>alert(1)</script></svg> <math><mtext><script>alert(1)</script>",
		"yaml-bomb":     "---\na: &a [x,x,x,x]\nb: &b [*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b]\nd: [*c,*c,*c,*c,*c]\n---\nbody\n",
		"yaml-brackets": "---\n" + strings.Repeat("[", 20_000) + "\n---\nbody\n",
		"front-open":    "---\ntitle: never closed\n",
		"visibility":    "---\nvisibility: external\n---\n# Mine\n",
		"yaml-odd":      "---\ntitle: One\ntitle: Two\nyear: 99999-01-01\nn: .nan\nb: !!binary zzz\n---\nbody\n",
		"svg-data":      "![x](data:image/svg+xml;base64,PHN2Zz4=) <img src=\"data:image/svg+xml,<svg onload=alert(1)>\">\n",
		"headings":      strings.Repeat("## a\n", 3_000),
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, http.StatusSeeOther, save(name, text).status)
			assert.Equal(t, text, string(s.read("northwind", "internal/pricing/"+name).Text))
			body := b.ok("/p/northwind/internal/pricing/" + name)
			lower := strings.ToLower(body)
			assert.NotContains(t, lower, "<script>alert")
			assert.NotContains(t, lower, `href="javascript`)
			assert.NotContains(t, lower, `src="data:`)
			assert.Less(t, strings.Count(body, `<li><a href="#`), 1_000, "what is drawn beside the text is bounded")
		})
	}
	assert.Equal(t, http.StatusNotFound, b.get("/p/northwind/external/pricing/visibility").status)

	limit := strings.Repeat("0123456789abcde\n", wiki.MaxPage/16)
	assert.Equal(t, http.StatusSeeOther, save("limit-1", limit[1:]).status)
	assert.Equal(t, http.StatusSeeOther, save("limit", limit).status)
	over := save("over", limit+"x")
	assert.Equal(t, http.StatusRequestEntityTooLarge, over.status)
	assert.Contains(t, over.body, "0123456789abcde", "the text comes back")
	assert.Equal(t, http.StatusRequestEntityTooLarge, save("huge", strings.Repeat("x", 10<<20)).status)
	assert.Equal(t, http.StatusNotFound, b.get("/p/northwind/internal/pricing/over").status)
	bad := b.request(http.MethodPost, "/p/northwind/internal/pricing/bad", strings.NewReader("text=%C3%28"))
	bad.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	assert.Equal(t, http.StatusBadRequest, b.do(bad).status)
}

// SECURITY 3 C.
func TestAddresses(t *testing.T) {
	s := newSite(t)
	b := s.signedIn(s.dana)
	long := strings.Repeat("a", 33<<10)
	for path, status := range map[string]int{
		"/p//northwind": 404, "/p/./northwind": 404, "/p/northwind/../northwind": 404, "/p/northwind;x": 404, "/p%2Fnorthwind": 404, "/p/northwind/%2e%2e%2f": 404,
		"/p/northwind/internal/" + strings.Repeat("a/", 1000) + "x": 404, "/p/northwind/internal/" + strings.Repeat("a/", 3000) + "x": 414,
		"/p/%252e%252e%252f": 404, "/p/northwind/internal/closing/%00": 404, "/p/northwind/internal/closing/%C3%28": 400, "/p/northwind/internal/closing/a%5Cb": 404,
		"/?view=table&view=board": 400, "/?q=%ff": 400, "/?q=a;b": 400, "/?view=sideways": 400, "/?min=lots": 400, "/search?q=x&q=y": 400, "/search?q=" + long: 414,
		"/search?q=x&cursor=forged": 400, "/search?q=x&sort=sideways": 400, "/search?q=in:nowhere": 400, "/admin": 403, "/p/northwind/changes?internal=zzz": 400, "/p/northwind/changes?section=other": 400,
		"/p/northwind/internal/closing/close-plan?at=zzz":                                      404,
		"/p/northwind/internal/closing/close-plan?at=0123456789012345678901234567890123456789": 404,
		"/p/northwind/internal/closing/close-plan/compare?from=zzz":                            400,
		"/p/northwind/internal/closing/close-plan/history?below=zzz":                           400,
		"/p/northwind/sideways/closing/close-plan":                                             404,
		"/p/northwind/internal/nowhere/close-plan":                                             404,
		"/p/northwind/internal/closing/Close-Plan":                                             404,
		"/p/playbook/external/account/x":                                                       404,
		"/p/northwind/":                                                                        301, "/new/": 301,
	} {
		a := b.get(path)
		assert.Equal(t, status, a.status, clip(path, 80))
		assert.NotContains(t, a.body, s.dir)
	}
	version := head(t, s, "internal/closing/close-plan").String()
	terms := head(t, s, "external/closing/terms").String()
	assert.Equal(t, http.StatusNotFound, b.get("/p/northwind/internal/closing/close-plan?at="+terms).status, "another page's version")
	assert.Equal(t, http.StatusBadRequest, b.post("/p/northwind/internal/closing/close-plan", url.Values{"text": {"a", "b"}}).status)
	assert.Equal(t, http.StatusBadRequest, b.post("/p/northwind/internal/closing/close-plan?text=c", url.Values{"text": {"a"}, "base": {version}}).status)
	assert.Equal(t, http.StatusBadRequest, b.post("/p/northwind/internal/closing/close-plan", url.Values{"text": {"a"}, "base": {"zzz"}}).status)
	wrong := b.request(http.MethodPost, "/p/northwind/new", strings.NewReader("{}"))
	wrong.Header.Set("Content-Type", "application/json")
	assert.Equal(t, http.StatusUnsupportedMediaType, b.do(wrong).status)
	packed := b.request(http.MethodPost, "/new", strings.NewReader("x"))
	packed.Header.Set("Content-Encoding", "gzip")
	assert.Equal(t, http.StatusUnsupportedMediaType, b.do(packed).status)
	other := b.do(b.request(http.MethodPut, "/new", nil))
	assert.Equal(t, http.StatusMethodNotAllowed, other.status)
	assert.Equal(t, "GET, HEAD, POST", other.header.Get("Allow"))
	override := b.request(http.MethodGet, "/sign-out", nil)
	override.Header.Set("X-HTTP-Method-Override", "POST")
	assert.Equal(t, http.StatusMethodNotAllowed, b.do(override).status)
	headed := b.do(b.request(http.MethodHead, "/p/northwind", nil))
	assert.Equal(t, http.StatusOK, headed.status)
	assert.Empty(t, headed.body)
}

func TestSearchesAreBounded(t *testing.T) {
	s := newSite(t)
	b := s.signedIn(s.dana)
	for _, q := range []string{"(a+)+$", "*x", strings.Repeat("term ", 2000), strings.Repeat("a", 20_000), `"`, "in:", "-", "before:never", "NOT OR", "\U0001f600"} {
		a := b.get("/search?q=" + url.QueryEscape(q))
		assert.Contains(t, []int{http.StatusOK, http.StatusBadRequest}, a.status, clip(q, 40))
		p := b.get("/-/palette?q=" + url.QueryEscape(q))
		assert.Equal(t, http.StatusOK, p.status, clip(q, 40))
	}
	a := b.get("/search?q=" + url.QueryEscape(`<script>alert(1)</script>`))
	assert.NotContains(t, a.body, "<script>alert")
}

// SECURITY 3 E.
func TestAttachments(t *testing.T) {
	s := newSite(t)
	b := s.signedIn(s.dana)
	put := func(name string, data []byte) answer {
		return b.upload("/p/northwind/files/internal", "file", map[string]string{"stage": "closing"}, map[string][]byte{name: data})
	}
	for _, tt := range []struct {
		name, data, kind string
		inline           bool
	}{
		{"pixel.gif", "GIF89a/*<html><script>alert(1)</script>", "image/gif", true},
		{"drawing.svg", "<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>", "application/octet-stream", false},
		{"page.html", "<script>alert(1)</script>", "application/octet-stream", false},
		{"lie.png", "<html><script>alert(1)</script>", "image/png", true},
		{"paper.pdf", "%PDF-1.7", "application/pdf", false},
		{"empty.txt", "", "application/octet-stream", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a := put(tt.name, []byte(tt.data))
			require.Equal(t, http.StatusSeeOther, a.status, a.body)
			raw := b.get(a.location() + "?raw")
			require.Equal(t, http.StatusOK, raw.status)
			assert.Equal(t, tt.data, raw.body)
			assert.Equal(t, tt.kind, raw.header.Get("Content-Type"))
			assert.Equal(t, "nosniff", raw.header.Get("X-Content-Type-Options"))
			assert.Contains(t, raw.header.Get("Content-Security-Policy"), "sandbox")
			assert.NotContains(t, raw.header.Get("Content-Security-Policy"), "unsafe")
			assert.Equal(t, tt.inline, strings.HasPrefix(raw.header.Get("Content-Disposition"), "inline"))
			assert.NotContains(t, b.ok(a.location()), "<script>alert")
			down := b.get(a.location() + "?download")
			assert.True(t, strings.HasPrefix(down.header.Get("Content-Disposition"), "attachment"))
			if tt.data == "" {
				return
			}
			part := b.request(http.MethodGet, a.location()+"?raw", nil)
			part.Header.Set("Range", "bytes=1-2")
			got := b.do(part)
			assert.Equal(t, http.StatusPartialContent, got.status)
			assert.Equal(t, tt.data[1:3], got.body)
			same := b.request(http.MethodGet, a.location()+"?raw", nil)
			same.Header.Set("If-None-Match", raw.header.Get("ETag"))
			assert.Equal(t, http.StatusNotModified, b.do(same).status)
		})
	}
	for name, status := range map[string]int{"a\u202egpj.exe": 422, strings.Repeat("n", 300) + ".png": 422, "CON.txt": 422, ".git": 422, "-rf": 422} {
		assert.Equal(t, status, put(name, []byte("x")).status, clip(name, 40))
	}
	climbing := put("../../x.png", []byte("x"))
	assert.Equal(t, "/p/northwind/files/internal/closing/x.png", climbing.location())
	odd := put("ä €.bin", []byte("x"))
	require.Equal(t, http.StatusSeeOther, odd.status)
	assert.Equal(t, `attachment; filename="_ _.bin"; filename*=UTF-8''%C3%A4%20%E2%82%AC.bin`, b.get(odd.location()+"?raw").header.Get("Content-Disposition"))

	limit := s.wiki.MaxFile()
	assert.Equal(t, http.StatusSeeOther, put("full.bin", make([]byte, limit)).status)
	assert.Equal(t, http.StatusRequestEntityTooLarge, put("over.bin", make([]byte, limit+1)).status)
	assert.Equal(t, http.StatusNotFound, b.get("/p/northwind/files/internal/closing/over.bin").status)
	assert.Equal(t, http.StatusNotFound, b.get("/p/northwind/files/external/closing/full.bin").status, "the other side")

	mara := s.signedIn(s.mara)
	require.NoError(t, s.people.SetRestricted(context.Background(), people.System("test"), "northwind", true))
	for _, tail := range []string{"", "?raw", "?download", "/delete"} {
		assert.Equal(t, http.StatusNotFound, mara.get("/p/northwind/files/internal/closing/full.bin"+tail).status, tail)
	}
}

// foreign are requests that do not come from the wiki's own pages.
var foreign = map[string]func(http.Header){
	"cross-site":     func(h http.Header) { h.Set("Sec-Fetch-Site", "cross-site") },
	"same-site":      func(h http.Header) { h.Set("Sec-Fetch-Site", "same-site") },
	"foreign origin": func(h http.Header) { h.Set("Origin", "https://evil.example") },
	"null origin":    func(h http.Header) { h.Set("Origin", "null") },
	"no origin":      func(h http.Header) { h["Sec-Fetch-Site"] = nil }, // sends none
}

// TestForeignForms posts to every door, pages' and API's, with the sessions of an
// administrator and of nobody as pages of other sites would, and as no browser
// does: telling nothing of where it comes from.
func TestForeignForms(t *testing.T) {
	s := newSite(t)
	ada, nobody := s.signedIn(s.ada), s.browser()
	session := ada.jar[cookiePlain].Value
	version := head(t, s, "internal/closing/close-plan")
	some := 0
	for _, door := range s.web.Doors() {
		method, path := fill(door.Pattern)
		if method == http.MethodGet || door.Audience == Git {
			continue
		}
		for name, set := range foreign {
			if name == "no origin" && strings.HasPrefix(path, "/api/") {
				continue // see refuseUntold
			}
			some++
			r := ada.request(method, path, strings.NewReader("confirm=yes"))
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			set(r.Header)
			a := ada.do(r)
			assert.Equal(t, http.StatusForbidden, a.status, "%s: %s", name, door.Pattern)
			assert.True(t, strings.Contains(a.body, "This form comes from another site"), "%s: %s", name, door.Pattern)
			assert.Empty(t, a.header.Values("Set-Cookie"), "%s: %s", name, door.Pattern)
		}
	}
	assert.Greater(t, some, 400)
	assert.Equal(t, version, head(t, s, "internal/closing/close-plan"))
	assert.Equal(t, session, ada.jar[cookiePlain].Value)
	ada.ok("/admin/people")

	// Without a session there is nothing to abuse: mail programs end mail so.
	r := nobody.request(http.MethodPost, "/sign-in", strings.NewReader("email=x"))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	foreign["no origin"](r.Header)
	assert.Equal(t, http.StatusUnprocessableEntity, nobody.do(r).status)
	// Somebody else's page signs nobody in, not even as its own author.
	for _, name := range []string{"cross-site", "foreign origin", "null origin"} {
		r := nobody.request(http.MethodPost, "/sign-in", strings.NewReader(url.Values{"email": {s.dana.Email}, "password": {password}}.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		foreign[name](r.Header)
		assert.Equal(t, http.StatusForbidden, nobody.do(r).status, name)
	}
	assert.Empty(t, nobody.jar)
	// What browsers of other sites can send says nothing to the API.
	for _, kind := range []string{"text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"} {
		r := ada.request(http.MethodPost, "/api/v1/people", strings.NewReader(`{"email":"evil@example.com","name":"Evil"}`))
		r.Header.Set("Content-Type", kind)
		foreign["no origin"](r.Header)
		assert.Equal(t, http.StatusUnsupportedMediaType, ada.do(r).status, kind)
	}
	_, err := s.people.ByEmail(t.Context(), "evil@example.com")
	assert.ErrorIs(t, err, people.ErrNotFound)
}

func TestSignIn(t *testing.T) {
	s := newSite(t)
	b := s.browser()
	wrong := b.post("/sign-in", url.Values{"email": {"dana@fairlead.example"}, "password": {"wrong wrong wrong"}})
	unknown := b.post("/sign-in", url.Values{"email": {"nobody@fairlead.example"}, "password": {"wrong wrong wrong"}})
	assert.Equal(t, http.StatusUnprocessableEntity, wrong.status)
	assert.Equal(t, wrong.status, unknown.status)
	assert.Equal(t, strings.ReplaceAll(wrong.body, "dana@", "x@"), strings.ReplaceAll(unknown.body, "nobody@", "x@"))
	for next, want := range map[string]string{"/playbook": "/playbook", "https://evil.example/": "/", "//evil.example": "/", `/\evil.example`: "/", "javascript:alert(1)": "/", "/sign-out": "/", "": "/"} {
		a := s.browser().post("/sign-in", url.Values{"email": {"dana@fairlead.example"}, "password": {password}, "next": {next}})
		assert.Equal(t, want, a.location(), next)
	}
	a := b.post("/sign-in", url.Values{"email": {" DANA@fairlead.example"}, "password": {password}})
	require.Equal(t, http.StatusSeeOther, a.status)
	cookie := a.header.Get("Set-Cookie")
	assert.Contains(t, cookie, "HttpOnly")
	assert.Contains(t, cookie, "SameSite=Lax")
	assert.Contains(t, cookie, "Path=/")
	session := b.jar[cookiePlain]
	b.ok("/")
	out := b.post("/sign-out", nil)
	assert.Equal(t, "/sign-in", out.location())
	b.jar[cookiePlain] = session
	assert.Equal(t, http.StatusSeeOther, b.get("/").status, "the old session is over")
	long := s.browser().post("/sign-in", url.Values{"email": {"dana@fairlead.example"}, "password": {strings.Repeat("x", 50_000)}})
	assert.Equal(t, http.StatusUnprocessableEntity, long.status)
	var limited answer
	for range 60 {
		if limited = b.post("/sign-in", url.Values{"email": {"mara@fairlead.example"}, "password": {"wrong wrong wrong"}}); limited.status == http.StatusTooManyRequests {
			break
		}
	}
	assert.Equal(t, http.StatusTooManyRequests, limited.status)
	assert.NotEmpty(t, limited.header.Get("Retry-After"))
}

func TestHTTPS(t *testing.T) {
	s := newSite(t, func(c *Config) {
		c.URL = "https://wiki.example.com"
		c.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
	})
	b := s.browser()
	a := b.post("/sign-in", url.Values{"email": {s.ada.Email}, "password": {password}})
	assert.Contains(t, a.header.Get("Set-Cookie"), "__Host-dealwiki=")
	assert.Contains(t, a.header.Get("Set-Cookie"), "Secure")
	assert.NotEmpty(t, a.header.Get("Strict-Transport-Security"))
	r := b.request(http.MethodPost, "/admin/people", strings.NewReader(url.Values{"email": {"new@fairlead.example"}, "name": {"New"}, "role": {"member"}}.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Host = "evil.example"
	made := b.do(r)
	require.Equal(t, http.StatusOK, made.status, made.body)
	assert.Contains(t, made.body, "https://wiki.example.com/join/")
	assert.NotContains(t, made.body, "evil.example")
	assert.Equal(t, "no-store", made.header.Get("Cache-Control"))
	_, err := New(Config{Wiki: s.wiki, People: s.people, URL: "wiki.example.com"})
	assert.Error(t, err)
}

func TestClientIP(t *testing.T) {
	s := &Server{proxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}}
	for _, tt := range []struct{ remote, forwarded, want string }{
		{"192.0.2.1:1234", "203.0.113.9", "192.0.2.1"},
		{"10.0.0.1:1234", "203.0.113.9", "203.0.113.9"},
		{"10.0.0.1:1234", "1.1.1.1, 203.0.113.9, 10.0.0.2", "203.0.113.9"},
		{"10.0.0.1:1234", "1.1.1.1, nonsense", "10.0.0.1"},
		{"10.0.0.1:1234", "", "10.0.0.1"},
		{"[::1]:1", "203.0.113.9", "::1"},
		{"pipe", "203.0.113.9", ""},
	} {
		r := &http.Request{RemoteAddr: tt.remote, Header: http.Header{}}
		if tt.forwarded != "" {
			r.Header.Set("X-Forwarded-For", tt.forwarded)
		}
		assert.Equal(t, tt.want, s.clientIP(r), "%s %s", tt.remote, tt.forwarded)
	}
}

// What somebody could see is gone from the next request on when access ends.
func TestRevoked(t *testing.T) {
	s := newSite(t)
	mara := s.signedIn(s.mara)
	page := "/p/northwind/internal/closing/close-plan"
	mara.ok(page)
	mara.ok(page)
	require.NoError(t, s.people.SetRestricted(context.Background(), people.System("test"), "northwind", true))
	assert.Equal(t, http.StatusNotFound, mara.get(page).status)
	require.NoError(t, s.people.Disable(context.Background(), people.System("test"), s.mara.ID))
	assert.Equal(t, http.StatusSeeOther, mara.get("/").status)
}

// The list of imports tells an administrator nothing of prospects that they may
// not see.
func TestImportsOfHiddenProspects(t *testing.T) {
	s := newSite(t)
	s.web.imports.jobs = []*importJob{
		{name: "Secret Co", source: "secret.bundle", by: s.dana, state: "done", slug: "secretco"},
		{name: "Still secret", source: "early.bundle", by: s.dana, state: "failed"},
		{name: "Northwind Rail", source: "north.bundle", by: s.dana, state: "done", slug: "northwind"},
		{name: "Prospects", source: "crm.csv", by: s.dana, state: "done", rows: true},
		{name: "Own", source: "own.bundle", by: s.ada, state: "failed"},
	}
	body := s.signedIn(s.ada).ok("/admin/import")
	for _, hidden := range []string{"Secret Co", "secret.bundle", "secretco", "Still secret", "early.bundle"} {
		assert.NotContains(t, body, hidden)
	}
	for _, shown := range []string{"north.bundle", "crm.csv", "own.bundle"} {
		assert.Contains(t, body, shown)
	}
}
