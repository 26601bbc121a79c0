package repo_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dealwiki/internal/need"
	"dealwiki/wiki/repo"
)

var dana = repo.Person{Name: "Dana Ortiz", Email: "p7k2@users.invalid"}

// git returns the system's git, or skips the test.
func git(t testing.TB) string { return need.Program(t, "git") }

// run runs git in a folder and returns what it printed, trimmed.
func run(t testing.TB, dir string, args ...string) string {
	t.Helper()
	cmd := exec.Command(git(t), args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL="+os.DevNull,
		"GIT_AUTHOR_NAME=T", "GIT_AUTHOR_EMAIL=t@users.invalid", "GIT_COMMITTER_NAME=T", "GIT_COMMITTER_EMAIL=t@users.invalid")
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "git %v: %s", args, out)
	return strings.TrimSpace(string(out))
}

func fsck(t testing.TB, dir string) {
	t.Helper()
	out := run(t, dir, "fsck", "--strict", "--full", "--no-dangling")
	assert.Empty(t, out)
}

func create(t testing.TB, o repo.Options) *repo.Repo {
	t.Helper()
	r, err := repo.Create(filepath.Join(t.TempDir(), "internal.git"), o)
	require.NoError(t, err)
	t.Cleanup(func() { r.Close() })
	return r
}

func put(path, text string) repo.Edit { return repo.Edit{Path: path, Data: []byte(text)} }

func commit(t testing.TB, r *repo.Repo, text string, edits ...repo.Edit) repo.Hash {
	t.Helper()
	head, err := r.Head()
	require.NoError(t, err)
	h, err := r.Commit(t.Context(), head, edits, repo.Message{Author: dana, Text: text})
	require.NoError(t, err)
	return h
}

func TestCreateAndOpen(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a.git")
	_, err := repo.Open(dir, repo.Options{})
	require.ErrorIs(t, err, fs.ErrNotExist)
	r, err := repo.Create(dir, repo.Options{})
	require.NoError(t, err)
	_, err = repo.Create(dir, repo.Options{})
	require.ErrorIs(t, err, repo.ErrExists)
	head, err := r.Head()
	require.NoError(t, err)
	assert.Equal(t, repo.Zero, head)
	tree, err := r.Tree(head)
	require.NoError(t, err)
	entries, err := tree.ReadDir(".")
	require.NoError(t, err)
	assert.Empty(t, entries)
	assert.NoError(t, r.Check(t.Context()))
	_, err = repo.Open(dir, repo.Options{})
	require.NoError(t, err)
}

