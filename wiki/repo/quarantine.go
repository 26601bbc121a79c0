package repo

import (
	"bufio"
	"bytes"
	"compress/zlib"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/filemode"
)

// ErrNoGit says that there is no git on this machine.
var ErrNoGit = errors.New("git is not installed on this server")

// ErrMissing says that an object is nowhere in a repository.
var ErrMissing = errMissing

// A Quarantine holds objects that somebody has sent until they are known to be
// good. They can be read beside those of the repository, and are no part of it:
// a quarantine that is dropped has left nothing behind, and one that a crash
// leaves is swept when the repository is opened.
type Quarantine struct {
	r    *Repo
	dir  string // an objects folder
	view *Repo
	pack string // base name of what Index has kept; "" for none
	n    int    // objects in it
}

// PackLimits bounds what a pack may hold, in bytes once it is unpacked.
type PackLimits struct {
	Object  int64 // the largest object
	Total   int64 // all objects
	Objects int   // how many
}

// PackError says why a pack is not taken.
type PackError struct{ Problem string }

func (e *PackError) Error() string { return e.Problem }

// Quarantine makes a place for objects that are not trusted. Drop it when done.
func (r *Repo) Quarantine() (*Quarantine, error) {
	if r.o.ReadOnly {
		return nil, ErrReadOnly
	}
	dir, err := os.MkdirTemp(r.store.dir, "tmp_incoming_")
	if err != nil {
		return nil, fmt.Errorf("making a quarantine: %w", err)
	}
	q := &Quarantine{r: r, dir: dir}
	if err := os.Mkdir(filepath.Join(dir, "pack"), 0o755); err != nil {
		return nil, errors.Join(fmt.Errorf("making a quarantine: %w", err), os.RemoveAll(dir))
	}
	q.view = newRepo(r.dir, Options{Logger: r.log, Now: r.now, Cache: r.o.Cache, ReadOnly: true})
	q.view.store = &store{dir: dir, cache: r.o.Cache, owner: new(owner), parent: r.store}
	return q, nil
}

// Dir is a folder for what belongs to the quarantine, such as what was sent. It
// goes with it.
func (q *Quarantine) Dir() string { return q.dir }

// Repo reads the objects in quarantine and those of the repository. It has the
// repository's main, and cannot be written.
func (q *Quarantine) Repo() *Repo { return q.view }

// Drop removes what is in quarantine.
func (q *Quarantine) Drop() error {
	return errors.Join(q.view.Close(), os.RemoveAll(q.dir))
}

// Index takes a pack in. It is read twice: first to see what it would unpack
// to, so that a small pack of huge objects costs little. What is wrong with it
// is a *[PackError].
func (q *Quarantine) Index(ctx context.Context, pack io.ReadSeeker, limits PackLimits) error {
	if q.r.o.Git == "" {
		return ErrNoGit
	}
	at, err := pack.Seek(0, io.SeekCurrent)
	if err != nil {
		return fmt.Errorf("reading a pack: %w", err)
	}
	if q.n, err = weighPack(ctx, pack, limits); err != nil || q.n == 0 {
		return err
	}
	if _, err := pack.Seek(at, io.SeekStart); err != nil {
		return fmt.Errorf("reading a pack: %w", err)
	}
	cmd := q.command(ctx, "index-pack", "--stdin", "--fix-thin")
	cmd.Stdin = pack
	var stderr bytes.Buffer
	cmd.Stderr = &limitedBuffer{&stderr, 4 << 10}
	out, err := cmd.Output()
	if err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return &PackError{Problem: "the pack cannot be unpacked: " + firstLine(stderr.String())}
	}
	name := strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(string(out)), "pack\t"))
	if _, err := ParseHash(name); err != nil {
		return fmt.Errorf("git answered with an unknown pack: %w", err)
	}
	q.pack = "pack-" + name
	return q.view.store.rescan()
}

