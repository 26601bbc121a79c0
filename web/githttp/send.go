package githttp

import (
	"io"
	"net/http"
	"strings"

	"dealwiki/wiki/repo"
)

// send has git tell what there is, or answer a request for a pack.
func (d *Door) send(w http.ResponseWriter, r *http.Request, source *repo.Repo, advertise bool) error {
	in := io.Reader(http.NoBody)
	out := &flusher{w: w, c: http.NewResponseController(w)}
	if advertise {
		if err := writePacket(out, []byte("# service="+uploadPack+"\n")); err != nil {
			return err
		}
		if _, err := io.WriteString(out, flushPacket); err != nil {
			return err
		}
	} else {
		var err error
		if in, err = body(r, maxRequest); err != nil {
			return err
		}
	}
	if err := source.UploadPack(r.Context(), advertise, protocol(r), in, out); err != nil {
		if out.began {
			// The client sees that the answer is cut short.
			d.log.Debug("sending to git", "err", err)
			return nil
		}
		return err
	}
	return nil
}

// protocol is the version that the client would like, of those we know.
func protocol(r *http.Request) string {
	for part := range strings.SplitSeq(r.Header.Get("Git-Protocol"), ":") {
		if part == "version=1" || part == "version=2" {
			return part
		}
	}
	return ""
}

// flusher sends what git writes at once, so that its user sees progress.
type flusher struct {
	w     io.Writer
	c     *http.ResponseController
	began bool
}

func (f *flusher) Write(p []byte) (int, error) {
	f.began = true
	n, err := f.w.Write(p)
	if err == nil {
		_ = f.c.Flush() // what cannot be flushed is sent later
	}
	return n, err
}
