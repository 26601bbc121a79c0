package wiki_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dealwiki/wiki"
	"dealwiki/wiki/people"
	"dealwiki/wiki/repo"
)

const plan = "# Close plan\n\nWhat we do first\nWhat we do then\nWhat we do after that\n\n> [!commitment] Go-live on 1 March ^c-7f3a\n\n![map](files/map.png) and [terms](files/terms.pdf).\n"

// preview asks what would cross.
func (s *site) preview(sp *wiki.Space, c people.Caller, from, to string) *wiki.Crossing {
	s.t.Helper()
	_, err := sp.Cross(context.Background(), c, place(from), place(to), "")
	var not *wiki.Unconfirmed
	require.ErrorAs(s.t, err, &not)
	assert.False(s.t, not.Changed)
	return not.Crossing
}

func (s *site) attach(sd *wiki.Side, at, data string) {
	s.t.Helper()
	parts := strings.Split(at, "/")
	_, err := sd.PutFile(context.Background(), s.dana, wiki.File{Section: sd.Section(), Stage: parts[0], Name: parts[1]}, []byte(data), false)
	require.NoError(s.t, err)
}

func names(files []wiki.FileInfo) []string {
	var out []string
	for _, f := range files {
		out = append(out, f.Stage+"/"+f.Name)
	}
	return out
}

