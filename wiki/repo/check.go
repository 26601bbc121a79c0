package repo

import (
	"context"
	"errors"
	"fmt"

	"github.com/go-git/go-git/v5/plumbing"
)

// ErrDamaged says that an object is not what its name says.
var ErrDamaged = errors.New("an object is damaged")

// Check reads main, every commit and folder before it and every file of those,
// and compares each object with its name. With git on the machine git's own
// strict check follows. All faults that were found are in the error.
func (r *Repo) Check(ctx context.Context) error {
	head, err := r.Head()
	if err != nil {
		return err
	}
	v := &verifier{r: r, seen: map[Hash]bool{}}
	if !head.IsZero() {
		err = v.history(ctx, head)
	}
	if err == nil && len(v.faults) == 0 && r.o.Git != "" {
		if _, err := r.git(ctx, "fsck", "--strict", "--full", "--no-dangling", "--no-progress"); err != nil {
			v.faults = append(v.faults, err)
		}
	}
	if err := errors.Join(append(v.faults, err)...); err != nil {
		return fmt.Errorf("checking repository: %w", err)
	}
	return nil
}

type verifier struct {
	r      *Repo
	seen   map[Hash]bool
	faults []error
}

// maxFaults is where a check stops counting.
const maxFaults = 100

func (v *verifier) history(ctx context.Context, head Hash) error {
	for todo := []Hash{head}; len(todo) > 0 && len(v.faults) < maxFaults; {
		if err := ctx.Err(); err != nil {
			return err
		}
		h := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if v.seen[h] {
			continue
		}
		data, ok := v.object(h, plumbing.CommitObject)
		if !ok {
			continue
		}
		c, err := parseCommit(data)
		if err != nil {
			v.faults = append(v.faults, fmt.Errorf("commit %s: %w", h, err))
			continue
		}
		todo = append(todo, c.Parents...)
		v.tree(c.Tree)
	}
	return nil
}

func (v *verifier) tree(h Hash) {
	if v.seen[h] || len(v.faults) >= maxFaults {
		return
	}
	data, ok := v.object(h, plumbing.TreeObject)
	if !ok {
		return
	}
	entries, err := parseTree(data)
	if err != nil {
		v.faults = append(v.faults, fmt.Errorf("folder %s: %w", h, err))
		return
	}
	for _, e := range entries {
		switch {
		case e.isDir():
			v.tree(e.Hash)
		case e.Mode.IsFile() && !v.seen[e.Hash]:
			v.object(e.Hash, plumbing.BlobObject)
		}
	}
}

// object reads past the cache: it is the disk that is checked.
func (v *verifier) object(h Hash, typ plumbing.ObjectType) ([]byte, bool) {
	v.seen[h] = true
	got, data, err := v.r.store.look(h)
	if err != nil {
		if rerr := v.r.store.rescan(); rerr == nil {
			got, data, err = v.r.store.look(h)
		}
	}
	if err == nil && (got != typ || plumbing.ComputeHash(got, data) != h) {
		err = ErrDamaged
	}
	if err != nil {
		v.faults = append(v.faults, fmt.Errorf("%s %s: %w", typ, h, err))
		return nil, false
	}
	return data, true
}
