package ui_test

import (
	"strings"
	"testing"
	"time"

	"dealwiki/web"
)

// portal is the frame of a shared space.
func portal(title, tab string, write bool) web.SharedShell {
	v := web.SharedShell{Shell: web.Shell{Title: title, Path: "/shared/northwind-rail"}, Portal: &web.Portal{Home: "/shared/northwind-rail", Customer: "Northwind Rail", Company: "Fairlead", Me: ingrid, Write: write, Comment: true,
		Search: "/shared/northwind-rail/search", New: "/shared/northwind-rail/new", Unread: 2, Present: "/-/shared/northwind-rail/present", StaffHref: "/p/northwind-rail"}}
	for _, label := range []string{"Overview", "Mutual action plan", "Implementation timeline", "Files"} {
		v.Portal.Tabs = append(v.Portal.Tabs, web.NavLink{Label: label, Href: "/shared/northwind-rail/" + label, Current: label == tab})
	}
	return v
}

func guestPerson(name string, color int) web.Person {
	return web.Person{Name: name, Initials: web.Initials(name), Color: color}
}

func plan(write bool) *web.PlanView {
	step := func(text string, done, late, yours bool) web.PlanStep {
		return web.PlanStep{Text: text, Href: "/shared/northwind-rail/mutual-action-plan#t-1", Line: 9, Done: done, Late: late, Yours: yours, Due: noon, DueText: "12 Nov", Customer: []string{"You", "Lars"}, Company: []string{"Dana"}}
	}
	none := step("Not planned yet", false, false, false)
	none.Customer, none.Company, none.DueText = nil, nil, ""
	return &web.PlanView{Href: "/shared/northwind-rail/mutual-action-plan", Title: "Mutual action plan", Done: 1, All: 4, Goal: noon, Customer: "Northwind", Company: "Fairlead", Version: "4f0c", Write: write,
		Open: []web.PlanStep{step("Choose who signs", false, true, true), step("Agree the cap", false, false, false), none}, Finished: []web.PlanStep{step("Accept the security answers", true, false, false)},
		Drawing: web.Drawing{Class: "map-line", Width: 1060, Height: 104, Label: "Timeline", Marks: []web.Mark{{Kind: "line", Class: "base", X: 20, Y: 52, W: 1040, H: 52}, {Kind: "dot", Class: "dot-warn", X: 300, Y: 52}, {Kind: "text", Class: "t-strong", X: 300, Y: 22, Text: "Penalty cap"}}}}
}

func sharedHead(write bool) web.SharedHead {
	return web.SharedHead{Title: "Mutual action plan", Href: "/shared/northwind-rail/mutual-action-plan", Version: "4f0c", Number: 7, By: guestPerson("Tom Okafor", 3), At: ago(time.Hour), Minutes: 2, CanWrite: write}
}

