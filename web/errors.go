package web

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"syscall"
	"time"

	"dealwiki/realtime"
	"dealwiki/wiki"
	"dealwiki/wiki/handoff"
	"dealwiki/wiki/people"
	"dealwiki/wiki/repo"
)

// refusal is an error of the door itself, with what the reader is told.
type refusal struct {
	status int
	title  string
	detail string
	allow  string // methods, with 405
}

func (e *refusal) Error() string { return e.title }

func refuse(status int, title, detail string) error {
	return &refusal{status: status, title: title, detail: detail}
}

func badRequest(detail string) error {
	return refuse(http.StatusBadRequest, "This request cannot be read", detail)
}

func notFound() error { return wiki.ErrNotFound }

// outcome is how an error is answered.
type outcome struct {
	status int
	title  string
	detail string
}

// outcomes say how errors of the packages below are answered, the first that
// matches. A detail that is empty is made from the error by errorStatus.
var outcomes = []struct {
	err error
	outcome
}{
	{wiki.ErrNotFound, outcome{http.StatusNotFound, "Not found", "There is nothing here, or it is not for you. Check the address, or search for it."}},
	{people.ErrNotFound, outcome{http.StatusNotFound, "Not found", "There is nothing here, or it is not for you. Links that were used or have expired end here too: ask for a new one."}},
	{people.ErrForbidden, outcome{http.StatusForbidden, "You cannot do this", "You can see this, but not change it. Ask the prospect's owner, or an administrator, to do it or to give you the right."}},
	{people.ErrOtherGuest, outcome{http.StatusConflict, "This is for somebody else", "You are signed in as somebody other than it is for. Sign out, then open it again."}},
	{people.ErrLastAdmin, outcome{http.StatusConflict, "Somebody must stay administrator", "This is the last active administrator. Make somebody else an administrator first."}},
	{people.ErrStale, outcome{http.StatusForbidden, "Sign in again", "You signed in a while ago. Sign out and in again first, so that it is surely you who does this."}},
	{people.ErrSignIn, outcome{http.StatusUnprocessableEntity, "Wrong password", "The password is not right. Try again."}},
	{handoff.ErrStale, outcome{http.StatusConflict, "The deal has moved on", "Somebody has handed it over or moved it since you began. Look at its handoffs, then do it again if it still holds."}},
	{handoff.ErrDone, outcome{http.StatusConflict, "This handoff was answered already", "Somebody was quicker, or you have sent it twice. Look at the handoff to see what was said."}},
	{wiki.ErrExists, outcome{http.StatusConflict, "The name is taken", "Something with this name is there already. Choose another name, or open what is there."}},
	{people.ErrExists, outcome{http.StatusConflict, "The name is taken", "Something with this name or address is there already."}},
	{repo.ErrPath, outcome{http.StatusUnprocessableEntity, "This name cannot be kept", "It has characters that cannot be seen, or that git or a file system takes for something else. Choose another name."}},
	{wiki.ErrTooLarge, outcome{http.StatusRequestEntityTooLarge, "Too large", "This is larger than the wiki takes. Split it, or attach it in parts."}},
	{wiki.ErrLocked, outcome{http.StatusServiceUnavailable, "Busy", "Another program works on the data folder right now. Try again in a moment."}},
	{realtime.ErrClosed, outcome{http.StatusServiceUnavailable, "Restarting", "The wiki is being restarted. Try again in a moment; what you typed is still in your browser."}},
	{syscall.ENOSPC, outcome{http.StatusInsufficientStorage, "The disk is full", "Nothing was saved, and nothing that was saved before is lost. Tell your administrator; reading still works."}},
	{syscall.EDQUOT, outcome{http.StatusInsufficientStorage, "The disk is full", "Nothing was saved, and nothing that was saved before is lost. Tell your administrator; reading still works."}},
	{syscall.EROFS, outcome{http.StatusInsufficientStorage, "The disk cannot be written", "Nothing was saved, and nothing that was saved before is lost. Tell your administrator; reading still works."}},
}

// errorStatus says how an error is answered: its status, a short title, and a
// sentence for people. Text of unexpected errors never gets out: they are 500
// with a sentence of ours.
func (s *Server) errorStatus(err error) (status int, title, detail string) {
	var (
		own     *refusal
		invalid *wiki.Invalid
		person  *people.Invalid
		stale   *wiki.Stale
		many    *people.TooMany
		body    *http.MaxBytesError
	)
	switch {
	case errors.As(err, &own):
		return own.status, own.title, own.detail
	case errors.As(err, &invalid):
		return http.StatusUnprocessableEntity, "This cannot be saved as it is", sentence(invalid.Field + " " + invalid.Problem)
	case errors.As(err, &person):
		return http.StatusUnprocessableEntity, "This cannot be saved as it is", sentence(person.Field + " " + person.Problem)
	case errors.As(err, &stale):
		return http.StatusPreconditionFailed, "The page has changed", "Somebody saved a newer version in the meantime. Read it, then make your change again."
	case errors.As(err, &many):
		return http.StatusTooManyRequests, "Too many attempts", "Wait " + wait(many.RetryAfter) + ", then try again."
	case errors.As(err, &body):
		return http.StatusRequestEntityTooLarge, "Too large", "What was sent is larger than " + sizeOf(body.Limit) + ", which is the most this page takes."
	}
	if full(err) {
		err = syscall.ENOSPC
	}
	for _, o := range outcomes {
		if errors.Is(err, o.err) {
			return o.status, o.title, o.detail
		}
	}
	return http.StatusInternalServerError, "Something went wrong", "This is our mistake, not yours. Nothing that was saved is lost. Try again; if it happens again, tell your administrator the number below."
}

