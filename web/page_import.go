package web

import (
	"archive/zip"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"sort"
	"strings"
	"sync"
	"time"

	"dealwiki/wiki"
	"dealwiki/wiki/people"
	"dealwiki/wiki/transfer"
)

// Limits of imports through the page.
const (
	maxImports    = 2       // running at once
	keptImports   = 50      // shown
	maxZipEntries = 50_000  // files in an archive
	maxZipTotal   = 2 << 30 // bytes when unpacked
	maxMapField   = 256 << 10
)

// importJob is an import that runs or ran.
type importJob struct {
	name   string // of the prospect
	source string // file name
	by     people.Person
	at     time.Time
	rows   bool // of prospects from a CRM, not into one

	// Protected by importQueue.mu.
	state       string // "running", "done" or "failed"
	done, total int
	note        string
	slug        string
}

// importQueue runs imports, each in a goroutine of its own.
type importQueue struct {
	s    *Server
	ctx  context.Context // ends with the server
	wg   sync.WaitGroup
	gate chan struct{}

	mu   sync.Mutex
	jobs []*importJob // the newest last
}

func newImportQueue(ctx context.Context, s *Server) *importQueue {
	return &importQueue{s: s, ctx: ctx, gate: make(chan struct{}, maxImports)}
}

// wait returns when no import runs any more.
func (q *importQueue) wait() { q.wg.Wait() }

// start begins an import of a file that was put aside; the file is removed when
// it ends. too many at once are refused.
func (q *importQueue) start(job *importJob, file string, run func(ctx context.Context, progress func(done, total int, what string)) (slug, note string, err error)) error {
	select {
	case q.gate <- struct{}{}:
	default:
		return refuse(http.StatusTooManyRequests, "Imports are running", fmt.Sprintf("At most %d run at a time. Wait until one is done.", maxImports))
	}
	job.state = "running"
	q.mu.Lock()
	q.jobs = append(q.jobs, job)
	if len(q.jobs) > keptImports {
		q.jobs = q.jobs[len(q.jobs)-keptImports:]
	}
	q.mu.Unlock()
	q.wg.Go(func() {
		defer func() { <-q.gate }()
		defer os.Remove(file)
		slug, note, err := q.guarded(run, func(done, total int, what string) {
			q.mu.Lock()
			job.done, job.total, job.note = done, total, what
			q.mu.Unlock()
		})
		q.mu.Lock()
		defer q.mu.Unlock()
		job.slug, job.note, job.state = slug, note, "done"
		if err != nil {
			job.state, job.note = "failed", q.s.importProblem(err)
		}
	})
	return nil
}

// guarded runs an import; a mistake in it must not take the server down.
func (q *importQueue) guarded(run func(context.Context, func(int, int, string)) (string, string, error), progress func(int, int, string)) (slug, note string, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("import: %v", p)
		}
	}()
	return run(q.ctx, progress)
}

// importProblem says why an import failed, for the administrator.
func (s *Server) importProblem(err error) string {
	if errors.Is(err, context.Canceled) {
		return "It was broken off when the server stopped. Start it again: nothing is added twice."
	}
	var rows transfer.RowErrors
	if errors.Is(err, transfer.ErrSource) || errors.As(err, &rows) {
		return sentence(err.Error())
	}
	status, _, detail := s.errorStatus(err)
	if status >= 500 {
		s.log.Error("importing", "err", err)
		detail = "Something went wrong; the server’s log says what. Nothing was changed."
	}
	return detail
}

func (s *Server) adminImport(w http.ResponseWriter, r *http.Request, c people.Caller) error {
	v, err := s.importView(r, c)
	if err != nil {
		return err
	}
	v.Flash = s.flash(w, r)
	if v.Running {
		w.Header().Set("Refresh", "2") // how far it is, without scripts
	}
	s.render(w, r, http.StatusOK, "admin-import", v)
	return nil
}

