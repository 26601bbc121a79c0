package repo

import (
	"bufio"
	"bytes"
	"compress/zlib"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/go-git/go-git/v5/plumbing"
)

// store keeps the objects of one repository: loose ones, packs and those being
// gathered for the next pack. Reading is safe from any goroutine.
type store struct {
	dir   string // the objects folder
	cache *Cache
	owner *owner
	disk  disk
	// parent is where objects are that are not here; nil: nowhere. It is what a
	// quarantine stands before.
	parent *store

	// mu protects packs, a list that is replaced and never changed.
	mu    sync.Mutex
	packs []*pack
	known bool

	batch batch
}

// get returns an object, looking again for packs when it is nowhere: git may
// have moved it there since.
func (s *store) get(h Hash) (raw, error) {
	if o, ok := s.cache.get(cacheKey{s.owner, h}); ok {
		return o, nil
	}
	for try := 0; ; try++ {
		typ, data, err := s.look(h)
		switch {
		case err == nil:
			o := raw{id: h, typ: typ, data: data}
			s.cache.put(s.owner, o)
			return o, nil
		case errors.Is(err, os.ErrClosed) && try < 8:
			continue
		case (errors.Is(err, errMissing) || errors.Is(err, errGone)) && try < 3:
			if err := s.rescan(); err != nil {
				return raw{}, err
			}
		case errors.Is(err, errGone):
			return raw{}, fmt.Errorf("object %s: %w", h, errMissing)
		default:
			return raw{}, fmt.Errorf("object %s: %w", h, err)
		}
	}
}

// typed is get for an object that must have a type.
func (s *store) typed(h Hash, typ plumbing.ObjectType) ([]byte, error) {
	o, err := s.get(h)
	if err != nil {
		return nil, err
	}
	if o.typ != typ {
		return nil, fmt.Errorf("object %s is a %s, not a %s: %w", h, o.typ, typ, errMissing)
	}
	return o.data, nil
}

// size returns how long an object is, in bytes. It stays in the cache longer
// than the object would.
func (s *store) size(h Hash) (int64, error) {
	if n, ok := s.cache.length(cacheKey{s.owner, h}); ok {
		return n, nil
	}
	n, err := s.lookSize(h)
	if err != nil {
		// It may have been packed meanwhile: look as thoroughly as reading does.
		o, err := s.get(h)
		if err != nil {
			return 0, err
		}
		n = int64(len(o.data))
	}
	s.cache.putSize(cacheKey{s.owner, h}, n)
	return n, nil
}

func (s *store) lookSize(h Hash) (int64, error) {
	packs, err := s.list()
	if err != nil {
		return 0, err
	}
	for _, p := range packs {
		off, ok, err := p.find(h)
		if err != nil || !ok {
			continue
		}
		f, size, _, err := p.open()
		if err != nil {
			return 0, err
		}
		return packedSize(f, size, off)
	}
	f, err := os.Open(s.path(h))
	if err != nil {
		return 0, err
	}
	defer f.Close()
	zr, err := zlib.NewReader(bufio.NewReaderSize(f, 512))
	if err != nil {
		return 0, fmt.Errorf("%w: %w", errLoose, err)
	}
	defer zr.Close()
	_, n, err := looseHeader(bufio.NewReaderSize(zr, 64))
	return n, err
}

func (s *store) look(h Hash) (plumbing.ObjectType, []byte, error) {
	if typ, data, err := s.batch.read(h); !errors.Is(err, errMissing) {
		return typ, data, err
	}
	packs, err := s.list()
	if err != nil {
		return 0, nil, err
	}
	var gone error
	for _, p := range packs {
		off, ok, err := p.find(h)
		if errors.Is(err, errGone) {
			gone = err
			continue
		}
		if err != nil {
			return 0, nil, err
		}
		if ok {
			typ, data, err := p.read(off, s.get)
			if errors.Is(err, errGone) {
				gone = err
				continue
			}
			return typ, data, err
		}
	}
	typ, data, err := s.loose(h)
	if errors.Is(err, errMissing) && gone != nil {
		return 0, nil, gone
	}
	if errors.Is(err, errMissing) && s.parent != nil {
		o, err := s.parent.get(h)
		return o.typ, o.data, err
	}
	return typ, data, err
}

func (s *store) list() ([]*pack, error) {
	s.mu.Lock()
	known, packs := s.known, s.packs
	s.mu.Unlock()
	if known {
		return packs, nil
	}
	if err := s.rescan(); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.packs, nil
}

// rescan reads the list of packs again and keeps those already open.
func (s *store) rescan() error {
	names, err := os.ReadDir(filepath.Join(s.dir, "pack"))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("listing packs: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	old := map[string]*pack{}
	for _, p := range s.packs {
		old[p.base] = p
	}
	var packs []*pack
	for _, e := range names {
		name, ok := strings.CutSuffix(e.Name(), ".idx")
		if !ok || !strings.HasPrefix(name, "pack-") {
			continue
		}
		base := filepath.Join(s.dir, "pack", name)
		p := old[base]
		if p == nil {
			p = &pack{base: base}
		}
		delete(old, base)
		packs = append(packs, p)
	}
	// Packs that are gone: their files are let go. Whoever still reads one is
	// sent round again and finds the object in the pack that replaced it.
	for _, p := range old {
		_ = p.close()
	}
	s.packs, s.known = packs, true
	return nil
}

func (s *store) close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var errs []error
	for _, p := range s.packs {
		errs = append(errs, p.close())
	}
	s.packs, s.known = nil, false
	return errors.Join(errs...)
}

