package powercut_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sort"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dealwiki/internal/need"
	"dealwiki/realtime/journal"
	"dealwiki/realtime/powercut"
	"dealwiki/realtime/yjs"
	"dealwiki/wiki/repo"
)

// record runs this test binary as another process with its power supervised.
func record(t *testing.T, env string) *powercut.Recording {
	t.Helper()
	strace := need.Program(t, "strace") // which records what a process writes
	exe, err := os.Executable()
	require.NoError(t, err)
	root := t.TempDir()
	cmd := exec.Command(exe)
	cmd.Env = append(os.Environ(), env+"="+root)
	r, err := powercut.Record(t.Context(), strace, root, cmd)
	require.NoError(t, err)
	return r
}

// cuts answers the moments at which a test cuts the power, in order: many of
// them if the tests are to take their time. A quarter is close to the end, when
// the databases take in their logs.
func cuts(r *powercut.Recording, random *rand.Rand, few, many int) []int {
	if os.Getenv("DEALWIKI_SOAK") != "" {
		few = many
	}
	moments := []int{r.Steps()}
	for i := range few {
		moment := random.IntN(r.Steps() + 1)
		if i%4 == 0 {
			moment = r.Steps() - random.IntN(r.Steps()/20+1)
		}
		moments = append(moments, moment)
	}
	sort.Ints(moments)
	return moments
}

func TestNothingThatWasSaidIsLostWithThePower(t *testing.T) {
	r := record(t, workEnv)
	const seed = 20261102
	random := rand.New(rand.NewPCG(seed, 1))
	moments := cuts(r, random, 40, 3000)
	disk := r.Disk()
	git := need.Program(t, "git")
	typed, saved := 0, 0
	for _, moment := range moments {
		require.NoError(t, disk.Play(moment))
		luck := []powercut.Luck{powercut.None, powercut.Chance, powercut.Chance, powercut.All}[random.IntN(4)]
		dir := filepath.Join(t.TempDir(), "disk")
		require.NoError(t, disk.Lay(dir, luck, random))
		said := claims(disk.Said())
		ok := t.Run(fmt.Sprintf("step=%d,luck=%d", moment, luck), func(t *testing.T) { said.check(t, dir, git) })
		require.NoError(t, os.RemoveAll(dir))
		if !ok {
			return
		}
		typed += said.words
		saved += len(said.commits)
	}
	t.Logf("%d steps; after %d cuts %d words and %d versions were there", r.Steps(), len(moments), typed, saved)
	assert.Equal(t, pages*appends, claims(disk.Said()).words)
}

// said is what a process has claimed.
type said struct {
	typed   map[int][]string
	saved   map[int][]string
	moved   map[int]int  // how often a page was
	gone    map[int]bool // it was deleted
	words   int
	commits []string
}

func claims(lines []string) said {
	s := said{typed: map[int][]string{}, saved: map[int][]string{}, moved: map[int]int{}, gone: map[int]bool{}}
	for _, line := range lines {
		f := strings.Fields(line)
		if len(f) != 3 {
			continue
		}
		n, _ := strconv.Atoi(f[1])
		switch f[0] {
		case "typed":
			s.typed[n] = append(s.typed[n], f[2])
			s.words++
		case "saved":
			s.saved[n] = append(s.saved[n], f[2])
			s.commits = append(s.commits, f[2])
		case "moved":
			s.moved[n]++
		case "gone":
			s.gone[n] = true
		}
	}
	return s
}

