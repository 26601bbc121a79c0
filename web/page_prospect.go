package web

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"dealwiki/wiki"
	"dealwiki/wiki/people"
)

// spaceSettings shows who may do what on a prospect, and its facts.
func (s *Server) spaceSettings(w http.ResponseWriter, r *http.Request, c people.Caller) error {
	f, err := s.openProspect(r, c)
	if err != nil {
		return err
	}
	v, err := f.settingsView(r, Form{Values: f.factValues()})
	if err != nil {
		return err
	}
	v.Flash = s.flash(w, r)
	s.render(w, r, http.StatusOK, "space-settings", v)
	return nil
}

// openProspect is open for what the playbook does not have.
func (s *Server) openProspect(r *http.Request, c people.Caller) (*frame, error) {
	f, err := s.open(r, c)
	if err == nil && f.playbook() {
		return nil, notFound()
	}
	return f, err
}

// factValues are the deal's facts as the form has them.
func (f *frame) factValues() map[string]string {
	e := f.entry
	v := map[string]string{"name": e.Title, "currency": e.Currency, "close": e.ExpectedClose, "owner": f.access.Owner, "tags": strings.Join(e.Tags, ", "),
		"source": e.Source, "outcome": e.Outcome, "reason": e.OutcomeReason, "date": e.OutcomeDate}
	if e.Value != 0 {
		v["value"] = strconv.FormatFloat(e.Value, 'f', -1, 64)
	}
	return v
}

func (f *frame) settingsView(r *http.Request, form Form) (*SpaceSettingsView, error) {
	s, ctx := f.s, r.Context()
	v := &SpaceSettingsView{Shell: f.shellOf(r, "People and settings", wiki.Place{}, "settings"), Form: form, Action: f.base() + "/settings",
		CanManage: f.canWrite(), CanOwn: f.mayGrant(), CanClose: f.manages(), Restricted: f.access.Restricted}
	var err error
	if v.Owners, err = s.staffOptions(ctx, form.Values["owner"], true); err != nil {
		return nil, err
	}
	v.Currencies = currencyOptions(form.Values["currency"], f.funnel.Currency)
	v.Outcomes = options(f.entry.Outcome, wiki.OutcomeOpen, "open", wiki.OutcomeWon, "won", wiki.OutcomeLost, "lost", wiki.OutcomeNoDecision, "no decision")
	v.Levels = options("editor", "editor", "read and write", "viewer", "read only")
	named := map[string]bool{f.access.Owner: true}
	if f.access.Owner != "" {
		if p, err := s.people.Get(ctx, f.access.Owner); err == nil {
			v.Grants = append(v.Grants, GrantRow{Person: personView(p), ID: p.ID, Level: "owner", Owner: true})
		}
	}
	for _, g := range f.access.Grants {
		p, err := s.people.Get(ctx, g.Person)
		if err != nil {
			continue
		}
		named[p.ID] = true
		v.Grants = append(v.Grants, GrantRow{Person: personView(p), ID: p.ID, Level: g.Level.String()})
	}
	all, err := s.staffOptions(ctx, "", false)
	if err != nil {
		return nil, err
	}
	for _, o := range all {
		if !named[o.Value] {
			v.People = append(v.People, o)
		}
	}
	if f.manages() {
		v.Delete = f.base() + "/delete"
	}
	return v, nil
}

// mayGrant reports whether the caller decides who has access.
func (f *frame) mayGrant() bool { return f.manages() || f.c.Can(people.Administer) }

func (s *Server) postSpaceSettings(w http.ResponseWriter, r *http.Request, c people.Caller) error {
	f, err := s.openProspect(r, c)
	if err != nil {
		return err
	}
	form, err := s.form(r)
	if err != nil {
		return err
	}
	if err := f.saveSettings(r.Context(), form); err != nil {
		status, _, _ := s.errorStatus(err)
		again, ok := again(form, err, map[string]string{"expected close": "close"})
		if !ok {
			return err
		}
		v, err := f.settingsView(r, again)
		if err != nil {
			return err
		}
		s.render(w, r, status, "space-settings", v)
		return nil
	}
	// Whoever closed a prospect to themselves goes back to the board.
	if s.people.LevelOn(r.Context(), c, f.slug()) < people.Viewer {
		return s.done(w, r, "/", "Saved. You have no access to this prospect any more.")
	}
	return s.done(w, r, f.base()+"/settings", "Saved.")
}

