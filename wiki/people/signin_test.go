package people_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dealwiki/wiki/people"
)

var noTime time.Time

func TestCheckPassword(t *testing.T) {
	db, _ := fresh(t)
	dana := add(t, db, "dana@example.com", people.Member)
	off := add(t, db, "off@example.com", people.Member)
	require.NoError(t, db.Disable(ctx, system, off.ID))
	_, err := db.Add(ctx, system, people.NewPerson{Email: "none@example.com", Name: "No password"})
	require.NoError(t, err)

	p, err := db.CheckPassword(ctx, "DANA@example.com", goodPwd, "")
	require.NoError(t, err)
	assert.Equal(t, dana.ID, p.ID)

	for name, try := range map[string][2]string{
		"wrong":       {"dana@example.com", goodPwd + "x"},
		"empty":       {"dana@example.com", ""},
		"unknown":     {"nobody@example.com", goodPwd},
		"no address":  {"", goodPwd},
		"nonsense":    {"\x00", goodPwd},
		"disabled":    {"off@example.com", goodPwd},
		"no password": {"none@example.com", ""},
		"none at all": {"none@example.com", goodPwd},
	} {
		_, err := db.CheckPassword(ctx, try[0], try[1], "")
		assert.Equal(t, people.ErrSignIn, err, name)
	}
	for _, email := range []string{"dana@example.com", "nobody@example.com"} {
		_, err := db.CheckPassword(ctx, email, strings.Repeat("x", 1<<20), "")
		var bad *people.Invalid
		assert.ErrorAs(t, err, &bad)
	}
}

func TestPasswordsOfAllLengthsCountWhole(t *testing.T) {
	db, _ := fresh(t)
	dana := add(t, db, "dana@example.com", people.Member)
	for _, n := range []int{10, 72, 73, 1024} {
		pw := strings.Repeat("p", n)
		require.NoError(t, db.SetPassword(ctx, system, dana.ID, pw))
		_, err := db.CheckPassword(ctx, "dana@example.com", pw, "")
		require.NoError(t, err)
		if n < 1024 {
			_, err = db.CheckPassword(ctx, "dana@example.com", pw+"p", "")
			require.ErrorIs(t, err, people.ErrSignIn)
		}
		_, err = db.CheckPassword(ctx, "dana@example.com", pw[1:], "")
		require.ErrorIs(t, err, people.ErrSignIn)
	}
}

func TestSignInIsLimited(t *testing.T) {
	db, c := fresh(t)
	add(t, db, "dana@example.com", people.Member)
	for _, email := range []string{"dana@example.com", "nobody@example.com"} {
		for i := range 10 {
			_, err := db.CheckPassword(ctx, email, "wrong wrong", fmt.Sprintf("192.0.2.%d", i))
			require.ErrorIs(t, err, people.ErrSignIn)
		}
		_, err := db.CheckPassword(ctx, email, goodPwd, "192.0.2.200")
		var many *people.TooMany
		require.ErrorAs(t, err, &many, "known and unknown addresses are limited alike")
		require.Equal(t, time.Minute, many.RetryAfter)
	}
	// Setting the clock back gives nothing, time does.
	c.Move(-time.Hour)
	_, err := db.CheckPassword(ctx, "dana@example.com", goodPwd, "192.0.2.200")
	require.Error(t, err)
	c.Move(time.Minute)
	_, err = db.CheckPassword(ctx, "dana@example.com", goodPwd, "192.0.2.200")
	require.NoError(t, err)
}

func TestSignInIsLimitedPerIP(t *testing.T) {
	db, _ := fresh(t)
	add(t, db, "dana@example.com", people.Member)
	for i := range 50 {
		_, err := db.CheckPassword(ctx, fmt.Sprintf("x%d@example.com", i), "wrong wrong", fmt.Sprintf("2001:db8::%x", i))
		require.ErrorIs(t, err, people.ErrSignIn)
	}
	var many *people.TooMany
	_, err := db.CheckPassword(ctx, "dana@example.com", goodPwd, "2001:db8::ffff")
	require.ErrorAs(t, err, &many)
	_, err = db.CheckPassword(ctx, "dana@example.com", goodPwd, "2001:db8:0:1::1")
	require.NoError(t, err)
}

