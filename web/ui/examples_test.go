package ui_test

import (
	"html/template"
	"time"

	"dealwiki/web"
)

// example is a screen as somebody could see it.
type example struct {
	name     string // of the example
	template string
	view     any
}

var (
	dana   = person("Dana Reyes", 1)
	priya  = person("Priya Nair", 2)
	tom    = person("Tom Okafor", 3)
	marta  = person("Marta Lindqvist", 4)
	ingrid = web.Person{Name: "Ingrid Solberg", Initials: "IS", Color: 7, Guest: true}
	noon   = time.Date(2026, 11, 12, 13, 20, 0, 0, time.UTC)
)

func person(name string, color int) web.Person {
	return web.Person{Name: name, Handle: "p", Initials: web.Initials(name), Color: color, Href: "/people/p"}
}

func ago(d time.Duration) time.Time { return noon.Add(-d) }

func shell(title string) web.Shell {
	return web.Shell{Title: title, Company: "Fairlead", Path: "/", Me: &web.Me{Person: dana, Email: "dana@fairlead.example", Admin: true}}
}

func space(title, audience string) web.Shell {
	sh := shell(title)
	sh.Audience = audience
	sh.Crumbs = []web.Crumb{{Label: "Pipeline", Href: "/"}, {Label: "Northwind Rail", Href: "/p/northwind-rail"}, {Label: title}}
	sh.Keys = web.Keys{Brief: "/p/northwind-rail", Edit: "/p/northwind-rail/internal/closing/close-plan?edit", History: "/p/northwind-rail/internal/closing/close-plan/history", Prev: "/p/northwind-rail/internal/closing/a", Next: "/p/northwind-rail/internal/closing/b", About: true}
	page := func(title string, current, unread bool) web.NavPage {
		return web.NavPage{Title: title, Href: "/p/northwind-rail/internal/closing/" + title, Current: current, Unread: unread}
	}
	missing := web.NavPage{Title: "Reference-call notes", Href: "/p/n", Missing: true, Create: "/p/n/create"}
	step := func(name, state string) web.Step {
		return web.Step{Name: name, Href: "/p/northwind-rail#stage-x", State: state}
	}
	sh.Space = &web.Space{
		Slug: "northwind-rail", Name: "Northwind Rail", Href: "/p/northwind-rail", Value: "EUR 840k", Owner: "Dana Reyes", Day: 163,
		Steps: []web.Step{step("Prospecting", "done"), step("Qualifying", "done"), step("Pricing", "done"), step("Proposing", "done"),
			step("Negotiating", "done"), step("Closing", "current"), step("Delivering", "ahead"), step("Servicing", "ahead")},
		StageName: "Closing", StageDays: 9, Typical: 12, Missing: 2, Needed: 6, MissingTo: "/p/northwind-rail#needed",
		Links: []web.NavLink{{Label: "Overview", Href: "/p/northwind-rail", Icon: "gauge"}, {Label: "Changes", Href: "/p/northwind-rail/changes", Icon: "history"},
			{Label: "Files", Href: "/p/northwind-rail/files", Icon: "paperclip", Count: "7"}, {Label: "Settings", Href: "/p/northwind-rail/settings", Icon: "settings"}},
		Sections: []web.NavSection{
			{Audience: web.AudienceInternal, Note: "staff only", Stages: []web.NavStage{
				{Key: "closing", Name: "Closing", Open: true, Now: true, Count: 4, Pages: []web.NavPage{page("Close plan", title == "Close plan", false), page("Open redlines", false, true), page("Migration rehearsal", false, true), page("Staffing for delivery", false, false), missing}},
				{Key: "negotiating", Name: "Negotiating", Count: 6, Pages: []web.NavPage{page("Negotiated terms", false, false)}},
				{Key: "proposing", Name: "Proposing", Count: 5}}},
			{Audience: web.AudienceExternal, Note: "3 guests can edit", Stages: []web.NavStage{
				{Key: "closing", Name: "Closing", Open: true, Now: true, Count: 3, Pages: []web.NavPage{page("Mutual action plan", false, true), page("Implementation timeline", title == "Implementation timeline", false),
					{Title: "Countersigned DPA", Href: "/p/n", Missing: true}}}}},
		},
		CanWrite: true, NewPage: "/p/northwind-rail/new",
	}
	return sh
}

func head(audience string) web.PageHead {
	title, href := "Close plan", "/p/northwind-rail/internal/closing/close-plan"
	if audience == web.AudienceExternal {
		title, href = "Implementation timeline", "/p/northwind-rail/external/closing/implementation-timeline"
	}
	return web.PageHead{Title: title, Href: href, Audience: audience, Stage: "Closing", StageHref: "/p/northwind-rail#stage-closing",
		Version: "4f0c", Number: 41, By: tom, At: ago(3 * time.Second), Words: 700, Minutes: 4, Tags: []string{"legal"}, CanWrite: true, CanDelete: true}
}

