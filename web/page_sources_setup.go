package web

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"dealwiki/wiki"
	"dealwiki/wiki/people"
	"dealwiki/wiki/source"
)

const (
	sourceSetup   = "/playbook/sources"
	sourceChanged = "Somebody changed the sources after you opened this form. Nothing is saved yet: look at them in another tab. Saving again puts yours in their place."
	triedItems    = 5 // shown of what a source tells
)

// sortedByName lists keys by their names.
func sortedByName(names map[string]string) []string {
	var keys []string
	for key := range names {
		keys = append(keys, key)
	}
	slices.SortFunc(keys, func(a, b string) int { return cmp.Or(cmp.Compare(names[a], names[b]), cmp.Compare(a, b)) })
	return keys
}

// sourceForm edits the sources one by one.
func (s *Server) sourceForm(w http.ResponseWriter, r *http.Request, c people.Caller) error {
	if s.sources == nil {
		return notFound()
	}
	text, err := s.sources.SettingsText(r.Context(), c)
	if err != nil {
		return err
	}
	private(w)
	set, err := source.Parse(text)
	if err != nil {
		// What cannot be read can only be mended as text.
		_, _, detail := s.errorStatus(err)
		s.render(w, r, http.StatusOK, "source-text", s.sourceTextView(r, c, string(text), funnelVersion(text), detail))
		return nil
	}
	v := s.sourceSetupView(r, c, funnelVersion(text), "")
	for i := range set.Sources {
		v.Sources = append(v.Sources, typedSource(&set.Sources[i]))
	}
	return s.showSources(w, r, c, http.StatusOK, v)
}

func (s *Server) sourceSetupView(r *http.Request, c people.Caller, base, problem string) *SourceSetupView {
	v := &SourceSetupView{Shell: s.shell(r, c, "Outside sources"), Action: sourceSetup, Text: sourceSetup + "/text", Base: base, Error: problem}
	v.Nav = "playbook"
	v.Crumbs = []Crumb{{"Playbook", "/playbook"}, {Label: "Outside sources"}}
	return v
}

// showSources numbers the sources of the form and adds how they go.
func (s *Server) showSources(w http.ResponseWriter, r *http.Request, c people.Caller, status int, v *SourceSetupView) error {
	failing, err := s.sources.Failing(r.Context(), c)
	if err != nil {
		return err
	}
	for i := range v.Sources {
		f := &v.Sources[i]
		f.At, f.ID = i, fmt.Sprintf("s%d-", i)
		if h, ok := failing[f.Key]; ok && f.Key != "" && !f.Paused {
			health := sourceHealth(&h)
			f.Health = &health
		}
	}
	v.Full = len(v.Sources) >= source.MaxSources
	for i, e := range s.wiki.Prospects(r.Context(), c) {
		if i == 200 {
			break
		}
		v.Prospects = append(v.Prospects, Option{Value: e.Slug, Label: e.Title, Selected: e.Slug == r.PostForm.Get("for")})
	}
	s.render(w, r, status, "source-setup", v)
	return nil
}

// typedSource is a source as the form begins with it.
func typedSource(src *source.Source) SourceForm {
	return SourceForm{Key: src.Key, Name: src.Name, Where: src.Where(), Kinds: sourceKinds(src.Kind), Every: sourceTimes(src.Every.String()), Paused: src.Paused,
		Items: src.Fields.Items, Title: src.Fields.Title, Link: src.Fields.Link, Body: src.Fields.Text, Date: src.Fields.Date, Item: src.Fields.ID, Errors: map[string]string{}}
}

func sourceKinds(kind string) []Option {
	return options(kind, source.Feed, "Feed (RSS, Atom, JSON Feed)", source.JSON, "JSON", source.CSV, "CSV")
}

func sourceTimes(every string) []Option {
	all := options(every, "1h", "every hour", "3h", "every 3 hours", "6h", "every 6 hours", "12h", "twice a day", "1d", "once a day", "7d", "once a week")
	if !slices.ContainsFunc(all, func(o Option) bool { return o.Selected }) {
		all = append(all, Option{Value: every, Label: "every " + every, Selected: true})
	}
	return all
}

