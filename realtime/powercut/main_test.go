package powercut_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"crypto/sha256"

	"go.uber.org/goleak"

	"dealwiki/realtime/journal"
	"dealwiki/realtime/yjs"
	"dealwiki/wiki/repo"
)

// workEnv tells the test binary to be the process whose power goes; careless
// makes it forget some syncs.
const (
	workEnv     = "POWERCUT_WORK"
	carelessEnv = "POWERCUT_CARELESS"
)

func TestMain(m *testing.M) {
	if dir := os.Getenv(workEnv); dir != "" {
		if err := work(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	if dir := os.Getenv(serveEnv); dir != "" {
		if err := serve(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	if dir := os.Getenv(carelessEnv); dir != "" {
		if err := careless(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	goleak.VerifyTestMain(m)
}

const (
	pages   = 4
	appends = 150 // for each page
	every   = 15  // appends to a version
)

var dana = repo.Person{Name: "Dana", Email: "dana@users.invalid"}

// name is that of a page's document, path that of its file.
func name(n int) string { return fmt.Sprintf("acme/internal/pricing/page-%d", n) }
func file(n int) string { return fmt.Sprintf("pricing/page-%d.md", n) }

// work does what a server does: people type into several pages at once, and
// every so often a page becomes a version. It says what it would tell them:
//
//	typed PAGE WORD        the word is on disk
//	saved PAGE COMMIT      the version is in git and its state in the journal
func work(dir string) error {
	ctx := context.Background()
	j, err := journal.Open(filepath.Join(dir, "journal.db"), journal.Options{})
	if err != nil {
		return err
	}
	space := filepath.Join(dir, "internal.git")
	g, err := repo.Create(space, repo.Options{})
	if err != nil {
		return err
	}
	var out sync.Mutex
	say := func(format string, args ...any) {
		out.Lock()
		defer out.Unlock()
		_, _ = os.Stdout.WriteString(fmt.Sprintf(format, args...) + "\n") // one call
	}
	var gate sync.Mutex // the wiki's writer lock
	failed := make(chan error, pages)
	for n := range pages {
		go func() { failed <- typist(ctx, j, g, &gate, n, say) }()
	}
	for range pages {
		if err := <-failed; err != nil {
			return err
		}
	}
	if err := g.Close(); err != nil {
		return err
	}
	return j.Close()
}

func typist(ctx context.Context, j *journal.Journal, g *repo.Repo, gate *sync.Mutex, n int, say func(string, ...any)) error {
	doc := yjs.New(yjs.Options{Client: uint64(n + 1)})
	if _, err := doc.Change(yjs.Edit{Insert: fmt.Sprintf("# Page %d\n\n%s\n", n, strings.Repeat("What stood here before. ", 400))}); err != nil {
		return err
	}
	commit := func() (string, error) {
		gate.Lock()
		defer gate.Unlock()
		head, err := g.Head()
		if err != nil {
			return "", err
		}
		h, err := g.Commit(ctx, head, []repo.Edit{{Path: file(n), Data: []byte(doc.Text())}}, repo.Message{Author: dana, Text: "Edit", When: time.Now()})
		return h.String(), err
	}
	first, err := commit()
	if err != nil {
		return err
	}
	id, err := j.Create(ctx, journal.Document{Name: name(n), Epoch: "e", State: doc.Encode(nil), Owners: map[uint64]string{uint64(n + 1): "dana"}},
		journal.Version{Commit: first, State: doc.Encode(nil)})
	if err != nil {
		return err
	}
	say("saved %d %s", n, first)
	for i := range appends {
		word := fmt.Sprintf("<%d-%d>", n, i)
		at := len("# Page 0\n\n") // no word lands within another
		if i%2 == 1 {
			at = len(doc.Text())
		}
		data, err := doc.Change(yjs.Edit{Pos: at, Insert: word})
		if err != nil {
			return err
		}
		seq, err := j.Append(ctx, id, journal.Batch{Updates: []journal.Update{{Person: "dana", Data: data}}})
		if err != nil {
			return err
		}
		say("typed %d %s", n, word)
		if i%every != every-1 {
			continue
		}
		state := doc.Encode(nil)
		if err := j.Save(ctx, id, journal.Saving{Text: sha256.Sum256([]byte(doc.Text())), State: state, Upto: seq}); err != nil {
			return err
		}
		h, err := commit()
		if err != nil {
			return err
		}
		if err := j.Saved(ctx, id, journal.Version{Commit: h, State: state}, seq); err != nil {
			return err
		}
		say("saved %d %s", n, h)
		if i%(3*every) == 3*every-1 {
			if err := j.Compact(ctx, id, seq, state); err != nil {
				return err
			}
		}
	}
	return nil
}

// careless writes without syncing the files, then the folders.
func careless(dir string) error {
	write := func(name, text string, sync bool) error {
		f, err := os.Create(filepath.Join(dir, name))
		if err != nil {
			return err
		}
		if _, err := f.WriteString(text); err != nil {
			return err
		}
		if sync {
			if err := f.Sync(); err != nil {
				return err
			}
		}
		return f.Close()
	}
	folder := func() error {
		d, err := os.Open(dir)
		if err != nil {
			return err
		}
		if err := d.Sync(); err != nil {
			return err
		}
		return d.Close()
	}
	long := strings.Repeat("0123456789abcdef", 200)
	if err := write("file-not-synced", long, false); err != nil {
		return err
	}
	if err := folder(); err != nil {
		return err
	}
	if err := write("name-not-synced", long, true); err != nil {
		return err
	}
	if err := write("good.tmp", long, true); err != nil {
		return err
	}
	if err := os.Mkdir(filepath.Join(dir, "sub"), 0o700); err != nil {
		return err
	}
	_, _ = os.Stdout.WriteString("before\n")
	if err := os.Rename(filepath.Join(dir, "good.tmp"), filepath.Join(dir, "sub", "good")); err != nil {
		return err
	}
	_, _ = os.Stdout.WriteString("moved\n")
	if err := folder(); err != nil {
		return err
	}
	_, _ = os.Stdout.WriteString("done\n")
	return nil
}
