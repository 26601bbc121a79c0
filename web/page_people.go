package web

import (
	"net/http"
	"strings"

	"dealwiki/wiki/people"
)

// peoplePage lists who works here.
func (s *Server) peoplePage(w http.ResponseWriter, r *http.Request, c people.Caller) error {
	all, err := s.people.List(r.Context())
	if err != nil {
		return err
	}
	query := strings.TrimSpace(r.URL.Query().Get("q"))
	v := &PeopleView{Shell: s.shell(r, c, "People"), Query: query}
	v.Nav = "people"
	owns := s.ownedBy(r, c)
	for _, p := range all {
		if p.Guest || p.Disabled {
			continue
		}
		text := strings.ToLower(strings.Join([]string{p.Name, p.Handle, string(p.Job), p.Skills}, " "))
		found := true
		for word := range strings.FieldsSeq(strings.ToLower(query)) {
			found = found && strings.Contains(text, word)
		}
		if found {
			v.People = append(v.People, colleague(p, owns[p.ID]))
		}
	}
	if query != "" {
		known, problem, err := s.whoKnows(r.Context(), c, query)
		if err != nil {
			return err
		}
		v.Problem, v.Known = problem, s.knowerRows(r.Context(), known)
	}
	s.renderSecret(w, r, http.StatusOK, "people", v)
	return nil
}

func colleague(p people.Person, owns []Link) Colleague {
	return Colleague{Person: personView(p), Job: string(p.Job), Skills: p.Skills, Owns: owns}
}

// ownedBy lists the prospects that the caller sees, by the id of who owns them.
func (s *Server) ownedBy(r *http.Request, c people.Caller) map[string][]Link {
	owns := map[string][]Link{}
	for _, e := range s.wiki.Prospects(r.Context(), c) {
		access, err := s.people.Access(r.Context(), e.Slug)
		if err == nil && access.Owner != "" {
			owns[access.Owner] = append(owns[access.Owner], Link{Title: e.Title, Href: spacePath(e.Slug)})
		}
	}
	return owns
}

func (s *Server) personPage(w http.ResponseWriter, r *http.Request, c people.Caller) error {
	p, err := s.people.ByHandle(r.Context(), r.PathValue("handle"))
	if err != nil {
		return err
	}
	if p.Guest {
		return notFound()
	}
	return s.showPerson(w, r, c, p, http.StatusOK, Form{Values: map[string]string{"prospect": r.URL.Query().Get("prospect"), "page": r.URL.Query().Get("page")}})
}

// showPerson shows somebody's page, with the question that was typed there.
func (s *Server) showPerson(w http.ResponseWriter, r *http.Request, c people.Caller, p people.Person, status int, f Form) error {
	v := &PersonView{Shell: s.shell(r, c, p.Name), Colleague: colleague(p, s.ownedBy(r, c)[p.ID]), Email: p.Email, Disabled: p.Disabled, Mine: p.ID == c.Person.ID}
	v.Nav = "people"
	v.Form = f
	if !v.Mine && !p.Disabled {
		v.Ask = s.askOptions(r.Context(), c, p, f.Values["prospect"])
	}
	v.Crumbs = []Crumb{{"People", "/people"}, {Label: p.Name}}
	private(w)
	s.render(w, r, status, "person", v)
	return nil
}
