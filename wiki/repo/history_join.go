package repo

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// join is what came before the first version of a line.
type join struct {
	line   int64
	seq    int
	rename bool
}

func encodeJoins(joins []join) string {
	var b strings.Builder
	for _, j := range joins {
		if b.Len() > 0 {
			b.WriteByte(' ')
		}
		if j.rename {
			b.WriteByte('r')
		}
		fmt.Fprintf(&b, "%d:%d", j.line, j.seq)
	}
	return b.String()
}

func decodeJoins(s string) ([]join, error) {
	var joins []join
	for f := range strings.FieldsSeq(s) {
		var j join
		f, j.rename = strings.CutPrefix(f, "r")
		line, seq, _ := strings.Cut(f, ":")
		var err1, err2 error
		j.line, err1 = strconv.ParseInt(line, 10, 64)
		j.seq, err2 = strconv.Atoi(seq)
		if err := errors.Join(err1, err2); err != nil {
			return nil, fmt.Errorf("reading history: %w", err)
		}
		joins = append(joins, j)
	}
	return joins, nil
}

// joinLines sets what a new line joins and counts it. When a path comes back by
// a rename from where it had gone to, its own removal is left out: it is the
// other path's beginning.
func (w *walk) joinLines(l *lineRecord, before []*node, from *node) error {
	var joins []join
	if from != nil {
		joins = append(joins, join{from.line.id, from.seq, true})
	}
	past, err := w.past(joins)
	if err != nil {
		return err
	}
	for _, n := range before {
		seq := n.seq
		if n.blob.IsZero() && n.moved != 0 && past[n.moved] > 0 {
			seq--
		}
		if seq > 0 {
			joins = append(joins, join{n.line.id, seq, false})
		}
	}
	if past, err = w.past(joins); err != nil {
		return err
	}
	l.joins = joins
	if len(joins) == 1 {
		from, err := w.line(joins[0].line)
		l.base = from.base + joins[0].seq
		return err
	}
	if len(joins) > 1 {
		l.base, err = w.commits(past)
	}
	return err
}

// commits counts the commits of several lines, each up to a number.
func (w *walk) commits(past map[int64]int) (int, error) {
	s, err := w.statement(ordsOf)
	if err != nil {
		return 0, err
	}
	seen := map[int64]bool{}
	for line, seq := range past {
		rows, err := s.QueryContext(w.ctx, line, seq)
		if err != nil {
			return 0, err
		}
		for rows.Next() {
			var ord int64
			if err := rows.Scan(&ord); err != nil {
				rows.Close()
				return 0, err
			}
			seen[ord] = true
		}
		if err := errors.Join(rows.Err(), rows.Close()); err != nil {
			return 0, err
		}
	}
	return len(seen), nil
}

// past returns all lines that joins lead to, each with the number up to which.
func (w *walk) past(joins []join) (map[int64]int, error) {
	return pastOf(joins, func(id int64) ([]join, error) {
		l, err := w.line(id)
		if err != nil {
			return nil, err
		}
		return l.joins, nil
	})
}

func pastOf(joins []join, of func(int64) ([]join, error)) (map[int64]int, error) {
	past := map[int64]int{}
	for todo := slices.Clone(joins); len(todo) > 0; {
		j := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		seen := past[j.line]
		past[j.line] = max(seen, j.seq)
		if seen == 0 {
			more, err := of(j.line)
			if err != nil {
				return nil, err
			}
			todo = append(todo, more...)
		}
	}
	return past, nil
}
