package web

import (
	"context"
	"errors"
	"html/template"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"dealwiki/content"
	"dealwiki/wiki"
	"dealwiki/wiki/handoff"
	"dealwiki/wiki/people"
)

// Names of fields of the handoff form, before an id or a place.
const (
	fieldMet      = "met-"
	fieldEvidence = "evidence-"
	fieldWaive    = "waive-"
	fieldFact     = "fact-"
	fieldDocument = "doc-"
)

// openHandoffs is openProspect for pages about handoffs.
func (s *Server) openHandoffs(r *http.Request, c people.Caller) (*frame, error) {
	if s.book == nil {
		return nil, notFound()
	}
	return s.openProspect(r, c)
}

// handoffForm shows the form by which a deal is handed over.
func (s *Server) handoffForm(w http.ResponseWriter, r *http.Request, c people.Caller) error {
	f, err := s.openHandoffs(r, c)
	if err != nil {
		return err
	}
	if !f.canWrite() {
		return people.ErrForbidden
	}
	form, err := s.book.Form(r.Context(), c, f.space, r.URL.Query().Get("to"))
	if err != nil {
		return f.noWayTo(r, err)
	}
	v, err := f.handoffFormView(r, form, nil)
	if err != nil {
		return err
	}
	v.Flash = s.flash(w, r)
	s.render(w, r, http.StatusOK, "handoff-form", v)
	return nil
}

// noWayTo makes of a wrong stage in an address an answer for people.
func (f *frame) noWayTo(r *http.Request, err error) error {
	var invalid *wiki.Invalid
	if errors.As(err, &invalid) && invalid.Field == "to_stage" {
		if to := r.URL.Query().Get("to"); to == "" {
			return refuse(http.StatusConflict, "There is no stage after this one", "The deal is in the last stage of the funnel. From its handoffs you can move it back or put it on the nurturing list.")
		}
		return refuse(http.StatusUnprocessableEntity, "The deal cannot go there", sentence("the stage "+strings.TrimPrefix(invalid.Problem, "is ")))
	}
	return err
}

// offerOf reads what was typed into the handoff form.
func offerOf(form url.Values) (handoff.Offer, error) {
	o := handoff.Offer{To: form.Get("to"), From: form.Get("from"), Receiver: form.Get("receiver"), Evidence: map[string]string{}, Waived: map[string]string{}, Facts: map[string]string{}, Documents: map[string]string{},
		Why: text(form, "why"), Success: text(form, "success"), Sold: text(form, "sold"), NotSold: text(form, "not_sold"), Unclear: text(form, "unclear"),
		Terms: text(form, "terms"), Keeps: text(form, "sales_keeps"), Note: text(form, "note"), Wake: form.Get("wake")}
	if form.Has("last") {
		last, err := strconv.Atoi(form.Get("last"))
		if err != nil {
			return o, badRequest("The form has no number of the last handoff. Load the page again.")
		}
		o.Last = &last
	}
	for name, all := range form {
		value := strings.TrimSpace(all[0])
		if value == "" {
			continue
		}
		for _, part := range []struct {
			prefix string
			into   map[string]string
		}{{fieldEvidence, o.Evidence}, {fieldWaive, o.Waived}, {fieldFact, o.Facts}, {fieldDocument, o.Documents}} {
			if id, ok := strings.CutPrefix(name, part.prefix); ok {
				part.into[id] = value
			}
		}
		if id, ok := strings.CutPrefix(name, fieldMet); ok {
			o.Met = append(o.Met, id)
		}
	}
	return o, nil
}

// text is a text of several lines as one system writes it.
func text(form url.Values, name string) string {
	return strings.TrimSpace(strings.ReplaceAll(form.Get(name), "\r\n", "\n"))
}

// postHandoff offers a deal, or shows what its receiver would get.
func (s *Server) postHandoff(w http.ResponseWriter, r *http.Request, c people.Caller) error {
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
	o, err := offerOf(form)
	if err != nil {
		return err
	}
	ctx := r.Context()
	if form.Get("do") == "alone" {
		o.Receiver = c.Person.ID
	}
	if form.Get("do") == "preview" {
		text, err := s.book.Preview(ctx, c, f.space, o)
		if err != nil {
			return s.handoffAgain(w, r, f, form, o, err)
		}
		html, err := f.markdown(ctx, text)
		if err != nil {
			return err
		}
		return s.showHandoffForm(w, r, f, form, o, http.StatusOK, Form{Values: values(form)}, html, false)
	}
	if o.Silent() && o.Receiver != "" && o.Receiver != c.Person.ID && form.Get("silent") == "" {
		return s.showHandoffForm(w, r, f, form, o, http.StatusConflict, Form{Values: values(form)}, "", true)
	}
	h, err := s.book.Offer(ctx, c, f.space, o)
	if err != nil {
		return s.handoffAgain(w, r, f, form, o, err)
	}
	switch {
	case h.Kind == handoff.Nurture && h.State == handoff.StateAccepted:
		return s.done(w, r, "/nurturing", f.entry.Title+" sleeps until "+h.Wake+".")
	case h.State == handoff.StateAccepted:
		return s.done(w, r, f.href(), "Moved to "+f.stageTitle(h.To)+".")
	}
	return s.done(w, r, f.handoffPath(h.Number), "Offered to "+s.nameOf(ctx, h.Holder)+". The deal moves when it is accepted.")
}

