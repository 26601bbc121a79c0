package web

import (
	"maps"
	"net/url"
	"slices"
	"sort"
	"strconv"
	"strings"
	"time"

	"dealwiki/wiki"
	"dealwiki/wiki/people"
)

// boardFilter is what the board is narrowed to.
type boardFilter struct {
	table    bool
	text     string
	owner    string // person id; "none" for nobody
	stage    string
	tag      string
	min, max float64
	closed   bool // lost and undecided deals too; those won are delivered and stay
	missing  bool
	unread   bool
	mine     bool   // only what the reader owns
	source   string // of the lead
	month    string // of the expected close, YYYY-MM
	sort     string // of the table: "", or one of boardSorts, with "-" for the other way round
}

// boardSorts are the columns that the table can be sorted by; "" is by stage,
// then value.
var boardSorts = []string{"name", "value", "owner", "days", "close", "changed"}

func readBoardFilter(q url.Values) (boardFilter, error) {
	f := boardFilter{table: q.Get("view") == "table", text: strings.TrimSpace(q.Get("q")), owner: q.Get("owner"), stage: q.Get("stage"),
		tag: q.Get("tag"), closed: q.Get("closed") != "", missing: q.Get("missing") != "", unread: q.Get("unread") != "", mine: q.Get("mine") != "", source: q.Get("source"), month: q.Get("month"), sort: q.Get("sort")}
	if v := q.Get("view"); v != "" && v != "table" && v != "board" {
		return f, badRequest("A board is shown with view=board or view=table.")
	}
	if f.sort != "" && !slices.Contains(boardSorts, strings.TrimPrefix(f.sort, "-")) {
		return f, badRequest("The table is sorted by one of " + strings.Join(boardSorts, ", ") + ".")
	}
	if _, err := time.Parse("2006-01", f.month); f.month != "" && err != nil {
		return f, badRequest("A closing month is written as 2027-03.")
	}
	var err error
	if f.min, err = number("min", q.Get("min")); err != nil {
		return f, badRequest("The smallest value is a number.")
	}
	if f.max, err = number("max", q.Get("max")); err != nil {
		return f, badRequest("The largest value is a number.")
	}
	return f, nil
}

// values is the filter as an address has it.
func (f boardFilter) values() url.Values {
	q := url.Values{}
	set := func(name, value string) {
		if value != "" {
			q.Set(name, value)
		}
	}
	if f.table {
		q.Set("view", "table")
	}
	set("q", f.text)
	set("owner", f.owner)
	set("stage", f.stage)
	set("tag", f.tag)
	set("source", f.source)
	set("month", f.month)
	set("sort", f.sort)
	if f.min > 0 {
		q.Set("min", strconv.FormatFloat(f.min, 'f', -1, 64))
	}
	if f.max > 0 {
		q.Set("max", strconv.FormatFloat(f.max, 'f', -1, 64))
	}
	for name, on := range map[string]bool{"closed": f.closed, "missing": f.missing, "unread": f.unread, "mine": f.mine} {
		if on {
			q.Set(name, "1")
		}
	}
	return q
}

func (f boardFilter) href() string {
	if q := f.values().Encode(); q != "" {
		return "/?" + q
	}
	return "/"
}

// sorted leads to the table in the order of a column, or the other way round.
func (f boardFilter) sorted(by string) Choice {
	c := Choice{On: strings.TrimPrefix(f.sort, "-") == by, Icon: "ascending"}
	if strings.HasPrefix(f.sort, "-") {
		c.Icon = "descending"
	}
	if f.sort == by {
		by = "-" + by
	}
	f.sort = by
	c.Href = f.href()
	return c
}

// narrowed reports that deals may be hidden.
func (f boardFilter) narrowed() bool {
	f.table, f.closed, f.sort = false, false, ""
	return len(f.values()) > 0
}

