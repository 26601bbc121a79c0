package repo

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"strings"

	"github.com/go-git/go-git/v5/plumbing/filemode"
)

// How the table is kept.
//
// For every commit and path there is at most one newest version, the one that
// "git log -- path" begun at that commit shows first. It is the version of the
// first parent whose entry is the same; when the entry differs from every
// parent's, the commit itself is a new version, and what came before it are the
// newest versions at all its parents. So the past of a version is a graph, and
// that graph is the same whatever is committed later.
//
// Versions that simply follow one another are numbered 1, 2, 3 … in a line, and
// only the beginning of a line says what it joins: a parent's line up to some
// number, or several of them after a merge, or the line of another path after
// a rename. A page's history is its newest line and all that it joins. Its cost
// is that of its own versions, and appending a version touches one row.
//
// The walk goes from the oldest commit to the newest and compares folders by
// their hashes. It holds the newest versions at a commit in a map that shares
// what is equal with its neighbours. Ord is a commit's place in the walk: parents
// come before children, of commits in parallel the older one.

// lineRecord is a line while the walk extends it.
type lineRecord struct {
	id    int64
	last  int // the number of its newest version
	base  int // how many versions came before its first
	joins []join
}

// node is a version while the walk may still need it.
type node struct {
	line  *lineRecord
	seq   int
	blob  Hash // zero: the path is gone
	moved int64
}

// pending lists the commits between the cursor and head, parents first. It
// reports false when they do not all descend from the cursor, so that the walk
// has to begin anew.
func pending(ctx context.Context, tx *sql.Tx, r *Repo, at followed, head Hash) ([]Commit, bool, error) {
	known := map[Hash]*Commit{}
	children := map[Hash]int{}
	if head == at.cursor {
		return nil, true, nil
	}
	if head.IsZero() {
		return nil, at.cursor.IsZero(), nil
	}
	for todo := []Hash{head}; len(todo) > 0; {
		if err := ctx.Err(); err != nil {
			return nil, false, err
		}
		h := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if known[h] != nil {
			continue
		}
		if !at.cursor.IsZero() {
			var n int
			err := tx.QueryRowContext(ctx, `SELECT count(*) FROM history_commits WHERE repo = ? AND hash = ?`, at.id, h[:]).Scan(&n)
			if err != nil || n > 0 {
				return nil, false, err
			}
		}
		c, err := r.Lookup(h)
		if err != nil {
			return nil, false, err
		}
		if len(c.Parents) == 0 && !at.cursor.IsZero() {
			return nil, false, nil
		}
		c.Parents = slices.Compact(c.Parents)
		known[h] = &c
		for _, p := range c.Parents {
			if p == at.cursor {
				continue
			}
			children[p]++
			todo = append(todo, p)
		}
	}
	list := make([]Commit, 0, len(known))
	q := &queue{}
	q.push(*known[head])
	for q.Len() > 0 {
		c := q.pop()
		list = append(list, c)
		for _, p := range c.Parents {
			if children[p]--; children[p] == 0 && known[p] != nil {
				q.push(*known[p])
			}
		}
	}
	slices.Reverse(list)
	return list, true, nil
}

// walk is one pass over new commits inside a transaction.
type walk struct {
	ctx context.Context
	tx  *sql.Tx
	r   *Repo
	at  followed
	ord int64

	names    []string       // paths by index
	index    map[string]int // and back
	ids      []int64        // their rows; 0: none yet
	asked    map[int]*node  // what the table knew of a path at the cursor
	lines    map[int64]*lineRecord
	nextLine int64
	nextPath int64

	// states and roots of commits that have children still to come.
	states map[Hash]state
	roots  map[Hash]Hash
	uses   map[Hash]int

	statements map[string]*sql.Stmt
}

const (
	insertCommit  = `INSERT INTO history_commits VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`
	insertVersion = `INSERT INTO history_versions(line, seq, repo, ord, blob, old, renamed, moved) VALUES(?, ?, ?, ?, ?, ?, ?, ?)`
	insertLine    = `INSERT INTO history_lines VALUES(?, ?, ?, ?, ?)`
	insertPath    = `INSERT INTO history_paths(id, repo, path, line, seq, blob) VALUES(?, ?, ?, ?, ?, ?)
		ON CONFLICT(id) DO UPDATE SET line = excluded.line, seq = excluded.seq, blob = excluded.blob`
	findPath = `SELECT p.id, p.line, p.seq, p.blob, v.moved FROM history_paths p
		LEFT JOIN history_versions v ON v.line = p.line AND v.seq = p.seq WHERE p.repo = ? AND p.path = ?`
	findLine = `SELECT base, joins, (SELECT max(seq) FROM history_versions WHERE line = ?1) FROM history_lines WHERE id = ?1`
	ordsOf   = `SELECT ord FROM history_versions WHERE line = ? AND seq <= ?`
)

