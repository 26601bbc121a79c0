package wiki_test

import (
	"context"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dealwiki/internal/need"
	"dealwiki/wiki"
	"dealwiki/wiki/people"
	"dealwiki/wiki/repo"
)

// site is a wiki with people in a folder of its own.
type site struct {
	*wiki.Wiki
	t     testing.TB
	dir   string
	db    *people.DB
	clock time.Time
	admin people.Caller
	dana  people.Caller
	tom   people.Caller
}

var cheap = people.Cost{Memory: 64, Iterations: 1}

func newSite(t testing.TB) *site {
	s := &site{t: t, dir: t.TempDir(), clock: time.Date(2026, 11, 12, 9, 0, 0, 0, time.UTC)}
	s.open()
	s.admin = s.person("Ada Admin", "ada@example.com", people.Admin)
	s.dana = s.person("Dana Reyes", "dana@example.com", people.Member)
	s.tom = s.person("Tom Okafor", "tom@example.com", people.Member)
	t.Cleanup(s.close)
	return s
}

func (s *site) open() {
	var err error
	s.db, err = people.Open(filepath.Join(s.dir, "dealwiki.db"), people.Options{Cost: cheap, Now: s.now})
	require.NoError(s.t, err)
	s.Wiki, err = wiki.Open(context.Background(), wiki.Config{Dir: s.dir, People: s.db, Now: s.now, Company: "Fairlead"})
	require.NoError(s.t, err)
}

func (s *site) now() time.Time { return s.clock }

func (s *site) close() {
	assert.NoError(s.t, s.Wiki.Close())
	assert.NoError(s.t, s.db.Close())
}

func (s *site) reopen() {
	s.close()
	s.open()
}

func (s *site) person(name, email string, role people.Role) people.Caller {
	p, err := s.db.Add(context.Background(), people.System("test"), people.NewPerson{Name: name, Email: email, Role: role, Job: "sales"})
	require.NoError(s.t, err)
	return people.Caller{Person: p, Scopes: people.AllScopes, Via: "session"}
}

func (s *site) prospect(title string) *wiki.Space {
	e, err := s.Create(context.Background(), s.dana, wiki.NewProspect{Prospect: wiki.Prospect{Title: title}})
	require.NoError(s.t, err)
	sp, err := s.Space(context.Background(), s.dana, e.Slug)
	require.NoError(s.t, err)
	return sp
}

func (s *site) side(sp *wiki.Space, section wiki.Section) *wiki.Side {
	sd, err := sp.Side(section)
	require.NoError(s.t, err)
	return sd
}

func place(s string) wiki.Place {
	p, err := wiki.ParsePlace(s)
	if err != nil {
		panic(err)
	}
	return p
}

func (s *site) write(sd *wiki.Side, c people.Caller, at, text string) *wiki.Edited {
	s.t.Helper()
	e := wiki.Edit{Place: place(at), Text: []byte(text)}
	if info, err := sd.Lookup(context.Background(), c, e.Place); err == nil {
		e.Base = info.Version
	}
	s.clock = s.clock.Add(time.Minute)
	done, err := sd.Edit(context.Background(), c, e)
	require.NoError(s.t, err)
	return done
}

