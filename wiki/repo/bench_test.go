package repo_test

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"dealwiki/wiki/repo"
)

// long is a repository of 10,000 commits and 500 pages, made once for a run of
// the benchmarks. Page s3/p3.md has 20 versions, hot.md 2,000.
var long struct {
	once sync.Once
	dir  string
}

func longRepo(b *testing.B) *repo.Repo {
	b.Helper()
	long.once.Do(func() {
		dir, err := os.MkdirTemp("", "dealwiki-bench-")
		require.NoError(b, err)
		long.dir = filepath.Join(dir, "long.git")
		r, err := repo.Create(long.dir, repo.Options{})
		require.NoError(b, err)
		build(b, r, 10_000)
	})
	// Each benchmark gets a copy, so that one does not lengthen another's.
	dir := filepath.Join(b.TempDir(), "long.git")
	require.NoError(b, os.CopyFS(dir, os.DirFS(long.dir)))
	// What the copy has not yet written would be charged to the first commits.
	require.NoError(b, filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		return errors.Join(f.Sync(), f.Close())
	}))
	r, err := repo.Open(dir, repo.Options{Git: git(b), Cache: repo.NewCache(64 << 20)})
	require.NoError(b, err)
	b.Cleanup(func() { r.Close() })
	return r
}

func build(b *testing.B, r *repo.Repo, n int) {
	files := map[string]repo.Hash{}
	texts := map[string][]string{}
	folders := map[string][]repo.TreeEntry{}
	var parent []repo.Hash
	var head repo.Hash
	for i := range n {
		path := fmt.Sprintf("s%d/p%d.md", i%10, i%500)
		if i%5 == 0 {
			path = "s0/hot.md"
		}
		lines := texts[path]
		if lines == nil {
			for k := range 60 {
				lines = append(lines, fmt.Sprintf("%s has a line number %d that says something of note\n", path, k))
			}
		} else {
			lines[i*7%len(lines)] = fmt.Sprintf("changed by commit %d, for a reason of its own\n", i)
		}
		texts[path] = lines
		blob, err := r.WriteBlob([]byte(strings.Join(lines, "")))
		require.NoError(b, err)
		folder, name, _ := strings.Cut(path, "/")
		if files[path].IsZero() {
			folders[folder] = append(folders[folder], repo.TreeEntry{Name: name, Mode: repo.ModeFile})
		}
		files[path] = blob
		for k := range folders[folder] {
			if folders[folder][k].Name == name {
				folders[folder][k].Hash = blob
			}
		}
		sub, err := r.WriteTree(folders[folder])
		require.NoError(b, err)
		files[folder] = sub
		var top []repo.TreeEntry
		for f := range folders {
			top = append(top, repo.TreeEntry{Name: f, Mode: repo.ModeDir, Hash: files[f]})
		}
		root, err := r.WriteTree(top)
		require.NoError(b, err)
		at := time.Unix(1_600_000_000+int64(i)*600, 0)
		head, err = r.WriteCommit(repo.Commit{Tree: root, Parents: parent, Author: dana, Committer: dana, AuthoredAt: at, CommittedAt: at, Text: fmt.Sprintf("Change %d\n", i)})
		require.NoError(b, err)
		parent = []repo.Hash{head}
	}
	require.NoError(b, r.SetHead(b.Context(), repo.Zero, head))
}

func gitCommand(b *testing.B, dir string, stdin []byte, args ...string) string {
	cmd := exec.Command(git(b), args...)
	cmd.Dir = dir
	cmd.Stdin = bytes.NewReader(stdin)
	cmd.Env = append(os.Environ(), "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL="+os.DevNull,
		"GIT_AUTHOR_NAME=T", "GIT_AUTHOR_EMAIL=t@users.invalid", "GIT_COMMITTER_NAME=T", "GIT_COMMITTER_EMAIL=t@users.invalid")
	out, err := cmd.Output()
	require.NoError(b, err, "git %v", args)
	return strings.TrimSpace(string(out))
}

// plumb commits one page with git's own programs, everything synced.
func plumb(b *testing.B, dir string, path string, data []byte) {
	f := "core.fsync=all"
	index := "GIT_INDEX_FILE=" + filepath.Join(dir, "bench-index")
	blob := gitCommand(b, dir, data, "-c", f, "hash-object", "-w", "--stdin")
	head := gitCommand(b, dir, nil, "rev-parse", "main")
	cmd := exec.Command(git(b), "-c", f, "update-index", "--add", "--cacheinfo", "100644,"+blob+","+path)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), index)
	require.NoError(b, cmd.Run())
	cmd = exec.Command(git(b), "-c", f, "write-tree")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), index)
	out, err := cmd.Output()
	require.NoError(b, err)
	commit := gitCommand(b, dir, nil, "-c", f, "commit-tree", strings.TrimSpace(string(out)), "-p", head, "-m", "edit")
	gitCommand(b, dir, nil, "-c", f, "update-ref", "refs/heads/main", commit, head)
}

