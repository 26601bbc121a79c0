package actionplan

import (
	"bytes"
	"regexp"
	"slices"
	"strings"
	"time"

	"dealwiki/content"
)

// Page is the name of the page that is the plan of a shared space.
const Page = "mutual-action-plan"

// spanYears is how far from today a step may be to be drawn.
const spanYears = 10

// Plan is a mutual action plan as of a day.
type Plan struct {
	Goal  time.Time // zero: none is set
	Today time.Time // midnight UTC
	Steps []Step    // in the order of the page
}

// Step is one thing to be done.
type Step struct {
	ID     string // "" while it has none
	Line   int    // of the page, from 1
	Text   string // without owners and dates
	Part   string // the heading above, "" without one
	Owners []string
	Names  []string  // owners without an account
	Due    time.Time // midnight UTC; zero: not planned yet
	Done   bool
	Late   bool // open and past its date
	Weeks  int  // whole weeks from its date to the goal; 0 without either
}

// named are names in round brackets at the end of a step.
var named = regexp.MustCompile(`\s*\(([\pL\pM .,'’-]{2,80})\)$`)

// Read makes the plan of a page as it stands on a day.
func Read(doc *content.Doc, goal, now time.Time) *Plan {
	p := &Plan{Goal: day(goal), Today: day(now)}
	actions := map[int]content.Action{}
	for _, a := range doc.Actions() {
		actions[a.Line] = a
	}
	lines := bytes.Split(doc.Source(), []byte("\n"))
	headings := doc.Outline()
	at := 0
	for _, task := range doc.Tasks() {
		for at < len(headings) && headings[at].Line < task.Line {
			at++
		}
		s := Step{Line: task.Line, Text: task.Text, Done: task.Done}
		if at > 0 && headings[at-1].Level > 1 {
			s.Part = headings[at-1].Text
		}
		if a, ok := actions[task.Line]; ok {
			s.ID = a.ID
			s.Due = date(a.Due)
			if task.Line <= len(lines) {
				s.Owners = content.Parse(lines[task.Line-1]).Mentions()
			}
		}
		if m := named.FindStringSubmatch(s.Text); m != nil {
			s.Text = s.Text[:len(s.Text)-len(m[0])]
			for name := range strings.SplitSeq(m[1], ",") {
				if name = strings.TrimSpace(name); name != "" {
					s.Names = append(s.Names, name)
				}
			}
		}
		s.Late = !s.Done && !s.Due.IsZero() && s.Due.Before(p.Today)
		if !p.Goal.IsZero() && !s.Due.IsZero() && s.Due.Before(p.Goal) {
			s.Weeks = int(p.Goal.Sub(s.Due).Hours()) / (7 * 24)
		}
		p.Steps = append(p.Steps, s)
	}
	return p
}

// Done counts the steps that are done.
func (p *Plan) Done() int {
	n := 0
	for i := range p.Steps {
		if p.Steps[i].Done {
			n++
		}
	}
	return n
}

// Waiting are the open steps of a person, the most urgent first.
func (p *Plan) Waiting(handle string) []Step {
	return p.open(func(s *Step) bool { return handle != "" && slices.Contains(s.Owners, handle) })
}

// Late are the open steps that are past their date, the oldest first.
func (p *Plan) Late() []Step { return p.open(func(s *Step) bool { return s.Late }) }

func (p *Plan) open(want func(*Step) bool) []Step {
	var out []Step
	for i := range p.Steps {
		if s := &p.Steps[i]; !s.Done && want(s) {
			out = append(out, *s)
		}
	}
	slices.SortStableFunc(out, func(a, b Step) int {
		switch {
		case a.Due.IsZero() != b.Due.IsZero():
			if a.Due.IsZero() {
				return 1
			}
			return -1
		default:
			return a.Due.Compare(b.Due)
		}
	})
	return out
}

// Span is the first and the last day that the plan names, today and the goal
// included. It is never empty. A day more than spanYears from today is left out:
// it is a slip of the pen, beside which all others would be one point.
func (p *Plan) Span() (from, to time.Time) {
	from, to = p.Today, p.Today
	first, last := p.Today.AddDate(-spanYears, 0, 0), p.Today.AddDate(spanYears, 0, 0)
	widen := func(t time.Time) {
		if t.IsZero() || t.Before(first) || t.After(last) {
			return
		}
		if t.Before(from) {
			from = t
		}
		if t.After(to) {
			to = t
		}
	}
	widen(p.Goal)
	for i := range p.Steps {
		widen(p.Steps[i].Due)
	}
	return from, to
}

func date(s string) time.Time {
	t, _ := time.Parse(time.DateOnly, s)
	return t
}

// day is midnight UTC of the day of a moment.
func day(t time.Time) time.Time {
	if t.IsZero() {
		return t
	}
	t = t.UTC()
	return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, time.UTC)
}
