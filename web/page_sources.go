package web

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strconv"

	"dealwiki/wiki"
	"dealwiki/wiki/people"
	"dealwiki/wiki/source"
)

const sourceItems = 50 // on one screen

// sourcesHref is where the items of the prospect's sources are read.
func (f *frame) sourcesHref() string { return f.base() + "/sources" }

// unreadItems is how many items of a prospect the caller has not seen. Failing
// at it is no reason not to show a page.
func (s *Server) unreadItems(ctx context.Context, c people.Caller, prospect string) int {
	if s.sources == nil || prospect == wiki.Playbook || c.Person.ID == "" {
		return 0
	}
	n, err := s.sources.Unread(ctx, c, prospect)
	if err != nil && ctx.Err() == nil {
		s.log.Warn("counting items of sources", "prospect", prospect, "err", err)
	}
	return n
}

// sourcesLink is the entry of the navigation.
func (f *frame) sourcesLink(ctx context.Context, screen string) NavLink {
	link := NavLink{Label: "Sources", Href: f.sourcesHref(), Icon: "newspaper", Current: screen == "sources"}
	if n := f.s.unreadItems(ctx, f.c, f.slug()); n > 0 {
		link.Count = strconv.Itoa(n)
	}
	return link
}

func (s *Server) openSources(r *http.Request, c people.Caller) (*frame, error) {
	if s.sources == nil {
		return nil, notFound()
	}
	f, err := s.open(r, c)
	if err == nil && f.playbook() {
		return nil, notFound()
	}
	return f, err
}

// sourcesPage lists what outside sources tell of the prospect.
func (s *Server) sourcesPage(w http.ResponseWriter, r *http.Request, c people.Caller) error {
	f, err := s.openSources(r, c)
	if err != nil {
		return err
	}
	v, err := f.sourcesView(w, r)
	if err != nil {
		return err
	}
	private(w)
	s.render(w, r, http.StatusOK, "sources", v)
	return nil
}

var sourceStates = map[string]source.State{"": source.Undecided, "kept": source.Kept, "dismissed": source.Dismissed}

func (f *frame) sourcesView(w http.ResponseWriter, r *http.Request) (*SourcesView, error) {
	s, ctx, q := f.s, r.Context(), r.URL.Query()
	only, show := q.Get("source"), q.Get("show")
	state, ok := sourceStates[show]
	if !ok {
		show = ""
	}
	from, _ := strconv.Atoi(q.Get("from")) // anything else is the beginning
	from = min(max(from, 0), 100_000)
	items, more, err := s.sources.Inbox(ctx, f.c, f.slug(), source.Filter{Source: only, State: state, Limit: sourceItems, From: from})
	if err != nil {
		return nil, err
	}
	counts, err := s.sources.Counts(ctx, f.c, f.slug())
	if err != nil {
		return nil, err
	}
	words, err := s.sources.Words(ctx, f.c, f.slug())
	if err != nil {
		return nil, err
	}
	v := &SourcesView{State: show, Form: Form{Values: map[string]string{"words": words}}, Title: f.entry.Title, CanWrite: f.canWrite()}
	names := map[string]string{}
	if err := f.sourceHealth(ctx, v, names); err != nil {
		return nil, err
	}
	for key := range counts {
		if names[key] == "" {
			names[key] = key // the source is gone, its items are not
		}
	}
	if v.CanWrite {
		v.Words = f.sourcesHref() + "/words"
	}
	if f.c.Can(people.Administer) {
		v.Setup = "/playbook/sources"
	}
	f.sourceChoices(v, counts, names, only)
	upto := int64(0)
	for i := range items {
		upto = max(upto, items[i].ID)
		if v.Items = append(v.Items, f.sourceItem(ctx, &items[i], names)); items[i].New {
			v.New++
		}
	}
	page := func(from int) string {
		to := url.Values{}
		for key, value := range map[string]string{"source": only, "show": show} {
			if value != "" {
				to.Set(key, value)
			}
		}
		if from > 0 {
			to.Set("from", strconv.Itoa(from))
		}
		return f.sourcesHref() + "?" + to.Encode()
	}
	if from > 0 {
		v.Pager.Prev = page(max(0, from-sourceItems))
	}
	if more {
		v.Pager.Next = page(from + sourceItems)
	}
	// What is on the first screen is seen: whoever looks at it knows of the rest.
	if seen(r) && show == "" && only == "" && from == 0 && upto > 0 {
		if err := s.sources.See(ctx, f.c, f.slug(), upto); err != nil && ctx.Err() == nil {
			s.log.Warn("noting items of sources as seen", "prospect", f.slug(), "err", err)
		}
	}
	v.Shell = f.shellOf(r, "Sources", wiki.Place{}, "sources")
	v.Flash = s.flash(w, r)
	return v, nil
}

