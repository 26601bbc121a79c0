package web

import "time"

// InboxView is what concerns the reader (template inbox). SeeAll takes upto;
// See takes id and seen.
type InboxView struct {
	Shell
	Items   []InboxItem
	Unseen  int
	Upto    int64
	See     string
	SeeAll  string
	Filters []Choice
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
