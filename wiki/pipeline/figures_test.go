package pipeline_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dealwiki/wiki"
	"dealwiki/wiki/handoff"
	"dealwiki/wiki/pipeline"
)

func date(s string) time.Time {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		panic(err)
	}
	return t
}

var funnel = &wiki.Funnel{Currency: "EUR", Target: 1000, PeriodDays: 90, Stages: []wiki.Stage{
	{Key: "prospecting", Title: "Prospecting", TypicalDays: 20}, {Key: "qualifying", Title: "Qualifying", TypicalDays: 20},
	{Key: "closing", Title: "Closing", TypicalDays: 30}, {Key: "delivering", Title: "Delivering"}}}

var year = pipeline.Query{From: date("2026-01-01"), To: date("2026-12-31")}

// deal was in a stage from a day to another, and then this.
func deal(slug, outcome, closed string, value float64, stays ...pipeline.Stay) pipeline.Deal {
	d := pipeline.Deal{Prospect: wiki.Prospect{Slug: slug, Title: slug, Outcome: outcome, OutcomeDate: closed, Value: value, Currency: "EUR"}}
	d.Stays = stays
	if len(stays) > 0 {
		d.Stage = stays[len(stays)-1].Stage
	}
	return d
}

func stay(stage, from, to string) pipeline.Stay {
	s := pipeline.Stay{Stage: stage, From: date(from)}
	if to != "" {
		s.To = date(to)
	}
	return s
}

func rate(t *testing.T, want float64, got *float64) {
	t.Helper()
	require.NotNil(t, got)
	assert.InDelta(t, want, *got, 1e-12)
}

// The worked example of the win rates: to the digit.
func TestWinRates(t *testing.T) {
	closing := stay("closing", "2026-02-01", "")
	deals := []pipeline.Deal{
		deal("a", wiki.OutcomeWon, "2026-03-01", 20_000, closing), deal("b", wiki.OutcomeWon, "2026-03-01", 10_000, closing),
		deal("c", wiki.OutcomeLost, "2026-03-01", 40_000, closing), deal("d", wiki.OutcomeLost, "2026-03-01", 30_000, closing),
	}
	w := pipeline.Compute(deals, funnel, year).WinRate
	rate(t, 0.5, w.Unit)
	rate(t, 0.3, w.Value)

	deals[2] = deal("c", wiki.OutcomeOpen, "", 40_000, closing)
	w = pipeline.Compute(deals, funnel, year).WinRate
	rate(t, 2.0/3, w.Unit)
	rate(t, 0.5, w.Value)
	rate(t, 0.5, w.UnitOpen)
	rate(t, 0.3, w.ValueOpen)
	assert.Equal(t, []int{2, 1, 1}, []int{w.Won, w.Lost, w.Open})
}

func TestTenPercentOnEachFactorIs48(t *testing.T) {
	before := pipeline.SalesVelocity(100, 50_000, 0.3, 100)
	after := pipeline.SalesVelocity(110, 55_000, 0.33, 90)
	assert.InDelta(t, 15_000, before, 1e-9)
	assert.Equal(t, 48, int((after/before-1)*100+0.5))
}

// 30 of 90 days and half of the value won: two thirds of the target.
func TestValueFactor(t *testing.T) {
	assert.InDelta(t, 2.0/3, pipeline.ValueFactor(30, 90, 0.5), 1e-12)
	deals := []pipeline.Deal{
		deal("won", wiki.OutcomeWon, "2026-02-20", 500, stay("closing", "2026-01-31", "2026-02-20"), stay("delivering", "2026-02-20", "")),
		deal("lost", wiki.OutcomeLost, "2026-03-12", 500, stay("closing", "2026-01-31", "2026-03-12")),
		deal("open", wiki.OutcomeOpen, "", 400, stay("closing", "2026-12-01", "")),
	}
	f := pipeline.Compute(deals, funnel, year)
	closing := f.Stages[2]
	rate(t, 30, closing.Mean)
	rate(t, 0.5, closing.Conversion)
	rate(t, 2.0/3, closing.Factor)
	rate(t, 2000.0/3, closing.Needed)
	rate(t, 0.4, closing.Does)
	assert.Equal(t, 200.0, closing.Weighted)
	assert.Equal(t, pipeline.Weighted{Value: 200, Counted: 1, If: 400}, f.Weighted)
	assert.Nil(t, f.Stages[3].Mean, "what comes after the signature is not selling")
	assert.Equal(t, 2, closing.Left)
	rate(t, 30, closing.Median)
}

