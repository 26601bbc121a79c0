package web

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

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
	f, side, err := s.openSide(r, c, place.Section)
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
	if v.Crossings, err = f.crossings(ctx, place); err != nil {
		return err
	}
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

func (f *frame) versionRows(ctx context.Context, place wiki.Place, versions []repo.Version, fromTop bool) []VersionRow {
	by := func(p repo.Person) Person { return f.s.author(ctx, p) }
	rows := versionRows(pagePath(f.slug(), place), versions, fromTop, f.canWrite(), by)
	f.tellPushers(ctx, place.Section, versions, rows)
	return rows
}

// tellPushers says of versions that came by git who pushed them, where that is
// not their author: a commit may name anybody.
func (f *frame) tellPushers(ctx context.Context, section wiki.Section, versions []repo.Version, rows []VersionRow) {
	side, err := f.side(section)
	var pushers map[repo.Hash]string
	if err == nil {
		pushers, err = side.Pushers(ctx, f.c, versions)
	}
	if err != nil {
		f.s.log.Warn("finding who pushed", "prospect", f.slug(), "err", err)
		return
	}
	for i := range rows {
		for _, v := range versions {
			id := pushers[v.Commit]
			if v.Commit.String() != rows[i].Commit || id == "" || id == wiki.PersonID(v.Author) {
				continue
			}
			if p, err := f.s.people.Get(ctx, id); err == nil {
				by := personView(p)
				rows[i].Pushed = &by
			}
		}
	}
}

// versionRows draws versions of the page at an address, the newest first; those
// of one person within ten minutes become one row, which compares all of them
// with what was before.
func versionRows(href string, versions []repo.Version, fromTop, mayRestore bool, by func(repo.Person) Person) []VersionRow {
	var rows []VersionRow
	for i := 0; i < len(versions); {
		v := &versions[i]
		row := VersionRow{Number: v.Number, Commit: v.Commit.String(), Subject: v.Subject, By: by(v.Author),
			At: v.When, Added: v.Added, Removed: v.Removed, Deleted: v.Deleted, Href: href + "?at=" + v.Commit.String(), Current: fromTop && i == 0 && !v.Deleted}
		for _, p := range v.CoAuthors {
			row.With = append(row.With, by(p))
		}
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
		row.Restore = mayRestore && !row.Current && !v.Deleted
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

func (s *Server) versionDays(rows []VersionRow) []VersionDay { return versionDays(rows, s.now()) }

// versionDays puts versions under their days.
func versionDays(rows []VersionRow, now time.Time) []VersionDay {
	var days []VersionDay
	for _, row := range rows {
		label := dayLabel(row.At, now)
		if len(days) == 0 || days[len(days)-1].Label != label {
			days = append(days, VersionDay{Label: label})
		}
		d := &days[len(days)-1]
		d.Versions = append(d.Versions, row)
	}
	return days
}
