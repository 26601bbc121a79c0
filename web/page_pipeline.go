package web

import (
	"context"
	"encoding/csv"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"dealwiki/wiki"
	"dealwiki/wiki/people"
	"dealwiki/wiki/pipeline"
)

// pipelinePage shows how the sale as a whole stands.
func (s *Server) pipelinePage(w http.ResponseWriter, r *http.Request, c people.Caller) error {
	if s.figures == nil {
		return notFound()
	}
	ctx, form := r.Context(), r.URL.Query()
	q, err := pipelineQuery(form.Get("from"), form.Get("to"), form.Get("currency"), s.now())
	if err != nil {
		return err
	}
	q.Owner = form.Get("owner")
	f, err := s.figures.Figures(ctx, c, q)
	if err != nil {
		return err
	}
	switch form.Get("format") {
	case "", "html":
	case "csv":
		return figuresCSV(w, f)
	default:
		return badRequest("The figures come as a page, or with format=csv as a table.")
	}
	flags, err := s.figures.Flags(ctx, c)
	if err != nil {
		return err
	}
	v := &PipelineView{Shell: s.shell(r, c, "Pipeline metrics"), From: f.From, To: f.To}
	v.Nav = "metrics"
	v.Flash = s.flash(w, r)
	deals := s.wiki.Prospects(ctx, c)
	v.Empty = len(deals) == 0
	v.Owners, v.Currencies = s.figureChoices(ctx, deals, f, q)
	keep := url.Values{"format": {"csv"}, "from": {f.From}, "to": {f.To}}
	if q.Owner != "" {
		keep.Set("owner", q.Owner)
	}
	if q.Currency != "" {
		keep.Set("currency", q.Currency)
	}
	v.CSV = "/pipeline?" + keep.Encode()
	for _, flag := range flags {
		if q.Owner == "" || flag.Owner == q.Owner {
			v.Asked = append(v.Asked, s.asked(ctx, c, flag))
		}
	}
	slices.SortStableFunc(v.Asked, func(a, b AskedDeal) int {
		if a.Mine == b.Mine {
			return 0
		}
		if a.Mine {
			return -1
		}
		return 1
	})
	drawFigures(v, f)
	private(w)
	s.render(w, r, http.StatusOK, "pipeline", v)
	return nil
}

// figureChoices are the owners and currencies among some deals.
func (s *Server) figureChoices(ctx context.Context, deals []wiki.Entry, f *pipeline.Figures, q pipeline.Query) (owners, currencies []Option) {
	all, codes := map[string]people.Person{}, map[string]bool{}
	for i := range deals {
		if access, err := s.people.Access(ctx, deals[i].Slug); err == nil && access.Owner != "" {
			if p, err := s.people.Get(ctx, access.Owner); err == nil {
				all[p.ID] = p
			}
		}
		if deals[i].Currency != "" {
			codes[deals[i].Currency] = true
		}
	}
	owners = slices.DeleteFunc(ownerOptions(all, q.Owner), func(o Option) bool { return o.Value == "none" })
	owners[0].Label = "All owners"
	codes[f.Currency] = true
	if delete(codes, ""); len(codes) > 1 {
		for code := range codes {
			currencies = append(currencies, Option{Value: code, Label: code, Selected: code == f.Currency})
		}
		slices.SortFunc(currencies, func(a, b Option) int { return strings.Compare(a.Value, b.Value) })
	}
	return owners, currencies
}

// asked draws a deal whose owner has to be asked.
func (s *Server) asked(ctx context.Context, c people.Caller, flag pipeline.Flag) AskedDeal {
	d := AskedDeal{Slug: flag.Prospect, Name: flag.Name, Href: spacePath(flag.Prospect), Stage: flag.Stage, Value: money(flag.Value, flag.Currency), Close: flag.Past,
		Updated: flag.Updated, Mine: flag.Owner != "" && flag.Owner == c.Person.ID}
	if funnel, err := s.wiki.Funnel(ctx); err == nil {
		d.Stage = stageTitle(funnel, flag.Stage)
	}
	if p, err := s.people.Get(ctx, flag.Owner); err == nil {
		d.Owner = personView(p)
	}
	if flag.Quiet > 0 {
		d.Why = append(d.Why, fmt.Sprintf("nothing written for %d days; %d are typical of the whole stage", flag.Quiet, flag.Typical))
	}
	if t, err := time.Parse(time.DateOnly, flag.Past); err == nil {
		d.Why = append(d.Why, "expected to close on "+t.Format("2 January 2006"))
	}
	level := s.people.LevelOn(ctx, c, flag.Prospect)
	d.Alive = level >= people.Editor && c.Can(people.Write)
	if d.Alive {
		d.Nurture = d.Href + "/handoff?to=nurture"
	}
	if level >= people.Owner && c.Can(people.Write) {
		d.Lost = d.Href + "/settings#outcome"
	}
	return d
}

