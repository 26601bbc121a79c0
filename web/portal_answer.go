package web

import (
	"context"
	"errors"
	"slices"
	"strings"

	"dealwiki/wiki"
)

// answers is what others have said to a guest since the guest read the page that
// it stands on: below a comment of theirs, or with their handle in it. Where it
// stands in the text is not looked for: the bell on every screen counts it.
func (ro *room) answers(ctx context.Context) ([]SharedChange, error) {
	if ro.told != nil || !ro.c.Person.Guest {
		return ro.told, nil
	}
	ro.told = []SharedChange{}
	for i := range ro.pages {
		p := &ro.pages[i]
		threads, err := ro.side.Said(ctx, ro.c, p.Place)
		var invalid *wiki.Invalid
		if errors.As(err, &invalid) {
			continue // told of on the page itself
		}
		if err := passGone(err); err != nil {
			return nil, err
		}
		for k := range threads {
			ro.told = append(ro.told, ro.saidIn(ctx, p, &threads[k])...)
		}
	}
	slices.SortStableFunc(ro.told, func(a, b SharedChange) int { return b.At.Compare(a.At) })
	return ro.told, nil
}

// saidIn is what was said to the guest in one thread. Its words are left to the
// page, which draws only the links that guests may follow.
func (ro *room) saidIn(ctx context.Context, p *wiki.PageInfo, t *wiki.Thread) []SharedChange {
	var out []SharedChange
	me, mine := ro.c.Person, false
	mark := ro.read[p.Place.String()]
	for i := range t.Comments {
		cm := &t.Comments[i]
		if cm.By == me.ID {
			mine = true
			continue
		}
		if !cm.At.After(mark.At) {
			continue
		}
		verb := ""
		switch {
		case slices.ContainsFunc(cm.Mentions(), func(handle string) bool { return strings.EqualFold(handle, me.Handle) }):
			verb = "mentioned you in a comment on"
		case mine:
			verb = "answered your comment on"
		default:
			continue
		}
		out = append(out, SharedChange{Who: ro.commenter(ctx, cm.By, cm.Name), Verb: verb, Title: p.Title, Href: ro.href(p.Page) + "#c-" + cm.ID, At: cm.At})
	}
	return out
}

// answered tells whether something on a page waits for the guest to be read.
func (ro *room) answered(ctx context.Context, page string) bool {
	all, err := ro.answers(ctx)
	return err == nil && slices.ContainsFunc(all, func(a SharedChange) bool { return strings.HasPrefix(a.Href, ro.href(page)+"#") })
}
