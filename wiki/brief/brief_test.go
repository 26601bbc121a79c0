package brief_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dealwiki/wiki"
	"dealwiki/wiki/brief"
	"dealwiki/wiki/people"
	"dealwiki/wiki/register"
	"dealwiki/wiki/wikitest"
)

// desk is a wiki with briefs and a clock that goes an hour with each edit.
type desk struct {
	*wikitest.Desk
	m        *brief.Maker
	register *register.Register
	dana     people.Caller
	tom      people.Caller
	sp       *wiki.Space
}

func newDesk(t testing.TB) *desk {
	d := &desk{Desk: wikitest.New(t, wiki.Config{})}
	var err error
	d.register, err = register.Open(t.Context(), d.Wiki, nil)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, d.register.Close()) })
	d.m = brief.New(d.Wiki, d.register)
	d.dana, d.tom = d.Person("Dana Reyes", "dana@example.com", people.Sales), d.Person("Tom Okafor", "tom@example.com", people.Sales)
	d.sp = d.Prospect(d.dana, wiki.NewProspect{Prospect: wiki.Prospect{Title: "Northwind"}})
	return d
}

func (d *desk) edit(by people.Caller, place, text string) *wiki.Edited {
	d.T.Helper()
	d.Clock.Advance(time.Hour)
	return d.Edit(by, d.sp, place, text)
}

func (d *desk) brief(c people.Caller, since string) *brief.Brief {
	d.T.Helper()
	b, err := d.m.Make(d.T.Context(), c, d.sp, since)
	require.NoError(d.T, err)
	return b
}

const overview = `# Overview

Northwind runs 212 trainsets from four depots.

## Why

Trains wait in depots because the planning sheet loses work orders.

## Dates

They need the first depot to go live by 1 March 2027.
`

func TestBriefBeforeAnyMarkup(t *testing.T) {
	d := newDesk(t)
	d.edit(d.dana, "internal/account/overview", overview)
	b := d.brief(d.tom, "")
	assert.Nil(t, b.Since, "nobody who was never here has a last visit")
	assert.Equal(t, "Northwind runs 212 trainsets from four depots.", b.Lead)
	said := map[brief.Topic][]string{}
	for _, a := range b.Answers {
		for _, p := range a.Passages {
			said[a.Topic] = append(said[a.Topic], p.Text)
		}
	}
	assert.Contains(t, said[brief.TopicWhy], "Trains wait in depots because the planning sheet loses work orders.")
	assert.Contains(t, said[brief.TopicWhen], "They need the first depot to go live by 1 March 2027.")
	require.Len(t, b.Possible, 1)
	assert.Equal(t, "commitment", b.Possible[0].Kind)
	assert.Equal(t, 11, b.Possible[0].Source.Line)
	require.NotEmpty(t, b.Reading)
	assert.Equal(t, "internal/account/overview", b.Reading[0].Place.String())
	assert.False(t, b.Reading[0].Read)
	assert.NotEmpty(t, b.Missing)
	require.NotEmpty(t, b.People)
	assert.Equal(t, "Dana Reyes", b.People[0].Name)
	assert.Equal(t, "Dana Reyes", b.Owner.Name)

	done, err := d.m.Confirm(t.Context(), d.tom, d.sp, b.Possible[0].Source, "commitment", b.Possible[0].Text)
	require.NoError(t, err)
	assert.Contains(t, string(done.Text), "1 March 2027.\n\n> [!commitment] They need the first depot to go live by 1 March 2027. ^c-")
	b = d.brief(d.tom, "")
	assert.Empty(t, b.Possible, "it is a fact now")
	require.Len(t, b.Facts, 1)
	assert.Equal(t, "Tom Okafor", b.Facts[0].Facts[0].Raised().By.Name)

	d.edit(d.dana, "internal/account/notes", "# Notes\n\nThe board has decided to replace the sheet this year.\n")
	b = d.brief(d.tom, "")
	require.Len(t, b.Possible, 1)
	require.NoError(t, d.m.Dismiss(t.Context(), d.tom, d.sp, b.Possible[0].Text))
	assert.Empty(t, d.brief(d.tom, "").Possible)
}

