package main

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dealwiki/internal/need"
	"dealwiki/realtime/load"
	"dealwiki/realtime/yjs"
)

// A crowd is editors at work on some pages.
type crowd struct {
	s       *liveServer
	pages   []string
	editors []*load.Editor
	checked []int // of each editor's acknowledged updates, which are known to be kept
}

func newCrowd(s *liveServer, pages []string, each int) *crowd {
	c := &crowd{s: s, pages: pages}
	for range pages {
		for range each {
			c.editors = append(c.editors, load.NewEditor(rand.Uint64N(1<<32-1)+1))
		}
	}
	c.checked = make([]int, len(c.editors))
	s.t.Cleanup(func() {
		for _, e := range c.editors {
			e.Disconnect()
		}
	})
	return c
}

func (c *crowd) page(editor int) string { return c.pages[editor%len(c.pages)] }

func (c *crowd) person(editor int) int { return editor / len(c.pages) % len(c.s.tokens) }

// of answers the editors of one page.
func (c *crowd) of(page string) (out []*load.Editor) {
	for i, e := range c.editors {
		if c.page(i) == page {
			out = append(out, e)
		}
	}
	return out
}

// join brings everybody in.
func (c *crowd) join() {
	c.s.t.Helper()
	for i, e := range c.editors {
		c.s.join(e, c.person(i), c.page(i))
	}
}

// work lets everybody type, make versions, drop out and come back until ctx is
// done, and somebody else change the pages by the API. It answers the versions
// that were acknowledged to the API.
func (c *crowd) work(ctx context.Context, r *rand.Rand) (versions map[string]string) {
	var wait sync.WaitGroup
	for i, e := range c.editors {
		r := rand.New(rand.NewPCG(r.Uint64(), uint64(i)))
		wait.Go(func() {
			edit := scribble(r)
			for ctx.Err() == nil {
				for range 1 + r.IntN(4) {
					if !assert.NoError(c.s.t, e.Edit(edit)) {
						return
					}
				}
				switch r.IntN(60) {
				case 0:
					_ = e.Checkpoint(fmt.Sprintf("Checkpoint %d", r.IntN(1000))) // the server may be dead
				case 1:
					e.Disconnect()
				}
				if !e.Online() {
					_ = e.Connect(ctx, c.s.room(c.person(i), c.page(i)), nil) // the server may be dead
				}
				time.Sleep(time.Duration(r.IntN(5)) * time.Millisecond)
			}
		})
	}
	versions = map[string]string{}
	wait.Go(func() {
		api, r := c.s.api(0), rand.New(rand.NewPCG(r.Uint64(), 0))
		for n := 0; ctx.Err() == nil; n++ {
			page := c.pages[r.IntN(len(c.pages))]
			res, err := api.do("GET", livePages+page, "", nil)
			if err != nil || !assert.Equal(c.s.t, http.StatusOK, res.status, "%s", res.body) {
				return
			}
			var got struct{ Text string }
			if !assert.NoError(c.s.t, json.Unmarshal(res.body, &got)) {
				return
			}
			res, err = api.json("PUT", livePages+page, map[string]any{"text": fmt.Sprintf("By the API %d.\n", n) + got.Text}, "If-Match", res.etag)
			if err != nil {
				return
			}
			if assert.Contains(c.s.t, []int{http.StatusOK, http.StatusPreconditionFailed}, res.status, "%s", res.body) && res.status == http.StatusOK {
				versions[res.etag[1:41]] = page
			}
			time.Sleep(time.Duration(r.IntN(60)) * time.Millisecond)
		}
	})
	wait.Wait()
	return versions
}

// check holds a server that has come back to what the one before it said: what
// it acknowledged, and what it showed to others, is there.
func (c *crowd) check(versions map[string]string) {
	t := c.s.t
	t.Helper()
	for _, page := range c.pages {
		fresh := c.s.newcomer(0, page)
		doc := fresh.Doc()
		fresh.Disconnect()
		own := map[uint64]bool{}
		for _, e := range c.of(page) {
			own[e.Client()] = true
		}
		for i, e := range c.editors {
			if c.page(i) != page {
				continue
			}
			acked := e.Acknowledged()
			for n, u := range acked[c.checked[i]:] {
				effect, err := doc.Apply(u)
				require.NoError(t, err)
				require.False(t, effect.Changed, "update %d of editor %d on %s was acknowledged and is lost", c.checked[i]+n, i, page)
			}
			c.checked[i] = len(acked)
			have := doc.StateVector()
			for client, clock := range e.Doc().StateVector() {
				if client != e.Client() {
					require.LessOrEqual(t, clock, have[client], "editor %d saw what client %d typed on %s, and it is lost", i, client, page)
				}
			}
		}
	}
	for version, page := range versions {
		res, err := c.s.api(0).do("GET", livePages+page+"?at="+version, "", nil)
		require.NoError(t, err)
		require.Equal(t, http.StatusOK, res.status, "version %s of %s was acknowledged and is lost: %s", version, page, res.body)
	}
}

