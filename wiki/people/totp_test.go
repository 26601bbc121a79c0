package people_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dealwiki/wiki/people"
)

// code is what the authenticator shows at a time.
func code(t testing.TB, key string, at time.Time) string {
	t.Helper()
	s, err := totp.GenerateCode(key, at)
	require.NoError(t, err)
	return s
}

// twoSteps turns the second step on for somebody.
func twoSteps(t testing.TB, db *people.DB, now *clock, c people.Caller) (key string, codes []string) {
	t.Helper()
	uri, key, err := db.BeginTwoStep(ctx, c, "Fairlead: Oslo")
	require.NoError(t, err)
	assert.Contains(t, uri, "otpauth://totp/")
	assert.Contains(t, uri, "secret="+key)
	codes, err = db.ConfirmTwoStep(ctx, c, code(t, key, now.Now()))
	require.NoError(t, err)
	now.Move(time.Minute)
	return key, codes
}

func TestSecondStep(t *testing.T) {
	db, now := fresh(t)
	dana := add(t, db, "dana@example.com", people.Member)
	c, other := signIn(t, db, dana), signIn(t, db, dana)

	token, err := db.FirstStep(ctx, dana.ID, people.ByPassword, nil)
	require.NoError(t, err)
	assert.Empty(t, token, "nothing is asked of who has not turned it on")

	_, _, err = db.BeginTwoStep(ctx, by(t, db, dana, people.AllScopes), "Fairlead")
	assert.ErrorIs(t, err, people.ErrForbidden, "a token does not set it up")
	_, key, err := db.BeginTwoStep(ctx, c, "Fairlead")
	require.NoError(t, err)
	_, err = db.ConfirmTwoStep(ctx, c, "000000")
	assert.ErrorIs(t, err, people.ErrCode)
	token, err = db.FirstStep(ctx, dana.ID, people.ByPassword, nil)
	require.NoError(t, err)
	assert.Empty(t, token, "a key that was not confirmed counts for nothing")
	codes, err := db.ConfirmTwoStep(ctx, c, code(t, key, now.Now()))
	require.NoError(t, err)
	assert.Len(t, codes, people.RecoveryCodes)
	_, err = db.Refresh(ctx, other)
	assert.ErrorIs(t, err, people.ErrNotFound, "the other sessions have ended")
	_, err = db.Refresh(ctx, c)
	assert.NoError(t, err)
	_, _, err = db.BeginTwoStep(ctx, c, "Fairlead")
	assert.Error(t, err, "it is on already")

	begin := func() string {
		token, err := db.FirstStep(ctx, dana.ID, people.ByPassword, nil)
		require.NoError(t, err)
		require.NotEmpty(t, token)
		return token
	}
	token = begin()
	_, err = db.SecondStep(ctx, token, code(t, key, now.Now()), "192.0.2.1")
	assert.ErrorIs(t, err, people.ErrCode, "the code that turned it on is used up")
	now.Move(time.Minute)
	right := code(t, key, now.Now())
	s, err := db.SecondStep(ctx, token, " "+right[:3]+" "+right[3:], "192.0.2.1")
	require.NoError(t, err)
	assert.Equal(t, dana.ID, s.Person.ID)
	assert.Equal(t, people.ByPassword, s.How)
	_, err = db.SecondStep(ctx, token, right, "192.0.2.1")
	assert.ErrorIs(t, err, people.ErrNotFound, "a sign-in is used once")
	_, err = db.SecondStep(ctx, begin(), right, "192.0.2.1")
	assert.ErrorIs(t, err, people.ErrCode, "a code is used once, over all sign-ins")

	// One period late is taken, two are not, and none before the last one.
	now.Move(5 * time.Minute)
	_, err = db.SecondStep(ctx, begin(), code(t, key, now.Now().Add(-time.Minute)), "")
	assert.ErrorIs(t, err, people.ErrCode)
	_, err = db.SecondStep(ctx, begin(), code(t, key, now.Now().Add(30*time.Second)), "")
	assert.NoError(t, err)
	_, err = db.SecondStep(ctx, begin(), code(t, key, now.Now()), "")
	assert.ErrorIs(t, err, people.ErrCode, "earlier than the last that was taken")

	// Recovery codes work once each, however they are typed.
	_, err = db.SecondStep(ctx, begin(), strings.ToUpper(strings.ReplaceAll(codes[0], "-", " ")), "")
	assert.NoError(t, err)
	_, err = db.SecondStep(ctx, begin(), codes[0], "")
	assert.ErrorIs(t, err, people.ErrCode)
	state, err := db.TwoStepOf(ctx, c, dana.ID)
	require.NoError(t, err)
	assert.Equal(t, people.RecoveryCodes-1, state.Codes)
	assert.True(t, state.On)

	// A sign-in waits ten minutes.
	token = begin()
	now.Move(people.SignInLife)
	_, err = db.SignIn(ctx, token)
	assert.ErrorIs(t, err, people.ErrNotFound)
	_, err = db.SecondStep(ctx, token, codes[1], "")
	assert.ErrorIs(t, err, people.ErrNotFound)

	// A door of the second step opens nothing else.
	token = begin()
	s, err = db.SignIn(ctx, token)
	require.NoError(t, err)
	at := s.Caller("192.0.2.1")
	assert.False(t, at.Can(people.Read))
	_, _, err = db.BeginTwoStep(ctx, at, "Fairlead")
	assert.Error(t, err, "who has it on is not let set it up anew")
	_, err = db.NewRecoveryCodes(ctx, at, codes[1])
	assert.ErrorIs(t, err, people.ErrForbidden)
	_, _, err = db.NewToken(ctx, at, dana.ID, "x", people.Read, time.Time{})
	assert.ErrorIs(t, err, people.ErrForbidden)
}

