package source_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dealwiki/wiki"
	"dealwiki/wiki/maillog"
	"dealwiki/wiki/people"
	"dealwiki/wiki/source"
)

// web is the world outside: what is answered at an address.
type web struct {
	mu    sync.Mutex
	pages map[string]func(*http.Request) *http.Response
	asked []string
}

func (w *web) Do(r *http.Request) (*http.Response, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.asked = append(w.asked, r.URL.String())
	f := w.pages[r.URL.Host+r.URL.Path]
	if f == nil {
		return nil, errors.New("connection refused")
	}
	return f(r), nil
}

func (w *web) put(at string, f func(*http.Request) *http.Response) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.pages[at] = f
}

func (w *web) take() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	out := w.asked
	w.asked = nil
	return out
}

func reply(status int, body string, header ...string) func(*http.Request) *http.Response {
	return func(*http.Request) *http.Response {
		h := http.Header{}
		for i := 0; i+1 < len(header); i += 2 {
			h.Set(header[i], header[i+1])
		}
		return &http.Response{StatusCode: status, Header: h, Body: io.NopCloser(strings.NewReader(body))}
	}
}

// desk is a wiki with sources and a clock that stands still until it is moved.
type desk struct {
	t    testing.TB
	dir  string
	now  time.Time
	w    *wiki.Wiki
	db   *people.DB
	web  *web
	book *source.Book

	ada, dana, vera, mara people.Caller // administrator, owner, reader, colleague
}

var start = time.Date(2026, 11, 13, 9, 30, 0, 0, time.UTC)

func newDesk(t testing.TB) *desk {
	d := &desk{t: t, dir: t.TempDir(), now: start, web: &web{pages: map[string]func(*http.Request) *http.Response{}}}
	var err error
	now := func() time.Time { return d.now }
	d.db, err = people.Open(filepath.Join(d.dir, "dealwiki.db"), people.Options{Cost: people.Cost{Memory: 64, Iterations: 1}, Now: now})
	require.NoError(t, err)
	d.w, err = wiki.Open(t.Context(), wiki.Config{Dir: d.dir, People: d.db, Now: now, Git: "-"})
	require.NoError(t, err)
	t.Cleanup(func() {
		assert.NoError(t, d.w.Close())
		assert.NoError(t, d.db.Close())
	})
	d.renew()
	person := func(name string, role people.Role) people.Caller {
		p, err := d.db.Add(t.Context(), people.System("test"), people.NewPerson{Name: name, Email: strings.ToLower(name) + "@fairlead.example", Role: role, Job: "sales"})
		require.NoError(t, err)
		return people.Caller{Person: p, Scopes: people.AllScopes, Via: "session"}
	}
	d.ada, d.dana, d.vera, d.mara = person("Ada", people.Admin), person("Dana", people.Member), person("Vera", people.Member), person("Mara", people.Member)
	d.create("Northwind Rail", false)
	require.NoError(t, d.db.Grant(t.Context(), d.dana, "northwind-rail", d.vera.Person.ID, people.Viewer))
	return d
}

// renew makes a book as a start of the server does.
func (d *desk) renew() {
	d.book = source.New(source.Config{Wiki: d.w, People: d.db, Log: maillog.New(maillog.Config{Wiki: d.w}), Client: d.web, Chance: func() float64 { return 0.5 }})
}

func (d *desk) create(title string, restricted bool) {
	_, err := d.w.Create(d.t.Context(), d.dana, wiki.NewProspect{Prospect: wiki.Prospect{Title: title}, Restricted: restricted})
	require.NoError(d.t, err)
}

func (d *desk) set(text string) {
	before, err := d.book.SettingsText(d.t.Context(), d.ada)
	require.NoError(d.t, err)
	require.NoError(d.t, d.book.SetSettings(d.t.Context(), d.ada, before, []byte(text)))
}

func (d *desk) ask() {
	d.t.Helper()
	_, err := d.book.AskDue(d.t.Context())
	require.NoError(d.t, err)
}

func (d *desk) inbox(state source.State) []source.Item {
	d.t.Helper()
	items, _, err := d.book.Inbox(d.t.Context(), d.dana, "northwind-rail", source.Filter{State: state})
	require.NoError(d.t, err)
	return items
}

