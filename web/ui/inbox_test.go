package ui_test

import (
	"time"

	"dealwiki/web"
)

// inboxOf is an inbox with a notice of every kind.
func inboxOf() web.InboxView {
	item := func(icon, says, title string, seen bool) web.InboxItem {
		return web.InboxItem{ID: int64(len(title)), Icon: icon, By: says != "", Who: marta, Says: says, Title: title, Href: "/p/n/internal/closing/x", Prospect: "Northwind Rail", Audience: "internal", Text: "Send the redlines", At: ago(3 * time.Hour), Times: 2, Seen: seen}
	}
	v := web.InboxView{Shell: shell("Inbox"), Unseen: 2, Upto: 9, See: "/x", SeeAll: "/x", Filters: []web.Choice{{Label: "Unread", Href: "?", On: true, Count: 2}, {Label: "Everything", Href: "?show=all"}}}
	v.Bell, v.Inbox, v.Nav = true, 2, "inbox"
	v.Items = []web.InboxItem{item("message-square", "named you on", "Close plan", false), item("list-checks", "gave you something to do on", "Open redlines", false), item("bell", "", "A deal is coming", true)}
	v.New, v.Changes = true, []web.InboxGroup{{Prospect: "Northwind Rail", Href: "/p/n", Day: "Today", What: "2 pages", Who: "Marta Lindqvist", Items: []web.InboxItem{item("file-pen", "changed", "Close plan", false), item("file-pen", "changed", "Risks", false)}}}
	return v
}
