package notify

import (
	"bytes"
	"context"
	_ "embed" // the letters' templates
	"errors"
	"fmt"
	html "html/template"
	"net/mail"
	"strings"
	text "text/template"
	"time"
	"unicode"

	gomail "github.com/wneessen/go-mail"

	"dealwiki/wiki/people"
)

//go:embed letter.html
var letterHTML string

//go:embed letter.txt
var letterText string

// draft is what the templates of a letter draw. Every text in it is one line.
type draft struct {
	Subject     string
	Guest       bool // it goes to a guest
	Groups      []group
	More        int    // notices that are not in it
	Inbox       string // of a guest: what is shared with them
	Settings    string
	Unsubscribe string
}

// group is what is told of one prospect.
type group struct {
	Title string
	Items []item
}

type item struct {
	Who, Did, Title, Text, Href string
	Times                       int
}

// compose writes a letter of what its reader may see now. Without anything to
// tell, or anybody who wants it, there is none.
func (c *Center) compose(ctx context.Context, l letter) (*gomail.Msg, error) {
	p, err := c.people.Get(ctx, l.person)
	if errors.Is(err, people.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	choice, err := c.MailChoice(ctx, l.person)
	if err != nil || choice == NoMails || p.Disabled || p.Guest {
		return nil, err
	}
	notices, err := c.items(ctx, l)
	if err != nil || len(notices) == 0 {
		return nil, err
	}
	token, err := c.unsubscribeToken(ctx, l.person)
	if err != nil {
		return nil, err
	}
	d := draft{Inbox: c.mail.URL + "/inbox", Settings: c.mail.URL + "/settings#mail", Unsubscribe: c.mail.URL + "/unsubscribe/" + token}
	d.More = max(0, len(notices)-maxItems)
	d.Groups = c.groups(ctx, people.Caller{Person: p, Scopes: people.Read, Via: "attention"}, notices[:len(notices)-d.More])
	d.Subject = subject(l, d.Groups, len(notices))
	return c.message(p, l, d)
}

// groups puts notices under their prospects, in the order in which these come up.
func (c *Center) groups(ctx context.Context, reader people.Caller, notices []Notice) []group {
	var out []group
	at := map[string]int{}
	for i := range notices {
		n := &notices[i]
		g, ok := at[n.Prospect]
		if !ok {
			g = len(out)
			at[n.Prospect] = g
			title := n.Prospect
			if e, err := c.wiki.Prospect(ctx, reader, n.Prospect); err == nil {
				title = e.Title
			}
			out = append(out, group{Title: oneLine(title, 200)})
		}
		did, said := n.Says()
		out[g].Items = append(out[g].Items, item{Who: oneLine(n.Name, 100), Did: oneLine(did, 100), Title: oneLine(n.Title, 200), Text: oneLine(said, 500), Href: c.mail.URL + n.Href(), Times: n.Times})
	}
	return out
}

// subject says in one line what a letter is about.
func subject(l letter, groups []group, count int) string {
	if count == 1 {
		i := groups[0].Items[0]
		return oneLine(groups[0].Title+": "+strings.TrimSpace(i.Who+" "+i.Did+" "+i.Title), 150)
	}
	titles := make([]string, len(groups))
	for i := range groups {
		titles[i] = groups[i].Title
	}
	what := fmt.Sprintf("%d things for you: ", count)
	if l.digest {
		what = fmt.Sprintf("Your day: %d changes on ", count)
	}
	return oneLine(what+strings.Join(titles, ", "), 150)
}

// oneLine takes out of what somebody wrote everything that could begin a line or
// a header, or show text in another order than it is read.
func oneLine(s string, runes int) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r), unicode.IsControl(r), r == '\u2028', r == '\u2029':
			return ' '
		case unicode.Is(unicode.Bidi_Control, r):
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, ""))
	return clip(strings.Join(strings.Fields(s), " "), runes)
}

// plainHeader leaves nothing in a line that mail programs would take for encoded
// words and so for other characters.
func plainHeader(s string) string { return strings.ReplaceAll(s, "=?", "= ?") }

// message makes the mail of a draft.
func (c *Center) message(p people.Person, l letter, d draft) (*gomail.Msg, error) {
	m, err := c.mail.envelope(mail.Address{Name: p.Name, Address: p.Email}, l.id, c.wiki.Now(), d.Subject, letterText, letterHTML, d)
	if err != nil {
		return nil, err
	}
	m.SetListUnsubscribe(d.Unsubscribe)
	if strings.HasPrefix(d.Unsubscribe, "https:") { // one click is not for open connections
		m.SetListUnsubscribePost()
	}
	return m, nil
}

// envelope makes a mail of what two templates make of data.
func (m *Mail) envelope(to mail.Address, id string, at time.Time, subject, plain, rich string, data any) (*gomail.Msg, error) {
	asText, err := text.New("letter").Parse(plain)
	if err != nil {
		return nil, err
	}
	asHTML, err := html.New("letter").Parse(rich)
	if err != nil {
		return nil, err
	}
	var plainBody, richBody bytes.Buffer
	if err := errors.Join(asText.Execute(&plainBody, data), asHTML.Execute(&richBody, data)); err != nil {
		return nil, err
	}
	msg := gomail.NewMsg(gomail.WithNoDefaultUserAgent())
	msg.FromMailAddress(&m.From)
	msg.ToMailAddress(&mail.Address{Name: plainHeader(oneLine(to.Name, 100)), Address: to.Address})
	msg.Subject(plainHeader(subject))
	msg.SetDateWithValue(at)
	_, domain, _ := strings.Cut(m.From.Address, "@")
	msg.SetMessageIDWithValue(id + "@" + domain)
	msg.SetGenHeader("Auto-Submitted", "auto-generated")
	msg.SetGenHeader(gomail.HeaderXAutoResponseSuppress, "All")
	msg.SetBodyString(gomail.TypeTextPlain, plainBody.String())
	msg.AddAlternativeString(gomail.TypeTextHTML, richBody.String())
	return msg, nil
}
