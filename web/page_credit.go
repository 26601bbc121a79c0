package web

import (
	"context"
	"encoding/csv"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"dealwiki/search"
	"dealwiki/search/query"
	"dealwiki/wiki"
	"dealwiki/wiki/credit"
	"dealwiki/wiki/people"
)

// whoHits is how many hits are asked who wrote them.
const whoHits = 50

// whoKnows ranks colleagues by what they know about a query. problem says what
// is wrong with it.
func (s *Server) whoKnows(ctx context.Context, c people.Caller, text string) (known []credit.Knower, problem string, err error) {
	if s.credit == nil {
		return nil, "", nil
	}
	var found []credit.Found
	if s.search != nil {
		q, err := query.Parse(text)
		var wrong *query.Error
		if errors.As(err, &wrong) {
			return nil, wrong.Msg, nil
		}
		if err != nil {
			return nil, "", err
		}
		level := s.people.Visible(ctx, c)
		res, err := s.search.Search(ctx, search.Request{Query: q, Access: search.Tokens(ctx, s.wiki, c), Limit: whoHits}, func(prospect string) bool { return level(prospect) >= people.Viewer })
		if err != nil && !errors.Is(err, context.DeadlineExceeded) {
			return nil, "", err
		}
		if err == nil {
			found = pagesFound(res.Hits)
		}
	}
	var words []string
	for word := range strings.FieldsSeq(text) {
		if word = strings.Trim(word, `"'()-.,;?!*`); word != "" && !strings.Contains(word, ":") {
			words = append(words, word)
		}
	}
	known, err = s.credit.Who(ctx, c, words, found)
	return known, "", err
}

// pagesFound are the pages among hits, each once.
func pagesFound(hits []search.Hit) []credit.Found {
	var out []credit.Found
	for _, h := range hits {
		if h.Type != "page" && h.Type != "fact" {
			continue
		}
		place, ok := wiki.PlaceOf(wiki.Section(h.Section), h.Path)
		f := credit.Found{Prospect: h.Prospect, Place: place}
		if ok && !slices.Contains(out, f) {
			out = append(out, f)
		}
	}
	return out
}

// knowerRows draws who knows.
func (s *Server) knowerRows(ctx context.Context, known []credit.Knower) []KnowerRow {
	var out []KnowerRow
	for _, k := range known {
		row := KnowerRow{Colleague: colleague(k.Person, nil), BySkills: k.Skills, Lines: k.Lines, Words: k.Words, Last: k.Last, Ask: askPath(k)}
		for _, p := range k.Pages {
			row.Pages = append(row.Pages, s.sourceLink(ctx, p))
		}
		out = append(out, row)
	}
	return out
}

// askPath leads to where somebody is asked, on the page where most of what they
// know stands. A question goes to a page that customers read only if somebody
// names it.
func askPath(k credit.Knower) string {
	at := "/people/" + url.PathEscape(k.Person.Handle)
	if len(k.Pages) > 0 {
		on := url.Values{"prospect": {k.Pages[0].Prospect}}
		for _, p := range k.Pages {
			if p.Place.Section == wiki.Internal && p.Prospect == k.Pages[0].Prospect {
				on.Set("page", p.Place.String())
				break
			}
		}
		at += "?" + on.Encode()
	}
	return at + "#ask"
}

// sourceLink leads to where a number comes from.
func (s *Server) sourceLink(ctx context.Context, p credit.Source) Link {
	l := Link{Title: p.Title, Place: p.Prospect}
	if e, err := s.wiki.Prospect(ctx, people.System("web"), p.Prospect); err == nil {
		l.Place = e.Title
	}
	switch {
	case p.Handoff > 0:
		l.Href = spacePath(p.Prospect) + "/handoffs/" + strconv.Itoa(p.Handoff)
	default:
		l.Href, l.Audience = pagePath(p.Prospect, p.Place), string(p.Place.Section)
		if p.Fact != "" && !strings.HasPrefix(p.Fact, "~") {
			l.Href += "#" + url.PathEscape(p.Fact)
		}
	}
	return l
}

// credits shows who helped, over all deals.
func (s *Server) credits(w http.ResponseWriter, r *http.Request, c people.Caller) error {
	if s.credit == nil {
		return notFound()
	}
	ledger, err := s.credit.All(r.Context(), c)
	if err != nil {
		return err
	}
	if r.URL.Query().Get("format") == "csv" {
		return s.creditCSV(w, r, ledger, "credit.csv")
	}
	v := &CreditView{Shell: s.shell(r, c, "Who helped"), CSV: "/people/credit?format=csv", Unread: ledger.Unread, Rows: s.creditRows(r.Context(), ledger)}
	v.Nav = "people"
	v.Crumbs = []Crumb{{"People", "/people"}, {Label: "Who helped"}}
	private(w)
	s.render(w, r, http.StatusOK, "credit", v)
	return nil
}

// spacePeople shows who did what on a deal, and what they know.
func (s *Server) spacePeople(w http.ResponseWriter, r *http.Request, c people.Caller) error {
	f, err := s.openSpace(r.Context(), c, r.PathValue("prospect"))
	if err != nil {
		return err
	}
	if s.credit == nil || f.playbook() {
		return notFound()
	}
	ledger, err := s.credit.Deal(r.Context(), c, f.space)
	if err != nil {
		return err
	}
	if r.URL.Query().Get("format") == "csv" {
		return s.creditCSV(w, r, ledger, f.entry.Slug+"-people.csv")
	}
	v := &CreditView{Shell: f.shellOf(r, "People", wiki.Place{}, "people"), Deal: f.entry.Title, CSV: f.base() + "/people?format=csv", Unread: ledger.Unread, Rows: s.creditRows(r.Context(), ledger)}
	private(w)
	s.render(w, r, http.StatusOK, "credit", v)
	return nil
}

