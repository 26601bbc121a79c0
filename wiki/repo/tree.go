package repo

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"path"
	"strings"
	"sync/atomic"
	"time"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/filemode"
)

// TreeEntry is one name in a folder. Mode is git's: 0o100644 a file, 0o40000 a
// folder; others come only from imports and pushes.
type TreeEntry struct {
	Name string
	Mode filemode.FileMode
	Hash Hash
}

// The two modes this package writes.
const (
	ModeFile = filemode.Regular
	ModeDir  = filemode.Dir
)

func (e TreeEntry) isDir() bool { return e.Mode == filemode.Dir }

func (e TreeEntry) isFile() bool { return e.Mode.IsFile() && e.Mode != filemode.Symlink }

// key is the name git sorts by: folders as if they ended in a slash.
func (e TreeEntry) key() string {
	if e.isDir() {
		return e.Name + "/"
	}
	return e.Name
}

var errTree = errors.New("folder object is damaged")

func parseTree(data []byte) ([]TreeEntry, error) {
	entries := make([]TreeEntry, 0, len(data)/40)
	for len(data) > 0 {
		sp := bytes.IndexByte(data, ' ')
		nul := bytes.IndexByte(data, 0)
		if sp < 0 || nul < sp+2 || len(data) < nul+21 {
			return nil, errTree
		}
		mode := filemode.FileMode(0)
		for _, c := range data[:sp] {
			if c < '0' || c > '7' {
				return nil, errTree
			}
			mode = mode<<3 | filemode.FileMode(c-'0')
		}
		e := TreeEntry{Name: string(data[sp+1 : nul]), Mode: mode}
		copy(e.Hash[:], data[nul+1:])
		entries = append(entries, e)
		data = data[nul+21:]
	}
	return entries, nil
}

func encodeTree(entries []TreeEntry) []byte {
	var b bytes.Buffer
	for _, e := range entries {
		fmt.Fprintf(&b, "%o %s\x00", uint32(e.Mode), e.Name)
		b.Write(e.Hash[:])
	}
	return b.Bytes()
}

// entries reads one folder; the zero hash is an empty one.
func (r *Repo) entries(h Hash) ([]TreeEntry, error) {
	if h.IsZero() {
		return nil, nil
	}
	data, err := r.store.typed(h, plumbing.TreeObject)
	if err != nil {
		return nil, err
	}
	return parseTree(data)
}

// Blob reads a file's content by its hash. The caller must not change it.
func (r *Repo) Blob(h Hash) ([]byte, error) { return r.store.typed(h, plumbing.BlobObject) }

// Tree is the files of one commit. It never changes and is safe for concurrent
// use. Links and submodules, which a push or an import may have brought, are
// as if they were not there.
type Tree struct {
	r    *Repo
	root Hash
	at   time.Time
	err  atomic.Pointer[error] // of the first folder that Files could not read
}

var (
	_ fs.ReadFileFS = (*Tree)(nil)
	_ fs.ReadDirFS  = (*Tree)(nil)
	_ fs.StatFS     = (*Tree)(nil)
)

// File is a file of a Tree. Size is in bytes.
type File struct {
	Path string
	Blob Hash
	Size int64
}

// Tree returns the files of a commit; the zero hash has none.
func (r *Repo) Tree(h Hash) (*Tree, error) {
	if h.IsZero() {
		return &Tree{r: r, at: time.Unix(0, 0).UTC()}, nil
	}
	c, err := r.Lookup(h)
	if err != nil {
		return nil, fmt.Errorf("reading version: %w", err)
	}
	return &Tree{r: r, root: c.Tree, at: c.CommittedAt}, nil
}

func pathError(op, name string, err error) error {
	return &fs.PathError{Op: op, Path: name, Err: err}
}

