package web

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"dealwiki/wiki/people"
)

const (
	cookieSecure = "__Host-dealwiki" // over https
	cookiePlain  = "dealwiki"        // over http, on localhost and in tests
	flashSuffix  = "-flash"
	cookieLife   = 90 * 24 * time.Hour // sessions end earlier on the server
)

func (s *Server) cookieName(r *http.Request) string {
	if s.isSecure(r) {
		return cookieSecure
	}
	return cookiePlain
}

// session answers who the browser is signed in as.
func (s *Server) session(r *http.Request) (people.Caller, bool) {
	c, _, ok := s.sessionOf(r)
	return c, ok
}

func (s *Server) sessionOf(r *http.Request) (people.Caller, people.Session, bool) {
	cookie, err := r.Cookie(s.cookieName(r))
	if err != nil {
		return people.Caller{}, people.Session{}, false
	}
	c, session, err := s.people.Session(r.Context(), cookie.Value)
	if err != nil {
		return people.Caller{}, people.Session{}, false
	}
	c.IP = s.clientIP(r)
	return c, session, true
}

// renewSession gives the browser's session a new secret. What fails is tried
// again at the next page.
func (s *Server) renewSession(w http.ResponseWriter, r *http.Request) {
	cookie, err := r.Cookie(s.cookieName(r))
	if err != nil {
		return
	}
	token, err := s.people.RenewSession(r.Context(), cookie.Value)
	if errors.Is(err, people.ErrNotFound) {
		return // another request was quicker
	}
	if err != nil {
		s.log.Warn("giving a session a new secret", "id", requestID(r), "err", err)
		return
	}
	s.setCookie(w, r, s.cookieName(r), token, cookieLife)
}

// opensPage reports whether a request is somebody going to a page, not something
// that a page does by itself.
func opensPage(r *http.Request) bool {
	mode := r.Header.Get("Sec-Fetch-Mode")
	return r.Method == http.MethodGet && (mode == "" || mode == "navigate") && !wantsJSON(r)
}

// caller answers who a program or a browser acts for: by its bearer token, else
// by its session. A token that is wrong is nobody, whatever the cookie says.
func (s *Server) caller(r *http.Request) (people.Caller, bool) {
	auth := r.Header.Get("Authorization")
	if auth == "" {
		return s.session(r)
	}
	scheme, secret, ok := strings.Cut(auth, " ")
	if !ok || !strings.EqualFold(scheme, "Bearer") {
		return people.Caller{}, false
	}
	c, err := s.people.Token(r.Context(), strings.TrimSpace(secret), s.clientIP(r))
	return c, err == nil
}

// startSession signs a person in on this browser, with a new session.
func (s *Server) startSession(w http.ResponseWriter, r *http.Request, p people.Person) error {
	return s.startSessionBy(w, r, p, people.Entry{})
}

// startSessionBy is startSession, and keeps how the person signed in.
func (s *Server) startSessionBy(w http.ResponseWriter, r *http.Request, p people.Person, e people.Entry) error {
	if old, err := r.Cookie(s.cookieName(r)); err == nil {
		if err := s.people.EndSession(r.Context(), old.Value); err != nil {
			return err
		}
	}
	e.IP, e.Agent = s.clientIP(r), r.UserAgent()
	token, _, err := s.people.Enter(r.Context(), p.ID, e)
	if err != nil {
		return err
	}
	s.setCookie(w, r, s.cookieName(r), token, cookieLife)
	return nil
}

func (s *Server) setCookie(w http.ResponseWriter, r *http.Request, name, value string, life time.Duration) {
	c := &http.Cookie{Name: name, Value: value, Path: "/", HttpOnly: true, Secure: s.isSecure(r), SameSite: http.SameSiteLaxMode, MaxAge: int(life.Seconds())}
	if value == "" {
		c.MaxAge = -1
	}
	http.SetCookie(w, c)
}

// isNew reports that nobody has an account yet.
func (s *Server) isNew(ctx context.Context) bool {
	if s.anybody.Load() {
		return false
	}
	all, err := s.people.List(ctx)
	if err != nil || len(all) > 0 {
		s.anybody.Store(err == nil)
		return false
	}
	return true
}

// localPath is a path of this server to go on to, or the fallback: nothing a
// stranger wrote leads away from here.
func localPath(next, fallback string) string {
	u, err := url.Parse(next)
	if err != nil || next == "" || u.Scheme != "" || u.Host != "" || u.User != nil || u.Opaque != "" ||
		!strings.HasPrefix(next, "/") || strings.HasPrefix(next, "//") || strings.ContainsAny(next, "\\\r\n\t") || len(next) > maxPath {
		return fallback
	}
	for _, out := range []string{"/sign-in", "/sign-out", "/signed-out", "/login/", "/join/", "/setup", "/reset/"} {
		if strings.HasPrefix(u.Path, out) {
			return fallback
		}
	}
	return next
}
