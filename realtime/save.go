package realtime

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"dealwiki/realtime/journal"
	"dealwiki/wiki"
	"dealwiki/wiki/repo"
)

// saving is what a room knows of making versions. A version is made when nobody
// has typed for Config.Idle, when typing has gone on for Config.Steady, when the
// last editor leaves, and when somebody asks.
type saving struct {
	timer  *time.Timer
	result chan error // of the goroutine that saves

	first   time.Time // when the oldest change came that no version has; zero: there is none
	last    time.Time // when the newest came
	soon    bool      // do not wait
	retry   time.Time // not before, after a failure
	failed  bool      // the last attempt came to nothing
	tries   int
	message string  // a checkpoint's
	asker   *socket // who asked for it
	now     *snapshot
	waiting []waiter
}

// waiter wants to know when all changes up to some point are in git.
type waiter struct {
	changes int
	answer  chan error
}

// snapshot is a version on its way to git.
type snapshot struct {
	changes int
	version // commit is known when it is in git
	hash    [sha256.Size]byte
	upto    int64
	by      *wiki.Authors
	base    repo.Hash
	message string
	asker   *socket
	done    bool // the version is in git and the journal knows
}

func (v *saving) init() {
	v.timer = time.NewTimer(time.Hour)
	v.result = make(chan error, 1)
}

// touch notes a change.
func (v *saving) touch() {
	v.last = time.Now()
	if v.first.IsZero() {
		v.first = v.last
	}
}

func (v *saving) answer(err error) {
	for _, w := range v.waiting {
		w.answer <- err
	}
	v.waiting = nil
}

func (r *room) dirty() bool { return !r.saving.first.IsZero() }

// retryAfter is how long a room waits after a version could not be made.
const retryAfter = 10 * time.Second

// schedule sets the timer to when the next version is due, or begins it.
func (r *room) schedule() {
	v := &r.saving
	if v.now != nil || r.ended {
		return
	}
	if !r.dirty() {
		if v.soon && v.message != "" && v.asker != nil {
			v.asker.send(noticeFrame(noticeUnchanged, "Nothing has changed since the last version, so there is nothing to save."))
		}
		v.soon, v.message, v.asker, v.failed = false, "", nil, false
		v.answer(nil)
		return
	}
	now := time.Now()
	due := v.last.Add(r.hub.cfg.Idle)
	if steady := v.first.Add(r.hub.cfg.Steady); steady.Before(due) {
		due = steady
	}
	if v.soon || len(v.waiting) > 0 {
		due = now
	}
	if len(v.waiting) == 0 && due.Before(v.retry) {
		due = v.retry
	}
	if !due.After(now) {
		r.saveDue()
		return
	}
	v.timer.Reset(due.Sub(now))
}

// saveDue begins a version if one is due.
func (r *room) saveDue() {
	v := &r.saving
	now := time.Now()
	due := v.soon || len(v.waiting) > 0 || now.Sub(v.last) >= r.hub.cfg.Idle || now.Sub(v.first) >= r.hub.cfg.Steady
	if !r.dirty() || v.now != nil || r.ended || !due || len(v.waiting) == 0 && now.Before(v.retry) {
		return
	}
	if err := r.startSave(); err != nil && !r.ended {
		r.log.Error("beginning a version", "err", err)
		v.soon, v.failed, v.retry = false, true, now.Add(retryAfter)
		v.answer(err)
	}
}

// startSave begins a version; the rest is done by a goroutine of its own, since
// wiki calls back.
func (r *room) startSave() error {
	v := &r.saving
	snap, err := r.snapshot()
	if err != nil {
		return err
	}
	v.soon, v.message, v.asker, v.first = false, "", nil, time.Time{}
	v.now = snap
	if snap.by == nil {
		// Typed and deleted again: no version, but nothing is pending any more.
		err := r.hub.cfg.Journal.Saved(r.hub.ctx, r.id, journal.Version{Commit: r.version.commit.String(), State: r.version.state}, r.seq)
		if err != nil {
			err = fmt.Errorf("noting that nothing is pending: %w", err)
		} else {
			snap.done = true
			r.drop(snap.upto)
			if snap.message != "" && snap.asker != nil {
				snap.asker.send(noticeFrame(noticeUnchanged, "Nothing has changed since the last version, so there is nothing to save."))
			}
		}
		r.saving.result <- err
		return nil
	}
	go func() {
		r.saving.result <- wiki.Guard(r.log, "making a version", func() error { return r.commit(r.hub.ctx, snap) })
	}()
	return nil
}

// snapshot is everything that has come until now. It has no authors when there
// is nothing in it that the newest version has not.
func (r *room) snapshot() (*snapshot, error) {
	if err := r.mend(); err != nil {
		return nil, err
	}
	r.flush()
	if r.ended {
		return nil, errEnded
	}
	text := r.doc.Text()
	snap := &snapshot{
		changes: r.changes, version: version{text: text, state: r.encoded(), vector: r.doc.StateVector(), units: r.doc.Units()},
		hash: hashOf([]byte(text)), upto: r.seq, base: r.version.commit, message: r.saving.message, asker: r.saving.asker,
	}
	if text != r.version.text || snap.base.IsZero() {
		snap.by = r.authors(r.hub.ctx, text)
	}
	return snap, nil
}

// commit brings a snapshot to git. It runs beside the room.
func (r *room) commit(ctx context.Context, snap *snapshot) error {
	if err := r.intend(ctx, snap); err != nil {
		return err
	}
	_, err := r.side.Edit(ctx, system, r.editOf(snap))
	return err
}

