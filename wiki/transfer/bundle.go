package transfer

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/go-git/go-billy/v5/osfs"
	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/cache"
	"github.com/go-git/go-git/v5/plumbing/format/packfile"
	"github.com/go-git/go-git/v5/storage/filesystem"

	"dealwiki/wiki/repo"
)

// Limits of a bundle.
const (
	maxBundle       = 4 << 30
	maxBundleHeader = 1 << 20
	maxBundleLine   = 4096
)

// bundleHeader is the text before the pack of a git bundle, version 2 or 3.
type bundleHeader struct {
	version int
	refs    []bundleRef
}

type bundleRef struct {
	name string
	hash repo.Hash
}

// parseBundleHeader reads up to and including the empty line before the pack.
func parseBundleHeader(r *bufio.Reader) (*bundleHeader, error) {
	h := &bundleHeader{}
	total := 0
	line := func() (string, error) {
		var b strings.Builder
		for {
			c, err := r.ReadByte()
			if err != nil {
				return "", refuse("the bundle ends within its header")
			}
			if total++; total > maxBundleHeader || b.Len() > maxBundleLine {
				return "", refuse("the header of the bundle is too long")
			}
			if c == '\n' {
				return b.String(), nil
			}
			b.WriteByte(c)
		}
	}
	first, err := line()
	if err != nil {
		return nil, err
	}
	switch first {
	case "# v2 git bundle":
		h.version = 2
	case "# v3 git bundle":
		h.version = 3
	default:
		return nil, refuse("this is neither a folder, a git repository nor a git bundle; a bundle is made by: git bundle create FILE HEAD --all")
	}
	for {
		s, err := line()
		if err != nil {
			return nil, err
		}
		switch {
		case s == "":
			if len(h.refs) == 0 {
				return nil, refuse("the bundle names no branch")
			}
			return h, nil
		case strings.HasPrefix(s, "@") && h.version == 3:
			if err := checkCapability(s[1:]); err != nil {
				return nil, err
			}
		case strings.HasPrefix(s, "-"):
			return nil, refuse("the bundle holds only what is new since an older one; make a whole one with: git bundle create FILE HEAD --all")
		default:
			id, name, ok := strings.Cut(s, " ")
			hash, err := repo.ParseHash(id)
			if err != nil || !ok || name == "" {
				return nil, refuse("the header of the bundle is damaged")
			}
			h.refs = append(h.refs, bundleRef{name, hash})
		}
	}
}

func checkCapability(s string) error {
	key, value, _ := strings.Cut(s, "=")
	switch {
	case key == "object-format" && value == "sha1":
		return nil
	case key == "object-format":
		return refuse("the bundle uses %s hashes; only SHA-1 repositories can be imported", strings.ToUpper(strings.ToValidUTF8(value, "?")))
	case key == "filter":
		return refuse("the bundle was made with a filter, so files are missing; make a whole one")
	}
	return refuse("the bundle needs %q, which is not known here", key)
}

// head is the commit that the bundle would be checked out at.
func (h *bundleHeader) head() (repo.Hash, error) {
	byName := map[string]repo.Hash{}
	var branches []string
	for _, r := range h.refs {
		byName[r.name] = r.hash
		if strings.HasPrefix(r.name, "refs/heads/") {
			branches = append(branches, strings.TrimPrefix(r.name, "refs/heads/"))
		}
	}
	for _, name := range []string{"HEAD", "refs/heads/main", "refs/heads/master"} {
		if id, ok := byName[name]; ok {
			return id, nil
		}
	}
	switch {
	case len(branches) == 1:
		return byName["refs/heads/"+branches[0]], nil
	case len(branches) == 0 && len(h.refs) == 1:
		return h.refs[0].hash, nil
	}
	return repo.Zero, refuse("the bundle has several branches and does not say which is the main one; make it with: git bundle create FILE HEAD --all")
}

