package search

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"sort"
	"strings"
	"time"
)

// Run follows the source until ctx ends or Close is called. It first reads
// through every side, then those that moved. Errors of single sides are
// logged and tried again; the error returned is the end of ctx or nil.
func (x *Index) Run(ctx context.Context) error {
	x.run.Lock()
	defer x.run.Unlock()
	ctx, cancel := x.context(ctx)
	defer cancel()
	timer := time.NewTimer(0)
	defer timer.Stop()
	next := x.all
	for {
		timer.Stop()
		if ctx.Err() != nil {
			return nil
		}
		if err := next(ctx); err != nil && ctx.Err() == nil {
			x.log.Error("following the commits for search failed; it is tried again", "err", err)
			timer.Reset(x.retry)
		} else {
			next = x.moved
			if x.State().Failed > 0 {
				timer.Reset(x.retry)
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case <-timer.C:
			continue
		case <-x.src.Watch():
		case <-x.nudge:
		}
		// More is likely to follow: write it together.
		gather := time.NewTimer(x.gather)
		select {
		case <-ctx.Done():
			gather.Stop()
			return nil
		case <-gather.C:
		}
	}
}

// Sync catches up with everything that is committed when it is called; what
// it reads can be found when it returns.
func (x *Index) Sync(ctx context.Context) error {
	ctx, cancel := x.context(ctx)
	defer cancel()
	if err := x.all(ctx); err != nil {
		return err
	}
	if n := x.State().Failed; n > 0 {
		return fmt.Errorf("%d repositories could not be read; the log says why", n)
	}
	return nil
}

// Reindex has both sides of a prospect read from the start, soon. (A changed
// title or access is seen by itself once the source names the side dirty.)
func (x *Index) Reindex(prospect string) {
	x.sync.Lock()
	x.forced[SideID{prospect, Internal}] = true
	x.forced[SideID{prospect, External}] = true
	x.sync.Unlock()
	select {
	case x.nudge <- struct{}{}:
	default:
	}
}

// pass is one round of reading.
type pass struct {
	x       *Index
	writers map[string]*writer
}

func (x *Index) pass() *pass {
	return &pass{x: x, writers: map[string]*writer{Internal: x.internal.writer(), External: x.external.writer()}}
}

func (p *pass) flush(ctx context.Context) error {
	return errors.Join(p.writers[Internal].flush(ctx), p.writers[External].flush(ctx))
}

// built notes in both indexes that they have been read through once.
func (p *pass) built() {
	p.x.log.Info("the search index is built", "took", p.x.now().Sub(p.x.began))
	for _, w := range p.writers {
		w.batch.SetInternal(builtKey, []byte{1})
	}
}

// guarded runs f as the only writer; damage met on the way is an error.
func (x *Index) guarded(ctx context.Context, f func(*pass) error) (err error) {
	x.sync.Lock()
	defer x.sync.Unlock()
	if err := x.enter(); err != nil {
		return err
	}
	defer x.leave()
	defer func() {
		if r := recover(); r != nil {
			err = x.damage(r)
		}
	}()
	p := x.pass()
	err = f(p)
	if ferr := p.flush(ctx); err == nil {
		err = ferr
	}
	return err
}

// all reads every side of the source and removes what is gone.
func (x *Index) all(ctx context.Context) error {
	return x.guarded(ctx, func(p *pass) error {
		x.src.Dirty() // all of them are read now
		state := x.State()
		seen := map[SideID]bool{}
		for side := range x.src.Sides(ctx) {
			if err := ctx.Err(); err != nil {
				return err
			}
			id := side.ID()
			seen[id] = true
			if err := p.try(ctx, id, side); err != nil {
				return err
			}
			state.Done++
			if state.Building && state.Done%16 == 0 {
				s := state
				x.state.Store(&s)
			}
		}
		if err := ctx.Err(); err != nil {
			return err // the list may be short: nothing is gone for that
		}
		if err := p.flush(ctx); err != nil {
			return err
		}
		for name, w := range p.writers {
			prospects, err := w.s.prospects()
			if err != nil {
				return err
			}
			for _, prospect := range prospects {
				if id := (SideID{prospect, name}); !seen[id] {
					if err := p.remove(ctx, id); err != nil {
						return err
					}
				}
			}
		}
		for id := range x.failed {
			if !seen[id] {
				delete(x.failed, id)
			}
		}
		if state.Building && len(x.failed) == 0 {
			p.built()
			state.Building = false
		}
		if err := p.flush(ctx); err != nil {
			return err
		}
		if len(x.failed) == 0 {
			x.internal.complete()
			x.external.complete()
		}
		state.Failed = len(x.failed)
		x.state.Store(&state)
		return nil
	})
}

// moved reads the sides that moved, failed before or are forced.
func (x *Index) moved(ctx context.Context) error {
	return x.guarded(ctx, func(p *pass) error {
		todo := map[SideID]bool{}
		for _, id := range x.src.Dirty() {
			todo[id] = true
		}
		for id := range x.failed {
			todo[id] = true
		}
		for id := range x.forced {
			todo[id] = true
		}
		ids := make([]SideID, 0, len(todo))
		for id := range todo {
			if id.Section == Internal || id.Section == External {
				ids = append(ids, id)
			}
		}
		sort.Slice(ids, func(i, j int) bool {
			return ids[i].Prospect+"/"+ids[i].Section < ids[j].Prospect+"/"+ids[j].Section
		})
		for i, id := range ids {
			side, err := x.src.Side(ctx, id)
			switch {
			case ctx.Err() != nil:
				err = ctx.Err()
			case errors.Is(err, fs.ErrNotExist):
				err = p.remove(ctx, id)
			case err != nil:
				x.fail(id, err)
				err = nil
			default:
				err = p.try(ctx, id, side)
			}
			if err != nil {
				// The rest was named by Dirty once: keep it for the next try.
				for _, id := range ids[i:] {
					x.failed[id] = true
				}
				return err
			}
		}
		state := x.State()
		if state.Building && len(x.failed) == 0 {
			p.built()
			state.Building = false
		}
		if err := p.flush(ctx); err != nil {
			for _, id := range ids {
				x.failed[id] = true
			}
			return err
		}
		state.Failed = len(x.failed)
		x.state.Store(&state)
		return nil
	})
}

func (x *Index) fail(id SideID, err error) {
	x.failed[id] = true
	x.log.Warn("a repository could not be read for search; it is tried again", "prospect", id.Prospect, "section", id.Section, "err", err)
}

// errIndex marks errors of the index itself, after which a pass cannot go on.
type errIndex struct{ error }

func (e errIndex) Unwrap() error { return e.error }

// try reads a side; only errors of the index and the end of ctx are returned.
func (p *pass) try(ctx context.Context, id SideID, side Side) error {
	if id.Section != Internal && id.Section != External || id.Prospect == "" {
		return nil
	}
	err := p.side(ctx, id, side)
	var broken errIndex
	switch {
	case err == nil:
		delete(p.x.failed, id)
		delete(p.x.forced, id)
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.As(err, &broken):
		return err
	default:
		// Also one that was deleted while it was being read: the source says
		// so at the next try.
		p.x.fail(id, err)
	}
	return nil
}

// sum tells whether what is written into every entry of a side has changed.
func sum(side Side) string {
	access := append([]string(nil), side.Access()...)
	sort.Strings(access)
	h := sha256.Sum256([]byte(side.Title() + "\x00" + strings.Join(access, "\x00")))
	return hex.EncodeToString(h[:12])
}

// side brings the entries of one side up to its head.
func (p *pass) side(ctx context.Context, id SideID, side Side) error {
	w := p.writers[id.Section]
	at, err := w.s.cursor(id.Prospect)
	if err != nil {
		return errIndex{fmt.Errorf("reading a cursor: %w", err)}
	}
	head, err := side.Head()
	if err != nil {
		return fmt.Errorf("reading the head: %w", err)
	}
	now := cursor{Head: head, Sum: sum(side), Format: format}
	w.s.carries(id.Prospect, side.Access(), at.Sum == now.Sum)
	if at == now && !p.x.forced[id] {
		return nil
	}
	// Should the side be left half read, it is read from the start next time,
	// wherever its head and access have gone by then.
	w.batch.SetInternal(cursorKey(id.Prospect), nil)
	from := at.Head
	if at.Sum != now.Sum || p.x.forced[id] {
		from = ""
	}
	var changes []Change
	if head != "" && from != head {
		if changes, err = side.Changes(ctx, from, head); err != nil && from != "" && ctx.Err() == nil {
			from = ""
			changes, err = side.Changes(ctx, "", head)
		}
		if err != nil {
			return fmt.Errorf("listing changes: %w", err)
		}
	}
	if from == "" {
		// A side is read once in a pass: none of its entries can still be in
		// the batch, where they would not be found.
		if err := w.drop(ctx, fieldProspect, id.Prospect); err != nil {
			return errIndex{err}
		}
		if id.Section == Internal {
			if err := w.put(prospectEntry(id, side.Title()), side.Access()); err != nil {
				return errIndex{err}
			}
		}
	}
	for _, c := range changes {
		if err := p.change(ctx, w, id, side, head, c, from == ""); err != nil {
			return err
		}
		if w.full() {
			if err := w.flush(ctx); err != nil {
				return errIndex{err}
			}
		}
	}
	value := fmt.Sprintf(`{"head":%q,"sum":%q,"format":%d}`, now.Head, now.Sum, now.Format)
	w.batch.SetInternal(cursorKey(id.Prospect), []byte(value))
	return nil
}

// change brings the entries of one file up to a commit.
func (p *pass) change(ctx context.Context, w *writer, id SideID, side Side, head string, c Change, fresh bool) error {
	_, typ := place(c.Path)
	if typ == "" {
		return nil
	}
	if !fresh {
		if err := w.drop(ctx, fieldFile, id.Prospect+"/"+c.Path); err != nil {
			return errIndex{err}
		}
	}
	if c.Deleted {
		return nil
	}
	data, err := side.Read(ctx, head, c.Path)
	if err != nil {
		return fmt.Errorf("reading %s: %w", c.Path, err)
	}
	meta, err := side.Meta(ctx, c.Path)
	if err != nil && ctx.Err() == nil {
		// Who wrote it can be told later; its text is found now.
		p.x.log.Debug("the history of a page could not be read for search", "prospect", id.Prospect, "err", err)
		meta = Meta{}
	}
	var entries []entry
	if typ == typePage {
		entries = pageEntries(p.x.detector, id, side.Title(), c.Path, data, meta)
	} else {
		entries = fileEntries(p.x.detector, id, side.Title(), c.Path, p.x.partsOf(c.Path, data), meta)
	}
	for _, e := range entries {
		if err := w.put(e, side.Access()); err != nil {
			return errIndex{err}
		}
		// A cursor moves only with the last batch of its side, so a batch
		// may end anywhere.
		if w.full() {
			if err := w.flush(ctx); err != nil {
				return errIndex{err}
			}
		}
	}
	return ctx.Err()
}

// remove deletes the entries and the cursor of a side that is gone.
func (p *pass) remove(ctx context.Context, id SideID) error {
	w := p.writers[id.Section]
	if err := w.flush(ctx); err != nil {
		return err
	}
	if err := w.drop(ctx, fieldProspect, id.Prospect); err != nil {
		return err
	}
	w.batch.DeleteInternal(cursorKey(id.Prospect))
	delete(p.x.failed, id)
	delete(p.x.forced, id)
	return nil
}
