package credit_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dealwiki/wiki"
	"dealwiki/wiki/credit"
	"dealwiki/wiki/handoff"
	"dealwiki/wiki/people"
	"dealwiki/wiki/register"
	"dealwiki/wiki/wikitest"
)

func TestAskAnswerAndKnow(t *testing.T) {
	ctx, desk := t.Context(), wikitest.New(t, wiki.Config{})
	w := desk.Wiki
	r, err := register.Open(ctx, w, nil)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, r.Close()) })
	b, err := credit.Open(ctx, w, r, handoff.New(w, r))
	require.NoError(t, err)
	dana, priya := desk.Person("Dana Reyes", "dana@example.com", people.Sales), desk.Person("Priya Nair", "priya@example.com", people.Technical)
	sp := desk.Prospect(dana, wiki.NewProspect{Prospect: wiki.Prospect{Title: "Northwind", Stage: "closing"}})

	var invalid *wiki.Invalid
	for _, wrong := range []string{"", " \n", "a\x00b"} {
		_, err = b.Ask(ctx, dana, sp, credit.Questions, priya.Person, wrong)
		assert.ErrorAs(t, err, &invalid, "%q", wrong)
	}
	_, err = b.Ask(ctx, dana, sp, credit.Questions, priya.Person, "Does the import\nkeep orphans?")
	require.NoError(t, err)
	page, err := sp.Internal().Read(ctx, dana, credit.Questions)
	require.NoError(t, err)
	require.Contains(t, string(page.Text), "[!question] Does the import @"+priya.Person.Handle)

	desk.Clock.Advance(time.Hour)
	facts, err := r.Space(ctx, dana, sp)
	require.NoError(t, err)
	require.Len(t, facts, 1)
	_, err = sp.Internal().Edit(ctx, priya, wiki.Edit{Place: credit.Questions, Base: page.Version,
		Text: []byte("# Questions\n\n> [!question] Does the import @" + priya.Person.Handle + " status:answered ^" + facts[0].ID + "\n> keep orphans?\n> Orphans are kept in quarantine.\n")})
	require.NoError(t, err)
	ledger, err := b.Deal(ctx, dana, sp)
	require.NoError(t, err)
	require.NotEmpty(t, ledger.Rows)
	assert.Equal(t, priya.Person.ID, ledger.Rows[0].ID, "help on the deals of others comes first")
	require.Len(t, ledger.Rows[0].Help.Answered, 1)
	assert.Equal(t, credit.Questions, ledger.Rows[0].Help.Answered[0].Place)

	known, err := b.Who(ctx, dana, []string{"quarantine"}, []credit.Found{{Prospect: sp.Prospect(), Place: credit.Questions}})
	require.NoError(t, err)
	require.NotEmpty(t, known)
	assert.Equal(t, priya.Person.ID, known[0].Person.ID)
	_, err = b.Who(ctx, people.Caller{Person: people.Person{ID: "g", Guest: true}, Scopes: people.AllScopes}, nil, nil)
	assert.ErrorIs(t, err, people.ErrForbidden)
}
