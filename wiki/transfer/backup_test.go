package transfer_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dealwiki/realtime/journal"
	"dealwiki/wiki"
	"dealwiki/wiki/people"
	"dealwiki/wiki/repo"
	"dealwiki/wiki/transfer"
)

func backup(t testing.TB, dir string) []byte {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, transfer.Backup(t.Context(), dir, &b, transfer.BackupOptions{}))
	return b.Bytes()
}

func doctor(t testing.TB, dir string, repair bool) []transfer.Finding {
	t.Helper()
	found, err := transfer.Doctor(t.Context(), dir, transfer.DoctorOptions{Repair: repair, Git: gitIfThere()})
	require.NoError(t, err)
	return found
}

func gitIfThere() string {
	path, _ := exec.LookPath("git") // without one the check does what it can
	return path
}

func TestBackupAndRestore(t *testing.T) {
	w := exported(t)
	w.importFrom(bundle("opm-eqip"), transfer.ImportOptions{Prospect: "eQIP"})
	_, err := w.People().Add(t.Context(), people.System("test"), people.NewPerson{Email: "dana@example.com", Name: "Dana"})
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(w.dir, "config.yaml"), []byte("company: Acme\n"), 0o600))
	git(t, w.repo("eqip", wiki.Internal), "tag", "handoff/0001", "main")
	known, ahead := live(t, w)
	data := backup(t, w.dir)

	to := filepath.Join(t.TempDir(), "restored")
	require.NoError(t, transfer.Restore(t.Context(), bytes.NewReader(data), to, transfer.BackupOptions{}))
	assert.Empty(t, doctor(t, to, false))
	for _, name := range []string{"northwind-rail/internal", "northwind-rail/external", "eqip/internal", "eqip/external", "playbook/internal"} {
		dir := filepath.Join(to, "spaces", name+".git")
		git(t, dir, "fsck", "--strict")
		assert.Equal(t, git(t, filepath.Join(w.dir, "spaces", name+".git"), "for-each-ref"), git(t, dir, "for-each-ref"))
	}
	config, err := os.ReadFile(filepath.Join(to, "config.yaml"))
	require.NoError(t, err)
	assert.Equal(t, "company: Acme\n", string(config))
	assert.NoFileExists(t, filepath.Join(to, "derived.db"))
	again := openWorld(t, to)
	assert.Len(t, again.Prospects(t.Context(), cli), 2)
	assert.Equal(t, w.read("northwind-rail", "internal/account/overview"), again.read("northwind-rail", "internal/account/overview"))
	_, err = again.People().ByEmail(t.Context(), "dana@example.com")
	require.NoError(t, err)
	again.edit("eqip", "internal/account/new", "still works\n")
	j, err := journal.Open(filepath.Join(to, "journal.db"), journal.Options{})
	require.NoError(t, err)
	d, err := j.Load(t.Context(), "northwind-rail/internal/account/overview")
	require.NoError(t, err)
	assert.True(t, d.Recovering)
	assert.Equal(t, known, d.Last, "a version that git has not is made again")
	assert.Len(t, d.Updates, 2, "of its edits")
	unsaved, err := j.Unsaved(t.Context())
	require.NoError(t, err)
	assert.Equal(t, []string{d.Name}, unsaved)
	_, err = j.State(t.Context(), d.ID, ahead)
	require.ErrorIs(t, err, journal.ErrUnknown)
	id, err := j.Create(t.Context(), journal.Document{Name: "northwind-rail/internal/account/later"}, journal.Version{})
	require.NoError(t, err)
	assert.NotZero(t, id)
	d, err = j.Load(t.Context(), "northwind-rail/internal/account/later")
	require.NoError(t, err)
	assert.True(t, d.Rebuilt)
	require.NoError(t, j.Close())

	err = transfer.Restore(t.Context(), bytes.NewReader(data), to, transfer.BackupOptions{})
	assert.ErrorContains(t, err, "not empty")
}

// live gives a page a live document with two versions, of which git has one.
func live(t *testing.T, w *world) (known, ahead string) {
	t.Helper()
	j, err := journal.Open(filepath.Join(w.dir, "journal.db"), journal.Options{})
	require.NoError(t, err)
	defer func() { require.NoError(t, j.Close()) }()
	known = strings.TrimSpace(git(t, w.repo("northwind-rail", wiki.Internal), "rev-parse", "main"))
	ahead = strings.Repeat("a", 40)
	state := []byte{0, 0}
	id, err := j.Create(t.Context(), journal.Document{Name: "northwind-rail/internal/account/overview", Epoch: "e", State: state},
		journal.Version{Commit: known, State: state})
	require.NoError(t, err)
	for range 2 {
		seq, err := j.Append(t.Context(), id, journal.Batch{Updates: []journal.Update{{Person: "dana", Data: []byte{0, 0}}}})
		require.NoError(t, err)
		require.NoError(t, j.Saved(t.Context(), id, journal.Version{Commit: ahead, State: state}, seq))
	}
	unsaved, err := j.Unsaved(t.Context())
	require.NoError(t, err)
	require.Empty(t, unsaved)
	return known, ahead
}

