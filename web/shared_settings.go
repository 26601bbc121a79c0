package web

import (
	"net/http"
	"strings"

	"dealwiki/wiki"
	"dealwiki/wiki/actionplan"
	"dealwiki/wiki/people"
)

// SharedSettingsView is what guests read of the deal as such, as its owner sets
// it (template shared_settings). It posts title, customer, company, goal, step
// and step-KEY to Action.
type SharedSettingsView struct {
	Shell
	Form   Form
	Action string
	Shared string // the customer's screens
	Owner  bool   // the reader may change it
	Stages []SharedStageRow
	Plan   string // the mutual action plan; "" while there is none
	Start  string // POST: makes it; "" for readers
}

// SharedStageRow is a stage of ours and the customer's name for it.
type SharedStageRow struct {
	Key     string
	Title   string
	Name    string
	Usual   string // what the playbook would call it
	Current bool
}

// sharedSettings shows what guests read of the deal as such.
func (s *Server) sharedSettings(w http.ResponseWriter, r *http.Request, c people.Caller) error {
	f, side, err := s.openSide(r, c, wiki.External)
	if err != nil {
		return err
	}
	info, err := side.Info(r.Context(), c)
	if err != nil {
		return err
	}
	v := f.sharedSettingsView(r, side, info)
	v.Flash = s.flash(w, r)
	s.render(w, r, http.StatusOK, "shared_settings", v)
	return nil
}

func (f *frame) sharedSettingsView(r *http.Request, side *wiki.Side, info *wiki.SpaceInfo) *SharedSettingsView {
	v := &SharedSettingsView{Shell: f.shellOf(r, "The shared space", wiki.Place{}, "settings"), Action: f.base() + "/shared-space", Shared: sharedPath(f.slug()), Owner: f.manages()}
	v.Audience = AudienceExternal
	v.Form = Form{Values: map[string]string{"title": info.Title, "customer": info.Customer, "company": info.Company, "goal": info.Goal, "step": info.Step}}
	for _, st := range f.funnel.Stages {
		v.Stages = append(v.Stages, SharedStageRow{Key: st.Key, Title: st.Title, Name: info.Steps[st.Key], Usual: st.Buyer, Current: st.Key == info.Step})
	}
	if _, err := side.Named(r.Context(), f.c, actionplan.Page); err == nil {
		v.Plan = v.Shared + "/" + actionplan.Page
	} else if f.canWrite() {
		v.Start = v.Shared + "/" + actionplan.Page + "/start"
	}
	return v
}

// postSharedSettings changes what guests read of the deal as such.
func (s *Server) postSharedSettings(w http.ResponseWriter, r *http.Request, c people.Caller) error {
	f, side, err := s.openSide(r, c, wiki.External)
	if err != nil {
		return err
	}
	form, err := s.form(r)
	if err != nil {
		return err
	}
	change := func(i *wiki.SpaceInfo) {
		i.Title, i.Customer, i.Company = oneLine(form.Get("title")), oneLine(form.Get("customer")), oneLine(form.Get("company"))
		i.Goal, i.Step = strings.TrimSpace(form.Get("goal")), form.Get("step")
		i.Steps = map[string]string{}
		for _, st := range f.funnel.Stages {
			name := oneLine(form.Get("step-" + st.Key))
			if name == "" && form.Get("usual") != "" {
				name = st.Buyer
			}
			i.Steps[st.Key] = name
		}
	}
	if err := side.SetInfo(r.Context(), c, change); err != nil {
		shown, ok := again(form, err, nil)
		if !ok {
			return err
		}
		info := &wiki.SpaceInfo{}
		change(info)
		v := f.sharedSettingsView(r, side, info)
		v.Form.Errors, v.Form.Error = shown.Errors, shown.Error
		s.render(w, r, http.StatusUnprocessableEntity, "shared_settings", v)
		return nil
	}
	return s.done(w, r, f.base()+"/shared-space", "Saved. Guests read it like this from now on.")
}