// readSources reads what the form posted.
func readSources(form url.Values) ([]SourceForm, error) {
	count, err := strconv.Atoi(form.Get("sources"))
	if err != nil || count < 0 || count > source.MaxSources {
		return nil, badRequest("The form cannot be read. Load the page again and repeat your change.")
	}
	var all []SourceForm
	for i := range count {
		get := func(name string) string { return strings.TrimSpace(form.Get(fmt.Sprintf("s%d-%s", i, name))) }
		all = append(all, SourceForm{Key: get("key"), Name: get("name"), Where: get("where"), Kinds: sourceKinds(get("kind")), Every: sourceTimes(cmp.Or(get("every"), "6h")), Paused: get("paused") != "",
			Items: get("items"), Title: get("title"), Link: get("link"), Body: get("text"), Date: get("date"), Item: get("id"), Errors: map[string]string{}})
	}
	return all, nil
}

// settingsOf makes settings of the form, and checks them.
func settingsOf(typed []SourceForm, before []byte) ([]byte, *source.Settings, error) {
	set := &source.Settings{}
	for i := range typed {
		f := &typed[i]
		every, err := source.ParseSpan(chosen(f.Every))
		if err != nil {
			return nil, nil, &source.Wrong{At: i, Setting: "every", Name: f.Name, Problem: err.Error()}
		}
		src := source.Source{Key: f.Key, Name: f.Name, Kind: chosen(f.Kinds), Every: every, Paused: f.Paused}
		if strings.Contains(f.Where, "://") || f.Where == "" {
			src.URL = f.Where
		} else {
			src.File = f.Where
		}
		if src.Kind != source.Feed {
			src.Fields = source.Fields{Title: f.Title, Link: f.Link, Text: f.Body, Date: f.Date, ID: f.Item}
			if src.Kind == source.JSON {
				src.Fields.Items = f.Items
			}
		}
		set.Sources = append(set.Sources, src)
	}
	text, err := set.YAML(before)
	if err != nil {
		return nil, nil, err
	}
	parsed, err := source.Parse(text)
	return text, parsed, err
}

// sourceFields are the fields of the form by the settings they become.
var sourceFields = map[string]string{"name": "name", "url": "where", "file": "where", "every": "every", "kind": "kind", "fields": "fields", "key": "name"}

func (s *Server) postSources(w http.ResponseWriter, r *http.Request, c people.Caller) error {
	if s.sources == nil {
		return notFound()
	}
	form, err := s.form(r)
	if err != nil {
		return err
	}
	typed, err := readSources(form)
	if err != nil {
		return err
	}
	ctx := r.Context()
	before, err := s.sources.SettingsText(ctx, c)
	if err != nil {
		return err
	}
	v := s.sourceSetupView(r, c, form.Get("base"), "")
	v.Sources = typed
	what, number, _ := strings.Cut(form.Get("do"), "-")
	at, err := strconv.Atoi(number)
	switch {
	case what == "add":
		if len(typed) < source.MaxSources {
			v.Sources = append(v.Sources, typedSource(&source.Source{Kind: source.Feed, Every: source.Span(6 * 3600e9)}))
		}
		return s.showSources(w, r, c, http.StatusOK, v)
	case what != "" && what != "save" && (err != nil || at < 0 || at >= len(typed)):
		return badRequest("The form cannot be read. Load the page again and repeat your change.")
	case what == "remove":
		v.Sources = slices.Delete(v.Sources, at, at+1)
		return s.showSources(w, r, c, http.StatusOK, v)
	case what == "try":
		one, set, err := settingsOf(typed[at:at+1], nil)
		if err != nil || one == nil {
			return s.sourcesWrong(w, r, c, v, err, at)
		}
		found, err := s.sources.Try(ctx, c, set.Sources[0], form.Get("for"))
		f := &v.Sources[at]
		f.Tried = true
		problem := source.Problem(err)
		if err != nil && problem == "" {
			return err
		}
		f.Problem = sentence(problem)
		for _, item := range found[:min(len(found), triedItems)] {
			f.Found = append(f.Found, SourceItem{Title: item.Title, Link: item.Link, Text: item.Text, At: item.At})
		}
		return s.showSources(w, r, c, http.StatusOK, v)
	}
	now := funnelVersion(before)
	if base := form.Get("base"); base != "" && base != now {
		v.Base, v.Error = now, sourceChanged
		return s.showSources(w, r, c, http.StatusConflict, v)
	}
	text, _, err := settingsOf(typed, before)
	if err == nil {
		err = s.sources.SetSettings(ctx, c, before, text)
	}
	switch {
	case err == nil:
		return s.done(w, r, sourceSetup, "The sources are saved. They are asked from now on.")
	case errors.Is(err, source.ErrChanged):
		v.Base, v.Error = "", sourceChanged
		return s.showSources(w, r, c, http.StatusConflict, v)
	}
	return s.sourcesWrong(w, r, c, v, err, 0)
}