func TestSigningInRightIsNotLimited(t *testing.T) {
	db, _ := fresh(t)
	add(t, db, "dana@example.com", people.Member)
	for range 60 {
		_, err := db.CheckPassword(ctx, "dana@example.com", goodPwd, "192.0.2.1")
		require.NoError(t, err)
	}
}

func TestAFloodOfSignInsIsBounded(t *testing.T) {
	db, err := people.Open(filepath.Join(t.TempDir(), "dealwiki.db"), people.Options{Cost: people.Cost{Memory: 4096, Iterations: 1}, Hashing: 1})
	require.NoError(t, err)
	defer db.Close()
	var wrong, many atomic.Int64
	var wg sync.WaitGroup
	for i := range 500 {
		wg.Go(func() {
			_, err := db.CheckPassword(ctx, fmt.Sprintf("x%d@example.com", i), goodPwd, fmt.Sprintf("10.0.%d.%d", i/250, i%250))
			var m *people.TooMany
			switch {
			case errors.Is(err, people.ErrSignIn):
				wrong.Add(1)
			case errors.As(err, &m):
				many.Add(1)
			default:
				assert.NoError(t, err)
			}
		})
	}
	wg.Wait()
	assert.EqualValues(t, 500, wrong.Load()+many.Load())
	assert.Positive(t, wrong.Load())

	ended, cancel := context.WithCancel(ctx)
	cancel()
	_, err = db.CheckPassword(ended, "x@example.com", goodPwd, "")
	assert.Error(t, err)
}

func TestTheCostOfAPasswordFollowsTheOptions(t *testing.T) {
	path := filepath.Join(t.TempDir(), "dealwiki.db")
	db := open(t, path, nil)
	add(t, db, "dana@example.com", people.Member)
	dearer, err := people.Open(path, people.Options{Cost: people.Cost{Memory: 128, Iterations: 2}})
	require.NoError(t, err)
	defer dearer.Close()
	for range 2 {
		for _, d := range []*people.DB{dearer, db} {
			_, err = d.CheckPassword(ctx, "dana@example.com", goodPwd, "")
			require.NoError(t, err)
		}
	}
}

func TestChangePassword(t *testing.T) {
	db, _ := fresh(t)
	dana := add(t, db, "dana@example.com", people.Member)
	here, there := signIn(t, db, dana), signIn(t, db, dana)
	other := goodPwd + " 2"
	var bad *people.Invalid
	require.ErrorAs(t, db.ChangePassword(ctx, here, goodPwd, "short"), &bad)
	require.ErrorIs(t, db.ChangePassword(ctx, here, strings.Repeat("x", 1<<20), other), people.ErrSignIn)
	require.ErrorIs(t, db.ChangePassword(ctx, here, "wrong wrong", other), people.ErrSignIn)
	require.ErrorIs(t, db.SetPassword(ctx, here, dana.ID, other), people.ErrForbidden)
	require.ErrorIs(t, db.ChangePassword(ctx, by(t, db, dana, people.AllScopes), goodPwd, other), people.ErrForbidden)
	require.ErrorIs(t, db.ChangePassword(ctx, people.Caller{}, goodPwd, other), people.ErrForbidden)
	require.NoError(t, db.ChangePassword(ctx, here, goodPwd, other))
	_, err := db.Refresh(ctx, here)
	require.NoError(t, err)
	_, err = db.Refresh(ctx, there)
	require.ErrorIs(t, err, people.ErrNotFound)
	_, err = db.CheckPassword(ctx, "dana@example.com", goodPwd, "")
	require.ErrorIs(t, err, people.ErrSignIn)
	_, err = db.CheckPassword(ctx, "dana@example.com", other, "")
	require.NoError(t, err)
}

func TestSetup(t *testing.T) {
	db, _ := fresh(t)
	old, needed, err := db.SetupLink(ctx)
	require.NoError(t, err)
	require.True(t, needed)
	token, needed, err := db.SetupLink(ctx)
	require.NoError(t, err)
	require.True(t, needed)
	require.NoError(t, db.CheckSetup(ctx, token))
	for _, bad := range []string{old, "", token + "x", token[1:]} {
		require.ErrorIs(t, db.CheckSetup(ctx, bad), people.ErrNotFound)
		_, err := db.UseSetup(ctx, bad, people.NewPerson{Email: "a@example.com", Name: "A", Password: goodPwd})
		require.ErrorIs(t, err, people.ErrNotFound)
	}
	_, err = db.UseSetup(ctx, token, people.NewPerson{Email: "a@example.com", Name: "A"})
	require.Error(t, err, "a password is needed")

	var made atomic.Int64
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			p, err := db.UseSetup(ctx, token, people.NewPerson{Email: fmt.Sprintf("a%d@example.com", i), Name: "A", Password: goodPwd, Guest: true})
			if err == nil {
				made.Add(1)
				assert.Equal(t, people.Admin, p.Role)
				assert.False(t, p.Guest)
			} else {
				assert.ErrorIs(t, err, people.ErrNotFound)
			}
		})
	}
	wg.Wait()
	assert.EqualValues(t, 1, made.Load())
	_, needed, err = db.SetupLink(ctx)
	require.NoError(t, err)
	require.False(t, needed)
	require.ErrorIs(t, db.CheckSetup(ctx, token), people.ErrNotFound)
}

