package web

import (
	"errors"
	"net/http"
	"strings"

	"dealwiki/content"
	"dealwiki/wiki"
	"dealwiki/wiki/actionplan"
	"dealwiki/wiki/people"
	"dealwiki/wiki/repo"
)

// page shows a page, its editor, or an earlier version.
func (p *portal) page(w http.ResponseWriter, r *http.Request, c people.Caller) error {
	ro, err := p.enter(r, c)
	if err != nil {
		return err
	}
	ctx, q := r.Context(), r.URL.Query()
	info, err := ro.lookup(ctx, r.PathValue("page"))
	if errors.Is(err, wiki.ErrNotFound) {
		to, err := ro.side.Renamed(ctx, c, r.PathValue("page"))
		if err != nil {
			return hide(err)
		}
		http.Redirect(w, r, ro.href(to.Page), http.StatusFound)
		return nil
	}
	if err != nil {
		return err
	}
	switch {
	case q.Has("edit"):
		return ro.editor(w, r, &info)
	case q.Has("at"):
		return ro.old(w, r, &info, q.Get("at"))
	}
	page, err := ro.side.Read(ctx, c, info.Place)
	if err != nil {
		return hide(err)
	}
	v, err := ro.pageView(r, page, nil)
	if err != nil {
		return err
	}
	v.Flash = p.pages.flash(w, r)
	if seen(r) {
		ro.markRead(ctx, &page.PageInfo, page.Version)
	}
	private(w)
	p.pages.render(w, r, http.StatusOK, "shared_page", v)
	return nil
}

// old shows a page as it was at one of its own versions.
func (ro *room) old(w http.ResponseWriter, r *http.Request, info *wiki.PageInfo, at string) error {
	h, err := repo.ParseHash(at)
	if err != nil {
		return notFound()
	}
	ctx := r.Context()
	if h == info.Version {
		return goTo(w, r, ro.href(info.Page))
	}
	page, err := ro.side.ReadAt(ctx, ro.c, info.Place, h)
	if err != nil {
		return hide(err)
	}
	old := &OldVersion{Number: page.Number, At: page.Updated, By: ro.author(ctx, page.Author), Commit: h.String(), Restore: ro.canWrite(),
		Compare: ro.href(info.Page) + "/compare?from=" + h.String() + "&to=" + info.Version.String()}
	v, err := ro.pageView(r, page, old)
	if err != nil {
		return err
	}
	private(w)
	ro.p.pages.render(w, r, http.StatusOK, "shared_page", v)
	return nil
}

// pageView fills the reading page.
func (ro *room) pageView(r *http.Request, page *wiki.Page, old *OldVersion) (*SharedPageView, error) {
	ctx := r.Context()
	doc := ro.p.doc(page)
	body, err := ro.draw(ctx, page.Place, doc, ro.canWrite() && old == nil)
	if err != nil {
		return nil, err
	}
	v := &SharedPageView{SharedShell: ro.around(r, page.Title, page.Page, ""), Page: ro.head(r, &page.PageInfo), Body: body, Notice: doc.Notice(), Old: old}
	if err := doc.Front().Err; err != nil && v.Notice == "" {
		v.Notice = "The block of settings at the top of this page cannot be read: " + err.Error() + ". The text below is complete."
	}
	v.Keys.History = v.Page.Href + "/history"
	v.Keys.About = true
	if ro.canWrite() && old == nil {
		v.Keys.Edit = v.Page.Href + "?edit"
	}
	for _, h := range outline(doc) {
		if h.Level == 2 || h.Level == 3 {
			v.Outline = append(v.Outline, Heading{Text: h.Text, ID: h.ID, Level: h.Level})
		}
	}
	back, err := ro.side.Backlinks(ctx, ro.c, page.Place)
	if err != nil {
		return nil, hide(err)
	}
	for i := range back {
		v.Linked = append(v.Linked, Link{Title: back[i].Title, Href: ro.href(back[i].Page)})
	}
	if v.Files, err = ro.filesOn(ctx, page.Place, doc); err != nil {
		return nil, err
	}
	if page.Page == actionplan.Page {
		plan := actionplan.Read(doc, ro.info.GoalDate(), ro.p.now())
		v.Plan = ro.planView(ctx, plan, page)
		if old == nil {
			v.Waiting = ro.waiting(ctx, plan, page)
		}
	}
	if old == nil {
		if v.Comments, err = ro.comments(ctx, page); err != nil {
			return nil, err
		}
	}
	return v, nil
}