func (s *store) path(h Hash) string {
	x := h.String()
	return filepath.Join(s.dir, x[:2], x[2:])
}

func (s *store) loose(h Hash) (plumbing.ObjectType, []byte, error) {
	data, err := os.ReadFile(s.path(h))
	if errors.Is(err, os.ErrNotExist) {
		return 0, nil, errMissing
	}
	if err != nil {
		return 0, nil, err
	}
	return parseLoose(data)
}

var errLoose = errors.New("object file is damaged")

func parseLoose(data []byte) (plumbing.ObjectType, []byte, error) {
	zr, err := zlib.NewReader(bytes.NewReader(data))
	if err != nil {
		return 0, nil, fmt.Errorf("%w: %w", errLoose, err)
	}
	defer zr.Close()
	br := bufio.NewReader(zr)
	typ, n, err := looseHeader(br)
	if err != nil {
		return 0, nil, err
	}
	buf := bytes.NewBuffer(make([]byte, 0, min(n+1, 1<<20)))
	if _, err := io.Copy(buf, io.LimitReader(br, n+1)); err != nil {
		return 0, nil, fmt.Errorf("%w: %w", errLoose, err)
	}
	if int64(buf.Len()) != n {
		return 0, nil, errLoose
	}
	return typ, buf.Bytes(), nil
}

// looseHeader reads "type size" and the zero byte after it.
func looseHeader(br *bufio.Reader) (plumbing.ObjectType, int64, error) {
	head := make([]byte, 0, 32)
	for {
		b, err := br.ReadByte()
		if err != nil || len(head) > 32 {
			return 0, 0, errLoose
		}
		if b == 0 {
			break
		}
		head = append(head, b)
	}
	kind, size, ok := strings.Cut(string(head), " ")
	typ, err := plumbing.ParseObjectType(kind)
	if err != nil || !ok {
		return 0, 0, errLoose
	}
	n, err := strconv.ParseInt(size, 10, 64)
	if err != nil || n < 0 || n > maxObject {
		return 0, 0, errLoose
	}
	return typ, n, nil
}

// has reports whether an object is stored for good, and marks it as used just now, as
// git does, so that a prune does not take it before something refers to it.
func (s *store) has(h Hash) bool {
	now := time.Now()
	packs, err := s.list()
	if err == nil {
		for _, p := range packs {
			if _, ok, err := p.find(h); ok && err == nil {
				return os.Chtimes(p.base+".pack", now, now) == nil
			}
		}
	}
	file := s.path(h)
	st, err := os.Stat(file)
	if err != nil || st.Size() == 0 {
		return false
	}
	return os.Chtimes(file, now, now) == nil
}

func newRaw(typ plumbing.ObjectType, data []byte) raw {
	return raw{id: plumbing.ComputeHash(typ, data), typ: typ, data: data}
}

var deflaters, storers = pool(zlib.BestSpeed), pool(zlib.NoCompression)

func pool(level int) *sync.Pool {
	return &sync.Pool{New: func() any {
		w, _ := zlib.NewWriterLevel(io.Discard, level)
		return w
	}}
}

// deflate compresses parts into w. Folders are hashes for the most part, which
// do not get shorter: squeeze is false for those that git will pack later.
func deflate(w io.Writer, squeeze bool, parts ...[]byte) error {
	from := deflaters
	if !squeeze {
		from = storers
	}
	zw := from.Get().(*zlib.Writer)
	defer from.Put(zw)
	zw.Reset(w)
	for _, p := range parts {
		if _, err := zw.Write(p); err != nil {
			return err
		}
	}
	return zw.Close()
}

// writeLoose stores objects so that they are on disk, names and all, when it
// returns. It returns how many were new.
func (s *store) writeLoose(objects []raw) (int, error) {
	var fresh []raw
	dirs := map[string]bool{}
	for _, o := range objects {
		if s.has(o.id) {
			// It may have come with a commit whose folder was not synced yet.
			if dir := filepath.Dir(s.path(o.id)); exists(dir) {
				dirs[dir] = true
			}
			continue
		}
		fresh = append(fresh, o)
		dirs[filepath.Dir(s.path(o.id))] = true
	}
	for dir := range dirs {
		if err := s.disk.mkdir(dir); err != nil {
			return 0, fmt.Errorf("creating object folder: %w", err)
		}
	}
	err := together(len(fresh), func(i int) error { return s.writeOne(fresh[i]) })
	if err != nil {
		return 0, fmt.Errorf("writing object: %w", err)
	}
	// The folder above is synced even when no folder is new: one may have been
	// made by a process that died before it came this far.
	list := append(slices.Collect(maps.Keys(dirs)), s.dir)
	if err := s.disk.syncDirs(list); err != nil {
		return 0, fmt.Errorf("syncing objects: %w", err)
	}
	for _, o := range fresh {
		s.cache.put(s.owner, o)
	}
	return len(fresh), nil
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

func (s *store) writeOne(o raw) (err error) {
	var buf bytes.Buffer
	if err := deflate(&buf, true, fmt.Appendf(nil, "%s %d\x00", o.typ, len(o.data)), o.data); err != nil {
		return err
	}
	f, err := os.CreateTemp(s.dir, "tmp_obj_")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = os.Remove(f.Name())
		}
	}()
	_, err = f.Write(buf.Bytes())
	if err == nil {
		err = f.Chmod(0o444)
	}
	if err == nil {
		err = s.disk.sync(f)
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	return s.disk.rename(f.Name(), s.path(o.id))
}
