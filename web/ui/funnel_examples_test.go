package ui_test

import (
	"fmt"

	"dealwiki/web"
)

func funnelMoves() []web.FunnelMove {
	return []web.FunnelMove{{Name: "move-pricing", Stage: "Pricing", Prospects: links(), Hidden: 2, To: options("Choose a stage", "Closing")}}
}

// funnelForm is the funnel's form with a stage that is wrong.
func funnelForm() web.FunnelView {
	needs := func(prefix string) []web.FunnelNeed {
		return []web.FunnelNeed{{ID: prefix + "need0-", Sections: options("internal", "external"), Page: "first-call", Title: "First call", Template: "internal-prospecting-first-call.md", Optional: true}, {ID: prefix + "need1-", Sections: options("internal", "external")}}
	}
	v := web.FunnelView{Shell: shell("The funnel"), Action: "/playbook/funnel", Text: "/playbook/funnel/text", Base: "c", Ready: tabs(), Moves: funnelMoves(), Account: needs("account-"),
		Form: web.Form{Values: map[string]string{"target": "1200000", "currency": "EURO", "period": "90"}, Errors: map[string]string{"currency": "Give three letters such as EUR."}, Error: "Nothing is saved yet. Mend what is marked in stage 2 (Qualifying)."}}
	for i, title := range []string{"Prospecting", "Qualifying", ""} {
		id := fmt.Sprintf("s%d-", i)
		v.Stages = append(v.Stages, web.FunnelStage{ID: id, At: i, Before: i - 1, Number: i + 1, Was: "x", Key: "prospecting", Title: title, Buyer: "Getting to know each other", Is: "Finding customers we can help", Watch: "Trust takes time.", Days: "18",
			Warn: []web.Option{{Value: "sales", Label: "sales"}, {Value: "delivery", Label: "delivery", Selected: true}}, Exit: "They have agreed to a next talk ^wants-to-look", Needed: needs(id), Open: i > 0, First: i == 0, Last: i == 2,
			Tasks: []web.FunnelTask{{ID: id + "task0-", Text: "Ask around who knows people there", Jobs: options("sales", "technical"), Due: "3"}, {ID: id + "task1-", Jobs: options("–", "sales")}}})
	}
	v.Stages[1].Errors = map[string]string{"days": "Give a number of days from 0 to 3650.", "exit": "^wants-to-look stands on two lines.", "tasks": "Task 1: Give a number of days from 0 to 3650."}
	return v
}
