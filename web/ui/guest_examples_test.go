package ui_test

import (
	"time"

	"dealwiki/web"
)

// guestExamples are the screens of inviting, joining and coming back.
func guestExamples() []example {
	roles := options("read", "read and comment")
	row := web.GuestRow{Person: ingrid, Email: "ingrid@northwindrail.example", Href: "/p/northwind-rail/guests/a", Role: "read, comment and edit", Roles: roles, State: "here", UntilDay: "31 Mar 2027", UntilDate: "2027-03-31",
		Inviter: "Dana Reyes", Invited: ago(999 * time.Hour), Came: ago(900 * time.Hour), Seen: ago(time.Hour), OpenedAll: 2,
		Opened: []web.GuestOpened{{Title: "Mutual action plan", Href: "/p/northwind-rail/external/closing/plan", Last: ago(time.Hour), Times: 4}, {Title: "the overview", Last: ago(2 * time.Hour), Times: 1}}}
	invited := web.GuestRow{Person: web.Person{Name: "Lars Nyberg", Initials: "LN", Color: 3, Guest: true}, Email: "lars@northwindrail.example", Href: "/p/northwind-rail/guests/b", Role: "read", Roles: roles, State: "invited", Inviter: "Dana Reyes", Expires: noon.Add(99 * time.Hour)}
	gone := row
	gone.Href, gone.State, gone.Ended = "/p/northwind-rail/guests/c", "sent away", noon
	full := web.GuestsView{Shell: space("Guests", ""), Action: "/p/northwind-rail/guests", Links: "/p/northwind-rail/guest-links", Shared: "/shared/northwind-rail", Owner: "Dana Reyes", CanInvite: true, Mails: true,
		Guests: []web.GuestRow{row, invited}, Gone: []web.GuestRow{gone}, Form: web.Form{Values: map[string]string{"until": "2027-03-31"}, Errors: map[string]string{"email": "Email is that of a colleague."}},
		Roles: roles, By: options("Mail it to them", "Show me the link"), LinkRoles: roles, Asks: options("nothing", "a name"), Lives: options("a week", "a month"),
		Reusable: []web.GuestLinkRow{{Label: "Workshop", Href: "/p/northwind-rail/guest-links/x", Role: "read", Asks: "for an address on the list, confirmed by mail", Allowed: []string{"@northwindrail.example"}, UntilDay: "31 Mar 2027", Ends: "12 Dec 2026", Inviter: "Dana Reyes", Used: 3, Last: noon},
			{Label: "Visit", Href: "/p/northwind-rail/guest-links/y", Role: "read", Asks: "for nothing", Ends: "12 Dec 2026"}},
		New: &web.OneTime{Label: "Invitation for Lars Nyberg", Value: "https://wiki.example.com/join/x", Note: "It works once."}}
	plain := shell("Join")
	plain.Me = nil
	join := web.GuestJoinView{Shell: plain, Action: "/join/x", Called: "Northwind Rail and Fairlead", Inviter: "Dana Reyes", Email: "ingrid@northwindrail.example", Role: "read and comment", UntilDay: "31 Mar 2027", AskName: true, Form: web.Form{Values: map[string]string{"name": "Ingrid Solberg"}}, Reachable: true}
	asks := join
	asks.Email, asks.AskEmail, asks.Password = "", true, true
	asks.Form = web.Form{Values: map[string]string{"name": "Jo", "email": "jo@"}, Errors: map[string]string{"email": "Email must be an address like dana@example.com.", "password": "Password is not right."}}
	other, staff, sent := join, join, asks
	other.Other = "Henrik Dahl"
	staff.Other, staff.OtherIn = "Dana Reyes", "/shared/northwind-rail"
	sent.Sent, sent.Address = true, "jo@northwindrail.example"
	return []example{
		{"guests", "guests", full},
		{"guests-none", "guests", web.GuestsView{Shell: space("Guests", ""), Shared: "/shared/x", Owner: "Dana Reyes"}},
		{"guest-join", "guest-join", join}, {"guest-join-asks", "guest-join", asks}, {"guest-join-other", "guest-join", other}, {"guest-join-staff", "guest-join", staff}, {"guest-join-sent", "guest-join", sent},
		{"guest-return", "guest-return", web.GuestReturnView{Shell: plain, Staff: "/sign-in", Mails: true, Form: web.Form{Error: "Wait a minute, then try again."}}}, {"guest-return-sent", "guest-return", web.GuestReturnView{Shell: plain, Staff: "/sign-in", Mails: true, Sent: true}}, {"guest-return-none", "guest-return", web.GuestReturnView{Shell: plain, Staff: "/sign-in"}},
	}
}
