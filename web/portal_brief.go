package web

import (
	"context"
	"net/http"
	"time"

	"dealwiki/wiki/people"
)

// SharedBriefView is the shared space in short (template shared_brief).
type SharedBriefView struct {
	SharedShell
	Lead    string
	Groups  []SharedGroup
	Answers []SharedAnswer
	Reading []SharedReading
	Left    int // minutes
	Waiting []PlanStep
	Late    []PlanStep
}

// SharedGroup is the facts of one kind that stand open.
type SharedGroup struct {
	Kind  string
	Facts []SharedFact
}

// SharedAnswer is what the pages say to a newcomer's question.
type SharedAnswer struct {
	Question string
	Passages []Link // Title is the sentence, Place the page's title
}

// SharedReading is a page on the reading list.
type SharedReading struct {
	Title   string
	Href    string
	Minutes int
	At      time.Time
	Read    bool
	Changed bool
}

// doer names whose a step is; nobody's step has no name.
func (ro *room) doer(ctx context.Context, handle string) string {
	if p, ok := ro.byHandle(ctx, handle); ok {
		return p.Name
	}
	return upperFirst(handle)
}

// brief shows the shared space in short.
func (p *portal) brief(w http.ResponseWriter, r *http.Request, c people.Caller) error {
	ro, err := p.enter(r, c)
	if err != nil {
		return err
	}
	if p.briefs == nil {
		return notFound()
	}
	ctx := r.Context()
	b, err := p.briefs(ctx, c, ro.side)
	if err != nil {
		return hide(err)
	}
	v := &SharedBriefView{SharedShell: ro.around(r, "In short", "", "brief"), Lead: b.Lead, Left: b.Left}
	for _, g := range b.Facts {
		group := SharedGroup{Kind: g.Kind}
		for _, f := range g.Facts {
			one := SharedFact{Kind: g.Kind, Title: f.Title, Body: f.Body, By: f.By, At: f.At, Due: f.Due, Late: f.Late, Href: ro.href(f.Page), Page: f.On}
			if f.ID != "" {
				one.Href += "#" + f.ID
			}
			if g.Kind == "action" {
				one.By = ro.doer(ctx, f.Owner) // not who wrote it down
			}
			group.Facts = append(group.Facts, one)
		}
		v.Groups = append(v.Groups, group)
	}
	for _, a := range b.Answers {
		one := SharedAnswer{Question: a.Question}
		for _, s := range a.Passages {
			href := ro.href(s.Source.At)
			if s.Source.Anchor != "" {
				href += "#" + s.Source.Anchor
			}
			one.Passages = append(one.Passages, Link{Title: s.Text, Href: href, Place: s.Source.Title})
		}
		v.Answers = append(v.Answers, one)
	}
	for _, x := range b.Reading {
		v.Reading = append(v.Reading, SharedReading{Title: x.Title, Href: ro.href(x.Page), Minutes: x.Minutes, At: x.Updated, Read: x.Read, Changed: x.Changed})
	}
	plan, page, err := ro.plan(ctx)
	if err != nil {
		return err
	}
	if plan != nil {
		v.Waiting = ro.waiting(ctx, plan, page)
		for _, s := range plan.Late() {
			if len(v.Late) == planWaiting {
				break
			}
			v.Late = append(v.Late, ro.planStep(ctx, &s, ro.href(page.Page)))
		}
	}
	private(w)
	p.pages.render(w, r, http.StatusOK, "shared_brief", v)
	return nil
}
