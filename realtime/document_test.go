package realtime_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dealwiki/internal/need"
	"dealwiki/realtime"
	"dealwiki/realtime/journal"
	"dealwiki/realtime/yjs"
	"dealwiki/wiki"
	"dealwiki/wiki/people"
	"dealwiki/wiki/repo"
)

// short lets rooms end soon after the last has left.
var short = realtime.Config{Limits: realtime.Limits{Linger: 20 * time.Millisecond}}

func TestEpochs(t *testing.T) {
	s := newSite(t, realtime.Config{})
	s.page(planAt, "# Plan\n")
	epoch := s.epoch(planAt)
	dana := s.join(s.dana, planAt, "&epoch="+epoch).in()
	stale := s.dial(s.tom, planAt, "&epoch=other")
	go stale.listen()
	assert.Equal(t, realtime.CodeStaleCopy, stale.closed())
	assert.Equal(t, 0, stale.updates)
	_ = stale.ws.Close()

	// Who names the epoch is never refused for what the copy holds; and as long as
	// the document is the first, nobody is.
	stranger := newDoc()
	_, err := stranger.Change(yjs.Edit{Insert: "mine "})
	require.NoError(t, err)
	s.joinWith(s.tom, planAt, "", stranger).in().saved()
	dana.until("what the stranger brought", func() bool { return strings.Contains(dana.doc.Text(), "mine ") })
}

func TestAStaleCopyOfARebuiltDocumentDoublesNothing(t *testing.T) {
	cfg := short
	cfg.Limits.Document.MaxItems = 50
	s := newSite(t, cfg)
	s.page(planAt, "# Plan\n")
	first := s.epoch(planAt)
	dana := s.join(s.dana, planAt, "").in()
	for range 20 {
		dana.types(0, 0, "ab")
		dana.types(0, 1, "")
	}
	dana.saved()
	text := dana.text()
	copied := dana.copied()
	dana.leave()
	// Worn out, and nobody is there: it is made anew from its text.
	require.Eventually(t, func() bool {
		has := s.epoch(planAt)
		time.Sleep(50 * time.Millisecond) // nobody may hold the room
		return has != first
	}, soon, time.Millisecond)
	assert.Equal(t, text, string(s.read(planAt).Text))

	for _, query := range []string{"", "&epoch=" + first} {
		stale := s.joinWith(s.dana, planAt, query, copied)
		assert.Equal(t, realtime.CodeStaleCopy, stale.closed())
	}
	back := s.join(s.dana, planAt, "&epoch="+s.epoch(planAt)).in()
	back.sees(text)
	back.appends("goes on\n")
	back.saved()
	list := s.history(planAt)
	assert.Len(t, list, 2, "no version by the rebuilding")
}

func TestMovedPage(t *testing.T) {
	s := newSite(t, realtime.Config{})
	s.page(planAt, "# Plan\n\n[x](other.md)\n")
	epoch := s.epoch(planAt)
	dana := s.join(s.dana, planAt, "").in()
	guest := s.join(s.tom, planAt, "&guest").in()
	dana.appends("typed\n")
	dana.saved()
	to := place("internal/pricing/new-plan")
	_, err := s.side(wiki.Internal).Move(s.ctx(), s.tom, place(planAt), to)
	require.NoError(t, err)
	assert.Equal(t, realtime.CodeMoved, dana.closed())
	assert.Equal(t, to.String(), dana.reason)
	assert.Equal(t, []string{"moved"}, dana.notices[len(dana.notices)-1:])
	assert.Equal(t, realtime.CodeMoved, guest.closed())
	assert.Equal(t, "new-plan", guest.reason)
	require.NotEmpty(t, dana.committed)
	assert.Equal(t, "Move Plan to pricing/new-plan", dana.committed[len(dana.committed)-1].Message)
	require.NotEmpty(t, guest.committed)
	assert.Equal(t, "Renamed", guest.committed[len(guest.committed)-1].Message, "guests know no stages")

	assert.Equal(t, epoch, s.epoch(to.String()), "the document went along")
	dana.edit(0, 0, "offline ")
	back := s.joinWith(s.dana, to.String(), "&epoch="+epoch, dana.doc).in()
	back.saved().sees("offline # Plan\n\n[x](../closing/other.md)\ntyped\n")
	back.checkpoint("after the move")
	back.until("a version", func() bool { return len(back.committed) == 1 })
	assert.Equal(t, back.text(), string(s.read(to.String()).Text))
}

