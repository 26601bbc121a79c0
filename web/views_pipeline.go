package web

import "time"

// PipelineView is how the sale as a whole stands (template pipeline). The form
// asks for from, to, owner and currency by GET.
type PipelineView struct {
	Shell
	From, To   string
	Owners     []Option
	Currencies []Option // of the amounts; nil where there is one only
	CSV        string   // address
	Notes      []string // what was left out, and why
	Figures    []KeyFigure
	Cards      []ChartCard
	Asked      []AskedDeal
	Empty      bool // there is no deal at all
}

// KeyFigure is a number with its name and how it is worked out.
type KeyFigure struct {
	Label string
	Value string
	Note  string
	How   string
}

// ChartCard is a finding: a sentence, a chart, the same as a table, and how it
// is worked out.
type ChartCard struct {
	ID     string
	Span   int // 5, 6, 7 or 12 of the 12 columns
	Title  string
	Note   string
	Charts []Drawing // for wide and narrow screens; nil shows the table alone
	Table  Table
	How    []string
}

// Table is plain cells; a row's first cell is its head.
type Table struct {
	Head []string
	Rows [][]TableCell
}

// TableCell is a cell, with a link if need be.
type TableCell struct {
	Text string
	Href string
	Warn bool
}

// Drawing is a chart as marks in its own units.
type Drawing struct {
	Class  string // chart-wide or chart-narrow
	Width  int
	Height int
	Label  string // says what it shows to those who cannot see it
	Marks  []Mark
}

// Mark is one shape of a drawing: a "rect" (X, Y, W, H), "line" (X, Y to W, H),
// "dot" (X, Y), "path" (Points) or "text" (X, Y, Text).
type Mark struct {
	Kind, Class string
	X, Y, W, H  float64
	Points      string
	Text        string
}

// AskedDeal is a deal whose owner has to say whether it is alive. Alive posts
// prospect and expected to /pipeline/alive.
type AskedDeal struct {
	Slug    string
	Name    string
	Href    string
	Stage   string
	Value   string
	Owner   Person
	Why     []string
	Mine    bool
	Close   string // the expected close where it has passed
	Alive   bool   // the reader may say so
	Lost    string // where one says that it is lost; "" for those who may not
	Nurture string // where one puts it to sleep
	Updated time.Time
}
