package wiki

import (
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
)

// ErrPanic answers a round of work in the background that was given up.
var ErrPanic = errors.New("stopped by a defect of the program; the log has the details")

// Guard does one round of what follows commits in the background. A panic in it
// is logged with its stack and answered as [ErrPanic], so that a page which one
// follower cannot digest does not keep everybody from reading and writing.
func Guard(log *slog.Logger, what string, round func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			log.Error("a defect of the program; please report it", "in", what, "panic", p, "stack", string(debug.Stack()))
			err = fmt.Errorf("%s: %w", what, ErrPanic)
		}
	}()
	return round()
}
