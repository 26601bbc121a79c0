package sample

import (
	"context"
	"fmt"
	"time"

	"dealwiki/wiki"
	"dealwiki/wiki/people"
)

// Ages of what guests leave behind.
const (
	cameBefore = 3 * time.Hour       // their first word
	cameAgo    = 20 * 24 * time.Hour // who never said a word
	openedAgo  = 36 * time.Hour
)

// guest lets somebody of the customer's in, by an invitation of the prospect's
// owner, before anything that they did, and has them look at what is shared.
func (a *applier) guest(ctx context.Context, g Guest, p Prospect) error {
	db := a.w.People()
	came := a.now.Add(-cameAgo)
	for _, r := range p.Revisions {
		if r.Author == g.Handle && r.At.Before(came) {
			came = r.At.Add(-cameBefore)
		}
	}
	a.clock.Set(came.Add(-24 * time.Hour))
	_, token, err := db.InviteGuest(ctx, a.caller(p.Owner), people.NewGuest{Prospect: g.Prospect, Name: g.Name, Email: g.Email, Role: people.GuestRole(g.Level), Until: g.Until})
	if err != nil {
		return fmt.Errorf("inviting %s: %w", g.Name, err)
	}
	a.clock.Set(came)
	if _, _, err := db.JoinAsGuest(ctx, people.Caller{}, token, ""); err != nil {
		return fmt.Errorf("letting %s in: %w", g.Name, err)
	}
	caller := a.caller(g.Handle)
	side, err := a.side(ctx, a.system, g.Prospect, string(wiki.External))
	if err != nil {
		return err
	}
	pages, err := side.Pages(ctx, a.system)
	if err != nil {
		return err
	}
	at := a.now.Add(-openedAgo)
	names := []string{""}
	for _, page := range pages {
		names = append(names, page.Page)
	}
	for i, name := range names {
		if i > 0 && i%len(g.Handle) == 0 {
			continue // nobody reads everything
		}
		a.clock.Set(at.Add(time.Duration(i) * 4 * time.Minute))
		if err := db.GuestOpened(ctx, caller, g.Prospect, name); err != nil {
			return fmt.Errorf("letting %s read: %w", g.Name, err)
		}
	}
	return nil
}

// guests lets all guests of a prospect in.
func (a *applier) guests(ctx context.Context, all []Guest, p Prospect) error {
	for _, g := range all {
		if g.Prospect == p.Slug {
			if err := a.guest(ctx, g, p); err != nil {
				return err
			}
		}
	}
	return nil
}
