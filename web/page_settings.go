package web

import (
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"dealwiki/wiki/people"
)

func (s *Server) settings(w http.ResponseWriter, r *http.Request, c people.Caller) error {
	v, err := s.settingsView(r, c)
	if err != nil {
		return err
	}
	v.Flash = s.flash(w, r)
	s.render(w, r, http.StatusOK, "settings", v)
	return nil
}

func (s *Server) settingsView(r *http.Request, c people.Caller) (*SettingsView, error) {
	ctx := r.Context()
	p, err := s.people.Get(ctx, c.Person.ID)
	if err != nil {
		return nil, err
	}
	v := &SettingsView{Shell: s.shell(r, c, "Settings"), Name: p.Name, Email: p.Email, Handle: p.Handle, Skills: p.Skills, Job: string(p.Job), Jobs: jobOptions(p.Job)}
	theme := p.Settings.Theme
	if theme == "system" {
		theme = ""
	}
	v.Themes = options(theme, "", "Like the system", "light", "Light", "dark", "Dark")
	if err := s.mailView(ctx, v, p); err != nil {
		return nil, err
	}
	state, err := s.people.TwoStepOf(ctx, c, c.Person.ID)
	if err != nil {
		return nil, err
	}
	v.TwoStep = TwoStepState{On: state.On, Since: state.Since, Codes: state.Codes, Required: state.Required || s.signOn.wantsTwoSteps(p)}
	if v.Passkeys, err = s.passkeysView(r, c); err != nil {
		return nil, err
	}
	if linked, err := s.people.Identities(ctx, c, c.Person.ID); err != nil {
		return nil, err
	} else if len(linked) > 0 {
		v.Provider = s.signOn.name()
	}
	sessions, err := s.people.Sessions(ctx, c, c.Person.ID)
	if err != nil {
		return nil, err
	}
	for _, x := range sessions {
		v.Sessions = append(v.Sessions, SessionRow{ID: x.ID, Agent: agentName(x.Agent), IP: x.IP, Started: x.Created, Seen: x.Seen, How: howNames[x.How], This: x.ID == c.Session})
	}
	tokens, err := s.people.Tokens(ctx, c, c.Person.ID)
	if err != nil {
		return nil, err
	}
	for _, t := range tokens {
		v.Tokens = append(v.Tokens, TokenRow{ID: t.ID, Name: t.Name, Scopes: strings.Join(t.Scopes.Names(), ", "), Created: t.Created, Used: t.Used, Expires: t.Expires})
	}
	v.Scopes = []Option{{Value: "read", Label: "read", Hint: "see what you see", Selected: true}, {Value: "write", Label: "write", Hint: "change what you may change"},
		{Value: "git", Label: "git", Hint: "clone and push"}, {Value: "feed", Label: "feed", Hint: "read feeds"}}
	if c.Can(people.Administer) {
		v.Scopes = append(v.Scopes, Option{Value: "admin", Label: "admin", Hint: "what administrators do"})
	}
	v.Expiries = options("90", "30", "in 30 days", "90", "in 90 days", "365", "in a year", "0", "never")
	return v, nil
}

func jobOptions(job people.Job) []Option {
	return options(string(job), "", "–", string(people.Sales), "sales", string(people.Technical), "technical", string(people.Delivery), "delivery",
		string(people.Marketing), "marketing", string(people.Manager), "manager")
}

// howNames say how a session began.
var howNames = map[string]string{people.ByPassword: "by password", people.ByLink: "by a link", people.ByInvitation: "by an invitation", people.ByProvider: "by single sign-on", people.ByPasskey: "by a passkey"}

// agentName names a browser shortly.
func agentName(agent string) string {
	browser := ""
	for _, b := range []struct{ sign, name string }{{"Edg/", "Edge"}, {"OPR/", "Opera"}, {"Firefox/", "Firefox"}, {"Chrome/", "Chrome"}, {"Safari/", "Safari"}} {
		if strings.Contains(agent, b.sign) {
			browser = b.name
			break
		}
	}
	system := ""
	for _, o := range []struct{ sign, name string }{{"Android", "Android"}, {"iPhone", "iPhone"}, {"iPad", "iPad"}, {"Windows", "Windows"}, {"Mac OS X", "macOS"}, {"Linux", "Linux"}} {
		if strings.Contains(agent, o.sign) {
			system = o.name
			break
		}
	}
	switch {
	case browser != "" && system != "":
		return browser + " on " + system
	case browser != "":
		return browser
	case agent == "":
		return "Unknown browser"
	}
	return clip(agent, 60)
}

// settingsAgain shows the settings with what was wrong with one of its forms.
func (s *Server) settingsAgain(w http.ResponseWriter, r *http.Request, c people.Caller, status int, change func(*SettingsView)) error {
	v, err := s.settingsView(r, c)
	if err != nil {
		return err
	}
	change(v)
	s.renderSecret(w, r, status, "settings", v)
	return nil
}

