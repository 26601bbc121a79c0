package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dealwiki/internal/need"
	"dealwiki/realtime/load"
)

// stock is a process of Node with stock clients in it: yjs and y-websocket as
// anybody installs them.
type stock struct {
	t   testing.TB
	in  io.Writer
	out *bufio.Scanner
}

// stockState is what a stock client says of itself.
type stockState struct {
	Connected, Synced bool
	Text              string
	// Safe: everything it sent on this connection is acknowledged.
	Safe      bool
	Persisted int
	Commits   int
	Notices   []string
	Closes    []int
	Names     []string
	Pending   bool
}

func startStock(t testing.TB) *stock {
	t.Helper()
	dir, err := load.InstallNode("testdata/node")
	need.OK(t, "the stock client in Node", err)
	cmd := exec.Command("node", filepath.Join(dir, "client.mjs"))
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	require.NoError(t, err)
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		_ = in.Close()
		_ = cmd.Process.Kill()
		_ = cmd.Wait() // killed
	})
	lines := bufio.NewScanner(out)
	lines.Buffer(nil, 16<<20)
	return &stock{t: t, in: in, out: lines}
}

// do has a client do something; options are pairs of name and value.
func (n *stock) do(client, command string, options ...any) json.RawMessage {
	n.t.Helper()
	o := map[string]any{"client": client, "command": command}
	for i := 0; i+1 < len(options); i += 2 {
		o[options[i].(string)] = options[i+1]
	}
	b, err := json.Marshal(o)
	require.NoError(n.t, err)
	_, err = n.in.Write(append(b, '\n'))
	require.NoError(n.t, err)
	require.True(n.t, n.out.Scan(), "the stock client has ended")
	return append(json.RawMessage{}, n.out.Bytes()...)
}

func (n *stock) state(client string) (s stockState) {
	n.t.Helper()
	require.NoError(n.t, json.Unmarshal(n.do(client, "state"), &s))
	return s
}

// open lets a client join a page.
func (n *stock) open(client string, s *liveServer, person int, page string) {
	n.t.Helper()
	n.do(client, "open", "server", "ws://"+s.addr+"/live", "room", "northwind-rail/"+page, "params", map[string]string{"token": s.tokens[person]})
}

// await waits until a client is as it should be.
func (n *stock) await(client, what string, ok func(stockState) bool) {
	n.t.Helper()
	var s stockState
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		if s = n.state(client); ok(s) {
			return
		}
	}
	require.Fail(n.t, "waited in vain", "%s: %s: %+v", client, what, s)
}

// TestStockClients lets stock Yjs clients write on a page together with our own,
// through drop-outs, restarts and kills of the server.
func TestStockClients(t *testing.T) {
	n := startStock(t)
	s := startLive(t, 3)
	const page = "internal/pricing/offer"
	s.make(page, "# Offer\n\n")
	names := []string{"one", "two", "three"}
	for i, name := range names {
		n.open(name, s, i, page)
	}
	own := s.newcomer(1, page)
	for _, name := range names {
		n.await(name, "synced", func(c stockState) bool { return c.Synced && c.Text == "# Offer\n\n" })
	}
	n.await("one", "sees the others by the server's names", func(c stockState) bool {
		return strings.Join(c.Names, ",") == "Nobody in particular,Person 1,Person 2" // the first is its own
	})
	agree := func() string {
		t.Helper()
		var text string
		require.Eventually(t, func() bool {
			text = own.Text()
			for _, name := range names {
				if c := n.state(name); c.Text != text || !c.Safe || c.Pending {
					return false
				}
			}
			return own.Text() == text
		}, patience, 20*time.Millisecond, "the stock clients do not agree with ours")
		return text
	}
	r := rand.New(rand.NewPCG(seed(t), 2))
	rounds := 8 // each of what may happen, twice
	if soak() {
		rounds = 200
	}
	for round := range rounds {
		switch round % 4 {
		case 1:
			n.do("two", "disconnect")
		case 2:
			s.p.stop(t)
		case 3:
			s.p.kill()
		}
		for range 5 {
			for _, name := range names {
				n.do(name, "edit", "count", 1+r.IntN(5), "seed", r.Uint32())
			}
			require.NoError(t, own.Edit(scribble(r)))
		}
		switch round % 4 {
		case 1:
			n.do("two", "connect")
		case 2, 3:
			own.Disconnect()
			s.start()
			s.join(own, 1, page)
		}
		agree()
	}
	text := agree()
	require.NoError(t, own.Checkpoint("With stock clients"))
	require.Eventually(t, func() bool {
		got, _ := s.page(page)
		return got == text
	}, patience, 20*time.Millisecond)
	for _, name := range names {
		c := n.state(name)
		for _, code := range c.Closes {
			assert.Contains(t, []int{1001, 1005, 1006, 4503}, code, "%s was closed", name)
		}
		n.do(name, "destroy")
	}
	s.p.stop(t)
	fsck(t, s.data)
	noVersionTwice(t, s.data)
}

// A stock client that names another epoch, or is not let in, does not come
// back.
func TestStockClientIsTurnedAway(t *testing.T) {
	n := startStock(t)
	s := startLive(t, 1)
	const page = "internal/pricing/offer"
	s.make(page, "# Offer\n")
	for i, c := range []struct {
		room   string
		params map[string]string
		code   int
	}{
		{page, map[string]string{"token": s.tokens[0], "epoch": "another"}, 4410},
		{page, map[string]string{"token": "wrong"}, 4401},
		{"internal/pricing/nothing", map[string]string{"token": s.tokens[0]}, 4404},
	} {
		name := fmt.Sprint(i)
		n.do(name, "open", "server", "ws://"+s.addr+"/live", "room", "northwind-rail/"+c.room, "params", c.params)
		n.await(name, fmt.Sprintf("closed with %d", c.code), func(s stockState) bool { return len(s.Closes) > 0 })
		time.Sleep(300 * time.Millisecond) // it would be back by now
		got := n.state(name)
		assert.Equal(t, []int{c.code}, got.Closes, "%s %v", c.room, c.params)
		assert.Empty(t, got.Text)
		n.do(name, "destroy")
	}
}
