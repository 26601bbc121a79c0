package web

import (
	"context"
	"net/http"
	"time"

	"dealwiki/wiki"
	"dealwiki/wiki/people"
	facts "dealwiki/wiki/register"
)

// apiFact is a fact or an action as the API shows it.
type apiFact struct {
	Prospect    string            `json:"prospect"`
	ID          string            `json:"id" doc:"Empty for a fact of an imported page that nobody has edited yet"`
	Key         string            `json:"key" doc:"Names the fact in calls; the id where there is one"`
	Kind        string            `json:"kind" doc:"decision, commitment, requirement, risk, question, stakeholder or action"`
	Text        string            `json:"text" doc:"Its first line"`
	Body        string            `json:"body,omitempty"`
	State       string            `json:"state" doc:"open, evaded, done, answered, dropped, or gone from its page"`
	Owner       string            `json:"owner,omitempty" doc:"Handle"`
	Due         string            `json:"due,omitempty" doc:"A date such as 2027-03-01"`
	Late        bool              `json:"late"`
	Attributes  map[string]string `json:"attributes,omitempty"`
	Page        string            `json:"page" doc:"SECTION/STAGE/PAGE where it stands, or stood last"`
	Line        int               `json:"line"`
	EndLine     int               `json:"end_line"`
	Author      APIPerson         `json:"author" doc:"Who raised it"`
	Raised      time.Time         `json:"raised"`
	Stage       string            `json:"stage,omitempty" doc:"Of the deal when it was raised"`
	FirstCommit string            `json:"first_commit"`
	LastCommit  string            `json:"last_commit"`
	Copy        bool              `json:"copy,omitempty" doc:"An older fact elsewhere has the same id"`
	Life        []apiFactEvent    `json:"life" doc:"What happened to it, oldest first"`
}

type apiFactEvent struct {
	What   string    `json:"what" doc:"raised, changed, answered, done, dropped, evaded, reopened, removed or restored"`
	By     APIPerson `json:"by"`
	At     time.Time `json:"at"`
	Commit string    `json:"commit"`
	Number int       `json:"number" doc:"Of the page's version"`
	Stage  string    `json:"stage,omitempty"`
	Note   string    `json:"note,omitempty"`
}

func (a *api) fact(ctx context.Context, f facts.Fact) apiFact {
	raised, last := f.Raised(), f.Last()
	out := apiFact{Prospect: f.Prospect, ID: f.ID, Key: f.Key, Kind: f.Kind, Text: f.Title, Body: f.Body, State: string(f.State), Owner: f.Owner, Due: f.Due,
		Late: f.Overdue(a.s.now().UTC().Format(time.DateOnly)), Attributes: f.Attrs, Page: f.Place.String(), Line: f.Line, EndLine: f.EndLine,
		Author: a.author(ctx, raised.By), Raised: raised.At, Stage: raised.Stage, FirstCommit: raised.Commit, LastCommit: last.Commit, Copy: f.Copy}
	for _, e := range f.Life {
		out.Life = append(out.Life, apiFactEvent{e.What, a.author(ctx, e.By), e.At, e.Commit, e.Number, e.Stage, e.Note})
	}
	return out
}

// FactInput names a fact in the path.
type FactInput struct {
	ProspectInput
	Fact string `path:"fact" maxLength:"2000" doc:"Id, or key"`
}

// FactQuery narrows a list of facts.
type FactQuery struct {
	Kind      string `query:"kind" enum:",decision,commitment,requirement,risk,question,stakeholder,action"`
	State     string `query:"state" enum:",standing,open,evaded,done,answered,dropped,gone" doc:"standing is open or evaded; all states when absent"`
	Stage     string `query:"stage" maxLength:"200" doc:"Raised while the deal was in it"`
	Owner     string `query:"owner" maxLength:"200" doc:"Handle, or me"`
	DueBefore string `query:"due_before" maxLength:"10" doc:"A date such as 2027-03-01; that day is left out"`
	DueFrom   string `query:"due_from" maxLength:"10"`
}

