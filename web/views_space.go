package web

import (
	"time"
)

// SpaceView is the first screen of a prospect (template space). A prospect
// without pages gets the welcome with cards to start from.
type SpaceView struct {
	Shell
	Empty   bool
	Brief   string // address of the brief; "" without one
	Lead    string // first paragraph of the account page
	LeadTo  string
	Stages  []SpaceStage
	News    []Change
	Since   time.Time // the last visit; zero on the first
	Missing []Need    // of the current stage
	Cards   []Card    // templates to start from
	Upload  string    // where dropped files go by POST (multipart, field "file"); "" for readers
	MaxFile string    // "25 MB"
	Facts   []FactLink
	People  []Person
	Links   []Link // other deals with this customer, and addresses in the web

	// Watch is where the choice to be told of changes goes, "" without an inbox.
	Watch    string
	Watching bool
}

// SpaceStage is a stage with its pages on both sides.
type SpaceStage struct {
	Key      string
	Name     string
	State    string // as in Step; "" for pages of no stage
	Carried  *CarriedIn
	Internal []SpacePage
	External []SpacePage
}

// SpacePage is a page in a list.
type SpacePage struct {
	Title     string
	Href      string
	Lead      string
	Audience  string
	By        Person
	At        time.Time
	Unread    bool
	Untouched bool   // still the template's text
	Missing   bool   // needed, and not there
	Create    string // with Missing, as in NavPage
}

// Need is a page that the stage needs.
type Need struct {
	Title     string
	About     string
	Audience  string
	Href      string
	Create    string
	Untouched bool
	Present   bool
}

// Card offers a template; Create makes the page by POST.
type Card struct {
	Title    string
	About    string
	Icon     string
	Audience string
	Create   string
}

// Change is one version of one page in a list of what happened.
type Change struct {
	Who      Person
	At       time.Time
	Title    string // of the page
	Href     string
	Audience string
	Place    string // stage, or prospect and stage
	Subject  string
	Verb     string // "wrote", "moved", "deleted", "created", "restored"
	Added    int    // lines
	Removed  int
	Compare  string
}

// ChangeDay groups changes under a day.
type ChangeDay struct {
	Label   string
	Changes []Change
}

// ChangesView is the change log of a prospect (template changes).
type ChangesView struct {
	Shell
	Days    []ChangeDay
	Filters []Choice
	Pager   Pager
}

// FactLink is a fact in a list.
type FactLink struct {
	Kind   string // decision, commitment, requirement, risk, question, stakeholder
	Title  string
	Href   string
	Open   bool
	Source string // "Dana, 10 Nov · Open redlines"
}

// NewPageView is the form for a page (template new-page). It posts title,
// section, stage and template.
type NewPageView struct {
	Shell
	Form      Form
	Action    string
	Sections  []Option
	Stages    []Option
	Templates []Option
}

// SpaceSettingsView is what the owner sets on a prospect (template
// space-settings). Save posts name, value, currency, close, source,
// tags, owner and restricted to Action; Grant posts person and level, Revoke the person, to
// Action with /grant and /revoke.
type SpaceSettingsView struct {
	Shell
	Form       Form
	Action     string
	CanManage  bool // may change the deal
	CanOwn     bool // may change who owns and reads it
	CanClose   bool // may set the outcome
	Outcomes   []Option
	Owners     []Option
	Currencies []Option
	Restricted bool
	Grants     []GrantRow
	People     []Option // who can be added
	Levels     []Option
	Delete     string // address of the confirmation; "" for who may not
}

// GrantRow is somebody's access to a restricted prospect.
type GrantRow struct {
	Person Person
	ID     string
	Level  string
	Owner  bool
}

// PlaybookView is the company's own funnel and pages (template playbook).
type PlaybookView struct {
	Shell
	Stages    []PlaybookStage
	Pages     []SpacePage
	Templates []SpacePage
	CanWrite  bool
	NewPage   string
	Settings  string // form for funnel.yaml; "" for who may not
	Sources   string // form for sources.yaml; "" for who may not
	Reviews   []DealReview
}

// DealReview is a deal that has ended, with the page that looks back at it.
type DealReview struct {
	Deal    string
	Href    string
	Outcome string
	Reason  string
	Date    string // YYYY-MM-DD
}

// PlaybookStage is a stage as the playbook describes it.
type PlaybookStage struct {
	Key     string
	Name    string
	About   string
	Buyer   string // the buyer's own name for the step
	Days    int    // typical
	Needs   []Need
	Exit    []string
	Outside string // what happens with the customer
	Watch   string
	Warn    string // who is warned on entering
	Tasks   []string
}
