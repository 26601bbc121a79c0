package transfer

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/go-git/go-billy/v5/osfs"
	"github.com/go-git/go-git/v5"
	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/cache"
	"github.com/go-git/go-git/v5/plumbing/filemode"
	"github.com/go-git/go-git/v5/plumbing/object"
	"github.com/go-git/go-git/v5/plumbing/storer"
	"github.com/go-git/go-git/v5/storage/filesystem"
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/ianaindex"

	"dealwiki/wiki/repo"
)

func openRepository(ctx context.Context, path string, o SourceOptions) (*Source, error) {
	open := func() (*git.Repository, error) {
		return git.PlainOpenWithOptions(path, &git.PlainOpenOptions{EnableDotGitCommonDir: true})
	}
	if o.Uploaded {
		dir, err := contained(path)
		if err != nil {
			return nil, err
		}
		open = func() (*git.Repository, error) {
			return git.Open(filesystem.NewStorage(osfs.New(dir), cache.NewObjectLRU(16<<20)), nil)
		}
	}
	g, err := open()
	if err != nil {
		return nil, refuse("this looks like a git repository but cannot be opened (%v)", err)
	}
	head, err := g.Head()
	if errors.Is(err, plumbing.ErrReferenceNotFound) {
		return nil, refuse("the repository has no commits on its current branch")
	}
	if err != nil {
		return nil, refuse("the repository's HEAD cannot be read (%v)", err)
	}
	if shallow, err := g.Storer.Shallow(); err != nil || len(shallow) > 0 {
		return nil, refuse("the repository is a shallow clone; run: git fetch --unshallow")
	}
	src, err := readHistory(ctx, g.Storer, head.Hash(), o)
	if err != nil {
		return nil, err
	}
	src.Name = o.name(path)
	if c, ok := g.Storer.(io.Closer); ok {
		src.close = c.Close
	}
	return src, nil
}

// contained answers the git folder of an uploaded repository, or refuses one
// that leads out of it: by a .git file, a shared folder, objects kept
// elsewhere, or links.
func contained(top string) (string, error) {
	dir := filepath.Join(top, ".git")
	st, err := os.Lstat(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		dir = top
	case err != nil:
		return "", fmt.Errorf("opening the source: %w", err)
	case !st.IsDir():
		return "", refuse("its .git is no folder but leads elsewhere; upload a whole repository or a bundle")
	}
	for _, name := range []string{"commondir", "objects/info/alternates", "objects/info/http-alternates"} {
		if _, err := os.Lstat(filepath.Join(dir, filepath.FromSlash(name))); !errors.Is(err, fs.ErrNotExist) {
			return "", refuse("the repository keeps a part of itself elsewhere (%s); upload a whole repository or a bundle", name)
		}
	}
	return dir, filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && !d.Type().IsRegular() {
			return refuse("the repository holds a link; upload a whole repository or a bundle")
		}
		return err
	})
}

// historyReader reads a git history into a Source.
type historyReader struct {
	ctx   context.Context
	store storer.EncodedObjectStorer
	o     SourceOptions
	src   *Source
	byID  map[repo.Hash]int
	path  map[string]int
	sizes map[repo.Hash]bool // blobs whose size is known to be allowed
	trees map[repo.Hash][]repo.TreeEntry
	left  map[string]int // why → how many paths were left out
	seen  map[string]bool
	steps int
	now   string // the commit being read, for messages
}

