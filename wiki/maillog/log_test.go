package maillog_test

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dealwiki/content"
	"dealwiki/wiki"
	"dealwiki/wiki/maillog"
	"dealwiki/wiki/people"
	"dealwiki/wiki/wikitest"
)

// desk is a wiki with a log and a clock that stands still.
type desk struct {
	*wikitest.Desk
	log  *maillog.Log
	dana people.Caller
	vera people.Caller // only reads
	sp   *wiki.Space
}

func newDesk(t testing.TB) *desk {
	d := &desk{Desk: wikitest.New(t, wiki.Config{Git: "-", MaxFile: 1 << 20})}
	d.Clock.Set(time.Date(2026, 11, 13, 9, 30, 0, 0, time.UTC))
	d.log = maillog.New(maillog.Config{Wiki: d.Wiki, MaxMail: 4 << 20})
	d.dana, d.vera = d.Person("Dana Reyes", "dana@fairlead.example", people.Sales), d.Person("Vera Holm", "vera@fairlead.example", people.Sales)
	d.sp = d.Prospect(d.dana, wiki.NewProspect{Prospect: wiki.Prospect{Title: "Northwind"}})
	require.NoError(t, d.People.Grant(t.Context(), d.dana, d.sp.Prospect(), d.vera.Person.ID, people.Viewer))
	return d
}

func (d *desk) add(n maillog.NewEntry) *maillog.Entry {
	d.T.Helper()
	e, err := d.log.Add(d.T.Context(), d.dana, d.sp, n)
	require.NoError(d.T, err)
	return e
}

func (d *desk) mail(section wiki.Section, raw string) (*maillog.Entry, bool) {
	d.T.Helper()
	e, known, err := d.log.AddMail(d.T.Context(), d.dana, d.sp, section, []byte(strings.ReplaceAll(raw, "\n", "\r\n")))
	require.NoError(d.T, err)
	return e, known
}

func (d *desk) text(e *maillog.Entry) string {
	d.T.Helper()
	side, err := d.sp.Side(e.Section)
	require.NoError(d.T, err)
	p, err := side.Read(d.T.Context(), d.dana, e.Place)
	require.NoError(d.T, err)
	return string(p.Text)
}

func (d *desk) list() []maillog.Entry {
	d.T.Helper()
	all, err := d.log.List(d.T.Context(), d.dana, d.sp)
	require.NoError(d.T, err)
	return all
}

func TestAnEntryIsAPage(t *testing.T) {
	d := newDesk(t)
	e := d.add(maillog.NewEntry{Kind: maillog.Call, People: []string{"Ingrid Solberg, @dana"}, Title: "Call with Ingrid\nabout dates", Text: "She wants March.\r\n"})
	assert.Equal(t, "internal/log/2026-11-13-call-with-ingrid-about-dates", e.Place.String(), "internal unless it is said otherwise")
	assert.Equal(t, "---\nkind: call\ndate: \"2026-11-13\"\nat: \"2026-11-13T09:30:00Z\"\npeople:\n    - Ingrid Solberg\n    - '@dana'\n---\n# Call with Ingrid about dates\n\nShe wants March.\n", d.text(e))

	again := d.add(maillog.NewEntry{Section: wiki.External, Kind: maillog.Meeting, Date: "2026-11-02", Title: "Kick-off"})
	assert.Equal(t, "external/log/2026-11-02-kick-off", again.Place.String())
	second := d.add(maillog.NewEntry{Section: wiki.External, Date: "2026-11-02", Title: "Kick-off"})
	assert.Equal(t, "external/log/2026-11-02-kick-off-2", second.Place.String())
	side, err := d.sp.Side(wiki.Internal)
	require.NoError(t, err)
	_, err = side.Edit(t.Context(), d.dana, wiki.Edit{Place: wiki.Place{Section: wiki.Internal, Stage: "log", Page: "2026-11-05-workshop"}, Text: []byte("# Workshop in Oslo\n")})
	require.NoError(t, err)

	all := d.list()
	require.Len(t, all, 4)
	var got []string
	for _, e := range all {
		got = append(got, e.Date+" "+string(e.Section)+" "+string(e.Kind)+" "+e.Title)
	}
	assert.Equal(t, []string{"2026-11-13 internal call Call with Ingrid about dates", "2026-11-05 internal meeting Workshop in Oslo",
		"2026-11-02 external note Kick-off", "2026-11-02 external meeting Kick-off"}, got, "both sides, newest first; a page written by hand is an entry")
	assert.Equal(t, []string{"Ingrid Solberg", "@dana"}, all[0].People)
	assert.True(t, all[0].Timed)
	assert.False(t, all[1].Timed)
}

