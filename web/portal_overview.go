package web

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"

	"dealwiki/wiki"
	"dealwiki/wiki/actionplan"
	"dealwiki/wiki/people"
	"dealwiki/wiki/repo"
)

// Limits of the overview.
const (
	overviewNews   = 6
	overviewAgreed = 4
	overviewFiles  = 6
	newsVersions   = 50 // of a page, that are looked at
)

// spaces leads a guest to their only shared space, or lists those they have.
func (p *portal) spaces(w http.ResponseWriter, r *http.Request, c people.Caller) error {
	if !c.Person.Guest {
		return goTo(w, r, "/")
	}
	all := p.mine(r.Context(), c)
	if len(all) == 1 {
		return goTo(w, r, sharedPath(all[0]))
	}
	v := &SharedListView{SharedShell: SharedShell{Shell: p.pages.sharedShell(r, c, "Shared with you"), Portal: &Portal{Home: "/shared", Me: PersonOf(c.Person.ID, c.Person.Name, true)}}}
	v.Flash = p.pages.flash(w, r)
	for _, prospect := range all {
		ro, err := p.enterAt(r.Context(), c, prospect)
		if err != nil {
			continue // taken back meanwhile
		}
		v.Spaces = append(v.Spaces, Link{Title: ro.title(), Href: ro.home()})
	}
	p.pages.render(w, r, http.StatusOK, "shared_list", v)
	return nil
}

// overview shows a shared space as one enters it.
func (p *portal) overview(w http.ResponseWriter, r *http.Request, c people.Caller) error {
	ro, err := p.enter(r, c)
	if err != nil {
		return err
	}
	ctx := r.Context()
	v := &SharedOverview{SharedShell: ro.around(r, "Overview", "", "overview"), Goal: ro.info.GoalDate(), First: ro.visit.IsZero()}
	v.Flash = p.pages.flash(w, r)
	order, err := ro.side.StageOrder(ctx, c)
	if err != nil {
		return hide(err)
	}
	for _, s := range ro.info.SharedSteps(order) {
		v.Steps = append(v.Steps, SharedStepView{Name: s.Name, State: sharedState(s)})
	}
	v.GoalIn = untilText(v.Goal, p.now())
	plan, page, err := ro.plan(ctx)
	if err != nil {
		return err
	}
	if plan != nil {
		v.Plan = ro.planView(ctx, plan, page)
		v.Waiting = ro.waiting(ctx, plan, page)
	} else if ro.canWrite() {
		v.Start = ro.href(actionplan.Page) + "/start"
	}
	if p.facts != nil {
		if v.Agreed, err = ro.agreed(ctx, overviewAgreed); err != nil {
			return err
		}
	}
	if v.News, err = ro.news(ctx); err != nil {
		return err
	}
	v.News = v.News[:min(len(v.News), overviewNews)]
	for i := range ro.pages {
		v.Pages = append(v.Pages, ro.row(ctx, &ro.pages[i]))
	}
	if v.Files, err = ro.fileLinks(ctx); err != nil {
		return err
	}
	v.Files = v.Files[:min(len(v.Files), overviewFiles)]
	for _, one := range ro.people(ctx) {
		s := SharedPerson{Person: ro.person(one), Side: ro.company()}
		if one.Guest {
			s.Side = ro.customer()
		}
		v.People = append(v.People, s)
	}
	if p.briefs != nil {
		v.Brief = ro.home() + "/brief"
	}
	private(w)
	p.pages.render(w, r, http.StatusOK, "shared_overview", v)
	return nil
}

func sharedState(s wiki.SharedStep) string {
	switch {
	case s.Current:
		return "current"
	case s.Done:
		return "done"
	}
	return "ahead"
}

// untilText says how far away a day is, "" for none.
func untilText(t, now time.Time) string {
	if t.IsZero() {
		return ""
	}
	switch days := int(t.Sub(now.UTC().Truncate(24*time.Hour)).Hours() / 24); {
	case days < -1:
		return strconv.Itoa(-days) + " days ago"
	case days == -1:
		return "yesterday"
	case days == 0:
		return "today"
	case days == 1:
		return "tomorrow"
	case days < 21:
		return fmt.Sprintf("in %d days", days)
	default:
		return fmt.Sprintf("in %d weeks", days/7)
	}
}

func (ro *room) row(ctx context.Context, p *wiki.PageInfo) SharedPageRow {
	return SharedPageRow{Title: p.Title, Href: ro.href(p.Page), Lead: p.Lead, By: ro.author(ctx, p.Author), At: p.Updated, Unread: ro.unread(p)}
}

// agreed are the latest decisions and commitments that stand on shared pages.
func (ro *room) agreed(ctx context.Context, limit int) ([]SharedFact, error) {
	all, err := ro.p.facts(ctx, ro.c, ro.side)
	if err != nil {
		return nil, hide(err)
	}
	titles := map[wiki.Place]string{}
	for i := range ro.pages {
		titles[ro.pages[i].Place] = ro.pages[i].Title
	}
	today := ro.p.now().UTC().Format(time.DateOnly)
	var out []SharedFact
	for i := range all {
		f := &all[i]
		title, shared := titles[f.Place]
		if !shared || f.Copy || !f.State.Stands() || f.Kind != "decision" && f.Kind != "commitment" {
			continue
		}
		raised := f.Raised()
		one := SharedFact{Kind: f.Kind, Title: f.Title, Body: f.Body, By: ro.author(ctx, raised.By).Name, At: raised.At, Due: f.Due, Late: f.Overdue(today), Href: ro.href(f.Place.Page), Page: title}
		if f.ID != "" {
			one.Href += "#" + f.ID
		}
		out = append(out, one)
	}
	slices.SortStableFunc(out, func(a, b SharedFact) int { return b.At.Compare(a.At) })
	return out[:min(len(out), limit)], nil
}

// news are the pages that others have changed since the reader saw them last, the
// latest first.
func (ro *room) news(ctx context.Context) ([]SharedChange, error) {
	told, err := ro.answers(ctx)
	if err != nil {
		return nil, err
	}
	out := slices.Clone(told)
	for i := range ro.pages {
		p := &ro.pages[i]
		if !ro.unread(p) {
			continue
		}
		n := SharedChange{Who: ro.author(ctx, p.Author), Verb: "wrote", Title: p.Title, Href: ro.href(p.Page), At: p.Updated}
		versions, err := ro.side.History(ctx, ro.c, p.Place, newsVersions, repo.Hash{})
		if err := passGone(err); err != nil {
			return nil, err
		}
		since := ro.visit
		mark, seen := ro.read[p.Place.String()]
		if seen {
			since = mark.At
		}
		fresh := true
		for k := range versions {
			v := &versions[k]
			if k == 0 {
				n.Note = ro.subject(v)
			}
			if v.Commit.String() == mark.Version || !seen && !v.When.After(since) {
				if !v.Deleted {
					fresh = false
					n.Compare = n.Href + "/compare?from=" + v.Commit.String() + "&to=" + p.Version.String()
				}
				break
			}
		}
		if fresh {
			n.Verb = "started"
		}
		out = append(out, n)
	}
	slices.SortStableFunc(out, func(a, b SharedChange) int { return b.At.Compare(a.At) })
	return out, nil
}

// subject is what was done in a version, in the writer's words. Ours are left
// out: they would name stages, or say nothing.
func (ro *room) subject(v *repo.Version) string {
	switch {
	case v.Renamed != "":
		return "Renamed"
	case v.Number == 1:
		return ""
	}
	return v.Subject
}
