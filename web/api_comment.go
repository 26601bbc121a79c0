package web

import (
	"context"
	"net/http"
	"time"

	"dealwiki/wiki"
	"dealwiki/wiki/people"
)

// apiThread is a conversation about a piece of a page's text.
type apiThread struct {
	ID       string         `json:"id"`
	Quote    string         `json:"quote" doc:"The words it is about, as the page's source had them; empty for the whole page"`
	Before   string         `json:"before,omitempty"`
	After    string         `json:"after,omitempty"`
	Heading  string         `json:"heading,omitempty" doc:"Above the words"`
	Version  string         `json:"version,omitempty" doc:"In which it was made"`
	Gone     bool           `json:"gone" doc:"The words are no longer on the page"`
	Position *apiPosition   `json:"position" doc:"Of the words in the current version; null when they are gone and for the whole page"`
	Resolved *apiResolution `json:"resolved"`
	Comments []apiComment   `json:"comments" doc:"The oldest first"`
}

type apiPosition struct {
	Line  int    `json:"line" doc:"From 1"`
	Start int    `json:"start" doc:"In bytes of the text as UTF-8"`
	End   int    `json:"end"`
	Text  string `json:"text" doc:"The words as they are now"`
}

type apiResolution struct {
	By APIPerson `json:"by"`
	At time.Time `json:"at"`
}

type apiComment struct {
	ID       string     `json:"id"`
	Author   APIPerson  `json:"author"`
	Guest    bool       `json:"guest,omitempty"`
	At       time.Time  `json:"at"`
	Edited   *time.Time `json:"edited,omitempty"`
	Text     string     `json:"text" doc:"Markdown"`
	HTML     string     `json:"html"`
	Mentions []string   `json:"mentions,omitempty" doc:"Handles"`
	Mine     bool       `json:"mine" doc:"The caller may change it"`
	Remove   bool       `json:"remove" doc:"The caller may remove it"`
}

type threadOutput struct {
	Status int
	Body   apiThread
}

// threads draws threads for programs.
func (a *api) threads(ctx context.Context, c people.Caller, sd *wiki.Side, place wiki.Place, all []wiki.Thread) ([]apiThread, error) {
	f, err := a.s.openSpace(ctx, c, sd.Prospect())
	if err != nil {
		return nil, err
	}
	draw, err := f.commentDrawer(ctx, sd, place)
	if err != nil {
		return nil, err
	}
	return apiThreads(draw, all, func(id, name string) APIPerson { return a.commenter(ctx, id, name) }), nil
}

// apiThreads draws threads; who names the people in them.
func apiThreads(draw *commentDrawer, all []wiki.Thread, who func(id, name string) APIPerson) []apiThread {
	out := make([]apiThread, 0, len(all))
	for i := range all {
		t := &all[i]
		v := apiThread{ID: t.ID, Quote: t.Quote, Before: t.Before, After: t.After, Heading: t.Heading, Gone: t.Gone}
		if !t.Version.IsZero() {
			v.Version = t.Version.String()
		}
		if t.Line > 0 {
			v.Position = &apiPosition{Line: t.Line, Start: t.Start, End: t.End, Text: t.Now}
		}
		if t.Resolved != nil {
			v.Resolved = &apiResolution{By: who(t.Resolved.By, t.Resolved.Name), At: t.Resolved.At}
		}
		for k := range t.Comments {
			m := &t.Comments[k]
			said := apiComment{ID: m.ID, Author: who(m.By, m.Name), At: m.At, Text: m.Text, HTML: string(draw.html(m)), Mentions: m.Mentions(),
				Guest: draw.person(m.By, m.Name).Guest, Mine: draw.mine(m), Remove: draw.mayRemove(m)}
			if !m.Edited.IsZero() {
				said.Edited = &m.Edited
			}
			v.Comments = append(v.Comments, said)
		}
		out = append(out, v)
	}
	return out
}

