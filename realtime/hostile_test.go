package realtime_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dealwiki/realtime"
	"dealwiki/realtime/yjs"
	"dealwiki/wiki"
	"dealwiki/wiki/people"
)

func sync1(kind byte, payload []byte) []byte { return append([]byte{0, kind}, bytesOf(payload)...) }

func TestBadMessagesCloseTheirSenderAlone(t *testing.T) {
	s := newSite(t, realtime.Config{})
	s.page(planAt, "# Plan\n")
	tom := s.join(s.tom, planAt, "").in()
	other := yjs.New(yjs.Options{Client: 77})
	update, err := other.Change(yjs.Edit{Insert: "poison"})
	require.NoError(t, err)
	var many []entry
	for i := range uint64(10_000) {
		many = append(many, entry{i + 1, 1, `{}`})
	}
	over := bytes.Repeat([]byte{0xff}, 11)
	for name, c := range map[string]struct {
		message []byte
		code    int
	}{
		"no number":                  {[]byte{0x80}, realtime.CodeRefused},
		"endless number":             {over, realtime.CodeRefused},
		"sync without kind":          {[]byte{0}, realtime.CodeRefused},
		"sync of unknown kind":       {sync1(9, nil), realtime.CodeRefused},
		"step 1 cut off":             {[]byte{0, 0, 5, 1}, realtime.CodeRefused},
		"step 1 of nonsense":         {sync1(0, over), realtime.CodeRefused},
		"step 2 of nonsense":         {sync1(1, over), realtime.CodeRefused},
		"update cut off":             {sync1(2, update[:len(update)-3]), realtime.CodeRefused},
		"update that claims more":    {append([]byte{0, 2, 0xff, 0xff, 0x7f}, update...), realtime.CodeRefused},
		"update of another root":     {sync1(2, bytes.Replace(update, []byte("content"), []byte("comment"), 1)), realtime.CodeRefused},
		"awareness cut off":          {[]byte{1, 9, 1}, realtime.CodeRefused},
		"awareness of nonsense":      {append([]byte{1}, bytesOf([]byte{1, 5, 1, 3, '{', '{', '{'})...), realtime.CodeRefused},
		"awareness not UTF-8":        {awareness(entry{5, 1, "{\"cursor\":\"\xff\"}"}), realtime.CodeRefused},
		"awareness that is a number": {awareness(entry{5, 1, `17`}), realtime.CodeRefused},
		"awareness of ten thousand":  {awareness(many...), realtime.CodeRefused},
		"awareness of a megabyte":    {awareness(entry{5, 1, `{"a":"` + strings.Repeat("x", 1<<20) + `"}`}), realtime.CodeTooLarge},
		"awareness clock":            {awareness(entry{5, 1<<53 - 1, `{}`}), realtime.CodeRefused},
		"acknowledgement":            {append([]byte{100}, 9), realtime.CodeRefused},
		"version":                    {append([]byte{101}, bytesOf([]byte(`{}`))...), realtime.CodeRefused},
		"notice":                     {append([]byte{102}, bytesOf([]byte(`{}`))...), realtime.CodeRefused},
		"checkpoint of nonsense":     {append([]byte{103}, bytesOf([]byte(`{`))...), realtime.CodeRefused},
		"checkpoint cut off":         {[]byte{103, 9}, realtime.CodeRefused},
		"checkpoint of a megabyte":   {append([]byte{103}, bytesOf([]byte(`{"message":"`+strings.Repeat("x", 1<<20)+`"}`))...), realtime.CodeTooLarge},
		"three megabytes":            {make([]byte, 3<<20), realtime.CodeTooLarge},
	} {
		t.Run(name, func(t *testing.T) {
			evil := s.dial(s.dana, planAt, "")
			go evil.listen()
			require.NoError(t, evil.say(c.message))
			assert.Equal(t, c.code, evil.closed())
			_ = evil.ws.Close()
		})
	}
	tom.appends("undisturbed\n")
	tom.saved().sees("# Plan\nundisturbed\n")
	assert.Equal(t, 0, tom.codeNow())
}

func (c *client) codeNow() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.code
}

