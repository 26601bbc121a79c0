package web

import (
	"html/template"
	"time"
)

// SearchView is the results page (template search).
type SearchView struct {
	Shell
	Query  string
	Total  int
	Took   time.Duration
	Facets []Facet
	Chips  []Choice // filters in force; the link removes one
	Facts  []Hit
	Known  []KnowerRow // on the first piece: who knows about it
	Hits   []Hit
	Sort   []Option
	Pager  Pager
	Error  string // what is wrong with the query
	Help   bool   // nothing was asked yet
	Scope  string // slug of the prospect searched in; "" for all
	Within string // its name
}

// Facet is a group of filters.
type Facet struct {
	Title  string
	Values []FacetValue
}

// FacetValue is one filter with its number of hits.
type FacetValue struct {
	Label    string
	Href     string
	Count    int
	On       bool
	Audience string
}

// Hit is a page, fact, file or prospect found.
type Hit struct {
	Title    template.HTML // highlighted
	Href     string
	Kind     string // "page", "file", "prospect", or a kind of fact
	Audience string
	Place    string
	Fragment template.HTML
	By       string
	At       time.Time
	Where    string // "sheet Prices", "page 4"
}

// PaletteItem is one line of the palette: GET /-/palette?q=&p=PROSPECT answers
// {"items":[…]}, best first; the browser groups them by kind.
type PaletteItem struct {
	Kind     string `json:"kind"` // page, prospect, person, command, fact, file
	Title    string `json:"title"`
	Href     string `json:"href"`
	Hint     string `json:"hint"`
	Section  string `json:"section"` // internal, external or ""
	Shortcut string `json:"shortcut,omitempty"`
}
