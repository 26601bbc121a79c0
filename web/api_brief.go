package web

import (
	"context"
	"errors"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"dealwiki/wiki"
	"dealwiki/wiki/brief"
	"dealwiki/wiki/people"
)

type briefInput struct {
	ProspectInput
	Since string `query:"since" maxLength:"200" doc:"last-visit (the default), a stage, a date such as 2026-11-02 or a commit"`
}

type briefOutput struct{ Body *brief.Brief }

func (a *api) installBrief() {
	if a.s.briefs == nil {
		return
	}
	register(a, op("get-brief", http.MethodGet, "/prospects/{prospect}/brief", "What a newcomer reads first of a prospect, and what is new"), a.getBrief)
}

func (a *api) getBrief(ctx context.Context, c people.Caller, in *briefInput) (*briefOutput, error) {
	sp, err := a.s.wiki.Space(ctx, c, in.Prospect)
	if err != nil {
		return nil, err
	}
	if sp.Prospect() == wiki.Playbook {
		return nil, notFound()
	}
	b, err := a.s.briefs.Make(ctx, c, sp, in.Since)
	if errors.Is(err, brief.ErrSince) {
		return nil, huma.Error400BadRequest(brief.ErrSince.Error())
	}
	if err != nil {
		return nil, err
	}
	return &briefOutput{b}, nil
}