func TestSinceLastHere(t *testing.T) {
	d := newDesk(t)
	first := d.edit(d.dana, "internal/account/overview", overview+"\n> [!commitment] Go-live in March @dana due:2027-03-01 ^c-0001\n")
	require.NoError(t, d.People.MarkRead(t.Context(), d.tom, "northwind", "internal", "account/overview", first.Version.String()))
	d.Clock.Advance(48 * time.Hour)
	d.edit(d.dana, "internal/account/overview", overview+"\n> [!commitment] Go-live in April @dana due:2027-04-01 ^c-0001\n\n> [!risk] The network is slow ^r-0001\n")
	d.Clock.Advance(time.Hour)

	b := d.brief(d.tom, "last-visit")
	require.NotNil(t, b.Since)
	require.Len(t, b.Since.Raised, 1)
	assert.Equal(t, "The network is slow", b.Since.Raised[0].Title)
	require.Len(t, b.Since.Moved, 1)
	assert.Equal(t, "Go-live in April", b.Since.Moved[0].Title)
	require.Len(t, b.Since.Pages, 1)
	page := b.Since.Pages[0]
	assert.Equal(t, []string{"Dana Reyes"}, page.By)
	assert.Contains(t, page.Digest, brief.Piece{Kind: "gone", Text: "March"})
	assert.Contains(t, page.Digest, brief.Piece{Kind: "new", Text: "April"})
	assert.True(t, b.Reading[0].Changed)
	assert.True(t, b.Facts[0].Facts[0].New)

	b = d.brief(d.tom, "2026-11-01")
	assert.True(t, b.Since.Pages[0].New)
	_, err := d.m.Make(t.Context(), d.tom, d.sp, "yesterday-ish")
	assert.ErrorIs(t, err, brief.ErrSince)
}

func TestWeakSpots(t *testing.T) {
	d := newDesk(t)
	d.edit(d.dana, "internal/account/overview", overview+`
> [!commitment] Free training ^c-0001

> [!commitment] A plan by the end of October @dana due:2026-10-31 ^c-0002

> [!question] What happens without us? status:evaded ^q-0001

> [!stakeholder] Ingrid Solberg, CFO role:economic-buyer access:via by:@dana ^s-0001
`)
	var kinds []string
	for _, w := range d.brief(d.tom, "").Weak {
		kinds = append(kinds, w.Kind)
	}
	for _, want := range []string{"no-owner", "overdue", "evaded", "buyer-not-met", "missing"} {
		assert.Contains(t, kinds, want)
	}
	assert.NotContains(t, kinds, "no-buyer")
}

func TestForGuestKnowsNothingOfTheInside(t *testing.T) {
	d := newDesk(t)
	d.edit(d.dana, "internal/account/overview", "# Overview\n\nTheir budget is EUR 900,000, says the mole.\n\n> [!risk] The mole may leave ^r-0001\n")
	d.edit(d.dana, "external/closing/terms", "# Terms\n\nWe will deliver the depot system by 1 March 2027.\n\n> [!commitment] Go-live on 1 March @dana due:2027-03-01 ^c-0001\n")
	side, err := d.sp.Side(wiki.External)
	require.NoError(t, err)
	b, err := d.m.ForGuest(t.Context(), d.tom, side)
	require.NoError(t, err)
	data, err := json.Marshal(b)
	require.NoError(t, err)
	for _, never := range []string{"mole", "900,000", "closing", "prospecting", "example.com", "users.invalid", "internal"} {
		assert.NotContains(t, strings.ToLower(string(data)), never)
	}
	require.Len(t, b.Facts, 1)
	assert.Equal(t, "Go-live on 1 March", b.Facts[0].Facts[0].Title)
	assert.NotEmpty(t, b.Answers)
	assert.Len(t, b.Reading, 1)
	_, err = d.m.ForGuest(t.Context(), d.tom, d.sp.Internal())
	assert.ErrorIs(t, err, wiki.ErrNotFound)
}

func TestNotesSurviveARestart(t *testing.T) {
	d := newDesk(t)
	d.edit(d.dana, "internal/account/overview", overview)
	was := d.brief(d.tom, "")
	now, err := brief.New(d.Wiki, d.register).Make(t.Context(), d.tom, d.sp, "")
	require.NoError(t, err)
	was.Computed, now.Computed = time.Time{}, time.Time{}
	assert.Equal(t, was, now)
}

func TestWeakSpotsAmongPeople(t *testing.T) {
	d := newDesk(t)
	d.edit(d.dana, "internal/account/a", "# A\n\n> [!question] Who signs? status:answered ^q-0001\n> Ingrid, alone.\n")
	d.edit(d.tom, "internal/account/b", "# B\n\n> [!question] Who signs? status:answered ^q-0002\n> The board.\n")
	d.m.Ask(func(context.Context, people.Caller, *wiki.Space) ([]brief.Criterion, error) {
		return []brief.Criterion{{Text: "A named person wants to talk", Met: true}, {Text: "Budget is known", Waived: "they never say"}, {Text: "Fine", Met: true, Evidence: "mail"}}, nil
	})
	said := map[string]string{}
	for _, w := range d.brief(d.tom, "").Weak {
		said[w.Kind] = w.Text
	}
	assert.Equal(t, "Dana Reyes and Tom Okafor answer differently: Who signs?", said["differ"])
	assert.Contains(t, said["no-evidence"], "A named person")
	assert.Contains(t, said["waived"], "they never say")
}