// converge waits until all editors of each page agree.
func (c *crowd) converge() (texts map[string]string) {
	c.s.t.Helper()
	texts = map[string]string{}
	for _, page := range c.pages {
		texts[page] = converge(c.s.t, c.of(page)...)
	}
	return texts
}

// TestKilledWhilePeopleType kills the server with -9 at random moments while
// people type, make versions and use the API, and looks after each time whether
// everything that was acknowledged is still there.
func TestKilledWhilePeopleType(t *testing.T) {
	kills := 3
	if soak() {
		kills = 200
	}
	r := rand.New(rand.NewPCG(seed(t), 9))
	s := startLive(t, 3)
	c := newCrowd(s, []string{"internal/pricing/offer", "internal/closing/contract", "external/proposing/proposal"}, 3)
	for _, page := range c.pages {
		s.make(page, "# Page\n\n")
	}
	for kill := range kills {
		c.join()
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan map[string]string)
		at := rand.New(rand.NewPCG(r.Uint64(), 1))
		go func() { done <- c.work(ctx, at) }()
		time.Sleep(time.Duration(20+r.IntN(700)) * time.Millisecond)
		s.p.kill()
		cancel()
		versions := <-done
		for _, e := range c.editors {
			e.Disconnect()
			require.NoError(t, e.Edit(scribble(r))) // offline
		}
		began := time.Now()
		s.start()
		c.check(versions)
		if t.Failed() {
			t.Fatalf("after kill %d", kill)
		}
		c.join()
		c.converge()
		t.Logf("kill %d: restarted and converged in %v, %d versions by the API", kill, time.Since(began).Round(time.Millisecond), len(versions))
	}
	texts := c.converge()
	s.p.stop(t)
	fsck(t, s.data)
	noVersionTwice(t, s.data)
	s.start()
	for page, text := range texts {
		got, _ := s.page(page)
		require.Equal(t, text, got, "what was typed on %s is not a version after the server was stopped", page)
	}
	acknowledged := 0
	for _, e := range c.editors {
		acknowledged += len(e.Acknowledged())
	}
	t.Logf("%d kills, %d acknowledged updates", kills, acknowledged)
	require.Greater(t, acknowledged, 20*kills)
}

// TestStoppedWhilePeopleType stops the server as an administrator would, under
// load: it ends in time, with everything in git.
func TestStoppedWhilePeopleType(t *testing.T) {
	r := rand.New(rand.NewPCG(seed(t), 15))
	s := startLive(t, 3)
	c := newCrowd(s, []string{"internal/pricing/offer", "external/proposing/proposal"}, 3)
	for _, page := range c.pages {
		s.make(page, "# Page\n\n")
	}
	rounds := 1
	if soak() {
		rounds = 10
	}
	for range rounds {
		c.join()
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan map[string]string)
		at := rand.New(rand.NewPCG(r.Uint64(), 1))
		go func() { done <- c.work(ctx, at) }()
		time.Sleep(time.Duration(200+r.IntN(500)) * time.Millisecond)
		began := time.Now()
		s.p.stop(t)
		// 10 s where there is nothing else to do, and no race detector.
		require.Less(t, time.Since(began), 30*time.Second)
		t.Logf("stopped in %v", time.Since(began).Round(time.Millisecond))
		cancel()
		versions := <-done
		for _, e := range c.editors {
			e.Disconnect()
		}
		s.start()
		for _, page := range c.pages {
			// Before anybody is back, git has what the journal has.
			text, _ := s.page(page)
			fresh := s.newcomer(0, page)
			require.Equal(t, fresh.Text(), text, "%s", page)
			fresh.Disconnect()
		}
		c.check(versions)
		c.join()
		c.converge()
	}
	s.p.stop(t)
	fsck(t, s.data)
	noVersionTwice(t, s.data)
}

