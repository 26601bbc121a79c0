package realtime

import (
	"context"

	"dealwiki/wiki"
	"dealwiki/wiki/people"
)

// A Visitor is somebody who opens a page, as the door that let them in knows
// them.
type Visitor struct {
	Caller people.Caller
	Side   *wiki.Side
	Place  wiki.Place
	Name   string // as others see it
	Color  string // of the cursor, "#rrggbb"
	Guest  bool
	Write  bool // may change the page
	// Epoch is the document that the browser's copy is of; HasEpoch is false for
	// clients that do not say.
	Epoch    string
	HasEpoch bool
	// Check says whether the visitor may still be here, and may write. It is
	// asked on every change of people and access and every few seconds. An error
	// that wraps [people.ErrNotFound] closes with [CodeSignedOut], any other
	// with [CodeNotFound]. Nil: never asked.
	Check func(context.Context) (write bool, err error)
}

// Presence is who has a page open.
type Presence struct {
	Person  string // id
	Name    string
	Color   string
	Guest   bool
	Place   wiki.Place
	Editing bool // in the editor, and may write
}
