package web

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"dealwiki/content"
	"dealwiki/wiki"
	"dealwiki/wiki/handoff"
	"dealwiki/wiki/people"
	facts "dealwiki/wiki/register" // register is a function here
)

func itoa(n int) string { return strconv.Itoa(n) }

// personNamed draws somebody by id.
func (s *Server) personNamed(ctx context.Context, id string) Person {
	if p, err := s.people.Get(ctx, id); err == nil {
		return personView(p)
	}
	return PersonOf(id, "Somebody who has left", false)
}

// handoffRow is a handoff as lists have it.
func (f *frame) handoffRow(ctx context.Context, h *handoff.Handoff) HandoffRow {
	row := HandoffRow{Number: h.Number, Href: f.handoffPath(h.Number), From: f.stepName(h.From), To: f.stepName(h.To), Kind: string(h.Kind), State: string(h.State),
		By: f.s.personNamed(ctx, h.By), Holder: f.s.personNamed(ctx, h.Holder), Self: h.Self(), At: h.Offered, Answered: h.Answered,
		Reply: h.Reply, Missing: h.Missing, Note: h.Note, Again: h.Again, AsItWas: f.handoffPath(h.Number) + "/as-it-was"}
	commitments := h.Commitments()
	row.Commitments, row.Acknowledged = len(commitments), len(commitments)-len(h.Unacknowledged())
	if h.Ratings != nil {
		row.Stars = Stars(math.Round(h.Ratings.Mean()))
	}
	switch h.State {
	case handoff.StateAccepted:
		row.Label, row.Chip, row.Node, row.Icon = "Accepted", "chip-ok", "is-ok", "check"
		if h.Self() {
			row.Label = "Moved on"
		}
	case handoff.StateReturned:
		row.Label, row.Chip, row.Node, row.Icon = "Returned", "chip-danger", "is-danger", "undo-2"
		if h.Kind == handoff.Lead {
			row.Label = "Refused"
		}
	case handoff.StateWithdrawn:
		row.Label, row.Node, row.Icon = "Withdrawn", "faint", "x"
	default:
		row.Label, row.Chip, row.Node, row.Icon = "Waits for "+row.Holder.Name, "chip-warn", "is-warn", "hourglass"
	}
	return row
}

// handoffs shows the history of handoffs.
func (s *Server) handoffs(w http.ResponseWriter, r *http.Request, c people.Caller) error {
	f, err := s.openHandoffs(r, c)
	if err != nil {
		return err
	}
	ctx := r.Context()
	all, err := s.book.List(ctx, c, f.space)
	if err != nil {
		return err
	}
	v := &HandoffsView{Shell: f.shellOf(r, "Handoffs", wiki.Place{}, "handoffs")}
	v.Audience = AudienceInternal
	v.Flash = s.flash(w, r)
	if f.canWrite() {
		v.New = f.base() + "/handoff"
		if f.funnel.Index(f.entry.Stage)+1 == len(f.funnel.Stages) {
			v.New = f.base() + "/handoff?to=nurture"
		}
		if f.entry.Outcome == wiki.OutcomeWon {
			v.Next = f.base() + "/opportunity"
		}
	}
	if f.manages() {
		v.Outcome = f.base() + "/outcome"
	}
	newest := true // of the accepted ones
	for i := range all {
		h := &all[i]
		row := f.handoffRow(ctx, h)
		if h.State == handoff.StateAccepted && newest {
			newest = false
			if row.Changes, err = f.changesSince(ctx, h); err != nil {
				return err
			}
			if n := len(row.Changes.Mine); n > 0 {
				v.Waiting = append(v.Waiting, Link{Title: fmt.Sprintf("%s to acknowledge", count(n, "changed fact", "changed facts")), Href: "#changes-" + itoa(h.Number)})
			}
		}
		if h.State.Open() && h.Holder == c.Person.ID {
			v.Waiting = append(v.Waiting, Link{Title: row.From + " to " + row.To + ": accept or return", Href: row.Href})
		}
		v.Rows = append(v.Rows, row)
	}
	v.Summary, v.Figures = howWell(all)
	s.render(w, r, http.StatusOK, "handoffs", v)
	return nil
}

func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return itoa(n) + " " + many
}

