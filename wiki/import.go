package wiki

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/gofrs/flock"

	"dealwiki/wiki/people"
	"dealwiki/wiki/repo"
)

// HistoryImport brings commits, not texts, to one side of a prospect.
type HistoryImport struct {
	// Prepare writes objects. No lock is held, and main does not move. Optional.
	Prepare func(ctx context.Context, r *repo.Repo) error
	// Join makes the commit that main shall move to and answers it, or head
	// when there is nothing to do. The writer lock is held, so head stays.
	// Optional.
	Join func(ctx context.Context, r *repo.Repo, head repo.Hash) (repo.Hash, error)
}

// ImportHistory is the door for histories: the commits of h become part of the
// side as they are. Open live rooms get the changed texts merged in.
func (w *Wiki) ImportHistory(ctx context.Context, caller people.Caller, prospect string, section Section, h HistoryImport) error {
	if err := w.may(ctx, caller, prospect, section, people.Editor); err != nil {
		return err
	}
	s, err := w.side(prospect, section)
	if err != nil {
		return err
	}
	if h.Prepare != nil {
		if err := h.Prepare(ctx, s.repo); err != nil {
			return err
		}
	}
	if h.Join == nil {
		return nil
	}
	s.write.Lock()
	defer s.write.Unlock()
	if s.gone {
		return ErrNotFound
	}
	before, err := s.snapshot(ctx)
	if err != nil {
		return err
	}
	next, err := h.Join(ctx, s.repo, before.head)
	if err != nil || next == before.head {
		return err
	}
	// A room that cannot follow does not keep the import from coming: it keeps
	// its text, and merges when it saves.
	follow := func(err error) {
		if err != nil {
			w.log.Warn("merging an import into open pages", "side", s.name(), "err", err)
		}
	}
	var changes []repo.Change
	merges := map[string]Merge{}
	if w.rooms != nil {
		if changes, err = s.repo.Changes(before.head, next); err != nil {
			return err
		}
		merges, err = s.mergesOf(ctx, caller, before, changes)
		follow(err)
	}
	if err := s.repo.SetHead(ctx, before.head, next); err != nil {
		return fmt.Errorf("moving %s to the imported history: %w", s.name(), err)
	}
	w.touched(ctx, s)
	if w.rooms != nil {
		follow(s.mergeIntoRooms(context.WithoutCancel(ctx), caller, before, changes, merges))
	}
	return nil
}

// mergesOf prepares the rooms of pages that a history changes where they are,
// before it comes. The answer is by path.
func (s *side) mergesOf(ctx context.Context, caller people.Caller, before *snapshot, changes []repo.Change) (map[string]Merge, error) {
	merges := map[string]Merge{}
	var errs []error
	for _, c := range changes {
		info := before.infos[c.Path]
		if info == nil || c.To.IsZero() {
			continue
		}
		text, err := s.repo.Blob(c.To)
		if err != nil {
			return merges, err
		}
		merge, err := s.w.rooms.Merge(ctx, caller, s.prospect, info.Place, info.Version, info.Version, text)
		if err != nil {
			errs = append(errs, fmt.Errorf("page %s: %w", info.Place, err))
		} else if merge != nil {
			merges[c.Path] = merge
		}
	}
	return merges, errors.Join(errs...)
}

// mergeIntoRooms gives the rooms of pages that a history has changed the new
// texts and places.
func (s *side) mergeIntoRooms(ctx context.Context, caller people.Caller, before *snapshot, changes []repo.Change, merges map[string]Merge) error {
	after, err := s.snapshot(ctx) // which follows the history
	if err != nil {
		return err
	}
	for _, c := range changes {
		info := before.infos[c.Path]
		if info == nil {
			continue
		}
		path, merge := c.Path, merges[c.Path]
		if c.To.IsZero() {
			path, err = s.w.history.MovedTo(ctx, s.name(), c.Path)
			if errors.Is(err, fs.ErrNotExist) || err == nil && (after.infos[path] == nil || before.infos[path] != nil) {
				if err := s.w.rooms.Removed(ctx, s.prospect, info.Place); err != nil {
					return err
				}
				continue
			}
			if err != nil {
				return err
			}
			text, err := s.repo.Blob(after.files[path].Blob)
			if err != nil {
				return err
			}
			if merge, err = s.w.rooms.Merge(ctx, caller, s.prospect, info.Place, info.Version, info.Version, text); err != nil {
				return err
			}
		}
		if merge == nil {
			continue
		}
		v, err := s.w.history.Last(ctx, s.name(), path)
		if err != nil {
			return err
		}
		if err := merge.Committed(ctx, v); err != nil {
			return err
		}
		if path == c.Path {
			continue
		}
		if err := s.w.rooms.Moved(ctx, s.prospect, info.Place, after.infos[path].Place); err != nil {
			return err
		}
	}
	return nil
}