// Strict has git check every object in quarantine as strictly as it can.
func (q *Quarantine) Strict(ctx context.Context) error {
	if q.pack == "" {
		return nil
	}
	// Named from the repository's folder, in which git works.
	here := "objects/" + filepath.Base(q.dir)
	cmd := q.command(ctx, "index-pack", "--strict", "-o", here+"/strict.idx", here+"/pack/"+q.pack+".pack")
	var stderr bytes.Buffer
	cmd.Stderr = &limitedBuffer{&stderr, 4 << 10}
	if err := cmd.Run(); err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return &PackError{Problem: "git refuses an object: " + firstLine(stderr.String())}
	}
	return nil
}

// Release makes the objects part of the repository, durably. Main does not move.
func (q *Quarantine) Release(ctx context.Context) error {
	if q.pack == "" {
		return nil
	}
	if err := q.r.lock(ctx); err != nil {
		return err
	}
	defer q.r.unlock()
	from, to := filepath.Join(q.dir, "pack", q.pack), filepath.Join(q.r.store.dir, "pack", q.pack)
	d := q.r.store.disk
	if err := d.mkdir(filepath.Dir(to)); err != nil {
		return fmt.Errorf("keeping a pack: %w", err)
	}
	// The index last: a pack is there when its index is.
	for _, ext := range []string{".pack", ".rev", ".idx"} {
		f, err := os.Open(from + ext)
		if errors.Is(err, os.ErrNotExist) && ext == ".rev" {
			continue
		}
		if err != nil {
			return fmt.Errorf("keeping a pack: %w", err)
		}
		err = errors.Join(d.sync(f), f.Close())
		if err == nil {
			err = d.rename(from+ext, to+ext)
		}
		if err != nil {
			return fmt.Errorf("keeping a pack: %w", err)
		}
	}
	if err := d.syncDirs([]string{filepath.Dir(to), q.r.store.dir}); err != nil {
		return fmt.Errorf("keeping a pack: %w", err)
	}
	q.r.unpacked.Add(int64(q.n))
	q.pack = ""
	return q.r.store.rescan()
}

func (q *Quarantine) command(ctx context.Context, args ...string) *exec.Cmd {
	cmd := q.r.command(ctx, args...)
	cmd.Env = append(cmd.Env, "GIT_OBJECT_DIRECTORY="+q.dir, "GIT_ALTERNATE_OBJECT_DIRECTORIES="+q.r.store.dir)
	return cmd
}

func firstLine(s string) string {
	for line := range strings.SplitSeq(s, "\n") {
		if line = strings.TrimSpace(line); line != "" {
			line = strings.TrimPrefix(strings.TrimPrefix(line, "fatal: "), "error: ")
			return strings.ToValidUTF8(line[:min(len(line), 300)], "?")
		}
	}
	return "git says nothing more"
}

// limitedBuffer keeps the beginning of what is written to it.
type limitedBuffer struct {
	b   *bytes.Buffer
	max int
}

func (l *limitedBuffer) Write(p []byte) (int, error) {
	l.b.Write(p[:min(len(p), max(0, l.max-l.b.Len()))])
	return len(p), nil
}

