package realtime

import (
	"context"
	"errors"
	"strings"

	"dealwiki/realtime/journal"
	"dealwiki/wiki"
	"dealwiki/wiki/people"
	"dealwiki/wiki/repo"
)

// Flush implements [wiki.Rooms].
func (h *Hub) Flush(ctx context.Context, prospect string, place wiki.Place) error {
	name := nameOf(prospect, place)
	h.mu.Lock()
	pending := h.rooms[name] != nil
	for _, waiting := range h.waking {
		pending = pending || waiting == name
	}
	h.mu.Unlock()
	if !pending {
		return nil
	}
	err := h.with(ctx, prospect, place, false, func(r *room) error { return r.save(ctx) })
	if errors.Is(err, errNoDocument) || errors.Is(err, wiki.ErrNotFound) {
		return nil // nothing is pending on a page that is not there
	}
	return err
}

// FlushAll implements [wiki.Rooms].
func (h *Hub) FlushAll(ctx context.Context, prospect string, section wiki.Section) error {
	var errs []error
	for _, name := range h.namesOf(prospect + "/" + string(section) + "/") {
		if prospect, place, ok := placeOf(name); ok {
			errs = append(errs, h.Flush(ctx, prospect, place))
		}
	}
	return errors.Join(errs...)
}

// namesOf lists rooms, and documents that wait to be opened, by the beginning of
// their names.
func (h *Hub) namesOf(prefix string) []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	var names []string
	for name := range h.rooms {
		if strings.HasPrefix(name, prefix) {
			names = append(names, name)
		}
	}
	for _, name := range h.waking {
		if strings.HasPrefix(name, prefix) && h.rooms[name] == nil {
			names = append(names, name)
		}
	}
	return names
}

// Merge implements [wiki.Rooms].
func (h *Hub) Merge(ctx context.Context, caller people.Caller, prospect string, place wiki.Place, base, head repo.Hash, text []byte) (wiki.Merge, error) {
	var m *merge
	err := h.open(ctx, prospect, place, func(r *room) error {
		return r.ask(ctx, func() (err error) {
			m, err = r.prepare(ctx, caller, base, head, text)
			return err
		})
	})
	if err != nil || m == nil {
		return nil, err
	}
	// Not in the room: nobody who types has to wait for it.
	if err := m.intend(ctx); err != nil {
		return nil, err
	}
	return m, nil
}

// Committed implements [wiki.Rooms].
func (h *Hub) Committed(ctx context.Context, prospect string, place wiki.Place, v repo.Version) error {
	h.mu.Lock()
	r := h.rooms[nameOf(prospect, place)]
	h.mu.Unlock()
	if r == nil {
		return nil // it ended since, and takes the version in when it opens
	}
	err := r.ask(ctx, func() error { return r.committed(ctx, v) })
	if errors.Is(err, errEnded) {
		return nil
	}
	return err
}

// Commented implements [wiki.Rooms].
func (h *Hub) Commented(prospect string, place wiki.Place) {
	h.mu.Lock()
	r := h.rooms[nameOf(prospect, place)]
	h.mu.Unlock()
	if r != nil {
		r.put(event{do: func() { r.notify(noticeComments, "The comments on this page have changed.") }})
	}
}

// Moved implements [wiki.Rooms].
func (h *Hub) Moved(ctx context.Context, prospect string, from, to wiki.Place) error {
	name := nameOf(prospect, to)
	err := h.open(ctx, prospect, from, func(r *room) error {
		dirty := false
		err := r.ask(ctx, func() error {
			dirty = r.dirty()
			if err := h.rename(ctx, r.name, name); err != nil {
				r.failed(err)
				return err
			}
			frame := noticeFrame(noticeMoved, "This page has moved to "+to.Stage+"/"+to.Page+".")
			for s := range r.sockets {
				if !s.who.Guest {
					s.send(frame)
				}
				s.close(CodeMoved, MovedReason(to, s.who.Guest))
			}
			r.end(CodeMoved, to.String())
			return nil
		})
		if err == nil && dirty {
			h.rouse(name)
		}
		return err
	})
	switch {
	case errors.Is(err, wiki.ErrNotFound):
		return nil // it was not open, and has followed its page by itself
	case errors.Is(err, journal.ErrExists):
		return h.rename(ctx, nameOf(prospect, from), name)
	}
	return err
}

