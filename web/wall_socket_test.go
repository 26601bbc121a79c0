package web

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dealwiki/realtime"
	"dealwiki/realtime/load"
	"dealwiki/realtime/yjs"
	"dealwiki/wiki/people"
)

// socketEnd is what somebody heard at the door of a socket; the zero code is one
// that stays open.
type socketEnd struct {
	status, code int
	reason       string
	after        time.Duration
}

// knock opens a socket in a caller's name and answers what they heard.
func (w *wall) knock(c *wallCaller, path string) (socketEnd, error) {
	ctx, cancel := context.WithTimeout(w.t.Context(), 20*time.Second)
	defer cancel()
	address, header := w.socket(path), c.own.header()
	if c.token != "" {
		address, header = address+"?token="+c.token, nil
	}
	began := time.Now()
	ws, res, err := websocket.DefaultDialer.DialContext(ctx, address, header)
	if err != nil && res == nil {
		return socketEnd{}, err
	}
	if err != nil {
		return socketEnd{status: res.StatusCode}, nil
	}
	defer ws.Close()
	if err := ws.SetReadDeadline(time.Now().Add(20 * time.Second)); err != nil {
		return socketEnd{}, err
	}
	_, _, err = ws.ReadMessage()
	end := socketEnd{status: res.StatusCode, after: time.Since(began)}
	if closed, ok := err.(*websocket.CloseError); ok {
		end.code, end.reason, err = closed.Code, closed.Text, nil
	}
	return end, err
}

// socketCase is a page behind a socket's door, and what somebody needs there.
type socketCase struct {
	path   string
	shared bool // the customers' door
	level  func(*wallCaller) people.Level
}

func socketCases() []socketCase {
	open := func(c *wallCaller) people.Level { return c.open }
	restricted := func(c *wallCaller) people.Level { return c.restricted }
	shared := func(c *wallCaller) people.Level { return c.shared }
	harbour := func(c *wallCaller) people.Level {
		if c.guest && c.name == "guest of another" || !c.guest && c.open >= people.Viewer {
			return people.Viewer
		}
		return people.None
	}
	never := func(*wallCaller) people.Level { return people.None }
	return []socketCase{
		{"/live/northwind/internal/closing/close-plan", false, open},
		{"/live/northwind/external/closing/terms", false, open},
		{"/live/northwind/internal/closing/not-there", false, never},
		{"/live/northwind/external/closing/taken-back", false, never},
		{"/live/northwind/shared/closing/terms", false, never},
		{"/live/secretco/internal/closing/close-plan", false, restricted},
		{"/live/secretco/external/closing/terms", false, restricted},
		{"/live/not-there/internal/closing/close-plan", false, never},
		{"/live/playbook/external/account/icp", false, never},
		{"/live/shared/northwind/terms", true, shared},
		{"/live/shared/northwind/close-plan", true, never},
		{"/live/shared/northwind/readme", true, never},
		{"/live/shared/northwind/taken-back", true, never},
		{"/live/shared/northwind/not-there", true, never},
		{"/live/shared/northwind/agreement", true, never},
		{"/live/shared/harbour/agreement", true, harbour},
		{"/live/shared/harbour/terms", true, never},
		{"/live/shared/secretco/terms", true, restricted},
		{"/live/shared/secretco/close-plan", true, never},
		{"/live/shared/playbook/icp", true, never},
		{"/live/shared/not-there/terms", true, never},
	}
}

// heard is the code that somebody hears at a socket's door.
func (s socketCase) heard(c *wallCaller) (code int, reason string) {
	switch {
	case c.nobody, c.name == "guest who is disabled", c.token != "" && c.scopes&people.Read == 0:
		return realtime.CodeSignedOut, "sign in"
	case c.guest && !s.shared, s.level(c) < people.Viewer:
		return realtime.CodeNotFound, "not found"
	}
	return 0, ""
}

// sockets opens every socket with every caller and answers where somebody hears
// something else than who may do what says, a line each.
func (w *wall) sockets() []string {
	var mu sync.Mutex
	var out []string
	var wait sync.WaitGroup
	for _, c := range w.callers {
		wait.Go(func() {
			for _, s := range socketCases() {
				code, reason := s.heard(c)
				got, err := w.knock(c, s.path)
				line := ""
				switch {
				case err != nil:
					line = err.Error()
				case got.status != http.StatusSwitchingProtocols || got.code != code || got.reason != reason:
					line = fmt.Sprintf("%d, %d %q, not %d %q", got.status, got.code, got.reason, code, reason)
				case code == realtime.CodeNotFound && got.after < refusedAfter:
					line = fmt.Sprintf("is told after %s, sooner than others", got.after)
				}
				if line != "" {
					mu.Lock()
					out = append(out, s.path+", "+c.name+": "+line)
					mu.Unlock()
				}
			}
		})
	}
	wait.Wait()
	slices.Sort(out)
	return out
}

