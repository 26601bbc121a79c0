package web

import (
	"context"
	"net/mail"
	"strings"
	"time"

	"dealwiki/web/notify"
	"dealwiki/wiki/people"
)

// inviteGuest mails an invitation. What it says comes from the shared side.
func (s *Server) inviteGuest(ctx context.Context, p people.Person, prospect, inviter, token string, until time.Time) error {
	space := s.sharedName(ctx, prospect)
	text := inviter + " invites you to “" + space + "”: one place with what both sides agreed, the plan, the proposal and the documents.\n\n" +
		"Open it with this link. It works once, within " + days(people.GuestInvitationLife) + "; you need no password. Later you come back with a link that is mailed to you."
	if !until.IsZero() {
		text += "\n\nYou can come until " + lastDay(until) + "."
	}
	return s.notices.SendMail(ctx, notify.Message{To: mail.Address{Name: p.Name, Address: p.Email}, Subject: inviter + " invites you to " + space, Text: text,
		Link: s.notices.Link("/join/" + token), Label: "Open the shared space", Until: s.now().Add(people.GuestInvitationLife)})
}

// inviteColleague mails a new colleague their invitation.
func (s *Server) inviteColleague(ctx context.Context, c people.Caller, name, email, token string) error {
	return s.notices.SendMail(ctx, notify.Message{To: mail.Address{Name: strings.TrimSpace(name), Address: strings.TrimSpace(email)}, Subject: "Your invitation to the wiki of our deals",
		Text: c.Person.Name + " has made you an account. This link lets you in: it works once, within " + days(people.InvitationLife) + ". You choose a password there.",
		Link: s.notices.Link("/join/" + token), Label: "Open the wiki", Until: s.now().Add(people.InvitationLife)})
}

// mailGuestLink mails a guest the link that they asked for, if they may come at all.
func (s *Server) mailGuestLink(email, ip string) {
	s.letters.later("a guest their link", func(ctx context.Context) error {
		p, token, err := s.people.RequestGuestLink(ctx, email, ip)
		if err != nil {
			return err
		}
		return s.notices.SendMail(ctx, notify.Message{To: mail.Address{Name: p.Name, Address: p.Email}, Subject: "Your link to come back",
			Text: "Somebody, you perhaps, asked for a link to what is shared with you. It signs you in once, within an hour.\n\nIf it was not you, nothing has to be done.",
			Link: s.notices.Link("/login/" + token), Label: "Open it", Until: s.now().Add(people.GuestReturnLife)})
	})
}

// mailConfirmation mails whoever typed an address at a reusable link the proof that it is
// theirs, if it may come in.
func (s *Server) mailConfirmation(token string, j people.Joining) {
	s.letters.later("a guest to confirm", func(ctx context.Context) error {
		confirm, l, err := s.people.NewConfirmation(ctx, token, j)
		if err != nil {
			return err
		}
		space := s.sharedName(ctx, l.Prospect)
		return s.notices.SendMail(ctx, notify.Message{To: mail.Address{Name: j.Name, Address: j.Email}, Subject: "Confirm your address for " + space,
			Text: "Somebody, you perhaps, asked to open “" + space + "” with this address. This link confirms it and lets you in. It works once, within an hour.\n\nIf it was not you, nothing has to be done.",
			Link: s.notices.Link("/join/" + confirm), Label: "Confirm and open", Until: s.now().Add(people.ConfirmationLife)})
	})
}