func TestDoctorAndLiveDocuments(t *testing.T) {
	w := exported(t)
	known, ahead := live(t, w)
	require.NoError(t, w.Close())
	file := filepath.Join(w.dir, "journal.db")

	found := doctor(t, w.dir, false)
	require.Len(t, found, 1)
	assert.Equal(t, "journal.db: has version "+ahead[:10]+" of northwind-rail/internal/account/overview, which git has not; it is made again from its edits", found[0].String())
	found = doctor(t, w.dir, true)
	require.Len(t, found, 1)
	assert.True(t, found[0].Repaired)
	assert.Empty(t, doctor(t, w.dir, false))
	list, err := journal.ListFile(t.Context(), file)
	require.NoError(t, err)
	require.Len(t, list, 1)
	assert.Equal(t, known, list[0].Last)
	assert.True(t, list[0].Unsaved)

	require.NoError(t, os.WriteFile(file, bytes.Repeat([]byte("damaged "), 2000), 0o600))
	found = doctor(t, w.dir, false)
	require.Len(t, found, 1)
	assert.True(t, found[0].Repairable)
	found = doctor(t, w.dir, true)
	require.Len(t, found, 1)
	assert.True(t, found[0].Repaired)
	assert.Contains(t, found[0].Problem, "the damaged file is journal.db.damaged-")
	assert.Empty(t, doctor(t, w.dir, false))
}

// A backup taken while several people write holds, of every repository, a whole
// state with everything that was acknowledged before it began.
func TestBackupUnderWrites(t *testing.T) {
	w := exported(t)
	const writers = 3
	var stop atomic.Bool
	var wg sync.WaitGroup
	var mu sync.Mutex
	acknowledged := map[string]string{}
	for i := range writers {
		wg.Go(func() {
			for n := 0; !stop.Load(); n++ {
				place := wiki.Place{Section: wiki.Internal, Stage: "account", Page: fmt.Sprintf("writer-%d-page-%d", i, n%10)}
				sp, err := w.Space(t.Context(), cli, "northwind-rail")
				if !assert.NoError(t, err) {
					return
				}
				text := fmt.Sprintf("writer %d, edit %d\n", i, n)
				var base repo.Hash
				if info, err := sp.Internal().Lookup(t.Context(), cli, place); err == nil {
					base = info.Version
				}
				if _, err := sp.Internal().Edit(t.Context(), cli, wiki.Edit{Place: place, Text: []byte(text), Base: base}); !assert.NoError(t, err) {
					return
				}
				mu.Lock()
				acknowledged[place.Path()] = text
				mu.Unlock()
			}
		})
	}
	for done := false; !done; time.Sleep(time.Millisecond) {
		mu.Lock()
		done = len(acknowledged) >= 12
		mu.Unlock()
	}
	var backups [][]byte
	var before []map[string]string
	for range 3 {
		mu.Lock()
		seen := map[string]string{}
		for k, v := range acknowledged {
			seen[k] = v
		}
		mu.Unlock()
		before = append(before, seen)
		backups = append(backups, backup(t, w.dir))
	}
	stop.Store(true)
	wg.Wait()
	for i, data := range backups {
		to := filepath.Join(t.TempDir(), "restored")
		require.NoError(t, transfer.Restore(t.Context(), bytes.NewReader(data), to, transfer.BackupOptions{}))
		assert.Empty(t, doctor(t, to, false))
		dir := filepath.Join(to, "spaces", "northwind-rail", "internal.git")
		git(t, dir, "fsck", "--strict")
		for path, text := range before[i] {
			var at, had int
			got := git(t, dir, "show", "main:"+path)
			_, err := fmt.Sscanf(got, "writer %d, edit %d", new(int), &at)
			require.NoError(t, err)
			_, err = fmt.Sscanf(text, "writer %d, edit %d", new(int), &had)
			require.NoError(t, err)
			assert.GreaterOrEqual(t, at, had, path)
		}
	}
}