func TestDeletedPage(t *testing.T) {
	s := newSite(t, realtime.Config{})
	s.page(planAt, "# Plan\n")
	dana := s.join(s.dana, planAt, "").in()
	dana.appends("typed\n")
	dana.saved()
	require.NoError(t, s.side(wiki.Internal).DeletePage(s.ctx(), s.tom, place(planAt), repo.Zero))
	assert.Equal(t, realtime.CodeNotFound, dana.closed())
	has, err := s.journal.Has(s.ctx(), s.slug+"/"+planAt)
	require.NoError(t, err)
	assert.False(t, has)
	list := s.history(planAt)
	assert.Equal(t, "Dana Reyes", list[1].Author.Name, "what was typed is in the past")

	_, err = s.side(wiki.Internal).Restore(s.ctx(), s.dana, place(planAt), list[1].Commit)
	require.NoError(t, err)
	assert.Equal(t, "# Plan\ntyped\n", s.join(s.dana, planAt, "").in().text())

	// A client that says nothing of epochs and has a copy of the document before
	// starts anew, and nothing is doubled.
	assert.Equal(t, realtime.CodeStaleCopy, s.joinWith(s.dana, planAt, "", dana.twin()).closed())
	assert.Equal(t, "# Plan\ntyped\n", s.join(s.tom, planAt, "").in().text())
}

func TestDeletedProspect(t *testing.T) {
	s := newSite(t, realtime.Config{})
	s.page(planAt, "# Plan\n")
	dana := s.join(s.dana, planAt, "").in()
	dana.appends("last words\n")
	dana.saved()
	require.NoError(t, s.Delete(s.ctx(), s.dana, s.slug))
	assert.Equal(t, realtime.CodeNotFound, dana.closed())
	trash, err := filepath.Glob(filepath.Join(s.dir, "trash", s.slug+"-*", "internal.git"))
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
	assert.Equal(t, "# Plan\nlast words\n", string(text))
	require.NoError(t, git.Close())
}

// keepTyping types key by key until the server closes, and answers how many keys
// it acknowledged.
func (c *client) keepTyping(typed chan<- struct{}) int {
	for n := 0; ; n++ {
		if n == 20 {
			close(typed)
		}
		select {
		case <-c.ended:
			c.mu.Lock()
			defer c.mu.Unlock()
			return int(c.persisted) - c.before
		default:
		}
		c.mu.Lock()
		update, err := c.doc.Change(yjs.Edit{Pos: c.doc.Units(), Insert: "k"})
		c.mu.Unlock()
		if err != nil {
			c.t.Errorf("typing: %v", err)
			return 0
		}
		c.update(update)
		time.Sleep(50 * time.Microsecond)
	}
}

// Whatever was acknowledged before a page ends is in its past.
func TestDeletingWhileSomebodyTypesLosesNothingAcknowledged(t *testing.T) {
	for range 5 {
		s := newSite(t, realtime.Config{})
		s.page(planAt, "")
		dana := s.join(s.dana, planAt, "").in()
		dana.saved()
		dana.before = dana.sent
		typed, done := make(chan struct{}), make(chan int)
		go func() { done <- dana.keepTyping(typed) }()
		<-typed
		require.NoError(t, s.side(wiki.Internal).DeletePage(s.ctx(), s.tom, place(planAt), repo.Zero))
		acknowledged := <-done
		assert.Equal(t, realtime.CodeNotFound, dana.closed())
		list := s.history(planAt)
		require.True(t, list[0].Deleted)
		require.Greater(t, len(list), 1)
		last, err := s.side(wiki.Internal).ReadAt(s.ctx(), s.dana, place(planAt), list[1].Commit)
		require.NoError(t, err)
		assert.GreaterOrEqual(t, len(last.Text), acknowledged)
		assert.Equal(t, "Dana Reyes", list[1].Author.Name)
		assert.Equal(t, "Tom Okafor", list[0].Author.Name)
	}
}

