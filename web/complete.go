package web

import (
	"context"
	"net/http"
	"slices"
	"sort"
	"strings"

	"dealwiki/wiki"
	"dealwiki/wiki/people"
)

const (
	maxCompletions = 20
	maxCompleting  = 200 // bytes of what is typed
)

// Completion is something that may be named on a page, or put into it.
type Completion struct {
	Value    string `json:"value"` // stage/page, prospect:stage/page, a handle, or a template's name
	Label    string `json:"label"`
	Detail   string `json:"detail,omitempty"`   // where a page is, what a person does
	Section  string `json:"section,omitempty"`  // of a page
	Color    int    `json:"color,omitempty"`    // of a person, 1 to 8
	Initials string `json:"initials,omitempty"` // of a person
	Text     string `json:"text,omitempty"`     // of a template
}

// complete answers what may be named on a side of a prospect: on the external
// side external pages only, and people who can read that side.
func (s *Server) complete(w http.ResponseWriter, r *http.Request, c people.Caller) error {
	ctx, q := r.Context(), r.URL.Query()
	prospect, section := q.Get("prospect"), wiki.Section(q.Get("section"))
	space, err := s.wiki.Space(ctx, c, prospect)
	if err != nil {
		return err
	}
	if _, err := space.Side(section); err != nil {
		return err
	}
	typed := q.Get("q")
	if len(typed) > maxCompleting {
		return badRequest("That is too much to complete. Type less of it.")
	}
	items := []Completion{}
	switch q.Get("kind") {
	case "page":
		items, err = s.completePage(ctx, c, space, section, q.Get("stage"), typed)
	case "person":
		items, err = s.completePerson(ctx, prospect, section, typed)
	case "template":
		items, err = s.completeTemplate(ctx, c, space, section, q.Get("stage"))
	default:
		return badRequest("The kind to complete is page, person or template.")
	}
	if err != nil {
		return err
	}
	return s.json(w, http.StatusOK, map[string]any{"items": items})
}

// completePage finds pages whose title or place begins with what is typed, word
// by word: those of the stage first, then the latest. Internal pages may name
// pages of other prospects, as prospect:stage/page.
func (s *Server) completePage(ctx context.Context, c people.Caller, space *wiki.Space, section wiki.Section, stage, typed string) ([]Completion, error) {
	prefix := ""
	if other, rest, ok := strings.Cut(typed, ":"); ok && section == wiki.Internal {
		at, err := s.wiki.Space(ctx, c, strings.TrimSpace(other))
		if err != nil {
			return []Completion{}, nil // as one that is not there
		}
		if at.Prospect() != space.Prospect() {
			prefix = at.Prospect() + ":"
		}
		space, stage, typed = at, "", rest
	}
	funnel, err := s.wiki.Funnel(ctx)
	if err != nil {
		return nil, err
	}
	words := strings.Fields(strings.ToLower(typed))
	var found []wiki.PageInfo
	for _, side := range space.Sides() {
		if section == wiki.External && side.Section() != wiki.External {
			continue
		}
		pages, err := side.Pages(ctx, c)
		if err != nil {
			return nil, err
		}
		for _, p := range pages {
			if begins(p.Title+" "+p.Stage+" "+p.Page, words) || strings.HasPrefix(p.Stage+"/"+p.Page, strings.ToLower(typed)) {
				found = append(found, p)
			}
		}
	}
	sort.SliceStable(found, func(i, j int) bool {
		a, b := &found[i], &found[j]
		switch {
		case (a.Section == section) != (b.Section == section):
			return a.Section == section
		case (a.Stage == stage) != (b.Stage == stage):
			return a.Stage == stage
		}
		return a.Updated.After(b.Updated)
	})
	items := []Completion{}
	for _, p := range found[:min(len(found), maxCompletions)] {
		items = append(items, Completion{Value: prefix + p.Stage + "/" + p.Page, Label: p.Title, Detail: stageTitle(funnel, p.Stage) + " · " + string(p.Section), Section: string(p.Section)})
	}
	return items, nil
}

// completePerson finds people by the beginning of their name or handle: of those
// who can read the side.
func (s *Server) completePerson(ctx context.Context, prospect string, section wiki.Section, typed string) ([]Completion, error) {
	all, err := s.people.List(ctx)
	if err != nil {
		return nil, err
	}
	words := strings.Fields(strings.ToLower(typed))
	all = slices.DeleteFunc(all, func(p people.Person) bool {
		return p.Disabled || p.Guest && section == wiki.Internal || !begins(p.Name+" "+p.Handle, words) ||
			s.people.LevelOn(ctx, people.Caller{Person: p, Scopes: people.AllScopes}, prospect) < people.Viewer
	})
	sort.SliceStable(all, func(i, j int) bool { return all[i].Name < all[j].Name })
	items := []Completion{}
	for _, p := range all[:min(len(all), maxCompletions)] {
		detail := string(p.Job)
		if p.Guest {
			detail = "guest"
		}
		view := personView(p)
		items = append(items, Completion{Value: p.Handle, Label: p.Name, Detail: detail, Color: view.Color, Initials: view.Initials})
	}
	return items, nil
}

// completeTemplate lists the playbook's templates for a stage, filled in for the
// prospect.
func (s *Server) completeTemplate(ctx context.Context, c people.Caller, space *wiki.Space, section wiki.Section, stage string) ([]Completion, error) {
	side, err := space.Side(section)
	if err != nil {
		return nil, err
	}
	needs, err := space.Needs(ctx, c)
	if err != nil {
		return nil, err
	}
	items := []Completion{}
	for _, n := range needs {
		if n.Section != section || n.Stage != stage || n.Template == "" || len(items) == maxCompletions {
			continue
		}
		text, title, err := side.Template(ctx, c, n.Place())
		if err != nil {
			return nil, err
		}
		items = append(items, Completion{Value: n.Page, Label: title, Text: string(text)})
	}
	return items, nil
}

// personColors are the colours that stand for people, as the design tokens
// --person-1 to --person-8 have them. Other editors know no tokens, so awareness
// carries the colour itself.
var personColors = [...]string{"#2767ab", "#8247ad", "#1c7556", "#ad4067", "#85610f", "#4b58b8", "#0e707e", "#a44d2b"}

// livePerson is somebody as the live editor draws them: in the colour that they
// have on every screen.
func livePerson(p people.Person) *LivePerson {
	v := personView(p)
	return &LivePerson{ID: p.ID, Name: p.Name, Handle: p.Handle, Initials: v.Initials, Color: personColors[v.Color-1], Number: v.Color, Guest: p.Guest}
}
