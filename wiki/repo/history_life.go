package repo

import (
	"context"
	"fmt"
	"slices"
)

// Life are the versions of the page that is at a path now, under all the names
// it had, with their numbers from 1. What was at one of those paths before and
// was removed is another page's, even where the past of the path goes on.
type Life map[Hash]int

// Life answers the versions of the page that is at a path now: none when it was
// removed. A path that never was is fs.ErrNotExist.
func (h *History) Life(ctx context.Context, name, path string) (Life, error) {
	p, err := h.page(ctx, name, path)
	if err != nil {
		return nil, err
	}
	commits := map[int64]Hash{} // by place in the walk
	seen := map[int64]int{}
	for todo := []join{{line: p.line, seq: p.seq}}; len(todo) > 0; {
		j := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if seen[j.line] >= j.seq {
			continue
		}
		seen[j.line] = j.seq
		before, err := h.lived(ctx, j, commits)
		if err != nil {
			return nil, fmt.Errorf("reading the life of %s: %w", path, err)
		}
		todo = append(todo, before...)
	}
	ords := make([]int64, 0, len(commits))
	for ord := range commits {
		ords = append(ords, ord)
	}
	slices.Sort(ords)
	life := make(Life, len(ords))
	for i, ord := range ords {
		life[commits[ord]] = i + 1
	}
	return life, nil
}

// lived adds the versions of one line back to its last removal, and answers what
// it goes on from when there is none.
func (h *History) lived(ctx context.Context, j join, commits map[int64]Hash) ([]join, error) {
	var gone int
	err := h.ask.QueryRowContext(ctx, `SELECT coalesce(max(seq), 0) FROM history_versions WHERE line = ? AND seq <= ? AND blob IS NULL`, j.line, j.seq).Scan(&gone)
	if err != nil {
		return nil, err
	}
	rows, err := h.ask.QueryContext(ctx, `SELECT v.ord, c.hash FROM history_versions v JOIN history_commits c ON c.repo = v.repo AND c.ord = v.ord
		WHERE v.line = ? AND v.seq > ? AND v.seq <= ?`, j.line, gone, j.seq)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var ord int64
		var hash []byte
		if err := rows.Scan(&ord, &hash); err != nil {
			return nil, err
		}
		var at Hash
		copy(at[:], hash)
		commits[ord] = at
	}
	if err := rows.Err(); err != nil || gone > 0 {
		return nil, err
	}
	var joins string
	if err := h.ask.QueryRowContext(ctx, `SELECT joins FROM history_lines WHERE id = ?`, j.line).Scan(&joins); err != nil {
		return nil, err
	}
	before, err := decodeJoins(joins)
	if slices.ContainsFunc(before, func(j join) bool { return j.rename }) {
		// It came from there. Whatever else was at this path is another page's,
		// or is reached that way.
		before = slices.DeleteFunc(before, func(j join) bool { return !j.rename })
	}
	return before, err
}
