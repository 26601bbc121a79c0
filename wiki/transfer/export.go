package transfer

import (
	"archive/zip"
	"bytes"
	"context"
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"io/fs"
	"net/url"
	"path"
	"sort"
	"strings"
	"time"

	"gopkg.in/yaml.v3"

	"dealwiki/content"
	"dealwiki/wiki"
	"dealwiki/wiki/people"
)

//go:embed site.css
var siteStyle []byte

//go:embed site.html
var siteTemplates string

// ExportOptions say what is exported.
type ExportOptions struct {
	Prospect string         // slug
	Sections []wiki.Section // empty: both, internal first
}

// Export writes a prospect, or one section of it, as a ZIP: every file as git
// has it, under SECTION/, beside each page the same page as HTML, and an
// index.html at the top. The site needs no server, no scripts and nothing from
// elsewhere. The same commits give the same bytes. An export of the external
// section alone holds nothing of the internal one.
func Export(ctx context.Context, w *wiki.Wiki, caller people.Caller, out io.Writer, o ExportOptions) error {
	x, err := newExporter(ctx, w, caller, o)
	if err != nil {
		return err
	}
	zw := zip.NewWriter(out)
	for _, s := range x.sections {
		for _, p := range s.c.Paths {
			if err := ctx.Err(); err != nil {
				return err
			}
			data, err := s.c.Tree.ReadFile(p)
			if err != nil {
				return fmt.Errorf("reading %s/%s: %w", s.c.Section, p, err)
			}
			if err := x.put(zw, string(s.c.Section)+"/"+p, s.at(p), data); err != nil {
				return err
			}
		}
		for i := range s.c.Pages {
			if err := x.page(zw, s, &s.c.Pages[i]); err != nil {
				return err
			}
		}
	}
	if err := x.index(zw); err != nil {
		return err
	}
	if err := x.put(zw, "style.css", x.newest, siteStyle); err != nil {
		return err
	}
	if err := zw.Close(); err != nil {
		return fmt.Errorf("writing the archive: %w", err)
	}
	return nil
}

type exporter struct {
	w        *wiki.Wiki
	ctx      context.Context // of the one call of Export
	title    string
	sections []*exportSection
	tpl      *template.Template
	newest   time.Time
	stages   []stageName
}

type stageName struct{ Key, Title string }

type exportSection struct {
	c       *wiki.Contents
	imports *wiki.ImportMap
	times   map[string]time.Time
	pages   map[string]*wiki.PageInfo // by path
	files   map[string]bool
	label   string
}

func newExporter(ctx context.Context, w *wiki.Wiki, caller people.Caller, o ExportOptions) (*exporter, error) {
	tpl, err := template.New("").Parse(siteTemplates)
	if err != nil {
		return nil, fmt.Errorf("reading the templates of the site: %w", err)
	}
	sp, err := w.Space(ctx, caller, o.Prospect)
	if err != nil {
		return nil, err
	}
	x := &exporter{w: w, ctx: ctx, tpl: tpl, title: o.Prospect}
	want := o.Sections
	if len(want) == 0 {
		for _, sd := range sp.Sides() {
			want = append(want, sd.Section())
		}
	}
	onlyExternal := true
	for _, section := range want {
		sd, err := sp.Side(section)
		if err != nil {
			return nil, err
		}
		onlyExternal = onlyExternal && section == wiki.External
		s, err := newExportSection(ctx, caller, sp, sd)
		if err != nil {
			return nil, err
		}
		if s.c.At.After(x.newest) {
			x.newest = s.c.At
		}
		x.sections = append(x.sections, s)
	}
	if x.newest.IsZero() {
		x.newest = time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)
	}
	if onlyExternal {
		return x, x.externalNames()
	}
	if e, err := w.Prospect(ctx, caller, o.Prospect); err == nil {
		x.title = e.Title
	}
	funnel, err := w.Funnel(ctx)
	if err != nil {
		return nil, err
	}
	for _, st := range funnel.Stages {
		x.stages = append(x.stages, stageName{st.Key, st.Title})
	}
	return x, nil
}

func newExportSection(ctx context.Context, caller people.Caller, sp *wiki.Space, sd *wiki.Side) (*exportSection, error) {
	c, err := sd.Contents(ctx, caller)
	if err != nil {
		return nil, err
	}
	s := &exportSection{c: c, times: map[string]time.Time{}, pages: map[string]*wiki.PageInfo{}, files: map[string]bool{}, label: "Internal: for staff only"}
	if c.Section == wiki.External {
		s.label = "External: shared with the customer"
		s.imports, err = sd.ImportMap(ctx, caller)
	} else {
		s.imports, err = sp.ImportMap(ctx, caller)
	}
	if err != nil {
		return nil, err
	}
	for _, p := range c.Paths {
		if !fs.ValidPath(p) || strings.ContainsAny(p, `\:`) {
			return nil, fmt.Errorf("exporting %q: this name cannot be put into an archive; rename the file first", p)
		}
		s.files[p] = true
	}
	for i := range c.Pages {
		s.pages[c.Pages[i].Path()] = &c.Pages[i]
		s.times[c.Pages[i].Path()] = c.Pages[i].Updated
	}
	for _, f := range c.Files {
		s.times[f.Path()] = f.Updated
	}
	return s, nil
}

