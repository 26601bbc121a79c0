package web

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"sort"
	"strconv"
	"strings"
	"time"

	"dealwiki/content"
	"dealwiki/wiki"
	"dealwiki/wiki/people"
	"dealwiki/wiki/repo"
)

// Limits of history screens.
const (
	historyPage  = 100              // versions on one screen
	changesPage  = 100              // changes on one screen
	compareList  = 200              // versions to choose from
	compareLines = 3                // unchanged lines around a change
	groupWithin  = 10 * time.Minute // one person's versions are shown as one
)

// history lists the versions of a page, also of one that is gone.
func (s *Server) history(w http.ResponseWriter, r *http.Request, c people.Caller, place wiki.Place) error {
	f, err := s.open(r, c)
	if err != nil {
		return err
	}
	side, err := f.side(place.Section)
	if err != nil {
		return err
	}
	ctx := r.Context()
	below, err := cursorHash(r.URL.Query().Get("below"))
	if err != nil {
		return err
	}
	versions, err := side.History(ctx, c, place, historyPage+1, below)
	if err != nil {
		return err
	}
	info := f.infoOf(ctx, side, place, versions)
	v := &HistoryView{Shell: f.shellOf(r, "History of "+info.Title, place, ""), Page: f.pageHead(ctx, info)}
	v.Audience = string(place.Section)
	v.Crumbs = f.pageCrumbs(info, "History")
	v.Flash = s.flash(w, r)
	v.Keys.Leave = v.Page.Href
	if len(versions) > 0 {
		v.Count = versions[0].Number
		if !below.IsZero() {
			v.Pager.Prev = v.Page.Href + "/history"
		}
	}
	if len(versions) > historyPage {
		versions = versions[:historyPage]
		v.Pager.Next = v.Page.Href + "/history?below=" + versions[historyPage-1].Commit.String()
	}
	if v.Pager.Next != "" || v.Pager.Prev != "" {
		v.Pager.Note = fmt.Sprintf("Versions %d to %d", versions[len(versions)-1].Number, versions[0].Number)
		if below.IsZero() {
			v.Pager.Note += " of " + strconv.Itoa(v.Count)
		}
	}
	rows := f.versionRows(ctx, place, versions, below.IsZero())
	if len(rows) > 1 {
		rows[1].From, rows[0].To = true, true
	}
	v.Days = s.versionDays(rows)
	private(w)
	s.render(w, r, http.StatusOK, "history", v)
	return nil
}

func cursorHash(s string) (repo.Hash, error) {
	if s == "" {
		return repo.Hash{}, nil
	}
	h, err := repo.ParseHash(s)
	if err != nil {
		return h, badRequest("The address names no version. Go back and follow the link again.")
	}
	return h, nil
}

// infoOf is what is known of a page, or of one that is gone.
func (f *frame) infoOf(ctx context.Context, side *wiki.Side, place wiki.Place, versions []repo.Version) *wiki.PageInfo {
	if info, err := side.Lookup(ctx, f.c, place); err == nil {
		return &info
	}
	info := &wiki.PageInfo{Place: place, Title: upperFirst(place.Page)}
	for _, v := range versions {
		if !v.Deleted {
			if p, err := side.ReadAt(ctx, f.c, place, v.Commit); err == nil {
				info.Title = p.Title
			}
			break
		}
	}
	return info
}

