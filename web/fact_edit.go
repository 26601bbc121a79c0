package web

import (
	"context"
	"crypto/rand"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"dealwiki/content"
	"dealwiki/wiki"
	"dealwiki/wiki/people"
	facts "dealwiki/wiki/register"
)

// factStates are the states that a fact of a kind can be given, the usual way
// to close it first.
func factStates(kind string) []facts.State {
	switch kind {
	case facts.Action:
		return []facts.State{facts.StateDone, facts.StateOpen}
	case "question":
		return []facts.State{facts.StateAnswered, facts.StateEvaded, facts.StateDropped, facts.StateDone, facts.StateOpen}
	case "decision", "stakeholder":
		return []facts.State{facts.StateDropped, facts.StateDone, facts.StateAnswered, facts.StateOpen}
	}
	return []facts.State{facts.StateDone, facts.StateDropped, facts.StateAnswered, facts.StateOpen}
}

// findFact answers a fact that stands on a page now.
func (s *Server) findFact(ctx context.Context, c people.Caller, space *wiki.Space, key string) (facts.Fact, error) {
	all, err := s.facts.Space(ctx, c, space)
	if err != nil {
		return facts.Fact{}, err
	}
	return facts.Find(all, key)
}

// setFact gives a fact or an action a state: an edit of its page by the caller.
// It answers the fact as it was.
func (s *Server) setFact(ctx context.Context, c people.Caller, space *wiki.Space, key string, state facts.State) (facts.Fact, *wiki.Edited, error) {
	fact, err := s.findFact(ctx, c, space, key)
	if err != nil {
		return fact, nil, err
	}
	if fact.State == facts.StateGone {
		return fact, nil, refuse(http.StatusConflict, "It is no longer there", "Somebody has taken this off its page. The page’s history still has it, and can bring it back.")
	}
	if !slices.Contains(factStates(fact.Kind), state) {
		return fact, nil, &wiki.Invalid{Field: "state", Problem: "of a " + fact.Kind + " is one of " + joinStates(factStates(fact.Kind))}
	}
	side, err := space.Side(fact.Place.Section)
	if err != nil {
		return fact, nil, err
	}
	page, err := side.Read(ctx, c, fact.Place)
	if err != nil {
		return fact, nil, err
	}
	text, id := page.Text, fact.ID
	if id == "" {
		if text, id, err = identify(text, fact); err != nil {
			return fact, nil, err
		}
	}
	text, err = content.SetFactStatus(text, id, string(state))
	if errors.Is(err, content.ErrNoFact) || errors.Is(err, content.ErrNoTask) {
		return fact, nil, wiki.ErrNotFound // edited in between
	}
	if err != nil {
		return fact, nil, err
	}
	done, err := side.Edit(ctx, c, wiki.Edit{Place: fact.Place, Text: text, Base: page.Version, Message: factMessage(fact, state)})
	return fact, done, err
}

// identify gives the facts of a text their ids and answers that of one: the
// first of its kind and title.
func identify(text []byte, fact facts.Fact) ([]byte, string, error) {
	text, _ = content.AssignIDs(text, func(kind string) string { return content.NewID(kind, rand.Reader) })
	doc := content.Parse(text)
	for _, f := range doc.Facts() {
		if f.Kind == fact.Kind && f.Title == fact.Title && f.ID != "" {
			return text, f.ID, nil
		}
	}
	for _, a := range doc.Actions() {
		if fact.Kind == facts.Action && a.Text == fact.Title && a.ID != "" {
			return text, a.ID, nil
		}
	}
	return nil, "", &wiki.Invalid{Field: "fact", Problem: "is written in a way that cannot be told from the text around it; open the page and close it there"}
}

func joinStates(states []facts.State) string {
	var out []string
	for _, s := range states {
		out = append(out, string(s))
	}
	return strings.Join(out, ", ")
}

