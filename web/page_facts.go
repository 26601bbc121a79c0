package web

import (
	"cmp"
	"context"
	"encoding/csv"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"dealwiki/web/ui"
	"dealwiki/wiki"
	"dealwiki/wiki/people"
	facts "dealwiki/wiki/register"
	"dealwiki/wiki/repo"
)

// factsPerPage is how many rows of a register are shown at once.
const factsPerPage = 100

// registerKinds are the kinds of a register, in the order of its filter.
var registerKinds = []string{"commitment", "decision", "requirement", "risk", "question", "stakeholder", facts.Action}

// factQuery is what a register is asked for.
type factQuery struct {
	q, kind, state, stage, owner, due, sort, prospect string
	from                                              int
}

func readFactQuery(r *http.Request) factQuery {
	v := r.URL.Query()
	q := factQuery{q: strings.TrimSpace(v.Get("q")), kind: v.Get("kind"), state: v.Get("state"), stage: v.Get("stage"), owner: v.Get("owner"),
		due: v.Get("due"), sort: v.Get("sort"), prospect: v.Get("prospect")}
	q.from, _ = strconv.Atoi(v.Get("from"))
	q.from = max(0, q.from)
	return q
}

// values are the query without what is at its default.
func (q factQuery) values() url.Values {
	v := url.Values{}
	for name, value := range map[string]string{"q": q.q, "kind": q.kind, "state": q.state, "stage": q.stage, "owner": q.owner, "due": q.due, "sort": q.sort, "prospect": q.prospect} {
		if value != "" {
			v.Set(name, value)
		}
	}
	return v
}

func (q factQuery) href(base string) string {
	if v := q.values().Encode(); v != "" {
		return base + "?" + v
	}
	return base
}

// filter is the query as the register has it; me is who asks.
func (q factQuery) filter(me people.Person, today time.Time) facts.Filter {
	f := facts.Filter{Text: q.q, Stage: q.stage}
	if q.kind != "" {
		f.Kinds = []string{q.kind}
	}
	standing := []facts.State{facts.StateOpen, facts.StateEvaded}
	switch q.state {
	case "":
		f.States = standing
	case "closed":
		f.States = []facts.State{facts.StateDone, facts.StateAnswered, facts.StateDropped}
	case "all":
	default:
		f.States = []facts.State{facts.State(q.state)}
	}
	switch q.owner {
	case "":
	case "me":
		f.Owners = []string{me.Handle}
	case "nobody":
		f.Owners = []string{""}
	default:
		f.Owners = []string{strings.TrimPrefix(q.owner, "@")}
	}
	switch q.due {
	case "late":
		f.DueUntil = today.AddDate(0, 0, -1).Format(time.DateOnly)
		if q.state == "" || q.state == "all" {
			f.States = standing
		}
	case "week":
		f.DueFrom, f.DueUntil = today.Format(time.DateOnly), today.AddDate(0, 0, 7).Format(time.DateOnly)
	case "month":
		first := time.Date(today.Year(), today.Month(), 1, 0, 0, 0, 0, time.UTC)
		f.DueFrom, f.DueUntil = first.Format(time.DateOnly), first.AddDate(0, 1, -1).Format(time.DateOnly)
	}
	return f
}

// order sorts facts as asked for: by date due, those without one last; by when
// they were raised or changed last, the newest first; by kind, owner or place.
func (q factQuery) order(all []facts.Fact) {
	due := func(a, b facts.Fact) int {
		if (a.Due == "") != (b.Due == "") {
			return strings.Compare(b.Due, a.Due)
		}
		return cmp.Or(strings.Compare(a.Due, b.Due), a.Raised().At.Compare(b.Raised().At), strings.Compare(a.Key, b.Key))
	}
	slices.SortStableFunc(all, func(a, b facts.Fact) int {
		first := 0
		switch q.sort {
		case "raised":
			first = b.Raised().At.Compare(a.Raised().At)
		case "changed":
			first = b.Last().At.Compare(a.Last().At)
		case "kind":
			first = slices.Index(registerKinds, a.Kind) - slices.Index(registerKinds, b.Kind)
		case "owner":
			first = strings.Compare(a.Owner, b.Owner)
		case "place":
			first = cmp.Or(strings.Compare(a.Prospect, b.Prospect), strings.Compare(a.Place.String(), b.Place.String()), a.Line-b.Line)
		}
		return cmp.Or(first, due(a, b))
	})
}

