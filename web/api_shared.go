package web

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

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

	registerFor(a, Shared, op("get-shared", http.MethodGet, base, "A shared space: companies, steps in the buyer's words, goal, people, mutual action plan"), p.getShared)
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
	registerFor(a, Shared, op("search-shared", http.MethodGet, base+"/search", "Search what is shared"), p.searchShared)
}

type sharedInfoOutput struct{ Body *apiSharedInfo }

func (p *portal) getShared(ctx context.Context, c people.Caller, in *SharedInput) (*sharedInfoOutput, error) {
	ro, err := p.enterAt(ctx, c, in.Prospect)
	if err != nil {
		return nil, err
	}
	info, err := ro.apiInfo(ctx)
	return &sharedInfoOutput{info}, err
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

func (p *portal) searchShared(ctx context.Context, c people.Caller, in *sharedSearchInput) (*sharedSearchOutput, error) {
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

// enterPageAt opens a shared space and one of its pages.
func (p *portal) enterPageAt(ctx context.Context, c people.Caller, prospect, page string) (*room, wiki.PageInfo, error) {
	ro, err := p.enterAt(ctx, c, prospect)
	if err != nil {
		return nil, wiki.PageInfo{}, err
	}
	info, err := ro.lookup(ctx, page)
	return ro, info, err
}