func (d *desk) health(key string) source.Health {
	d.t.Helper()
	all, err := d.book.Health(d.t.Context(), d.dana, "northwind-rail")
	require.NoError(d.t, err)
	for _, h := range all {
		if h.Source.Key == key {
			return h
		}
	}
	d.t.Fatalf("no source %s", key)
	return source.Health{}
}

const news = `<rss version="2.0"><channel><title>News</title>
<item><guid>1</guid><title>Northwind Rail buys &lt;b&gt;trains&lt;/b&gt;</title><link>https://news.example/1</link><description>&lt;p&gt;A &lt;script&gt;alert(1)&lt;/script&gt;hundred @dana.&lt;/p&gt;</description><pubDate>Thu, 12 Nov 2026 10:00:00 GMT</pubDate></item>
<item><guid>2</guid><title>Board changes</title><link>javascript:alert(1)</link><pubDate>Wed, 11 Nov 2026 10:00:00 GMT</pubDate></item>
</channel></rss>`

const oneSource = "sources:\n  - name: News\n    url: https://news.example/rss?q={prospect}\n"

func TestAnInboxIsFilled(t *testing.T) {
	d := newDesk(t)
	d.web.put("news.example/rss", reply(200, news, "ETag", `"a"`))
	d.set(oneSource)
	d.ask()
	assert.Equal(t, []string{"https://news.example/rss?q=Northwind+Rail"}, d.web.take())
	items := d.inbox(source.Undecided)
	require.Len(t, items, 2)
	assert.Equal(t, "Northwind Rail buys trains", items[0].Title)
	assert.Equal(t, "A hundred @dana.", items[0].Text)
	assert.Equal(t, "https://news.example/1", items[0].Link)
	assert.Equal(t, time.Date(2026, 11, 12, 10, 0, 0, 0, time.UTC), items[0].At)
	assert.Empty(t, items[1].Link, "what is no web address is no link")
	n, err := d.book.Unread(t.Context(), d.vera, "northwind-rail")
	require.NoError(t, err)
	assert.Equal(t, 2, n)
	require.NoError(t, d.book.See(t.Context(), d.vera, "northwind-rail", items[0].ID))
	n, err = d.book.Unread(t.Context(), d.vera, "northwind-rail")
	require.NoError(t, err)
	assert.Zero(t, n)
	assert.True(t, d.inbox(source.Undecided)[0].New, "for others it is new")

	d.ask()
	assert.Empty(t, d.web.take(), "it is not its time")
	d.now = d.now.Add(7 * time.Hour)
	var conditional string
	d.web.put("news.example/rss", func(r *http.Request) *http.Response {
		conditional = r.Header.Get("If-None-Match")
		return reply(304, "")(r)
	})
	d.ask()
	assert.Equal(t, `"a"`, conditional)
	assert.Len(t, d.inbox(source.Undecided), 2)
	assert.Equal(t, d.now, d.health("news").Asked)
	d.renew()
	d.now = d.now.Add(7 * time.Hour)
	conditional = ""
	d.ask()
	assert.Equal(t, `"a"`, conditional, "it is known across restarts")
}