// factsPage is the register of a prospect.
func (s *Server) factsPage(w http.ResponseWriter, r *http.Request, c people.Caller) error {
	f, err := s.open(r, c)
	if err != nil {
		return err
	}
	if s.facts == nil || f.playbook() {
		return notFound()
	}
	ctx, q := r.Context(), readFactQuery(r)
	q.prospect = ""
	all, err := s.facts.Space(ctx, c, f.space)
	if err != nil {
		return err
	}
	drawer := s.factDrawer(ctx, c, r.URL.RequestURI())
	drawer.books[f.slug()] = f.book()
	all = drawer.written(all)
	found := facts.Select(all, q.filter(c.Person, s.now().UTC()))
	q.order(found)
	if r.URL.Query().Get("format") == "csv" {
		return s.factsCSV(w, f.slug()+"-facts.csv", drawer, found)
	}
	v := &FactsView{Shell: f.shellOf(r, "Facts", wiki.Place{}, "facts"), Heading: "Facts", Action: f.base() + "/facts"}
	v.Flash = s.flash(w, r)
	for _, key := range f.stages() {
		v.Stages = append(v.Stages, Option{Value: key, Label: f.stageTitle(key), Selected: key == q.stage})
	}
	s.fillFacts(v, q, c, drawer, all, found)
	private(w)
	s.renderSecret(w, r, http.StatusOK, "facts", v)
	return nil
}

// allFacts is the register over all prospects that somebody may see.
func (s *Server) allFacts(w http.ResponseWriter, r *http.Request, c people.Caller) error {
	if s.facts == nil {
		return notFound()
	}
	ctx, q := r.Context(), readFactQuery(r)
	funnel, err := s.wiki.Funnel(ctx)
	if err != nil {
		return err
	}
	filter := q.filter(c.Person, s.now().UTC())
	found, err := s.facts.All(ctx, c, filter)
	if err != nil {
		return err
	}
	if q.prospect != "" {
		found = slices.DeleteFunc(found, func(f facts.Fact) bool { return f.Prospect != q.prospect })
	}
	drawer := s.factDrawer(ctx, c, r.URL.RequestURI())
	found = drawer.written(found)
	q.order(found)
	if r.URL.Query().Get("format") == "csv" {
		return s.factsCSV(w, "facts.csv", drawer, found)
	}
	v := &FactsView{Shell: s.shell(r, c, "Facts"), Heading: "Facts over all prospects", Action: "/facts", All: true}
	v.Nav = "facts"
	v.Flash = s.flash(w, r)
	for _, st := range funnel.Stages {
		v.Stages = append(v.Stages, Option{Value: st.Key, Label: st.Title, Selected: st.Key == q.stage})
	}
	for _, e := range s.wiki.Prospects(ctx, c) {
		v.Spaces = append(v.Spaces, Option{Value: e.Slug, Label: e.Title, Selected: e.Slug == q.prospect})
	}
	s.fillFacts(v, q, c, drawer, nil, found)
	if all, err := s.people.List(ctx); err == nil {
		v.Owners = nil
		for _, p := range all {
			if !p.Guest && !p.Disabled {
				v.Owners = append(v.Owners, Option{Value: p.Handle, Label: p.Name, Selected: p.Handle == q.owner})
			}
		}
	}
	private(w)
	s.renderSecret(w, r, http.StatusOK, "facts", v)
	return nil
}

