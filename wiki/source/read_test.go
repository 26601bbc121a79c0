package source_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dealwiki/wiki"
	"dealwiki/wiki/maillog"
	"dealwiki/wiki/people"
	"dealwiki/wiki/source"
)

func rss(items string) string {
	return `<?xml version="1.0"?><rss version="2.0"><channel><title>N</title>` + items + `</channel></rss>`
}

// check asserts what holds of whatever a source sends.
func check(t *testing.T, items []source.Found) {
	assert.LessOrEqual(t, len(items), 100)
	keys := map[string]bool{}
	for _, i := range items {
		assert.False(t, keys[i.Key], "twice")
		keys[i.Key] = true
		assert.True(t, utf8.ValidString(i.Title+i.Text+i.Link))
		assert.LessOrEqual(t, utf8.RuneCountInString(i.Title), 200)
		assert.LessOrEqual(t, utf8.RuneCountInString(i.Text), 1200)
		assert.NotContains(t, i.Title, "\n")
		assert.NotEmpty(t, i.Title+i.Text)
		for _, r := range []string{"\x00", "\u202e", "\u2066", "\u200b"} {
			assert.NotContains(t, i.Title+i.Text, r)
		}
		assert.True(t, i.Link == "" || strings.HasPrefix(i.Link, "http://") || strings.HasPrefix(i.Link, "https://"), i.Link)
		assert.NotContains(t, i.Link, "<")
		assert.NotContains(t, i.Link, " ")
		assert.True(t, i.At.IsZero() || i.At.Year() >= 1990 && i.At.Year() <= 2026, i.At)
	}
}

func TestHostileFeeds(t *testing.T) {
	feed := source.Source{Kind: source.Feed}
	laughs := `<?xml version="1.0"?><!DOCTYPE rss [<!ENTITY a "ha">` + func() string {
		var b strings.Builder
		for c := 'b'; c <= 'z'; c++ {
			fmt.Fprintf(&b, `<!ENTITY %c "%s">`, c, strings.Repeat(fmt.Sprintf("&%c;", c-1), 10))
		}
		return b.String()
	}() + `]><rss version="2.0"><channel><item><title>&z;</title><link>https://x.example</link></item></channel></rss>`
	many := rss(strings.Repeat(`<item><title>a</title></item>`, 20_000))
	different := func() string {
		var b strings.Builder
		for i := range 20_000 {
			fmt.Fprintf(&b, `<item><guid>%d</guid><title>n %d</title><pubDate>%s</pubDate></item>`, i, i, time.Unix(int64(1_600_000_000+i), 0).UTC().Format(time.RFC1123Z))
		}
		return rss(b.String())
	}()
	for name, c := range map[string]struct {
		body string
		want int // items; -1: refused
	}{
		"empty":             {"", -1},
		"no feed":           {"<html><body>hello</body></html>", -1},
		"binary":            {"\x7fELF\x00\x01\xff\xfe", -1},
		"cut off":           {`<rss version="2.0"><channel><item><title>a`, -1},
		"billion laughs":    {laughs, -2},
		"external entity":   {`<?xml version="1.0"?><!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]>` + rss(`<item><title>&x;</title><guid>1</guid></item>`)[21:], -2},
		"deep":              {rss("<item>" + strings.Repeat("<a>", 300_000)), -1},
		"deep, unclosed":    {rss("<item>" + strings.Repeat("<x:a></b>", 200_000)), -2},
		"the same 20,000":   {many, 1},
		"many":              {different, 100},
		"html":              {rss(`<item><title>&lt;script&gt;alert(1)&lt;/script&gt;&lt;b&gt;Bold&lt;/b&gt; &amp;amp; more</title><description><![CDATA[<img src=x onerror=alert(1)><style>p{}</style><p>One<p>Two]]></description></item>`), 1},
		"bad dates":         {rss(`<item><title>a</title><pubDate>yesterday</pubDate></item><item><title>b</title><pubDate>Mon, 01 Jan 9999 00:00:00 GMT</pubDate></item><item><title>c</title><pubDate>Mon, 01 Jan 0001 00:00:00 GMT</pubDate></item>`), 3},
		"duplicate ids":     {rss(`<item><guid>1</guid><title>a</title></item><item><guid>1</guid><title>b</title></item><item><guid>1</guid><title>a</title></item>`), 2},
		"bad links":         {rss(`<item><title>a</title><link>javascript:alert(1)</link></item><item><title>b</title><link>https://me:secret@x.example/</link></item><item><title>c</title><link>https://x.example/" onclick="x</link></item><item><title>d</title><link>file:///etc/passwd</link></item><item><title>e</title><link>//x.example</link></item><item><title>f</title><link>https://x.example/` + strings.Repeat("a", 3000) + `</link></item>`), 6},
		"nothing to read":   {rss(`<item><link>https://x.example</link></item><item></item>`), 0},
		"hidden characters": {rss("<item><title>pay\u202enow\u2066\u200b</title></item>"), 1},
		"bad charset":       {`<?xml version="1.0" encoding="klingon"?>` + rss(`<item><title>a</title></item>`)[21:], -2},
		"latin-1":           {"<?xml version=\"1.0\" encoding=\"iso-8859-1\"?><rss version=\"2.0\"><channel><item><title>\xc6ble</title></item></channel></rss>", 1},
		"long text":         {rss(`<item><title>` + strings.Repeat("word ", 200_000) + `</title><description>` + strings.Repeat("x", 1_000_000) + `</description></item>`), 1},
		"atom":              {`<feed xmlns="http://www.w3.org/2005/Atom"><title>x</title><entry><id>urn:1</id><title type="html">&lt;b&gt;A&lt;/b&gt;</title><link href="https://x.example/1"/><updated>2026-11-12T10:00:00Z</updated><summary>S</summary></entry></feed>`, 1},
		"json feed":         {`{"version":"https://jsonfeed.org/version/1.1","title":"x","items":[{"id":"1","url":"https://x.example/1","title":"A","content_text":"b","date_published":"2026-11-12T10:00:00Z"}]}`, 1},
		"deep json feed":    {`{"version":"https://jsonfeed.org/version/1.1","items":` + strings.Repeat("[", 100_000), -1},
	} {
		t.Run(name, func(t *testing.T) {
			items, err := feed.Read([]byte(c.body), "", start)
			switch c.want {
			case -2: // either way, without harm
			case -1:
				assert.Error(t, err)
			default:
				require.NoError(t, err)
				assert.Len(t, items, c.want)
			}
			check(t, items)
			for _, i := range items {
				assert.NotContains(t, i.Title+i.Text, "alert(")
				assert.NotContains(t, i.Title+i.Text, "root:")
			}
		})
	}
	items, err := feed.Read([]byte(different), "", time.Date(2026, 11, 13, 0, 0, 0, 0, time.UTC))
	require.NoError(t, err)
	assert.Equal(t, "n 19999", items[0].Title, "the newest are taken")
}

