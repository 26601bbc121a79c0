package repo_test

import (
	"database/sql"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	_ "modernc.org/sqlite"

	"dealwiki/wiki/repo"
)

func database(t testing.TB) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+filepath.Join(t.TempDir(), "derived.db")+
		"?_pragma=journal_mode(WAL)&_pragma=synchronous(OFF)&_pragma=busy_timeout(10000)&_txlock=immediate")
	require.NoError(t, err)
	t.Cleanup(func() { db.Close() })
	return db
}

func history(t testing.TB) *repo.History {
	t.Helper()
	h, err := repo.OpenHistory(t.Context(), database(t))
	require.NoError(t, err)
	return h
}

// gitLog is plain git log of a path, newest first.
func gitLog(t testing.TB, dir, rev, path string) []string {
	return strings.Fields(run(t, dir, "log", "--format=%H", rev, "--", ":(literal)"+path))
}

// wantVersions is what the versions of a page must be: git log of its name, and
// where a version was a rename, git log of the former name before it.
func wantVersions(t testing.TB, dir, rev, path string, renames map[string]string, seen map[string]bool, into map[string]bool) {
	key := rev + ":" + path
	if seen[key] {
		return
	}
	seen[key] = true
	for _, c := range gitLog(t, dir, rev, path) {
		into[c] = true
		if from := renames[c+":"+path]; from != "" {
			wantVersions(t, dir, c+"^1", from, renames, seen, into)
		}
	}
}

// checkHistory compares the table with git for every path there ever was.
func checkHistory(t *testing.T, h *repo.History, r *repo.Repo, paths []string, ordered bool) {
	t.Helper()
	ctx := t.Context()
	latest, err := h.Latest(ctx, "a/internal")
	require.NoError(t, err)
	tree, err := r.Tree(must(r.Head()))
	require.NoError(t, err)
	n := 0
	for p, f := range tree.Files() {
		n++
		require.Contains(t, latest, p)
		assert.Equal(t, f.Blob, latest[p].Blob, p)
	}
	assert.Len(t, latest, n)
	for _, p := range paths {
		plain := gitLog(t, r.Dir(), "main", p)
		versions, err := h.Versions(ctx, "a/internal", p, 0, repo.Zero)
		if len(plain) == 0 {
			assert.ErrorIs(t, err, fs.ErrNotExist, "%s was only in a branch that a merge left out", p)
			continue
		}
		require.NoError(t, err, p)
		renames := map[string]string{}
		var got, named []string
		for i, v := range versions {
			got = append(got, v.Commit.String())
			if v.Path == p {
				named = append(named, v.Commit.String())
			}
			if v.Renamed != "" {
				renames[v.Commit.String()+":"+v.Path] = v.Renamed
			}
			assert.Equal(t, len(versions)-i, v.Number, "%s: numbers go down to 1", p)
			one, err := h.Version(ctx, "a/internal", p, v.Commit)
			require.NoError(t, err)
			assert.Equal(t, v, one)
		}
		want := map[string]bool{}
		wantVersions(t, r.Dir(), "main", p, renames, map[string]bool{}, want)
		assert.ElementsMatch(t, mapNames2(want), got, p)
		if len(renames) == 0 && ordered {
			assert.Equal(t, plain, got, p)
		}
		if len(renames) == 0 {
			assert.ElementsMatch(t, plain, named, p)
		}
		if len(versions) > 3 {
			part, err := h.Versions(ctx, "a/internal", p, 2, versions[0].Commit)
			require.NoError(t, err)
			assert.Equal(t, versions[1:3], part)
		}
		if l, ok := latest[p]; ok && len(versions) > 0 {
			assert.Equal(t, versions[0].Commit, l.Commit)
		}
	}
}

func dump(t testing.TB, h *repo.History, paths []string) string {
	t.Helper()
	var b strings.Builder
	for _, p := range paths {
		versions, err := h.Versions(t.Context(), "a/internal", p, 0, repo.Zero)
		if err != nil {
			require.ErrorIs(t, err, fs.ErrNotExist)
		}
		fmt.Fprintf(&b, "%s: %v\n", p, versions)
	}
	recent, err := h.Recent(t.Context(), "a/internal", 0, repo.Zero)
	require.NoError(t, err)
	fmt.Fprint(&b, recent)
	return b.String()
}

