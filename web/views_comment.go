package web

import (
	"cmp"
	"html/template"
	"regexp"
	"strings"
	"time"
)

// CommentsView is what people say about a page (template part comments). All its
// forms post to Action with do: start, reply, edit, remove, resolve or reopen.
type CommentsView struct {
	Action   string
	Audience string
	Version  string // of the text that is shown
	May      bool   // the reader may comment
	People   string // address that answers who may be named
	Note     string // address of a new internal page; "" when the reader may not write
	Problem  string // why the comments cannot be read
	Open     []CommentThread
	Resolved []CommentThread
}

// CommentThread is a conversation about words of the page, or about the whole
// page when Quote is empty. It is the element c-ID.
type CommentThread struct {
	In       *CommentsView // what it is part of
	ID       string
	Quote    string // as its first comment saw it
	Now      string // the words as they are now
	Before   string
	After    string
	Heading  string
	Gone     bool
	At       float64 // how far down the text the words are, 0 to 1
	Comments []CommentItem
	Resolved *CommentResolution
	Note     string // address of a new internal page that begins with the quote
}

// Words are what the thread is about as they read, without the marks of the
// source.
func (t CommentThread) Words() string {
	words := cmp.Or(t.Now, t.Quote)
	for _, m := range sourceMarks {
		words = m.find.ReplaceAllString(words, m.by)
	}
	return cmp.Or(strings.Join(strings.Fields(words), " "), t.Quote)
}

// sourceMarks are what stands in the source of a page and is not read.
var sourceMarks = []struct {
	find *regexp.Regexp
	by   string
}{
	{regexp.MustCompile(`(^|\s)(?:@[\pL\pN\pM-]+|\^[-0-9a-z]+|(?:due|status|role|influence|access|by|met):\S+)`), "$1"},
	{regexp.MustCompile(`^\s*\[![a-z]+\]\s*`), ""},
	{regexp.MustCompile(`\[\[(?:[^\]|\n]*\|)?([^\]\n]*)\]\]`), "$1"},
	{regexp.MustCompile(`!?\[([^\]\n]*)\]\([^)\n]*\)`), "$1"},
	{regexp.MustCompile("\\*\\*|__|~~|`"), ""},
}

// Short is the quote, cut to a few words.
func (t CommentThread) Short() string {
	words := strings.Fields(t.Words())
	if len(words) <= 8 {
		return strings.Join(words, " ")
	}
	return strings.Join(words[:8], " ") + "…"
}

// CommentItem is what somebody said. It is the element c-ID.
type CommentItem struct {
	ID     string
	By     Person
	At     time.Time
	Edited time.Time // zero: never
	HTML   template.HTML
	Text   string // its markdown
	Mine   bool   // the reader may change it
	Remove bool   // the reader may remove it
}

// CommentResolution says who closed a thread.
type CommentResolution struct {
	By Person
	At time.Time
}
