package repo

import (
	"bufio"
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"sort"
	"sync"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/format/packfile"
)

// maxObject is the largest object that is read into memory, in bytes.
const maxObject = 256 << 20

// errMissing says that an object is in none of the places looked at.
var errMissing = plumbing.ErrObjectNotFound

// errGone says that a pack was listed but its file is no longer there.
var errGone = errors.New("pack is gone")

// pack reads one pack file. Reads use positions of their own, so any number of
// goroutines may read at once. The file stays open until close: a pack that
// git removes meanwhile can still be read.
type pack struct {
	base string // path without .pack and .idx

	// mu protects what follows.
	mu   sync.Mutex
	file *os.File
	size int64
	idx  *packIndex
}

// open returns the file and its index, opening them if needed.
func (p *pack) open() (*os.File, int64, *packIndex, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.idx == nil {
		data, err := os.ReadFile(p.base + ".idx")
		if err != nil {
			return nil, 0, nil, packError(err)
		}
		idx, err := parseIndex(data)
		if err != nil {
			return nil, 0, nil, fmt.Errorf("reading pack index: %w", err)
		}
		p.idx = idx
	}
	if p.file == nil {
		f, err := os.Open(p.base + ".pack")
		if err != nil {
			return nil, 0, nil, packError(err)
		}
		st, err := f.Stat()
		if err != nil {
			f.Close()
			return nil, 0, nil, err
		}
		p.file, p.size = f, st.Size()
	}
	return p.file, p.size, p.idx, nil
}

func packError(err error) error {
	if errors.Is(err, os.ErrNotExist) {
		return errGone
	}
	return err
}

// close lets the file go; a later read opens it again. A read in progress on
// the old handle fails with os.ErrClosed and is repeated by the store.
func (p *pack) close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.file == nil {
		return nil
	}
	err := p.file.Close()
	p.file = nil
	return err
}

// find returns where an object begins, or false.
func (p *pack) find(h Hash) (int64, bool, error) {
	p.mu.Lock()
	idx := p.idx
	p.mu.Unlock()
	if idx == nil {
		var err error
		if _, _, idx, err = p.open(); err != nil {
			return 0, false, err
		}
	}
	off, ok := idx.find(h)
	return off, ok, nil
}

// read returns the object at an offset. base finds objects that deltas name.
func (p *pack) read(off int64, base func(Hash) (raw, error)) (plumbing.ObjectType, []byte, error) {
	f, size, _, err := p.open()
	if err != nil {
		return 0, nil, err
	}
	return readPacked(f, size, off, base, 0)
}

// maxDeltas is the longest chain of deltas followed; git itself makes 50, or
// 250 with gc --aggressive.
const maxDeltas = 4096

var errPack = errors.New("pack file is damaged")

// readPacked reads the object at off, following deltas without recursion on
// the stack beyond what REF deltas need.
func readPacked(f io.ReaderAt, size, off int64, base func(Hash) (raw, error), depth int) (plumbing.ObjectType, []byte, error) {
	var deltas [][]byte
	for {
		if depth+len(deltas) > maxDeltas || off < 12 || off >= size {
			return 0, nil, errPack
		}
		br := bufio.NewReaderSize(io.NewSectionReader(f, off, size-off), 4096)
		typ, length, err := objectHeader(br)
		if err != nil {
			return 0, nil, err
		}
		switch typ {
		case plumbing.CommitObject, plumbing.TreeObject, plumbing.BlobObject, plumbing.TagObject:
			data, err := inflate(br, length)
			if err != nil {
				return 0, nil, err
			}
			data, err = patch(data, deltas)
			return typ, data, err
		case plumbing.OFSDeltaObject:
			back, err := offsetDelta(br)
			if err != nil || back <= 0 || back > off {
				return 0, nil, errPack
			}
			delta, err := inflate(br, length)
			if err != nil {
				return 0, nil, err
			}
			deltas = append(deltas, delta)
			off -= back
		case plumbing.REFDeltaObject:
			var h Hash
			if _, err := io.ReadFull(br, h[:]); err != nil {
				return 0, nil, errPack
			}
			delta, err := inflate(br, length)
			if err != nil {
				return 0, nil, err
			}
			o, err := base(h)
			if err != nil {
				return 0, nil, err
			}
			data, err := patch(o.data, append(deltas, delta))
			return o.typ, data, err
		default:
			return 0, nil, errPack
		}
	}
}

// patch applies deltas, the last one first.
func patch(data []byte, deltas [][]byte) ([]byte, error) {
	for i := len(deltas) - 1; i >= 0; i-- {
		if _, err := deltaSize(bytes.NewReader(deltas[i])); err != nil {
			return nil, err
		}
		out, err := packfile.PatchDelta(data, deltas[i])
		if err != nil {
			return nil, fmt.Errorf("%w: %w", errPack, err)
		}
		data = out
	}
	return data, nil
}

// deltaSize reads from the head of a delta how long its result is, and refuses
// one that is too long: a few bytes of delta can ask for gigabytes.
func deltaSize(r io.ByteReader) (int64, error) {
	if _, err := binary.ReadUvarint(r); err != nil {
		return 0, errPack
	}
	n, err := binary.ReadUvarint(r)
	if err != nil {
		return 0, errPack
	}
	if n > maxObject {
		return 0, fmt.Errorf("object of %d bytes is larger than the limit of %d", n, maxObject)
	}
	return int64(n), nil
}

