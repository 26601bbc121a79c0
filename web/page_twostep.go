package web

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/boombuler/barcode/qr"

	"dealwiki/wiki/people"
)

// stepSuffix ends the name of the cookie of somebody who owes the second step.
const stepSuffix = "-step"

// pending is the sign-in that waits for its second step on this browser. Without
// one the browser is sent to begin anew: errAnswered.
func (s *Server) pending(w http.ResponseWriter, r *http.Request) (people.SignIn, string, error) {
	cookie, err := r.Cookie(s.cookieName(r) + stepSuffix)
	if err != nil {
		return people.SignIn{}, "", s.startOver(w, r, "Sign in first.")
	}
	in, err := s.people.SignIn(r.Context(), cookie.Value)
	if errors.Is(err, people.ErrNotFound) {
		return people.SignIn{}, "", s.startOver(w, r, "That took too long, or the code was wrong too often. Sign in again.")
	}
	return in, cookie.Value, err
}

func (s *Server) startOver(w http.ResponseWriter, r *http.Request, why string) error {
	s.setCookie(w, r, s.cookieName(r)+stepSuffix, "", 0)
	if err := s.goWith(w, r, "/sign-in", Flash{Kind: "warn", Text: why}); err != nil {
		return err
	}
	return errAnswered
}

// pass starts the session that a sign-in was for.
func (s *Server) pass(w http.ResponseWriter, r *http.Request, in people.SignIn) error {
	s.setCookie(w, r, s.cookieName(r)+stepSuffix, "", 0)
	return s.startSessionBy(w, r, in.Person, people.Entry{How: in.How})
}

func (s *Server) signInCode(w http.ResponseWriter, r *http.Request, c people.Caller) error {
	in, _, err := s.pending(w, r)
	if err != nil {
		return err
	}
	next := localPath(r.URL.Query().Get("next"), "/")
	if in.SetUp {
		return goTo(w, r, "/sign-in/two-step?"+url.Values{"next": {next}}.Encode())
	}
	s.renderSecret(w, r, http.StatusOK, "sign-in-code", s.codeView(r, in, next, ""))
	return nil
}

func (s *Server) codeView(r *http.Request, in people.SignIn, next, said string) *CodeView {
	_, without := s.passkeyPlace(r)
	return &CodeView{Shell: s.shell(r, people.Caller{}, "Sign in"), Name: in.Person.Name, Next: next, Error: said, Passkeys: without == nil}
}

func (s *Server) postSignInCode(w http.ResponseWriter, r *http.Request, c people.Caller) error {
	form, err := s.form(r)
	if err != nil {
		return err
	}
	waiting, token, err := s.pending(w, r)
	if err != nil {
		return err
	}
	next := localPath(form.Get("next"), "/")
	in, err := s.people.SecondStep(r.Context(), token, form.Get("code"), s.clientIP(r))
	switch {
	case err == nil:
		if err := s.pass(w, r, in); err != nil {
			return err
		}
		return goTo(w, r, next)
	case errors.Is(err, people.ErrNotFound):
		return s.startOver(w, r, "That took too long, or the code was wrong too often. Sign in again.")
	}
	status, said, ok := s.wrongCode(w, err)
	if !ok {
		return err
	}
	s.renderSecret(w, r, status, "sign-in-code", s.codeView(r, waiting, next, said))
	return nil
}

// wrongCode is what is said of a code that is not taken; ok is false for other
// errors.
func (s *Server) wrongCode(w http.ResponseWriter, err error) (status int, said string, ok bool) {
	status, _, detail := s.errorStatus(err)
	var invalid *people.Invalid
	switch {
	case errors.Is(err, people.ErrCode):
		return http.StatusUnprocessableEntity, "This code is not right, or was used already. Wait for the next one; if that fails too, see that the device’s clock is right.", true
	case errors.As(err, &invalid):
		return status, detail, true
	case status == http.StatusTooManyRequests:
		w.Header().Set("Retry-After", retryAfter(err))
		return status, detail, true
	}
	return 0, "", false
}

// signInTwoStep sets up codes for somebody who is required to use them and does
// not yet.
func (s *Server) signInTwoStep(w http.ResponseWriter, r *http.Request, c people.Caller) error {
	in, _, err := s.pending(w, r)
	if err != nil {
		return err
	}
	next := localPath(r.URL.Query().Get("next"), "/")
	if !in.SetUp {
		return goTo(w, r, "/sign-in/code?"+url.Values{"next": {next}}.Encode())
	}
	uri, key, err := s.people.BeginTwoStep(r.Context(), in.Caller(s.clientIP(r)), s.wiki.Company())
	if err != nil {
		return err
	}
	v := &TwoStepView{Shell: s.shell(r, people.Caller{}, "Two-step sign-in"), Action: "/sign-in/two-step", Next: next, Required: true}
	return s.drawKey(w, r, http.StatusOK, v, uri, key)
}

