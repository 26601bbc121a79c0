package web

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"dealwiki/content"
	"dealwiki/wiki"
	"dealwiki/wiki/people"
	"dealwiki/wiki/repo"
)

// apiPageInfo is a page in a list.
type apiPageInfo struct {
	Place     string      `json:"place" doc:"SECTION/STAGE/PAGE"`
	Section   string      `json:"section"`
	Stage     string      `json:"stage"`
	Page      string      `json:"page"`
	Title     string      `json:"title"`
	Lead      string      `json:"lead,omitempty"`
	Words     int         `json:"words"`
	Tags      []string    `json:"tags,omitempty"`
	Version   string      `json:"version"`
	Number    int         `json:"number" doc:"Of the version, from 1"`
	Authors   []APIPerson `json:"authors" doc:"Of the last version"`
	Updated   time.Time   `json:"updated"`
	Size      int64       `json:"size" doc:"In bytes"`
	Untouched bool        `json:"untouched" doc:"Still the template it was made from"`
}

func (a *api) pageInfo(ctx context.Context, p wiki.PageInfo) apiPageInfo {
	return apiPageInfo{Place: p.Place.String(), Section: string(p.Section), Stage: p.Stage, Page: p.Page, Title: p.Title, Lead: p.Lead,
		Words: p.Words, Tags: p.Tags, Version: p.Version.String(), Number: p.Number, Authors: a.authors(ctx, p.Author, p.CoAuthors),
		Updated: p.Updated, Size: p.Size, Untouched: p.Untouched}
}

// apiPage is a page with its text.
type apiPageText struct {
	Text     string       `json:"text"`
	Version  string       `json:"version"`
	Number   int          `json:"number"`
	Title    string       `json:"title"`
	Authors  []APIPerson  `json:"authors"`
	Updated  time.Time    `json:"updated"`
	Overlaps []apiOverlap `json:"overlaps,omitempty" doc:"Where both sides changed the same words; the text keeps both"`
}

type apiOverlap struct {
	Line   int    `json:"line"`
	Base   string `json:"base"`
	Ours   string `json:"ours" doc:"What came meanwhile"`
	Theirs string `json:"theirs" doc:"What the call brought"`
}

type pageOutput struct {
	Status int
	ETag   string `header:"ETag"`
	Body   apiPageText
}

func (a *api) page(ctx context.Context, p *wiki.Page, overlaps []content.Overlap) *pageOutput {
	out := &pageOutput{Status: http.StatusOK, ETag: `"` + p.Version.String() + `"`, Body: apiPageText{Text: string(p.Text), Version: p.Version.String(),
		Number: p.Number, Title: p.Title, Authors: a.authors(ctx, p.Author, p.CoAuthors), Updated: p.Updated}}
	for _, o := range overlaps {
		out.Body.Overlaps = append(out.Body.Overlaps, apiOverlap{o.Line, o.Base, o.Ours, o.Theirs})
	}
	return out
}

type getPageInput struct {
	PlaceInput
	At string `query:"at" maxLength:"40" doc:"One of the page's versions"`
}

type putPageInput struct {
	PlaceInput
	Preconditions
	Body struct {
		Text    string `json:"text"`
		Message string `json:"message,omitempty" maxLength:"500" doc:"What was done, in one line"`
	}
}

type deletePageInput struct {
	PlaceInput
	IfMatch string `header:"If-Match"`
}

type movePageInput struct {
	PlaceInput
	Body struct {
		To      string `json:"to" maxLength:"500" doc:"SECTION/STAGE/PAGE"`
		Confirm string `json:"confirm,omitempty" maxLength:"200" doc:"Through the wall: the digest of what would become visible"`
	}
}

type taskInput struct {
	PlaceInput
	Body struct {
		Version string `json:"version" maxLength:"40" doc:"The version in which the line was seen"`
		Line    int    `json:"line" minimum:"1"`
		Done    bool   `json:"done"`
	}
}

const apiPagePath = "/prospects/{prospect}/pages/{section}/{stage}/{page}"

// etagVersion reads the one version that an If-Match header names.
func etagVersion(header string) (repo.Hash, error) {
	tag := strings.TrimSpace(header)
	if len(tag) < 2 || tag[0] != '"' || tag[len(tag)-1] != '"' {
		return repo.Zero, huma.Error400BadRequest(`If-Match names one version, in quotes, as the ETag gave it`)
	}
	h, err := repo.ParseHash(tag[1 : len(tag)-1])
	if err != nil || h.IsZero() {
		// A version that cannot be one of ours cannot be the current one.
		return repo.Zero, huma.Error412PreconditionFailed("the page has changed since that version; read it again")
	}
	return h, nil
}

