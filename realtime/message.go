package realtime

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"dealwiki/realtime/journal"
	"dealwiki/realtime/yjs"
	"dealwiki/wiki/guard"
)

var (
	errStale  = errors.New("copy of a document that was rebuilt")
	errForged = errors.New("update under another's client id")
)

// maxNewClients is how many client ids one update may bring that nobody used
// before: an offline copy has one for each time the page was opened.
const maxNewClients = 500

// join lets a socket in: the room asks what the client has and tells it who is
// here.
func (r *room) join(s *socket) {
	r.sockets[s] = struct{}{}
	s.in, s.sentAt, s.pingAt = true, time.Now(), time.Now()
	s.send(syncFrame(syncStep1, r.doc.StateVector().Encode()))
	if len(r.aware) > 0 {
		s.send(r.everybody(s))
	}
	if !s.write.Load() {
		s.send(noticeFrame(noticeReadOnly, "You can read this page but not change it."))
	}
	if r.draining {
		s.close(CodeComeAgain, "shutting down")
	}
}

// left lets a socket go and tells the others at once.
func (r *room) left(s *socket) {
	if _, here := r.sockets[s]; !here {
		return
	}
	delete(r.sockets, s)
	if s.aware {
		r.forget(s)
	}
	if len(r.sockets) == 0 {
		r.empty = time.Now()
	}
	if s.write.Load() && !r.hasWriter() {
		r.saving.soon = true // the last editor left
	}
}

func (r *room) hasWriter() bool {
	for s := range r.sockets {
		if s.write.Load() {
			return true
		}
	}
	return false
}

// message takes one message of a socket.
func (r *room) message(s *socket, data []byte) error {
	kind, rest, err := readUint(data)
	if err != nil {
		return err
	}
	switch kind {
	case MessageSync:
		return r.sync(s, rest)
	case MessageAwareness:
		payload, _, err := readBytes(rest)
		if err != nil {
			return err
		}
		return r.awareness(s, payload)
	case MessageQueryAwareness:
		s.sentAt = time.Now()
		s.send(r.everybody(s))
		return nil
	case MessageCheckpoint:
		payload, _, err := readBytes(rest)
		if err != nil {
			return err
		}
		return r.checkpoint(s, payload)
	case MessagePersisted, MessageCommitted, MessageNotice:
		return fmt.Errorf("%w: type %d is the server's", errMessage, kind)
	}
	return nil // of a newer client, or authentication, which the door has done
}

func (r *room) sync(s *socket, data []byte) error {
	kind, rest, err := readUint(data)
	if err != nil {
		return err
	}
	payload, _, err := readBytes(rest)
	if err != nil {
		return err
	}
	switch kind {
	case syncStep1:
		return r.step1(s, payload)
	case syncStep2, syncUpdate:
		return r.update(s, payload)
	}
	return fmt.Errorf("%w: sync message %d", errMessage, kind)
}

// step1 notes what a client has; it gets the rest after the group is on disk.
func (r *room) step1(s *socket, vector []byte) error {
	have, err := yjs.DecodeStateVector(vector)
	if err != nil {
		return err
	}
	// A copy that shares nothing with a document that was rebuilt would double
	// the text.
	if !s.greeted && !s.who.HasEpoch && r.rebuilt && len(have) > 0 && !have.Meets(r.doc.StateVector()) {
		return errStale
	}
	s.greeted = true
	s.asked = vector
	r.group.greet(s)
	return nil
}

// answerStep1 is what a client lacks.
func (r *room) answerStep1(s *socket) []byte {
	have, err := yjs.DecodeStateVector(s.asked)
	if err != nil || len(have) == 0 {
		have = nil
	}
	s.asked, s.synced = nil, true
	if have == nil {
		return syncFrame(syncStep2, r.encoded())
	}
	return syncFrame(syncStep2, r.doc.Encode(have))
}

