package web

import "dealwiki/wiki/people"

// SignOn says how staff sign in.
type SignOn struct {
	// Help is a sentence for whoever cannot get in, such as whom to call; may be
	// empty.
	Help string
	// AdminPasswords leaves passwords to administrators; the others come by the
	// provider. Without a provider it means nothing.
	AdminPasswords bool
	// TwoSteps is who must sign in by two steps, besides those whom an
	// administrator has named: "" nobody, "admins" or "everybody".
	TwoSteps string
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
func (c *SignOn) adminsOnly() bool { return c.AdminPasswords }

// name is what people call the provider.
func (c *SignOn) name() string { return "single sign-on" }

func (s *Server) providerView(string) *ProviderView { return nil }
