package web

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"dealwiki/wiki"
	"dealwiki/wiki/people"
	"dealwiki/wiki/repo"
)

// commentsView draws the comments of a page as it is now.
func (f *frame) commentsView(ctx context.Context, side *wiki.Side, p *wiki.Page) (*CommentsView, error) {
	v := &CommentsView{Action: pagePath(f.slug(), p.Place) + "/comments", Audience: string(p.Section), Version: p.Version.String(), May: side.MayComment(ctx, f.c),
		People: "/-/complete?" + url.Values{"prospect": {f.slug()}, "section": {string(p.Section)}}.Encode()}
	if f.canWrite() && p.Section == wiki.External {
		v.Note = f.notePath(p, "")
	}
	threads, err := side.Comments(ctx, f.c, p.Place)
	var invalid *wiki.Invalid
	if errors.As(err, &invalid) {
		v.Problem, v.May = sentence("The comments of this page: "+invalid.Error()), false
		return v, nil
	}
	if err != nil || len(threads) == 0 {
		return v, err
	}
	draw, err := f.commentDrawer(ctx, side, p.Place)
	if err != nil {
		return nil, err
	}
	for i := range threads {
		t := draw.thread(&threads[i], len(p.Text))
		t.In = v
		if v.Note != "" {
			t.Note = f.notePath(p, t.Quote)
		}
		if t.Resolved != nil {
			v.Resolved = append(v.Resolved, t)
		} else {
			v.Open = append(v.Open, t)
		}
	}
	return v, nil
}

func (d *commentDrawer) thread(t *wiki.Thread, size int) CommentThread {
	v := CommentThread{ID: t.ID, Quote: strings.TrimSpace(t.Quote), Now: t.Now, Before: t.Before, After: t.After, Heading: t.Heading, Gone: t.Gone}
	if size > 0 {
		v.At = float64(t.Start*1000/size) / 1000
	}
	for i := range t.Comments {
		c := &t.Comments[i]
		v.Comments = append(v.Comments, CommentItem{ID: c.ID, By: d.person(c.By, c.Name), At: c.At, Edited: c.Edited,
			HTML: d.html(c), Text: c.Text, Mine: d.mine(c), Remove: d.mayRemove(c)})
	}
	if t.Resolved != nil {
		v.Resolved = &CommentResolution{d.person(t.Resolved.By, t.Resolved.Name), t.Resolved.At}
	}
	return v
}

// notePath is where an internal page about an external one begins.
func (f *frame) notePath(p *wiki.Page, quote string) string {
	text := "About [[" + p.Stage + "/" + p.Place.Page + "]]:\n\n"
	if quote != "" {
		text += "> " + strings.ReplaceAll(strings.TrimSpace(quote), "\n", "\n> ") + "\n\n"
	}
	q := url.Values{"section": {string(wiki.Internal)}, "stage": {p.Stage}, "title": {"Note on " + p.Title}, "text": {text}}
	return f.base() + "/new?" + q.Encode()
}

// postComments starts a thread, replies, and changes comments and threads.
func (s *Server) postComments(w http.ResponseWriter, r *http.Request, c people.Caller, place wiki.Place) error {
	f, side, err := s.openSide(r, c, place.Section)
	if err != nil {
		return err
	}
	form, err := s.form(r)
	if err != nil {
		return err
	}
	t, said, err := changeComments(r.Context(), c, side, place, form)
	if err != nil {
		return err
	}
	href := pagePath(f.slug(), place) + "#comments"
	if t != nil {
		href = pagePath(f.slug(), place) + "#c-" + t.ID
	}
	if wantsJSON(r) {
		return s.json(w, http.StatusOK, map[string]string{"href": href, "said": said})
	}
	if said == "" {
		return goTo(w, r, href)
	}
	return s.done(w, r, href, said)
}

// plainLines takes the carriage returns away that forms send.
func plainLines(s string) string { return strings.ReplaceAll(s, "\r\n", "\n") }

// changeComments does what a form of comments asks for, and says what was done
// where that is not seen. The thread is nil when nothing of it is left.
func changeComments(ctx context.Context, c people.Caller, side *wiki.Side, place wiki.Place, form url.Values) (t *wiki.Thread, said string, err error) {
	thread, comment, text := form.Get("thread"), form.Get("comment"), form.Get("text")
	switch form.Get("do") {
	case "start":
		n := wiki.NewThread{Quote: plainLines(form.Get("quote")), Before: plainLines(form.Get("before")), After: plainLines(form.Get("after")), Text: text}
		if v := form.Get("version"); v != "" {
			if n.Version, err = repo.ParseHash(v); err != nil {
				return nil, "", badRequest("The form does not say which version it was made from. Load the page again.")
			}
		}
		t, err = side.StartThread(ctx, c, place, n)
	case "reply":
		t, err = side.Reply(ctx, c, place, thread, text)
	case "edit":
		t, err = side.EditComment(ctx, c, place, comment, text)
	case "remove":
		t, err = side.DeleteComment(ctx, c, place, comment)
		said = "Comment removed."
	case "resolve":
		t, err = side.Resolve(ctx, c, place, thread, true)
		said = "Resolved."
	case "reopen":
		t, err = side.Resolve(ctx, c, place, thread, false)
	default:
		return nil, "", badRequest("The form does not say what to do.")
	}
	return t, said, err
}
