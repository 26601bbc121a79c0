package repo

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"sync"
)

// The few system calls that durability rests on. A file's bytes are safe after
// Sync on the file; its name is safe after Sync on the folder that holds it.

// syncDir makes the names in a folder durable. Windows has no such call and
// keeps names with the file system's own journal.
func syncDir(dir string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	err = f.Sync()
	return errors.Join(err, f.Close())
}

// syncDirs does what syncDir does for several folders, at the same time: file
// systems with a journal then commit once for all of them.
func syncDirs(dirs []string) error {
	return together(len(dirs), func(i int) error { return syncDir(dirs[i]) })
}

// together runs f for 0 … n-1 side by side and waits for all.
func together(n int, f func(int) error) error {
	if n == 1 {
		return f(0)
	}
	errs := make([]error, n)
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() { errs[i] = f(i) })
	}
	wg.Wait()
	return errors.Join(errs...)
}

// writeDurable creates a file that did not exist, with synced content. The
// caller syncs the folder.
func writeDurable(path string, data []byte, mode os.FileMode) (err error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, mode)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = os.Remove(path)
		}
	}()
	if _, err = f.Write(data); err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

// mkdirDurable creates one folder, if it is not there, and makes its name safe.
func mkdirDurable(dir string) error {
	err := os.Mkdir(dir, 0o777)
	if errors.Is(err, os.ErrExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return syncDir(filepath.Dir(dir))
}
