package people_test

import (
	"fmt"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dealwiki/wiki/people"
)

// host is a prospect with an owner and what can be done for its guests.
type host struct {
	t     *testing.T
	db    *people.DB
	clock *clock
	owner people.Caller
}

const deal = "northwind-rail"

func newHost(t *testing.T) *host {
	t.Helper()
	db, c := fresh(t)
	add(t, db, "ada@example.com", people.Admin)
	owner := signIn(t, db, add(t, db, "dana@example.com", people.Member))
	require.NoError(t, db.AddProspect(ctx, owner, deal, owner.Person.ID, false))
	return &host{t: t, db: db, clock: c, owner: owner}
}

// guest is one who has accepted.
func (h *host) guest(email string, role people.GuestRole, until time.Time) people.Caller {
	h.t.Helper()
	_, token, err := h.db.InviteGuest(ctx, h.owner, people.NewGuest{Prospect: deal, Name: "Guest " + email, Email: email, Role: role, Until: until})
	require.NoError(h.t, err)
	p, prospect, err := h.db.JoinAsGuest(ctx, people.Caller{}, token, "")
	require.NoError(h.t, err)
	require.Equal(h.t, deal, prospect)
	return signIn(h.t, h.db, p)
}

func TestSharedLevelOfGuests(t *testing.T) {
	type state struct {
		role       people.GuestRole
		until      string // "", "ahead", "reached"
		accepted   bool
		revoked    bool
		disabled   bool
		restricted bool
		scopes     people.Scope
	}
	n := 0
	h := newHost(t)
	for _, role := range []people.GuestRole{people.GuestViewer, people.GuestCommenter, people.GuestEditor} {
		for _, until := range []string{"", "ahead", "reached"} {
			for _, bits := range [][4]bool{{true}, {}, {true, true}, {true, false, true}, {true, false, false, true}, {true, true, true, true}} {
				for _, scopes := range []people.Scope{people.AllScopes, people.Read, people.Write | people.Read, people.Git, people.Feed, people.Administer, 0} {
					n++
					s := state{role, until, bits[0], bits[1], bits[2], bits[3], scopes}
					db, prospect := h.db, fmt.Sprintf("deal-%d", n)
					require.NoError(t, db.AddProspect(ctx, h.owner, prospect, h.owner.Person.ID, s.restricted))
					var end time.Time
					if s.until != "" {
						end = h.clock.Now().Add(time.Hour)
					}
					id, token, err := db.InviteGuest(ctx, h.owner, people.NewGuest{Prospect: prospect, Name: "Ingrid", Email: fmt.Sprintf("g%d@northwind.example", n), Role: role, Until: end})
					require.NoError(t, err)
					p, err := db.Get(ctx, id)
					require.NoError(t, err)
					if s.accepted {
						_, _, err = db.JoinAsGuest(ctx, people.Caller{}, token, "")
						require.NoError(t, err)
					}
					if s.revoked {
						require.NoError(t, db.RevokeGuest(ctx, h.owner, prospect, id))
					}
					if s.disabled {
						require.NoError(t, db.Disable(ctx, system, id))
					}
					if s.until == "reached" {
						h.clock.Move(time.Hour)
					}
					c := people.Caller{Person: p, Scopes: scopes, Via: "session"}

					want, comment := people.None, false
					if s.accepted && !s.revoked && !s.disabled && s.until != "reached" && scopes&(people.Read|people.Write) != 0 {
						want = people.Viewer
						if scopes&people.Write != 0 {
							comment = role != people.GuestViewer
							if role == people.GuestEditor {
								want = people.Editor
							}
						}
					}
					level, may := db.SharedLevel(ctx, c, prospect)
					assert.Equal(t, want, level, "%+v", s)
					assert.Equal(t, comment, may, "comments of %+v", s)
					assert.Equal(t, people.None, db.LevelOn(ctx, c, prospect), "staff doors stay shut: %+v", s)
					assert.Equal(t, people.None, db.Visible(ctx, c)(prospect))
					if want == people.None {
						assert.Empty(t, db.GuestProspects(ctx, c), "%+v", s)
					} else {
						assert.Equal(t, []string{prospect}, db.GuestProspects(ctx, c), "%+v", s)
					}
					other, _ := db.SharedLevel(ctx, c, deal)
					assert.Equal(t, people.None, other, "another prospect")
				}
			}
		}
	}
}

