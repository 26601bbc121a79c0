package wiki

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"time"

	"dealwiki/content"
	"dealwiki/wiki/guard"
	"dealwiki/wiki/people"
	"dealwiki/wiki/repo"
)

// hasPast reports whether the caller may see the versions of a page. Staff may
// also look at pages that are no longer there.
func (sd *Side) hasPast(ctx context.Context, caller people.Caller, place Place) error {
	if place.Section != sd.s.section {
		return ErrNotFound
	}
	if _, err := sd.Lookup(ctx, caller, place); err == nil || guard.PastOfHead.Stops(caller.Person.Guest) || !errors.Is(err, ErrNotFound) {
		return err
	}
	return sd.may(ctx, caller, people.Viewer)
}

// hasPastAt reports whether the caller may see a version of a page. For guests
// the past of a page begins when it was last made: what was taken away from them,
// by unsharing or deleting it, does not come back with another page of its name.
func (sd *Side) hasPastAt(ctx context.Context, caller people.Caller, place Place, at repo.Hash) error {
	if err := sd.hasPast(ctx, caller, place); err != nil || !caller.Person.Guest {
		return err
	}
	since, err := sd.s.w.history.Since(ctx, sd.s.name(), place.Path(), at)
	if errors.Is(err, fs.ErrNotExist) || err == nil && !since {
		return ErrNotFound
	}
	return err
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
	versions, err := sd.s.w.history.Versions(ctx, sd.s.name(), place.Path(), limit, below)
	if errors.Is(err, fs.ErrNotExist) || err == nil && len(versions) == 0 && below.IsZero() {
		return nil, ErrNotFound
	}
	if err != nil {
		return nil, fmt.Errorf("reading the history of %s: %w", place, err)
	}
	if caller.Person.Guest {
		versions = sinceMade(versions)
	}
	return versions, nil
}

// sinceMade are the versions, of those from the newest on, since a page was last
// made.
func sinceMade(versions []repo.Version) []repo.Version {
	if i := slices.IndexFunc(versions, func(v repo.Version) bool { return v.Deleted }); i >= 0 {
		return versions[:i]
	}
	return versions
}

// Version answers one version of a page, or ErrNotFound when the commit is not
// one of the page's versions.
func (sd *Side) Version(ctx context.Context, caller people.Caller, place Place, at repo.Hash) (repo.Version, error) {
	if err := sd.hasPastAt(ctx, caller, place, at); err != nil {
		return repo.Version{}, err
	}
	v, err := sd.s.w.history.Version(ctx, sd.s.name(), place.Path(), at)
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
