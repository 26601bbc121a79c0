package maillog

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"dealwiki/wiki"
	"dealwiki/wiki/people"
)

// AddMail keeps a mail as an entry on a side, internal by default, with its
// attachments beside it. known is true when the mail was in the log already:
// then nothing is written and the entry there is answered, whichever side of the
// prospect it is on. The caller needs to be an editor.
func (l *Log) AddMail(ctx context.Context, caller people.Caller, sp *wiki.Space, section wiki.Section, raw []byte) (e *Entry, known bool, err error) {
	side, err := sideOf(sp, section)
	if err != nil {
		return nil, false, err
	}
	if int64(len(raw)) > l.maxMail {
		return nil, false, fmt.Errorf("mail of %d bytes where %d are allowed: %w", len(raw), l.maxMail, wiki.ErrTooLarge)
	}
	if l.wiki.People().LevelOn(ctx, caller, sp.Prospect()) < people.Editor {
		return nil, false, people.ErrForbidden // before a mail is read for them
	}
	m, err := ParseMessage(raw)
	if err != nil {
		return nil, false, err
	}
	l.adding.Lock()
	defer l.adding.Unlock()
	if e, err := l.find(ctx, caller, sp, m.ID); err != nil || e != nil {
		return e, e != nil, err
	}
	for i := range m.Attachments {
		if err := l.keep(ctx, caller, side, m, i); err != nil {
			return nil, false, err
		}
	}
	e, err = l.writeMail(ctx, caller, side, m)
	if err != nil {
		return nil, false, err
	}
	// It may belong to a thread that is there.
	if found, err := l.find(ctx, caller, sp, m.ID); err == nil && found != nil {
		e = found
	}
	return e, false, nil
}

// find answers the entry of a mail; nil when there is none.
func (l *Log) find(ctx context.Context, caller people.Caller, sp *wiki.Space, id string) (*Entry, error) {
	if id == "" {
		return nil, nil
	}
	all, err := l.List(ctx, caller, sp)
	if err != nil {
		return nil, err
	}
	for i := range all {
		if all[i].MessageID == id {
			return &all[i], nil
		}
	}
	return nil, nil
}

// keep puts an attachment beside the entry and notes the name that it got. A
// mail that is added again after a crash finds its attachments there.
func (l *Log) keep(ctx context.Context, caller people.Caller, side *wiki.Side, m *Message, i int) error {
	a := &m.Attachments[i]
	f, err := side.PutFile(ctx, caller, wiki.File{Section: side.Section(), Stage: wiki.StageLog, Name: a.Name}, a.Data, true)
	if errors.Is(err, wiki.ErrTooLarge) {
		a.Name = "" // left out, and said so
		m.Left++
		return nil
	}
	if err != nil {
		return fmt.Errorf("keeping an attachment: %w", err)
	}
	a.Name = f.Name
	return nil
}

func (l *Log) writeMail(ctx context.Context, caller people.Caller, side *wiki.Side, m *Message) (*Entry, error) {
	now := l.wiki.Now().UTC()
	h := header{Kind: Mail, MessageID: m.ID, InReplyTo: m.InReplyTo, References: m.References}
	at := m.Date
	if at.Year() < 1990 || at.After(now.Add(48*time.Hour)) {
		at = now
	}
	h.Date, h.At = at.Format(dayFormat), at.Format(time.RFC3339)
	w := &mailWriter{ctx: ctx, people: l.wiki.People(), external: side.Section() == wiki.External}
	for _, list := range [][]Address{m.From, m.To, m.Cc} {
		for _, a := range list {
			if name := w.name(a); len(h.People) < maxPeople && name != "" {
				h.People = append(h.People, clip(name, maxPerson))
			}
		}
	}
	title := m.Subject
	if title == "" {
		title = "Mail without a subject"
	}
	return l.write(ctx, caller, side, h, title, literal(title), w.body(m, at))
}

// mailWriter writes the page of a mail.
type mailWriter struct {
	ctx      context.Context
	people   *people.DB
	external bool
}

// name is somebody as the entry names them. Guests read the source of external
// pages: there names stand alone, without addresses.
func (w *mailWriter) name(a Address) string {
	name := a.Name
	if p, err := w.people.ByEmail(w.ctx, a.Mail); a.Mail != "" && err == nil && !p.Guest {
		return p.Name
	}
	switch {
	case w.external && name == "":
		name, _, _ = strings.Cut(a.Mail, "@")
		return name
	case w.external && strings.Contains(name, "@"):
		name, _, _ = strings.Cut(name, "@")
		return name
	case w.external || a.Mail == "" || name == a.Mail:
		return name
	case name == "":
		return a.Mail
	}
	return name + " <" + a.Mail + ">"
}

func (w *mailWriter) body(m *Message, at time.Time) string {
	var b strings.Builder
	line := func(label string, list []Address) {
		if len(list) == 0 {
			return
		}
		names := make([]string, 0, len(list))
		for _, a := range list {
			names = append(names, literal(w.name(a)))
		}
		b.WriteString("**" + label + ":** " + strings.Join(names, ", ") + "\\\n")
	}
	line("From", m.From)
	line("To", m.To)
	line("Cc", m.Cc)
	b.WriteString("**Sent:** " + at.Format("2 January 2006, 15:04") + " UTC\n")
	if text := markdown(m.Text); text != "" {
		b.WriteString("\n" + text + "\n")
	}
	if m.Cut {
		b.WriteString("\n_The mail is longer; the rest was left out._\n")
	}
	var files []string
	for _, a := range m.Attachments {
		if a.Name != "" {
			files = append(files, "- ["+literal(a.Name)+"](files/"+(&url.URL{Path: a.Name}).EscapedPath()+")")
		}
	}
	if len(files) > 0 {
		b.WriteString("\n**Attached:**\n\n" + strings.Join(files, "\n") + "\n")
	}
	if m.Left > 0 {
		fmt.Fprintf(&b, "\n_%d more attachments were too large or too many and were left out._\n", m.Left)
	}
	return strings.TrimSpace(b.String())
}
