package people

import (
	"errors"
	"fmt"
	"time"
)

var (
	// ErrNotFound: no such person, session, token, link or invitation, or one
	// that has expired, been used or been revoked.
	ErrNotFound = errors.New("not found")
	// ErrForbidden: the caller may not do this.
	ErrForbidden = errors.New("not allowed")
	// ErrExists: the address is taken, or the prospect is there already.
	ErrExists = errors.New("exists already")
	// ErrSignIn: address and password do not belong together. It is the same
	// for an unknown address, a wrong password and a disabled person.
	ErrSignIn = errors.New("this address and password do not match an account")
	// ErrClosed: the DB was closed.
	ErrClosed = errors.New("the accounts file is closed")
	// ErrLastAdmin: the change would leave no administrator who can sign in.
	ErrLastAdmin = errors.New("this is the last active administrator; make somebody else an administrator first")
)

// Invalid is a value that cannot be taken. Problem is a sentence for people that
// starts after the field's name: "must have 10 to 1024 bytes".
type Invalid struct {
	Field   string
	Problem string
}

func (e *Invalid) Error() string { return e.Field + " " + e.Problem }

func invalid(field, format string, args ...any) error {
	return &Invalid{Field: field, Problem: fmt.Sprintf(format, args...)}
}

// TooMany says that something was tried too often, and when to come again.
type TooMany struct {
	RetryAfter time.Duration
}

func (e *TooMany) Error() string {
	return fmt.Sprintf("too many attempts; try again in %s", e.RetryAfter.Round(time.Second))
}
