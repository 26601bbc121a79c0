package web

import (
	"fmt"
	"net/http"
	"net/url"
	"path"
	"strconv"
	"strings"

	"dealwiki/wiki"
	"dealwiki/wiki/people"
	"dealwiki/wiki/repo"
)

// SharedHistoryView is the list of versions (template shared_history).
type SharedHistoryView struct {
	SharedShell
	Page  SharedHead
	Days  []VersionDay
	Pager Pager
	Count int
}

// SharedCompareView shows two versions as one text (template shared_compare).
type SharedCompareView struct {
	SharedShell
	Page     SharedHead
	From, To VersionRow
	FromList []Option
	ToList   []Option
	Added    int // words
	Removed  int
	Hunks    []DiffHunk
	Same     bool
	Restore  bool
}

// versionRows draws versions of a shared page. Former places are left out but for
// the page's name, and so is what we ourselves write of them.
func (ro *room) versionRows(r *http.Request, page string, versions []repo.Version, fromTop bool) []VersionRow {
	told := make([]repo.Version, len(versions))
	for i := range versions {
		told[i] = versions[i]
		told[i].Subject = ro.subject(&versions[i])
		if versions[i].Renamed != "" {
			if told[i].Renamed = ro.formerName(&versions[i]); told[i].Renamed == "" {
				told[i].Subject = "Moved"
			}
		}
	}
	by := func(p repo.Person) Person { return ro.author(r.Context(), p) }
	return versionRows(ro.href(page), told, fromTop, ro.canWrite(), by)
}

// formerName is the name a page had before a version, "" when only its place was
// another.
func (ro *room) formerName(v *repo.Version) string {
	was := strings.TrimSuffix(path.Base(v.Renamed), ".md")
	if was == strings.TrimSuffix(path.Base(v.Path), ".md") {
		return ""
	}
	return was
}

// history lists the versions of a page.
func (p *portal) history(w http.ResponseWriter, r *http.Request, c people.Caller) error {
	ro, info, err := p.enterPage(r, c)
	if err != nil {
		return err
	}
	below, err := cursorHash(r.URL.Query().Get("below"))
	if err != nil {
		return err
	}
	versions, err := ro.side.History(r.Context(), c, info.Place, historyPage+1, below)
	if err != nil {
		return hide(err)
	}
	v := &SharedHistoryView{SharedShell: ro.around(r, "History of "+info.Title, info.Page, ""), Page: ro.head(r, &info)}
	v.Flash = p.pages.flash(w, r)
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
	v.Days = versionDays(ro.versionRows(r, info.Page, versions, below.IsZero()), p.now())
	private(w)
	p.pages.render(w, r, http.StatusOK, "shared_history", v)
	return nil
}

// compare shows what changed between two versions of a page.
func (p *portal) compare(w http.ResponseWriter, r *http.Request, c people.Caller) error {
	ro, info, err := p.enterPage(r, c)
	if err != nil {
		return err
	}
	q := r.URL.Query()
	from, err := cursorHash(q.Get("from"))
	if err != nil {
		return err
	}
	to, err := cursorHash(q.Get("to"))
	if err != nil {
		return err
	}
	d, err := comparePair(r.Context(), c, ro.side, info.Place, from, to)
	if err != nil {
		return hide(err)
	}
	v := &SharedCompareView{SharedShell: ro.around(r, "What changed on "+info.Title, info.Page, ""), Page: ro.head(r, &info), From: ro.version(r, d.a), To: ro.version(r, d.b),
		FromList: versionOptions(d.alive, d.a, d.from), ToList: versionOptions(d.alive, d.b, d.to), Same: len(d.hunks) == 0,
		Restore: ro.canWrite() && len(d.alive) > 0 && d.from != d.alive[0].Commit}
	v.Keys.Leave, v.Keys.History = v.Page.Href, v.Page.Href+"/history"
	v.Hunks, v.Added, v.Removed = d.readHunks()
	if d.to == info.Version {
		ro.markRead(r.Context(), &info, info.Version)
	}
	private(w)
	p.pages.render(w, r, http.StatusOK, "shared_compare", v)
	return nil
}

func (ro *room) version(r *http.Request, p *wiki.Page) VersionRow {
	at := url.Values{"at": {p.Version.String()}}
	return VersionRow{Number: p.Number, Commit: p.Version.String(), By: ro.author(r.Context(), p.Author), At: p.Updated, Href: ro.href(p.Page) + "?" + at.Encode()}
}
