package wiki

import (
	"context"
	"errors"
	"io/fs"
	"sort"
	"time"

	"dealwiki/wiki/people"
	"dealwiki/wiki/repo"
)

// Contents is every file of a side at one commit, for exports.
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
	c := &Contents{Section: s.section, Head: snap.head, Pages: snap.pages, Tree: tree}
	if !snap.head.IsZero() {
		commit, err := s.repo.Lookup(snap.head)
		if err != nil {
			return nil, err
		}
		c.At = commit.CommittedAt
	}
	for p, f := range snap.files {
		c.Paths = append(c.Paths, p)
		file, ok := fileOf(s.section, p)
		if !ok {
			continue
		}
		v, err := s.w.history.Last(ctx, s.name(), p)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		c.Files = append(c.Files, FileInfo{File: file, Size: f.Size, Version: v.Commit, Author: v.Author, Updated: v.When, blob: f.Blob})
	}
	sort.Strings(c.Paths)
	sort.Slice(c.Files, func(i, j int) bool { return c.Files[i].Path() < c.Files[j].Path() })
	return c, nil
}
