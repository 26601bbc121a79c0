package wiki

import (
	"context"

	"dealwiki/wiki/people"
)

// Need is a page that the funnel asks for, as a space has it.
type Need struct {
	Needed
	Stage   string    // stage key, or account
	Present bool      // there, and more than its untouched template
	Info    *PageInfo // the page, nil when there is none
}

// Place is where the page belongs.
func (n Need) Place() Place { return Place{n.Section, n.Stage, n.Page} }

// Missing reports whether the page should be there and is not.
func (n Need) Missing() bool { return !n.Present && !n.Optional }

// Needs lists what the funnel asks of a space, the account's pages first, then
// by stage in the funnel's order.
func (sp *Space) Needs(ctx context.Context, caller people.Caller) ([]Need, error) {
	funnel, err := sp.w.Funnel(ctx)
	if err != nil {
		return nil, err
	}
	if sp.external == nil {
		return nil, nil
	}
	snaps := map[Section]*snapshot{}
	for _, sd := range sp.Sides() {
		if err := sd.may(ctx, caller, people.Viewer); err != nil {
			return nil, err
		}
		if snaps[sd.s.section], err = sd.s.snapshot(ctx); err != nil {
			return nil, err
		}
	}
	var out []Need
	add := func(stage string, list []Needed) {
		for _, n := range list {
			need := Need{Needed: n, Stage: stage}
			if info := snaps[n.Section].infos[need.Place().Path()]; info != nil {
				need.Info, need.Present = info, !info.Untouched
			}
			out = append(out, need)
		}
	}
	add(StageAccount, funnel.Account.Needed)
	for _, st := range funnel.Stages {
		add(st.Key, st.Needed)
	}
	return out, nil
}