func TestKeepAndDismiss(t *testing.T) {
	d := newDesk(t)
	d.web.put("news.example/rss", reply(200, news))
	d.set(oneSource)
	d.ask()
	items := d.inbox(source.Undecided)
	first, second := items[0].ID, items[1].ID
	ctx := t.Context()

	var wg sync.WaitGroup
	places := make([]string, 4)
	for i := range places {
		wg.Go(func() {
			e, _, err := d.book.Keep(ctx, d.dana, "northwind-rail", first)
			if assert.NoError(t, err) {
				places[i] = e.Place.String()
			}
		})
	}
	wg.Wait()
	for _, p := range places {
		assert.Equal(t, "internal/log/2026-11-12-northwind-rail-buys-trains", p, "kept again it is the same")
	}
	sp, err := d.w.Space(ctx, d.dana, "northwind-rail")
	require.NoError(t, err)
	page, err := sp.Internal().Read(ctx, d.dana, wiki.Place{Section: wiki.Internal, Stage: "log", Page: "2026-11-12-northwind-rail-buys-trains"})
	require.NoError(t, err)
	assert.Equal(t, d.dana.Person.ID, wiki.PersonID(page.Author))
	_, body, _ := strings.Cut(string(page.Text), "---\n# ")
	assert.Equal(t, "Northwind Rail buys trains\n\n> A hundred \\@dana.\n\n**Source:** News\\\n**Link:** <https://news.example/1>\\\n**Dated:** 12 November 2026, 10:00 UTC\n", body)
	require.NoError(t, d.book.Dismiss(ctx, d.dana, "northwind-rail", first, false))
	kept := d.inbox(source.Kept)
	require.Len(t, kept, 1, "what is kept stays kept")
	assert.Equal(t, places[0], kept[0].Page)

	require.NoError(t, d.book.Dismiss(ctx, d.dana, "northwind-rail", second, false))
	assert.Empty(t, d.inbox(source.Undecided))
	d.renew()
	d.now = d.now.Add(7 * time.Hour)
	d.ask()
	assert.Empty(t, d.inbox(source.Undecided), "neither comes back")
	require.NoError(t, d.book.Dismiss(ctx, d.dana, "northwind-rail", second, true))
	assert.Len(t, d.inbox(source.Undecided), 1)

	_, _, err = d.book.Keep(ctx, d.vera, "northwind-rail", second)
	assert.ErrorIs(t, err, people.ErrForbidden)
	assert.ErrorIs(t, d.book.Dismiss(ctx, d.vera, "northwind-rail", second, false), people.ErrForbidden)
	assert.ErrorIs(t, d.book.SetWords(ctx, d.vera, "northwind-rail", "x"), people.ErrForbidden)
	for _, id := range []int64{0, -1, 99} {
		_, _, err = d.book.Keep(ctx, d.dana, "northwind-rail", id)
		assert.ErrorIs(t, err, wiki.ErrNotFound)
	}
	d.create("Other Co", false)
	_, _, err = d.book.Keep(ctx, d.dana, "other-co", second)
	assert.ErrorIs(t, err, wiki.ErrNotFound, "an item of another prospect")
}

func TestRestrictedProspects(t *testing.T) {
	d := newDesk(t)
	d.create("Secret Co", true)
	d.web.put("news.example/rss", reply(200, news))
	d.set(oneSource)
	d.ask()
	assert.Equal(t, []string{"https://news.example/rss?q=Northwind+Rail"}, d.web.take(), "its name leaves the house for nobody")
	all, err := d.book.Health(t.Context(), d.dana, "secret-co")
	require.NoError(t, err)
	assert.True(t, all[0].Held)
	require.NoError(t, d.book.SetWords(t.Context(), d.dana, "secret-co", " big  customer , other name,, "))
	d.ask()
	assert.Equal(t, []string{"https://news.example/rss?q=big+customer"}, d.web.take())
	words, err := d.book.Words(t.Context(), d.dana, "secret-co")
	require.NoError(t, err)
	assert.Equal(t, "big customer, other name", words)

	ctx := t.Context()
	_, _, err = d.book.Inbox(ctx, d.mara, "secret-co", source.Filter{})
	assert.ErrorIs(t, err, wiki.ErrNotFound)
	_, err = d.book.Unread(ctx, d.mara, "secret-co")
	assert.ErrorIs(t, err, wiki.ErrNotFound)
	_, err = d.book.Health(ctx, d.mara, "secret-co")
	assert.ErrorIs(t, err, wiki.ErrNotFound)
	_, err = d.book.Words(ctx, d.mara, "secret-co")
	assert.ErrorIs(t, err, wiki.ErrNotFound)
	assert.ErrorIs(t, d.book.See(ctx, d.mara, "secret-co", 1), wiki.ErrNotFound)
	_, _, err = d.book.Keep(ctx, d.mara, "secret-co", 1)
	assert.ErrorIs(t, err, wiki.ErrNotFound)
	_, err = d.book.SettingsText(ctx, d.dana)
	assert.ErrorIs(t, err, people.ErrForbidden)
	assert.ErrorIs(t, d.book.SetSettings(ctx, d.dana, nil, []byte("sources: []")), people.ErrForbidden)
	_, err = d.book.Failing(ctx, d.dana)
	assert.ErrorIs(t, err, people.ErrForbidden)
	_, err = d.book.Try(ctx, d.dana, source.Source{URL: "https://news.example/rss"}, "")
	assert.ErrorIs(t, err, people.ErrForbidden)
}