func TestPageLife(t *testing.T) {
	ctx := context.Background()
	s := newSite(t)
	sp := s.prospect("Northwind Rail")
	assert.Equal(t, "northwind-rail", sp.Prospect())
	in := sp.Internal()

	first := s.write(in, s.dana, "internal/closing/close-plan", "# Close plan\r\n\r\nSigns on Friday.")
	assert.Equal(t, 1, first.Number)
	assert.Equal(t, "Close plan", first.Title)
	assert.Equal(t, "# Close plan\r\n\r\nSigns on Friday.", string(first.Text), "every byte is kept")
	assert.Equal(t, s.dana.Person.ID, wiki.PersonID(first.Author))
	assert.NotContains(t, first.Author.Email, "example.com")

	same := s.write(in, s.tom, "internal/closing/close-plan", string(first.Text))
	assert.False(t, same.Changed)
	assert.Equal(t, first.Version, same.Version)

	second := s.write(in, s.tom, "internal/closing/close-plan", "# Close plan\n\nSigns on Monday.\n")
	assert.Equal(t, 2, second.Number)

	_, err := in.Edit(ctx, s.dana, wiki.Edit{Place: place("internal/closing/close-plan"), Text: []byte("x"), Base: first.Version, Strict: true})
	var stale *wiki.Stale
	require.ErrorAs(t, err, &stale)
	assert.Equal(t, second.Version, stale.Current)

	_, err = in.Edit(ctx, s.dana, wiki.Edit{Place: place("internal/closing/close-plan"), Text: []byte("x")})
	assert.ErrorIs(t, err, wiki.ErrExists)

	history, err := in.History(ctx, s.dana, place("internal/closing/close-plan"), 10, repo.Zero)
	require.NoError(t, err)
	require.Len(t, history, 2)
	assert.Equal(t, second.Version, history[0].Commit)

	old, err := in.ReadAt(ctx, s.dana, place("internal/closing/close-plan"), first.Version)
	require.NoError(t, err)
	assert.Equal(t, first.Text, old.Text)

	restored, err := in.Restore(ctx, s.dana, place("internal/closing/close-plan"), first.Version)
	require.NoError(t, err)
	assert.Equal(t, 3, restored.Number)
	assert.Equal(t, first.Text, restored.Text)

	moved, err := in.Move(ctx, s.dana, place("internal/closing/close-plan"), place("internal/negotiating/plan"))
	require.NoError(t, err)
	assert.Equal(t, 4, moved.Number)
	where, err := in.MovedTo(ctx, s.dana, place("internal/closing/close-plan"))
	require.NoError(t, err)
	assert.Equal(t, place("internal/negotiating/plan"), where)

	require.NoError(t, in.DeletePage(ctx, s.dana, place("internal/negotiating/plan"), moved.Version))
	_, err = in.Read(ctx, s.dana, place("internal/negotiating/plan"))
	assert.ErrorIs(t, err, wiki.ErrNotFound)
	back, err := in.Restore(ctx, s.dana, place("internal/negotiating/plan"), moved.Version)
	require.NoError(t, err)
	assert.Equal(t, moved.Text, back.Text)

	s.reopen()
	sp, err = s.Space(ctx, s.dana, "northwind-rail")
	require.NoError(t, err)
	page, err := sp.Internal().Read(ctx, s.dana, place("internal/negotiating/plan"))
	require.NoError(t, err)
	assert.Equal(t, back.Version, page.Version)
	s.fsck()
}

// fsck holds every repository against the system's git.
func (s *site) fsck() {
	git := need.Program(s.t, "git")
	repos, err := filepath.Glob(filepath.Join(s.dir, "spaces", "*", "*.git"))
	require.NoError(s.t, err)
	require.NotEmpty(s.t, repos)
	for _, r := range repos {
		out, err := exec.Command(git, "-C", r, "fsck", "--full", "--strict").CombinedOutput()
		assert.NoError(s.t, err, "%s: %s", r, out)
	}
}

func TestEditMerges(t *testing.T) {
	ctx := context.Background()
	s := newSite(t)
	in := s.prospect("Northwind Rail").Internal()
	p := place("internal/pricing/price-model")
	base := s.write(in, s.dana, p.String(), "# Price\n\nOne.\n\nTwo.\n\nThree.\n")
	s.write(in, s.dana, p.String(), "# Price\n\nUno, dos, tres.\n\nTwo.\n\nThree.\n")
	done, err := in.Edit(ctx, s.tom, wiki.Edit{Place: p, Base: base.Version, Text: []byte("# Price\n\nOne.\n\nTwo.\n\nThree and more.\n")})
	require.NoError(t, err)
	assert.Empty(t, done.Overlaps)
	assert.Equal(t, "# Price\n\nUno, dos, tres.\n\nTwo.\n\nThree and more.\n", string(done.Text))
	done, err = in.Edit(ctx, s.tom, wiki.Edit{Place: p, Base: base.Version, Text: []byte("# Price\n\nNone at all.\n\nTwo.\n\nThree and more.\n")})
	require.NoError(t, err)
	assert.NotEmpty(t, done.Overlaps)
	assert.Contains(t, string(done.Text), "Uno, dos, tres.")
	assert.Contains(t, string(done.Text), "None at all.")
	_, err = in.Edit(ctx, s.tom, wiki.Edit{Place: p, Base: repo.Hash{1}, Text: []byte("x")})
	var invalid *wiki.Invalid
	assert.ErrorAs(t, err, &invalid)
}

