package ui_test

import (
	"time"

	"dealwiki/web"
)

// briefOf is a brief with everything that one can hold.
func briefOf() web.BriefView {
	plan := web.BriefSource{Title: "Close plan", Href: "/p/n#c-1", Audience: "internal", Heading: "What is left"}
	timeline := web.BriefSource{Title: "Implementation timeline", Href: "/p/n#go-live", Audience: "external"}
	kinds := options("Commitment", "Risk")
	fact := func(kind, title string, fresh bool) web.BriefFact {
		return web.BriefFact{Kind: kind, Title: title, Owner: "tom", Due: "2026-11-18", Late: fresh, New: fresh, State: "open", Source: plan, Who: "Tom Okafor", At: ago(99 * time.Hour), Stage: "Negotiating", Close: "/x", Ways: options("Done", "Dropped")}
	}
	gone := fact("question", "Who signs?", true)
	gone.State, gone.Close, gone.Ways = "answered", "", nil
	v := web.BriefView{Shell: space("Get up to speed", web.AudienceInternal), Deal: "Northwind Rail", Reader: dana, At: noon, Pages: 31, Minutes: 6, Total: 38, PrintHref: "?print", MarkRead: "/x", SinceForm: "/x",
		Lines:   []web.BriefLine{{What: "Who", Text: "Northwind Rail runs 212 trainsets from four depots with 340 technicians.", Source: &plan}, {What: "Where it stands", Text: "Day 9 in Closing (typical: 12). 3 questions are open."}, {What: "Your part", Text: "Move six years of work orders (commitment, by 2027-03-01)."}},
		Choices: []web.Choice{{Label: "Your last visit", Href: "?", On: true}, {Label: "Since Closing", Href: "?since=closing"}}, SinceName: "Your last visit",
		Since: &web.BriefSince{From: ago(50 * time.Hour), Changes: "/x", More: 3, Joined: []web.Person{priya}, Removed: []string{"internal/closing/old"},
			Facts: []web.BriefNews{{Kind: "risk", What: "New risk", Title: "9 % of sampled work orders carry no asset number.", Source: plan, Who: "Priya Nair", At: ago(20 * time.Hour)}},
			Pages: []web.BriefChange{{Source: timeline, Who: []string{"Tom Okafor"}, At: ago(time.Hour), Added: 4, Removed: 2, Compare: "/x", Digest: []web.BriefPiece{{Kind: "same", Text: "Live by"}, {Kind: "gone", Text: "1 February"}, {Kind: "new", Text: "1 March 2027"}, {Kind: "cut"}}}, {Source: plan, New: true, At: ago(time.Hour)}}},
		Facts: []web.BriefGroup{{Kind: "commitment", Title: "Commitments", Facts: []web.BriefFact{fact("commitment", "Six years of Maximo work orders are migrated inside the fixed price.", false), fact("commitment", "Lillestrand is live by 1 March 2027.", true)}},
			{Kind: "question", Title: "Open questions", Facts: []web.BriefFact{fact("question", "Is the penalty capped at 5 % or 10 %?", true)}}},
		Settled:  []web.BriefFact{gone},
		Answers:  []web.BriefAnswer{{Topic: "when", Question: "By when?", Passages: []web.BriefPassage{{Text: "They need the first depot to go live by 1 March 2027.", Source: timeline}}}},
		Sections: []web.BriefSection{{Kind: "risk", Title: "Red flags", Lines: []string{"The network is slow.", "Nobody owns the data."}, More: 2, Source: plan}},
		Openings: []web.BriefSection{{Title: "Close plan", Lines: []string{"Northwind signs on 27 November if three things land."}, Source: plan}},
		Log:      []web.BriefEntry{{Date: "2026-11-10", Text: "Ingrid asked about the cap.", Source: plan}},
		Possible: []web.BriefPossible{{Kind: "commitment", Text: "We will send the redlines by 1 December 2026.", Place: "internal/closing/close-plan", Line: 9, Source: plan, Kinds: kinds}},
		Confirm:  "/x", Dismiss: "/x",
		Weak:    []web.BriefWeak{{Text: "Nobody has met Ingrid, who holds the money.", Do: "Ask for a meeting.", Source: &plan}, {Text: "Price model is missing.", Do: "Start it from its template.", Create: "/x"}},
		People:  []web.BriefPerson{{Person: dana, Skills: "rail", Versions: 40, Last: ago(time.Hour), Pages: []web.BriefSource{plan, timeline}, Owner: true}, {Person: ingrid, Job: "customer", Versions: 3, Last: ago(90 * time.Hour)}},
		Reading: []web.BriefReading{{Title: "Who decides", Href: "/p/n", Place: "internal/account/who", Audience: "internal", Minutes: 3, Read: true}, {Title: "Timeline", Href: "/p/n", Place: "external/closing/t", Audience: "external", Minutes: 6, Changed: true}, {Title: "Terms", Href: "/p/n", Place: "internal/closing/terms", Audience: "internal", Minutes: 5, Why: "holds what was promised and decided"}},
		Read:    1, Left: 11,
		Missing: []web.Need{{Title: "Reference-call notes", About: "Closing", Audience: "internal", Href: "/p/n", Create: "/x"}}}
	return v
}

func printed(v web.BriefView) web.BriefView {
	v.Print, v.Me, v.Space, v.Crumbs = true, nil, nil, nil
	return v
}
