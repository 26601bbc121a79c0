package handoff

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"time"

	"gopkg.in/yaml.v3"

	"dealwiki/content"
	"dealwiki/wiki"
)

// Kind is which way a deal goes.
type Kind string

// Kinds of handoffs.
const (
	Forward Kind = "forward"
	Back    Kind = "back"
	Lead    Kind = "lead"    // from marketing into the first stage
	Nurture Kind = "nurture" // to the nurturing list
)

// What happens to an open fact at a handoff.
const (
	Carry   = "carry"
	Close   = "close"
	NotSold = "not-sold"
)

// Record is what a handoff says. It never changes.
type Record struct {
	Number    int         `yaml:"handoff" json:"number"`
	Kind      Kind        `yaml:"kind" json:"kind"`
	From      string      `yaml:"from" json:"from_stage"`
	To        string      `yaml:"to" json:"to_stage"`
	By        string      `yaml:"by" json:"by"`             // person id
	Receiver  string      `yaml:"receiver" json:"receiver"` // person id
	Offered   time.Time   `yaml:"offered" json:"offered"`
	Internal  string      `yaml:"internal" json:"internal"` // heads of both sides as they were
	External  string      `yaml:"external" json:"external"`
	Previous  int         `yaml:"previous" json:"previous"`               // 0: the first
	Again     int         `yaml:"again,omitempty" json:"again,omitempty"` // the returned one that this offers again
	Criteria  []Criterion `yaml:"criteria,omitempty" json:"criteria"`
	Needed    []Needed    `yaml:"needed,omitempty" json:"needed"`
	Facts     []Fact      `yaml:"facts,omitempty" json:"facts"`
	Documents []Document  `yaml:"documents,omitempty" json:"documents"`
	Why       string      `yaml:"why,omitempty" json:"why"`                 // why they buy
	Success   string      `yaml:"success,omitempty" json:"success"`         // success criteria
	Sold      string      `yaml:"sold,omitempty" json:"sold"`               // what is sold
	NotSold   string      `yaml:"not_sold,omitempty" json:"not_sold"`       // and what is not
	Unclear   string      `yaml:"unclear,omitempty" json:"unclear"`         // or may be
	Terms     string      `yaml:"terms,omitempty" json:"terms"`             // special ones
	Keeps     string      `yaml:"sales_keeps,omitempty" json:"sales_keeps"` // what sales keeps doing
	Note      string      `yaml:"note,omitempty" json:"note"`
	Wake      string      `yaml:"wake,omitempty" json:"wake,omitempty"` // of a nurtured deal, YYYY-MM-DD
}

// Criterion is an exit criterion of the stage that is left.
type Criterion struct {
	ID       string `yaml:"id" json:"id"`
	Text     string `yaml:"text" json:"text"`
	Met      bool   `yaml:"met" json:"met"`
	Evidence string `yaml:"evidence,omitempty" json:"evidence"`
	Waived   string `yaml:"waived,omitempty" json:"waived"` // the reason
}

// Needed is a page that the stage should have.
type Needed struct {
	Place   string `yaml:"place" json:"place"`
	Title   string `yaml:"title" json:"title"`
	Present bool   `yaml:"present" json:"present"`
	Waived  string `yaml:"waived,omitempty" json:"waived"`
}

// Fact is an open fact and what becomes of it.
type Fact struct {
	ID    string `yaml:"id" json:"id"`
	Kind  string `yaml:"kind" json:"kind"`
	Title string `yaml:"title" json:"title"`
	Place string `yaml:"place" json:"place"`
	Line  int    `yaml:"line" json:"line"`
	Owner string `yaml:"owner,omitempty" json:"owner"`
	Due   string `yaml:"due,omitempty" json:"due"`
	As    string `yaml:"as" json:"as"` // carry, close or not-sold
}

// Document is a version of an external page that the customer has.
type Document struct {
	Place   string `yaml:"place" json:"place"`
	Title   string `yaml:"title" json:"title"`
	Version string `yaml:"version" json:"version"` // commit
	Number  int    `yaml:"number" json:"version_number"`
	State   string `yaml:"state" json:"state"` // sent or agreed
}

// What can be said to a handoff.
const (
	Acknowledged = "acknowledged" // facts, before or after acceptance
	Accepted     = "accepted"
	Returned     = "returned"
	Withdrawn    = "withdrawn"
	Delegated    = "delegated"
	Reminded     = "reminded"
	Rated        = "rated"
)

// Answer is something said to a handoff.
type Answer struct {
	At      time.Time `yaml:"at" json:"at"`
	By      string    `yaml:"by" json:"by"` // person id
	What    string    `yaml:"what" json:"what"`
	Facts   []string  `yaml:"facts,omitempty" json:"facts,omitempty"` // acknowledged, by id
	Ratings *Ratings  `yaml:"ratings,omitempty" json:"ratings,omitempty"`
	Missing string    `yaml:"missing,omitempty" json:"missing,omitempty"`
	Note    string    `yaml:"note,omitempty" json:"note,omitempty"`
	To      string    `yaml:"to,omitempty" json:"to,omitempty"` // the new receiver
}

// Ratings say how good a handoff was, 1 to 5 each.
type Ratings struct {
	Content       int `yaml:"content" json:"content"`
	Collaboration int `yaml:"collaboration" json:"collaboration"`
	Communication int `yaml:"communication" json:"communication"`
}

func (r Ratings) check() error {
	for _, f := range []struct {
		name string
		v    int
	}{{"content", r.Content}, {"collaboration", r.Collaboration}, {"communication", r.Communication}} {
		if f.v < 1 || f.v > 5 {
			return &wiki.Invalid{Field: f.name, Problem: "is a rating from 1 to 5"}
		}
	}
	return nil
}

