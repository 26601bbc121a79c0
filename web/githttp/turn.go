package githttp

import (
	"context"
	"sync"
	"time"
)

// turns bounds how many requests are worked on at once, over all and for one
// person, since each is a process of its own.
type turns struct {
	wait time.Duration
	all  chan struct{}

	mu   sync.Mutex
	each map[string]chan struct{}
	uses map[string]int
}

func (t *turns) init(wait time.Duration, atOnce int) {
	t.wait, t.all = wait, make(chan struct{}, atOnce)
	t.each, t.uses = map[string]chan struct{}{}, map[string]int{}
}

// take waits for a turn; done gives it back.
func (t *turns) take(ctx context.Context, person string) (done func(), err error) {
	mine := t.of(person)
	timer := time.NewTimer(t.wait)
	defer timer.Stop()
	for i, c := range []chan struct{}{mine, t.all} {
		select {
		case c <- struct{}{}:
			continue
		case <-ctx.Done():
			err = ctx.Err()
		case <-timer.C:
			err = errBusy
		}
		if i > 0 {
			<-mine
		}
		t.leave(person)
		return nil, err
	}
	return func() {
		<-t.all
		<-mine
		t.leave(person)
	}, nil
}

func (t *turns) of(person string) chan struct{} {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.each[person] == nil {
		t.each[person] = make(chan struct{}, maxEach)
	}
	t.uses[person]++
	return t.each[person]
}

func (t *turns) leave(person string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.uses[person]--; t.uses[person] == 0 {
		delete(t.uses, person)
		delete(t.each, person)
	}
}
