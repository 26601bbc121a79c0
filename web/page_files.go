package web

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"html/template"
	"io"
	"mime"
	"net/http"
	"net/url"
	"path"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"dealwiki/search/extract"
	"dealwiki/wiki"
	"dealwiki/wiki/people"
)

// Limits of previews.
const (
	maxTextPreview = 256 << 10
	maxTableFile   = 20 << 20
	maxTableRows   = 500
	maxUploads     = 50 // files in one form
)

// inlineTypes are the only types that are shown in place: pictures, sound and
// film that no browser runs code of. Everything else is a download.
var inlineTypes = map[string]string{
	".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".gif": "image/gif", ".webp": "image/webp", ".avif": "image/avif",
	".mp3": "audio/mpeg", ".m4a": "audio/mp4", ".ogg": "audio/ogg", ".oga": "audio/ogg", ".wav": "audio/wav", ".flac": "audio/flac", ".opus": "audio/ogg",
	".mp4": "video/mp4", ".m4v": "video/mp4", ".webm": "video/webm", ".ogv": "video/ogg",
}

// inlineType is the type under which a file is shown in place, "" when it is
// not. It follows from the name alone: what the bytes claim does not matter,
// browsers are told not to guess.
func inlineType(name string) string { return inlineTypes[strings.ToLower(path.Ext(name))] }

// downloadTypes name what else is common, for the list of files only.
var downloadTypes = map[string]string{
	".pdf": "PDF document", ".docx": "Word document", ".xlsx": "Excel workbook", ".pptx": "PowerPoint slides", ".csv": "CSV table", ".tsv": "TSV table",
	".txt": "Text", ".md": "Markdown", ".eml": "Mail", ".zip": "Zip archive", ".svg": "SVG drawing", ".html": "HTML file", ".json": "JSON", ".yaml": "YAML", ".yml": "YAML",
}

// fileKind is how a file is previewed, its type for people, and its icon.
func fileKind(name string) (kind, label, icon string) {
	ext := strings.ToLower(path.Ext(name))
	if t := inlineTypes[ext]; t != "" {
		kind, _, _ = strings.Cut(t, "/")
		switch kind {
		case "image":
			return kind, t, "image"
		case "audio":
			return kind, t, "music"
		}
		return kind, t, "film"
	}
	label = downloadTypes[ext]
	if label == "" {
		label = "File"
	}
	switch ext {
	case ".csv", ".tsv", ".xlsx", ".xlsm":
		return "table", label, "table-2"
	case ".txt", ".text", ".log", ".md", ".markdown", ".json", ".yaml", ".yml", ".eml", ".ics", ".xml", ".toml", ".ini", ".conf", ".sql", ".go", ".py", ".js", ".ts", ".sh":
		return "text", label, "file-text"
	case ".pdf":
		return "pdf", label, "file-text"
	}
	return "other", label, "paperclip"
}

func (f *frame) fileLink(ctx context.Context, file wiki.FileInfo) FileLink {
	_, _, icon := fileKind(file.Name)
	return FileLink{Name: file.Name, Href: filePath(f.slug(), file.File), Size: sizeOf(file.Size), Icon: icon, At: file.Updated, By: f.s.author(ctx, file.Author), Place: f.stageTitle(file.Stage)}
}

// usedOn lists the pages of a side that link to each attachment, by its path.
func (f *frame) usedOn(ctx context.Context, side *wiki.Side) (map[string][]*wiki.PageInfo, error) {
	uses, err := side.FileUses(ctx, f.c)
	if err != nil {
		return nil, err
	}
	byPath := map[string]*wiki.PageInfo{}
	for i := range f.pages[side.Section()] {
		p := &f.pages[side.Section()][i]
		byPath[p.Path()] = p
	}
	out := map[string][]*wiki.PageInfo{}
	for file, pages := range uses {
		for _, p := range pages {
			if info := byPath[p]; info != nil {
				out[file] = append(out[file], info)
			}
		}
	}
	return out, nil
}