func TestCommit(t *testing.T) {
	r := create(t, repo.Options{Now: func() time.Time { return time.Unix(1_800_000_000, 0).In(time.FixedZone("", 7200)) }})
	first := commit(t, r, "One\n\nWhy.\n\nCo-authored-by: Kim Berg <q9x4@users.invalid>", put("closing/plan.md", "a\n"), put("account/x.md", "x\n"))
	second := commit(t, r, "Two", put("closing/plan.md", "b\n"), repo.Edit{Path: "account/x.md", Delete: true})

	c, err := r.Lookup(first)
	require.NoError(t, err)
	assert.Equal(t, "One", c.Subject())
	assert.Equal(t, []repo.Person{{Name: "Kim Berg", Email: "q9x4@users.invalid"}}, c.CoAuthors())
	assert.Equal(t, "Kim Berg <q9x4@users.invalid>", c.Trailer("co-authored-by"))
	assert.Equal(t, dana, c.Committer)
	assert.Equal(t, int64(1_800_000_000), c.AuthoredAt.Unix())

	tree, err := r.Tree(second)
	require.NoError(t, err)
	data, err := fs.ReadFile(tree, "closing/plan.md")
	require.NoError(t, err)
	assert.Equal(t, "b\n", string(data))
	_, err = tree.Stat("account")
	assert.ErrorIs(t, err, fs.ErrNotExist, "an empty folder is gone")

	changes, err := r.Changes(first, second)
	require.NoError(t, err)
	require.Len(t, changes, 2)
	assert.Equal(t, "account/x.md", changes[0].Path)
	assert.True(t, changes[0].To.IsZero())

	_, err = r.Commit(t.Context(), first, []repo.Edit{put("a.md", "a")}, repo.Message{Author: dana, Text: "late"})
	assert.ErrorIs(t, err, repo.ErrConflict)
	_, err = r.Commit(t.Context(), second, []repo.Edit{put("closing/plan.md", "b\n")}, repo.Message{Author: dana, Text: "same"})
	assert.ErrorIs(t, err, repo.ErrNoChange)
	_, err = r.Commit(t.Context(), second, []repo.Edit{{Path: "nothing.md", Delete: true}}, repo.Message{Author: dana})
	assert.ErrorIs(t, err, fs.ErrNotExist)
	empty, err := r.Commit(t.Context(), second, nil, repo.Message{Author: dana, Text: "empty", AllowEmpty: true})
	require.NoError(t, err)
	yes, err := r.IsAncestor(t.Context(), first, empty)
	require.NoError(t, err)
	assert.True(t, yes)
	yes, err = r.IsAncestor(t.Context(), empty, first)
	require.NoError(t, err)
	assert.False(t, yes)
	assert.NoError(t, r.Check(t.Context()))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = r.Commit(ctx, empty, []repo.Edit{put("a.md", "a")}, repo.Message{Author: dana})
	assert.ErrorIs(t, err, context.Canceled)
	fsck(t, r.Dir())
	assert.Equal(t, "b", run(t, r.Dir(), "show", "main:closing/plan.md"))
}

func TestFilesAndFoldersCollide(t *testing.T) {
	r := create(t, repo.Options{})
	base := commit(t, r, "One", put("a", "file"), put("b/c", "x"))
	for _, edits := range [][]repo.Edit{
		{put("a/b", "below a file")},
		{put("b", "over a folder")},
		{put("n", "1"), put("n/m", "2")},
		{put("n", "1"), put("n", "2")},
		{{Path: "b", Delete: true}},
	} {
		_, err := r.Commit(t.Context(), base, edits, repo.Message{Author: dana})
		assert.Error(t, err, "%v", edits)
	}
	head := commit(t, r, "Turn", repo.Edit{Path: "a", Delete: true}, put("a/b", "now a folder"), repo.Edit{Path: "b/c", Delete: true}, put("b", "now a file"))
	tree, err := r.Tree(head)
	require.NoError(t, err)
	data, err := tree.ReadFile("b")
	require.NoError(t, err)
	assert.Equal(t, "now a file", string(data))
	fsck(t, r.Dir())
}

func TestPaths(t *testing.T) {
	for _, p := range []string{
		"", "/", "a//b", "/a", "a/", ".", "..", "a/../b", "a/./b", ".git", ".GIT/config", "x/.git/hooks", "git~1", "GIT~1/x", ".git ", ".git.", ".git::$INDEX_ALLOCATION",
		".g\u200cit", "a\\b", "a\nb", "a\x00", "\x7f", "a\u202eb", "a\xff", strings.Repeat("a", 256), strings.Repeat("a/", 1000) + "b", ".gitmodules", ".GITMODULES",
	} {
		assert.ErrorIs(t, repo.CheckPath(p), repo.ErrPath, "%q", p)
	}
	for _, p := range []string{"a", "closing/plan.md", "log/2026-11-21-anruf-müller.md", "account/files/Angebot (2).pdf", "a/.hidden", ".gitignore", "日本/語.md", "a..b", "a/files/👨\u200d👩\u200d👧.png"} {
		assert.NoError(t, repo.CheckPath(p), "%q", p)
	}
	r := create(t, repo.Options{})
	_, err := r.Commit(t.Context(), repo.Zero, []repo.Edit{put(".git/config", "x")}, repo.Message{Author: dana})
	assert.ErrorIs(t, err, repo.ErrPath)
	_, err = r.WriteTree([]repo.TreeEntry{{Name: "..", Mode: repo.ModeFile, Hash: repo.Hash{1}}})
	assert.ErrorIs(t, err, repo.ErrPath)
}

