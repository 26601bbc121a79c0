package journal

import "errors"

var (
	// ErrUnknown: there is no such document, or no known state of that version.
	ErrUnknown = errors.New("unknown to the journal")
	// ErrExists: there is a document of that name already.
	ErrExists = errors.New("document exists")
	// ErrClosed answers calls after [Journal.Close].
	ErrClosed = errors.New("journal is closed")
	// ErrDamaged: what the file holds cannot be read as what it should be.
	ErrDamaged = errors.New("journal is damaged")
)
