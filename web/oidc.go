package web

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"dealwiki/web/signon"
	"dealwiki/wiki/people"
)

const (
	ssoSuffix     = "-sso"  // of the cookie of somebody who is at the provider
	leaveSuffix   = "-left" // of the cookie of somebody who has just signed out here
	leaveLife     = 5 * time.Minute
	maxSealed     = 3800 // browsers keep cookies of 4096 bytes with their names
	callbackPath  = "/sign-in/sso/callback"
	sealFlow      = "flow"
	sealLeave     = "leave"
	signedOutPath = "/signed-out"
)

func (s *Server) providerView(next string) *ProviderView {
	p := s.signOn.Provider
	if p == nil {
		return nil
	}
	v := &ProviderView{Name: p.Name(), Href: "/sign-in/sso", Down: p.Down()}
	if next != "/" {
		v.Href += "?" + url.Values{"next": {next}}.Encode()
	}
	return v
}

// ssoBegin sends the browser to the provider.
func (s *Server) ssoBegin(w http.ResponseWriter, r *http.Request, c people.Caller) error {
	p := s.signOn.Provider
	if p == nil {
		return notFound()
	}
	next := localPath(r.URL.Query().Get("next"), "/")
	if c.Person.ID != "" {
		return goTo(w, r, next)
	}
	to, flow, err := p.Begin(r.Context(), s.address(r, callbackPath), next)
	if errors.Is(err, signon.ErrDown) {
		return s.ssoDown(w, r, next)
	}
	if err != nil {
		return err
	}
	sealed, err := p.Seal(sealFlow, flow)
	if err != nil {
		return err
	}
	if len(sealed) > maxSealed {
		flow.Next = "/"
		if sealed, err = p.Seal(sealFlow, flow); err != nil {
			return err
		}
	}
	s.setCookie(w, r, s.cookieName(r)+ssoSuffix, sealed, signon.FlowLife)
	http.Redirect(w, r, to, http.StatusFound)
	return nil
}

// ssoDown shows the sign-in page, which says so.
func (s *Server) ssoDown(w http.ResponseWriter, r *http.Request, next string) error {
	v := s.signInView(r, next)
	v.Provider.Down = true
	s.renderSecret(w, r, http.StatusServiceUnavailable, "sign-in", v)
	return nil
}

// ssoCallback takes the provider's answer.
func (s *Server) ssoCallback(w http.ResponseWriter, r *http.Request, c people.Caller) error {
	p := s.signOn.Provider
	if p == nil {
		return notFound()
	}
	var flow signon.Flow
	name := s.cookieName(r) + ssoSuffix
	if cookie, err := r.Cookie(name); err == nil {
		s.setCookie(w, r, name, "", 0)
		if err := p.Unseal(sealFlow, cookie.Value, &flow); err != nil {
			flow = signon.Flow{}
		}
	}
	next := localPath(flow.Next, "/")
	id, err := p.Finish(r.Context(), flow, r.URL.Query())
	var no *signon.Refused
	switch {
	case errors.Is(err, signon.ErrDown):
		return s.ssoDown(w, r, next)
	case errors.As(err, &no):
		return s.ssoRefused(w, r, answerTexts[no.Why])
	case err != nil:
		return err
	}
	role, ok := s.signOn.role(id.Groups)
	if !ok {
		s.log.Info("single sign-on refused", "why", "in no group that is let in")
		return s.ssoRefused(w, r, "You are in none of the groups that may use this wiki. Ask whoever looks after your account at %s.")
	}
	person, err := s.people.SignOn(r.Context(), people.Identity{Issuer: id.Issuer, Subject: id.Subject, Email: id.Email, Verified: id.Verified, Name: id.Name},
		people.SignOnRules{Role: role, Create: s.signOn.Create, Domains: s.signOn.Domains}, s.clientIP(r))
	var refused *people.SignOnRefused
	switch {
	case errors.As(err, &refused):
		s.log.Info("single sign-on refused", "why", string(refused.Reason))
		return s.ssoRefused(w, r, personTexts[refused.Reason])
	case err != nil:
		return err
	}
	if err := s.startSessionBy(w, r, person, people.Entry{How: people.ByProvider, Hint: id.Hint}); err != nil {
		return err
	}
	return goTo(w, r, next)
}

