package web

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"dealwiki/wiki/pipeline"
)

func cells(list ...string) []TableCell {
	out := make([]TableCell, len(list))
	for i, c := range list {
		out[i].Text = c
	}
	return out
}

// tellingDeals is how many deals have to be behind a share before a headline
// claims anything by it.
const tellingDeals = 5

func winCard(f *pipeline.Figures) ChartCard {
	card := ChartCard{ID: "win-rate", Span: 7, Title: "Win rate, quarter by quarter", Note: "Deals decided in each quarter, by number and by value.",
		Table: Table{Head: []string{"Quarter", "Won", "Decided", "By number", "By value"}},
		How:   []string{"By number: deals won ÷ deals won and lost. By value: value won ÷ value won and lost. The last quarter is still young."}}
	switch w := f.WinRate; {
	case w.Unit == nil || w.Value == nil:
	case w.Won+w.Lost < tellingDeals:
		card.Title = "Win rate: too few deals were decided to say"
	default:
		card.Title = fmt.Sprintf("We win %s of the deals and %s of the value", percent(w.Unit), percent(w.Value))
	}
	unit, value := series{class: "line"}, series{class: "line-second"}
	var ticks []string
	some := false
	for _, q := range f.Quarters {
		t, _ := time.Parse(time.DateOnly, q.From) // made by the figures
		tick := fmt.Sprintf("Q%d %s", (int(t.Month())-1)/3+1, t.Format("06"))
		ticks = append(ticks, tick)
		unit.values, value.values = append(unit.values, q.Unit), append(value.values, q.Value)
		if q.Unit != nil {
			unit.label, some = percent(q.Unit)+" of deals", true
		}
		if q.Value != nil {
			value.label = percent(q.Value) + " of value"
		}
		card.Table.Rows = append(card.Table.Rows, cells(tick, strconv.Itoa(q.Won), strconv.Itoa(q.Won+q.Lost), percent(q.Unit), percent(q.Value)))
	}
	if some {
		card.Charts = lines(card.Span, "Win rate of each quarter. The table below has the numbers.", ticks, []series{unit, value})
	}
	return card
}

func sizeName(s pipeline.Size, currency string) string {
	switch {
	case s.From == 0 && s.To == 0:
		return "All sizes"
	case s.From == 0:
		return "Under " + money(s.To, currency)
	case s.To == 0:
		return money(s.From, currency) + " or more"
	}
	return money(s.From, currency) + " to " + money(s.To, currency)
}

func sizeCard(f *pipeline.Figures) ChartCard {
	card := ChartCard{ID: "sizes", Span: 5, Title: "Balance by deal size", Note: "Win rate of small, middle and large deals.",
		Table: Table{Head: []string{"Size", "Won", "Decided", "Win rate", "Open", "Open value"}},
		How:   []string{"Deals with a value are sorted into thirds, with round numbers between them. A sound pipeline does not hang on one size: few large deals make a year of luck, many small ones a year of work."}}
	best, rows := -1, []bar(nil)
	for i, s := range f.Sizes {
		rows = append(rows, bar{label: sizeName(s, f.Currency), note: fmt.Sprintf("%s · %d open", wonOf(s.Won, s.Won+s.Lost), s.Open), value: deref(s.Unit), text: percent(s.Unit)})
		if s.Unit != nil && (best < 0 || *s.Unit > *f.Sizes[best].Unit) {
			best = i
		}
		card.Table.Rows = append(card.Table.Rows, cells(sizeName(s, f.Currency), strconv.Itoa(s.Won), strconv.Itoa(s.Won+s.Lost), percent(s.Unit), strconv.Itoa(s.Open), amount(s.OpenValue, f.Currency)))
	}
	if best >= 0 {
		rows[best].strong = true
		var first []string // several where they tie
		few := false
		for i, s := range f.Sizes {
			few = few || s.Won+s.Lost < tellingDeals
			if s.Unit != nil && *s.Unit == *f.Sizes[best].Unit {
				first = append(first, lowerFirst(rows[i].label))
			}
		}
		switch {
		case len(rows) < 2:
		case few:
			card.Title = "Win rate by size: too few deals were decided to say"
		default:
			card.Title = "We win most often: " + strings.Join(first, " and ")
		}
		card.Charts = bars(card.Span, "Win rate by deal size. The table below has the numbers.", rows)
	}
	return card
}

// sold leaves out stages where nothing stands and through which no deal was
// sold, such as those after the signature.
func sold(f *pipeline.Figures) []pipeline.StageFigures {
	return slices.DeleteFunc(slices.Clone(f.Stages), func(st pipeline.StageFigures) bool { return st.Deals == 0 && st.Passed == 0 && st.Left == 0 })
}