func newWalk(ctx context.Context, tx *sql.Tx, r *Repo, at followed) (*walk, error) {
	w := &walk{ctx: ctx, tx: tx, r: r, at: at, ord: at.ord,
		index: map[string]int{}, asked: map[int]*node{}, lines: map[int64]*lineRecord{},
		states: map[Hash]state{}, roots: map[Hash]Hash{}, uses: map[Hash]int{},
		statements: map[string]*sql.Stmt{}}
	err := tx.QueryRowContext(ctx, `SELECT (SELECT coalesce(max(id), 0) FROM history_lines), (SELECT coalesce(max(id), 0) FROM history_paths)`).
		Scan(&w.nextLine, &w.nextPath)
	if err != nil {
		return nil, err
	}
	if !at.cursor.IsZero() {
		c, err := r.Lookup(at.cursor)
		if err != nil {
			w.close()
			return nil, err
		}
		w.roots[at.cursor] = c.Tree
		w.states[at.cursor] = state{}
	}
	return w, nil
}

func (w *walk) close() {
	for _, s := range w.statements {
		_ = s.Close()
	}
}

// statement prepares a query at its first use: a walk over one commit needs few.
func (w *walk) statement(query string) (*sql.Stmt, error) {
	if s := w.statements[query]; s != nil {
		return s, nil
	}
	s, err := w.tx.PrepareContext(w.ctx, query)
	if err != nil {
		return nil, err
	}
	w.statements[query] = s
	return s, nil
}

func (w *walk) exec(query string, args ...any) error {
	s, err := w.statement(query)
	if err != nil {
		return err
	}
	_, err = s.ExecContext(w.ctx, args...)
	return err
}

func (w *walk) find(query string, args []any, into ...any) error {
	s, err := w.statement(query)
	if err != nil {
		return err
	}
	return s.QueryRowContext(w.ctx, args...).Scan(into...)
}

// pathIndex gives a path its number in this walk.
func (w *walk) pathIndex(p string) (int, error) {
	if i, ok := w.index[p]; ok {
		return i, nil
	}
	i := len(w.names)
	w.names = append(w.names, p)
	w.ids = append(w.ids, 0)
	w.index[p] = i
	if w.at.cursor.IsZero() {
		return i, nil
	}
	var line int64
	var n node
	var blob []byte
	var moved sql.NullInt64
	err := w.find(findPath, []any{w.at.id, p}, &w.ids[i], &line, &n.seq, &blob, &moved)
	if errors.Is(err, sql.ErrNoRows) {
		return i, nil
	}
	if err != nil || line == 0 {
		return i, err
	}
	copy(n.blob[:], blob)
	n.moved = moved.Int64
	if n.line, err = w.line(line); err != nil {
		return i, err
	}
	w.asked[i] = &n
	return i, nil
}

func (w *walk) line(id int64) (*lineRecord, error) {
	if l := w.lines[id]; l != nil {
		return l, nil
	}
	l := &lineRecord{id: id}
	var joins string
	err := w.find(findLine, []any{id}, &l.base, &joins, &l.last)
	if err == nil {
		l.joins, err = decodeJoins(joins)
	}
	w.lines[id] = l
	return l, err
}

// newest returns a path's newest version at a commit, nil when it never was.
func (w *walk) newest(s state, i int) *node {
	if n, ok := s.get(i); ok {
		return n
	}
	return w.asked[i]
}

// fresh is a version that the commit at hand adds.
type fresh struct {
	i       int
	to      TreeEntry
	old     Hash
	before  []*node // the newest versions at its parents, in their order
	born    bool
	renamed int // index of the former path, -1: none
	node    *node
}