func TestHistoryIsGitsLog(t *testing.T) {
	for seed := range uint64(10) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			r := create(t, repo.Options{})
			g := generate(t, r, seed, 60)
			h := history(t)
			require.NoError(t, h.Follow(t.Context(), "a/internal", r))
			checkHistory(t, h, r, g.paths, true)
			fsck(t, r.Dir())
		})
	}
}

func TestFollowingInStepsIsBuildingAnew(t *testing.T) {
	for seed := range uint64(8) {
		r := create(t, repo.Options{})
		g := generate(t, r, 100+seed, 80)
		steps := history(t)
		head := g.head
		order := g.commits
		if seed%2 == 0 { // as main goes: each commit follows the one before it
			order = nil
			for h := g.head; !h.IsZero(); {
				c, err := r.Lookup(h)
				require.NoError(t, err)
				order = append(order, h)
				if h = repo.Zero; len(c.Parents) > 0 {
					h = c.Parents[0]
				}
			}
			slices.Reverse(order)
		}
		for _, c := range order {
			// In the other half main jumps between branches, which asks for the
			// table to be built anew.
			require.NoError(t, r.SetHead(t.Context(), must(r.Head()), c))
			require.NoError(t, steps.Follow(t.Context(), "a/internal", r))
		}
		require.Equal(t, head, must(r.Head()))
		whole := history(t)
		require.NoError(t, whole.Follow(t.Context(), "a/internal", r))
		assert.Equal(t, dump(t, whole, g.paths), dump(t, steps, g.paths))
		require.NoError(t, steps.Forget(t.Context(), "a/internal"))
		_, err := steps.Last(t.Context(), "a/internal", g.paths[0])
		require.ErrorIs(t, err, fs.ErrNotExist)
	}
}

func TestHistoryOfRealDeals(t *testing.T) {
	for _, name := range []string{"fedramp-dashboard", "opm-eqip"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := bundle(t, name)
			h := history(t)
			require.NoError(t, h.Follow(t.Context(), "a/internal", r))
			paths := map[string]bool{}
			for p := range strings.SplitSeq(run(t, r.Dir(), "-c", "core.quotePath=false", "log", "--format=", "--name-only", "--no-renames", "-m", "main"), "\n") {
				if p != "" {
					paths[strings.Trim(p, `"`)] = true
				}
			}
			checkHistory(t, h, r, mapNames2(paths), false)
			require.NoError(t, r.Check(t.Context()))
			same, all := 0, 0
			tree, err := r.Tree(must(r.Head()))
			require.NoError(t, err)
			for p := range tree.Files() {
				if !strings.HasSuffix(p, ".md") {
					continue
				}
				lines, err := h.Blame(t.Context(), "a/internal", p)
				require.NoError(t, err)
				want := gitBlame(t, r.Dir(), p)
				require.Len(t, lines, len(want))
				for i := range want {
					all++
					if want[i] == lines[i].Commit.String() {
						same++
					}
				}
			}
			t.Logf("%d of %d lines have the origin that git blame names", same, all)
			assert.GreaterOrEqual(t, same*100, all*95)
		})
	}
}

// bundle opens one of the real repositories as git cloned it, branch main.
func bundle(t testing.TB, name string) *repo.Repo {
	t.Helper()
	dir := filepath.Join(t.TempDir(), name+".git")
	file, err := filepath.Abs(filepath.Join("..", "transfer", "testdata", "realdeals", name+".bundle"))
	require.NoError(t, err)
	run(t, t.TempDir(), "clone", "-q", "--bare", file, dir)
	run(t, dir, "branch", "-m", "main")
	r, err := repo.Open(dir, repo.Options{Git: git(t)})
	require.NoError(t, err)
	return r
}

// gitBlame is the commit of each line of a file at main.
func gitBlame(t testing.TB, dir, path string) []string {
	t.Helper()
	var commits []string
	for line := range strings.SplitSeq(run(t, dir, "blame", "--porcelain", "main", "--", path), "\n") {
		f := strings.Fields(line)
		if len(f) >= 3 && len(f[0]) == 40 && !strings.HasPrefix(line, "\t") {
			commits = append(commits, f[0])
		}
	}
	return commits
}

