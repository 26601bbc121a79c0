package web

import "time"

// SignInView is the way in (template sign-in). It posts email, password and
// next to /sign-in.
type SignInView struct {
	Shell
	Email string
	Next  string
	Error string
	Host  string
	Help  string // whom to ask, as the configuration has it
	// Provider, when there is one, is another way in.
	Provider *ProviderView
	// AdminsOnly says that passwords are for administrators: the others come by
	// the provider.
	AdminsOnly bool
	Passkeys   bool // one can sign in by a passkey, at /sign-in/passkey
}

// ProviderView is single sign-on.
type ProviderView struct {
	Name string
	Href string
	Down bool // it did not answer just now
}

// CodeView asks for the second step (template sign-in-code). It posts code and
// next to /sign-in/code.
type CodeView struct {
	Shell
	Name     string
	Next     string
	Error    string
	Passkeys bool // a passkey will do instead
}

// TwoStepView sets up codes (template two-step). It posts code, and next, to
// Action; Codes are shown once it is done.
type TwoStepView struct {
	Shell
	Action   string
	Next     string
	Required bool // they cannot go on without
	Square   *Square
	Key      string // for typing, in groups of four
	URI      string // for opening on the device itself
	Error    string
	Codes    []string
	Done     string // where to go on to
	Cancel   string // "" where there is no way back
}

// Square is a QR code as an SVG path over Size × Size.
type Square struct {
	Size int
	Path string
}

// ForgottenView asks for a new password (template forgotten). It posts email to
// /sign-in/forgotten.
type ForgottenView struct {
	Shell
	Mails bool // letters are sent
	Sent  bool
	Help  string
	Error string
}

// SignOutView says that one is signed out here and may be elsewhere (template
// signed-out).
type SignOutView struct {
	Shell
	Provider string
	Href     string
}

// TwoStepState is how one's second step stands, in the settings; forms post to
// /settings/two-step.
type TwoStepState struct {
	On       bool
	Since    time.Time
	Codes    int
	Required bool
	Form     Form
}

// PasskeysState is one's passkeys, in the settings; forms post to
// /settings/passkeys.
type PasskeysState struct {
	Rows  []PasskeyRow
	Why   string // there are none here; "" where there may be
	Stale string // why none can be added right now; may be empty
	Name  string // of this browser, to begin with
	Error string
}

// PasskeyRow is a passkey.
type PasskeyRow struct {
	ID      string
	Name    string
	Synced  bool // it may be on several devices
	Created time.Time
	Used    time.Time // zero: never
}
