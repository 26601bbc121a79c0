package web

import (
	"context"
	"errors"
	"html/template"
	"net/http"
	"net/url"
	"path"
	"strings"
	"time"

	"dealwiki/search"
	"dealwiki/search/query"
	"dealwiki/wiki"
	"dealwiki/wiki/people"
)

const (
	searchPageSize = 20
	searchFacts    = 5 // facts shown above the pages
	searchKnowers  = 4 // people shown beside them
	paletteItems   = 12
	searchTime     = 5 * time.Second
)

// highlight marks what was found in a text.
func highlight(parts []search.Fragment) template.HTML {
	var b strings.Builder
	for _, p := range parts {
		text := template.HTMLEscapeString(p.Text)
		if p.Match {
			text = "<mark>" + text + "</mark>"
		}
		b.WriteString(text)
	}
	return template.HTML(b.String())
}

// searchPage shows what was found, and what it can be narrowed to.
func (s *Server) searchPage(w http.ResponseWriter, r *http.Request, c people.Caller) error {
	ctx, cancel := context.WithTimeout(r.Context(), searchTime)
	defer cancel()
	q := r.URL.Query()
	v := &SearchView{Shell: s.shell(r, c, "Search"), Query: strings.TrimSpace(q.Get("q"))}
	v.Nav = "search"
	if slug := q.Get("prospect"); slug != "" {
		e, err := s.wiki.Prospect(ctx, c, slug)
		switch {
		case err == nil:
			v.Scope, v.Within = slug, e.Title
		case slug == wiki.Playbook:
			v.Scope, v.Within = slug, "the playbook"
		default:
			return notFound()
		}
	}
	sort := search.Sort(q.Get("sort"))
	if sort != search.Best && sort != search.Newest {
		return badRequest("Hits are sorted with sort=newest, or by how well they match without it.")
	}
	status := http.StatusOK
	if v.Query == "" {
		v.Help = true
	} else if s.search == nil {
		status, v.Error = http.StatusServiceUnavailable, "Search is not available on this server."
	} else if problem, err := s.runSearch(ctx, c, v, q.Get("cursor"), sort); err != nil {
		return err
	} else if problem != "" {
		status, v.Error = http.StatusBadRequest, problem
	}
	s.renderSecret(w, r, status, "search", v)
	return nil
}

// runSearch fills the view, or says what is wrong with the query.
func (s *Server) runSearch(ctx context.Context, c people.Caller, v *SearchView, cursor string, sort search.Sort) (problem string, err error) {
	parsed, err := query.Parse(v.Query)
	if err != nil {
		var wrong *query.Error
		if errors.As(err, &wrong) {
			return wrong.Msg, nil
		}
		return "", err
	}
	asked := parsed
	if v.Scope != "" {
		if asked, err = parsed.With(query.Prospect, v.Scope); err != nil {
			return "", notFound()
		}
	}
	level := s.people.Visible(ctx, c)
	start := s.now()
	res, err := s.search.Search(ctx, search.Request{Query: asked, Access: search.Tokens(ctx, s.wiki, c), Limit: searchPageSize, Cursor: cursor, Facets: true, Sort: sort},
		func(prospect string) bool { return level(prospect) >= people.Viewer })
	switch {
	case errors.Is(err, search.ErrCursor), errors.Is(err, search.ErrLimit):
		return "", badRequest("This link to more results is not valid any more. Search again.")
	case errors.Is(err, context.DeadlineExceeded):
		return "This search takes too long. Use fewer or longer words.", nil
	case err != nil:
		return "", err
	}
	if cursor == "" && v.Scope == "" { // who knows is asked of all prospects
		known, _, err := s.whoKnows(ctx, c, v.Query)
		if err != nil {
			return "", err
		}
		v.Known = s.knowerRows(ctx, known[:min(len(known), searchKnowers)])
	}
	v.Took = s.now().Sub(start)
	v.Total = res.Total
	funnel, err := s.wiki.Funnel(ctx)
	if err != nil {
		return "", err
	}
	for _, h := range res.Hits {
		hit := s.hit(ctx, h, funnel)
		if h.Type == "fact" && len(v.Facts) < searchFacts && cursor == "" {
			v.Facts = append(v.Facts, hit)
		} else {
			v.Hits = append(v.Hits, hit)
		}
	}
	address := func(q query.Query) string {
		at := url.Values{"q": {q.String()}}
		if v.Scope != "" {
			at.Set("prospect", v.Scope)
		}
		if sort != "" {
			at.Set("sort", string(sort))
		}
		return "/search?" + at.Encode()
	}
	if res.Next != "" {
		v.Pager.Next = address(parsed) + "&cursor=" + url.QueryEscape(res.Next)
	}
	if cursor != "" {
		v.Pager.Prev = address(parsed)
	}
	switch {
	case res.Building:
		v.Pager.Note = "The index is being built: more may be found in a while."
	case res.Corrected:
		v.Pager.Note = "Nothing matches as typed; these are spelled alike."
	}
	v.Sort = options(string(sort), "", "Best match", "newest", "Newest first")
	v.Facets = s.facets(ctx, c, res.Facets, parsed, funnel, v.Scope, address)
	for _, f := range parsed.Filters {
		for _, value := range f.Values {
			label := string(f.Name) + ": " + value
			if f.Not {
				label = "not " + label
			}
			v.Chips = append(v.Chips, Choice{Label: label, Href: address(parsed.Without(f.Name, value))})
		}
	}
	if v.Scope != "" {
		v.Chips = append(v.Chips, Choice{Label: v.Within, Href: "/search?" + url.Values{"q": {v.Query}}.Encode()})
	}
	return "", nil
}

