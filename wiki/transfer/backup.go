package transfer

import (
	"archive/tar"
	"bufio"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"sort"
	"strings"
	"time"

	_ "modernc.org/sqlite" // the driver named "sqlite"

	"dealwiki/realtime/journal"
	"dealwiki/wiki"
)

// Names in a backup.
const (
	backupFormat   = 1
	backupHeadFile = "backup.json"
	manifestFile   = "manifest.json"
	configFile     = "config.yaml"
	accountsFile   = "dealwiki.db"
	journalFile    = "journal.db"
	spacesDir      = "spaces"
)

// BackupOptions are for the caller's surroundings; the zero value works.
type BackupOptions struct {
	Now      func() time.Time
	Logger   *slog.Logger
	Progress func(done, total int, what string)
}

func (o *BackupOptions) complete() {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Progress == nil {
		o.Progress = func(int, int, string) {}
	}
}

// backupHead is the first file of a backup: what it is, and the references of
// every repository as they were noted before anything else was copied.
type backupHead struct {
	Format  int                          `json:"format"`
	Created time.Time                    `json:"created"`
	Refs    map[string]map[string]string `json:"refs"` // "northwind/internal" → reference → commit
}

// manifest is the last file of a backup.
type manifest struct {
	Files []manifestFileEntry `json:"files"`
}

type manifestFileEntry struct {
	Path   string `json:"path"`
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"`
}

// Backup writes a copy of the data folder dir while a server may be running on
// it: a gzipped tar, in this order,
//
//	backup.json                     format, time, every repository's references
//	journal.db                      if there is one
//	spaces/PROSPECT/SECTION.git/…   a bare repository of one pack: HEAD, config,
//	                                objects/pack/pack-….pack and .idx, refs/…
//	dealwiki.db                     accounts, as SQLite copies itself
//	config.yaml                     if there is one
//	manifest.json                   path, size and SHA-256 of every file above
//
// The references are noted first and the repositories hold all that these
// reach, so every repository is whole as it was at one moment. The journal is
// never behind it: whatever goes to git is noted there before. Versions that the journal has and the repositories have
// not are made again after [Restore], from their edits. What is derived (derived.db, index/) and the trash are
// left out. The archive holds password hashes and may hold secrets of
// config.yaml: keep it where nobody else reads.
func Backup(ctx context.Context, dir string, out io.Writer, o BackupOptions) error {
	o.complete()
	repos, err := listRepos(dir)
	if err != nil {
		return err
	}
	head := backupHead{Format: backupFormat, Created: o.Now().UTC().Truncate(time.Second), Refs: map[string]map[string]string{}}
	for _, r := range repos {
		refs, err := readRefs(filepath.Join(dir, spacesDir, filepath.FromSlash(r.path())))
		if errors.Is(err, fs.ErrNotExist) {
			continue // deleted since it was listed
		}
		if err != nil {
			return fmt.Errorf("reading the references of %s: %w", r.name(), err)
		}
		head.Refs[r.name()] = refs
	}
	tmp, err := os.MkdirTemp("", "dealwiki-backup-")
	if err != nil {
		return fmt.Errorf("making a temporary folder: %w", err)
	}
	defer os.RemoveAll(tmp)
	zw, err := gzip.NewWriterLevel(out, gzip.BestSpeed)
	if err != nil {
		return err
	}
	b := &backup{ctx: ctx, dir: dir, tmp: tmp, o: o, tw: tar.NewWriter(zw), at: head.Created}
	if err := b.all(repos, head); err != nil {
		return err
	}
	if err := errors.Join(b.tw.Close(), zw.Close()); err != nil {
		return fmt.Errorf("writing the backup: %w", err)
	}
	return nil
}

// spaceRepo is one repository of a data folder.
type spaceRepo struct {
	space   string
	section string
}

func (r spaceRepo) name() string { return r.space + "/" + r.section }
func (r spaceRepo) path() string { return r.space + "/" + r.section + ".git" }

