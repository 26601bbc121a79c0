package web

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"dealwiki/wiki/people"
)

type apiSession struct {
	ID      string    `json:"id"`
	IP      string    `json:"ip"`
	Agent   string    `json:"agent"`
	How     string    `json:"how,omitempty" doc:"password, link, invitation, provider or passkey"`
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

type apiPasskey struct {
	ID      string     `json:"id"`
	Name    string     `json:"name"`
	Synced  bool       `json:"synced" doc:"It may be on several devices"`
	Created time.Time  `json:"created"`
	Used    *time.Time `json:"used" doc:"null: never"`
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

func (in PersonInput) whose() string { return in.Person }

// PersonsInput is of calls about one thing that somebody has.
type PersonsInput struct {
	PersonInput
	ID string `path:"id" maxLength:"40"`
}

// registerOf registers a call about somebody's account; it is told whose. Who
// may not ask of others is told the same of everybody.
func registerOf[I, O any, P interface {
	*I
	whose() string
}](a *api, op huma.Operation, fn func(ctx context.Context, c people.Caller, person string, in *I) (*O, error)) {
	register(a, op, func(ctx context.Context, c people.Caller, in *I) (*O, error) {
		ref := P(in).whose()
		if ref == "me" {
			return fn(ctx, c, c.Person.ID, in)
		}
		p, err := a.s.people.Find(ctx, ref)
		if err != nil || !c.Can(people.Administer) && p.ID != c.Person.ID {
			return nil, notFound()
		}
		return fn(ctx, c, p.ID, in)
	})
}

// personList is of calls that list what somebody has.
type personList struct {
	PersonInput
	ListInput
}

// registerList registers a call that lists what somebody has.
func registerList[X, A any](a *api, op huma.Operation, list func(context.Context, people.Caller, string) ([]X, error), show func(people.Caller, X) A, key func(A) string) {
	registerOf(a, op, func(ctx context.Context, c people.Caller, person string, in *personList) (*listOutput[A], error) {
		all, err := list(ctx, c, person)
		if err != nil {
			return nil, err
		}
		shown := make([]A, 0, len(all))
		for _, x := range all {
			shown = append(shown, show(c, x))
		}
		return piece(shown, in.ListInput, key)
	})
}

// registerEnd registers a call that ends one thing that somebody has: one of
// theirs, and nobody else's.
func registerEnd[X any](a *api, op huma.Operation, list func(context.Context, people.Caller, string) ([]X, error), id func(X) string, end func(ctx context.Context, c people.Caller, person, id string) error) {
	registerOf(a, op, func(ctx context.Context, c people.Caller, person string, in *PersonsInput) (*struct{}, error) {
		all, err := list(ctx, c, person)
		if err != nil {
			return nil, err
		}
		if !slices.ContainsFunc(all, func(x X) bool { return id(x) == in.ID }) {
			return nil, notFound()
		}
		return nil, end(ctx, c, person, in.ID)
	})
}

// installSignOn registers what people do about the ways they come in: their own
// as "me", for administrators anybody's.
func (a *api) installSignOn() {
	a.installSessions()
	a.installTokens()
	a.installTwoStep()
	a.installPasskeys()
}

func (a *api) installSessions() {
	db := a.s.people
	registerList(a, op("list-sessions", http.MethodGet, "/people/{person}/sessions", "Where somebody is signed in"), db.Sessions,
		func(c people.Caller, x people.Session) apiSession {
			return apiSession{x.ID, x.IP, x.Agent, x.How, x.Created, x.Seen, x.Expires, x.ID == c.Session}
		}, func(x apiSession) string { return x.ID })
	registerOf(a, op("end-sessions", http.MethodDelete, "/people/{person}/sessions/all", "Sign somebody out of every browser but the caller's own"),
		func(ctx context.Context, c people.Caller, person string, in *PersonInput) (*struct{}, error) {
			return nil, db.EndSessions(ctx, c, person)
		})
	registerEnd(a, op("end-session", http.MethodDelete, "/people/{person}/sessions/{id}", "Sign somebody out of one browser"), db.Sessions,
		func(x people.Session) string { return x.ID },
		func(ctx context.Context, c people.Caller, _, id string) error { return db.EndSessionID(ctx, c, id) })
}

type newToken struct {
	PersonInput
	Body struct {
		Name    string     `json:"name" maxLength:"400"`
		Scopes  []string   `json:"scopes" minItems:"1" maxItems:"5" doc:"read, write, git, feed, admin; at most the caller's"`
		Expires *time.Time `json:"expires,omitempty" doc:"Left out: never"`
	}
}

type newTokenOutput struct{ Body apiToken }

func (a *api) installTokens() {
	db := a.s.people
	registerList(a, op("list-tokens", http.MethodGet, "/people/{person}/tokens", "Somebody's API tokens, without their secrets"), db.Tokens,
		func(c people.Caller, x people.Token) apiToken {
			return apiToken{x.ID, x.Name, x.Hint, "", x.Scopes.Names(), x.Created, timeOrNil(x.Expires), timeOrNil(x.Used), x.IP, x.ID == c.Token}
		}, func(x apiToken) string { return x.ID })
	add := op("add-token", http.MethodPost, "/people/{person}/tokens", "Make an API token; for people signed in by a browser, and administrators")
	add.DefaultStatus = http.StatusCreated
	registerOf(a, add, func(ctx context.Context, c people.Caller, person string, in *newToken) (*newTokenOutput, error) {
		scopes, err := people.ParseScopes(strings.Join(in.Body.Scopes, ","))
		if err != nil {
			return nil, err
		}
		var expires time.Time
		if in.Body.Expires != nil {
			expires = *in.Body.Expires
		}
		secret, x, err := db.NewToken(ctx, c, person, in.Body.Name, scopes, expires)
		if err != nil {
			return nil, err
		}
		return &newTokenOutput{apiToken{x.ID, x.Name, x.Hint, secret, x.Scopes.Names(), x.Created, timeOrNil(x.Expires), nil, "", false}}, nil
	})
	registerEnd(a, op("revoke-token", http.MethodDelete, "/people/{person}/tokens/{id}", "Revoke an API token, at once"), db.Tokens,
		func(x people.Token) string { return x.ID },
		func(ctx context.Context, c people.Caller, _, id string) error { return db.RevokeToken(ctx, c, id) })
}

type requireTwoStep struct {
	PersonInput
	Body struct {
		Required bool `json:"required"`
	}
}

type twoStepOutput struct{ Body apiTwoStep }

func (a *api) installTwoStep() {
	db := a.s.people
	state := func(ctx context.Context, c people.Caller, person string) (*twoStepOutput, error) {
		x, err := db.TwoStepOf(ctx, c, person)
		if err != nil {
			return nil, err
		}
		return &twoStepOutput{apiTwoStep{x.On, timeOrNil(x.Since), x.Codes, x.Required}}, nil
	}
	registerOf(a, op("get-two-step", http.MethodGet, "/people/{person}/two-step", "How somebody's two-step sign-in stands"),
		func(ctx context.Context, c people.Caller, person string, in *PersonInput) (*twoStepOutput, error) {
			return state(ctx, c, person)
		})
	registerOf(a, op("require-two-step", http.MethodPatch, "/people/{person}/two-step", "Require two-step sign-in of somebody, or let them choose; for administrators"),
		func(ctx context.Context, c people.Caller, person string, in *requireTwoStep) (*twoStepOutput, error) {
			if err := db.RequireTwoStep(ctx, c, person, in.Body.Required); err != nil {
				return nil, err
			}
			return state(ctx, c, person)
		})
	registerOf(a, op("remove-two-step", http.MethodDelete, "/people/{person}/two-step", "Remove somebody's second step, for whoever has lost their device; for administrators"),
		func(ctx context.Context, c people.Caller, person string, in *PersonInput) (*struct{}, error) {
			return nil, db.RemoveTwoStep(ctx, c, person)
		})
}

func (a *api) installPasskeys() {
	db := a.s.people
	registerList(a, op("list-passkeys", http.MethodGet, "/people/{person}/passkeys", "Somebody's passkeys"), db.Passkeys,
		func(_ people.Caller, x people.Passkey) apiPasskey {
			return apiPasskey{x.ID, x.Name, x.Synced, x.Created, timeOrNil(x.Used)}
		}, func(x apiPasskey) string { return x.ID })
	registerEnd(a, op("remove-passkey", http.MethodDelete, "/people/{person}/passkeys/{id}", "Remove a passkey, at once"), db.Passkeys,
		func(x people.Passkey) string { return x.ID },
		func(ctx context.Context, c people.Caller, _, id string) error { return db.RemovePasskey(ctx, c, id) })
}