// sharedExamples are the screens of the portal.
func sharedExamples() []example {
	staff := portal("Overview", "Overview", true)
	staff.Portal.Staff = true
	news := []web.SharedChange{{Who: guestPerson("Tom Okafor", 3), Verb: "wrote", Title: "Terms", Href: "/shared/n/terms", Compare: "/shared/n/terms/compare", At: ago(time.Hour), Note: "Go-live moved"}, {Who: ingrid, Verb: "started", Title: "Notes", Href: "/shared/n/notes", At: ago(2 * time.Hour)}}
	fact := web.SharedFact{Kind: "decision", Title: "Roll out by depot", Body: "Not by fleet.", By: "Ingrid Solberg", At: ago(time.Hour), Due: "2026-11-20", Late: true, Href: "/shared/n/plan#d-1", Page: "Plan"}
	overview := web.SharedOverview{SharedShell: portal("Overview", "Overview", true), Steps: []web.SharedStepView{{Name: "Understanding the need", State: "done"}, {Name: "Signing", State: "current"}, {Name: "Going live", State: "ahead"}},
		Goal: noon, GoalIn: "in 15 weeks", Plan: plan(true), Agreed: []web.SharedFact{fact}, Waiting: plan(true).Open[:1], News: news, Pages: []web.SharedPageRow{{Title: "Terms", Href: "/shared/n/terms", Lead: "What we agree.", By: guestPerson("Dana Reyes", 1), At: ago(time.Hour), Unread: true}},
		Files: files(), People: []web.SharedPerson{{Person: guestPerson("Dana Reyes", 1), Side: "Fairlead"}, {Person: ingrid, Side: "Northwind Rail"}}, Brief: "/shared/northwind-rail/brief"}
	page := web.SharedPageView{SharedShell: portal("Mutual action plan", "Mutual action plan", true), Page: sharedHead(true), Body: prose, Plan: plan(true), Waiting: plan(true).Open[:1], Outline: []web.Heading{{Text: "Steps", ID: "left", Level: 2}},
		Linked: []web.Link{{Title: "Terms", Href: "/shared/n/terms"}}, Files: files(), Comments: comments("", true)}
	old := page
	old.Page.CanWrite, old.Comments, old.Plan = false, nil, nil
	old.Old = &web.OldVersion{Number: 3, At: ago(time.Hour), By: ingrid, Commit: "c3", Compare: "/shared/n/terms/compare", Restore: true}
	old.Notice = "This page is very long, so it is shown as source."
	row := web.VersionRow{Number: 3, Commit: "c", Subject: "Terms", By: ingrid, At: noon, Href: "/shared/n/terms?at=c"}
	edit := web.SharedEditView{SharedShell: portal("Editing", "", true), Page: sharedHead(true), Text: source, Base: "4f0c", Upload: "/shared/n/files?page=x", MaxFile: "25 MB", Files: []string{"![map](files/map.png)"}}
	overlap := edit
	overlap.Error, overlap.Overlaps, overlap.Preview = "Not saved.", []web.Overlap{{Line: 3, Ours: "a", Theirs: "b"}}, prose
	live := web.SharedLiveView{SharedShell: portal("Editing", "", true), Page: head(web.AudienceExternal), Readers: "Northwind Rail and Fairlead", Write: true, Form: "/shared/n/terms?edit=form", MaxFile: "25 MB",
		Config: web.LiveConfig{Home: "/shared/northwind-rail", Socket: "/live/shared/northwind-rail/terms", Place: "terms", Prospect: "northwind-rail", Section: "external", Title: "Terms", Page: "/shared/n/terms", Nonce: "n0nce", Readers: "Northwind Rail and Fairlead"}}
	wrong := web.Form{Errors: map[string]string{"title": "A page of this name is there already. Choose another title."}}
	search := web.SharedSearchView{SharedShell: portal("Search", "", true), Query: "penalty", Total: 2, Corrected: true, Kinds: []web.Choice{{Label: "Pages", Href: "/shared/n/search?q=penalty&kind=page", Count: 2, On: true}},
		Hits: []web.SharedHitView{{Kind: "page", Icon: "file-text", Title: "Terms", Href: "/shared/n/terms", Fragment: "the <mark>penalty</mark>", By: "Dana Reyes", At: noon}, {Kind: "decision", Icon: "bookmark-plus", Title: "Cap", Href: "/shared/n/terms#d-1", On: "Terms"}}, Pager: web.Pager{Next: "/shared/n/search?q=penalty&page=1"}}
	settings := web.SharedSettingsView{Shell: space("The shared space", web.AudienceExternal), Action: "/p/n/shared-space", Shared: "/shared/n", Owner: true, Start: "/shared/n/mutual-action-plan/start", Stages: []web.SharedStageRow{{Key: "closing", Title: "Closing", Name: "Signing", Usual: "Signing", Current: true}, {Key: "servicing", Title: "Servicing", Usual: "Working together"}}}
	settings.Form = web.Form{Values: map[string]string{"customer": "Northwind Rail", "step": "closing"}, Errors: map[string]string{"goal": "Is a date."}, Error: "Nothing was saved."}
	reader := settings
	reader.Owner, reader.Start, reader.Plan = false, "", "/shared/n/mutual-action-plan"
	return []example{
		{"shared-overview", "shared_overview", overview},
		{"shared-overview-staff", "shared_overview", web.SharedOverview{SharedShell: staff, Start: "/shared/n/mutual-action-plan/start", First: true}},
		{"shared-page", "shared_page", page},
		{"shared-page-old", "shared_page", old},
		{"shared-list", "shared_list", web.SharedListView{SharedShell: web.SharedShell{Shell: web.Shell{Title: "Shared with you"}, Portal: &web.Portal{Home: "/shared", Me: ingrid}}, Spaces: []web.Link{{Title: "Northwind Rail and Fairlead", Href: "/shared/northwind-rail"}}}},
		{"shared-account", "shared_account", web.SharedAccountView{SharedShell: web.SharedShell{Shell: web.Shell{Title: "Your account"}, Portal: &web.Portal{Home: "/shared", Me: ingrid}}, Email: "ingrid@northwind.example",
			Clones: []web.Link{{Title: "Northwind Rail and Fairlead", Href: "https://wiki.example/git/northwind-rail/external.git"}}, Until: noon, New: &web.OneTime{Label: "Your new token", Value: "dw_x", Note: "Copy it now."},
			Tokens: []web.TokenRow{{ID: "t1", Name: "My laptop", Scopes: "git", Created: ago(time.Hour), Expires: noon}}}},
		{"shared-account-plain", "shared_account", web.SharedAccountView{SharedShell: web.SharedShell{Shell: web.Shell{Title: "Your account"}, Portal: &web.Portal{Home: "/shared", Me: ingrid}}, Email: "ingrid@northwind.example"}},
		{"shared-list-empty", "shared_list", web.SharedListView{SharedShell: web.SharedShell{Shell: web.Shell{Title: "Shared with you"}, Portal: &web.Portal{Home: "/shared", Me: ingrid}}}},
		{"shared-history", "shared_history", web.SharedHistoryView{SharedShell: portal("History", "", true), Page: sharedHead(true), Days: versions(), Count: 41, Pager: web.Pager{Next: "/shared/n/terms/history?below=c"}}},
		{"shared-compare", "shared_compare", web.SharedCompareView{SharedShell: portal("What changed", "", true), Page: sharedHead(true), From: row, To: row, FromList: options("3"), ToList: options("4"), Added: 3, Removed: 1, Hunks: hunks(), Restore: true}},
		{"shared-compare-same", "shared_compare", web.SharedCompareView{SharedShell: portal("What changed", "", false), Page: sharedHead(false), From: row, To: row, FromList: options("3"), ToList: options("4"), Same: true}},
		{"shared-files", "shared_files", web.SharedFilesView{SharedShell: portal("Files", "Files", true), Files: files(), Upload: "/shared/n/files", MaxFile: "25 MB"}},
		{"shared-edit", "shared_edit", edit},
		{"shared-edit-overlap", "shared_edit", overlap},
		{"shared-live", "shared_live", live},
		{"shared-search", "shared_search", search},
		{"shared-search-help", "shared_search", web.SharedSearchView{SharedShell: portal("Search", "", false), Help: true}},
		{"shared-new", "shared_new", web.SharedNewView{SharedShell: portal("What is new", "", true), Form: wrong, News: news, Mail: &web.SharedMail{}, Feed: "/feeds/shared/northwind-rail.atom"}},
		{"shared-brief", "shared_brief", web.SharedBriefView{SharedShell: portal("In short", "", true), Lead: "One plan for all depots.", Groups: []web.SharedGroup{{Kind: "decision", Facts: []web.SharedFact{fact}}}, Answers: []web.SharedAnswer{{Question: "What is promised?", Passages: []web.Link{{Title: "Live by March.", Href: "/shared/n/plan", Place: "Plan"}}}},
			Reading: []web.SharedReading{{Title: "Terms", Href: "/shared/n/terms", Minutes: 3, Changed: true}, {Title: "Plan", Href: "/shared/n/plan", Minutes: 2, Read: true}}, Left: 3, Waiting: plan(true).Open[:1], Late: plan(true).Open[:1]}},
		{"shared-error", "shared_error", web.SharedErrorView{Shell: web.Shell{Title: "Not found"}, Heading: "Not found", Text: "There is nothing here, or it is not shared with you.", Safe: "What you typed is still in your browser.", Request: "0011"}},
		{"shared-settings", "shared_settings", settings},
		{"shared-settings-reader", "shared_settings", reader},
	}
}

// The customer's screens have none of the staff's frame.
func TestSharedScreensHaveNoStaffFrame(t *testing.T) {
	_, screens := templates(t)
	for _, e := range sharedExamples() {
		if e.template == "shared_settings" {
			continue
		}
		page := string(draw(t, screens, e))
		for _, word := range []string{`class="topbar"`, `id="palette"`, `class="space-nav"`, `href="/pipeline"`, `href="/people`, `href="/search`, ">External<", "guests see this thread"} {
			if strings.Contains(page, word) {
				t.Errorf("%s shows %s", e.name, word)
			}
		}
	}
}