func TestBlameIsGitsBlame(t *testing.T) {
	r := create(t, repo.Options{})
	h := history(t)
	lines := []string{}
	for i := range 60 {
		// Lines are unique, so that there is one right answer.
		at := (i * 7) % (len(lines) + 1)
		switch {
		case i%5 == 3:
			lines = slices.Delete(lines, at%len(lines), at%len(lines)+1)
		case i%3 == 1:
			lines[at%len(lines)] = fmt.Sprintf("changed %d\n", i)
		default:
			lines = slices.Insert(lines, at, fmt.Sprintf("new %d\n", i), fmt.Sprintf("and %d\n", i))
		}
		path := "a.md"
		edits := []repo.Edit{put(path, strings.Join(lines, ""))}
		if i >= 40 {
			path = "b.md"
			edits[0].Path = path
			if i == 40 {
				edits = append(edits, repo.Edit{Path: "a.md", Delete: true})
			}
		}
		commit(t, r, fmt.Sprint("c", i), edits...)
		require.NoError(t, h.Follow(t.Context(), "a/internal", r))
		if i%10 == 9 {
			got, err := h.Blame(t.Context(), "a/internal", path)
			require.NoError(t, err)
			want := gitBlame(t, r.Dir(), path)
			require.Len(t, got, len(want))
			for k := range want {
				assert.Equal(t, want[k], got[k].Commit.String(), "line %d after commit %d", k+1, i)
			}
		}
	}
	anew := history(t)
	require.NoError(t, anew.Follow(t.Context(), "a/internal", r))
	a, err := anew.Blame(t.Context(), "a/internal", "b.md")
	require.NoError(t, err)
	b, err := h.Blame(t.Context(), "a/internal", "b.md")
	require.NoError(t, err)
	assert.Equal(t, a, b)
	versions, err := h.Versions(t.Context(), "a/internal", "b.md", 0, repo.Zero)
	require.NoError(t, err)
	assert.Len(t, versions, 60)
	assert.Equal(t, "a.md", versions[19].Renamed)
	_, err = h.Blame(t.Context(), "a/internal", "a.md")
	assert.ErrorIs(t, err, fs.ErrNotExist)
	to, err := h.MovedTo(t.Context(), "a/internal", "a.md")
	require.NoError(t, err)
	assert.Equal(t, "b.md", to)
}

func TestRenames(t *testing.T) {
	r := create(t, repo.Options{})
	h := history(t)
	name := "a/internal"
	template := strings.Repeat("a line of the template\nand another\n", 5)
	commit(t, r, "1", put("x/one.md", template+"first\n"), put("x/two.md", template))
	commit(t, r, "2", put("x/three.md", template)) // a copy, not a rename
	commit(t, r, "3", repo.Edit{Path: "x/one.md", Delete: true}, put("y/one.md", template+"first\nand more\n"))
	commit(t, r, "4", repo.Edit{Path: "x/two.md", Delete: true}, put("z.md", "wholly different\n"))
	commit(t, r, "5", repo.Edit{Path: "y/one.md", Delete: true}, put("x/one.md", template+"back\n"))
	require.NoError(t, h.Follow(t.Context(), name, r))
	subjects := func(path string) string {
		versions, err := h.Versions(t.Context(), name, path, 0, repo.Zero)
		require.NoError(t, err)
		var s []string
		for _, v := range versions {
			s = append(s, v.Subject)
		}
		return strings.Join(s, " ")
	}
	assert.Equal(t, "5 3 1", subjects("x/one.md"))
	assert.Equal(t, "2", subjects("x/three.md"))
	assert.Equal(t, "4", subjects("z.md"))
	assert.Equal(t, "4 1", subjects("x/two.md"))
	last, err := h.Last(t.Context(), name, "x/two.md")
	require.NoError(t, err)
	assert.True(t, last.Deleted)
	v, err := h.Versions(t.Context(), name, "x/one.md", 1, repo.Zero)
	require.NoError(t, err)
	assert.Equal(t, 3, v[0].Number)
	assert.Equal(t, 1, v[0].Added)
	assert.Equal(t, 2, v[0].Removed)
	assert.Equal(t, "y/one.md", v[0].Renamed)
	to, err := h.MovedTo(t.Context(), name, "y/one.md")
	require.NoError(t, err)
	assert.Equal(t, "x/one.md", to)
	_, err = h.MovedTo(t.Context(), name, "x/two.md")
	assert.ErrorIs(t, err, fs.ErrNotExist)
	names, err := h.Names(t.Context(), name, "x/one.md")
	require.NoError(t, err)
	assert.Equal(t, []string{"x/one.md", "y/one.md"}, names)
	_, err = h.Names(t.Context(), name, "x/never.md")
	assert.ErrorIs(t, err, fs.ErrNotExist)
	recent, err := h.Recent(t.Context(), name, 2, repo.Zero)
	require.NoError(t, err)
	require.Len(t, recent, 3, "the two changes of one commit stay together")
	assert.Equal(t, "x/one.md", recent[0].Path)
	more, err := h.Recent(t.Context(), name, 1, recent[2].Commit)
	require.NoError(t, err)
	assert.Equal(t, "3", more[0].Subject)
}

