package web

import "time"

// SetupView makes the first administrator, or a new password (template
// setup). It posts company, name, email and password to Action.
type SetupView struct {
	Shell
	Action string
	Form   Form
}

// JoinView accepts an invitation (template join). It posts name and password
// to Action.
type JoinView struct {
	Shell
	Action  string
	Email   string
	Inviter string
	Reset   bool // a new password for an account that is there
	Form    Form
}

// AdminPeopleView is everybody's account (template admin-people). Add posts
// name, email, role and job to /admin/people; rows post to Href with /role,
// /disable, /enable, /link.
type AdminPeopleView struct {
	Shell
	Tabs    []Choice
	Staff   []StaffRow
	Form    Form
	Roles   []Option
	Jobs    []Option
	NewLink *OneTime
	Pager   Pager
}

// StaffRow is an account.
type StaffRow struct {
	Person   Person
	ID       string
	Email    string
	Role     string
	Job      string
	Spaces   int
	Invited  bool // has not signed in yet
	Disabled bool
	Myself   bool
	LastSeen time.Time
	Href     string
	SignsIn  string // "password", "SSO", "two steps", …
	// TwoStep is on, or Required of them.
	TwoStep, Required bool
	Linked            bool // by a provider
}

// OneTime is a secret shown once.
type OneTime struct {
	Label string
	Value string
	Note  string
}

// AdminImportView brings in what is there already (template admin-import).
// The form posts multipart: file, prospect, owner, map; the second one csv.
type AdminImportView struct {
	Shell
	Tabs    []Choice
	Form    Form
	Owners  []Option
	CSVForm Form
	Jobs    []ImportJob
	Running bool // an import is under way: the screen comes again by itself
	MaxFile string
}

// ImportJob is an import that runs or ran.
type ImportJob struct {
	Name    string
	Source  string
	By      Person
	At      time.Time
	State   string // "running", "done" or "failed"
	Done    int
	Total   int
	Note    string
	Href    string // the prospect
	Resumes string // POST to go on; "" when not
}

// SettingsView is a person's own page (template settings). Forms post to
// /settings/profile, /settings/look, /settings/password, /settings/passkeys,
// /settings/sessions and /settings/tokens.
type SettingsView struct {
	Shell
	Name     string
	Email    string
	Handle   string
	Skills   string
	Job      string
	Jobs     []Option
	Themes   []Option
	Profile  Form
	Password Form
	Token    Form
	Sessions []SessionRow
	Tokens   []TokenRow
	Scopes   []Option
	Expiries []Option
	NewToken *OneTime
	Mails    []Option // how one is told by mail; empty: no mail is sent
	Zone     string   // name of a time zone; may be empty
	Mail     Form
	TwoStep  TwoStepState
	Passkeys PasskeysState
	Provider string // name of the provider one signs in by; "" for none
}

// SessionRow is a browser that is signed in.
type SessionRow struct {
	ID      string
	Agent   string
	IP      string
	Started time.Time
	Seen    time.Time
	How     string // "by password"; may be empty
	This    bool
}

// TokenRow is an API token.
type TokenRow struct {
	ID      string
	Name    string
	Scopes  string
	Created time.Time
	Used    time.Time
	Expires time.Time // zero: never
}

// ErrorView says what happened and what to do (template error).
type ErrorView struct {
	Shell
	Status  int
	Heading string
	Text    string
	Safe    string // what is not lost
	Back    string
	Label   string
	Request string // id of the request, for the administrator
}
