package web

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"dealwiki/wiki"
	"dealwiki/wiki/people"
)

type apiGuest struct {
	ID       string     `json:"id"`
	Person   APIPerson  `json:"person"`
	Email    string     `json:"email,omitempty" doc:"Absent for guests who have named none"`
	Role     string     `json:"role" enum:"viewer,commenter,editor"`
	Until    *time.Time `json:"until" doc:"They may come in before it; null is no end"`
	State    string     `json:"state" enum:"invited,here,ended,revoked"`
	Inviter  *APIPerson `json:"inviter"`
	Link     string     `json:"link,omitempty" doc:"Id of the reusable link they came by"`
	Created  time.Time  `json:"created"`
	Accepted *time.Time `json:"accepted"`
	LastSeen *time.Time `json:"last_seen"`
	Revoked  *time.Time `json:"revoked"`
	Opened   []apiOpen  `json:"opened" doc:"The latest pages first, at most 20"`
}

type apiOpen struct {
	Page  string    `json:"page" doc:"Empty for the overview"`
	First time.Time `json:"first"`
	Last  time.Time `json:"last"`
	Times int       `json:"times"`
}

type apiGuestLink struct {
	ID       string     `json:"id"`
	Label    string     `json:"label"`
	Role     string     `json:"role" enum:"viewer,commenter,editor"`
	Asks     string     `json:"asks" enum:"nothing,name,address,list"`
	Allowed  []string   `json:"allowed"`
	Password bool       `json:"password"`
	Until    *time.Time `json:"until"`
	Expires  time.Time  `json:"expires"`
	Inviter  *APIPerson `json:"inviter"`
	Created  time.Time  `json:"created"`
	Used     int        `json:"used"`
	Last     *time.Time `json:"last"`
	Join     string     `json:"join,omitempty" doc:"Answered this once"`
}

