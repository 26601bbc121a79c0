package handoff

import (
	"bytes"
	"context"
	"slices"
	"time"

	"dealwiki/wiki"
	"dealwiki/wiki/people"
	"dealwiki/wiki/register"
)

// Form is what somebody sees who is about to hand over.
type Form struct {
	From, To  string // stage keys; From is "" for a lead, To is "nurture" for the nurturing list
	Kind      Kind
	Last      int // number of the newest handoff: the offer repeats it
	Open      *Handoff
	Returned  *Handoff // the one that was returned and would be offered again
	Criteria  []Criterion
	Needed    []Needed
	Facts     []Fact     // open ones; As is carry
	Documents []Document // external pages as they are, not marked yet
	Warn      []string   // jobs that will be told
	Receivers []people.Person
}

// Form answers what a handoff of a deal to a stage would hold. An empty to is
// the next stage.
func (b *Book) Form(ctx context.Context, caller people.Caller, sp *wiki.Space, to string) (*Form, error) {
	e, err := b.w.Prospect(ctx, caller, sp.Prospect())
	if err != nil {
		return nil, err
	}
	funnel, err := b.w.Funnel(ctx)
	if err != nil {
		return nil, err
	}
	all, err := b.List(ctx, caller, sp)
	if err != nil {
		return nil, err
	}
	if i := funnel.Index(e.Stage); to == "" && i+1 < len(funnel.Stages) {
		to = funnel.Stages[i+1].Key
	}
	f, err := begin(funnel, e, all, to)
	if err != nil {
		return nil, err
	}
	if len(all) > 0 {
		f.Last = all[0].Number
		if all[0].State.Open() {
			f.Open = &all[0]
		}
		if all[0].State == StateReturned && all[0].To == f.To {
			f.Returned = &all[0]
		}
	}
	if st := funnel.Stage(f.To); st != nil {
		f.Warn = st.Warn
	}
	if err := b.fill(ctx, caller, sp, funnel, f); err != nil {
		return nil, err
	}
	f.Receivers, err = b.receivers(ctx)
	return f, err
}

// begin is the form of a handoff to a stage, still empty.
func begin(funnel *wiki.Funnel, e wiki.Entry, all []Handoff, to string) (*Form, error) {
	f := &Form{From: e.Stage, To: to}
	// A lead that was refused may be offered again.
	untaken := !slices.ContainsFunc(all, func(h Handoff) bool { return h.Kind != Lead || h.State == StateAccepted })
	if to == e.Stage && funnel.Index(to) == 0 && untaken {
		f.Kind, f.From = Lead, ""
		return f, nil
	}
	var err error
	if f.Kind, err = kindOf(funnel, f.From, f.To); err != nil {
		return nil, err
	}
	if f.Kind != Nurture && (e.Outcome == wiki.OutcomeLost || e.Outcome == wiki.OutcomeNoDecision) {
		return nil, &wiki.Invalid{Field: "to_stage", Problem: "cannot be reached: the deal is over. Set its outcome to open first, or put it on the nurturing list"}
	}
	return f, nil
}

// kindOf tells which way a handoff goes.
func kindOf(funnel *wiki.Funnel, from, to string) (Kind, error) {
	i, j := funnel.Index(from), funnel.Index(to)
	switch {
	case to == string(Nurture):
		return Nurture, nil
	case j < 0:
		return "", &wiki.Invalid{Field: "to_stage", Problem: "is a stage of the funnel, or nurture"}
	case i == j:
		return "", &wiki.Invalid{Field: "to_stage", Problem: "is the stage that the deal is in"}
	case j < i:
		return Back, nil
	}
	return Forward, nil
}

func (b *Book) fill(ctx context.Context, caller people.Caller, sp *wiki.Space, funnel *wiki.Funnel, f *Form) error {
	if st := funnel.Stage(f.From); st != nil {
		for _, c := range st.Exit {
			f.Criteria = append(f.Criteria, Criterion{ID: c.ID, Text: c.Text})
		}
	}
	if f.Returned != nil { // what was said before need not be said again
		for i := range f.Criteria {
			for _, was := range f.Returned.Criteria {
				if was.ID == f.Criteria[i].ID {
					f.Criteria[i] = was
				}
			}
		}
	}
	needs, err := sp.Needs(ctx, caller)
	if err != nil {
		return err
	}
	for _, n := range needs {
		if n.Stage == f.From && !n.Optional {
			f.Needed = append(f.Needed, Needed{Place: n.Place().String(), Title: n.Title, Present: n.Present})
		}
	}
	facts, err := b.register.Space(ctx, caller, sp)
	if err != nil {
		return err
	}
	for _, fact := range facts {
		if fact.State.Stands() && !fact.Copy && fact.ID != "" {
			f.Facts = append(f.Facts, carried(fact))
		}
	}
	slices.SortStableFunc(f.Facts, func(a, b Fact) int { return kindOrder(a.Kind) - kindOrder(b.Kind) })
	external, err := sp.Side(wiki.External)
	if err != nil {
		return err
	}
	pages, err := external.Pages(ctx, caller)
	if err != nil {
		return err
	}
	for _, p := range pages {
		if !p.Untouched && p.Stage != wiki.StageLog {
			f.Documents = append(f.Documents, Document{Place: p.Place.String(), Title: p.Title, Version: p.Version.String(), Number: p.Number})
		}
	}
	return nil
}

func carried(f register.Fact) Fact {
	return Fact{ID: f.ID, Kind: f.Kind, Title: f.Title, Place: f.Place.String(), Line: f.Line, Owner: f.Owner, Due: f.Due, As: Carry}
}

func kindOrder(kind string) int {
	return slices.Index([]string{"commitment", "decision", "requirement", "risk", "question", "stakeholder", register.Action}, kind)
}

// receivers are the members of staff that a deal can be handed to.
func (b *Book) receivers(ctx context.Context) ([]people.Person, error) {
	list, err := b.people.List(ctx)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(list, func(p people.Person) bool { return p.Disabled || p.Guest }), nil
}

// Preview is what the record of an offer would say to its receiver, in markdown.
func (b *Book) Preview(ctx context.Context, caller people.Caller, sp *wiki.Space, o Offer) ([]byte, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	f, err := b.Form(ctx, caller, sp, o.To)
	if err != nil {
		return nil, err
	}
	if err := o.fits(f); err != nil {
		return nil, err
	}
	funnel, err := b.w.Funnel(ctx)
	if err != nil {
		return nil, err
	}
	r := b.record(caller, f, o, o.Receiver)
	r.Number = f.Last + 1
	data, err := r.encode(names{ctx, b, funnel, sp.Prospect()})
	if err != nil {
		return nil, err
	}
	return Readable(data), nil
}

// Readable is the part of a record that is for people.
func Readable(record []byte) []byte {
	rest, _ := bytes.CutPrefix(record, []byte("---\n"))
	_, text, _ := bytes.Cut(rest, []byte("\n---\n"))
	return bytes.TrimSpace(text)
}

// Waits are how long the answers to some handoffs took, ascending; those that
// somebody made to themselves are left out.
func Waits(all []Handoff) []time.Duration {
	var out []time.Duration
	for i := range all {
		if h := &all[i]; !h.Self() && (h.State == StateAccepted || h.State == StateReturned) {
			out = append(out, h.Answered.Sub(h.Offered))
		}
	}
	slices.Sort(out)
	return out
}
