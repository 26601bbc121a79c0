package main

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"dealwiki/realtime/load"
	"dealwiki/realtime/yjs"
	"dealwiki/wiki/people"
)

// patience is how long a test of live editing waits for what should come at
// once; only a broken server lets it pass.
const patience = 20 * time.Second

// soak tells whether full counts are asked for.
func soak() bool { return os.Getenv("DEALWIKI_SOAK") == "1" }

// seed answers what random tests start from; DEALWIKI_SEED repeats a run.
func seed(t testing.TB) uint64 {
	n := uint64(1)
	if v, err := strconv.ParseUint(os.Getenv("DEALWIKI_SEED"), 10, 64); err == nil {
		n = v
	}
	t.Logf("seed %d", n)
	return n
}

// liveServer is the program with one prospect in it and some people.
type liveServer struct {
	t      testing.TB
	data   string
	p      *process
	addr   string
	people []people.Person
	tokens []string
}

const livePages = "/api/v1/prospects/northwind-rail/pages/"

// startLive starts the program with as many people, the first of them an
// administrator.
func startLive(t *testing.T, count int) *liveServer {
	t.Helper()
	s := &liveServer{t: t, data: t.TempDir()}
	db, err := people.Open(filepath.Join(s.data, "dealwiki.db"), people.Options{Cost: cheap})
	require.NoError(t, err)
	for i := range count {
		role := people.Member
		if i == 0 {
			role = people.Admin
		}
		p, token := addPerson(t, db, fmt.Sprintf("Person %d", i), fmt.Sprintf("person-%d@example.com", i), role)
		s.people, s.tokens = append(s.people, p), append(s.tokens, token)
	}
	require.NoError(t, db.Close())
	s.start()
	t.Cleanup(func() { s.p.kill() })
	res, err := s.api(0).json("POST", "/api/v1/prospects", map[string]any{"name": "Northwind Rail"})
	require.NoError(t, err)
	require.Equal(t, http.StatusCreated, res.status, "%s", res.body)
	return s
}

// start starts the program, at the address that it had before.
func (s *liveServer) start() {
	addr := s.addr
	if addr == "" {
		addr = "127.0.0.1:0"
	}
	s.p = startProcessAt(s.t, s.data, addr)
	s.addr = strings.TrimPrefix(s.p.url, "http://")
}

func (s *liveServer) api(person int) *client {
	return &client{url: s.p.url, token: s.tokens[person], http: &http.Client{}}
}

// room is where a person edits a page SECTION/STAGE/PAGE.
func (s *liveServer) room(person int, page string) string {
	return fmt.Sprintf("ws://%s/live/northwind-rail/%s?token=%s", s.addr, page, url.QueryEscape(s.tokens[person]))
}

// make makes a page.
func (s *liveServer) make(page, text string) {
	s.t.Helper()
	res, err := s.api(0).json("PUT", livePages+page, map[string]any{"text": text}, "If-None-Match", "*")
	require.NoError(s.t, err)
	require.Equal(s.t, http.StatusCreated, res.status, "%s", res.body)
}

// page reads a page's last version, and its version.
func (s *liveServer) page(page string) (text, version string) {
	s.t.Helper()
	res, err := s.api(0).do("GET", livePages+page, "", nil)
	require.NoError(s.t, err)
	require.Equal(s.t, http.StatusOK, res.status, "%s", res.body)
	var got struct{ Text, Version string }
	require.NoError(s.t, json.Unmarshal(res.body, &got))
	return got.Text, got.Version
}

// join connects an editor.
func (s *liveServer) join(e *load.Editor, person int, page string) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), patience)
	defer cancel()
	require.NoError(s.t, e.Connect(ctx, s.room(person, page), nil))
}

// newcomer is an editor who knows nothing yet.
func (s *liveServer) newcomer(person int, page string) *load.Editor {
	s.t.Helper()
	e := load.NewEditor(rand.Uint64N(1<<32-1) + 1)
	s.join(e, person, page)
	s.t.Cleanup(e.Disconnect)
	return e
}

