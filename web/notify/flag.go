package notify

import (
	"context"
	"database/sql"
	"fmt"
	"maps"
	"strings"
	"time"

	"dealwiki/content"
	"dealwiki/wiki"
	"dealwiki/wiki/people"
	"dealwiki/wiki/pipeline"
)

// askEvery is how often deals are looked at that nothing happens on.
const askEvery = time.Hour

// Pipeline says which deals have to be asked about; *pipeline.Book does.
type Pipeline interface {
	Flags(ctx context.Context, caller people.Caller) ([]pipeline.Flag, error)
}

// AskOwners puts into the inboxes of owners which of their deals are quiet for too
// long or past their expected close, once for each time that it comes about. What
// is answered meanwhile is marked as read. It is for Run, and for tests without it.
func (c *Center) AskOwners(ctx context.Context) error {
	if c.flags == nil {
		return nil
	}
	flags, err := c.flags.Flags(ctx, system)
	if err != nil {
		return wrap("looking for deals to ask about", err)
	}
	type notice struct{ person, prospect, key string }
	known := map[notice]bool{}
	unseen := map[int64]notice{}
	err = c.people.AskAttention(ctx, func(rows *sql.Rows) error {
		var n notice
		var seq int64
		var seen bool
		err := rows.Scan(&seq, &n.person, &n.prospect, &n.key, &seen)
		if known[n] = true; !seen {
			unseen[seq] = n
		}
		return err
	}, `SELECT seq, person, prospect, key, seen FROM notices WHERE kind=?`, KindFlag)
	if err != nil {
		return wrap("reading what was asked about deals", err)
	}
	asked := map[string]string{} // key by prospect
	fresh := map[string]found{}  // by prospect
	for i := range flags {
		f := &flags[i]
		key := "flag/" + f.Stage + "/" + f.Past
		if f.Quiet > 0 {
			key += "/" + f.Updated.UTC().Format(time.DateOnly)
		}
		asked[f.Prospect] = key
		if f.Owner != "" && !known[notice{f.Owner, f.Prospect, key}] && c.sees(ctx, f.Owner, f.Prospect) {
			fresh[f.Prospect] = found{person: f.Owner, key: key, once: true,
				Notice: Notice{Kind: KindFlag, Section: wiki.Internal, Title: "Is " + f.Name + " alive, lost, or to be nurtured?", Text: why(f), At: c.wiki.Now(), Times: 1}}
		}
	}
	// What is flagged no more needs no answer.
	maps.DeleteFunc(unseen, func(_ int64, n notice) bool { return asked[n.prospect] == n.key })
	if len(unseen)+len(fresh) == 0 {
		return nil
	}
	return c.people.UpdateAttention(ctx, func(ctx context.Context, conn *sql.Conn) error {
		for seq := range unseen {
			if _, err := conn.ExecContext(ctx, `UPDATE notices SET seen=1 WHERE seq=?`, seq); err != nil {
				return err
			}
		}
		for prospect, n := range fresh {
			var there int
			if err := conn.QueryRowContext(ctx, `SELECT count(*) FROM prospects WHERE name=?`, prospect).Scan(&there); err != nil {
				return err
			}
			if there == 0 {
				continue // deleted meanwhile
			}
			if err := n.keep(ctx, conn, prospect); err != nil {
				return err
			}
		}
		return nil
	})
}

// why says what is odd about a deal.
func why(f *pipeline.Flag) string {
	var said []string
	if f.Quiet > 0 {
		said = append(said, fmt.Sprintf("Nothing has changed for %d days, where %d are usual.", f.Quiet, f.Typical))
	}
	if f.Past != "" {
		said = append(said, "Its expected close, "+content.Day(f.Past)+", has passed.")
	}
	return strings.Join(said, " ")
}
