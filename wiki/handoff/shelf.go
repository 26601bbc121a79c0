package handoff

import (
	"slices"
	"sync"

	"dealwiki/wiki"
	"dealwiki/wiki/repo"
)

// shelf keeps what was read of the files of handoffs, by their contents: a
// record never changes, and answers only as somebody answers. It is safe for
// concurrent use.
type shelf struct {
	mu      sync.Mutex // protects what follows
	records map[repo.Hash]*Record
	answers map[repo.Hash][]Answer
}

// maxShelf is how many records and how many answers are kept; then all are
// dropped and read again.
const maxShelf = 10_000

func newShelf() *shelf {
	return &shelf{records: map[repo.Hash]*Record{}, answers: map[repo.Hash][]Answer{}}
}

// kept answers what is on the shelf under a hash, and puts it there first when
// it is missing.
func kept[T any](s *shelf, all map[repo.Hash]T, h repo.Hash, read func() (T, error)) (T, error) {
	s.mu.Lock()
	v, ok := all[h]
	s.mu.Unlock()
	if ok {
		return v, nil
	}
	v, err := read()
	if err != nil {
		return v, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(all) >= maxShelf {
		clear(all)
	}
	all[h] = v
	return v, nil
}

// shelved is the files of a deal's handoffs, read through the shelf.
type shelved struct {
	shelf *shelf
	files *wiki.Folder
}

func (s shelved) record(path string) (*Record, error) {
	r, err := kept(s.shelf, s.shelf.records, s.files.Blobs[path], func() (*Record, error) { return plain(s.files.Read).record(path) })
	if err != nil {
		return nil, err
	}
	// Whoever is handed it may do with it as they like.
	own := *r
	own.Criteria, own.Needed, own.Facts, own.Documents = slices.Clone(r.Criteria), slices.Clone(r.Needed), slices.Clone(r.Facts), slices.Clone(r.Documents)
	return &own, nil
}

func (s shelved) answers(path string) ([]Answer, error) {
	list, err := kept(s.shelf, s.shelf.answers, s.files.Blobs[path], func() ([]Answer, error) { return plain(s.files.Read).answers(path) })
	return slices.Clone(list), err
}

// plain reads the files of a deal's handoffs each time.
type plain func(path string) ([]byte, error)

func (read plain) record(path string) (*Record, error) {
	data, err := read(path)
	if err != nil {
		return nil, err
	}
	return parseRecord(data)
}

func (read plain) answers(path string) ([]Answer, error) {
	data, err := read(path)
	if err != nil {
		return nil, err
	}
	return parseAnswers(data)
}
