package web

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"dealwiki/wiki/people"
)

// accounts is what the portal may ask about a guest's own keys.
type accounts interface {
	GuestClones(ctx context.Context, c people.Caller) (map[string]time.Time, error)
	Tokens(ctx context.Context, c people.Caller, person string) ([]people.Token, error)
	NewToken(ctx context.Context, c people.Caller, person, name string, scopes people.Scope, expires time.Time) (string, people.Token, error)
	RevokeToken(ctx context.Context, c people.Caller, id string) error
}

// guestTokenLife is how long a guest's key holds at most.
const guestTokenLife = 90 * 24 * time.Hour

// SharedAccountView is a guest's own page (template shared_account). It posts
// name, or revoke, to /account.
type SharedAccountView struct {
	SharedShell
	Email  string
	Clones []Link // what may be cloned: where, and by which address
	Until  time.Time
	New    *OneTime
	Tokens []TokenRow
	Form   Form
}

// account shows a guest who they are here and, where cloning is allowed to them,
// the keys for it.
func (p *portal) account(w http.ResponseWriter, r *http.Request, c people.Caller) error {
	if !c.Person.Guest {
		return goTo(w, r, "/settings")
	}
	v, err := p.accountView(r, c)
	if err != nil {
		return err
	}
	v.Flash = p.pages.flash(w, r)
	return p.showAccount(w, r, http.StatusOK, v)
}

func (p *portal) showAccount(w http.ResponseWriter, r *http.Request, status int, v *SharedAccountView) error {
	private(w)
	p.pages.render(w, r, status, "shared_account", v)
	return nil
}

func (p *portal) accountView(r *http.Request, c people.Caller) (*SharedAccountView, error) {
	ctx := r.Context()
	v := &SharedAccountView{SharedShell: SharedShell{Shell: p.pages.sharedShell(r, c, "Your account"), Portal: &Portal{Home: "/shared", Me: PersonOf(c.Person.ID, c.Person.Name, true)}}, Email: c.Person.Email}
	clones, err := p.keys.GuestClones(ctx, c)
	if err != nil {
		return nil, err
	}
	for _, prospect := range slices.Sorted(maps.Keys(clones)) {
		ro, err := p.enterAt(ctx, c, prospect)
		if err != nil {
			continue // taken back meanwhile
		}
		v.Clones = append(v.Clones, Link{Title: ro.title(), Href: p.pages.address(r, "/git/"+url.PathEscape(prospect)+"/external.git")})
	}
	v.Until = p.keyUntil(clones)
	tokens, err := p.keys.Tokens(ctx, c, c.Person.ID)
	if err != nil {
		return nil, err
	}
	for _, t := range tokens {
		v.Tokens = append(v.Tokens, TokenRow{ID: t.ID, Name: t.Name, Scopes: strings.Join(t.Scopes.Names(), ", "), Created: t.Created, Used: t.Used, Expires: t.Expires})
	}
	return v, nil
}

// keyUntil is when a key made now ends: with the last of the spaces that it
// opens, and soon in any case.
func (p *portal) keyUntil(clones map[string]time.Time) time.Time {
	end := p.now().Add(guestTokenLife)
	var last time.Time
	for _, until := range clones {
		if until.IsZero() {
			return end
		}
		if until.After(last) {
			last = until
		}
	}
	if last.Before(end) {
		return last
	}
	return end
}

// postAccount makes a key for cloning, or takes one back.
func (p *portal) postAccount(w http.ResponseWriter, r *http.Request, c people.Caller) error {
	if !c.Person.Guest {
		return goTo(w, r, "/settings")
	}
	form, err := p.pages.form(r)
	if err != nil {
		return err
	}
	ctx := r.Context()
	if id := form.Get("revoke"); id != "" {
		if err := p.keys.RevokeToken(ctx, c, id); err != nil {
			return hide(err)
		}
		return p.pages.done(w, r, "/account", "The token is revoked. Whatever used it stops working now.")
	}
	clones, err := p.keys.GuestClones(ctx, c)
	if err != nil {
		return err
	}
	if len(clones) == 0 {
		return refuse(http.StatusUnprocessableEntity, "Nothing here can be cloned", "Ask whoever invited you whether you may clone what is shared with you.")
	}
	secret, _, err := p.keys.NewToken(ctx, c, c.Person.ID, form.Get("name"), people.Git, p.keyUntil(clones))
	var invalid *people.Invalid
	if err != nil && !errors.As(err, &invalid) {
		return err
	}
	v, verr := p.accountView(r, c)
	if verr != nil {
		return verr
	}
	if err != nil {
		v.Form, _ = again(form, err, map[string]string{"token name": "name"})
		return p.showAccount(w, r, http.StatusUnprocessableEntity, v)
	}
	v.New = &OneTime{Label: "Your new token", Value: secret, Note: "Copy it now: it is shown this once. Git asks for it as the password."}
	return p.showAccount(w, r, http.StatusOK, v)
}
