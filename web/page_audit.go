package web

import (
	"context"
	"encoding/csv"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"dealwiki/wiki/people"
)

const (
	auditPage   = 100
	auditExport = 1000      // events read at a time
	maxExport   = 1_000_000 // events of one export
)

// deed is how an action of the audit log is told: who did this, to the object.
type deed struct {
	text, icon string
	flagged    bool   // changes who can see something, or who can come in
	side       string // the side of the wall that it is about, if one
}

var deeds = map[string]deed{
	"person.add":           {"made an account", "user-plus", true, ""},
	"person.update":        {"changed an account", "user-round", false, ""},
	"person.disable":       {"disabled an account", "ban", true, ""},
	"person.enable":        {"let somebody in again", "check", true, ""},
	"person.password":      {"set a password", "key-round", false, ""},
	"person.reset":         {"reset a password", "key-round", false, ""},
	"person.invite":        {"invited somebody", "user-plus", true, ""},
	"invitation.make":      {"invited", "user-plus", true, ""},
	"invitation.revoke":    {"took back the invitation of", "user-x", false, ""},
	"link.make":            {"made a sign-in link for", "key-round", true, ""},
	"link.use":             {"used a sign-in link", "key-round", false, ""},
	"reset.ask":            {"asked for a new password by mail", "mail", false, ""},
	"session.start":        {"signed in", "user-round", false, ""},
	"session.end":          {"signed out", "log-out", false, ""},
	"two-step.on":          {"turned on two-step sign-in", "shield-check", false, ""},
	"two-step.off":         {"turned off two-step sign-in", "shield-x", true, ""},
	"two-step.codes":       {"made new recovery codes", "shield", false, ""},
	"two-step.recovery":    {"used a recovery code", "shield", false, ""},
	"two-step.require":     {"required two-step sign-in of", "shield-check", false, ""},
	"two-step.free":        {"no longer requires two-step sign-in of", "shield", false, ""},
	"passkey.add":          {"added a passkey", "key-round", true, ""},
	"passkey.rename":       {"renamed a passkey", "key-round", false, ""},
	"passkey.remove":       {"removed a passkey", "key-round", false, ""},
	"passkey.backwards":    {"used a passkey that counts backwards: there may be a copy", "triangle-alert", true, ""},
	"identity.link":        {"linked an account with single sign-on", "link", true, ""},
	"identity.unlink":      {"unlinked an account from single sign-on", "link", true, ""},
	"identity.refuse":      {"was refused by single sign-on", "shield-x", false, ""},
	"secrets.drop":         {"ended all sessions, tokens, links and passkeys", "rotate-ccw", true, ""},
	"token.make":           {"made an API token", "key-round", true, ""},
	"token.revoke":         {"revoked an API token", "key-round", false, ""},
	"audit.export":         {"exported the audit log", "download", false, ""},
	"access.add":           {"made a prospect", "building-2", false, ""},
	"access.owner":         {"gave a prospect to", "users", true, ""},
	"access.restricted":    {"restricted a prospect", "lock", true, ""},
	"access.open":          {"opened a prospect to all staff", "globe", true, ""},
	"access.grant":         {"gave access to", "user-plus", true, ""},
	"access.revoke":        {"took access from", "ban", true, ""},
	"access.rename":        {"renamed a prospect", "pencil", false, ""},
	"access.delete":        {"deleted a prospect", "trash-2", true, ""},
	"guest.invite":         {"invited as a guest", "user-plus", true, AudienceExternal},
	"guest.join":           {"came as a guest", "user-round", true, AudienceExternal},
	"guest.role":           {"changed what a guest may do", "user-pen", true, AudienceExternal},
	"guest.until":          {"changed when a guest’s access ends", "calendar", true, AudienceExternal},
	"guest.revoke":         {"took a guest’s access", "user-x", true, AudienceExternal},
	"guest.link":           {"made a link for guests", "link", true, AudienceExternal},
	"guest.link-end":       {"ended a link for guests", "link", true, AudienceExternal},
	"guest.return":         {"asked for a link to come back", "mail", false, AudienceExternal},
	"guest.end":            {"ended a guest’s access", "hourglass", true, AudienceExternal},
	"page.share":           {"made external", "globe", true, AudienceExternal},
	"page.unshare":         {"made internal", "lock", true, AudienceInternal},
	"page.crossing-failed": {"could not move through the wall", "triangle-alert", true, ""},
	"webhook.add":          {"added a webhook", "server", true, ""},
	"webhook.remove":       {"removed a webhook", "server", false, ""},
	"webhook.disable":      {"disabled a webhook", "ban", false, ""},
	"webhook.enable":       {"enabled a webhook", "server", true, ""},
	"mail.give-up":         {"gave up a mail", "triangle-alert", false, ""},
	"mail.unsubscribe":     {"ended the mail of", "bell", false, ""},
}

