package web

import (
	"context"
	"errors"
	"sync"
	"time"

	"dealwiki/wiki/people"
)

// maxLetters is how many letters may wait to be written; more are dropped, and
// asked for again.
const maxLetters = 200

// letters are written after the answer to whoever asked for one, so that nobody
// can tell by the time whether there is somebody of that address. It owns one
// goroutine.
type letters struct {
	s     *Server
	asked chan letter
	ctx   context.Context
	gone  sync.WaitGroup
}

type letter struct {
	what  string
	write func(context.Context) error
}

func newLetters(ctx context.Context, s *Server) *letters {
	l := &letters{s: s, asked: make(chan letter, maxLetters), ctx: ctx}
	l.gone.Go(l.run)
	return l
}

// wait waits for the goroutine, which ends with the context.
func (l *letters) wait() { l.gone.Wait() }

func (l *letters) run() {
	for {
		select {
		case <-l.ctx.Done():
			return
		case one := <-l.asked:
			ctx, cancel := context.WithTimeout(l.ctx, time.Minute)
			err := one.write(ctx)
			cancel()
			if err != nil && !errors.Is(err, people.ErrNotFound) && l.ctx.Err() == nil {
				l.s.log.Error("mailing "+one.what, "err", err)
			}
		}
	}
}

// later has a letter written soon. What says which it is, for the log.
func (l *letters) later(what string, write func(context.Context) error) {
	select {
	case l.asked <- letter{what, write}:
	default:
		l.s.log.Warn("too many letters wait; one was dropped", "letter", what)
	}
}