// find returns the entry of a path; the root is a folder named ".".
func (t *Tree) find(op, name string) (TreeEntry, error) {
	if !fs.ValidPath(name) {
		return TreeEntry{}, pathError(op, name, fs.ErrInvalid)
	}
	e := TreeEntry{Name: ".", Mode: filemode.Dir, Hash: t.root}
	if name == "." {
		return e, nil
	}
	for part := range strings.SplitSeq(name, "/") {
		if !e.isDir() {
			return TreeEntry{}, pathError(op, name, fs.ErrNotExist)
		}
		found, err := t.r.entry(e.Hash, part)
		if err != nil {
			return TreeEntry{}, pathError(op, name, err)
		}
		if found.Hash.IsZero() || !found.isDir() && !found.isFile() {
			return TreeEntry{}, pathError(op, name, fs.ErrNotExist)
		}
		e = found
	}
	return e, nil
}

// entry finds one name in a folder without decoding the rest of it; a zero
// entry when it is absent.
func (r *Repo) entry(tree Hash, name string) (TreeEntry, error) {
	if tree.IsZero() {
		return TreeEntry{}, nil
	}
	data, err := r.store.typed(tree, plumbing.TreeObject)
	if err != nil {
		return TreeEntry{}, err
	}
	for len(data) > 0 {
		sp := bytes.IndexByte(data, ' ')
		nul := bytes.IndexByte(data, 0)
		if sp < 0 || nul < sp+2 || len(data) < nul+21 {
			return TreeEntry{}, errTree
		}
		if string(data[sp+1:nul]) == name {
			list, err := parseTree(data[:nul+21])
			if err != nil {
				return TreeEntry{}, err
			}
			return list[0], nil
		}
		data = data[nul+21:]
	}
	return TreeEntry{}, nil
}

// Blob returns the object of a file and its size in bytes; an absent file and a
// folder are fs.ErrNotExist.
func (t *Tree) Blob(name string) (Hash, int64, error) {
	e, err := t.find("open", name)
	if err != nil {
		return Zero, 0, err
	}
	if e.isDir() {
		return Zero, 0, pathError("open", name, fs.ErrNotExist)
	}
	size, err := t.r.store.size(e.Hash)
	if err != nil {
		return Zero, 0, pathError("open", name, err)
	}
	return e.Hash, size, nil
}

// ReadFile returns a file's content, a copy the caller may change.
func (t *Tree) ReadFile(name string) ([]byte, error) {
	e, err := t.find("open", name)
	if err != nil {
		return nil, err
	}
	if e.isDir() {
		return nil, pathError("read", name, errors.New("is a folder"))
	}
	data, err := t.r.Blob(e.Hash)
	if err != nil {
		return nil, pathError("read", name, err)
	}
	return bytes.Clone(data), nil
}

// Open opens a file or folder. Files can seek.
func (t *Tree) Open(name string) (fs.File, error) {
	e, err := t.find("open", name)
	if err != nil {
		return nil, err
	}
	info := t.info(e, path.Base(name))
	if e.isDir() {
		entries, err := t.ReadDir(name)
		if err != nil {
			return nil, err
		}
		return &openDir{info: info, entries: entries, name: name}, nil
	}
	data, err := t.r.Blob(e.Hash)
	if err != nil {
		return nil, pathError("open", name, err)
	}
	info.size = int64(len(data))
	return &openFile{Reader: bytes.NewReader(data), info: info}, nil
}

// Stat describes a file or folder; all carry the time of the commit.
func (t *Tree) Stat(name string) (fs.FileInfo, error) {
	e, err := t.find("stat", name)
	if err != nil {
		return nil, err
	}
	info := t.info(e, path.Base(name))
	if _, err := info.load(); err != nil {
		return nil, pathError("stat", name, err)
	}
	return info, nil
}

// ReadDir lists a folder, sorted by name.
func (t *Tree) ReadDir(name string) ([]fs.DirEntry, error) {
	e, err := t.find("readdir", name)
	if err != nil {
		return nil, err
	}
	if !e.isDir() {
		return nil, pathError("readdir", name, errors.New("is not a folder"))
	}
	list, err := t.r.entries(e.Hash)
	if err != nil {
		return nil, pathError("readdir", name, err)
	}
	entries := make([]fs.DirEntry, 0, len(list))
	for _, e := range list {
		if e.isDir() || e.isFile() {
			entries = append(entries, t.info(e, e.Name))
		}
	}
	sortEntries(entries)
	return entries, nil
}

