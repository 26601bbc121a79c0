package handoff_test

import (
	"context"
	"log/slog"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dealwiki/wiki"
	"dealwiki/wiki/handoff"
	"dealwiki/wiki/people"
	"dealwiki/wiki/register"
	"dealwiki/wiki/wikitest"
)

type desk struct {
	*wikitest.Desk
	b     *handoff.Book
	dana  people.Caller // sales, the owner
	tom   people.Caller // delivery
	priya people.Caller // technical
	sp    *wiki.Space
}

func newDesk(t testing.TB) *desk {
	d := &desk{Desk: wikitest.New(t, wiki.Config{})}
	r, err := register.Open(t.Context(), d.Wiki, nil)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, r.Close()) })
	d.b = handoff.New(d.Wiki, r)
	d.dana = d.Person("Dana Reyes", "dana@example.com", people.Sales)
	d.tom = d.Person("Tom Okafor", "tom@example.com", people.Delivery)
	d.priya = d.Person("Priya Nair", "priya@example.com", people.Technical)
	d.sp = d.prospect("Northwind", "closing", false)
	return d
}

func (d *desk) prospect(title, stage string, restricted bool) *wiki.Space {
	d.T.Helper()
	return d.Prospect(d.dana, wiki.NewProspect{Prospect: wiki.Prospect{Title: title, Stage: stage}, Restricted: restricted})
}

func (d *desk) edit(by people.Caller, place, text string) {
	d.T.Helper()
	d.Clock.Advance(time.Hour)
	d.Edit(by, d.sp, place, text)
}

func (d *desk) stage() string {
	e, err := d.Wiki.Prospect(d.T.Context(), d.dana, d.sp.Prospect())
	require.NoError(d.T, err)
	return e.Stage
}

var fine = handoff.Ratings{Content: 4, Collaboration: 5, Communication: 3}

const facts = `# Close plan

> [!commitment] Go-live in March @tom due:2027-03-01 ^c-0001

> [!commitment] Training for 40 people ^c-0002

> [!risk] Henrik leaves ^r-0001
`

