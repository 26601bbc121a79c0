package transfer

import (
	"archive/tar"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"sort"
	"strings"

	"dealwiki/realtime/journal"
	"dealwiki/wiki"
	"dealwiki/wiki/repo"
)

// ErrBackup says that a file is no backup, or not a whole one.
var ErrBackup = errors.New("this backup cannot be restored")

func badBackup(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrBackup, fmt.Sprintf(format, args...))
}

// maxSmallFile bounds what is read into memory: references, configuration, the
// lists at both ends.
const maxSmallFile = 256 << 20

// Restore fills the empty or missing folder dir from a backup. Everything is
// compared with the backup's list, synced, and the references are written last,
// after which every repository is read once. On an error the folder is as it
// was.
//
// Live documents are marked as recovering, since browsers bring back what was
// written after the backup; versions that the journal knows and the repositories
// do not are forgotten, so that the next start makes them again of their edits.
// A backup without a journal gets an empty one, which knows that it had one
// before.
func Restore(ctx context.Context, in io.Reader, dir string, o BackupOptions) (err error) {
	o.complete()
	made := false
	entries, err := os.ReadDir(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		made = true
	case err != nil:
		return fmt.Errorf("looking at the folder: %w", err)
	case len(entries) > 0:
		return fmt.Errorf("the folder %s is not empty; restore into a new one", dir)
	}
	lock, err := wiki.Lock(dir)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, emptyFolder(dir, made))
		}
		err = errors.Join(err, lock.Unlock())
	}()
	r := &restorer{ctx: ctx, dir: dir, o: o, sums: map[string]manifestFileEntry{}, refs: map[string]map[string]string{}}
	if err := r.extract(in); err != nil {
		return err
	}
	if err := r.verify(); err != nil {
		return err
	}
	if err := r.sync(); err != nil {
		return fmt.Errorf("syncing what was restored: %w", err)
	}
	return r.finish()
}

// emptyFolder takes away what a failed restore has written.
func emptyFolder(dir string, made bool) error {
	if made {
		return os.RemoveAll(dir)
	}
	entries, err := os.ReadDir(dir)
	for _, e := range entries {
		err = errors.Join(err, os.RemoveAll(filepath.Join(dir, e.Name())))
	}
	return err
}

type restorer struct {
	ctx  context.Context // of the one call of Restore
	dir  string
	o    BackupOptions
	head *backupHead
	want *manifest
	sums map[string]manifestFileEntry
	refs map[string]map[string]string // repository's path below spaces → reference → commit
	dirs map[string]bool
}

var packName = regexp.MustCompile(`^objects/pack/pack-[0-9a-f]{40}\.(pack|idx)$`)

// extract writes the files of the archive, all but references.
func (r *restorer) extract(in io.Reader) error {
	zr, err := gzip.NewReader(in)
	if err != nil {
		return badBackup("it is not a gzipped archive")
	}
	defer zr.Close()
	tr := tar.NewReader(zr)
	r.dirs = map[string]bool{}
	for {
		if err := r.ctx.Err(); err != nil {
			return err
		}
		h, err := tr.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return badBackup("it is damaged or cut short (%v)", err)
		}
		name := strings.TrimSuffix(h.Name, "/")
		if !fs.ValidPath(name) || strings.ContainsAny(name, `\:`) {
			return badBackup("it has a file named %q", h.Name)
		}
		if r.want != nil {
			return badBackup("it goes on after its list")
		}
		switch h.Typeflag {
		case tar.TypeDir:
			continue
		case tar.TypeReg:
		default:
			return badBackup("%q is neither a file nor a folder", name)
		}
		if _, twice := r.sums[name]; twice {
			return badBackup("it has %q twice", name)
		}
		if r.head == nil && name != backupHeadFile {
			return badBackup("it does not begin as a backup does")
		}
		if err := r.one(name, h.Size, tr); err != nil {
			return err
		}
	}
	// The checksum of the whole stands at its very end.
	if _, err := io.Copy(io.Discard, zr); err != nil {
		return badBackup("it is damaged or cut short (%v)", err)
	}
	if r.want == nil {
		return badBackup("it is cut short: its list is missing")
	}
	return nil
}

