package web

import (
	"errors"
	"html/template"
	"net/http"
	"strings"

	"dealwiki/wiki"
	"dealwiki/wiki/people"
	"dealwiki/wiki/playbook"
)

func (s *Server) playbook(w http.ResponseWriter, r *http.Request, c people.Caller) error {
	f, err := s.openSpace(r.Context(), c, wiki.Playbook)
	if err != nil {
		return err
	}
	v := &PlaybookView{Shell: f.shellOf(r, "Playbook", wiki.Place{}, "overview"), CanWrite: f.canWrite()}
	v.Flash = s.flash(w, r)
	if v.CanWrite {
		v.NewPage = f.base() + "/new"
	}
	if c.Can(people.Administer) {
		v.Settings = "/playbook/funnel"
	}
	for _, st := range f.funnel.Stages {
		ps := PlaybookStage{Key: st.Key, Name: st.Title, About: st.Is, Buyer: st.Buyer, Days: st.TypicalDays, Watch: st.WatchOut, Warn: strings.Join(st.Warn, ", ")}
		for _, n := range st.Needed {
			need := Need{Title: n.Title, Audience: string(n.Section)}
			if n.Optional {
				need.About = "optional"
			}
			if name, ok := strings.CutSuffix(n.Template, ".md"); ok {
				need.Href = pagePath(wiki.Playbook, wiki.Place{Section: wiki.Internal, Stage: "templates", Page: name})
			}
			ps.Needs = append(ps.Needs, need)
		}
		for _, e := range st.Exit {
			ps.Exit = append(ps.Exit, e.Text)
		}
		for _, t := range st.Tasks {
			task := t.Text
			if t.Job != "" {
				task += " (" + t.Job + ")"
			}
			ps.Tasks = append(ps.Tasks, task)
		}
		v.Stages = append(v.Stages, ps)
	}
	for i := range f.pages[wiki.Internal] {
		p := &f.pages[wiki.Internal][i]
		page := f.spacePage(r.Context(), p)
		if p.Stage == "templates" {
			page.Lead = ""
			v.Templates = append(v.Templates, page)
		} else {
			v.Pages = append(v.Pages, page)
		}
	}
	private(w)
	s.render(w, r, http.StatusOK, "playbook", v)
	return nil
}

// funnelForm edits the funnel as text.
func (s *Server) funnelForm(w http.ResponseWriter, r *http.Request, c people.Caller) error {
	text, err := s.wiki.FunnelText(r.Context(), c)
	if err != nil {
		return err
	}
	if ready := r.URL.Query().Get("start"); ready != "" {
		if text, err = playbook.Funnel(ready); err != nil {
			return notFound()
		}
	}
	s.render(w, r, http.StatusOK, "funnel", s.funnelView(r, c, string(text), ""))
	return nil
}

func (s *Server) funnelView(r *http.Request, c people.Caller, text, problem string) *FunnelView {
	v := &FunnelView{Shell: s.shell(r, c, "The funnel"), Action: "/playbook/funnel", Text: text, Error: problem,
		Help: template.HTML("<p>A funnel has 3 to 12 stages. The comments at the top say what each setting means. What is wrong is said with its line before anything is saved.</p>")}
	v.Ready = []Choice{{Label: "Eight stages", Href: "/playbook/funnel?start=eight"}, {Label: "Six steps", Href: "/playbook/funnel?start=six"}, {Label: "Four steps", Href: "/playbook/funnel?start=four"}}
	v.Nav = "playbook"
	v.Crumbs = []Crumb{{"Playbook", "/playbook"}, {Label: "The funnel"}}
	return v
}

func (s *Server) postFunnel(w http.ResponseWriter, r *http.Request, c people.Caller) error {
	form, err := s.form(r)
	if err != nil {
		return err
	}
	ctx := r.Context()
	before, err := s.wiki.FunnelText(ctx, c)
	if err != nil {
		return err
	}
	text := asBefore(before, []byte(form.Get("text")))
	moves := map[string]string{}
	for name := range form {
		if stage, ok := strings.CutPrefix(name, "move-"); ok {
			moves[stage] = form.Get(name)
		}
	}
	if err := s.wiki.ChangeFunnel(ctx, c, text, moves); err != nil {
		var gone *wiki.StagesGone
		if errors.As(err, &gone) {
			return s.funnelMoves(w, r, c, string(text), gone)
		}
		var invalid *wiki.Invalid
		if !errors.As(err, &invalid) {
			return err
		}
		status, _, detail := s.errorStatus(err)
		s.render(w, r, status, "funnel", s.funnelView(r, c, string(text), detail))
		return nil
	}
	return s.done(w, r, "/playbook", "The funnel is saved. Every prospect follows it from now on.")
}

// funnelMoves asks where prospects go whose stage is not in a new funnel.
func (s *Server) funnelMoves(w http.ResponseWriter, r *http.Request, c people.Caller, text string, gone *wiki.StagesGone) error {
	next, err := wiki.ParseFunnel([]byte(text))
	if err != nil {
		return err
	}
	v := s.funnelView(r, c, text, "Nothing is saved yet: prospects are in stages that this funnel does not have. Say where they go; their pages stay where they are.")
	for _, st := range gone.Stages {
		m := FunnelMove{Name: "move-" + st.Key, Stage: st.Title, Hidden: st.Hidden, To: []Option{{Label: "Choose a stage", Selected: true}}}
		for _, e := range st.Prospects {
			m.Prospects = append(m.Prospects, Link{Title: e.Title, Href: spacePath(e.Slug)})
		}
		for _, to := range next.Stages {
			m.To = append(m.To, Option{Value: to.Key, Label: to.Title})
		}
		v.Moves = append(v.Moves, m)
	}
	s.render(w, r, http.StatusConflict, "funnel", v)
	return nil
}
