package web

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"dealwiki/content"
	"dealwiki/search/query"
	"dealwiki/wiki"
	"dealwiki/wiki/actionplan"
	"dealwiki/wiki/brief"
	"dealwiki/wiki/people"
	facts "dealwiki/wiki/register" // register is a function here
	"dealwiki/wiki/repo"
)

// The calls of guests, and of staff who want what guests get. They are made of
// the portal's parts, and name no stages: pages and files have names that are
// unique over a shared space.

// SharedInput names a shared space in the path.
type SharedInput struct {
	Prospect string `path:"prospect" maxLength:"200"`
}

// SharedPageInput names a shared page in the path.
type SharedPageInput struct {
	SharedInput
	Page string `path:"page" maxLength:"255"`
}

type apiSharedInfo struct {
	Title    string              `json:"title"`
	Customer string              `json:"customer"`
	Company  string              `json:"company"`
	Goal     string              `json:"goal,omitempty" doc:"Goal date"`
	Steps    []apiSharedStep     `json:"steps" doc:"In the buyer's own words"`
	Level    string              `json:"level" doc:"What the caller may do: view, comment or edit"`
	People   []apiSharedMember   `json:"people"`
	Plan     *apiSharedPlanState `json:"plan"`
}

type apiSharedStep struct {
	Name    string `json:"name"`
	Current bool   `json:"current"`
	Done    bool   `json:"done"`
}

type apiSharedMember struct {
	APIPerson
	Guest bool `json:"guest"`
}

type apiSharedPlanState struct {
	Page    string            `json:"page"`
	Done    int               `json:"done"`
	Steps   []apiSharedAction `json:"steps"`
	Waiting []string          `json:"waiting" doc:"Ids of the steps that wait for the caller"`
}

type apiSharedAction struct {
	ID     string   `json:"id,omitempty"`
	Text   string   `json:"text"`
	Part   string   `json:"part,omitempty" doc:"The heading above"`
	Line   int      `json:"line"`
	Owners []string `json:"owners" doc:"Handles"`
	Names  []string `json:"names,omitempty" doc:"Owners without an account"`
	Due    string   `json:"due,omitempty"`
	Done   bool     `json:"done"`
	Late   bool     `json:"late"`
}

type apiSharedPage struct {
	Page    string      `json:"page"`
	Title   string      `json:"title"`
	Lead    string      `json:"lead,omitempty"`
	Words   int         `json:"words"`
	Tags    []string    `json:"tags,omitempty"`
	Version string      `json:"version"`
	Number  int         `json:"number" doc:"Of the version, from 1"`
	Authors []APIPerson `json:"authors" doc:"Of the last version"`
	Updated time.Time   `json:"updated"`
	Size    int64       `json:"size" doc:"In bytes"`
	Unread  bool        `json:"unread"`
}

type apiSharedVersion struct {
	Version string      `json:"version"`
	Number  int         `json:"number"`
	Authors []APIPerson `json:"authors"`
	Message string      `json:"message,omitempty"`
	Time    time.Time   `json:"time"`
	Added   int         `json:"added" doc:"Lines"`
	Removed int         `json:"removed"`
	Renamed string      `json:"renamed,omitempty" doc:"The page's former name"`
}

type apiSharedFile struct {
	Name    string    `json:"name"`
	Size    int64     `json:"size" doc:"In bytes"`
	Version string    `json:"version"`
	Author  APIPerson `json:"author"`
	Updated time.Time `json:"updated"`
}

type apiSharedHit struct {
	Type     string    `json:"type" enum:"page,fact,file"`
	Kind     string    `json:"kind"`
	Page     string    `json:"page,omitempty"`
	File     string    `json:"file,omitempty"`
	Title    string    `json:"title"`
	Fact     string    `json:"fact,omitempty" doc:"Id of the fact"`
	Fragment string    `json:"fragment,omitempty" doc:"HTML with <mark>"`
	Updated  time.Time `json:"updated"`
}

type apiSharedFact struct {
	ID    string    `json:"id,omitempty"`
	Kind  string    `json:"kind"`
	Title string    `json:"title"`
	Body  string    `json:"body,omitempty"`
	Page  string    `json:"page"`
	Owner string    `json:"owner,omitempty" doc:"Handle"`
	Due   string    `json:"due,omitempty"`
	State string    `json:"state"`
	By    string    `json:"by" doc:"Name of who raised it"`
	At    time.Time `json:"at"`
}