func neededCard(f *pipeline.Figures) ChartCard {
	card := ChartCard{ID: "balance", Span: 7, Title: "Open value in each stage", Note: "Bar: open value now. Line: what the target needs there.",
		Table: Table{Head: []string{"Stage", "Deals", "Open value", "Needed", "Mean days", "Value conversion", "Should be", "Is"}},
		How: []string{fmt.Sprintf("Pipeline value factor of a stage = (mean days there, losses included ÷ %d days of the period) ÷ value conversion from there to won. It is the multiple of the target that should stand in the stage at any time: 30 of 90 days and half of the value won make 0.67.", f.PeriodDays),
			"“Should be” is the factor, “is” is the open value ÷ the target. Where nothing was won from a stage yet, the factor cannot be known. Target and period are set in the playbook."}}
	if f.Target > 0 {
		card.Note += fmt.Sprintf(" Target: %s in %d days.", money(f.Target, f.Currency), f.PeriodDays)
	} else {
		card.Note += " No target is set in the playbook for this currency."
	}
	var rows []bar
	var short []string
	for _, st := range sold(f) {
		r := bar{label: st.Title, value: st.Value, text: amount(st.Value, f.Currency), target: deref(st.Needed)}
		if st.Needed != nil {
			gap := st.Value - *st.Needed
			r.warn, r.strong = gap < 0, gap >= 0
			r.side = amount(gap, f.Currency)
			if gap > 0 {
				r.side = "+" + r.side
			} else {
				short = append(short, st.Title)
			}
		}
		rows = append(rows, r)
		row := cells(st.Title, strconv.Itoa(st.Deals), amount(st.Value, f.Currency), amountOf(st.Needed, f.Currency), figure(st.Mean, 0), percent(st.Conversion), times(st.Factor), times(st.Does))
		row[7].Warn = r.warn
		card.Table.Rows = append(card.Table.Rows, row)
	}
	switch {
	case len(short) == 1:
		card.Title = short[0] + " holds less than the target needs"
	case len(short) > 1:
		card.Title = strconv.Itoa(len(short)) + " stages hold less than the target needs"
	case f.Target > 0 && len(rows) > 0:
		card.Title = "Every stage that can be judged holds enough for the target"
	}
	if rows != nil {
		card.Charts = bars(card.Span, "Open value in each stage against what the target needs there. The table below has the numbers.", rows)
	}
	return card
}

func timeCard(f *pipeline.Figures) ChartCard {
	card := ChartCard{ID: "time", Span: 6, Title: "Days in the current stage", Note: "Bar: middle half of deals that left the stage in this time. Line: their median. Dot: a deal that is in it now. The board’s “longer than typical” goes by the playbook’s days instead.",
		Table: Table{Head: []string{"Stage", "In it now", "Longest", "Left", "Median days", "Typical (playbook)"}},
		How:   []string{"All days of a deal in a stage together, also when it went back. Time on the nurturing list does not count. A dot in amber has been there longer than three of four deals before it."}}
	var rows []span
	slow := 0
	for _, st := range sold(f) {
		r := span{label: st.Title}
		if st.Median != nil {
			r.has, r.low, r.high, r.middle = true, *st.Lower, *st.Upper, *st.Median
		}
		longest := "–"
		for i, h := range st.Now {
			r.dots = append(r.dots, float64(h.Days))
			if r.has && float64(h.Days) > r.high {
				r.over++
			}
			if i == 0 {
				longest = strconv.Itoa(h.Days) + " (" + h.Name + ")"
				if r.has && float64(h.Days) > r.high {
					r.note, r.noteAt, r.noteIsWarn = shortLabel(h.Name, 24)+", day "+strconv.Itoa(h.Days), float64(h.Days), true
				}
			}
		}
		slow += r.over
		rows = append(rows, r)
		typical := "–"
		if st.Typical > 0 {
			typical = strconv.Itoa(st.Typical)
		}
		row := cells(st.Title, strconv.Itoa(st.Deals), longest, strconv.Itoa(st.Left), figure(st.Median, 1), typical)
		if len(st.Now) > 0 {
			row[2].Href, row[2].Warn = spacePath(st.Now[0].Prospect), r.over > 0
		}
		card.Table.Rows = append(card.Table.Rows, row)
	}
	if slow > 0 {
		card.Title = map[bool]string{true: "One deal is slower than three in four past deals", false: strconv.Itoa(slow) + " deals are slower than three in four past deals"}[slow == 1]
	}
	if rows != nil {
		card.Charts = spans(card.Span, "Days in each stage, for deals that are there now and for those before them. The table below has the numbers.", "days", rows)
	}
	return card
}

