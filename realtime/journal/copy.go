package journal

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// Copy writes a consistent copy of the whole file to path, which must not
// exist, while the journal is in use.
func (j *Journal) Copy(ctx context.Context, path string) error {
	select {
	case <-j.stop:
		return ErrClosed
	default:
	}
	return CopyFile(ctx, j.path, path)
}

// CopyFile writes a consistent copy of the journal at from to the path to,
// which must not exist, also while another process has it open. The error wraps
// [os.ErrNotExist] if there is no journal.
func CopyFile(ctx context.Context, from, to string) (err error) {
	fail := func(err error) error { return fmt.Errorf("copying the journal: %w", err) }
	if from, err = filepath.Abs(from); err != nil {
		return fail(err)
	}
	if _, err := os.Stat(from); err != nil {
		return fail(err)
	}
	f, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fail(err)
	}
	defer func() {
		if err != nil {
			_ = os.Remove(to)
		}
	}()
	if err := f.Close(); err != nil {
		return fail(err)
	}
	copier, err := sql.Open("sqlite", source(from))
	if err != nil {
		return fail(err)
	}
	_, err = copier.ExecContext(ctx, "VACUUM INTO ?", to)
	if err := errors.Join(err, copier.Close()); err != nil {
		return fail(err)
	}
	return nil
}