func TestAuthorship(t *testing.T) {
	r := create(t, repo.Options{})
	h := history(t)
	commit(t, r, "Base", put("closing/plan.md", "old\n"))
	text := "one\ntwo\nthree\nold\nfour\nfive\n"
	trailer := repo.Authorship("closing/plan.md", []string{"q9x4", "", "p7k2", "q9x4", "zz", "zz"})
	assert.Equal(t, "closing/plan.md q9x4 1,4 p7k2 3 zz 5-6", trailer)
	commit(t, r, "Together\n\nCo-authored-by: Kim Berg <q9x4@users.invalid>\n"+repo.AuthorshipTrailer+": "+trailer, put("closing/plan.md", text), put("b.md", "x\n"))
	require.NoError(t, h.Follow(t.Context(), "a/internal", r))
	lines, err := h.Blame(t.Context(), "a/internal", "closing/plan.md")
	require.NoError(t, err)
	var names []string
	for _, l := range lines {
		names = append(names, l.Author.Name)
	}
	assert.Equal(t, []string{"Kim Berg", "Dana Ortiz", "Dana Ortiz", "Dana Ortiz", "zz", "zz"}, names)
	lines, err = h.Blame(t.Context(), "a/internal", "b.md")
	require.NoError(t, err)
	assert.Equal(t, dana, lines[0].Author, "the trailer is of another file")
	assert.Empty(t, repo.Authorship("", []string{"", ""}))
}

func TestHistoryOutlivesItsFile(t *testing.T) {
	r := create(t, repo.Options{})
	db := database(t)
	h, err := repo.OpenHistory(t.Context(), db)
	require.NoError(t, err)
	commit(t, r, "1", put("a.md", "x\n"))
	require.NoError(t, h.Follow(t.Context(), "a/internal", r))
	_, err = db.Exec(`UPDATE history_format SET version = 0`)
	require.NoError(t, err)
	h, err = repo.OpenHistory(t.Context(), db)
	require.NoError(t, err)
	_, err = h.Last(t.Context(), "a/internal", "a.md")
	require.ErrorIs(t, err, fs.ErrNotExist)
	require.NoError(t, h.Follow(t.Context(), "a/internal", r))
	v, err := h.Last(t.Context(), "a/internal", "a.md")
	require.NoError(t, err)
	assert.Equal(t, 1, v.Number)
	assert.WithinDuration(t, time.Now(), v.When, time.Hour)
}

// TestOneConnection has a database in memory with a single connection, as a
// program beside the server uses: no query may wait for another.
func TestOneConnection(t *testing.T) {
	db, err := sql.Open("sqlite", "file::memory:?_txlock=immediate")
	require.NoError(t, err)
	t.Cleanup(func() { db.Close() })
	db.SetMaxOpenConns(1)
	h, err := repo.OpenHistory(t.Context(), db)
	require.NoError(t, err)
	r := create(t, repo.Options{})
	g := generate(t, r, 3, 50)
	require.NoError(t, h.Follow(t.Context(), "a/internal", r))
	checkHistory(t, h, r, g.paths, true)
	commit(t, r, "more", put("s0/p0.md", "x\n"))
	require.NoError(t, h.Follow(t.Context(), "a/internal", r))
	_, err = h.Blame(t.Context(), "a/internal", "s0/p0.md")
	require.NoError(t, err)
}