// prose is what content makes of a page.
const prose = template.HTML(`<p>Northwind signs on <strong>27 November</strong> if three things land: the data processing terms, the penalty cap and the migration rehearsal. Everything else in <a class="wikilink" href="#">Negotiated terms</a> is agreed.</p>
<div class="fact fact-decision" role="note" aria-label="Decision" id="d-1" data-line="3"><span class="fact-tile"></span><p class="fact-label">Decision<span class="meta"><a class="person" href="#">Dana Reyes</a> · 29 Oct 2026</span></p><p class="fact-title">Three-year term at EUR 840,000, uplift capped at 4 % a year.</p></div>
<h2 id="left">What is left before signature<a class="anchor" href="#left" aria-label="Link to this section"></a></h2>
<ul class="task-list"><li class="is-done"><input type="checkbox" checked="" data-line="7" aria-label="Redlines back from Northwind legal"><span class="task-text">Redlines back from Northwind legal</span><span class="meta">Dana · 6 Nov</span></li><li id="t-1"><input type="checkbox" data-line="8" aria-label="Data processing agreement countersigned"><span class="task-text">Data processing agreement countersigned</span><span class="meta">Hana · due 17 Nov</span></li></ul>
<div class="fact fact-commitment" role="note" aria-label="Commitment"><span class="fact-tile"></span><p class="fact-label">Commitment<span class="meta">Dana · 14 Oct</span></p><p class="fact-title">Moving six years of work orders is inside the fixed price.</p><p>Promised to Ingrid in person; do not reopen it.</p></div>
<h2 id="price">Price as agreed<a class="anchor" href="#price" aria-label="Link to this section"></a></h2>
<div class="table-scroll" tabindex="0" role="region" aria-label="Table"><table class="data-table"><thead><tr><th scope="col">EUR</th><th scope="col" class="num">Year 1</th><th scope="col" class="num">Total</th></tr></thead><tbody><tr><td>Platform, 212 trainsets</td><td class="num">230,000</td><td class="num">690,000</td></tr></tbody></table></div>
<p>Our walk-away: we take a 10 % cap only if the first go-live moves to 15 March. <a class="mention" href="#">@Wen Zhao</a> has approved this. Use <code>assetnum</code>.</p>
<blockquote><p>We cannot go to the board twice.</p></blockquote>
<ul><li>First</li><li>Second<ul><li>Nested</li></ul></li></ul>
<h3 id="rehearsal">Migration rehearsal<a class="anchor" href="#rehearsal" aria-label="Link to this section"></a></h3>
<div class="fact fact-risk" role="note" aria-label="Risk"><span class="fact-tile"></span><p class="fact-label">Risk<span class="meta">Priya · 10 Nov</span></p><p class="fact-title">9 % of sampled work orders carry no asset number, so they would import as orphans.</p></div>
<pre tabindex="0" role="region" aria-label="SQL"><code class="language-sql"><span class="tok-com">-- share of work orders without an asset</span>
<span class="tok-key">select</span> <span class="tok-name">count</span>(*) <span class="tok-key">from</span> workorder <span class="tok-key">where</span> assetnum = <span class="tok-str">'x'</span> <span class="tok-key">and</span> n &gt; <span class="tok-num">9</span>;</code></pre>
<div class="fact fact-question is-closed" role="note" aria-label="Question"><span class="fact-tile"></span><p class="fact-label">Question<span class="meta">Tom · <span class="fact-status">answered</span></span></p><p class="fact-title">Are the 14 shunting locomotives part of phase 1?</p></div>
<div class="fact fact-stakeholder" role="note" aria-label="Stakeholder"><span class="fact-tile"></span><p class="fact-label">Stakeholder<span class="meta">economic buyer · high influence · no access yet</span></p><p class="fact-title">Lars Nyberg, chief financial officer</p></div>
<div class="fact fact-requirement" role="note" aria-label="Requirement"><span class="fact-tile"></span><p class="fact-label">Requirement</p><p class="fact-title">Tablets keep working for a full shift without a network.</p></div>
<div class="callout callout-tip" role="note" aria-label="Tip"><span class="callout-tile"></span><p class="callout-label">Tip</p><p>Ask for the 2024 survey.</p></div>
<div class="callout callout-caution" role="note" aria-label="Caution"><span class="callout-tile"></span><p class="callout-label">Caution</p><p>Do not mail prices.</p></div>
<p>Fallback: the <a class="wikilink is-new" title="This page does not exist yet" href="#">Penalty schedule</a> as a side letter. <span class="missing-image" title="This file does not exist">depot map</span></p>
<section class="footnotes" role="doc-endnotes"><hr>
<ol><li id="fn-1"><p>As said on 12 November. <a class="footnote-backref" role="doc-backlink" aria-label="Back to the text" href="#fnref-1">↩︎</a></p></li></ol></section>`)

func deal(name, value string, owner web.Person, days, typical, missing, unread int) web.Deal {
	return web.Deal{Name: name, Href: "/p/x", Value: value, Owner: owner, Stage: "Closing", Steps: []string{"done", "done", "done", "done", "done", "current", "ahead", "ahead"},
		Days: days, Typical: typical, Missing: missing, Needed: 6, Unread: unread, Changed: ago(time.Duration(days) * time.Hour)}
}

// live is the live editor of a page, still waiting for its server.
func live(audience string, write bool) web.LiveView {
	h := head(audience)
	v := web.LiveView{Shell: space(h.Title, audience), Page: h, Write: write, MaxFile: "25 MB", Form: h.Href + "?edit&form",
		Config: web.LiveConfig{Socket: "/live/northwind-rail/" + audience + "/closing/close-plan", Epoch: "e1", Place: audience + "/closing/close-plan",
			Prospect: "northwind-rail", Section: audience, Stage: "closing", Title: h.Title, Write: write, Version: h.Version, Number: h.Number,
			Me:   web.LivePerson{ID: "dana", Name: "Dana Reyes", Initials: "DR", Color: "#2767ab", Number: 1},
			Page: h.Href, Leave: h.Href, Nonce: "n0nce"}}
	if audience == web.AudienceExternal {
		v.Readers, v.Config.Readers = "Northwind Rail", "Northwind Rail"
	}
	return v
}

func versions() []web.VersionDay {
	row := func(n int, subject string, by web.Person, at time.Time, added, removed int) web.VersionRow {
		return web.VersionRow{Number: n, Commit: "c" + subject, Subject: subject, By: by, At: at, Added: added, Removed: removed, Href: "/p/n?at=c", Compare: "/p/n/compare?from=a&to=b", Restore: true}
	}
	now := row(41, "Due date on a task", tom, ago(time.Minute), 2, 1)
	now.Current, now.To, now.Restore, now.Grouped, now.With = true, true, false, 2, []web.Person{priya}
	before := row(40, "Cap wording, walk-away", dana, ago(3*time.Hour), 12, 6)
	before.From = true
	moved := row(39, "Signature moved a week", dana, ago(27*time.Hour), 11, 5)
	moved.Renamed = "internal/negotiating/close-plan"
	gone := row(38, "Removed", priya, ago(48*time.Hour), 0, 40)
	gone.Deleted, gone.Restore = true, false
	return []web.VersionDay{{Label: "Today", Versions: []web.VersionRow{now, before}}, {Label: "Yesterday", Versions: []web.VersionRow{moved, gone}}}
}