func (ro *room) head(r *http.Request, p *wiki.PageInfo) SharedHead {
	return SharedHead{Title: p.Title, Href: ro.href(p.Page), Version: p.Version.String(), Number: p.Number, By: ro.author(r.Context(), p.Author), At: p.Updated,
		Minutes: minutes(p.Words), CanWrite: ro.canWrite()}
}

// task ticks or unticks steps and tasks: one, named by its line, or with a plain
// form all that are ticked on the page.
func (p *portal) task(w http.ResponseWriter, r *http.Request, c people.Caller) error {
	ro, info, err := p.enterPage(r, c)
	if err != nil {
		return err
	}
	form, err := p.pages.form(r)
	if err != nil {
		return err
	}
	base, err := repo.ParseHash(form.Get("version"))
	if err != nil {
		return badRequest("The form does not say which version it was made from. Load the page again.")
	}
	ctx := r.Context()
	if form.Has("line") {
		line, done, err := taskOf(form)
		if err != nil {
			return err
		}
		saved, err := ro.side.SetTask(ctx, c, info.Place, base, line, done)
		if err != nil {
			return hide(err)
		}
		ro.markRead(ctx, &saved.PageInfo, saved.Version)
		if wantsJSON(r) {
			return p.pages.json(w, http.StatusOK, map[string]string{"version": saved.Version.String()})
		}
		return goTo(w, r, ro.back(form.Get("back"), info.Page))
	}
	page, err := ro.side.ReadAt(ctx, c, info.Place, base)
	if err != nil {
		return hide(err)
	}
	text, err := ticked(page.Text, p.doc(page), form["task"])
	if err != nil {
		return err
	}
	saved, err := ro.side.Edit(ctx, c, wiki.Edit{Place: info.Place, Text: text, Base: base, Message: "Tick tasks on " + page.Title})
	if err != nil {
		return hide(err)
	}
	ro.markRead(ctx, &saved.PageInfo, saved.Version)
	return p.pages.done(w, r, ro.href(info.Page), "Saved.")
}

// back is where a form was: the overview, or its page.
func (ro *room) back(to, page string) string {
	if to == "overview" {
		return ro.home()
	}
	return ro.href(page)
}

// enterPage opens the shared space and the page that the address names.
func (p *portal) enterPage(r *http.Request, c people.Caller) (*room, wiki.PageInfo, error) {
	ro, err := p.enter(r, c)
	if err != nil {
		return nil, wiki.PageInfo{}, err
	}
	info, err := ro.lookup(r.Context(), r.PathValue("page"))
	return ro, info, err
}

// restore makes an earlier version the newest.
func (p *portal) restore(w http.ResponseWriter, r *http.Request, c people.Caller) error {
	ro, info, err := p.enterPage(r, c)
	if err != nil {
		return err
	}
	form, err := p.pages.form(r)
	if err != nil {
		return err
	}
	at, err := repo.ParseHash(form.Get("at"))
	if err != nil {
		return badRequest("The form does not say which version to restore.")
	}
	saved, err := ro.side.Restore(r.Context(), c, info.Place, at)
	if err != nil {
		return hide(err)
	}
	ro.markRead(r.Context(), &saved.PageInfo, saved.Version)
	return p.pages.done(w, r, ro.href(info.Page), "Restored. The versions between are still in the history.")
}

// below answers everything below a page: the address has one more word, or is
// none of ours.
func (p *portal) below(w http.ResponseWriter, r *http.Request, c people.Caller) error {
	page, rest := r.PathValue("page"), r.PathValue("rest")
	get := r.Method == http.MethodGet || r.Method == http.MethodHead
	if page == "files" && !strings.Contains(rest, "/") && rest != "" {
		if get {
			return p.file(w, r, c)
		}
		return notFound()
	}
	var h handler
	switch {
	case get && rest == "history":
		h = p.history
	case get && rest == "compare":
		h = p.compare
	case !get && rest == "task":
		h = p.task
	case !get && rest == "comments":
		h = p.postComments
	case !get && rest == "restore":
		h = p.restore
	case !get && rest == "start" && page == actionplan.Page:
		h = p.startPlan
	default:
		h = func(http.ResponseWriter, *http.Request, people.Caller) error {
			// As a page that is not there, in the same time.
			if _, err := p.enter(r, c); err != nil {
				return err
			}
			return notFound()
		}
	}
	return h(w, r, c)
}

var _ content.Resolver = (*sharedLinks)(nil)