func TestSharedLevelOfStaff(t *testing.T) {
	h := newHost(t)
	tom := signIn(t, h.db, add(t, h.db, "tom@example.com", people.Member))
	for _, c := range []people.Caller{h.owner, tom} {
		level, comment := h.db.SharedLevel(ctx, c, deal)
		assert.Equal(t, h.db.LevelOn(ctx, c, deal), level)
		assert.True(t, comment)
	}
	require.NoError(t, h.db.SetRestricted(ctx, h.owner, deal, true))
	level, comment := h.db.SharedLevel(ctx, tom, deal)
	assert.Equal(t, people.None, level)
	assert.False(t, comment)
	require.NoError(t, h.db.Grant(ctx, h.owner, deal, tom.Person.ID, people.Viewer))
	level, comment = h.db.SharedLevel(ctx, tom, deal)
	assert.Equal(t, people.Viewer, level)
	assert.True(t, comment)
	_, comment = h.db.SharedLevel(ctx, by(t, h.db, tom.Person, people.Read), deal)
	assert.False(t, comment, "a token that only reads")
	level, comment = h.db.SharedLevel(ctx, people.Caller{}, deal)
	assert.Equal(t, people.None, level)
	assert.False(t, comment)
	level, comment = h.db.SharedLevel(ctx, system, deal)
	assert.Equal(t, people.Owner, level)
	assert.True(t, comment)
	assert.Empty(t, h.db.GuestProspects(ctx, h.owner))
}

func TestOnlyTheOwnerInvites(t *testing.T) {
	h := newHost(t)
	admin := signIn(t, h.db, add(t, h.db, "root@example.com", people.Admin))
	editor := signIn(t, h.db, add(t, h.db, "tom@example.com", people.Member))
	guest := h.guest("ingrid@northwind.example", people.GuestEditor, time.Time{})
	try := func(c people.Caller, prospect, id string) []error {
		_, _, err := h.db.InviteGuest(ctx, c, people.NewGuest{Prospect: prospect, Name: "N", Email: "n@northwind.example"})
		return []error{err,
			h.db.RevokeGuest(ctx, c, prospect, id),
			h.db.SetGuestRole(ctx, c, prospect, id, people.GuestViewer),
			h.db.SetGuestUntil(ctx, c, prospect, id, h.clock.Now().Add(time.Hour)),
		}
	}
	for name, c := range map[string]people.Caller{"admin": admin, "editor": editor, "owner's reading token": by(t, h.db, h.owner.Person, people.Read)} {
		for i, err := range try(c, deal, guest.Person.ID) {
			assert.ErrorIs(t, err, people.ErrForbidden, "%s %d", name, i)
		}
		all, err := h.db.Guests(ctx, c, deal)
		require.NoError(t, err, name)
		assert.Len(t, all, 1)
	}
	require.NoError(t, h.db.SetRestricted(ctx, h.owner, deal, true))
	for name, c := range map[string]people.Caller{"guest": guest, "nobody": {}, "admin who is not named": admin, "editor who is not named": editor} {
		for i, err := range try(c, deal, guest.Person.ID) {
			assert.ErrorIs(t, err, people.ErrNotFound, "%s %d", name, i)
		}
		_, err := h.db.Guests(ctx, c, deal)
		assert.ErrorIs(t, err, people.ErrNotFound, name)
	}
	level, _ := h.db.SharedLevel(ctx, guest, deal)
	assert.Equal(t, people.Editor, level, "restricting is about staff")
	require.NoError(t, h.db.AddProspect(ctx, h.owner, "nobody-s", "", false))
	_, _, err := h.db.InviteGuest(ctx, admin, people.NewGuest{Prospect: "nobody-s", Name: "N", Email: "n@northwind.example"})
	require.NoError(t, err, "what has no owner is the administrators'")
	for i, err := range try(h.owner, deal, "nobody")[1:] {
		assert.ErrorIs(t, err, people.ErrNotFound, "%d", i)
	}
}