func TestVelocityOfDeals(t *testing.T) {
	deals := []pipeline.Deal{
		deal("won", wiki.OutcomeWon, "2026-04-11", 300, stay("prospecting", "2026-01-01", "2026-02-01"), stay("closing", "2026-02-01", "2026-04-11")),
		deal("won-too", wiki.OutcomeWon, "2026-01-11", 0, stay("prospecting", "2026-01-01", "2026-01-11")),
		deal("lost", wiki.OutcomeLost, "2026-04-11", 100, stay("prospecting", "2026-01-01", "2026-04-11")),
		deal("early", wiki.OutcomeOpen, "", 100, stay("qualifying", "2026-01-01", "")),
		deal("open", wiki.OutcomeOpen, "", 100, stay("closing", "2026-01-01", "")),
	}
	v := pipeline.Compute(deals, funnel, year).Velocity
	assert.Equal(t, 1, v.Qualified)
	rate(t, 300, v.Average) // the one without a value is no deal of zero
	rate(t, 2.0/3, v.WinRate)
	rate(t, 55, v.Cycle)
	rate(t, 300*(2.0/3)/55, v.PerDay)
}

func TestCurrenciesAreNotAddedUp(t *testing.T) {
	deals := []pipeline.Deal{
		deal("a", wiki.OutcomeOpen, "", 100, stay("closing", "2026-01-01", "")),
		deal("b", wiki.OutcomeOpen, "", 7000, stay("closing", "2026-01-01", "")),
		deal("c", wiki.OutcomeOpen, "", 0, stay("closing", "2026-01-01", "")),
		deal("d", wiki.OutcomeOpen, "", 50, stay("closing", "2026-01-01", "")),
	}
	deals[1].Currency, deals[3].Currency = "JPY", ""
	f := pipeline.Compute(deals, funnel, year)
	assert.Equal(t, "EUR", f.Currency)
	assert.Equal(t, 150.0, f.Stages[2].Value, "without a currency it is the funnel's")
	assert.Equal(t, 4, f.Stages[2].Deals)
	assert.Equal(t, []pipeline.Amount{{Currency: "JPY", Deals: 1, Value: 7000}}, f.Others)
	assert.Equal(t, 1, f.WithoutValue)

	f = pipeline.Compute(deals, funnel, pipeline.Query{From: year.From, To: year.To, Currency: "JPY"})
	assert.Equal(t, 7000.0, f.Stages[2].Value)
	assert.Zero(t, f.Target, "the target is in euros")
	assert.Nil(t, f.Stages[2].Does)

	dealsOnly := &wiki.Funnel{PeriodDays: 90, Stages: funnel.Stages}
	assert.Equal(t, "EUR", pipeline.Compute(deals, dealsOnly, year).Currency, "what most deals have")
}

