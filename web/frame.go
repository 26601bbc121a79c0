package web

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"time"

	"dealwiki/wiki"
	"dealwiki/wiki/people"
	"dealwiki/wiki/repo"
)

// frame is an open prospect, or the playbook, with what every screen inside it
// shows around itself.
type frame struct {
	s      *Server
	c      people.Caller
	space  *wiki.Space
	entry  wiki.Entry // zero for the playbook but for slug and title
	funnel *wiki.Funnel
	level  people.Level
	access people.Access
	heads  map[wiki.Section]repo.Hash // read before pages, which may be newer, never older
	pages  map[wiki.Section][]wiki.PageInfo
	needs  []wiki.Need
	marks  *readMarks
	others bool               // what was drawn depends on other prospects
	files  map[wiki.File]bool // nil until asked for
}

// open opens the prospect that the address names.
func (s *Server) open(r *http.Request, c people.Caller) (*frame, error) {
	return s.openSpace(r.Context(), c, r.PathValue("prospect"))
}

// openSide opens the prospect that the address names, and one side of it.
func (s *Server) openSide(r *http.Request, c people.Caller, section wiki.Section) (*frame, *wiki.Side, error) {
	f, err := s.open(r, c)
	if err != nil {
		return nil, nil, err
	}
	side, err := f.side(section)
	return f, side, err
}

func (s *Server) openSpace(ctx context.Context, c people.Caller, prospect string) (*frame, error) {
	f := &frame{s: s, c: c, heads: map[wiki.Section]repo.Hash{}, pages: map[wiki.Section][]wiki.PageInfo{}}
	var err error
	if f.space, err = s.wiki.Space(ctx, c, prospect); err != nil {
		return nil, err
	}
	if f.funnel, err = s.wiki.Funnel(ctx); err != nil {
		return nil, err
	}
	f.level = s.people.LevelOn(ctx, c, prospect)
	if prospect == wiki.Playbook {
		f.entry.Slug, f.entry.Title = wiki.Playbook, "Playbook"
	} else {
		if f.entry, err = s.wiki.Prospect(ctx, c, prospect); err != nil {
			return nil, err
		}
		if f.access, err = s.people.Access(ctx, prospect); err != nil {
			return nil, err
		}
		if f.needs, err = f.space.Needs(ctx, c); err != nil {
			return nil, err
		}
	}
	for _, side := range f.space.Sides() {
		if f.heads[side.Section()], err = side.Head(ctx, c); err != nil {
			return nil, err
		}
		if f.pages[side.Section()], err = side.Pages(ctx, c); err != nil {
			return nil, err
		}
	}
	if f.marks, err = s.readMarks(ctx, c, prospect); err != nil {
		return nil, err
	}
	return f, nil
}

func (f *frame) slug() string   { return f.entry.Slug }
func (f *frame) playbook() bool { return f.entry.Slug == wiki.Playbook }
func (f *frame) canWrite() bool { return f.level >= people.Editor }
func (f *frame) href() string   { return spacePath(f.entry.Slug) }
func (f *frame) manages() bool  { return f.level >= people.Owner }
func (f *frame) base() string   { return "/p/" + url.PathEscape(f.entry.Slug) }

// side answers a side of the space for a section of an address.
func (f *frame) side(section wiki.Section) (*wiki.Side, error) { return f.space.Side(section) }

// stageTitle names a stage on screen.
func (f *frame) stageTitle(key string) string { return stageTitle(f.funnel, key) }

func stageTitle(funnel *wiki.Funnel, key string) string {
	if st := funnel.Stage(key); st != nil {
		return st.Title
	}
	switch key {
	case wiki.StageAccount:
		return "Account"
	case wiki.StageLog:
		return "Log"
	}
	return upperFirst(key)
}

