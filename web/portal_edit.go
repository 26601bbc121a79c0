package web

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"dealwiki/content"
	"dealwiki/wiki"
	"dealwiki/wiki/actionplan"
	"dealwiki/wiki/people"
	"dealwiki/wiki/repo"
)

// SharedLiveView is the live editor of a shared page (template shared_live).
type SharedLiveView struct {
	SharedShell
	Page    PageHead // as the editor's frame wants it; its stage stays empty
	Readers string
	Write   bool
	Form    string
	MaxFile string
	Config  LiveConfig
}

// editor shows the editor of a page: the live one, where there is live editing
// and the form was not asked for.
func (ro *room) editor(w http.ResponseWriter, r *http.Request, info *wiki.PageInfo) error {
	if ro.p.rooms != nil && r.URL.Query().Get("edit") != "form" {
		return ro.liveEditor(w, r, info)
	}
	if !ro.canWrite() {
		return people.ErrForbidden
	}
	page, err := ro.side.Read(r.Context(), ro.c, info.Place)
	if err != nil {
		return hide(err)
	}
	v := ro.editView(r, info)
	v.Flash = ro.p.pages.flash(w, r)
	v.Text, v.Base = string(page.Text), page.Version.String()
	ro.p.pages.render(w, r, http.StatusOK, "shared_edit", v)
	return nil
}

func (ro *room) editView(r *http.Request, info *wiki.PageInfo) *SharedEditView {
	v := &SharedEditView{SharedShell: ro.around(r, "Editing "+info.Title, info.Page, ""), Page: ro.head(r, info), MaxFile: sizeOf(ro.p.maxFile),
		Upload: ro.home() + "/files?page=" + url.QueryEscape(info.Page)}
	v.Keys.Leave = v.Page.Href
	if all, err := ro.side.Files(r.Context(), ro.c); err == nil {
		for i := range all {
			if all[i].Stage == info.Stage {
				v.Files = append(v.Files, embedMarkdown(all[i].Name))
			}
		}
	}
	return v
}

// postPage takes the editor's form: a preview, or a version.
func (p *portal) postPage(w http.ResponseWriter, r *http.Request, c people.Caller) error {
	ro, info, err := p.enterPage(r, c)
	if err != nil {
		return err
	}
	form, err := p.pages.form(r)
	if err != nil {
		return err
	}
	if !ro.canWrite() {
		return people.ErrForbidden
	}
	if !form.Has("text") {
		return badRequest("The form is missing its text. Load the page again and repeat your change.")
	}
	base, err := repo.ParseHash(form.Get("base"))
	if err != nil {
		return badRequest("The form does not say which version it was made from. Load the page again and repeat your change.")
	}
	ctx := r.Context()
	old, err := ro.side.ReadAt(ctx, c, info.Place, base)
	if err != nil {
		return hide(err)
	}
	text := asBefore(old.Text, []byte(form.Get("text")))
	again := func(status int, change func(*SharedEditView)) error {
		v := ro.editView(r, &info)
		v.Text, v.Base, v.Message = string(text), form.Get("base"), form.Get("message")
		change(v)
		p.pages.render(w, r, status, "shared_edit", v)
		return nil
	}
	switch form.Get("do") {
	case "preview":
		if len(text) > wiki.MaxPage {
			return again(http.StatusRequestEntityTooLarge, func(v *SharedEditView) { v.Error = "A page holds at most " + sizeOf(wiki.MaxPage) + "." })
		}
		html, err := ro.draw(ctx, info.Place, content.Parse(text), false)
		if err != nil {
			return err
		}
		return again(http.StatusOK, func(v *SharedEditView) { v.Preview = html })
	case "", "save":
	default:
		return badRequest("A form is saved or previewed; nothing else.")
	}
	saved, err := ro.side.Edit(ctx, c, wiki.Edit{Place: info.Place, Text: text, Base: base, Message: form.Get("message")})
	if err != nil {
		status, title, detail := p.pages.errorStatus(err)
		if status >= 500 || errors.Is(err, wiki.ErrNotFound) || errors.Is(err, people.ErrForbidden) {
			return hide(err)
		}
		return again(status, func(v *SharedEditView) { v.Error = strings.TrimSpace(title + ". " + detail) })
	}
	ro.markRead(ctx, &saved.PageInfo, saved.Version)
	if len(saved.Overlaps) > 0 {
		info, text = saved.PageInfo, saved.Text
		return again(http.StatusOK, func(v *SharedEditView) {
			v.Base = saved.Version.String()
			for _, o := range saved.Overlaps {
				v.Overlaps = append(v.Overlaps, Overlap{Line: o.Line, Ours: o.Theirs, Theirs: o.Ours})
			}
		})
	}
	said := "Saved."
	if !saved.Changed {
		said = "Nothing had changed."
	}
	return p.pages.done(w, r, ro.href(info.Page), said)
}

