package realtime

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"dealwiki/wiki"
)

// authors says whose edits are in the document that the newest version has not:
// first who changed most of it, characters that stand there or that they
// deleted; then the others. Where several wrote, each line of the text goes to
// who wrote most of what is new in it.
func (r *room) authors(ctx context.Context, text string) *wiki.Authors {
	spans := r.doc.Spans(r.version.vector)
	share := map[string]int{}
	added := 0
	for _, s := range spans {
		added += s.To - s.From
		if who := r.writer(s.Client); who != "" {
			share[who] += s.To - s.From
		}
	}
	// What is gone of the version's own text bounds what deleting can earn:
	// taking back one's own typing is no edit of the page.
	gone := r.version.units - (r.doc.Units() - added)
	removed := map[string]int{}
	for _, one := range r.removed {
		removed[one.person] += one.units
	}
	for who, units := range removed {
		if who != "" && who != recoveredPerson && gone > 0 {
			share[who] += min(units, gone)
		}
	}
	order := make([]string, 0, len(share))
	for who := range share {
		order = append(order, who)
	}
	slices.SortFunc(order, func(a, b string) int {
		return cmp.Or(cmp.Compare(share[b], share[a]), strings.Compare(a, b))
	})
	by := &wiki.Authors{}
	for i, who := range order {
		if i == 0 {
			by.Author = r.person(ctx, who)
		} else {
			by.With = append(by.With, r.person(ctx, who))
		}
	}
	if len(order) > 1 {
		by.Lines = r.lines(text, spans)
	}
	return by
}

// writer is the person whose characters those of a client are, "" for nobody.
func (r *room) writer(client uint64) string {
	if r.lost[client] {
		return ""
	}
	return r.owners[client]
}
