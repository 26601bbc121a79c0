package notify_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dealwiki/web/notify"
	"dealwiki/wiki"
	"dealwiki/wiki/handoff"
	"dealwiki/wiki/people"
	"dealwiki/wiki/pipeline"
	"dealwiki/wiki/register"
)

func TestTicksAreNoNews(t *testing.T) {
	d := newDesk(t)
	d.edit(d.tom, "internal/account/plan", "# Plan\n\n- [ ] one\n- [ ] two\n")
	d.unread(d.dana)
	d.seeAll(d.dana)
	d.edit(d.tom, "internal/account/plan", "# Plan\n\n- [x] one\n- [ ] two\n")
	d.edit(d.tom, "internal/account/plan", "# Plan\n\n- [x] one\n- [x] two\n")
	assert.Empty(t, d.unread(d.dana))
	d.edit(d.tom, "internal/account/plan", "# Plan\n\n- [ ] one\n- [x] two, for all\n")
	assert.Equal(t, []string{"page Tom Okafor Plan"}, d.unread(d.dana))
}

func TestAQuestionIsAsked(t *testing.T) {
	d, p := newPost(t)
	d.edit(d.dana, "internal/account/plan", "# Plan\n\n> [!question] Who signs? @tom\n\n> [!risk] Late @vera\n")
	assert.Equal(t, []string{"asked Dana Reyes Plan"}, d.unread(d.tom))
	assert.Equal(t, []string{"assigned Dana Reyes Plan: Late"}, d.unread(d.vera))
	lines, letters := p.take()
	require.Equal(t, []string{"tom@example.com: Northwind: Dana Reyes asked you on Plan"}, lines, "at once")
	assert.Contains(t, letters[0].text, "Who signs?")
}

// An import, or a push of a whole past, is told once and not file by file.
func TestVeryManyFilesAreOneNotice(t *testing.T) {
	d := newDesk(t)
	sp, err := d.w.Space(t.Context(), d.tom, "northwind")
	require.NoError(t, err)
	write := func(n int) {
		d.clock = d.clock.Add(time.Minute)
		_, err = sp.Transact(t.Context(), d.tom, people.Editor, func(tx *wiki.Transaction) (string, error) {
			for i := range n {
				place := wiki.Place{Section: wiki.Internal, Stage: wiki.StageAccount, Page: fmt.Sprintf("note-%d", i)}
				if err := tx.Page(place, []byte(fmt.Sprintf("# Note %d\n\nAsk @vera, %s.\n", i, d.clock))); err != nil {
					return "", err
				}
			}
			return "Bring the notes in", nil
		})
		require.NoError(t, err)
	}
	d.unread(d.dana)
	write(101)
	assert.Equal(t, []string{"many Tom Okafor 101 files on the internal side"}, d.unread(d.dana))
	list, err := d.c.Inbox(t.Context(), d.dana, true, 10)
	require.NoError(t, err)
	assert.Equal(t, "/p/northwind/changes", list[0].Href())
	assert.Equal(t, "Bring the notes in", list[0].Text)
	assert.Empty(t, d.unread(d.vera), "nobody is named a hundred times")
	assert.Empty(t, d.unread(d.tom))
	d.edit(d.dana, "internal/account/note-1", "# Note 1\n\nDone.\n")
	assert.Equal(t, []string{"page Dana Reyes Note 1"}, d.unread(d.tom), "whoever wrote them watches")
}

// dull is a pipeline with the flags that a test gives it.
type dull []pipeline.Flag

func (d *dull) Flags(_ context.Context, c people.Caller) ([]pipeline.Flag, error) {
	if !c.IsSystem() {
		return nil, people.ErrForbidden
	}
	return *d, nil
}