// howWell sums up handoffs in words and figures.
func howWell(all []handoff.Handoff) (summary string, figures []Figure) {
	var accepted, returned, waiting, first, rated int
	var stars float64
	for i := range all {
		h := &all[i]
		switch {
		case h.State == handoff.StateAccepted:
			accepted++
			if h.Again == 0 && !h.Self() {
				first++
			}
		case h.State == handoff.StateReturned:
			returned++
		case h.State.Open():
			waiting++
		}
		if h.Ratings != nil {
			rated++
			stars += h.Ratings.Mean()
		}
	}
	parts := []string{itoa(accepted) + " accepted"}
	if returned > 0 {
		parts = append(parts, itoa(returned)+" returned")
	}
	if waiting > 0 {
		parts = append(parts, itoa(waiting)+" waiting")
	}
	if len(all) == 0 {
		return "", nil
	}
	waits := handoff.Waits(all)
	if offered := first + returned; offered > 0 {
		figures = append(figures, Figure{Label: "Accepted first time", Value: fmt.Sprintf("%d of %d", first, offered)})
	}
	if len(waits) > 0 {
		figures = append(figures, Figure{Label: "Median wait for an answer", Value: spell(waits[len(waits)/2])})
	}
	if rated > 0 {
		figures = append(figures, Figure{Label: "Average rating", Value: fmt.Sprintf("%.1f of 5", stars/float64(rated)), Note: "from " + count(rated, "rating", "ratings")})
	}
	return strings.Join(parts, ", "), figures
}

// spell writes a length of time in one unit.
func spell(d time.Duration) string {
	switch {
	case d < time.Hour:
		return count(max(1, int(d.Minutes())), "minute", "minutes")
	case d < 48*time.Hour:
		return count(int(math.Round(d.Hours())), "hour", "hours")
	}
	return count(int(math.Round(d.Hours()/24)), "day", "days")
}

// changesSince is what became of the facts since a handoff.
func (f *frame) changesSince(ctx context.Context, h *handoff.Handoff) (*HandoffChanges, error) {
	changes, err := f.s.book.Changes(ctx, f.c, f.space, h)
	if err != nil {
		return nil, err
	}
	v := &HandoffChanges{Number: h.Number, Accepted: h.State == handoff.StateAccepted, Pages: f.briefHref() + "?since=" + h.Internal + "#since"}
	waiting := map[string]bool{}
	for _, c := range changes {
		last := c.Events[len(c.Events)-1]
		row := ChangedFact{Kind: c.Fact.Kind, Href: pagePath(f.slug(), c.Fact.Place) + "#" + c.Fact.ID, By: f.s.author(ctx, last.By), At: last.At, Note: last.Note}
		was := c.Fact.Title
		if i := slices.IndexFunc(h.Facts, func(fact handoff.Fact) bool { return fact.ID == c.Fact.ID }); i >= 0 {
			was = h.Facts[i].Title
		}
		switch {
		case c.Raised:
			v.Raised++
			row.Verb, row.Words = "added", []WordSpan{{"ins", c.Fact.Title}}
		case !c.Fact.State.Stands():
			v.Ended++
			row.Verb, row.Words = string(c.Fact.State), []WordSpan{{"del", c.Fact.Title}}
			if c.Fact.State == facts.StateGone {
				row.Verb, row.Href = "taken off its page", pagePath(f.slug(), c.Fact.Place)
			}
		default:
			v.Changed++
			row.Verb = "changed"
			for _, op := range content.DiffWords(was, c.Fact.Title) {
				row.Words = append(row.Words, WordSpan{map[content.OpKind]string{content.Insert: "ins", content.Delete: "del"}[op.Kind], op.Text})
			}
		}
		v.Rows = append(v.Rows, row)
		for _, id := range c.Waiting {
			if id == f.c.Person.ID {
				v.Mine = append(v.Mine, c.Fact.ID)
			} else {
				waiting[id] = true
			}
		}
	}
	v.fold()
	if len(v.Mine) > 0 {
		v.Action = f.handoffPath(h.Number) + "/acknowledge"
	}
	for _, id := range []string{h.By, h.Holder} {
		if waiting[id] {
			v.Waiting = append(v.Waiting, f.s.personNamed(ctx, id))
			delete(waiting, id)
		}
	}
	return v, nil
}

// changesShown is how many changed facts are read at once.
const changesShown = 6

// fold puts what binds before what is done day by day, and keeps the first few
// facts in sight.
func (v *HandoffChanges) fold() {
	order := []string{"commitment", "decision", "requirement", "risk", "question", "stakeholder", "action"}
	slices.SortStableFunc(v.Rows, func(a, b ChangedFact) int {
		return cmp.Compare(slices.Index(order, a.Kind), slices.Index(order, b.Kind))
	})
	for _, row := range v.Rows {
		if row.Kind == "action" {
			v.Tasks++
		}
	}
	shown := len(v.Rows) - v.Tasks
	if shown == 0 {
		shown = len(v.Rows)
	}
	shown = min(shown, changesShown)
	v.Rows, v.More = v.Rows[:shown:shown], v.Rows[shown:]
	if len(v.More) == 1 {
		v.Rows, v.More = append(v.Rows, v.More...), nil // a line as well
	}
}