func TestPeriodAndPast(t *testing.T) {
	deals := []pipeline.Deal{
		deal("old", wiki.OutcomeWon, "2025-06-01", 100, stay("closing", "2025-01-01", "2025-06-01")),
		deal("later", wiki.OutcomeLost, "2026-08-01", 100, stay("qualifying", "2026-01-01", "2026-03-01"), stay("closing", "2026-03-01", "2026-08-01")),
		deal("asleep", wiki.OutcomeOpen, "", 100, stay("qualifying", "2026-01-01", "2026-02-01")),
		deal("slept at once", wiki.OutcomeOpen, "", 100),
		deal("lost and asleep", wiki.OutcomeNoDecision, "2026-04-01", 100, stay("qualifying", "2026-03-01", "2026-04-01")),
		deal("awake again", wiki.OutcomeOpen, "", 100, stay("qualifying", "2026-05-01", "2026-05-01")),
	}
	for i, from := range map[int]string{2: "2026-02-01", 3: "2026-01-05", 4: "2026-04-02", 5: "2026-01-01"} {
		deals[i].Sleeps = []pipeline.Stay{stay("qualifying", from, "")}
	}
	deals[5].Sleeps[0].To = date("2026-05-01")
	f := pipeline.Compute(deals, funnel, year)
	assert.Equal(t, []int{0, 1, 0}, []int{f.WinRate.Won, f.WinRate.Lost, f.WinRate.Open})
	assert.Equal(t, []int{3, 1}, []int{f.Asleep, f.AsleepClosed}, "as the board counts them")
	// At the end of February the deal lost in August stood in Qualifying.
	f = pipeline.Compute(deals, funnel, pipeline.Query{From: date("2026-01-01"), To: date("2026-02-28")})
	assert.Equal(t, 1, f.WinRate.Open)
	require.Len(t, f.Stages[1].Now, 1)
	assert.Equal(t, pipeline.Here{Prospect: "later", Name: "later", Days: 59, Value: 100}, f.Stages[1].Now[0])
	// All of it counts for the quarters that are shown.
	assert.Equal(t, 1, f.Quarters[5].Won+f.Quarters[4].Won)
	assert.Nil(t, pipeline.Compute(nil, funnel, year).WinRate.Unit)
}

func standing(at, stage, since, outcome string) wiki.Standing {
	return wiki.Standing{At: date(at).Add(23 * time.Hour), Prospect: wiki.Prospect{Stage: stage, Since: since, Outcome: outcome}}
}

func TestRead(t *testing.T) {
	nurtured := standing("2026-03-01", "qualifying", "2026-02-01", "open")
	nurtured.Nurture = &wiki.Nurture{Since: "2026-03-01", Wake: "2026-06-01"}
	lost := standing("2026-03-10", "closing", "2026-02-01", "lost")
	lost.OutcomeDate = "2026-03-05"
	for _, test := range []struct {
		name     string
		versions []wiki.Standing
		want     []pipeline.Stay
	}{
		{"back and forth", []wiki.Standing{
			standing("2026-01-01", "qualifying", "2026-01-01", "open"), standing("2026-01-11", "closing", "2026-01-11", "open"),
			standing("2026-01-21", "qualifying", "2026-01-21", "open"), standing("2026-01-22", "qualifying", "2026-01-21", "open"),
		}, []pipeline.Stay{stay("qualifying", "2026-01-01", "2026-01-11"), stay("closing", "2026-01-11", "2026-01-21"), stay("qualifying", "2026-01-21", "")}},
		{"asleep and awake", []wiki.Standing{standing("2026-02-01", "qualifying", "2026-02-01", "open"), nurtured, standing("2026-05-01", "qualifying", "2026-02-01", "open")},
			[]pipeline.Stay{stay("qualifying", "2026-02-01", "2026-03-01"), stay("qualifying", "2026-05-01", "")}},
		{"lost and reopened", []wiki.Standing{standing("2026-02-01", "closing", "2026-02-01", "open"), lost, standing("2026-04-01", "closing", "2026-02-01", "open")},
			[]pipeline.Stay{stay("closing", "2026-02-01", "2026-03-05"), stay("closing", "2026-04-01", "")}},
		{"entered before it was written down", []wiki.Standing{standing("2026-02-01", "closing", "2025-12-24", "open")},
			[]pipeline.Stay{stay("closing", "2025-12-24", "")}},
		{"the day put right", []wiki.Standing{standing("2026-01-01", "qualifying", "", "open"), standing("2026-02-01", "closing", "2026-02-01", "open"), standing("2026-02-02", "closing", "2026-01-25", "open")},
			[]pipeline.Stay{stay("qualifying", "2026-01-01", "2026-01-25"), stay("closing", "2026-01-25", "")}},
		{"a day before the stage before", []wiki.Standing{standing("2026-01-10", "qualifying", "2026-01-10", "open"), standing("2026-02-01", "closing", "2025-01-01", "open")},
			[]pipeline.Stay{stay("qualifying", "2026-01-10", "2026-01-10"), stay("closing", "2026-01-10", "")}},
		{"nothing", nil, nil},
	} {
		t.Run(test.name, func(t *testing.T) { assert.Equal(t, test.want, pipeline.Read(test.versions, nil).Stays) })
	}
	awake := standing("2026-05-01", "qualifying", "2026-05-01", "open")
	assert.Equal(t, []pipeline.Stay{stay("qualifying", "2026-03-01", "2026-05-01"), stay("qualifying", "2026-03-01", "")},
		pipeline.Read([]wiki.Standing{nurtured, awake, nurtured}, nil).Sleeps, "one that sleeps from its beginning, too")
	given := handoff.Ratings{Content: 4, Collaboration: 5, Communication: 3}
	h := pipeline.Read(nil, []handoff.Handoff{
		{Record: handoff.Record{Number: 2, From: "closing"}, State: handoff.StateAccepted, Answered: date("2026-05-01"), Ratings: &given},
		{Record: handoff.Record{Number: 1, From: "closing"}, State: handoff.StateOffered},
	})
	assert.Equal(t, []pipeline.Rating{{Number: 2, Stage: "closing", At: date("2026-05-01"), Given: given}}, h.Ratings)
}

