package web

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"dealwiki/wiki"
	"dealwiki/wiki/people"
)

const (
	openedShown = 20                  // pages of one guest on the list
	guestStay   = 90 * 24 * time.Hour // what the form suggests
)

// guests shows who of the customer's may see the external section.
func (s *Server) guests(w http.ResponseWriter, r *http.Request, c people.Caller) error {
	f, err := s.openProspect(r, c)
	if err != nil {
		return err
	}
	v, err := f.guestsView(r)
	if err != nil {
		return err
	}
	v.Flash = s.flash(w, r)
	s.render(w, r, http.StatusOK, "guests", v)
	return nil
}

func (f *frame) guestsHref() string { return f.base() + "/guests" }

func (f *frame) guestsView(r *http.Request) (*GuestsView, error) {
	s, ctx, now := f.s, r.Context(), f.s.now()
	v := &GuestsView{Shell: f.shellOf(r, "Guests", wiki.Place{}, "settings"), Action: f.guestsHref(), Links: f.base() + "/guest-links",
		Shared: "/shared/" + url.PathEscape(f.slug()), Owner: s.nameOf(ctx, f.access.Owner), CanInvite: f.manages(), Mails: s.mails()}
	v.Form = Form{Values: map[string]string{"until": now.Add(guestStay).UTC().Format(time.DateOnly)}}
	v.Roles = guestRoles(people.GuestCommenter)
	if v.Mails {
		v.By = []Option{{Value: "mail", Label: "Mail it to them", Selected: true}, {Value: "link", Label: "Show me the link; I send it myself"}}
	}
	v.LinkForm = Form{Values: v.Form.Values}
	v.LinkRoles = guestRoles(people.GuestViewer)
	v.Asks = linkAsks("name", v.Mails)
	v.Lives = options("30", "7", "a week", "30", "a month", "90", "three months", "365", "a year")

	links, err := s.people.GuestLinks(ctx, f.c, f.slug())
	if err != nil {
		return nil, err
	}
	labels := map[string]string{}
	for _, l := range links {
		row := GuestLinkRow{Label: l.Label, Href: v.Links + "/" + l.ID, Role: guestRoleName(l.Role), Asks: asksName(l.Asks, l.Password), Allowed: l.Allowed,
			UntilDay: lastDay(l.Until), Ends: lastDay(l.Expires), Inviter: s.nameOf(ctx, l.Inviter), Used: l.Used, Last: l.Last}
		if row.Label == "" {
			row.Label = "Link of " + l.Created.UTC().Format("2 Jan 2006")
		}
		labels[l.ID] = row.Label
		v.Reusable = append(v.Reusable, row)
	}
	guests, err := s.people.Guests(ctx, f.c, f.slug())
	if err != nil {
		return nil, err
	}
	opens, err := s.people.GuestOpens(ctx, f.c, f.slug(), openedShown)
	if err != nil {
		return nil, err
	}
	for _, g := range guests {
		row, err := f.guestRow(ctx, g, labels, opens[g.Person], now)
		if err != nil {
			return nil, err
		}
		if row.State == "sent away" || row.State == "ended" {
			v.Gone = append(v.Gone, row)
		} else {
			v.Guests = append(v.Guests, row)
		}
	}
	return v, nil
}

func (f *frame) guestRow(ctx context.Context, g people.GuestGrant, links map[string]string, opens []people.GuestOpen, now time.Time) (GuestRow, error) {
	p, err := f.s.people.Get(ctx, g.Person)
	if err != nil {
		return GuestRow{}, err
	}
	row := GuestRow{Person: personView(p), Href: f.guestsHref() + "/" + g.Person, Role: guestRoleName(g.Role), Roles: guestRoles(g.Role), UntilDay: lastDay(g.Until),
		Inviter: f.s.nameOf(ctx, g.Inviter), Invited: g.Created, Came: g.Accepted, Seen: g.LastSeen, Expires: g.Expires, State: "here"}
	if p.Reachable() {
		row.Email = p.Email
	}
	if !g.Until.IsZero() {
		row.UntilDate = g.Until.Add(-time.Second).UTC().Format(time.DateOnly)
	}
	if g.Link != "" {
		row.Link = firstNonEmpty(links[g.Link], "a link that has ended")
	}
	switch {
	case !g.Revoked.IsZero():
		row.State, row.Ended = "sent away", g.Revoked
	case !g.Until.IsZero() && !now.Before(g.Until):
		row.State, row.Ended = "ended", g.Until
	case g.Accepted.IsZero():
		row.State = "invited"
	}
	if !row.Expires.IsZero() && !now.Before(row.Expires) {
		row.Expires = time.Time{}
	}
	row.OpenedAll = len(opens)
	for _, o := range opens {
		row.Opened = append(row.Opened, f.pageOpened(o))
	}
	return row, nil
}

