package web

import (
	"net/http"
	"net/url"

	"dealwiki/wiki"
	"dealwiki/wiki/people"
)

// GitView tells how to work on a prospect with git, and whether its guests may
// clone (template git). It posts guests, yes or no.
type GitView struct {
	Shell
	Sides     []GitSide
	Available bool   // git is installed on the server
	Email     string // which commits to the external side must name
	Tokens    string // address where tokens are made
	Guests    bool   // may clone the external side
	Owner     string
	CanSet    bool
	Action    string
}

// GitSide is a repository of a prospect.
type GitSide struct {
	Audience string
	Address  string
}

// gitPage shows how to clone a prospect.
func (s *Server) gitPage(w http.ResponseWriter, r *http.Request, c people.Caller) error {
	f, err := s.openProspect(r, c)
	if err != nil {
		return err
	}
	ctx := r.Context()
	v := &GitView{Shell: f.shellOf(r, "Work with git", wiki.Place{}, "settings"), Available: s.wiki.Git() != "", Email: s.wiki.Identity(c).Email, Tokens: "/settings",
		Owner: s.nameOf(ctx, f.access.Owner), CanSet: f.manages(), Action: f.base() + "/git"}
	v.Flash = s.flash(w, r)
	for _, section := range []wiki.Section{wiki.Internal, wiki.External} {
		v.Sides = append(v.Sides, GitSide{Audience: string(section), Address: s.address(r, "/git/"+url.PathEscape(f.slug())+"/"+string(section)+".git")})
	}
	if v.Guests, err = s.people.GuestsMayClone(ctx, f.slug()); err != nil {
		return err
	}
	s.render(w, r, http.StatusOK, "git", v)
	return nil
}

// postGit lets guests clone, or not any more.
func (s *Server) postGit(w http.ResponseWriter, r *http.Request, c people.Caller) error {
	f, form, err := s.openForm(r, c)
	if err != nil {
		return err
	}
	may := form.Get("guests") == "yes"
	if !may && form.Get("guests") != "no" {
		return badRequest("Say yes or no.")
	}
	if err := s.people.SetGuestsMayClone(r.Context(), c, f.slug(), may); err != nil {
		return err
	}
	said := "Guests cannot clone any more. Clones that they have made stay with them."
	if may {
		said = "Guests may clone the external side now, with a token of their own."
	}
	return s.done(w, r, f.base()+"/git", said)
}
