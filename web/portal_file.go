package web

import (
	"context"
	"fmt"
	"html/template"
	"net/http"
	"slices"

	"dealwiki/content"
	"dealwiki/wiki"
	"dealwiki/wiki/people"
)

// SharedFilesView lists the attachments of a shared space and takes new ones
// (template shared_files).
type SharedFilesView struct {
	SharedShell
	Files   []FileLink
	Upload  string // "" for readers who do not write
	MaxFile string
}

// fileLinks are all attachments of the shared space, the latest first.
func (ro *room) fileLinks(ctx context.Context) ([]FileLink, error) {
	all, err := ro.side.Files(ctx, ro.c)
	if err != nil {
		return nil, hide(err)
	}
	var out []FileLink
	for i := range all {
		out = append(out, ro.fileLink(ctx, &all[i]))
	}
	slices.SortStableFunc(out, func(a, b FileLink) int { return b.At.Compare(a.At) })
	return out, nil
}

func (ro *room) fileLink(ctx context.Context, f *wiki.FileInfo) FileLink {
	_, _, icon := fileKind(f.Name)
	return FileLink{Name: f.Name, Href: ro.file(f.Name), Size: sizeOf(f.Size), Icon: icon, At: f.Updated, By: ro.author(ctx, f.Author)}
}

// filesOn are the attachments that a page links to.
func (ro *room) filesOn(ctx context.Context, place wiki.Place, doc *content.Doc) ([]FileLink, error) {
	if !slices.ContainsFunc(doc.Links(), func(l content.Link) bool { return l.Kind == content.Relative || l.Kind == content.Image }) {
		return nil, nil
	}
	uses, err := ro.side.FileUses(ctx, ro.c)
	if err != nil || len(uses) == 0 {
		return nil, hide(err)
	}
	all, err := ro.side.Files(ctx, ro.c)
	if err != nil {
		return nil, hide(err)
	}
	var out []FileLink
	for i := range all {
		if slices.Contains(uses[all[i].Path()], place.Path()) {
			out = append(out, ro.fileLink(ctx, &all[i]))
		}
	}
	return out, nil
}

// files lists the attachments.
func (p *portal) files(w http.ResponseWriter, r *http.Request, c people.Caller) error {
	ro, err := p.enter(r, c)
	if err != nil {
		return err
	}
	v := &SharedFilesView{SharedShell: ro.around(r, "Files", "", "files"), MaxFile: sizeOf(p.maxFile)}
	v.Flash = p.pages.flash(w, r)
	if v.Files, err = ro.fileLinks(r.Context()); err != nil {
		return err
	}
	if ro.canWrite() {
		v.Upload = ro.home() + "/files"
	}
	private(w)
	p.pages.render(w, r, http.StatusOK, "shared_files", v)
	return nil
}

// file answers the bytes of an attachment, with the headers that every attachment
// has.
func (p *portal) file(w http.ResponseWriter, r *http.Request, c people.Caller) error {
	ro, err := p.enter(r, c)
	if err != nil {
		return err
	}
	info, err := ro.side.FileNamed(r.Context(), c, r.PathValue("rest"))
	if err != nil {
		return hide(err)
	}
	open, err := ro.side.OpenFile(r.Context(), c, info.File)
	if err != nil {
		return hide(err)
	}
	defer open.Close()
	p.pages.serveFile(w, r, open)
	return nil
}

// postFiles takes attachments by a form, without scripts. They go beside the
// page that ?page= names, else to the account.
func (p *portal) postFiles(w http.ResponseWriter, r *http.Request, c people.Caller) error {
	ro, err := p.enter(r, c)
	if err != nil {
		return err
	}
	if !ro.canWrite() {
		return people.ErrForbidden
	}
	ctx := r.Context()
	uploads, err := readUploads(r, p.maxFile, func(string, string) error { return nil })
	if err != nil {
		return err
	}
	stage, to := wiki.StageAccount, ro.home()+"/files"
	page := r.URL.Query().Get("page")
	if page != "" {
		info, err := ro.lookup(ctx, page)
		if err != nil {
			return err
		}
		stage, to = info.Stage, ro.href(page)+"?edit=form"
	}
	for _, u := range uploads { // all names before the first file is kept
		if err := (wiki.File{Section: ro.side.Section(), Stage: stage, Name: u.name}).Check(); err != nil {
			return err
		}
	}
	var last wiki.File
	for _, u := range uploads {
		if last, err = ro.side.PutFile(ctx, c, wiki.File{Section: ro.side.Section(), Stage: stage, Name: u.name}, u.data, true); err != nil {
			return hide(err)
		}
	}
	text := fmt.Sprintf("%d files are attached.", len(uploads))
	if len(uploads) == 1 {
		text = "“" + clip(last.Name, 80) + "” is attached."
	}
	if page != "" {
		text += " Put it on the page with " + embedMarkdown(last.Name)
	}
	return p.pages.done(w, r, to, text)
}

// SharedEditView is the form that edits a shared page (template shared_edit). It
// posts text, base, message, and do (save or preview) to Page.Href.
type SharedEditView struct {
	SharedShell
	Page     SharedHead
	Text     string
	Base     string
	Message  string
	Error    string
	Overlaps []Overlap
	Preview  template.HTML
	Upload   string
	MaxFile  string
	Files    []string // markdown that puts an attachment on the page
}
