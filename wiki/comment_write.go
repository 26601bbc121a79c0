package wiki

import (
	"bytes"
	"context"
	"encoding/base32"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"dealwiki/content"
	"dealwiki/wiki/people"
	"dealwiki/wiki/repo"
)

// NewThread is what a thread is about and how it begins. The words are named by
// a quote, as the page's source has it or as it reads when drawn, with what
// stands around it where the same words stand on the page several times; or by a
// range of bytes; or by a line. With none of them the thread is about the whole
// page.
type NewThread struct {
	Quote, Before, After string
	Start, End           int       // bytes; both 0 for none
	Line                 int       // from 1; 0 for none. With a quote: near this line
	Version              repo.Hash // the version that all this was seen in; zero: the current one
	Text                 string
}

// mayComment is the one place that decides who may comment on a side: staff who
// read it and guests who were asked to, through a door that may write.
func (sd *Side) mayComment(ctx context.Context, caller people.Caller, section Section) error {
	if section != sd.s.section {
		return ErrNotFound
	}
	if err := sd.may(ctx, caller, people.Viewer); err != nil {
		return err
	}
	if section == External {
		if _, comment := sd.s.w.people.SharedLevel(ctx, caller, sd.s.prospect); !comment {
			return people.ErrForbidden
		}
	}
	if !caller.Can(people.Write) {
		return people.ErrForbidden
	}
	if sd.s.w.beside {
		return fmt.Errorf("commenting beside a running server: %w", ErrLocked)
	}
	return nil
}

// MayComment reports whether the caller may comment on pages of this side.
func (sd *Side) MayComment(ctx context.Context, caller people.Caller) bool {
	return sd.mayComment(ctx, caller, sd.s.section) == nil
}

// MayRemove reports whether the caller may remove a comment: their own, and the
// prospect's owner and administrators any.
func (sd *Side) MayRemove(ctx context.Context, caller people.Caller, by string) bool {
	if caller.IsSystem() || by != "" && by == caller.Person.ID {
		return true
	}
	level := sd.s.w.people.LevelOn(ctx, caller, sd.s.prospect)
	return level >= people.Owner || level >= people.Editor && caller.Person.Role == people.Admin
}

// StartThread begins a conversation about a piece of a page's text. What others
// have typed into the page is made a version first, so that it can be commented
// on as well.
func (sd *Side) StartThread(ctx context.Context, caller people.Caller, place Place, n NewThread) (*Thread, error) {
	if err := sd.mayComment(ctx, caller, place.Section); err != nil {
		return nil, err
	}
	if _, err := sd.Lookup(ctx, caller, place); err != nil {
		return nil, err
	}
	text, err := checkComment(n.Text)
	if err != nil {
		return nil, err
	}
	s := sd.s
	if s.w.rooms != nil {
		if err := s.w.rooms.Flush(ctx, s.prospect, place); err != nil {
			return nil, fmt.Errorf("saving what others have typed: %w", err)
		}
	}
	id := s.w.newCommentID()
	err = s.changeComments(ctx, caller, place, "Comment on", func(file *commentFile, page *Page) error {
		if len(file.Threads) >= maxThreads {
			return &Invalid{Field: "comment", Problem: fmt.Sprintf("cannot be added: there are %d threads on this page already; remove some that are resolved", maxThreads)}
		}
		about, err := s.anchor(ctx, place, page, n)
		if err != nil {
			return err
		}
		file.Threads = append(file.Threads, &fileThread{ID: id, About: about, Comments: []*fileComment{s.w.newComment(caller, text)}})
		return nil
	})
	if err != nil {
		return nil, err
	}
	return sd.thread(ctx, caller, place, id)
}