// check starts on the disk as a server would, and looks for all that was
// claimed.
func (s said) check(t *testing.T, dir, git string) {
	ctx := t.Context()
	space := filepath.Join(dir, "internal.git")
	var g *repo.Repo
	if _, err := os.Stat(filepath.Join(space, "HEAD")); err == nil || len(s.commits) > 0 {
		g, err = repo.Open(space, repo.Options{})
		require.NoError(t, err)
		defer func() { require.NoError(t, g.Close()) }()
		head, err := g.Head()
		require.NoError(t, err)
		for _, c := range s.commits {
			h, err := repo.ParseHash(c)
			require.NoError(t, err)
			is, err := g.IsAncestor(ctx, h, head)
			require.NoError(t, err, "commit %s", c)
			assert.True(t, is, "commit %s is gone", c)
		}
		if git != "" && !head.IsZero() {
			out, err := exec.CommandContext(ctx, git, "-C", space, "fsck", "--strict", "--no-dangling").CombinedOutput()
			require.NoError(t, err, "%s", out)
			assert.NotContains(t, string(out), "error")
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "journal.db")); err != nil && s.words == 0 && len(s.saved) == 0 {
		return // it was not made yet, and nothing was claimed of it
	}
	j, err := journal.Open(filepath.Join(dir, "journal.db"), journal.Options{})
	require.NoError(t, err)
	defer func() { require.NoError(t, j.Close()) }()
	require.NoError(t, j.Check(ctx))
	for n := range pages {
		has, err := j.Has(ctx, name(n))
		require.NoError(t, err)
		if !has {
			assert.Empty(t, s.typed[n])
			assert.Empty(t, s.saved[n])
			continue
		}
		d, err := j.Load(ctx, name(n))
		require.NoError(t, err)
		doc, err := yjs.Load(d.State, yjs.Options{})
		require.NoError(t, err)
		for _, u := range d.Updates {
			_, err := doc.Apply(u.Data)
			require.NoError(t, err)
		}
		text := doc.Text()
		for _, word := range s.typed[n] {
			assert.Equal(t, 1, strings.Count(text, word), "%s of page %d", word, n)
		}
		for _, c := range s.saved[n] {
			state, err := j.State(ctx, d.ID, c)
			require.NoError(t, err, "state of %s", c)
			v, err := yjs.Load(state, yjs.Options{})
			require.NoError(t, err)
			h, err := repo.ParseHash(c)
			require.NoError(t, err)
			tree, err := g.Tree(h)
			require.NoError(t, err)
			data, err := tree.ReadFile(file(n))
			require.NoError(t, err)
			assert.True(t, string(data) == v.Text(), "the state of %s is not its text", c)
		}
		// The journal says of no version that it is in git if it is not.
		last, err := repo.ParseHash(d.Last)
		require.NoError(t, err)
		require.NotNil(t, g)
		assert.True(t, g.Has(last), "version %s is not in git", d.Last)

		// And it goes on.
		_, err = j.Append(ctx, d.ID, journal.Batch{Updates: []journal.Update{{Data: []byte{0, 0}}}})
		require.NoError(t, err)
	}
	if g != nil {
		head, err := g.Head()
		require.NoError(t, err)
		_, err = g.Commit(ctx, head, []repo.Edit{{Path: "after.md", Data: []byte("goes on\n")}}, repo.Message{Author: dana, Text: "Go on"})
		require.NoError(t, err)
	}
}

// TestWhatIsNotSyncedIsLost tests the test.
func TestWhatIsNotSyncedIsLost(t *testing.T) {
	r := record(t, carelessEnv)
	random := rand.New(rand.NewPCG(1, 2))
	disk := r.Disk()
	seen := map[string]bool{}
	for moment := range r.Steps() + 1 {
		require.NoError(t, disk.Play(moment))
		for i := range 40 {
			luck := powercut.Chance
			if i == 0 {
				luck = powercut.None
			}
			dir := filepath.Join(t.TempDir(), "disk")
			require.NoError(t, disk.Lay(dir, luck, random))
			size := func(name string) int64 {
				st, err := os.Stat(filepath.Join(dir, name))
				if err != nil {
					return -1
				}
				return st.Size()
			}
			note := func(what string, is bool) {
				if is {
					seen[fmt.Sprintf("%s luck=%d", what, luck)] = true
				}
			}
			if lines := disk.Said(); slices.Contains(lines, "done") {
				note("file empty", size("file-not-synced") == 0)
				note("file torn", size("file-not-synced") > 0)
				note("name there", size("name-not-synced") == 3200)
				note("moved", size("sub/good") == 3200)
				require.Equal(t, int64(3200), max(size("sub/good"), size("good.tmp")), "a rename loses no file")
			} else if slices.Contains(lines, "moved") {
				note("old name stayed", size("good.tmp") == 3200)
				note("name gone", size("name-not-synced") == -1)
			}
			require.NoError(t, os.RemoveAll(dir))
		}
	}
	for _, what := range []string{"file empty luck=0", "file torn luck=1", "name there luck=0", "moved luck=0",
		"old name stayed luck=1", "name gone luck=0", "name gone luck=1"} {
		assert.True(t, seen[what], what)
	}
}
