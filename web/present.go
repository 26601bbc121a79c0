package web

import (
	"net/http"
	"net/url"
	"sort"

	"dealwiki/wiki"
	"dealwiki/wiki/people"
)

// Present is somebody who is in a space now.
type Present struct {
	Name     string `json:"name"`
	Initials string `json:"initials"`
	Color    int    `json:"color"` // 1 to 8
	Guest    bool   `json:"guest"`
	Me       bool   `json:"me"`
	Editing  bool   `json:"editing"`
	Here     bool   `json:"here"`            // on the page that was asked from
	Title    string `json:"title,omitempty"` // of the page they are on; "" for the space itself
	Section  string `json:"section,omitempty"`
	Href     string `json:"href"` // of the page they are on

	id string
}

// present answers who is in a space and on which page, and notes that the caller
// is at the page in ?at=, or in the space itself.
func (s *Server) present(w http.ResponseWriter, r *http.Request, c people.Caller) error {
	if s.rooms == nil {
		return notFound()
	}
	ctx, prospect := r.Context(), r.PathValue("prospect")
	space, err := s.wiki.Space(ctx, c, prospect)
	if err != nil {
		return err
	}
	at := wiki.Place{Section: wiki.Internal} // the space itself is staff's
	if text := r.URL.Query().Get("at"); text != "" {
		if at, err = wiki.ParsePlace(text); err != nil {
			return notFound()
		}
		side, err := space.Side(at.Section)
		if err != nil {
			return err
		}
		if _, err := side.Lookup(ctx, c, at); err != nil {
			return err
		}
	}
	me := livePerson(c.Person)
	s.rooms.Note(prospect, at, c.Person.ID, me.Name, me.Color, me.Guest)
	people, err := s.presentIn(r, c, space, at)
	if err != nil {
		return err
	}
	return s.json(w, http.StatusOK, map[string]any{"people": people})
}

// presentIn lists who is in a space, each person once: where they write, else on
// the page that was asked from, else where they read.
func (s *Server) presentIn(r *http.Request, c people.Caller, space *wiki.Space, at wiki.Place) ([]Present, error) {
	ctx := r.Context()
	best := map[string]Present{}
	for _, side := range space.Sides() {
		for _, p := range s.rooms.Present(space.Prospect(), side.Section()) {
			v := PersonOf(p.Person, p.Name, p.Guest)
			one := Present{Name: p.Name, Initials: v.Initials, Color: v.Color, Guest: p.Guest, Me: p.Person == c.Person.ID, Editing: p.Editing,
				Here: p.Place == at, Href: spacePath(space.Prospect()), id: p.Person}
			if p.Place.Page != "" {
				info, err := side.Lookup(ctx, c, p.Place)
				if err != nil {
					continue // gone or moved since
				}
				one.Title, one.Section, one.Href = info.Title, string(p.Place.Section), pagePath(space.Prospect(), p.Place)
			}
			if known, ok := best[p.Person]; !ok || one.before(known) {
				best[p.Person] = one
			}
		}
	}
	all := make([]Present, 0, len(best))
	for _, p := range best {
		all = append(all, p)
	}
	sort.Slice(all, func(i, j int) bool {
		if all[i].Here != all[j].Here {
			return all[i].Here
		}
		if all[i].Name != all[j].Name {
			return all[i].Name < all[j].Name
		}
		return all[i].id < all[j].id
	})
	return all, nil
}

// before reports which of two places of one person says more.
func (p Present) before(o Present) bool {
	switch {
	case p.Here != o.Here:
		return p.Here
	case p.Editing != o.Editing:
		return p.Editing
	}
	return p.Title != "" && o.Title == ""
}

// presentHref is where a screen asks who is there: the space's, or with a page
// that page's.
func (f *frame) presentHref(place wiki.Place) string {
	if f.s.rooms == nil {
		return ""
	}
	href := f.base() + "/present"
	if place.Page != "" {
		href += "?" + url.Values{"at": {place.String()}}.Encode()
	}
	return href
}
