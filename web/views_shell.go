package web

import (
	"hash/fnv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// The types in the views_*.go files are what the templates of web/ui draw:
// plain data, already decided. A handler fills one and hands it to the
// template that names it in its first line; templates never call back into
// the wiki, so whatever a view does not hold cannot be shown.
//
// Every view embeds Shell. Strings are shown as text; only fields of type
// template.HTML are trusted, and those come from content's sanitiser or from
// the highlighter of search. Addresses are paths of this server. Times are
// drawn in UTC and put into the reader's own zone by the browser; a zero time
// is left out.

// Audiences: who can read what is on the screen.
const (
	AudienceInternal = "internal"
	AudienceExternal = "external"
)

// Shell is what surrounds every screen.
type Shell struct {
	Title    string // of this screen; the site's name and the audience are added
	Audience string // AudienceInternal, AudienceExternal, or "" where it does not apply
	Company  string // the company that runs this wiki, in "Fairlead staff only"
	Theme    string // "light", "dark", or "" to follow the system
	KeysOff  bool   // the reader switched single-key shortcuts off
	Path     string // path and query of this request, for forms that come back here
	Me       *Me    // nil: nobody is signed in, and the bars are left out
	Nav      string // the main place: "pipeline", "search", "playbook", "people", "admin"
	Crumbs   []Crumb
	Flash    *Flash
	Space    *Space // the prospect around this screen; nil outside of one
	Keys     Keys
	Editor   bool // load the editor's script
	Bell     bool // there is an inbox
	Inbox    int  // what is unread in it
}

// Me is the person at the screen.
type Me struct {
	Person Person
	Email  string
	Admin  bool
}

// Keys are the addresses behind the keyboard shortcuts and the phone's bottom
// bar; an empty one is switched off.
type Keys struct {
	Edit    string // E
	Leave   string // Esc
	Brief   string // G B
	History string // G H
	Log     string // L
	Handoff string // H
	Prev    string // [
	Next    string // ]
	About   bool   // the screen has a right rail with the id about-page
}

// Person is somebody as the screen names them.
type Person struct {
	Name     string
	Handle   string
	Initials string // one or two letters
	Color    int    // 1 to 8
	Guest    bool   // drawn square, with the external ring
	Href     string // "" when there is nothing to open
}

// PersonOf draws a person. The colour follows from the id, so it is the same
// on every screen and after a change of name.
func PersonOf(id, name string, guest bool) Person {
	h := fnv.New32a()
	h.Write([]byte(id))
	return Person{Name: name, Initials: Initials(name), Color: int(h.Sum32()%8) + 1, Guest: guest}
}

// Initials are the first letters of the first and last word of a name, in
// upper case; "?" for a name without letters or digits.
func Initials(name string) string {
	words := strings.FieldsFunc(name, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r) && r != '\'' && r != '’'
	})
	if len(words) == 0 {
		return "?"
	}
	first, _ := utf8.DecodeRuneInString(words[0])
	initials := string(unicode.ToUpper(first))
	if len(words) > 1 {
		last, _ := utf8.DecodeRuneInString(words[len(words)-1])
		initials += string(unicode.ToUpper(last))
	}
	return initials
}

// Crumb is a step of the breadcrumb; the last one is where the reader is.
type Crumb struct {
	Label string
	Href  string
}

// Flash is a message about what was just done, or why it was not.
type Flash struct {
	Kind  string // "ok", "warn" or "danger"; only "ok" goes away by itself
	Text  string
	Href  string // with Label: one link, such as to the page
	Label string
	Undo  *Undo `json:",omitempty"` // a button that takes back what was done
}

// Undo is a form that takes something back: Values go to Action by POST.
type Undo struct {
	Action string
	Values map[string]string
}

// Link is a plain link with its place, as in lists of backlinks.
type Link struct {
	Title    string
	Href     string
	Audience string // "" leaves the tag out
	Place    string // stage, or prospect and stage
}

// Option is one choice of a select, of radio buttons or of a row of chips.
type Option struct {
	Value    string
	Label    string
	Hint     string
	Selected bool
}

// Choice is a link that narrows or changes a view; On means it is in force.
type Choice struct {
	Label string
	Href  string
	Icon  string // a name in icons.svg, or "missing" or "unread" for a dot
	Count int    // shown when not zero
	On    bool
}

// Pager leads through a long list by cursor; an empty side is left out.
type Pager struct {
	Prev string
	Next string
	Note string // "Versions 51 to 100 of 212"
}

// Form holds what a person typed and what was wrong with it, by field name.
type Form struct {
	Values map[string]string
	Errors map[string]string // one sentence that says what to do
	Error  string            // about the form as a whole
}

// Space is the frame of every screen inside a prospect.
type Space struct {
	Slug       string
	Name       string
	Href       string // /p/SLUG
	Value      string // "EUR 840k"
	Owner      string
	Day        int // days since the prospect was opened
	Restricted bool
	Outcome    string // "", "won", "lost", "no decision"
	Steps      []Step
	StageName  string
	StageDays  int
	Typical    int // days; 0 when the playbook names none
	Missing    int
	Needed     int
	MissingTo  string // where the chip leads
	Links      []NavLink
	Sections   []NavSection
	CanWrite   bool
	NewPage    string // address of the form for a new page
	Present    string // address that answers who is here; "" without live editing
}

// Over tells that the deal has stood longer in its stage than is typical.
func (s Space) Over() bool { return s.Typical > 0 && s.StageDays > s.Typical }

// Step is one stage of the funnel strip.
type Step struct {
	Name  string
	Href  string
	State string // "done", "current" or "ahead"
}

// NavLink is an entry above the pages: brief, changes, files, settings.
type NavLink struct {
	Label   string
	Href    string
	Icon    string
	Count   string
	Current bool
}

// NavSection is one side of the wall in the navigation.
type NavSection struct {
	Audience string
	Note     string // "staff only", "3 guests can edit"
	Stages   []NavStage
	Empty    string // shown when there are no stages
}

// NavStage is a stage with pages.
type NavStage struct {
	Key   string
	Name  string
	Open  bool
	Now   bool
	Count int
	Pages []NavPage
}

// NavPage is a page, or the place where a needed one is missing.
type NavPage struct {
	Title   string
	Href    string
	Current bool
	Unread  bool
	Missing bool
	Create  string // with Missing: where a POST makes the page from its template; "" for readers
}

// Figure is a number with its name.
type Figure struct {
	Label string
	Value string
	Note  string
}

// PageHead names the page a screen is about.
type PageHead struct {
	Title     string
	Href      string // /p/PROSPECT/SECTION/STAGE/PAGE; /history, /blame, /compare, /move, /delete, /task and /restore below it
	Audience  string
	Stage     string
	StageHref string
	Version   string // commit
	Number    int
	By        Person
	At        time.Time
	Words     int
	Minutes   int
	Tags      []string
	CanWrite  bool
	CanDelete bool
}
