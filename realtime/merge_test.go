package realtime_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dealwiki/realtime"
	"dealwiki/realtime/journal"
	"dealwiki/wiki"
	"dealwiki/wiki/people"
	"dealwiki/wiki/repo"
)

// watched is a Hub that tells where an edit from outside of a document is on its
// way.
type watched struct {
	*realtime.Hub
	noted     func() error // it is on disk what goes to git; an error keeps it from going there
	committed func()       // it is in git, and the document does not know
}

func (w *watched) Merge(ctx context.Context, c people.Caller, prospect string, at wiki.Place, base, head repo.Hash, text []byte) (wiki.Merge, error) {
	m, err := w.Hub.Merge(ctx, c, prospect, at, base, head, text)
	if err == nil && m != nil {
		err = w.noted()
	}
	if err != nil || m == nil {
		return nil, err
	}
	return &watchedMerge{m, w}, nil
}

type watchedMerge struct {
	wiki.Merge
	w *watched
}

func (m *watchedMerge) Committed(ctx context.Context, v repo.Version) error {
	m.w.committed()
	return m.Merge.Committed(ctx, v)
}

// restore ends the site as if its process was killed and opens it again with a
// copy of its journal from before, as a restored backup has it.
func (s *site) restore(copied string) {
	s.t.Helper()
	s.crash()
	file := filepath.Join(s.dir, "journal.db")
	for _, suffix := range []string{"-wal", "-shm"} {
		if err := os.Remove(file + suffix); !errors.Is(err, os.ErrNotExist) {
			require.NoError(s.t, err)
		}
	}
	require.NoError(s.t, os.Rename(copied, file))
	j, err := journal.Open(file, journal.Options{})
	require.NoError(s.t, err)
	require.NoError(s.t, j.SetRecovering(s.ctx()))
	require.NoError(s.t, j.Close())
	s.open()
}

// The journal of a backup is copied when an edit by another door is in git and the
// journal does not know yet. Whoever saw the edit afterwards brings it back to the
// restored document: it is the same edit, not another one of the same words.
func TestAnEditIsTheSameAfterARestore(t *testing.T) {
	const lines = "Who does what, and until when.\n\nWhat it costs, and who pays.\n\n- [ ] Call Dana\n"
	const before = "# Plan\n\n" + lines
	moved := place("internal/pricing/plan")
	for name, c := range map[string]struct {
		edit func(*site) error
		nth  int // copied in the nth merge of the edit
		want string
		at   string
	}{
		"an edit": {func(s *site) error {
			_, err := s.side(wiki.Internal).Edit(s.ctx(), s.tom, wiki.Edit{Place: place(planAt), Base: s.read(planAt).Version, Text: []byte(before + "by the API\n")})
			return err
		}, 1, "by the API\n", planAt},
		"an edit of an old version": {func(s *site) error {
			list := s.history(planAt)
			_, err := s.side(wiki.Internal).Edit(s.ctx(), s.tom, wiki.Edit{Place: place(planAt), Base: list[len(list)-1].Commit, Text: []byte("# Our plan\n\n" + lines)})
			return err
		}, 1, "# Our plan\n", planAt},
		"the ids of facts": {func(s *site) error {
			_, err := s.side(wiki.Internal).Edit(s.ctx(), s.tom, wiki.Edit{Place: place(planAt), Base: s.read(planAt).Version, Text: []byte(before + "\n> [!decision] We go on\n")})
			return err
		}, 2, "> [!decision] We go on ^", planAt},
		"a move": {func(s *site) error {
			_, err := s.side(wiki.Internal).Move(s.ctx(), s.tom, place(planAt), moved)
			return err
		}, 1, "[the offer](../closing/offer.md)", moved.String()},
		"an imported history": {func(s *site) error {
			return s.ImportHistory(s.ctx(), s.tom, s.slug, wiki.Internal, wiki.HistoryImport{
				Join: func(_ context.Context, r *repo.Repo, head repo.Hash) (repo.Hash, error) {
					last, err := r.Lookup(head)
					if err != nil {
						return head, err
					}
					text := string(s.read(planAt).Text) + "pushed\n"
					if last.Tree, err = r.WriteEdits(last.Tree, []repo.Edit{{Path: place(planAt).Path(), Data: []byte(text)}}); err != nil {
						return head, err
					}
					last.Parents, last.Text = []repo.Hash{head}, "Pushed\n"
					return r.WriteCommit(last)
				},
			})
		}, 1, "pushed\n", planAt},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, realtime.Config{})
			s.page("internal/closing/offer", "# Offer\n")
			s.page(planAt, before)
			dana := s.join(s.dana, planAt, "").in()
			dana.appends("See [the offer](offer.md).\n")
			dana.saved().checkpoint("")
			dana.until("a version", func() bool { return len(dana.committed) > 0 })
			dana.appends("and typed\n")
			dana.saved()

			copied := filepath.Join(t.TempDir(), "journal.db")
			merges := 0
			s.SetRooms(&watched{s.hub, func() error { return nil }, func() {
				if merges++; merges == c.nth {
					require.NoError(t, s.journal.Copy(s.ctx(), copied))
				}
			}})
			require.NoError(t, c.edit(s))
			require.Equal(t, c.nth, merges)
			if c.at == planAt {
				dana.until("the edit", func() bool { return strings.Contains(dana.doc.Text(), c.want) })
			}
			want := dana.text()
			if c.at != planAt {
				want = string(s.read(c.at).Text)
			}
			s.restore(copied)

			assert.Equal(t, want, s.join(s.ada, c.at, "").in().text())
			back := s.joinWith(s.dana, c.at, "", dana.doc).in().saved()
			assert.Equal(t, want, back.text())
			assert.Equal(t, 1, strings.Count(want, c.want))
			back.types(0, 0, "x")
			back.saved().checkpoint("")
			back.until("a version", func() bool { return len(back.committed) > 0 && string(s.read(c.at).Text) == "x"+want })
		})
	}
}

