package webhook

import (
	"slices"
	"strings"
	"time"
)

// Names of events that a hook may ask for. Each is the beginning of the types of
// messages, such as "page.changed".
const (
	Page    = "page"    // created, changed, moved, deleted; many at once
	Comment = "comment" // added
	Handoff = "handoff" // offered and every answer, warned, readied
	Fact    = "fact"    // raised, changed, removed
	Guest   = "guest"   // joined, revoked, ended; wrote: a guest has changed a page or said something
)

// Names lists the events there are.
func Names() []string { return []string{Page, Comment, Handoff, Fact, Guest} }

// By is who did something.
type By struct {
	ID    string `json:"id,omitempty"` // person id; "" for git authors without an account, and the wiki itself
	Name  string `json:"name"`
	Guest bool   `json:"guest,omitempty"`
}

// Data is what a message tells.
type Data struct {
	Prospect string `json:"prospect"`
	Section  string `json:"section"`
	Path     string `json:"path"`           // below the prospect's address
	From     string `json:"from,omitempty"` // the place before, of what was moved
	URL      string `json:"url"`
	Title    string `json:"title"`
	By       By     `json:"by"`
	ID       string `json:"id,omitempty"`     // of the fact, thread or guest, or the handoff's number
	Kind     string `json:"kind,omitempty"`   // of the fact
	State    string `json:"state,omitempty"`  // of the fact
	Owner    string `json:"owner,omitempty"`  // of the fact: a handle
	Due      string `json:"due,omitempty"`    // of the fact: YYYY-MM-DD
	Commit   string `json:"commit,omitempty"` // the page's newest version
}

// Event is something that happened.
type Event struct {
	Type string // such as "page.changed"
	At   time.Time
	Data Data
	Once string // not empty: queued once for the prospect, however often it is found
}

// wants reports whether a hook hears of an event.
func (h *Hook) wants(e *Event) bool {
	name, _, _ := strings.Cut(e.Type, ".")
	return (h.Prospect == "" || h.Prospect == e.Data.Prospect) && slices.Contains(h.Events, name)
}
