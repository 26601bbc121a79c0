package web

import (
	"bufio"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"runtime/debug"
	"strings"
	"time"
	"unicode/utf8"

	"dealwiki/wiki/people"
)

// Limits of what a request may bring and take.
const (
	maxForm    = 4 << 20  // a page of the largest size, percent-encoded
	maxField   = 60 << 10 // any field but a text
	maxPath    = 4 << 10
	maxQuery   = 32 << 10
	slowForm   = 30 * time.Second
	slowUpload = 15 * time.Minute
	slowPage   = 2 * time.Minute // to draw a page and send it
	slowFile   = time.Hour       // to send a file
)

// around puts what every request passes round the routes, outermost first.
func (s *Server) around(next http.Handler) http.Handler {
	protect := http.NewCrossOriginProtection()
	if s.url != "" {
		// The address people use, when a proxy hands on another Host.
		if err := protect.AddTrustedOrigin(s.url); err != nil {
			s.log.Warn("trusting the public address", "err", err)
		}
	}
	protect.SetDenyHandler(http.HandlerFunc(s.refuseForeign))
	h := protect.Handler(s.refuseUntold(next))
	h = s.limitBody(h)
	h = s.checkAddress(h)
	h = setDeadlines(h)
	h = s.setHeaders(h)
	h = s.recoverPanics(h)
	return s.logRequests(h)
}

func (s *Server) refuseForeign(w http.ResponseWriter, r *http.Request) {
	s.refused(w, r, refuse(http.StatusForbidden, "This form comes from another site", "For your safety the wiki takes forms from its own pages only. Open the page here and try again."))
}

// refuseUntold refuses forms that come with a session and do not tell of which
// site they are, which every browser does. Calls of the API are let through: a
// guest's program gets its session by joining, and a form of another site cannot
// write what calls are written in.
func (s *Server) refuseUntold(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead && r.Method != http.MethodOptions && !isGit(r) && !strings.HasPrefix(r.URL.Path, "/api/") &&
			r.Header.Get("Origin") == "" && r.Header.Get("Sec-Fetch-Site") == "" {
			if _, err := r.Cookie(s.cookieName(r)); err == nil {
				s.refuseForeign(w, r)
				return
			}
		}
		next.ServeHTTP(w, r)
	})
}

type contextKey int

const keyRequestID contextKey = iota

// requestID names a request in the log and on error pages.
func requestID(r *http.Request) string {
	id, _ := r.Context().Value(keyRequestID).(string)
	return id
}

// recorder remembers what was answered.
type recorder struct {
	http.ResponseWriter
	status int
	bytes  int64
}

func (w *recorder) WriteHeader(status int) {
	if w.status == 0 && status >= 200 {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *recorder) Write(b []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	n, err := w.ResponseWriter.Write(b)
	w.bytes += int64(n)
	return n, err
}

// Unwrap lets http.ResponseController reach the connection.
func (w *recorder) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// Hijack hands out the connection of a request that becomes a websocket.
func (w *recorder) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	w.status = http.StatusSwitchingProtocols
	return http.NewResponseController(w.ResponseWriter).Hijack()
}

func (s *Server) logRequests(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var raw [8]byte
		rand.Read(raw[:]) // never fails
		id := hex.EncodeToString(raw[:])
		start := s.now()
		rec := &recorder{ResponseWriter: w}
		r = r.WithContext(context.WithValue(r.Context(), keyRequestID, id))
		next.ServeHTTP(rec, r)
		// The pattern, not the address: tokens of invitations and searches stay
		// out of the log.
		s.log.Debug("request", "id", id, "method", r.Method, "route", r.Pattern, "status", rec.status, "bytes", rec.bytes, "took", s.now().Sub(start))
	})
}