func TestTreeIsAFileSystem(t *testing.T) {
	r := create(t, repo.Options{})
	head := commit(t, r, "One", put("a.md", "hello"), put("b/c/d.md", "deep"), put("b/e.md", ""), put("b.md", "x"))
	tree, err := r.Tree(head)
	require.NoError(t, err)
	require.NoError(t, fstest.TestFS(tree, "a.md", "b/c/d.md", "b/e.md", "b.md"))
	f, err := tree.Open("a.md")
	require.NoError(t, err)
	_, err = f.(io.ReadSeeker).Seek(2, io.SeekStart)
	require.NoError(t, err)
	rest, err := io.ReadAll(f)
	require.NoError(t, err)
	assert.Equal(t, "llo", string(rest))
	var paths []string
	for p, f := range tree.Files() {
		paths = append(paths, p)
		h, size, err := tree.Blob(p)
		require.NoError(t, err)
		assert.Equal(t, h, f.Blob)
		assert.Equal(t, size, f.Size)
	}
	require.NoError(t, tree.Err())
	assert.Len(t, paths, 4)
	_, _, err = tree.Blob("b")
	assert.ErrorIs(t, err, fs.ErrNotExist)
}

func TestHostileText(t *testing.T) {
	r := create(t, repo.Options{})
	_, err := r.Commit(t.Context(), repo.Zero, []repo.Edit{put("a.md", "a\x00b")}, repo.Message{
		Author: repo.Person{Name: "Eve <x>\nauthor Fake <f@f> 1 +0000", Email: "e>\n@x"}, When: time.Unix(-5, 0), Text: "a\x00b"})
	require.NoError(t, err)
	_, err = r.WriteCommit(repo.Commit{})
	require.Error(t, err)
	fsck(t, r.Dir())
}

func TestTwoWriters(t *testing.T) {
	a := create(t, repo.Options{})
	base := commit(t, a, "base", put("a.md", "0"))
	b, err := repo.Open(a.Dir(), repo.Options{})
	require.NoError(t, err)
	var wg sync.WaitGroup
	var mu sync.Mutex
	won := 0
	for i, r := range []*repo.Repo{a, b, a, b} {
		wg.Go(func() {
			_, err := r.Commit(context.Background(), base, []repo.Edit{put("a.md", fmt.Sprint("by ", i))}, repo.Message{Author: dana, Text: "x"})
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				won++
			} else {
				assert.ErrorIs(t, err, repo.ErrConflict)
			}
		})
	}
	wg.Wait()
	assert.Equal(t, 1, won)
	fsck(t, a.Dir())
}

func TestManyWritersLoseNothing(t *testing.T) {
	r := create(t, repo.Options{})
	commit(t, r, "base", put("a.md", "0"))
	const writers, each = 8, 12
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for n := range each {
				for {
					head, err := r.Head()
					if !assert.NoError(t, err) {
						return
					}
					_, err = r.Commit(context.Background(), head, []repo.Edit{put(fmt.Sprintf("w%d/n%d.md", w, n), "x")}, repo.Message{Author: dana, Text: "x"})
					if err == nil {
						break
					}
					if !assert.ErrorIs(t, err, repo.ErrConflict) {
						return
					}
				}
			}
		})
	}
	wg.Wait()
	head, err := r.Head()
	require.NoError(t, err)
	tree, err := r.Tree(head)
	require.NoError(t, err)
	n := 0
	for range tree.Files() {
		n++
	}
	assert.Equal(t, writers*each+1, n)
	n = 0
	for _, err := range r.Log(t.Context(), head) {
		require.NoError(t, err)
		n++
	}
	assert.Equal(t, writers*each+1, n)
	require.NoError(t, r.Check(t.Context()))
}

