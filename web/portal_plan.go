package web

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"dealwiki/wiki"
	"dealwiki/wiki/actionplan"
)

// Bounds of what is listed of a plan: a page of the largest size has tens of
// thousands of steps, and its own text lists them all.
const (
	planListed  = 200 // open steps, and finished ones
	planWaiting = 100
)

// planView draws the plan of a shared space.
func (ro *room) planView(ctx context.Context, plan *actionplan.Plan, page *wiki.Page) *PlanView {
	v := &PlanView{Href: ro.href(page.Page), Title: page.Title, Done: plan.Done(), All: len(plan.Steps), Goal: plan.Goal,
		Customer: shortName(ro.customer()), Company: shortName(ro.company()), Version: page.Version.String(), Write: ro.canWrite()}
	for i := range plan.Steps {
		list := &v.Open
		if plan.Steps[i].Done {
			list = &v.Finished
		}
		if len(*list) == planListed {
			v.More++
			continue
		}
		*list = append(*list, ro.planStep(ctx, &plan.Steps[i], v.Href))
	}
	v.Drawing = drawPlan(plan)
	return v
}

func (ro *room) planStep(ctx context.Context, s *actionplan.Step, page string) PlanStep {
	v := PlanStep{Text: s.Text, Part: s.Part, Href: page, Line: s.Line, Done: s.Done, Late: s.Late, Due: s.Due}
	if s.ID != "" {
		v.Href += "#" + s.ID
	}
	if !s.Due.IsZero() {
		v.DueText = dayText(s.Due, ro.p.now())
	}
	for _, handle := range s.Owners {
		p, ok := ro.byHandle(ctx, handle)
		name := upperFirst(handle)
		if ok {
			name = firstName(p.Name)
		}
		if ok && p.ID == ro.c.Person.ID {
			name, v.Yours = "You", !s.Done
		}
		if ok && !p.Guest {
			v.Company = append(v.Company, name)
		} else {
			v.Customer = append(v.Customer, name)
		}
	}
	for _, name := range s.Names {
		v.Customer = append(v.Customer, name)
	}
	return v
}

// waiting are the steps of the plan that wait for the reader.
func (ro *room) waiting(ctx context.Context, plan *actionplan.Plan, page *wiki.Page) []PlanStep {
	var out []PlanStep
	for _, s := range plan.Waiting(ro.c.Person.Handle) {
		if len(out) == planWaiting {
			break
		}
		out = append(out, ro.planStep(ctx, &s, ro.href(page.Page)))
	}
	return out
}

func firstName(name string) string {
	first, _, _ := strings.Cut(strings.TrimSpace(name), " ")
	return first
}

// shortName is a company's name as a heading of a narrow column has it.
func shortName(name string) string {
	words := strings.Fields(name)
	if len(words) > 1 && len([]rune(name)) > 14 && len([]rune(words[0])) > 3 {
		return words[0]
	}
	return name
}

func dayText(t, now time.Time) string {
	if t.Year() != now.UTC().Year() && t.Sub(now) > 180*24*time.Hour || now.Sub(t) > 180*24*time.Hour {
		return t.Format("2 Jan 2006")
	}
	return t.Format("2 Jan")
}

// Sizes of the timeline, in units of its drawing.
const (
	timelineWidth  = 1060.0
	timelineHeight = 104
	timelineMargin = 20.0
	letterWidth    = 6.3
	labelGap       = 10.0
)