func TestJSONAndCSV(t *testing.T) {
	deep := `{"data":{"hits":[{"headline":"A","where":{"url":"https://x.example/1"},"when":1731405600,"n":7},{"headline":"B"},"odd",null,[1]]}}`
	for name, c := range map[string]struct {
		src  source.Source
		body string
		want int
		says string
	}{
		"list":            {source.Source{Kind: source.JSON}, `[{"title":"a","url":"https://x.example"},{"name":"b"}]`, 2, ""},
		"usual names":     {source.Source{Kind: source.JSON}, `{"results":[{"headline":"a","published":"2026-11-12"}]}`, 1, ""},
		"mapped":          {source.Source{Kind: source.JSON, Fields: source.Fields{Items: "data.hits", Title: "headline", Link: "where.url", Date: "when", ID: "n"}}, deep, 2, ""},
		"no list":         {source.Source{Kind: source.JSON}, `{"a":1}`, 0, "is no list of items"},
		"no list there":   {source.Source{Kind: source.JSON, Fields: source.Fields{Items: "a.b"}}, `{"a":1}`, 0, `has no list at "a.b"`},
		"no json":         {source.Source{Kind: source.JSON}, `{`, 0, "is not JSON"},
		"deep json":       {source.Source{Kind: source.JSON}, strings.Repeat("[", 1_000_000), 0, "is not JSON"},
		"many":            {source.Source{Kind: source.JSON}, `[` + strings.Repeat(`{"title":"a"},`, 99_999) + `{"title":"b"}]`, 2, ""},
		"csv":             {source.Source{Kind: source.CSV}, "Title,Link,Date\r\na,https://x.example,2026-11-12\r\n\"b\nc\",,\r\n", 2, ""},
		"semicolons":      {source.Source{Kind: source.CSV, Fields: source.Fields{Title: "Titel", Text: "Inhalt"}}, "\ufeffTitel;Inhalt\na;b\n", 1, ""},
		"no such column":  {source.Source{Kind: source.CSV, Fields: source.Fields{Title: "Titel"}}, "title\na\n", 0, `has no column "Titel"`},
		"no title":        {source.Source{Kind: source.CSV}, "a,b\n1,2\n", 0, "has no column title"},
		"empty csv":       {source.Source{Kind: source.CSV}, "", 0, "is not CSV"},
		"quotes":          {source.Source{Kind: source.CSV}, "title\n\"unclosed\nand more", 1, ""},
		"many columns":    {source.Source{Kind: source.CSV}, strings.Repeat("a,", 1000) + "title\n", 0, "is not CSV"},
		"formulas":        {source.Source{Kind: source.CSV}, "title\n=cmd()\n", 1, ""},
		"a line of 3 MB":  {source.Source{Kind: source.CSV}, "title\n" + strings.Repeat("x", 3<<20), 1, ""},
		"invalid strings": {source.Source{Kind: source.CSV}, "title\n\xff\xfe\n", 1, ""},
	} {
		t.Run(name, func(t *testing.T) {
			items, err := c.src.Read([]byte(c.body), "text/csv", start)
			if c.says != "" {
				require.Error(t, err)
				assert.Contains(t, err.Error(), c.says)
				return
			}
			require.NoError(t, err)
			assert.Len(t, items, c.want)
			check(t, items)
		})
	}
	src := source.Source{Kind: source.JSON, Fields: source.Fields{Items: "data.hits", Title: "headline", Link: "where.url", Date: "when"}}
	items, err := src.Read([]byte(deep), "", start)
	require.NoError(t, err)
	assert.Equal(t, "https://x.example/1", items[0].Link)
	assert.Equal(t, time.Unix(1731405600, 0).UTC(), items[0].At)
}