// apiPerson names somebody to a program, as far as the shared space may.
func (ro *room) apiPerson(ctx context.Context, p repo.Person) APIPerson {
	return ro.apiCommenter(ctx, wiki.PersonID(p), p.Name)
}

func (ro *room) apiCommenter(ctx context.Context, id, name string) APIPerson {
	if id != "" {
		if known, err := ro.p.who.Get(ctx, id); err == nil {
			return personOf(known)
		}
	}
	return APIPerson{Name: name}
}

func (ro *room) apiAuthors(ctx context.Context, first repo.Person, others []repo.Person) []APIPerson {
	out := []APIPerson{ro.apiPerson(ctx, first)}
	for _, p := range others {
		out = append(out, ro.apiPerson(ctx, p))
	}
	return out
}

func (ro *room) apiText(ctx context.Context, p *wiki.Page, overlaps []content.Overlap) *pageOutput {
	out := &pageOutput{Status: http.StatusOK, ETag: `"` + p.Version.String() + `"`, Body: apiPageText{Text: string(p.Text), Version: p.Version.String(),
		Number: p.Number, Title: p.Title, Authors: ro.apiAuthors(ctx, p.Author, p.CoAuthors), Updated: p.Updated}}
	for _, o := range overlaps {
		out.Body.Overlaps = append(out.Body.Overlaps, apiOverlap{o.Line, o.Base, o.Ours, o.Theirs})
	}
	return out
}

func (ro *room) apiVersion(ctx context.Context, v *repo.Version) apiSharedVersion {
	out := apiSharedVersion{Version: v.Commit.String(), Number: v.Number, Authors: ro.apiAuthors(ctx, v.Author, v.CoAuthors), Message: ro.subject(v), Time: v.When, Added: v.Added, Removed: v.Removed}
	if v.Renamed != "" {
		out.Renamed = ro.formerName(v)
	}
	return out
}

func (ro *room) apiInfo(ctx context.Context) (*apiSharedInfo, error) {
	order, err := ro.side.StageOrder(ctx, ro.c)
	if err != nil {
		return nil, hide(err)
	}
	out := &apiSharedInfo{Title: ro.info.Title, Customer: ro.customer(), Company: ro.company(), Goal: ro.info.Goal, Steps: []apiSharedStep{}, Level: "view", People: []apiSharedMember{}}
	for _, s := range ro.info.SharedSteps(order) {
		out.Steps = append(out.Steps, apiSharedStep(s))
	}
	switch {
	case ro.canWrite():
		out.Level = "edit"
	case ro.comment:
		out.Level = "comment"
	}
	for _, one := range ro.people(ctx) {
		out.People = append(out.People, apiSharedMember{personOf(one), one.Guest})
	}
	plan, page, err := ro.plan(ctx)
	if err != nil || plan == nil {
		return out, err
	}
	out.Plan = &apiSharedPlanState{Page: page.Page, Done: plan.Done(), Steps: []apiSharedAction{}, Waiting: []string{}}
	for i := range plan.Steps {
		out.Plan.Steps = append(out.Plan.Steps, apiAction(&plan.Steps[i]))
	}
	for _, s := range plan.Waiting(ro.c.Person.Handle) {
		out.Plan.Waiting = append(out.Plan.Waiting, s.ID)
	}
	return out, nil
}

func apiAction(s *actionplan.Step) apiSharedAction {
	out := apiSharedAction{ID: s.ID, Text: s.Text, Part: s.Part, Line: s.Line, Owners: append([]string{}, s.Owners...), Names: s.Names, Done: s.Done, Late: s.Late}
	if !s.Due.IsZero() {
		out.Due = s.Due.Format(time.DateOnly)
	}
	return out
}

