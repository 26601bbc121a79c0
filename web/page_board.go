package web

import (
	"context"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"sort"
	"strconv"
	"strings"
	"time"

	"dealwiki/wiki"
	"dealwiki/wiki/people"
)

// Limits of the board, so that a wiki with thousands of prospects still answers
// at once. What is left out is said on the screen.
const (
	maxColumn = 60  // deals drawn in a column
	maxTable  = 500 // rows of the table
	maxReads  = 100 // prospects that are opened for one request; others wait for the next
)

// noStage stands for a stage that the funnel does not have.
const noStage = "In no stage"

// needCount is what a prospect needs up to its stage. It is dropped when a side
// of the prospect moves.
type needCount struct {
	funnel          *wiki.Funnel
	stage           string
	missing, needed int
}

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

func (s *Server) board(w http.ResponseWriter, r *http.Request, c people.Caller) error {
	ctx := r.Context()
	filter, err := readBoardFilter(r.URL.Query())
	if err != nil {
		return err
	}
	funnel, err := s.wiki.Funnel(ctx)
	if err != nil {
		return err
	}
	all := s.wiki.Prospects(ctx, c)
	v := &BoardView{Shell: s.shell(r, c, "Pipeline"), Table: filter.table, Query: filter.text, CanCreate: c.Can(people.Write), Filtered: filter.narrowed()}
	v.Nav = "pipeline"
	v.Flash = s.flash(w, r)
	owners, tags, sources := map[string]people.Person{}, map[string]bool{}, map[string]bool{}
	level := s.people.Visible(ctx, c)
	// Before the stages stand the deals whose stage the funnel has lost.
	columns := make([]BoardColumn, 1+len(funnel.Stages))
	totals := make([]sums, len(columns))
	columns[0], totals[0] = BoardColumn{Name: noStage, Lost: true}, sums{}
	for i, st := range funnel.Stages {
		columns[1+i] = BoardColumn{Key: st.Key, Name: st.Title}
		totals[1+i] = sums{}
	}
	s.forgetMoved()
	total, open, over, reads, news := sums{}, 0, 0, 0, 0
	type dealAt struct {
		Deal
		at    int
		value float64
	}
	var deals []dealAt
	for i := range all {
		e := &all[i]
		access, err := s.people.Access(ctx, e.Slug)
		if err != nil {
			continue // gone in between
		}
		owner := people.Person{}
		if access.Owner != "" {
			if owner, err = s.people.Get(ctx, access.Owner); err == nil {
				owners[owner.ID] = owner
			}
		}
		for _, tag := range e.Tags {
			tags[tag] = true
		}
		if e.Source != "" {
			sources[e.Source] = true
		}
		if e.Nurture != nil {
			if v.Sleeping++; e.Outcome == wiki.OutcomeOpen {
				continue
			}
		}
		if !filter.takes(e, owner) || filter.mine && owner.ID != c.Person.ID {
			continue
		}
		d := s.deal(e, owner, access.Restricted, funnel)
		if n := s.needOf(ctx, c, e, funnel, &reads); n != nil {
			d.Missing, d.Needed = n.missing, n.needed
		}
		if filter.missing && d.Missing == 0 {
			continue
		}
		if d.Unread = s.unreadIn(ctx, c, e, &news); filter.unread && d.Unread == 0 {
			continue
		}
		if c.Can(people.Write) && level(e.Slug) >= people.Editor && s.book != nil {
			d.Move = spacePath(e.Slug) + "/handoff"
		}
		at := 1 + funnel.Index(e.Stage)
		deals = append(deals, dealAt{d, at, e.Value})
		if e.Outcome == wiki.OutcomeOpen {
			open++
			total.add(e.Value, e.Currency)
			if d.Over() {
				over++
			}
		}
		totals[at].add(e.Value, e.Currency)
	}
	sort.SliceStable(deals, func(i, j int) bool {
		if deals[i].at != deals[j].at {
			return deals[i].at < deals[j].at
		}
		return deals[i].value > deals[j].value
	})
	if by, down := strings.CutPrefix(filter.sort, "-"); filter.table && by != "" {
		sort.SliceStable(deals, func(i, j int) bool {
			if down {
				i, j = j, i
			}
			return dealBefore(by, &deals[i].Deal, &deals[j].Deal, deals[i].value, deals[j].value)
		})
	}
	for _, d := range deals {
		if len(columns[d.at].Deals) < maxColumn {
			columns[d.at].Deals = append(columns[d.at].Deals, d.Deal)
		}
		if len(v.Rows) < maxTable {
			v.Rows = append(v.Rows, d.Deal)
		}
	}
	for i := range columns {
		columns[i].Total = totals[i].String()
	}
	if columns[0].Deals == nil {
		columns = columns[1:]
	}
	v.Columns = columns
	v.Total = total.String()
	v.Figures = []Figure{{Label: "Open deals", Value: strconv.Itoa(open)}, {Label: "Value", Value: orDash(v.Total)}}
	if over > 0 {
		v.Figures = append(v.Figures, Figure{Label: "Longer than typical", Value: strconv.Itoa(over)})
	}
	if len(deals) > maxTable {
		v.Figures = append(v.Figures, Figure{Label: "Shown", Value: strconv.Itoa(maxTable), Note: "of " + strconv.Itoa(len(deals)) + "; narrow the list to see the others"})
	}
	v.Owners = ownerOptions(owners, filter.owner)
	v.Filters = boardChoices(filter, funnel)
	for name, values := range filter.values() {
		if !slices.Contains([]string{"q", "owner", "view", "tag", "source", "min", "max", "month"}, name) {
			v.Keep = append(v.Keep, Option{Value: values[0], Label: name})
		}
	}
	sort.Slice(v.Keep, func(i, j int) bool { return v.Keep[i].Label < v.Keep[j].Label })
	v.Tags, v.Sources = nameOptions("any tag", tags, filter.tag), nameOptions("any source", sources, filter.source)
	form := filter.values()
	v.Min, v.Max, v.Month = form.Get("min"), form.Get("max"), filter.month
	v.More = filter.tag != "" || filter.source != "" || filter.min > 0 || filter.max > 0 || filter.month != ""
	v.Sorts = BoardSorts{filter.sorted("name"), filter.sorted("value"), filter.sorted("owner"), filter.sorted("days"), filter.sorted("close"), filter.sorted("changed")}
	board, table := filter, filter
	board.sort, table.sort = "", ""
	board.table, table.table = false, true
	v.BoardHref, v.TableHref = board.href(), table.href()
	private(w)
	s.render(w, r, http.StatusOK, "board", v)
	return nil
}

