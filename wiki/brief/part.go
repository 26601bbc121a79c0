package brief

import (
	"fmt"
	"slices"
	"strings"

	"dealwiki/content"
	"dealwiki/wiki"
	"dealwiki/wiki/people"
	"dealwiki/wiki/register"
)

// yours lists what stands open in the reader's name, what is due first.
func (b *Brief) yours(reader people.Person) {
	if reader.Handle == "" {
		return
	}
	for _, g := range b.Facts {
		for _, f := range g.Facts {
			if f.Owner == reader.Handle {
				b.Yours = append(b.Yours, f)
			}
		}
	}
	slices.SortStableFunc(b.Yours, byDue)
}

// byDue puts what has a date before what has none, the earliest first.
func byDue(x, y Fact) int {
	if (x.Due == "") != (y.Due == "") {
		return strings.Compare(y.Due, x.Due)
	}
	return strings.Compare(x.Due, y.Due)
}

// jobStages tells by words of its stage's key which work is whose; a funnel may
// use other words, and then nothing is said of pages.
var jobStages = map[people.Job][]string{
	people.Marketing: {"market", "lead", "prospect"},
	people.Sales:     {"prospect", "qualif", "pric", "propos", "negotiat", "clos"},
	people.Technical: {"pric", "propos", "deliver"},
	people.Delivery:  {"deliver", "servic", "support"},
}

// part says what the deal waits for from the reader: what stands in their name,
// and pages that the present stage lacks and that are of their kind of work.
func (b *Brief) part(reader people.Person, needs []wiki.Need) string {
	var said []string
	if n := len(b.Yours); n > 0 {
		first := b.Yours[0]
		text := strings.TrimSuffix(first.Title, ".")
		if first.Due != "" {
			text += fmt.Sprintf(" (%s, by %s)", kindWord(first.Kind), content.Day(first.Due))
		} else {
			text += " (" + kindWord(first.Kind) + ")"
		}
		switch {
		case n == 2:
			text += ", and one thing more in your name"
		case n > 2:
			text += fmt.Sprintf(", and %d things more in your name", n-1)
		}
		said = append(said, text+".")
	}
	if b.Owner != nil && b.Owner.ID == reader.ID {
		said = append(said, "The deal is yours.")
	}
	mine := slices.ContainsFunc(jobStages[reader.Job], func(part string) bool { return strings.Contains(b.Prospect.Stage, part) })
	if mine && b.Prospect.Outcome != wiki.OutcomeLost && b.Prospect.Outcome != wiki.OutcomeNoDecision {
		var titles []string
		for _, n := range needs {
			if n.Missing() && n.Stage == b.Prospect.Stage {
				titles = append(titles, n.Title)
			}
		}
		if len(titles) > 0 {
			said = append(said, b.Stage+" still needs "+inWords(titles)+".")
		}
	}
	return strings.Join(said, " ")
}

func kindWord(kind string) string {
	if kind == register.Action {
		return "task"
	}
	return kind
}

// inWords joins titles as in a sentence.
func inWords(titles []string) string {
	if len(titles) == 1 {
		return titles[0]
	}
	return strings.Join(titles[:len(titles)-1], ", ") + " and " + titles[len(titles)-1]
}
