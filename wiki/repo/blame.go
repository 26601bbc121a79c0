package repo

import (
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"time"

	"dealwiki/content"
)

// origin is a run of lines that came in together: so many lines, from line first
// (0-based) of the file as the version at ord made it under a path.
type origin struct {
	lines int
	ord   int64
	path  int64
	first int
}

// origins are the runs of a whole file, in order.
type origins []origin

func (o origins) encode() []byte {
	b := make([]byte, 0, len(o)*6)
	for _, r := range o {
		for _, n := range []int64{int64(r.lines), r.ord, r.path, int64(r.first)} {
			b = binary.AppendUvarint(b, uint64(n))
		}
	}
	return b
}

var errOrigins = errors.New("kept origins of lines are damaged")

func decodeOrigins(b []byte) (origins, error) {
	var o origins
	for len(b) > 0 {
		var n [4]int64
		for i := range n {
			v, size := binary.Uvarint(b)
			if size <= 0 {
				return nil, errOrigins
			}
			n[i], b = int64(v), b[size:]
		}
		o = append(o, origin{int(n[0]), n[1], n[2], int(n[3])})
	}
	return o, nil
}

// add appends a run, joined to the last one where it goes on.
func (o origins) add(r origin) origins {
	if n := len(o); n > 0 && o[n-1].ord == r.ord && o[n-1].path == r.path && o[n-1].first+o[n-1].lines == r.first {
		o[n-1].lines += r.lines
		return o
	}
	return append(o, r)
}

// Blame tells where every line of a page at head comes from, in order. Each
// version takes over the origins of the lines it left alone, so the cost is that
// of the versions since the last call; of a page that is followed, one. Lines of
// commits with an Authorship trailer are credited by it.
func (h *History) Blame(ctx context.Context, name, path string) ([]Line, error) {
	var repo, line int64
	var seq int
	err := h.ask.QueryRowContext(ctx, `SELECT p.repo, p.line, p.seq FROM history_paths p JOIN history_repos r ON r.id = p.repo
		WHERE r.name = ? AND p.path = ? AND p.blob IS NOT NULL`, name, path).Scan(&repo, &line, &seq)
	if errors.Is(err, sql.ErrNoRows) {
		err = &fs.PathError{Op: "blame", Path: path, Err: fs.ErrNotExist}
	}
	if err != nil {
		return nil, err
	}
	o, found, err := h.kept(ctx, line, seq)
	if err != nil {
		return nil, err
	}
	if !found {
		r, err := h.repo(name)
		if err != nil {
			return nil, err
		}
		t := &tracer{h: h, r: r, ctx: ctx}
		if o, _, err = t.trace(line, seq); err != nil {
			return nil, fmt.Errorf("tracing lines: %w", err)
		}
		if err := h.keep(ctx, line, seq, o); err != nil {
			return nil, fmt.Errorf("keeping origins of lines: %w", err)
		}
	}
	return h.credit(ctx, repo, o)
}

func (h *History) kept(ctx context.Context, line int64, seq int) (origins, bool, error) {
	var data []byte
	err := h.ask.QueryRowContext(ctx, `SELECT data FROM history_blames WHERE line = ? AND seq = ?`, line, seq).Scan(&data)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, err
	}
	o, err := decodeOrigins(data)
	return o, err == nil, err
}

// keep stores the origins of a line's newest version; older ones are no longer
// of use.
func (h *History) keep(ctx context.Context, line int64, seq int, o origins) error {
	return h.update(ctx, func(tx *sql.Tx) error {
		// The line may have been forgotten meanwhile, and its number be another's.
		_, err := tx.ExecContext(ctx, `INSERT OR REPLACE INTO history_blames SELECT ?1, ?2, ?3
			WHERE EXISTS (SELECT 1 FROM history_versions WHERE line = ?1 AND seq = ?2)`, line, seq, o.encode())
		if err == nil {
			_, err = tx.ExecContext(ctx, `DELETE FROM history_blames WHERE line = ? AND seq < ?`, line, seq)
		}
		return err
	})
}

