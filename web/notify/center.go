package notify

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"sync"
	"time"

	"dealwiki/web/webhook"
	"dealwiki/wiki"
	"dealwiki/wiki/handoff"
	"dealwiki/wiki/people"
)

// Config says what a Center follows.
type Config struct {
	Wiki     *wiki.Wiki      // required
	People   *people.DB      // required
	Handoffs *handoff.Book   // optional; nil: nothing is told of handoffs
	Mail     *Mail           // optional; nil: no letters are sent
	Webhooks *webhook.Sender // optional; nil: no program is told
	Pipeline Pipeline        // optional; nil: nobody is asked about deals
	Logger   *slog.Logger    // optional: nil discards
}

// Center is the inboxes of everybody. It is safe for concurrent use.
type Center struct {
	wiki   *wiki.Wiki
	people *people.DB
	book   *handoff.Book
	hooks  *webhook.Sender // nil: none
	flags  Pipeline        // nil: none
	log    *slog.Logger
	moves  *wiki.Follower
	dirty  map[wiki.SideID]bool // owned by Run
	mail   *Mail
	wake   chan struct{} // there may be something to mail
	access chan struct{} // somebody may have come, or been sent away
	stop   func()        // ends the watch of that

	mu     sync.Mutex // protects what follows
	portal Portal     // nil: no guest is mailed what is new
}

var system = people.System("attention")

// New makes a center. Close it before the wiki.
func New(cfg Config) *Center {
	c := &Center{wiki: cfg.Wiki, people: cfg.People, book: cfg.Handoffs, hooks: cfg.Webhooks, flags: cfg.Pipeline, log: cfg.Logger, moves: cfg.Wiki.Follow(), dirty: map[wiki.SideID]bool{}, mail: cfg.Mail, wake: make(chan struct{}, 1), access: make(chan struct{}, 1)}
	if c.log == nil {
		c.log = slog.New(slog.DiscardHandler)
	}
	for _, id := range cfg.Wiki.Streams() {
		c.dirty[id] = true
	}
	c.stop = c.people.Watch(func(ch people.Change) {
		if ch.Kind != people.PersonChanged {
			select {
			case c.access <- struct{}{}:
			default:
			}
		}
	})
	return c
}

// Close ends the following of changes. Run must have returned.
func (c *Center) Close() {
	c.stop()
	c.moves.Stop()
}

// Run follows all sides, asks owners about their deals and sends letters until
// ctx is done.
func (c *Center) Run(ctx context.Context) error {
	hour := time.NewTicker(askEvery)
	defer hour.Stop()
	var mailing sync.WaitGroup
	defer mailing.Wait()
	if c.mail != nil {
		mailing.Go(func() { c.deliverAll(ctx) })
	}
	ask, guests := true, true
	for {
		c.CatchUp(ctx)
		if guests {
			err := wiki.Guard(c.log, "telling of guests", func() error { return c.TellGuests(ctx) })
			if err != nil && ctx.Err() == nil {
				c.log.Warn("telling programs of guests", "err", err)
			}
		}
		if ask {
			err := wiki.Guard(c.log, "asking owners about their deals", func() error { return c.AskOwners(ctx) })
			if err != nil && ctx.Err() == nil {
				c.log.Warn("asking owners about their deals", "err", err)
			}
			if err := c.Forget(ctx); err != nil && ctx.Err() == nil {
				c.log.Warn("forgetting old notices", "err", err)
			}
		}
		c.wakeMail()
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-c.moves.C:
			ask, guests = false, false
		case <-c.access:
			ask, guests = false, true
		case <-hour.C:
			ask, guests = true, true
		}
	}
}

// keptNotices is how long a notice stays after it was made, once it was seen.
const keptNotices = 90 * 24 * time.Hour

// Forget drops notices that were seen and are old. What owners were asked about
// their deals stays, so that they are not asked twice. It is for Run, and for
// tests without it.
func (c *Center) Forget(ctx context.Context) error {
	before := c.wiki.Now().Add(-keptNotices).UnixMilli()
	return c.people.UpdateAttention(ctx, func(ctx context.Context, conn *sql.Conn) error {
		_, err := conn.ExecContext(ctx, `DELETE FROM notices WHERE seen=1 AND at<? AND kind<>?`, before, KindFlag)
		return wrap("forgetting old notices", err)
	})
}

