package web

import (
	"errors"
	"net/http"
	"net/url"

	"dealwiki/wiki/people"
)

func (s *Server) signIn(w http.ResponseWriter, r *http.Request, c people.Caller) error {
	next := localPath(r.URL.Query().Get("next"), "/")
	if c.Person.ID != "" {
		return goTo(w, r, next)
	}
	if s.isNew(r.Context()) {
		return goTo(w, r, "/setup")
	}
	v := s.signInView(r, next)
	v.Flash = s.flash(w, r)
	s.renderSecret(w, r, http.StatusOK, "sign-in", v)
	return nil
}

// host is where the wiki runs, as its people know it.
func (s *Server) host() string {
	u, err := url.Parse(s.url)
	if err != nil {
		return ""
	}
	return u.Host
}

func (s *Server) postSignIn(w http.ResponseWriter, r *http.Request, c people.Caller) error {
	form, err := s.form(r)
	if err != nil {
		return err
	}
	next := localPath(form.Get("next"), "/")
	p, err := s.people.CheckPassword(r.Context(), form.Get("email"), form.Get("password"), s.clientIP(r))
	if err == nil {
		if s.signOn.adminsOnly() && p.Role != people.Admin {
			s.log.Info("sign-in refused: passwords are for administrators", "person", p.ID)
			s.people.CountRefused(p.Email, s.clientIP(r))
			err = people.ErrSignIn
		} else {
			return s.enter(w, r, p, people.ByPassword, next, "")
		}
	}
	// The same answer whatever is wrong, so that it cannot be found out who has
	// an account.
	var invalid *people.Invalid
	status, _, detail := s.errorStatus(err)
	switch {
	case errors.Is(err, people.ErrSignIn), errors.As(err, &invalid):
		status, detail = http.StatusUnprocessableEntity, "This address and password do not belong together. Check both and try again."
	case status == http.StatusTooManyRequests:
		w.Header().Set("Retry-After", retryAfter(err))
	default:
		return err
	}
	v := s.signInView(r, next)
	v.Email, v.Error = form.Get("email"), detail
	s.renderSecret(w, r, status, "sign-in", v)
	return nil
}

func (s *Server) signInView(r *http.Request, next string) *SignInView {
	_, without := s.passkeyPlace(r)
	return &SignInView{Shell: s.shell(r, people.Caller{}, "Sign in"), Next: next, Host: s.host(), Help: s.signOn.Help, Provider: s.providerView(next), AdminsOnly: s.signOn.adminsOnly(), Passkeys: without == nil}
}

// enter goes on after somebody's first step: to the second one where that is
// asked of them, else in.
func (s *Server) enter(w http.ResponseWriter, r *http.Request, p people.Person, how, next, welcome string) error {
	token, err := s.people.FirstStep(r.Context(), p.ID, how, s.signOn.wantsTwoSteps)
	if err != nil {
		return err
	}
	if token != "" {
		s.setCookie(w, r, s.cookieName(r)+stepSuffix, token, people.SignInLife)
		return goTo(w, r, "/sign-in/code?"+url.Values{"next": {next}}.Encode())
	}
	if err := s.startSessionBy(w, r, p, people.Entry{How: how}); err != nil {
		return err
	}
	if welcome != "" {
		return s.done(w, r, next, welcome)
	}
	return goTo(w, r, next)
}

func (s *Server) postSignOut(w http.ResponseWriter, r *http.Request, c people.Caller) error {
	name := s.cookieName(r)
	elsewhere := false
	if cookie, err := r.Cookie(name); err == nil {
		if elsewhere, err = s.keepLeave(w, r, cookie.Value); err != nil {
			return err
		}
		if err := s.people.EndSession(r.Context(), cookie.Value); err != nil {
			return err
		}
	}
	s.setCookie(w, r, name, "", 0)
	w.Header().Set("Clear-Site-Data", `"cache"`)
	if elsewhere {
		return goTo(w, r, signedOutPath)
	}
	return s.done(w, r, "/sign-in", "You are signed out.")
}

