package notify

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"strconv"
	"time"

	"dealwiki/web/webhook"
	"dealwiki/wiki"
	"dealwiki/wiki/people"
)

// guestEvents are what the record says of guests that programs are told.
var guestEvents = map[string]string{
	"guest.join":   webhook.Guest + ".joined",
	"guest.revoke": webhook.Guest + ".revoked",
	"guest.end":    webhook.Guest + ".ended",
}

// guestsBack is how far the record is read back. What was told is told once,
// however often it is found.
const guestsBack = 24 * time.Hour

// TellGuests tells programs who has come as a guest, and who was sent away or
// whose time is over. It is read from the record. It is for Run, and for tests
// without it.
func (c *Center) TellGuests(ctx context.Context) error {
	if c.hooks == nil {
		return nil
	}
	var actions []string
	for action := range guestEvents {
		actions = append(actions, action)
	}
	found, _, err := c.people.Audit(ctx, system, people.AuditFilter{Actions: actions, Since: c.wiki.Now().Add(-guestsBack)}, 1000, 0)
	if err != nil {
		return wrap("reading what became of guests", err)
	}
	byProspect := map[string][]webhook.Event{}
	for _, e := range slices.Backward(found) { // oldest first
		guest := c.by(ctx, e.Object, "")
		byProspect[e.Prospect] = append(byProspect[e.Prospect], webhook.Event{Type: guestEvents[e.Action], At: e.At, Once: "guest/" + strconv.FormatInt(e.Seq, 10),
			Data: webhook.Data{Section: string(wiki.External), Path: "guests", Title: guest.Name, ID: guest.ID, By: c.by(ctx, e.Actor, "")}})
	}
	for prospect, events := range byProspect {
		if err := c.tellOf(ctx, prospect, events); err != nil {
			return wrap("telling what became of guests", err)
		}
	}
	return nil
}

// tellOf queues events of a prospect, unless it was deleted.
func (c *Center) tellOf(ctx context.Context, prospect string, events []webhook.Event) error {
	messages, err := c.hooks.Prepare(ctx, prospect, events)
	if err != nil {
		return err
	}
	defer messages.Done()
	return c.people.UpdateAttention(ctx, func(ctx context.Context, conn *sql.Conn) error {
		var there int
		err := conn.QueryRowContext(ctx, `SELECT 1 FROM prospects WHERE name=?`, prospect).Scan(&there)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		if err != nil {
			return err
		}
		return messages.Queue(ctx, conn)
	})
}