func TestStaleLocksAreSwept(t *testing.T) {
	r := create(t, repo.Options{})
	commit(t, r, "base", put("a.md", "0"))
	old := time.Now().Add(-time.Hour)
	for _, name := range []string{"refs/heads/main.lock", "HEAD.lock", "packed-refs.lock", "objects/tmp_obj_x", "objects/pack/tmp_pack_x", "gc.pid"} {
		path := filepath.Join(r.Dir(), name)
		require.NoError(t, os.WriteFile(path, []byte("x"), 0o600))
		require.NoError(t, os.Chtimes(path, old, old))
	}
	live := filepath.Join(r.Dir(), "refs/tags/x.lock")
	require.NoError(t, os.WriteFile(live, nil, 0o600))
	reader, err := repo.Open(r.Dir(), repo.Options{ReadOnly: true})
	require.NoError(t, err)
	_, err = reader.Commit(t.Context(), repo.Zero, nil, repo.Message{})
	require.ErrorIs(t, err, repo.ErrReadOnly)
	require.FileExists(t, filepath.Join(r.Dir(), "refs/heads/main.lock"))
	r, err = repo.Open(r.Dir(), repo.Options{})
	require.NoError(t, err)
	commit(t, r, "next", put("a.md", "1"))
	var left []string
	require.NoError(t, filepath.WalkDir(r.Dir(), func(p string, d fs.DirEntry, err error) error {
		if strings.HasSuffix(p, ".lock") || strings.Contains(p, "tmp_") || strings.HasSuffix(p, "gc.pid") {
			left = append(left, p)
		}
		return err
	}))
	assert.Equal(t, []string{live}, left, "what this process made stays")
}

func TestLockOfAnotherProgram(t *testing.T) {
	r := create(t, repo.Options{})
	base := commit(t, r, "base", put("a.md", "0"))
	lock := filepath.Join(r.Dir(), "refs/heads/main.lock")
	require.NoError(t, os.WriteFile(lock, nil, 0o600))
	_, err := r.Commit(t.Context(), base, []repo.Edit{put("a.md", "1")}, repo.Message{Author: dana})
	require.ErrorIs(t, err, repo.ErrLocked)
	require.FileExists(t, lock)
	old := time.Now().Add(-time.Minute)
	require.NoError(t, os.Chtimes(lock, old, old))
	commit(t, r, "whoever held it is dead", put("a.md", "1"))
	require.NoFileExists(t, lock)
}

func TestDamageIsFound(t *testing.T) {
	r := create(t, repo.Options{Git: git(t)})
	head := commit(t, r, "base", put("a.md", "some text"), put("b.md", "other"))
	tree, err := r.Tree(head)
	require.NoError(t, err)
	h, _, err := tree.Blob("a.md")
	require.NoError(t, err)
	require.NoError(t, r.Check(t.Context()))
	object := filepath.Join(r.Dir(), "objects", h.String()[:2], h.String()[2:])
	require.NoError(t, os.Chmod(object, 0o600))
	require.NoError(t, os.WriteFile(object, []byte("garbage"), 0o600))
	require.Error(t, r.Check(t.Context()))
	fresh, err := repo.Open(r.Dir(), repo.Options{})
	require.NoError(t, err)
	tree, err = fresh.Tree(head)
	require.NoError(t, err)
	_, err = tree.ReadFile("a.md")
	require.Error(t, err)
	data, err := tree.ReadFile("b.md")
	require.NoError(t, err, "the rest is served")
	assert.Equal(t, "other", string(data))
	require.NoError(t, os.WriteFile(filepath.Join(r.Dir(), "refs/heads/main"), nil, 0o600))
	_, err = fresh.Head()
	require.ErrorIs(t, err, repo.ErrRef)
}

