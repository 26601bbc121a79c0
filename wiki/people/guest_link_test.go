package people_test

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dealwiki/wiki/people"
)

// link makes a reusable link.
func (h *host) link(n people.NewGuestLink) (string, people.GuestLink) {
	h.t.Helper()
	n.Prospect = deal
	token, l, err := h.db.NewGuestLink(ctx, h.owner, n)
	require.NoError(h.t, err)
	return token, l
}

func (h *host) level(p people.Person) people.Level {
	level, _ := h.db.SharedLevel(ctx, people.Caller{Person: p, Scopes: people.AllScopes}, deal)
	return level
}

func TestLinkForAnybody(t *testing.T) {
	h := newHost(t)
	token, l := h.link(people.NewGuestLink{Label: "The site visit", Asks: people.AsksNothing})
	assert.Equal(t, h.clock.Now().Add(people.GuestLinkLife), l.Expires)
	a, prospect, err := h.db.EnterByLink(ctx, people.Caller{}, token, people.Joining{IP: "192.0.2.7"})
	require.NoError(t, err)
	assert.Equal(t, deal, prospect)
	assert.True(t, a.Guest)
	assert.False(t, a.Reachable())
	assert.Equal(t, people.Viewer, h.level(a))
	b, _, err := h.db.EnterByLink(ctx, people.Caller{}, token, people.Joining{})
	require.NoError(t, err)
	assert.NotEqual(t, a.ID, b.ID)
	again, _, err := h.db.EnterByLink(ctx, signIn(t, h.db, a), token, people.Joining{})
	require.NoError(t, err)
	assert.Equal(t, a.ID, again.ID, "who is signed in stays who they are")
	_, _, err = h.db.EnterByLink(ctx, h.owner, token, people.Joining{})
	require.ErrorIs(t, err, people.ErrOtherGuest)
	require.ErrorIs(t, h.db.AskByLink(ctx, token, people.Joining{Name: "N", Email: "n@northwind.example"}), people.ErrNotFound)

	all, err := h.db.GuestLinks(ctx, h.owner, deal)
	require.NoError(t, err)
	require.Len(t, all, 1)
	assert.Equal(t, 3, all[0].Used)
	assert.Equal(t, h.clock.Now(), all[0].Last)

	// Sent away, they do not come back by it.
	require.NoError(t, h.db.RevokeGuest(ctx, h.owner, deal, a.ID))
	_, _, err = h.db.EnterByLink(ctx, signIn(t, h.db, a), token, people.Joining{})
	require.ErrorIs(t, err, people.ErrNotFound)
	assert.Equal(t, people.None, h.level(a))

	require.NoError(t, h.db.EndGuestLink(ctx, h.owner, deal, l.ID, true))
	assert.Equal(t, people.None, h.level(b))
	_, _, err = h.db.EnterByLink(ctx, people.Caller{}, token, people.Joining{})
	require.ErrorIs(t, err, people.ErrNotFound)
	_, err = h.db.GuestLink(ctx, token)
	require.ErrorIs(t, err, people.ErrNotFound)
	require.ErrorIs(t, h.db.EndGuestLink(ctx, h.owner, deal, l.ID, false), people.ErrNotFound)
}

func TestLinkAsksForNameAndPassword(t *testing.T) {
	h := newHost(t)
	token, l := h.link(people.NewGuestLink{Asks: people.AsksName, Role: people.GuestCommenter, Password: "north star"})
	assert.True(t, l.Password)
	var bad *people.Invalid
	for field, j := range map[string]people.Joining{
		"name":     {Password: "north star"},
		"password": {Name: "Ingrid", Password: "south star"},
	} {
		_, _, err := h.db.EnterByLink(ctx, people.Caller{}, token, j)
		require.ErrorAs(t, err, &bad, field)
		assert.Equal(t, field, bad.Field)
	}
	p, _, err := h.db.EnterByLink(ctx, people.Caller{}, token, people.Joining{Name: " Ingrid ", Password: "north star"})
	require.NoError(t, err)
	assert.Equal(t, "Ingrid", p.Name)
	_, comment := h.db.SharedLevel(ctx, people.Caller{Person: p, Scopes: people.AllScopes}, deal)
	assert.True(t, comment)
}

