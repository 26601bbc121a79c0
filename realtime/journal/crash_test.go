package journal_test

import (
	"bufio"
	"fmt"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dealwiki/realtime/journal"
)

const crashEnv = "JOURNAL_APPEND_UNTIL_KILLED"

// appendUntilKilled is the child: it appends to eight documents at once and
// says each seq when the journal does.
func appendUntilKilled(path string) {
	j, err := journal.Open(path, journal.Options{})
	if err != nil {
		log.Fatal(err)
	}
	var say sync.Mutex
	var wg sync.WaitGroup
	for n := range 8 {
		name := fmt.Sprintf("acme/internal/pricing/page-%d", n)
		var id int64
		d, err := j.Load(ctx, name)
		if err == nil {
			id = d.ID
		} else if id, err = j.Create(ctx, journal.Document{Name: name}, journal.Version{}); err != nil {
			log.Fatal(err)
		}
		wg.Go(func() {
			for i := 0; ; i++ {
				seq, err := j.Append(ctx, id, journal.Batch{Updates: []journal.Update{{Person: fmt.Sprintf("edit %d", i), Data: nothing, At: noon}}})
				if err != nil {
					log.Fatal(err)
				}
				say.Lock()
				fmt.Println(n, seq, i)
				say.Unlock()
			}
		})
	}
	wg.Wait()
}

func TestNothingThatWasAnsweredIsLostByAKill(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal.db")
	exe, err := os.Executable()
	require.NoError(t, err)
	told := map[string]map[string]int{} // document -> edit -> how often
	for round := range 5 {
		child := exec.Command(exe)
		child.Env = append(os.Environ(), crashEnv+"="+path)
		out, err := child.StdoutPipe()
		require.NoError(t, err)
		child.Stderr = os.Stderr
		require.NoError(t, child.Start())
		lines := bufio.NewScanner(out)
		killed := false
		for n := 0; lines.Scan(); n++ {
			f := strings.Fields(lines.Text())
			if len(f) != 3 {
				break // cut off by the kill
			}
			name := "acme/internal/pricing/page-" + f[0]
			if told[name] == nil {
				told[name] = map[string]int{}
			}
			told[name]["edit "+f[2]]++
			_, err := strconv.ParseInt(f[1], 10, 64)
			require.NoError(t, err)
			if n == 100+37*round && !killed {
				killed = true
				require.NoError(t, child.Process.Kill())
			}
		}
		_ = child.Wait()
		require.True(t, killed, "the child ended by itself")
	}
	j := open(t, path, journal.Options{})
	answered := 0
	for name, edits := range told {
		got := map[string]int{}
		for _, u := range load(t, j, name).Updates {
			got[u.Person]++
		}
		for edit, n := range edits {
			assert.GreaterOrEqual(t, got[edit], n, "%s: %s", name, edit)
			answered += n
		}
	}
	assert.Greater(t, answered, 500)
	require.NoError(t, j.Check(ctx))
}