// auditKinds are what the log can be narrowed to.
var auditKinds = []string{"", "anything", "session.", "signing in and out", "person.", "accounts", "invitation.", "invitations", "two-step.", "two-step sign-in", "passkey.", "passkeys", "identity.", "single sign-on",
	"token.", "API tokens", "access.", "access to prospects", "guest.", "guests", "page.", "pages through the wall", "prospect.", "prospects", "import.", "imports", "webhook.", "webhooks", "mail.", "mail"}

// flagged are the actions that change who can see something.
func flagged() []string {
	var out []string
	for action, d := range deeds {
		if d.flagged {
			out = append(out, action)
		}
	}
	slices.Sort(out)
	return out
}

// auditFields are the filters of the address, in the order of the form.
var auditFields = []string{"q", "who", "action", "prospect", "since", "until", "only"}

// auditFilter reads the filters of an address.
func (s *Server) auditFilter(ctx context.Context, c people.Caller, q url.Values) (people.AuditFilter, error) {
	f := people.AuditFilter{Who: q.Get("who"), Action: q.Get("action"), Prospect: strings.TrimSpace(q.Get("prospect")), Text: strings.TrimSpace(q.Get("q"))}
	if len(f.Text) > 200 {
		return f, badRequest("Search for something shorter.")
	}
	switch q.Get("only") {
	case "":
	case "access":
		f.Actions = flagged()
	case "guests":
		f.Guests = true
	default:
		return f, badRequest("The address names no such filter. Go back and follow the link again.")
	}
	var err error
	if f.Since, err = auditDay(c, q.Get("since"), 0); err != nil {
		return f, err
	}
	if f.Until, err = auditDay(c, q.Get("until"), 1); err != nil {
		return f, err
	}
	if f.Text != "" {
		words := strings.ToLower(f.Text)
		for action, d := range deeds {
			if strings.Contains(d.text, words) {
				f.TextActions = append(f.TextActions, action)
			}
		}
		all, err := s.people.List(ctx)
		if err != nil {
			return f, err
		}
		for _, p := range all {
			if len(f.TextPeople) < 500 && (strings.Contains(strings.ToLower(p.Name), words) || p.Handle == strings.TrimPrefix(words, "@") || p.Email == words) {
				f.TextPeople = append(f.TextPeople, p.ID)
			}
		}
	}
	return f, nil
}

// auditDay is when a day begins for the caller, or the one that many days later.
func auditDay(c people.Caller, day string, later int) (time.Time, error) {
	if day == "" {
		return time.Time{}, nil
	}
	t, err := time.ParseInLocation(time.DateOnly, day, auditZone(c))
	if err != nil || t.Year() < 1970 || t.Year() > 9000 {
		return time.Time{}, badRequest("A day is written like 2026-11-30.")
	}
	return t.AddDate(0, 0, later), nil
}

// auditZone is in which the caller reads the log: their own, or UTC.
func auditZone(c people.Caller) *time.Location {
	zone, err := time.LoadLocation(c.Person.Settings.Zone)
	if err != nil {
		return time.UTC
	}
	return zone
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
	filter, err := s.auditFilter(ctx, c, q)
	if err != nil {
		return err
	}
	events, next, err := s.people.Audit(ctx, c, filter, auditPage, before)
	if err != nil {
		return err
	}
	at := url.Values{}
	for _, name := range auditFields {
		if v := q.Get(name); v != "" {
			at.Set(name, v)
		}
	}
	address := func(path, field, value string) string {
		changed := url.Values{}
		for name, v := range at {
			changed[name] = v
		}
		changed.Del(field)
		if value != "" {
			changed.Set(field, value)
		}
		if len(changed) == 0 {
			return path
		}
		return path + "?" + changed.Encode()
	}
	const here = "/admin/audit"
	v := &AdminAuditView{Shell: s.adminShell(r, c, "Audit log"), Tabs: s.adminTabs("audit"), Query: filter.Text, Prospect: filter.Prospect, Since: q.Get("since"), Until: q.Get("until"), Only: q.Get("only"),
		Export: address("/admin/audit.csv", "", "")}
	if len(at) > 0 {
		v.Clear = here
	}
	for _, only := range []struct{ value, label, icon string }{{"access", "Access changes", "globe"}, {"guests", "Guests only", "user-round"}} {
		choice := Choice{Label: only.label, Icon: only.icon, On: q.Get("only") == only.value, Href: address(here, "only", only.value)}
		if choice.On {
			choice.Href = address(here, "only", "")
		}
		v.Chips = append(v.Chips, choice)
	}
	if v.People, err = s.auditPeople(ctx, filter.Who); err != nil {
		return err
	}
	v.Actions = options(filter.Action, auditKinds...)
	for _, e := range s.wiki.Prospects(ctx, c) {
		v.Prospects = append(v.Prospects, Option{Value: e.Slug, Label: e.Title})
	}
	for _, e := range events {
		row := s.auditRow(ctx, e)
		row.Stamp = e.At.In(auditZone(c)).Format("2 Jan 2006 15:04:05 MST")
		v.Rows = append(v.Rows, row)
	}
	if before != 0 {
		v.Pager.Prev = address(here, "", "")
	}
	if next != 0 {
		v.Pager.Next = address(here, "before", strconv.FormatInt(next, 10))
	}
	s.renderSecret(w, r, http.StatusOK, "admin-audit", v)
	return nil
}