// dealBefore is the order of the table by one of its columns.
func dealBefore(by string, a, b *Deal, valueA, valueB float64) bool {
	switch by {
	case "name":
		return strings.ToLower(a.Name) < strings.ToLower(b.Name)
	case "owner":
		return strings.ToLower(a.Owner.Name) < strings.ToLower(b.Owner.Name)
	case "days":
		return a.Days < b.Days
	case "close":
		// Those without a date come last.
		return a.Close != b.Close && a.Close != "" && (b.Close == "" || a.Close < b.Close)
	case "changed":
		return a.Changed.Before(b.Changed)
	}
	return valueA < valueB
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

func orDash(s string) string {
	if s == "" {
		return "–"
	}
	return s
}

// deal draws a prospect on the board.
func (s *Server) deal(e *wiki.Entry, owner people.Person, restricted bool, funnel *wiki.Funnel) Deal {
	now := s.now()
	d := Deal{Name: e.Title, Href: spacePath(e.Slug), Value: money(e.Value, e.Currency), Stage: stageTitle(funnel, e.Stage),
		Days: e.DaysInStage(now), Restricted: restricted, Changed: e.Updated, Close: e.ExpectedClose}
	if e.Outcome != wiki.OutcomeOpen {
		d.Outcome = outcomeName(e.Outcome)
	}
	if owner.ID != "" {
		d.Owner = personView(owner)
	}
	at := funnel.Index(e.Stage)
	if at < 0 {
		d.Stage = noStage + " (" + e.Stage + ")"
	}
	for i, st := range funnel.Stages {
		d.Steps = append(d.Steps, stepState(i, at))
		if i == at {
			d.Typical = st.TypicalDays
		}
	}
	return d
}

// needOf answers what a prospect needs. reads bounds how many prospects are
// opened in one request; beyond it the answer is nil until a later one.
func (s *Server) needOf(ctx context.Context, c people.Caller, e *wiki.Entry, funnel *wiki.Funnel, reads *int) *needCount {
	// Held while one is read and kept, so that none is kept which moved in
	// between.
	s.needing.Lock()
	defer s.needing.Unlock()
	known, ok := s.needs.get(e.Slug)
	if ok && known.funnel == funnel && known.stage == e.Stage {
		return known
	}
	if *reads >= maxReads {
		return nil
	}
	*reads++
	space, err := s.wiki.Space(ctx, c, e.Slug)
	if err != nil {
		return nil
	}
	needs, err := space.Needs(ctx, c)
	if err != nil {
		s.log.Warn("reading what a prospect needs", "prospect", e.Slug, "err", err)
		return nil
	}
	at := &needCount{funnel: funnel, stage: e.Stage}
	at.missing, at.needed = countNeeds(needs, e.Stage)
	s.needs.put(e.Slug, at)
	return at
}

// forgetMoved drops what is known of prospects that have moved since the last
// request that asked.
func (s *Server) forgetMoved() {
	s.needing.Lock()
	defer s.needing.Unlock()
	for _, id := range s.moves.Take() {
		s.needs.drop(id.Prospect)
	}
}

// unreadIn counts the pages that are new to the reader in a prospect that they
// have visited before and that has changed since. It is 0 once as many
// prospects have been read as one request may.
func (s *Server) unreadIn(ctx context.Context, c people.Caller, e *wiki.Entry, reads *int) int {
	if kept, ok := s.marks.get(markKey{c.Person.ID, e.Slug}); !ok && *reads >= maxReads {
		return 0
	} else if !ok {
		*reads++
	} else if kept.visit.IsZero() {
		return 0
	}
	marks, err := s.readMarks(ctx, c, e.Slug)
	if err != nil || marks.visit.IsZero() || !e.Updated.After(marks.visit) || *reads >= maxReads {
		return 0
	}
	*reads++
	f, err := s.openSpace(ctx, c, e.Slug)
	if err != nil {
		return 0
	}
	n := 0
	for _, pages := range f.pages {
		for i := range pages {
			if f.unread(&pages[i]) {
				n++
			}
		}
	}
	return n
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

func (s *Server) newProspect(w http.ResponseWriter, r *http.Request, c people.Caller) error {
	v, err := s.newProspectView(r, c, Form{Values: map[string]string{}})
	if err != nil {
		return err
	}
	s.render(w, r, http.StatusOK, "new-prospect", v)
	return nil
}

func (s *Server) newProspectView(r *http.Request, c people.Caller, f Form) (*NewProspectView, error) {
	ctx := r.Context()
	funnel, err := s.wiki.Funnel(ctx)
	if err != nil {
		return nil, err
	}
	v := &NewProspectView{Shell: s.shell(r, c, "New space"), Form: f}
	v.Nav = "pipeline"
	v.Crumbs = []Crumb{{"Pipeline", "/"}, {Label: "New space"}}
	owner := f.Values["owner"]
	if owner == "" {
		owner = c.Person.ID
	}
	if v.Owners, err = s.staffOptions(ctx, owner, false); err != nil {
		return nil, err
	}
	for i, st := range funnel.Stages {
		v.Stages = append(v.Stages, Option{Value: st.Key, Label: st.Title, Selected: f.Values["stage"] == st.Key || f.Values["stage"] == "" && i == 0})
	}
	v.Currencies = currencyOptions(f.Values["currency"], funnel.Currency)
	return v, nil
}

// staffOptions are the people who can be chosen, by name.
func (s *Server) staffOptions(ctx context.Context, selected string, nobody bool) ([]Option, error) {
	all, err := s.people.List(ctx)
	if err != nil {
		return nil, err
	}
	var out []Option
	if nobody {
		out = append(out, Option{Value: "", Label: "nobody (the administrators)", Selected: selected == ""})
	}
	for _, p := range all {
		if !p.Guest && !p.Disabled {
			out = append(out, Option{Value: p.ID, Label: p.Name, Selected: p.ID == selected})
		}
	}
	return out, nil
}

// currencyOptions are the usual currencies, the company's first.
func currencyOptions(selected, usual string) []Option {
	codes := []string{"EUR", "USD", "GBP", "CHF", "SEK", "NOK", "DKK", "PLN", "CZK", "JPY", "CAD", "AUD", "INR", "BRL", "CNY"}
	if usual != "" {
		codes = slices.Insert(slices.DeleteFunc(codes, func(c string) bool { return c == usual }), 0, usual)
	}
	if selected != "" && !slices.Contains(codes, selected) {
		codes = append(codes, selected)
	}
	var out []Option
	for i, code := range codes {
		out = append(out, Option{Value: code, Label: code, Selected: code == selected || selected == "" && i == 0})
	}
	return out
}

func (s *Server) postNewProspect(w http.ResponseWriter, r *http.Request, c people.Caller) error {
	form, err := s.form(r)
	if err != nil {
		return err
	}
	e, err := s.createProspect(r.Context(), c, form)
	if err != nil {
		status, _, detail := s.errorStatus(err)
		f, ok := again(form, err, map[string]string{"expected close": "close", "prospect": "slug"})
		if !ok && status == http.StatusConflict {
			f.Errors["slug"], ok = "This address is taken. Choose another, or leave it empty.", true
		}
		if !ok {
			return err
		}
		if len(f.Errors) == 0 && f.Error == "" {
			f.Error = detail
		}
		v, err := s.newProspectView(r, c, f)
		if err != nil {
			return err
		}
		s.render(w, r, status, "new-prospect", v)
		return nil
	}
	return goTo(w, r, spacePath(e.Slug))
}

func (s *Server) createProspect(ctx context.Context, c people.Caller, form url.Values) (wiki.Entry, error) {
	n := wiki.NewProspect{Owner: form.Get("owner")}
	n.Title, n.Slug, n.Stage = form.Get("name"), strings.TrimSpace(form.Get("slug")), form.Get("stage")
	n.Currency, n.ExpectedClose = form.Get("currency"), form.Get("close")
	var err error
	if n.Value, err = number("value", form.Get("value")); err != nil {
		return wiki.Entry{}, err
	}
	if n.Value == 0 {
		n.Currency = ""
	}
	n.Restricted = form.Get("restricted") != ""
	return s.wiki.Create(ctx, c, n)
}
