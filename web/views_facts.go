package web

import "time"

// FactsView is a register: of one prospect, or over all (template facts).
type FactsView struct {
	Shell
	Heading string
	Action  string // GET: q, kind, state, stage, owner, due, sort and, over all, prospect
	Form    map[string]string
	Quick   []Choice
	Kinds   []Option
	States  []Option
	Stages  []Option
	Owners  []Option
	Dues    []Option
	Spaces  []Option // prospects; nil within one
	Sorts   []Option
	Rows    []FactRow
	Count   int
	Late    int
	All     bool   // over all prospects
	Clear   string // the register without filters; "" when there are none
	CSV     string
	Pager   Pager
}

// FactRow is a fact of a register with its life.
type FactRow struct {
	Kind     string
	Name     string // of the kind
	Title    string
	Body     string
	Prospect string
	Space    string // address of the prospect
	Owner    Person
	Due      string
	Late     bool
	State    string
	Standing bool
	Gone     bool
	Copy     bool
	Page     string
	Href     string // the fact on its page, or the history of the page it stood on
	LineHref string // who wrote that line; "" when it is gone
	Line     int
	Audience string
	By       Person // who raised it
	At       time.Time
	Stage    string // it was raised in
	Life     []FactEvent
	Set      string   // POST: what, next; "" for readers
	Ways     []Option // states it can be given
}

// FactEvent is something that happened to a fact.
type FactEvent struct {
	What  string
	By    Person
	At    time.Time
	Stage string
	Note  string
	Href  string // the page as it was then
}

// FactMenu are the buttons beside a fact.
type FactMenu struct {
	Set  string
	Next string
	Ways []Option
}

// CarriedIn lists what is open from the stages before.
type CarriedIn struct {
	Count  int
	Stages []CarriedStage
}

// CarriedStage are the open facts that one stage has left.
type CarriedStage struct {
	Name  string
	Facts []FactLink
}
