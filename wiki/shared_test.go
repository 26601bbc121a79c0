package wiki_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dealwiki/wiki"
	"dealwiki/wiki/people"
	"dealwiki/wiki/repo"
)

// guest is one of a prospect's who has accepted.
func (s *site) guest(prospect, email string, role people.GuestRole) people.Caller {
	s.t.Helper()
	_, token, err := s.db.InviteGuest(context.Background(), s.dana, people.NewGuest{Prospect: prospect, Name: "Ingrid Halvorsen", Email: email, Role: role})
	require.NoError(s.t, err)
	p, _, err := s.db.JoinAsGuest(context.Background(), people.Caller{}, token, "")
	require.NoError(s.t, err)
	return people.Caller{Person: p, Scopes: people.AllScopes, Via: "session"}
}

func TestGuestsAreOnTheSharedSideAlone(t *testing.T) {
	ctx := context.Background()
	s := newSite(t)
	sp := s.prospect("Northwind Rail")
	s.prospect("Other Deal")
	at := place("external/proposing/proposal")
	secret := place("internal/proposing/secret")
	out := s.side(sp, wiki.External)
	_, err := out.Edit(ctx, s.dana, wiki.Edit{Place: at, Text: []byte("# Proposal\n\nText.\n")})
	require.NoError(t, err)
	_, err = sp.Internal().Edit(ctx, s.dana, wiki.Edit{Place: secret, Text: []byte("# Secret\n")})
	require.NoError(t, err)

	for role, may := range map[people.GuestRole]struct{ comment, edit bool }{
		people.GuestViewer:    {},
		people.GuestCommenter: {comment: true},
		people.GuestEditor:    {comment: true, edit: true},
	} {
		c := s.guest("northwind-rail", string(role)+"@northwind.example", role)
		side, err := s.Shared(ctx, c, "northwind-rail")
		require.NoError(t, err)
		assert.Equal(t, wiki.External, side.Section())
		page, err := side.Read(ctx, c, at)
		require.NoError(t, err)
		assert.Equal(t, may.comment, side.MayComment(ctx, c), role)
		_, err = side.StartThread(ctx, c, at, wiki.NewThread{Text: "A question"})
		if may.comment {
			require.NoError(t, err)
		} else {
			require.ErrorIs(t, err, people.ErrForbidden)
		}
		_, err = side.Edit(ctx, c, wiki.Edit{Place: at, Base: page.Version, Text: []byte("# Proposal\n\nBy a " + string(role) + ".\n")})
		if may.edit {
			require.NoError(t, err)
		} else {
			require.ErrorIs(t, err, people.ErrForbidden)
		}

		// Whatever handle they come by, the other side is not there.
		_, err = s.Space(ctx, c, "northwind-rail")
		require.ErrorIs(t, err, wiki.ErrNotFound)
		for _, prospect := range []string{"other-deal", "no-such-deal", wiki.Playbook} {
			_, err = s.Shared(ctx, c, prospect)
			require.ErrorIs(t, err, wiki.ErrNotFound, prospect)
		}
		in := sp.Internal()
		_, err = in.Read(ctx, c, secret)
		require.ErrorIs(t, err, wiki.ErrNotFound)
		_, err = in.Edit(ctx, c, wiki.Edit{Place: secret, Text: []byte("x")})
		require.ErrorIs(t, err, wiki.ErrNotFound)
		_, err = in.StartThread(ctx, c, secret, wiki.NewThread{Text: "x"})
		require.ErrorIs(t, err, wiki.ErrNotFound)
		assert.False(t, in.MayComment(ctx, c))
		_, err = side.Read(ctx, c, secret)
		require.ErrorIs(t, err, wiki.ErrNotFound)
		_, err = side.Recent(ctx, c, 10, repo.Zero)
		require.ErrorIs(t, err, wiki.ErrNotFound)
		assert.Empty(t, s.Prospects(ctx, c))

		// A handle outlives no grant.
		require.NoError(t, s.db.RevokeGuest(ctx, s.dana, "northwind-rail", c.Person.ID))
		_, err = side.Read(ctx, c, at)
		require.ErrorIs(t, err, wiki.ErrNotFound)
		_, err = side.Edit(ctx, c, wiki.Edit{Place: at, Text: []byte("x")})
		require.ErrorIs(t, err, wiki.ErrNotFound)
		_, err = side.StartThread(ctx, c, at, wiki.NewThread{Text: "x"})
		require.ErrorIs(t, err, wiki.ErrNotFound)
		_, err = s.Shared(ctx, c, "northwind-rail")
		require.ErrorIs(t, err, wiki.ErrNotFound)
	}

	c := s.guest("northwind-rail", "late@northwind.example", people.GuestEditor)
	require.NoError(t, s.db.SetGuestUntil(ctx, s.dana, "northwind-rail", c.Person.ID, s.clock.Add(time.Hour)))
	side, err := s.Shared(ctx, c, "northwind-rail")
	require.NoError(t, err)
	s.clock = s.clock.Add(time.Hour)
	_, err = side.Read(ctx, c, at)
	require.ErrorIs(t, err, wiki.ErrNotFound)

	// Staff see what guests see, and lose it with the prospect.
	_, err = s.Shared(ctx, s.tom, "northwind-rail")
	require.NoError(t, err)
	require.NoError(t, s.db.SetRestricted(ctx, s.dana, "northwind-rail", true))
	_, err = s.Shared(ctx, s.tom, "northwind-rail")
	require.ErrorIs(t, err, wiki.ErrNotFound)
}