func TestFactsGetIDs(t *testing.T) {
	s := newSite(t)
	in := s.prospect("Northwind Rail").Internal()
	done := s.write(in, s.dana, "internal/closing/close-plan", "# Plan\n\n> [!commitment] Go-live on 1 March @tom due:2027-03-01\n\n- [ ] Call Ingrid @dana\n- [ ] just a task\n\n```\n> [!risk] in code\n```\n")
	assert.Regexp(t, `due:2027-03-01 \^c-[0-9a-z]+\n`, string(done.Text))
	assert.Regexp(t, `Call Ingrid @dana \^t-[0-9a-z]+\n`, string(done.Text))
	assert.Contains(t, string(done.Text), "- [ ] just a task\n")
	assert.Contains(t, string(done.Text), "> [!risk] in code\n")
	assert.Equal(t, 2, done.Number, "the ids come in a version of their own")
	line := 1 + strings.Count(string(done.Text[:strings.Index(string(done.Text), "- [ ] just")]), "\n")
	ticked, err := in.SetTask(context.Background(), s.tom, place("internal/closing/close-plan"), done.Version, line, true)
	require.NoError(t, err)
	assert.Contains(t, string(ticked.Text), "- [x] just a task\n")
}

func TestRefusals(t *testing.T) {
	ctx := context.Background()
	s := newSite(t)
	sp := s.prospect("Northwind Rail")
	in, out := sp.Internal(), s.side(sp, wiki.External)
	before, err := in.Head(ctx, s.dana)
	require.NoError(t, err)
	var invalid *wiki.Invalid
	for name, e := range map[string]wiki.Edit{
		"unknown stage": {Place: wiki.Place{Section: "internal", Stage: "dreaming", Page: "x"}},
		"templates":     {Place: wiki.Place{Section: "internal", Stage: "templates", Page: "x"}},
		"handoffs":      {Place: wiki.Place{Section: "internal", Stage: "handoffs", Page: "0001"}},
		"dots":          {Place: wiki.Place{Section: "internal", Stage: "closing", Page: ".."}},
		"slash":         {Place: wiki.Place{Section: "internal", Stage: "closing", Page: "a/b"}},
		"capital":       {Place: wiki.Place{Section: "internal", Stage: "closing", Page: "Foo"}},
		"con":           {Place: wiki.Place{Section: "internal", Stage: "closing", Page: "con"}},
		"not UTF-8":     {Place: place("internal/closing/x"), Text: []byte{0xc3, 0x28}},
		"NUL":           {Place: place("internal/closing/x"), Text: []byte("a\x00b")},
		"log undated":   {Place: place("internal/log/call")},
		"message":       {Place: place("internal/closing/x"), Message: "a\x1bb"},
		"decomposed":    {Place: wiki.Place{Section: "internal", Stage: "closing", Page: "cafe\u0301"}},
	} {
		_, err := in.Edit(ctx, s.dana, e)
		assert.ErrorAs(t, err, &invalid, name)
	}
	_, err = in.Edit(ctx, s.dana, wiki.Edit{Place: place("internal/closing/x"), Text: make([]byte, wiki.MaxPage+1)})
	assert.ErrorIs(t, err, wiki.ErrTooLarge)
	_, err = in.Edit(ctx, s.dana, wiki.Edit{Place: place("external/closing/x"), Text: []byte("x")})
	assert.ErrorIs(t, err, wiki.ErrNotFound, "a handle has one side only")
	after, err := in.Head(ctx, s.dana)
	require.NoError(t, err)
	assert.Equal(t, before, after, "a refused edit changes nothing")

	s.write(out, s.dana, "external/proposing/proposal", "# Proposal\n")
	_, err = out.Edit(ctx, s.dana, wiki.Edit{Place: place("external/closing/proposal"), Text: []byte("x")})
	assert.ErrorIs(t, err, wiki.ErrExists, "names are unique over the external side")
	_, err = out.Edit(ctx, s.dana, wiki.Edit{Place: wiki.Place{Section: "external", Stage: "closing", Page: "search"}, Text: []byte("x")})
	assert.ErrorAs(t, err, &invalid)
	_, err = out.Move(ctx, s.dana, place("external/proposing/proposal"), place("external/closing/proposal"))
	assert.NoError(t, err)
}