func (s *Server) importView(r *http.Request, c people.Caller) (*AdminImportView, error) {
	v := &AdminImportView{Shell: s.adminShell(r, c, "Import"), Tabs: s.adminTabs("import"), MaxFile: sizeOf(s.maxImport)}
	var err error
	if v.Owners, err = s.staffOptions(r.Context(), c.Person.ID, false); err != nil {
		return nil, err
	}
	s.imports.mu.Lock()
	defer s.imports.mu.Unlock()
	for i := len(s.imports.jobs) - 1; i >= 0; i-- {
		j := s.imports.jobs[i]
		v.Running = v.Running || j.state == "running"
		if !s.mayKnow(r.Context(), c, j) {
			continue
		}
		row := ImportJob{Name: j.name, Source: j.source, By: personView(j.by), At: j.at, State: j.state, Done: j.done, Total: max(1, j.total), Note: j.note}
		if j.slug != "" {
			row.Href = spacePath(j.slug)
		}
		v.Jobs = append(v.Jobs, row)
	}
	return v, nil
}

// mayKnow reports whether somebody sees an import: their own, and those into
// prospects that they see. It needs importQueue.mu.
func (s *Server) mayKnow(ctx context.Context, c people.Caller, j *importJob) bool {
	if j.by.ID == c.Person.ID || j.rows {
		return true
	}
	_, err := s.wiki.Prospect(ctx, c, j.slug)
	return err == nil
}

// importForm is what the import page sends.
type importForm struct {
	prospect, owner, rules string
	name                   string // of the file
	file                   string // where it was put aside; "" for none
}

// readImport reads the form, the file to disk. Whoever gets a file removes it.
func (s *Server) readImport(r *http.Request, field string) (f importForm, err error) {
	reader, err := r.MultipartReader()
	if err != nil {
		return f, refuse(http.StatusUnsupportedMediaType, "This form cannot be read", "Send it as a browser does, as multipart/form-data.")
	}
	defer func() {
		if err != nil && f.file != "" {
			os.Remove(f.file)
			f.file = ""
		}
	}()
	seen := map[string]bool{}
	for {
		part, err := reader.NextPart()
		if err == io.EOF {
			return f, nil
		}
		if err != nil {
			return f, bodyError(err)
		}
		name := part.FormName()
		if seen[name] {
			return f, badRequest("The value " + quoted(name) + " is given more than once. Give it once.")
		}
		seen[name] = true
		if name == field {
			if part.FileName() == "" {
				continue
			}
			f.name = uploadName(rawFileName(part.Header.Get("Content-Disposition"), part.FileName()))
			if f.file, err = putAside(part, s.maxImport); err != nil {
				return f, err
			}
			continue
		}
		data, err := io.ReadAll(io.LimitReader(part, maxMapField+1))
		if err != nil {
			return f, bodyError(err)
		}
		if len(data) > maxMapField {
			return f, fmt.Errorf("field %s: %w", name, wiki.ErrTooLarge)
		}
		switch name {
		case "prospect":
			f.prospect = strings.TrimSpace(string(data))
		case "owner":
			f.owner = string(data)
		case "map":
			f.rules = string(data)
		}
	}
}

// putAside writes an upload to a temporary file.
func putAside(r io.Reader, limit int64) (name string, err error) {
	f, err := os.CreateTemp("", "dealwiki-import-")
	if err != nil {
		return "", fmt.Errorf("putting an upload aside: %w", err)
	}
	n, err := io.Copy(f, io.LimitReader(r, limit+1))
	if err = errors.Join(err, f.Close()); err == nil && n > limit {
		err = &http.MaxBytesError{Limit: limit}
	}
	if err != nil {
		os.Remove(f.Name())
		return "", bodyError(err)
	}
	return f.Name(), nil
}

