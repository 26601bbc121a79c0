package web

import (
	"context"
	"errors"
	"html/template"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"dealwiki/content"
	"dealwiki/realtime"
	"dealwiki/search"
	"dealwiki/wiki"
	"dealwiki/wiki/actionplan"
	"dealwiki/wiki/brief"
	"dealwiki/wiki/people"
	facts "dealwiki/wiki/register" // register is a function here
	"dealwiki/wiki/repo"
)

// portal is what the customer sees, under /shared/. All it is handed of a
// prospect is a side of the wall that is shared: it has no name for anything
// else, so whatever mistake is made in these files cannot show it. Staff who see
// the prospect may look through it too.
//
// Every answer about something that is not there, not shared, another
// customer's, or taken back is the same: wiki.ErrNotFound.
type portal struct {
	open    func(ctx context.Context, c people.Caller, prospect string) (*wiki.Side, error) // the shared side
	mine    func(ctx context.Context, c people.Caller) []string                             // prospects that a guest may see
	level   func(ctx context.Context, c people.Caller, prospect string) (level people.Level, comment bool)
	guests  func(ctx context.Context, prospect string) []people.Person // of the customer, who may come in now
	who     directory
	marks   reader
	keys    accounts
	briefs  func(ctx context.Context, c people.Caller, side *wiki.Side) (*brief.GuestBrief, error) // nil: there are none
	facts   func(ctx context.Context, c people.Caller, side *wiki.Side) ([]facts.Fact, error)      // nil: there are none
	digests digests                                                                                // nil: no mail is sent
	finder  *search.Shared
	rooms   *realtime.Hub // nil: no live editing
	pages   screens
	log     *slog.Logger
	now     func() time.Time
	maxFile int64

	docs   *lru[docKey, *content.Doc]
	voices *lru[voiceKey, map[string]bool]
}

// directory is what the portal may ask about people by name.
type directory interface {
	Get(ctx context.Context, id string) (people.Person, error)
	ByHandle(ctx context.Context, handle string) (people.Person, error)
	Refresh(ctx context.Context, c people.Caller) (people.Caller, error)
}

// reader is what the portal notes of what somebody has read.
type reader interface {
	MarkRead(ctx context.Context, c people.Caller, prospect, section, page, version string) error
	ReadAgain(c people.Caller, prospect, section, page string)
	ReadMarks(ctx context.Context, personID, prospect string) (map[string]people.Mark, error)
	LastVisit(ctx context.Context, personID, prospect string) (time.Time, error)
}

// digests is what the portal may ask about guests' weekly mail.
type digests interface {
	GuestDigest(ctx context.Context, person string) (bool, error)
	ChooseGuestDigest(ctx context.Context, c people.Caller, on bool) error
}

// screens is how the portal answers a browser.
type screens interface {
	render(w http.ResponseWriter, r *http.Request, status int, name string, view any)
	sharedShell(r *http.Request, c people.Caller, title string) Shell
	flash(w http.ResponseWriter, r *http.Request) *Flash
	form(r *http.Request) (url.Values, error)
	done(w http.ResponseWriter, r *http.Request, path, text string) error
	json(w http.ResponseWriter, status int, v any) error
	errorStatus(err error) (status int, title, detail string)
	serveFile(w http.ResponseWriter, r *http.Request, open *wiki.FileContent)
	sendFeed(w http.ResponseWriter, r *http.Request, f *atomFeed) error
	address(r *http.Request, path string) string
	clientIP(r *http.Request) string
	checkOrigin(r *http.Request, token bool) error
	tokenCaller(r *http.Request, token string) people.Caller
}

// room is an open shared space with what every screen in it shows around itself.
type room struct {
	p        *portal
	c        people.Caller
	side     *wiki.Side
	prospect string
	info     *wiki.SpaceInfo
	pages    []wiki.PageInfo // by title; those nobody has written yet are left out
	level    people.Level
	comment  bool
	read     map[string]people.Mark // by SECTION/STAGE/PAGE
	visit    time.Time              // the one before, zero for the first
	known    map[string]bool        // ids of the people who may be named here
	here     []people.Person        // guests
	told     []SharedChange         // what answers has found; nil: it has not looked
}