// setupNotice tells whoever comes first where the link is.
func (s *Server) setupNotice(w http.ResponseWriter, r *http.Request, c people.Caller) error {
	if !s.isNew(r.Context()) {
		return goTo(w, r, "/sign-in")
	}
	v := &ErrorView{Shell: s.shell(r, c, "Welcome"), Status: http.StatusOK, Heading: "This wiki is new",
		Text: "Nobody has an account yet. The server printed a one-time link when it started: open it to make the first administrator. Whoever can see the server’s output can do that, and nobody else."}
	s.render(w, r, http.StatusOK, "error", v)
	return nil
}

func (s *Server) setup(w http.ResponseWriter, r *http.Request, c people.Caller) error {
	if err := s.people.CheckSetup(r.Context(), r.PathValue("token")); err != nil {
		return err
	}
	s.renderSecret(w, r, http.StatusOK, "setup", &SetupView{Shell: s.secretShell(r, c, "Welcome"), Action: r.URL.Path})
	return nil
}

// secretShell is the shell of a screen whose address is a secret: it does not
// repeat it.
func (s *Server) secretShell(r *http.Request, c people.Caller, title string) Shell {
	sh := s.shell(r, c, title)
	sh.Path = "/"
	return sh
}

func (s *Server) postSetup(w http.ResponseWriter, r *http.Request, c people.Caller) error {
	form, err := s.form(r)
	if err != nil {
		return err
	}
	token := r.PathValue("token")
	p, err := s.people.UseSetup(r.Context(), token, people.NewPerson{Email: form.Get("email"), Name: form.Get("name"), Password: form.Get("password")})
	if err != nil {
		if f, ok := again(form, err, nil); ok {
			s.renderSecret(w, r, http.StatusUnprocessableEntity, "setup", &SetupView{Shell: s.secretShell(r, c, "Welcome"), Action: r.URL.Path, Form: f})
			return nil
		}
		return err
	}
	return s.enter(w, r, p, people.ByInvitation, "/admin/people", "Welcome, "+p.Name+". Invite the others next.")
}

func (s *Server) join(w http.ResponseWriter, r *http.Request, c people.Caller) error {
	inv, err := s.people.Invitation(r.Context(), r.PathValue("token"))
	if errors.Is(err, people.ErrNotFound) {
		return s.guestJoin(w, r, c)
	}
	if err != nil {
		return err
	}
	s.renderSecret(w, r, http.StatusOK, "join", s.joinView(r, inv, Form{Values: map[string]string{"name": inv.Name}}))
	return nil
}

func (s *Server) joinView(r *http.Request, inv people.Invitation, f Form) *JoinView {
	return &JoinView{Shell: s.secretShell(r, people.Caller{}, "Join"), Action: r.URL.Path, Email: inv.Email, Inviter: s.nameOf(r.Context(), inv.Inviter), Form: f}
}

func (s *Server) postJoin(w http.ResponseWriter, r *http.Request, c people.Caller) error {
	form, err := s.form(r)
	if err != nil {
		return err
	}
	token := r.PathValue("token")
	inv, err := s.people.Invitation(r.Context(), token)
	if errors.Is(err, people.ErrNotFound) {
		return s.postGuestJoin(w, r, c, form)
	}
	if err != nil {
		return err
	}
	p, err := s.people.AcceptInvite(r.Context(), token, form.Get("name"), form.Get("password"))
	if err != nil {
		if f, ok := again(form, err, nil); ok {
			s.renderSecret(w, r, http.StatusUnprocessableEntity, "join", s.joinView(r, inv, f))
			return nil
		}
		return err
	}
	return s.enter(w, r, p, people.ByInvitation, "/", "Welcome, "+p.Name+".")
}

// login shows a button: following the link does not use it up, so that mail
// programs that look at links burn none.
func (s *Server) login(w http.ResponseWriter, r *http.Request, c people.Caller) error {
	v := &LoginView{Shell: s.secretShell(r, people.Caller{}, "Sign in"), Action: r.URL.Path}
	s.renderSecret(w, r, http.StatusOK, "login", v)
	return nil
}

func (s *Server) postLogin(w http.ResponseWriter, r *http.Request, c people.Caller) error {
	p, err := s.people.UseLoginLink(r.Context(), r.PathValue("token"))
	if err != nil {
		return err
	}
	return s.enter(w, r, p, people.ByLink, "/", "")
}