// externalNames takes title and step names from what the customer sees.
func (x *exporter) externalNames() error {
	c := x.sections[0].c
	data, err := c.Tree.ReadFile("space.yaml")
	if err != nil {
		return nil // a space without the file still has its pages
	}
	var info wiki.SpaceInfo
	if err := yaml.Unmarshal(data, &info); err != nil {
		return fmt.Errorf("reading space.yaml: %w", err)
	}
	if info.Title != "" {
		x.title = info.Title
	}
	for key, name := range info.Steps {
		x.stages = append(x.stages, stageName{key, name})
	}
	sort.Slice(x.stages, func(i, j int) bool { return x.stages[i].Key < x.stages[j].Key })
	return nil
}

func (s *exportSection) at(p string) time.Time {
	if t := s.times[p]; !t.IsZero() {
		return t
	}
	return s.c.At
}

func (x *exporter) put(zw *zip.Writer, name string, at time.Time, data []byte) error {
	h := &zip.FileHeader{Name: name, Method: zip.Deflate}
	// ZIP keeps two-second steps from 1980 on.
	if at = at.UTC().Truncate(2 * time.Second); at.Year() < 1980 {
		at = time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)
	}
	h.Modified = at
	h.SetMode(0o644)
	f, err := zw.CreateHeader(h)
	if err == nil {
		_, err = f.Write(data)
	}
	if err != nil {
		return fmt.Errorf("writing %s to the archive: %w", name, err)
	}
	return nil
}

func (x *exporter) render(name string, data any) ([]byte, error) {
	var b bytes.Buffer
	if err := x.tpl.ExecuteTemplate(&b, name, data); err != nil {
		return nil, fmt.Errorf("rendering the site: %w", err)
	}
	return b.Bytes(), nil
}

type sitePage struct {
	Prospect, Title string
	Section         wiki.Section
	Label, Stage    string
	Body            template.HTML
	Source          string
	Author, Date    string
	Version         int
}

func (x *exporter) page(zw *zip.Writer, s *exportSection, info *wiki.PageInfo) error {
	text, err := s.c.Tree.ReadFile(info.Path())
	if err != nil {
		return fmt.Errorf("reading %s: %w", info.Place, err)
	}
	doc := content.Parse(text)
	p := sitePage{Prospect: x.title, Title: info.Title, Section: s.c.Section, Label: s.label, Stage: x.stageTitle(info.Stage),
		Source: path.Base(info.Path()), Author: info.Author.Name, Date: info.Updated.UTC().Format("2 January 2006"), Version: info.Number,
		// Sanitised by the renderer.
		Body: template.HTML(doc.HTML(&siteResolver{x, s, info}, content.RenderOptions{HideTitle: true}))}
	data, err := x.render("page", p)
	if err != nil {
		return err
	}
	return x.put(zw, string(s.c.Section)+"/"+htmlPath(info.Path()), s.at(info.Path()), data)
}

// htmlPath is where the site has a page.
func htmlPath(p string) string { return strings.TrimSuffix(p, ".md") + ".html" }

func (x *exporter) stageTitle(key string) string {
	switch key {
	case wiki.StageAccount:
		return "Account"
	case wiki.StageLog:
		return "Log"
	}
	for _, s := range x.stages {
		if s.Key == key && s.Title != "" {
			return s.Title
		}
	}
	if key == "" {
		return ""
	}
	return strings.ToUpper(key[:1]) + strings.ReplaceAll(key[1:], "-", " ")
}

type siteIndex struct {
	Prospect string
	Date     string
	Sections []siteSection
}

type siteSection struct {
	Section wiki.Section
	Label   string
	Commit  string
	Stages  []siteStage
}

type siteStage struct {
	Title string
	Pages []siteLink
	Files []siteLink
}

type siteLink struct {
	Href, Title, Lead, Size string
}

