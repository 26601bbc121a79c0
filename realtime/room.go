package realtime

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"dealwiki/realtime/journal"
	"dealwiki/realtime/yjs"
	"dealwiki/wiki"
	"dealwiki/wiki/people"
	"dealwiki/wiki/repo"
)

// system is the program itself, on whose behalf rooms read and save.
var system = people.System("live")

// A room is one page's document while it is open.
type room struct {
	hub      *Hub
	name     string
	prospect string
	place    wiki.Place
	create   bool // make the document if there is none
	log      *slog.Logger
	refs     int // who holds the room; protected by the Hub's mutex

	in    chan event
	ready chan struct{} // closed when the document is open, or err says why not
	err   error
	done  chan struct{} // closed when the room has ended

	// Set before ready and never changed.
	side    *wiki.Side
	id      int64
	epoch   string
	rebuilt bool

	// What follows is owned by run.
	doc        *yjs.Doc
	owners     map[uint64]string
	shown      map[uint64]string // whose client ids are that were seen in awareness before anything was written under them
	recovering bool
	lost       map[uint64]bool // client ids with characters that somebody else brought, since the last version
	seq        int64           // of the last edit on disk
	since      int             // edits on disk since the last compaction
	removed    []removal       // since the last version
	version    version         // the newest one
	changes    int             // counts everything that changed the document
	full       []byte          // the encoded document, while it has not changed
	ended      bool
	draining   bool

	sockets  map[*socket]struct{}
	aware    map[uint64]*presence
	group    group
	pace     pace
	held     []heldUpdate
	saving   saving
	merging  *merge
	mergedAt time.Time        // when a merge was told last
	intents  []journal.Saving // versions that may be in git, from before the room was opened
	intended *journal.Merging // an edit that may be in git, from before the room was opened; nil for none
	empty    time.Time        // since when nobody is here
}

// version is what the document looked like at a commit.
type version struct {
	commit repo.Hash
	text   string
	state  []byte
	vector yjs.StateVector
	units  int
}

type removal struct {
	seq    int64
	person string
	units  int
}

// event is something that a room has to do.
type event struct {
	socket *socket
	data   []byte // a message
	join   bool
	leave  bool
	do     func() // anything else; what came before is on disk by then
}

func newRoom(h *Hub, prospect string, place wiki.Place, create bool) *room {
	name := nameOf(prospect, place)
	return &room{
		hub: h, name: name, prospect: prospect, place: place, create: create, log: h.log.With("page", name),
		in: make(chan event, 256), ready: make(chan struct{}), done: make(chan struct{}),
		sockets: map[*socket]struct{}{}, aware: map[uint64]*presence{}, lost: map[uint64]bool{}, owners: map[uint64]string{}, shown: map[uint64]string{},
	}
}

const (
	tickEvery = 5 * time.Second
	maxGroup  = 1 << 20 // bytes of messages that are taken at once
)

// run opens the document and works until the room ends. A defect of the program
// ends the room alone: what was not on disk was not acknowledged, and whoever
// comes again opens the document anew.
func (r *room) run() {
	defer close(r.done)
	r.err = wiki.Guard(r.log, "opening a live page", func() error { return r.load(r.hub.ctx) })
	if r.err != nil {
		r.hub.drop(r, false)
		close(r.ready)
		return
	}
	close(r.ready)
	if err := wiki.Guard(r.log, "a live page", func() error { r.work(); return nil }); err != nil {
		r.group.reset()
		r.end(CodeComeAgain, "come again")
	}
	r.hub.drop(r, false)
	r.saving.answer(errEnded)
}