// full reports that SQLite could not grow its file: its errors have a code of
// their own.
func full(err error) bool {
	const sqliteFull = 13
	var coded interface {
		error
		Code() int
	}
	return errors.As(err, &coded) && coded.Code()&0xff == sqliteFull
}

// retryAfter is the value of the header of that name, "" for none.
func retryAfter(err error) string {
	var many *people.TooMany
	if errors.As(err, &many) {
		return strconv.Itoa(max(1, int((many.RetryAfter+time.Second-1)/time.Second)))
	}
	if errors.Is(err, wiki.ErrLocked) || errors.Is(err, realtime.ErrClosed) {
		return "5"
	}
	return ""
}

// gone reports that nobody waits for the answer any more.
func gone(r *http.Request, err error) bool {
	return errors.Is(err, context.Canceled) && r.Context().Err() != nil
}

// fieldError answers the field and problem of an error about one input.
func fieldError(err error) (field, problem string, ok bool) {
	var invalid *wiki.Invalid
	if errors.As(err, &invalid) {
		return invalid.Field, sentence(invalid.Field + " " + invalid.Problem), true
	}
	var person *people.Invalid
	if errors.As(err, &person) {
		return person.Field, sentence(person.Field + " " + person.Problem), true
	}
	return "", "", false
}

// sentence begins with a capital letter and ends with a full stop.
func sentence(s string) string {
	s = strings.TrimSpace(s)
	if s == "" {
		return ""
	}
	if c := s[0]; c >= 'a' && c <= 'z' {
		s = string(c-'a'+'A') + s[1:]
	}
	if !strings.HasSuffix(s, ".") {
		s += "."
	}
	return s
}

func wait(d time.Duration) string {
	switch seconds := int((d + time.Second - 1) / time.Second); {
	case seconds <= 1:
		return "a second"
	case seconds < 120:
		return strconv.Itoa(seconds) + " seconds"
	default:
		return strconv.Itoa((seconds+59)/60) + " minutes"
	}
}

// fail answers an error with a page.
func (s *Server) fail(w http.ResponseWriter, r *http.Request, c people.Caller, err error) {
	if gone(r, err) {
		return
	}
	status, title, detail := s.errorStatus(err)
	id := requestID(r)
	switch {
	case status >= 500 && !wantsJSON(r):
		s.log.Error("answering a request", "id", id, "method", r.Method, "route", r.Pattern, "status", status, "err", err)
	case status == http.StatusForbidden || status == http.StatusTooManyRequests:
		s.log.Info("refusing a request", "id", id, "method", r.Method, "route", r.Pattern, "status", status)
	}
	if wantsJSON(r) {
		s.problem(w, r, err)
		return
	}
	if v := retryAfter(err); v != "" {
		w.Header().Set("Retry-After", v)
	}
	var own *refusal
	if errors.As(err, &own) && own.allow != "" {
		w.Header().Set("Allow", own.allow)
	}
	if c.Person.Guest || strings.HasPrefix(r.URL.Path, "/shared") {
		s.failShared(w, r, c, status, title, detail)
		return
	}
	v := &ErrorView{Shell: s.shell(r, c, title), Status: status, Heading: title, Text: detail, Back: "/", Label: "Back to the pipeline"}
	v.Path = "/" // an address that failed, or may be a secret, is not repeated
	if c.Person.ID == "" {
		v.Back, v.Label = "/sign-in", "Sign in"
		if strings.HasPrefix(r.URL.Path, "/join/") || strings.HasPrefix(r.URL.Path, "/login/") {
			v.Back, v.Label = "/sign-in/link", "Get a new link" // who opens an old mail is a guest, most of the time
		}
	}
	if status >= 500 {
		v.Request = id
	}
	if r.Method != http.MethodGet && r.Method != http.MethodHead && status != http.StatusNotFound {
		v.Safe = "What you typed is still in your browser: go back to get it."
	}
	s.render(w, r, status, "error", v)
}

// wantsJSON reports that a script of our pages asks, not the browser itself.
func wantsJSON(r *http.Request) bool {
	accept := r.Header.Get("Accept")
	return strings.Contains(accept, "application/json") && !strings.Contains(accept, "text/html")
}
