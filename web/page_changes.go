package web

import (
	"context"
	"dealwiki/wiki"
	"dealwiki/wiki/people"
	"dealwiki/wiki/repo"
	"net/http"
	"net/url"
	"sort"
	"strings"
)

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
