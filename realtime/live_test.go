package realtime_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dealwiki/realtime"
	"dealwiki/wiki"
)

func TestPeopleWriteTogether(t *testing.T) {
	s := newSite(t, realtime.Config{})
	s.page(planAt, "# Plan\n")
	dana, tom := s.join(s.dana, planAt, "").in(), s.join(s.tom, planAt, "").in()
	assert.Equal(t, "# Plan\n", dana.text())

	dana.appends("Call Ingrid.\n")
	tom.sees("# Plan\nCall Ingrid.\n")
	tom.types(0, 1, "##")
	dana.sees("## Plan\nCall Ingrid.\n").saved()
	tom.saved()
	assert.Equal(t, "# Plan\n", string(s.read(planAt).Text), "no version yet")

	late := s.join(s.ada, planAt, "").in()
	assert.Equal(t, "## Plan\nCall Ingrid.\n", late.text())
}

func TestVersionNamesItsWriters(t *testing.T) {
	s := newSite(t, realtime.Config{})
	s.page(planAt, "# Plan\n\nfirst\nsecond\nthird\n")
	dana, tom := s.join(s.dana, planAt, "").in(), s.join(s.tom, planAt, "").in()
	looks := s.join(s.ada, planAt, "").in()
	dana.appends("Dana's line is the longest of all\n")
	text := dana.text()
	tom.sees(text)
	tom.appends("Tom's line\n")
	dana.sees(text + "Tom's line\n").saved()
	tom.saved()
	dana.checkpoint("Names  and\nmore")
	for _, c := range []*client{dana, tom, looks} {
		c.until("a version", func() bool { return len(c.committed) == 1 })
		v := c.committed[0]
		assert.Equal(t, "Names and more", v.Message)
		assert.Equal(t, 2, v.Number)
		require.Len(t, v.Authors, 2)
		assert.Equal(t, "Dana Reyes", v.Authors[0].Name)
		assert.Equal(t, "Tom Okafor", v.Authors[1].Name)
		assert.Equal(t, s.read(planAt).Version.String(), v.Version)
	}
	list := s.history(planAt)
	require.Len(t, list, 2)
	assert.Equal(t, "Dana Reyes", list[0].Author.Name)
	require.Len(t, list[0].CoAuthors, 1)
	assert.Equal(t, "Tom Okafor", list[0].CoAuthors[0].Name)

	lines, _, err := s.side(wiki.Internal).Blame(s.ctx(), s.dana, place(planAt))
	require.NoError(t, err)
	require.Len(t, lines, 7)
	assert.Equal(t, "Dana Reyes", lines[5].Author.Name)
	assert.Equal(t, "Tom Okafor", lines[6].Author.Name)
	assert.Equal(t, list[1].Commit, lines[2].Commit)
}

func TestVersionWhenIdleAndWhenTheLastEditorLeaves(t *testing.T) {
	s := newSite(t, realtime.Config{Idle: 100 * time.Millisecond})
	s.page(planAt, "# Plan\n")
	dana := s.join(s.dana, planAt, "").in()
	dana.appends("one\n")
	dana.until("a version", func() bool { return len(dana.committed) == 1 })
	assert.Equal(t, "# Plan\none\n", string(s.read(planAt).Text))

	s = newSite(t, realtime.Config{})
	s.page(planAt, "# Plan\n")
	dana = s.join(s.dana, planAt, "").in()
	reader := s.join(s.tom, planAt, "&read").in()
	dana.appends("one\n")
	dana.saved().leave()
	reader.until("a version", func() bool { return len(reader.committed) == 1 })
	assert.Equal(t, "# Plan\none\n", string(s.read(planAt).Text))
}

func TestNothingIsCommittedWhenTheTextIsAsItWas(t *testing.T) {
	s := newSite(t, realtime.Config{})
	s.page(planAt, "# Plan\n")
	dana := s.join(s.dana, planAt, "").in()
	dana.appends("x")
	dana.types(7, 1, "")
	dana.saved()
	dana.checkpoint("nothing")
	dana.until("a notice", func() bool { return len(dana.notices) == 1 })
	assert.Equal(t, "unchanged", dana.notices[0])
	assert.Len(t, s.history(planAt), 1)
}