func TestInvitation(t *testing.T) {
	db, c := fresh(t)
	root := signIn(t, db, add(t, db, "root@example.com", people.Admin))
	_, err := db.Invite(ctx, root, "root@example.com", "R", people.Member, "")
	require.ErrorIs(t, err, people.ErrExists)
	first, err := db.Invite(ctx, root, "dana@example.com", "Dana", people.Member, people.Sales)
	require.NoError(t, err)
	token, err := db.Invite(ctx, root, "Dana@example.com", "Dana S", people.Member, people.Delivery)
	require.NoError(t, err)
	_, err = db.Invitation(ctx, first)
	require.ErrorIs(t, err, people.ErrNotFound, "the newer one replaces it")
	i, err := db.Invitation(ctx, token)
	require.NoError(t, err)
	assert.Equal(t, "dana@example.com", i.Email)
	assert.Equal(t, root.Person.ID, i.Inviter)

	var made atomic.Int64
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			p, err := db.AcceptInvite(ctx, token, "", goodPwd)
			if err == nil {
				made.Add(1)
				assert.Equal(t, people.Delivery, p.Job)
				assert.Equal(t, "Dana S", p.Name)
			} else {
				assert.ErrorIs(t, err, people.ErrNotFound)
			}
		})
	}
	wg.Wait()
	assert.EqualValues(t, 1, made.Load())

	// Revoked and expired ones are gone, whatever the clock does then.
	revoked, err := db.Invite(ctx, root, "r@example.com", "R", people.Member, "")
	require.NoError(t, err)
	all, err := db.Invitations(ctx, root)
	require.NoError(t, err)
	require.Len(t, all, 1)
	require.NoError(t, db.RevokeInvitation(ctx, root, all[0].ID))
	_, err = db.AcceptInvite(ctx, revoked, "", goodPwd)
	require.ErrorIs(t, err, people.ErrNotFound)
	late, err := db.Invite(ctx, root, "l@example.com", "L", people.Member, "")
	require.NoError(t, err)
	c.Move(people.InvitationLife)
	_, err = db.Invitation(ctx, late)
	require.ErrorIs(t, err, people.ErrNotFound)
	all, err = db.Invitations(ctx, root)
	require.NoError(t, err)
	require.Empty(t, all)
	_, err = db.AcceptInvite(ctx, late, "", goodPwd)
	require.ErrorIs(t, err, people.ErrNotFound)
}

func TestLoginLink(t *testing.T) {
	db, c := fresh(t)
	dana := add(t, db, "dana@example.com", people.Member)
	link, err := db.NewLoginLink(ctx, system, dana.ID, time.Hour)
	require.NoError(t, err)
	p, err := db.UseLoginLink(ctx, link)
	require.NoError(t, err)
	assert.Equal(t, dana.ID, p.ID)
	_, err = db.UseLoginLink(ctx, link)
	require.ErrorIs(t, err, people.ErrNotFound)

	link, err = db.NewLoginLink(ctx, system, dana.ID, time.Hour)
	require.NoError(t, err)
	c.Move(time.Hour)
	_, err = db.UseLoginLink(ctx, link)
	require.ErrorIs(t, err, people.ErrNotFound)
	c.Move(-time.Hour)
	_, err = db.UseLoginLink(ctx, link)
	require.ErrorIs(t, err, people.ErrNotFound, "setting the clock back does not revive it")

	link, err = db.NewLoginLink(ctx, system, dana.ID, time.Hour)
	require.NoError(t, err)
	require.NoError(t, db.Disable(ctx, system, add(t, db, "x@example.com", people.Member).ID))
	require.NoError(t, db.Disable(ctx, system, dana.ID))
	var bad *people.Invalid
	_, err = db.NewLoginLink(ctx, system, dana.ID, time.Hour)
	require.ErrorAs(t, err, &bad)
	_, err = db.ResetPassword(ctx, system, dana.ID)
	require.ErrorAs(t, err, &bad)
	require.NoError(t, db.Enable(ctx, system, dana.ID))
	_, err = db.UseLoginLink(ctx, link)
	require.ErrorIs(t, err, people.ErrNotFound)
	for _, bad := range []string{"", "x", strings.Repeat("a", 52), strings.Repeat("a", 1<<20)} {
		_, err = db.UseLoginLink(ctx, bad)
		require.ErrorIs(t, err, people.ErrNotFound)
	}
}

