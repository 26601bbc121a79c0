package web

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"dealwiki/content"
	"dealwiki/web/ui"
	"dealwiki/wiki"
	"dealwiki/wiki/brief"
	"dealwiki/wiki/people"
	facts "dealwiki/wiki/register"
)

// openBrief opens the prospect that the address names, if there are briefs.
func (s *Server) openBrief(r *http.Request, c people.Caller) (*frame, error) {
	f, err := s.open(r, c)
	if err != nil {
		return nil, err
	}
	if s.briefs == nil || f.playbook() {
		return nil, notFound()
	}
	return f, nil
}

// brief shows the carried-forward context of a deal to one reader.
func (s *Server) brief(w http.ResponseWriter, r *http.Request, c people.Caller) error {
	f, err := s.openBrief(r, c)
	if err != nil {
		return err
	}
	ctx, since := r.Context(), r.URL.Query().Get("since")
	b, err := s.briefs.Make(ctx, c, f.space, since)
	if errors.Is(err, brief.ErrSince) {
		return badRequest("Nothing here is called " + quoted(since) + ". Choose a stage, a handoff or a date on the page.")
	}
	if err != nil {
		return err
	}
	v, err := f.briefView(r, b, since)
	if err != nil {
		return err
	}
	if v.Print = r.URL.Query().Has("print"); v.Print {
		v.Space, v.Me, v.Crumbs = nil, nil, nil
	} else {
		v.Flash = s.flash(w, r)
	}
	private(w)
	s.render(w, r, http.StatusOK, "brief", v)
	return nil
}

func (f *frame) briefHref() string { return f.base() + "/brief" }

func (f *frame) briefView(r *http.Request, b *brief.Brief, since string) (*BriefView, error) {
	ctx := r.Context()
	v := &BriefView{Shell: f.shellOf(r, "Get up to speed", wiki.Place{}, "brief"), Deal: f.entry.Title, Reader: personView(f.c.Person), At: b.Computed, Pages: b.Pages,
		Minutes: b.Minutes, Total: b.Minutes + b.Left, MarkRead: f.briefHref() + "/read", SinceForm: f.briefHref(), Read: b.ReadCount, Left: b.Left}
	v.Audience, v.Keys.About = AudienceInternal, true
	print := url.Values{"print": {""}}
	if since != "" {
		print.Set("since", since)
	}
	v.PrintHref = f.briefHref() + "?" + print.Encode()
	v.Empty = b.Pages == 0
	if f.canWrite() {
		v.Confirm, v.Dismiss = f.briefHref()+"/confirm", f.briefHref()+"/dismiss"
	}
	for _, l := range b.Lines {
		line := BriefLine{What: l.What, Text: l.Text, Guess: l.Source != nil}
		if l.Source != nil {
			src := f.briefSource(*l.Source)
			line.Source = &src
		}
		v.Lines = append(v.Lines, line)
	}
	if err := f.briefChoices(ctx, v, since); err != nil {
		return nil, err
	}
	if b.Since != nil {
		v.Since = f.briefSince(ctx, b.Since)
	}
	for _, g := range b.Facts {
		group := BriefGroup{Kind: g.Kind, Title: groupTitle(g.Kind)}
		for _, fact := range g.Facts {
			group.Facts = append(group.Facts, f.briefFact(ctx, fact))
		}
		v.Facts = append(v.Facts, group)
	}
	for _, fact := range b.Settled {
		v.Settled = append(v.Settled, f.briefFact(ctx, fact))
	}
	f.briefGuesses(v, b)
	for _, weak := range b.Weak {
		v.Weak = append(v.Weak, f.briefWeak(weak))
	}
	for _, p := range b.People {
		v.People = append(v.People, f.briefPerson(p, b.Owner))
	}
	for _, rd := range b.Reading {
		v.Reading = append(v.Reading, BriefReading{rd.Title, pagePath(f.slug(), rd.Place), rd.Place.String(), string(rd.Place.Section), rd.Minutes, rd.Read, rd.Changed, rd.Why})
	}
	for _, m := range b.Missing {
		need := Need{Title: m.Title, About: f.stageTitle(m.Place.Stage), Audience: string(m.Place.Section), Href: pagePath(f.slug(), m.Place)}
		if f.canWrite() {
			need.Create = need.Href + "/create"
		}
		v.Missing = append(v.Missing, need)
	}
	return v, nil
}