// stagingPrefix begins the names of folders in which an imported prospect is
// built before it gets its place.
const stagingPrefix = ".import-"

// ImportProspect makes a prospect out of an imported history. Each side is
// built by build, which gets a repository with the prospect's own first commit
// and answers the commit that main shall be at; whole or not at all, the
// prospect then appears, under a numbered slug when there is one of that name
// that the caller may not see. A build that was cancelled or killed is continued by
// the next call with the same slug and key: objects that were synced are there
// again. Slug is required.
func (w *Wiki) ImportProspect(ctx context.Context, caller people.Caller, n NewProspect, key string,
	build func(ctx context.Context, section Section, r *repo.Repo, head repo.Hash) (repo.Hash, error)) (Entry, error) {
	if caller.Person.Guest || !caller.Can(people.Write) {
		return Entry{}, people.ErrForbidden
	}
	if w.beside {
		return Entry{}, fmt.Errorf("writing beside a running server: %w", ErrLocked)
	}
	p, err := w.complete(ctx, n.Prospect)
	if err != nil {
		return Entry{}, err
	}
	if _, err := w.claim(ctx, caller, p.Slug); err != nil {
		return Entry{}, err
	}
	sum := sha256.Sum256([]byte(key))
	name := stagingPrefix + p.Slug + "-" + hex.EncodeToString(sum[:6])
	dir := filepath.Join(w.spacesDir(), name)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return Entry{}, fmt.Errorf("making the folder of the import: %w", err)
	}
	lock := flock.New(filepath.Join(dir, "lock"))
	if ok, err := lock.TryLock(); err != nil {
		return Entry{}, fmt.Errorf("locking the import: %w", err)
	} else if !ok {
		return Entry{}, fmt.Errorf("this import is running already: %w", ErrLocked)
	}
	defer lock.Unlock()
	if err := w.buildImport(ctx, caller, p, dir, build); err != nil {
		if ctx.Err() == nil { // what was cancelled can go on
			err = errors.Join(err, os.RemoveAll(dir))
		}
		return Entry{}, err
	}
	return w.placeImport(ctx, caller, p, n, dir)
}

func (w *Wiki) buildImport(ctx context.Context, caller people.Caller, p Prospect, dir string,
	build func(context.Context, Section, *repo.Repo, repo.Hash) (repo.Hash, error)) error {
	first, err := w.firstCommits(p)
	if err != nil {
		return err
	}
	for _, f := range first {
		err := w.buildSide(ctx, caller, filepath.Join(dir, string(f.section)+".git"), f, build)
		if err != nil {
			return fmt.Errorf("importing to %s: %w", f.section, err)
		}
	}
	return syncDir(dir)
}

func (w *Wiki) buildSide(ctx context.Context, caller people.Caller, dir string, f firstCommit,
	build func(context.Context, Section, *repo.Repo, repo.Hash) (repo.Hash, error)) (err error) {
	// What an earlier run has written stays, where its main was is forgotten.
	if err := os.Remove(filepath.Join(dir, "refs", "heads", "main")); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	o := repo.Options{Logger: w.log, Now: w.now, Cache: w.cache, Git: w.git}
	r, err := repo.Open(dir, o)
	if errors.Is(err, fs.ErrNotExist) {
		if err := os.RemoveAll(dir); err != nil {
			return err
		}
		r, err = repo.Create(dir, o)
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	head, err := r.Commit(ctx, repo.Hash{}, f.edits, w.message(caller, f.subject))
	if err != nil {
		return err
	}
	next, err := build(ctx, f.section, r, head)
	if err != nil || next == head {
		return err
	}
	return r.SetHead(ctx, head, next)
}

func (w *Wiki) placeImport(ctx context.Context, caller people.Caller, p Prospect, n NewProspect, dir string) (Entry, error) {
	w.create.Lock()
	defer w.create.Unlock()
	var err error
	if p.Slug, err = w.claim(ctx, caller, p.Slug); err != nil {
		return Entry{}, err
	}
	if err := os.Remove(filepath.Join(dir, "lock")); err != nil {
		return Entry{}, fmt.Errorf("giving the import its place: %w", err)
	}
	if err := w.forgetLive(ctx, p.Slug); err != nil {
		return Entry{}, err
	}
	if err := w.settle(ctx, caller, p.Slug, n); err != nil {
		return Entry{}, err
	}
	if err := os.Rename(dir, filepath.Join(w.spacesDir(), p.Slug)); err != nil {
		return Entry{}, errors.Join(fmt.Errorf("giving the import its place: %w", err), w.unsettle(ctx, p.Slug))
	}
	if err := syncDir(w.spacesDir()); err != nil {
		return Entry{}, fmt.Errorf("giving the import its place: %w", err)
	}
	return w.appear(ctx, p)
}
