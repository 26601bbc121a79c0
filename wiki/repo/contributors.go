package repo

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"
)

// Contributor is somebody who made versions, alone or with others.
type Contributor struct {
	Person
	Commits     int
	First, Last time.Time
}

// Contributors lists who made the commits of a repository, the latest first.
func (h *History) Contributors(ctx context.Context, name string) ([]Contributor, error) {
	rows, err := h.ask.QueryContext(ctx, `SELECT c.name, c.email, c.coauthors, count(*), min(c.at), max(c.at) FROM history_commits c
		JOIN history_repos r ON r.id = c.repo WHERE r.name = ? GROUP BY c.name, c.email, c.coauthors`, name)
	if err != nil {
		return nil, fmt.Errorf("reading who contributed: %w", err)
	}
	defer rows.Close()
	all := map[Person]*Contributor{}
	for rows.Next() {
		var author Person
		var co string
		var n int
		var first, last int64
		if err := rows.Scan(&author.Name, &author.Email, &co, &n, &first, &last); err != nil {
			return nil, fmt.Errorf("reading who contributed: %w", err)
		}
		for _, p := range append(people(co), author) {
			c := all[p]
			if c == nil {
				c = &Contributor{Person: p, First: moment(first, 0), Last: moment(last, 0)}
				all[p] = c
			}
			c.Commits += n
			if t := moment(first, 0); t.Before(c.First) {
				c.First = t
			}
			if t := moment(last, 0); t.After(c.Last) {
				c.Last = t
			}
		}
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("reading who contributed: %w", err)
	}
	out := make([]Contributor, 0, len(all))
	for _, c := range all {
		out = append(out, *c)
	}
	slices.SortFunc(out, func(a, b Contributor) int { return cmp.Or(b.Last.Compare(a.Last), cmp.Compare(a.Email, b.Email)) })
	return out, nil
}
