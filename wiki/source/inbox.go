package source

import (
	"context"
	"database/sql"
	"time"

	"dealwiki/wiki"
	"dealwiki/wiki/maillog"
	"dealwiki/wiki/people"
)

// State is what somebody decided about an item.
type State int

// States of an item.
const (
	Undecided State = iota
	Kept
	Dismissed
)

// Item is something that a source tells of a prospect.
type Item struct {
	ID     int64
	Source string // key; the source may be gone
	Title  string
	Link   string // a web address, or ""
	Text   string
	At     time.Time // when the source says it was, else when it was found
	State  State
	Page   string // SECTION/STAGE/PAGE of what was kept
	Person string // id of who decided
	New    bool   // not yet seen by the caller
}

// Filter narrows an inbox; what is zero does not matter.
type Filter struct {
	Source string
	State  State // Undecided when it is zero
	Limit  int   // 50 when it is zero, 500 at most
	From   int   // how many are passed over
}

// Inbox lists items of a prospect, the newest first. more is true when others
// follow.
func (b *Book) Inbox(ctx context.Context, caller people.Caller, prospect string, f Filter) (items []Item, more bool, err error) {
	if err := b.may(ctx, caller, prospect, people.Viewer); err != nil {
		return nil, false, err
	}
	if f.Limit <= 0 {
		f.Limit = 50
	}
	f.Limit, f.From = min(f.Limit, 500), max(f.From, 0)
	upto, err := b.upto(ctx, caller, prospect)
	if err != nil {
		return nil, false, err
	}
	query, args := `SELECT seq, source, title, link, text, at, state, page, person FROM source_items WHERE prospect=? AND state=?`, []any{prospect, int(f.State)}
	if f.Source != "" {
		query, args = query+` AND source=?`, append(args, f.Source)
	}
	err = b.people.AskAttention(ctx, func(rows *sql.Rows) error {
		var i Item
		var at int64
		if err := rows.Scan(&i.ID, &i.Source, &i.Title, &i.Link, &i.Text, &at, &i.State, &i.Page, &i.Person); err != nil {
			return err
		}
		i.At, i.New = fromMillis(at), i.State == Undecided && i.ID > upto
		items = append(items, i)
		return nil
	}, query+` ORDER BY at DESC, seq DESC LIMIT ? OFFSET ?`, append(args, f.Limit+1, f.From)...)
	if len(items) > f.Limit {
		items, more = items[:f.Limit], true
	}
	return items, more, err
}

// item answers one item, ErrNotFound when the prospect has none of that number.
func (b *Book) item(ctx context.Context, prospect string, id int64) (*Item, string, error) {
	var i *Item
	key := ""
	err := b.people.AskAttention(ctx, func(rows *sql.Rows) error {
		i = &Item{ID: id}
		var at int64
		err := rows.Scan(&i.Source, &key, &i.Title, &i.Link, &i.Text, &at, &i.State, &i.Page, &i.Person)
		i.At = fromMillis(at)
		return err
	}, `SELECT source, key, title, link, text, at, state, page, person FROM source_items WHERE prospect=? AND seq=?`, prospect, id)
	if err == nil && i == nil {
		err = wiki.ErrNotFound
	}
	return i, key, err
}

func (b *Book) upto(ctx context.Context, caller people.Caller, prospect string) (upto int64, err error) {
	err = b.people.AskAttention(ctx, func(rows *sql.Rows) error { return rows.Scan(&upto) },
		`SELECT upto FROM source_seen WHERE person=? AND prospect=?`, caller.Person.ID, prospect)
	return upto, err
}

// Unread counts the undecided items of a prospect that the caller has not seen.
func (b *Book) Unread(ctx context.Context, caller people.Caller, prospect string) (n int, err error) {
	if err := b.may(ctx, caller, prospect, people.Viewer); err != nil {
		return 0, err
	}
	err = b.people.AskAttention(ctx, func(rows *sql.Rows) error { return rows.Scan(&n) },
		`SELECT count(*) FROM source_items WHERE prospect=?1 AND state=0 AND seq > coalesce((SELECT upto FROM source_seen WHERE person=?2 AND prospect=?1), 0)`, prospect, caller.Person.ID)
	return n, err
}

// See notes that the caller has looked at the items up to one, as the inbox
// lists them.
func (b *Book) See(ctx context.Context, caller people.Caller, prospect string, upto int64) error {
	if err := b.may(ctx, caller, prospect, people.Viewer); err != nil {
		return err
	}
	if caller.IsSystem() || caller.Person.ID == "" {
		return nil
	}
	if now, err := b.upto(ctx, caller, prospect); err != nil || now >= upto {
		return err
	}
	return b.update(ctx, func(ctx context.Context, conn *sql.Conn) error {
		_, err := conn.ExecContext(ctx, `INSERT INTO source_seen (person, prospect, upto)
			SELECT ?1, ?2, min(?3, coalesce((SELECT max(seq) FROM source_items WHERE prospect=?2), 0)) WHERE EXISTS (SELECT 1 FROM people WHERE id=?1)
			ON CONFLICT DO UPDATE SET upto=max(upto, excluded.upto)`, caller.Person.ID, prospect, upto)
		return err
	})
}