// versionRows draws versions, the newest first; those of one person within ten
// minutes become one row, which compares all of them with what was before.
func (f *frame) versionRows(ctx context.Context, place wiki.Place, versions []repo.Version, fromTop bool) []VersionRow {
	href := pagePath(f.slug(), place)
	var rows []VersionRow
	for i := 0; i < len(versions); {
		v := &versions[i]
		row := VersionRow{Number: v.Number, Commit: v.Commit.String(), Subject: v.Subject, By: f.s.author(ctx, v.Author), With: f.s.authors(ctx, v.CoAuthors),
			At: v.When, Added: v.Added, Removed: v.Removed, Deleted: v.Deleted, Href: href + "?at=" + v.Commit.String(), Current: fromTop && i == 0 && !v.Deleted}
		if v.Renamed != "" {
			row.Renamed = strings.TrimSuffix(v.Renamed, ".md")
		}
		if v.Deleted {
			row.Href = href
		}
		j := i + 1
		for ; j < len(versions) && joins(&versions[j-1], &versions[j]) && v.When.Sub(versions[j].When) <= groupWithin; j++ {
			row.Added += versions[j].Added
			row.Removed += versions[j].Removed
			row.Grouped++
		}
		if j < len(versions) && !v.Deleted && !versions[j].Deleted {
			row.Compare = href + "/compare?from=" + versions[j].Commit.String() + "&to=" + v.Commit.String()
		}
		row.Restore = f.canWrite() && !row.Current && !v.Deleted
		rows = append(rows, row)
		i = j
	}
	return rows
}

// joins reports that two versions, the newer first, are steps of one piece of
// work: by the same people, soon after one another, and neither moves nor
// deletes the page.
func joins(newer, older *repo.Version) bool {
	if newer.Author != older.Author || len(newer.CoAuthors)+len(older.CoAuthors) > 0 || newer.Deleted || older.Deleted || newer.Renamed != "" {
		return false
	}
	gap := newer.When.Sub(older.When)
	return gap >= 0 && gap <= groupWithin
}

func (s *Server) versionDays(rows []VersionRow) []VersionDay {
	var days []VersionDay
	for _, row := range rows {
		label := dayLabel(row.At, s.now())
		if len(days) == 0 || days[len(days)-1].Label != label {
			days = append(days, VersionDay{Label: label})
		}
		d := &days[len(days)-1]
		d.Versions = append(d.Versions, row)
	}
	return days
}

// compare shows two versions of a page. Without from and to it compares the
// newest with the one before.
func (s *Server) compare(w http.ResponseWriter, r *http.Request, c people.Caller, place wiki.Place) error {
	f, err := s.open(r, c)
	if err != nil {
		return err
	}
	side, err := f.side(place.Section)
	if err != nil {
		return err
	}
	ctx := r.Context()
	q := r.URL.Query()
	from, err := cursorHash(q.Get("from"))
	if err != nil {
		return err
	}
	to, err := cursorHash(q.Get("to"))
	if err != nil {
		return err
	}
	versions, err := side.History(ctx, c, place, compareList, repo.Hash{})
	if err != nil {
		return err
	}
	alive := versions[:0:0]
	for _, v := range versions {
		if !v.Deleted {
			alive = append(alive, v)
		}
	}
	if to.IsZero() && len(alive) > 0 {
		to = alive[0].Commit
	}
	if from.IsZero() && len(alive) > 0 {
		from = alive[min(1, len(alive)-1)].Commit
		for i, v := range alive {
			if v.Commit == to {
				from = alive[min(i+1, len(alive)-1)].Commit
			}
		}
	}
	hunks, a, b, err := side.Compare(ctx, c, place, from, to, compareLines)
	if err != nil {
		return err
	}
	info := f.infoOf(ctx, side, place, versions)
	v := &CompareView{Shell: f.shellOf(r, "What changed on "+info.Title, place, ""), Page: f.pageHead(ctx, info), From: f.row(ctx, a), To: f.row(ctx, b),
		Source: q.Get("view") == "source", Same: len(hunks) == 0}
	v.Audience = string(place.Section)
	v.Crumbs = f.pageCrumbs(info, "What changed")
	v.Keys.Leave, v.Keys.History = v.Page.Href, v.Page.Href+"/history"
	v.FromList, v.ToList = f.versionOptions(alive, a, from), f.versionOptions(alive, b, to)
	at := url.Values{"from": {from.String()}, "to": {to.String()}}
	v.PageHref = v.Page.Href + "/compare?" + at.Encode()
	at.Set("view", "source")
	v.LineHref = v.Page.Href + "/compare?" + at.Encode()
	v.Restore = f.canWrite() && len(alive) > 0 && from != alive[0].Commit
	v.Hunks, v.Added, v.Removed = diffHunks(hunks)
	v.Side = s.versionDays(f.versionRows(ctx, place, versions[:min(40, len(versions))], true))
	for i := range v.Side {
		for j := range v.Side[i].Versions {
			row := &v.Side[i].Versions[j]
			row.To = row.Commit == to.String()
			if row.Compare == "" {
				row.Compare = row.Href
			}
		}
	}
	private(w)
	s.render(w, r, http.StatusOK, "compare", v)
	return nil
}

