package brief

import (
	"fmt"
	"strings"

	"dealwiki/wiki"
	"dealwiki/wiki/register"
)

// Weak is a spot where the deal stands on thin ice, and what to do about it: a
// coach's remark, not a score.
type Weak struct {
	Kind   string  `json:"kind"`
	Text   string  `json:"text"`
	Do     string  `json:"do"`
	Source *Source `json:"source,omitempty"`
}

func (b *Brief) weak(facts []register.Fact, titles map[wiki.Place]string, needs []wiki.Need, today string) {
	at := func(f register.Fact) *Source {
		return &Source{Place: f.Place, Title: titles[f.Place], Anchor: f.ID, Line: f.Line}
	}
	buyer := false
	for _, f := range facts {
		if f.Copy || f.State == register.StateGone {
			continue
		}
		switch f.Kind {
		case "stakeholder":
			if !f.State.Stands() {
				continue
			}
			economic := strings.Contains(strings.ToLower(f.Attrs["role"]), "economic")
			buyer = buyer || economic
			if economic && f.Attrs["access"] != "met" {
				b.Weak = append(b.Weak, Weak{"buyer-not-met", fmt.Sprintf("Nobody has met %s, who holds the money.", f.Title), "Ask your champion for a meeting, and put its date here.", at(f)})
			}
			if f.Attrs["access"] == "none" && !economic {
				b.Weak = append(b.Weak, Weak{"no-access", fmt.Sprintf("There is no way to %s yet.", f.Title), "Find somebody who can introduce you.", at(f)})
			}
		case "commitment":
			if !f.State.Stands() {
				continue
			}
			if f.Overdue(today) {
				b.Weak = append(b.Weak, Weak{"overdue", fmt.Sprintf("A commitment was due on %s: %s", f.Due, f.Title), "Keep it, agree another date with the customer, or drop it with a reason.", at(f)})
			}
			if f.Owner == "" {
				b.Weak = append(b.Weak, Weak{"no-owner", "A commitment has no owner: " + f.Title, "Name one with @.", at(f)})
			}
		case register.Action:
			if f.Overdue(today) {
				b.Weak = append(b.Weak, Weak{"overdue", fmt.Sprintf("A task was due on %s: %s", f.Due, f.Title), "Do it, or give it another date.", at(f)})
			}
		case "question":
			if f.State == register.StateEvaded {
				b.Weak = append(b.Weak, Weak{"evaded", "They did not answer: " + f.Title, "Ask somebody else there, and note who said what.", at(f)})
			}
		case "risk":
			if f.State.Stands() && f.Owner == "" {
				b.Weak = append(b.Weak, Weak{"no-owner", "Nobody looks after a risk: " + f.Title, "Name somebody with @.", at(f)})
			}
		}
	}
	if !buyer && b.Prospect.Outcome == wiki.OutcomeOpen && hasFacts(facts) {
		b.Weak = append(b.Weak, Weak{Kind: "no-buyer", Text: "Nobody is named who can release the money.", Do: "Write down the economic buyer as a stakeholder: role:economic-buyer, and whether you have met them."})
	}
	for _, n := range needs {
		if n.Missing() && n.Stage == b.Prospect.Stage {
			b.Weak = append(b.Weak, Weak{"missing", n.Title + " is missing in the stage the deal is in.", "Start it from its template.", &Source{Place: n.Place(), Title: n.Title}})
		}
	}
}

func hasFacts(facts []register.Fact) bool { return len(facts) > 0 }