// converge waits until everybody has the same text and all of it is safe, and
// answers it.
func converge(t testing.TB, editors ...*load.Editor) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for {
		for i, e := range editors {
			require.NoError(t, e.Settled(ctx), "the edits of editor %d are not acknowledged", i)
		}
		same := true
		first := editors[0].Doc().StateVector()
		for _, e := range editors[1:] {
			v := e.Doc().StateVector()
			same = same && v.Covers(first) && first.Covers(v)
		}
		texts := make([]string, len(editors))
		for i, e := range editors {
			texts[i] = e.Text()
			same = same && texts[i] == texts[0]
		}
		if same {
			return texts[0]
		}
		select {
		case <-time.After(20 * time.Millisecond):
		case <-ctx.Done():
			for i, e := range editors {
				code, reason := e.Closed()
				t.Logf("editor %d: online %v, closed %d %q, %d characters", i, e.Online(), code, reason, len(texts[i]))
			}
			t.Fatal("the texts do not become equal")
		}
	}
}

// within is a context for what should come at once.
func within(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	return ctx
}

// typeAt types at a place, -1 at the end.
func typeAt(t testing.TB, e *load.Editor, at int, text string) {
	t.Helper()
	require.NoError(t, e.Edit(func(d *yjs.Doc) []yjs.Edit {
		pos := at
		if at < 0 {
			pos = d.Units()
		}
		return []yjs.Edit{{Pos: pos, Insert: text}}
	}))
}

// scribble makes one change at a random place, and keeps the text short.
func scribble(r *rand.Rand) func(*yjs.Doc) []yjs.Edit {
	words := []string{"a", "deal ", "é", "漢字", "\n", "- [ ] call\n", "| x |", "**b**", " closing ", "## Risks\n\n"}
	return func(d *yjs.Doc) []yjs.Edit {
		n := d.Units()
		at := r.IntN(n + 1)
		if n > 4000 {
			return []yjs.Edit{{Pos: min(at, n-400), Delete: 400}}
		}
		if n > 0 && r.IntN(3) == 0 {
			return []yjs.Edit{{Pos: at, Delete: min(n-at, 1+r.IntN(8))}}
		}
		return []yjs.Edit{{Pos: at, Insert: words[r.IntN(len(words))]}}
	}
}

func TestEditorsSeeEachOther(t *testing.T) {
	s := startLive(t, 3)
	const page = "internal/pricing/offer"
	s.make(page, "# Offer\n\nTwo trains.\n")
	a, b, c := s.newcomer(0, page), s.newcomer(1, page), s.newcomer(2, page)
	require.Equal(t, "# Offer\n\nTwo trains.\n", a.Text())
	typeAt(t, a, -1, "Three coaches.\n")
	typeAt(t, b, 9, "Price: 2 million.\n")
	c.Disconnect()
	typeAt(t, c, -1, "Typed in a tunnel.\n")
	converge(t, a, b)
	s.join(c, 2, page)
	text := converge(t, a, b, c)
	for _, want := range []string{"# Offer\n\nPrice: 2 million.\nTwo trains.\n", "Three coaches.\n", "Typed in a tunnel.\n"} {
		require.Equal(t, 1, strings.Count(text, want), "%q", text)
	}
	require.NoError(t, a.Checkpoint("Agreed with Dana"))
	require.Eventually(t, func() bool { return len(b.Commits()) > 0 }, patience, 10*time.Millisecond, "no version is announced")
	got, version := s.page(page)
	require.Equal(t, text, got)
	commits := b.Commits()
	require.Equal(t, version, commits[len(commits)-1].Version)

	// Another door while the room is open.
	res, err := s.api(1).json("PUT", livePages+page, map[string]any{"text": got + "By the API.\n"}, "If-Match", `"`+version+`"`)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, res.status, "%s", res.body)
	ctx := within(t)
	for _, e := range []*load.Editor{a, b, c} {
		require.NoError(t, waitFor(ctx, e, "By the API.\n"))
	}
	require.Equal(t, got+"By the API.\n", converge(t, a, b, c))
}

// waitFor waits until a text has come to an editor.
func waitFor(ctx context.Context, e *load.Editor, text string) error {
	for !strings.Contains(e.Text(), text) {
		select {
		case <-time.After(10 * time.Millisecond):
		case <-ctx.Done():
			return fmt.Errorf("%q has not come", text)
		}
	}
	return nil
}
