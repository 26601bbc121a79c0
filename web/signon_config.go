package web

import (
	"dealwiki/web/signon"
	"dealwiki/wiki/people"
)

// SignOn says how staff sign in. The zero value is by passwords and links.
type SignOn struct {
	// Help is a sentence for whoever cannot get in, such as whom to call; may be
	// empty.
	Help string
	// Provider is optional: single sign-on. It is closed after the server.
	Provider *signon.Provider
	// Roles are what the provider's groups stand for. When there are any, whoever
	// is in none of them is not let in, and the roles of the others follow.
	Roles map[string]people.Role
	// Create makes accounts for people whom the provider vouches for, with
	// addresses of the Domains if there are any; else they have to be invited.
	Create  bool
	Domains []string
	// AdminPasswords leaves passwords to administrators; the others come by the
	// provider. Without a provider it means nothing.
	AdminPasswords bool
	// TwoSteps is who must sign in by two steps where they do not come by the
	// provider, besides those whom an administrator has named.
	TwoSteps string // "", TwoStepsAdmins or TwoStepsEverybody
}

// Values of SignOn.TwoSteps.
const (
	TwoStepsAdmins    = "admins"
	TwoStepsEverybody = "everybody"
)

// wantsTwoSteps reports whether the configuration asks two steps of somebody who
// signs in without the provider.
func (c *SignOn) wantsTwoSteps(p people.Person) bool {
	return !p.Guest && (c.TwoSteps == TwoStepsEverybody || c.TwoSteps == TwoStepsAdmins && p.Role == people.Admin)
}

// adminsOnly reports whether passwords are for administrators.
func (c *SignOn) adminsOnly() bool { return c.AdminPasswords && c.Provider != nil }

// name is what people call the provider.
func (c *SignOn) name() string {
	if c.Provider == nil {
		return "single sign-on"
	}
	return c.Provider.Name()
}

// role is what a person's groups stand for, "" for what they have already; ok is
// false for who is not let in.
func (c *SignOn) role(groups []string) (role people.Role, ok bool) {
	if len(c.Roles) == 0 {
		return "", true
	}
	for _, g := range groups {
		switch r := c.Roles[g]; {
		case r == people.Admin:
			return r, true
		case r != "":
			role = r
		}
	}
	return role, role != ""
}
