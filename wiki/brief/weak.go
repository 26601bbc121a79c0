package brief

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"dealwiki/content"
	"dealwiki/wiki"
	"dealwiki/wiki/people"
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

// planPage is the name of the page that is the mutual action plan of a deal.
const planPage = "mutual-action-plan"

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
				b.Weak = append(b.Weak, Weak{"overdue", fmt.Sprintf("A commitment was due on %s: %s", content.Day(f.Due), f.Title), "Keep it, agree another date with the customer, or drop it with a reason.", at(f)})
			}
			if f.Owner == "" {
				b.Weak = append(b.Weak, Weak{"no-owner", "A commitment has no owner: " + f.Title, "Name one with @.", at(f)})
			}
		case register.Action:
			switch {
			case !f.Overdue(today):
			case f.Place.Section == wiki.External && f.Place.Page == planPage:
				b.Weak = append(b.Weak, Weak{"plan-late", fmt.Sprintf("A step of the mutual action plan was due on %s: %s", content.Day(f.Due), f.Title), "Ask whoever it waits for, or agree another date on the plan.", at(f)})
			default:
				b.Weak = append(b.Weak, Weak{"overdue", fmt.Sprintf("A task was due on %s: %s", content.Day(f.Due), f.Title), "Do it, or give it another date.", at(f)})
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

// Criterion is a condition for leaving a stage as the last handoff has it.
type Criterion struct {
	Text     string
	Met      bool
	Evidence string
	Waived   string // the reason
}

// LastCriteria answers the exit criteria of a deal's last handoff, none before
// the first.
type LastCriteria func(ctx context.Context, caller people.Caller, sp *wiki.Space) ([]Criterion, error)

// unproven names the criteria that were called met without evidence, or were
// waived.
func (m *Maker) unproven(ctx context.Context, caller people.Caller, sp *wiki.Space, b *Brief) error {
	if m.criteria == nil {
		return nil
	}
	all, err := m.criteria(ctx, caller, sp)
	if err != nil {
		return fmt.Errorf("reading the last handoff: %w", err)
	}
	for _, c := range all {
		switch {
		case c.Waived != "":
			b.Weak = append(b.Weak, Weak{Kind: "waived", Text: "The last handoff went without this: " + c.Text + " (" + c.Waived + ")", Do: "Find out whether it matters still."})
		case c.Met && strings.TrimSpace(c.Evidence) == "":
			b.Weak = append(b.Weak, Weak{Kind: "no-evidence", Text: "Called met at the last handoff, without evidence: " + c.Text, Do: "Link the page or the mail that shows it."})
		}
	}
	return nil
}

// unread tells that nobody but its author has read the page that the deal is
// about.
func (m *Maker) unread(ctx context.Context, sp *wiki.Space, b *Brief, needs []wiki.Need) error {
	marks, err := m.people.Readers(ctx, sp.Prospect())
	if err != nil {
		return err
	}
	for _, n := range needs {
		if !n.Present || n.Info == nil || n.Optional || n.Stage != wiki.StageAccount && n.Stage != b.Prospect.Stage {
			continue
		}
		author, place := wiki.PersonID(n.Info.Author), n.Place()
		read := slices.ContainsFunc(marks, func(mark people.Mark) bool {
			return mark.Section == string(place.Section) && mark.Page == place.Stage+"/"+place.Page && mark.Person != author
		})
		if !read {
			b.Weak = append(b.Weak, Weak{"unread", "Nobody but its author has read " + n.Title + ".", "Read it, or ask a colleague to: two know more than one.", &Source{Place: place, Title: n.Title, Line: 1}})
		}
	}
	return nil
}

// differ names questions that were put down more than once and answered
// differently by two people.
func (b *Brief) differ(facts []register.Fact, titles map[wiki.Place]string) {
	seen := map[string]register.Fact{}
	for _, f := range facts {
		if f.Kind != "question" || f.Copy || f.State != register.StateAnswered || strings.TrimSpace(f.Body) == "" {
			continue
		}
		key := possibleKey(f.Title)
		first, ok := seen[key]
		if !ok {
			seen[key] = f
			continue
		}
		one, other := first.Last().By.Name, f.Last().By.Name
		if one != other && possibleKey(first.Body) != possibleKey(f.Body) {
			b.Weak = append(b.Weak, Weak{"differ", fmt.Sprintf("%s and %s answer differently: %s", one, other, f.Title), "Ask the customer again with both in the room.", &Source{Place: f.Place, Title: titles[f.Place], Anchor: f.ID, Line: f.Line}})
		}
	}
}

func hasFacts(facts []register.Fact) bool { return len(facts) > 0 }
