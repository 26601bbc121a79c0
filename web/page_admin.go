package web

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"dealwiki/wiki/people"
)

const auditPage = 100

func (s *Server) admin(w http.ResponseWriter, r *http.Request, c people.Caller) error {
	return goTo(w, r, "/admin/people")
}

func adminTabs(at string) []Choice {
	return []Choice{{Label: "People", Href: "/admin/people", On: at == "people"}, {Label: "Import", Href: "/admin/import", On: at == "import"}, {Label: "Webhooks", Href: "/admin/webhooks", On: at == "webhooks"}, {Label: "Audit", Href: "/admin/audit", On: at == "audit"}}
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
	v := &AdminPeopleView{Shell: s.adminShell(r, c, "People"), Tabs: adminTabs("people"), Roles: options("member", "member", "member", "admin", "administrator"), Jobs: jobOptions(people.Sales)}
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
	return s.adminSecret(w, r, c, &OneTime{Label: "Invitation for " + clip(form.Get("email"), 100), Value: s.address(r, "/join/"+token), Note: "Send it to them. It works once, for seven days, and is shown this once."})
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
		return s.adminSecret(w, r, c, &OneTime{Label: "Invitation for " + inv.Email, Value: s.address(r, "/join/"+token), Note: "The link made before no longer works. This one works once, for seven days."})
	case "disable":
		if err := s.people.RevokeInvitation(r.Context(), c, inv.ID); err != nil {
			return err
		}
		return s.done(w, r, "/admin/people", "The invitation is taken back.")
	}
	return notFound()
}

// deeds are how the audit log's actions are told, and their icons. Flagged ones
// change who can see something.
var deeds = map[string]struct {
	text, icon string
	flagged    bool
}{
	"person.add":        {"made an account", "user-plus", true},
	"person.update":     {"changed an account", "user-round", false},
	"person.disable":    {"disabled an account", "ban", true},
	"person.enable":     {"let somebody in again", "check", true},
	"person.password":   {"set a password", "key-round", false},
	"person.invite":     {"invited somebody", "user-plus", true},
	"session.start":     {"signed in", "log-in", false},
	"session.end":       {"signed out", "log-out", false},
	"token.make":        {"made an API token", "key-round", true},
	"token.revoke":      {"revoked an API token", "key-round", false},
	"access.add":        {"made a prospect", "building-2", false},
	"access.owner":      {"gave a prospect to", "users", true},
	"access.restricted": {"restricted a prospect", "lock", true},
	"access.open":       {"opened a prospect to all staff", "globe", true},
	"access.grant":      {"gave access to", "user-plus", true},
	"access.revoke":     {"took access from", "ban", true},
	"access.rename":     {"renamed a prospect", "pencil", false},
	"access.delete":     {"deleted a prospect", "trash-2", true},
	"webhook.add":       {"added a webhook", "server", true},
	"webhook.remove":    {"removed a webhook", "server", false},
	"webhook.disable":   {"disabled a webhook", "ban", false},
	"webhook.enable":    {"enabled a webhook", "server", true},
	"mail.give-up":      {"gave up a mail", "triangle-alert", false},
	"mail.unsubscribe":  {"ended the mail of", "bell", false},
}

func (s *Server) adminAudit(w http.ResponseWriter, r *http.Request, c people.Caller) error {
	ctx := r.Context()
	q := r.URL.Query()
	var before int64
	if cursor := q.Get("before"); cursor != "" {
		var err error
		if before, err = strconv.ParseInt(cursor, 10, 64); err != nil || before < 1 {
			return badRequest("The address names no place in the record. Go back and follow the link again.")
		}
	}
	filter := people.AuditFilter{Actor: q.Get("who"), Action: q.Get("action")}
	events, next, err := s.people.Audit(ctx, c, filter, auditPage, before)
	if err != nil {
		return err
	}
	v := &AdminAuditView{Shell: s.adminShell(r, c, "Audit"), Tabs: adminTabs("audit"), Query: strings.TrimSpace(q.Get("q"))}
	if v.People, err = s.staffOptions(ctx, filter.Actor, false); err != nil {
		return err
	}
	v.People = append([]Option{{Label: "anyone", Selected: filter.Actor == ""}}, v.People...)
	v.Actions = options(filter.Action, "", "anything", "person.", "accounts", "session.", "signing in and out", "token.", "API tokens", "access.", "access to prospects", "prospect.", "prospects", "import.", "imports", "webhook.", "webhooks", "mail.", "mail")
	for _, e := range events {
		row := s.auditRow(ctx, e)
		text := strings.ToLower(strings.Join([]string{row.Who.Name, row.Text, row.Object, e.Prospect, e.Action, e.IP, e.Detail}, " "))
		if v.Query == "" || strings.Contains(text, strings.ToLower(v.Query)) {
			v.Rows = append(v.Rows, row)
		}
	}
	if next != 0 {
		at := url.Values{}
		for _, name := range []string{"q", "who", "action"} {
			if q.Get(name) != "" {
				at.Set(name, q.Get(name))
			}
		}
		if before != 0 {
			v.Pager.Prev = "/admin/audit?" + at.Encode()
		}
		at.Set("before", strconv.FormatInt(next, 10))
		v.Pager.Next = "/admin/audit?" + at.Encode()
	}
	s.renderSecret(w, r, http.StatusOK, "admin-audit", v)
	return nil
}

func (s *Server) auditRow(ctx context.Context, e people.Event) AuditRow {
	row := AuditRow{At: e.At, IP: e.IP, Text: strings.ReplaceAll(e.Action, ".", " ")}
	if d, ok := deeds[e.Action]; ok {
		row.Text, row.Icon, row.Flagged = d.text, d.icon, d.flagged
	}
	if p, err := s.people.Get(ctx, e.Actor); err == nil {
		row.Who = personView(p)
	} else {
		row.System = true
	}
	if p, err := s.people.Get(ctx, e.Object); err == nil {
		row.Object, row.Href = p.Name, "/people/"+url.PathEscape(p.Handle)
	} else {
		row.Object = clip(e.Object, 80)
	}
	if e.Prospect != "" {
		if row.Object != "" {
			row.Object += ", "
		}
		row.Object += e.Prospect
		row.Href = spacePath(e.Prospect)
	}
	if e.Detail != "" && !strings.HasPrefix(e.Action, "token.") {
		row.Text += " (" + clip(e.Detail, 120) + ")"
	}
	return row
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