func TestInvitationIsUsedOnce(t *testing.T) {
	h := newHost(t)
	invite := func(email string) (string, string) {
		id, token, err := h.db.InviteGuest(ctx, h.owner, people.NewGuest{Prospect: deal, Name: "Ingrid", Email: email, Role: people.GuestCommenter})
		require.NoError(t, err)
		return id, token
	}
	gone := func(token string) {
		t.Helper()
		_, _, err := h.db.JoinAsGuest(ctx, people.Caller{}, token, "")
		require.ErrorIs(t, err, people.ErrNotFound)
		_, err = h.db.GuestInvitation(ctx, token)
		require.ErrorIs(t, err, people.ErrNotFound)
	}

	// At once by many.
	id, token := invite("a@northwind.example")
	var joined atomic.Int32
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			if _, _, err := h.db.JoinAsGuest(ctx, people.Caller{}, token, ""); err == nil {
				joined.Add(1)
			} else {
				assert.ErrorIs(t, err, people.ErrNotFound)
			}
		})
	}
	wg.Wait()
	assert.EqualValues(t, 1, joined.Load())
	gone(token)

	// By another mailbox: refused, and still there for the right one.
	b, token := invite("b@northwind.example")
	a, err := h.db.Get(ctx, id)
	require.NoError(t, err)
	for _, c := range []people.Caller{signIn(t, h.db, a), h.owner} {
		_, _, err = h.db.JoinAsGuest(ctx, c, token, "")
		require.ErrorIs(t, err, people.ErrOtherGuest)
	}
	p, _, err := h.db.JoinAsGuest(ctx, people.Caller{}, token, "Berta B.")
	require.NoError(t, err)
	assert.Equal(t, b, p.ID)
	assert.Equal(t, "Berta B.", p.Name)
	assert.True(t, p.Guest)
	gone(token)

	// Revoked, replaced, expired, of somebody disabled, of a prospect that is gone.
	id, token = invite("c@northwind.example")
	require.NoError(t, h.db.RevokeGuest(ctx, h.owner, deal, id))
	gone(token)
	_, older := invite("c@northwind.example")
	_, token = invite("c@northwind.example")
	gone(older)
	_, _, err = h.db.JoinAsGuest(ctx, people.Caller{}, token, "")
	require.NoError(t, err, "invited again after having been sent away")
	_, token = invite("d@northwind.example")
	h.clock.Move(people.GuestInvitationLife)
	gone(token)
	h.clock.Move(-time.Hour)
	time.Sleep(30 * time.Millisecond)
	id, token = invite("e@northwind.example")
	require.NoError(t, h.db.Disable(ctx, system, id))
	gone(token)
	_, token = invite("f@northwind.example")
	require.NoError(t, h.db.DeleteProspect(ctx, h.owner, deal))
	gone(token)
	gone("")
	gone("x")
}

func TestInvitingAnAddress(t *testing.T) {
	h := newHost(t)
	_, err := h.db.Invite(ctx, system, "new@example.com", "New", people.Member, "")
	require.NoError(t, err)
	h.guest("ingrid@northwind.example", people.GuestViewer, time.Time{})
	for email, field := range map[string]string{
		"dana@example.com":          "email", // a colleague
		"new@example.com":           "email", // soon a colleague
		"Ingrid@Northwind.example ": "email", // here already
		"nonsense":                  "email",
	} {
		_, _, err := h.db.InviteGuest(ctx, h.owner, people.NewGuest{Prospect: deal, Name: "N", Email: email})
		var bad *people.Invalid
		require.ErrorAs(t, err, &bad, email)
		assert.Equal(t, field, bad.Field)
	}
	for field, n := range map[string]people.NewGuest{
		"role":     {Prospect: deal, Name: "N", Email: "n@northwind.example", Role: "owner"},
		"name":     {Prospect: deal, Name: " ", Email: "n@northwind.example"},
		"until":    {Prospect: deal, Name: "N", Email: "n@northwind.example", Until: h.clock.Now()},
		"prospect": {Prospect: "a/b", Name: "N", Email: "n@northwind.example"},
	} {
		_, _, err := h.db.InviteGuest(ctx, h.owner, n)
		var bad *people.Invalid
		require.ErrorAs(t, err, &bad, field)
		assert.Equal(t, field, bad.Field)
	}
	invited, err := h.db.Invitations(ctx, system)
	require.NoError(t, err)
	assert.Len(t, invited, 1, "no invitation to the staff was lost")
}