func firstNonEmpty(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// opened notes what a guest opens: the overview, a page, an attachment. What
// does not open leaves no trace.
func (s *Server) opened(h handler) handler {
	return func(w http.ResponseWriter, r *http.Request, c people.Caller) error {
		if err := h(w, r, c); err != nil || !c.Person.Guest {
			return err
		}
		what := r.PathValue("page")
		if rest := r.PathValue("rest"); rest != "" {
			if what != "files" {
				return nil // its versions, or what stands below it otherwise
			}
			what += "/" + rest
		}
		if err := s.people.GuestOpened(r.Context(), c, r.PathValue("prospect"), what); err != nil && !errors.Is(err, people.ErrNotFound) && r.Context().Err() == nil {
			s.log.Warn("noting what a guest has opened", "id", requestID(r), "err", err)
		}
		return nil
	}
}

// pageOpened names a page that a guest has opened as it is called now.
func (f *frame) pageOpened(o people.GuestOpen) GuestOpened {
	out := GuestOpened{Title: o.Page, Last: o.Last, Times: o.Times}
	if name, ok := strings.CutPrefix(o.Page, "files/"); ok {
		out.Title = name
	} else if o.Page == "" {
		out.Title = "the overview"
	}
	for _, p := range f.pages[wiki.External] {
		if p.Page == o.Page {
			out.Title, out.Href = p.Title, pagePath(f.slug(), p.Place)
		}
	}
	return out
}

func guestRoles(selected people.GuestRole) []Option {
	return options(string(selected), string(people.GuestViewer), "read", string(people.GuestCommenter), "read and comment", string(people.GuestEditor), "read, comment and edit")
}

func guestRoleName(r people.GuestRole) string {
	for _, o := range guestRoles(r) {
		if o.Selected {
			return o.Label
		}
	}
	return string(r)
}

// linkAsks are the levels of a reusable link. Those that need mail are offered
// where mail is set up.
func linkAsks(selected string, mails bool) []Option {
	all := options(selected, "nothing", "nothing: anyone with the link reads", "name", "a name", "address", "a name and an address, confirmed by mail", "list", "the same, of a list of addresses and domains")
	if !mails {
		all = all[:2]
	}
	return all
}

func asksName(asks people.LinkAsks, password bool) string {
	text := map[people.LinkAsks]string{people.AsksNothing: "for nothing", people.AsksName: "for a name", people.AsksAddress: "for an address, confirmed by mail", people.AsksList: "for an address on the list, confirmed by mail"}[asks]
	if password {
		text += ", and for a password"
	}
	return text
}

// lastDay is the day up to whose end a time lies, in UTC; "" of no time.
func lastDay(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Add(-time.Second).UTC().Format("2 Jan 2006")
}

func days(d time.Duration) string { return strconv.Itoa(int(d/(24*time.Hour))) + " days" }

// untilDay reads a day up to whose end somebody may come, or a moment.
func untilDay(s string) (time.Time, error) {
	if s = strings.TrimSpace(s); s == "" {
		return time.Time{}, nil
	}
	if day, err := time.Parse(time.DateOnly, s); err == nil {
		return day.AddDate(0, 0, 1), nil
	}
	if t, err := time.Parse(time.RFC3339, s); err == nil {
		return t.UTC(), nil
	}
	return time.Time{}, &people.Invalid{Field: "until", Problem: "must be a date such as 2027-03-31, or empty for no end"}
}

// guestsAgain shows the page with what was wrong with one of its forms, or with
// a link that is shown this once.
func (s *Server) guestsAgain(w http.ResponseWriter, r *http.Request, f *frame, status int, change func(*GuestsView)) error {
	v, err := f.guestsView(r)
	if err != nil {
		return err
	}
	change(v)
	s.renderSecret(w, r, status, "guests", v)
	return nil
}

func pick(all []Option, value string) []Option {
	for i := range all {
		all[i].Selected = all[i].Value == value
	}
	return all
}

func (s *Server) postGuests(w http.ResponseWriter, r *http.Request, c people.Caller) error {
	f, form, err := s.openForm(r, c)
	if err != nil {
		return err
	}
	until, err := untilDay(form.Get("until"))
	var id, token string
	if err == nil {
		id, token, err = s.people.InviteGuest(r.Context(), c, people.NewGuest{Prospect: f.slug(), Name: form.Get("name"), Email: form.Get("email"), Role: people.GuestRole(form.Get("role")), Until: until})
	}
	if err != nil {
		again, ok := again(form, err, nil)
		if !ok {
			return err
		}
		return s.guestsAgain(w, r, f, http.StatusUnprocessableEntity, func(v *GuestsView) {
			v.Form, v.Roles, v.By = again, pick(v.Roles, form.Get("role")), pick(v.By, form.Get("by"))
		})
	}
	return s.invited(w, r, f, id, token, until, form.Get("by") != "link")
}

// openForm opens the prospect that the address names and reads the form.
func (s *Server) openForm(r *http.Request, c people.Caller) (*frame, url.Values, error) {
	f, err := s.openProspect(r, c)
	if err != nil {
		return nil, nil, err
	}
	form, err := s.form(r)
	return f, form, err
}

// invited hands an invitation on: by mail, or on the screen, this once.
func (s *Server) invited(w http.ResponseWriter, r *http.Request, f *frame, id, token string, until time.Time, byMail bool) error {
	p, err := s.people.Get(r.Context(), id)
	if err != nil {
		return err
	}
	if byMail && s.mails() {
		if err := s.inviteGuest(r.Context(), p, f.slug(), f.c.Person.Name, token, until); err == nil {
			return s.done(w, r, f.guestsHref(), "The invitation is on its way to "+p.Email+".")
		} else if r.Context().Err() == nil {
			s.log.Error("mailing an invitation", "id", requestID(r), "err", err)
		}
	}
	return s.guestsAgain(w, r, f, http.StatusOK, func(v *GuestsView) {
		v.New = &OneTime{Label: "Invitation for " + p.Name, Value: s.address(r, "/join/"+token),
			Note: "Send it to " + p.Email + ". Whoever opens it comes in as " + p.Name + ". It works once, for " + days(people.GuestInvitationLife) + ", and is shown this once."}
	})
}

func (s *Server) postGuest(w http.ResponseWriter, r *http.Request, c people.Caller) error {
	f, form, err := s.openForm(r, c)
	if err != nil {
		return err
	}
	ctx, id := r.Context(), r.PathValue("id")
	switch r.PathValue("what") {
	case "revoke":
		if err := s.people.RevokeGuest(ctx, c, f.slug(), id); err != nil {
			return err
		}
		return s.done(w, r, f.guestsHref(), s.nameOf(ctx, id)+" can see nothing here any more, from this moment on.")
	case "change":
		if err := s.changeGuest(ctx, c, f.slug(), id, form.Get("role"), form.Get("until")); err != nil {
			f2, ok := again(form, err, nil)
			if !ok {
				return err
			}
			return s.guestsAgain(w, r, f, http.StatusUnprocessableEntity, func(v *GuestsView) {
				v.Flash = &Flash{Kind: "danger", Text: firstNonEmpty(f2.Error, firstNonEmpty(f2.Errors["until"], f2.Errors["role"]))}
			})
		}
		return s.done(w, r, f.guestsHref(), "Saved. It is in force at once.")
	case "invitation":
		return s.inviteAgain(w, r, f, id, form)
	}
	return notFound()
}

// changeGuest sets what a guest may do and until when: all of it, or nothing of
// what is wrong.
func (s *Server) changeGuest(ctx context.Context, c people.Caller, prospect, id, role, until string) error {
	end, err := untilDay(until)
	if err != nil {
		return err
	}
	if err := s.people.SetGuestUntil(ctx, c, prospect, id, end); err != nil {
		return err
	}
	return s.people.SetGuestRole(ctx, c, prospect, id, people.GuestRole(role))
}

// inviteAgain makes a new invitation for somebody who has not come, or was sent
// away.
func (s *Server) inviteAgain(w http.ResponseWriter, r *http.Request, f *frame, id string, form url.Values) error {
	ctx := r.Context()
	all, err := s.people.Guests(ctx, f.c, f.slug())
	if err != nil {
		return err
	}
	for _, g := range all {
		if g.Person != id {
			continue
		}
		p, err := s.people.Get(ctx, id)
		if err != nil {
			return err
		}
		until := g.Until
		if !until.IsZero() && !s.now().Before(until) {
			until = s.now().Add(guestStay).UTC().Truncate(24 * time.Hour)
		}
		_, token, err := s.people.InviteGuest(ctx, f.c, people.NewGuest{Prospect: f.slug(), Name: p.Name, Email: p.Email, Role: g.Role, Until: until})
		if err != nil {
			return err
		}
		return s.invited(w, r, f, id, token, until, form.Get("by") == "mail")
	}
	return notFound()
}

func (s *Server) postGuestLinks(w http.ResponseWriter, r *http.Request, c people.Caller) error {
	f, form, err := s.openForm(r, c)
	if err != nil {
		return err
	}
	n := people.NewGuestLink{Prospect: f.slug(), Label: form.Get("label"), Role: people.GuestRole(form.Get("role")), Asks: people.LinkAsks(form.Get("asks")), Password: form.Get("password"),
		Allowed: strings.FieldsFunc(form.Get("allowed"), func(r rune) bool { return strings.ContainsRune(" ,;\r\n\t", r) })}
	if n.Asks != people.AsksList {
		n.Allowed = nil // the field stands there for every choice
	}
	var token string
	if n.Until, err = untilDay(form.Get("until")); err == nil {
		n.Expires, err = lifeOf(form.Get("days"), s.now())
	}
	if err == nil {
		token, _, err = s.newGuestLink(r.Context(), c, n)
	}
	if err != nil {
		again, ok := again(form, err, map[string]string{"expires": "days"})
		if !ok {
			return err
		}
		return s.guestsAgain(w, r, f, http.StatusUnprocessableEntity, func(v *GuestsView) {
			v.LinkForm, v.LinkRoles, v.Asks, v.Lives = again, pick(v.LinkRoles, form.Get("role")), pick(v.Asks, form.Get("asks")), pick(v.Lives, form.Get("days"))
		})
	}
	return s.guestsAgain(w, r, f, http.StatusOK, func(v *GuestsView) {
		v.New = &OneTime{Label: "Reusable link", Value: s.address(r, "/join/"+token), Note: "Anybody who has it and can answer what it asks comes in. It is shown this once; when it is lost, end it and make another."}
	})
}

// newGuestLink makes a reusable link that can work here.
func (s *Server) newGuestLink(ctx context.Context, c people.Caller, n people.NewGuestLink) (string, people.GuestLink, error) {
	if (n.Asks == people.AsksAddress || n.Asks == people.AsksList) && !s.mails() {
		return "", people.GuestLink{}, &people.Invalid{Field: "asks", Problem: "can confirm no addresses, because no mail is set up; ask for a name and a password instead"}
	}
	return s.people.NewGuestLink(ctx, c, n)
}

// lifeOf reads a number of days that a link works for.
func lifeOf(days string, now time.Time) (time.Time, error) {
	if days == "" {
		return time.Time{}, nil
	}
	n, err := strconv.Atoi(days)
	if err != nil || n < 1 || n > 366 {
		return time.Time{}, &people.Invalid{Field: "expires", Problem: "must be within a year"}
	}
	return now.Add(time.Duration(n) * 24 * time.Hour), nil
}

func (s *Server) postGuestLinkEnd(w http.ResponseWriter, r *http.Request, c people.Caller) error {
	f, form, err := s.openForm(r, c)
	if err != nil {
		return err
	}
	away := form.Get("away") != ""
	if err := s.people.EndGuestLink(r.Context(), c, f.slug(), r.PathValue("id"), away); err != nil {
		return err
	}
	text := "The link has ended. Who came by it before may stay."
	if away {
		text = "The link has ended, and everybody who came by it is sent away."
	}
	return s.done(w, r, f.guestsHref(), text)
}
