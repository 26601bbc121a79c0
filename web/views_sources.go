package web

import "time"

// SourcesView is what outside sources tell of a prospect (template sources). An
// item's buttons post nothing to Keep, Dismiss or Back.
type SourcesView struct {
	Shell
	Items    []SourceItem
	New      int
	Shows    []Choice // new, kept, dismissed
	Filters  []Choice // by source
	Pager    Pager
	State    string // "", "kept" or "dismissed"
	Any      bool   // there is a source
	Failing  []SourceHealth
	Sources  []SourceHealth
	Problem  string // why the sources as a whole cannot be read
	Setup    string // form for the sources; "" for who may not
	Words    string // address that takes words; "" for readers
	Form     Form
	Title    string // of the prospect, searched by without words
	Held     bool   // not asked for, as the prospect is restricted
	CanWrite bool
}

// SourceItem is one item of an inbox.
type SourceItem struct {
	ID      int64
	Title   string
	Link    string // outside
	Host    string // of the link
	Source  string
	Text    string
	At      time.Time
	New     bool
	By      Person // who decided
	Page    string // of what was kept
	Keep    string
	Dismiss string
	Back    string
}

// SourceHealth is how asking a source goes.
type SourceHealth struct {
	Name    string
	Asked   time.Time
	Next    time.Time
	Problem string
	Since   time.Time
	Paused  bool
	Held    bool
}

// SourceSetupView edits the sources (template source-setup). Every button of it
// posts the whole form, with what to do as "do".
type SourceSetupView struct {
	Shell
	Action    string
	Text      string // address of the form that edits sources.yaml as text
	Base      string
	Error     string
	Sources   []SourceForm
	Full      bool
	Prospects []Option // to try a source with
}

// SourceForm is a source in the form, as it was typed.
type SourceForm struct {
	ID      string // begins the names of its fields
	At      int
	Key     string
	Name    string
	Where   string // address or file
	Kinds   []Option
	Every   []Option
	Paused  bool
	Items   string
	Title   string
	Link    string
	Body    string
	Date    string
	Item    string
	Open    bool // its fields are shown
	Errors  map[string]string
	Health  *SourceHealth // when it fails
	Tried   bool
	Found   []SourceItem // by trying it
	Problem string       // of trying it
}

// SourceTextView edits sources.yaml (template source-text). It posts text and
// base.
type SourceTextView struct {
	Shell
	Action string
	Form   string // address of the form
	Text   string
	Base   string
	Error  string
}