// stages are the keys of all stages that have or may have pages, in order.
func (f *frame) stages() []string {
	keys := []string{wiki.StageAccount}
	known := map[string]bool{wiki.StageAccount: true}
	add := func(key string) {
		if !known[key] {
			known[key] = true
			keys = append(keys, key)
		}
	}
	if !f.playbook() {
		for _, st := range f.funnel.Stages {
			add(st.Key)
		}
		add(wiki.StageLog)
	}
	for _, section := range []wiki.Section{wiki.Internal, wiki.External} {
		for _, p := range f.pages[section] {
			add(p.Stage) // a stage that the funnel has lost
		}
	}
	return keys
}

// stageOptions are the stages a page may be made in.
func (f *frame) stageOptions(selected string) []Option {
	var out []Option
	add := func(key string) {
		out = append(out, Option{Value: key, Label: f.stageTitle(key), Selected: key == selected})
	}
	add(wiki.StageAccount)
	if f.playbook() {
		add("templates")
		return out
	}
	for _, st := range f.funnel.Stages {
		add(st.Key)
	}
	add(wiki.StageLog)
	return out
}

// missing counts the needed pages of the current stage.
func (f *frame) missing() (missing, needed int) { return countNeeds(f.needs, f.entry.Stage) }

// countNeeds counts what a stage needs, and what of it is missing. Pages that an
// earlier stage lacks are shown there, and no longer counted.
func countNeeds(needs []wiki.Need, stage string) (missing, needed int) {
	for _, n := range needs {
		if n.Optional || n.Stage != stage {
			continue
		}
		needed++
		if n.Missing() {
			missing++
		}
	}
	return missing, needed
}

// view is the frame as the screen shows it. current is the page in the middle,
// screen the entry of the navigation that is open.
func (f *frame) view(ctx context.Context, current wiki.Place, screen string) *Space {
	now := f.s.now()
	v := &Space{Slug: f.slug(), Name: f.entry.Title, Href: f.href(), CanWrite: f.canWrite(), Present: f.presentHref(current)}
	if v.CanWrite {
		v.NewPage = f.base() + "/new"
	}
	if f.playbook() {
		v.Links = []NavLink{{Label: "Stages and templates", Href: "/playbook", Icon: "book-open", Current: screen == "overview"},
			{Label: "Changes", Href: f.base() + "/changes", Icon: "history", Current: screen == "changes"},
			{Label: "Files", Href: f.base() + "/files", Icon: "paperclip", Current: screen == "files"}}
		v.Sections = []NavSection{f.section(wiki.Internal, current, "the whole company")}
		return v
	}
	e := f.entry
	v.Value = money(e.Value, e.Currency)
	v.Owner = f.s.nameOf(ctx, f.access.Owner)
	v.Day = e.Age(now)
	v.Restricted = f.access.Restricted
	if e.Outcome != wiki.OutcomeOpen {
		v.Outcome = outcomeName(e.Outcome)
	}
	v.StageDays = e.DaysInStage(now)
	at := f.funnel.Index(e.Stage)
	for i, st := range f.funnel.Stages {
		v.Steps = append(v.Steps, Step{Name: st.Title, Href: f.href() + "#stage-" + st.Key, State: stepState(i, at)})
		if i == at {
			v.StageName, v.Typical = st.Title, st.TypicalDays
		}
	}
	v.Missing, v.Needed = f.missing()
	v.MissingTo = f.href() + "#needed"
	v.Links = []NavLink{
		{Label: "Overview", Href: f.href(), Icon: "square-kanban", Current: screen == "overview"},
		{Label: "Facts", Href: f.base() + "/facts", Icon: "list-checks", Current: screen == "facts"},
		{Label: "Qualification", Href: f.base() + "/qualification", Icon: "circle-help", Current: screen == "qualification"},
		{Label: "Handoffs", Href: f.base() + "/handoffs", Icon: "git-pull-request-arrow", Current: screen == "handoffs"},
		{Label: "Log", Href: f.logHref(), Icon: "phone", Current: screen == "log"},
		{Label: "People", Href: f.base() + "/people", Icon: "users", Current: screen == "people"},
		{Label: "Changes", Href: f.base() + "/changes", Icon: "history", Current: screen == "changes"},
		{Label: "Files", Href: f.base() + "/files", Icon: "paperclip", Current: screen == "files"},
		{Label: "Settings", Href: f.base() + "/settings", Icon: "settings", Current: screen == "settings"},
	}
	if f.s.sources != nil {
		at := slices.IndexFunc(v.Links, func(l NavLink) bool { return l.Href == f.logHref() })
		v.Links = slices.Insert(v.Links, at+1, f.sourcesLink(ctx, screen))
	}
	if f.s.briefs != nil {
		v.Links = slices.Insert(v.Links, 1, NavLink{Label: "Get up to speed", Href: f.briefHref(), Icon: "gauge", Current: screen == "brief"})
	}
	v.Sections = []NavSection{
		f.section(wiki.Internal, current, "staff only"),
		f.section(wiki.External, current, "the customer can be invited"),
	}
	return v
}