// sourcesWrong shows the form again with what is wrong in it; from is the first
// source that was looked at.
func (s *Server) sourcesWrong(w http.ResponseWriter, r *http.Request, c people.Caller, v *SourceSetupView, err error, from int) error {
	var wrong *source.Wrong
	if errors.As(err, &wrong) && wrong.At+from < len(v.Sources) {
		f := &v.Sources[wrong.At+from]
		field := sourceFields[wrong.Setting]
		f.Errors[field] = sentence("This " + wrong.Problem)
		f.Open = field == "fields"
		v.Error = fmt.Sprintf("Nothing is saved yet. Mend what is marked in %s.", cmp.Or(f.Name, "the source without a name"))
		return s.showSources(w, r, c, http.StatusUnprocessableEntity, v)
	}
	var invalid *wiki.Invalid
	if !errors.As(err, &invalid) {
		return err
	}
	_, _, v.Error = s.errorStatus(err)
	return s.showSources(w, r, c, http.StatusUnprocessableEntity, v)
}

func (s *Server) sourceTextView(r *http.Request, c people.Caller, text, base, problem string) *SourceTextView {
	v := &SourceTextView{Shell: s.shell(r, c, "The sources as text"), Action: sourceSetup + "/text", Form: sourceSetup, Text: text, Base: base, Error: problem}
	v.Nav = "playbook"
	v.Crumbs = []Crumb{{"Playbook", "/playbook"}, {"Outside sources", v.Form}, {Label: "As text"}}
	return v
}

// sourceText edits the sources as text.
func (s *Server) sourceText(w http.ResponseWriter, r *http.Request, c people.Caller) error {
	if s.sources == nil {
		return notFound()
	}
	text, err := s.sources.SettingsText(r.Context(), c)
	if err != nil {
		return err
	}
	problem := ""
	if _, err := source.Parse(text); err != nil {
		_, _, problem = s.errorStatus(err)
	}
	private(w)
	s.render(w, r, http.StatusOK, "source-text", s.sourceTextView(r, c, string(text), funnelVersion(text), problem))
	return nil
}

func (s *Server) postSourceText(w http.ResponseWriter, r *http.Request, c people.Caller) error {
	if s.sources == nil {
		return notFound()
	}
	form, err := s.form(r)
	if err != nil {
		return err
	}
	before, err := s.sources.SettingsText(r.Context(), c)
	if err != nil {
		return err
	}
	text, now := asBefore(before, []byte(form.Get("text"))), funnelVersion(before)
	if base := form.Get("base"); base != "" && base != now {
		s.render(w, r, http.StatusConflict, "source-text", s.sourceTextView(r, c, string(text), now, sourceChanged))
		return nil
	}
	err = s.sources.SetSettings(r.Context(), c, before, text)
	var invalid *wiki.Invalid
	switch {
	case err == nil:
		return s.done(w, r, sourceSetup, "The sources are saved. They are asked from now on.")
	case errors.Is(err, source.ErrChanged):
		s.render(w, r, http.StatusConflict, "source-text", s.sourceTextView(r, c, string(text), "", sourceChanged))
		return nil
	case errors.As(err, &invalid):
		status, _, detail := s.errorStatus(err)
		s.render(w, r, status, "source-text", s.sourceTextView(r, c, string(text), now, detail))
		return nil
	}
	return err
}
