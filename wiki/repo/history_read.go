package repo

import (
	"bytes"
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"dealwiki/content"
)

// row is a version as the table has it.
type row struct {
	Version
	line    int64
	seq     int
	ord     int64
	base    int
	old     Hash
	counted bool
}

// columns go with scan. They need history_versions v, history_commits c,
// history_lines l and history_paths p, the path of the line.
const (
	columns = `v.line, v.seq, v.ord, v.blob, v.old, v.added, v.removed, l.base, p.path, ` + more
	more    = `CASE WHEN v.renamed IS NULL THEN '' ELSE (SELECT path FROM history_paths f WHERE f.id = v.renamed) END,
		c.hash, c.name, c.email, c.at, c.zone, c.subject, c.coauthors, v.moved IS NOT NULL`
)

const joined = ` FROM history_versions v
	JOIN history_lines l ON l.id = v.line
	JOIN history_paths p ON p.id = l.path
	JOIN history_commits c ON c.repo = v.repo AND c.ord = v.ord `

// ofLine lists versions of one line, whose path and base are the same for all.
const ofLine = `SELECT v.line, v.seq, v.ord, v.blob, v.old, v.added, v.removed, 0, '', ` + more + `
	FROM history_versions v JOIN history_commits c ON c.repo = v.repo AND c.ord = v.ord
	WHERE v.line = ? AND v.seq <= ? AND v.ord < ? ORDER BY v.seq DESC LIMIT ?`

func scan(rows *sql.Rows) (*row, error) {
	var r row
	var blob, old, hash []byte
	var added, removed sql.NullInt64
	var at int64
	var zone int
	var co string
	err := rows.Scan(&r.line, &r.seq, &r.ord, &blob, &old, &added, &removed, &r.base, &r.Path, &r.Renamed,
		&hash, &r.Author.Name, &r.Author.Email, &at, &zone, &r.Subject, &co, &r.Moved)
	if err != nil {
		return nil, err
	}
	copy(r.Commit[:], hash)
	copy(r.Blob[:], blob)
	copy(r.old[:], old)
	r.Deleted = r.Blob.IsZero()
	r.Added, r.Removed, r.counted = int(added.Int64), int(removed.Int64), added.Valid
	r.When = moment(at, zone)
	r.CoAuthors = people(co)
	r.Number = r.base + r.seq
	return &r, nil
}

func moment(sec int64, zone int) time.Time {
	if zone == 0 {
		return time.Unix(sec, 0).UTC()
	}
	return time.Unix(sec, 0).In(time.FixedZone("", zone))
}

func people(s string) []Person {
	if s == "" {
		return nil
	}
	var list []Person
	for line := range strings.SplitSeq(s, "\n") {
		list = append(list, parsePerson(line))
	}
	return list
}

func (h *History) rows(ctx context.Context, query string, args ...any) ([]*row, error) {
	rows, err := h.ask.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var list []*row
	for rows.Next() {
		r, err := scan(rows)
		if err != nil {
			return nil, err
		}
		list = append(list, r)
	}
	return list, rows.Err()
}

// page is the past of one path.
type page struct {
	repo   int64
	line   int64
	seq    int
	past   map[int64]int
	merged bool // some line joins more than one
}

// page finds a path that is or was in a repository.
func (h *History) page(ctx context.Context, name, path string) (page, error) {
	var p page
	err := h.ask.QueryRowContext(ctx, `SELECT p.repo, p.line, p.seq FROM history_paths p JOIN history_repos r ON r.id = p.repo
		WHERE r.name = ? AND p.path = ?`, name, path).Scan(&p.repo, &p.line, &p.seq)
	if errors.Is(err, sql.ErrNoRows) || err == nil && p.line == 0 {
		return p, &fs.PathError{Op: "history", Path: path, Err: fs.ErrNotExist}
	}
	if err != nil {
		return p, err
	}
	p.past, err = pastOf([]join{{line: p.line, seq: p.seq}}, func(id int64) ([]join, error) {
		var s string
		if err := h.ask.QueryRowContext(ctx, `SELECT joins FROM history_lines WHERE id = ?`, id).Scan(&s); err != nil {
			return nil, err
		}
		joins, err := decodeJoins(s)
		p.merged = p.merged || len(joins) > 1
		return joins, err
	})
	return p, err
}