func (f *frame) row(ctx context.Context, p *wiki.Page) VersionRow {
	return VersionRow{Number: p.Number, Commit: p.Version.String(), By: f.s.author(ctx, p.Author), At: p.Updated, Href: pagePath(f.slug(), p.Place) + "?at=" + p.Version.String()}
}

func (f *frame) versionOptions(versions []repo.Version, chosen *wiki.Page, at repo.Hash) []Option {
	var out []Option
	seen := false
	for i, v := range versions {
		label := fmt.Sprintf("Version %d, %s, %s", v.Number, v.When.UTC().Format("2 Jan 2006 15:04"), v.Author.Name)
		if i == 0 {
			label = fmt.Sprintf("Now (version %d)", v.Number)
		}
		out = append(out, Option{Value: v.Commit.String(), Label: label, Selected: v.Commit == at})
		seen = seen || v.Commit == at
	}
	if !seen {
		out = append(out, Option{Value: at.String(), Label: fmt.Sprintf("Version %d", chosen.Number), Selected: true})
	}
	return out
}

// diffHunks draws hunks, and counts the words that came and went.
func diffHunks(hunks []content.Hunk) (out []DiffHunk, added, removed int) {
	last := 0 // lines of the newer text shown so far
	for _, h := range hunks {
		d := DiffHunk{Skipped: max(0, h.B-1-last), Heading: strings.TrimSpace(strings.TrimLeft(h.Heading, "# "))}
		if h.BLines == 0 {
			d.Skipped = max(0, h.B-last)
		}
		last = max(last, h.B-1+h.BLines)
		for _, l := range h.Lines {
			line := DiffLine{A: l.A, B: l.B, Kind: kindOf(l.Kind)}
			for _, sp := range l.Spans {
				span := DiffSpan{Text: sp.Text}
				switch sp.Kind {
				case content.Insert:
					span.Kind = "ins"
					added += len(strings.Fields(sp.Text))
				case content.Delete:
					span.Kind = "del"
					removed += len(strings.Fields(sp.Text))
				}
				line.Spans = append(line.Spans, span)
			}
			if line.Spans == nil {
				line.Spans = []DiffSpan{{Text: l.Text}}
				switch l.Kind {
				case content.Insert:
					added += len(strings.Fields(l.Text))
				case content.Delete:
					removed += len(strings.Fields(l.Text))
				}
			}
			if n := len(d.Blocks); n > 0 && d.Blocks[n-1].Kind == line.Kind {
				d.Blocks[n-1].Lines = append(d.Blocks[n-1].Lines, line)
			} else {
				d.Blocks = append(d.Blocks, DiffBlock{Kind: line.Kind, Lines: []DiffLine{line}})
			}
		}
		out = append(out, d)
	}
	return out, added, removed
}

func kindOf(k content.OpKind) string {
	switch k {
	case content.Insert:
		return "added"
	case content.Delete:
		return "removed"
	}
	return "same"
}