// OpenBundle reads a git bundle. Its objects are put into a temporary folder
// until Close.
func OpenBundle(ctx context.Context, r io.Reader, name string, o SourceOptions) (_ *Source, err error) {
	o.complete()
	br := bufio.NewReaderSize(r, 1<<16)
	h, err := parseBundleHeader(br)
	if err != nil {
		return nil, err
	}
	head, err := h.head()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "dealwiki-bundle-")
	if err != nil {
		return nil, fmt.Errorf("putting the bundle aside: %w", err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.RemoveAll(dir))
		}
	}()
	pack := dir + "/bundle.pack"
	if err := spool(pack, &limitedReader{br, maxBundle, refuse("the bundle is larger than 4 GB")}); err != nil {
		return nil, err
	}
	if err := checkPack(ctx, pack, o.MaxFile); err != nil {
		return nil, err
	}
	store := filesystem.NewStorageWithOptions(osfs.New(dir+"/git"), cache.NewObjectLRU(16<<20), filesystem.Options{KeepDescriptors: true})
	f, err := os.Open(pack)
	if err != nil {
		return nil, fmt.Errorf("reading the bundle: %w", err)
	}
	defer f.Close()
	if err := packfile.UpdateObjectStorage(store, f); err != nil {
		return nil, refuse("the pack of the bundle is damaged (%v)", err)
	}
	if err := os.Remove(pack); err != nil {
		return nil, fmt.Errorf("reading the bundle: %w", err)
	}
	src, err := readHistory(ctx, store, head, o)
	if err != nil {
		return nil, errors.Join(err, store.Close())
	}
	src.Name = name
	src.close = func() error { return errors.Join(store.Close(), os.RemoveAll(dir)) }
	return src, nil
}

func spool(path string, r io.Reader) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("putting the bundle aside: %w", err)
	}
	_, err = io.Copy(f, r)
	if err = errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("putting the bundle aside: %w", err)
	}
	return nil
}

// objectSlack is what commits and folders may be larger than the largest file.
const objectSlack = 16 << 20

// checkPack looks at the size of every object before any is built: a few bytes
// of pack can stand for gigabytes.
func checkPack(ctx context.Context, path string, maxFile int64) error {
	f, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("reading the bundle: %w", err)
	}
	defer f.Close()
	damaged := func(err error) error { return refuse("the pack of the bundle is damaged (%v)", err) }
	sc := packfile.NewScanner(bufio.NewReaderSize(f, 1<<20))
	_, n, err := sc.Header()
	if err != nil {
		return damaged(err)
	}
	limit := max(maxFile, objectSlack)
	for range n {
		if err := ctx.Err(); err != nil {
			return err
		}
		h, err := sc.NextObjectHeader()
		if err != nil {
			return damaged(err)
		}
		if h.Length > limit {
			return refuse("the bundle holds an object of %d bytes where %d are allowed", h.Length, limit)
		}
		var start prefix
		if _, _, err := sc.NextObject(&start); err != nil {
			return damaged(err)
		}
		if h.Type == plumbing.OFSDeltaObject || h.Type == plumbing.REFDeltaObject {
			if size, ok := deltaResult(start.buf); !ok {
				return refuse("the pack of the bundle is damaged (a difference without sizes)")
			} else if size > uint64(limit) {
				return refuse("the bundle holds an object of %d bytes where %d are allowed", size, limit)
			}
		}
	}
	return nil
}

// prefix keeps the first bytes of what is written to it.
type prefix struct{ buf []byte }

func (p *prefix) Write(b []byte) (int, error) {
	if room := 20 - len(p.buf); room > 0 {
		p.buf = append(p.buf, b[:min(room, len(b))]...)
	}
	return len(b), nil
}

// deltaResult reads the size that a delta builds up to: the second of the two
// numbers it begins with.
func deltaResult(b []byte) (uint64, bool) {
	var n uint64
	for range 2 {
		n = 0
		for shift := uint(0); ; shift += 7 {
			if len(b) == 0 || shift > 56 {
				return 0, false
			}
			c := b[0]
			b = b[1:]
			n |= uint64(c&0x7f) << shift
			if c&0x80 == 0 {
				break
			}
		}
	}
	return n, true
}
