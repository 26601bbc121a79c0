package repo

import (
	"errors"
	"os"
	"runtime"
	"sync"
)

// disk makes the few system calls that durability rests on. A file's bytes are
// safe after sync on the file; its name is safe after syncDir on the folder that
// holds it. So what is referred to is synced, with its name, before what refers
// to it gets its own name: objects, then main.
type disk struct {
	// seen is told of each call once it has succeeded; nil but in the test that
	// plays power loss.
	seen func(call, path, to string)
	// volatile answers whether nothing is synced now; nil: all is, always.
	volatile func() bool
}

func (d disk) loose() bool { return d.volatile != nil && d.volatile() }

func (d disk) tell(err error, call, path, to string) error {
	if err == nil && d.seen != nil {
		d.seen(call, path, to)
	}
	return err
}

func (d disk) sync(f *os.File) error {
	if d.loose() {
		return nil
	}
	return d.tell(f.Sync(), "sync", f.Name(), "")
}

func (d disk) rename(from, to string) error { return d.tell(os.Rename(from, to), "rename", from, to) }

// mkdir makes a folder if it is not there.
func (d disk) mkdir(dir string) error {
	if err := os.Mkdir(dir, 0o777); err != nil {
		if errors.Is(err, os.ErrExist) {
			return nil
		}
		return err
	}
	return d.tell(nil, "mkdir", dir, "")
}

// syncDir makes the names in a folder durable. Windows has no such call and
// keeps names with the file system's own journal.
func (d disk) syncDir(dir string) error {
	if runtime.GOOS == "windows" || d.loose() {
		return nil
	}
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	err = f.Sync()
	return d.tell(errors.Join(err, f.Close()), "syncdir", dir, "")
}

// syncDirs does what syncDir does for several folders, at the same time: file
// systems with a journal then commit once for all of them.
func (d disk) syncDirs(dirs []string) error {
	return together(len(dirs), func(i int) error { return d.syncDir(dirs[i]) })
}

// create makes a file that did not exist, with synced content. The caller syncs
// the folder.
func (d disk) create(path string, data []byte, mode os.FileMode) (err error) {
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
		err = d.sync(f)
	}
	return errors.Join(err, f.Close())
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
