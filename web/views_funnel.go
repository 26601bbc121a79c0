package web

// FunnelView edits the funnel by its stages (template funnel). Every button of
// it posts the whole form, with what to do as "do": save, or change the form and
// show it again.
type FunnelView struct {
	Shell
	Action  string
	Text    string // address of the form that edits funnel.yaml as text
	Base    string // version of the funnel that the form began with
	Form    Form   // target, currency, period
	Ready   []Choice
	Moves   []FunnelMove
	Account []FunnelNeed // pages wanted for every prospect
	Stages  []FunnelStage
	Full    bool // no stage can be added
}

// FunnelStage is a stage in the form, as it was typed.
type FunnelStage struct {
	ID     string // begins the names of its fields
	At     int    // its position, from 0
	Before int    // the position before it
	Number int    // from 1
	Was    string // its key in the saved funnel; "" when it is new
	Key    string
	Title  string
	Buyer  string
	Is     string
	Watch  string
	Days   string
	Warn   []Option
	Exit   string // a line each, with ^id at the end
	Tasks  []FunnelTask
	Needed []FunnelNeed
	Open   bool
	First  bool
	Last   bool
	Errors map[string]string // by field without ID
}

// FunnelTask is a task made on entering a stage, as it was typed.
type FunnelTask struct {
	ID   string // begins the names of its fields
	Text string
	Jobs []Option
	Due  string // days
}

// FunnelNeed is a page that is wanted, as it was typed.
type FunnelNeed struct {
	ID       string // begins the names of its fields
	Sections []Option
	Page     string
	Title    string
	Template string
	Optional bool
}

// FunnelTextView edits funnel.yaml (template funnel-text). It posts text and base.
type FunnelTextView struct {
	Shell
	Action string
	Stages string // address of the form by stages
	Text   string
	Base   string
	Error  string
	Ready  []Choice     // funnels to begin with
	Moves  []FunnelMove // stages that prospects have to leave
}

// FunnelMove asks where the prospects of a stage go that is not there any more.
type FunnelMove struct {
	Name      string // of the field
	Stage     string
	Prospects []Link
	Hidden    int // prospects that the reader may not see
	To        []Option
}
