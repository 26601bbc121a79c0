package web

import (
	"html/template"
	"time"
)

// HandoffFormView is the form by which a deal is handed over (template
// handoff-form). It posts from, to, last, receiver and the fields that its rows
// name to Action, with do: offer, alone or preview.
type HandoffFormView struct {
	Shell
	Silent    bool // nothing was said: asked once before it is offered
	Form      Form
	Action    string
	Heading   string
	From, To  string // keys of stages
	FromName  string
	ToName    string
	Last      int
	Kind      string // forward, back, lead or nurture
	Targets   []Choice
	Open      *HandoffRow // the one that waits for an answer: nothing can be offered
	Returned  *HandoffRow
	Criteria  []CriterionRow
	Needed    []NeededRow
	There     int // needed pages that are
	Facts     []HandedGroup
	FactCount int
	Documents []DocumentRow
	Receivers []Option
	Warn      string // whose job is told early: "delivery"
	Preview   template.HTML
	Draft     string // key of what the browser keeps
	Tomorrow  string // YYYY-MM-DD
}

// CriterionRow is an exit criterion with what was typed.
type CriterionRow struct {
	ID, Text, Evidence, Waived string
	Met                        bool
}

// NeededRow is a needed page with what was typed.
type NeededRow struct {
	Place, Title, Href, Audience, Create, Waived string
	Present                                      bool
}

// HandedGroup is the facts of a kind.
type HandedGroup struct {
	Kind  string
	Open  bool
	Facts []HandedFact
}

// HandedFact is a fact that is handed over.
type HandedFact struct {
	ID, Kind, Title, Href, Audience, Place, Owner, Due string
	As                                                 string // carry, close or not-sold
	Choices                                            []Option
	Acknowledged                                       bool
}

// DocumentRow is an external page that the customer may have.
type DocumentRow struct {
	Place, Title, Href string
	Number             int
	State              string // "", sent or agreed
	Choices            []Option
}

// HandoffRow is a handoff in a list.
type HandoffRow struct {
	Number       int
	Href         string
	From, To     string // names of stages
	Kind         string
	State        string // offered, acknowledged, accepted, returned, withdrawn
	Label        string // the state in words: "Waiting for Tom"
	Chip         string // class of the chip, "" for a plain one
	Node         string // class of the mark in the timeline
	Icon         string
	By, Holder   Person
	Self         bool
	At           time.Time
	Answered     time.Time
	Commitments  int
	Acknowledged int
	Stars        Stars // rounded mean of the ratings; 0 when there are none
	Reply        string
	Missing      string
	Note         string
	Again        int
	AsItWas      string
	Changes      *HandoffChanges // with the newest accepted one
}

// Stars is a rating of 1 to 5.
type Stars int

// Each tells for each of the five stars whether it is full.
func (s Stars) Each() (out [5]bool) {
	for i := range out {
		out[i] = i < int(s)
	}
	return out
}

// HandoffChanges is what became of facts since a handoff.
type HandoffChanges struct {
	Number   int           // of the handoff
	Accepted bool          // it counts from then, else from the offer
	Pages    string        // address of all that is new since, pages too
	Rows     []ChangedFact // facts first
	More     []ChangedFact // what is folded away: further facts, then tasks
	Tasks    int           // of More
	Raised   int
	Changed  int
	Ended    int
	Action   string   // posts the ids of Mine to acknowledge; "" when none wait for the reader
	Mine     []string // ids that wait for the reader
	Waiting  []Person // whoever else has not acknowledged
}

// ChangedFact is one of them.
type ChangedFact struct {
	Kind, Href, Verb string
	By               Person
	At               time.Time
	Words            []WordSpan
	Note             string
}

// WordSpan is a piece of a comparison: Op is "", "ins" or "del".
type WordSpan struct{ Op, Text string }

// HandoffsView is the history of handoffs (template handoffs).
type HandoffsView struct {
	Shell
	Rows    []HandoffRow
	Summary string
	Figures []Figure
	Waiting []Link // for the reader to answer or acknowledge
	New     string // address of the form; "" for readers
	Outcome string // address of the form on how it ended; "" for who may not
	Next    string // address that makes the next opportunity by POST; "" unless the deal is won
}

// HandoffView is one handoff (template handoff).
type HandoffView struct {
	Shell
	Row                                                     HandoffRow
	Body                                                    template.HTML // the record for people
	Form                                                    Form
	Action                                                  string       // /accept, /return, /delegate, /withdraw, /remind, /rate and /acknowledge below it
	Facts                                                   []HandedFact // commitments that come along
	Scales                                                  []RatingScale
	Receivers                                               []Option
	Answers                                                 []AnswerRow
	Prev                                                    string
	Next                                                    string
	CanAnswer, CanDelegate, CanWithdraw, CanRemind, CanRate bool
	Again                                                   string // address of the form that offers a returned one again
	Heads                                                   string // version of the internal side that it was made of
	Lead                                                    bool
}

// RatingScale is one question answered 1 to 5.
type RatingScale struct {
	Name, Label, Hint string
	Choices           []Option
	Error             string
}

// AnswerRow is something said to a handoff.
type AnswerRow struct {
	By   Person
	At   time.Time
	What string
	Text string
}

// OutcomeView is the form on how a deal ended (template outcome). It posts
// outcome, date and reason.
type OutcomeView struct {
	Shell
	Form     Form
	Action   string
	Outcomes []Option
	Reasons  []string // offered while typing
	Review   string   // address of the win/loss review; "" when there is none
}

// PastView is the space as it was at a handoff (template past).
type PastView struct {
	Shell
	Row    HandoffRow
	Query  string
	Stages []PastStage
	Count  int
}

// PastStage is a stage with the pages that it had.
type PastStage struct {
	Name  string
	Pages []SpacePage
}

// PastPageView is a page as it was at a handoff (template past-page).
type PastPageView struct {
	Shell
	Row     HandoffRow
	Page    PageHead
	Body    template.HTML
	Notice  string
	Now     string // the page as it is; "" when it has gone
	Compare string
}

// IncomingView lists the deals that are coming (template incoming).
type IncomingView struct {
	Shell
	Rows []IncomingRow
}

// IncomingRow is a deal on its way to those who deliver it. Ack takes days and
// note by POST.
type IncomingRow struct {
	Title, Href, Brief, Stage, Value, Start, Ack string
	Owner                                        Person
	Won                                          bool
	Late                                         bool   // its start has passed
	Soon                                         bool   // nobody has answered, and it starts soon
	Misfit                                       string // a ramp-up that is longer than what is left; "" when all fit
	Told                                         []Person
	Acks                                         []ReadyRow
	Mine                                         *ReadyRow
	Offered                                      *HandoffRow
	Form                                         Form // what was refused
}

// ReadyRow is somebody's answer to an early warning.
type ReadyRow struct {
	By   Person
	Days int
	Note string
	At   time.Time
}

// NurturingView lists the deals that sleep (template nurturing).
type NurturingView struct {
	Shell
	Rows []NurturingRow
	Now  []NurturingRow // to be woken
}

// NurturingRow is one of them. Wake is a POST.
type NurturingRow struct {
	Title, Href, Stage, Value, Reason, Since, Day, Wake string
	Owner                                               Person
}