// A source for all is asked once; each prospect gets what names it.
func TestSourcesForAll(t *testing.T) {
	d := newDesk(t)
	d.web.put("press.example/feed", reply(200, news, "ETag", `"a"`))
	d.set("sources:\n  - name: Press\n    url: https://press.example/feed\n")
	d.ask()
	items := d.inbox(source.Undecided)
	require.Len(t, items, 1)
	assert.Equal(t, "Northwind Rail buys trains", items[0].Title)
	// Who is new, or is searched by other words, gets what is there, at the
	// source's next turn.
	require.NoError(t, d.book.SetWords(t.Context(), d.dana, "northwind-rail", "Northwind Rail, board changes"))
	d.web.take()
	d.ask()
	assert.Empty(t, d.web.take())
	d.now = d.now.Add(7 * time.Hour)
	d.web.put("press.example/feed", func(r *http.Request) *http.Response {
		assert.Empty(t, r.Header.Get("If-None-Match"))
		return reply(200, news, "ETag", `"a"`)(r)
	})
	d.ask()
	assert.Len(t, d.inbox(source.Undecided), 2)
}

// What fails is told with its time and reason, left alone longer and longer, and
// harms nobody else.
func TestFailures(t *testing.T) {
	d := newDesk(t)
	d.web.put("news.example/rss", reply(200, news))
	d.web.put("down.example/", reply(503, ""))
	d.web.put("odd.example/", reply(200, "<html>hello</html>"))
	d.web.put("big.example/", reply(200, strings.Repeat("x", 5<<20)))
	d.web.put("late.example/", reply(429, "", "Retry-After", "7200"))
	d.set(oneSource + "  - {name: Down, url: 'https://down.example/?q={prospect}&key=secret'}\n  - {name: Gone, url: 'https://gone.example/?key=secret'}\n  - {name: Odd, url: 'https://odd.example/'}\n  - {name: Big, url: 'https://big.example/'}\n  - {name: Late, url: 'https://late.example/'}\n  - {name: Local, file: missing.csv, kind: csv}\n")
	d.ask()
	assert.Len(t, d.inbox(source.Undecided), 2)
	for key, want := range map[string]string{"down": "it answers 503", "gone": "it cannot be reached: connection refused", "odd": "its answer is not a feed", "big": "larger than 4 MB", "late": "asked too often", "local": "there is no file missing.csv", "news": ""} {
		h := d.health(key)
		assert.Contains(t, h.Problem, want)
		assert.NotContains(t, h.Problem, "secret")
		if want != "" {
			assert.Equal(t, start, h.Since, key)
		} else {
			assert.Empty(t, h.Problem)
		}
	}
	failing, err := d.book.Failing(t.Context(), d.ada)
	require.NoError(t, err)
	assert.Len(t, failing, 6)
	assert.Equal(t, start.Add(2*time.Hour), d.health("late").Next)

	d.web.take()
	var at []time.Duration
	for range 40 * 60 {
		d.now = d.now.Add(time.Minute)
		d.ask()
		for _, address := range d.web.take() {
			if strings.HasPrefix(address, "https://down.example") {
				at = append(at, d.now.Sub(start))
			}
		}
	}
	assert.Equal(t, []time.Duration{5 * time.Minute, 25 * time.Minute, 105 * time.Minute, 425 * time.Minute, 28*time.Hour + 25*time.Minute}[:4], at[:4])
	assert.Equal(t, start, d.health("down").Since)
	d.web.put("down.example/", reply(200, news))
	d.now = d.now.Add(25 * time.Hour)
	d.ask()
	assert.Empty(t, d.health("down").Problem)
	assert.True(t, d.health("down").Since.IsZero())
}

// A source with many prospects is asked for a few at a time, and one address
// that is not there harms no other.
func TestManyProspects(t *testing.T) {
	synctest.Test(t, testManyProspects)
}

func testManyProspects(t *testing.T) {
	d := newDesk(t)
	for i := range 3 {
		d.create(fmt.Sprintf("Customer %d", i), false)
	}
	d.web.put("news.example/rss", func(r *http.Request) *http.Response {
		if strings.Contains(r.URL.RawQuery, "Customer+1") {
			return reply(404, "")(r)
		}
		return reply(200, news)(r)
	})
	d.set(oneSource)
	d.ask()
	assert.Len(t, d.web.take(), 4)
	all, err := d.book.Health(t.Context(), d.dana, "customer-1")
	require.NoError(t, err)
	assert.Equal(t, "it answers 404", all[0].Problem)
	assert.Empty(t, d.health("news").Problem)
}

