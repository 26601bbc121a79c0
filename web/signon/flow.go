package signon

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"net/url"
	"slices"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

// FlowLife is how long somebody may take at the provider.
const FlowLife = 10 * time.Minute

// Flow is a sign-in that has begun: what the provider's answer has to fit. It is
// kept by the browser, sealed.
type Flow struct {
	State    string
	Nonce    string
	Verifier string // PKCE
	Redirect string
	Next     string // where to go afterwards
	Until    time.Time
}

// Why an answer of a provider, or one by a passkey, is refused.
const (
	Denied   = "denied"   // somebody gave up there, or may not come
	Foreign  = "foreign"  // not asked for by this browser, or asked for before
	Expired  = "expired"  // asked for too long ago
	Rejected = "rejected" // the provider does not take the code
	Token    = "token"    // the token is not to be trusted
	Unproven = "unproven" // the passkey is not known, or proves nothing
)

// Refused says that an answer signs nobody in.
type Refused struct{ Why string }

func (e *Refused) Error() string { return "the answer is refused: " + e.Why }

// Identity is who the provider vouches for.
type Identity struct {
	Issuer   string
	Subject  string
	Email    string
	Verified bool // email_verified is true
	Name     string
	Groups   []string
	Hint     string // ends the session at the provider
}

// maxGroups bounds the groups of one person.
const maxGroups = 2000

// Begin makes the address to send a browser to and the flow that its answer has
// to fit. redirect is where the provider sends it back. ErrDown when the provider
// does not answer.
func (p *Provider) Begin(ctx context.Context, redirect, next string) (string, Flow, error) {
	d, err := p.now(ctx)
	if err != nil {
		return "", Flow{}, err
	}
	f := Flow{State: rand.Text(), Nonce: rand.Text(), Verifier: oauth2.GenerateVerifier(), Redirect: redirect, Next: next, Until: p.cfg.Now().Add(FlowLife)}
	return p.oauth(d, redirect).AuthCodeURL(f.State, oidc.Nonce(f.Nonce), oauth2.S256ChallengeOption(f.Verifier)), f, nil
}

func (p *Provider) oauth(d *discovered, redirect string) *oauth2.Config {
	scopes := []string{oidc.ScopeOpenID, "profile", "email"}
	for _, s := range p.cfg.Scopes {
		if !slices.Contains(scopes, s) {
			scopes = append(scopes, s)
		}
	}
	return &oauth2.Config{ClientID: p.cfg.ClientID, ClientSecret: p.cfg.ClientSecret, RedirectURL: redirect, Endpoint: d.endpoint, Scopes: scopes}
}

// Finish takes the provider's answer, the query of the address that it sent the
// browser to. The errors are ErrDown and *Refused; what exactly is wrong with a
// token is logged and not told.
func (p *Provider) Finish(ctx context.Context, f Flow, q url.Values) (Identity, error) {
	if f.State == "" || subtle.ConstantTimeCompare([]byte(q.Get("state")), []byte(f.State)) != 1 {
		return Identity{}, p.refuse(Foreign, "the state is another one")
	}
	if left := f.Until.Sub(p.cfg.Now()); left <= 0 || left > FlowLife {
		return Identity{}, p.refuse(Expired, "it took too long")
	}
	if !p.seal.once(f.State, f.Until, p.cfg.Now()) {
		return Identity{}, p.refuse(Foreign, "the state was used before")
	}
	d, err := p.now(ctx)
	if err != nil {
		return Identity{}, err
	}
	if iss := q.Get("iss"); iss != "" && iss != p.cfg.Issuer || iss == "" && d.namesIss {
		return Identity{}, p.refuse(Foreign, "the answer is of another issuer")
	}
	if code := q.Get("error"); code != "" {
		return Identity{}, p.refuse(Denied, "the provider says "+word(code))
	}
	if q.Get("code") == "" {
		return Identity{}, p.refuse(Rejected, "there is no code")
	}
	ctx, cancel := context.WithTimeout(oidc.ClientContext(ctx, p.client), slow)
	defer cancel()
	token, err := p.oauth(d, f.Redirect).Exchange(ctx, q.Get("code"), oauth2.VerifierOption(f.Verifier))
	var retrieve *oauth2.RetrieveError
	switch {
	case errors.As(err, &retrieve) && retrieve.Response != nil && retrieve.Response.StatusCode < 500:
		return Identity{}, p.refuse(Rejected, plain(err))
	case err != nil:
		p.cfg.Logger.Warn("single sign-on: the provider does not exchange the code", "issuer", p.cfg.Issuer, "err", plain(err))
		return Identity{}, ErrDown
	}
	raw, _ := token.Extra("id_token").(string)
	if raw == "" {
		return Identity{}, p.refuse(Token, "there is no id token")
	}
	return p.identity(ctx, d, f, raw, token)
}

