package register_test

import (
	"context"
	"database/sql"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dealwiki/wiki"
	"dealwiki/wiki/people"
	"dealwiki/wiki/register"
	"dealwiki/wiki/repo"
	"dealwiki/wiki/wikitest"
)

// desk is a wiki with a register and a clock that goes an hour with each edit.
type desk struct {
	*wikitest.Desk
	r    *register.Register
	dana people.Caller
	tom  people.Caller
	sp   *wiki.Space
}

func newDesk(t testing.TB) *desk {
	d := &desk{Desk: wikitest.New(t, wiki.Config{})}
	var err error
	d.r, err = register.Open(t.Context(), d.Wiki, nil)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, d.r.Close()) })
	d.dana, d.tom = d.Person("Dana Reyes", "dana@example.com", people.Sales), d.Person("Tom Okafor", "tom@example.com", people.Sales)
	d.sp = d.Prospect(d.dana, wiki.NewProspect{Prospect: wiki.Prospect{Title: "Northwind"}})
	return d
}

// edit gives a page a text as somebody, an hour later.
func (d *desk) edit(by people.Caller, place, text string) *wiki.Edited {
	d.T.Helper()
	d.Clock.Advance(time.Hour)
	return d.Edit(by, d.sp, place, text)
}

func (d *desk) facts() []register.Fact {
	d.T.Helper()
	facts, err := d.r.Space(d.T.Context(), d.dana, d.sp)
	require.NoError(d.T, err)
	return facts
}

func what(f register.Fact) []string {
	var out []string
	for _, e := range f.Life {
		out = append(out, e.By.Name+" "+e.What)
	}
	return out
}

func TestLifeOfAFact(t *testing.T) {
	d := newDesk(t)
	d.edit(d.dana, "internal/prospecting/call", "# Call\n\n> [!commitment] Go-live in March @sam due:2027-03-01 ^c-7f3a\n> Promised by Dana.\n")
	d.Clock.Advance(time.Hour)
	_, err := d.Wiki.SetStage(t.Context(), people.System("test"), "northwind", "qualifying")
	require.NoError(t, err)
	d.edit(d.tom, "internal/prospecting/call", "# Call\n\n> [!commitment] Go-live in March @sam due:2027-04-15 ^c-7f3a\n> Promised by Dana.\n")
	d.edit(d.dana, "internal/prospecting/call", "# Call\n\n> [!commitment] Go-live in March @sam due:2027-04-15 status:done ^c-7f3a\n> Promised by Dana.\n")
	d.edit(d.dana, "internal/prospecting/call", "# Call\n\n> [!commitment] Go-live in March @sam due:2027-04-15 ^c-7f3a\n> Promised by Dana.\n")

	facts := d.facts()
	require.Len(t, facts, 1)
	f := facts[0]
	assert.Equal(t, []string{"Dana Reyes raised", "Tom Okafor changed", "Dana Reyes done", "Dana Reyes reopened"}, what(f))
	assert.Equal(t, "due 1 Mar 2027 → 15 Apr 2027", f.Life[1].Note)
	assert.Equal(t, "prospecting", f.Origin(), "the stage it was raised in")
	assert.Equal(t, "qualifying", f.Life[1].Stage)
	assert.Equal(t, register.StateOpen, f.State)
	assert.Equal(t, 3, f.Line)
	assert.True(t, f.Overdue("2027-05-01"))
	assert.False(t, f.Overdue("2027-04-15"))

	d.edit(d.tom, "internal/prospecting/call", "# Call\n\nNothing left.\n")
	d.edit(d.tom, "internal/qualifying/notes", "# Notes\n\n> [!commitment] Go-live in March @sam due:2027-04-15 ^c-7f3a\n> Promised by Dana.\n")
	facts = d.facts()
	require.Len(t, facts, 1, "carried by hand to another page it is the same fact")
	assert.Equal(t, "internal/qualifying/notes", facts[0].Place.String())
	assert.Equal(t, "Dana Reyes", facts[0].Raised().By.Name)
	assert.Equal(t, register.StateOpen, facts[0].State)
}

func TestFactsWithoutIDs(t *testing.T) {
	d := newDesk(t)
	done := d.edit(d.dana, "internal/account/overview", "# Overview\n\n- [ ] Ask for the plans @tom due:2026-12-01\n\n> [!question] Who signs?\n")
	facts := d.facts()
	require.Len(t, facts, 2)
	for _, f := range facts {
		assert.NotEmpty(t, f.ID, "the wiki gave it one")
		assert.Len(t, f.Life, 1, "getting an id is no event")
		assert.Equal(t, 1, f.Raised().Number)
	}
	done, err := d.sp.Internal().SetTask(t.Context(), d.tom, done.Place, done.Version, 3, true)
	require.NoError(t, err)
	action := register.Select(d.facts(), register.Filter{Kinds: []string{register.Action}})
	require.Len(t, action, 1)
	assert.Equal(t, []string{"Dana Reyes raised", "Tom Okafor done"}, what(action[0]))
	assert.Equal(t, register.StateDone, action[0].State)
}