// anchor finds what a new thread is about and keeps how it stood there.
func (s *side) anchor(ctx context.Context, place Place, page *Page, n NewThread) (fileAnchor, error) {
	if len(n.Quote) > MaxQuote {
		return fileAnchor{}, &Invalid{Field: "quote", Problem: fmt.Sprintf("is longer than %d bytes; choose a shorter piece of the text", MaxQuote)}
	}
	if !utf8.ValidString(n.Quote + n.Before + n.After) {
		return fileAnchor{}, &Invalid{Field: "quote", Problem: "is not valid UTF-8"}
	}
	if strings.TrimSpace(n.Quote) == "" && n.Line == 0 && n.Start == 0 && n.End == 0 {
		return fileAnchor{}, nil
	}
	seen := page
	if !n.Version.IsZero() && n.Version != page.Version {
		var err error
		if seen, err = s.readAt(ctx, place, n.Version); err != nil {
			if errors.Is(err, ErrNotFound) {
				return fileAnchor{}, &Invalid{Field: "version", Problem: "is not one of this page's versions; read the page again"}
			}
			return fileAnchor{}, err
		}
	}
	at, err := wordsOf(seen.Text, n)
	var missing *Invalid
	if seen != page && n.End == 0 && errors.As(err, &missing) {
		seen = page // typed since that version
		at, err = wordsOf(seen.Text, n)
	}
	if err != nil {
		return fileAnchor{}, err
	}
	about := fileAnchor{Quote: quoted(seen.Text[at.Start:at.End]), Version: seen.Version.String(), Bytes: at,
		Line: 1 + bytes.Count(seen.Text[:at.Start], []byte{'\n'})}
	before, after := around(seen.Text, at)
	about.Before, about.After = quoted(before), quoted(after)
	for _, h := range content.Parse(seen.Text).Outline() {
		if h.Line <= about.Line {
			about.Heading = h.Text
		}
	}
	return about, nil
}

// lineMark is what makes a line a heading, quote, callout, list item or task.
var lineMark = regexp.MustCompile(`^\s*(?:(?:>|[-*+]|[0-9]{1,9}[.)]|#{1,6})[ \t]+(?:\[(?:[ xX]|![a-z]+)\][ \t]+)?)*`)

// wordsOf finds the words that a new thread is about in a text.
func wordsOf(text []byte, n NewThread) (span, error) {
	none := func(field, problem string) (span, error) { return span{}, &Invalid{Field: field, Problem: problem} }
	at := span{n.Start, n.End}
	lines := lineStarts(text)
	switch {
	case at != span{}:
		if at.Start < 0 || at.End <= at.Start || at.End > len(text) || !utf8.Valid(text[at.Start:at.End]) {
			return none("start", "and end are not a range of bytes of that version's text")
		}
		if n.Quote != "" && string(text[at.Start:at.End]) != n.Quote {
			return none("quote", "is not what stands between start and end in that version")
		}
	case strings.TrimSpace(n.Quote) != "":
		near := -1
		if n.Line > 0 && n.Line < len(lines) {
			near = lines[n.Line-1]
		}
		l := locator{text: text, loose: loosen(text)}
		found := l.loose.find(n.Quote)
		if len(found) == 0 {
			return none("quote", "is not on the page as it is now; choose the words again")
		}
		at, _ = l.best(found, loosen([]byte(n.Before)).text, loosen([]byte(n.After)).text, near)
	case n.Line < 1 || n.Line >= len(lines):
		return none("line", fmt.Sprintf("is between 1 and %d", len(lines)-1))
	default:
		at = span{lines[n.Line-1], lines[n.Line]}
		at.Start += len(lineMark.Find(text[at.Start:at.End]))
	}
	m := remap{new: text}
	at = m.trim(at)
	switch {
	case at.Start == at.End:
		return none("line", "has no words to comment on")
	case at.End-at.Start > MaxQuote:
		return none("quote", fmt.Sprintf("is longer than %d bytes; choose a shorter piece of the text", MaxQuote))
	}
	return at, nil
}

// Reply adds a comment to a thread. A thread that was resolved stays so.
func (sd *Side) Reply(ctx context.Context, caller people.Caller, place Place, thread, text string) (*Thread, error) {
	text, err := checkComment(text)
	if err != nil {
		return nil, err
	}
	return sd.change(ctx, caller, place, "Reply to a comment on", thread, func(t *fileThread) error {
		if len(t.Comments) >= maxReplies {
			return &Invalid{Field: "comment", Problem: fmt.Sprintf("cannot be added: this thread has %d already; begin a new one", maxReplies)}
		}
		t.Comments = append(t.Comments, sd.s.w.newComment(caller, text))
		return nil
	})
}

// Resolve closes a thread, or opens it again.
func (sd *Side) Resolve(ctx context.Context, caller people.Caller, place Place, thread string, resolved bool) (*Thread, error) {
	verb := "Resolve a comment on"
	if !resolved {
		verb = "Reopen a comment on"
	}
	return sd.change(ctx, caller, place, verb, thread, func(t *fileThread) error {
		if !resolved {
			t.Resolved = nil
		} else if t.Resolved == nil {
			t.Resolved = &fileResolution{By: caller.Person.ID, Name: nameOf(caller), At: sd.s.w.second()}
		}
		return nil
	})
}

