package wiki

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"dealwiki/content"
	"dealwiki/wiki/guard"
	"dealwiki/wiki/people"
	"dealwiki/wiki/repo"
)

// seesLife reports whether of the past the caller sees only what is shared now,
// since it was shared: the life of a page.
func seesLife(caller people.Caller) bool { return guard.PastOfHead.Stops(caller.Person.Guest) }

// hasPast reports whether the caller may see the versions of a page. Staff may
// also look at pages that are no longer there.
func (sd *Side) hasPast(ctx context.Context, caller people.Caller, place Place) error {
	if place.Section != sd.s.section {
		return ErrNotFound
	}
	if _, err := sd.Lookup(ctx, caller, place); err == nil || seesLife(caller) || !errors.Is(err, ErrNotFound) {
		return err
	}
	return sd.may(ctx, caller, people.Viewer)
}

// hasPastAt reports whether the caller may see a version of a page. For guests
// the past of a page begins when it was last made: what was taken away from them,
// by unsharing or deleting it, does not come back with another page of its name.
func (sd *Side) hasPastAt(ctx context.Context, caller people.Caller, place Place, at repo.Hash) error {
	if err := sd.hasPast(ctx, caller, place); err != nil || !seesLife(caller) {
		return err
	}
	life, err := sd.s.w.history.Life(ctx, sd.s.name(), place.Path())
	if errors.Is(err, fs.ErrNotExist) || err == nil && life[at] == 0 {
		return ErrNotFound
	}
	return err
}

// versions are those of a page that the caller may see.
func (sd *Side) versions(ctx context.Context, caller people.Caller, place Place, limit int, below repo.Hash) ([]repo.Version, error) {
	h, name, path := sd.s.w.history, sd.s.name(), place.Path()
	if !seesLife(caller) {
		return h.Versions(ctx, name, path, limit, below)
	}
	life, err := h.Life(ctx, name, path)
	if err != nil {
		return nil, err
	}
	var mine []repo.Version
	for {
		part, err := h.Versions(ctx, name, path, limit, below)
		if err != nil {
			return nil, err
		}
		for _, v := range part {
			if life[v.Commit] > 0 {
				mine = append(mine, v)
			}
		}
		if len(mine) == len(life) || len(part) == 0 || len(part) < limit || limit <= 0 {
			return mine, nil
		}
		if len(mine) >= limit {
			return mine[:limit], nil
		}
		below = part[len(part)-1].Commit
	}
}

// number gives versions of a shared page the numbers that they have in its life:
// how many a page had that was taken back is nobody's business who reads what is
// shared under its name now. Versions of such a page keep those they had. On the
// staff's own side all are numbered through.
func (s *side) number(ctx context.Context, path string, versions []repo.Version) error {
	if s.section != External || len(versions) == 0 {
		return nil
	}
	life, err := s.w.history.Life(ctx, s.name(), path)
	if err != nil {
		return err
	}
	for i := range versions {
		if n := life[versions[i].Commit]; n > 0 {
			versions[i].Number = n
		}
	}
	return nil
}

// version answers a version of a page, or fs.ErrNotExist.
func (s *side) version(ctx context.Context, path string, at repo.Hash) (repo.Version, error) {
	v, err := s.w.history.Version(ctx, s.name(), path, at)
	if err != nil {
		return v, err
	}
	one := []repo.Version{v}
	err = s.number(ctx, path, one)
	return one[0], err
}

// History lists up to limit versions of a page, the newest first, over all the
// names it had; for guests, those since it was last made. A version to begin
// below makes the next piece of the list.
func (sd *Side) History(ctx context.Context, caller people.Caller, place Place, limit int, below repo.Hash) ([]repo.Version, error) {
	err := sd.hasPast(ctx, caller, place)
	if err == nil && !below.IsZero() {
		err = sd.hasPastAt(ctx, caller, place, below)
	}
	if err != nil {
		return nil, err
	}
	if _, err := sd.s.snapshot(ctx); err != nil {
		return nil, err
	}
	versions, err := sd.versions(ctx, caller, place, limit, below)
	if errors.Is(err, fs.ErrNotExist) || err == nil && len(versions) == 0 && below.IsZero() {
		return nil, ErrNotFound
	}
	if err != nil {
		return nil, fmt.Errorf("reading the history of %s: %w", place, err)
	}
	if err := sd.s.number(ctx, place.Path(), versions); err != nil {
		return nil, fmt.Errorf("reading the history of %s: %w", place, err)
	}
	return versions, nil
}

