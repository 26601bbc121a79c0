package wiki_test

import (
	"context"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dealwiki/content"
	"dealwiki/internal/need"
	"dealwiki/wiki"
	"dealwiki/wiki/people"
	"dealwiki/wiki/repo"
)

// openPages is live rooms that hold pages open and what was typed on them. It
// notes what the wiki asks.
type openPages struct {
	t       *testing.T
	side    func(prospect string, section wiki.Section) *wiki.Side
	open    map[wiki.Place]string // pages with a live document
	pending map[wiki.Place]string // what was typed and is no version yet
	by      wiki.Authors
	base    repo.Hash // what the pending texts that are held were made from
	asked   []string
	seen    []repo.Version
}

func (o *openPages) Flush(ctx context.Context, prospect string, place wiki.Place) error {
	o.asked = append(o.asked, "flush "+place.String())
	text, ok := o.pending[place]
	if !ok {
		return nil
	}
	delete(o.pending, place)
	sd := o.side(prospect, place.Section)
	room := people.System("room")
	info, err := sd.Lookup(ctx, room, place)
	require.NoError(o.t, err)
	_, err = sd.Edit(ctx, room, wiki.Edit{Place: place, Text: []byte(text), Base: info.Version, Strict: true, By: &o.by})
	return err
}

func (o *openPages) FlushAll(ctx context.Context, prospect string, section wiki.Section) error {
	o.asked = append(o.asked, "flush all "+string(section))
	for place := range o.pending {
		if place.Section == section {
			if err := o.Flush(ctx, prospect, place); err != nil {
				return err
			}
		}
	}
	return nil
}

func (o *openPages) Merge(_ context.Context, _ people.Caller, _ string, place wiki.Place, base, head repo.Hash, text []byte) (wiki.Merge, error) {
	if _, ok := o.open[place]; !ok {
		return nil, nil
	}
	o.asked = append(o.asked, "merge "+place.String())
	return &merged{o, place, text}, nil
}

func (o *openPages) Committed(_ context.Context, _ string, place wiki.Place, v repo.Version) error {
	o.asked = append(o.asked, "committed "+place.String())
	o.seen = append(o.seen, v)
	return nil
}

func (o *openPages) Commented(_ string, place wiki.Place) {
	o.asked = append(o.asked, "commented "+place.String())
}

func (o *openPages) Moved(_ context.Context, _ string, from, to wiki.Place) error {
	o.asked = append(o.asked, "moved "+from.String()+" "+to.String())
	o.open[to] = o.open[from]
	delete(o.open, from)
	return nil
}

// held is what the pages had pending until they stood still.
func (o *openPages) held(place wiki.Place) *wiki.Edit {
	o.asked = append(o.asked, "hold "+place.String())
	text, ok := o.pending[place]
	if !ok {
		return nil
	}
	return &wiki.Edit{Place: place, Text: []byte(text), Base: o.base, By: &o.by}
}

func (o *openPages) Remove(_ context.Context, _ string, place wiki.Place, remove func(*wiki.Edit) error) error {
	if err := remove(o.held(place)); err != nil {
		return err
	}
	o.asked = append(o.asked, "removed "+place.String())
	delete(o.open, place)
	delete(o.pending, place)
	return nil
}

func (o *openPages) Cross(ctx context.Context, prospect string, from, to wiki.Place, remove func(*wiki.Edit) error) error {
	if err := o.Remove(ctx, prospect, from, remove); err != nil {
		return err
	}
	o.asked[len(o.asked)-1] = "crossed " + from.String() + " " + to.String()
	return nil
}

func (o *openPages) RemoveAll(_ context.Context, prospect string, remove func([]wiki.Edit) error) error {
	var pending []wiki.Edit
	for place := range o.pending {
		pending = append(pending, *o.held(place))
	}
	if err := remove(pending); err != nil {
		return err
	}
	o.asked = append(o.asked, "closed "+prospect)
	return nil
}

func (o *openPages) Removed(_ context.Context, _ string, place wiki.Place) error {
	o.asked = append(o.asked, "removed "+place.String())
	delete(o.open, place)
	return nil
}

func (o *openPages) Closed(_ context.Context, prospect string) error {
	o.asked = append(o.asked, "closed "+prospect)
	return nil
}

type merged struct {
	o     *openPages
	place wiki.Place
	text  []byte
}

