package wiki

import (
	"context"
	"io/fs"
	"sort"
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