func TestOfferReturnOfferAccept(t *testing.T) {
	d := newDesk(t)
	d.edit(d.dana, "internal/closing/close-plan", facts)
	d.edit(d.dana, "external/closing/implementation-timeline", "# Timeline\n\nWe begin in March.\n")
	form, err := d.b.Form(t.Context(), d.dana, d.sp, "")
	require.NoError(t, err)
	assert.Equal(t, "delivering", form.To)
	assert.Equal(t, handoff.Forward, form.Kind)
	assert.Len(t, form.Facts, 3)
	assert.NotEmpty(t, form.Criteria)

	offer := handoff.Offer{To: "delivering", Receiver: d.tom.Person.ID, Last: new(int), Note: "Ingrid decides fast.",
		Evidence:  map[string]string{form.Criteria[0].ID: "signed on 1 November"},
		Waived:    map[string]string{form.Needed[0].Place: "the customer does not want one"},
		Facts:     map[string]string{"c-0002": "not-sold"},
		Documents: map[string]string{"external/closing/implementation-timeline": "agreed"}}
	first, err := d.b.Offer(t.Context(), d.dana, d.sp, offer)
	require.NoError(t, err)
	assert.Equal(t, handoff.StateOffered, first.State)
	assert.Equal(t, "closing", d.stage(), "the stage moves on acceptance")
	assert.True(t, first.Criteria[0].Met)
	require.Len(t, first.Documents, 1)
	assert.Equal(t, "agreed", first.Documents[0].State)

	twice, err := d.b.Offer(t.Context(), d.dana, d.sp, offer)
	require.NoError(t, err)
	assert.Equal(t, first, twice, "the same form sent twice")
	other := offer
	other.Note = "Something else"
	_, err = d.b.Offer(t.Context(), d.dana, d.sp, other)
	assert.ErrorIs(t, err, handoff.ErrStale, "one at a time")
	_, err = d.b.Accept(t.Context(), d.priya, d.sp, 1, nil, fine, "")
	assert.ErrorIs(t, err, people.ErrForbidden)
	_, err = d.b.Return(t.Context(), d.tom, d.sp, 1, " ", "", nil)
	var invalid *wiki.Invalid
	assert.ErrorAs(t, err, &invalid, "a return says what is missing")
	returned, err := d.b.Return(t.Context(), d.tom, d.sp, 1, "Nobody owns the export account.", "", nil)
	require.NoError(t, err)
	assert.Equal(t, handoff.StateReturned, returned.State)
	assert.Equal(t, "closing", d.stage())

	again := offer
	again.Last = nil
	second, err := d.b.Offer(t.Context(), d.dana, d.sp, again)
	require.NoError(t, err)
	assert.Equal(t, 2, second.Number)
	assert.Equal(t, 1, second.Again)
	assert.Equal(t, 1, second.Previous)

	_, err = d.b.Accept(t.Context(), d.tom, d.sp, 2, nil, fine, "")
	assert.ErrorAs(t, err, &invalid, "each carried commitment is acknowledged")
	_, err = d.b.Accept(t.Context(), d.tom, d.sp, 2, []string{"c-0001"}, handoff.Ratings{Content: 6, Collaboration: 1, Communication: 1}, "")
	assert.ErrorAs(t, err, &invalid)
	accepted, err := d.b.Accept(t.Context(), d.tom, d.sp, 2, []string{"c-0001"}, fine, "I knew what to do on day one.")
	require.NoError(t, err)
	assert.Equal(t, handoff.StateAccepted, accepted.State)
	assert.Equal(t, "delivering", d.stage())
	access, err := d.People.Access(t.Context(), "northwind")
	require.NoError(t, err)
	assert.Equal(t, d.tom.Person.ID, access.Owner)
	_, err = d.b.Accept(t.Context(), d.tom, d.sp, 2, []string{"c-0001"}, fine, "")
	assert.ErrorIs(t, err, handoff.ErrDone, "once")

	tasks, err := d.sp.Internal().Read(t.Context(), d.tom, wiki.Place{Section: "internal", Stage: "delivering", Page: "tasks"})
	require.NoError(t, err)
	assert.Contains(t, string(tasks.Text), "@tom due:2026-11-")
	plan, err := d.sp.Internal().Read(t.Context(), d.tom, wiki.Place{Section: "internal", Stage: "closing", Page: "close-plan"})
	require.NoError(t, err)
	assert.Contains(t, string(plan.Text), "Training for 40 people status:dropped ^c-0002", "not sold: it ends here")

	external, err := d.sp.Side(wiki.External)
	require.NoError(t, err)
	pages, err := external.Pages(t.Context(), d.tom)
	require.NoError(t, err)
	assert.Len(t, pages, 1, "nothing external is made by itself")

	// The record never changes, and the space can be seen as it was.
	d.edit(d.dana, "internal/closing/close-plan", "# Close plan\n\n> [!commitment] Go-live in April @tom due:2027-04-01 ^c-0001\n")
	past, err := d.b.At(t.Context(), d.tom, d.sp, accepted)
	require.NoError(t, err)
	was, err := past[0].Read(wiki.Place{Section: "internal", Stage: "closing", Page: "close-plan"})
	require.NoError(t, err)
	assert.Equal(t, facts, string(was.Text))
	found, err := past[0].Search("henrik LEAVES")
	require.NoError(t, err)
	assert.Len(t, found, 1)
	changes, err := d.b.Changes(t.Context(), d.tom, d.sp, accepted)
	require.NoError(t, err)
	waiting := map[string][]string{}
	for _, c := range changes {
		waiting[c.Fact.ID] = c.Waiting
	}
	assert.Equal(t, []string{d.tom.Person.ID}, waiting["c-0001"], "Dana changed it, so only Tom has to know")
	_, err = d.b.Acknowledge(t.Context(), d.tom, d.sp, 2, []string{"c-0001", "r-0001"})
	require.NoError(t, err)
	now, err := d.b.Get(t.Context(), d.tom, d.sp, 2)
	require.NoError(t, err)
	changes, err = d.b.Changes(t.Context(), d.tom, d.sp, now)
	require.NoError(t, err)
	for _, c := range changes {
		assert.Empty(t, c.Waiting)
	}
	assert.Equal(t, accepted.Record, now.Record)

	if git, err := exec.LookPath("git"); err == nil {
		dir := filepath.Join(d.Dir, "spaces", "northwind", "internal.git")
		out, err := exec.Command(git, "-C", dir, "show", "handoff/0002:handoffs/0002.md").CombinedOutput()
		require.NoError(t, err, string(out))
		assert.Contains(t, string(out), "# Handoff 2: Closing to Delivering")
		out, err = exec.Command(git, "-C", dir, "fsck", "--strict").CombinedOutput()
		require.NoError(t, err, string(out))
	}
}

