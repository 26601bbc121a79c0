package web

import (
	"net/http"

	"dealwiki/wiki"
	"dealwiki/wiki/people"
)

// SharedNewView is what the reader has not seen (template shared_new). It takes
// the title of a new page, too.
type SharedNewView struct {
	SharedShell
	Form  Form
	First bool
	News  []SharedChange
	Feed  string
}

// news shows what others have changed since the reader was here.
func (p *portal) news(w http.ResponseWriter, r *http.Request, c people.Caller) error {
	ro, err := p.enter(r, c)
	if err != nil {
		return err
	}
	return ro.showNews(w, r, http.StatusOK, Form{})
}

func (ro *room) showNews(w http.ResponseWriter, r *http.Request, status int, form Form) error {
	v := &SharedNewView{SharedShell: ro.around(r, "What is new", "", "new"), Form: form, First: ro.visit.IsZero(), Feed: "/feeds" + ro.home() + ".atom"}
	v.Flash = ro.p.pages.flash(w, r)
	var err error
	if v.News, err = ro.news(r.Context()); err != nil {
		return err
	}
	private(w)
	ro.p.pages.render(w, r, status, "shared_new", v)
	return nil
}

// seenAll notes everything as read.
func (p *portal) seenAll(w http.ResponseWriter, r *http.Request, c people.Caller) error {
	ro, err := p.enter(r, c)
	if err != nil {
		return err
	}
	for i := range ro.pages {
		ro.markRead(r.Context(), &ro.pages[i], ro.pages[i].Version)
	}
	return p.pages.done(w, r, ro.home()+"/new", "Everything is marked as read.")
}

// postNew makes a page of a title. It belongs to the account: the portal knows no
// stages.
func (p *portal) postNew(w http.ResponseWriter, r *http.Request, c people.Caller) error {
	ro, err := p.enter(r, c)
	if err != nil {
		return err
	}
	form, err := p.pages.form(r)
	if err != nil {
		return err
	}
	if form.Get("do") == "seen" {
		return p.seenAll(w, r, c)
	}
	if !ro.canWrite() {
		return people.ErrForbidden
	}
	title := oneLine(form.Get("title"))
	place := wiki.Place{Section: ro.side.Section(), Stage: wiki.StageAccount, Page: wiki.Slug(title)}
	err = checkTitle(title)
	if err == nil {
		_, err = ro.side.Edit(r.Context(), c, wiki.Edit{Place: place, Text: []byte("# " + title + "\n")})
	}
	if err == nil {
		return goTo(w, r, ro.href(place.Page)+"?edit")
	}
	status, _, detail := p.pages.errorStatus(err)
	shown, ok := again(form, err, map[string]string{"page": "title"})
	if !ok && status == http.StatusConflict {
		shown.Errors["title"], ok = "A page of this name is there already. Choose another title.", true
	}
	if !ok {
		return hide(err)
	}
	if len(shown.Errors) == 0 && shown.Error == "" {
		shown.Error = detail
	}
	return ro.showNews(w, r, status, shown)
}
