package main

import (
	"context"

	"dealwiki/wiki"
	"dealwiki/wiki/brief"
	"dealwiki/wiki/handoff"
	"dealwiki/wiki/people"
)

// briefs makes the maker of briefs, which tell what the last handoff left
// unproven.
func (s *server) briefs() *brief.Maker {
	m := brief.New(s.wiki, s.facts)
	m.Ask(func(ctx context.Context, caller people.Caller, sp *wiki.Space) ([]brief.Criterion, error) {
		all, err := s.book.List(ctx, caller, sp)
		if err != nil || len(all) == 0 {
			return nil, err
		}
		return criteria(all[0].Criteria), nil
	})
	return m
}

func criteria(list []handoff.Criterion) []brief.Criterion {
	out := make([]brief.Criterion, len(list))
	for i, c := range list {
		out[i] = brief.Criterion{Text: c.Text, Met: c.Met, Evidence: c.Evidence, Waived: c.Waived}
	}
	return out
}
