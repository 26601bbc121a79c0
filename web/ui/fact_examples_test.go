package ui_test

import (
	"time"

	"dealwiki/web"
)

// factsOf is a register as somebody could see it.
func factsOf(sh web.Shell, all bool) web.FactsView {
	sh.Flash = &web.Flash{Kind: "ok", Text: "Done: Go-live", Undo: &web.Undo{Action: "/p/northwind-rail/facts/c-7f3a", Values: map[string]string{"what": "open", "next": "/facts"}}}
	v := web.FactsView{Shell: sh, Heading: "Facts", Action: "/facts", All: all, Count: 3, Late: 1, Clear: "/facts", CSV: "/facts?format=csv",
		Form: map[string]string{"q": "go"}, Quick: []web.Choice{{Label: "Open", Href: "/facts", On: true}, {Label: "Late", Href: "/facts?due=late", Icon: "hourglass"}},
		Kinds: options("Commitment", "Task"), States: options("open", "closed"), Stages: options("Closing"), Owners: options("Dana Reyes"), Dues: options("any time", "late"), Sorts: options("date due"),
		Pager: web.Pager{Next: "?from=100", Note: "1 to 100 of 212"}}
	if all {
		v.Spaces = options("Northwind Rail")
	}
	row := web.FactRow{Kind: "commitment", Name: "Commitment", Title: "Go-live on 1 March 2027", Body: "Promised in the call.", Prospect: "Northwind Rail", Space: "/p/northwind-rail", Owner: dana, Due: "2026-11-01", Late: true,
		State: "Open", Standing: true, Page: "Close plan", Href: "/p/northwind-rail/internal/closing/close-plan#c-7f3a", LineHref: "/p/northwind-rail/internal/closing/close-plan/blame#L12", Line: 12,
		Audience: web.AudienceInternal, By: tom, At: ago(48 * time.Hour), Stage: "Pricing", Set: "/p/northwind-rail/facts/c-7f3a", Ways: options("done", "dropped"),
		Life: []web.FactEvent{{What: "raised", By: tom, At: ago(48 * time.Hour), Stage: "Pricing", Href: "/p/northwind-rail/internal/closing/close-plan?at=c"}, {What: "changed", By: dana, At: noon, Note: "due 2026-10-01 → 2026-11-01"}}}
	gone := web.FactRow{Prospect: "Northwind Rail", Space: "/p/northwind-rail", Kind: "question", Name: "Question", Title: "Who signs?", State: "No longer on a page", Gone: true, Page: "First call", Href: "/x/history", Audience: web.AudienceExternal, By: ingrid, At: noon}
	second := row
	second.Kind, second.Name, second.Title, second.Late, second.Copy, second.Owner, second.Due = "action", "Task", "Send the redlines", false, true, web.Person{}, ""
	v.Rows = []web.FactRow{row, second, gone}
	return v
}