func TestImportByObjects(t *testing.T) {
	for _, n := range []int{3, 400} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			r := create(t, repo.Options{})
			files := map[string]repo.Hash{}
			var parent []repo.Hash
			var head repo.Hash
			for i := range n {
				blob, err := r.WriteBlob(fmt.Appendf(nil, "text %d\n", i))
				require.NoError(t, err)
				files[fmt.Sprintf("s%d/p%d.md", i%5, i%40)] = blob
				root, err := r.WriteFiles(files)
				require.NoError(t, err)
				at := time.Unix(1_600_000_000+int64(i), 0).In(time.FixedZone("", -5*3600))
				head, err = r.WriteCommit(repo.Commit{Tree: root, Parents: parent, Author: repo.Person{Name: "Old Hand", Email: "old@example.org"},
					AuthoredAt: at, Committer: dana, CommittedAt: at, Text: fmt.Sprintf("Change %d\n", i)})
				require.NoError(t, err)
				parent = []repo.Hash{head}
				back, err := r.Blob(blob)
				require.NoError(t, err)
				require.Contains(t, string(back), fmt.Sprint(i))
			}
			require.NoError(t, r.SetHead(t.Context(), repo.Zero, head))
			require.ErrorIs(t, r.SetHead(t.Context(), repo.Zero, head), repo.ErrConflict)
			require.Error(t, r.SetHead(t.Context(), head, repo.Hash{1}))
			fsck(t, r.Dir())
			again, err := repo.Open(r.Dir(), repo.Options{})
			require.NoError(t, err)
			require.NoError(t, again.Check(t.Context()))
			assert.Equal(t, fmt.Sprint(n), run(t, r.Dir(), "rev-list", "--count", "main"))
			assert.Equal(t, "Old Hand <old@example.org> -0500", run(t, r.Dir(), "log", "-1", "--format=%an <%ae> %ad", "--date=format:%z", "main"))
		})
	}
}

func TestLogIsGitsLog(t *testing.T) {
	r := create(t, repo.Options{})
	g := generate(t, r, 7, 120)
	want := strings.Fields(run(t, r.Dir(), "log", "--format=%H", "main"))
	var got []string
	for c, err := range r.Log(t.Context(), g.head) {
		require.NoError(t, err)
		got = append(got, c.ID.String())
	}
	assert.Equal(t, want, got)
	rnd := rand.New(rand.NewPCG(1, 2))
	for range 40 {
		from, stop := g.commits[rnd.IntN(len(g.commits))], g.commits[rnd.IntN(len(g.commits))]
		want := strings.Fields(run(t, r.Dir(), "log", "--format=%H", from.String(), "^"+stop.String()))
		var got []string
		for c, err := range r.Log(t.Context(), from, stop) {
			require.NoError(t, err)
			got = append(got, c.ID.String())
		}
		assert.ElementsMatch(t, want, got)
		yes, err := r.IsAncestor(t.Context(), stop, from)
		require.NoError(t, err)
		err = exec.Command(git(t), "-C", r.Dir(), "merge-base", "--is-ancestor", stop.String(), from.String()).Run()
		assert.Equal(t, err == nil, yes)
	}
}

