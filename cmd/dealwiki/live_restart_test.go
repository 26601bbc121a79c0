package main

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dealwiki/realtime"
	"dealwiki/realtime/load"
	"dealwiki/realtime/yjs"
	"dealwiki/wiki/people"
)

// pageAnswer is a page as the API answers it.
type pageAnswer struct {
	Text, Version string
	Number        int
	Authors       []struct{ Name string }
	Overlaps      []json.RawMessage
}

// restarts is a server in this process that is stopped and started again.
type restarts struct {
	*server
	t    *testing.T
	data string
}

func (r *restarts) start() {
	r.t.Helper()
	var err error
	r.server, err = start(context.Background(), options{data: r.data, addr: "127.0.0.1:0", log: slog.New(slog.DiscardHandler), cost: cheap, idle: time.Hour})
	require.NoError(r.t, err)
}

func (r *restarts) stop() {
	r.t.Helper()
	require.NoError(r.t, r.server.close(context.Background()))
	r.server = nil
}

func (r *restarts) page(c *client, method, path string, body any, header ...string) pageAnswer {
	r.t.Helper()
	c.url = r.url
	res, err := c.json(method, path, body, header...)
	require.NoError(r.t, err)
	require.Less(r.t, res.status, 300, "%s", res.body)
	var p pageAnswer
	require.NoError(r.t, json.Unmarshal(res.body, &p))
	return p
}

func (r *restarts) connect(e *load.Editor, page, token string) {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(r.t.Context(), patience)
	defer cancel()
	require.NoError(r.t, e.Connect(ctx, "ws"+strings.TrimPrefix(r.url, "http")+"/live/northwind/"+page+"?token="+token, nil))
}

