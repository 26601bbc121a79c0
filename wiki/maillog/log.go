package maillog

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"gopkg.in/yaml.v3"

	"dealwiki/content"
	"dealwiki/wiki"
	"dealwiki/wiki/people"
)

// Config says what a log needs.
type Config struct {
	Wiki   *wiki.Wiki   // required
	Logger *slog.Logger // optional: nil discards
	// MaxMail is the largest mail in bytes; zero means 25 MB.
	MaxMail int64
}

const (
	defaultMaxMail = 25 << 20
	cachedHeaders  = 20_000
	maxTitle       = 200 // bytes
	maxTries       = 50  // names tried for one entry
)

// Log is the communications log of all prospects.
type Log struct {
	wiki    *wiki.Wiki
	log     *slog.Logger
	maxMail int64

	adding sync.Mutex // one mail is added at a time, so that none is added twice

	mu      sync.Mutex
	headers map[headerKey]header
}

type headerKey struct {
	prospect string
	place    wiki.Place
	version  string
}

// New makes a log.
func New(cfg Config) *Log {
	l := &Log{wiki: cfg.Wiki, log: cfg.Logger, maxMail: cfg.MaxMail, headers: map[headerKey]header{}}
	if l.log == nil {
		l.log = slog.New(slog.DiscardHandler)
	}
	if l.maxMail == 0 {
		l.maxMail = defaultMaxMail
	}
	return l
}

// MaxMail is the largest mail that is taken, in bytes.
func (l *Log) MaxMail() int64 { return l.maxMail }

// List answers the entries of both sides, the newest first.
func (l *Log) List(ctx context.Context, caller people.Caller, sp *wiki.Space) ([]Entry, error) {
	var out []Entry
	for _, side := range sp.Sides() {
		pages, err := side.Pages(ctx, caller)
		if err != nil {
			return nil, err
		}
		for _, info := range pages {
			if info.Stage != wiki.StageLog {
				continue
			}
			h, err := l.header(ctx, caller, side, info)
			if errors.Is(err, wiki.ErrNotFound) {
				continue // gone in between
			}
			if err != nil {
				return nil, err
			}
			out = append(out, entryOf(info, h))
		}
	}
	slices.SortStableFunc(out, func(a, b Entry) int {
		if c := b.At.Compare(a.At); c != 0 {
			return c
		}
		return strings.Compare(b.Place.String(), a.Place.String())
	})
	thread(out)
	return out, nil
}

func (l *Log) header(ctx context.Context, caller people.Caller, side *wiki.Side, info wiki.PageInfo) (header, error) {
	key := headerKey{side.Prospect(), info.Place, info.Version.String()}
	l.mu.Lock()
	h, ok := l.headers[key]
	l.mu.Unlock()
	if ok {
		return h, nil
	}
	page, err := side.Read(ctx, caller, info.Place)
	if err != nil {
		return header{}, err
	}
	h = readHeader(content.Parse(page.Text).Front())
	key.version = page.Version.String()
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.headers) >= cachedHeaders {
		clear(l.headers)
	}
	l.headers[key] = h
	return h, nil
}

// thread gives entries that are joined by Message-IDs the same thread: the
// place of the oldest of them. Entries are the newest first.
func thread(all []Entry) {
	parent := make([]int, len(all))
	for i := range parent {
		parent[i] = i
	}
	var root func(int) int
	root = func(i int) int {
		for parent[i] != i {
			parent[i] = parent[parent[i]]
			i = parent[i]
		}
		return i
	}
	at := map[string]int{} // by a Message-ID that is named
	join := func(i int, id string) {
		if id == "" {
			return
		}
		j, ok := at[id]
		if !ok {
			at[id] = i
			return
		}
		// The later index is the older entry, which names the thread.
		a, b := root(i), root(j)
		parent[min(a, b)] = max(a, b)
	}
	for i := range all {
		join(i, all[i].MessageID)
		join(i, all[i].InReplyTo)
		for _, id := range all[i].References {
			join(i, id)
		}
	}
	for i := range all {
		all[i].Thread = all[root(i)].Place.String()
	}
}

// New entry, as somebody tells it.
type NewEntry struct {
	Section wiki.Section // "" is internal
	Kind    Kind         // "" is a note
	Date    string       // YYYY-MM-DD; "" is today
	People  []string
	Title   string // one line; required
	Text    string // markdown; may be empty
}