func (f *frame) saveSettings(ctx context.Context, form url.Values) error {
	s := f.s
	var patch wiki.Patch
	for name, field := range map[string]**string{"name": &patch.Title, "currency": &patch.Currency, "close": &patch.ExpectedClose, "source": &patch.Source} {
		if form.Has(name) {
			v := form.Get(name)
			*field = &v
		}
	}
	if form.Has("value") {
		v, err := number("value", form.Get("value"))
		if err != nil {
			return err
		}
		patch.Value = &v
		if v == 0 && patch.Currency != nil {
			none := ""
			patch.Currency = &none
		}
	}
	if form.Has("tags") {
		tags := []string{}
		for tag := range strings.SplitSeq(form.Get("tags"), ",") {
			if tag = strings.TrimSpace(tag); tag != "" {
				tags = append(tags, tag)
			}
		}
		patch.Tags = &tags
	}
	if _, err := s.wiki.Update(ctx, f.c, f.slug(), patch); err != nil {
		return err
	}
	if !f.mayGrant() || !form.Has("owner") {
		return nil // the form's part about access was not sent
	}
	if restricted := form.Get("restricted") != ""; restricted != f.access.Restricted {
		if err := s.people.SetRestricted(ctx, f.c, f.slug(), restricted); err != nil {
			return err
		}
	}
	if owner := form.Get("owner"); owner != f.access.Owner {
		return s.people.SetOwner(ctx, f.c, f.slug(), owner)
	}
	return nil
}

func (s *Server) postOutcome(w http.ResponseWriter, r *http.Request, c people.Caller) error {
	f, err := s.openProspect(r, c)
	if err != nil {
		return err
	}
	form, err := s.form(r)
	if err != nil {
		return err
	}
	_, err = s.setOutcome(r.Context(), c, f.space, form.Get("outcome"), form.Get("date"), form.Get("reason"))
	if err != nil {
		status, _, _ := s.errorStatus(err)
		again, ok := again(form, err, nil)
		if !ok {
			return err
		}
		for name, value := range f.factValues() {
			if _, typed := again.Values[name]; !typed {
				again.Values[name] = value
			}
		}
		v, err := f.settingsView(r, again)
		if err != nil {
			return err
		}
		s.render(w, r, status, "space-settings", v)
		return nil
	}
	return s.done(w, r, f.base()+"/settings", "The outcome is saved.")
}

func (s *Server) postGrant(w http.ResponseWriter, r *http.Request, c people.Caller) error {
	return s.changeGrant(w, r, c, func(ctx context.Context, prospect string, form url.Values) error {
		level, err := people.ParseLevel(form.Get("level"))
		if err != nil {
			return err
		}
		return s.people.Grant(ctx, c, prospect, form.Get("person"), level)
	})
}

func (s *Server) postRevoke(w http.ResponseWriter, r *http.Request, c people.Caller) error {
	return s.changeGrant(w, r, c, func(ctx context.Context, prospect string, form url.Values) error {
		return s.people.Revoke(ctx, c, prospect, form.Get("person"))
	})
}

func (s *Server) changeGrant(w http.ResponseWriter, r *http.Request, c people.Caller, change func(context.Context, string, url.Values) error) error {
	f, err := s.openProspect(r, c)
	if err != nil {
		return err
	}
	form, err := s.form(r)
	if err != nil {
		return err
	}
	if err := change(r.Context(), f.slug(), form); err != nil {
		return err
	}
	if s.people.LevelOn(r.Context(), c, f.slug()) < people.Viewer {
		return s.done(w, r, "/", "Saved. You have no access to this prospect any more.")
	}
	return s.done(w, r, f.base()+"/settings", "Saved. It is in force at once.")
}

func (s *Server) deleteProspect(w http.ResponseWriter, r *http.Request, c people.Caller) error {
	f, err := s.openProspect(r, c)
	if err != nil {
		return err
	}
	if !f.manages() {
		return people.ErrForbidden
	}
	s.render(w, r, http.StatusOK, "delete", f.deleteView(r, ""))
	return nil
}

func (f *frame) deleteView(r *http.Request, problem string) *DeleteView {
	return &DeleteView{Shell: f.shellOf(r, "Delete "+f.entry.Title, wiki.Place{}, "settings"), What: f.entry.Title, Kind: "prospect",
		Says:   "Both sides with all their pages, files and versions leave the wiki. The repositories are kept in the folder trash of the server, from where an administrator can bring them back.",
		Action: f.base() + "/delete", Cancel: f.base() + "/settings", Type: f.entry.Title, Error: problem}
}

func (s *Server) postDeleteProspect(w http.ResponseWriter, r *http.Request, c people.Caller) error {
	f, err := s.openProspect(r, c)
	if err != nil {
		return err
	}
	form, err := s.form(r)
	if err != nil {
		return err
	}
	if !f.manages() {
		return people.ErrForbidden
	}
	if oneLine(form.Get("typed")) != oneLine(f.entry.Title) {
		s.render(w, r, http.StatusUnprocessableEntity, "delete", f.deleteView(r, "Type the name exactly as it stands, so that no prospect goes by mistake."))
		return nil
	}
	if err := s.wiki.Delete(r.Context(), c, f.slug()); err != nil {
		return err
	}
	return s.done(w, r, "/", "Deleted “"+clip(f.entry.Title, 80)+"”.")
}