func (f boardFilter) takes(e *wiki.Entry, owner people.Person) bool {
	switch {
	case !f.closed && e.Outcome != wiki.OutcomeOpen && e.Outcome != wiki.OutcomeWon,
		f.stage != "" && e.Stage != f.stage,
		f.owner == "none" && owner.ID != "",
		f.owner != "" && f.owner != "none" && owner.ID != f.owner,
		f.tag != "" && !slices.Contains(e.Tags, f.tag),
		f.source != "" && e.Source != f.source,
		f.month != "" && !strings.HasPrefix(e.ExpectedClose, f.month+"-"),
		f.min > 0 && e.Value < f.min,
		f.max > 0 && e.Value > f.max:
		return false
	}
	if f.text == "" {
		return true
	}
	all := strings.ToLower(e.Title + " " + e.Slug + " " + owner.Name + " " + strings.Join(e.Tags, " ") + " " + e.Source)
	for word := range strings.FieldsSeq(strings.ToLower(f.text)) {
		if !strings.Contains(all, word) {
			return false
		}
	}
	return true
}

// nameOptions are choices by name, the first of which is any.
func nameOptions(first string, names map[string]bool, selected string) []Option {
	if selected != "" {
		names[selected] = true
	}
	if len(names) == 0 {
		return nil
	}
	out := []Option{{Label: first, Selected: selected == ""}}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		out = append(out, Option{Value: name, Label: name, Selected: name == selected})
	}
	return out
}

func ownerOptions(owners map[string]people.Person, selected string) []Option {
	list := make([]people.Person, 0, len(owners))
	for _, p := range owners {
		list = append(list, p)
	}
	sort.Slice(list, func(i, j int) bool { return strings.ToLower(list[i].Name) < strings.ToLower(list[j].Name) })
	out := []Option{{Value: "", Label: "anyone", Selected: selected == ""}}
	for _, p := range list {
		out = append(out, Option{Value: p.ID, Label: p.Name, Selected: p.ID == selected})
	}
	return append(out, Option{Value: "none", Label: "nobody", Selected: selected == "none"})
}

// boardChoices are the chips: what can be narrowed to, and what is in force.
func boardChoices(f boardFilter, funnel *wiki.Funnel) []Choice {
	flip := func(label, icon string, on bool, change func(*boardFilter)) Choice {
		change(&f)
		c := Choice{Label: label, Icon: icon, Href: f.href(), On: on}
		return c
	}
	keep := f
	out := []Choice{flip("Mine", "", f.mine, func(f *boardFilter) { f.mine = !f.mine })}
	f = keep
	out = append(out, flip("Something missing", "missing", f.missing, func(f *boardFilter) { f.missing = !f.missing }))
	f = keep
	out = append(out, flip("Unread", "unread", f.unread, func(f *boardFilter) { f.unread = !f.unread }))
	f = keep
	out = append(out, flip("Lost deals too", "", f.closed, func(f *boardFilter) { f.closed = !f.closed }))
	f = keep
	if f.stage != "" {
		out = append(out, flip("Stage: "+stageTitle(funnel, f.stage), "x", true, func(f *boardFilter) { f.stage = "" }))
		f = keep
	}
	if f.tag != "" {
		out = append(out, flip("Tag: "+f.tag, "x", true, func(f *boardFilter) { f.tag = "" }))
		f = keep
	}
	if f.min > 0 {
		out = append(out, flip("At least "+grouped(f.min), "x", true, func(f *boardFilter) { f.min = 0 }))
		f = keep
	}
	if f.max > 0 {
		out = append(out, flip("At most "+grouped(f.max), "x", true, func(f *boardFilter) { f.max = 0 }))
		f = keep
	}
	if f.source != "" {
		out = append(out, flip("Source: "+f.source, "x", true, func(f *boardFilter) { f.source = "" }))
		f = keep
	}
	if f.month != "" {
		out = append(out, flip("Closing "+f.month, "x", true, func(f *boardFilter) { f.month = "" }))
	}
	return out
}