// briefGuesses fills in what was read out of pages that nobody has marked up.
func (f *frame) briefGuesses(v *BriefView, b *brief.Brief) {
	for _, a := range b.Answers {
		answer := BriefAnswer{Topic: string(a.Topic), Question: a.Question}
		for _, p := range a.Passages {
			answer.Passages = append(answer.Passages, BriefPassage{p.Text, f.briefSource(p.Source)})
		}
		v.Answers = append(v.Answers, answer)
	}
	for _, s := range b.Sections {
		v.Sections = append(v.Sections, BriefSection{s.Kind, s.Source.Heading, s.Lines, s.More, f.briefSource(s.Source)})
	}
	for _, o := range b.Openings {
		v.Openings = append(v.Openings, BriefSection{Title: o.Source.Title, Lines: []string{o.Text}, Source: f.briefSource(o.Source)})
	}
	for _, e := range b.Log {
		v.Log = append(v.Log, BriefEntry{e.Date, e.Text, f.briefSource(e.Source)})
	}
	for _, p := range b.Possible {
		possible := BriefPossible{Kind: p.Kind, Text: p.Text, Place: p.Source.Place.String(), Line: p.Source.Line, Source: f.briefSource(p.Source)}
		for _, kind := range factKinds {
			possible.Kinds = append(possible.Kinds, Option{Value: kind, Label: ui.FactName(kind), Selected: kind == p.Kind})
		}
		v.Possible = append(v.Possible, possible)
	}
}

// factKinds are the kinds that a sentence can be made, in the order of a brief.
var factKinds = []string{"commitment", "decision", "requirement", "risk", "question", "stakeholder"}

func groupTitle(kind string) string {
	switch kind {
	case facts.Action:
		return "Tasks"
	case "":
		return "Facts"
	}
	return ui.FactName(kind) + "s"
}

// briefSource links to where something was read: a fact by its id, a sentence
// by the heading above it.
func (f *frame) briefSource(s brief.Source) BriefSource {
	if s.Place == (wiki.Place{}) { // the deal's record
		return BriefSource{Title: s.Title, Href: f.href(), Audience: AudienceInternal}
	}
	src := BriefSource{Title: s.Title, Href: pagePath(f.slug(), s.Place), Audience: string(s.Place.Section), Heading: s.Heading}
	if s.Anchor != "" {
		src.Href += "#" + url.PathEscape(s.Anchor)
	}
	return src
}

func (f *frame) factSource(fact brief.Fact) BriefSource {
	src := BriefSource{Title: fact.Page, Href: pagePath(f.slug(), fact.Place), Audience: string(fact.Place.Section)}
	switch {
	case fact.State == facts.StateGone:
		src.Href += "/history"
	case fact.ID != "":
		src.Href += "#" + url.PathEscape(fact.ID)
	default:
		src.Href += "/blame#L" + strconv.Itoa(fact.Line)
	}
	if src.Title == "" {
		src.Title = upperFirst(fact.Place.Page)
	}
	return src
}

func (f *frame) briefFact(ctx context.Context, fact brief.Fact) BriefFact {
	v := BriefFact{Kind: fact.Kind, Title: fact.Title, Body: fact.Body, Owner: fact.Owner, Due: fact.Due, Late: fact.Late, New: fact.New, Source: f.factSource(fact),
		Who: f.s.author(ctx, fact.Raised().By).Name, At: fact.Raised().At, State: string(fact.State)}
	if stage := fact.Origin(); stage != "" {
		v.Stage = f.stageTitle(stage)
	}
	if f.canWrite() && fact.State.Stands() {
		v.Close = f.base() + "/facts/" + url.PathEscape(fact.Key)
		v.Ways = closeWays(fact.Kind)
	}
	return v
}

