package web

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"dealwiki/wiki/people"
)

// shell fills what surrounds every screen.
func (s *Server) shell(r *http.Request, c people.Caller, title string) Shell {
	sh := Shell{Title: title, Company: s.wiki.Company(), Path: r.URL.RequestURI()}
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		sh.Path = r.URL.Path
	}
	if c.Person.ID == "" {
		return sh
	}
	sh.Me = &Me{Person: personView(c.Person), Email: c.Person.Email, Admin: c.Person.Role == people.Admin}
	if t := c.Person.Settings.Theme; t == "light" || t == "dark" {
		sh.Theme = t
	}
	sh.KeysOff = !c.Person.Settings.Shortcuts
	sh.Bell, sh.Inbox = s.notices != nil, s.inboxCount(r.Context(), c)
	return sh
}

func personView(p people.Person) Person {
	v := PersonOf(p.ID, p.Name, p.Guest)
	v.Handle = p.Handle
	if p.Handle != "" && !p.Guest {
		v.Href = "/people/" + url.PathEscape(p.Handle)
	}
	return v
}

// render draws a screen and sends it in one piece.
func (s *Server) render(w http.ResponseWriter, r *http.Request, status int, name string, view any) {
	s.send(w, r, status, name, view, true)
}

// renderSecret is render for a screen that holds a secret or repeats what the
// address says: it is not compressed, so that its size tells nothing.
func (s *Server) renderSecret(w http.ResponseWriter, r *http.Request, status int, name string, view any) {
	s.send(w, r, status, name, view, false)
}

func (s *Server) send(w http.ResponseWriter, r *http.Request, status int, name string, view any, compress bool) {
	buf := s.buffers.Get().(*bytes.Buffer)
	defer s.buffers.Put(buf)
	buf.Reset()
	if err := s.templates.Execute(buf, name, view); err != nil {
		s.log.Error("drawing a page", "id", requestID(r), "template", name, "err", err)
		s.plain(w, http.StatusInternalServerError, "Something went wrong while drawing this page. Nothing that was saved is lost.\nTell your administrator: "+requestID(r)+"\n")
		return
	}
	s.sendHTML(w, r, status, buf.Bytes(), compress)
}

func (s *Server) sendHTML(w http.ResponseWriter, r *http.Request, status int, html []byte, compress bool) {
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	if compress {
		h.Add("Vary", "Accept-Encoding")
	}
	if compress && len(html) > 1400 && accepts(r, "gzip") {
		packed := s.buffers.Get().(*bytes.Buffer)
		defer s.buffers.Put(packed)
		packed.Reset()
		z := s.zips.Get().(*gzip.Writer)
		defer s.zips.Put(z)
		z.Reset(packed)
		// Writing to memory does not fail.
		_, _ = z.Write(html)
		_ = z.Close()
		h.Set("Content-Encoding", "gzip")
		html = packed.Bytes()
	}
	h.Set("Content-Length", strconv.Itoa(len(html)))
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(html) // fails only when the reader has gone away
	}
}

func (s *Server) plain(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(text))
}

func (s *Server) json(w http.ResponseWriter, status int, v any) error {
	data, err := json.Marshal(v)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(data)
	return nil
}

// problem answers an error to a program, as RFC 9457 has it.
func (s *Server) problem(w http.ResponseWriter, r *http.Request, err error) {
	status, title, detail := s.errorStatus(err)
	if status >= 500 {
		s.log.Error("answering a request", "id", requestID(r), "method", r.Method, "route", r.Pattern, "status", status, "err", err)
	}
	data, _ := json.Marshal(map[string]any{"type": "about:blank", "title": title, "status": status, "detail": detail})
	if v := retryAfter(err); v != "" {
		w.Header().Set("Retry-After", v)
	}
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(status)
	_, _ = w.Write(data)
}

func accepts(r *http.Request, coding string) bool {
	for part := range strings.SplitSeq(r.Header.Get("Accept-Encoding"), ",") {
		name, params, _ := strings.Cut(part, ";")
		if strings.TrimSpace(name) == coding {
			q, found := strings.CutPrefix(strings.ReplaceAll(params, " ", ""), "q=")
			weight, err := strconv.ParseFloat(q, 64)
			return !found || err == nil && weight > 0
		}
	}
	return false
}

// private lets the reader's own browser keep a page, asking each time whether it
// still holds.
func private(w http.ResponseWriter) { w.Header().Set("Cache-Control", "private, no-cache") }

// goTo sends the browser on after a change.
func goTo(w http.ResponseWriter, r *http.Request, path string) error {
	http.Redirect(w, r, path, http.StatusSeeOther)
	return nil
}

// goWith is goTo with a message for the next screen.
func (s *Server) goWith(w http.ResponseWriter, r *http.Request, path string, f Flash) error {
	data, err := json.Marshal(f)
	if err != nil {
		return err
	}
	s.setCookie(w, r, s.cookieName(r)+flashSuffix, base64.RawURLEncoding.EncodeToString(data), time.Minute)
	return goTo(w, r, path)
}

// done is goWith for good news.
func (s *Server) done(w http.ResponseWriter, r *http.Request, path, text string) error {
	return s.goWith(w, r, path, Flash{Kind: "ok", Text: text})
}

// flash takes the message for this screen. It is only a text on the reader's own
// screen, drawn as text; a link in it stays on this server.
func (s *Server) flash(w http.ResponseWriter, r *http.Request) *Flash {
	name := s.cookieName(r) + flashSuffix
	cookie, err := r.Cookie(name)
	if err != nil {
		return nil
	}
	s.setCookie(w, r, name, "", 0)
	data, err := base64.RawURLEncoding.DecodeString(cookie.Value)
	var f Flash
	if err != nil || json.Unmarshal(data, &f) != nil || len(f.Text) > 500 {
		return nil
	}
	if f.Href != "" {
		f.Href = localPath(f.Href, "/")
	}
	if f.Undo != nil && (len(f.Undo.Values) > 10 || localPath(f.Undo.Action, "") == "") {
		f.Undo = nil
	}
	return &f
}
