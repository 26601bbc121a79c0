package web

import "time"

// InboxView is what concerns the reader (template inbox). SeeAll takes upto;
// See takes seen and id: one, or several with spaces between them.
type InboxView struct {
	Shell
	Items   []InboxItem  // meant for the reader, or said where they watch
	Changes []InboxGroup // what else has changed, the latest first
	New     bool         // some of it is not read
	Unseen  int
	Upto    int64
	See     string
	SeeAll  string
	Filters []Choice
}

// InboxGroup is the changes of a day on one prospect.
type InboxGroup struct {
	Prospect string
	Href     string
	Day      string
	What     string // such as "3 pages"
	Who      string // who changed them
	Seen     bool   // all of it
	IDs      string // of all of it, for See
	Items    []InboxItem
}

// InboxItem is one notice.
type InboxItem struct {
	ID       int64
	Kind     string
	Icon     string
	Who      Person
	By       bool // somebody did it; false: the wiki itself
	Says     string
	Title    string
	Href     string
	Prospect string
	Audience string
	Text     string
	At       time.Time
	Times    int
	Seen     bool
}
