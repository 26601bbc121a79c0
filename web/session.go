package web

import (
	"context"
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
	cookie, err := r.Cookie(s.cookieName(r))
	if err != nil {
		return people.Caller{}, false
	}
	c, _, err := s.people.Session(r.Context(), cookie.Value)
	if err != nil {
		return people.Caller{}, false
	}
	c.IP = s.clientIP(r)
	return c, true
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
	if old, err := r.Cookie(s.cookieName(r)); err == nil {
		if err := s.people.EndSession(r.Context(), old.Value); err != nil {
			return err
		}
	}
	token, _, err := s.people.StartSession(r.Context(), p.ID, s.clientIP(r), r.UserAgent())
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
	for _, out := range []string{"/sign-in", "/sign-out", "/login/", "/join/", "/setup"} {
		if strings.HasPrefix(u.Path, out) {
			return fallback
		}
	}
	return next
}
