package pipeline

import (
	"cmp"
	"math"
	"slices"
	"time"

	"dealwiki/wiki"
)

// Query says what figures are asked for.
type Query struct {
	From, To time.Time // first and last day; deals closed between them count
	Currency string    // of the amounts; "" is the funnel's, or what most deals have
	Owner    string    // person id; "" for everybody's deals
}

// Figures are how the sale as a whole stands. Rates are between 0 and 1; what
// cannot be known yet is nil.
type Figures struct {
	From         string         `json:"from"` // YYYY-MM-DD
	To           string         `json:"to"`
	Currency     string         `json:"currency" doc:"Of all amounts"`
	Others       []Amount       `json:"other_currencies" doc:"Deals whose amounts are left out"`
	WithoutValue int            `json:"without_value" doc:"Deals that count as deals and add no value"`
	Asleep       int            `json:"asleep" doc:"Deals on the nurturing list at the end of the time"`
	AsleepClosed int            `json:"asleep_closed" doc:"Of them, those that were closed in the time: they count as such. The others count nowhere else"`
	Unread       int            `json:"unread,omitempty" doc:"Deals whose past is still being read; their stages count from what they say now"`
	WinRate      WinRate        `json:"win_rate"`
	Cycle        Cycle          `json:"cycle"`
	Velocity     Velocity       `json:"velocity"`
	Target       float64        `json:"target" doc:"Value to be won in one period"`
	PeriodDays   int            `json:"period_days"`
	Stages       []StageFigures `json:"stages"`
	Weighted     Weighted       `json:"weighted"`
	Sizes        []Size         `json:"sizes"`
	Sources      []Source       `json:"sources"`
	Quarters     []Quarter      `json:"quarters"`
}

// Amount is value in a currency.
type Amount struct {
	Currency string  `json:"currency"`
	Deals    int     `json:"deals"`
	Value    float64 `json:"value"`
}

// WinRate is what part of the deals that were closed was won.
type WinRate struct {
	Won        int      `json:"won"`
	Lost       int      `json:"lost"`
	NoDecision int      `json:"no_decision" doc:"Neither won nor lost: in no win rate, and in every conversion"`
	Open       int      `json:"open"`
	WonValue   float64  `json:"won_value"`
	LostValue  float64  `json:"lost_value"`
	OpenValue  float64  `json:"open_value"`
	Unit       *float64 `json:"unit" doc:"won ÷ (won + lost)"`
	Value      *float64 `json:"value" doc:"value won ÷ value won and lost"`
	UnitOpen   *float64 `json:"unit_with_open" doc:"won ÷ (won + lost + open)"`
	ValueOpen  *float64 `json:"value_with_open" doc:"value won ÷ value won, lost and open"`
}

// Cycle is how many days deals that were won took, from their beginning to the
// signature.
type Cycle struct {
	Deals  int      `json:"deals"`
	Mean   *float64 `json:"mean_days"`
	Median *float64 `json:"median_days"`
}

// Velocity is what the sale brings in a day, and what it is made of. All of it
// is of deals in one currency.
type Velocity struct {
	Qualified int      `json:"qualified_open" doc:"Open deals beyond qualifying"`
	Average   *float64 `json:"average_won" doc:"Mean value of won deals that have one"`
	WinRate   *float64 `json:"unit_win_rate"`
	Cycle     *float64 `json:"cycle_days"`
	PerDay    *float64 `json:"per_day" doc:"qualified_open × average_won × unit_win_rate ÷ cycle_days"`
}

// SalesVelocity is a value per day.
func SalesVelocity(open int, average, winRate, cycle float64) float64 {
	return float64(open) * average * winRate / cycle
}

// ValueFactor is the multiple of the target that should stand in a stage at any
// time: the part of the period that deals spend there, for each value that is
// won of those that pass.
func ValueFactor(meanDays, periodDays, conversion float64) float64 {
	return meanDays / periodDays / conversion
}