// installShared adds the calls below /shared/{prospect}.
func (p *portal) installShared(a *api) {
	const base, page = "/shared/{prospect}", "/shared/{prospect}/pages/{page}"
	p.installSharedPages(a, base, page)
	p.installSharedHistory(a, page)
	p.installSharedComments(a, page)
	p.installSharedFiles(a, base, page)

	type sharedInfoOutput struct{ Body *apiSharedInfo }
	registerFor(a, Shared, op("get-shared", http.MethodGet, base, "A shared space: companies, steps in the buyer's words, goal, people, mutual action plan"), func(ctx context.Context, c people.Caller, in *SharedInput) (*sharedInfoOutput, error) {
		ro, err := p.enterAt(ctx, c, in.Prospect)
		if err != nil {
			return nil, err
		}
		info, err := ro.apiInfo(ctx)
		return &sharedInfoOutput{info}, err
	})
	if p.briefs != nil {
		type sharedBriefOutput struct{ Body *brief.GuestBrief }
		registerFor(a, Shared, op("get-shared-brief", http.MethodGet, base+"/brief", "The shared space in short"), func(ctx context.Context, c people.Caller, in *SharedInput) (*sharedBriefOutput, error) {
			ro, err := p.enterAt(ctx, c, in.Prospect)
			if err != nil {
				return nil, err
			}
			b, err := p.briefs(ctx, c, ro.side)
			return &sharedBriefOutput{b}, hide(err)
		})
	}
	if p.facts != nil {
		type sharedFactsInput struct {
			SharedInput
			ListInput
			Kind string `query:"kind" maxLength:"50"`
		}
		registerFor(a, Shared, op("list-shared-facts", http.MethodGet, base+"/facts", "What stands on shared pages: decisions, commitments, questions and the others"), func(ctx context.Context, c people.Caller, in *sharedFactsInput) (*listOutput[apiSharedFact], error) {
			ro, err := p.enterAt(ctx, c, in.Prospect)
			if err != nil {
				return nil, err
			}
			all, err := ro.apiFacts(ctx, in.Kind)
			if err != nil {
				return nil, err
			}
			return piece(all, in.ListInput, func(f apiSharedFact) string { return f.Page + "#" + f.Kind + "#" + f.ID + "#" + f.Title })
		})
	}
	type sharedSearchInput struct {
		SharedInput
		Q     string `query:"q" required:"true" maxLength:"2000"`
		Kind  string `query:"kind" maxLength:"50"`
		Limit int    `query:"limit" minimum:"1" maximum:"100" default:"20"`
		Skip  int    `query:"skip" minimum:"0" maximum:"10000"`
	}
	type sharedSearchOutput struct {
		Body struct {
			Items     []apiSharedHit `json:"items"`
			Total     int            `json:"total"`
			Corrected bool           `json:"corrected,omitempty" doc:"Typing errors were forgiven"`
			Kinds     map[string]int `json:"kinds"`
		}
	}
	registerFor(a, Shared, op("search-shared", http.MethodGet, base+"/search", "Search what is shared"), func(ctx context.Context, c people.Caller, in *sharedSearchInput) (*sharedSearchOutput, error) {
		ro, err := p.enterAt(ctx, c, in.Prospect)
		if err != nil {
			return nil, err
		}
		found, err := ro.find(ctx, in.Q, in.Kind, in.Skip, in.Limit)
		var wrong *query.Error
		if errors.As(err, &wrong) {
			return nil, huma.Error400BadRequest(wrong.Msg)
		}
		if err != nil {
			return nil, hide(err)
		}
		out := &sharedSearchOutput{}
		out.Body.Items, out.Body.Total, out.Body.Corrected, out.Body.Kinds = []apiSharedHit{}, found.Total, found.Corrected, map[string]int{}
		for _, k := range found.Kinds {
			out.Body.Kinds[k.Value] = k.N
		}
		for i := range found.Hits {
			h := &found.Hits[i]
			out.Body.Items = append(out.Body.Items, apiSharedHit{h.Type, h.Kind, h.Page, h.File, h.Title, h.FactID, string(highlight(h.Fragments)), h.Updated})
		}
		return out, nil
	})
}

