package search

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// checkRoot refuses an index whose list of segments has been cut short. It is
// a bbolt file, read through a memory map: touching a page that the file
// promises and does not have would end the process, so what it promises is
// compared with its size beforehand.
func checkRoot(dir string) error {
	f, err := os.Open(filepath.Join(dir, "store", "root.bolt"))
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	const (
		magic  = 0xED0CDAED
		header = 16 // bytes before a meta page's own
	)
	valid := false
	// One of the two first pages describes the file; which page size they
	// have they say themselves, the second at a place that depends on it.
	for _, at := range []int64{0, 4 << 10, 16 << 10, 64 << 10} {
		b := make([]byte, header+64)
		if _, err := f.ReadAt(b, at); err != nil {
			if errors.Is(err, io.EOF) {
				break
			}
			return err
		}
		b = b[header:]
		if binary.NativeEndian.Uint32(b) != magic {
			continue
		}
		size, pages := int64(binary.NativeEndian.Uint32(b[8:])), int64(binary.NativeEndian.Uint64(b[40:]))
		if size <= 0 || pages <= 0 || pages > info.Size()/size {
			return fmt.Errorf("%s is shorter than it says", filepath.Base(f.Name()))
		}
		valid = true
	}
	if !valid {
		return fmt.Errorf("%s is not what it should be", filepath.Base(f.Name()))
	}
	return nil
}