// Files goes over every file in the order of their paths, folders in git's
// order. It ends early at the first folder or file that cannot be read, which
// Err then returns.
func (t *Tree) Files() iter.Seq2[string, File] {
	return func(yield func(string, File) bool) {
		t.walk("", t.root, func(p string, e TreeEntry) bool {
			size, err := t.r.store.size(e.Hash)
			if err != nil {
				t.fail(p, err)
				return false
			}
			return yield(p, File{Path: p, Blob: e.Hash, Size: size})
		})
	}
}

// Err returns why an earlier run of Files or Paths ended early, nil when none did.
func (t *Tree) Err() error {
	if err := t.err.Load(); err != nil {
		return *err
	}
	return nil
}

func (t *Tree) fail(p string, err error) {
	err = fmt.Errorf("reading %s: %w", p, err)
	t.err.CompareAndSwap(nil, &err)
}

// Paths is Files without sizes: it reads folders only.
func (t *Tree) Paths() iter.Seq2[string, Hash] {
	return func(yield func(string, Hash) bool) {
		t.walk("", t.root, func(p string, e TreeEntry) bool { return yield(p, e.Hash) })
	}
}

func (t *Tree) walk(prefix string, tree Hash, f func(string, TreeEntry) bool) bool {
	list, err := t.r.entries(tree)
	if err != nil {
		t.fail(prefix, err)
		return false
	}
	for _, e := range list {
		p := prefix + e.Name
		switch {
		case e.isDir():
			if !t.walk(p+"/", e.Hash, f) {
				return false
			}
		case e.isFile():
			if !f(p, e) {
				return false
			}
		}
	}
	return true
}

func (t *Tree) info(e TreeEntry, name string) *fileInfo {
	return &fileInfo{name: name, e: e, t: t, size: -1}
}

// fileInfo is both fs.FileInfo and fs.DirEntry.
type fileInfo struct {
	name string
	e    TreeEntry
	t    *Tree
	size int64
}

func (i *fileInfo) load() (int64, error) {
	if i.e.isDir() {
		return 0, nil
	}
	if i.size >= 0 {
		return i.size, nil
	}
	// Not kept here: an info may be shared, and the store remembers sizes.
	return i.t.r.store.size(i.e.Hash)
}

func (i *fileInfo) Name() string { return i.name }
func (i *fileInfo) Size() int64 {
	n, _ := i.load()
	return n
}
func (i *fileInfo) Mode() fs.FileMode {
	if i.e.isDir() {
		return fs.ModeDir | 0o555
	}
	return 0o444
}
func (i *fileInfo) ModTime() time.Time { return i.t.at }
func (i *fileInfo) IsDir() bool        { return i.e.isDir() }
func (i *fileInfo) Sys() any           { return nil }
func (i *fileInfo) Type() fs.FileMode  { return i.Mode().Type() }
func (i *fileInfo) Info() (fs.FileInfo, error) {
	c := *i
	_, err := c.load()
	return &c, err
}

type openFile struct {
	*bytes.Reader
	info *fileInfo
}

func (f *openFile) Stat() (fs.FileInfo, error) { return f.info, nil }
func (f *openFile) Close() error               { return nil }

type openDir struct {
	info    *fileInfo
	entries []fs.DirEntry
	name    string
}

func (d *openDir) Stat() (fs.FileInfo, error) { return d.info, nil }
func (d *openDir) Close() error               { return nil }
func (d *openDir) Read([]byte) (int, error) {
	return 0, pathError("read", d.name, errors.New("is a folder"))
}
func (d *openDir) ReadDir(n int) ([]fs.DirEntry, error) {
	if n <= 0 || n > len(d.entries) {
		if n > 0 && len(d.entries) == 0 {
			return nil, io.EOF
		}
		n = len(d.entries)
	}
	list := d.entries[:n]
	d.entries = d.entries[n:]
	return list, nil
}
