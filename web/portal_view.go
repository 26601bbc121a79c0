package web

import (
	"html/template"
	"time"
)

// The views of the portal hold what a guest may see and nothing else. Templates
// named shared_*.html draw them.

// SharedShell is what surrounds every screen of the portal. Of Shell it uses the
// title, the theme and the message; Me stays nil, so that nothing of the staff's
// frame is drawn.
type SharedShell struct {
	Shell
	Portal *Portal
}

// Portal is the frame of a shared space.
type Portal struct {
	Home      string // /shared/PROSPECT
	Customer  string
	Company   string
	Me        Person
	Write     bool // the reader may change pages
	Comment   bool // the reader may comment
	Tabs      []NavLink
	Search    string
	Query     string // in the search field
	New       string // what is new
	Unread    int    // pages with changes the reader has not seen
	Account   string // the reader's own page, where there is something for them; ""
	Create    string // "" for readers who do not write
	Present   string // address that answers who is here; "" without live editing
	Staff     bool   // one of the staff looks through the customer's eyes
	StaffHref string // back to their own screens; shown to staff only
}

// SharedListView lists the shared spaces of a guest (template shared_list).
type SharedListView struct {
	SharedShell
	Spaces []Link
}

// SharedOverview is a shared space as one enters it (template shared_overview).
type SharedOverview struct {
	SharedShell
	Steps   []SharedStepView
	Goal    time.Time
	GoalIn  string // "in 15 weeks"
	Lead    string
	Plan    *PlanView // nil: there is none
	Start   string    // POST: makes the plan; "" when there is one or the reader may not
	Agreed  []SharedFact
	Waiting []PlanStep
	News    []SharedChange
	First   bool // the reader's first visit
	Pages   []SharedPageRow
	Files   []FileLink
	People  []SharedPerson
	Brief   string
}

// SharedStepView is one step of the deal by the buyer's name for it.
type SharedStepView struct {
	Name  string
	State string // "done", "current" or "ahead"
}

// PlanView is a mutual action plan.
type PlanView struct {
	Href     string
	Title    string
	Done     int
	All      int
	Goal     time.Time
	Drawing  Drawing
	Open     []PlanStep
	Finished []PlanStep
	More     int // steps that are not listed
	Customer string
	Company  string
	Version  string // of the page, for ticking
	Write    bool
}

// PlanStep is a step of the plan.
type PlanStep struct {
	Text     string
	Part     string
	Href     string
	Line     int
	Done     bool
	Late     bool
	Yours    bool
	Due      time.Time
	DueText  string // "16 Nov", "Mon 16 Nov"
	Customer []string
	Company  []string
}

// SharedFact is something both sides have agreed, or that stands open.
type SharedFact struct {
	Kind  string
	Title string
	Body  string
	By    string
	At    time.Time
	Due   string
	Late  bool
	Href  string
	Page  string
}

// SharedChange is a change that the reader has not seen.
type SharedChange struct {
	Who     Person
	Verb    string // "wrote", "started", "answered your comment on"
	Title   string
	Href    string
	Compare string // "" for a page that is new
	At      time.Time
	Note    string
	Words   int // more than before; negative: fewer
}

// SharedPageRow is a page in the list of all.
type SharedPageRow struct {
	Title  string
	Href   string
	Lead   string
	By     Person
	At     time.Time
	Unread bool
}

// SharedPerson is somebody who takes part.
type SharedPerson struct {
	Person Person
	Side   string // name of their company
}

// SharedPageView is a page of the portal as one reads it (template shared_page).
type SharedPageView struct {
	SharedShell
	Page     SharedHead
	Body     template.HTML
	Notice   string
	Old      *OldVersion
	Outline  []Heading
	Linked   []Link
	Files    []FileLink
	Comments *CommentsView
	Plan     *PlanView // the page is the mutual action plan
	Waiting  []PlanStep
}

// SharedHead names a page on its screens.
type SharedHead struct {
	Title    string
	Href     string // /history, /compare, /task, /comments and /restore below it
	Version  string
	Number   int
	By       Person
	At       time.Time
	Minutes  int
	CanWrite bool
}

// SharedErrorView says what went wrong (template shared_error). Nothing on it
// depends on what was asked for.
type SharedErrorView struct {
	Shell
	Heading string
	Text    string
	Safe    string
	Request string
}
