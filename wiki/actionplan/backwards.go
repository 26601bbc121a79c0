package actionplan

import (
	"bytes"
	"strings"
	"time"

	"dealwiki/content"
)

// Backwards plans the open steps of a text that have no date yet: the last is due
// on the goal date, those before it evenly spread back to today, on working days.
// A goal that is not ahead changes nothing.
func Backwards(text []byte, goal, now time.Time) []byte {
	goal, now = day(goal), day(now)
	if !goal.After(now) {
		return text
	}
	doc := content.Parse(text)
	dated := map[int]bool{}
	for _, a := range doc.Actions() {
		dated[a.Line] = a.Due != ""
	}
	var open []int
	for _, t := range doc.Tasks() {
		if !t.Done && !dated[t.Line] {
			open = append(open, t.Line)
		}
	}
	if len(open) == 0 {
		return text
	}
	days := int(goal.Sub(now).Hours() / 24)
	lines := bytes.Split(text, []byte("\n"))
	for i, line := range open {
		due := goal
		if i < len(open)-1 {
			due = workday(goal.AddDate(0, 0, -days*(len(open)-1-i)/len(open)), now)
		}
		lines[line-1] = withDue(lines[line-1], due)
	}
	return bytes.Join(lines, []byte("\n"))
}

// workday is the last working day up to a day, but none before from.
func workday(t, from time.Time) time.Time {
	for t.Weekday() == time.Saturday || t.Weekday() == time.Sunday {
		t = t.AddDate(0, 0, -1)
	}
	if t.Before(from) {
		return from
	}
	return t
}

// withDue adds a date to the line of a step, before its id.
func withDue(line []byte, due time.Time) []byte {
	end := bytes.TrimRight(line, " \t\r")
	at := len(end)
	if i := bytes.LastIndexByte(end, ' '); i > 0 && i+1 < len(end) && end[i+1] == '^' {
		at = i
	}
	out := append([]byte{}, line[:at]...)
	out = append(out, " due:"+due.Format(time.DateOnly)...)
	return append(out, line[at:]...)
}

// Outline is a plan to begin with, where the playbook has none.
func Outline(customer, company string) []byte {
	return []byte("# Mutual action plan\n\n## Before signature\n\n- [ ] Agree what success looks like\n- [ ] Show the proposal to everyone who decides\n- [ ] Agree the terms\n- [ ] Sign\n\n" +
		"## From signature to first use\n\n- [ ] Name the project leads on both sides\n- [ ] Kick-off\n- [ ] First users at work\n\n" +
		"## People\n\n| Person | Side | Takes care of |\n|---|---|---|\n| | " + cell(customer) + " | |\n| | " + cell(company) + " | |\n")
}

// cell makes a name fit into a table.
func cell(name string) string {
	return strings.NewReplacer("|", "\\|", "\n", " ").Replace(name)
}