func (in FactQuery) filter(c people.Caller) (facts.Filter, error) {
	f := facts.Filter{Stage: in.Stage, DueFrom: in.DueFrom}
	if in.Kind != "" {
		f.Kinds = []string{in.Kind}
	}
	switch in.State {
	case "":
	case "standing":
		f.States = []facts.State{facts.StateOpen, facts.StateEvaded}
	default:
		f.States = []facts.State{facts.State(in.State)}
	}
	switch in.Owner {
	case "":
	case "me":
		f.Owners = []string{c.Person.Handle}
	default:
		f.Owners = []string{in.Owner}
	}
	if in.DueBefore != "" {
		day, err := time.Parse(time.DateOnly, in.DueBefore)
		if err != nil {
			return f, &wiki.Invalid{Field: "due_before", Problem: "is a date such as 2027-03-01"}
		}
		f.DueUntil = day.AddDate(0, 0, -1).Format(time.DateOnly)
	}
	if in.DueFrom != "" {
		if _, err := time.Parse(time.DateOnly, in.DueFrom); err != nil {
			return f, &wiki.Invalid{Field: "due_from", Problem: "is a date such as 2027-03-01"}
		}
	}
	return f, nil
}

func (a *api) factList(ctx context.Context, all []facts.Fact, in ListInput) (*listOutput[apiFact], error) {
	cut, err := piece(all, in, func(f facts.Fact) string { return f.Prospect + "/" + f.Place.String() + "/" + f.Key })
	if err != nil {
		return nil, err
	}
	out := &listOutput[apiFact]{Body: Listing[apiFact]{Items: make([]apiFact, 0, len(cut.Body.Items)), Next: cut.Body.Next}}
	for _, f := range cut.Body.Items {
		out.Body.Items = append(out.Body.Items, a.fact(ctx, f))
	}
	return out, nil
}

func (a *api) installFacts() {
	if a.s.facts == nil {
		return
	}
	register(a, op("list-facts", http.MethodGet, "/prospects/{prospect}/facts", "Facts and actions of a prospect with their lives"), a.listFacts)
	register(a, op("list-all-facts", http.MethodGet, "/facts", "Facts and actions over all prospects, by date due"), a.listAllFacts)
	register(a, op("get-fact", http.MethodGet, "/prospects/{prospect}/facts/{fact}", "One fact or action"), a.getFact)
	register(a, op("patch-fact", http.MethodPatch, "/prospects/{prospect}/facts/{fact}", "Close or reopen a fact: an edit of its page by the caller"), a.patchFact)
}

type spaceFactsInput struct {
	ProspectInput
	FactQuery
	ListInput
}

type allFactsInput struct {
	FactQuery
	ListInput
}

type factOutput struct{ Body apiFact }

type patchFactInput struct {
	FactInput
	Body struct {
		State string `json:"state" enum:"open,evaded,done,answered,dropped" doc:"What its first line is to say; an action is open or done, a question alone evaded"`
	}
}

func (a *api) listFacts(ctx context.Context, c people.Caller, in *spaceFactsInput) (*listOutput[apiFact], error) {
	sp, err := a.s.wiki.Space(ctx, c, in.Prospect)
	if err != nil {
		return nil, err
	}
	filter, err := in.filter(c)
	if err != nil {
		return nil, err
	}
	all, err := a.s.facts.Space(ctx, c, sp)
	if err != nil {
		return nil, err
	}
	return a.factList(ctx, facts.Select(all, filter), in.ListInput)
}

func (a *api) listAllFacts(ctx context.Context, c people.Caller, in *allFactsInput) (*listOutput[apiFact], error) {
	filter, err := in.filter(c)
	if err != nil {
		return nil, err
	}
	all, err := a.s.facts.All(ctx, c, filter)
	if err != nil {
		return nil, err
	}
	return a.factList(ctx, all, in.ListInput)
}

func (a *api) getFact(ctx context.Context, c people.Caller, in *FactInput) (*factOutput, error) {
	return a.oneFact(ctx, c, in.Prospect, in.Fact)
}

func (a *api) patchFact(ctx context.Context, c people.Caller, in *patchFactInput) (*factOutput, error) {
	sp, err := a.s.wiki.Space(ctx, c, in.Prospect)
	if err != nil {
		return nil, err
	}
	was, _, err := a.s.setFact(ctx, c, sp, in.Fact, facts.State(in.Body.State))
	if err != nil {
		return nil, err
	}
	key := was.Key
	if was.ID == "" {
		if key, err = a.s.sameFact(ctx, c, sp, was); err != nil {
			return nil, err
		}
	}
	return a.oneFact(ctx, c, in.Prospect, key)
}

func (a *api) oneFact(ctx context.Context, c people.Caller, prospect, key string) (*factOutput, error) {
	sp, err := a.s.wiki.Space(ctx, c, prospect)
	if err != nil {
		return nil, err
	}
	f, err := a.s.findFact(ctx, c, sp, key)
	if err != nil {
		return nil, err
	}
	return &factOutput{a.fact(ctx, f)}, nil
}
