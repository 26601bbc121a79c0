package web

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"

	"dealwiki/wiki"
	"dealwiki/wiki/handoff"
	"dealwiki/wiki/people"
)

func (s *Server) playbook(w http.ResponseWriter, r *http.Request, c people.Caller) error {
	f, err := s.openSpace(r.Context(), c, wiki.Playbook)
	if err != nil {
		return err
	}
	v := &PlaybookView{Shell: f.shellOf(r, "Playbook", wiki.Place{}, "overview"), CanWrite: f.canWrite()}
	v.Flash = s.flash(w, r)
	if v.CanWrite {
		v.NewPage = f.base() + "/new"
	}
	if c.Can(people.Administer) {
		v.Settings = "/playbook/funnel"
		if s.sources != nil {
			v.Sources = sourceSetup
		}
	}
	for _, st := range f.funnel.Stages {
		ps := PlaybookStage{Key: st.Key, Name: st.Title, About: st.Is, Buyer: st.Buyer, Days: st.TypicalDays, Watch: st.WatchOut, Warn: strings.Join(st.Warn, ", ")}
		for _, n := range st.Needed {
			need := Need{Title: n.Title, Audience: string(n.Section)}
			if n.Optional {
				need.About = "optional"
			}
			if name, ok := strings.CutSuffix(n.Template, ".md"); ok {
				need.Href = pagePath(wiki.Playbook, wiki.Place{Section: wiki.Internal, Stage: "templates", Page: name})
			}
			ps.Needs = append(ps.Needs, need)
		}
		for _, e := range st.Exit {
			ps.Exit = append(ps.Exit, e.Text)
		}
		for _, t := range st.Tasks {
			task := t.Text
			if t.Job != "" {
				task += " (" + t.Job + ")"
			}
			ps.Tasks = append(ps.Tasks, task)
		}
		v.Stages = append(v.Stages, ps)
	}
	for i := range f.pages[wiki.Internal] {
		p := &f.pages[wiki.Internal][i]
		page := f.spacePage(r.Context(), p)
		if p.Stage == "templates" {
			page.Lead = ""
			v.Templates = append(v.Templates, page)
		} else {
			v.Pages = append(v.Pages, page)
		}
	}
	if s.book != nil {
		if v.Reviews, err = s.dealReviews(r.Context(), c); err != nil {
			return err
		}
	}
	private(w)
	s.render(w, r, http.StatusOK, "playbook", v)
	return nil
}

// dealReviews is the deals that the caller may see and that have ended with a
// review, the latest first and not more than fit beside the playbook.
func (s *Server) dealReviews(ctx context.Context, c people.Caller) ([]DealReview, error) {
	const most = 30
	deals := slices.DeleteFunc(slices.Clone(s.wiki.Prospects(ctx, c)), func(e wiki.Entry) bool { return e.Outcome == wiki.OutcomeOpen })
	slices.SortStableFunc(deals, func(a, b wiki.Entry) int { return strings.Compare(b.OutcomeDate, a.OutcomeDate) })
	var out []DealReview
	for i := range deals {
		e := &deals[i]
		if len(out) == most {
			break
		}
		space, err := s.wiki.Space(ctx, c, e.Slug)
		if errors.Is(err, wiki.ErrNotFound) {
			continue // gone since it was listed
		}
		if err != nil {
			return nil, err
		}
		side, err := space.Side(wiki.Internal)
		if err != nil {
			return nil, err
		}
		if _, err := side.Lookup(ctx, c, handoff.Review()); errors.Is(err, wiki.ErrNotFound) {
			continue
		} else if err != nil {
			return nil, err
		}
		out = append(out, DealReview{Deal: e.Title, Href: pagePath(e.Slug, handoff.Review()), Outcome: outcomeName(e.Outcome), Reason: e.OutcomeReason, Date: e.OutcomeDate})
	}
	return out, nil
}