// handoffAgain shows the form again with what was typed and what is wrong.
func (s *Server) handoffAgain(w http.ResponseWriter, r *http.Request, f *frame, form url.Values, o handoff.Offer, err error) error {
	status, _, detail := s.errorStatus(err)
	shown, ok := again(form, err, map[string]string{"waived": "", "facts": "", "to_stage": "to"})
	if errors.Is(err, handoff.ErrStale) {
		shown.Error, ok = detail+" What you typed is still below.", true
	}
	if !ok {
		return err
	}
	// Hidden fields cannot say what is wrong with them.
	for _, hidden := range []string{"to", "from", "last"} {
		if problem := shown.Errors[hidden]; problem != "" {
			shown.Error = problem
		}
	}
	return s.showHandoffForm(w, r, f, form, o, status, shown, "", false)
}

func (s *Server) showHandoffForm(w http.ResponseWriter, r *http.Request, f *frame, form url.Values, o handoff.Offer, status int, shown Form, preview template.HTML, silent bool) error {
	made, err := s.book.Form(r.Context(), f.c, f.space, o.To)
	if err != nil { // the deal has moved on so far that this way is closed: keep the text on the way that is open
		if made, err = s.book.Form(r.Context(), f.c, f.space, ""); err != nil {
			return f.noWayTo(r, err)
		}
	}
	v, err := f.handoffFormView(r, made, &shown)
	if err != nil {
		return err
	}
	v.Preview, v.Silent = preview, silent
	s.render(w, r, status, "handoff-form", v)
	return nil
}

// markdown draws a text that is no page, with links as on an internal page.
func (f *frame) markdown(ctx context.Context, text []byte) (template.HTML, error) {
	r, err := f.resolver(ctx, wiki.Place{Section: wiki.Internal, Stage: wiki.StageAccount, Page: "handoff"})
	if err != nil {
		return "", err
	}
	return template.HTML(content.Parse(text).HTML(r, content.RenderOptions{HideTitle: true})), nil
}

func (f *frame) handoffPath(n int) string { return f.base() + "/handoffs/" + itoa(n) }

// stepName names where a handoff comes from or goes to.
func (f *frame) stepName(key string) string {
	switch key {
	case "":
		return "Marketing"
	case string(handoff.Nurture):
		return "Nurturing"
	}
	return f.stageTitle(key)
}