func TestARoomGoesOnWhenItsPageIsNotDeleted(t *testing.T) {
	s := newSite(t, realtime.Config{Idle: time.Hour})
	s.page(planAt, "# Plan\n")
	dana := s.join(s.dana, planAt, "").in()
	dana.appends("typed\n")
	dana.saved()
	refused := errors.New("refused")
	var pending *wiki.Edit
	err := s.hub.Remove(s.ctx(), s.slug, place(planAt), func(e *wiki.Edit) error {
		pending = e
		dana.appends("while it stands\n")
		return refused
	})
	require.ErrorIs(t, err, refused)
	require.NotNil(t, pending)
	assert.Equal(t, "# Plan\ntyped\n", string(pending.Text))
	assert.Equal(t, s.dana.Person.ID, pending.By.Author.ID)
	dana.saved()

	// Also when its text came to git and the deletion did not.
	var kept *wiki.Edited
	err = s.hub.Remove(s.ctx(), s.slug, place(planAt), func(e *wiki.Edit) error {
		s.SetRooms(nil)
		var err error
		kept, err = s.side(wiki.Internal).Edit(s.ctx(), people.System("test"), *e)
		require.NoError(t, err)
		return refused
	})
	s.SetRooms(s.hub)
	require.ErrorIs(t, err, refused)
	dana.appends("afterwards\n")
	dana.saved()
	dana.checkpoint("go on")
	dana.until("a version", func() bool { return len(dana.committed) == 1 })
	assert.Equal(t, "# Plan\ntyped\nwhile it stands\n", string(kept.Text))
	assert.Equal(t, "# Plan\ntyped\nwhile it stands\nafterwards\n", string(s.read(planAt).Text))
	assert.Len(t, s.history(planAt), 3)
}

// A defect of the program ends one room, and not the process.
func TestADefectEndsOneRoom(t *testing.T) {
	var broken atomic.Bool
	s := newSite(t, realtime.Config{Now: func() time.Time {
		if broken.CompareAndSwap(true, false) {
			panic("a defect")
		}
		return time.Now()
	}})
	other := "internal/closing/other"
	s.page(planAt, "# Plan\n")
	s.page(other, "# Other\n")
	tom := s.join(s.tom, other, "").in()
	dana := s.join(s.dana, planAt, "").in()
	dana.appends("kept\n")
	dana.saved()
	broken.Store(true)
	dana.appends("on the way\n")
	assert.Equal(t, realtime.CodeComeAgain, dana.closed())
	again := s.joinWith(s.dana, planAt, "", dana.twin()).in()
	again.saved()
	assert.Equal(t, "# Plan\nkept\non the way\n", again.text())
	tom.appends("goes on\n")
	tom.saved()
}

// What a process leaves that ends in the middle of deleting a prospect.
func TestANewProspectMeetsNoDocumentOfAnOlderOne(t *testing.T) {
	s := newSite(t, realtime.Config{})
	s.page(planAt, "# Old\n")
	epoch := s.epoch(planAt)
	s.SetRooms(nil)
	require.NoError(t, s.Delete(s.ctx(), s.dana, s.slug))
	s.SetRooms(s.hub)
	_, err := s.Create(s.ctx(), s.dana, wiki.NewProspect{Prospect: wiki.Prospect{Title: "Acme", Slug: s.slug}})
	require.NoError(t, err)
	has, err := s.journal.Has(s.ctx(), s.slug+"/"+planAt)
	require.NoError(t, err)
	assert.False(t, has)
	s.page(planAt, "# New\n")
	assert.NotEqual(t, epoch, s.epoch(planAt))
	assert.Equal(t, "# New\n", s.join(s.dana, planAt, "").in().text())
}

// elsewhere changes pages without telling live documents, as the process does
// that ends between git and the journal.
func (s *site) elsewhere(f func(*wiki.Side)) {
	s.t.Helper()
	s.close()
	s.without(f)
	s.open()
}

// without changes pages while no live documents are open at all.
func (s *site) without(f func(*wiki.Side)) {
	s.t.Helper()
	db, err := people.Open(filepath.Join(s.dir, "dealwiki.db"), people.Options{Cost: cheap})
	require.NoError(s.t, err)
	w, err := wiki.Open(s.ctx(), wiki.Config{Dir: s.dir, People: db, Company: "Fairlead"})
	require.NoError(s.t, err)
	sp, err := w.Space(s.ctx(), people.System("test"), s.slug)
	require.NoError(s.t, err)
	f(sp.Internal())
	require.NoError(s.t, w.Close())
	require.NoError(s.t, db.Close())
}