// Version answers one version of a page, or ErrNotFound when the commit is not
// one of the page's versions.
func (sd *Side) Version(ctx context.Context, caller people.Caller, place Place, at repo.Hash) (repo.Version, error) {
	if err := sd.hasPastAt(ctx, caller, place, at); err != nil {
		return repo.Version{}, err
	}
	v, err := sd.s.version(ctx, place.Path(), at)
	if errors.Is(err, fs.ErrNotExist) {
		return repo.Version{}, ErrNotFound
	}
	return v, err
}

// Blame tells for every line of a page who wrote it and in which version.
func (sd *Side) Blame(ctx context.Context, caller people.Caller, place Place) ([]repo.Line, *Page, error) {
	page, err := sd.Read(ctx, caller, place)
	if err != nil {
		return nil, nil, err
	}
	lines, err := sd.s.w.history.Blame(ctx, sd.s.name(), place.Path())
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil, ErrNotFound
	}
	if err != nil {
		return nil, nil, fmt.Errorf("finding the origin of lines of %s: %w", place, err)
	}
	return lines, page, nil
}

// Compare answers what changed between two versions of a page, with context
// lines around each change.
func (sd *Side) Compare(ctx context.Context, caller people.Caller, place Place, from, to repo.Hash, context int) ([]content.Hunk, *Page, *Page, error) {
	a, err := sd.ReadAt(ctx, caller, place, from)
	if err != nil {
		return nil, nil, nil, err
	}
	b, err := sd.ReadAt(ctx, caller, place, to)
	if err != nil {
		return nil, nil, nil, err
	}
	return content.Compare(a.Text, b.Text, context), a, b, nil
}

// Recent lists up to limit changes of the side, the newest first.
func (sd *Side) Recent(ctx context.Context, caller people.Caller, limit int, below repo.Hash) ([]repo.Version, error) {
	if err := sd.may(ctx, caller, people.Viewer); err != nil {
		return nil, err
	}
	if guard.NoChangeLog.Stops(caller.Person.Guest) {
		return nil, ErrNotFound // history of pages that are not shared any more is for staff
	}
	if _, err := sd.s.snapshot(ctx); err != nil {
		return nil, err
	}
	return sd.s.w.history.Recent(ctx, sd.s.name(), limit, below)
}

// Contributors lists who made the side's versions, the latest first. It is for
// staff: guests are not told who worked on pages that they do not see.
func (sd *Side) Contributors(ctx context.Context, caller people.Caller) ([]repo.Contributor, error) {
	if err := sd.may(ctx, caller, people.Viewer); err != nil {
		return nil, err
	}
	if guard.NoChangeLog.Stops(caller.Person.Guest) {
		return nil, ErrNotFound
	}
	if _, err := sd.s.snapshot(ctx); err != nil {
		return nil, err
	}
	return sd.s.w.history.Contributors(ctx, sd.s.name())
}

// CommittedAt is when a commit of the side's was made, for staff. Any other
// commit is ErrNotFound.
func (sd *Side) CommittedAt(ctx context.Context, caller people.Caller, at repo.Hash) (time.Time, error) {
	if err := sd.may(ctx, caller, people.Viewer); err != nil {
		return time.Time{}, err
	}
	if guard.NoChangeLog.Stops(caller.Person.Guest) {
		return time.Time{}, ErrNotFound
	}
	c, err := sd.s.repo.Lookup(at)
	if err != nil {
		return time.Time{}, ErrNotFound
	}
	return c.CommittedAt, nil
}
