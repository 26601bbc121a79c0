package web

import (
	"context"
	"errors"
	"net/http"
	"net/mail"
	"sync"
	"time"

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
// what is to be done for somebody is done later, by the resetter.
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
		s.resets.ask(email, ip)
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

// maxAsked is how many people may wait for a letter to be written; more are
// dropped, and ask again.
const maxAsked = 100

// resetter writes letters with links for new passwords, so that nobody who asks
// for one can tell by the time whether there is somebody of that address. It
// owns one goroutine.
type resetter struct {
	s     *Server
	asked chan [2]string // address and IP
	ctx   context.Context
	gone  sync.WaitGroup
}

func newResetter(ctx context.Context, s *Server) *resetter {
	x := &resetter{s: s, asked: make(chan [2]string, maxAsked), ctx: ctx}
	x.gone.Go(x.run)
	return x
}

func (x *resetter) wait() { x.gone.Wait() }

func (x *resetter) ask(email, ip string) {
	select {
	case x.asked <- [2]string{email, ip}:
	default:
		x.s.log.Warn("too many ask for new passwords; one was dropped")
	}
}

func (x *resetter) run() {
	for {
		select {
		case <-x.ctx.Done():
			return
		case a := <-x.asked:
			ctx, cancel := context.WithTimeout(x.ctx, time.Minute)
			err := x.write(ctx, a[0], a[1])
			cancel()
			if err != nil && !errors.Is(err, people.ErrNotFound) && x.ctx.Err() == nil {
				x.s.log.Error("mailing a link for a new password", "err", err)
			}
		}
	}
}

func (x *resetter) write(ctx context.Context, email, ip string) error {
	to, err := x.s.people.NewReset(ctx, email, ip)
	if err != nil {
		return err
	}
	m := notify.Message{To: mail.Address{Name: to.Person.Name, Address: to.Person.Email}, Subject: "Your new password for the wiki", Until: to.Expires}
	switch {
	case to.Token == "":
		m.Until = x.s.now().Add(people.ResetLife)
		m.Subject = "Signing in to the wiki"
		m.Text = "Somebody, you perhaps, asked for a new password for the wiki. You have none there: you sign in by " + x.s.signOn.name() + ".\n\nIf it was not you, nothing has to be done."
		m.Link, m.Label = x.s.notices.Link("/sign-in"), "Sign in"
	default:
		m.Text = "Somebody, you perhaps, asked for a new password for the wiki. Choose one with this link; it works once, for an hour.\n\nIf it was not you, nothing has to be done: your password stays as it is."
		m.Link, m.Label = x.s.notices.Link("/reset/"+to.Token), "Choose a new password"
	}
	return x.s.notices.SendMail(ctx, m)
}
