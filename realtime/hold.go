package realtime

import (
	"context"
	"errors"
	"fmt"

	"dealwiki/realtime/journal"
	"dealwiki/wiki"
)

// A hold is a room that stands still while its page is deleted: it takes
// nothing and acknowledges nothing until it is removed or released.
type hold struct {
	pending *wiki.Edit // what is in no version yet; nil if there is nothing
	room    *room
	to      wiki.Place // where members of staff find the page when it is removed; zero: nowhere
	verdict chan bool  // whether the page is gone; takes one
	removed chan error
	decided bool
}

// remove ends the room and its document.
func (k *hold) remove() error {
	k.decided = true
	k.verdict <- true
	var err error
	select {
	case err = <-k.removed:
	case <-k.room.done:
		err = k.room.hub.cfg.Journal.Remove(context.WithoutCancel(k.room.hub.ctx), k.room.name) // again, if it did
	}
	if err != nil {
		return fmt.Errorf("closing the live page: %w", err)
	}
	return nil
}

// release has the room go on, unless it was removed.
func (k *hold) release() {
	if !k.decided {
		k.decided = true
		k.verdict <- false
	}
}

// hold stops the room of a page; nil if the page has no live document.
func (h *Hub) hold(ctx context.Context, prospect string, place wiki.Place) (*hold, error) {
	var kept *hold
	err := h.open(ctx, prospect, place, func(r *room) (err error) {
		kept, err = r.hold(ctx)
		return err
	})
	if errors.Is(err, wiki.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("holding the live page: %w", err)
	}
	return kept, nil
}

// hold stops the room behind everything that has come until now.
func (r *room) hold(ctx context.Context) (*hold, error) {
	k := &hold{room: r, verdict: make(chan bool, 1), removed: make(chan error, 1)}
	held := make(chan error, 1)
	event := event{do: func() {
		err := r.freeze(k)
		held <- err
		if err != nil || !<-k.verdict {
			return
		}
		err = r.hub.cfg.Journal.Remove(context.WithoutCancel(r.hub.ctx), r.name)
		r.sendOn(k.to)
		r.end(CodeNotFound, "the page is gone")
		k.removed <- err
	}}
	select {
	case r.in <- event:
	case <-r.done:
		return nil, errEnded
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	select {
	case err := <-held:
		return k, err
	case <-r.done:
		return nil, errEnded
	case <-ctx.Done():
		k.release()
		return nil, ctx.Err()
	}
}

// freeze notes what is pending. It may be in git from then on, also when the
// page is not deleted in the end.
func (r *room) freeze(k *hold) error {
	snap, err := r.snapshot()
	if err != nil || snap.by == nil {
		return err
	}
	if err := r.intend(r.hub.ctx, snap); err != nil {
		return err
	}
	r.intents = append(r.intents, journal.Saving{Text: snap.hash, State: snap.state, Upto: snap.upto})
	e := r.editOf(snap)
	k.pending = &e
	return nil
}

// sendOn sends members of staff to where the page is now. Guests are not told
// that there is such a place.
func (r *room) sendOn(to wiki.Place) {
	if to == (wiki.Place{}) {
		return
	}
	frame := noticeFrame(noticeMoved, "This page has moved to the "+string(to.Section)+" side, "+to.Stage+"/"+to.Page+".")
	for s := range r.sockets {
		if !s.who.Guest {
			s.send(frame)
			s.close(CodeMoved, MovedReason(to, false))
		}
	}
}
