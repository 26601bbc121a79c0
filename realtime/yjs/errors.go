package yjs

import (
	"errors"
	"fmt"
)

// ErrRefused is wrapped by every error about what somebody sent. After it the
// document is as it was before, and nothing of the update may be passed on.
var ErrRefused = errors.New("update refused")

// The kinds of refusal. Each wraps [ErrRefused].
var (
	// ErrMalformed: the bytes are no update (or state vector) of format v1, or
	// an update that no Yjs client can make and that others would choke on.
	ErrMalformed = fmt.Errorf("%w: malformed", ErrRefused)
	// ErrForeign: a well-formed update with something else in it than plain
	// text of the root "content": formats, embeds, maps, nested types, another
	// root.
	ErrForeign = fmt.Errorf("%w: not plain text of root %q", ErrRefused, Root)
	// ErrTooLarge: the message, the text or the number of items is beyond
	// [Limits].
	ErrTooLarge = fmt.Errorf("%w: too large", ErrRefused)
	// ErrTooCostly: integrating the update takes more work than
	// [Limits.MaxWork], or more would wait for missing parts than
	// [Limits.MaxPending].
	ErrTooCostly = fmt.Errorf("%w: too costly", ErrRefused)
)

// ErrRange is wrapped by the errors about edits of this process that lie
// outside the text.
var ErrRange = errors.New("edit out of range")

func malformed(format string, args ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{ErrMalformed}, args...)...)
}

func foreign(format string, args ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{ErrForeign}, args...)...)
}