func TestOwnersAreAskedAboutTheirDeals(t *testing.T) {
	d := newDesk(t)
	flags := &dull{}
	d.c.Close()
	d.c = notify.New(notify.Config{Wiki: d.w, People: d.db, Pipeline: flags})
	ask := func() []string {
		t.Helper()
		require.NoError(t, d.c.AskOwners(t.Context()))
		return d.unread(d.dana)
	}
	assert.Empty(t, ask())
	quiet := pipeline.Flag{Prospect: "northwind", Name: "Northwind", Owner: d.dana.Person.ID, Stage: "closing", Quiet: 64, Typical: 21, Updated: d.clock}
	*flags = dull{quiet, {Prospect: "gone", Name: "Gone", Owner: d.dana.Person.ID, Quiet: 1}, {Prospect: "northwind2", Name: "Nobody's", Past: "2026-01-01"}}
	assert.Equal(t, []string{"flag  Is Northwind alive, lost, or to be nurtured?"}, ask())
	list, err := d.c.Inbox(t.Context(), d.dana, true, 10)
	require.NoError(t, err)
	assert.Equal(t, "Nothing has changed for 64 days, where 21 are usual.", list[0].Text)
	assert.Equal(t, "/pipeline#asked", list[0].Href())
	assert.Len(t, ask(), 1)
	d.seeAll(d.dana)
	quiet.Quiet++
	*flags = dull{quiet}
	assert.Empty(t, ask(), "once, however long it lasts")
	quiet.Past = "2026-11-01"
	*flags = dull{quiet}
	assert.Len(t, ask(), 1, "another reason")
	*flags = dull{}
	assert.Empty(t, ask(), "what is answered is read")

	quiet.Updated = d.clock.Add(24 * time.Hour)
	*flags = dull{quiet}
	require.NoError(t, d.db.SetRestricted(t.Context(), d.dana, "northwind", true))
	quiet.Owner = d.vera.Person.ID // who does not see it
	*flags = dull{quiet}
	require.NoError(t, d.c.AskOwners(t.Context()))
	assert.Empty(t, d.unread(d.vera))
}

// A handoff is mailed at once: to its receiver when it is offered, to its sender
// when it is answered, and to nobody else.
func TestHandoffsAreMailed(t *testing.T) {
	d, p := newPost(t)
	reg, err := register.Open(t.Context(), d.w, nil)
	require.NoError(t, err)
	defer reg.Close()
	book := handoff.New(d.w, reg)
	sender, err := notify.NewFolder(p.dir)
	require.NoError(t, err)
	d.c.Close()
	d.c = notify.New(notify.Config{Wiki: d.w, People: d.db, Handoffs: book, Mail: d.mail(sender)})
	d.clock = d.clock.Add(time.Minute)
	form, err := book.Form(t.Context(), d.dana, d.sp, "")
	require.NoError(t, err)
	h, err := book.Offer(t.Context(), d.dana, d.sp, handoff.Offer{To: form.To, Receiver: d.tom.Person.ID, Note: "Ingrid decides fast."})
	require.NoError(t, err)
	lines, letters := p.take()
	require.Len(t, lines, 1)
	assert.Equal(t, "tom@example.com: Northwind: Dana Reyes offered Handoff 1", lines[0])
	assert.Contains(t, letters[0].text, "Ingrid decides fast.")
	assert.Contains(t, letters[0].html, `href="https://wiki.example.com/p/northwind/handoffs/1"`)

	d.clock = d.clock.Add(time.Minute)
	_, err = book.Return(t.Context(), d.tom, d.sp, h.Number, "The price is missing.", "", nil)
	require.NoError(t, err)
	lines, letters = p.take()
	require.NotEmpty(t, lines)
	assert.Equal(t, "dana@example.com: Northwind: Tom Okafor returned Handoff 1", lines[0])
	assert.Contains(t, letters[0].text, "The price is missing.")
	for _, l := range lines {
		assert.False(t, strings.HasPrefix(l, "vera@"), "whom it does not concern")
	}
	lines, _ = p.take()
	assert.Empty(t, lines, "once")
}

// Customers are told and mailed nothing by the inbox, whatever names them.
func TestGuestsAreToldNothing(t *testing.T) {
	d, p := newPost(t)
	id, _, err := d.db.InviteGuest(t.Context(), d.dana, people.NewGuest{Prospect: "northwind", Name: "Ingrid Solberg", Email: "ingrid@customer.example", Role: people.GuestEditor})
	require.NoError(t, err)
	guest, err := d.db.Get(t.Context(), id)
	require.NoError(t, err)
	require.NotEmpty(t, guest.Handle)
	for _, place := range []string{"internal/account/plan", "external/closing/plan"} {
		d.edit(d.dana, place, "# Plan\n\nAsk @"+guest.Handle+".\n\n- [ ] send it @"+guest.Handle+" due:2026-12-01\n\n> [!question] Who? @"+guest.Handle+"\n")
	}
	d.clock = d.clock.Add(48 * time.Hour)
	lines, _ := p.take()
	assert.Empty(t, lines)
	list, err := d.c.Inbox(t.Context(), people.Caller{Person: guest, Scopes: people.AllScopes, Via: "session"}, false, 10)
	require.NoError(t, err)
	assert.Empty(t, list)
}