func TestMessagesStayOneLine(t *testing.T) {
	ctx := context.Background()
	s := newSite(t)
	in := s.prospect("Northwind Rail").Internal()
	done, err := in.Edit(ctx, s.dana, wiki.Edit{Place: place("internal/closing/x"), Text: []byte("x"), Message: "Hello\n\nCo-authored-by: Tom <tom@users.invalid>\nAuthorship: tom 1-9"})
	require.NoError(t, err)
	v, err := in.Version(ctx, s.dana, place("internal/closing/x"), done.Version)
	require.NoError(t, err)
	assert.Empty(t, v.CoAuthors, "nobody writes a trailer by hand")
}

func TestWhoMay(t *testing.T) {
	ctx := context.Background()
	s := newSite(t)
	sp := s.prospect("Northwind Rail")
	in := sp.Internal()
	s.write(in, s.tom, "internal/closing/x", "open prospects are edited by all members")
	assert.ErrorIs(t, s.Delete(ctx, s.tom, "northwind-rail"), people.ErrForbidden)

	require.NoError(t, s.db.SetRestricted(ctx, s.dana, "northwind-rail", true))
	for _, c := range []people.Caller{s.tom, s.admin, {}} {
		_, err := s.Space(ctx, c, "northwind-rail")
		assert.ErrorIs(t, err, wiki.ErrNotFound)
		_, err = in.Read(ctx, c, place("internal/closing/x"))
		assert.ErrorIs(t, err, wiki.ErrNotFound, "a handle outlives no grant")
		_, err = in.Edit(ctx, c, wiki.Edit{Place: place("internal/closing/y"), Text: []byte("x")})
		assert.ErrorIs(t, err, wiki.ErrNotFound)
		_, err = s.Prospect(ctx, c, "northwind-rail")
		assert.ErrorIs(t, err, wiki.ErrNotFound)
		assert.Empty(t, s.Prospects(ctx, c))
	}
	require.NoError(t, s.db.Grant(ctx, s.dana, "northwind-rail", s.tom.Person.ID, people.Viewer))
	_, err := in.Read(ctx, s.tom, place("internal/closing/x"))
	assert.NoError(t, err)
	_, err = in.Edit(ctx, s.tom, wiki.Edit{Place: place("internal/closing/y"), Text: []byte("x")})
	assert.ErrorIs(t, err, people.ErrForbidden)
	_, err = in.PutFile(ctx, s.tom, wiki.File{Section: "internal", Stage: "closing", Name: "a.txt"}, []byte("x"), false)
	assert.ErrorIs(t, err, people.ErrForbidden)

	guest := people.Caller{Person: people.Person{ID: "g", Guest: true}, Scopes: people.AllScopes}
	_, err = s.Space(ctx, guest, "northwind-rail")
	assert.ErrorIs(t, err, wiki.ErrNotFound)
	_, err = s.Shared(ctx, s.dana, wiki.Playbook)
	assert.ErrorIs(t, err, wiki.ErrNotFound)

	require.NoError(t, s.Delete(ctx, s.dana, "northwind-rail"))
	_, err = s.Space(ctx, s.dana, "northwind-rail")
	assert.ErrorIs(t, err, wiki.ErrNotFound)
	_, err = in.Edit(ctx, s.dana, wiki.Edit{Place: place("internal/closing/y"), Text: []byte("x")})
	assert.ErrorIs(t, err, wiki.ErrNotFound, "a handle outlives no prospect")
	again := s.prospect("Northwind Rail")
	assert.Equal(t, "northwind-rail", again.Prospect())
	pages, err := again.Internal().Pages(ctx, s.dana)
	require.NoError(t, err)
	assert.Empty(t, pages)
}

