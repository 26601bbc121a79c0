package handoff_test

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dealwiki/wiki"
	"dealwiki/wiki/handoff"
	"dealwiki/wiki/people"
)

const external = `# Timeline

> [!commitment] We begin in March ^c-0009
`

// cut leaves a deal as a crash does between the commit of an acceptance and what
// follows it: the answer stands, facts of the other side do not end yet. The
// owner is the receiver already if owned is true.
func (d *desk) cut(owned bool) {
	d.t().Helper()
	d.edit(d.dana, "external/closing/implementation-timeline", external)
	h, err := d.b.Offer(d.t().Context(), d.dana, d.sp, handoff.Offer{To: "delivering", Receiver: d.tom.Person.ID, Facts: map[string]string{"c-0009": "close"}})
	require.NoError(d.t(), err)
	_, err = d.sp.Transact(d.t().Context(), d.tom, people.Viewer, func(tx *wiki.Transaction) (string, error) {
		tx.Prospect().Stage = "delivering"
		return "Accept handoff 1", tx.Write("handoffs/0001.response.yaml", []byte("- at: "+d.Clock.Now().UTC().Format(time.RFC3339)+"\n  by: "+d.tom.Person.ID+"\n  what: accepted\n  ratings: {content: 4, collaboration: 4, communication: 4}\n"))
	})
	require.NoError(d.t(), err)
	if owned {
		require.NoError(d.t(), d.People.SetOwner(d.t().Context(), people.System("handoff"), d.sp.Prospect(), d.tom.Person.ID))
	}
	require.Equal(d.t(), 1, h.Number)
}

func (d *desk) t() testing.TB { return d.Desk.T }

// healed tells whether the deal is the receiver's, and the fact is closed.
func (d *desk) healed() bool {
	access, err := d.People.Access(context.Background(), d.sp.Prospect())
	require.NoError(d.t(), err)
	side, err := d.sp.Side(wiki.External)
	require.NoError(d.t(), err)
	page, err := side.Read(context.Background(), d.tom, wiki.Place{Section: wiki.External, Stage: "closing", Page: "implementation-timeline"})
	require.NoError(d.t(), err)
	return access.Owner == d.tom.Person.ID && string(page.Text) == "# Timeline\n\n> [!commitment] We begin in March status:done ^c-0009\n"
}

func TestACrashAfterAcceptanceIsHealedAtTheNextStart(t *testing.T) {
	for name, owned := range map[string]bool{"before the owner": false, "after the owner": true} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t)
			d.cut(owned)
			assert.False(t, d.healed())
			ctx, stop := context.WithCancel(t.Context())
			done := make(chan struct{})
			go func() {
				defer close(done)
				_ = d.b.Run(ctx, slog.New(slog.DiscardHandler))
			}()
			assert.Eventually(t, d.healed, 10*time.Second, 10*time.Millisecond)
			stop()
			<-done
		})
	}
}

func TestACrashAfterAcceptanceIsHealedByAcceptingAgain(t *testing.T) {
	for name, owned := range map[string]bool{"before the owner": false, "after the owner": true} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t)
			d.cut(owned)
			_, err := d.b.Accept(t.Context(), d.dana, d.sp, 1, nil, fine, "")
			assert.ErrorIs(t, err, handoff.ErrDone)
			assert.False(t, d.healed(), "only whoever accepted can say it again")
			_, err = d.b.Accept(t.Context(), d.tom, d.sp, 1, nil, fine, "")
			assert.ErrorIs(t, err, handoff.ErrDone)
			assert.True(t, d.healed())
		})
	}
}

// A fact that somebody has opened again stays open.
func TestHealingLeavesWhatWasOpenedAgain(t *testing.T) {
	d := newDesk(t)
	d.cut(true)
	d.edit(d.tom, "external/closing/implementation-timeline", "# Timeline\n\n> [!commitment] We begin in April instead ^c-0009\n")
	_, err := d.b.Accept(t.Context(), d.tom, d.sp, 1, nil, fine, "")
	assert.ErrorIs(t, err, handoff.ErrDone)
	side, err := d.sp.Side(wiki.External)
	require.NoError(t, err)
	page, err := side.Read(t.Context(), d.tom, wiki.Place{Section: wiki.External, Stage: "closing", Page: "implementation-timeline"})
	require.NoError(t, err)
	assert.NotContains(t, string(page.Text), "status:")
}

// The record leads to what it speaks of.
func TestTheRecordLinks(t *testing.T) {
	d := newDesk(t)
	d.edit(d.dana, "internal/closing/close-plan", "# Close plan\n\n> [!commitment] Go-live [soon] ^c-0001\n")
	d.edit(d.dana, "external/closing/implementation-timeline", external)
	_, err := d.b.Offer(t.Context(), d.dana, d.sp, handoff.Offer{To: "delivering", Receiver: d.tom.Person.ID, Documents: map[string]string{"external/closing/implementation-timeline": "sent"}})
	require.NoError(t, err)
	text, err := d.b.Text(t.Context(), d.tom, d.sp, 1)
	require.NoError(t, err)
	for _, want := range []string{"- [x] [Close plan](../closing/close-plan.md)\n", "[Go-live (soon)](../closing/close-plan.md#c-0001)", "[We begin in March](/p/northwind/external/closing/implementation-timeline#c-0009)",
		"- [Timeline](/p/northwind/external/closing/implementation-timeline), version 1"} {
		assert.Contains(t, string(text), want)
	}
}
