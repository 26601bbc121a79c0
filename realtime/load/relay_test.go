package load

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dealwiki/realtime/yjs"
)

// relay is the least that a server of the protocol can be. It loses every lose'th
// update on the way to others, if that is not 0.
type relay struct {
	lose int

	mu    sync.Mutex
	rooms map[string]*relayRoom
	count int
}

type relayRoom struct {
	doc   *yjs.Doc
	conns map[*websocket.Conn]int // how many updates it sent
}

func (s *relay) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	ws, err := (&websocket.Upgrader{}).Upgrade(w, r, nil)
	if err != nil {
		return
	}
	defer ws.Close()
	s.mu.Lock()
	if s.rooms == nil {
		s.rooms = map[string]*relayRoom{}
	}
	room := s.rooms[r.URL.Path]
	if room == nil {
		room = &relayRoom{doc: yjs.New(yjs.Options{}), conns: map[*websocket.Conn]int{}}
		s.rooms[r.URL.Path] = room
	}
	room.conns[ws] = 0
	_ = ws.WriteMessage(websocket.BinaryMessage, appendBytes([]byte{messageSync, syncStep1}, room.doc.StateVector().Encode())) // an error shows in reading
	s.mu.Unlock()
	for {
		_, m, err := ws.ReadMessage()
		if err != nil {
			break
		}
		s.take(room, ws, m)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(room.conns, ws)
}

func (s *relay) take(room *relayRoom, from *websocket.Conn, m []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	payload, ok := readBytes(m[2:])
	if !ok || m[0] != messageSync {
		return
	}
	if m[1] == syncStep1 {
		have, err := yjs.DecodeStateVector(payload)
		if err == nil {
			_ = from.WriteMessage(websocket.BinaryMessage, appendBytes([]byte{messageSync, syncStep2}, room.doc.Encode(have)))
		}
		return
	}
	if _, err := room.doc.Apply(payload); err != nil {
		return
	}
	s.count++
	if s.lose == 0 || s.count%s.lose != 0 {
		for ws := range room.conns {
			if ws != from {
				_ = ws.WriteMessage(websocket.BinaryMessage, appendBytes([]byte{messageSync, syncUpdate}, payload))
			}
		}
	}
	room.conns[from]++
	_ = from.WriteMessage(websocket.BinaryMessage, []byte{messagePersisted, byte(room.conns[from])}) // tests send fewer than 128
}

func startRelay(t *testing.T, s *relay) *Target {
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	return &Target{Name: "relay", PID: os.Getpid(), Address: func(room, _ int) string {
		return "ws" + strings.TrimPrefix(server.URL, "http") + "/" + string(rune('a'+room))
	}}
}

func TestRunCountsDeliveries(t *testing.T) {
	target := startRelay(t, &relay{})
	plan := Plan{Rooms: 2, Sockets: 4, Writers: 2, Rate: 50, WarmUp: 100 * time.Millisecond, Duration: 500 * time.Millisecond}
	for range 2 { // in rooms of their own
		r, err := Run(t.Context(), target, plan)
		require.NoError(t, err)
		assert.Zero(t, r.Lost)
		assert.InDelta(t, 3*r.Sent, r.Delivered, 1)
		assert.Positive(t, r.P99)
		assert.Positive(t, r.Ack99)
		assert.InDelta(t, 200, r.Offered, 0.1)
	}
	assert.Equal(t, 4, target.rooms)
}

func TestRunMissesWhatIsLost(t *testing.T) {
	r, err := Run(t.Context(), startRelay(t, &relay{lose: 10}), Plan{Rooms: 1, Sockets: 3, Writers: 1, Rate: 100, Duration: 500 * time.Millisecond})
	require.NoError(t, err)
	assert.Positive(t, r.Lost)
	assert.False(t, Goals{P99: time.Hour}.met(r))
}

func TestRunSaysWhyItFailed(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	defer server.Close()
	target := &Target{Name: "nothing", PID: os.Getpid(), Address: func(int, int) string { return "ws" + strings.TrimPrefix(server.URL, "http") }}
	_, err := Run(t.Context(), target, Plan{Rooms: 1, Sockets: 2, Writers: 1, Rate: 1})
	assert.ErrorContains(t, err, "404")
	_, err = Idle(t.Context(), target, 1, 2, 0)
	assert.ErrorContains(t, err, "404")
}

func TestIdleMeasures(t *testing.T) {
	_, err := Idle(t.Context(), startRelay(t, &relay{}), 2, 5, 10*time.Millisecond)
	require.NoError(t, err)
}

func TestEditors(t *testing.T) {
	target := startRelay(t, &relay{})
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	a, b := NewEditor(1), NewEditor(2)
	require.NoError(t, a.Replace("typed before"))
	for _, e := range []*Editor{a, b} {
		require.NoError(t, e.Connect(ctx, target.Address(0, 0), nil))
		require.NoError(t, e.Settled(ctx))
	}
	require.NoError(t, b.Replace("typed before and after"))
	require.NoError(t, b.Settled(ctx))
	assert.Len(t, b.Acknowledged(), 2)
	b.Disconnect()
	assert.False(t, b.Online())
	require.ErrorIs(t, b.Send(nil), ErrOffline)
	require.NoError(t, b.Replace("typed before, offline and after"))
	require.NoError(t, b.Connect(ctx, target.Address(0, 0), nil))
	require.NoError(t, a.await(ctx, func() bool { return a.doc.Text() == "typed before, offline and after" }))
	a.Disconnect()
	b.Disconnect()
	assert.Error(t, a.Connect(ctx, "ws://127.0.0.1:1", nil))
}
