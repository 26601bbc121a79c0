package pipeline

import (
	"slices"
	"time"

	"dealwiki/wiki"
	"dealwiki/wiki/handoff"
)

// Deal is a prospect as the figures see it.
type Deal struct {
	wiki.Prospect
	Owner   string    // person id; "" for nobody
	Updated time.Time // the last commit on either side
	History
}

// History is what the past of a deal adds to how it stands.
type History struct {
	Stays   []Stay    `json:"stays"`             // oldest first
	Sleeps  []Stay    `json:"sleeps,omitempty"`  // on the nurturing list, in the stage that it slept in
	Ended   time.Time `json:"ended,omitzero"`    // when the outcome was first written down, where it has no date
	Ratings []Rating  `json:"ratings,omitempty"` // of accepted and returned handoffs
}

// Stay is a time in a stage, in whole days in UTC.
type Stay struct {
	Stage string    `json:"stage"`
	From  time.Time `json:"from"`
	To    time.Time `json:"to,omitzero"` // zero while it lasts
}

// Rating is what a receiver thought of a handoff.
type Rating struct {
	Number int             `json:"number"` // of the handoff
	Stage  string          `json:"stage"`  // that was handed over
	At     time.Time       `json:"at"`
	Given  handoff.Ratings `json:"given"`
}

const day = 24 * time.Hour

// dayOf is the beginning of a moment's day in UTC.
func dayOf(t time.Time) time.Time { return t.UTC().Truncate(day) }

// parseDay reads a date such as 2027-03-01; zero for none.
func parseDay(s string) time.Time {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		return time.Time{}
	}
	return t
}

// Read works out the history of a deal from its versions and handoffs.
func Read(versions []wiki.Standing, handoffs []handoff.Handoff) History {
	var h History
	stage, since := "", ""
	for _, v := range versions {
		h.stand(v, stage, since)
		stage, since = v.Stage, v.Since
	}
	for _, o := range handoffs {
		if o.Ratings != nil && (o.State == handoff.StateAccepted || o.State == handoff.StateReturned) {
			h.Ratings = append(h.Ratings, Rating{o.Number, o.From, o.Answered, *o.Ratings})
		}
	}
	slices.SortFunc(h.Ratings, func(a, b Rating) int { return a.Number - b.Number })
	return h
}

// stand goes on to the next version; stage and since are of the one before.
func (h *History) stand(v wiki.Standing, stage, since string) {
	written := dayOf(v.At)
	var now *Stay // the one that lasts
	if n := len(h.Stays); n > 0 && h.Stays[n-1].To.IsZero() {
		now = &h.Stays[n-1]
	}
	end := func(at time.Time) {
		if now != nil {
			now.To = later(at, now.From)
		}
	}
	h.sleep(v, written)
	if v.Outcome == wiki.OutcomeOpen {
		h.Ended = time.Time{}
	} else if h.Ended.IsZero() {
		h.Ended = written
	}
	switch {
	case v.Outcome == wiki.OutcomeLost || v.Outcome == wiki.OutcomeNoDecision:
		end(orDay(v.OutcomeDate, written))
		return
	case v.Nurture != nil:
		end(orDay(v.Nurture.Since, written))
		return
	}
	from := written
	if v.Since != "" && (v.Stage != stage || v.Since != since) {
		from = orDay(v.Since, written)
	}
	switch {
	case now == nil || now.Stage != v.Stage:
		if n := len(h.Stays); n > 0 {
			from = later(from, h.Stays[n-1].From)
			if now == nil {
				from = later(from, h.Stays[n-1].To)
			}
		}
		end(from)
		h.Stays = append(h.Stays, Stay{Stage: v.Stage, From: from})
	case v.Since != since && v.Since != "": // the day was put right
		if n := len(h.Stays); n > 1 {
			was := &h.Stays[n-2]
			from = later(from, was.From)
			if was.To.Equal(now.From) || was.To.After(from) {
				was.To = from
			}
		}
		now.From = from
	}
}

// sleep notes whether the deal is on the nurturing list, where it may be when it
// was lost, too.
func (h *History) sleep(v wiki.Standing, written time.Time) {
	n := len(h.Sleeps)
	asleep := n > 0 && h.Sleeps[n-1].To.IsZero()
	switch {
	case v.Nurture != nil && !asleep:
		h.Sleeps = append(h.Sleeps, Stay{Stage: v.Stage, From: orDay(v.Nurture.Since, written)})
	case v.Nurture == nil && asleep:
		h.Sleeps[n-1].To = later(written, h.Sleeps[n-1].From)
	}
}

func orDay(date string, otherwise time.Time) time.Time {
	if t := parseDay(date); !t.IsZero() {
		return t
	}
	return otherwise
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// begun is the day that the deal began.
func (d *Deal) begun() time.Time {
	t := parseDay(d.Created)
	if len(d.Stays) > 0 && (t.IsZero() || d.Stays[0].From.Before(t)) {
		t = d.Stays[0].From
	}
	return t
}

// closed is the day that the deal was won, lost or given up; zero while it is
// open.
func (d *Deal) closed() time.Time {
	if d.Outcome == wiki.OutcomeOpen || d.Outcome == "" {
		return time.Time{}
	}
	return orDay(d.OutcomeDate, dayOf(d.Ended))
}

// at is the stay that the deal was in at the end of a day while nothing was
// decided, on the day closed; nil for none.
func (d *Deal) at(t, closed time.Time) *Stay {
	if !closed.IsZero() && !closed.After(t) {
		return nil
	}
	for i := len(d.Stays) - 1; i >= 0; i-- {
		s := &d.Stays[i]
		if !s.From.After(t) {
			if s.To.IsZero() || s.To.After(t) {
				return s
			}
			return nil
		}
	}
	return nil
}

// asleep tells whether the deal was on the nurturing list at the end of a day.
func (d *Deal) asleep(t time.Time) bool {
	return slices.ContainsFunc(d.Sleeps, func(s Stay) bool { return !s.From.After(t) && (s.To.IsZero() || s.To.After(t)) })
}

// selling appends the stays before the deal was decided, ended by that day.
func (d *Deal) selling(out []Stay, closed time.Time) []Stay {
	if closed.IsZero() {
		return append(out, d.Stays...)
	}
	for _, s := range d.Stays {
		if s.From.After(closed) || s.From.Equal(closed) && len(out) > 0 {
			break
		}
		if s.To.IsZero() || s.To.After(closed) {
			s.To = closed
		}
		out = append(out, s)
	}
	return out
}

// days counts how long stays in a stage took. One that lasts counts with the day
// that it lasts until, as [wiki.Prospect.DaysInStage] does.
func days(stays []Stay, stage string, until time.Time) (n int, was bool) {
	for _, s := range stays {
		if s.Stage != stage || s.From.After(until) {
			continue
		}
		to := s.To
		if to.IsZero() || to.After(until) {
			to = until.Add(day)
		}
		n += int(to.Sub(s.From) / day)
		was = true
	}
	return n, was
}