func TestFiles(t *testing.T) {
	d := newDesk(t)
	folder := filepath.Join(d.dir, "sources")
	require.NoError(t, os.MkdirAll(folder, 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(folder, "northwind-rail.csv"), []byte("title;link;date\nA tender;https://x.example/a;2026-11-10\n"), 0o600))
	require.NoError(t, os.Symlink(filepath.Join(d.dir, "dealwiki.db"), filepath.Join(folder, "out.csv")))
	d.set("sources:\n  - {name: Tenders, file: '{prospect}.csv', kind: csv}\n  - {name: Out, file: out.csv, kind: csv}\n")
	d.ask()
	items := d.inbox(source.Undecided)
	require.Len(t, items, 1)
	assert.Equal(t, "A tender", items[0].Title)
	assert.Contains(t, d.health("out").Problem, "cannot be read", "nothing outside of the folder is reached")
}

func TestSettingsAreChecked(t *testing.T) {
	for text, want := range map[string]string{
		"sources: []": "",
		"":            "",
		"sources:\n  - name: A\n    url: https://a.example\n    jobs: [sales]\n":                       "line 4: jobs is no setting here",
		"sources:\n  - name: A\n    url: ftp://a.example\n":                                            "line 3, source 1 (A): url is not an address",
		"sources:\n  - name: A\n    url: https://me:secret@a.example\n":                                "url holds a name or password",
		"sources:\n  - name: A\n    url: https://{prospect}.example\n":                                 "after its host only",
		"sources:\n  - name: A\n  - url: https://a.example\n":                                          "line 2, source 1 (A): url is missing",
		"sources:\n  - url: https://a.example\n":                                                       "line 2, source 1: name is missing",
		"sources:\n  - {name: A, url: 'https://a.example', every: 5m}\n":                               "every is between 1h and 30d",
		"sources:\n  - {name: A, url: 'https://a.example', every: soon}\n":                             "line 2: every: \"soon\" is not a time such as 6h or 1d",
		"sources:\n  - {name: A, url: 'https://a.example', kind: xml}\n":                               "kind is feed",
		"sources:\n  - {name: A, file: ../dealwiki.db}\n":                                              "file is the name of a file",
		"sources:\n  - {name: A, file: a.csv, url: 'https://a.example'}\n":                             "stands beside a url",
		"sources:\n  - {name: A, url: 'https://a.example'}\n  - {name: a, url: 'https://b.example'}\n": "line 3, source 2 (a): key \"a\" belongs to two sources",
		"sources:\n  - {name: A, url: 'https://a.example', fields: {title: x}}\n":                      "fields are for json and csv",
		"sources: [":      "cannot be read: line 1",
		"sources: {a: b}": "cannot be read: line 1",
		"- a":             "cannot be read",
		"sources:\n" + strings.Repeat("  - {name: A, url: 'https://a.example'}\n", 51): "has 51 sources",
		strings.Repeat("#", 300<<10): "larger than 256 kB",
	} {
		s, err := source.Parse([]byte(text))
		if want == "" {
			require.NoError(t, err, text)
			assert.Empty(t, s.Sources)
			continue
		}
		var invalid *wiki.Invalid
		require.ErrorAs(t, err, &invalid, text)
		assert.Contains(t, err.Error(), "sources.yaml")
		assert.Contains(t, err.Error(), want)
	}
	s, err := source.Parse([]byte("# About\n# it\nsources:\n  - name: A & B\n    url: https://a.example/{prospect}/news?q={prospect}&x=1\n    every: 48h\n"))
	require.NoError(t, err)
	assert.Equal(t, "a-b", s.Sources[0].Key)
	text, err := s.YAML([]byte("# About\n# it\nsources: []\n# end\n"))
	require.NoError(t, err)
	assert.Equal(t, "# About\n# it\nsources:\n  - key: a-b\n    name: A & B\n    kind: feed\n    url: https://a.example/{prospect}/news?q={prospect}&x=1\n    every: 2d\n", string(text))
	again, err := source.Parse(text)
	require.NoError(t, err)
	assert.Equal(t, s, again)
}

func TestSettingsChangedInBetween(t *testing.T) {
	d := newDesk(t)
	before, err := d.book.SettingsText(t.Context(), d.ada)
	require.NoError(t, err)
	d.set(oneSource)
	assert.ErrorIs(t, d.book.SetSettings(t.Context(), d.ada, before, []byte("sources: []")), source.ErrChanged)
	set, err := d.book.Settings(context.Background())
	require.NoError(t, err)
	assert.Len(t, set.Sources, 1)
}
