package web

import (
	"context"
	"net/http"
	"time"

	"dealwiki/wiki"
	"dealwiki/wiki/people"
)

// apiProspect is a prospect as the API shows it.
type apiProspect struct {
	wiki.Prospect
	Owner      *APIPerson `json:"owner"`
	Restricted bool       `json:"restricted"`
	Updated    time.Time  `json:"updated"`
}

func (a *api) prospect(ctx context.Context, c people.Caller, e wiki.Entry) (apiProspect, error) {
	out := apiProspect{Prospect: e.Prospect, Updated: e.Updated}
	access, err := a.s.people.Access(ctx, e.Slug)
	if err != nil {
		return out, err
	}
	out.Restricted = access.Restricted
	if access.Owner != "" {
		if p, err := a.s.people.Get(ctx, access.Owner); err == nil {
			owner := personOf(p)
			out.Owner = &owner
		}
	}
	return out, nil
}

type ProspectInput struct {
	Prospect string `path:"prospect" maxLength:"200"`
}

type prospectOutput struct{ Body apiProspect }

type newProspectInput struct {
	Body struct {
		Name          string   `json:"name" maxLength:"255" doc:"The title"`
		Slug          string   `json:"slug,omitempty" maxLength:"200" doc:"Made from the name when absent"`
		Owner         string   `json:"owner,omitempty" maxLength:"320" doc:"Id, handle or address; the caller when absent"`
		Restricted    bool     `json:"restricted,omitempty" doc:"Only those named may see it"`
		Stage         string   `json:"stage,omitempty" maxLength:"200" doc:"The funnel's first when absent"`
		Outcome       string   `json:"outcome,omitempty" enum:"open,won,lost,no-decision"`
		Value         float64  `json:"value,omitempty" doc:"In whole units of the currency"`
		Currency      string   `json:"currency,omitempty" maxLength:"3"`
		ExpectedClose string   `json:"expected_close,omitempty" maxLength:"10" doc:"A date such as 2027-03-01"`
		Tags          []string `json:"tags,omitempty" maxItems:"50"`
		Source        string   `json:"source,omitempty" maxLength:"500"`
		ExternalID    string   `json:"external_id,omitempty" maxLength:"500"`
		Links         []string `json:"links,omitempty" maxItems:"50" doc:"Short names of linked prospects, or [title](https://…) for addresses in the web"`
	}
}

type patchProspectInput struct {
	ProspectInput
	Body struct {
		Name          *string   `json:"name,omitempty" maxLength:"255"`
		Owner         *string   `json:"owner,omitempty" maxLength:"320" doc:"Id, handle or address; only the owner and administrators may change it"`
		Value         *float64  `json:"value,omitempty"`
		Currency      *string   `json:"currency,omitempty" maxLength:"3"`
		ExpectedClose *string   `json:"expected_close,omitempty" maxLength:"10"`
		Tags          *[]string `json:"tags,omitempty" maxItems:"50"`
		Source        *string   `json:"source,omitempty" maxLength:"500"`
		ExternalID    *string   `json:"external_id,omitempty" maxLength:"500"`
		Links         *[]string `json:"links,omitempty" maxItems:"50"`
	}
}

type outcomeInput struct {
	ProspectInput
	Body struct {
		Outcome string `json:"outcome" enum:"open,won,lost,no-decision"`
		Date    string `json:"date,omitempty" maxLength:"10" doc:"Today when absent"`
		Reason  string `json:"reason,omitempty" maxLength:"500" doc:"Required for lost and no-decision"`
	}
}

type apiNeed struct {
	Stage     string `json:"stage"`
	Section   string `json:"section"`
	Page      string `json:"page"`
	Title     string `json:"title"`
	Optional  bool   `json:"optional"`
	Present   bool   `json:"present"`
	Untouched bool   `json:"untouched" doc:"There, but still the template it was made from"`
}

func (a *api) installProspects() {
	register(a, op("list-prospects", http.MethodGet, "/prospects", "List prospects, by name"), a.listProspects)
	create := op("create-prospect", http.MethodPost, "/prospects", "Make a prospect with both its sides")
	create.DefaultStatus = http.StatusCreated
	register(a, create, a.createProspect)
	register(a, op("get-prospect", http.MethodGet, "/prospects/{prospect}", "One prospect"), a.getProspect)
	register(a, op("patch-prospect", http.MethodPatch, "/prospects/{prospect}", "Change what is known of a prospect; its stage and outcome are read-only here"), a.patchProspect)
	register(a, op("delete-prospect", http.MethodDelete, "/prospects/{prospect}", "Move a prospect to the trash of the data folder"), a.deleteProspect)
	register(a, op("set-outcome", http.MethodPost, "/prospects/{prospect}/outcome", "Say how the deal ended"), a.setOutcome)
	register(a, op("list-needed", http.MethodGet, "/prospects/{prospect}/needed", "The pages that the funnel asks for, present or missing"), a.listNeeded)
	register(a, op("get-funnel", http.MethodGet, "/funnel", "The company's funnel"), a.getFunnel)
	register(a, op("put-funnel", http.MethodPut, "/funnel", "Replace the company's funnel after checking it; for administrators"), a.putFunnel)
}

