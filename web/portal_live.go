package web

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"sort"
	"strings"
	"time"

	"dealwiki/realtime"
	"dealwiki/wiki"
	"dealwiki/wiki/guard"
	"dealwiki/wiki/people"
	"dealwiki/wiki/repo"
)

// live is the door of websockets to shared pages. Whoever may not come in hears
// the same, after the same time, whatever is or is not there.
func (p *portal) live(w http.ResponseWriter, r *http.Request, c people.Caller) error {
	if p.rooms == nil {
		return notFound()
	}
	if !upgrades(r) {
		return refuse(http.StatusUpgradeRequired, "This address is for websockets", "Open the page itself in your browser; its editor comes here by itself.")
	}
	q := r.URL.Query()
	if err := p.pages.checkOrigin(r, q.Has("token")); err != nil {
		return err
	}
	began := time.Now()
	if q.Has("token") {
		if c = p.pages.tokenCaller(r, q.Get("token")); !c.Can(people.Read) {
			c = people.Caller{}
		}
	}
	if c.Person.ID == "" {
		p.rooms.Refuse(w, r, realtime.CodeSignedOut, "sign in")
		return errAnswered
	}
	v, code, reason := p.visitor(r.Context(), c, r.PathValue("prospect"), r.PathValue("page"))
	if code != 0 {
		if code == realtime.CodeNotFound {
			select {
			case <-time.After(time.Until(began.Add(refusedAfter))):
			case <-r.Context().Done():
			}
		}
		p.rooms.Refuse(w, r, code, reason)
		return errAnswered
	}
	v.Epoch, v.HasEpoch = q.Get("epoch"), q.Has("epoch")
	p.rooms.Serve(w, r, *v)
	return errAnswered
}

// visitor is the caller at a shared page, or the code and reason to close with.
func (p *portal) visitor(ctx context.Context, c people.Caller, prospect, page string) (v *realtime.Visitor, code int, reason string) {
	side, err := p.open(ctx, c, prospect)
	if err != nil {
		return nil, realtime.CodeNotFound, "not found"
	}
	info, err := side.Named(ctx, c, page)
	if err != nil {
		if to, err := side.Renamed(ctx, c, page); err == nil {
			return nil, realtime.CodeMoved, realtime.MovedReason(to.Place, true)
		}
		return nil, realtime.CodeNotFound, "not found"
	}
	me := livePerson(c.Person)
	level, _ := p.level(ctx, c, prospect)
	return &realtime.Visitor{
		Caller: c, Side: side, Place: info.Place, Name: me.Name, Color: me.Color, Guest: me.Guest, Write: level >= people.Editor,
		Check: func(ctx context.Context) (bool, error) {
			now, err := p.who.Refresh(ctx, c)
			if err != nil {
				return false, err
			}
			level, _ := p.level(ctx, now, prospect)
			if level < people.Viewer {
				return false, wiki.ErrNotFound
			}
			return level >= people.Editor, nil
		},
	}, 0, ""
}

// present answers who is in the shared space and on which page, and notes that
// the caller is at the page in ?at=, or at none.
func (p *portal) present(w http.ResponseWriter, r *http.Request, c people.Caller) error {
	ro, err := p.enter(r, c)
	if err != nil {
		return err
	}
	if p.rooms == nil {
		return notFound()
	}
	ctx := r.Context()
	at := wiki.Place{Section: ro.side.Section()}
	if name := r.URL.Query().Get("at"); name != "" {
		info, err := ro.lookup(ctx, name)
		if err != nil {
			return err
		}
		at = info.Place
	}
	me := livePerson(c.Person)
	p.rooms.Note(ro.prospect, at, c.Person.ID, me.Name, me.Color, me.Guest)
	best := map[string]Present{}
	for _, one := range p.rooms.Present(ro.prospect, ro.side.Section()) {
		v := PersonOf(one.Person, one.Name, one.Guest)
		here := Present{Name: one.Name, Initials: v.Initials, Color: v.Color, Guest: one.Guest, Me: one.Person == c.Person.ID, Editing: one.Editing, Here: one.Place == at, Href: ro.home(), id: one.Person}
		if one.Place.Page != "" {
			info, err := ro.side.Lookup(ctx, c, one.Place)
			if errors.Is(err, wiki.ErrNotFound) {
				continue // gone or moved since
			}
			if err != nil {
				return err
			}
			here.Title, here.Href = info.Title, ro.href(info.Page)
		}
		if known, ok := best[one.Person]; !ok || here.before(known) {
			best[one.Person] = here
		}
	}
	all := make([]Present, 0, len(best))
	for _, one := range best {
		all = append(all, one)
	}
	sort.Slice(all, func(i, j int) bool {
		a, b := &all[i], &all[j]
		switch {
		case a.Here != b.Here:
			return a.Here
		case a.Name != b.Name:
			return a.Name < b.Name
		}
		return a.id < b.id
	})
	return p.pages.json(w, http.StatusOK, map[string]any{"people": all})
}

