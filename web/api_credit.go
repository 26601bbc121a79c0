package web

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"dealwiki/wiki"
	"dealwiki/wiki/credit"
	"dealwiki/wiki/people"
)

type apiKnower struct {
	Person APIPerson `json:"person"`
	Job    string    `json:"job,omitempty"`
	Stated string    `json:"stated,omitempty" doc:"What they say that they know about"`
	credit.Knower
}

type knowerInput struct {
	Q string `query:"q" required:"true" minLength:"1" maxLength:"1000" doc:"Words and filters as in a search"`
}

type knowerOutput struct {
	Body struct {
		Items []apiKnower `json:"items"`
		Next  *string     `json:"next" doc:"Always null: the list is short"`
	}
}

func (a *api) installCredit() {
	register(a, op("search-people", http.MethodGet, "/search/people", "Who knows about something"), a.searchPeople)
}

func (a *api) searchPeople(ctx context.Context, c people.Caller, in *knowerInput) (*knowerOutput, error) {
	if c.Person.Guest || a.s.credit == nil {
		return nil, wiki.ErrNotFound
	}
	known, problem, err := a.s.whoKnows(ctx, c, in.Q)
	if err != nil {
		return nil, err
	}
	if problem != "" {
		return nil, huma.Error400BadRequest("the query cannot be understood: " + problem)
	}
	out := &knowerOutput{}
	out.Body.Items = []apiKnower{}
	for _, k := range known {
		out.Body.Items = append(out.Body.Items, apiKnower{personOf(k.Person), string(k.Person.Job), k.Person.Skills, k})
	}
	return out, nil
}