func changes() []web.Change {
	return []web.Change{
		{Who: tom, At: ago(time.Minute), Title: "Close plan", Href: "/p/n", Audience: "internal", Place: "Closing", Subject: "Due date on a task", Verb: "wrote", Added: 2, Removed: 1, Compare: "/p/n/compare"},
		{Who: ingrid, At: ago(5 * time.Hour), Title: "Mutual action plan", Href: "/p/n", Audience: "external", Place: "Closing", Verb: "wrote", Added: 8, Removed: 3, Compare: "/p/n/compare"},
		{Who: dana, At: ago(50 * time.Hour), Title: "Old price model", Audience: "internal", Place: "Pricing", Verb: "deleted", Removed: 80},
	}
}

func links() []web.Link {
	return []web.Link{{Title: "Negotiated terms", Href: "/p/n", Audience: "internal", Place: "Negotiating"}, {Title: "Staffing for delivery", Href: "/p/n", Audience: "internal", Place: "Closing"}}
}

// comments are threads of every kind.
func comments(audience string, may bool) *web.CommentsView {
	v := &web.CommentsView{Action: "/p/n/comments", Audience: audience, Version: "4f0c", May: may}
	if audience == web.AudienceExternal {
		v.Note = "/p/n/new"
	}
	said := func(id string, by web.Person, text template.HTML, mine bool) web.CommentItem {
		return web.CommentItem{ID: id, By: by, At: ago(time.Hour), HTML: "<p>" + text + "</p>", Text: string(text), Mine: mine, Remove: mine}
	}
	edited := said("m3", dana, "Half a day, <a class=\"mention\" href=\"#\">@tom</a>.", may)
	edited.Edited = ago(time.Minute)
	v.Open = []web.CommentThread{
		{In: v, ID: "t1", Comments: []web.CommentItem{said("m1", tom, "Can we shorten this page?", false)}},
		{In: v, ID: "t2", Quote: "27 November", Now: "27 November", Before: "Northwind signs on ", At: 0.1, Note: v.Note, Comments: []web.CommentItem{said("m2", ingrid, "Or a week later?", false), edited}},
		{In: v, ID: "t3", Quote: "a paragraph that was taken out", Heading: "Risks", Gone: true, Comments: []web.CommentItem{said("m4", priya, "Why?", false)}},
	}
	v.Resolved = []web.CommentThread{{In: v, ID: "t4", Quote: "Three-year term", Comments: []web.CommentItem{said("m5", tom, "Settled.", false)}, Resolved: &web.CommentResolution{By: dana, At: noon}}}
	return v
}

func facts() []web.FactLink {
	return []web.FactLink{{Kind: "decision", Title: "Three-year term, EUR 840,000", Href: "#d-1", Open: true}, {Kind: "commitment", Title: "Migration inside fixed price", Href: "#c-1", Open: true},
		{Kind: "risk", Title: "9 % of work orders lack an asset", Href: "#r-1", Open: true}, {Kind: "question", Title: "Shunting locomotives in phase 1?", Href: "#q-1"}, {Kind: "stakeholder", Title: "Lars Nyberg", Href: "#s-1", Open: true}}
}

func files() []web.FileLink {
	return []web.FileLink{{Name: "tender.xlsx", Href: "/p/n", Size: "84 kB", Icon: "file-spreadsheet", At: ago(time.Hour), By: priya, Used: 2, Place: "Closing"},
		{Name: "depot-map.png", Href: "/p/n", Size: "1.2 MB", Icon: "file-image", At: ago(30 * time.Hour), By: dana, Used: 0, Place: "Proposing"}}
}

func options(labels ...string) []web.Option {
	var out []web.Option
	for i, l := range labels {
		out = append(out, web.Option{Value: l, Label: l, Hint: "as it is", Selected: i == 0})
	}
	return out
}

func tabs() []web.Choice {
	return []web.Choice{{Label: "People and access", Href: "/admin/people", On: true}, {Label: "Import", Href: "/admin/import"}, {Label: "Audit log", Href: "/admin/audit"}}
}

func faulty() web.Form {
	return web.Form{Values: map[string]string{"name": "Acme", "restricted": "yes"}, Errors: map[string]string{"name": "There is a prospect of this name. Choose another."}, Error: "Nothing was saved. Look at the marked fields."}
}

func hunks() []web.DiffHunk {
	span := func(kind, text string) web.DiffSpan { return web.DiffSpan{Kind: kind, Text: text} }
	return []web.DiffHunk{
		{Blocks: []web.DiffBlock{{Kind: "changed", Lines: []web.DiffLine{
			{A: 3, Kind: "removed", Spans: []web.DiffSpan{span("", "Northwind signs on "), span("del", "20 November"), span("", " if two things land.")}},
			{B: 3, Kind: "added", Spans: []web.DiffSpan{span("", "Northwind signs on "), span("ins", "27 November"), span("", " if three things land.")}}}}}},
		{Skipped: 14, Heading: "Migration rehearsal", Blocks: []web.DiffBlock{
			{Kind: "same", Lines: []web.DiffLine{{A: 18, B: 18, Kind: "same", Spans: []web.DiffSpan{span("", "## Migration rehearsal")}}}},
			{Kind: "added", Lines: []web.DiffLine{{B: 19, Kind: "added", Spans: []web.DiffSpan{span("ins", "> [!risk] 9 % of sampled work orders carry no asset number")}}}},
			{Kind: "removed", Lines: []web.DiffLine{{A: 19, Kind: "removed", Spans: []web.DiffSpan{span("del", "Henrik expects the export to be clean.")}}}}}},
	}
}

const source = "# Close plan\n\nNorthwind signs on **27 November** if three things land.\n\n> [!decision] Three-year term at EUR 840,000 ^d-1\n> Uplift capped at 4 % a year.\n\n## What is left\n\n- [x] Redlines back\n- [ ] Data processing agreement countersigned @hana due:2026-11-17\n"