// closeWays are the two usual ways in which a fact of a kind is closed.
func closeWays(kind string) []Option {
	var out []Option
	for _, state := range factStates(kind) {
		if !state.Stands() && len(out) < 2 {
			out = append(out, Option{Value: string(state), Label: stateVerb(kind, state), Selected: len(out) == 0})
		}
	}
	return out
}

func (f *frame) briefSince(ctx context.Context, s *brief.Since) *BriefSince {
	v := &BriefSince{From: s.From, More: s.More, Removed: s.Gone, Changes: f.base() + "/changes"}
	news := func(all []brief.Fact, what func(brief.Fact) string) {
		for _, fact := range all {
			last := fact.Last()
			v.Facts = append(v.Facts, BriefNews{Kind: fact.Kind, What: what(fact), Title: fact.Title, Note: last.Note, Source: f.factSource(fact), Who: f.s.author(ctx, last.By).Name, At: last.At})
		}
	}
	name := func(kind string) string {
		if kind == facts.Action {
			return "Task"
		}
		if kind == "question" {
			return "Question"
		}
		return ui.FactName(kind)
	}
	news(s.Raised, func(fact brief.Fact) string { return "New " + strings.ToLower(name(fact.Kind)) })
	news(s.Moved, func(fact brief.Fact) string { return name(fact.Kind) + " changed" })
	news(s.Closed, func(fact brief.Fact) string { return name(fact.Kind) + " " + string(fact.State) })
	for _, p := range s.Pages {
		c := BriefChange{Source: BriefSource{Title: p.Title, Href: pagePath(f.slug(), p.Place), Audience: string(p.Place.Section)}, New: p.New, Who: p.By, At: p.At, Added: p.Added, Removed: p.Removed}
		if p.From != "" {
			c.Compare = c.Source.Href + "/compare?" + url.Values{"from": {p.From}, "to": {p.To}}.Encode()
		}
		for _, piece := range p.Digest {
			c.Digest = append(c.Digest, BriefPiece{piece.Kind, piece.Text})
		}
		v.Pages = append(v.Pages, c)
	}
	for _, p := range s.Joined {
		v.Joined = append(v.Joined, f.personOf(p))
	}
	return v
}

func (f *frame) personOf(p brief.Person) Person {
	if p.ID == "" {
		return PersonOf(p.Name, p.Name, false)
	}
	v := PersonOf(p.ID, p.Name, p.Guest)
	v.Handle = p.Handle
	if !p.Guest {
		v.Href = "/people/" + url.PathEscape(p.Handle)
	}
	return v
}

func (f *frame) briefPerson(p brief.Person, owner *brief.Person) BriefPerson {
	v := BriefPerson{Person: f.personOf(p), Job: p.Job, Skills: p.Skills, Versions: p.Versions, Last: p.Last, Owner: owner != nil && p.ID != "" && p.ID == owner.ID}
	for _, s := range p.Pages {
		v.Pages = append(v.Pages, f.briefSource(s))
	}
	return v
}

func (f *frame) briefWeak(weak brief.Weak) BriefWeak {
	v := BriefWeak{Text: weak.Text, Do: weak.Do}
	if weak.Source != nil {
		src := f.briefSource(*weak.Source)
		v.Source = &src
		if weak.Kind == "missing" && f.canWrite() {
			v.Create = pagePath(f.slug(), weak.Source.Place) + "/create"
		}
	}
	return v
}

