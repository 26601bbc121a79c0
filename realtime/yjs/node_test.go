package yjs_test

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"dealwiki/internal/need"
	"dealwiki/realtime/yjs"
)

// These tests let the reference implementation, yjs in Node, drive this
// package. Without node and npm they are skipped, but not in CI.

var installed struct {
	sync.Once
	dir string
	err error
}

// reference answers a folder with the reference implementation installed, kept
// between runs.
func reference(t testing.TB) string {
	t.Helper()
	installed.Do(func() { installed.dir, installed.err = install() })
	need.OK(t, "yjs in Node", installed.err)
	return installed.dir
}

func install() (string, error) {
	for _, name := range []string{"node", "npm"} {
		if _, err := exec.LookPath(name); err != nil {
			return "", err
		}
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		cache = os.TempDir()
	}
	lock, err := os.ReadFile("testdata/node/package-lock.json")
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(lock)
	dir := filepath.Join(cache, "dealwiki-test", "yjs-"+hex.EncodeToString(sum[:6]))
	if _, err := os.Stat(filepath.Join(dir, "node_modules", "yjs", "package.json")); err == nil {
		return dir, nil
	}
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return "", err
	}
	fresh, err := os.MkdirTemp(filepath.Dir(dir), "install-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(fresh)
	for _, name := range []string{"package.json", "package-lock.json"} {
		b, err := os.ReadFile(filepath.Join("testdata/node", name))
		if err == nil {
			err = os.WriteFile(filepath.Join(fresh, name), b, 0o644)
		}
		if err != nil {
			return "", err
		}
	}
	cmd := exec.Command("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund")
	cmd.Dir = fresh
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("npm ci: %w: %s", err, out)
	}
	if err := os.Rename(fresh, dir); err != nil {
		if _, there := os.Stat(filepath.Join(dir, "node_modules", "yjs", "package.json")); there != nil {
			return "", err
		} // another run was faster
	}
	return dir, nil
}

// script answers a command that runs a script of testdata/node.
func script(t testing.TB, name string, args ...string) *exec.Cmd {
	t.Helper()
	dir := t.TempDir()
	require.NoError(t, os.Symlink(filepath.Join(reference(t), "node_modules"), filepath.Join(dir, "node_modules")))
	scripts, err := filepath.Glob("testdata/node/*.mjs")
	require.NoError(t, err)
	for _, from := range scripts {
		b, err := os.ReadFile(from)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(dir, filepath.Base(from)), b, 0o644))
	}
	return exec.CommandContext(t.Context(), "node", append([]string{filepath.Join(dir, name)}, args...)...)
}

// drive runs a script that asks this package, and answers what it said.
func drive(t *testing.T, name string, args ...string) string {
	t.Helper()
	cmd := script(t, name, args...)
	var said bytes.Buffer
	cmd.Stderr = &said
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	in, err := cmd.StdinPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	served := serve(out, in)
	err = cmd.Wait()
	require.NoError(t, err, "%s %v:\n%s", name, args, said.String())
	require.NoError(t, served)
	return said.String()
}

// Operations of the protocol in testdata/node/peer.mjs.
const (
	opMake = iota + 1
	opApply
	opState
	opVector
	opText
	opInsert
	opDelete
	opFree
	opMerge
	opReplace
	opSpans
	opRebase
	opCheck
)

func serve(from io.Reader, to io.Writer) error {
	in, out := bufio.NewReaderSize(from, 1<<16), bufio.NewWriterSize(to, 1<<16)
	docs := map[uint32]*yjs.Doc{}
	random := rand.NewChaCha8([32]byte{1}) // so that a seed names a session
	var head [4]byte
	for {
		if in.Buffered() == 0 {
			if err := out.Flush(); err != nil {
				return nil // the script has ended
			}
		}
		if _, err := io.ReadFull(in, head[:]); err != nil {
			return nil
		}
		request := make([]byte, binary.LittleEndian.Uint32(head[:]))
		if _, err := io.ReadFull(in, request); err != nil {
			return fmt.Errorf("reading a request: %w", err)
		}
		status, answer := respond(docs, random, request[0], binary.LittleEndian.Uint32(request[1:]), request[5:])
		binary.LittleEndian.PutUint32(head[:], uint32(len(answer)+1))
		_, _ = out.Write(head[:])
		_ = out.WriteByte(status)
		_, _ = out.Write(answer)
	}
}

func respond(docs map[uint32]*yjs.Doc, random io.Reader, op byte, id uint32, p []byte) (status byte, answer []byte) {
	defer func() {
		if r := recover(); r != nil {
			status, answer = 2, fmt.Appendf(nil, "panic: %v\n%s", r, debug.Stack())
		}
	}()
	number := func(i int) int { return int(binary.LittleEndian.Uint32(p[4*i:])) }
	d := docs[id]
	var err error
	switch op {
	case opMake:
		docs[id] = yjs.New(yjs.Options{Client: uint64(number(0))})
	case opApply:
		_, err = d.Apply(p)
	case opState:
		var v yjs.StateVector
		if v, err = yjs.DecodeStateVector(p); err == nil {
			answer = d.Encode(v)
		}
	case opVector:
		answer = d.StateVector().Encode()
	case opText:
		answer = []byte(d.Text())
	case opInsert:
		answer, err = d.Change(yjs.Edit{Pos: number(0), Insert: string(p[4:])})
	case opDelete:
		answer, err = d.Change(yjs.Edit{Pos: number(0), Delete: number(1)})
	case opFree:
		delete(docs, id)
	case opMerge:
		answer, err = yjs.Merge(unframe(p)...)
	case opReplace:
		answer, err = d.Replace(string(p))
	case opSpans:
		var v yjs.StateVector
		if v, err = yjs.DecodeStateVector(p); err == nil {
			list := [][3]int{}
			for _, s := range d.Spans(v) {
				list = append(list, [3]int{int(s.Client), s.From, s.To})
			}
			answer, err = json.Marshal(list)
		}
	case opRebase:
		parts := unframe(p)
		answer, _, err = d.Rebase(parts[0], string(parts[1]), random)
	case opCheck:
		err = d.Check()
		if again, loadErr := yjs.Load(d.Encode(nil), yjs.Options{}); err == nil && loadErr == nil {
			err = again.Check()
		} else {
			err = errors.Join(err, loadErr)
		}
	}
	if err != nil {
		return 1, []byte(err.Error())
	}
	return 0, answer
}

