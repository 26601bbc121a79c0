package repo

// Has reports whether an object is in this repository, or written and waiting
// for Sync. It asks the disk: the cache may know an object whose writing failed
// since. A true answer also keeps a prune away from it for a while.
func (r *Repo) Has(h Hash) bool {
	if r.store.has(h) {
		return true
	}
	_, _, err := r.store.batch.read(h)
	return err == nil
}
