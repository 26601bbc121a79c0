package search_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"sort"
	"strings"
	"sync"
	"time"

	"dealwiki/search"
)

// fakeSource is a Source in memory.
type fakeSource struct {
	mu    sync.Mutex
	sides map[search.SideID]*fakeSide
	dirty map[search.SideID]bool
	watch chan struct{}
}

func newFake() *fakeSource {
	return &fakeSource{sides: map[search.SideID]*fakeSide{}, dirty: map[search.SideID]bool{}, watch: make(chan struct{}, 1)}
}

// fakeSide is a repository: the files of every commit.
type fakeSide struct {
	src     *fakeSource
	id      search.SideID
	title   string
	access  []string
	commits []map[string]string
	meta    map[string]search.Meta
	fail    error // of Read
	reads   int
}

func (f *fakeSource) touch(id search.SideID) {
	f.dirty[id] = true
	select {
	case f.watch <- struct{}{}:
	default:
	}
}

var epoch = time.Date(2026, 11, 1, 9, 0, 0, 0, time.UTC)

// commit writes files ("" deletes) to prospect/section.
func (f *fakeSource) commit(place string, files map[string]string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	prospect, section, _ := strings.Cut(place, "/")
	id := search.SideID{Prospect: prospect, Section: section}
	s := f.sides[id]
	if s == nil {
		s = &fakeSide{src: f, id: id, title: strings.ToUpper(prospect[:1]) + prospect[1:] + " Rail", access: []string{"open"}, meta: map[string]search.Meta{}}
		f.sides[id] = s
	}
	next := map[string]string{}
	if n := len(s.commits); n > 0 {
		for p, t := range s.commits[n-1] {
			next[p] = t
		}
	}
	for p, t := range files {
		if t == "" {
			delete(next, p)
			continue
		}
		next[p] = t
		if _, ok := s.meta[p]; !ok {
			s.meta[p] = search.Meta{Author: "dana", Authors: []string{"dana"}, Updated: epoch.Add(time.Duration(len(s.commits)) * 24 * time.Hour)}
		}
	}
	s.commits = append(s.commits, next)
	f.touch(id)
}

func (f *fakeSource) remove(prospect string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for id := range f.sides {
		if id.Prospect == prospect {
			delete(f.sides, id)
			f.touch(id)
		}
	}
}

// edit changes a side in place.
func (f *fakeSource) edit(prospect, section string, change func(*fakeSide)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	id := search.SideID{Prospect: prospect, Section: section}
	change(f.sides[id])
	f.touch(id)
}

func (f *fakeSource) Sides(context.Context) iter.Seq[search.Side] {
	f.mu.Lock()
	defer f.mu.Unlock()
	var list []*fakeSide
	for _, s := range f.sides {
		list = append(list, s)
	}
	sort.Slice(list, func(i, j int) bool {
		return list[i].id.Prospect+list[i].id.Section < list[j].id.Prospect+list[j].id.Section
	})
	return func(yield func(search.Side) bool) {
		for _, s := range list {
			if !yield(s) {
				return
			}
		}
	}
}

func (f *fakeSource) Side(_ context.Context, id search.SideID) (search.Side, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if s, ok := f.sides[id]; ok {
		return s, nil
	}
	return nil, fmt.Errorf("no side %v: %w", id, fs.ErrNotExist)
}

func (f *fakeSource) Watch() <-chan struct{} { return f.watch }

func (f *fakeSource) Dirty() []search.SideID {
	f.mu.Lock()
	defer f.mu.Unlock()
	var out []search.SideID
	for id := range f.dirty {
		out = append(out, id)
	}
	f.dirty = map[search.SideID]bool{}
	return out
}

func (s *fakeSide) ID() search.SideID { return s.id }

func (s *fakeSide) Head() (string, error) {
	s.src.mu.Lock()
	defer s.src.mu.Unlock()
	if len(s.commits) == 0 {
		return "", nil
	}
	return fmt.Sprint(len(s.commits)), nil
}

func (s *fakeSide) at(commit string) (map[string]string, error) {
	if commit == "" {
		return nil, nil
	}
	var n int
	if _, err := fmt.Sscan(commit, &n); err != nil || n < 1 || n > len(s.commits) {
		return nil, errors.New("no such commit")
	}
	return s.commits[n-1], nil
}

func (s *fakeSide) Changes(_ context.Context, from, to string) ([]search.Change, error) {
	s.src.mu.Lock()
	defer s.src.mu.Unlock()
	a, err := s.at(from)
	if err != nil {
		return nil, err
	}
	b, err := s.at(to)
	if err != nil {
		return nil, err
	}
	var out []search.Change
	for p, t := range b {
		if old, ok := a[p]; !ok || old != t {
			out = append(out, search.Change{Path: p})
		}
	}
	for p := range a {
		if _, ok := b[p]; !ok {
			out = append(out, search.Change{Path: p, Deleted: true})
		}
	}
	sort.Slice(out, func(i, j int) bool { return out[i].Path < out[j].Path })
	return out, nil
}

func (s *fakeSide) Read(_ context.Context, at, path string) ([]byte, error) {
	s.src.mu.Lock()
	defer s.src.mu.Unlock()
	s.reads++
	if s.fail != nil && s.reads > 1 {
		return nil, s.fail
	}
	files, err := s.at(at)
	if err != nil {
		return nil, err
	}
	t, ok := files[path]
	if !ok {
		return nil, fs.ErrNotExist
	}
	return []byte(t), nil
}

func (s *fakeSide) Meta(_ context.Context, path string) (search.Meta, error) {
	s.src.mu.Lock()
	defer s.src.mu.Unlock()
	return s.meta[path], nil
}

func (s *fakeSide) Title() string {
	s.src.mu.Lock()
	defer s.src.mu.Unlock()
	return s.title
}

func (s *fakeSide) Access() []string {
	s.src.mu.Lock()
	defer s.src.mu.Unlock()
	return append([]string(nil), s.access...)
}