func (s *Server) recoverPanics(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			p := recover()
			if p == nil {
				return
			}
			if p == http.ErrAbortHandler {
				panic(p)
			}
			s.log.Error("a request panicked", "id", requestID(r), "method", r.Method, "route", r.Pattern, "panic", p, "stack", string(debug.Stack()))
			if rec, ok := w.(*recorder); ok && rec.status != 0 {
				panic(http.ErrAbortHandler) // the answer has begun; end it visibly
			}
			s.refused(w, r, errors.New("panic"))
		}()
		next.ServeHTTP(w, r)
	})
}

// policy is the content security policy of pages: everything from here, nothing
// inline, no frames in or out.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; media-src 'self'; connect-src 'self'; manifest-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"

// filePolicy is that of attachments: nothing in them runs or loads anything.
const filePolicy = "default-src 'none'; img-src 'self'; media-src 'self'; sandbox; frame-ancestors 'none'"

func (s *Server) setHeaders(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Referrer-Policy", "same-origin")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()")
		h.Set("X-Robots-Tag", "noindex, nofollow")
		h.Set("Cache-Control", "no-store")
		if len(r.TransferEncoding) > 0 {
			// The request may have had a Content-Length too, which net/http drops: a
			// proxy that believed it would take what follows for its own. RFC 9112
			// (6.1) has the connection end with such a request.
			h.Set("Connection", "close")
		}
		if s.secure {
			h.Set("Strict-Transport-Security", "max-age=63072000; includeSubDomains")
		}
		next.ServeHTTP(w, r)
	})
}

// checkAddress refuses addresses that could be read in two ways before anything
// reads them. The path is percent-decoded once, by net/http, and never again.
func (s *Server) checkAddress(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if isGit(r) {
			next.ServeHTTP(w, r) // answers all that it does not know in one way
			return
		}
		if err := checkAddress(r); err != nil {
			s.refused(w, r, err)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func checkAddress(r *http.Request) error {
	path, escaped := r.URL.Path, strings.ToLower(r.URL.EscapedPath())
	switch {
	case len(path) > maxPath:
		return refuse(http.StatusRequestURITooLong, "The address is too long", "Check the link that you followed.")
	case !utf8.ValidString(path) || !utf8.ValidString(r.URL.RawQuery):
		return badRequest("The address is not valid UTF-8. Check the link that you followed.")
	case !strings.HasPrefix(path, "/"), strings.Contains(path, "//"), strings.ContainsAny(path, ";\\\x00"),
		strings.Contains(escaped, "%2f"), strings.Contains(escaped, "%5c"), strings.Contains(escaped, "%00"), hasDots(path):
		return notFound()
	}
	return checkQuery(r)
}

func hasDots(path string) bool {
	for part := range strings.SplitSeq(path, "/") {
		if part == "." || part == ".." {
			return true
		}
	}
	return false
}

// repeatable are the fields that may come more than once.
var repeatable = map[string]bool{"file": true, "scope": true, "task": true}

func checkQuery(r *http.Request) error {
	if r.URL.RawQuery == "" {
		return nil
	}
	if len(r.URL.RawQuery) > maxQuery {
		return refuse(http.StatusRequestURITooLong, "The address is too long", "Shorten what you search for.")
	}
	values, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return badRequest("The part of the address after the question mark cannot be read. Check the link that you followed.")
	}
	return checkValues(values)
}

func checkValues(values url.Values) error {
	for name, all := range values {
		if len(all) > 1 && !repeatable[name] {
			return badRequest("The value " + quoted(name) + " is given more than once. Give it once.")
		}
		for _, v := range all {
			if !utf8.ValidString(v) || !utf8.ValidString(name) {
				return badRequest("A value is not valid UTF-8.")
			}
		}
	}
	return nil
}

// setDeadlines bounds how long an answer may take: readers who stop reading are
// cut off.
func setDeadlines(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		slow := slowPage
		switch path := r.URL.Path; {
		case strings.HasPrefix(path, "/p/") && strings.Contains(path, "/files/"), strings.HasPrefix(path, "/shared/") && strings.Contains(path, "/files"), strings.HasPrefix(path, "/api/"), strings.HasPrefix(path, "/git/"), strings.HasPrefix(path, "/admin/import"):
			slow = slowFile
		}
		// Fails where there is no connection, as in tests.
		_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(slow))
		next.ServeHTTP(w, r)
	})
}

