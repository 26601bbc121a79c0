package web

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"dealwiki/wiki/pipeline"
)

// percent writes a rate; "–" where it cannot be known.
func percent(v *float64) string {
	if v == nil {
		return "–"
	}
	return strconv.Itoa(int(math.Round(*v*100))) + " %"
}

// figure writes a number with few digits; "–" where it cannot be known.
func figure(v *float64, digits int) string {
	if v == nil {
		return "–"
	}
	return strings.TrimSuffix(strconv.FormatFloat(*v, 'f', digits, 64), ".0")
}

// amount is money with zero as such.
func amount(v float64, currency string) string {
	sign := ""
	if v < 0 {
		v, sign = -v, "−"
	}
	if v < 0.5 {
		return "0"
	}
	return sign + money(v, currency)
}

func amountOf(v *float64, currency string) string {
	if v == nil {
		return "–"
	}
	return amount(*v, currency)
}

func dealCount(n int) string {
	if n == 1 {
		return "1 deal"
	}
	return strconv.Itoa(n) + " deals"
}

// drawFigures fills the numbers and charts of the screen.
func drawFigures(v *PipelineView, f *pipeline.Figures) {
	for _, o := range f.Others {
		v.Notes = append(v.Notes, fmt.Sprintf("%s in %s (%s) count as deals; their value is not added to %s.", upperFirst(dealCount(o.Deals)), o.Currency, money(o.Value, o.Currency), f.Currency))
	}
	if f.WithoutValue > 0 {
		v.Notes = append(v.Notes, dealCount(f.WithoutValue)+" without a value: in the counts, not in the amounts.")
	}
	if f.Asleep > 0 {
		v.Notes = append(v.Notes, asleepNote(f))
	}
	if f.Unread > 0 {
		v.Notes = append(v.Notes, "The past of "+dealCount(f.Unread)+" is still being read. Load the page again in a minute.")
	}
	w := f.WinRate
	v.Figures = []KeyFigure{
		{"Unit win rate", percent(w.Unit), decidedOf(strconv.Itoa(w.Won), strconv.Itoa(w.Won+w.Lost)+" decided", w.UnitOpen, w.Won+w.Lost),
			"Deals won ÷ deals won and lost in this time. Deals that ended without a decision (" + strconv.Itoa(w.NoDecision) + ") are in neither. With open deals counted as pursued, those that are open now stand below the line too: won ÷ (won + lost + open)."},
		{"Value win rate", percent(w.Value), decidedOf(amount(w.WonValue, f.Currency), amount(w.WonValue+w.LostValue, f.Currency), w.ValueOpen, w.Won+w.Lost),
			"Value won ÷ value won and lost in this time. Below the unit win rate: it is the larger deals that are lost."},
		{"Average won deal", amountOf(f.Velocity.Average, f.Currency), lostAverage(f), "Value won ÷ deals won that have a value."},
		{"Sales cycle", countDays(f.Cycle.Mean), cycleNote(f), "Days from the day a deal was opened to its signature, over deals won in this time: the mean, because it goes into the velocity."},
		{"Sales velocity", perDay(f), velocityNote(f),
			"Open deals beyond qualifying × average value of won deals × unit win rate ÷ sales cycle: what the sale brings in a day. Ten per cent better on each of the four makes it 48 per cent faster."},
	}
	v.Cards = []ChartCard{winCard(f), sizeCard(f), neededCard(f), sourceCard(f), timeCard(f), conversionCard(f), weightedCard(f), ratingsCard(f)}
}

// asleepNote says how many deals are on the nurturing list, as the board does, and
// what they count for.
func asleepNote(f *pipeline.Figures) string {
	switch said := dealCount(f.Asleep) + " on the nurturing list: "; {
	case f.AsleepClosed == 0:
		return said + "not counted."
	case f.AsleepClosed == f.Asleep:
		return said + "counted as ended, not as open."
	default:
		return said + "not counted, but for " + strconv.Itoa(f.AsleepClosed) + " that ended before."
	}
}

// wonOf says how many of the deals that were decided were won.
func wonOf(won, decided int) string {
	if decided == 0 {
		return "none decided yet"
	}
	return fmt.Sprintf("%d of %d won", won, decided)
}

// decidedOf says what a win rate is made of.
func decidedOf(won, all string, withOpen *float64, decided int) string {
	if decided == 0 {
		return "none decided yet"
	}
	return fmt.Sprintf("%s of %s; %s with open deals counted", won, all, percent(withOpen))
}

func cycleNote(f *pipeline.Figures) string {
	if f.Cycle.Deals == 0 {
		return "none won yet"
	}
	return "median " + figure(f.Cycle.Median, 0) + ", " + dealCount(f.Cycle.Deals) + " won"
}

func velocityNote(f *pipeline.Figures) string {
	v := f.Velocity
	if v.PerDay == nil {
		return fmt.Sprintf("%d qualified; the rest is known when a deal was won", v.Qualified)
	}
	return fmt.Sprintf("%d qualified × %s × %s ÷ %s days", v.Qualified, amountOf(v.Average, f.Currency), percent(v.WinRate), figure(v.Cycle, 0))
}

func lostAverage(f *pipeline.Figures) string {
	if f.WinRate.Won == 0 && f.WinRate.Lost == 0 {
		return "none won yet"
	}
	if f.WinRate.Lost == 0 || f.WinRate.LostValue == 0 {
		return dealCount(f.WinRate.Won) + " won"
	}
	return "lost deals average " + amount(f.WinRate.LostValue/float64(f.WinRate.Lost), f.Currency)
}

func countDays(v *float64) string {
	if v == nil {
		return "–"
	}
	return figure(v, 0) + " days"
}

func perDay(f *pipeline.Figures) string {
	if f.Velocity.PerDay == nil {
		return "–"
	}
	return amount(*f.Velocity.PerDay, f.Currency) + " a day"
}

func deref(v *float64) float64 {
	if v == nil {
		return 0
	}
	return *v
}

func times(v *float64) string {
	if v == nil {
		return "–"
	}
	return strconv.FormatFloat(*v, 'f', 2, 64) + " ×"
}
