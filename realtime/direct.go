package realtime

import (
	"net"
	"syscall"
)

// direct writes to a connection what its system takes at once. It spares the
// socket's writer being woken for each message, which costs about as much as
// the message itself.
type direct struct {
	raw  syscall.RawConn
	data []byte
	n    int
	try  func(fd uintptr) bool
}

// newDirect answers nil for connections that are more than their socket, such
// as those of TLS.
func newDirect(conn net.Conn) *direct {
	var plain syscall.Conn
	switch c := conn.(type) {
	case *net.TCPConn:
		plain = c
	case *net.UnixConn:
		plain = c
	default:
		return nil
	}
	raw, err := plain.SyscallConn()
	if err != nil {
		return nil
	}
	d := &direct{raw: raw}
	d.try = func(fd uintptr) bool {
		d.n = writeAtOnce(fd, d.data)
		return true // whatever it took: nothing waits
	}
	return d
}

// write answers how many bytes were taken. Why it were not all, the socket's
// writer finds out.
func (d *direct) write(data []byte) int {
	d.data, d.n = data, 0
	if err := d.raw.Write(d.try); err != nil {
		d.n = 0
	}
	d.data = nil
	return d.n
}
