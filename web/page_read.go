package web

import (
	"context"
	"errors"
	"html/template"
	"net/http"
	"regexp"
	"slices"
	"sort"
	"strings"

	"dealwiki/content"
	"dealwiki/wiki"
	"dealwiki/wiki/people"
	"dealwiki/wiki/repo"
)

// docKey names a parsed page: the same key, the same bytes.
type docKey string

// bodyKey names a rendered page: everything its rendering depends on.
type bodyKey struct {
	prospect           string
	place              wiki.Place
	text               string // of the page
	internal, external repo.Hash
	funnel             *wiki.Funnel // says where pages can be made
	tasks              bool         // check boxes can be clicked
	people             int64        // changes of accounts seen, for mentions
}

// readBody is a rendered page.
type readBody struct {
	html template.HTML
}

// doc parses a page's text, or answers it parsed already.
func (s *Server) doc(p *wiki.Page) *content.Doc {
	key := docKey(p.Key())
	if d, ok := s.docs.get(key); ok {
		return d
	}
	d := content.Parse(p.Text)
	s.docs.putSized(key, d, parsedCost*len(p.Text))
	return d
}

// taskBox is a check box as rendering writes it; taskName gives it a name, so
// that it is sent without scripts too.
var taskBox = regexp.MustCompile(`<input type="checkbox"( checked="")? data-line="([0-9]+)"`)

// body renders a page, or answers it rendered already.
func (f *frame) body(ctx context.Context, p *wiki.Page, doc *content.Doc, tasks bool) (template.HTML, error) {
	s := f.s
	key := bodyKey{prospect: f.slug(), place: p.Place, text: p.Key(), internal: f.heads[wiki.Internal], external: f.heads[wiki.External],
		funnel: f.funnel, tasks: tasks, people: s.peopleSeen.Load()}
	if b, ok := s.bodies.get(key); ok {
		return b.html, nil
	}
	r, err := f.resolver(ctx, p.Place)
	if err != nil {
		return "", err
	}
	html := doc.HTML(r, content.RenderOptions{Tasks: tasks, HideTitle: true})
	if tasks {
		html = taskBox.ReplaceAll(html, []byte(`<input type="checkbox"$1 name="task" value="$2" data-line="$2"`))
		if s.facts != nil && !f.playbook() {
			html = withControls(html, f.base())
		}
	}
	b := &readBody{html: template.HTML(html)}
	if f.others = r.others; !r.others {
		// What lies in other prospects depends on who asks: it is not kept.
		s.bodies.putSized(key, b, len(html))
	}
	return b.html, nil
}

// page shows a page, its editor, or an earlier version.
func (s *Server) page(w http.ResponseWriter, r *http.Request, c people.Caller, place wiki.Place) error {
	state, err := s.viewState(r, c, place)
	if err != nil {
		return err
	}
	if state.kept(w, r) {
		return nil
	}
	f, err := s.open(r, c)
	if err != nil {
		return err
	}
	side, err := f.side(place.Section)
	if err != nil {
		return err
	}
	query := r.URL.Query()
	if query.Has("edit") {
		return s.editor(w, r, f, side, place)
	}
	if query.Has("at") {
		return s.oldPage(w, r, f, side, place, query.Get("at"))
	}
	ctx := r.Context()
	p, err := side.Read(ctx, c, place)
	if errors.Is(err, wiki.ErrNotFound) {
		return s.missingPage(w, r, f, side, place)
	}
	if err != nil {
		return err
	}
	v, err := f.pageView(w, r, side, p, nil)
	if err != nil {
		return err
	}
	if seen(r) {
		s.markRead(ctx, c, f.slug(), place, p.Version)
	}
	if v.Flash == nil && !f.others {
		return state.keep(w, r, v, p.Version)
	}
	private(w)
	s.render(w, r, http.StatusOK, "page", v)
	return nil
}

// oldPage shows a page as it was at one of its own versions.
func (s *Server) oldPage(w http.ResponseWriter, r *http.Request, f *frame, side *wiki.Side, place wiki.Place, at string) error {
	h, err := repo.ParseHash(at)
	if err != nil {
		return notFound()
	}
	ctx := r.Context()
	p, err := side.ReadAt(ctx, f.c, place, h)
	if err != nil {
		return err
	}
	old := &OldVersion{Number: p.Number, At: p.Updated, By: s.author(ctx, p.Author), Commit: h.String(), Restore: f.canWrite()}
	if now, err := side.Lookup(ctx, f.c, place); err == nil {
		if now.Version == h {
			return goTo(w, r, pagePath(f.slug(), place))
		}
		old.Compare = pagePath(f.slug(), place) + "/compare?from=" + h.String() + "&to=" + now.Version.String()
	}
	v, err := f.pageView(w, r, side, p, old)
	if err != nil {
		return err
	}
	private(w)
	s.render(w, r, http.StatusOK, "page", v)
	return nil
}