func TestBadEntries(t *testing.T) {
	d := newDesk(t)
	for name, c := range map[string]struct {
		entry maillog.NewEntry
		field string
	}{
		"no title":        {maillog.NewEntry{Title: " \u200b\n"}, "title"},
		"long title":      {maillog.NewEntry{Title: strings.Repeat("x", 201)}, "title"},
		"kind":            {maillog.NewEntry{Title: "x", Kind: "fax"}, "kind"},
		"date":            {maillog.NewEntry{Title: "x", Date: "12.11.2026"}, "date"},
		"no such day":     {maillog.NewEntry{Title: "x", Date: "2026-02-30"}, "date"},
		"far ahead":       {maillog.NewEntry{Title: "x", Date: "2036-02-03"}, "date"},
		"section":         {maillog.NewEntry{Title: "x", Section: "secret"}, "section"},
		"too many":        {maillog.NewEntry{Title: "x", People: []string{strings.Repeat("a,", 100), "b"}}, "people"},
		"too many in one": {maillog.NewEntry{Title: "x", People: []string{strings.Repeat("a,", 101)}}, "people"},
		"long name":       {maillog.NewEntry{Title: "x", People: []string{strings.Repeat("é", 201)}}, "people"},
		"text with NUL":   {maillog.NewEntry{Title: "x", Text: "a\x00"}, "text"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := d.log.Add(t.Context(), d.dana, d.sp, c.entry)
			var invalid *wiki.Invalid
			require.ErrorAs(t, err, &invalid)
			assert.Equal(t, c.field, invalid.Field)
		})
	}
	_, err := d.log.Add(t.Context(), d.vera, d.sp, maillog.NewEntry{Title: "x"})
	require.ErrorIs(t, err, people.ErrForbidden)
	_, _, err = d.log.AddMail(t.Context(), d.vera, d.sp, "", []byte(simple))
	require.ErrorIs(t, err, people.ErrForbidden)
	assert.Empty(t, d.list())
	e := d.add(maillog.NewEntry{Title: "…", Kind: maillog.Note})
	assert.Contains(t, e.Page, "2026-11-13-", "a title of signs alone")
	assert.NotEmpty(t, d.add(maillog.NewEntry{Title: strings.Repeat("лог ", 25)}).Page, "a long title in another script")
}

const simple = `Message-ID: <one@northwind.example>
From: Ingrid Solberg <ingrid@northwind.example>
To: Dana Reyes <DANA@fairlead.example>, "Okafor, Tom" <tom@partner.example>
Cc: ops@northwind.example
Date: Thu, 12 Nov 2026 14:20:00 +0100
Subject: =?utf-8?q?Dates_for_the_pilot_=E2=80=93_draft?=
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=xx

--xx
Content-Type: text/plain; charset=utf-8

Dear Dana,

we need it by *1 March*, see https://northwind.example/plan_b?x=1.

> You asked for [a plan]
> - [ ] call @dana due:2026-11-20

> [!commitment] We give you half price @dana due:2026-12-01
> Signed.

Best
Ingrid
--xx
Content-Type: application/pdf; name="Plan B (final).pdf"
Content-Disposition: attachment; filename="Plan B (final).pdf"
Content-Transfer-Encoding: base64

JVBERi0xLjQK
--xx--
`

func TestAMailBecomesAnEntry(t *testing.T) {
	d := newDesk(t)
	e, known := d.mail("", simple)
	assert.False(t, known)
	assert.Equal(t, "internal/log/2026-11-12-dates-for-the-pilot-draft", e.Place.String())
	assert.Equal(t, maillog.Mail, e.Kind)
	assert.Equal(t, "one@northwind.example", e.MessageID)
	assert.Equal(t, time.Date(2026, 11, 12, 13, 20, 0, 0, time.UTC), e.At.UTC())
	assert.Equal(t, []string{"Ingrid Solberg <ingrid@northwind.example>", "Dana Reyes", "Okafor, Tom <tom@partner.example>", "ops@northwind.example"}, e.People)
	text := d.text(e)
	if os.Getenv("UPDATE_GOLDEN") != "" {
		require.NoError(t, os.WriteFile("testdata/simple.md", []byte(text), 0o644))
	}
	want, err := os.ReadFile("testdata/simple.md")
	require.NoError(t, err)
	assert.Equal(t, string(want), text)
	doc := content.Parse([]byte(text))
	assert.Equal(t, "Dates for the pilot – draft", doc.Title())
	assert.Empty(t, doc.Facts(), "what a stranger writes makes no facts")
	assert.Empty(t, doc.Actions())
	assert.Empty(t, doc.Tasks())
	assert.Empty(t, doc.Mentions(), "and calls nobody")
	shown := string(doc.HTML(nil, content.RenderOptions{}))
	assert.Contains(t, shown, "*1 March*")
	assert.Contains(t, shown, `href="https://northwind.example/plan_b?x=1"`)
	assert.Contains(t, shown, "<blockquote>")

	files, err := d.sp.Internal().Files(t.Context(), d.dana)
	require.NoError(t, err)
	require.Len(t, files, 1)
	assert.Equal(t, "internal/log/Plan-B-(final).pdf", files[0].File.String())
	assert.EqualValues(t, 9, files[0].Size)

	again, known := d.mail(wiki.External, simple)
	assert.True(t, known, "the same Message-ID is the same entry, wherever it is added")
	assert.Equal(t, e.Place, again.Place)
	assert.Len(t, d.list(), 1)
}