// StageFigures are the figures of one stage.
type StageFigures struct {
	Stage        string   `json:"stage" doc:"Empty for open deals whose stage the funnel no longer has"`
	Title        string   `json:"title"`
	Deals        int      `json:"deals" doc:"Open, in it now"`
	Value        float64  `json:"value"`
	Typical      int      `json:"typical_days" doc:"As the playbook says; 0 for nothing said"`
	Now          []Here   `json:"now" doc:"The deals that are in it"`
	Left         int      `json:"left" doc:"Deals that left it in the period"`
	Median       *float64 `json:"median_days" doc:"Of those that left"`
	Lower        *float64 `json:"lower_quartile_days"`
	Upper        *float64 `json:"upper_quartile_days"`
	Passed       int      `json:"passed" doc:"Deals closed in the period that had been in it"`
	PassedWon    int      `json:"passed_won"`
	Unit         *float64 `json:"conversion" doc:"Part of them that was won"`
	Conversion   *float64 `json:"value_conversion" doc:"Part of their value that was won"`
	Mean         *float64 `json:"mean_days" doc:"Of those closed, losses included"`
	Factor       *float64 `json:"factor" doc:"Multiple of the target that should stand here: mean_days ÷ period_days ÷ value_conversion"`
	Needed       *float64 `json:"needed" doc:"factor × target"`
	Does         *float64 `json:"does" doc:"value ÷ target"`
	Weighted     float64  `json:"weighted" doc:"value × value_conversion"`
	Rated        int      `json:"rated" doc:"Handoffs out of it that were rated in the period"`
	Content      *float64 `json:"content" doc:"Mean rating, 1 to 5"`
	Cooperation  *float64 `json:"collaboration"`
	Talk         *float64 `json:"communication"`
	passedValue  float64
	passedWonVal float64
}

// Here is a deal in a stage.
type Here struct {
	Prospect string  `json:"prospect"`
	Name     string  `json:"name"`
	Days     int     `json:"days" doc:"In this stage, all its stays together, today included"`
	Value    float64 `json:"value"`
}

// Weighted is open value times how much of such value was won before. It is an
// average over many deals: each one brings all of its value, or nothing.
type Weighted struct {
	Value   float64 `json:"value"`
	Counted int     `json:"deals" doc:"Open deals with a value and a stage whose conversion is known"`
	If      float64 `json:"if_all_won" doc:"Their value"`
}

// Size is the deals of one size.
type Size struct {
	From      float64  `json:"from"`         // at least this
	To        float64  `json:"to,omitempty"` // less than this; 0 for no end
	Open      int      `json:"open"`
	OpenValue float64  `json:"open_value"`
	Won       int      `json:"won"`
	Lost      int      `json:"lost"`
	WonValue  float64  `json:"won_value"`
	Unit      *float64 `json:"win_rate"`
}

// Source is where won deals came from.
type Source struct {
	Source string  `json:"source"` // "" where nobody said
	Won    int     `json:"won"`
	Lost   int     `json:"lost"`
	Value  float64 `json:"won_value"`
}

// Quarter is the win rate of deals closed in a calendar quarter.
type Quarter struct {
	From    string   `json:"from"` // its first day
	Won     int      `json:"won"`
	Lost    int      `json:"lost"`
	Unit    *float64 `json:"unit"`
	Value   *float64 `json:"value"`
	wonVal  float64
	lostVal float64
	begins  time.Time
}

func ratio(a, b float64) *float64 {
	if b == 0 || math.IsNaN(a/b) || math.IsInf(a/b, 0) {
		return nil
	}
	v := a / b
	return &v
}

