package wiki

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"dealwiki/content"
	"dealwiki/wiki/people"
	"dealwiki/wiki/repo"
)

// Limits of comments.
const (
	MaxComment = 10_000 // bytes of one comment
	MaxQuote   = 4_000  // bytes of the text that a thread is about

	maxThreads      = 500     // on one page
	maxReplies      = 200     // comments of one thread
	maxCommentsFile = 2 << 20 // bytes of a page's comments
	maxLocated      = 8 << 20 // bytes of old versions compared to place the threads of one page
)

// Thread is a conversation about a piece of a page's text, or about the page as
// a whole when Quote is empty.
//
// What it is about is kept as it was when the thread began: the words, what
// stood around them, the heading above, and where in which version. Start to
// Line say where those words are in the page's current version, whatever has
// happened to it since; Gone says that they are no longer there.
type Thread struct {
	ID       string // names its element on a page too, as c-ID
	Quote    string // as the page's source had it
	Before   string // the source just before the quote
	After    string // the source just behind it
	Heading  string // plain text of the heading above, "" when there is none
	Version  repo.Hash
	Comments []Comment   // oldest first; never none
	Resolved *Resolution // nil while the thread is open

	Gone       bool   // the words are no longer on the page
	Start, End int    // bytes in the current text; 0, 0 when gone or about the whole page
	Line       int    // of Start, from 1; 0 when gone or about the whole page
	Now        string // the words as they are now, shortened when they have become very long
}

// Comment is what one person said.
type Comment struct {
	ID     string
	By     string // person id; "" for somebody who has no account here
	Name   string // as it was then
	At     time.Time
	Edited time.Time // zero: never
	Text   string    // markdown
}

// Resolution says who closed a thread.
type Resolution struct {
	By   string // person id
	Name string
	At   time.Time
}

// Open reports whether the thread waits for somebody.
func (t *Thread) Open() bool { return t.Resolved == nil }

// Mentions are the handles that the comment names, in order and each once.
func (c *Comment) Mentions() []string {
	if !strings.Contains(c.Text, "@") {
		return nil
	}
	return content.Parse(c.Source()).Mentions()
}

// Source is the text as markdown to be parsed: what looks like the settings at
// the top of a page is none.
func (c *Comment) Source() []byte { return []byte("\n" + c.Text) }

// commentsExt ends the file of a page's comments.
const commentsExt = ".comments.yaml"

func commentsPath(p Place) string { return p.Stage + "/" + p.Page + commentsExt }

// CommentsOf reads a repository path as the comments of a page; ok is false for
// every other file.
func CommentsOf(section Section, path string) (Place, bool) {
	page, ok := strings.CutSuffix(path, commentsExt)
	if !ok {
		return Place{}, false
	}
	return PlaceOf(section, page+pageExt)
}

// Comments answers the threads of a page in the order of its text: first those
// about the whole page, last those whose words are gone. A file of comments that
// cannot be read is *Invalid and says which line to mend.
func (sd *Side) Comments(ctx context.Context, caller people.Caller, place Place) ([]Thread, error) {
	info, err := sd.Lookup(ctx, caller, place)
	if err != nil {
		return nil, err
	}
	snap, err := sd.s.snapshot(ctx)
	if err != nil {
		return nil, err
	}
	file, err := sd.s.comments(snap, place)
	if err != nil || len(file.Threads) == 0 {
		return nil, err
	}
	page, err := sd.s.read(ctx, info)
	if err != nil {
		return nil, err
	}
	return sd.s.locate(ctx, place, page, file.Threads), nil
}

// Said answers the threads of a page as they were written: where they stand in its
// text is left open. It costs no look at old versions.
func (sd *Side) Said(ctx context.Context, caller people.Caller, place Place) ([]Thread, error) {
	if _, err := sd.Lookup(ctx, caller, place); err != nil {
		return nil, err
	}
	snap, err := sd.s.snapshot(ctx)
	if err != nil {
		return nil, err
	}
	file, err := sd.s.comments(snap, place)
	if err != nil {
		return nil, err
	}
	return file.threads(), nil
}

// HasComments reports whether a page has any comments, without reading them.
func (sd *Side) HasComments(ctx context.Context, caller people.Caller, place Place) (bool, error) {
	if _, err := sd.Lookup(ctx, caller, place); err != nil {
		return false, err
	}
	snap, err := sd.s.snapshot(ctx)
	if err != nil {
		return false, err
	}
	_, ok := snap.files[commentsPath(place)]
	return ok, nil
}

// comments reads the comments of a page, which may be none.
func (s *side) comments(snap *snapshot, place Place) (*commentFile, error) {
	f, ok := snap.files[commentsPath(place)]
	if !ok {
		return &commentFile{}, nil
	}
	if f.Size > maxCommentsFile {
		return nil, &Invalid{Field: commentsPath(place), Problem: "is larger than 2 MB; remove old threads from it in a clone"}
	}
	data, err := s.repo.Blob(f.Blob)
	if err != nil {
		return nil, fmt.Errorf("reading the comments of %s: %w", place, err)
	}
	file, err := parseComments(data)
	if err != nil {
		return nil, &Invalid{Field: commentsPath(place), Problem: err.Error()}
	}
	return file, nil
}

// ParseComments reads the bytes of a page's comments, for what follows commits.
// Where threads stand in a page's text is left open.
func ParseComments(data []byte) ([]Thread, error) {
	file, err := parseComments(data)
	if err != nil {
		return nil, &Invalid{Field: "the file of comments", Problem: err.Error()}
	}
	return file.threads(), nil
}

func (f *commentFile) threads() []Thread {
	var out []Thread
	for _, t := range f.Threads {
		out = append(out, t.thread())
	}
	return out
}

// locate finds where threads stand in a page's current text.
func (s *side) locate(ctx context.Context, place Place, page *Page, threads []*fileThread) []Thread {
	out := make([]Thread, 0, len(threads))
	l := locator{text: page.Text, old: map[repo.Hash]*remap{}, budget: maxLocated}
	l.read = func(at repo.Hash) ([]byte, error) {
		if at == page.Version {
			return page.Text, nil
		}
		p, err := s.readAt(ctx, place, at)
		if err != nil {
			if !errors.Is(err, ErrNotFound) && ctx.Err() == nil {
				s.w.log.Warn("reading the version a comment was made on", "page", s.name()+"/"+place.Path(), "version", at, "err", err)
			}
			return nil, err
		}
		return p.Text, nil
	}
	for _, f := range threads {
		t := f.thread()
		if len(t.Comments) == 0 {
			continue // kept in the file, but there is nothing to show
		}
		l.locate(&t, f.About.Bytes)
		out = append(out, t)
	}
	slices.SortStableFunc(out, func(a, b Thread) int {
		return cmp.Or(cmp.Compare(a.rank(), b.rank()), cmp.Compare(a.Start, b.Start), a.Comments[0].At.Compare(b.Comments[0].At), cmp.Compare(a.ID, b.ID))
	})
	return out
}

// rank orders threads about the whole page, about words, about words that are gone.
func (t *Thread) rank() int {
	switch {
	case t.Gone:
		return 2
	case t.Quote != "":
		return 1
	}
	return 0
}
