package web

import "time"

// BriefView is what a newcomer reads first of a deal (template brief): computed
// for one reader, never written by hand.
type BriefView struct {
	Shell
	Deal      string // its name
	Reader    Person
	At        time.Time // computed
	Pages     int       // it was made from
	Minutes   int
	Total     int // minutes with what is left of the reading list
	Print     bool
	PrintHref string
	MarkRead  string // POST: all pages, or the page in "page" alone; with the moment in "at"
	Lines     []BriefLine
	Choices   []Choice // since when
	SinceForm string   // GET with "since", a date
	SinceDate string
	SinceName string
	Since     *BriefSince // nil for somebody who was never here
	Facts     []BriefGroup
	Settled   []BriefFact
	Answers   []BriefAnswer
	Sections  []BriefSection
	Openings  []BriefSection
	Log       []BriefEntry
	Possible  []BriefPossible
	Confirm   string // POST: page, line, text, kind
	Dismiss   string // POST: text
	Kinds     []Option
	Weak      []BriefWeak
	People    []BriefPerson
	Reading   []BriefReading
	Read      int
	Left      int // minutes
	Missing   []Need
	Empty     bool // nothing is written yet
}

// Percent is how much of the reading list was read.
func (v BriefView) Percent() int {
	if len(v.Reading) == 0 {
		return 0
	}
	return v.Read * 100 / len(v.Reading)
}

// BriefSource is where something was read.
type BriefSource struct {
	Title    string
	Href     string
	Audience string
	Heading  string
}

// BriefLine is one line of the deal in a few lines.
type BriefLine struct {
	What   string
	Text   string
	Guess  bool
	Source *BriefSource
}

// BriefSince is what has happened since the reader was last here.
type BriefSince struct {
	From    time.Time
	Facts   []BriefNews
	Pages   []BriefChange
	More    int
	Joined  []Person
	Removed []string
	Changes string // the change log
}

// Quiet tells that nothing has happened.
func (s *BriefSince) Quiet() bool {
	return len(s.Facts)+len(s.Pages)+len(s.Joined)+len(s.Removed) == 0
}

// BriefNews is a fact that came, changed or was closed.
type BriefNews struct {
	Kind   string
	What   string // "New risk", "Commitment changed", "Question answered"
	Title  string
	Note   string // what changed of it
	Source BriefSource
	Who    string
	At     time.Time
}

// BriefChange is a page that has changed.
type BriefChange struct {
	Source  BriefSource
	New     bool
	Who     []string
	At      time.Time
	Added   int // words
	Removed int
	Compare string
	Digest  []BriefPiece
}

// BriefPiece is a bit of changed text: "same", "gone", "new" or "cut".
type BriefPiece struct{ Kind, Text string }

// BriefGroup is the open facts of one kind.
type BriefGroup struct {
	Kind  string
	Title string
	Facts []BriefFact
}

// BriefFact is a fact with where it comes from.
type BriefFact struct {
	Kind   string
	Title  string
	Body   string
	Owner  string
	Due    string
	Late   bool
	New    bool
	State  string // of one that is settled
	Source BriefSource
	Who    string
	At     time.Time
	Stage  string // it was raised in
	Close  string // POST: status, next; "" for readers
	Ways   []Option
}

// BriefAnswer is what the pages seem to say to a question.
type BriefAnswer struct {
	Topic    string
	Question string
	Passages []BriefPassage
}

// BriefPassage is a sentence of a page.
type BriefPassage struct {
	Text   string
	Source BriefSource
}

// BriefSection is a part of a page, taken over.
type BriefSection struct {
	Kind   string
	Title  string
	Lines  []string
	More   int
	Source BriefSource
}

// BriefEntry is an entry of the log.
type BriefEntry struct {
	Date   string
	Text   string
	Source BriefSource
}

// BriefPossible is a sentence that may be a fact.
type BriefPossible struct {
	Kind   string
	Text   string
	Place  string
	Line   int
	Source BriefSource
	Kinds  []Option
}

// BriefWeak is a weak spot and what to do about it.
type BriefWeak struct {
	Text   string
	Do     string
	Source *BriefSource
	Create string // POST
}

// BriefPerson is somebody on the deal and what they know.
type BriefPerson struct {
	Person   Person
	Job      string
	Skills   string
	Versions int
	Last     time.Time
	Pages    []BriefSource
	Owner    bool
}

// BriefReading is a page worth reading.
type BriefReading struct {
	Title    string
	Href     string
	Place    string
	Audience string
	Minutes  int
	Read     bool
	Changed  bool // since it was read
	Why      string
}