func TestVersionsThatCameWithoutTheDocumentAreTakenIn(t *testing.T) {
	s := newSite(t, realtime.Config{})
	s.page(planAt, "# Plan\n\nalpha\n")
	epoch := s.epoch(planAt)
	dana := s.join(s.dana, planAt, "").in()
	dana.appends("saved\n")
	dana.saved()
	s.elsewhere(func(sd *wiki.Side) {
		page, err := sd.Read(s.ctx(), s.dana, place(planAt))
		require.NoError(t, err)
		require.Equal(t, "# Plan\n\nalpha\nsaved\n", string(page.Text), "closing saves")
		_, err = sd.Edit(s.ctx(), s.tom, wiki.Edit{Place: place(planAt), Base: page.Version, Text: []byte("# Plan\n\nALPHA\nsaved\n")})
		require.NoError(t, err)
	})
	assert.Equal(t, realtime.CodeComeAgain, dana.closed())
	dana.edit(0, 0, "offline ")
	assert.Equal(t, epoch, s.epoch(planAt))
	back := s.joinWith(s.dana, planAt, "&epoch="+epoch, dana.doc).in()
	back.saved().sees("offline # Plan\n\nALPHA\nsaved\n")
	back.checkpoint("")
	back.until("a version", func() bool { return len(back.committed) == 1 })
	list := s.history(planAt)
	require.Len(t, list, 4)
	assert.Equal(t, "Dana Reyes", list[0].Author.Name)
	assert.Empty(t, list[0].CoAuthors, "Tom's words are in Tom's version")
}

func TestAVersionIsNotMadeTwice(t *testing.T) {
	s := newSite(t, realtime.Config{})
	s.page(planAt, "# Plan\n")
	dana := s.join(s.dana, planAt, "").in()
	dana.appends("typed\n")
	dana.saved()
	s.crash()
	// What the process before was about to do when it ended: the version is in
	// git, and the journal knows the intent only.
	j, err := journal.Open(filepath.Join(s.dir, "journal.db"), journal.Options{})
	require.NoError(t, err)
	d, err := j.Load(s.ctx(), s.slug+"/"+planAt)
	require.NoError(t, err)
	doc, err := yjs.Load(d.State, yjs.Options{})
	require.NoError(t, err)
	for _, u := range d.Updates {
		_, err := doc.Apply(u.Data)
		require.NoError(t, err)
	}
	require.NoError(t, j.Save(s.ctx(), d.ID, journal.Saving{Text: hashOf(doc.Text()), State: doc.Encode(nil), Upto: d.Seq}))
	require.NoError(t, j.Close())
	s.without(func(sd *wiki.Side) {
		info, err := sd.Lookup(s.ctx(), s.dana, place(planAt))
		require.NoError(t, err)
		_, err = sd.Edit(s.ctx(), s.dana, wiki.Edit{Place: place(planAt), Base: info.Version, Text: []byte(doc.Text())})
		require.NoError(t, err)
	})
	s.open()
	require.Eventually(t, func() bool {
		unsaved, err := s.journal.Unsaved(s.ctx())
		require.NoError(t, err)
		return len(unsaved) == 0
	}, soon, time.Millisecond)
	require.Len(t, s.history(planAt), 2)
	assert.Equal(t, "# Plan\ntyped\n", s.join(s.tom, planAt, "").in().text())
}

func TestABaseFromBeforeTheDocument(t *testing.T) {
	s := newSite(t, realtime.Config{})
	old := s.page(planAt, "# Plan\n\nalpha\n\nbeta\n")
	s.page(planAt, "# Plan\n\nalpha\n\nBETA\n")
	dana := s.join(s.dana, planAt, "").in()
	dana.types(0, 0, "x")
	dana.saved()
	e, err := s.side(wiki.Internal).Edit(s.ctx(), s.tom, wiki.Edit{Place: place(planAt), Base: old.Version, Text: []byte("# Plan\n\nALPHA\n\nbeta\n")})
	require.NoError(t, err)
	assert.Equal(t, "x# Plan\n\nALPHA\n\nBETA\n", string(e.Text))
	assert.Empty(t, e.Overlaps)
	dana.sees(string(e.Text))

	// The same words changed on both sides: both stay, and the answer says so.
	e, err = s.side(wiki.Internal).Edit(s.ctx(), s.tom, wiki.Edit{Place: place(planAt), Base: old.Version, Text: []byte("# Plan\n\nalpha\n\ngamma\n")})
	require.NoError(t, err)
	assert.NotEmpty(t, e.Overlaps)
	assert.Contains(t, string(e.Text), "BETA")
	assert.Contains(t, string(e.Text), "gamma")
	dana.sees(string(e.Text))
}

