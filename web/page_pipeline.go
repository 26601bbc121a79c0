package web

import (
	"context"
	"encoding/csv"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"dealwiki/wiki"
	"dealwiki/wiki/people"
	"dealwiki/wiki/pipeline"
)

// pipelinePage shows how the sale as a whole stands.
func (s *Server) pipelinePage(w http.ResponseWriter, r *http.Request, c people.Caller) error {
	if s.figures == nil {
		return notFound()
	}
	ctx, form := r.Context(), r.URL.Query()
	q, err := pipelineQuery(form.Get("from"), form.Get("to"), form.Get("currency"), s.now())
	if err != nil {
		return err
	}
	q.Owner = form.Get("owner")
	f, err := s.figures.Figures(ctx, c, q)
	if err != nil {
		return err
	}
	switch form.Get("format") {
	case "", "html":
	case "csv":
		return figuresCSV(w, f)
	default:
		return badRequest("The figures come as a page, or with format=csv as a table.")
	}
	flags, err := s.figures.Flags(ctx, c)
	if err != nil {
		return err
	}
	v := &PipelineView{Shell: s.shell(r, c, "Pipeline metrics"), From: f.From, To: f.To}
	v.Nav = "metrics"
	v.Flash = s.flash(w, r)
	deals := s.wiki.Prospects(ctx, c)
	v.Empty = len(deals) == 0
	v.Owners, v.Currencies = s.figureChoices(ctx, deals, f, q)
	keep := url.Values{"format": {"csv"}, "from": {f.From}, "to": {f.To}}
	if q.Owner != "" {
		keep.Set("owner", q.Owner)
	}
	if q.Currency != "" {
		keep.Set("currency", q.Currency)
	}
	v.CSV = "/pipeline?" + keep.Encode()
	for _, flag := range flags {
		if q.Owner == "" || flag.Owner == q.Owner {
			v.Asked = append(v.Asked, s.asked(ctx, c, flag))
		}
	}
	slices.SortStableFunc(v.Asked, func(a, b AskedDeal) int {
		if a.Mine == b.Mine {
			return 0
		}
		if a.Mine {
			return -1
		}
		return 1
	})
	drawFigures(v, f)
	private(w)
	s.render(w, r, http.StatusOK, "pipeline", v)
	return nil
}

// figureChoices are the owners and currencies among some deals.
func (s *Server) figureChoices(ctx context.Context, deals []wiki.Entry, f *pipeline.Figures, q pipeline.Query) (owners, currencies []Option) {
	all, codes := map[string]people.Person{}, map[string]bool{}
	for i := range deals {
		if access, err := s.people.Access(ctx, deals[i].Slug); err == nil && access.Owner != "" {
			if p, err := s.people.Get(ctx, access.Owner); err == nil {
				all[p.ID] = p
			}
		}
		if deals[i].Currency != "" {
			codes[deals[i].Currency] = true
		}
	}
	owners = slices.DeleteFunc(ownerOptions(all, q.Owner), func(o Option) bool { return o.Value == "none" })
	owners[0].Label = "All owners"
	codes[f.Currency] = true
	if delete(codes, ""); len(codes) > 1 {
		for code := range codes {
			currencies = append(currencies, Option{Value: code, Label: code, Selected: code == f.Currency})
		}
		slices.SortFunc(currencies, func(a, b Option) int { return strings.Compare(a.Value, b.Value) })
	}
	return owners, currencies
}

// asked draws a deal whose owner has to be asked.
func (s *Server) asked(ctx context.Context, c people.Caller, flag pipeline.Flag) AskedDeal {
	d := AskedDeal{Slug: flag.Prospect, Name: flag.Name, Href: spacePath(flag.Prospect), Stage: flag.Stage, Value: money(flag.Value, flag.Currency), Close: flag.Past,
		Updated: flag.Updated, Mine: flag.Owner != "" && flag.Owner == c.Person.ID}
	if funnel, err := s.wiki.Funnel(ctx); err == nil {
		d.Stage = stageTitle(funnel, flag.Stage)
	}
	if p, err := s.people.Get(ctx, flag.Owner); err == nil {
		d.Owner = personView(p)
	}
	if flag.Quiet > 0 {
		d.Why = append(d.Why, fmt.Sprintf("nothing written for %d days; %d are typical of the whole stage", flag.Quiet, flag.Typical))
	}
	if t, err := time.Parse(time.DateOnly, flag.Past); err == nil {
		d.Why = append(d.Why, "expected to close on "+t.Format("2 January 2006"))
	}
	level := s.people.LevelOn(ctx, c, flag.Prospect)
	d.Alive = level >= people.Editor && c.Can(people.Write)
	if d.Alive {
		d.Nurture = d.Href + "/handoff?to=nurture"
	}
	if level >= people.Owner && c.Can(people.Write) {
		d.Lost = d.Href + "/settings#outcome"
	}
	return d
}

// postAlive says that a deal goes on.
func (s *Server) postAlive(w http.ResponseWriter, r *http.Request, c people.Caller) error {
	if s.figures == nil {
		return notFound()
	}
	form, err := s.form(r)
	if err != nil {
		return err
	}
	sp, err := s.wiki.Space(r.Context(), c, form.Get("prospect"))
	if err != nil {
		return err
	}
	e, err := s.wiki.Prospect(r.Context(), c, form.Get("prospect"))
	if err != nil {
		return err
	}
	if err := s.figures.Alive(r.Context(), c, sp, form.Get("expected")); err != nil {
		_, problem, ok := fieldError(err)
		if !ok {
			return err
		}
		return s.goWith(w, r, "/pipeline#asked", Flash{Kind: "danger", Text: e.Title + ": " + problem})
	}
	return s.goWith(w, r, "/pipeline#asked", Flash{Kind: "ok", Text: e.Title + " is alive. It will be asked about again when it is quiet for long."})
}

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