func TestCopiesAndCode(t *testing.T) {
	d := newDesk(t)
	d.edit(d.dana, "internal/account/one", "# One\n\n> [!risk] The network may be slow ^r-0001\n")
	d.edit(d.tom, "external/account/two", "# Two\n\n> [!risk] The network may be slow ^r-0001\n\n```\n> [!risk] Only an example ^r-0002\n```\n")
	facts := d.facts()
	require.Len(t, facts, 2)
	assert.True(t, facts[0].Copy, "the younger one, on the external page")
	assert.False(t, facts[1].Copy)
	f, err := register.Find(facts, "r-0001")
	require.NoError(t, err)
	assert.Equal(t, "internal/account/one", f.Place.String())
	_, err = register.Find(facts, "r-0002")
	assert.ErrorIs(t, err, wiki.ErrNotFound)

	external, err := d.sp.Side(wiki.External)
	require.NoError(t, err)
	own, err := d.r.Side(t.Context(), d.dana, external)
	require.NoError(t, err)
	require.Len(t, own, 1)
	assert.False(t, own[0].Copy, "on its own side there is no other")
}

func TestOverAllProspects(t *testing.T) {
	d := newDesk(t)
	d.edit(d.dana, "internal/account/one", "# One\n\n> [!commitment] Early @dana due:2026-11-20\n\n> [!commitment] Late @tom due:2027-02-01\n\n> [!commitment] Kept @dana due:2026-11-10 status:done\n")
	hidden, err := d.Wiki.Create(t.Context(), d.dana, wiki.NewProspect{Prospect: wiki.Prospect{Title: "Hidden"}, Restricted: true})
	require.NoError(t, err)
	sp, err := d.Wiki.Space(t.Context(), d.dana, hidden.Slug)
	require.NoError(t, err)
	d.sp = sp
	d.edit(d.dana, "internal/account/secret", "# Secret\n\n> [!commitment] Nobody knows due:2026-11-25\n")

	ask := func(c people.Caller, f register.Filter) []string {
		facts, err := d.r.All(t.Context(), c, f)
		require.NoError(t, err)
		var titles []string
		for _, f := range facts {
			titles = append(titles, f.Title)
		}
		return titles
	}
	open := register.Filter{Kinds: []string{"commitment"}, States: []register.State{register.StateOpen, register.StateEvaded}}
	assert.Equal(t, []string{"Early", "Nobody knows", "Late"}, ask(d.dana, open))
	assert.Equal(t, []string{"Early", "Late"}, ask(d.tom, open), "what one may not see is not there")
	month := open
	month.DueFrom, month.DueUntil = "2026-11-01", "2026-11-30"
	assert.Equal(t, []string{"Early"}, ask(d.tom, month))
	assert.Equal(t, []string{"Late"}, ask(d.dana, register.Filter{Owners: []string{"tom"}}))
	assert.Equal(t, []string{"Kept"}, ask(d.dana, register.Filter{Text: "KEPT"}))

	require.NoError(t, d.Wiki.Delete(t.Context(), d.dana, hidden.Slug))
	assert.Equal(t, []string{"Early", "Late"}, ask(d.dana, open))
}

// Tables that say a page was read up to an older version than its facts are from
// do no harm.
func TestTablesBehindTheirFacts(t *testing.T) {
	d := newDesk(t)
	d.edit(d.dana, "internal/prospecting/call", "# Call\n\n- [ ] Send the offer @sam\n")
	require.Len(t, d.facts(), 1)
	side, err := d.sp.Side(wiki.Internal)
	require.NoError(t, err)
	place, err := wiki.ParsePlace("internal/prospecting/call")
	require.NoError(t, err)
	past, err := side.History(t.Context(), d.dana, place, 0, repo.Zero)
	require.NoError(t, err)
	require.Len(t, past, 2, "the id came in a version of its own")
	db, err := sql.Open("sqlite", filepath.Join(d.Dir, "derived.db"))
	require.NoError(t, err)
	for _, statement := range []string{
		`UPDATE register_pages SET version='` + past[1].Commit.String() + `' WHERE path='prospecting/call.md'`,
		`UPDATE register_sides SET head=''`,
	} {
		_, err = db.Exec(statement)
		require.NoError(t, err)
	}
	require.NoError(t, db.Close())
	facts := d.follow()
	require.Len(t, facts, 1)
	assert.Equal(t, register.StateOpen, facts[0].State)
}

// Pages that get new facts while they are followed keep every fact once, raised
// once.
func TestFollowingWhilePagesChange(t *testing.T) {
	d := newDesk(t)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- d.r.Run(ctx) }()
	const pages = 60
	for i := range pages {
		d.edit(d.dana, fmt.Sprintf("internal/prospecting/call-%d", i), fmt.Sprintf("# Call\n\n- [ ] Send offer %d @sam\n", i))
	}
	stop()
	assert.ErrorIs(t, <-ended, context.Canceled)
	facts := d.follow()
	assert.Len(t, facts, pages)
	for _, f := range facts {
		assert.Equal(t, []string{"Dana Reyes raised"}, what(f), f.Title)
	}
}

// follow answers the facts after a commit that has none.
func (d *desk) follow() []register.Fact {
	d.T.Helper()
	d.edit(d.dana, "internal/prospecting/last", "# Last\n")
	return d.facts()
}