// Counts is how many undecided items of a prospect each source has told.
func (b *Book) Counts(ctx context.Context, caller people.Caller, prospect string) (map[string]int, error) {
	if err := b.may(ctx, caller, prospect, people.Viewer); err != nil {
		return nil, err
	}
	all := map[string]int{}
	err := b.people.AskAttention(ctx, func(rows *sql.Rows) error {
		var key string
		var n int
		err := rows.Scan(&key, &n)
		all[key] = n
		return err
	}, `SELECT source, count(*) FROM source_items WHERE prospect=? AND state=0 GROUP BY source`, prospect)
	return all, err
}

// Keep makes an entry of the internal log of an item, written by the caller, who
// needs to be an editor. known is true when the item was kept already: then its
// entry is answered.
func (b *Book) Keep(ctx context.Context, caller people.Caller, prospect string, id int64) (e *maillog.Entry, known bool, err error) {
	if err := b.may(ctx, caller, prospect, people.Editor); err != nil {
		return nil, false, err
	}
	i, key, err := b.item(ctx, prospect, id)
	if err != nil {
		return nil, false, err
	}
	sp, err := b.wiki.Space(ctx, caller, prospect)
	if err != nil {
		return nil, false, err
	}
	name := i.Source
	if set, err := b.Settings(ctx); err == nil {
		if src := set.Source(i.Source); src != nil {
			name = src.Name
		}
	}
	// The log itself says whether the item is there, so that a crash between
	// the entry and the note of it makes no second one.
	e, known, err = b.talks.AddSourced(ctx, caller, sp, maillog.Sourced{Item: i.Source + "." + key, Title: i.Title, Link: i.Link, Source: name, Excerpt: i.Text, At: i.At})
	if err != nil {
		return nil, false, err
	}
	return e, known, b.decide(context.WithoutCancel(ctx), caller, prospect, id, Kept, e.Place.String())
}

// Dismiss takes an undecided item out of the inbox, for everybody, or with back
// brings a dismissed one back. The caller needs to be an editor. A kept item
// stays kept.
func (b *Book) Dismiss(ctx context.Context, caller people.Caller, prospect string, id int64, back bool) error {
	if err := b.may(ctx, caller, prospect, people.Editor); err != nil {
		return err
	}
	i, _, err := b.item(ctx, prospect, id)
	if err != nil {
		return err
	}
	to := Dismissed
	if back {
		to = Undecided
	}
	if i.State == Kept || i.State == to {
		return nil
	}
	return b.decide(ctx, caller, prospect, id, to, "")
}

func (b *Book) decide(ctx context.Context, caller people.Caller, prospect string, id int64, to State, page string) error {
	return b.update(ctx, func(ctx context.Context, conn *sql.Conn) error {
		// What is kept stays kept, whoever dismisses it at the same moment.
		_, err := conn.ExecContext(ctx, `UPDATE source_items SET state=?, page=?, person=? WHERE prospect=? AND seq=? AND (state<>1 OR ?=1)`,
			int(to), page, caller.Person.ID, prospect, id, int(to))
		return err
	})
}

// Health is how asking a source goes, for one prospect.
type Health struct {
	Source  Source
	Asked   time.Time // answered last; zero: never
	Next    time.Time // asked again, about; zero: soon
	Problem string    // why it fails, "" when it does not
	Since   time.Time // failing since
	Held    bool      // not asked for this prospect, which is restricted and has no search words
}

// Health answers how asking each source goes for a prospect.
func (b *Book) Health(ctx context.Context, caller people.Caller, prospect string) ([]Health, error) {
	if err := b.may(ctx, caller, prospect, people.Viewer); err != nil {
		return nil, err
	}
	set, err := b.Settings(ctx)
	if err != nil {
		return nil, err
	}
	all, err := b.asks(ctx)
	if err != nil {
		return nil, err
	}
	words, err := b.words(ctx)
	if err != nil {
		return nil, err
	}
	access, err := b.people.Access(ctx, prospect)
	if err != nil {
		return nil, err
	}
	var out []Health
	for _, src := range set.Sources {
		h := Health{Source: src}
		whole := all[askKey{src.Key, ""}]
		own := whole
		if src.Each() {
			own = all[askKey{src.Key, prospect}]
			h.Held = src.URL != "" && access.Restricted && words[prospect] == ""
		}
		h.Asked, h.Next, h.Problem, h.Since = own.at, own.next, own.problem, own.since
		if whole.problem != "" {
			h.Problem, h.Since, h.Next = whole.problem, whole.since, whole.next
		}
		out = append(out, h)
	}
	return out, nil
}

// Failing is how asking the sources goes over all prospects: by key, those that
// fail for all. Administrators only.
func (b *Book) Failing(ctx context.Context, caller people.Caller) (map[string]Health, error) {
	if !b.people.Live(caller).Can(people.Administer) {
		return nil, people.ErrForbidden
	}
	all, err := b.asks(ctx)
	if err != nil {
		return nil, err
	}
	out := map[string]Health{}
	for key, a := range all {
		if key.prospect == "" && a.problem != "" {
			out[key.source] = Health{Asked: a.at, Next: a.next, Problem: a.problem, Since: a.since}
		}
	}
	return out, nil
}
