package search

import (
	"context"
	"iter"
	"time"
)

// The names of the two sections.
const (
	Internal = "internal"
	External = "external"
)

// SideID names one side of a prospect.
type SideID struct {
	Prospect string // slug
	Section  string // Internal or External
}

// Source is what the indexes follow: the sides of all prospects. Its methods
// are called from one goroutine at a time.
type Source interface {
	// Sides gives every side there is.
	Sides(ctx context.Context) iter.Seq[Side]
	// Side returns one side; an error that wraps fs.ErrNotExist when it is
	// gone, and its entries are then removed.
	Side(ctx context.Context, id SideID) (Side, error)
	// Watch returns a channel that receives when some side may have moved: a
	// level trigger, of one slot and never blocking its sender.
	Watch() <-chan struct{}
	// Dirty returns the sides that have moved, changed access or title, or
	// come or gone since it was last called, each once.
	Dirty() []SideID
}

// Side is one repository at a moment.
type Side interface {
	ID() SideID
	// Head is the newest commit, "" before the first.
	Head() (string, error)
	// Changes lists the paths that differ between two commits; with from ""
	// every path at to. An error when from is not known any more; then the
	// side is read from the start.
	Changes(ctx context.Context, from, to string) ([]Change, error)
	// Read returns a file as it is at a commit.
	Read(ctx context.Context, at, path string) ([]byte, error)
	// Meta tells who wrote a file and when it changed last.
	Meta(ctx context.Context, path string) (Meta, error)
	// Title is the prospect's title.
	Title() string
	// Access lists the access tokens one of which a caller must have.
	Access() []string
}

// Change is a path that was written or deleted.
type Change struct {
	Path    string
	Deleted bool
}

// Meta is what the history knows of a file.
type Meta struct {
	Author  string   // handle of who changed it last
	Authors []string // handles of all who wrote it
	Updated time.Time
}