func (a *api) listProspects(ctx context.Context, c people.Caller, in *ListInput) (*listOutput[apiProspect], error) {
	cut, err := piece(a.s.wiki.Prospects(ctx, c), *in, func(e wiki.Entry) string { return e.Slug })
	if err != nil {
		return nil, err
	}
	out := &listOutput[apiProspect]{Body: Listing[apiProspect]{Items: []apiProspect{}, Next: cut.Body.Next}}
	for _, e := range cut.Body.Items {
		p, err := a.prospect(ctx, c, e)
		if err != nil {
			continue // taken away meanwhile
		}
		out.Body.Items = append(out.Body.Items, p)
	}
	return out, nil
}

func (a *api) createProspect(ctx context.Context, c people.Caller, in *newProspectInput) (*prospectOutput, error) {
	b := in.Body
	n := wiki.NewProspect{Restricted: b.Restricted, Prospect: wiki.Prospect{Slug: b.Slug, Title: b.Name, Stage: b.Stage, Outcome: b.Outcome,
		Value: b.Value, Currency: b.Currency, ExpectedClose: b.ExpectedClose, Tags: b.Tags, Source: b.Source, ExternalID: b.ExternalID, Links: b.Links}}
	if b.Owner != "" {
		p, err := a.findPerson(ctx, b.Owner)
		if err != nil {
			return nil, err
		}
		n.Owner = p.ID
	}
	e, err := a.s.wiki.Create(ctx, c, n)
	if err != nil {
		return nil, err
	}
	p, err := a.prospect(ctx, c, e)
	if err != nil {
		return nil, err
	}
	return &prospectOutput{p}, nil
}

func (a *api) getProspect(ctx context.Context, c people.Caller, in *ProspectInput) (*prospectOutput, error) {
	e, err := a.s.wiki.Prospect(ctx, c, in.Prospect)
	if err != nil {
		return nil, err
	}
	p, err := a.prospect(ctx, c, e)
	return &prospectOutput{p}, err
}

func (a *api) patchProspect(ctx context.Context, c people.Caller, in *patchProspectInput) (*prospectOutput, error) {
	if _, err := a.s.wiki.Prospect(ctx, c, in.Prospect); err != nil {
		return nil, err
	}
	b := in.Body
	e, err := a.s.wiki.Update(ctx, c, in.Prospect, wiki.Patch{Title: b.Name, Currency: b.Currency, ExpectedClose: b.ExpectedClose, Source: b.Source, ExternalID: b.ExternalID, Value: b.Value, Tags: b.Tags, Links: b.Links})
	if err != nil {
		return nil, err
	}
	if b.Owner != nil {
		person, err := a.findPerson(ctx, *b.Owner)
		if err != nil {
			return nil, err
		}
		if err := a.s.people.SetOwner(ctx, c, in.Prospect, person.ID); err != nil {
			return nil, err
		}
	}
	p, err := a.prospect(ctx, c, e)
	return &prospectOutput{p}, err
}

func (a *api) deleteProspect(ctx context.Context, c people.Caller, in *ProspectInput) (*struct{}, error) {
	return nil, a.s.wiki.Delete(ctx, c, in.Prospect)
}

func (a *api) setOutcome(ctx context.Context, c people.Caller, in *outcomeInput) (*prospectOutput, error) {
	sp, err := a.s.wiki.Space(ctx, c, in.Prospect)
	if err != nil {
		return nil, err
	}
	e, err := a.s.setOutcome(ctx, c, sp, in.Body.Outcome, in.Body.Date, in.Body.Reason)
	if err != nil {
		return nil, err
	}
	p, err := a.prospect(ctx, c, e)
	return &prospectOutput{p}, err
}

type neededInput struct {
	ProspectInput
	ListInput
}

func (a *api) listNeeded(ctx context.Context, c people.Caller, in *neededInput) (*listOutput[apiNeed], error) {
	sp, err := a.s.wiki.Space(ctx, c, in.Prospect)
	if err != nil {
		return nil, err
	}
	needs, err := sp.Needs(ctx, c)
	if err != nil {
		return nil, err
	}
	all := make([]apiNeed, 0, len(needs))
	for _, n := range needs {
		all = append(all, apiNeed{n.Stage, string(n.Section), n.Page, n.Title, n.Optional, n.Present, n.Info != nil && n.Info.Untouched})
	}
	return piece(all, in.ListInput, func(n apiNeed) string { return n.Section + "/" + n.Stage + "/" + n.Page })
}

type funnelBody struct {
	wiki.Funnel
	Text string `json:"text" doc:"funnel.yaml as it was written"`
}

type funnelOutput struct{ Body funnelBody }

func (a *api) getFunnel(ctx context.Context, c people.Caller, in *struct{}) (*funnelOutput, error) {
	return a.funnel(ctx, c)
}

type putFunnelInput struct {
	Body struct {
		Text  string            `json:"text" maxLength:"262144" doc:"funnel.yaml"`
		Moves map[string]string `json:"moves,omitempty" doc:"By key of a stage that is no more: the stage that its prospects go to. 422 when one with prospects is left out"`
	}
}

func (a *api) putFunnel(ctx context.Context, c people.Caller, in *putFunnelInput) (*funnelOutput, error) {
	if err := a.s.wiki.ChangeFunnel(ctx, c, []byte(in.Body.Text), in.Body.Moves); err != nil {
		return nil, err
	}
	return a.funnel(ctx, c)
}

func (a *api) funnel(ctx context.Context, c people.Caller) (*funnelOutput, error) {
	text, err := a.s.wiki.FunnelText(ctx, c)
	if err != nil {
		return nil, err
	}
	f, err := a.s.wiki.Funnel(ctx)
	if err != nil {
		return nil, err
	}
	return &funnelOutput{funnelBody{*f, string(text)}}, nil
}
