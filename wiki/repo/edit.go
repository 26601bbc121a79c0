package repo

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/go-git/go-git/v5/plumbing"
)

func sortEntries(entries []fs.DirEntry) {
	slices.SortFunc(entries, func(a, b fs.DirEntry) int { return cmp.Compare(a.Name(), b.Name()) })
}

// Edit changes one file: it gets Data, or the content of the object Blob, or is
// deleted. A path may be in a commit once. Deleting what is not there is
// fs.ErrNotExist.
type Edit struct {
	Path   string
	Data   []byte
	Blob   Hash
	Delete bool
}

// Message is what a commit says beside its files.
type Message struct {
	Author    Person
	Committer Person    // zero: the author
	When      time.Time // zero: now
	Text      string    // trailers included
	// AllowEmpty makes a commit although no file changes.
	AllowEmpty bool
}

// Commit makes edits on top of base and moves main there, and returns when all
// of it is on disk. Only one commit can follow a base: when main is no longer
// there it is ErrConflict and nothing has changed. When the files would be the
// same it is ErrNoChange.
func (r *Repo) Commit(ctx context.Context, base Hash, edits []Edit, m Message) (Hash, error) {
	if err := r.lock(ctx); err != nil {
		return Zero, err
	}
	defer r.unlock()
	head, err := r.Head()
	if err != nil {
		return Zero, err
	}
	if head != base {
		return Zero, ErrConflict
	}
	var root Hash
	c := Commit{Author: m.Author, Committer: m.Committer, AuthoredAt: m.When, Text: m.Text}
	if !base.IsZero() {
		parent, err := r.Lookup(base)
		if err != nil {
			return Zero, err
		}
		root = parent.Tree
		c.Parents = []Hash{base}
	}
	if err := r.flush(); err != nil {
		return Zero, err
	}
	w := &treeWriter{r: r}
	if c.Tree, err = w.apply(root, edits); err != nil {
		return Zero, err
	}
	if c.Tree == root && !m.AllowEmpty {
		return Zero, ErrNoChange
	}
	if c.AuthoredAt.IsZero() {
		c.AuthoredAt = r.now()
	}
	c.CommittedAt = c.AuthoredAt
	if c.Committer == (Person{}) {
		c.Committer = c.Author
	}
	if !strings.HasSuffix(c.Text, "\n") {
		c.Text += "\n"
	}
	commit := newRaw(plumbing.CommitObject, c.encode())
	w.out = append(w.out, commit)
	if err := ctx.Err(); err != nil {
		return Zero, err
	}
	lock, err := r.lockRef(ctx, mainRef, base, commit.id)
	if err != nil {
		return Zero, err
	}
	defer lock.drop()
	// The objects and main's new value become safe side by side; then main moves.
	written := 0
	err = together(2, func(i int) error {
		if i == 0 {
			return lock.sync()
		}
		n, err := r.store.writeLoose(w.out)
		written = n
		return err
	})
	r.countLoose(written)
	if err != nil {
		return Zero, err
	}
	if err := lock.commit(); err != nil {
		return Zero, err
	}
	return commit.id, nil
}

// treeWriter makes the folders that edits change.
type treeWriter struct {
	r   *Repo
	out []raw
}

func (w *treeWriter) put(typ plumbing.ObjectType, data []byte) Hash {
	o := newRaw(typ, data)
	w.out = append(w.out, o)
	return o.id
}

// change is what happens below one name: either leaf is set, or kids are.
type change struct {
	leaf *Edit
	kids map[string]*change
}

func (w *treeWriter) apply(root Hash, edits []Edit) (Hash, error) {
	top := &change{kids: map[string]*change{}}
	for i := range edits {
		e := &edits[i]
		if err := CheckPath(e.Path); err != nil {
			return Zero, err
		}
		if !e.Delete && !e.Blob.IsZero() {
			// Not from memory: writing it may have failed since.
			if _, err := w.r.Blob(e.Blob); err != nil || !w.r.Has(e.Blob) {
				return Zero, fmt.Errorf("%s: %w", e.Path, cmp.Or(err, errMissing))
			}
		}
		if err := top.add(e); err != nil {
			return Zero, err
		}
	}
	h, err := w.folder("", root, top)
	if err != nil {
		return Zero, err
	}
	if h.IsZero() {
		h = w.put(plumbing.TreeObject, nil)
	}
	return h, nil
}

func (c *change) add(e *Edit) error {
	parts := strings.Split(e.Path, "/")
	for i, part := range parts {
		next := c.kids[part]
		last := i == len(parts)-1
		if next == nil {
			next = &change{kids: map[string]*change{}}
			c.kids[part] = next
		}
		if last {
			if next.leaf != nil {
				return fmt.Errorf("%w: %s is in this change twice", ErrPath, e.Path)
			}
			next.leaf = e
		}
		c = next
	}
	return nil
}

// folder returns the folder that comes of changing tree, zero when nothing is
// left in it.
func (w *treeWriter) folder(prefix string, tree Hash, c *change) (Hash, error) {
	entries, err := w.r.entries(tree)
	if err != nil {
		return Zero, err
	}
	at := make(map[string]int, len(entries))
	for i, e := range entries {
		at[e.Name] = i
	}
	for _, name := range slices.Sorted(maps.Keys(c.kids)) {
		kid := c.kids[name]
		i, found := at[name]
		var old, entry TreeEntry
		if found {
			old = entries[i]
		}
		entry, err := w.one(prefix+name, name, old, kid)
		if err != nil {
			return Zero, err
		}
		switch {
		case found:
			entries[i] = entry
		case !entry.Hash.IsZero():
			at[name] = len(entries)
			entries = append(entries, entry)
		}
	}
	entries = slices.DeleteFunc(entries, func(e TreeEntry) bool { return e.Hash.IsZero() })
	if len(entries) == 0 {
		return Zero, nil
	}
	slices.SortFunc(entries, func(a, b TreeEntry) int { return cmp.Compare(a.key(), b.key()) })
	return w.put(plumbing.TreeObject, encodeTree(entries)), nil
}