// openHandoff opens the handoff that the address names.
func (s *Server) openHandoff(r *http.Request, c people.Caller) (*frame, *handoff.Handoff, error) {
	f, err := s.openHandoffs(r, c)
	if err != nil {
		return nil, nil, err
	}
	n, err := strconv.Atoi(r.PathValue("number"))
	if err != nil {
		return nil, nil, notFound()
	}
	h, err := s.book.Get(r.Context(), c, f.space, n)
	return f, h, err
}

// oneHandoff shows a handoff, and what the reader may say to it.
func (s *Server) oneHandoff(w http.ResponseWriter, r *http.Request, c people.Caller) error {
	f, h, err := s.openHandoff(r, c)
	if err != nil {
		return err
	}
	v, err := f.handoffView(r, h, Form{Values: map[string]string{}})
	if err != nil {
		return err
	}
	v.Flash = s.flash(w, r)
	s.render(w, r, http.StatusOK, "handoff", v)
	return nil
}

func (f *frame) handoffView(r *http.Request, h *handoff.Handoff, form Form) (*HandoffView, error) {
	s, ctx := f.s, r.Context()
	v := &HandoffView{Shell: f.shellOf(r, fmt.Sprintf("Handoff %d", h.Number), wiki.Place{}, "handoffs"), Row: f.handoffRow(ctx, h), Form: form,
		Action: f.handoffPath(h.Number), Heads: h.Internal, Lead: h.Kind == handoff.Lead}
	v.Audience = AudienceInternal
	v.Crumbs = slices.Insert(v.Crumbs, len(v.Crumbs)-1, Crumb{"Handoffs", f.base() + "/handoffs"})
	text, err := s.book.Text(ctx, f.c, f.space, h.Number)
	if err != nil {
		return nil, err
	}
	if v.Body, err = f.markdown(ctx, text); err != nil {
		return nil, err
	}
	if h.State != handoff.StateWithdrawn {
		if v.Row.Changes, err = f.changesSince(ctx, h); err != nil {
			return nil, err
		}
	}
	me, open := f.c.Person.ID, h.State.Open()
	v.CanAnswer = open && me == h.Holder
	v.CanDelegate = open && (me == h.Holder || me == h.By || f.manages())
	v.CanWithdraw = open && (me == h.By || f.manages())
	v.CanRemind = open && me != h.Holder && f.canWrite()
	v.CanRate = h.State == handoff.StateAccepted && h.Self() && h.Ratings == nil && me != h.By
	if h.State == handoff.StateReturned && f.canWrite() {
		all, err := s.book.List(ctx, f.c, f.space)
		if err != nil {
			return nil, err
		}
		if all[0].Number == h.Number {
			v.Again = f.base() + "/handoff?to=" + url.QueryEscape(h.To)
		}
	}
	for _, fact := range h.Facts {
		if fact.Kind == "commitment" && fact.As == handoff.Carry {
			row := f.handedFact(fact)
			row.Acknowledged = slices.Contains(h.Acknowledged, fact.ID) || form.Values["ack-"+fact.ID] != ""
			v.Facts = append(v.Facts, row)
		}
	}
	for _, q := range []RatingScale{
		{Name: "content", Label: "Content", Hint: "Was what you need written down?"},
		{Name: "collaboration", Label: "Collaboration", Hint: "Did you work on it together?"},
		{Name: "communication", Label: "Communication", Hint: "Were you told in time?"}} {
		q.Choices, q.Error = options(form.Values[q.Name], "1", "1", "2", "2", "3", "3", "4", "4", "5", "5"), form.Errors[q.Name]
		v.Scales = append(v.Scales, q)
	}
	if v.CanDelegate {
		list, err := s.people.List(ctx)
		if err != nil {
			return nil, err
		}
		list = slices.DeleteFunc(list, func(p people.Person) bool {
			return p.Disabled || p.Guest || p.ID == h.By || p.ID == h.Holder
		})
		v.Receivers = receiverOptions(list, form.Values["receiver"], me)
	}
	for _, a := range h.Answers {
		v.Answers = append(v.Answers, f.answerRow(ctx, a))
	}
	if h.Previous > 0 {
		v.Prev = f.handoffPath(h.Previous)
	}
	return v, nil
}

