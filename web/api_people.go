package web

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"dealwiki/wiki"
	"dealwiki/wiki/people"
)

// apiAccount is a person with what staff may know.
type apiAccount struct {
	APIPerson
	Email    string `json:"email"`
	Role     string `json:"role"`
	Job      string `json:"job"`
	Disabled bool   `json:"disabled"`
	Skills   string `json:"skills,omitempty"`
}

func accountOf(p people.Person) apiAccount {
	return apiAccount{personOf(p), p.Email, string(p.Role), string(p.Job), p.Disabled, p.Skills}
}

func (a *api) findPerson(ctx context.Context, ref string) (people.Person, error) {
	p, err := a.s.people.Find(ctx, ref)
	if errors.Is(err, people.ErrNotFound) {
		return p, &wiki.Invalid{Field: "person", Problem: "is not known; name an id, a handle or an address"}
	}
	return p, err
}

type accountOutput struct{ Body apiAccount }

type apiAccess struct {
	Owner      *APIPerson `json:"owner"`
	Restricted bool       `json:"restricted"`
	Grants     []apiGrant `json:"grants"`
}

type apiGrant struct {
	Person APIPerson `json:"person"`
	Level  string    `json:"level" enum:"viewer,editor"`
}

type apiEvent struct {
	Seq      int64     `json:"seq"`
	At       time.Time `json:"at"`
	Actor    string    `json:"actor"`
	Via      string    `json:"via"`
	Action   string    `json:"action"`
	Object   string    `json:"object,omitempty"`
	Prospect string    `json:"prospect,omitempty"`
	IP       string    `json:"ip,omitempty"`
	Detail   string    `json:"detail,omitempty"`
}

func (a *api) access(ctx context.Context, c people.Caller, prospect string) (*apiAccess, error) {
	access, err := a.s.people.Access(ctx, prospect)
	if err != nil {
		return nil, err
	}
	out := &apiAccess{Restricted: access.Restricted, Grants: []apiGrant{}}
	if p, err := a.s.people.Get(ctx, access.Owner); err == nil {
		owner := personOf(p)
		out.Owner = &owner
	}
	for _, g := range access.Grants {
		if p, err := a.s.people.Get(ctx, g.Person); err == nil {
			out.Grants = append(out.Grants, apiGrant{personOf(p), g.Level.String()})
		}
	}
	return out, nil
}

// mayAsk answers one error for a prospect that is not there and for one that the
// caller may not see. Administrators change who may see any that is there.
func (a *api) mayAsk(ctx context.Context, c people.Caller, prospect string) error {
	if c.Can(people.Administer) {
		c = people.System("access")
	}
	_, err := a.s.wiki.Prospect(ctx, c, prospect)
	return err
}

func (a *api) installPeople() {
	a.installSignOn()
	register(a, op("get-me", http.MethodGet, "/me", "Who the caller is"), a.getMe)
	register(a, op("list-people", http.MethodGet, "/people", "The staff, by name"), a.listPeople)
	add := op("add-person", http.MethodPost, "/people", "Make an account; for administrators")
	add.DefaultStatus = http.StatusCreated
	register(a, add, a.addPerson)
	register(a, op("change-person", http.MethodPatch, "/people/{person}", "Close or open every door to a person, or change their role or job; for administrators"), a.changePerson)
	register(a, op("get-access", http.MethodGet, "/prospects/{prospect}/access", "Who may do what on a prospect"), a.getAccess)
	register(a, op("restrict-prospect", http.MethodPatch, "/prospects/{prospect}/access", "Open a prospect to all staff, or restrict it to those named"), a.restrictProspect)
	register(a, op("grant-access", http.MethodPut, "/prospects/{prospect}/access/{person}", "Name a person on a prospect"), a.grantAccess)
	register(a, op("revoke-access", http.MethodDelete, "/prospects/{prospect}/access/{person}", "Take a person's name off a prospect"), a.revokeAccess)
	register(a, op("list-audit", http.MethodGet, "/audit", "Who did what, the newest first; for administrators"), a.listAudit)
}

func (a *api) getMe(ctx context.Context, c people.Caller, in *struct{}) (*accountOutput, error) {
	return &accountOutput{accountOf(c.Person)}, nil
}

func (a *api) listPeople(ctx context.Context, c people.Caller, in *ListInput) (*listOutput[apiAccount], error) {
	if c.Person.Guest {
		return nil, wiki.ErrNotFound
	}
	all, err := a.s.people.List(ctx)
	if err != nil {
		return nil, err
	}
	accounts := make([]apiAccount, 0, len(all))
	for _, p := range all {
		if !p.Guest {
			accounts = append(accounts, accountOf(p))
		}
	}
	return piece(accounts, *in, func(p apiAccount) string { return p.ID })
}

type newPersonInput struct {
	Body struct {
		Email    string `json:"email" maxLength:"320"`
		Name     string `json:"name" maxLength:"400"`
		Role     string `json:"role,omitempty" enum:"admin,member" default:"member"`
		Job      string `json:"job,omitempty" enum:"sales,technical,delivery,marketing,manager" default:"sales"`
		Password string `json:"password,omitempty" maxLength:"4096"`
	}
}

func (a *api) addPerson(ctx context.Context, c people.Caller, in *newPersonInput) (*accountOutput, error) {
	p, err := a.s.people.Add(ctx, c, people.NewPerson{Email: in.Body.Email, Name: in.Body.Name, Role: people.Role(in.Body.Role), Job: people.Job(in.Body.Job), Password: in.Body.Password})
	return &accountOutput{accountOf(p)}, err
}

