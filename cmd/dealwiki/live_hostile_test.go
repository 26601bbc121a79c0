package main

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dealwiki/realtime/load"
	"dealwiki/realtime/yjs"
)

// wire is a connection to a room that sends bytes as they are: what gorilla
// would refuse to send.
type wire struct {
	t    testing.TB
	conn net.Conn
	r    *bufio.Reader
}

// dialWire upgrades a connection by hand; header lines are "Name: value".
func dialWire(t testing.TB, address string, header ...string) (*wire, int) {
	t.Helper()
	u, err := url.Parse(address)
	require.NoError(t, err)
	conn, err := net.DialTimeout("tcp", u.Host, patience)
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	require.NoError(t, conn.SetDeadline(time.Now().Add(patience)))
	var b bytes.Buffer
	fmt.Fprintf(&b, "GET %s HTTP/1.1\r\nHost: %s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n", u.RequestURI(), u.Host)
	for _, h := range header {
		b.WriteString(h + "\r\n")
	}
	b.WriteString("\r\n")
	_, err = conn.Write(b.Bytes())
	require.NoError(t, err)
	w := &wire{t: t, conn: conn, r: bufio.NewReader(conn)}
	res, err := http.ReadResponse(w.r, nil)
	require.NoError(t, err)
	return w, res.StatusCode
}

// frame makes a masked frame; the first byte is FIN, the reserved bits and the
// kind.
func frame(first byte, payload []byte) []byte {
	b := []byte{first}
	switch n := len(payload); {
	case n < 126:
		b = append(b, 0x80|byte(n))
	case n < 1<<16:
		b = binary.BigEndian.AppendUint16(append(b, 0x80|126), uint16(n))
	default:
		b = binary.BigEndian.AppendUint64(append(b, 0x80|127), uint64(n))
	}
	b = append(b, 0, 0, 0, 0) // a mask that changes nothing
	return append(b, payload...)
}

func (w *wire) write(b []byte) error {
	_, err := w.conn.Write(b)
	return err
}

// closed reads until the server closes and answers its code, 0 if it said none.
func (w *wire) closed() int {
	for {
		head := make([]byte, 2)
		if _, err := readFull(w.r, head); err != nil {
			return 0
		}
		size := uint64(head[1] & 0x7f)
		switch size {
		case 126:
			var b [2]byte
			if _, err := readFull(w.r, b[:]); err != nil {
				return 0
			}
			size = uint64(binary.BigEndian.Uint16(b[:]))
		case 127:
			var b [8]byte
			if _, err := readFull(w.r, b[:]); err != nil {
				return 0
			}
			size = binary.BigEndian.Uint64(b[:])
		}
		payload := make([]byte, size)
		if _, err := readFull(w.r, payload); err != nil {
			return 0
		}
		if head[0]&0xf == 8 {
			if len(payload) < 2 {
				return 1005
			}
			return int(binary.BigEndian.Uint16(payload))
		}
	}
}

func readFull(r *bufio.Reader, b []byte) (int, error) {
	n := 0
	for n < len(b) {
		m, err := r.Read(b[n:])
		n += m
		if err != nil {
			return n, err
		}
	}
	return n, nil
}

const binaryFrame, textFrame, pingFrame, last = 2, 1, 9, 0x80

// message frames an update as the protocol wants it.
func message(kind byte, update []byte) []byte {
	b := binary.AppendUvarint([]byte{0, kind}, uint64(len(update)))
	return append(b, update...)
}