// update takes an update of a client's. After an error nothing of it is there.
func (r *room) update(s *socket, data []byte) error {
	u, err := yjs.Decode(data, r.hub.cfg.Limits.Document)
	if err != nil {
		return err
	}
	if !s.greeted && !s.who.HasEpoch && r.rebuilt && len(r.doc.Unknown(u)) > 0 {
		return errStale // it has not shown that its copy is of this document
	}
	if guard.ReadersUpdate.Stops(!s.write.Load()) {
		if r.knows(s, u) {
			s.taken++
			r.group.ack(s)
			return nil
		}
		s.send(noticeFrame(noticeReadOnly, "You can read this page but not change it. What you type is not saved."))
		return nil
	}
	person := s.who.Caller.Person.ID
	bind, lost, err := r.bind(person, s, r.doc.Unknown(u))
	if err != nil {
		return err
	}
	effect, err := r.doc.ApplyUpdate(u)
	if err != nil {
		return err
	}
	s.taken++
	r.group.ack(s)
	if !effect.Changed {
		return nil
	}
	g := &r.group
	credit := person
	if len(lost) > 0 {
		credit = recoveredPerson
	}
	g.batch.Updates = append(g.batch.Updates, journal.Update{Person: credit, Data: data, Removed: effect.Removed, At: r.hub.cfg.Now()})
	for client := range bind {
		if g.batch.Owners == nil {
			g.batch.Owners = map[uint64]string{}
		}
		g.batch.Owners[client] = person
		r.owners[client] = person // at once, for the rest of the group
	}
	for client := range lost {
		r.lost[client] = true
	}
	r.changed()
	if r.doc.Pending() && len(r.doc.Unknown(u)) > 0 {
		r.held = append(r.held, heldUpdate{s, u, data})
		return nil
	}
	g.update(s, data)
	return nil
}

// knows reports whether an update has nothing new, such as the answer of a
// client that has typed nothing. It may cost a copy of the document, so it looks
// only now and then at what one socket sends.
func (r *room) knows(s *socket, u *yjs.Update) bool {
	if len(r.doc.Unknown(u)) > 0 || time.Since(s.lookedAt) < time.Second {
		return false
	}
	s.lookedAt = time.Now()
	effect, err := r.doc.Fork(0).ApplyUpdate(u)
	return err == nil && !effect.Changed
}

// recoveredPerson stands in the journal for whoever wrote what somebody else
// brought back. It is nobody's id.
const recoveredPerson = "(recovered)"

// bind finds out whose the characters of an update are. Client ids that nobody
// used before become the person's. A recovering document takes what is under
// others' ids, and under unknown ones that are not the socket's own, as
// recovered: it credits nobody and binds nothing.
func (r *room) bind(person string, s *socket, unknown map[uint64][]yjs.Range) (bind, lost map[uint64]struct{}, err error) {
	for client := range unknown {
		owner, known := r.owners[client]
		switch {
		case known && owner == person:
			continue
		case known && !r.recovering:
			return nil, nil, fmt.Errorf("%w: %d", errForged, client)
		case !known && !r.recovering && r.shown[client] != "" && r.shown[client] != person:
			return nil, nil, fmt.Errorf("%w: %d", errForged, client) // theirs, though they have not written yet
		case known || r.recovering && !(s.aware && s.awareness == client):
			if lost == nil {
				lost = map[uint64]struct{}{}
			}
			lost[client] = struct{}{}
			continue
		}
		if bind == nil {
			bind = map[uint64]struct{}{}
		}
		if bind[client] = struct{}{}; len(bind) > maxNewClients {
			return nil, nil, fmt.Errorf("%w: more than %d new client ids", errMessage, maxNewClients)
		}
	}
	return bind, lost, nil
}

// maxCheckpoint is the length of a checkpoint's message in bytes; more is cut.
const maxCheckpoint = 400

// checkpoint makes a version now, with what the client says of it.
func (r *room) checkpoint(s *socket, payload []byte) error {
	if len(payload) > 8<<10 {
		return fmt.Errorf("%w: a checkpoint of %d bytes", errTooLarge, len(payload))
	}
	var c struct {
		Message string `json:"message"`
	}
	if err := json.Unmarshal(payload, &c); err != nil {
		return fmt.Errorf("%w: checkpoint: %w", errMessage, err)
	}
	if !s.write.Load() {
		s.send(noticeFrame(noticeReadOnly, "You can read this page but not save versions of it."))
		return nil
	}
	r.saving.soon = true
	r.saving.message = cleanMessage(c.Message)
	r.saving.asker = s
	return nil
}
