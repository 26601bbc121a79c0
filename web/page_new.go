package web

import (
	"dealwiki/wiki"
	"dealwiki/wiki/people"
	"errors"
	"net/http"
	"strings"
)

// postCreate makes a page: from the playbook's template where there is one, else
// with its title alone.
func (s *Server) postCreate(w http.ResponseWriter, r *http.Request, c people.Caller, place wiki.Place) error {
	f, side, err := s.openSide(r, c, place.Section)
	if err != nil {
		return err
	}
	form, err := s.form(r)
	if err != nil {
		return err
	}
	ctx := r.Context()
	href := pagePath(f.slug(), place)
	if !form.Has("template") || form.Get("template") != "" {
		_, err = side.CreateFromTemplate(ctx, c, place)
		switch {
		case err == nil, errors.Is(err, wiki.ErrExists):
			return goTo(w, r, href+"?edit")
		case !errors.Is(err, wiki.ErrNotFound):
			return err
		}
	}
	title := strings.TrimSpace(form.Get("title"))
	if title == "" {
		title = upperFirst(place.Page)
	}
	_, err = side.Edit(ctx, c, wiki.Edit{Place: place, Text: []byte("# " + oneLine(title) + "\n")})
	if err != nil && !errors.Is(err, wiki.ErrExists) {
		return err
	}
	return goTo(w, r, href+"?edit")
}

// newPage is the form for a page.
func (s *Server) newPage(w http.ResponseWriter, r *http.Request, c people.Caller) error {
	f, err := s.open(r, c)
	if err != nil {
		return err
	}
	if !f.canWrite() {
		return people.ErrForbidden
	}
	q := r.URL.Query()
	s.render(w, r, http.StatusOK, "new-page", f.newPageView(r, Form{Values: map[string]string{"title": q.Get("title"), "section": q.Get("section"), "stage": q.Get("stage"), "text": q.Get("text")}}))
	return nil
}

func (f *frame) newPageView(r *http.Request, form Form) *NewPageView {
	v := &NewPageView{Shell: f.shellOf(r, "New page", wiki.Place{}, ""), Form: form, Action: f.base() + "/new"}
	section, stage := form.Values["section"], form.Values["stage"]
	if stage == "" {
		stage = f.entry.Stage
	}
	v.Sections = append(v.Sections, Option{Value: string(wiki.Internal), Label: "Internal", Hint: "Staff only.", Selected: section != string(wiki.External)})
	if !f.playbook() {
		v.Sections = append(v.Sections, Option{Value: string(wiki.External), Label: "External", Hint: "The customer’s people who are invited read it too.", Selected: section == string(wiki.External)})
	}
	v.Stages = f.stageOptions(stage)
	return v
}

func (s *Server) postNewPage(w http.ResponseWriter, r *http.Request, c people.Caller) error {
	f, err := s.open(r, c)
	if err != nil {
		return err
	}
	form, err := s.form(r)
	if err != nil {
		return err
	}
	title := oneLine(form.Get("title"))
	place := wiki.Place{Section: wiki.Section(form.Get("section")), Stage: form.Get("stage"), Page: wiki.Slug(title)}
	if place.Stage == wiki.StageLog {
		place.Page = wiki.Slug(s.now().UTC().Format("2006-01-02") + " " + title)
	}
	err = checkTitle(title)
	if err == nil {
		var side *wiki.Side
		if side, err = f.side(place.Section); err != nil {
			err = &wiki.Invalid{Field: "section", Problem: "is internal or external"}
		} else {
			_, err = side.Edit(r.Context(), c, wiki.Edit{Place: place, Text: []byte("# " + title + "\n" + opening(form.Get("text")))})
		}
	}
	if err == nil {
		return goTo(w, r, pagePath(f.slug(), place)+"?edit")
	}
	status, _, detail := s.errorStatus(err)
	again, ok := again(form, err, map[string]string{"page": "title"})
	if !ok && status == http.StatusConflict {
		again.Errors["title"], ok = "A page of this name is there already. Choose another title.", true
	}
	if !ok {
		return err
	}
	if len(again.Errors) == 0 && again.Error == "" {
		again.Error = detail
	}
	s.render(w, r, status, "new-page", f.newPageView(r, again))
	return nil
}

// opening is what a new page says below its title.
func opening(text string) string {
	text = strings.TrimSpace(plainLines(text))
	if text == "" {
		return ""
	}
	return "\n" + text + "\n"
}

// checkTitle bounds what a page is called when it is made.
func checkTitle(title string) error {
	switch {
	case strings.TrimSpace(strings.Map(visible, title)) == "":
		return &wiki.Invalid{Field: "title", Problem: "is empty; write what the page is about"}
	case len(title) > 255:
		return &wiki.Invalid{Field: "title", Problem: "is too long; use at most 255 bytes"}
	case strings.ContainsFunc(title, turns):
		return &wiki.Invalid{Field: "title", Problem: "holds characters that cannot be shown"}
	}
	return nil
}

// visible drops what nobody sees.
func visible(r rune) rune {
	if r == '\u200b' || r == '\u200c' || r == '\u200d' || r == '\u2060' || r == '\ufeff' {
		return -1
	}
	return r
}

// turns reports characters that control the terminal or turn the text around
// them.
func turns(r rune) bool {
	return r < ' ' || r == 0x7f || r >= 0x80 && r < 0xa0 || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 || r == 0x2028 || r == 0x2029
}