// What was typed is merged with texts made from earlier versions also when the
// server was stopped, or its process ended, in between.
func TestDocumentsOutliveTheServer(t *testing.T) {
	const at = "internal/closing/plan"
	const path = "/api/v1/prospects/northwind/pages/" + at
	r := &restarts{t: t, data: t.TempDir()}
	r.start()
	defer func() {
		if r.server != nil {
			r.stop()
		}
	}()
	_, dana := addPerson(t, r.people, "Dana Reyes", "dana@example.com", people.Member)
	_, tom := addPerson(t, r.people, "Tom Okafor", "tom@example.com", people.Member)
	danas, toms := &client{token: dana, http: http.DefaultClient}, &client{token: tom, http: http.DefaultClient}
	r.page(danas, "POST", "/api/v1/prospects", map[string]string{"name": "Northwind"})
	r.page(danas, "PUT", path, map[string]string{"text": "# Plan\n\nSign in spring.\n\nShip in summer.\n"}, "If-None-Match", "*")

	e := load.NewEditor(11)
	r.connect(e, at, dana)
	typed := func(from, to string) {
		t.Helper()
		require.NoError(t, e.Replace(strings.Replace(e.Text(), from, to, 1)))
		if e.Online() {
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			require.NoError(t, e.Settled(ctx))
		}
	}
	typed("spring", "early spring")
	r.stop()
	code, _ := e.Closed()
	assert.Equal(t, realtime.CodeComeAgain, code)
	typed("summer", "late summer") // offline

	// The stop made a version of what was typed. A program goes on from the
	// first one, for which the document's state is read from the journal.
	r.start()
	now := r.page(toms, "GET", path, nil)
	assert.Equal(t, "# Plan\n\nSign in early spring.\n\nShip in summer.\n", now.Text)
	assert.Equal(t, "Dana Reyes", now.Authors[0].Name)
	task := r.page(toms, "PUT", path, map[string]string{"text": now.Text + "\n- [ ] Call them\n"}, "If-Match", `"`+now.Version+`"`)
	r.connect(e, at, dana)
	require.Eventually(t, func() bool {
		return e.Text() == strings.Replace(task.Text, "summer", "late summer", 1)
	}, patience, 5*time.Millisecond, "%q", e.Text())

	// The program's text from before what was typed offline and came back.
	e.Disconnect()
	r.stop()
	r.start()
	now = r.page(toms, "GET", path, nil)
	assert.Contains(t, now.Text, "late summer")
	line := 1 + strings.Count(task.Text[:strings.Index(task.Text, "- [ ]")], "\n")
	ticked := r.page(toms, "POST", path+"/tasks", map[string]any{"version": task.Version, "line": line, "done": true})
	assert.Contains(t, ticked.Text, "- [x] Call them")
	assert.Contains(t, ticked.Text, "late summer")
	r.connect(e, at, dana)
	assert.Equal(t, ticked.Text, e.Text())

	// Move it, stop, and go on with the copy that the browser kept.
	typed("Plan", "The plan")
	r.page(toms, "POST", path+"/move", map[string]string{"to": "internal/delivering/plan"})
	require.Eventually(t, func() bool { return !e.Online() }, patience, 5*time.Millisecond)
	code, reason := e.Closed()
	assert.Equal(t, []any{realtime.CodeMoved, "internal/delivering/plan"}, []any{code, reason})
	typed("The plan", "Our plan")
	r.stop()
	r.start()
	r.connect(e, "internal/delivering/plan", dana)
	require.NoError(t, e.Checkpoint("After the move"))
	require.Eventually(t, func() bool {
		p := r.page(toms, "GET", "/api/v1/prospects/northwind/pages/internal/delivering/plan", nil)
		return strings.HasPrefix(p.Text, "# Our plan\n") && p.Text == e.Text()
	}, patience, 20*time.Millisecond)
	e.Disconnect()
	r.stop()

	// Without the journal, pages get documents anew; the browser's old copy is
	// not merged into them, or its text would double.
	for _, name := range []string{"journal.db", "journal.db-wal", "journal.db-shm"} {
		if err := os.Remove(filepath.Join(r.data, name)); !os.IsNotExist(err) {
			require.NoError(t, err)
		}
	}
	r.start()
	stale := func() error {
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		return e.Connect(ctx, "ws"+strings.TrimPrefix(r.url, "http")+"/live/northwind/internal/delivering/plan?token="+dana, nil)
	}
	require.Error(t, stale())
	code, _ = e.Closed()
	assert.Equal(t, realtime.CodeStaleCopy, code)
	again := load.NewEditor(12)
	r.connect(again, "internal/delivering/plan", dana)
	assert.Equal(t, e.Text(), again.Text())
	require.NoError(t, again.Edit(func(d *yjs.Doc) []yjs.Edit { return yjs.Diff(d.Text(), d.Text()+"\nAgain.\n") }))
	again.Disconnect()
	r.stop()
	fsck(t, r.data)
}

// An account that another process disables loses its sockets.
func TestDisablingBesideTheServerEndsSockets(t *testing.T) {
	r := &restarts{t: t, data: t.TempDir()}
	r.start()
	defer func() { r.stop() }()
	person, dana := addPerson(t, r.people, "Dana Reyes", "dana@example.com", people.Member)
	addPerson(t, r.people, "Ada Admin", "ada@example.com", people.Admin)
	c := &client{token: dana, http: http.DefaultClient}
	r.page(c, "POST", "/api/v1/prospects", map[string]string{"name": "Northwind"})
	r.page(c, "PUT", "/api/v1/prospects/northwind/pages/internal/closing/plan", map[string]string{"text": "# Plan\n"}, "If-None-Match", "*")
	e := load.NewEditor(21)
	r.connect(e, "internal/closing/plan", dana)
	began := time.Now()
	require.NoError(t, withPeople(r.data, func(db *people.DB) error { return db.Disable(t.Context(), cli, person.ID) }))
	require.Eventually(t, func() bool { return !e.Online() }, patience, 5*time.Millisecond)
	t.Logf("the socket ended after %s", time.Since(began))
	code, _ := e.Closed()
	assert.Equal(t, realtime.CodeSignedOut, code)
}