// listRepos lists the repositories of every space, by name.
func listRepos(dir string) ([]spaceRepo, error) {
	spaces, err := os.ReadDir(filepath.Join(dir, spacesDir))
	if err != nil {
		return nil, fmt.Errorf("listing prospects: %w", err)
	}
	var out []spaceRepo
	for _, d := range spaces {
		if !d.IsDir() || d.Name() != wiki.Playbook && wiki.CheckProspect(d.Name()) != nil {
			continue
		}
		for _, section := range []wiki.Section{wiki.Internal, wiki.External} {
			r := spaceRepo{d.Name(), string(section)}
			st, err := os.Stat(filepath.Join(dir, spacesDir, filepath.FromSlash(r.path())))
			if err == nil && st.IsDir() {
				out = append(out, r)
			} else if err != nil && !errors.Is(err, fs.ErrNotExist) {
				return nil, fmt.Errorf("listing prospects: %w", err)
			}
		}
	}
	return out, nil
}

type backup struct {
	ctx  context.Context // of the one call of Backup
	dir  string
	tmp  string
	o    BackupOptions
	tw   *tar.Writer
	at   time.Time
	list manifest
}

func (b *backup) all(repos []spaceRepo, head backupHead) error {
	data, err := json.MarshalIndent(head, "", "  ")
	if err != nil {
		return err
	}
	if err := b.bytes(backupHeadFile, data); err != nil {
		return err
	}
	if err := b.database(journalFile, journal.CopyFile); err != nil {
		return err
	}
	for i, r := range repos {
		refs, ok := head.Refs[r.name()]
		if !ok {
			continue
		}
		if err := b.repo(r, refs); err != nil {
			// A prospect that was deleted meanwhile is not in the backup.
			if _, gone := os.Stat(filepath.Join(b.dir, spacesDir, r.space)); errors.Is(gone, fs.ErrNotExist) {
				b.o.Logger.Warn("a prospect was deleted while it was copied, so it is left out", "prospect", r.space)
				continue
			}
			return fmt.Errorf("copying %s: %w", r.name(), err)
		}
		b.o.Progress(i+1, len(repos), "copying repositories")
	}
	if err := b.database(accountsFile, copyDatabase); err != nil {
		return err
	}
	data, err = os.ReadFile(filepath.Join(b.dir, configFile))
	if err == nil {
		err = b.bytes(configFile, data)
	} else if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	if err != nil {
		return fmt.Errorf("copying %s: %w", configFile, err)
	}
	if data, err = json.MarshalIndent(b.list, "", " "); err != nil {
		return err
	}
	return b.bytes(manifestFile, data)
}

func (b *backup) header(name string, size int64) error {
	return b.tw.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: name, Size: size, Mode: 0o600, ModTime: b.at, Format: tar.FormatPAX})
}

func (b *backup) folder(name string) error {
	return b.tw.WriteHeader(&tar.Header{Typeflag: tar.TypeDir, Name: name + "/", Mode: 0o700, ModTime: b.at, Format: tar.FormatPAX})
}

func (b *backup) bytes(name string, data []byte) error {
	if err := b.ctx.Err(); err != nil {
		return err
	}
	sum := sha256.Sum256(data)
	b.list.Files = append(b.list.Files, manifestFileEntry{name, int64(len(data)), hex.EncodeToString(sum[:])})
	if err := b.header(name, int64(len(data))); err != nil {
		return fmt.Errorf("writing %s: %w", name, err)
	}
	if _, err := b.tw.Write(data); err != nil {
		return fmt.Errorf("writing %s: %w", name, err)
	}
	return nil
}

// file copies a file that nobody changes.
func (b *backup) file(name, from string) error {
	f, err := os.Open(from)
	if err != nil {
		return err
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		return err
	}
	if err := b.header(name, st.Size()); err != nil {
		return err
	}
	sum := sha256.New()
	n, err := io.Copy(io.MultiWriter(b.tw, sum), io.LimitReader(contextReader{b.ctx, f}, st.Size()))
	if err == nil && n != st.Size() {
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		return fmt.Errorf("writing %s: %w", name, err)
	}
	b.list.Files = append(b.list.Files, manifestFileEntry{name, n, hex.EncodeToString(sum.Sum(nil))})
	return nil
}

type contextReader struct {
	ctx context.Context
	r   io.Reader
}

func (c contextReader) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.r.Read(p)
}

// database copies an SQLite file, if it is there, with what is in its log.
func (b *backup) database(name string, copyFile func(ctx context.Context, from, to string) error) error {
	from := filepath.Join(b.dir, name)
	if _, err := os.Stat(from); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	to := filepath.Join(b.tmp, name)
	if err := copyFile(b.ctx, from, to); err != nil {
		return fmt.Errorf("copying %s: %w", name, err)
	}
	defer os.Remove(to)
	return b.file(name, to)
}

