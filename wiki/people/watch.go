package people

import "sync"

// Kind is what changed.
type Kind int

// Kinds of change.
const (
	// Everything: another process wrote the file. Whatever is held must be
	// checked again, with [DB.Refresh] and [DB.LevelOn].
	Everything Kind = iota
	// PersonChanged: a person's account, sessions or tokens.
	PersonChanged
	// AccessChanged: who may do what on a prospect.
	AccessChanged
)

// Change is told to watchers. It says where to look, not what is true now.
type Change struct {
	Kind     Kind
	Person   string // id, when Kind is PersonChanged
	Prospect string // slug, when Kind is AccessChanged
}

type watchers struct {
	wake chan struct{}

	mu    sync.Mutex
	next  int
	all   map[int]func(Change)
	queue []Change
}

// maxQueue is how many undelivered changes are kept apart; beyond it they become
// one [Everything].
const maxQueue = 1024

// Watch calls f for every change, one after the other, on the DB's own
// goroutine. f must return soon and must not call Close. A change is in force
// before it is told. The returned function ends the watch; a call of f that has
// begun may still be running when it returns.
func (d *DB) Watch(f func(Change)) (stop func()) {
	w := &d.watch
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.all == nil {
		w.all = map[int]func(Change){}
	}
	id := w.next
	w.next++
	w.all[id] = f
	return func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		delete(w.all, id)
	}
}

func (w *watchers) tell(changes ...Change) {
	w.mu.Lock()
	if len(w.all) > 0 {
		w.queue = append(w.queue, changes...)
		if len(w.queue) > maxQueue {
			w.queue = append(w.queue[:0], Change{Kind: Everything})
		}
	}
	w.mu.Unlock()
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

func (w *watchers) deliver() {
	w.mu.Lock()
	queue := w.queue
	w.queue = nil
	all := make([]func(Change), 0, len(w.all))
	for _, f := range w.all {
		all = append(all, f)
	}
	w.mu.Unlock()
	for _, c := range queue {
		for _, f := range all {
			f(c)
		}
	}
}