// fillFacts draws what both registers have.
func (s *Server) fillFacts(v *FactsView, q factQuery, c people.Caller, drawer *factDrawer, all, found []facts.Fact) {
	quick := func(label, icon string, to factQuery) {
		to.q, to.stage, to.sort, to.prospect = "", "", "", ""
		on := q
		on.q, on.stage, on.sort, on.prospect, on.from = "", "", "", "", 0
		v.Quick = append(v.Quick, Choice{Label: label, Icon: icon, Href: to.href(v.Action), On: on == to})
	}
	quick("Open", "", factQuery{})
	quick("Late", "hourglass", factQuery{due: "late"})
	quick("Commitments due this month", "handshake", factQuery{kind: "commitment", due: "month"})
	quick("Questions for me", "circle-help", factQuery{kind: "question", owner: "me"})
	quick("Mine", "user-round", factQuery{owner: "me"})
	quick("Everything", "", factQuery{state: "all"})
	v.Form = map[string]string{"q": q.q}
	v.Kinds = options(q.kind)
	for _, kind := range registerKinds {
		v.Kinds = append(v.Kinds, Option{Value: kind, Label: kindName(kind), Selected: kind == q.kind})
	}
	v.States = options(q.state, "", "open", "evaded", "evaded", "closed", "closed", "done", "done", "answered", "answered", "dropped", "dropped", "gone", "no longer on a page", "all", "any")
	v.Dues = options(q.due, "", "any time", "late", "late", "week", "in 7 days", "month", "this month")
	v.Sorts = options(q.sort, "", "date due", "raised", "newest first", "changed", "changed last", "kind", "kind", "owner", "owner", "place", "page")
	seen := map[string]bool{}
	for _, f := range all {
		if f.Owner != "" && !seen[f.Owner] {
			seen[f.Owner] = true
			v.Owners = append(v.Owners, Option{Value: f.Owner, Label: drawer.owner(f.Owner).Name, Selected: f.Owner == q.owner})
		}
	}
	slices.SortFunc(v.Owners, func(a, b Option) int { return strings.Compare(a.Label, b.Label) })
	if q.owner == "me" || q.owner == "nobody" {
		v.Owners = append([]Option{{Value: q.owner, Label: map[string]string{"me": "me", "nobody": "nobody"}[q.owner], Selected: true}}, v.Owners...)
	}
	if len(q.values()) > 0 {
		v.Clear = v.Action
	}
	csv := q.values()
	csv.Set("format", "csv")
	v.CSV = v.Action + "?" + csv.Encode()
	v.Count = len(found)
	today := s.now().UTC().Format(time.DateOnly)
	for i := range found {
		if found[i].Overdue(today) {
			v.Late++
		}
	}
	from := min(q.from, len(found))
	to := min(len(found), from+factsPerPage)
	for _, f := range found[from:to] {
		v.Rows = append(v.Rows, drawer.row(f))
	}
	at := func(from int) string {
		values := q.values()
		if from > 0 {
			values.Set("from", strconv.Itoa(from))
		}
		if e := values.Encode(); e != "" {
			return v.Action + "?" + e
		}
		return v.Action
	}
	if from > 0 {
		v.Pager.Prev = at(max(0, from-factsPerPage))
	}
	if to < len(found) {
		v.Pager.Next = at(to)
	}
	if from > 0 || to < len(found) {
		v.Pager.Note = strconv.Itoa(from+1) + " to " + strconv.Itoa(to) + " of " + strconv.Itoa(len(found))
	}
}

// kindName is a kind of fact on screen.
func kindName(kind string) string {
	switch kind {
	case facts.Action:
		return "Task"
	case "question":
		return "Question"
	}
	return ui.FactName(kind)
}

// factBook is what a register shows of a prospect beside its facts.
type factBook struct {
	title string
	write bool
	pages map[wiki.Place]wiki.PageInfo
}

func (f *frame) book() *factBook {
	b := &factBook{title: f.entry.Title, write: f.canWrite(), pages: map[wiki.Place]wiki.PageInfo{}}
	for _, pages := range f.pages {
		for i := range pages {
			b.pages[pages[i].Place] = pages[i]
		}
	}
	return b
}

// factDrawer draws facts of one or many prospects for one request.
type factDrawer struct {
	s      *Server
	ctx    context.Context
	c      people.Caller
	next   string // where forms come back to
	today  string
	funnel *wiki.Funnel
	books  map[string]*factBook
	people map[string]Person
}

func (s *Server) factDrawer(ctx context.Context, c people.Caller, next string) *factDrawer {
	funnel, err := s.wiki.Funnel(ctx)
	if err != nil {
		funnel = &wiki.Funnel{}
	}
	return &factDrawer{s: s, ctx: ctx, c: c, next: next, today: s.now().UTC().Format(time.DateOnly), funnel: funnel, books: map[string]*factBook{}, people: map[string]Person{}}
}

func (d *factDrawer) book(prospect string) *factBook {
	if b := d.books[prospect]; b != nil {
		return b
	}
	b := &factBook{title: prospect}
	if f, err := d.s.openSpace(d.ctx, d.c, prospect); err == nil {
		b = f.book()
	}
	d.books[prospect] = b
	return b
}

// written leaves out what stands on pages that are still their template.
func (d *factDrawer) written(all []facts.Fact) []facts.Fact {
	return slices.DeleteFunc(all, func(f facts.Fact) bool {
		return f.State != facts.StateGone && d.book(f.Prospect).pages[f.Place].Untouched
	})
}

func (d *factDrawer) owner(handle string) Person {
	if p, ok := d.people[handle]; ok {
		return p
	}
	v := PersonOf(handle, "@"+handle, false)
	if p, err := d.s.people.ByHandle(d.ctx, handle); err == nil {
		v = personView(p)
	}
	d.people[handle] = v
	return v
}