func conversionCard(f *pipeline.Figures) ChartCard {
	card := ChartCard{ID: "conversion", Span: 6, Title: "How many deals of each stage were won", Note: "Of deals that ended in this time and had been in the stage.",
		Table: Table{Head: []string{"Stage", "Ended", "Won", "Conversion", "Value conversion"}},
		How:   []string{"Conversion from a stage: deals won ÷ all that ended, without decision too, among those that had been in the stage. A deal that went back counts once; one that skipped the stage does not count. Value conversion is the same with their values."}}
	var rows []bar
	weakest := -1
	for _, st := range sold(f) {
		if st.Passed == 0 {
			continue
		}
		rows = append(rows, bar{label: st.Title, value: deref(st.Unit), text: percent(st.Unit), side: wonOf(st.PassedWon, st.Passed)})
		if i := len(rows) - 1; weakest < 0 || rows[i].value < rows[weakest].value {
			weakest = i
		}
		card.Table.Rows = append(card.Table.Rows, cells(st.Title, strconv.Itoa(st.Passed), strconv.Itoa(st.PassedWon), percent(st.Unit), percent(st.Conversion)))
	}
	if weakest >= 0 {
		rows[weakest].strong = true
		card.Title = fmt.Sprintf("%s of the deals that were in %s were won", rows[weakest].text, rows[weakest].label)
		if f.WinRate.Won+f.WinRate.Lost < tellingDeals {
			card.Title = "Conversion: too few deals were decided to say"
		}
		card.Charts = bars(card.Span, "Conversion from each stage to won. The table below has the numbers.", rows)
	}
	return card
}

func sourceName(s string) string {
	if s == "" {
		return "Not said"
	}
	return s
}

// shownSources is how many sources a chart has room for.
const shownSources = 8

func sourceCard(f *pipeline.Figures) ChartCard {
	card := ChartCard{ID: "sources", Span: 5, Title: "Won value by source", Note: "Where the leads of decided deals came from.",
		Table: Table{Head: []string{"Source", "Won", "Decided", "Won value"}},
		How:   []string{"The source that a prospect names in its settings. Deals lost count in “decided”."}}
	var rows []bar
	for _, s := range f.Sources {
		if len(rows) < shownSources {
			rows = append(rows, bar{label: sourceName(s.Source), note: wonOf(s.Won, s.Won+s.Lost), value: s.Value, text: amount(s.Value, f.Currency)})
		}
		card.Table.Rows = append(card.Table.Rows, cells(sourceName(s.Source), strconv.Itoa(s.Won), strconv.Itoa(s.Won+s.Lost), amount(s.Value, f.Currency)))
	}
	if len(rows) > 0 && rows[0].value > 0 {
		rows[0].strong = true
		if f.Sources[0].Source != "" {
			card.Title = "Most value was won from: " + f.Sources[0].Source
		}
		card.Charts = bars(card.Span, "Won value by source. The table below has the numbers.", rows)
	}
	return card
}

func weightedCard(f *pipeline.Figures) ChartCard {
	card := ChartCard{ID: "weighted", Span: 7, Title: "Weighted pipeline: " + amount(f.Weighted.Value, f.Currency),
		Note:  fmt.Sprintf("This is not a forecast. It is what %s would bring on average if they ended as those before them; each one brings all of its value or nothing, together between 0 and %s.", dealCount(f.Weighted.Counted), amount(f.Weighted.If, f.Currency)),
		Table: Table{Head: []string{"Stage", "Open value", "Value conversion", "Weighted"}},
		How:   []string{"Open value of each stage × the value conversion from it to won in this time. With few deals behind it, the conversion says little; a stage without any is left out."}}
	var whole []string
	for _, st := range sold(f) {
		if st.Deals > 0 {
			weighted := "–"
			if st.Conversion != nil {
				weighted = amount(st.Weighted, f.Currency)
				if *st.Conversion == 1 && st.Passed < tellingDeals {
					whole = append(whole, st.Title)
				}
			}
			card.Table.Rows = append(card.Table.Rows, cells(st.Title, amount(st.Value, f.Currency), percent(st.Conversion), weighted))
		}
	}
	if whole != nil {
		card.Note += fmt.Sprintf(" %s counts in full only because all of fewer than %d deals were won there.", strings.Join(whole, " and "), tellingDeals)
	}
	return card
}

func ratingsCard(f *pipeline.Figures) ChartCard {
	card := ChartCard{ID: "ratings", Span: 5, Title: "How good handoffs were, stage by stage", Note: "Rated 1 to 5 by those who received them, in this time.",
		Table: Table{Head: []string{"Stage handed over", "Rated", "Content", "Collaboration", "Communication"}},
		How:   []string{"Means of the ratings that receivers give when they accept or return a handoff out of a stage."}}
	for _, st := range f.Stages {
		if st.Rated > 0 {
			card.Table.Rows = append(card.Table.Rows, cells(st.Title, strconv.Itoa(st.Rated), figure(st.Content, 2), figure(st.Cooperation, 2), figure(st.Talk, 2)))
		}
	}
	return card
}