func TestPackWhileReading(t *testing.T) {
	r := create(t, repo.Options{Git: git(t), Cache: repo.NewCache(1 << 16)})
	for i := range 30 {
		commit(t, r, "x", put(fmt.Sprintf("s/p%d.md", i%7), strings.Repeat(fmt.Sprintf("line %d\n", i), 50)))
	}
	head, err := r.Head()
	require.NoError(t, err)
	// Another reader has its list of packs from before.
	other, err := repo.Open(r.Dir(), repo.Options{Cache: repo.NewCache(1 << 10)})
	require.NoError(t, err)
	require.NoError(t, other.Check(t.Context()))
	stop := make(chan struct{})
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				for c, err := range r.Log(context.Background(), head) {
					if !assert.NoError(t, err) {
						return
					}
					tree, err := r.Tree(c.ID)
					if !assert.NoError(t, err) {
						return
					}
					for p := range tree.Files() {
						_, err := tree.ReadFile(p)
						assert.NoError(t, err)
					}
					assert.NoError(t, tree.Err())
				}
			}
		})
	}
	for i := range 4 {
		commit(t, r, "x", put("s/p1.md", fmt.Sprintf("new %d\n", i)))
		require.NoError(t, r.Pack(t.Context()))
	}
	close(stop)
	wg.Wait()
	require.NoError(t, other.Check(t.Context()))
	fsck(t, r.Dir())
	packs, err := filepath.Glob(filepath.Join(r.Dir(), "objects/pack/*.pack"))
	require.NoError(t, err)
	assert.Len(t, packs, 1)
	assert.FileExists(t, filepath.Join(r.Dir(), "refs/heads/main"))
	require.NoError(t, r.Close())
	_, err = r.Lookup(head)
	require.NoError(t, err, "a closed repository opens its files again")
}

func TestNeedsPacking(t *testing.T) {
	plain := create(t, repo.Options{})
	assert.False(t, plain.NeedsPacking())
	require.NoError(t, plain.Pack(t.Context()), "without git nothing is packed")
	r := create(t, repo.Options{Git: git(t)})
	assert.False(t, r.NeedsPacking())
	for i := range 400 {
		for j := range 3 {
			_, err := r.WriteBlob(fmt.Appendf(nil, "%d %d", i, j))
			require.NoError(t, err)
		}
	}
	require.NoError(t, r.Sync())
	assert.True(t, r.NeedsPacking())
	require.NoError(t, r.Pack(t.Context()))
	assert.False(t, r.NeedsPacking())
}

func TestPushFromOutside(t *testing.T) {
	r := create(t, repo.Options{Git: git(t)})
	commit(t, r, "base", put("a.md", "0\n"))
	_, err := r.Tree(repo.Zero)
	require.NoError(t, err)
	work := filepath.Join(t.TempDir(), "work")
	run(t, t.TempDir(), "clone", "-q", r.Dir(), work)
	for i := range 5 {
		require.NoError(t, os.WriteFile(filepath.Join(work, "b.md"), fmt.Appendf(nil, "%d\n", i), 0o600))
		run(t, work, "add", "b.md")
		run(t, work, "commit", "-qm", "outside")
		require.NoError(t, r.Exclusive(t.Context(), func(context.Context) error {
			cmd := exec.Command(git(t), "push", "-q", "origin", "HEAD:main")
			cmd.Dir = work
			out, err := cmd.CombinedOutput()
			if err != nil {
				return fmt.Errorf("%w: %s", err, out)
			}
			return nil
		}))
		run(t, r.Dir(), "repack", "-adq")
		head, err := r.Head()
		require.NoError(t, err)
		assert.Equal(t, run(t, work, "rev-parse", "HEAD"), head.String())
		tree, err := r.Tree(head)
		require.NoError(t, err)
		data, err := tree.ReadFile("b.md")
		require.NoError(t, err)
		assert.Equal(t, fmt.Sprintln(i), string(data))
	}
	run(t, r.Dir(), "pack-refs", "--all")
	head, err := r.Head()
	require.NoError(t, err)
	assert.False(t, head.IsZero())
	commit(t, r, "after packed references", put("a.md", "1\n"))
	fsck(t, r.Dir())
}

// generated is a random history.
type generated struct {
	head    repo.Hash
	commits []repo.Hash
	paths   []string // every path that ever was
}

