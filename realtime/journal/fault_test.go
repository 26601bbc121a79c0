package journal_test

import (
	"fmt"
	"log"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dealwiki/internal/need"
	"dealwiki/realtime/journal"
)

const (
	faultEnv = "JOURNAL_APPEND_THROUGH_FAULTS"
	limitEnv = "JOURNAL_FILE_LIMIT"
)

// nothing is an update that changes nothing.
var nothing = []byte{0, 0}

// appendThroughFaults is the child: it appends 400 edits one after the other and
// says of each what the journal answered.
func appendThroughFaults(path string) {
	j, err := journal.Open(path, journal.Options{})
	if err != nil {
		log.Fatal(err)
	}
	id, err := j.Create(ctx, journal.Document{Name: page}, journal.Version{})
	if err != nil {
		log.Fatal(err)
	}
	var before syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &before); err != nil {
		log.Fatal(err)
	}
	for i := range 400 {
		if os.Getenv(limitEnv) != "" && (i == 100 || i == 200) {
			now := before
			if i == 100 {
				info, err := os.Stat(path + "-wal")
				if err != nil {
					log.Fatal(err)
				}
				signal.Ignore(syscall.SIGXFSZ)
				now.Cur = uint64(info.Size() + 40_000)
			}
			if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &now); err != nil {
				log.Fatal(err)
			}
		}
		word := "ok"
		_, err := j.Append(ctx, id, journal.Batch{Updates: []journal.Update{
			{Person: fmt.Sprintf("edit %d.", i), Data: nothing, At: noon}, {Person: fmt.Sprintf("its end %d.", i), Data: nothing, At: noon}}})
		if err != nil {
			word = "failed"
			fmt.Fprintln(os.Stderr, err)
		}
		fmt.Println(i, word)
	}
	if err := j.Close(); err != nil {
		log.Fatal(err)
	}
	os.Exit(0)
}

func TestWhatCouldNotBeWrittenIsNotClaimed(t *testing.T) {
	exe, err := os.Executable()
	require.NoError(t, err)
	strace, noStrace := exec.LookPath("strace")
	for _, c := range []struct {
		name, why string
		args      []string
		env       string
	}{
		{name: "disk full", args: []string{exe}, env: limitEnv + "=1"},
		{name: "sync fails", args: []string{strace, "-f", "-qq", "-o", os.DevNull, "-e", "trace=fsync,fdatasync", "-e", "inject=fsync,fdatasync:error=EIO:when=50..70", exe}},
		{name: "write fails", args: []string{strace, "-f", "-qq", "-o", os.DevNull, "-e", "trace=pwrite64", "-e", "inject=pwrite64:error=ENOSPC:when=200..300+7", exe}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.args[0] == "" {
				need.OK(t, "strace", noStrace)
			}
			path := filepath.Join(t.TempDir(), "journal.db")
			child := exec.Command(c.args[0], c.args[1:]...)
			child.Env = append(os.Environ(), faultEnv+"="+path, c.env)
			child.Stderr = t.Output()
			out, err := child.Output()
			require.NoError(t, err)
			var want, undecided []string
			failed := 0
			for line := range strings.Lines(string(out)) {
				f := strings.Fields(line)
				require.Len(t, f, 2)
				if f[1] == "ok" {
					want = append(want, "edit "+f[0]+".", "its end "+f[0]+".")
					undecided = nil
				} else {
					undecided = append(undecided, "edit "+f[0]+".", "its end "+f[0]+".")
					failed++
				}
			}
			assert.Greater(t, failed, 3)
			assert.Greater(t, len(want), 400, "it goes on when the disk does")

			j := open(t, path, journal.Options{})
			var got []string
			for _, u := range load(t, j, page).Updates {
				got = append(got, u.Person)
			}
			// What failed last of all may have reached the disk, or not: nothing
			// was written after it in its place.
			require.GreaterOrEqual(t, len(got), len(want))
			for _, name := range got[len(want):] {
				assert.Contains(t, undecided, name)
			}
			assert.Equal(t, strings.Join(want, "\n"), strings.Join(got[:len(want)], "\n"))
			require.NoError(t, j.Check(ctx))
		})
	}
}