// Compute makes the figures of deals.
func Compute(deals []Deal, funnel *wiki.Funnel, q Query) *Figures {
	q.From, q.To = dayOf(q.From), dayOf(q.To)
	f := &Figures{From: q.From.Format(time.DateOnly), To: q.To.Format(time.DateOnly), Target: funnel.Target, PeriodDays: funnel.PeriodDays,
		Others: []Amount{}, Sizes: []Size{}, Sources: []Source{}, Currency: mainCurrency(deals, funnel, q.Currency)}
	if f.Currency != funnel.Currency && funnel.Currency != "" {
		f.Target = 0 // it is of another currency
	}
	c := computer{Figures: f, q: q, funnel: funnel, stages: map[string]*StageFigures{}, left: map[string][]float64{}, mean: map[string][]float64{}, others: map[string]*Amount{}, sources: map[string]*Source{}}
	f.Stages = make([]StageFigures, len(funnel.Stages), len(funnel.Stages)+1)
	for i, st := range funnel.Stages {
		f.Stages[i] = StageFigures{Stage: st.Key, Title: st.Title, Typical: st.TypicalDays, Now: []Here{}}
		c.stages[st.Key] = &f.Stages[i]
	}
	c.qualified = max(funnel.Index("qualifying"), 0)
	f.Quarters = quarters(q.To)
	for i := range deals {
		d := &deals[i]
		if q.Owner == "" || d.Owner == q.Owner {
			c.take(d)
		}
	}
	c.finish()
	return f
}

// mainCurrency is the one that amounts are shown in.
func mainCurrency(deals []Deal, funnel *wiki.Funnel, asked string) string {
	if asked != "" {
		return asked
	}
	if funnel.Currency != "" {
		return funnel.Currency
	}
	count := map[string]int{}
	best := ""
	for i := range deals {
		if code := deals[i].Currency; code != "" && deals[i].Value > 0 {
			count[code]++
			if n := count[code]; n > count[best] || n == count[best] && code < best {
				best = code
			}
		}
	}
	return best
}

type computer struct {
	*Figures
	q         Query
	funnel    *wiki.Funnel
	qualified int // index of the stage that qualified deals have left
	stages    map[string]*StageFigures
	left      map[string][]float64 // days of deals that left a stage
	mean      map[string][]float64 // days of deals that were closed
	cycles    []float64            // of won deals
	ours      struct {             // of deals in the currency
		cycles        []float64
		won, lost     int
		valued        int // won deals with a value
		wonValue      float64
		qualifiedOpen int
	}
	stays   []Stay // of the deal that is taken, until it was decided
	sized   []sized
	others  map[string]*Amount
	sources map[string]*Source
}

type sized struct {
	value float64
	state string // of wiki's outcomes
}

// in tells whether a day lies in the period.
func (c *computer) in(t time.Time) bool {
	return !t.IsZero() && !t.Before(c.q.From) && !t.After(c.q.To)
}

func (c *computer) take(d *Deal) {
	code := cmp.Or(d.Currency, c.funnel.Currency, c.Currency)
	ours, value := code == c.Currency, d.Value
	if !ours {
		value = 0
	}
	closed := d.closed()
	stay := d.at(c.q.To, closed)
	won, lost := d.Outcome == wiki.OutcomeWon, d.Outcome == wiki.OutcomeLost
	c.quarter(closed, won, lost, value)
	c.stays = d.selling(c.stays[:0], closed)
	c.leave()
	c.rate(d)
	counts := stay != nil || c.in(closed)
	if d.asleep(c.q.To) {
		c.Asleep++
		if counts {
			c.AsleepClosed++
		}
	}
	switch {
	case counts && d.Value == 0:
		c.WithoutValue++
	case counts && !ours:
		o := c.others[code]
		if o == nil {
			o = &Amount{Currency: code}
			c.others[code] = o
		}
		o.Deals, o.Value = o.Deals+1, o.Value+d.Value
	}
	switch {
	case stay != nil:
		c.open(d, stay, value, ours)
	case c.in(closed):
		c.close(d, closed, won, lost, value, ours)
	}
}

func (c *computer) open(d *Deal, stay *Stay, value float64, ours bool) {
	c.WinRate.Open++
	c.WinRate.OpenValue += value
	if ours && c.funnel.Index(stay.Stage) > c.qualified {
		c.ours.qualifiedOpen++
	}
	if value > 0 {
		c.sized = append(c.sized, sized{value, wiki.OutcomeOpen})
	}
	st := c.stages[stay.Stage]
	if st == nil {
		st = c.nowhere()
	}
	st.Deals++
	st.Value += value
	n, _ := days(d.Stays, stay.Stage, c.q.To)
	st.Now = append(st.Now, Here{d.Slug, d.Title, n, value})
}