// below returns the place in the walk that a list shall begin below.
func (h *History) below(ctx context.Context, repo int64, before Hash) (int64, error) {
	if before.IsZero() {
		return math.MaxInt64, nil
	}
	var ord int64
	err := h.ask.QueryRowContext(ctx, `SELECT ord FROM history_commits WHERE repo = ? AND hash = ?`, repo, before[:]).Scan(&ord)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, fmt.Errorf("version %s: %w", before, fs.ErrNotExist)
	}
	return ord, err
}

// numbers gives the versions of a page their numbers where lines run side by
// side: by the order of their commits, one number a commit.
func (h *History) numbers(ctx context.Context, p page) (map[int64]int, error) {
	var ords []int64
	for line, seq := range p.past {
		rows, err := h.ask.QueryContext(ctx, `SELECT ord FROM history_versions WHERE line = ? AND seq <= ?`, line, seq)
		if err != nil {
			return nil, err
		}
		for rows.Next() {
			var ord int64
			if err := rows.Scan(&ord); err != nil {
				rows.Close()
				return nil, err
			}
			ords = append(ords, ord)
		}
		if err := errors.Join(rows.Err(), rows.Close()); err != nil {
			return nil, err
		}
	}
	slices.Sort(ords)
	numbers := make(map[int64]int, len(ords))
	for i, ord := range slices.Compact(ords) {
		numbers[ord] = i + 1
	}
	return numbers, nil
}

// renumber applies numbers to versions of a page that needs them.
func (h *History) renumber(ctx context.Context, p page, list []*row) error {
	if !p.merged {
		return nil
	}
	numbers, err := h.numbers(ctx, p)
	if err != nil {
		return err
	}
	for _, r := range list {
		r.Number = numbers[r.ord]
	}
	return nil
}

// newestFirst orders the versions of a page. One commit may have changed the
// page under two names that later became one: then what it left comes before
// what it removed, and the younger line before the older, and only the first is
// the commit's version.
func newestFirst(list []*row) []*row {
	slices.SortFunc(list, func(a, b *row) int {
		return cmp.Or(cmp.Compare(b.ord, a.ord), cmp.Compare(boolInt(a.Deleted), boolInt(b.Deleted)), cmp.Compare(b.line, a.line))
	})
	return slices.CompactFunc(list, func(a, b *row) bool { return a.ord == b.ord })
}

func boolInt(b bool) int {
	if b {
		return 1
	}
	return 0
}

// Versions lists the versions of a page, newest first, over all the names it
// had: at most limit, or all when it is 0, and only those below the commit
// before, unless it is zero. A path that never was is fs.ErrNotExist.
func (h *History) Versions(ctx context.Context, name, path string, limit int, before Hash) ([]Version, error) {
	p, err := h.page(ctx, name, path)
	if err != nil {
		return nil, err
	}
	ord, err := h.below(ctx, p.repo, before)
	if err != nil {
		return nil, err
	}
	most := limit
	if most <= 0 {
		most = math.MaxInt32
	}
	var list []*row
	for line, seq := range p.past {
		part, err := h.rows(ctx, ofLine, line, seq, ord, most)
		if err != nil {
			return nil, fmt.Errorf("reading versions: %w", err)
		}
		var path string
		var base int
		err = h.ask.QueryRowContext(ctx, `SELECT p.path, l.base FROM history_lines l JOIN history_paths p ON p.id = l.path
			WHERE l.id = ?`, line).Scan(&path, &base)
		if err != nil {
			return nil, fmt.Errorf("reading versions: %w", err)
		}
		for _, r := range part {
			r.Path, r.Number = path, base+r.seq
		}
		list = append(list, part...)
	}
	if list = newestFirst(list); len(list) > most {
		list = list[:most]
	}
	if err := h.renumber(ctx, p, list); err != nil {
		return nil, err
	}
	return h.versions(ctx, name, list)
}

func (h *History) versions(ctx context.Context, name string, list []*row) ([]Version, error) {
	if err := h.countLines(ctx, name, list); err != nil {
		return nil, fmt.Errorf("counting changed lines: %w", err)
	}
	versions := make([]Version, len(list))
	for i, r := range list {
		versions[i] = r.Version
	}
	return versions, nil
}

