package web

import (
	"context"
	"net/http"
	"regexp"
	"strings"

	"dealwiki/content"
	"dealwiki/web/ui"
	"dealwiki/wiki"
	"dealwiki/wiki/brief"
	"dealwiki/wiki/people"
	facts "dealwiki/wiki/register"
)

// carriedIn is what stands open from the stages before one, by the stage it was
// raised in: nothing is copied, each leads to its line. What stands on page
// itself is left out. nil: there is nothing.
func (f *frame) carriedIn(ctx context.Context, stage string, page wiki.Place) (*CarriedIn, error) {
	at := f.funnel.Index(stage)
	if f.s.facts == nil || f.playbook() || at <= 0 {
		return nil, nil
	}
	all, err := f.s.facts.Space(ctx, f.c, f.space)
	if err != nil {
		return nil, err
	}
	v := &CarriedIn{}
	for _, from := range f.funnel.Stages[:at] {
		st := CarriedStage{Name: from.Title}
		for _, fact := range all {
			if fact.Origin() != from.Key || !fact.State.Stands() || fact.Copy || fact.Kind == "stakeholder" || fact.Place == page {
				continue
			}
			link := FactLink{Kind: fact.Kind, Title: fact.Title, Href: pagePath(f.slug(), fact.Place), Open: true}
			if fact.ID != "" {
				link.Href += "#" + fact.ID
			}
			st.Facts = append(st.Facts, link)
		}
		if n := len(st.Facts); n > 0 {
			v.Count += n
			v.Stages = append(v.Stages, st)
		}
	}
	if v.Count == 0 {
		return nil, nil
	}
	return v, nil
}

// factCard is the beginning of a fact as rendering writes it.
var factCard = regexp.MustCompile(`<div class="fact fact-([a-z]+)(?: is-closed)?" role="note" aria-label="[^"]*" id="([^"]+)" data-line="[0-9]+"(?: data-status="([a-z]+)")?><span class="fact-tile"></span>`)

// withControls puts a button on every fact of a page that closes it, or opens
// it again. It sends the form around the page, so it works without scripts.
func withControls(html []byte, base string) []byte {
	return factCard.ReplaceAllFunc(html, func(card []byte) []byte {
		m := factCard.FindSubmatch(card)
		kind, state := string(m[1]), facts.State(m[3])
		to := factStates(kind)[0]
		switch state {
		case facts.StateDone, facts.StateAnswered, facts.StateDropped:
			to = facts.StateOpen
		}
		var b strings.Builder
		b.Write(card)
		b.WriteString(`<span class="fact-do"><button class="btn btn-small" formaction="` + base + `/facts/` + string(m[2]) + `" name="what" value="` + string(to) + `">` + markVerb(kind, to) + `</button></span>`)
		return []byte(b.String())
	})
}

// postNewFact makes a fact of words of a page.
func (s *Server) postNewFact(w http.ResponseWriter, r *http.Request, c people.Caller) error {
	f, err := s.open(r, c)
	if err != nil {
		return err
	}
	if s.briefs == nil || f.playbook() {
		return notFound()
	}
	form, err := s.form(r)
	if err != nil {
		return err
	}
	place, err := wiki.ParsePlace(form.Get("page"))
	if err != nil {
		return notFound()
	}
	kind, text := form.Get("kind"), strings.Join(strings.Fields(form.Get("text")), " ")
	if !content.IsFactKind(kind) {
		return badRequest("Choose what kind of fact it is.")
	}
	ctx := r.Context()
	done, err := s.briefs.Confirm(ctx, c, f.space, brief.Source{Place: place}, kind, text)
	if err != nil {
		return err
	}
	s.markRead(ctx, c, f.slug(), done.Place, done.Version)
	back := pagePath(f.slug(), done.Place)
	for _, fact := range s.doc(&done.Page).Facts() {
		if fact.Kind == kind && fact.Title == text && fact.ID != "" {
			back += "#" + fact.ID
			break
		}
	}
	return s.done(w, r, back, ui.FactName(kind)+" noted.")
}