func (d *factDrawer) author(p repo.Person) Person {
	key := p.Email + "\x00" + p.Name
	if v, ok := d.people[key]; ok {
		return v
	}
	v := d.s.author(d.ctx, p)
	d.people[key] = v
	return v
}

func (d *factDrawer) stage(key string) string {
	if key == "" {
		return ""
	}
	return stageTitle(d.funnel, key)
}

func (d *factDrawer) row(f facts.Fact) FactRow {
	book := d.book(f.Prospect)
	raised := f.Raised()
	v := FactRow{Kind: f.Kind, Name: kindName(f.Kind), Title: f.Title, Body: f.Body, Prospect: book.title, Space: spacePath(f.Prospect), Due: f.Due, Late: f.Overdue(d.today),
		State: stateName(f.Kind, f.State), Standing: f.State.Stands(), Gone: f.State == facts.StateGone, Copy: f.Copy, Page: book.pages[f.Place].Title, Line: f.Line,
		Audience: string(f.Place.Section), By: d.author(raised.By), At: raised.At, Stage: d.stage(raised.Stage)}
	if f.Owner != "" {
		v.Owner = d.owner(f.Owner)
	}
	if v.Title == "" {
		v.Title = "(without words)"
	}
	if v.Page == "" {
		v.Page = upperFirst(f.Place.Page)
	}
	page := pagePath(f.Prospect, f.Place)
	v.LineHref = page + "/blame#L" + strconv.Itoa(f.Line)
	switch {
	case v.Gone:
		v.Href, v.LineHref = page+"/history", ""
	case f.ID != "":
		v.Href = page + "#" + url.PathEscape(f.ID)
	default:
		v.Href = page
	}
	for _, e := range f.Life {
		event := FactEvent{What: e.What, By: d.author(e.By), At: e.At, Stage: d.stage(e.Stage), Note: e.Note}
		if place, ok := wiki.PlaceOf(f.Place.Section, e.Path); ok && e.What != facts.EventRemoved {
			event.Href = pagePath(f.Prospect, place) + "?at=" + e.Commit
		}
		v.Life = append(v.Life, event)
	}
	if book.write && !v.Gone && !f.Copy {
		v.Set = "/p/" + url.PathEscape(f.Prospect) + "/facts/" + url.PathEscape(f.Key)
		v.Ways = factWays(f.Kind, f.State)
	}
	return v
}

// factWays are the states that a fact can be given from the one it has.
func factWays(kind string, now facts.State) []Option {
	var out []Option
	for _, st := range factStates(kind) {
		usual := st == facts.StateOpen || st == facts.StateDropped || st == factStates(kind)[0] || st == facts.StateEvaded
		if st == now || !usual || st != facts.StateOpen && !now.Stands() {
			continue
		}
		if st == facts.StateOpen && now == facts.StateEvaded {
			continue // it stands open anyway
		}
		out = append(out, Option{Value: string(st), Label: stateVerb(kind, st)})
	}
	return out
}

// factsCSV sends a register as a table.
func (s *Server) factsCSV(w http.ResponseWriter, name string, d *factDrawer, found []facts.Fact) error {
	h := w.Header()
	h.Set("Content-Type", "text/csv; charset=utf-8")
	h.Set("Content-Disposition", `attachment; filename="`+name+`"`)
	private(w)
	out := csv.NewWriter(w)
	_ = out.Write([]string{"prospect", "id", "kind", "title", "details", "state", "owner", "due", "late", "page", "line", "raised_by", "raised_at", "raised_in", "last_change", "last_change_by", "address"})
	for _, f := range found {
		row := d.row(f)
		late := ""
		if row.Late {
			late = "yes"
		}
		cells := []string{row.Prospect, f.ID, f.Kind, f.Title, f.Body, string(f.State), f.Owner, f.Due, late, f.Place.String(), strconv.Itoa(f.Line), row.By.Name,
			f.Raised().At.UTC().Format(time.RFC3339), f.Origin(), f.Last().At.UTC().Format(time.RFC3339), d.author(f.Last().By).Name, s.url + row.Href}
		for i := range cells {
			cells[i] = cell(cells[i])
		}
		_ = out.Write(cells)
	}
	out.Flush()
	return nil // an error is that of a reader who has gone away
}

// cell keeps a spreadsheet from taking text for a formula.
func cell(s string) string {
	if s != "" && strings.ContainsRune("=+-@\t\r", rune(s[0])) {
		return "'" + s
	}
	return s
}
