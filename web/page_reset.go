package web

import (
	"context"
	"net/http"
	"net/mail"

	"dealwiki/web/notify"
	"dealwiki/wiki/people"
)

func (s *Server) mails() bool { return s.notices != nil && s.notices.Mails() }

func (s *Server) forgottenView(r *http.Request) *ForgottenView {
	return &ForgottenView{Shell: s.shell(r, people.Caller{}, "New password"), Mails: s.mails(), Help: s.signOn.Help}
}

func (s *Server) forgotten(w http.ResponseWriter, r *http.Request, c people.Caller) error {
	s.renderSecret(w, r, http.StatusOK, "forgotten", s.forgottenView(r))
	return nil
}

// postForgotten answers the same, after the same work, whoever has the address:
// what is to be done for somebody is done later.
func (s *Server) postForgotten(w http.ResponseWriter, r *http.Request, c people.Caller) error {
	form, err := s.form(r)
	if err != nil {
		return err
	}
	v := s.forgottenView(r)
	if !s.mails() {
		s.renderSecret(w, r, http.StatusOK, "forgotten", v)
		return nil
	}
	email, ip := form.Get("email"), s.clientIP(r)
	ok, err := s.people.AskReset(email, ip)
	if err != nil {
		status, _, detail := s.errorStatus(err)
		if status != http.StatusTooManyRequests {
			return err
		}
		w.Header().Set("Retry-After", retryAfter(err))
		v.Error = detail
		s.renderSecret(w, r, status, "forgotten", v)
		return nil
	}
	if ok {
		s.letters.later("a link for a new password", func(ctx context.Context) error { return s.mailReset(ctx, email, ip) })
	}
	v.Sent = true
	s.renderSecret(w, r, http.StatusOK, "forgotten", v)
	return nil
}

func (s *Server) reset(w http.ResponseWriter, r *http.Request, c people.Caller) error {
	p, err := s.people.Reset(r.Context(), r.PathValue("token"))
	if err != nil {
		return err
	}
	s.renderSecret(w, r, http.StatusOK, "join", s.resetView(r, p, Form{}))
	return nil
}

func (s *Server) resetView(r *http.Request, p people.Person, f Form) *JoinView {
	return &JoinView{Shell: s.secretShell(r, people.Caller{}, "New password"), Action: r.URL.Path, Email: p.Email, Reset: true, Form: f}
}

func (s *Server) postReset(w http.ResponseWriter, r *http.Request, c people.Caller) error {
	form, err := s.form(r)
	if err != nil {
		return err
	}
	p, err := s.people.Reset(r.Context(), r.PathValue("token"))
	if err != nil {
		return err
	}
	done, err := s.people.UseReset(r.Context(), r.PathValue("token"), form.Get("password"), s.clientIP(r))
	if err != nil {
		if f, ok := again(form, err, nil); ok {
			s.renderSecret(w, r, http.StatusUnprocessableEntity, "join", s.resetView(r, p, f))
			return nil
		}
		return err
	}
	if s.signOn.adminsOnly() && done.Role != people.Admin {
		return s.done(w, r, "/sign-in", "Your password is changed.")
	}
	return s.enter(w, r, done, people.ByLink, "/", "Your password is changed. All other browsers are signed out.")
}

// mailReset mails a link for a new password to whom there is of an address.
func (s *Server) mailReset(ctx context.Context, email, ip string) error {
	to, err := s.people.NewReset(ctx, email, ip)
	if err != nil {
		return err
	}
	m := notify.Message{To: mail.Address{Name: to.Person.Name, Address: to.Person.Email}, Subject: "Your new password for the wiki", Until: to.Expires}
	switch {
	case to.Token == "":
		m.Until = s.now().Add(people.ResetLife)
		m.Subject = "Signing in to the wiki"
		m.Text = "Somebody, you perhaps, asked for a new password for the wiki. You have none there: you sign in by " + s.signOn.name() + ".\n\nIf it was not you, nothing has to be done."
		m.Link, m.Label = s.notices.Link("/sign-in"), "Sign in"
	default:
		m.Text = "Somebody, you perhaps, asked for a new password for the wiki. Choose one with this link; it works once, for an hour.\n\nIf it was not you, nothing has to be done: your password stays as it is."
		m.Link, m.Label = s.notices.Link("/reset/"+to.Token), "Choose a new password"
	}
	return s.notices.SendMail(ctx, m)
}
