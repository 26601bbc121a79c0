package web

import (
	"context"
	"strings"

	"dealwiki/wiki"
	"dealwiki/wiki/people"
)

// needCount is what a prospect needs up to its stage. It is dropped when a side
// of the prospect moves.
type needCount struct {
	funnel          *wiki.Funnel
	stage           string
	missing, needed int
}

// dealBefore is the order of the table by one of its columns.
func dealBefore(by string, a, b *Deal, valueA, valueB float64) bool {
	switch by {
	case "name":
		return strings.ToLower(a.Name) < strings.ToLower(b.Name)
	case "owner":
		return strings.ToLower(a.Owner.Name) < strings.ToLower(b.Owner.Name)
	case "days":
		return a.Days < b.Days
	case "close":
		// Those without a date come last.
		return a.Close != b.Close && a.Close != "" && (b.Close == "" || a.Close < b.Close)
	case "changed":
		return a.Changed.Before(b.Changed)
	}
	return valueA < valueB
}

func orDash(s string) string {
	if s == "" {
		return "–"
	}
	return s
}

// deal draws a prospect on the board.
func (s *Server) deal(e *wiki.Entry, owner people.Person, restricted bool, funnel *wiki.Funnel) Deal {
	now := s.now()
	d := Deal{Name: e.Title, Href: spacePath(e.Slug), Value: money(e.Value, e.Currency), Stage: stageTitle(funnel, e.Stage),
		Days: e.DaysInStage(now), Restricted: restricted, Changed: e.Updated, Close: e.ExpectedClose}
	if e.Outcome != wiki.OutcomeOpen {
		d.Outcome = outcomeName(e.Outcome)
	}
	if owner.ID != "" {
		d.Owner = personView(owner)
	}
	at := funnel.Index(e.Stage)
	if at < 0 {
		d.Stage = noStage + " (" + e.Stage + ")"
	}
	for i, st := range funnel.Stages {
		d.Steps = append(d.Steps, stepState(i, at))
		if i == at {
			d.Typical = st.TypicalDays
		}
	}
	return d
}

// needOf answers what a prospect needs. reads bounds how many prospects are
// opened in one request; beyond it the answer is nil until a later one.
func (s *Server) needOf(ctx context.Context, c people.Caller, e *wiki.Entry, funnel *wiki.Funnel, reads *int) *needCount {
	// Held while one is read and kept, so that none is kept which moved in
	// between.
	s.needing.Lock()
	defer s.needing.Unlock()
	known, ok := s.needs.get(e.Slug)
	if ok && known.funnel == funnel && known.stage == e.Stage {
		return known
	}
	if *reads >= maxReads {
		return nil
	}
	*reads++
	space, err := s.wiki.Space(ctx, c, e.Slug)
	if err != nil {
		return nil
	}
	needs, err := space.Needs(ctx, c)
	if err != nil {
		s.log.Warn("reading what a prospect needs", "prospect", e.Slug, "err", err)
		return nil
	}
	at := &needCount{funnel: funnel, stage: e.Stage}
	at.missing, at.needed = countNeeds(needs, e.Stage)
	s.needs.put(e.Slug, at)
	return at
}

// forgetMoved drops what is known of prospects that have moved since the last
// request that asked.
func (s *Server) forgetMoved() {
	s.needing.Lock()
	defer s.needing.Unlock()
	for _, id := range s.moves.Take() {
		s.needs.drop(id.Prospect)
	}
}

// unreadIn counts the pages that are new to the reader in a prospect that they
// have visited before and that has changed since. It is 0 once as many
// prospects have been read as one request may.
func (s *Server) unreadIn(ctx context.Context, c people.Caller, e *wiki.Entry, reads *int) int {
	if kept, ok := s.marks.get(markKey{c.Person.ID, e.Slug}); !ok && *reads >= maxReads {
		return 0
	} else if !ok {
		*reads++
	} else if kept.visit.IsZero() {
		return 0
	}
	marks, err := s.readMarks(ctx, c, e.Slug)
	if err != nil || marks.visit.IsZero() || !e.Updated.After(marks.visit) || *reads >= maxReads {
		return 0
	}
	*reads++
	f, err := s.openSpace(ctx, c, e.Slug)
	if err != nil {
		return 0
	}
	n := 0
	for _, pages := range f.pages {
		for i := range pages {
			if f.unread(&pages[i]) {
				n++
			}
		}
	}
	return n
}
