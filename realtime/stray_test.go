package realtime_test

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dealwiki/realtime"
	"dealwiki/realtime/journal"
	"dealwiki/realtime/yjs"
	"dealwiki/wiki"
	"dealwiki/wiki/repo"
)

// settle waits until every document has made a version of what is not saved.
func (s *site) settle() {
	s.t.Helper()
	require.Eventually(s.t, func() bool {
		unsaved, err := s.journal.Unsaved(s.ctx())
		require.NoError(s.t, err)
		return len(unsaved) == 0
	}, soon, time.Millisecond)
}

// What a process leaves that ends after it moved a page in git and before it told
// the journal.
func TestMovedInGitAndNotInTheJournal(t *testing.T) {
	to := place("internal/pricing/new-plan")
	for _, unsaved := range []bool{true, false} {
		s := newSite(t, realtime.Config{})
		s.page(planAt, "# Plan\n")
		epoch := s.epoch(planAt)
		dana := s.join(s.dana, planAt, "").in()
		if unsaved {
			dana.appends("acknowledged\n")
			dana.saved()
		}
		s.crash()
		s.without(func(sd *wiki.Side) {
			_, err := sd.Move(s.ctx(), s.tom, place(planAt), to)
			require.NoError(t, err)
		})
		s.open()
		want := "# Plan\n"
		if unsaved {
			want += "acknowledged\n"
			s.settle()
			assert.Equal(t, want, string(s.read(to.String()).Text))
			list := s.history(to.String())
			require.Len(t, list, 3)
			assert.Equal(t, "Dana Reyes", list[0].Author.Name)
		}
		assert.Equal(t, epoch, s.epoch(to.String()), "it is the same document")
		assert.Equal(t, want, s.join(s.tom, to.String(), "").in().text())
		has, err := s.journal.Has(s.ctx(), s.slug+"/"+planAt)
		require.NoError(t, err)
		assert.False(t, has)
	}
}

func TestAPageInTheFormerPlaceKeepsItsOwnDocument(t *testing.T) {
	s := newSite(t, realtime.Config{})
	to := place("internal/pricing/new-plan")
	s.page(planAt, "# Plan\n")
	epoch := s.epoch(planAt)
	s.elsewhere(func(sd *wiki.Side) {
		_, err := sd.Move(s.ctx(), s.tom, place(planAt), to)
		require.NoError(t, err)
		_, err = sd.Edit(s.ctx(), s.tom, wiki.Edit{Place: place(planAt), Text: []byte("# Another\n")})
		require.NoError(t, err)
	})
	assert.NotEqual(t, epoch, s.epoch(to.String()))
	assert.Equal(t, "# Plan\n", s.join(s.dana, to.String(), "").in().text())
	assert.Equal(t, "# Another\n", s.join(s.dana, planAt, "").in().text())
	stale := s.joinWith(s.dana, to.String(), "", func() *yjs.Doc {
		doc := newDoc()
		_, err := doc.Change(yjs.Edit{Insert: "# Plan\n"})
		require.NoError(t, err)
		return doc
	}())
	assert.Equal(t, realtime.CodeStaleCopy, stale.closed(), "nothing is doubled")
}

func TestDeletedInGitAndNotInTheJournal(t *testing.T) {
	s := newSite(t, realtime.Config{})
	s.page(planAt, "# Plan\n")
	dana := s.join(s.dana, planAt, "").in()
	dana.appends("typed\n")
	dana.saved()
	s.crash()
	s.without(func(sd *wiki.Side) { require.NoError(t, sd.DeletePage(s.ctx(), s.tom, place(planAt), repo.Zero)) })
	s.open()
	s.settle()
	has, err := s.journal.Has(s.ctx(), s.slug+"/"+planAt)
	require.NoError(t, err)
	assert.False(t, has)
	s.page(planAt, "# Another plan\n")
	assert.Equal(t, "# Another plan\n", s.join(s.dana, planAt, "").in().text())
}

// The journal of a backup is younger than its repositories: it may hold the
// document of a page that git does not know.
func TestADocumentMakesThePageThatARestoredGitHasNot(t *testing.T) {
	s := newSite(t, realtime.Config{})
	s.crash()
	j, err := journal.Open(filepath.Join(s.dir, "journal.db"), journal.Options{})
	require.NoError(t, err)
	doc := yjs.New(yjs.Options{Client: 7})
	_, err = doc.Change(yjs.Edit{Insert: "# Plan\n\n> [!decision] We go on\n"})
	require.NoError(t, err)
	first := doc.Encode(nil)
	doc, err = yjs.Load(first, yjs.Options{Client: 8})
	require.NoError(t, err)
	typed, err := doc.Change(yjs.Edit{Pos: 7, Insert: "typed\n"})
	require.NoError(t, err)
	dana := s.dana.Person.ID
	_, err = j.Create(s.ctx(), journal.Document{
		Name: s.slug + "/" + planAt, Epoch: "e", State: first, Owners: map[uint64]string{7: "", 8: dana},
		Updates: []journal.Update{{Person: dana, Data: typed}},
	}, journal.Version{})
	require.NoError(t, err)
	require.NoError(t, j.SetRecovering(s.ctx()))
	require.NoError(t, j.Close())
	s.open()
	s.settle()
	require.NoError(t, s.hub.Flush(s.ctx(), s.slug, place(planAt)))
	page := s.read(planAt)
	assert.Contains(t, string(page.Text), "# Plan\ntyped\n\n> [!decision] We go on")
	list := s.history(planAt)
	assert.Equal(t, "Dana Reyes", list[len(list)-1].Author.Name)
	assert.Equal(t, "e", s.epoch(planAt))
	back := s.join(s.dana, planAt, "&epoch=e").in()
	back.until("the fact's id", func() bool { return strings.Contains(back.doc.Text(), "We go on ^") })
	assert.Equal(t, back.text(), string(s.read(planAt).Text))
}
