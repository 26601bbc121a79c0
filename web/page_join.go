package web

import (
	"context"
	"errors"
	"net/http"
	"net/url"

	"dealwiki/wiki/people"
)

// guestDoor is what a token of /join means to a guest: one of its parts.
type guestDoor struct {
	invitation   *people.GuestInvitation
	confirmation *people.Confirmation
	link         *people.GuestLink
}

func (s *Server) guestDoor(ctx context.Context, token string) (guestDoor, error) {
	i, err := s.people.GuestInvitation(ctx, token)
	if err == nil {
		return guestDoor{invitation: &i}, nil
	}
	if !errors.Is(err, people.ErrNotFound) {
		return guestDoor{}, err
	}
	k, err := s.people.Confirmation(ctx, token)
	if err == nil {
		return guestDoor{confirmation: &k}, nil
	}
	if !errors.Is(err, people.ErrNotFound) {
		return guestDoor{}, err
	}
	l, err := s.people.GuestLink(ctx, token)
	return guestDoor{link: &l}, err
}

// asksAddress reports whether a mail has to prove the address first.
func (d guestDoor) asksAddress() bool {
	return d.link != nil && (d.link.Asks == people.AsksAddress || d.link.Asks == people.AsksList)
}

func (d guestDoor) prospect() string {
	switch {
	case d.invitation != nil:
		return d.invitation.Prospect
	case d.confirmation != nil:
		return d.confirmation.Link.Prospect
	}
	return d.link.Prospect
}

// sharedName is how both sides call what they share, by what the customer is
// told of it.
func (s *Server) sharedName(ctx context.Context, prospect string) string {
	fallback := firstNonEmpty(s.wiki.Company(), "a shared space")
	system := people.System("guests")
	side, err := s.wiki.Shared(ctx, system, prospect)
	if err != nil {
		return fallback
	}
	info, err := side.Info(ctx, system)
	if err != nil {
		return fallback
	}
	customer, company := firstNonEmpty(info.Customer, info.Title), firstNonEmpty(info.Company, s.wiki.Company())
	switch {
	case customer == "":
		return firstNonEmpty(company, fallback)
	case company == "":
		return customer
	}
	return customer + " and " + company
}

// guestJoin shows what an invitation, a reusable link or a proof of an address
// leads to. Looking at it uses nothing up.
func (s *Server) guestJoin(w http.ResponseWriter, r *http.Request, c people.Caller) error {
	d, err := s.guestDoor(r.Context(), r.PathValue("token"))
	if err != nil {
		return err
	}
	v := s.guestJoinView(r, c, d)
	v.Flash = s.flash(w, r)
	s.renderSecret(w, r, http.StatusOK, "guest-join", v)
	return nil
}

func (s *Server) guestJoinView(r *http.Request, c people.Caller, d guestDoor) *GuestJoinView {
	ctx := r.Context()
	v := &GuestJoinView{Shell: s.secretShell(r, people.Caller{}, "Join"), Action: r.URL.Path, Called: s.sharedName(ctx, d.prospect()), Reachable: s.mails(), Form: Form{Values: map[string]string{}}}
	switch {
	case d.invitation != nil:
		i := d.invitation
		v.Inviter, v.Email, v.Role, v.UntilDay = s.nameOf(ctx, i.Inviter), i.Person.Email, guestRoleName(i.Role), lastDay(i.Until)
		v.Form.Values["name"] = i.Person.Name
		v.AskName = c.Person.ID == ""
		if c.Person.ID != "" && c.Person.ID != i.Person.ID {
			v.Other = c.Person.Name
		}
	case d.confirmation != nil:
		k := d.confirmation
		v.Email, v.Role, v.UntilDay = k.Email, guestRoleName(k.Link.Role), lastDay(k.Link.Until)
	default:
		l := d.link
		v.Inviter, v.Role, v.UntilDay, v.Password = s.nameOf(ctx, l.Inviter), guestRoleName(l.Role), lastDay(l.Until), l.Password
		v.AskEmail = d.asksAddress()
		v.AskName = v.AskEmail || l.Asks == people.AsksName && c.Person.ID == ""
	}
	if c.Person.ID != "" && !c.Person.Guest {
		v.Other = c.Person.Name
		if _, err := s.wiki.Shared(ctx, c, d.prospect()); err == nil {
			v.OtherIn = "/shared/" + url.PathEscape(d.prospect())
		}
	}
	return v
}