// auditPeople are all whom the log may tell of, those who are gone too.
func (s *Server) auditPeople(ctx context.Context, selected string) ([]Option, error) {
	all, err := s.people.List(ctx)
	if err != nil {
		return nil, err
	}
	out := []Option{{Label: "anyone", Selected: selected == ""}}
	for _, p := range all {
		label := p.Name
		if p.Guest {
			label += " (guest)"
		}
		if p.Disabled {
			label += " (disabled)"
		}
		out = append(out, Option{Value: p.ID, Label: label, Selected: p.ID == selected})
	}
	return out, nil
}

func (s *Server) auditRow(ctx context.Context, e people.Event) AuditRow {
	row := AuditRow{Seq: e.Seq, At: e.At, IP: e.IP, Text: strings.NewReplacer(".", " ", "-", " ").Replace(e.Action)}
	if d, ok := deeds[e.Action]; ok {
		row.Text, row.Icon, row.Flagged, row.Audience = d.text, d.icon, d.flagged, d.side
	}
	if p, err := s.people.Get(ctx, e.Actor); err == nil {
		row.Who = personView(p)
	} else {
		row.System = true
		if e.Actor != "" && e.Actor != "system" {
			row.Name = clip(e.Actor, 40)
		}
	}
	if p, err := s.people.Get(ctx, e.Object); err == nil {
		// One's own deed needs no object.
		if e.Object != e.Actor {
			row.Object = p.Name
			if !p.Guest {
				row.Href = "/people/" + url.PathEscape(p.Handle)
			}
		}
	} else {
		row.Object = clip(e.Object, 80)
	}
	if e.Prospect != "" {
		if row.Object == e.Prospect {
			row.Object = ""
		}
		if row.Object != "" {
			row.Object += ", "
		}
		row.Object += e.Prospect
		row.Href = spacePath(e.Prospect)
	}
	if e.Detail != "" && !strings.HasPrefix(e.Action, "token.") && !strings.HasPrefix(e.Detail, "digest ") {
		row.Text += " (" + clip(e.Detail, 120) + ")"
	}
	return row
}

// adminAuditCSV sends what the filters of the page select as a table, the oldest
// last, and is itself on record.
func (s *Server) adminAuditCSV(w http.ResponseWriter, r *http.Request, c people.Caller) error {
	ctx := r.Context()
	q := r.URL.Query()
	filter, err := s.auditFilter(ctx, c, q)
	if err != nil {
		return err
	}
	events, next, err := s.people.Audit(ctx, c, filter, auditExport, 0)
	if err != nil {
		return err
	}
	if err := s.people.Record(ctx, c, people.Event{Action: "audit.export", Detail: r.URL.RawQuery}); err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", "text/csv; charset=utf-8")
	h.Set("Content-Disposition", `attachment; filename="audit-`+s.now().UTC().Format(time.DateOnly)+`.csv"`)
	private(w)
	out := csv.NewWriter(w)
	_ = out.Write([]string{"seq", "time", "who", "name", "via", "action", "what", "object", "object_name", "prospect", "address", "detail"})
	name := func(id string) string {
		p, err := s.people.Get(ctx, id)
		if err != nil {
			return ""
		}
		return p.Name
	}
	for sent := 0; ; {
		for _, e := range events {
			cells := []string{strconv.FormatInt(e.Seq, 10), e.At.UTC().Format(time.RFC3339), e.Actor, name(e.Actor), e.Via, e.Action, deeds[e.Action].text, e.Object, name(e.Object), e.Prospect, e.IP, e.Detail}
			for i := range cells {
				cells[i] = cell(cells[i])
			}
			if err := out.Write(cells); err != nil {
				return nil // the reader has gone away
			}
		}
		if sent += len(events); next == 0 || sent >= maxExport {
			break
		}
		if events, next, err = s.people.Audit(ctx, c, filter, auditExport, next); err != nil {
			s.log.Error("exporting the audit log", "id", requestID(r), "err", err)
			panic(http.ErrAbortHandler) // the answer has begun; end it visibly
		}
	}
	out.Flush()
	return nil
}
