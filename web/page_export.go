package web

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"

	"dealwiki/wiki"
	"dealwiki/wiki/people"
	"dealwiki/wiki/transfer"
)

// export answers a prospect, or one side of it, as a ZIP: markdown, attachments
// and a static site.
func (s *Server) export(w http.ResponseWriter, r *http.Request, c people.Caller) error {
	f, err := s.open(r, c)
	if err != nil {
		return err
	}
	zip, name, err := s.makeExport(r.Context(), c, f.slug(), wiki.Section(r.URL.Query().Get("section")))
	if err != nil {
		return err
	}
	defer zip.Close()
	s.serveExport(w, r, zip, name)
	return nil
}

// makeExport makes an export whole, in a file that is gone when it is closed,
// so that a download is never half of one.
func (s *Server) makeExport(ctx context.Context, c people.Caller, prospect string, section wiki.Section) (*os.File, string, error) {
	o := transfer.ExportOptions{Prospect: prospect}
	name := prospect
	switch section {
	case "":
	case wiki.Internal, wiki.External:
		o.Sections = []wiki.Section{section}
		name += "-" + string(section)
	default:
		return nil, "", badRequest("An export is of the section internal or external, or of both.")
	}
	file, err := os.CreateTemp("", "dealwiki-export-")
	if err != nil {
		return nil, "", fmt.Errorf("making an export: %w", err)
	}
	// The name goes at once; the bytes last as long as the file is open.
	if err := os.Remove(file.Name()); err != nil {
		file.Close()
		return nil, "", fmt.Errorf("making an export: %w", err)
	}
	if err := transfer.Export(ctx, s.wiki, c, file, o); err != nil {
		file.Close()
		return nil, "", err
	}
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		file.Close()
		return nil, "", fmt.Errorf("making an export: %w", err)
	}
	return file, name + ".zip", nil
}

func (s *Server) serveExport(w http.ResponseWriter, r *http.Request, zip *os.File, name string) {
	h := w.Header()
	h.Set("Content-Type", "application/zip")
	h.Set("Content-Disposition", contentDisposition("attachment", name))
	h.Set("Cache-Control", "no-store")
	http.ServeContent(w, r, "", s.now(), zip)
}
