package web

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"dealwiki/search"
	"dealwiki/wiki"
	"dealwiki/wiki/brief"
	"dealwiki/wiki/credit"
	"dealwiki/wiki/handoff"
	"dealwiki/wiki/people"
	"dealwiki/wiki/pipeline"
	facts "dealwiki/wiki/register" // register is a function here
	"dealwiki/wiki/repo"
)

// TestMain fails the package when a test leaves a goroutine behind.
func TestMain(m *testing.M) {
	code := m.Run()
	if code == 0 {
		code = leaks()
	}
	os.Exit(code)
}

func leaks() int {
	var stacks string
	for range 100 {
		runtime.GC()
		buf := make([]byte, 1<<20)
		stacks = string(buf[:runtime.Stack(buf, true)])
		if left := ours(stacks); left == "" {
			return 0
		}
		time.Sleep(20 * time.Millisecond)
	}
	fmt.Fprintln(os.Stderr, "goroutines left behind:\n"+ours(stacks))
	return 1
}

func ours(stacks string) string {
	var left []string
	for stack := range strings.SplitSeq(stacks, "\n\n") {
		if strings.Contains(stack, "dealwiki/") && !strings.Contains(stack, "web.TestMain") {
			left = append(left, stack)
		}
	}
	return strings.Join(left, "\n\n")
}

// site is a whole wiki in a temporary folder behind its pages.
type site struct {
	t      testing.TB
	dir    string
	wiki   *wiki.Wiki
	people *people.DB
	search *search.Index
	web    *Server
	server *httptest.Server
	log    *bytes.Buffer

	ada, dana, mara, vera people.Person // administrator, member, member, member who only reads northwind
}

const password = "four words in a row"

// newSite makes a wiki with three colleagues and two prospects: northwind, open,
// with a few pages, and secretco, restricted to Dana.
func newSite(t testing.TB, change ...func(*Config)) *site {
	t.Helper()
	s := &site{t: t, dir: t.TempDir(), log: &bytes.Buffer{}}
	ctx := context.Background()
	var err error
	s.people, err = people.Open(filepath.Join(s.dir, "dealwiki.db"), people.Options{Cost: people.Cost{Memory: 8, Iterations: 1}})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.people.Close()) })
	s.wiki, err = wiki.Open(ctx, wiki.Config{Dir: s.dir, People: s.people, Company: "Fairlead", MaxFile: 1 << 20, Git: "-"})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.wiki.Close()) })
	source := search.NewSource(s.wiki)
	s.search, err = search.Open(filepath.Join(s.dir, "index"), source, search.Options{Gather: 5 * time.Millisecond})
	require.NoError(t, err)
	running, stop := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.search.Run(running)
	}()
	t.Cleanup(func() {
		stop()
		<-done
		source.Stop()
		require.NoError(t, s.search.Close())
	})
	register, err := facts.Open(ctx, s.wiki, nil)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, register.Close()) })
	figures, err := pipeline.Open(ctx, s.wiki, handoff.New(s.wiki, register), nil)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, figures.Close()) })
	helped, err := credit.Open(ctx, s.wiki, register, handoff.New(s.wiki, register))
	require.NoError(t, err)
	cfg := Config{Wiki: s.wiki, People: s.people, Search: s.search, Register: register, Brief: brief.New(s.wiki, register), Handoffs: handoff.New(s.wiki, register), Pipeline: figures, Credit: helped, Logger: slog.New(slog.NewTextHandler(logTo{t, s.log}, &slog.HandlerOptions{Level: slog.LevelWarn})), Version: "test"}
	for _, f := range change {
		f(&cfg)
	}
	s.web, err = New(cfg)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.web.Close()) })
	s.server = httptest.NewServer(s.web.Handler())
	t.Cleanup(s.server.Close)

	system := people.System("test")
	add := func(name string, role people.Role, job people.Job) people.Person {
		p, err := s.people.Add(ctx, system, people.NewPerson{Email: strings.ToLower(name) + "@fairlead.example", Name: name + " Test", Role: role, Job: job, Password: password})
		require.NoError(t, err)
		return p
	}
	s.ada, s.dana, s.mara, s.vera = add("Ada", people.Admin, people.Manager), add("Dana", people.Member, people.Sales), add("Mara", people.Member, people.Technical), add("Vera", people.Member, people.Delivery)
	dana := s.as(s.dana)
	_, err = s.wiki.Create(ctx, dana, wiki.NewProspect{Prospect: wiki.Prospect{Title: "Northwind Rail", Slug: "northwind", Value: 840000, Currency: "EUR", Stage: "closing", Tags: []string{"rail"}}})
	require.NoError(t, err)
	require.NoError(t, s.people.Grant(ctx, dana, "northwind", s.vera.ID, people.Viewer))
	_, err = s.wiki.Create(ctx, dana, wiki.NewProspect{Prospect: wiki.Prospect{Title: "Secret Co", Slug: "secretco", Value: 5000, Currency: "USD"}, Restricted: true})
	require.NoError(t, err)
	s.write("northwind", "internal/closing/close-plan", closePlan)
	s.write("northwind", "external/closing/terms", "# Terms\n\nSee [[closing/close-plan]] and [[closing/kick-off]].\n")
	s.write("secretco", "internal/account/overview", "# Hidden overview\n\nNobody but Dana reads xyzzy.\n")
	return s
}