func TestNeedsAndTemplates(t *testing.T) {
	ctx := context.Background()
	s := newSite(t)
	sp := s.prospect("Northwind Rail")
	funnel, err := s.Funnel(ctx)
	require.NoError(t, err)
	needs, err := sp.Needs(ctx, s.dana)
	require.NoError(t, err)
	require.NotEmpty(t, needs)
	for _, n := range needs {
		require.False(t, n.Present)
		if n.Stage != wiki.StageAccount {
			require.NotNil(t, funnel.Stage(n.Stage))
		}
		sd := s.side(sp, n.Section)
		made, err := sd.CreateFromTemplate(ctx, s.dana, n.Place())
		require.NoError(t, err, n.Place())
		assert.Equal(t, 1, made.Number, "%s", n.Place())
		assert.NotContains(t, string(made.Text), "{{", "%s", n.Place())
		assert.Greater(t, len(made.Text), 100, "%s is worth filling in", n.Place())
	}
	needs, err = sp.Needs(ctx, s.dana)
	require.NoError(t, err)
	for _, n := range needs {
		require.NotNil(t, n.Info)
		assert.True(t, n.Info.Untouched)
		assert.False(t, n.Present, "an untouched template is still missing")
	}
	n := needs[0]
	s.write(s.side(sp, n.Section), s.dana, n.Place().String(), "# Something real\n\nThey buy because of the tender.\n")
	needs, err = sp.Needs(ctx, s.dana)
	require.NoError(t, err)
	assert.True(t, needs[0].Present)
}

func TestBacklinks(t *testing.T) {
	ctx := context.Background()
	s := newSite(t)
	in := s.prospect("Northwind Rail").Internal()
	s.write(in, s.dana, "internal/closing/a", "# A\n\nSee [[pricing/b]] and [that](../pricing/b.md#x) and [[gone/c]].\n")
	s.write(in, s.dana, "internal/pricing/b", "# B\n\n[[pricing/b]] is me.\n")
	links, err := in.Backlinks(ctx, s.dana, place("internal/pricing/b"))
	require.NoError(t, err)
	require.Len(t, links, 1)
	assert.Equal(t, "A", links[0].Title)
}

func TestAttachments(t *testing.T) {
	ctx := context.Background()
	s := newSite(t)
	sp := s.prospect("Northwind Rail")
	in, out := sp.Internal(), s.side(sp, wiki.External)
	f := wiki.File{Section: "internal", Stage: "pricing", Name: "Price sheet.csv"}
	_, err := in.PutFile(ctx, s.dana, f, []byte("a,b\n"), false)
	require.NoError(t, err)
	open, err := in.OpenFile(ctx, s.dana, f)
	require.NoError(t, err)
	data, err := io.ReadAll(open)
	require.NoError(t, err)
	assert.Equal(t, "a,b\n", string(data))
	require.NoError(t, open.Close())
	numbered, err := in.PutFile(ctx, s.dana, f, []byte("other"), true)
	require.NoError(t, err)
	assert.Equal(t, "Price sheet-2.csv", numbered.Name)
	_, err = in.PutFile(ctx, s.dana, f, nil, false)
	require.NoError(t, err, "an empty file is a file")
	var invalid *wiki.Invalid
	for _, name := range []string{"", "..", "../x", "a/b", `a"b`, "a\r\nb", ".git", ".htaccess", "-x", "con.txt", "x.", strings.Repeat("x", 300), "a\u202eb.png"} {
		_, err := in.PutFile(ctx, s.dana, wiki.File{Section: "internal", Stage: "pricing", Name: name}, []byte("x"), false)
		assert.ErrorAs(t, err, &invalid, "%q", name)
	}
	_, err = out.PutFile(ctx, s.dana, wiki.File{Section: "external", Stage: "pricing", Name: "offer.pdf"}, []byte("x"), false)
	require.NoError(t, err)
	_, err = out.PutFile(ctx, s.dana, wiki.File{Section: "external", Stage: "closing", Name: "Offer.pdf"}, []byte("x"), false)
	assert.ErrorIs(t, err, wiki.ErrExists, "names are unique over the external side")
	_, err = out.OpenFile(ctx, s.dana, f)
	assert.ErrorIs(t, err, wiki.ErrNotFound)
	require.NoError(t, in.DeleteFile(ctx, s.dana, f))
	_, err = in.OpenFile(ctx, s.dana, f)
	assert.ErrorIs(t, err, wiki.ErrNotFound)
}