// complete answers what may be named on a shared page: shared pages, by name
// alone, and people who take part.
func (p *portal) complete(w http.ResponseWriter, r *http.Request, c people.Caller) error {
	ro, err := p.enter(r, c)
	if err != nil {
		return err
	}
	q := r.URL.Query()
	typed := q.Get("q")
	if len(typed) > maxCompleting {
		return badRequest("That is too much to complete. Type less of it.")
	}
	words := strings.Fields(strings.ToLower(typed))
	items := []Completion{}
	switch q.Get("kind") {
	case "page":
		for i := range ro.pages {
			one := &ro.pages[i]
			if len(items) < maxCompletions && begins(one.Title+" "+one.Page, words) {
				items = append(items, Completion{Value: one.Page, Label: one.Title, Section: AudienceExternal})
			}
		}
	case "person":
		for _, one := range ro.people(r.Context()) {
			if len(items) == maxCompletions || !begins(one.Name+" "+one.Handle, words) {
				continue
			}
			v, of := ro.person(one), ro.company()
			if one.Guest {
				of = ro.customer()
			}
			items = append(items, Completion{Value: one.Handle, Label: one.Name, Detail: of, Color: v.Color, Initials: v.Initials})
		}
	case "template": // the playbook is not the customer's
	default:
		return badRequest("The kind to complete is page, person or template.")
	}
	return p.pages.json(w, http.StatusOK, map[string]any{"items": items})
}

// feed answers the changes of shared pages for a feed reader: by ?token= of the
// scope feed, or by a session.
func (p *portal) feed(w http.ResponseWriter, r *http.Request, c people.Caller) error {
	q := r.URL.Query()
	if q.Has("token") {
		if c = p.pages.tokenCaller(r, q.Get("token")); guard.FeedToken.Stops(!c.Can(people.Feed)) {
			c = people.Caller{}
		}
		// What a feed shows is read here; the token itself reads nothing else.
		c.Scopes = people.Read
	}
	if c.Person.ID == "" {
		return refuse(http.StatusUnauthorized, "This feed needs a token", "Add a token with the scope feed to the address as ?token=.")
	}
	prospect, ok := strings.CutSuffix(r.PathValue("file"), ".atom")
	if !ok {
		return notFound()
	}
	ro, err := p.enterAt(r.Context(), c, prospect)
	if err != nil {
		return err
	}
	f := &atomFeed{ID: p.pages.address(r, "/feeds/shared/"+url.PathEscape(prospect)+".atom"), Title: ro.title()}
	for i := range ro.pages {
		if err := ro.feedPage(r, f, &ro.pages[i]); err != nil {
			return err
		}
	}
	f.Links = []atomLink{{"alternate", p.pages.address(r, ro.home())}, {"self", f.ID}}
	return p.pages.sendFeed(w, r, f)
}

// feedVersions is how many versions of one page stand in a feed.
const feedVersions = 20

func (ro *room) feedPage(r *http.Request, f *atomFeed, p *wiki.PageInfo) error {
	versions, err := ro.side.History(r.Context(), ro.c, p.Place, feedVersions, repo.Hash{})
	if err != nil {
		return passGone(err)
	}
	for i := range versions {
		v := &versions[i]
		if v.Deleted {
			continue
		}
		at := ro.p.pages.address(r, ro.href(p.Page))
		e := atomEntry{ID: at + "?at=" + v.Commit.String(), Title: p.Title, Author: ro.author(r.Context(), v.Author).Name, Summary: ro.subject(v), Link: atomLink{"alternate", at}, at: v.When}
		e.Category.Term = "shared"
		f.add(e)
	}
	return nil
}