func TestOneKeyForOneself(t *testing.T) {
	d := newDesk(t)
	d.sp = d.prospect("Acme", "pricing", false)
	h, err := d.b.Offer(t.Context(), d.dana, d.sp, handoff.Offer{To: "proposing", Receiver: d.dana.Person.ID})
	require.NoError(t, err)
	assert.Equal(t, handoff.StateAccepted, h.State)
	assert.Equal(t, "proposing", d.stage())
	_, err = d.b.Rate(t.Context(), d.dana, d.sp, 1, fine, "")
	assert.ErrorIs(t, err, people.ErrForbidden, "nobody rates themselves")
	h, err = d.b.Rate(t.Context(), d.priya, d.sp, 1, fine, "Well kept.")
	require.NoError(t, err)
	assert.Equal(t, &fine, h.Ratings)
	back, err := d.b.Offer(t.Context(), d.dana, d.sp, handoff.Offer{To: "pricing", Receiver: d.dana.Person.ID})
	require.NoError(t, err)
	assert.Equal(t, handoff.Back, back.Kind)
	assert.Equal(t, "pricing", d.stage())
}

func TestNurturingAndWarnings(t *testing.T) {
	d := newDesk(t)
	d.sp = d.prospect("Acme", "proposing", true)
	tomorrow := d.Clock.Now().AddDate(0, 0, 1).Format(time.DateOnly)
	var invalid *wiki.Invalid
	_, err := d.b.Offer(t.Context(), d.dana, d.sp, handoff.Offer{To: "nurture", Wake: "2020-01-01", Note: "No budget"})
	assert.ErrorAs(t, err, &invalid)
	_, err = d.b.Offer(t.Context(), d.dana, d.sp, handoff.Offer{To: "nurture", Wake: tomorrow, Note: "No budget"})
	require.NoError(t, err)
	list := d.b.Nurturing(t.Context(), d.dana)
	require.Len(t, list, 1)
	assert.Equal(t, "No budget", list[0].Nurture.Reason)
	assert.Empty(t, d.b.Nurturing(t.Context(), d.tom), "restricted")
	require.NoError(t, d.b.Wake(t.Context(), d.dana, d.sp))
	assert.Empty(t, d.b.Nurturing(t.Context(), d.dana))

	h, err := d.b.Offer(t.Context(), d.dana, d.sp, handoff.Offer{To: "negotiating", Receiver: d.tom.Person.ID})
	require.NoError(t, err)
	_, err = d.Wiki.Space(t.Context(), d.tom, "acme")
	require.NoError(t, err, "the receiver may read it from the offer on")
	_, err = d.b.Accept(t.Context(), d.tom, d.sp, h.Number, nil, fine, "")
	require.NoError(t, err)
	warnings, err := d.b.Warnings(t.Context(), d.tom, d.sp)
	require.NoError(t, err)
	require.Len(t, warnings, 1)
	assert.Contains(t, warnings[0].Told, d.tom.Person.ID)
	require.NoError(t, d.b.AcknowledgeWarning(t.Context(), d.tom, d.sp, 30, "Two engineers"))
	incoming, err := d.b.Incoming(t.Context(), d.tom)
	require.NoError(t, err)
	var slugs []string
	for _, in := range incoming {
		slugs = append(slugs, in.Slug)
	}
	assert.ElementsMatch(t, []string{"acme", "northwind"}, slugs)
}

func TestBadOffers(t *testing.T) {
	d := newDesk(t)
	left := d.priya.Person.ID
	require.NoError(t, d.People.Disable(t.Context(), people.System("test"), left))
	seven := 7
	for name, c := range map[string]struct {
		offer handoff.Offer
		want  error
	}{
		"to nobody":            {handoff.Offer{To: "delivering"}, new(wiki.Invalid)},
		"to a stranger":        {handoff.Offer{To: "delivering", Receiver: "p0000"}, new(wiki.Invalid)},
		"to one who has left":  {handoff.Offer{To: "delivering", Receiver: left}, new(wiki.Invalid)},
		"to no stage":          {handoff.Offer{To: "paradise", Receiver: d.tom.Person.ID}, new(wiki.Invalid)},
		"to the same stage":    {handoff.Offer{To: "closing", Receiver: d.tom.Person.ID}, new(wiki.Invalid)},
		"a fact sold twice":    {handoff.Offer{To: "delivering", Receiver: d.tom.Person.ID, Facts: map[string]string{"c-0001": "sold"}}, new(wiki.Invalid)},
		"waived without words": {handoff.Offer{To: "delivering", Receiver: d.tom.Person.ID, Waived: map[string]string{"x": " "}}, new(wiki.Invalid)},
		"an old form":          {handoff.Offer{To: "delivering", Receiver: d.tom.Person.ID, Last: &seven}, handoff.ErrStale},
		"another stage":        {handoff.Offer{To: "delivering", Receiver: d.tom.Person.ID, From: "pricing"}, handoff.ErrStale},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := d.b.Offer(t.Context(), d.dana, d.sp, c.offer)
			if invalid, ok := c.want.(*wiki.Invalid); ok {
				assert.ErrorAs(t, err, &invalid)
			} else {
				assert.ErrorIs(t, err, c.want)
			}
		})
	}
	list, err := d.b.List(t.Context(), d.dana, d.sp)
	require.NoError(t, err)
	assert.Empty(t, list)
}