func TestMoveKeepsRelativeLinks(t *testing.T) {
	ctx := context.Background()
	s := newSite(t)
	in := s.prospect("Northwind Rail").Internal()
	s.write(in, s.dana, "internal/pricing/b", "# B\n\nSome words to be alike by, and a few more of them.\n\n![x](files/x.png) [c](../closing/c.md)\n")
	moved, err := in.Move(ctx, s.dana, place("internal/pricing/b"), place("internal/closing/b"))
	require.NoError(t, err)
	assert.Contains(t, string(moved.Text), "![x](../pricing/files/x.png) [c](c.md)")
	history, err := in.History(ctx, s.dana, place("internal/closing/b"), 10, repo.Zero)
	require.NoError(t, err)
	assert.Len(t, history, 2, "the page's past goes along")
}

func TestManyWriters(t *testing.T) {
	ctx := context.Background()
	s := newSite(t)
	in := s.prospect("Northwind Rail").Internal()
	var lines []string
	for i := range 8 {
		lines = append(lines, "line "+string(rune('a'+i)), "")
	}
	base := s.write(in, s.dana, "internal/closing/x", strings.Join(lines, "\n"))
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			mine := append([]string(nil), lines...)
			mine[2*i] += " changed"
			_, err := in.Edit(ctx, s.tom, wiki.Edit{Place: place("internal/closing/x"), Base: base.Version, Text: []byte(strings.Join(mine, "\n"))})
			assert.NoError(t, err)
		})
	}
	wg.Wait()
	page, err := in.Read(ctx, s.dana, place("internal/closing/x"))
	require.NoError(t, err)
	assert.Equal(t, 8, strings.Count(string(page.Text), "changed"), "%s", page.Text)
	assert.Equal(t, 9, page.Number)
}

func TestDerivedTablesMayBeDeleted(t *testing.T) {
	ctx := context.Background()
	s := newSite(t)
	in := s.prospect("Northwind Rail").Internal()
	done := s.write(in, s.dana, "internal/closing/x", "# X\n")
	s.close()
	for _, f := range []string{"derived.db", "derived.db-wal", "derived.db-shm"} {
		os.Remove(filepath.Join(s.dir, f))
	}
	s.open()
	require.Eventually(t, s.Verified, 10*time.Second, time.Millisecond)
	e, err := s.Prospect(ctx, s.dana, "northwind-rail")
	require.NoError(t, err)
	assert.Equal(t, "Northwind Rail", e.Title)
	sp, err := s.Space(ctx, s.dana, "northwind-rail")
	require.NoError(t, err)
	page, err := sp.Internal().Read(ctx, s.dana, place("internal/closing/x"))
	require.NoError(t, err)
	assert.Equal(t, done.Version, page.Version)
}

func TestLockedFolder(t *testing.T) {
	s := newSite(t)
	_, err := wiki.Open(context.Background(), wiki.Config{Dir: s.dir, People: s.db})
	assert.ErrorIs(t, err, wiki.ErrLocked)
	beside, err := wiki.Open(context.Background(), wiki.Config{Dir: s.dir, People: s.db, Beside: true})
	require.NoError(t, err)
	_, err = beside.Create(context.Background(), s.dana, wiki.NewProspect{Prospect: wiki.Prospect{Title: "X"}})
	assert.ErrorIs(t, err, wiki.ErrLocked)
	require.NoError(t, beside.Close())
}

func TestFollow(t *testing.T) {
	s := newSite(t)
	in := s.prospect("Northwind Rail").Internal()
	f := s.Follow()
	defer f.Stop()
	s.write(in, s.dana, "internal/closing/x", "# X\n")
	select {
	case <-f.C:
	case <-time.After(10 * time.Second):
		t.Fatal("a follower hears of a commit")
	}
	assert.Equal(t, []wiki.SideID{{Prospect: "northwind-rail", Section: wiki.Internal}}, f.Take())
	assert.Empty(t, f.Take())
}