func TestBackMovesCountOnce(t *testing.T) {
	d := deal("a", wiki.OutcomeWon, "2026-03-01", 100, stay("qualifying", "2026-01-01", "2026-01-11"), stay("closing", "2026-01-11", "2026-01-21"),
		stay("qualifying", "2026-01-21", "2026-01-26"), stay("closing", "2026-01-26", ""))
	d.Ratings = []pipeline.Rating{{Number: 1, Stage: "qualifying", At: date("2026-01-11"), Given: handoff.Ratings{Content: 2, Collaboration: 4, Communication: 5}},
		{Number: 2, Stage: "qualifying", At: date("2026-01-26"), Given: handoff.Ratings{Content: 4, Collaboration: 4, Communication: 5}}}
	f := pipeline.Compute([]pipeline.Deal{d}, funnel, year)
	q, c := f.Stages[1], f.Stages[2]
	assert.Equal(t, []int{1, 1, 1, 1}, []int{q.Passed, q.PassedWon, q.Left, c.Passed})
	rate(t, 15, q.Median)
	rate(t, 10+34, c.Mean)
	assert.Equal(t, 2, q.Rated)
	rate(t, 3, q.Content)
	rate(t, 5, q.Talk)
}

func TestSizesAndSources(t *testing.T) {
	var deals []pipeline.Deal
	for i, v := range []float64{40_000, 90_000, 120_000, 300_000, 450_000, 800_000} {
		outcome := wiki.OutcomeWon
		if i >= 3 {
			outcome = wiki.OutcomeLost
		}
		d := deal(string(rune('a'+i)), outcome, "2026-03-01", v, stay("closing", "2026-01-01", "2026-03-01"))
		d.Source = []string{"referral", "trade fair"}[i%2]
		deals = append(deals, d)
	}
	f := pipeline.Compute(deals, funnel, year)
	require.Len(t, f.Sizes, 3)
	assert.Equal(t, 100_000.0, f.Sizes[0].To)
	assert.Equal(t, f.Sizes[0].To, f.Sizes[1].From)
	rate(t, 1, f.Sizes[0].Unit)
	rate(t, 0, f.Sizes[2].Unit)
	assert.Equal(t, []pipeline.Source{{Source: "referral", Won: 2, Lost: 1, Value: 160_000}, {Source: "trade fair", Won: 1, Lost: 2, Value: 90_000}}, f.Sources)
	assert.Len(t, pipeline.Compute(deals[:1], funnel, year).Sizes, 1)
}

func BenchmarkCompute(b *testing.B) {
	var deals []pipeline.Deal
	outcomes := []string{wiki.OutcomeOpen, wiki.OutcomeWon, wiki.OutcomeLost}
	for i := range 10_000 {
		deals = append(deals, deal("d", outcomes[i%3], "2026-06-01", float64(i%700)*1000, stay("prospecting", "2026-01-01", "2026-02-01"),
			stay("qualifying", "2026-02-01", "2026-03-15"), stay("closing", "2026-03-15", "")))
	}
	b.ReportAllocs()
	for b.Loop() {
		pipeline.Compute(deals, funnel, year)
	}
}