// limitBody bounds the size of what is sent, and the time it may take.
func (s *Server) limitBody(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Body == nil || r.Body == http.NoBody {
			next.ServeHTTP(w, r)
			return
		}
		limit, slow := s.bodyLimit(r)
		if r.ContentLength > limit && !isGit(r) {
			s.refused(w, r, &http.MaxBytesError{Limit: limit})
			return
		}
		if r.Header.Get("Content-Encoding") != "" && !isGit(r) {
			s.refused(w, r, refuse(http.StatusUnsupportedMediaType, "Compressed requests are not taken", "Send the same without Content-Encoding."))
			return
		}
		// Fails where there is no connection, as in tests.
		_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(slow))
		r.Body = http.MaxBytesReader(w, r.Body, limit)
		next.ServeHTTP(w, r)
	})
}

// isGit reports that a program of git's asks, which is told everything in plain
// words and nothing before it has shown a token.
func isGit(r *http.Request) bool { return strings.HasPrefix(r.URL.Path, "/git/") }

func (s *Server) bodyLimit(r *http.Request) (int64, time.Duration) {
	const frame = 1 << 20 // of a multipart body
	switch path := r.URL.Path; {
	case isGit(r):
		return s.git.MaxBody(), slowUpload
	case path == "/admin/import", path == "/admin/import/csv":
		return s.maxImport + frame, slowUpload
	case strings.HasPrefix(path, "/api/"), strings.HasPrefix(path, "/p/") && (strings.HasSuffix(path, "/files/internal") || strings.HasSuffix(path, "/files/external")):
		return max(s.wiki.MaxFile(), s.talks.MaxMail()) + frame, slowUpload
	case strings.HasPrefix(path, "/shared/") && strings.HasSuffix(path, "/files"):
		return s.wiki.MaxFile() + frame, slowUpload
	case strings.HasPrefix(path, "/p/") && strings.HasSuffix(path, "/log/mail"):
		return s.talks.MaxMail() + frame, slowUpload
	}
	return maxForm, slowForm
}

// refused answers an error that came up before the routes: to programs as a
// problem, to people as a page.
func (s *Server) refused(w http.ResponseWriter, r *http.Request, err error) {
	if strings.HasPrefix(r.URL.Path, "/api/") {
		s.problem(w, r, err)
		return
	}
	s.fail(w, r, people.Caller{}, err)
}

// clientIP is the address a request comes from: that of the connection, or what
// trusted proxies say.
func (s *Server) clientIP(r *http.Request) string {
	at, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return ""
	}
	ip := at.Addr().Unmap()
	if !s.trusted(ip) {
		return ip.String()
	}
	forwarded := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(forwarded) - 1; i >= 0; i-- {
		next, err := netip.ParseAddr(strings.TrimSpace(forwarded[i]))
		if err != nil {
			break
		}
		if ip = next.Unmap(); !s.trusted(ip) {
			break
		}
	}
	return ip.String()
}

func (s *Server) trusted(ip netip.Addr) bool {
	for _, p := range s.proxies {
		if p.Contains(ip) {
			return true
		}
	}
	return false
}

// isSecure reports whether the browser speaks https with us.
func (s *Server) isSecure(r *http.Request) bool {
	if s.secure || r.TLS != nil {
		return true
	}
	at, err := netip.ParseAddrPort(r.RemoteAddr)
	return err == nil && s.trusted(at.Addr().Unmap()) && r.Header.Get("X-Forwarded-Proto") == "https"
}

// address makes an absolute address of a path of ours, for links that leave the
// browser.
func (s *Server) address(r *http.Request, path string) string {
	if s.url != "" {
		return s.url + path
	}
	scheme := "http"
	if s.isSecure(r) {
		scheme = "https"
	}
	return scheme + "://" + r.Host + path
}
