//go:build unix

package realtime

import "syscall"

func writeAtOnce(fd uintptr, data []byte) int {
	n, err := syscall.Write(int(fd), data)
	if err != nil {
		return 0
	}
	return n
}