// MovedReason is the reason that goes with [CodeMoved]: where the page is now.
// Addresses of guests have no stages.
func MovedReason(to wiki.Place, guest bool) string {
	if guest {
		return to.Page
	}
	return to.String()
}

// rename gives a document the name of a place that had no page until now. One
// that has the name already is of a page that is gone.
func (h *Hub) rename(ctx context.Context, from, to string) error {
	err := h.cfg.Journal.Rename(ctx, from, to)
	if !errors.Is(err, journal.ErrExists) {
		return err
	}
	h.log.Warn("removing the live document of a page that is gone", "page", to)
	if err := h.cfg.Journal.Remove(ctx, to); err != nil {
		return err
	}
	return h.cfg.Journal.Rename(ctx, from, to)
}

// Remove implements [wiki.Rooms]. A page without a document is deleted without a
// room; one that is made in that moment goes with it.
func (h *Hub) Remove(ctx context.Context, prospect string, place wiki.Place, remove func(*wiki.Edit) error) error {
	return h.Cross(ctx, prospect, place, wiki.Place{}, remove)
}

// Cross implements [wiki.Rooms]. The document ends with the page: at the other
// side begins a new one, so that nothing of this side's past is in it.
func (h *Hub) Cross(ctx context.Context, prospect string, place, to wiki.Place, remove func(*wiki.Edit) error) error {
	kept, err := h.hold(ctx, prospect, place)
	if err != nil {
		return err
	}
	if kept == nil {
		if err := remove(nil); err != nil {
			return err
		}
		return h.Removed(context.WithoutCancel(ctx), prospect, place)
	}
	defer kept.release() // also from a panic
	kept.to = to
	if err := remove(kept.pending); err != nil {
		return err
	}
	return kept.remove()
}

// RemoveAll implements [wiki.Rooms].
func (h *Hub) RemoveAll(ctx context.Context, prospect string, remove func([]wiki.Edit) error) error {
	var pending []wiki.Edit
	var all []*hold
	defer func() {
		for _, kept := range all {
			kept.release()
		}
	}()
	for _, name := range h.namesOf(prospect + "/") {
		_, place, ok := placeOf(name)
		if !ok {
			continue
		}
		kept, err := h.hold(ctx, prospect, place)
		if err != nil {
			return err
		}
		if kept == nil {
			continue
		}
		all = append(all, kept)
		if kept.pending != nil {
			pending = append(pending, *kept.pending)
		}
	}
	if err := remove(pending); err != nil {
		return err
	}
	var errs []error
	for _, kept := range all {
		errs = append(errs, kept.remove())
	}
	errs = append(errs, h.Closed(context.WithoutCancel(ctx), prospect))
	return errors.Join(errs...)
}

// Removed implements [wiki.Rooms].
func (h *Hub) Removed(ctx context.Context, prospect string, place wiki.Place) error {
	name := nameOf(prospect, place)
	h.endRooms(ctx, []string{name})
	return h.cfg.Journal.Remove(ctx, name)
}

// Closed implements [wiki.Rooms].
func (h *Hub) Closed(ctx context.Context, prospect string) error {
	h.endRooms(ctx, h.namesOf(prospect+"/"))
	return h.cfg.Journal.RemoveAll(ctx, prospect)
}

// endRooms ends rooms of pages that are gone.
func (h *Hub) endRooms(ctx context.Context, names []string) {
	for _, name := range names {
		h.mu.Lock()
		r := h.rooms[name]
		h.mu.Unlock()
		if r == nil {
			continue
		}
		err := r.ask(ctx, func() error {
			r.end(CodeNotFound, "the page is gone")
			return nil
		})
		if err != nil && !errors.Is(err, errEnded) {
			h.log.Warn("ending the room of a page that is gone", "page", name, "err", err)
		}
	}
}