// nowhere is the row of open deals whose stage the funnel has lost. There is room
// for it, so that the rows of the stages stay where they are.
func (c *computer) nowhere() *StageFigures {
	if n := len(c.funnel.Stages); len(c.Stages) == n {
		c.Stages = append(c.Stages, StageFigures{Title: "In no stage", Now: []Here{}})
	}
	return &c.Stages[len(c.Stages)-1]
}

func (c *computer) close(d *Deal, closed time.Time, won, lost bool, value float64, ours bool) {
	w := &c.WinRate
	source := c.sources[d.Source]
	if source == nil {
		source = &Source{Source: d.Source}
		c.sources[d.Source] = source
	}
	switch {
	case won:
		w.Won++
		w.WonValue += value
		source.Won++
		source.Value += value
		if begun := d.begun(); !begun.IsZero() && !begun.After(closed) {
			n := float64(closed.Sub(begun) / day)
			c.cycles = append(c.cycles, n)
			if ours {
				c.ours.cycles = append(c.ours.cycles, n)
			}
		}
		if ours {
			c.ours.won++
			c.ours.wonValue += value
			if value > 0 {
				c.ours.valued++
			}
		}
	case lost:
		w.Lost++
		w.LostValue += value
		source.Lost++
		if ours {
			c.ours.lost++
		}
	default:
		w.NoDecision++
	}
	if value > 0 {
		c.sized = append(c.sized, sized{value, d.Outcome})
	}
	for i := range c.stays {
		key := c.stays[i].Stage
		st := c.stages[key]
		if st == nil || slices.ContainsFunc(c.stays[:i], func(before Stay) bool { return before.Stage == key }) {
			continue // of an older funnel, or counted with its first stay
		}
		n, was := days(c.stays, key, closed)
		if !was {
			continue
		}
		st.Passed++
		st.passedValue += value
		if won {
			st.PassedWon++
			st.passedWonVal += value
		}
		c.mean[key] = append(c.mean[key], float64(n))
	}
}

// leave notes how long a deal was in the stages that it left in the period,
// for good or for now.
func (c *computer) leave() {
	for i := range c.stays {
		s := &c.stays[i]
		if s.To.IsZero() || !c.in(s.To) || slices.ContainsFunc(c.stays[i+1:], func(after Stay) bool { return after.Stage == s.Stage }) {
			continue // it came back: the last time counts
		}
		n, _ := days(c.stays, s.Stage, s.To)
		c.left[s.Stage] = append(c.left[s.Stage], float64(n))
	}
}

func (c *computer) rate(d *Deal) {
	for _, r := range d.Ratings {
		st := c.stages[r.Stage]
		if st == nil || !c.in(dayOf(r.At)) {
			continue
		}
		add := func(to **float64, v int) {
			if *to == nil {
				*to = new(float64)
			}
			**to += float64(v)
		}
		st.Rated++
		add(&st.Content, r.Given.Content)
		add(&st.Cooperation, r.Given.Collaboration)
		add(&st.Talk, r.Given.Communication)
	}
}

