package wiki

import (
	"context"
	"errors"
	"io/fs"
	"sort"
	"strings"

	"dealwiki/wiki/people"
	"dealwiki/wiki/repo"
)

// Past is one side as it was at a commit, to be looked at and not changed.
type Past struct {
	s     *side
	at    repo.Hash
	tree  *repo.Tree
	pages []PageInfo
}

// At answers the side as it was at one of its commits, for staff. A commit that
// never was main's is ErrNotFound.
func (sd *Side) At(ctx context.Context, caller people.Caller, at repo.Hash) (*Past, error) {
	if err := sd.may(ctx, caller, people.Viewer); err != nil {
		return nil, err
	}
	if caller.Person.Guest {
		return nil, ErrNotFound
	}
	head, err := sd.s.repo.Head()
	if err != nil {
		return nil, err
	}
	if ok, err := sd.s.repo.IsAncestor(ctx, at, head); err != nil || !ok {
		return nil, ErrNotFound
	}
	tree, err := sd.s.repo.Tree(at)
	if err != nil {
		return nil, err
	}
	p := &Past{s: sd.s, at: at, tree: tree}
	want := map[repo.Hash]*textInfo{}
	places := map[Place]repo.File{}
	for path, f := range tree.Files() {
		if place, ok := PlaceOf(sd.s.section, path); ok {
			want[f.Blob], places[place] = nil, f
		}
	}
	if err := tree.Err(); err != nil {
		return nil, err
	}
	if err := sd.s.w.texts.get(ctx, sd.s.repo, want); err != nil {
		return nil, err
	}
	for place, f := range places {
		t := want[f.Blob]
		info := PageInfo{Place: place, Title: t.Title, Lead: t.Lead, Words: t.Words, Tags: t.Tags, Facts: t.Facts, Size: f.Size, Version: at}
		if info.Title == "" {
			info.Title = titleOf(place.Page)
		}
		p.pages = append(p.pages, info)
	}
	sort.Slice(p.pages, func(i, j int) bool {
		a, b := p.pages[i], p.pages[j]
		if a.Stage != b.Stage {
			return a.Stage < b.Stage
		}
		return a.Title < b.Title
	})
	return p, nil
}

// Commit is which commit this is.
func (p *Past) Commit() repo.Hash { return p.at }

// Pages lists the pages as they were, by stage and title. Their version is the
// commit that is looked at.
func (p *Past) Pages() []PageInfo { return p.pages }

// Read answers a page as it was.
func (p *Past) Read(place Place) (*Page, error) {
	for _, info := range p.pages {
		if info.Place == place {
			text, err := p.File(place.Path())
			if err != nil {
				return nil, err
			}
			return &Page{PageInfo: info, Text: text}, nil
		}
	}
	return nil, ErrNotFound
}

// File answers a file as it was, ErrNotFound when there was none.
func (p *Past) File(path string) ([]byte, error) {
	data, err := p.tree.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, ErrNotFound
	}
	return data, err
}

// Search lists the pages that held all of the words, in any case, in title or
// text.
func (p *Past) Search(words string) ([]PageInfo, error) {
	wanted := strings.Fields(strings.ToLower(words))
	var out []PageInfo
	for _, info := range p.pages {
		text, err := p.File(info.Path())
		if err != nil {
			return nil, err
		}
		all := strings.ToLower(info.Title + "\n" + string(text))
		found := len(wanted) > 0
		for _, w := range wanted {
			found = found && strings.Contains(all, w)
		}
		if found {
			out = append(out, info)
		}
	}
	return out, nil
}