// drawPlan draws the plan as a line from its first day to its last. Every step
// is a dot; as many have their names beside them as there is room for, those
// first that matter most now.
func drawPlan(plan *actionplan.Plan) Drawing {
	from, to := plan.Span()
	d := Drawing{Class: "map-line", Width: int(timelineWidth), Height: timelineHeight, Label: planLabel(plan)}
	days := max(1, to.Sub(from).Hours()/24)
	at := func(t time.Time) float64 {
		return round1(timelineMargin + t.Sub(from).Hours()/24/days*(timelineWidth-2*timelineMargin))
	}
	const y = 52.0
	line := func(class string, x1, y1, x2, y2 float64) {
		d.Marks = append(d.Marks, Mark{Kind: "line", Class: class, X: x1, Y: y1, W: x2, H: y2})
	}
	line("base", timelineMargin, y, timelineWidth-timelineMargin, y)
	line("line", timelineMargin, y, at(plan.Today), y)
	for month := from.AddDate(0, 1, 1-from.Day()); month.Before(to); month = month.AddDate(0, 1, 0) {
		line("grid", at(month), y-6, at(month), y+6)
	}
	line("median", at(plan.Today), y-14, at(plan.Today), y+14)

	rows := &labelRows{}
	rows.put(&d, at(plan.Today), true, "Today, "+plan.Today.Format("2 Jan"), "")
	drawn := func(t time.Time) bool { return !t.IsZero() && !t.Before(from) && !t.After(to) }
	if drawn(plan.Goal) {
		d.Marks = append(d.Marks, Mark{Kind: "dot", Class: "dot-goal", X: at(plan.Goal), Y: y})
		rows.put(&d, at(plan.Goal), true, "Goal", plan.Goal.Format("2 Jan"))
	}
	// Of dots on one spot one is drawn.
	dots := map[Mark]bool{}
	for i := range plan.Steps {
		s := &plan.Steps[i]
		if !drawn(s.Due) {
			continue
		}
		class := "dot-open"
		switch {
		case s.Done:
			class = "dot"
		case s.Late, s.Due.Sub(plan.Today) <= 7*24*time.Hour:
			class = "dot-warn"
		}
		if dot := (Mark{Kind: "dot", Class: class, X: at(s.Due), Y: y}); !dots[dot] {
			dots[dot] = true
			d.Marks = append(d.Marks, dot)
		}
	}
	for _, s := range planOrder(plan) {
		if !drawn(s.Due) {
			continue
		}
		rows.put(&d, at(s.Due), false, shortLabel(s.Text, 22), s.Due.Format("2 Jan"))
	}
	return d
}

// planOrder are the steps with a date: what is next first, then what was done
// last, from today outwards.
func planOrder(plan *actionplan.Plan) []actionplan.Step {
	var ahead, done []actionplan.Step
	for _, s := range plan.Steps {
		switch {
		case s.Due.IsZero():
		case s.Done:
			done = append(done, s)
		default:
			ahead = append(ahead, s)
		}
	}
	slices.SortStableFunc(ahead, func(a, b actionplan.Step) int { return a.Due.Compare(b.Due) })
	slices.SortStableFunc(done, func(a, b actionplan.Step) int { return b.Due.Compare(a.Due) })
	return append(ahead, done...)
}

// labelRows remembers where names stand, above the line and below it.
type labelRows struct{ above, below [][2]float64 }

// put writes a name with its day, above the line where there is room, else below
// it, else not at all.
func (l *labelRows) put(d *Drawing, x float64, low bool, name, day string) {
	width := letterWidth * float64(max(len([]rune(name)), len([]rune(day))))
	for _, below := range []bool{low, !low} {
		row, y := &l.above, 22.0
		if below {
			row, y = &l.below, 82.0
		}
		class, from := " t-mid", x-width/2
		switch {
		case from < 0:
			class, from = "", x
		case from+width > timelineWidth:
			class, from = " t-end", x-width
		}
		if !free(*row, from-labelGap, from+width+labelGap) {
			continue
		}
		*row = append(*row, [2]float64{from, from + width})
		d.text(strings.TrimSpace("t-strong"+class), x, y, name)
		if day != "" {
			d.text(strings.TrimSpace(class), x, y+15, day)
		}
		return
	}
}

func free(taken [][2]float64, from, to float64) bool {
	for _, t := range taken {
		if from < t[1] && to > t[0] {
			return false
		}
	}
	return true
}

// planLabel says in words what the timeline shows.
func planLabel(plan *actionplan.Plan) string {
	from, to := plan.Span()
	var b strings.Builder
	b.WriteString("Timeline from " + from.Format("2 January 2006") + " to " + to.Format("2 January 2006") + ". ")
	b.WriteString(strconv.Itoa(plan.Done()) + " of " + strconv.Itoa(len(plan.Steps)) + " steps are done.")
	if late := len(plan.Late()); late > 0 {
		b.WriteString(" " + strconv.Itoa(late) + " past their date.")
	}
	for _, s := range planOrder(plan) {
		if !s.Done {
			b.WriteString(" Next: " + s.Text + ", " + s.Due.Format("2 January") + ".")
			break
		}
	}
	return b.String()
}