const dir = "handoffs/"

func recordFile(n int) string   { return fmt.Sprintf("%s%04d.md", dir, n) }
func responseFile(n int) string { return fmt.Sprintf("%s%04d.response.yaml", dir, n) }
func tagName(n int) string      { return fmt.Sprintf("handoff/%04d", n) }

// titler answers how stages, people and pages are called in the readable part.
type titler interface {
	stage(key string) string
	person(id string) string
	link(place, fragment, label string) string // in markdown
}

// encode writes a record: front matter, and the same for people.
func (r *Record) encode(t titler) ([]byte, error) {
	var b bytes.Buffer
	front, err := yaml.Marshal(r)
	if err != nil {
		return nil, fmt.Errorf("writing a handoff: %w", err)
	}
	fmt.Fprintf(&b, "---\n%s---\n\n# Handoff %d: %s to %s\n\n", front, r.Number, t.stage(r.From), t.stage(r.To))
	fmt.Fprintf(&b, "%s hands over to %s on %s.\n", t.person(r.By), t.person(r.Receiver), r.Offered.Format("2 January 2006"))
	if r.Wake != "" {
		fmt.Fprintf(&b, "\nThe deal sleeps until %s.\n", content.Day(r.Wake))
	}
	text := func(title, s string) {
		if s = strings.TrimSpace(s); s != "" {
			fmt.Fprintf(&b, "\n## %s\n\n%s\n", title, s)
		}
	}
	text("In their own words", r.Note)
	text("Why they buy", r.Why)
	text("Success criteria", r.Success)
	text("Sold", r.Sold)
	text("Not sold", r.NotSold)
	text("Unclear", r.Unclear)
	text("Special terms", r.Terms)
	text("What sales keeps doing", r.Keeps)
	if r.Receiver != r.By && r.Kind != Nurture && r.wordless() {
		b.WriteString("\n## In their own words\n\nNothing was said here.\n")
	}
	if len(r.Criteria) > 0 {
		b.WriteString("\n## Exit criteria\n\n")
		if n := r.unproven(); n > 0 && r.Receiver != r.By {
			fmt.Fprintf(&b, "No evidence given for %d of %d criteria.\n\n", n, len(r.Criteria))
		}
		for _, c := range r.Criteria {
			fmt.Fprintf(&b, "- [%s] %s%s%s\n", box(c.Met), c.Text, suffix(": ", c.Evidence), suffix(" (waived: ", c.Waived, ")"))
		}
	}
	if len(r.Needed) > 0 {
		b.WriteString("\n## Needed content\n\n")
		for _, n := range r.Needed {
			fmt.Fprintf(&b, "- [%s] %s%s\n", box(n.Present), t.link(n.Place, "", n.Title), suffix(" (waived: ", n.Waived, ")"))
		}
	}
	for _, as := range []struct{ as, title string }{{Carry, "Carried forward"}, {Close, "Closed with this stage"}, {NotSold, "Not sold"}} {
		first := true
		for _, f := range r.Facts {
			if f.As != as.as {
				continue
			}
			if first {
				fmt.Fprintf(&b, "\n## %s\n\n", as.title)
				first = false
			}
			fmt.Fprintf(&b, "- %s: %s%s%s\n", strings.ToUpper(f.Kind[:min(1, len(f.Kind))])+f.Kind[min(1, len(f.Kind)):], t.link(f.Place, f.ID, f.Title), suffix(", @", f.Owner), suffix(", due ", content.Day(f.Due)))
		}
	}
	if len(r.Documents) > 0 {
		b.WriteString("\n## Documents that the customer has\n\n")
		for _, d := range r.Documents {
			fmt.Fprintf(&b, "- %s, version %d (%.10s): %s\n", t.link(d.Place, "", d.Title), d.Number, d.Version, d.State)
		}
	}
	return b.Bytes(), nil
}

// wordless tells whether nothing was written for the receiver.
func (r *Record) wordless() bool {
	return strings.TrimSpace(r.Note+r.Why+r.Success+r.Sold+r.NotSold+r.Unclear+r.Terms+r.Keeps) == ""
}

// unproven counts the criteria that have no evidence and were not waived.
func (r *Record) unproven() int {
	n := 0
	for _, c := range r.Criteria {
		if c.Evidence == "" && c.Waived == "" {
			n++
		}
	}
	return n
}

func box(done bool) string {
	if done {
		return "x"
	}
	return " "
}

// suffix puts a text between what goes round it, or nothing for no text.
func suffix(before, s string, after ...string) string {
	if s == "" {
		return ""
	}
	return before + strings.Join(strings.Fields(s), " ") + strings.Join(after, "")
}

var errRecord = errors.New("a handoff's record cannot be read")

func parseRecord(data []byte) (*Record, error) {
	rest, ok := bytes.CutPrefix(data, []byte("---\n"))
	front, _, found := bytes.Cut(rest, []byte("\n---\n"))
	if !ok || !found {
		return nil, errRecord
	}
	var r Record
	if err := yaml.Unmarshal(front, &r); err != nil {
		return nil, fmt.Errorf("%w: %w", errRecord, err)
	}
	if r.Number <= 0 {
		return nil, errRecord
	}
	return &r, nil
}

func parseAnswers(data []byte) ([]Answer, error) {
	var list []Answer
	if err := yaml.Unmarshal(data, &list); err != nil {
		return nil, fmt.Errorf("reading the answers to a handoff: %w", err)
	}
	return list, nil
}

// Mean is the average of the three ratings.
func (r Ratings) Mean() float64 { return float64(r.Content+r.Collaboration+r.Communication) / 3 }
