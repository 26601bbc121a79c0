package realtime

import (
	"context"
	"errors"
	"io"
	"net/http"
	"time"

	"github.com/gorilla/websocket"

	"dealwiki/wiki"
	"dealwiki/wiki/people"
)

// Serve makes the request a socket of the page's room and returns when it has
// ended. The caller has checked the request's Origin and who the visitor is.
func (h *Hub) Serve(w http.ResponseWriter, r *http.Request, v Visitor) {
	if v.Side == nil || v.Caller.Person.ID == "" || v.Place.Section != v.Side.Section() {
		h.Refuse(w, r, CodeNotFound, "not found")
		return
	}
	var room *room
	var err error
	for range 5 {
		room, err = h.acquire(r.Context(), v.Side.Prospect(), v.Place, true)
		if err != nil {
			break
		}
		select {
		case <-room.done: // ended since; there is another by now
			h.release(room)
			err = errEnded
			continue
		default:
		}
		break
	}
	switch {
	case errors.Is(err, wiki.ErrNotFound):
		h.Refuse(w, r, CodeNotFound, "not found")
		return
	case err != nil:
		if !errors.Is(err, ErrClosed) && r.Context().Err() == nil {
			h.log.Error("opening a live page", "page", nameOf(v.Side.Prospect(), v.Place), "err", err)
		}
		h.Refuse(w, r, CodeComeAgain, "come again")
		return
	}
	defer h.release(room)
	if v.HasEpoch && v.Epoch != room.epoch {
		h.Refuse(w, r, CodeStaleCopy, "your copy is of an older document")
		return
	}
	s := &socket{hub: h, room: room, who: v, wake: make(chan struct{}, 1), ended: make(chan struct{})}
	s.write.Store(v.Write)
	if code, reason := h.enter(s); code != 0 {
		h.Refuse(w, r, code, reason)
		return
	}
	defer h.leave(s)
	if !s.upgrade(w, r) {
		return
	}
	defer s.ws.Close()
	go s.writing()
	if !room.put(event{socket: s, join: true}) {
		s.close(CodeComeAgain, "come again")
	}
	s.reading()
}

// enter counts a socket in, or answers the code to refuse it with.
func (h *Hub) enter(s *socket) (code int, reason string) {
	person := s.who.Caller.Person.ID
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.shut {
		return CodeComeAgain, "shutting down"
	}
	if h.persons[person] >= h.cfg.Limits.Sockets {
		return CodeTooFast, "too many pages open at once"
	}
	h.persons[person]++
	h.work.Add(1)
	return 0, ""
}

// upgrade makes the request a socket.
func (s *socket) upgrade(w http.ResponseWriter, r *http.Request) bool {
	ws, conn, err := s.hub.upgrade(w, r)
	if err != nil {
		s.hub.log.Debug("upgrading to a websocket", "err", err)
		return false
	}
	s.ws, s.net, s.direct = ws, conn, newDirect(conn.Conn)
	s.bucket = newBucket(s.hub.cfg.Limits.Messages, s.hub.cfg.Limits.Burst)
	h := s.hub
	h.mu.Lock()
	defer h.mu.Unlock()
	h.sockets[s] = struct{}{}
	side := wiki.SideID{Prospect: s.room.prospect, Section: s.room.place.Section}
	if h.sides[side] == nil {
		h.sides[side] = map[*socket]struct{}{}
	}
	h.sides[side][s] = struct{}{}
	return true
}

// leave counts a socket out.
func (h *Hub) leave(s *socket) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.sockets, s)
	side := wiki.SideID{Prospect: s.room.prospect, Section: s.room.place.Section}
	delete(h.sides[side], s)
	if len(h.sides[side]) == 0 {
		delete(h.sides, side)
	}
	person := s.who.Caller.Person.ID
	if h.persons[person]--; h.persons[person] <= 0 {
		delete(h.persons, person)
	}
	h.work.Done()
}

func (h *Hub) upgrade(w http.ResponseWriter, r *http.Request) (*websocket.Conn, *meteredConn, error) {
	j := &hijacker{ResponseWriter: w}
	ws, err := h.upgrader.Upgrade(j, r, nil)
	if err != nil {
		return nil, nil, err
	}
	return ws, j.conn, nil
}

// Refuse makes the request a socket only to close it with a code and a reason.
func (h *Hub) Refuse(w http.ResponseWriter, r *http.Request, code int, reason string) {
	ws, conn, err := h.upgrade(w, r)
	if err != nil {
		h.log.Debug("upgrading to a websocket", "err", err)
		return
	}
	defer ws.Close()
	_ = conn.SetDeadline(time.Now().Add(lingerTime))
	if _, err := conn.Conn.Write(closeFrame(code, reason)); err != nil {
		return
	}
	_, _ = io.CopyN(io.Discard, conn.Conn, 1<<20)
}

// recheck asks for those whom a change may concern, or everybody, whether they
// may still be here.
func (h *Hub) recheck(ctx context.Context, c *people.Change) {
	h.mu.Lock()
	list := make([]*socket, 0, len(h.sockets))
	for s := range h.sockets {
		if s.who.Check == nil {
			continue
		}
		if c == nil || c.Kind == people.Everything ||
			c.Kind == people.PersonChanged && c.Person == s.who.Caller.Person.ID ||
			c.Kind == people.AccessChanged && (c.Prospect == "" || c.Prospect == s.room.prospect) {
			list = append(list, s)
		}
	}
	h.mu.Unlock()
	for _, s := range list {
		if ctx.Err() != nil {
			return
		}
		s.check(ctx)
	}
}

// check asks whether the visitor may still be here.
func (s *socket) check(ctx context.Context) {
	write, err := s.who.Check(ctx)
	switch {
	case err != nil && ctx.Err() != nil:
	case errors.Is(err, people.ErrNotFound):
		s.close(CodeSignedOut, "signed out")
	case err != nil:
		s.close(CodeNotFound, "not found")
	case write && !s.write.Load():
		// What was refused until now comes when the client syncs anew.
		s.close(CodeComeAgain, "you may write now")
	case !write && s.write.Swap(false):
		s.send(noticeFrame(noticeReadOnly, "You can read this page but not change it any more. What you type is not saved."))
	}
}
