package notify_test

import (
	"context"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dealwiki/web/notify"
	"dealwiki/wiki"
	"dealwiki/wiki/people"
)

// desk is a wiki with inboxes and a clock that goes a minute with each edit.
type desk struct {
	t     testing.TB
	w     *wiki.Wiki
	db    *people.DB
	c     *notify.Center
	clock time.Time
	dana  people.Caller // owns
	tom   people.Caller
	vera  people.Caller
	sp    *wiki.Space
}

func newDesk(t testing.TB) *desk {
	dir := t.TempDir()
	d := &desk{t: t, clock: time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC)}
	now := func() time.Time { return d.clock }
	var err error
	d.db, err = people.Open(filepath.Join(dir, "dealwiki.db"), people.Options{Cost: people.Cost{Memory: 64, Iterations: 1}, Now: now})
	require.NoError(t, err)
	d.w, err = wiki.Open(t.Context(), wiki.Config{Dir: dir, People: d.db, Now: now, Git: "-"})
	require.NoError(t, err)
	person := func(name, email string) people.Caller {
		p, err := d.db.Add(context.Background(), people.System("test"), people.NewPerson{Name: name, Email: email, Role: people.Member, Job: "sales"})
		require.NoError(t, err)
		return people.Caller{Person: p, Scopes: people.AllScopes, Via: "session"}
	}
	d.dana, d.tom, d.vera = person("Dana Reyes", "dana@example.com"), person("Tom Okafor", "tom@example.com"), person("Vera Holm", "vera@example.com")
	d.c = notify.New(notify.Config{Wiki: d.w, People: d.db})
	t.Cleanup(func() {
		d.c.Close()
		assert.NoError(t, d.w.Close())
		assert.NoError(t, d.db.Close())
	})
	d.c.CatchUp(t.Context())
	e, err := d.w.Create(t.Context(), d.dana, wiki.NewProspect{Prospect: wiki.Prospect{Title: "Northwind", Slug: "northwind"}})
	require.NoError(t, err)
	d.sp, err = d.w.Space(t.Context(), d.dana, e.Slug)
	require.NoError(t, err)
	return d
}

// edit gives a page a text as somebody, a minute later.
func (d *desk) edit(by people.Caller, place, text string) {
	d.t.Helper()
	d.clock = d.clock.Add(time.Minute)
	p, err := wiki.ParsePlace(place)
	require.NoError(d.t, err)
	side, err := d.sp.Side(p.Section)
	require.NoError(d.t, err)
	e := wiki.Edit{Place: p, Text: []byte(text)}
	if info, err := side.Lookup(d.t.Context(), by, p); err == nil {
		e.Base = info.Version
	}
	_, err = side.Edit(d.t.Context(), by, e)
	require.NoError(d.t, err)
}

// unread lists what somebody has not read, as KIND ACTOR TITLE TEXT.
func (d *desk) unread(of people.Caller) []string {
	d.t.Helper()
	d.c.CatchUp(d.t.Context())
	list, err := d.c.Inbox(d.t.Context(), of, true, 100)
	require.NoError(d.t, err)
	var out []string
	for _, n := range list {
		line := n.Kind + " " + n.Name + " " + n.Title
		if n.Kind == notify.KindAssigned || n.Kind == notify.KindComment {
			line += ": " + n.Text
		}
		out = append(out, line)
	}
	count, err := d.c.Unseen(d.t.Context(), of)
	require.NoError(d.t, err)
	loud := slices.DeleteFunc(list, func(n notify.Notice) bool { return n.Quiet() })
	assert.Equal(d.t, len(loud), count, "what has only changed calls nobody")
	return out
}

func (d *desk) seeAll(of people.Caller) {
	d.t.Helper()
	require.NoError(d.t, d.c.SeeAll(d.t.Context(), of, 1<<40))
}

func TestNamedAndAssigned(t *testing.T) {
	d := newDesk(t)
	d.edit(d.dana, "internal/account/plan", "# Plan\n\nAsk @tom and @nobody.\n")
	assert.Equal(t, []string{"mention Dana Reyes Plan"}, d.unread(d.tom))
	assert.Empty(t, d.unread(d.dana), "nobody is told of what they did")
	assert.Empty(t, d.unread(d.vera))
	d.seeAll(d.tom)

	d.edit(d.dana, "internal/account/plan", "# Plan\n\nAsk @tom and @nobody.\n\n> [!commitment] Go-live in March @vera due:2027-03-01\n> Promised.\n\n- [ ] send the redlines @vera due:2026-12-01\n- [x] done before @vera\n")
	assert.Equal(t, []string{"assigned Dana Reyes Plan: send the redlines", "assigned Dana Reyes Plan: Go-live in March"}, d.unread(d.vera))
	assert.Equal(t, []string{"page Dana Reyes Plan"}, d.unread(d.tom), "whoever was named watches; a second naming is no news")
	d.seeAll(d.vera)
	d.c.CatchUp(t.Context())
	assert.Empty(t, d.unread(d.vera), "nothing is told twice")
}

