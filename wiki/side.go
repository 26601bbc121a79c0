package wiki

import (
	"container/list"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"sync"
	"sync/atomic"
	"time"

	"dealwiki/wiki/people"
	"dealwiki/wiki/repo"
)

// side is one open repository of a prospect with its writer lock and its
// latest snapshot. Handles ([Side]) of all callers share it.
type side struct {
	w        *Wiki
	prospect string
	section  Section
	repo     *repo.Repo

	write *sync.Mutex // held by whoever moves main; one per repository, however often it is opened
	build sync.Mutex  // held by whoever makes the next snapshot
	snap  atomic.Pointer[snapshot]
	used  atomic.Int64 // when it was last asked for, in Unix nanoseconds
}

func (s *side) name() string { return s.prospect + "/" + string(s.section) }

// sideCache keeps the sides in use open, up to a limit, the least recently used
// going first. A side that is evicted while somebody uses it just goes on.
type sideCache struct {
	mu   sync.Mutex
	max  int
	byID map[string]*list.Element
	lru  *list.List
}

func (c *sideCache) init(max int) {
	c.max, c.byID, c.lru = max, map[string]*list.Element{}, list.New()
}

func (c *sideCache) get(id string, open func() (*side, error)) (*side, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if e, ok := c.byID[id]; ok {
		c.lru.MoveToFront(e)
		return e.Value.(*side), nil
	}
	s, err := open()
	if err != nil {
		return nil, err
	}
	c.byID[id] = c.lru.PushFront(s)
	for c.lru.Len() > c.max {
		e := c.lru.Back()
		c.lru.Remove(e)
		delete(c.byID, e.Value.(*side).name())
	}
	return s, nil
}

func (c *sideCache) drop(id string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if e, ok := c.byID[id]; ok {
		c.lru.Remove(e)
		delete(c.byID, id)
	}
}

func (c *sideCache) idle(since time.Time) []*side {
	c.mu.Lock()
	defer c.mu.Unlock()
	var out []*side
	for e := c.lru.Front(); e != nil; e = e.Next() {
		if s := e.Value.(*side); s.used.Load() < since.UnixNano() {
			out = append(out, s)
		}
	}
	return out
}

func (c *sideCache) closeAll() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	var errs []error
	for e := c.lru.Front(); e != nil; e = e.Next() {
		errs = append(errs, e.Value.(*side).repo.Close())
	}
	c.byID, c.lru = map[string]*list.Element{}, list.New()
	return errors.Join(errs...)
}

// side opens a repository of a prospect, or answers ErrNotFound.
func (w *Wiki) side(prospect string, section Section) (*side, error) {
	if !w.cat.has(prospect) && prospect != Playbook {
		return nil, ErrNotFound
	}
	s, err := w.sides.get(prospect+"/"+string(section), func() (*side, error) {
		r, err := repo.Open(w.repoDir(prospect, section), w.repoOptions())
		if errors.Is(err, fs.ErrNotExist) {
			return nil, ErrNotFound
		}
		if err != nil {
			return nil, fmt.Errorf("opening %s of %s: %w", section, prospect, err)
		}
		return &side{w: w, prospect: prospect, section: section, repo: r, write: w.writer(prospect + "/" + string(section))}, nil
	})
	if err != nil {
		return nil, err
	}
	s.used.Store(w.now().UnixNano())
	return s, nil
}

// writer is the writer lock of a repository.
func (w *Wiki) writer(name string) *sync.Mutex {
	m, _ := w.writers.LoadOrStore(name, new(sync.Mutex))
	return m.(*sync.Mutex)
}

func (w *Wiki) repoOptions() repo.Options {
	return repo.Options{Logger: w.log, Now: w.now, Cache: w.cache, Git: w.git}
}

// Space is a prospect as staff see it: both sides of the wall.
type Space struct {
	w        *Wiki
	prospect string
	internal *Side // never nil
	external *Side // nil for the playbook
}

// Side is one side of the wall of one prospect.
type Side struct{ s *side }

// Space opens a prospect, or the playbook, for a member of staff.
func (w *Wiki) Space(ctx context.Context, caller people.Caller, prospect string) (*Space, error) {
	if caller.Person.Guest || w.people.LevelOn(ctx, caller, prospect) < people.Viewer {
		return nil, ErrNotFound
	}
	in, err := w.side(prospect, Internal)
	if err != nil {
		return nil, err
	}
	sp := &Space{w: w, prospect: prospect, internal: &Side{in}}
	if prospect != Playbook {
		out, err := w.side(prospect, External)
		if err != nil {
			return nil, err
		}
		sp.external = &Side{out}
	}
	return sp, nil
}

// Shared opens the external side of a prospect: all that code serving guests
// is ever handed.
func (w *Wiki) Shared(ctx context.Context, caller people.Caller, prospect string) (*Side, error) {
	if prospect == Playbook || w.people.LevelOn(ctx, caller, prospect) < people.Viewer {
		return nil, ErrNotFound
	}
	s, err := w.side(prospect, External)
	if err != nil {
		return nil, err
	}
	return &Side{s}, nil
}

// Prospect is the slug of the space.
func (sp *Space) Prospect() string { return sp.prospect }

// Side answers one side of the space, or ErrNotFound for a section that the
// space does not have.
func (sp *Space) Side(section Section) (*Side, error) {
	switch {
	case section == Internal:
		return sp.internal, nil
	case section == External && sp.external != nil:
		return sp.external, nil
	}
	return nil, ErrNotFound
}

// Sides are the sides that the space has, internal first.
func (sp *Space) Sides() []*Side {
	if sp.external == nil {
		return []*Side{sp.internal}
	}
	return []*Side{sp.internal, sp.external}
}

// Internal is the staff's side.
func (sp *Space) Internal() *Side { return sp.internal }

// Prospect is the slug of the space.
func (sd *Side) Prospect() string { return sd.s.prospect }

// Section says which side of the wall this is.
func (sd *Side) Section() Section { return sd.s.section }

// may checks the caller's level now: a handle outlives no grant.
func (sd *Side) may(ctx context.Context, caller people.Caller, want people.Level) error {
	return sd.s.w.may(ctx, caller, sd.s.prospect, sd.s.section, want)
}

func (w *Wiki) may(ctx context.Context, caller people.Caller, prospect string, section Section, want people.Level) error {
	level := w.people.LevelOn(ctx, caller, prospect)
	if level < people.Viewer || section == Internal && caller.Person.Guest {
		return ErrNotFound
	}
	if level < want {
		return people.ErrForbidden
	}
	if want >= people.Editor && w.beside {
		return fmt.Errorf("writing beside a running server: %w", ErrLocked)
	}
	return nil
}