// examples draws every template at least once.
func examples() []example {
	board := web.BoardView{Shell: shell("Pipeline"), CanCreate: true, BoardHref: "/", TableHref: "/?view=table", Total: "EUR 1.05M",
		Figures: []web.Figure{{Label: "Open pipeline", Value: "€5.51M"}, {Label: "Open deals", Value: "13"}, {Label: "Expected this month", Value: "€1.04M"}},
		Owners:  options("anyone", "Dana Reyes"),
		Filters: []web.Choice{{Label: "Missing content", Href: "/?missing", Icon: "missing", Count: 4}, {Label: "Over typical time", Href: "/?over", Icon: "hourglass", Count: 2, On: true}, {Label: "Unread", Href: "/?unread", Icon: "unread", Count: 5}}}
	board.Nav = "pipeline"
	for _, stage := range []string{"Prospecting", "Qualifying", "Pricing", "Proposing", "Negotiating", "Closing", "Delivering", "Servicing"} {
		board.Columns = append(board.Columns, web.BoardColumn{Key: stage, Name: stage, Total: "€1.04M", Deals: []web.Deal{deal("Northwind Rail", "EUR 840k", dana, 9, 12, 2, 3), deal("Kestrel Logistics", "EUR 205k", priya, 31, 12, 0, 0)}})
	}
	won := deal("Harbour Cranes Tallinn", "EUR 330k", tom, 41, 70, 0, 0)
	won.Outcome, won.Restricted = "won", true
	board.Rows = []web.Deal{deal("Northwind Rail", "EUR 840k", dana, 9, 12, 2, 3), deal("Sund Bridge Authority", "EUR 1,150k", marta, 41, 30, 1, 0), won, {Name: "Nobody’s deal", Href: "/p/x", Stage: "Prospecting"}}
	table := board
	table.Table = true
	by := web.Choice{Href: "/?view=table&sort=name"}
	table.Sorts = web.BoardSorts{Name: by, Value: by, Owner: by, Days: by, Close: by, Changed: by}
	empty := web.BoardView{Shell: shell("Pipeline"), CanCreate: true, BoardHref: "/", TableHref: "/?view=table"}

	pageOf := func(audience string) web.PageView {
		return web.PageView{Shell: space(head(audience).Title, audience), Page: head(audience), Body: prose,
			Outline: []web.Heading{{Text: "What is left before signature", ID: "left", Level: 2}, {Text: "Price as agreed", ID: "price", Level: 2}, {Text: "Migration rehearsal", ID: "rehearsal", Level: 3}},
			Facts:   facts(), Backlinks: links(), Files: files(), Comments: comments(audience, true),
			Authors: []web.Share{{Person: dana, Percent: 58, X: 0, Width: 57}, {Person: priya, Percent: 27, X: 58, Width: 26}, {Person: tom, Percent: 15, X: 85, Width: 15}}}
	}
	old := pageOf(web.AudienceInternal)
	old.Comments = nil
	old.Old = &web.OldVersion{Number: 37, At: ago(50 * time.Hour), By: dana, Commit: "c37", Compare: "/p/n/compare", Restore: true}
	old.Notice = "This page is very long, so it is shown as source."
	old.Flash = &web.Flash{Kind: "warn", Text: "Somebody changed this page while you were writing."}
	reader := pageOf(web.AudienceInternal)
	reader.Page.CanWrite, reader.Page.CanDelete, reader.Untouched, reader.Facts, reader.Backlinks = false, false, true, nil, nil
	reader.Comments = comments(web.AudienceInternal, false)
	reader.Comments.Problem = "The comments of this page: closing/close-plan.comments.yaml holds a conflict of a merge on line 3."
	reader.Flash = &web.Flash{Kind: "ok", Text: "Saved as version 41", Href: "/p/n", Label: "Undo"}

	needs := []web.Need{{Title: "Reference-call notes", About: "What their reference customers told us.", Audience: "internal", Href: "/p/n", Create: "/p/n/create"},
		{Title: "Close plan", Audience: "internal", Href: "/p/n", Present: true}, {Title: "Mutual action plan", Audience: "external", Href: "/p/n", Untouched: true}}
	cards := []web.Card{{Title: "First call", About: "Who you spoke to, what hurts, what happens next.", Icon: "phone", Audience: "internal", Create: "/x"},
		{Title: "Who decides", About: "Stakeholders, their role, who knows whom.", Icon: "users", Audience: "internal", Create: "/x"},
		{Title: "Mutual action plan", About: "Steps and dates both sides keep.", Icon: "handshake", Audience: "external", Create: "/x"}}
	pages := []web.SpacePage{{Title: "Close plan", Href: "/p/n", Lead: "Northwind signs on 27 November if three things land: the data processing terms, the penalty cap and the migration rehearsal.", Audience: "internal", By: tom, At: ago(time.Minute), Unread: true},
		{Title: "Open redlines", Href: "/p/n", Audience: "internal", By: dana, At: ago(40 * time.Hour), Untouched: true}, {Title: "Reference-call notes", Href: "/p/n", Lead: "What their reference customers told us.", Audience: "internal", Missing: true, Create: "/p/n/create"}}
	shared := []web.SpacePage{{Title: "Mutual action plan", Href: "/p/n", Lead: "Steps and dates.", Audience: "external", By: ingrid, At: ago(time.Hour)}}
	full := web.SpaceView{Shell: space("Northwind Rail", ""), Lead: "Northwind Rail runs 212 trainsets from four depots and plans maintenance on paper.", LeadTo: "/p/n",
		Stages: []web.SpaceStage{{Key: "closing", Name: "Closing", State: "current", Internal: pages, External: shared}, {Key: "negotiating", Name: "Negotiating", State: "done", Internal: pages[:2]}},
		News:   changes(), Since: ago(48 * time.Hour), Missing: needs, Upload: "/x", MaxFile: "25 MB", Facts: facts()[:2], People: []web.Person{dana, priya, tom}}
	fresh := web.SpaceView{Shell: space("Arden Harbour Rail", ""), Empty: true, Cards: cards, Upload: "/x", MaxFile: "25 MB"}
	fresh.Flash = &web.Flash{Kind: "ok", Text: "Space created"}

	edit := web.EditView{Shell: space("Close plan", web.AudienceInternal), Page: head(web.AudienceInternal), Text: source, Base: "4f0c", Preview: prose, Place: "internal/closing/close-plan",
		FilesAPI: "/api/v1/prospects/northwind-rail/files/internal/closing", Upload: "/p/northwind-rail/files/internal", MaxFile: "25 MB", MaxBytes: 25 << 20}
	edit.Editor, edit.Keys.Leave = true, "/p/northwind-rail/internal/closing/close-plan"
	merged := edit
	merged.Shell = space("Implementation timeline", web.AudienceExternal)
	merged.Editor, merged.Keys.Leave = true, edit.Keys.Leave
	merged.Page, merged.Readers = head(web.AudienceExternal), "Northwind Rail"
	merged.Overlaps = []web.Overlap{{Line: 3, Ours: "We go live on 1 March.", Theirs: "We go live on 15 March."}}
	merged.Error = "The text was not saved yet."

	fileView := func(kind string) web.FileView {
		sh := space("tender.xlsx", web.AudienceInternal)
		return web.FileView{Shell: sh, Name: "tender.xlsx", Kind: kind, Type: "Excel workbook", Size: "84 kB", Raw: "/x", Download: "/x", At: ago(time.Hour), By: priya, UsedOn: links(), Delete: "/x/delete", Embed: "[tender.xlsx](files/tender.xlsx)", Text: "plain text",
			Tables: []web.TableSheet{{Name: "Prices", Header: []string{"Item", "Units", "Price"}, Rows: [][]string{{"Platform", "212", "230,000.00"}, {"Set-up", "4", "110,000.00"}}, More: 12}}, Versions: versions()[0].Versions}
	}
	hits := []web.Hit{{Title: "Close plan", Href: "/p/n", Kind: "page", Audience: "internal", Place: "Northwind Rail / Closing", Fragment: "the data processing terms, the <mark>penalty cap</mark> and the migration rehearsal.", By: "Tom", At: ago(time.Minute)},
		{Title: "tender.xlsx", Href: "/p/n", Kind: "file", Audience: "external", Place: "Northwind Rail / Closing", Where: "sheet Prices", Fragment: "<mark>penalty</mark>", By: "Priya", At: ago(80 * time.Hour)}}
	results := web.SearchView{Shell: shell("penalty cap"), Query: "penalty cap", Total: 12, Took: 8 * time.Millisecond, Hits: hits, Sort: options("Best match", "Newest"),
		Facts:  []web.Hit{{Title: "Is the <mark>penalty</mark> <mark>cap</mark> 5 % or 10 %?", Href: "/p/n", Kind: "question", Audience: "internal", Place: "Open redlines", By: "Dana", At: ago(48 * time.Hour)}},
		Chips:  []web.Choice{{Label: "Northwind Rail", Href: "/search?q=penalty"}},
		Facets: []web.Facet{{Title: "Who can see it", Values: []web.FacetValue{{Label: "Internal", Href: "/search", Count: 9, On: true, Audience: "internal"}, {Label: "External", Href: "/search", Count: 3, Audience: "external"}}}, {Title: "Stage", Values: []web.FacetValue{{Label: "Closing", Href: "/search", Count: 5}}}},
		Pager:  web.Pager{Next: "/search?cursor=x", Note: "1 to 10 of 12"}}
	results.Nav = "search"
	nothing := web.SearchView{Shell: shell("xyzzy"), Query: "xyzzy", Chips: results.Chips, Took: time.Millisecond}

	reveal := web.MoveView{Shell: space("Close plan", web.AudienceInternal), Page: head(web.AudienceInternal), Action: "/x", Sections: options("external", "internal"), Stages: options("Closing"), Name: "close-plan", Links: links(),
		Reveal: &web.Reveal{To: "external/closing/close-plan", Customer: "Northwind Rail", Readers: []string{"Ingrid Solberg", "Henrik Dahl"}, Facts: facts(), Files: []string{"tender.xlsx"}, Body: "<p>All of it.</p>", Digest: "d"}}
	move := reveal
	back := reveal
	back.Reveal = &web.Reveal{To: "internal/closing/close-plan", Customer: "Northwind Rail", Files: []string{"tender.xlsx"}, Threads: 2, Back: true, Resumed: true, Digest: "d"}
	reveal.Reveal.Warnings, reveal.Reveal.Threads, reveal.Reveal.Source, reveal.Reveal.Resumed = []string{"Line 3: A link names the internal page pricing/margin."}, 1, "# All of it", true
	move.Reveal, move.Error = nil, "A page of this name is there already. Choose another."
	deleted := head(web.AudienceInternal)

	outside := func(title string) web.Shell { return web.Shell{Title: title, Company: "Fairlead"} }
	return append(append(append(staffExamples(), guestExamples()...), append(append(signOnExamples(), sourceExamples()...), sharedExamples()...)...), []example{
		{"board", "board", board}, {"board-table", "board", table}, {"board-empty", "board", empty},
		{"new-prospect", "new-prospect", web.NewProspectView{Shell: shell("New space"), Form: faulty(), Owners: options("Dana Reyes"), Stages: options("Prospecting"), Currencies: options("EUR", "USD")}},
		{"space", "space", full}, {"space-empty", "space", fresh},
		{"brief", "brief", briefOf()}, {"brief-print", "brief", printed(briefOf())}, {"brief-empty", "brief", web.BriefView{Shell: space("Get up to speed", web.AudienceInternal), Deal: "Northwind Rail", Reader: dana, At: noon, Minutes: 1, Total: 1, MarkRead: "/x", SinceForm: "/x", PrintHref: "/x", Empty: true, Missing: needs}},
		{"qualification", "qualification", web.QualificationView{Shell: space("Qualification", ""), Form: faulty(), Action: "/x", Page: "/y", There: true, Coverage: "1 of 2 asked", Today: "2026-11-12", Questions: []web.QuestionRow{
			{ID: "q1", Text: "Is a budget allocated?", Differ: true, Open: true, Answers: []web.AnswerView{{Text: "Yes", Who: "Ingrid", When: "2026-11-12", Evidence: "[[a/b]]", EvidenceTo: "/z", Line: 3, Href: "/y/blame#L3"}, {Text: "No", Line: 4, Href: "/y/blame#L4"}}}, {ID: "q2", Text: "Can we win?"}}}},
		{"facts", "facts", factsOf(space("Facts", ""), false)}, {"facts-all", "facts", factsOf(shell("Facts"), true)}, {"facts-none", "facts", web.FactsView{Shell: shell("Facts"), Heading: "Facts", Action: "/facts", CSV: "/facts?format=csv", Form: map[string]string{"q": ""}}},
		{"handoffs", "handoffs", web.HandoffsView{Shell: space("Handoffs", web.AudienceInternal), Rows: handoffRows(), Summary: "2 accepted, 1 returned", Figures: []web.Figure{{Label: "Average rating", Value: "4.3 of 5", Note: "from 3 ratings"}}, Waiting: links(), New: "/x", Outcome: "/x", Next: "/x"}},
		{"handoffs-none", "handoffs", web.HandoffsView{Shell: space("Handoffs", web.AudienceInternal), New: "/x"}}, {"handoff-form", "handoff-form", handoffForm(space("Hand off", ""), "forward")}, {"handoff-sleep", "handoff-form", handoffForm(space("Hand off", ""), "nurture")},
		{"handoff", "handoff", handoffOne(space("Handoff 4", ""), handoffRows()[0])}, {"handoff-returned", "handoff", handoffOne(space("Handoff 2", ""), handoffRows()[2])}, {"handoff-accepted", "handoff", handoffOne(space("Handoff 3", ""), handoffRows()[1])}, {"handoff-alone", "handoff", handoffOne(space("Handoff 1", ""), handoffRows()[3])},
		{"outcome", "outcome", web.OutcomeView{Shell: space("How it ended", web.AudienceInternal), Form: faulty(), Action: "/x", Outcomes: options("open", "won"), Reasons: []string{"outsold"}, Review: "/x"}},
		{"past", "past", web.PastView{Shell: space("As it was", web.AudienceInternal), Row: handoffRows()[1], Query: "redlines", Count: 2, Stages: []web.PastStage{{Name: "Closing", Pages: pages[:2]}}}},
		{"past-page", "past-page", web.PastPageView{Shell: space("Close plan", web.AudienceInternal), Row: handoffRows()[1], Page: head(web.AudienceInternal), Body: "<p>As it was.</p>", Notice: "Too long.", Now: "/x", Compare: "/x"}},
		{"incoming", "incoming", web.IncomingView{Shell: shell("Coming to delivery"), Rows: []web.IncomingRow{{Title: "Northwind Rail", Href: "/x", Brief: "/x", Stage: "Closing", Value: "€840k", Start: "2026-11-01", Ack: "/x", Owner: dana, Won: true, Late: true, Told: []web.Person{tom, priya}, Acks: []web.ReadyRow{{By: tom, Days: 30, Note: "Two engineers", At: noon}}, Mine: &web.ReadyRow{By: tom, Days: 30}, Offered: &handoffRows()[0]}, {Title: "Acme", Href: "/x", Brief: "/x", Ack: "/y", Stage: "Negotiating", Form: web.Form{Values: map[string]string{"days": "-3", "note": "Two"}, Errors: map[string]string{"days": "Give a number of days from 0 to 730."}}}}}},
		{"incoming-none", "incoming", web.IncomingView{Shell: shell("Coming to delivery")}},
		{"nurturing", "nurturing", web.NurturingView{Shell: shell("Nurturing"), Now: []web.NurturingRow{{Title: "Acme", Href: "/x", Stage: "Pricing", Value: "€20k", Reason: "No budget", Day: "2026-11-01", Wake: "/x", Owner: dana}}, Rows: []web.NurturingRow{{Title: "Beta", Href: "/x", Stage: "Pricing", Reason: "Merging", Day: "2027-05-01"}}}},
		{"nurturing-none", "nurturing", web.NurturingView{Shell: shell("Nurturing")}},
		{"changes", "changes", web.ChangesView{Shell: space("Changes", ""), Days: []web.ChangeDay{{Label: "Today", Changes: changes()}}, Filters: []web.Choice{{Label: "Internal", Href: "?", On: true}, {Label: "External", Href: "?"}}, Pager: web.Pager{Next: "?cursor=x"}}},
		{"inbox", "inbox", inboxOf()}, {"inbox-empty", "inbox", web.InboxView{Shell: shell("Inbox")}},
		{"log", "log", logOf()}, {"log-empty", "log", web.LogView{Shell: space("Log", "")}},
		{"new-page", "new-page", web.NewPageView{Shell: space("New page", ""), Action: "/x", Sections: options("internal", "external"), Stages: options("Closing"), Templates: options("Empty page", "First call")}},
		{"space-settings", "space-settings", web.SpaceSettingsView{Shell: space("Settings", ""), Form: faulty(), Action: "/x", CanManage: true, Owners: options("Dana Reyes"), Currencies: options("EUR"), Restricted: true, Grants: []web.GrantRow{{Person: priya, ID: "2", Level: "editor"}}, People: options("Tom Okafor"), Levels: options("viewer", "editor"), Delete: "/x"}},
		{"playbook", "playbook", web.PlaybookView{Shell: shell("Playbook"), CanWrite: true, NewPage: "/x", Settings: "/playbook/funnel", Pages: pages[:2], Templates: pages[:1],
			Stages: []web.PlaybookStage{{Key: "prospecting", Name: "Prospecting", About: "Finding customers.", Buyer: "Noticing a problem", Days: 18, Needs: needs, Exit: []string{"A named person wants to talk."}, Outside: "Networks they are in.", Watch: "Trust takes time.", Warn: "delivery", Tasks: []string{"Ask colleagues who know them"}}}}},
		{"funnel", "funnel", funnelForm()}, {"funnel-text", "funnel-text", web.FunnelTextView{Shell: shell("The funnel as text"), Action: "/playbook/funnel/text", Stages: "/playbook/funnel", Text: "stages:\n- key: prospecting\n", Base: "c", Error: "Line 2: a stage needs a title.", Ready: tabs(), Moves: funnelMoves()}},
		{"page", "page", pageOf(web.AudienceInternal)}, {"page-external", "page", pageOf(web.AudienceExternal)}, {"page-old", "page", old}, {"page-reader", "page", reader},
		{"page-missing", "page-missing", web.PageMissingView{Shell: space("Penalty schedule", web.AudienceInternal), Name: "Penalty schedule", Place: "internal/closing/penalty-schedule", Create: "/x/create", Templates: options("Empty page", "Price model"), Needed: true, About: "What it costs us when we are late.", Similar: links(), Backlinks: links(), Deleted: &changes()[0]}},
		{"edit", "edit", edit}, {"edit-merge", "edit", merged},
		{"live", "live", live(web.AudienceInternal, true)}, {"live-external", "live", live(web.AudienceExternal, true)}, {"live-reader", "live", live(web.AudienceInternal, false)},
		{"history", "history", web.HistoryView{Shell: space("History", web.AudienceInternal), Page: head(web.AudienceInternal), Days: versions(), Count: 41, Crossings: []web.CrossingRow{{By: dana, At: noon, Shared: true, From: "internal/closing/close-plan", To: "external/closing/plan", Past: "/x"}, {By: dana, At: noon, From: "external/closing/plan", To: "internal/closing/close-plan", Past: "/y"}}, Pager: web.Pager{Prev: "?before=a", Next: "?before=b", Note: "Versions 1 to 4 of 41"}}},
		{"compare", "compare", web.CompareView{Shell: space("What changed", web.AudienceInternal), Page: head(web.AudienceInternal), From: versions()[0].Versions[1], To: versions()[0].Versions[0], FromList: options("Version 40 · 11 Nov", "Version 39"), ToList: options("Version 41 · now"), Added: 46, Removed: 19, PageHref: "?", LineHref: "?view=source", Hunks: hunks(), Restore: true, Side: versions()}},
		{"compare-source", "compare", web.CompareView{Shell: space("What changed", web.AudienceInternal), Page: head(web.AudienceInternal), FromList: options("Version 40"), ToList: options("Version 41"), Source: true, PageHref: "?", LineHref: "?view=source", Hunks: hunks()}},
		{"compare-same", "compare", web.CompareView{Shell: space("What changed", web.AudienceInternal), Page: head(web.AudienceInternal), Same: true, PageHref: "?", LineHref: "?view=source"}},
		{"blame", "blame", web.BlameView{Shell: space("Who wrote which line", web.AudienceInternal), Page: head(web.AudienceInternal), Groups: []web.BlameGroup{{By: dana, At: ago(time.Hour), Number: 40, Href: "?at=c", Lines: []web.BlameLine{{Number: 1, Text: "# Close plan"}, {Number: 2}, {Number: 3, Text: "Northwind signs on **27 November** if three things land."}}}, {By: priya, At: ago(99 * time.Hour), Href: "?at=d", Age: 4, Lines: []web.BlameLine{{Number: 4, Text: "> [!risk] 9 %"}}}}, People: []web.Share{{Person: dana, Percent: 75, Width: 75}}}},
		{"move", "move", move}, {"move-share", "move", reveal}, {"move-back", "move", back},
		{"delete", "delete", web.DeleteView{Shell: space("Delete", web.AudienceInternal), Page: &deleted, What: "Close plan", Kind: "page", Says: "The page goes from the list. Its versions stay, and it can be brought back from the changes.", Action: "/x", Cancel: "/x", Links: links()}},
		{"delete-prospect", "delete", web.DeleteView{Shell: shell("Delete"), What: "Northwind Rail", Kind: "prospect", Says: "Both sides and their whole history go. This cannot be undone.", Action: "/x", Cancel: "/x", Type: "Northwind Rail", Error: "The name does not match."}},
		{"git", "git", web.GitView{Shell: space("Work with git", ""), Sides: []web.GitSide{{Audience: "internal", Address: "https://wiki.example.com/git/northwind/internal.git"}, {Audience: "external", Address: "https://wiki.example.com/git/northwind/external.git"}}, Available: true, Email: "abc@users.invalid", Tokens: "/settings", CanSet: true, Action: "/x"}},
		{"git-none", "git", web.GitView{Shell: space("Work with git", ""), Tokens: "/settings#tokens", Guests: true, CanSet: true, Owner: "Dana Reyes", Action: "/x"}},
		{"files", "files", web.FilesView{Shell: space("Files", ""), Sides: []web.FileSide{{Audience: "internal", Upload: "/x", Stages: options("Closing"), Files: files(), MaxFile: "25 MB"}, {Audience: "external", MaxFile: "25 MB"}}}},
		{"file-table", "file", fileView("table")}, {"file-image", "file", fileView("image")}, {"file-audio", "file", fileView("audio")}, {"file-video", "file", fileView("video")}, {"file-text", "file", fileView("text")}, {"file-other", "file", fileView("other")},
		{"search", "search", results}, {"search-nothing", "search", nothing}, {"search-help", "search", web.SearchView{Shell: shell("Search"), Help: true, Scope: "northwind-rail", Within: "Northwind Rail"}},
		{"sign-in", "sign-in", web.SignInView{Shell: outside("Sign in"), Email: "dana@fairlead.example", Next: "/", Error: "This address and password do not go together.", Host: "wiki.fairlead.example"}},
		{"login", "login", web.LoginView{Shell: outside("Sign in"), Action: "/login/x"}},
		{"people", "people", web.PeopleView{Shell: shell("People"), Query: "rail", People: []web.Colleague{{Person: priya, Job: "technical", Skills: "rail, data migration", Owns: links()[:1]}, {Person: tom}}}},
		{"people-nobody", "people", web.PeopleView{Shell: shell("People"), Query: "xyzzy"}},
		{"person", "person", web.PersonView{Shell: shell("Priya Nair"), Colleague: web.Colleague{Person: priya, Job: "technical", Skills: "rail", Owns: links()}, Email: "priya@fairlead.example", Mine: true}},
		{"unsubscribe", "unsubscribe", web.UnsubscribeView{Shell: outside("Mail"), Action: "/unsubscribe/x"}},
		{"unsubscribed", "unsubscribe", web.UnsubscribeView{Shell: outside("Mail"), Done: true}},
		{"setup", "setup", web.SetupView{Shell: outside("Welcome"), Action: "/setup/x"}},
		{"join", "join", web.JoinView{Shell: outside("Join"), Action: "/join/x", Email: "sam@fairlead.example", Inviter: "Dana Reyes", Form: faulty()}}, {"join-reset", "join", web.JoinView{Shell: outside("New password"), Action: "/join/x", Email: "sam@fairlead.example", Reset: true}},
		{"admin-people", "admin-people", web.AdminPeopleView{Shell: shell("Admin"), Tabs: tabs(), Roles: options("member", "admin"), Jobs: options("sales", "technical"), NewLink: &web.OneTime{Label: "Invitation for Sam Whitlock", Value: "https://wiki.fairlead.example/join/abcdef", Note: "Send it to them. It is shown once."},
			Staff: []web.StaffRow{{Person: dana, ID: "1", Email: "dana@fairlead.example", Role: "admin", Job: "sales", Spaces: 6, Myself: true, LastSeen: noon, Href: "/admin/people/1"}, {Person: priya, ID: "2", Email: "priya@fairlead.example", Role: "member", Job: "technical", Invited: true, Href: "/admin/people/2"}, {Person: tom, ID: "3", Email: "tom@fairlead.example", Role: "member", Disabled: true, LastSeen: ago(400 * time.Hour), Href: "/admin/people/3", SignsIn: "SSO, two steps", TwoStep: true, Required: true, Linked: true}}}},
		{"admin-import", "admin-import", web.AdminImportView{Shell: shell("Admin"), Tabs: tabs(), Owners: options("Dana Reyes"), MaxFile: "500 MB", Jobs: []web.ImportJob{{Name: "fedramp", Source: "fedramp.bundle", By: dana, At: noon, State: "running", Done: 1200, Total: 4000}, {Name: "acme", Source: "acme.zip", By: dana, At: ago(time.Hour), State: "done", Note: "212 pages", Href: "/p/acme"}, {Name: "broken", Source: "x.zip", By: tom, At: ago(2 * time.Hour), State: "failed", Note: "The file is not a zip.", Resumes: "/x"}}}},
		{"admin-audit", "admin-audit", web.AdminAuditView{Shell: shell("Admin"), Tabs: tabs(), Export: "/admin/audit?export=csv", People: options("anybody"), Actions: options("anything"), Pager: web.Pager{Next: "?"}, Rows: []web.AuditRow{{At: noon, Who: dana, Icon: "globe", Text: "Made external", Object: "Data processing terms", Href: "/p/n", Audience: "external", IP: "10.2.8.12", Flagged: true}, {At: ago(time.Hour), System: true, Icon: "server", Text: "Backup written", Object: "wiki"}}}},
		{"admin-webhooks", "admin-webhooks", web.WebhooksView{Shell: shell("Admin"), Tabs: tabs(), Events: options("page", "comment", "handoff"), Prospects: options("All that I see", "Northwind"), NewSecret: &web.OneTime{Label: "Secret", Value: "whsec_abcdef", Note: "Shown once."}, Form: faulty(),
			Hooks: []web.WebhookRow{{URL: "https://hooks.example.com/deals", Href: "/admin/webhooks/wh_1", Events: "page, fact", Maker: dana, Created: ago(90 * time.Hour), Sent: noon, Waiting: 3, Retry: noon, Problem: "the receiver answered 500", Open: true,
				Tries: []web.DeliveryRow{{At: noon, Type: "page.changed", Prospect: "Northwind", Answer: "500, 12ms", Problem: "the receiver answered 500"}, {At: noon, Type: "webhook.test", Taken: true, Answer: "204, 8ms"}}}, {URL: "https://other.example.com/a-long-address-that-does-not-fit-in-a-line-of-a-phone-nor-should-it-have-to/and-goes-on", Href: "/admin/webhooks/wh_2", Events: "page", Prospect: "Northwind", Maker: dana, Created: noon, Disabled: true}}}},
		{"admin-webhooks-none", "admin-webhooks", web.WebhooksView{Shell: shell("Admin"), Tabs: tabs(), Events: options("page"), Prospects: options("All that I see")}},
		{"settings", "settings", web.SettingsView{Shell: shell("Settings"), Mails: options("Once a day", "At once", "Nothing"), Zone: "Europe/Berlin", Name: "Dana Reyes", Email: "dana@fairlead.example", Handle: "dana", Skills: "rail", Jobs: options("sales"), Themes: options("system", "light", "dark"), Token: faulty(), Scopes: options("read", "write", "git"), Expiries: options("in 90 days", "never"), NewToken: &web.OneTime{Label: "Your new token", Value: "dw_abcdef", Note: "Copy it now. It is not shown again."},
			Sessions: []web.SessionRow{{ID: "a", Agent: "Firefox on Linux", IP: "10.2.8.12", Started: ago(90 * time.Hour), Seen: noon, How: "by password", This: true}, {ID: "b", Agent: "Safari on iPhone", IP: "10.2.8.13", Started: ago(10 * time.Hour), Seen: noon}}, Tokens: []web.TokenRow{{ID: "t", Name: "CI", Scopes: "read, git", Created: ago(900 * time.Hour), Expires: noon.AddDate(0, 3, 0)}}}},
		{"error", "error", web.ErrorView{Shell: shell("Not found"), Status: 404, Heading: "There is no such page", Text: "It may have been moved, or you may not be able to open it.", Safe: "Nothing was changed.", Back: "/", Request: "q1w2e3"}},
		{"error-outside", "error", web.ErrorView{Shell: outside("Not found"), Status: 404, Heading: "There is no such page", Text: "Sign in and try again.", Back: "/sign-in", Label: "Sign in"}},
	}...)
}
