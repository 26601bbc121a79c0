package source

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// store keeps what a source told, and how asking it went.
func (b *Book) store(ctx context.Context, j *job, items []Found, next answer, f *failed) error {
	now := b.wiki.Now()
	a := ask{asked: j.asked, etag: next.etag, modified: next.modified, at: now, next: now.Add(b.spread(time.Duration(j.source.Every)))}
	if f != nil {
		a.etag, a.modified, a.at = j.last.etag, j.last.modified, j.last.at
		if j.last.asked != j.asked {
			a.etag, a.modified = "", ""
		}
		a.failures, a.since, a.problem = j.last.failures+1, j.last.since, f.problem
		if a.since.IsZero() {
			a.since = now
		}
		a.next = now.Add(max(f.wait, b.spread(backoff(a.failures))))
	}
	about := j.told(items)
	return b.update(ctx, func(ctx context.Context, conn *sql.Conn) error {
		for prospect, items := range about {
			if err := keepItems(ctx, conn, j.source.Key, prospect, items, now); err != nil {
				return err
			}
		}
		if len(items) > 0 {
			if _, err := conn.ExecContext(ctx, `DELETE FROM source_asks WHERE prospect<>'' AND prospect NOT IN (SELECT name FROM prospects)`); err != nil {
				return fmt.Errorf("forgetting how sources went: %w", err)
			}
		}
		if j.prospect != "" {
			if err := b.storeWhole(ctx, conn, j, f, now); err != nil {
				return err
			}
			if f != nil && f.whole {
				return nil // it is the source's failure, and this prospect stays due
			}
		}
		return putAsk(ctx, conn, askKey{j.source.Key, j.prospect}, a)
	})
}

// storeWhole notes at a source that is asked for each prospect whether it works
// for any.
func (b *Book) storeWhole(ctx context.Context, conn *sql.Conn, j *job, f *failed, now time.Time) error {
	src := &j.source
	whole := ask{asked: number(src.URL, src.File, src.Kind, fmt.Sprint(src.Fields)), at: now}
	if f != nil {
		if !f.whole {
			return nil
		}
		var since int64
		err := conn.QueryRowContext(ctx, `SELECT failures, since FROM source_asks WHERE source=? AND prospect=''`, src.Key).Scan(&whole.failures, &since)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return fmt.Errorf("reading how a source went: %w", err)
		}
		whole.failures++
		if whole.since = fromMillis(since); whole.since.IsZero() {
			whole.since = now
		}
		whole.at, whole.problem, whole.next = j.last.at, f.problem, now.Add(max(f.wait, b.spread(backoff(whole.failures))))
	}
	return putAsk(ctx, conn, askKey{src.Key, ""}, whole)
}

func putAsk(ctx context.Context, conn *sql.Conn, key askKey, a ask) error {
	_, err := conn.ExecContext(ctx, `INSERT OR REPLACE INTO source_asks (source, prospect, asked, etag, modified, at, next, failures, since, problem) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		key.source, key.prospect, a.asked, a.etag, a.modified, millis(a.at), millis(a.next), a.failures, millis(a.since), a.problem)
	if err != nil {
		return fmt.Errorf("noting how a source went: %w", err)
	}
	return nil
}

// told are the items by the prospect that they are about. It reads through all
// texts, so it comes before anything is locked.
func (j *job) told(items []Found) map[string][]Found {
	out := map[string][]Found{}
	if j.source.Each() {
		if len(items) > 0 {
			out[j.prospect] = items
		}
		return out
	}
	texts := make([]string, len(items))
	for i := range items {
		texts[i] = spaced(items[i].Title + " " + items[i].Text)
	}
	for i := range j.about {
		s := &j.about[i]
		names := s.names()
		for k := range items {
			if slices.ContainsFunc(names, func(name string) bool { return strings.Contains(texts[k], name) }) {
				out[s.slug] = append(out[s.slug], items[k])
			}
		}
	}
	return out
}

// keepItems adds what is new of a prospect, the oldest first, and forgets what
// is old and was never decided.
func keepItems(ctx context.Context, conn *sql.Conn, source, prospect string, items []Found, now time.Time) error {
	if there, err := exists(ctx, conn, prospect); err != nil || !there {
		return err // deleted in between
	}
	for i := len(items) - 1; i >= 0; i-- {
		f := &items[i]
		at := f.At
		if at.IsZero() {
			at = now
		}
		_, err := conn.ExecContext(ctx, `INSERT INTO source_items (prospect, source, key, title, link, text, at)
			SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7 WHERE ?5='' OR NOT EXISTS (SELECT 1 FROM source_items WHERE prospect=?1 AND link=?5)
			ON CONFLICT (prospect, source, key) DO NOTHING`, prospect, source, f.Key, f.Title, f.Link, f.Text, millis(at))
		if err != nil {
			return fmt.Errorf("keeping an item: %w", err)
		}
	}
	_, err := conn.ExecContext(ctx, `DELETE FROM source_items WHERE prospect=?1 AND source=?2 AND state=0 AND seq NOT IN
		(SELECT seq FROM source_items WHERE prospect=?1 AND source=?2 AND state=0 ORDER BY at DESC, seq DESC LIMIT ?3)`, prospect, source, keptPerAsk)
	if err != nil {
		return fmt.Errorf("forgetting old items: %w", err)
	}
	return nil
}

func exists(ctx context.Context, conn *sql.Conn, prospect string) (there bool, err error) {
	err = conn.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM prospects WHERE name=?)`, prospect).Scan(&there)
	if err != nil {
		return false, fmt.Errorf("looking for the prospect: %w", err)
	}
	return there, nil
}