// liveEditor shows the live editor of a page. Who may not write sees the page as
// it is written. The editor is the same as the staff's; what it is told names no
// stage, and what it asks are the shared space's own doors.
func (ro *room) liveEditor(w http.ResponseWriter, r *http.Request, info *wiki.PageInfo) error {
	ctx := r.Context()
	epoch, err := ro.p.rooms.Epoch(ctx, ro.side, info.Place)
	if err != nil {
		return hide(err)
	}
	var raw [16]byte
	rand.Read(raw[:]) // never fails
	nonce := base64.StdEncoding.EncodeToString(raw[:])
	v := &SharedLiveView{SharedShell: ro.around(r, "Editing "+info.Title, info.Page, ""), Readers: ro.title(), Write: ro.canWrite(), MaxFile: sizeOf(ro.p.maxFile),
		Page: PageHead{Title: info.Title, Href: ro.href(info.Page), Audience: AudienceExternal, CanWrite: ro.canWrite()}}
	v.Flash = ro.p.pages.flash(w, r)
	v.Keys.Leave = v.Page.Href
	if v.Write {
		v.Form = v.Page.Href + "?edit=form"
	} else {
		v.Title = "Reading along: " + info.Title
	}
	prospect := url.PathEscape(ro.prospect)
	api := apiPrefix + "/shared/" + prospect + "/pages/" + url.PathEscape(info.Page)
	me := *livePerson(ro.c.Person)
	v.Config = LiveConfig{
		Socket: "/live/shared/" + prospect + "/" + url.PathEscape(info.Page), Epoch: epoch, Place: info.Page, Prospect: ro.prospect, Section: AudienceExternal,
		Title: info.Title, Readers: v.Readers, Write: v.Write, Me: me, Version: info.Version.String(), Number: info.Number, Home: ro.home(),
		Files: api + "/files/", MaxFile: ro.p.maxFile, Complete: "/-/shared/" + prospect + "/complete", Comments: api + "/comments",
		Present: v.Portal.Present, Page: v.Page.Href, Form: v.Form, Leave: v.Page.Href, Nonce: nonce,
	}
	ro.markRead(ctx, info, info.Version)
	w.Header().Set("Content-Security-Policy", strings.Replace(policy, "style-src 'self'", "style-src 'self' 'nonce-"+nonce+"'", 1))
	ro.p.pages.render(w, r, http.StatusOK, "shared_live", v)
	return nil
}

// startPlan makes the mutual action plan, for staff from the playbook's template
// and planned backwards from the goal date.
func (p *portal) startPlan(w http.ResponseWriter, r *http.Request, c people.Caller) error {
	ro, err := p.enter(r, c)
	if err != nil {
		return err
	}
	if !ro.canWrite() {
		return people.ErrForbidden
	}
	ctx := r.Context()
	place := wiki.Place{Section: ro.side.Section(), Stage: wiki.StageAccount, Page: actionplan.Page}
	text, title, err := ro.side.Template(ctx, c, place)
	if errors.Is(err, wiki.ErrNotFound) {
		title = "Mutual action plan"
		text, err = actionplan.Outline(ro.customer(), ro.company()), nil
	}
	if err != nil {
		return err
	}
	text = actionplan.Backwards(text, ro.info.GoalDate(), p.now())
	_, err = ro.side.Edit(ctx, c, wiki.Edit{Place: place, Text: text, Message: "Start " + title})
	if err != nil && !errors.Is(err, wiki.ErrExists) {
		return hide(err)
	}
	return goTo(w, r, ro.href(actionplan.Page)+"?edit")
}