// weighPack reads a whole pack without keeping any of it, and answers how many
// objects it has.
func weighPack(ctx context.Context, pack io.Reader, limits PackLimits) (int, error) {
	br := bufio.NewReaderSize(pack, 64<<10)
	var head [12]byte
	if _, err := io.ReadFull(br, head[:]); err != nil || string(head[:4]) != "PACK" {
		return 0, &PackError{Problem: "there is no pack in the push"}
	}
	if v := binary.BigEndian.Uint32(head[4:]); v != 2 && v != 3 {
		return 0, &PackError{Problem: "the pack is of a version that is not known"}
	}
	n := binary.BigEndian.Uint32(head[8:])
	if int64(n) > int64(limits.Objects) {
		return 0, &PackError{Problem: fmt.Sprintf("the push has %d objects, and at most %d are taken; push a part of the commits first", n, limits.Objects)}
	}
	damaged := &PackError{Problem: "the pack is damaged; push again"}
	total := int64(0)
	var zr io.ReadCloser
	for i := range n {
		if i%1024 == 0 && ctx.Err() != nil {
			return 0, ctx.Err()
		}
		typ, length, err := objectHeader(br)
		if err != nil {
			return 0, damaged
		}
		switch typ {
		case plumbing.OFSDeltaObject:
			if _, err := offsetDelta(br); err != nil {
				return 0, damaged
			}
		case plumbing.REFDeltaObject:
			if _, err := br.Discard(20); err != nil {
				return 0, damaged
			}
		case plumbing.CommitObject, plumbing.TreeObject, plumbing.BlobObject, plumbing.TagObject:
		default:
			return 0, damaged
		}
		if zr == nil {
			zr, err = zlib.NewReader(br)
		} else {
			err = zr.(zlib.Resetter).Reset(br, nil)
		}
		if err != nil {
			return 0, damaged
		}
		size := length
		body := bufio.NewReaderSize(io.LimitReader(zr, length+1), 512)
		if typ == plumbing.OFSDeltaObject || typ == plumbing.REFDeltaObject {
			// A delta tells first how long its base is, then its result.
			if _, err := binary.ReadUvarint(body); err != nil {
				return 0, damaged
			}
			result, err := binary.ReadUvarint(body)
			if err != nil || result > 1<<40 {
				return 0, damaged
			}
			size = max(size, int64(result))
		}
		total += size
		if size > limits.Object {
			return 0, &PackError{Problem: fmt.Sprintf("it holds a file of %d bytes, and at most %d are taken; leave the file out", size, limits.Object)}
		}
		if total > limits.Total {
			return 0, &PackError{Problem: fmt.Sprintf("it unpacks to more than %d bytes; push a part of the commits first", limits.Total)}
		}
		if _, err := io.Copy(io.Discard, body); err != nil {
			return 0, damaged
		}
	}
	return int(n), nil
}

// TreeError says what is wrong with an entry of a folder.
type TreeError struct {
	Path    string
	Problem string // what is wrong, in words
	Do      string // what to do about it
}

func (e *TreeError) Error() string { return e.Path + " " + e.Problem }

// Fresh tells what a commit brings that none of its parents has: fresh is called
// for every file whose content differs from each parent's at the same path, with
// the zero hash for a file that is gone from all of them. Folders that the
// commit changes are checked strictly; what is wrong with them goes to wrong,
// and is not walked into.
func (r *Repo) Fresh(ctx context.Context, c Commit, fresh func(path string, blob Hash) error, wrong func(*TreeError)) error {
	parents := make([]Hash, 0, len(c.Parents))
	for _, p := range c.Parents {
		parent, err := r.Lookup(p)
		if err != nil {
			return err
		}
		parents = append(parents, parent.Tree)
	}
	if len(parents) == 0 {
		parents = append(parents, Zero)
	}
	w := &freshWalk{ctx: ctx, r: r, fresh: fresh, wrong: wrong}
	return w.folder("", c.Tree, parents, 0)
}

type freshWalk struct {
	ctx   context.Context
	r     *Repo
	fresh func(string, Hash) error
	wrong func(*TreeError)
}

func (w *freshWalk) folder(prefix string, tree Hash, parents []Hash, depth int) error {
	if err := w.ctx.Err(); err != nil {
		return err
	}
	if slices.Contains(parents, tree) {
		return nil
	}
	if depth > maxSegments {
		w.wrong(&TreeError{Path: prefix, Problem: "lies too deep", Do: "keep files in STAGE/ and STAGE/files/"})
		return nil
	}
	entries, err := w.strict(prefix, tree)
	if err != nil {
		return err
	}
	before := make([]map[string]TreeEntry, len(parents))
	names := map[string]TreeEntry{}
	for _, e := range entries {
		names[e.Name] = e
	}
	for i, p := range parents {
		old, err := w.r.entries(p)
		if err != nil {
			return err
		}
		before[i] = map[string]TreeEntry{}
		for _, e := range old {
			before[i][e.Name] = e
			if _, ok := names[e.Name]; !ok {
				names[e.Name] = TreeEntry{}
			}
		}
	}
	for name, e := range names {
		if err := w.one(prefix+name, name, e, before, depth); err != nil {
			return err
		}
	}
	return nil
}