func TestSharingMovesAPageThroughTheWall(t *testing.T) {
	ctx := context.Background()
	s := newSite(t)
	sp := s.prospect("Northwind Rail")
	in, out := sp.Internal(), s.side(sp, wiki.External)
	s.attach(in, "closing/map.png", "map")
	s.attach(in, "closing/terms.pdf", "terms")
	s.attach(out, "pricing/terms.pdf", "other terms")
	s.write(in, s.tom, "internal/closing/close-plan", "# Close plan\n\nCANARY of an early draft\n")
	s.write(in, s.dana, "internal/closing/close-plan", plan)
	s.write(in, s.dana, "internal/closing/other", "[map](files/map.png)\n")
	_, err := in.StartThread(ctx, s.tom, place("internal/closing/close-plan"), wiki.NewThread{Text: "CANARY between us"})
	require.NoError(t, err)

	// Only the owner.
	_, err = sp.Cross(ctx, s.tom, place("internal/closing/close-plan"), place("external/negotiating/plan"), "")
	assert.ErrorIs(t, err, people.ErrForbidden)

	c := s.preview(sp, s.dana, "internal/closing/close-plan", "external/negotiating/plan")
	assert.Equal(t, strings.Replace(plan, "terms.pdf", "terms-2.pdf", 1), string(c.Text))
	require.Len(t, c.Files, 2)
	assert.Equal(t, "external/negotiating/terms-2.pdf", c.Files[1].To.String(), "names are unique over the external section")
	assert.Equal(t, []bool{true, false}, []bool{c.Files[0].Kept, c.Files[1].Kept})
	require.Len(t, c.Facts, 1)
	assert.Equal(t, 1, c.Threads)
	head, err := out.Head(ctx, s.dana)
	require.NoError(t, err)

	// What has changed since is not shared.
	for what, change := range map[string]func(){
		"text":       func() { s.write(in, s.tom, "internal/closing/close-plan", plan+"More.\n") },
		"attachment": func() { s.attach(in, "closing/map.png", "new map") },
		"target":     func() { s.attach(out, "pricing/map.png", "taken") },
	} {
		before := s.preview(sp, s.dana, "internal/closing/close-plan", "external/negotiating/plan")
		change()
		_, err = sp.Cross(ctx, s.dana, place("internal/closing/close-plan"), place("external/negotiating/plan"), before.Digest)
		var not *wiki.Unconfirmed
		require.ErrorAs(t, err, &not, what)
		assert.True(t, not.Changed, what)
		assert.NotEqual(t, before.Digest, not.Crossing.Digest, what)
		assert.Equal(t, not.Crossing.Digest, s.preview(sp, s.dana, "internal/closing/close-plan", "external/negotiating/plan").Digest, what)
	}
	c = s.preview(sp, s.dana, "internal/closing/close-plan", "external/negotiating/plan")
	_, err = sp.Cross(ctx, s.dana, place("internal/closing/close-plan"), place("external/negotiating/elsewhere"), c.Digest)
	var not *wiki.Unconfirmed
	require.ErrorAs(t, err, &not, "the digest is of the target too")
	page, err := sp.Cross(ctx, s.dana, place("internal/closing/close-plan"), place("external/negotiating/plan"), c.Digest)
	require.NoError(t, err)
	assert.Equal(t, string(c.Text), string(page.Text))
	assert.Equal(t, 1, page.Number)

	// Nothing of the past, of others and of comments is in the external repository.
	h, err := out.History(ctx, s.dana, page.Place, 10, repo.Zero)
	require.NoError(t, err)
	require.Len(t, h, 1)
	assert.Equal(t, "Start Close plan", h[0].Subject)
	assert.Equal(t, s.dana.Person.ID+"@users.invalid", h[0].Author.Email)
	threads, err := out.Comments(ctx, s.dana, page.Place)
	require.NoError(t, err)
	assert.Empty(t, threads)
	st, err := s.Stream(people.System("test"), wiki.SideID{Prospect: sp.Prospect(), Section: wiki.External})
	require.NoError(t, err)
	for commit, err := range st.Repo().Log(ctx, page.Version, head) {
		require.NoError(t, err)
		for _, word := range []string{"internal", "CANARY", "Tom", "Shared-As"} {
			assert.NotContains(t, commit.Text+commit.Author.String()+commit.Committer.String(), word)
		}
	}
	files, err := out.Files(ctx, s.dana)
	require.NoError(t, err)
	assert.ElementsMatch(t, []string{"negotiating/map-2.png", "negotiating/terms-2.pdf", "pricing/map.png", "pricing/terms.pdf"}, names(files))

	// Here it is gone but for its history, and what others use stays.
	_, err = in.Lookup(ctx, s.dana, place("internal/closing/close-plan"))
	assert.ErrorIs(t, err, wiki.ErrNotFound)
	past, err := in.History(ctx, s.dana, place("internal/closing/close-plan"), 10, repo.Zero)
	require.NoError(t, err)
	assert.True(t, past[0].Deleted)
	assert.Equal(t, "Share Close plan with the customer", past[0].Subject)
	files, err = in.Files(ctx, s.dana)
	require.NoError(t, err)
	assert.Equal(t, []string{"closing/map.png"}, names(files))

	// It is on record, and staff are led on.
	for _, at := range []wiki.Place{page.Place, place("internal/closing/close-plan")} {
		crossed, err := sp.Crossings(ctx, s.tom, at)
		require.NoError(t, err)
		require.Len(t, crossed, 1)
		assert.Equal(t, s.dana.Person.ID, crossed[0].By)
		assert.True(t, crossed[0].Shares())
	}
	moved, err := out.Move(ctx, s.dana, page.Place, place("external/closing/plan"))
	require.NoError(t, err)
	to, err := sp.CrossedTo(ctx, s.tom, place("internal/closing/close-plan"))
	require.NoError(t, err)
	assert.Equal(t, moved.Place, to)
	crossed, err := sp.Crossings(ctx, s.tom, moved.Place)
	require.NoError(t, err)
	assert.Len(t, crossed, 1)
	events, _, err := s.db.Audit(ctx, s.admin, people.AuditFilter{Action: "page.share"}, 10, 0)
	require.NoError(t, err)
	require.Len(t, events, 1)
	assert.Equal(t, "internal/closing/close-plan external/negotiating/plan", events[0].Object)
	s.fsck()

	// And back: as a new version where it was, with the comments of both sides.
	_, err = out.StartThread(ctx, s.dana, moved.Place, wiki.NewThread{Text: "said to the customer"})
	require.NoError(t, err)
	s.write(out, s.dana, "external/closing/plan", strings.Replace(string(moved.Text), "Close plan", "Our plan", 1))
	back := s.preview(sp, s.dana, "external/closing/plan", "internal/closing/close-plan")
	assert.False(t, back.Shares())
	assert.Empty(t, back.Warnings)
	// A guest who goes on typing does not keep it from being taken away.
	s.write(out, s.dana, "external/closing/plan", strings.Replace(string(moved.Text), "Close plan", "Our common plan", 1))
	mine, err := sp.Cross(ctx, s.dana, place("external/closing/plan"), place("internal/closing/close-plan"), back.Digest)
	require.NoError(t, err)
	assert.Contains(t, string(mine.Text), "# Our common plan\n")
	assert.Equal(t, past[0].Number+1, mine.Number, "its history goes on")
	threads, err = in.Comments(ctx, s.tom, mine.Place)
	require.NoError(t, err)
	assert.Len(t, threads, 2)
	_, err = out.Lookup(ctx, s.dana, moved.Place)
	assert.ErrorIs(t, err, wiki.ErrNotFound)
	files, err = out.Files(ctx, s.dana)
	require.NoError(t, err)
	assert.ElementsMatch(t, []string{"pricing/map.png", "pricing/terms.pdf"}, names(files), "what only the page used is not left with guests")
	s.fsck()
}

