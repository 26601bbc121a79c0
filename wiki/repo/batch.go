package repo

import (
	"bufio"
	"bytes"
	"crypto/sha1"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"sort"
	"sync"

	"github.com/go-git/go-git/v5/plumbing"
)

// A batch up to these sizes is stored as loose objects, a larger one as a pack.
const (
	smallBatch      = 64
	smallBatchBytes = 4 << 20
)

// batch gathers objects that are not yet durable. Small ones stay in memory,
// larger ones go to a pack file that has no name yet.
type batch struct {
	// mu protects what follows.
	mu     sync.Mutex
	memory map[Hash]raw
	bytes  int
	file   *os.File
	size   int64
	index  map[Hash]packed
	failed error
}

type packed struct {
	offset int64
	crc    uint32
}

func (b *batch) read(h Hash) (plumbing.ObjectType, []byte, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if o, ok := b.memory[h]; ok {
		return o.typ, o.data, nil
	}
	at, ok := b.index[h]
	if !ok {
		return 0, nil, errMissing
	}
	return readPacked(b.file, b.size, at.offset, nil, 0)
}

// add takes an object in; dir is the objects folder.
func (b *batch) add(dir string, o raw) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.failed != nil {
		return b.failed
	}
	if _, ok := b.memory[o.id]; ok {
		return nil
	}
	if _, ok := b.index[o.id]; ok {
		return nil
	}
	if b.file == nil && len(b.memory) < smallBatch && b.bytes+len(o.data) <= smallBatchBytes {
		if b.memory == nil {
			b.memory = map[Hash]raw{}
		}
		b.memory[o.id] = o
		b.bytes += len(o.data)
		return nil
	}
	// After a failed write the file's end is unknown, so nothing more is
	// taken until the batch is dropped.
	if b.failed = b.spill(dir, o); b.failed != nil {
		return b.failed
	}
	return nil
}

func (b *batch) spill(dir string, o raw) error {
	if b.file == nil {
		f, err := os.CreateTemp(filepath.Join(dir, "pack"), "tmp_pack_")
		if err != nil {
			return err
		}
		b.file, b.size, b.index = f, 12, map[Hash]packed{}
		for _, m := range b.memory {
			if err := b.append(m); err != nil {
				return err
			}
		}
		b.memory, b.bytes = nil, 0
	}
	return b.append(o)
}

func (b *batch) append(o raw) error {
	var buf bytes.Buffer
	n := len(o.data)
	c := byte(o.typ)<<4 | byte(n&15)
	for n >>= 4; n > 0; n >>= 7 {
		buf.WriteByte(c | 0x80)
		c = byte(n & 0x7f)
	}
	buf.WriteByte(c)
	if err := deflate(&buf, o.typ != plumbing.TreeObject, o.data); err != nil {
		return err
	}
	if _, err := b.file.WriteAt(buf.Bytes(), b.size); err != nil {
		return err
	}
	b.index[o.id] = packed{b.size, crc32.ChecksumIEEE(buf.Bytes())}
	b.size += int64(buf.Len())
	return nil
}

// drop forgets the batch.
func (b *batch) drop() {
	if b.file != nil {
		b.file.Close()
		os.Remove(b.file.Name())
	}
	b.memory, b.bytes, b.file, b.size, b.index, b.failed = nil, 0, nil, 0, nil, nil
}

// flush makes everything gathered durable and returns how many objects it
// stored as loose files and how many in a pack.
func (s *store) flush() (loose, inPack int, err error) {
	b := &s.batch
	b.mu.Lock()
	defer b.mu.Unlock()
	if err := b.failed; err != nil {
		b.drop()
		return 0, 0, fmt.Errorf("writing objects: %w", err)
	}
	if b.file != nil {
		n := len(b.index)
		err := s.finish(b)
		b.drop()
		if err != nil {
			return 0, 0, fmt.Errorf("writing pack: %w", err)
		}
		return 0, n, nil
	}
	if len(b.memory) == 0 {
		return 0, 0, nil
	}
	objects := make([]raw, 0, len(b.memory))
	for _, o := range b.memory {
		objects = append(objects, o)
	}
	// Whoever reads meanwhile finds them in the cache, or waits for the lock.
	b.memory, b.bytes = nil, 0
	n, err := s.writeLoose(objects)
	return n, 0, err
}

// finish turns the file into a pack: head, checksum, index, and only then its
// name, so that a crash leaves nothing but a file to sweep.
func (s *store) finish(b *batch) error {
	head := make([]byte, 12)
	copy(head, "PACK")
	binary.BigEndian.PutUint32(head[4:], 2)
	binary.BigEndian.PutUint32(head[8:], uint32(len(b.index)))
	if _, err := b.file.WriteAt(head, 0); err != nil {
		return err
	}
	sum := sha1.New()
	if _, err := io.Copy(sum, bufio.NewReaderSize(io.NewSectionReader(b.file, 0, b.size), 1<<20)); err != nil {
		return err
	}
	trailer := sum.Sum(nil)
	if _, err := b.file.WriteAt(trailer, b.size); err != nil {
		return err
	}
	if err := errors.Join(b.file.Chmod(0o444), s.disk.sync(b.file)); err != nil {
		return err
	}
	dir := filepath.Join(s.dir, "pack")
	base := filepath.Join(dir, fmt.Sprintf("pack-%x", trailer))
	if exists(base+".idx") && exists(base+".pack") {
		return s.disk.syncDir(dir) // the same objects in the same order are there already
	}
	idx := filepath.Join(dir, fmt.Sprintf("tmp_idx_%x", trailer))
	_ = os.Remove(idx)
	if err := s.disk.create(idx, encodeIndex(b.index, trailer), 0o444); err != nil {
		return err
	}
	// The pack first: git and we take a pack to be there once its index is.
	if err := s.disk.rename(b.file.Name(), base+".pack"); err != nil {
		return err
	}
	if err := s.disk.rename(idx, base+".idx"); err != nil {
		return err
	}
	if err := s.disk.syncDir(dir); err != nil {
		return err
	}
	return s.rescan()
}

// encodeIndex writes a version 2 pack index.
func encodeIndex(index map[Hash]packed, trailer []byte) []byte {
	names := make([]Hash, 0, len(index))
	for h := range index {
		names = append(names, h)
	}
	sort.Slice(names, func(i, j int) bool { return bytes.Compare(names[i][:], names[j][:]) < 0 })
	out := []byte("\xfftOc\x00\x00\x00\x02")
	var fanout [256]uint32
	for _, h := range names {
		fanout[h[0]]++
	}
	total := uint32(0)
	for _, n := range fanout {
		total += n
		out = binary.BigEndian.AppendUint32(out, total)
	}
	for _, h := range names {
		out = append(out, h[:]...)
	}
	for _, h := range names {
		out = binary.BigEndian.AppendUint32(out, index[h].crc)
	}
	var large []byte
	for _, h := range names {
		off := index[h].offset
		if off < 1<<31 {
			out = binary.BigEndian.AppendUint32(out, uint32(off))
			continue
		}
		out = binary.BigEndian.AppendUint32(out, 1<<31|uint32(len(large)/8))
		large = binary.BigEndian.AppendUint64(large, uint64(off))
	}
	out = append(out, large...)
	out = append(out, trailer...)
	sum := sha1.Sum(out)
	return append(out, sum[:]...)
}
