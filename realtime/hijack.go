package realtime

import (
	"bufio"
	"net"
	"net/http"
)

// Hijack implements [http.Hijacker].
func (j *hijacker) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, rw, err := http.NewResponseController(j.ResponseWriter).Hijack()
	if err != nil {
		return nil, nil, err
	}
	j.conn = &meteredConn{Conn: conn}
	return j.conn, rw, nil
}