func stepState(i, at int) string {
	switch {
	case i < at:
		return "done"
	case i == at:
		return "current"
	}
	return "ahead"
}

func outcomeName(o string) string {
	if o == wiki.OutcomeNoDecision {
		return "no decision"
	}
	return o
}

// section is one side in the navigation.
func (f *frame) section(section wiki.Section, current wiki.Place, note string) NavSection {
	ns := NavSection{Audience: string(section), Note: note, Empty: "No pages yet."}
	at := f.funnel.Index(f.entry.Stage)
	for _, key := range f.stages() {
		st := NavStage{Key: key, Name: f.stageTitle(key), Now: key == f.entry.Stage && !f.playbook()}
		for i := range f.pages[section] {
			p := &f.pages[section][i]
			if p.Stage != key {
				continue
			}
			st.Pages = append(st.Pages, NavPage{Title: p.Title, Href: pagePath(f.slug(), p.Place), Current: p.Place == current, Unread: f.unread(p)})
			if p.Place == current {
				st.Open = true
			}
		}
		st.Count = len(st.Pages)
		for _, n := range f.needs {
			if n.Section != section || n.Stage != key || n.Info != nil || n.Optional || f.funnel.Index(n.Stage) > at {
				continue
			}
			page := NavPage{Title: n.Title, Href: pagePath(f.slug(), n.Place()), Missing: true, Current: n.Place() == current}
			if f.canWrite() {
				page.Create = page.Href + "/create"
			}
			st.Pages = append(st.Pages, page)
		}
		if len(st.Pages) == 0 {
			continue
		}
		if st.Now || key == wiki.StageAccount || len(f.pages[section]) <= 12 {
			st.Open = true
		}
		ns.Stages = append(ns.Stages, st)
	}
	return ns
}

// unread reports that a page has changed since the reader looked at it, by
// somebody else. A page never looked at is unread when it is newer than the
// reader's last visit to the prospect.
func (f *frame) unread(p *wiki.PageInfo) bool {
	if wiki.PersonID(p.Author) == f.c.Person.ID && f.c.Person.ID != "" {
		return false
	}
	version, at, ok := f.marks.of(p.Place)
	if ok {
		return version != p.Version.String() && p.Updated.After(at)
	}
	return !f.marks.visit.IsZero() && p.Updated.After(f.marks.visit)
}

// shellOf is the shell of a screen inside the prospect.
func (f *frame) shellOf(r *http.Request, title string, current wiki.Place, screen string) Shell {
	sh := f.s.shell(r, f.c, title)
	sh.Space = f.view(r.Context(), current, screen)
	if f.s.book != nil && !f.playbook() && f.canWrite() {
		sh.Keys.Handoff = f.base() + "/handoff"
	}
	sh.Keys.Brief = f.href()
	if f.s.briefs != nil && !f.playbook() {
		sh.Keys.Brief = f.briefHref()
	}
	if f.playbook() {
		sh.Nav = "playbook"
		sh.Crumbs = []Crumb{{"Playbook", "/playbook"}}
	} else {
		sh.Nav = "pipeline"
		sh.Keys.Log = f.logHref()
		sh.Crumbs = []Crumb{{"Pipeline", "/"}, {f.entry.Title, f.href()}}
	}
	if screen == "overview" {
		sh.Crumbs[len(sh.Crumbs)-1].Href = ""
	} else {
		sh.Crumbs = append(sh.Crumbs, Crumb{Label: title})
	}
	return sh
}

