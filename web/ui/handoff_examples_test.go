package ui_test

import (
	"time"

	"dealwiki/web"
)

// handoffRows are handoffs in every state.
func handoffRows() []web.HandoffRow {
	row := func(n int, state, label, chip, node, icon string) web.HandoffRow {
		return web.HandoffRow{Number: n, Href: "/p/northwind-rail/handoffs/1", From: "Negotiating", To: "Closing", Kind: "forward", State: state, Label: label, Chip: chip, Node: node, Icon: icon,
			By: dana, Holder: tom, At: ago(72 * time.Hour), Commitments: 5, Acknowledged: 5, AsItWas: "/p/northwind-rail/handoffs/1/as-it-was"}
	}
	waits := row(4, "offered", "Waits for Tom Okafor", "chip-warn", "is-warn", "hourglass")
	accepted := row(3, "accepted", "Accepted", "chip-ok", "is-ok", "check")
	accepted.Stars, accepted.Reply, accepted.Again = 4, "I knew what to do on day one.", 2
	accepted.Changes = &web.HandoffChanges{Number: 3, Raised: 1, Changed: 1, Ended: 1, Action: "/p/northwind-rail/handoffs/3/acknowledge", Mine: []string{"c-7f3a"}, Waiting: []web.Person{tom}, Rows: []web.ChangedFact{
		{Kind: "commitment", Href: "/x#c-7f3a", Verb: "changed", By: tom, At: noon, Words: []web.WordSpan{{Text: "Live by "}, {Op: "del", Text: "1 February"}, {Op: "ins", Text: "1 March"}}, Note: "due 2027-02-01 → 2027-03-01"},
		{Kind: "risk", Href: "/x#r-1", Verb: "added", By: priya, At: noon, Words: []web.WordSpan{{Op: "ins", Text: "Work orders without an asset number"}}},
		{Kind: "requirement", Href: "/x#q-1", Verb: "dropped", By: ingrid, At: noon, Words: []web.WordSpan{{Op: "del", Text: "Import scanned sheets"}}}}}
	returned := row(2, "returned", "Returned", "chip-danger", "is-danger", "undo-2")
	returned.Missing, returned.Reply = "Nobody owns the redlines.", "Otherwise fine."
	alone := row(1, "accepted", "Moved on", "chip-ok", "is-ok", "check")
	alone.Self = true
	return []web.HandoffRow{waits, accepted, returned, alone}
}

func handedFacts() []web.HandedFact {
	choices := options("goes along", "closed now", "not sold")
	return []web.HandedFact{{ID: "c-7f3a", Kind: "commitment", Title: "Go-live on 1 March 2027", Href: "/x#c-7f3a", Audience: web.AudienceInternal, Place: "Close plan", Owner: "tom", Due: "2027-03-01", As: "carry", Choices: choices},
		{ID: "c-7f3b", Kind: "commitment", Title: "Training for 40 people", Href: "/x#c-7f3b", Audience: web.AudienceExternal, Place: "Terms", As: "carry", Choices: choices, Acknowledged: true}}
}

func handoffForm(sh web.Shell, kind string) web.HandoffFormView {
	rows := handoffRows()
	sh.Audience = web.AudienceInternal
	v := web.HandoffFormView{Shell: sh, Form: faulty(), Action: "/p/northwind-rail/handoff", Heading: "Hand Northwind Rail to Delivering", From: "closing", To: "delivering", FromName: "Closing", ToName: "Delivering", Last: 3, Kind: kind,
		Targets: []web.Choice{{Label: "Back to Pricing", Href: "/x"}, {Label: "Delivering", Href: "/x", On: true}}, Returned: &rows[2], There: 1, FactCount: 2, Warn: "delivery", Draft: "northwind-rail/handoff/delivering", Tomorrow: "2026-11-23",
		Criteria:  []web.CriterionRow{{ID: "signed", Text: "Both have signed", Met: true, Evidence: "Ingrid, 3 November"}, {ID: "po", Text: "Purchase order is there", Waived: "They do not use them"}},
		Needed:    []web.NeededRow{{Place: "internal/closing/close-plan", Title: "Close plan", Href: "/x", Audience: web.AudienceInternal, Present: true}, {Place: "external/closing/terms", Title: "Terms", Href: "/x", Audience: web.AudienceExternal, Create: "/x", Waived: "Sent on paper"}},
		Facts:     []web.HandedGroup{{Kind: "commitment", Open: true, Facts: handedFacts()}},
		Documents: []web.DocumentRow{{Place: "external/closing/terms", Title: "Terms", Href: "/x", Number: 3, State: "sent", Choices: options("not sent", "sent", "agreed")}}, Receivers: options("Tom Okafor, delivery", "Priya Nair, technical")}
	if kind != "forward" {
		v.Returned, v.Open = nil, &rows[0]
		v.Preview = "<p>What they get.</p>"
	}
	return v
}

func handoffOne(sh web.Shell, row web.HandoffRow) web.HandoffView {
	sh.Audience = web.AudienceInternal
	scale := options("1", "2", "3", "4", "5")
	return web.HandoffView{Shell: sh, Row: row, Body: "<h2>Sold</h2><p>Two depots.</p>", Form: faulty(), Action: "/p/northwind-rail/handoffs/4", Facts: handedFacts(),
		Scales:    []web.RatingScale{{Name: "content", Label: "Content", Hint: "Was it written down?", Choices: scale, Error: "Choose 1 to 5."}, {Name: "collaboration", Label: "Collaboration", Hint: "Together?", Choices: scale}},
		Receivers: options("Priya Nair, technical"), Answers: []web.AnswerRow{{By: tom, At: noon, What: "acknowledged 2 facts"}, {By: tom, At: noon, What: "returned it", Text: "Nobody owns the redlines."}}, Prev: "/x",
		CanAnswer: row.State == "offered", CanDelegate: row.State == "offered", CanWithdraw: row.State == "offered", CanRemind: row.State == "offered", CanRate: row.Self, Again: "/x"}
}