// blame tells for every line who wrote it.
func (s *Server) blame(w http.ResponseWriter, r *http.Request, c people.Caller, place wiki.Place) error {
	f, err := s.open(r, c)
	if err != nil {
		return err
	}
	side, err := f.side(place.Section)
	if err != nil {
		return err
	}
	ctx := r.Context()
	lines, page, err := side.Blame(ctx, c, place)
	if err != nil {
		return err
	}
	v := &BlameView{Shell: f.shellOf(r, "Who wrote "+page.Title, place, ""), Page: f.pageHead(ctx, &page.PageInfo)}
	v.Audience = string(place.Section)
	v.Crumbs = f.pageCrumbs(&page.PageInfo, "Who wrote which line")
	v.Keys.Leave = v.Page.Href
	text := content.SplitLines(page.Text)
	numbers := map[repo.Hash]int{}
	if versions, err := side.History(ctx, c, place, 1000, repo.Hash{}); err == nil {
		for _, ver := range versions {
			numbers[ver.Commit] = ver.Number
		}
	}
	var ages []time.Time
	for _, l := range lines {
		ages = append(ages, l.When)
	}
	sort.Slice(ages, func(i, j int) bool { return ages[i].After(ages[j]) })
	count := map[repo.Person]int{}
	for i, l := range lines[:min(len(lines), len(text))] {
		count[l.Author]++
		line := BlameLine{Number: i + 1, Text: strings.ToValidUTF8(strings.TrimRight(string(text[i]), "\r\n"), "\uFFFD")}
		if i > 0 && lines[i-1].Commit == l.Commit && lines[i-1].Author == l.Author {
			g := &v.Groups[len(v.Groups)-1]
			g.Lines = append(g.Lines, line)
			continue
		}
		g := BlameGroup{By: s.author(ctx, l.Author), At: l.When, Number: numbers[l.Commit], Href: v.Page.Href + "?at=" + l.Commit.String(), Lines: []BlameLine{line}}
		if g.Number == 0 {
			g.Href = v.Page.Href + "/history" // a version from before an import's merge
		}
		older := sort.Search(len(ages), func(k int) bool { return !ages[k].After(l.When) })
		g.Age = min(4, older*5/max(1, len(ages)))
		v.Groups = append(v.Groups, g)
	}
	v.People = s.shares(ctx, count)
	private(w)
	s.render(w, r, http.StatusOK, "blame", v)
	return nil
}

// shares are people by how many lines are theirs.
func (s *Server) shares(ctx context.Context, count map[repo.Person]int) []Share {
	total := 0
	list := make([]repo.Person, 0, len(count))
	for p, n := range count {
		list = append(list, p)
		total += n
	}
	sort.Slice(list, func(i, j int) bool {
		if count[list[i]] != count[list[j]] {
			return count[list[i]] > count[list[j]]
		}
		return list[i].Email < list[j].Email
	})
	var out []Share
	x := 0
	for _, p := range list[:min(8, len(list))] {
		percent := count[p] * 100 / max(1, total)
		out = append(out, Share{Person: s.author(ctx, p), Percent: percent, X: x, Width: percent})
		x += percent
	}
	return out
}

// change draws one version in a list of what happened; ok is false for files
// that no screen shows.
func (f *frame) change(ctx context.Context, section wiki.Section, v *repo.Version) (Change, bool) {
	ch := Change{Who: f.s.author(ctx, v.Author), At: v.When, Audience: string(section), Subject: v.Subject, Added: v.Added, Removed: v.Removed, Verb: "wrote"}
	stage, name, ok := strings.Cut(v.Path, "/")
	if !ok {
		switch v.Path {
		case "prospect.yaml":
			ch.Title, ch.Verb, ch.Href = "the deal’s facts", "changed", f.base()+"/settings"
		case "funnel.yaml":
			ch.Title, ch.Verb, ch.Href = "the funnel", "changed", "/playbook"
		case "space.yaml":
			ch.Title, ch.Verb, ch.Href = "the shared space", "set up", ""
		default:
			return ch, false
		}
		return ch, true
	}
	ch.Place = f.stageTitle(stage)
	if file, ok := strings.CutPrefix(name, "files/"); ok {
		ch.Title, ch.Verb = file, "attached"
		if v.Deleted {
			ch.Verb = "removed"
		}
		if at := (wiki.File{Section: section, Stage: stage, Name: file}); f.hasFile(ctx, at) {
			ch.Href = filePath(f.slug(), at)
		}
		return ch, true
	}
	page, ok := strings.CutSuffix(name, ".md")
	if !ok || stage == "handoffs" {
		return ch, false
	}
	place := wiki.Place{Section: section, Stage: stage, Page: page}
	ch.Title, ch.Href = upperFirst(page), pagePath(f.slug(), place)
	for i := range f.pages[section] {
		if p := &f.pages[section][i]; p.Place == place {
			ch.Title = p.Title
		}
	}
	switch {
	case v.Deleted:
		ch.Verb, ch.Href = "deleted", ch.Href+"/history"
	case v.Renamed != "":
		ch.Verb = "moved"
	case v.Number == 1:
		ch.Verb = "created"
	case strings.HasPrefix(v.Subject, "Restore version "):
		ch.Verb = "restored"
	}
	if !v.Deleted && v.Number > 1 {
		ch.Compare = ch.Href + "/compare?to=" + v.Commit.String()
	}
	return ch, true
}

