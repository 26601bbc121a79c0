package inmail

import (
	"context"
	"errors"
	"io"
	"net"
	"net/mail"
	"slices"
	"strings"
	"time"

	"github.com/emersion/go-smtp"

	"dealwiki/wiki"
	"dealwiki/wiki/maillog"
	"dealwiki/wiki/people"
)

// What is answered. A sender who may not write and an address that is none get
// the same.
var (
	refused  = &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 7, 1}, Message: "This address takes no mail from you. Ask whoever gave it to you, and write from an address they know."}
	fast     = &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 7, 1}, Message: "Too many mails within a minute; try again later"}
	later    = &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 3, 0}, Message: "The mail cannot be kept now; try again later"}
	ending   = &smtp.SMTPError{Code: 421, EnhancedCode: smtp.EnhancedCode{4, 3, 2}, Message: "The wiki is being restarted; try again in a moment"}
	tooLarge = &smtp.SMTPError{Code: 552, EnhancedCode: smtp.EnhancedCode{5, 3, 4}, Message: "The mail is larger than is taken"}
)

const (
	maxRefused = 10 // recipients, before the connection is closed
	keepFor    = time.Minute
)

var system = people.System("mail")

// session is one connection. Its methods are called one after the other.
type session struct {
	s       *Server
	conn    *smtp.Conn
	host    string
	from    string // the sender as the envelope names them
	to      []box
	refused int
}

// box is a recipient of the mail at hand.
type box struct{ address, prospect string }

func (s *Server) session(c *smtp.Conn) *session {
	host := ""
	if at := c.Conn().RemoteAddr(); at != nil {
		host = at.String()
		if h, _, err := net.SplitHostPort(host); err == nil {
			host = h
		}
	}
	return &session{s: s, conn: c, host: host}
}

// Reset forgets the mail at hand.
func (n *session) Reset() { n.from, n.to = "", nil }

// Logout has nothing to free.
func (n *session) Logout() error { return nil }

// Mail begins a mail. Answers of machines, whose sender is empty, belong into no
// log.
func (n *session) Mail(from string, _ *smtp.MailOptions) error {
	n.Reset()
	if !n.s.rate.allow(n.host, n.s.now(), n.s.cfg.PerMinute) {
		return fast
	}
	address, err := people.NormalEmail(from)
	if err != nil {
		return refused
	}
	n.from = address
	return nil
}

// Rcpt takes a recipient whom the sender may write to.
func (n *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	ctx, cancel := context.WithTimeout(n.s.ctx, keepFor)
	defer cancel()
	prospect, err := n.s.prospectOf(ctx, to)
	if err == nil && !n.s.known(ctx, prospect, n.from) {
		err = errNoSuch
	}
	if errors.Is(err, errNoSuch) {
		if n.refused++; n.refused >= maxRefused || !n.s.rate.allow(n.host, n.s.now(), n.s.cfg.PerMinute) {
			defer n.conn.Close()
		}
		return refused
	}
	if err != nil {
		n.s.log.Error("looking for the receiver of a mail", "err", err)
		return later
	}
	n.to = append(n.to, box{to, prospect})
	return nil
}

// Data keeps the mail in the log of each recipient.
func (n *session) Data(r io.Reader) error {
	raw, err := io.ReadAll(r)
	if err != nil {
		return err // of the protocol's server, or a connection that broke
	}
	var answer error
	for _, b := range n.to {
		// What can be tried again is: what was kept is known then.
		if err := n.keep(b, raw); err != nil && (answer == nil || err == later || err == ending) {
			answer = err
		}
	}
	return answer
}

// LMTPData answers for each recipient by itself.
func (n *session) LMTPData(r io.Reader, status smtp.StatusCollector) error {
	raw, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	for _, b := range n.to {
		status.SetStatus(b.address, n.keep(b, raw))
	}
	return nil
}

