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

// What ended with a handoff is closed on both sides, and a deal that was given
// back on purpose stays where it is when the server starts again.
func TestRunLeavesADealThatWasGivenBack(t *testing.T) {
	d := newDesk(t)
	d.edit(d.dana, "internal/closing/close-plan", facts)
	h, err := d.b.Offer(t.Context(), d.dana, d.sp, handoff.Offer{To: "delivering", Receiver: d.tom.Person.ID, Facts: map[string]string{"c-0001": "close", "c-0002": "close"}})
	require.NoError(t, err)
	_, err = d.b.Accept(t.Context(), d.tom, d.sp, h.Number, nil, fine, "")
	require.NoError(t, err)
	owner := func() string {
		access, err := d.People.Access(t.Context(), d.sp.Prospect())
		require.NoError(t, err)
		return access.Owner
	}
	assert.Equal(t, d.tom.Person.ID, owner())
	d.Clock.Advance(time.Hour)
	require.NoError(t, d.People.SetOwner(t.Context(), people.System("test"), d.sp.Prospect(), d.dana.Person.ID))

	late := d.prospect("Acme", "negotiating", false)
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = d.b.Run(ctx, slog.New(slog.DiscardHandler))
	}()
	assert.Eventually(t, func() bool { return warnedOf(d, late) }, 10*time.Second, 10*time.Millisecond)
	stop()
	<-done
	assert.Equal(t, d.dana.Person.ID, owner())
}

func warnedOf(d *desk, sp *wiki.Space) bool {
	list, err := d.b.Warnings(context.Background(), d.dana, sp)
	return err == nil && len(list) == 1
}