func TestWrongCodesAreLimited(t *testing.T) {
	db, now := fresh(t)
	dana := add(t, db, "dana@example.com", people.Member)
	key, _ := twoSteps(t, db, now, signIn(t, db, dana))
	var wrong, over, many int
	token := ""
	for range 60 {
		if token == "" {
			var err error
			if token, err = db.FirstStep(ctx, dana.ID, people.ByPassword, nil); err != nil {
				many++
				break
			}
		}
		_, err := db.SecondStep(ctx, token, "123456", "192.0.2.9")
		var tooMany *people.TooMany
		switch {
		case errors.Is(err, people.ErrNotFound):
			over, token = over+1, ""
		case errors.Is(err, people.ErrCode):
			wrong++
		default:
			require.ErrorAs(t, err, &tooMany)
			many++
		}
	}
	assert.LessOrEqual(t, wrong, 10)
	assert.Positive(t, over, "five wrong ones end a sign-in")
	assert.Positive(t, many)
	now.Move(time.Hour)
	token, err := db.FirstStep(ctx, dana.ID, people.ByPassword, nil)
	require.NoError(t, err)
	_, err = db.SecondStep(ctx, token, code(t, key, now.Now()), "192.0.2.9")
	assert.NoError(t, err)
}

func TestAdministratorsRequireAndRemoveTheSecondStep(t *testing.T) {
	db, now := fresh(t)
	ada, dana := add(t, db, "ada@example.com", people.Admin), add(t, db, "dana@example.com", people.Member)
	admin, c := signIn(t, db, ada), signIn(t, db, dana)
	require.ErrorIs(t, db.RequireTwoStep(ctx, c, dana.ID, true), people.ErrForbidden)
	require.NoError(t, db.RequireTwoStep(ctx, admin, dana.ID, true))

	token, err := db.FirstStep(ctx, dana.ID, people.ByLink, nil)
	require.NoError(t, err)
	s, err := db.SignIn(ctx, token)
	require.NoError(t, err)
	require.True(t, s.SetUp)
	key, codes := twoSteps(t, db, now, s.Caller("192.0.2.1"))
	_, err = db.Refresh(ctx, c)
	assert.ErrorIs(t, err, people.ErrNotFound, "sessions of one step have ended")
	require.NoError(t, db.EndSignIn(ctx, token))

	c = signIn(t, db, dana)
	assert.ErrorIs(t, db.EndTwoStep(ctx, c, code(t, key, now.Now())), people.ErrForbidden, "it is required")
	fresh, err := db.NewRecoveryCodes(ctx, c, codes[0])
	require.NoError(t, err)
	assert.NotContains(t, fresh, codes[1])
	assert.ErrorIs(t, db.EndTwoStep(ctx, c, codes[1]), people.ErrCode, "replaced codes are gone")

	assert.ErrorIs(t, db.RemoveTwoStep(ctx, c, dana.ID), people.ErrForbidden)
	require.NoError(t, db.RemoveTwoStep(ctx, admin, dana.ID))
	assert.ErrorIs(t, db.RemoveTwoStep(ctx, admin, dana.ID), people.ErrNotFound)
	_, err = db.Refresh(ctx, c)
	assert.ErrorIs(t, err, people.ErrNotFound)
	require.NoError(t, db.RequireTwoStep(ctx, admin, dana.ID, false))
	on, required, err := db.TwoSteps(ctx, admin)
	require.NoError(t, err)
	assert.Empty(t, on)
	assert.Empty(t, required)

	// All of somebody's kind, as the configuration has it.
	token, err = db.FirstStep(ctx, ada.ID, people.ByPassword, func(p people.Person) bool { return p.Role == people.Admin })
	require.NoError(t, err)
	assert.NotEmpty(t, token)

	// One turns one's own off with a code.
	c = signIn(t, db, dana)
	key, _ = twoSteps(t, db, now, c)
	assert.ErrorIs(t, db.EndTwoStep(ctx, c, "111111"), people.ErrCode)
	require.NoError(t, db.EndTwoStep(ctx, c, code(t, key, now.Now())))

	events, _, err := db.Audit(ctx, admin, people.AuditFilter{Action: "two-step."}, 100, 0)
	require.NoError(t, err)
	var actions []string
	for _, e := range events {
		actions = append(actions, e.Action)
	}
	assert.Equal(t, []string{"two-step.off", "two-step.on", "two-step.free", "two-step.off", "two-step.codes", "two-step.recovery", "two-step.on", "two-step.require"}, actions)
}