func openSQLite(file string) (*sql.DB, error) {
	dsn := (&url.URL{Scheme: "file", OmitHost: true, Path: filepath.ToSlash(file), RawQuery: "_pragma=busy_timeout(10000)"}).String()
	db, err := sql.Open("sqlite", dsn)
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	return db, nil
}

func copyDatabase(ctx context.Context, from, to string) error {
	abs, err := filepath.Abs(from)
	if err != nil {
		return err
	}
	db, err := openSQLite(abs)
	if err != nil {
		return err
	}
	_, err = db.ExecContext(ctx, `VACUUM INTO ?`, to)
	return errors.Join(err, db.Close())
}

const bareConfig = "[core]\n\trepositoryformatversion = 0\n\tfilemode = true\n\tbare = true\n"

func (b *backup) repo(r spaceRepo, refs map[string]string) error {
	base := path.Join(spacesDir, r.path())
	from := filepath.Join(b.dir, filepath.FromSlash(base))
	var tips []string
	for _, h := range refs {
		tips = append(tips, h)
	}
	sort.Strings(tips)
	packFile, idxFile := filepath.Join(b.tmp, "pack"), filepath.Join(b.tmp, "idx")
	name, err := writePack(b.ctx, from, tips, packFile, idxFile)
	if err != nil {
		return err
	}
	for _, dir := range []string{base, base + "/objects", base + "/objects/pack", base + "/refs", base + "/refs/heads"} {
		if err := b.folder(dir); err != nil {
			return err
		}
	}
	if err := b.bytes(base+"/HEAD", []byte("ref: refs/heads/main\n")); err != nil {
		return err
	}
	if err := b.bytes(base+"/config", []byte(bareConfig)); err != nil {
		return err
	}
	if name != "" {
		if err := b.file(base+"/objects/pack/pack-"+name+".pack", packFile); err != nil {
			return err
		}
		if err := b.file(base+"/objects/pack/pack-"+name+".idx", idxFile); err != nil {
			return err
		}
	}
	names := make([]string, 0, len(refs))
	for ref := range refs {
		names = append(names, ref)
	}
	sort.Strings(names)
	for _, ref := range names {
		if err := b.bytes(base+"/"+ref, []byte(refs[ref]+"\n")); err != nil {
			return err
		}
	}
	return nil
}

// readRefs reads the branches and tags of a bare repository. Files are read
// before packed-refs: git writes packed-refs before it removes a file, so what
// was missed as a file is found there.
func readRefs(dir string) (map[string]string, error) {
	refs := map[string]string{}
	if _, err := os.Stat(filepath.Join(dir, "HEAD")); err != nil {
		return nil, err
	}
	root := filepath.Join(dir, "refs")
	err := filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil || d.IsDir() || strings.HasSuffix(p, ".lock") {
			return err
		}
		data, err := os.ReadFile(p)
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(dir, p)
		if err != nil {
			return err
		}
		name, id := filepath.ToSlash(rel), strings.TrimSpace(string(data))
		if !validRef(name) || !isHash(id) {
			return fmt.Errorf("the reference %q is damaged", name)
		}
		refs[name] = id
		return nil
	})
	if err != nil {
		return nil, err
	}
	f, err := os.Open(filepath.Join(dir, "packed-refs"))
	if errors.Is(err, fs.ErrNotExist) {
		return refs, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	sc := bufio.NewScanner(f)
	for sc.Scan() {
		id, name, ok := strings.Cut(sc.Text(), " ")
		if ok && isHash(id) && validRef(name) && refs[name] == "" {
			refs[name] = id
		}
	}
	return refs, sc.Err()
}

func isHash(s string) bool {
	return len(s) == 40 && strings.Trim(s, "0123456789abcdef") == ""
}

// validRef reports whether a reference is a branch or tag with a plain name.
func validRef(name string) bool {
	if !strings.HasPrefix(name, "refs/heads/") && !strings.HasPrefix(name, "refs/tags/") {
		return false
	}
	if len(name) > 200 || !fs.ValidPath(name) || strings.HasSuffix(name, ".lock") || strings.Contains(name, "..") {
		return false
	}
	for part := range strings.SplitSeq(name, "/") {
		if part[0] == '.' || part[0] == '-' {
			return false
		}
	}
	return !strings.ContainsFunc(name, func(r rune) bool { return r <= ' ' || r >= 0x7f || strings.ContainsRune(`~^:?*[\`, r) })
}