func unframe(b []byte) (parts [][]byte) {
	for len(b) > 0 {
		n := binary.LittleEndian.Uint32(b)
		parts = append(parts, b[4:4+n])
		b = b[4+n:]
	}
	return parts
}

func setting(name string, standard int) int {
	if v, err := strconv.Atoi(os.Getenv(name)); err == nil {
		return v
	}
	return standard
}

// soak tells whether full counts are asked for.
func soak() bool { return os.Getenv("DEALWIKI_SOAK") == "1" }

func TestRandomSessionsWithYjs(t *testing.T) {
	sessions := 300
	if soak() {
		sessions = 10_000
	}
	sessions = setting("DEALWIKI_YJS_SESSIONS", sessions)
	seed := setting("DEALWIKI_YJS_SEED", 1)
	t.Log(drive(t, "sessions.mjs", fmt.Sprintf("--sessions=%d", sessions), fmt.Sprintf("--seed=%d", seed)))
}

func TestNamedCasesWithYjs(t *testing.T) {
	t.Log(drive(t, "cases.mjs"))
}

func TestDamagedUpdatesWithYjs(t *testing.T) {
	count := 1500
	if soak() {
		count = 25_000
	}
	count = setting("DEALWIKI_YJS_DAMAGED", count)
	seed := setting("DEALWIKI_YJS_SEED", 1)
	t.Log(drive(t, "hostile.mjs", fmt.Sprintf("--count=%d", count), fmt.Sprintf("--seed=%d", seed)))
}

// A traceReport is what trace.mjs says; times in milliseconds, the best of its
// rounds.
type traceReport struct {
	Updates           string
	State             int
	Type, Apply, Load float64
}

func traceInNode(t testing.TB, rounds int) (r traceReport, state []byte) {
	t.Helper()
	input, err := filepath.Abs("testdata/automerge-paper.json.gz")
	require.NoError(t, err)
	file := filepath.Join(t.TempDir(), "state")
	cmd := script(t, "trace.mjs", "--trace="+input, "--state="+file, fmt.Sprintf("--rounds=%d", rounds))
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
	require.NoError(t, json.Unmarshal(out, &r), "%s", out)
	state, err = os.ReadFile(file)
	require.NoError(t, err)
	return r, state
}

func TestTraceEqualsYjs(t *testing.T) {
	theirs, theirState := traceInNode(t, 1)
	ops, _ := readTrace(t)
	updates, source := typed(t, ops, 1001)
	sum := sha256.New()
	d := yjs.New(yjs.Options{})
	for _, u := range updates {
		sum.Write(u)
		_, err := d.Apply(u)
		require.NoError(t, err)
	}
	require.Equal(t, theirs.Updates, hex.EncodeToString(sum.Sum(nil)), "every keystroke makes the update that yjs makes")
	require.True(t, bytes.Equal(theirState, source.Encode(nil)), "the state is that of yjs")
	require.True(t, bytes.Equal(theirState, d.Encode(nil)), "and so is the state of who heard it")
}

// BenchmarkTraceAgainstNode types, applies and loads the trace here and in
// Node, in turns, and reports how many times faster it is here.
func BenchmarkTraceAgainstNode(b *testing.B) {
	ops, _ := readTrace(b)
	best := traceReport{Type: 1e9, Apply: 1e9, Load: 1e9}
	node := best
	for b.Loop() {
		theirs, _ := traceInNode(b, 2)
		node.Type, node.Apply, node.Load = min(node.Type, theirs.Type), min(node.Apply, theirs.Apply), min(node.Load, theirs.Load)
		for range 2 {
			var updates [][]byte
			var d *yjs.Doc
			best.Type = min(best.Type, milliseconds(func() { updates, d = typed(b, ops, 1001) }))
			best.Apply = min(best.Apply, milliseconds(func() {
				d := yjs.New(yjs.Options{})
				for _, u := range updates {
					_, err := d.Apply(u)
					require.NoError(b, err)
				}
			}))
			state := d.Encode(nil)
			best.Load = min(best.Load, milliseconds(func() {
				_, err := yjs.Load(state, yjs.Options{})
				require.NoError(b, err)
			}))
		}
	}
	b.ReportMetric(best.Type, "type-ms")
	b.ReportMetric(node.Type, "node-type-ms")
	b.ReportMetric(best.Apply, "apply-ms")
	b.ReportMetric(node.Apply, "node-apply-ms")
	b.ReportMetric(best.Load, "load-ms")
	b.ReportMetric(node.Load, "node-load-ms")
	b.ReportMetric(node.Apply/best.Apply, "times-faster-applying")
}

func milliseconds(f func()) float64 {
	start := time.Now()
	f()
	return time.Since(start).Seconds() * 1000
}