// Version returns the version that a commit made of a page; fs.ErrNotExist when
// the commit is not one of the page's.
func (h *History) Version(ctx context.Context, name, path string, at Hash) (Version, error) {
	p, err := h.page(ctx, name, path)
	if err != nil {
		return Version{}, err
	}
	list, err := h.rows(ctx, `SELECT `+columns+joined+`WHERE v.repo = ?1
		AND v.ord = (SELECT ord FROM history_commits WHERE repo = ?1 AND hash = ?2)`, p.repo, at[:])
	if err != nil {
		return Version{}, fmt.Errorf("reading version: %w", err)
	}
	list = slices.DeleteFunc(list, func(r *row) bool { return r.seq > p.past[r.line] })
	if len(list) == 0 {
		return Version{}, &fs.PathError{Op: "version", Path: path, Err: fs.ErrNotExist}
	}
	list = newestFirst(list)
	if err := h.renumber(ctx, p, list); err != nil {
		return Version{}, err
	}
	versions, err := h.versions(ctx, name, list)
	if err != nil {
		return Version{}, err
	}
	return versions[0], nil
}

// Last returns the newest version of a path, which may be its removal;
// fs.ErrNotExist when it never was.
func (h *History) Last(ctx context.Context, name, path string) (Version, error) {
	list, err := h.rows(ctx, `SELECT `+columns+joined+`WHERE (v.line, v.seq) = (SELECT q.line, q.seq FROM history_paths q
		JOIN history_repos r ON r.id = q.repo WHERE r.name = ? AND q.path = ?)`, name, path)
	if err == nil && len(list) == 0 {
		err = &fs.PathError{Op: "history", Path: path, Err: fs.ErrNotExist}
	}
	if err != nil {
		return Version{}, err
	}
	return list[0].Version, nil
}

// MovedTo returns the path under which a page that is no longer at path lives
// now, over any number of moves: path itself when it is there. A page that never
// was, or is gone altogether, is fs.ErrNotExist, even where another has its last
// name now.
func (h *History) MovedTo(ctx context.Context, name, path string) (string, error) {
	gone := &fs.PathError{Op: "history", Path: path, Err: fs.ErrNotExist}
	var there bool
	var next sql.NullInt64 // the line that the page goes on in
	err := h.ask.QueryRowContext(ctx, `SELECT p.blob IS NOT NULL, v.moved
		FROM history_paths p JOIN history_repos r ON r.id = p.repo JOIN history_versions v ON v.line = p.line AND v.seq = p.seq
		WHERE r.name = ? AND p.path = ?`, name, path).Scan(&there, &next)
	if errors.Is(err, sql.ErrNoRows) || err == nil && !there && !next.Valid {
		return "", gone
	}
	if err != nil || there {
		return path, err
	}
	for seen := map[int64]bool{}; next.Valid && !seen[next.Int64]; {
		line := next.Int64
		seen[line] = true
		err := h.ask.QueryRowContext(ctx, `SELECT moved FROM history_versions WHERE line = ? AND seq > 1 AND blob IS NULL ORDER BY seq LIMIT 1`, line).Scan(&next)
		if err == nil {
			continue
		}
		if !errors.Is(err, sql.ErrNoRows) {
			return "", err
		}
		err = h.ask.QueryRowContext(ctx, `SELECT p.path FROM history_lines l JOIN history_paths p ON p.id = l.path WHERE l.id = ? AND p.blob IS NOT NULL`, line).Scan(&path)
		if errors.Is(err, sql.ErrNoRows) {
			return "", gone
		}
		return path, err
	}
	return "", gone
}

// Names lists the paths under which a page that is or was at path has lived, the
// newest first and path itself before all. A path that never was is
// fs.ErrNotExist.
func (h *History) Names(ctx context.Context, name, path string) ([]string, error) {
	p, err := h.page(ctx, name, path)
	if err != nil {
		return nil, err
	}
	names := []string{path}
	for _, line := range slices.Backward(slices.Sorted(maps.Keys(p.past))) {
		var was string
		err := h.ask.QueryRowContext(ctx, `SELECT n.path FROM history_lines l JOIN history_paths n ON n.id = l.path WHERE l.id = ?`, line).Scan(&was)
		if err != nil {
			return nil, err
		}
		if !slices.Contains(names, was) {
			names = append(names, was)
		}
	}
	return names, nil
}

