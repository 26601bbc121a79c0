package web

import (
	"context"
	"net/http"
	"sort"
	"time"

	"dealwiki/wiki"
	"dealwiki/wiki/people"
	"dealwiki/wiki/repo"
)

// Limits of the space's first screen.
const (
	maxNews      = 12
	maxOpenFacts = 12
	maxWriters   = 8
	maxFactPages = 60 // pages read for the list of open facts
)

func (s *Server) space(w http.ResponseWriter, r *http.Request, c people.Caller) error {
	f, err := s.open(r, c)
	if err != nil {
		return err
	}
	if f.playbook() {
		return goTo(w, r, "/playbook")
	}
	ctx := r.Context()
	v := &SpaceView{Shell: f.shellOf(r, f.entry.Title, wiki.Place{}, "overview"), Since: f.marks.visit, MaxFile: sizeOf(s.wiki.MaxFile())}
	v.Flash = s.flash(w, r)
	if s.briefs != nil {
		v.Brief = f.briefHref()
	}
	v.Empty = len(f.pages[wiki.Internal])+len(f.pages[wiki.External]) == 0
	if f.canWrite() {
		v.Upload = f.base() + "/files/" + string(wiki.Internal)
	}
	v.Stages = f.spaceStages(ctx)
	v.Missing = f.stageNeeds()
	v.Cards = f.cards()
	if s.notices != nil {
		v.Watch = f.base() + "/watch"
		if v.Watching, err = s.notices.Watching(ctx, c.Person.ID, f.slug()); err != nil {
			return err
		}
	}
	if !v.Empty {
		v.Keys.About = true
		v.Lead, v.LeadTo = f.lead()
		if v.News, err = f.news(ctx, f.marks.visit); err != nil {
			return err
		}
		if v.Facts, err = f.openFacts(ctx); err != nil {
			return err
		}
		v.People = f.writers(ctx)
	}
	v.Links = f.related(ctx)
	private(w)
	s.render(w, r, http.StatusOK, "space", v)
	return nil
}

// related are the prospects that this one names, as far as the reader sees them,
// and the addresses that somebody has noted.
func (f *frame) related(ctx context.Context) []Link {
	var out []Link
	for _, slug := range f.entry.Related() {
		if e, err := f.s.wiki.Prospect(ctx, f.c, slug); err == nil {
			out = append(out, Link{Title: e.Title, Href: spacePath(e.Slug)})
		}
	}
	for _, l := range f.entry.WebLinks() {
		out = append(out, Link{Title: l.Title, Href: l.URL})
	}
	return out
}

// lead is the first paragraph of the account's first needed page, or of any page
// of the account.
func (f *frame) lead() (text, href string) {
	for _, n := range f.needs {
		if n.Stage == wiki.StageAccount && n.Section == wiki.Internal && n.Present && n.Info.Lead != "" {
			return n.Info.Lead, pagePath(f.slug(), n.Place())
		}
	}
	for i := range f.pages[wiki.Internal] {
		p := &f.pages[wiki.Internal][i]
		if p.Stage == wiki.StageAccount && p.Lead != "" && !p.Untouched {
			return p.Lead, pagePath(f.slug(), p.Place)
		}
	}
	return "", ""
}

func (f *frame) spacePage(ctx context.Context, p *wiki.PageInfo) SpacePage {
	v := SpacePage{Title: p.Title, Href: pagePath(f.slug(), p.Place), Lead: p.Lead, Audience: string(p.Section), At: p.Updated, Unread: f.unread(p), Untouched: p.Untouched}
	if !p.Version.IsZero() {
		v.By = f.s.author(ctx, p.Author)
	}
	return v
}

// spaceStages lists the pages of both sides by stage: those there are, and those
// that should be by now.
func (f *frame) spaceStages(ctx context.Context) []SpaceStage {
	at := f.funnel.Index(f.entry.Stage)
	var out []SpaceStage
	for _, key := range f.stages() {
		st := SpaceStage{Key: key, Name: f.stageTitle(key)}
		i := f.funnel.Index(key)
		if i >= 0 {
			st.State = stepState(i, at)
		}
		for _, section := range []wiki.Section{wiki.Internal, wiki.External} {
			var list []SpacePage
			for j := range f.pages[section] {
				if p := &f.pages[section][j]; p.Stage == key {
					list = append(list, f.spacePage(ctx, p))
				}
			}
			for _, n := range f.needs {
				if n.Section != section || n.Stage != key || n.Info != nil || n.Optional || i > at {
					continue
				}
				page := SpacePage{Title: n.Title, Href: pagePath(f.slug(), n.Place()), Audience: string(section), Missing: true}
				if f.canWrite() {
					page.Create = page.Href + "/create"
				}
				list = append(list, page)
			}
			if section == wiki.Internal {
				st.Internal = list
			} else {
				st.External = list
			}
		}
		if key == f.entry.Stage {
			// What cannot be read now is only a help.
			if st.Carried, _ = f.carriedIn(ctx, key, wiki.Place{}); st.Carried != nil {
				out = append(out, st)
				continue
			}
		}
		if len(st.Internal)+len(st.External) > 0 {
			out = append(out, st)
		}
	}
	return out
}