func BenchmarkCommit(b *testing.B) {
	for _, history := range []string{"short", "10000"} {
		open := func(b *testing.B) *repo.Repo {
			if history == "10000" {
				return longRepo(b)
			}
			r := create(b, repo.Options{})
			commit(b, r, "base", put("s3/p3.md", "x\n"), put("account/x.md", "y\n"))
			return r
		}
		text := strings.Repeat("a line of the page\n", 100)
		b.Run("history="+history+"/dealwiki", func(b *testing.B) {
			r := open(b)
			i := 0
			for b.Loop() {
				i++
				commit(b, r, "edit", put("s3/p3.md", fmt.Sprint(text, i)))
			}
		})
		b.Run("history="+history+"/git-plumbing", func(b *testing.B) {
			r := open(b)
			cmd := exec.Command(git(b), "read-tree", "main")
			cmd.Dir = r.Dir()
			cmd.Env = append(os.Environ(), "GIT_INDEX_FILE="+filepath.Join(r.Dir(), "bench-index"))
			require.NoError(b, cmd.Run())
			i := 0
			for b.Loop() {
				i++
				plumb(b, r.Dir(), "s3/p3.md", fmt.Append(nil, text, i))
			}
		})
	}
}

func BenchmarkHistory(b *testing.B) {
	r := longRepo(b)
	h := history(b)
	require.NoError(b, h.Follow(b.Context(), "a/internal", r))
	// git at its best: packed, with a commit graph.
	require.NoError(b, r.Pack(b.Context()))
	for _, path := range []string{"s3/p3.md", "s0/hot.md"} {
		name := strings.ReplaceAll(path, "/", "-")
		b.Run(name+"/dealwiki", func(b *testing.B) {
			for b.Loop() {
				_, err := h.Versions(b.Context(), "a/internal", path, 0, repo.Zero)
				require.NoError(b, err)
			}
		})
		b.Run(name+"/dealwiki-first-50", func(b *testing.B) {
			for b.Loop() {
				_, err := h.Versions(b.Context(), "a/internal", path, 50, repo.Zero)
				require.NoError(b, err)
			}
		})
		b.Run(name+"/git-log", func(b *testing.B) {
			for b.Loop() {
				gitCommand(b, r.Dir(), nil, "log", "--format=%H %an %at %s", "main", "--", path)
			}
		})
	}
}

// BenchmarkLatest asks for the last change of 500 pages.
func BenchmarkLatest(b *testing.B) {
	r := longRepo(b)
	h := history(b)
	require.NoError(b, h.Follow(b.Context(), "a/internal", r))
	for b.Loop() {
		_, err := h.Latest(b.Context(), "a/internal")
		require.NoError(b, err)
	}
}

func BenchmarkBlame(b *testing.B) {
	r := longRepo(b)
	h := history(b)
	require.NoError(b, h.Follow(b.Context(), "a/internal", r))
	require.NoError(b, r.Pack(b.Context()))
	for _, path := range []string{"s3/p3.md", "s0/hot.md"} {
		name := strings.ReplaceAll(path, "/", "-")
		b.Run(name+"/dealwiki", func(b *testing.B) {
			for b.Loop() {
				_, err := h.Blame(b.Context(), "a/internal", path)
				require.NoError(b, err)
			}
		})
		b.Run(name+"/git-blame", func(b *testing.B) {
			for b.Loop() {
				gitCommand(b, r.Dir(), nil, "blame", "--porcelain", "main", "--", path)
			}
		})
	}
	b.Run("hot/dealwiki-cold", func(b *testing.B) {
		for b.Loop() {
			b.StopTimer()
			fresh := history(b)
			require.NoError(b, fresh.Follow(b.Context(), "a/internal", r))
			b.StartTimer()
			_, err := fresh.Blame(b.Context(), "a/internal", "s0/hot.md")
			require.NoError(b, err)
		}
	})
}

func BenchmarkFollow(b *testing.B) {
	b.Run("10000-commits-anew", func(b *testing.B) {
		r := longRepo(b)
		for b.Loop() {
			require.NoError(b, history(b).Follow(b.Context(), "a/internal", r))
		}
	})
	b.Run("one-commit", func(b *testing.B) {
		r := longRepo(b)
		h := history(b)
		require.NoError(b, h.Follow(b.Context(), "a/internal", r))
		i := 0
		for b.Loop() {
			i++
			b.StopTimer()
			commit(b, r, "edit", put("s3/p3.md", fmt.Sprint("text ", i)))
			b.StartTimer()
			require.NoError(b, h.Follow(b.Context(), "a/internal", r))
		}
	})
}

func BenchmarkImport(b *testing.B) {
	for b.Loop() {
		r := create(b, repo.Options{})
		build(b, r, 10_000)
	}
}

func BenchmarkRead(b *testing.B) {
	r := longRepo(b)
	b.Run("warm", func(b *testing.B) {
		for b.Loop() {
			tree, err := r.Tree(must(r.Head()))
			require.NoError(b, err)
			_, err = tree.ReadFile("s3/p3.md")
			require.NoError(b, err)
		}
	})
	b.Run("cold", func(b *testing.B) {
		for b.Loop() {
			cold, err := repo.Open(r.Dir(), repo.Options{})
			require.NoError(b, err)
			tree, err := cold.Tree(must(cold.Head()))
			require.NoError(b, err)
			_, err = tree.ReadFile("s3/p3.md")
			require.NoError(b, err)
			require.NoError(b, cold.Close())
		}
	})
}