func TestOtherDoorsWhileARoomIsOpen(t *testing.T) {
	s := newSite(t, realtime.Config{})
	base := s.page(planAt, "# Plan\n\nalpha beta\n")
	dana := s.join(s.dana, planAt, "").in()
	dana.appends("typed by Dana\n")
	dana.saved()

	// A text made from the version before Dana's.
	e, err := s.side(wiki.Internal).Edit(s.ctx(), s.tom, wiki.Edit{Place: place(planAt), Base: base.Version, Text: []byte("# Plan\n\nalpha BETA\n")})
	require.NoError(t, err)
	assert.Equal(t, "# Plan\n\nalpha BETA\ntyped by Dana\n", string(e.Text))
	dana.sees(string(e.Text))
	list := s.history(planAt)
	require.Len(t, list, 3)
	assert.Equal(t, "Tom Okafor", list[0].Author.Name)
	assert.Equal(t, "Dana Reyes", list[1].Author.Name)
	assert.Empty(t, list[0].CoAuthors)

	// And a fact gets its id in the live text.
	dana.appends("> [!decision] We go on\n")
	dana.saved().checkpoint("")
	dana.until("ids", func() bool { return len(dana.committed) == 4 })
	assert.Equal(t, string(s.read(planAt).Text), dana.text())
	assert.Contains(t, dana.text(), "^d-")
}

func TestARestartInTheMiddleLosesNothing(t *testing.T) {
	s := newSite(t, realtime.Config{})
	s.page(planAt, "# Plan\n")
	epoch := s.epoch(planAt)
	dana := s.join(s.dana, planAt, "").in()
	dana.appends("acknowledged\n")
	dana.saved()
	s.crash()
	dana.closed()
	offline := dana.edit(0, 0, "offline ")
	require.NotEmpty(t, offline)

	s.open()
	assert.Equal(t, epoch, s.epoch(planAt), "the same document")
	require.Eventually(t, func() bool { return string(s.read(planAt).Text) == "# Plan\nacknowledged\n" }, soon, 5*time.Millisecond)
	list := s.history(planAt)
	require.Len(t, list, 2)
	assert.Equal(t, "Dana Reyes", list[0].Author.Name)

	// The copy comes back on another connection, under the old client id, with
	// what was typed offline.
	back := s.joinWith(s.dana, planAt, "&epoch="+epoch, dana.doc).in()
	other := s.join(s.tom, planAt, "").in()
	other.sees("offline # Plan\nacknowledged\n")
	back.saved()
}

func TestWithoutAJournalNothingIsAcknowledged(t *testing.T) {
	s := newSite(t, realtime.Config{})
	s.page(planAt, "# Plan\n")
	dana, tom := s.join(s.dana, planAt, "").in(), s.join(s.tom, planAt, "").in()
	dana.appends("kept\n")
	dana.saved()
	tom.sees("# Plan\nkept\n")
	require.NoError(t, s.journal.Close())
	dana.appends("not on disk\n")
	assert.Equal(t, realtime.CodeComeAgain, dana.closed())
	assert.Equal(t, realtime.CodeComeAgain, tom.closed())
	assert.Less(t, dana.persisted, uint64(dana.sent))
	assert.Equal(t, "# Plan\nkept\n", tom.text(), "nobody sees what is not on disk")
	refused := s.dial(s.tom, planAt, "")
	go refused.listen()
	assert.Equal(t, realtime.CodeComeAgain, refused.closed())
	_ = refused.ws.Close()
}

func TestClosingSavesWhatWasTyped(t *testing.T) {
	s := newSite(t, realtime.Config{})
	s.page(planAt, "# Plan\n")
	dana := s.join(s.dana, planAt, "").in()
	for range 50 {
		dana.appends("x")
	}
	s.elsewhere(func(sd *wiki.Side) {
		assert.Equal(t, realtime.CodeComeAgain, dana.closed())
		page, err := sd.Read(s.ctx(), s.dana, place(planAt))
		require.NoError(t, err)
		assert.GreaterOrEqual(t, len(page.Text), len("# Plan\n")+int(dana.persisted)-1, "all that was acknowledged")
	})
}