// TestLinksAreNotThere has a repository with a link and a submodule, which only
// an import or a push can bring.
func TestLinksAreNotThere(t *testing.T) {
	r := create(t, repo.Options{})
	base := commit(t, r, "base", put("a.md", "x\n"), put("to-be-link.md", "y\n"))
	blob := run(t, r.Dir(), "rev-parse", "main:a.md")
	index := filepath.Join(r.Dir(), "test-index")
	t.Setenv("GIT_INDEX_FILE", index)
	run(t, r.Dir(), "read-tree", "main")
	run(t, r.Dir(), "update-index", "--add", "--cacheinfo", "120000,"+blob+",link")
	run(t, r.Dir(), "update-index", "--cacheinfo", "120000,"+blob+",to-be-link.md")
	run(t, r.Dir(), "update-index", "--add", "--cacheinfo", "160000,"+base.String()+",module")
	tree := run(t, r.Dir(), "write-tree")
	head := must(repo.ParseHash(run(t, r.Dir(), "commit-tree", tree, "-p", base.String(), "-m", "links")))
	require.NoError(t, r.SetHead(t.Context(), base, head))
	fsys, err := r.Tree(head)
	require.NoError(t, err)
	for _, p := range []string{"link", "module", "to-be-link.md"} {
		_, err := fsys.Stat(p)
		assert.ErrorIs(t, err, fs.ErrNotExist, p)
	}
	h := history(t)
	require.NoError(t, h.Follow(t.Context(), "a/internal", r))
	latest, err := h.Latest(t.Context(), "a/internal")
	require.NoError(t, err)
	assert.Len(t, latest, 1)
	last, err := h.Last(t.Context(), "a/internal", "to-be-link.md")
	require.NoError(t, err)
	assert.True(t, last.Deleted)
	require.NoError(t, r.Check(t.Context()))
}

// TestBlameOverMerges compares with git blame where lines come over branches.
// git also looks for renames between a merge and each parent alone, which is a
// guess that we leave out, so a few lines may differ.
func TestBlameOverMerges(t *testing.T) {
	same, all := 0, 0
	for seed := range uint64(6) {
		r := create(t, repo.Options{})
		generate(t, r, seed, 60)
		h := history(t)
		require.NoError(t, h.Follow(t.Context(), "a/internal", r))
		tree, err := r.Tree(must(r.Head()))
		require.NoError(t, err)
		for p := range tree.Files() {
			lines, err := h.Blame(t.Context(), "a/internal", p)
			require.NoError(t, err)
			want := gitBlame(t, r.Dir(), p)
			require.Len(t, lines, len(want))
			for i := range want {
				all++
				if want[i] == lines[i].Commit.String() {
					same++
				}
			}
		}
	}
	t.Logf("%d of %d lines have the origin that git blame names", same, all)
	assert.GreaterOrEqual(t, same*100, all*95)
}

func TestContributors(t *testing.T) {
	r, err := repo.Create(t.TempDir()+"/a.git", repo.Options{})
	require.NoError(t, err)
	defer r.Close()
	tom := repo.Person{Name: "Tom Okafor", Email: "q9x4@users.invalid"}
	base := repo.Zero
	for i, text := range []string{"Write", "Write with Tom\n\nCo-authored-by: Tom Okafor <q9x4@users.invalid>", "Write again"} {
		base, err = r.Commit(t.Context(), base, []repo.Edit{{Path: "a.md", Data: []byte{byte('a' + i)}}},
			repo.Message{Author: dana, When: time.Unix(int64(1000*(i+1)), 0), Text: text})
		require.NoError(t, err)
	}
	h, err := repo.OpenHistory(t.Context(), database(t))
	require.NoError(t, err)
	require.NoError(t, h.Follow(t.Context(), "x/internal", r))
	list, err := h.Contributors(t.Context(), "x/internal")
	require.NoError(t, err)
	require.Len(t, list, 2)
	assert.Equal(t, repo.Contributor{Person: dana, Commits: 3, First: time.Unix(1000, 0).UTC(), Last: time.Unix(3000, 0).UTC()}, list[0])
	assert.Equal(t, repo.Contributor{Person: tom, Commits: 1, First: time.Unix(2000, 0).UTC(), Last: time.Unix(2000, 0).UTC()}, list[1])
}
