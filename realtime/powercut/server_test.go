package powercut_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dealwiki/realtime"
	"dealwiki/realtime/journal"
	"dealwiki/realtime/load"
	"dealwiki/realtime/powercut"
	"dealwiki/realtime/yjs"
	"dealwiki/wiki"
	"dealwiki/wiki/people"
	"dealwiki/wiki/repo"
)

// serveEnv tells the test binary to be a server whose power goes.
const serveEnv = "POWERCUT_SERVE"

// server is the wiki with live rooms on a data folder, as the program joins them.
type server struct {
	*wiki.Wiki
	db      *people.DB
	journal *journal.Journal
	hub     *realtime.Hub
	ran     chan struct{}
}

func start(dir string) (_ *server, err error) {
	ctx := context.Background()
	s := &server{ran: make(chan struct{})}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.shut())
		}
	}()
	if s.db, err = people.Open(filepath.Join(dir, "dealwiki.db"), people.Options{Cost: people.Cost{Memory: 64, Iterations: 1}}); err != nil {
		return nil, err
	}
	if s.Wiki, err = wiki.Open(ctx, wiki.Config{Dir: dir, People: s.db, Company: "Fairlead", Git: "-"}); err != nil {
		return nil, err
	}
	if s.journal, err = journal.Open(filepath.Join(dir, "journal.db"), journal.Options{}); err != nil {
		return nil, err
	}
	if s.hub, err = realtime.New(realtime.Config{Wiki: s.Wiki, Journal: s.journal, People: s.db, Idle: 150 * time.Millisecond, Steady: time.Second}); err != nil {
		return nil, err
	}
	s.SetRooms(s.hub)
	go func() {
		defer close(s.ran)
		s.hub.Run(ctx)
	}()
	return s, nil
}

func (s *server) close() error {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	err := s.hub.Close(ctx)
	<-s.ran
	return errors.Join(err, s.shut())
}

func (s *server) shut() (err error) {
	if s.Wiki != nil {
		err = s.Wiki.Close()
	}
	if s.journal != nil {
		err = errors.Join(err, s.journal.Close())
	}
	if s.db != nil {
		err = errors.Join(err, s.db.Close())
	}
	return err
}

var system = people.System("powercut")

func place(n int) wiki.Place {
	return wiki.Place{Section: wiki.Internal, Stage: "pricing", Page: fmt.Sprintf("page-%d", n)}
}

const (
	livePages = 3
	typists   = 2 // on each page, and a script beside them
	liveWords = 40
)

// serve has people type into several pages by sockets while a script changes
// them by the other door, and says what each was told, as work does.
func serve(dir string) (err error) {
	ctx := context.Background()
	s, err := start(dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	person, err := s.db.Add(ctx, system, people.NewPerson{Name: "Dana Reyes", Email: "dana@example.com", Role: people.Member, Job: "sales"})
	if err != nil {
		return err
	}
	dana := people.Caller{Person: person, Scopes: people.AllScopes, Via: "session"}
	made, err := s.Create(ctx, dana, wiki.NewProspect{Prospect: wiki.Prospect{Title: "Acme"}})
	if err != nil {
		return err
	}
	sp, err := s.Space(ctx, dana, made.Slug)
	if err != nil {
		return err
	}
	side := sp.Internal()
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		at, err := wiki.ParsePlace(strings.TrimPrefix(r.URL.Path, "/"))
		if err != nil {
			s.hub.Refuse(w, r, realtime.CodeNotFound, "not found")
			return
		}
		s.hub.Serve(w, r, realtime.Visitor{Caller: dana, Side: side, Place: at, Name: "Dana", Color: "#3060c0", Write: true})
	}))
	defer web.Close()

	var out sync.Mutex
	say := func(format string, args ...any) {
		out.Lock()
		defer out.Unlock()
		_, _ = os.Stdout.WriteString(fmt.Sprintf(format, args...) + "\n") // one call
	}
	var wg sync.WaitGroup
	failed := make(chan error, livePages*(typists+1)+2)
	address := "ws" + strings.TrimPrefix(web.URL, "http") + "/"
	wg.Go(func() { failed <- wander(ctx, side, dana, address, say) })
	wg.Go(func() { failed <- vanish(ctx, side, dana, address, say) })
	for n := range livePages {
		first, err := side.Edit(ctx, dana, wiki.Edit{Place: place(n), Text: fmt.Appendf(nil, "# Page %d\n\nfirst\n", n)})
		if err != nil {
			return err
		}
		say("saved %d %s", n, first.Version)
		for k := range typists {
			e := load.NewEditor(uint64(1000 + n*10 + k))
			if err := e.Connect(ctx, address+place(n).String(), nil); err != nil {
				return err
			}
			defer e.Disconnect()
			wg.Go(func() {
				told := 0
				for i := range liveWords {
					word := fmt.Sprintf("<%d-%d-%d>", n, k, i)
					err := e.Edit(func(d *yjs.Doc) []yjs.Edit {
						return []yjs.Edit{{Pos: len(d.Text()), Insert: word + "\n"}}
					})
					if err == nil {
						err = e.Settled(ctx)
					}
					if err != nil {
						failed <- err
						return
					}
					say("typed %d %s", n, word)
					for _, c := range e.Commits()[told:] {
						say("saved %d %s", n, c.Version)
						told++
					}
					if i%8 == 7 {
						time.Sleep(200 * time.Millisecond) // a version is made
					}
				}
			})
		}
		wg.Go(func() {
			base := first.Version
			for i := range liveWords / 8 {
				page, err := side.ReadAt(ctx, dana, place(n), base)
				if err != nil {
					failed <- err
					return
				}
				word := fmt.Sprintf("<%d-script-%d>", n, i)
				text := strings.Replace(string(page.Text), "first", "first "+word, 1)
				got, err := side.Edit(ctx, dana, wiki.Edit{Place: place(n), Text: []byte(text), Base: base})
				if err != nil {
					failed <- err
					return
				}
				base = got.Version
				say("typed %d %s", n, word)
				say("saved %d %s", n, got.Version)
				time.Sleep(100 * time.Millisecond)
			}
		})
	}
	wg.Wait()
	close(failed)
	for one := range failed {
		err = errors.Join(err, one)
	}
	return err
}