func (ro *room) apiFacts(ctx context.Context, kind string) ([]apiSharedFact, error) {
	all, err := ro.p.facts(ctx, ro.c, ro.side)
	if err != nil {
		return nil, hide(err)
	}
	there := map[wiki.Place]bool{}
	for i := range ro.pages {
		there[ro.pages[i].Place] = true
	}
	out := []apiSharedFact{}
	for i := range all {
		f := &all[i]
		if !there[f.Place] || f.Copy || kind != "" && f.Kind != kind || f.State == facts.StateGone {
			continue
		}
		raised := f.Raised()
		out = append(out, apiSharedFact{f.ID, f.Kind, f.Title, f.Body, f.Place.Page, f.Owner, f.Due, string(f.State), ro.author(ctx, raised.By).Name, raised.At})
	}
	return out, nil
}

func (p *portal) installSharedPages(a *api, base, page string) {
	type sharedPagesInput struct {
		SharedInput
		ListInput
	}
	registerFor(a, Shared, op("list-shared-pages", http.MethodGet, base+"/pages", "Every shared page"), func(ctx context.Context, c people.Caller, in *sharedPagesInput) (*listOutput[apiSharedPage], error) {
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
	})
	type sharedGetInput struct {
		SharedPageInput
		At string `query:"at" maxLength:"40" doc:"One of the page's versions"`
	}
	registerFor(a, Shared, op("get-shared-page", http.MethodGet, page, "A shared page's text as last committed, or at one of its versions"), func(ctx context.Context, c people.Caller, in *sharedGetInput) (*pageOutput, error) {
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
	})
	type sharedPutInput struct {
		SharedPageInput
		IfMatch     string `header:"If-Match" doc:"The version that the text was made from, as the ETag gave it"`
		IfNoneMatch string `header:"If-None-Match" doc:"* makes a new page"`
		Body        struct {
			Text    string `json:"text"`
			Message string `json:"message,omitempty" maxLength:"500" doc:"What was done, in one line"`
		}
	}
	put := op("put-shared-page", http.MethodPut, page, "Make a shared page, or change its text")
	put.Errors = []int{400, 401, 403, 404, 409, 412, 413, 422, 428}
	registerFor(a, Shared, put, func(ctx context.Context, c people.Caller, in *sharedPutInput) (*pageOutput, error) {
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
		switch {
		case in.IfMatch == "" && in.IfNoneMatch == "":
			return nil, huma.NewError(http.StatusPreconditionRequired, "say what the text was made from: If-Match with the page's ETag, or If-None-Match: * for a new page")
		case in.IfMatch != "" && in.IfNoneMatch != "":
			return nil, huma.Error400BadRequest("If-Match and If-None-Match do not go together")
		case in.IfNoneMatch != "":
			if strings.TrimSpace(in.IfNoneMatch) != "*" {
				return nil, huma.Error400BadRequest("If-None-Match can only be *")
			}
			if there {
				return nil, huma.Error412PreconditionFailed("there is a page of that name already")
			}
		case !there:
			return nil, notFound()
		default:
			e.Place = info.Place
			if e.Base, err = etagVersion(in.IfMatch); err != nil {
				return nil, err
			}
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
	})
	type sharedTickInput struct {
		SharedPageInput
		Body struct {
			Version string `json:"version" maxLength:"40" doc:"The version in which the line was seen"`
			Line    int    `json:"line" minimum:"1"`
			Done    bool   `json:"done"`
		}
	}
	registerFor(a, Shared, op("set-shared-task", http.MethodPost, page+"/tasks", "Tick or untick a task"), func(ctx context.Context, c people.Caller, in *sharedTickInput) (*pageOutput, error) {
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
	})
}

func (p *portal) installSharedHistory(a *api, page string) {
	type sharedHistoryInput struct {
		SharedPageInput
		ListInput
	}
	registerFor(a, Shared, op("shared-page-history", http.MethodGet, page+"/history", "A shared page's versions, the newest first"), func(ctx context.Context, c people.Caller, in *sharedHistoryInput) (*listOutput[apiSharedVersion], error) {
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
	})
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
	registerFor(a, Shared, op("shared-page-compare", http.MethodGet, page+"/compare", "What changed between two versions of a shared page"), func(ctx context.Context, c people.Caller, in *sharedCompareInput) (*sharedCompareOutput, error) {
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
	})
}

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
	type sharedListInput struct {
		SharedPageInput
		ListInput
		State string `query:"state" enum:"open,resolved" doc:"Both when absent"`
	}
	registerFor(a, Shared, op("list-shared-comments", http.MethodGet, path, "The threads about a shared page, in the order of its text"), func(ctx context.Context, c people.Caller, in *sharedListInput) (*listOutput[apiThread], error) {
		ro, info, err := p.enterPageAt(ctx, c, in.Prospect, in.Page)
		if err != nil {
			return nil, err
		}
		all, err := ro.side.Comments(ctx, c, info.Place)
		if err != nil {
			return nil, hide(err)
		}
		var wanted []wiki.Thread
		for _, t := range all {
			if in.State == "" || t.Open() == (in.State == "open") {
				wanted = append(wanted, t)
			}
		}
		cut, err := piece(wanted, in.ListInput, func(t wiki.Thread) string { return t.ID })
		if err != nil {
			return nil, err
		}
		out := &listOutput[apiThread]{Body: Listing[apiThread]{Items: []apiThread{}, Next: cut.Body.Next}}
		if len(cut.Body.Items) > 0 {
			out.Body.Items, err = ro.apiThreads(ctx, info.Place, cut.Body.Items)
		}
		return out, err
	})
	type sharedPostInput struct {
		SharedPageInput
		Body commentBody
	}
	post := op("add-shared-comment", http.MethodPost, path, "Start a thread about a piece of a shared page's text, or reply to one")
	post.DefaultStatus = http.StatusCreated
	registerFor(a, Shared, post, func(ctx context.Context, c people.Caller, in *sharedPostInput) (*threadOutput, error) {
		ro, info, err := p.enterPageAt(ctx, c, in.Prospect, in.Page)
		if err != nil {
			return nil, err
		}
		t, err := in.Body.add(ctx, c, ro.side, info.Place)
		return ro.apiThread(ctx, info.Place, http.StatusCreated, t, err)
	})
	type sharedPatchInput struct {
		SharedPageInput
		Body commentChange
	}
	registerFor(a, Shared, op("change-shared-comment", http.MethodPatch, path, "Resolve or reopen a thread, or change a comment of one's own"), func(ctx context.Context, c people.Caller, in *sharedPatchInput) (*threadOutput, error) {
		ro, info, err := p.enterPageAt(ctx, c, in.Prospect, in.Page)
		if err != nil {
			return nil, err
		}
		t, err := in.Body.apply(ctx, c, ro.side, info.Place)
		return ro.apiThread(ctx, info.Place, http.StatusOK, t, err)
	})
	type sharedItemInput struct {
		SharedPageInput
		ID string `path:"id" maxLength:"100"`
	}
	registerFor(a, Shared, op("get-shared-comment", http.MethodGet, path+"/{id}", "One thread"), func(ctx context.Context, c people.Caller, in *sharedItemInput) (*threadOutput, error) {
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
	})
	registerFor(a, Shared, op("delete-shared-comment", http.MethodDelete, path+"/{id}", "Remove a comment of one's own; a thread goes with its last one"), func(ctx context.Context, c people.Caller, in *sharedItemInput) (*struct{}, error) {
		ro, info, err := p.enterPageAt(ctx, c, in.Prospect, in.Page)
		if err != nil {
			return nil, err
		}
		_, err = ro.side.DeleteComment(ctx, c, info.Place, in.ID)
		return nil, hide(err)
	})
}