// enter opens the shared space that the address names.
func (p *portal) enter(r *http.Request, c people.Caller) (*room, error) {
	return p.enterAt(r.Context(), c, r.PathValue("prospect"))
}

func (p *portal) enterAt(ctx context.Context, c people.Caller, prospect string) (*room, error) {
	side, err := p.open(ctx, c, prospect)
	if err != nil {
		return nil, hide(err)
	}
	ro := &room{p: p, c: c, side: side, prospect: prospect}
	ro.level, ro.comment = p.level(ctx, c, prospect)
	if ro.info, err = side.Info(ctx, c); err != nil {
		return nil, hide(err)
	}
	pages, err := side.Pages(ctx, c)
	if err != nil {
		return nil, hide(err)
	}
	ro.pages = slices.Clone(pages)
	slices.SortStableFunc(ro.pages, func(a, b wiki.PageInfo) int {
		if x := strings.Compare(strings.ToLower(a.Title), strings.ToLower(b.Title)); x != 0 {
			return x
		}
		return strings.Compare(a.Page, b.Page)
	})
	if ro.read, err = p.marks.ReadMarks(ctx, c.Person.ID, prospect); err != nil {
		return nil, err
	}
	if ro.visit, err = p.marks.LastVisit(ctx, c.Person.ID, prospect); err != nil {
		return nil, err
	}
	ro.here = p.guests(ctx, prospect)
	if ro.known, err = ro.knownPeople(ctx); err != nil {
		return nil, hide(err)
	}
	return ro, nil
}

// hide makes one answer of all that a caller must not tell apart.
func hide(err error) error {
	if errors.Is(err, wiki.ErrNotFound) || errors.Is(err, people.ErrNotFound) {
		return wiki.ErrNotFound
	}
	return err
}

func sharedPath(prospect string) string { return "/shared/" + url.PathEscape(prospect) }

func (ro *room) home() string            { return sharedPath(ro.prospect) }
func (ro *room) href(page string) string { return ro.home() + "/" + url.PathEscape(page) }
func (ro *room) file(name string) string { return ro.home() + "/files/" + url.PathEscape(name) }
func (ro *room) canWrite() bool          { return ro.level >= people.Editor }
func (ro *room) customer() string        { return firstOf(ro.info.Customer, ro.info.Title, "You") }
func (ro *room) company() string         { return firstOf(ro.info.Company, "us") }
func (ro *room) title() string           { return ro.customer() + " and " + ro.company() }
func (ro *room) unread(p *wiki.PageInfo) bool {
	if wiki.PersonID(p.Author) == ro.c.Person.ID {
		return false
	}
	if mark, ok := ro.read[p.Place.String()]; ok {
		return mark.Version != p.Version.String() && p.Updated.After(mark.At)
	}
	return !ro.visit.IsZero() && p.Updated.After(ro.visit)
}

func firstOf(all ...string) string {
	for _, s := range all {
		if strings.TrimSpace(s) != "" {
			return s
		}
	}
	return ""
}

// lookup answers the page of a name, as lists have it.
func (ro *room) lookup(ctx context.Context, page string) (wiki.PageInfo, error) {
	info, err := ro.side.Named(ctx, ro.c, page)
	return info, hide(err)
}

// text answers a page with its text.
func (ro *room) text(ctx context.Context, page string) (*wiki.Page, error) {
	info, err := ro.lookup(ctx, page)
	if err != nil {
		return nil, err
	}
	p, err := ro.side.Read(ctx, ro.c, info.Place)
	return p, hide(err)
}

// doc parses a page's text, or answers it parsed already.
func (p *portal) doc(page *wiki.Page) *content.Doc {
	key := docKey(page.Key())
	if d, ok := p.docs.get(key); ok {
		return d
	}
	d := content.Parse(page.Text)
	p.docs.putSized(key, d, parsedCost*len(page.Text))
	return d
}

// draw renders a text as a page of the shared space.
func (ro *room) draw(ctx context.Context, place wiki.Place, doc *content.Doc, tasks bool) (template.HTML, error) {
	links, err := ro.links(ctx, place)
	if err != nil {
		return "", err
	}
	html := doc.HTML(links, content.RenderOptions{Tasks: tasks, HideTitle: true})
	if tasks {
		html = taskBox.ReplaceAll(html, []byte(`<input type="checkbox"$1 name="task" value="$2" data-line="$2"`))
	}
	return template.HTML(html), nil
}

