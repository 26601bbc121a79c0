package transfer

import (
	"bufio"
	"bytes"
	"compress/zlib"
	"context"
	"crypto/sha1"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"

	"github.com/go-git/go-billy/v5/osfs"
	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/cache"
	"github.com/go-git/go-git/v5/plumbing/filemode"
	"github.com/go-git/go-git/v5/plumbing/format/idxfile"
	"github.com/go-git/go-git/v5/plumbing/object"
	"github.com/go-git/go-git/v5/storage/filesystem"

	"dealwiki/wiki/repo"
)

// objectReader reads objects of a repository that a server may be packing: an
// object that is nowhere is looked for again, in the packs that are there then.
type objectReader struct {
	dir   string
	store *filesystem.Storage
}

func openObjects(dir string) *objectReader {
	r := &objectReader{dir: dir}
	r.reopen()
	return r
}

func (r *objectReader) reopen() {
	r.store = filesystem.NewStorageWithOptions(osfs.New(r.dir), cache.NewObjectLRU(8<<20), filesystem.Options{KeepDescriptors: true})
}

func (r *objectReader) close() error { return r.store.Close() }

// read answers an object's type and content.
func (r *objectReader) read(h repo.Hash) (plumbing.ObjectType, []byte, error) {
	const tries = 3
	var err error
	for range tries {
		var o plumbing.EncodedObject
		if o, err = r.store.EncodedObject(plumbing.AnyObject, h); err == nil {
			var data []byte
			if data, err = readObject(o); err == nil {
				if plumbing.ComputeHash(o.Type(), data) != h {
					return 0, nil, fmt.Errorf("object %s is damaged; run: dealwiki doctor", h)
				}
				return o.Type(), data, nil
			}
		}
		_ = r.store.Close()
		r.reopen()
	}
	return 0, nil, fmt.Errorf("object %s: %w", h, err)
}

func readObject(o plumbing.EncodedObject) ([]byte, error) {
	rd, err := o.Reader()
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(rd)
	return data, errors.Join(err, rd.Close())
}

// reachable lists everything that the tips need, tips' histories first.
func (r *objectReader) reachable(ctx context.Context, tips []string) ([]repo.Hash, error) {
	var out, trees []repo.Hash
	seen := map[repo.Hash]bool{}
	add := func(list *[]repo.Hash, h repo.Hash) {
		if !seen[h] {
			seen[h] = true
			*list = append(*list, h)
		}
	}
	var todo []repo.Hash
	for _, t := range tips {
		add(&todo, plumbing.NewHash(t))
	}
	for len(todo) > 0 {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		h := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		typ, data, err := r.read(h)
		if err != nil {
			return nil, err
		}
		out = append(out, h)
		o := memoryObject(typ, data)
		switch typ {
		case plumbing.CommitObject:
			var c object.Commit
			if err := c.Decode(o); err != nil {
				return nil, fmt.Errorf("reading commit %s: %w", h, err)
			}
			for _, p := range c.ParentHashes {
				add(&todo, p)
			}
			add(&trees, c.TreeHash)
		case plumbing.TagObject:
			var t object.Tag
			if err := t.Decode(o); err != nil {
				return nil, fmt.Errorf("reading tag %s: %w", h, err)
			}
			add(&todo, t.Target)
		}
	}
	for len(trees) > 0 {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		h := trees[len(trees)-1]
		trees = trees[:len(trees)-1]
		typ, data, err := r.read(h)
		if err != nil {
			return nil, err
		}
		out = append(out, h)
		if typ != plumbing.TreeObject {
			continue
		}
		var t object.Tree
		if err := t.Decode(memoryObject(typ, data)); err != nil {
			return nil, fmt.Errorf("reading folder %s: %w", h, err)
		}
		for _, e := range t.Entries {
			switch e.Mode {
			case filemode.Dir:
				add(&trees, e.Hash)
			case filemode.Submodule:
			default:
				add(&out, e.Hash)
			}
		}
	}
	return out, nil
}

func memoryObject(typ plumbing.ObjectType, data []byte) plumbing.EncodedObject {
	o := &plumbing.MemoryObject{}
	o.SetType(typ)
	_, _ = o.Write(data)
	return o
}

// writePack writes everything that the tips reach in the bare repository dir as
// a pack and its index, and answers the pack's name; "" when there is nothing.
func writePack(ctx context.Context, dir string, tips []string, packPath, idxPath string) (name string, err error) {
	r := openObjects(dir)
	defer func() { err = errors.Join(err, r.close()) }()
	list, err := r.reachable(ctx, tips)
	if err != nil || len(list) == 0 {
		return "", err
	}
	f, err := os.Create(packPath)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	sum := sha1.New()
	out := bufio.NewWriterSize(io.MultiWriter(f, sum), 1<<20)
	head := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32([]byte("PACK"), 2), uint32(len(list)))
	if _, err := out.Write(head); err != nil {
		return "", err
	}
	index := &idxfile.Writer{}
	if err := index.OnHeader(uint32(len(list))); err != nil {
		return "", err
	}
	offset := uint64(len(head))
	for _, h := range list {
		if err := ctx.Err(); err != nil {
			return "", err
		}
		typ, data, err := r.read(h)
		if err != nil {
			return "", err
		}
		entry, err := packEntry(typ, data)
		if err != nil {
			return "", err
		}
		if _, err := out.Write(entry); err != nil {
			return "", err
		}
		index.Add(h, offset, crc32.ChecksumIEEE(entry))
		offset += uint64(len(entry))
	}
	if err := out.Flush(); err != nil {
		return "", err
	}
	trailer := sum.Sum(nil)
	if _, err := f.Write(trailer); err != nil {
		return "", err
	}
	var id repo.Hash
	copy(id[:], trailer)
	if err := index.OnFooter(id); err != nil {
		return "", err
	}
	return id.String(), writeIndex(index, idxPath)
}

func packEntry(typ plumbing.ObjectType, data []byte) ([]byte, error) {
	var b bytes.Buffer
	n := len(data)
	c := byte(typ)<<4 | byte(n&15)
	for n >>= 4; n > 0; n >>= 7 {
		b.WriteByte(c | 0x80)
		c = byte(n & 0x7f)
	}
	b.WriteByte(c)
	zw := zlib.NewWriter(&b)
	if _, err := zw.Write(data); err != nil {
		return nil, err
	}
	if err := zw.Close(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

func writeIndex(w *idxfile.Writer, path string) error {
	idx, err := w.Index()
	if err != nil {
		return err
	}
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	_, err = idxfile.NewEncoder(f).Encode(idx)
	return errors.Join(err, f.Close())
}