func (s *Server) postSignInTwoStep(w http.ResponseWriter, r *http.Request, c people.Caller) error {
	form, err := s.form(r)
	if err != nil {
		return err
	}
	in, token, err := s.pending(w, r)
	if err != nil {
		return err
	}
	v := &TwoStepView{Shell: s.shell(r, people.Caller{}, "Two-step sign-in"), Action: "/sign-in/two-step", Next: localPath(form.Get("next"), "/"), Required: true}
	codes, err := s.confirmKey(w, r, in.Caller(s.clientIP(r)), form.Get("code"), v)
	if err != nil {
		return err
	}
	if err := s.people.EndSignIn(r.Context(), token); err != nil {
		return err
	}
	if err := s.pass(w, r, in); err != nil {
		return err
	}
	v.Codes, v.Done = codes, v.Next
	s.renderSecret(w, r, http.StatusOK, "two-step", v)
	return nil
}

// confirmKey turns the second step on. A wrong code shows the form again:
// errAnswered.
func (s *Server) confirmKey(w http.ResponseWriter, r *http.Request, c people.Caller, code string, v *TwoStepView) ([]string, error) {
	codes, err := s.people.ConfirmTwoStep(r.Context(), c, code)
	if err == nil {
		return codes, nil
	}
	status, said, ok := s.wrongCode(w, err)
	if !ok {
		return nil, err
	}
	uri, key, again := s.people.TwoStepKey(r.Context(), c, s.wiki.Company())
	if again != nil {
		return nil, err // there is none to show again
	}
	v.Error = said
	if err := s.drawKey(w, r, status, v, uri, key); err != nil {
		return nil, err
	}
	return nil, errAnswered
}

func (s *Server) drawKey(w http.ResponseWriter, r *http.Request, status int, v *TwoStepView, uri, key string) error {
	square, err := drawSquare(uri)
	if err != nil {
		return err
	}
	v.Square, v.URI = square, uri
	var groups []string
	for len(key) > 4 {
		groups, key = append(groups, key[:4]), key[4:]
	}
	v.Key = strings.Join(append(groups, key), " ")
	s.renderSecret(w, r, status, "two-step", v)
	return nil
}

// drawSquare draws a text as a QR code with the margin of four that readers need.
func drawSquare(text string) (*Square, error) {
	const margin = 4
	code, err := qr.Encode(text, qr.M, qr.Auto)
	if err != nil {
		return nil, fmt.Errorf("drawing a QR code: %w", err)
	}
	side := code.Bounds().Dx()
	var path strings.Builder
	for y := range side {
		for x := 0; x < side; x++ {
			from := x
			for x < side {
				if r, _, _, _ := code.At(x, y).RGBA(); r != 0 {
					break
				}
				x++
			}
			if x > from {
				fmt.Fprintf(&path, "M%d %dh%dv1h-%dz", from+margin, y+margin, x-from, x-from)
			}
		}
	}
	return &Square{Size: side + 2*margin, Path: path.String()}, nil
}

// postTwoStep begins setting up codes, makes new recovery codes or turns the
// second step off.
func (s *Server) postTwoStep(w http.ResponseWriter, r *http.Request, c people.Caller) error {
	form, err := s.form(r)
	if err != nil {
		return err
	}
	ctx := r.Context()
	v := &TwoStepView{Shell: s.shell(r, people.Caller{}, "Two-step sign-in"), Action: "/settings/two-step/confirm", Cancel: "/settings#two-step", Done: "/settings#two-step"}
	switch form.Get("do") {
	case "begin":
		uri, key, err := s.people.BeginTwoStep(ctx, c, s.wiki.Company())
		if err != nil {
			return err
		}
		return s.drawKey(w, r, http.StatusOK, v, uri, key)
	case "codes":
		if v.Codes, err = s.people.NewRecoveryCodes(ctx, c, form.Get("code")); err == nil {
			s.renderSecret(w, r, http.StatusOK, "two-step", v)
			return nil
		}
	case "off":
		if s.signOn.wantsTwoSteps(c.Person) {
			return people.ErrForbidden
		}
		if err = s.people.EndTwoStep(ctx, c, form.Get("code")); err == nil {
			s.renewSession(w, r)
			return s.done(w, r, "/settings#two-step", "Two-step sign-in is off. All other browsers are signed out.")
		}
	default:
		return badRequest("The form does not say what to do.")
	}
	status, said, ok := s.wrongCode(w, err)
	if !ok {
		return err
	}
	return s.settingsAgain(w, r, c, status, func(v *SettingsView) { v.TwoStep.Form = Form{Errors: map[string]string{"code": said}} })
}

func (s *Server) postTwoStepConfirm(w http.ResponseWriter, r *http.Request, c people.Caller) error {
	form, err := s.form(r)
	if err != nil {
		return err
	}
	v := &TwoStepView{Shell: s.shell(r, people.Caller{}, "Two-step sign-in"), Action: "/settings/two-step/confirm", Cancel: "/settings#two-step", Done: "/settings#two-step"}
	if v.Codes, err = s.confirmKey(w, r, c, form.Get("code"), v); err != nil {
		return err
	}
	s.renewSession(w, r)
	s.renderSecret(w, r, http.StatusOK, "two-step", v)
	return nil
}