// answerTexts say why an answer of the provider signs nobody in; %s is its name.
var answerTexts = map[string]string{
	signon.Denied:   "%s did not sign you in. If you gave up there yourself, just begin again; else ask whoever looks after your account there.",
	signon.Foreign:  "This answer of %s was not asked for by this browser, or was used already. Begin again, in one tab.",
	signon.Expired:  "It took too long. Begin again.",
	signon.Rejected: "%s did not complete the sign-in. Begin again; if it happens again, tell your administrator.",
	signon.Token:    "What %s sent cannot be trusted, so nobody is signed in. Begin again; if it happens again, tell your administrator.",
}

// personTexts say why somebody is not let in; %s is the provider's name.
var personTexts = map[people.Reason]string{
	people.Unverified:   "%s does not confirm your mail address, so it cannot be told which account here is yours. Confirm the address there, or ask an administrator for a link.",
	people.Unknown:      "There is no account here for your address at %s. Ask an administrator of this wiki to invite you.",
	people.IsDisabled:   "Your account here is disabled. Ask an administrator of this wiki.",
	people.IsGuest:      "Your address belongs to a guest, and guests come by the link that they were sent.",
	people.AnotherThere: "The account of your address belongs to somebody else at %s. Ask an administrator of this wiki to unlink it if it is yours.",
}

func (s *Server) ssoRefused(w http.ResponseWriter, r *http.Request, text string) error {
	v := &ErrorView{Shell: s.shell(r, people.Caller{}, "Not signed in"), Status: http.StatusForbidden, Heading: "You are not signed in", Text: strings.ReplaceAll(text, "%s", s.signOn.name()), Back: "/sign-in", Label: "Back to signing in", Request: requestID(r)}
	s.renderSecret(w, r, http.StatusForbidden, "error", v)
	return nil
}

// left is what a browser keeps to sign out at the provider too.
type left struct {
	Hint  string
	Until time.Time
}

// keepLeave lets somebody who signs out here sign out at the provider too, where
// that is offered. It is asked before the session ends.
func (s *Server) keepLeave(w http.ResponseWriter, r *http.Request, token string) (offered bool, err error) {
	p := s.signOn.Provider
	if p == nil {
		return false, nil
	}
	_, session, err := s.people.Session(r.Context(), token)
	if err != nil || session.How != people.ByProvider || !p.Leaves() {
		return false, nil // there is nobody to sign out, or nowhere
	}
	hint, err := s.people.SignOutHint(r.Context(), token)
	if err != nil && !errors.Is(err, people.ErrNotFound) {
		return false, err
	}
	l := left{Hint: hint, Until: s.now().Add(leaveLife)}
	sealed, err := p.Seal(sealLeave, l)
	if err == nil && len(sealed) > maxSealed {
		l.Hint = "" // the provider will ask
		sealed, err = p.Seal(sealLeave, l)
	}
	if err != nil {
		return false, err
	}
	s.setCookie(w, r, s.cookieName(r)+leaveSuffix, sealed, leaveLife)
	return true, nil
}

// signedOut says that one is signed out here, and may be signed in at the
// provider still.
func (s *Server) signedOut(w http.ResponseWriter, r *http.Request, c people.Caller) error {
	p := s.signOn.Provider
	if _, err := r.Cookie(s.cookieName(r) + leaveSuffix); err != nil || p == nil || c.Person.ID != "" {
		return goTo(w, r, "/sign-in")
	}
	s.renderSecret(w, r, http.StatusOK, "signed-out", &SignOutView{Shell: s.shell(r, people.Caller{}, "Signed out"), Provider: p.Name(), Href: "/signed-out/provider"})
	return nil
}

// leaveProvider sends the browser to where its session at the provider ends.
func (s *Server) leaveProvider(w http.ResponseWriter, r *http.Request, c people.Caller) error {
	p := s.signOn.Provider
	name := s.cookieName(r) + leaveSuffix
	cookie, err := r.Cookie(name)
	if err != nil || p == nil {
		return goTo(w, r, "/sign-in")
	}
	s.setCookie(w, r, name, "", 0)
	var l left
	if err := p.Unseal(sealLeave, cookie.Value, &l); err != nil || !s.now().Before(l.Until) {
		return goTo(w, r, "/sign-in")
	}
	to := p.SignOut(l.Hint, s.address(r, "/sign-in"))
	if to == "" {
		return goTo(w, r, "/sign-in")
	}
	http.Redirect(w, r, to, http.StatusFound)
	return nil
}