func (m *merged) Text() []byte                { return m.text }
func (m *merged) Overlaps() []content.Overlap { return nil }
func (m *merged) Committed(_ context.Context, v repo.Version) error {
	m.o.asked = append(m.o.asked, "took "+m.place.String())
	m.o.seen = append(m.o.seen, v)
	m.o.open[m.place] = string(m.text)
	return nil
}

// take answers what was asked since the last call.
func (o *openPages) take() []string {
	asked := o.asked
	o.asked = nil
	return asked
}

func withOpenPages(t *testing.T) (*site, *wiki.Space, *openPages) {
	s := newSite(t)
	o := &openPages{t: t, open: map[wiki.Place]string{}, pending: map[wiki.Place]string{}}
	o.side = func(prospect string, section wiki.Section) *wiki.Side {
		sp, err := s.Space(context.Background(), s.dana, prospect)
		require.NoError(t, err)
		return s.side(sp, section)
	}
	s.SetRooms(o)
	return s, s.prospect("Northwind"), o
}

func TestAnEditOfAnOpenPageGoesThroughItsRoom(t *testing.T) {
	for _, section := range []wiki.Section{wiki.Internal, wiki.External} {
		t.Run(string(section), func(t *testing.T) {
			ctx := context.Background()
			s, sp, o := withOpenPages(t)
			sd := s.side(sp, section)
			at := string(section) + "/closing/plan"
			first := s.write(sd, s.dana, at, "# Plan\n")
			o.open[place(at)] = ""
			o.take()
			done := s.write(sd, s.tom, at, "# Plan\n\n> [!risk] Late\n")
			assert.Equal(t, []string{"flush " + at, "merge " + at, "took " + at, "merge " + at, "took " + at}, o.take(), "the text, then the fact's id")
			require.Len(t, o.seen, 2)
			assert.Equal(t, done.Version, o.seen[1].Commit)
			assert.Equal(t, []int{2, 3}, []int{o.seen[0].Number, o.seen[1].Number})
			assert.Equal(t, string(done.Text), o.open[place(at)])

			// What is pending becomes a version of its own first, and the base of
			// a program is compared with what was there before that.
			o.pending[place(at)] = string(done.Text) + "typed\n"
			o.by = wiki.Authors{Author: s.dana.Person}
			o.seen = nil
			again, err := sd.Edit(ctx, s.tom, wiki.Edit{Place: place(at), Text: []byte("# Plan\n"), Base: done.Version, Strict: true})
			require.NoError(t, err)
			assert.Equal(t, 5, again.Number)
			require.Len(t, o.seen, 2)
			assert.Equal(t, []string{"Dana Reyes", "Tom Okafor"}, []string{o.seen[0].Author.Name, o.seen[1].Author.Name})
			o.pending[place(at)] = "typed"
			_, err = sd.Edit(ctx, s.tom, wiki.Edit{Place: place(at), Text: []byte("x"), Base: first.Version, Strict: true})
			var stale *wiki.Stale
			require.ErrorAs(t, err, &stale)
			assert.Equal(t, again.Version, stale.Current)
			assert.Contains(t, o.pending, place(at), "a refused edit flushes nothing")

			// Nobody but the program speaks for others.
			_, err = sd.Edit(ctx, s.tom, wiki.Edit{Place: place(at), Text: []byte("x"), Base: again.Version, By: &o.by})
			require.ErrorIs(t, err, people.ErrForbidden)
		})
	}
}

