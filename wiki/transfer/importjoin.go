package transfer

import (
	"bytes"
	"context"
	"dealwiki/content"
	"dealwiki/wiki"
	"dealwiki/wiki/repo"
	"errors"
	"fmt"
	"io/fs"
	"slices"
)

// join makes the commit that has both the side's own history and the rewritten
// one before it, and all files of both.
func (im *importer) join(ctx context.Context, section wiki.Section, r *repo.Repo, head repo.Hash, tips map[wiki.Section]repo.Hash, made []repo.Hash) (repo.Hash, error) {
	tip := tips[section]
	tree, err := r.Tree(head)
	if err != nil {
		return repo.Zero, err
	}
	files := map[string]repo.Hash{}
	for p, blob := range tree.Paths() {
		files[p] = blob
	}
	parents := []repo.Hash{head}
	changed := false
	if section == wiki.Internal {
		if now, err := tree.ReadFile(wiki.ImportFile); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return repo.Zero, err
		} else if !bytes.Equal(now, im.before) {
			return repo.Zero, fmt.Errorf("another import has just ended here; try again: %w", repo.ErrConflict)
		}
		record, err := im.newRecord(tips)
		if err != nil {
			return repo.Zero, err
		}
		if !bytes.Equal(record, im.before) {
			changed = true
			if files[wiki.ImportFile], err = r.WriteBlob(record); err != nil {
				return repo.Zero, err
			}
		}
	}
	has := true
	if !tip.IsZero() {
		if has, err = r.IsAncestor(ctx, tip, head); err != nil {
			return repo.Zero, err
		}
	}
	if !has {
		changed = true
		if parents, err = im.parents(ctx, r, head, tip, files); err != nil {
			return repo.Zero, err
		}
		if err := im.union(ctx, section, r, head, tip, made, files); err != nil {
			return repo.Zero, err
		}
	}
	if !changed {
		return head, nil
	}
	im.result.Changed = true
	root, err := r.WriteFiles(files)
	if err != nil {
		return repo.Zero, err
	}
	who, now := im.w.Identity(im.caller), im.w.Now()
	text := fmt.Sprintf("Import %s: %d commits\n", oneLine(im.src.Name), len(im.src.commits))
	switch {
	case section == wiki.External:
		text = "Import files\n"
	case im.src.folder:
		text = fmt.Sprintf("Import %s: %d files\n", oneLine(im.src.Name), len(im.src.paths))
	}
	return r.WriteCommit(repo.Commit{Tree: root, Parents: parents, Author: who, Committer: who, AuthoredAt: now, CommittedAt: now, Text: text})
}

// parents orders the parents of the joining commit. Of a file that is in neither
// of them git shows the history that the first one has. That is the source, with
// all the names its files ever had, unless the side has files to lose: pages
// that were deleted here and may be wanted back.
func (im *importer) parents(ctx context.Context, r *repo.Repo, head, tip repo.Hash, files map[string]repo.Hash) ([]repo.Hash, error) {
	if im.old != nil {
		return []repo.Hash{head, tip}, nil
	}
	for c, err := range r.Log(ctx, head) {
		if err != nil {
			return nil, err
		}
		var before repo.Hash
		if len(c.Parents) > 0 {
			before = c.Parents[0]
		}
		changes, err := r.Changes(before, c.ID)
		if err != nil {
			return nil, err
		}
		for _, ch := range changes {
			if _, here := files[ch.Path]; ch.To.IsZero() && !here {
				return []repo.Hash{head, tip}, nil
			}
		}
	}
	return []repo.Hash{tip, head}, nil
}

// union brings into files what the source has changed since the side last had
// its history. What was changed here meanwhile is merged.
func (im *importer) union(ctx context.Context, section wiki.Section, r *repo.Repo, head, tip repo.Hash, made []repo.Hash, files map[string]repo.Hash) error {
	base, err := im.base(ctx, section, r, head, made)
	if err != nil {
		return err
	}
	changes, err := r.Changes(base, tip)
	if err != nil {
		return err
	}
	for _, c := range changes {
		here := files[c.Path]
		switch {
		case here == c.To:
		case here == c.From && c.To.IsZero():
			delete(files, c.Path)
		case here == c.From:
			files[c.Path] = c.To
		case c.From.IsZero():
			return fmt.Errorf("%s/%s was made here meanwhile; run the import again: %w", section, c.Path, repo.ErrConflict)
		default:
			if err := im.merge(section, r, c, here, files); err != nil {
				return err
			}
		}
	}
	return nil
}

func (im *importer) merge(section wiki.Section, r *repo.Repo, c repo.Change, here repo.Hash, files map[string]repo.Hash) error {
	name := string(section) + "/" + c.Path
	note := func(format string, args ...any) {
		im.result.Notes = append(im.result.Notes, fmt.Sprintf(format, args...))
	}
	t, ok := targetOf(section, c.Path)
	switch {
	case here.IsZero():
		note("%s was moved or deleted here; what the source has made of it since is in the history only", name)
		return nil
	case c.To.IsZero():
		note("%s is gone from the source but was changed here, so it stays", name)
		return nil
	case !ok || !t.page:
		note("%s was changed here and in the source; it stays as it is here, the source's is in the history", name)
		return nil
	}
	var texts [3][]byte
	for i, h := range []repo.Hash{c.From, here, c.To} {
		var err error
		if texts[i], err = r.Blob(h); err != nil {
			return err
		}
	}
	text, overlaps := content.Merge(texts[0], texts[1], texts[2])
	if !fit(text) {
		note("%s was changed here and in the source and both together are too large; it stays as it is here", name)
		return nil
	}
	if len(overlaps) > 0 {
		note("%s was changed here and in the source in the same words; both are kept, please read it over", name)
	}
	var err error
	files[c.Path], err = r.WriteBlob(text)
	return err
}

// base is the newest rewritten commit that the side has.
func (im *importer) base(ctx context.Context, section wiki.Section, r *repo.Repo, head repo.Hash, made []repo.Hash) (repo.Hash, error) {
	if im.old == nil {
		return repo.Zero, nil
	}
	// A folder's commits follow one another; of a repository the one that was
	// imported last need not be part of what is imported now.
	if old, err := repo.ParseHash(im.old.Tips[section]); err == nil && im.src.folder {
		made = append([]repo.Hash{old}, made...)
	}
	has := map[repo.Hash]bool{}
	for c, err := range r.Log(ctx, head) {
		if err != nil {
			return repo.Zero, err
		}
		has[c.ID] = true
	}
	for _, id := range slices.Backward(made) {
		if has[id] {
			return id, nil
		}
	}
	return repo.Zero, nil
}
