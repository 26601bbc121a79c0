package web

import (
	"context"
	"errors"
	"html/template"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"dealwiki/content"
	"dealwiki/wiki"
	"dealwiki/wiki/people"
	"dealwiki/wiki/repo"
)

// editor shows the editor of a page: the live one, where there is live editing
// and the form was not asked for. A page that is to be made begins in the form.
func (s *Server) editor(w http.ResponseWriter, r *http.Request, f *frame, side *wiki.Side, place wiki.Place) error {
	if s.rooms != nil && r.URL.Query().Get("edit") != "form" {
		info, err := side.Lookup(r.Context(), f.c, place)
		if err == nil {
			return s.liveEditor(w, r, f, side, &info)
		}
		if !errors.Is(err, wiki.ErrNotFound) {
			return err
		}
	}
	return s.editForm(w, r, f, side, place)
}

// editForm shows the form that edits a page, or one that is to be made. It works
// without scripts.
func (s *Server) editForm(w http.ResponseWriter, r *http.Request, f *frame, side *wiki.Side, place wiki.Place) error {
	if !f.canWrite() {
		return people.ErrForbidden
	}
	p, err := side.Read(r.Context(), f.c, place)
	if errors.Is(err, wiki.ErrNotFound) {
		if to, err := side.MovedTo(r.Context(), f.c, place); err == nil {
			return goTo(w, r, pagePath(f.slug(), to)+"?edit")
		}
		if err := f.mayBe(place); err != nil {
			return err
		}
		v, err := f.editView(r, side, &wiki.PageInfo{Place: place, Title: upperFirst(place.Page)}, true)
		if err != nil {
			return err
		}
		v.Text = "# " + upperFirst(place.Page) + "\n\n"
		s.render(w, r, http.StatusOK, "edit", v)
		return nil
	}
	if err != nil {
		return err
	}
	v, err := f.editView(r, side, &p.PageInfo, false)
	if err != nil {
		return err
	}
	v.Flash = s.flash(w, r)
	v.Text, v.Base = string(p.Text), p.Version.String()
	s.render(w, r, http.StatusOK, "edit", v)
	return nil
}

// mayBe reports whether a page may be made at a place.
func (f *frame) mayBe(place wiki.Place) error {
	if err := place.Check(); err != nil {
		return notFound()
	}
	for _, o := range f.stageOptions("") {
		if o.Value == place.Stage {
			return nil
		}
	}
	return notFound()
}

func (f *frame) editView(r *http.Request, side *wiki.Side, info *wiki.PageInfo, isNew bool) (*EditView, error) {
	s, ctx := f.s, r.Context()
	v := &EditView{Shell: f.shellOf(r, "Editing "+info.Title, info.Place, ""), Page: f.pageHead(ctx, info), New: isNew, Place: info.Place.String(),
		MaxFile: sizeOf(s.wiki.MaxFile()), MaxBytes: s.wiki.MaxFile()}
	v.Audience = string(info.Section)
	v.Crumbs = f.pageCrumbs(info, "Edit")
	v.Editor = true
	v.Keys.Leave = v.Page.Href
	if isNew {
		v.Keys.Leave = f.href()
	}
	v.FilesAPI = f.filesAPI(info.Place)
	if !isNew {
		v.Upload = f.base() + "/files/" + string(info.Section) + "?stage=" + url.QueryEscape(info.Stage) + "&page=" + url.QueryEscape(info.Page)
	}
	if info.Section == wiki.External {
		v.Readers = f.entry.Title
	}
	all, err := side.Files(ctx, f.c)
	if err != nil {
		return nil, err
	}
	for _, file := range all {
		if file.Stage == info.Stage {
			v.Files = append(v.Files, f.fileLink(ctx, file))
		}
	}
	return v, nil
}

