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
	_, err := r.Lookup(new)
	if err == nil && !r.store.has(new) {
		err = errMissing // only remembered: writing it has failed
	}
	if err != nil {
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

// setRef changes a reference at once.
func (r *Repo) setRef(ctx context.Context, name string, old, new Hash) error {
	l, err := r.lockRef(ctx, name, old, new)
	if err != nil {
		return err
	}
	defer l.drop()
	if err := l.sync(); err != nil {
		return err
	}
	return l.commit()
}

// refLock is a reference about to change. It is changed the way git does it, so
// that the two exclude each other: create NAME.lock or fail, compare, write,
// sync, rename over NAME, sync the folder. At every moment NAME holds the old or
// the new value, whole.
type refLock struct {
	disk disk
	name string
	path string
	file *os.File
}

// lockRef takes the lock, compares and writes. The caller calls drop in the end.
func (r *Repo) lockRef(ctx context.Context, name string, old, new Hash) (*refLock, error) {
	path := filepath.Join(r.dir, filepath.FromSlash(name))
	f, err := r.createLock(ctx, path+".lock")
	if err != nil {
		return nil, fmt.Errorf("locking %s: %w", name, err)
	}
	l := &refLock{disk: r.store.disk, name: name, path: path, file: f}
	current, err := r.ref(name)
	if err == nil && current != old {
		err = ErrConflict
	}
	if err == nil {
		_, err = f.WriteString(new.String() + "\n")
	}
	if err != nil {
		l.drop()
		return nil, fmt.Errorf("writing %s: %w", name, err)
	}
	return l, nil
}

// sync makes the new value safe; the reference still has its old one.
func (l *refLock) sync() error {
	if err := l.disk.sync(l.file); err != nil {
		return fmt.Errorf("syncing %s: %w", l.name, err)
	}
	return nil
}

// commit puts the new value in place and makes that safe.
func (l *refLock) commit() error {
	err := l.file.Close()
	if err == nil {
		err = l.disk.rename(l.file.Name(), l.path)
	}
	if err != nil {
		return fmt.Errorf("writing %s: %w", l.name, err)
	}
	l.file = nil
	if err := l.disk.syncDir(filepath.Dir(l.path)); err != nil {
		return fmt.Errorf("syncing %s: %w", l.name, err)
	}
	return nil
}

// drop gives the lock up, unless it was committed.
func (l *refLock) drop() {
	if l.file != nil {
		_ = l.file.Close() // it may be closed already
		_ = os.Remove(l.file.Name())
	}
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