func TestThreads(t *testing.T) {
	d := newDesk(t)
	message := func(id, subject, day, more string) string {
		return "Message-ID: <" + id + ">\nFrom: a@b.example\nDate: " + day + " 10:00:00 +0000\nSubject: " + subject + "\n" + more + "\nText.\n"
	}
	// The answer comes in first; what joins the two, last.
	d.mail("", message("c@x", "Re: Re: Offer", "3 Nov 2026", "In-Reply-To: <b@x>\nReferences: <a@x>\n <b@x>\n"))
	d.mail("", message("z@x", "Another", "4 Nov 2026", ""))
	first, _ := d.mail(wiki.External, message("a@x", "Offer", "1 Nov 2026", ""))
	assert.Equal(t, "external/log/2026-11-01-offer", first.Thread)
	second, _ := d.mail("", message("b@x", "Re: Offer", "2 Nov 2026", "In-Reply-To: <a@x>\n"))
	assert.Equal(t, first.Thread, second.Thread)
	threads := map[string][]string{}
	for _, e := range d.list() {
		threads[e.Thread] = append(threads[e.Thread], e.Title)
	}
	assert.Equal(t, map[string][]string{"external/log/2026-11-01-offer": {"Re: Re: Offer", "Re: Offer", "Offer"}, "internal/log/2026-11-04-another": {"Another"}}, threads)
}

func TestAMailOnTheExternalSideNamesNoAddresses(t *testing.T) {
	d := newDesk(t)
	e, _ := d.mail(wiki.External, simple)
	text := d.text(e)
	front, _, _ := strings.Cut(text, "\n# ")
	_, body, _ := strings.Cut(text, "# ")
	body, _, _ = strings.Cut(body, "Dear Dana")
	assert.NotContains(t, strings.ReplaceAll(front, "one@northwind.example", ""), "@")
	assert.NotContains(t, body, "@")
	assert.Contains(t, text, "**Cc:** ops")
	side, err := d.sp.Side(wiki.External)
	require.NoError(t, err)
	files, err := side.Files(t.Context(), d.dana)
	require.NoError(t, err)
	assert.Len(t, files, 1, "attachments go with it")
}

func TestTooLargeAMail(t *testing.T) {
	d := newDesk(t)
	_, _, err := d.log.AddMail(t.Context(), d.dana, d.sp, "", []byte(simple+strings.Repeat("x", 4<<20)))
	require.ErrorIs(t, err, wiki.ErrTooLarge)
	// An attachment that is larger than attachments may be is left out.
	raw := strings.Replace(simple, "JVBERi0xLjQK\n", strings.Repeat("JVBERi0xLjQKJVBERi0xLjQKJVBERi0xLjQKJVBERi0xLjQKJVBERi0xLjQK\n", 25_000), 1)
	e, _ := d.mail("", raw)
	assert.Contains(t, d.text(e), "1 more attachments were too large")
	assert.NotContains(t, d.text(e), "**Attached:**")
}

func TestTemplatesOfThePlaybook(t *testing.T) {
	d := newDesk(t)
	all, err := d.log.Templates(t.Context(), d.dana, d.sp)
	require.NoError(t, err)
	require.Len(t, all, 2)
	byName := map[string]maillog.Template{}
	for _, tpl := range all {
		byName[tpl.Name] = tpl
	}
	call, meeting := byName["internal-log-call"], byName["external-log-meeting"]
	assert.Equal(t, maillog.Call, call.Kind)
	assert.Equal(t, wiki.External, meeting.Section)
	assert.True(t, strings.HasPrefix(call.Text, "**Who:**"), call.Text)
	assert.Contains(t, meeting.Text, "from Northwind;")
}
