package wiki

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"path"
	"strings"

	"dealwiki/content"
	"dealwiki/wiki/people"
	"dealwiki/wiki/repo"
)

// Move gives a page another name or stage on the same side of the wall. What
// belongs to the page goes along; relative links in its text are rewritten when
// the stage changes, so that they lead where they led.
func (sd *Side) Move(ctx context.Context, caller people.Caller, from, to Place) (*Page, error) {
	if err := sd.mayEdit(ctx, caller, from.Section); err != nil {
		return nil, err
	}
	if to.Section != from.Section {
		return nil, &Invalid{Field: "page", Problem: "cannot be moved to the other side of the wall"}
	}
	s := sd.s
	if s.w.rooms != nil {
		if err := s.w.rooms.Flush(ctx, s.prospect, from); err != nil {
			return nil, fmt.Errorf("saving what others have typed: %w", err)
		}
	}
	s.write.Lock()
	defer s.write.Unlock()
	snap, err := s.snapshot(ctx)
	if err != nil {
		return nil, err
	}
	info := snap.infos[from.Path()]
	if info == nil {
		return nil, ErrNotFound
	}
	if from == to {
		return s.read(ctx, *info)
	}
	if err := s.freeFor(ctx, snap, from, to); err != nil {
		return nil, err
	}
	page, err := s.read(ctx, *info)
	if err != nil {
		return nil, err
	}
	edits := []repo.Edit{{Path: from.Path(), Delete: true}, {Path: to.Path(), Blob: snap.files[from.Path()].Blob}}
	text := page.Text
	if from.Stage != to.Stage {
		text = rebase(page.Text, from, to)
	}
	var merge Merge
	if s.w.rooms != nil {
		// Also where the text stays: the document learns the version's name.
		if merge, err = s.w.rooms.Merge(ctx, caller, s.prospect, from, info.Version, info.Version, text); err != nil {
			return nil, fmt.Errorf("merging into the live page: %w", err)
		}
		if merge != nil {
			text = merge.Text()
		}
	}
	if !bytes.Equal(text, page.Text) {
		if err := checkText(text); err != nil {
			return nil, err
		}
		edits[1] = repo.Edit{Path: to.Path(), Data: text}
	}
	if f, ok := snap.files[commentsPath(from)]; ok {
		edits = append(edits, repo.Edit{Path: commentsPath(from), Delete: true}, repo.Edit{Path: commentsPath(to), Blob: f.Blob})
	}
	h, err := s.commit(ctx, caller, snap.head, edits, fmt.Sprintf("Move %s to %s", page.Title, to.Stage+"/"+to.Page))
	if err != nil {
		return nil, err
	}
	if s.w.rooms != nil {
		if err := s.tellRooms(ctx, Edit{Place: to}, merge, h); err != nil {
			return nil, err
		}
		if err := s.w.rooms.Moved(context.WithoutCancel(ctx), s.prospect, from, to); err != nil {
			return nil, fmt.Errorf("moving the live page: %w", err)
		}
	}
	return s.read(ctx, PageInfo{Place: to})
}

// freeFor is free for a page that keeps its own name when it only changes stage.
func (s *side) freeFor(ctx context.Context, snap *snapshot, from, to Place) error {
	if s.section == External && from.Page == to.Page {
		alone := *snap
		alone.names = nil
		return s.free(ctx, &alone, to)
	}
	return s.free(ctx, snap, to)
}

// rebase rewrites the relative destinations of a page that moves to another
// stage.
func rebase(text []byte, from, to Place) []byte {
	doc := content.Parse(text)
	return content.RewriteLinks(text, doc, func(dest string) string { return rebased(dest, from, to) })
}

// rebased is a relative destination as it is written on the page's new place.
func rebased(dest string, from, to Place) string {
	target := JoinLink(from.Path(), dest)
	if target == "" {
		return dest
	}
	tail := ""
	if i := strings.IndexAny(dest, "?#"); i >= 0 {
		dest, tail = dest[:i], dest[i:]
	}
	if path.Dir(target) == to.Stage {
		return path.Base(target) + tail
	}
	if rest, ok := strings.CutPrefix(target, to.Stage+"/"); ok {
		return rest + tail
	}
	return "../" + target + tail
}

// DeletePage removes a page and its comments. Its history stays, and Restore
// brings it back.
func (sd *Side) DeletePage(ctx context.Context, caller people.Caller, place Place, base repo.Hash) error {
	if err := sd.mayEdit(ctx, caller, place.Section); err != nil {
		return err
	}
	s := sd.s
	s.write.Lock()
	defer s.write.Unlock()
	// The base is compared with what is committed, not with what is typed.
	if !base.IsZero() {
		if err := s.checkBase(ctx, Edit{Place: place, Base: base}); err != nil {
			return err
		}
	}
	remove := func(pending *Edit) error {
		if pending != nil {
			if err := s.keepPending(ctx, caller, *pending); err != nil {
				return err
			}
		}
		return s.deletePage(ctx, caller, place)
	}
	if s.w.rooms == nil {
		return remove(nil)
	}
	return s.w.rooms.Remove(ctx, s.prospect, place, remove)
}

// keepPending makes what was typed into a page that is about to be deleted its
// last version; the writer lock is held.
func (s *side) keepPending(ctx context.Context, caller people.Caller, e Edit) error {
	if err := checkText(e.Text); err != nil {
		return fmt.Errorf("saving what others have typed: %w", err)
	}
	snap, err := s.snapshot(ctx)
	if err != nil {
		return err
	}
	text := e.Text
	if info := snap.infos[e.Place.Path()]; info != nil && info.Version != e.Base {
		// The page has moved on without its room.
		current, err := s.read(ctx, *info)
		if err != nil {
			return err
		}
		var base []byte
		if old, err := s.readAt(ctx, e.Place, e.Base); err == nil {
			base = old.Text
		}
		text, _ = content.Merge(base, current.Text, text)
	}
	subject := e.Message
	if subject == "" {
		subject = "Edit " + s.titleIn(text, e.Place)
	}
	_, err = s.commitMessage(ctx, snap.head, []repo.Edit{{Path: e.Place.Path(), Data: text}}, s.w.messageOf(caller, e.By, subject))
	if err != nil && !errors.Is(err, repo.ErrNoChange) {
		return fmt.Errorf("saving what others have typed: %w", err)
	}
	return nil
}

// deletePage removes a page and its comments; the writer lock is held.
func (s *side) deletePage(ctx context.Context, caller people.Caller, place Place) error {
	snap, err := s.snapshot(ctx)
	if err != nil {
		return err
	}
	info := snap.infos[place.Path()]
	if info == nil {
		return ErrNotFound
	}
	edits := []repo.Edit{{Path: place.Path(), Delete: true}}
	if _, ok := snap.files[commentsPath(place)]; ok {
		edits = append(edits, repo.Edit{Path: commentsPath(place), Delete: true})
	}
	_, err = s.commit(ctx, caller, snap.head, edits, "Delete "+info.Title)
	return err
}