// markRead notes that the reader has seen a version. Failing at it is no reason
// not to show the page.
func (ro *room) markRead(ctx context.Context, p *wiki.PageInfo, version repo.Hash) {
	if ro.c.Person.ID == "" {
		return
	}
	if ro.answered(ctx, p.Page) {
		ro.p.marks.ReadAgain(ro.c, ro.prospect, string(p.Section), p.Stage+"/"+p.Page)
	}
	if err := ro.p.marks.MarkRead(ctx, ro.c, ro.prospect, string(p.Section), p.Stage+"/"+p.Page, version.String()); err != nil && !errors.Is(err, people.ErrNotFound) {
		ro.p.log.Warn("noting a shared page as read", "prospect", ro.prospect, "err", err)
	}
}

// plan answers the mutual action plan and its page, nil when there is none.
func (ro *room) plan(ctx context.Context) (*actionplan.Plan, *wiki.Page, error) {
	page, err := ro.text(ctx, actionplan.Page)
	if errors.Is(err, wiki.ErrNotFound) {
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, err
	}
	return actionplan.Read(ro.p.doc(page), ro.info.GoalDate(), ro.p.now()), page, nil
}

// tabPages is how many pages stand in the row of tabs.
const tabPages = 5

// around fills what surrounds a screen. current is the page that is open, tab
// the screen otherwise.
func (ro *room) around(r *http.Request, title, current, tab string) SharedShell {
	sh := ro.p.pages.sharedShell(r, ro.c, title+" · "+ro.title())
	v := SharedShell{Shell: sh, Portal: &Portal{
		Home: ro.home(), Customer: ro.customer(), Company: ro.company(), Me: ro.person(ro.c.Person), Write: ro.canWrite(), Comment: ro.comment,
		Search: ro.home() + "/search", New: ro.home() + "/new", Staff: !ro.c.Person.Guest, StaffHref: spacePath(ro.prospect),
	}}
	if ro.p.rooms != nil {
		v.Portal.Present = "/-/shared/" + url.PathEscape(ro.prospect) + "/present"
		if current != "" {
			v.Portal.Present += "?at=" + url.QueryEscape(current)
		}
	}
	if clones, err := ro.p.keys.GuestClones(r.Context(), ro.c); err == nil && len(clones) > 0 {
		v.Portal.Account = "/account"
	}
	if ro.canWrite() {
		v.Portal.Create = ro.home() + "/new#create"
	}
	for i := range ro.pages {
		if ro.unread(&ro.pages[i]) {
			v.Portal.Unread++
		}
	}
	if told, err := ro.answers(r.Context()); err != nil {
		ro.p.log.Warn("reading what was answered to a guest", "prospect", ro.prospect, "err", err)
	} else {
		v.Portal.Unread += len(told)
	}
	tabs := []NavLink{{Label: "Overview", Href: ro.home(), Current: tab == "overview"}}
	add := func(p *wiki.PageInfo) {
		tabs = append(tabs, NavLink{Label: p.Title, Href: ro.href(p.Page), Current: p.Page == current})
	}
	shown, rest := 0, 0
	for i := range ro.pages {
		if ro.pages[i].Page == actionplan.Page {
			add(&ro.pages[i])
		}
	}
	for i := range ro.pages {
		p := &ro.pages[i]
		switch {
		case p.Page == actionplan.Page:
		case p.Stage == wiki.StageLog && p.Page != current, p.Untouched && p.Page != current:
			rest++
		case shown < tabPages:
			add(p)
			shown++
		case p.Page == current:
			add(p)
		default:
			rest++
		}
	}
	if rest > 0 {
		tabs = append(tabs, NavLink{Label: "All pages", Href: ro.home() + "#pages", Current: tab == "pages"})
	}
	tabs = append(tabs, NavLink{Label: "Files", Href: ro.home() + "/files", Current: tab == "files"})
	v.Portal.Tabs = tabs
	return v
}