func readHistory(ctx context.Context, store storer.EncodedObjectStorer, head repo.Hash, o SourceOptions) (*Source, error) {
	h := &historyReader{ctx: ctx, store: store, o: o, byID: map[repo.Hash]int{}, path: map[string]int{},
		sizes: map[repo.Hash]bool{}, trees: map[repo.Hash][]repo.TreeEntry{}, left: map[string]int{}, seen: map[string]bool{},
		src: &Source{head: head.String(), atHead: map[int]repo.Hash{}}}
	h.src.blob = h.readBlob
	roots, err := h.commits(head)
	if err != nil {
		return nil, err
	}
	for i := range h.src.commits {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if err := h.diffCommit(i, roots); err != nil {
			return nil, err
		}
		if i%100 == 99 {
			o.Progress(i+1, len(h.src.commits), "reading commits")
		}
	}
	last := len(h.src.commits) - 1
	o.Progress(last+1, last+1, "reading commits")
	h.now = h.src.commits[last].id.String()
	if err := h.diff("", repo.Zero, roots[last], 0, func(path string, blob repo.Hash) error {
		h.src.atHead[h.path[path]] = blob
		return nil
	}); err != nil {
		return nil, err
	}
	first := last
	for len(h.src.commits[first].parents) > 0 {
		first = h.src.commits[first].parents[0]
	}
	h.src.ID = "git:" + h.src.commits[first].id.String()
	for why, n := range h.left {
		h.src.Notes = append(h.src.Notes, fmt.Sprintf("left out: %s (%d)", why, n))
	}
	sort.Strings(h.src.Notes)
	return h.src, nil
}

// commits reads all commits, parents first, and answers the folder of each.
func (h *historyReader) commits(head repo.Hash) ([]repo.Hash, error) {
	var roots []repo.Hash
	type frame struct {
		id   repo.Hash
		c    *object.Commit
		next int
	}
	open := map[repo.Hash]bool{head: true}
	var stack []frame
	push := func(id repo.Hash) error {
		c, err := h.readCommit(id)
		if err != nil {
			return err
		}
		stack = append(stack, frame{id: id, c: c})
		return nil
	}
	if err := push(head); err != nil {
		return nil, err
	}
	for len(stack) > 0 {
		if err := h.ctx.Err(); err != nil {
			return nil, err
		}
		f := &stack[len(stack)-1]
		if f.next < len(f.c.ParentHashes) {
			p := f.c.ParentHashes[f.next]
			f.next++
			if !open[p] {
				open[p] = true
				if err := push(p); err != nil {
					return nil, err
				}
			}
			continue
		}
		sc := sourceCommit{id: f.id, authoredAt: sane(f.c.Author.When), committedAt: sane(f.c.Committer.When)}
		seen := map[int]bool{}
		for _, p := range f.c.ParentHashes {
			if i := h.byID[p]; !seen[i] {
				seen[i] = true
				sc.parents = append(sc.parents, i)
			}
		}
		dec := decoder(string(f.c.Encoding))
		sc.author = repo.Person{Name: readable(f.c.Author.Name, dec), Email: readable(f.c.Author.Email, dec)}
		sc.committer = repo.Person{Name: readable(f.c.Committer.Name, dec), Email: readable(f.c.Committer.Email, dec)}
		sc.text = readable(f.c.Message, dec)
		h.byID[f.id] = len(h.src.commits)
		h.src.commits = append(h.src.commits, sc)
		roots = append(roots, f.c.TreeHash)
		stack = stack[:len(stack)-1]
		if len(h.src.commits) > maxCommits {
			return nil, refuse("the history has more than %d commits", maxCommits)
		}
	}
	return roots, nil
}

func (h *historyReader) readCommit(id repo.Hash) (*object.Commit, error) {
	o, err := h.store.EncodedObject(plumbing.CommitObject, id)
	if err != nil {
		return nil, refuse("commit %s is missing or damaged (%v)", id, err)
	}
	if o.Size() > objectSlack {
		return nil, refuse("commit %s is larger than %d bytes", id, objectSlack)
	}
	c := &object.Commit{}
	if err := c.Decode(o); err != nil {
		return nil, refuse("commit %s is damaged (%v)", id, err)
	}
	return c, nil
}

// sane is a date that git and everything that reads dates can take: within the
// years 1970 to 9999, and in a time zone of two digits.
func sane(t time.Time) time.Time {
	const first, last = 0, 253402300799
	if _, offset := t.Zone(); offset <= -100*3600 || offset >= 100*3600 {
		t = t.UTC()
	}
	return time.Unix(min(max(t.Unix(), first), last), 0).In(t.Location())
}