func (x *exporter) index(zw *zip.Writer) error {
	d := siteIndex{Prospect: x.title, Date: x.newest.UTC().Format("2 January 2006")}
	for _, s := range x.sections {
		sec := siteSection{Section: s.c.Section, Label: s.label, Commit: s.c.Head.String()}
		for _, key := range x.stageOrder(s) {
			st := siteStage{Title: x.stageTitle(key)}
			for _, p := range s.c.Pages {
				if p.Stage == key {
					st.Pages = append(st.Pages, siteLink{Href: escapePath(string(s.c.Section) + "/" + htmlPath(p.Path())), Title: p.Title, Lead: p.Lead})
				}
			}
			for _, f := range s.c.Files {
				if f.Stage == key {
					st.Files = append(st.Files, siteLink{Href: escapePath(string(s.c.Section) + "/" + f.Path()), Title: f.Name, Size: sizeText(f.Size)})
				}
			}
			sec.Stages = append(sec.Stages, st)
		}
		d.Sections = append(d.Sections, sec)
	}
	data, err := x.render("index", d)
	if err != nil {
		return err
	}
	return x.put(zw, "index.html", x.newest, data)
}

// stageOrder lists the stages that a section has files of: the account first,
// then the funnel's in its order, others by name, the log last.
func (x *exporter) stageOrder(s *exportSection) []string {
	rank := map[string]int{wiki.StageAccount: -1, wiki.StageLog: 10_000}
	for i, st := range x.stages {
		rank[st.Key] = i
	}
	seen := map[string]bool{}
	var keys []string
	add := func(key string) {
		if !seen[key] {
			seen[key] = true
			keys = append(keys, key)
			if _, ok := rank[key]; !ok {
				rank[key] = 9_999
			}
		}
	}
	for _, p := range s.c.Pages {
		add(p.Stage)
	}
	for _, f := range s.c.Files {
		add(f.Stage)
	}
	sort.Slice(keys, func(i, j int) bool {
		if rank[keys[i]] != rank[keys[j]] {
			return rank[keys[i]] < rank[keys[j]]
		}
		return keys[i] < keys[j]
	})
	return keys
}

func sizeText(n int64) string {
	switch {
	case n < 1000:
		return fmt.Sprintf("%d bytes", n)
	case n < 1000*1000:
		return fmt.Sprintf("%d kB", (n+500)/1000)
	}
	return fmt.Sprintf("%.1f MB", float64(n)/1e6)
}

func escapePath(p string) string {
	parts := strings.Split(p, "/")
	for i, s := range parts {
		parts[i] = url.PathEscape(s)
	}
	return strings.Join(parts, "/")
}

// siteResolver resolves the links of one exported page to files of the export.
type siteResolver struct {
	x    *exporter
	s    *exportSection
	page *wiki.PageInfo
}

// find answers the exported section's file, as seen from the page.
func (r *siteResolver) find(section wiki.Section, file string) (href string, info *wiki.PageInfo, ok bool) {
	// Whoever reads an external page may have only that: nothing of it leads inside.
	if r.s.c.Section == wiki.External && section != wiki.External {
		return "", nil, false
	}
	for _, s := range r.x.sections {
		if s.c.Section != section {
			continue
		}
		if info := s.pages[file]; info != nil {
			return "../../" + escapePath(string(section)+"/"+htmlPath(file)), info, true
		}
		if s.files[file] {
			return "../../" + escapePath(string(section)+"/"+file), nil, true
		}
	}
	return "", nil, false
}

func (r *siteResolver) Page(l content.Link) content.Target {
	if l.Prospect != "" || l.Page == "" {
		return content.Target{Title: l.Text}
	}
	file := l.Page
	if !strings.Contains(file, "/") {
		file = r.page.Stage + "/" + file
	}
	for _, section := range []wiki.Section{r.s.c.Section, wiki.Internal, wiki.External} {
		href, info, ok := r.find(section, file+".md")
		if ok && info != nil {
			if l.Fragment != "" {
				href += "#" + url.PathEscape(l.Fragment)
			}
			return content.Target{Href: href, Title: info.Title, Section: string(section), Found: true}
		}
	}
	return content.Target{}
}

func (r *siteResolver) Dest(dest string) (string, bool) {
	u, err := url.Parse(dest)
	if err != nil {
		return "", true
	}
	if u.IsAbs() || u.Host != "" || u.Path == "" {
		return dest, false
	}
	tail := ""
	if u.Fragment != "" {
		tail = "#" + u.EscapedFragment()
	}
	from := string(r.s.c.Section) + "/" + r.page.Path()
	if full, ok := r.s.imports.Lookup(from, dest); ok {
		section, file, _ := strings.Cut(full, "/")
		if href, _, ok := r.find(wiki.Section(section), file); ok {
			return href + tail, false
		}
	}
	if file := wiki.JoinLink(r.page.Path(), dest); file != "" {
		if href, _, ok := r.find(r.s.c.Section, file); ok {
			return href + tail, false
		}
	}
	return "", true
}

func (r *siteResolver) Person(handle string) (name, href string, ok bool) {
	if r.s.c.Section == wiki.External {
		return "", "", false
	}
	p, err := r.x.w.People().ByHandle(r.x.ctx, handle)
	if err != nil || p.Guest {
		return "", "", false
	}
	return p.Name, "", true
}