// postPage takes the editor's form: a preview, or a version.
func (s *Server) postPage(w http.ResponseWriter, r *http.Request, c people.Caller, place wiki.Place) error {
	f, side, err := s.openSide(r, c, place.Section)
	if err != nil {
		return err
	}
	form, err := s.form(r)
	if err != nil {
		return err
	}
	if !form.Has("text") {
		return badRequest("The form is missing its text. Load the page again and repeat your change.")
	}
	ctx := r.Context()
	var base repo.Hash
	if b := form.Get("base"); b != "" {
		if base, err = repo.ParseHash(b); err != nil {
			return badRequest("The form does not say which version it was made from. Load the page again and repeat your change.")
		}
	}
	if !f.canWrite() {
		return people.ErrForbidden
	}
	text := []byte(form.Get("text"))
	info := wiki.PageInfo{Place: place, Title: upperFirst(place.Page)}
	var original []byte
	if !base.IsZero() {
		old, err := side.ReadAt(ctx, c, place, base)
		if errors.Is(err, wiki.ErrNotFound) {
			return s.editRefused(w, r, f, side, &info, form, string(text), err)
		}
		if err != nil {
			return err
		}
		original = old.Text
		if now, err := side.Lookup(ctx, c, place); err == nil {
			info = now
		} else {
			info = old.PageInfo
		}
	} else if err := f.mayBe(place); err != nil {
		return err
	}
	text = asBefore(original, text)
	switch form.Get("do") {
	case "preview":
		return s.preview(w, r, f, side, &info, form, text)
	case "", "save":
	default:
		return badRequest("A form is saved or previewed; nothing else.")
	}
	done, err := side.Edit(ctx, c, wiki.Edit{Place: place, Text: text, Base: base, Message: form.Get("message")})
	if err != nil {
		return s.editRefused(w, r, f, side, &info, form, string(text), err)
	}
	s.markRead(ctx, c, f.slug(), place, done.Version)
	if len(done.Overlaps) > 0 {
		// The version is saved, with both texts; the form comes back to choose.
		if f, err = s.open(r, c); err != nil {
			return err
		}
		v, err := f.editView(r, side, &done.PageInfo, false)
		if err != nil {
			return err
		}
		v.Text, v.Base = string(done.Text), done.Version.String()
		for _, o := range done.Overlaps {
			// The merge's own text is what was saved before; to the reader of
			// the form that is the other's.
			v.Overlaps = append(v.Overlaps, Overlap{Line: o.Line, Ours: o.Theirs, Theirs: o.Ours})
		}
		s.render(w, r, http.StatusOK, "edit", v)
		return nil
	}
	if !done.Changed {
		return s.done(w, r, pagePath(f.slug(), place), "Nothing had changed, so no version was made.")
	}
	return s.done(w, r, pagePath(f.slug(), place), "Saved as version "+strconv.Itoa(done.Number)+".")
}

func (s *Server) preview(w http.ResponseWriter, r *http.Request, f *frame, side *wiki.Side, info *wiki.PageInfo, form url.Values, text []byte) error {
	if len(text) > wiki.MaxPage {
		return s.editRefused(w, r, f, side, info, form, string(text), wiki.ErrTooLarge)
	}
	html, err := f.render(r.Context(), info.Place, text)
	if err != nil {
		return err
	}
	v, err := f.editView(r, side, info, form.Get("base") == "")
	if err != nil {
		return err
	}
	v.Text, v.Base, v.Message, v.Preview = string(text), form.Get("base"), form.Get("message"), html
	s.render(w, r, http.StatusOK, "edit", v)
	return nil
}

// render shows a text as the page at a place would.
func (f *frame) render(ctx context.Context, place wiki.Place, text []byte) (template.HTML, error) {
	res, err := f.resolver(ctx, place)
	if err != nil {
		return "", err
	}
	return template.HTML(content.Parse(text).HTML(res, content.RenderOptions{})), nil
}

// editRefused shows the editor again with the text that could not be saved and
// why: nothing typed is ever lost to an error.
func (s *Server) editRefused(w http.ResponseWriter, r *http.Request, f *frame, side *wiki.Side, info *wiki.PageInfo, form url.Values, text string, cause error) error {
	if gone(r, cause) {
		return cause
	}
	status, title, detail := s.errorStatus(cause)
	if status >= 500 && status != http.StatusInsufficientStorage {
		s.log.Error("saving a page", "id", requestID(r), "prospect", f.slug(), "err", cause)
		detail += " Number: " + requestID(r) + "."
	}
	isNew := form.Get("base") == ""
	switch {
	case errors.Is(cause, wiki.ErrNotFound):
		status, detail = http.StatusConflict, "This page was moved or deleted while you were writing. Your text is below: copy it, or save it here as a new page."
		form.Set("base", "")
		isNew = true
	case errors.Is(cause, wiki.ErrExists):
		detail = "A page with this name is there already. Your text is below: copy it, then open that page and add it there."
	case status == http.StatusRequestEntityTooLarge:
		detail = "A page holds at most " + sizeOf(wiki.MaxPage) + "; this text has " + sizeOf(int64(len(text))) + ". Split it into two pages, or attach it as a file."
	}
	v, err := f.editView(r, side, info, isNew)
	if err != nil {
		return err
	}
	v.Text, v.Base, v.Message, v.Error = text, form.Get("base"), form.Get("message"), strings.TrimSpace(title+". "+detail)
	s.render(w, r, status, "edit", v)
	return nil
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// postRestore makes an earlier version the newest.
func (s *Server) postRestore(w http.ResponseWriter, r *http.Request, c people.Caller, place wiki.Place) error {
	f, side, err := s.openSide(r, c, place.Section)
	if err != nil {
		return err
	}
	form, err := s.form(r)
	if err != nil {
		return err
	}
	at, err := repo.ParseHash(form.Get("at"))
	if err != nil {
		return badRequest("The form does not say which version to restore.")
	}
	done, err := side.Restore(r.Context(), c, place, at)
	if err != nil {
		return err
	}
	s.markRead(r.Context(), c, f.slug(), place, done.Version)
	return s.done(w, r, pagePath(f.slug(), place), "Restored as version "+strconv.Itoa(done.Number)+". The versions between are still in the history.")
}
