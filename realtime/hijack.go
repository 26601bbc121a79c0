package realtime

import (
	"bufio"
	"net"
	"net/http"
)

// hijacker hands out the connection so that what comes is counted.
type hijacker struct {
	http.ResponseWriter
	conn *meteredConn
}

var _ http.Hijacker = (*hijacker)(nil)

// Hijack implements [http.Hijacker].
func (j *hijacker) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, rw, err := http.NewResponseController(j.ResponseWriter).Hijack()
	if err != nil {
		return nil, nil, err
	}
	j.conn = &meteredConn{Conn: conn}
	return j.conn, rw, nil
}
