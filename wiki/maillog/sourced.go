package maillog

import (
	"context"
	"strings"
	"time"

	"dealwiki/wiki"
	"dealwiki/wiki/people"
)

// Sourced is something that an outside source tells of a prospect. Everything in
// it comes from outside.
type Sourced struct {
	Item    string // what the item is known by; required
	Title   string
	Link    string // a web address, or ""
	Source  string // the source's name
	Excerpt string // plain text
	At      time.Time
}

// AddSourced keeps what an outside source tells as an entry of the internal log:
// its title, what it says as a quote, where it stands and when. known is true
// when the item is in the log already: then nothing is written and the entry
// there is answered. The caller needs to be an editor.
func (l *Log) AddSourced(ctx context.Context, caller people.Caller, sp *wiki.Space, n Sourced) (e *Entry, known bool, err error) {
	if l.wiki.People().LevelOn(ctx, caller, sp.Prospect()) < people.Editor {
		return nil, false, people.ErrForbidden
	}
	if n.Item = bareID(n.Item); n.Item == "" {
		return nil, false, &wiki.Invalid{Field: "item", Problem: "is not known by anything"}
	}
	l.adding.Lock()
	defer l.adding.Unlock()
	all, err := l.List(ctx, caller, sp)
	if err != nil {
		return nil, false, err
	}
	for i := range all {
		if all[i].Item == n.Item {
			return &all[i], true, nil
		}
	}
	now := l.wiki.Now().UTC()
	at := n.At.UTC()
	if at.Year() < 1990 || at.After(now.Add(48*time.Hour)) {
		at = now
	}
	title := clip(OneLine(n.Title), 150)
	if title == "" {
		title = "Item without a title"
	}
	source := clip(OneLine(n.Source), 100)
	h := header{Kind: Note, Date: at.Format(dayFormat), At: at.Format(time.RFC3339), Source: source, Link: n.Link, Item: n.Item}
	var body strings.Builder
	for line := range strings.Lines(markdown(PlainText(n.Excerpt))) {
		if line = strings.TrimRight(line, "\n"); line == "" {
			body.WriteString(">\n")
		} else {
			body.WriteString("> " + line + "\n")
		}
	}
	if body.Len() > 0 {
		body.WriteByte('\n')
	}
	body.WriteString("**Source:** " + literal(source) + "\\\n")
	if n.Link != "" {
		body.WriteString("**Link:** <" + n.Link + ">\\\n")
	}
	body.WriteString("**Dated:** " + at.Format("2 January 2006, 15:04") + " UTC")
	e, err = l.write(ctx, caller, sp.Internal(), h, title, literal(title), body.String())
	return e, false, err
}

// PlainText reads somebody's text, which may be HTML, as plain text: without
// markup and without characters that cannot be seen, its lines ended by \n.
func PlainText(s string) string {
	return strings.Trim(plain(textOfHTML(s[:min(len(s), maxMailHTML)])), "\n")
}

// OneLine joins the lines of a text and drops what cannot be seen.
func OneLine(s string) string { return oneLine(s) }