const closePlan = `# Close plan

What must happen until the ink is dry, says @dana.

> [!commitment] Go-live on 1 March 2027 @dana due:2027-03-01
> Promised in the call.

## Steps

- [ ] Send the redlines @dana due:2026-12-01
- [x] Name the lawyer

See [[closing/terms]], [[secretco:account/overview]], [[closing/not-there]] and [terms](../closing/terms.md).
`

// as is a person's own caller, as by a session.
func (s *site) as(p people.Person) people.Caller {
	return people.Caller{Person: p, Scopes: people.AllScopes, Via: "session"}
}

func place(t testing.TB, text string) wiki.Place {
	t.Helper()
	p, err := wiki.ParsePlace(text)
	require.NoError(t, err)
	return p
}

// write makes or changes a page as Dana.
func (s *site) write(prospect, where, text string) *wiki.Edited {
	s.t.Helper()
	ctx := context.Background()
	space, err := s.wiki.Space(ctx, s.as(s.dana), prospect)
	require.NoError(s.t, err)
	at := place(s.t, where)
	side, err := space.Side(at.Section)
	require.NoError(s.t, err)
	e := wiki.Edit{Place: at, Text: []byte(text)}
	if info, err := side.Lookup(ctx, s.as(s.dana), at); err == nil {
		e.Base = info.Version
	}
	done, err := side.Edit(ctx, s.as(s.dana), e)
	require.NoError(s.t, err)
	return done
}

// read is a page as it is.
func (s *site) read(prospect, where string) *wiki.Page {
	s.t.Helper()
	space, err := s.wiki.Space(context.Background(), s.as(s.dana), prospect)
	require.NoError(s.t, err)
	at := place(s.t, where)
	side, err := space.Side(at.Section)
	require.NoError(s.t, err)
	p, err := side.Read(context.Background(), s.as(s.dana), at)
	require.NoError(s.t, err)
	return p
}

// browser is somebody's browser: it keeps cookies and does not follow redirects.
type browser struct {
	*site
	client *http.Client
	jar    map[string]*http.Cookie
}

func (s *site) browser() *browser {
	return &browser{site: s, jar: map[string]*http.Cookie{}, client: &http.Client{
		Transport:     s.server.Client().Transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// signedIn is the browser of somebody who has signed in.
func (s *site) signedIn(p people.Person) *browser {
	s.t.Helper()
	b := s.browser()
	a := b.post("/sign-in", url.Values{"email": {p.Email}, "password": {password}})
	require.Equal(s.t, http.StatusSeeOther, a.status, a.body)
	return b
}

// answer is what a browser got.
type answer struct {
	status int
	header http.Header
	body   string
}

func (a answer) location() string { return a.header.Get("Location") }

func (b *browser) do(r *http.Request) answer {
	b.t.Helper()
	for _, c := range b.jar {
		r.AddCookie(c)
	}
	if _, told := r.Header["Sec-Fetch-Site"]; !told && r.Header.Get("Origin") == "" && r.Method != http.MethodGet && r.Method != http.MethodHead {
		r.Header.Set("Sec-Fetch-Site", "same-origin") // as browsers do
	}
	res, err := b.client.Do(r)
	require.NoError(b.t, err)
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	require.NoError(b.t, err)
	for _, c := range res.Cookies() {
		if c.MaxAge < 0 {
			delete(b.jar, c.Name)
		} else {
			b.jar[c.Name] = c
		}
	}
	return answer{res.StatusCode, res.Header, string(body)}
}

func (b *browser) request(method, path string, body io.Reader) *http.Request {
	b.t.Helper()
	r, err := http.NewRequest(method, b.server.URL+path, body)
	require.NoError(b.t, err)
	return r
}

func (b *browser) get(path string) answer {
	b.t.Helper()
	return b.do(b.request(http.MethodGet, path, nil))
}

func (b *browser) post(path string, form url.Values) answer {
	b.t.Helper()
	r := b.request(http.MethodPost, path, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return b.do(r)
}

// upload posts a form with files.
func (b *browser) upload(path, field string, values map[string]string, files map[string][]byte) answer {
	b.t.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	for name, v := range values {
		require.NoError(b.t, form.WriteField(name, v))
	}
	for name, data := range files {
		part, err := form.CreateFormFile(field, name)
		require.NoError(b.t, err)
		_, err = part.Write(data)
		require.NoError(b.t, err)
	}
	require.NoError(b.t, form.Close())
	r := b.request(http.MethodPost, path, &body)
	r.Header.Set("Content-Type", form.FormDataContentType())
	return b.do(r)
}

// ok is get for pages that must be there.
func (b *browser) ok(path string) string {
	b.t.Helper()
	a := b.get(path)
	require.Equal(b.t, http.StatusOK, a.status, "%s: %s %s", path, a.location(), a.body)
	return a.body
}

func head(t testing.TB, s *site, where string) repo.Hash {
	t.Helper()
	return s.read("northwind", where).Version
}

// logTo keeps the log and shows it with the test.
type logTo struct {
	t   testing.TB
	buf *bytes.Buffer
}

func (l logTo) Write(b []byte) (int, error) {
	if l.t.Context().Err() == nil {
		l.t.Log(strings.TrimSpace(string(b)))
	}
	return len(b), nil
}

func serve(t testing.TB, web *Server) *httptest.Server {
	server := httptest.NewServer(web.Handler())
	t.Cleanup(server.Close)
	return server
}