// noVersionTwice checks that no commit has the tree of the one before it.
func noVersionTwice(t testing.TB, data string) {
	t.Helper()
	git := need.Program(t, "git")
	repos, err := filepath.Glob(filepath.Join(data, "spaces", "*", "*.git"))
	require.NoError(t, err)
	require.NotEmpty(t, repos)
	for _, repo := range repos {
		out, err := exec.Command(git, "-C", repo, "log", "--first-parent", "--format=%T %H %s", "main").CombinedOutput()
		require.NoError(t, err, "%s", out)
		last := ""
		for line := range strings.Lines(string(out)) {
			tree, commit, _ := strings.Cut(strings.TrimSpace(line), " ")
			assert.NotEqual(t, last, tree, "%s: the commit after %s changes nothing", filepath.Base(repo), commit)
			last = tree
		}
	}
}

// TestRestoredBackupTakesClientsBack backs up, edits on, restores, and lets the
// clients come back to the older data: what they have is merged, and no text
// doubles.
func TestRestoredBackupTakesClientsBack(t *testing.T) {
	s := startLive(t, 3)
	const page, other = "internal/pricing/offer", "external/proposing/proposal"
	s.make(page, "# Offer\n\nFirst line.\n")
	s.make(other, "# Proposal\n")
	a, b := s.newcomer(0, page), s.newcomer(1, page)
	typeAt(t, a, -1, "Before the backup, by A.\n")
	typeAt(t, b, -1, "Before the backup, by B.\n")
	converge(t, a, b)
	require.NoError(t, a.Checkpoint("Before the backup"))
	require.Eventually(t, func() bool { return len(a.Commits()) > 0 }, patience, 10*time.Millisecond)
	typeAt(t, a, -1, "In the journal only, by A.\n")
	converge(t, a, b)

	file := filepath.Join(t.TempDir(), "backup")
	dealwiki(t, "backup", "-data", s.data, "-o", file)

	typeAt(t, a, -1, "After the backup, by A.\n")
	typeAt(t, b, 0, "After the backup, by B.\n")
	late := s.newcomer(2, other)
	typeAt(t, late, -1, "Opened after the backup.\n")
	converge(t, late)
	converge(t, a, b)
	require.NoError(t, b.Checkpoint("After the backup"))
	require.Eventually(t, func() bool { return len(b.Commits()) > 1 }, patience, 10*time.Millisecond)
	typeAt(t, b, -1, "Not even in git, by B.\n")
	want := converge(t, a, b)
	s.p.kill()
	for _, e := range []*load.Editor{a, b, late} {
		e.Disconnect()
	}
	typeAt(t, a, -1, "Offline, by A.\n")

	restored := filepath.Join(t.TempDir(), "restored")
	dealwiki(t, "restore", "-data", restored, file)
	s.data = restored
	for i, p := range s.people {
		s.tokens[i] = newToken(t, restored, p.Email, "read,write")
	}
	s.start()
	fresh := s.newcomer(2, page)
	text := fresh.Text()
	for _, line := range []string{"First line.\n", "Before the backup, by A.\n", "Before the backup, by B.\n", "In the journal only, by A.\n"} {
		require.Equal(t, 1, strings.Count(text, line), "%q in %q", line, text)
	}
	require.NotContains(t, text, "After the backup")

	// The one comes back whose copy holds what the other wrote too.
	s.join(b, 1, page)
	require.Equal(t, want, converge(t, b, fresh))
	s.join(a, 0, page)
	require.Equal(t, want+"Offline, by A.\n", converge(t, a, b, fresh))
	err := late.Connect(within(t), s.room(2, other), nil)
	if code, _ := late.Closed(); code == 4410 {
		t.Log("the page that was first opened after the backup has a new epoch")
	} else {
		require.NoError(t, err)
		require.Equal(t, 1, strings.Count(converge(t, late), "# Proposal\n"))
	}
	s.p.stop(t)
	fsck(t, restored)
	noVersionTwice(t, restored)
	s.start()
	got, _ := s.page(page)
	require.Equal(t, want+"Offline, by A.\n", got)
}

