package web

import (
	"html/template"
	"time"
)

// PageView is a page as one reads it (template page).
type PageView struct {
	Shell
	Page      PageHead
	Body      template.HTML
	Notice    string // why the page is shown as source
	Old       *OldVersion
	Untouched bool   // still the template's text
	Share     string // where the page is shared or brought back; "" for those who may not
	Customer  string // whom it would be shared with
	Outline   []Heading
	Facts     []FactLink
	Backlinks []Link
	Authors   []Share
	Files     []FileLink
	Comments  *CommentsView // nil on an old version
	Carried   *CarriedIn    // what earlier stages have left open; nil: nothing
	MakeFact  string        // POST: page, kind, text; "" for readers
	Place     string        // SECTION/STAGE/PAGE
}

// OldVersion says that the text is not the current one.
type OldVersion struct {
	Number  int
	At      time.Time
	By      Person
	Commit  string
	Compare string // against now
	Restore bool   // the reader may; posts at to the page's /restore
}

// Heading is an entry of the table of contents.
type Heading struct {
	Text  string
	ID    string
	Level int // 2 or 3; deeper ones are left out
}

// Share is how much of a page somebody wrote. X and Width are percent of the
// bar, from the left.
type Share struct {
	Person  Person
	Percent int
	X       int
	Width   int
}

// FileLink is an attachment beside a page.
type FileLink struct {
	Name  string
	Href  string // the screen about the file
	Size  string
	Icon  string
	At    time.Time
	By    Person
	Used  int // pages that link to it
	Place string
}

// PageMissingView stands where a page could be (template page-missing). Create
// posts title and template to the page's /create; 404 is its status.
type PageMissingView struct {
	Shell
	Name      string // title from the address
	Place     string // "internal/closing/close-plan"
	Create    string // "" for readers
	Templates []Option
	Needed    bool
	About     string // what belongs here, from the playbook
	Similar   []Link
	Backlinks []Link
	Deleted   *Change // the version that removed it, when there was one
}

// EditView is the form editor with preview (template edit). It posts text,
// base, message, and do (save or preview) to Page.Href; the base is the
// version the text started from, empty for a page that is being created.
type EditView struct {
	Shell
	Page     PageHead
	New      bool
	Text     string
	Base     string
	Message  string
	Error    string
	Overlaps []Overlap
	Preview  template.HTML // after do=preview
	Place    string        // SECTION/STAGE/PAGE, for POST /api/v1/render
	FilesAPI string        // address to PUT NAME below
	Upload   string        // address for the upload without scripts
	MaxFile  string        // "25 MB"
	MaxBytes int64
	Readers  string // who reads an external page: "Northwind Rail"
	Files    []FileLink
}

// Overlap is a place that two people changed; the text holds both.
type Overlap struct {
	Line   int
	Ours   string
	Theirs string
}

// HistoryView is the list of versions (template history).
type HistoryView struct {
	Shell
	Page  PageHead
	Days  []VersionDay
	Pager Pager
	Count int
	// Crossings say who shared the page, or brought it back.
	Crossings []CrossingRow
}

// VersionDay groups versions under a day.
type VersionDay struct {
	Label    string
	Versions []VersionRow
}

// VersionRow is one version, or several of one person within ten minutes.
type VersionRow struct {
	Number   int
	Commit   string
	Subject  string
	By       Person
	With     []Person // co-authors
	Pushed   *Person  // who pushed it by git; nil: its author, or nobody
	At       time.Time
	Added    int
	Removed  int
	Href     string // the page as it was
	Compare  string // against the version before
	Renamed  string // the former place
	Deleted  bool
	Current  bool
	Restore  bool
	Grouped  int // further versions joined into this row
	From, To bool
}