func TestAServerComesBackWithAllThatItAcknowledged(t *testing.T) {
	r := record(t, serveEnv)
	random := rand.New(rand.NewPCG(20261103, 1))
	moments := cuts(r, random, 12, 400)
	disk := r.Disk()
	typed, saved := 0, 0
	for _, moment := range moments {
		require.NoError(t, disk.Play(moment))
		luck := []powercut.Luck{powercut.None, powercut.Chance, powercut.Chance, powercut.All}[random.IntN(4)]
		dir := filepath.Join(t.TempDir(), "disk")
		require.NoError(t, disk.Lay(dir, luck, random))
		said := claims(disk.Said())
		ok := t.Run(fmt.Sprintf("step=%d,luck=%d", moment, luck), func(t *testing.T) { said.checkServer(t, dir) })
		if !ok {
			return
		}
		require.NoError(t, os.RemoveAll(dir))
		typed += said.words
		saved += len(said.commits)
	}
	t.Logf("%d steps; after %d cuts %d words and %d versions were there", r.Steps(), len(moments), typed, saved)
	all := claims(disk.Said())
	assert.Equal(t, livePages*(typists*liveWords+liveWords/8)+(moves+1)*movedWords+goneWords, all.words)
	assert.Equal(t, moves, all.moved[wanderer])
	assert.True(t, all.gone[vanisher])
}

// checkServer starts a server on the disk and waits until it has made versions
// of all that was not yet one.
func (s said) checkServer(t *testing.T, dir string) {
	ctx := t.Context()
	v, err := start(dir)
	require.NoError(t, err)
	open := true
	defer func() {
		if open {
			assert.NoError(t, v.close())
		}
	}()
	require.NoError(t, v.journal.Check(ctx))
	require.Eventually(t, func() bool {
		names, err := v.journal.Unsaved(ctx)
		return assert.NoError(t, err) && len(names) == 0
	}, 30*time.Second, 20*time.Millisecond, "edits stay unsaved")
	if len(s.saved) == 0 {
		return
	}
	sp, err := v.Space(ctx, system, "acme")
	require.NoError(t, err)
	s.checkMoves(t, sp.Internal())
	for n := range livePages {
		if len(s.saved[n]) == 0 {
			continue
		}
		page, err := sp.Internal().Read(ctx, system, place(n))
		require.NoError(t, err)
		for _, word := range append(s.typed[n], "first") {
			assert.Equal(t, 1, strings.Count(string(page.Text), word), "%s of page %d", word, n)
		}
		list, err := sp.Internal().History(ctx, system, place(n), 0, repo.Zero)
		require.NoError(t, err)
		have := map[string]bool{}
		var after []byte
		for i, version := range list {
			have[version.Commit.String()] = true
			old, err := sp.Internal().ReadAt(ctx, system, place(n), version.Commit)
			require.NoError(t, err)
			assert.False(t, i > 0 && bytes.Equal(old.Text, after), "version %s is written twice", version.Commit)
			after = old.Text
		}
		for _, c := range s.saved[n] {
			assert.True(t, have[c], "version %s of page %d is gone", c, n)
		}
	}
	open = false
	require.NoError(t, v.close())
	git, err := exec.LookPath("git")
	if err != nil {
		return
	}
	for _, section := range []string{"internal", "external"} {
		out, err := exec.CommandContext(ctx, git, "-C", filepath.Join(dir, "spaces/acme/"+section+".git"), "fsck", "--strict", "--no-dangling").CombinedOutput()
		require.NoError(t, err, "%s", out)
	}
}