func FuzzRead(f *testing.F) {
	for _, kind := range []string{source.Feed, source.JSON, source.CSV} {
		for _, body := range []string{news, `{"items":[{"title":"a","date":"2026-11-12"}]}`, "title,link\na,https://x.example\n", `<feed xmlns="http://www.w3.org/2005/Atom"><entry><title>a</title></entry></feed>`} {
			f.Add(kind, body)
		}
	}
	f.Fuzz(func(t *testing.T, kind, body string) {
		src := source.Source{Kind: kind}
		if items, err := src.Read([]byte(body), "", start); err == nil {
			check(t, items)
		}
	})
}

func FuzzParse(f *testing.F) {
	f.Add(oneSource)
	f.Add("sources: [{name: a, file: b.csv, kind: csv, every: 1d, fields: {title: x}}]")
	f.Fuzz(func(t *testing.T, text string) {
		set, err := source.Parse([]byte(text))
		if err != nil {
			var invalid *wiki.Invalid
			require.ErrorAs(t, err, &invalid)
			return
		}
		again, err := set.YAML(nil)
		require.NoError(t, err)
		next, err := source.Parse(again)
		require.NoError(t, err, "%s", again)
		one, err := json.Marshal(set)
		require.NoError(t, err)
		two, err := json.Marshal(next)
		require.NoError(t, err)
		assert.JSONEq(t, string(one), string(two))
	})
}

// What is searched for is escaped as its place in the address asks for.
func TestAddresses(t *testing.T) { synctest.Test(t, testAddresses) }

func testAddresses(t *testing.T) {
	d := newDesk(t)
	for _, title := range []string{"A&B=C #1", "..", "x/../../y?z", "Ø {prospect}"} {
		d.create(title, false)
	}
	d.set("sources:\n  - {name: News, url: 'https://news.example/of/{prospect}/rss?q={prospect}&n=1'}\n")
	ok := reply(200, news)
	for _, path := range []string{"A&B=C #1", "..", "x/../../y?z", "Ø {prospect}", "Northwind Rail"} {
		d.web.put("news.example/of/"+path+"/rss", ok)
	}
	d.ask()
	asked := d.web.take()
	require.Len(t, asked, 5)
	for _, a := range asked {
		assert.True(t, strings.HasPrefix(a, "https://news.example/of/"), a)
		path, query, _ := strings.Cut(strings.TrimPrefix(a, "https://news.example/of/"), "?")
		assert.Equal(t, 1, strings.Count(path, "/"), a)
		assert.NotEqual(t, "../rss", path)
		assert.Equal(t, 1, strings.Count(query, "&"), a)
		assert.NotContains(t, a, "#")
	}
}

// Run asks by itself, in its own time, and ends when it is told to.
func TestRun(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		world := &web{pages: map[string]func(*http.Request) *http.Response{}}
		db, err := people.Open(filepath.Join(dir, "dealwiki.db"), people.Options{Cost: people.Cost{Memory: 64, Iterations: 1}})
		require.NoError(t, err)
		w, err := wiki.Open(t.Context(), wiki.Config{Dir: dir, People: db, Git: "-"})
		require.NoError(t, err)
		p, err := db.Add(t.Context(), people.System("test"), people.NewPerson{Name: "Ada", Email: "ada@fairlead.example", Role: people.Admin, Job: "sales"})
		require.NoError(t, err)
		ada := people.Caller{Person: p, Scopes: people.AllScopes, Via: "session"}
		_, err = w.Create(t.Context(), ada, wiki.NewProspect{Prospect: wiki.Prospect{Title: "Northwind Rail"}})
		require.NoError(t, err)
		book := source.New(source.Config{Wiki: w, People: db, Log: maillog.New(maillog.Config{Wiki: w}), Client: world, Chance: func() float64 { return 0.5 }})
		world.put("news.example/rss", reply(200, news))
		before, err := book.SettingsText(t.Context(), ada)
		require.NoError(t, err)
		require.NoError(t, book.SetSettings(t.Context(), ada, before, []byte(oneSource)))
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- book.Run(ctx) }()
		time.Sleep(2 * time.Minute)
		assert.Len(t, world.take(), 1)
		time.Sleep(24 * time.Hour)
		assert.Len(t, world.take(), 4, "every six hours")
		_, err = w.Create(t.Context(), ada, wiki.NewProspect{Prospect: wiki.Prospect{Title: "Other Co"}})
		require.NoError(t, err)
		time.Sleep(2 * time.Minute)
		assert.Equal(t, []string{"https://news.example/rss?q=Other+Co"}, world.take(), "a new prospect is asked for soon")
		stop()
		assert.Error(t, <-done)
		require.NoError(t, w.Close())
		require.NoError(t, db.Close())
	})
}
