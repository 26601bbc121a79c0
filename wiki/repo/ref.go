package repo

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

const mainRef = "refs/heads/main"

// ErrRef says that the file of main holds no commit name.
var ErrRef = errors.New("the reference of main is damaged")

// Head returns the commit main stands at, zero when there is none yet. It reads
// the file each time: git may have moved it.
func (r *Repo) Head() (Hash, error) { return r.ref(mainRef) }

func (r *Repo) ref(name string) (Hash, error) {
	data, err := os.ReadFile(filepath.Join(r.dir, filepath.FromSlash(name)))
	if err == nil {
		h, err := ParseHash(string(bytes.TrimSpace(data)))
		if err != nil {
			return Zero, fmt.Errorf("reading %s: %w", name, ErrRef)
		}
		return h, nil
	}
	if !errors.Is(err, os.ErrNotExist) {
		return Zero, fmt.Errorf("reading %s: %w", name, err)
	}
	// git writes packed-refs before it removes the file, so this order never
	// misses a reference.
	data, err = os.ReadFile(filepath.Join(r.dir, "packed-refs"))
	if errors.Is(err, os.ErrNotExist) {
		return Zero, nil
	}
	if err != nil {
		return Zero, fmt.Errorf("reading packed references: %w", err)
	}
	sc := bufio.NewScanner(bytes.NewReader(data))
	for sc.Scan() {
		if id, ok := strings.CutSuffix(sc.Text(), " "+name); ok {
			h, err := ParseHash(id)
			if err != nil {
				return Zero, fmt.Errorf("reading packed references: %w", ErrRef)
			}
			return h, nil
		}
	}
	return Zero, nil
}

// SetHead moves main from old to new, both may be zero only for "none yet". All
// objects written before are made durable first. When main is not at old it is
// ErrConflict, and nothing has changed.
func (r *Repo) SetHead(ctx context.Context, old, new Hash) error {
	if err := r.lock(ctx); err != nil {
		return err
	}
	defer r.unlock()
	if err := r.flush(); err != nil {
		return err
	}
	if _, err := r.Lookup(new); err != nil {
		return fmt.Errorf("moving main: %w", err)
	}
	return r.setRef(ctx, mainRef, old, new)
}

// lockPatience is how long another program's lock is waited for. A lock that has
// stood for staleLock is broken: git holds one for milliseconds, so whoever made
// it was killed, as a push may be that this process had let in.
const (
	lockPatience = 2 * time.Second
	staleLock    = 30 * time.Second
)

// setRef changes a reference the way git does, so that the two exclude each
// other: create NAME.lock or fail, compare, write, sync, rename over NAME, sync
// the folder. At every moment NAME holds the old or the new value, whole.
func (r *Repo) setRef(ctx context.Context, name string, old, new Hash) error {
	path := filepath.Join(r.dir, filepath.FromSlash(name))
	lock := path + ".lock"
	f, err := r.createLock(ctx, lock)
	if err != nil {
		return fmt.Errorf("locking %s: %w", name, err)
	}
	renamed := false
	defer func() {
		if !renamed {
			_ = os.Remove(lock)
		}
	}()
	current, err := r.ref(name)
	if err == nil && current != old {
		err = ErrConflict
	}
	if err == nil {
		_, err = f.WriteString(new.String() + "\n")
	}
	if err == nil {
		err = r.store.disk.sync(f)
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("writing %s: %w", name, err)
	}
	if err := r.store.disk.rename(lock, path); err != nil {
		return fmt.Errorf("writing %s: %w", name, err)
	}
	renamed = true
	if err := r.store.disk.syncDir(filepath.Dir(path)); err != nil {
		return fmt.Errorf("syncing %s: %w", name, err)
	}
	return nil
}

func (r *Repo) createLock(ctx context.Context, lock string) (*os.File, error) {
	wait := time.Millisecond
	deadline := time.Now().Add(lockPatience)
	for {
		f, err := os.OpenFile(lock, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
		if err == nil || !errors.Is(err, os.ErrExist) {
			return f, err
		}
		if st, err := os.Lstat(lock); err == nil && time.Since(st.ModTime()) > staleLock {
			r.log.Warn("removed the lock of a program that was killed", "file", lock)
			if err := os.Remove(lock); err != nil && !errors.Is(err, os.ErrNotExist) {
				return nil, err
			}
			continue
		}
		if time.Now().After(deadline) {
			return nil, ErrLocked
		}
		t := time.NewTimer(wait)
		select {
		case <-t.C:
		case <-ctx.Done():
			t.Stop()
			return nil, ctx.Err()
		}
		wait = min(2*wait, 50*time.Millisecond)
	}
}
