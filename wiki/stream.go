package wiki

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"dealwiki/wiki/people"
	"dealwiki/wiki/repo"
)

// Stream is one side as the parts of the program that follow commits read it,
// such as the search index. It is opened by the system only, never for a person.
type Stream struct{ s *side }

// Streams names every side there is, the playbook's included.
func (w *Wiki) Streams() []SideID {
	ids := []SideID{{Playbook, Internal}}
	for _, name := range w.cat.names() {
		ids = append(ids, SideID{name, Internal}, SideID{name, External})
	}
	return ids
}

// Stream opens one side. A side that is gone is ErrNotFound.
func (w *Wiki) Stream(caller people.Caller, id SideID) (*Stream, error) {
	if !caller.IsSystem() {
		return nil, people.ErrForbidden
	}
	s, err := w.side(id.Prospect, id.Section)
	if err != nil {
		return nil, err
	}
	return &Stream{s}, nil
}

// Head is the newest commit, the zero hash before the first.
func (st *Stream) Head() (repo.Hash, error) { return st.s.repo.Head() }

// Title is the prospect's title.
func (st *Stream) Title() string {
	if e := st.s.w.cat.get(st.s.prospect); e != nil {
		return e.Title
	}
	return titleOf(st.s.prospect)
}

// Pages lists the pages as they are now, by stage and title.
func (st *Stream) Pages(ctx context.Context) ([]PageInfo, error) {
	snap, err := st.s.snapshot(ctx)
	if err != nil {
		return nil, err
	}
	return snap.pages, nil
}

// Changes lists the paths that differ between two commits. A commit that is
// not known is fs.ErrNotExist.
func (st *Stream) Changes(from, to repo.Hash) ([]repo.Change, error) {
	return st.s.repo.Changes(from, to)
}

// Read answers a file at a commit.
func (st *Stream) Read(at repo.Hash, path string) ([]byte, error) {
	tree, err := st.s.repo.Tree(at)
	if err != nil {
		return nil, err
	}
	return tree.ReadFile(path)
}

// Versions lists up to limit versions of a path, the newest first.
func (st *Stream) Versions(ctx context.Context, path string, limit int) ([]repo.Version, error) {
	if err := st.s.w.history.Follow(ctx, st.s.name(), st.s.repo); err != nil {
		return nil, fmt.Errorf("following the history of %s: %w", st.s.name(), err)
	}
	versions, err := st.s.w.history.Versions(ctx, st.s.name(), path, limit, repo.Zero)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return versions, err
}

// Repo is the repository itself, for what copies it whole.
func (st *Stream) Repo() *repo.Repo { return st.s.repo }