// rewrite makes another backup of one, entry by entry.
func rewrite(t testing.TB, data []byte, change func(*tar.Header, []byte) []entryOf) []byte {
	t.Helper()
	zr, err := gzip.NewReader(bytes.NewReader(data))
	require.NoError(t, err)
	tr := tar.NewReader(zr)
	var out bytes.Buffer
	zw := gzip.NewWriter(&out)
	tw := tar.NewWriter(zw)
	for {
		h, err := tr.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		require.NoError(t, err)
		body, err := io.ReadAll(tr)
		require.NoError(t, err)
		for _, e := range change(h, body) {
			if e.h.Typeflag == tar.TypeReg {
				e.h.Size = int64(len(e.body))
			}
			require.NoError(t, tw.WriteHeader(e.h))
			_, err := tw.Write(e.body)
			require.NoError(t, err)
		}
	}
	require.NoError(t, tw.Close())
	require.NoError(t, zw.Close())
	return out.Bytes()
}

type entryOf struct {
	h    *tar.Header
	body []byte
}

func TestRestoreRefuses(t *testing.T) {
	w := exported(t)
	data := backup(t, w.dir)
	add := func(h tar.Header, body string) func(*tar.Header, []byte) []entryOf {
		return func(old *tar.Header, b []byte) []entryOf {
			if old.Name == "backup.json" {
				return []entryOf{{old, b}, {&h, []byte(body)}}
			}
			return []entryOf{{old, b}}
		}
	}
	edit := func(name string, f func(string) string) func(*tar.Header, []byte) []entryOf {
		return func(h *tar.Header, b []byte) []entryOf {
			if strings.HasSuffix(h.Name, name) {
				b = []byte(f(string(b)))
			}
			return []entryOf{{h, b}}
		}
	}
	drop := func(name string) func(*tar.Header, []byte) []entryOf {
		return func(h *tar.Header, b []byte) []entryOf {
			if strings.HasSuffix(h.Name, name) {
				return nil
			}
			return []entryOf{{h, b}}
		}
	}
	for name, bad := range map[string][]byte{
		"text":            []byte("hello"),
		"empty":           nil,
		"cut":             data[:len(data)/2],
		"cut at the end":  data[:len(data)-4],
		"up":              rewrite(t, data, add(tar.Header{Typeflag: tar.TypeReg, Name: "../evil", Mode: 0o600}, "x")),
		"absolute":        rewrite(t, data, add(tar.Header{Typeflag: tar.TypeReg, Name: "/tmp/evil", Mode: 0o600}, "x")),
		"link":            rewrite(t, data, add(tar.Header{Typeflag: tar.TypeSymlink, Name: "spaces", Linkname: "/tmp"}, "")),
		"hard link":       rewrite(t, data, add(tar.Header{Typeflag: tar.TypeLink, Name: "config.yaml", Linkname: "/etc/passwd"}, "")),
		"hook":            rewrite(t, data, add(tar.Header{Typeflag: tar.TypeReg, Name: "spaces/a/internal.git/hooks/pre-receive", Mode: 0o700}, "x")),
		"reference above": rewrite(t, data, add(tar.Header{Typeflag: tar.TypeReg, Name: "spaces/a/internal.git/refs/heads/../../../x", Mode: 0o600}, "x")),
		"odd prospect":    rewrite(t, data, add(tar.Header{Typeflag: tar.TypeReg, Name: "spaces/A B/internal.git/HEAD", Mode: 0o600}, "x")),
		"not listed":      rewrite(t, data, add(tar.Header{Typeflag: tar.TypeReg, Name: "config.yaml", Mode: 0o600}, "x: 1")),
		"twice":           rewrite(t, data, func(h *tar.Header, b []byte) []entryOf { return []entryOf{{h, b}, {h, b}} }),
		"changed pack":    rewrite(t, data, edit(".pack", func(s string) string { return s[:len(s)-1] + "\x00" })),
		"changed ref":     rewrite(t, data, edit("refs/heads/main", func(s string) string { return strings.Repeat("1", 40) + "\n" })),
		"no list":         rewrite(t, data, drop("manifest.json")),
		"no accounts":     rewrite(t, data, drop("dealwiki.db")),
		"other format":    rewrite(t, data, edit("backup.json", func(s string) string { return strings.Replace(s, `"format": 1`, `"format": 9`, 1) })),
	} {
		t.Run(name, func(t *testing.T) {
			to := filepath.Join(t.TempDir(), "restored")
			err := transfer.Restore(t.Context(), bytes.NewReader(bad), to, transfer.BackupOptions{})
			require.ErrorIs(t, err, transfer.ErrBackup)
			assert.NoDirExists(t, to)
		})
	}
	dir := t.TempDir()
	require.ErrorIs(t, transfer.Restore(t.Context(), strings.NewReader("x"), dir, transfer.BackupOptions{}), transfer.ErrBackup)
	left, err := os.ReadDir(dir)
	require.NoError(t, err)
	assert.Empty(t, left)
}