type switchInput struct {
	Person string `path:"person" maxLength:"320"`
	Body   struct {
		Disabled *bool   `json:"disabled,omitempty"`
		Role     *string `json:"role,omitempty" enum:"admin,member"`
		Job      *string `json:"job,omitempty" enum:"sales,technical,delivery,marketing,manager"`
	}
}

func (a *api) changePerson(ctx context.Context, c people.Caller, in *switchInput) (*accountOutput, error) {
	p, err := a.findPerson(ctx, in.Person)
	if err != nil {
		return nil, err
	}
	if !c.Can(people.Administer) {
		return nil, people.ErrForbidden
	}
	if in.Body.Role != nil || in.Body.Job != nil {
		if _, err := a.s.people.Update(ctx, c, p.ID, people.Patch{Role: (*people.Role)(in.Body.Role), Job: (*people.Job)(in.Body.Job)}); err != nil {
			return nil, err
		}
	}
	if in.Body.Disabled != nil {
		do := a.s.people.Enable
		if *in.Body.Disabled {
			do = a.s.people.Disable
		}
		if err := do(ctx, c, p.ID); err != nil {
			return nil, err
		}
	}
	p, err = a.s.people.Get(ctx, p.ID)
	return &accountOutput{accountOf(p)}, err
}

type accessOutput struct{ Body *apiAccess }

func (a *api) getAccess(ctx context.Context, c people.Caller, in *ProspectInput) (*accessOutput, error) {
	if _, err := a.s.wiki.Prospect(ctx, c, in.Prospect); err != nil {
		return nil, err
	}
	out, err := a.access(ctx, c, in.Prospect)
	return &accessOutput{out}, err
}

type restrictInput struct {
	ProspectInput
	Body struct {
		Restricted bool `json:"restricted" doc:"Only those named may see it"`
	}
}

func (a *api) restrictProspect(ctx context.Context, c people.Caller, in *restrictInput) (*accessOutput, error) {
	if _, err := a.s.wiki.Prospect(ctx, c, in.Prospect); err != nil {
		return nil, err
	}
	if err := a.s.people.SetRestricted(ctx, c, in.Prospect, in.Body.Restricted); err != nil {
		return nil, err
	}
	out, err := a.access(ctx, c, in.Prospect)
	return &accessOutput{out}, err
}

type grantInput struct {
	ProspectInput
	Person string `path:"person" maxLength:"320"`
	Body   struct {
		Level string `json:"level" enum:"viewer,editor"`
	}
}

func (a *api) grantAccess(ctx context.Context, c people.Caller, in *grantInput) (*accessOutput, error) {
	level := people.Viewer
	if in.Body.Level == "editor" {
		level = people.Editor
	}
	p, err := a.findPerson(ctx, in.Person)
	if err != nil {
		return nil, err
	}
	if err := a.mayAsk(ctx, c, in.Prospect); err != nil {
		return nil, err
	}
	if err := a.s.people.Grant(ctx, c, in.Prospect, p.ID, level); err != nil {
		return nil, err
	}
	out, err := a.access(ctx, c, in.Prospect)
	return &accessOutput{out}, err
}

type revokeInput struct {
	ProspectInput
	Person string `path:"person" maxLength:"320"`
}

func (a *api) revokeAccess(ctx context.Context, c people.Caller, in *revokeInput) (*struct{}, error) {
	p, err := a.findPerson(ctx, in.Person)
	if err != nil {
		return nil, err
	}
	if err := a.mayAsk(ctx, c, in.Prospect); err != nil {
		return nil, err
	}
	return nil, a.s.people.Revoke(ctx, c, in.Prospect, p.ID)
}

type auditInput struct {
	Actor    string    `query:"actor" maxLength:"320"`
	Action   string    `query:"action" maxLength:"100" doc:"person.disable, or person. for all that begin so"`
	Who      string    `query:"who" maxLength:"320" doc:"A person: what they did and what was done to them"`
	Prospect string    `query:"prospect" maxLength:"200"`
	Since    time.Time `query:"since" doc:"This or later"`
	Until    time.Time `query:"until" doc:"Before this"`
	Text     string    `query:"q" maxLength:"200" doc:"In the action, object, prospect, address or detail"`
	Cursor   string    `query:"cursor" maxLength:"20"`
	Limit    int       `query:"limit" minimum:"1" maximum:"500" default:"100"`
}

func (a *api) listAudit(ctx context.Context, c people.Caller, in *auditInput) (*listOutput[apiEvent], error) {
	var cursor int64
	if in.Cursor != "" {
		var err error
		if cursor, err = strconv.ParseInt(in.Cursor, 10, 64); err != nil || cursor <= 0 {
			return nil, errCursor
		}
	}
	if !c.Can(people.Administer) {
		return nil, huma.Error403Forbidden("only administrators read the audit log")
	}
	filter := people.AuditFilter{Actor: in.Actor, Action: in.Action, Prospect: in.Prospect, Since: in.Since, Until: in.Until, Text: in.Text}
	if in.Who != "" {
		p, err := a.findPerson(ctx, in.Who)
		if err != nil {
			return nil, err
		}
		filter.Who = p.ID
	}
	events, next, err := a.s.people.Audit(ctx, c, filter, in.Limit, cursor)
	if err != nil {
		return nil, err
	}
	out := &listOutput[apiEvent]{Body: Listing[apiEvent]{Items: []apiEvent{}}}
	for _, e := range events {
		out.Body.Items = append(out.Body.Items, apiEvent{e.Seq, e.At, e.Actor, e.Via, e.Action, e.Object, e.Prospect, e.IP, e.Detail})
	}
	if next != 0 {
		s := strconv.FormatInt(next, 10)
		out.Body.Next = &s
	}
	return out, nil
}