func TestSlug(t *testing.T) {
	for title, want := range map[string]string{
		"Northwind Rail, Ltd.": "northwind-rail-ltd", "": "page", "***": "page", "Zürich & Söhne": "zürich-söhne",
		"CON": "con-page", "-h": "h", "../../etc": "etc", "ACME  2027": "acme-2027", "שלום": "שלום", "مرحبا": "مرحبا",
	} {
		got := wiki.Slug(title)
		assert.Equal(t, want, got, title)
	}
	assert.LessOrEqual(t, len(wiki.Slug(strings.Repeat("日本語", 100))), 200)
}

func FuzzSlug(f *testing.F) {
	for _, s := range []string{"Northwind Rail", "é", "e\u0301", "İ", "-", "a--b", strings.Repeat("x", 300), "\u0301x", "ǅ"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, title string) {
		if err := wiki.CheckProspect(wiki.Slug(title)); err != nil && !strings.Contains(err.Error(), "meaning of its own") {
			t.Errorf("%q gives %q: %v", title, wiki.Slug(title), err)
		}
	})
}

func TestSameAttachmentTwice(t *testing.T) {
	ctx := context.Background()
	s := newSite(t)
	in := s.prospect("Northwind Rail").Internal()
	plan := wiki.File{Section: wiki.Internal, Stage: "pricing", Name: "plan.csv"}

	f, err := in.PutFile(ctx, s.dana, plan, []byte("a,b\n"), true)
	require.NoError(t, err)
	assert.Equal(t, "plan.csv", f.Name)
	f, err = in.PutFile(ctx, s.tom, plan, []byte("a,b\n"), true)
	require.NoError(t, err)
	assert.Equal(t, "plan.csv", f.Name, "the same bytes need no second name")
	f, err = in.PutFile(ctx, s.tom, plan, []byte("a,c\n"), true)
	require.NoError(t, err)
	assert.Equal(t, "plan-2.csv", f.Name)

	files, err := in.Files(ctx, s.dana)
	require.NoError(t, err)
	require.Len(t, files, 2)
	assert.Equal(t, s.tom.Person.ID, wiki.PersonID(files[0].Author), "plan-2.csv sorts first")
	assert.Equal(t, s.dana.Person.ID, wiki.PersonID(files[1].Author))
}

func TestImportUnderAHiddenName(t *testing.T) {
	ctx := context.Background()
	s := newSite(t)
	_, err := s.Create(ctx, s.dana, wiki.NewProspect{Prospect: wiki.Prospect{Title: "Acme", Slug: "acme"}, Restricted: true})
	require.NoError(t, err)
	build := func(_ context.Context, _ wiki.Section, _ *repo.Repo, head repo.Hash) (repo.Hash, error) {
		return head, nil
	}

	e, err := s.ImportProspect(ctx, s.tom, wiki.NewProspect{Prospect: wiki.Prospect{Title: "Acme", Slug: "acme"}}, "key", build)
	require.NoError(t, err, "that there is another acme is not for Tom to know")
	assert.Equal(t, "acme-2", e.Slug)

	_, err = s.ImportProspect(ctx, s.dana, wiki.NewProspect{Prospect: wiki.Prospect{Title: "Acme", Slug: "acme"}}, "key", build)
	assert.ErrorIs(t, err, wiki.ErrExists)
}

func TestDeletedProspectStaysGone(t *testing.T) {
	ctx := context.Background()
	s := newSite(t)
	sp := s.prospect("Northwind Rail")
	require.NoError(t, s.Delete(ctx, s.dana, sp.Prospect()))
	_, err := s.Prospect(ctx, s.dana, sp.Prospect())
	assert.ErrorIs(t, err, wiki.ErrNotFound)
	_, err = sp.Internal().Edit(ctx, s.dana, wiki.Edit{Place: place("internal/account/late"), Text: []byte("late")})
	assert.ErrorIs(t, err, wiki.ErrNotFound, "a handle from before writes nothing")

	again := s.prospect("Northwind Rail")
	assert.Equal(t, sp.Prospect(), again.Prospect(), "the name is free again")
	pages, err := again.Internal().Pages(ctx, s.dana)
	require.NoError(t, err)
	assert.Empty(t, pages)
}
