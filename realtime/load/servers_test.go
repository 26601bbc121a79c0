package load

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// command starts a server as a process of its own, waits until it says where it
// is and ends it with the test.
func command(t testing.TB, cmd *exec.Cmd) (pid int, addr string) {
	t.Helper()
	var said bytes.Buffer
	cmd.Stderr = &said
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		if t.Failed() && said.Len() > 0 {
			t.Logf("%s said:\n%s", cmd, said.String())
		}
	})
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if _, at, ok := strings.Cut(lines.Text(), "ready at "); ok {
			go io.Copy(io.Discard, out)
			return cmd.Process.Pid, strings.TrimPrefix(at, "http://")
		}
	}
	_ = cmd.Wait()
	t.Fatalf("%s ended before it was ready:\n%s", cmd, said.String())
	return 0, ""
}

var installed struct {
	sync.Once
	dir string
	err error
}

// peers answers a folder with the peers installed, kept between runs.
func peers(t testing.TB) string {
	t.Helper()
	installed.Do(func() { installed.dir, installed.err = InstallNode("peers") })
	if installed.err != nil {
		t.Skipf("not measured beside other servers: %v", installed.err)
	}
	return installed.dir
}

// peer starts a server of another make.
func peer(t testing.TB, name, script string, dialect Dialect) *Target {
	t.Helper()
	cmd := exec.Command("node", filepath.Join(peers(t), script))
	cmd.Env = append(os.Environ(), "NODE_ENV=production")
	pid, addr := command(t, cmd)
	room := func(room int) string { return fmt.Sprintf("room-%d", room) }
	return &Target{
		Name: name, Dialect: dialect, PID: pid, Room: room,
		Address: func(n, _ int) string { return fmt.Sprintf("ws://%s/%s", addr, room(n)) },
	}
}

func yWebsocket(t testing.TB) *Target {
	return peer(t, "@y/websocket-server", "ywebsocket.mjs", YWebsocket)
}

func hocuspocus(t testing.TB) *Target {
	return peer(t, "@hocuspocus/server", "hocuspocus.mjs", Hocuspocus)
}

var built struct {
	sync.Once
	file string
	err  error
}

// program answers the dealwiki binary, built from this tree.
func program(t testing.TB) string {
	t.Helper()
	built.Do(func() {
		dir, err := os.MkdirTemp("", "dealwiki-load-")
		if err != nil {
			built.err = err
			return
		}
		built.file = filepath.Join(dir, "dealwiki")
		out, err := exec.Command("go", "build", "-o", built.file, "dealwiki/cmd/dealwiki").CombinedOutput()
		if err != nil {
			built.err = fmt.Errorf("building the program: %w: %s", err, out)
		}
	})
	require.NoError(t, built.err)
	return built.file
}

func TestMain(m *testing.M) {
	status := m.Run()
	if built.file != "" {
		_ = os.RemoveAll(filepath.Dir(built.file))
	}
	os.Exit(status)
}

// perProspect is how many pages of one prospect are rooms: a new page costs its
// prospect a commit, and prospects are independent.
const perProspect = 10

// ours starts dealwiki on a data folder of its own, with a page for each room
// and an account for each socket of a room.
func ours(t testing.TB, rooms, sockets int) *Target {
	t.Helper()
	data, bin := t.TempDir(), program(t)
	run := func(args ...string) string {
		out, err := exec.Command(bin, args...).CombinedOutput()
		require.NoError(t, err, "%v: %s", args, out)
		return strings.TrimSpace(string(out))
	}
	pid, addr := command(t, exec.Command(bin, "serve", "-data", data, "-addr", "127.0.0.1:0"))
	tokens := make([]string, sockets)
	for i := range tokens {
		mail := fmt.Sprintf("person-%d@example.com", i)
		run("user", "add", "-data", data, "-email", mail, "-name", fmt.Sprintf("Person %d", i), "-role", "admin")
		tokens[i] = run("token", "create", "-data", data, "-user", mail, "-name", "load", "-scope", "read,write")
	}
	call := func(method, path string, body any) {
		b, err := json.Marshal(body)
		require.NoError(t, err)
		req, err := http.NewRequest(method, "http://"+addr+"/api/v1/prospects"+path, bytes.NewReader(b))
		require.NoError(t, err)
		req.Header.Set("Authorization", "Bearer "+tokens[0])
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("If-None-Match", "*")
		res, err := http.DefaultClient.Do(req)
		require.NoError(t, err)
		defer res.Body.Close()
		said, err := io.ReadAll(res.Body)
		require.NoError(t, err)
		require.Equal(t, http.StatusCreated, res.StatusCode, "%s %s: %s", method, path, said)
	}
	place := func(room int) string {
		return fmt.Sprintf("load-%d/internal/pricing/room-%d", room/perProspect, room)
	}
	for room := range rooms {
		if room%perProspect == 0 {
			call("POST", "", map[string]any{"name": fmt.Sprintf("Load %d", room/perProspect)})
		}
		prospect, page, _ := strings.Cut(place(room), "/")
		call("PUT", "/"+prospect+"/pages/"+page, map[string]any{"text": fmt.Sprintf("# Room %d\n\n", room)})
	}
	return &Target{
		Name: "dealwiki", PID: pid,
		Address: func(room, socket int) string {
			return fmt.Sprintf("ws://%s/live/%s?token=%s", addr, place(room), tokens[socket])
		},
	}
}