// TestHostileSockets does everything to a running server that a hostile client
// can, while two people write on the same page: it is closed with the right
// code, the page stays as it is, and nobody else notices.
func TestHostileSockets(t *testing.T) {
	s := startLive(t, 3)
	const page = "internal/pricing/offer"
	s.make(page, "# Offer\n\nTwo trains.\n")
	s.make("internal/pricing/other", "# Other\n")
	a, b := s.newcomer(0, page), s.newcomer(1, page)
	want := converge(t, a, b)
	undisturbed := func(t *testing.T) {
		t.Helper()
		typeAt(t, a, -1, ".")
		typeAt(t, b, 2, "*")
		want = want[:2] + "*" + want[2:] + "."
		require.Equal(t, want, converge(t, a, b))
	}
	room := s.room(2, page)
	random := rand.New(rand.NewPCG(seed(t), 62))
	noise := make([]byte, 3000)
	for i := range noise {
		noise[i] = byte(random.Uint32())
	}
	source := yjs.New(yjs.Options{Client: 4711})
	update, err := source.Change(yjs.Edit{Insert: "EVIL EVIL"})
	require.NoError(t, err)
	endless := bytes.Repeat([]byte{0xff}, 40)
	huge := bytes.Repeat([]byte{'x'}, 1<<20+100)
	big, err := yjs.New(yjs.Options{Client: 4712, Limits: yjs.Limits{MaxText: -1, MaxMessage: -1}}).Change(yjs.Edit{Insert: string(huge)})
	require.NoError(t, err)

	whole := func(payload []byte) func(*wire) {
		return func(w *wire) { _ = w.write(frame(last|binaryFrame, payload)) } // it may be closed already
	}
	cases := []struct {
		name  string
		codes []int
		do    func(*wire)
	}{
		{"a frame of 64 MB", []int{4413}, func(w *wire) {
			_ = w.write([]byte{last | binaryFrame, 0x80 | 127, 0, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0})
			for range 64 {
				if w.write(huge) != nil {
					return
				}
			}
		}},
		{"a frame of 2^63-1 bytes", []int{4413, 1002}, func(w *wire) {
			_ = w.write([]byte{last | binaryFrame, 0x80 | 127, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0})
			for range 3 {
				_ = w.write(huge) // it may be closed already
			}
		}},
		{"a frame of 2^64-1 bytes", []int{4413, 1002}, func(w *wire) {
			_ = w.write([]byte{last | binaryFrame, 0x80 | 127, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 1, 2, 3})
		}},
		{"a million fragments of a byte", []int{4529, 4413}, func(w *wire) {
			_ = w.write(frame(binaryFrame, []byte{0}))
			few := bytes.Repeat(frame(0, []byte{0}), 1000)
			for range 1000 {
				if w.write(few) != nil {
					return
				}
			}
		}},
		{"a million empty fragments", []int{4529, 4413}, func(w *wire) {
			_ = w.write(frame(binaryFrame, nil))
			few := bytes.Repeat(frame(0, nil), 1000)
			for range 1000 {
				if w.write(few) != nil {
					return
				}
			}
		}},
		{"text that is not UTF-8", []int{1007}, func(w *wire) { _ = w.write(frame(last|textFrame, []byte{0xc3, 0x28})) }},
		{"text", []int{4422, 1003}, func(w *wire) { _ = w.write(frame(last|textFrame, []byte("hello"))) }},
		{"reserved bits", []int{1002}, func(w *wire) { _ = w.write(frame(last|0x20|binaryFrame, []byte{0})) }},
		{"a compressed frame", []int{1002}, func(w *wire) { _ = w.write(frame(last|0x40|binaryFrame, bytes.Repeat([]byte{0}, 1000))) }},
		{"an unknown kind of frame", []int{1002}, func(w *wire) { _ = w.write(frame(last|3, []byte{0})) }},
		{"an unmasked frame", []int{1002}, func(w *wire) { _ = w.write([]byte{last | binaryFrame, 2, 0, 0}) }},
		{"a long ping", []int{1002}, func(w *wire) { _ = w.write(frame(last|pingFrame, make([]byte, 126))) }},
		{"a continuation of nothing", []int{1002}, func(w *wire) { _ = w.write(frame(last, []byte{0})) }},
		{"many pings", []int{4529}, func(w *wire) {
			few := bytes.Repeat(frame(last|pingFrame, []byte("x")), 1000)
			for range 20 {
				if w.write(few) != nil {
					return
				}
			}
		}},
		{"many questions for awareness", []int{4529}, func(w *wire) {
			few := bytes.Repeat(frame(last|binaryFrame, []byte{3}), 1000)
			for range 20 {
				if w.write(few) != nil {
					return
				}
			}
		}},
		{"many empty messages", []int{4529}, func(w *wire) {
			few := bytes.Repeat(frame(last|binaryFrame, nil), 1000)
			for range 20 {
				if w.write(few) != nil {
					return
				}
			}
		}},
		{"half a number", []int{4422}, whole([]byte{0x80})},
		{"an endless number", []int{4422}, whole(endless)},
		{"sync without a step", []int{4422}, whole([]byte{0})},
		{"an unknown step", []int{4422}, whole([]byte{0, 9, 1, 0})},
		{"a length beyond the message", []int{4422}, whole([]byte{0, 2, 0xff, 0xff, 0xff, 0x0f, 1})},
		{"a length of 2^63", []int{4422}, whole(append([]byte{0, 2}, binary.AppendUvarint(nil, 1<<63)...))},
		{"a state vector of noise", []int{4422}, whole(message(0, noise[:100]))},
		{"an update of noise", []int{4422}, whole(message(2, noise))},
		{"step 2 of noise", []int{4422}, whole(message(1, noise))},
		{"a truncated update", []int{4422}, whole(message(2, update[:len(update)-3]))},
		{"an update with a tail", []int{4422}, whole(message(2, append(append([]byte{}, update...), 1, 2, 3)))},
		{"an update whose numbers overflow", []int{4422}, whole(message(2, endless))},
		{"another root", []int{4422}, whole(message(2, bytes.Replace(update, []byte("content"), []byte("contemt"), 1)))},
		{"a page that is too long", []int{4413}, whole(message(2, big))},
		{"awareness of noise", []int{4422}, whole(append([]byte{1}, append(binary.AppendUvarint(nil, 500), noise[:500]...)...))},
		{"awareness of a megabyte", []int{4422, 4413}, func(w *wire) {
			state := fmt.Appendf(nil, `{"user":{"name":"%s"}}`, bytes.Repeat([]byte{'x'}, 1<<20))
			p := binary.AppendUvarint([]byte{1, 9, 1}, uint64(len(state)))
			p = append(p, state...)
			_ = w.write(frame(last|binaryFrame, append(binary.AppendUvarint([]byte{1}, uint64(len(p))), p...)))
		}},
		{"awareness of 10,000 clients", []int{4422, 4413, 4529}, func(w *wire) {
			p := binary.AppendUvarint(nil, 10_000)
			for i := range uint64(10_000) {
				p = append(binary.AppendUvarint(p, i+1), 1, 2, '{', '}')
			}
			_ = w.write(frame(last|binaryFrame, append(binary.AppendUvarint([]byte{1}, uint64(len(p))), p...)))
		}},
		{"a checkpoint that is no JSON", []int{4422}, whole([]byte{103, 3, '{', '{', '{'})},
		{"a checkpoint with a message of 64 kB", []int{4422, 4413}, whole(append(binary.AppendUvarint([]byte{103}, 1<<16+14), fmt.Appendf(nil, `{"message":"%s"}`, bytes.Repeat([]byte{'x'}, 1<<16))...))},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			before, err := load.Memory(s.p.cmd.Process.Pid)
			require.NoError(t, err)
			w, status := dialWire(t, room)
			require.Equal(t, http.StatusSwitchingProtocols, status)
			go c.do(w) // the server may stop reading
			assert.Contains(t, c.codes, w.closed())
			after, err := load.Memory(s.p.cmd.Process.Pid)
			require.NoError(t, err)
			assert.Less(t, after-before, int64(200<<20), "memory")
			undisturbed(t)
		})
	}

	t.Run("another origin", func(t *testing.T) {
		for _, origin := range []string{"https://evil.example", "null", "http://127.0.0.1:1"} {
			_, status := dialWire(t, room, "Origin: "+origin)
			assert.Equal(t, http.StatusForbidden, status, origin)
		}
		_, status := dialWire(t, room, "Origin: "+s.p.url)
		assert.Equal(t, http.StatusSwitchingProtocols, status)
		undisturbed(t)
	})
	t.Run("nobody", func(t *testing.T) {
		address, _, _ := strings.Cut(room, "?")
		_, status := dialWire(t, address) // what a browser would send from elsewhere, too
		assert.Equal(t, http.StatusForbidden, status)
		_, status = dialWire(t, address, "Origin: "+s.p.url)
		assert.Equal(t, http.StatusSwitchingProtocols, status)
		for _, token := range []string{"?token=", "?token=nonsense"} {
			w, status := dialWire(t, address+token)
			require.Equal(t, http.StatusSwitchingProtocols, status)
			_ = w.write(frame(last|binaryFrame, message(2, update))) // it may be closed already
			assert.Equal(t, 4401, w.closed())
		}
		undisturbed(t)
	})
	t.Run("what is not there", func(t *testing.T) {
		for _, place := range []string{"internal/pricing/nothing", "internal/nowhere/offer", "external/pricing/offer", "internal/pricing/offer/deeper", "internal/pricing/%2e%2e", "nothing/pricing/offer"} {
			w, status := dialWire(t, s.room(2, place))
			if status == http.StatusSwitchingProtocols {
				assert.Equal(t, 4404, w.closed(), place)
			} else {
				assert.Equal(t, http.StatusNotFound, status, place)
			}
		}
	})
	t.Run("a hundred rooms", func(t *testing.T) {
		var codes []int
		for range 101 {
			conn, _, err := websocket.DefaultDialer.Dial(s.room(2, "internal/pricing/other"), nil)
			require.NoError(t, err)
			defer conn.Close()
			require.NoError(t, conn.SetReadDeadline(time.Now().Add(patience)))
			_, _, err = conn.ReadMessage()
			var closed *websocket.CloseError
			if ok := asClose(err, &closed); ok {
				codes = append(codes, closed.Code)
			} else {
				require.NoError(t, err)
			}
		}
		assert.Equal(t, []int{4529}, codes)
		undisturbed(t)
	})
	t.Run("another's name", func(t *testing.T) {
		conn, _, err := websocket.DefaultDialer.Dial(s.room(2, page), nil)
		require.NoError(t, err)
		defer conn.Close()
		see, _, err := websocket.DefaultDialer.Dial(s.room(1, page), nil)
		require.NoError(t, err)
		defer see.Close()
		state := []byte(`{"user":{"name":"Person 0","color":"red","id":"` + s.people[0].ID + `"},"cursor":null}`)
		p := binary.AppendUvarint([]byte{1, 9, 1}, uint64(len(state)))
		p = append(p, state...)
		require.NoError(t, conn.WriteMessage(websocket.BinaryMessage, append(binary.AppendUvarint([]byte{1}, uint64(len(p))), p...)))
		require.NoError(t, see.SetReadDeadline(time.Now().Add(patience)))
		for {
			_, m, err := see.ReadMessage()
			require.NoError(t, err)
			if m[0] == 1 && bytes.Contains(m, []byte("Person")) {
				assert.Contains(t, string(m), `"Person 2"`)
				assert.NotContains(t, string(m), "Person 0")
				break
			}
		}
	})
	t.Run("who may only read", func(t *testing.T) {
		token := newToken(t, s.data, s.people[2].Email, "read")
		reader := load.NewEditor(99)
		address, _, _ := strings.Cut(room, "?")
		require.NoError(t, reader.Connect(within(t), address+"?token="+token, nil))
		defer reader.Disconnect()
		typeAt(t, reader, 0, "NOT ALLOWED")
		require.Eventually(t, func() bool { return len(reader.Notices()) > 0 }, patience, 10*time.Millisecond)
		assert.Contains(t, reader.Notices()[0].Code, "read")
		for _, u := range reader.Acknowledged() {
			assert.Equal(t, []byte{0, 0}, u, "but for its first answer, of nothing, nothing is acknowledged")
		}
		undisturbed(t)
		assert.True(t, reader.Online(), "it goes on reading")
		assert.Eventually(t, func() bool { return strings.HasSuffix(reader.Text(), want) }, patience, 10*time.Millisecond, "%q is not at the end of what the reader sees", want)
	})
	t.Run("an account that ends", func(t *testing.T) {
		e := s.newcomer(2, page)
		dealwiki(t, "user", "disable", "-data", s.data, "-email", s.people[2].Email)
		began := time.Now()
		require.NoError(t, e.Ended(within(t)))
		assert.Less(t, time.Since(began), 6*time.Second)
		code, _ := e.Closed()
		assert.Equal(t, 4401, code)
		undisturbed(t)
	})
	undisturbed(t)
	text, _ := s.page("internal/pricing/other")
	assert.Equal(t, "# Other\n", text)
	require.NoError(t, a.Checkpoint("After the attack"))
	require.Eventually(t, func() bool { text, _ := s.page(page); return text == want }, patience, 10*time.Millisecond)
	s.p.stop(t)
	fsck(t, s.data)
	noVersionTwice(t, s.data)
}

