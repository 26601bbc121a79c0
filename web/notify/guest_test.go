package notify_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dealwiki/web/notify"
	"dealwiki/wiki/people"
)

// shop is a portal with one change.
type shop struct {
	at  time.Time
	bad error
}

func (s *shop) News(_ context.Context, _ people.Person, from time.Time) ([]notify.GuestNews, error) {
	if s.bad != nil || s.at.Before(from) {
		return nil, s.bad
	}
	return []notify.GuestNews{{Title: "Northwind and us", Changes: []notify.GuestChange{{Who: "Dana <b>", Did: "wrote", Title: "Plan\r\nBcc: x@example.com", Path: "/shared/northwind/plan"}}}}, nil
}

func TestGuestsAreMailedWeeklyIfTheyWant(t *testing.T) {
	d, p := newPost(t)
	ctx := t.Context()
	id, token, err := d.db.InviteGuest(ctx, d.dana, people.NewGuest{Prospect: "northwind", Name: "Ingrid Solberg", Email: "ingrid@customer.example", Role: people.GuestViewer})
	require.NoError(t, err)
	_, _, err = d.db.JoinAsGuest(ctx, people.Caller{}, token, "")
	require.NoError(t, err)
	guest, err := d.db.Get(ctx, id)
	require.NoError(t, err)
	ingrid := people.Caller{Person: guest, Scopes: people.AllScopes, Via: "session"}
	portal := &shop{at: d.clock}
	d.c.ShowGuests(portal)
	wants := func() bool {
		on, err := d.c.GuestDigest(ctx, id)
		require.NoError(t, err)
		return on
	}
	sent := func(to time.Time) []mailed {
		d.clock = to
		_, letters := p.take()
		return letters
	}
	monday := time.Date(2026, 11, 9, 7, 0, 0, 0, time.UTC)

	byLink, _, err := d.db.NewGuestLink(ctx, d.dana, people.NewGuestLink{Prospect: "northwind", Asks: people.AsksNothing})
	require.NoError(t, err)
	nobody, _, err := d.db.EnterByLink(ctx, people.Caller{}, byLink, people.Joining{})
	require.NoError(t, err)
	assert.ErrorIs(t, d.c.ChooseGuestDigest(ctx, people.Caller{Person: nobody, Scopes: people.AllScopes, Via: "session"}, true), people.ErrForbidden, "no mail leads there")

	assert.False(t, wants(), "nobody asked for it")
	assert.ErrorIs(t, d.c.ChooseGuestDigest(ctx, d.dana, true), people.ErrForbidden)
	d.clock = d.clock.Add(time.Hour)
	require.NoError(t, d.c.ChooseGuestDigest(ctx, ingrid, true))
	require.NoError(t, d.c.ChooseGuestDigest(ctx, ingrid, true), "again")
	assert.True(t, wants())
	assert.Empty(t, sent(monday), "nothing is new since they asked for it")
	portal.at = d.clock.Add(time.Hour)
	assert.Empty(t, sent(monday.Add(6*24*time.Hour)))
	letters := sent(monday.Add(7 * 24 * time.Hour))
	require.Len(t, letters, 1)
	assert.Equal(t, "Northwind and us: 1 page is new or has changed", letters[0].subject)
	assert.Contains(t, letters[0].text, "Dana <b> wrote Plan Bcc: x@example.com")
	assert.Contains(t, letters[0].text, "https://wiki.example.com/shared/northwind/plan")
	assert.NotContains(t, letters[0].text+letters[0].html, "/inbox")
	assert.NotContains(t, letters[0].text+letters[0].html, "/settings")
	assert.NotContains(t, letters[0].html, "Dana <b>")
	assert.Empty(t, sent(d.clock.Add(time.Hour)), "once")

	link := strings.Trim(strings.Join(strings.Fields(letters[0].header.Get("List-Unsubscribe")), ""), "<>")
	secret := strings.TrimPrefix(link, "https://wiki.example.com/unsubscribe/")
	isGuest, err := d.c.CheckUnsubscribe(ctx, secret)
	require.NoError(t, err)
	assert.True(t, isGuest)
	require.NoError(t, d.c.Unsubscribe(ctx, secret))
	require.NoError(t, d.c.Unsubscribe(ctx, secret), "again")
	assert.False(t, wants())
	portal.at = d.clock
	assert.Empty(t, sent(monday.Add(14*24*time.Hour)))

	// What cannot be made harms nothing else, and is tried again; a guest who is
	// disabled is not asked about.
	require.NoError(t, d.c.ChooseGuestDigest(ctx, ingrid, true))
	portal.bad, portal.at = errors.New("broken"), d.clock.Add(time.Hour)
	d.clock = monday.Add(21 * 24 * time.Hour)
	assert.ErrorContains(t, d.c.Deliver(ctx), "broken")
	portal.bad = nil
	assert.Len(t, sent(d.clock), 1)
	err = d.db.Disable(ctx, people.System("test"), id)
	require.NoError(t, err)
	portal.at = d.clock.Add(time.Hour)
	assert.Empty(t, sent(monday.Add(28*24*time.Hour)))
	assert.False(t, wants())
}