func orNever(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// address makes a whole address of a path, for whoever called.
func (a *api) address(ctx context.Context, path string) string {
	base, _ := ctx.Value(addressKey{}).(string)
	return base + path
}

func (a *api) someone(ctx context.Context, id string) *APIPerson {
	p, err := a.s.people.Get(ctx, id)
	if err != nil {
		return nil
	}
	out := personOf(p)
	return &out
}

func (a *api) guest(ctx context.Context, g people.GuestGrant, opens []people.GuestOpen) (apiGuest, error) {
	p, err := a.s.people.Get(ctx, g.Person)
	if err != nil {
		return apiGuest{}, err
	}
	out := apiGuest{ID: p.ID, Person: personOf(p), Role: string(g.Role), Until: orNever(g.Until), State: "here", Inviter: a.someone(ctx, g.Inviter), Link: g.Link, Created: g.Created,
		Accepted: orNever(g.Accepted), LastSeen: orNever(g.LastSeen), Revoked: orNever(g.Revoked), Opened: []apiOpen{}}
	if p.Reachable() {
		out.Email = p.Email
	}
	switch {
	case !g.Revoked.IsZero():
		out.State = "revoked"
	case !g.Until.IsZero() && !a.s.now().Before(g.Until):
		out.State = "ended"
	case g.Accepted.IsZero():
		out.State = "invited"
	}
	for _, o := range opens {
		out.Opened = append(out.Opened, apiOpen{o.Page, o.First, o.Last, o.Times})
	}
	return out, nil
}

func (a *api) guests(ctx context.Context, c people.Caller, prospect string) ([]apiGuest, error) {
	all, err := a.s.people.Guests(ctx, c, prospect)
	if err != nil {
		return nil, err
	}
	opens, err := a.s.people.GuestOpens(ctx, c, prospect, openedShown)
	if err != nil {
		return nil, err
	}
	out := make([]apiGuest, 0, len(all))
	for _, g := range all {
		guest, err := a.guest(ctx, g, opens[g.Person])
		if err != nil {
			return nil, err
		}
		out = append(out, guest)
	}
	return out, nil
}

func (a *api) oneGuest(ctx context.Context, c people.Caller, prospect, id string) (apiGuest, error) {
	all, err := a.guests(ctx, c, prospect)
	if err != nil {
		return apiGuest{}, err
	}
	for _, g := range all {
		if g.ID == id {
			return g, nil
		}
	}
	return apiGuest{}, wiki.ErrNotFound
}

func (a *api) guestLink(ctx context.Context, l people.GuestLink) apiGuestLink {
	out := apiGuestLink{ID: l.ID, Label: l.Label, Role: string(l.Role), Asks: string(l.Asks), Allowed: l.Allowed, Password: l.Password, Until: orNever(l.Until), Expires: l.Expires,
		Inviter: a.someone(ctx, l.Inviter), Created: l.Created, Used: l.Used, Last: orNever(l.Last)}
	if out.Allowed == nil {
		out.Allowed = []string{}
	}
	return out
}

// shares answers one error for a prospect that is not there, that the caller may
// not see, and for the playbook, which nobody shares.
func (a *api) shares(ctx context.Context, c people.Caller, prospect string) error {
	_, err := a.s.wiki.Prospect(ctx, c, prospect)
	return err
}

func (a *api) installGuests() {
	register(a, op("list-guests", http.MethodGet, "/prospects/{prospect}/guests", "Who of the customer's was invited, came and opened what, the latest first"), a.listGuests)
	invite := op("invite-guest", http.MethodPost, "/prospects/{prospect}/guests", "Invite somebody of the customer's to the external section; for the owner")
	invite.DefaultStatus = http.StatusCreated
	register(a, invite, a.inviteGuest)
	register(a, op("get-guest", http.MethodGet, "/prospects/{prospect}/guests/{guest}", "One guest"), a.getGuest)
	register(a, op("change-guest", http.MethodPatch, "/prospects/{prospect}/guests/{guest}", "Change what a guest may do, and until when; for the owner"), a.changeGuest)
	register(a, op("revoke-guest", http.MethodDelete, "/prospects/{prospect}/guests/{guest}", "Send a guest away at once, open pages included; for the owner"), a.revokeGuest)
	a.installGuestLinks()
	a.installJoin()
}

type guestsInput struct {
	ProspectInput
	ListInput
}

func (a *api) listGuests(ctx context.Context, c people.Caller, in *guestsInput) (*listOutput[apiGuest], error) {
	if err := a.shares(ctx, c, in.Prospect); err != nil {
		return nil, err
	}
	all, err := a.guests(ctx, c, in.Prospect)
	if err != nil {
		return nil, err
	}
	return piece(all, in.ListInput, func(g apiGuest) string { return g.ID })
}

type inviteInput struct {
	ProspectInput
	Body struct {
		Name  string `json:"name" maxLength:"400"`
		Email string `json:"email" maxLength:"320"`
		Role  string `json:"role,omitempty" enum:"viewer,commenter,editor" default:"viewer"`
		Until string `json:"until,omitempty" maxLength:"40" doc:"The last day (UTC), such as 2027-03-31, or a moment; absent is no end"`
		Mail  bool   `json:"mail,omitempty" doc:"Mail the invitation too; 422 where no mail is set up"`
	}
}

type invitedOutput struct {
	Body struct {
		ID   string `json:"id"`
		Join string `json:"join" doc:"Accepts once, within 14 days; answered this once"`
	}
}

func (a *api) inviteGuest(ctx context.Context, c people.Caller, in *inviteInput) (*invitedOutput, error) {
	if err := a.shares(ctx, c, in.Prospect); err != nil {
		return nil, err
	}
	if in.Body.Mail && !a.s.mails() {
		return nil, &wiki.Invalid{Field: "mail", Problem: "is not set up on this server; send the link that is answered without it"}
	}
	until, err := untilDay(in.Body.Until)
	if err != nil {
		return nil, err
	}
	id, token, err := a.s.people.InviteGuest(ctx, c, people.NewGuest{Prospect: in.Prospect, Name: in.Body.Name, Email: in.Body.Email, Role: people.GuestRole(in.Body.Role), Until: until})
	if err != nil {
		return nil, err
	}
	if in.Body.Mail {
		p, err := a.s.people.Get(ctx, id)
		if err != nil {
			return nil, err
		}
		if err := a.s.inviteGuest(ctx, p, in.Prospect, c.Person.Name, token, until); err != nil {
			return nil, err
		}
	}
	out := &invitedOutput{}
	out.Body.ID, out.Body.Join = id, a.address(ctx, "/join/"+token)
	return out, nil
}

type guestOutput struct{ Body apiGuest }

func (a *api) getGuest(ctx context.Context, c people.Caller, in *GuestInput) (*guestOutput, error) {
	if err := a.shares(ctx, c, in.Prospect); err != nil {
		return nil, err
	}
	g, err := a.oneGuest(ctx, c, in.Prospect, in.Guest)
	return &guestOutput{g}, err
}

type changeInput struct {
	GuestInput
	Body struct {
		Role  *string `json:"role,omitempty" enum:"viewer,commenter,editor"`
		Until *string `json:"until,omitempty" maxLength:"40" doc:"The last day (UTC) or a moment; empty is no end"`
	}
}

func (a *api) changeGuest(ctx context.Context, c people.Caller, in *changeInput) (*guestOutput, error) {
	if err := a.shares(ctx, c, in.Prospect); err != nil {
		return nil, err
	}
	if in.Body.Until != nil {
		until, err := untilDay(*in.Body.Until)
		if err != nil {
			return nil, err
		}
		if err := a.s.people.SetGuestUntil(ctx, c, in.Prospect, in.Guest, until); err != nil {
			return nil, err
		}
	}
	if in.Body.Role != nil {
		if err := a.s.people.SetGuestRole(ctx, c, in.Prospect, in.Guest, people.GuestRole(*in.Body.Role)); err != nil {
			return nil, err
		}
	}
	g, err := a.oneGuest(ctx, c, in.Prospect, in.Guest)
	return &guestOutput{g}, err
}

func (a *api) revokeGuest(ctx context.Context, c people.Caller, in *GuestInput) (*struct{}, error) {
	if err := a.shares(ctx, c, in.Prospect); err != nil {
		return nil, err
	}
	return nil, a.s.people.RevokeGuest(ctx, c, in.Prospect, in.Guest)
}

// GuestInput names a guest of a prospect in the path.
type GuestInput struct {
	ProspectInput
	Guest string `path:"guest" maxLength:"200"`
}

func (a *api) installGuestLinks() {
	register(a, op("list-guest-links", http.MethodGet, "/prospects/{prospect}/guest-links", "Reusable links for guests that have not ended, the latest first"), a.listGuestLinks)
	add := op("add-guest-link", http.MethodPost, "/prospects/{prospect}/guest-links", "Make a reusable link for guests; for the owner")
	add.DefaultStatus = http.StatusCreated
	register(a, add, a.addGuestLink)
	register(a, op("end-guest-link", http.MethodDelete, "/prospects/{prospect}/guest-links/{link}", "End a reusable link; for the owner"), a.endGuestLink)
}

type linksInput struct {
	ProspectInput
	ListInput
}

func (a *api) listGuestLinks(ctx context.Context, c people.Caller, in *linksInput) (*listOutput[apiGuestLink], error) {
	if err := a.shares(ctx, c, in.Prospect); err != nil {
		return nil, err
	}
	all, err := a.s.people.GuestLinks(ctx, c, in.Prospect)
	if err != nil {
		return nil, err
	}
	links := make([]apiGuestLink, 0, len(all))
	for _, l := range all {
		links = append(links, a.guestLink(ctx, l))
	}
	return piece(links, in.ListInput, func(l apiGuestLink) string { return l.ID })
}

type newLinkInput struct {
	ProspectInput
	Body struct {
		Label    string   `json:"label,omitempty" maxLength:"400"`
		Role     string   `json:"role,omitempty" enum:"viewer,commenter,editor" default:"viewer"`
		Asks     string   `json:"asks" enum:"nothing,name,address,list" doc:"What whoever comes must answer; address and list are confirmed by mail"`
		Allowed  []string `json:"allowed,omitempty" maxItems:"100" doc:"With list: addresses and domains"`
		Password string   `json:"password,omitempty" maxLength:"1024" doc:"Asked for besides"`
		Until    string   `json:"until,omitempty" maxLength:"40" doc:"The last day (UTC) that whoever comes by it may stay; absent is no end"`
		Expires  string   `json:"expires,omitempty" maxLength:"40" doc:"The last day of the link; 30 days when absent"`
	}
}

type linkOutput struct{ Body apiGuestLink }

func (a *api) addGuestLink(ctx context.Context, c people.Caller, in *newLinkInput) (*linkOutput, error) {
	if err := a.shares(ctx, c, in.Prospect); err != nil {
		return nil, err
	}
	n := people.NewGuestLink{Prospect: in.Prospect, Label: in.Body.Label, Role: people.GuestRole(in.Body.Role), Asks: people.LinkAsks(in.Body.Asks), Allowed: in.Body.Allowed, Password: in.Body.Password}
	var err error
	if n.Until, err = untilDay(in.Body.Until); err != nil {
		return nil, err
	}
	if n.Expires, err = untilDay(in.Body.Expires); err != nil {
		return nil, err
	}
	token, l, err := a.s.newGuestLink(ctx, c, n)
	if err != nil {
		return nil, err
	}
	out := &linkOutput{a.guestLink(ctx, l)}
	out.Body.Join = a.address(ctx, "/join/"+token)
	return out, nil
}

type endInput struct {
	ProspectInput
	Link string `path:"link" maxLength:"200"`
	Away bool   `query:"away" doc:"Also send away everybody who came by it"`
}

func (a *api) endGuestLink(ctx context.Context, c people.Caller, in *endInput) (*struct{}, error) {
	if err := a.shares(ctx, c, in.Prospect); err != nil {
		return nil, err
	}
	return nil, a.s.people.EndGuestLink(ctx, c, in.Prospect, in.Link, in.Away)
}

// installJoin adds the one call that nobody has to be signed in for: it is how a
// guest comes in.
func (a *api) installJoin() {
	path := apiPrefix + "/join/{token}"
	text := &huma.Schema{Type: "string", MaxLength: new(1024)}
	a.huma.OpenAPI().AddOperation(&huma.Operation{OperationID: "join", Method: http.MethodPost, Path: path, Summary: "Accept an invitation, once, or come by a reusable link",
		Description: "Sets the cookie of the guest's session. A link that asks for an address answers 202 for every address, and mails those who may come in.",
		Security:    []map[string][]string{{}},
		Parameters:  []*huma.Param{{Name: "token", In: "path", Required: true, Schema: &huma.Schema{Type: "string"}}},
		RequestBody: &huma.RequestBody{Content: map[string]*huma.MediaType{"application/json": {Schema: &huma.Schema{Type: "object", Properties: map[string]*huma.Schema{"name": text, "email": text, "password": text}}}}},
		Responses:   map[string]*huma.Response{"200": {Description: "They are in"}, "202": {Description: "A mail is on its way, if the address may come in"}},
	})
	a.s.handle("POST "+path, Anonymous, func(w http.ResponseWriter, r *http.Request, c people.Caller) error {
		if err := a.s.apiJoin(w, r, c); err != nil {
			a.s.problem(w, r, err)
		}
		return errAnswered
	})
}

func (s *Server) apiJoin(w http.ResponseWriter, r *http.Request, c people.Caller) error {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 64<<10))
	if err != nil {
		return err
	}
	var in map[string]string // by their exact names: "Name" is none of them
	if len(body) > 0 {
		if err := errors.Join(checkJSON(body), json.Unmarshal(body, &in)); err != nil {
			return badRequest("The body is not sound JSON with name, email and password.")
		}
	}
	for key := range in {
		if key != "name" && key != "email" && key != "password" {
			return badRequest("The body has " + quoted(key) + ", and only name, email and password are taken.")
		}
	}
	token := r.PathValue("token")
	d, err := s.guestDoor(r.Context(), token)
	if err != nil {
		return err
	}
	p, prospect, sent, err := s.joinGuest(r, c, d, token, people.Joining{Name: in["name"], Email: in["email"], Password: in["password"], IP: s.clientIP(r)})
	if err != nil {
		return err
	}
	if sent {
		return s.json(w, http.StatusAccepted, map[string]bool{"sent": true})
	}
	if c.Person.ID != p.ID {
		if err := s.startSession(w, r, p); err != nil {
			return err
		}
	}
	return s.json(w, http.StatusOK, map[string]any{"person": personOf(p), "prospect": prospect, "shared": "/shared/" + url.PathEscape(prospect)})
}