// facets draws what the hits can be narrowed to.
func (s *Server) facets(ctx context.Context, c people.Caller, found search.Facets, q query.Query, funnel *wiki.Funnel, scope string, address func(query.Query) string) []Facet {
	group := func(title string, name query.Name, counts []search.Count, label func(string) string) Facet {
		f := Facet{Title: title}
		on := map[string]bool{}
		for _, v := range q.Filter(name, false) {
			on[v] = true
		}
		for _, n := range counts[:min(10, len(counts))] {
			v := FacetValue{Label: label(n.Value), Count: n.N, On: on[n.Value]}
			if v.On {
				v.Href = address(q.Without(name, n.Value))
			} else if with, err := q.With(name, n.Value); err == nil {
				v.Href = address(with)
			} else {
				continue
			}
			if name == query.In {
				v.Audience = n.Value
			}
			f.Values = append(f.Values, v)
		}
		return f
	}
	same := func(v string) string { return v }
	var out []Facet
	add := func(f Facet) {
		if len(f.Values) > 1 || len(f.Values) == 1 && f.Values[0].On {
			out = append(out, f)
		}
	}
	add(group("Side", query.In, found.Section, same))
	if scope == "" {
		add(group("Prospect", query.Prospect, found.Prospect, func(slug string) string {
			if e, err := s.wiki.Prospect(ctx, c, slug); err == nil {
				return e.Title
			}
			return upperFirst(slug)
		}))
	}
	add(group("Stage", query.Stage, found.Stage, func(key string) string { return stageTitle(funnel, key) }))
	add(group("Kind", query.Kind, found.Kind, upperFirst))
	add(group("Changed by", query.By, found.Author, func(handle string) string {
		if p, err := s.people.ByHandle(ctx, handle); err == nil {
			return p.Name
		}
		return handle
	}))
	return out
}

// hit draws one thing found.
func (s *Server) hit(ctx context.Context, h search.Hit, funnel *wiki.Funnel) Hit {
	v := Hit{Title: highlight(h.TitleParts), Href: hitPath(h), Kind: h.Type, Audience: h.Section, Fragment: highlight(h.Fragments), At: h.Updated, Where: h.Label}
	if h.Type == "fact" {
		v.Kind = h.Kind
	}
	if len(h.TitleParts) == 0 {
		v.Title = template.HTML(template.HTMLEscapeString(h.Title))
	}
	if p, err := s.people.ByHandle(ctx, h.Author); err == nil {
		v.By = p.Name
	} else {
		v.By = h.Author
	}
	v.Place = h.ProspectTitle
	if h.Stage != "" {
		v.Place += " · " + stageTitle(funnel, h.Stage)
	}
	if h.Type == "fact" && h.PageTitle != "" {
		v.Place += " · " + h.PageTitle
	}
	return v
}

