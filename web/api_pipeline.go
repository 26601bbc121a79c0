package web

import (
	"context"
	"net/http"
	"time"

	"dealwiki/wiki"
	"dealwiki/wiki/people"
	"dealwiki/wiki/pipeline"
)

type pipelineInput struct {
	From     string `query:"from" maxLength:"10" doc:"The first day, such as 2026-01-01; a year before to when absent"`
	To       string `query:"to" maxLength:"10" doc:"The last day; today when absent"`
	Currency string `query:"currency" maxLength:"3" doc:"Of the amounts; the funnel's when absent"`
	Owner    string `query:"owner" maxLength:"320" doc:"Only deals of this person: id, handle or address"`
}

type pipelineOutput struct {
	Body struct {
		*pipeline.Figures
		Flags []pipeline.Flag `json:"flags" doc:"Deals whose owners have to be asked: alive, lost, nurture?"`
	}
}

func (a *api) installPipeline() {
	register(a, op("get-pipeline", http.MethodGet, "/pipeline", "How the sale as a whole stands"), a.getPipeline)
}

func (a *api) getPipeline(ctx context.Context, c people.Caller, in *pipelineInput) (*pipelineOutput, error) {
	if a.s.figures == nil {
		return nil, wiki.ErrNotFound
	}
	q, err := pipelineQuery(in.From, in.To, in.Currency, a.s.now())
	if err != nil {
		return nil, err
	}
	if in.Owner != "" {
		p, err := a.findPerson(ctx, in.Owner)
		if err != nil {
			return nil, err
		}
		q.Owner = p.ID
	}
	out := &pipelineOutput{}
	if out.Body.Figures, err = a.s.figures.Figures(ctx, c, q); err != nil {
		return nil, err
	}
	flags, err := a.s.figures.Flags(ctx, c)
	if err != nil {
		return nil, err
	}
	out.Body.Flags = []pipeline.Flag{}
	for _, f := range flags {
		if q.Owner == "" || f.Owner == q.Owner {
			out.Body.Flags = append(out.Body.Flags, f)
		}
	}
	return out, nil
}

// pipelineQuery reads which figures are asked for: those of the year that ends
// today where nothing is said.
func pipelineQuery(from, to, currency string, now time.Time) (pipeline.Query, error) {
	q := pipeline.Query{Currency: currency}
	read := func(name, s string, otherwise time.Time) (time.Time, error) {
		if s == "" {
			return otherwise, nil
		}
		t, err := time.Parse(time.DateOnly, s)
		if err != nil || t.Year() < 1970 || t.Year() > 9999 {
			return t, &wiki.Invalid{Field: name, Problem: "is a day such as 2027-03-01"}
		}
		return t, nil
	}
	var err error
	if q.To, err = read("to", to, now.UTC()); err != nil {
		return q, err
	}
	if q.From, err = read("from", from, q.To.AddDate(-1, 0, 0)); err != nil {
		return q, err
	}
	if q.From.After(q.To) {
		return q, &wiki.Invalid{Field: "from", Problem: "is after the last day; exchange the two"}
	}
	if currency != "" && (wiki.Prospect{Title: "x", Currency: currency}).Validate() != nil {
		return q, &wiki.Invalid{Field: "currency", Problem: "is a code of three capital letters, such as EUR"}
	}
	return q, nil
}
