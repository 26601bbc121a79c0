package wiki

import (
	"bytes"
	"context"
	"fmt"
	"sort"
	"strings"
	"unicode"
	"unicode/utf8"

	"dealwiki/content"
	"dealwiki/wiki/people"
)

// maxWarnings is where the warnings about one page end.
const maxWarnings = 100

// warnings tells the sharer of a page what its readers would learn beside what
// the page shows: guests read the source too.
func (s *side) warnings(ctx context.Context, caller people.Caller, c *Crossing, doc *content.Doc, snap, there *snapshot) ([]Warning, error) {
	var out []Warning
	seen := map[string]bool{}
	warn := func(line int, format string, args ...any) {
		w := Warning{Line: line, Text: fmt.Sprintf(format, args...)}
		if !seen[w.Text] && len(out) < maxWarnings {
			seen[w.Text] = true
			out = append(out, w)
		}
	}
	if doc.Front().Raw != nil {
		warn(1, "The settings at the top of the page are not shown, but guests can read them in its source.")
	}
	for rest, at := c.Text, 0; ; {
		i := bytes.Index(rest, []byte("<!--"))
		if i < 0 {
			break
		}
		at += i
		warn(lineAt(c.Text, at), "A remark between <!-- and --> is not shown, but guests can read it in the source.")
		rest, at = rest[i+4:], at+4
	}
	imports, err := s.importMap()
	if err != nil {
		return nil, err
	}
	for _, l := range doc.Links() {
		switch {
		case l.Kind == content.Wiki && l.Prospect != "" && l.Prospect != s.prospect:
			warn(l.Line, "A link names another prospect, %s. Guests read the name in the source; change or remove the link.", l.Prospect)
		case l.Kind == content.Wiki, l.Kind == content.Relative:
			path := s.linkTarget(imports, c.From.Path(), l)
			if l.Kind == content.Relative {
				path = s.linkTarget(imports, c.To.Path(), l)
			}
			if info := s.meant(snap, path, l); info != nil && info.Place != c.From && there.infos[info.Path()] == nil {
				warn(l.Line, "A link names the internal page %s/%s. Guests see it as missing and read the name in the source.", info.Stage, info.Page)
			}
		}
		if strings.Contains(l.Dest, "/p/"+s.prospect+"/internal/") || strings.Contains(l.Dest, "/p/"+s.prospect+"/files/internal/") {
			warn(l.Line, "A link leads to an internal address of this wiki. It does not open for guests, but they can read it.")
		}
	}
	if err := s.warnOfPeople(ctx, c, doc, warn); err != nil {
		return nil, err
	}
	visible := s.w.people.Visible(ctx, caller)
	text := strings.ToLower(string(c.Text))
	for _, slug := range s.w.cat.names() {
		e := s.w.cat.get(slug)
		if e == nil || slug == s.prospect || len(e.Title) < 4 || visible(slug) < people.Viewer {
			continue
		}
		if at := wordIn(text, strings.ToLower(e.Title)); at >= 0 {
			warn(lineAt([]byte(text), at), "The page names another prospect, %s.", e.Title)
		}
	}
	for _, f := range c.Files {
		warn(0, "%s goes along as it is, with what its properties say, such as who wrote it.", f.To.Name)
	}
	sort.SliceStable(out, func(i, j int) bool { return out[i].Line < out[j].Line })
	return out, nil
}

// meant is the internal page that a link on an internal page means.
func (s *side) meant(snap *snapshot, path string, l content.Link) *PageInfo {
	if info := snap.infos[path]; info != nil {
		return info
	}
	if l.Kind == content.Wiki && l.Page != "" && !strings.Contains(l.Page, "/") {
		return snap.infos[snap.names[l.Page]] // a page of that name anywhere
	}
	return nil
}

func (s *side) warnOfPeople(ctx context.Context, c *Crossing, doc *content.Doc, warn func(int, string, ...any)) error {
	all, err := s.w.people.List(ctx)
	if err != nil {
		return err
	}
	mentioned := map[string]bool{}
	for _, handle := range doc.Mentions() {
		mentioned[handle] = true
	}
	text := strings.ToLower(string(c.Text))
	for _, p := range all {
		if p.Guest {
			continue
		}
		if mentioned[p.Handle] {
			warn(lineAt([]byte(text), max(0, strings.Index(text, "@"+strings.ToLower(p.Handle)))), "The page mentions @%s, one of us.", p.Handle)
		}
		if at := wordIn(text, strings.ToLower(p.Name)); at >= 0 && strings.Contains(p.Name, " ") {
			warn(lineAt([]byte(text), at), "The page names %s, one of us.", p.Name)
		}
		if at := strings.Index(text, strings.ToLower(p.Email)); p.Email != "" && at >= 0 {
			warn(lineAt([]byte(text), at), "The page has the mail address of %s.", p.Name)
		}
	}
	return nil
}

// wordIn finds words in a text where they stand by themselves, -1 when they do
// not.
func wordIn(text, words string) int {
	if words == "" {
		return -1
	}
	for at := 0; ; {
		i := strings.Index(text[at:], words)
		if i < 0 {
			return -1
		}
		i += at
		before, _ := utf8.DecodeLastRuneInString(text[:i])
		after, _ := utf8.DecodeRuneInString(text[i+len(words):])
		if !wordRune(before) && !wordRune(after) {
			return i
		}
		at = i + len(words)
	}
}

func wordRune(r rune) bool {
	return r != utf8.RuneError && (unicode.IsLetter(r) || unicode.IsDigit(r))
}

// lineAt is the line of an offset, from 1.
func lineAt(text []byte, at int) int {
	return 1 + bytes.Count(text[:min(at, len(text))], []byte{'\n'})
}
