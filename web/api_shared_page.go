package web

import (
	"context"
	"dealwiki/wiki"
	"dealwiki/wiki/people"
	"dealwiki/wiki/repo"
	"errors"
	"net/http"
)

func (p *portal) installSharedPages(a *api, base, page string) {
	registerFor(a, Shared, op("list-shared-pages", http.MethodGet, base+"/pages", "Every shared page"), p.listSharedPages)
	registerFor(a, Shared, op("get-shared-page", http.MethodGet, page, "A shared page's text as last committed, or at one of its versions"), p.getSharedPage)
	put := op("put-shared-page", http.MethodPut, page, "Make a shared page, or change its text")
	put.Errors = []int{400, 401, 403, 404, 409, 412, 413, 422, 428}
	registerFor(a, Shared, put, p.putSharedPage)
	registerFor(a, Shared, op("set-shared-task", http.MethodPost, page+"/tasks", "Tick or untick a task"), p.setSharedTask)
}

type sharedPagesInput struct {
	SharedInput
	ListInput
}

func (p *portal) listSharedPages(ctx context.Context, c people.Caller, in *sharedPagesInput) (*listOutput[apiSharedPage], error) {
	ro, err := p.enterAt(ctx, c, in.Prospect)
	if err != nil {
		return nil, err
	}
	var all []apiSharedPage
	for i := range ro.pages {
		x := &ro.pages[i]
		all = append(all, apiSharedPage{x.Page, x.Title, x.Lead, x.Words, x.Tags, x.Version.String(), x.Number, ro.apiAuthors(ctx, x.Author, x.CoAuthors), x.Updated, x.Size, ro.unread(x)})
	}
	return piece(all, in.ListInput, func(x apiSharedPage) string { return x.Page })
}

type sharedGetInput struct {
	SharedPageInput
	At string `query:"at" maxLength:"40" doc:"One of the page's versions"`
}

func (p *portal) getSharedPage(ctx context.Context, c people.Caller, in *sharedGetInput) (*pageOutput, error) {
	ro, info, err := p.enterPageAt(ctx, c, in.Prospect, in.Page)
	if err != nil {
		return nil, err
	}
	var text *wiki.Page
	if in.At == "" {
		text, err = ro.side.Read(ctx, c, info.Place)
	} else {
		var at repo.Hash
		if at, err = parseVersion(in.At); err != nil {
			return nil, err
		}
		text, err = ro.side.ReadAt(ctx, c, info.Place, at)
	}
	if err != nil {
		return nil, hide(err)
	}
	return ro.apiText(ctx, text, nil), nil
}

type sharedPutInput struct {
	SharedPageInput
	Preconditions
	Body struct {
		Text    string `json:"text"`
		Message string `json:"message,omitempty" maxLength:"500" doc:"What was done, in one line"`
	}
}

func (p *portal) putSharedPage(ctx context.Context, c people.Caller, in *sharedPutInput) (*pageOutput, error) {
	ro, err := p.enterAt(ctx, c, in.Prospect)
	if err != nil {
		return nil, err
	}
	e := wiki.Edit{Place: wiki.Place{Section: ro.side.Section(), Stage: wiki.StageAccount, Page: in.Page}, Text: []byte(in.Body.Text), Message: in.Body.Message, Strict: true}
	info, err := ro.lookup(ctx, in.Page)
	there := err == nil
	if err != nil && !errors.Is(err, wiki.ErrNotFound) {
		return nil, err
	}
	if !there && in.IfMatch != "" && in.IfNoneMatch == "" {
		return nil, notFound()
	}
	if e.Base, err = in.base(there); err != nil {
		return nil, err
	}
	if there {
		e.Place = info.Place
	}
	done, err := ro.side.Edit(ctx, c, e)
	if err != nil {
		return nil, hide(err)
	}
	out := ro.apiText(ctx, &done.Page, done.Overlaps)
	if e.Base.IsZero() {
		out.Status = http.StatusCreated
	}
	return out, nil
}

type sharedTickInput struct {
	SharedPageInput
	Body struct {
		Version string `json:"version" maxLength:"40" doc:"The version in which the line was seen"`
		Line    int    `json:"line" minimum:"1"`
		Done    bool   `json:"done"`
	}
}

func (p *portal) setSharedTask(ctx context.Context, c people.Caller, in *sharedTickInput) (*pageOutput, error) {
	ro, info, err := p.enterPageAt(ctx, c, in.Prospect, in.Page)
	if err != nil {
		return nil, err
	}
	base, err := parseVersion(in.Body.Version)
	if err != nil {
		return nil, err
	}
	done, err := ro.side.SetTask(ctx, c, info.Place, base, in.Body.Line, in.Body.Done)
	if err != nil {
		return nil, hide(err)
	}
	return ro.apiText(ctx, &done.Page, done.Overlaps), nil
}