func TestRandomBytesHarmNobody(t *testing.T) {
	s := newSite(t, realtime.Config{})
	s.page(planAt, "# Plan\n")
	tom := s.join(s.tom, planAt, "").in()
	random := rand.New(rand.NewPCG(1, 2))
	base := yjs.New(yjs.Options{Client: 99})
	good, err := base.Change(yjs.Edit{Insert: "good"})
	require.NoError(t, err)
	for range 100 {
		message := sync1(byte(random.IntN(3)), good)
		if random.IntN(3) == 0 {
			message = awareness(entry{5, 1, `{"cursor":{"anchor":1}}`})
		}
		for range 1 + random.IntN(4) {
			message[random.IntN(len(message))] = byte(random.UintN(256))
		}
		evil := s.dial(s.dana, planAt, "")
		go evil.listen()
		require.NoError(t, evil.say(message[:1+random.IntN(len(message))]))
		evil.leave()
		assert.NotEqual(t, -1, evil.code, "% x", message)
		_ = evil.ws.Close()
	}
	tom.types(0, 0, "undisturbed ")
	tom.saved()
	late := s.join(s.ada, planAt, "").in()
	late.sees(tom.text())
}

func TestFrames(t *testing.T) {
	s := newSite(t, realtime.Config{})
	s.page(planAt, "# Plan\n")
	frame := func(first byte, n int, payload []byte) []byte {
		b := []byte{first}
		switch {
		case n < 126:
			b = append(b, 0x80|byte(n))
		default:
			b = binary.BigEndian.AppendUint64(append(b, 0x80|127), uint64(n))
		}
		return append(append(b, 0, 0, 0, 0), payload...)
	}
	for name, c := range map[string]struct {
		bytes []byte
		again int
		code  int
	}{
		"a frame of 64 MB":        {frame(0x82, 64<<20, make([]byte, 4<<20)), 1, realtime.CodeTooLarge},
		"a length of 2^62":        {frame(0x82, 1<<62, make([]byte, 4<<20)), 1, realtime.CodeTooLarge},
		"a length below zero":     {append([]byte{0x82, 0xff}, bytes.Repeat([]byte{0xff}, 20)...), 1, realtime.CodeTooLarge},
		"reserved bits":           {frame(0xc2, 1, []byte{0}), 1, 1002},
		"no mask":                 {[]byte{0x82, 1, 0}, 1, 1002},
		"text":                    {frame(0x81, 1, []byte("x")), 1, realtime.CodeRefused},
		"text that is not UTF-8":  {frame(0x81, 1, []byte{0xff}), 1, 1007},
		"a million fragments":     {frame(0x00, 1, []byte{0}), 1_000_000, realtime.CodeTooFast},
		"a million of no bytes":   {frame(0x00, 0, nil), 1_000_000, realtime.CodeTooFast},
		"ten thousand pings":      {frame(0x89, 0, nil), 10_000, realtime.CodeTooFast},
		"ten thousand pongs":      {frame(0x8a, 0, nil), 10_000, realtime.CodeTooFast},
		"ten thousand messages":   {frame(0x82, 1, []byte{2}), 10_000, realtime.CodeTooFast},
		"ten thousand of nothing": {frame(0x82, 0, nil), 10_000, realtime.CodeTooFast},
	} {
		t.Run(name, func(t *testing.T) {
			evil := s.dial(s.dana, planAt, "")
			evil.mute = true // an answer would break into the message of fragments
			go evil.listen()
			raw := evil.ws.NetConn()
			if strings.HasPrefix(name, "a million") {
				_, err := raw.Write(frame(0x02, 1, []byte{0}))
				require.NoError(t, err)
			}
			all := bytes.Repeat(c.bytes, min(c.again, 10_000))
			for range max(1, c.again/10_000) {
				_ = raw.SetWriteDeadline(time.Now().Add(soon))
				if _, err := raw.Write(all); err != nil {
					break
				}
			}
			assert.Equal(t, c.code, evil.closed())
			_ = evil.ws.Close()
		})
	}
	s.join(s.tom, planAt, "").in()
}

func TestNobodyWritesInAnothersName(t *testing.T) {
	s := newSite(t, realtime.Config{})
	s.page(planAt, "# Plan\n")
	dana := s.join(s.dana, planAt, "").in()
	dana.appends("by Dana\n")
	dana.saved()

	// Tom's client goes on under Dana's client id.
	forged := dana.twin()
	forgery, err := forged.Change(yjs.Edit{Insert: "I resign. "})
	require.NoError(t, err)
	tom := s.join(s.tom, planAt, "").in()
	tom.update(forgery)
	assert.Equal(t, realtime.CodeRefused, tom.closed())
	assert.Equal(t, "# Plan\nby Dana\n", dana.text())

	// Dana's own edits come on another connection.
	back := s.joinWith(s.dana, planAt, "", dana.twin()).in()
	back.update(forgery)
	back.saved()
	dana.sees("I resign. # Plan\nby Dana\n")
}