// tracer works out origins from the oldest version on.
type tracer struct {
	h   *History
	r   *Repo
	ctx context.Context
}

// step is a version to go over.
type step struct {
	seq  int
	ord  int64
	blob Hash
}

// source is what a version's lines may have come from.
type ancestor struct {
	text []byte
	o    origins
}

// trace returns the origins and the content of a version.
func (t *tracer) trace(line int64, seq int) (origins, []byte, error) {
	var from int
	var data []byte
	err := t.h.ask.QueryRowContext(t.ctx, `SELECT seq, data FROM history_blames WHERE line = ? AND seq <= ? ORDER BY seq DESC LIMIT 1`, line, seq).Scan(&from, &data)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return nil, nil, err
	}
	steps, err := t.steps(line, from, seq)
	if err != nil {
		return nil, nil, err
	}
	var joins string
	var path int64
	if err := t.h.ask.QueryRowContext(t.ctx, `SELECT joins, path FROM history_lines WHERE id = ?`, line).Scan(&joins, &path); err != nil {
		return nil, nil, err
	}
	var parents []ancestor
	if from > 0 {
		a := ancestor{}
		if a.o, err = decodeOrigins(data); err != nil {
			return nil, nil, err
		}
		if a.text, err = t.text(steps[0].blob); err != nil {
			return nil, nil, err
		}
		parents, steps = []ancestor{a}, steps[1:]
	} else {
		list, err := decodeJoins(joins)
		if err != nil {
			return nil, nil, err
		}
		for _, j := range list {
			var a ancestor
			if a.o, a.text, err = t.trace(j.line, j.seq); err != nil {
				return nil, nil, err
			}
			parents = append(parents, a)
		}
	}
	for _, s := range steps {
		if err := t.ctx.Err(); err != nil {
			return nil, nil, err
		}
		text, err := t.text(s.blob)
		if err != nil {
			return nil, nil, err
		}
		parents = []ancestor{{text, inherit(text, s.ord, path, parents)}}
	}
	return parents[0].o, parents[0].text, nil
}