func TestResetPassword(t *testing.T) {
	db, _ := fresh(t)
	dana := add(t, db, "dana@example.com", people.Member)
	before := signIn(t, db, dana)
	require.ErrorIs(t, db.SetPassword(ctx, system, "nobody", goodPwd), people.ErrNotFound)
	_, err := db.ResetPassword(ctx, system, "nobody")
	require.ErrorIs(t, err, people.ErrNotFound)
	link, err := db.ResetPassword(ctx, system, dana.ID)
	require.NoError(t, err)
	_, err = db.Refresh(ctx, before)
	require.ErrorIs(t, err, people.ErrNotFound)
	_, err = db.CheckPassword(ctx, "dana@example.com", goodPwd, "")
	require.ErrorIs(t, err, people.ErrSignIn)
	p, err := db.UseLoginLink(ctx, link)
	require.NoError(t, err)
	c := signIn(t, db, p)
	var bad *people.Invalid
	require.ErrorAs(t, db.SetPassword(ctx, c, p.ID, "short"), &bad)
	require.ErrorAs(t, db.SetPassword(ctx, c, p.ID, strings.Repeat("x", 1<<20)), &bad)
	require.ErrorIs(t, db.SetPassword(ctx, by(t, db, p, people.AllScopes), p.ID, "another long one"), people.ErrForbidden)
	require.ErrorIs(t, db.SetPassword(ctx, signIn(t, db, add(t, db, "sam@example.com", people.Member)), p.ID, "another long one"), people.ErrForbidden)
	require.NoError(t, db.SetPassword(ctx, c, p.ID, "another long one"))
	require.ErrorIs(t, db.SetPassword(ctx, c, p.ID, "and once more 1"), people.ErrForbidden)
	_, err = db.CheckPassword(ctx, "dana@example.com", "another long one", "")
	require.NoError(t, err)
}

// Whatever is taken once is taken once by many at the same time, too.
func TestWhatIsTakenOnceAtOnce(t *testing.T) {
	db, now := fresh(t)
	dana := add(t, db, "dana@example.com", people.Member)
	key, recovery := twoSteps(t, db, now, signIn(t, db, dana))
	now.Move(time.Minute)
	waiting := make([]string, 8)
	begin := func() {
		for i := range waiting {
			var err error
			waiting[i], err = db.FirstStep(ctx, dana.ID, people.ByPassword, nil)
			require.NoError(t, err)
		}
	}
	right := code(t, key, now.Now())
	reset, err := db.NewReset(ctx, dana.Email, "")
	require.NoError(t, err)
	link, err := db.NewLoginLink(ctx, system, dana.ID, time.Hour)
	require.NoError(t, err)
	for _, tt := range []struct {
		what string
		try  func(i int) error
	}{
		{"a code", func(i int) error { _, err := db.SecondStep(ctx, waiting[i], right, ""); return err }},
		{"a recovery code", func(i int) error { _, err := db.SecondStep(ctx, waiting[i], recovery[0], ""); return err }},
		{"a link", func(int) error { _, err := db.UseLoginLink(ctx, link); return err }},
		{"a link for a new password", func(int) error { _, err := db.UseReset(ctx, reset.Token, goodPwd, ""); return err }},
	} {
		begin()
		var taken atomic.Int64
		var wg sync.WaitGroup
		for i := range waiting {
			wg.Go(func() {
				if tt.try(i) == nil {
					taken.Add(1)
				}
			})
		}
		wg.Wait()
		assert.EqualValues(t, 1, taken.Load(), tt.what)
		now.Move(people.SignInLife)
	}
}
