package wiki

import (
	"errors"

	"dealwiki/wiki/repo"
)

var (
	// ErrNotFound says that a thing is not there, or not for this caller: the
	// two cannot be told apart.
	ErrNotFound = errors.New("not found")
	// ErrExists says that the name is taken.
	ErrExists = errors.New("exists already")
	// ErrTooLarge says that a page or attachment is past its limit.
	ErrTooLarge = errors.New("too large")
	// ErrLocked says that another process works on the data folder.
	ErrLocked = errors.New("the data folder is in use")
)

// Invalid says which input was refused and what to do about it.
type Invalid struct {
	Field   string // what it is about, in the user's words
	Problem string // what is wrong, and what would be right
}

func (e *Invalid) Error() string { return e.Field + " " + e.Problem }

// Stale says that a page has moved on since the version an edit was made
// against, where the caller asked to be told instead of merged.
type Stale struct{ Current repo.Hash }

func (e *Stale) Error() string { return "the page has changed since that version" }