func (r *restorer) one(name string, size int64, in io.Reader) error {
	switch name {
	case backupHeadFile, manifestFile, configFile:
		data, err := r.small(name, size, in)
		if err != nil {
			return err
		}
		switch name {
		case backupHeadFile:
			r.head = &backupHead{}
			if err := json.Unmarshal(data, r.head); err != nil {
				return badBackup("its beginning cannot be read")
			}
			if r.head.Format != backupFormat {
				return badBackup("it has format %d, this program knows format %d", r.head.Format, backupFormat)
			}
			return nil
		case manifestFile:
			r.want = &manifest{}
			if err := json.Unmarshal(data, r.want); err != nil {
				return badBackup("its list cannot be read")
			}
			return nil
		}
		return os.WriteFile(filepath.Join(r.dir, name), data, 0o600)
	case accountsFile, journalFile:
		return r.file(name, size, in)
	}
	parts := strings.SplitN(name, "/", 4)
	if len(parts) != 4 || parts[0] != spacesDir || parts[1] != wiki.Playbook && wiki.CheckProspect(parts[1]) != nil ||
		parts[2] != string(wiki.Internal)+".git" && parts[2] != string(wiki.External)+".git" {
		return badBackup("it has a file that no backup has: %q", name)
	}
	base, rest := parts[1]+"/"+parts[2], parts[3]
	if r.refs[base] == nil {
		r.refs[base] = map[string]string{}
		if err := os.MkdirAll(filepath.Join(r.dir, spacesDir, parts[1]), 0o700); err != nil {
			return err
		}
		// Made anew, so that no configuration comes from the archive.
		g, err := repo.Create(filepath.Join(r.dir, spacesDir, filepath.FromSlash(base)), repo.Options{})
		if err != nil {
			return err
		}
		if err := g.Close(); err != nil {
			return err
		}
	}
	switch {
	case rest == "HEAD", rest == "config":
		_, err := r.small(name, size, in)
		return err
	case packName.MatchString(rest):
		return r.file(name, size, in)
	case validRef(rest):
		data, err := r.small(name, size, in)
		if err != nil {
			return err
		}
		id := strings.TrimSpace(string(data))
		if !isHash(id) {
			return badBackup("the reference %q is damaged", name)
		}
		r.refs[base][rest] = id
		return nil
	}
	return badBackup("it has a file that no backup has: %q", name)
}

func (r *restorer) small(name string, size int64, in io.Reader) ([]byte, error) {
	if size > maxSmallFile {
		return nil, badBackup("%q is too large", name)
	}
	data, err := io.ReadAll(io.LimitReader(in, maxSmallFile))
	if err != nil {
		return nil, badBackup("it is damaged or cut short (%v)", err)
	}
	sum := sha256.Sum256(data)
	r.sums[name] = manifestFileEntry{name, int64(len(data)), hex.EncodeToString(sum[:])}
	return data, nil
}

