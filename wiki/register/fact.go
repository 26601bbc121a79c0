package register

import (
	"time"

	"dealwiki/content"
	"dealwiki/wiki"
	"dealwiki/wiki/repo"
)

// Action is the kind of a task with an owner or a date; the other kinds are
// those of [content.Fact].
const Action = "action"

// State is how a fact stands now.
type State string

// States. An evaded question still waits for its answer.
const (
	StateOpen     State = "open"
	StateEvaded   State = "evaded"
	StateDone     State = "done"
	StateAnswered State = "answered"
	StateDropped  State = "dropped"
	StateGone     State = "gone" // no longer on any page
)

// Stands reports whether something has still to be done about it.
func (s State) Stands() bool { return s == StateOpen || s == StateEvaded }

// Fact is a fact or an action with its life.
type Fact struct {
	Prospect string            `json:"prospect"`
	Place    wiki.Place        `json:"place"` // where it stands, or stood last
	ID       string            `json:"id"`    // "" until the page is edited
	Key      string            `json:"key"`   // the id, or what tells it without one
	Kind     string            `json:"kind"`
	Title    string            `json:"title"`
	Body     string            `json:"body,omitempty"`
	Owner    string            `json:"owner,omitempty"` // handle
	Due      string            `json:"due,omitempty"`   // YYYY-MM-DD
	Attrs    map[string]string `json:"attrs,omitempty"`
	State    State             `json:"state"`
	Line     int               `json:"line"` // 1-based, in the page's newest version
	EndLine  int               `json:"end_line"`
	Copy     bool              `json:"copy,omitempty"` // an older fact elsewhere has the same id
	Life     []Event           `json:"life"`           // oldest first, never empty
}

// Origin is the stage that the fact was raised in.
func (f *Fact) Origin() string { return f.Life[0].Stage }

// Raised is how the fact came into the world.
func (f *Fact) Raised() Event { return f.Life[0] }

// Last is what happened to it last.
func (f *Fact) Last() Event { return f.Life[len(f.Life)-1] }

// Overdue reports whether it stands although its date has passed.
func (f *Fact) Overdue(today string) bool { return f.State.Stands() && f.Due != "" && f.Due < today }

// What happens to a fact.
const (
	EventRaised   = "raised"
	EventChanged  = "changed"
	EventAnswered = "answered"
	EventDone     = "done"
	EventDropped  = "dropped"
	EventEvaded   = "evaded"
	EventReopened = "reopened"
	EventRemoved  = "removed" // taken off its page
	EventRestored = "restored"
)

// Event is something that happened to a fact.
type Event struct {
	What   string      `json:"what"`
	By     repo.Person `json:"by"`
	At     time.Time   `json:"at"`
	Commit string      `json:"commit"`
	Number int         `json:"number"`          // of the page's version
	Path   string      `json:"path"`            // the page's file then
	Stage  string      `json:"stage,omitempty"` // of the deal then; "" where that is not known
	Note   string      `json:"note,omitempty"`  // what changed, such as "due 1 Dec 2026 → 15 Jan 2027"
}

// stand is a fact as one version of a page has it.
type stand struct {
	ID, Kind, Title, Body, Owner, Due, Status string
	Attrs                                     map[string]string
	Done                                      bool
	Line, EndLine                             int
}

func (s *stand) key() string {
	if s.ID != "" {
		return s.ID
	}
	return "~" + s.Kind + ":" + s.Title
}

func (s *stand) state() State {
	if s.Kind == Action {
		if s.Done {
			return StateDone
		}
		return StateOpen
	}
	switch st := State(s.Status); st {
	case StateDone, StateAnswered, StateDropped, StateEvaded:
		return st
	}
	return StateOpen
}

// standing lists the facts and actions of a text; of two with one key the first
// counts.
func standing(text []byte) []stand {
	doc := content.Parse(text)
	var out []stand
	seen := map[string]bool{}
	add := func(s stand) {
		if k := s.key(); !seen[k] {
			seen[k] = true
			out = append(out, s)
		}
	}
	for _, f := range doc.Facts() {
		add(stand{ID: f.ID, Kind: f.Kind, Title: f.Title, Body: f.Body, Owner: f.Owner, Due: f.Due, Status: f.Status, Attrs: f.Attrs, Line: f.Line, EndLine: f.EndLine})
	}
	for _, a := range doc.Actions() {
		add(stand{ID: a.ID, Kind: Action, Title: a.Text, Owner: a.Owner, Due: a.Due, Done: a.Done, Line: a.Line, EndLine: a.Line})
	}
	return out
}
