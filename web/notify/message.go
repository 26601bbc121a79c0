package notify

import (
	"context"
	"crypto/rand"
	"database/sql"
	_ "embed" // the messages' templates
	"errors"
	"net/mail"
	"net/url"
	"strings"
	"time"
	"unicode/utf8"

	gomail "github.com/wneessen/go-mail"

	"dealwiki/wiki/people"
)

//go:embed message.html
var messageHTML string

//go:embed message.txt
var messageText string

// ErrNoMail says that no mail is set up: tell whoever asked to hand on the link
// themselves.
var ErrNoMail = errors.New("no mail is set up")

// maxMessage bounds the text of a Message, in bytes.
const maxMessage = 20_000

// Message is one mail to one address, whether somebody with an account reads it
// or not: an invitation, a new password. It says what its sender put into it and
// nothing else, goes to customers as to colleagues, and is sent whatever they
// chose for their inbox. Whoever makes one answers for that its receiver may
// know all of it.
type Message struct {
	To      mail.Address // the name may be empty
	Subject string       // one line; 1 to 150 characters are kept
	// Text is paragraphs with an empty line between them, at most 20,000 bytes.
	// It is plain text: nothing in it is markup.
	Text string
	// Link is a whole http or https address that is drawn as a button with the
	// Label, under the text; empty: none. Make one with Center.Link.
	Link, Label string
	// Until is when the message is of no use any more, such as when its link
	// expires: it is dropped unsent then. Zero is never.
	Until time.Time
}

// Link is the whole address of a path such as "/join/x", for a Message. It is
// empty when no mail is set up.
func (c *Center) Link(path string) string {
	if c.mail == nil {
		return ""
	}
	return c.mail.URL + path
}

// SendMail queues a message. When it returns nil the message is on disk and will
// be tried for about thirty hours, across restarts; nobody waits for the mail
// server. A message that is given up is on record as mail.give-up. ErrNoMail
// says that no mail is set up, people.Invalid that the message cannot be sent.
func (c *Center) SendMail(ctx context.Context, m Message) error {
	if c.mail == nil {
		return ErrNoMail
	}
	if err := m.check(); err != nil {
		return err
	}
	until := int64(0)
	if !m.Until.IsZero() {
		until = m.Until.UnixMilli()
	}
	now := c.wiki.Now().UnixMilli()
	err := c.update(ctx, `INSERT INTO mail_messages(address, name, subject, text, label, link, until, id, made, next) VALUES(?,?,?,?,?,?,?,?,?,?)`,
		m.To.Address, m.To.Name, m.Subject, m.Text, m.Label, m.Link, until, strings.ToLower(rand.Text()), now, now)
	if err != nil {
		return wrap("queueing a message", err)
	}
	c.wakeMail()
	return nil
}

func (m *Message) check() error {
	invalid := func(field, problem string) error { return &people.Invalid{Field: field, Problem: problem} }
	if a, err := mail.ParseAddress(m.To.Address); err != nil || a.Address != m.To.Address || strings.ContainsFunc(a.Address, func(r rune) bool { return r <= ' ' || r == 0x7f }) {
		return invalid("email", "must be a mail address")
	}
	if oneLine(m.Subject, 150) == "" {
		return invalid("subject", "must not be empty")
	}
	if len(m.Text) > maxMessage || !utf8.ValidString(m.Text) {
		return invalid("text", "must be text of at most 20,000 bytes")
	}
	if m.Link != "" {
		if u, err := url.Parse(m.Link); err != nil || u.Host == "" || (u.Scheme != "https" && u.Scheme != "http") || len(m.Link) > 2000 {
			return invalid("link", "must be a whole web address")
		}
	}
	return nil
}

// composeMessage writes a message. One that is gone or of no use any more is
// none.
func (c *Center) composeMessage(ctx context.Context, l letter) (*gomail.Msg, error) {
	var to mail.Address
	var d struct {
		Subject, Label, Link string
		Paragraphs           []string
	}
	var body string
	var until int64
	found := false
	err := c.people.AskAttention(ctx, func(rows *sql.Rows) error {
		found = true
		return rows.Scan(&to.Address, &to.Name, &d.Subject, &body, &d.Label, &d.Link, &until)
	}, `SELECT address, name, subject, text, label, link, until FROM mail_messages WHERE seq=?`, l.seq)
	if err != nil || !found {
		return nil, err
	}
	now := c.wiki.Now()
	if until != 0 && now.UnixMilli() >= until {
		return nil, c.giveUp(ctx, l, "it was of no use any more before the mail server took it")
	}
	d.Subject, d.Label = oneLine(d.Subject, 150), oneLine(d.Label, 100)
	for p := range strings.SplitSeq(strings.ReplaceAll(body, "\r\n", "\n"), "\n\n") {
		if p = oneLine(p, maxMessage); p != "" {
			d.Paragraphs = append(d.Paragraphs, p)
		}
	}
	return c.mail.envelope(to, l.id, now, d.Subject, messageText, messageHTML, d)
}