func (w *treeWriter) one(path, name string, old TreeEntry, c *change) (TreeEntry, error) {
	if c.leaf != nil {
		if c.leaf.Delete {
			if old.Hash.IsZero() || old.isDir() {
				return old, &fs.PathError{Op: "delete", Path: path, Err: fs.ErrNotExist}
			}
			old = TreeEntry{}
		} else {
			if old.isDir() {
				// A file may take the name of a folder that this change empties.
				left, err := w.folder(path+"/", old.Hash, c)
				if err != nil {
					return old, err
				}
				if !left.IsZero() {
					return old, fmt.Errorf("%w: %s is a folder", ErrPath, path)
				}
				c = &change{leaf: c.leaf}
			}
			old = TreeEntry{Name: name, Mode: ModeFile, Hash: c.leaf.Blob}
			if old.Hash.IsZero() {
				old.Hash = w.put(plumbing.BlobObject, c.leaf.Data)
			}
		}
	}
	if len(c.kids) == 0 {
		return old, nil
	}
	if !old.Hash.IsZero() && !old.isDir() {
		return old, fmt.Errorf("%w: %s is a file, so nothing can be below it", ErrPath, path)
	}
	h, err := w.folder(path+"/", old.Hash, c)
	return TreeEntry{Name: name, Mode: ModeDir, Hash: h}, err
}

// WriteBlob stores content as an object. It is durable after Sync, Commit or
// SetHead, and can be read at once.
func (r *Repo) WriteBlob(data []byte) (Hash, error) { return r.write(plumbing.BlobObject, data) }

// WriteTree stores a folder, whose entries may be in any order. Names are
// checked as paths are, modes must be a file or a folder.
func (r *Repo) WriteTree(entries []TreeEntry) (Hash, error) {
	entries = slices.Clone(entries)
	slices.SortFunc(entries, func(a, b TreeEntry) int { return cmp.Compare(a.key(), b.key()) })
	seen := make(map[string]bool, len(entries))
	for _, e := range entries {
		if strings.Contains(e.Name, "/") {
			return Zero, fmt.Errorf("%w: a folder's entry holds a slash", ErrPath)
		}
		if err := checkSegment(e.Name); err != nil {
			return Zero, err
		}
		if seen[e.Name] {
			return Zero, fmt.Errorf("%w: %s is in the folder twice", ErrPath, e.Name)
		}
		seen[e.Name] = true
		if e.Mode != ModeFile && e.Mode != ModeDir {
			return Zero, fmt.Errorf("%w: %s is neither a file nor a folder", ErrPath, e.Name)
		}
		if e.Hash.IsZero() {
			return Zero, fmt.Errorf("%w: %s has no content", ErrPath, e.Name)
		}
	}
	return r.write(plumbing.TreeObject, encodeTree(entries))
}

// WriteFiles stores the folders for a whole set of files, path to object, and
// returns the topmost. Unchanged folders are written once.
func (r *Repo) WriteFiles(files map[string]Hash) (Hash, error) {
	edits := make([]Edit, 0, len(files))
	for p, h := range files {
		if h.IsZero() {
			return Zero, fmt.Errorf("%w: %s has no content", ErrPath, p)
		}
		edits = append(edits, Edit{Path: p, Blob: h})
	}
	return r.WriteEdits(Zero, edits)
}

// WriteEdits stores the folders that edits make of a topmost folder, zero for
// none, and returns the new topmost one.
func (r *Repo) WriteEdits(root Hash, edits []Edit) (Hash, error) {
	w := &treeWriter{r: r}
	h, err := w.apply(root, edits)
	if err != nil {
		return Zero, err
	}
	for _, o := range w.out {
		if _, err := r.write(o.typ, o.data); err != nil {
			return Zero, err
		}
	}
	return h, nil
}

// WriteCommit stores a commit as it is given, dates, authors and parents kept;
// ID is ignored. Main does not move.
func (r *Repo) WriteCommit(c Commit) (Hash, error) {
	if c.Tree.IsZero() {
		return Zero, errors.New("writing commit: it has no tree")
	}
	return r.write(plumbing.CommitObject, c.encode())
}

func (r *Repo) write(typ plumbing.ObjectType, data []byte) (Hash, error) {
	if r.o.ReadOnly {
		return Zero, ErrReadOnly
	}
	if len(data) > maxObject {
		return Zero, fmt.Errorf("writing object: it is larger than %d bytes", maxObject)
	}
	o := newRaw(typ, slices.Clone(data))
	if err := r.store.batch.add(r.store.dir, o); err != nil {
		return Zero, fmt.Errorf("writing object: %w", err)
	}
	r.store.cache.put(r.store.owner, o)
	return o.id, nil
}

// Sync makes durable what WriteBlob, WriteTree and WriteCommit have stored: few
// objects one by one, many as one pack. SetHead and Commit do it by themselves.
func (r *Repo) Sync() error {
	if err := r.lock(context.Background()); err != nil {
		return err
	}
	defer r.unlock()
	return r.flush()
}

func (r *Repo) flush() error {
	loose, inPack, err := r.store.flush()
	r.countLoose(loose)
	r.unpacked.Add(int64(inPack))
	return err
}