// files lists the attachments of a prospect.
func (s *Server) files(w http.ResponseWriter, r *http.Request, c people.Caller) error {
	f, err := s.open(r, c)
	if err != nil {
		return err
	}
	ctx := r.Context()
	v := &FilesView{Shell: f.shellOf(r, "Files", wiki.Place{}, "files")}
	v.Flash = s.flash(w, r)
	for _, side := range f.space.Sides() {
		all, err := side.Files(ctx, c)
		if err != nil {
			return err
		}
		used, err := f.usedOn(ctx, side)
		if err != nil {
			return err
		}
		fs := FileSide{Audience: string(side.Section()), MaxFile: sizeOf(s.wiki.MaxFile())}
		if f.canWrite() {
			fs.Upload = f.base() + "/files/" + string(side.Section())
			fs.Stages = f.stageOptions(f.entry.Stage)
		}
		for _, file := range all {
			l := f.fileLink(ctx, file)
			l.Used = len(used[file.Path()])
			fs.Files = append(fs.Files, l)
		}
		v.Sides = append(v.Sides, fs)
	}
	private(w)
	s.render(w, r, http.StatusOK, "files", v)
	return nil
}

// postFiles takes attachments by a form with files, without scripts.
func (s *Server) postFiles(w http.ResponseWriter, r *http.Request, c people.Caller, section wiki.Section) error {
	f, side, err := s.openSide(r, c, section)
	if err != nil {
		return err
	}
	if !f.canWrite() {
		return people.ErrForbidden
	}
	ctx := r.Context()
	stage, page := r.URL.Query().Get("stage"), r.URL.Query().Get("page")
	named := stage != ""
	uploads, err := readUploads(r, s.wiki.MaxFile(), func(name, value string) error {
		switch {
		case name != "stage":
		case named:
			return badRequest("The stage is given more than once. Give it once.")
		default:
			stage, named = value, true
		}
		return nil
	})
	if err != nil {
		return err
	}
	if stage == "" {
		if stage = f.entry.Stage; stage == "" {
			stage = wiki.StageAccount
		}
	}
	// All names are checked before the first file is kept.
	for _, u := range uploads {
		if err := (wiki.File{Section: section, Stage: stage, Name: u.name}).Check(); err != nil {
			return err
		}
	}
	var last wiki.File
	for _, u := range uploads {
		if last, err = side.PutFile(ctx, c, wiki.File{Section: section, Stage: stage, Name: u.name}, u.data, true); err != nil {
			return err
		}
	}
	to := f.base() + "/files"
	text := fmt.Sprintf("%d files are attached.", len(uploads))
	if len(uploads) == 1 {
		to, text = filePath(f.slug(), last), "“"+clip(last.Name, 80)+"” is attached."
	}
	if page != "" {
		place := wiki.Place{Section: section, Stage: stage, Page: page}
		if place.Check() == nil {
			to = pagePath(f.slug(), place) + "?edit=form"
			text += " Put it on the page with " + embedMarkdown(last.Name)
		}
	}
	return s.done(w, r, to, text)
}

// upload is a file as a form brought it.
type upload struct {
	name string
	data []byte
}

// readUploads reads a form with files, of at most limit bytes together. Its
// other fields go to field; they are cut at a thousand bytes.
func readUploads(r *http.Request, limit int64, field func(name, value string) error) ([]upload, error) {
	reader, err := r.MultipartReader()
	if err != nil {
		return nil, refuse(http.StatusUnsupportedMediaType, "This form cannot be read", "Send it as a browser does, as multipart/form-data.")
	}
	var uploads []upload
	total := int64(0)
	for {
		part, err := reader.NextPart()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, bodyError(err)
		}
		if part.FormName() != "file" {
			data, err := io.ReadAll(io.LimitReader(part, 1000))
			if err != nil {
				return nil, bodyError(err)
			}
			if err := field(part.FormName(), string(data)); err != nil {
				return nil, err
			}
			continue
		}
		if part.FileName() == "" {
			continue // no file was chosen
		}
		if len(uploads) == maxUploads {
			return nil, refuse(http.StatusRequestEntityTooLarge, "Too many files", fmt.Sprintf("Send at most %d files at a time.", maxUploads))
		}
		data, err := io.ReadAll(io.LimitReader(part, limit+1))
		if err != nil {
			return nil, bodyError(err)
		}
		if total += int64(len(data)); int64(len(data)) > limit || total > limit {
			return nil, refuse(http.StatusRequestEntityTooLarge, "Too large", "An upload holds at most "+sizeOf(limit)+". Nothing was saved.")
		}
		uploads = append(uploads, upload{uploadName(rawFileName(part.Header.Get("Content-Disposition"), part.FileName())), data})
	}
	if len(uploads) == 0 {
		return nil, badRequest("No file was chosen. Choose one, then press the button.")
	}
	return uploads, nil
}

