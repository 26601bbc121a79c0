package web

import (
	"context"
	"errors"
	"net/mail"
	"sync"
	"time"

	"dealwiki/web/notify"
	"dealwiki/wiki/people"
)

// guestLetters is how many letters to guests may wait to be written; more are
// dropped, and asked for again.
const guestLetters = 200

// guestMailer writes letters to guests, so that nobody who asks for one can tell
// by the time whether there is somebody of that address. It owns one goroutine.
type guestMailer struct {
	s     *Server
	asked chan func(context.Context) error
	ctx   context.Context
	gone  sync.WaitGroup
}

func newGuestMailer(ctx context.Context, s *Server) *guestMailer {
	g := &guestMailer{s: s, asked: make(chan func(context.Context) error, guestLetters), ctx: ctx}
	g.gone.Go(g.run)
	return g
}

func (g *guestMailer) wait() { g.gone.Wait() }

// on reports whether mail is set up.
func (g *guestMailer) on() bool { return g.s.notices != nil && g.s.notices.Mails() }

func (g *guestMailer) run() {
	for {
		select {
		case <-g.ctx.Done():
			return
		case write := <-g.asked:
			ctx, cancel := context.WithTimeout(g.ctx, time.Minute)
			err := write(ctx)
			cancel()
			if err != nil && !errors.Is(err, people.ErrNotFound) && g.ctx.Err() == nil {
				g.s.log.Error("mailing a guest", "err", err)
			}
		}
	}
}

func (g *guestMailer) later(write func(context.Context) error) {
	select {
	case g.asked <- write:
	default:
		g.s.log.Warn("too many letters to guests wait; one was dropped")
	}
}

// invite mails an invitation. What it says comes from the shared side.
func (g *guestMailer) invite(ctx context.Context, p people.Person, prospect, inviter, token string, until time.Time) error {
	space := g.s.sharedName(ctx, prospect)
	text := inviter + " invites you to “" + space + "”: one place with what both sides agreed, the plan, the proposal and the documents.\n\n" +
		"Open it with this link. It works once, within " + days(people.GuestInvitationLife) + "; you need no password. Later you come back with a link that is mailed to you."
	if !until.IsZero() {
		text += "\n\nYou can come until " + lastDay(until) + "."
	}
	return g.s.notices.SendMail(ctx, notify.Message{To: mail.Address{Name: p.Name, Address: p.Email}, Subject: inviter + " invites you to " + space, Text: text,
		Link: g.s.notices.Link("/join/" + token), Label: "Open the shared space", Until: g.s.now().Add(people.GuestInvitationLife)})
}

// comeBack mails a guest the link that they asked for, if they may come at all.
func (g *guestMailer) comeBack(email, ip string) {
	g.later(func(ctx context.Context) error {
		p, token, err := g.s.people.RequestGuestLink(ctx, email, ip)
		if err != nil {
			return err
		}
		return g.s.notices.SendMail(ctx, notify.Message{To: mail.Address{Name: p.Name, Address: p.Email}, Subject: "Your link to come back",
			Text: "Somebody, you perhaps, asked for a link to what is shared with you. It signs you in once, within an hour.\n\nIf it was not you, nothing has to be done.",
			Link: g.s.notices.Link("/login/" + token), Label: "Open it", Until: g.s.now().Add(people.GuestReturnLife)})
	})
}

// confirm mails whoever typed an address at a reusable link the proof that it is
// theirs, if it may come in.
func (g *guestMailer) confirm(token string, j people.Joining) {
	g.later(func(ctx context.Context) error {
		confirm, l, err := g.s.people.NewConfirmation(ctx, token, j)
		if err != nil {
			return err
		}
		space := g.s.sharedName(ctx, l.Prospect)
		return g.s.notices.SendMail(ctx, notify.Message{To: mail.Address{Name: j.Name, Address: j.Email}, Subject: "Confirm your address for " + space,
			Text: "Somebody, you perhaps, asked to open “" + space + "” with this address. This link confirms it and lets you in. It works once, within an hour.\n\nIf it was not you, nothing has to be done.",
			Link: g.s.notices.Link("/join/" + confirm), Label: "Confirm and open", Until: g.s.now().Add(people.ConfirmationLife)})
	})
}
