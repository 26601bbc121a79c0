package web

import (
	"context"
	"net/http"
	"strings"
	"time"

	"dealwiki/wiki/people"
)

func (s *Server) admin(w http.ResponseWriter, r *http.Request, c people.Caller) error {
	return goTo(w, r, "/admin/people")
}

func (s *Server) adminTabs(at string) []Choice {
	tabs := []Choice{{Label: "People", Href: "/admin/people"}, {Label: "Import", Href: "/admin/import"}}
	if s.hooks != nil {
		tabs = append(tabs, Choice{Label: "Webhooks", Href: "/admin/webhooks"})
	}
	tabs = append(tabs, Choice{Label: "Audit", Href: "/admin/audit"})
	for i := range tabs {
		tabs[i].On = tabs[i].Href == "/admin/"+at
	}
	return tabs
}

func (s *Server) adminShell(r *http.Request, c people.Caller, title string) Shell {
	sh := s.shell(r, c, title)
	sh.Nav = "admin"
	return sh
}

func (s *Server) adminPeople(w http.ResponseWriter, r *http.Request, c people.Caller) error {
	v, err := s.adminPeopleView(r, c)
	if err != nil {
		return err
	}
	v.Flash = s.flash(w, r)
	s.render(w, r, http.StatusOK, "admin-people", v)
	return nil
}

func (s *Server) adminPeopleView(r *http.Request, c people.Caller) (*AdminPeopleView, error) {
	ctx := r.Context()
	v := &AdminPeopleView{Shell: s.adminShell(r, c, "People"), Tabs: s.adminTabs("people"), Roles: options("member", "member", "member", "admin", "administrator"), Jobs: jobOptions(people.Sales)}
	all, err := s.people.List(ctx)
	if err != nil {
		return nil, err
	}
	invited, err := s.people.Invitations(ctx, c)
	if err != nil {
		return nil, err
	}
	for _, i := range invited {
		v.Staff = append(v.Staff, StaffRow{Person: PersonOf(i.ID, i.Name, false), ID: i.ID, Email: i.Email, Role: string(i.Role), Job: string(i.Job), Invited: true, Href: "/admin/people/" + i.ID})
	}
	steps, required, err := s.people.TwoSteps(ctx, c)
	if err != nil {
		return nil, err
	}
	linked, err := s.people.Linked(ctx, c)
	if err != nil {
		return nil, err
	}
	owns := map[string]int{}
	for _, e := range s.wiki.Prospects(ctx, people.System("web")) {
		if a, err := s.people.Access(ctx, e.Slug); err == nil && a.Owner != "" {
			owns[a.Owner]++
		}
	}
	for _, p := range all {
		if p.Guest {
			continue
		}
		row := StaffRow{Person: personView(p), ID: p.ID, Email: p.Email, Role: string(p.Role), Job: string(p.Job), Spaces: owns[p.ID], Disabled: p.Disabled, Myself: p.ID == c.Person.ID, Href: "/admin/people/" + p.ID,
			TwoStep: steps[p.ID], Required: required[p.ID], Linked: linked[p.ID]}
		row.SignsIn = signsIn(row)
		if sessions, err := s.people.Sessions(ctx, c, p.ID); err == nil {
			for _, x := range sessions {
				if x.Seen.After(row.LastSeen) {
					row.LastSeen = x.Seen
				}
			}
		}
		v.Staff = append(v.Staff, row)
	}
	return v, nil
}

// signsIn says shortly how somebody signs in.
func signsIn(row StaffRow) string {
	var ways []string
	if row.Linked {
		ways = append(ways, "SSO")
	}
	if row.TwoStep {
		ways = append(ways, "two steps")
	}
	return strings.Join(ways, ", ")
}

// postInvite invites a colleague and shows the link this once.
func (s *Server) postInvite(w http.ResponseWriter, r *http.Request, c people.Caller) error {
	form, err := s.form(r)
	if err != nil {
		return err
	}
	token, err := s.people.Invite(r.Context(), c, form.Get("email"), form.Get("name"), people.Role(form.Get("role")), people.Job(form.Get("job")))
	if err != nil {
		status, _, _ := s.errorStatus(err)
		f, ok := again(form, err, nil)
		if !ok && status == http.StatusConflict {
			f.Errors["email"], ok = "Somebody with this address has an account already.", true
		}
		if !ok {
			return err
		}
		v, err := s.adminPeopleView(r, c)
		if err != nil {
			return err
		}
		v.Form = f
		s.renderSecret(w, r, status, "admin-people", v)
		return nil
	}
	return s.showInvitation(w, r, c, form.Get("name"), form.Get("email"), token, "")
}

// showInvitation shows the link of an invitation this once. Where mail works it is
// on its way by mail, too.
func (s *Server) showInvitation(w http.ResponseWriter, r *http.Request, c people.Caller, name, email, token, note string) error {
	way := "Send it to them."
	if s.mails() {
		if err := s.inviteColleague(r.Context(), c, name, email, token); err == nil {
			way = "It is on its way to them by mail, too."
		} else if r.Context().Err() == nil {
			s.log.Error("mailing an invitation", "id", requestID(r), "err", err)
			way = "It could not be mailed: send it to them."
		}
	}
	return s.adminSecret(w, r, c, &OneTime{Label: "Invitation for " + clip(email, 100), Value: s.address(r, "/join/"+token),
		Note: note + way + " It works once, for seven days, and is shown this once."})
}

