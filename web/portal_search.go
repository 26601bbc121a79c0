package web

import (
	"context"
	"errors"
	"html/template"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"dealwiki/search"
	"dealwiki/search/query"
	"dealwiki/wiki"
	"dealwiki/wiki/people"
	"dealwiki/wiki/repo"
)

// SharedSearchView is what was found in a shared space (template shared_search).
type SharedSearchView struct {
	SharedShell
	Query     string
	Error     string
	Total     int
	Corrected bool
	Kinds     []Choice
	Hits      []SharedHitView
	Pager     Pager
	Help      bool
}

// SharedHitView is one thing found.
type SharedHitView struct {
	Kind     string
	Icon     string
	Title    template.HTML
	Href     string
	Fragment template.HTML
	On       string // the page that a fact stands on, or the part of a file
	By       string
	At       time.Time
}

// search finds in one shared space.
func (p *portal) search(w http.ResponseWriter, r *http.Request, c people.Caller) error {
	ro, err := p.enter(r, c)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(r.Context(), searchTime)
	defer cancel()
	q := r.URL.Query()
	v := &SharedSearchView{SharedShell: ro.around(r, "Search", "", "search"), Query: strings.TrimSpace(q.Get("q"))}
	v.Portal.Query = v.Query
	v.Help = v.Query == ""
	if !v.Help {
		page, _ := strconv.Atoi(q.Get("page"))
		page = max(0, min(page, 1000))
		found, err := ro.find(ctx, v.Query, q.Get("kind"), page*searchPageSize, searchPageSize)
		var wrong *query.Error
		switch {
		case errors.As(err, &wrong):
			v.Error = wrong.Msg
		case err != nil:
			return hide(err)
		default:
			v.Total, v.Corrected = found.Total, found.Corrected
			at := func(kind string, page int) string {
				values := url.Values{"q": {v.Query}}
				if kind != "" {
					values.Set("kind", kind)
				}
				if page > 0 {
					values.Set("page", strconv.Itoa(page))
				}
				return ro.home() + "/search?" + values.Encode()
			}
			if len(found.Kinds) > 1 {
				v.Kinds = append(v.Kinds, Choice{Label: "Everything", Href: at("", 0), On: q.Get("kind") == ""})
				for _, k := range found.Kinds {
					v.Kinds = append(v.Kinds, Choice{Label: foundName(k.Value), Href: at(k.Value, 0), Count: k.N, On: q.Get("kind") == k.Value})
				}
			}
			for i := range found.Hits {
				v.Hits = append(v.Hits, ro.hit(ctx, &found.Hits[i]))
			}
			if page > 0 {
				v.Pager.Prev = at(q.Get("kind"), page-1)
			}
			if (page+1)*searchPageSize < found.Total {
				v.Pager.Next = at(q.Get("kind"), page+1)
			}
		}
	}
	private(w)
	p.pages.render(w, r, http.StatusOK, "shared_search", v)
	return nil
}

// find searches the shared side.
func (ro *room) find(ctx context.Context, text, kind string, skip, limit int) (search.SharedResult, error) {
	q, err := query.Parse(text)
	if err != nil {
		return search.SharedResult{}, err
	}
	return ro.p.finder.Search(ctx, search.SharedRequest{Caller: ro.c, Side: ro.side, Query: q, Limit: limit, Skip: skip, Kind: kind, Handle: ro.handleOf(ctx)})
}

// handleOf names authors as by: has them, as far as they may be named here.
func (ro *room) handleOf(ctx context.Context) func(repo.Person) string {
	return func(p repo.Person) string {
		known, err := ro.p.who.Get(ctx, wiki.PersonID(p))
		if err != nil || !ro.known[known.ID] {
			return ""
		}
		return known.Handle
	}
}

func (ro *room) hit(ctx context.Context, h *search.SharedHit) SharedHitView {
	v := SharedHitView{Kind: h.Kind, Icon: "file-text", Title: highlight(h.TitleParts), Fragment: highlight(h.Fragments), Href: ro.hitHref(h), On: h.PageTitle, By: ro.author(ctx, h.Author).Name, At: h.Updated}
	switch h.Type {
	case "file":
		v.Icon, v.On = "paperclip", h.Label
	case "fact":
		v.Icon = "bookmark-plus"
	}
	return v
}

func (ro *room) hitHref(h *search.SharedHit) string {
	if h.Type == "file" {
		return ro.file(h.File)
	}
	if h.FactID != "" {
		return ro.href(h.Page) + "#" + url.PathEscape(h.FactID)
	}
	return ro.href(h.Page)
}

func foundName(kind string) string {
	switch kind {
	case "page":
		return "Pages"
	case "file":
		return "Files"
	case "action":
		return "Steps"
	}
	return upperFirst(kind) + "s"
}