func (r *restorer) file(name string, size int64, in io.Reader) (err error) {
	to := filepath.Join(r.dir, filepath.FromSlash(name))
	mode := os.FileMode(0o600)
	if strings.HasPrefix(name, spacesDir+"/") {
		mode = 0o444
	}
	f, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, mode)
	if err != nil {
		return fmt.Errorf("restoring %s: %w", name, err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	sum := sha256.New()
	n, err := io.Copy(io.MultiWriter(f, sum), in)
	if err != nil {
		var perr *fs.PathError
		if errors.As(err, &perr) {
			return fmt.Errorf("restoring %s: %w", name, err)
		}
		return badBackup("it is damaged or cut short (%v)", err)
	}
	if n != size {
		return badBackup("%q is cut short", name)
	}
	r.sums[name] = manifestFileEntry{name, n, hex.EncodeToString(sum.Sum(nil))}
	r.dirs[filepath.Dir(to)] = true
	return f.Sync()
}

// verify compares what was read with the list.
func (r *restorer) verify() error {
	listed := map[string]bool{}
	for _, f := range r.want.Files {
		if got, ok := r.sums[f.Path]; !ok || got != f {
			return badBackup("%q is missing or not what it was when the backup was made", f.Path)
		}
		listed[f.Path] = true
	}
	for name := range r.sums {
		if name != manifestFile && !listed[name] {
			return badBackup("%q is not on its list", name)
		}
	}
	if !listed[accountsFile] {
		return badBackup("it has no accounts")
	}
	return nil
}

func (r *restorer) sync() error {
	if r.sums[configFile].Path != "" {
		if err := syncFile(filepath.Join(r.dir, configFile)); err != nil {
			return err
		}
	}
	dirs := []string{filepath.Join(r.dir, spacesDir), r.dir, filepath.Dir(r.dir)}
	for d := range r.dirs {
		dirs = append(dirs, d)
	}
	for base := range r.refs {
		dirs = append(dirs, filepath.Join(r.dir, spacesDir, path.Dir(base)))
	}
	for _, d := range dirs {
		if err := syncFile(d); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// finish writes the references and reads everything once.
func (r *restorer) finish() error {
	if err := checkDatabase(r.ctx, filepath.Join(r.dir, accountsFile)); err != nil {
		return badBackup("the accounts are damaged: %v", err)
	}
	bases := make([]string, 0, len(r.refs))
	for base := range r.refs {
		bases = append(bases, base)
	}
	sort.Strings(bases)
	for i, base := range bases {
		if err := r.repo(base); err != nil {
			return fmt.Errorf("restoring %s: %w", base, err)
		}
		r.o.Progress(i+1, len(bases), "checking repositories")
	}
	return r.journal()
}

// journal makes the live documents fit the repositories.
func (r *restorer) journal() (err error) {
	file := filepath.Join(r.dir, journalFile)
	j, err := journal.Open(file, journal.Options{Logger: r.o.Logger, Now: r.o.Now, Rebuilt: true})
	if err != nil {
		return badBackup("the live documents are damaged: %v", err)
	}
	defer func() { err = errors.Join(err, j.Close()) }()
	if err := j.Check(r.ctx); err != nil {
		return badBackup("the live documents are damaged: %v", err)
	}
	if err := j.SetRecovering(r.ctx); err != nil {
		return err
	}
	list, err := j.Documents(r.ctx)
	if err != nil {
		return err
	}
	repos := repoCache{dir: r.dir, o: repo.Options{Logger: r.o.Logger, ReadOnly: true}}
	defer func() { err = errors.Join(err, repos.close()) }()
	for _, d := range list {
		_, err := j.Rewind(r.ctx, d.ID, func(commit string) (bool, error) { return repos.has(d.Name, commit) })
		if err != nil {
			return fmt.Errorf("restoring the live document of %s: %w", d.Name, err)
		}
	}
	return nil
}

func (r *restorer) repo(base string) (err error) {
	dir := filepath.Join(r.dir, spacesDir, filepath.FromSlash(base))
	g, err := repo.Open(dir, repo.Options{Logger: r.o.Logger})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, g.Close()) }()
	const mainRef = "refs/heads/main"
	for name, id := range r.refs[base] {
		if name == mainRef {
			continue
		}
		file := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(file, []byte(id+"\n"), 0o644); err != nil {
			return err
		}
		if err := errors.Join(syncFile(file), syncFile(filepath.Dir(file))); err != nil {
			return err
		}
	}
	id, ok := r.refs[base][mainRef]
	if !ok {
		return nil
	}
	head, err := repo.ParseHash(id)
	if err != nil {
		return err
	}
	if err := g.SetHead(r.ctx, repo.Zero, head); err != nil {
		return badBackup("%v", err)
	}
	if err := g.Check(r.ctx); err != nil {
		return badBackup("%v", err)
	}
	return nil
}

// syncFile makes a file's bytes, or a folder's names, durable.
func syncFile(name string) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
