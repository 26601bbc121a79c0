package web

import (
	"context"
	"dealwiki/content"
	"dealwiki/wiki"
	"dealwiki/wiki/people"
	"dealwiki/wiki/repo"
	"net/http"
	"sort"
	"strings"
	"time"
)

// blame tells for every line who wrote it.
func (s *Server) blame(w http.ResponseWriter, r *http.Request, c people.Caller, place wiki.Place) error {
	f, side, err := s.openSide(r, c, place.Section)
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