func (s *Server) postImport(w http.ResponseWriter, r *http.Request, c people.Caller) error {
	f, err := s.readImport(r, "file")
	if err != nil {
		return err
	}
	form := Form{Values: map[string]string{"prospect": f.prospect, "owner": f.owner, "map": f.rules}, Errors: map[string]string{}}
	var rules *transfer.Map
	if strings.TrimSpace(f.rules) != "" {
		if rules, err = transfer.ParseMap([]byte(f.rules)); err != nil {
			form.Errors["map"] = s.importProblem(err)
		}
	}
	if f.prospect == "" {
		form.Errors["prospect"] = "Name the prospect."
	}
	if f.file == "" {
		form.Errors["file"] = "Choose a file."
	}
	if len(form.Errors) == 0 {
		job := &importJob{name: f.prospect, source: f.name, by: c.Person, at: s.now()}
		err = s.imports.start(job, f.file, func(ctx context.Context, progress func(int, int, string)) (string, string, error) {
			return s.runImport(ctx, c, f, rules, progress)
		})
		if err == nil {
			return s.done(w, r, "/admin/import", "The import has begun. This page shows how far it is.")
		}
	}
	if f.file != "" {
		os.Remove(f.file)
	}
	status := http.StatusUnprocessableEntity
	if err != nil && len(form.Errors) == 0 {
		status, _, form.Error = s.errorStatus(err)
	}
	v, err := s.importView(r, c)
	if err != nil {
		return err
	}
	v.Form = form
	s.render(w, r, status, "admin-import", v)
	return nil
}

func (s *Server) runImport(ctx context.Context, c people.Caller, f importForm, rules *transfer.Map, progress func(int, int, string)) (slug, note string, err error) {
	dir, err := os.MkdirTemp("", "dealwiki-unzip-")
	if err != nil {
		return "", "", fmt.Errorf("making room for an import: %w", err)
	}
	defer os.RemoveAll(dir)
	src, err := s.openUpload(ctx, f, dir, progress)
	if err != nil {
		return "", "", err
	}
	defer src.Close()
	res, err := transfer.Import(ctx, s.wiki, c, src, transfer.ImportOptions{Prospect: f.prospect, Owner: f.owner, Map: rules, Progress: progress})
	if err != nil {
		return "", "", err
	}
	note = fmt.Sprintf("%d versions, %d files.", res.Commits, len(res.Pairs))
	if !res.Changed {
		note = "Everything was there already; nothing was added."
	}
	return res.Slug, strings.Join(append([]string{note}, res.Notes...), " "), nil
}

// openUpload opens what was uploaded: a bundle, or an archive of files, which is
// unpacked below dir.
func (s *Server) openUpload(ctx context.Context, f importForm, dir string, progress func(int, int, string)) (*transfer.Source, error) {
	o := transfer.SourceOptions{MaxFile: s.wiki.MaxFile(), Progress: progress}
	name := strings.TrimSuffix(f.name, path.Ext(f.name))
	o.Name, o.Uploaded = name, true // the name is how a folder is known again
	archive, err := zip.OpenReader(f.file)
	if err != nil {
		file, err := os.Open(f.file)
		if err != nil {
			return nil, fmt.Errorf("opening an upload: %w", err)
		}
		defer file.Close()
		return transfer.OpenBundle(ctx, file, name, o)
	}
	defer archive.Close()
	top := filepath.Join(dir, "import")
	if base := uploadName(name); base != "" && (wiki.File{Section: wiki.Internal, Stage: wiki.StageAccount, Name: base}).Check() == nil {
		top = filepath.Join(dir, base) // the folder's name is how the source is known again
	}
	if err := os.Mkdir(top, 0o700); err != nil {
		return nil, fmt.Errorf("unpacking an archive: %w", err)
	}
	if err := unzip(ctx, archive, top); err != nil {
		return nil, err
	}
	return transfer.OpenSource(ctx, top, o)
}

