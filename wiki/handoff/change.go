package handoff

import (
	"context"
	"slices"

	"dealwiki/wiki"
	"dealwiki/wiki/people"
	"dealwiki/wiki/register"
)

// Change is a fact that is no longer as it was handed over.
type Change struct {
	Fact    register.Fact    `json:"fact"`
	Events  []register.Event `json:"events"`  // since the handoff was accepted, oldest first
	Raised  bool             `json:"raised"`  // it was not there then
	Waiting []string         `json:"waiting"` // ids of those who have not acknowledged it
}

// Changes lists the facts that were raised or changed since a handoff was
// accepted (or offered, while it waits). Of those that were handed over, both
// sides acknowledge every change.
func (b *Book) Changes(ctx context.Context, caller people.Caller, sp *wiki.Space, h *Handoff) ([]Change, error) {
	facts, err := b.register.Space(ctx, caller, sp)
	if err != nil {
		return nil, err
	}
	since := h.Offered
	if h.State == StateAccepted {
		since = h.Answered
	}
	var out []Change
	for _, f := range facts {
		if f.Copy {
			continue
		}
		c := Change{Fact: f, Raised: f.Raised().At.After(since)}
		for _, e := range f.Life {
			if e.At.After(since) {
				c.Events = append(c.Events, e)
			}
		}
		if c.Events == nil || c.Raised && f.State == register.StateGone || closedBy(h, f) {
			continue
		}
		handed := slices.ContainsFunc(h.Facts, func(was Fact) bool { return was.ID == f.ID && was.As == Carry })
		if handed && h.State == StateAccepted {
			for _, id := range []string{h.By, h.Holder} {
				if !slices.Contains(c.Waiting, id) && !acknowledgedSince(h, id, f) {
					c.Waiting = append(c.Waiting, id)
				}
			}
		}
		out = append(out, c)
	}
	return out, nil
}

// closedBy tells whether the handoff itself said that the fact ends here.
func closedBy(h *Handoff, f register.Fact) bool {
	return slices.ContainsFunc(h.Facts, func(was Fact) bool { return was.ID == f.ID && was.As != Carry })
}

// acknowledgedSince tells whether somebody has acknowledged a fact as it is
// now. Who changed it knows.
func acknowledgedSince(h *Handoff, person string, f register.Fact) bool {
	last := f.Last()
	if wiki.PersonID(last.By) == person {
		return true
	}
	return slices.ContainsFunc(h.Answers, func(a Answer) bool {
		return a.By == person && slices.Contains(a.Facts, f.ID) && !a.At.Before(last.At)
	})
}