// pageView fills the reading page.
func (f *frame) pageView(w http.ResponseWriter, r *http.Request, side *wiki.Side, p *wiki.Page, old *OldVersion) (*PageView, error) {
	s, ctx := f.s, r.Context()
	doc := s.doc(p)
	body, err := f.body(ctx, p, doc, f.canWrite() && old == nil)
	if err != nil {
		return nil, err
	}
	v := &PageView{Shell: f.shellOf(r, p.Title, p.Place, ""), Page: f.pageHead(ctx, &p.PageInfo), Body: body, Notice: doc.Notice(), Old: old}
	v.Audience = string(p.Section)
	if to := f.shareTo(p.Section); to != "" {
		v.Share, v.Customer = v.Page.Href+"/move?to="+string(to), f.customer(ctx)
	}
	v.Crumbs = f.pageCrumbs(&p.PageInfo, "")
	v.Flash = s.flash(w, r)
	if err := doc.Front().Err; err != nil && v.Notice == "" {
		v.Notice = "The block of settings at the top of this page cannot be read: " + err.Error() + ". The text below is complete."
	}
	v.Keys.History = v.Page.Href + "/history"
	v.Keys.About = true
	if f.canWrite() && old == nil {
		v.Keys.Edit = v.Page.Href + "?edit"
	}
	v.Keys.Prev, v.Keys.Next = f.neighbours(p.Place)
	v.Untouched = p.Untouched && old == nil
	for _, h := range outline(doc) {
		if h.Level == 2 || h.Level == 3 {
			v.Outline = append(v.Outline, Heading{Text: h.Text, ID: h.ID, Level: h.Level})
		}
	}
	for _, fact := range doc.Facts() {
		v.Facts = append(v.Facts, f.factLink(fact, v.Page.Href))
	}
	back, err := side.Backlinks(ctx, f.c, p.Place)
	if err != nil {
		return nil, err
	}
	for i := range back {
		v.Backlinks = append(v.Backlinks, f.link(&back[i]))
	}
	if v.Files, err = f.filesOn(ctx, side, p.Place, doc); err != nil {
		return nil, err
	}
	if old == nil {
		if f.canWrite() && s.briefs != nil && !f.playbook() {
			v.MakeFact, v.Place = f.base()+"/facts", p.Place.String()
		}
		if v.Carried, err = f.carriedIn(ctx, p.Stage, p.Place); err != nil {
			return nil, err
		}
		if v.Comments, err = f.commentsView(ctx, side, p); err != nil {
			return nil, err
		}
	}
	return v, nil
}

func (f *frame) factLink(fact content.Fact, href string) FactLink {
	l := FactLink{Kind: fact.Kind, Title: fact.Title, Href: href, Open: fact.Open()}
	if fact.ID != "" {
		l.Href += "#" + fact.ID
	}
	return l
}

func (f *frame) link(p *wiki.PageInfo) Link {
	return Link{Title: p.Title, Href: pagePath(f.slug(), p.Place), Audience: string(p.Section), Place: f.stageTitle(p.Stage)}
}

// pageHead names a page on its screens.
func (f *frame) pageHead(ctx context.Context, p *wiki.PageInfo) PageHead {
	h := PageHead{Title: p.Title, Href: pagePath(f.slug(), p.Place), Audience: string(p.Section), Stage: f.stageTitle(p.Stage),
		StageHref: f.href() + "#stage-" + p.Stage, Number: p.Number, At: p.Updated, Words: p.Words, Minutes: minutes(p.Words), Tags: p.Tags,
		CanWrite: f.canWrite(), CanDelete: f.canWrite()}
	if !p.Version.IsZero() {
		h.Version = p.Version.String()
		h.By = f.s.author(ctx, p.Author)
	}
	return h
}

func (f *frame) pageCrumbs(p *wiki.PageInfo, screen string) []Crumb {
	crumbs := []Crumb{{"Pipeline", "/"}, {f.entry.Title, f.href()}}
	if f.playbook() {
		crumbs = []Crumb{{"Playbook", "/playbook"}}
	}
	if screen == "" {
		return append(crumbs, Crumb{Label: p.Title})
	}
	return append(crumbs, Crumb{p.Title, pagePath(f.slug(), p.Place)}, Crumb{Label: screen})
}

