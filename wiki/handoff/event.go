package handoff

import (
	"context"
	"slices"
	"time"

	"dealwiki/wiki"
	"dealwiki/wiki/people"
)

// Events that are no answers to a handoff.
const (
	Offered = "offered"
	Warned  = "warned"  // people who deliver were told that the deal is coming
	Readied = "readied" // one of them has answered
)

// Event is something that happened to a deal's handoffs, and who should hear of
// it.
type Event struct {
	At      time.Time `json:"at"`
	By      string    `json:"by"`                // person id; "" is the wiki itself
	What    string    `json:"what"`              // Offered, Warned, Readied or what an Answer says
	To      []string  `json:"to"`                // person ids of whom it concerns, never By
	Handoff int       `json:"handoff,omitempty"` // number; 0 for a warning
	From    string    `json:"from_stage,omitempty"`
	ToStage string    `json:"to_stage,omitempty"`
	Text    string    `json:"text,omitempty"` // note, or what is missing
}

// Events lists what happened to the handoffs and warnings of a deal after a
// moment, oldest first. It is read from the records, so it is never behind.
func (b *Book) Events(ctx context.Context, caller people.Caller, sp *wiki.Space, since time.Time) ([]Event, error) {
	all, err := b.List(ctx, caller, sp)
	if err != nil {
		return nil, err
	}
	warnings, err := b.Warnings(ctx, caller, sp)
	if err != nil {
		return nil, err
	}
	access, err := b.people.Access(ctx, sp.Prospect())
	if err != nil {
		return nil, err
	}
	var out []Event
	add := func(e Event, to ...string) {
		for _, id := range to {
			if id != "" && id != e.By && !slices.Contains(e.To, id) {
				e.To = append(e.To, id)
			}
		}
		if e.At.After(since) {
			out = append(out, e)
		}
	}
	for i := range all {
		h := &all[i]
		e := Event{At: h.Offered, By: h.By, What: Offered, Handoff: h.Number, From: h.From, ToStage: h.To, Text: h.Note}
		add(e, h.Receiver)
		holder := h.Receiver
		for _, a := range h.Answers {
			e := Event{At: a.At, By: a.By, What: a.What, Handoff: h.Number, From: h.From, ToStage: h.To, Text: a.Note}
			if a.What == Returned {
				e.Text = a.Missing
			}
			if a.What == Delegated {
				holder = a.To
			}
			switch a.What {
			case Reminded:
				add(e, holder)
			case Acknowledged:
				add(e, h.By)
			default:
				add(e, h.By, holder)
			}
		}
	}
	for _, w := range warnings {
		add(Event{At: w.At, What: Warned, ToStage: w.Stage, Text: w.Start}, w.Told...)
		for _, a := range w.Acks {
			add(Event{At: a.At, By: a.By, What: Readied, ToStage: w.Stage, Text: a.Note}, access.Owner)
		}
	}
	slices.SortStableFunc(out, func(a, b Event) int { return a.At.Compare(b.At) })
	return out, nil
}
