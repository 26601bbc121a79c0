package wiki

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"dealwiki/wiki/people"
	"dealwiki/wiki/repo"
)

// Page is a page with its text at one version.
type Page struct {
	PageInfo
	Text []byte // must not be changed
	blob repo.Hash
}

// Key names what the text is made of: the same key, the same bytes.
func (p *Page) Key() string { return p.blob.String() }

// Read answers a page as it is now, or ErrNotFound.
func (sd *Side) Read(ctx context.Context, caller people.Caller, place Place) (*Page, error) {
	info, err := sd.Lookup(ctx, caller, place)
	if err != nil {
		return nil, err
	}
	return sd.s.read(ctx, info)
}

func (s *side) read(ctx context.Context, info PageInfo) (*Page, error) {
	snap, err := s.snapshot(ctx)
	if err != nil {
		return nil, err
	}
	f, ok := snap.files[info.Path()]
	if !ok {
		return nil, ErrNotFound
	}
	text, err := s.repo.Blob(f.Blob)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", info.Place, err)
	}
	if current := snap.infos[info.Path()]; current != nil {
		info = *current
	}
	return &Page{PageInfo: info, Text: text, blob: f.Blob}, nil
}

// ReadAt answers a page as it was at one of its own versions. Any other commit
// is ErrNotFound, even one that is in the repository. Guests see versions of
// pages that are there now only, and none from before the page was last made.
func (sd *Side) ReadAt(ctx context.Context, caller people.Caller, place Place, at repo.Hash) (*Page, error) {
	if err := sd.may(ctx, caller, people.Viewer); err != nil {
		return nil, err
	}
	if err := sd.hasPastAt(ctx, caller, place, at); err != nil {
		return nil, err
	}
	return sd.s.readAt(ctx, place, at)
}

func (s *side) readAt(ctx context.Context, place Place, at repo.Hash) (*Page, error) {
	v, err := s.version(ctx, place.Path(), at)
	if errors.Is(err, fs.ErrNotExist) || err == nil && v.Deleted {
		return nil, ErrNotFound
	}
	if err != nil {
		return nil, fmt.Errorf("finding version %s of %s: %w", at, place, err)
	}
	tree, err := s.repo.Tree(at)
	if err != nil {
		return nil, fmt.Errorf("reading version %s: %w", at, err)
	}
	// The page may have had another name then.
	blob, size, err := tree.Blob(v.Path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, ErrNotFound
	}
	if err != nil {
		return nil, fmt.Errorf("reading %s at %s: %w", place, at, err)
	}
	text, err := s.repo.Blob(blob)
	if err != nil {
		return nil, fmt.Errorf("reading %s at %s: %w", place, at, err)
	}
	info := describe(text)
	page := &Page{Text: text, blob: blob, PageInfo: PageInfo{Place: place, Title: info.Title, Lead: info.Lead, Words: info.Words, Tags: info.Tags,
		Version: v.Commit, Number: v.Number, Author: v.Author, CoAuthors: v.CoAuthors, Updated: v.When, Size: size, Facts: info.Facts}}
	if page.Title == "" {
		page.Title = titleOf(place.Page)
	}
	return page, nil
}

// FormerPlaces lists where a page has lived before, on this side, the newest
// place first. Other pages may be there now.
func (sd *Side) FormerPlaces(ctx context.Context, caller people.Caller, place Place) ([]Place, error) {
	if _, err := sd.Lookup(ctx, caller, place); err != nil {
		return nil, err
	}
	names, err := sd.s.w.history.Names(ctx, sd.s.name(), place.Path())
	if err != nil {
		return nil, fmt.Errorf("reading the names of %s: %w", place, err)
	}
	var places []Place
	for _, name := range names {
		if was, ok := PlaceOf(sd.s.section, name); ok && was != place {
			places = append(places, was)
		}
	}
	return places, nil
}

// MovedTo answers where a page that is no longer at a place lives now. It is
// ErrNotFound when the page was never there, or is gone.
func (sd *Side) MovedTo(ctx context.Context, caller people.Caller, place Place) (Place, error) {
	if err := sd.may(ctx, caller, people.Viewer); err != nil {
		return Place{}, err
	}
	snap, err := sd.s.snapshot(ctx)
	if err != nil {
		return Place{}, err
	}
	if snap.infos[place.Path()] != nil {
		return Place{}, ErrNotFound
	}
	path, err := sd.s.w.history.MovedTo(ctx, sd.s.name(), place.Path())
	if errors.Is(err, fs.ErrNotExist) {
		return Place{}, ErrNotFound
	}
	if err != nil {
		return Place{}, err
	}
	if info := snap.infos[path]; info != nil {
		return info.Place, nil
	}
	return Place{}, ErrNotFound
}
