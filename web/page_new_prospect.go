package web

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"dealwiki/wiki"
	"dealwiki/wiki/people"
)

func (s *Server) newProspect(w http.ResponseWriter, r *http.Request, c people.Caller) error {
	v, err := s.newProspectView(r, c, Form{Values: map[string]string{}})
	if err != nil {
		return err
	}
	s.render(w, r, http.StatusOK, "new-prospect", v)
	return nil
}

func (s *Server) newProspectView(r *http.Request, c people.Caller, f Form) (*NewProspectView, error) {
	ctx := r.Context()
	funnel, err := s.wiki.Funnel(ctx)
	if err != nil {
		return nil, err
	}
	v := &NewProspectView{Shell: s.shell(r, c, "New space"), Form: f}
	v.Nav = "pipeline"
	v.Crumbs = []Crumb{{"Pipeline", "/"}, {Label: "New space"}}
	owner := f.Values["owner"]
	if owner == "" {
		owner = c.Person.ID
	}
	if v.Owners, err = s.staffOptions(ctx, owner, false); err != nil {
		return nil, err
	}
	for i, st := range funnel.Stages {
		v.Stages = append(v.Stages, Option{Value: st.Key, Label: st.Title, Selected: f.Values["stage"] == st.Key || f.Values["stage"] == "" && i == 0})
	}
	v.Currencies = currencyOptions(f.Values["currency"], funnel.Currency)
	return v, nil
}

// staffOptions are the people who can be chosen, by name.
func (s *Server) staffOptions(ctx context.Context, selected string, nobody bool) ([]Option, error) {
	all, err := s.people.List(ctx)
	if err != nil {
		return nil, err
	}
	var out []Option
	if nobody {
		out = append(out, Option{Value: "", Label: "nobody (the administrators)", Selected: selected == ""})
	}
	for _, p := range all {
		if !p.Guest && !p.Disabled {
			out = append(out, Option{Value: p.ID, Label: p.Name, Selected: p.ID == selected})
		}
	}
	return out, nil
}

// currencyOptions are the usual currencies, the company's first.
func currencyOptions(selected, usual string) []Option {
	codes := []string{"EUR", "USD", "GBP", "CHF", "SEK", "NOK", "DKK", "PLN", "CZK", "JPY", "CAD", "AUD", "INR", "BRL", "CNY"}
	if usual != "" {
		codes = slices.Insert(slices.DeleteFunc(codes, func(c string) bool { return c == usual }), 0, usual)
	}
	if selected != "" && !slices.Contains(codes, selected) {
		codes = append(codes, selected)
	}
	var out []Option
	for i, code := range codes {
		out = append(out, Option{Value: code, Label: code, Selected: code == selected || selected == "" && i == 0})
	}
	return out
}

func (s *Server) postNewProspect(w http.ResponseWriter, r *http.Request, c people.Caller) error {
	form, err := s.form(r)
	if err != nil {
		return err
	}
	e, err := s.createProspect(r.Context(), c, form)
	if err != nil {
		status, _, detail := s.errorStatus(err)
		f, ok := again(form, err, map[string]string{"expected close": "close", "prospect": "slug"})
		if !ok && status == http.StatusConflict {
			f.Errors["slug"], ok = "This address is taken. Choose another, or leave it empty.", true
		}
		if !ok {
			return err
		}
		if len(f.Errors) == 0 && f.Error == "" {
			f.Error = detail
		}
		v, err := s.newProspectView(r, c, f)
		if err != nil {
			return err
		}
		s.render(w, r, status, "new-prospect", v)
		return nil
	}
	return goTo(w, r, spacePath(e.Slug))
}

func (s *Server) createProspect(ctx context.Context, c people.Caller, form url.Values) (wiki.Entry, error) {
	n := wiki.NewProspect{Owner: form.Get("owner")}
	n.Title, n.Slug, n.Stage = form.Get("name"), strings.TrimSpace(form.Get("slug")), form.Get("stage")
	n.Currency, n.ExpectedClose = form.Get("currency"), form.Get("close")
	var err error
	if n.Value, err = number("value", form.Get("value")); err != nil {
		return wiki.Entry{}, err
	}
	if n.Value == 0 {
		n.Currency = ""
	}
	n.Restricted = form.Get("restricted") != ""
	return s.wiki.Create(ctx, c, n)
}
