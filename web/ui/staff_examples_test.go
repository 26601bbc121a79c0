package ui_test

import (
	"time"

	"dealwiki/web"
)

// metrics are the figures of the pipeline, with every kind of mark.
func metrics(sh web.Shell) web.PipelineView {
	sh.Nav = "pipeline"
	drawing := func(class string, width int) web.Drawing {
		return web.Drawing{Class: class, Width: width, Height: 60, Label: "Closing needs 1.2 million and has 840,000", Marks: []web.Mark{{Kind: "rect", Class: "bar-2", X: 90, Y: 10, W: 120, H: 18}, {Kind: "line", Class: "mark-line", X: 180, Y: 4, W: 180, H: 34},
			{Kind: "dot", Class: "mark-dot", X: 200, Y: 19}, {Kind: "path", Class: "mark-line", Points: "90,40 120,50 200,44"}, {Kind: "text", Class: "chart-name", X: 0, Y: 24, Text: "Closing"}}}
	}
	table := web.Table{Head: []string{"Stage", "Deals", "Open value"}, Rows: [][]web.TableCell{{{Text: "Closing"}, {Text: "2", Href: "/?stage=closing"}, {Text: "€840,000", Warn: true}}}}
	how := []string{"Mean days ÷ days of the period ÷ part of the value that was won."}
	return web.PipelineView{Shell: sh, From: "2025-11-13", To: "2026-11-12", Owners: options("Everybody", "Dana Reyes"), Currencies: options("EUR", "USD"), CSV: "/pipeline?format=csv", Notes: []string{"One deal has no value."},
		Figures: []web.KeyFigure{{Label: "Unit win rate", Value: "44%", Note: "4 won, 5 lost", How: "Won ÷ (won + lost)."}, {Label: "Sales velocity", Value: "€4,120 a day", Note: "Qualified deals × average × win rate ÷ cycle", How: how[0]}},
		Cards: []web.ChartCard{{ID: "balance", Span: 7, Title: "Open value in each stage", Note: "Line: what the target needs there.", Charts: []web.Drawing{drawing("chart-wide", 640), drawing("chart-narrow", 340)}, Table: table, How: how},
			{ID: "weighted", Span: 5, Title: "Weighted pipeline", Note: "Value × how much of it was won before.", Table: table, How: how}, {ID: "sizes", Span: 12, Title: "Balance by deal size", Note: "Win rate by size.", How: how}},
		Asked: []web.AskedDeal{{Slug: "acme", Name: "Acme", Href: "/p/acme", Stage: "Pricing", Value: "€20k", Owner: dana, Why: []string{"quiet for 61 days", "expected close 1 Nov 2026 has passed"}, Mine: true, Close: "2026-11-01", Alive: true, Lost: "/p/acme/outcome", Nurture: "/p/acme/handoff?to=nurture"},
			{Slug: "beta", Name: "Beta", Href: "/p/beta", Stage: "Pricing", Why: []string{"quiet for 61 days"}}}}
}

// credits are who did what.
func credits(sh web.Shell, deal string) web.CreditView {
	return web.CreditView{Shell: sh, Deal: deal, CSV: "/people/credit?format=csv", Unread: 3, Rows: []web.CreditRow{
		{Colleague: web.Colleague{Person: priya, Job: "technical", Skills: "rail, data migration"}, Words: 3120, Pages: links(),
			Help: []web.CreditNumber{{Label: "questions answered", Sources: links()}, {Label: "facts carried on"}}, Own: []web.CreditNumber{{Label: "questions answered"}},
			Stages: []web.CreditStage{{Stage: "Closing", Raised: 4, Closed: 2, Words: 900}}},
		{Colleague: web.Colleague{Person: tom, Job: "delivery"}, Help: []web.CreditNumber{{Label: "questions answered"}}, Own: []web.CreditNumber{{Label: "questions answered", Sources: links()[:1]}}}}}
}

// known are colleagues who know about something.
func known(sh web.Shell) web.PeopleView {
	return web.PeopleView{Shell: sh, Query: "migration", Known: []web.KnowerRow{
		{Colleague: web.Colleague{Person: priya, Job: "technical", Skills: "rail, data migration"}, BySkills: true, Lines: 41, Words: 9, Last: noon.Add(-48 * time.Hour), Pages: links(), Ask: "/people/p#ask"},
		{Colleague: web.Colleague{Person: tom}, Lines: 1, Words: 1, Last: noon, Pages: links()[:1], Ask: "/people/p#ask"}}}
}

// staffExamples are the screens about how the sale stands and who helps.
func staffExamples() []example {
	asked := web.PersonView{Shell: shell("Priya Nair"), Colleague: web.Colleague{Person: priya, Job: "technical"}, Email: "priya@fairlead.example", Ask: options("Northwind Rail", "Acme"), Form: web.Form{Values: map[string]string{"text": "Why?", "page": "internal/account/questions"}, Errors: map[string]string{"prospect": "It is not open to them. Choose another."}}}
	odd := web.PeopleView{Shell: shell("People"), Query: "stage:(", Problem: "A bracket is not closed."}
	return []example{
		{"pipeline", "pipeline", metrics(shell("Pipeline metrics"))}, {"pipeline-empty", "pipeline", web.PipelineView{Shell: shell("Pipeline metrics"), From: "2025-11-13", To: "2026-11-12", Owners: options("Everybody"), CSV: "/x", Empty: true}},
		{"credit", "credit", credits(shell("Who helped"), "")}, {"credit-deal", "credit", credits(space("People", web.AudienceInternal), "Northwind Rail")}, {"credit-none", "credit", web.CreditView{Shell: shell("Who helped"), CSV: "/x"}},
		{"people-known", "people", known(shell("People"))}, {"people-problem", "people", odd}, {"person-ask", "person", asked},
	}
}