func (c *computer) finish() {
	w := &c.WinRate
	w.Unit = ratio(float64(w.Won), float64(w.Won+w.Lost))
	w.Value = ratio(w.WonValue, w.WonValue+w.LostValue)
	w.UnitOpen = ratio(float64(w.Won), float64(w.Won+w.Lost+w.Open))
	w.ValueOpen = ratio(w.WonValue, w.WonValue+w.LostValue+w.OpenValue)
	slices.Sort(c.cycles)
	c.Cycle = Cycle{len(c.cycles), mean(c.cycles), quantile(c.cycles, 0.5)}
	v := &c.Velocity
	v.Qualified = c.ours.qualifiedOpen
	v.Average = ratio(c.ours.wonValue, float64(c.ours.valued))
	v.WinRate = ratio(float64(c.ours.won), float64(c.ours.won+c.ours.lost))
	v.Cycle = mean(c.ours.cycles)
	if v.Average != nil && v.WinRate != nil && v.Cycle != nil && *v.Cycle > 0 {
		perDay := SalesVelocity(v.Qualified, *v.Average, *v.WinRate, *v.Cycle)
		v.PerDay = &perDay
	}
	for i := range c.Stages {
		c.finishStage(&c.Stages[i])
	}
	for _, o := range c.others {
		c.Others = append(c.Others, *o)
	}
	slices.SortFunc(c.Others, func(a, b Amount) int { return cmp.Compare(a.Currency, b.Currency) })
	for _, s := range c.sources {
		c.Sources = append(c.Sources, *s)
	}
	slices.SortFunc(c.Sources, func(a, b Source) int {
		return cmp.Or(cmp.Compare(b.Value, a.Value), b.Won-a.Won, cmp.Compare(a.Source, b.Source))
	})
	c.Sizes = sizes(c.sized)
	for i := range c.Quarters {
		q := &c.Quarters[i]
		q.Unit = ratio(float64(q.Won), float64(q.Won+q.Lost))
		q.Value = ratio(q.wonVal, q.wonVal+q.lostVal)
	}
}

func (c *computer) finishStage(st *StageFigures) {
	left := c.left[st.Stage]
	slices.Sort(left)
	st.Left, st.Median, st.Lower, st.Upper = len(left), quantile(left, 0.5), quantile(left, 0.25), quantile(left, 0.75)
	st.Unit = ratio(float64(st.PassedWon), float64(st.Passed))
	st.Conversion = ratio(st.passedWonVal, st.passedValue)
	st.Mean = mean(c.mean[st.Stage])
	if st.Mean != nil && st.Conversion != nil && *st.Conversion > 0 {
		factor := ValueFactor(*st.Mean, float64(c.PeriodDays), *st.Conversion)
		st.Factor = &factor
		if c.Target > 0 {
			needed := factor * c.Target
			st.Needed = &needed
		}
	}
	st.Does = ratio(st.Value, c.Target)
	if st.Conversion != nil {
		st.Weighted = st.Value * *st.Conversion
		for _, h := range st.Now {
			if h.Value > 0 {
				c.Weighted.Counted++
				c.Weighted.If += h.Value
			}
		}
		c.Weighted.Value += st.Weighted
	}
	for _, p := range []*float64{st.Content, st.Cooperation, st.Talk} {
		if p != nil {
			*p /= float64(st.Rated)
		}
	}
	slices.SortFunc(st.Now, func(a, b Here) int { return cmp.Or(b.Days-a.Days, cmp.Compare(a.Prospect, b.Prospect)) })
}

// shownQuarters is how far back the win rate is shown.
const shownQuarters = 8

func quarters(to time.Time) []Quarter {
	first := time.Date(to.Year(), (to.Month()-1)/3*3+1, 1, 0, 0, 0, 0, time.UTC)
	out := make([]Quarter, shownQuarters)
	for i := range out {
		out[i].begins = first.AddDate(0, -3*(shownQuarters-1-i), 0)
		out[i].From = out[i].begins.Format(time.DateOnly)
	}
	return out
}

func (c *computer) quarter(closed time.Time, won, lost bool, value float64) {
	if closed.IsZero() || closed.After(c.q.To) || !won && !lost {
		return
	}
	for i := len(c.Quarters) - 1; i >= 0; i-- {
		q := &c.Quarters[i]
		if closed.Before(q.begins) {
			continue
		}
		if won {
			q.Won++
			q.wonVal += value
		} else {
			q.Lost++
			q.lostVal += value
		}
		return
	}
}

func mean(v []float64) *float64 {
	sum := 0.0
	for _, x := range v {
		sum += x
	}
	return ratio(sum, float64(len(v)))
}

// quantile answers where a part of sorted values lies below, between two values
// if need be.
func quantile(v []float64, part float64) *float64 {
	if len(v) == 0 {
		return nil
	}
	at := part * float64(len(v)-1)
	low := int(at)
	out := v[low]
	if low+1 < len(v) {
		out += (v[low+1] - out) * (at - float64(low))
	}
	return &out
}