// Preconditions say what a text was made from.
type Preconditions struct {
	IfMatch     string `header:"If-Match" doc:"The version that the text was made from, as the ETag gave it"`
	IfNoneMatch string `header:"If-None-Match" doc:"* makes a new page"`
}

// base is the version that a text was made from, zero for a new page. There says
// whether there is a page already.
func (p Preconditions) base(there bool) (repo.Hash, error) {
	switch {
	case p.IfMatch == "" && p.IfNoneMatch == "":
		return repo.Zero, huma.NewError(http.StatusPreconditionRequired, "say what the text was made from: If-Match with the page's ETag, or If-None-Match: * for a new page")
	case p.IfMatch != "" && p.IfNoneMatch != "":
		return repo.Zero, huma.Error400BadRequest("If-Match and If-None-Match do not go together")
	case p.IfMatch != "":
		return etagVersion(p.IfMatch)
	case strings.TrimSpace(p.IfNoneMatch) != "*":
		return repo.Zero, huma.Error400BadRequest("If-None-Match can only be *")
	case there:
		return repo.Zero, huma.Error412PreconditionFailed("there is a page of that name already")
	}
	return repo.Zero, nil
}

func (a *api) installPages() {
	register(a, op("list-pages", http.MethodGet, "/prospects/{prospect}/pages", "Every page the caller may see"), a.listPages)
	register(a, op("get-page", http.MethodGet, apiPagePath, "A page's text as last committed, or at one of its versions"), a.getPage)
	put := op("put-page", http.MethodPut, apiPagePath, "Make a page, or change its text")
	put.Description = "The version in If-Match is compared with the last committed one when the call arrives; 412 when it differs. " +
		"The text is then merged from that base, and the answer carries text and version after it."
	put.Errors = []int{400, 401, 403, 404, 409, 412, 413, 422, 428}
	register(a, put, a.putPage)
	register(a, op("delete-page", http.MethodDelete, apiPagePath, "Remove a page; its history stays"), a.deletePage)
	move := op("move-page", http.MethodPost, apiPagePath+"/move", "Give a page another name or stage, or share it")
	move.Description = "To the other side of the wall it first answers 409 with exactly what would become visible and its digest, which confirm must repeat. Owners only."
	register(a, move, a.movePage)
	register(a, op("set-task", http.MethodPost, apiPagePath+"/tasks", "Tick or untick a task"), a.setTask)
	create := op("create-from-template", http.MethodPost, apiPagePath+"/create", "Make a page that the funnel asks for from its template")
	create.DefaultStatus = http.StatusCreated
	register(a, create, a.createFromTemplate)
	register(a, op("render", http.MethodPost, "/render", "Markdown as the wiki would show it"), a.renderText)
}

type pagesInput struct {
	ProspectInput
	ListInput
	Section string `query:"section" enum:"internal,external" doc:"Both when absent"`
	Stage   string `query:"stage" maxLength:"200"`
}

func (a *api) listPages(ctx context.Context, c people.Caller, in *pagesInput) (*listOutput[apiPageInfo], error) {
	sp, err := a.s.wiki.Space(ctx, c, in.Prospect)
	if err != nil {
		return nil, err
	}
	var all []wiki.PageInfo
	for _, sd := range sp.Sides() {
		if in.Section != "" && in.Section != string(sd.Section()) {
			continue
		}
		pages, err := sd.Pages(ctx, c)
		if err != nil {
			return nil, err
		}
		for _, p := range pages {
			if in.Stage == "" || in.Stage == p.Stage {
				all = append(all, p)
			}
		}
	}
	cut, err := piece(all, in.ListInput, func(p wiki.PageInfo) string { return p.Place.String() })
	if err != nil {
		return nil, err
	}
	out := &listOutput[apiPageInfo]{Body: Listing[apiPageInfo]{Items: []apiPageInfo{}, Next: cut.Body.Next}}
	for _, p := range cut.Body.Items {
		out.Body.Items = append(out.Body.Items, a.pageInfo(ctx, p))
	}
	return out, nil
}

