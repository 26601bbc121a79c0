package web

import (
	"bytes"
	"context"
	"errors"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"dealwiki/content"
	"dealwiki/wiki"
	"dealwiki/wiki/people"
	"dealwiki/wiki/repo"
)

// editForm shows the editor of a page, or of one that is to be made.
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
	v.FilesAPI = "/api/v1/prospects/" + url.PathEscape(f.slug()) + "/files/" + string(info.Section) + "/" + url.PathEscape(info.Stage) + "/"
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
	f, err := s.open(r, c)
	if err != nil {
		return err
	}
	side, err := f.side(place.Section)
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
			v.Overlaps = append(v.Overlaps, Overlap{Line: o.Line, Ours: o.Ours, Theirs: o.Theirs})
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

// asBefore undoes what a browser's form does to line ends: a text area sends
// CR LF for every one. Lines that are as they were keep their own ends, new ones
// get those of most others.
func asBefore(original, sent []byte) []byte {
	plain := joinLines(splitEnds(sent))
	if original == nil {
		return plain
	}
	old := splitEnds(original)
	usual := usualEnd(old)
	if usual == "\n" && !bytes.ContainsRune(original, '\r') {
		return plain
	}
	var flat []byte
	for _, l := range old {
		flat = append(append(flat, l.text...), '\n')
	}
	lines := splitEnds(plain)
	var flatNew []byte
	for _, l := range lines {
		flatNew = append(append(flatNew, l.text...), '\n')
	}
	for i := range lines {
		if lines[i].end != "" {
			lines[i].end = usual
		}
	}
	for _, op := range content.DiffLines(flat, flatNew) {
		if op.Kind != content.Equal {
			continue
		}
		for i := range op.A1 - op.A0 {
			if a, b := op.A0+i, op.B0+i; a < len(old) && b < len(lines) && lines[b].end != "" && old[a].end != "" {
				lines[b].end = old[a].end
			}
		}
	}
	var out []byte
	for i, l := range lines {
		if l.end == "\n" && len(l.text) == 0 && i > 0 && lines[i-1].end == "\r" {
			l.end = "\r\n" // the two would be read as one
		}
		out = append(append(out, l.text...), l.end...)
	}
	return out
}

type endedLine struct {
	text []byte
	end  string // "\n", "\r\n", "\r", or "" for the last one without
}

func splitEnds(b []byte) []endedLine {
	var out []endedLine
	for len(b) > 0 {
		i := bytes.IndexAny(b, "\r\n")
		if i < 0 {
			return append(out, endedLine{b, ""})
		}
		end := string(b[i : i+1])
		if b[i] == '\r' && i+1 < len(b) && b[i+1] == '\n' {
			end = "\r\n"
		}
		out = append(out, endedLine{b[:i], end})
		b = b[i+len(end):]
	}
	return out
}

func joinLines(lines []endedLine) []byte {
	var out []byte
	for _, l := range lines {
		out = append(out, l.text...)
		if l.end != "" {
			out = append(out, '\n')
		}
	}
	return out
}

func usualEnd(lines []endedLine) string {
	count := map[string]int{}
	best := "\n"
	for _, l := range lines {
		if l.end == "" {
			continue
		}
		if count[l.end]++; count[l.end] > count[best] {
			best = l.end
		}
	}
	return best
}

// postCreate makes a page: from the playbook's template where there is one, else
// with its title alone.
func (s *Server) postCreate(w http.ResponseWriter, r *http.Request, c people.Caller, place wiki.Place) error {
	f, err := s.open(r, c)
	if err != nil {
		return err
	}
	side, err := f.side(place.Section)
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

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

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
	s.render(w, r, http.StatusOK, "new-page", f.newPageView(r, Form{Values: map[string]string{"title": q.Get("title"), "section": q.Get("section"), "stage": q.Get("stage")}}))
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
			_, err = side.Edit(r.Context(), c, wiki.Edit{Place: place, Text: []byte("# " + title + "\n")})
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

// postTask ticks or unticks tasks: one, named by its line, or with a plain form
// all that are ticked on the page.
func (s *Server) postTask(w http.ResponseWriter, r *http.Request, c people.Caller, place wiki.Place) error {
	f, err := s.open(r, c)
	if err != nil {
		return err
	}
	side, err := f.side(place.Section)
	if err != nil {
		return err
	}
	form, err := s.form(r)
	if err != nil {
		return err
	}
	base, err := repo.ParseHash(form.Get("version"))
	if err != nil {
		return badRequest("The form does not say which version it was made from. Load the page again.")
	}
	ctx := r.Context()
	href := pagePath(f.slug(), place)
	if form.Has("line") {
		line, err := strconv.Atoi(form.Get("line"))
		if err != nil || line < 1 {
			return badRequest("The task’s line is not a number.")
		}
		done, err := side.SetTask(ctx, c, place, base, line, form.Get("done") == "true" || form.Get("done") == "on" || form.Get("done") == "1")
		if err != nil {
			return err
		}
		s.markRead(ctx, c, f.slug(), place, done.Version)
		if wantsJSON(r) {
			return s.json(w, http.StatusOK, map[string]string{"version": done.Version.String()})
		}
		return goTo(w, r, href)
	}
	page, err := side.ReadAt(ctx, c, place, base)
	if err != nil {
		return err
	}
	text := page.Text
	for _, t := range s.doc(page).Tasks() {
		done := slices.Contains(form["task"], strconv.Itoa(t.Line))
		if done == t.Done {
			continue
		}
		if text, err = content.SetTask(text, t.Line, done); err != nil {
			return badRequest("A task is not where it was. Load the page again.")
		}
	}
	done, err := side.Edit(ctx, c, wiki.Edit{Place: place, Text: text, Base: base, Message: "Tick tasks on " + page.Title})
	if err != nil {
		return err
	}
	s.markRead(ctx, c, f.slug(), place, done.Version)
	return s.done(w, r, href, "Saved.")
}

// postRestore makes an earlier version the newest.
func (s *Server) postRestore(w http.ResponseWriter, r *http.Request, c people.Caller, place wiki.Place) error {
	f, err := s.open(r, c)
	if err != nil {
		return err
	}
	side, err := f.side(place.Section)
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
