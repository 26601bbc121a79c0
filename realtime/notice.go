package realtime

import (
	"context"
	"encoding/json"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"dealwiki/wiki"
	"dealwiki/wiki/repo"
)

// Codes of notices (message 102), for programs; their text is for people.
const (
	noticeReadOnly  = "read-only"
	noticeMoved     = "moved"
	noticeMerged    = "merged"
	noticeClosing   = "closing"
	noticeNotSaved  = "not-saved"
	noticeUnchanged = "unchanged"
	noticeMended    = "mended"
	noticeComments  = "comments" // for programs: whoever shows the page's comments reads them again
)

func jsonFrame(kind byte, v any) []byte {
	data, err := json.Marshal(v)
	if err != nil {
		return nil // strings, numbers and times only
	}
	return bytesFrame(data, kind)
}

func noticeFrame(code, text string) []byte {
	return jsonFrame(MessageNotice, struct {
		Code string `json:"code"`
		Text string `json:"text"`
	}{code, text})
}

// notify tells everybody in the room something.
func (r *room) notify(code, text string) {
	frame := noticeFrame(code, text)
	for s := range r.sockets {
		s.send(frame)
	}
}

type personJSON struct {
	ID     string `json:"id,omitempty"`
	Handle string `json:"handle,omitempty"`
	Name   string `json:"name"`
}

type committedJSON struct {
	Version string       `json:"version"`
	Number  int          `json:"number"`
	At      time.Time    `json:"at"`
	Authors []personJSON `json:"authors"`
	Message string       `json:"message"`
}

// announce tells everybody that a version is in git.
func (r *room) announce(ctx context.Context, v repo.Version) {
	if len(r.sockets) == 0 {
		return
	}
	c := committedJSON{Version: v.Commit.String(), Number: v.Number, At: v.When, Message: v.Subject}
	for _, p := range append([]repo.Person{v.Author}, v.CoAuthors...) {
		one := personJSON{Name: p.Name}
		if id := wiki.PersonID(p); id != "" {
			if known, err := r.hub.cfg.People.Get(ctx, id); err == nil {
				one = personJSON{ID: known.ID, Handle: known.Handle, Name: known.Name}
			}
		}
		c.Authors = append(c.Authors, one)
	}
	frame := jsonFrame(MessageCommitted, c)
	shared := frame
	if v.Renamed != "" || v.Path != r.place.Path() {
		c.Message = "Renamed" // what we write of it names stages, which guests do not know
		shared = jsonFrame(MessageCommitted, c)
	}
	for s := range r.sockets {
		s.sentAt = time.Now()
		if s.who.Guest {
			s.send(shared)
		} else {
			s.send(frame)
		}
	}
}

// cleanMessage keeps of what somebody says of a version what fits into one line.
func cleanMessage(s string) string {
	s = strings.ToValidUTF8(s, "")
	s = strings.Map(func(c rune) rune {
		if unicode.IsControl(c) || unicode.Is(unicode.Cf, c) && c != '\u200d' && c != '\u200c' || c == '\u2028' || c == '\u2029' {
			return ' '
		}
		return c
	}, s)
	s = strings.Join(strings.Fields(s), " ")
	if len(s) > maxCheckpoint {
		cut := maxCheckpoint
		for !utf8.RuneStart(s[cut]) {
			cut--
		}
		s = strings.TrimSpace(s[:cut])
	}
	return s
}