// postGuestJoin lets somebody in, or mails them the proof of their address.
func (s *Server) postGuestJoin(w http.ResponseWriter, r *http.Request, c people.Caller, form url.Values) error {
	token := r.PathValue("token")
	d, err := s.guestDoor(r.Context(), token)
	if err != nil {
		return err
	}
	j := people.Joining{Name: form.Get("name"), Email: form.Get("email"), Password: form.Get("password"), IP: s.clientIP(r)}
	p, prospect, sent, err := s.joinGuest(r, c, d, token, j)
	if err != nil {
		return s.joinRefused(w, r, c, d, form, err)
	}
	if sent {
		v := s.guestJoinView(r, c, d)
		v.Sent, v.Address = true, j.Email
		s.renderSecret(w, r, http.StatusOK, "guest-join", v)
		return nil
	}
	if c.Person.ID != p.ID {
		if err := s.startSession(w, r, p); err != nil {
			return err
		}
	}
	return goTo(w, r, "/shared/"+url.PathEscape(prospect))
}

// joinGuest takes a token for whatever it is. sent says that the address has to
// be confirmed first; the answer is then the same for every address.
func (s *Server) joinGuest(r *http.Request, c people.Caller, d guestDoor, token string, j people.Joining) (p people.Person, prospect string, sent bool, err error) {
	ctx := r.Context()
	c.IP = j.IP
	switch {
	case d.invitation != nil:
		p, prospect, err = s.people.JoinAsGuest(ctx, c, token, j.Name)
	case d.confirmation != nil:
		p, prospect, err = s.people.UseConfirmation(ctx, c, token)
	case d.asksAddress():
		if err := s.people.AskByLink(ctx, token, j); err != nil {
			return p, "", false, err
		}
		if !s.mails() {
			return p, "", false, &people.Invalid{Field: "email", Problem: "cannot be confirmed, because no mail is set up here; ask whoever gave you the link for an invitation"}
		}
		s.mailConfirmation(token, j)
		return p, "", true, nil
	default:
		p, prospect, err = s.people.EnterByLink(ctx, c, token, j)
	}
	return p, prospect, false, err
}

// joinRefused shows the form again with what is wrong.
func (s *Server) joinRefused(w http.ResponseWriter, r *http.Request, c people.Caller, d guestDoor, form url.Values, err error) error {
	status, _, detail := s.errorStatus(err)
	v := s.guestJoinView(r, c, d)
	switch f, ok := again(form, err, nil); {
	case errors.Is(err, people.ErrOtherGuest):
		v.Other = c.Person.Name
		status = http.StatusConflict
	case ok:
		v.Form = f
	case status == http.StatusTooManyRequests:
		w.Header().Set("Retry-After", retryAfter(err))
		v.Form = f
		v.Form.Error = detail
	default:
		return err
	}
	s.renderSecret(w, r, status, "guest-join", v)
	return nil
}

// guestReturn asks a guest for the address that a link to come back is mailed to.
func (s *Server) guestReturn(w http.ResponseWriter, r *http.Request, c people.Caller) error {
	if c.Person.ID != "" {
		return goTo(w, r, "/")
	}
	s.renderSecret(w, r, http.StatusOK, "guest-return", s.guestReturnView(r))
	return nil
}

func (s *Server) guestReturnView(r *http.Request) *GuestReturnView {
	v := &GuestReturnView{Shell: s.shell(r, people.Caller{}, "Come back"), Mails: s.mails(), Staff: "/sign-in"}
	if next := localPath(r.URL.Query().Get("next"), ""); next != "" {
		v.Staff += "?next=" + url.QueryEscape(next)
	}
	return v
}

// postGuestReturn answers the same, after the same work, whoever has the
// address: what is to be done for somebody is done later.
func (s *Server) postGuestReturn(w http.ResponseWriter, r *http.Request, c people.Caller) error {
	form, err := s.form(r)
	if err != nil {
		return err
	}
	v := s.guestReturnView(r)
	email, ip := form.Get("email"), s.clientIP(r)
	if err := s.people.AskGuestReturn(ip); err != nil {
		status, _, detail := s.errorStatus(err)
		if status != http.StatusTooManyRequests {
			return err
		}
		w.Header().Set("Retry-After", retryAfter(err))
		v.Form.Error = detail
		s.renderSecret(w, r, status, "guest-return", v)
		return nil
	}
	if v.Mails {
		s.mailGuestLink(email, ip)
		v.Sent = true
	}
	s.renderSecret(w, r, http.StatusOK, "guest-return", v)
	return nil
}
