package web

import (
	"context"
	"errors"
	"net/http"

	"dealwiki/wiki"
	"dealwiki/wiki/people"
)

func (ro *room) drawer(ctx context.Context, place wiki.Place) (*commentDrawer, error) {
	links, err := ro.links(ctx, place)
	if err != nil {
		return nil, err
	}
	return &commentDrawer{ctx: ctx, c: ro.c, side: ro.side, world: links, name: ro.commenter, known: map[string]Person{}}, nil
}

// comments draws the comments of a page as it is now.
func (ro *room) comments(ctx context.Context, page *wiki.Page) (*CommentsView, error) {
	v := &CommentsView{Action: ro.href(page.Page) + "/comments", Version: page.Version.String(), May: ro.comment, People: "/-" + ro.home() + "/complete"}
	threads, err := ro.side.Comments(ctx, ro.c, page.Place)
	var invalid *wiki.Invalid
	if errors.As(err, &invalid) {
		v.Problem, v.May = "The comments of this page cannot be read. Those who run the wiki can mend them.", false
		return v, nil
	}
	if err != nil {
		return nil, hide(err)
	}
	draw, err := ro.drawer(ctx, page.Place)
	if err != nil {
		return nil, err
	}
	for i := range threads {
		t := draw.thread(&threads[i], len(page.Text))
		t.In = v
		if t.Resolved != nil {
			v.Resolved = append(v.Resolved, t)
		} else {
			v.Open = append(v.Open, t)
		}
	}
	return v, nil
}

// postComments starts a thread, replies, and changes comments and threads.
func (p *portal) postComments(w http.ResponseWriter, r *http.Request, c people.Caller) error {
	ro, info, err := p.enterPage(r, c)
	if err != nil {
		return err
	}
	form, err := p.pages.form(r)
	if err != nil {
		return err
	}
	t, said, err := changeComments(r.Context(), c, ro.side, info.Place, form)
	if err != nil {
		return hide(err)
	}
	href := ro.href(info.Page) + "#comments"
	if t != nil {
		href = ro.href(info.Page) + "#c-" + t.ID
	}
	if wantsJSON(r) {
		return p.pages.json(w, http.StatusOK, map[string]string{"href": href, "said": said})
	}
	if said == "" {
		return goTo(w, r, href)
	}
	return p.pages.done(w, r, href, said)
}