func cells(list ...string) []TableCell {
	out := make([]TableCell, len(list))
	for i, c := range list {
		out[i].Text = c
	}
	return out
}

func winCard(f *pipeline.Figures) ChartCard {
	card := ChartCard{ID: "win-rate", Span: 7, Title: "Win rate, quarter by quarter", Note: "Deals decided in each quarter, by number and by value.",
		Table: Table{Head: []string{"Quarter", "Won", "Decided", "By number", "By value"}},
		How:   []string{"By number: deals won ÷ deals won and lost. By value: value won ÷ value won and lost. The last quarter is still young."}}
	if w := f.WinRate; w.Unit != nil && w.Value != nil {
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
		if len(rows) > 1 {
			card.Title = "We win most often: " + lowerFirst(rows[best].label)
		}
		card.Charts = bars(card.Span, "Win rate by deal size. The table below has the numbers.", rows)
	}
	return card
}

func deref(v *float64) float64 {
	if v == nil {
		return 0
	}
	return *v
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

func times(v *float64) string {
	if v == nil {
		return "–"
	}
	return strconv.FormatFloat(*v, 'f', 2, 64) + " ×"
}

func timeCard(f *pipeline.Figures) ChartCard {
	card := ChartCard{ID: "time", Span: 6, Title: "Days in the current stage", Note: "Bar: middle half of deals that left the stage in this time. Line: their median. Dot: a deal that is in it now.",
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
		card.Title = map[bool]string{true: "One deal is slower than most before it", false: strconv.Itoa(slow) + " deals are slower than most before them"}[slow == 1]
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
	for _, st := range sold(f) {
		if st.Deals > 0 {
			weighted := "–"
			if st.Conversion != nil {
				weighted = amount(st.Weighted, f.Currency)
			}
			card.Table.Rows = append(card.Table.Rows, cells(st.Title, amount(st.Value, f.Currency), percent(st.Conversion), weighted))
		}
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

// figuresCSV sends all figures as one table: a row for each number.
func figuresCSV(w http.ResponseWriter, f *pipeline.Figures) error {
	h := w.Header()
	h.Set("Content-Type", "text/csv; charset=utf-8")
	h.Set("Content-Disposition", `attachment; filename="pipeline.csv"`)
	private(w)
	out := csv.NewWriter(w)
	row := func(figure, of string, v float64, unit string) {
		_ = out.Write([]string{figure, cell(of), strconv.FormatFloat(v, 'f', -1, 64), unit, f.From, f.To})
	}
	some := func(figure, of string, v *float64, unit string) {
		if v != nil {
			row(figure, of, *v, unit)
		}
	}
	n := func(figure, of string, v int) { row(figure, of, float64(v), "deals") }
	_ = out.Write([]string{"figure", "of", "value", "unit", "from", "to"})
	wr := f.WinRate
	n("won", "", wr.Won)
	n("lost", "", wr.Lost)
	n("no decision", "", wr.NoDecision)
	n("open", "", wr.Open)
	row("won value", "", wr.WonValue, f.Currency)
	row("lost value", "", wr.LostValue, f.Currency)
	row("open value", "", wr.OpenValue, f.Currency)
	some("unit win rate", "", wr.Unit, "ratio")
	some("value win rate", "", wr.Value, "ratio")
	some("unit win rate with open deals", "", wr.UnitOpen, "ratio")
	some("value win rate with open deals", "", wr.ValueOpen, "ratio")
	some("mean sales cycle", "", f.Cycle.Mean, "days")
	some("median sales cycle", "", f.Cycle.Median, "days")
	some("average won deal", "", f.Velocity.Average, f.Currency)
	n("qualified open deals", "", f.Velocity.Qualified)
	some("sales velocity", "", f.Velocity.PerDay, f.Currency+" a day")
	row("target", "", f.Target, f.Currency)
	row("weighted pipeline", "", f.Weighted.Value, f.Currency)
	for _, st := range f.Stages {
		n("open", st.Title, st.Deals)
		row("open value", st.Title, st.Value, f.Currency)
		some("median days", st.Title, st.Median, "days")
		some("mean days of ended deals", st.Title, st.Mean, "days")
		some("conversion to won", st.Title, st.Unit, "ratio")
		some("value conversion to won", st.Title, st.Conversion, "ratio")
		some("pipeline value factor", st.Title, st.Factor, "times target")
		some("open value by target", st.Title, st.Does, "times target")
		some("rating of content", st.Title, st.Content, "1 to 5")
		some("rating of collaboration", st.Title, st.Cooperation, "1 to 5")
		some("rating of communication", st.Title, st.Talk, "1 to 5")
	}
	for _, s := range f.Sizes {
		n("won", sizeName(s, f.Currency), s.Won)
		n("lost", sizeName(s, f.Currency), s.Lost)
		row("open value", sizeName(s, f.Currency), s.OpenValue, f.Currency)
	}
	for _, s := range f.Sources {
		row("won value by source", sourceName(s.Source), s.Value, f.Currency)
	}
	for _, o := range f.Others {
		row("value in another currency", o.Currency, o.Value, o.Currency)
	}
	out.Flush()
	return out.Error()
}