// EditComment changes what the caller said. Nobody changes what others said.
func (sd *Side) EditComment(ctx context.Context, caller people.Caller, place Place, comment, text string) (*Thread, error) {
	text, err := checkComment(text)
	if err != nil {
		return nil, err
	}
	thread, err := sd.threadOf(ctx, caller, place, comment)
	if err != nil {
		return nil, err
	}
	return sd.change(ctx, caller, place, "Edit a comment on", thread, func(t *fileThread) error {
		for _, c := range t.Comments {
			if c.ID != comment {
				continue
			}
			if c.By == "" || c.By != caller.Person.ID {
				return people.ErrForbidden
			}
			if string(c.Text) != text {
				c.Text, c.Edited = prose(text), sd.s.w.second()
			}
			return nil
		}
		return ErrNotFound
	})
}

// DeleteComment removes a comment: one's own, or as the prospect's owner or an
// administrator any. A thread goes with its last comment, and is then nil.
func (sd *Side) DeleteComment(ctx context.Context, caller people.Caller, place Place, comment string) (*Thread, error) {
	thread, err := sd.threadOf(ctx, caller, place, comment)
	if err != nil {
		return nil, err
	}
	t, err := sd.change(ctx, caller, place, "Remove a comment on", thread, func(t *fileThread) error {
		i := slices.IndexFunc(t.Comments, func(c *fileComment) bool { return c.ID == comment })
		if i < 0 {
			return ErrNotFound
		}
		if !sd.MayRemove(ctx, caller, t.Comments[i].By) {
			return people.ErrForbidden
		}
		t.Comments = slices.Delete(t.Comments, i, i+1)
		return nil
	})
	if errors.Is(err, errLastComment) {
		return nil, nil
	}
	return t, err
}

// errLastComment says that a thread has gone with its last comment.
var errLastComment = errors.New("the thread has no comments left")

// threadOf finds the thread of a comment.
func (sd *Side) threadOf(ctx context.Context, caller people.Caller, place Place, comment string) (string, error) {
	if err := sd.mayComment(ctx, caller, place.Section); err != nil {
		return "", err
	}
	if _, err := sd.Lookup(ctx, caller, place); err != nil {
		return "", err
	}
	snap, err := sd.s.snapshot(ctx)
	if err != nil {
		return "", err
	}
	file, err := sd.s.comments(snap, place)
	if err != nil {
		return "", err
	}
	t, _ := file.comment(comment)
	if t == nil {
		return "", ErrNotFound
	}
	return t.ID, nil
}

