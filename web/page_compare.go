package web

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"dealwiki/content"
	"dealwiki/wiki"
	"dealwiki/wiki/people"
	"dealwiki/wiki/repo"
)

// compare shows two versions of a page. Without from and to it compares the
// newest with the one before.
func (s *Server) compare(w http.ResponseWriter, r *http.Request, c people.Caller, place wiki.Place) error {
	f, side, err := s.openSide(r, c, place.Section)
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
	d, err := comparePair(ctx, c, side, place, from, to)
	if err != nil {
		return err
	}
	from, to = d.from, d.to
	versions, alive, a, b := d.versions, d.alive, d.a, d.b
	info := f.infoOf(ctx, side, place, versions)
	v := &CompareView{Shell: f.shellOf(r, "What changed on "+info.Title, place, ""), Page: f.pageHead(ctx, info), From: f.row(ctx, a), To: f.row(ctx, b),
		Source: q.Get("view") == "source", Same: len(d.hunks) == 0}
	v.Audience = string(place.Section)
	v.Crumbs = f.pageCrumbs(info, "What changed")
	v.Keys.Leave, v.Keys.History = v.Page.Href, v.Page.Href+"/history"
	v.FromList, v.ToList = versionOptions(alive, a, from), versionOptions(alive, b, to)
	at := url.Values{"from": {from.String()}, "to": {to.String()}}
	v.PageHref = v.Page.Href + "/compare?" + at.Encode()
	at.Set("view", "source")
	v.LineHref = v.Page.Href + "/compare?" + at.Encode()
	v.Restore = f.canWrite() && len(alive) > 0 && from != alive[0].Commit
	if v.Source {
		v.Hunks, v.Added, v.Removed = diffHunks(d.hunks)
	} else {
		v.Hunks, v.Added, v.Removed = d.readHunks()
	}
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

// compared is two versions of a page.
type compared struct {
	from, to repo.Hash
	versions []repo.Version // the newest first
	alive    []repo.Version // those in which the page is there
	hunks    []content.Hunk
	a, b     *wiki.Page
}

// comparePair compares two versions of a page. Without both it is the newest with
// the one before.
func comparePair(ctx context.Context, c people.Caller, side *wiki.Side, place wiki.Place, from, to repo.Hash) (*compared, error) {
	versions, err := side.History(ctx, c, place, compareList, repo.Hash{})
	if err != nil {
		return nil, err
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
		return nil, err
	}
	return &compared{from, to, versions, alive, hunks, a, b}, nil
}

// readHunks draws what differs for readers: the text as it reads, changed words
// within their line. What differs in markup alone is drawn as it was written.
func (d *compared) readHunks() (out []DiffHunk, added, removed int) {
	hunks := content.Compare(content.Reading(d.a.Text), content.Reading(d.b.Text), compareLines)
	if len(hunks) == 0 {
		return diffHunks(d.hunks)
	}
	out, added, removed = diffHunks(hunks)
	for i := range out {
		for _, b := range out[i].Blocks {
			for _, l := range b.Lines {
				if len(l.Spans) > 0 {
					l.Spans[0].Text = strings.TrimLeft(l.Spans[0].Text, "#") // a heading's sign
				}
			}
		}
		out[i].Blocks = joinBlocks(out[i].Blocks)
	}
	return out, added, removed
}

// joinBlocks puts lines that were changed, and not replaced, into one.
func joinBlocks(blocks []DiffBlock) (out []DiffBlock) {
	for i := 0; i < len(blocks); i++ {
		if i+1 < len(blocks) && blocks[i].Kind == "removed" && blocks[i+1].Kind == "added" {
			if lines, ok := pairLines(blocks[i].Lines, blocks[i+1].Lines); ok {
				out = append(out, DiffBlock{Kind: "changed", Lines: lines})
				i++
				continue
			}
		}
		out = append(out, blocks[i])
	}
	return out
}

// pairLines pairs lines; it says no where one has no counterpart or where less
// than a third of the words stayed.
func pairLines(before, after []DiffLine) ([]DiffLine, bool) {
	if len(before) != len(after) {
		return nil, false
	}
	var out []DiffLine
	for i := range before {
		line := DiffLine{A: before[i].A, B: after[i].B, Kind: "changed"}
		kept, all := 0, 0
		for _, op := range content.DiffWords(before[i].said(), after[i].said()) {
			words := len(strings.Fields(op.Text))
			all += words
			if op.Kind == content.Equal {
				kept += words
			}
			line.Spans = append(line.Spans, DiffSpan{Text: op.Text, Kind: map[content.OpKind]string{content.Insert: "ins", content.Delete: "del"}[op.Kind]})
		}
		if kept*3 < all {
			return nil, false
		}
		out = append(out, line)
	}
	return out, true
}

// said is the text of a line.
func (l DiffLine) said() string {
	var b strings.Builder
	for _, s := range l.Spans {
		b.WriteString(s.Text)
	}
	return b.String()
}

func (f *frame) row(ctx context.Context, p *wiki.Page) VersionRow {
	return VersionRow{Number: p.Number, Commit: p.Version.String(), By: f.s.author(ctx, p.Author), At: p.Updated, Href: pagePath(f.slug(), p.Place) + "?at=" + p.Version.String()}
}

// versionOptions are the versions to choose from.
func versionOptions(versions []repo.Version, chosen *wiki.Page, at repo.Hash) []Option {
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