// steps lists the versions of a line from one number, which is part of it, to
// another.
func (t *tracer) steps(line int64, from, to int) ([]step, error) {
	rows, err := t.h.ask.QueryContext(t.ctx, `SELECT seq, ord, blob FROM history_versions WHERE line = ? AND seq >= ? AND seq <= ? ORDER BY seq`, line, from, to)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var steps []step
	for rows.Next() {
		var s step
		var blob []byte
		if err := rows.Scan(&s.seq, &s.ord, &blob); err != nil {
			return nil, err
		}
		copy(s.blob[:], blob)
		steps = append(steps, s)
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	if len(steps) == 0 {
		return nil, fs.ErrNotExist // forgotten while we looked
	}
	return steps, nil
}

func (t *tracer) text(h Hash) ([]byte, error) {
	if h.IsZero() {
		return nil, nil
	}
	return t.r.Blob(h)
}

// inherit gives every line of text its origin: the first parent that has it, or
// the version itself.
func inherit(text []byte, ord, path int64, parents []ancestor) origins {
	if len(parents) == 1 {
		return inheritOne(text, ord, path, parents[0])
	}
	n := len(content.SplitLines(text))
	lines := make([]origin, n)
	for i := range lines {
		lines[i] = origin{1, ord, path, i}
	}
	open := make([]bool, n)
	for i := range open {
		open[i] = true
	}
	for _, p := range parents {
		if len(p.text) == 0 {
			continue
		}
		flat := p.o.flat()
		for _, op := range content.DiffLines(p.text, text) {
			if op.Kind != content.Equal {
				continue
			}
			for k := range op.B1 - op.B0 {
				if open[op.B0+k] && op.A0+k < len(flat) {
					lines[op.B0+k], open[op.B0+k] = flat[op.A0+k], false
				}
			}
		}
	}
	var o origins
	for _, l := range lines {
		o = o.add(l)
	}
	return o
}

// inheritOne is inherit for one parent, without unfolding its runs.
func inheritOne(text []byte, ord, path int64, p ancestor) origins {
	o := make(origins, 0, len(p.o)+2)
	at, skip := 0, 0 // the run of the parent, and how many of its lines are behind
	base := 0        // the parent's line that is at
	for _, op := range content.DiffLines(p.text, text) {
		if op.Kind != content.Equal {
			if op.B1 > op.B0 {
				o = o.add(origin{op.B1 - op.B0, ord, path, op.B0})
			}
			continue
		}
		for want := op.A0; want < op.A1 && at < len(p.o); {
			// Go on to the run that holds want.
			if ahead := want - base; ahead >= p.o[at].lines-skip {
				base += p.o[at].lines - skip
				at, skip = at+1, 0
				continue
			} else if ahead > 0 {
				base += ahead
				skip += ahead
			}
			n := min(p.o[at].lines-skip, op.A1-want)
			o = o.add(origin{n, p.o[at].ord, p.o[at].path, p.o[at].first + skip})
			want += n
		}
	}
	return o
}

// flat is one origin for each line.
func (o origins) flat() []origin {
	var lines []origin
	for _, r := range o {
		for k := range r.lines {
			lines = append(lines, origin{1, r.ord, r.path, r.first + k})
		}
	}
	return lines
}

// who is what blame shows of a commit.
type who struct {
	hash   Hash
	author Person
	co     []Person
	when   time.Time
	shares []share
}

func (h *History) credit(ctx context.Context, repo int64, o origins) ([]Line, error) {
	commits, err := h.whoWrote(ctx, repo, o)
	if err != nil {
		return nil, err
	}
	paths, err := h.pathNames(ctx, o)
	if err != nil {
		return nil, err
	}
	var lines []Line
	for _, r := range o {
		w := commits[r.ord]
		if w == nil {
			return nil, errOrigins
		}
		for k := range r.lines {
			l := Line{Commit: w.hash, Path: paths[r.path], Line: r.first + k + 1, Author: w.author, When: w.when}
			if w.shares != nil {
				l.Author = credited(w.shares, l.Path, l.Line, w.author, w.co)
			}
			lines = append(lines, l)
		}
	}
	return lines, nil
}

// askAtOnce is how many rows are asked for in one query.
const askAtOnce = 200

func (h *History) whoWrote(ctx context.Context, repo int64, o origins) (map[int64]*who, error) {
	commits := map[int64]*who{}
	var ords []any
	for _, r := range o {
		if _, ok := commits[r.ord]; !ok {
			commits[r.ord] = nil
			ords = append(ords, r.ord)
		}
	}
	for part := range slices.Chunk(ords, askAtOnce) {
		rows, err := h.db.QueryContext(ctx, `SELECT ord, hash, name, email, at, zone, coauthors, shares FROM history_commits
			WHERE repo = ? AND ord IN (?`+strings.Repeat(", ?", len(part)-1)+`)`, append([]any{repo}, part...)...)
		if err != nil {
			return nil, err
		}
		for rows.Next() {
			var w who
			var ord, at int64
			var zone int
			var hash []byte
			var co, shares string
			if err := rows.Scan(&ord, &hash, &w.author.Name, &w.author.Email, &at, &zone, &co, &shares); err != nil {
				rows.Close()
				return nil, err
			}
			copy(w.hash[:], hash)
			w.when, w.co = moment(at, zone), people(co)
			if shares != "" {
				w.shares = parseShares(shares)
			}
			commits[ord] = &w
		}
		if err := errors.Join(rows.Err(), rows.Close()); err != nil {
			return nil, err
		}
	}
	return commits, nil
}

func (h *History) pathNames(ctx context.Context, o origins) (map[int64]string, error) {
	paths := map[int64]string{}
	for _, r := range o {
		if _, ok := paths[r.path]; ok {
			continue
		}
		var p string
		if err := h.ask.QueryRowContext(ctx, `SELECT path FROM history_paths WHERE id = ?`, r.path).Scan(&p); err != nil {
			return nil, err
		}
		paths[r.path] = p
	}
	return paths, nil
}