// packedSize returns how long the object at off is without reading all of it.
func packedSize(f io.ReaderAt, size, off int64) (int64, error) {
	if off < 12 || off >= size {
		return 0, errPack
	}
	br := bufio.NewReaderSize(io.NewSectionReader(f, off, size-off), 512)
	typ, length, err := objectHeader(br)
	if err != nil {
		return 0, err
	}
	switch typ {
	case plumbing.OFSDeltaObject:
		_, err = offsetDelta(br)
	case plumbing.REFDeltaObject:
		_, err = br.Discard(len(Zero))
	default:
		return length, nil
	}
	if err != nil {
		return 0, errPack
	}
	zr, err := zlib.NewReader(br)
	if err != nil {
		return 0, fmt.Errorf("%w: %w", errPack, err)
	}
	defer zr.Close()
	return deltaSize(bufio.NewReaderSize(zr, 32))
}

func objectHeader(r io.ByteReader) (plumbing.ObjectType, int64, error) {
	b, err := r.ReadByte()
	if err != nil {
		return 0, 0, errPack
	}
	typ := plumbing.ObjectType(b >> 4 & 7)
	length := int64(b & 15)
	for shift := 4; b&0x80 != 0; shift += 7 {
		if b, err = r.ReadByte(); err != nil || shift > 50 {
			return 0, 0, errPack
		}
		length |= int64(b&0x7f) << shift
	}
	if length > maxObject {
		return 0, 0, fmt.Errorf("object of %d bytes is larger than the limit of %d", length, maxObject)
	}
	return typ, length, nil
}

func offsetDelta(r io.ByteReader) (int64, error) {
	b, err := r.ReadByte()
	if err != nil {
		return 0, err
	}
	n := int64(b & 0x7f)
	for i := 0; b&0x80 != 0; i++ {
		if b, err = r.ReadByte(); err != nil || i > 8 {
			return 0, errPack
		}
		n = (n+1)<<7 | int64(b&0x7f)
	}
	return n, nil
}

var inflaters = sync.Pool{}

// inflate reads exactly length bytes of compressed data.
func inflate(r io.Reader, length int64) ([]byte, error) {
	var zr io.ReadCloser
	if v := inflaters.Get(); v != nil {
		zr = v.(io.ReadCloser)
		if err := zr.(zlib.Resetter).Reset(r, nil); err != nil {
			return nil, fmt.Errorf("%w: %w", errPack, err)
		}
	} else {
		var err error
		if zr, err = zlib.NewReader(r); err != nil {
			return nil, fmt.Errorf("%w: %w", errPack, err)
		}
	}
	defer inflaters.Put(zr)
	// A length that lies must not reserve memory: grow with what is there.
	buf := bytes.NewBuffer(make([]byte, 0, min(length+1, 1<<20)))
	n, err := io.Copy(buf, io.LimitReader(zr, length+1))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errPack, err)
	}
	if n != length {
		return nil, errPack
	}
	return buf.Bytes(), nil
}

// packIndex is a version 2 pack index in memory.
type packIndex struct {
	fanout  []byte
	names   []byte
	offsets []byte
	large   []byte
	count   int
}

func parseIndex(data []byte) (*packIndex, error) {
	const head = 8 + 256*4
	if len(data) < head+40 || string(data[:8]) != "\xfftOc\x00\x00\x00\x02" {
		return nil, errors.New("not a version 2 index")
	}
	x := &packIndex{fanout: data[8:head]}
	prev := uint32(0)
	for i := range 256 {
		n := binary.BigEndian.Uint32(x.fanout[i*4:])
		if n < prev {
			return nil, errPack
		}
		prev = n
	}
	x.count = int(prev)
	if len(data) < head+x.count*28+40 {
		return nil, errPack
	}
	x.names = data[head : head+x.count*20]
	x.offsets = data[head+x.count*24 : head+x.count*28]
	x.large = data[head+x.count*28 : len(data)-40]
	return x, nil
}

func (x *packIndex) name(i int) []byte { return x.names[i*20 : i*20+20] }

func (x *packIndex) find(h Hash) (int64, bool) {
	lo := 0
	if h[0] > 0 {
		lo = int(binary.BigEndian.Uint32(x.fanout[(int(h[0])-1)*4:]))
	}
	hi := int(binary.BigEndian.Uint32(x.fanout[int(h[0])*4:]))
	i := lo + sort.Search(hi-lo, func(i int) bool { return bytes.Compare(x.name(lo+i), h[:]) >= 0 })
	if i >= hi || !bytes.Equal(x.name(i), h[:]) {
		return 0, false
	}
	off := binary.BigEndian.Uint32(x.offsets[i*4:])
	if off&(1<<31) == 0 {
		return int64(off), true
	}
	at := int(off&^(1<<31)) * 8
	if at+8 > len(x.large) {
		return 0, false
	}
	return int64(binary.BigEndian.Uint64(x.large[at:])), true
}