// unzip unpacks an archive below a folder. Names that lead out of it, links and
// archives that grow beyond all measure are refused.
func unzip(ctx context.Context, archive *zip.ReadCloser, dir string) error {
	refused := func(problem string) error { return &wiki.Invalid{Field: "the archive", Problem: problem} }
	if len(archive.File) > maxZipEntries {
		return refused(fmt.Sprintf("holds more than %d files; import it in parts", maxZipEntries))
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return fmt.Errorf("unpacking an archive: %w", err)
	}
	defer root.Close()
	files := append([]*zip.File(nil), archive.File...)
	sort.SliceStable(files, func(i, j int) bool { return files[i].Name < files[j].Name })
	left := int64(maxZipTotal)
	for _, f := range files {
		if err := ctx.Err(); err != nil {
			return err
		}
		name := strings.TrimSuffix(f.Name, "/")
		switch {
		case !filepath.IsLocal(filepath.FromSlash(name)) || strings.ContainsAny(name, "\\\x00") || path.Clean(name) != name:
			return refused("holds a name that leads out of it: " + quoted(f.Name))
		case f.Mode()&(os.ModeSymlink|os.ModeDevice|os.ModeNamedPipe|os.ModeSocket|os.ModeIrregular) != 0:
			return refused("holds a link or a device: " + quoted(f.Name))
		case strings.HasPrefix(name, "__MACOSX/"), path.Base(name) == ".DS_Store":
			continue
		case f.FileInfo().IsDir():
			if err := root.MkdirAll(name, 0o700); err != nil {
				return fmt.Errorf("unpacking an archive: %w", err)
			}
			continue
		}
		if err := unzipOne(root, f, name, &left); err != nil {
			return err
		}
		if left < 0 {
			return refused("is larger than " + sizeOf(maxZipTotal) + " when it is unpacked")
		}
	}
	return nil
}

func unzipOne(root *os.Root, f *zip.File, name string, left *int64) error {
	if dir := path.Dir(name); dir != "." {
		if err := root.MkdirAll(dir, 0o700); err != nil {
			return fmt.Errorf("unpacking an archive: %w", err)
		}
	}
	in, err := f.Open()
	if err != nil {
		return &wiki.Invalid{Field: "the archive", Problem: "cannot be read; it may be damaged or protected by a password"}
	}
	defer in.Close()
	out, err := root.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return &wiki.Invalid{Field: "the archive", Problem: "holds two files of one name: " + quoted(name)}
	}
	n, err := io.Copy(out, io.LimitReader(in, *left+1))
	*left -= n
	closed := out.Close()
	if err != nil {
		return &wiki.Invalid{Field: "the archive", Problem: "is damaged at " + quoted(name)}
	}
	if closed != nil {
		return fmt.Errorf("unpacking an archive: %w", closed)
	}
	if !f.Modified.IsZero() {
		// The date of a file becomes that of its version; without it, today is.
		_ = root.Chtimes(name, f.Modified, f.Modified)
	}
	return nil
}

// postImportCSV makes prospects of the rows of a CRM's export.
func (s *Server) postImportCSV(w http.ResponseWriter, r *http.Request, c people.Caller) error {
	f, err := s.readImport(r, "csv")
	if err != nil {
		return err
	}
	if f.file == "" {
		return s.csvAgain(w, r, c, http.StatusUnprocessableEntity, "Choose a file.")
	}
	funnel, err := s.wiki.Funnel(r.Context())
	if err != nil {
		os.Remove(f.file)
		return err
	}
	job := &importJob{name: "Prospects", source: f.name, by: c.Person, at: s.now(), rows: true}
	err = s.imports.start(job, f.file, func(ctx context.Context, progress func(int, int, string)) (string, string, error) {
		file, err := os.Open(f.file)
		if err != nil {
			return "", "", fmt.Errorf("opening an upload: %w", err)
		}
		defer file.Close()
		res, err := transfer.ImportCSV(ctx, s.wiki, c, file, transfer.CSVOptions{Currency: funnel.Currency, Progress: progress})
		if err != nil {
			return "", "", err
		}
		note := fmt.Sprintf("%d new, %d brought up to date, %d as they were.", len(res.Created), len(res.Updated), res.Unchanged)
		return "", strings.Join(append([]string{note}, res.Notes...), " "), nil
	})
	if err != nil {
		os.Remove(f.file)
		status, _, detail := s.errorStatus(err)
		return s.csvAgain(w, r, c, status, detail)
	}
	return s.done(w, r, "/admin/import", "The import has begun. This page shows how far it is.")
}

func (s *Server) csvAgain(w http.ResponseWriter, r *http.Request, c people.Caller, status int, problem string) error {
	v, err := s.importView(r, c)
	if err != nil {
		return err
	}
	v.CSVForm = Form{Errors: map[string]string{"csv": problem}}
	s.render(w, r, status, "admin-import", v)
	return nil
}