// Add writes an entry on the side that it names, internal by default. The
// caller needs to be an editor.
func (l *Log) Add(ctx context.Context, caller people.Caller, sp *wiki.Space, n NewEntry) (*Entry, error) {
	side, err := sideOf(sp, n.Section)
	if err != nil {
		return nil, err
	}
	now := l.wiki.Now().UTC()
	if n.Kind == "" {
		n.Kind = Note
	}
	if !n.Kind.valid() {
		return nil, &wiki.Invalid{Field: "kind", Problem: "is call, meeting, mail or note"}
	}
	h := header{Kind: n.Kind, Date: strings.TrimSpace(n.Date)}
	if h.Date == "" {
		h.Date = now.Format(dayFormat)
	}
	day, err := time.Parse(dayFormat, h.Date)
	if err != nil || day.Year() < 1970 || day.After(now.AddDate(1, 0, 0)) {
		return nil, &wiki.Invalid{Field: "date", Problem: "is a day such as 2026-11-12, not more than a year ahead"}
	}
	if h.Date == now.Format(dayFormat) {
		h.At = now.Format(time.RFC3339)
	}
	for _, p := range n.People {
		h.People = append(h.People, splitPeople(oneLine(p))...)
	}
	if len(h.People) > maxPeople {
		return nil, &wiki.Invalid{Field: "people", Problem: fmt.Sprintf("are too many; name at most %d", maxPeople)}
	}
	for _, p := range h.People {
		if utf8.RuneCountInString(p) > maxPerson {
			return nil, &wiki.Invalid{Field: "people", Problem: fmt.Sprintf("has a name of more than %d characters; separate names by commas", maxPerson)}
		}
	}
	title := oneLine(n.Title)
	switch {
	case title == "":
		return nil, &wiki.Invalid{Field: "title", Problem: "is empty; say in one line what it was about"}
	case len(title) > maxTitle:
		return nil, &wiki.Invalid{Field: "title", Problem: fmt.Sprintf("is too long; use at most %d bytes", maxTitle)}
	}
	return l.write(ctx, caller, side, h, title, title, strings.TrimSpace(strings.ReplaceAll(n.Text, "\r\n", "\n")))
}

func sideOf(sp *wiki.Space, section wiki.Section) (*wiki.Side, error) {
	if section == "" {
		section = wiki.Internal
	}
	side, err := sp.Side(section)
	if err != nil {
		return nil, &wiki.Invalid{Field: "section", Problem: "is internal or external"}
	}
	return side, nil
}

// write makes the page of an entry, under the first name that is free.
func (l *Log) write(ctx context.Context, caller people.Caller, side *wiki.Side, h header, title, heading, body string) (*Entry, error) {
	front, err := yaml.Marshal(h)
	if err != nil {
		return nil, fmt.Errorf("writing front matter: %w", err)
	}
	var text bytes.Buffer
	text.WriteString("---\n")
	text.Write(front)
	text.WriteString("---\n# " + heading + "\n")
	if body != "" {
		text.WriteString("\n" + body + "\n")
	}
	slug := wiki.Slug(h.Date + " " + title)
	if slug == h.Date { // a title of signs alone
		slug += "-" + string(h.Kind)
	}
	place := wiki.Place{Section: side.Section(), Stage: wiki.StageLog, Page: slug}
	for try := 2; ; try++ {
		done, err := side.Edit(ctx, caller, wiki.Edit{Place: place, Text: text.Bytes(), Message: "Log a " + string(h.Kind) + ": " + clip(title, 80)})
		if err == nil {
			e := entryOf(done.PageInfo, h)
			e.Thread = e.Place.String()
			return &e, nil
		}
		if !errors.Is(err, wiki.ErrExists) || try > maxTries {
			return nil, err
		}
		suffix := fmt.Sprintf("-%d", try)
		runes := []rune(slug)
		for len(runes)+len(suffix) > 80 || len(string(runes))+len(suffix) > 200 || runes[len(runes)-1] == '-' {
			runes = runes[:len(runes)-1]
		}
		place.Page = string(runes) + suffix
	}
}

// oneLine joins lines and drops what cannot be seen.
func oneLine(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\r' || r == '\t' || r == '\u2028' || r == '\u2029':
			return ' '
		case hidden(r):
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, ""))
	return strings.Join(strings.Fields(s), " ")
}

// hidden reports characters that control a screen or turn the text around them.
func hidden(r rune) bool {
	return r < ' ' || r == 0x7f || r >= 0x80 && r < 0xa0 || r == '\u200b' || r == '\u2060' || r == '\ufeff' ||
		r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 || r >= 0xe0000 && r <= 0xe0fff
}

// clip cuts a text to so many runes.
func clip(s string, n int) string {
	if utf8.RuneCountInString(s) <= n {
		return s
	}
	return string([]rune(s)[:n-1]) + "…"
}