// TestBackupWhilePeopleType backs up while people type and use the API, goes on,
// loses the data folder and restores: when everybody is back, every line that
// anybody typed is there, once.
func TestBackupWhilePeopleType(t *testing.T) {
	r := rand.New(rand.NewPCG(seed(t), 40))
	rounds := 1
	if soak() {
		rounds = 20
	}
	s := startLive(t, 3)
	c := newCrowd(s, []string{"internal/pricing/offer", "external/proposing/proposal"}, 3)
	for _, page := range c.pages {
		s.make(page, "# Page\n")
	}
	typed := make([]int, len(c.editors)) // lines, of each editor
	for round := range rounds {
		c.join()
		ctx, cancel := context.WithCancel(t.Context())
		var wait sync.WaitGroup
		for i, e := range c.editors {
			r := rand.New(rand.NewPCG(r.Uint64(), uint64(i)))
			wait.Go(func() {
				for ; ctx.Err() == nil; typed[i]++ {
					if !assert.NoError(t, e.Edit(ownLine(r, fmt.Sprintf("<%d.%d>", i, typed[i])))) {
						return
					}
					if r.IntN(40) == 0 {
						_ = e.Checkpoint("Checkpoint") // the server may be dead
					}
					time.Sleep(time.Duration(r.IntN(10)) * time.Millisecond)
				}
			})
		}
		wait.Go(func() {
			for n := 0; ctx.Err() == nil; n++ {
				for _, page := range c.pages {
					res, err := s.api(0).do("GET", livePages+page, "", nil)
					if err != nil {
						return
					}
					var got struct{ Text string }
					if !assert.NoError(t, json.Unmarshal(res.body, &got)) {
						return
					}
					res, err = s.api(0).json("PUT", livePages+page, map[string]any{"text": fmt.Sprintf("<api %d.%d>\n", round, n) + got.Text}, "If-Match", res.etag)
					if err != nil {
						return
					}
					assert.Contains(t, []int{http.StatusOK, http.StatusPreconditionFailed}, res.status, "%s", res.body)
				}
			}
		})
		time.Sleep(time.Duration(100+r.IntN(300)) * time.Millisecond)
		file := filepath.Join(t.TempDir(), "backup")
		dealwiki(t, "backup", "-data", s.data, "-o", file)
		time.Sleep(time.Duration(100+r.IntN(300)) * time.Millisecond)
		s.p.kill()
		cancel()
		wait.Wait()
		for _, e := range c.editors {
			e.Disconnect()
		}
		s.data = filepath.Join(t.TempDir(), "restored")
		dealwiki(t, "restore", "-data", s.data, file)
		for i, p := range s.people {
			s.tokens[i] = newToken(t, s.data, p.Email, "read,write")
		}
		s.start()
		c.join()
		texts := c.converge()
		seen := map[string]int{}
		for page, text := range texts {
			for line := range strings.Lines(text) {
				seen[page+" "+line]++
			}
			require.Equal(t, 1, seen[page+" # Page\n"], "the text of %s is doubled or gone", page)
		}
		for line, n := range seen {
			require.Equal(t, 1, n, "%q doubled", line)
		}
		for i, n := range typed {
			for k := range n {
				require.Equal(t, 1, seen[fmt.Sprintf("%s <%d.%d>\n", c.page(i), i, k)], "line %d of editor %d is missing", k, i)
			}
		}
	}
	texts := c.converge()
	s.p.stop(t)
	fsck(t, s.data)
	noVersionTwice(t, s.data)
	s.start()
	for page, text := range texts {
		got, _ := s.page(page)
		require.Equal(t, text, got, "%s", page)
	}
}

// ownLine inserts a line of its own after any other.
func ownLine(r *rand.Rand, line string) func(*yjs.Doc) []yjs.Edit {
	return func(d *yjs.Doc) []yjs.Edit {
		text := d.Text() // of ASCII
		at := r.IntN(len(text))
		at += strings.IndexByte(text[at:], '\n') + 1
		return []yjs.Edit{{Pos: at, Insert: line + "\n"}}
	}
}

// newToken makes a token of a person with the command for it.
func newToken(t testing.TB, data, email, scope string) string {
	t.Helper()
	return strings.TrimSpace(dealwiki(t, "token", "create", "-data", data, "-user", email, "-name", "test", "-scope", scope))
}

// dealwiki runs a command of the program and answers what it prints.
func dealwiki(t testing.TB, args ...string) string {
	t.Helper()
	var out, errs strings.Builder
	status := run(t.Context(), args, stdio{strings.NewReader(""), &out, &errs})
	require.Equal(t, exitDone, status, "%v: %s", args, errs.String())
	return out.String()
}