func TestManyAtOnce(t *testing.T) {
	d := newDesk(t)
	var done sync.WaitGroup
	offered := make(chan error, 8)
	for range 8 {
		done.Go(func() {
			_, err := d.b.Offer(context.Background(), d.dana, d.sp, handoff.Offer{To: "delivering", Receiver: d.tom.Person.ID})
			offered <- err
		})
	}
	done.Wait()
	close(offered)
	good := 0
	for err := range offered {
		if err == nil {
			good++
		} else {
			assert.ErrorIs(t, err, handoff.ErrStale)
		}
	}
	assert.Equal(t, 1, good)
	require.NoError(t, d.People.Disable(t.Context(), people.System("test"), d.tom.Person.ID))
	h, err := d.b.Delegate(t.Context(), d.dana, d.sp, 1, d.priya.Person.ID, "Tom has left.")
	require.NoError(t, err, "the sender passes it on when the receiver has left")
	assert.Equal(t, d.priya.Person.ID, h.Holder)
	_, err = d.b.Accept(t.Context(), d.priya, d.sp, 1, nil, fine, "")
	require.NoError(t, err)
}

func TestNewOpportunity(t *testing.T) {
	d := newDesk(t)
	d.edit(d.dana, "internal/closing/close-plan", facts)
	e, err := d.b.NewOpportunity(t.Context(), d.dana, d.sp, "Northwind buses")
	require.NoError(t, err)
	assert.Equal(t, []string{"northwind"}, e.Links)
	sp, err := d.Wiki.Space(t.Context(), d.dana, e.Slug)
	require.NoError(t, err)
	page, err := sp.Internal().Read(t.Context(), d.dana, wiki.Place{Section: "internal", Stage: "account", Page: "from-the-last-deal"})
	require.NoError(t, err)
	assert.Contains(t, string(page.Text), "[[northwind:closing/close-plan|Go-live in March]]")
	old, err := d.Wiki.Prospect(t.Context(), d.dana, "northwind")
	require.NoError(t, err)
	assert.Equal(t, []string{e.Slug}, old.Links)
}

func TestRunWarnsOfDealsThatBeginLate(t *testing.T) {
	d := newDesk(t)
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		d.b.Run(ctx, slog.New(slog.DiscardHandler))
	}()
	warned := func(sp *wiki.Space) func() bool {
		return func() bool {
			list, err := d.b.Warnings(t.Context(), d.dana, sp)
			return err == nil && len(list) == 1
		}
	}
	assert.Eventually(t, warned(d.sp), 10*time.Second, 10*time.Millisecond)
	list, err := d.b.Warnings(t.Context(), d.dana, d.sp)
	require.NoError(t, err)
	assert.Equal(t, []string{d.tom.Person.ID}, list[0].Told)
	secret := d.prospect("Acme", "negotiating", true)
	assert.Eventually(t, warned(secret), 10*time.Second, 10*time.Millisecond)
	list, err = d.b.Warnings(t.Context(), d.dana, secret)
	require.NoError(t, err)
	assert.Equal(t, []string{d.dana.Person.ID}, list[0].Told, "nobody hears of a restricted deal but its owner")
	stop()
	<-done
	events, err := d.b.Events(t.Context(), d.dana, d.sp, time.Time{})
	require.NoError(t, err)
	require.Len(t, events, 1)
	assert.Equal(t, handoff.Warned, events[0].What)
}

