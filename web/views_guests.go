package web

import "time"

// GuestsView is who of the customer's may see the external section of a
// prospect (template guests). Inviting posts name, email, role, until and by to
// Action; a reusable link posts label, role, asks, allowed, password, until and
// days to Links; rows post to their Href with /change, /revoke or /invitation,
// links to theirs with /end.
type GuestsView struct {
	Shell
	Action    string
	Links     string
	Shared    string // what guests see
	Owner     string // who may invite
	CanInvite bool
	Mails     bool // mail is set up
	Guests    []GuestRow
	Gone      []GuestRow // sent away, or their time is over
	Reusable  []GuestLinkRow
	Form      Form
	Roles     []Option
	By        []Option // how the invitation reaches them
	LinkForm  Form
	LinkRoles []Option
	Asks      []Option
	Lives     []Option
	New       *OneTime
}

// GuestRow is a guest.
type GuestRow struct {
	Person    Person
	Email     string // "": they have named none
	Href      string
	Role      string
	Roles     []Option
	State     string // "invited", "here", "sent away", "ended"
	UntilDay  string // "31 Mar 2027"; "": no end
	UntilDate string // as a date field has it
	Inviter   string
	Invited   time.Time
	Came      time.Time // zero: not yet
	Seen      time.Time
	Expires   time.Time // of the invitation; zero: it has expired
	Ended     time.Time
	Link      string // the label of the link they came by
	Opened    []GuestOpened
	OpenedAll int
}

// GuestOpened is a page that a guest has opened.
type GuestOpened struct {
	Title string
	Href  string // "": it is gone
	Last  time.Time
	Times int
}

// GuestLinkRow is a reusable link.
type GuestLinkRow struct {
	Label    string
	Href     string
	Role     string
	Asks     string // in words
	Allowed  []string
	UntilDay string
	Ends     string
	Inviter  string
	Used     int
	Last     time.Time
}

// GuestJoinView is how somebody of the customer's comes in (template
// guest-join). It posts what is asked for to Action.
type GuestJoinView struct {
	Shell
	Action    string
	Called    string // what both sides call it
	Inviter   string
	Email     string // whom the invitation is for, or what was confirmed
	Role      string // what they may do there, in words
	UntilDay  string
	AskName   bool
	AskEmail  bool
	Password  bool
	Sent      bool   // a mail is on its way, if the address may come in
	Address   string // that was typed
	Other     string // the name of somebody else who is signed in
	OtherIn   string // where they may go instead
	Form      Form
	Reachable bool // mails can be sent
}

// GuestReturnView mails a link to a guest who comes back (template
// guest-return). It posts email to /sign-in/link.
type GuestReturnView struct {
	Shell
	Mails bool
	Sent  bool
	Form  Form
	Staff string // where members of staff sign in
}