// generate writes a random history with branches, merges, renames, removals,
// returns of old names and reverts, by the object-level writers.
func generate(t testing.TB, r *repo.Repo, seed uint64, n int) generated {
	t.Helper()
	rnd := rand.New(rand.NewPCG(seed, seed))
	type tip struct {
		id    repo.Hash
		files map[string]repo.Hash
	}
	clone := func(m map[string]repo.Hash) map[string]repo.Hash {
		c := make(map[string]repo.Hash, len(m))
		for k, v := range m {
			c[k] = v
		}
		return c
	}
	texts := map[repo.Hash]string{}
	blob := func(s string) repo.Hash {
		h, err := r.WriteBlob([]byte(s))
		require.NoError(t, err)
		texts[h] = s
		return h
	}
	all := map[string]bool{}
	var g generated
	tips := []tip{{files: map[string]repo.Hash{}}}
	name := func() string { return fmt.Sprintf("s%d/p%d.md", rnd.IntN(3), rnd.IntN(6)) }
	text := func() string {
		var b strings.Builder
		for range 8 + rnd.IntN(8) {
			fmt.Fprintf(&b, "line %d %d\n", rnd.IntN(1000), rnd.IntN(1000))
		}
		return b.String()
	}
	change := func(files map[string]repo.Hash) {
		var names []string
		for p := range files {
			names = append(names, p)
		}
		slices.Sort(names)
		switch k := rnd.IntN(10); {
		case len(names) == 0 || k < 2:
			files[name()] = blob(text())
		case k < 6:
			p := names[rnd.IntN(len(names))]
			lines := strings.SplitAfter(texts[files[p]], "\n")
			lines[rnd.IntN(len(lines))] = fmt.Sprintf("changed %d\n", rnd.Uint32())
			files[p] = blob(strings.Join(lines, ""))
		case k == 6:
			delete(files, names[rnd.IntN(len(names))])
		case k == 7 && len(g.commits) > 3: // back to some earlier content
			p := names[rnd.IntN(len(names))]
			for h := range texts {
				files[p] = h
				break
			}
		default:
			from, to := names[rnd.IntN(len(names))], name()
			h := files[from]
			delete(files, from)
			if rnd.IntN(2) == 0 {
				h = blob(texts[h] + fmt.Sprintf("added %d\n", rnd.Uint32()))
			}
			files[to] = h
		}
	}
	for i := range n {
		k := rnd.IntN(len(tips))
		cur := tip{tips[k].id, clone(tips[k].files)}
		var parents []repo.Hash
		if !cur.id.IsZero() {
			parents = append(parents, cur.id)
		}
		merge := len(tips) > 1 && rnd.IntN(4) == 0 || i == n-1
		if merge {
			for j, o := range tips {
				if j == k || o.id == cur.id || o.id.IsZero() || i < n-1 && rnd.IntN(2) == 0 {
					continue
				}
				parents = append(parents, o.id)
				for _, p := range append(mapNames(cur.files), mapNames(o.files)...) {
					switch rnd.IntN(3) { // ours, theirs, or something else
					case 0:
						if h, ok := o.files[p]; ok {
							cur.files[p] = h
						} else {
							delete(cur.files, p)
						}
					case 1:
						if rnd.IntN(6) == 0 {
							cur.files[p] = blob(text())
						}
					}
				}
				if i < n-1 {
					break
				}
			}
			parents = slices.Compact(parents)
		}
		if !merge || rnd.IntN(5) == 0 {
			for range 1 + rnd.IntN(2) {
				change(cur.files)
			}
		}
		for p := range cur.files {
			all[p] = true
		}
		root, err := r.WriteFiles(cur.files)
		require.NoError(t, err)
		at := time.Unix(1_700_000_000+int64(i)*60, 0).UTC()
		cur.id, err = r.WriteCommit(repo.Commit{Tree: root, Parents: parents, Author: dana, Committer: dana, AuthoredAt: at, CommittedAt: at, Text: fmt.Sprintf("c%d\n", i)})
		require.NoError(t, err)
		g.commits = append(g.commits, cur.id)
		g.head = cur.id
		tips[k] = cur
		if len(tips) < 4 && rnd.IntN(6) == 0 {
			tips = append(tips, tip{cur.id, clone(cur.files)})
		}
	}
	old, err := r.Head()
	require.NoError(t, err)
	require.NoError(t, r.SetHead(t.Context(), old, g.head))
	g.paths = mapNames2(all)
	return g
}

