package wiki

import (
	"context"
	"fmt"
	"sort"
	"strings"

	"dealwiki/wiki/people"
)

// StagesGone says that a funnel would take away stages that prospects are in,
// and for which no other was named.
type StagesGone struct {
	Stages []StageGone
}

// StageGone is a stage that a funnel would take away, with the prospects in it
// that the caller sees, and how many others there are.
type StageGone struct {
	Key, Title string
	Prospects  []Entry
	Hidden     int
}

func (e *StagesGone) Error() string {
	var all []string
	for _, s := range e.Stages {
		all = append(all, fmt.Sprintf("%s (%d)", s.Key, len(s.Prospects)+s.Hidden))
	}
	return "prospects are in stages that this funnel does not have: " + strings.Join(all, ", ") + "; say to which stage each goes"
}

// Unwrap makes it a wrong value of the funnel.
func (e *StagesGone) Unwrap() error { return &Invalid{Field: funnelFile, Problem: e.Error()} }

// ChangeFunnel replaces the funnel after checking it. A stage that prospects are
// in and that is no longer there has to be in moves, with the stage they go to:
// each prospect then moves by a version of its own prospect.yaml, and keeps the
// day from which its days there count. Pages stay in their folders. The moves are
// noted in the commit of the funnel, so that a crash between it and the last
// prospect is made good at the next start. Only administrators may.
func (w *Wiki) ChangeFunnel(ctx context.Context, caller people.Caller, data []byte, moves map[string]string) error {
	if !caller.Can(people.Administer) {
		return people.ErrForbidden
	}
	next, err := ParseFunnel(data)
	if err != nil {
		return err
	}
	now, err := w.Funnel(ctx)
	if err != nil {
		return err
	}
	level := w.people.Visible(ctx, caller)
	gone := map[string]*StageGone{}
	for _, e := range w.Prospects(ctx, people.System("funnel")) {
		if next.Stage(e.Stage) != nil {
			continue
		}
		if to := moves[e.Stage]; to != "" {
			if next.Stage(to) == nil {
				return &Invalid{Field: "stage", Problem: fmt.Sprintf("%q is not a stage of the new funnel", to)}
			}
			continue
		}
		g := gone[e.Stage]
		if g == nil {
			g = &StageGone{Key: e.Stage, Title: titleOf(e.Stage)}
			if st := now.Stage(e.Stage); st != nil {
				g.Title = st.Title
			}
			gone[e.Stage] = g
		}
		if level(e.Slug) >= people.Viewer {
			g.Prospects = append(g.Prospects, e)
		} else {
			g.Hidden++
		}
	}
	if len(gone) > 0 {
		var all StagesGone
		for _, g := range gone {
			all.Stages = append(all.Stages, *g)
		}
		sort.Slice(all.Stages, func(i, j int) bool { return now.Index(all.Stages[i].Key) < now.Index(all.Stages[j].Key) })
		return &all
	}
	edits, err := w.noteMoves(next, moves)
	if err != nil {
		return err
	}
	if err := w.setFunnel(ctx, caller, data, edits...); err != nil {
		return err
	}
	// The funnel is saved: the moves are done to their end, whoever waits.
	return w.followFunnel(context.WithoutCancel(ctx))
}
