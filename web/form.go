package web

import (
	"errors"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"dealwiki/wiki"
)

// longFields may hold more than maxField.
var longFields = map[string]bool{"text": true, "map": true}

// form reads a posted form: each value once, in valid UTF-8, of a sane size.
// Forms with files are read by parts (see page_files.go).
func (s *Server) form(r *http.Request) (url.Values, error) {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if r.Header.Get("Content-Type") == "" && r.ContentLength == 0 {
		return url.Values{}, nil
	}
	if err != nil || kind != "application/x-www-form-urlencoded" {
		return nil, refuse(http.StatusUnsupportedMediaType, "This form cannot be read", "Send it as a browser does, as application/x-www-form-urlencoded.")
	}
	if err := r.ParseForm(); err != nil {
		var large *http.MaxBytesError
		if errors.As(err, &large) {
			return nil, err
		}
		return nil, badRequest("The form cannot be read. Load the page again and repeat your change.")
	}
	if err := checkValues(r.PostForm); err != nil {
		return nil, err
	}
	for name, all := range r.PostForm {
		if _, both := r.URL.Query()[name]; both {
			return nil, badRequest("The value " + quoted(name) + " is given twice. Give it once.")
		}
		if len(all[0]) > maxField && !longFields[name] {
			return nil, fmt.Errorf("field %s: %w", name, wiki.ErrTooLarge)
		}
	}
	return r.PostForm, nil
}

// quoted makes a name fit to be repeated to the person who sent it.
func quoted(name string) string {
	runes := []rune(strings.ToValidUTF8(name, "?"))
	if len(runes) > 40 {
		runes = append(runes[:40], '…')
	}
	return strconv.QuoteToGraphic(string(runes))
}

// values keeps what was typed, for showing a form again. Passwords are left out.
func values(form url.Values) map[string]string {
	out := map[string]string{}
	for name, all := range form {
		switch name {
		case "password", "old", "new":
		default:
			out[name] = all[0]
		}
	}
	return out
}

// again is a form that was refused, with what is wrong at its fields: names maps
// what errors call a field to what the form does. ok is false for errors that
// are not about the input.
func again(form url.Values, err error, names map[string]string) (f Form, ok bool) {
	f = Form{Values: values(form), Errors: map[string]string{}}
	field, problem, ok := fieldError(err)
	if !ok {
		return f, false
	}
	if n := names[field]; n != "" {
		field = n
	}
	if _, known := form[field]; known {
		f.Errors[field] = problem
	} else {
		f.Error = problem
	}
	return f, true
}

// options makes choices of pairs of value and label.
func options(selected string, pairs ...string) []Option {
	var out []Option
	for i := 0; i+1 < len(pairs); i += 2 {
		out = append(out, Option{Value: pairs[i], Label: pairs[i+1], Selected: pairs[i] == selected})
	}
	return out
}

// number reads an amount as people write it: "840000", "840 000", "840,000.50".
func number(field, s string) (float64, error) {
	s = strings.NewReplacer(" ", "", "\u00a0", "", "\u202f", "", "'", "", "’", "").Replace(strings.TrimSpace(s))
	if s == "" {
		return 0, nil
	}
	wrong := &wiki.Invalid{Field: field, Problem: "is an amount such as 840000"}
	comma, dot := strings.Contains(s, ","), strings.Contains(s, ".")
	switch {
	case comma && dot && strings.LastIndex(s, ",") > strings.LastIndex(s, "."):
		s = strings.Replace(strings.ReplaceAll(s, ".", ""), ",", ".", 1)
	case comma && dot:
		s = strings.ReplaceAll(s, ",", "")
	case comma && groups(s, ","):
		s = strings.ReplaceAll(s, ",", "")
	case dot && strings.Count(s, ".") > 1 && groups(s, "."):
		s = strings.ReplaceAll(s, ".", "")
	case comma:
		s = strings.Replace(s, ",", ".", 1)
	}
	for _, r := range s {
		if (r < '0' || r > '9') && r != '.' {
			return 0, wrong
		}
	}
	v, err := strconv.ParseFloat(s, 64)
	if err != nil {
		return 0, wrong
	}
	return v, nil
}

// groups reports that the separators stand where thousands are grouped.
func groups(s, separator string) bool {
	parts := strings.Split(s, separator)
	for i, p := range parts {
		if i > 0 && len(p) != 3 || i == 0 && (len(p) == 0 || len(p) > 3) {
			return false
		}
	}
	return true
}