// decoder answers what turns the texts of a commit into UTF-8.
func decoder(name string) *encoding.Decoder {
	if name != "" && !strings.EqualFold(name, "utf-8") {
		if e, err := ianaindex.MIME.Encoding(name); err == nil && e != nil {
			return e.NewDecoder()
		}
	}
	return charmap.Windows1252.NewDecoder()
}

// readable is s in UTF-8. What is UTF-8 already stays as it is.
func readable(s string, dec *encoding.Decoder) string {
	if utf8.ValidString(s) {
		return s
	}
	if out, err := dec.String(s); err == nil && utf8.ValidString(out) {
		return out
	}
	return strings.ToValidUTF8(s, "\uFFFD")
}

func (h *historyReader) diffCommit(i int, roots []repo.Hash) error {
	c := &h.src.commits[i]
	h.now = c.id.String()
	var from repo.Hash
	if len(c.parents) > 0 {
		from = roots[c.parents[0]]
	}
	return h.diff("", from, roots[i], 0, func(path string, blob repo.Hash) error {
		n, err := h.number(path)
		if err != nil {
			return err
		}
		if !blob.IsZero() {
			if err := h.checkSize(path, blob); err != nil {
				return err
			}
		}
		c.changes = append(c.changes, sourceChange{n, blob})
		return nil
	})
}

// number gives each path a number, in the order in which they are met.
func (h *historyReader) number(path string) (int, error) {
	if n, ok := h.path[path]; ok {
		return n, nil
	}
	if len(h.src.paths) >= maxPaths {
		return 0, refuse("the history names more than %d files", maxPaths)
	}
	n := len(h.src.paths)
	h.path[path] = n
	h.src.paths = append(h.src.paths, path)
	return n, nil
}

func (h *historyReader) checkSize(path string, blob repo.Hash) error {
	if h.sizes[blob] {
		return nil
	}
	size, err := h.store.EncodedObjectSize(blob)
	if err != nil {
		return refuse("the content of %q in commit %s is missing or damaged (%v)", path, h.now, err)
	}
	if size > h.o.MaxFile {
		return refuse("%q in commit %s has %d bytes where %d are allowed", path, h.now, size, h.o.MaxFile)
	}
	h.sizes[blob] = true
	return nil
}

func (h *historyReader) readBlob(id repo.Hash) ([]byte, error) {
	o, err := h.store.EncodedObject(plumbing.BlobObject, id)
	if err != nil {
		return nil, refuse("object %s is missing or damaged (%v)", id, err)
	}
	r, err := o.Reader()
	if err != nil {
		return nil, fmt.Errorf("reading object %s: %w", id, err)
	}
	defer r.Close()
	data, err := io.ReadAll(io.LimitReader(r, h.o.MaxFile+1))
	if err != nil {
		return nil, fmt.Errorf("reading object %s: %w", id, err)
	}
	if plumbing.ComputeHash(plumbing.BlobObject, data) != id {
		return nil, refuse("object %s is damaged", id)
	}
	return data, nil
}

// maxTreeCache bounds how many folders are kept read.
const maxTreeCache = 4096

// tree reads one folder, leaving out what is neither file nor folder.
func (h *historyReader) tree(prefix string, id repo.Hash) ([]repo.TreeEntry, error) {
	if id.IsZero() {
		return nil, nil
	}
	if list, ok := h.trees[id]; ok {
		return list, nil
	}
	o, err := h.store.EncodedObject(plumbing.TreeObject, id)
	if err != nil {
		return nil, refuse("the folder %q in commit %s is missing or damaged (%v)", prefix, h.now, err)
	}
	if o.Size() > objectSlack {
		return nil, refuse("the folder %q in commit %s is too large", prefix, h.now)
	}
	r, err := o.Reader()
	if err != nil {
		return nil, fmt.Errorf("reading a folder: %w", err)
	}
	defer r.Close()
	data, err := io.ReadAll(r)
	if err != nil {
		return nil, fmt.Errorf("reading a folder: %w", err)
	}
	list, err := h.parseTree(prefix, data)
	if err != nil {
		return nil, err
	}
	if len(h.trees) >= maxTreeCache {
		clear(h.trees)
	}
	h.trees[id] = list
	return list, nil
}