// An edit that was noted and did not get into git leaves nothing behind, in this
// process and in the next.
func TestAnEditThatCameToNothing(t *testing.T) {
	const before = "# Plan\n\nalpha\n"
	s := newSite(t, realtime.Config{})
	s.page(planAt, before)
	dana := s.join(s.dana, planAt, "").in()
	broken := errors.New("the disk is full")
	s.SetRooms(&watched{s.hub, func() error { return broken }, func() {}})
	edit := func(text string) error {
		_, err := s.side(wiki.Internal).Edit(s.ctx(), s.tom, wiki.Edit{Place: place(planAt), Base: s.read(planAt).Version, Text: []byte(text)})
		return err
	}
	require.ErrorIs(t, edit(before+"never\n"), broken)
	d, err := s.journal.Load(s.ctx(), s.slug+"/"+planAt)
	require.NoError(t, err)
	require.NotNil(t, d.Merging, "it was noted")
	unsaved, err := s.journal.Unsaved(s.ctx())
	require.NoError(t, err)
	assert.Empty(t, unsaved, "nothing has to be done for it")
	assert.Equal(t, before, dana.text())

	for range 2 {
		s.crash()
		s.open()
		dana = s.joinWith(s.dana, planAt, "", dana.doc).in()
		assert.Equal(t, before, dana.text())
	}
	// The same words come by another way.
	require.NoError(t, edit(before+"never\n"))
	dana.sees(before + "never\n")
	d, err = s.journal.Load(s.ctx(), s.slug+"/"+planAt)
	require.NoError(t, err)
	assert.Nil(t, d.Merging)
	s.crash()
	s.open()
	assert.Equal(t, before+"never\n", s.joinWith(s.dana, planAt, "", dana.doc).in().text())
	assert.Len(t, s.history(planAt), 2)
}

// Whoever hears of a version has its text by then, also when the program gave the
// facts their ids.
func TestAMergedVersionComesAfterItsText(t *testing.T) {
	s := newSite(t, realtime.Config{})
	s.page(planAt, "# Plan\n")
	dana := s.dial(s.dana, planAt, "")
	dana.step1()
	at := map[string]string{} // of each version that was told: the text by then
	done := make(chan struct{})
	go func() {
		defer close(done)
		for len(at) < 2 {
			_, data, err := dana.ws.ReadMessage()
			if err != nil {
				return
			}
			before := len(dana.committed)
			if err := dana.take(data); err != nil {
				return
			}
			if len(dana.committed) > before {
				at[dana.committed[before].Version] = dana.doc.Text()
			}
		}
	}()
	tom := s.join(s.tom, planAt, "").in()
	tom.appends("\n> [!decision] We go on\n")
	tom.saved().checkpoint("Agreed")
	<-done
	require.NoError(t, dana.ws.Close())
	list := s.history(planAt)
	require.Len(t, list, 3)
	for _, v := range list[:2] {
		page, err := s.side(wiki.Internal).ReadAt(s.ctx(), s.dana, place(planAt), v.Commit)
		require.NoError(t, err)
		assert.Equal(t, string(page.Text), at[v.Commit.String()], "%s", v.Subject)
	}
}
