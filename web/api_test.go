package web

import (
	"archive/zip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dealwiki/wiki/people"
)

// program calls the API with a token.
type program struct {
	*site
	token string
}

func (s *site) program(p people.Person, scopes people.Scope) *program {
	s.t.Helper()
	secret, _, err := s.people.NewToken(context.Background(), people.System("test"), p.ID, "test", scopes, time.Time{})
	require.NoError(s.t, err)
	return &program{s, secret}
}

func (p *program) call(method, path, body string, header ...string) answer {
	p.t.Helper()
	b := p.browser()
	r := b.request(method, "/api/v1"+path, strings.NewReader(body))
	if p.token != "" {
		r.Header.Set("Authorization", "Bearer "+p.token)
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	return b.do(r)
}

// decode reads an answer's JSON.
func decode[T any](t testing.TB, a answer) T {
	t.Helper()
	var v T
	require.NoError(t, json.Unmarshal([]byte(a.body), &v), a.body)
	return v
}

const planPath = "/prospects/northwind/pages/internal/closing/close-plan"

func TestAPIPage(t *testing.T) {
	s := newSite(t)
	dana := s.program(s.dana, people.AllScopes)
	type page struct {
		Text, Version string
		Number        int
		Authors       []struct{ ID, Handle, Name string }
		Overlaps      []struct{ Ours, Theirs string }
	}
	a := dana.call("GET", planPath, "")
	require.Equal(t, http.StatusOK, a.status, a.body)
	first := decode[page](t, a)
	assert.Equal(t, `"`+first.Version+`"`, a.header.Get("ETag"))
	assert.Equal(t, s.dana.ID, first.Authors[0].ID)
	assert.Equal(t, "dana", first.Authors[0].Handle)

	put := func(text string, header ...string) answer {
		body, err := json.Marshal(map[string]string{"text": text, "message": "By program"})
		require.NoError(t, err)
		return dana.call("PUT", planPath, string(body), header...)
	}
	assert.Equal(t, http.StatusPreconditionRequired, put("x").status)
	assert.Equal(t, http.StatusPreconditionFailed, put("x", "If-None-Match", "*").status)
	assert.Equal(t, http.StatusPreconditionFailed, put("x", "If-Match", `"0000000000000000000000000000000000000001"`).status)
	assert.Equal(t, http.StatusBadRequest, put("x", "If-Match", `W/"x"`).status)
	assert.Equal(t, http.StatusBadRequest, put("x", "If-Match", `"x"`, "If-None-Match", "*").status)
	a = put(first.Text+"\nMore.\n", "If-Match", `"`+first.Version+`"`)
	require.Equal(t, http.StatusOK, a.status, a.body)
	second := decode[page](t, a)
	assert.Equal(t, first.Number+1, second.Number)
	assert.Equal(t, http.StatusPreconditionFailed, put("x", "If-Match", `"`+first.Version+`"`).status, "the version has moved on")

	a = dana.call("PUT", "/prospects/northwind/pages/internal/closing/new-page", `{"text":"# New\n\n- [ ] Call @mara\n"}`, "If-None-Match", "*")
	require.Equal(t, http.StatusCreated, a.status, a.body)
	made := decode[page](t, a)
	assert.Regexp(t, `Call @mara \^t-\w+`, made.Text, "the answer has the text after ids were given")
	assert.Equal(t, `"`+made.Version+`"`, a.header.Get("ETag"))

	a = dana.call("GET", planPath+"?at="+first.Version, "")
	assert.Equal(t, first.Text, decode[page](t, a).Text)
	assert.Equal(t, http.StatusNotFound, dana.call("GET", planPath+"?at="+made.Version, "").status, "another page's version")
	assert.Equal(t, http.StatusBadRequest, dana.call("GET", planPath+"?at=HEAD", "").status)

	a = dana.call("POST", "/prospects/northwind/pages/internal/closing/new-page/move", `{"to":"internal/pricing/newer"}`)
	require.Equal(t, http.StatusOK, a.status, a.body)
	assert.Equal(t, http.StatusNotFound, dana.call("GET", "/prospects/northwind/pages/internal/closing/new-page", "").status)
	assert.Equal(t, http.StatusNoContent, dana.call("DELETE", "/prospects/northwind/pages/internal/pricing/newer", "").status)
	assert.Equal(t, http.StatusNotFound, dana.call("DELETE", "/prospects/northwind/pages/internal/pricing/newer", "").status)

	type versions struct {
		Items []struct {
			Version, Message string
			Number           int
		}
		Next *string
	}
	history := decode[versions](t, dana.call("GET", planPath+"/history?limit=1", ""))
	require.Len(t, history.Items, 1)
	assert.Equal(t, "By program", history.Items[0].Message)
	require.NotNil(t, history.Next)
	rest := decode[versions](t, dana.call("GET", planPath+"/history?cursor="+*history.Next, ""))
	assert.Equal(t, first.Version, rest.Items[0].Version)
	assert.Equal(t, http.StatusBadRequest, dana.call("GET", planPath+"/history?cursor="+made.Version, "").status, "a forged cursor")

	a = dana.call("GET", planPath+"/compare?from="+first.Version+"&to="+second.Version, "")
	assert.Contains(t, a.body, `"kind":"insert","text":"More."`)
	a = dana.call("GET", planPath+"/blame", "")
	assert.Contains(t, a.body, `"text":"# Close plan\n"`)
	a = dana.call("POST", planPath+"/restore", `{"version":"`+first.Version+`"}`)
	require.Equal(t, http.StatusOK, a.status, a.body)
	assert.Equal(t, first.Text, decode[page](t, a).Text)
	a = dana.call("POST", "/render", `{"text":"[[closing/terms]] **x**","page":"northwind/internal/closing/close-plan"}`)
	assert.Contains(t, decode[struct{ HTML string }](t, a).HTML, "<strong>x</strong>")
}

func TestAPIProspects(t *testing.T) {
	s := newSite(t)
	dana, mara, ada := s.program(s.dana, people.AllScopes), s.program(s.mara, people.AllScopes), s.program(s.ada, people.AllScopes)
	a := dana.call("POST", "/prospects", `{"name":"Sund Bridge Authority","value":1150000,"currency":"EUR","tags":["bridge"],"owner":"mara"}`)
	require.Equal(t, http.StatusCreated, a.status, a.body)
	type prospect struct {
		Slug, Name, Stage, Outcome string
		Owner                      struct{ Handle string }
	}
	made := decode[prospect](t, a)
	assert.Equal(t, prospect{"sund-bridge-authority", "Sund Bridge Authority", "prospecting", "open", struct{ Handle string }{"mara"}}, made)
	assert.Equal(t, http.StatusOK, mara.call("PATCH", "/prospects/sund-bridge-authority", `{"value":1}`).status)
	assert.Equal(t, http.StatusUnprocessableEntity, mara.call("PATCH", "/prospects/sund-bridge-authority", `{"currency":"eur"}`).status)
	assert.Equal(t, http.StatusBadRequest, mara.call("PATCH", "/prospects/sund-bridge-authority", `{"stage":"closing"}`).status, "the stage is read-only")
	assert.Equal(t, http.StatusUnprocessableEntity, mara.call("POST", "/prospects/sund-bridge-authority/outcome", `{"outcome":"lost"}`).status)
	assert.Equal(t, http.StatusOK, mara.call("POST", "/prospects/sund-bridge-authority/outcome", `{"outcome":"lost","reason":"outsold"}`).status)
	assert.Equal(t, http.StatusForbidden, dana.call("DELETE", "/prospects/sund-bridge-authority", "").status)
	assert.Equal(t, http.StatusNoContent, mara.call("DELETE", "/prospects/sund-bridge-authority", "").status)
	assert.Equal(t, http.StatusNotFound, mara.call("GET", "/prospects/sund-bridge-authority", "").status)

	// A restricted prospect is not there, by any call.
	for _, who := range []*program{mara, ada} {
		assert.NotContains(t, who.call("GET", "/prospects", "").body, "secretco")
		for _, path := range []string{"", "/pages", "/files", "/needed", "/access", "/changes", "/pages/internal/account/overview", "/pages/internal/account/overview/history"} {
			got, none := who.call("GET", "/prospects/secretco"+path, ""), who.call("GET", "/prospects/nothing-here"+path, "")
			assert.Equal(t, http.StatusNotFound, got.status, path)
			assert.Equal(t, none.body, got.body, path)
		}
	}
	require.Eventually(t, func() bool { return strings.Contains(dana.call("GET", "/search?q=xyzzy", "").body, "secretco") }, 20*time.Second, 20*time.Millisecond)
	assert.NotContains(t, mara.call("GET", "/search?q=xyzzy", "").body, "secretco")

	type items struct {
		Items []struct{ Slug string }
		Next  *string
	}
	one := decode[items](t, dana.call("GET", "/prospects?limit=1", ""))
	require.NotNil(t, one.Next)
	two := decode[items](t, dana.call("GET", "/prospects?limit=1&cursor="+*one.Next, ""))
	assert.NotEqual(t, one.Items, two.Items)
	assert.Nil(t, two.Next)
}

func TestAPIFiles(t *testing.T) {
	s := newSite(t)
	dana := s.program(s.dana, people.AllScopes)
	path := "/prospects/northwind/files/internal/closing/sheet.csv"
	a := dana.call("PUT", path, "a,b\n1,2\n", "Content-Type", "text/csv")
	require.Equal(t, http.StatusOK, a.status, a.body)
	a = dana.call("GET", path, "")
	assert.Equal(t, "a,b\n1,2\n", a.body)
	assert.Contains(t, a.header.Get("Content-Disposition"), "attachment")
	a = dana.call("GET", path, "", "Range", "bytes=0-2")
	assert.Equal(t, http.StatusPartialContent, a.status)
	assert.Equal(t, "a,b", a.body)
	assert.Contains(t, dana.call("PUT", path+"?unique=true", "other", "Content-Type", "text/csv").body, "sheet-2.csv")
	assert.Equal(t, http.StatusOK, dana.call("PUT", "/prospects/northwind/files/internal/closing/empty.txt", "", "Content-Type", "text/plain").status)
	assert.Equal(t, http.StatusRequestEntityTooLarge, dana.call("PUT", path, strings.Repeat("x", 1<<20+1), "Content-Type", "text/csv").status)
	assert.Equal(t, http.StatusOK, dana.call("PUT", path, strings.Repeat("x", 1<<20), "Content-Type", "text/csv").status)
	assert.Equal(t, http.StatusNoContent, dana.call("DELETE", path, "").status)
	assert.Equal(t, http.StatusNotFound, dana.call("GET", path, "").status)
}

// What is kept of an attachment is its own: bodies of later calls are read into
// the buffer that its bytes came in.
func TestAPIFileStays(t *testing.T) {
	s := newSite(t)
	dana, mara := s.program(s.dana, people.AllScopes), s.program(s.mara, people.AllScopes)
	for i := range 20 {
		path := fmt.Sprintf("/prospects/northwind/files/internal/closing/kept-%d.txt", i)
		text := strings.Repeat(fmt.Sprintf("attachment %d ", i), 20)
		require.Equal(t, http.StatusOK, mara.call("PUT", path, text, "Content-Type", "application/octet-stream").status)
		for range 3 {
			require.Equal(t, http.StatusOK, dana.call("POST", "/render", `{"text":"`+strings.Repeat("nobody else's ", 20)+`"}`).status)
		}
		require.Equal(t, text, mara.call("GET", path, "").body)
	}
}

func TestAPIExport(t *testing.T) {
	s := newSite(t)
	dana, mara := s.program(s.dana, people.AllScopes), s.program(s.mara, people.AllScopes)
	a := dana.call("GET", "/prospects/northwind/export?section=external", "")
	require.Equal(t, http.StatusOK, a.status, a.body)
	z, err := zip.NewReader(strings.NewReader(a.body), int64(len(a.body)))
	require.NoError(t, err)
	names := []string{}
	for _, f := range z.File {
		names = append(names, f.Name)
		r, err := f.Open()
		require.NoError(t, err)
		data, err := io.ReadAll(r)
		require.NoError(t, err)
		assert.NotContains(t, string(data), "the ink is dry", "%s holds nothing of the other side", f.Name)
	}
	assert.Contains(t, names, "external/closing/terms.md")
	assert.NotContains(t, strings.Join(names, " "), "internal")
	assert.Equal(t, http.StatusNotFound, mara.call("GET", "/prospects/secretco/export", "").status)
	b := s.signedIn(s.mara)
	assert.Equal(t, http.StatusNotFound, b.get("/p/secretco/export").status)
	assert.Equal(t, "application/zip", b.get("/p/northwind/export").header.Get("Content-Type"))
}

func TestAPIDoors(t *testing.T) {
	s := newSite(t)
	reader := s.program(s.dana, people.Read)
	assert.Equal(t, http.StatusOK, reader.call("GET", planPath, "").status)
	assert.Equal(t, http.StatusForbidden, reader.call("DELETE", planPath, "").status)
	assert.Equal(t, http.StatusOK, reader.call("POST", "/render", `{"text":"x"}`).status)
	vera := s.program(s.vera, people.AllScopes)
	assert.Equal(t, http.StatusForbidden, vera.call("DELETE", planPath, "").status)
	nobody := &program{s, ""}
	wrong := &program{s, "dw_wrong"}
	for _, p := range []*program{nobody, wrong} {
		a := p.call("GET", planPath, "")
		assert.Equal(t, http.StatusUnauthorized, a.status)
		assert.Equal(t, "application/problem+json", a.header.Get("Content-Type"))
	}
	git := s.program(s.dana, people.Git)
	assert.Equal(t, http.StatusForbidden, git.call("GET", planPath, "").status)
	mara := s.program(s.mara, people.AllScopes)
	assert.Equal(t, http.StatusForbidden, mara.call("GET", "/audit", "").status)
	assert.Equal(t, http.StatusForbidden, mara.call("POST", "/people", `{"email":"x@example.com","name":"X"}`).status)
	assert.Equal(t, http.StatusForbidden, mara.call("POST", "/import?prospect=X", "x", "Content-Type", "application/octet-stream").status)

	// A browser's session works from the same origin only.
	b := s.signedIn(s.dana)
	assert.Equal(t, http.StatusOK, b.get("/api/v1"+planPath).status)
	r := b.request(http.MethodDelete, "/api/v1"+planPath, nil)
	r.Header.Set("Origin", "https://evil.example")
	assert.Equal(t, http.StatusForbidden, b.do(r).status)
}

func TestAPIBadInput(t *testing.T) {
	s := newSite(t)
	dana := s.program(s.dana, people.AllScopes)
	for name, c := range map[string]struct {
		method, path, body string
		want               int
	}{
		"duplicate names":    {"POST", "/prospects", `{"name":"a","name":"b"}`, 400},
		"unknown field":      {"POST", "/prospects", `{"name":"a","nam":"b"}`, 400},
		"lone surrogate":     {"POST", "/prospects", `{"name":"\ud800"}`, 400},
		"bad UTF-8":          {"POST", "/prospects", "{\"name\":\"\xc3\x28\"}", 400},
		"deep":               {"POST", "/prospects", strings.Repeat("[", 10000), 400},
		"huge number":        {"POST", "/prospects", `{"name":"a","value":1e400}`, 400},
		"not JSON":           {"POST", "/prospects", `name=a`, 400},
		"two values":         {"POST", "/prospects", `{"name":"a"}{}`, 400},
		"empty":              {"POST", "/prospects", `{}`, 400},
		"empty name":         {"POST", "/prospects", `{"name":" "}`, 422},
		"zero-width name":    {"POST", "/prospects", `{"name":"\u200b"}`, 422},
		"NUL":                {"POST", "/prospects", `{"name":"a\u0000"}`, 422},
		"turned around":      {"POST", "/prospects", `{"name":"a\u202eb"}`, 422},
		"reserved slug":      {"POST", "/prospects", `{"name":"a","slug":"shared"}`, 422},
		"taken slug":         {"POST", "/prospects", `{"name":"a","slug":"northwind"}`, 409},
		"negative limit":     {"GET", "/prospects?limit=-1", "", 400},
		"large limit":        {"GET", "/prospects?limit=1000000000", "", 400},
		"forged cursor":      {"GET", "/prospects?cursor=zzzz", "", 400},
		"repeated parameter": {"GET", "/prospects?limit=1&limit=2", "", 400},
		"unknown parameter":  {"GET", "/prospects?limits=1", "", 400},
		"long query":         {"GET", "/search?q=" + strings.Repeat("x", 5000), "", 400},
		"10,000 terms":       {"GET", "/search?q=" + strings.Repeat("a+", 2000), "", 400},
		"dots":               {"GET", "/prospects/northwind/pages/internal/closing/..", "", 404},
		"other section":      {"GET", "/prospects/northwind/pages/secret/closing/x", "", 404},
		"no such call":       {"GET", "/nothing", "", 404},
		"large body":         {"PUT", planPath, `{"text":"` + strings.Repeat("x", 3<<20) + `"}`, 413},
		"large page":         {"PUT", "/prospects/northwind/pages/internal/closing/large", `{"text":"` + strings.Repeat("x", 1<<20+1) + `"}`, 413},
	} {
		t.Run(name, func(t *testing.T) {
			header := []string{}
			if c.method == "PUT" {
				header = []string{"If-None-Match", "*"}
				if c.path == planPath {
					header = []string{"If-Match", `"0000000000000000000000000000000000000001"`}
				}
			}
			a := dana.call(c.method, c.path, c.body, header...)
			assert.Equal(t, c.want, a.status, a.body)
			assert.Contains(t, a.header.Get("Content-Type"), "application/problem+json")
		})
	}
	assert.Len(t, s.wiki.Prospects(context.Background(), s.as(s.dana)), 2, "nothing was made")
}

// TestOpenAPI holds the description against the doors: each call is in it, and
// nothing else.
func TestOpenAPI(t *testing.T) {
	s := newSite(t)
	a := s.program(s.dana, people.Read).call("GET", "/openapi.json", "")
	require.Equal(t, http.StatusOK, a.status)
	doc := decode[struct {
		OpenAPI string
		Paths   map[string]map[string]struct {
			Summary    string
			Parameters []struct{ Name, In string }
		}
	}](t, a)
	assert.True(t, strings.HasPrefix(doc.OpenAPI, "3.1"))
	described := map[string]bool{}
	for path, calls := range doc.Paths {
		for method, call := range calls {
			described[strings.ToUpper(method)+" "+path] = true
			assert.NotEmpty(t, call.Summary, path)
			for _, name := range strings.FieldsFunc(path, func(r rune) bool { return r == '/' }) {
				if inner, ok := strings.CutPrefix(name, "{"); ok {
					found := false
					for _, p := range call.Parameters {
						found = found || p.In == "path" && p.Name == strings.TrimSuffix(inner, "}")
					}
					assert.True(t, found, "%s %s reads %s", method, path, name)
				}
			}
		}
	}
	for _, d := range s.web.Doors() {
		if _, path, _ := strings.Cut(d.Pattern, " "); strings.HasPrefix(path, "/api/") && !strings.Contains(path, "openapi") {
			assert.True(t, described[d.Pattern], d.Pattern)
			delete(described, d.Pattern)
		}
	}
	assert.Empty(t, described)
}

// Who asks for the access of a prospect learns no more of one that is hidden
// than of one that is not there, and nobody is named on one that is not there.
func TestAPIAccessTellsNothing(t *testing.T) {
	s := newSite(t)
	mara, admin := s.program(s.mara, people.AllScopes), s.program(s.ada, people.AllScopes)
	for _, method := range []string{"PUT", "DELETE", "PATCH", "GET"} {
		for _, person := range []string{"/mara", "/dana"} {
			body := map[string]string{"PUT": `{"level":"editor"}`, "PATCH": `{"restricted":false}`}[method]
			if method == "PATCH" || method == "GET" {
				person = ""
			}
			hidden := mara.call(method, "/prospects/secretco/access"+person, body)
			none := mara.call(method, "/prospects/nosuchco/access"+person, body)
			assert.Equal(t, http.StatusNotFound, hidden.status, method)
			assert.Equal(t, none.status, hidden.status, method)
			assert.Equal(t, none.body, hidden.body, method)
		}
	}
	assert.Equal(t, http.StatusNotFound, admin.call("PUT", "/prospects/nosuchco/access/mara", `{"level":"editor"}`).status)
	access, err := s.people.Access(t.Context(), "nosuchco")
	require.NoError(t, err)
	assert.Empty(t, access.Grants)
	assert.Equal(t, http.StatusOK, admin.call("PUT", "/prospects/secretco/access/mara", `{"level":"viewer"}`).status, "an administrator, on record")
	assert.Equal(t, http.StatusOK, mara.call("GET", "/prospects/secretco", "").status)
}

// Joiners, without which many words and emoji cannot be written, stay in the
// names of attachments; what cannot be kept is refused, not a failure.
func TestAPIFileNames(t *testing.T) {
	s := newSite(t)
	dana := s.program(s.dana, people.AllScopes)
	for name, status := range map[string]int{"👨\u200d👩\u200d👧.png": 200, "क्\u200dष.txt": 200, "a\ufffdb.txt": 422, "a\u200bb.txt": 422, ".g\u200cit": 422, "git~1": 422} {
		path := "/prospects/northwind/files/internal/closing/" + url.PathEscape(name)
		assert.Equal(t, status, dana.call("PUT", path, "x", "Content-Type", "application/octet-stream").status, "%q", name)
		if status == http.StatusOK {
			assert.Equal(t, "x", dana.call("GET", path, "").body, "%q", name)
		}
	}
}