// CatchUp follows every side that has moved. A side that cannot be followed now
// is tried again with the next change. It is for Run, and for tests without it.
func (c *Center) CatchUp(ctx context.Context) {
	for _, id := range c.moves.Take() {
		c.dirty[id] = true
	}
	first, err := c.begun(ctx)
	if err != nil {
		c.log.Warn("reading how far changes were followed", "err", err)
		return
	}
	failed := false
	for id := range c.dirty {
		if ctx.Err() != nil {
			return
		}
		err := wiki.Guard(c.log, "following changes of "+id.Prospect+" for the inboxes", func() error { return c.follow(ctx, id, first) })
		if err != nil {
			failed = true
			if ctx.Err() == nil {
				c.log.Warn("following changes for the inboxes", "prospect", id.Prospect, "section", id.Section, "err", err)
			}
			continue
		}
		delete(c.dirty, id)
	}
	if first && !failed {
		err := c.people.UpdateAttention(ctx, func(ctx context.Context, conn *sql.Conn) error {
			_, err := conn.ExecContext(ctx, `INSERT OR IGNORE INTO attention_begun VALUES(1)`)
			return err
		})
		if err != nil {
			c.log.Warn("noting that changes are followed", "err", err)
		}
	}
}

// begun answers whether this is the first time that anything is followed: then
// what is there is taken as known.
func (c *Center) begun(ctx context.Context) (first bool, err error) {
	first = true
	err = c.people.AskAttention(ctx, func(*sql.Rows) error { first = false; return nil }, `SELECT only FROM attention_begun`)
	return first, err
}

// Kinds of notices.
const (
	KindMention  = "mention"  // named on a page or in a comment
	KindAssigned = "assigned" // a fact or action that one owns
	KindComment  = "comment"  // said on a page of a watched prospect
	KindHandoff  = "handoff"  // offered, answered, reminded
	KindWarning  = "warning"  // a deal is coming
	KindPage     = "page"     // pages of a watched prospect have changed
	KindMany     = "many"     // very many files of a watched prospect have changed at once
	KindAsked    = "asked"    // a question that one is to answer
	KindFlag     = "flag"     // the wiki asks the owner what has become of a deal
)

// Notice is something in an inbox.
type Notice struct {
	ID       int64
	Prospect string
	Kind     string
	Section  wiki.Section
	Path     string // below the prospect's address, such as "internal/closing/plan#c-1"
	Actor    string // person id; "" is the wiki itself
	Name     string // of the actor, as it was
	Title    string // what it is about
	Text     string
	At       time.Time // the last time
	Times    int
	Seen     bool
}

// Quiet reports whether the notice is of pages that have changed where its reader
// watches, and calls nobody.
func (n *Notice) Quiet() bool { return n.Kind == KindPage || n.Kind == KindMany }

// Href is where a notice leads, below the wiki's address.
func (n *Notice) Href() string {
	if n.Kind == KindFlag {
		return "/pipeline#asked"
	}
	at, fragment, _ := strings.Cut(n.Path, "#")
	u := url.URL{Path: "/p/" + n.Prospect + "/" + at, Fragment: fragment}
	return u.String()
}

// Says is what the actor has done, to be read before the title, and what is to
// be told besides.
func (n *Notice) Says() (did, text string) {
	switch n.Kind {
	case KindMention:
		did = "named you on"
	case KindAssigned:
		did = "gave you something to do on"
	case KindComment:
		did = "commented on"
	case KindPage, KindMany:
		did = "changed"
	case KindAsked:
		did = "asked you on"
	case KindHandoff:
		did, text, _ = strings.Cut(n.Text, ": ")
		return did, text
	case KindWarning:
		if n.Actor == "" {
			return "", ""
		}
		_, text, _ = strings.Cut(n.Text, ": ")
		return "answered", text
	}
	return did, n.Text
}

// Inbox lists a person's notices, the newest first, of what they may see now.
func (c *Center) Inbox(ctx context.Context, caller people.Caller, unseen bool, limit int) ([]Notice, error) {
	query := `SELECT seq, prospect, kind, section, path, actor, name, title, text, at, times, seen FROM notices WHERE person=?`
	if unseen {
		query += ` AND seen=0`
	}
	level := c.people.Visible(ctx, caller)
	var out []Notice
	err := c.people.AskAttention(ctx, func(rows *sql.Rows) error {
		var n Notice
		var at int64
		if err := rows.Scan(&n.ID, &n.Prospect, &n.Kind, &n.Section, &n.Path, &n.Actor, &n.Name, &n.Title, &n.Text, &at, &n.Times, &n.Seen); err != nil {
			return err
		}
		if n.At = time.UnixMilli(at).UTC(); len(out) < limit && level(n.Prospect) >= people.Viewer {
			out = append(out, n)
		}
		return nil
	}, query+` ORDER BY at DESC, seq DESC LIMIT 2000`, caller.Person.ID)
	return out, err
}

