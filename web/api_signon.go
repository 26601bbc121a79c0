package web

import (
	"context"
	"net/http"
	"strings"
	"time"

	"dealwiki/wiki/people"
)

type apiSession struct {
	ID      string    `json:"id"`
	IP      string    `json:"ip"`
	Agent   string    `json:"agent"`
	How     string    `json:"how,omitempty" doc:"password, link, invitation or provider"`
	Created time.Time `json:"created"`
	Seen    time.Time `json:"seen"`
	Expires time.Time `json:"expires"`
	Current bool      `json:"current" doc:"The one that this call came by"`
}

type apiToken struct {
	ID      string     `json:"id"`
	Name    string     `json:"name"`
	Hint    string     `json:"hint" doc:"How the secret begins"`
	Secret  string     `json:"secret,omitempty" doc:"When it is made, this once"`
	Scopes  []string   `json:"scopes"`
	Created time.Time  `json:"created"`
	Expires *time.Time `json:"expires" doc:"null: never"`
	Used    *time.Time `json:"used" doc:"Last use, to about a minute; null: never"`
	IP      string     `json:"ip,omitempty" doc:"Where it was used from last"`
	Current bool       `json:"current"`
}

type apiTwoStep struct {
	On            bool       `json:"on"`
	Since         *time.Time `json:"since,omitempty"`
	RecoveryCodes int        `json:"recovery_codes" doc:"How many are left"`
	Required      bool       `json:"required"`
}