// hitPath is where a hit leads.
func hitPath(h search.Hit) string {
	stage, name, ok := strings.Cut(h.Path, "/")
	section := wiki.Section(h.Section)
	switch {
	case !ok:
		return spacePath(h.Prospect)
	case strings.HasPrefix(name, "files/"):
		return filePath(h.Prospect, wiki.File{Section: section, Stage: stage, Name: strings.TrimPrefix(name, "files/")})
	}
	href := pagePath(h.Prospect, wiki.Place{Section: section, Stage: stage, Page: strings.TrimSuffix(name, path.Ext(name))})
	if h.FactID != "" {
		href += "#" + url.PathEscape(h.FactID)
	}
	return href
}

// commands are what the palette can do beside opening things.
var commands = []PaletteItem{
	{Kind: "command", Title: "Go to the pipeline", Href: "/", Shortcut: "G P"},
	{Kind: "command", Title: "New space", Href: "/new"},
	{Kind: "command", Title: "Playbook", Href: "/playbook"},
	{Kind: "command", Title: "People", Href: "/people"},
	{Kind: "command", Title: "Settings", Href: "/settings"},
	{Kind: "command", Title: "Sign in on another device", Href: "/settings#sessions"},
}

var adminCommands = []PaletteItem{
	{Kind: "command", Title: "Invite a colleague", Href: "/admin/people"},
	{Kind: "command", Title: "Import", Href: "/admin/import"},
	{Kind: "command", Title: "Audit", Href: "/admin/audit"},
}

// palette answers what a few typed letters may mean.
func (s *Server) palette(w http.ResponseWriter, r *http.Request, c people.Caller) error {
	ctx, cancel := context.WithTimeout(r.Context(), searchTime)
	defer cancel()
	q := r.URL.Query()
	text, scope := strings.TrimSpace(q.Get("q")), q.Get("p")
	items := []PaletteItem{}
	seen := map[string]bool{}
	add := func(item PaletteItem) {
		if len(items) < paletteItems && !seen[item.Href] {
			seen[item.Href] = true
			items = append(items, item)
		}
	}
	words := strings.Fields(strings.ToLower(text))
	for _, e := range s.wiki.Prospects(ctx, c) {
		if scope == "" && len(items) < 5 && begins(e.Title+" "+e.Slug, words) {
			add(PaletteItem{Kind: "prospect", Title: e.Title, Href: spacePath(e.Slug), Hint: e.Stage})
		}
	}
	if s.search != nil && text != "" {
		level := s.people.Visible(ctx, c)
		hits, err := s.search.Suggest(ctx, clip(text, 200), search.Tokens(ctx, s.wiki, c), 30, func(prospect string) bool {
			return level(prospect) >= people.Viewer && (scope == "" || prospect == scope)
		})
		if err != nil && r.Context().Err() == nil {
			s.log.Warn("suggesting", "err", err)
		}
		for _, h := range hits {
			if scope == "" || h.Prospect == scope {
				add(PaletteItem{Kind: h.Type, Title: h.Title, Href: hitPath(h), Hint: h.ProspectTitle, Section: h.Section})
			}
		}
	}
	if scope == "" && text != "" {
		all, err := s.people.List(ctx)
		if err != nil {
			return err
		}
		for _, p := range all {
			if !p.Guest && !p.Disabled && begins(p.Name+" "+p.Handle, words) {
				add(PaletteItem{Kind: "person", Title: p.Name, Href: "/people/" + url.PathEscape(p.Handle), Hint: string(p.Job)})
			}
		}
	}
	list := commands
	if c.Can(people.Administer) {
		list = append(list[:len(list):len(list)], adminCommands...)
	}
	for _, item := range list {
		if begins(item.Title, words) {
			add(item)
		}
	}
	return s.json(w, http.StatusOK, map[string]any{"items": items})
}

// begins reports that every typed word begins a word of a text.
func begins(text string, words []string) bool {
	in := strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return r == ' ' || r == '-' || r == '.' || r == '/' })
	for _, w := range words {
		found := false
		for _, t := range in {
			found = found || strings.HasPrefix(t, w)
		}
		if !found {
			return false
		}
	}
	return true
}
