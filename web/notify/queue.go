package notify

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"slices"
	"strings"
	"time"

	"dealwiki/wiki"
	"dealwiki/wiki/people"
)

// How letters are made and sent.
const (
	morning    = 7                  // o'clock, when a digest is due
	gather     = 10 * time.Minute   // between letters of what is not urgent, at least
	pause      = 2 * time.Minute    // after a letter, before somebody who is named or asked gets another
	oldest     = 7 * 24 * time.Hour // what is older is not mailed any more
	lookAgain  = 30 * time.Second   // for letters that are due
	maxTries   = 8
	firstRetry = time.Minute // four times as long each time
	maxRetry   = 12 * time.Hour
	maxItems   = 100 // in one letter; the rest is in the inbox
	maxDue     = 20  // letters read in one go
)

// letter is one that waits: of notices for a person, or a Message.
type letter struct {
	seq     int64
	message bool   // else of notices
	person  string // of notices
	digest  bool   // of notices
	id      string // of the message
	tries   int
}

// table is where a letter waits.
func (l letter) table() string {
	if l.message {
		return "mail_messages"
	}
	return "mail_letters"
}

// deliverAll makes and sends letters until ctx is done. It is the goroutine that
// Run owns.
func (c *Center) deliverAll(ctx context.Context) {
	tick := time.NewTicker(lookAgain)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-c.wake:
		case <-tick.C:
		}
		err := wiki.Guard(c.log, "sending mail", func() error { return c.Deliver(ctx) })
		if err != nil && ctx.Err() == nil {
			c.log.Warn("sending mail", "err", err)
		}
	}
}

// wakeMail says that there may be something to send.
func (c *Center) wakeMail() {
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// Deliver makes letters of what is to be mailed now and sends those that are
// due. It is for Run, and for tests without it. The error is of the first letter
// that could not be sent; it is tried again later.
func (c *Center) Deliver(ctx context.Context) error {
	if c.mail == nil {
		return nil
	}
	if err := c.collect(ctx); err != nil {
		return wrap("collecting what is to be mailed", err)
	}
	if err := c.send(ctx); err != nil {
		return err
	}
	return c.sendGuests(ctx)
}

// waiting is what is to be mailed to somebody.
type waiting struct {
	choice  Choice
	digest  string // the morning of the last one, a date
	last    time.Time
	notices []Notice
}

// collect makes letters of notices that were not mailed.
func (c *Center) collect(ctx context.Context) error {
	now := c.wiki.Now()
	all := map[string]*waiting{}
	err := c.people.AskAttention(ctx, func(rows *sql.Rows) error {
		var person, choice, digest string
		var last, at int64
		var n Notice
		if err := rows.Scan(&n.ID, &person, &n.Kind, &at, &choice, &digest, &last); err != nil {
			return err
		}
		n.At = time.UnixMilli(at)
		if all[person] == nil {
			all[person] = &waiting{choice: Choice(choice), digest: digest, last: time.UnixMilli(last)}
		}
		all[person].notices = append(all[person].notices, n)
		return nil
	}, `SELECT n.seq, n.person, n.kind, n.at, coalesce(m.choice, 'daily'), coalesce(m.digest, ''), coalesce(m.last, 0)
		FROM notices n LEFT JOIN mail_people m ON m.person=n.person WHERE n.mailed=0 AND n.seen=0 AND n.at>? ORDER BY n.at, n.seq`, now.Add(-oldest).UnixMilli())
	if err != nil {
		return err
	}
	for person, w := range all {
		p, err := c.people.Get(ctx, person)
		if errors.Is(err, people.ErrNotFound) || err == nil && (p.Disabled || p.Guest || w.choice == NoMails) {
			continue
		}
		if err != nil {
			return err
		}
		dawn := c.dawn(p, now)
		today := dawn.Format(time.DateOnly)
		var soon, later []int64
		for _, n := range w.notices {
			switch {
			// Whoever may comment can name people as often as they like; letters
			// gather what comes in a pause.
			case n.Kind == KindHandoff, (n.Kind == KindMention || n.Kind == KindAsked) && now.Sub(w.last) >= pause, w.choice == AtOnce && now.Sub(w.last) >= gather:
				soon = append(soon, n.ID)
			case w.choice == Daily && n.At.Before(dawn) && w.digest < today:
				later = append(later, n.ID)
			}
		}
		if len(soon)+len(later) == 0 {
			continue
		}
		if len(later) == 0 {
			today = w.digest
		}
		if err := c.enqueue(ctx, person, now, today, soon, later); err != nil {
			return err
		}
	}
	return nil
}

// dawn is the latest morning where a person is.
func (c *Center) dawn(p people.Person, now time.Time) time.Time {
	zone := c.mail.Zone
	if own, err := time.LoadLocation(p.Settings.Zone); p.Settings.Zone != "" && err == nil {
		zone = own
	}
	if zone == nil {
		zone = time.UTC
	}
	y, m, d := now.In(zone).Date()
	at := time.Date(y, m, d, morning, 0, 0, 0, zone)
	if at.After(now) {
		at = time.Date(y, m, d-1, morning, 0, 0, 0, zone)
	}
	return at
}

// enqueue writes letters and that their notices are in them, at once.
func (c *Center) enqueue(ctx context.Context, person string, now time.Time, digest string, soon, later []int64) error {
	return c.people.UpdateAttention(ctx, func(ctx context.Context, conn *sql.Conn) error {
		for kind, ids := range map[string][]int64{"now": soon, "digest": later} {
			if len(ids) == 0 {
				continue
			}
			res, err := conn.ExecContext(ctx, `INSERT INTO mail_letters(person, kind, id, made, next) VALUES(?,?,?,?,?)`, person, kind, strings.ToLower(rand.Text()), now.UnixMilli(), now.UnixMilli())
			if err != nil {
				return err
			}
			seq, err := res.LastInsertId()
			if err != nil {
				return err
			}
			for _, id := range ids {
				// A notice may have gone meanwhile, with its prospect.
				if _, err := conn.ExecContext(ctx, `INSERT INTO mail_items SELECT ?, seq FROM notices WHERE seq=?`, seq, id); err != nil {
					return err
				}
				if _, err := conn.ExecContext(ctx, `UPDATE notices SET mailed=1 WHERE seq=?`, id); err != nil {
					return err
				}
			}
		}
		_, err := conn.ExecContext(ctx, `INSERT INTO mail_people(person, digest, last) VALUES(?,?,?) ON CONFLICT(person) DO UPDATE SET digest=excluded.digest, last=excluded.last`,
			person, digest, now.UnixMilli())
		return err
	})
}

// send sends the letters that are due, messages before letters of notices: somebody
// waits for them. When the mail server takes none, the others wait: each try may
// last long.
func (c *Center) send(ctx context.Context) error {
	for {
		// Each one that was read is gone afterwards, or put off.
		due, err := c.due(ctx)
		if err != nil {
			return wrap("reading letters", err)
		}
		for _, l := range due {
			if err := c.sendOne(ctx, l); err != nil {
				return err
			}
		}
		if len(due) < maxDue {
			return nil
		}
	}
}

// due are the next letters to be sent.
func (c *Center) due(ctx context.Context) (out []letter, err error) {
	now := c.wiki.Now().UnixMilli()
	err = c.people.AskAttention(ctx, func(rows *sql.Rows) error {
		var l letter
		var kind string
		var next int64
		err := rows.Scan(&l.message, &l.seq, &l.person, &kind, &l.id, &l.tries, &next)
		l.digest = kind == "digest"
		out = append(out, l)
		return err
	}, `SELECT 1, seq, '', '', id, tries, next FROM mail_messages WHERE next<=?
		UNION ALL SELECT 0, seq, person, kind, id, tries, next FROM mail_letters WHERE next<=? ORDER BY 1 DESC, 7, 2 LIMIT ?`, now, now, maxDue)
	return out, err
}

// sendOne sends a letter and removes it. The error is one that keeps the others
// from being sent too.
func (c *Center) sendOne(ctx context.Context, l letter) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	compose := c.compose
	if l.message {
		compose = c.composeMessage
	}
	m, err := compose(ctx, l)
	if err != nil {
		return wrap("writing a letter", err)
	}
	if m != nil {
		if err := c.mail.Sender.Send(ctx, m); err != nil {
			if ctx.Err() != nil {
				return ctx.Err() // stopped; no try of its own
			}
			if err := c.failed(ctx, l, err); err != nil {
				return err
			}
			if errors.Is(err, ErrRefused) {
				return nil
			}
			return err
		}
	}
	// Not cut short: what was sent is not sent again.
	return wrap("removing a sent letter", c.update(context.WithoutCancel(ctx), `DELETE FROM `+l.table()+` WHERE seq=?`, l.seq))
}

