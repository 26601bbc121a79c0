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

func TestAPageThatIsSharedAgainBeginsAnew(t *testing.T) {
	ctx := context.Background()
	s := newSite(t)
	sp := s.prospect("Northwind Rail")
	in, out := sp.Internal(), s.side(sp, wiki.External)
	from, to, moved := place("internal/pricing/terms"), place("external/pricing/terms"), place("external/closing/terms")
	cross := func(from, to wiki.Place) repo.Hash {
		t.Helper()
		page, err := sp.Cross(ctx, s.dana, from, to, s.preview(sp, s.dana, from.String(), to.String()).Digest)
		require.NoError(t, err)
		return page.Version
	}
	s.write(in, s.dana, from.String(), "# Terms\n\nCANARY: the floor is 12.\n")
	shared := cross(from, to)
	c := s.guest("northwind-rail", "ingrid@northwind.example", people.GuestEditor)
	side, err := s.Shared(ctx, c, "northwind-rail")
	require.NoError(t, err)
	_, err = side.ReadAt(ctx, c, to, shared)
	require.NoError(t, err)

	cross(to, from)
	s.write(in, s.dana, from.String(), "# Terms\n\nWithout the floor.\n")
	again := cross(from, to)
	s.write(out, s.dana, to.String(), "# Terms\n\nWithout any floor.\n")
	_, err = out.Move(ctx, s.dana, to, moved)
	require.NoError(t, err)
	_, err = out.Move(ctx, s.dana, moved, to)
	require.NoError(t, err, "moving is not taking away")

	list := func(who people.Caller, limit int, below repo.Hash) []repo.Version {
		t.Helper()
		all, err := side.History(ctx, who, to, limit, below)
		require.NoError(t, err)
		return all
	}
	all := list(c, 100, repo.Zero)
	require.Len(t, all, 4)
	assert.Equal(t, again, all[3].Commit)
	for i, v := range all {
		assert.Equal(t, 4-i, v.Number, "how many there were before is not told")
	}
	info, err := side.Lookup(ctx, c, to)
	require.NoError(t, err)
	assert.Equal(t, 4, info.Number)
	first, err := side.ReadAt(ctx, c, to, again)
	require.NoError(t, err)
	assert.Equal(t, 1, first.Number)
	assert.Empty(t, list(c, 100, again), "the next piece of the list")
	assert.Len(t, list(s.dana, 100, repo.Zero), 6, "staff see what was shared before")
	for name, ask := range map[string]func() error{
		"reading":   func() error { _, err := side.ReadAt(ctx, c, to, shared); return err },
		"version":   func() error { _, err := side.Version(ctx, c, to, shared); return err },
		"list":      func() error { _, err := side.History(ctx, c, to, 100, shared); return err },
		"comparing": func() error { _, _, _, err := side.Compare(ctx, c, to, shared, again, 3); return err },
		"restoring": func() error { _, err := side.Restore(ctx, c, to, shared); return err },
		"ticking":   func() error { _, err := side.SetTask(ctx, c, to, shared, 1, true); return err },
	} {
		assert.ErrorIs(t, ask(), wiki.ErrNotFound, name)
	}
	_, err = side.Edit(ctx, c, wiki.Edit{Place: to, Base: shared, Text: []byte("# Terms\n\nMine.\n")})
	var invalid *wiki.Invalid
	require.ErrorAs(t, err, &invalid, "merging would tell what the base was")
	_, err = side.ReadAt(ctx, s.dana, to, shared)
	require.NoError(t, err)
}

// What was under a name before is another page's past, wherever that page has
// gone since.
func TestAPageUnderAFormerNameHasNothingOfIt(t *testing.T) {
	ctx := context.Background()
	s := newSite(t)
	sp := s.prospect("Northwind Rail")
	out := s.side(sp, wiki.External)
	offer, draft, back := place("external/pricing/offer"), place("external/pricing/draft"), place("internal/pricing/draft")
	early := s.write(out, s.dana, offer.String(), "# Offer\n\nTwelve.\n").Version
	_, err := out.Move(ctx, s.dana, offer, draft)
	require.NoError(t, err)
	c := s.guest("northwind-rail", "ingrid@northwind.example", people.GuestEditor)
	_, err = out.ReadAt(ctx, c, draft, early)
	require.NoError(t, err, "a page takes its versions along")

	later := s.write(out, s.dana, offer.String(), "# Another offer\n").Version
	_, err = sp.Cross(ctx, s.dana, draft, back, s.preview(sp, s.dana, draft.String(), back.String()).Digest)
	require.NoError(t, err)
	_, err = out.ReadAt(ctx, c, offer, early)
	require.ErrorIs(t, err, wiki.ErrNotFound)

	// A page that takes the name of one that was taken away keeps its own past.
	s.write(out, s.dana, draft.String(), "# Draft\n\nNew words.\n")
	require.NoError(t, out.DeletePage(ctx, s.dana, offer, repo.Zero))
	s.write(out, s.dana, draft.String(), "# Draft\n\nNewer words.\n")
	_, err = out.Move(ctx, s.dana, draft, offer)
	require.NoError(t, err)
	all, err := out.History(ctx, c, offer, 2, repo.Zero)
	require.NoError(t, err)
	require.Len(t, all, 2)
	assert.Equal(t, []int{3, 2}, []int{all[0].Number, all[1].Number})
	all, err = out.History(ctx, c, offer, 2, all[1].Commit)
	require.NoError(t, err)
	require.Len(t, all, 1)
	assert.Equal(t, 1, all[0].Number)
	_, err = out.ReadAt(ctx, c, offer, later)
	require.ErrorIs(t, err, wiki.ErrNotFound)
}
