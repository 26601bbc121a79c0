package web

import "time"

// AdminAuditView is the record of who did what (template admin-audit).
type AdminAuditView struct {
	Shell
	Tabs      []Choice
	Rows      []AuditRow
	Actions   []Option
	People    []Option
	Prospects []Option // suggestions
	Chips     []Choice
	Query     string
	Prospect  string
	Since     string // days
	Until     string
	Only      string // the chip that is on
	Clear     string // "" without filters
	Export    string
	Pager     Pager
}

// AuditRow is one entry.
type AuditRow struct {
	Seq      int64
	At       time.Time
	Stamp    string // At as the reader's clock had it, to the second
	Who      Person
	System   bool   // nobody's session: the program itself or its command line
	Name     string // of a part of the system; may be empty
	Icon     string
	Text     string
	Object   string
	Href     string
	Audience string
	IP       string
	Flagged  bool // changes who can see something
}
