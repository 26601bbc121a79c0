package web

import "time"

// BoardView is the pipeline, as columns or as a table (template board).
type BoardView struct {
	Shell
	Table     bool
	Figures   []Figure
	Query     string   // text of the filter box
	Owners    []Option // of the owner filter; the first is "anyone", with an empty value
	Filters   []Choice
	BoardHref string
	TableHref string
	Columns   []BoardColumn
	Rows      []Deal // of the table, in order
	Total     string // value of all rows
	CanCreate bool
	Sleeping  int      // deals on the nurturing list, which are not shown
	Filtered  bool     // some deals are hidden by the filters
	Keep      []Option // filters that the form must carry along: name in Label
	Tags      []Option // nil without any
	Sources   []Option // nil without any
	Min, Max  string
	Month     string
	More      bool //  one of the filters above is in force
	Sorts     BoardSorts
}

// BoardSorts are the table's columns that it can be sorted by; Icon is
// "ascending" or "descending".
type BoardSorts struct {
	Name, Value, Owner, Days, Close, Changed Choice
}

// BoardColumn is a stage with its deals.
type BoardColumn struct {
	Key   string
	Name  string
	Lost  bool   // its deals are in stages that the funnel does not have
	Total string // "€695k"; "" when no deal has a value
	Deals []Deal
}

// Deal is a prospect on the board.
type Deal struct {
	Name       string
	Href       string
	Value      string
	Owner      Person
	Stage      string
	Steps      []string // state of each stage, for the small funnel
	Days       int
	Typical    int
	Missing    int
	Needed     int
	Unread     int
	Restricted bool
	Outcome    string // "" while open
	Changed    time.Time
	Close      string // expected, YYYY-MM-DD
	Move       string // the form that hands it over; "" for readers
}

// Over tells that the deal has stood longer in its stage than is typical.
func (d Deal) Over() bool { return d.Typical > 0 && d.Days > d.Typical }

// Present is how many of the needed pages are written.
func (d Deal) Present() int { return d.Needed - d.Missing }

// NewProspectView is the form that opens a space (template new-prospect).
// It posts name, slug, value, currency, close, owner, stage and restricted.
type NewProspectView struct {
	Shell
	Form       Form
	Owners     []Option
	Stages     []Option
	Currencies []Option
}
