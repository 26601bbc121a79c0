package ui_test

import (
	"time"

	"dealwiki/web"
)

// sourceExamples are the screens of outside sources.
func sourceExamples() []example {
	item := web.SourceItem{ID: 7, Title: "Northwind Rail names a new head of operations", Link: "https://press.example/1?a=1&b=2", Host: "press.example", Source: "Rail press", Text: "Karin Aasen starts in January.", At: ago(time.Hour), New: true, Keep: "/p/northwind-rail/sources/7/keep", Dismiss: "/p/northwind-rail/sources/7/dismiss"}
	plain := web.SourceItem{ID: 6, Title: "Prior information notice: depot planning", Source: "Public tenders", At: ago(48 * time.Hour), Keep: "/p/northwind-rail/sources/6/keep", Dismiss: "/p/northwind-rail/sources/6/dismiss"}
	kept := plain
	kept.Keep, kept.Dismiss, kept.Page, kept.By = "", "", "/p/northwind-rail/internal/log/2026-11-10-notice", dana
	gone := plain
	gone.Keep, gone.Dismiss, gone.Back, gone.By = "", "", "/p/northwind-rail/sources/6/back", priya
	failing := web.SourceHealth{Name: "Market data", Asked: ago(72 * time.Hour), Next: noon.Add(time.Hour), Since: ago(30 * time.Hour), Problem: "it answers 503: it is asked too often, or is not ready"}
	full := web.SourcesView{Shell: space("Sources", ""), Any: true, Items: []web.SourceItem{item, plain}, New: 1, Shows: tabs(), Filters: tabs(), Failing: []web.SourceHealth{failing}, Held: true, CanWrite: true,
		Sources: []web.SourceHealth{{Name: "Rail press", Asked: ago(time.Hour)}, failing, {Name: "Old feed", Paused: true}, {Name: "New feed"}, {Name: "By name", Held: true}},
		Setup:   "/playbook/sources", Words: "/p/northwind-rail/sources/words", Title: "Northwind Rail", Form: web.Form{Values: map[string]string{"words": "Northwind"}, Errors: map[string]string{"words": "Words are too long; use at most 200 bytes."}}}
	source := func(at int, id, name string) web.SourceForm {
		return web.SourceForm{ID: id, At: at, Key: "k", Name: name, Where: "https://press.example/rss?q={prospect}", Kinds: options("feed", "json"), Every: options("6h", "1d"), Errors: map[string]string{}}
	}
	wrong, tried, silent := source(0, "s0-", "Rail press"), source(1, "s1-", "Tenders"), source(2, "s2-", "")
	wrong.Errors, wrong.Open, wrong.Health, wrong.Paused = map[string]string{"where": "This is not an address.", "name": "This is missing.", "fields": "This has no title.", "every": "This is too often.", "kind": "This is unknown."}, true, &failing, true
	wrong.Tried, wrong.Problem = true, "It answers 503."
	tried.Tried, tried.Found = true, []web.SourceItem{item, {Title: "Without a date"}}
	silent.Tried = true
	return []example{
		{"sources", "sources", full},
		{"sources-kept", "sources", web.SourcesView{Shell: space("Sources", ""), Any: true, State: "kept", Items: []web.SourceItem{kept}, Shows: tabs(), Title: "Northwind Rail"}},
		{"sources-dismissed", "sources", web.SourcesView{Shell: space("Sources", ""), Any: true, State: "dismissed", Items: []web.SourceItem{gone}, Shows: tabs(), Title: "Northwind Rail"}},
		{"sources-nothing", "sources", web.SourcesView{Shell: space("Sources", ""), Any: true, Shows: tabs(), Title: "Northwind Rail"}},
		{"sources-none", "sources", web.SourcesView{Shell: space("Sources", ""), Shows: tabs(), Title: "Northwind Rail", Problem: "Sources.yaml cannot be read: line 3."}},
		{"source-setup", "source-setup", web.SourceSetupView{Shell: shell("Outside sources"), Action: "/playbook/sources", Text: "/playbook/sources/text", Base: "c", Error: "Nothing is saved yet. Mend what is marked in Rail press.", Sources: []web.SourceForm{wrong, tried, silent}, Prospects: options("Northwind Rail")}},
		{"source-setup-empty", "source-setup", web.SourceSetupView{Shell: shell("Outside sources"), Action: "/playbook/sources", Text: "/playbook/sources/text", Base: "c"}},
		{"source-text", "source-text", web.SourceTextView{Shell: shell("The sources as text"), Action: "/playbook/sources/text", Form: "/playbook/sources", Text: "sources: []\n", Base: "c", Error: "Line 3: link is no setting here."}},
		{"log-address", "log", web.LogView{Shell: space("Log", ""), TakesMail: true, Address: "northwind-rail+abcdefghij2345klmnop@deals.example", Renew: "/p/northwind-rail/log/address"}},
		{"log-no-address", "log", web.LogView{Shell: space("Log", ""), TakesMail: true, Renew: "/p/northwind-rail/log/address"}},
	}
}