// enterPageAt opens a shared space and one of its pages.
func (p *portal) enterPageAt(ctx context.Context, c people.Caller, prospect, page string) (*room, wiki.PageInfo, error) {
	ro, err := p.enterAt(ctx, c, prospect)
	if err != nil {
		return nil, wiki.PageInfo{}, err
	}
	info, err := ro.lookup(ctx, page)
	return ro, info, err
}

func (p *portal) installSharedFiles(a *api, base, page string) {
	type sharedFilesInput struct {
		SharedInput
		ListInput
	}
	registerFor(a, Shared, op("list-shared-files", http.MethodGet, base+"/files", "Every shared attachment"), func(ctx context.Context, c people.Caller, in *sharedFilesInput) (*listOutput[apiSharedFile], error) {
		ro, err := p.enterAt(ctx, c, in.Prospect)
		if err != nil {
			return nil, err
		}
		files, err := ro.side.Files(ctx, c)
		if err != nil {
			return nil, hide(err)
		}
		var all []apiSharedFile
		for _, f := range files {
			all = append(all, apiSharedFile{f.Name, f.Size, f.Version.String(), ro.apiPerson(ctx, f.Author), f.Updated})
		}
		return piece(all, in.ListInput, func(f apiSharedFile) string { return f.Name })
	})
	type sharedFileInput struct {
		SharedInput
		Name string `path:"name" maxLength:"255"`
	}
	get := op("get-shared-file", http.MethodGet, base+"/files/{name}", "A shared attachment's bytes; ranges are answered")
	get.Responses = map[string]*huma.Response{"200": {Description: "The bytes", Content: map[string]*huma.MediaType{"application/octet-stream": {}}}}
	registerFor(a, Shared, get, func(ctx context.Context, c people.Caller, in *sharedFileInput) (*huma.StreamResponse, error) {
		ro, err := p.enterAt(ctx, c, in.Prospect)
		if err != nil {
			return nil, err
		}
		info, err := ro.side.FileNamed(ctx, c, in.Name)
		if err != nil {
			return nil, hide(err)
		}
		f, err := ro.side.OpenFile(ctx, c, info.File)
		if err != nil {
			return nil, hide(err)
		}
		return &huma.StreamResponse{Body: func(hc huma.Context) {
			defer f.Close()
			r, w := humago.Unwrap(hc)
			p.pages.serveFile(w, r, f)
		}}, nil
	})
	type sharedPutOutput struct {
		Body struct {
			Name     string `json:"name" doc:"The name that was used"`
			Markdown string `json:"markdown" doc:"What to write on a page"`
		}
	}
	keep := func(ctx context.Context, ro *room, stage, name string, data []byte, unique bool) (*sharedPutOutput, error) {
		f := wiki.File{Section: ro.side.Section(), Stage: stage, Name: name}
		if old, err := ro.side.FileNamed(ctx, ro.c, name); err == nil && !unique {
			f = old.File // its next version
		}
		f, err := ro.side.PutFile(ctx, ro.c, f, bytes.Clone(data), unique)
		if err != nil {
			return nil, hide(err)
		}
		out := &sharedPutOutput{}
		out.Body.Name, out.Body.Markdown = f.Name, embedMarkdown(f.Name)
		return out, nil
	}
	limits := func(o huma.Operation) huma.Operation {
		o.MaxBodyBytes = p.maxFile + 1
		o.BodyReadTimeout = 10 * time.Minute
		o.RequestBody = optionalBody("application/octet-stream")
		return o
	}
	type sharedPutInput struct {
		SharedInput
		Name    string `path:"name" maxLength:"255"`
		Unique  bool   `query:"unique" doc:"Number the name when it is taken, instead of replacing what is there"`
		RawBody []byte `contentType:"application/octet-stream" required:"false"`
	}
	put := limits(op("put-shared-file", http.MethodPut, base+"/files/{name}", "Keep a shared attachment, as the next version of its name"))
	registerFor(a, Shared, put, func(ctx context.Context, c people.Caller, in *sharedPutInput) (*sharedPutOutput, error) {
		ro, err := p.enterAt(ctx, c, in.Prospect)
		if err != nil {
			return nil, err
		}
		return keep(ctx, ro, wiki.StageAccount, in.Name, in.RawBody, in.Unique)
	})
	put.RequestBody.Required = false // an empty file is a file
	type sharedPutBesideInput struct {
		SharedPageInput
		Name    string `path:"name" maxLength:"255"`
		Unique  bool   `query:"unique" doc:"Number the name when it is taken, instead of replacing what is there"`
		RawBody []byte `contentType:"application/octet-stream" required:"false"`
	}
	beside := limits(op("put-shared-page-file", http.MethodPut, page+"/files/{name}", "Keep a shared attachment beside a page, on which its markdown can be written"))
	registerFor(a, Shared, beside, func(ctx context.Context, c people.Caller, in *sharedPutBesideInput) (*sharedPutOutput, error) {
		ro, info, err := p.enterPageAt(ctx, c, in.Prospect, in.Page)
		if err != nil {
			return nil, err
		}
		return keep(ctx, ro, info.Stage, in.Name, in.RawBody, in.Unique)
	})
	beside.RequestBody.Required = false
}