func TestOutcomeBeginsTheReview(t *testing.T) {
	d := newDesk(t)
	var invalid *wiki.Invalid
	_, err := d.b.SetOutcome(t.Context(), d.dana, d.sp, "lost", "", " ")
	assert.ErrorAs(t, err, &invalid)
	_, err = d.b.SetOutcome(t.Context(), d.dana, d.sp, "lost", "31 May", "Outsold")
	assert.ErrorAs(t, err, &invalid)
	_, err = d.b.SetOutcome(t.Context(), d.tom, d.sp, "lost", "", "Outsold")
	assert.ErrorIs(t, err, people.ErrForbidden)
	e, err := d.b.SetOutcome(t.Context(), d.dana, d.sp, "lost", "", "Outsold")
	require.NoError(t, err)
	assert.Equal(t, "2026-11-02", e.OutcomeDate)
	_, err = d.sp.Internal().Read(t.Context(), d.dana, handoff.Review())
	require.NoError(t, err)
	_, err = d.b.Offer(t.Context(), d.dana, d.sp, handoff.Offer{To: "delivering", Receiver: d.tom.Person.ID})
	assert.ErrorAs(t, err, &invalid, "a deal that is over goes nowhere")
}

func TestLeadFromMarketing(t *testing.T) {
	d := newDesk(t)
	d.sp = d.prospect("Acme", "prospecting", false)
	lead := handoff.Offer{To: "prospecting", Receiver: d.tom.Person.ID, Note: "They asked at the fair."}
	h, err := d.b.Offer(t.Context(), d.dana, d.sp, lead)
	require.NoError(t, err)
	assert.Equal(t, handoff.Lead, h.Kind)
	_, err = d.b.Return(t.Context(), d.tom, d.sp, 1, "They are too small for us.", "", nil)
	require.NoError(t, err)
	lead.Receiver = d.priya.Person.ID
	h, err = d.b.Offer(t.Context(), d.dana, d.sp, lead)
	require.NoError(t, err)
	_, err = d.b.Accept(t.Context(), d.priya, d.sp, h.Number, nil, fine, "")
	require.NoError(t, err)
	access, err := d.People.Access(t.Context(), d.sp.Prospect())
	require.NoError(t, err)
	assert.Equal(t, d.priya.Person.ID, access.Owner)
}

func TestDelegatedHandoffIsReadAnew(t *testing.T) {
	d := newDesk(t)
	d.edit(d.dana, "internal/closing/close-plan", facts)
	_, err := d.b.Offer(t.Context(), d.dana, d.sp, handoff.Offer{To: "delivering", Receiver: d.tom.Person.ID})
	require.NoError(t, err)
	h, err := d.b.Acknowledge(t.Context(), d.tom, d.sp, 1, []string{"c-0001", "c-0002"})
	require.NoError(t, err)
	assert.Empty(t, h.Unacknowledged())
	var invalid *wiki.Invalid
	_, err = d.b.Delegate(t.Context(), d.tom, d.sp, 1, d.dana.Person.ID, "")
	assert.ErrorAs(t, err, &invalid, "that is a return")
	h, err = d.b.Delegate(t.Context(), d.tom, d.sp, 1, d.priya.Person.ID, "On leave")
	require.NoError(t, err)
	assert.Len(t, h.Unacknowledged(), 2)
}

func TestARefusedOfferLetsNobodyIn(t *testing.T) {
	d := newDesk(t)
	d.sp = d.prospect("Quiet Harbour", "closing", true)
	_, err := d.b.Offer(t.Context(), d.dana, d.sp, handoff.Offer{To: "delivering", Receiver: d.tom.Person.ID})
	require.NoError(t, err)
	one := 1
	_, err = d.b.Offer(t.Context(), d.dana, d.sp, handoff.Offer{To: "delivering", Receiver: d.priya.Person.ID, Last: &one})
	require.ErrorIs(t, err, handoff.ErrStale, "the first is open")
	assert.Equal(t, people.None, d.People.LevelOn(t.Context(), d.priya, d.sp.Prospect()))
}

func TestReasonsAreShort(t *testing.T) {
	d := newDesk(t)
	form, err := d.b.Form(t.Context(), d.dana, d.sp, "")
	require.NoError(t, err)
	id := form.Criteria[0].ID
	for field, o := range map[string]handoff.Offer{
		"evidence": {Evidence: map[string]string{id: strings.Repeat("y ", 2001)}},
		"waived":   {Waived: map[string]string{id: "nul\x00"}},
	} {
		o.To, o.Receiver = "delivering", d.tom.Person.ID
		_, err := d.b.Offer(t.Context(), d.dana, d.sp, o)
		var invalid *wiki.Invalid
		require.ErrorAs(t, err, &invalid)
		assert.Equal(t, field, invalid.Field)
	}
}