// failed puts a letter off, or gives it up.
func (c *Center) failed(ctx context.Context, l letter, why error) error {
	l.tries++
	if l.tries < maxTries && !errors.Is(why, ErrRefused) {
		return c.update(ctx, `UPDATE `+l.table()+` SET tries=?, next=? WHERE seq=?`, l.tries, c.wiki.Now().Add(retryAfter(l.tries)).UnixMilli(), l.seq)
	}
	return c.giveUp(ctx, l, why.Error())
}

// retryAfter is how long is waited after so many tries.
func retryAfter(tries int) time.Duration { return min(firstRetry<<(2*(tries-1)), maxRetry) }

// giveUp removes a letter that will not be sent and puts it on record.
func (c *Center) giveUp(ctx context.Context, l letter, why string) error {
	object := l.person
	if l.message {
		err := c.people.AskAttention(ctx, func(rows *sql.Rows) error { return rows.Scan(&object) }, `SELECT address FROM mail_messages WHERE seq=?`, l.seq)
		if err != nil {
			return wrap("reading a message", err)
		}
	}
	if err := c.givenUp(ctx, object, l.tries, why); err != nil {
		return err
	}
	return c.update(ctx, `DELETE FROM `+l.table()+` WHERE seq=?`, l.seq)
}

// givenUp puts on record that a letter will not be sent.
func (c *Center) givenUp(ctx context.Context, to string, tries int, why string) error {
	c.log.Warn("a letter is given up", "to", to, "tries", tries, "err", why)
	return wrap("noting a letter that is given up", c.people.Record(ctx, system, people.Event{Action: "mail.give-up", Object: to, Detail: clip(why, 500)}))
}

// items are the notices of a letter that its reader may still see and has not
// read meanwhile.
func (c *Center) items(ctx context.Context, l letter) ([]Notice, error) {
	var all []Notice
	err := c.people.AskAttention(ctx, func(rows *sql.Rows) error {
		var n Notice
		var at int64
		err := rows.Scan(&n.ID, &n.Prospect, &n.Kind, &n.Section, &n.Path, &n.Actor, &n.Name, &n.Title, &n.Text, &at, &n.Times)
		n.At = time.UnixMilli(at).UTC()
		all = append(all, n)
		return err
	}, `SELECT n.seq, n.prospect, n.kind, n.section, n.path, n.actor, n.name, n.title, n.text, n.at, n.times
		FROM mail_items i JOIN notices n ON n.seq=i.notice WHERE i.letter=? AND n.person=? AND n.seen=0 ORDER BY n.at, n.seq`, l.seq, l.person)
	return slices.DeleteFunc(all, func(n Notice) bool { return !c.sees(ctx, l.person, n.Prospect) }), err
}