// A link that got about fills a prospect with guests, but keeps out nobody whom
// the owner invites; sending those away who came by it makes room again.
func TestALinkDoesNotKeepOutTheInvited(t *testing.T) {
	h := newHost(t)
	token, l := h.link(people.NewGuestLink{Asks: people.AsksNothing})
	var err error
	came := 0
	for ; err == nil && came < people.MaxGuests; came++ {
		_, _, err = h.db.EnterByLink(ctx, people.Caller{}, token, people.Joining{})
	}
	var full *people.Invalid
	require.ErrorAs(t, err, &full)
	assert.Equal(t, "guests", full.Field)
	_, _, err = h.db.InviteGuest(ctx, h.owner, people.NewGuest{Prospect: deal, Name: "Ingrid", Email: "ingrid@northwind.example"})
	require.NoError(t, err)
	require.NoError(t, h.db.EndGuestLink(ctx, h.owner, deal, l.ID, true))
	token, _ = h.link(people.NewGuestLink{Asks: people.AsksNothing})
	_, _, err = h.db.EnterByLink(ctx, people.Caller{}, token, people.Joining{})
	require.NoError(t, err)
}

func TestLinkPasswordIsNotGuessed(t *testing.T) {
	h := newHost(t)
	token, _ := h.link(people.NewGuestLink{Asks: people.AsksName, Password: "north star"})
	var many *people.TooMany
	var err error
	for range 11 {
		_, _, err = h.db.EnterByLink(ctx, people.Caller{}, token, people.Joining{Name: "I", Password: "guess"})
	}
	require.ErrorAs(t, err, &many)
	_, _, err = h.db.EnterByLink(ctx, people.Caller{}, token, people.Joining{Name: "I", Password: "north star"})
	require.ErrorAs(t, err, &many)
	h.clock.Move(many.RetryAfter)
	_, _, err = h.db.EnterByLink(ctx, people.Caller{}, token, people.Joining{Name: "I", Password: "north star"})
	require.NoError(t, err)
}

func TestLinkConfirmsAnAddress(t *testing.T) {
	h := newHost(t)
	until := h.clock.Now().Add(48 * time.Hour)
	token, _ := h.link(people.NewGuestLink{Asks: people.AsksList, Role: people.GuestEditor, Until: until, Allowed: []string{"@Northwind.example", "jo@elsewhere.example", ""}})
	_, _, err := h.db.EnterByLink(ctx, people.Caller{}, token, people.Joining{Name: "Ingrid"})
	var bad *people.Invalid
	require.ErrorAs(t, err, &bad, "not without a mail")

	ask := func(email string) (string, error) {
		t.Helper()
		j := people.Joining{Name: "Name of " + email, Email: email, IP: "192.0.2.9"}
		require.NoError(t, h.db.AskByLink(ctx, token, j), "nobody learns who may come in")
		confirm, _, err := h.db.NewConfirmation(ctx, token, j)
		return confirm, err
	}
	_, err = h.db.Invite(ctx, system, "soon@northwind.example", "Soon", people.Member, "")
	require.NoError(t, err)
	gone := add(t, h.db, "staff@northwind.example", people.Member)
	for _, email := range []string{"x@other.example", "x@sub.northwind.example", "dana@example.com", "jo2@elsewhere.example", "soon@northwind.example", gone.Email, "guest-1@guests.invalid"} {
		_, err := ask(email)
		require.ErrorIs(t, err, people.ErrNotFound, email)
	}
	for _, email := range []string{"Ingrid@northwind.example", "jo@elsewhere.example"} {
		confirm, err := ask(email)
		require.NoError(t, err)
		k, err := h.db.Confirmation(ctx, confirm)
		require.NoError(t, err)
		assert.Equal(t, "Name of "+email, k.Name)
		_, _, err = h.db.UseConfirmation(ctx, h.owner, confirm)
		require.ErrorIs(t, err, people.ErrOtherGuest)
		var joined atomic.Int32
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				if p, prospect, err := h.db.UseConfirmation(ctx, people.Caller{}, confirm); err == nil {
					assert.Equal(t, deal, prospect)
					assert.Equal(t, people.Editor, h.level(p))
					joined.Add(1)
				}
			})
		}
		wg.Wait()
		assert.EqualValues(t, 1, joined.Load())
	}
	ingrid, err := h.db.ByEmail(ctx, "ingrid@northwind.example")
	require.NoError(t, err)
	confirm, err := ask("ingrid@northwind.example")
	require.NoError(t, err)
	p, _, err := h.db.UseConfirmation(ctx, people.Caller{}, confirm)
	require.NoError(t, err, "who came before comes again")
	assert.Equal(t, ingrid.ID, p.ID)
	confirm, err = ask("ingrid@northwind.example")
	require.NoError(t, err)
	_, err = ask("ingrid@northwind.example")
	require.ErrorIs(t, err, people.ErrNotFound, "three mails at once to one address")
	require.NoError(t, h.db.RevokeGuest(ctx, h.owner, deal, ingrid.ID))
	_, _, err = h.db.UseConfirmation(ctx, people.Caller{}, confirm)
	require.ErrorIs(t, err, people.ErrNotFound)
	h.clock.Move(time.Hour)
	_, err = ask("ingrid@northwind.example")
	require.ErrorIs(t, err, people.ErrNotFound, "sent away")
	_, _, err = h.db.UseConfirmation(ctx, people.Caller{}, confirm)
	require.ErrorIs(t, err, people.ErrNotFound)
	all, err := h.db.Guests(ctx, h.owner, deal)
	require.NoError(t, err)
	require.Len(t, all, 2)
	assert.Equal(t, until, all[0].Until)
	assert.NotEmpty(t, all[0].Link)
}