func (s *Server) adminSecret(w http.ResponseWriter, r *http.Request, c people.Caller, link *OneTime) error {
	v, err := s.adminPeopleView(r, c)
	if err != nil {
		return err
	}
	v.NewLink = link
	s.renderSecret(w, r, http.StatusOK, "admin-people", v)
	return nil
}

// postPerson changes an account: its role or job, whether it is let in, or makes
// a link for a new password or invitation.
func (s *Server) postPerson(w http.ResponseWriter, r *http.Request, c people.Caller) error {
	form, err := s.form(r)
	if err != nil {
		return err
	}
	ctx, id := r.Context(), r.PathValue("id")
	if inv, ok, err := s.invitationOf(ctx, c, id); err != nil {
		return err
	} else if ok {
		return s.postInvitation(w, r, c, inv)
	}
	p, err := s.people.Get(ctx, id)
	if err != nil {
		return err
	}
	switch r.PathValue("what") {
	case "role":
		role := people.Role(form.Get("role"))
		_, err = s.people.Update(ctx, c, id, people.Patch{Role: &role})
	case "job":
		job := people.Job(form.Get("job"))
		_, err = s.people.Update(ctx, c, id, people.Patch{Job: &job})
	case "disable":
		err = s.people.Disable(ctx, c, id)
	case "enable":
		err = s.people.Enable(ctx, c, id)
	case "two-step-require", "two-step-free":
		err = s.people.RequireTwoStep(ctx, c, id, r.PathValue("what") == "two-step-require")
	case "two-step-remove":
		err = s.people.RemoveTwoStep(ctx, c, id)
	case "unlink":
		err = s.people.Unlink(ctx, c, id)
	case "link":
		token, err := s.people.ResetPassword(ctx, c, id)
		if err != nil {
			return err
		}
		return s.adminSecret(w, r, c, &OneTime{Label: "Link for " + p.Name, Value: s.address(r, "/login/"+token), Note: "It signs them in once; then they choose a new password in their settings. Their old one no longer works. It is shown this once."})
	default:
		return notFound()
	}
	if err != nil {
		return err
	}
	return s.done(w, r, "/admin/people", "Saved for "+clip(p.Name, 80)+". It is in force at once.")
}

func (s *Server) invitationOf(ctx context.Context, c people.Caller, id string) (people.Invitation, bool, error) {
	all, err := s.people.Invitations(ctx, c)
	if err != nil {
		return people.Invitation{}, false, err
	}
	for _, i := range all {
		if i.ID == id {
			return i, true, nil
		}
	}
	return people.Invitation{}, false, nil
}

func (s *Server) postInvitation(w http.ResponseWriter, r *http.Request, c people.Caller, inv people.Invitation) error {
	switch r.PathValue("what") {
	case "link":
		token, err := s.people.Invite(r.Context(), c, inv.Email, inv.Name, inv.Role, inv.Job)
		if err != nil {
			return err
		}
		return s.showInvitation(w, r, c, inv.Name, inv.Email, token, "The link made before no longer works. ")
	case "disable":
		if err := s.people.RevokeInvitation(r.Context(), c, inv.ID); err != nil {
			return err
		}
		return s.done(w, r, "/admin/people", "The invitation is taken back.")
	}
	return notFound()
}

// healthz says that the program runs.
func (s *Server) healthz(w http.ResponseWriter, r *http.Request, c people.Caller) error {
	s.plain(w, http.StatusOK, "ok\n")
	return nil
}

// readyz says whether requests can be answered well.
func (s *Server) readyz(w http.ResponseWriter, r *http.Request, c people.Caller) error {
	ctx, cancel := context.WithTimeout(r.Context(), 5*time.Second)
	defer cancel()
	if s.ready != nil {
		if err := s.ready(ctx); err != nil {
			s.log.Warn("not ready", "err", err)
			s.plain(w, http.StatusServiceUnavailable, "not ready\n")
			return nil
		}
	}
	if _, err := s.wiki.Funnel(ctx); err != nil {
		s.log.Warn("not ready", "err", err)
		s.plain(w, http.StatusServiceUnavailable, "not ready\n")
		return nil
	}
	s.plain(w, http.StatusOK, "ready\n")
	return nil
}

func (s *Server) asset(w http.ResponseWriter, r *http.Request, c people.Caller) error {
	s.assets.ServeHTTP(w, r)
	return nil
}

func (s *Server) favicon(w http.ResponseWriter, r *http.Request, c people.Caller) error {
	w.Header().Set("Cache-Control", "public, max-age=86400")
	http.Redirect(w, r, s.assets.URL("favicon.svg"), http.StatusFound)
	return nil
}

func (s *Server) robots(w http.ResponseWriter, r *http.Request, c people.Caller) error {
	w.Header().Set("Cache-Control", "public, max-age=86400")
	s.plain(w, http.StatusOK, "User-agent: *\nDisallow: /\n")
	return nil
}