// guest is somebody of the customer's who may write.
func (d *desk) guest() people.Caller {
	d.t.Helper()
	_, token, err := d.db.InviteGuest(d.t.Context(), d.dana, people.NewGuest{Prospect: "northwind", Name: "Ingrid Solberg", Email: "ingrid@customer.example", Role: people.GuestEditor})
	require.NoError(d.t, err)
	p, _, err := d.db.JoinAsGuest(d.t.Context(), people.Caller{}, token, "")
	require.NoError(d.t, err)
	return people.Caller{Person: p, Scopes: people.AllScopes, Via: "session"}
}

// A customer who guesses names reaches nobody who does not take part, and makes
// nobody watch.
func TestGuestsNameOnlyThoseWhoTakePart(t *testing.T) {
	d, p := newPost(t)
	guest := d.guest()
	named := "# Ask\n\n@dana @vera @tom\n\n- [ ] send it @vera\n\n> [!question] Who? @tom\n"
	d.edit(guest, "external/account/ask", named)
	side, err := d.sp.Side(wiki.External)
	require.NoError(t, err)
	place := wiki.Place{Section: wiki.External, Stage: "account", Page: "ask"}
	_, err = side.StartThread(t.Context(), guest, place, wiki.NewThread{Text: "@dana or @vera, or @tom?"})
	require.NoError(t, err)
	assert.NotEmpty(t, d.unread(d.dana), "she owns the deal")
	assert.Empty(t, d.unread(d.vera))
	assert.Empty(t, d.unread(d.tom))
	lines, _ := p.take()
	for _, line := range lines {
		assert.True(t, strings.HasPrefix(line, "dana@"), line)
	}
	d.edit(guest, "external/account/ask", named+"\nAnd another thing.\n")
	assert.Empty(t, d.unread(d.vera), "nobody was made to watch")

	d.edit(d.dana, "external/account/ask", named+"\nAnd another thing, @tom knows.\n\n- [ ] tell them @tom\n")
	assert.NotEmpty(t, d.unread(d.tom), "whom a colleague names takes part")
	d.seeAll(d.tom)
	d.edit(guest, "external/account/other", "# Other\n\n@tom please\n")
	assert.Contains(t, d.unread(d.tom), "mention Ingrid Solberg Other", "and can be named from then on")
}

// A page of the largest size states tens of thousands of tasks. They are told in
// a bounded number of notices, and the next change is not kept waiting.
func TestVeryManyTasksAreToldAsAFew(t *testing.T) {
	d := newDesk(t)
	guest := d.guest()
	d.edit(guest, "external/account/flood", "# Flood\n\n"+strings.Repeat("- [ ] s @dana\n", 25_000))
	d.c.CatchUp(t.Context())
	list, err := d.c.Inbox(t.Context(), d.dana, true, 1000)
	require.NoError(t, err)
	assert.NotEmpty(t, list)
	assert.LessOrEqual(t, len(list), 21)
}

// However often a customer names somebody, letters gather it.
func TestLettersAreNoFlood(t *testing.T) {
	d, p := newPost(t)
	guest := d.guest()
	d.edit(guest, "external/account/ask", "# Ask\n\nPlease.\n")
	side, err := d.sp.Side(wiki.External)
	require.NoError(t, err)
	place := wiki.Place{Section: wiki.External, Stage: "account", Page: "ask"}
	name := func(times int) (letters int) {
		for range times {
			_, err := side.StartThread(t.Context(), guest, place, wiki.NewThread{Text: "@dana, look!"})
			require.NoError(t, err)
			lines, _ := p.take()
			letters += len(lines)
		}
		return letters
	}
	d.clock = d.clock.Add(time.Hour)
	assert.Equal(t, 1, name(30), "the first at once")
	d.clock = d.clock.Add(2 * time.Minute)
	lines, letters := p.take()
	require.Len(t, lines, 1, "the others together")
	assert.GreaterOrEqual(t, strings.Count(letters[0].text, "look!"), 29)
}