func TestACrossingCutShortIsFinishedByAnother(t *testing.T) {
	ctx := context.Background()
	s := newSite(t)
	sp := s.prospect("Northwind Rail")
	in, out := sp.Internal(), s.side(sp, wiki.External)
	s.attach(in, "closing/map.png", "map")
	s.write(in, s.dana, "internal/closing/plan", "# Plan\n\n[map](files/map.png)\n")
	// halt keeps one side from being written, as a crash would.
	halt := func(section string, f func()) {
		lock := filepath.Join(s.dir, "spaces", sp.Prospect(), section+".git", "refs", "heads", "main.lock")
		require.NoError(t, os.WriteFile(lock, nil, 0o644))
		f()
		require.NoError(t, os.Remove(lock))
	}
	from, to := place("internal/closing/plan"), place("external/closing/plan")
	c := s.preview(sp, s.dana, from.String(), to.String())
	assert.False(t, c.Resumed)
	halt("internal", func() {
		_, err := sp.Cross(ctx, s.dana, from, to, c.Digest)
		require.Error(t, err)
	})
	for _, at := range []struct {
		sd *wiki.Side
		wiki.Place
	}{{in, from}, {out, to}} {
		_, err := at.sd.Lookup(ctx, s.dana, at.Place)
		require.NoError(t, err, "nothing is lost")
	}
	s.write(out, s.dana, to.String(), "# Plan\n\nA guest was quick.\n")
	s.reopen()
	sp, err := s.Space(ctx, s.dana, "northwind-rail")
	require.NoError(t, err)
	in, out = sp.Internal(), s.side(sp, wiki.External)
	c = s.preview(sp, s.dana, from.String(), to.String())
	assert.True(t, c.Resumed)
	page, err := sp.Cross(ctx, s.dana, from, to, c.Digest)
	require.NoError(t, err)
	assert.Equal(t, "# Plan\n\nA guest was quick.\n", string(page.Text))
	_, err = in.Lookup(ctx, s.dana, from)
	assert.ErrorIs(t, err, wiki.ErrNotFound)
	crossed, err := sp.Crossings(ctx, s.dana, to)
	require.NoError(t, err)
	assert.Len(t, crossed, 1, "the try that failed does not count")

	// The way back: first it is here, then it is gone there.
	back := s.preview(sp, s.dana, to.String(), from.String())
	halt("external", func() {
		_, err := sp.Cross(ctx, s.dana, to, from, back.Digest)
		require.Error(t, err)
	})
	s.write(in, s.tom, from.String(), "# Plan\n\nA guest was quick.\n\nTom wrote on.\n")
	s.write(out, s.dana, to.String(), "# Plan\n\nA guest was very quick.\n")
	back = s.preview(sp, s.dana, to.String(), from.String())
	assert.True(t, back.Resumed)
	page, err = sp.Cross(ctx, s.dana, to, from, back.Digest)
	require.NoError(t, err)
	assert.Equal(t, "# Plan\n\nA guest was very quick.\n\nTom wrote on.\n", string(page.Text), "both sides' words are kept")
	_, err = out.Lookup(ctx, s.dana, to)
	assert.ErrorIs(t, err, wiki.ErrNotFound)

	// A page that is there for another reason is in the way.
	s.write(out, s.dana, "external/pricing/plan", "# Another\n")
	_, err = sp.Cross(ctx, s.dana, from, to, "")
	assert.ErrorIs(t, err, wiki.ErrExists)
	_, err = sp.Cross(ctx, s.dana, from, place("external/pricing/plan"), "")
	assert.ErrorIs(t, err, wiki.ErrExists)
	s.fsck()
}

