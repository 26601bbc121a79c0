package web

import (
	"net/http"

	"dealwiki/wiki"
	"dealwiki/wiki/people"
	"dealwiki/wiki/repo"
)

func (s *Server) movePage(w http.ResponseWriter, r *http.Request, c people.Caller, place wiki.Place) error {
	f, side, info, err := s.openPage(r, c, place)
	if err != nil {
		return err
	}
	if !f.canWrite() {
		return people.ErrForbidden
	}
	to := place
	if section := wiki.Section(r.URL.Query().Get("to")); f.shareTo(place.Section) == section {
		to.Section = section // what the menu of a page asks for
	}
	v, err := f.moveView(r, side, info, to)
	if err != nil {
		return err
	}
	s.render(w, r, http.StatusOK, "move", v)
	return nil
}

// shareTo is the side that a page of a section can be taken to by the caller,
// "" where there is none or they may not.
func (f *frame) shareTo(section wiki.Section) wiki.Section {
	switch {
	case f.playbook() || !f.manages():
		return ""
	case section == wiki.Internal:
		return wiki.External
	}
	return wiki.Internal
}

// openPage opens a prospect and finds a page of it.
func (s *Server) openPage(r *http.Request, c people.Caller, place wiki.Place) (*frame, *wiki.Side, *wiki.PageInfo, error) {
	f, err := s.open(r, c)
	if err != nil {
		return nil, nil, nil, err
	}
	side, err := f.side(place.Section)
	if err != nil {
		return nil, nil, nil, err
	}
	info, err := side.Lookup(r.Context(), c, place)
	if err != nil {
		return nil, nil, nil, err
	}
	return f, side, &info, nil
}

func (f *frame) moveView(r *http.Request, side *wiki.Side, info *wiki.PageInfo, to wiki.Place) (*MoveView, error) {
	v := &MoveView{Shell: f.shellOf(r, "Move "+info.Title, info.Place, ""), Page: f.pageHead(r.Context(), info), Name: to.Page}
	v.Audience = string(info.Section)
	v.Crumbs = f.pageCrumbs(info, "Move")
	v.Keys.Leave = v.Page.Href
	v.Action = v.Page.Href + "/move"
	v.Sections = options(string(to.Section), string(wiki.Internal), "Internal")
	if !f.playbook() {
		v.Sections = options(string(to.Section), string(wiki.Internal), "Internal", string(wiki.External), "External")
	}
	v.Stages = f.stageOptions(to.Stage)
	back, err := side.Backlinks(r.Context(), f.c, info.Place)
	if err != nil {
		return nil, err
	}
	for i := range back {
		v.Links = append(v.Links, f.link(&back[i]))
	}
	return v, nil
}

func (s *Server) postMove(w http.ResponseWriter, r *http.Request, c people.Caller, place wiki.Place) error {
	f, side, info, err := s.openPage(r, c, place)
	if err != nil {
		return err
	}
	form, err := s.form(r)
	if err != nil {
		return err
	}
	to := wiki.Place{Section: wiki.Section(form.Get("section")), Stage: form.Get("stage"), Page: form.Get("page")}
	if to.Section == "" {
		to.Section = place.Section
	}
	status, problem := http.StatusConflict, ""
	var reveal *Reveal
	if to.Section != place.Section {
		if reveal, problem, err = f.crossPage(w, r, place, to, form); err == nil && reveal == nil {
			return nil
		}
	} else {
		var moved *wiki.Page
		if moved, err = side.Move(r.Context(), c, place, to); err == nil {
			return s.done(w, r, pagePath(f.slug(), moved.Place), "Moved. The old address leads here too.")
		}
	}
	if err != nil {
		status, _, problem = s.errorStatus(err)
		if status != http.StatusUnprocessableEntity && status != http.StatusConflict {
			return err
		}
	}
	v, err := f.moveView(r, side, info, to)
	if err != nil {
		return err
	}
	v.Error, v.Reveal = problem, reveal
	if reveal != nil {
		private(w)
	}
	s.render(w, r, status, "move", v)
	return nil
}

func (s *Server) deletePage(w http.ResponseWriter, r *http.Request, c people.Caller, place wiki.Place) error {
	f, side, info, err := s.openPage(r, c, place)
	if err != nil {
		return err
	}
	if !f.canWrite() {
		return people.ErrForbidden
	}
	head := f.pageHead(r.Context(), info)
	v := &DeleteView{Shell: f.shellOf(r, "Delete "+info.Title, place, ""), Page: &head, What: info.Title, Kind: "page", Action: head.Href + "/delete", Cancel: head.Href,
		Says: "The page disappears from the lists and from search. Its history stays, and anybody who can write here can bring it back from it."}
	v.Audience = string(place.Section)
	v.Crumbs = f.pageCrumbs(info, "Delete")
	v.Keys.Leave = head.Href
	back, err := side.Backlinks(r.Context(), c, place)
	if err != nil {
		return err
	}
	for i := range back {
		v.Links = append(v.Links, f.link(&back[i]))
	}
	s.render(w, r, http.StatusOK, "delete", v)
	return nil
}

func (s *Server) postDelete(w http.ResponseWriter, r *http.Request, c people.Caller, place wiki.Place) error {
	f, side, info, err := s.openPage(r, c, place)
	if err != nil {
		return err
	}
	form, err := s.form(r)
	if err != nil {
		return err
	}
	if form.Get("confirm") == "" {
		return goTo(w, r, pagePath(f.slug(), place)+"/delete")
	}
	if err := side.DeletePage(r.Context(), c, place, repo.Hash{}); err != nil {
		return err
	}
	return s.goWith(w, r, f.href(), Flash{Kind: "ok", Text: "Deleted “" + clip(info.Title, 80) + "”.", Href: pagePath(f.slug(), place) + "/history", Label: "Bring it back"})
}

// clip cuts a text to a number of characters.
func clip(s string, n int) string {
	if runes := []rune(s); len(runes) > n {
		return string(runes[:n]) + "…"
	}
	return s
}
