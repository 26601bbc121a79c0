package web

import (
	"errors"
	"fmt"
	"html/template"
	"net/http"
	"slices"

	"dealwiki/content"
	"dealwiki/wiki"
	"dealwiki/wiki/handoff"
	"dealwiki/wiki/people"
	"dealwiki/wiki/repo"
)

// maxPastQuery is the longest search of the space as it was.
const maxPastQuery = 200

// past lists the pages of both sides as they were at a handoff, or those that
// hold the words of ?q=.
func (s *Server) past(w http.ResponseWriter, r *http.Request, c people.Caller) error {
	f, h, err := s.openHandoff(r, c)
	if err != nil {
		return err
	}
	sides, err := s.book.At(r.Context(), c, f.space, h)
	if err != nil {
		return err
	}
	v := &PastView{Shell: f.pastShell(r, h, ""), Row: f.handoffRow(r.Context(), h), Query: oneLine(r.URL.Query().Get("q"))}
	if len(v.Query) > maxPastQuery {
		return badRequest("The search is longer than 200 bytes. Use fewer words.")
	}
	byStage := map[string][]SpacePage{}
	for _, side := range sides {
		pages := side.Pages()
		if v.Query != "" {
			if pages, err = side.Search(v.Query); err != nil {
				return err
			}
		}
		for _, p := range pages {
			byStage[p.Stage] = append(byStage[p.Stage], SpacePage{Title: p.Title, Href: v.Row.AsItWas + "/" + p.Place.String(), Lead: p.Lead, Audience: string(p.Section)})
			v.Count++
		}
	}
	keys := f.stages()
	for _, side := range sides { // stages that the funnel, and the space now, have lost
		for _, p := range side.Pages() {
			if !slices.Contains(keys, p.Stage) {
				keys = append(keys, p.Stage)
			}
		}
	}
	for _, key := range keys {
		if pages := byStage[key]; len(pages) > 0 {
			v.Stages = append(v.Stages, PastStage{Name: f.stageTitle(key), Pages: pages})
		}
	}
	private(w)
	s.render(w, r, http.StatusOK, "past", v)
	return nil
}

func (f *frame) pastShell(r *http.Request, h *handoff.Handoff, page string) Shell {
	sh := f.shellOf(r, "As it was", wiki.Place{}, "handoffs")
	at := f.handoffPath(h.Number)
	sh.Crumbs = []Crumb{{"Pipeline", "/"}, {f.entry.Title, f.href()}, {"Handoffs", f.base() + "/handoffs"}, {fmt.Sprintf("Handoff %d", h.Number), at}}
	if page == "" {
		sh.Crumbs = append(sh.Crumbs, Crumb{Label: "As it was"})
	} else {
		sh.Title = page
		sh.Crumbs = append(sh.Crumbs, Crumb{"As it was", at + "/as-it-was"}, Crumb{Label: page})
	}
	sh.Audience = AudienceInternal
	return sh
}

// pastPage shows one page as it was at a handoff.
func (s *Server) pastPage(w http.ResponseWriter, r *http.Request, c people.Caller) error {
	f, h, err := s.openHandoff(r, c)
	if err != nil {
		return err
	}
	ctx := r.Context()
	place, err := wiki.ParsePlace(r.PathValue("section") + "/" + r.PathValue("stage") + "/" + r.PathValue("page"))
	if err != nil {
		return notFound()
	}
	sides, err := s.book.At(ctx, c, f.space, h)
	if err != nil {
		return err
	}
	for _, side := range sides {
		p, err := side.Read(place)
		if errors.Is(err, wiki.ErrNotFound) {
			continue
		}
		if err != nil {
			return err
		}
		resolver, err := f.resolver(ctx, place)
		if err != nil {
			return err
		}
		doc := content.Parse(p.Text)
		v := &PastPageView{Shell: f.pastShell(r, h, p.Title), Row: f.handoffRow(ctx, h), Notice: doc.Notice(),
			Page: PageHead{Title: p.Title, Href: pagePath(f.slug(), place), Audience: string(place.Section), Stage: f.stageTitle(place.Stage), Words: p.Words, Minutes: minutes(p.Words), Tags: p.Tags}}
		v.Audience = string(place.Section)
		v.Body = template.HTML(doc.HTML(resolver, content.RenderOptions{HideTitle: true}))
		if err := f.pastNow(r, v, place, side.Commit()); err != nil {
			return err
		}
		private(w)
		s.render(w, r, http.StatusOK, "past-page", v)
		return nil
	}
	return notFound()
}

// pastNow says where the page of then is now, and what to compare it with.
func (f *frame) pastNow(r *http.Request, v *PastPageView, place wiki.Place, at repo.Hash) error {
	ctx := r.Context()
	side, err := f.side(place.Section)
	if err != nil {
		return err
	}
	now, err := side.Lookup(ctx, f.c, place)
	if errors.Is(err, wiki.ErrNotFound) {
		if to, moved := side.MovedTo(ctx, f.c, place); moved == nil {
			v.Now = pagePath(f.slug(), to)
		}
		return nil
	}
	if err != nil {
		return err
	}
	v.Now = pagePath(f.slug(), place)
	versions, err := side.History(ctx, f.c, place, 1<<20, repo.Hash{})
	if err != nil {
		return err
	}
	when, err := side.CommittedAt(ctx, f.c, at)
	if err != nil {
		return err
	}
	for _, version := range versions { // newest first
		if !version.When.After(when) {
			if version.Commit != now.Version {
				v.Compare = v.Now + "/compare?from=" + version.Commit.String() + "&to=" + now.Version.String()
			}
			break
		}
	}
	return nil
}