func (r *room) work() {
	r.empty = time.Now()
	r.saving.init()
	defer r.saving.timer.Stop()
	r.pace.init()
	defer r.pace.timer.Stop()
	tick := time.NewTicker(min(tickEvery, r.hub.cfg.Limits.Linger))
	defer tick.Stop()
	closing := r.hub.closing
	for !r.ended {
		select {
		case e := <-r.in:
			r.take(e)
			if r.group.bytes < maxGroup && !r.ended && r.pace.wait() {
				continue
			}
		case <-r.pace.timer.C:
		case <-tick.C:
			r.tick()
		case <-r.saving.timer.C:
			r.saveDue()
		case err := <-r.saving.result:
			r.saveEnded(err)
		case <-closing:
			closing = nil
			r.drain()
		case <-r.hub.ctx.Done():
			r.end(CodeComeAgain, "shutting down")
		}
		r.flush()
		r.schedule()
		if r.draining && r.idle() {
			r.end(CodeComeAgain, "shutting down")
		}
	}
}

// wait waits for the goroutine that saves, after run: it may be asking the room
// until it hears that there is none any more.
func (r *room) wait() {
	if r.saving.now != nil {
		<-r.saving.result
	}
}

// take handles an event and those that wait behind it, as one group.
func (r *room) take(e event) {
	bytes := 0
	for {
		if e.do != nil {
			r.flush()
			if r.ended {
				return
			}
			e.do()
		} else {
			r.handle(e)
		}
		if bytes += len(e.data); bytes > maxGroup || r.ended {
			return
		}
		select {
		case e = <-r.in:
		default:
			return
		}
	}
}

func (r *room) handle(e event) {
	s := e.socket
	switch {
	case e.join:
		r.join(s)
	case e.leave:
		r.left(s)
	default:
		if _, here := r.sockets[s]; !here || s.isClosed() {
			return
		}
		if err := r.message(s, e.data); err != nil {
			code, reason := refusal(err)
			r.log.Info("refusing a message", "person", s.who.Caller.Person.ID, "err", err)
			s.close(code, reason)
		}
	}
}

// put hands the room an event; false: it has ended.
func (r *room) put(e event) bool {
	select {
	case r.in <- e:
		return true
	case <-r.done:
		return false
	}
}

// leave tells the room that a socket has ended.
func (r *room) leave(s *socket) { r.put(event{socket: s, leave: true}) }

// ask has the room do something between two groups, and answers what came of
// it; errEnded if the room ends before.
func (r *room) ask(ctx context.Context, f func() error) error {
	answer := make(chan error, 1)
	select {
	case r.in <- event{do: func() { answer <- f() }}:
	case <-r.done:
		return errEnded
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case err := <-answer:
		return err
	case <-r.done:
		select {
		case err := <-answer:
			return err
		default:
			return errEnded
		}
	}
}

// end closes the room and everybody's sockets with a code. What is not on disk
// was not acknowledged.
func (r *room) end(code int, reason string) {
	if r.ended {
		return
	}
	r.ended = true
	r.hub.drop(r, false)
	for s := range r.sockets {
		s.close(code, reason)
	}
}

// drain is the beginning of the end when the Hub closes: what has come is taken,
// everybody is sent away, and what was typed is saved.
func (r *room) drain() {
	for {
		select {
		case e := <-r.in:
			r.take(e)
			continue
		default:
		}
		break
	}
	r.flush()
	for s := range r.sockets {
		s.send(noticeFrame(noticeClosing, "The server is shutting down. What you type is kept in this browser until it is back."))
		s.close(CodeComeAgain, "shutting down")
	}
	r.draining = true
	r.saving.soon = true
}

// idle reports whether there is nothing left to save, or it cannot be now.
func (r *room) idle() bool {
	return r.saving.now == nil && len(r.saving.waiting) == 0 && (!r.dirty() || r.saving.failed)
}