func (s *Server) creditRows(ctx context.Context, ledger *credit.Ledger) []CreditRow {
	funnel, err := s.wiki.Funnel(ctx)
	if err != nil {
		funnel = &wiki.Funnel{}
	}
	number := func(one, many string, list []credit.Source) CreditNumber {
		n := CreditNumber{Label: many}
		if len(list) == 1 {
			n.Label = one
		}
		for _, source := range list {
			n.Sources = append(n.Sources, s.sourceLink(ctx, source))
		}
		return n
	}
	var out []CreditRow
	for i := range ledger.Rows {
		r := &ledger.Rows[i]
		row := CreditRow{Colleague: colleague(r.Person, nil), Words: r.Words,
			Help: []CreditNumber{number("question answered", "questions answered", r.Help.Answered), number("fact carried on", "facts carried on", r.Help.Carried), number("handoff accepted", "handoffs accepted", r.Help.Accepted)},
			Own:  []CreditNumber{number("question answered", "questions answered", r.Own.Answered), number("fact carried on", "facts carried on", r.Own.Carried)}}
		for _, st := range r.Stages {
			row.Stages = append(row.Stages, CreditStage{stageTitle(funnel, st.Stage), st.Raised, st.Closed, st.Words})
		}
		for _, p := range r.Pages {
			row.Pages = append(row.Pages, s.sourceLink(ctx, p))
		}
		out = append(out, row)
	}
	return out
}

// creditCSV sends a ledger with a row for each source of a number.
func (s *Server) creditCSV(w http.ResponseWriter, r *http.Request, ledger *credit.Ledger, name string) error {
	h := w.Header()
	h.Set("Content-Type", "text/csv; charset=utf-8")
	h.Set("Content-Disposition", "attachment; filename*=UTF-8''"+url.PathEscape(name))
	private(w)
	out := csv.NewWriter(w)
	_ = out.Write([]string{"person", "handle", "what", "on_whose_deal", "prospect", "stage", "number", "source", "address"})
	for i := range ledger.Rows {
		row := &ledger.Rows[i]
		line := func(what, whose, stage string, n int, at *credit.Source) {
			cells := []string{row.Name, row.Person.Handle, what, whose, "", stage, strconv.Itoa(n), "", ""}
			if at != nil {
				cells[4], cells[7], cells[8] = at.Prospect, at.Title, s.url+s.sourceLink(r.Context(), *at).Href
			}
			for j := range cells {
				cells[j] = cell(cells[j])
			}
			_ = out.Write(cells)
		}
		for _, part := range []struct {
			whose string
			deeds *credit.Deeds
		}{{"others", &row.Help}, {"own", &row.Own}} {
			for what, list := range map[string][]credit.Source{"question answered": part.deeds.Answered, "fact carried": part.deeds.Carried, "handoff accepted": part.deeds.Accepted} {
				for j := range list {
					line(what, part.whose, "", 1, &list[j])
				}
			}
		}
		for _, st := range row.Stages {
			line("facts raised", "", st.Stage, st.Raised, nil)
			line("facts closed", "", st.Stage, st.Closed, nil)
			line("words", "", st.Stage, st.Words, nil)
		}
		line("words in all", "", "", row.Words, nil)
	}
	out.Flush()
	return out.Error()
}

// askOptions are the deals that a question can be put on.
func (s *Server) askOptions(ctx context.Context, c people.Caller, to people.Person, selected string) []Option {
	if !c.Can(people.Write) || s.credit == nil {
		return nil
	}
	mine := s.people.Visible(ctx, c)
	theirs := s.people.Visible(ctx, people.Caller{Person: to, Scopes: people.AllScopes})
	var out []Option
	for _, e := range s.wiki.Prospects(ctx, c) {
		if mine(e.Slug) >= people.Editor && theirs(e.Slug) >= people.Viewer {
			out = append(out, Option{Value: e.Slug, Label: e.Title, Selected: e.Slug == selected})
		}
	}
	return out
}

// postAsk puts a question to somebody on a page of a deal.
func (s *Server) postAsk(w http.ResponseWriter, r *http.Request, c people.Caller) error {
	if s.credit == nil {
		return notFound()
	}
	form, err := s.form(r)
	if err != nil {
		return err
	}
	ctx := r.Context()
	p, err := s.people.ByHandle(ctx, r.PathValue("handle"))
	if err != nil {
		return err
	}
	if p.Guest {
		return notFound()
	}
	sp, err := s.wiki.Space(ctx, c, form.Get("prospect"))
	if err != nil {
		return err
	}
	place := credit.Questions
	if at := strings.Trim(strings.TrimSpace(form.Get("page")), "/"); at != "" {
		if place, err = wiki.ParsePlace(at); err != nil {
			return err
		}
	}
	if _, err := s.credit.Ask(ctx, c, sp, place, p, form.Get("text")); err != nil {
		f, ok := again(form, err, map[string]string{"question": "text"})
		if !ok {
			return err
		}
		return s.showPerson(w, r, c, p, http.StatusUnprocessableEntity, f)
	}
	return s.goWith(w, r, pagePath(sp.Prospect(), place), Flash{Kind: "ok", Text: "Your question stands here. " + p.Name + " is told, and the answer stays on this page."})
}
