package wiki

import (
	"context"
	"fmt"
	"io/fs"
	"sort"
	"strings"
	"time"

	"dealwiki/wiki/people"
	"dealwiki/wiki/repo"
)

// Contents is every file of a side at one commit, for exports. Its lists are
// shared and must not be changed.
type Contents struct {
	Section Section
	Head    repo.Hash
	At      time.Time // when Head was made
	Pages   []PageInfo
	Files   []FileInfo // attachments
	Paths   []string   // every file of the repository, sorted
	Tree    fs.ReadFileFS
}

// Contents answers the side as it is now.
func (sd *Side) Contents(ctx context.Context, caller people.Caller) (*Contents, error) {
	if err := sd.may(ctx, caller, people.Viewer); err != nil {
		return nil, err
	}
	s := sd.s
	snap, err := s.snapshot(ctx)
	if err != nil {
		return nil, err
	}
	tree, err := s.repo.Tree(snap.head)
	if err != nil {
		return nil, err
	}
	c := &Contents{Section: s.section, Head: snap.head, Pages: snap.pages, Files: snap.attachments, Tree: tree}
	if !snap.head.IsZero() {
		commit, err := s.repo.Lookup(snap.head)
		if err != nil {
			return nil, err
		}
		c.At = commit.CommittedAt
	}
	for p := range snap.files {
		c.Paths = append(c.Paths, p)
	}
	sort.Strings(c.Paths)
	return c, nil
}

// Folder is the files of a folder of a side at one commit.
type Folder struct {
	Blobs map[string]repo.Hash // what each file holds, by its path in the repository

	repo *repo.Repo
}

// Folder lists the files whose paths begin with a prefix, such as "handoffs/", as
// they are now. It costs less than [Side.Contents].
func (sd *Side) Folder(ctx context.Context, caller people.Caller, prefix string) (*Folder, error) {
	if err := sd.may(ctx, caller, people.Viewer); err != nil {
		return nil, err
	}
	snap, err := sd.s.snapshot(ctx)
	if err != nil {
		return nil, err
	}
	f := &Folder{Blobs: map[string]repo.Hash{}, repo: sd.s.repo}
	for p, file := range snap.files {
		if strings.HasPrefix(p, prefix) {
			f.Blobs[p] = file.Blob
		}
	}
	return f, nil
}

// Read answers what a file of the folder holds; fs.ErrNotExist when there is none
// of the path.
func (f *Folder) Read(path string) ([]byte, error) {
	h, ok := f.Blobs[path]
	if !ok {
		return nil, fmt.Errorf("reading %s: %w", path, fs.ErrNotExist)
	}
	return f.repo.Blob(h)
}