// tick does what is done now and then.
func (r *room) tick() {
	now := time.Now()
	for s := range r.sockets {
		if now.Sub(s.pingAt) >= pingEvery {
			s.pingAt = now
			s.send(controlFrame(opPing, ""))
		}
		if now.Sub(s.sentAt) >= quietAfter {
			s.sentAt = now
			s.send(nothing)
		}
	}
	if r.recovering && now.Sub(r.hub.began) > r.hub.cfg.Limits.Recovery {
		if err := r.hub.cfg.Journal.Recovered(r.hub.ctx, r.id); err != nil {
			r.log.Warn("ending the recovery of a document", "err", err)
		} else {
			r.recovering = false
		}
	}
	if len(r.sockets) > 0 || !r.idle() || r.dirty() || now.Sub(r.empty) < r.hub.cfg.Limits.Linger || r.hub.held(r) {
		return
	}
	// Before another room can open the document. Whoever has come meanwhile asks
	// the room that follows.
	if r.tidy() {
		r.end(CodeComeAgain, "come again")
		return
	}
	if !r.hub.drop(r, true) {
		return
	}
	r.ended = true // nobody holds it, so nobody can ask any more
}

// tidy leaves the document on disk so that it opens fast: its edits compacted,
// or all of it made anew when it is worn out: then this room's is there no more.
func (r *room) tidy() (renewed bool) {
	ctx := r.hub.ctx
	if limit := r.hub.cfg.Limits.Document.MaxItems; limit > 0 && r.doc.Items() > limit/10*8 && !r.doc.Pending() {
		renewed, err := r.renew(ctx)
		if err != nil {
			r.log.Error("making a worn-out document anew", "err", err)
		}
		return renewed && err == nil
	}
	if r.since > 0 {
		r.compact(ctx)
	}
	return false
}

// compactAfter is how many edits lie beside a document's state before they are
// put into it.
const compactAfter = 500

func (r *room) compact(ctx context.Context) {
	if err := r.hub.cfg.Journal.Compact(ctx, r.id, r.seq, r.encoded()); err != nil {
		r.log.Warn("compacting a document", "err", err)
		return
	}
	r.since = 0
}

// encoded is the whole document.
func (r *room) encoded() []byte {
	if r.full == nil {
		r.full = r.doc.Encode(nil)
	}
	return r.full
}

// failed drops the room when the journal did not take something: what is in
// memory is more than what is on disk, so the document has to be read again.
func (r *room) failed(err error) {
	r.log.Error("the journal of edits cannot be written", "err", err)
	r.group.reset()
	r.end(CodeComeAgain, "edits cannot be saved now, come again")
}

// refusal says with which code a sender of something bad is closed.
func refusal(err error) (code int, reason string) {
	switch {
	case errors.Is(err, yjs.ErrTooLarge):
		return CodeTooLarge, "the page or message is too large"
	case errors.Is(err, errTooLarge):
		return CodeTooLarge, "the message is too large"
	case errors.Is(err, errStale):
		return CodeStaleCopy, "your copy is of an older document"
	case errors.Is(err, errTooFast):
		return CodeTooFast, "too many messages, come again"
	case errors.Is(err, errForged):
		return CodeRefused, "the update writes in another's name"
	default:
		return CodeRefused, "the message cannot be taken"
	}
}

// changed notes that the document is another one than it was.
func (r *room) changed() {
	r.changes++
	r.full = nil
	r.saving.touch()
}

func (r *room) person(ctx context.Context, id string) people.Person {
	if id == "" {
		return people.Person{}
	}
	p, err := r.hub.cfg.People.Get(ctx, id)
	if err != nil {
		return people.Person{ID: id, Name: id}
	}
	return p
}

// append writes a batch to the journal; after an error the room has ended.
func (r *room) append(ctx context.Context, b journal.Batch) error {
	seq, err := r.hub.cfg.Journal.Append(ctx, r.id, b)
	if err != nil {
		r.failed(err)
		return fmt.Errorf("writing edits down: %w", err)
	}
	if seq > 0 {
		r.seq = seq
	}
	r.since += len(b.Updates)
	for client, person := range b.Owners {
		r.owners[client] = person
	}
	return nil
}