// answerRow says in words what somebody said to a handoff.
func (f *frame) answerRow(ctx context.Context, a handoff.Answer) AnswerRow {
	row := AnswerRow{By: f.s.personNamed(ctx, a.By), At: a.At, Text: a.Note}
	switch a.What {
	case handoff.Acknowledged:
		row.What = "acknowledged " + count(len(a.Facts), "fact", "facts")
	case handoff.Accepted:
		row.What = "accepted it"
	case handoff.Returned:
		row.What, row.Text = "returned it", a.Missing
		if a.Note != "" {
			row.Text += "\n" + a.Note
		}
	case handoff.Withdrawn:
		row.What = "took it back"
	case handoff.Delegated:
		row.What = "passed it on to " + f.s.personNamed(ctx, a.To).Name
	case handoff.Reminded:
		row.What = "sent a reminder"
	case handoff.Rated:
		row.What = "rated it"
	}
	return row
}

// postAnswer takes what somebody says to a handoff.
func (s *Server) postAnswer(w http.ResponseWriter, r *http.Request, c people.Caller) error {
	f, h, err := s.openHandoff(r, c)
	if err != nil {
		return err
	}
	form, err := s.form(r)
	if err != nil {
		return err
	}
	now, said, err := s.answer(r.Context(), f, h, r.PathValue("what"), form)
	if err == nil {
		to := f.handoffPath(h.Number)
		if now.State == handoff.StateAccepted && !h.State.Open() && r.PathValue("what") == "acknowledge" {
			to = f.base() + "/handoffs"
		}
		return s.done(w, r, to, said)
	}
	if errors.Is(err, handoff.ErrDone) && mine(h, c.Person.ID, r.PathValue("what")) {
		return s.done(w, r, f.handoffPath(h.Number), "This was done already.") // the form was sent twice
	}
	status, _, detail := s.errorStatus(err)
	shown, ok := again(form, err, map[string]string{"acknowledged": ""})
	if errors.Is(err, handoff.ErrDone) || errors.Is(err, handoff.ErrStale) {
		shown.Error, ok = detail, true
	}
	if !ok {
		return err
	}
	if h, err = s.book.Get(r.Context(), c, f.space, h.Number); err != nil {
		return err
	}
	v, err := f.handoffView(r, h, shown)
	if err != nil {
		return err
	}
	s.render(w, r, status, "handoff", v)
	return nil
}

// mine reports whether somebody has said the same before.
func mine(h *handoff.Handoff, person, what string) bool {
	said := map[string]string{"accept": handoff.Accepted, "return": handoff.Returned, "withdraw": handoff.Withdrawn, "rate": handoff.Rated}[what]
	return said != "" && slices.ContainsFunc(h.Answers, func(a handoff.Answer) bool { return a.What == said && a.By == person })
}

func (s *Server) answer(ctx context.Context, f *frame, h *handoff.Handoff, what string, form url.Values) (now *handoff.Handoff, said string, err error) {
	c, sp, n := f.c, f.space, h.Number
	var ids []string
	for name := range form {
		if id, ok := strings.CutPrefix(name, "ack-"); ok {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	switch what {
	case "acknowledge":
		now, err = s.book.Acknowledge(ctx, c, sp, n, ids)
		return now, "Acknowledged.", err
	case "accept":
		var ratings handoff.Ratings
		if ratings, err = ratingsOf(form); err == nil {
			now, err = s.book.Accept(ctx, c, sp, n, ids, ratings, text(form, "note"))
		}
		return now, "Accepted. The deal is in " + f.stepName(h.To) + " and yours.", err
	case "return":
		now, err = s.book.Return(ctx, c, sp, n, text(form, "missing"), "", nil)
		return now, "Returned to " + s.nameOf(ctx, h.By) + ".", err
	case "delegate":
		now, err = s.book.Delegate(ctx, c, sp, n, form.Get("receiver"), text(form, "note"))
		return now, "Passed on.", err
	case "withdraw":
		now, err = s.book.Withdraw(ctx, c, sp, n, text(form, "note"))
		return now, "Taken back.", err
	case "remind":
		now, err = s.book.Remind(ctx, c, sp, n)
		return now, "Reminded " + s.nameOf(ctx, h.Holder) + ".", err
	case "rate":
		var ratings handoff.Ratings
		if ratings, err = ratingsOf(form); err == nil {
			now, err = s.book.Rate(ctx, c, sp, n, ratings, text(form, "note"))
		}
		return now, "Rated. Thank you.", err
	}
	return nil, "", notFound()
}

func ratingsOf(form url.Values) (r handoff.Ratings, err error) {
	for name, into := range map[string]*int{"content": &r.Content, "collaboration": &r.Collaboration, "communication": &r.Communication} {
		if *into, err = strconv.Atoi(form.Get(name)); err != nil || *into < 1 || *into > 5 {
			return r, &wiki.Invalid{Field: name, Problem: "is not rated yet; choose 1 to 5"}
		}
	}
	return r, nil
}
