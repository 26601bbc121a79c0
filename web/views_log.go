package web

import "time"

// LogView is what was said with the customer, and the form to add to it
// (template log). Action takes kind, date, people, title, text and section; Mail
// takes mails as files (multipart, field "file") with section.
type LogView struct {
	Shell
	Form      Form
	Action    string // "" for readers
	Mail      string
	MaxMail   string // "25 MB"
	TakesMail bool   // the server takes mails for logs
	Address   string // of this log; "" while it has none
	Renew     string // gives it an address, or another one; "" for readers
	Today     string // YYYY-MM-DD
	Kinds     []Option
	Sections  []Option
	Templates []Choice // to begin with
	Filters   []Choice
	Days      []LogDay
	Pager     Pager
	Count     int
}

// LogDay is the threads whose newest entry is of one day.
type LogDay struct {
	Label   string
	Threads []LogThread
}

// LogThread is entries that belong together, the newest first.
type LogThread struct {
	First   LogItem
	Earlier []LogItem
}

// LogItem is one call, meeting, mail or note.
type LogItem struct {
	Kind     string
	Title    string
	Href     string
	Audience string
	People   string
	At       time.Time // of the entry; zero where only the day is known
	Day      string    // "" where the heading says it
	By       Person
	Lead     string
}