func TestDoctor(t *testing.T) {
	made := exported(t)
	data := backup(t, made.dir)
	fresh := func(t *testing.T) string {
		to := filepath.Join(t.TempDir(), "restored")
		require.NoError(t, transfer.Restore(t.Context(), bytes.NewReader(data), to, transfer.BackupOptions{}))
		// Opened and closed once, so that everything derived is there.
		t.Run("open", func(t *testing.T) {
			w := openWorld(t, to)
			w.read("northwind-rail", "internal/account/overview")
			w.read("northwind-rail", "external/proposing/offer")
		})
		return to
	}
	assert.Empty(t, doctor(t, made.dir, false), "beside a server")
	_, err := transfer.Doctor(t.Context(), made.dir, transfer.DoctorOptions{Repair: true})
	assert.ErrorIs(t, err, wiki.ErrLocked)
	_, err = transfer.Doctor(t.Context(), t.TempDir(), transfer.DoctorOptions{})
	assert.ErrorContains(t, err, "no data folder")

	old := time.Now().Add(-24 * time.Hour)
	for _, tt := range []struct {
		name, where string
		repairable  bool
		harm        func(t *testing.T, dir string)
	}{
		{"half-made prospect", "spaces/.new-123", true, func(t *testing.T, dir string) {
			require.NoError(t, os.Mkdir(filepath.Join(dir, "spaces", ".new-123"), 0o700))
			require.NoError(t, os.Chtimes(filepath.Join(dir, "spaces", ".new-123"), old, old))
		}},
		{"stale lock", "spaces/northwind-rail/internal.git/refs/heads/main.lock", true, func(t *testing.T, dir string) {
			name := filepath.Join(dir, "spaces/northwind-rail/internal.git/refs/heads/main.lock")
			require.NoError(t, os.WriteFile(name, nil, 0o600))
			require.NoError(t, os.Chtimes(name, old, old))
		}},
		{"stray file", "spaces/northwind-rail/notes.txt", false, func(t *testing.T, dir string) {
			require.NoError(t, os.WriteFile(filepath.Join(dir, "spaces/northwind-rail/notes.txt"), nil, 0o600))
		}},
		{"missing side", "spaces/northwind-rail/external.git", false, func(t *testing.T, dir string) {
			require.NoError(t, os.RemoveAll(filepath.Join(dir, "spaces/northwind-rail/external.git")))
		}},
		{"damaged pack", "spaces/northwind-rail/internal.git", false, func(t *testing.T, dir string) {
			packs, err := filepath.Glob(filepath.Join(dir, "spaces/northwind-rail/internal.git/objects/pack/*.pack"))
			require.NoError(t, err)
			require.NoError(t, os.Chmod(packs[0], 0o600))
			data, err := os.ReadFile(packs[0])
			require.NoError(t, err)
			for i := 100; i < 160; i++ {
				data[i] ^= 0xff
			}
			require.NoError(t, os.WriteFile(packs[0], data, 0o600))
		}},
		{"damaged main", "spaces/northwind-rail/internal.git", false, func(t *testing.T, dir string) {
			require.NoError(t, os.WriteFile(filepath.Join(dir, "spaces/northwind-rail/internal.git/refs/heads/main"), nil, 0o600))
		}},
		{"derived tables", "derived.db", true, func(t *testing.T, dir string) {
			db, err := sql.Open("sqlite", filepath.Join(dir, "derived.db"))
			require.NoError(t, err)
			_, err = db.Exec("UPDATE history_repos SET cursor = x'1111111111111111111111111111111111111111'")
			require.NoError(t, err)
			require.NoError(t, db.Close())
		}},
		{"derived garbage", "derived.db", true, func(t *testing.T, dir string) {
			require.NoError(t, os.WriteFile(filepath.Join(dir, "derived.db"), []byte(strings.Repeat("garbage", 1000)), 0o600))
		}},
		{"accounts", "dealwiki.db", false, func(t *testing.T, dir string) {
			require.NoError(t, os.WriteFile(filepath.Join(dir, "dealwiki.db"), []byte(strings.Repeat("garbage", 1000)), 0o600))
		}},
		{"no accounts", "dealwiki.db", false, func(t *testing.T, dir string) { require.NoError(t, os.Remove(filepath.Join(dir, "dealwiki.db"))) }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := fresh(t)
			require.Empty(t, doctor(t, dir, false))
			tt.harm(t, dir)
			found := doctor(t, dir, false)
			require.Len(t, found, 1, "%v", found)
			assert.Equal(t, tt.where, found[0].Where)
			assert.Equal(t, tt.repairable, found[0].Repairable, found[0].Problem)
			found = doctor(t, dir, true)
			require.Len(t, found, 1)
			assert.Equal(t, tt.repairable, found[0].Repaired)
			if tt.repairable {
				assert.Empty(t, doctor(t, dir, false))
			}
		})
	}
}