func (h *historyReader) parseTree(prefix string, data []byte) ([]repo.TreeEntry, error) {
	damaged := func(why string) error {
		return refuse("the folder %q in commit %s %s; git itself would refuse it", prefix, h.now, why)
	}
	var list []repo.TreeEntry
	names := map[string]bool{}
	for len(data) > 0 {
		sp, nul := bytes.IndexByte(data, ' '), bytes.IndexByte(data, 0)
		if sp < 1 || nul < sp+2 || len(data) < nul+21 {
			return nil, damaged("is damaged")
		}
		mode, err := filemode.New(string(data[:sp]))
		if err != nil {
			return nil, damaged("is damaged")
		}
		name := string(data[sp+1 : nul])
		e := repo.TreeEntry{Name: name, Mode: mode}
		copy(e.Hash[:], data[nul+1:])
		data = data[nul+21:]
		if name == "." || name == ".." || strings.Contains(name, "/") || names[name] {
			return nil, damaged(fmt.Sprintf("has an entry named %q that cannot be", name))
		}
		names[name] = true
		switch mode {
		case filemode.Dir, filemode.Regular:
		case filemode.Executable, filemode.Deprecated:
			e.Mode = filemode.Regular
		case filemode.Symlink:
			h.leaveOut(prefix+name, "symbolic links")
			continue
		case filemode.Submodule:
			h.leaveOut(prefix+name, "submodules")
			continue
		default:
			return nil, damaged(fmt.Sprintf("has an entry %q that is neither a file nor a folder", name))
		}
		list = append(list, e)
	}
	return list, nil
}

func (h *historyReader) leaveOut(path, why string) {
	if !h.seen[why+"\x00"+path] {
		h.seen[why+"\x00"+path] = true
		h.left[why]++
	}
}

// diff calls f for every file that b has otherwise than a, in a fixed order.
func (h *historyReader) diff(prefix string, a, b repo.Hash, depth int, f func(path string, blob repo.Hash) error) error {
	if a == b {
		return nil
	}
	if depth > maxDepth {
		return refuse("commit %s has more than %d folders within one another", h.now, maxDepth)
	}
	if len(prefix) > maxPathLen {
		return refuse("commit %s has a path longer than %d bytes", h.now, maxPathLen)
	}
	as, err := h.tree(prefix, a)
	if err != nil {
		return err
	}
	bs, err := h.tree(prefix, b)
	if err != nil {
		return err
	}
	if h.steps += len(as) + len(bs) + 1; h.steps > maxSteps {
		return refuse("its folders are too many to be read")
	}
	old := make(map[string]repo.TreeEntry, len(as))
	for _, e := range as {
		old[e.Name] = e
	}
	for _, e := range bs {
		was, ok := old[e.Name]
		delete(old, e.Name)
		if ok && was == e {
			continue
		}
		var wasDir, isDir repo.Hash
		if ok && was.Mode == filemode.Dir {
			wasDir = was.Hash
		}
		if e.Mode == filemode.Dir {
			isDir = e.Hash
		}
		if ok && was.Mode != filemode.Dir && e.Mode == filemode.Dir {
			if err := f(prefix+e.Name, repo.Zero); err != nil {
				return err
			}
		}
		if err := h.diff(prefix+e.Name+"/", wasDir, isDir, depth+1, f); err != nil {
			return err
		}
		if e.Mode != filemode.Dir {
			if err := f(prefix+e.Name, e.Hash); err != nil {
				return err
			}
		}
	}
	for _, e := range as {
		if _, gone := old[e.Name]; !gone {
			continue
		}
		if e.Mode == filemode.Dir {
			if err := h.diff(prefix+e.Name+"/", e.Hash, repo.Zero, depth+1, f); err != nil {
				return err
			}
		} else if err := f(prefix+e.Name, repo.Zero); err != nil {
			return err
		}
	}
	return nil
}
