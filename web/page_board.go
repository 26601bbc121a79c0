package web

import (
	"context"
	"net/http"
	"slices"
	"sort"
	"strconv"
	"strings"

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
	v := &BoardView{Shell: s.shell(r, c, "Pipeline"), Table: filter.table, Query: filter.text, CanCreate: c.Can(people.Write), Filtered: filter.narrowed()}
	v.Nav = "pipeline"
	v.Flash = s.flash(w, r)
	b := s.newBoard(ctx, c, filter, funnel)
	s.forgetMoved()
	all := s.wiki.Prospects(ctx, c)
	for i := range all {
		b.take(ctx, &all[i])
	}
	v.Sleeping = b.sleeping
	b.order()
	b.draw(v)
	b.offer(v)
	private(w)
	s.render(w, r, http.StatusOK, "board", v)
	return nil
}

// boardDeal is a deal with its column and its value in figures.
type boardDeal struct {
	Deal
	at    int
	value float64
}

// boardDraft is the board while deals are put on it.
type boardDraft struct {
	s      *Server
	c      people.Caller
	filter boardFilter
	funnel *wiki.Funnel
	level  func(prospect string) people.Level

	owners        map[string]people.Person // of all deals, on the board or not, as are tags and sources
	tags, sources map[string]bool
	sleeping      int

	deals         []boardDeal
	columns       []BoardColumn // before the stages stands one for deals whose stage the funnel has lost
	totals        []sums        // of the columns
	total         sums          // of open deals
	open, over    int
	missed, heard int // prospects opened to count what is missing, and what is unread
}

func (s *Server) newBoard(ctx context.Context, c people.Caller, filter boardFilter, funnel *wiki.Funnel) *boardDraft {
	b := &boardDraft{s: s, c: c, filter: filter, funnel: funnel, level: s.people.Visible(ctx, c),
		owners: map[string]people.Person{}, tags: map[string]bool{}, sources: map[string]bool{}, total: sums{},
		columns: []BoardColumn{{Name: noStage, Lost: true}}, totals: []sums{{}}}
	for _, st := range funnel.Stages {
		b.columns, b.totals = append(b.columns, BoardColumn{Key: st.Key, Name: st.Title}), append(b.totals, sums{})
	}
	return b
}

// take puts a deal on the board if the filter lets it.
func (b *boardDraft) take(ctx context.Context, e *wiki.Entry) {
	access, err := b.s.people.Access(ctx, e.Slug)
	if err != nil {
		return // gone in between
	}
	owner := people.Person{}
	if access.Owner != "" {
		if owner, err = b.s.people.Get(ctx, access.Owner); err == nil {
			b.owners[owner.ID] = owner
		}
	}
	for _, tag := range e.Tags {
		b.tags[tag] = true
	}
	if e.Source != "" {
		b.sources[e.Source] = true
	}
	if e.Nurture != nil {
		if b.sleeping++; e.Outcome == wiki.OutcomeOpen {
			return
		}
	}
	if !b.filter.takes(e, owner) || b.filter.mine && owner.ID != b.c.Person.ID {
		return
	}
	d := b.s.deal(e, owner, access.Restricted, b.funnel)
	if n := b.s.needOf(ctx, b.c, e, b.funnel, &b.missed); n != nil {
		d.Missing, d.Needed = n.missing, n.needed
	}
	if b.filter.missing && d.Missing == 0 {
		return
	}
	if d.Unread = b.s.unreadIn(ctx, b.c, e, &b.heard); b.filter.unread && d.Unread == 0 {
		return
	}
	if b.c.Can(people.Write) && b.level(e.Slug) >= people.Editor && b.s.book != nil {
		d.Move = spacePath(e.Slug) + "/handoff"
	}
	at := 1 + b.funnel.Index(e.Stage)
	b.deals = append(b.deals, boardDeal{d, at, e.Value})
	if e.Outcome == wiki.OutcomeOpen {
		b.open++
		b.total.add(e.Value, e.Currency)
		if d.Over() {
			b.over++
		}
	}
	b.totals[at].add(e.Value, e.Currency)
}

// order sorts by stage and value, and the table by the column that was chosen.
func (b *boardDraft) order() {
	sort.SliceStable(b.deals, func(i, j int) bool {
		if b.deals[i].at != b.deals[j].at {
			return b.deals[i].at < b.deals[j].at
		}
		return b.deals[i].value > b.deals[j].value
	})
	by, down := strings.CutPrefix(b.filter.sort, "-")
	if !b.filter.table || by == "" {
		return
	}
	sort.SliceStable(b.deals, func(i, j int) bool {
		if down {
			i, j = j, i
		}
		return dealBefore(by, &b.deals[i].Deal, &b.deals[j].Deal, b.deals[i].value, b.deals[j].value)
	})
}

// draw fills columns, rows and totals.
func (b *boardDraft) draw(v *BoardView) {
	for _, d := range b.deals {
		if len(b.columns[d.at].Deals) < maxColumn {
			b.columns[d.at].Deals = append(b.columns[d.at].Deals, d.Deal)
		}
		if len(v.Rows) < maxTable {
			v.Rows = append(v.Rows, d.Deal)
		}
	}
	for i := range b.columns {
		b.columns[i].Total = b.totals[i].String()
	}
	v.Columns = b.columns
	if v.Columns[0].Deals == nil {
		v.Columns = v.Columns[1:]
	}
	v.Total = b.total.String()
	v.Figures = []Figure{{Label: "Open deals", Value: strconv.Itoa(b.open)}, {Label: "Value", Value: orDash(v.Total)}}
	if b.over > 0 {
		v.Figures = append(v.Figures, Figure{Label: "Longer than typical", Value: strconv.Itoa(b.over), Note: "of the playbook’s days for their stage"})
	}
	if len(b.deals) > maxTable {
		v.Figures = append(v.Figures, Figure{Label: "Shown", Value: strconv.Itoa(maxTable), Note: "of " + strconv.Itoa(len(b.deals)) + "; narrow the list to see the others"})
	}
}

// offer fills what the board can be narrowed to and sorted by.
func (b *boardDraft) offer(v *BoardView) {
	filter := b.filter
	v.Owners = ownerOptions(b.owners, filter.owner)
	v.Filters = boardChoices(filter, b.funnel)
	for name, values := range filter.values() {
		if !slices.Contains([]string{"q", "owner", "view", "tag", "source", "min", "max", "month"}, name) {
			v.Keep = append(v.Keep, Option{Value: values[0], Label: name})
		}
	}
	sort.Slice(v.Keep, func(i, j int) bool { return v.Keep[i].Label < v.Keep[j].Label })
	v.Tags, v.Sources = nameOptions("any tag", b.tags, filter.tag), nameOptions("any source", b.sources, filter.source)
	form := filter.values()
	v.Min, v.Max, v.Month = form.Get("min"), form.Get("max"), filter.month
	v.More = filter.tag != "" || filter.source != "" || filter.min > 0 || filter.max > 0 || filter.month != ""
	v.Sorts = BoardSorts{filter.sorted("name"), filter.sorted("value"), filter.sorted("owner"), filter.sorted("days"), filter.sorted("close"), filter.sorted("changed")}
	board, table := filter, filter
	board.sort, table.sort = "", ""
	board.table, table.table = false, true
	v.BoardHref, v.TableHref = board.href(), table.href()
}
