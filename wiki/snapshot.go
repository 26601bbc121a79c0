package wiki

import (
	"context"
	"fmt"
	"slices"
	"sort"
	"strings"
	"time"

	"dealwiki/content"
	"dealwiki/wiki/people"
	"dealwiki/wiki/repo"
)

// PageInfo is what lists show of a page.
type PageInfo struct {
	Place
	Title     string
	Lead      string // the first paragraph as plain text, cut short
	Words     int
	Tags      []string
	Version   repo.Hash // the commit that last changed the page
	Number    int       // of that version, from 1
	Author    repo.Person
	CoAuthors []repo.Person
	Updated   time.Time
	Size      int64
	Facts     int  // facts and actions on the page
	Untouched bool // still the template it was made from
}

// FileInfo is what lists show of an attachment.
type FileInfo struct {
	File
	Size    int64
	Version repo.Hash // the commit that last changed it
	Author  repo.Person
	Updated time.Time
	blob    repo.Hash
}

// snapshot is everything lists and links need of one commit of a side. It is
// never changed once published.
type snapshot struct {
	head        repo.Hash
	files       map[string]repo.File // every file by path
	pages       []PageInfo           // by stage, then title
	attachments []FileInfo           // by stage, then name
	infos       map[string]*PageInfo // by path
	texts       map[string]*textInfo // by path
	links       map[string][]string  // backlinks: page path → paths of pages that link to it
	names       map[string]string    // lower-cased page name → path, for what must be unique
}

// snapshot answers the state at main, building it when main has moved. Waiting
// builders share one build.
func (s *side) snapshot(ctx context.Context) (*snapshot, error) {
	head, err := s.repo.Head()
	if err != nil {
		return nil, fmt.Errorf("reading the head of %s: %w", s.name(), err)
	}
	if snap := s.snap.Load(); snap != nil && snap.head == head {
		return snap, nil
	}
	s.build.Lock()
	defer s.build.Unlock()
	if head, err = s.repo.Head(); err != nil {
		return nil, fmt.Errorf("reading the head of %s: %w", s.name(), err)
	}
	if snap := s.snap.Load(); snap != nil && snap.head == head {
		return snap, nil
	}
	snap, err := s.buildSnapshot(ctx, head)
	if err != nil {
		return nil, err
	}
	s.snap.Store(snap)
	return snap, nil
}

func (s *side) buildSnapshot(ctx context.Context, head repo.Hash) (*snapshot, error) {
	if err := s.w.history.Follow(ctx, s.name(), s.repo); err != nil {
		return nil, fmt.Errorf("following the history of %s: %w", s.name(), err)
	}
	latest, err := s.w.history.Latest(ctx, s.name())
	if err != nil {
		return nil, fmt.Errorf("reading the last changes of %s: %w", s.name(), err)
	}
	tree, err := s.repo.Tree(head)
	if err != nil {
		return nil, fmt.Errorf("reading the files of %s: %w", s.name(), err)
	}
	snap := &snapshot{head: head, files: map[string]repo.File{}, infos: map[string]*PageInfo{},
		texts: map[string]*textInfo{}, links: map[string][]string{}, names: map[string]string{}}
	want := map[repo.Hash]*textInfo{}
	prev := s.snap.Load()
	for path, f := range tree.Files() {
		snap.files[path] = f
		if _, ok := PlaceOf(s.section, path); ok {
			want[f.Blob] = nil
			if prev != nil && prev.files[path].Blob == f.Blob {
				want[f.Blob] = prev.texts[path]
			}
		}
	}
	if err := tree.Err(); err != nil {
		return nil, fmt.Errorf("reading the files of %s: %w", s.name(), err)
	}
	missing := map[repo.Hash]*textInfo{}
	for h, info := range want {
		if info == nil {
			missing[h] = nil
		}
	}
	if len(missing) > 0 {
		if err := s.w.texts.get(ctx, s.repo, missing); err != nil {
			return nil, err
		}
	}
	for path, f := range snap.files {
		if file, ok := fileOf(s.section, path); ok {
			v := latest[path]
			snap.attachments = append(snap.attachments, FileInfo{File: file, Size: f.Size, Version: v.Commit, Author: v.Author, Updated: v.When, blob: f.Blob})
			continue
		}
		place, ok := PlaceOf(s.section, path)
		if !ok {
			continue
		}
		text := want[f.Blob]
		if text == nil {
			text = missing[f.Blob]
		}
		snap.texts[path] = text
		v := latest[path]
		if v, err = s.lastVersion(ctx, path, v, prev); err != nil {
			return nil, fmt.Errorf("numbering the versions of %s: %w", s.name(), err)
		}
		info := PageInfo{Place: place, Title: text.Title, Lead: text.Lead, Words: text.Words, Tags: text.Tags,
			Version: v.Commit, Number: v.Number, Author: v.Author, CoAuthors: v.CoAuthors, Updated: v.When, Size: f.Size, Facts: text.Facts,
			Untouched: v.Number == 1 && strings.HasSuffix(v.Subject, fromTemplate) && place.Page != TasksPage}
		if info.Title == "" {
			info.Title = titleOf(place.Page)
		}
		snap.pages = append(snap.pages, info)
	}
	slices.SortFunc(snap.attachments, func(a, b FileInfo) int { return a.File.compare(b.File) })
	sort.Slice(snap.pages, func(i, j int) bool {
		a, b := &snap.pages[i], &snap.pages[j]
		if a.Stage != b.Stage {
			return a.Stage < b.Stage
		}
		if a.Stage == StageLog {
			return a.Page > b.Page // the log: newest first
		}
		if la, lb := strings.ToLower(a.Title), strings.ToLower(b.Title); la != lb {
			return la < lb
		}
		return a.Page < b.Page
	})
	for i := range snap.pages {
		p := &snap.pages[i]
		snap.infos[p.Path()] = p
		snap.names[p.Page] = p.Path()
	}
	imports, err := s.importMap()
	if err != nil {
		return nil, err
	}
	for path, text := range snap.texts {
		seen := map[string]bool{path: true}
		for _, l := range text.Links {
			if target := s.linkTarget(imports, path, l); target != "" && !seen[target] {
				seen[target] = true
				snap.links[target] = append(snap.links[target], path)
			}
		}
	}
	for _, from := range snap.links {
		sort.Strings(from)
	}
	return snap, nil
}

