package actionplan

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dealwiki/content"
)

func on(t testing.TB, date string) time.Time {
	t.Helper()
	at, err := time.Parse(time.DateOnly, date)
	require.NoError(t, err)
	return at
}

const plan = `# Mutual action plan

Until 1 March, *both* of us.

- [ ] Before any heading

## Steps to signature

- [x] Accept the answers @henrik @hana due:2026-11-09 ^t-0001
- [ ] Choose who signs @ingrid @hana due:2026-11-10 ^t-0002
- [ ] Agree the penalty cap with @dana in ` + "`@code`" + ` due:2026-11-18 ^t-0003
- [ ] Sign the order form (Lars Nyberg, Astrid) due:2026-11-27

## Later

- [ ] Name trainers @ingrid ^t-0004
- [ ] Go live @tom due:2027-03-01 ^t-0005
`

func TestPlanIsReadFromItsPage(t *testing.T) {
	now := time.Date(2026, 11, 12, 15, 4, 5, 0, time.UTC)
	p := Read(content.Parse([]byte(plan)), on(t, "2027-03-01"), now)
	require.Len(t, p.Steps, 7)
	assert.Equal(t, 1, p.Done())

	assert.Equal(t, Step{Line: 5, Text: "Before any heading"}, p.Steps[0])
	assert.Equal(t, Step{ID: "t-0001", Line: 9, Text: "Accept the answers", Part: "Steps to signature", Owners: []string{"henrik", "hana"}, Due: on(t, "2026-11-09"), Done: true, Weeks: 16}, p.Steps[1])
	assert.True(t, p.Steps[2].Late)
	assert.Equal(t, []string{"dana"}, p.Steps[3].Owners, "code names nobody")
	assert.Equal(t, "Sign the order form", p.Steps[4].Text)
	assert.Equal(t, []string{"Lars Nyberg", "Astrid"}, p.Steps[4].Names)
	assert.Equal(t, "Later", p.Steps[5].Part)
	assert.Zero(t, p.Steps[6].Weeks, "it is due on the goal date")

	waiting := p.Waiting("ingrid")
	require.Len(t, waiting, 2)
	assert.Equal(t, "t-0002", waiting[0].ID)
	assert.Equal(t, "t-0004", waiting[1].ID, "what has no date comes last")
	assert.Empty(t, p.Waiting("henrik"), "what is done waits for nobody")
	assert.Empty(t, p.Waiting(""))
	require.Len(t, p.Late(), 1)

	from, to := p.Span()
	assert.Equal(t, on(t, "2026-11-09"), from)
	assert.Equal(t, on(t, "2027-03-01"), to)
}

func TestPlanOfAPageWithoutSteps(t *testing.T) {
	now := time.Date(2026, 11, 12, 23, 0, 0, 0, time.FixedZone("", -5*3600))
	p := Read(content.Parse([]byte("# Empty\n")), time.Time{}, now)
	assert.Empty(t, p.Steps)
	from, to := p.Span()
	assert.Equal(t, on(t, "2026-11-13"), from, "days are UTC's")
	assert.Equal(t, from, to)
}

func TestPlanningBackwards(t *testing.T) {
	const template = "# Plan\r\n\n- [ ] Agree what success is\n- [x] Done\n- [ ] Fixed due:2026-12-01\n- [ ] Show it ^t-0001\n- [ ] Sign @lars\n- [ ] Live\n\n```\n- [ ] code\n```\n"
	got := string(Backwards([]byte(template), on(t, "2027-01-11"), on(t, "2026-12-02")))
	assert.Equal(t, "# Plan\r\n\n- [ ] Agree what success is due:2026-12-11\n- [x] Done\n- [ ] Fixed due:2026-12-01\n- [ ] Show it due:2026-12-22 ^t-0001\n- [ ] Sign @lars due:2027-01-01\n- [ ] Live due:2027-01-11\n\n```\n- [ ] code\n```\n", got)
	assert.Equal(t, template, string(Backwards([]byte(template), on(t, "2026-12-02"), on(t, "2026-12-02"))), "a goal that is not ahead plans nothing")
	assert.Equal(t, got, string(Backwards([]byte(got), on(t, "2027-06-01"), on(t, "2026-12-02"))), "what has a date keeps it")
	for _, s := range Read(content.Parse([]byte(got)), time.Time{}, on(t, "2026-12-02")).Steps {
		assert.NotContains(t, []time.Weekday{time.Saturday, time.Sunday}, s.Due.Weekday(), s.Text)
	}
}

func FuzzBackwards(f *testing.F) {
	f.Add(plan)
	f.Add("- [ ] a ^\n- [ ]\n")
	f.Fuzz(func(t *testing.T, text string) {
		goal, now := time.Date(2027, 3, 1, 0, 0, 0, 0, time.UTC), time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
		before := Read(content.Parse([]byte(text)), goal, now)
		after := Read(content.Parse(Backwards([]byte(text), goal, now)), goal, now)
		require.Equal(t, len(before.Steps), len(after.Steps))
	})
}

// A slip of the pen in one date does not make the drawing of all others endless.
func TestSpanIsBounded(t *testing.T) {
	p := Read(content.Parse([]byte("- [ ] One @a due:0001-01-02\n- [ ] Two @a due:9999-12-31\n- [ ] Three @a due:2027-02-01\n")), on(t, "9999-12-31"), on(t, "2026-11-12"))
	require.Len(t, p.Steps, 3)
	from, to := p.Span()
	assert.Equal(t, on(t, "2026-11-12"), from)
	assert.Equal(t, on(t, "2027-02-01"), to)
}