// keep puts a mail into a log. Every error it answers is a *smtp.SMTPError.
func (n *session) keep(b box, raw []byte) error {
	s := n.s
	if !s.begin() {
		return ending
	}
	defer s.keeping.Done()
	ctx, cancel := context.WithTimeout(s.ctx, keepFor)
	defer cancel()
	m, err := maillog.ParseMessage(raw)
	if err != nil {
		return s.answerTo(err)
	}
	// Whose mail it says it is has to be whom the envelope names, who was
	// looked at; and they may have been sent away since.
	if len(m.From) != 1 || !sameAddress(m.From[0].Mail, n.from) {
		return &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 7, 1}, Message: "From has to name one address, the one that the mail is sent by"}
	}
	if !s.known(ctx, b.prospect, n.from) {
		return refused
	}
	sp, err := s.wiki.Space(ctx, system, b.prospect)
	if errors.Is(err, wiki.ErrNotFound) {
		return refused
	}
	if err != nil {
		return s.answerTo(err)
	}
	e, known, err := s.talks.AddMail(ctx, system, sp, wiki.Internal, raw)
	if err != nil {
		return s.answerTo(err)
	}
	if !known {
		err := s.people.Record(context.WithoutCancel(ctx), system, people.Event{Action: "mail.taken", Object: e.Place.String(), Prospect: b.prospect, IP: n.host, Detail: n.from})
		if err != nil {
			s.log.Error("noting a mail in the audit log", "err", err)
		}
	}
	return nil
}

// answerTo says to the sender's server what came of a mail.
func (s *Server) answerTo(err error) error {
	var invalid *wiki.Invalid
	switch {
	case errors.As(err, &invalid):
		return &smtp.SMTPError{Code: 554, EnhancedCode: smtp.EnhancedCode{5, 6, 0}, Message: "The " + printable(invalid.Error())}
	case errors.Is(err, wiki.ErrTooLarge):
		return tooLarge
	}
	s.log.Error("keeping a mail", "err", err)
	return later
}

// printable is a text as an answer may hold it: one line of ASCII.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return ' '
		}
		return r
	}, s)
}

func sameAddress(a, b string) bool {
	a, err := people.NormalEmail(a)
	return err == nil && a == b
}

// known reports whether an address may write to the log of a prospect: staff who
// may edit it, its guests, and whoever is named by a mail of its internal log.
func (s *Server) known(ctx context.Context, prospect, address string) bool {
	p, err := s.people.ByEmail(ctx, address)
	if err == nil {
		if p.Disabled {
			return false
		}
		if !p.Guest {
			return s.people.LevelOn(ctx, people.Caller{Person: p, Scopes: people.Read | people.Write, Via: "mail"}, prospect) >= people.Editor
		}
		guests, err := s.people.Guests(ctx, system, prospect)
		if err != nil {
			s.log.Error("reading the guests of a prospect", "err", err)
			return false
		}
		now := s.now()
		if slices.ContainsFunc(guests, func(g people.GuestGrant) bool { return g.Person == p.ID && g.Active(now) }) {
			return true
		}
		// One who was sent away is not let in by an old mail.
		if slices.ContainsFunc(guests, func(g people.GuestGrant) bool { return g.Person == p.ID }) {
			return false
		}
	} else if !errors.Is(err, people.ErrNotFound) {
		s.log.Error("looking for the sender of a mail", "err", err)
		return false
	}
	sp, err := s.wiki.Space(ctx, system, prospect)
	if err != nil {
		return false
	}
	entries, err := s.talks.List(ctx, system, sp)
	if err != nil {
		s.log.Error("reading a log for the sender of a mail", "err", err)
		return false
	}
	for i := range entries {
		if entries[i].Section != wiki.Internal || entries[i].Kind != maillog.Mail {
			continue
		}
		for _, name := range entries[i].People {
			if a, err := mail.ParseAddress(bare(name)); err == nil && sameAddress(a.Address, address) {
				return true
			}
		}
	}
	return false
}

// bare is the address at the end of "Ingrid <ingrid@northwind.example>", or the
// whole.
func bare(name string) string {
	if at := strings.LastIndexByte(name, '<'); at >= 0 && strings.HasSuffix(name, ">") {
		return name[at:]
	}
	return name
}