func asClose(err error, closed **websocket.CloseError) bool {
	c, ok := err.(*websocket.CloseError)
	*closed = c
	return ok
}

// TestSlowReaderIsCutOff lets somebody stop reading while others write a lot:
// they are not held up, and whoever was slow gets everything on coming back.
func TestSlowReaderIsCutOff(t *testing.T) {
	s := startLive(t, 2)
	const page = "internal/pricing/offer"
	s.make(page, "# Offer\n")
	a, b := s.newcomer(0, page), s.newcomer(1, page)
	conn, _, err := websocket.DefaultDialer.Dial(s.room(1, page), nil)
	require.NoError(t, err)
	defer conn.Close()
	require.NoError(t, conn.WriteMessage(websocket.BinaryMessage, []byte{0, 0, 1, 0}))
	for range 3 {
		_, _, err = conn.ReadMessage()
		require.NoError(t, err)
	}
	r := rand.New(rand.NewPCG(seed(t), 20))
	chunk := make([]byte, 200_000)
	for i := range chunk {
		chunk[i] = "abcdefghijklmnopqrstuvwxyz     \n"[r.IntN(32)]
	}
	var writers []*load.Editor
	for i := range 5 {
		writers = append(writers, s.newcomer(i%2, page))
	}
	for range 22 { // 22 MB, more than sockets and the queue hold
		for _, w := range writers {
			require.NoError(t, w.Edit(func(d *yjs.Doc) []yjs.Edit {
				return []yjs.Edit{{Delete: d.Units(), Insert: string(chunk)}}
			}))
			require.NoError(t, w.Settled(within(t)))
			code, reason := w.Closed()
			require.True(t, w.Online(), "%d %s", code, reason)
		}
	}
	converge(t, a, b)
	require.NoError(t, conn.SetReadDeadline(time.Now().Add(patience)))
	for err == nil {
		_, _, err = conn.ReadMessage()
	}
	assert.NotContains(t, err.Error(), "timeout", "it was not cut off")
	back := s.newcomer(1, page)
	converge(t, a, b, back)
}

// TestLiveRevealsNoProspect: a restricted prospect's rooms answer as if they
// were not there.
func TestLiveRevealsNoProspect(t *testing.T) {
	s := startLive(t, 2)
	s.make("internal/pricing/offer", "# Offer\n")
	res, err := s.api(0).json("PATCH", "/api/v1/prospects/northwind-rail/access", map[string]any{"restricted": true})
	require.NoError(t, err)
	require.Less(t, res.status, 300, "%s", res.body)
	hidden, status := dialWire(t, s.room(1, "internal/pricing/offer"))
	require.Equal(t, http.StatusSwitchingProtocols, status)
	missing, status := dialWire(t, strings.Replace(s.room(1, "internal/pricing/offer"), "northwind-rail", "nowhere", 1))
	require.Equal(t, http.StatusSwitchingProtocols, status)
	assert.Equal(t, 4404, hidden.closed())
	assert.Equal(t, 4404, missing.closed())
}