func TestLinkThatCannotBe(t *testing.T) {
	h := newHost(t)
	now := h.clock.Now()
	for name, n := range map[string]people.NewGuestLink{
		"asks":     {Asks: "nobody"},
		"role":     {Asks: people.AsksNothing, Role: people.GuestCommenter},
		"allowed":  {Asks: people.AsksList},
		"password": {Asks: people.AsksName, Password: "short"},
		"until":    {Asks: people.AsksName, Until: now},
		"expires":  {Asks: people.AsksName, Expires: now.Add(2 * people.MaxGuestLinkLife)},
		"label":    {Asks: people.AsksName, Label: "a\nb"},
	} {
		n.Prospect = deal
		_, _, err := h.db.NewGuestLink(ctx, h.owner, n)
		var bad *people.Invalid
		require.ErrorAs(t, err, &bad, name)
		assert.Equal(t, name, bad.Field)
	}
	for _, allowed := range [][]string{{"a b"}, {"@"}, {"x@@y"}, {"-"}} {
		_, _, err := h.db.NewGuestLink(ctx, h.owner, people.NewGuestLink{Prospect: deal, Asks: people.AsksList, Allowed: allowed})
		var bad *people.Invalid
		require.ErrorAs(t, err, &bad, "%v", allowed)
	}
	tom := signIn(t, h.db, add(t, h.db, "tom@example.com", people.Member))
	_, _, err := h.db.NewGuestLink(ctx, tom, people.NewGuestLink{Prospect: deal, Asks: people.AsksName})
	require.ErrorIs(t, err, people.ErrForbidden)
	token, l := h.link(people.NewGuestLink{Asks: people.AsksName, Expires: now.Add(time.Minute)})
	require.ErrorIs(t, h.db.EndGuestLink(ctx, tom, deal, l.ID, false), people.ErrForbidden)
	_, err = h.db.GuestLinks(ctx, people.Caller{}, deal)
	require.ErrorIs(t, err, people.ErrNotFound)
	h.clock.Move(time.Minute)
	_, _, err = h.db.EnterByLink(ctx, people.Caller{}, token, people.Joining{Name: "I"})
	require.ErrorIs(t, err, people.ErrNotFound)
	all, err := h.db.GuestLinks(ctx, h.owner, deal)
	require.NoError(t, err)
	assert.Empty(t, all)
	for range people.MaxGuestLinks {
		h.link(people.NewGuestLink{Asks: people.AsksName})
	}
	_, _, err = h.db.NewGuestLink(ctx, h.owner, people.NewGuestLink{Prospect: deal, Asks: people.AsksName})
	var bad *people.Invalid
	require.ErrorAs(t, err, &bad)
}

