package repo

import (
	"context"
	"fmt"
	"os"
	"path"
	"path/filepath"
)

const tagRefs = "refs/tags/"

// Tag names a commit for good, with a lightweight tag. Naming the same commit
// again does nothing; a name that another commit has is ErrConflict. The name
// is one that git takes, such as "handoff/0001".
func (r *Repo) Tag(ctx context.Context, name string, at Hash) error {
	if err := r.lock(ctx); err != nil {
		return err
	}
	defer r.unlock()
	if _, err := r.Lookup(at); err != nil {
		return fmt.Errorf("tagging %s: %w", name, err)
	}
	if was, err := r.Tagged(name); err == nil && was == at {
		return nil
	}
	dir := filepath.Join(r.dir, filepath.FromSlash(path.Dir(tagRefs+name)))
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("tagging %s: %w", name, err)
	}
	if err := r.store.disk.syncDir(filepath.Dir(dir)); err != nil {
		return fmt.Errorf("tagging %s: %w", name, err)
	}
	return r.setRef(ctx, tagRefs+name, Zero, at)
}

// Tagged answers the commit that a tag names; os.ErrNotExist when there is no
// such tag.
func (r *Repo) Tagged(name string) (Hash, error) {
	h, err := r.ref(tagRefs + name)
	if err == nil && h.IsZero() {
		err = fmt.Errorf("tag %s: %w", name, os.ErrNotExist)
	}
	return h, err
}
