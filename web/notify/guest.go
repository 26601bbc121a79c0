package notify

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	gomail "github.com/wneessen/go-mail"

	"dealwiki/wiki/people"
)

// Portal is what guests see. A guest's letter is made of nothing else: a Center,
// which knows both sides of the wall, writes none of it.
type Portal interface {
	// News is what is new to a guest in each space that is shared with them now,
	// of what has changed from a moment on.
	News(ctx context.Context, guest people.Person, from time.Time) ([]GuestNews, error)
}

// GuestNews is what is new in a shared space.
type GuestNews struct {
	Title   string
	Changes []GuestChange // the latest first
}

// GuestChange is a change of a shared page.
type GuestChange struct {
	Who   string
	Did   string // "wrote", "started"
	Title string // of the page
	Path  string // below the wiki's address
}

// ShowGuests says where guests' letters come from. Until it is called there are
// none.
func (c *Center) ShowGuests(p Portal) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.portal = p
}

// GuestDigest reports whether a guest is mailed what is new, once a week. Nobody
// is until they choose it.
func (c *Center) GuestDigest(ctx context.Context, person string) (on bool, err error) {
	err = c.people.AskAttention(ctx, func(*sql.Rows) error { on = true; return nil }, `SELECT person FROM guest_digests WHERE person=?`, person)
	return on, err
}

// ChooseGuestDigest begins or ends the weekly mail of the caller, a guest. It
// tells of what changes from now on, on Monday mornings.
func (c *Center) ChooseGuestDigest(ctx context.Context, caller people.Caller, on bool) error {
	p := c.people.Live(caller).Person
	// Who came by a link without an address has one that leads nowhere: letters to
	// it would fail, and those of others wait for each try.
	if !p.Guest || p.ID == "" || c.mail == nil || !p.Reachable() {
		return people.ErrForbidden
	}
	if !on {
		return c.update(ctx, `DELETE FROM guest_digests WHERE person=?`, p.ID)
	}
	now := c.wiki.Now()
	return c.update(ctx, `INSERT OR IGNORE INTO guest_digests(person, told, next) VALUES(?,?,?)`, p.ID, second(now), c.monday(p, now).UnixMilli())
}

// second is when the second of a moment began, in milliseconds: versions are dated
// to it, and none of that second is to be lost.
func second(t time.Time) int64 { return t.Unix() * 1000 }

// monday is the next morning of a Monday where a person is.
func (c *Center) monday(p people.Person, now time.Time) time.Time {
	at := c.dawn(p, now)
	for {
		if at = at.AddDate(0, 0, 1); at.Weekday() == time.Monday && at.After(now) {
			return at
		}
	}
}

// guestDigest is one that is due.
type guestDigest struct {
	letter
	told time.Time
}

// sendGuests writes and sends the guests' letters that are due. When the mail
// server takes none, the others wait.
func (c *Center) sendGuests(ctx context.Context) error {
	c.mu.Lock()
	portal := c.portal
	c.mu.Unlock()
	if portal == nil {
		return nil
	}
	var due []guestDigest
	err := c.people.AskAttention(ctx, func(rows *sql.Rows) error {
		var d guestDigest
		var told int64
		err := rows.Scan(&d.person, &d.id, &d.tries, &told)
		d.told = time.UnixMilli(told)
		due = append(due, d)
		return err
	}, `SELECT person, id, tries, told FROM guest_digests WHERE next<=? ORDER BY next, person`, c.wiki.Now().UnixMilli())
	if err != nil {
		return wrap("reading whom of the guests to mail", err)
	}
	for _, d := range due {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err := c.sendGuest(ctx, portal, d); err != nil {
			return err
		}
	}
	return nil
}

// sendGuest sends a guest what is new, if anything is. The error is one that keeps
// the others from being sent too.
func (c *Center) sendGuest(ctx context.Context, portal Portal, d guestDigest) error {
	now := c.wiki.Now()
	p, err := c.people.Get(ctx, d.person)
	if err != nil && !errors.Is(err, people.ErrNotFound) {
		return err
	}
	if err != nil || p.Disabled || !p.Guest {
		return c.update(ctx, `DELETE FROM guest_digests WHERE person=?`, d.person)
	}
	news, err := portal.News(ctx, p, d.told)
	if err != nil {
		return wrap("finding what is new to a guest", err)
	}
	if len(news) > 0 {
		if d.id == "" {
			// Known before it is sent: another try is the same message.
			d.id = strings.ToLower(rand.Text())
			if err := c.update(ctx, `UPDATE guest_digests SET id=? WHERE person=?`, d.id, d.person); err != nil {
				return err
			}
		}
		m, err := c.composeGuest(ctx, p, d.letter, news)
		if err != nil {
			return wrap("writing a guest's letter", err)
		}
		if err := c.mail.Sender.Send(ctx, m); err != nil {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			if d.tries++; d.tries < maxTries && !errors.Is(err, ErrRefused) {
				return errors.Join(err, c.update(ctx, `UPDATE guest_digests SET tries=?, next=? WHERE person=?`, d.tries, now.Add(retryAfter(d.tries)).UnixMilli(), d.person))
			}
			if err := c.givenUp(ctx, d.person, d.tries, err.Error()); err != nil {
				return err
			}
		}
	}
	// Not cut short: what was sent is not sent again.
	return wrap("noting a guest's letter", c.update(context.WithoutCancel(ctx), `UPDATE guest_digests SET told=?, next=?, id='', tries=0 WHERE person=?`,
		second(now), c.monday(p, now).UnixMilli(), d.person))
}

// composeGuest writes a guest's letter.
func (c *Center) composeGuest(ctx context.Context, p people.Person, l letter, news []GuestNews) (*gomail.Msg, error) {
	token, err := c.unsubscribeToken(ctx, p.ID)
	if err != nil {
		return nil, err
	}
	d := draft{Guest: true, Inbox: c.mail.URL + "/shared", Unsubscribe: c.mail.URL + "/unsubscribe/" + token}
	count := 0
	var titles []string
	for _, space := range news {
		g := group{Title: oneLine(space.Title, 200)}
		for _, ch := range space.Changes {
			if count++; count > maxItems {
				d.More++
				continue
			}
			g.Items = append(g.Items, item{Who: oneLine(ch.Who, 100), Did: oneLine(ch.Did, 100), Title: oneLine(ch.Title, 200), Href: c.mail.URL + ch.Path, Times: 1})
		}
		titles = append(titles, g.Title)
		d.Groups = append(d.Groups, g)
	}
	what := "1 page is new or has changed"
	if count != 1 {
		what = fmt.Sprintf("%d pages are new or have changed", count)
	}
	d.Subject = oneLine(strings.Join(titles, ", ")+": "+what, 150)
	return c.message(p, l, d)
}