// sourceHealth tells how asking goes, and the names of the sources by key.
func (f *frame) sourceHealth(ctx context.Context, v *SourcesView, names map[string]string) error {
	all, err := f.s.sources.Health(ctx, f.c, f.slug())
	var invalid *wiki.Invalid
	if errors.As(err, &invalid) {
		v.Problem = sentence(invalid.Error())
		return nil
	}
	if err != nil {
		return err
	}
	for i := range all {
		h := sourceHealth(&all[i])
		names[all[i].Source.Key] = h.Name
		v.Any = true
		v.Held = v.Held || h.Held
		v.Sources = append(v.Sources, h)
		if h.Problem != "" && !h.Paused {
			v.Failing = append(v.Failing, h)
		}
	}
	return nil
}

func sourceHealth(h *source.Health) SourceHealth {
	return SourceHealth{Name: h.Source.Name, Asked: h.Asked, Next: h.Next, Problem: h.Problem, Since: h.Since, Paused: h.Source.Paused, Held: h.Held}
}

// sourceChoices are what narrows the list.
func (f *frame) sourceChoices(v *SourcesView, counts map[string]int, names map[string]string, only string) {
	link := func(show, key string) string {
		to := url.Values{}
		if show != "" {
			to.Set("show", show)
		}
		if key != "" {
			to.Set("source", key)
		}
		if len(to) == 0 {
			return f.sourcesHref()
		}
		return f.sourcesHref() + "?" + to.Encode()
	}
	total := 0
	for _, n := range counts {
		total += n
	}
	v.Shows = []Choice{{Label: "To decide", Href: link("", only), On: v.State == "", Count: total}, {Label: "Kept", Href: link("kept", only), On: v.State == "kept"}, {Label: "Dismissed", Href: link("dismissed", only), On: v.State == "dismissed"}}
	if len(names) < 2 && only == "" {
		return
	}
	v.Filters = []Choice{{Label: "All sources", Href: link(v.State, ""), On: only == ""}}
	for _, key := range sortedByName(names) {
		c := Choice{Label: names[key], Href: link(v.State, key), On: key == only}
		if v.State == "" {
			c.Count = counts[key]
		}
		v.Filters = append(v.Filters, c)
	}
}

func (f *frame) sourceItem(ctx context.Context, i *source.Item, names map[string]string) SourceItem {
	item := SourceItem{ID: i.ID, Title: i.Title, Link: i.Link, Source: names[i.Source], Text: i.Text, At: i.At, New: i.New}
	if item.Source == "" {
		item.Source = i.Source
	}
	if u, err := url.Parse(i.Link); err == nil {
		item.Host = u.Hostname()
	}
	if p, err := f.s.people.Get(ctx, i.Person); i.Person != "" && err == nil {
		item.By = personView(p)
	}
	if i.State == source.Kept {
		if place, err := wiki.ParsePlace(i.Page); err == nil {
			item.Page = pagePath(f.slug(), place)
		}
		return item
	}
	if f.canWrite() {
		at := f.sourcesHref() + "/" + strconv.FormatInt(i.ID, 10)
		item.Keep = at + "/keep"
		if i.State == source.Dismissed {
			item.Back = at + "/back"
		} else {
			item.Dismiss = at + "/dismiss"
		}
	}
	return item
}

// postSource keeps an item, dismisses it or brings it back.
func (s *Server) postSource(w http.ResponseWriter, r *http.Request, c people.Caller) error {
	if s.sources == nil {
		return notFound()
	}
	ctx, prospect := r.Context(), r.PathValue("prospect")
	id, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
	if err != nil {
		return notFound()
	}
	if _, err := s.form(r); err != nil {
		return err
	}
	at := "/p/" + url.PathEscape(prospect) + "/sources"
	switch r.PathValue("what") {
	case "keep":
		e, known, err := s.sources.Keep(ctx, c, prospect, id)
		if err != nil {
			return err
		}
		text := "“" + clip(e.Title, 80) + "” is in the log."
		if known {
			text = "“" + clip(e.Title, 80) + "” was in the log already."
		}
		return s.goWith(w, r, at, Flash{Kind: "ok", Text: text, Href: pagePath(prospect, e.Place), Label: "Open it"})
	case "dismiss":
		if err := s.sources.Dismiss(ctx, c, prospect, id, false); err != nil {
			return err
		}
		return s.goWith(w, r, at, Flash{Kind: "ok", Text: "It is dismissed and will not come back.", Undo: &Undo{Action: at + "/" + strconv.FormatInt(id, 10) + "/back"}})
	case "back":
		if err := s.sources.Dismiss(ctx, c, prospect, id, true); err != nil {
			return err
		}
		return s.done(w, r, at, "It is back among those to decide.")
	}
	return notFound()
}

// postSourceWords says what the prospect is searched by.
func (s *Server) postSourceWords(w http.ResponseWriter, r *http.Request, c people.Caller) error {
	f, err := s.openSources(r, c)
	if err != nil {
		return err
	}
	form, err := s.form(r)
	if err != nil {
		return err
	}
	err = s.sources.SetWords(r.Context(), c, f.slug(), form.Get("words"))
	if err == nil {
		return s.done(w, r, f.sourcesHref(), "The sources are asked by this from now on.")
	}
	again, ok := again(form, err, nil)
	if !ok {
		return err
	}
	status, _, _ := s.errorStatus(err)
	v, err := f.sourcesView(w, r)
	if err != nil {
		return err
	}
	v.Form = again
	s.render(w, r, status, "sources", v)
	return nil
}
