package web

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"dealwiki/wiki"
	"dealwiki/wiki/handoff"
	"dealwiki/wiki/people"
)

// incoming lists the deals that are coming to those who deliver.
func (s *Server) incoming(w http.ResponseWriter, r *http.Request, c people.Caller) error {
	return s.showIncoming(w, r, c, http.StatusOK, "", Form{})
}

// showIncoming draws the list, with what was refused of the answer for a deal.
func (s *Server) showIncoming(w http.ResponseWriter, r *http.Request, c people.Caller, status int, refused string, form Form) error {
	if s.book == nil {
		return notFound()
	}
	ctx := r.Context()
	list, err := s.book.Incoming(ctx, c)
	if err != nil {
		return err
	}
	v := &IncomingView{Shell: s.shell(r, c, "Coming to delivery")}
	v.Nav = "pipeline"
	v.Crumbs = []Crumb{{"Pipeline", "/"}, {Label: "Coming to delivery"}}
	v.Audience = AudienceInternal
	v.Flash = s.flash(w, r)
	today := s.now().UTC().Format(time.DateOnly)
	for _, in := range list {
		row := IncomingRow{Title: in.Title, Href: spacePath(in.Slug), Brief: spacePath(in.Slug) + "/brief", Stage: in.Stage, Value: money(in.Value, in.Currency),
			Start: in.Start, Late: in.Start != "" && in.Start < today, Won: in.Outcome == wiki.OutcomeWon}
		access, err := s.people.Access(ctx, in.Slug)
		if err != nil {
			return err
		}
		if access.Owner != "" {
			row.Owner = s.personNamed(ctx, access.Owner)
		}
		if in.Last != nil {
			row.Ack = spacePath(in.Slug) + "/ready"
			for _, id := range in.Last.Told {
				row.Told = append(row.Told, s.personNamed(ctx, id))
			}
			for _, a := range in.Last.Acks {
				ready := ReadyRow{By: s.personNamed(ctx, a.By), Days: a.Days, Note: a.Note, At: a.At}
				row.Acks = append(row.Acks, ready)
				if a.By == c.Person.ID {
					row.Mine = &ready
				}
			}
		}
		if in.Slug == refused {
			row.Form = form
		}
		if in.Offered != nil {
			row.Offered = s.offeredRow(r, in.Slug, in.Offered)
		}
		row.warn(in, s.now())
		v.Rows = append(v.Rows, row)
	}
	// What is urgent first: it would otherwise wait below what is answered.
	slices.SortStableFunc(v.Rows, func(a, b IncomingRow) int {
		switch {
		case a.Soon == b.Soon:
			return 0
		case a.Soon:
			return -1
		}
		return 1
	})
	private(w)
	s.render(w, r, status, "incoming", v)
	return nil
}

// soonDays is how long before its start a deal that nobody has answered for is
// urgent.
const soonDays = 30

// warn marks what does not fit the day that a deal is expected to start.
func (row *IncomingRow) warn(in handoff.Incoming, now time.Time) {
	start, err := time.Parse(time.DateOnly, in.Start)
	if err != nil {
		return
	}
	left := int(start.Sub(now.UTC().Truncate(24*time.Hour)).Hours() / 24)
	row.Soon = row.Ack != "" && len(row.Acks) == 0 && left <= soonDays
	longest := 0
	for _, a := range row.Acks {
		longest = max(longest, a.Days)
	}
	switch {
	case longest <= max(left, 0):
	case left > 0:
		row.Misfit = fmt.Sprintf("Ramp-up of %s does not fit: it starts in %d.", count(longest, "day", "days"), left)
	case left == 0:
		row.Misfit = fmt.Sprintf("Ramp-up of %s does not fit: it starts today.", count(longest, "day", "days"))
	default:
		row.Misfit = fmt.Sprintf("Ramp-up of %s does not fit: it was to start already.", count(longest, "day", "days"))
	}
}

// offeredRow is an open handoff outside of its space.
func (s *Server) offeredRow(r *http.Request, prospect string, h *handoff.Handoff) *HandoffRow {
	return &HandoffRow{Number: h.Number, Href: spacePath(prospect) + "/handoffs/" + strconv.Itoa(h.Number), Holder: s.personNamed(r.Context(), h.Holder), At: h.Offered}
}

// postReady takes somebody's answer to an early warning.
func (s *Server) postReady(w http.ResponseWriter, r *http.Request, c people.Caller) error {
	f, err := s.openHandoffs(r, c)
	if err != nil {
		return err
	}
	form, err := s.form(r)
	if err != nil {
		return err
	}
	days, err := strconv.Atoi(strings.TrimSpace(form.Get("days")))
	if err != nil {
		err = &wiki.Invalid{Field: "days", Problem: "to ramp up are a whole number, such as 30"}
	} else {
		err = s.book.AcknowledgeWarning(r.Context(), c, f.space, days, oneLine(form.Get("note")))
	}
	if err != nil {
		if typed, ok := again(form, err, map[string]string{"ramp_up_days": "days"}); ok {
			return s.showIncoming(w, r, c, http.StatusUnprocessableEntity, f.entry.Slug, typed)
		}
		return err
	}
	return s.done(w, r, "/incoming", "Noted: "+count(days, "day", "days")+" to ramp up for "+f.entry.Title+".")
}

// nurturing lists the deals that sleep, those to be woken first.
func (s *Server) nurturing(w http.ResponseWriter, r *http.Request, c people.Caller) error {
	if s.book == nil {
		return notFound()
	}
	ctx := r.Context()
	v := &NurturingView{Shell: s.shell(r, c, "Nurturing")}
	v.Nav = "pipeline"
	v.Crumbs = []Crumb{{"Pipeline", "/"}, {Label: "Nurturing"}}
	v.Audience = AudienceInternal
	v.Flash = s.flash(w, r)
	funnel, err := s.wiki.Funnel(ctx)
	if err != nil {
		return err
	}
	today := s.now().UTC().Format(time.DateOnly)
	for _, e := range s.book.Nurturing(ctx, c) {
		row := NurturingRow{Title: e.Title, Href: spacePath(e.Slug), Stage: stageTitle(funnel, e.Stage), Value: money(e.Value, e.Currency), Reason: e.Nurture.Reason, Since: e.Nurture.Since, Day: e.Nurture.Wake}
		access, err := s.people.Access(ctx, e.Slug)
		if err != nil {
			return err
		}
		if access.Owner != "" {
			row.Owner = s.personNamed(ctx, access.Owner)
		}
		if s.people.LevelOn(ctx, c, e.Slug) >= people.Editor {
			row.Wake = spacePath(e.Slug) + "/wake"
		}
		if row.Day <= today {
			v.Now = append(v.Now, row)
		} else {
			v.Rows = append(v.Rows, row)
		}
	}
	private(w)
	s.render(w, r, http.StatusOK, "nurturing", v)
	return nil
}

// postWake takes a deal off the nurturing list.
func (s *Server) postWake(w http.ResponseWriter, r *http.Request, c people.Caller) error {
	f, err := s.openHandoffs(r, c)
	if err != nil {
		return err
	}
	if err := s.book.Wake(r.Context(), c, f.space); err != nil && !errors.Is(err, handoff.ErrStale) {
		return err // stale: somebody has woken it already
	}
	return s.done(w, r, f.href(), f.entry.Title+" is awake, in "+f.stageTitle(f.entry.Stage)+".")
}
