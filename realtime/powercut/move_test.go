package powercut_test

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dealwiki/realtime/load"
	"dealwiki/realtime/yjs"
	"dealwiki/wiki"
	"dealwiki/wiki/people"
	"dealwiki/wiki/repo"
)

// Pages that are moved and deleted while somebody types into them.
const (
	wanderer   = livePages
	moves      = 6
	movedWords = 8 // before the first move and after each
	vanisher   = livePages + 1
	goneWords  = 8
)

// stop is where the wanderer is after so many moves.
func stop(k int) wiki.Place {
	return wiki.Place{Section: wiki.Internal, Stage: []string{"pricing", "closing"}[k%2], Page: fmt.Sprintf("wanderer-%d", k)}
}

// insist types a word into a page that may move, and answers when it is
// acknowledged.
func insist(ctx context.Context, e *load.Editor, word string, address func() string) error {
	err := e.Edit(func(*yjs.Doc) []yjs.Edit { return []yjs.Edit{{Insert: word + "\n"}} })
	if err != nil {
		return err
	}
	for range 200 {
		if err := e.Settled(ctx); err != nil {
			return err
		}
		if e.Online() {
			return nil
		}
		if e.Connect(ctx, address(), nil) != nil {
			time.Sleep(5 * time.Millisecond) // it is on its way
		}
	}
	return fmt.Errorf("%s was never acknowledged", word)
}

// wander moves a page from place to place while somebody types into it:
//
//	moved PAGE COUNT       the page is where it is after so many moves
func wander(ctx context.Context, side *wiki.Side, caller people.Caller, address string, say func(string, ...any)) error {
	first, err := side.Edit(ctx, caller, wiki.Edit{Place: stop(0), Text: []byte("# Wanderer\n\nfirst\n")})
	if err != nil {
		return err
	}
	say("saved %d %s", wanderer, first.Version)
	var at atomic.Int64
	typed := make(chan error, 1)
	go func() {
		e := load.NewEditor(2000)
		defer e.Disconnect()
		for i := range (moves + 1) * movedWords {
			word := fmt.Sprintf("<%d-%d>", wanderer, i)
			err := insist(ctx, e, word, func() string { return address + stop(int(at.Load())).String() })
			if err != nil {
				typed <- err
				return
			}
			say("typed %d %s", wanderer, word)
			time.Sleep(15 * time.Millisecond)
		}
		typed <- nil
	}()
	for k := range moves {
		time.Sleep(100 * time.Millisecond)
		if _, err := side.Move(ctx, caller, stop(k), stop(k+1)); err != nil {
			return err
		}
		at.Store(int64(k + 1))
		say("moved %d %d", wanderer, k+1)
	}
	return <-typed
}

// vanish deletes a page while it is open:
//
//	gone PAGE -            the page is deleted
func vanish(ctx context.Context, side *wiki.Side, caller people.Caller, address string, say func(string, ...any)) error {
	first, err := side.Edit(ctx, caller, wiki.Edit{Place: place(vanisher), Text: []byte("# Vanisher\n\nfirst\n")})
	if err != nil {
		return err
	}
	say("saved %d %s", vanisher, first.Version)
	e := load.NewEditor(3000)
	defer e.Disconnect()
	for i := range goneWords {
		word := fmt.Sprintf("<%d-%d>", vanisher, i)
		if err := insist(ctx, e, word, func() string { return address + place(vanisher).String() }); err != nil {
			return err
		}
		say("typed %d %s", vanisher, word)
	}
	if err := side.DeletePage(ctx, caller, place(vanisher), repo.Zero); err != nil {
		return err
	}
	say("gone %d -", vanisher)
	return nil
}

// checkMoves looks for the pages that were moved and deleted.
func (s said) checkMoves(t *testing.T, side *wiki.Side) {
	ctx := t.Context()
	if len(s.saved[wanderer]) > 0 {
		at := stop(s.moved[wanderer])
		if _, err := side.Lookup(ctx, system, at); err != nil {
			// It was moved once more and could not say so.
			at, err = side.MovedTo(ctx, system, at)
			require.NoError(t, err)
			require.Equal(t, stop(s.moved[wanderer]+1), at)
		}
		page, err := side.Read(ctx, system, at)
		require.NoError(t, err)
		for _, word := range append(s.typed[wanderer], "first") {
			assert.Equal(t, 1, strings.Count(string(page.Text), word), "%s of the page that was moved %d times", word, s.moved[wanderer])
		}
		for k := range s.moved[wanderer] {
			_, err := side.Read(ctx, system, stop(k))
			assert.ErrorIs(t, err, wiki.ErrNotFound, "place %d", k)
		}
	}
	page, err := side.Read(ctx, system, place(vanisher))
	switch {
	case s.gone[vanisher]:
		assert.ErrorIs(t, err, wiki.ErrNotFound)
	case err == nil:
		for _, word := range append(s.typed[vanisher], "first") {
			assert.Equal(t, 1, strings.Count(string(page.Text), word), "%s of the page to be deleted", word)
		}
	case len(s.saved[vanisher]) > 0:
		// Deleted before it could say so, after all that was typed.
		assert.ErrorIs(t, err, wiki.ErrNotFound)
		assert.Len(t, s.typed[vanisher], goneWords)
	}
}
