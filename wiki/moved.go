package wiki

import "sync"

// SideID names one side of one prospect.
type SideID struct {
	Prospect string
	Section  Section
}

// moved tells followers which sides have new commits. It is a level trigger: a
// follower that is busy misses no side, only repeated news of the same one.
type moved struct {
	mu        sync.Mutex
	followers map[*Follower]struct{}
}

func newMoved() *moved { return &moved{followers: map[*Follower]struct{}{}} }

func (m *moved) note(prospect string, section Section) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for f := range m.followers {
		f.note(SideID{prospect, section})
	}
}

// A Follower hears of every side whose main has moved since Follow.
type Follower struct {
	C <-chan struct{} // receives when there is something to take

	m     *moved
	c     chan struct{}
	mu    sync.Mutex
	dirty map[SideID]struct{}
}

// Follow begins to note which sides move. Stop it when done.
func (w *Wiki) Follow() *Follower {
	c := make(chan struct{}, 1)
	f := &Follower{C: c, c: c, m: w.moved, dirty: map[SideID]struct{}{}}
	w.moved.mu.Lock()
	w.moved.followers[f] = struct{}{}
	w.moved.mu.Unlock()
	return f
}

func (f *Follower) note(id SideID) {
	f.mu.Lock()
	f.dirty[id] = struct{}{}
	f.mu.Unlock()
	select {
	case f.c <- struct{}{}:
	default:
	}
}

// Take answers the sides that have moved since the last call.
func (f *Follower) Take() []SideID {
	f.mu.Lock()
	defer f.mu.Unlock()
	out := make([]SideID, 0, len(f.dirty))
	for id := range f.dirty {
		out = append(out, id)
	}
	clear(f.dirty)
	return out
}

// Stop ends the following.
func (f *Follower) Stop() {
	f.m.mu.Lock()
	defer f.m.mu.Unlock()
	delete(f.m.followers, f)
}
