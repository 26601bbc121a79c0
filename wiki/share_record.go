package wiki

import (
	"context"
	"slices"
	"strings"
	"time"

	"dealwiki/wiki/people"
)

// Crossed is a line of the record of who has shared what when.
type Crossed struct {
	At       time.Time
	By       string // person id
	From, To Place
}

// Shares reports that the page went to the customer's side.
func (c Crossed) Shares() bool { return c.To.Section == External }

// maxCrossings is how many lines of the record are looked through.
const maxCrossings = 1000

// Crossings is the record of a page's ways through the wall, the newest first,
// for staff. A page is meant at all the places where it lived on its side. A
// crossing that was cut short stands there too.
func (sp *Space) Crossings(ctx context.Context, caller people.Caller, place Place) ([]Crossed, error) {
	sd, err := sp.Side(place.Section)
	if err != nil {
		return nil, err
	}
	if err := sd.may(ctx, caller, people.Viewer); err != nil {
		return nil, err
	}
	places := []Place{place}
	if former, err := sd.FormerPlaces(ctx, caller, place); err == nil {
		places = append(places, former...)
	}
	all, err := sp.crossings(ctx)
	return slices.DeleteFunc(all, func(c Crossed) bool {
		return !slices.Contains(places, c.From) && !slices.Contains(places, c.To)
	}), err
}

// crossings reads the record of the space.
func (sp *Space) crossings(ctx context.Context) ([]Crossed, error) {
	events, _, err := sp.w.people.Audit(ctx, people.System("wiki"), people.AuditFilter{Action: "page.", Prospect: sp.prospect}, maxCrossings, 0)
	if err != nil {
		return nil, err
	}
	var out []Crossed
	failed := map[string]int{}
	for _, e := range events {
		switch e.Action {
		case auditFailed:
			failed[e.Object]++
		case auditShare, auditUnshare:
			if failed[e.Object] > 0 { // the line of the same try, which stands before it
				failed[e.Object]--
				continue
			}
			from, to, ok := strings.Cut(e.Object, " ")
			a, err := ParsePlace(from)
			b, err2 := ParsePlace(to)
			if ok && err == nil && err2 == nil {
				out = append(out, Crossed{At: e.At, By: e.Actor, From: a, To: b})
			}
		}
	}
	return out, nil
}

// CrossedTo answers where a page that is not at a place any more lives on the
// other side of the wall, for staff. It is ErrNotFound when it did not cross.
func (sp *Space) CrossedTo(ctx context.Context, caller people.Caller, place Place) (Place, error) {
	all, err := sp.Crossings(ctx, caller, place)
	if err != nil {
		return Place{}, err
	}
	for _, c := range all {
		if c.From != place {
			continue
		}
		sd, err := sp.Side(c.To.Section)
		if err != nil {
			return Place{}, err
		}
		if _, err := sd.Lookup(ctx, caller, c.To); err == nil {
			return c.To, nil
		}
		if to, err := sd.MovedTo(ctx, caller, c.To); err == nil {
			return to, nil
		}
	}
	return Place{}, ErrNotFound
}
