package brief_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dealwiki/wiki"
	"dealwiki/wiki/brief"
)

// What is known leads; a mail's head, a mail that is quoted and what is over
// answer nothing.
func TestFactsAnswerBeforeGuesses(t *testing.T) {
	d := newDesk(t)
	d.sp = d.Prospect(d.dana, wiki.NewProspect{Prospect: wiki.Prospect{Title: "Harbour", Value: 840000, Currency: "EUR", ExpectedClose: "2027-01-20"}})
	d.edit(d.dana, "internal/account/overview", `# Overview

All 34 questions answered and accepted by Henrik Dahl on 1 October 2026. It must not slow down the night run.

> [!commitment] The first depot is live @dana due:2027-03-11 ^c-0001

> [!stakeholder] Ingrid Solberg, CFO role:economic-buyer access:met ^s-0001
`)
	d.edit(d.dana, "internal/log/2026-11-01-mail", `# Dates

**From:** Henrik Dahl <henrik@example.com>\
**To:** Dana Reyes <dana@example.com>

Hello Dana,

The board decides in May.

> From: Dana Reyes <dana@example.com>
> We promised to deliver by 1 May 2027.
`)
	b := d.brief(d.tom, "")
	said := map[brief.Topic][]string{}
	for _, a := range b.Answers {
		for _, p := range a.Passages {
			said[a.Topic] = append(said[a.Topic], p.Text)
			assert.NotContains(t, p.Text, "@example.com")
		}
	}
	require.Len(t, said[brief.TopicWhen], 2)
	assert.Equal(t, "Expected to close on 20 Jan 2027.", said[brief.TopicWhen][0])
	assert.Contains(t, said[brief.TopicWhen][1], "The first depot is live: by ")
	assert.Equal(t, []string{"The first depot is live"}, said[brief.TopicPromised])
	require.Len(t, said[brief.TopicPeople], 1)
	assert.Contains(t, said[brief.TopicPeople][0], "Ingrid Solberg")
	assert.Equal(t, "Worth EUR 840,000.", said[brief.TopicPrice][0])
	for _, p := range b.Possible {
		assert.NotContains(t, p.Text, "accepted by")
		assert.NotContains(t, p.Text, "1 May 2027")
	}
	require.NotEmpty(t, b.Log)
	assert.Equal(t, "The board decides in May.", b.Log[0].Text)
}