func TestGuestsComeBackByMail(t *testing.T) {
	h := newHost(t)
	guest := h.guest("ingrid@northwind.example", people.GuestViewer, h.clock.Now().Add(10*time.Hour))
	request := func(email string) (string, error) {
		require.NoError(t, h.db.AskGuestReturn("192.0.2.1"))
		_, token, err := h.db.RequestGuestLink(ctx, email, "192.0.2.1")
		return token, err
	}
	for _, email := range []string{"dana@example.com", "nobody@northwind.example", "nonsense", ""} {
		_, err := request(email)
		require.ErrorIs(t, err, people.ErrNotFound, email)
	}
	token, err := request(" INGRID@northwind.example")
	require.NoError(t, err)
	p, err := h.db.UseLoginLink(ctx, token)
	require.NoError(t, err)
	assert.Equal(t, guest.Person.ID, p.ID)
	_, err = h.db.UseLoginLink(ctx, token)
	require.ErrorIs(t, err, people.ErrNotFound)
	for range 2 {
		token, err = request("ingrid@northwind.example")
		require.NoError(t, err)
	}
	_, err = request("ingrid@northwind.example")
	require.ErrorIs(t, err, people.ErrNotFound, "three mails at once to one address")
	h.clock.Move(people.GuestReturnLife)
	_, err = h.db.UseLoginLink(ctx, token)
	require.ErrorIs(t, err, people.ErrNotFound)

	// Whoever has the address may accept what was sent there.
	require.NoError(t, h.db.AddProspect(ctx, h.owner, "second", h.owner.Person.ID, false))
	_, invitation, err := h.db.InviteGuest(ctx, h.owner, people.NewGuest{Prospect: "second", Name: "Ingrid", Email: "ingrid@northwind.example"})
	require.NoError(t, err)
	token, err = request("ingrid@northwind.example")
	require.NoError(t, err)
	_, err = h.db.UseLoginLink(ctx, token)
	require.NoError(t, err)
	assert.Equal(t, []string{deal, "second"}, h.db.GuestProspects(ctx, guest))
	_, _, err = h.db.JoinAsGuest(ctx, guest, invitation, "")
	require.ErrorIs(t, err, people.ErrNotFound, "it is used up with it")

	require.NoError(t, h.db.RevokeGuest(ctx, h.owner, "second", p.ID))
	h.clock.Move(9 * time.Hour)
	_, err = request("ingrid@northwind.example")
	require.ErrorIs(t, err, people.ErrNotFound, "nothing is left to come back to")

	var many *people.TooMany
	for range 40 {
		err = h.db.AskGuestReturn("198.51.100.1")
	}
	require.ErrorAs(t, err, &many)
}

func TestWhatGuestsOpened(t *testing.T) {
	h := newHost(t)
	guest := h.guest("ingrid@northwind.example", people.GuestViewer, time.Time{})
	for _, page := range []string{"", "proposal", "proposal", "plan"} {
		require.NoError(t, h.db.GuestOpened(ctx, guest, deal, page))
		h.clock.Move(time.Minute)
	}
	h.clock.Move(time.Hour)
	require.NoError(t, h.db.GuestOpened(ctx, guest, deal, "proposal"))
	require.NoError(t, h.db.GuestOpened(ctx, h.owner, deal, "proposal"), "staff leave no trace")
	require.ErrorIs(t, h.db.GuestOpened(ctx, guest, "other", "proposal"), people.ErrNotFound)

	opens, err := h.db.GuestOpens(ctx, h.owner, deal, 2)
	require.NoError(t, err)
	require.Len(t, opens, 1)
	mine := opens[guest.Person.ID]
	require.Len(t, mine, 2)
	assert.Equal(t, "proposal", mine[0].Page)
	assert.Equal(t, 2, mine[0].Times)
	assert.Equal(t, h.clock.Now(), mine[0].Last)
	assert.Equal(t, "plan", mine[1].Page)
	all, err := h.db.Guests(ctx, h.owner, deal)
	require.NoError(t, err)
	assert.Equal(t, h.clock.Now(), all[0].LastSeen)

	for i := range 210 {
		h.clock.Move(time.Second)
		require.NoError(t, h.db.GuestOpened(ctx, guest, deal, "page-"+string(rune('a'+i%26))+string(rune('a'+i/26))))
	}
	opens, err = h.db.GuestOpens(ctx, h.owner, deal, 1000)
	require.NoError(t, err)
	assert.Len(t, opens[guest.Person.ID], 200)
	_, err = h.db.GuestOpens(ctx, guest, deal, 10)
	require.ErrorIs(t, err, people.ErrNotFound)
	require.NoError(t, h.db.RevokeGuest(ctx, h.owner, deal, guest.Person.ID))
	require.ErrorIs(t, h.db.GuestOpened(ctx, guest, deal, "proposal"), people.ErrNotFound)
}
