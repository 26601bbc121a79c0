package web

import (
	"context"
	"dealwiki/wiki"
	"dealwiki/wiki/people"
	"net/http"
)

func (ro *room) apiThreads(ctx context.Context, place wiki.Place, all []wiki.Thread) ([]apiThread, error) {
	draw, err := ro.drawer(ctx, place)
	if err != nil {
		return nil, err
	}
	return apiThreads(draw, all, func(id, name string) APIPerson { return ro.apiCommenter(ctx, id, name) }), nil
}

func (ro *room) apiThread(ctx context.Context, place wiki.Place, status int, t *wiki.Thread, err error) (*threadOutput, error) {
	if err != nil {
		return nil, hide(err)
	}
	all, err := ro.apiThreads(ctx, place, []wiki.Thread{*t})
	if err != nil {
		return nil, err
	}
	return &threadOutput{status, all[0]}, nil
}

func (p *portal) installSharedComments(a *api, page string) {
	path := page + "/comments"
	registerFor(a, Shared, op("list-shared-comments", http.MethodGet, path, "The threads about a shared page, in the order of its text"), p.listSharedComments)
	post := op("add-shared-comment", http.MethodPost, path, "Start a thread about a piece of a shared page's text, or reply to one")
	post.DefaultStatus = http.StatusCreated
	registerFor(a, Shared, post, p.addSharedComment)
	registerFor(a, Shared, op("change-shared-comment", http.MethodPatch, path, "Resolve or reopen a thread, or change a comment of one's own"), p.changeSharedComment)
	registerFor(a, Shared, op("get-shared-comment", http.MethodGet, path+"/{id}", "One thread"), p.getSharedComment)
	registerFor(a, Shared, op("delete-shared-comment", http.MethodDelete, path+"/{id}", "Remove a comment of one's own; a thread goes with its last one"), p.deleteSharedComment)
}

type sharedListInput struct {
	SharedPageInput
	ListInput
	State string `query:"state" enum:"open,resolved" doc:"Both when absent"`
}

func (p *portal) listSharedComments(ctx context.Context, c people.Caller, in *sharedListInput) (*listOutput[apiThread], error) {
	ro, info, err := p.enterPageAt(ctx, c, in.Prospect, in.Page)
	if err != nil {
		return nil, err
	}
	all, err := ro.side.Comments(ctx, c, info.Place)
	if err != nil {
		return nil, hide(err)
	}
	return threadList(all, in.State, in.ListInput, func(some []wiki.Thread) ([]apiThread, error) {
		return ro.apiThreads(ctx, info.Place, some)
	})
}

type sharedPostInput struct {
	SharedPageInput
	Body commentBody
}

func (p *portal) addSharedComment(ctx context.Context, c people.Caller, in *sharedPostInput) (*threadOutput, error) {
	ro, info, err := p.enterPageAt(ctx, c, in.Prospect, in.Page)
	if err != nil {
		return nil, err
	}
	t, err := in.Body.add(ctx, c, ro.side, info.Place)
	return ro.apiThread(ctx, info.Place, http.StatusCreated, t, err)
}

type sharedPatchInput struct {
	SharedPageInput
	Body commentChange
}

func (p *portal) changeSharedComment(ctx context.Context, c people.Caller, in *sharedPatchInput) (*threadOutput, error) {
	ro, info, err := p.enterPageAt(ctx, c, in.Prospect, in.Page)
	if err != nil {
		return nil, err
	}
	t, err := in.Body.apply(ctx, c, ro.side, info.Place)
	return ro.apiThread(ctx, info.Place, http.StatusOK, t, err)
}

type sharedItemInput struct {
	SharedPageInput
	ID string `path:"id" maxLength:"100"`
}

func (p *portal) getSharedComment(ctx context.Context, c people.Caller, in *sharedItemInput) (*threadOutput, error) {
	ro, info, err := p.enterPageAt(ctx, c, in.Prospect, in.Page)
	if err != nil {
		return nil, err
	}
	all, err := ro.side.Comments(ctx, c, info.Place)
	if err != nil {
		return nil, hide(err)
	}
	for i := range all {
		if all[i].ID == in.ID {
			return ro.apiThread(ctx, info.Place, http.StatusOK, &all[i], nil)
		}
	}
	return nil, notFound()
}

func (p *portal) deleteSharedComment(ctx context.Context, c people.Caller, in *sharedItemInput) (*struct{}, error) {
	ro, info, err := p.enterPageAt(ctx, c, in.Prospect, in.Page)
	if err != nil {
		return nil, err
	}
	_, err = ro.side.DeleteComment(ctx, c, info.Place, in.ID)
	return nil, hide(err)
}