// commenter names the person of a comment as they are called now.
func (a *api) commenter(ctx context.Context, id, name string) APIPerson {
	if id != "" {
		if known, err := a.s.people.Get(ctx, id); err == nil {
			return personOf(known)
		}
	}
	return APIPerson{Name: name}
}

// thread answers one thread, as every change does.
func (a *api) thread(ctx context.Context, c people.Caller, sd *wiki.Side, place wiki.Place, status int, t *wiki.Thread) (*threadOutput, error) {
	all, err := a.threads(ctx, c, sd, place, []wiki.Thread{*t})
	if err != nil {
		return nil, err
	}
	return &threadOutput{status, all[0]}, nil
}

const apiCommentsPath = apiPagePath + "/comments"

func (a *api) installComments() {
	register(a, op("list-comments", http.MethodGet, apiCommentsPath, "The threads about a page, in the order of its text"), a.listComments)
	post := op("add-comment", http.MethodPost, apiCommentsPath, "Start a thread about a piece of a page's text, or reply to one")
	post.DefaultStatus = http.StatusCreated
	post.Description = "Without quote, line and range the thread is about the whole page. The answer is the thread."
	register(a, post, a.addComment)
	register(a, op("change-comment", http.MethodPatch, apiCommentsPath, "Resolve or reopen a thread, or change a comment of one's own"), a.changeComment)
	register(a, op("get-comment", http.MethodGet, apiCommentsPath+"/{id}", "One thread"), a.getComment)
	register(a, op("delete-comment", http.MethodDelete, apiCommentsPath+"/{id}", "Remove a comment; a thread goes with its last one"), a.deleteComment)
}

type commentsInput struct {
	PlaceInput
	ListInput
	State string `query:"state" enum:"open,resolved" doc:"Both when absent"`
}

func (a *api) listComments(ctx context.Context, c people.Caller, in *commentsInput) (*listOutput[apiThread], error) {
	sd, err := a.side(ctx, c, in.Prospect, in.Section)
	if err != nil {
		return nil, err
	}
	all, err := sd.Comments(ctx, c, in.place())
	if err != nil {
		return nil, err
	}
	return threadList(all, in.State, in.ListInput, func(some []wiki.Thread) ([]apiThread, error) {
		return a.threads(ctx, c, sd, in.place(), some)
	})
}

// threadList is a piece of the threads that are open or resolved, as state says;
// both when it is empty.
func threadList(all []wiki.Thread, state string, in ListInput, show func([]wiki.Thread) ([]apiThread, error)) (*listOutput[apiThread], error) {
	var wanted []wiki.Thread
	for _, t := range all {
		if state == "" || t.Open() == (state == "open") {
			wanted = append(wanted, t)
		}
	}
	cut, err := piece(wanted, in, func(t wiki.Thread) string { return t.ID })
	if err != nil {
		return nil, err
	}
	out := &listOutput[apiThread]{Body: Listing[apiThread]{Items: []apiThread{}, Next: cut.Body.Next}}
	if len(cut.Body.Items) > 0 {
		out.Body.Items, err = show(cut.Body.Items)
	}
	return out, err
}

type postInput struct {
	PlaceInput
	Body commentBody
}

func (a *api) addComment(ctx context.Context, c people.Caller, in *postInput) (*threadOutput, error) {
	sd, err := a.side(ctx, c, in.Prospect, in.Section)
	if err != nil {
		return nil, err
	}
	t, err := in.Body.add(ctx, c, sd, in.place())
	if err != nil {
		return nil, err
	}
	return a.thread(ctx, c, sd, in.place(), http.StatusCreated, t)
}

type patchInput struct {
	PlaceInput
	Body commentChange
}

func (a *api) changeComment(ctx context.Context, c people.Caller, in *patchInput) (*threadOutput, error) {
	sd, err := a.side(ctx, c, in.Prospect, in.Section)
	if err != nil {
		return nil, err
	}
	t, err := in.Body.apply(ctx, c, sd, in.place())
	if err != nil {
		return nil, err
	}
	return a.thread(ctx, c, sd, in.place(), http.StatusOK, t)
}