// TestSocketMatrix holds the doors of sockets against who may do what: what a
// caller must not see closes with one code, one reason and after the same wait,
// whatever is or is not there.
func TestSocketMatrix(t *testing.T) {
	w := newWall(t)
	var live []string
	for _, d := range w.web.Doors() {
		if d.Audience == Live {
			live = append(live, d.Pattern)
		}
	}
	assert.Equal(t, []string{"GET /live/{prospect}/{section}/{stage}/{page}", "GET /live/shared/{prospect}/{page}"}, live, "a new socket needs cases above")
	for _, line := range w.sockets() {
		t.Error(line)
	}
	// The same with the internal page open: a room that is there tells nothing.
	inside := w.callers[0].own.editor(closePlanLive)
	for _, line := range w.sockets() {
		t.Error("while it is open: " + line)
	}
	require.True(t, inside.Online())
}

// listener is one who speaks the protocol by hand and keeps every byte.
type listener struct {
	ws     *websocket.Conn
	mu     sync.Mutex
	frames [][]byte
	done   chan struct{}
	end    error
}

func (w *wall) listen(c *wallCaller, path string) *listener {
	w.t.Helper()
	address, header := w.socket(path), c.own.header()
	if c.token != "" {
		address, header = address+"?token="+c.token, nil
	}
	ws, _, err := websocket.DefaultDialer.DialContext(soon(w.t), address, header)
	require.NoError(w.t, err)
	l := &listener{ws: ws, done: make(chan struct{})}
	go func() {
		defer close(l.done)
		for {
			_, m, err := ws.ReadMessage()
			l.mu.Lock()
			if err != nil {
				l.end = err
				l.mu.Unlock()
				return
			}
			l.frames = append(l.frames, m)
			l.mu.Unlock()
		}
	}()
	return l
}

func (l *listener) close() {
	_ = l.ws.Close() // the reader ends
	<-l.done
}

func (l *listener) all() []byte {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Concat(l.frames...)
}

func (l *listener) has(kind byte, text string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.ContainsFunc(l.frames, func(m []byte) bool { return len(m) > 0 && m[0] == kind && strings.Contains(string(m), text) })
}

// framed is a message of the protocol; its payload is shorter than 16,384 bytes.
func framed(payload []byte, types ...byte) []byte {
	out := slices.Clone(types)
	if n := len(payload); n >= 0x80 {
		out = append(out, byte(n)|0x80, byte(n>>7))
	} else {
		out = append(out, byte(n))
	}
	return append(out, payload...)
}

// readers are those who read northwind's shared page and do not write it,
// and the door at which they do.
func (w *wall) readers() map[*wallCaller]string {
	out := map[*wallCaller]string{}
	for _, c := range w.callers {
		switch {
		case c.shared != people.Viewer:
		case c.guest:
			out[c] = guestLive
		default:
			out[c] = termsLive
		}
	}
	return out
}