// change changes one thread and answers it as it is then.
func (sd *Side) change(ctx context.Context, caller people.Caller, place Place, verb, id string, f func(*fileThread) error) (*Thread, error) {
	if err := sd.mayComment(ctx, caller, place.Section); err != nil {
		return nil, err
	}
	gone := false
	err := sd.s.changeComments(ctx, caller, place, verb, func(file *commentFile, _ *Page) error {
		t := file.thread(id)
		if t == nil {
			return ErrNotFound
		}
		if err := f(t); err != nil {
			return err
		}
		if gone = len(t.Comments) == 0; gone {
			file.Threads = slices.DeleteFunc(file.Threads, func(o *fileThread) bool { return o == t })
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if gone {
		return nil, errLastComment
	}
	return sd.thread(ctx, caller, place, id)
}

// thread answers one thread as it is now.
func (sd *Side) thread(ctx context.Context, caller people.Caller, place Place, id string) (*Thread, error) {
	all, err := sd.Comments(ctx, caller, place)
	if err != nil {
		return nil, err
	}
	for i := range all {
		if all[i].ID == id {
			return &all[i], nil
		}
	}
	return nil, ErrNotFound
}

// changeComments changes a page's comments in a commit of the caller. It starts
// from what is there under the writer lock, so nobody's comment is lost; a file
// that cannot be read is left alone.
func (s *side) changeComments(ctx context.Context, caller people.Caller, place Place, verb string, f func(*commentFile, *Page) error) error {
	s.write.Lock()
	defer s.write.Unlock()
	snap, err := s.snapshot(ctx)
	if err != nil {
		return err
	}
	info := snap.infos[place.Path()]
	if info == nil {
		return ErrNotFound
	}
	page, err := s.read(ctx, *info)
	if err != nil {
		return err
	}
	file, err := s.comments(snap, place)
	if err != nil {
		return err
	}
	if err := f(file, page); err != nil {
		return err
	}
	edit := repo.Edit{Path: commentsPath(place)}
	if edit.Delete = len(file.Threads) == 0 && len(file.Extra) == 0; !edit.Delete {
		if edit.Data, err = file.encode(); err != nil {
			return err
		}
		if len(edit.Data) > maxCommentsFile {
			return &Invalid{Field: "comment", Problem: "cannot be added: all comments of a page together take at most 2 MB; remove some threads that are resolved"}
		}
		// What cannot be read back must not get into git, where it would lock
		// everybody out of the page's comments.
		if _, err := parseComments(edit.Data); err != nil {
			return fmt.Errorf("checking the comments of %s: %w", place, err)
		}
	}
	_, err = s.commit(ctx, caller, snap.head, []repo.Edit{edit}, verb+" "+info.Title)
	if errors.Is(err, repo.ErrNoChange) {
		return nil
	}
	if err == nil && s.w.rooms != nil {
		s.w.rooms.Commented(s.prospect, place)
	}
	return err
}

// recentVersions is how many versions of a restored page may have been made
// since it was deleted: the restored text, and one that gives ids to its facts.
const recentVersions = 5

// restoreComments brings back the comments that went with a deleted page; the
// page is there again. The version that removed them is where they are found.
func (s *side) restoreComments(ctx context.Context, caller people.Caller, place Place) error {
	s.write.Lock()
	defer s.write.Unlock()
	snap, err := s.snapshot(ctx)
	if err != nil {
		return err
	}
	path := commentsPath(place)
	if _, ok := snap.files[path]; ok {
		return nil
	}
	blob, ok, err := s.pastComments(ctx, place)
	if err != nil || !ok {
		return err
	}
	_, err = s.commit(ctx, caller, snap.head, []repo.Edit{{Path: path, Blob: blob}}, "Restore the comments on "+s.titleAt(snap, place))
	return err
}

// pastComments finds the comments that went with a page when it was removed; ok
// is false when there were none.
func (s *side) pastComments(ctx context.Context, place Place) (blob repo.Hash, ok bool, err error) {
	removed, err := s.w.history.Versions(ctx, s.name(), place.Path(), recentVersions, repo.Zero)
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return repo.Zero, false, nil
		}
		return repo.Zero, false, fmt.Errorf("finding the comments of %s: %w", place, err)
	}
	i := slices.IndexFunc(removed, func(v repo.Version) bool { return v.Deleted })
	past, err := s.w.history.Versions(ctx, s.name(), commentsPath(place), 2, repo.Zero)
	if errors.Is(err, fs.ErrNotExist) || err == nil && (i < 0 || removed[i].Moved || len(past) < 2 || past[0].Commit != removed[i].Commit) {
		return repo.Zero, false, nil // there were none when the page was deleted, or they went with it elsewhere
	}
	if err != nil {
		return repo.Zero, false, fmt.Errorf("finding the comments of %s: %w", place, err)
	}
	return past[1].Blob, true, nil
}

func (s *side) titleAt(snap *snapshot, place Place) string {
	if info := snap.infos[place.Path()]; info != nil {
		return info.Title
	}
	return titleOf(place.Page)
}

func (w *Wiki) newComment(caller people.Caller, text string) *fileComment {
	return &fileComment{ID: w.newCommentID(), By: caller.Person.ID, Name: nameOf(caller), At: w.second(), Text: prose(text)}
}

// second is the time as comments keep it.
func (w *Wiki) second() time.Time { return w.now().UTC().Truncate(time.Second) }

func nameOf(caller people.Caller) string { return identity(caller.Person).Name }

// newCommentID is the id of a thread or comment: longer than those of facts, so
// that both can name elements of one page.
func (w *Wiki) newCommentID() string {
	var b [6]byte
	_, _ = io.ReadFull(w.random, b[:]) // crypto/rand never fails
	return strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(b[:]))
}

// checkComment answers what somebody said as it is kept: with plain line ends
// and nothing empty around it.
func checkComment(text string) (string, error) {
	text = strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\n"), "\r", "\n")
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		lines[i] = strings.TrimRight(line, " \t")
	}
	text = strings.Trim(strings.Join(lines, "\n"), "\n")
	switch {
	case utf8.ValidString(text) && blank(text):
		return "", &Invalid{Field: "comment", Problem: "is empty; write what you want to say"}
	case len(text) > MaxComment:
		return "", &Invalid{Field: "comment", Problem: fmt.Sprintf("is longer than %d bytes; put the long text on a page and link it", MaxComment)}
	case !utf8.ValidString(text):
		return "", &Invalid{Field: "comment", Problem: "is not valid UTF-8"}
	case !printableLines(text):
		return "", &Invalid{Field: "comment", Problem: "holds a control character, or one that turns the direction of text"}
	}
	return text, nil
}