func TestDisablingEndsWaitingSignIns(t *testing.T) {
	db, now := fresh(t)
	add(t, db, "ada@example.com", people.Admin)
	dana := add(t, db, "dana@example.com", people.Member)
	_, codes := twoSteps(t, db, now, signIn(t, db, dana))
	token, err := db.FirstStep(ctx, dana.ID, people.ByPassword, nil)
	require.NoError(t, err)
	reset, err := db.NewReset(ctx, dana.Email, "")
	require.NoError(t, err)
	require.NoError(t, db.Disable(ctx, system, dana.ID))
	require.NoError(t, db.Enable(ctx, system, dana.ID))
	_, err = db.SecondStep(ctx, token, codes[0], "")
	assert.ErrorIs(t, err, people.ErrNotFound)
	_, err = db.UseReset(ctx, reset.Token, goodPwd, "")
	assert.ErrorIs(t, err, people.ErrNotFound)
}

func TestRecoveryCodesAreNotInTheFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "dealwiki.db")
	now := newClock()
	db := open(t, path, now)
	dana := add(t, db, "dana@example.com", people.Member)
	_, codes := twoSteps(t, db, now, signIn(t, db, dana))
	token, err := db.FirstStep(ctx, dana.ID, people.ByPassword, nil)
	require.NoError(t, err)
	reset, err := db.NewReset(ctx, dana.Email, "")
	require.NoError(t, err)
	for _, name := range []string{path, path + "-wal"} {
		data, err := os.ReadFile(name)
		require.NoError(t, err)
		for _, secret := range append(codes, token, reset.Token) {
			assert.NotContains(t, string(data), secret)
			assert.NotContains(t, string(data), strings.ReplaceAll(secret, "-", ""))
		}
	}
}