// add takes in the next commit.
func (w *walk) add(c Commit) error {
	if err := w.ctx.Err(); err != nil {
		return err
	}
	w.ord++
	if err := w.putCommit(c); err != nil {
		return err
	}
	var st state
	var first Hash
	if len(c.Parents) > 0 {
		st, first = w.states[c.Parents[0]], w.roots[c.Parents[0]]
	}
	var list []*fresh
	var ferr error
	err := w.r.diffTrees("", first, c.Tree, func(p string, from, to TreeEntry) {
		if ferr != nil {
			return
		}
		var i int
		if i, ferr = w.pathIndex(p); ferr != nil {
			return
		}
		f := &fresh{i: i, to: to, old: from.Hash, born: from.Hash.IsZero() && !to.Hash.IsZero(), renamed: -1}
		for j, parent := range c.Parents {
			n := w.newest(w.states[parent], i)
			if j > 0 {
				var e TreeEntry
				if e, ferr = w.r.entryAt(w.roots[parent], p); ferr != nil {
					return
				}
				if e.Hash == to.Hash && (e.Mode == to.Mode || e.Hash.IsZero()) {
					st = st.set(i, n)
					return
				}
				if !e.Hash.IsZero() {
					f.born = false
				}
			}
			if n != nil && !slices.Contains(f.before, n) {
				f.before = append(f.before, n)
			}
		}
		list = append(list, f)
	})
	if err := errors.Join(err, ferr); err != nil {
		return err
	}
	if err := w.findRenames(list); err != nil {
		return err
	}
	moved := map[int]int64{}
	for _, f := range list { // births first: a removal may name the line that goes on
		if f.to.Hash.IsZero() {
			continue
		}
		var from *node
		if f.renamed >= 0 {
			from = w.newest(st, f.renamed)
		}
		if err := w.putVersion(f, from, 0); err != nil {
			return err
		}
		if f.renamed >= 0 {
			moved[f.renamed] = f.node.line.id
		}
	}
	for _, f := range list {
		if f.to.Hash.IsZero() {
			if err := w.putVersion(f, nil, moved[f.i]); err != nil {
				return err
			}
		}
	}
	for _, f := range list {
		st = st.set(f.i, f.node)
	}
	w.states[c.ID] = st
	w.roots[c.ID] = c.Tree
	for _, p := range c.Parents {
		if w.uses[p]--; w.uses[p] == 0 {
			delete(w.states, p)
			delete(w.roots, p)
		}
	}
	return nil
}

func (w *walk) putCommit(c Commit) error {
	var co []string
	for _, p := range c.CoAuthors() {
		co = append(co, p.String())
	}
	_, zone := c.AuthoredAt.Zone()
	return w.exec(insertCommit, w.at.id, w.ord, c.ID[:], c.Author.Name, c.Author.Email,
		c.AuthoredAt.Unix(), zone, c.Subject(), strings.Join(co, "\n"), strings.Join(c.trailers(AuthorshipTrailer), "\n"))
}

func (w *walk) pathID(i int) int64 {
	if w.ids[i] == 0 {
		w.nextPath++
		w.ids[i] = w.nextPath
	}
	return w.ids[i]
}

func nullable(h Hash) any {
	if h.IsZero() {
		return nil
	}
	return h[:]
}

// putVersion adds a version: to the line it follows, or as the first of a new one.
func (w *walk) putVersion(f *fresh, from *node, moved int64) error {
	n := &node{blob: f.to.Hash, moved: moved}
	var renamed, movedTo any
	if from == nil && len(f.before) == 1 && f.before[0].seq == f.before[0].line.last {
		n.line = f.before[0].line
	} else {
		w.nextLine++
		n.line = &lineRecord{id: w.nextLine}
		w.lines[n.line.id] = n.line
		if err := w.joinLines(n.line, f.before, from); err != nil {
			return err
		}
		if err := w.exec(insertLine, n.line.id, w.at.id, w.pathID(f.i), n.line.base, encodeJoins(n.line.joins)); err != nil {
			return err
		}
	}
	n.line.last++
	n.seq = n.line.last
	f.node = n
	if from != nil {
		renamed = w.pathID(f.renamed)
		f.old = from.blob
	}
	if moved != 0 {
		movedTo = moved
	}
	return w.exec(insertVersion, n.line.id, n.seq, w.at.id, w.ord, nullable(n.blob), nullable(f.old), renamed, movedTo)
}

// finish writes where each path stands at head.
func (w *walk) finish(head Hash) error {
	st := w.states[head]
	var err error
	st.each(func(i int, n *node) {
		if err == nil && n != nil {
			err = w.exec(insertPath, w.pathID(i), w.at.id, w.names[i], n.line.id, n.seq, nullable(n.blob))
		}
	})
	if err != nil {
		return err
	}
	// Paths that are only in side branches that a merge left out have lines
	// too; those get a row so that their names are known.
	for i, id := range w.ids {
		if id == 0 {
			continue
		}
		if n, ok := st.get(i); ok && n != nil || w.asked[i] != nil {
			continue
		}
		if err := w.exec(insertPath, id, w.at.id, w.names[i], 0, 0, nil); err != nil {
			return err
		}
	}
	return nil
}

// entryAt finds the entry of a path below a root; zero when absent.
func (r *Repo) entryAt(root Hash, p string) (TreeEntry, error) {
	e := TreeEntry{Mode: filemode.Dir, Hash: root}
	for part := range strings.SplitSeq(p, "/") {
		if !e.isDir() {
			return TreeEntry{}, nil
		}
		var err error
		if e, err = r.entry(e.Hash, part); err != nil || e.Hash.IsZero() {
			return TreeEntry{}, err
		}
	}
	if !e.isFile() {
		return TreeEntry{}, nil
	}
	return e, nil
}