func (s *Server) postProfile(w http.ResponseWriter, r *http.Request, c people.Caller) error {
	form, err := s.form(r)
	if err != nil {
		return err
	}
	name, skills, job := form.Get("name"), form.Get("skills"), people.Job(form.Get("job"))
	_, err = s.people.Update(r.Context(), c, c.Person.ID, people.Patch{Name: &name, Skills: &skills, Job: &job})
	if err != nil {
		f, ok := again(form, err, nil)
		if !ok {
			return err
		}
		return s.settingsAgain(w, r, c, http.StatusUnprocessableEntity, func(v *SettingsView) { v.Profile, v.Name, v.Skills = f, name, skills })
	}
	return s.done(w, r, "/settings", "Saved.")
}

// postLook keeps theme and shortcuts. The menu's form has no box for shortcuts
// and leaves them as they are.
func (s *Server) postLook(w http.ResponseWriter, r *http.Request, c people.Caller) error {
	form, err := s.form(r)
	if err != nil {
		return err
	}
	settings := c.Person.Settings
	if form.Has("theme") {
		if settings.Theme = form.Get("theme"); settings.Theme == "" {
			settings.Theme = "system"
		}
	}
	if form.Get("form") == "look" {
		settings.Shortcuts = form.Get("keys") != ""
	}
	if err := s.people.SaveSettings(r.Context(), c, settings); err != nil {
		return err
	}
	return goTo(w, r, localPath(form.Get("next"), "/settings"))
}

func (s *Server) postPassword(w http.ResponseWriter, r *http.Request, c people.Caller) error {
	form, err := s.form(r)
	if err != nil {
		return err
	}
	err = s.people.ChangePassword(r.Context(), c, form.Get("old"), form.Get("new"))
	if errors.Is(err, people.ErrSignIn) && form.Get("old") == "" {
		// Whoever came by a link and has no password yet chooses the first one.
		// Not as an administrator: those may set one over another.
		own := c
		own.Scopes &^= people.Administer
		if first := s.people.SetPassword(r.Context(), own, c.Person.ID, form.Get("new")); !errors.Is(first, people.ErrForbidden) {
			err = first
		}
	}
	if err != nil {
		status, _, detail := s.errorStatus(err)
		f := Form{Errors: map[string]string{}}
		var invalid *people.Invalid
		switch {
		case errors.Is(err, people.ErrSignIn):
			f.Errors["old"] = "This is not your present password."
		case errors.As(err, &invalid):
			f.Errors["new"] = detail
		case status == http.StatusTooManyRequests:
			w.Header().Set("Retry-After", retryAfter(err))
			f.Error = detail
		default:
			return err
		}
		return s.settingsAgain(w, r, c, status, func(v *SettingsView) { v.Password = f })
	}
	s.renewSession(w, r)
	return s.done(w, r, "/settings", "Your password is changed. All other browsers are signed out.")
}

func (s *Server) postSessions(w http.ResponseWriter, r *http.Request, c people.Caller) error {
	form, err := s.form(r)
	if err != nil {
		return err
	}
	switch end := form.Get("end"); end {
	case "":
		return badRequest("The form does not say which session to end.")
	case "others":
		if err := s.people.EndSessions(r.Context(), c, c.Person.ID); err != nil {
			return err
		}
	default:
		if err := s.people.EndSessionID(r.Context(), c, end); err != nil {
			return err
		}
	}
	return s.done(w, r, "/settings#sessions", "Signed out there.")
}

func (s *Server) postTokens(w http.ResponseWriter, r *http.Request, c people.Caller) error {
	form, err := s.form(r)
	if err != nil {
		return err
	}
	ctx := r.Context()
	if id := form.Get("revoke"); id != "" {
		if err := s.people.RevokeToken(ctx, c, id); err != nil {
			return err
		}
		return s.done(w, r, "/settings#tokens", "The token is revoked. Whatever used it stops working now.")
	}
	secret, err := s.makeToken(r, c, form)
	if err != nil {
		f, ok := again(form, err, map[string]string{"tokens": "name"})
		if !ok {
			return err
		}
		return s.settingsAgain(w, r, c, http.StatusUnprocessableEntity, func(v *SettingsView) { v.Token = f })
	}
	return s.settingsAgain(w, r, c, http.StatusOK, func(v *SettingsView) {
		v.NewToken = &OneTime{Label: "Your new token", Value: secret, Note: "Copy it now: it is shown this once."}
	})
}

func (s *Server) makeToken(r *http.Request, c people.Caller, form url.Values) (string, error) {
	if len(form["scope"]) == 0 {
		return "", &people.Invalid{Field: "scope", Problem: "is missing; choose at least one thing the token may do"}
	}
	scopes, err := people.ParseScopes(strings.Join(form["scope"], ","))
	if err != nil {
		return "", err
	}
	days, err := strconv.Atoi(form.Get("expires"))
	if form.Get("expires") == "" {
		days, err = 90, nil
	}
	if err != nil || days < 0 || days > 3650 {
		return "", &people.Invalid{Field: "expires", Problem: "is a number of days up to 3650, or 0 for never"}
	}
	var expires time.Time
	if days > 0 {
		expires = s.now().Add(time.Duration(days) * 24 * time.Hour)
	}
	secret, _, err := s.people.NewToken(r.Context(), c, c.Person.ID, form.Get("name"), scopes, expires)
	return secret, err
}
