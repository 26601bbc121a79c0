package repo

import (
	"container/heap"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"slices"
	"strings"
)

// queue gives commits newest first; of equal dates the one put in first.
type queue struct {
	items []queued
	n     int
}

type queued struct {
	c   Commit
	seq int
}

func (q *queue) Len() int { return len(q.items) }
func (q *queue) Less(i, j int) bool {
	a, b := q.items[i], q.items[j]
	if at, bt := a.c.CommittedAt.Unix(), b.c.CommittedAt.Unix(); at != bt {
		return at > bt
	}
	return a.seq < b.seq
}
func (q *queue) Swap(i, j int) { q.items[i], q.items[j] = q.items[j], q.items[i] }
func (q *queue) Push(x any)    { q.items = append(q.items, x.(queued)) }
func (q *queue) Pop() any {
	last := q.items[len(q.items)-1]
	q.items = q.items[:len(q.items)-1]
	return last
}
func (q *queue) push(c Commit) { q.n++; heap.Push(q, queued{c, q.n}) }
func (q *queue) pop() Commit   { return heap.Pop(q).(queued).c }

// Log goes over from and everything before it, newest first as git log does,
// leaving out the stop commits and everything before those. The zero hash has
// no past. After an error the sequence ends.
func (r *Repo) Log(ctx context.Context, from Hash, stop ...Hash) iter.Seq2[Commit, error] {
	return func(yield func(Commit, error) bool) {
		stop = slices.DeleteFunc(slices.Clone(stop), Hash.IsZero)
		if from.IsZero() {
			return
		}
		if len(stop) > 0 {
			list, err := r.between(ctx, from, stop)
			for _, c := range list {
				if !yield(c, nil) {
					return
				}
			}
			if err != nil {
				yield(Commit{}, err)
			}
			return
		}
		seen := map[Hash]bool{from: true}
		q := &queue{}
		first, err := r.Lookup(from)
		if err != nil {
			yield(Commit{}, err)
			return
		}
		q.push(first)
		for q.Len() > 0 {
			if err := ctx.Err(); err != nil {
				yield(Commit{}, err)
				return
			}
			c := q.pop()
			if !yield(c, nil) {
				return
			}
			for _, p := range c.Parents {
				if seen[p] {
					continue
				}
				seen[p] = true
				pc, err := r.Lookup(p)
				if err != nil {
					yield(Commit{}, err)
					return
				}
				q.push(pc)
			}
		}
	}
}

// slop is how many more excluded commits are looked at once only excluded ones
// are left, in case a clock ran backwards.
const slop = 32

// between lists what from has and stop lacks. It goes down both pasts by date
// until only excluded commits are left to look at.
func (r *Repo) between(ctx context.Context, from Hash, stop []Hash) ([]Commit, error) {
	const (
		wanted = iota + 1
		excluded
	)
	state := map[Hash]int{}
	known := map[Hash]Commit{}
	q := &queue{}
	add := func(h Hash, s int) error {
		if state[h] >= s {
			return nil
		}
		// Exclusion reaches what was looked at already.
		for todo := []Hash{h}; len(todo) > 0; {
			h := todo[len(todo)-1]
			todo = todo[:len(todo)-1]
			if state[h] >= s {
				continue
			}
			state[h] = s
			c, ok := known[h]
			if !ok {
				var err error
				if c, err = r.Lookup(h); err != nil {
					return err
				}
				known[h] = c
				q.push(c)
				continue
			}
			for _, p := range c.Parents {
				if state[p] != 0 {
					todo = append(todo, p)
				}
			}
		}
		return nil
	}
	for _, h := range stop {
		if err := add(h, excluded); err != nil {
			return nil, err
		}
	}
	if err := add(from, wanted); err != nil {
		return nil, err
	}
	var list []Commit
	left := slop
	for q.Len() > 0 && left > 0 {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		open := slices.ContainsFunc(q.items, func(i queued) bool { return state[i.c.ID] == wanted })
		c := q.pop()
		if open {
			left = slop
		} else if len(list) == 0 || c.CommittedAt.Before(list[len(list)-1].CommittedAt) {
			left--
		}
		s := state[c.ID]
		if s == wanted {
			list = append(list, c)
		}
		for _, p := range c.Parents {
			if err := add(p, s); err != nil {
				return nil, err
			}
		}
	}
	return slices.DeleteFunc(list, func(c Commit) bool { return state[c.ID] == excluded }), nil
}

// IsAncestor reports whether a is b or came before it. The zero hash came
// before everything.
func (r *Repo) IsAncestor(ctx context.Context, a, b Hash) (bool, error) {
	if a == b || a.IsZero() {
		return true, nil
	}
	if b.IsZero() {
		return false, nil
	}
	if _, err := r.Lookup(a); err != nil {
		return false, err
	}
	for c, err := range r.Log(ctx, b) {
		if err != nil {
			return false, err
		}
		if c.ID == a {
			return true, nil
		}
	}
	return false, nil
}

// Change is a file that differs between two versions; a zero hash means that it
// is absent there.
type Change struct {
	Path     string
	From, To Hash
}

// Changes lists the files that differ between two commits, in path order. It
// reads only folders that differ. A commit that is not there is fs.ErrNotExist.
func (r *Repo) Changes(a, b Hash) ([]Change, error) {
	var roots [2]Hash
	for i, h := range []Hash{a, b} {
		if h.IsZero() {
			continue
		}
		c, err := r.Lookup(h)
		if errors.Is(err, errMissing) {
			err = fmt.Errorf("commit %s: %w", h, fs.ErrNotExist)
		}
		if err != nil {
			return nil, err
		}
		roots[i] = c.Tree
	}
	var list []Change
	err := r.diffTrees("", roots[0], roots[1], func(path string, from, to TreeEntry) {
		if from.Hash != to.Hash {
			list = append(list, Change{Path: path, From: from.Hash, To: to.Hash})
		}
	})
	slices.SortFunc(list, func(a, b Change) int { return strings.Compare(a.Path, b.Path) })
	return list, err
}

// diffTrees calls f for every file below that differs in content or mode; the
// absent side is zero. Links and submodules are as if they were not there.
func (r *Repo) diffTrees(prefix string, a, b Hash, f func(path string, from, to TreeEntry)) error {
	if a == b {
		return nil
	}
	as, err := r.entries(a)
	if err != nil {
		return err
	}
	bs, err := r.entries(b)
	if err != nil {
		return err
	}
	for len(as) > 0 || len(bs) > 0 {
		var from, to TreeEntry
		switch {
		case len(bs) == 0 || len(as) > 0 && as[0].key() < bs[0].key():
			from, as = as[0], as[1:]
		case len(as) == 0 || bs[0].key() < as[0].key():
			to, bs = bs[0], bs[1:]
		default:
			from, to, as, bs = as[0], bs[0], as[1:], bs[1:]
		}
		if from.Hash == to.Hash && from.Mode == to.Mode {
			continue
		}
		name := from.Name + to.Name
		if from.Name == to.Name {
			name = from.Name
		}
		if from.isDir() || to.isDir() {
			if err := r.diffTrees(prefix+name+"/", from.Hash, to.Hash, f); err != nil {
				return err
			}
			continue
		}
		if !from.isFile() {
			from = TreeEntry{}
		}
		if !to.isFile() {
			to = TreeEntry{}
		}
		if from != to {
			f(prefix+name, from, to)
		}
	}
	return nil
}