// forgeries has everybody who only reads send every type of message, and answers
// what came of it that should not have, a line each.
func (w *wall) forgeries() []string {
	t := w.t
	var out []string
	owner := w.callers[0].own
	writer := owner.editor(termsLive)
	before := writer.Text()
	watcher := w.listen(w.callers[0], termsLive)
	defer watcher.close()
	require.NoError(t, watcher.ws.WriteMessage(websocket.BinaryMessage, framed(yjs.StateVector{}.Encode(), realtime.MessageSync, 0)))
	require.True(t, soonTrue(func() bool { return watcher.has(realtime.MessageSync, "thirty days") }))
	client := uint64(90_000)
	for c, path := range w.readers() {
		if len(out) > 0 {
			break // each that is missing is waited for
		}
		client++
		fake := yjs.New(yjs.Options{Client: client})
		update, err := fake.Change(yjs.Diff("", "forged by "+c.name)...)
		require.NoError(t, err)
		cursor, err := json.Marshal(map[string]any{"user": map[string]string{"name": "Forged Name", "color": "#000000"}, "cursor": nil})
		require.NoError(t, err)
		shown := append([]byte{1}, byte(client)|0x80, byte(client>>7)|0x80, byte(client>>14), 1)
		shown = append(append(shown, byte(len(cursor))), cursor...)
		for name, message := range map[string][]byte{
			"step 2": framed(update, realtime.MessageSync, 1), "update": framed(update, realtime.MessageSync, 2),
			"checkpoint": framed([]byte(`{"message":"forged checkpoint"}`), realtime.MessageCheckpoint),
			"persisted":  {realtime.MessagePersisted, 1}, "committed": framed([]byte(`{"version":"forged"}`), realtime.MessageCommitted),
			"notice": framed([]byte(`{"code":"forged","text":"forged"}`), realtime.MessageNotice),
			"query":  {realtime.MessageQueryAwareness}, "awareness": framed(shown, realtime.MessageAwareness), "unknown": {99, 1, 1},
		} {
			l := w.listen(c, path)
			require.NoError(t, l.ws.WriteMessage(websocket.BinaryMessage, framed(yjs.StateVector{}.Encode(), realtime.MessageSync, 0)))
			require.NoError(t, l.ws.WriteMessage(websocket.BinaryMessage, message))
			switch name {
			case "step 2", "update", "checkpoint":
				if !soonTrue(func() bool { return l.has(realtime.MessageNotice, "read-only") }) {
					out = append(out, fmt.Sprintf("%s: no notice that a %s is not taken", c.name, name))
				}
				if l.has(realtime.MessagePersisted, "\x01") {
					out = append(out, fmt.Sprintf("%s: their %s is acknowledged", c.name, name))
				}
			case "persisted", "committed", "notice":
				<-l.done
				if closed, ok := l.end.(*websocket.CloseError); !ok || closed.Code != realtime.CodeRefused {
					out = append(out, fmt.Sprintf("%s: a %s of their own ends in %v", c.name, name, l.end))
				}
			case "awareness":
				if me := c.caller.Person.Name; !soonTrue(func() bool { return watcher.has(realtime.MessageAwareness, `"name":"`+me+`"`) }) {
					out = append(out, fmt.Sprintf("%s: is not shown as %s", c.name, me))
				}
			}
			l.close()
		}
	}
	// What comes after all of it has gone round: an honest edit.
	typed(t, writer, "thirty days", "thirty whole days")
	require.True(t, soonTrue(func() bool { return watcher.has(realtime.MessageSync, "whole") }))
	if text := strings.Replace(before, "thirty days", "thirty whole days", 1); writer.Text() != text {
		out = append(out, "the page became "+writer.Text())
	}
	for _, word := range []string{"forged", "Forged"} {
		if strings.Contains(string(watcher.all()), word) {
			out = append(out, "others are sent what was "+word)
		}
	}
	typed(t, writer, "thirty whole days", "thirty days")
	writer.Disconnect()
	return out
}

func soonTrue(f func() bool) bool {
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(2 * time.Millisecond) {
		if f() {
			return true
		}
	}
	return false
}

// TestReadersSockets: who may only read takes part, is told what is not taken,
// and reaches nobody; nobody is called by another name than their own.
func TestReadersSockets(t *testing.T) {
	w := newWall(t)
	require.GreaterOrEqual(t, len(w.readers()), 4)
	for _, line := range w.forgeries() {
		t.Error(line)
	}
}

// TestSocketsTellNothingOfInternalRooms: what a guest's own socket and list of
// who is there send does not depend on who writes inside.
func TestSocketsTellNothingOfInternalRooms(t *testing.T) {
	w := newWall(t)
	guest := w.callers[slices.IndexFunc(w.callers, func(c *wallCaller) bool { return c.name == "guest editor" })]
	l := w.listen(guest, guestLive)
	defer l.close()
	require.NoError(t, l.ws.WriteMessage(websocket.BinaryMessage, framed(yjs.StateVector{}.Encode(), realtime.MessageSync, 0)))
	present := func() string { return guest.own.ok("/-/shared/northwind/present?at=terms") }
	require.True(t, soonTrue(func() bool { return strings.Contains(present(), `"editing":true`) }))
	alone := present()
	inside := []*load.Editor{w.callers[0].own.editor(closePlanLive), w.callers[1].own.editor(closePlanLive)}
	typed(t, inside[0], "# Close plan", "# Close plan "+canary)
	require.NoError(t, inside[0].Checkpoint("Saved "+canary))
	require.Eventually(t, func() bool { return len(inside[1].Commits()) > 0 }, 20*time.Second, 5*time.Millisecond)
	assert.Equal(t, alone, present())
	// A round trip behind all that was sent: the guest asks who is there.
	require.NoError(t, l.ws.WriteMessage(websocket.BinaryMessage, []byte{realtime.MessageQueryAwareness}))
	require.True(t, soonTrue(func() bool { return l.has(realtime.MessageAwareness, "") }))
	for _, word := range []string{canary, "Dana", "Mara", "close-plan", "internal", w.dana.ID, w.mara.ID} {
		assert.NotContains(t, string(l.all()), word)
	}
}