// CompareView shows two versions side by side or as one text (template
// compare). The form is a GET with from, to and view.
type CompareView struct {
	Shell
	Page     PageHead
	From, To VersionRow
	FromList []Option
	ToList   []Option
	Added    int // words
	Removed  int
	Source   bool // lines with numbers; else the text flows
	PageHref string
	LineHref string
	Hunks    []DiffHunk
	Same     bool
	Restore  bool // the older version may be restored
	Side     []VersionDay
}

// DiffHunk is a run of changed lines with some around them.
type DiffHunk struct {
	Skipped int    // unchanged lines before this hunk
	Heading string // the heading above, when known
	Blocks  []DiffBlock
}

// DiffBlock is a run of lines of one kind.
type DiffBlock struct {
	Kind  string // "same", "added", "removed", "changed"
	Lines []DiffLine
}

// DiffLine is one line; A and B are its numbers before and after, 0 where it
// is not.
type DiffLine struct {
	A, B  int
	Kind  string // "same", "added", "removed", "changed"
	Spans []DiffSpan
}

// DiffSpan is a piece of a line.
type DiffSpan struct {
	Kind string // "", "ins" or "del"
	Text string
}

// BlameView says who wrote each line (template blame).
type BlameView struct {
	Shell
	Page   PageHead
	Groups []BlameGroup
	People []Share
}

// BlameGroup is a run of lines of one version.
type BlameGroup struct {
	By     Person
	At     time.Time
	Number int
	Href   string
	Age    int // 0 newest to 4 oldest, for the tint
	Lines  []BlameLine
}

// BlameLine is a line of the source.
type BlameLine struct {
	Number int
	Text   string
}

// MoveView moves or renames a page (template move). It posts section, stage,
// page, and confirm when Reveal is set.
type MoveView struct {
	Shell
	Page     PageHead
	Action   string
	Sections []Option
	Stages   []Option
	Name     string // the last part of the address
	Error    string
	Links    []Link // pages that link here
	Reveal   *Reveal
}

// Reveal is what guests would see after the page crossed the wall. To outside
// it asks for the customer's name; the digest is posted as confirm.
type Reveal struct {
	To       string // place after the move
	Customer string
	Readers  []string
	Facts    []FactLink
	Files    []string
	Warnings []string // what readers of the source would learn
	Threads  int      // of comments
	Body     template.HTML
	Source   string // every byte of it
	Digest   string
	Typed    string
	Back     bool // it is brought back from the customer's side
	Resumed  bool // it is there already, by a try that was cut short
}

// DeleteView asks before something goes (template delete). It posts confirm;
// Type, when set, must be typed.
type DeleteView struct {
	Shell
	Page   *PageHead
	What   string // "Close plan", "tender.xlsx", "Northwind Rail"
	Kind   string // "page", "file", "prospect"
	Says   string // what happens, and how to get it back
	Action string
	Cancel string
	Type   string
	Links  []Link
	Error  string
}

// FilesView lists attachments of a prospect and takes new ones (template files).
type FilesView struct {
	Shell
	Sides []FileSide
}

// FileSide is one side's attachments. Upload takes a multipart POST with stage
// and the files in the field "file".
type FileSide struct {
	Audience string
	Upload   string
	Stages   []Option
	Files    []FileLink
	MaxFile  string
}

// FileView shows one attachment (template file).
type FileView struct {
	Shell
	Name      string
	Kind      string // "image", "audio", "video", "table", "text", "pdf" or "other"
	Type      string // media type
	Size      string
	Raw       string // address of the bytes
	Download  string
	At        time.Time
	By        Person
	Subject   string
	Tables    []TableSheet
	Text      template.HTML
	Note      string // why there is no preview, or what was cut
	UsedOn    []Link
	Delete    string
	Embed     string // markdown to put it on a page
	Versions  []VersionRow
	Audiences string
}

// TableSheet is a sheet of a workbook or the rows of a CSV file.
type TableSheet struct {
	Name   string
	Header []string
	Rows   [][]string
	More   int // rows left out
}
