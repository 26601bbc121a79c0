package repo_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dealwiki/wiki/repo"
)

// crashDir tells the test binary to be the writer that gets killed.
const crashDir = "DEALWIKI_TEST_CRASH_DIR"

func TestMain(m *testing.M) {
	if dir := os.Getenv(crashDir); dir != "" {
		if err := commitUntilKilled(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	code := m.Run()
	if long.dir != "" { // what the benchmarks shared
		_ = os.RemoveAll(filepath.Dir(long.dir))
	}
	os.Exit(code)
}

// commitUntilKilled prints each commit once it is acknowledged.
func commitUntilKilled(dir string) error {
	r, err := repo.Open(dir, repo.Options{})
	if err != nil {
		return err
	}
	for n := 0; ; n++ {
		head, err := r.Head()
		if err != nil {
			return err
		}
		h, err := r.Commit(context.Background(), head, []repo.Edit{put(fmt.Sprintf("s%d/p%d.md", n%3, n%20), fmt.Sprintf("%s %d\n", head, n))},
			repo.Message{Author: dana, Text: fmt.Sprintf("write %d", n)})
		if err != nil {
			return err
		}
		if _, err := fmt.Println(h); err != nil {
			return err
		}
	}
}

// TestKilledWriter kills a process that commits in a loop, again and again. After
// each kill main must be a whole commit, and every acknowledged commit before it.
func TestKilledWriter(t *testing.T) {
	if testing.Short() {
		t.Skip("starts and kills some thirty processes")
	}
	r := create(t, repo.Options{})
	commit(t, r, "base", put("a.md", "0"))
	acknowledged := 0
	for range 30 {
		before := must(r.Head())
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), crashDir+"="+r.Dir())
		out, err := cmd.StdoutPipe()
		require.NoError(t, err)
		var stderr strings.Builder
		cmd.Stderr = &stderr
		require.NoError(t, cmd.Start())
		lines := bufio.NewScanner(out)
		var last string
		// The kill comes at some moment after the first acknowledgement.
		if lines.Scan() {
			last = lines.Text()
			acknowledged++
			time.AfterFunc(time.Duration(rand.IntN(30_000))*time.Microsecond, func() { _ = cmd.Process.Kill() })
		}
		for lines.Scan() {
			if text := lines.Text(); len(text) == 40 {
				last = text
				acknowledged++
			}
		}
		var exit *exec.ExitError
		require.True(t, errors.As(cmd.Wait(), &exit), stderr.String())
		require.Empty(t, stderr.String(), "the writer ended by itself")

		// This process was there before the killed one. The next process, which
		// is what sweeps in earnest, finds only files older than itself.
		old := time.Now().Add(-time.Hour)
		for _, pattern := range []string{"refs/heads/*.lock", "objects/tmp_*"} {
			left, err := filepath.Glob(filepath.Join(r.Dir(), pattern))
			require.NoError(t, err)
			for _, path := range left {
				require.NoError(t, os.Chtimes(path, old, old))
			}
		}
		r, err = repo.Open(r.Dir(), repo.Options{Cache: repo.NewCache(1 << 16)})
		require.NoError(t, err)
		head, err := r.Head()
		require.NoError(t, err)
		for _, h := range []repo.Hash{before, must(repo.ParseHash(last))} {
			yes, err := r.IsAncestor(t.Context(), h, head)
			require.NoError(t, err)
			require.True(t, yes, "acknowledged commit %s is gone", h)
		}
	}
	require.NoError(t, r.Check(t.Context()))
	commit(t, r, "after all that", put("a.md", "1"))
	t.Logf("%d commits were acknowledged before the kills", acknowledged)
	assert.Greater(t, acknowledged, 30)
	git(t)
	fsck(t, r.Dir())
}