func factMessage(fact facts.Fact, state facts.State) string {
	title := []rune(fact.Title)
	if len(title) > 80 {
		title = append(title[:80], '…')
	}
	what := "Mark as " + string(state)
	switch state {
	case facts.StateOpen:
		what = "Open again"
	case facts.StateDropped:
		what = "Drop"
	}
	return what + ": " + string(title)
}

// postFact gives a fact a state and goes back to where one came from, with a
// way to take it back. The form sends what (or status), the new state, and
// next, where to go on; without it that is the fact on its page.
func (s *Server) postFact(w http.ResponseWriter, r *http.Request, c people.Caller) error {
	f, err := s.open(r, c)
	if err != nil {
		return err
	}
	if s.facts == nil || f.playbook() {
		return notFound()
	}
	form, err := s.form(r)
	if err != nil {
		return err
	}
	ctx, state := r.Context(), facts.State(form.Get("what"))
	if state == "" {
		state = facts.State(form.Get("status"))
	}
	was, done, err := s.setFact(ctx, c, f.space, r.PathValue("key"), state)
	if err != nil {
		return err
	}
	s.markRead(ctx, c, f.slug(), was.Place, done.Version)
	if wantsJSON(r) {
		return s.json(w, http.StatusOK, map[string]string{"version": done.Version.String()})
	}
	key := was.Key
	if was.ID == "" {
		if now, err := s.sameFact(ctx, c, f.space, was); err == nil {
			key = now
		}
	}
	back := pagePath(f.slug(), was.Place) + "#" + url.PathEscape(key)
	switch next := form.Get("next"); {
	case next == "brief":
		back = f.base() + "/brief#facts"
	case next != "":
		back = localPath(next, back)
	}
	flash := Flash{Kind: "ok", Text: stateName(was.Kind, state) + ": " + clipText(was.Title, 120)}
	if done.Changed {
		flash.Undo = &Undo{Action: f.base() + "/facts/" + url.PathEscape(key), Values: map[string]string{"what": string(was.State), "next": back}}
	}
	return s.goWith(w, r, back, flash)
}

// sameFact answers the key that a fact without an id has got by an edit.
func (s *Server) sameFact(ctx context.Context, c people.Caller, space *wiki.Space, was facts.Fact) (string, error) {
	all, err := s.facts.Space(ctx, c, space)
	if err != nil {
		return "", err
	}
	for _, f := range all {
		if f.Kind == was.Kind && f.Title == was.Title && f.Place == was.Place && f.State != facts.StateGone {
			return f.Key, nil
		}
	}
	return "", wiki.ErrNotFound
}

// stateName is how a state reads on the screen.
func stateName(kind string, state facts.State) string {
	switch state {
	case facts.StateOpen:
		return "Open"
	case facts.StateEvaded:
		return "Evaded"
	case facts.StateDone:
		if kind == "risk" {
			return "Averted"
		}
		return "Done"
	case facts.StateAnswered:
		return "Answered"
	case facts.StateDropped:
		return "Dropped"
	case facts.StateGone:
		return "No longer on a page"
	}
	return upperFirst(string(state))
}

// stateVerb is what a button says that gives a fact a state.
func stateVerb(kind string, state facts.State) string {
	switch state {
	case facts.StateOpen:
		return "Open again"
	case facts.StateDropped:
		if kind == "decision" || kind == "stakeholder" {
			return "No longer holds"
		}
		return "Drop"
	}
	return stateName(kind, state)
}

// markVerb says it beside the fact itself, where a bare "Done" would be read as
// how it stands.
func markVerb(kind string, state facts.State) string {
	if state == facts.StateOpen || state == facts.StateDropped {
		return stateVerb(kind, state)
	}
	return "Mark as " + strings.ToLower(stateVerb(kind, state))
}

func clipText(s string, n int) string {
	if r := []rune(s); len(r) > n {
		return string(r[:n]) + "…"
	}
	return s
}