// identity reads a token, if it is to be trusted.
func (p *Provider) identity(ctx context.Context, d *discovered, f Flow, raw string, token *oauth2.Token) (Identity, error) {
	verifier := d.provider.VerifierContext(ctx, &oidc.Config{ClientID: p.cfg.ClientID, SupportedSigningAlgs: algorithms, Now: p.cfg.Now})
	id, err := verifier.Verify(ctx, raw)
	var expired *oidc.TokenExpiredError
	switch {
	case errors.As(err, &expired):
		return Identity{}, p.refuse(Token, "it has expired")
	case err != nil:
		return Identity{}, p.refuse(Token, "its signature, issuer or audience is not right")
	case subtle.ConstantTimeCompare([]byte(id.Nonce), []byte(f.Nonce)) != 1:
		return Identity{}, p.refuse(Token, "the nonce is another one")
	case id.Subject == "":
		return Identity{}, p.refuse(Token, "it names nobody")
	case id.AccessTokenHash != "" && id.VerifyAccessToken(token.AccessToken) != nil:
		return Identity{}, p.refuse(Token, "it belongs to another access token")
	}
	var claims map[string]json.RawMessage
	if err := id.Claims(&claims); err != nil {
		return Identity{}, p.refuse(Token, "it cannot be read")
	}
	if by := text(claims["azp"]); by != p.cfg.ClientID && (by != "" || len(id.Audience) > 1) {
		return Identity{}, p.refuse(Token, "it was made for another client")
	}
	who := Identity{Issuer: id.Issuer, Subject: id.Subject, Hint: raw}
	who.take(claims, p.cfg.GroupsClaim)
	if d.person != "" && (who.Email == "" || who.Name == "" || p.cfg.GroupsClaim != "" && claims[p.cfg.GroupsClaim] == nil) {
		more, err := d.provider.UserInfo(ctx, oauth2.StaticTokenSource(token))
		var told map[string]json.RawMessage
		switch {
		case err != nil:
			p.cfg.Logger.Warn("single sign-on: the provider tells no more of a person", "issuer", p.cfg.Issuer, "err", plain(err))
		case more.Subject != id.Subject:
			return Identity{}, p.refuse(Token, "the provider tells of somebody else")
		case more.Claims(&told) == nil:
			who.take(told, p.cfg.GroupsClaim)
		}
	}
	return who, nil
}

// take adds what is not known yet. An address and whether it is verified come
// from one place.
func (i *Identity) take(claims map[string]json.RawMessage, groups string) {
	if i.Email == "" {
		i.Email = text(claims["email"])
		i.Verified = i.Email != "" && string(claims["email_verified"]) == "true"
	}
	for _, name := range []string{"name", "preferred_username"} {
		if i.Name == "" {
			i.Name = text(claims[name])
		}
	}
	if i.Groups == nil && groups != "" {
		i.Groups = texts(claims[groups])
	}
}

func text(raw json.RawMessage) string {
	var s string
	if json.Unmarshal(raw, &s) != nil {
		return ""
	}
	return s
}

// texts reads a list of strings, or one. Anything else is no group at all.
func texts(raw json.RawMessage) []string {
	var list []string
	if json.Unmarshal(raw, &list) == nil {
		return list[:min(len(list), maxGroups)]
	}
	if s := text(raw); s != "" {
		return []string{s}
	}
	return nil
}

func (p *Provider) refuse(why, exactly string) error {
	p.cfg.Logger.Info("single sign-on refused", "issuer", p.cfg.Issuer, "why", exactly)
	return &Refused{why}
}
