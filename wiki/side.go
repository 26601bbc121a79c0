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

	"dealwiki/wiki/guard"
	"dealwiki/wiki/people"
	"dealwiki/wiki/repo"
)

// side is one repository of a prospect with its writer lock and its latest
// snapshot. There is one for a repository as long as the process runs; handles
// ([Side]) of all callers share it.
type side struct {
	w        *Wiki
	prospect string
	section  Section
	repo     *repo.Repo

	write sync.Mutex // held by whoever moves main
	gone  bool       // the prospect was deleted; protected by write

	build sync.Mutex // held by whoever makes the next snapshot
	snap  atomic.Pointer[snapshot]
	used  atomic.Int64 // when it was last asked for, in Unix nanoseconds

	imports atomic.Pointer[importMapAt] // what import.yaml said last
}

func (s *side) name() string { return s.prospect + "/" + string(s.section) }

// latest answers the side's files as they are now, and which commit that is.
func (s *side) latest() (repo.Hash, *repo.Tree, error) {
	head, err := s.repo.Head()
	if err != nil {
		return repo.Zero, nil, err
	}
	tree, err := s.repo.Tree(head)
	return head, tree, err
}

// sideCache holds the sides that were ever asked for. The least recently used
// beyond a limit give up what they can read again: snapshot and open files.
type sideCache struct {
	mu   sync.Mutex
	max  int
	all  map[SideID]*side
	warm *list.List // of *side, the latest used first
	at   map[SideID]*list.Element
}

func (c *sideCache) init(max int) {
	c.max, c.all, c.warm, c.at = max, map[SideID]*side{}, list.New(), map[SideID]*list.Element{}
}

func (c *sideCache) get(id SideID, open func() (*side, error)) (*side, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.all[id]
	if s == nil {
		var err error
		if s, err = open(); err != nil {
			return nil, err
		}
		c.all[id] = s
	}
	if e := c.at[id]; e != nil {
		c.warm.MoveToFront(e)
	} else {
		c.at[id] = c.warm.PushFront(s)
	}
	for c.warm.Len() > c.max {
		old := c.warm.Remove(c.warm.Back()).(*side)
		delete(c.at, SideID{old.prospect, old.section})
		old.snap.Store(nil)
		if err := old.repo.Close(); err != nil {
			old.w.log.Warn("closing the files of a repository", "repository", old.name(), "err", err)
		}
	}
	return s, nil
}

// drop forgets a side whose repository is gone and lets its files go.
func (c *sideCache) drop(id SideID) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.all[id]
	if s == nil {
		return nil
	}
	delete(c.all, id)
	if e := c.at[id]; e != nil {
		c.warm.Remove(e)
		delete(c.at, id)
	}
	return s.repo.Close()
}

// idle lists the warm sides that nobody has asked for since a time.
func (c *sideCache) idle(since time.Time) []*side {
	c.mu.Lock()
	defer c.mu.Unlock()
	var out []*side
	for e := c.warm.Front(); e != nil; e = e.Next() {
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
	for _, s := range c.all {
		errs = append(errs, s.repo.Close())
	}
	c.init(c.max)
	return errors.Join(errs...)
}

// side opens a repository of a prospect, or answers ErrNotFound.
func (w *Wiki) side(prospect string, section Section) (*side, error) {
	if !w.cat.has(prospect) && prospect != Playbook {
		return nil, ErrNotFound
	}
	s, err := w.sides.get(SideID{prospect, section}, func() (*side, error) {
		o := repo.Options{Logger: w.log, Now: w.now, Cache: w.cache, Git: w.git, ReadOnly: w.beside, Volatile: w.volatile}
		r, err := repo.Open(w.repoDir(prospect, section), o)
		if errors.Is(err, fs.ErrNotExist) {
			return nil, ErrNotFound
		}
		if err != nil {
			return nil, fmt.Errorf("opening %s of %s: %w", section, prospect, err)
		}
		return &side{w: w, prospect: prospect, section: section, repo: r}, nil
	})
	if err != nil {
		return nil, err
	}
	s.used.Store(w.now().UnixNano())
	return s, nil
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
	if guard.SeesSpace.Stops(w.people.LevelOn(ctx, caller, prospect) < people.Viewer) {
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

// Shared opens the external side of a prospect for its guests, and for staff who
// see the prospect: all that code serving guests is ever handed.
func (w *Wiki) Shared(ctx context.Context, caller people.Caller, prospect string) (*Side, error) {
	if prospect == Playbook || guard.SeesShared.Stops(w.level(ctx, caller, prospect, External) < people.Viewer) {
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

// mayEdit checks that the caller may change what lies in a section: on a side of
// the other section, nothing of it is there.
func (sd *Side) mayEdit(ctx context.Context, caller people.Caller, section Section) error {
	if section != sd.s.section {
		return ErrNotFound
	}
	return sd.may(ctx, caller, people.Editor)
}

// level is what the caller may do on a section of a prospect. Guests are on the
// shared side alone.
func (w *Wiki) level(ctx context.Context, caller people.Caller, prospect string, section Section) people.Level {
	if section == External {
		level, _ := w.people.SharedLevel(ctx, caller, prospect)
		return level
	}
	return w.people.LevelOn(ctx, caller, prospect)
}

func (w *Wiki) may(ctx context.Context, caller people.Caller, prospect string, section Section, want people.Level) error {
	level := w.level(ctx, caller, prospect, section)
	if guard.SideIsSeen.Stops(level < people.Viewer) {
		return ErrNotFound
	}
	if guard.EditorEdits.Stops(level < want) {
		return people.ErrForbidden
	}
	if want >= people.Editor && w.beside {
		return fmt.Errorf("writing beside a running server: %w", ErrLocked)
	}
	return nil
}