func (w *freshWalk) one(path, name string, e TreeEntry, before []map[string]TreeEntry, depth int) error {
	dirs := make([]Hash, len(before))
	hadFile, hadDir := false, false
	for i := range before {
		old := before[i][name]
		if old.Hash == e.Hash && old.Mode == e.Mode {
			return nil // as in that parent
		}
		if old.isDir() {
			dirs[i], hadDir = old.Hash, true
		} else if !old.Hash.IsZero() {
			hadFile = true
		}
	}
	if e.isDir() || hadDir {
		sub := Zero
		if e.isDir() {
			sub = e.Hash
		}
		if err := w.folder(path+"/", sub, dirs, depth+1); err != nil {
			return err
		}
	}
	if e.isFile() || hadFile && !e.isDir() {
		return w.fresh(path, e.Hash)
	}
	return nil
}

// strict reads a folder and checks it as far as git's own checks and those of a
// wiki go. Only entries that are sound are answered.
func (w *freshWalk) strict(prefix string, h Hash) ([]TreeEntry, error) {
	if h.IsZero() {
		return nil, nil
	}
	data, err := w.r.store.typed(h, plumbing.TreeObject)
	if err != nil {
		return nil, err
	}
	all, err := parseTree(data)
	if err != nil {
		w.wrong(&TreeError{Path: prefix, Problem: "is a folder that cannot be read", Do: "make the commit anew with git add and git commit"})
		return nil, nil
	}
	if !bytes.Equal(encodeTree(all), data) {
		w.wrong(&TreeError{Path: prefix + firstPadded(data, all), Problem: "has its mode written in a way that git does not", Do: "make the commit anew with git add and git commit"})
	}
	seen, folded := map[string]bool{}, map[string]string{}
	var sound []TreeEntry
	for i, e := range all {
		path := prefix + e.Name
		bad := func(problem, do string) { w.wrong(&TreeError{Path: path, Problem: problem, Do: do}) }
		lower := strings.ToLower(e.Name)
		switch {
		case seen[e.Name]:
			bad("is in its folder twice", "make the commit anew with git add and git commit")
		case i > 0 && all[i-1].key() > e.key():
			bad("stands in its folder out of order", "make the commit anew with git add and git commit")
		case e.Mode == filemode.Symlink:
			bad("is a symbolic link; a wiki holds plain files only", "replace the link by the file it leads to")
		case e.Mode == filemode.Submodule:
			bad("is a submodule; a wiki holds plain files only", "remove it with git rm")
		case e.Mode == filemode.Executable:
			bad("is marked as a program; a wiki holds plain files only", "git update-index --chmod=-x, then commit")
		case e.Mode != ModeFile && e.Mode != ModeDir:
			bad(fmt.Sprintf("has the mode %o; a wiki holds plain files only", uint32(e.Mode)), "git update-index --chmod=-x, then commit")
		case folded[lower] != "":
			bad("differs from "+folded[lower]+" by capital letters only; many computers cannot keep both", "rename one of them")
		default:
			if err := checkSegment(e.Name); err != nil || strings.Contains(e.Name, "/") {
				problem := "has a slash in one part of its name"
				if err != nil {
					problem = "has a name that cannot be kept: " + strings.TrimPrefix(err.Error(), ErrPath.Error()+": ")
				}
				bad(problem, "rename it")
				break
			}
			sound = append(sound, e)
		}
		seen[e.Name], folded[lower] = true, e.Name
	}
	return sound, nil
}

// firstPadded is the first entry whose mode is not written as git writes it.
func firstPadded(data []byte, all []TreeEntry) string {
	for _, e := range all {
		line := fmt.Appendf(nil, "%o %s\x00", uint32(e.Mode), e.Name)
		if !bytes.HasPrefix(data, line) {
			return e.Name
		}
		data = data[len(line)+len(e.Hash):]
	}
	return ""
}