func TestRecoveringDocumentTakesBackWhatOthersWrote(t *testing.T) {
	s := newSite(t, realtime.Config{})
	s.page(planAt, "# Plan\n")
	dana, tom := s.join(s.dana, planAt, "").in(), s.join(s.tom, planAt, "").in()
	dana.appends("kept\n")
	dana.saved()
	tom.sees("# Plan\nkept\n")
	s.crash()
	journalFile := filepath.Join(s.dir, "journal.db")
	backup, err := os.ReadFile(journalFile)
	require.NoError(t, err)
	s.open()
	dana2 := s.joinWith(s.dana, planAt, "", dana.doc).in()
	tom2 := s.joinWith(s.tom, planAt, "", tom.doc).in()
	dana2.appends("lost by the journal\n")
	dana2.saved()
	tom2.sees("# Plan\nkept\nlost by the journal\n")
	s.crash()
	for _, name := range []string{"-wal", "-shm"} {
		_ = os.Remove(journalFile + name)
	}
	require.NoError(t, os.WriteFile(journalFile, backup, 0o600))
	j, err := journal.Open(journalFile, journal.Options{})
	require.NoError(t, err)
	require.NoError(t, j.SetRecovering(s.ctx()))
	require.NoError(t, j.Close())
	s.open()

	// Tom brings Dana's words back, and types.
	tom3 := s.joinWith(s.tom, planAt, "", tom2.doc).in()
	tom3.saved()
	fresh := s.join(s.ada, planAt, "").in()
	fresh.sees("# Plan\nkept\nlost by the journal\n")
	tom3.appends("Tom\n")
	tom3.saved().checkpoint("")
	tom3.until("a version", func() bool { return strings.HasSuffix(string(s.read(planAt).Text), "Tom\n") })
	back := s.joinWith(s.dana, planAt, "", dana2.doc).in()
	back.saved().sees("# Plan\nkept\nlost by the journal\nTom\n")
	assert.Equal(t, "Tom Okafor", s.history(planAt)[0].Author.Name)
}

func TestNULIsTakenOut(t *testing.T) {
	s := newSite(t, realtime.Config{})
	s.page(planAt, "# Plan\n")
	dana := s.join(s.dana, planAt, "").in()
	dana.appends("a\x00b\n")
	dana.saved().checkpoint("")
	dana.sees("# Plan\nab\n")
	dana.until("a version", func() bool { return len(dana.committed) == 1 })
}

func TestRoomsEndAndDocumentsStay(t *testing.T) {
	s := newSite(t, short)
	s.page(planAt, "# Plan\n")
	epoch := s.epoch(planAt)
	for i := range 5 {
		dana := s.join(s.dana, planAt, "&epoch="+epoch).in()
		for range 10 {
			dana.appends("x")
		}
		dana.saved().leave()
		require.Eventually(t, func() bool {
			d, err := s.journal.Load(s.ctx(), s.slug+"/"+planAt)
			require.NoError(t, err)
			return len(d.Updates) == 0 // compacted when the room ended
		}, soon, time.Millisecond)
		assert.Len(t, string(s.read(planAt).Text), len("# Plan\n")+10*(i+1))
	}
}

func TestSteadyTypingIsSavedNowAndThen(t *testing.T) {
	s := newSite(t, realtime.Config{Idle: time.Hour, Steady: 200 * time.Millisecond})
	s.page(planAt, "# Plan\n")
	dana := s.join(s.dana, planAt, "").in()
	for range 1000 {
		dana.appends("x")
		dana.mu.Lock()
		n := len(dana.committed)
		dana.mu.Unlock()
		if n >= 2 {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	dana.until("versions", func() bool { return len(dana.committed) >= 2 })
}

func TestGitIsSound(t *testing.T) {
	git := need.Program(t, "git")
	s := newSite(t, realtime.Config{})
	s.page(planAt, "# Plan\n\n")
	dana, tom := s.join(s.dana, planAt, "").in(), s.join(s.tom, planAt, "").in()
	dana.appends("Dana wrote this line\n")
	tom.sees(dana.text())
	tom.appends("Tom this\n")
	dana.sees(tom.text()).saved()
	tom.saved().checkpoint("Together")
	tom.until("a version", func() bool { return len(tom.committed) == 1 })
	dir := filepath.Join(s.dir, "spaces", s.slug, "internal.git")
	out, err := exec.Command(git, "-C", dir, "fsck", "--strict").CombinedOutput()
	require.NoError(t, err, "%s", out)
	out, err = exec.Command(git, "-C", dir, "log", "-1", "--format=%an <%ae>%n%B").CombinedOutput()
	require.NoError(t, err, "%s", out)
	d, o := s.dana.Person.ID, s.tom.Person.ID
	assert.Equal(t, "Dana Reyes <"+d+"@users.invalid>\nTogether\n\nCo-authored-by: Tom Okafor <"+o+"@users.invalid>\nAuthorship: "+d+" 3 "+o+" 4\n\n", string(out))
}