// changes is the change log of a prospect: both sides, or one.
func (s *Server) changes(w http.ResponseWriter, r *http.Request, c people.Caller) error {
	f, err := s.open(r, c)
	if err != nil {
		return err
	}
	ctx := r.Context()
	q := r.URL.Query()
	only := wiki.Section(q.Get("section"))
	if only != "" && only != wiki.Internal && only != wiki.External {
		return badRequest("A section is internal or external.")
	}
	v := &ChangesView{Shell: f.shellOf(r, "Changes", wiki.Place{}, "changes")}
	v.Filters = []Choice{{Label: "Both sides", Href: f.base() + "/changes", On: only == ""},
		{Label: "Internal", Href: f.base() + "/changes?section=internal", On: only == wiki.Internal, Icon: "lock"},
		{Label: "External", Href: f.base() + "/changes?section=external", On: only == wiki.External, Icon: "globe"}}
	if f.playbook() {
		v.Filters = nil
	}
	// Each side continues below its own last version shown.
	type row struct {
		Change
		section wiki.Section
		commit  repo.Hash
	}
	var rows []row
	more := map[wiki.Section]bool{}
	cursor := map[wiki.Section]string{wiki.Internal: q.Get("internal"), wiki.External: q.Get("external")}
	for _, side := range f.space.Sides() {
		section := side.Section()
		if only != "" && section != only || cursor[section] == "end" {
			continue
		}
		below, err := cursorHash(cursor[section])
		if err != nil {
			return err
		}
		versions, err := side.Recent(ctx, c, changesPage, below)
		if err != nil {
			return err
		}
		more[section] = len(versions) == changesPage
		for i := range versions {
			if ch, ok := f.change(ctx, section, &versions[i]); ok {
				rows = append(rows, row{ch, section, versions[i].Commit})
			}
		}
	}
	sort.SliceStable(rows, func(i, j int) bool { return rows[i].At.After(rows[j].At) })
	cut := len(rows) > changesPage
	if cut {
		// A commit is shown whole, so that the next screen can begin below it.
		n := changesPage
		for n < len(rows) && rows[n].commit == rows[n-1].commit {
			n++
		}
		rows = rows[:n]
	}
	next := url.Values{}
	if only != "" {
		next.Set("section", string(only))
	}
	for section, at := range cursor {
		if at != "" {
			next.Set(string(section), at)
		}
	}
	anyMore := cut
	for _, rw := range rows {
		next.Set(string(rw.section), rw.commit.String())
		label := dayLabel(rw.At, s.now())
		if len(v.Days) == 0 || v.Days[len(v.Days)-1].Label != label {
			v.Days = append(v.Days, ChangeDay{Label: label})
		}
		d := &v.Days[len(v.Days)-1]
		d.Changes = append(d.Changes, rw.Change)
	}
	for _, m := range more {
		anyMore = anyMore || m
	}
	if anyMore && len(rows) > 0 {
		v.Pager.Next = f.base() + "/changes?" + next.Encode()
	}
	if cursor[wiki.Internal] != "" || cursor[wiki.External] != "" {
		v.Pager.Prev = f.base() + "/changes"
	}
	private(w)
	s.render(w, r, http.StatusOK, "changes", v)
	return nil
}