// neighbours are the pages before and after one, as the navigation has them.
func (f *frame) neighbours(place wiki.Place) (prev, next string) {
	var order []wiki.Place
	for _, key := range f.stages() {
		for _, p := range f.pages[place.Section] {
			if p.Stage == key {
				order = append(order, p.Place)
			}
		}
	}
	for i, p := range order {
		if p != place {
			continue
		}
		if i > 0 {
			prev = pagePath(f.slug(), order[i-1])
		}
		if i+1 < len(order) {
			next = pagePath(f.slug(), order[i+1])
		}
	}
	return prev, next
}

// filesOn are the attachments that a page links to.
func (f *frame) filesOn(ctx context.Context, side *wiki.Side, place wiki.Place, doc *content.Doc) ([]FileLink, error) {
	links := false
	for _, l := range doc.Links() {
		links = links || l.Kind == content.Relative || l.Kind == content.Image
	}
	if !links {
		return nil, nil
	}
	uses, err := side.FileUses(ctx, f.c)
	if err != nil || len(uses) == 0 {
		return nil, err
	}
	all, err := side.Files(ctx, f.c)
	if err != nil {
		return nil, err
	}
	var out []FileLink
	for _, file := range all {
		if slices.Contains(uses[file.Path()], place.Path()) {
			out = append(out, f.fileLink(ctx, file))
		}
	}
	return out, nil
}

// missingPage stands where a page could be, sends on to where it went, or says
// that there can be none.
func (s *Server) missingPage(w http.ResponseWriter, r *http.Request, f *frame, side *wiki.Side, place wiki.Place) error {
	ctx := r.Context()
	if to, err := side.MovedTo(ctx, f.c, place); err == nil {
		http.Redirect(w, r, pagePath(f.slug(), to), http.StatusFound)
		return nil
	}
	if !f.playbook() {
		// Through the wall staff alone are led on: guests have no such door.
		if to, err := f.space.CrossedTo(ctx, f.c, place); err == nil {
			http.Redirect(w, r, pagePath(f.slug(), to), http.StatusFound)
			return nil
		}
	}
	if place.Check() != nil {
		return notFound()
	}
	known := false
	for _, o := range f.stageOptions("") {
		known = known || o.Value == place.Stage
	}
	if !known {
		return notFound()
	}
	title := upperFirst(place.Page)
	v := &PageMissingView{Name: title, Place: place.String()}
	for _, n := range f.needs {
		if n.Place() == place {
			v.Name, v.Needed = n.Title, !n.Optional
			v.Templates = []Option{{Value: "yes", Label: "The playbook’s template", Selected: true}, {Value: "", Label: "An empty page"}}
			if st := f.funnel.Stage(place.Stage); st != nil {
				v.About = "Part of " + st.Title + ": " + lowerFirst(st.Is) + "."
			}
		}
	}
	v.Shell = f.shellOf(r, v.Name, place, "")
	v.Audience = string(place.Section)
	v.Flash = s.flash(w, r)
	if f.canWrite() {
		v.Create = pagePath(f.slug(), place) + "/create"
	}
	back, err := side.Backlinks(ctx, f.c, place)
	if err != nil {
		return err
	}
	for i := range back {
		v.Backlinks = append(v.Backlinks, f.link(&back[i]))
	}
	v.Similar = f.similar(place)
	if past, err := side.History(ctx, f.c, place, 1, repo.Hash{}); err == nil && len(past) > 0 && past[0].Deleted {
		v.Deleted = &Change{Who: s.author(ctx, past[0].Author), At: past[0].When, Title: v.Name, Verb: "deleted", Compare: pagePath(f.slug(), place) + "/history"}
	}
	s.render(w, r, http.StatusNotFound, "page-missing", v)
	return nil
}

// similar are pages with names like the one that was asked for.
func (f *frame) similar(place wiki.Place) []Link {
	type scored struct {
		p     *wiki.PageInfo
		score int
	}
	var found []scored
	words := strings.Split(place.Page, "-")
	for _, section := range []wiki.Section{wiki.Internal, wiki.External} {
		for i := range f.pages[section] {
			p := &f.pages[section][i]
			score := 0
			if p.Page == place.Page {
				score += 10
			}
			for _, w := range words {
				if len(w) > 2 && strings.Contains(p.Page, w) {
					score += len(w)
				}
			}
			if score > 2 {
				found = append(found, scored{p, score})
			}
		}
	}
	sort.SliceStable(found, func(i, j int) bool { return found[i].score > found[j].score })
	var out []Link
	for i := range min(5, len(found)) {
		out = append(out, f.link(found[i].p))
	}
	return out
}

// maxOutline is how many headings are listed beside a page. One of the largest
// size has a hundred thousand.
const maxOutline = 300

func outline(doc *content.Doc) []content.Heading {
	all := doc.Outline()
	return all[:min(len(all), maxOutline)]
}
