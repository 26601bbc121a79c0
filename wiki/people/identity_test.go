package people_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dealwiki/wiki/people"
)

const issuer = "https://login.example.com"

func TestIdentitiesAreLinkedByVerifiedAddressesOnly(t *testing.T) {
	db, _ := fresh(t)
	ada, dana := add(t, db, "ada@example.com", people.Admin), add(t, db, "dana@example.com", people.Member)
	_, err := db.Add(ctx, system, people.NewPerson{Email: "ingrid@example.org", Name: "Ingrid", Guest: true})
	require.NoError(t, err)
	who := func(subject, email string) people.Identity {
		return people.Identity{Issuer: issuer, Subject: subject, Email: email, Verified: true, Name: "Some Body"}
	}
	refused := func(reason people.Reason, id people.Identity, rules people.SignOnRules) {
		t.Helper()
		_, err := db.SignOn(ctx, id, rules, "192.0.2.1")
		var no *people.SignOnRefused
		if assert.ErrorAs(t, err, &no) {
			assert.Equal(t, reason, no.Reason)
		}
	}
	create := people.SignOnRules{Create: true, Domains: []string{"Example.com"}}
	open := who("1", dana.Email)
	open.Verified = false
	refused(people.Unverified, open, create)
	refused(people.Unverified, who("1", "nonsense"), create)
	refused(people.Unknown, who("2", "new@example.com"), people.SignOnRules{})
	refused(people.Unknown, who("2", "new@elsewhere.com"), create)
	refused(people.Unknown, who("2", "new@sub.example.com"), create)
	refused(people.IsGuest, who("3", "ingrid@example.org"), create)
	for _, bad := range []people.Identity{{Subject: "1"}, {Issuer: issuer}, {Issuer: issuer, Subject: string(make([]byte, 256))}} {
		_, err := db.SignOn(ctx, bad, create, "")
		assert.Error(t, err)
	}

	p, err := db.SignOn(ctx, who("1", "DANA@example.com"), people.SignOnRules{}, "192.0.2.1")
	require.NoError(t, err)
	assert.Equal(t, dana.ID, p.ID)
	moved := who("1", "other@example.com")
	moved.Verified = false
	p, err = db.SignOn(ctx, moved, people.SignOnRules{}, "")
	require.NoError(t, err)
	assert.Equal(t, dana.ID, p.ID, "the subject is the person, whatever their address")
	refused(people.AnotherThere, who("9", dana.Email), create)

	p, err = db.SignOn(ctx, who("4", "new@example.com"), create, "")
	require.NoError(t, err)
	assert.Equal(t, people.Member, p.Role)
	assert.Equal(t, "Some Body", p.Name)

	// Disabled stays disabled, linked before or not.
	require.NoError(t, db.Disable(ctx, system, dana.ID))
	refused(people.IsDisabled, who("1", dana.Email), create)
	require.NoError(t, db.Disable(ctx, system, p.ID))
	require.NoError(t, db.Unlink(ctx, system, p.ID))
	refused(people.IsDisabled, who("5", "new@example.com"), create)
	p, err = db.Get(ctx, p.ID)
	require.NoError(t, err)
	assert.True(t, p.Disabled)

	events, _, err := db.Audit(ctx, signIn(t, db, ada), people.AuditFilter{Action: "identity.refuse"}, 100, 0)
	require.NoError(t, err)
	assert.Len(t, events, 9)
	for _, e := range events {
		assert.NotContains(t, e.Detail+e.Object, "@")
	}
}

func TestInvitationsAreAcceptedByProviders(t *testing.T) {
	db, _ := fresh(t)
	token, err := db.Invite(ctx, system, "tom@elsewhere.com", "Tom Okafor", people.Member, people.Delivery)
	require.NoError(t, err)
	p, err := db.SignOn(ctx, people.Identity{Issuer: issuer, Subject: "1", Email: "tom@elsewhere.com", Verified: true, Name: "T."}, people.SignOnRules{}, "")
	require.NoError(t, err)
	assert.Equal(t, "Tom Okafor", p.Name)
	assert.Equal(t, people.Delivery, p.Job)
	_, err = db.Invitation(ctx, token)
	assert.ErrorIs(t, err, people.ErrNotFound)
}

func TestGroupsGiveRoles(t *testing.T) {
	db, now := fresh(t)
	ada := add(t, db, "ada@example.com", people.Admin)
	dana := add(t, db, "dana@example.com", people.Member)
	token, _, err := db.StartSession(ctx, dana.ID, "", "")
	require.NoError(t, err)
	id := people.Identity{Issuer: issuer, Subject: "1", Email: dana.Email, Verified: true}
	p, err := db.SignOn(ctx, id, people.SignOnRules{Role: people.Admin}, "")
	require.NoError(t, err)
	assert.Equal(t, people.Admin, p.Role)

	// The session's secret changes with the rights, and the old one ends.
	_, s, err := db.Session(ctx, token)
	require.NoError(t, err)
	require.True(t, s.Renew)
	fresh, err := db.RenewSession(ctx, token)
	require.NoError(t, err)
	c, s, err := db.Session(ctx, fresh)
	require.NoError(t, err)
	assert.False(t, s.Renew)
	assert.True(t, c.Can(people.Administer))
	_, err = db.RenewSession(ctx, token)
	assert.ErrorIs(t, err, people.ErrNotFound)
	_, _, err = db.Session(ctx, token)
	assert.NoError(t, err, "requests under way")
	now.Move(time.Minute)
	_, _, err = db.Session(ctx, token)
	assert.ErrorIs(t, err, people.ErrNotFound)
	now.Move(-2 * time.Minute)
	_, _, err = db.Session(ctx, token)
	assert.ErrorIs(t, err, people.ErrNotFound, "no clock revives it")
	now.Move(2 * time.Minute)
	_, _, err = db.Session(ctx, fresh)
	assert.NoError(t, err)

	p, err = db.SignOn(ctx, id, people.SignOnRules{Role: people.Member}, "")
	require.NoError(t, err)
	assert.Equal(t, people.Member, p.Role)
	p, err = db.SignOn(ctx, people.Identity{Issuer: issuer, Subject: "2", Email: ada.Email, Verified: true}, people.SignOnRules{Role: people.Member}, "")
	require.NoError(t, err)
	assert.Equal(t, people.Admin, p.Role, "the last administrator stays one")
}

func TestSignOutHints(t *testing.T) {
	db, _ := fresh(t)
	dana := add(t, db, "dana@example.com", people.Member)
	token, s, err := db.Enter(ctx, dana.ID, people.Entry{IP: "192.0.2.1", Agent: "x", How: people.ByProvider, Hint: "a.b.c"})
	require.NoError(t, err)
	assert.Equal(t, people.ByProvider, s.How)
	hint, err := db.SignOutHint(ctx, token)
	require.NoError(t, err)
	assert.Equal(t, "a.b.c", hint)
	require.NoError(t, db.EndSession(ctx, token))
	_, err = db.SignOutHint(ctx, token)
	assert.ErrorIs(t, err, people.ErrNotFound)
}