// lastVersion is a page's latest version with the number that readers know it
// by, which the snapshot before may have.
func (s *side) lastVersion(ctx context.Context, path string, v repo.Version, prev *snapshot) (repo.Version, error) {
	if prev != nil {
		if was := prev.infos[path]; was != nil && was.Version == v.Commit {
			v.Number = was.Number
			return v, nil
		}
	}
	one := []repo.Version{v}
	err := s.number(ctx, path, one)
	return one[0], err
}

// linkTarget is the path that a link of the page at from leads to inside the
// same side, or "". Relative links of imported pages are meant as their source
// had them.
func (s *side) linkTarget(imports *ImportMap, from string, l content.Link) string {
	switch l.Kind {
	case content.Wiki:
		switch {
		case l.Prospect != "" || l.Page == "":
			return ""
		case !strings.Contains(l.Page, "/"):
			return JoinLink(from, l.Page) + pageExt // a page of the same stage
		}
		return l.Page + pageExt
	case content.Relative:
		path, ok := imports.Lookup(string(s.section)+"/"+from, l.Dest)
		if ok {
			path, ok = strings.CutPrefix(path, string(s.section)+"/")
		} else {
			path = JoinLink(from, l.Dest)
			ok = true
		}
		if ok && strings.HasSuffix(path, pageExt) {
			return path
		}
	}
	return ""
}

// titleOf makes something readable of a page's name.
func titleOf(slug string) string {
	words := strings.ReplaceAll(slug, "-", " ")
	for i, r := range words {
		if i == 0 {
			return strings.ToUpper(string(r)) + words[len(string(r)):]
		}
	}
	return words
}

// Pages lists the side's pages by stage and title. The list is shared and must
// not be changed.
func (sd *Side) Pages(ctx context.Context, caller people.Caller) ([]PageInfo, error) {
	if err := sd.may(ctx, caller, people.Viewer); err != nil {
		return nil, err
	}
	snap, err := sd.s.snapshot(ctx)
	if err != nil {
		return nil, err
	}
	return snap.pages, nil
}

// Head is the commit that the side is at; the zero hash before the first.
func (sd *Side) Head(ctx context.Context, caller people.Caller) (repo.Hash, error) {
	if err := sd.may(ctx, caller, people.Viewer); err != nil {
		return repo.Hash{}, err
	}
	return sd.s.repo.Head()
}

// Lookup answers what lists show of one page, or ErrNotFound.
func (sd *Side) Lookup(ctx context.Context, caller people.Caller, place Place) (PageInfo, error) {
	if err := sd.may(ctx, caller, people.Viewer); err != nil {
		return PageInfo{}, err
	}
	snap, err := sd.s.snapshot(ctx)
	if err != nil {
		return PageInfo{}, err
	}
	if info := snap.infos[place.Path()]; info != nil && place.Section == sd.s.section {
		return *info, nil
	}
	return PageInfo{}, ErrNotFound
}

// Backlinks lists the pages of the same side that link to a place, whether a
// page is there or not.
func (sd *Side) Backlinks(ctx context.Context, caller people.Caller, place Place) ([]PageInfo, error) {
	if err := sd.may(ctx, caller, people.Viewer); err != nil {
		return nil, err
	}
	snap, err := sd.s.snapshot(ctx)
	if err != nil {
		return nil, err
	}
	var out []PageInfo
	for _, path := range snap.links[place.Path()] {
		out = append(out, *snap.infos[path])
	}
	return out, nil
}
