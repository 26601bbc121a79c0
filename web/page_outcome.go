package web

import (
	"context"
	"net/http"

	"dealwiki/wiki"
	"dealwiki/wiki/handoff"
	"dealwiki/wiki/people"
)

// whyDealsEnd are reasons to begin with when a deal did not come about.
var whyDealsEnd = []string{"should not have been there", "outsold", "price", "product does not fit", "no budget", "no decision at the customer", "bad timing", "lost touch"}

// outcomeForm asks how a deal has ended.
func (s *Server) outcomeForm(w http.ResponseWriter, r *http.Request, c people.Caller) error {
	f, err := s.openHandoffs(r, c)
	if err != nil {
		return err
	}
	if !f.manages() {
		return people.ErrForbidden
	}
	e := f.entry
	v := f.outcomeView(r, Form{Values: map[string]string{"outcome": e.Outcome, "date": e.OutcomeDate, "reason": e.OutcomeReason}})
	if to := r.URL.Query().Get("to"); to == wiki.OutcomeWon || to == wiki.OutcomeLost || to == wiki.OutcomeNoDecision {
		v = f.outcomeView(r, Form{Values: map[string]string{"outcome": to, "date": e.OutcomeDate, "reason": e.OutcomeReason}})
	}
	v.Flash = s.flash(w, r)
	s.render(w, r, http.StatusOK, "outcome", v)
	return nil
}

func (f *frame) outcomeView(r *http.Request, form Form) *OutcomeView {
	v := &OutcomeView{Shell: f.shellOf(r, "How it ended", wiki.Place{}, "handoffs"), Form: form, Action: f.base() + "/outcome", Reasons: whyDealsEnd,
		Outcomes: options(form.Values["outcome"], wiki.OutcomeOpen, "open", wiki.OutcomeWon, "won", wiki.OutcomeLost, "lost", wiki.OutcomeNoDecision, "no decision")}
	v.Audience = AudienceInternal
	for i := range f.pages[wiki.Internal] {
		if f.pages[wiki.Internal][i].Place == handoff.Review() {
			v.Review = pagePath(f.slug(), handoff.Review())
		}
	}
	return v
}

func (s *Server) postOutcomeForm(w http.ResponseWriter, r *http.Request, c people.Caller) error {
	f, err := s.openHandoffs(r, c)
	if err != nil {
		return err
	}
	form, err := s.form(r)
	if err != nil {
		return err
	}
	e, err := s.setOutcome(r.Context(), c, f.space, form.Get("outcome"), form.Get("date"), form.Get("reason"))
	if err != nil {
		status, _, _ := s.errorStatus(err)
		shown, ok := again(form, err, map[string]string{"outcome date": "date"})
		if !ok {
			return err
		}
		s.render(w, r, status, "outcome", f.outcomeView(r, shown))
		return nil
	}
	if e.Outcome == wiki.OutcomeOpen {
		return s.done(w, r, f.base()+"/handoffs", "The deal is open again.")
	}
	review := pagePath(f.slug(), handoff.Review())
	return s.goWith(w, r, f.base()+"/handoffs", Flash{Kind: "ok", Text: "Saved: " + outcomeName(e.Outcome) + ".", Href: review, Label: "Write the win/loss review"})
}

// setOutcome closes a deal or opens it again, with its review.
func (s *Server) setOutcome(ctx context.Context, c people.Caller, sp *wiki.Space, outcome, date, reason string) (wiki.Entry, error) {
	if s.book == nil {
		return s.wiki.SetOutcome(ctx, c, sp.Prospect(), outcome, date, reason)
	}
	return s.book.SetOutcome(ctx, c, sp, outcome, date, reason)
}

// postOpportunity makes the next deal with the customer of a won one.
func (s *Server) postOpportunity(w http.ResponseWriter, r *http.Request, c people.Caller) error {
	f, err := s.openHandoffs(r, c)
	if err != nil {
		return err
	}
	form, err := s.form(r)
	if err != nil {
		return err
	}
	if !f.canWrite() {
		return people.ErrForbidden
	}
	if f.entry.Outcome != wiki.OutcomeWon {
		return refuse(http.StatusConflict, "The deal is not won yet", "A next opportunity follows a deal that was won. Set the outcome first.")
	}
	e, err := s.book.NewOpportunity(r.Context(), c, f.space, oneLine(form.Get("name")))
	if err != nil {
		return err
	}
	return s.done(w, r, spacePath(e.Slug), "Made. What the last deal has taught you is on the page “From the last deal”.")
}
