package web

import (
	"context"
	"errors"
	"net/http"
	"time"

	"dealwiki/web/notify"
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
	Mail  *SharedMail // nil: the reader is no guest, or no mail is sent
}

// SharedMail is whether a guest is mailed what is new.
type SharedMail struct{ On bool }

// News is what is new to a guest in each space that is shared with them now, of
// what has changed from a moment on: what their screens show them.
func (p *portal) News(ctx context.Context, guest people.Person, from time.Time) ([]notify.GuestNews, error) {
	c := people.Caller{Person: guest, Scopes: people.Read, Via: "mail"}
	var out []notify.GuestNews
	for _, prospect := range p.mine(ctx, c) {
		ro, err := p.enterAt(ctx, c, prospect)
		if errors.Is(err, wiki.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		all, err := ro.news(ctx)
		if err != nil {
			return nil, err
		}
		news := notify.GuestNews{Title: ro.title()}
		for _, ch := range all {
			if !ch.At.Before(from) {
				news.Changes = append(news.Changes, notify.GuestChange{Who: ch.Who.Name, Did: ch.Verb, Title: ch.Title, Path: ch.Href})
			}
		}
		if len(news.Changes) > 0 {
			out = append(out, news)
		}
	}
	return out, nil
}

// chooseMail begins or ends that a guest is mailed what is new.
func (p *portal) chooseMail(w http.ResponseWriter, r *http.Request, ro *room, on bool) error {
	if p.digests == nil || !ro.c.Person.Guest {
		return wiki.ErrNotFound
	}
	if err := p.digests.ChooseGuestDigest(r.Context(), ro.c, on); err != nil {
		return err
	}
	text := "You are mailed what is new, on Monday mornings."
	if !on {
		text = "You are not mailed what is new any more."
	}
	return p.pages.done(w, r, ro.home()+"/new", text)
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
	if ro.p.digests != nil && ro.c.Person.Guest && ro.c.Person.Reachable() {
		v.Mail = &SharedMail{}
		if v.Mail.On, err = ro.p.digests.GuestDigest(r.Context(), ro.c.Person.ID); err != nil {
			return err
		}
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
	switch form.Get("do") {
	case "seen":
		return p.seenAll(w, r, c)
	case "mail", "no-mail":
		return p.chooseMail(w, r, ro, form.Get("do") == "mail")
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