// intend notes on disk that a snapshot may be found in git from now on.
func (r *room) intend(ctx context.Context, snap *snapshot) error {
	if err := r.hub.cfg.Journal.Save(ctx, r.id, journal.Saving{Text: snap.hash, State: snap.state, Upto: snap.upto}); err != nil {
		return fmt.Errorf("noting a version to be made: %w", err)
	}
	return nil
}

func (r *room) editOf(snap *snapshot) wiki.Edit {
	return wiki.Edit{Place: r.place, Text: []byte(snap.text), Base: snap.base, Strict: true, Message: snap.message, By: snap.by}
}

// saveEnded goes on after a version was made or was not.
func (r *room) saveEnded(err error) {
	v := &r.saving
	snap := v.now
	v.now = nil
	var stale *wiki.Stale
	switch {
	case snap.done:
		// In git, whatever came after it.
		if err != nil {
			r.log.Warn("after a version", "err", err)
		}
		v.failed, v.tries, v.retry = false, 0, time.Time{}
		kept := v.waiting[:0]
		for _, w := range v.waiting {
			if w.changes > snap.changes {
				kept = append(kept, w)
				continue
			}
			w.answer <- nil
		}
		v.waiting = kept
		if r.since > compactAfter {
			r.compact(r.hub.ctx)
		}
		return
	case errors.As(err, &stale):
		// The page has moved on without the room: take that in, then again.
		v.tries++
		if v.tries <= 5 {
			if err = r.follow(r.hub.ctx); err == nil {
				r.again(snap)
				v.soon = true
				return
			}
		}
	case errors.Is(err, wiki.ErrNotFound):
		r.end(CodeNotFound, "the page is gone")
		v.answer(nil)
		return
	case errors.Is(err, wiki.ErrExists):
		// The room was about to make its page and somebody else has.
		r.end(CodeComeAgain, "come again")
		v.answer(errEnded)
		return
	case err == nil:
		// Edit found git's text to be this one already.
		if err = r.follow(r.hub.ctx); err == nil {
			r.again(snap)
			return
		}
	}
	if r.ended {
		return
	}
	r.again(snap)
	v.failed = true
	v.retry = time.Now().Add(retryAfter)
	r.log.Error("making a version", "err", err)
	r.notify(noticeNotSaved, "A version could not be saved just now. What you type is kept and will be saved later.")
	v.answer(fmt.Errorf("making a version of %s: %w", r.name, err))
}

// again puts a snapshot that is not in git back among what is pending.
func (r *room) again(snap *snapshot) {
	v := &r.saving
	if v.first.IsZero() {
		v.touch()
	}
	if v.message == "" {
		v.message, v.asker = snap.message, snap.asker
	}
}

// committed takes note that a version of the room's own is in git, under wiki's
// writer lock.
func (r *room) committed(ctx context.Context, v repo.Version) error {
	snap := r.saving.now
	if snap == nil || snap.done {
		return r.follow(ctx)
	}
	if err := r.saved(ctx, v.Commit, snap); err != nil {
		return err
	}
	snap.done = true
	r.announce(ctx, v)
	return nil
}

// saved makes a snapshot that is in git the newest version.
func (r *room) saved(ctx context.Context, commit repo.Hash, snap *snapshot) error {
	err := r.hub.cfg.Journal.Saved(ctx, r.id, journal.Version{Commit: commit.String(), State: snap.state}, snap.upto)
	if err != nil {
		r.failed(err)
		return fmt.Errorf("noting a saved version: %w", err)
	}
	r.drop(snap.upto)
	r.version = snap.version
	r.version.commit = commit
	r.intended = nil
	clear(r.lost)
	return nil
}

// drop forgets what was removed up to an edit: a version credits it.
func (r *room) drop(upto int64) {
	kept := r.removed[:0]
	for _, one := range r.removed {
		if one.seq > upto {
			kept = append(kept, one)
		}
	}
	r.removed = kept
	r.intents = slices.DeleteFunc(r.intents, func(in journal.Saving) bool { return in.Upto <= upto })
}

// save has a version made of everything that has come until now, and waits for
// it.
func (r *room) save(ctx context.Context) error {
	answer := make(chan error, 1)
	err := r.ask(ctx, func() error {
		if !r.dirty() && r.saving.now == nil {
			answer <- nil
			return nil
		}
		r.saving.waiting = append(r.saving.waiting, waiter{changes: r.changes, answer: answer})
		return nil
	})
	if err != nil {
		return err
	}
	select {
	case err := <-answer:
		return err
	case <-ctx.Done():
		return ctx.Err()
	case <-r.done:
		select {
		case err := <-answer:
			return err
		default:
			return errEnded
		}
	}
}

// mend takes characters out of the text that no page may hold.
func (r *room) mend() error {
	text := r.doc.Text()
	if !strings.Contains(text, "\x00") {
		return nil
	}
	update, err := r.doc.Replace(strings.ReplaceAll(text, "\x00", ""))
	if err != nil {
		return fmt.Errorf("taking out what no page may hold: %w", err)
	}
	r.owned(r.doc.Client(), "")
	r.group.batch.Updates = append(r.group.batch.Updates, journal.Update{Data: update, At: r.hub.cfg.Now()})
	r.group.update(nil, update)
	r.changed()
	r.notify(noticeMended, "Characters that no text may hold (NUL) were taken out of the page.")
	return nil
}

// owned notes whose a client id is, with the group.
func (r *room) owned(client uint64, person string) {
	if r.group.batch.Owners == nil {
		r.group.batch.Owners = map[uint64]string{}
	}
	r.group.batch.Owners[client] = person
	r.owners[client] = person
}