// A client id is seen by all before anything is written under it; who takes it
// would have its owner refused.
func TestNobodyTakesAClientIDThatAnotherShows(t *testing.T) {
	s := newSite(t, realtime.Config{})
	s.page(planAt, "# Plan\n")
	tom := s.join(s.tom, planAt, "").in()
	take := func() {
		evil := s.join(s.dana, planAt, "").in()
		theft, err := yjs.New(yjs.Options{Client: tom.doc.Client()}).Change(yjs.Edit{Insert: "I resign. "})
		require.NoError(t, err)
		evil.update(theft)
		assert.Equal(t, realtime.CodeRefused, evil.closed())
	}
	ada := s.join(s.ada, planAt, "").in()
	ada.until("Tom's cursor", func() bool { return ada.aware[tom.doc.Client()] != "" })
	take()
	away := tom.twin()
	tom.leave()
	take()
	_, err := away.Change(yjs.Edit{Insert: "From the train. "})
	require.NoError(t, err)
	back := s.joinWith(s.tom, planAt, "", away).in()
	back.saved()
	ada.sees("From the train. # Plan\n")
}

func TestReadersWritesReachNobody(t *testing.T) {
	s := newSite(t, realtime.Config{})
	s.page(planAt, "# Plan\n")
	dana := s.join(s.dana, planAt, "").in()
	reader := s.join(s.tom, planAt, "&read").in()
	reader.appends("sneaked in\n")
	reader.until("a notice", func() bool { return len(reader.notices) == 2 })
	assert.Equal(t, []string{"read-only", "read-only"}, reader.notices)
	late := s.join(s.ada, planAt, "").in()
	assert.Equal(t, "# Plan\n", late.text())
	dana.appends("more\n")
	dana.saved().sees("# Plan\nmore\n")

	// A deletion alone adds nothing, and is refused as well.
	deletes := s.join(s.tom, planAt, "&read").in()
	deletes.types(0, 7, "")
	deletes.until("a notice", func() bool { return len(deletes.notices) == 2 })
	assert.Equal(t, "# Plan\nmore\n", s.join(s.ada, planAt, "").in().text())

	// Who types nothing is not told off.
	quiet := s.joinWith(s.tom, planAt, "&read", late.copied()).in()
	quiet.until("acknowledgement", func() bool { return quiet.persisted == 1 })
	assert.Len(t, quiet.notices, 1)
}

func TestAccessIsAskedAgain(t *testing.T) {
	s := newSite(t, realtime.Config{})
	s.page(planAt, "# Plan\n")
	dana, tom := s.join(s.dana, planAt, "").in(), s.join(s.tom, planAt, "").in()
	changes := 0
	change := func(c people.Caller) {
		changes++
		name := fmt.Sprintf("%s %d", c.Person.Name, changes)
		_, err := s.db.Update(s.ctx(), people.System("test"), c.Person.ID, people.Patch{Name: &name})
		require.NoError(t, err)
	}
	s.may(s.tom, errMayRead)
	change(s.tom)
	tom.until("a notice", func() bool { return len(tom.notices) == 1 })
	tom.appends("too late\n")
	tom.until("a notice", func() bool { return len(tom.notices) == 2 })
	s.may(s.tom, nil)
	change(s.tom)
	assert.Equal(t, realtime.CodeComeAgain, tom.closed(), "to sync what was refused")

	s.may(s.dana, people.ErrNotFound)
	change(s.dana)
	assert.Equal(t, realtime.CodeSignedOut, dana.closed())
	dana = s.join(s.dana, planAt, "").in()
	s.may(s.dana, wiki.ErrNotFound)
	change(s.dana)
	assert.Equal(t, realtime.CodeNotFound, dana.closed())
}

func TestLimitsOfOnePerson(t *testing.T) {
	s := newSite(t, realtime.Config{Limits: realtime.Limits{Sockets: 3}})
	s.page(planAt, "# Plan\n")
	for range 3 {
		s.join(s.dana, planAt, "").in()
	}
	fourth := s.dial(s.dana, planAt, "")
	go fourth.listen()
	assert.Equal(t, realtime.CodeTooFast, fourth.closed())
	_ = fourth.ws.Close()
	s.join(s.tom, planAt, "").in()
}