// stageNeeds is the checklist of the current stage.
func (f *frame) stageNeeds() []Need {
	var out []Need
	missing := false
	for _, n := range f.needs {
		if n.Optional || n.Stage != f.entry.Stage {
			continue
		}
		v := f.need(n)
		missing = missing || !v.Present
		out = append(out, v)
	}
	if !missing {
		return nil
	}
	return out
}

func (f *frame) need(n wiki.Need) Need {
	v := Need{Title: n.Title, Audience: string(n.Section), Href: pagePath(f.slug(), n.Place()), Present: n.Present, About: f.stageTitle(n.Stage)}
	if n.Info != nil {
		v.Untouched = n.Info.Untouched
	} else if f.canWrite() {
		v.Create = v.Href + "/create"
	}
	return v
}

// cards offer the pages of the current stage and the account that are not there.
func (f *frame) cards() []Card {
	if !f.canWrite() {
		return nil
	}
	var out []Card
	for _, n := range f.needs {
		if n.Info != nil || n.Stage != f.entry.Stage && n.Stage != wiki.StageAccount {
			continue
		}
		card := Card{Title: n.Title, About: "For " + f.stageTitle(n.Stage), Icon: "file-pen", Audience: string(n.Section), Create: pagePath(f.slug(), n.Place()) + "/create"}
		if n.Section == wiki.External {
			card.About += ", shared with the customer"
		}
		out = append(out, card)
	}
	return out
}

// news are the latest changes by others since the last visit; on the first
// visit, the latest changes.
func (f *frame) news(ctx context.Context, since time.Time) ([]Change, error) {
	var out []Change
	for _, side := range f.space.Sides() {
		versions, err := side.Recent(ctx, f.c, 4*maxNews, repo.Hash{})
		if err != nil {
			return nil, err
		}
		for i := range versions {
			v := &versions[i]
			if !since.IsZero() && (!v.When.After(since) || wiki.PersonID(v.Author) == f.c.Person.ID) {
				continue
			}
			if change, ok := f.change(ctx, side.Section(), v); ok {
				out = append(out, change)
			}
		}
	}
	sort.SliceStable(out, func(i, j int) bool { return out[i].At.After(out[j].At) })
	return out[:min(maxNews, len(out))], nil
}

// openFacts are facts that stand open, the latest changed pages first.
func (f *frame) openFacts(ctx context.Context) ([]FactLink, error) {
	var pages []*wiki.PageInfo
	for _, section := range []wiki.Section{wiki.Internal, wiki.External} {
		for i := range f.pages[section] {
			if p := &f.pages[section][i]; p.Facts > 0 && !p.Untouched {
				pages = append(pages, p)
			}
		}
	}
	sort.SliceStable(pages, func(i, j int) bool { return pages[i].Updated.After(pages[j].Updated) })
	var out []FactLink
	for _, info := range pages[:min(maxFactPages, len(pages))] {
		side, err := f.side(info.Section)
		if err != nil {
			return nil, err
		}
		page, err := side.Read(ctx, f.c, info.Place)
		if err != nil {
			continue // gone in between
		}
		for _, fact := range f.s.doc(page).Facts() {
			if fact.Open() && fact.Kind != "stakeholder" {
				out = append(out, f.factLink(fact, pagePath(f.slug(), info.Place)))
			}
		}
		if len(out) >= maxOpenFacts {
			return out[:maxOpenFacts], nil
		}
	}
	return out, nil
}

// writers are the people who wrote the present versions, those of most pages
// first.
func (f *frame) writers(ctx context.Context) []Person {
	count := map[string]int{}
	view := map[string]Person{}
	for _, pages := range f.pages {
		for i := range pages {
			for _, a := range append([]repo.Person{pages[i].Author}, pages[i].CoAuthors...) {
				if a.Name == "" {
					continue
				}
				count[a.Email]++
				if _, ok := view[a.Email]; !ok {
					view[a.Email] = f.s.author(ctx, a)
				}
			}
		}
	}
	emails := make([]string, 0, len(count))
	for e := range count {
		emails = append(emails, e)
	}
	sort.Slice(emails, func(i, j int) bool {
		if count[emails[i]] != count[emails[j]] {
			return count[emails[i]] > count[emails[j]]
		}
		return view[emails[i]].Name < view[emails[j]].Name
	})
	var out []Person
	for _, e := range emails[:min(maxWriters, len(emails))] {
		out = append(out, view[e])
	}
	return out
}