// postAlive says that a deal goes on.
func (s *Server) postAlive(w http.ResponseWriter, r *http.Request, c people.Caller) error {
	if s.figures == nil {
		return notFound()
	}
	form, err := s.form(r)
	if err != nil {
		return err
	}
	sp, err := s.wiki.Space(r.Context(), c, form.Get("prospect"))
	if err != nil {
		return err
	}
	e, err := s.wiki.Prospect(r.Context(), c, form.Get("prospect"))
	if err != nil {
		return err
	}
	if err := s.figures.Alive(r.Context(), c, sp, form.Get("expected")); err != nil {
		_, problem, ok := fieldError(err)
		if !ok {
			return err
		}
		return s.goWith(w, r, "/pipeline#asked", Flash{Kind: "danger", Text: e.Title + ": " + problem})
	}
	return s.goWith(w, r, "/pipeline#asked", Flash{Kind: "ok", Text: e.Title + " is alive. It will be asked about again when it is quiet for long."})
}

// figuresCSV sends all figures as one table: a row for each number.
func figuresCSV(w http.ResponseWriter, f *pipeline.Figures) error {
	h := w.Header()
	h.Set("Content-Type", "text/csv; charset=utf-8")
	h.Set("Content-Disposition", `attachment; filename="pipeline.csv"`)
	private(w)
	out := csv.NewWriter(w)
	row := func(figure, of string, v float64, unit string) {
		_ = out.Write([]string{figure, cell(of), strconv.FormatFloat(v, 'f', -1, 64), unit, f.From, f.To})
	}
	some := func(figure, of string, v *float64, unit string) {
		if v != nil {
			row(figure, of, *v, unit)
		}
	}
	n := func(figure, of string, v int) { row(figure, of, float64(v), "deals") }
	_ = out.Write([]string{"figure", "of", "value", "unit", "from", "to"})
	wr := f.WinRate
	n("won", "", wr.Won)
	n("lost", "", wr.Lost)
	n("no decision", "", wr.NoDecision)
	n("open", "", wr.Open)
	row("won value", "", wr.WonValue, f.Currency)
	row("lost value", "", wr.LostValue, f.Currency)
	row("open value", "", wr.OpenValue, f.Currency)
	some("unit win rate", "", wr.Unit, "ratio")
	some("value win rate", "", wr.Value, "ratio")
	some("unit win rate with open deals", "", wr.UnitOpen, "ratio")
	some("value win rate with open deals", "", wr.ValueOpen, "ratio")
	some("mean sales cycle", "", f.Cycle.Mean, "days")
	some("median sales cycle", "", f.Cycle.Median, "days")
	some("average won deal", "", f.Velocity.Average, f.Currency)
	n("qualified open deals", "", f.Velocity.Qualified)
	some("sales velocity", "", f.Velocity.PerDay, f.Currency+" a day")
	row("target", "", f.Target, f.Currency)
	row("weighted pipeline", "", f.Weighted.Value, f.Currency)
	for _, st := range f.Stages {
		n("open", st.Title, st.Deals)
		row("open value", st.Title, st.Value, f.Currency)
		some("median days", st.Title, st.Median, "days")
		some("mean days of ended deals", st.Title, st.Mean, "days")
		some("conversion to won", st.Title, st.Unit, "ratio")
		some("value conversion to won", st.Title, st.Conversion, "ratio")
		some("pipeline value factor", st.Title, st.Factor, "times target")
		some("open value by target", st.Title, st.Does, "times target")
		some("rating of content", st.Title, st.Content, "1 to 5")
		some("rating of collaboration", st.Title, st.Cooperation, "1 to 5")
		some("rating of communication", st.Title, st.Talk, "1 to 5")
	}
	for _, s := range f.Sizes {
		n("won", sizeName(s, f.Currency), s.Won)
		n("lost", sizeName(s, f.Currency), s.Lost)
		row("open value", sizeName(s, f.Currency), s.OpenValue, f.Currency)
	}
	for _, s := range f.Sources {
		row("won value by source", sourceName(s.Source), s.Value, f.Currency)
	}
	for _, o := range f.Others {
		row("value in another currency", o.Currency, o.Value, o.Currency)
	}
	out.Flush()
	return out.Error()
}
