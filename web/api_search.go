package web

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"dealwiki/search"
	"dealwiki/search/query"
	"dealwiki/wiki/people"
)

// apiHit is one thing found.
type apiHit struct {
	Type      string        `json:"type" enum:"page,fact,file,prospect"`
	Kind      string        `json:"kind" doc:"For facts: which kind"`
	Title     string        `json:"title"`
	Prospect  string        `json:"prospect"`
	Section   string        `json:"section"`
	Stage     string        `json:"stage,omitempty"`
	Path      string        `json:"path,omitempty" doc:"In the repository of its section"`
	FactID    string        `json:"fact,omitempty"`
	Line      int           `json:"line,omitempty"`
	Label     string        `json:"label,omitempty" doc:"Of an attachment: which page, slide or sheet"`
	Authors   []string      `json:"authors,omitempty" doc:"Handles"`
	Updated   time.Time     `json:"updated"`
	Fragments []apiFragment `json:"fragments" doc:"The passage that matches best"`
}

type apiFragment struct {
	Text  string `json:"text"`
	Match bool   `json:"match"`
}

type apiCount struct {
	Value string `json:"value"`
	Count int    `json:"count"`
}

type searchOutput struct {
	Body struct {
		Listing[apiHit]
		Total     int                   `json:"total"`
		Facets    map[string][]apiCount `json:"facets"`
		Corrected bool                  `json:"corrected" doc:"Nothing matched as typed; these match with typing errors forgiven"`
		Building  bool                  `json:"building" doc:"The index is still being built: more may be found later"`
	}
}

type searchInput struct {
	Q        string `query:"q" doc:"Words, phrases and filters: penalty cap in:external stage:closing by:dana"`
	Prospect string `query:"prospect" maxLength:"200"`
	Section  string `query:"section" enum:"internal,external"`
	Stage    string `query:"stage" maxLength:"200"`
	Author   string `query:"author" maxLength:"200" doc:"A handle"`
	Kind     string `query:"kind" maxLength:"40"`
	Sort     string `query:"sort" enum:"newest"`
	Limit    int    `query:"limit" minimum:"1" maximum:"100" default:"20"`
	Cursor   string `query:"cursor" maxLength:"2000"`
}

// text is the query with the parameters as filters.
func (in *searchInput) text() (string, error) {
	words := []string{in.Q}
	for _, f := range []struct{ name, value string }{{"prospect", in.Prospect}, {"in", in.Section}, {"stage", in.Stage}, {"by", in.Author}, {"kind", in.Kind}} {
		if f.value == "" {
			continue
		}
		if strings.ContainsAny(f.value, " \t\r\n\"():") {
			return "", huma.Error400BadRequest("a filter's value is one word")
		}
		words = append(words, f.name+":"+f.value)
	}
	return strings.Join(words, " "), nil
}

func (a *api) installSearch() {
	register(a, op("search", http.MethodGet, "/search", "Find pages, facts, attachments and prospects"), a.search)
}

func (a *api) search(ctx context.Context, c people.Caller, in *searchInput) (*searchOutput, error) {
	if a.s.search == nil {
		return nil, huma.Error503ServiceUnavailable("search is not available")
	}
	text, err := in.text()
	if err != nil {
		return nil, err
	}
	q, err := query.Parse(text)
	var wrong *query.Error
	if errors.As(err, &wrong) {
		return nil, huma.Error400BadRequest("the query cannot be understood: " + wrong.Msg)
	}
	if err != nil {
		return nil, err
	}
	level := a.s.people.Visible(ctx, c)
	found, err := a.s.search.Search(ctx, search.Request{Query: q, Access: search.Tokens(ctx, a.s.wiki, c), Limit: in.Limit, Cursor: in.Cursor, Facets: true, Sort: search.Sort(in.Sort)},
		func(prospect string) bool { return level(prospect) >= people.Viewer })
	if errors.Is(err, search.ErrCursor) {
		return nil, errCursor
	}
	if err != nil {
		return nil, err
	}
	out := &searchOutput{}
	out.Body.Items = []apiHit{}
	for _, h := range found.Hits {
		hit := apiHit{Type: h.Type, Kind: h.Kind, Title: h.Title, Prospect: h.Prospect, Section: h.Section, Stage: h.Stage, Path: h.Path, FactID: h.FactID,
			Line: h.Line, Label: h.Label, Authors: h.Authors, Updated: h.Updated, Fragments: []apiFragment{}}
		for _, f := range h.Fragments {
			hit.Fragments = append(hit.Fragments, apiFragment(f))
		}
		out.Body.Items = append(out.Body.Items, hit)
	}
	out.Body.Total, out.Body.Corrected, out.Body.Building = found.Total, found.Corrected, found.Building
	out.Body.Facets = map[string][]apiCount{}
	for name, counts := range map[string][]search.Count{"prospect": found.Facets.Prospect, "section": found.Facets.Section, "stage": found.Facets.Stage, "kind": found.Facets.Kind, "author": found.Facets.Author} {
		out.Body.Facets[name] = []apiCount{}
		for _, n := range counts {
			out.Body.Facets[name] = append(out.Body.Facets[name], apiCount{n.Value, n.N})
		}
	}
	if found.Next != "" {
		out.Body.Next = &found.Next
	}
	return out, nil
}
