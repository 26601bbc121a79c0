package ui_test

import (
	"time"

	"dealwiki/web"
)

// logOf is a log with an entry of every kind and a thread.
func logOf() web.LogView {
	item := func(kind, title, audience string, hours int) web.LogItem {
		return web.LogItem{Kind: kind, Title: title, Href: "/p/n/internal/log/x", Audience: audience, People: "Ingrid Solberg, Dana Reyes", At: ago(time.Duration(hours) * time.Hour), By: dana, Lead: "She wants March."}
	}
	day := item("meeting", "Workshop in Oslo", "external", 0)
	day.At, day.Day = time.Time{}, "Monday"
	sections := options("Internal", "External")
	for i, value := range []string{web.AudienceInternal, web.AudienceExternal} {
		sections[i].Value, sections[i].Hint = value, "The customer’s people read it too."
	}
	return web.LogView{Shell: space("Log", ""), Form: faulty(), Action: "/x", Mail: "/x/mail", MaxMail: "25 MB", Today: "2026-11-12", Kinds: options("Call", "Meeting", "Mail", "Note"), Sections: sections, Count: 5,
		Templates: []web.Choice{{Label: "Call", Href: "?template=call"}}, Filters: []web.Choice{{Label: "Everything", Href: "?", On: true, Count: 5}, {Label: "External", Href: "?side=external", Count: 1}},
		Days: []web.LogDay{{Label: "Today", Threads: []web.LogThread{{First: item("call", "Call with Ingrid", "internal", 1)}, {First: item("mail", "Re: Offer", "internal", 2), Earlier: []web.LogItem{item("mail", "Offer", "internal", 30), item("note", "A note", "internal", 31)}}}},
			{Label: "Monday", Threads: []web.LogThread{{First: day}}}}, Pager: web.Pager{Next: "?from=60"}}
}