// markKey names what a person has read of a prospect.
type markKey struct{ person, prospect string }

// readMarks is what a person has read of a prospect, in memory. The table is
// written through this server alone, so it cannot grow stale.
type readMarks struct {
	visit time.Time // before the one going on now

	mu    sync.Mutex
	marks map[string]people.Mark // by SECTION/STAGE/PAGE
	steps int                    // changes of marks
}

func (m *readMarks) of(p wiki.Place) (version string, at time.Time, ok bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	mark, ok := m.marks[p.String()]
	return mark.Version, mark.At, ok
}

// visitFor is how long what was read of a visit is believed: after it the visit
// before counts anew.
const visitFor = 10 * time.Minute

func (s *Server) readMarks(ctx context.Context, c people.Caller, prospect string) (*readMarks, error) {
	key := markKey{c.Person.ID, prospect}
	if m, ok := s.marks.get(key); ok && s.now().Sub(m.read) < visitFor {
		return m.readMarks, nil
	}
	visit, err := s.people.LastVisit(ctx, c.Person.ID, prospect)
	if err != nil {
		return nil, err
	}
	all, err := s.people.ReadMarks(ctx, c.Person.ID, prospect)
	if err != nil {
		return nil, err
	}
	m := &readMarks{visit: visit, marks: all}
	s.marks.put(key, keptMarks{m, s.now()})
	return m, nil
}

type keptMarks struct {
	*readMarks
	read time.Time
}

// markRead notes that somebody has read a version of a page. Failing at it is no
// reason not to show the page.
func (s *Server) markRead(ctx context.Context, c people.Caller, prospect string, place wiki.Place, version repo.Hash) {
	if c.Person.ID == "" || c.IsSystem() {
		return
	}
	now := s.now()
	kept, ok := s.marks.get(markKey{c.Person.ID, prospect})
	if ok {
		kept.mu.Lock()
		known, read := kept.marks[place.String()]
		kept.mu.Unlock()
		if read && known.Version == version.String() && now.Sub(known.At) < 5*time.Minute {
			return
		}
	}
	if err := s.people.MarkRead(ctx, c, prospect, string(place.Section), place.Stage+"/"+place.Page, version.String()); err != nil {
		s.log.Warn("noting a page as read", "prospect", prospect, "err", err)
		return
	}
	if ok {
		kept.mu.Lock()
		if known := kept.marks[place.String()]; known.Version != version.String() {
			kept.steps++
		}
		kept.marks[place.String()] = people.Mark{Person: c.Person.ID, Section: string(place.Section), Page: place.Stage + "/" + place.Page, Version: version.String(), At: now}
		kept.mu.Unlock()
	}
}

// nameOf is the name of a person by id, "" for nobody.
func (s *Server) nameOf(ctx context.Context, id string) string {
	if id == "" {
		return ""
	}
	p, err := s.people.Get(ctx, id)
	if err != nil {
		return ""
	}
	return p.Name
}

// author draws the person that a version names: as they are called now when
// they have an account, else as the version has it.
func (s *Server) author(ctx context.Context, p repo.Person) Person {
	if id := wiki.PersonID(p); id != "" {
		if known, err := s.people.Get(ctx, id); err == nil {
			return personView(known)
		}
	}
	return PersonOf(p.Email, p.Name, false)
}

// hasFile reports that an attachment is there now.
func (f *frame) hasFile(ctx context.Context, file wiki.File) bool {
	if f.files == nil {
		f.files = map[wiki.File]bool{}
		for _, side := range f.space.Sides() {
			all, err := side.Files(ctx, f.c)
			if err != nil {
				continue // then nothing leads there
			}
			for _, info := range all {
				f.files[info.File] = true
			}
		}
	}
	return f.files[file]
}