type commentInput struct {
	PlaceInput
	ID string `path:"id" maxLength:"100"`
}

func (a *api) getComment(ctx context.Context, c people.Caller, in *commentInput) (*threadOutput, error) {
	sd, err := a.side(ctx, c, in.Prospect, in.Section)
	if err != nil {
		return nil, err
	}
	all, err := sd.Comments(ctx, c, in.place())
	if err != nil {
		return nil, err
	}
	for i := range all {
		if all[i].ID == in.ID {
			return a.thread(ctx, c, sd, in.place(), http.StatusOK, &all[i])
		}
	}
	return nil, wiki.ErrNotFound
}

func (a *api) deleteComment(ctx context.Context, c people.Caller, in *commentInput) (*struct{}, error) {
	sd, err := a.side(ctx, c, in.Prospect, in.Section)
	if err != nil {
		return nil, err
	}
	_, err = sd.DeleteComment(ctx, c, in.place(), in.ID)
	return nil, err
}

// commentBody is a new thread, or a reply to one.
type commentBody struct {
	Thread  string `json:"thread,omitempty" maxLength:"100" doc:"Replies to this one"`
	Text    string `json:"text" maxLength:"20000" doc:"Markdown"`
	Quote   string `json:"quote,omitempty" maxLength:"8000" doc:"The words a new thread is about, as written or as they read"`
	Before  string `json:"before,omitempty" maxLength:"2000" doc:"What stands before them, where they are on the page several times"`
	After   string `json:"after,omitempty" maxLength:"2000" doc:"What stands behind them"`
	Line    int    `json:"line,omitempty" minimum:"1" doc:"The line they are on, or instead of a quote the whole line"`
	Start   int    `json:"start,omitempty" minimum:"0" doc:"Instead of a quote, the range in bytes of the version's text as UTF-8"`
	End     int    `json:"end,omitempty" minimum:"0"`
	Version string `json:"version,omitempty" maxLength:"40" doc:"In which the words were seen; the current one when absent"`
}

func (b *commentBody) add(ctx context.Context, c people.Caller, sd *wiki.Side, place wiki.Place) (*wiki.Thread, error) {
	if b.Thread != "" {
		if b.Quote != "" || b.Line != 0 || b.End != 0 {
			return nil, &wiki.Invalid{Field: "thread", Problem: "and what a new thread is about do not go together"}
		}
		return sd.Reply(ctx, c, place, b.Thread, b.Text)
	}
	n := wiki.NewThread{Quote: b.Quote, Before: b.Before, After: b.After, Line: b.Line, Start: b.Start, End: b.End, Text: b.Text}
	if b.Version != "" {
		var err error
		if n.Version, err = parseVersion(b.Version); err != nil {
			return nil, err
		}
	}
	return sd.StartThread(ctx, c, place, n)
}

// commentChange closes or reopens a thread, or changes what a comment says.
type commentChange struct {
	Thread   string  `json:"thread,omitempty" maxLength:"100"`
	Resolved *bool   `json:"resolved,omitempty" doc:"Closes the thread, or opens it again"`
	Comment  string  `json:"comment,omitempty" maxLength:"100"`
	Text     *string `json:"text,omitempty" maxLength:"20000" doc:"What the comment says from now on"`
}

func (b *commentChange) apply(ctx context.Context, c people.Caller, sd *wiki.Side, place wiki.Place) (*wiki.Thread, error) {
	switch {
	case b.Thread != "" && b.Resolved != nil && b.Comment == "" && b.Text == nil:
		return sd.Resolve(ctx, c, place, b.Thread, *b.Resolved)
	case b.Comment != "" && b.Text != nil && b.Thread == "" && b.Resolved == nil:
		return sd.EditComment(ctx, c, place, b.Comment, *b.Text)
	}
	return nil, &wiki.Invalid{Field: "change", Problem: `names either a thread and whether it is resolved, or a comment and its text`}
}