func TestSlowReaderIsCutOff(t *testing.T) {
	s := newSite(t, realtime.Config{Limits: realtime.Limits{Queue: 256 << 10, Messages: 1 << 20, Burst: 1 << 20}})
	s.page(planAt, "# Plan\n")
	dana := s.join(s.dana, planAt, "").in()
	slow := s.dial(s.tom, planAt, "")
	if tcp, ok := slow.ws.NetConn().(*net.TCPConn); ok {
		require.NoError(t, tcp.SetReadBuffer(4096))
	}
	slow.step1()
	big := strings.Repeat("all work and no play makes a dull page\n", 2000)
	end := time.Now().Add(soon)
	gone := func() bool {
		for _, p := range s.hub.Present(s.slug, wiki.Internal) {
			if p.Name == "Tom Okafor" {
				return false
			}
		}
		return true
	}
	for !gone() && time.Now().Before(end) {
		dana.types(0, 0, big)
		dana.types(0, len(big), "")
		dana.saved()
	}
	assert.True(t, gone(), "nobody waits for a reader")
	_ = slow.ws.Close()
	again := s.join(s.tom, planAt, "").in()
	again.sees(dana.text())
}

func TestHalfOpenSocketIsGone(t *testing.T) {
	s := newSite(t, realtime.Config{Limits: realtime.Limits{Silence: 400 * time.Millisecond}})
	s.page(planAt, "# Plan\n")
	dead := s.dial(s.tom, planAt, "") // which reads nothing, so it answers no ping
	require.Eventually(t, func() bool { return len(s.hub.Present(s.slug, wiki.Internal)) == 1 }, soon, time.Millisecond)
	require.Eventually(t, func() bool { return len(s.hub.Present(s.slug, wiki.Internal)) == 0 }, soon, time.Millisecond)
	_ = dead.ws.Close()
}

func TestAwarenessIsTheServers(t *testing.T) {
	s := newSite(t, realtime.Config{})
	s.page(planAt, "# Plan\n")
	tom := s.join(s.tom, planAt, "").in()
	dana := s.join(s.dana, planAt, "").in()
	dana.present(`{"user":{"name":"Tom Okafor","color":"url(x)"},"user":{"name":"Ada"},"cursor":{"anchor":3}}`)
	var got string
	tom.until("Dana's cursor", func() bool {
		got = tom.aware[dana.doc.Client()]
		return strings.Contains(got, "anchor")
	})
	assert.JSONEq(t, `{"user":{"name":"Dana Reyes","color":"#3060c0","colorLight":"#3060c033","id":"dana"},"cursor":{"anchor":3}}`, got)

	// Speaking for another is passed over, as is a second id.
	require.NoError(t, dana.say(awareness(entry{tom.doc.Client(), 99, `{"cursor":1}`}, entry{424242, 1, `{}`}, entry{dana.doc.Client(), 50, `{"n":1}`})))
	tom.until("Dana's next", func() bool { return strings.Contains(tom.aware[dana.doc.Client()], `"n"`) })
	assert.NotContains(t, tom.aware, uint64(424242))
	guest := s.join(s.ada, planAt, "&guest").in()
	tom.until("a guest", func() bool { return tom.aware[guest.doc.Client()] != "" })
	assert.NotContains(t, tom.aware[guest.doc.Client()], `"id"`)
	late := s.join(s.ada, planAt, "")
	late.until("everybody", func() bool { return len(late.aware) == 3 })

	dana.leave()
	tom.until("Dana to leave", func() bool { _, there := tom.aware[dana.doc.Client()]; return !there })
}

func TestPresence(t *testing.T) {
	s := newSite(t, realtime.Config{})
	s.page(planAt, "# Plan\n")
	s.join(s.dana, planAt, "").in()
	s.join(s.tom, planAt, "&read").in()
	s.hub.Note(s.slug, place("internal/closing/other"), s.ada.Person.ID, "Ada", "#000000", false)
	got := s.hub.Present(s.slug, wiki.Internal)
	require.Len(t, got, 3)
	assert.Equal(t, realtime.Presence{Person: s.ada.Person.ID, Name: "Ada", Color: "#000000", Place: place("internal/closing/other")}, got[0])
	assert.True(t, got[1].Editing)
	assert.False(t, got[2].Editing)
	assert.Empty(t, s.hub.Present(s.slug, wiki.External))
}

func TestNoSuchPage(t *testing.T) {
	s := newSite(t, realtime.Config{})
	gone := s.dial(s.dana, "internal/closing/nothing", "")
	go gone.listen()
	assert.Equal(t, realtime.CodeNotFound, gone.closed())
	_ = gone.ws.Close()
	_, err := s.hub.Epoch(s.ctx(), s.side(wiki.Internal), place("internal/closing/nothing"))
	assert.ErrorIs(t, err, wiki.ErrNotFound)
	_, err = s.hub.Epoch(s.ctx(), s.side(wiki.Internal), place("external/closing/nothing"))
	assert.ErrorIs(t, err, wiki.ErrNotFound)
	require.False(t, errors.Is(err, websocket.ErrBadHandshake))
}