// briefChoices are the moments since which a brief can tell what is new: the
// last visit, stages, handoffs.
func (f *frame) briefChoices(ctx context.Context, v *BriefView, since string) error {
	href := func(since string) string {
		return f.briefHref() + "?" + url.Values{"since": {since}}.Encode() + "#since"
	}
	add := func(value, label string) {
		on := since == value || since == "" && value == "last-visit"
		v.Choices = append(v.Choices, Choice{Label: label, Href: href(value), On: on})
		if on {
			v.SinceName = label
		}
	}
	add("last-visit", "Your last visit")
	history, err := f.s.wiki.StageHistory(ctx, f.c, f.slug())
	if err != nil {
		return err
	}
	var seen []string
	for _, st := range slices.Backward(history) {
		if !slices.Contains(seen, st.Stage) && len(seen) < 4 {
			seen = append(seen, st.Stage)
			add(st.Stage, "Since "+f.stageTitle(st.Stage))
		}
	}
	if f.s.book != nil {
		all, err := f.s.book.List(ctx, f.c, f.space)
		if err != nil {
			return err
		}
		for i, h := range all {
			if label := "Since handoff " + strconv.Itoa(h.Number); i < 3 || since == h.Internal {
				add(h.Internal, label)
			}
		}
	}
	if _, err := time.Parse(time.DateOnly, since); err == nil {
		v.SinceDate, v.SinceName = since, since
	}
	return nil
}

// postBriefRead marks pages as read that have not changed after the brief was
// made: one, or all.
func (s *Server) postBriefRead(w http.ResponseWriter, r *http.Request, c people.Caller) error {
	f, err := s.openBrief(r, c)
	if err != nil {
		return err
	}
	form, err := s.form(r)
	if err != nil {
		return err
	}
	at, err := time.Parse(time.RFC3339Nano, form.Get("at"))
	if err != nil {
		at = s.now()
	}
	only, n, left := form.Get("page"), 0, 0
	for _, pages := range f.pages {
		for i := range pages {
			p := &pages[i]
			switch {
			case only != "" && p.Place.String() != only:
			case p.Updated.After(at):
				left++
			default:
				s.markRead(r.Context(), c, f.slug(), p.Place, p.Version)
				n++
			}
		}
	}
	text := "All pages are marked as read."
	switch {
	case only != "" && n == 0:
		text = "That page has changed or gone meanwhile. Have a look at it."
	case only != "":
		text = "Marked as read."
	case left > 0:
		text = "Marked as read, except for what changed while you were reading."
	}
	return s.done(w, r, f.briefHref(), text)
}

// postBriefConfirm makes a fact of a sentence.
func (s *Server) postBriefConfirm(w http.ResponseWriter, r *http.Request, c people.Caller) error {
	f, err := s.openBrief(r, c)
	if err != nil {
		return err
	}
	form, err := s.form(r)
	if err != nil {
		return err
	}
	place, err := wiki.ParsePlace(form.Get("page"))
	if err != nil {
		return notFound()
	}
	if kind := form.Get("kind"); !content.IsFactKind(kind) {
		return badRequest("Choose what kind of fact it is.")
	}
	line, _ := strconv.Atoi(form.Get("line")) // only a hint
	done, err := s.briefs.Confirm(r.Context(), c, f.space, brief.Source{Place: place, Line: line}, form.Get("kind"), form.Get("text"))
	if err != nil {
		return err
	}
	s.markRead(r.Context(), c, f.slug(), done.Place, done.Version)
	return s.goWith(w, r, f.briefHref()+"#possible", Flash{Kind: "ok", Text: ui.FactName(form.Get("kind")) + " noted.", Href: pagePath(f.slug(), done.Place), Label: "See the page"})
}

// postBriefDismiss says that a sentence is no fact.
func (s *Server) postBriefDismiss(w http.ResponseWriter, r *http.Request, c people.Caller) error {
	f, err := s.openBrief(r, c)
	if err != nil {
		return err
	}
	form, err := s.form(r)
	if err != nil {
		return err
	}
	if err := s.briefs.Dismiss(r.Context(), c, f.space, form.Get("text")); err != nil {
		return err
	}
	return s.done(w, r, f.briefHref()+"#possible", "It will not be suggested again.")
}