func mapNames(m map[string]repo.Hash) []string {
	var names []string
	for p := range m {
		names = append(names, p)
	}
	slices.Sort(names)
	return names
}

func mapNames2(m map[string]bool) []string {
	var names []string
	for p := range m {
		names = append(names, p)
	}
	slices.Sort(names)
	return names
}

func TestDocumentedErrors(t *testing.T) {
	_, err := repo.ParseHash("main")
	require.Error(t, err)
	r := create(t, repo.Options{})
	_, err = r.Lookup(repo.Hash{1})
	require.Error(t, err)
	_, err = r.Tree(repo.Hash{1})
	require.Error(t, err)
	commit(t, r, "x", put("a.md", "x"))
	tree, err := r.Tree(must(r.Head()))
	require.NoError(t, err)
	_, err = tree.Open("../x")
	assert.True(t, errors.Is(err, fs.ErrInvalid))
	data, err := tree.ReadFile("a.md")
	require.NoError(t, err)
	data[0] = 'y'
	again, err := tree.ReadFile("a.md")
	require.NoError(t, err)
	assert.True(t, bytes.Equal([]byte("x"), again), "a caller's change stays its own")
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// TestGitIsCalledBare has a program in git's place that writes down how it was
// called: only words of our own, and nothing of our environment.
func TestGitIsCalledBare(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("needs a shell")
	}
	dir := t.TempDir()
	log := filepath.Join(dir, "log")
	fake := filepath.Join(dir, "fake-git")
	require.NoError(t, os.WriteFile(fake, []byte("#!/bin/sh\necho \"$@\" >>"+log+"\nenv >>"+log+"\n"), 0o700))
	t.Setenv("GIT_DIR", "/elsewhere")
	t.Setenv("SECRET_OF_THE_SERVER", "x")
	r := create(t, repo.Options{Git: fake})
	commit(t, r, "--upload-pack=evil", put("--output=evil.md", "x"))
	require.NoError(t, r.Pack(t.Context()))
	require.NoError(t, r.Check(t.Context()))
	out, err := os.ReadFile(log)
	require.NoError(t, err)
	text := string(out)
	assert.Contains(t, text, "-c core.fsync=all -c gc.auto=0")
	assert.Contains(t, text, "fsck --strict")
	for _, word := range []string{"evil", "SECRET_OF_THE_SERVER", "/elsewhere"} {
		assert.NotContains(t, text, word)
	}
	broken := create(t, repo.Options{Git: filepath.Join(dir, "no-such-git")})
	commit(t, broken, "x", put("a.md", "x"))
	require.Error(t, broken.Pack(t.Context()))
	commit(t, broken, "the writer's lock is free again", put("a.md", "y"))
}

func TestSharedCacheSharesNoObjects(t *testing.T) {
	cache := repo.NewCache(1 << 20)
	internal, external := create(t, repo.Options{Cache: cache}), create(t, repo.Options{Cache: cache})
	head := commit(t, internal, "secret", put("a.md", "our lowest price\n"))
	tree, err := internal.Tree(head)
	require.NoError(t, err)
	blob, _, err := tree.Blob("a.md")
	require.NoError(t, err)
	_, err = internal.Blob(blob)
	require.NoError(t, err)
	_, err = external.Lookup(head)
	require.Error(t, err)
	_, err = external.Blob(blob)
	require.Error(t, err)
	_, err = external.Commit(t.Context(), repo.Zero, []repo.Edit{{Path: "b.md", Blob: blob}}, repo.Message{Author: dana, Text: "x"})
	require.Error(t, err)
	require.Error(t, external.SetHead(t.Context(), repo.Zero, head))
	require.NoError(t, external.Check(t.Context()))
}
