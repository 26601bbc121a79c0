package people_test

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dealwiki/wiki/people"
)

// crashEnv makes the test binary a program that adds people to the file it names
// until it is killed, and prints each id once the call has answered.
const crashEnv = "DEALWIKI_TEST_PEOPLE_FILE"

func addUntilKilled(path string) {
	db, err := people.Open(path, people.Options{Cost: cheap})
	for i := 0; err == nil; i++ {
		var p people.Person
		if p, err = db.Add(ctx, system, people.NewPerson{Email: fmt.Sprintf("p%d-%d@example.com", os.Getpid(), i), Name: "P"}); err == nil {
			err = db.Grant(ctx, system, "acme", p.ID, people.Viewer)
		}
		if err == nil {
			fmt.Println(p.ID)
		}
	}
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

func TestWhatWasAnsweredSurvivesAKill(t *testing.T) {
	path := filepath.Join(t.TempDir(), "dealwiki.db")
	var acknowledged []string
	for round := range 5 {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), crashEnv+"="+path)
		cmd.Stderr = t.Output()
		out, err := cmd.StdoutPipe()
		require.NoError(t, err)
		require.NoError(t, cmd.Start())
		lines := bufio.NewScanner(out)
		for n := 0; lines.Scan(); n++ {
			acknowledged = append(acknowledged, lines.Text())
			if n == 10+7*round {
				require.NoError(t, cmd.Process.Kill())
			}
		}
		_ = cmd.Wait()

		db, err := people.Open(path, people.Options{Cost: cheap})
		require.NoError(t, err)
		access, err := db.Access(ctx, "acme")
		require.NoError(t, err)
		granted := map[string]bool{}
		for _, g := range access.Grants {
			granted[g.Person] = true
		}
		for _, id := range acknowledged {
			_, err := db.Get(ctx, id)
			assert.NoError(t, err)
			assert.True(t, granted[id])
		}
		require.NoError(t, db.Check(ctx))
		require.NoError(t, db.Close())
	}
	require.Greater(t, len(acknowledged), 100)
}
