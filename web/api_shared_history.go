package web

import (
	"context"
	"dealwiki/wiki/people"
	"dealwiki/wiki/repo"
	"net/http"
)

func (p *portal) installSharedHistory(a *api, page string) {
	registerFor(a, Shared, op("shared-page-history", http.MethodGet, page+"/history", "A shared page's versions, the newest first"), p.sharedPageHistory)
	registerFor(a, Shared, op("shared-page-compare", http.MethodGet, page+"/compare", "What changed between two versions of a shared page"), p.sharedPageCompare)
}

type sharedHistoryInput struct {
	SharedPageInput
	ListInput
}

func (p *portal) sharedPageHistory(ctx context.Context, c people.Caller, in *sharedHistoryInput) (*listOutput[apiSharedVersion], error) {
	ro, info, err := p.enterPageAt(ctx, c, in.Prospect, in.Page)
	if err != nil {
		return nil, err
	}
	below, err := cursorVersion(in.Cursor)
	if err != nil {
		return nil, err
	}
	if !below.IsZero() {
		if _, err := ro.side.Version(ctx, c, info.Place, below); err != nil {
			return nil, errCursor
		}
	}
	all, err := ro.side.History(ctx, c, info.Place, in.Limit+1, below)
	if err != nil {
		return nil, hide(err)
	}
	out := &listOutput[apiSharedVersion]{Body: Listing[apiSharedVersion]{Items: []apiSharedVersion{}}}
	for i := range all {
		if i == in.Limit {
			next := all[i-1].Commit.String()
			out.Body.Next = &next
			break
		}
		out.Body.Items = append(out.Body.Items, ro.apiVersion(ctx, &all[i]))
	}
	return out, nil
}

type sharedCompareInput struct {
	SharedPageInput
	From    string `query:"from" required:"true" maxLength:"40"`
	To      string `query:"to" required:"true" maxLength:"40"`
	Context int    `query:"context" minimum:"0" maximum:"1000" default:"3" doc:"Unchanged lines around each change"`
}

type sharedCompareOutput struct {
	Body struct {
		From  apiSharedVersion `json:"from"`
		To    apiSharedVersion `json:"to"`
		Hunks []apiHunk        `json:"hunks"`
	}
}

func (p *portal) sharedPageCompare(ctx context.Context, c people.Caller, in *sharedCompareInput) (*sharedCompareOutput, error) {
	ro, info, err := p.enterPageAt(ctx, c, in.Prospect, in.Page)
	if err != nil {
		return nil, err
	}
	from, err := parseVersion(in.From)
	if err != nil {
		return nil, err
	}
	to, err := parseVersion(in.To)
	if err != nil {
		return nil, err
	}
	hunks, _, _, err := ro.side.Compare(ctx, c, info.Place, from, to, in.Context)
	if err != nil {
		return nil, hide(err)
	}
	out := &sharedCompareOutput{}
	for _, x := range []struct {
		at repo.Hash
		to *apiSharedVersion
	}{{from, &out.Body.From}, {to, &out.Body.To}} {
		v, err := ro.side.Version(ctx, c, info.Place, x.at)
		if err != nil {
			return nil, hide(err)
		}
		*x.to = ro.apiVersion(ctx, &v)
	}
	out.Body.Hunks = apiHunks(hunks)
	return out, nil
}
