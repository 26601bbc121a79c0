package web

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"dealwiki/wiki"
	"dealwiki/wiki/people"
	"dealwiki/wiki/playbook"
)

const funnelChanged = "Somebody changed the funnel after you opened this form. Nothing is saved yet: look at it in another tab. Saving again puts yours in its place."

// funnelVersion tells versions of funnel.yaml apart.
func funnelVersion(text []byte) string {
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:8])
}

// startFunnel is the funnel that a form begins with: the saved one, or a
// ready-made one that was asked for. before is the saved one.
func (s *Server) startFunnel(r *http.Request, c people.Caller) (text, before []byte, err error) {
	before, err = s.wiki.FunnelText(r.Context(), c)
	if err != nil {
		return nil, nil, err
	}
	ready := r.URL.Query().Get("start")
	if ready == "" {
		return before, before, nil
	}
	if text, err = playbook.Funnel(ready); err != nil {
		return nil, nil, notFound()
	}
	return text, before, nil
}

// funnelText edits the funnel as text.
func (s *Server) funnelText(w http.ResponseWriter, r *http.Request, c people.Caller) error {
	text, before, err := s.startFunnel(r, c)
	if err != nil {
		return err
	}
	private(w)
	s.render(w, r, http.StatusOK, "funnel-text", s.funnelTextView(r, c, string(text), funnelVersion(before), ""))
	return nil
}

func readyFunnels(action string) []Choice {
	return []Choice{{Label: "Eight stages", Href: action + "?start=eight"}, {Label: "Six steps", Href: action + "?start=six"}, {Label: "Four steps", Href: action + "?start=four"}}
}

func (s *Server) funnelTextView(r *http.Request, c people.Caller, text, base, problem string) *FunnelTextView {
	v := &FunnelTextView{Shell: s.shell(r, c, "The funnel as text"), Action: "/playbook/funnel/text", Stages: "/playbook/funnel", Text: text, Base: base, Error: problem}
	v.Ready = readyFunnels(v.Action)
	v.Nav = "playbook"
	v.Crumbs = []Crumb{{"Playbook", "/playbook"}, {"The funnel", v.Stages}, {Label: "As text"}}
	return v
}

// funnelMoved reads where prospects go from stages that are no more.
func funnelMoved(form url.Values) map[string]string {
	moves := map[string]string{}
	for name := range form {
		if stage, ok := strings.CutPrefix(name, "move-"); ok {
			moves[stage] = form.Get(name)
		}
	}
	return moves
}

func (s *Server) postFunnelText(w http.ResponseWriter, r *http.Request, c people.Caller) error {
	form, err := s.form(r)
	if err != nil {
		return err
	}
	ctx := r.Context()
	before, err := s.wiki.FunnelText(ctx, c)
	if err != nil {
		return err
	}
	text, now := asBefore(before, []byte(form.Get("text"))), funnelVersion(before)
	if base := form.Get("base"); base != "" && base != now {
		s.render(w, r, http.StatusConflict, "funnel-text", s.funnelTextView(r, c, string(text), now, funnelChanged))
		return nil
	}
	err = s.wiki.ChangeFunnel(ctx, c, text, funnelMoved(form))
	if err == nil {
		return s.done(w, r, "/playbook", "The funnel is saved. Every prospect follows it from now on.")
	}
	var gone *wiki.StagesGone
	var invalid *wiki.Invalid
	switch {
	case errors.As(err, &gone):
		next, err := wiki.ParseFunnel(text)
		if err != nil {
			return err
		}
		v := s.funnelTextView(r, c, string(text), now, funnelGone)
		v.Moves = funnelMoves(gone, next)
		s.render(w, r, http.StatusConflict, "funnel-text", v)
		return nil
	case errors.As(err, &invalid):
		status, _, detail := s.errorStatus(err)
		s.render(w, r, status, "funnel-text", s.funnelTextView(r, c, string(text), now, detail))
		return nil
	}
	return err
}

const funnelGone = "Nothing is saved yet: prospects are in stages that this funnel does not have. Say where they go; their pages stay where they are."

// funnelMoves asks where prospects go whose stage is not in a new funnel.
func funnelMoves(gone *wiki.StagesGone, next *wiki.Funnel) []FunnelMove {
	var all []FunnelMove
	for _, st := range gone.Stages {
		m := FunnelMove{Name: "move-" + st.Key, Stage: st.Title, Hidden: st.Hidden, To: []Option{{Label: "Choose a stage", Selected: true}}}
		for _, e := range st.Prospects {
			m.Prospects = append(m.Prospects, Link{Title: e.Title, Href: spacePath(e.Slug)})
		}
		for _, to := range next.Stages {
			m.To = append(m.To, Option{Value: to.Key, Label: to.Title})
		}
		all = append(all, m)
	}
	return all
}
