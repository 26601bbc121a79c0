package realtime

import (
	"context"
	"errors"
	"fmt"

	"dealwiki/realtime/journal"
	"dealwiki/realtime/yjs"
	"dealwiki/wiki"
	"dealwiki/wiki/repo"
)

// A document is a stray when no page is where its name says. Pages are moved and
// deleted in git first and in the journal then, so a process that ends in between
// leaves one; and the journal of a backup is younger than its repositories.

// stray does with the room's document what was left undone. It answers nil if
// the document shall make its page, and [wiki.ErrNotFound] if there is none here.
func (r *room) stray(ctx context.Context, d *journal.Document) error {
	to, err := r.side.MovedTo(ctx, system, r.place)
	switch {
	case err == nil:
		name := nameOf(r.prospect, to)
		if err := r.hub.cfg.Journal.Rename(ctx, r.name, name); err != nil && !unknown(err) {
			return fmt.Errorf("giving the document of %s its new name %s: %w", r.name, name, err)
		}
		r.log.Info("the page of a live document has moved without it", "to", name)
		r.hub.rouse(name)
		return wiki.ErrNotFound
	case !errors.Is(err, wiki.ErrNotFound):
		return err
	}
	deleted := r.doc.Text() == ""
	if d.Last != "" {
		if _, err := r.side.History(ctx, system, r.place, 1, repo.Zero); err == nil {
			deleted = true
		} else if !errors.Is(err, wiki.ErrNotFound) {
			return err
		}
	}
	if deleted {
		r.log.Info("the page of a live document was deleted without it")
		if err := r.hub.cfg.Journal.Remove(ctx, r.name); err != nil {
			return err
		}
		return wiki.ErrNotFound
	}
	r.log.Warn("the page of a live document is not in git; it is made anew from the document")
	empty := yjs.New(yjs.Options{})
	r.version = version{state: empty.Encode(nil), vector: empty.StateVector()}
	return nil
}

// fetch answers the page's document from under a name that the page had before,
// under the page's own name from now on. It is [journal.ErrUnknown] if there is
// none, or it may be that of another page which is there now.
func (r *room) fetch(ctx context.Context, was wiki.Place) (*journal.Document, error) {
	if _, err := r.side.Lookup(ctx, system, was); err == nil {
		return nil, journal.ErrUnknown
	} else if !errors.Is(err, wiki.ErrNotFound) {
		return nil, err
	}
	if err := r.hub.Moved(ctx, r.prospect, was, r.place); err != nil {
		return nil, err
	}
	return r.hub.cfg.Journal.Load(ctx, r.name)
}