// Latest returns the last change of every path at head. Numbers of lines are
// there only for versions that were listed before.
func (h *History) Latest(ctx context.Context, name string) (map[string]Version, error) {
	list, err := h.rows(ctx, `SELECT `+columns+` FROM history_repos r
		JOIN history_paths p ON p.repo = r.id AND p.blob IS NOT NULL
		JOIN history_versions v ON v.line = p.line AND v.seq = p.seq
		JOIN history_lines l ON l.id = v.line
		JOIN history_commits c ON c.repo = v.repo AND c.ord = v.ord WHERE r.name = ?`, name)
	if err != nil {
		return nil, fmt.Errorf("reading last changes: %w", err)
	}
	latest := make(map[string]Version, len(list))
	for _, r := range list {
		latest[r.Path] = r.Version
	}
	return latest, nil
}

// Recent lists the newest changes over all paths, those below the commit before
// unless it is zero. It gives at least limit, so as never to part the changes of
// one commit, or all when it is 0. A page that moved is one change.
func (h *History) Recent(ctx context.Context, name string, limit int, before Hash) ([]Version, error) {
	at, err := followedAt(ctx, h.ask, name)
	if err != nil || at.id == 0 {
		return nil, err
	}
	ord, err := h.below(ctx, at.id, before)
	if err != nil {
		return nil, err
	}
	from := int64(0)
	if limit > 0 {
		err := h.ask.QueryRowContext(ctx, `SELECT coalesce(min(ord), 0) FROM (SELECT ord FROM history_versions
			WHERE repo = ? AND ord < ? AND moved IS NULL ORDER BY ord DESC LIMIT ?)`, at.id, ord, limit).Scan(&from)
		if err != nil {
			return nil, err
		}
	}
	list, err := h.rows(ctx, `SELECT `+columns+joined+`WHERE v.repo = ? AND v.ord >= ? AND v.ord < ? AND v.moved IS NULL
		ORDER BY v.ord DESC, p.path`, at.id, from, ord)
	if err != nil {
		return nil, fmt.Errorf("reading recent changes: %w", err)
	}
	return h.versions(ctx, name, list)
}

// countLines fills in how many lines versions added and removed, and keeps the
// numbers for the next time.
func (h *History) countLines(ctx context.Context, name string, list []*row) error {
	list = slices.DeleteFunc(slices.Clone(list), func(r *row) bool { return r.counted })
	if len(list) == 0 {
		return nil
	}
	r, err := h.repo(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, v := range list {
		if err := ctx.Err(); err != nil {
			return err
		}
		if v.Added, v.Removed, err = r.changedLines(v.old, v.Blob); err != nil {
			return err
		}
	}
	return h.update(ctx, func(tx *sql.Tx) error {
		stmt, err := tx.PrepareContext(ctx, `UPDATE history_versions SET added = ?, removed = ? WHERE line = ? AND seq = ? AND ord = ?`)
		if err != nil {
			return err
		}
		defer stmt.Close()
		for _, v := range list {
			if _, err := stmt.ExecContext(ctx, v.Added, v.Removed, v.line, v.seq, v.ord); err != nil {
				return err
			}
		}
		return nil
	})
}

// maxCounted is the largest file whose changed lines are counted, in bytes.
const maxCounted = 4 << 20

func (r *Repo) changedLines(a, b Hash) (added, removed int, err error) {
	var x, y []byte
	if !a.IsZero() {
		if x, err = r.Blob(a); err != nil {
			return 0, 0, err
		}
	}
	if !b.IsZero() {
		if y, err = r.Blob(b); err != nil {
			return 0, 0, err
		}
	}
	if len(x) > maxCounted || len(y) > maxCounted || bytes.IndexByte(x, 0) >= 0 || bytes.IndexByte(y, 0) >= 0 {
		return 0, 0, nil
	}
	for _, op := range content.DiffLines(x, y) {
		if op.Kind != content.Equal {
			removed += op.A1 - op.A0
			added += op.B1 - op.B0
		}
	}
	return added, removed, nil
}
