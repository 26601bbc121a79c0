package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/stretchr/testify/require"

	"dealwiki/wiki/people"
)

func TestMain(m *testing.M) {
	if os.Getenv("DEALWIKI_TEST_SERVE") != "" {
		// This process plays the program, so that a test can kill it.
		main()
	}
	testscript.Main(m, map[string]func(){"dealwiki": main})
}

func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"exit1": exits(exitFailed), "exit2": exits(exitUsage)},
		Dir:  "testdata/script",
		Setup: func(env *testscript.Env) error {
			deals, err := filepath.Abs("../../wiki/transfer/testdata/realdeals")
			env.Setenv("REALDEALS", deals)
			return err
		},
		Condition: func(cond string) (bool, error) {
			if cond == "git" {
				_, err := exec.LookPath("git")
				if err != nil && os.Getenv("CI") == "true" {
					return false, fmt.Errorf("git is missing")
				}
				return err == nil, nil
			}
			return false, fmt.Errorf("unknown condition %q", cond)
		},
	})
}

// cheap makes hashing passwords fast.
var cheap = people.Cost{Memory: 64, Iterations: 1}

// startServer runs a server in this process.
func startServer(t *testing.T, data string) *server {
	s, err := start(context.Background(), options{data: data, addr: "127.0.0.1:0", log: slog.New(slog.DiscardHandler), cost: cheap})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.close(context.Background())) })
	return s
}

// addPerson makes an account and answers it with a token.
func addPerson(t *testing.T, db *people.DB, name, email string, role people.Role) (people.Person, string) {
	p, err := db.Add(context.Background(), cli, people.NewPerson{Name: name, Email: email, Role: role, Job: "sales"})
	require.NoError(t, err)
	secret, _, err := db.NewToken(context.Background(), cli, p.ID, "test", people.AllScopes, time.Time{})
	require.NoError(t, err)
	return p, secret
}

// client speaks to the API of a server.
type client struct {
	url, token string
	http       *http.Client
}

type response struct {
	status int
	etag   string
	body   []byte
}

func (c *client) do(method, path, contentType string, body []byte, header ...string) (*response, error) {
	req, err := http.NewRequest(method, c.url+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", "Bearer "+c.token)
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	res, err := c.http.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	data, err := io.ReadAll(res.Body)
	return &response{res.StatusCode, res.Header.Get("ETag"), data}, err
}

func (c *client) json(method, path string, body any, header ...string) (*response, error) {
	data, err := json.Marshal(body)
	if err != nil {
		return nil, err
	}
	return c.do(method, path, "application/json", data, header...)
}

// process is the program as a process of its own.
type process struct {
	cmd *exec.Cmd
	url string
}

// startProcess runs serve and waits until it says where it is.
func startProcess(t testing.TB, data string) *process {
	return startProcessAt(t, data, "127.0.0.1:0")
}

// startProcessAt runs serve at an address.
func startProcessAt(t testing.TB, data, addr string) *process {
	cmd := exec.Command(os.Args[0], "serve", "-data", data, "-addr", addr)
	cmd.Env = append(os.Environ(), "DEALWIKI_TEST_SERVE=1")
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if _, url, ok := strings.Cut(lines.Text(), "ready at "); ok {
			go io.Copy(io.Discard, out)
			return &process{cmd, url}
		}
	}
	t.Fatal("the server ended before it was ready")
	return nil
}

func (p *process) kill() {
	p.cmd.Process.Kill()
	p.cmd.Wait()
}

func (p *process) stop(t *testing.T) {
	require.NoError(t, p.cmd.Process.Signal(syscall.SIGTERM))
	require.NoError(t, p.cmd.Wait())
}

// exits is a script's command that runs another and wants an exit status.
func exits(want int) func(*testscript.TestScript, bool, []string) {
	return func(ts *testscript.TestScript, neg bool, args []string) {
		if neg || len(args) == 0 {
			ts.Fatalf("usage: exitN command [arguments]")
		}
		err := ts.Exec(args[0], args[1:]...)
		var exit *exec.ExitError
		got := 0
		if errors.As(err, &exit) {
			got = exit.ExitCode()
		} else if err != nil {
			ts.Fatalf("%v", err)
		}
		if got != want {
			ts.Fatalf("%v: exit status %d, want %d", args, got, want)
		}
	}
}