func TestMoveAndDeleteOfAnOpenPage(t *testing.T) {
	ctx := context.Background()
	s, sp, o := withOpenPages(t)
	in := sp.Internal()
	from, to := "internal/closing/plan", "internal/delivering/plan"
	s.write(in, s.dana, from, "# Plan\n\nWhat we do first\nWhat we do then\nWhat we do last\n\n[terms](terms.md)\n")
	o.open[place(from)] = ""
	o.take()
	o.pending[place(from)] = "# Plan\n\nWhat we do first\nWhat we do then\nWhat we do last\n\n[terms](terms.md)\n\ntyped\n"
	o.by = wiki.Authors{Author: s.dana.Person}
	moved, err := in.Move(ctx, s.tom, place(from), place(to))
	require.NoError(t, err)
	assert.Equal(t, []string{"flush " + from, "committed " + from, "merge " + from, "took " + from, "moved " + from + " " + to}, o.take())
	assert.Equal(t, "# Plan\n\nWhat we do first\nWhat we do then\nWhat we do last\n\n[terms](../closing/terms.md)\n\ntyped\n", string(moved.Text))
	assert.Equal(t, moved.Version, o.seen[len(o.seen)-1].Commit, "the document knows the version's name")
	assert.Equal(t, string(moved.Text), o.open[place(to)])

	// Deleting takes what is pending into the history, under its writers' names.
	o.pending[place(to)] = string(moved.Text) + "more\n"
	o.base = moved.Version
	var stale *wiki.Stale
	require.ErrorAs(t, in.DeletePage(ctx, s.tom, place(to), repo.Hash{1}), &stale)
	require.NoError(t, in.DeletePage(ctx, s.tom, place(to), moved.Version))
	assert.Equal(t, []string{"hold " + to, "removed " + to}, o.take())
	versions, err := in.History(ctx, s.dana, place(to), 10, repo.Zero)
	require.NoError(t, err)
	require.Len(t, versions, 5)
	assert.Equal(t, []string{"Tom Okafor", "Dana Reyes"}, []string{versions[0].Author.Name, versions[1].Author.Name})
	old, err := in.ReadAt(ctx, s.dana, place(to), versions[1].Commit)
	require.NoError(t, err)
	assert.True(t, strings.HasSuffix(string(old.Text), "more\n"))
}

func TestDeletingAProspectKeepsWhatWasTyped(t *testing.T) {
	ctx := context.Background()
	s, sp, o := withOpenPages(t)
	at := "external/closing/plan"
	o.base = s.write(s.side(sp, wiki.External), s.dana, at, "# Plan\n").Version
	o.take()
	o.pending[place(at)] = "# Plan\n\nlast words\n"
	o.by = wiki.Authors{Author: s.dana.Person}
	require.NoError(t, s.Delete(ctx, s.dana, "northwind"))
	assert.Equal(t, []string{"hold " + at, "closed northwind"}, o.take())
	trash, err := filepath.Glob(filepath.Join(s.dir, "trash", "northwind-*", "external.git"))
	require.NoError(t, err)
	require.Len(t, trash, 1)
	git, err := repo.Open(trash[0], repo.Options{})
	require.NoError(t, err)
	head, err := git.Head()
	require.NoError(t, err)
	tree, err := git.Tree(head)
	require.NoError(t, err)
	text, err := tree.ReadFile("closing/plan.md")
	require.NoError(t, err)
	require.NoError(t, git.Close())
	assert.Equal(t, "# Plan\n\nlast words\n", string(text))
}

func TestAVersionOfSeveralPeopleNamesThem(t *testing.T) {
	ctx := context.Background()
	s, sp, o := withOpenPages(t)
	in := sp.Internal()
	at := "internal/closing/plan"
	s.write(in, s.dana, at, "one\n")
	o.pending[place(at)] = "one\ntwo\nthree\n> [!risk] four\n"
	o.by = wiki.Authors{Author: s.tom.Person, With: []people.Person{s.dana.Person, s.admin.Person},
		Lines: []string{"", "", s.dana.Person.ID, s.admin.Person.ID}}
	require.NoError(t, o.Flush(ctx, "northwind", place(at)))
	versions, err := in.History(ctx, s.dana, place(at), 2, repo.Zero)
	require.NoError(t, err)
	require.Len(t, versions, 2)
	for _, v := range versions {
		assert.Equal(t, "Tom Okafor", v.Author.Name)
		require.Len(t, v.CoAuthors, 2)
	}
	lines, _, err := in.Blame(ctx, s.dana, place(at))
	require.NoError(t, err)
	var who []string
	for _, l := range lines {
		who = append(who, l.Author.Name)
	}
	assert.Equal(t, []string{"Dana Reyes", "Tom Okafor", "Dana Reyes", "Ada Admin"}, who, "also the line that got its id")
	out, err := exec.Command(need.Program(t, "git"), "--git-dir", s.dir+"/spaces/northwind/internal.git", "log", "-1", "--format=%(trailers:key=Authorship,valueonly)", "main~1").Output()
	require.NoError(t, err)
	assert.Equal(t, s.dana.Person.ID+" 3 "+s.admin.Person.ID+" 4", strings.TrimSpace(string(out)))
}
