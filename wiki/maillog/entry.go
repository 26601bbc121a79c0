package maillog

import (
	"fmt"
	"strings"
	"time"

	"dealwiki/content"
	"dealwiki/wiki"
)

// Kind says how people spoke.
type Kind string

// The kinds of an entry.
const (
	Call    Kind = "call"
	Meeting Kind = "meeting"
	Mail    Kind = "mail"
	Note    Kind = "note"
)

// Kinds are all of them, in the order in which they are offered.
func Kinds() []Kind { return []Kind{Call, Meeting, Mail, Note} }

func (k Kind) valid() bool { return k == Call || k == Meeting || k == Mail || k == Note }

// Entry is one call, meeting, mail or note.
type Entry struct {
	wiki.PageInfo
	Kind       Kind
	Date       string    // the day, YYYY-MM-DD
	At         time.Time // of that day; noon in UTC where only the day is known
	Timed      bool      // At is more than a day
	People     []string  // as they were written down
	MessageID  string    // without its angle brackets; "" for what was no mail
	InReplyTo  string
	References []string // oldest first
	Item       string   // of an outside source, for what was kept of one
	Thread     string   // the same for entries that belong together; never ""
}

const (
	dayFormat = "2006-01-02"
	maxPeople = 100
	maxPerson = 200 // characters of one name
)

// header is what an entry's front matter says.
type header struct {
	Kind       Kind     `yaml:"kind"`
	Date       string   `yaml:"date"`
	At         string   `yaml:"at,omitempty"`
	People     []string `yaml:"people,omitempty"`
	MessageID  string   `yaml:"message_id,omitempty"`
	InReplyTo  string   `yaml:"in_reply_to,omitempty"`
	References []string `yaml:"references,omitempty"`
	Source     string   `yaml:"source,omitempty"` // who tells, for what was kept of an outside source
	Link       string   `yaml:"link,omitempty"`
	Item       string   `yaml:"item,omitempty"`
}

// readHeader takes what it understands of a page's front matter.
func readHeader(f content.Front) header {
	text := func(v any) string {
		switch v := v.(type) {
		case string:
			return v
		case time.Time:
			return v.UTC().Format(time.RFC3339)
		case int, int64, float64, bool:
			return fmt.Sprint(v)
		}
		return ""
	}
	list := func(v any) []string {
		var out []string
		switch v := v.(type) {
		case []any:
			for _, e := range v[:min(len(v), maxPeople)] {
				if s := strings.TrimSpace(text(e)); s != "" {
					out = append(out, s)
				}
			}
		case string:
			out = splitPeople(v)
			out = out[:min(len(out), maxPeople)]
		}
		return out
	}
	h := header{Kind: Kind(strings.ToLower(text(f.Values["kind"]))), At: text(f.Values["at"]), People: list(f.Values["people"]),
		MessageID: bareID(text(f.Values["message_id"])), InReplyTo: bareID(text(f.Values["in_reply_to"])), Item: bareID(text(f.Values["item"]))}
	for i := range h.People {
		h.People[i] = clip(h.People[i], maxPerson)
	}
	for _, id := range list(f.Values["references"]) {
		if id = bareID(id); id != "" {
			h.References = append(h.References, id)
		}
	}
	return h
}

// entryOf joins what lists know of a page with what its front matter says.
func entryOf(info wiki.PageInfo, h header) Entry {
	e := Entry{PageInfo: info, Kind: h.Kind, People: h.People, MessageID: h.MessageID, InReplyTo: h.InReplyTo, References: h.References, Item: h.Item}
	e.Date = info.Page[:min(len(info.Page), len(dayFormat))]
	if !e.Kind.valid() {
		e.Kind = guessKind(info.Page + " " + info.Title)
	}
	day, err := time.Parse(dayFormat, e.Date)
	if err != nil {
		day = info.Updated.UTC().Truncate(24 * time.Hour) // imported under a name without a date
		e.Date = day.Format(dayFormat)
	}
	e.At = day.Add(12 * time.Hour)
	// A time zone away it is another day at most.
	if at, err := time.Parse(time.RFC3339, h.At); err == nil && at.Sub(e.At).Abs() < 48*time.Hour {
		e.At, e.Timed = at, true
	}
	return e
}

func guessKind(s string) Kind {
	s = strings.ToLower(s)
	for _, word := range strings.FieldsFunc(s, func(r rune) bool { return r == ' ' || r == '-' || r == ':' || r == ',' }) {
		switch word {
		case "call", "phone", "called":
			return Call
		case "meeting", "met", "workshop", "visit", "demo":
			return Meeting
		case "mail", "email", "e-mail":
			return Mail
		}
	}
	return Note
}

// splitPeople reads names as people type them into one field, one more than an
// entry can have at most.
func splitPeople(s string) []string {
	var out []string
	for part := range strings.FieldsFuncSeq(s, func(r rune) bool { return r == ',' || r == ';' || r == '\n' }) {
		if part = strings.TrimSpace(part); part != "" && len(out) <= maxPeople {
			out = append(out, part)
		}
	}
	return out
}

// bareID is a Message-ID without brackets, "" for what cannot be one.
func bareID(s string) string {
	s = strings.TrimSpace(s)
	s = strings.TrimSuffix(strings.TrimPrefix(s, "<"), ">")
	if s == "" || len(s) > 400 || strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r == '<' || r == '>' || r == 0x7f || r == '\ufffd' }) {
		return ""
	}
	return s
}