// Unseen counts what is meant for a person and what was said where they watch,
// and they have not read, of what they may see now. Quiet changes call nobody.
func (c *Center) Unseen(ctx context.Context, caller people.Caller) (int, error) {
	count := map[string]int{}
	err := c.people.AskAttention(ctx, func(rows *sql.Rows) error {
		var prospect string
		var n int
		err := rows.Scan(&prospect, &n)
		count[prospect] = n
		return err
	}, `SELECT prospect, count(*) FROM notices WHERE person=? AND seen=0 AND kind NOT IN (?,?) GROUP BY prospect`, caller.Person.ID, KindPage, KindMany)
	if err != nil || len(count) == 0 {
		return 0, err
	}
	level, total := c.people.Visible(ctx, caller), 0
	for prospect, n := range count {
		if level(prospect) >= people.Viewer {
			total += n
		}
	}
	return total, nil
}

// See marks one of a person's notices as read or unread. Of somebody else's, or
// none, it says wiki.ErrNotFound.
func (c *Center) See(ctx context.Context, caller people.Caller, id int64, seen bool) error {
	if !c.people.Live(caller).Can(people.Write) {
		return people.ErrForbidden
	}
	return c.people.UpdateAttention(ctx, func(ctx context.Context, conn *sql.Conn) error {
		res, err := conn.ExecContext(ctx, `UPDATE notices SET seen=? WHERE person=? AND seq=?`, seen, caller.Person.ID, id)
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			return errors.Join(err, wiki.ErrNotFound)
		}
		return nil
	})
}

// SeeAll marks all of a person's notices as read, up to the newest that they
// were shown.
func (c *Center) SeeAll(ctx context.Context, caller people.Caller, upto int64) error {
	if !c.people.Live(caller).Can(people.Write) {
		return people.ErrForbidden
	}
	return c.update(ctx, `UPDATE notices SET seen=1 WHERE person=? AND seq<=?`, caller.Person.ID, upto)
}

// SeeBefore marks as read what happened before a moment.
func (c *Center) SeeBefore(ctx context.Context, caller people.Caller, at time.Time) error {
	if !c.people.Live(caller).Can(people.Write) {
		return people.ErrForbidden
	}
	return c.update(ctx, `UPDATE notices SET seen=1 WHERE person=? AND seen=0 AND at<?`, caller.Person.ID, at.UnixMilli())
}

// SeePage marks what a person was told of a page as read, once they look at it.
func (c *Center) SeePage(ctx context.Context, caller people.Caller, prospect string, place wiki.Place) error {
	found := false
	at := place.String()
	err := c.people.AskAttention(ctx, func(*sql.Rows) error { found = true; return nil },
		`SELECT seq FROM notices WHERE person=? AND seen=0 AND prospect=? AND (path=? OR substr(path,1,?)=?) LIMIT 1`, caller.Person.ID, prospect, at, len(at)+1, at+"#")
	if err != nil || !found {
		return err
	}
	return c.update(ctx, `UPDATE notices SET seen=1 WHERE person=? AND prospect=? AND (path=? OR substr(path,1,?)=?)`, caller.Person.ID, prospect, at, len(at)+1, at+"#")
}

func (c *Center) update(ctx context.Context, query string, args ...any) error {
	return c.people.UpdateAttention(ctx, func(ctx context.Context, conn *sql.Conn) error {
		_, err := conn.ExecContext(ctx, query, args...)
		return err
	})
}

// Watching reports whether a person is told of changes of a prospect.
func (c *Center) Watching(ctx context.Context, person, prospect string) (bool, error) {
	watch, chosen := false, false
	err := c.people.AskAttention(ctx, func(rows *sql.Rows) error { chosen = true; return rows.Scan(&watch) },
		`SELECT watch FROM subscriptions WHERE person=? AND prospect=?`, person, prospect)
	if err != nil || chosen {
		return watch, err
	}
	access, err := c.people.Access(ctx, prospect)
	return access.Owner == person && person != "", err
}

// Watch begins or ends that a person is told of changes. They need to see the
// prospect.
func (c *Center) Watch(ctx context.Context, caller people.Caller, prospect string, watch bool) error {
	if c.people.LevelOn(ctx, caller, prospect) < people.Viewer || prospect == wiki.Playbook {
		return wiki.ErrNotFound
	}
	if !c.people.Live(caller).Can(people.Write) {
		return people.ErrForbidden
	}
	return c.update(ctx, `INSERT INTO subscriptions VALUES(?,?,?) ON CONFLICT(person, prospect) DO UPDATE SET watch=excluded.watch`, caller.Person.ID, prospect, watch)
}

