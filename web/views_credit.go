package web

import "time"

// KnowerRow is somebody who knows about what was asked.
type KnowerRow struct {
	Colleague
	BySkills bool // they say so themselves
	Lines    int
	Words    int
	Last     time.Time
	Pages    []Link
	Ask      string
}

// CreditView tells who did what, on a deal or over all of them (template
// credit).
type CreditView struct {
	Shell
	Deal   string // its name; "" over all
	CSV    string
	Unread int
	Rows   []CreditRow
}

// CreditRow is one person.
type CreditRow struct {
	Colleague
	Help   []CreditNumber // on deals of others
	Own    []CreditNumber
	Stages []CreditStage
	Words  int
	Pages  []Link
}

// CreditNumber is a number with what it was counted from.
type CreditNumber struct {
	Label   string
	Sources []Link
}

// CreditStage is what somebody did in one stage.
type CreditStage struct {
	Stage                 string
	Raised, Closed, Words int
}