func TestChangesAreGroupedAndQuiet(t *testing.T) {
	d := newDesk(t)
	d.edit(d.dana, "internal/account/plan", "# Plan\n")
	d.c.CatchUp(t.Context())
	for _, text := range []string{"a", "b", "c"} {
		d.edit(d.tom, "internal/account/plan", "# Plan\n\n"+text+"\n")
		d.c.CatchUp(t.Context())
	}
	assert.Equal(t, []string{"page Tom Okafor Plan"}, d.unread(d.dana))
	list, err := d.c.Inbox(t.Context(), d.dana, true, 10)
	require.NoError(t, err)
	assert.Equal(t, 3, list[0].Times)
	require.NoError(t, d.c.SeePage(t.Context(), d.dana, "northwind", wiki.Place{Section: wiki.Internal, Stage: "account", Page: "plan"}))
	assert.Empty(t, d.unread(d.dana), "looking at the page is reading")
	d.edit(d.tom, "internal/account/plan", "# Plan\n\nd\n")
	assert.Len(t, d.unread(d.dana), 1, "news makes it unread again")

	require.NoError(t, d.c.See(t.Context(), d.dana, list[0].ID, true))
	require.NoError(t, d.c.Watch(t.Context(), d.dana, "northwind", false))
	d.edit(d.tom, "internal/account/plan", "# Plan\n\ne\n")
	assert.Empty(t, d.unread(d.dana), "who has said so is told no more, the owner too")
	d.edit(d.tom, "internal/account/plan", "# Plan\n\nf @dana\n")
	assert.Equal(t, []string{"mention Tom Okafor Plan"}, d.unread(d.dana), "but of what is meant for them")
	watching, err := d.c.Watching(t.Context(), d.dana.Person.ID, "northwind")
	require.NoError(t, err)
	assert.False(t, watching, "being named does not undo a choice")
}

func TestComments(t *testing.T) {
	d := newDesk(t)
	d.edit(d.dana, "internal/account/plan", "# Plan\n\nText.\n")
	d.c.CatchUp(t.Context())
	at := wiki.Place{Section: wiki.Internal, Stage: "account", Page: "plan"}
	th, err := d.sp.Internal().StartThread(t.Context(), d.tom, at, wiki.NewThread{Text: "Is this right, @vera?"})
	require.NoError(t, err)
	assert.Equal(t, []string{"mention Tom Okafor Plan"}, d.unread(d.vera))
	assert.Equal(t, []string{"comment Tom Okafor Plan: Is this right, @vera?"}, d.unread(d.dana))
	_, err = d.sp.Internal().Reply(t.Context(), d.dana, at, th.ID, "Yes.")
	require.NoError(t, err)
	assert.Equal(t, []string{"comment Dana Reyes Plan: Yes."}, d.unread(d.tom), "who takes part in a thread hears the answer")
}

func TestNobodyIsToldOfWhatTheyMayNotSee(t *testing.T) {
	d := newDesk(t)
	require.NoError(t, d.db.SetRestricted(t.Context(), d.dana, "northwind", true))
	d.edit(d.dana, "internal/account/plan", "# Plan\n\nAsk @tom.\n")
	assert.Empty(t, d.unread(d.tom))
	require.NoError(t, d.db.Grant(t.Context(), d.dana, "northwind", d.tom.Person.ID, people.Viewer))
	d.edit(d.dana, "internal/account/plan", "# Plan\n\nAsk @tom.\n\n- [ ] do it @tom due:2026-12-01\n")
	assert.Len(t, d.unread(d.tom), 1)
	require.NoError(t, d.db.Revoke(t.Context(), d.dana, "northwind", d.tom.Person.ID))
	assert.Empty(t, d.unread(d.tom), "what they were told is gone with their access")
}

func TestNothingIsLostOrRepeatedByARestart(t *testing.T) {
	d := newDesk(t)
	d.edit(d.dana, "internal/account/plan", "# Plan\n")
	d.c.CatchUp(t.Context())
	d.c.Close()
	d.edit(d.dana, "internal/account/plan", "# Plan\n\nAsk @tom.\n")
	d.c = notify.New(notify.Config{Wiki: d.w, People: d.db})
	assert.Equal(t, []string{"mention Dana Reyes Plan"}, d.unread(d.tom), "what happened meanwhile")
	d.seeAll(d.tom)
	d.c.Close()
	d.c = notify.New(notify.Config{Wiki: d.w, People: d.db})
	assert.Empty(t, d.unread(d.tom))
}

// What was seen long ago goes; what nobody has seen stays.
func TestOldNoticesAreForgotten(t *testing.T) {
	d := newDesk(t)
	d.edit(d.dana, "internal/account/plan", "# Plan\n\nAsk @tom.\n")
	d.c.CatchUp(t.Context())
	d.seeAll(d.tom)
	d.edit(d.dana, "internal/account/prices", "# Prices\n\nAsk @tom.\n")
	d.c.CatchUp(t.Context())
	all := func() int {
		list, err := d.c.Inbox(t.Context(), d.tom, false, 10)
		require.NoError(t, err)
		return len(list)
	}
	d.clock = d.clock.AddDate(0, 0, 89)
	require.NoError(t, d.c.Forget(t.Context()))
	assert.Equal(t, 2, all())
	d.clock = d.clock.AddDate(0, 0, 2)
	require.NoError(t, d.c.Forget(t.Context()))
	assert.Equal(t, 1, all())
	assert.Len(t, d.unread(d.tom), 1)
}