// watchers are the people who are told of changes of a prospect now.
func (c *Center) watchers(ctx context.Context, prospect string) (map[string]bool, error) {
	out := map[string]bool{}
	access, err := c.people.Access(ctx, prospect)
	if err != nil {
		return nil, err
	}
	if access.Owner != "" {
		out[access.Owner] = true
	}
	err = c.people.AskAttention(ctx, func(rows *sql.Rows) error {
		var person string
		var watch bool
		err := rows.Scan(&person, &watch)
		out[person] = watch
		return err
	}, `SELECT person, watch FROM subscriptions WHERE prospect=?`, prospect)
	return out, err
}

// sees reports whether somebody may be told of a prospect: a colleague with an
// account in force who sees it.
func (c *Center) sees(ctx context.Context, id, prospect string) bool {
	p, err := c.people.Get(ctx, id)
	if err != nil || p.Disabled || p.Guest {
		return false
	}
	return c.people.LevelOn(ctx, people.Caller{Person: p, Scopes: people.Read, Via: "attention"}, prospect) >= people.Viewer
}

// put writes notices, new watchers, messages of webhooks and how far a side was
// followed, at once.
func (c *Center) put(ctx context.Context, b *batch) error {
	var messages *webhook.Batch
	if c.hooks != nil {
		var err error
		if messages, err = c.hooks.Prepare(ctx, b.id.Prospect, b.told()); err != nil {
			return err
		}
		defer messages.Done()
	}
	return c.people.UpdateAttention(ctx, func(ctx context.Context, conn *sql.Conn) error {
		exec := func(query string, args ...any) error {
			_, err := conn.ExecContext(ctx, query, args...)
			return err
		}
		var there int
		err := conn.QueryRowContext(ctx, `SELECT 1 FROM prospects WHERE name=?`, b.id.Prospect).Scan(&there)
		if errors.Is(err, sql.ErrNoRows) {
			return nil // deleted meanwhile
		}
		if err != nil {
			return err
		}
		for person := range b.joined {
			if err := exec(`INSERT OR IGNORE INTO subscriptions VALUES(?,?,1)`, person, b.id.Prospect); err != nil {
				return err
			}
		}
		for i := range b.notices {
			if err := b.notices[i].keep(ctx, conn, b.id.Prospect); err != nil {
				return err
			}
		}
		if messages != nil {
			if err := messages.Queue(ctx, conn); err != nil {
				return err
			}
		}
		return exec(`INSERT INTO attention VALUES(?,?,?,?) ON CONFLICT(prospect, section) DO UPDATE SET head=excluded.head, events=excluded.events`,
			b.id.Prospect, string(b.id.Section), b.head, b.events)
	})
}

// keep writes a notice in a transaction. The prospect must be there.
func (n *found) keep(ctx context.Context, conn *sql.Conn, prospect string) error {
	if n.once {
		_, err := conn.ExecContext(ctx, `INSERT OR IGNORE INTO notices(person, prospect, kind, key, section, path, actor, name, title, text, at) VALUES(?,?,?,?,?,?,?,?,?,?,?)`,
			n.person, prospect, n.Kind, n.key, string(n.Section), n.Path, n.Actor, n.Name, clip(n.Title, 200), clip(n.Text, 500), n.At.UnixMilli())
		return err
	}
	// What was read becomes unread by news; the number begins anew.
	_, err := conn.ExecContext(ctx, `INSERT INTO notices(person, prospect, kind, key, section, path, actor, name, title, text, at, times) VALUES(?,?,?,?,?,?,?,?,?,?,?,?)
		ON CONFLICT(person, prospect, key) DO UPDATE SET path=excluded.path, actor=excluded.actor, name=excluded.name, title=excluded.title, text=excluded.text,
		at=max(at, excluded.at), times=CASE WHEN seen THEN excluded.times ELSE times+excluded.times END, seen=0, mailed=0`,
		n.person, prospect, n.Kind, n.key, string(n.Section), n.Path, n.Actor, n.Name, clip(n.Title, 200), clip(n.Text, 500), n.At.UnixMilli(), n.Times)
	return err
}

func clip(s string, runes int) string {
	r := []rune(strings.ToValidUTF8(s, ""))
	if len(r) > runes {
		return string(r[:runes-1]) + "…"
	}
	return string(r)
}

func wrap(what string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", what, err)
}
