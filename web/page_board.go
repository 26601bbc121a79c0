package web

import (
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