// handoffFormView fills the form, with what was typed or else with what a
// returned handoff said.
func (f *frame) handoffFormView(r *http.Request, form *handoff.Form, typed *Form) (*HandoffFormView, error) {
	s, ctx := f.s, r.Context()
	v := &HandoffFormView{Action: f.base() + "/handoff", From: form.From, To: form.To, FromName: f.stepName(form.From), ToName: f.stepName(form.To),
		Last: form.Last, Kind: string(form.Kind), Draft: f.slug() + "/handoff/" + form.To, Tomorrow: s.now().UTC().AddDate(0, 0, 1).Format(time.DateOnly)}
	switch form.Kind {
	case handoff.Nurture:
		v.Heading = "Put " + f.entry.Title + " to sleep"
	case handoff.Back:
		v.Heading = "Move " + f.entry.Title + " back to " + v.ToName
	case handoff.Lead:
		v.Heading = "Hand over the lead " + f.entry.Title
	default:
		v.Heading = "Hand " + f.entry.Title + " to " + v.ToName
	}
	v.Shell = f.shellOf(r, "Hand off to "+v.ToName, wiki.Place{}, "handoffs")
	v.Audience = AudienceInternal
	if form.Open != nil {
		row := f.handoffRow(ctx, form.Open)
		v.Open = &row
	}
	if typed != nil {
		v.Form = *typed
	} else {
		v.Form = Form{Values: map[string]string{}}
	}
	if form.Returned != nil {
		row := f.handoffRow(ctx, form.Returned)
		v.Returned = &row
		if typed == nil {
			v.Form.Values = saidBefore(form.Returned)
		}
	}
	value := v.Form.Values
	if typed == nil && value["receiver"] == "" && form.Kind == handoff.Nurture {
		value["receiver"] = f.c.Person.ID
	}
	for _, c := range form.Criteria {
		row := CriterionRow{ID: c.ID, Text: c.Text, Evidence: value[fieldEvidence+c.ID], Waived: value[fieldWaive+c.ID], Met: value[fieldMet+c.ID] != ""}
		v.Criteria = append(v.Criteria, row)
	}
	for _, n := range form.Needed {
		place, err := wiki.ParsePlace(n.Place)
		if err != nil {
			continue
		}
		row := NeededRow{Place: n.Place, Title: n.Title, Href: pagePath(f.slug(), place), Audience: string(place.Section), Present: n.Present, Waived: value[fieldWaive+n.Place]}
		if n.Present {
			v.There++
		} else {
			row.Create = row.Href
		}
		v.Needed = append(v.Needed, row)
	}
	for _, fact := range form.Facts {
		if as := value[fieldFact+fact.ID]; as != "" {
			fact.As = as
		}
		if len(v.Facts) == 0 || v.Facts[len(v.Facts)-1].Kind != fact.Kind {
			v.Facts = append(v.Facts, HandedGroup{Kind: fact.Kind, Open: fact.Kind == "commitment"})
		}
		g := &v.Facts[len(v.Facts)-1]
		g.Facts = append(g.Facts, f.handedFact(fact))
		if fact.As != handoff.Carry {
			g.Open = true
		}
	}
	v.FactCount = len(form.Facts)
	for _, d := range form.Documents {
		place, err := wiki.ParsePlace(d.Place)
		if err != nil {
			continue
		}
		state := value[fieldDocument+d.Place]
		v.Documents = append(v.Documents, DocumentRow{Place: d.Place, Title: d.Title, Href: pagePath(f.slug(), place), Number: d.Number, State: state,
			Choices: options(state, "", "not sent", "sent", "sent", "agreed", "agreed")})
	}
	v.Receivers = receiverOptions(form.Receivers, value["receiver"], f.c.Person.ID)
	v.Warn = strings.Join(form.Warn, " and ")
	v.Targets = f.targets(form.To)
	return v, nil
}

// saidBefore is what a returned handoff has said, as the form has it.
func saidBefore(h *handoff.Handoff) map[string]string {
	v := map[string]string{"receiver": h.Holder, "why": h.Why, "success": h.Success, "sold": h.Sold, "not_sold": h.NotSold, "unclear": h.Unclear,
		"terms": h.Terms, "sales_keeps": h.Keeps, "note": h.Note, "wake": h.Wake}
	for _, c := range h.Criteria {
		v[fieldEvidence+c.ID], v[fieldWaive+c.ID] = c.Evidence, c.Waived
		if c.Met {
			v[fieldMet+c.ID] = "yes"
		}
	}
	for _, n := range h.Needed {
		v[fieldWaive+n.Place] = n.Waived
	}
	for _, fact := range h.Facts {
		v[fieldFact+fact.ID] = fact.As
	}
	for _, d := range h.Documents {
		v[fieldDocument+d.Place] = d.State
	}
	return v
}

func (f *frame) handedFact(fact handoff.Fact) HandedFact {
	row := HandedFact{ID: fact.ID, Kind: fact.Kind, Title: fact.Title, Owner: fact.Owner, Due: fact.Due, As: fact.As,
		Choices: options(fact.As, handoff.Carry, "goes along", handoff.Close, "closed now", handoff.NotSold, "not sold")}
	if place, err := wiki.ParsePlace(fact.Place); err == nil {
		row.Href, row.Audience, row.Place = pagePath(f.slug(), place)+"#"+fact.ID, string(place.Section), upperFirst(place.Page)
		for i := range f.pages[place.Section] {
			if p := &f.pages[place.Section][i]; p.Place == place {
				row.Place = p.Title
			}
		}
	}
	return row
}

// receiverOptions are the people who can take a deal, with their jobs.
func receiverOptions(list []people.Person, selected, me string) []Option {
	out := []Option{{Value: "", Label: "Choose somebody", Selected: selected == ""}}
	for _, p := range list {
		label := p.Name
		if p.Job != "" {
			label += ", " + string(p.Job)
		}
		if p.ID == me {
			label += " (you)"
		}
		out = append(out, Option{Value: p.ID, Label: label, Selected: p.ID == selected})
	}
	return out
}

// targets are the other ways that the deal can go from here.
func (f *frame) targets(to string) []Choice {
	var out []Choice
	add := func(key, label string) {
		out = append(out, Choice{Label: label, Href: f.base() + "/handoff?to=" + url.QueryEscape(key), On: key == to})
	}
	at := f.funnel.Index(f.entry.Stage)
	for i, st := range f.funnel.Stages {
		switch {
		case i < at:
			add(st.Key, "Back to "+st.Title)
		case i > at:
			add(st.Key, st.Title)
		case i == 0:
			add(st.Key, "A lead from marketing")
		}
	}
	add(string(handoff.Nurture), "Nurturing")
	return out
}
