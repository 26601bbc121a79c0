package githttp_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dealwiki/realtime"
	"dealwiki/realtime/journal"
	"dealwiki/realtime/load"
	"dealwiki/wiki"
	"dealwiki/wiki/people"
	"dealwiki/wiki/repo"
)

// live opens pages for live editing. Versions are made on demand only.
func (d *desk) live() (open func(c people.Caller, at string) *load.Editor) {
	j, err := journal.Open(filepath.Join(d.Dir, "journal.db"), journal.Options{})
	require.NoError(d.t, err)
	d.t.Cleanup(func() { assert.NoError(d.t, j.Close()) })
	hub, err := realtime.New(realtime.Config{Wiki: d.Wiki, Journal: j, People: d.People, Idle: time.Hour, Steady: time.Hour})
	require.NoError(d.t, err)
	d.Wiki.SetRooms(hub)
	done := make(chan struct{})
	go func() {
		defer close(done)
		hub.Run(context.Background())
	}()
	d.t.Cleanup(func() {
		assert.NoError(d.t, hub.Close(context.Background()))
		<-done
	})
	callers := map[string]people.Caller{d.dana.Person.ID: d.dana, d.mara.Person.ID: d.mara}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		at, err := wiki.ParsePlace(strings.TrimPrefix(r.URL.Path, "/"))
		if err != nil {
			hub.Refuse(w, r, realtime.CodeNotFound, "not found")
			return
		}
		c := callers[r.URL.Query().Get("person")]
		hub.Serve(w, r, realtime.Visitor{Caller: c, Side: d.side(at.Section), Place: at, Name: c.Person.Name, Color: "#3060c0", Write: true})
	}))
	d.t.Cleanup(server.Close)
	id := uint64(1000)
	return func(c people.Caller, at string) *load.Editor {
		id++
		e := load.NewEditor(id)
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		d.t.Cleanup(cancel)
		require.NoError(d.t, e.Connect(ctx, "ws"+strings.TrimPrefix(server.URL, "http")+"/"+at+"?person="+c.Person.ID, nil))
		d.t.Cleanup(e.Disconnect)
		return e
	}
}

func (d *desk) types(e *load.Editor, from, to string) {
	d.t.Helper()
	require.Contains(d.t, e.Text(), from)
	require.NoError(d.t, e.Replace(strings.Replace(e.Text(), from, to, 1)))
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	require.NoError(d.t, e.Settled(ctx))
}

func (d *desk) shows(e *load.Editor, parts ...string) {
	d.t.Helper()
	require.Eventually(d.t, func() bool {
		for _, part := range parts {
			if strings.Count(e.Text(), part) != 1 {
				return false
			}
		}
		return true
	}, 20*time.Second, 5*time.Millisecond, "%q", parts)
}

func TestAPushMergesIntoAPageThatTwoAreEditing(t *testing.T) {
	const at = "internal/closing/plan"
	d := newDesk(t)
	open := d.live()
	dana, mara := open(d.dana, at), open(d.mara, at)
	d.shows(dana, "One.")
	d.shows(mara, "One.")
	c := d.clone(d.mara, "internal")
	c.write("Three", map[string]string{"closing/plan.md": "# Plan\n\nOne.\n\nTwo.\n\nThree, from a clone.\n"})
	d.types(dana, "One.", "One, by Dana.")
	d.types(mara, "Two.", "Two, by Mara.")
	head := d.head(wiki.Internal)
	c.ok("push", "-q", "origin", "main")
	assert.NotEqual(t, head, d.head(wiki.Internal))
	assert.Equal(t, "# Plan\n\nOne.\n\nTwo.\n\nThree, from a clone.\n", d.text(at), "nothing was flushed before: the commits are as they were")
	all := []string{"One, by Dana.", "Two, by Mara.", "Three, from a clone."}
	d.shows(dana, all...)
	d.shows(mara, all...)
	d.types(dana, "One, by Dana.", "One, by Dana herself.")
	require.NoError(t, mara.Checkpoint("after the push"))
	require.Eventually(t, func() bool { return strings.Contains(d.text(at), "Two, by Mara.") }, 20*time.Second, 10*time.Millisecond)
	assert.Equal(t, "# Plan\n\nOne, by Dana herself.\n\nTwo, by Mara.\n\nThree, from a clone.\n", d.text(at), "all three texts survive")

	// What was typed follows under its own authors.
	place, err := wiki.ParsePlace(at)
	require.NoError(t, err)
	history, err := d.space.Internal().History(t.Context(), d.dana, place, 10, repo.Zero)
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(history), 3)
	assert.Equal(t, "Three", history[1].Subject)
	names := history[0].Author.Name
	for _, p := range history[0].CoAuthors {
		names += p.Name
	}
	assert.Contains(t, names, "Dana Reyes")
	assert.Contains(t, names, "Mara Lind")

	// The clone goes on from there: a page that moves takes its room along.
	c.ok("pull", "-q", "--rebase")
	c.ok("mv", "closing/plan.md", "closing/close-plan.md")
	c.write("Rename", nil)
	c.ok("push", "-q", "origin", "main")
	require.Eventually(t, func() bool { return !dana.Online() }, 20*time.Second, 5*time.Millisecond)
	code, reason := dana.Closed()
	assert.Equal(t, realtime.CodeMoved, code)
	assert.Equal(t, "internal/closing/close-plan", reason)
	d.fsck()
}

func TestPushesRaceWithTyping(t *testing.T) {
	const at = "external/closing/terms"
	d := newDesk(t)
	open := d.live()
	dana, mara := open(d.dana, at), open(d.mara, at)
	d.shows(dana, "Net 30.")
	d.shows(mara, "Net 30.")
	c := d.clone(d.dana, "external")
	typed := make(chan struct{})
	go func() {
		defer close(typed)
		for i := range 30 {
			e, name := dana, "dana"
			if i%2 == 1 {
				e, name = mara, "mara"
			}
			if err := e.Replace(e.Text() + fmt.Sprintf("%s-%d\n", name, i)); err != nil {
				return
			}
			if i%7 == 0 {
				_ = e.Checkpoint("so far")
			}
			time.Sleep(15 * time.Millisecond)
		}
	}()
	for i := range 4 {
		c.write("push", map[string]string{"closing/terms.md": fmt.Sprintf("push-%d\n", i) + readText(t, c, "closing/terms.md")})
		for {
			if _, err := d.run(c.dir, "push", "-q", "origin", "main"); err == nil {
				break
			}
			c.ok("pull", "-q", "--rebase", "-X", "theirs")
		}
	}
	<-typed
	var want []string
	for i := range 30 {
		want = append(want, fmt.Sprintf("%s-%d\n", map[int]string{0: "dana", 1: "mara"}[i%2], i))
	}
	for i := range 4 {
		want = append(want, fmt.Sprintf("push-%d\n", i))
	}
	d.shows(dana, want...)
	d.shows(mara, want...)
	require.NoError(t, dana.Checkpoint("the end"))
	require.Eventually(t, func() bool { return d.text(at) == dana.Text() }, 20*time.Second, 10*time.Millisecond)
	d.fsck()
}

func readText(t *testing.T, c *clone, name string) string {
	t.Helper()
	return c.ok("show", "HEAD:"+name)
}