func timeOrNil(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// PersonInput is of calls about one person's account.
type PersonInput struct {
	Person string `path:"person" maxLength:"320" doc:"me, or for administrators an id, handle or address"`
}

// installSignOn registers what people do about sessions, tokens and two-step
// sign-in: their own as "me", for administrators anybody's.
func (a *api) installSignOn() {
	db := a.s.people
	// whose is the person of a call; who may not ask of others is told the same
	// of everybody.
	whose := func(ctx context.Context, c people.Caller, ref string) (string, error) {
		if ref == "me" {
			return c.Person.ID, nil
		}
		p, err := db.Find(ctx, ref)
		if err != nil || !c.Can(people.Administer) && p.ID != c.Person.ID {
			return "", notFound()
		}
		return p.ID, nil
	}
	register(a, op("list-sessions", http.MethodGet, "/people/{person}/sessions", "Where somebody is signed in"), func(ctx context.Context, c people.Caller, in *struct {
		PersonInput
		ListInput
	}) (*listOutput[apiSession], error) {
		id, err := whose(ctx, c, in.Person)
		if err != nil {
			return nil, err
		}
		all, err := db.Sessions(ctx, c, id)
		if err != nil {
			return nil, err
		}
		sessions := make([]apiSession, 0, len(all))
		for _, x := range all {
			sessions = append(sessions, apiSession{x.ID, x.IP, x.Agent, x.How, x.Created, x.Seen, x.Expires, x.ID == c.Session})
		}
		return piece(sessions, in.ListInput, func(x apiSession) string { return x.ID })
	})
	register(a, op("end-session", http.MethodDelete, "/people/{person}/sessions/{session}", "Sign somebody out of one browser, or with all of every one but the caller's own"), func(ctx context.Context, c people.Caller, in *struct {
		PersonInput
		Session string `path:"session" maxLength:"40" doc:"An id, or all"`
	}) (*struct{}, error) {
		id, err := whose(ctx, c, in.Person)
		if err != nil {
			return nil, err
		}
		if in.Session == "all" {
			return nil, db.EndSessions(ctx, c, id)
		}
		all, err := db.Sessions(ctx, c, id)
		if err != nil {
			return nil, err
		}
		for _, x := range all {
			if x.ID == in.Session {
				return nil, db.EndSessionID(ctx, c, x.ID)
			}
		}
		return nil, notFound()
	})
	register(a, op("list-tokens", http.MethodGet, "/people/{person}/tokens", "Somebody's API tokens, without their secrets"), func(ctx context.Context, c people.Caller, in *struct {
		PersonInput
		ListInput
	}) (*listOutput[apiToken], error) {
		id, err := whose(ctx, c, in.Person)
		if err != nil {
			return nil, err
		}
		all, err := db.Tokens(ctx, c, id)
		if err != nil {
			return nil, err
		}
		tokens := make([]apiToken, 0, len(all))
		for _, x := range all {
			tokens = append(tokens, apiToken{x.ID, x.Name, x.Hint, "", x.Scopes.Names(), x.Created, timeOrNil(x.Expires), timeOrNil(x.Used), x.IP, x.ID == c.Token})
		}
		return piece(tokens, in.ListInput, func(x apiToken) string { return x.ID })
	})
	type newTokenOutput struct{ Body apiToken }
	add := op("add-token", http.MethodPost, "/people/{person}/tokens", "Make an API token; for people signed in by a browser, and administrators")
	add.DefaultStatus = http.StatusCreated
	register(a, add, func(ctx context.Context, c people.Caller, in *struct {
		PersonInput
		Body struct {
			Name    string     `json:"name" maxLength:"400"`
			Scopes  []string   `json:"scopes" minItems:"1" maxItems:"5" doc:"read, write, git, feed, admin; at most the caller's"`
			Expires *time.Time `json:"expires,omitempty" doc:"Left out: never"`
		}
	}) (*newTokenOutput, error) {
		id, err := whose(ctx, c, in.Person)
		if err != nil {
			return nil, err
		}
		scopes, err := people.ParseScopes(strings.Join(in.Body.Scopes, ","))
		if err != nil {
			return nil, err
		}
		var expires time.Time
		if in.Body.Expires != nil {
			expires = *in.Body.Expires
		}
		secret, x, err := db.NewToken(ctx, c, id, in.Body.Name, scopes, expires)
		if err != nil {
			return nil, err
		}
		return &newTokenOutput{apiToken{x.ID, x.Name, x.Hint, secret, x.Scopes.Names(), x.Created, timeOrNil(x.Expires), nil, "", false}}, nil
	})
	register(a, op("revoke-token", http.MethodDelete, "/people/{person}/tokens/{token}", "Revoke an API token, at once"), func(ctx context.Context, c people.Caller, in *struct {
		PersonInput
		Token string `path:"token" maxLength:"40"`
	}) (*struct{}, error) {
		id, err := whose(ctx, c, in.Person)
		if err != nil {
			return nil, err
		}
		all, err := db.Tokens(ctx, c, id)
		if err != nil {
			return nil, err
		}
		for _, x := range all {
			if x.ID == in.Token {
				return nil, db.RevokeToken(ctx, c, x.ID)
			}
		}
		return nil, notFound()
	})
	type twoStepOutput struct{ Body apiTwoStep }
	twoStep := func(ctx context.Context, c people.Caller, id string) (*twoStepOutput, error) {
		x, err := db.TwoStepOf(ctx, c, id)
		if err != nil {
			return nil, err
		}
		return &twoStepOutput{apiTwoStep{x.On, timeOrNil(x.Since), x.Codes, x.Required}}, nil
	}
	register(a, op("get-two-step", http.MethodGet, "/people/{person}/two-step", "How somebody's two-step sign-in stands"), func(ctx context.Context, c people.Caller, in *PersonInput) (*twoStepOutput, error) {
		id, err := whose(ctx, c, in.Person)
		if err != nil {
			return nil, err
		}
		return twoStep(ctx, c, id)
	})
	register(a, op("require-two-step", http.MethodPatch, "/people/{person}/two-step", "Require two-step sign-in of somebody, or let them choose; for administrators"), func(ctx context.Context, c people.Caller, in *struct {
		PersonInput
		Body struct {
			Required bool `json:"required"`
		}
	}) (*twoStepOutput, error) {
		id, err := whose(ctx, c, in.Person)
		if err != nil {
			return nil, err
		}
		if err := db.RequireTwoStep(ctx, c, id, in.Body.Required); err != nil {
			return nil, err
		}
		return twoStep(ctx, c, id)
	})
	register(a, op("remove-two-step", http.MethodDelete, "/people/{person}/two-step", "Remove somebody's second step, for whoever has lost their device; for administrators"), func(ctx context.Context, c people.Caller, in *PersonInput) (*struct{}, error) {
		id, err := whose(ctx, c, in.Person)
		if err != nil {
			return nil, err
		}
		return nil, db.RemoveTwoStep(ctx, c, id)
	})
}