func TestSharingWarnsOfWhatTheSourceTells(t *testing.T) {
	s := newSite(t)
	other := s.prospect("Lumen Power")
	sp := s.prospect("Northwind Rail")
	in := sp.Internal()
	s.write(in, s.dana, "internal/pricing/margin", "# Margin\n")
	s.write(s.side(sp, wiki.External), s.dana, "external/pricing/offer", "# Offer\n")
	s.write(in, s.dana, "internal/closing/plan", `---
budget: 400
---
# Plan

[[pricing/margin]] and [[margin]], [the margin](../pricing/margin.md), [[pricing/offer]], [[nothing/there]]

[[`+other.Prospect()+`:account/overview]]

Ask @`+s.tom.Person.Handle+`, or Dana Reyes at dana@example.com; as at Lumen Power. Danareyes

<!-- they do not know -->

[x](/p/northwind-rail/internal/pricing/margin)
`)
	c := s.preview(sp, s.dana, "internal/closing/plan", "external/closing/plan")
	var all []string
	for _, w := range c.Warnings {
		all = append(all, w.Text)
	}
	got := strings.Join(all, "\n")
	for _, want := range []string{"settings at the top", "internal page pricing/margin", "another prospect, lumen-power", "another prospect, Lumen Power",
		"@" + s.tom.Person.Handle, "names Dana Reyes", "mail address of Dana Reyes", "<!--", "internal address"} {
		assert.Contains(t, got, want)
	}
	assert.NotContains(t, got, "offer")
	assert.NotContains(t, got, "nothing/there")
	assert.Equal(t, 1, c.Warnings[0].Line)

	// A prospect that the sharer may not see is not named to them.
	require.NoError(t, s.db.SetOwner(context.Background(), s.dana, other.Prospect(), s.tom.Person.ID))
	require.NoError(t, s.db.SetRestricted(context.Background(), s.tom, other.Prospect(), true))
	require.NoError(t, s.db.Revoke(context.Background(), s.tom, other.Prospect(), s.dana.Person.ID))
	c = s.preview(sp, s.dana, "internal/closing/plan", "external/closing/plan")
	for _, w := range c.Warnings {
		assert.NotContains(t, w.Text, "Lumen Power")
	}
}

func TestAnOpenPageStandsStillWhileItCrosses(t *testing.T) {
	ctx := context.Background()
	s, sp, o := withOpenPages(t)
	from, to := place("internal/closing/plan"), place("external/closing/plan")
	first := s.write(sp.Internal(), s.dana, from.String(), "# Plan\n")
	o.open[from] = ""
	o.by = wiki.Authors{Author: s.tom.Person}
	o.pending[from] = "# Plan\n\ntyped\n"
	o.take()
	c := s.preview(sp, s.dana, from.String(), to.String())
	assert.Equal(t, []string{"flush " + from.String(), "committed " + from.String()}, o.take())
	assert.Contains(t, string(c.Text), "typed")

	// What is typed in the very moment is kept, shown, and asked about again.
	now, err := sp.Internal().Lookup(ctx, s.dana, from)
	require.NoError(t, err)
	assert.NotEqual(t, first.Version, now.Version)
	late := &lateWords{openPages: o, text: "# Plan\n\ntyped\n\nlast words\n", base: now.Version}
	s.SetRooms(late)
	_, err = sp.Cross(ctx, s.dana, from, to, c.Digest)
	var not *wiki.Unconfirmed
	require.ErrorAs(t, err, &not)
	assert.True(t, not.Changed)
	assert.Contains(t, string(not.Crossing.Text), "last words")
	o.take()
	page, err := sp.Cross(ctx, s.dana, from, to, not.Crossing.Digest)
	require.NoError(t, err)
	assert.Contains(t, string(page.Text), "last words")
	assert.Contains(t, o.take(), "crossed "+from.String()+" "+to.String())
}

// lateWords is open pages on which somebody types once, after everything was saved.
type lateWords struct {
	*openPages
	text string
	base repo.Hash
}

func (l *lateWords) Cross(ctx context.Context, prospect string, from, to wiki.Place, remove func(*wiki.Edit) error) error {
	if l.text != "" {
		l.pending[from], l.openPages.base, l.text = l.text, l.base, ""
	}
	err := l.openPages.Cross(ctx, prospect, from, to, remove)
	delete(l.pending, from)
	return err
}