func TestGuestsOfTwoProspects(t *testing.T) {
	h := newHost(t)
	guest := h.guest("ingrid@northwind.example", people.GuestEditor, time.Time{})
	require.NoError(t, h.db.AddProspect(ctx, h.owner, "second", h.owner.Person.ID, true))
	_, token, err := h.db.InviteGuest(ctx, h.owner, people.NewGuest{Prospect: "second", Name: "Other name", Email: "ingrid@northwind.example"})
	require.NoError(t, err)
	assert.Equal(t, []string{deal}, h.db.GuestProspects(ctx, guest), "not before it is accepted")
	p, _, err := h.db.JoinAsGuest(ctx, guest, token, "Yet another")
	require.NoError(t, err)
	assert.Equal(t, guest.Person.Name, p.Name, "who has come before keeps their name")
	assert.Equal(t, []string{deal, "second"}, h.db.GuestProspects(ctx, guest))
	require.NoError(t, h.db.RevokeGuest(ctx, h.owner, deal, p.ID))
	assert.Equal(t, []string{"second"}, h.db.GuestProspects(ctx, guest))
	require.NoError(t, h.db.RenameProspect(ctx, h.owner, "second", "third"))
	assert.Equal(t, []string{"third"}, h.db.GuestProspects(ctx, guest))
	require.NoError(t, h.db.DeleteProspect(ctx, h.owner, "third"))
	assert.Empty(t, h.db.GuestProspects(ctx, guest))
}

func TestChangesOfGuestsAreToldAndKept(t *testing.T) {
	h := newHost(t)
	told := make(chan people.Change, 100)
	defer h.db.Watch(func(c people.Change) {
		if c.Kind == people.AccessChanged {
			told <- c
		}
	})()
	heard := func(what string) {
		t.Helper()
		select {
		case c := <-told:
			assert.Equal(t, deal, c.Prospect, what)
		case <-time.After(10 * time.Second):
			t.Fatal("nobody was told of " + what)
		}
		for len(told) > 0 {
			<-told
		}
	}
	until := h.clock.Now().Add(time.Hour)
	guest := h.guest("ingrid@northwind.example", people.GuestViewer, until)
	heard("the invitation")
	time.Sleep(20 * time.Millisecond)
	for len(told) > 0 {
		<-told
	}
	require.NoError(t, h.db.SetGuestRole(ctx, h.owner, deal, guest.Person.ID, people.GuestEditor))
	heard("the role")
	level, _ := h.db.SharedLevel(ctx, guest, deal)
	assert.Equal(t, people.Editor, level)
	h.clock.Move(time.Hour)
	level, _ = h.db.SharedLevel(ctx, guest, deal)
	assert.Equal(t, people.None, level)
	heard("the end")
	h.clock.Move(-30 * time.Minute)
	level, _ = h.db.SharedLevel(ctx, guest, deal)
	assert.Equal(t, people.None, level, "no clock revives it")
	require.NoError(t, h.db.SetGuestUntil(ctx, h.owner, deal, guest.Person.ID, time.Time{}))
	heard("the new end")
	level, _ = h.db.SharedLevel(ctx, guest, deal)
	assert.Equal(t, people.Editor, level, "but the owner does")
	require.NoError(t, h.db.RevokeGuest(ctx, h.owner, deal, guest.Person.ID))
	heard("the revocation")
	level, _ = h.db.SharedLevel(ctx, guest, deal)
	assert.Equal(t, people.None, level)
	for _, err := range []error{
		h.db.SetGuestRole(ctx, h.owner, deal, guest.Person.ID, people.GuestViewer),
		h.db.SetGuestUntil(ctx, h.owner, deal, guest.Person.ID, h.clock.Now().Add(time.Hour)),
	} {
		var bad *people.Invalid
		assert.ErrorAs(t, err, &bad)
	}
	all, err := h.db.Guests(ctx, h.owner, deal)
	require.NoError(t, err)
	require.Len(t, all, 1)
	assert.False(t, all[0].Revoked.IsZero())

	events, _, err := h.db.Audit(ctx, system, people.AuditFilter{Action: "guest.", Prospect: deal}, 100, 0)
	require.NoError(t, err)
	var actions []string
	for _, e := range events {
		assert.Equal(t, guest.Person.ID, e.Object)
		actions = append(actions, e.Action)
	}
	assert.Equal(t, []string{"guest.revoke", "guest.until", "guest.end", "guest.role", "guest.join", "guest.invite"}, actions)

	path := filepath.Join(t.TempDir(), "copy.db")
	require.NoError(t, h.db.CopyTo(ctx, path))
	again := open(t, path, h.clock)
	level, _ = again.SharedLevel(ctx, guest, deal)
	assert.Equal(t, people.None, level)
}