// rawFileName is the file name as the browser sent it; package multipart has
// taken its last part only, and that by the rules of this machine.
func rawFileName(disposition, fallback string) string {
	_, params, err := mime.ParseMediaType(disposition)
	if err != nil || params["filename"] == "" {
		return fallback
	}
	return params["filename"]
}

// uploadName makes a name that can be kept of one that a browser sent: its last
// part, in normal form.
func uploadName(name string) string {
	if i := strings.LastIndexAny(name, `/\`); i >= 0 {
		name = name[i+1:]
	}
	if utf8.ValidString(name) {
		name = norm.NFC.String(name)
	}
	return strings.TrimSpace(name)
}

func bodyError(err error) error {
	var large *http.MaxBytesError
	if errors.As(err, &large) || errors.Is(err, context.Canceled) {
		return err
	}
	return badRequest("The upload broke off or cannot be read. Try again.")
}

// embedMarkdown is the markdown that puts a file on a page of its stage.
func embedMarkdown(name string) string {
	dest := "files/" + (&url.URL{Path: name}).EscapedPath()
	if strings.HasPrefix(inlineType(name), "image/") {
		return "![" + strings.TrimSuffix(name, path.Ext(name)) + "](" + dest + ")"
	}
	return "[" + name + "](" + dest + ")"
}

// file shows an attachment, or with ?raw answers its bytes.
func (s *Server) file(w http.ResponseWriter, r *http.Request, c people.Caller, file wiki.File) error {
	f, side, err := s.openSide(r, c, file.Section)
	if err != nil {
		return err
	}
	ctx := r.Context()
	open, err := side.OpenFile(ctx, c, file)
	if err != nil {
		return err
	}
	defer open.Close()
	q := r.URL.Query()
	if q.Has("raw") || q.Has("download") {
		s.serveFile(w, r, open)
		return nil
	}
	kind, label, _ := fileKind(file.Name)
	at := filePath(f.slug(), file)
	v := &FileView{Shell: f.shellOf(r, file.Name, wiki.Place{}, "files"), Name: file.Name, Kind: kind, Type: label, Size: sizeOf(open.Size), Raw: at + "?raw", Download: at + "?download",
		At: open.Updated, By: s.author(ctx, open.Author), Embed: embedMarkdown(file.Name), Audiences: string(file.Section)}
	v.Audience = string(file.Section)
	v.Flash = s.flash(w, r)
	v.Crumbs[len(v.Crumbs)-1] = Crumb{"Files", f.base() + "/files"}
	v.Crumbs = append(v.Crumbs, Crumb{Label: file.Name})
	v.Keys.About = true
	if f.canWrite() {
		v.Delete = at + "/delete"
	}
	used, err := f.usedOn(ctx, side)
	if err != nil {
		return err
	}
	for _, p := range used[file.Path()] {
		v.UsedOn = append(v.UsedOn, f.link(p))
	}
	if err := preview(v, open); err != nil {
		return err
	}
	private(w)
	s.render(w, r, http.StatusOK, "file", v)
	return nil
}

// preview fills what is shown of tables and texts.
func preview(v *FileView, open *wiki.FileContent) error {
	switch v.Kind {
	case "table":
		if open.Size > maxTableFile {
			v.Kind, v.Note = "other", "This table is too large to be shown here. Download it to see it."
			return nil
		}
		data, err := io.ReadAll(open)
		if err != nil {
			return fmt.Errorf("reading an attachment: %w", err)
		}
		sheets, err := extract.Table(v.Name, data)
		if err != nil {
			v.Kind, v.Note = "other", "This table cannot be read: it may be damaged or protected. Download it to see it."
			return nil
		}
		for _, sh := range sheets {
			t := TableSheet{Name: sh.Name}
			rows := sh.Rows
			if len(rows) > 0 {
				t.Header, rows = rows[0], rows[1:]
			}
			if len(rows) > maxTableRows {
				t.More, rows = len(rows)-maxTableRows, rows[:maxTableRows]
			}
			t.Rows = rows
			v.Tables = append(v.Tables, t)
			if sh.More {
				v.Note = "Only the beginning is shown. Download the file to see all of it."
			}
		}
	case "text":
		data, err := io.ReadAll(io.LimitReader(open, maxTextPreview+utf8.UTFMax))
		if err != nil {
			return fmt.Errorf("reading an attachment: %w", err)
		}
		if len(data) > maxTextPreview {
			data = bytes.TrimRightFunc(data[:maxTextPreview], func(r rune) bool { return r == utf8.RuneError })
			v.Note = "Only the beginning is shown. Download the file to see all of it."
		}
		if bytes.IndexByte(data, 0) >= 0 {
			v.Kind, v.Note = "other", "This does not look like text. Download it to open it."
			return nil
		}
		v.Text = template.HTML(template.HTMLEscapeString(strings.ToValidUTF8(string(data), "\uFFFD")))
	}
	return nil
}

// serveFile answers the bytes of an attachment, whole or a range. Nothing of it
// ever runs in our origin: types that could are downloads, and all are
// sandboxed.
func (s *Server) serveFile(w http.ResponseWriter, r *http.Request, open *wiki.FileContent) {
	h := w.Header()
	kind := inlineType(open.Name)
	disposition := "inline"
	if kind == "" || r.URL.Query().Has("download") {
		disposition = "attachment"
	}
	if kind == "" {
		kind = "application/octet-stream"
		if strings.EqualFold(path.Ext(open.Name), ".pdf") {
			kind = "application/pdf"
		}
	}
	h.Set("Content-Type", kind)
	h.Set("Content-Disposition", contentDisposition(disposition, open.Name))
	h.Set("Content-Security-Policy", filePolicy)
	h.Set("ETag", open.ETag)
	h.Set("Cache-Control", "private, no-cache")
	http.ServeContent(w, r, "", open.Updated, open)
}

// contentDisposition writes a file name as RFC 6266 has it: an ASCII one for
// old programs, the true one beside it.
func contentDisposition(kind, name string) string {
	var ascii strings.Builder
	plain := true
	for _, r := range name {
		switch {
		case r < ' ' || r == 0x7f || r > '~':
			ascii.WriteByte('_')
			plain = false
		case r == '"' || r == '\\' || r == '%':
			ascii.WriteByte('_')
			plain = false
		default:
			ascii.WriteRune(r)
		}
	}
	out := kind + `; filename="` + ascii.String() + `"`
	if !plain {
		out += "; filename*=UTF-8''" + strings.ReplaceAll(url.QueryEscape(name), "+", "%20")
	}
	return out
}

func (s *Server) deleteFile(w http.ResponseWriter, r *http.Request, c people.Caller, file wiki.File) error {
	f, side, err := s.openSide(r, c, file.Section)
	if err != nil {
		return err
	}
	if !f.canWrite() {
		return people.ErrForbidden
	}
	ctx := r.Context()
	open, err := side.OpenFile(ctx, c, file)
	if err != nil {
		return err
	}
	open.Close()
	at := filePath(f.slug(), file)
	v := &DeleteView{Shell: f.shellOf(r, "Delete "+file.Name, wiki.Place{}, "files"), What: file.Name, Kind: "file", Action: at + "/delete", Cancel: at,
		Says: "The file disappears from the wiki and from search. Its versions stay in the repository’s history; bringing it back takes an administrator."}
	v.Audience = string(file.Section)
	used, err := f.usedOn(ctx, side)
	if err != nil {
		return err
	}
	for _, p := range used[file.Path()] {
		v.Links = append(v.Links, f.link(p))
	}
	s.render(w, r, http.StatusOK, "delete", v)
	return nil
}

func (s *Server) postDeleteFile(w http.ResponseWriter, r *http.Request, c people.Caller, file wiki.File) error {
	f, side, err := s.openSide(r, c, file.Section)
	if err != nil {
		return err
	}
	form, err := s.form(r)
	if err != nil {
		return err
	}
	if form.Get("confirm") == "" {
		return goTo(w, r, filePath(f.slug(), file)+"/delete")
	}
	if err := side.DeleteFile(r.Context(), c, file); err != nil {
		return err
	}
	return s.done(w, r, f.base()+"/files", "Deleted “"+clip(file.Name, 80)+"”.")
}
