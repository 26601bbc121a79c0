package transfer_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"sort"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"dealwiki/internal/need"
	"dealwiki/wiki"
	"dealwiki/wiki/people"
	"dealwiki/wiki/repo"
	"dealwiki/wiki/transfer"
)

var cli = people.System("cli")

// world is a wiki in a folder of its own.
type world struct {
	*wiki.Wiki
	dir string
	t   testing.TB
}

func newWorld(t testing.TB) *world {
	t.Helper()
	return openWorld(t, filepath.Join(t.TempDir(), "data"))
}

func openWorld(t testing.TB, dir string) *world {
	t.Helper()
	require.NoError(t, os.MkdirAll(dir, 0o700))
	db, err := people.Open(filepath.Join(dir, "dealwiki.db"), people.Options{})
	require.NoError(t, err)
	// A clock that goes on by a second each time it is read.
	start := time.Date(2027, 3, 1, 9, 0, 0, 0, time.UTC)
	var ticks atomic.Int64
	now := func() time.Time { return start.Add(time.Duration(ticks.Add(1)) * time.Second) }
	w, err := wiki.Open(t.Context(), wiki.Config{Dir: dir, People: db, Company: "Acme", Git: "-",
		Logger: slog.New(slog.DiscardHandler), Now: now})
	require.NoError(t, err)
	t.Cleanup(func() {
		require.NoError(t, w.Close())
		require.NoError(t, db.Close())
	})
	return &world{w, dir, t}
}

func (w *world) repo(prospect string, section wiki.Section) string {
	return filepath.Join(w.dir, "spaces", prospect, string(section)+".git")
}

// open opens a source and closes it with the test.
func open(t testing.TB, path string) *transfer.Source {
	t.Helper()
	src, err := transfer.OpenSource(t.Context(), path, transfer.SourceOptions{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, src.Close()) })
	return src
}

func (w *world) importFrom(path string, o transfer.ImportOptions) *transfer.ImportResult {
	w.t.Helper()
	res, err := transfer.Import(w.t.Context(), w.Wiki, cli, open(w.t, path), o)
	require.NoError(w.t, err)
	return res
}

// gitBinary is the system's git. Without it a test is skipped.
func gitBinary(t testing.TB) string { return need.Program(t, "git") }

// git runs the system's git in a folder and answers what it prints.
func git(t testing.TB, dir string, args ...string) string {
	t.Helper()
	return gitEnv(t, dir, nil, args...)
}

func gitEnv(t testing.TB, dir string, env []string, args ...string) string {
	t.Helper()
	cmd := exec.Command(gitBinary(t), append([]string{"-c", "core.quotePath=false", "-c", "init.defaultBranch=main", "-c", "protocol.file.allow=always"}, args...)...)
	cmd.Dir = dir
	cmd.Env = append(append(os.Environ(), "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL="+os.DevNull, "LC_ALL=C",
		"GIT_AUTHOR_NAME=Ann", "GIT_AUTHOR_EMAIL=ann@example.com", "GIT_COMMITTER_NAME=Ann", "GIT_COMMITTER_EMAIL=ann@example.com"), env...)
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "git %s: %s", strings.Join(args, " "), out)
	return string(out)
}

// source is a work repository that a test builds.
type source struct {
	t   testing.TB
	dir string
	n   int
}

func newSource(t testing.TB) *source {
	t.Helper()
	s := &source{t: t, dir: filepath.Join(t.TempDir(), "source")}
	require.NoError(t, os.MkdirAll(s.dir, 0o755))
	git(t, s.dir, "init", "-q")
	return s
}

func (s *source) write(path, text string) {
	s.t.Helper()
	full := filepath.Join(s.dir, filepath.FromSlash(path))
	require.NoError(s.t, os.MkdirAll(filepath.Dir(full), 0o755))
	require.NoError(s.t, os.WriteFile(full, []byte(text), 0o644))
}

// commit commits everything as it lies there, one minute after the commit before.
func (s *source) commit(message string, args ...string) {
	s.t.Helper()
	s.n++
	date := fmt.Sprintf("%d +0200", 1700000000+60*s.n)
	git(s.t, s.dir, "add", "-A")
	gitEnv(s.t, s.dir, []string{"GIT_AUTHOR_DATE=" + date, "GIT_COMMITTER_DATE=" + date},
		append([]string{"commit", "-q", "--allow-empty", "-m", message}, args...)...)
}

func (s *source) merge(branch, message string) {
	s.t.Helper()
	s.n++
	date := fmt.Sprintf("%d +0200", 1700000000+60*s.n)
	gitEnv(s.t, s.dir, []string{"GIT_AUTHOR_DATE=" + date, "GIT_COMMITTER_DATE=" + date}, "merge", "-q", "--no-ff", "-m", message, branch)
}

func lines(s string) []string {
	s = strings.TrimSpace(s)
	if s == "" {
		return nil
	}
	return strings.Split(s, "\n")
}

func sorted(list []string) []string {
	sort.Strings(list)
	return list
}

// read answers a page's text.
func (w *world) read(prospect, place string) string {
	w.t.Helper()
	p, err := wiki.ParsePlace(place)
	require.NoError(w.t, err)
	sp, err := w.Space(w.t.Context(), cli, prospect)
	require.NoError(w.t, err)
	sd, err := sp.Side(p.Section)
	require.NoError(w.t, err)
	page, err := sd.Read(w.t.Context(), cli, p)
	require.NoError(w.t, err)
	return string(page.Text)
}

func (w *world) edit(prospect, place, text string) {
	w.t.Helper()
	ctx := context.Background()
	p, err := wiki.ParsePlace(place)
	require.NoError(w.t, err)
	sp, err := w.Space(ctx, cli, prospect)
	require.NoError(w.t, err)
	sd, err := sp.Side(p.Section)
	require.NoError(w.t, err)
	var base repo.Hash
	if info, err := sd.Lookup(ctx, cli, p); err == nil {
		base = info.Version
	}
	_, err = sd.Edit(ctx, cli, wiki.Edit{Place: p, Text: []byte(text), Base: base})
	require.NoError(w.t, err)
}
