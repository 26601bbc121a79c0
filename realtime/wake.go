package realtime

import (
	"context"
	"errors"

	"dealwiki/wiki"
)

// wakeUnsaved opens documents of which something is not saved, so that they make
// versions of it.
func (h *Hub) wakeUnsaved(ctx context.Context) {
	for {
		h.mu.Lock()
		if len(h.waking) == 0 {
			h.mu.Unlock()
			select {
			case <-h.wake:
				continue
			case <-ctx.Done():
				return
			case <-h.closing:
				return
			}
		}
		name := h.waking[0]
		h.waking = h.waking[1:]
		h.mu.Unlock()
		prospect, place, ok := placeOf(name)
		if !ok {
			h.log.Error("a live document has a name that is no page's", "name", name)
			continue
		}
		err := wiki.Guard(h.log, "saving what was left unsaved", func() error {
			return h.with(ctx, prospect, place, false, func(r *room) error { return r.save(ctx) })
		})
		switch {
		case err == nil, errors.Is(err, errNoDocument), errors.Is(err, ErrClosed):
		case errors.Is(err, wiki.ErrNotFound):
			if has, err := h.cfg.Journal.Has(ctx, name); err != nil || has {
				h.log.Warn("there is no page for a live document; it is kept", "page", name, "err", err)
			}
		default:
			h.log.Error("saving what was left unsaved", "page", name, "err", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-h.closing:
			return
		default:
		}
	}
}

// rouse has a document opened, so that it makes a version of what is not saved.
func (h *Hub) rouse(name string) {
	h.mu.Lock()
	h.waking = append(h.waking, name)
	h.mu.Unlock()
	select {
	case h.wake <- struct{}{}:
	default:
	}
}