func (a *api) getPage(ctx context.Context, c people.Caller, in *getPageInput) (*pageOutput, error) {
	sd, err := a.side(ctx, c, in.Prospect, in.Section)
	if err != nil {
		return nil, err
	}
	if in.At == "" {
		p, err := sd.Read(ctx, c, in.place())
		if err != nil {
			return nil, err
		}
		return a.page(ctx, p, nil), nil
	}
	at, err := parseVersion(in.At)
	if err != nil {
		return nil, err
	}
	p, err := sd.ReadAt(ctx, c, in.place(), at)
	if err != nil {
		return nil, err
	}
	return a.page(ctx, p, nil), nil
}

func (a *api) putPage(ctx context.Context, c people.Caller, in *putPageInput) (*pageOutput, error) {
	sd, err := a.side(ctx, c, in.Prospect, in.Section)
	if err != nil {
		return nil, err
	}
	e := wiki.Edit{Place: in.place(), Text: []byte(in.Body.Text), Message: in.Body.Message, Strict: true}
	_, missing := sd.Lookup(ctx, c, e.Place)
	if e.Base, err = in.base(missing == nil); err != nil {
		return nil, err
	}
	done, err := sd.Edit(ctx, c, e)
	if err != nil {
		return nil, err
	}
	out := a.page(ctx, &done.Page, done.Overlaps)
	if e.Base.IsZero() {
		out.Status = http.StatusCreated
	}
	return out, nil
}

func (a *api) deletePage(ctx context.Context, c people.Caller, in *deletePageInput) (*struct{}, error) {
	sd, err := a.side(ctx, c, in.Prospect, in.Section)
	if err != nil {
		return nil, err
	}
	var base repo.Hash
	if in.IfMatch != "" {
		if base, err = etagVersion(in.IfMatch); err != nil {
			return nil, err
		}
	}
	return nil, sd.DeletePage(ctx, c, in.place(), base)
}

func (a *api) movePage(ctx context.Context, c people.Caller, in *movePageInput) (*pageOutput, error) {
	sd, err := a.side(ctx, c, in.Prospect, in.Section)
	if err != nil {
		return nil, err
	}
	to, err := wiki.ParsePlace(in.Body.To)
	if err != nil {
		return nil, err
	}
	if to.Section != in.place().Section {
		return a.cross(ctx, c, in, to)
	}
	p, err := sd.Move(ctx, c, in.place(), to)
	if err != nil {
		return nil, err
	}
	return a.page(ctx, p, nil), nil
}

func (a *api) setTask(ctx context.Context, c people.Caller, in *taskInput) (*pageOutput, error) {
	sd, err := a.side(ctx, c, in.Prospect, in.Section)
	if err != nil {
		return nil, err
	}
	base, err := parseVersion(in.Body.Version)
	if err != nil {
		return nil, err
	}
	done, err := sd.SetTask(ctx, c, in.place(), base, in.Body.Line, in.Body.Done)
	if err != nil {
		return nil, err
	}
	return a.page(ctx, &done.Page, done.Overlaps), nil
}

func (a *api) createFromTemplate(ctx context.Context, c people.Caller, in *PlaceInput) (*pageOutput, error) {
	sd, err := a.side(ctx, c, in.Prospect, in.Section)
	if err != nil {
		return nil, err
	}
	done, err := sd.CreateFromTemplate(ctx, c, in.place())
	if err != nil {
		return nil, err
	}
	out := a.page(ctx, &done.Page, nil)
	out.Status = http.StatusCreated
	return out, nil
}

type renderInput struct {
	Body struct {
		Text string `json:"text" maxLength:"1048576"`
		Page string `json:"page,omitempty" maxLength:"700" doc:"PROSPECT/SECTION/STAGE/PAGE on which it would stand; without it links lead nowhere"`
	}
}

type renderOutput struct {
	Body struct {
		HTML string `json:"html"`
	}
}

func (a *api) renderText(ctx context.Context, c people.Caller, in *renderInput) (*renderOutput, error) {
	html, err := a.render(ctx, c, in.Body.Page, []byte(in.Body.Text))
	if err != nil {
		return nil, err
	}
	out := &renderOutput{}
	out.Body.HTML = html
	return out, nil
}

// render shows a text as it would look on a page that the caller may see.
func (a *api) render(ctx context.Context, c people.Caller, page string, text []byte) (string, error) {
	if page == "" {
		return string(content.Parse(text).HTML(nil, content.RenderOptions{})), nil
	}
	prospect, rest, _ := strings.Cut(page, "/")
	place, err := wiki.ParsePlace(rest)
	if err != nil {
		return "", err
	}
	f, err := a.s.openSpace(ctx, c, prospect)
	if err != nil {
		return "", err
	}
	html, err := f.render(ctx, place, text)
	return string(html), err
}
